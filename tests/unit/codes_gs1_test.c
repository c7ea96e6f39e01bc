/* GS1 element strings: what is taken apart, and every reason to refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/codes/gs1.h"
#include "firmware/codes/gs1_check.h"
#include "firmware/codes/link.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define GS       "\x1d"
#define ITEM     "0109521234543213"

static struct gs1 g;
static char shown[2048];

static const char *elements(void)
{
    struct buf b = buf_over(shown, sizeof shown - 1);
    gs1_text(&g, &b);
    return buf_cstr(&b);
}

/* "(01)...", or "!fault", or "!fault(AI)". */
static const char *outcome(bool valid)
{
    char id[5];
    if (valid) return elements();
    struct buf b = buf_over(shown, sizeof shown - 1);
    gs1_id_text(g.fault_id, id);
    buf_printf(&b, "!%s", code_fault_name(g.fault));
    if (id[0]) buf_printf(&b, "(%s)", id);
    return buf_cstr(&b);
}

struct story {
    const char *input, *result;
};

static void tell(const struct story *stories, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *was = outcome(gs1_read(&g, slice_text(stories[i].input)));
        if (strcmp(was, stories[i].result) != 0)
            fail_msg("%s gives %s, not %s", stories[i].input, was, stories[i].result);
    }
}

static void gs1__takes_messages_apart(void **state)
{
    (void)state;
    static const struct story stories[] = {
        {ITEM "10LOT1" GS "17271231", "(01)09521234543213(10)LOT1(17)271231"},
        {"00106141412345678908", "(00)106141412345678908"},
        {ITEM GS "10LOT", "(01)09521234543213(10)LOT"},
        {GS ITEM "10LOT" GS, "(01)09521234543213(10)LOT"},
        {ITEM "10A" GS "10A", "(01)09521234543213(10)A(10)A"},
        {ITEM "3103001250", "(01)09521234543213(3103)001250"},
        {ITEM "235TPX", "(01)09521234543213(235)TPX"},
        {ITEM "70032712312359" GS "21S", "(01)09521234543213(7003)2712312359(21)S"},
        {"2539521234543213DOC", "(253)9521234543213DOC"},
        {"10lot", "(10)lot"},
    };
    tell(stories, COUNT(stories));
}

static void gs1__refuses_what_is_not_well_formed(void **state)
{
    (void)state;
    static const struct story stories[] = {
        {"", "!empty"},
        {GS, "!empty"},
        {GS GS ITEM, "!separator"},
        {ITEM GS GS "10A", "!separator"},
        {ITEM "10A" GS GS "17271231", "!separator"},
        {ITEM "10" GS "17271231", "!value_empty(10)"},
        {ITEM "10", "!value_empty(10)"},
        {ITEM "1", "!ai_cut"},
        {ITEM "310", "!ai_cut"},
        {"051", "!ai_unknown(05)"},
        {"0A", "!ai_unknown"},
        {ITEM "3109000001", "!ai_unknown(3109)"},
        {"0109521234" GS "43213", "!separator(01)"},
        {"010952123454321", "!value_short(01)"},
        {ITEM "172712311", "!ai_cut"},
        {ITEM "10123456789012345678901", "!value_long(10)"},
        {ITEM "10A[B", "!character(10)"},
        {ITEM "10A B", "!character(10)"},
        {ITEM "37123456789", "!value_long(37)"},
        {ITEM "10A" GS "10B", "!repeated(10)"},
        {"0109521234543214", "!check_digit(01)"},
        {"0100000000000000", "!all_zeros(01)"},
        {"00000000000000000000", "!all_zeros(00)"},
        {"401ABC1", "!company_prefix(401)"},
        {ITEM "17271232", "!date(17)"},
        {ITEM "17270229", "!date(17)"},
        {ITEM "70062712", "!value_short(7006)"},
    };
    tell(stories, COUNT(stories));
}

