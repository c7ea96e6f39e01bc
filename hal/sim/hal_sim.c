#include "hal/sim/world.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/mem.h"

#define DEFAULT_WALL_MS INT64_C(1773216000000) /* 2026-03-11T08:00:00Z */

static void new_boot_id(struct hal *h)
{
    h->boots++;
    (void)snprintf(h->boot_id, sizeof h->boot_id, "sim-boot-%u", h->boots);
}

err_t hal_sim_open(const struct hal_sim_options *options, struct hal **out)
{
    struct hal *h = mem_alloc(sizeof *h);
    if (!h) return ERR_NOMEM;
    h->now = (mono_t){1000};
    h->wait_until = MONO_NEVER;
    h->wall_offset = (options->wall_ms ? options->wall_ms : DEFAULT_WALL_MS) - h->now.ms;
    h->wall_trusted = true;
    h->random = options->seed * 2 + 1;
    h->next_id = 1;
    h->free_bytes = UINT64_C(1) << 33;
    err_t e = slice_copy(slice_text(options->store_path), h->store_path, sizeof h->store_path);
    h->disk = options->disk;
    const char *vfs = h->disk ? disk_vfs(h->disk) : options->store_vfs;
    if (!e && vfs) e = slice_copy(slice_text(vfs), h->store_vfs, sizeof h->store_vfs);
    if (e) {
        mem_free(h);
        return e;
    }
    new_boot_id(h);
    *out = h;
    return ERR_OK;
}

static void lent_free(struct hal *h)
{
    for (size_t i = 0; i < h->lent_count; i++)
        sim_free_happening(h->lent[i]);
    h->lent_count = 0;
}

void hal_sim_close(struct hal *h)
{
    if (!h) return;
    lent_free(h);
    for (size_t i = 0; i < h->queued; i++)
        sim_free_happening(h->queue[i]);
    for (size_t i = 0; i < SIM_TEXTS_MAX; i++)
        mem_free(h->texts[i].text);
    mem_free(h);
}

void hal_sim_power_cut(struct hal *h, bool new_boot)
{
    lent_free(h);
    h->epoch++;
    for (size_t i = 0; i < SIM_PORTS_MAX; i++)
        h->ports[i].open = false;
    memset(h->streams, 0, sizeof h->streams);
    h->http_under_way = 0;
    h->jobs_under_way = 0;
    if (new_boot) new_boot_id(h);
}

bool sim_is_dead(const struct hal *h)
{
    return h->disk && disk_is_dead(h->disk);
}

void hal_sim_set_wall(struct hal *h, int64_t wall_ms, bool trusted)
{
    h->wall_offset = wall_ms - h->now.ms;
    h->wall_trusted = trusted;
}

void hal_sim_wait_until(struct hal *h, mono_t until)
{
    h->wait_until = until;
}

bool hal_sim_is_quiet(const struct hal *h, mono_t until)
{
    return h->queued == 0 || !mono_reached(until, h->queue[0]->at);
}

void hal_sim_observe(struct hal *h, const struct hal_sim_observer *observer)
{
    h->observer = *observer;
}

void hal_sim_event(struct hal *h, enum hal_event_kind kind, int64_t delay_ms)
{
    struct hal_event e = {.kind = kind};
    (void)sim_schedule(h, delay_ms, &e, NULL);
}

/* ------------------------------------------------------------------------------------ wait -- */

/* Applies a port's arrival or loss to the port, and fills in its id. False: nobody to tell. */
static bool port_happens(struct hal *h, struct happening *x)
{
    struct sim_port *p = sim_port_by_role(h, x->role);
    if (x->event.kind == HAL_EV_PORT_ARRIVED || x->event.kind == HAL_EV_PORT_GONE) {
        bool arrives = x->event.kind == HAL_EV_PORT_ARRIVED;
        if (!p || p->present == arrives) return false;
        p->present = arrives;
        x->event.port.identity = x->identity;
    }
    if (!p || !p->open) return false;
    if (x->event.kind != HAL_EV_PORT_GONE && !p->present) return false;
    x->event.port.port = p->id;
    return true;
}

