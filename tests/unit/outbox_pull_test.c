/* Find-and-pull, recall, and what a lead may do about an exception. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/outbox_bed.h"

static int set_up(void **state)
{
    *state = bed_new();
    return 0;
}

static int tear_down(void **state)
{
    bed_free(*state);
    return 0;
}

static int64_t dispatch_state(struct bed *b)
{
    return bed_int(b, "SELECT state FROM dispatch ORDER BY id LIMIT 1");
}

static int64_t message_state(struct bed *b, bool shop)
{
    return shop ? bed_int(b, "SELECT state FROM message WHERE step = 2 ORDER BY id LIMIT 1")
                : bed_int(b, "SELECT state FROM message WHERE step = 0 ORDER BY id LIMIT 1");
}

static void pull_now(struct bed *b, int64_t dispatch)
{
    assert_int_equal(outbox_pull(b->ob, dispatch, "order.cancelled", "Cancelled in the shop."),
                     ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
}

static void pull__freezes_what_is_not_delivered(void **state)
{
    struct bed *b = *state;
    int64_t d = bed_save(b, "O1", "shop");
    pull_now(b, d);
    pull_now(b, d);
    assert_int_equal(dispatch_state(b), DISPATCH_PULL);
    assert_int_equal(bed_figures(b, CLARUS).frozen, 1);
    assert_int_equal(bed_figures(b, "shop").frozen, 1);
    assert_int_equal(bed_figures(b, CLARUS).waiting, 0);
    struct exception_row x = bed_exception(b, "order.cancelled");
    assert_int_equal(x.times, 1);
    assert_int_equal(x.dispatch_id, d);
    assert_true(x.next_step[0] != '\0');
    bed_pass(b, 3600000);
    assert_int_equal(b->count, 0);
    bed_crash(b, true);
    bed_pass(b, 3600000);
    assert_int_equal(b->count, 0);
    assert_int_equal(outbox_pull(b->ob, 99, "r", "t"), ERR_NOTFOUND);
}

static void pull__after_clarus_freezes_the_storefront_alone(void **state)
{
    struct bed *b = *state;
    int64_t d = bed_save(b, "O1", "shop");
    bed_tick(b);
    bed_end(b, bed_last(b)->id, ATTEMPT_DONE);
    pull_now(b, d);
    assert_int_equal(message_state(b, false), MESSAGE_DONE);
    assert_int_equal(message_state(b, true), MESSAGE_FROZEN);
    assert_int_equal(dispatch_state(b), DISPATCH_PULL);
    assert_int_equal(bed_int(b, "SELECT settled_at FROM dispatch"), 0);
}

static void pull__pulled_withdraws_and_lets_the_lane_go_on(void **state)
{
    struct bed *b = *state;
    int64_t d = bed_save(b, "O1", "shop");
    int64_t next = bed_save(b, "O1", "none");
    pull_now(b, d);
    bed_pass(b, 60000);
    assert_int_equal(b->count, 0);
    struct exception_row x = bed_exception(b, "order.cancelled");
    assert_int_equal(exception_do(b->ob, x.id, EXCEPTION_RESOLVE, "Lea", "done"), ERR_UNSUPPORTED);
    assert_int_equal(exception_do(b->ob, x.id, EXCEPTION_RETRY, "Lea", ""), ERR_UNSUPPORTED);
    assert_int_equal(exception_do(b->ob, x.id, EXCEPTION_PULLED, "", ""), ERR_INVALID);
    assert_int_equal(exception_do(b->ob, x.id, EXCEPTION_PULLED, "Lea", "back on shelf"), ERR_OK);
    assert_int_equal(exception_do(b->ob, x.id, EXCEPTION_PULLED, "Lea", ""), ERR_NOTFOUND);
    assert_int_equal(store_commit(b->st), ERR_OK);
    assert_int_equal(dispatch_state(b), DISPATCH_PULLED);
    assert_int_equal(message_state(b, true), MESSAGE_WITHDRAWN);
    assert_true(bed_int(b, "SELECT settled_at FROM dispatch WHERE id = 1") > 0);
    struct exception_row closed;
    assert_int_equal(exception_get(b->st, x.id, &closed), ERR_OK);
    assert_false(closed.open);
    assert_string_equal(closed.closed_by, "Lea");
    assert_string_equal(closed.closed_how, "pulled");
    assert_int_equal(bed_int(b, "SELECT COUNT(*) FROM story WHERE event='pulled' AND who='Lea'"),
                     1);
    bed_tick(b);
    assert_int_equal(b->count, 1);
    assert_int_equal(bed_last(b)->dispatch_id, next);
    assert_int_equal(bed_figures(b, CLARUS).frozen, 0);
    assert_int_equal(bed_figures(b, "shop").waiting, 0);
}

static void pull__gone_confirms_to_clarus_and_parks_the_storefront(void **state)
{
    struct bed *b = *state;
    int64_t d = bed_save(b, "O1", "shop");
    pull_now(b, d);
    assert_int_equal(outbox_pull_end(b->ob, d, PULL_END_GONE, "Lea", "on the truck"), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
    assert_int_equal(outbox_pull_end(b->ob, d, PULL_END_GONE, "Lea", ""), ERR_NOTFOUND);
    assert_int_equal(message_state(b, true), MESSAGE_PARKED);
    struct exception_row x = bed_exception(b, "pull.gone");
    assert_string_equal(x.owner, "e-commerce");
    bed_tick(b);
    assert_int_equal(b->count, 1);
    assert_string_equal(bed_last(b)->destination, CLARUS);
    bed_end(b, bed_last(b)->id, ATTEMPT_REFUSED);
    assert_int_equal(dispatch_state(b), DISPATCH_GONE);
    assert_int_equal(message_state(b, false), MESSAGE_PARKED);
    struct exception_row y = bed_exception(b, "delivery.parked");
    assert_int_equal(exception_do(b->ob, y.id, EXCEPTION_RESOLVE, "Lea", ""), ERR_INVALID);
    assert_int_equal(exception_do(b->ob, y.id, EXCEPTION_RESOLVE, "Lea", "by hand"), ERR_OK);
    assert_int_equal(exception_do(b->ob, x.id, EXCEPTION_RETRY, "Eva", ""), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
    bed_tick(b);
    assert_string_equal(bed_last(b)->destination, "shop");
    bed_end(b, bed_last(b)->id, ATTEMPT_DONE);
    assert_int_equal(dispatch_state(b), DISPATCH_GONE);
    assert_true(bed_int(b, "SELECT settled_at FROM dispatch") > 0);
}

static void pull__waits_for_an_attempt_under_way(void **state)
{
    struct bed *b = *state;
    int64_t d = bed_save(b, "O1", "shop");
    bed_tick(b);
    pull_now(b, d);
    assert_int_equal(message_state(b, false), MESSAGE_FLYING);
    assert_int_equal(outbox_pull_end(b->ob, d, PULL_END_PULLED, "Lea", ""), ERR_BUSY);
    bed_end(b, bed_last(b)->id, ATTEMPT_UNKNOWN);
    assert_int_equal(message_state(b, false), MESSAGE_FROZEN);
    assert_int_equal(outbox_pull_end(b->ob, d, PULL_END_PULLED, "Lea", ""), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
    assert_true(bed_exception(b, "pull.effect_unknown").id != 0);
}

static void pull__done_under_way_stays_done(void **state)
{
    struct bed *b = *state;
    int64_t d = bed_save(b, "O1", "shop");
    bed_tick(b);
    pull_now(b, d);
    bed_end(b, bed_last(b)->id, ATTEMPT_DONE);
    assert_int_equal(message_state(b, false), MESSAGE_DONE);
    assert_int_equal(message_state(b, true), MESSAGE_FROZEN);
    assert_int_equal(dispatch_state(b), DISPATCH_PULL);
    bed_pass(b, 60000);
    assert_int_equal(b->count, 1);
}

static void pull__a_crash_in_flight_leaves_it_frozen(void **state)
{
    struct bed *b = *state;
    int64_t d = bed_save(b, "O1", "shop");
    bed_tick(b);
    pull_now(b, d);
    bed_crash(b, true);
    assert_int_equal(message_state(b, false), MESSAGE_FROZEN);
    assert_int_equal(bed_int(b, "SELECT look_first FROM message WHERE step = 0"), 1);
    assert_int_equal(outbox_pull_end(b->ob, d, PULL_END_GONE, "Lea", ""), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
    bed_tick(b);
    assert_true(bed_last(b)->look_first);
}

static void pull__a_refusal_by_clarus_opens_it(void **state)
{
    struct bed *b = *state;
    bed_save(b, "O1", "shop");
    bed_tick(b);
    const struct attempt_result r = {.outcome = ATTEMPT_REFUSED, .text = "Task is closed."};
    bed_end_with(b, bed_last(b)->id, &r);
    assert_int_equal(dispatch_state(b), DISPATCH_REFUSED);
    assert_int_equal(bed_figures(b, CLARUS).frozen, 1);
    assert_int_equal(bed_figures(b, "shop").frozen, 1);
    struct exception_row x = bed_exception(b, "clarus.dispatch_refused");
    assert_string_equal(x.text, "Task is closed.");
    assert_string_equal(x.origin, "clarus");
    assert_int_equal(exception_do(b->ob, x.id, EXCEPTION_GONE, "Lea", ""), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
    assert_int_equal(dispatch_state(b), DISPATCH_GONE);
}

static void pull__a_cancelled_order_over_there_opens_it(void **state)
{
    struct bed *b = *state;
    bed_save(b, "O1", "shop");
    bed_tick(b);
    bed_end(b, bed_last(b)->id, ATTEMPT_DONE);
    bed_tick(b);
    bed_end(b, bed_last(b)->id, ATTEMPT_CANCELLED);
    assert_int_equal(dispatch_state(b), DISPATCH_PULL);
    assert_int_equal(message_state(b, true), MESSAGE_FROZEN);
    assert_true(bed_exception(b, "order.cancelled").id != 0);
}

static void pull__two_dispatches_of_one_order_have_their_own_exceptions(void **state)
{
    struct bed *b = *state;
    int64_t one = bed_save(b, "O1", "none");
    int64_t two = bed_save(b, "O1", "none");
    pull_now(b, one);
    pull_now(b, two);
    assert_int_equal(bed_int(b, "SELECT COUNT(*) FROM exception WHERE open = 1"), 2);
}

static void recall__withdraws_what_was_never_sent(void **state)
{
    struct bed *b = *state;
    int64_t d = bed_save(b, "O1", "shop");
    assert_int_equal(outbox_recall(b->ob, d, "", ""), ERR_INVALID);
    assert_int_equal(outbox_recall(b->ob, d, "P1", "wrong box"), ERR_OK);
    assert_int_equal(outbox_recall(b->ob, d, "P1", "wrong box"), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
    assert_int_equal(dispatch_state(b), DISPATCH_RECALLED);
    assert_int_equal(message_state(b, false), MESSAGE_WITHDRAWN);
    assert_int_equal(message_state(b, true), MESSAGE_WITHDRAWN);
    bed_pass(b, 60000);
    assert_int_equal(b->count, 0);
    assert_int_equal(bed_figures(b, CLARUS).waiting, 0);
    pull_now(b, d);
    assert_int_equal(dispatch_state(b), DISPATCH_RECALLED);
}

static void recall__of_something_sent_opens_find_and_pull(void **state)
{
    struct bed *b = *state;
    int64_t d = bed_save(b, "O1", "shop");
    bed_tick(b);
    bed_end(b, bed_last(b)->id, ATTEMPT_UNKNOWN);
    assert_int_equal(outbox_recall(b->ob, d, "P1", "wrong box"), ERR_BUSY);
    assert_int_equal(store_commit(b->st), ERR_OK);
    assert_int_equal(dispatch_state(b), DISPATCH_PULL);
    assert_true(bed_exception(b, "bench.recalled").id != 0);
}

static void exceptions__count_up_and_close_by_cause(void **state)
{
    struct bed *b = *state;
    int64_t one = 0;
    int64_t two = 0;
    const struct exception_spec spec = {.rule = "printer.out_of_paper",
                                        .origin = "device",
                                        .owner = "packer",
                                        .object = "label-printer",
                                        .text = "No paper.",
                                        .next_step = "Load labels."};
    wall_t at = hal_wall(b->hal);
    assert_int_equal(exception_raise(b->st, at, &spec, &one), ERR_OK);
    assert_int_equal(exception_raise(b->st, at, &spec, &two), ERR_OK);
    assert_int_equal(one, two);
    assert_int_equal(bed_exception(b, spec.rule).times, 2);
    assert_int_equal(bed_exception(b, spec.rule).consignment_id, 0);
    assert_int_equal(exception_do(b->ob, one, EXCEPTION_RETRY, "Lea", ""), ERR_UNSUPPORTED);
    assert_int_equal(exception_do(b->ob, one, EXCEPTION_GONE, "Lea", ""), ERR_UNSUPPORTED);
    assert_int_equal(exception_clear(b->st, at, spec.rule, "another printer"), ERR_OK);
    assert_int_equal(bed_exception(b, spec.rule).id, one);
    assert_int_equal(exception_clear(b->st, at, spec.rule, spec.object), ERR_OK);
    assert_int_equal(bed_exception(b, spec.rule).id, 0);
    assert_int_equal(exception_close(b->st, at, one, "Lea", "x", NULL), ERR_NOTFOUND);
    assert_int_equal(exception_raise(b->st, at, &spec, &two), ERR_OK);
    assert_int_not_equal(one, two);
    assert_int_equal(exception_close(b->st, at, two, "Lea", "loaded", NULL), ERR_OK);
    assert_int_equal(exception_get(b->st, 999, &(struct exception_row){.id = 0}), ERR_NOTFOUND);
    assert_int_equal(exception_do(b->ob, 999, EXCEPTION_RETRY, "Lea", ""), ERR_NOTFOUND);
}

static void exceptions__resolving_by_hand_lets_the_next_step_go(void **state)
{
    struct bed *b = *state;
    bed_save(b, "O1", "shop");
    bed_tick(b);
    bed_end(b, bed_last(b)->id, ATTEMPT_PARK);
    struct exception_row x = bed_exception(b, "delivery.parked");
    assert_int_equal(exception_do(b->ob, x.id, EXCEPTION_RESOLVE, "Lea", "done in Clarus"), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
    assert_int_equal(dispatch_state(b), DISPATCH_DISPATCHED);
    bed_tick(b);
    assert_string_equal(bed_last(b)->destination, "shop");
    struct exception_row closed;
    assert_int_equal(exception_get(b->st, x.id, &closed), ERR_OK);
    assert_string_equal(closed.closed_by, "Lea");
    assert_string_equal(closed.closed_how, "resolve");
}

static void exceptions__list_the_oldest_first(void **state)
{
    struct bed *b = *state;
    struct exception_row rows[2];
    static const char *const OBJECTS[] = {"z", "a", "m"};
    for (size_t i = 0; i < 3; i++) {
        const struct exception_spec spec = {.rule = "r",
                                            .origin = "station",
                                            .owner = "lead",
                                            .object = OBJECTS[i],
                                            .text = "t",
                                            .next_step = "n"};
        assert_int_equal(exception_raise(b->st, hal_wall(b->hal), &spec, NULL), ERR_OK);
        bed_pass(b, 1000);
    }
    assert_int_equal(exception_rows(b->st, rows, 2), 2);
    assert_string_equal(rows[0].object, "z");
    assert_string_equal(rows[1].object, "a");
}

/* After a mapping was put right everything that stopped for it goes on, once. */
static void exceptions__of_one_rule_are_retried_together(void **state)
{
    struct bed *b = *state;
    struct exception_bulk bulk;
    static const struct attempt_result UNKNOWN_SKU = {.outcome = ATTEMPT_PARK,
                                                      .rule = "channel.sku_unknown"};
    static const struct attempt_result OTHER = {.outcome = ATTEMPT_PARK, .rule = "channel.refused"};
    for (int i = 0; i < 3; i++) {
        char order[8] = {'O', (char)('0' + i), 0};
        bed_save(b, order, "none");
        bed_tick(b);
        bed_end_with(b, bed_last(b)->id, i == 2 ? &OTHER : &UNKNOWN_SKU);
    }
    assert_int_equal(bed_figures(b, CLARUS).parked, 3);
    size_t before = b->count;
    assert_int_equal(
        exception_do_rule(b->ob, "channel.sku_unknown", EXCEPTION_RETRY, "Lea", "", &bulk), ERR_OK);
    assert_int_equal(bulk.done, 2);
    assert_int_equal(bulk.skipped, 0);
    assert_false(bulk.more);
    assert_int_equal(
        exception_do_rule(b->ob, "channel.sku_unknown", EXCEPTION_RETRY, "Lea", "", &bulk),
        ERR_NOTFOUND);
    assert_int_equal(store_commit(b->st), ERR_OK);
    bed_tick(b);
    assert_int_equal(b->count, before + 2);
    assert_int_equal(bed_figures(b, CLARUS).parked, 1);
    assert_int_not_equal(bed_exception(b, "channel.refused").id, 0);
}

