/* What each language says about a job: asked before, asked or told after, and what is never
 * believed. Each bit of a status is in tests/replay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/printer/printer.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define JOB      SLICE("the bytes of a label")

/* A device that answers each question of its language with what the test says. */
struct world {
    struct printer *printer;
    const struct printer_dialect *dialect;
    mono_t now;
    struct buf taken;
    size_t read; /* of taken */
    struct slice answer;
    struct slice model;
    bool marks;
    bool held; /* says no mark: its paper is out */
    bool wants_send;
    bool unwanted;
    size_t results;
    struct print_result last;
};

static struct world *the_world;

err_t hal_port_write(struct hal *h, hal_port_t port, struct slice bytes, size_t *out_accepted)
{
    (void)h;
    (void)port;
    buf_put(&the_world->taken, bytes);
    *out_accepted = bytes.len;
    return ERR_OK;
}

static void on_result(void *ctx, const struct print_result *r)
{
    struct world *w = ctx;
    w->results++;
    w->last = *r;
}

static void on_wants_send(void *ctx)
{
    ((struct world *)ctx)->wants_send = true;
}

static bool is_wanted(void *ctx, uint32_t job)
{
    return job != 0 && !((struct world *)ctx)->unwanted;
}

static void open_world(struct world *w, const struct printer_dialect *d, uint16_t dpi)
{
    *w = (struct world){.dialect = d, .now = {1000}};
    the_world = w;
    w->taken = buf_new(1u << 20);
    struct printer_options o = {.dialect = d,
                                .answers = true,
                                .dpi = dpi,
                                .label_dots = dpi == 0 ? 0 : 1200,
                                .tolerance_dots = 80,
                                .wanted = is_wanted,
                                .result = on_result,
                                .wants_send = on_wants_send,
                                .ctx = w};
    assert_int_equal(printer_new(&o, &w->printer), ERR_OK);
}

static void close_world(struct world *w)
{
    printer_free(w->printer);
    buf_deinit(&w->taken);
}

static void say(struct world *w, struct slice bytes)
{
    printer_data(w->printer, bytes, w->now);
}

/* The mark that ends what has been taken since the last look. */
static void say_mark(struct world *w, size_t at)
{
    uint8_t reply[7] = {0x37, 0x22};
    memcpy(reply + 2, w->taken.ptr + at + 7, 4);
    say(w, slice_of(reply, sizeof reply));
}

/* Answers what the printer was asked since the last look. */
static void answer(struct world *w)
{
    struct slice rest = slice_sub(buf_slice(&w->taken), w->read, w->taken.len);
    size_t model = w->dialect->hello.len > 0 ? slice_find(rest, w->dialect->hello) : rest.len;
    size_t mark = slice_find(rest, SLICE("\x1D(H"));
    bool asked = slice_find(rest, w->dialect->status_query) < rest.len;
    size_t from = w->read;
    w->read = w->taken.len;
    if (model < rest.len) say(w, w->model);
    if (w->marks && !w->held && mark < rest.len) say_mark(w, from + mark);
    if (asked) say(w, w->answer);
}

static void run(struct world *w, int64_t ms)
{
    for (int64_t end = w->now.ms + ms; w->now.ms <= end; w->now.ms += 50) {
        printer_tick(w->printer, w->now);
        while (w->wants_send) {
            w->wants_send = false;
            printer_pump(w->printer, NULL, w->now);
            answer(w);
        }
    }
}

static void plug(struct world *w)
{
    printer_arrived(w->printer, (hal_port_t){1}, "usb 1234:5678", w->now);
    run(w, 500);
}

static bool took(const struct world *w, struct slice bytes)
{
    return slice_find(buf_slice(&w->taken), bytes) < w->taken.len;
}

static void print(struct world *w)
{
    assert_int_equal(printer_print(w->printer, 7, JOB, w->now), ERR_OK);
}

