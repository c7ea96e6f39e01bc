/* The storefront's word on an order: may it go on, and what must the packer know? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/channels_bed.h"

static const struct peer_order_spec two_lines = {
    .method = "Next day before 6pm",
    .lines = {{.sku = "MUG", .quantity = 3}, {.sku = "HAT", .quantity = 1}},
    .line_count = 2};

static int setup(void **state)
{
    *state = cbed_new();
    return 0;
}

static int teardown(void **state)
{
    cbed_free(*state);
    return 0;
}

static void expect(struct channels_bed *b, enum verdict_kind kind, const char *rule)
{
    const struct verdict *v = cbed_check(b);
    if (v->kind != kind) print_message("%s: %s\n", v->rule, v->text);
    assert_int_equal(v->kind, kind);
    assert_string_equal(v->rule, rule);
    assert_string_equal(v->origin, "storefront");
    if (kind == VERDICT_GO) return;
    assert_true(v->owner[0] != '\0' && v->text[0] != '\0' && v->next_step[0] != '\0');
}

static void check__lets_an_open_order_go(void **state)
{
    struct channels_bed *b = *state;
    cbed_order(b, &two_lines);
    expect(b, VERDICT_GO, "");
    struct consignment c = cbed_consignment(b);
    assert_string_equal(c.promised_service, "Next day before 6pm");
    struct line l[2];
    size_t count = 0;
    assert_int_equal(catalogue_lines(b->st, b->consignment, l, 2, &count), ERR_OK);
    assert_true(l[0].shop_line[0] != '\0' && l[1].shop_line[0] != '\0');
    assert_string_not_equal(l[0].shop_line, l[1].shop_line);
}

static void check__tells_every_state_of_the_shop(void **state)
{
    static const struct {
        uint32_t status;
        enum verdict_kind kind;
        const char *rule;
    } cases[] = {
        {11, VERDICT_GO, ""},
        {9, VERDICT_GO, ""},
        {3, VERDICT_GO, ""},
        {2, VERDICT_GO, ""}, /* said to be shipped, and a line has quantity left */
        {5, VERDICT_STOP, "order.cancelled"},
        {6, VERDICT_STOP, "order.cancelled"},
        {0, VERDICT_STOP, "order.cancelled"},
        {4, VERDICT_STOP, "order.refunded"},
        {7, VERDICT_HOLD, "order.unpaid"},
        {1, VERDICT_HOLD, "order.unpaid"},
        {12, VERDICT_HOLD, "order.hold"},
        {13, VERDICT_HOLD, "order.disputed"},
        {14, VERDICT_HOLD, "order.part_refunded"},
        {8, VERDICT_HOLD, "order.pickup"},
    };
    struct channels_bed *b = *state;
    cbed_order(b, &two_lines);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cbed_change(b, PEER_SHOP_STATUS, NULL, cases[i].status);
        expect(b, cases[i].kind, cases[i].rule);
    }
}

static void check__stops_an_archived_order(void **state)
{
    struct channels_bed *b = *state;
    cbed_order(b, &two_lines);
    cbed_change(b, PEER_SHOP_ARCHIVE, NULL, 0);
    expect(b, VERDICT_STOP, "order.archived");
}

static void check__knows_an_order_that_was_sent(void **state)
{
    struct channels_bed *b = *state;
    cbed_order(b, &two_lines);
    cbed_change(b, PEER_SHOP_SHIPPED_ELSEWHERE, "OTHER-1", 0);
    expect(b, VERDICT_SENT, "order.shipped");
}

static void check__holds_an_order_the_shop_does_not_have(void **state)
{
    struct channels_bed *b = *state;
    cbed_order(b, &two_lines);
    cbed_change(b, PEER_SHOP_VANISH, NULL, 0);
    expect(b, VERDICT_HOLD, "order.not_in_shop");
}

/* ------------------------------------------------------------------------------------- changes */

