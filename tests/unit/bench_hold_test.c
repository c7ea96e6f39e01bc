/* Papers of our own, and boxes that wait for their label with a tag. */
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
    bed->config.site.packing = (struct config_packing){.gift_note = true, .parcel_tags = true};
    slice_copy_cut(SLICE("PB7"), bed->config.station.id, sizeof bed->config.station.id);
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

static void pack_gift_order(struct bench_bed *bed)
{
    bed_open_order(bed, "WEB-2");
    bed_command(bed, "OK");
    bed_command(bed, "OK");
    bed_scan(bed, "BOX-S");
    bed_scan(bed, MUG);
    bed_scan(bed, MUG);
}

static void pack_first_order(struct bench_bed *bed)
{
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, "BOX-S");
    bed_scan(bed, MUG_CASE);
    bed_scan(bed, MUG);
    bed_scan(bed, MUG);
    bed_scan(bed, TEE);
}

static void goes_offline(struct bench_bed *bed)
{
    bed_verdict(bed, VERDICT_GO, "");
    bench_label(bed->bench, bed->asked.shipment, BENCH_LABEL_OFFLINE, "no answer");
    bed_settle(bed);
}

static void comes_back(struct bench_bed *bed)
{
    bench_online(bed->bench);
    bed_settle(bed);
}

static void label_arrives(struct bench_bed *bed)
{
    bed_sql(bed, "UPDATE parcel SET tracking = '" TRACKING_1 "' WHERE state = 1");
    bed_sql(bed, "UPDATE shipment SET state = 4, service_bought = 'Next Day'");
    bench_label(bed->bench, bed->asked.shipment, BENCH_LABEL_READY, "");
    bed_settle(bed);
}

/* --------------------------------------------------------------------------------- papers -- */

static void papers__gift_note_prints_when_its_message_was_read(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-2");
    bed_command(bed, "OK");
    assert_int_equal(bed->asked.papers, 0);
    bed_command(bed, "OK");
    assert_int_equal(bed->asked.papers, 1);
    assert_int_equal(bed->asked.paper_kind, PAPER_GIFT_NOTE);
    assert_string_equal(bed->asked.paper_text, "Happy birthday");
    bed_paper(bed);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM paper"), 0);
}

static void papers__box_closes_only_with_the_gift_card_in_it(void **state)
{
    BED(state);
    pack_gift_order(bed);
    assert_says(bed, "bench.card_in_box");
    assert_string_equal(bed->view.note, "Happy birthday");
    unsigned checks = bed->asked.checks;
    bed_scan(bed, MUG);
    assert_int_equal(bed->asked.checks, checks);
    bed_restart(bed);
    assert_says(bed, "bench.card_in_box");
    bed_command(bed, "CONFIRM");
    assert_int_equal(bed->asked.check_why, BENCH_CHECK_LABEL);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM story WHERE event = 'gift.in_box'"), 1);
}

static void papers__each_box_of_several_gets_a_tag(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, "BOX-S");
    bed_scan(bed, MUG_CASE);
    bed_command(bed, "NEXT-PARCEL");
    assert_int_equal(bed->asked.paper_kind, PAPER_PARCEL_TAG);
    assert_string_equal(bed->asked.paper_title, "Box 1");
    assert_string_equal(bed->asked.paper_code, "TAG-PB7-1");
    bed_paper(bed);
    bed_scan(bed, "BOX-S");
    bed_scan(bed, MUG);
    bed_scan(bed, MUG);
    bed_scan(bed, TEE);
    assert_string_equal(bed->asked.paper_title, "Box 2");
    assert_int_equal(bed->asked.papers, 2);
}

static void papers__tag_of_a_box_tells_whether_it_is_the_one(void **state)
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
    bed_scan(bed, "TAG-PB7-2");
    assert_says(bed, "bench.other_box");
    bed_command(bed, "OK");
    bed_scan(bed, "TAG-PB7-1");
    assert_string_equal(bed->view.notice.key, "bench.right_box");
    assert_int_equal(bed->view.parcels[0].state, VIEW_PARCEL_PRINTED);
}

static void papers__slip_lists_what_is_in_the_box(void **state)
{
    BED(state);
    bed->config.site.packing.packing_slip = true;
    pack_first_order(bed);
    assert_int_equal(bed->asked.paper_kind, PAPER_PACKING_SLIP);
    assert_int_equal(bed->asked.paper_rows, 2);
}

