/* An order packed on a label printer of each language: the label that came out is drawn, its
 * barcode decoded by an independent decoder and scanned back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/station/parts.h"
#include "tests/support/decode.h"
#include "tests/support/sim_world.h"
#include "tools/virtual/job_render.h"
#include "tools/virtual/plain_printer.h"

#define COUNT(a)  (sizeof(a) / sizeof(a)[0])
#define MUG_RED   "5012345000015"
#define WIDTH_PNG 812

struct desk {
    const char *role; /* NULL: nothing is there */
    struct plain_printer *printer;
};
static struct desk desks[2];

static bool holds(struct slice s, struct slice what)
{
    return slice_find(s, what) < s.len;
}

static size_t port(struct sim_world *w, const char *role, struct slice bytes)
{
    uint8_t answer[512];
    for (size_t i = 0; i < 2; i++) {
        if (!desks[i].role || strcmp(desks[i].role, role) != 0) continue;
        plain_printer_accept(desks[i].printer, bytes);
        size_t n = plain_printer_answer(desks[i].printer, answer, sizeof answer);
        if (n > 0) hal_sim_port_sends(w->hal, role, slice_of(answer, n), 5);
        return bytes.len;
    }
    return zpl_printer_accept(w->printer, bytes, hal_now(w->hal));
}

static struct plain_printer *plug(size_t n, const char *role, const char *language)
{
    desks[n] = (struct desk){role, plain_printer_new(language)};
    assert_non_null(desks[n].printer);
    return desks[n].printer;
}

static void unplug_all(void)
{
    for (size_t n = 0; n < 2; n++) {
        plain_printer_free(desks[n].printer);
        desks[n] = (struct desk){.role = NULL};
    }
}

static struct sim_world *open_world(const char *station)
{
    static const struct peers_options png = {.seed = 7, .label = PEER_LABEL_PNG};
    struct sim_world_options o = {.station = station, .peers = &png, .port = port};
    return world_new(&o);
}

/* Scans what a decoder reads on the last job. */
static void scan_back(struct sim_world *w, const struct plain_printer *p)
{
    size_t count = plain_printer_job_count(p);
    struct job_render r;
    struct buf read = buf_new(4096);
    char code[64];
    assert_true(count > 0);
    struct slice job = plain_printer_job(p, count - 1);
    assert_int_equal(job_render(plain_printer_language(p), 203, WIDTH_PNG, job, &r), ERR_OK);
    assert_int_equal(r.strangers, 0);
    decode_picture(&r.pages[0], &read);
    struct slice lines = buf_slice(&read);
    assert_int_equal(slice_copy(slice_sub(lines, 0, slice_find_byte(lines, '\n')), code, 64),
                     ERR_OK);
    assert_true(code[0] != '\0');
    world_scan(w, code);
    job_render_free(&r);
    buf_deinit(&read);
}

static void pack(struct sim_world *w)
{
    world_scan(w, "TOTE-01");
    world_scan(w, "BOX-S");
    world_scan(w, MUG_RED);
    world_run(w, 3000);
}

static void assert_saved(struct sim_world *w)
{
    assert_int_equal(world_number(w, "SELECT count(*) FROM dispatch"), 1);
    world_drain(w, 600000);
    world_check(w);
}

static void order__is_packed_on_a_printer_of_any_language(void **state)
{
    (void)state;
    static const struct {
        const char *language;
        bool gives_marks;
    } cases[] = {{"epl", false}, {"tspl", false}, {"escpos", false}, {"escpos", true}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        char station[256];
        (void)snprintf(
            station, sizeof station,
            "{\"id\":\"B7\",\"scanners\":[{\"port\":{\"transport\":\"serial\"}}],"
            "\"label_printer\":{\"port\":{\"transport\":\"usblp\"},\"language\":\"%s\"}}",
            cases[i].language);
        struct plain_printer *p = plug(0, "label-printer", cases[i].language);
        plain_printer_state(p)->gives_marks = cases[i].gives_marks;
        struct sim_world *w = open_world(station);
        pack(w);
        assert_int_equal(plain_printer_job_count(p), 1);
        print_message("label in %s: %zu bytes\n", cases[i].language, plain_printer_job(p, 0).len);
        scan_back(w, p);
        assert_saved(w);
        assert_int_equal(plain_printer_job_count(p), 1);
        world_free(w);
        unplug_all();
    }
}