static void gs1__checks_every_kind_of_value(void **state)
{
    (void)state;
    static const struct story stories[] = {
        {ITEM "17271200", "(01)09521234543213(17)271200"},
        {ITEM "17240229", "(01)09521234543213(17)240229"},
        {ITEM "7006240200", "!date(7006)"},
        {ITEM "70032712312400", "!time(7003)"},
        {ITEM "70032712312360", "!time(7003)"},
        {ITEM "80082712312459", "!time(8008)"},
        {ITEM "8008271231235960", "!time(8008)"},
        {ITEM "422276", "(01)09521234543213(422)276"},
        {ITEM "422275", "(01)09521234543213(422)275"},
        {ITEM "422001", "!country(422)"},
        {ITEM "423276001", "!country(423)"},
        {ITEM "4232762", "!value_short(423)"},
        {ITEM "7030999X", "(01)09521234543213(7030)999X"},
        {ITEM "7030998X", "!country(7030)"},
        {"001061414123456789084307DE", "(00)106141412345678908(4307)DE"},
        {"001061414123456789084307de", "!country(4307)"},
        {"001061414123456789084300A%2fB", "(00)106141412345678908(4300)A%2fB"},
        {"001061414123456789084300A%2", "!percent_encoding(4300)"},
        {"0010614141234567890843212", "!choice(4321)"},
        {"0010614141234567890843091800000000"
         "3600000000",
         "(00)106141412345678908(4309)18000000003600000000"},
        {"0010614141234567890843091800000001"
         "3600000000",
         "!position(4309)"},
        {"001061414123456789084330001200-", "(00)106141412345678908(4330)001200-"},
        {"001061414123456789084330001200+", "!choice(4330)"},
        {"39109781234" GS "8020X", "(3910)9781234(8020)X"},
        {"39109261234" GS "8020X", "!currency(3910)"},
        {"8003095212345432130X", "(8003)095212345432130X"},
        {"8003095212345432140X", "!check_digit(8003)"},
        {"8003195212345432130", "!zero(8003)"},
        {"8006095212345432130203", "(8006)095212345432130203"},
        {"8006095212345432130302", "!piece_of_total(8006)"},
        {"8010ABC", "!company_prefix(8010)"},
        {"80101234a", "!character(8010)"},
        {"80101234#-/A" GS "80111", "(8010)1234#-/A(8011)1"},
    };
    tell(stories, COUNT(stories));
}

static void gs1__checks_keys_and_codes_of_every_kind(void **state)
{
    (void)state;
    static const struct story stories[] = {
        {"80101234" GS "801101", "!zero(8011)"},
        {"80131987654Ad4X4bL5ttr2310c2K", "(8013)1987654Ad4X4bL5ttr2310c2K"},
        {"80131987654Ad4X4bL5ttr2310c2X", "!check_characters(8013)"},
        {"8007GB98MIDL07009312345678", "(8007)GB98MIDL07009312345678"},
        {"8007GB98MIDL07009312345679", "!iban(8007)"},
        {"8007XX361234567890", "!iban(8007)"},
        {ITEM "80010001000010010"
              "0",
         "(01)09521234543213(8001)00010000100100"},
        {ITEM "80010001000010012"
              "0",
         "!choice(8001)"},
        {ITEM "80010000000010010"
              "0",
         "!all_zeros(8001)"},
        {"8018061414112345678902", "(8018)061414112345678902"},
        {"8018061414112345678902" GS "72581/3", "(8018)061414112345678902(7258)1/3"},
        {"8018061414112345678902" GS "72583/1", "!piece_of_total(7258)"},
        {"8018061414112345678902" GS "72523", "!choice(7252)"},
        {"8018061414112345678902" GS "725018991332", "!date(7250)"},
        {"8018061414112345678902" GS "724111", "!choice(7241)"},
        {"001061414123456789087041PX", "(00)106141412345678908(7041)PX"},
        {"001061414123456789087041QZ", "!choice(7041)"},
        {"70401ABC", "(7040)1ABC"},
        {"70401AB+", "!character(7040)"},
        {"8110012345612345611110123", "(8110)012345612345611110123"},
        {"81100123456123456111101231", "!coupon(8110)"},
        {"8112001234561234560123456", "(8112)001234561234560123456"},
        {"81120012345612345601234567", "!coupon(8112)"},
    };
    tell(stories, COUNT(stories));
}

static void gs1__refuses_what_excludes_each_other_and_says_what_is_missing(void **state)
{
    (void)state;
    static const struct story stories[] = {
        {"00106141412345678908"
         "42075001" GS "42127675001",
         "!excludes(420)"},
        {ITEM "0209521234543213"
              "3712",
         "!excludes(01)"},
        {ITEM "3100000001"
              "3101000010",
         "!excludes(3101)"},
        {ITEM "21A" GS "235B", "!excludes(21)"},
    };
    static const struct {
        const char *input, *missing;
    } waits[] = {
        {"0209521234543213", "37"},
        {"0209521234543213"
         "3712",
         "00"},
        {"10LOT", "01"},
        {ITEM "10LOT", ""},
        {ITEM "392012345", "30"},
        {ITEM "392012345" GS "3012", ""},
        {ITEM "70041", "10"},
        {"00106141412345678908"
         "0209521234543213"
         "3712",
         ""},
        {ITEM "250S", "21"},
        {"8010"
         "12345" GS "8030AB",
         "00"},
    };
    char id[5];
    tell(stories, COUNT(stories));
    for (size_t i = 0; i < COUNT(waits); i++) {
        assert_true(gs1_read(&g, slice_text(waits[i].input)));
        gs1_id_text(g.missing, id);
        assert_string_equal(id, waits[i].missing);
    }
}