static void papers__wait_for_the_printer_and_for_a_restart(void **state)
{
    BED(state);
    bed->paper_answer = ERR_GONE;
    bed_open_order(bed, "WEB-2");
    bed_command(bed, "OK");
    bed_command(bed, "OK");
    bed_restart(bed);
    assert_int_equal(bed->asked.papers, 0);
    bed->paper_answer = ERR_OK;
    bench_printer_ready(bed->bench);
    bed_settle(bed);
    assert_int_equal(bed->asked.papers, 1);
}

static void papers__that_may_have_come_out_print_again_only_when_asked(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-2");
    bed_command(bed, "OK");
    bed_command(bed, "OK");
    assert_int_equal(bed->asked.papers, 1);
    bed_restart(bed);
    assert_int_equal(bed->asked.papers, 0);
    assert_string_equal(bed->view.notice.key, "bench.paper_unknown");
    bed_command(bed, "REPRINT");
    assert_int_equal(bed->asked.papers, 1);
    bench_paper_printed(bed->bench, bed->asked.paper, PRINT_REFUSED);
    bed_settle(bed);
    bed_restart(bed);
    assert_int_equal(bed->asked.papers, 1); /* it did not come out: that is known */
}

static void papers__of_an_order_that_left_are_wanted_no_more(void **state)
{
    BED(state);
    bed->paper_answer = ERR_GONE;
    bed_open_order(bed, "WEB-2");
    bed_command(bed, "OK");
    bed_command(bed, "OK");
    bed_command(bed, "PARK");
    bed->paper_answer = ERR_OK;
    bench_printer_ready(bed->bench);
    bed_settle(bed);
    assert_int_equal(bed->asked.papers, 0);
}

/* ----------------------------------------------------------------------------------- holds -- */

static void hold__box_without_a_label_gets_one_tag_and_keeps_its_claim(void **state)
{
    BED(state);
    pack_first_order(bed);
    goes_offline(bed);
    assert_says(bed, "bench.label_offline");
    assert_int_equal(bed->asked.tags, 1);
    assert_string_equal(bed->asked.paper_code, "WEB-1");
    bed_command(bed, "CONFIRM");
    assert_int_equal(bed->view.face, FACE_IDLE);
    assert_int_equal(bed->asked.releases, 0);
    assert_int_equal(bed->view.holds_waiting, 1);
    bed_paper(bed);
    bed_restart(bed);
    assert_int_equal(bed->view.holds_waiting, 1);
    assert_int_equal(bed->asked.tags, 0);
}

static void hold__state_is_asked_before_the_label_is_bought(void **state)
{
    BED(state);
    pack_first_order(bed);
    goes_offline(bed);
    bed_command(bed, "CONFIRM");
    unsigned buys = bed->asked.buys, checks = bed->asked.checks;
    comes_back(bed);
    assert_int_equal(bed->asked.checks, checks + 1);
    assert_int_equal(bed->asked.buys, buys);
    bed_verdict(bed, VERDICT_GO, "");
    assert_int_equal(bed->asked.buys, buys + 1);
    label_arrives(bed);
    assert_int_equal(bed->view.holds_ready, 1);
    assert_string_equal(bed->view.notice.key, "bench.hold_ready");
    assert_int_equal(bed->asked.prints, 0);
}

static void hold__scanning_the_tag_prints_the_label_and_saves(void **state)
{
    BED(state);
    pack_first_order(bed);
    goes_offline(bed);
    bed_command(bed, "CONFIRM");
    comes_back(bed);
    bed_verdict(bed, VERDICT_GO, "");
    label_arrives(bed);
    bed_open_order(bed, "WEB-1");
    assert_int_equal(bed->asked.prints, 1);
    bed_print(bed);
    bed_scan(bed, TRACKING_1);
    bed_verdict(bed, VERDICT_GO, "");
    assert_int_equal(bed->view.face, FACE_SAVED);
    assert_int_equal(bed->view.holds_ready + bed->view.holds_waiting, 0);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM hold_tag"), 0);
}

static void hold__late_cancellation_becomes_find_and_pull_with_the_tag(void **state)
{
    BED(state);
    pack_first_order(bed);
    goes_offline(bed);
    bed_command(bed, "CONFIRM");
    comes_back(bed);
    unsigned buys = bed->asked.buys;
    bed_verdict(bed, VERDICT_STOP, "order.cancelled");
    assert_int_equal(bed->asked.buys, buys);
    assert_int_equal(bed->asked.cancels, 1);
    assert_string_equal(bed->view.notice.key, "bench.hold_pull");
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM exception WHERE open = 1 AND rule = "
                                     "'tag.pull' AND text LIKE '%tag WEB-1%'"),
                     1);
    assert_int_equal(bed_number(bed, "SELECT state FROM consignment WHERE reference = 'WEB-1'"),
                     CONSIGNMENT_STOPPED);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM hold_tag"), 0);
}

