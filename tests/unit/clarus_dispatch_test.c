/* The dispatch confirmation: whole DISP tasks, once, whatever is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/clarus_bed.h"

struct scene {
    struct clarus_bed *b;
    int64_t order;
    int64_t shipment;
};

static struct scene scene_new(const struct clarus_bed_options *options)
{
    struct scene s = {.b = clarus_bed_new(options)};
    s.order = clarus_bed_order(s.b, "WEB-1");
    assert_int_equal(clarus_bed_check(s.b, s.order, CHECK_OPEN)->kind, VERDICT_GO);
    s.shipment = clarus_bed_shipment(s.b, s.order, 1);
    clarus_bed_buy(s.b, s.shipment);
    return s;
}

static bool settled(struct clarus_bed *b)
{
    return clarus_bed_int(b, "SELECT count(*) FROM message WHERE state IN (0, 1, 2)") == 0;
}

static void scene_dispatch(struct scene *s)
{
    clarus_bed_save(s->b, s->order, s->shipment);
    clarus_bed_until(s->b, settled, "dispatch settled");
}

static int64_t message_state(struct scene *s)
{
    return clarus_bed_int(s->b, "SELECT state FROM message ORDER BY id DESC LIMIT 1");
}

static size_t alarms(struct scene *s, const char *rule)
{
    struct exception_row rows[16];
    size_t n = exception_rows(s->b->st, rows, 16), found = 0;
    for (size_t i = 0; i < n && i < 16; i++)
        found += strcmp(rows[i].rule, rule) == 0;
    return found;
}

static void scene_end(struct scene *s, size_t dispatches)
{
    assert_int_equal(peers_dispatches(s->b->peers, "WEB-1", NULL, 0), dispatches);
    clarus_bed_sound(s->b);
    clarus_bed_free(s->b);
}

static void dispatch__completes_every_task_and_reads_the_outcome(void **state)
{
    (void)state;
    struct scene s = scene_new(NULL);
    scene_dispatch(&s);
    assert_int_equal(message_state(&s), MESSAGE_DONE);
    assert_int_equal(clarus_bed_int(s.b, "SELECT sum(dispatched) FROM line l JOIN consignment c ON "
                                         "c.id = l.consignment_id WHERE c.reference = 'WEB-1'"),
                     3000);
    char text[RULE_CAP];
    clarus_bed_texts(s.b,
                     "SELECT clarus_status || state FROM consignment WHERE reference = 'WEB-1'",
                     text, sizeof text);
    assert_string_equal(text, "COMPLETED10");
    assert_int_equal(clarus_bed_int(s.b, "SELECT state FROM shipment"), SHIPMENT_DISPATCHED);
    assert_int_equal(
        clarus_bed_int(s.b, "SELECT count(*) FROM story WHERE event = 'clarus.dispatched' AND "
                            "detail = 'complete'"),
        1);
    scene_end(&s, 2);
}

static void dispatch__works_with_documented_fields_only(void **state)
{
    (void)state;
    struct scene s =
        scene_new(&(struct clarus_bed_options){.peers = {.inferred_off = PEER_INFER_ALL}});
    scene_dispatch(&s);
    assert_int_equal(message_state(&s), MESSAGE_DONE);
    scene_end(&s, 2);
}

static void dispatch__survives_each_lost_reply(void **state)
{
    (void)state;
    static const enum peer_fault_kind kinds[] = {PEER_FAULT_LOSE_REPLY,  PEER_FAULT_DROP,
                                                 PEER_FAULT_RESET,       PEER_FAULT_ERROR_BEFORE,
                                                 PEER_FAULT_ERROR_AFTER, PEER_FAULT_HTML,
                                                 PEER_FAULT_TRUNCATE,    PEER_FAULT_GARBAGE,
                                                 PEER_FAULT_RATE_LIMIT,  PEER_FAULT_EXPIRE_TOKEN};
    static const char *const calls[] = {"/api/tasks/", "tasks {", "goods_outs {",
                                        "goods_out_lines {"};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
            for (uint32_t skip = 0; skip < 2; skip++) {
                struct scene s = scene_new(NULL);
                const struct peer_fault f = {
                    .peer = PEER_CLARUS, .kind = kinds[k], .match = calls[i], .skip = skip};
                peers_fault_add(s.b->peers, &f);
                scene_dispatch(&s);
                assert_int_equal(message_state(&s), MESSAGE_DONE);
                scene_end(&s, 2);
            }
}

static void dispatch__survives_lagging_reads(void **state)
{
    (void)state;
    struct clarus_bed *b =
        clarus_bed_new(&(struct clarus_bed_options){.peers = {.read_lag_ms = 4000}});
    struct scene s = {.b = b};
    clarus_bed_pass(b, 60000);
    s.order = clarus_bed_order(b, "WEB-1");
    clarus_bed_check(b, s.order, CHECK_OPEN);
    s.shipment = clarus_bed_shipment(b, s.order, 1);
    clarus_bed_buy(b, s.shipment);
    clarus_bed_fault(b, PEER_FAULT_LOSE_REPLY, "PATCH", "/api/tasks/");
    scene_dispatch(&s);
    assert_int_equal(message_state(&s), MESSAGE_DONE);
    scene_end(&s, 2);
}

static void dispatch__resumes_after_a_power_cut_at_any_moment(void **state)
{
    (void)state;
    for (unsigned cut = 1; cut < 60; cut++) {
        struct scene s = scene_new(NULL);
        clarus_bed_save(s.b, s.order, s.shipment);
        mono_t until = mono_plus(hal_now(s.b->hal), 2000);
        unsigned rounds = 0;
        while (rounds < cut && !settled(s.b) && clarus_bed_round(s.b, until))
            rounds++;
        bool ended = rounds < cut;
        clarus_bed_crash(s.b);
        clarus_bed_until(s.b, settled, "dispatch settled after the cut");
        assert_int_equal(message_state(&s), MESSAGE_DONE);
        scene_end(&s, 2);
        if (ended) break;
    }
}

static void dispatch__part_completes_only_its_tasks(void **state)
{
    (void)state;
    struct scene s = scene_new(NULL);
    clarus_bed_sql(s.b, "DELETE FROM parcel_item WHERE line_id IN (SELECT id FROM line WHERE sku = "
                        "'B')");
    scene_dispatch(&s);
    assert_int_equal(message_state(&s), MESSAGE_DONE);
    assert_int_equal(peers_dispatches(s.b->peers, "WEB-1", NULL, 0), 1);
    assert_int_equal(
        clarus_bed_int(s.b, "SELECT count(*) FROM story WHERE event = 'clarus.dispatched' AND "
                            "detail = 'partial'"),
        1);
    int64_t rest = clarus_bed_shipment(s.b, s.order, 1);
    clarus_bed_sql(s.b, "DELETE FROM parcel_item WHERE parcel_id = (SELECT max(id) FROM parcel) "
                        "AND line_id IN (SELECT id FROM line WHERE sku = 'A')");
    clarus_bed_buy(s.b, rest);
    s.shipment = rest;
    scene_dispatch(&s);
    assert_int_equal(message_state(&s), MESSAGE_DONE);
    assert_int_equal(alarms(&s, "clarus.part_of_task"), 0);
    scene_end(&s, 2);
}

static void dispatch__less_than_a_task_is_parked_for_the_lead(void **state)
{
    (void)state;
    struct scene s = scene_new(NULL);
    clarus_bed_sql(s.b, "UPDATE parcel_item SET quantity = 1000");
    scene_dispatch(&s);
    assert_int_equal(message_state(&s), MESSAGE_PARKED);
    assert_int_equal(alarms(&s, "clarus.part_of_task"), 1);
    scene_end(&s, 1); /* the whole task of B went through */
}

