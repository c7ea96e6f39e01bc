/* The whole station as it is installed, on real USB devices: run inside the virtual machine. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/devices/gadget.h"
#include "tests/devices/paper.h"
#include "tests/support/real_station.h"

#define MUG_RED "5012345000015"

static const struct gadget BENCH = {.vendor = 0x0a5f,
                                    .product = 0x0166,
                                    .serial = "B1",
                                    .printer = true,
                                    .pnp = "MFG:Zebra;CMD:ZPL;MDL:GK420t;CLS:PRINTER;",
                                    .serial_port = true};
static const struct real_devices DEVICES = {
    .scanner = "{\"transport\": \"serial\", \"usb_vendor\": \"0a5f\", \"usb_product\": \"0166\"}",
    .printer = "{\"transport\": \"usblp\", \"usb_vendor\": \"0a5f\", \"usb_product\": \"0166\"}"};

static struct real_station *station;
static struct paper *paper;
static int scanner = -1;

static void devices_take(void)
{
    scanner = gadget_open("/dev/ttyGS0", O_RDWR);
    paper = paper_open();
}

static void devices_leave(void)
{
    if (scanner >= 0) (void)close(scanner);
    scanner = -1;
    paper_close(paper);
    paper = NULL;
}

static int set_up(void **state)
{
    (void)state;
    gadget_plug(&BENCH);
    devices_take();
    station = real_station_open_on(&DEVICES);
    real_station_labels_as(station, "zpl");
    real_station_sees_devices(station);
    real_station_sees_orders(station);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    devices_leave();
    real_station_close(station);
    gadget_remove();
    return 0;
}

static void scan(const char *code)
{
    char frame[96];
    int n = snprintf(frame, sizeof frame, "%s\r", code);
    assert_int_equal(write(scanner, frame, (size_t)n), n);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(station__packs_an_order_on_usb_devices),
        TEST(station__waits_for_paper_and_prints_once),
        TEST(station__goes_on_after_all_its_devices_were_pulled_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
