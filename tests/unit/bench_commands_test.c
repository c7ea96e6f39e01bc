/* Command barcodes: each does what its words say, and nothing when it cannot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/json.h"
#include "firmware/bench/command_list.h"
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

static int64_t packed(const struct bench_bed *bed)
{
    return bed->view.units_packed.milli / 1000;
}

static bool offered(const struct bench_bed *bed, const char *name)
{
    for (size_t i = 0; i < bed->view.command_count; i++)
        if (strcmp(bed->view.commands[i].name, name) == 0) return true;
    return false;
}

static void save_first_order(struct bench_bed *bed)
{
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, "BOX-S");
    bed_scan(bed, MUG_CASE);
    bed_scan(bed, MUG);
    bed_scan(bed, MUG);
    bed_scan(bed, TEE);
    bed_buy(bed);
    bed_print(bed);
    bed_verdict(bed, VERDICT_GO, "");
    bed_scan(bed, TRACKING_1);
    assert_int_equal(bed->view.face, FACE_SAVED);
}

/* ------------------------------------------------------------------------------- how many -- */

static void quantity__digits_count_for_the_next_code_alone(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_command(bed, "QTY");
    bed_command(bed, "1");
    bed_command(bed, "3");
    assert_string_equal(bed->view.next_step.key, "bench.quantity_next");
    assert_string_equal(bed->view.next_step.arg[0], "13");
    bed_scan(bed, MUG);
    assert_int_equal(packed(bed), 13);
    bed_scan(bed, MUG);
    assert_int_equal(packed(bed), 14);
}

static void quantity__one_code_can_say_it_all(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_command(bed, "QTY2");
    bed_scan(bed, MUG);
    assert_int_equal(packed(bed), 2);
    bed_command(bed, "UNDO");
    assert_int_equal(packed(bed), 0);
}

static void quantity__too_many_counts_none_and_is_forgotten(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_command(bed, "QTY-2");
    bed_scan(bed, MUG_CASE);
    assert_says(bed, "bench.too_many");
    assert_int_equal(packed(bed), 0);
    bed_command(bed, "CONFIRM");
    bed_scan(bed, MUG);
    assert_int_equal(packed(bed), 1);
}

static void quantity__without_a_number_counts_nothing(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_command(bed, "QTY");
    bed_scan(bed, MUG);
    assert_says(bed, "bench.quantity_missing");
    assert_int_equal(packed(bed), 0);
}

static void quantity__digit_without_the_word_is_refused(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_command(bed, "7");
    assert_says(bed, "bench.command_not_now");
    bed_command(bed, "OK");
    bed_command(bed, "QTY99999");
    assert_says(bed, "bench.quantity_too_big");
}

static void quantity__cancel_makes_the_next_code_one_again(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_command(bed, "QTY5");
    bed_command(bed, "CANCEL");
    bed_scan(bed, MUG);
    assert_int_equal(packed(bed), 1);
}

/* ---------------------------------------------------------------------------------- short -- */

static void short__reason_sets_the_line_aside_and_the_rest_goes_in_part(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, "BOX-S");
    bed_scan(bed, TEE);
    bed_scan(bed, MUG_CASE);
    bed_command(bed, "SHORT");
    assert_says(bed, "bench.short");
    assert_string_equal(bed->view.headline.arg[0], "2");
    bed_command(bed, "SHORT-DAMAGED");
    assert_int_equal(bed->asked.check_why, BENCH_CHECK_LABEL);
    bed_buy(bed);
    bed_print(bed);
    bed_verdict(bed, VERDICT_GO, "");
    bed_scan(bed, TRACKING_1);
    assert_says(bed, "bench.confirm_part");
    bed_command(bed, "CONFIRM");
    assert_int_equal(bed->view.face, FACE_SAVED);
    assert_int_equal(bed_number(bed, "SELECT sum(quantity) FROM dispatch_item"), 13000);
    assert_int_equal(
        bed_number(bed, "SELECT count(*) FROM exception WHERE open = 1 AND rule = 'line.short' AND "
                        "owner = 'warehouse'"),
        1);
}

