#include "firmware/clarus/inner.h"
#include "firmware/base/mem.h"

#include <assert.h>

#define RUN_STEPS_MAX 2000 /* far above what all flows can do without an answer in between */

struct clarus_flow *flow_start(struct clarus *c, const struct flow_kind *kind, int64_t subject,
                               uint32_t ticket)
{
    struct clarus_flow *f = NULL;
    for (size_t i = 0; i < FLOWS_MAX && !f; i++)
        if (!c->flows[i].kind) f = &c->flows[i];
    if (!f) {
        log_event(c->log, LOG_WARN, "clarus.flows_full", "wanted=%s max=%d", kind->name, FLOWS_MAX);
        return NULL;
    }
    void *data = mem_alloc(kind->data_size ? kind->data_size : 1);
    if (!data) return NULL;
    if (++c->flow_serial == 0) c->flow_serial = 1;
    *f = (struct clarus_flow){.c = c,
                              .kind = kind,
                              .serial = c->flow_serial,
                              .ticket = ticket,
                              .subject = subject,
                              .ready = true,
                              .due = MONO_NEVER,
                              .limit = MONO_NEVER,
                              .data = data};
    f->call.body = buf_new(CALL_BODY_MAX);
    f->list.filter = buf_new(CALL_BODY_MAX);
    return f;
}

void flow_go(struct clarus_flow *f, unsigned step)
{
    assert(f->kind);
    if (f->step != step) f->tries = 0;
    f->step = (uint8_t)step;
    f->ready = true;
    f->due = MONO_NEVER;
}

void flow_wait(struct clarus_flow *f, int64_t ms, unsigned step)
{
    flow_go(f, step);
    f->ready = false;
    f->due = mono_plus(effects_now(f->c->fx), ms);
}

int64_t clarus_backoff(struct clarus *c, unsigned failures)
{
    int64_t top = failures < 6 ? INT64_C(1000) << failures : 60000;
    uint32_t dice = 0;
    hal_random(effects_hal(c->fx), &dice, sizeof dice);
    return top / 2 + (int64_t)(dice % (uint32_t)(top / 2 + 1));
}

void flow_again(struct clarus_flow *f, const struct answer *a)
{
    unsigned tries = f->tries;
    int64_t wait = a && a->wait_ms > 0 ? a->wait_ms : clarus_backoff(f->c, tries);
    flow_wait(f, wait, f->step);
    f->tries = tries < 1000 ? tries + 1 : tries;
}

void flow_finish(struct clarus_flow *f)
{
    if (!f->kind) return;
    call_cancel(f);
    buf_deinit(&f->call.body);
    buf_deinit(&f->list.filter);
    mem_free(f->data);
    *f = (struct clarus_flow){0};
}

struct clarus_flow *flow_find(struct clarus *c, const struct flow_kind *kind, int64_t subject)
{
    for (size_t i = 0; i < FLOWS_MAX; i++)
        if (c->flows[i].kind == kind && c->flows[i].subject == subject) return &c->flows[i];
    return NULL;
}

struct clarus_flow *flow_by_serial(struct clarus *c, uint32_t serial)
{
    for (size_t i = 0; i < FLOWS_MAX; i++)
        if (c->flows[i].kind && c->flows[i].serial == serial) return &c->flows[i];
    return NULL;
}

static bool flow_run(struct clarus_flow *f)
{
    if (f->call.state == CALL_FAILED) {
        struct answer a = {.kind = f->call.failure};
        f->call.state = CALL_IDLE;
        call_deliver(f, &a);
        return true;
    }
    bool due = mono_reached(effects_now(f->c->fx), f->call.not_before);
    if (f->call.state == CALL_QUIET && due) {
        call_send(f);
        return true;
    }
    if (!f->ready) return false;
    f->ready = false;
    f->kind->steps[f->step].begin(f);
    return true;
}

void flows_run(struct clarus *c)
{
    if (c->running) return;
    c->running = true;
    bool moved = true;
    for (unsigned n = 0; moved && n < RUN_STEPS_MAX; n++) {
        moved = false;
        for (size_t i = 0; i < FLOWS_MAX; i++)
            if (c->flows[i].kind && flow_run(&c->flows[i])) moved = true;
    }
    c->running = false;
}

void flows_tick(struct clarus *c)
{
    mono_t now = effects_now(c->fx);
    for (size_t i = 0; i < FLOWS_MAX; i++) {
        struct clarus_flow *f = &c->flows[i];
        if (f->kind && mono_reached(now, f->limit)) f->kind->expire(f);
        if (!f->kind || !mono_reached(now, f->due)) continue;
        f->due = MONO_NEVER;
        f->ready = true;
    }
    flows_run(c);
}

mono_t flows_deadline(const struct clarus *c)
{
    mono_t at = MONO_NEVER;
    for (size_t i = 0; i < FLOWS_MAX; i++) {
        const struct clarus_flow *f = &c->flows[i];
        if (!f->kind) continue;
        at = mono_earlier(at, mono_earlier(f->due, f->limit));
        if (f->call.state == CALL_QUIET) at = mono_earlier(at, f->call.not_before);
        if (f->ready || f->call.state == CALL_FAILED) at = effects_now(c->fx);
    }
    return at;
}
