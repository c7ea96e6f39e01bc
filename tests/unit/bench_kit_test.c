/* A kit is verified by its parts and counts when it is whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/bench_bed.h"

static void part(struct bench_bed *bed, const char *sku, uint32_t quantity)
{
    struct config_kit *k = &bed->config.site.kits[bed->config.site.kit_count++];
    slice_copy_cut(SLICE(TEE), k->sku, sizeof k->sku);
    slice_copy_cut(slice_text(sku), k->part, sizeof k->part);
    k->quantity = quantity;
}

/* The tee of WEB-1 is a kit of two pens and a mug. */
static int setup(void **state)
{
    struct bench_bed *bed = malloc(sizeof *bed);
    if (!bed) return -1;
    bed_open(bed);
    part(bed, "PEN", 2);
    part(bed, "MUG-1", 1);
    bed_sql(bed, "UPDATE line SET ordered = 1000, picked = 1000 WHERE clarus_line_id = '11'");
    bed_settle(bed);
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, "BOX-S");
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
#define PEN        STRANGER

static int64_t packed(const struct bench_bed *bed)
{
    return bed->view.units_packed.milli / 1000;
}

static void kit__counts_when_all_its_parts_are_there(void **state)
{
    BED(state);
    bed_scan(bed, MUG); /* the line of its own comes first */
    assert_int_equal(packed(bed), 1);
    bed_scan(bed, PEN);
    bed_scan(bed, PEN);
    assert_int_equal(packed(bed), 1);
    assert_string_equal(bed->view.next_step.key, "bench.kit_left");
    assert_string_equal(bed->view.next_step.arg[0], "1 x MUG-1");
    bed_scan(bed, MUG);
    assert_int_equal(bed->asked.check_why, BENCH_CHECK_LABEL);
    assert_int_equal(bed_number(bed, "SELECT quantity FROM parcel_item WHERE line_id = (SELECT id "
                                     "FROM line WHERE clarus_line_id = '12')"),
                     1000);
}

static void kit__part_too_many_and_the_kit_itself_are_refused(void **state)
{
    BED(state);
    bed_scan(bed, PEN);
    bed_scan(bed, PEN);
    bed_scan(bed, PEN);
    assert_string_equal(bed->view.headline.key, "bench.wrong_item");
    bed_command(bed, "OK");
    bed_scan(bed, TEE);
    assert_string_equal(bed->view.headline.key, "bench.kit_itself");
    assert_int_equal(packed(bed), 0);
}

static void kit__parts_survive_a_restart_and_undo(void **state)
{
    BED(state);
    bed_scan(bed, MUG);
    bed_scan(bed, PEN);
    bed_restart(bed);
    bed_scan(bed, PEN);
    bed_command(bed, "UNDO");
    bed_scan(bed, MUG);
    assert_int_equal(packed(bed), 1);
    bed_scan(bed, PEN);
    assert_int_equal(packed(bed), 2);
}

static void kit__box_with_half_a_kit_does_not_close(void **state)
{
    BED(state);
    bed_scan(bed, MUG);
    bed_scan(bed, PEN);
    bed_command(bed, "CLOSE-PARCEL");
    assert_string_equal(bed->view.headline.key, "bench.kit_loose");
    bed_command(bed, "OK");
    bed_command(bed, "UNDO");
    bed_command(bed, "CLOSE-PARCEL");
    assert_int_equal(bed->asked.check_why, BENCH_CHECK_LABEL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(kit__counts_when_all_its_parts_are_there),
        CASE(kit__part_too_many_and_the_kit_itself_are_refused),
        CASE(kit__parts_survive_a_restart_and_undo),
        CASE(kit__box_with_half_a_kit_does_not_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
