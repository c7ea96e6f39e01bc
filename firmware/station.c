#include "firmware/station.h"

#include <string.h>

#include "firmware/base/mem.h"
#include "firmware/catalogue/ageing.h"
#include "firmware/station/parts.h"

#define IDLE_AFTER_MS 200 /* of quiet before the store does its own work */
#define IDLE_STEP_MS  20  /* between two slices of it */
#define AGE_EVERY_MS  INT64_C(3600000)
#define AGE_BATCH     16    /* orders or rows aged in one idle slice */
#define RELAXED_MS    10000 /* what can be read again is committed within this */
#define QUIET_MS      2000  /* since the last commit, with a long log */
#define HEARTBEAT_MS  10000 /* the watchdog allows 30 s */

static err_t open_console(struct station *st)
{
    const struct config_station *c = &st->config->station;
    struct hal_console_spec spec = {.port = c->console_port,
                                    .certificate =
                                        c->console_certificate[0] ? c->console_certificate : NULL};
    memcpy(spec.bind, c->console_bind, sizeof spec.bind);
    return hal_console_open(st->hal, &spec);
}

static void fault_says(struct station_fault *fault, const char *object, err_t e)
{
    if (fault->object[0]) return;
    slice_copy_cut(slice_text(object), fault->object, sizeof fault->object);
    slice_copy_cut(slice_text(err_text(e)), fault->reason, sizeof fault->reason);
}

err_t station_new(struct hal *hal, const struct config *config, const char *version,
                  struct station **out, struct station_fault *fault)
{
    struct station *st = mem_alloc(sizeof *st);
    memset(fault, 0, sizeof *fault);
    if (!st) {
        fault_says(fault, "station", ERR_NOMEM);
        return ERR_NOMEM;
    }
    *st = (struct station){.hal = hal, .config = config, .version = version};
    st->log = (struct log){.hal = hal, .threshold = LOG_INFO};
    st->started_at = hal_wall(hal).ms;
    st->idle_at = hal_now(hal);
    st->commit_at = st->watch_at = MONO_NEVER;
    err_t e = rooms_open(st, fault);
    if (!e) {
        e = devices_open(st);
        if (e) fault_says(fault, "devices", e);
    }
    if (!e) {
        e = open_console(st);
        if (e) fault_says(fault, "console address", e);
    }
    if (e) {
        station_free(st);
        return e;
    }
    hal_ready(hal);
    *out = st;
    return ERR_OK;
}

void station_free(struct station *st)
{
    if (!st) return;
    devices_close(st);
    rooms_close(st);
    mem_free(st);
}

/* ------------------------------------------------------------------------------- one round -- */

/* When what waits for company goes without it: soon, or once it is quiet and the log is long, so
 * that the log can be brought home. */
static mono_t commit_due(const struct station *st)
{
    bool shorten = store_log_is_long(st->store) && st->idle_at.ms != MONO_NEVER.ms;
    return shorten ? mono_earlier(st->commit_at, mono_plus(st->idle_at, QUIET_MS)) : st->commit_at;
}

static mono_t next_deadline(struct station *st)
{
    if (effects_has_failed(st->fx) || st->news_count > 0 || store_is_urgent(st->store))
        return hal_now(st->hal);
    mono_t d = mono_plus(hal_now(st->hal), HEARTBEAT_MS);
    d = mono_earlier(d, store_is_dirty(st->store) ? commit_due(st) : st->idle_at);
    d = mono_earlier(d, devices_deadline(st));
    d = mono_earlier(d, checks_deadline(st));
    d = mono_earlier(d, st->watch_at);
    d = mono_earlier(d, clarus_deadline(st->clarus));
    d = mono_earlier(d, alerts_deadline(st->alerts));
    d = mono_earlier(d, outbox_deadline(st->outbox));
    d = mono_earlier(d, bench_deadline(st->bench));
    return mono_earlier(d, console_deadline(st->console));
}

static void step(struct station *st, const struct hal_event *e)
{
    if (devices_event(st, e)) return;
    if (e->kind == HAL_EV_HTTP_DONE || e->kind == HAL_EV_JOB_DONE)
        effects_route(st->fx, e);
    else if (e->kind == HAL_EV_CONSOLE_REQUEST)
        console_request(st->console, &e->console);
    else if (e->kind == HAL_EV_CONSOLE_CLOSED)
        console_closed(st->console, e->console.id);
    else if (e->kind == HAL_EV_STOP)
        st->stopping = true;
    else if (e->kind == HAL_EV_RELOAD)
        st->reloading = true;
    else if (e->kind == HAL_EV_POWER_FAILING)
        st->commit_at = hal_now(st->hal);
}

