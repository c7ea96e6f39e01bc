/* Numbers of trade items, and symbology identifiers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/codes/aim.h"
#include "firmware/codes/gtin.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

typedef enum code_fault fold_fn(struct slice text, char out[GTIN_CAP]);

struct story {
    const char *text, *folded; /* NULL: refused */
    enum code_fault fault;
};

static void tell(fold_fn *fold, const struct story *stories, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct story *s = &stories[i];
        char out[GTIN_CAP] = "untouched";
        assert_int_equal(fold(slice_text(s->text), out), s->fault);
        assert_string_equal(out, s->folded ? s->folded : "untouched");
    }
}

static void gtin__folds_to_fourteen_digits(void **state)
{
    (void)state;
    static const struct story stories[] = {
        {"4006381333931", "04006381333931", CODE_OK},
        {"036000291452", "00036000291452", CODE_OK},
        {"0036000291452", "00036000291452", CODE_OK},
        {"96385074", "00000096385074", CODE_OK},
        {"14006381333938", "14006381333938", CODE_OK},
        {"4006381333932", NULL, CODE_CHECK_DIGIT},
        {"400638133393", NULL, CODE_CHECK_DIGIT},
        {"00000000000000", NULL, CODE_ZEROS},
        {"00000000", NULL, CODE_ZEROS},
        {"12345", NULL, CODE_DIGITS},
        {"04006381333931 ", NULL, CODE_NOT_DIGITS},
        {"140063813339381", NULL, CODE_DIGITS},
        {"400638133393A", NULL, CODE_NOT_DIGITS},
        {"", NULL, CODE_DIGITS},
    };
    tell(gtin_fold, stories, COUNT(stories));
}

static void gtin__expands_upce(void **state)
{
    (void)state;
    static const struct story stories[] = {
        {"01234565", "00012345000065", CODE_OK},
        {"04252614", "00042100005264", CODE_OK},
        {"01234531", "00012300000451", CODE_OK},
        {"01234543", "00012340000053", CODE_OK},
        {"06543217", "00065100004327", CODE_OK},
        {"123456", "00012345000065", CODE_OK},
        {"01234566", NULL, CODE_CHECK_DIGIT},
        {"21234565", NULL, CODE_CHOICE},
        {"0123456", NULL, CODE_DIGITS},
        {"0123A565", NULL, CODE_NOT_DIGITS},
        {"000000", NULL, CODE_ZEROS},
        {"", NULL, CODE_DIGITS},
    };
    tell(gtin_from_upce, stories, COUNT(stories));
}

/* Every UPC-E whose sixth digit is 5 or more fits both ways, and one in ten of the others. */
static void gtin__refuses_eight_digits_that_fit_both_ways(void **state)
{
    (void)state;
    static const struct story stories[] = {
        {"96385074", "00000096385074", CODE_OK}, /* EAN-8 alone */
        {"04252614", "00042100005264", CODE_OK}, /* UPC-E alone */
        {"01234565", NULL, CODE_EITHER},         {"96385075", NULL, CODE_CHECK_DIGIT},
        {"0123456", NULL, CODE_DIGITS},
    };
    size_t both = 0, upce = 0;
    tell(gtin_from_eight, stories, COUNT(stories));
    for (unsigned n = 0; n < 1000000; n += 37) {
        char text[9], out[GTIN_CAP];
        for (unsigned i = 0, rest = n; i < 6; i++, rest /= 10)
            text[6 - i] = (char)('0' + rest % 10);
        text[0] = '0';
        text[8] = '\0';
        for (int digit = 0; digit < 10; digit++) {
            text[7] = (char)('0' + digit);
            if (gtin_from_upce(slice_text(text), out) != CODE_OK) continue;
            upce++;
            both += gtin_from_eight(slice_text(text), out) == CODE_EITHER;
        }
    }
    assert_in_range(both, upce / 2, upce * 6 / 10);
}

static void gtin__takes_blanks_and_hyphens_where_people_write_them(void **state)
{
    (void)state;
    static const struct story stories[] = {
        {"5-012345-678900", "05012345678900", CODE_OK},
        {"5 012345 678900", "05012345678900", CODE_OK},
        {"--------", NULL, CODE_DIGITS},
        {"5.012345.678900", NULL, CODE_DIGITS},
        {"150123456789071", NULL, CODE_DIGITS},
    };
    tell(gtin_fold_written, stories, COUNT(stories));
}

static void aim__tells_what_stands_behind(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        enum aim_data data;
    } stories[] = {
        {"", AIM_NONE},       {"]C1", AIM_GS1},        {"]C0", AIM_PLAIN}, {"]C2", AIM_PLAIN},
        {"]C3", AIM_UNKNOWN}, {"]d2", AIM_GS1},        {"]d1", AIM_PLAIN}, {"]D0", AIM_PLAIN},
        {"]Q3", AIM_GS1},     {"]Q1", AIM_PLAIN},      {"]e0", AIM_GS1},   {"]e1", AIM_PLAIN},
        {"]J1", AIM_GS1},     {"]J0", AIM_PLAIN},      {"]h2", AIM_GS1},   {"]d5", AIM_GS1},
        {"]E0", AIM_EAN13},   {"]E3", AIM_EAN13_MORE}, {"]E4", AIM_EAN8},  {"]E1", AIM_ADD_ON},
        {"]I1", AIM_ITF},     {"]I2", AIM_UNKNOWN},    {"]A0", AIM_PLAIN}, {"]AF", AIM_PLAIN},
        {"]A/", AIM_UNKNOWN}, {"]W0", AIM_UNKNOWN},    {"]z1", AIM_PLAIN}, {"]Z1", AIM_NOT_CODE},
        {"xyz", AIM_UNKNOWN}, {"]", AIM_UNKNOWN},
    };
    for (size_t i = 0; i < COUNT(stories); i++)
        assert_int_equal(aim_of(stories[i].id).data, stories[i].data);
}

static void aim__is_split_off_only_where_it_stands(void **state)
{
    (void)state;
    struct slice scan = SLICE("]C1abc");
    assert_true(slice_is(aim_split(&scan), "]C1"));
    assert_true(slice_is(scan, "abc"));
    static const char *const others[] = {"]C", "C1abc", "]1Cabc", "]Cxabc", ""};
    for (size_t i = 0; i < COUNT(others); i++) {
        scan = slice_text(others[i]);
        assert_int_equal(aim_split(&scan).len, 0);
        assert_true(slice_is(scan, others[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gtin__folds_to_fourteen_digits),
        cmocka_unit_test(gtin__expands_upce),
        cmocka_unit_test(gtin__refuses_eight_digits_that_fit_both_ways),
        cmocka_unit_test(gtin__takes_blanks_and_hyphens_where_people_write_them),
        cmocka_unit_test(aim__tells_what_stands_behind),
        cmocka_unit_test(aim__is_split_off_only_where_it_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
