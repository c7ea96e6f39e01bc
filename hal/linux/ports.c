/* ports.c - roles, looking for their devices, and the events about them. */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/base/mem.h"
#include "hal/linux/port.h"

#define LINGERS_MAX 8

struct linger {
    struct ports *owner;
    int fd; /* -1: free */
    struct watch *watch;
    uint32_t until;
    mono_t deadline;
};

struct ports {
    struct reactor *reactor;
    struct hotplug *hotplug; /* NULL: none */
    uint32_t last_id;
    struct port slots[PORTS_MAX];
    struct linger lingers[LINGERS_MAX];
};

static const struct port_ops *const transports[] = {
    [HAL_TRANSPORT_SERIAL] = &port_serial_ops, [HAL_TRANSPORT_PTY] = &port_pty_ops,
    [HAL_TRANSPORT_USBLP] = &port_usblp_ops,   [HAL_TRANSPORT_TCP] = &port_tcp_ops,
    [HAL_TRANSPORT_HIDRAW] = &port_hidraw_ops, [HAL_TRANSPORT_EVDEV] = &port_evdev_ops,
};

#define TRANSPORTS_COUNT (HAL_TRANSPORT_EVDEV + 1)
static_assert(sizeof transports / sizeof(void *) == TRANSPORTS_COUNT,
              "every transport has a table");

/* ---------------------------------------------------------------------------------- retries -- */

static void schedule(struct ports *ps);

static void look(struct port *p)
{
    err_t e = p->ops->open(p);
    if (!e) {
        p->denied = 0;
        return;
    }
    p->state = PORT_ABSENT;
    bool soon = e == ERR_DENIED && p->denied < PORT_DENIED_TRIES;
    p->denied = soon ? p->denied + 1 : 0;
    p->retry_at = mono_plus(reactor_clock(), soon ? PORT_DENIED_MS : p->ops->retry_ms);
}

static void linger_end(struct linger *l)
{
    reactor_unwatch(l->owner->reactor, l->watch);
    (void)close(l->fd);
    *l = (struct linger){.owner = l->owner, .fd = -1};
}

static void on_timer(void *ctx)
{
    struct ports *ps = ctx;
    mono_t now = reactor_clock();
    for (size_t i = 0; i < PORTS_MAX; i++) {
        struct port *p = &ps->slots[i];
        if (!mono_reached(now, p->retry_at)) continue;
        if (p->state == PORT_ABSENT)
            look(p);
        else if (p->state == PORT_OPENING)
            port_lost(p);
    }
    for (size_t i = 0; i < LINGERS_MAX; i++) {
        struct linger *l = &ps->lingers[i];
        if (l->fd >= 0 && mono_reached(now, l->deadline)) linger_end(l);
    }
    schedule(ps);
}

static void schedule(struct ports *ps)
{
    mono_t at = MONO_NEVER;
    for (size_t i = 0; i < PORTS_MAX; i++) {
        const struct port *p = &ps->slots[i];
        if (p->state == PORT_ABSENT || p->state == PORT_OPENING) at = mono_earlier(at, p->retry_at);
    }
    for (size_t i = 0; i < LINGERS_MAX; i++)
        if (ps->lingers[i].fd >= 0) at = mono_earlier(at, ps->lingers[i].deadline);
    reactor_timer_set(ps->reactor, REACTOR_TIMER_PORTS, at, on_timer, ps);
}

static void on_hotplug(void *ctx, const struct hotplug_news *news)
{
    struct ports *ps = ctx;
    for (size_t i = 0; i < PORTS_MAX; i++) {
        struct port *p = &ps->slots[i];
        if (p->state == PORT_FREE || !p->ops->subsystem) continue;
        bool mine = news->rescan || strcmp(news->subsystem, p->ops->subsystem) == 0;
        if (!mine) continue;
        if (news->removed && p->state == PORT_HERE && strcmp(news->node, p->node) == 0)
            port_lost(p);
        else if (!news->removed && p->state == PORT_ABSENT)
            look(p);
    }
    schedule(ps);
}

/* ------------------------------------------------------------------------ what transports use --
 */

