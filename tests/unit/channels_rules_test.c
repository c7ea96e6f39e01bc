/* What the site's tables say to an order: of the shop's reading, and of Clarus's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/channels/mapped.h"
#include "firmware/mapping/changes.h"
#include "firmware/mapping/order_check.h"
#include "firmware/mapping/reports.h"
#include "firmware/mapping/seen.h"
#include "firmware/mapping/sku.h"
#include "tests/support/channels_bed.h"

static const struct peer_order_spec two_lines = {
    .method = "Next day before 6pm",
    .lines = {{.sku = "MUG", .quantity = 3}, {.sku = "HAT", .quantity = 1}},
    .line_count = 2};

static int setup(void **state)
{
    struct channels_bed *b = cbed_new();
    b->config.site.retention_days = 30;
    *state = b;
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
}

static void observe(struct channels_bed *b, const char *rule)
{
    struct config_rule_mode *m = &b->config.site.rules[b->config.site.rule_count++];
    m->mode = CONFIG_MODE_OBSERVE;
    assert_int_equal(slice_copy(slice_text(rule), m->rule, sizeof m->rule), ERR_OK);
}

static int64_t count(struct channels_bed *b, const char *sql)
{
    sqlite3_stmt *q = NULL;
    bool row = false;
    assert_int_equal(store_prepare(b->st, sql, &q), ERR_OK);
    assert_int_equal(store_step(b->st, q, &row), ERR_OK);
    int64_t n = row ? store_int(q, 0) : -1;
    store_reset_local(&q);
    return n;
}

static void do_sql(struct channels_bed *b, const char *sql)
{
    sqlite3_stmt *q = NULL;
    assert_int_equal(store_begin(b->st), ERR_OK);
    assert_int_equal(store_prepare(b->st, sql, &q), ERR_OK);
    assert_int_equal(store_run(b->st, q), ERR_OK);
    store_reset_local(&q);
    assert_int_equal(store_commit(b->st), ERR_OK);
}

/* ------------------------------------------------------------------------------------ the shop --
 */

static void rules__a_state_of_the_table_wins_over_the_definition(void **state)
{
    struct channels_bed *b = *state;
    struct config_site *s = &b->config.site;
    s->shop_states[0] = (struct config_shop_state){"shop", "8", CONFIG_STATE_PACK};
    s->shop_states[1] = (struct config_shop_state){"shop", "3", CONFIG_STATE_STOP};
    s->shop_states[2] = (struct config_shop_state){"shop", "9", CONFIG_STATE_HOLD};
    s->shop_states[3] = (struct config_shop_state){"shop", "10", CONFIG_STATE_SENT};
    s->shop_state_count = 4;
    cbed_order(b, &two_lines);
    expect(b, VERDICT_GO, "");
    cbed_change(b, PEER_SHOP_STATUS, NULL, 8);
    expect(b, VERDICT_GO, "");
    cbed_change(b, PEER_SHOP_STATUS, NULL, 3);
    expect(b, VERDICT_STOP, "order.cancelled");
    cbed_change(b, PEER_SHOP_STATUS, NULL, 9);
    expect(b, VERDICT_HOLD, "order.state_held");
    cbed_change(b, PEER_SHOP_STATUS, NULL, 10);
    expect(b, VERDICT_SENT, "order.state_sent");
    cbed_change(b, PEER_SHOP_STATUS, NULL, 7);
    expect(b, VERDICT_HOLD, "order.unpaid");
}

static void rules__that_observe_let_the_order_go_and_are_in_its_story(void **state)
{
    struct channels_bed *b = *state;
    b->config.site.ship_methods[0] = (struct config_ship_method){"shop", "Another", "DPD", "12"};
    b->config.site.ship_method_count = 1;
    cbed_order(b, &two_lines);
    expect(b, VERDICT_HOLD, "ship_method.unmapped");
    assert_int_equal(count(b, "SELECT count(*) FROM story WHERE event = 'rule.observed'"), 0);
    observe(b, "ship_method.unmapped");
    expect(b, VERDICT_GO, "ship_method.unmapped");
    assert_int_equal(count(b, "SELECT count(*) FROM story WHERE event = 'rule.observed'"), 1);
}

