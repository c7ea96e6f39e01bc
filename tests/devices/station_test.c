/* The whole station as it is installed, on real USB devices: run inside the virtual machine. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/slice.h"
#include "tests/devices/gadget.h"
#include "tests/devices/paper.h"
#include "tests/support/real_station.h"

#define MUG_RED "5012345000015"
#define USB_PRINTER                                                                                \
    "{\"transport\": \"usblp\", \"usb_vendor\": \"0a5f\", \"usb_product\": \"0166\"}"

static const struct gadget BENCH = {.vendor = 0x0a5f,
                                    .product = 0x0166,
                                    .serial = "B1",
                                    .printer = true,
                                    .pnp = "MFG:Zebra;CMD:ZPL;MDL:GK420t;CLS:PRINTER;",
                                    .serial_port = true};
static const struct real_devices SERIAL = {
    .scanner = "{\"transport\": \"serial\", \"usb_vendor\": \"0a5f\", \"usb_product\": \"0166\"}",
    .printer = USB_PRINTER};

/* A HID-POS scanner: report id 2, length, AIM identifier, 56 bytes of data, continued bit last. */
static const uint8_t HID_POS_MAP[] = {
    0x05, 0x8C, 0x09, 0x02, 0xA1, 0x01, 0x09, 0x12, 0xA1, 0x02, 0x85, 0x02, 0x15, 0x00, 0x26,
    0xFF, 0x00, 0x75, 0x08, 0x95, 0x01, 0x05, 0x01, 0x09, 0x3B, 0x81, 0x02, 0x95, 0x03, 0x05,
    0x8C, 0x09, 0xFB, 0x09, 0xFC, 0x09, 0xFD, 0x81, 0x02, 0x95, 0x38, 0x09, 0xFE, 0x82, 0x02,
    0x01, 0x06, 0x00, 0xFF, 0x95, 0x02, 0x09, 0x04, 0x09, 0x00, 0x81, 0x02, 0x05, 0x8C, 0x25,
    0x01, 0x75, 0x01, 0x95, 0x01, 0x09, 0xFF, 0x81, 0x02, 0x95, 0x07, 0x81, 0x03, 0xC0, 0xC0,
};
static const struct gadget HID_BENCH = {.vendor = 0x0a5f,
                                        .product = 0x0166,
                                        .serial = "B1",
                                        .printer = true,
                                        .pnp = "MFG:Zebra;CMD:ZPL;MDL:GK420t;CLS:PRINTER;",
                                        .report_map = HID_POS_MAP,
                                        .report_map_len = sizeof HID_POS_MAP,
                                        .report_len = 64};
static const struct real_devices HID_POS = {
    .scanner = "{\"transport\": \"hidraw\", \"usb_vendor\": \"0a5f\", \"usb_product\": \"0166\"}",
    .printer = USB_PRINTER};
static const struct gadget PRINTER_ONLY = {.vendor = 0x0a5f,
                                           .product = 0x0166,
                                           .serial = "B1",
                                           .printer = true,
                                           .pnp = "MFG:Zebra;CMD:ZPL;MDL:GK420t;CLS:PRINTER;"};
static const struct real_devices KEYBOARD = {
    .scanner = "{\"transport\": \"evdev\", \"usb_vendor\": \"0627\"}", .printer = USB_PRINTER};

static struct real_station *station;
static struct paper *paper;
static const struct gadget *bench; /* what is plugged in */
static int scanner = -1;           /* its far end; -1: the machine's own keyboard */

static void devices_take(void)
{
    if (bench->serial_port) scanner = gadget_open("/dev/ttyGS0", O_RDWR);
    if (bench->report_map) scanner = gadget_open("/dev/hidg0", O_RDWR);
    paper = paper_open();
}

static void devices_leave(void)
{
    if (scanner >= 0) (void)close(scanner);
    scanner = -1;
    paper_close(paper);
    paper = NULL;
}

static int open_on(const struct gadget *g, const struct real_devices *devices)
{
    bench = g;
    gadget_plug(g);
    devices_take();
    station = real_station_open_on(devices);
    real_station_labels_as(station, "zpl");
    real_station_sees_devices(station);
    real_station_sees_orders(station);
    return 0;
}

static int with_serial(void **state)
{
    (void)state;
    return open_on(&BENCH, &SERIAL);
}

static int with_hid_pos(void **state)
{
    (void)state;
    return open_on(&HID_BENCH, &HID_POS);
}