static const struct {
    const struct printer_dialect *dialect;
    struct slice clean;
    struct slice no_paper;
} languages[] = {
    {&printer_epl, {(const uint8_t *)"00\r\n", 4}, {(const uint8_t *)"07\r\n", 4}},
    {&printer_tspl, {(const uint8_t *)"\x00", 1}, {(const uint8_t *)"\x04", 1}},
    {&printer_escpos,
     {(const uint8_t *)"\x12\x12\x12\x12", 4},
     {(const uint8_t *)"\x1A\x32\x12\x72", 4}},
};

static void dialect__prints_after_two_clean_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(languages); i++) {
        struct world w;
        open_world(&w, languages[i].dialect, 0);
        w.answer = languages[i].clean;
        plug(&w);
        print(&w);
        run(&w, 5000);
        assert_int_equal(w.results, 1);
        assert_int_equal(w.last.outcome, PRINT_PRINTED);
        assert_true(w.last.evidence);
        assert_false(w.last.marked);
        assert_true(took(&w, JOB));
        close_world(&w);
    }
}

static void dialect__without_paper_nothing_is_sent(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(languages); i++) {
        struct world w;
        open_world(&w, languages[i].dialect, 0);
        w.answer = languages[i].no_paper;
        plug(&w);
        print(&w);
        run(&w, 5000);
        assert_int_equal(w.results, 1);
        assert_int_equal(w.last.outcome, PRINT_REFUSED);
        assert_non_null(strstr(w.last.text, "out"));
        assert_false(took(&w, JOB));
        close_world(&w);
    }
}

static void dialect__half_an_answer_is_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(languages); i++) {
        struct world w;
        open_world(&w, languages[i].dialect, 0);
        w.answer = slice_sub(languages[i].clean, 0, languages[i].clean.len / 2);
        plug(&w);
        print(&w);
        run(&w, 5000);
        assert_int_equal(w.results, 1);
        assert_int_equal(w.last.outcome, PRINT_REFUSED);
        assert_false(took(&w, JOB));
        close_world(&w);
    }
}

static void dialect__vanishes_between_two_bytes_and_is_heard_afresh(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(languages); i++) {
        struct world w;
        open_world(&w, languages[i].dialect, 0);
        w.answer = slice_sub(languages[i].no_paper, 0, languages[i].no_paper.len - 1);
        plug(&w);
        printer_gone(w.printer, w.now);
        w.answer = languages[i].clean;
        plug(&w);
        assert_int_equal(printer_flags(w.printer), 0);
        close_world(&w);
    }
}

static void escpos__the_mark_that_comes_back_is_the_evidence(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, &printer_escpos, 0);
    w.marks = true;
    w.answer = languages[2].clean;
    plug(&w);
    print(&w);
    run(&w, 2000);
    assert_int_equal(w.results, 1);
    assert_int_equal(w.last.outcome, PRINT_PRINTED);
    assert_true(w.last.marked);
    close_world(&w);
}

static void escpos__clean_without_its_mark_is_not_printed(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, &printer_escpos, 0);
    w.marks = true;
    w.answer = languages[2].clean;
    plug(&w);
    w.held = true;
    print(&w);
    run(&w, 59000);
    assert_int_equal(w.results, 0);
    run(&w, 5000);
    assert_int_equal(w.results, 1);
    assert_int_equal(w.last.outcome, PRINT_UNKNOWN);
    close_world(&w);
}

static void escpos__a_mark_of_an_older_job_says_nothing(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, &printer_escpos, 0);
    w.marks = true;
    w.answer = languages[2].clean;
    plug(&w);
    w.held = true;
    print(&w);
    run(&w, 1000);
    say(&w, SLICE("\x37\x22\x30\x30\x30\x31\x00"));
    run(&w, 1000);
    assert_int_equal(w.results, 0);
    say(&w, SLICE("\x37\x22\x30\x30\x30\x32\x00"));
    assert_int_equal(w.results, 1);
    assert_int_equal(w.last.outcome, PRINT_PRINTED);
    close_world(&w);
}