static void rules__unmapped_titles_are_collected_once_an_order(void **state)
{
    struct channels_bed *b = *state;
    struct seen_row rows[4];
    cbed_order(b, &two_lines);
    expect(b, VERDICT_GO, "");
    cbed_pass(b, 1000);
    expect(b, VERDICT_GO, "");
    assert_int_equal(seen_rows(b->st, SEEN_METHOD, rows, 4), 1);
    assert_string_equal(rows[0].word, "Next day before 6pm");
    assert_string_equal(rows[0].channel, "shop");
    assert_int_equal(rows[0].times, 1);
    const struct seen_word other = {SEEN_METHOD, "shop", "Next day before 6pm", "", 4711};
    assert_int_equal(seen_note(b->st, hal_wall(b->hal), &other), ERR_OK);
    assert_int_equal(seen_rows(b->st, SEEN_METHOD, rows, 4), 1);
    assert_int_equal(rows[0].times, 2);
    assert_true(rows[0].first_seen < rows[0].last_seen);
    assert_int_equal(seen_forget(b->st, SEEN_METHOD, "shop", "Next day before 6pm"), ERR_OK);
    assert_int_equal(seen_rows(b->st, SEEN_METHOD, rows, 4), 0);
}

static void rules__a_required_member_that_is_empty_holds_by_its_name(void **state)
{
    struct channels_bed *b = *state;
    struct peer_order_spec spec = two_lines;
    b->config.site.order_fields[0] = (struct config_order_field){.channel = "shop",
                                                                 .name = "Customer's words",
                                                                 .at = "/customer_message",
                                                                 .required = true,
                                                                 .to = CONFIG_NOTE_PACKING};
    b->config.site.order_field_count = 1;
    spec.customer_message = "  ";
    cbed_order(b, &spec);
    expect(b, VERDICT_HOLD, "field.missing");
    assert_non_null(strstr(b->verdict.text, "Customer's words"));
    assert_string_equal(b->verdict.owner, "e-commerce");
    observe(b, "field.missing");
    expect(b, VERDICT_GO, "field.missing");
}

static void rules__notes_go_where_the_site_wants_them_and_beside_those_of_clarus(void **state)
{
    struct channels_bed *b = *state;
    struct config_site *s = &b->config.site;
    struct peer_order_spec spec = two_lines;
    s->notes[0] = (struct config_note_rule){"shop", CONFIG_FROM_STAFF, CONFIG_NOTE_PACKING};
    s->notes[1] = (struct config_note_rule){"", CONFIG_FROM_CUSTOMER, CONFIG_NOTE_DELIVERY};
    s->notes[2] = (struct config_note_rule){"", CONFIG_FROM_GIFT, CONFIG_NOTE_NONE};
    s->note_count = 3;
    s->order_fields[0] = (struct config_order_field){
        .channel = "shop", .name = "State", .at = "/status_id", .to = CONFIG_NOTE_PACKING};
    s->order_field_count = 1;
    spec.staff_notes = "Use the big box";
    spec.customer_message = "Ring twice";
    spec.gift_message = "Many happy returns";
    cbed_order(b, &spec);
    struct consignment_reading clarus = {.clarus_id = "40217", .packing_note = "Fragile"};
    int64_t id = 0;
    assert_int_equal(catalogue_put_consignment(b->st, hal_wall(b->hal), &clarus, &id), ERR_OK);
    char before[65], after[65];
    assert_int_equal(catalogue_digest(b->st, id, before), ERR_OK);
    expect(b, VERDICT_GO, "");
    struct consignment c = cbed_consignment(b);
    assert_string_equal(c.packing_note, "Fragile\nUse the big box\nState: 11");
    assert_string_equal(c.delivery_note, "Ring twice");
    assert_string_equal(c.gift_message, "");
    assert_string_equal(c.customer_note, "");
    assert_int_equal(catalogue_digest(b->st, id, after), ERR_OK);
    assert_string_equal(before, after);
}

