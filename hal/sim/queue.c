#include "hal/sim/world.h"

#include <assert.h>
#include <string.h>

#include "firmware/base/mem.h"

static bool comes_before(const struct happening *a, const struct happening *b)
{
    if (a->at.ms != b->at.ms) return a->at.ms < b->at.ms;
    return a->order < b->order;
}

static void sift_up(struct hal *h, size_t i)
{
    while (i > 0 && i < SIM_HAPPENINGS_MAX) {
        size_t parent = (i - 1) / 2;
        if (!comes_before(h->queue[i], h->queue[parent])) return;
        struct happening *swap = h->queue[i];
        h->queue[i] = h->queue[parent];
        h->queue[parent] = swap;
        i = parent;
    }
}

static void sift_down(struct hal *h, size_t i)
{
    for (;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < h->queued; child++)
            if (comes_before(h->queue[child], h->queue[least])) least = child;
        if (least == i) return;
        struct happening *swap = h->queue[i];
        h->queue[i] = h->queue[least];
        h->queue[least] = swap;
        i = least;
    }
}

static struct happening *take(struct hal *h, size_t i)
{
    struct happening *x = h->queue[i];
    h->queue[i] = h->queue[--h->queued];
    if (i < h->queued) {
        sift_down(h, i);
        sift_up(h, i);
    }
    return x;
}

struct happening *sim_schedule(struct hal *h, int64_t delay_ms, const struct hal_event *event,
                               uint8_t *block)
{
    assert(h->queued < SIM_HAPPENINGS_MAX);
    struct happening *x = mem_alloc(sizeof *x);
    assert(x);
    x->at = mono_plus(h->now, delay_ms > 0 ? delay_ms : 0);
    x->order = h->next_order++;
    x->epoch = h->epoch;
    x->event = *event;
    x->block = block;
    h->queue[h->queued++] = x;
    sift_up(h, h->queued - 1);
    return x;
}

static uint32_t event_id(const struct hal_event *e)
{
    if (e->kind == HAL_EV_HTTP_DONE) return e->http.id.n;
    if (e->kind == HAL_EV_JOB_DONE) return e->job.id.n;
    if (e->kind == HAL_EV_CONSOLE_REQUEST || e->kind == HAL_EV_CONSOLE_CLOSED)
        return e->console.id.n;
    return 0;
}

bool sim_unschedule(struct hal *h, enum hal_event_kind kind, uint32_t id)
{
    for (size_t i = 0; i < h->queued; i++) {
        if (h->queue[i]->event.kind != kind || event_id(&h->queue[i]->event) != id) continue;
        sim_free_happening(take(h, i));
        return true;
    }
    return false;
}

struct happening *sim_next_due(struct hal *h, mono_t until)
{
    while (h->queued > 0 && mono_reached(until, h->queue[0]->at)) {
        struct happening *x = take(h, 0);
        if (x->outlives || x->epoch == h->epoch) return x;
        sim_free_happening(x);
    }
    return NULL;
}

void sim_free_happening(struct happening *x)
{
    if (!x) return;
    mem_free(x->block);
    mem_free(x);
}

uint8_t *sim_copy(struct slice bytes)
{
    uint8_t *copy = mem_alloc(bytes.len + 1);
    assert(copy);
    if (bytes.len) memcpy(copy, bytes.ptr, bytes.len);
    return copy;
}