static void short__survives_a_restart_and_is_forgotten_when_opened_anew(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, MUG);
    bed_command(bed, "SHORT");
    bed_command(bed, "SHORT-MISSING");
    assert_int_equal(bed->view.units_total.milli, 2000);
    bed_restart(bed);
    assert_int_equal(bed->view.units_total.milli, 2000);
    assert_int_equal(bed->view.lines[0].shorted.milli, 13000);
    bed_command(bed, "PARK");
    bed_open_order(bed, "WEB-1");
    assert_int_equal(bed->view.units_total.milli, 15000);
    assert_int_equal(
        bed_number(bed, "SELECT count(*) FROM exception WHERE open = 1 AND rule = 'line.short'"),
        0);
}

static void short__product_scan_names_the_line_and_counts_nothing(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_command(bed, "SHORT");
    bed_scan(bed, TEE);
    assert_string_equal(bed->view.headline.arg[1], TEE);
    assert_int_equal(packed(bed), 0);
    bed_command(bed, "CANCEL");
    assert_int_equal(bed->view.face, FACE_PACKING);
    assert_int_equal(bed->view.units_total.milli, 15000);
}

static void short__of_everything_parks_the_order(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_command(bed, "SHORT");
    bed_command(bed, "SHORT-MISSING");
    bed_command(bed, "SHORT");
    bed_command(bed, "SHORT-WRONG");
    assert_int_equal(bed->view.face, FACE_IDLE);
    assert_int_equal(bed->asked.releases, 1);
    assert_int_equal(bed->asked.buys, 0);
}

static void short__reason_alone_is_refused(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_command(bed, "SHORT-MISSING");
    assert_says(bed, "bench.command_not_now");
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM line_short"), 0);
}

/* ------------------------------------------------------------------------- help, confirm -- */

static void help__lists_what_does_something_now(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_command(bed, "HELP");
    assert_true(bed->view.help);
    assert_true(offered(bed, "SHORT"));
    assert_false(offered(bed, "UNDO"));
    assert_false(offered(bed, "REPRINT"));
    bed_scan(bed, MUG);
    assert_false(bed->view.help);
    assert_int_equal(packed(bed), 1);
    assert_true(offered(bed, "UNDO"));
}

static void help__second_scan_or_cancel_closes_it(void **state)
{
    BED(state);
    bed_command(bed, "HELP");
    bed_command(bed, "HELP");
    assert_false(bed->view.help);
    bed_command(bed, "HELP");
    bed_command(bed, "CANCEL");
    assert_false(bed->view.help);
    assert_int_equal(bed->view.face, FACE_IDLE);
}

static void confirm__does_not_close_a_box_with_items_missing(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, "BOX-S");
    bed_scan(bed, MUG);
    bed_command(bed, "CONFIRM");
    assert_int_equal(bed->view.face, FACE_PACKING);
    assert_string_equal(bed->view.notice.key, "bench.nothing_to_confirm");
    assert_int_equal(bed->asked.checks, 1);
}

static void confirm__clears_a_surplus_and_nothing_more(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, "BOX-S");
    bed_scan(bed, TEE);
    bed_scan(bed, TEE);
    assert_says(bed, "bench.surplus");
    bed_command(bed, "CONFIRM");
    assert_int_equal(bed->view.face, FACE_PACKING);
    assert_int_equal(bed->asked.checks, 1);
}

static void cancel__does_not_put_an_order_aside(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, MUG);
    bed_command(bed, "CANCEL");
    assert_string_equal(bed->view.notice.key, "bench.nothing_to_cancel");
    assert_int_equal(packed(bed), 1);
}

static void undo__goes_back_step_by_step(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, MUG);
    bed_scan(bed, MUG_CASE);
    bed_scan(bed, TEE);
    bed_command(bed, "UNDO");
    assert_string_equal(bed->view.notice.arg[0], TEE);
    bed_command(bed, "UNDO");
    bed_command(bed, "UNDO");
    assert_int_equal(packed(bed), 0);
    bed_command(bed, "UNDO");
    assert_says(bed, "bench.nothing_to_undo");
}

/* ------------------------------------------------------------------ recall, list, sign-off -- */

