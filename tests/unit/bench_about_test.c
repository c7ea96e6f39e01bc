/* What the packer sees of an order beside the count: packs, what is missing, whose it is, what else
 * belongs to it, and how long there is. */
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

static void about__largest_pack_that_fits_is_named(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    assert_string_equal(bed->view.lines[0].pick_level, "case");
    assert_int_equal(bed->view.lines[0].pick_factor.milli, 12000);
    assert_string_equal(bed->view.lines[1].pick_level, "unit");
    bed_command(bed, "PARK");
    bed_open_order(bed, "WEB-2");
    assert_string_equal(bed->view.lines[0].pick_level, "unit"); /* two fill no case */
}

static void about__short_since_picking_is_said_at_open(void **state)
{
    BED(state);
    bed_sql(bed, "UPDATE line SET picked = 13000 WHERE clarus_line_id = '11'");
    bed_open_order(bed, "WEB-1");
    assert_string_equal(bed->view.notice.key, "bench.short_known");
    assert_string_equal(bed->view.notice.arg[0], "1");
    assert_int_equal(bed->view.lines[0].missing.milli, 1000);
    assert_int_equal(bed->view.lines[1].missing.milli, 0);
}

static void about__recipient_is_shown_with_its_source(void **state)
{
    BED(state);
    bed_sql(bed, "UPDATE consignment SET recipient = '{\"name\":\"Anna\",\"address_1\":\" \","
                 "\"postcode\":\"YO1 7HH\",\"country_code\":\"GB\"}', recipient_source = 'clarus'");
    bed_open_order(bed, "WEB-1");
    assert_string_equal(bed->view.recipient, "Anna, YO1 7HH, GB");
    assert_string_equal(bed->view.recipient_source, "clarus");
    bed_command(bed, "PARK");
    assert_string_equal(bed->view.recipient, "");
}

static void about__siblings_of_the_shop_order_are_named_with_their_state(void **state)
{
    BED(state);
    bed_sql(bed, "UPDATE consignment SET shop_order = '10427'");
    bed_sql(bed, "UPDATE consignment SET state = 10 WHERE reference = 'WEB-2'");
    bed_open_order(bed, "WEB-1");
    assert_int_equal(bed->view.sibling_count, 1);
    assert_string_equal(bed->view.siblings[0].reference, "WEB-2");
    assert_string_equal(bed->view.siblings[0].state, "sent");
}

static void about__collection_is_the_next_one_of_the_carrier(void **state)
{
    BED(state);
    struct config_site *site = &bed->config.site;
    wall_t now = hal_wall(bed->hal);
    site->carrier_count = 1;
    slice_copy_cut(SLICE("DPD"), site->carriers[0].carrier_code,
                   sizeof site->carriers[0].carrier_code);
    slice_copy_cut(SLICE("18:30"), site->carriers[0].cut_off, sizeof site->carriers[0].cut_off);
    bed_open_order(bed, "WEB-1");
    assert_true(bed->view.cut_off > now.ms);
    assert_true(bed->view.cut_off <= now.ms + INT64_C(86400000));
    assert_int_equal(bed->view.cut_off % 86400000, INT64_C(66600000));
    assert_int_equal(bed->view.first_at, bed_number(bed, "SELECT first_at FROM consignment"));
    assert_true(bed->view.first_at > 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(about__largest_pack_that_fits_is_named),
        CASE(about__short_since_picking_is_said_at_open),
        CASE(about__recipient_is_shown_with_its_source),
        CASE(about__siblings_of_the_shop_order_are_named_with_their_state),
        CASE(about__collection_is_the_next_one_of_the_carrier),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
