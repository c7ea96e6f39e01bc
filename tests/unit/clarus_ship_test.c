/* Shipments, labels and voids of the Clarus client: at most one label, whatever is lost. */
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

static struct scene scene_new(const struct clarus_bed_options *options, unsigned parcels)
{
    struct scene s = {.b = clarus_bed_new(options)};
    if (options && options->peers.read_lag_ms) clarus_bed_pass(s.b, 60000);
    s.order = clarus_bed_order(s.b, "WEB-1");
    assert_int_equal(clarus_bed_check(s.b, s.order, CHECK_OPEN)->kind, VERDICT_GO);
    s.shipment = clarus_bed_shipment(s.b, s.order, parcels);
    return s;
}

/* Exactly these labels live at Clarus, and they are what the station stored. */
static void scene_end(struct scene *s, size_t labels, size_t live)
{
    struct peer_label l[8];
    size_t n = peers_labels(s->b->peers, "WEB-1", l, 8), alive = 0;
    assert_int_equal(n, labels);
    for (size_t i = 0; i < n; i++)
        alive += !l[i].voided;
    assert_int_equal(alive, live);
    if (live) {
        assert_int_equal(clarus_bed_int(s->b, "SELECT count(*) FROM parcel WHERE tracking <> ''"),
                         (int64_t)live);
        char tracking[TRACKING_CAP];
        clarus_bed_texts(s->b, "SELECT tracking FROM parcel WHERE tracking <> '' LIMIT 1", tracking,
                         sizeof tracking);
        bool found = false;
        for (size_t i = 0; i < n; i++)
            found |= strcmp(l[i].tracking, tracking) == 0 && !l[i].voided;
        assert_true(found);
    }
    clarus_bed_sound(s->b);
    clarus_bed_free(s->b);
}

static void prepare__makes_the_shipment_and_buys_nothing(void **state)
{
    (void)state;
    struct scene s = scene_new(NULL, 1);
    clarus_prepare(s.b->clarus, s.shipment);
    clarus_bed_pass(s.b, 3000);
    assert_int_equal(s.b->steps[LABEL_STEP_MADE], 1);
    assert_int_equal(clarus_bed_int(s.b, "SELECT state FROM shipment"), SHIPMENT_MADE);
    assert_int_equal(peers_request_count(s.b->peers, PEER_CLARUS, "POST", "/submit"), 0);
    clarus_prepare(s.b->clarus, s.shipment);
    clarus_bed_pass(s.b, 3000);
    assert_int_equal(peers_request_count(s.b->peers, PEER_CLARUS, "POST", "/api/shipments"), 1);
    clarus_bed_sql(s.b,
                   "INSERT INTO parcel (packaging, state, consignment_id, shipment_id, number) "
                   "SELECT 'BOX-S', 1, consignment_id, id, 2 FROM shipment");
    clarus_bed_buy(s.b, s.shipment);
    scene_end(&s, 2, 2);
}

static void buy__brings_tracking_and_document(void **state)
{
    (void)state;
    struct scene s = scene_new(NULL, 2);
    clarus_bed_buy(s.b, s.shipment);
    assert_int_equal(s.b->steps[LABEL_STEP_BOUGHT], 1);
    assert_true(slice_starts(buf_slice(&s.b->document), "%PDF-"));
    assert_int_equal(clarus_bed_int(s.b, "SELECT state FROM shipment"), SHIPMENT_BOUGHT);
    assert_int_equal(clarus_bed_int(s.b, "SELECT intent = '' FROM shipment"), 1);
    char service[NAME_CAP];
    clarus_bed_texts(s.b, "SELECT service_bought FROM shipment", service, sizeof service);
    assert_true(service[0] != '\0');
    scene_end(&s, 2, 2);
}

static void buy__again_buys_nothing_more(void **state)
{
    (void)state;
    struct scene s = scene_new(NULL, 1);
    clarus_bed_buy(s.b, s.shipment);
    clarus_bed_buy(s.b, s.shipment);
    clarus_buy(s.b->clarus, s.shipment);
    clarus_buy(s.b->clarus, s.shipment);
    clarus_bed_pass(s.b, 5000);
    assert_int_equal(peers_request_count(s.b->peers, PEER_CLARUS, "POST", "/submit"), 1);
    scene_end(&s, 1, 1);
}

