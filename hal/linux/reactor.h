/* reactor.h - one epoll set shared by the parts of hal/linux, and the queue of events for hal_wait.
 * A part registers descriptors with a callback; the callback reads what is ready and queues events.
 */
#ifndef PACKD_HAL_LINUX_REACTOR_H
#define PACKD_HAL_LINUX_REACTOR_H

#include "hal/hal.h"

struct reactor;
struct watch; /* one registered descriptor */

typedef void watch_fn(void *ctx, uint32_t epoll_events);

MUST_CHECK err_t reactor_open(struct reactor **out);
void reactor_close(struct reactor *r);

/* The descriptor stays the caller's. ERR_NOMEM, ERR_IO. */
MUST_CHECK err_t reactor_watch(struct reactor *r, int fd, uint32_t epoll_events, watch_fn *fn,
                               void *ctx, struct watch **out);
MUST_CHECK err_t reactor_rearm(struct reactor *r, struct watch *w, uint32_t epoll_events);
/* Safe inside any callback, also for the watch being called; pending readiness is dropped. */
void reactor_unwatch(struct reactor *r, struct watch *w);

/* A part's own next moment (curl's and libmicrohttpd's time-outs, a retry of opening a port).
 * One timer per part; setting replaces; MONO_NEVER stops it. `slot` is one of the values below. */
enum reactor_timer {
    REACTOR_TIMER_HTTP,
    REACTOR_TIMER_CONSOLE,
    REACTOR_TIMER_PORTS,
    REACTOR_TIMER_JOBS,
    REACTOR_TIMERS
};
void reactor_timer_set(struct reactor *r, enum reactor_timer slot, mono_t at, void (*fn)(void *),
                       void *ctx);

/* True while hal_wait has room for more events in this round. A part that sees false leaves its
 * data unread; level-triggered epoll brings it back. */
bool reactor_has_room(const struct reactor *r);
/* Queues one event for the hal_wait under way. Slices must stay valid until the next hal_wait. */
void reactor_emit(struct reactor *r, const struct hal_event *event);
/* Waits, calls callbacks, and returns the emitted events. Used by hal_wait only. */
MUST_CHECK err_t reactor_wait(struct reactor *r, mono_t deadline, struct hal_event *events,
                              size_t cap, size_t *out_count);
/* Monotonic now from the kernel (not frozen), for parts that set timers. */
mono_t reactor_clock(void);

#endif