static void rules__two_skus_of_one_code_are_both_held(void **state)
{
    struct channels_bed *b = *state;
    struct config_sku_rule *r = &b->config.site.sku_rules[0];
    *r = (struct config_sku_rule){.clarus_form.letters = CONFIG_CASE_UPPER};
    b->config.site.sku_rule_count = 1;
    cbed_order(b, &two_lines);
    expect(b, VERDICT_GO, "");
    const struct seen_word other = {SEEN_SKU, "shop", "hat", "HAT", 4711};
    assert_int_equal(seen_note(b->st, hal_wall(b->hal), &other), ERR_OK);
    expect(b, VERDICT_HOLD, "sku.collision");
    assert_non_null(strstr(b->verdict.text, "hat"));
    *r = (struct config_sku_rule){.shop = "X", .clarus = "Y"};
    do_sql(b, "UPDATE seen_word SET code = 'HEAD' WHERE word = 'hat'");
    expect(b, VERDICT_GO, "");
}

static void rules__a_changed_address_holds_before_packing_until_clarus_has_it(void **state)
{
    struct channels_bed *b = *state;
    cbed_order(b, &two_lines);
    struct consignment_reading r = {.clarus_id = "40217", .recipient = "{\"address_1\":\"old\"}"};
    int64_t id = 0;
    assert_int_equal(catalogue_put_consignment(b->st, hal_wall(b->hal), &r, &id), ERR_OK);
    expect(b, VERDICT_GO, "");
    cbed_change(b, PEER_SHOP_ADDRESS, "9 New Street", 0);
    expect(b, VERDICT_HOLD, "address.changed");
    cbed_restart(b);
    expect(b, VERDICT_HOLD, "address.changed");
    r.recipient = "{\"address_1\":\"9 New Street\"}";
    assert_int_equal(catalogue_put_consignment(b->st, hal_wall(b->hal), &r, &id), ERR_OK);
    expect(b, VERDICT_GO, "");
    expect(b, VERDICT_GO, "");
}

static void rules__a_changed_address_goes_on_once_a_lead_settled_it(void **state)
{
    struct channels_bed *b = *state;
    cbed_order(b, &two_lines);
    expect(b, VERDICT_GO, "");
    cbed_pass(b, 1000);
    cbed_change(b, PEER_SHOP_ADDRESS, "9 New Street", 0);
    expect(b, VERDICT_HOLD, "address.changed");
    struct exception_spec x = {.rule = "address.changed",
                               .origin = "storefront",
                               .owner = "lead",
                               .object = "order WEB-501",
                               .text = "changed",
                               .next_step = "look",
                               .consignment_id = b->consignment};
    int64_t id = 0;
    assert_int_equal(store_begin(b->st), ERR_OK);
    assert_int_equal(exception_raise(b->st, hal_wall(b->hal), &x, &id), ERR_OK);
    expect(b, VERDICT_HOLD, "address.changed");
    assert_int_equal(exception_close(b->st, hal_wall(b->hal), id, "Ada", "resolve", "it is right"),
                     ERR_OK);
    expect(b, VERDICT_GO, "");
    cbed_pass(b, 1000);
    cbed_change(b, PEER_SHOP_ADDRESS, "10 Other Street", 0);
    expect(b, VERDICT_HOLD, "address.changed");
}

/* --------------------------------------------------------------------------------------- Clarus --
 */

static const char *findings(struct channels_bed *b)
{
    static char text[400];
    struct order_finding f[8];
    struct maps maps = {.site = &b->config.site, .store = b->st};
    struct buf out = buf_over(text, sizeof text - 1);
    size_t n = 0;
    assert_int_equal(order_check(&maps, hal_wall(b->hal), b->consignment, f, 8, &n), ERR_OK);
    for (size_t i = 0; i < n; i++) {
        buf_printf(&out, "%s%s", i > 0 ? " " : "", f[i].rule);
        assert_true(f[i].owner[0] && f[i].text[0] && f[i].next_step[0]);
    }
    return buf_cstr(&out);
}

static void add_case(struct channels_bed *b, uint32_t factor, bool tested)
{
    b->config.site.units[0] =
        (struct config_unit){.unit = "case", .factor = factor, .tested = tested};
    b->config.site.unit_count = 1;
}

