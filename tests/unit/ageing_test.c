/* Personal data ages out; what is needed for tracing, or still to be told, stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/catalogue/ageing.h"
#include "tests/support/bench_bed.h"

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)

static int setup(void **state)
{
    struct bench_bed *bed = malloc(sizeof *bed);
    if (!bed) return -1;
    bed_open(bed);
    *state = bed;
    return 0;
}

static int teardown(void **state)
{
    bed_close(*state);
    free(*state);
    return 0;
}

static void save_second_order(struct bench_bed *bed)
{
    bed_open_order(bed, "WEB-2");
    bed_command(bed, "OK");
    bed_command(bed, "OK");
    bed_scan(bed, "BOX-S");
    bed_scan(bed, MUG);
    bed_scan(bed, MUG);
    bed_buy(bed);
    bed_print(bed);
    bed_verdict(bed, VERDICT_GO, "");
    bed_scan(bed, TRACKING_1);
    bed_sql(bed, "INSERT INTO label_document SELECT id, 'zpl', '', x'00' FROM shipment");
    bed_sql(bed, "INSERT INTO label SELECT id, 1, 0, '', x'00' FROM parcel");
    bed_settle(bed);
}

static size_t age(struct bench_bed *bed, int64_t days)
{
    size_t count = 0;
    int64_t before = hal_wall(bed->hal).ms + days * DAY_MS;
    assert_int_equal(catalogue_age(bed->store, before, 16, &count), ERR_OK);
    bed_settle(bed);
    return count;
}

static void ageing__forgets_the_person_and_keeps_the_facts(void **state)
{
    struct bench_bed *bed = *state;
    save_second_order(bed);
    bed_wait(bed, 2000);
    bed_sql(bed, "UPDATE message SET state = 5");
    bed_settle(bed);
    assert_int_equal(age(bed, 1), 2);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM consignment WHERE gift_message <> ''"),
                     0);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM label"), 0);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM label_document"), 0);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM dispatch_item"), 1);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM parcel WHERE tracking <> ''"), 1);
    assert_int_equal(age(bed, 1), 0);
}

static void ageing__leaves_what_is_young_undelivered_or_at_the_bench(void **state)
{
    struct bench_bed *bed = *state;
    save_second_order(bed);
    bed_wait(bed, 2000);
    bed_open_order(bed, "WEB-1");
    assert_int_equal(age(bed, -1), 0);
    assert_int_equal(age(bed, 1), 0);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM consignment WHERE gift_message <> ''"),
                     1);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM label"), 1);
}

static void ageing__forgets_again_what_is_read_again(void **state)
{
    struct bench_bed *bed = *state;
    assert_int_equal(age(bed, 1), 2);
    struct consignment_reading r = {.clarus_id = "2", .gift_message = "Happy birthday"};
    int64_t id;
    assert_int_equal(catalogue_put_consignment(bed->store, hal_wall(bed->hal), &r, &id), ERR_OK);
    bed_settle(bed);
    assert_int_equal(age(bed, 1), 1);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM consignment WHERE gift_message <> ''"),
                     0);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(ageing__forgets_the_person_and_keeps_the_facts),
        CASE(ageing__leaves_what_is_young_undelivered_or_at_the_bench),
        CASE(ageing__forgets_again_what_is_read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
