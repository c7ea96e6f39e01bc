/* Real USB devices on a real kernel: run inside the virtual machine, by tests/devices/run.sh. */
#include <fcntl.h>
#include <linux/input.h>
#include <linux/lp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/devices/gadget.h"
#include "tests/support/linux_world.h"

#define SILENCE_MS 300

static const uint8_t HID_POS_MAP[] = {
    0x05, 0x8c, 0x09, 0x02, 0xa1, 0x01, 0x85, 0x02, 0x15, 0x00, 0x26,
    0xff, 0x00, 0x75, 0x08, 0x95, 0x3f, 0x09, 0x28, 0x81, 0x02, 0xc0,
};

static const struct gadget SCANNER = {
    .vendor = 0x0c2e, .product = 0x0b6a, .serial = "S1", .serial_port = true};
static const struct gadget HID_SCANNER = {.vendor = 0x05e0,
                                          .product = 0x1900,
                                          .serial = "H1",
                                          .report_map = HID_POS_MAP,
                                          .report_map_len = sizeof HID_POS_MAP,
                                          .report_len = 64};
static const struct gadget PRINTER = {.vendor = 0x0a5f,
                                      .product = 0x0166,
                                      .serial = "P1",
                                      .printer = true,
                                      .pnp = "MFG:Zebra;CMD:ZPL;MDL:GK420t;CLS:PRINTER;"};

struct bench {
    struct linux_world world;
    hal_port_t port;
    int far; /* the device's own side; -1: not open */
};

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    b->far = -1;
    linux_world_open(&b->world);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    if (b->far >= 0) (void)close(b->far);
    gadget_remove();
    linux_world_close(&b->world);
    free(b);
    return 0;
}

static void let_go(struct bench *b)
{
    if (b->far >= 0) (void)close(b->far);
    b->far = -1;
}

static void open_role(struct bench *b, enum hal_transport transport, const struct gadget *g)
{
    struct hal_port_spec spec = {.role = "device", .transport = transport};
    spec.usb_vendor = g->vendor;
    spec.usb_product = g->product;
    assert_int_equal(hal_port_open(b->world.hal, &spec, &b->port), ERR_OK);
}

/* The next event of this kind; other kinds on the way are passed over. */
static const struct hal_event *await(struct bench *b, enum hal_event_kind kind)
{
    const struct hal_event *e = linux_world_next(&b->world, WORLD_PATIENCE_MS);
    while (e && e->kind != kind)
        e = linux_world_next(&b->world, WORLD_PATIENCE_MS);
    if (!e) fail_msg("event %d did not come", (int)kind);
    return e;
}

static void await_bytes(struct bench *b, const char *expected)
{
    char got[256];
    size_t n = 0;
    while (n < strlen(expected)) {
        struct slice data = await(b, HAL_EV_PORT_DATA)->port.data;
        assert_true(n + data.len < sizeof got);
        memcpy(got + n, data.ptr, data.len);
        n += data.len;
    }
    got[n] = '\0';
    assert_string_equal(got, expected);
}

static void await_key(struct bench *b, uint16_t code, uint8_t value)
{
    struct hal_key key;
    struct slice data = await(b, HAL_EV_PORT_DATA)->port.data;
    assert_int_equal(data.len, sizeof key);
    memcpy(&key, data.ptr, sizeof key);
    assert_int_equal(key.code, code);
    assert_int_equal(key.value, value);
}

/* The device's side says something. */
static void device_says(struct bench *b, const char *text)
{
    assert_int_equal(write(b->far, text, strlen(text)), (ssize_t)strlen(text));
}

/* Reads at the device's side until `expected` came; the station keeps turning meanwhile. */
static void device_hears(struct bench *b, const char *expected)
{
    char got[256] = "";
    size_t n = 0;
    struct pollfd p = {.fd = b->far, .events = POLLIN};
    while (n < strlen(expected)) {
        assert_int_equal(poll(&p, 1, WORLD_PATIENCE_MS), 1);
        ssize_t r = read(b->far, got + n, sizeof got - 1 - n);
        assert_true(r > 0);
        n += (size_t)r;
    }
    got[n] = '\0';
    assert_string_equal(got, expected);
}