/* Every write of the way to the label, with its reply lost or spoilt in every way. */
static void buy__survives_each_lost_reply(void **state)
{
    (void)state;
    static const enum peer_fault_kind kinds[] = {PEER_FAULT_LOSE_REPLY,  PEER_FAULT_DROP,
                                                 PEER_FAULT_RESET,       PEER_FAULT_ERROR_BEFORE,
                                                 PEER_FAULT_ERROR_AFTER, PEER_FAULT_HTML,
                                                 PEER_FAULT_TRUNCATE,    PEER_FAULT_GARBAGE,
                                                 PEER_FAULT_RATE_LIMIT,  PEER_FAULT_EXPIRE_TOKEN};
    static const char *const calls[] = {"/api/shipments", "/api/packages", "/submit",
                                        "/download",      "packages {",    "shipments {",
                                        "documents {",    "/files/"};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
            for (uint32_t lag = 0; lag <= 4000; lag += 4000) {
                struct scene s =
                    scene_new(&(struct clarus_bed_options){.peers = {.read_lag_ms = lag}}, 2);
                clarus_bed_fault(s.b, kinds[k], NULL, calls[i]);
                clarus_bed_buy(s.b, s.shipment);
                scene_end(&s, 2, 2);
            }
}

/* What was made without an answer is found, not made again and thrown away. */
static void make__lost_answers_leave_no_surplus(void **state)
{
    (void)state;
    static const char *const calls[] = {"/api/shipments", "/api/packages"};
    for (int crash = 0; crash < 2; crash++)
        for (size_t i = 0; i < 2; i++) {
            struct scene s = scene_new(NULL, 1);
            clarus_bed_fault(s.b, PEER_FAULT_LOSE_REPLY, "POST", calls[i]);
            clarus_prepare(s.b->clarus, s.shipment);
            while (!peers_request_count(s.b->peers, PEER_CLARUS, "POST", calls[i]))
                clarus_bed_round(s.b, mono_plus(hal_now(s.b->hal), 1000));
            assert_int_equal(clarus_bed_int(s.b, "SELECT intent <> '' FROM shipment"), 1);
            if (crash) clarus_bed_crash(s.b);
            clarus_bed_buy(s.b, s.shipment);
            assert_int_equal(peers_request_count(s.b->peers, PEER_CLARUS, "DELETE", NULL), 0);
            assert_int_equal(peers_request_count(s.b->peers, PEER_CLARUS, "POST", "/api/packages"),
                             1);
            assert_int_equal(peers_request_count(s.b->peers, PEER_CLARUS, "POST", "/api/shipments"),
                             2); /* one creation, one submit */
            scene_end(&s, 1, 1);
        }
}

static void buy__an_unanswered_submit_is_repeated_once_on_the_same_shipment(void **state)
{
    (void)state;
    struct scene s = scene_new(NULL, 1);
    uint32_t fault = clarus_bed_fault(s.b, PEER_FAULT_DROP, "POST", "/submit");
    mono_t from = hal_now(s.b->hal);
    clarus_bed_buy(s.b, s.shipment);
    assert_int_equal(peers_fault_hits(s.b->peers, fault), 1);
    assert_int_equal(peers_request_count(s.b->peers, PEER_CLARUS, "POST", "/submit"), 2);
    assert_true(hal_now(s.b->hal).ms - from.ms >= 60000);
    scene_end(&s, 1, 1);
}

static void buy__refused_keeps_the_shipment_and_may_be_tried_again(void **state)
{
    (void)state;
    struct scene s = scene_new(NULL, 1);
    const struct peer_fault refuse = {.peer = PEER_CLARUS,
                                      .kind = PEER_FAULT_REFUSE,
                                      .method = "POST",
                                      .match = "/submit",
                                      .words = "Carrier: postcode does not match the service"};
    peers_fault_add(s.b->peers, &refuse);
    clarus_buy(s.b->clarus, s.shipment);
    clarus_bed_pass(s.b, 5000);
    assert_int_equal(s.b->last_step, LABEL_STEP_REFUSED);
    assert_string_equal(s.b->label_text, "Carrier: postcode does not match the service");
    assert_int_equal(clarus_bed_int(s.b, "SELECT state FROM shipment"), SHIPMENT_REFUSED);
    clarus_bed_buy(s.b, s.shipment);
    assert_int_equal(peers_request_count(s.b->peers, PEER_CLARUS, "POST", "/api/shipments"), 3);
    scene_end(&s, 1, 1);
}

