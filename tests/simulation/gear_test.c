/* What a bench can do without, on the whole station: lamps and buzzer, a scale, the test label at
 * sign-on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/sim_world.h"

static const char station_json[] =
    "{\"id\":\"B7\",\"bench_name\":\"Bench 7\","
    "\"scanners\":[{\"port\":{\"transport\":\"serial\"}}],"
    "\"label_printer\":{\"port\":{\"transport\":\"usblp\"},\"test_label\":true},"
    "\"scale\":{\"port\":{\"transport\":\"tcp\",\"host\":\"10.0.0.5\"},\"protocol\":\"cas\"},"
    "\"signal\":{\"green\":17,\"red\":22,\"buzzer\":23}}";

/* Lines in the order they are taken: there is no amber lamp. */
#define LAMP        "5012345000077"
#define LINE_GREEN  1u
#define LINE_RED    2u
#define LINE_BUZZER 4u

static int setup(void **state)
{
    struct sim_world_options o = {.station = station_json};
    *state = world_new(&o);
    return 0;
}

static int teardown(void **state)
{
    world_check(*state);
    world_free(*state);
    return 0;
}

/* A product that is not of this order; the lamp is there before anybody acknowledges. */
static void refuse_something(struct sim_world *w)
{
    world_scan(w, "TOTE-01");
    world_scan(w, "BOX-S");
    world_scan(w, LAMP);
    world_run(w, 3000);
    assert_int_equal(hal_sim_lines(w->hal) & LINE_RED, LINE_RED);
}

static void lamps__show_what_the_bench_says(void **state)
{
    struct sim_world *w = *state;
    refuse_something(w);
    uint32_t refused = hal_sim_lines(w->hal);
    assert_int_equal(refused & LINE_RED, LINE_RED);
    assert_int_equal(refused & LINE_GREEN, 0);
    world_run(w, 5000);
    assert_int_equal(hal_sim_lines(w->hal) & LINE_BUZZER, 0);
}

static void lamps__go_out_with_the_station(void **state)
{
    struct sim_world *w = *state;
    refuse_something(w);
    world_restart(w);
    assert_int_equal(hal_sim_lines(w->hal) & LINE_RED, 0);
}

static bool holds(struct sim_world *w, size_t label, const char *text)
{
    struct slice zpl = zpl_printer_label(w->printer, label).zpl;
    return slice_find(zpl, slice_text(text)) < zpl.len;
}

static void test_label__comes_once_for_each_packer(void **state)
{
    struct sim_world *w = *state;
    world_scan(w, "^B:anna");
    world_run(w, 5000);
    assert_int_equal(zpl_printer_label_count(w->printer), 1);
    assert_true(holds(w, 0, "TEST-B7"));
    assert_true(holds(w, 0, "Bench 7"));
    assert_false(holds(w, 0, "anna"));
    world_scan(w, "^B:anna");
    world_run(w, 5000);
    assert_int_equal(zpl_printer_label_count(w->printer), 1);
    world_scan(w, "^B:ben");
    world_run(w, 5000);
    assert_int_equal(zpl_printer_label_count(w->printer), 2);
}

static void test_label__without_paper_holds_nobody(void **state)
{
    struct sim_world *w = *state;
    zpl_printer_faults(w->printer)->paper_out = true;
    world_run(w, 20000);
    world_scan(w, "^B:anna");
    world_run(w, 5000);
    world_scan(w, "TOTE-01");
    assert_int_equal(w->view.face, FACE_PACKING);
    zpl_printer_faults(w->printer)->paper_out = false;
    world_run(w, 20000);
    assert_int_equal(zpl_printer_label_count(w->printer), 0);
}

static void scale__comes_floods_and_goes_and_the_bench_packs_on(void **state)
{
    struct sim_world *w = *state;
    hal_sim_port_arrives(w->hal, "scale", "simulated scale", 0);
    world_run(w, 100);
    assert_true(world_logged(w, "scale.arrived protocol=cas"));
    for (int i = 0; i < 500; i++) {
        hal_sim_port_sends(w->hal, "scale", SLICE("ST,GS,+  1.234kg\r\nOL,GS,+  9.999kg\r\n"), i);
    }
    world_scan(w, "TOTE-01");
    assert_int_equal(w->view.face, FACE_PACKING);
    hal_sim_port_leaves(w->hal, "scale", 0);
    world_run(w, 100);
    assert_true(world_logged(w, "scale.gone protocol=cas"));
    assert_int_equal(w->view.face, FACE_PACKING);
}

#define ON_BENCH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BENCH(lamps__show_what_the_bench_says),
        ON_BENCH(lamps__go_out_with_the_station),
        ON_BENCH(test_label__comes_once_for_each_packer),
        ON_BENCH(test_label__without_paper_holds_nobody),
        ON_BENCH(scale__comes_floods_and_goes_and_the_bench_packs_on),
    };
    return cmocka_run_group_tests_name("gear", tests, NULL, NULL);
}