static void dispatch__refused_opens_find_and_pull(void **state)
{
    (void)state;
    struct scene s = scene_new(NULL);
    const struct peer_fault refuse = {.peer = PEER_CLARUS,
                                      .kind = PEER_FAULT_REFUSE,
                                      .method = "PATCH",
                                      .match = "/api/tasks/",
                                      .times = UINT32_MAX,
                                      .words = "Stock is on hold"};
    peers_fault_add(s.b->peers, &refuse);
    scene_dispatch(&s);
    assert_int_equal(clarus_bed_int(s.b, "SELECT state FROM dispatch"), DISPATCH_REFUSED);
    assert_int_equal(clarus_bed_int(s.b,
                                    "SELECT count(*) FROM exception WHERE open = 1 AND text LIKE "
                                    "'%Stock is on hold%'") >= 1,
                     1);
    scene_end(&s, 0);
}

static void dispatch__a_task_that_is_gone_opens_find_and_pull(void **state)
{
    (void)state;
    struct scene s = scene_new(NULL);
    const struct peer_fault gone = {.peer = PEER_CLARUS,
                                    .kind = PEER_FAULT_ERROR_BEFORE,
                                    .method = "PATCH",
                                    .match = "/api/tasks/",
                                    .times = UINT32_MAX,
                                    .status = 404};
    peers_fault_add(s.b->peers, &gone);
    scene_dispatch(&s);
    assert_int_equal(clarus_bed_int(s.b, "SELECT state FROM dispatch"), DISPATCH_PULL);
    scene_end(&s, 0);
}

