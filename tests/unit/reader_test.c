/* Scanners that are keyboards or HID-POS devices: keys and reports become the same scans as bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/scanner/reader.h"

enum {
    ENTER = 28,
    CTRL = 29,
    SHIFT = 42,
    ALT = 56,
    CAPS = 58,
    F1 = 59,
    ALT_GR = 100,
    META = 125,
};

static struct reader reader;
static struct scan last;
static char text[SCAN_MAX + 1];
static size_t scans, faults;
static mono_t now = {1000000};

static void note(void *ctx, const struct scan *s)
{
    (void)ctx;
    last = *s;
    memcpy(text, s->text.ptr ? (const char *)s->text.ptr : "", s->text.len);
    text[s->text.len] = '\0';
    if (s->fault)
        faults++;
    else
        scans++;
}

static void begin(enum hal_port_kind kind, const char *layout, struct slice descriptor)
{
    const struct scanner_framing framing = {.terminated = true, .aim = kind != HAL_PORT_REPORTS};
    scans = faults = 0;
    now.ms += 100000;
    reader_init(&reader, kind, &framing, wedge_layout_by_name(layout));
    reader_arrived(&reader, descriptor, mono_plus(now, -1000));
}

/* ---------------------------------------------------------------------------------- keyboard -- */

static void key(uint16_t code, bool down)
{
    struct hal_key k = {.code = code, .value = down};
    reader_push(&reader, slice_of(&k, sizeof k), now, note, NULL);
}

static void tap(uint16_t code)
{
    key(code, true);
    key(code, false);
}

static void with(uint16_t modifier, uint16_t code)
{
    key(modifier, true);
    tap(code);
    key(modifier, false);
}

/* Letters and digits stand where a US keyboard has them. */
static void type(const char *s)
{
    static const char rows[] = "..1234567890-=..qwertyuiop[]..asdfghjkl;'`.\\zxcvbnm,./";
    for (; *s; s++) {
        bool capital = *s >= 'A' && *s <= 'Z';
        int c = capital ? *s - 'A' + 'a' : *s;
        uint16_t code = (uint16_t)(strchr(rows + 2, c) - rows);
        if (capital)
            with(SHIFT, code);
        else
            tap(code);
    }
}

static void keyboard__types_what_its_code_holds(void **state)
{
    (void)state;
    begin(HAL_PORT_KEYS, "us", SLICE(""));
    type("TOTE-1001");
    tap(ENTER);
    assert_int_equal(scans, 1);
    assert_string_equal(text, "TOTE-1001");
}

static void keyboard__keeps_aim_identifier_and_separator(void **state)
{
    (void)state;
    begin(HAL_PORT_KEYS, "us", SLICE(""));
    type("]C110AB");
    with(CTRL, 27);
    type("21X");
    tap(ENTER);
    assert_string_equal(last.aim, "]C1");
    assert_string_equal(text, "10AB\x1D"
                              "21X");
    now.ms += 1000;
    type("A");
    key(ALT, true);
    tap(82), tap(80), tap(73);
    key(ALT, false);
    type("B");
    tap(ENTER);
    assert_string_equal(text, "A\x1D"
                              "B");
}

static void keyboard__minds_caps_lock_and_the_keypad(void **state)
{
    (void)state;
    begin(HAL_PORT_KEYS, "us", SLICE(""));
    tap(CAPS);
    type("ab-1");
    with(SHIFT, 30);
    tap(79), tap(82);
    tap(ENTER);
    assert_string_equal(text, "AB-1a10");
}

static void keyboard__types_by_its_layout(void **state)
{
    (void)state;
    begin(HAL_PORT_KEYS, "de", SLICE(""));
    tap(21 /* Z there */), tap(44 /* Y there */), tap(53 /* - */);
    with(SHIFT, 8 /* / */);
    with(ALT_GR, 10 /* ] */);
    with(ALT_GR, 16 /* @ */);
    with(ALT_GR, 86 /* | */);
    tap(26 /* ue */);
    tap(ENTER);
    assert_string_equal(text, "zy-/]@|\xC3\xBC");
    begin(HAL_PORT_KEYS, "fr", SLICE(""));
    with(SHIFT, 2);
    tap(16);
    tap(2);
    tap(ENTER);
    assert_string_equal(text, "1a&");
    begin(HAL_PORT_KEYS, "gb", SLICE(""));
    with(SHIFT, 3), with(SHIFT, 40), tap(43);
    tap(ENTER);
    assert_string_equal(text, "\"@#");
}