static void check__compares_lines_with_the_first_reading_once_something_is_packed(void **state)
{
    struct channels_bed *b = *state;
    cbed_order(b, &two_lines);
    expect(b, VERDICT_GO, "");
    cbed_change(b, PEER_SHOP_QUANTITY, NULL, 2);
    expect(b, VERDICT_GO, "");
    cbed_pack(b, 1, "T-ONE-1", 0, 1);
    expect(b, VERDICT_GO, "");
    cbed_change(b, PEER_SHOP_QUANTITY, NULL, 1);
    expect(b, VERDICT_CHANGED, "order.edited");
    expect(b, VERDICT_CHANGED, "order.edited");
    cbed_restart(b);
    expect(b, VERDICT_CHANGED, "order.edited");
}

static void check__compares_the_address_with_the_first_reading(void **state)
{
    struct channels_bed *b = *state;
    cbed_order(b, &two_lines);
    expect(b, VERDICT_GO, "");
    cbed_pack(b, 1, "T-ONE-1", 0, 1);
    cbed_change(b, PEER_SHOP_ADDRESS, "9 New Street", 0);
    expect(b, VERDICT_CHANGED, "address.changed");
    cbed_change(b, PEER_SHOP_CANCEL, NULL, 0);
    expect(b, VERDICT_STOP, "order.cancelled");
}

/* --------------------------------------------------------------------------------- ship methods */

static void map(struct channels_bed *b, const char *title, const char *carrier, const char *service)
{
    struct config_ship_method *s = &b->config.site.ship_methods[b->config.site.ship_method_count++];
    *s = (struct config_ship_method){.channel = "shop"};
    assert_int_equal(slice_copy(slice_text(title), s->title, sizeof s->title), ERR_OK);
    assert_int_equal(slice_copy(slice_text(carrier), s->carrier_code, sizeof s->carrier_code),
                     ERR_OK);
    assert_int_equal(slice_copy(slice_text(service), s->service_code, sizeof s->service_code),
                     ERR_OK);
}

static void check__holds_an_unmapped_ship_method_by_its_exact_title(void **state)
{
    struct channels_bed *b = *state;
    map(b, "Next day before 6 pm", "DPD", "12");
    cbed_order(b, &two_lines);
    expect(b, VERDICT_HOLD, "ship_method.unmapped");
    assert_non_null(strstr(b->verdict.text, "\"Next day before 6pm\""));
    assert_string_equal(cbed_consignment(b).promised_service, "Next day before 6pm");
}

static void check__holds_when_clarus_has_another_service_than_was_promised(void **state)
{
    struct channels_bed *b = *state;
    map(b, "Next day before 6pm", "DPD", "48");
    cbed_order(b, &two_lines);
    expect(b, VERDICT_HOLD, "ship_method.differs");
    assert_non_null(strstr(b->verdict.text, "DPD 48"));
    assert_non_null(strstr(b->verdict.text, "DPD 12"));
    b->config.site.ship_method_count = 0;
    map(b, "Next day before 6pm", "DPD", "12");
    expect(b, VERDICT_GO, "");
}

static void check__does_not_hold_when_no_ship_methods_are_mapped(void **state)
{
    struct channels_bed *b = *state;
    map(b, "Anything", "DPD", "12");
    memcpy(b->config.site.ship_methods[0].channel, "other", 6);
    cbed_order(b, &two_lines);
    expect(b, VERDICT_GO, "");
}

static void check__makes_a_hostile_title_visible(void **state)
{
    struct channels_bed *b = *state;
    struct peer_order_spec spec = two_lines;
    spec.method = "^XA~JA\x1b[2J <b>\n";
    map(b, "Next day before 6pm", "DPD", "12");
    cbed_order(b, &spec);
    expect(b, VERDICT_HOLD, "ship_method.unmapped");
    for (const char *c = b->verdict.text; *c != '\0'; c++) {
        assert_true((unsigned char)*c >= 0x20 && (unsigned char)*c < 0x7F);
    }
}

/* --------------------------------------------------------------------------------------- notes */