static void gs1__does_not_depend_on_the_chunks(void **state)
{
    (void)state;
    static const char *const messages[] = {
        ITEM "10LOT1" GS "17271231"
             "21SERIAL" GS "3103001250",
        GS ITEM GS "10A" GS "10A" GS,
        ITEM "10A" GS GS "21B",
        ITEM "10123456789012345678901" GS "21B",
        "010952123454321" GS,
        ITEM "7003271231235",
    };
    for (size_t m = 0; m < COUNT(messages); m++) {
        struct slice whole = slice_text(messages[m]);
        char expected[sizeof shown];
        slice_copy_cut(slice_text(outcome(gs1_read(&g, whole))), expected, sizeof expected);
        for (size_t size = 1; size <= whole.len; size++) {
            gs1_begin(&g);
            for (size_t at = 0; at < whole.len; at += size)
                gs1_push(&g, slice_sub(whole, at, at + size));
            assert_string_equal(outcome(gs1_end(&g)), expected);
        }
    }
}

static void gs1__is_bounded_however_long_the_message(void **state)
{
    (void)state;
    gs1_begin(&g);
    for (size_t i = 0; i < GS1_ELEMENTS_MAX; i++)
        gs1_push(&g, SLICE("90same" GS));
    assert_int_equal(g.fault, CODE_OK);
    gs1_push(&g, SLICE("90same" GS));
    assert_int_equal(g.fault, CODE_TOO_MANY);
    gs1_push(&g, SLICE("17271231"));
    assert_false(gs1_end(&g));
    assert_int_equal(g.count, GS1_ELEMENTS_MAX);
}

static void gs1__reads_brackets(void **state)
{
    (void)state;
    static const struct story stories[] = {
        {"(01)09521234543213(10)LOT1(17)271231", "(01)09521234543213(10)LOT1(17)271231"},
        {"(01)09521234543213(10)A\\(B)", "(01)09521234543213(10)A(B)"},
        {"(01)09521234543213(10)A(B)", "!ai_unknown"},
        {"(01)09521234543214", "!check_digit(01)"},
        {"(01)09521234543213(10)123456789012345678901", "!value_long(10)"},
        {"(01)09521234543213(10)", "!value_empty(10)"},
        {"(01", "!brackets"},
        {"(1)0", "!ai_unknown"},
        {"(01)09521234543213(10", "!brackets"},
        {"x(01)09521234543213", "!brackets"},
        {"", "!empty"},
    };
    for (size_t i = 0; i < COUNT(stories); i++)
        assert_string_equal(outcome(gs1_read_brackets(&g, slice_text(stories[i].input))),
                            stories[i].result);
}

