/* The session between orders: set aside, taken up again, interrupted, answered late. */
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

static void assert_says(const struct bench_bed *bed, const char *key)
{
    assert_string_equal(bed->view.headline.key, key);
}

static int64_t exceptions(struct bench_bed *bed)
{
    return bed_number(bed, "SELECT count(*) FROM exception WHERE open = 1");
}

/* WEB-1 verified into one small box. */
static void pack_first_order(struct bench_bed *bed)
{
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, "BOX-S");
    bed_scan(bed, MUG_CASE);
    bed_scan(bed, MUG);
    bed_scan(bed, MUG);
    bed_scan(bed, TEE);
}

static void label_first_order(struct bench_bed *bed)
{
    pack_first_order(bed);
    bed_buy(bed);
    bed_print(bed);
}

static void save_first_order(struct bench_bed *bed)
{
    label_first_order(bed);
    bed_verdict(bed, VERDICT_GO, "");
    bed_scan(bed, TRACKING_1);
    assert_int_equal(bed->view.face, FACE_SAVED);
}

static void news(struct bench_bed *bed, enum bench_label_news what)
{
    bench_label(bed->bench, bed->asked.shipment, what, "bad postcode");
    bed_settle(bed);
}

static void session__unknown_command_does_not_lift_a_stop(void **state)
{
    BED(state);
    label_first_order(bed);
    bed_verdict(bed, VERDICT_STOP, "order.cancelled");
    bed_command(bed, "NO-SUCH");
    assert_int_equal(bed->view.face, FACE_STOP);
    bed_command(bed, "OK");
    assert_int_equal(bed->view.face, FACE_IDLE);
}

static void session__saved_order_is_not_opened_again(void **state)
{
    BED(state);
    save_first_order(bed);
    unsigned checks = bed->asked.checks;
    bed_scan(bed, "WEB-1");
    assert_says(bed, "bench.already_sent");
    assert_int_equal(bed->asked.checks, checks);
    bed_command(bed, "OK");
    assert_int_equal(bed_number(bed, "SELECT state FROM consignment WHERE reference = 'WEB-1'"),
                     CONSIGNMENT_SAVED);
}

static void session__label_that_saved_is_answered_again_and_saves_once(void **state)
{
    BED(state);
    save_first_order(bed);
    bed_scan(bed, TRACKING_1);
    assert_int_equal(bed->view.face, FACE_SAVED);
    bed_restart(bed);
    bed_scan(bed, TRACKING_1);
    assert_int_equal(bed->view.face, FACE_SAVED);
    assert_int_equal(bed->asked.finds, 0);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM dispatch"), 1);
}

static void session__rest_that_is_not_picked_is_not_opened(void **state)
{
    BED(state);
    bed_sql(bed, "UPDATE line SET picked = 0");
    bed_open_order(bed, "WEB-1");
    assert_says(bed, "bench.not_ready");
    bed_command(bed, "OK");
    assert_int_equal(bed->asked.releases, 1);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM parcel"), 0);
}

static void session__restart_while_opening_checks_and_claims_again(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, MUG);
    bed_command(bed, "PARK");
    bed_scan(bed, "WEB-1");
    bed_restart(bed);
    assert_int_equal(bed->asked.checks, 1);
    assert_int_equal(bed->view.face, FACE_WAITING);
    bed_verdict(bed, VERDICT_GO, "");
    assert_int_equal(bed->asked.claims, 1);
    bed_claimed(bed, ERR_OK);
    assert_int_equal(bed->view.units_packed.milli, 1000);
}

static void session__restart_says_what_it_took_up_again(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, MUG_CASE);
    bed_restart(bed);
    assert_string_equal(bed->view.notice.key, "bench.restored");
    assert_string_equal(bed->view.notice.arg[0], "WEB-1");
    assert_string_equal(bed->view.notice.arg[1], "12");
    bed_scan(bed, MUG);
    assert_string_equal(bed->view.notice.key, "");
}