static void order_check__names_products_and_units_nobody_knows(void **state)
{
    struct channels_bed *b = *state;
    cbed_order(b, &two_lines);
    assert_string_equal(findings(b), "sku.unknown sku.unknown");
    do_sql(b, "INSERT INTO product (clarus_id, code) VALUES ('p', 'P')");
    do_sql(b, "UPDATE line SET product_id = (SELECT id FROM product)");
    assert_string_equal(findings(b), "");
    do_sql(b, "UPDATE line SET unit = 'case', units = 0 WHERE position = 0");
    assert_string_equal(findings(b), "unit.unmapped");
    assert_int_equal(count(b, "SELECT times FROM seen_word WHERE kind = 'unit'"), 1);
    add_case(b, 3, false);
    assert_string_equal(findings(b), "unit.untested");
    add_case(b, 3, true);
    assert_string_equal(findings(b), "");
    do_sql(b, "UPDATE line SET units = 1000 WHERE position = 0");
    assert_string_equal(findings(b), "");
    add_case(b, 2, true);
    assert_string_equal(findings(b), "unit.mismatch");
    do_sql(b, "UPDATE line SET dispatched = ordered WHERE position = 0");
    assert_string_equal(findings(b), "");
}

static void order_check__a_table_and_a_barcode_must_agree(void **state)
{
    struct channels_bed *b = *state;
    cbed_order(b, &two_lines);
    do_sql(b, "INSERT INTO product (clarus_id, code) VALUES ('p', 'P')");
    do_sql(b, "UPDATE line SET product_id = (SELECT id FROM product)");
    do_sql(b, "INSERT INTO barcode SELECT '123', id, 'case', 12000 FROM product");
    do_sql(b, "UPDATE line SET unit = 'case', units = 0 WHERE position = 0");
    assert_string_equal(findings(b), "");
    add_case(b, 12, true);
    assert_string_equal(findings(b), "");
    add_case(b, 6, true);
    assert_string_equal(findings(b), "unit.mismatch");
}

static void order_check__says_what_an_address_lacks_where_it_can_be_read(void **state)
{
    struct channels_bed *b = *state;
    b->config.site.address = (struct config_address){.required = {"address_1", "postcode"}};
    cbed_order(b, &two_lines);
    do_sql(b, "INSERT INTO product (clarus_id, code) VALUES ('p', 'P')");
    do_sql(b, "UPDATE line SET product_id = (SELECT id FROM product)");
    assert_string_equal(findings(b), "");
    do_sql(b, "UPDATE consignment SET recipient = '{\"address_1\":\"x\",\"postcode\":null}'");
    assert_string_equal(findings(b), "address.incomplete");
    do_sql(b, "UPDATE consignment SET recipient = '{\"address_1\":\"x\",\"postcode\":\"1\"}'");
    assert_string_equal(findings(b), "");
    slice_copy_cut(slice_text("phone_number"), b->config.site.carriers[0].needs[0], 24);
    assert_string_equal(findings(b), "address.incomplete");
}

/* --------------------------------------------------------------------------- changes of leads --
 */

static struct maps maps_of(struct channels_bed *b)
{
    return (struct maps){.site = &b->config.site, .store = b->st};
}

static struct map_entry entry(enum map_kind kind, const char *key, const char *value,
                              const char *value2)
{
    struct map_entry e = {.kind = kind, .channel = "shop"};
    slice_copy_cut(slice_text(key), e.key, sizeof e.key);
    slice_copy_cut(slice_text(value), e.value, sizeof e.value);
    slice_copy_cut(slice_text(value2), e.value2, sizeof e.value2);
    return e;
}

static err_t change(struct channels_bed *b, enum maps_act act, const struct map_entry *e)
{
    struct maps m = maps_of(b);
    cbed_pass(b, 1000);
    err_t err = maps_change(&m, hal_wall(b->hal), act, e, "Ada");
    assert_int_equal(store_commit(b->st), ERR_OK);
    return err;
}

static void maps__a_lead_s_title_counts_at_once_and_survives_a_restart(void **state)
{
    struct channels_bed *b = *state;
    b->config.site.ship_methods[0] =
        (struct config_ship_method){"shop", "Next day before 6pm", "UPS", "X"};
    b->config.site.ship_method_count = 1;
    cbed_order(b, &two_lines);
    expect(b, VERDICT_HOLD, "ship_method.differs");
    struct map_entry e = entry(MAP_METHOD, "Next day before 6pm", "DPD", "12");
    assert_int_equal(change(b, MAPS_SET, &e), ERR_OK);
    expect(b, VERDICT_GO, "");
    cbed_restart(b);
    expect(b, VERDICT_GO, "");
    assert_int_equal(change(b, MAPS_REMOVE, &e), ERR_OK);
    b->config.site.ship_methods[1] = (struct config_ship_method){"shop", "Other", "UPS", "X"};
    b->config.site.ship_method_count = 2;
    expect(b, VERDICT_HOLD, "ship_method.unmapped");
    assert_int_equal(change(b, MAPS_DROP, &e), ERR_OK);
    expect(b, VERDICT_HOLD, "ship_method.differs");
    assert_int_equal(change(b, MAPS_DROP, &e), ERR_NOTFOUND);
}