static void link__takes_addresses_apart(void **state)
{
    (void)state;
    static const struct story stories[] = {
        {"https://id.gs1.org/01/09521234543213", "(01)09521234543213"},
        {"HTTPS://a.example/some/stem/01/09521234543213/10/LOT1/21/SER?17=271231",
         "(01)09521234543213(10)LOT1(21)SER(17)271231"},
        {"https://id.gs1.org/01/09521234543213/22/1A?3103=000195;17=271231&linkType=gs1:pip#x",
         "(01)09521234543213(22)1A(3103)000195(17)271231"},
        {"https://id.gs1.org/414/9521234543213/254/32a%2Fb", "(414)9521234543213(254)32a/b"},
        {"https://a/00/106141412345678908/01/09521234543213", "(01)09521234543213"},
        {"https://a/01/9521234543213", "(01)09521234543213"},
        {"https://a/01/96385074", "(01)00000096385074"},
        {"https://a/01/96385075", "!value_short(01)"},
        {"https://a/01/09521234543213/235/TPX", "(01)09521234543213(235)TPX"},
        {"https://a/01/09521234543213/10/A/235/TPX", "!link_order(235)"},
        {"https://a/01/09521234543213/21/S/10/L", "!link_order(10)"},
        {"https://a/01/09521234543213/17/271231", "!link_order(17)"},
        {"https://a/01/09521234543213?10=A", "!link_query(10)"},
        {"https://a/01/09521234543213?21=A", "!link_query(21)"},
        {"https://a/01/09521234543213?01=09521234543213", "!link_query(01)"},
        {"https://a/01/09521234543213?05=1", "!ai_unknown"},
        {"https://a/01/09521234543213?17=", "!value_empty(17)"},
        {"https://a/01/09521234543213?17=271399", "!date(17)"},
        {"https://a/01/09521234543213/10/A%2", "!percent_encoding(10)"},
        {"https://a/01/09521234543213/10/A%00", "!character(10)"},
        {"https://a/01/09521234543213/10/A%1d21B", "!character(10)"},
        {"https://a/01/09521234543213/10/", "!value_empty(10)"},
        {"https://a/01/09521234543213;a=b", "!value_long(01)"},
        {"https://example.com/", "!link_no_key"},
        {"https://example.com", "!link_no_key"},
        {"https://example.com/01", "!link_no_key"},
        {"https://example.com/AQnYUc1gmiCNV4JG", "!link_no_key"},
        {"https:///01/09521234543213", "!link_form"},
        {"https://a/01/0952123454 3213", "!link_form"},
        {"ftp://a/01/09521234543213", "!link_form"},
    };
    for (size_t i = 0; i < COUNT(stories); i++) {
        const char *was = outcome(link_read(&g, slice_text(stories[i].input)));
        if (strcmp(was, stories[i].result) != 0)
            fail_msg("%s gives %s, not %s", stories[i].input, was, stories[i].result);
    }
}

/* Every identifier of the table is found by its digits, and no other is. */
static void table__finds_every_identifier_and_no_other(void **state)
{
    (void)state;
    size_t found = 0;
    for (unsigned number = 0; number < 10000; number++) {
        for (unsigned digits = 2; digits <= 4; digits++) {
            char id[5];
            gs1_id got = 0;
            if (digits < 4 && number >= (digits == 2 ? 100u : 1000u)) continue;
            gs1_id_text(GS1_ID(digits, number), id);
            const struct gs1_ai *ai = gs1_ai_of(slice_text(id), &got);
            if (!ai) continue;
            found++;
            assert_int_equal(got, GS1_ID(digits, number));
            assert_true(ai->digits == digits && ai->first <= number && number <= ai->last);
        }
    }
    size_t listed = 0;
    for (size_t i = 0; i < gs1_ai_count; i++)
        listed += (size_t)(gs1_ais[i].last - gs1_ais[i].first) + 1;
    assert_int_equal(found, listed);
    assert_int_equal(found, 541);
}

static void table__ends_by_length_what_the_first_two_digits_say(void **state)
{
    (void)state;
    static const struct {
        unsigned from, to, value;
    } lengths[] = {{0, 0, 18}, {1, 3, 14}, {11, 17, 6}, {20, 20, 2}, {31, 36, 6}, {41, 41, 13}};
    for (size_t i = 0; i < gs1_ai_count; i++) {
        const struct gs1_ai *ai = &gs1_ais[i];
        unsigned two = ai->first / (ai->digits == 4 ? 100u : ai->digits == 3 ? 10u : 1u);
        unsigned value = 0;
        for (size_t k = 0; k < COUNT(lengths); k++)
            if (two >= lengths[k].from && two <= lengths[k].to) value = lengths[k].value;
        assert_int_equal(ai->fixed, value != 0);
        if (value) assert_int_equal(ai->max, value);
        assert_true(ai->max <= GS1_VALUE_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gs1__takes_messages_apart),
        cmocka_unit_test(gs1__refuses_what_is_not_well_formed),
        cmocka_unit_test(gs1__checks_every_kind_of_value),
        cmocka_unit_test(gs1__checks_keys_and_codes_of_every_kind),
        cmocka_unit_test(gs1__refuses_what_excludes_each_other_and_says_what_is_missing),
        cmocka_unit_test(gs1__does_not_depend_on_the_chunks),
        cmocka_unit_test(gs1__is_bounded_however_long_the_message),
        cmocka_unit_test(gs1__reads_brackets),
        cmocka_unit_test(link__takes_addresses_apart),
        cmocka_unit_test(table__finds_every_identifier_and_no_other),
        cmocka_unit_test(table__ends_by_length_what_the_first_two_digits_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