static int with_keyboard(void **state)
{
    (void)state;
    assert_true(host_do("@qmp {\"execute\":\"device_add\",\"arguments\":{\"driver\":\"usb-kbd\","
                        "\"bus\":\"x.0\",\"id\":\"kb\"}}",
                        NULL, 0));
    return open_on(&PRINTER_ONLY, &KEYBOARD);
}

static int tear_down(void **state)
{
    (void)state;
    devices_leave();
    real_station_close(station);
    gadget_remove();
    if (bench == &PRINTER_ONLY)
        assert_true(
            host_do("@qmp {\"execute\":\"device_del\",\"arguments\":{\"id\":\"kb\"}}", NULL, 0));
    return 0;
}

/* A key by the name QEMU gives it, with Shift for capital letters. */
static void press(char c)
{
    char request[256], name[8] = {c, '\0'};
    bool capital = c >= 'A' && c <= 'Z';
    if (capital) name[0] = (char)(c - 'A' + 'a');
    (void)snprintf(request, sizeof request,
                   "@qmp {\"execute\":\"send-key\",\"arguments\":{\"hold-time\":30,\"keys\":[%s"
                   "{\"type\":\"qcode\",\"data\":\"%s\"}]}}",
                   capital ? "{\"type\":\"qcode\",\"data\":\"shift\"}," : "",
                   c == '-'    ? "minus"
                   : c == '\r' ? "ret"
                               : name);
    assert_true(host_do(request, NULL, 0));
}

static void report(const char *code)
{
    struct slice text = slice_text(code);
    uint8_t r[64] = {2, (uint8_t)text.len, ']', 'C', '0'};
    assert_in_range(text.len, 1, 56);
    memcpy(r + 5, text.ptr, text.len);
    assert_int_equal(write(scanner, r, sizeof r), sizeof r);
}

static void scan(const char *code)
{
    char frame[96];
    int n = snprintf(frame, sizeof frame, "%s\r", code);
    if (bench->report_map) {
        report(code);
    } else if (bench->serial_port) {
        assert_int_equal(write(scanner, frame, (size_t)n), n);
    } else {
        for (int i = 0; i < n; i++)
            press(frame[i]);
    }
}

static void pack(const char *tote)
{
    real_station_shows(station, "idle", NULL);
    scan(tote);
    real_station_shows(station, "packing", NULL);
    scan("BOX-S");
    scan(MUG_RED);
}

static void scan_back(const char *reference)
{
    char code[64];
    paper_take(paper, code);
    real_station_shows(station, "label", "bench.scan_label_one");
    scan(code);
    real_station_shows(station, "saved", NULL);
    struct real_order o = real_station_order(station, reference);
    assert_int_equal(o.labels, 1);
    assert_string_equal(o.tracking, code);
}

static void await_dispatch(const char *reference)
{
    struct real_order o = real_station_order(station, reference);
    for (int looks = 0; o.dispatched == 0 && looks < 5000; looks++)
        o = real_station_order(station, reference);
    assert_int_equal(o.dispatched, 1);
    assert_int_equal(o.labels, 1);
    assert_int_equal(o.violations, 0);
}

static void station__packs_an_order_on_usb_devices(void **state)
{
    (void)state;
    pack("TOTE-01");
    scan_back("WEB-10427");
    await_dispatch("WEB-10427");
}

static void station__waits_for_paper_and_prints_once(void **state)
{
    (void)state;
    paper_out(paper, true);
    pack("TOTE-01");
    real_station_shows(station, "label", "bench.printing");
    assert_true(paper_none(paper));
    paper_out(paper, false);
    scan_back("WEB-10427");
    await_dispatch("WEB-10427");
    assert_true(paper_none(paper));
}

static void station__goes_on_after_all_its_devices_were_pulled_out(void **state)
{
    (void)state;
    real_station_shows(station, "idle", NULL);
    scan("TOTE-01");
    real_station_shows(station, "packing", NULL);
    assert_int_equal(write(scanner, "50123", 5), 5);
    devices_leave();
    gadget_unplug();
    gadget_replug();
    devices_take();
    real_station_sees_devices(station);
    scan("BOX-S");
    scan(MUG_RED);
    scan_back("WEB-10427");
    await_dispatch("WEB-10427");
}

#define TEST(name, set_up) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(station__packs_an_order_on_usb_devices, with_serial),
        TEST(station__packs_an_order_on_usb_devices, with_hid_pos),
        TEST(station__packs_an_order_on_usb_devices, with_keyboard),
        TEST(station__waits_for_paper_and_prints_once, with_serial),
        TEST(station__goes_on_after_all_its_devices_were_pulled_out, with_serial),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
