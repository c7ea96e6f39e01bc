/* Bad input at the bench and around it, on the whole station: scans, printer, clocks, labels, order
 * text, tenants with other habits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/forked.h"
#include "tests/support/packer.h"

#define ORDER     "WEB-10427"
#define TOTE      "TOTE-01"
#define MUG_RED   "5012345000015"
#define DAY_MS    (INT64_C(24) * 60 * 60 * 1000)
#define LONG_SCAN 10000

static void tell(struct sim_world *w, const char *wrong)
{
    print_error("%s; screen %s (%s)\n%.*s", wrong ? wrong : "fine", w->view.headline.key,
                w->view.detail.arg[0], SLICE_ARGS(buf_slice(&w->log)));
}

static void assert_done(struct sim_world *w)
{
    const char *wrong = judge_done(w, ORDER);
    if (wrong) tell(w, wrong);
    assert_null(wrong);
    world_check(w);
}

static void whole_order_in(const struct sim_world_options *o)
{
    struct sim_world *w = world_new(o);
    assert_true(packer_sends(w, TOTE, ORDER));
    assert_done(w);
    world_free(w);
}

/* --------------------------------------------------------------------------------- scanners -- */

static void scan_garbage(struct sim_world *w)
{
    static uint8_t bytes[LONG_SCAN + 1];
    memset(bytes, '7', LONG_SCAN);
    bytes[LONG_SCAN] = '\r';
    world_scan_bytes(w, slice_of(bytes, sizeof bytes));
    world_command(w, "CONFIRM");
    for (unsigned i = 0; i < 256; i++) {
        uint8_t one[] = {'A', (uint8_t)i, 'B', '\r'};
        world_scan_bytes(w, slice_of(one, sizeof one));
        if (w->view.face == FACE_REFUSED) world_command(w, "CONFIRM");
    }
}

static void scans__of_any_bytes_change_nothing(void **state)
{
    (void)state;
    struct sim_world *w = world_new(NULL);
    scan_garbage(w);
    assert_int_equal(w->view.face, FACE_IDLE);
    world_scan(w, TOTE);
    world_scan(w, "BOX-S");
    scan_garbage(w);
    assert_int_equal(w->view.face, FACE_PACKING);
    assert_int_equal(w->view.units_packed.milli, 0);
    world_scan(w, MUG_RED);
    scan_garbage(w);
    while (w->view.face == FACE_STOP)
        world_command(w, "CONFIRM");
    assert_int_equal(w->view.face, FACE_LABEL);
    world_scan_label(w);
    assert_done(w);
    world_free(w);
}

static void scanner__unplugged_in_the_middle_of_a_code_scans_nothing(void **state)
{
    (void)state;
    struct sim_world *w = world_new(NULL);
    world_scan(w, TOTE);
    world_scan(w, "BOX-S");
    hal_sim_port_sends(w->hal, "scanner", SLICE("50123450"), 0);
    hal_sim_port_leaves(w->hal, "scanner", 5);
    hal_sim_port_arrives(w->hal, "scanner", "simulated scanner", 300);
    hal_sim_port_sends(w->hal, "scanner", SLICE("00015\r"), 310);
    world_run(w, 1000);
    assert_int_equal(w->view.units_packed.milli, 0);
    while (w->view.face == FACE_REFUSED)
        world_command(w, "CONFIRM");
    world_scan(w, MUG_RED);
    assert_int_equal(w->view.face, FACE_LABEL);
    world_scan_label(w);
    assert_done(w);
    world_free(w);
}

static void scanner__that_reads_one_code_many_times_counts_it_once(void **state)
{
    (void)state;
    struct sim_world *w = world_new(NULL);
    world_scan(w, TOTE);
    world_scan(w, "BOX-S");
    for (int i = 0; i < 5; i++)
        hal_sim_port_sends(w->hal, "scanner", SLICE(MUG_RED "\r"), 500 + 20 * i);
    world_run(w, 5000);
    assert_int_equal(w->view.units_packed.milli, 1000);
    assert_int_equal(w->view.face, FACE_LABEL);
    world_scan_label(w);
    assert_done(w);
    world_free(w);
}

/* ---------------------------------------------------------------------------------- printer -- */

struct printer_story {
    const char *name;
    void (*begin)(struct sim_world *w);
    void (*end)(struct sim_world *w);
};

static struct zpl_printer_faults *broken(struct sim_world *w)
{
    return zpl_printer_faults(w->printer);
}
static void paper_out(struct sim_world *w)
{
    broken(w)->paper_out = true;
}
static void head_open(struct sim_world *w)
{
    broken(w)->head_open = true;
}
static void paused(struct sim_world *w)
{
    broken(w)->paused = true;
}
static void silent(struct sim_world *w)
{
    broken(w)->silent = true;
}
static void half_reply(struct sim_world *w)
{
    broken(w)->half_reply = true;
}
static void noise(struct sim_world *w)
{
    broken(w)->noise = true;
}
static void takes_nothing(struct sim_world *w)
{
    broken(w)->takes_nothing = true;
}
static void healed(struct sim_world *w)
{
    *broken(w) = (struct zpl_printer_faults){0};
    hal_sim_port_takes_again(w->hal, "label-printer", 0);
}
static void unplugged(struct sim_world *w)
{
    hal_sim_port_leaves(w->hal, "label-printer", 0);
}
static void plugged(struct sim_world *w)
{
    zpl_printer_power_cycle(w->printer);
    hal_sim_port_arrives(w->hal, "label-printer", "simulated printer", 0);
}
static void cycled(struct sim_world *w)
{
    zpl_printer_power_cycle(w->printer);
}
static void nothing(struct sim_world *w)
{
    (void)w;
}