static void maps__every_change_has_a_version_and_lies_in_the_history(void **state)
{
    struct channels_bed *b = *state;
    struct map_entry rows[4], e = entry(MAP_SKU, "A", "X", "");
    struct maps m = maps_of(b);
    assert_int_equal(maps_version(b->st), 0);
    assert_int_equal(change(b, MAPS_SET, &e), ERR_OK);
    assert_int_equal(change(b, MAPS_SET, &e), ERR_OK); /* the same again is no change */
    assert_int_equal(maps_version(b->st), 1);
    e.value[0] = 'Y';
    assert_int_equal(change(b, MAPS_SET, &e), ERR_OK);
    assert_int_equal(change(b, MAPS_DROP, &e), ERR_OK);
    assert_int_equal(maps_version(b->st), 3);
    assert_int_equal(count(b, "SELECT count(*) FROM map_change WHERE who = 'Ada' AND at > 0"), 3);
    assert_int_equal(count(b, "SELECT count(*) FROM map_change WHERE before = 'X' AND after = 'Y'"),
                     1);
    assert_int_equal(maps_changes(&m, 0, rows, 4), 0);
    assert_int_equal(maps_change(&m, hal_wall(b->hal), MAPS_SET, &e, ""), ERR_INVALID);
}

static void maps__skus_and_units_of_leads_win_both_ways(void **state)
{
    struct channels_bed *b = *state;
    struct maps m = maps_of(b);
    struct sku_mapped k;
    struct unit_map u;
    b->config.site.sku_rules[0] = (struct config_sku_rule){.shop = "A", .clarus = "FILE"};
    b->config.site.sku_rule_count = 1;
    struct map_entry e = entry(MAP_SKU, "A", "LEAD", "");
    assert_int_equal(change(b, MAPS_SET, &e), ERR_OK);
    assert_int_equal(sku_to_clarus(&m, "shop", SLICE("A"), &k), ERR_OK);
    assert_string_equal(k.code, "LEAD");
    assert_int_equal(k.rule, SKU_RULE_LEAD);
    assert_int_equal(sku_to_shop(&m, "shop", SLICE("LEAD"), &k), ERR_OK);
    assert_string_equal(k.code, "A");
    assert_int_equal(sku_to_shop(&m, "shop", SLICE("FILE"), &k), ERR_AMBIGUOUS);
    assert_int_equal(change(b, MAPS_REMOVE, &e), ERR_OK);
    assert_int_equal(sku_to_clarus(&m, "shop", SLICE("A"), &k), ERR_OK);
    assert_string_equal(k.code, "A");
    struct map_entry unit = entry(MAP_UNIT, "case", "24", "tested");
    assert_int_equal(change(b, MAPS_SET, &unit), ERR_OK);
    assert_int_equal(maps_unit(&m, "shop", "MUG", "case", &u), ERR_OK);
    assert_int_equal(u.factor, 24);
    slice_copy_cut(SLICE("MUG"), unit.scope, sizeof unit.scope);
    slice_copy_cut(SLICE("6"), unit.value, sizeof unit.value);
    assert_int_equal(change(b, MAPS_SET, &unit), ERR_OK);
    assert_int_equal(maps_unit(&m, "shop", "MUG", "case", &u), ERR_OK);
    assert_int_equal(u.factor, 6);
    assert_int_equal(maps_unit(&m, "shop", "HAT", "case", &u), ERR_OK);
    assert_int_equal(u.factor, 24);
}

