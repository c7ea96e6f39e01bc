/* Lot, serial and expiry where a product asks for them. */
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

static struct config_product *asks(struct bench_bed *bed, const char *sku)
{
    struct config_site *site = &bed->config.site;
    struct config_product *p = &site->products[site->product_count++];
    slice_copy_cut(slice_text(sku), p->sku, sizeof p->sku);
    return p;
}

static void assert_says(const struct bench_bed *bed, const char *key)
{
    assert_string_equal(bed->view.headline.key, key);
}

static int64_t packed(const struct bench_bed *bed)
{
    return bed->view.units_packed.milli / 1000;
}

static int64_t traces(struct bench_bed *bed)
{
    return bed_number(bed, "SELECT count(*) FROM parcel_trace");
}

static void scan_gs1(struct bench_bed *bed, const char *text)
{
    struct scan scan = {.text = slice_text(text), .aim = "]C1"};
    bench_scan(bed->bench, "scanner", &scan);
    bed_settle(bed);
}

static void trace__item_counts_when_its_lot_is_scanned(void **state)
{
    BED(state);
    asks(bed, "MUG-1")->lot = true;
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, MUG);
    assert_says(bed, "bench.want_lot");
    assert_int_equal(bed->view.face, FACE_ATTENTION);
    assert_int_equal(packed(bed), 0);
    bed_scan(bed, "0042");
    assert_int_equal(packed(bed), 1);
    assert_int_equal(
        bed_number(bed, "SELECT count(*) FROM parcel_trace WHERE lot = '0042' AND serial = ''"), 1);
    bed_scan(bed, TEE); /* asks for nothing */
    assert_int_equal(packed(bed), 2);
    assert_int_equal(traces(bed), 1);
}

static void trace__one_gs1_code_says_it_all(void **state)
{
    BED(state);
    struct config_product *p = asks(bed, "MUG-1");
    p->lot = p->serial = p->expiry = true;
    bed_open_order(bed, "WEB-1");
    scan_gs1(bed, "0105012345678900"
                  "17501231"
                  "10AB7\x1D"
                  "21S-1");
    assert_int_equal(packed(bed), 1);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM parcel_trace WHERE lot = 'AB7' AND "
                                     "serial = 'S-1' AND expiry = '501231'"),
                     1);
}

static void trace__what_a_code_lacks_is_asked_for_in_turn(void **state)
{
    BED(state);
    struct config_product *p = asks(bed, "MUG-1");
    p->lot = p->serial = p->expiry = true;
    bed_open_order(bed, "WEB-1");
    scan_gs1(bed, "0105012345678900"
                  "10AB7");
    assert_says(bed, "bench.want_serial");
    bed_scan(bed, "S-1");
    assert_says(bed, "bench.want_expiry");
    bed_scan(bed, "2050-12-31");
    assert_int_equal(packed(bed), 1);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM parcel_trace WHERE expiry = '501231'"),
                     1);
}

static void trace__serial_counts_once_in_an_order_and_ever(void **state)
{
    BED(state);
    asks(bed, "MUG-1")->serial = true;
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, MUG);
    bed_scan(bed, "S-1");
    bed_scan(bed, MUG);
    bed_scan(bed, "S-1");
    assert_says(bed, "bench.serial_used");
    assert_int_equal(packed(bed), 1);
    bed_command(bed, "OK");
    bed_command(bed, "UNDO");
    assert_int_equal(traces(bed), 0);
    bed_scan(bed, MUG);
    bed_scan(bed, "S-1");
    assert_int_equal(packed(bed), 1);
}

static void trace__case_cannot_carry_one_serial(void **state)
{
    BED(state);
    asks(bed, "MUG-1")->serial = true;
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, MUG_CASE);
    assert_says(bed, "bench.serial_each");
    bed_command(bed, "OK");
    bed_command(bed, "QTY2");
    bed_scan(bed, MUG);
    assert_says(bed, "bench.serial_each");
    assert_int_equal(packed(bed), 0);
}

static void trace__date_that_is_past_or_too_near_is_refused(void **state)
{
    BED(state);
    struct config_product *p = asks(bed, "MUG-1");
    p->expiry = true;
    p->min_life_days = 20000;
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, MUG);
    bed_scan(bed, "20-01-01");
    assert_says(bed, "bench.expired");
    bed_command(bed, "OK");
    bed_scan(bed, MUG);
    bed_scan(bed, "501231");
    assert_says(bed, "bench.expiry_near");
    bed_command(bed, "OK");
    bed_scan(bed, MUG);
    bed_scan(bed, "991332");
    assert_says(bed, "bench.expiry_no_date");
    assert_int_equal(packed(bed), 0);
}

static void trace__another_item_is_no_lot(void **state)
{
    BED(state);
    asks(bed, "MUG-1")->lot = true;
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, MUG);
    bed_scan(bed, TEE);
    assert_says(bed, "bench.trace_first");
    assert_int_equal(packed(bed), 0);
    bed_command(bed, "OK");
    assert_int_equal(bed->view.face, FACE_PACKING);
}

static void trace__cancel_leaves_the_item_uncounted(void **state)
{
    BED(state);
    asks(bed, "MUG-1")->lot = true;
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, MUG);
    bed_command(bed, "CANCEL");
    assert_int_equal(bed->view.face, FACE_PACKING);
    bed_scan(bed, TEE);
    assert_int_equal(packed(bed), 1);
    assert_int_equal(traces(bed), 0);
}

static void trace__half_captured_item_is_forgotten_by_a_restart(void **state)
{
    BED(state);
    asks(bed, "MUG-1")->lot = true;
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, MUG);
    bed_restart(bed);
    assert_int_equal(bed->view.face, FACE_PACKING);
    assert_int_equal(packed(bed), 0);
}

static void trace__goes_into_the_dispatch_by_lot(void **state)
{
    BED(state);
    asks(bed, "MUG-1")->lot = true;
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, "BOX-S");
    bed_scan(bed, MUG_CASE);
    bed_scan(bed, "LOT-A");
    bed_restart(bed);
    bed_scan(bed, MUG);
    bed_scan(bed, "LOT-B");
    bed_scan(bed, MUG);
    bed_scan(bed, "LOT-B");
    bed_scan(bed, TEE);
    bed_buy(bed);
    bed_print(bed);
    bed_verdict(bed, VERDICT_GO, "");
    bed_scan(bed, TRACKING_1);
    assert_int_equal(bed->view.face, FACE_SAVED);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM dispatch_item"), 3);
    assert_int_equal(bed_number(bed, "SELECT quantity FROM dispatch_item WHERE lot = 'LOT-A'"),
                     12000);
    assert_int_equal(bed_number(bed, "SELECT quantity FROM dispatch_item WHERE lot = 'LOT-B'"),
                     2000);
    assert_int_equal(bed_number(bed, "SELECT sum(quantity) FROM dispatch_item"), 15000);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(trace__item_counts_when_its_lot_is_scanned),
        CASE(trace__one_gs1_code_says_it_all),
        CASE(trace__what_a_code_lacks_is_asked_for_in_turn),
        CASE(trace__serial_counts_once_in_an_order_and_ever),
        CASE(trace__case_cannot_carry_one_serial),
        CASE(trace__date_that_is_past_or_too_near_is_refused),
        CASE(trace__another_item_is_no_lot),
        CASE(trace__cancel_leaves_the_item_uncounted),
        CASE(trace__half_captured_item_is_forgotten_by_a_restart),
        CASE(trace__goes_into_the_dispatch_by_lot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
