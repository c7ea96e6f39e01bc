#include "tests/contract/fake_nodes.h"

#include <pty.h>
#include <sys/stat.h>

#include "hal/linux/serial_line.h"

/* A name libserialport finds in /sys/class/tty on every kernel with virtual consoles; it is never
 * opened, a pty lies behind it. */
#define NODE "/dev/tty63"

struct bench {
    struct fixture f;
    hal_port_t port;
};

static int far_end = -1; /* the device's side of the pty; -1: unplugged */
static char near_end[64];
static int modem_bits;

static int open_fake(void)
{
    if (far_end < 0) {
        errno = ENOENT;
        return -1;
    }
    return (int)syscall(SYS_openat, AT_FDCWD, near_end, O_RDWR | O_NONBLOCK | O_NOCTTY, 0);
}

static int ioctl_fake(unsigned long request, void *arg)
{
    switch (request) {
    case TIOCMGET:
        *(int *)arg = modem_bits;
        return 0;
    case TIOCMSET:
        modem_bits = *(int *)arg;
        return 0;
    case TIOCMBIS:
        modem_bits |= *(int *)arg;
        return 0;
    case TIOCMBIC:
        modem_bits &= ~*(int *)arg;
        return 0;
    default:
        return INT_MIN;
    }
}

static void plug_in(void)
{
    int near_fd;
    assert_int_equal(openpty(&far_end, &near_fd, near_end, NULL, NULL), 0);
    (void)close(near_fd);
    assert_int_equal(fcntl(far_end, F_SETFL, O_NONBLOCK), 0);
}

static void unplug(void)
{
    (void)close(far_end);
    far_end = -1;
}

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    fake = (struct fake_node){.path = NODE, .open = open_fake, .ioctl = ioctl_fake};
    fixture_open(&b->f);
    plug_in();
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    fixture_close(&b->f);
    if (far_end >= 0) unplug();
    fake = (struct fake_node){0};
    free(b);
    return 0;
}

static bool libserialport_can_find_it(void)
{
    return access("/sys/class/tty/tty63", F_OK) == 0;
}

static struct hal_port_spec spec_of(enum hal_flow flow)
{
    struct hal_port_spec s = {.role = "printer", .transport = HAL_TRANSPORT_SERIAL, .path = NODE};
    s.baud = 38400;
    s.flow = flow;
    return s;
}

static void open_port(struct bench *b, enum hal_flow flow)
{
    struct hal_port_spec s = spec_of(flow);
    if (!libserialport_can_find_it()) skip();
    assert_int_equal(hal_port_open(&b->f.hal, &s, &b->port), ERR_OK);
}

static struct termios line_settings(void)
{
    struct termios t;
    int fd = open_fake();
    assert_int_equal(tcgetattr(fd, &t), 0);
    (void)close(fd);
    return t;
}

static void serial__really_switches_hardware_flow_control_on(void **state)
{
    struct bench *b = *state;
    open_port(b, HAL_FLOW_RTSCTS);
    struct hal_event *ev = fixture_expect(&b->f, HAL_EV_PORT_ARRIVED);
    assert_string_equal(ev->port.identity, NODE);
    struct termios t = line_settings();
    assert_true(t.c_cflag & CRTSCTS);
    assert_int_equal(t.c_iflag & (IXON | IXOFF | IXANY), 0);
    assert_int_equal(cfgetospeed(&t), B38400);
}

static void serial__never_lets_any_byte_restart_a_stopped_output(void **state)
{
    struct bench *b = *state;
    open_port(b, HAL_FLOW_XONXOFF);
    fixture_expect(&b->f, HAL_EV_PORT_ARRIVED);
    struct termios t = line_settings();
    assert_int_equal(t.c_iflag & (IXON | IXOFF | IXANY), IXON | IXOFF);
    assert_int_equal(t.c_cflag & CRTSCTS, 0);
}

static void serial__clears_flow_control_left_by_somebody_else(void **state)
{
    struct bench *b = *state;
    int fd = open_fake();
    struct termios t;
    assert_int_equal(tcgetattr(fd, &t), 0);
    t.c_cflag |= CRTSCTS;
    t.c_iflag |= IXON | IXANY | ICRNL;
    t.c_lflag |= ECHO | ICANON;
    assert_int_equal(tcsetattr(fd, TCSANOW, &t), 0);
    open_port(b, HAL_FLOW_NONE);
    fixture_expect(&b->f, HAL_EV_PORT_ARRIVED);
    t = line_settings();
    assert_int_equal(t.c_cflag & CRTSCTS, 0);
    assert_int_equal(t.c_iflag & (IXON | IXOFF | IXANY | ICRNL), 0);
    assert_int_equal(t.c_lflag & (ECHO | ICANON), 0);
    (void)close(fd);
}

static void serial__refuses_a_device_that_does_not_keep_its_settings(void **state)
{
    struct bench *b = *state;
    fake.keeps_no_flow = true;
    open_port(b, HAL_FLOW_RTSCTS);
    fixture_expect_quiet(&b->f);
    int fd = open_fake();
    assert_int_equal(serial_line_set_flow(fd, HAL_FLOW_RTSCTS), ERR_UNSUPPORTED);
    assert_int_equal(serial_line_set_flow(fd, HAL_FLOW_XONXOFF), ERR_OK);
    (void)close(fd);
}

