#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "hal/linux/hal_linux.h"
#include "hal/linux/reactor.h"

#define PATIENCE_MS 30000

struct world {
    struct hal *hal;
    char dir[64];
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    (void)snprintf(w->dir, sizeof w->dir, "/tmp/packd-hal-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    struct hal_linux_options o = {.config_dir = w->dir, .state_dir = w->dir};
    assert_int_equal(hal_linux_open(&o, &w->hal), ERR_OK);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    hal_linux_close(w->hal);
    assert_int_equal(rmdir(w->dir), 0);
    free(w);
    return 0;
}

static enum hal_event_kind next_kind(struct hal *h)
{
    struct hal_event ev[1];
    size_t n = 0;
    mono_t deadline = mono_plus(hal_now(h), PATIENCE_MS);
    assert_int_equal(hal_wait(h, deadline, ev, 1, &n), ERR_OK);
    assert_int_equal(n, 1);
    return ev[0].kind;
}

static void expect_nothing(struct hal *h)
{
    struct hal_event ev[4];
    size_t n = 0;
    assert_int_equal(hal_wait(h, (mono_t){0}, ev, 4, &n), ERR_OK);
    assert_int_equal(n, 0);
}

static void signals__become_stop_reload_and_power_failing(void **state)
{
    struct world *w = *state;
    static const struct {
        int sig;
        enum hal_event_kind kind;
    } rows[] = {{SIGTERM, HAL_EV_STOP},
                {SIGINT, HAL_EV_STOP},
                {SIGHUP, HAL_EV_RELOAD},
                {SIGPWR, HAL_EV_POWER_FAILING}};
    expect_nothing(w->hal);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(kill(getpid(), rows[i].sig), 0);
        assert_int_equal(next_kind(w->hal), rows[i].kind);
    }
    expect_nothing(w->hal);
}

static void signals__a_broken_pipe_is_an_error_and_not_the_end(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    (void)close(ends[0]);
    assert_int_equal(write(ends[1], "x", 1), -1);
    (void)close(ends[1]);
}

static void clock__stands_still_between_waits(void **state)
{
    struct world *w = *state;
    mono_t then = hal_now(w->hal);
    wall_t wall = hal_wall(w->hal);
    while (reactor_clock().ms < then.ms + 3)
        continue;
    assert_int_equal(hal_now(w->hal).ms, then.ms);
    assert_int_equal(hal_wall(w->hal).ms, wall.ms);
    expect_nothing(w->hal);
    assert_true(hal_now(w->hal).ms >= then.ms + 3);
}

static void wait__ends_at_its_deadline_by_the_frozen_clock(void **state)
{
    struct world *w = *state;
    struct hal_event ev[4];
    size_t n = 9;
    mono_t deadline = mono_plus(hal_now(w->hal), 5);
    assert_int_equal(hal_wait(w->hal, deadline, ev, 4, &n), ERR_OK);
    assert_int_equal(n, 0);
    assert_true(mono_reached(hal_now(w->hal), deadline));
}

static void boot_id__is_printable_and_the_same_for_one_boot(void **state)
{
    struct world *w = *state;
    struct hal_linux_options o = {.config_dir = w->dir, .state_dir = w->dir};
    struct hal *other;
    const char *id = hal_boot_id(w->hal);
    assert_true(strlen(id) > 0 && strlen(id) <= 36);
    for (const char *c = id; *c; c++)
        assert_true(isprint((unsigned char)*c));
    assert_int_equal(hal_linux_open(&o, &other), ERR_OK);
    assert_string_equal(hal_boot_id(other), id);
    hal_linux_close(other);
}

