/* The main job end to end on virtual time: tote to tracking, network or not. Judged by what Clarus
 * and the shop accepted and what came out of the printer, never by the station's own word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/sim_world.h"

#define WORLD(state) struct sim_world *w = *(state)

#define MUG_RED     "5012345000015"
#define SOAP        "5012345000060"
#define TOWEL       "5012345000114"
#define TEA_CASE    "15012345000036"
#define JAM         "5012345000046"
#define LAMP        "5012345000077"
#define THROW       "5012345000084"
#define NEXT_MINUTE 60000

static int setup(void **state)
{
    *state = world_new(NULL);
    return 0;
}

static int teardown(void **state)
{
    world_check(*state);
    world_free(*state);
    return 0;
}

static struct peer_order_view order(struct sim_world *w, const char *reference)
{
    struct peer_order_view v;
    assert_int_equal(peers_order_view(w->peers, reference, &v), ERR_OK);
    return v;
}

static void change(struct sim_world *w, enum peer_change_kind kind, const char *reference)
{
    struct peer_change c = {.kind = kind, .reference = reference};
    assert_int_equal(peers_order_change(w->peers, hal_wall(w->hal).ms, &c), ERR_OK);
}

static void tell(struct sim_world *w)
{
    print_error("%s (%s), %s (%s)\n%.*s\n", w->view.headline.key, w->view.headline.arg[0],
                w->view.detail.key, w->view.detail.arg[0], SLICE_ARGS(buf_slice(&w->log)));
}

static void assert_face(struct sim_world *w, enum bench_face face)
{
    if (w->view.face != face) tell(w);
    assert_int_equal(w->view.face, face);
}

static void assert_says(struct sim_world *w, const char *key)
{
    if (strcmp(w->view.headline.key, key) != 0) tell(w);
    assert_string_equal(w->view.headline.key, key);
}

/* TOTE-01: one red mug, packed and labelled, its label in the packer's hand. */
static void pack_simple_order(struct sim_world *w)
{
    world_scan(w, "TOTE-01");
    assert_face(w, FACE_PACKING);
    world_scan(w, "BOX-S");
    world_scan(w, MUG_RED);
    assert_face(w, FACE_LABEL);
}

static void save_simple_order(struct sim_world *w)
{
    pack_simple_order(w);
    world_scan_label(w);
    assert_int_equal(world_number(w, "SELECT count(*) FROM dispatch"), 1);
}

/* Everyone agrees: bought once, dispatched once, reported once with the tracking on the paper. */
static void assert_reported_once(struct sim_world *w, const char *reference, size_t labels)
{
    struct peer_label bought[4];
    struct peer_shop_shipment reported[8];
    char paper[64];
    struct peer_order_view v = order(w, reference);
    assert_int_equal(v.labels_live, labels);
    assert_int_equal(v.dispatched, v.ordered);
    assert_string_equal(v.status, "COMPLETED");
    assert_int_equal(v.shop_shipped, v.shop_ordered);
    assert_int_equal(peers_labels(w->peers, reference, bought, 4), labels);
    assert_true(peers_shop_shipments(w->peers, reference, reported, 8) >= labels);
    (void)world_label(w, zpl_printer_label_count(w->printer) - 1, paper);
    assert_string_equal(paper, bought[labels - 1].tracking);
    assert_string_equal(reported[0].tracking, bought[0].tracking);
}

/* Papers with a tracking number of the order: our own have none. */
static size_t carrier_labels(struct sim_world *w, const char *reference)
{
    struct peer_label bought[4];
    size_t count = peers_labels(w->peers, reference, bought, 4), found = 0;
    for (size_t i = 0; i < zpl_printer_label_count(w->printer); i++) {
        char paper[64];
        (void)world_label(w, i, paper);
        for (size_t k = 0; k < count && k < 4; k++)
            found += strcmp(paper, bought[k].tracking) == 0;
    }
    return found;
}

static void station__reads_its_work_list(void **state)
{
    WORLD(state);
    assert_face(w, FACE_IDLE);
    assert_true(world_number(w, "SELECT count(*) FROM consignment WHERE channel = 'shop'") >= 10);
    assert_int_equal(world_number(w, "SELECT count(*) FROM packaging"), 4);
}

static void station__takes_a_simple_order_from_tote_to_tracking(void **state)
{
    WORLD(state);
    save_simple_order(w);
    world_drain(w, NEXT_MINUTE);
    assert_reported_once(w, "WEB-10427", 1);
    assert_int_equal(world_number(w, "SELECT count(*) FROM exception WHERE open = 1"), 0);
}