static void hold__bought_label_is_checked_again_while_its_box_waits(void **state)
{
    BED(state);
    pack_first_order(bed);
    goes_offline(bed);
    bed_command(bed, "CONFIRM");
    comes_back(bed);
    bed_verdict(bed, VERDICT_GO, "");
    label_arrives(bed);
    unsigned checks = bed->asked.checks;
    bed_sql(bed, "UPDATE consignment SET checked_at = strftime('%s', 'now') * 1000 * 2");
    comes_back(bed);
    assert_int_equal(bed->asked.checks, checks); /* asked a moment ago */
    bed_sql(bed, "UPDATE consignment SET checked_at = 0");
    comes_back(bed);
    assert_int_equal(bed->asked.checks, checks + 1);
    bed_verdict(bed, VERDICT_STOP, "order.cancelled");
    assert_int_equal(bed->asked.cancels, 1);
}

static void hold__refused_label_waits_for_a_person(void **state)
{
    BED(state);
    pack_first_order(bed);
    goes_offline(bed);
    bed_command(bed, "CONFIRM");
    comes_back(bed);
    bed_verdict(bed, VERDICT_GO, "");
    bench_label(bed->bench, bed->asked.shipment, BENCH_LABEL_REFUSED, "bad postcode");
    bed_settle(bed);
    unsigned buys = bed->asked.buys;
    bed_sql(bed, "UPDATE consignment SET checked_at = 0");
    comes_back(bed);
    bed_verdict(bed, VERDICT_GO, "");
    assert_int_equal(bed->asked.buys, buys);
    assert_int_equal(bed->view.holds_waiting, 1);
}

static void hold__unanswered_check_ends_the_round(void **state)
{
    BED(state);
    pack_first_order(bed);
    goes_offline(bed);
    bed_command(bed, "CONFIRM");
    comes_back(bed);
    unsigned checks = bed->asked.checks, buys = bed->asked.buys;
    bed_verdict(bed, VERDICT_UNKNOWN, "state.unknown");
    assert_int_equal(bed->asked.checks, checks);
    assert_int_equal(bed->asked.buys, buys);
    comes_back(bed);
    assert_int_equal(bed->asked.checks, checks + 1);
}

static void hold__does_not_disturb_the_order_on_the_bench(void **state)
{
    BED(state);
    pack_first_order(bed);
    goes_offline(bed);
    bed_command(bed, "CONFIRM");
    bed_open_order(bed, "WEB-2");
    bed_command(bed, "OK");
    bed_command(bed, "OK");
    bed_scan(bed, MUG);
    comes_back(bed);
    bed_verdict(bed, VERDICT_STOP, "order.cancelled");
    assert_int_equal(bed->view.face, FACE_PACKING);
    assert_string_equal(bed->view.reference, "WEB-2");
    assert_int_equal(bed->view.units_packed.milli, 1000);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(papers__gift_note_prints_when_its_message_was_read),
        CASE(papers__box_closes_only_with_the_gift_card_in_it),
        CASE(papers__each_box_of_several_gets_a_tag),
        CASE(papers__tag_of_a_box_tells_whether_it_is_the_one),
        CASE(papers__slip_lists_what_is_in_the_box),
        CASE(papers__wait_for_the_printer_and_for_a_restart),
        CASE(papers__that_may_have_come_out_print_again_only_when_asked),
        CASE(papers__of_an_order_that_left_are_wanted_no_more),
        CASE(hold__box_without_a_label_gets_one_tag_and_keeps_its_claim),
        CASE(hold__state_is_asked_before_the_label_is_bought),
        CASE(hold__scanning_the_tag_prints_the_label_and_saves),
        CASE(hold__late_cancellation_becomes_find_and_pull_with_the_tag),
        CASE(hold__bought_label_is_checked_again_while_its_box_waits),
        CASE(hold__refused_label_waits_for_a_person),
        CASE(hold__unanswered_check_ends_the_round),
        CASE(hold__does_not_disturb_the_order_on_the_bench),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