static void printer__a_job_no_longer_wanted_is_not_begun(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, &printer_tspl, 0);
    w.answer = languages[1].no_paper;
    plug(&w);
    w.answer = SLICE("\x20");
    print(&w);
    run(&w, 2000);
    w.unwanted = true;
    w.answer = languages[1].clean;
    run(&w, 2000);
    assert_int_equal(w.results, 1);
    assert_int_equal(w.last.outcome, PRINT_REFUSED);
    assert_string_equal(w.last.text, "no longer wanted");
    assert_false(took(&w, JOB));
    close_world(&w);
}

static void printer__one_way_asks_whether_the_job_is_wanted_too(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, &printer_tspl, 0);
    struct printer_options o = {.dialect = &printer_tspl,
                                .wanted = is_wanted,
                                .result = on_result,
                                .wants_send = on_wants_send,
                                .ctx = &w};
    printer_free(w.printer);
    assert_int_equal(printer_new(&o, &w.printer), ERR_OK);
    w.unwanted = true;
    plug(&w);
    print(&w);
    run(&w, 1000);
    assert_int_equal(w.last.outcome, PRINT_REFUSED);
    assert_false(took(&w, JOB));
    close_world(&w);
}

#define ZPL_CLEAN(length)                                                                          \
    SLICE("\x02"                                                                                   \
          "030,0,0," length ",000,0,0,0,000,0,0,0\x03\r\n\x02"                                     \
          "001,0,0,0,0,2,6,0,00000000,1,000\x03\r\n\x02"                                           \
          "1234,0\x03\r\n")

static void zpl__another_resolution_stops_the_printer(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, &printer_zpl, 203);
    w.answer = ZPL_CLEAN("1218");
    w.model = SLICE("\x02ZT410-300dpi,V75.19.15Z,12,4096KB\x03\r\n");
    plug(&w);
    print(&w);
    run(&w, 2000);
    assert_int_equal(w.last.outcome, PRINT_REFUSED);
    assert_non_null(strstr(w.last.text, "wrong resolution"));
    assert_false(took(&w, JOB));
    close_world(&w);
}

static void zpl__other_labels_are_said_and_printed_on(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, &printer_zpl, 203);
    w.answer = ZPL_CLEAN("0812");
    w.model = SLICE("\x02ZD420-203dpi,V84.20.10Z,8,8192KB\x03\r\n");
    plug(&w);
    assert_int_equal(printer_flags(w.printer), PRINTER_OTHER_LENGTH);
    print(&w);
    run(&w, 3000);
    assert_int_equal(w.last.outcome, PRINT_PRINTED);
    close_world(&w);
}

static void printer__that_speaks_another_language_is_not_believed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(languages); i++) {
        struct world w;
        open_world(&w, languages[i].dialect, 0);
        w.answer = ZPL_CLEAN("1218");
        plug(&w);
        run(&w, 4000);
        print(&w);
        run(&w, 4000);
        assert_int_equal(w.last.outcome, PRINT_REFUSED);
        assert_non_null(strstr(w.last.text, "answer"));
        assert_false(took(&w, JOB));
        close_world(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dialect__prints_after_two_clean_answers),
        cmocka_unit_test(dialect__without_paper_nothing_is_sent),
        cmocka_unit_test(dialect__half_an_answer_is_none),
        cmocka_unit_test(dialect__vanishes_between_two_bytes_and_is_heard_afresh),
        cmocka_unit_test(escpos__the_mark_that_comes_back_is_the_evidence),
        cmocka_unit_test(escpos__clean_without_its_mark_is_not_printed),
        cmocka_unit_test(escpos__a_mark_of_an_older_job_says_nothing),
        cmocka_unit_test(printer__a_job_no_longer_wanted_is_not_begun),
        cmocka_unit_test(printer__one_way_asks_whether_the_job_is_wanted_too),
        cmocka_unit_test(zpl__another_resolution_stops_the_printer),
        cmocka_unit_test(zpl__other_labels_are_said_and_printed_on),
        cmocka_unit_test(printer__that_speaks_another_language_is_not_believed),
    };
    return cmocka_run_group_tests_name("printer_dialects", tests, NULL, NULL);
}