static void recall__asks_who_and_whether_before_it_takes_back(void **state)
{
    BED(state);
    save_first_order(bed);
    bed_wait(bed, 1000);
    bed_command(bed, "RECALL");
    assert_says(bed, "bench.sign_on_first");
    bed_command(bed, "OK");
    bed_scan(bed, "^B:ANNA");
    bed_command(bed, "RECALL");
    assert_says(bed, "bench.recall");
    bed_scan(bed, "WEB-2");
    assert_says(bed, "bench.answer_first");
    bed_command(bed, "OK");
    assert_int_equal(bed->asked.recalls, 0);
    bed_command(bed, "CONFIRM");
    assert_int_equal(bed->asked.recalls, 1);
    assert_int_equal(bed->asked.recalled, 1);
    assert_says(bed, "bench.recalled_now");
}

static void recall__too_late_is_said(void **state)
{
    BED(state);
    save_first_order(bed);
    bed_scan(bed, "^B:ANNA");
    bed->recall_answer = ERR_BUSY;
    bed_command(bed, "RECALL");
    bed_command(bed, "CONFIRM");
    assert_says(bed, "bench.recall_late");
}

static void recall__is_for_between_orders(void **state)
{
    BED(state);
    save_first_order(bed);
    bed_scan(bed, "^B:ANNA");
    bed_open_order(bed, "WEB-2");
    bed_command(bed, "OK");
    bed_command(bed, "OK");
    bed_command(bed, "RECALL");
    assert_says(bed, "bench.command_not_now");
}

static void manifest__each_carrier_is_closed_by_its_own_confirm(void **state)
{
    BED(state);
    save_first_order(bed);
    bed_scan(bed, "^B:ANNA");
    bed_command(bed, "MANIFEST");
    assert_says(bed, "bench.no_manifest");
    bed_command(bed, "OK");
    bed_sql(bed, "INSERT INTO manifest (dispatch_id, carrier) VALUES (1, 'DPD')");
    bed_command(bed, "MANIFEST");
    assert_says(bed, "bench.manifest");
    assert_string_equal(bed->view.headline.arg[0], "DPD");
    bed_command(bed, "CONFIRM");
    assert_string_equal(bed->view.notice.key, "bench.manifest_closed");
    assert_int_equal(bed->view.face, FACE_IDLE);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM manifest_close WHERE closed_by = "
                                     "'ANNA'"),
                     1);
}

static void sign_off__is_for_between_orders(void **state)
{
    BED(state);
    bed_scan(bed, "^B:ANNA");
    bed_open_order(bed, "WEB-1");
    bed_command(bed, "SIGN-OFF");
    assert_says(bed, "bench.command_not_now");
    assert_string_equal(bed->view.packer, "ANNA");
    bed_command(bed, "OK");
    bed_command(bed, "PARK");
    bed_command(bed, "SIGN-OFF");
    assert_string_equal(bed->view.packer, "");
}

static void sheet__between_orders_has_every_command(void **state)
{
    BED(state);
    struct command_entry list[48];
    bed_command(bed, "SHEET");
    assert_int_equal(bed->asked.paper_kind, PAPER_COMMAND_SHEET);
    assert_int_equal(bed->asked.paper_rows, command_list(list, 48));
}

static void sheet__counts_by_hand_and_says_by_whom(void **state)
{
    BED(state);
    bed_open_order(bed, "WEB-1");
    bed_command(bed, "SHEET");
    assert_int_equal(bed->asked.paper_kind, PAPER_PRODUCT_SHEET);
    assert_int_equal(bed->asked.paper_rows, 2);
    bed_command(bed, "ITEM-2");
    assert_says(bed, "bench.sign_on_first");
    bed_command(bed, "OK");
    bed_scan(bed, "^B:ANNA");
    bed_command(bed, "ITEM-2");
    assert_int_equal(packed(bed), 1);
    assert_true(bed->view.lines[1].done);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM story WHERE event = 'item.by_hand' AND "
                                     "who = 'ANNA'"),
                     1);
    bed_command(bed, "ITEM-2");
    assert_says(bed, "bench.surplus");
    bed_command(bed, "ITEM-3");
    assert_says(bed, "bench.command_not_now");
    assert_int_equal(packed(bed), 1);
}

