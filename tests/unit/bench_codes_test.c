/* What the bench does with what a scan says: GS1 data, retail symbols, codes that are wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/bench_bed.h"

#define GS "\x1d"

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

static int64_t mugs_packed(void)
{
    return bed_number(&bed, "SELECT coalesce(sum(quantity), 0) FROM parcel_item") / 1000;
}

static void refused(const char *headline, const char *detail)
{
    assert_int_equal(bed.view.face, FACE_REFUSED);
    assert_string_equal(bed.view.headline.key, headline);
    if (detail) assert_string_equal(bed.view.detail.key, detail);
    bed_command(&bed, "OK");
}

static void codes__of_gs1_count_by_their_item_number(void **state)
{
    (void)state;
    bed_open_order(&bed, "WEB-1");
    bed_scan(&bed, "]C10105012345678900"
                   "10LOT7" GS "17271231");
    assert_int_equal(mugs_packed(), 1);
    bed_scan(&bed, "]d20115012345678907"
                   "21S1");
    assert_int_equal(mugs_packed(), 13);
    bed_scan(&bed, "]Q1https://id.gs1.org/01/05012345678900/10/LOT7");
    assert_int_equal(mugs_packed(), 14);
    assert_int_equal(bed.asked.products, 0);
}

static void codes__of_gs1_that_are_wrong_count_nothing(void **state)
{
    (void)state;
    bed_open_order(&bed, "WEB-1");
    bed_scan(&bed, "]C10105012345678901");
    refused("bench.code_wrong", "code.check_digit");
    bed_scan(&bed, "]C10105012345678900"
                   "17271331");
    refused("bench.code_wrong", "code.date");
    bed_scan(&bed, "]E05012345678901");
    refused("bench.code_wrong", "code.check_digit");
    bed_scan(&bed, "]I15012345678900");
    refused("bench.code_wrong", "code.wrong_digit_count");
    bed_scan(&bed, "]C110LOT7");
    refused("bench.code_without_item", NULL);
    assert_int_equal(mugs_packed(), 0);
    assert_int_equal(bed.asked.products, 0);
    assert_int_equal(bed.asked.finds, 0);
}

static void codes__of_gs1_unknown_here_are_asked_for_as_printed(void **state)
{
    (void)state;
    bed_open_order(&bed, "WEB-1");
    bed_scan(&bed, "]C10109521234543213"
                   "10LOT7");
    assert_int_equal(bed.asked.products, 1);
    assert_string_equal(bed.asked.product_code, "9521234543213");
    bed_sql(&bed, "INSERT INTO barcode (code, product_id, level, factor) SELECT '09521234543213', "
                  "product_id, 'unit', 1000 FROM barcode WHERE code = '05012345678900'");
    bench_product_known(bed.bench, bed.asked.product_ticket, ERR_OK);
    bed_settle(&bed);
    assert_int_equal(mugs_packed(), 1);
}

static void codes__of_upc_are_expanded(void **state)
{
    (void)state;
    bed_open_order(&bed, "WEB-1");
    bed_sql(&bed, "INSERT INTO barcode (code, product_id, level, factor) SELECT '00012345000065', "
                  "product_id, 'unit', 1000 FROM barcode WHERE code = '05012345678900'");
    bed_scan(&bed, "]E001234565");
    assert_int_equal(mugs_packed(), 1);
    bed_scan(&bed, "]E00012345000065");
    assert_int_equal(mugs_packed(), 2);
    bed_scan(&bed, "01234565");
    refused("bench.ambiguous_code", NULL);
    assert_int_equal(mugs_packed(), 2);
}

static void codes__of_totes_are_texts_whatever_they_look_like(void **state)
{
    (void)state;
    bed_sql(&bed,
            "UPDATE consignment SET shop_order = '0105012345678900' WHERE reference = 'WEB-2'");
    bed_scan(&bed, "]C00105012345678900");
    assert_int_equal(bed.asked.checks, 1);
    assert_int_equal(bed.asked.finds, 0);
}

/* Some carriers' tracking numbers are SSCCs of twenty digits. */
static void codes__of_a_saved_label_say_that_it_is_saved(void **state)
{
    (void)state;
    bed_open_order(&bed, "WEB-1");
    bed_scan(&bed, "BOX-S");
    bed_scan(&bed, MUG_CASE);
    bed_scan(&bed, MUG);
    bed_scan(&bed, MUG);
    bed_scan(&bed, TEE);
    bed_buy(&bed);
    bed_print(&bed);
    bed_verdict(&bed, VERDICT_GO, "");
    bed_scan(&bed, TRACKING_1);
    assert_int_equal(bed.view.face, FACE_SAVED);
    bed_sql(&bed, "UPDATE parcel SET tracking = '00106141412345678908'");
    bed_wait(&bed, 2000);
    assert_int_equal(bed.view.face, FACE_IDLE);
    bed_scan(&bed, "]C100106141412345678908");
    assert_int_equal(bed.view.face, FACE_SAVED);
    bed_wait(&bed, 2000);
    bed_scan(&bed, "00106141412345678908");
    assert_int_equal(bed.view.face, FACE_SAVED);
    assert_int_equal(bed.asked.finds, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(codes__of_gs1_count_by_their_item_number, up, down),
        cmocka_unit_test_setup_teardown(codes__of_gs1_that_are_wrong_count_nothing, up, down),
        cmocka_unit_test_setup_teardown(codes__of_gs1_unknown_here_are_asked_for_as_printed, up,
                                        down),
        cmocka_unit_test_setup_teardown(codes__of_upc_are_expanded, up, down),
        cmocka_unit_test_setup_teardown(codes__of_a_saved_label_say_that_it_is_saved, up, down),
        cmocka_unit_test_setup_teardown(codes__of_totes_are_texts_whatever_they_look_like, up,
                                        down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