static void station__packs_cases_eaches_notes_and_a_gift(void **state)
{
    WORLD(state);
    world_scan(w, "TOTE-02");
    assert_says(w, "bench.note_packing");
    world_command(w, "CONFIRM");
    assert_says(w, "bench.note_gift");
    assert_non_null(strstr(w->view.note, "Happy birthday, Nan!"));
    world_command(w, "CONFIRM");
    world_scan(w, "BOX-M");
    world_scan(w, TEA_CASE);
    world_scan(w, MUG_RED);
    assert_says(w, "bench.wrong_item");
    world_command(w, "CONFIRM");
    world_scan(w, TEA_CASE);
    for (int i = 0; i < 3; i++)
        world_scan(w, JAM);
    assert_says(w, "bench.card_in_box");
    world_command(w, "CONFIRM");
    assert_face(w, FACE_LABEL);
    assert_int_equal(zpl_printer_label_count(w->printer), 2); /* the gift note, then the label */
    world_scan_label(w);
    world_drain(w, NEXT_MINUTE);
    assert_reported_once(w, "WEB-10428", 1);
}

static void station__sends_a_part_then_the_rest_and_only_then_is_it_complete(void **state)
{
    WORLD(state);
    world_scan(w, "TOTE-03");
    world_scan(w, "BOX-L");
    world_scan(w, LAMP);
    world_command(w, "CLOSE-PARCEL");
    assert_face(w, FACE_LABEL);
    world_scan_label(w);
    assert_says(w, "bench.confirm_part");
    world_command(w, "CONFIRM");
    world_drain(w, NEXT_MINUTE);
    struct peer_order_view v = order(w, "WEB-10429");
    assert_int_equal(v.shop_shipped, 1);
    assert_int_equal(v.shop_status, 3);
    world_scan(w, "TOTE-03");
    world_scan(w, "BOX-L");
    world_scan(w, THROW);
    world_command(w, "NEXT-PARCEL");
    world_scan(w, "BOX-M");
    world_scan(w, THROW);
    assert_string_equal(w->view.headline.arg[0],
                        "1"); /* box 1 of 2: the sent one is no longer here */
    assert_string_equal(w->view.headline.arg[1], "2");
    world_scan_label(w);
    assert_string_equal(w->view.headline.arg[0], "2");
    world_scan_label(w);
    world_drain(w, NEXT_MINUTE);
    v = order(w, "WEB-10429");
    assert_int_equal(v.labels_live, 3);
    assert_int_equal(v.shop_shipped, 3);
    assert_int_equal(v.shop_status, 2);
    assert_string_equal(v.status, "COMPLETED");
}

static void station__stops_a_wrong_label_and_takes_the_right_one(void **state)
{
    WORLD(state);
    pack_simple_order(w);
    world_scan(w, "15501111111111");
    assert_says(w, "bench.wrong_label");
    world_command(w, "CONFIRM");
    world_scan_label(w);
    world_drain(w, NEXT_MINUTE);
    assert_reported_once(w, "WEB-10427", 1);
}

static void station__buys_one_label_when_the_answer_of_submit_is_lost(void **state)
{
    WORLD(state);
    struct peer_fault f = {
        .peer = PEER_CLARUS, .kind = PEER_FAULT_LOSE_REPLY, .method = "POST", .match = "/submit"};
    uint32_t lost = peers_fault_add(w->peers, &f);
    world_scan(w, "TOTE-01");
    world_scan(w, "BOX-S");
    world_scan(w, MUG_RED);
    world_run(w, 30000);
    if (w->view.face == FACE_STOP) { /* set aside with a hold tag: taken up again */
        world_command(w, "CONFIRM");
        world_scan(w, "WEB-10427");
    }
    assert_face(w, FACE_LABEL);
    world_scan_label(w);
    world_drain(w, NEXT_MINUTE);
    assert_int_equal(peers_fault_hits(w->peers, lost), 1);
    assert_reported_once(w, "WEB-10427", 1);
}

static void station__voids_the_label_of_an_order_cancelled_in_the_shop_only(void **state)
{
    WORLD(state);
    pack_simple_order(w);
    change(w, PEER_SHOP_CANCEL, "WEB-10427");
    world_run(w, 31000); /* the state read after printing is no longer young */
    world_scan_label(w);
    assert_face(w, FACE_STOP);
    assert_string_equal(w->view.detail.arg[0], "The order is cancelled or refunded in the shop");
    world_run(w, 10000);
    struct peer_order_view v = order(w, "WEB-10427");
    assert_int_equal(v.labels_live, 0);
    assert_int_equal(v.labels_voided, 1);
    assert_int_equal(v.dispatched, 0);
    assert_int_equal(world_number(w, "SELECT count(*) FROM dispatch"), 0);
}