static void keystrokes__hidden_in_a_code_spoil_the_scan_and_do_nothing(void **state)
{
    (void)state;
    static const struct {
        uint16_t modifier, code;
    } attacks[] = {{CTRL, 24}, {META, 19},    {ALT, 62}, {0, F1},
                   {CTRL, 46}, {META, ENTER}, {ALT, 30}};
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
        begin(HAL_PORT_KEYS, "us", SLICE(""));
        type("12");
        if (attacks[i].modifier)
            with(attacks[i].modifier, attacks[i].code);
        else
            tap(attacks[i].code);
        type("34");
        tap(ENTER);
        assert_int_equal(scans, 0);
        assert_int_equal(last.fault, SCAN_CONTROL);
        now.ms += 1000;
        type("5");
        tap(ENTER);
        assert_int_equal(scans, 1);
        assert_string_equal(text, "5");
    }
}

static void keyboard__that_lost_keys_gives_no_half_scan(void **state)
{
    (void)state;
    begin(HAL_PORT_KEYS, "us", SLICE(""));
    type("12345");
    struct hal_key k = {.code = 7, .value = 1, .lost_before = true};
    reader_push(&reader, slice_of(&k, sizeof k), now, note, NULL);
    type("78");
    tap(ENTER);
    assert_int_equal(scans, 0);
    assert_int_equal(faults, 1);
    type("9");
    tap(ENTER);
    assert_int_equal(scans, 1);
    assert_string_equal(text, "9");
}

static void keyboard__without_enter_is_a_broken_scan(void **state)
{
    (void)state;
    begin(HAL_PORT_KEYS, "us", SLICE(""));
    type("123");
    now = reader_deadline(&reader);
    reader_tick(&reader, now, note, NULL);
    assert_int_equal(faults, 1);
    assert_int_equal(last.fault, SCAN_BROKEN);
}

/* ----------------------------------------------------------------------------------- HID-POS -- */

static const uint8_t descriptor[] = {
    0x05, 0x8C, 0x09, 0x02, 0xA1, 0x01, 0x09, 0x12, 0xA1, 0x02, 0x85, 0x02, 0x15, 0x00, 0x26,
    0xFF, 0x00, 0x75, 0x08, 0x95, 0x01, 0x05, 0x01, 0x09, 0x3B, 0x81, 0x02, 0x95, 0x03, 0x05,
    0x8C, 0x09, 0xFB, 0x09, 0xFC, 0x09, 0xFD, 0x81, 0x02, 0x95, 0x38, 0x09, 0xFE, 0x82, 0x02,
    0x01, 0x06, 0x00, 0xFF, 0x95, 0x02, 0x09, 0x04, 0x09, 0x00, 0x81, 0x02, 0x05, 0x8C, 0x25,
    0x01, 0x75, 0x01, 0x95, 0x01, 0x09, 0xFF, 0x81, 0x02, 0x95, 0x07, 0x81, 0x03, 0xC0, 0xC0,
};
#define DESCRIPTOR slice_of(descriptor, sizeof descriptor)

static void report(const char *aim, const char *data, uint8_t length, bool goes_on)
{
    uint8_t r[64] = {2, length};
    struct slice symbology = slice_text(aim), code = slice_text(data);
    memcpy(r + 2, symbology.ptr, symbology.len);
    memcpy(r + 5, code.ptr, code.len);
    r[63] = goes_on;
    reader_push(&reader, slice_of(r, sizeof r), now, note, NULL);
}

static void hid_pos__finds_its_fields_in_the_descriptor(void **state)
{
    (void)state;
    struct hidpos_layout l;
    assert_int_equal(hidpos_layout_read(DESCRIPTOR, &l), ERR_OK);
    assert_int_equal(l.report_id, 2);
    assert_true(l.has_length);
    assert_int_equal(l.length_at, 8);
    assert_int_equal(l.aim_at, 16);
    assert_int_equal(l.data_at, 40);
    assert_int_equal(l.data_bytes, 56);
    assert_int_equal(l.continued_at, 63 * 8);
}

static void hid_pos__gives_code_and_symbology(void **state)
{
    (void)state;
    begin(HAL_PORT_REPORTS, "us", DESCRIPTOR);
    report("]C1",
           "10AB\x1D"
           "21X",
           8, false);
    assert_int_equal(scans, 1);
    assert_string_equal(last.aim, "]C1");
    assert_string_equal(text, "10AB\x1D"
                              "21X");
    now.ms += 1000;
    report("", "5012345000015", 13, false);
    assert_string_equal(last.aim, "");
    assert_string_equal(text, "5012345000015");
}

static void hid_pos__joins_a_long_code(void **state)
{
    (void)state;
    static const char part[] = "12345678901234567890123456789012345678901234567890123456";
    begin(HAL_PORT_REPORTS, "us", DESCRIPTOR);
    report("]Q1", part, 56, true);
    report("]Q1", part, 56, true);
    report("]Q1", "END", 3, false);
    assert_int_equal(scans, 1);
    assert_int_equal(strlen(text), 115);
    assert_string_equal(text + 112, "END");
    assert_string_equal(last.aim, "]Q1");
}

