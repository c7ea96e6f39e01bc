/* port_pty.c - our end of a pseudo terminal, for demonstrations and tests.
 * The far end has come when somebody opens the link (inotify tells), and has gone when the last one
 * closed it and all it wrote was read (the master then reports HUP and reads EIO). */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pty.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <termios.h>
#include <unistd.h>

#include "hal/linux/port.h"

/* Makes spec.path a link to the slave, replacing an older link in one step. */
static err_t make_link(const struct port *p)
{
    char temp[HAL_PATH_CAP + 16];
    (void)snprintf(temp, sizeof temp, "%s.%ld", p->spec.path, (long)getpid());
    (void)unlink(temp);
    if (symlink(p->node, temp) != 0) return ERR_NOTFOUND;
    if (rename(temp, p->spec.path) == 0) return ERR_OK;
    (void)unlink(temp);
    return ERR_NOTFOUND;
}

static void remove_link(const struct port *p)
{
    char target[PATH_MAX];
    ssize_t n = readlink(p->spec.path, target, sizeof target);
    if (n > 0 && slice_is(slice_of(target, (size_t)n), p->node)) (void)unlink(p->spec.path);
}

static err_t open_pair(struct port *p)
{
    struct termios raw = {.c_cflag = CS8 | CREAD | CLOCAL, .c_cc[VMIN] = 1};
    (void)cfsetspeed(&raw, B9600);
    int slave = -1;
    char name[PATH_MAX];
    if (openpty(&p->fd, &slave, name, &raw, NULL) != 0) {
        p->fd = -1;
        return ERR_NOTFOUND;
    }
    (void)close(slave);
    (void)fcntl(p->fd, F_SETFD, FD_CLOEXEC);
    (void)fcntl(p->fd, F_SETFL, O_RDWR | O_NONBLOCK);
    return slice_copy(slice_text(name), p->node, sizeof p->node);
}

static void far_end_came(struct port *p)
{
    if (p->state == PORT_HERE) return;
    if (port_watch(p, EPOLLIN)) {
        port_lost(p);
        return;
    }
    port_arrived(p);
}

/* The new one has the pair open already. */
static void far_end_replaced(struct port *p)
{
    port_unwatch(p);
    (void)tcflush(p->fd, TCOFLUSH);
    port_gone(p);
}

static void on_opened(void *ctx, uint32_t events)
{
    (void)events;
    struct port *p = ctx;
    struct inotify_event note;
    bool closed = false; /* closed and opened again before we looked: one went, another came */
    /* A watched file has no name in its notes, so each read takes exactly one. */
    while (read(p->side_fd, &note, sizeof note) == (ssize_t)sizeof note) {
        if (note.mask & IN_CLOSE) closed = true;
        if (!(note.mask & IN_OPEN)) continue;
        if (closed && p->state == PORT_HERE) far_end_replaced(p);
        far_end_came(p);
        closed = false;
    }
}

static err_t watch_opens(struct port *p)
{
    p->side_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (p->side_fd < 0) return ERR_NOTFOUND;
    if (inotify_add_watch(p->side_fd, p->node, IN_OPEN | IN_CLOSE) < 0) return ERR_NOTFOUND;
    return reactor_watch(port_reactor(p), p->side_fd, EPOLLIN, on_opened, p, &p->side_watch);
}

static void close_pair(struct port *p)
{
    port_unwatch(p);
    reactor_unwatch(port_reactor(p), p->side_watch);
    p->side_watch = NULL;
    if (p->side_fd >= 0) (void)close(p->side_fd);
    if (p->fd >= 0) (void)close(p->fd);
    p->side_fd = p->fd = -1;
}

static void pty_drop(struct port *p, bool orderly)
{
    (void)orderly;
    if (p->node[0]) remove_link(p);
    close_pair(p);
    p->node[0] = 0;
}

static err_t pty_open(struct port *p)
{
    err_t e = open_pair(p);
    if (!e) e = watch_opens(p);
    if (!e) e = make_link(p);
    if (e) {
        pty_drop(p, false);
        return ERR_NOTFOUND;
    }
    (void)snprintf(p->identity, sizeof p->identity, "pty %s", p->spec.path);
    port_opening(p, INT64_MAX);
    return ERR_OK;
}

/* A fresh pair behind the same link: what the old far end did not read is not for the next one. */
static void far_end_gone(struct port *p)
{
    port_gone(p);
    close_pair(p);
    if (pty_open(p)) port_lost(p);
}

static void pty_ready(struct port *p, uint32_t events)
{
    if ((events & EPOLLOUT) && !(events & EPOLLHUP)) port_take_writable(p);
    if (p->state != PORT_HERE || !(events & (EPOLLIN | EPOLLHUP | EPOLLERR))) return;
    if (p->lent || !port_can_take(p, 1)) return;
    ssize_t n = read(p->fd, p->rx, sizeof p->rx);
    if (n > 0)
        port_data(p, (size_t)n);
    else if (n == 0 || errno == EIO)
        far_end_gone(p);
}

static void pty_flush(struct port *p)
{
    (void)tcflush(p->fd, TCIOFLUSH);
}

const struct port_ops port_pty_ops = {
    .open = pty_open,
    .drop = pty_drop,
    .ready = pty_ready,
    .write = port_stream_write,
    .flush = pty_flush,
    .status = NULL,
    .subsystem = NULL,
    .retry_ms = 1000,
};