static void maps__refuse_entries_that_make_no_sense(void **state)
{
    struct channels_bed *b = *state;
    const struct map_entry wrong[] = {
        entry(MAP_SKU, "", "X", ""),           entry(MAP_SKU, "A", "", ""),
        entry(MAP_SKU, "A\n", "X", ""),        entry(MAP_UNIT, "case", "0", ""),
        entry(MAP_UNIT, "case", "1.5", ""),    entry(MAP_UNIT, "case", "12", "yes"),
        entry(MAP_STATE, "11", "perhaps", ""), entry(MAP_METHOD, "T", "", "12"),
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_non_null(maps_fault(&b->config.site, &wrong[i]));
        assert_int_equal(change(b, MAPS_SET, &wrong[i]), ERR_INVALID);
    }
    struct map_entry e = entry(MAP_METHOD, "T", "DPD", "");
    e.channel[0] = 'x';
    assert_non_null(maps_fault(&b->config.site, &e));
    e.channel[0] = '\0';
    assert_non_null(maps_fault(&b->config.site, &e));
}

static void maps__an_import_keeps_what_was_changed_here_later(void **state)
{
    struct channels_bed *b = *state;
    struct maps m = maps_of(b);
    enum maps_taken taken;
    struct map_entry here, e = entry(MAP_STATE, "8", "pack", "");
    assert_int_equal(change(b, MAPS_SET, &e), ERR_OK);
    assert_int_equal(maps_changed(&m, &e, &here), ERR_OK);
    slice_copy_cut(SLICE("hold"), e.value, sizeof e.value);
    e.at = here.at - 1;
    wall_t now = hal_wall(b->hal);
    assert_int_equal(maps_take(&m, now, &e, "Bob", false, &taken), ERR_OK);
    assert_int_equal(taken, MAPS_KEPT);
    e.at = here.at + 1;
    assert_int_equal(maps_take(&m, now, &e, "Bob", false, &taken), ERR_OK);
    assert_int_equal(taken, MAPS_REPLACED);
    assert_int_equal(maps_take(&m, now, &e, "Bob", false, &taken), ERR_OK);
    assert_int_equal(taken, MAPS_SAME);
    e.at = 1;
    slice_copy_cut(SLICE("stop"), e.value, sizeof e.value);
    assert_int_equal(maps_take(&m, now, &e, "Bob", true, &taken), ERR_OK);
    assert_int_equal(taken, MAPS_REPLACED);
    slice_copy_cut(SLICE("9"), e.key, sizeof e.key);
    assert_int_equal(maps_take(&m, now, &e, "Bob", false, &taken), ERR_OK);
    assert_int_equal(taken, MAPS_ADDED);
}

static void maps__a_new_file_that_says_something_else_is_told_once(void **state)
{
    struct channels_bed *b = *state;
    struct maps m = maps_of(b);
    struct config_site *s = &b->config.site;
    struct map_entry found, e = entry(MAP_STATE, "8", "pack", "");
    char says[SKU_CAP + ID_CAP];
    size_t skip = 0;
    s->shop_states[0] = (struct config_shop_state){"shop", "8", CONFIG_STATE_HOLD};
    s->shop_state_count = 1;
    assert_int_equal(change(b, MAPS_SET, &e), ERR_OK);
    assert_int_equal(maps_next_conflict(&m, &skip, &found, says), ERR_NOTFOUND);
    s->shop_states[0].action = CONFIG_STATE_STOP;
    skip = 0;
    assert_int_equal(maps_next_conflict(&m, &skip, &found, says), ERR_OK);
    assert_string_equal(found.key, "8");
    assert_string_equal(says, "stop");
    assert_int_equal(maps_next_conflict(&m, &skip, &found, says), ERR_NOTFOUND);
    skip = 0;
    assert_int_equal(maps_next_conflict(&m, &skip, &found, says), ERR_NOTFOUND);
    s->shop_states[0].action = CONFIG_STATE_PACK; /* the file came to agree */
    assert_int_equal(maps_next_conflict(&m, &skip, &found, says), ERR_NOTFOUND);
    enum config_state_action a;
    assert_int_equal(maps_state(&m, "shop", "8", &a), ERR_OK);
    assert_int_equal(a, CONFIG_STATE_PACK);
}

/* ------------------------------------------------------------------------------- who reports --
 */