/* Power is cut after every round between the order to buy and the document. */
static void buy__resumes_after_a_power_cut_at_any_moment(void **state)
{
    (void)state;
    for (unsigned cut = 1; cut < 60; cut++) {
        struct scene s = scene_new(NULL, 2);
        clarus_buy(s.b->clarus, s.shipment);
        mono_t until = mono_plus(hal_now(s.b->hal), 3000);
        unsigned rounds = 0;
        assert_int_equal(store_commit(s.b->st), ERR_OK);
        effects_perform(s.b->fx);
        while (rounds < cut && clarus_bed_round(s.b, until))
            rounds++;
        bool ended = rounds < cut;
        clarus_bed_crash(s.b);
        clarus_bed_pass(s.b, 100);
        clarus_bed_buy(s.b, s.shipment);
        scene_end(&s, 2, 2);
        if (ended) break;
    }
}

static void buy__a_power_cut_with_a_lost_submit_buys_one_label(void **state)
{
    (void)state;
    for (int effect = 0; effect < 2; effect++) {
        struct scene s = scene_new(NULL, 1);
        clarus_bed_fault(s.b, effect ? PEER_FAULT_LOSE_REPLY : PEER_FAULT_DROP, "POST", "/submit");
        clarus_buy(s.b->clarus, s.shipment);
        while (!peers_request_count(s.b->peers, PEER_CLARUS, "POST", "/submit"))
            clarus_bed_round(s.b, mono_plus(hal_now(s.b->hal), 1000));
        clarus_bed_crash(s.b);
        assert_int_equal(clarus_bed_int(s.b, "SELECT intent = 'submit' FROM shipment"), 1);
        s.b->steps[LABEL_STEP_DOCUMENT] = 0;
        clarus_bed_pass(s.b, 150000);
        assert_int_equal(s.b->steps[LABEL_STEP_DOCUMENT], 1);
        scene_end(&s, 1, 1);
    }
}

static void buy__offline_buys_nothing_and_says_so(void **state)
{
    (void)state;
    struct scene s = scene_new(NULL, 1);
    s.b->offline = true;
    clarus_buy(s.b->clarus, s.shipment);
    clarus_bed_pass(s.b, 30000);
    assert_int_equal(s.b->last_step, LABEL_STEP_OFFLINE);
    assert_int_equal(clarus_bed_int(s.b, "SELECT intent = '' FROM shipment"), 1);
    s.b->offline = false;
    clarus_bed_buy(s.b, s.shipment);
    scene_end(&s, 1, 1);
}

static void buy__a_late_document_is_told_and_still_taken(void **state)
{
    (void)state;
    struct scene s =
        scene_new(&(struct clarus_bed_options){.peers = {.document_delay_ms = 90000}}, 1);
    clarus_buy(s.b->clarus, s.shipment);
    clarus_bed_pass(s.b, 80000);
    assert_int_equal(s.b->steps[LABEL_STEP_LATE], 1);
    assert_int_equal(s.b->steps[LABEL_STEP_BOUGHT], 1);
    assert_int_equal(clarus_bed_int(s.b, "SELECT count(*) FROM exception WHERE open = 1 AND rule = "
                                         "'clarus.label_pending'"),
                     1);
    clarus_bed_pass(s.b, 60000);
    assert_int_equal(s.b->steps[LABEL_STEP_DOCUMENT], 1);
    assert_int_equal(clarus_bed_int(s.b, "SELECT count(*) FROM exception WHERE open = 1"), 0);
    scene_end(&s, 1, 1);
}

static void buy__another_service_at_clarus_stops_before_the_money(void **state)
{
    (void)state;
    struct scene s = scene_new(NULL, 1);
    clarus_prepare(s.b->clarus, s.shipment);
    clarus_bed_pass(s.b, 2000);
    clarus_bed_sql(s.b, "UPDATE consignment SET service_id = '999'");
    clarus_buy(s.b->clarus, s.shipment);
    clarus_bed_pass(s.b, 2000);
    assert_int_equal(s.b->last_step, LABEL_STEP_CHANGED);
    assert_int_equal(peers_request_count(s.b->peers, PEER_CLARUS, "POST", "/submit"), 0);
    scene_end(&s, 0, 0);
}

static void buy__tells_whether_the_delivery_note_reached_the_carrier(void **state)
{
    (void)state;
    struct scene s = scene_new(NULL, 1);
    clarus_bed_buy(s.b, s.shipment);
    int64_t sent = clarus_bed_int(s.b, "SELECT note_sent FROM shipment");
    int64_t told =
        clarus_bed_int(s.b, "SELECT count(*) FROM story WHERE event = 'clarus.note_not_sent'");
    assert_int_equal(sent + told, 1);
    scene_end(&s, 1, 1);
}

