/* `packctl scan explain`, as a program: one JSON object for every line, whatever the line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/json.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static char program[256];
static char said[1u << 20];

/* The program lies two folders above the test's own. */
static int group_up(void **state)
{
    (void)state;
    alarm(60);
    ssize_t len = readlink("/proc/self/exe", program, sizeof program - 32);
    if (len <= 0) return -1;
    program[len] = 0;
    for (int up = 0; up < 3; up++)
        *strrchr(program, '/') = 0;
    (void)snprintf(program + strlen(program), 16, "/packctl");
    return 0;
}

/* Runs it on what the shell words print; returns the number of lines it said. */
static size_t explain(const char *input)
{
    char line[1024];
    size_t lines = 0;
    (void)snprintf(line, sizeof line, "{ %s; } | '%s' scan explain", input, program);
    FILE *f = popen(line, "r");
    assert_non_null(f);
    size_t len = fread(said, 1, sizeof said - 1, f);
    said[len] = 0;
    assert_int_equal(pclose(f), 0);
    assert_int_equal(strlen(said), len);
    for (size_t i = 0; i < len; i++)
        lines += said[i] == '\n';
    return lines;
}

static struct slice line_of(size_t number)
{
    const char *at = said;
    for (; number > 0; number--)
        at = strchr(at, '\n') + 1;
    return slice_of(at, strcspn(at, "\n"));
}

/* One member of one line, as text. Every line must be strict JSON. */
static const char *member(size_t line, const char *name)
{
    static char value[512];
    AUTO_JSON struct json_doc *doc = NULL;
    struct json_fault fault = {0};
    if (json_parse(line_of(line), &doc, &fault) != ERR_OK)
        fail_msg("line %zu: %s", line, fault.reason);
    struct slice text = json_text(json_member(json_root(doc), name));
    slice_copy_cut(text, value, sizeof value);
    return value;
}

static void explain__answers_each_line_with_one_object(void **state)
{
    (void)state;
    static const struct {
        const char *verdict, *symbology, *taken_for, *elements;
    } expected[] = {
        {"accept", "GS1-128", "product", "(01)09521234543213(10)LOT1(17)271231"},
        {"refuse", "GS1-128", "nothing", ""},
        {"accept", "EAN-13 or UPC", "text, then product", ""},
        {"accept", "GS1 DataMatrix", "logistic unit", "(00)106141412345678908"},
        {"accept", "", "command", ""},
        {"accept", "", "text", ""},
        {"accept", "QR Code", "product", "(01)09521234543213(10)A/B"},
        {"accept", "GS1-128", "data", "(10)LOT"},
        {"refuse", "", "nothing", ""},
    };
    size_t lines = explain("printf '%s\\n' "
                           "']C1010952123454321310LOT1<GS>17271231' "
                           "']C1010952123454321310LOT1\\x1d17271331' "
                           "']E04006381333931]E112' "
                           "']d200106141412345678908' "
                           "'^P:CONFIRM' "
                           "'WEB-10427' "
                           "']Q1https://id.gs1.org/01/09521234543213/10/A%2FB' "
                           "']C110LOT' "
                           "''");
    assert_int_equal(lines, COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++) {
        assert_string_equal(member(i, "verdict"), expected[i].verdict);
        assert_string_equal(member(i, "symbology"), expected[i].symbology);
        assert_string_equal(member(i, "taken_for"), expected[i].taken_for);
        assert_string_equal(member(i, "elements"), expected[i].elements);
    }
    assert_string_equal(member(0, "lot"), "LOT1");
    assert_string_equal(member(0, "expiry"), "271231");
    assert_string_equal(member(1, "reason"), "date");
    assert_string_equal(member(1, "ai"), "17");
    assert_string_equal(member(7, "waits_for"), "01");
    assert_string_equal(member(8, "reason"), "empty");
}

static void explain__survives_hostile_lines(void **state)
{
    (void)state;
    static const struct {
        const char *input, *reason;
    } hostile[] = {
        {"printf 'a\\000b\\n'", "control_character"},
        {"printf '%s\\n' 'a\\x00b'", "control_character"},
        {"printf '%s\\n' 'a\\x02b\\x03c\\x0d\\x0ad'", "control_character"},
        {"printf 'a\\377\\376\\n'", "not_utf8"},
        {"printf '\\303'", "not_utf8"},
        {"printf '%s\\n' 'a\\xc3'", "not_utf8"},
        {"head -c 8193 /dev/zero | tr '\\0' A", "too_long"},
        {"head -c 300000 /dev/zero | tr '\\0' A; echo", "too_long"},
        {"head -c 300000 /dev/zero", "too_long"},
        {"printf '%s\\n' 'a\\qb'", "escape"},
        {"printf '%s\\n' 'a\\x1'", "escape"},
        {"printf '%s' '\\'", "escape"},
        {"printf '%s\\n' ']C101<GS><GS>'", "separator"},
        {"printf '%s\\n' ']C1(01)'", "ai_unknown"},
        {"printf '%s\\n' ']W9X'", "unknown_symbology"},
        {"printf '%s\\n' 'a\\x1b[31mred'", "control_character"},
        {"printf '%s\\n' '\\xb1\\x32\\xb3\\x34\\x35\\xb6'", "parity"},
    };
    for (size_t i = 0; i < COUNT(hostile); i++) {
        if (explain(hostile[i].input) != 1) fail_msg("%s: %s", hostile[i].input, said);
        assert_string_equal(member(0, "verdict"), "refuse");
        assert_string_equal(member(0, "reason"), hostile[i].reason);
    }
    assert_int_equal(explain("true"), 0);
}

/* The same code twice is two lines, and bytes at random never end it. */
static void explain__keeps_line_and_answer_together(void **state)
{
    (void)state;
    assert_int_equal(explain("printf '5012345678900\\n5012345678900\\r\\n5012345678900'"), 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(member(i, "gtin"), "05012345678900");
    size_t lines = explain("for i in 1 2 3 4 5 6 7 8 9; do head -c 700 /dev/urandom | tr -d '\\n'; "
                           "echo; done");
    assert_int_equal(lines, 9);
    for (size_t i = 0; i < lines; i++)
        (void)member(i, "verdict");
    assert_int_equal(explain("head -c 8192 /dev/zero | tr '\\0' A"), 1);
    assert_string_equal(member(0, "taken_for"), "text");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explain__answers_each_line_with_one_object),
        cmocka_unit_test(explain__survives_hostile_lines),
        cmocka_unit_test(explain__keeps_line_and_answer_together),
    };
    return cmocka_run_group_tests(tests, group_up, NULL);
}