static void reports__a_channel_is_silent_while_clarus_may_report_and_nobody_said_who(void **state)
{
    struct channels_bed *b = *state;
    struct peer_shop_shipment there[4];
    assert_int_equal(reports_note(b->st, "shop", true), ERR_OK);
    cbed_order(b, &two_lines);
    cbed_pack(b, 1, "T-ONE-1", 0, 3);
    cbed_save(b);
    cbed_pass(b, 3600000);
    assert_int_equal(b->requests, 0);
    assert_int_equal(cbed_state(b), MESSAGE_WAITING);
    b->config.site.channels[0].reports = CONFIG_REPORTS_STATION;
    cbed_pass(b, 3600000);
    assert_int_equal(cbed_state(b), MESSAGE_DONE);
    assert_int_equal(cbed_shipments(b, there, 4), 1);
}

static void reports__an_integration_is_known_by_its_name_or_its_system(void **state)
{
    (void)state;
    struct config_channel c = {.definition = "adobe-commerce"};
    assert_true(reports_same_shop(&c, "Our shop", "Adobe Commerce"));
    assert_false(reports_same_shop(&c, "Our shop", "Adobe"));
    assert_false(reports_same_shop(&c, "adobe-commerce", ""));
    slice_copy_cut(SLICE("Our shop"), c.clarus_integration, sizeof c.clarus_integration);
    assert_true(reports_same_shop(&c, "Our shop", "magento2"));
    assert_false(reports_same_shop(&c, "Other shop", "Adobe Commerce"));
}

/* -------------------------------------------------------------------------------- completeness --
 */

/* MUG 3 and HAT 1 in the shop, so many of them gone there already. */
static bool complete(struct channels_bed *b, int64_t mugs_gone, int64_t hats_gone)
{
    struct remote *m = calloc(1, sizeof *m);
    bool out = false;
    assert_non_null(m);
    m->line_count = 2;
    m->lines[0] = (struct remote_line){
        .id = "1", .code = "MUG", .ordered = 3, .shipped = mugs_gone, .physical = true};
    m->lines[1] = (struct remote_line){
        .id = "2", .code = "HAT", .ordered = 1, .shipped = hats_gone, .physical = true};
    assert_int_equal(mapped_complete(b->st, "shop", "501", m, &out), ERR_OK);
    free(m);
    return out;
}

static void complete__is_computed_from_ordered_sent_short_and_cancelled(void **state)
{
    struct channels_bed *b = *state;
    cbed_order(b, &two_lines);
    assert_false(complete(b, 0, 0));
    assert_false(complete(b, 3, 1)); /* we have all of it still to send */
    do_sql(b, "UPDATE line SET dispatched = 2000 WHERE position = 0");
    do_sql(b, "UPDATE line SET dispatched = 1000 WHERE position = 1");
    assert_false(complete(b, 2, 1));
    do_sql(b, "UPDATE line SET short = 1000 WHERE position = 0");
    assert_true(complete(b, 2, 1));  /* closed short: nothing will follow */
    assert_false(complete(b, 1, 1)); /* one is reported nowhere yet */
    assert_false(complete(b, 2, 0));
    do_sql(b, "UPDATE line SET short = 0, cancelled = 1000 WHERE position = 0");
    assert_true(complete(b, 2, 1));
    do_sql(b, "UPDATE line SET cancelled = 0, dispatched = 3000 WHERE position = 0");
    assert_true(complete(b, 3, 1)); /* by anyone: Clarus's own figure counts */
}

static void complete__waits_for_every_consignment_of_the_shop_order(void **state)
{
    struct channels_bed *b = *state;
    cbed_order(b, &two_lines);
    do_sql(b, "UPDATE line SET dispatched = ordered");
    assert_true(complete(b, 3, 1));
    do_sql(b, "INSERT INTO consignment (clarus_id, reference, channel, shop_order) VALUES ('9', "
              "'WEB-501-2', 'shop', '501')");
    do_sql(b, "INSERT INTO line (consignment_id, clarus_line_id, sku, ordered) SELECT id, 'L9', "
              "'HAT', 1000 FROM consignment WHERE clarus_id = '9'");
    assert_false(complete(b, 3, 1));
    do_sql(b, "UPDATE consignment SET shop_order = '502' WHERE clarus_id = '9'");
    assert_true(complete(b, 3, 1));
}

