/* What a scan says by itself, and how that agrees with the reference engine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/text.h"
#include "firmware/codes/aim.h"
#include "firmware/codes/reading.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define GS       "\x1d"
#define ITEM     "0109521234543213"

static const struct reading_rules rules = {.command_prefix = "^P:", .badge_prefix = "^B:"};
static struct gs1 g;
static struct reading r;

/* A scan as a scanner sends it, with or without an identifier before it. */
static void take(struct slice scan)
{
    char aim[4] = "";
    struct slice id = aim_split(&scan);
    slice_copy_cut(id, aim, sizeof aim);
    gs1_begin(&g);
    reading_take(&rules, aim, scan, &g, &r);
}

static const char *summary(void)
{
    static char room[256];
    static const char *const kinds[] = {"text", "command", "badge", "elements", "refused"};
    struct buf b = buf_over(room, sizeof room - 1);
    buf_text(&b, kinds[r.kind]);
    if (r.kind == READING_REFUSED) buf_printf(&b, " %s", code_fault_name(r.fault));
    if (r.rest.len) buf_byte(&b, ' ');
    buf_put(&b, r.rest);
    if (r.gtin[0]) buf_printf(&b, " gtin=%s", r.gtin);
    if (r.either) buf_text(&b, " either");
    if (r.sscc[0]) buf_printf(&b, " sscc=%s", r.sscc);
    if (r.content[0]) buf_printf(&b, " content=%s", r.content);
    if (r.count) buf_printf(&b, " count=%lld", (long long)r.count);
    if (r.lot[0]) buf_printf(&b, " lot=%s", r.lot);
    if (r.serial[0]) buf_printf(&b, " serial=%s", r.serial);
    if (r.expiry[0]) buf_printf(&b, " expiry=%s", r.expiry);
    if (r.best_before[0]) buf_printf(&b, " best=%s", r.best_before);
    if (r.produced[0]) buf_printf(&b, " made=%s", r.produced);
    if (r.weight.value >= 0)
        buf_printf(&b, " weight=%d/%d", (int)r.weight.value, r.weight.decimals);
    if (r.waits_for[0]) buf_printf(&b, " waits=%s", r.waits_for);
    return buf_cstr(&b);
}

struct story {
    const char *scan, *summary;
};

static void tell(const struct story *stories, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        take(slice_text(stories[i].scan));
        if (strcmp(summary(), stories[i].summary) != 0)
            fail_msg("%s is %s, not %s", stories[i].scan, summary(), stories[i].summary);
    }
}

static void reading__puts_commands_and_badges_first(void **state)
{
    (void)state;
    static const struct story stories[] = {
        {"^P:CONFIRM", "command CONFIRM"},
        {"]C0^P:CONFIRM", "command CONFIRM"},
        {"^B:ada", "badge ada"},
        {"^P:", "command"},
        {"^p:CONFIRM", "text"},
        {"x^P:CONFIRM", "text"},
        {"]d2^P:CONFIRM", "command CONFIRM"},
    };
    tell(stories, COUNT(stories));
    const struct reading_rules none = {0};
    reading_of(&none, "", SLICE("^P:CONFIRM"), &r);
    assert_int_equal(r.kind, READING_TEXT);
}

static void reading__extracts_what_the_bench_captures(void **state)
{
    (void)state;
    static const struct story stories[] = {
        {"]C1" ITEM "10Lot007" GS "17271200"
         "21000S" GS "15270101"
         "11260101"
         "3103001250",
         "elements gtin=09521234543213 lot=Lot007 serial=000S expiry=271200 best=270101 "
         "made=260101 "
         "weight=1250/3"},
        {"]d2" ITEM "70032712312359", "elements gtin=09521234543213 expiry=271231"},
        {"]C100106141412345678908"
         "0209521234543213"
         "3740",
         "elements sscc=106141412345678908 content=09521234543213 count=40"},
        {"]C10209521234543213", "elements content=09521234543213 waits=37"},
        {"]C110LOT", "elements lot=LOT waits=01"},
        {"]C1" ITEM "3012", "elements gtin=09521234543213 count=12"},
        {"]Q1https://id.gs1.org/01/09521234543213/10/L%2F1?17=271231",
         "elements gtin=09521234543213 lot=L/1 expiry=271231"},
        {ITEM "10LOT" GS "21S", "elements gtin=09521234543213 lot=LOT serial=S"},
        {"(01)09521234543213(10)LOT", "elements gtin=09521234543213 lot=LOT"},
    };
    tell(stories, COUNT(stories));
}