static const struct printer_story printer_stories[] = {
    {"paper_out", paper_out, healed},
    {"head_open", head_open, healed},
    {"paused", paused, healed},
    {"silent", silent, healed},
    {"half_reply", half_reply, healed},
    {"noise", noise, healed},
    {"takes_nothing", takes_nothing, healed},
    {"unplugged", unplugged, plugged},
    {"cycled", cycled, nothing},
};
#define PRINTER_STORIES (sizeof printer_stories / sizeof *printer_stories)
#define MOMENTS         24 /* from before the last item to after the label is out */
#define MOMENT_MS       60

static size_t printer_fault;
static int printer_moment;

static void story_of_a_printer(void **state)
{
    (void)state;
    const struct printer_story *s = &printer_stories[printer_fault];
    struct sim_world *w = world_new(NULL);
    world_scan(w, TOTE);
    world_scan(w, "BOX-S");
    hal_sim_port_sends(w->hal, "scanner", SLICE(MUG_RED "\r"), 450);
    world_run(w, 400 + printer_moment * MOMENT_MS);
    s->begin(w);
    world_run(w, 8000);
    s->end(w);
    world_run(w, 8000);
    assert_true(packer_sends(w, TOTE, ORDER));
    assert_done(w);
    world_free(w);
}

static void printer__broken_at_any_moment_delays_the_label_and_nothing_else(void **state)
{
    (void)state;
    struct forked all = {0};
    char name[64];
    for (printer_fault = 0; printer_fault < PRINTER_STORIES; printer_fault++) {
        for (printer_moment = 0; printer_moment < MOMENTS; printer_moment++) {
            (void)snprintf(name, sizeof name, "%s %d", printer_stories[printer_fault].name,
                           printer_moment);
            forked_start(&all, name, story_of_a_printer);
        }
    }
    assert_int_equal(forked_end(&all), 0);
}

/* ----------------------------------------------------------------------------------- clocks -- */

static void clock__of_1970_is_no_hindrance(void **state)
{
    (void)state;
    struct sim_world_options o = {.wall_ms = 60000, .wall_untrusted = true};
    whole_order_in(&o);
}

static void clock__that_steps_a_day_back_is_no_hindrance(void **state)
{
    (void)state;
    for (int step = 0; step < 4; step++) {
        struct sim_world *w = world_new(NULL);
        if (step == 0) hal_sim_set_wall(w->hal, hal_wall(w->hal).ms - DAY_MS, true);
        world_scan(w, TOTE);
        world_scan(w, "BOX-S");
        if (step == 1) hal_sim_set_wall(w->hal, hal_wall(w->hal).ms - DAY_MS, true);
        world_scan(w, MUG_RED);
        if (step == 2) hal_sim_set_wall(w->hal, hal_wall(w->hal).ms - DAY_MS, true);
        w->offline = step == 3;
        world_scan_label(w);
        if (step == 3) hal_sim_set_wall(w->hal, hal_wall(w->hal).ms - DAY_MS, true);
        world_run(w, 60000);
        w->offline = false;
        if (step < 3) assert_true(world_number(w, "SELECT count(*) FROM dispatch") == 1);
        assert_done(w);
        world_free(w);
    }
}

/* ---------------------------------------------------------------------------------- tenants -- */

static void tenant__without_any_undocumented_field_is_served(void **state)
{
    (void)state;
    struct peers_options p = {.seed = 7, .label = PEER_LABEL_ZPL, .inferred_off = PEER_INFER_ALL};
    struct sim_world_options o = {.peers = &p};
    struct sim_world *w = world_new(&o);
    assert_true(packer_sends(w, ORDER, ORDER));
    assert_done(w);
    world_free(w);
}

static void tenant__without_one_of_the_undocumented_fields_is_served(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 11; bit++) {
        struct peers_options p = {.seed = 7, .label = PEER_LABEL_ZPL, .inferred_off = 1u << bit};
        struct sim_world_options o = {.peers = &p};
        struct sim_world *w = world_new(&o);
        assert_true(packer_sends(w, ORDER, ORDER));
        assert_done(w);
        world_free(w);
    }
}

static void tenant__whose_ids_are_text_is_served(void **state)
{
    (void)state;
    struct peers_options p = {.seed = 7, .label = PEER_LABEL_ZPL, .ids_as_text = true};
    whole_order_in(&(struct sim_world_options){.peers = &p});
}

