/* GS1 codes from the scanner's line to what Clarus heard. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/sim_world.h"

#define WORLD(state) struct sim_world *w = *(state)

#define MUG_RED "5012345000015"
#define GS      "\x1d"
#define PALLET  "106141412345678908"

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

static void assert_face(struct sim_world *w, enum bench_face face)
{
    if (w->view.face != face) print_error("%s %s\n", w->view.headline.key, w->view.detail.key);
    assert_int_equal(w->view.face, face);
}

static void assert_refused(struct sim_world *w, const char *key)
{
    assert_face(w, FACE_REFUSED);
    assert_string_equal(w->view.headline.key, key);
    world_command(w, "OK");
}

static void codes__with_lot_and_expiry_count_their_item(void **state)
{
    WORLD(state);
    world_scan(w, "TOTE-01");
    world_scan(w, "BOX-S");
    world_scan(w, "010" MUG_RED "10LOT7" GS "17271331");
    assert_refused(w, "bench.code_wrong");
    world_scan(w, "010" MUG_RED "10LOT7" GS "17271231");
    assert_face(w, FACE_LABEL);
    world_scan_label(w);
    world_drain(w, 60000);
    assert_int_equal(peers_dispatches(w->peers, "WEB-10427", NULL, 0), 1);
}

static void order_on_pallet(struct sim_world *w, const char *reference)
{
    const struct peer_order_spec o = {.reference = reference,
                                      .tote = PALLET,
                                      .lines = {{.sku = "MUG-RED", .quantity = 6}},
                                      .line_count = 1};
    assert_int_equal(peers_order_place(w->peers, hal_wall(w->hal).ms, &o), ERR_OK);
}

/* The pallet opens its order, and counts whole; after it has left, nobody counts it again. */
static void pallet__is_packed_by_its_number_and_refused_after_it_left(void **state)
{
    WORLD(state);
    order_on_pallet(w, "WEB-90001");
    world_scan(w, "00" PALLET);
    world_run(w, 5000);
    assert_face(w, FACE_PACKING);
    world_scan(w, "BOX-S");
    world_scan(w, "00" PALLET);
    world_run(w, 3000);
    assert_face(w, FACE_LABEL);
    assert_int_equal(world_number(w, "SELECT sum(quantity) FROM parcel_item"), 6000);
    world_scan_label(w);
    world_drain(w, 60000);
    assert_int_equal(peers_dispatches(w->peers, "WEB-90001", NULL, 0), 1);
    const struct peer_order_spec next = {.reference = "WEB-90002",
                                         .tote = "TOTE-90",
                                         .lines = {{.sku = "MUG-RED", .quantity = 6}},
                                         .line_count = 1};
    assert_int_equal(peers_order_place(w->peers, hal_wall(w->hal).ms, &next), ERR_OK);
    world_scan(w, "TOTE-90");
    world_run(w, 5000);
    assert_face(w, FACE_PACKING);
    world_scan(w, "00" PALLET);
    assert_refused(w, "bench.unit_counted");
    assert_int_equal(world_number(w, "SELECT count(*) FROM parcel_item"), 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(codes__with_lot_and_expiry_count_their_item),
        CASE(pallet__is_packed_by_its_number_and_refused_after_it_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
