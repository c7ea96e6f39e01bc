/* Orders that leave the bench before they are done, or come back after: edited, cancelled, pulled,
 * recalled meanwhile. Judged by what Clarus and the shop accepted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/outbox/exceptions.h"
#include "firmware/station/parts.h"
#include "tests/support/sim_world.h"

#define WORLD(state) struct sim_world *w = *(state)

#define MUG_RED  "5012345000015"
#define TEA_CASE "15012345000036"
#define LAMP     "5012345000077"

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

static void change(struct sim_world *w, enum peer_change_kind kind, const char *reference,
                   const char *text)
{
    struct peer_change c = {.kind = kind, .reference = reference, .text = text};
    assert_int_equal(peers_order_change(w->peers, hal_wall(w->hal).ms, &c), ERR_OK);
}

static void assert_says(struct sim_world *w, const char *key)
{
    if (strcmp(w->view.headline.key, key) != 0)
        print_error("%s\n%.*s\n", w->view.detail.arg[0], SLICE_ARGS(buf_slice(&w->log)));
    assert_string_equal(w->view.headline.key, key);
}

/* TOTE-01: one red mug, its label in the packer's hand. */
static void pack_simple_order(struct sim_world *w)
{
    world_scan(w, "TOTE-01");
    world_scan(w, "BOX-S");
    world_scan(w, MUG_RED);
    assert_int_equal(w->view.face, FACE_LABEL);
}

static void save_offline(struct sim_world *w)
{
    pack_simple_order(w);
    w->offline = true;
    world_scan_label(w);
    assert_int_equal(world_number(w, "SELECT count(*) FROM dispatch"), 1);
}

static void set_aside__order_edited_meanwhile_is_packed_again(void **state)
{
    WORLD(state);
    world_scan(w, "TOTE-02");
    world_command(w, "CONFIRM");
    world_command(w, "CONFIRM");
    world_scan(w, "BOX-M");
    world_scan(w, TEA_CASE);
    world_command(w, "PARK");
    change(w, PEER_CLARUS_ADDRESS, "WEB-10428", "9 Elsewhere");
    world_scan(w, "TOTE-02");
    assert_says(w, "bench.changed");
}

static void set_aside__label_of_another_address_is_voided(void **state)
{
    WORLD(state);
    pack_simple_order(w);
    world_command(w, "PARK");
    change(w, PEER_CLARUS_ADDRESS, "WEB-10427", "9 Elsewhere");
    world_scan(w, "TOTE-01");
    assert_says(w, "bench.changed");
    world_run(w, 10000);
    struct peer_order_view v = order(w, "WEB-10427");
    assert_int_equal(v.labels_voided, 1);
    assert_int_equal(v.labels_live, 0);
}

static void set_aside__label_of_an_order_cancelled_meanwhile_is_voided_and_told(void **state)
{
    WORLD(state);
    pack_simple_order(w);
    world_command(w, "PARK");
    change(w, PEER_CLARUS_CANCEL, "WEB-10427", NULL);
    world_run(w, INT64_C(10) * 60000);
    assert_int_equal(order(w, "WEB-10427").labels_live, 0);
    assert_int_equal(
        world_number(w, "SELECT count(*) FROM exception WHERE open = 1 AND rule LIKE 'order.%'"),
        1);
}

static void set_aside__void_asked_for_survives_the_end_of_power(void **state)
{
    WORLD(state);
    struct peer_fault late = {.peer = PEER_CLARUS,
                              .kind = PEER_FAULT_DOCUMENT_LATE,
                              .method = "POST",
                              .match = "/submit",
                              .wait_ms = 600000};
    struct peer_fault slow = {.peer = PEER_CLARUS,
                              .kind = PEER_FAULT_DELAY,
                              .match = "documents",
                              .times = UINT32_MAX,
                              .wait_ms = 8000};
    (void)peers_fault_add(w->peers, &late);
    world_scan(w, "TOTE-01");
    world_scan(w, "BOX-S");
    world_scan(w, MUG_RED);
    world_run(w, 6000);
    assert_says(w, "bench.label_late");
    world_command(w, "CONFIRM");
    (void)peers_fault_add(w->peers, &slow);
    world_run(w, 6000);
    change(w, PEER_SHOP_CANCEL, "WEB-10427", NULL);
    world_scan(w, "TOTE-01");
    assert_says(w, "bench.stop");
    world_power_cut(w);
    world_run(w, 30000);
    struct peer_order_view v = order(w, "WEB-10427");
    assert_int_equal(v.labels_live, 0);
    assert_int_equal(v.labels_voided, 1);
}

