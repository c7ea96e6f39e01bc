/* Our own papers in every printer language: read as a printer reads them, drawn, and their barcodes
 * decoded by an independent decoder. No text becomes a command. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/labels/paper.h"
#include "firmware/labels/pen.h"
#include "tests/support/decode.h"
#include "tools/virtual/job_render.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const char *const languages[] = {"zpl", "epl", "tspl", "escpos"};

static struct paper_stock stock_of(const char *language, uint16_t dpi, uint16_t height)
{
    bool narrow = strcmp(language, "escpos") == 0;
    return (struct paper_stock){language, dpi, narrow ? 80 : 100, height};
}

static uint32_t reach(const struct paper_stock *s)
{
    uint32_t mm = s->width_mm - 2u * pen_by_language(s->language)->side_mm;
    return mm * 10 * s->dpi / 254;
}

static const struct paper_row rows[] = {
    {"3", "Blue mug, 330 ml, dishwasher safe", "MUG-BLUE-330"},
    {"1", "Teapot with a very long name that does not fit into one line of any label at all",
     "TEAPOT-1"},
    {"12", "M\xC3\xBCsli \xE2\x82\xAC 4", "9780201379624"},
};

static struct paper_fields fields(void)
{
    return (struct paper_fields){.title = "HOLD",
                                 .reference = "WEB-10427",
                                 .line = "Payment is checked. Lead decides.",
                                 .text = "Dear Anna,\n\nall the best for your birthday. We think "
                                         "of you and hope to see you soon.\n\nYours, Zo\xC3\xAB",
                                 .code = "WEB-10427",
                                 .rows = rows,
                                 .row_count = COUNT(rows)};
}

static void make(enum paper_kind kind, const struct paper_fields *f, const struct paper_stock *s,
                 struct job_render *out)
{
    struct buf job = buf_new(LABEL_JOB_MAX);
    assert_int_equal(paper_job(kind, f, s, &job), ERR_OK);
    assert_int_equal(job_render(s->language, s->dpi, reach(s), buf_slice(&job), out), ERR_OK);
    if (out->strangers > 0) print_message("%s\n", buf_cstr(&out->names));
    assert_int_equal(out->strangers, 0);
    assert_true(out->page_count > 0);
    buf_deinit(&job);
}

static void read_codes(const struct job_render *r, struct buf *out)
{
    for (size_t i = 0; i < r->page_count; i++) {
        decode_picture(&r->pages[i], out);
    }
}

static bool says(const struct job_render *r, const char *text)
{
    return slice_find(buf_slice(&r->texts), slice_text(text)) < r->texts.len;
}

/* --------------------------------------------------------------------------------- each kind -- */

static void assert_codes(enum paper_kind kind, const struct paper_stock *s,
                         const struct job_render *r)
{
    struct buf read = buf_new(65536);
    bool sheet = kind == PAPER_COMMAND_SHEET || kind == PAPER_PRODUCT_SHEET;
    read_codes(r, &read);
    if (sheet) {
        for (size_t i = 0; i < COUNT(rows); i++) {
            assert_true(decode_has(&read, rows[i].code));
        }
    } else if (kind == PAPER_GIFT_NOTE) {
        assert_int_equal(read.len, 0);
    } else if (!decode_has(&read, "WEB-10427")) {
        fail_msg("kind %d in %s at %u: read \"%s\"", (int)kind, s->language, s->dpi,
                 buf_cstr(&read));
    }
    buf_deinit(&read);
}

static void paper__every_kind_reads_back_in_every_language(void **state)
{
    (void)state;
    static const uint16_t dpi[] = {203, 300};
    static const uint16_t heights[] = {150, 0};
    struct paper_fields f = fields();
    for (size_t n = 0; n < COUNT(languages) * 4; n++) {
        struct paper_stock s = stock_of(languages[n / 4], dpi[n / 2 % 2], heights[n % 2]);
        for (int kind = 0; kind < PAPER_KIND_COUNT; kind++) {
            struct job_render r;
            make((enum paper_kind)kind, &f, &s, &r);
            assert_codes((enum paper_kind)kind, &s, &r);
            assert_true(says(&r, kind == PAPER_GIFT_NOTE ? "Dear Anna," : "HOLD"));
            job_render_free(&r);
        }
    }
}

static void paper__test_label_names_its_own_paper(void **state)
{
    (void)state;
    struct paper_fields f = {.title = "Bench 7", .code = "^P:CONFIRM"};
    for (size_t i = 0; i < COUNT(languages); i++) {
        struct paper_stock s = stock_of(languages[i], 203, 150);
        struct job_render r;
        char words[64];
        struct buf read = buf_new(4096);
        make(PAPER_TEST_LABEL, &f, &s, &r);
        (void)snprintf(words, sizeof words, "%s  %u x 150 mm  203 dpi", s.language, s.width_mm);
        assert_true(says(&r, words));
        read_codes(&r, &read);
        assert_true(decode_has(&read, "^P:CONFIRM"));
        buf_deinit(&read);
        job_render_free(&r);
    }
}