static void station_says(struct bench *b, const char *text)
{
    size_t taken = 0;
    assert_int_equal(hal_port_write(b->world.hal, b->port, slice_text(text), &taken), ERR_OK);
    assert_int_equal(taken, strlen(text));
}

/* ------------------------------------------------------------------------- scanner, CDC serial --
 */

static void cdc_scanner__is_found_by_its_ids_and_read(void **state)
{
    struct bench *b = *state;
    open_role(b, HAL_TRANSPORT_SERIAL, &SCANNER);
    gadget_plug(&SCANNER);
    const struct hal_event *e = await(b, HAL_EV_PORT_ARRIVED);
    assert_non_null(strstr(e->port.identity, "usb 0c2e:0b6a serial S1"));
    b->far = gadget_open("/dev/ttyGS0", O_RDWR);
    device_says(b, "TOTE-1001\r");
    await_bytes(b, "TOTE-1001\r");
    station_says(b, "\x06");
    device_hears(b, "\x06");
}

static void cdc_scanner__of_other_ids_is_left_alone(void **state)
{
    struct bench *b = *state;
    struct gadget other = SCANNER;
    other.product = 0x0001;
    open_role(b, HAL_TRANSPORT_SERIAL, &SCANNER);
    gadget_plug(&other);
    b->far = gadget_open("/dev/ttyGS0", O_RDWR);
    assert_true(linux_world_quiet(&b->world, SILENCE_MS));
}

static void cdc_scanner__unplugged_inside_a_scan_comes_back(void **state)
{
    struct bench *b = *state;
    open_role(b, HAL_TRANSPORT_SERIAL, &SCANNER);
    gadget_plug(&SCANNER);
    (void)await(b, HAL_EV_PORT_ARRIVED);
    b->far = gadget_open("/dev/ttyGS0", O_RDWR);
    device_says(b, "TOTE-");
    await_bytes(b, "TOTE-");
    let_go(b);
    gadget_unplug();
    (void)await(b, HAL_EV_PORT_GONE);
    gadget_replug();
    (void)await(b, HAL_EV_PORT_ARRIVED);
    b->far = gadget_open("/dev/ttyGS0", O_RDWR);
    device_says(b, "TOTE-1001\r");
    await_bytes(b, "TOTE-1001\r");
}

static void cdc_scanner__keeps_its_role_under_another_name(void **state)
{
    struct bench *b = *state;
    open_role(b, HAL_TRANSPORT_SERIAL, &SCANNER);
    gadget_plug(&SCANNER);
    (void)await(b, HAL_EV_PORT_ARRIVED);
    int holder = gadget_open("/dev/ttyACM0", O_RDWR | O_NONBLOCK);
    gadget_unplug();
    (void)await(b, HAL_EV_PORT_GONE);
    gadget_replug();
    (void)await(b, HAL_EV_PORT_ARRIVED);
    assert_int_equal(access("/dev/ttyACM1", F_OK), 0);
    b->far = gadget_open("/dev/ttyGS0", O_RDWR);
    device_says(b, "A\r");
    await_bytes(b, "A\r");
    (void)close(holder);
}

/* The bus itself holds a CDC device's writer back. (The kernel's driver does not obey XOFF.) */
static void cdc_device__that_does_not_read_holds_its_writer_back(void **state)
{
    struct bench *b = *state;
    static uint8_t wave[200000], heard[sizeof wave];
    size_t sent = 0, got = 0, taken = sizeof wave;
    open_role(b, HAL_TRANSPORT_SERIAL, &SCANNER);
    gadget_plug(&SCANNER);
    (void)await(b, HAL_EV_PORT_ARRIVED);
    b->far = gadget_open("/dev/ttyGS0", O_RDWR);
    for (size_t i = 0; i < sizeof wave; i++)
        wave[i] = (uint8_t)(i * 7 + i / 251);
    assert_int_equal(hal_port_write(b->world.hal, b->port, slice_of(wave, sizeof wave), &sent),
                     ERR_OK);
    assert_true(sent < sizeof wave);
    while (got < sizeof wave) {
        struct pollfd p = {.fd = b->far, .events = POLLIN};
        const struct hal_event *e = linux_world_next(&b->world, 1);
        if (e && e->kind == HAL_EV_PORT_WRITABLE && sent < sizeof wave) {
            struct slice rest = slice_of(wave + sent, sizeof wave - sent);
            assert_int_equal(hal_port_write(b->world.hal, b->port, rest, &taken), ERR_OK);
            sent += taken;
        }
        if (poll(&p, 1, 0) != 1) continue;
        ssize_t n = read(b->far, heard + got, sizeof heard - got);
        assert_true(n > 0);
        got += (size_t)n;
    }
    assert_memory_equal(heard, wave, sizeof wave);
}