/* Meant for "not confirmed", which the restart took from the screen. */
static void session__confirm_after_a_restart_closes_no_part(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, MUG);
    bench_not_confirmed(bed->bench);
    bed_restart(bed);
    bed_command(bed, "CONFIRM");
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM parcel WHERE state > 0"), 0);
    assert_int_equal(bed->asked.buys, 0);
    bed_command(bed, "OK");
    bed_scan(bed, MUG);
    assert_int_equal(bed->view.units_packed.milli, 2000);
}

static void session__restart_goes_on_under_a_refusal(void **state)
{
    BED(state);
    pack_first_order(bed);
    bed_command(bed, "NO-SUCH");
    bed_restart(bed);
    assert_int_equal(bed->asked.check_why, BENCH_CHECK_LABEL);
    assert_int_equal(bed->asked.checks, 1);
    assert_true(bed->view.blocking);
    bed_command(bed, "OK");
    bed_buy(bed);
}

static void session__too_many_lines_do_not_keep_the_station_from_starting(void **state)
{
    BED(state);
    bed_sql(bed, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 201) "
                 "INSERT INTO line (consignment_id, clarus_line_id, position, sku, ordered) "
                 "SELECT 1, 'x' || i, i, 'X', 1000 FROM n");
    bed_scan(bed, "WEB-1");
    assert_says(bed, "bench.hold");
    bed_restart(bed);
    bed_open_order(bed, "WEB-2");
    assert_int_equal(bed->view.face, FACE_ATTENTION);
}

static void session__stopped_order_is_not_opened_by_a_young_state(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_sql(bed, "UPDATE consignment SET checked_at = 1773216000000");
    bed_command(bed, "CLOSE-PARCEL");
    bed_command(bed, "OK");
    bed_scan(bed, "BOX-S");
    bed_scan(bed, TEE);
    bed_command(bed, "CLOSE-PARCEL");
    bed_verdict(bed, VERDICT_STOP, "order.cancelled");
    bed_command(bed, "OK");
    bed_scan(bed, "WEB-1");
    bed_verdict(bed, VERDICT_UNKNOWN, "state.unknown");
    assert_says(bed, "bench.state_unknown");
}

static void session__claim_under_way_is_given_back_when_the_order_is_parked(void **state)
{
    BED(state);
    bed_scan(bed, "WEB-1");
    bed_verdict(bed, VERDICT_GO, "");
    bed_command(bed, "PARK");
    assert_int_equal(bed->asked.releases, 1);
    bed_claimed(bed, ERR_OK);
    assert_int_equal(bed->view.face, FACE_IDLE);
}

static void session__order_in_use_is_not_given_back(void **state)
{
    BED(state);
    bed_scan(bed, "WEB-1");
    bed_verdict(bed, VERDICT_GO, "");
    bed_claimed(bed, ERR_REFUSED);
    bed_wait(bed, 60000);
    assert_says(bed, "bench.in_use");
    bed_command(bed, "OK");
    assert_int_equal(bed->asked.releases, 0);
}

static void session__refused_label_of_an_order_put_aside_is_an_exception(void **state)
{
    BED(state);
    pack_first_order(bed);
    bed_verdict(bed, VERDICT_GO, "");
    bed_wait(bed, LABEL_WAIT_MS);
    assert_int_equal(exceptions(bed), 1); /* parked */
    bed_command(bed, "OK");
    news(bed, BENCH_LABEL_REFUSED);
    assert_int_equal(bed->view.face, FACE_IDLE);
    assert_int_equal(
        bed_number(
            bed, "SELECT count(*) FROM exception WHERE open = 1 AND rule = 'clarus.submit_refused' "
                 "AND object = 'order WEB-1'"),
        1);
    news(bed, BENCH_LABEL_READY);
    assert_int_equal(exceptions(bed), 1);
}

static void session__label_comes_while_a_refusal_is_shown_and_is_printed(void **state)
{
    BED(state);
    pack_first_order(bed);
    bed_verdict(bed, VERDICT_GO, "");
    bed_command(bed, "CLOSE-PARCEL");
    assert_true(bed->view.blocking);
    news(bed, BENCH_LABEL_READY);
    assert_int_equal(bed->asked.prints, 1);
    bed_command(bed, "OK");
    assert_int_equal(bed->view.face, FACE_LABEL);
}