static void paper__gift_note_of_64_kilobytes_goes_on_over_pages(void **state)
{
    (void)state;
    static char words[20001];
    for (size_t i = 0; i + 10 < sizeof words; i += 10) {
        (void)snprintf(words + i, 11, "w%08zu ", i / 10);
    }
    struct paper_fields f = {.title = "For you", .text = words};
    for (size_t i = 0; i < COUNT(languages); i++) {
        struct paper_stock s = stock_of(languages[i], 203, 150);
        struct job_render r;
        make(PAPER_GIFT_NOTE, &f, &s, &r);
        assert_in_range(r.page_count, 5, PAPER_PAGES_MAX);
        assert_true(says(&r, "w00000000"));
        assert_true(says(&r, "w00000999"));
        assert_true(says(&r, "w00001998"));
        assert_true(says(&r, "2 / "));
        job_render_free(&r);
    }
}

static void paper__without_room_it_says_so(void **state)
{
    (void)state;
    static char words[200001];
    memset(words, 'W', sizeof words - 1);
    struct paper_fields f = {.title = "For you", .text = words};
    struct buf job = buf_new(LABEL_JOB_MAX);
    for (size_t i = 0; i < COUNT(languages); i++) {
        struct paper_stock s = stock_of(languages[i], 203, 150);
        assert_int_equal(paper_job(PAPER_GIFT_NOTE, &f, &s, &job), ERR_NOSPACE);
        assert_int_equal(job.len, 0);
    }
    f.row_count = PAPER_ROWS_MAX + 1;
    struct paper_stock s = stock_of("zpl", 203, 150);
    assert_int_equal(paper_job(PAPER_PACKING_SLIP, &f, &s, &job), ERR_NOSPACE);
    buf_deinit(&job);
}

static void paper__long_titles_end_in_dots_and_stay_on_the_paper(void **state)
{
    (void)state;
    static char words[5001];
    for (size_t i = 0; i + 2 < sizeof words; i += 2) {
        words[i] = (char)0xC3;
        words[i + 1] = (char)0xBC;
    }
    struct paper_fields f = {.title = words, .reference = words, .line = words, .code = "A-1"};
    for (size_t i = 0; i < COUNT(languages); i++) {
        struct paper_stock s = stock_of(languages[i], 203, 150);
        struct job_render r;
        make(PAPER_HOLD_TAG, &f, &s, &r);
        assert_int_equal(r.page_count, 1);
        assert_true(says(&r, "..."));
        job_render_free(&r);
    }
}

static void paper__codes_that_no_printer_carries_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "A>B", "A~B",      "A\"B", "A\\B",
        "A{B", "\xC3\xBC", "A\nB", "0123456789012345678901234567890123456789012345678"};
    struct buf job = buf_new(65536);
    for (size_t i = 0; i < COUNT(bad); i++) {
        const struct paper_row row = {.text = "caption", .code = bad[i]};
        struct paper_fields f = {.title = "T", .code = bad[i], .rows = &row, .row_count = 1};
        for (size_t k = 0; k < COUNT(languages); k++) {
            struct paper_stock s = stock_of(languages[k], 203, 150);
            assert_int_equal(paper_job(PAPER_HOLD_TAG, &f, &s, &job), ERR_INVALID);
            assert_int_equal(paper_job(PAPER_COMMAND_SHEET, &f, &s, &job), ERR_INVALID);
            assert_int_equal(job.len, 0);
        }
    }
    buf_deinit(&job);
}

static void paper__a_stock_that_cannot_be_is_refused(void **state)
{
    (void)state;
    static const struct paper_stock bad[] = {
        {"pcl", 203, 100, 150}, {"zpl", 50, 100, 150}, {"zpl", 203, 10, 150},
        {"zpl", 203, 400, 150}, {"zpl", 203, 100, 5},
    };
    struct paper_fields f = fields();
    struct buf job = buf_new(65536);
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(paper_job(PAPER_HOLD_TAG, &f, &bad[i], &job), ERR_INVALID);
    }
    buf_deinit(&job);
}