static void check__finds_a_shipment_of_strangers(void **state)
{
    (void)state;
    struct scene s = scene_new(NULL, 1);
    clarus_bed_buy(s.b, s.shipment);
    assert_int_equal(clarus_bed_check(s.b, s.order, CHECK_LABEL)->kind, VERDICT_GO);
    clarus_bed_sql(s.b, "UPDATE shipment SET clarus_id = '1', key = 'OTHER'");
    assert_string_equal(clarus_bed_check(s.b, s.order, CHECK_LABEL)->rule,
                        "order.packed_elsewhere");
    clarus_bed_free(s.b);
}

/* --------------------------------------------------------------------------------------- void --
 */

static bool is_voided(struct clarus_bed *b)
{
    return b->voided_count > 0 && b->voided_error != ERR_GONE;
}

static void void_now(struct scene *s, err_t expected)
{
    s->b->voided_count = 0;
    clarus_void(s->b->clarus, s->shipment);
    clarus_bed_until(s->b, is_voided, "void");
    assert_int_equal(s->b->voided_error, expected);
}

static void void__deletes_what_was_not_bought(void **state)
{
    (void)state;
    struct scene s = scene_new(NULL, 1);
    void_now(&s, ERR_OK);
    s.shipment = clarus_bed_shipment(s.b, s.order, 1);
    clarus_prepare(s.b->clarus, s.shipment);
    clarus_bed_pass(s.b, 3000);
    void_now(&s, ERR_OK);
    assert_int_equal(peers_request_count(s.b->peers, PEER_CLARUS, "DELETE", "/shipments/"), 1);
    assert_int_equal(peers_request_count(s.b->peers, PEER_CLARUS, "POST", "/cancel"), 0);
    scene_end(&s, 0, 0);
}

static void void__cancels_what_was_bought_whatever_is_lost(void **state)
{
    (void)state;
    static const enum peer_fault_kind kinds[] = {PEER_FAULT_LOSE_REPLY,  PEER_FAULT_DROP,
                                                 PEER_FAULT_ERROR_AFTER, PEER_FAULT_HTML,
                                                 PEER_FAULT_RATE_LIMIT,  PEER_FAULT_GARBAGE};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct scene s = scene_new(NULL, 2);
        clarus_bed_buy(s.b, s.shipment);
        clarus_bed_fault(s.b, kinds[i], "POST", "/cancel");
        void_now(&s, ERR_OK);
        assert_int_equal(clarus_bed_int(s.b, "SELECT state FROM shipment"), SHIPMENT_VOID);
        clarus_bed_sql(s.b, "UPDATE parcel SET tracking = ''");
        scene_end(&s, 2, 0);
    }
}

static void void__refused_leaves_the_label_live_and_says_so(void **state)
{
    (void)state;
    struct scene s = scene_new(NULL, 1);
    clarus_bed_buy(s.b, s.shipment);
    const struct peer_fault refuse = {.peer = PEER_CLARUS,
                                      .kind = PEER_FAULT_REFUSE,
                                      .method = "POST",
                                      .match = "/cancel",
                                      .words = "Collected already"};
    peers_fault_add(s.b->peers, &refuse);
    void_now(&s, ERR_REFUSED);
    assert_string_equal(s.b->voided_text, "Collected already");
    assert_int_equal(clarus_bed_int(s.b, "SELECT state FROM shipment"), SHIPMENT_VOID_FAILED);
    assert_int_equal(clarus_bed_int(s.b, "SELECT count(*) FROM exception WHERE open = 1 AND rule = "
                                         "'clarus.void_refused'"),
                     1);
    scene_end(&s, 1, 1);
}

static void void__offline_is_told_and_done_when_the_network_returns(void **state)
{
    (void)state;
    for (int crash = 0; crash < 2; crash++) {
        struct scene s = scene_new(NULL, 1);
        clarus_bed_buy(s.b, s.shipment);
        s.b->offline = true;
        clarus_void(s.b->clarus, s.shipment);
        clarus_bed_pass(s.b, 60000);
        assert_int_equal(s.b->voided_error, ERR_GONE);
        assert_int_equal(s.b->voided_count, 1);
        if (crash) clarus_bed_crash(s.b);
        s.b->offline = false;
        s.b->voided_count = 0;
        clarus_bed_until(s.b, is_voided, "void after the network returned");
        assert_int_equal(s.b->voided_error, ERR_OK);
        clarus_bed_sql(s.b, "UPDATE parcel SET tracking = ''");
        scene_end(&s, 1, 0);
    }
}

