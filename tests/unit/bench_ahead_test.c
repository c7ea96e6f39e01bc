/* A label bought while items are scanned: at hand with the last one, never before, void when
 * anything is different. */
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
    struct config_site *site = &bed->config.site;
    slice_copy_cut(SLICE("DPD"), site->carriers[0].carrier_code, ID_CAP);
    site->carriers[0].label_ahead = true;
    site->carrier_count = 1;
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

static void open_and_count_one(struct bench_bed *bed)
{
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, "BOX-S");
    assert_int_equal(bed->asked.checks, 1);
    bed_scan(bed, MUG_CASE);
}

static void label_arrives(struct bench_bed *bed)
{
    bed_sql(bed, "UPDATE parcel SET tracking = '" TRACKING_1 "'");
    bed_sql(bed, "UPDATE shipment SET state = 4, service_bought = 'Next Day' WHERE id = (SELECT "
                 "max(id) FROM shipment)");
    bench_label(bed->bench, bed->asked.shipment, BENCH_LABEL_READY, "");
    bed_settle(bed);
}

static void buy_ahead(struct bench_bed *bed)
{
    open_and_count_one(bed);
    bed_verdict(bed, VERDICT_GO, "");
    assert_int_equal(bed->asked.buys, 1);
    label_arrives(bed);
}

static void count_rest(struct bench_bed *bed)
{
    bed_scan(bed, MUG);
    bed_scan(bed, MUG);
    bed_scan(bed, TEE);
}

static void ahead__prints_with_the_last_scan_and_not_before(void **state)
{
    BED(state);
    buy_ahead(bed);
    assert_int_equal(bed->view.face, FACE_PACKING);
    bed_scan(bed, MUG);
    bed_scan(bed, MUG);
    assert_int_equal(bed->asked.prints, 0);
    unsigned checks = bed->asked.checks;
    bed_scan(bed, TEE);
    assert_int_equal(bed->asked.prints, 1);
    assert_int_equal(bed->asked.checks, checks);
    assert_int_equal(bed->asked.buys, 1);
    bed_print(bed);
    bed_verdict(bed, VERDICT_GO, "");
    bed_scan(bed, TRACKING_1);
    assert_int_equal(bed->view.face, FACE_SAVED);
}

static void ahead__is_bought_only_after_the_state_was_asked(void **state)
{
    BED(state);
    open_and_count_one(bed);
    assert_int_equal(bed->asked.checks, 2);
    assert_int_equal(bed->asked.check_why, BENCH_CHECK_LABEL);
    assert_int_equal(bed->asked.buys, 0);
    bed_verdict(bed, VERDICT_UNKNOWN, "state.unknown");
    bed_scan(bed, MUG);
    assert_int_equal(bed->asked.checks, 2); /* not asked again and again */
    assert_int_equal(bed->asked.buys, 0);
}

static void ahead__waits_for_the_box_and_the_carriers_setting(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, MUG_CASE);
    assert_int_equal(bed->asked.checks, 1);
    bed->config.site.carriers[0].label_ahead = false;
    bed_scan(bed, "BOX-S");
    bed_scan(bed, MUG);
    assert_int_equal(bed->asked.checks, 1);
}

static void ahead__second_box_voids_it(void **state)
{
    BED(state);
    buy_ahead(bed);
    bed_command(bed, "NEXT-PARCEL");
    assert_int_equal(bed->asked.cancels, 1);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM parcel WHERE tracking <> ''"), 0);
    bed_scan(bed, "BOX-S");
    count_rest(bed);
    assert_int_equal(bed->asked.prints, 0);
    assert_int_equal(bed->asked.buys, 1);
}

static void ahead__another_box_a_short_line_a_part_and_parking_void_it(void **state)
{
    BED(state);
    static const char *const ends[] = {"CLOSE-PARCEL", "SHORT", "PARK", NULL};
    for (size_t i = 0; i < 4; i++) {
        bed_sql(bed, "UPDATE shipment SET state = 7");
        bed_settle(bed);
        unsigned cancels = bed->asked.cancels;
        bed_open_order(bed, "WEB-1");
        bed_scan(bed, "BOX-S");
        if (bed->view.units_packed.milli == 0) bed_scan(bed, MUG_CASE);
        bed_verdict(bed, VERDICT_GO, "");
        label_arrives(bed);
        if (ends[i])
            bed_command(bed, ends[i]);
        else
            bed_scan(bed, "BAG-1");
        if (ends[i] && strcmp(ends[i], "SHORT") == 0) bed_command(bed, "SHORT-MISSING");
        assert_int_equal(bed->asked.cancels, cancels + 1);
        assert_int_equal(bed->asked.prints, 0);
        if (bed->view.face != FACE_IDLE) bed_command(bed, "PARK");
        bed_sql(bed, "UPDATE parcel SET state = 5");
        bed_settle(bed);
    }
}

static void ahead__stop_voids_it(void **state)
{
    BED(state);
    buy_ahead(bed);
    bed_wait(bed, 21000);
    bed_scan(bed, MUG);
    assert_int_equal(bed->asked.check_why, BENCH_CHECK_LABEL); /* asked again before the end */
    bed_verdict(bed, VERDICT_STOP, "order.cancelled");
    assert_int_equal(bed->view.face, FACE_STOP);
    assert_int_equal(bed->asked.cancels, 1);
    assert_int_equal(bed->asked.prints, 0);
}

static void ahead__refusal_is_said_when_the_box_closes(void **state)
{
    BED(state);
    open_and_count_one(bed);
    bed_verdict(bed, VERDICT_GO, "");
    bench_label(bed->bench, bed->asked.shipment, BENCH_LABEL_REFUSED, "bad postcode");
    bed_settle(bed);
    assert_int_equal(bed->view.face, FACE_PACKING);
    count_rest(bed);
    bed_verdict(bed, VERDICT_GO, "");
    assert_int_equal(bed->asked.buys, 2);
    bench_label(bed->bench, bed->asked.shipment, BENCH_LABEL_REFUSED, "bad postcode");
    bed_settle(bed);
    assert_int_equal(bed->view.face, FACE_STOP);
}

static void ahead__restart_packs_on_and_prints_nothing(void **state)
{
    BED(state);
    buy_ahead(bed);
    bed_restart(bed);
    assert_int_equal(bed->view.face, FACE_PACKING);
    assert_int_equal(bed->asked.prints, 0);
    assert_int_equal(bed->view.units_packed.milli, 12000);
    count_rest(bed);
    bed_verdict(bed, VERDICT_GO, "");
    assert_int_equal(bed->asked.buys, 1); /* the same shipment: what was bought is fetched */
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM shipment"), 1);
}

static void ahead__late_label_is_waited_for_as_ever(void **state)
{
    BED(state);
    open_and_count_one(bed);
    bed_verdict(bed, VERDICT_GO, "");
    count_rest(bed);
    assert_int_equal(bed->view.face, FACE_WAITING);
    bed_verdict(bed, VERDICT_GO, "");
    label_arrives(bed);
    assert_int_equal(bed->asked.prints, 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(ahead__prints_with_the_last_scan_and_not_before),
        CASE(ahead__is_bought_only_after_the_state_was_asked),
        CASE(ahead__waits_for_the_box_and_the_carriers_setting),
        CASE(ahead__second_box_voids_it),
        CASE(ahead__another_box_a_short_line_a_part_and_parking_void_it),
        CASE(ahead__stop_voids_it),
        CASE(ahead__refusal_is_said_when_the_box_closes),
        CASE(ahead__restart_packs_on_and_prints_nothing),
        CASE(ahead__late_label_is_waited_for_as_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
