#include "tests/contract/fake_nodes.h"

#include <linux/input.h>
#include <linux/lp.h>
#include <sys/socket.h>

#define NODE "/dev/packd-fake"

struct bench {
    struct fixture f;
    hal_port_t port;
};

/* The device: what its node answers, and the other end of what opening it gives. */
static struct {
    bool plugged;
    bool dead;       /* unplugged while open: every ioctl is ENODEV */
    int socket_type; /* SOCK_SEQPACKET keeps reports apart */
    int far_end;
    int open_errno; /* not 0: open fails so, `open_failures` times */
    int open_failures;
    bool types;    /* evdev: has Enter and digits */
    bool key_down; /* evdev */
    int grabs;     /* evdev: EVIOCGRAB taken */
    int lp_status; /* usblp */
} device;

static int open_fake(void)
{
    int ends[2];
    if (device.open_failures > 0) {
        device.open_failures--;
        errno = device.open_errno;
        return -1;
    }
    if (!device.plugged) {
        errno = ENOENT;
        return -1;
    }
    if (device.far_end >= 0) (void)close(device.far_end);
    assert_int_equal(socketpair(AF_UNIX, device.socket_type | SOCK_NONBLOCK, 0, ends), 0);
    device.far_end = ends[1];
    return ends[0];
}

static void set_key(uint8_t *keys, unsigned code)
{
    keys[code / 8] = (uint8_t)(keys[code / 8] | 1u << (code % 8));
}

static int evdev_answer(unsigned long request, uint8_t *arg)
{
    unsigned nr = _IOC_NR(request);
    size_t size = _IOC_SIZE(request);
    if (nr == _IOC_NR(EVIOCGRAB)) {
        device.grabs++;
        return 0;
    }
    memset(arg, 0, size);
    if (nr == _IOC_NR(EVIOCGKEY(0)) && device.key_down) set_key(arg, KEY_A);
    if (nr == _IOC_NR(EVIOCGBIT(EV_KEY, 0))) {
        set_key(arg, KEY_VOLUMEUP);
        for (unsigned k = KEY_1; device.types && k <= KEY_ENTER; k++)
            set_key(arg, k);
    }
    return (int)size;
}

static int device_id_answer(uint8_t *arg, size_t size)
{
    static const char said[] = "MFG:Zebra;CMD:ZPL;MDL:GK420t;";
    memset(arg, 0, size);
    arg[1] = sizeof said + 1;
    memcpy(arg + 2, said, sizeof said - 1);
    return 0;
}

static int ioctl_fake(unsigned long request, void *arg)
{
    unsigned type = _IOC_TYPE(request);
    bool ours = type == 'E' || type == 'P' || request == LPGETSTATUS;
    if (!ours) return INT_MIN;
    if (device.dead) {
        errno = ENODEV;
        return -1;
    }
    if (request == LPGETSTATUS) {
        *(int *)arg = device.lp_status;
        return 0;
    }
    return type == 'E' ? evdev_answer(request, arg) : device_id_answer(arg, _IOC_SIZE(request));
}

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    fake = (struct fake_node){.path = NODE, .open = open_fake, .ioctl = ioctl_fake};
    memset(&device, 0, sizeof device);
    device.plugged = device.types = true;
    device.socket_type = SOCK_SEQPACKET;
    device.far_end = -1;
    fixture_open(&b->f);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    if (device.far_end >= 0) (void)close(device.far_end);
    fixture_close(&b->f);
    fake = (struct fake_node){0};
    free(b);
    return 0;
}

static void open_port(struct bench *b, enum hal_transport transport)
{
    struct hal_port_spec s = {.role = "device", .transport = transport, .path = NODE};
    assert_int_equal(hal_port_open(&b->f.hal, &s, &b->port), ERR_OK);
}

static void device_sends(const void *bytes, size_t len)
{
    assert_int_equal(write(device.far_end, bytes, len), len);
}

static void unplug(void)
{
    (void)close(device.far_end);
    device.far_end = -1;
    device.plugged = false;
}

/* -------------------------------------------------------------------------------------- hidraw --
 */

static void hidraw__gives_one_event_for_each_report(void **state)
{
    struct bench *b = *state;
    uint8_t report[64] = {2, 5};
    open_port(b, HAL_TRANSPORT_HIDRAW);
    fixture_expect(&b->f, HAL_EV_PORT_ARRIVED);
    for (uint8_t i = 0; i < 10; i++) {
        report[2] = i;
        device_sends(report, sizeof report);
    }
    for (uint8_t i = 0; i < 10; i++) {
        struct hal_event *ev = fixture_expect(&b->f, HAL_EV_PORT_DATA);
        assert_int_equal(ev->port.data.len, sizeof report);
        assert_int_equal(ev->port.data.ptr[2], i);
    }
    unplug();
    fixture_expect(&b->f, HAL_EV_PORT_GONE);
}

