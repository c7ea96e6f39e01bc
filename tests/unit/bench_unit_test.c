/* Pallets and cartons with a number of their own: counted whole, once, and only while they are
 * here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/bench_bed.h"

#define GS     "\x1d"
#define PALLET "106141412345678908"
#define SCAN   "]C100" PALLET
/* The same with what is in it: so many mugs. */
#define SCAN_OF(count)                                                                             \
    SCAN "0205012345678900"                                                                        \
         "37" count

static struct bench_bed bed;

static int up(void **state)
{
    (void)state;
    bed_open(&bed);
    return 0;
}

static int down(void **state)
{
    (void)state;
    bed_close(&bed);
    return 0;
}

static int64_t packed(void)
{
    return bed_number(&bed, "SELECT coalesce(sum(quantity), 0) FROM parcel_item") / 1000;
}

static void refused(const char *headline)
{
    assert_int_equal(bed.view.face, FACE_REFUSED);
    assert_string_equal(bed.view.headline.key, headline);
    bed_command(&bed, "OK");
}

static void answer(err_t error, const struct unit_reading *u)
{
    bench_unit_known(bed.bench, bed.asked.unit_ticket, error, u);
    bed_settle(&bed);
}

static struct unit_reading holding(int64_t mugs, int64_t tees)
{
    struct unit_reading u = {.count = tees ? 2u : 1u};
    u.items[0].product_id =
        bed_number(&bed, "SELECT product_id FROM barcode WHERE code = '05012345678900'");
    u.items[0].quantity.milli = mugs * 1000;
    u.items[1].product_id = bed_number(&bed, "SELECT id FROM product WHERE code = '" TEE "'");
    u.items[1].quantity.milli = tees * 1000;
    return u;
}

static void unit__is_counted_whole_by_what_clarus_says(void **state)
{
    (void)state;
    bed_open_order(&bed, "WEB-1");
    const struct unit_reading u = holding(12, 1);
    bed_scan(&bed, SCAN);
    assert_string_equal(bed.asked.unit_code, PALLET);
    assert_int_equal(packed(), 0);
    answer(ERR_OK, &u);
    assert_int_equal(packed(), 13);
    bed_scan(&bed, MUG);
    bed_scan(&bed, MUG);
    assert_int_equal(packed(), 15);
}

static void unit__unknown_to_clarus_is_counted_by_its_label(void **state)
{
    (void)state;
    const struct unit_reading none = {.count = 0};
    bed_open_order(&bed, "WEB-1");
    bed_scan(&bed, SCAN);
    answer(ERR_NOTFOUND, &none);
    refused("bench.unit_unknown");
    bed_scan(&bed, SCAN_OF("12"));
    answer(ERR_NOTFOUND, &none);
    assert_int_equal(packed(), 12);
}

static void unit__number_and_content_in_two_codes_are_joined(void **state)
{
    (void)state;
    const struct unit_reading none = {.count = 0};
    bed_open_order(&bed, "WEB-1");
    bed_scan(&bed, "]C10205012345678900"
                   "3712");
    refused("bench.unit_number_missing");
    bed_scan(&bed, SCAN);
    answer(ERR_NOTFOUND, &none);
    assert_int_equal(packed(), 12);
    bed_command(&bed, "UNDO");
    bed_scan(&bed, SCAN);
    answer(ERR_NOTFOUND, &none);
    refused("bench.unit_unknown");
    bed_scan(&bed, "]C10205012345678900"
                   "3712");
    answer(ERR_NOTFOUND, &none);
    assert_int_equal(packed(), 12);
}

static void unit__half_a_label_is_forgotten_with_the_next_scan(void **state)
{
    (void)state;
    const struct unit_reading none = {.count = 0};
    bed_open_order(&bed, "WEB-1");
    bed_scan(&bed, "]C10205012345678900"
                   "3712");
    refused("bench.unit_number_missing");
    bed_scan(&bed, MUG);
    bed_scan(&bed, SCAN);
    answer(ERR_NOTFOUND, &none);
    refused("bench.unit_unknown");
    assert_int_equal(packed(), 1);
}