static void reading__goes_by_the_symbology(void **state)
{
    (void)state;
    static const struct story stories[] = {
        {"]E04006381333931", "text gtin=04006381333931"},
        {"]E0036000291452", "text gtin=00036000291452"},
        {"]E001234565", "text gtin=00012345000065"},
        {"]E0123456", "text gtin=00012345000065"},
        {"]E3400638133393112", "text gtin=04006381333931"},
        {"]E496385074", "text gtin=00000096385074"},
        {"]E404252614", "refused check_digit"},
        {"]E04006381333932", "refused check_digit"},
        {"]E00123456", "refused wrong_digit_count"},
        {"]E0", "refused empty"},
        {"]E112", "refused add_on"},
        {"]I114006381333938", "text gtin=14006381333938"},
        {"]I1140063813339", "refused wrong_digit_count"},
        {"]I114006381333939", "refused check_digit"},
        {"]W0X", "refused unknown_symbology"},
        {"]C0" ITEM, "text"},
        {"]C0" ITEM GS "10A", "text"},
        {"]A05012345678900", "text gtin=05012345678900"},
        {"]Q1https://example.com/tote/17", "text"},
        {"]Q1https://a.example/01/09521234543214", "refused check_digit"},
    };
    tell(stories, COUNT(stories));
}

static void reading__without_identifier_goes_by_the_text(void **state)
{
    (void)state;
    static const struct story stories[] = {
        {"WEB-10427", "text"},
        {"5012345678900", "text gtin=05012345678900"},
        {"5012345678901", "text"},
        {"15012345678907", "text gtin=15012345678907"},
        {"96385074", "text gtin=00000096385074"},
        {"04252614", "text gtin=00042100005264"},
        {"01234565", "text either"},
        {"00106141412345678908", "text sscc=106141412345678908"},
        {"00106141412345678909", "text"},
        {"00000000000000000000", "text"},
        {ITEM, "text"},
        {"00451", "text"},
        {"(1", "text"},
        {"(01)09521234543214", "refused check_digit"},
        {"a\tb", "refused control_character"},
        {"a\x7f"
         "b",
         "refused control_character"},
        {"\xc3\x28", "refused not_utf8"},
        {"\xc3\xa9", "text"},
        {"", "refused empty"},
    };
    tell(stories, COUNT(stories));
    take(slice_of("a\0b", 3));
    assert_string_equal(summary(), "refused control_character");
}

static void reading__of_a_bad_code_keeps_nothing_of_it(void **state)
{
    (void)state;
    take(SLICE("]C1" ITEM "10LOT" GS "17271399"));
    assert_string_equal(summary(), "refused date");
    assert_string_equal(r.ai, "17");
}

static void date__gets_its_century_and_the_last_day_of_its_month(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int now, year, month, day; /* year 0: no date */
    } stories[] = {
        {"271231", 2026, 2027, 12, 31},
        {"270200", 2026, 2027, 2, 28},
        {"280200", 2026, 2028, 2, 29},
        {"760101", 2026, 2076, 1, 1},
        {"770101", 2026, 1977, 1, 1},
        {"991231", 2026, 1999, 12, 31},
        {"000101", 2060, 2100, 1, 1},
        {"110101", 2060, 2011, 1, 1},
        {"100101", 2060, 2110, 1, 1},
        {"270229", 2026, 0, 0, 0},
        {"271301", 2026, 0, 0, 0},
        {"2712", 2026, 0, 0, 0},
        {"", 2026, 0, 0, 0},
        {"27123x", 2026, 0, 0, 0},
    };
    for (size_t i = 0; i < COUNT(stories); i++) {
        struct code_date d = {0};
        assert_int_equal(code_date_of(stories[i].text, stories[i].now, &d), stories[i].year != 0);
        assert_int_equal(d.year, stories[i].year);
        assert_int_equal(d.month, stories[i].month);
        assert_int_equal(d.day, stories[i].day);
    }
    const struct code_date a = {2027, 2, 28}, b = {2027, 3, 1};
    assert_true(code_date_compare(a, b) < 0 && code_date_compare(b, a) > 0);
    assert_int_equal(code_date_compare(a, a), 0);
}

