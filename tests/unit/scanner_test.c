/* Bytes of a scanner become scans, whatever the chunking. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/scanner/scanner.h"
#include "firmware/base/text.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* What came out, one entry per scan: "aim|text|addon|fault|gap;" with controls made visible. */
static char heard_room[64 * 1024];
static struct buf heard;
static size_t heard_count;

static void hear(void *ctx, const struct scan *scan)
{
    (void)ctx;
    static const char *const faults[] = {"", "long", "control", "parity", "broken"};
    heard_count++;
    buf_text(&heard, scan->aim);
    if (scan->aim[0] != '\0') buf_byte(&heard, ' ');
    text_visible(&heard, scan->text, 64);
    if (scan->addon.len > 0) {
        buf_byte(&heard, '+');
        buf_put(&heard, scan->addon);
    }
    if (scan->fault != SCAN_OK) buf_printf(&heard, "!%s", faults[scan->fault]);
    if (scan->by_gap) buf_byte(&heard, '~');
    buf_byte(&heard, ';');
}

static void forget(void)
{
    heard = buf_over(heard_room, sizeof heard_room);
    heard_count = 0;
}

static mono_t at(int64_t ms)
{
    return (mono_t){ms};
}

/* No window for repeats: the vectors repeat on purpose. */
static const struct scanner_framing plain = {.terminated = true, .repeat_ms = 1};
static const struct scanner_framing with_aim = {.terminated = true, .aim = true, .repeat_ms = 1};
static const struct scanner_framing by_gap = {.repeat_ms = 1};
static const struct scanner_framing stx_etx = {
    .terminated = true, .suffix = "\x03", .repeat_ms = 1};
static const struct scanner_framing affixes = {
    .terminated = true, .prefix = "S:", .suffix = "#", .repeat_ms = 1};
static const struct scanner_framing tab_gap = {.suffix = "\t", .repeat_ms = 1};
static const struct scanner_framing stand_in = {
    .terminated = true, .aim = true, .gs = "~1", .repeat_ms = 1};

struct vector {
    const struct scanner_framing *framing;
    struct slice bytes;
    const char *scans;
};

static const struct vector vectors[] = {
    {&plain, {(const uint8_t *)"ABC\r", 4}, "ABC;"},
    {&plain, {(const uint8_t *)"ABC\n", 4}, "ABC;"},
    {&plain, {(const uint8_t *)"ABC\r\n", 5}, "ABC;"},
    {&plain, {(const uint8_t *)"ABC\n\r", 5}, "ABC;"},
    {&plain, {(const uint8_t *)"ABC\r\r", 5}, "ABC;"},
    {&plain, {(const uint8_t *)"ABC\x03", 4}, "ABC;"},
    {&plain,
     {(const uint8_t *)"\x02"
                       "ABC\x03\r\n",
      7},
     "ABC;"},
    {&plain, {(const uint8_t *)"\r\n\r\n", 4}, ""},
    {&plain, {(const uint8_t *)"AB\rCD\r\nEF\r", 10}, "AB;CD;EF;"},
    {&plain,
     {(const uint8_t *)"A\x02"
                       "B\r",
      4},
     "A!broken;B;"},
    {&plain,
     {(const uint8_t *)"A\x1D"
                       "B\r",
      4},
     "A<GS>B;"},
    {&plain, {(const uint8_t *)"A\0B\r", 4}, "A<NUL>B!control;"},
    {&plain, {(const uint8_t *)"\0\0\0\r", 4}, "<NUL><NUL><NUL>!control;"},
    {&plain, {(const uint8_t *)"A\x1B[2J\r", 6}, "A<ESC>[2J!control;"},
    {&plain, {(const uint8_t *)"A\x7F\r", 3}, "A\\x7f!control;"},
    {&plain, {(const uint8_t *)"]C1X\r", 5}, "]C1X;"},
    {&plain, {(const uint8_t *)"\xC3\xA4\xC3\xB6\xC3\xBC\r", 7}, "\\xc3\\xa4\\xc3\\xb6\\xc3\\xbc;"},
    {&plain, {(const uint8_t *)"ABCDEFGHIJ\xFC\r", 12}, "ABCDEFGHIJ\\xfc!control;"},
    /* 4006381333931 CR at 7E1, read as 8N1; the CR carries a parity bit too */
    {&plain,
     {(const uint8_t *)"\xB4"
                       "00"
                       "6"
                       "3"
                       "\xB8\xB1"
                       "333"
                       "9"
                       "3"
                       "\xB1\x8D",
      14},
     "\\xb40063\\xb8\\xb133393\\xb1!parity;"},
    {&with_aim, {(const uint8_t *)"]C10109521234543213\r", 20}, "]C1 0109521234543213;"},
    {&with_aim,
     {(const uint8_t *)"]d2010952123454321310L\x1D"
                       "21S\r",
      27},
     "]d2 010952123454321310L<GS>21S;"},
    {&with_aim, {(const uint8_t *)"4006381333931\r", 14}, "4006381333931;"},
    {&with_aim, {(const uint8_t *)"]\r", 2}, "];"},
    {&with_aim, {(const uint8_t *)"]E0\r", 4}, ""},
    {&with_aim, {(const uint8_t *)"]E09771234567898]E105\r", 22}, "]E0 9771234567898+05;"},
    {&with_aim, {(const uint8_t *)"]E3977123456789805\r", 19}, "]E3 9771234567898+05;"},
    {&with_aim, {(const uint8_t *)"]C0AB]E1CD\r", 11}, "]C0 AB]E1CD;"},
    {&by_gap, {(const uint8_t *)"ABC", 3}, "ABC~;"},
    {&by_gap, {(const uint8_t *)"ABC\r\n", 5}, "ABC~;"},
    {&by_gap, {(const uint8_t *)"AB\rCD", 5}, "AB<CR>CD!control~;"},
    {&by_gap,
     {(const uint8_t *)"\x02"
                       "AB\x03",
      4},
     "AB;"},
    {&tab_gap, {(const uint8_t *)"ABC\t", 4}, "ABC~;"},
    {&stx_etx,
     {(const uint8_t *)"\x02"
                       "A\rB\x03\r\n\x02"
                       "C\x03",
      10},
     "A<CR>B!control;C;"},
    {&affixes, {(const uint8_t *)"S:ABC#\r", 7}, "ABC;"},
    {&affixes, {(const uint8_t *)"S:S:A##\r", 8}, "S:A#;"},
    {&affixes, {(const uint8_t *)"ABC\r", 4}, "ABC;"},
    {&affixes, {(const uint8_t *)"S:#\r", 4}, ""},
    {&stand_in, {(const uint8_t *)"]d210A~121B~1\r", 14}, "]d2 10A<GS>21B<GS>;"},
};

