#include "tests/contract/parts_fixture.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct pair {
    struct reactor *r;
    struct watch *watch[2];
    int fd[2];
    int calls[2];
};

static struct hal_event numbered(uint32_t n)
{
    return (struct hal_event){.kind = HAL_EV_PORT_WRITABLE, .port.port = {n}};
}

static void emit_n(struct reactor *r, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct hal_event ev = numbered(first + i);
        reactor_emit(r, &ev);
    }
}

static int ready_eventfd(void)
{
    int fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    assert_true(fd >= 0);
    return fd;
}

static void drop_both(void *ctx, uint32_t events)
{
    struct pair *p = ctx;
    (void)events;
    p->calls[0]++;
    reactor_unwatch(p->r, p->watch[0]);
    reactor_unwatch(p->r, p->watch[1]);
    emit_n(p->r, 1, 1);
}

static void reactor__never_calls_a_watch_dropped_in_the_same_turn(void **state)
{
    (void)state;
    struct pair p = {.fd = {ready_eventfd(), ready_eventfd()}};
    assert_int_equal(reactor_open(&p.r), ERR_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(reactor_watch(p.r, p.fd[i], EPOLLIN, drop_both, &p, &p.watch[i]), ERR_OK);
    struct hal_event ev[4];
    size_t n = 0;
    assert_int_equal(reactor_wait(p.r, MONO_NEVER, ev, 4, &n), ERR_OK);
    assert_int_equal(n, 1);
    assert_int_equal(p.calls[0], 1);
    assert_int_equal(reactor_wait(p.r, reactor_clock(), ev, 4, &n), ERR_OK);
    assert_int_equal(n, 0);
    reactor_close(p.r);
    (void)close(p.fd[0]);
    (void)close(p.fd[1]);
}

static void count_and_emit(void *ctx, uint32_t events)
{
    struct pair *p = ctx;
    (void)events;
    if (!reactor_has_room(p->r)) return;
    p->calls[0]++;
    emit_n(p->r, (uint32_t)p->calls[0], 1);
}

static void reactor__calls_again_while_data_is_left_unread(void **state)
{
    (void)state;
    struct pair p = {.fd = {ready_eventfd(), -1}};
    struct hal_event ev[4];
    size_t n = 0;
    assert_int_equal(reactor_open(&p.r), ERR_OK);
    assert_int_equal(reactor_watch(p.r, p.fd[0], EPOLLIN, count_and_emit, &p, &p.watch[0]), ERR_OK);
    for (uint32_t i = 1; i <= 3; i++) {
        assert_int_equal(reactor_wait(p.r, MONO_NEVER, ev, 4, &n), ERR_OK);
        assert_int_equal(n, 1);
        assert_int_equal(ev[0].port.port.n, i);
    }
    assert_int_equal(reactor_rearm(p.r, p.watch[0], 0), ERR_OK);
    assert_int_equal(reactor_wait(p.r, reactor_clock(), ev, 4, &n), ERR_OK);
    assert_int_equal(n, 0);
    reactor_close(p.r);
    (void)close(p.fd[0]);
}

static void reactor__keeps_events_queued_between_rounds_in_order(void **state)
{
    (void)state;
    struct reactor *r;
    struct hal_event ev[4];
    size_t n = 0;
    assert_int_equal(reactor_open(&r), ERR_OK);
    emit_n(r, 1, 10);
    uint32_t expected = 1;
    for (size_t round = 0; round < 3; round++) {
        assert_int_equal(reactor_wait(r, MONO_NEVER, ev, 4, &n), ERR_OK);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(ev[i].port.port.n, expected++);
    }
    assert_int_equal(expected, 11);
    reactor_close(r);
}

static void reactor__leaves_a_full_round_to_the_next(void **state)
{
    (void)state;
    struct pair p = {.fd = {ready_eventfd(), -1}};
    struct hal_event ev[2];
    size_t n = 0;
    assert_int_equal(reactor_open(&p.r), ERR_OK);
    assert_int_equal(reactor_watch(p.r, p.fd[0], EPOLLIN, count_and_emit, &p, &p.watch[0]), ERR_OK);
    emit_n(p.r, 100, 2);
    assert_int_equal(reactor_wait(p.r, MONO_NEVER, ev, 2, &n), ERR_OK);
    assert_int_equal(n, 2);
    assert_int_equal(p.calls[0], 0);
    assert_int_equal(reactor_wait(p.r, MONO_NEVER, ev, 2, &n), ERR_OK);
    assert_int_equal(p.calls[0], 1);
    reactor_close(p.r);
    (void)close(p.fd[0]);
}

static void ring(void *ctx)
{
    struct pair *p = ctx;
    p->calls[0]++;
    emit_n(p->r, 7, 1);
}

static void reactor__runs_a_timer_once_and_forgets_a_stopped_one(void **state)
{
    (void)state;
    struct pair p = {0};
    struct hal_event ev[2];
    size_t n = 0;
    assert_int_equal(reactor_open(&p.r), ERR_OK);
    reactor_timer_set(p.r, REACTOR_TIMER_JOBS, mono_plus(reactor_clock(), 5), ring, &p);
    assert_int_equal(reactor_wait(p.r, MONO_NEVER, ev, 2, &n), ERR_OK);
    assert_int_equal(n, 1);
    reactor_timer_set(p.r, REACTOR_TIMER_PORTS, reactor_clock(), ring, &p);
    reactor_timer_set(p.r, REACTOR_TIMER_PORTS, MONO_NEVER, ring, &p);
    assert_int_equal(reactor_wait(p.r, reactor_clock(), ev, 2, &n), ERR_OK);
    assert_int_equal(n, 0);
    assert_int_equal(p.calls[0], 1);
    reactor_close(p.r);
}

static void reactor__ends_at_the_deadline_without_events(void **state)
{
    (void)state;
    struct reactor *r;
    struct hal_event ev[2];
    size_t n = 9;
    assert_int_equal(reactor_open(&r), ERR_OK);
    mono_t deadline = mono_plus(reactor_clock(), 3);
    assert_int_equal(reactor_wait(r, deadline, ev, 2, &n), ERR_OK);
    assert_int_equal(n, 0);
    assert_true(mono_reached(reactor_clock(), deadline));
    reactor_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reactor__never_calls_a_watch_dropped_in_the_same_turn),
        cmocka_unit_test(reactor__calls_again_while_data_is_left_unread),
        cmocka_unit_test(reactor__keeps_events_queued_between_rounds_in_order),
        cmocka_unit_test(reactor__leaves_a_full_round_to_the_next),
        cmocka_unit_test(reactor__runs_a_timer_once_and_forgets_a_stopped_one),
        cmocka_unit_test(reactor__ends_at_the_deadline_without_events),
    };
    return cmocka_run_group_tests_name("reactor", tests, NULL, NULL);
}
