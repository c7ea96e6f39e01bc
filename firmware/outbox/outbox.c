#include "firmware/outbox/outbox.h"

#include <assert.h>
#include <string.h>

#include "firmware/base/mem.h"
#include "firmware/outbox/outbox_parts.h"

/* --------------------------------------------------------------------------------- making it -- */

err_t outbox_new(const struct outbox_options *options, struct outbox **out)
{
    struct outbox *ob = mem_alloc(sizeof *ob);
    if (ob == NULL) return ERR_NOMEM;
    ob->st = options->store;
    ob->fx = options->fx;
    ob->log = options->log;
    ob->zone = options->zone;
    ob->gates_at = ob->service_at = MONO_NEVER;
    const char *boot = hal_boot_id(effects_hal(options->fx));
    if (slice_copy(slice_text(boot), ob->boot, sizeof ob->boot)) {
        mem_free(ob);
        return ERR_IO;
    }
    *out = ob;
    return ERR_OK;
}

void outbox_free(struct outbox *ob)
{
    mem_free(ob);
}

static err_t make_counter(struct outbox *ob, const char *destination)
{
    static const char SQL[] = "INSERT INTO counter (destination) VALUES (?1) "
                              "ON CONFLICT (destination) DO NOTHING";
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_text(q, 1, destination);
    return store_run(ob->st, q);
}

err_t outbox_destination(struct outbox *ob, const struct destination_spec *spec)
{
    bool sound = spec->name[0] != '\0' && spec->concurrency >= 1 && spec->concurrency <= 8 &&
                 spec->connector.attempt != NULL && spec->batch_max <= OUTBOX_BATCH_MAX &&
                 spec->ahead <= OUTBOX_AHEAD_MAX &&
                 (spec->step == 0) == !strcmp(spec->name, CLARUS);
    if (!sound) return ERR_INVALID;
    if (outbox_find(ob, spec->name) != NULL) return ERR_EXISTS;
    if (ob->destination_count == DESTINATIONS_MAX) return ERR_NOSPACE;
    err_t e = make_counter(ob, spec->name);
    if (e) return e;
    struct destination *d = &ob->destinations[ob->destination_count++];
    *d = (struct destination){.spec = *spec, .down_since = MONO_NEVER};
    if (d->spec.alert_attempts == 0) d->spec.alert_attempts = OUTBOX_ALERT_ATTEMPTS;
    if (d->spec.alert_age_ms == 0) d->spec.alert_age_ms = OUTBOX_ALERT_AGE_MS;
    if (d->spec.settle_reads == 0) d->spec.settle_reads = 1;
    d->wake = d->pace_at = d->hold = d->probe_at = d->batch_until = d->throttled_at =
        effects_now(ob->fx);
    return ERR_OK;
}

struct destination *outbox_find(struct outbox *ob, const char *name)
{
    for (size_t i = 0; i < ob->destination_count; i++) {
        if (strcmp(ob->destinations[i].spec.name, name) == 0) return &ob->destinations[i];
    }
    return NULL;
}

void outbox_wake(struct outbox *ob, const char *destination)
{
    struct destination *d = outbox_find(ob, destination);
    if (d != NULL) d->wake = effects_now(ob->fx);
}

/* ---------------------------------------------------------------------------------- starting -- */

static_assert(OUTBOX_TICK_MAX >= DESTINATIONS_MAX, "every destination has a share of a tick");

#define COUNTERS_MAX 32

struct counters {
    char name[COUNTERS_MAX][DESTINATION_CAP];
    int64_t waiting[COUNTERS_MAX];
    size_t count;
};

static err_t read_counters(struct outbox *ob, struct counters *out)
{
    static const char SQL[] = "SELECT destination, waiting FROM counter LIMIT ?1";
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = true;
    out->count = 0;
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_int(q, 1, COUNTERS_MAX);
    while (out->count < COUNTERS_MAX) {
        e = store_step(ob->st, q, &row);
        if (e || !row) return e;
        store_text(q, 0, out->name[out->count], DESTINATION_CAP);
        out->waiting[out->count++] = store_int(q, 1);
    }
    return ERR_OK;
}