static uint32_t draw(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Pushes in pieces of 1..longest bytes, then lets silence fall. */
static void feed(const struct vector *v, size_t longest, uint32_t seed)
{
    static struct scanner s;
    scanner_init(&s, v->framing);
    forget();
    for (size_t i = 0; i < v->bytes.len;) {
        size_t n = 1 + draw(&seed) % longest;
        scanner_push(&s, slice_sub(v->bytes, i, i + n), at(1000 + (int64_t)i), hear, NULL);
        i += n;
    }
    scanner_tick(&s, at(60000), hear, NULL);
}

static void scanner__reads_every_framing(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        feed(&vectors[i], 10000, 1);
        assert_string_equal(buf_cstr(&heard), vectors[i].scans);
    }
}

static void scanner__gives_the_same_scans_for_any_chunking(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < 200; seed++) {
        for (size_t i = 0; i < COUNT(vectors); i++) {
            feed(&vectors[i], 1 + seed % 7, seed);
            assert_string_equal(buf_cstr(&heard), vectors[i].scans);
        }
    }
}

static void scanner__reports_a_scan_of_ten_thousand_bytes_once(void **state)
{
    (void)state;
    static struct scanner s;
    static uint8_t flood[10000];
    memset(flood, 'A', sizeof flood);
    scanner_init(&s, &plain);
    forget();
    scanner_push(&s, slice_of(flood, sizeof flood), at(0), hear, NULL);
    assert_int_equal(heard_count, 1);
    assert_non_null(strstr(buf_cstr(&heard), "!long;"));
    forget();
    scanner_push(&s, SLICE("TAIL\rNEXT\r"), at(1), hear, NULL);
    assert_string_equal(buf_cstr(&heard), "NEXT;");
}

static void scanner__takes_the_longest_scan_whole(void **state)
{
    (void)state;
    static struct scanner s;
    static uint8_t longest[SCAN_MAX + 1];
    memset(longest, '7', sizeof longest);
    longest[SCAN_MAX] = '\r';
    scanner_init(&s, &plain);
    forget();
    scanner_push(&s, slice_of(longest, sizeof longest), at(0), hear, NULL);
    assert_int_equal(heard_count, 1);
    assert_null(strstr(buf_cstr(&heard), "!"));
}

static void scanner__reads_a_repeat_within_its_window_once(void **state)
{
    (void)state;
    static struct scanner s;
    static const struct scanner_framing defaults = {.terminated = true};
    scanner_init(&s, &defaults);
    forget();
    scanner_push(&s, SLICE("A\rA\r"), at(0), hear, NULL);
    scanner_push(&s, SLICE("A\r"), at(299), hear, NULL);
    assert_string_equal(buf_cstr(&heard), "A;");
    assert_int_equal(s.repeats, 2);
    scanner_push(&s, SLICE("B\rA\r"), at(300), hear, NULL);
    assert_string_equal(buf_cstr(&heard), "A;B;A;");
    scanner_push(&s, SLICE("A\r"), at(600), hear, NULL);
    assert_string_equal(buf_cstr(&heard), "A;B;A;A;");
}