struct reactor *port_reactor(const struct port *p)
{
    return p->owner->reactor;
}

static void on_ready(void *ctx, uint32_t epoll_events)
{
    struct port *p = ctx;
    p->ops->ready(p, epoll_events);
    schedule(p->owner);
}

err_t port_watch(struct port *p, uint32_t epoll_events)
{
    assert(!p->watch);
    p->armed = epoll_events;
    return reactor_watch(p->owner->reactor, p->fd, epoll_events, on_ready, p, &p->watch);
}

void port_unwatch(struct port *p)
{
    reactor_unwatch(p->owner->reactor, p->watch);
    p->watch = NULL;
    p->armed = 0;
}

void port_arm(struct port *p, uint32_t epoll_events)
{
    if (!p->watch || p->armed == epoll_events) return;
    p->armed = epoll_events;
    if (reactor_rearm(p->owner->reactor, p->watch, epoll_events)) port_lost(p);
}

static void emit(struct port *p, enum hal_event_kind kind, struct slice data)
{
    struct hal_event ev = {.kind = kind, .port = {.port = {p->id}, .data = data}};
    if (kind == HAL_EV_PORT_ARRIVED) ev.port.identity = p->identity;
    reactor_emit(p->owner->reactor, &ev);
}

void port_arrived(struct port *p)
{
    assert(p->state != PORT_HERE);
    p->state = PORT_HERE;
    emit(p, HAL_EV_PORT_ARRIVED, SLICE_NONE);
}

void port_lost(struct port *p)
{
    bool here = p->state == PORT_HERE;
    p->state = PORT_ABSENT;
    p->retry_at = mono_plus(reactor_clock(), p->ops->retry_ms);
    p->ops->drop(p, false);
    if (here) emit(p, HAL_EV_PORT_GONE, SLICE_NONE);
    schedule(p->owner);
}

void port_gone(struct port *p)
{
    assert(p->state == PORT_HERE);
    p->state = PORT_OPENING;
    p->retry_at = MONO_NEVER;
    emit(p, HAL_EV_PORT_GONE, SLICE_NONE);
}

void port_opening(struct port *p, int64_t limit_ms)
{
    p->state = PORT_OPENING;
    p->retry_at = mono_plus(reactor_clock(), limit_ms);
}

bool port_can_take(const struct port *p, size_t len)
{
    return sizeof p->rx - p->rx_used >= len && reactor_has_room(p->owner->reactor);
}

void port_data(struct port *p, size_t len)
{
    assert(len <= sizeof p->rx - p->rx_used);
    emit(p, HAL_EV_PORT_DATA, slice_of(p->rx + p->rx_used, len));
    p->rx_used += len;
    p->lent = true;
}

bool port_node_taken(const struct port *p, const char *node)
{
    for (size_t i = 0; i < PORTS_MAX; i++) {
        const struct port *other = &p->owner->slots[i];
        bool open = other->state == PORT_HERE || other->state == PORT_OPENING;
        if (other != p && open && strcmp(other->node, node) == 0) return true;
    }
    return false;
}

/* --------------------------------------------------------------------------- byte streams -- */

void port_take_writable(struct port *p)
{
    if (!reactor_has_room(p->owner->reactor)) return;
    emit(p, HAL_EV_PORT_WRITABLE, SLICE_NONE);
    port_arm(p, p->armed & ~(uint32_t)EPOLLOUT);
}

static void stream_read(struct port *p)
{
    if (p->lent || !port_can_take(p, 1)) return;
    ssize_t n = read(p->fd, p->rx, sizeof p->rx);
    if (n > 0) {
        port_data(p, (size_t)n);
        return;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    port_lost(p);
}

void port_stream_ready(struct port *p, uint32_t epoll_events)
{
    if ((epoll_events & EPOLLOUT) && !(epoll_events & (EPOLLERR | EPOLLHUP))) port_take_writable(p);
    if (p->state == PORT_HERE && (epoll_events & ~(uint32_t)EPOLLOUT)) stream_read(p);
}

err_t port_stream_write(struct port *p, struct slice bytes, size_t *out_accepted)
{
    size_t taken = 0;
    while (taken < bytes.len) {
        ssize_t n = write(p->fd, bytes.ptr + taken, bytes.len - taken);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) break;
        if (n <= 0) {
            port_lost(p);
            if (taken == 0) return ERR_GONE;
            break;
        }
        taken += (size_t)n;
    }
    *out_accepted = taken;
    if (taken < bytes.len) port_arm(p, p->armed | EPOLLOUT);
    return ERR_OK;
}

