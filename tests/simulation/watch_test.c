/* The storefront as a second source of "stop", ahead of the bench. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/sim_world.h"
#include "tools/packpeers/world.h"

#define MINUTE INT64_C(60000)

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

static void change(struct sim_world *w, enum peer_change_kind kind, const char *reference)
{
    struct peer_change c = {.kind = kind, .reference = reference};
    assert_int_equal(peers_order_change(w->peers, hal_wall(w->hal).ms, &c), ERR_OK);
}

static void watch__stops_an_order_cancelled_in_the_shop_before_anyone_opens_it(void **state)
{
    struct sim_world *w = *state;
    change(w, PEER_SHOP_CANCEL, "WEB-10427");
    world_run(w, 15 * MINUTE);
    assert_int_equal(world_number(w, "SELECT state FROM consignment WHERE reference = 'WEB-10427'"),
                     12);
    assert_int_equal(world_number(w, "SELECT count(*) FROM exception WHERE open = 1 AND rule = "
                                     "'order.cancelled' AND object = 'order WEB-10427'"),
                     1);
    world_run(w, 30 * MINUTE);
    assert_int_equal(
        world_number(w, "SELECT times FROM exception WHERE object = 'order WEB-10427'"), 1);
    world_scan(w, "TOTE-01");
    assert_int_equal(w->view.face, FACE_STOP);
    assert_int_equal(world_number(w, "SELECT count(*) FROM shipment"), 0);
}

static void watch__has_a_parcel_pulled_whose_order_is_cancelled_after_it_left(void **state)
{
    struct sim_world *w = *state;
    world_scan(w, "TOTE-01");
    world_scan(w, "BOX-S");
    world_scan(w, "5012345000015");
    world_scan_label(w);
    world_drain(w, 10 * MINUTE);
    assert_int_equal(world_number(w, "SELECT state FROM dispatch"), 1);
    change(w, PEER_SHOP_CANCEL, "WEB-10427");
    world_run(w, 30 * MINUTE);
    assert_int_equal(world_number(w, "SELECT count(*) FROM exception WHERE open = 1 AND "
                                     "dispatch_id IS NOT NULL AND consignment_id = (SELECT id FROM "
                                     "consignment WHERE reference = 'WEB-10427')"),
                     1);
}

static void watch__asks_about_every_order_once_and_again_only_later(void **state)
{
    struct sim_world *w = *state;
    world_run(w, 6 * MINUTE);
    int64_t open = world_number(w, "SELECT count(*) FROM consignment WHERE state IN (0, 1)");
    assert_true(open >= 10);
    assert_int_equal(world_number(w, "SELECT count(*) FROM watch WHERE at > 0"),
                     world_number(w, "SELECT count(*) FROM watch"));
    assert_int_equal(world_number(w, "SELECT count(*) FROM seen_word WHERE kind = 'method'"), 1);
    assert_int_equal(world_number(w, "SELECT count(*) FROM watch WHERE rule = "
                                     "'ship_method.unmapped' AND kind = 4"),
                     1);
    assert_true(world_number(w, "SELECT count(*) FROM seen_word WHERE kind = 'field'") > 3);
    assert_int_equal(world_number(w, "SELECT count(*) FROM seen_word WHERE kind = 'field' AND word "
                                     "IN ('status_id', 'customer_message')"),
                     0);
    int64_t last = world_number(w, "SELECT max(at) FROM watch");
    world_run(w, 2 * MINUTE);
    assert_int_equal(world_number(w, "SELECT max(at) FROM watch"), last);
    world_run(w, 12 * MINUTE);
    assert_true(world_number(w, "SELECT min(at) FROM watch") > last);
}

static void watch__leaves_a_shop_alone_that_does_not_answer(void **state)
{
    struct sim_world *w = *state;
    w->shop_offline = true;
    world_run(w, 10 * MINUTE);
    int64_t asked = world_number(w, "SELECT count(*) FROM watch WHERE at > 0");
    assert_true(asked >= 5 && asked <= 11);
    assert_int_equal(world_number(w, "SELECT count(*) FROM consignment WHERE state = 12"), 0);
}

static void switch_integration(struct sim_world *w, bool on)
{
    const struct integration *there = world_nth(w->peers, T_INTEGRATION, 0);
    assert_non_null(there);
    struct integration *i = world_edit(w->peers, T_INTEGRATION, there->row.id);
    assert_string_equal(i->provider, "bigcommerce");
    i->enabled = on;
    world_run(w, 70 * MINUTE);
}

static void reports__nothing_to_a_shop_that_clarus_reports_to_by_itself(void **state)
{
    struct sim_world *w = *state;
    static const char excepted[] = "SELECT count(*) FROM exception WHERE open = 1 AND rule = "
                                   "'channel.who_reports' AND object = 'channel shop'";
    static const char reported[] = "SELECT count(*) FROM message WHERE destination = 'shop' AND "
                                   "state = 5";
    assert_int_equal(world_number(w, excepted), 0);
    switch_integration(w, true);
    assert_int_equal(world_number(w, excepted), 1);
    world_scan(w, "TOTE-01");
    world_scan(w, "BOX-S");
    world_scan(w, "5012345000015");
    world_scan_label(w);
    world_run(w, 30 * MINUTE);
    assert_int_equal(world_number(w,
                                  "SELECT count(*) FROM message WHERE destination = 'clarus' AND "
                                  "state = 5"),
                     1);
    assert_int_equal(world_number(w, reported), 0);
    world_restart(w);
    world_run(w, 10 * MINUTE);
    assert_int_equal(world_number(w, reported), 0);
    switch_integration(w, false);
    assert_int_equal(world_number(w, excepted), 0);
    assert_int_equal(world_number(w, reported), 1);
}

/* ------------------------------------------------------------------------------------ tracking --
 */