static void check__keeps_gift_message_and_notes_with_their_source(void **state)
{
    struct channels_bed *b = *state;
    struct peer_order_spec spec = two_lines;
    spec.gift_message = "Happy birthday \xF0\x9F\x8E\x82 ^XA '; DROP TABLE line;--";
    spec.customer_message = "Ring twice <script>";
    spec.staff_notes = "VIP";
    cbed_order(b, &spec);
    expect(b, VERDICT_GO, "");
    struct consignment c = cbed_consignment(b);
    assert_string_equal(c.gift_message, spec.gift_message);
    assert_string_equal(c.customer_note, "Customer: Ring twice <script>\nShop: VIP");
    assert_string_equal(c.notes_source, "storefront");
    assert_string_equal(c.packing_note, "");
}

static void check__holds_a_note_too_long_to_keep(void **state)
{
    struct channels_bed *b = *state;
    struct peer_order_spec spec = two_lines;
    char *note = calloc(1, 70001);
    memset(note, 'x', 70000);
    spec.customer_message = note;
    cbed_order(b, &spec);
    expect(b, VERDICT_HOLD, "note.too_long");
    free(note);
}

/* ----------------------------------------------------------------------------------- no answer */

static void check__is_unknown_without_an_answer(void **state)
{
    static const struct peer_fault faults[] = {
        {.kind = PEER_FAULT_DROP},
        {.kind = PEER_FAULT_LOSE_REPLY},
        {.kind = PEER_FAULT_HTML},
        {.kind = PEER_FAULT_GARBAGE},
        {.kind = PEER_FAULT_ERROR_BEFORE, .status = 500},
        {.kind = PEER_FAULT_RATE_LIMIT, .wait_ms = 1000},
    };
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        for (uint32_t at = 0; at < 3; at++) {
            struct channels_bed *b = cbed_new();
            struct peer_fault f = faults[i];
            f.skip = at;
            cbed_order(b, &two_lines);
            cbed_fault(b, &f);
            expect(b, VERDICT_UNKNOWN, "channel.down");
            expect(b, VERDICT_GO, "");
            cbed_free(b);
        }
    }
}

static void check__is_unknown_when_the_token_is_refused(void **state)
{
    struct channels_bed *b = *state;
    cbed_order(b, &two_lines);
    hal_sim_set_secret(b->hal, "shop-token", "wrong");
    expect(b, VERDICT_UNKNOWN, "channel.credentials");
    hal_sim_set_secret(b->hal, "shop-token", "line\nbreak: yes");
    expect(b, VERDICT_UNKNOWN, "channel.credentials");
    hal_sim_set_secret(b->hal, "shop-token", NULL);
    expect(b, VERDICT_UNKNOWN, "channel.credentials");
}

static void set_channel(struct channels_bed *b, const char *channel, const char *number)
{
    struct consignment_reading r = {.clarus_id = "40217", .channel = channel, .shop_order = number};
    int64_t id = 0;
    assert_int_equal(catalogue_put_consignment(b->st, hal_wall(b->hal), &r, &id), ERR_OK);
}

static void check__asks_only_where_there_is_a_shop_to_ask(void **state)
{
    struct channels_bed *b = *state;
    cbed_order(b, &two_lines);
    set_channel(b, "none", "501");
    assert_int_equal(cbed_check(b)->kind, VERDICT_GO);
    set_channel(b, "elsewhere", "501");
    assert_int_equal(cbed_check(b)->kind, VERDICT_HOLD);
    assert_string_equal(b->verdict.rule, "channel.unknown");
    set_channel(b, "shop", "../../v3/x?y#z");
    assert_int_equal(cbed_check(b)->kind, VERDICT_HOLD);
    assert_string_equal(b->verdict.rule, "channel.order_number");
    b->config.site.channels[0].check_state = false;
    assert_int_equal(cbed_check(b)->kind, VERDICT_GO);
    assert_int_equal(b->requests, 0);
    b->consignment = 4711;
    assert_int_equal(cbed_check(b)->kind, VERDICT_UNKNOWN);
}

/* ------------------------------------------------------------------------------------- routing */

