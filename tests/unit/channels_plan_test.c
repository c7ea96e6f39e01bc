/* Which shipment records a dispatch still needs, given what the shop has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/channels/plan.h"

struct desk {
    struct plan plan;
    struct remote remote;
    struct values values;
    struct attempt_result why;
};

static int setup(void **state)
{
    *state = calloc(1, sizeof(struct desk));
    return *state == NULL;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

static void copy(char *to, const char *text)
{
    memcpy(to, text, strlen(text) + 1);
}

static void need(struct desk *d, size_t group, const char *sku, int64_t quantity)
{
    static const char *const trackings[] = {"T-ONE", "T-TWO"};
    struct plan_need *n = &d->plan.needs[d->plan.need_count++];
    *n = (struct plan_need){.group = group, .left = quantity};
    copy(n->sku, sku);
    copy(d->plan.trackings[group], trackings[group]);
    if (d->plan.group_count <= group) d->plan.group_count = group + 1;
}

static void line(struct desk *d, const char *id, const char *sku, int64_t ordered, int64_t shipped)
{
    struct remote_line *l = &d->remote.lines[d->remote.line_count++];
    *l = (struct remote_line){.ordered = ordered, .shipped = shipped, .physical = true};
    copy(l->id, id);
    copy(l->sku, sku);
    copy(l->code, sku);
    copy(l->address, "1");
}

static void record(struct desk *d, int number, const char *tracking, const char *line_id,
                   int64_t quantity)
{
    struct remote_record *r = &d->remote.records[d->remote.record_count++];
    *r = (struct remote_record){
        .number = number, .first_item = d->remote.item_count, .item_count = 1};
    copy(r->tracking, tracking);
    struct remote_item *i = &d->remote.items[d->remote.item_count++];
    i->quantity = quantity;
    copy(i->line_id, line_id);
}

static err_t make(struct desk *d, bool per_address)
{
    d->plan.style = (struct plan_style){.per_address = per_address, .has_items = true};
    remote_sum(&d->remote);
    err_t e = plan_take_off(&d->plan, &d->remote, &d->why);
    return e ? e : plan_rest(&d->plan, &d->remote, &d->why);
}

static void plan__takes_off_only_what_its_own_parcel_holds(void **state)
{
    struct desk *d = *state;
    need(d, 0, "MUG", 2);
    need(d, 1, "MUG", 1);
    line(d, "11", "MUG", 3, 1);
    record(d, 2, "T-TWO", "11", 1);
    assert_int_equal(make(d, true), ERR_OK);
    assert_int_equal(d->plan.found, 1);
    assert_int_equal(d->plan.record_count, 1);
    assert_int_equal(d->plan.records[0].group, 0);
    assert_int_equal(d->plan.records[0].number, 1);
    assert_int_equal(plan_values(&d->plan, 0, "K", NULL, &d->values), ERR_OK);
    assert_string_equal(d->values.text[VALUE_RECORD_KEY], "K-1");
    assert_string_equal(d->values.text[VALUE_PARCEL_TRACKING], "T-ONE");
    assert_int_equal(d->values.line_count, 1);
    assert_int_equal(d->values.lines[0].quantity, 2);
}

static void plan__compares_tracking_without_blanks(void **state)
{
    struct desk *d = *state;
    need(d, 0, "MUG", 1);
    line(d, "11", "MUG", 1, 1);
    record(d, 0, " T - ONE ", "11", 1);
    assert_int_equal(make(d, true), ERR_OK);
    assert_int_equal(d->plan.record_count, 0);
}

static void plan__believes_the_records_when_a_line_counts_late(void **state)
{
    struct desk *d = *state;
    need(d, 0, "MUG", 2);
    line(d, "11", "MUG", 3, 0);
    record(d, 0, "SOMEBODY", "11", 2);
    assert_int_equal(make(d, true), ERR_REFUSED);
    assert_string_equal(d->why.rule, "channel.over_shipment");
}

static void plan__refuses_our_key_on_another_parcel_or_line_or_twice(void **state)
{
    struct desk *d = *state;
    need(d, 0, "MUG", 2);
    line(d, "11", "MUG", 9, 0);
    line(d, "12", "HAT", 9, 0);
    record(d, 1, "SOMEBODY", "11", 2);
    assert_int_equal(make(d, true), ERR_REFUSED);
    assert_string_equal(d->why.rule, "channel.record_differs");
    d->remote.record_count = d->remote.item_count = 0;
    record(d, 1, "T-ONE", "12", 2);
    assert_int_equal(make(d, true), ERR_REFUSED);
    assert_string_equal(d->why.rule, "channel.record_differs");
    d->remote.record_count = d->remote.item_count = 0;
    record(d, 1, "T-ONE", "99", 2);
    assert_int_equal(make(d, true), ERR_REFUSED);
    assert_string_equal(d->why.rule, "channel.record_differs");
    d->remote.record_count = d->remote.item_count = 0;
    record(d, 1, "T-ONE", "11", 1);
    record(d, 1, "T-ONE", "11", 1);
    assert_int_equal(make(d, true), ERR_REFUSED);
    assert_string_equal(d->why.rule, "channel.recorded_twice");
}

static void plan__never_takes_lines_that_are_not_shipped(void **state)
{
    struct desk *d = *state;
    need(d, 0, "CARD", 1);
    line(d, "11", "CARD", 1, 0);
    d->remote.lines[0].physical = false;
    assert_int_equal(make(d, true), ERR_REFUSED);
    assert_string_equal(d->why.rule, "channel.line_unknown");
    assert_non_null(strstr(d->why.text, "CARD"));
    assert_string_equal(d->why.owner, "product-data");
}

static void plan__prefers_the_named_line_then_fills_by_sku(void **state)
{
    struct desk *d = *state;
    need(d, 0, "MUG", 3);
    copy(d->plan.needs[0].shop_line, "12");
    line(d, "11", "MUG", 2, 0);
    line(d, "12", "MUG", 2, 0);
    assert_int_equal(make(d, true), ERR_OK);
    assert_int_equal(d->plan.share_count, 2);
    assert_string_equal(d->plan.shares[0].line.remote_id, "12");
    assert_int_equal(d->plan.shares[0].line.quantity, 2);
    assert_int_equal(d->plan.shares[1].line.quantity, 1);
}

static void plan__splits_by_address_only_where_the_shop_demands_it(void **state)
{
    struct desk *d = *state;
    need(d, 0, "MUG", 1);
    need(d, 0, "HAT", 1);
    line(d, "11", "MUG", 1, 0);
    line(d, "12", "HAT", 1, 0);
    copy(d->remote.lines[1].address, "2");
    assert_int_equal(make(d, false), ERR_OK);
    assert_int_equal(d->plan.record_count, 1);
    memset(&d->plan, 0, sizeof d->plan);
    need(d, 0, "MUG", 1);
    need(d, 0, "HAT", 1);
    assert_int_equal(make(d, true), ERR_OK);
    assert_int_equal(d->plan.record_count, 2);
    assert_string_equal(d->plan.records[1].address, "2");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(plan__takes_off_only_what_its_own_parcel_holds),
        TEST(plan__compares_tracking_without_blanks),
        TEST(plan__believes_the_records_when_a_line_counts_late),
        TEST(plan__refuses_our_key_on_another_parcel_or_line_or_twice),
        TEST(plan__never_takes_lines_that_are_not_shipped),
        TEST(plan__prefers_the_named_line_then_fills_by_sku),
        TEST(plan__splits_by_address_only_where_the_shop_demands_it),
    };
    return cmocka_run_group_tests_name("channels plan", tests, NULL, NULL);
}