static void random__fills_every_byte_and_does_not_repeat(void **state)
{
    struct world *w = *state;
    uint8_t a[64];
    uint8_t b[64];
    uint8_t seen[64] = {0};
    hal_random(w->hal, a, sizeof a);
    hal_random(w->hal, b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    for (int i = 0; i < 16; i++) {
        hal_random(w->hal, a, sizeof a);
        for (size_t k = 0; k < sizeof a; k++)
            seen[k] |= a[k];
    }
    for (size_t k = 0; k < sizeof seen; k++)
        assert_int_not_equal(seen[k], 0);
}

/* Standard error goes to a file for the time of `line`. */
static void logged(struct hal *h, struct slice line, char *out, size_t cap)
{
    int saved = dup(STDERR_FILENO);
    int file = open("/tmp", O_TMPFILE | O_RDWR, 0600);
    assert_true(file >= 0);
    assert_int_equal(dup2(file, STDERR_FILENO), STDERR_FILENO);
    hal_log(h, line);
    assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
    ssize_t n = pread(file, out, cap - 1, 0);
    assert_true(n >= 0);
    out[n] = 0;
    (void)close(saved);
    (void)close(file);
}

static void log__writes_one_line_with_its_level_for_the_journal(void **state)
{
    struct world *w = *state;
    char text[128];
    logged(w->hal, SLICE("warn port.gone role=scanner"), text, sizeof text);
    assert_string_equal(text, "warn port.gone role=scanner\n");
    struct hal *journal;
    struct hal_linux_options o = {
        .config_dir = w->dir, .state_dir = w->dir, .log_to_journal = true};
    assert_int_equal(hal_linux_open(&o, &journal), ERR_OK);
    logged(journal, SLICE("error store.corrupt"), text, sizeof text);
    assert_string_equal(text, "<3>error store.corrupt\n");
    logged(journal, SLICE("info station.ready"), text, sizeof text);
    assert_string_equal(text, "<6>info station.ready\n");
    hal_linux_close(journal);
}

static void log__drops_lines_when_nobody_reads_them(void **state)
{
    struct world *w = *state;
    int ends[2];
    static const char line[512] = {'x'};
    int saved = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    for (int i = 0; i < 1000; i++)
        hal_log(w->hal, slice_of(line, sizeof line));
    assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
    (void)close(saved);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void supervisor__hears_ready_and_the_watchdog(void **state)
{
    struct world *w = *state;
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    char text[64] = {0};
    (void)snprintf(a.sun_path, sizeof a.sun_path, "%s/notify", w->dir);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", a.sun_path, 1), 0);
    hal_ready(w->hal);
    assert_int_equal(recv(fd, text, sizeof text - 1, 0), 7);
    assert_string_equal(text, "READY=1");
    hal_watchdog_kick(w->hal);
    assert_int_equal(recv(fd, text, sizeof text - 1, 0), 10);
    assert_string_equal(text, "WATCHDOG=1");
    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
    hal_ready(w->hal);
    (void)close(fd);
    assert_int_equal(unlink(a.sun_path), 0);
}

static void lines__what_is_no_gpio_chip_is_not_found(void **state)
{
    struct world *w = *state;
    struct hal_lines_spec spec = {.chip = "/dev/no-such-chip", .offsets = {1, 2}, .count = 2};
    assert_int_equal(hal_lines_open(w->hal, &spec), ERR_NOTFOUND);
    (void)snprintf(spec.chip, sizeof spec.chip, "/dev/null");
    assert_int_equal(hal_lines_open(w->hal, &spec), ERR_NOTFOUND);
    hal_lines_set(w->hal, 3);
    spec.count = 0;
    assert_int_equal(hal_lines_open(w->hal, &spec), ERR_INVALID);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(lines__what_is_no_gpio_chip_is_not_found),
        CASE(signals__become_stop_reload_and_power_failing),
        CASE(signals__a_broken_pipe_is_an_error_and_not_the_end),
        CASE(clock__stands_still_between_waits),
        CASE(wait__ends_at_its_deadline_by_the_frozen_clock),
        CASE(boot_id__is_printable_and_the_same_for_one_boot),
        CASE(random__fills_every_byte_and_does_not_repeat),
        CASE(log__writes_one_line_with_its_level_for_the_journal),
        CASE(log__drops_lines_when_nobody_reads_them),
        CASE(supervisor__hears_ready_and_the_watchdog),
    };
    return cmocka_run_group_tests_name("hal", tests, NULL, NULL);
}