/* ------------------------------------------------------------------------------------ linger -- */

/* True when the descriptor has nothing more to wait for. */
static bool linger_done(const struct linger *l, uint32_t events)
{
    if (l->until == EPOLLOUT) return true;
    char scrap[4096];
    for (int i = 0; i < 16; i++) {
        ssize_t n = read(l->fd, scrap, sizeof scrap);
        if (n > 0) continue;
        return n == 0 || (errno != EAGAIN && errno != EINTR);
    }
    return (events & EPOLLERR) != 0;
}

static void on_linger(void *ctx, uint32_t events)
{
    struct linger *l = ctx;
    struct ports *ps = l->owner;
    if (!linger_done(l, events)) return;
    linger_end(l);
    schedule(ps);
}

void port_linger(struct port *p, int fd, uint32_t until)
{
    struct ports *ps = p->owner;
    struct linger *l = NULL;
    for (size_t i = 0; i < LINGERS_MAX && !l; i++)
        if (ps->lingers[i].fd < 0) l = &ps->lingers[i];
    if (!l) {
        (void)close(fd);
        return;
    }
    *l = (struct linger){ps, fd, NULL, until, mono_plus(reactor_clock(), PORT_LINGER_MS)};
    if (reactor_watch(ps->reactor, fd, until, on_linger, l, &l->watch)) linger_end(l);
    schedule(ps);
}

/* The process ends: gives what is lingering one bounded moment more. */
static void linger_finish(struct linger *l)
{
    mono_t end = mono_plus(reactor_clock(), 500);
    struct pollfd pfd = {.fd = l->fd, .events = l->until == EPOLLOUT ? POLLOUT : POLLIN};
    for (;;) {
        int64_t left = end.ms - reactor_clock().ms;
        if (left <= 0 || poll(&pfd, 1, (int)left) <= 0) break;
        if (linger_done(l, 0)) break;
    }
    linger_end(l);
}

/* ---------------------------------------------------------------------------- the part itself --
 */

err_t ports_open(struct reactor *r, struct ports **out)
{
    struct ports *ps = mem_alloc(sizeof *ps);
    if (!ps) return ERR_NOMEM;
    ps->reactor = r;
    for (size_t i = 0; i < LINGERS_MAX; i++)
        ps->lingers[i] = (struct linger){.owner = ps, .fd = -1};
    if (hotplug_open(r, on_hotplug, ps, &ps->hotplug)) ps->hotplug = NULL;
    *out = ps;
    return ERR_OK;
}

void ports_begin_wait(struct ports *ps)
{
    for (size_t i = 0; i < PORTS_MAX; i++) {
        ps->slots[i].lent = false;
        ps->slots[i].rx_used = 0;
    }
}

static void release(struct port *p)
{
    if (p->state == PORT_HERE || p->state == PORT_OPENING) p->ops->drop(p, true);
    p->state = PORT_FREE;
    p->id = 0;
}

void ports_close(struct ports *ps)
{
    if (!ps) return;
    for (size_t i = 0; i < PORTS_MAX; i++)
        release(&ps->slots[i]);
    for (size_t i = 0; i < LINGERS_MAX; i++)
        if (ps->lingers[i].fd >= 0) linger_finish(&ps->lingers[i]);
    hotplug_close(ps->hotplug);
    reactor_timer_set(ps->reactor, REACTOR_TIMER_PORTS, MONO_NEVER, on_timer, ps);
    mem_free(ps);
}

static struct port *port_by_id(struct ports *ps, hal_port_t id)
{
    for (size_t i = 0; i < PORTS_MAX; i++)
        if (ps->slots[i].state != PORT_FREE && ps->slots[i].id == id.n) return &ps->slots[i];
    return NULL;
}

