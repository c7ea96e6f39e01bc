/* Pick lists and batches: several orders from one scan, one after the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/bench_bed.h"

static int setup(void **state)
{
    struct bench_bed *bed = malloc(sizeof *bed);
    if (!bed) return -1;
    bed_open(bed);
    bed_sql(bed, "INSERT INTO carrying (code, consignment_id, kind) SELECT 'PL-1', id, "
                 "'pick_list' FROM consignment");
    bed_settle(bed);
    *state = bed;
    return 0;
}

static int teardown(void **state)
{
    bed_close(*state);
    free(*state);
    return 0;
}

#define BED(state) struct bench_bed *bed = *(state)

/* Both orders are one unit, of a mug and of a tee. */
static void make_batch(struct bench_bed *bed)
{
    bed_sql(bed, "DELETE FROM line WHERE clarus_line_id = '11'");
    bed_sql(bed, "UPDATE line SET ordered = 1000, allocated = 1000, picked = 1000");
    bed_sql(bed, "UPDATE consignment SET packing_note = '', gift_message = ''");
    bed_settle(bed);
}

static void opens(struct bench_bed *bed, const char *reference)
{
    assert_string_equal(bed->view.reference, reference);
    bed_verdict(bed, VERDICT_GO, "");
    bed_claimed(bed, ERR_OK);
}

static void list__presents_its_orders_whole_ones_first(void **state)
{
    BED(state);
    bed_sql(bed, "UPDATE line SET picked = 1000 WHERE clarus_line_id = '11'");
    bed_settle(bed);
    bed_scan(bed, "PL-1");
    assert_string_equal(bed->view.list, "PL-1");
    assert_int_equal(bed->view.list_left, 1);
    opens(bed, "WEB-2");
    bed_command(bed, "PARK");
    opens(bed, "WEB-1");
    assert_int_equal(bed->view.list_left, 0);
    bed_command(bed, "PARK");
    assert_int_equal(bed->view.face, FACE_IDLE);
    assert_string_equal(bed->view.notice.key, "bench.list_done");
    assert_string_equal(bed->view.list, "");
}

static void list__next_order_opens_when_one_is_saved(void **state)
{
    BED(state);
    bed_scan(bed, "PL-1");
    opens(bed, "WEB-1");
    bed_scan(bed, "BOX-S");
    bed_scan(bed, MUG_CASE);
    bed_scan(bed, MUG);
    bed_scan(bed, MUG);
    bed_scan(bed, TEE);
    bed_buy(bed);
    bed_print(bed);
    bed_verdict(bed, VERDICT_GO, "");
    bed_scan(bed, TRACKING_1);
    assert_int_equal(bed->view.face, FACE_SAVED);
    bed_wait(bed, 1000);
    opens(bed, "WEB-2");
}

static void list__is_taken_up_after_a_restart(void **state)
{
    BED(state);
    bed_scan(bed, "PL-1");
    opens(bed, "WEB-1");
    bed_scan(bed, MUG);
    bed_restart(bed);
    assert_string_equal(bed->view.reference, "WEB-1");
    assert_string_equal(bed->view.list, "PL-1");
    bed_command(bed, "PARK");
    opens(bed, "WEB-2");
}

static void list__cancel_leaves_it_and_keeps_the_order(void **state)
{
    BED(state);
    bed_scan(bed, "PL-1");
    opens(bed, "WEB-1");
    bed_command(bed, "CANCEL");
    assert_string_equal(bed->view.reference, "WEB-1");
    bed_command(bed, "PARK");
    assert_int_equal(bed->view.face, FACE_IDLE);
    assert_string_equal(bed->view.reference, "");
}

static void list__refused_order_is_acknowledged_before_the_next(void **state)
{
    BED(state);
    bed_scan(bed, "PL-1");
    bed_verdict(bed, VERDICT_STOP, "order.cancelled");
    assert_int_equal(bed->view.face, FACE_STOP);
    bed_command(bed, "CONFIRM");
    opens(bed, "WEB-2");
}

static void list__same_reference_twice_is_still_refused(void **state)
{
    BED(state);
    bed_sql(bed, "UPDATE consignment SET reference = 'WEB-9'");
    bed_settle(bed);
    bed_scan(bed, "WEB-9");
    assert_string_equal(bed->view.headline.key, "bench.ambiguous_reference");
}

static void batch__item_opens_its_order_and_counts(void **state)
{
    BED(state);
    make_batch(bed);
    bed_scan(bed, "PL-1");
    assert_string_equal(bed->view.headline.key, "bench.batch");
    assert_int_equal(bed->asked.checks, 0);
    bed_scan(bed, TEE);
    opens(bed, "WEB-1");
    assert_int_equal(bed->view.units_packed.milli, 1000);
    bed_scan(bed, "BOX-S");
    bed_buy(bed);
    bed_print(bed);
    bed_verdict(bed, VERDICT_GO, "");
    bed_scan(bed, TRACKING_1);
    bed_wait(bed, 1000);
    assert_string_equal(bed->view.headline.key, "bench.batch");
    bed_scan(bed, TEE);
    assert_string_equal(bed->view.headline.key, "bench.batch_none");
    bed_command(bed, "OK");
    bed_scan(bed, MUG);
    opens(bed, "WEB-2");
    assert_int_equal(bed->view.units_packed.milli, 1000);
}

static void batch__unknown_code_does_not_end_it(void **state)
{
    BED(state);
    make_batch(bed);
    bed_scan(bed, "PL-1");
    bed_scan(bed, "NO-SUCH-THING");
    bench_found(bed->bench, bed->asked.find_ticket, ERR_NOTFOUND, 0);
    bed_settle(bed);
    assert_string_equal(bed->view.headline.key, "bench.not_found");
    bed_command(bed, "OK");
    assert_string_equal(bed->view.headline.key, "bench.batch");
    assert_int_equal(bed->view.list_left, 2);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(list__presents_its_orders_whole_ones_first),
        CASE(list__next_order_opens_when_one_is_saved),
        CASE(list__is_taken_up_after_a_restart),
        CASE(list__cancel_leaves_it_and_keeps_the_order),
        CASE(list__refused_order_is_acknowledged_before_the_next),
        CASE(list__same_reference_twice_is_still_refused),
        CASE(batch__item_opens_its_order_and_counts),
        CASE(batch__unknown_code_does_not_end_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
