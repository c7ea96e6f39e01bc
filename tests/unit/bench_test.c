/* The packer's session: counts that no refusal moves, labels on their own boxes, one act of
 * dispatch. */
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

static void assert_says(const struct say *s, const char *key)
{
    assert_string_equal(s->key, key);
}

static int64_t packed(struct bench_bed *bed)
{
    return bed->view.units_packed.milli / 1000;
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

static void bench__packs_cases_and_eaches_and_saves_one_dispatch(void **state)
{
    BED(state);
    pack_first_order(bed);
    assert_int_equal(bed->asked.prepares, 1);
    assert_int_equal(bed->asked.check_why, BENCH_CHECK_LABEL);
    bed_buy(bed);
    assert_int_equal(bed->view.face, FACE_LABEL);
    bed_print(bed);
    assert_int_equal(bed->asked.check_why, BENCH_CHECK_SAVE);
    bed_verdict(bed, VERDICT_GO, "");
    bed_scan(bed, TRACKING_1);
    assert_int_equal(bed->view.face, FACE_SAVED);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM dispatch"), 1);
    assert_int_equal(bed_number(bed, "SELECT sum(quantity) FROM dispatch_item"), 15000);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM message"), 2);
    bed_wait(bed, 1000);
    assert_int_equal(bed->view.face, FACE_IDLE);
    assert_string_equal(bed->view.last_reference, "WEB-1");
}

static void bench__wrong_item_blocks_until_acknowledged_and_moves_no_count(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, MUG);
    bed_scan(bed, STRANGER);
    assert_int_equal(bed->view.face, FACE_REFUSED);
    assert_true(bed->view.blocking);
    assert_says(&bed->view.headline, "bench.wrong_item");
    assert_says(&bed->view.detail, "bench.expected");
    bed_scan(bed, MUG);
    assert_int_equal(packed(bed), 1);
    assert_true(bed->view.blocking);
    bed_command(bed, "OK");
    bed_scan(bed, MUG);
    assert_int_equal(packed(bed), 2);
}

static void bench__surplus_unit_is_cleared_by_the_next_right_scan(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, TEE);
    bed_scan(bed, TEE);
    assert_says(&bed->view.headline, "bench.surplus");
    assert_false(bed->view.blocking);
    bed_scan(bed, MUG);
    assert_int_equal(bed->view.face, FACE_PACKING);
    assert_int_equal(packed(bed), 2);
}

static void bench__case_that_would_overshoot_is_refused(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, MUG_CASE);
    bed_scan(bed, MUG_CASE);
    assert_says(&bed->view.headline, "bench.too_many");
    assert_int_equal(packed(bed), 12);
}

static void bench__unknown_code_is_asked_for_once_then_refused(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, "NO-SUCH-THING");
    assert_int_equal(bed->asked.products, 1);
    bench_product_known(bed->bench, bed->asked.product_ticket, ERR_NOTFOUND);
    bed_settle(bed);
    assert_says(&bed->view.headline, "bench.unknown_code");
    assert_int_equal(bed->asked.products, 1);
}

static void bench__unknown_reference_waits_for_clarus_then_refuses(void **state)
{
    BED(state);
    bed_scan(bed, "TOTE-99");
    assert_int_equal(bed->asked.finds, 1);
    assert_int_equal(bed->view.face, FACE_WAITING);
    bed_wait(bed, CHECK_WAIT_MS);
    assert_says(&bed->view.headline, "bench.not_known_offline");
}

static void bench__notes_and_gift_message_are_each_acknowledged(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-2");
    assert_int_equal(bed->view.face, FACE_ATTENTION);
    assert_string_equal(bed->view.note, "wrap twice");
    bed_scan(bed, MUG);
    assert_int_equal(packed(bed), 0);
    bed_command(bed, "OK");
    assert_string_equal(bed->view.note, "Happy birthday");
    bed_command(bed, "OK");
    assert_int_equal(bed->view.face, FACE_PACKING);
}

static void bench__cancelled_order_stops_at_open(void **state)
{
    BED(state);
    bed_scan(bed, "WEB-1");
    bed_verdict(bed, VERDICT_STOP, "order.cancelled");
    assert_int_equal(bed->view.face, FACE_STOP);
    assert_int_equal(bed->asked.claims, 0);
    assert_int_equal(bed->alarms, 1);
    assert_int_equal(
        bed_number(bed,
                   "SELECT count(*) FROM exception WHERE open = 1 AND rule = 'order.cancelled'"),
        1);
    bed_command(bed, "OK");
    assert_int_equal(bed->view.face, FACE_IDLE);
}