/* It was under way when the last run ended: whether it had its effect is not known. */
static err_t land_one(struct outbox *ob, int64_t id)
{
    struct message m;
    err_t e = message_load(ob, id, &m);
    if (e) return e;
    const struct plan look = {.look_first = true, .attempts = m.attempts};
    e = message_plan(ob, &m, &look);
    if (e) return e;
    bool pulled = dispatch_is_pulled(m.dispatch_state);
    return message_move(ob, &m, pulled ? MESSAGE_FROZEN : MESSAGE_WAITING);
}

static err_t land_all(struct outbox *ob, const char *destination)
{
    static const char SQL[] = "SELECT id FROM message INDEXED BY message_flying "
                              "WHERE destination = ?1 AND state = 2 ORDER BY id LIMIT 1";
    for (size_t i = 0; i < OUTBOX_FLIGHTS_MAX; i++) {
        AUTO_STMT sqlite3_stmt *q = NULL;
        bool row = false;
        err_t e = store_prepare(ob->st, SQL, &q);
        if (e) return e;
        store_bind_text(q, 1, destination);
        e = store_step(ob->st, q, &row);
        if (e || !row) return e;
        int64_t id = store_int(q, 0);
        (void)sqlite3_reset(q);
        e = land_one(ob, id);
        if (e) return e;
    }
    return ERR_OK;
}

static err_t check_configured(struct outbox *ob, const char *name, int64_t waiting)
{
    char object[OBJECT_CAP];
    struct buf b = buf_over(object, sizeof object);
    buf_printf(&b, "destination %s", name);
    wall_t at = effects_wall(ob->fx);
    if (outbox_find(ob, name) != NULL) {
        return exception_clear(ob->st, at, "destination.not_configured", buf_cstr(&b));
    }
    if (waiting == 0) return ERR_OK;
    const struct exception_spec spec = {
        .rule = "destination.not_configured",
        .origin = "station",
        .owner = "integration",
        .object = buf_cstr(&b),
        .text = "Messages wait for a destination that the configuration no longer names.",
        .next_step = "Configure it again, or settle its orders by hand.",
    };
    return exception_raise(ob->st, at, &spec, NULL);
}

err_t outbox_start(struct outbox *ob)
{
    struct counters c;
    err_t e = read_counters(ob, &c);
    for (size_t i = 0; i < c.count && e == ERR_OK; i++) {
        e = land_all(ob, c.name[i]);
        if (e == ERR_OK) e = check_configured(ob, c.name[i], c.waiting[i]);
    }
    if (e) return e;
    ob->started = true;
    ob->started_at = ob->gates_at = ob->service_at = effects_now(ob->fx);
    return ERR_OK;
}

void outbox_tick(struct outbox *ob)
{
    mono_t now = effects_now(ob->fx);
    if (!ob->started || ob->destination_count == 0 || store_failed(ob->st)) return;
    if (mono_reached(now, ob->gates_at)) gate_tick(ob);
    if (mono_reached(now, ob->service_at)) service_tick(ob);
    size_t share = OUTBOX_TICK_MAX / ob->destination_count;
    for (size_t i = 0; i < ob->destination_count; i++) {
        struct destination *d = &ob->destinations[i];
        if (mono_reached(now, d->wake)) try_destination(ob, d, share);
    }
}

mono_t outbox_deadline(const struct outbox *ob)
{
    mono_t at = mono_earlier(ob->gates_at, ob->service_at);
    if (!ob->started) return MONO_NEVER;
    for (size_t i = 0; i < ob->destination_count; i++) {
        at = mono_earlier(at, ob->destinations[i].wake);
    }
    return at;
}