static void route__takes_the_first_rule_that_fits(void **state)
{
    (void)state;
    struct config_site *site = calloc(1, sizeof *site);
    site->channel_rules[0] =
        (struct config_channel_rule){.account_code = "ACME", .prefix = "WEB-", .channel = "shop"};
    site->channel_rules[1] = (struct config_channel_rule){.prefix = "INT-", .channel = "none"};
    site->channel_rules[2] = (struct config_channel_rule){.prefix = "WEB-", .channel = "other"};
    site->channel_rule_count = 3;
    char channel[24] = "";
    char number[ID_CAP] = "";
    assert_int_equal(channels_route(site, "ACME", "WEB-10427", channel, number), ERR_OK);
    assert_string_equal(channel, "shop");
    assert_string_equal(number, "10427");
    assert_int_equal(channels_route(site, "ZETA", "WEB-10427", channel, number), ERR_OK);
    assert_string_equal(channel, "other");
    assert_int_equal(channels_route(site, "ACME", "INT-", channel, number), ERR_OK);
    assert_string_equal(channel, "none");
    assert_int_equal(channels_route(site, "ACME", "WEB-", channel, number), ERR_NOTFOUND);
    assert_int_equal(channels_route(site, "ACME", "web-1", channel, number), ERR_NOTFOUND);
    char wide[REFERENCE_CAP] = "WEB-";
    memset(wide + 4, '1', ID_CAP);
    assert_int_equal(channels_route(site, "ACME", wide, channel, number), ERR_NOTFOUND);
    free(site);
}

static void definition__is_taken_from_a_document_and_refused_by_name(void **state)
{
    struct channels_bed *b = *state;
    const struct channels_options o = {
        .store = b->st, .fx = b->fx, .outbox = b->ob, .config = &b->config};
    struct channels *ch = NULL;
    struct definition_fault fault;
    hal_sim_set_document(b->hal, "bigcommerce.json", "{\"name\":\"bigcommerce\",\"colour\":1}");
    assert_int_equal(channels_new(&o, &ch, &fault), ERR_INVALID);
    assert_string_equal(fault.name, "bigcommerce");
    assert_string_equal(fault.path, "$.colour");
    char *wide = calloc(1, 70001);
    memset(wide, ' ', 70000);
    hal_sim_set_document(b->hal, "bigcommerce.json", wide);
    assert_int_equal(channels_new(&o, &ch, &fault), ERR_INVALID);
    hal_sim_set_document(b->hal, "bigcommerce.json", "");
    assert_int_equal(channels_new(&o, &ch, &fault), ERR_INVALID);
    hal_sim_set_document(b->hal, "bigcommerce.json", NULL);
    assert_int_equal(channels_new(&o, &ch, &fault), ERR_OK);
    channels_free(ch);
    free(wide);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(check__lets_an_open_order_go),
        TEST(check__tells_every_state_of_the_shop),
        TEST(check__stops_an_archived_order),
        TEST(check__knows_an_order_that_was_sent),
        TEST(check__holds_an_order_the_shop_does_not_have),
        TEST(check__compares_lines_with_the_first_reading_once_something_is_packed),
        TEST(check__compares_the_address_with_the_first_reading),
        TEST(check__holds_an_unmapped_ship_method_by_its_exact_title),
        TEST(check__holds_when_clarus_has_another_service_than_was_promised),
        TEST(check__does_not_hold_when_no_ship_methods_are_mapped),
        TEST(check__makes_a_hostile_title_visible),
        TEST(check__keeps_gift_message_and_notes_with_their_source),
        TEST(check__holds_a_note_too_long_to_keep),
        cmocka_unit_test(check__is_unknown_without_an_answer),
        TEST(check__is_unknown_when_the_token_is_refused),
        TEST(check__asks_only_where_there_is_a_shop_to_ask),
        TEST(definition__is_taken_from_a_document_and_refused_by_name),
        cmocka_unit_test(route__takes_the_first_rule_that_fits),
    };
    return cmocka_run_group_tests_name("channels check", tests, NULL, NULL);
}