static void bench__stop_after_the_label_voids_it(void **state)
{
    BED(state);
    pack_first_order(bed);
    bed_buy(bed);
    bed_print(bed);
    bed_verdict(bed, VERDICT_STOP, "order.cancelled");
    assert_int_equal(bed->view.face, FACE_STOP);
    assert_int_equal(bed->asked.cancels, 1);
    bed_scan(bed, TRACKING_1);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM dispatch"), 0);
}

static void bench__edited_order_is_packed_again_from_nothing(void **state)
{
    BED(state);
    pack_first_order(bed);
    bed_verdict(bed, VERDICT_CHANGED, "order.changed");
    assert_int_equal(bed->view.face, FACE_STOP);
    bed_command(bed, "OK");
    bed_verdict(bed, VERDICT_GO, "");
    bed_claimed(bed, ERR_OK);
    assert_int_equal(bed->view.face, FACE_PACKING);
    assert_int_equal(packed(bed), 0);
}

static void bench__order_in_use_elsewhere_can_be_taken_over(void **state)
{
    BED(state);
    bed_scan(bed, "WEB-1");
    bed_verdict(bed, VERDICT_GO, "");
    bed_claimed(bed, ERR_REFUSED);
    assert_says(&bed->view.headline, "bench.in_use");
    bed_command(bed, "TAKE-OVER");
    assert_true(bed->asked.take_over);
    bed_claimed(bed, ERR_OK);
    assert_int_equal(bed->view.face, FACE_PACKING);
}

static void bench__a_claim_refused_late_stops_the_packing(void **state)
{
    BED(state);
    bed_scan(bed, "WEB-1");
    bed_sql(bed, "UPDATE consignment SET checked_at = (SELECT max(at) FROM scan)");
    bed_verdict(bed, VERDICT_GO, "");
    uint32_t ticket = bed->asked.claim_ticket;
    assert_int_not_equal(ticket, 0);
    bed_wait(bed, 11000); /* no answer: the last state is fresh */
    assert_int_equal(bed->view.face, FACE_PACKING);
    bench_claimed(bed->bench, ticket, ERR_REFUSED, "In use by Ann");
    bed_settle(bed);
    assert_says(&bed->view.headline, "bench.in_use");
    bed_command(bed, "TAKE-OVER");
    assert_true(bed->asked.take_over);
    bed_claimed(bed, ERR_OK);
    assert_int_equal(bed->view.face, FACE_PACKING);
}

static void bench__a_hold_is_over_with_its_cause(void **state)
{
    BED(state);
    bed_scan(bed, "WEB-1");
    bed_verdict(bed, VERDICT_HOLD, "order.short");
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM exception WHERE open = 1"), 1);
    bed_command(bed, "OK");
    bed_sql(bed, "INSERT INTO exception (rule, origin, owner, object, text, next_step, "
                 "consignment_id, first_seen, last_seen) SELECT 'clarus.submit_refused', '', '', "
                 "object, '', '', consignment_id, 1, 1 FROM exception");
    bed_open_order(bed, "WEB-1");
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM exception WHERE open = 1 AND rule = "
                                     "'order.short'"),
                     0);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM exception WHERE open = 1"), 1);
}

static void bench__wrong_label_is_a_hard_stop_and_the_right_one_still_counts(void **state)
{
    BED(state);
    pack_first_order(bed);
    bed_buy(bed);
    bed_print(bed);
    bed_verdict(bed, VERDICT_GO, "");
    bed_scan(bed, "15509999999999");
    assert_int_equal(bed->view.face, FACE_STOP);
    assert_says(&bed->view.headline, "bench.wrong_label");
    bed_scan(bed, TRACKING_1);
    assert_int_equal(bed->view.face, FACE_STOP);
    bed_command(bed, "OK");
    bed_scan(bed, MUG);
    assert_says(&bed->view.headline, "bench.not_a_label");
    bed_command(bed, "OK");
    bed_scan(bed, TRACKING_1);
    assert_int_equal(bed->view.face, FACE_SAVED);
}