static void hidraw__sends_a_report_whole(void **state)
{
    struct bench *b = *state;
    uint8_t got[64];
    size_t taken = 0;
    open_port(b, HAL_TRANSPORT_HIDRAW);
    fixture_expect(&b->f, HAL_EV_PORT_ARRIVED);
    struct slice beep = SLICE("\xfd\x03\x16\x07\x0d");
    assert_int_equal(hal_port_write(&b->f.hal, b->port, beep, &taken), ERR_OK);
    assert_int_equal(taken, beep.len);
    assert_int_equal(read(device.far_end, got, sizeof got), beep.len);
}

static void device__whose_permissions_come_late_is_found_without_a_replug(void **state)
{
    struct bench *b = *state;
    device.open_errno = EACCES;
    device.open_failures = 3;
    open_port(b, HAL_TRANSPORT_HIDRAW);
    fixture_expect(&b->f, HAL_EV_PORT_ARRIVED);
    assert_int_equal(device.open_failures, 0);
}

static void device__unplugged_comes_back_to_its_role(void **state)
{
    struct bench *b = *state;
    open_port(b, HAL_TRANSPORT_HIDRAW);
    fixture_expect(&b->f, HAL_EV_PORT_ARRIVED);
    unplug();
    fixture_expect(&b->f, HAL_EV_PORT_GONE);
    fixture_expect_quiet(&b->f);
    device.plugged = true;
    assert_int_equal(fixture_expect(&b->f, HAL_EV_PORT_ARRIVED)->port.port.n, b->port.n);
}

/* --------------------------------------------------------------------------------------- evdev --
 */

static void sends_event(uint16_t type, uint16_t code, int32_t value)
{
    struct input_event ev = {.type = type, .code = code, .value = value};
    device_sends(&ev, sizeof ev);
}

static void expect_key(struct bench *b, uint16_t code, uint8_t value, bool lost_before)
{
    struct hal_key key;
    struct hal_event *ev = fixture_expect(&b->f, HAL_EV_PORT_DATA);
    assert_int_equal(ev->port.data.len, sizeof key);
    memcpy(&key, ev->port.data.ptr, sizeof key);
    assert_int_equal(key.code, code);
    assert_int_equal(key.value, value);
    assert_int_equal(key.lost_before, lost_before);
}

static void evdev__gives_keys_down_and_up_and_drops_repeats(void **state)
{
    struct bench *b = *state;
    open_port(b, HAL_TRANSPORT_EVDEV);
    fixture_expect(&b->f, HAL_EV_PORT_ARRIVED);
    assert_int_equal(device.grabs, 1);
    sends_event(EV_MSC, MSC_SCAN, 7);
    sends_event(EV_KEY, KEY_5, 1);
    sends_event(EV_SYN, SYN_REPORT, 0);
    sends_event(EV_KEY, KEY_5, 2);
    sends_event(EV_KEY, KEY_5, 0);
    expect_key(b, KEY_5, 1, false);
    expect_key(b, KEY_5, 0, false);
    fixture_expect_quiet(&b->f);
}

static void evdev__says_when_the_kernel_lost_events_and_drops_the_torn_report(void **state)
{
    struct bench *b = *state;
    open_port(b, HAL_TRANSPORT_EVDEV);
    fixture_expect(&b->f, HAL_EV_PORT_ARRIVED);
    sends_event(EV_SYN, SYN_DROPPED, 0);
    sends_event(EV_KEY, KEY_1, 1);
    sends_event(EV_SYN, SYN_REPORT, 0);
    sends_event(EV_KEY, KEY_2, 1);
    sends_event(EV_KEY, KEY_2, 0);
    expect_key(b, KEY_2, 1, true);
    expect_key(b, KEY_2, 0, false);
}

static void evdev__waits_with_the_grab_while_a_key_is_down(void **state)
{
    struct bench *b = *state;
    device.key_down = true;
    open_port(b, HAL_TRANSPORT_EVDEV);
    fixture_expect_quiet(&b->f);
    assert_int_equal(device.grabs, 0);
    device.key_down = false;
    sends_event(EV_KEY, KEY_A, 0);
    fixture_expect(&b->f, HAL_EV_PORT_ARRIVED);
    assert_int_equal(device.grabs, 1);
    fixture_expect_quiet(&b->f);
}

static void evdev__does_not_take_a_node_that_cannot_type_codes(void **state)
{
    struct bench *b = *state;
    device.types = false;
    open_port(b, HAL_TRANSPORT_EVDEV);
    fixture_expect_quiet(&b->f);
    assert_int_equal(device.grabs, 0);
}

/* --------------------------------------------------------------------------------------- usblp --
 */