static bool happens(struct hal *h, struct happening *x)
{
    switch (x->event.kind) {
    case HAL_EV_PORT_ARRIVED:
    case HAL_EV_PORT_DATA:
    case HAL_EV_PORT_WRITABLE:
    case HAL_EV_PORT_GONE:
        return port_happens(h, x);
    case HAL_EV_HTTP_DONE:
        h->http_under_way--;
        return true;
    case HAL_EV_JOB_DONE:
        h->jobs_under_way--;
        return true;
    case HAL_EV_CONSOLE_REQUEST:
    case HAL_EV_CONSOLE_CLOSED:
    case HAL_EV_RELOAD:
    case HAL_EV_POWER_FAILING:
    case HAL_EV_STOP:
        return true;
    }
    return false;
}

err_t hal_wait(struct hal *h, mono_t deadline, struct hal_event *events, size_t cap,
               size_t *out_count)
{
    assert(cap > 0);
    lent_free(h);
    if (cap > HAL_EVENTS_MAX) cap = HAL_EVENTS_MAX;
    if (!mono_reached(h->now, h->wait_until)) deadline = mono_earlier(deadline, h->wait_until);
    size_t count = 0;
    while (count < cap) {
        mono_t until = count == 0 ? (mono_reached(h->now, deadline) ? h->now : deadline) : h->now;
        struct happening *x = sim_next_due(h, until);
        if (!x) break;
        if (!mono_reached(h->now, x->at)) h->now = x->at;
        if (!happens(h, x)) {
            sim_free_happening(x);
            continue;
        }
        h->lent[h->lent_count++] = x;
        events[count++] = x->event;
    }
    if (count == 0 && deadline.ms != MONO_NEVER.ms && !mono_reached(h->now, deadline))
        h->now = deadline;
    if (h->disk) disk_set_wall(h->disk, hal_wall(h).ms);
    *out_count = count;
    return ERR_OK;
}

mono_t hal_now(const struct hal *h)
{
    return h->now;
}

wall_t hal_wall(const struct hal *h)
{
    return (wall_t){h->now.ms + h->wall_offset, h->wall_trusted};
}

/* splitmix64: small, and the same everywhere. */
void hal_random(struct hal *h, void *out, size_t len)
{
    uint8_t *bytes = out;
    for (size_t i = 0; i < len; i++) {
        h->random += UINT64_C(0x9E3779B97F4A7C15);
        uint64_t z = h->random;
        z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
        bytes[i] = (uint8_t)(z >> 56);
    }
}

const char *hal_boot_id(const struct hal *h)
{
    return h->boot_id;
}

/* ---------------------------------------------------------------------- documents and disk -- */

static struct sim_text *text_find(struct hal *h, const char *name, bool secret)
{
    for (size_t i = 0; i < SIM_TEXTS_MAX; i++) {
        struct sim_text *t = &h->texts[i];
        if (t->text && t->secret == secret && strcmp(t->name, name) == 0) return t;
    }
    return NULL;
}

static void text_set(struct hal *h, const char *name, const char *text, bool secret)
{
    struct sim_text *t = text_find(h, name, secret);
    for (size_t i = 0; !t && i < SIM_TEXTS_MAX; i++)
        if (!h->texts[i].text) t = &h->texts[i];
    assert(t);
    mem_free(t->text);
    *t = (struct sim_text){.secret = secret};
    if (!text) return;
    err_t e = slice_copy(slice_text(name), t->name, sizeof t->name);
    assert(!e);
    (void)e;
    t->text = (char *)sim_copy(slice_text(text));
}

void hal_sim_set_document(struct hal *h, const char *name, const char *text)
{
    text_set(h, name, text, false);
}

void hal_sim_set_secret(struct hal *h, const char *name, const char *text)
{
    text_set(h, name, text, true);
}