static void paper__unprintable_characters_are_counted(void **state)
{
    (void)state;
    const char *text = "Zo\xC3\xAB \xC5\x81\xC3\xB3"
                       "d\xC5\xBA \xE2\x82\xAC \xE4\xBD\xA0\xE5\xA5\xBD ?";
    assert_int_equal(paper_unprintable("zpl", text), 0);
    assert_int_equal(paper_unprintable("epl", text), 2);
    assert_int_equal(paper_unprintable("tspl", text), 2);
    assert_int_equal(paper_unprintable("escpos", text), 2);
    assert_int_equal(paper_unprintable("epl", NULL), 0);
}

/* --------------------------------------------------------------------------------- injection -- */

static const char *const hostile[] = {
    "^XZ^XA^FDevil",
    "~JA",
    "~CC+",
    "_5EXZ",
    "\\&next line",
    "! U1 setvar \"device.x\" \"y\"",
    "\r\n! U1 do\r\n",
    "\"\nN\nP9\n",
    "\\\"\nP5\n",
    "\\",
    "\\\\\"",
    "\"",
    "\"\r\nKILL \"*\"\r\n",
    "\\[\"]\\[R]\\[L]",
    "\x1B!.",
    "\x1B!R\x1B!D",
    "~!@\r\n~!T",
    "\r\n~!A",
    "DOWNLOAD F,\"A.BAS\",10,",
    "\x1B@\x1D(A",
    "\x10\x04\x01",
    "\x10\x14\x01\x00\x05",
    "\x10\x05\x02",
    "\x1Dk\x49\x04{Bxx",
    "\x1C&\x1Cp",
    "\x1D(H\x06",
    "M\xC3\xBCller \xF0\x9F\x98\x80",
    "\xFF\xFE\x80\xC3",
    "\xC2\x9B\xC2\x84",
    "\xE0\x80\x9B",
    "\xC3",
};

static void hostile_fields(struct paper_fields *f, struct paper_row *row, const char *text)
{
    *row = (struct paper_row){text, text, text};
    *f = (struct paper_fields){.title = text,
                               .reference = text,
                               .line = text,
                               .text = text,
                               .code = "PB7-1",
                               .rows = row,
                               .row_count = 1};
}

static const enum paper_kind text_kinds[] = {PAPER_TEST_LABEL, PAPER_HOLD_TAG, PAPER_GIFT_NOTE,
                                             PAPER_PACKING_SLIP};

static void assert_inert(const char *text)
{
    struct paper_fields f;
    struct paper_row row;
    hostile_fields(&f, &row, text);
    for (size_t n = 0; n < COUNT(languages) * COUNT(text_kinds); n++) {
        struct paper_stock s = stock_of(languages[n % COUNT(languages)], 203, 150);
        struct job_render r;
        make(text_kinds[n / COUNT(languages)], &f, &s, &r);
        assert_int_equal(r.page_count, 1);
        job_render_free(&r);
    }
}

static void paper__known_attacks_are_letters(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(hostile); i++) {
        assert_inert(hostile[i]);
    }
}

static uint32_t draw(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Bytes that mean something to some printer come more often than others. */
static void random_text(uint32_t *seed, char *out, size_t len)
{
    static const char special[] =
        "\x02\x03\x04\x05\x10\x14\x15\x18\x1B\x1C\x1D\n\r\f^~_\\\"{}[]!>,;"
        "NPAB@?.JR*";
    for (size_t i = 0; i < len; i++) {
        uint32_t n = draw(seed);
        uint8_t byte = (uint8_t)(n >> 4);
        if (n % 3 != 0) byte = (uint8_t)special[(n >> 4) % (sizeof special - 1)];
        if (byte == 0) byte = ' ';
        memcpy(&out[i], &byte, 1);
    }
    out[len] = '\0';
}

static void paper__random_bytes_are_letters(void **state)
{
    (void)state;
    uint32_t seed = 20261120;
    char text[41];
    for (int i = 0; i < 60; i++) {
        random_text(&seed, text, draw(&seed) % 40);
        assert_inert(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paper__every_kind_reads_back_in_every_language),
        cmocka_unit_test(paper__test_label_names_its_own_paper),
        cmocka_unit_test(paper__gift_note_of_64_kilobytes_goes_on_over_pages),
        cmocka_unit_test(paper__without_room_it_says_so),
        cmocka_unit_test(paper__long_titles_end_in_dots_and_stay_on_the_paper),
        cmocka_unit_test(paper__codes_that_no_printer_carries_are_refused),
        cmocka_unit_test(paper__a_stock_that_cannot_be_is_refused),
        cmocka_unit_test(paper__unprintable_characters_are_counted),
        cmocka_unit_test(paper__known_attacks_are_letters),
        cmocka_unit_test(paper__random_bytes_are_letters),
    };
    return cmocka_run_group_tests_name("printer_paper", tests, NULL, NULL);
}