static void usblp__says_who_it_is_and_how_it_is(void **state)
{
    struct bench *b = *state;
    struct hal_port_status s;
    static const struct {
        int bits;
        struct hal_port_status says;
    } rows[] = {
        {0x18, {.known = true, .selected = true}},
        {0x38, {.known = true, .selected = true, .paper_out = true}},
        {0x10, {.known = true, .selected = true, .error = true}},
        {0x08, {.known = true}},
    };
    device.socket_type = SOCK_STREAM;
    open_port(b, HAL_TRANSPORT_USBLP);
    struct hal_event *ev = fixture_expect(&b->f, HAL_EV_PORT_ARRIVED);
    assert_non_null(strstr(ev->port.identity, "Zebra GK420t"));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        device.lp_status = rows[i].bits;
        assert_int_equal(hal_port_status(&b->f.hal, b->port, &s), ERR_OK);
        assert_int_equal(s.known, rows[i].says.known);
        assert_int_equal(s.paper_out, rows[i].says.paper_out);
        assert_int_equal(s.selected, rows[i].says.selected);
        assert_int_equal(s.error, rows[i].says.error);
    }
}

static void usblp__says_when_it_has_taken_what_was_accepted(void **state)
{
    struct bench *b = *state;
    char got[8] = {0};
    size_t taken = 0;
    device.socket_type = SOCK_STREAM;
    open_port(b, HAL_TRANSPORT_USBLP);
    fixture_expect(&b->f, HAL_EV_PORT_ARRIVED);
    assert_int_equal(hal_port_write(&b->f.hal, b->port, SLICE("^XA^XZ"), &taken), ERR_OK);
    assert_int_equal(taken, 6);
    fixture_expect(&b->f, HAL_EV_PORT_WRITABLE);
    assert_int_equal(read(device.far_end, got, sizeof got), 6);
    device_sends("\x02ok\x03", 4);
    fixture_read(&b->f, b->port, got, 4);
    assert_memory_equal(got, "\x02ok\x03", 4);
    fixture_expect_quiet(&b->f);
}

static void usblp__unplugged_is_gone_at_the_first_question(void **state)
{
    struct bench *b = *state;
    struct hal_port_status s;
    device.socket_type = SOCK_STREAM;
    open_port(b, HAL_TRANSPORT_USBLP);
    fixture_expect(&b->f, HAL_EV_PORT_ARRIVED);
    device.dead = true;
    device.plugged = false;
    assert_int_equal(hal_port_status(&b->f.hal, b->port, &s), ERR_GONE);
    fixture_expect(&b->f, HAL_EV_PORT_GONE);
    assert_int_equal(hal_port_status(&b->f.hal, b->port, &s), ERR_GONE);
}

/* Closing kills transfers under way, so the descriptor stays open until the printer took the rest.
 */
static void usblp__close_waits_until_the_printer_took_everything(void **state)
{
    struct bench *b = *state;
    static uint8_t label[1 << 20];
    static uint8_t got[1 << 20];
    size_t taken = 0;
    size_t have = 0;
    device.socket_type = SOCK_STREAM;
    open_port(b, HAL_TRANSPORT_USBLP);
    fixture_expect(&b->f, HAL_EV_PORT_ARRIVED);
    assert_int_equal(hal_port_write(&b->f.hal, b->port, slice_of(label, sizeof label), &taken),
                     ERR_OK);
    assert_true(taken > 0 && taken < sizeof label);
    hal_port_close(&b->f.hal, b->port);
    assert_int_equal(read(device.far_end, got, 1), 1);
    fixture_expect_quiet(&b->f);
    device_sends("still open", 10);
    assert_int_equal(fcntl(device.far_end, F_SETFL, O_RDWR), 0);
    for (have = 1; have < taken;) {
        ssize_t n = read(device.far_end, got, taken - have);
        assert_true(n > 0);
        have += (size_t)n;
    }
    fixture_expect_quiet(&b->f);
    assert_int_equal(write(device.far_end, "closed", 6), -1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(hidraw__gives_one_event_for_each_report),
        CASE(hidraw__sends_a_report_whole),
        CASE(device__whose_permissions_come_late_is_found_without_a_replug),
        CASE(device__unplugged_comes_back_to_its_role),
        CASE(evdev__gives_keys_down_and_up_and_drops_repeats),
        CASE(evdev__says_when_the_kernel_lost_events_and_drops_the_torn_report),
        CASE(evdev__waits_with_the_grab_while_a_key_is_down),
        CASE(evdev__does_not_take_a_node_that_cannot_type_codes),
        CASE(usblp__says_who_it_is_and_how_it_is),
        CASE(usblp__says_when_it_has_taken_what_was_accepted),
        CASE(usblp__unplugged_is_gone_at_the_first_question),
        CASE(usblp__close_waits_until_the_printer_took_everything),
    };
    return cmocka_run_group_tests_name("port_devices", tests, NULL, NULL);
}