void hal_sim_set_free(struct hal *h, uint64_t bytes)
{
    h->free_bytes = bytes;
}

err_t hal_document_read(struct hal *h, const char *name, struct buf *out)
{
    const struct sim_text *t = text_find(h, name, false);
    if (!t) return ERR_NOTFOUND;
    buf_text(out, t->text);
    return out->overflow ? ERR_NOSPACE : ERR_OK;
}

const char *hal_document_path(struct hal *h, const char *name)
{
    const struct sim_text *t = text_find(h, name, false);
    return t ? t->name : "absent document";
}

err_t hal_secret_read(struct hal *h, const char *name, struct buf *out)
{
    const struct sim_text *t = text_find(h, name, true);
    if (!t) return ERR_NOTFOUND;
    buf_text(out, t->text);
    return out->overflow ? ERR_NOSPACE : ERR_OK;
}

const char *hal_store_path(const struct hal *h)
{
    return h->store_path;
}

const char *hal_store_vfs(const struct hal *h)
{
    return h->store_vfs[0] ? h->store_vfs : NULL;
}

err_t hal_store_free(struct hal *h, uint64_t *out_bytes)
{
    uint64_t left = h->disk ? disk_room_left(h->disk) : h->free_bytes;
    *out_bytes = left < h->free_bytes ? left : h->free_bytes;
    return ERR_OK;
}

static err_t move(struct hal *h, const char *from, const char *to)
{
    if (h->disk) return disk_rename(h->disk, from, to);
    return rename(from, to) == 0 ? ERR_OK : ERR_IO;
}

err_t hal_store_set_aside(struct hal *h, char *out_name, size_t cap)
{
    if (sim_is_dead(h)) return ERR_IO;
    char from[300], to[320];
    static const char *const suffixes[] = {"", "-wal"};
    int64_t at = hal_wall(h).ms;
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(from, sizeof from, "%s%s", h->store_path, suffixes[i]);
        (void)snprintf(to, sizeof to, "%s.aside-%lld%s", h->store_path, (long long)at, suffixes[i]);
        if (move(h, from, to) && i == 0) return ERR_IO;
    }
    (void)snprintf(out_name, cap, "%s.aside-%lld", h->store_path, (long long)at);
    (void)snprintf(h->aside, sizeof h->aside, "%s", out_name);
    return ERR_OK;
}

err_t hal_store_aside(struct hal *h, char *out_name, size_t cap)
{
    if (sim_is_dead(h)) return ERR_IO;
    if (!h->aside[0] && h->disk) disk_newest(h->disk, ".aside-", h->aside, sizeof h->aside);
    if (!h->aside[0]) return ERR_NOTFOUND;
    (void)snprintf(out_name, cap, "%s", h->aside);
    return ERR_OK;
}

/* ------------------------------------------------------------------------ board and people -- */

void hal_signal(struct hal *h, enum hal_light light, enum hal_tone tone)
{
    if (h->observer.signal && !sim_is_dead(h))
        h->observer.signal(h->observer.ctx, h->now, light, tone);
}

err_t hal_lines_open(struct hal *h, const struct hal_lines_spec *spec)
{
    if (spec->count == 0 || spec->count > HAL_LINES_MAX) return ERR_INVALID;
    h->lines_on = 0;
    return ERR_OK;
}

void hal_lines_set(struct hal *h, uint32_t on)
{
    h->lines_on = on;
}

uint32_t hal_sim_lines(const struct hal *h)
{
    return h->lines_on;
}

void hal_log(struct hal *h, struct slice line)
{
    if (h->observer.log && !sim_is_dead(h)) h->observer.log(h->observer.ctx, h->now, line);
}

void hal_ready(struct hal *h)
{
    if (h->observer.ready && !sim_is_dead(h)) h->observer.ready(h->observer.ctx, h->now);
}

void hal_watchdog_kick(struct hal *h)
{
    (void)h; /* virtual time never hangs */
}