static void serial__carries_every_byte_both_ways(void **state)
{
    struct bench *b = *state;
    uint8_t all[256];
    uint8_t got[256];
    size_t taken = 0;
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (uint8_t)i;
    open_port(b, HAL_FLOW_NONE);
    fixture_expect(&b->f, HAL_EV_PORT_ARRIVED);
    assert_int_equal(write(far_end, all, 100), 100);
    fixture_read(&b->f, b->port, got, 100);
    assert_int_equal(write(far_end, all + 100, 156), 156);
    fixture_read(&b->f, b->port, got + 100, 156);
    assert_memory_equal(got, all, sizeof all);
    assert_int_equal(hal_port_write(&b->f.hal, b->port, slice_of(all, sizeof all), &taken), ERR_OK);
    assert_int_equal(taken, sizeof all);
    assert_int_equal(read(far_end, got, sizeof got), sizeof all);
    assert_memory_equal(got, all, sizeof all);
}

static void serial__is_shared_with_nobody(void **state)
{
    struct bench *b = *state;
    struct fixture other;
    hal_port_t second;
    struct hal_port_spec s = spec_of(HAL_FLOW_NONE);
    open_port(b, HAL_FLOW_NONE);
    fixture_expect(&b->f, HAL_EV_PORT_ARRIVED);
    fixture_open(&other);
    assert_int_equal(hal_port_open(&other.hal, &s, &second), ERR_OK);
    fixture_expect_quiet(&other);
    hal_port_close(&b->f.hal, b->port);
    fixture_expect(&other, HAL_EV_PORT_ARRIVED);
    fixture_close(&other);
}

static void serial__two_roles_do_not_take_the_same_node(void **state)
{
    struct bench *b = *state;
    struct hal_port_spec s = spec_of(HAL_FLOW_NONE);
    hal_port_t second;
    size_t taken = 0;
    open_port(b, HAL_FLOW_NONE);
    fixture_expect(&b->f, HAL_EV_PORT_ARRIVED);
    (void)snprintf(s.role, sizeof s.role, "scanner");
    assert_int_equal(hal_port_open(&b->f.hal, &s, &second), ERR_OK);
    fixture_expect_quiet(&b->f);
    assert_int_equal(hal_port_write(&b->f.hal, second, SLICE("x"), &taken), ERR_GONE);
}

static void serial__unplugged_is_gone_closed_and_found_again(void **state)
{
    struct bench *b = *state;
    char got[8];
    size_t taken = 0;
    open_port(b, HAL_FLOW_NONE);
    fixture_expect(&b->f, HAL_EV_PORT_ARRIVED);
    unplug();
    fixture_expect(&b->f, HAL_EV_PORT_GONE);
    assert_int_equal(hal_port_write(&b->f.hal, b->port, SLICE("x"), &taken), ERR_GONE);
    fixture_expect_quiet(&b->f);
    plug_in();
    fixture_expect(&b->f, HAL_EV_PORT_ARRIVED);
    assert_int_equal(write(far_end, "back\r", 5), 5);
    fixture_read(&b->f, b->port, got, 5);
}

/* libserialport knows no pty by its own name, and must not be fooled into one. */
static void serial__refuses_a_pty(void **state)
{
    struct bench *b = *state;
    struct hal_port_spec s = spec_of(HAL_FLOW_NONE);
    fake = (struct fake_node){0};
    (void)snprintf(s.path, sizeof s.path, "%s", near_end);
    assert_int_equal(hal_port_open(&b->f.hal, &s, &b->port), ERR_OK);
    fixture_expect_quiet(&b->f);
}

static void serial_line__clears_what_libserialport_sets_too_much(void **state)
{
    (void)state;
    int fd = open_fake();
    struct termios t;
    assert_int_equal(tcgetattr(fd, &t), 0);
    t.c_iflag |= IXON | IXOFF | IXANY;
    assert_int_equal(tcsetattr(fd, TCSANOW, &t), 0);
    assert_int_equal(serial_line_set_flow(fd, HAL_FLOW_XONXOFF), ERR_OK);
    t = line_settings();
    assert_int_equal(t.c_iflag & (IXON | IXOFF | IXANY), IXON | IXOFF);
    (void)close(fd);
}

static void serial_line__needs_a_terminal(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(serial_line_set_flow(ends[0], HAL_FLOW_NONE), ERR_IO);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(serial__really_switches_hardware_flow_control_on),
        CASE(serial__never_lets_any_byte_restart_a_stopped_output),
        CASE(serial__clears_flow_control_left_by_somebody_else),
        CASE(serial__refuses_a_device_that_does_not_keep_its_settings),
        CASE(serial__carries_every_byte_both_ways),
        CASE(serial__is_shared_with_nobody),
        CASE(serial__two_roles_do_not_take_the_same_node),
        CASE(serial__unplugged_is_gone_closed_and_found_again),
        CASE(serial__refuses_a_pty),
        CASE(serial_line__clears_what_libserialport_sets_too_much),
        CASE(serial_line__needs_a_terminal),
    };
    return cmocka_run_group_tests_name("port_serial", tests, NULL, NULL);
}