static void session__network_that_goes_while_packing_does_not_stop_the_packer(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, "BOX-S");
    news(bed, BENCH_LABEL_OFFLINE);
    assert_int_equal(bed->view.face, FACE_PACKING);
    assert_int_equal(bed->asked.tags, 0);
}

static void session__new_label_waits_until_the_old_one_is_void(void **state)
{
    BED(state);
    label_first_order(bed);
    int64_t old = bed->asked.shipment;
    bed_command(bed, "VOID");
    bed_verdict(bed, VERDICT_GO, "");
    assert_int_equal(bed->asked.buys, 1);
    bed_sql(bed, "UPDATE shipment SET state = 8");
    bench_voided(bed->bench, old, ERR_REFUSED, "collected");
    bed_settle(bed);
    assert_says(bed, "bench.void_refused");
    assert_int_equal(bed->asked.buys, 1);
}

static void session__print_answer_of_a_voided_label_is_not_taken_for_the_new_one(void **state)
{
    BED(state);
    pack_first_order(bed);
    bed_buy(bed);
    int64_t old = bed->asked.shipment;
    bed_command(bed, "VOID"); /* still in the printer */
    bed_sql(bed, "UPDATE shipment SET state = 7");
    bed_verdict(bed, VERDICT_GO, "");
    assert_int_not_equal(bed->asked.shipment, old);
    bed->print_answer = ERR_BUSY;
    news(bed, BENCH_LABEL_READY);
    bed_print(bed);
    assert_int_equal(bed_number(bed, "SELECT state FROM parcel"), PARCEL_LABELLED);
    bed->print_answer = ERR_OK;
    bench_printer_ready(bed->bench);
    bed_settle(bed);
    assert_int_equal(bed->asked.prints, 2);
}

static void session__label_that_waited_for_the_printer_is_checked_before_it_prints(void **state)
{
    BED(state);
    pack_first_order(bed);
    bed->print_answer = ERR_GONE;
    bed_buy(bed);
    bed_wait(bed, INT64_C(10) * 60000);
    bed->print_answer = ERR_OK;
    unsigned checks = bed->asked.checks;
    bench_printer_ready(bed->bench);
    bed_settle(bed);
    assert_int_equal(bed->asked.prints, 0);
    assert_int_equal(bed->asked.checks, checks + 1);
    bed_verdict(bed, VERDICT_GO, "");
    assert_int_equal(bed->asked.prints, 1);
}

static void session__barcode_of_two_accounts_counts_for_the_product_ordered(void **state)
{
    BED(state);
    bed_sql(bed, "INSERT INTO barcode (code, product_id, level, factor) SELECT '0' || '" MUG
                 "', id, 'unit', 1000 FROM product WHERE code = 'PEN'");
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, MUG);
    assert_int_equal(bed->view.units_packed.milli, 1000);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(session__unknown_command_does_not_lift_a_stop),
        CASE(session__saved_order_is_not_opened_again),
        CASE(session__label_that_saved_is_answered_again_and_saves_once),
        CASE(session__rest_that_is_not_picked_is_not_opened),
        CASE(session__restart_while_opening_checks_and_claims_again),
        CASE(session__restart_says_what_it_took_up_again),
        CASE(session__confirm_after_a_restart_closes_no_part),
        CASE(session__restart_goes_on_under_a_refusal),
        CASE(session__too_many_lines_do_not_keep_the_station_from_starting),
        CASE(session__stopped_order_is_not_opened_by_a_young_state),
        CASE(session__claim_under_way_is_given_back_when_the_order_is_parked),
        CASE(session__order_in_use_is_not_given_back),
        CASE(session__refused_label_of_an_order_put_aside_is_an_exception),
        CASE(session__label_comes_while_a_refusal_is_shown_and_is_printed),
        CASE(session__network_that_goes_while_packing_does_not_stop_the_packer),
        CASE(session__new_label_waits_until_the_old_one_is_void),
        CASE(session__print_answer_of_a_voided_label_is_not_taken_for_the_new_one),
        CASE(session__label_that_waited_for_the_printer_is_checked_before_it_prints),
        CASE(session__barcode_of_two_accounts_counts_for_the_product_ordered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