static void scanner__drops_noise_after_plug_in(void **state)
{
    (void)state;
    static struct scanner s;
    scanner_init(&s, &plain);
    forget();
    scanner_arrived(&s, at(5000));
    scanner_push(&s, SLICE("\x80\xFFgarbage\r"), at(5199), hear, NULL);
    assert_int_equal(heard_count, 0);
    scanner_push(&s,
                 SLICE("\xF8\x00\x01"
                       "ABC\r"),
                 at(5200), hear, NULL);
    assert_string_equal(buf_cstr(&heard), "ABC;");
    scanner_push(&s,
                 SLICE("\x01"
                       "ABC\r"),
                 at(5300), hear, NULL);
    assert_string_equal(buf_cstr(&heard), "ABC;<SOH>ABC!control;");
}

static void scanner__forgets_half_a_scan_when_unplugged(void **state)
{
    (void)state;
    static struct scanner s;
    scanner_init(&s, &plain);
    forget();
    scanner_push(&s, SLICE("400638"), at(0), hear, NULL);
    scanner_gone(&s);
    assert_int_equal(s.broken, 1);
    assert_int_equal(scanner_deadline(&s).ms, MONO_NEVER.ms);
    scanner_arrived(&s, at(1000));
    scanner_push(&s, SLICE("4006381333931\r"), at(1500), hear, NULL);
    assert_string_equal(buf_cstr(&heard), "4006381333931;");
}

static void scanner__never_joins_an_unended_scan_to_the_next(void **state)
{
    (void)state;
    static struct scanner s;
    scanner_init(&s, &plain);
    forget();
    scanner_push(&s, SLICE("400638"), at(0), hear, NULL);
    assert_int_equal(scanner_deadline(&s).ms, SCANNER_STALE_MS);
    scanner_push(&s, SLICE("1333931\r"), at(SCANNER_STALE_MS), hear, NULL);
    assert_string_equal(buf_cstr(&heard), "400638!broken;1333931;");
}

static void scanner__splits_by_silence_where_there_is_no_terminator(void **state)
{
    (void)state;
    static struct scanner s;
    scanner_init(&s, &by_gap);
    forget();
    scanner_push(&s, SLICE("AB"), at(0), hear, NULL);
    assert_int_equal(scanner_deadline(&s).ms, 100);
    scanner_push(&s, SLICE("CD"), at(99), hear, NULL);
    scanner_tick(&s, at(198), hear, NULL);
    assert_int_equal(heard_count, 0);
    scanner_push(&s, SLICE("EF"), at(199), hear, NULL);
    assert_string_equal(buf_cstr(&heard), "ABCD~;");
    scanner_tick(&s, at(299), hear, NULL);
    assert_string_equal(buf_cstr(&heard), "ABCD~;EF~;");
}

static void scanner__survives_any_bytes(void **state)
{
    (void)state;
    static struct scanner s;
    uint8_t noise[97];
    uint32_t seed = 7;
    for (size_t f = 0; f < 2 * COUNT(vectors); f++) {
        scanner_init(&s, vectors[f % COUNT(vectors)].framing);
        for (int round = 0; round < 300; round++) {
            for (size_t i = 0; i < sizeof noise; i++) {
                noise[i] = (uint8_t)draw(&seed);
            }
            forget();
            scanner_push(&s, slice_of(noise, 1 + draw(&seed) % sizeof noise),
                         at((int64_t)round * 40), hear, NULL);
            assert_true(s.len <= SCAN_MAX);
        }
        scanner_gone(&s);
        forget();
        scanner_push(&s, SLICE("\x02GOOD\x03"), at(90000), hear, NULL);
        scanner_tick(&s, at(99000), hear, NULL);
        assert_non_null(strstr(buf_cstr(&heard), "GOOD"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scanner__reads_every_framing),
        cmocka_unit_test(scanner__gives_the_same_scans_for_any_chunking),
        cmocka_unit_test(scanner__reports_a_scan_of_ten_thousand_bytes_once),
        cmocka_unit_test(scanner__takes_the_longest_scan_whole),
        cmocka_unit_test(scanner__reads_a_repeat_within_its_window_once),
        cmocka_unit_test(scanner__drops_noise_after_plug_in),
        cmocka_unit_test(scanner__forgets_half_a_scan_when_unplugged),
        cmocka_unit_test(scanner__never_joins_an_unended_scan_to_the_next),
        cmocka_unit_test(scanner__splits_by_silence_where_there_is_no_terminator),
        cmocka_unit_test(scanner__survives_any_bytes),
    };
    return cmocka_run_group_tests_name("scanner", tests, NULL, NULL);
}
