/* Service level: how long deliveries took, and whether one waits longer than agreed. */
#include "firmware/outbox/outbox_parts.h"

const int64_t DELIVERY_BUCKET_S[DELIVERY_BUCKETS] = {1, 2, 5, 15, 60, 300, 900, 3600, 14400, 86400};

void service_note(struct destination *d, const struct message *delivered)
{
    size_t i = 0;
    while (i < DELIVERY_BUCKETS && delivered->age_ms > DELIVERY_BUCKET_S[i] * 1000) {
        i++;
    }
    d->taken[i]++;
    d->taken_ms += (uint64_t)delivered->age_ms;
}

/* When the clock of the oldest message that may go began; 0: there is none. What find-and-pull
 * froze and what waits for a carrier's list has its own exception. Without a service level only
 * what may go at once counts: what waits for another says nothing by itself. */
static err_t oldest_clock(struct outbox *ob, const struct destination *d, int64_t *out)
{
    static const char SQL[] =
        "SELECT max(m.stored_at, ifnull((SELECT w.closed_at FROM manifest w WHERE w.dispatch_id = "
        "m.dispatch_id), 0)) FROM message m INDEXED BY message_oldest WHERE m.destination = ?1 AND "
        "m.state < 5 AND m.state <> 4 AND (?2 OR m.state IN (1, 2)) AND NOT EXISTS (SELECT 1 FROM "
        "manifest w WHERE "
        "w.dispatch_id = m.dispatch_id AND w.closed_at = 0) ORDER BY m.stored_at LIMIT 1";
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    *out = 0;
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_text(q, 1, d->spec.name);
    store_bind_int(q, 2, d->spec.service_ms > 0);
    e = store_step(ob->st, q, &row);
    if (e == ERR_OK && row) *out = store_int(q, 0);
    return e;
}

static err_t say_late(struct outbox *ob, struct destination *d, bool late)
{
    char object[OBJECT_CAP];
    struct buf b = buf_over(object, sizeof object);
    buf_printf(&b, "destination %s", d->spec.name);
    bool agreed = d->spec.service_ms > 0;
    const struct exception_spec spec = {
        .rule = agreed ? "delivery.service_level" : "delivery.oldest",
        .origin = "station",
        .owner = "integration",
        .object = buf_cstr(&b),
        .text = agreed ? "A message waits longer than the agreed service level."
                       : "A message that may go has waited for long.",
        .next_step = "See why its destination does not take it; nothing is lost.",
    };
    wall_t at = effects_wall(ob->fx);
    log_event(ob->log, late ? LOG_WARN : LOG_INFO, "outbox.service_level", "peer=%s late=%d",
              d->spec.name, late);
    d->late = late;
    return late ? exception_raise(ob->st, at, &spec, NULL)
                : exception_clear(ob->st, at, spec.rule, spec.object);
}

static err_t watch(struct outbox *ob, struct destination *d)
{
    int64_t since = 0;
    int64_t limit = d->spec.service_ms > 0 ? d->spec.service_ms : d->spec.alert_age_ms;
    err_t e = oldest_clock(ob, d, &since);
    if (e) return e;
    bool late = since != 0 && effects_wall(ob->fx).ms - since > limit;
    bool known = d->watched; /* the last run may have left its exception */
    d->watched = true;
    return known && late == d->late ? ERR_OK : say_late(ob, d, late);
}

/* ------------------------------------------------------------------------- at collection time --
 */

struct pulled {
    int64_t id;
    int64_t consignment_id;
    char key[KEY_CAP];
    char reference[REFERENCE_CAP];
};

/* One whose collection is due and that nobody was told of yet; id 0: none. */
static err_t next_due_pull(struct outbox *ob, enum dispatch_state state, struct pulled *out)
{
    static const char SQL[] =
        "SELECT d.id, d.consignment_id, d.key, c.reference FROM dispatch d INDEXED BY "
        "dispatch_unsettled JOIN consignment c ON c.id = d.consignment_id WHERE d.state = ?1 AND "
        "d.state IN (0, 2, 3) AND c.dispatch_due > 0 AND c.dispatch_due <= ?2 AND NOT EXISTS "
        "(SELECT 1 FROM exception x INDEXED BY exception_consignment WHERE x.consignment_id = c.id "
        "AND x.dispatch_id = d.id AND x.rule = 'pull.collection') LIMIT 1";
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    *out = (struct pulled){.id = 0};
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_int(q, 1, state);
    store_bind_int(q, 2, effects_wall(ob->fx).ms);
    e = store_step(ob->st, q, &row);
    if (e || !row) return e;
    out->id = store_int(q, 0);
    out->consignment_id = store_int(q, 1);
    store_text(q, 2, out->key, sizeof out->key);
    store_text(q, 3, out->reference, sizeof out->reference);
    return ERR_OK;
}

static err_t escalate(struct outbox *ob, const struct pulled *p)
{
    char object[OBJECT_CAP];
    outbox_object(p->reference, p->key, object);
    const struct exception_spec spec = {
        .rule = "pull.collection",
        .origin = "station",
        .owner = "lead",
        .object = object,
        .text = "Collection is due and this parcel must not go.",
        .next_step = "Stop it at the door now: then PULLED, or GONE if it left.",
        .consignment_id = p->consignment_id,
        .dispatch_id = p->id,
    };
    log_event(ob->log, LOG_WARN, "outbox.collection", "dispatch=%lld", (long long)p->id);
    effects_signal(ob->fx, HAL_LIGHT_RED_FLASH, HAL_TONE_ATTENTION);
    effects_screen(ob->fx);
    return exception_raise(ob->st, effects_wall(ob->fx), &spec, NULL);
}

err_t pull_escalate(struct outbox *ob)
{
    static const enum dispatch_state STATES[] = {DISPATCH_REFUSED, DISPATCH_PULL};
    for (int i = 0; i < OUTBOX_GATES_BATCH; i++) {
        struct pulled p;
        err_t e = next_due_pull(ob, STATES[i % 2], &p);
        if (e == ERR_OK && p.id != 0) e = escalate(ob, &p);
        if (e) return e;
    }
    return ERR_OK;
}

/* -------------------------------------------------------------------------------------- tick -- */

void service_tick(struct outbox *ob)
{
    bool trusted = effects_wall(ob->fx).trusted;
    for (size_t i = 0; i < ob->destination_count; i++) {
        struct destination *d = &ob->destinations[i];
        err_t e = trusted ? watch(ob, d) : ERR_OK;
        if (e) log_event(ob->log, LOG_ERROR, "outbox.service", "error=%s", err_name(e));
    }
    err_t e = trusted ? pull_escalate(ob) : ERR_OK;
    if (e) log_event(ob->log, LOG_ERROR, "outbox.escalate", "error=%s", err_name(e));
    ob->service_at = mono_plus(effects_now(ob->fx), OUTBOX_SERVICE_EVERY_MS);
}
