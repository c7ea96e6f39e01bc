/* hal.c - opening and closing the parts, the one wait, clocks, entropy, signals and the supervisor.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "firmware/base/log.h"
#include "firmware/base/mem.h"
#include "hal/linux/parts.h"

/* No wall clock before this is believed: 2026-01-01, before the first release. */
#define WATCHDOG_KICK_MS 1000
#define WALL_FLOOR_MS    1767225600000LL

/* ------------------------------------------------------------------------------------- clocks --
 */

static wall_t read_wall(void)
{
    struct timespec t = {0};
    struct timex x = {0};
    (void)clock_gettime(CLOCK_REALTIME, &t);
    wall_t w = {.ms = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000};
    bool synchronised = adjtimex(&x) >= 0 && !(x.status & STA_UNSYNC);
    w.trusted = synchronised && w.ms >= WALL_FLOOR_MS;
    return w;
}

static void freeze_clocks(struct hal *h)
{
    h->now = reactor_clock();
    h->wall = read_wall();
}

mono_t hal_now(const struct hal *h)
{
    return h->now;
}

wall_t hal_wall(const struct hal *h)
{
    return h->wall;
}

void hal_random(struct hal *h, void *out, size_t len)
{
    (void)h;
    uint8_t *at = out;
    while (len > 0) {
        ssize_t n = getrandom(at, len, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) abort(); /* keys made without entropy would repeat */
        at += n;
        len -= (size_t)n;
    }
}

static void read_boot_id(struct hal *h)
{
    char text[sizeof h->boot_id] = {0};
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0) (void)close(fd);
    struct slice id = slice_trim(slice_of(text, n > 0 ? (size_t)n : 0));
    if (id.len == 0 || id.len > 36 || slice_copy(id, h->boot_id, sizeof h->boot_id))
        (void)snprintf(h->boot_id, sizeof h->boot_id, "unknown");
}

const char *hal_boot_id(const struct hal *h)
{
    return h->boot_id;
}

/* ------------------------------------------------------------------------------------ signals --
 */

static void on_signal(void *ctx, uint32_t events)
{
    (void)events;
    struct hal *h = ctx;
    struct signalfd_siginfo info;
    while (reactor_has_room(h->reactor) &&
           read(h->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        struct hal_event ev = {.kind = HAL_EV_STOP};
        if (info.ssi_signo == SIGHUP) ev.kind = HAL_EV_RELOAD;
        if (info.ssi_signo == SIGPWR) ev.kind = HAL_EV_POWER_FAILING;
        reactor_emit(h->reactor, &ev);
    }
}

static err_t open_signals(struct hal *h)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    (void)sigaddset(&set, SIGPWR);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) return ERR_IO;
    (void)signal(SIGPIPE, SIG_IGN);
    h->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (h->signal_fd < 0) return ERR_IO;
    return reactor_watch(h->reactor, h->signal_fd, EPOLLIN, on_signal, h, &h->signal_watch);
}

/* ------------------------------------------------------------------------------ open and close --
 */

static err_t open_parts(struct hal *h, const struct hal_linux_options *o)
{
    err_t e = reactor_open(&h->reactor);
    if (!e) e = open_signals(h); /* before any part starts a thread, which inherits the mask */
    if (!e) e = files_open(o, &h->files);
    if (!e) e = ports_open(h->reactor, &h->ports);
    if (!e) e = http_open(h->reactor, h->files, &h->http);
    if (!e) e = console_open(h->reactor, h->files, &h->console);
    if (!e) e = jobs_open(h->reactor, o, &h->jobs);
    return e;
}

err_t hal_linux_open(const struct hal_linux_options *options, struct hal **out)
{
    struct hal *h = mem_alloc(sizeof *h);
    if (!h) return ERR_NOMEM;
    h->signal_fd = -1;
    h->lines_fd = -1;
    h->to_journal = options->log_to_journal;
    freeze_clocks(h);
    read_boot_id(h);
    err_t e = open_parts(h, options);
    if (e) {
        hal_linux_close(h);
        return e;
    }
    struct log log = {.hal = h, .threshold = LOG_INFO};
    log_event(&log, LOG_INFO, "jobs.walls", "%s", jobs_capabilities(h->jobs));
    *out = h;
    return ERR_OK;
}

void hal_linux_close(struct hal *h)
{
    if (!h) return;
    lines_close(h);
    jobs_close(h->jobs);
    console_close(h->console);
    http_close(h->http);
    ports_close(h->ports);
    files_close(h->files);
    if (h->reactor) reactor_unwatch(h->reactor, h->signal_watch);
    if (h->signal_fd >= 0) (void)close(h->signal_fd);
    reactor_close(h->reactor);
    mem_free(h);
}

err_t hal_wait(struct hal *h, mono_t deadline, struct hal_event *events, size_t cap,
               size_t *out_count)
{
    ports_begin_wait(h->ports);
    http_begin_wait(h->http);
    console_begin_wait(h->console);
    jobs_begin_wait(h->jobs);
    err_t e = reactor_wait(h->reactor, deadline, events, cap, out_count);
    freeze_clocks(h);
    return e;
}

/* --------------------------------------------------------------------------- board and people --
 */

/* Nobody watches here: the firmware drives the board's lines itself. */
void hal_signal(struct hal *h, enum hal_light light, enum hal_tone tone)
{
    (void)h;
    (void)light;
    (void)tone;
}

static const char *journal_priority(struct slice line)
{
    if (slice_starts(line, "error ")) return "<3>";
    if (slice_starts(line, "warn ")) return "<4>";
    if (slice_starts(line, "debug ")) return "<7>";
    return "<6>";
}

/* A reader of standard error that stopped reading must not stop the bench: its lines are dropped.
 */
void hal_log(struct hal *h, struct slice line)
{
    struct pollfd err = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (poll(&err, 1, 0) <= 0 || !(err.revents & POLLOUT)) return;
    const char *prefix = h->to_journal ? journal_priority(line) : "";
    struct iovec parts[] = {{(void *)(uintptr_t)prefix, strlen(prefix)},
                            {(void *)(uintptr_t)line.ptr, line.len},
                            {(void *)(uintptr_t) "\n", 1}};
    ssize_t n = writev(STDERR_FILENO, parts, 3);
    (void)n; /* nowhere to report it */
}

void hal_ready(struct hal *h)
{
    (void)h;
    (void)sd_notify(0, "READY=1"); /* 0 or an error outside systemd: nobody waits */
}

/* Once a second is enough for a watchdog of many, and a supervisor that does not read is not
 * flooded. */
void hal_watchdog_kick(struct hal *h)
{
    if (!mono_reached(h->now, h->kick_at)) return;
    h->kick_at = mono_plus(h->now, WATCHDOG_KICK_MS);
    (void)sd_notify(0, "WATCHDOG=1");
}