static void bench__two_boxes_print_one_by_one_and_swapped_labels_stop(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, "BOX-S");
    bed_scan(bed, MUG_CASE);
    bed_command(bed, "NEXT-PARCEL");
    bed_scan(bed, "BOX-S");
    bed_scan(bed, MUG);
    bed_scan(bed, MUG);
    bed_scan(bed, TEE);
    bed_buy(bed);
    bed_print(bed);
    assert_int_equal(bed->asked.prints, 1);
    bed_scan(bed, TRACKING_2);
    assert_says(&bed->view.detail, "bench.wrong_box");
    bed_command(bed, "OK");
    bed_scan(bed, TRACKING_1);
    assert_int_equal(bed->asked.prints, 2);
    bed_print(bed);
    bed_verdict(bed, VERDICT_GO, "");
    bed_scan(bed, TRACKING_2);
    assert_int_equal(bed->view.face, FACE_SAVED);
    assert_int_equal(bed_number(bed, "SELECT count(DISTINCT parcel_id) FROM dispatch_item"), 2);
}

static void bench__part_is_saved_only_after_confirm_and_the_rest_can_follow(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, "BOX-S");
    bed_scan(bed, MUG_CASE);
    bed_command(bed, "CLOSE-PARCEL");
    bed_buy(bed);
    bed_print(bed);
    bed_verdict(bed, VERDICT_GO, "");
    bed_scan(bed, TRACKING_1);
    assert_says(&bed->view.headline, "bench.confirm_part");
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM dispatch"), 0);
    bed_command(bed, "CONFIRM");
    assert_int_equal(bed->view.face, FACE_SAVED);
    bed_wait(bed, 1000);
    bed_open_order(bed, "WEB-1");
    assert_int_equal(bed->view.units_total.milli, 3000);
    assert_int_equal(packed(bed), 0);
}

static void bench__counts_survive_a_restart(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, "BOX-S");
    bed_scan(bed, MUG_CASE);
    bed_scan(bed, MUG);
    bed_restart(bed);
    assert_int_equal(bed->view.face, FACE_PACKING);
    assert_int_equal(packed(bed), 13);
    bed_scan(bed, MUG);
    bed_scan(bed, TEE);
    assert_int_equal(bed->asked.check_why, BENCH_CHECK_LABEL);
}

static void bench__block_survives_a_restart(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, STRANGER);
    bed_restart(bed);
    assert_int_equal(bed->view.face, FACE_REFUSED);
    assert_says(&bed->view.headline, "bench.wrong_item");
    bed_command(bed, "OK");
    assert_int_equal(bed->view.face, FACE_PACKING);
}

static void bench__print_under_way_at_a_restart_is_never_repeated_by_itself(void **state)
{
    BED(state);
    pack_first_order(bed);
    bed_buy(bed);
    assert_int_equal(bed->asked.prints, 1);
    bed_restart(bed);
    assert_int_equal(bed->asked.prints, 0);
    assert_int_equal(bed->view.face, FACE_LABEL);
    bed_scan(bed, TRACKING_1);
    bed_verdict(bed, VERDICT_GO, "");
    assert_int_equal(bed->view.face, FACE_SAVED);
}

static void bench__label_scanned_before_the_printer_answered_is_asked_for_again(void **state)
{
    BED(state);
    pack_first_order(bed);
    bed_buy(bed);
    bed_scan(bed, TRACKING_1);
    assert_int_equal(bed->view.face, FACE_LABEL);
    assert_says(&bed->view.notice, "bench.still_printing");
}

static void bench__refused_print_waits_for_the_printer(void **state)
{
    BED(state);
    pack_first_order(bed);
    bed->print_answer = ERR_GONE;
    bed_buy(bed);
    assert_says(&bed->view.notice, "bench.printer_waits");
    bed->print_answer = ERR_OK;
    bench_printer_ready(bed->bench);
    bed_settle(bed);
    assert_int_equal(bed->asked.prints, 1);
}

static void bench__late_label_is_set_aside_with_a_tag_and_taken_up_again(void **state)
{
    BED(state);
    pack_first_order(bed);
    bed_verdict(bed, VERDICT_GO, "");
    bed_wait(bed, LABEL_WAIT_MS);
    assert_says(&bed->view.headline, "bench.label_late");
    assert_int_equal(bed->asked.tags, 1);
    bed_command(bed, "OK");
    assert_int_equal(bed->view.face, FACE_IDLE);
    bed_scan(bed, "WEB-1");
    bed_verdict(bed, VERDICT_GO, "");
    bed_claimed(bed, ERR_OK);
    assert_int_equal(bed->asked.check_why, BENCH_CHECK_LABEL);
    assert_int_equal(packed(bed), 15);
}

static void bench__order_of_unknown_state_is_not_opened(void **state)
{
    BED(state);
    bed_scan(bed, "WEB-1");
    bed_verdict(bed, VERDICT_UNKNOWN, "state.unknown");
    assert_says(&bed->view.headline, "bench.state_unknown");
    bed_command(bed, "OK");
    assert_int_equal(bed->view.face, FACE_IDLE);
}

