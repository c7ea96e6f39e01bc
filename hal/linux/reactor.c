#include "hal/linux/reactor.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "firmware/base/mem.h"

/* Descriptors taken from one epoll_wait; the rest stay ready for the next turn. */
#define REACTOR_BATCH 64
/* Events queued outside hal_wait or beyond its room: every port, exchange, job and stream once. */
#define REACTOR_LATER_MAX 128

struct watch {
    int fd;
    watch_fn *fn;
    void *ctx;
    bool dead;
    struct watch *next;
};

struct timer {
    mono_t at;
    void (*fn)(void *);
    void *ctx;
};

struct reactor {
    int epoll_fd;
    struct watch *live;
    struct watch *dead; /* freed between rounds: a batch in hand may still point at them */
    struct timer timers[REACTOR_TIMERS];
    struct hal_event *events; /* the round's room, borrowed from hal_wait; NULL between rounds */
    size_t cap;
    size_t count;
    struct hal_event later[REACTOR_LATER_MAX];
    size_t later_count;
};

mono_t reactor_clock(void)
{
    struct timespec t;
    int rc = clock_gettime(CLOCK_MONOTONIC, &t);
    assert(rc == 0);
    (void)rc;
    return (mono_t){(int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000};
}

err_t reactor_open(struct reactor **out)
{
    struct reactor *r = mem_alloc(sizeof *r);
    if (!r) return ERR_NOMEM;
    r->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (r->epoll_fd < 0) {
        mem_free(r);
        return ERR_IO;
    }
    for (size_t i = 0; i < REACTOR_TIMERS; i++)
        r->timers[i].at = MONO_NEVER;
    *out = r;
    return ERR_OK;
}

static void free_list(struct watch **head)
{
    while (*head) {
        struct watch *w = *head;
        *head = w->next;
        mem_free(w);
    }
}

void reactor_close(struct reactor *r)
{
    if (!r) return;
    free_list(&r->live);
    free_list(&r->dead);
    (void)close(r->epoll_fd);
    mem_free(r);
}

err_t reactor_watch(struct reactor *r, int fd, uint32_t epoll_events, watch_fn *fn, void *ctx,
                    struct watch **out)
{
    assert(fn);
    struct watch *w = mem_alloc(sizeof *w);
    if (!w) return ERR_NOMEM;
    *w = (struct watch){.fd = fd, .fn = fn, .ctx = ctx, .next = r->live};
    struct epoll_event e = {.events = epoll_events, .data.ptr = w};
    if (epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, fd, &e) != 0) {
        mem_free(w);
        return ERR_IO;
    }
    r->live = w;
    *out = w;
    return ERR_OK;
}

err_t reactor_rearm(struct reactor *r, struct watch *w, uint32_t epoll_events)
{
    assert(!w->dead);
    struct epoll_event e = {.events = epoll_events, .data.ptr = w};
    return epoll_ctl(r->epoll_fd, EPOLL_CTL_MOD, w->fd, &e) == 0 ? ERR_OK : ERR_IO;
}

void reactor_unwatch(struct reactor *r, struct watch *w)
{
    if (!w) return;
    assert(!w->dead);
    (void)epoll_ctl(r->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL); /* fails when fd is closed already */
    struct watch **link = &r->live;
    while (*link != w) {
        assert(*link);
        link = &(*link)->next;
    }
    *link = w->next;
    w->dead = true;
    w->next = r->dead;
    r->dead = w;
}

void reactor_timer_set(struct reactor *r, enum reactor_timer slot, mono_t at, void (*fn)(void *),
                       void *ctx)
{
    assert(slot < REACTOR_TIMERS);
    r->timers[slot] = (struct timer){at, fn, ctx};
}

bool reactor_has_room(const struct reactor *r)
{
    if (r->events) return r->count < r->cap;
    return r->later_count < REACTOR_LATER_MAX;
}

void reactor_emit(struct reactor *r, const struct hal_event *event)
{
    if (r->events && r->count < r->cap) {
        r->events[r->count++] = *event;
        return;
    }
    assert(r->later_count < REACTOR_LATER_MAX);
    r->later[r->later_count++] = *event;
}

static void take_later(struct reactor *r)
{
    size_t n = r->later_count < r->cap ? r->later_count : r->cap;
    memcpy(r->events, r->later, n * sizeof *r->events);
    memmove(r->later, r->later + n, (r->later_count - n) * sizeof *r->later);
    r->later_count -= n;
    r->count = n;
}

static int wait_ms(const struct reactor *r, mono_t now, mono_t deadline)
{
    if (r->count > 0) return 0;
    mono_t at = deadline;
    for (size_t i = 0; i < REACTOR_TIMERS; i++)
        at = r->timers[i].at.ms < at.ms ? r->timers[i].at : at;
    if (at.ms == MONO_NEVER.ms) return -1;
    if (at.ms <= now.ms) return 0;
    int64_t left = at.ms - now.ms;
    return left > INT32_MAX ? INT32_MAX : (int)left;
}

static void run_timers(struct reactor *r)
{
    mono_t now = reactor_clock();
    for (size_t i = 0; i < REACTOR_TIMERS; i++) {
        struct timer t = r->timers[i];
        if (t.at.ms > now.ms) continue;
        r->timers[i].at = MONO_NEVER;
        t.fn(t.ctx);
    }
}

static err_t turn(struct reactor *r, mono_t deadline)
{
    struct epoll_event ready[REACTOR_BATCH];
    int n = epoll_wait(r->epoll_fd, ready, REACTOR_BATCH, wait_ms(r, reactor_clock(), deadline));
    if (n < 0 && errno != EINTR) return ERR_IO;
    for (int i = 0; i < n; i++) {
        struct watch *w = ready[i].data.ptr;
        if (!w->dead) w->fn(w->ctx, ready[i].events);
    }
    run_timers(r);
    free_list(&r->dead);
    return ERR_OK;
}

err_t reactor_wait(struct reactor *r, mono_t deadline, struct hal_event *events, size_t cap,
                   size_t *out_count)
{
    assert(cap > 0);
    r->events = events;
    r->cap = cap;
    r->count = 0;
    take_later(r);
    err_t e;
    do
        e = turn(r, deadline);
    while (!e && r->count == 0 && reactor_clock().ms < deadline.ms);
    r->events = NULL;
    *out_count = r->count;
    return r->count > 0 ? ERR_OK : e;
}