static void exceptions__of_one_rule_leave_what_the_act_does_not_fit(void **state)
{
    struct bed *b = *state;
    struct exception_bulk bulk;
    int64_t id = bed_save(b, "O1", "none");
    assert_int_equal(outbox_pull(b->ob, id, "order.cancelled", "t"), ERR_OK);
    assert_int_equal(
        exception_do_rule(b->ob, "order.cancelled", EXCEPTION_RESOLVE, "Lea", "fine", &bulk),
        ERR_OK);
    assert_int_equal(bulk.done, 0);
    assert_int_equal(bulk.skipped, 1);
    assert_int_not_equal(bed_exception(b, "order.cancelled").id, 0);
    assert_int_equal(exception_do_rule(b->ob, "order.cancelled", EXCEPTION_GONE, "Lea", "", &bulk),
                     ERR_UNSUPPORTED);
    assert_int_equal(
        exception_do_rule(b->ob, "order.cancelled", EXCEPTION_RESOLVE, "Lea", "", &bulk),
        ERR_INVALID);
    assert_int_equal(exception_do_rule(b->ob, "order.cancelled", EXCEPTION_RETRY, "", "", &bulk),
                     ERR_INVALID);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(exceptions__of_one_rule_are_retried_together),
        TEST(exceptions__of_one_rule_leave_what_the_act_does_not_fit),
        TEST(pull__freezes_what_is_not_delivered),
        TEST(pull__after_clarus_freezes_the_storefront_alone),
        TEST(pull__pulled_withdraws_and_lets_the_lane_go_on),
        TEST(pull__gone_confirms_to_clarus_and_parks_the_storefront),
        TEST(pull__waits_for_an_attempt_under_way),
        TEST(pull__done_under_way_stays_done),
        TEST(pull__a_crash_in_flight_leaves_it_frozen),
        TEST(pull__a_refusal_by_clarus_opens_it),
        TEST(pull__a_cancelled_order_over_there_opens_it),
        TEST(pull__two_dispatches_of_one_order_have_their_own_exceptions),
        TEST(recall__withdraws_what_was_never_sent),
        TEST(recall__of_something_sent_opens_find_and_pull),
        TEST(exceptions__count_up_and_close_by_cause),
        TEST(exceptions__resolving_by_hand_lets_the_next_step_go),
        TEST(exceptions__list_the_oldest_first),
    };
    return cmocka_run_group_tests_name("outbox pull", tests, NULL, NULL);
}