/* ---------------------------------------------------------------------------- the reference engine
 */

#define VECTORS "../shared/specs/gs1/vectors.tsv"

/* Where the bench takes more than the engine, on purpose; docs/codes.md says why. */
static const char *const taken_all_the_same[] = {
    "E04006381333931",              /* no identifier: a text that folds */
    "]C0010952123454321310LOT1",    /* plain text */
    "]C2010952123454321310LOT1",    /* plain text */
    "]d0010952123454321310LOT1",    /* plain text */
    "]e1010952123454321310LOT1",    /* plain text */
    "]c10109521234543213",          /* plain text */
    "]d5010952123454321310LOT1",    /* the identifier of GS1 with ECI */
    "]E0036000291452",              /* UPC-A that was not expanded */
    "]Q1https://example.com/",      /* an address without a key is a text */
    "]C10109521234543213392012345", /* partners may stand in the next code */
    "]C10209521234543213",
    "]C13012",
    "]C13103001250",
    "]C18200http://e.com",
};
/* Where it takes less. */
static const char *const refused_all_the_same[] = {
    "]C10100000000000000", /* a number of zeros */
    "]Q1",                 /* nothing in it */
};

static bool listed(const char *const *list, size_t count, struct slice scan)
{
    for (size_t i = 0; i < count; i++)
        if (slice_is(scan, list[i])) return true;
    return false;
}

static struct slice column(struct slice line, size_t number)
{
    for (; number > 0; number--)
        line = slice_sub(line, slice_find_byte(line, '\t') + 1, line.len);
    return slice_sub(line, 0, slice_find_byte(line, '\t'));
}

static struct slice with_separators(struct slice text, struct buf *room)
{
    buf_clear(room);
    while (text.len > 0) {
        size_t at = slice_find(text, SLICE("{GS}"));
        buf_put(room, slice_sub(text, 0, at));
        if (at < text.len) buf_text(room, GS);
        text = slice_sub(text, at + 4, text.len);
    }
    return buf_slice(room);
}

static void judge(struct slice line)
{
    char room[512], said[1024];
    struct buf input = buf_over(room, sizeof room), elements = buf_over(said, sizeof said - 1);
    struct slice scan = with_separators(column(line, 0), &input);
    bool theirs = slice_is(column(line, 1), "accept");
    take(scan);
    bool ours = r.kind != READING_REFUSED;
    bool expected = theirs ? !listed(refused_all_the_same, COUNT(refused_all_the_same), scan)
                           : listed(taken_all_the_same, COUNT(taken_all_the_same), scan);
    if (ours != expected) fail_msg("%.*s: %s", SLICE_ARGS(line), summary());
    if (!ours || !theirs) return;
    if (r.kind == READING_ELEMENTS) gs1_text(&g, &elements);
    if (!slice_eq(buf_slice(&elements), column(line, 4)))
        fail_msg("%.*s: %s", SLICE_ARGS(line), buf_cstr(&elements));
}

static void reading__agrees_with_the_reference_engine(void **state)
{
    (void)state;
    static char file[65536];
    FILE *f = fopen(VECTORS, "re");
    if (!f) {
        print_message("skipped: " VECTORS " is not here\n");
        return;
    }
    struct slice rest = slice_of(file, fread(file, 1, sizeof file, f));
    (void)fclose(f);
    size_t judged = 0;
    rest = slice_sub(rest, slice_find_byte(rest, '\n') + 1, rest.len);
    while (rest.len > 0) {
        size_t end = slice_find_byte(rest, '\n');
        judge(slice_sub(rest, 0, end));
        rest = slice_sub(rest, end + 1, rest.len);
        judged++;
    }
    assert_true(judged >= 94);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading__puts_commands_and_badges_first),
        cmocka_unit_test(reading__extracts_what_the_bench_captures),
        cmocka_unit_test(reading__goes_by_the_symbology),
        cmocka_unit_test(reading__without_identifier_goes_by_the_text),
        cmocka_unit_test(reading__of_a_bad_code_keeps_nothing_of_it),
        cmocka_unit_test(date__gets_its_century_and_the_last_day_of_its_month),
        cmocka_unit_test(reading__agrees_with_the_reference_engine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