static bool terminated(const char *text, size_t cap)
{
    return memchr(text, 0, cap) != NULL;
}

static bool spec_texts_end(const struct hal_port_spec *s)
{
    return terminated(s->role, sizeof s->role) && terminated(s->path, sizeof s->path) &&
           terminated(s->usb_serial, sizeof s->usb_serial) &&
           terminated(s->usb_port_path, sizeof s->usb_port_path) &&
           terminated(s->host, sizeof s->host);
}

/* A pty's link may replace an older link, never a file or a device. */
static bool path_free_for_link(const char *path)
{
    struct stat st;
    return lstat(path, &st) != 0 || S_ISLNK(st.st_mode);
}

static err_t spec_check(const struct hal_port_spec *s)
{
    if (!spec_texts_end(s) || !s->role[0]) return ERR_INVALID;
    if ((size_t)s->transport >= TRANSPORTS_COUNT) return ERR_INVALID;
    if (s->data_bits != 0 && s->data_bits != 7 && s->data_bits != 8) return ERR_INVALID;
    if (s->stop_bits > 2 || s->parity > HAL_PARITY_ODD || s->flow > HAL_FLOW_XONXOFF)
        return ERR_INVALID;
    bool usb = usb_identity_wanted(s);
    if (s->transport == HAL_TRANSPORT_TCP && (!s->host[0] || s->path[0] || usb)) return ERR_INVALID;
    if (s->transport != HAL_TRANSPORT_TCP && s->host[0]) return ERR_INVALID;
    if (s->transport != HAL_TRANSPORT_PTY) return ERR_OK;
    return s->path[0] && !usb && path_free_for_link(s->path) ? ERR_OK : ERR_INVALID;
}

err_t hal_port_open(struct hal *h, const struct hal_port_spec *spec, hal_port_t *out)
{
    struct ports *ps = h->ports;
    err_t e = spec_check(spec);
    if (e) return e;
    struct port *free_slot = NULL;
    for (size_t i = 0; i < PORTS_MAX; i++) {
        struct port *p = &ps->slots[i];
        if (p->state == PORT_FREE && !p->lent && !free_slot) free_slot = p;
        if (p->state != PORT_FREE && strcmp(p->spec.role, spec->role) == 0) return ERR_EXISTS;
    }
    if (!free_slot) return ERR_NOSPACE;
    *free_slot = (struct port){.owner = ps,
                               .ops = transports[spec->transport],
                               .id = ++ps->last_id,
                               .state = PORT_ABSENT,
                               .spec = *spec,
                               .fd = -1,
                               .side_fd = -1};
    look(free_slot);
    schedule(ps);
    *out = (hal_port_t){free_slot->id};
    return ERR_OK;
}

void hal_port_close(struct hal *h, hal_port_t id)
{
    struct port *p = port_by_id(h->ports, id);
    if (!p) return;
    release(p);
    schedule(h->ports);
}

err_t hal_port_write(struct hal *h, hal_port_t id, struct slice bytes, size_t *out_accepted)
{
    struct port *p = port_by_id(h->ports, id);
    if (!p || p->state != PORT_HERE) return ERR_GONE;
    if (!p->ops->write) return ERR_UNSUPPORTED;
    return p->ops->write(p, bytes, out_accepted);
}

void hal_port_flush(struct hal *h, hal_port_t id)
{
    struct port *p = port_by_id(h->ports, id);
    if (p && p->state == PORT_HERE) p->ops->flush(p);
}

err_t hal_port_status(struct hal *h, hal_port_t id, struct hal_port_status *out)
{
    struct port *p = port_by_id(h->ports, id);
    if (!p || p->state != PORT_HERE) return ERR_GONE;
    *out = (struct hal_port_status){0};
    return p->ops->status ? p->ops->status(p, out) : ERR_OK;
}

err_t hal_port_descriptor(struct hal *h, hal_port_t id, struct buf *out)
{
    struct port *p = port_by_id(h->ports, id);
    if (!p || p->state != PORT_HERE) return ERR_GONE;
    return p->ops->descriptor ? p->ops->descriptor(p, out) : ERR_NOTFOUND;
}