static void void__without_room_is_done_later_also_after_a_crash(void **state)
{
    (void)state;
    for (int crash = 0; crash < 2; crash++) {
        struct scene s = scene_new(NULL, 1);
        clarus_bed_buy(s.b, s.shipment);
        for (uint32_t ticket = 1; ticket <= 40; ticket++) /* more than there is room for */
            clarus_check(s.b->clarus, 1000 + ticket, s.order, CHECK_OPEN);
        s.b->voided_count = 0;
        clarus_void(s.b->clarus, s.shipment);
        assert_int_equal(s.b->voided_count, 1);
        assert_int_equal(s.b->voided_error, ERR_GONE);
        assert_int_equal(store_commit(s.b->st), ERR_OK);
        if (crash) clarus_bed_crash(s.b);
        clarus_bed_until(s.b, is_voided, "void after there was room");
        assert_int_equal(s.b->voided_error, ERR_OK);
        clarus_bed_sql(s.b, "UPDATE parcel SET tracking = ''");
        scene_end(&s, 1, 0);
    }
}

static void void__at_any_moment_of_buying_leaves_no_live_label(void **state)
{
    (void)state;
    for (unsigned cut = 0; cut < 60; cut++) {
        struct scene s = scene_new(NULL, 1);
        clarus_buy(s.b->clarus, s.shipment);
        mono_t until = mono_plus(hal_now(s.b->hal), 3000);
        unsigned rounds = 0;
        assert_int_equal(store_commit(s.b->st), ERR_OK);
        effects_perform(s.b->fx);
        while (rounds < cut && clarus_bed_round(s.b, until))
            rounds++;
        bool ended = rounds < cut;
        if (cut % 2) clarus_bed_crash(s.b);
        void_now(&s, ERR_OK);
        clarus_bed_pass(s.b, 100000);
        struct peer_label l[4];
        size_t n = peers_labels(s.b->peers, "WEB-1", l, 4);
        for (size_t i = 0; i < n; i++)
            assert_true(l[i].voided);
        clarus_bed_sound(s.b);
        clarus_bed_free(s.b);
        if (ended) break;
    }
}

static void void__a_new_shipment_follows_with_a_new_key(void **state)
{
    (void)state;
    struct scene s = scene_new(NULL, 1);
    clarus_bed_buy(s.b, s.shipment);
    void_now(&s, ERR_OK);
    clarus_bed_sql(s.b, "UPDATE parcel SET tracking = '', state = 5");
    s.shipment = clarus_bed_shipment(s.b, s.order, 1);
    clarus_bed_buy(s.b, s.shipment);
    assert_int_equal(clarus_bed_check(s.b, s.order, CHECK_SAVE)->kind, VERDICT_GO);
    scene_end(&s, 2, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prepare__makes_the_shipment_and_buys_nothing),
        cmocka_unit_test(buy__brings_tracking_and_document),
        cmocka_unit_test(buy__again_buys_nothing_more),
        cmocka_unit_test(buy__survives_each_lost_reply),
        cmocka_unit_test(make__lost_answers_leave_no_surplus),
        cmocka_unit_test(buy__an_unanswered_submit_is_repeated_once_on_the_same_shipment),
        cmocka_unit_test(buy__refused_keeps_the_shipment_and_may_be_tried_again),
        cmocka_unit_test(buy__resumes_after_a_power_cut_at_any_moment),
        cmocka_unit_test(buy__a_power_cut_with_a_lost_submit_buys_one_label),
        cmocka_unit_test(buy__offline_buys_nothing_and_says_so),
        cmocka_unit_test(buy__a_late_document_is_told_and_still_taken),
        cmocka_unit_test(buy__another_service_at_clarus_stops_before_the_money),
        cmocka_unit_test(buy__tells_whether_the_delivery_note_reached_the_carrier),
        cmocka_unit_test(check__finds_a_shipment_of_strangers),
        cmocka_unit_test(void__deletes_what_was_not_bought),
        cmocka_unit_test(void__cancels_what_was_bought_whatever_is_lost),
        cmocka_unit_test(void__refused_leaves_the_label_live_and_says_so),
        cmocka_unit_test(void__offline_is_told_and_done_when_the_network_returns),
        cmocka_unit_test(void__without_room_is_done_later_also_after_a_crash),
        cmocka_unit_test(void__at_any_moment_of_buying_leaves_no_live_label),
        cmocka_unit_test(void__a_new_shipment_follows_with_a_new_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
