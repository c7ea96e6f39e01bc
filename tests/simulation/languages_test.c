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

#define COUNT(a)  (sizeof(a) / sizeof(a)[0])
#define MUG_RED   "5012345000015"
#define JOBS_MAX  8
#define WIDTH_PNG 812

/* A printer of any language but ZPL, as far as a station can tell: takes jobs, answers its state.
 */
struct plain_printer {
    const char *role;
    const char *language;
    bool no_paper;
    bool gives_marks;
    struct buf taken; /* of the job under way */
    struct buf jobs[JOBS_MAX];
    size_t count;
};

static struct plain_printer printers[2];

static bool ends(struct slice s, struct slice with)
{
    return s.len >= with.len && slice_eq(slice_sub(s, s.len - with.len, s.len), with);
}

static bool holds(struct slice s, struct slice what)
{
    return slice_find(s, what) < s.len;
}

static void reply(struct sim_world *w, const struct plain_printer *p, struct slice bytes)
{
    hal_sim_port_sends(w->hal, p->role, bytes, 5);
}

/* The marks of a run of commands, or of a job's end, come back at once. */
static void give_mark(struct sim_world *w, const struct plain_printer *p, struct slice bytes)
{
    size_t at = slice_find(bytes, SLICE("\x1D(H"));
    uint8_t back[7] = {0x37, 0x22};
    if (!p->gives_marks || at + 11 > bytes.len) return;
    memcpy(back + 2, bytes.ptr + at + 7, 4);
    reply(w, p, slice_of(back, sizeof back));
}

static void say_state(struct sim_world *w, const struct plain_printer *p)
{
    if (strcmp(p->language, "epl") == 0)
        reply(w, p, p->no_paper ? SLICE("07\r\n") : SLICE("00\r\n"));
    else if (strcmp(p->language, "tspl") == 0)
        reply(w, p, p->no_paper ? SLICE("\x04") : SLICE("\x00"));
    else
        reply(w, p, p->no_paper ? SLICE("\x1A\x32\x12\x72") : SLICE("\x12\x12\x12\x12"));
}

static bool is_done(const struct plain_printer *p)
{
    struct slice job = buf_slice(&p->taken);
    size_t mark = slice_find(job, SLICE("\x1D(H"));
    job = slice_sub(job, 0, mark);
    return ends(job, SLICE("\nP1\n")) || ends(job, SLICE("PRINT 1,1\r\n")) ||
           ends(job, SLICE("\f")) || ends(job, SLICE("\x1DVB\0"));
}

static void take(struct sim_world *w, struct plain_printer *p, struct slice bytes)
{
    const struct printer_dialect *d = printer_dialect_by_name(p->language);
    bool command = bytes.len <= 64 && holds(bytes, d->status_query);
    if (command) {
        give_mark(w, p, bytes);
        say_state(w, p);
        return;
    }
    buf_put(&p->taken, bytes);
    if (!is_done(p)) return;
    assert_true(p->count < JOBS_MAX);
    struct slice job = buf_slice(&p->taken);
    buf_put(&p->jobs[p->count++], slice_sub(job, 0, slice_find(job, SLICE("\x1D(H"))));
    give_mark(w, p, job);
    buf_clear(&p->taken);
}

static size_t port(struct sim_world *w, const char *role, struct slice bytes)
{
    for (size_t i = 0; i < 2; i++) {
        if (printers[i].role && strcmp(printers[i].role, role) == 0) {
            take(w, &printers[i], bytes);
            return bytes.len;
        }
    }
    return zpl_printer_accept(w->printer, bytes, hal_now(w->hal));
}

static void plug(size_t n, const char *role, const char *language, bool gives_marks)
{
    printers[n] =
        (struct plain_printer){.role = role, .language = language, .gives_marks = gives_marks};
    printers[n].taken = buf_new(LABEL_JOB_MAX);
    for (size_t i = 0; i < JOBS_MAX; i++)
        printers[n].jobs[i] = buf_new(LABEL_JOB_MAX);
}

static void unplug_all(void)
{
    for (size_t n = 0; n < 2; n++) {
        buf_deinit(&printers[n].taken);
        for (size_t i = 0; i < JOBS_MAX; i++)
            buf_deinit(&printers[n].jobs[i]);
        printers[n] = (struct plain_printer){.role = NULL};
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
    struct job_render r;
    struct buf read = buf_new(4096);
    char code[64];
    assert_true(p->count > 0);
    assert_int_equal(job_render(p->language, 203, WIDTH_PNG, buf_slice(&p->jobs[p->count - 1]), &r),
                     ERR_OK);
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
        plug(0, "label-printer", cases[i].language, cases[i].gives_marks);
        struct sim_world *w = open_world(station);
        pack(w);
        assert_int_equal(printers[0].count, 1);
        print_message("label in %s: %zu bytes\n", cases[i].language, printers[0].jobs[0].len);
        scan_back(w, &printers[0]);
        assert_saved(w);
        assert_int_equal(printers[0].count, 1);
        world_free(w);
        unplug_all();
    }
}

static void label__waits_for_paper_in_any_language(void **state)
{
    (void)state;
    plug(0, "label-printer", "tspl", false);
    printers[0].no_paper = true;
    struct sim_world *w =
        open_world("{\"id\":\"B7\",\"scanners\":[{\"port\":{\"transport\":\"serial\"}}],"
                   "\"label_printer\":{\"port\":{\"transport\":\"usblp\"},\"language\":\"tspl\"}}");
    pack(w);
    world_run(w, 60000);
    assert_int_equal(printers[0].count, 0);
    printers[0].no_paper = false;
    world_run(w, 10000);
    assert_int_equal(printers[0].count, 1);
    scan_back(w, &printers[0]);
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
    plug(0, "label-printer", "epl", false);
    (void)snprintf(w->config->station.printer_language, sizeof w->config->station.printer_language,
                   "epl");
    world_restart(w);
    world_run(w, 20000);
    world_command(w, "REPRINT");
    world_run(w, 20000);
    assert_true(world_logged(w, "label.made_again"));
    assert_int_equal(printers[0].count, 1);
    scan_back(w, &printers[0]);
    assert_saved(w);
    world_free(w);
    unplug_all();
}

static void document__goes_to_its_own_printer(void **state)
{
    (void)state;
    plug(1, "document-printer", "escpos", true);
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
    assert_int_equal(printers[1].count, 1);
    assert_int_equal(zpl_printer_label_count(w->printer), 0);
    struct job_render r;
    assert_int_equal(job_render("escpos", 203, 575, buf_slice(&printers[1].jobs[0]), &r), ERR_OK);
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
