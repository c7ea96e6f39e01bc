/* What the goods need: a weight that fits, a carrier for dangerous ones, data for customs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/bench_bed.h"

static struct config_product *product(struct bench_bed *bed, const char *sku)
{
    struct config_site *site = &bed->config.site;
    struct config_product *p = &site->products[site->product_count++];
    slice_copy_cut(slice_text(sku), p->sku, sizeof p->sku);
    return p;
}

static int setup(void **state)
{
    struct bench_bed *bed = malloc(sizeof *bed);
    if (!bed) return -1;
    bed_open(bed);
    bed->config.site.packing =
        (struct config_packing){.weigh = true, .weight_percent = 5, .weight_g = 30};
    product(bed, "MUG-1")->weight_g = 300;
    product(bed, TEE)->weight_g = 150;
    bed_sql(bed, "UPDATE packaging SET weight_g = 200 WHERE code = 'BOX-S'");
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

static void assert_says(const struct bench_bed *bed, const char *key)
{
    assert_string_equal(bed->view.headline.key, key);
}

/* 14 mugs and a tee in a small box: 4,550 g. */
static void pack_first_order(struct bench_bed *bed)
{
    bed->scale.state = SCALE_MOVING;
    bed_scan(bed, "^B:ANNA");
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, "BOX-S");
    bed_scan(bed, MUG_CASE);
    bed_scan(bed, MUG);
    bed_scan(bed, MUG);
    bed_scan(bed, TEE);
}

static bool is_labelling(const struct bench_bed *bed)
{
    return bed->asked.check_why == BENCH_CHECK_LABEL;
}

static void weight__that_fits_goes_on_by_itself(void **state)
{
    BED(state);
    pack_first_order(bed);
    assert_says(bed, "bench.weigh");
    assert_false(is_labelling(bed));
    bed_scale(bed, SCALE_MOVING, 4000);
    assert_false(is_labelling(bed));
    bed_scale(bed, SCALE_STABLE, 4570);
    assert_true(is_labelling(bed));
    assert_int_equal(bed_number(bed, "SELECT weight_g FROM parcel"), 4570);
    assert_int_equal(bed_number(bed, "SELECT expected_g FROM weighing WHERE verdict = 'fits'"),
                     4550);
}

static void weight__counts_as_different_beyond_both_limits(void **state)
{
    BED(state);
    pack_first_order(bed);
    bed_scale(bed, SCALE_STABLE, 4550 + 227); /* under five per cent */
    assert_true(is_labelling(bed));
}

static void weight__difference_blocks_until_it_fits_or_is_answered_for(void **state)
{
    BED(state);
    pack_first_order(bed);
    bed_scale(bed, SCALE_STABLE, 4250);
    assert_says(bed, "bench.weight_differs");
    assert_string_equal(bed->view.headline.arg[0], "4250");
    assert_string_equal(bed->view.headline.arg[1], "4550");
    assert_false(is_labelling(bed));
    bed_command(bed, "CONFIRM");
    assert_says(bed, "bench.weigh");
    bed_scale(bed, SCALE_STABLE, 4250); /* the same box again: said once */
    assert_false(bed->view.blocking);
    bed_command(bed, "WEIGHT-OK");
    assert_true(is_labelling(bed));
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM exception WHERE open = 1 AND rule = "
                                     "'weight.overridden' AND owner = 'lead'"),
                     1);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM weighing WHERE verdict = 'overridden' "
                                     "AND who = 'ANNA'"),
                     1);
}

static void weight__nobody_overrides_without_a_badge(void **state)
{
    BED(state);
    pack_first_order(bed);
    bed_scale(bed, SCALE_STABLE, 4250);
    bed_command(bed, "OK");
    bed_sql(bed, "UPDATE bench SET packer = ''");
    bed_settle(bed);
    bed_restart(bed);
    bed_scale(bed, SCALE_STABLE, 4250);
    bed_command(bed, "OK");
    bed_command(bed, "WEIGHT-OK");
    assert_says(bed, "bench.command_not_now");
    assert_false(is_labelling(bed));
}

static void weight__is_never_that_of_the_box_before(void **state)
{
    BED(state);
    bed->scale.state = SCALE_MOVING;
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, "BOX-S");
    bed_scan(bed, MUG_CASE);
    bed_command(bed, "NEXT-PARCEL");
    bed_scale(bed, SCALE_STABLE, 3800);
    assert_int_equal(bed->view.parcel_count, 2);
    bed_scan(bed, "BOX-S");
    bed_scan(bed, MUG);
    bed_scan(bed, MUG);
    bed_scan(bed, TEE);
    assert_says(bed, "bench.scale_used");
    bed_scale(bed, SCALE_STABLE, 3801);
    assert_false(is_labelling(bed));
    bed_scale(bed, SCALE_STABLE, 0);
    bed_scale(bed, SCALE_STABLE, 950);
    assert_true(is_labelling(bed));
    assert_int_equal(bed_number(bed, "SELECT weight_g FROM parcel WHERE number = 1"), 3800);
    assert_int_equal(bed_number(bed, "SELECT weight_g FROM parcel WHERE number = 2"), 950);
}