static void tenant__whose_reads_lag_is_served(void **state)
{
    (void)state;
    static const uint32_t lags[] = {500, 2000, 4000, 8000};
    for (size_t i = 0; i < sizeof lags / sizeof *lags; i++) {
        struct peers_options p = {.seed = 7, .label = PEER_LABEL_ZPL, .read_lag_ms = lags[i]};
        whole_order_in(&(struct sim_world_options){.peers = &p});
    }
}

static void tenant__whose_labels_come_late_and_whose_tokens_are_short_is_served(void **state)
{
    (void)state;
    struct peers_options late = {
        .seed = 7, .label = PEER_LABEL_ZPL, .document_delay_ms = 40000, .file_life_ms = 1000};
    whole_order_in(&(struct sim_world_options){.peers = &late});
    struct peers_options brief = {.seed = 7, .label = PEER_LABEL_ZPL, .token_life_s = 3};
    whole_order_in(&(struct sim_world_options){.peers = &brief});
    struct peers_options small = {.seed = 7, .label = PEER_LABEL_ZPL, .page_max = 2};
    whole_order_in(&(struct sim_world_options){.peers = &small});
}

/* ----------------------------------------------------------------------------------- labels -- */

static void label__that_is_none_is_refused_and_a_right_one_taken(void **state)
{
    (void)state;
    static const enum peer_label_kind kinds[] = {PEER_LABEL_NOT_PDF, PEER_LABEL_HTML,
                                                 PEER_LABEL_TRUNCATED};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct peers_options p = {.seed = 7, .label = kinds[i]};
        struct sim_world_options o = {.peers = &p};
        struct sim_world *w = world_new(&o);
        world_scan(w, TOTE);
        world_scan(w, "BOX-S");
        world_scan(w, MUG_RED);
        world_run(w, 10000);
        assert_int_equal(w->view.face, FACE_STOP);
        assert_string_equal(w->view.headline.key, "bench.label_unfit");
        assert_int_equal(zpl_printer_label_count(w->printer), 0);
        assert_int_equal(world_number(w, "SELECT count(*) FROM exception WHERE open = 1 AND rule = "
                                         "'label.unfit' AND owner <> '' AND next_step <> ''"),
                         1);
        peers_set_label(w->peers, PEER_LABEL_ZPL);
        world_command(w, "VOID");
        world_run(w, 5000);
        assert_true(packer_sends(w, ORDER, ORDER));
        assert_done(w);
        world_free(w);
    }
}

static void carrier__that_refuses_is_asked_again_after_the_correction(void **state)
{
    (void)state;
    struct peer_fault f = {.peer = PEER_CLARUS,
                           .kind = PEER_FAULT_REFUSE,
                           .method = "POST",
                           .match = "/submit",
                           .times = 2,
                           .words = "Postcode ^XA~JA <b>\"unknown\"</b>"};
    struct sim_world_options o = {.fault = &f};
    whole_order_in(&o);
}

/* ------------------------------------------------------------------------------- order text -- */

static void order__text_meant_as_commands_stays_text(void **state)
{
    (void)state;
    struct sim_world *w = world_new(NULL);
    assert_true(packer_sends(w, "TOTE-09", "WEB-10435"));
    const char *wrong = judge_done(w, "WEB-10435");
    if (wrong) tell(w, wrong);
    assert_null(wrong);
    world_scan(w, "TOTE-09");
    assert_int_equal(zpl_printer_strangers(w->printer), 0);
    world_check(w);
    world_free(w);
}

static void order__with_notes_of_64_kilobytes_is_shown_or_held_but_never_breaks(void **state)
{
    (void)state;
    struct sim_world *w = world_new(NULL);
    world_scan(w, "TOTE-08");
    world_run(w, 3000);
    assert_true(w->view.face == FACE_ATTENTION || w->view.face == FACE_REFUSED ||
                w->view.face == FACE_STOP);
    assert_true(w->view.headline.key[0]);
    world_check(w);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scans__of_any_bytes_change_nothing),
        cmocka_unit_test(scanner__unplugged_in_the_middle_of_a_code_scans_nothing),
        cmocka_unit_test(scanner__that_reads_one_code_many_times_counts_it_once),
        cmocka_unit_test(printer__broken_at_any_moment_delays_the_label_and_nothing_else),
        cmocka_unit_test(clock__of_1970_is_no_hindrance),
        cmocka_unit_test(clock__that_steps_a_day_back_is_no_hindrance),
        cmocka_unit_test(tenant__without_any_undocumented_field_is_served),
        cmocka_unit_test(tenant__without_one_of_the_undocumented_fields_is_served),
        cmocka_unit_test(tenant__whose_ids_are_text_is_served),
        cmocka_unit_test(tenant__whose_reads_lag_is_served),
        cmocka_unit_test(tenant__whose_labels_come_late_and_whose_tokens_are_short_is_served),
        cmocka_unit_test(label__that_is_none_is_refused_and_a_right_one_taken),
        cmocka_unit_test(carrier__that_refuses_is_asked_again_after_the_correction),
        cmocka_unit_test(order__text_meant_as_commands_stays_text),
        cmocka_unit_test(order__with_notes_of_64_kilobytes_is_shown_or_held_but_never_breaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