static void hid_pos__drops_a_code_whose_end_does_not_come(void **state)
{
    (void)state;
    begin(HAL_PORT_REPORTS, "us", DESCRIPTOR);
    report("]C0", "HALF", 4, true);
    now = reader_deadline(&reader);
    reader_tick(&reader, now, note, NULL);
    assert_int_equal(last.fault, SCAN_BROKEN);
    report("]C0", "WHOLE", 5, false);
    assert_int_equal(scans, 1);
    assert_string_equal(text, "WHOLE");
}

static void hid_pos__believes_no_length_beyond_its_field(void **state)
{
    (void)state;
    begin(HAL_PORT_REPORTS, "us", DESCRIPTOR);
    report("]C0", "AB", 255, false);
    assert_int_equal(scans, 0);
    assert_int_equal(last.fault, SCAN_CONTROL);
    uint8_t full[64];
    memset(full, 'Z', sizeof full);
    full[0] = 2;
    full[1] = 58;
    full[63] = 0;
    reader_push(&reader, slice_of(full, sizeof full), now, note, NULL);
    assert_int_equal(scans, 1);
    assert_int_equal(strlen(text), 56);
    uint8_t shortened[3] = {2, 56, ']'};
    reader_push(&reader, slice_of(shortened, sizeof shortened), now, note, NULL);
    uint8_t foreign[64] = {3, 5, 0};
    reader_push(&reader, slice_of(foreign, sizeof foreign), now, note, NULL);
    assert_int_equal(scans, 1);
}

static void hid_pos__that_never_ends_is_bounded(void **state)
{
    (void)state;
    static const char part[] = "12345678901234567890123456789012345678901234567890123456";
    begin(HAL_PORT_REPORTS, "us", DESCRIPTOR);
    for (size_t i = 0; i < 2 * SCAN_MAX / 56; i++)
        report("]Q1", part, 56, true);
    report("]Q1", "END", 3, false);
    assert_int_equal(scans, 0);
    assert_int_equal(last.fault, SCAN_TOO_LONG);
    report("]Q1", "NEXT", 4, false);
    assert_string_equal(text, "NEXT");
}

static void hid_device__that_is_no_scanner_is_ignored(void **state)
{
    (void)state;
    static const uint8_t mouse[] = {0x05, 0x01, 0x09, 0x02, 0xA1, 0x01, 0x09, 0x30, 0x09,
                                    0x31, 0x75, 0x08, 0x95, 0x02, 0x81, 0x06, 0xC0};
    begin(HAL_PORT_REPORTS, "us", slice_of(mouse, sizeof mouse));
    assert_true(reader.refused);
    report("]C0", "A", 1, false);
    assert_int_equal(scans + faults, 0);
    begin(HAL_PORT_REPORTS, "us", SLICE(""));
    assert_true(reader.refused);
}

/* Each byte of a descriptor changed in turn, and cut anywhere: no field lies outside any report. */
static void hid_descriptor__that_lies_harms_nothing(void **state)
{
    (void)state;
    static const uint8_t values[] = {0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF};
    for (size_t i = 0; i < sizeof descriptor; i++) {
        for (size_t v = 0; v < sizeof values; v++) {
            uint8_t changed[sizeof descriptor];
            memcpy(changed, descriptor, sizeof changed);
            changed[i] = values[v];
            begin(HAL_PORT_REPORTS, "us", slice_of(changed, sizeof changed));
            report("]C0", "ABC", 3, false);
            report("]C0", "ABC", 200, true);
        }
        begin(HAL_PORT_REPORTS, "us", slice_of(descriptor, i));
        report("]C0", "ABC", 3, false);
    }
    assert_true(scans <= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keyboard__types_what_its_code_holds),
        cmocka_unit_test(keyboard__keeps_aim_identifier_and_separator),
        cmocka_unit_test(keyboard__minds_caps_lock_and_the_keypad),
        cmocka_unit_test(keyboard__types_by_its_layout),
        cmocka_unit_test(keystrokes__hidden_in_a_code_spoil_the_scan_and_do_nothing),
        cmocka_unit_test(keyboard__that_lost_keys_gives_no_half_scan),
        cmocka_unit_test(keyboard__without_enter_is_a_broken_scan),
        cmocka_unit_test(hid_pos__finds_its_fields_in_the_descriptor),
        cmocka_unit_test(hid_pos__gives_code_and_symbology),
        cmocka_unit_test(hid_pos__joins_a_long_code),
        cmocka_unit_test(hid_pos__drops_a_code_whose_end_does_not_come),
        cmocka_unit_test(hid_pos__believes_no_length_beyond_its_field),
        cmocka_unit_test(hid_pos__that_never_ends_is_bounded),
        cmocka_unit_test(hid_device__that_is_no_scanner_is_ignored),
        cmocka_unit_test(hid_descriptor__that_lies_harms_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