static void dispatch__cancelled_orders_are_not_confirmed(void **state)
{
    (void)state;
    static const enum peer_change_kind kinds[] = {PEER_CLARUS_CANCEL, PEER_CLARUS_VANISH,
                                                  PEER_CLARUS_RELEASE};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct scene s = scene_new(NULL);
        clarus_bed_change(s.b, kinds[i], "WEB-1", NULL);
        scene_dispatch(&s);
        assert_int_equal(clarus_bed_int(s.b, "SELECT state FROM dispatch"), DISPATCH_PULL);
        scene_end(&s, 0);
    }
}

static void dispatch__cancelled_while_offline_is_heard_once(void **state)
{
    (void)state;
    struct scene s = scene_new(NULL);
    s.b->offline = true;
    clarus_bed_save(s.b, s.order, s.shipment);
    clarus_bed_pass(s.b, 120000);
    assert_int_equal(message_state(&s), MESSAGE_WAITING);
    clarus_bed_change(s.b, PEER_CLARUS_CANCEL, "WEB-1", NULL);
    s.b->offline = false;
    clarus_bed_until(s.b, settled, "pull");
    assert_int_equal(clarus_bed_int(s.b, "SELECT state FROM dispatch"), DISPATCH_PULL);
    scene_end(&s, 0);
}

static void worklist__hears_of_a_cancellation_after_saving(void **state)
{
    (void)state;
    struct scene s = scene_new(NULL);
    const struct peer_fault busy = {.peer = PEER_CLARUS,
                                    .kind = PEER_FAULT_RATE_LIMIT,
                                    .method = "PATCH",
                                    .times = UINT32_MAX,
                                    .wait_ms = 40000};
    peers_fault_add(s.b->peers, &busy);
    clarus_bed_save(s.b, s.order, s.shipment);
    clarus_bed_pass(s.b, 1000);
    clarus_bed_change(s.b, PEER_CLARUS_CANCEL, "WEB-1", NULL);
    peers_fault_clear(s.b->peers);
    clarus_bed_pass(s.b, 120000);
    assert_true(s.b->late_cancel_count > 0 ||
                clarus_bed_int(s.b, "SELECT state FROM dispatch") == DISPATCH_PULL);
    scene_end(&s, 0);
}

static void dispatch__tasks_completed_already_count_as_done(void **state)
{
    (void)state;
    struct scene s = scene_new(NULL);
    clarus_bed_save(s.b, s.order, s.shipment);
    clarus_bed_until(s.b, settled, "first");
    clarus_bed_sql(s.b, "UPDATE message SET state = 1, progress = '', due_mono = 0");
    clarus_bed_sql(s.b, "UPDATE dispatch SET state = 0");
    clarus_bed_crash(s.b);
    clarus_bed_until(s.b, settled, "again");
    assert_int_equal(message_state(&s), MESSAGE_DONE);
    scene_end(&s, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dispatch__completes_every_task_and_reads_the_outcome),
        cmocka_unit_test(dispatch__works_with_documented_fields_only),
        cmocka_unit_test(dispatch__survives_each_lost_reply),
        cmocka_unit_test(dispatch__survives_lagging_reads),
        cmocka_unit_test(dispatch__resumes_after_a_power_cut_at_any_moment),
        cmocka_unit_test(dispatch__part_completes_only_its_tasks),
        cmocka_unit_test(dispatch__less_than_a_task_is_parked_for_the_lead),
        cmocka_unit_test(dispatch__refused_opens_find_and_pull),
        cmocka_unit_test(dispatch__a_task_that_is_gone_opens_find_and_pull),
        cmocka_unit_test(dispatch__cancelled_orders_are_not_confirmed),
        cmocka_unit_test(dispatch__cancelled_while_offline_is_heard_once),
        cmocka_unit_test(worklist__hears_of_a_cancellation_after_saving),
        cmocka_unit_test(dispatch__tasks_completed_already_count_as_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
