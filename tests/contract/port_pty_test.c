#include "tests/contract/parts_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct bench {
    struct fixture f;
    char dir[64];
    char link[HAL_PATH_CAP];
    hal_port_t port;
};

static struct hal_port_spec spec_at(const struct bench *b, const char *role)
{
    struct hal_port_spec s = {.transport = HAL_TRANSPORT_PTY};
    (void)snprintf(s.role, sizeof s.role, "%s", role);
    (void)snprintf(s.path, sizeof s.path, "%s", b->link);
    return s;
}

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    (void)snprintf(b->dir, sizeof b->dir, "/tmp/packd-pty-XXXXXX");
    assert_non_null(mkdtemp(b->dir));
    (void)snprintf(b->link, sizeof b->link, "%s/scanner", b->dir);
    fixture_open(&b->f);
    struct hal_port_spec s = spec_at(b, "scanner");
    assert_int_equal(hal_port_open(&b->f.hal, &s, &b->port), ERR_OK);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    fixture_close(&b->f);
    assert_int_equal(access(b->link, F_OK), -1);
    assert_int_equal(rmdir(b->dir), 0);
    free(b);
    return 0;
}

static int plug_in(struct bench *b)
{
    int fd = open(b->link, O_RDWR | O_NOCTTY | O_NONBLOCK);
    assert_true(fd >= 0);
    struct hal_event *ev = fixture_expect(&b->f, HAL_EV_PORT_ARRIVED);
    assert_int_equal(ev->port.port.n, b->port.n);
    assert_non_null(strstr(ev->port.identity, "scanner"));
    return fd;
}