static void weight__unknown_weight_is_said_and_not_compared(void **state)
{
    BED(state);
    bed->config.site.products[1].weight_g = 0;
    pack_first_order(bed);
    bed_scale(bed, SCALE_STABLE, 9000);
    assert_true(is_labelling(bed));
    assert_string_equal(bed->view.notice.key, "bench.weight_unknown");
    assert_string_equal(bed->view.notice.arg[0], TEE);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM weighing"), 0);
}

static void weight__absent_scale_does_not_stop_the_bench(void **state)
{
    BED(state);
    bed->scale.state = SCALE_ABSENT;
    bed_open_order(bed, "WEB-2");
    bed_command(bed, "OK");
    bed_command(bed, "OK");
    bed_scan(bed, "BOX-S");
    bed_scan(bed, MUG);
    bed_scan(bed, MUG);
    bed_command(bed, "CONFIRM");
    assert_true(is_labelling(bed));
    assert_string_equal(bed->view.notice.key, "bench.no_scale");
}

static void weight__is_taken_again_after_a_restart_or_a_change(void **state)
{
    BED(state);
    pack_first_order(bed);
    bed_command(bed, "UNDO");
    bed_scan(bed, TEE);
    assert_says(bed, "bench.weigh");
    bed_restart(bed);
    assert_says(bed, "bench.weigh");
    bed_scale(bed, SCALE_STABLE, 4550);
    assert_true(is_labelling(bed));
}

static void danger__needs_a_carrier_that_takes_it(void **state)
{
    BED(state);
    slice_copy_cut(SLICE("UN3481"), bed->config.site.products[1].dangerous, 24);
    bed_scan(bed, "WEB-1");
    bed_verdict(bed, VERDICT_GO, "");
    assert_says(bed, "bench.hold");
    assert_int_equal(bed->asked.claims, 0);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM exception WHERE open = 1 AND rule = "
                                     "'order.dangerous_goods' AND text LIKE '%UN3481%'"),
                     1);
}

static void danger__is_acknowledged_where_it_may_go(void **state)
{
    BED(state);
    struct config_site *site = &bed->config.site;
    slice_copy_cut(SLICE("UN3481"), site->products[1].dangerous, 24);
    site->carriers[0].dangerous_goods = true;
    slice_copy_cut(SLICE("DPD"), site->carriers[0].carrier_code, ID_CAP);
    site->carrier_count = 1;
    bed_open_order(bed, "WEB-1");
    assert_says(bed, "bench.note_danger");
    assert_string_equal(bed->view.note, "UN3481");
    bed_command(bed, "CONFIRM");
    assert_int_equal(bed->view.face, FACE_PACKING);
}

static void customs__data_is_missed_at_open(void **state)
{
    BED(state);
    struct config_site *site = &bed->config.site;
    slice_copy_cut(SLICE("GB"), site->country, sizeof site->country);
    bed_sql(bed, "UPDATE consignment SET recipient = '{\"country_code\":\"NO\"}'");
    bed_scan(bed, "WEB-1");
    bed_verdict(bed, VERDICT_GO, "");
    assert_says(bed, "bench.hold");
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM exception WHERE open = 1 AND rule = "
                                     "'order.customs_data' AND owner = 'product-data'"),
                     1);
    bed_command(bed, "OK");
    for (size_t i = 0; i < 2; i++) {
        slice_copy_cut(SLICE("691110"), site->products[i].hs_code, 16);
        slice_copy_cut(SLICE("CN"), site->products[i].origin, 4);
    }
    bed_open_order(bed, "WEB-1");
    assert_int_equal(bed->view.face, FACE_PACKING);
}

static void customs__rule_may_only_observe(void **state)
{
    BED(state);
    struct config_site *site = &bed->config.site;
    slice_copy_cut(SLICE("GB"), site->country, sizeof site->country);
    site->rules[0].mode = CONFIG_MODE_OBSERVE;
    slice_copy_cut(SLICE("order.customs_data"), site->rules[0].rule, RULE_CAP);
    site->rule_count = 1;
    bed_sql(bed, "UPDATE consignment SET recipient = '{\"country_code\":\"NO\"}'");
    bed_open_order(bed, "WEB-1");
    assert_int_equal(bed->view.face, FACE_PACKING);
    assert_true(bed_number(bed, "SELECT count(*) FROM story WHERE event = 'rule.observed'") > 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(weight__that_fits_goes_on_by_itself),
        CASE(weight__counts_as_different_beyond_both_limits),
        CASE(weight__difference_blocks_until_it_fits_or_is_answered_for),
        CASE(weight__nobody_overrides_without_a_badge),
        CASE(weight__is_never_that_of_the_box_before),
        CASE(weight__unknown_weight_is_said_and_not_compared),
        CASE(weight__absent_scale_does_not_stop_the_bench),
        CASE(weight__is_taken_again_after_a_restart_or_a_change),
        CASE(danger__needs_a_carrier_that_takes_it),
        CASE(danger__is_acknowledged_where_it_may_go),
        CASE(customs__data_is_missed_at_open),
        CASE(customs__rule_may_only_observe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