static void tick(struct station *st)
{
    effects_deliver_failed(st->fx);
    devices_tick(st);
    clarus_tick(st->clarus);
    checks_tick(st);
    watch_tick(st);
    news_deliver(st);
    bench_tick(st->bench);
    news_deliver(st);
    alerts_tick(st->alerts);
    outbox_tick(st->outbox);
    news_deliver(st);
}

/* Readings alone may wait for company: several answers to one question are one commit. */
static bool must_commit(struct station *st)
{
    if (store_is_urgent(st->store)) return true;
    if (!store_is_dirty(st->store)) return false;
    mono_t now = hal_now(st->hal);
    if (st->commit_at.ms == MONO_NEVER.ms) st->commit_at = mono_plus(now, RELAXED_MS);
    return st->stopping || st->reloading || mono_reached(now, commit_due(st));
}

/* Commit, then acknowledge, then send. */
static err_t finish(struct station *st, struct station_fault *fault)
{
    if (store_failed(st->store)) return rooms_rebuild(st, fault);
#ifdef PLANT_ACK_BEFORE_COMMIT
    effects_acknowledge(st->fx);
#endif
#ifdef PLANT_SEND_BEFORE_COMMIT
    effects_perform(st->fx);
#endif
    if (must_commit(st)) {
        err_t e = store_commit(st->store);
#ifdef PLANT_MEMORY_KEPT
        if (e) effects_acknowledge(st->fx);
#endif
        if (e) return rooms_rebuild(st, fault);
        st->idle_at = mono_plus(hal_now(st->hal), IDLE_AFTER_MS);
    }
    if (!store_is_dirty(st->store)) st->commit_at = MONO_NEVER;
    bool screen = effects_screen_changed(st->fx);
    gear_signal(st);
    effects_acknowledge(st->fx);
    console_publish(st->console, screen);
    effects_perform(st->fx);
    return ERR_OK;
}

typedef err_t ageing_fn(struct store *st, int64_t before_wall_ms, size_t limit, size_t *out_count);

/* One bounded piece of one kind. True: there is more of it. */
static bool age_one(struct station *st, ageing_fn *fn, const char *what, uint32_t days)
{
    size_t count = 0;
    int64_t before = hal_wall(st->hal).ms - (int64_t)days * 24 * 60 * 60 * 1000;
    err_t e = fn(st->store, before, AGE_BATCH, &count);
    if (e) log_event(&st->log, LOG_WARN, "ageing.failed", "what=%s error=%s", what, err_name(e));
    if (count) log_event(&st->log, LOG_INFO, "ageing.done", "what=%s rows=%zu", what, count);
    return !e && count == AGE_BATCH;
}

/* Only by a trusted clock: a wrong one would forget too early. */
static bool age_what_is_old(struct station *st)
{
    const struct config_site *site = &st->config->site;
    uint32_t kept = site->retention_days;
    uint32_t traced = site->trace_days > kept ? site->trace_days : kept;
    if (!hal_wall(st->hal).trusted || !mono_reached(hal_now(st->hal), st->age_at)) return false;
    bool more = age_one(st, catalogue_age, "orders", kept) ||
                age_one(st, catalogue_sweep, "rest", kept) ||
                age_one(st, catalogue_forget, "facts", traced);
    if (!more) st->age_at = mono_plus(hal_now(st->hal), AGE_EVERY_MS);
    return more;
}

static void idle_work(struct station *st)
{
    if (store_is_dirty(st->store) || !mono_reached(hal_now(st->hal), st->idle_at)) return;
    bool more = store_idle(st->store);
    if (!more) more = age_what_is_old(st);
    st->idle_at = more ? mono_plus(hal_now(st->hal), IDLE_STEP_MS) : MONO_NEVER;
}

err_t station_round(struct station *st, enum station_next *out_next, struct station_fault *fault)
{
    struct hal_event events[HAL_EVENTS_MAX];
    size_t count = 0;
    memset(fault, 0, sizeof *fault);
    err_t e = hal_wait(st->hal, next_deadline(st), events, HAL_EVENTS_MAX, &count);
    if (e) {
        fault_says(fault, "waiting for events", e);
        return e;
    }
    hal_watchdog_kick(st->hal);
    for (size_t i = 0; !e && i < count; i++) {
        if (!effects_has_room(st->fx)) e = finish(st, fault);
        if (e) break;
        step(st, &events[i]);
        news_deliver(st);
    }
    if (!e) {
        tick(st);
        e = finish(st, fault);
    }
    if (!e && mono_reached(hal_now(st->hal), st->disk_at)) rooms_watch_disk(st);
    if (!e) idle_work(st);
    *out_next = st->stopping ? STATION_STOP : st->reloading ? STATION_RELOAD : STATION_GO_ON;
    return e;
}