static void unit__counts_once_whatever_happens_in_between(void **state)
{
    (void)state;
    const struct unit_reading u = holding(5, 0);
    bed_open_order(&bed, "WEB-1");
    bed_scan(&bed, SCAN);
    answer(ERR_OK, &u);
    bed_scan(&bed, SCAN);
    refused("bench.unit_counted");
    assert_int_equal(bed.asked.units, 1);
    bed_restart(&bed);
    bed_scan(&bed, SCAN_OF("5"));
    refused("bench.unit_counted");
    assert_int_equal(packed(), 5);
}

static void unit__taken_out_again_may_be_counted_again(void **state)
{
    (void)state;
    const struct unit_reading u = holding(5, 0);
    bed_open_order(&bed, "WEB-1");
    bed_scan(&bed, SCAN);
    answer(ERR_OK, &u);
    bed_command(&bed, "UNDO");
    assert_int_equal(packed(), 0);
    bed_scan(&bed, SCAN);
    answer(ERR_OK, &u);
    assert_int_equal(packed(), 5);
    bed_command(&bed, "EMPTY-PARCEL");
    bed_scan(&bed, SCAN);
    answer(ERR_OK, &u);
    assert_int_equal(packed(), 5);
}

static void unit__that_has_left_is_refused(void **state)
{
    (void)state;
    const struct unit_reading gone = {.dispatched = true};
    bed_open_order(&bed, "WEB-1");
    bed_scan(&bed, SCAN_OF("12"));
    answer(ERR_OK, &gone);
    refused("bench.unit_dispatched");
    assert_int_equal(packed(), 0);
}

static void unit__nobody_can_tell_about_is_not_counted(void **state)
{
    (void)state;
    const struct unit_reading none = {.count = 0};
    bed_open_order(&bed, "WEB-1");
    bed_scan(&bed, SCAN_OF("12"));
    answer(ERR_GONE, &none);
    refused("bench.unit_unchecked");
    bed_scan(&bed, SCAN_OF("12"));
    bed_wait(&bed, 3000);
    refused("bench.unit_unchecked");
    const struct unit_reading late = holding(12, 0);
    answer(ERR_OK, &late);
    assert_int_equal(packed(), 0);
}

static void unit__of_another_order_or_too_big_moves_no_count(void **state)
{
    (void)state;
    struct unit_reading u = {.of_others = true};
    bed_open_order(&bed, "WEB-1");
    bed_scan(&bed, SCAN);
    answer(ERR_OK, &u);
    refused("bench.other_order");
    u = holding(15, 0);
    bed_scan(&bed, SCAN);
    answer(ERR_OK, &u);
    refused("bench.unit_too_many");
    u = holding(12, 2);
    bed_scan(&bed, SCAN);
    answer(ERR_OK, &u);
    refused("bench.unit_too_many");
    bed_scan(&bed, SCAN_OF("15"));
    answer(ERR_NOTFOUND, &(struct unit_reading){.count = 0});
    refused("bench.unit_too_many");
    assert_int_equal(packed(), 0);
    assert_int_equal(bed_number(&bed, "SELECT count(*) FROM unit_counted"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(unit__is_counted_whole_by_what_clarus_says, up, down),
        cmocka_unit_test_setup_teardown(unit__unknown_to_clarus_is_counted_by_its_label, up, down),
        cmocka_unit_test_setup_teardown(unit__number_and_content_in_two_codes_are_joined, up, down),
        cmocka_unit_test_setup_teardown(unit__half_a_label_is_forgotten_with_the_next_scan, up,
                                        down),
        cmocka_unit_test_setup_teardown(unit__counts_once_whatever_happens_in_between, up, down),
        cmocka_unit_test_setup_teardown(unit__taken_out_again_may_be_counted_again, up, down),
        cmocka_unit_test_setup_teardown(unit__that_has_left_is_refused, up, down),
        cmocka_unit_test_setup_teardown(unit__nobody_can_tell_about_is_not_counted, up, down),
        cmocka_unit_test_setup_teardown(unit__of_another_order_or_too_big_moves_no_count, up, down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