static void station__delivers_once_after_a_power_cut_while_offline(void **state)
{
    WORLD(state);
    pack_simple_order(w);
    w->offline = true;
    world_scan_label(w);
    assert_int_equal(world_number(w, "SELECT count(*) FROM dispatch"), 1);
    world_power_cut(w);
    world_run(w, INT64_C(9) * 60 * 60000);
    assert_int_equal(order(w, "WEB-10427").dispatched, 0);
    w->offline = false;
    world_run(w, INT64_C(10) * 60000);
    assert_reported_once(w, "WEB-10427", 1);
}

static void station__opens_find_and_pull_for_a_cancellation_learned_after_saving(void **state)
{
    WORLD(state);
    pack_simple_order(w);
    w->offline = true;
    world_scan_label(w);
    assert_int_equal(world_number(w, "SELECT count(*) FROM dispatch"), 1);
    change(w, PEER_CLARUS_CANCEL, "WEB-10427");
    change(w, PEER_SHOP_CANCEL, "WEB-10427");
    world_run(w, 60000);
    w->offline = false;
    world_run(w, INT64_C(10) * 60000);
    struct peer_order_view v = order(w, "WEB-10427");
    assert_int_equal(v.dispatched, 0);
    assert_int_equal(v.shop_shipped, 0);
    assert_int_equal(
        world_number(w,
                     "SELECT count(*) FROM exception WHERE open = 1 AND dispatch_id IS NOT NULL"),
        1);
    assert_int_equal(world_number(w, "SELECT state FROM dispatch"), 3);
}

static void station__opens_find_and_pull_when_clarus_refuses_the_dispatch(void **state)
{
    WORLD(state);
    struct peer_fault f = {.peer = PEER_CLARUS,
                           .kind = PEER_FAULT_REFUSE,
                           .method = "PATCH",
                           .match = "/tasks/",
                           .times = UINT32_MAX,
                           .words = "load is closed"};
    (void)peers_fault_add(w->peers, &f);
    save_simple_order(w);
    world_run(w, NEXT_MINUTE);
    assert_int_equal(order(w, "WEB-10427").shop_shipped, 0);
    assert_int_equal(world_number(w, "SELECT state FROM dispatch"), 2);
    assert_int_equal(
        world_number(w,
                     "SELECT count(*) FROM exception WHERE open = 1 AND dispatch_id IS NOT NULL"),
        1);
}

static void station__holds_what_must_not_be_packed(void **state)
{
    WORLD(state);
    static const struct {
        const char *tote, *headline;
    } held[] = {{"TOTE-04", "bench.hold"}, {"WEB-10432", "bench.stop"}, {"TOTE-07", "bench.hold"}};
    for (size_t i = 0; i < sizeof held / sizeof *held; i++) {
        world_scan(w, held[i].tote);
        assert_says(w, held[i].headline);
        world_command(w, "CONFIRM");
        assert_face(w, FACE_IDLE);
    }
}

static void station__survives_hostile_order_text(void **state)
{
    WORLD(state);
    world_scan(w, "TOTE-09");
    for (int i = 0; i < 3 && w->view.face == FACE_ATTENTION; i++)
        world_command(w, "CONFIRM");
    assert_face(w, FACE_PACKING);
    world_scan(w, "BOX-S");
    world_scan(w, "5012345000114");
    if (w->view.face == FACE_ATTENTION) world_command(w, "CONFIRM");
    world_scan_label(w);
    world_drain(w, NEXT_MINUTE);
    assert_reported_once(w, "WEB-10435", 1);
}

static void station__loses_no_count_when_power_goes_at_any_point_of_the_story(void **state)
{
    WORLD(state);
    static const char *const scans[] = {"TOTE-02", "^P:CONFIRM", "^P:CONFIRM", "BOX-M",
                                        TEA_CASE,  TEA_CASE,     JAM,          JAM,
                                        JAM,       "^P:CONFIRM"};
    for (size_t i = 0; i < sizeof scans / sizeof *scans; i++) {
        world_scan(w, scans[i]);
        world_power_cut(w);
        world_run(w, 3000);
    }
    world_run(w, 10000);
    assert_face(w, FACE_LABEL);
    assert_int_equal(carrier_labels(w, "WEB-10428"), 1);
    world_scan_label(w);
    world_drain(w, NEXT_MINUTE);
    assert_reported_once(w, "WEB-10428", 1);
}

static void station__training_marks_what_it_prints(void **state)
{
    WORLD(state);
    char paper[64];
    w->config->station.training = true;
    pack_simple_order(w);
    struct slice zpl = zpl_printer_label(w->printer, 0).zpl;
    assert_true(slice_find(zpl, SLICE("TRAINING")) < zpl.len);
    world_scan(w, world_label(w, 0, paper));
    assert_int_equal(world_number(w, "SELECT count(*) FROM dispatch"), 1);
}