static void label__waits_for_paper_in_any_language(void **state)
{
    (void)state;
    struct plain_printer *p = plug(0, "label-printer", "tspl");
    plain_printer_state(p)->paper_out = true;
    struct sim_world *w =
        open_world("{\"id\":\"B7\",\"scanners\":[{\"port\":{\"transport\":\"serial\"}}],"
                   "\"label_printer\":{\"port\":{\"transport\":\"usblp\"},\"language\":\"tspl\"}}");
    pack(w);
    world_run(w, 60000);
    assert_int_equal(plain_printer_job_count(p), 0);
    plain_printer_state(p)->paper_out = false;
    world_run(w, 10000);
    assert_int_equal(plain_printer_job_count(p), 1);
    scan_back(w, p);
    assert_saved(w);
    world_free(w);
    unplug_all();
}

static void label__is_made_again_for_a_printer_of_another_language(void **state)
{
    (void)state;
    struct sim_world *w = open_world(NULL);
    zpl_printer_faults(w->printer)->paper_out = true;
    world_run(w, 20000);
    pack(w);
    assert_int_equal(world_number(w, "SELECT count(*) FROM label"), 1);
    assert_int_equal(zpl_printer_label_count(w->printer), 0);
    struct plain_printer *p = plug(0, "label-printer", "epl");
    (void)snprintf(w->config->station.printer_language, sizeof w->config->station.printer_language,
                   "epl");
    world_restart(w);
    world_run(w, 20000);
    world_command(w, "REPRINT");
    world_run(w, 20000);
    assert_true(world_logged(w, "label.made_again"));
    assert_int_equal(plain_printer_job_count(p), 1);
    scan_back(w, p);
    assert_saved(w);
    world_free(w);
    unplug_all();
}

static void document__goes_to_its_own_printer(void **state)
{
    (void)state;
    struct plain_printer *p = plug(1, "document-printer", "escpos");
    plain_printer_state(p)->gives_marks = true;
    struct sim_world *w = open_world(
        "{\"id\":\"B7\",\"scanners\":[{\"port\":{\"transport\":\"serial\"}}],"
        "\"label_printer\":{\"port\":{\"transport\":\"usblp\"}},"
        "\"document_printer\":{\"port\":{\"transport\":\"tcp\",\"host\":\"10.0.0.4\"}}}");
    hal_sim_port_arrives(w->hal, "document-printer", "simulated receipt printer", 0);
    world_run(w, 1000);
    const struct paper_fields f = {.title = "For you", .reference = "WEB-1", .text = "Hello"};
    assert_int_equal(devices_print_paper(w->station, 1000, PAPER_GIFT_NOTE, &f), ERR_OK);
    world_scan(w, "TOTE-01"); /* a round of the station, which sends */
    world_run(w, 5000);
    assert_int_equal(plain_printer_job_count(p), 1);
    assert_int_equal(zpl_printer_label_count(w->printer), 0);
    struct job_render r;
    assert_int_equal(job_render("escpos", 203, 575, plain_printer_job(p, 0), &r), ERR_OK);
    assert_int_equal(r.strangers, 0);
    assert_true(holds(buf_slice(&r.texts), SLICE("Hello")));
    job_render_free(&r);
    world_check(w);
    world_free(w);
    unplug_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order__is_packed_on_a_printer_of_any_language),
        cmocka_unit_test(label__waits_for_paper_in_any_language),
        cmocka_unit_test(label__is_made_again_for_a_printer_of_another_language),
        cmocka_unit_test(document__goes_to_its_own_printer),
    };
    return cmocka_run_group_tests_name("languages", tests, NULL, NULL);
}