static void bench__packs_on_by_a_young_state_when_nobody_answers(void **state)
{
    BED(state);
    bed_sql(bed, "UPDATE consignment SET checked_at = 1773216000000");
    bed_scan(bed, "WEB-1");
    bed_verdict(bed, VERDICT_UNKNOWN, "state.unknown");
    assert_int_equal(bed->view.face, FACE_PACKING);
    assert_says(&bed->view.notice, "bench.working_offline");
    assert_int_equal(bed->asked.claims, 0);
}

static void bench__unknown_command_is_refused(void **state)
{
    BED(state);
    bed_command(bed, "FORMAT-DISK");
    assert_says(&bed->view.headline, "bench.unknown_command");
}

static void bench__undo_takes_back_one_scan_at_a_time(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, MUG);
    bed_scan(bed, MUG_CASE);
    bed_command(bed, "UNDO");
    assert_int_equal(packed(bed), 1);
    bed_command(bed, "UNDO");
    bed_command(bed, "UNDO");
    assert_says(&bed->view.headline, "bench.nothing_to_undo");
    assert_int_equal(packed(bed), 0);
}

static void bench__voided_label_is_bought_again_under_a_new_key(void **state)
{
    BED(state);
    pack_first_order(bed);
    bed_buy(bed);
    bed_print(bed);
    int64_t first = bed->asked.shipment;
    bed_command(bed, "VOID");
    assert_int_equal(bed->asked.cancels, 1);
    bed_verdict(bed, VERDICT_GO, "");
    assert_int_equal(bed->asked.buys, 1);
    bed_sql(bed, "UPDATE shipment SET state = 7");
    bench_voided(bed->bench, first, ERR_OK, "");
    bed_settle(bed);
    assert_int_equal(bed->asked.buys, 2);
    assert_int_not_equal(bed->asked.shipment, first);
    assert_int_equal(packed(bed), 15);
}

static void bench__hostile_scans_are_refused_by_name(void **state)
{
    BED(state);
    char big[400];
    memset(big, 'A', sizeof big - 1);
    big[sizeof big - 1] = 0;
    bed_scan(bed, big);
    assert_says(&bed->view.headline, "bench.unreadable");
    bed_command(bed, "OK");
    struct scan scan = {.text = SLICE("a\x01\x00b"), .fault = SCAN_CONTROL};
    bench_scan(bed->bench, "scanner", &scan);
    bed_settle(bed);
    assert_says(&bed->view.detail, "bench.scan_control");
    assert_string_equal(bed->view.scanned, "a<SOH><VT>");
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(bench__packs_cases_and_eaches_and_saves_one_dispatch),
        CASE(bench__wrong_item_blocks_until_acknowledged_and_moves_no_count),
        CASE(bench__surplus_unit_is_cleared_by_the_next_right_scan),
        CASE(bench__case_that_would_overshoot_is_refused),
        CASE(bench__unknown_code_is_asked_for_once_then_refused),
        CASE(bench__unknown_reference_waits_for_clarus_then_refuses),
        CASE(bench__notes_and_gift_message_are_each_acknowledged),
        CASE(bench__cancelled_order_stops_at_open),
        CASE(bench__stop_after_the_label_voids_it),
        CASE(bench__edited_order_is_packed_again_from_nothing),
        CASE(bench__order_in_use_elsewhere_can_be_taken_over),
        CASE(bench__a_claim_refused_late_stops_the_packing),
        CASE(bench__a_hold_is_over_with_its_cause),
        CASE(bench__wrong_label_is_a_hard_stop_and_the_right_one_still_counts),
        CASE(bench__two_boxes_print_one_by_one_and_swapped_labels_stop),
        CASE(bench__part_is_saved_only_after_confirm_and_the_rest_can_follow),
        CASE(bench__counts_survive_a_restart),
        CASE(bench__block_survives_a_restart),
        CASE(bench__print_under_way_at_a_restart_is_never_repeated_by_itself),
        CASE(bench__label_scanned_before_the_printer_answered_is_asked_for_again),
        CASE(bench__refused_print_waits_for_the_printer),
        CASE(bench__late_label_is_set_aside_with_a_tag_and_taken_up_again),
        CASE(bench__order_of_unknown_state_is_not_opened),
        CASE(bench__packs_on_by_a_young_state_when_nobody_answers),
        CASE(bench__unknown_command_is_refused),
        CASE(bench__undo_takes_back_one_scan_at_a_time),
        CASE(bench__voided_label_is_bought_again_under_a_new_key),
        CASE(bench__hostile_scans_are_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