static void station__label_ahead_is_at_hand_with_the_last_scan(void **state)
{
    WORLD(state);
    struct peer_label bought[4];
    for (size_t i = 0; i < w->config->site.carrier_count; i++)
        w->config->site.carriers[i].label_ahead = true;
    world_scan(w, "TOTE-10");
    world_scan(w, "BOX-S");
    world_scan(w, TOWEL);
    world_run(w, 5000);
    assert_face(w, FACE_PACKING);
    assert_int_equal(peers_labels(w->peers, "WEB-10436", bought, 4), 1);
    assert_int_equal(zpl_printer_label_count(w->printer), 0);
    world_scan(w, SOAP);
    world_scan(w, SOAP);
    world_scan(w, TOWEL);
    assert_face(w, FACE_LABEL);
    world_scan_label(w);
    world_drain(w, NEXT_MINUTE);
    assert_reported_once(w, "WEB-10436", 1);
}

static void station__label_ahead_is_voided_with_a_second_box(void **state)
{
    WORLD(state);
    struct peer_label bought[4];
    for (size_t i = 0; i < w->config->site.carrier_count; i++)
        w->config->site.carriers[i].label_ahead = true;
    world_scan(w, "TOTE-10");
    world_scan(w, "BOX-S");
    world_scan(w, TOWEL);
    world_run(w, 5000);
    world_command(w, "NEXT-PARCEL");
    world_scan(w, "BOX-S");
    world_scan(w, SOAP);
    world_scan(w, SOAP);
    world_scan(w, TOWEL);
    world_run(w, 30000);
    assert_face(w, FACE_LABEL);
    assert_int_equal(peers_labels(w->peers, "WEB-10436", bought, 4), 3);
    assert_true(bought[0].voided);
    assert_int_equal(order(w, "WEB-10436").labels_live, 2);
}

static void station__prints_after_the_paper_is_back_and_only_once(void **state)
{
    WORLD(state);
    zpl_printer_faults(w->printer)->paper_out = true;
    world_scan(w, "TOTE-01");
    world_scan(w, "BOX-S");
    world_scan(w, MUG_RED);
    world_run(w, 5000);
    assert_int_equal(zpl_printer_label_count(w->printer), 0);
    assert_string_equal(w->view.notice.key, "bench.printer_waits");
    zpl_printer_faults(w->printer)->paper_out = false;
    world_run(w, 10000);
    assert_int_equal(zpl_printer_label_count(w->printer), 1);
    world_scan_label(w);
    world_drain(w, NEXT_MINUTE);
    assert_reported_once(w, "WEB-10427", 1);
}

/* More orders without a rule than are looked at in one go. */
static void station__orders_without_a_rule_keep_no_other_from_its_channel(void **state)
{
    (void)state;
    struct sim_world *w = world_new(NULL);
    world_run(w, 5000);
    world_number(w, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) "
                    "INSERT INTO consignment (clarus_id, reference, state) SELECT 'x' || i, "
                    "'NOPE-' || i, 13 FROM n");
    world_number(w, "INSERT INTO consignment (clarus_id, reference, state) VALUES ('y', "
                    "'WEB-99999', 13)");
    world_run(w, 120000);
    assert_int_equal(world_number(w, "SELECT count(*) FROM consignment WHERE reference = "
                                     "'WEB-99999' AND channel <> ''"),
                     1);
    world_free(w);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(station__orders_without_a_rule_keep_no_other_from_its_channel),
        CASE(station__reads_its_work_list),
        CASE(station__takes_a_simple_order_from_tote_to_tracking),
        CASE(station__packs_cases_eaches_notes_and_a_gift),
        CASE(station__sends_a_part_then_the_rest_and_only_then_is_it_complete),
        CASE(station__stops_a_wrong_label_and_takes_the_right_one),
        CASE(station__buys_one_label_when_the_answer_of_submit_is_lost),
        CASE(station__voids_the_label_of_an_order_cancelled_in_the_shop_only),
        CASE(station__delivers_once_after_a_power_cut_while_offline),
        CASE(station__opens_find_and_pull_for_a_cancellation_learned_after_saving),
        CASE(station__opens_find_and_pull_when_clarus_refuses_the_dispatch),
        CASE(station__holds_what_must_not_be_packed),
        CASE(station__survives_hostile_order_text),
        CASE(station__loses_no_count_when_power_goes_at_any_point_of_the_story),
        CASE(station__training_marks_what_it_prints),
        CASE(station__label_ahead_is_at_hand_with_the_last_scan),
        CASE(station__label_ahead_is_voided_with_a_second_box),
        CASE(station__prints_after_the_paper_is_back_and_only_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