/* ----------------------------------------------------------------------- scanner, FTDI adapter --
 */

static void open_ftdi(struct bench *b)
{
    struct hal_port_spec spec = {.role = "device",
                                 .transport = HAL_TRANSPORT_SERIAL,
                                 .usb_vendor = 0x0403,
                                 .usb_product = 0x6001,
                                 .baud = 115200};
    assert_int_equal(hal_port_open(b->world.hal, &spec, &b->port), ERR_OK);
}

static void ftdi_scanner__is_read_and_answered(void **state)
{
    struct bench *b = *state;
    char hex[16];
    open_ftdi(b);
    assert_true(host_do("@serial open", NULL, 0));
    const struct hal_event *e = await(b, HAL_EV_PORT_ARRIVED);
    assert_non_null(strstr(e->port.identity, "usb 0403:6001"));
    assert_true(host_do("@serial send 41310d", NULL, 0));
    await_bytes(b, "A1\r");
    station_says(b, "\x06");
    assert_true(host_do("@serial read 1", hex, sizeof hex));
    assert_string_equal(hex, "06");
    assert_true(host_do("@serial close", NULL, 0));
    (void)await(b, HAL_EV_PORT_GONE);
}

static void ftdi_scanner__pulled_out_inside_a_scan_comes_back(void **state)
{
    struct bench *b = *state;
    open_ftdi(b);
    for (int i = 0; i < 3; i++) {
        assert_true(host_do("@serial open", NULL, 0));
        (void)await(b, HAL_EV_PORT_ARRIVED);
        assert_true(host_do("@serial send 4131", NULL, 0));
        await_bytes(b, "A1");
        assert_true(host_do("@serial close", NULL, 0));
        (void)await(b, HAL_EV_PORT_GONE);
    }
}

/* --------------------------------------------------------------------------- scanner, keyboard --
 */

static void plug_keyboard(void)
{
    assert_true(host_do("@qmp {\"execute\":\"device_add\",\"arguments\":{\"driver\":\"usb-kbd\","
                        "\"bus\":\"x.0\",\"id\":\"kb\"}}",
                        NULL, 0));
}

static void unplug_keyboard(void)
{
    assert_true(
        host_do("@qmp {\"execute\":\"device_del\",\"arguments\":{\"id\":\"kb\"}}", NULL, 0));
}

static void press(const char *key)
{
    char request[160];
    (void)snprintf(request, sizeof request,
                   "@qmp {\"execute\":\"send-key\",\"arguments\":{\"keys\":[{\"type\":\"qcode\","
                   "\"data\":\"%s\"}],\"hold-time\":20}}",
                   key);
    assert_true(host_do(request, NULL, 0));
}

static void open_keyboard(struct bench *b)
{
    struct hal_port_spec spec = {
        .role = "device", .transport = HAL_TRANSPORT_EVDEV, .usb_vendor = 0x0627};
    assert_int_equal(hal_port_open(b->world.hal, &spec, &b->port), ERR_OK);
}