extern const unsigned char asset_site_json[];

/* The embedded site, whose carrier DPD now has numbers of this shape. */
static struct sim_world *world_with_shape(const char *shape)
{
    static char site[8192];
    static const char mark[] = "\"carrier_code\": \"DPD\", \"shop_carrier\"";
    const char *text = (const char *)asset_site_json;
    const char *at = strstr(text, mark);
    assert_non_null(at);
    (void)snprintf(site, sizeof site, "%.*s\"carrier_code\": \"DPD\", \"tracking\": [\"%s\"], %s",
                   (int)(at - text), text, shape, at + sizeof "\"carrier_code\": \"DPD\", " - 1);
    const struct sim_world_options o = {.site = site};
    struct sim_world *w = world_new(&o);
    world_scan(w, "TOTE-01");
    world_scan(w, "BOX-S");
    world_scan(w, "5012345000015");
    world_run(w, 10000);
    return w;
}

static void tracking__of_another_carrier_s_shape_is_never_printed(void **state)
{
    (void)state;
    struct sim_world *w = world_with_shape("s10");
    assert_int_equal(zpl_printer_label_count(w->printer), 0);
    assert_true(world_number(w, "SELECT count(*) FROM parcel WHERE tracking <> ''") > 0);
    world_free(w);
    w = world_with_shape("dpd");
    assert_int_equal(zpl_printer_label_count(w->printer), 1);
    world_check(w);
    world_free(w);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(watch__stops_an_order_cancelled_in_the_shop_before_anyone_opens_it),
        TEST(watch__has_a_parcel_pulled_whose_order_is_cancelled_after_it_left),
        TEST(watch__asks_about_every_order_once_and_again_only_later),
        TEST(watch__leaves_a_shop_alone_that_does_not_answer),
        cmocka_unit_test(tracking__of_another_carrier_s_shape_is_never_printed),
        TEST(reports__nothing_to_a_shop_that_clarus_reports_to_by_itself),
    };
    return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