static void trouble__that_lasts_is_said_again(void **state)
{
    BED(state);
    bed_scan(bed, "WEB-1");
    bed_sql(bed, "UPDATE consignment SET checked_at = 4102444800000");
    bed_verdict(bed, VERDICT_UNKNOWN, "state.unknown");
    bed_command(bed, "OK");
    bed_open_order(bed, "WEB-1");
    bed->print_answer = ERR_GONE;
    bed_scan(bed, "BOX-S");
    bed_scan(bed, MUG_CASE);
    bed_scan(bed, MUG);
    bed_scan(bed, MUG);
    bed_scan(bed, TEE);
    bed_buy(bed);
    assert_int_equal(bed->view.tone, HAL_TONE_TROUBLE);
    uint32_t serial = bed->view.tone_serial;
    bed_wait(bed, 200000);
    assert_int_equal(bed->view.tone_serial, serial + 1);
    bed_wait(bed, 180000);
    assert_int_equal(bed->view.tone_serial, serial + 2);
}

/* ----------------------------------------------------------------------------------- list -- */

extern const unsigned char asset_en_json[];
extern const size_t asset_en_json_len;

static void command_list__every_command_has_words_and_help(void **state)
{
    (void)state;
    struct command_entry list[48];
    size_t count = command_list(list, 48);
    AUTO_JSON struct json_doc *doc = NULL;
    assert_int_equal(json_parse(slice_of(asset_en_json, asset_en_json_len), &doc, NULL), ERR_OK);
    assert_in_range(count, 20, 48);
    for (size_t i = 0; i < count; i++) {
        char key[48];
        if (list[i].group == COMMANDS_DIGITS) continue;
        (void)snprintf(key, sizeof key, "command.%s", list[i].name);
        assert_true(json_text(json_member(json_root(doc), key)).len > 0);
        (void)snprintf(key, sizeof key, "help.%s", list[i].name);
        assert_true(json_text(json_member(json_root(doc), key)).len > 0);
    }
}

/* Every command in every face it can be scanned in: no count moves and nothing is sent by one that
 * is not offered. */
static void command_list__what_is_not_offered_moves_nothing(void **state)
{
    BED(state);
    struct command_entry list[48];
    size_t count = command_list(list, 48);
    bed_open_order(bed, "WEB-1");
    bed_scan(bed, MUG);
    bed_scan(bed, STRANGER);
    for (size_t i = 0; i < count; i++) {
        if (offered(bed, list[i].name) || strcmp(list[i].name, "OK") == 0) continue;
        bed_command(bed, list[i].name);
        assert_says(bed, "bench.wrong_item");
        assert_int_equal(packed(bed), 1);
    }
    assert_true(offered(bed, "CONFIRM"));
    assert_false(offered(bed, "UNDO"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(quantity__digits_count_for_the_next_code_alone),
        CASE(quantity__one_code_can_say_it_all),
        CASE(quantity__too_many_counts_none_and_is_forgotten),
        CASE(quantity__without_a_number_counts_nothing),
        CASE(quantity__digit_without_the_word_is_refused),
        CASE(quantity__cancel_makes_the_next_code_one_again),
        CASE(short__reason_sets_the_line_aside_and_the_rest_goes_in_part),
        CASE(short__survives_a_restart_and_is_forgotten_when_opened_anew),
        CASE(short__product_scan_names_the_line_and_counts_nothing),
        CASE(short__of_everything_parks_the_order),
        CASE(short__reason_alone_is_refused),
        CASE(help__lists_what_does_something_now),
        CASE(help__second_scan_or_cancel_closes_it),
        CASE(confirm__does_not_close_a_box_with_items_missing),
        CASE(confirm__clears_a_surplus_and_nothing_more),
        CASE(cancel__does_not_put_an_order_aside),
        CASE(undo__goes_back_step_by_step),
        CASE(recall__asks_who_and_whether_before_it_takes_back),
        CASE(recall__too_late_is_said),
        CASE(recall__is_for_between_orders),
        CASE(manifest__each_carrier_is_closed_by_its_own_confirm),
        CASE(sign_off__is_for_between_orders),
        CASE(sheet__between_orders_has_every_command),
        CASE(sheet__counts_by_hand_and_says_by_whom),
        CASE(trouble__that_lasts_is_said_again),
        cmocka_unit_test(command_list__every_command_has_words_and_help),
        CASE(command_list__what_is_not_offered_moves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
