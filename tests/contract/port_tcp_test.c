#include "tests/contract/parts_fixture.h"

#include <errno.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct bench {
    struct fixture f;
    int listener; /* the printer; -1 while it is off */
    uint16_t tcp_port;
    hal_port_t port;
};

static void printer_on(struct bench *b)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(b->tcp_port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t len = sizeof a;
    int on = 1;
    int room = 4096;
    b->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(b->listener >= 0);
    (void)setsockopt(b->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    (void)setsockopt(b->listener, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    assert_int_equal(bind(b->listener, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(b->listener, 1), 0);
    assert_int_equal(getsockname(b->listener, (struct sockaddr *)&a, &len), 0);
    b->tcp_port = ntohs(a.sin_port);
}

static void printer_off(struct bench *b)
{
    (void)close(b->listener);
    b->listener = -1;
}

static void open_port(struct bench *b, const char *host)
{
    struct hal_port_spec s = {.role = "printer", .transport = HAL_TRANSPORT_TCP};
    (void)snprintf(s.host, sizeof s.host, "%s", host);
    s.tcp_port = b->tcp_port;
    assert_int_equal(hal_port_open(&b->f.hal, &s, &b->port), ERR_OK);
}

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    fixture_open(&b->f);
    printer_on(b);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    if (b->listener >= 0) (void)close(b->listener);
    fixture_close(&b->f);
    free(b);
    return 0;
}

/* The printer's end of a fresh connection. */
static int connect_printer(struct bench *b)
{
    struct hal_event *ev = fixture_expect(&b->f, HAL_EV_PORT_ARRIVED);
    assert_int_equal(ev->port.port.n, b->port.n);
    int fd = accept4(b->listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void write_all_that_fits(struct bench *b, size_t *out_taken)
{
    static uint8_t label[1 << 20];
    size_t taken = sizeof label;
    *out_taken = 0;
    while (taken == sizeof label) {
        assert_int_equal(hal_port_write(&b->f.hal, b->port, slice_of(label, sizeof label), &taken),
                         ERR_OK);
        *out_taken += taken;
    }
}

static void read_exactly(int fd, size_t len)
{
    char chunk[16384];
    while (len > 0) {
        ssize_t n = read(fd, chunk, len < sizeof chunk ? len : sizeof chunk);
        assert_true(n > 0);
        len -= (size_t)n;
    }
}

static void tcp__talks_both_ways(void **state)
{
    struct bench *b = *state;
    char text[8] = {0};
    size_t taken = 0;
    open_port(b, "127.0.0.1");
    int fd = connect_printer(b);
    assert_int_equal(hal_port_write(&b->f.hal, b->port, SLICE("~HS"), &taken), ERR_OK);
    assert_int_equal(taken, 3);
    read_exactly(fd, 3);
    assert_int_equal(write(fd,
                           "\x02"
                           "030\x03",
                           5),
                     5);
    fixture_read(&b->f, b->port, text, 5);
    assert_memory_equal(text,
                        "\x02"
                        "030\x03",
                        5);
    (void)close(fd);
    fixture_expect(&b->f, HAL_EV_PORT_GONE);
}

static void tcp__finds_a_printer_by_name_without_blocking(void **state)
{
    struct bench *b = *state;
    open_port(b, "localhost");
    fixture_expect(&b->f, HAL_EV_PORT_ARRIVED);
}

static void tcp__stops_at_a_closed_window_and_goes_on_when_it_opens(void **state)
{
    struct bench *b = *state;
    size_t taken = 0;
    open_port(b, "127.0.0.1");
    int fd = connect_printer(b);
    write_all_that_fits(b, &taken);
    fixture_expect_quiet(&b->f);
    size_t more = 1;
    assert_int_equal(hal_port_write(&b->f.hal, b->port, SLICE("x"), &more), ERR_OK);
    assert_int_equal(more, 0);
    read_exactly(fd, taken);
    fixture_expect(&b->f, HAL_EV_PORT_WRITABLE);
    assert_int_equal(hal_port_write(&b->f.hal, b->port, SLICE("x"), &more), ERR_OK);
    assert_int_equal(more, 1);
    read_exactly(fd, 1);
    (void)close(fd);
}

static void tcp__reports_a_reset_in_the_middle_as_gone_and_returns(void **state)
{
    struct bench *b = *state;
    size_t taken = 0;
    open_port(b, "127.0.0.1");
    int fd = connect_printer(b);
    write_all_that_fits(b, &taken);
    struct linger hard = {.l_onoff = 1};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
    (void)close(fd);
    for (struct hal_event *ev = NULL; !ev || ev->kind != HAL_EV_PORT_GONE;) {
        ev = fixture_any(&b->f);
        assert_non_null(ev);
        assert_true(ev->kind == HAL_EV_PORT_GONE || ev->kind == HAL_EV_PORT_WRITABLE);
    }
    assert_int_equal(hal_port_write(&b->f.hal, b->port, SLICE("x"), &taken), ERR_GONE);
    fd = connect_printer(b);
    (void)close(fd);
}

static void tcp__waits_for_a_printer_that_is_off_and_finds_it_later(void **state)
{
    struct bench *b = *state;
    printer_off(b);
    open_port(b, "127.0.0.1");
    fixture_expect_quiet(&b->f);
    printer_on(b);
    int fd = connect_printer(b);
    (void)close(fd);
    fixture_expect(&b->f, HAL_EV_PORT_GONE);
}

static void tcp__keeps_trying_a_printer_that_refuses_while_busy(void **state)
{
    struct bench *b = *state;
    open_port(b, "127.0.0.1");
    int first = connect_printer(b);
    printer_off(b);
    struct fixture other;
    fixture_open(&other);
    struct bench second = {.f = other, .listener = -1, .tcp_port = b->tcp_port};
    open_port(&second, "127.0.0.1");
    fixture_expect_quiet(&second.f);
    (void)close(first);
    fixture_expect(&b->f, HAL_EV_PORT_GONE);
    hal_port_close(&b->f.hal, b->port);
    printer_on(b);
    fixture_expect(&second.f, HAL_EV_PORT_ARRIVED);
    fixture_close(&second.f);
}

/* Closing with unread input would send a reset, and the printer would lose the tail of its label.
 */
static void tcp__close_lets_the_printer_take_everything(void **state)
{
    struct bench *b = *state;
    char chunk[4096];
    size_t taken = 0;
    open_port(b, "127.0.0.1");
    int fd = connect_printer(b);
    write_all_that_fits(b, &taken);
    assert_int_equal(write(fd, "unread reply", 12), 12);
    hal_port_close(&b->f.hal, b->port);
    read_exactly(fd, taken);
    assert_int_equal(read(fd, chunk, sizeof chunk), 0);
    assert_int_equal(write(fd, "late reply", 10), 10);
    fixture_expect_quiet(&b->f);
    assert_int_equal(read(fd, chunk, sizeof chunk), 0);
    (void)close(fd);
}

static void tcp__flush_drops_replies_nobody_read(void **state)
{
    struct bench *b = *state;
    char text[4] = {0};
    open_port(b, "127.0.0.1");
    int fd = connect_printer(b);
    assert_int_equal(write(fd, "old", 3), 3);
    hal_port_flush(&b->f.hal, b->port);
    fixture_expect_quiet(&b->f);
    assert_int_equal(write(fd, "new", 3), 3);
    fixture_read(&b->f, b->port, text, 3);
    assert_string_equal(text, "new");
    (void)close(fd);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(tcp__talks_both_ways),
        CASE(tcp__finds_a_printer_by_name_without_blocking),
        CASE(tcp__stops_at_a_closed_window_and_goes_on_when_it_opens),
        CASE(tcp__reports_a_reset_in_the_middle_as_gone_and_returns),
        CASE(tcp__waits_for_a_printer_that_is_off_and_finds_it_later),
        CASE(tcp__keeps_trying_a_printer_that_refuses_while_busy),
        CASE(tcp__close_lets_the_printer_take_everything),
        CASE(tcp__flush_drops_replies_nobody_read),
    };
    return cmocka_run_group_tests_name("port_tcp", tests, NULL, NULL);
}