static void saved__pulled_goods_void_their_label(void **state)
{
    WORLD(state);
    save_offline(w);
    change(w, PEER_CLARUS_CANCEL, "WEB-10427", NULL);
    change(w, PEER_SHOP_CANCEL, "WEB-10427", NULL);
    world_run(w, 60000);
    w->offline = false;
    world_run(w, INT64_C(10) * 60000);
    int64_t id = world_number(
        w, "SELECT id FROM exception WHERE open = 1 AND dispatch_id IS NOT NULL LIMIT 1");
    assert_int_equal(exception_do(w->station->outbox, id, EXCEPTION_PULLED, "lead", ""), ERR_OK);
    struct console_sources act = sources_for_console(w->station);
    assert_int_equal(act.pulled(act.ctx, id), ERR_OK);
    world_run(w, 10000);
    struct peer_order_view v = order(w, "WEB-10427");
    assert_int_equal(v.labels_live, 0);
    assert_int_equal(v.labels_voided, 1);
    assert_int_equal(v.dispatched, 0);
}

static void saved__recalled_order_counts_only_when_its_label_is_scanned_again(void **state)
{
    WORLD(state);
    save_offline(w);
    world_run(w, 20000);
    struct dispatch_key {
        char text[KEY_CAP];
    } key;
    sqlite3_stmt *q = NULL;
    bool row = false;
    assert_int_equal(store_prepare(w->station->store, "SELECT key FROM dispatch", &q), ERR_OK);
    assert_int_equal(store_step(w->station->store, q, &row), ERR_OK);
    store_text(q, 0, key.text, sizeof key.text);
    store_reset_local(&q);
    struct console_sources act = sources_for_console(w->station);
    for (int i = 0; i < 2; i++) {
        err_t e = act.recall(act.ctx, slice_text(key.text), "lead", "wrong box");
        assert_int_equal(e, ERR_OK);
    }
    world_run(w, 2000);
    w->offline = false;
    world_run(w, 60000);
    assert_int_equal(order(w, "WEB-10427").dispatched, 0);
    world_scan(w, "TOTE-01");
    assert_int_equal(w->view.face, FACE_LABEL);
    world_scan_label(w);
    world_drain(w, 60000);
    struct peer_order_view v = order(w, "WEB-10427");
    assert_int_equal(v.dispatched, v.ordered);
    assert_int_equal(v.shop_shipped, v.shop_ordered);
    assert_int_equal(v.labels_live, 1);
    assert_int_equal(v.labels_voided, 0);
}

static void saved__rest_of_an_order_is_free_for_other_benches(void **state)
{
    WORLD(state);
    world_scan(w, "TOTE-03");
    world_scan(w, "BOX-L");
    world_scan(w, LAMP);
    world_command(w, "CLOSE-PARCEL");
    world_scan_label(w);
    world_command(w, "CONFIRM");
    world_drain(w, 60000);
    world_run(w, 10000);
    assert_int_equal(
        world_number(w, "SELECT claimed FROM consignment WHERE reference = 'WEB-10429'"), 0);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(set_aside__order_edited_meanwhile_is_packed_again),
        CASE(set_aside__label_of_another_address_is_voided),
        CASE(set_aside__label_of_an_order_cancelled_meanwhile_is_voided_and_told),
        CASE(set_aside__void_asked_for_survives_the_end_of_power),
        CASE(saved__pulled_goods_void_their_label),
        CASE(saved__recalled_order_counts_only_when_its_label_is_scanned_again),
        CASE(saved__rest_of_an_order_is_free_for_other_benches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