static void keyboard_scanner__is_grabbed_so_that_nobody_else_hears_a_scan(void **state)
{
    struct bench *b = *state;
    open_keyboard(b);
    plug_keyboard();
    (void)await(b, HAL_EV_PORT_ARRIVED);
    int other = open("/dev/input/event0", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    int mice = open("/dev/input/mice", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(other >= 0);
    press("1");
    await_key(b, KEY_1, 1);
    await_key(b, KEY_1, 0);
    press("ret");
    await_key(b, KEY_ENTER, 1);
    await_key(b, KEY_ENTER, 0);
    struct input_event heard;
    assert_int_equal(read(other, &heard, sizeof heard), -1);
    (void)close(other);
    if (mice >= 0) (void)close(mice);
    unplug_keyboard();
    (void)await(b, HAL_EV_PORT_GONE);
}

static void keyboard_scanner__pulled_out_between_two_keys_comes_back(void **state)
{
    struct bench *b = *state;
    open_keyboard(b);
    for (int i = 0; i < 2; i++) {
        plug_keyboard();
        (void)await(b, HAL_EV_PORT_ARRIVED);
        press("4");
        await_key(b, KEY_4, 1);
        unplug_keyboard();
        (void)await(b, HAL_EV_PORT_GONE);
    }
}

static void keyboard__that_nobody_named_is_not_opened(void **state)
{
    struct bench *b = *state;
    struct hal_port_spec spec = {.role = "device",
                                 .transport = HAL_TRANSPORT_EVDEV,
                                 .usb_vendor = 0x05e0,
                                 .usb_product = 0x1200};
    assert_int_equal(hal_port_open(b->world.hal, &spec, &b->port), ERR_OK);
    plug_keyboard();
    assert_true(linux_world_quiet(&b->world, SILENCE_MS));
    unplug_keyboard();
}

/* ---------------------------------------------------------------------------- scanner, HID-POS --
 */

static void hid_pos_scanner__gives_each_report_whole(void **state)
{
    struct bench *b = *state;
    uint8_t report[64] = {2, 9, 'T', 'O', 'T', 'E', '-', '1', '0', '0', '1'};
    open_role(b, HAL_TRANSPORT_HIDRAW, &HID_SCANNER);
    gadget_plug(&HID_SCANNER);
    const struct hal_event *e = await(b, HAL_EV_PORT_ARRIVED);
    assert_non_null(strstr(e->port.identity, "usb 05e0:1900 serial H1"));
    b->far = gadget_open("/dev/hidg0", O_RDWR);
    for (uint8_t i = 0; i < 3; i++) {
        report[10] = (uint8_t)('1' + i);
        assert_int_equal(write(b->far, report, sizeof report), sizeof report);
        struct slice data = await(b, HAL_EV_PORT_DATA)->port.data;
        assert_int_equal(data.len, sizeof report);
        assert_memory_equal(data.ptr, report, sizeof report);
    }
}

static void hid_pos_scanner__pulled_out_comes_back(void **state)
{
    struct bench *b = *state;
    uint8_t report[64] = {2, 1, 'A'};
    open_role(b, HAL_TRANSPORT_HIDRAW, &HID_SCANNER);
    gadget_plug(&HID_SCANNER);
    (void)await(b, HAL_EV_PORT_ARRIVED);
    gadget_unplug();
    (void)await(b, HAL_EV_PORT_GONE);
    gadget_replug();
    (void)await(b, HAL_EV_PORT_ARRIVED);
    b->far = gadget_open("/dev/hidg0", O_RDWR);
    assert_int_equal(write(b->far, report, sizeof report), sizeof report);
    assert_memory_equal(await(b, HAL_EV_PORT_DATA)->port.data.ptr, report, sizeof report);
}

/* ------------------------------------------------------------------------------- label printer --
 */

static void plug_printer(struct bench *b)
{
    open_role(b, HAL_TRANSPORT_USBLP, &PRINTER);
    gadget_plug(&PRINTER);
    b->far = gadget_open("/dev/g_printer0", O_RDWR);
    gadget_printer_status(b->far, LP_PSELECD | LP_PERRORP);
    const struct hal_event *e = await(b, HAL_EV_PORT_ARRIVED);
    assert_non_null(strstr(e->port.identity, "usb 0a5f:0166"));
    assert_non_null(strstr(e->port.identity, "GK420t"));
}

static void printer__prints_and_answers(void **state)
{
    struct bench *b = *state;
    plug_printer(b);
    station_says(b, "~HS");
    device_hears(b, "~HS");
    device_says(b, "\x02"
                   "030,0,0,0\x03\r\n");
    await_bytes(b, "\x02"
                   "030,0,0,0\x03\r\n");
}

static void printer__says_that_its_paper_is_out_and_back(void **state)
{
    struct bench *b = *state;
    struct hal_port_status s;
    plug_printer(b);
    assert_int_equal(hal_port_status(b->world.hal, b->port, &s), ERR_OK);
    assert_true(s.known && !s.paper_out && s.selected && !s.error);
    gadget_printer_status(b->far, LP_PSELECD | LP_PERRORP | LP_POUTPA);
    assert_int_equal(hal_port_status(b->world.hal, b->port, &s), ERR_OK);
    assert_true(s.known && s.paper_out);
    gadget_printer_status(b->far, LP_PSELECD | LP_PERRORP);
    assert_int_equal(hal_port_status(b->world.hal, b->port, &s), ERR_OK);
    assert_true(s.known && !s.paper_out);
}

static void printer__pulled_out_inside_a_label_is_gone_and_comes_back(void **state)
{
    struct bench *b = *state;
    static char label[60000];
    size_t taken = 0;
    plug_printer(b);
    memset(label, 'A', sizeof label);
    assert_int_equal(hal_port_write(b->world.hal, b->port, slice_of(label, sizeof label), &taken),
                     ERR_OK);
    static char some[8192];
    struct pollfd p = {.fd = b->far, .events = POLLIN};
    assert_int_equal(poll(&p, 1, WORLD_PATIENCE_MS), 1);
    assert_true(read(b->far, some, sizeof some) > 0);
    let_go(b);
    gadget_unplug();
    (void)await(b, HAL_EV_PORT_GONE);
    assert_int_equal(hal_port_write(b->world.hal, b->port, SLICE("x"), &taken), ERR_GONE);
    gadget_replug();
    (void)await(b, HAL_EV_PORT_ARRIVED);
    b->far = gadget_open("/dev/g_printer0", O_RDWR);
    station_says(b, "~HS");
    device_hears(b, "~HS");
}

/* ---------------------------------------------------------------------------------- lamp lines --
 */

/* How many lines of the board that packd holds stand as `level`, "hi" or "lo", by the kernel. */
static int lines_at(const char *level)
{
    char line[256], wanted[16];
    int count = 0;
    FILE *f = fopen("/sys/kernel/debug/gpio", "re");
    assert_non_null(f);
    (void)snprintf(wanted, sizeof wanted, "out %s", level);
    while (fgets(line, sizeof line, f))
        if (strstr(line, "packd") && strstr(line, wanted)) count++;
    (void)fclose(f);
    return count;
}

static void lamps__are_driven_and_given_back(void **state)
{
    struct bench *b = *state;
    struct hal_lines_spec spec = {.chip = "/dev/gpiochip0", .offsets = {0, 1, 2}, .count = 3};
    assert_int_equal(hal_lines_open(b->world.hal, &spec), ERR_OK);
    assert_int_equal(lines_at("lo"), 3);
    hal_lines_set(b->world.hal, 0x5);
    assert_int_equal(lines_at("hi"), 2);
    assert_int_equal(lines_at("lo"), 1);
    spec.offsets[0] = 200;
    assert_int_not_equal(hal_lines_open(b->world.hal, &spec), ERR_OK);
    assert_int_equal(lines_at("hi") + lines_at("lo"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(cdc_scanner__is_found_by_its_ids_and_read),
        TEST(cdc_scanner__of_other_ids_is_left_alone),
        TEST(cdc_scanner__unplugged_inside_a_scan_comes_back),
        TEST(cdc_scanner__keeps_its_role_under_another_name),
        TEST(cdc_device__that_does_not_read_holds_its_writer_back),
        TEST(ftdi_scanner__is_read_and_answered),
        TEST(ftdi_scanner__pulled_out_inside_a_scan_comes_back),
        TEST(keyboard_scanner__is_grabbed_so_that_nobody_else_hears_a_scan),
        TEST(keyboard_scanner__pulled_out_between_two_keys_comes_back),
        TEST(keyboard__that_nobody_named_is_not_opened),
        TEST(hid_pos_scanner__gives_each_report_whole),
        TEST(hid_pos_scanner__pulled_out_comes_back),
        TEST(printer__prints_and_answers),
        TEST(printer__says_that_its_paper_is_out_and_back),
        TEST(printer__pulled_out_inside_a_label_is_gone_and_comes_back),
        TEST(lamps__are_driven_and_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