static void send(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void pty__is_announced_only_when_the_far_end_opens(void **state)
{
    struct bench *b = *state;
    size_t taken = 0;
    fixture_expect_quiet(&b->f);
    assert_int_equal(hal_port_write(&b->f.hal, b->port, SLICE("x"), &taken), ERR_GONE);
    int far = plug_in(b);
    assert_int_equal(hal_port_write(&b->f.hal, b->port, SLICE("x"), &taken), ERR_OK);
    assert_int_equal(taken, 1);
    (void)close(far);
    fixture_expect(&b->f, HAL_EV_PORT_GONE);
}

static void pty__delivers_split_and_merged_chunks_byte_for_byte(void **state)
{
    struct bench *b = *state;
    char got[32] = {0};
    int far = plug_in(b);
    send(far, "5012345");
    fixture_read(&b->f, b->port, got, 7);
    send(far, "678900\r");
    send(far, "\x02"
              "ABC\x1d\n\x03\x11\x13\x7f");
    fixture_read(&b->f, b->port, got + 7, 17);
    assert_memory_equal(got,
                        "5012345678900\r\x02"
                        "ABC\x1d\n\x03\x11\x13\x7f",
                        24);
    fixture_expect_quiet(&b->f);
    (void)close(far);
}

static void pty__delivers_everything_before_gone_and_then_comes_back(void **state)
{
    struct bench *b = *state;
    char got[8] = {0};
    size_t taken = 0;
    for (int i = 0; i < 3; i++) {
        int far = plug_in(b);
        send(far, "last\r");
        (void)close(far);
        fixture_read(&b->f, b->port, got, 5);
        assert_memory_equal(got, "last\r", 5);
        fixture_expect(&b->f, HAL_EV_PORT_GONE);
        assert_int_equal(hal_port_write(&b->f.hal, b->port, SLICE("x"), &taken), ERR_GONE);
    }
    fixture_expect_quiet(&b->f);
}

static void pty__reports_a_far_end_that_came_wrote_and_left_before_we_looked(void **state)
{
    struct bench *b = *state;
    char got[8] = {0};
    int far = open(b->link, O_RDWR | O_NOCTTY);
    send(far, "quick\r");
    (void)close(far);
    fixture_expect(&b->f, HAL_EV_PORT_ARRIVED);
    fixture_read(&b->f, b->port, got, 6);
    fixture_expect(&b->f, HAL_EV_PORT_GONE);
}

static void pty__reports_a_far_end_replaced_before_we_looked(void **state)
{
    struct bench *b = *state;
    int far = plug_in(b);
    (void)close(far);
    far = open(b->link, O_RDWR | O_NOCTTY | O_NONBLOCK);
    fixture_expect(&b->f, HAL_EV_PORT_GONE);
    fixture_expect(&b->f, HAL_EV_PORT_ARRIVED);
    fixture_expect_quiet(&b->f);
    (void)close(far);
}

static void pty__gives_a_new_far_end_nothing_meant_for_the_old_one(void **state)
{
    struct bench *b = *state;
    char got[32];
    size_t taken = 0;
    int far = plug_in(b);
    assert_int_equal(hal_port_write(&b->f.hal, b->port, SLICE("half a label"), &taken), ERR_OK);
    (void)close(far);
    fixture_expect(&b->f, HAL_EV_PORT_GONE);
    far = plug_in(b);
    assert_int_equal(read(far, got, sizeof got), -1);
    assert_int_equal(errno, EAGAIN);
    (void)close(far);
}

static size_t drain(int far, uint8_t *expected_next)
{
    uint8_t chunk[512];
    size_t all = 0;
    for (ssize_t n; (n = read(far, chunk, sizeof chunk)) > 0; all += (size_t)n)
        for (ssize_t i = 0; i < n; i++)
            assert_int_equal(chunk[i], (*expected_next)++);
    return all;
}

static void pty__takes_what_fits_and_says_when_it_is_writable_again(void **state)
{
    struct bench *b = *state;
    static uint8_t label[100000];
    for (size_t i = 0; i < sizeof label; i++)
        label[i] = (uint8_t)i;
    int far = plug_in(b);
    uint8_t next = 0;
    size_t given = 0;
    size_t received = 0;
    size_t short_writes = 0;
    while (given < sizeof label) {
        size_t taken = 0;
        struct slice rest = slice_of(label + given, sizeof label - given);
        assert_int_equal(hal_port_write(&b->f.hal, b->port, rest, &taken), ERR_OK);
        given += taken;
        if (given == sizeof label) break;
        short_writes++;
        received += drain(far, &next);
        fixture_expect(&b->f, HAL_EV_PORT_WRITABLE);
    }
    assert_true(short_writes > 0);
    while (received < sizeof label)
        received += drain(far, &next);
    fixture_expect_quiet(&b->f);
    (void)close(far);
}

/* What one end of a pty wrote reaches the other a moment later: waits for it at our end. */
static void await_arrival(void)
{
    struct pollfd ours = {.fd = -1, .events = POLLIN};
    for (int fd = 3; fd < 64 && ours.fd < 0; fd++) {
        char link[64];
        char target[64] = {0};
        (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        if (readlink(link, target, sizeof target - 1) > 0 && strstr(target, "ptmx")) ours.fd = fd;
    }
    assert_true(ours.fd >= 0);
    assert_int_equal(poll(&ours, 1, FIXTURE_PATIENCE_MS), 1);
}

static void pty__flush_drops_what_came_and_nobody_read(void **state)
{
    struct bench *b = *state;
    char got[8];
    int far = plug_in(b);
    send(far, "noise");
    await_arrival();
    hal_port_flush(&b->f.hal, b->port);
    fixture_expect_quiet(&b->f);
    send(far, "A\r");
    fixture_read(&b->f, b->port, got, 2);
    assert_memory_equal(got, "A\r", 2);
    (void)close(far);
}

static void pty__replaces_an_old_link_and_never_a_file(void **state)
{
    struct bench *b = *state;
    char old[HAL_PATH_CAP];
    char file[HAL_PATH_CAP];
    (void)snprintf(old, sizeof old, "%s/old", b->dir);
    (void)snprintf(file, sizeof file, "%s/file", b->dir);
    assert_int_equal(symlink("/nowhere", old), 0);
    (void)close(open(file, O_CREAT | O_WRONLY, 0600));
    struct hal_port_spec s = spec_at(b, "printer");
    hal_port_t port;
    (void)snprintf(s.path, sizeof s.path, "%s", file);
    assert_int_equal(hal_port_open(&b->f.hal, &s, &port), ERR_INVALID);
    (void)snprintf(s.path, sizeof s.path, "%s", old);
    assert_int_equal(hal_port_open(&b->f.hal, &s, &port), ERR_OK);
    struct stat st;
    assert_int_equal(stat(old, &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    hal_port_close(&b->f.hal, port);
    assert_int_equal(lstat(old, &st), -1);
    assert_int_equal(unlink(file), 0);
}

static void ports__refuse_contradictory_specs_and_a_role_taken(void **state)
{
    struct bench *b = *state;
    hal_port_t port;
    struct hal_port_spec s = spec_at(b, "scanner");
    assert_int_equal(hal_port_open(&b->f.hal, &s, &port), ERR_EXISTS);
    s = spec_at(b, "");
    assert_int_equal(hal_port_open(&b->f.hal, &s, &port), ERR_INVALID);
    s = spec_at(b, "printer");
    s.transport = HAL_TRANSPORT_TCP;
    assert_int_equal(hal_port_open(&b->f.hal, &s, &port), ERR_INVALID);
    s = spec_at(b, "printer");
    s.usb_vendor = 0x0c2e;
    assert_int_equal(hal_port_open(&b->f.hal, &s, &port), ERR_INVALID);
    s = (struct hal_port_spec){.role = "scale", .transport = HAL_TRANSPORT_SERIAL, .data_bits = 9};
    assert_int_equal(hal_port_open(&b->f.hal, &s, &port), ERR_INVALID);
}

static void ports__wait_quietly_for_devices_that_are_not_there(void **state)
{
    struct bench *b = *state;
    static const enum hal_transport kinds[] = {HAL_TRANSPORT_SERIAL, HAL_TRANSPORT_USBLP,
                                               HAL_TRANSPORT_HIDRAW, HAL_TRANSPORT_EVDEV};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct hal_port_spec s = {.transport = kinds[i], .path = "/dev/packd-absent"};
        hal_port_t port;
        size_t taken = 0;
        struct hal_port_status status;
        (void)snprintf(s.role, sizeof s.role, "device-%zu", i);
        assert_int_equal(hal_port_open(&b->f.hal, &s, &port), ERR_OK);
        assert_int_equal(hal_port_write(&b->f.hal, port, SLICE("x"), &taken), ERR_GONE);
        assert_int_equal(hal_port_status(&b->f.hal, port, &status), ERR_GONE);
        hal_port_close(&b->f.hal, port);
    }
    fixture_expect_quiet(&b->f);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(pty__is_announced_only_when_the_far_end_opens),
        CASE(pty__delivers_split_and_merged_chunks_byte_for_byte),
        CASE(pty__delivers_everything_before_gone_and_then_comes_back),
        CASE(pty__reports_a_far_end_that_came_wrote_and_left_before_we_looked),
        CASE(pty__reports_a_far_end_replaced_before_we_looked),
        CASE(pty__gives_a_new_far_end_nothing_meant_for_the_old_one),
        CASE(pty__takes_what_fits_and_says_when_it_is_writable_again),
        CASE(pty__flush_drops_what_came_and_nobody_read),
        CASE(pty__replaces_an_old_link_and_never_a_file),
        CASE(ports__refuse_contradictory_specs_and_a_role_taken),
        CASE(ports__wait_quietly_for_devices_that_are_not_there),
    };
    return cmocka_run_group_tests_name("port_pty", tests, NULL, NULL);
}