static void rules__a_line_the_shop_order_lacks_is_held_before_it_is_packed(void **state)
{
    struct channels_bed *b = *state;
    cbed_order(b, &two_lines);
    do_sql(b, "UPDATE line SET sku = 'HAT-NEW' WHERE position = 1");
    expect(b, VERDICT_HOLD, "sku.not_in_shop");
    assert_non_null(strstr(b->verdict.text, "HAT-NEW"));
    b->config.site.sku_rules[0] = (struct config_sku_rule){.shop = "HAT", .clarus = "HAT-NEW"};
    b->config.site.sku_rule_count = 1;
    expect(b, VERDICT_GO, "");
}

/* ---------------------------------------------------------------------------------------- kits --
 */

/* The shop sells 2 MUG, each a set of one PEN and two HATs; the warehouse packs the parts. */
static void place_kit_order(struct channels_bed *b)
{
    static const struct peer_order_spec kit_order = {
        .lines = {{.sku = "MUG", .quantity = 2}, {.sku = "HAT", .quantity = 1}}, .line_count = 2};
    b->config.site.kits[0] = (struct config_kit){"MUG", "PEN", 1};
    b->config.site.kits[1] = (struct config_kit){"MUG", "HAT", 2};
    b->config.site.kit_count = 2;
    cbed_order(b, &kit_order);
    do_sql(b, "UPDATE line SET sku = 'PEN', ordered = 2000, picked = 2000 WHERE position = 0");
    do_sql(b, "UPDATE line SET ordered = 5000, picked = 5000 WHERE position = 1");
}

static void kits__are_told_of_once_all_parts_left_and_parts_never(void **state)
{
    struct channels_bed *b = *state;
    struct peer_shop_shipment there[8];
    place_kit_order(b);
    expect(b, VERDICT_GO, "");
    cbed_pack(b, 1, "T-ONE-1", 0, 2);
    cbed_pack(b, 1, "T-ONE-1", 1, 2);
    cbed_save(b);
    cbed_pass(b, 60000);
    assert_int_equal(cbed_state(b), MESSAGE_DONE);
    assert_int_equal(cbed_shipments(b, there, 8), 1); /* the HAT of its own; no kit is whole */
    assert_int_equal(cbed_view(b).shop_shipped, 1);
    cbed_pack(b, 1, "T-TWO-2", 1, 3);
    cbed_save(b);
    cbed_pass(b, 60000);
    assert_int_equal(cbed_state(b), MESSAGE_DONE);
    assert_int_equal(cbed_view(b).shop_shipped, 3); /* both kits are whole with this one */
    assert_string_equal(cbed_exception(b, "channel.over_shipment").rule, "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rules__a_state_of_the_table_wins_over_the_definition),
        TEST(rules__that_observe_let_the_order_go_and_are_in_its_story),
        TEST(rules__unmapped_titles_are_collected_once_an_order),
        TEST(rules__a_required_member_that_is_empty_holds_by_its_name),
        TEST(rules__notes_go_where_the_site_wants_them_and_beside_those_of_clarus),
        TEST(rules__two_skus_of_one_code_are_both_held),
        TEST(rules__a_changed_address_holds_before_packing_until_clarus_has_it),
        TEST(rules__a_changed_address_goes_on_once_a_lead_settled_it),
        TEST(order_check__names_products_and_units_nobody_knows),
        TEST(order_check__a_table_and_a_barcode_must_agree),
        TEST(maps__a_lead_s_title_counts_at_once_and_survives_a_restart),
        TEST(maps__every_change_has_a_version_and_lies_in_the_history),
        TEST(maps__skus_and_units_of_leads_win_both_ways),
        TEST(maps__refuse_entries_that_make_no_sense),
        TEST(maps__an_import_keeps_what_was_changed_here_later),
        TEST(maps__a_new_file_that_says_something_else_is_told_once),
        TEST(reports__a_channel_is_silent_while_clarus_may_report_and_nobody_said_who),
        TEST(reports__an_integration_is_known_by_its_name_or_its_system),
        TEST(complete__is_computed_from_ordered_sent_short_and_cancelled),
        TEST(complete__waits_for_every_consignment_of_the_shop_order),
        TEST(rules__a_line_the_shop_order_lacks_is_held_before_it_is_packed),
        TEST(kits__are_told_of_once_all_parts_left_and_parts_never),
        TEST(order_check__says_what_an_address_lacks_where_it_can_be_read),
    };
    return cmocka_run_group_tests_name("channels rules", tests, NULL, NULL);
}
