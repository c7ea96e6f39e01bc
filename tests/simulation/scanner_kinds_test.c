/* The whole station with scanners that are not plain serial lines, and one that is told the verdict
 * on its scans. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/sim_world.h"

#define STATION(scanner)                                                                           \
    "{\"id\": \"B1\", \"demonstration\": true, \"scanners\": [" scanner "], "                      \
    "\"label_printer\": {\"port\": {\"transport\": \"pty\", \"path\": \"build/p\"}}}"

#define MUG_RED "5012345000015"
#define JAM     "5012345000046"

static struct sim_world *station_with(const char *station, sim_world_port *port)
{
    struct sim_world_options o = {.station = station, .port = port};
    return world_new(&o);
}

/* ----------------------------------------------------------------------------------- feedback --
 */

static char told[32];

static size_t note_feedback(struct sim_world *w, const char *role, struct slice bytes)
{
    if (strcmp(role, "scanner") != 0) return zpl_printer_accept(w->printer, bytes, hal_now(w->hal));
    struct buf b = buf_over(told, sizeof told - 1);
    b.len = strlen(told);
    buf_put(&b, bytes);
    told[b.len] = '\0';
    return bytes.len;
}

static void scanner__is_told_the_verdict_on_its_scan(void **state)
{
    (void)state;
    told[0] = '\0';
    struct sim_world *w = station_with(
        STATION("{\"port\": {\"transport\": \"serial\"}, \"feedback\": \"datalogic\"}"),
        note_feedback);
    world_scan(w, "TOTE-01");
    world_scan(w, "BOX-S");
    told[0] = '\0';
    world_scan(w, JAM);
    assert_string_equal(told, "F");
    world_command(w, "CONFIRM");
    told[0] = '\0';
    world_scan(w, MUG_RED);
    assert_string_equal(told, "B");
    world_free(w);
}

/* ------------------------------------------------------------------------------------ keyboard --
 */

static void press(struct sim_world *w, uint16_t code, bool down)
{
    struct hal_key key = {.code = code, .value = down};
    hal_sim_port_sends(w->hal, "scanner", slice_of(&key, sizeof key), 0);
}

static void type(struct sim_world *w, const char *text)
{
    static const char rows[] = "..1234567890-=..qwertyuiop[]..asdfghjkl;'`.\\zxcvbnm,./";
    for (; *text; text++) {
        bool capital = *text >= 'A' && *text <= 'Z';
        int c = capital ? *text - 'A' + 'a' : *text;
        uint16_t code = (uint16_t)(strchr(rows + 2, c) - rows);
        if (capital) press(w, 42, true);
        press(w, code, true);
        press(w, code, false);
        if (capital) press(w, 42, false);
    }
    press(w, 28, true);
    press(w, 28, false);
    world_run(w, 3000);
}

static void keyboard_scanner__packs_an_order(void **state)
{
    (void)state;
    char label[64];
    struct sim_world *w = station_with(
        STATION("{\"port\": {\"transport\": \"evdev\", \"usb_vendor\": \"05e0\"}}"), NULL);
    type(w, "TOTE-01");
    type(w, "BOX-S");
    type(w, MUG_RED);
    assert_int_equal(w->view.face, FACE_LABEL);
    type(w, world_label(w, 0, label));
    world_drain(w, 60000);
    assert_int_equal(world_number(w, "SELECT count(*) FROM dispatch WHERE id > 0"), 1);
    world_check(w);
    world_free(w);
}

static void keystrokes__hidden_in_a_code_are_refused_on_the_screen(void **state)
{
    (void)state;
    struct sim_world *w = station_with(
        STATION("{\"port\": {\"transport\": \"evdev\", \"usb_vendor\": \"05e0\"}}"), NULL);
    press(w, 125, true);
    press(w, 19, true);
    press(w, 19, false);
    press(w, 125, false);
    type(w, "TOTE-01");
    assert_int_not_equal(w->view.face, FACE_PACKING);
    world_free(w);
}

/* ------------------------------------------------------------------------------------- HID-POS --
 */

static const uint8_t descriptor[] = {
    0x05, 0x8C, 0x09, 0x02, 0xA1, 0x01, 0x09, 0x12, 0xA1, 0x02, 0x85, 0x02, 0x15, 0x00, 0x26,
    0xFF, 0x00, 0x75, 0x08, 0x95, 0x01, 0x05, 0x01, 0x09, 0x3B, 0x81, 0x02, 0x95, 0x03, 0x05,
    0x8C, 0x09, 0xFB, 0x09, 0xFC, 0x09, 0xFD, 0x81, 0x02, 0x95, 0x38, 0x09, 0xFE, 0x82, 0x02,
    0x01, 0x06, 0x00, 0xFF, 0x95, 0x02, 0x09, 0x04, 0x09, 0x00, 0x81, 0x02, 0x05, 0x8C, 0x25,
    0x01, 0x75, 0x01, 0x95, 0x01, 0x09, 0xFF, 0x81, 0x02, 0x95, 0x07, 0x81, 0x03, 0xC0, 0xC0,
};

static void report(struct sim_world *w, const char *code)
{
    uint8_t r[64] = {2, (uint8_t)strlen(code), ']', 'C', '0'};
    struct buf b = buf_over((char *)r + 5, 56);
    buf_text(&b, code);
    hal_sim_port_sends(w->hal, "scanner", slice_of(r, sizeof r), 0);
    world_run(w, 3000);
}

static void hid_pos_scanner__packs_an_order_once_its_descriptor_is_read(void **state)
{
    (void)state;
    char label[64];
    struct sim_world *w = station_with(
        STATION("{\"port\": {\"transport\": \"hidraw\", \"usb_vendor\": \"05e0\"}}"), NULL);
    report(w, "TOTE-01");
    assert_int_equal(w->view.face, FACE_IDLE);
    assert_true(world_logged(w, "scanner.no_codes"));
    hal_sim_port_leaves(w->hal, "scanner", 0);
    hal_sim_set_port_descriptor(w->hal, "scanner", slice_of(descriptor, sizeof descriptor));
    hal_sim_port_arrives(w->hal, "scanner", "usb 05e0:1900", 100);
    world_run(w, 1000);
    report(w, "TOTE-01");
    report(w, "BOX-S");
    report(w, MUG_RED);
    assert_int_equal(w->view.face, FACE_LABEL);
    report(w, world_label(w, 0, label));
    world_drain(w, 60000);
    assert_int_equal(world_number(w, "SELECT count(*) FROM dispatch WHERE id > 0"), 1);
    world_check(w);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scanner__is_told_the_verdict_on_its_scan),
        cmocka_unit_test(keyboard_scanner__packs_an_order),
        cmocka_unit_test(keystrokes__hidden_in_a_code_are_refused_on_the_screen),
        cmocka_unit_test(hid_pos_scanner__packs_an_order_once_its_descriptor_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
