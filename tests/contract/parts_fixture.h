/* parts_fixture.h - some parts of hal/linux on a reactor, without the rest of the HAL. */
#ifndef PACKD_TESTS_PARTS_FIXTURE_H
#define PACKD_TESTS_PARTS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "hal/linux/parts.h"

/* Far beyond anything a test waits for: reached only when the awaited event never comes. */
#define FIXTURE_PATIENCE_MS 30000

struct fixture {
    struct hal hal;
    struct hal_event events[HAL_EVENTS_MAX];
    size_t count;
    size_t next;
};

static inline void fixture_open(struct fixture *f)
{
    *f = (struct fixture){0};
    (void)signal(SIGPIPE, SIG_IGN);
    assert_int_equal(reactor_open(&f->hal.reactor), ERR_OK);
    assert_int_equal(ports_open(f->hal.reactor, &f->hal.ports), ERR_OK);
}

/* Adds jobs, with `tool` in the barcode reader's place. */
static inline void fixture_open_jobs(struct fixture *f, const char *tool)
{
    fixture_open(f);
    struct hal_linux_options o = {.barcode_tool = tool};
    assert_int_equal(jobs_open(f->hal.reactor, &o, &f->hal.jobs), ERR_OK);
}

static inline void fixture_close(struct fixture *f)
{
    jobs_close(f->hal.jobs);
    ports_close(f->hal.ports);
    reactor_close(f->hal.reactor);
}

static inline void fixture_round(struct fixture *f, mono_t deadline)
{
    ports_begin_wait(f->hal.ports);
    if (f->hal.jobs) jobs_begin_wait(f->hal.jobs);
    f->next = 0;
    assert_int_equal(reactor_wait(f->hal.reactor, deadline, f->events, HAL_EVENTS_MAX, &f->count),
                     ERR_OK);
}

/* The next event of any kind, NULL when none comes. */
static inline struct hal_event *fixture_any(struct fixture *f)
{
    if (f->next == f->count) fixture_round(f, mono_plus(reactor_clock(), FIXTURE_PATIENCE_MS));
    return f->next < f->count ? &f->events[f->next++] : NULL;
}

/* The next event, which must be of this kind. */
static inline struct hal_event *fixture_expect(struct fixture *f, enum hal_event_kind kind)
{
    struct hal_event *ev = fixture_any(f);
    assert_non_null(ev);
    assert_int_equal(ev->kind, kind);
    return ev;
}

/* What is ready now is nothing. */
static inline void fixture_expect_quiet(struct fixture *f)
{
    assert_int_equal(f->next, f->count);
    fixture_round(f, reactor_clock());
    assert_int_equal(f->count, 0);
}

/* Collects DATA events of one port until `len` bytes came; `out` has room for them. */
static inline void fixture_read(struct fixture *f, hal_port_t port, void *out, size_t len)
{
    size_t have = 0;
    while (have < len) {
        struct hal_event *ev = fixture_expect(f, HAL_EV_PORT_DATA);
        assert_int_equal(ev->port.port.n, port.n);
        assert_true(ev->port.data.len <= len - have);
        memcpy((char *)out + have, ev->port.data.ptr, ev->port.data.len);
        have += ev->port.data.len;
    }
}

#endif
