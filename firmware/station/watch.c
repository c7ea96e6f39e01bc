/* watch.c - the storefront as a second source of "stop", ahead of the bench: orders of the work
 * list and of today's dispatches are asked about one by one, at the pace the configuration allows.
 * What it says is kept with each order; a cancellation stops it, or has its parcel found and
 * pulled. */
#include "firmware/station/parts.h"

#include <stdio.h>
#include <string.h>

#include "firmware/outbox/exceptions.h"

#define AGAIN_MS   600000 /* one order is not asked about more often */
#define UNKNOWN_MS 60000  /* after no answer the shop is left alone so long */
#define LATE_MS    60000  /* an answer that late never comes */
#define TODAY_MS   INT64_C(86400000)
#define ADD_BATCH  64
#define FIRST_MS   15000 /* a bench that starts has other things to ask first */
#define SKIPS_MAX  16    /* orders passed over in one step, because nobody needs to ask */

static void fail(struct station *st, err_t e)
{
    if (e && e != ERR_NOTFOUND)
        log_event(&st->log, LOG_ERROR, "watch.failed", "error=%s", err_name(e));
}

/* -------------------------------------------------------------------------------- the list -- */

/* Orders that are new on the work list. */
static err_t add_new(struct station *st)
{
    AUTO_RELAX struct store_relaxed relaxed = store_relax(st->store);
    AUTO_STMT sqlite3_stmt *q = NULL, *put = NULL;
    int64_t ids[ADD_BATCH];
    size_t count = 0;
    err_t e = store_prepare(st->store,
                            "SELECT c.id FROM consignment c WHERE c.state IN (0, 1) AND c.channel "
                            "NOT IN ('', 'none') AND NOT EXISTS (SELECT 1 FROM watch w WHERE "
                            "w.consignment_id = c.id) ORDER BY c.state DESC, c.priority, "
                            "c.dispatch_due LIMIT 64",
                            &q);
    if (e) return e;
    for (bool row = true; count < ADD_BATCH && !(e = store_step(st->store, q, &row)) && row;)
        ids[count++] = store_int(q, 0);
    if (!e && count > 0) e = store_begin(st->store);
    for (size_t i = 0; !e && i < count; i++) {
        store_reset_local(&put);
        e = store_prepare(st->store, "INSERT OR IGNORE INTO watch (consignment_id) VALUES (?1)",
                          &put);
        if (e) break;
        store_bind_int(put, 1, ids[i]);
        e = store_run(st->store, put);
    }
    return e;
}

static err_t forget(struct station *st, int64_t id)
{
    AUTO_RELAX struct store_relaxed relaxed = store_relax(st->store);
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_begin(st->store);
    if (!e) e = store_prepare(st->store, "DELETE FROM watch WHERE consignment_id = ?1", &q);
    if (e) return e;
    store_bind_int(q, 1, id);
    return store_run(st->store, q);
}

/* NULL verdict: asked of nobody, only its turn is over. */
static err_t note(struct station *st, int64_t id, const struct verdict *v)
{
    AUTO_RELAX struct store_relaxed relaxed = store_relax(st->store);
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_begin(st->store);
    if (!e)
        e = store_prepare(
            st->store,
            "UPDATE watch SET at = ?2, kind = coalesce(?3, kind), rule = coalesce(?4, "
            "rule), owner = coalesce(?5, owner), text = coalesce(?6, text) WHERE "
            "consignment_id = ?1",
            &q);
    if (e) return e;
    store_bind_int(q, 1, id);
    store_bind_int(q, 2, effects_wall(st->fx).ms);
    if (v) {
        store_bind_int(q, 3, (int64_t)v->kind);
        store_bind_text(q, 4, v->rule);
        store_bind_text(q, 5, v->owner);
        store_bind_text(q, 6, v->text);
    }
    return store_run(st->store, q);
}

/* ------------------------------------------------------------------------------------ asking -- */

struct due {
    int64_t id;
    int64_t at; /* asked about last */
    bool gone;
    int64_t state;
    int64_t left_at; /* of its newest dispatch */
    char channel[24];
};

static err_t next_due(struct station *st, struct due *out)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(st->store,
                            "SELECT w.consignment_id, w.at, c.id IS NULL, c.state, c.channel, "
                            "(SELECT max(at) FROM dispatch WHERE consignment_id = c.id) FROM watch "
                            "w LEFT JOIN consignment c ON c.id = w.consignment_id ORDER BY w.at "
                            "LIMIT 1",
                            &q);
    if (!e) e = store_step(st->store, q, &row);
    if (e) return e;
    if (!row) return ERR_NOTFOUND;
    *out = (struct due){.id = store_int(q, 0),
                        .at = store_int(q, 1),
                        .gone = store_int(q, 2) != 0,
                        .state = store_int(q, 3),
                        .left_at = store_int(q, 5)};
    store_text(q, 4, out->channel, sizeof out->channel);
    return ERR_OK;
}

static int64_t pace_ms(struct station *st, const char *channel)
{
    const struct config_site *site = &st->config->site;
    const struct config_channel *c = config_channel_by_name(site, channel);
    int64_t benches = site->benches > 0 ? site->benches : 1;
    if (!c || !c->enabled || !c->check_state || c->watch_per_minute == 0) return 0;
    return 60000 * benches / c->watch_per_minute;
}

static bool has_left(const struct due *d)
{
    return d->state == CONSIGNMENT_SAVED || d->state == CONSIGNMENT_SAVED_PART ||
           d->state == CONSIGNMENT_DISPATCHED;
}

/* Nobody needs to know of it any more. */
static bool is_over(const struct due *d, int64_t now)
{
    return d->gone || d->state == CONSIGNMENT_STOPPED || d->state == CONSIGNMENT_GONE ||
           (has_left(d) && now - d->left_at > TODAY_MS);
}

/* The bench asks about what it has open by itself. */
static bool is_at_bench(const struct due *d)
{
    return d->state >= CONSIGNMENT_CLAIMED && d->state <= CONSIGNMENT_LABEL_CHECKED;
}

/* True when a question went out, or there is none for now. */
static bool ask_one(struct station *st)
{
    mono_t now = effects_now(st->fx);
    int64_t wall = effects_wall(st->fx).ms;
    struct due d;
    err_t e = next_due(st, &d);
    if (e) {
        fail(st, e);
        st->watch_at = MONO_NEVER;
        return true;
    }
    if (d.at > 0 && d.at <= wall && wall - d.at < AGAIN_MS) {
        st->watch_at = mono_plus(now, AGAIN_MS - (wall - d.at));
        return true;
    }
    int64_t pace = pace_ms(st, d.channel);
    if (is_over(&d, wall))
        fail(st, forget(st, d.id));
    else if (pace == 0 || is_at_bench(&d))
        fail(st, note(st, d.id, NULL));
    if (is_over(&d, wall) || pace == 0 || is_at_bench(&d)) return false;
    st->watched = d.id;
    st->watch_at = mono_plus(now, pace > LATE_MS ? pace : LATE_MS);
    st->watch_pace = pace;
    channels_watch(st->channels, CHECKS_WATCH_TICKET, d.id);
    return true;
}

void watch_tick(struct station *st)
{
    if (!mono_reached(effects_now(st->fx), st->watch_at)) return;
    st->watched = 0;
    st->watch_at = mono_plus(effects_now(st->fx), 1000);
    for (int i = 0; i < SKIPS_MAX && !ask_one(st); i++) {
    }
}

void watch_refreshed(struct station *st)
{
    fail(st, add_new(st));
    if (st->watch_at.ms == MONO_NEVER.ms) st->watch_at = mono_plus(effects_now(st->fx), FIRST_MS);
}

/* ----------------------------------------------------------------------------------- answers -- */

/* Put aside with a label: somebody has to empty the box. */
static int64_t live_shipment(struct station *st, int64_t consignment_id)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    if (store_prepare(
            st->store,
            "SELECT s.id FROM shipment s WHERE s.consignment_id = ?1 AND s.state IN (1, 2, 3, 4, "
            "5) "
            "AND EXISTS (SELECT 1 FROM parcel p WHERE p.shipment_id = s.id AND p.state <> 5) AND "
            "NOT EXISTS (SELECT 1 FROM dispatch d WHERE d.shipment_id = s.id AND d.state NOT IN "
            "(4, 6))",
            &q))
        return 0;
    store_bind_int(q, 1, consignment_id);
    return store_step(st->store, q, &row) == ERR_OK && row ? store_int(q, 0) : 0;
}

static err_t void_parcels(struct station *st, int64_t shipment_id)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_begin(st->store);
    if (!e) e = store_prepare(st->store, "UPDATE parcel SET state = 5 WHERE shipment_id = ?1", &q);
    if (e) return e;
    store_bind_int(q, 1, shipment_id);
    return store_run(st->store, q);
}

static err_t raise(struct station *st, const char *object, int64_t consignment_id,
                   const struct verdict *v)
{
    struct exception_spec spec = {.rule = v->rule,
                                  .origin = "storefront",
                                  .owner = v->owner,
                                  .object = object,
                                  .text = v->text,
                                  .next_step = v->next_step,
                                  .consignment_id = consignment_id};
    return exception_raise(st->store, effects_wall(st->fx), &spec, NULL);
}

static void stop_order(struct station *st, const struct consignment *c, const struct verdict *v)
{
    char object[OBJECT_CAP];
    int64_t shipment = live_shipment(st, c->id);
    (void)snprintf(object, sizeof object, "order %s", c->reference);
    err_t e = catalogue_hold(st->store, c->id, CONSIGNMENT_STOPPED, v->rule, v->text);
    if (!e) e = raise(st, object, c->id, v);
    if (!e)
        e = story_add(st->store, effects_wall(st->fx), c->id, "storefront", "channel.stopped", "",
                      v->text);
    if (!e && shipment) e = void_parcels(st, shipment);
    if (!e && shipment) clarus_void(st->clarus, shipment);
    fail(st, e);
}

/* The money may have gone back after the parcel left: nothing to be pulled. */
static bool is_late_refund(struct station *st, int64_t id, const struct verdict *v)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    if (strcmp(v->rule, "order.refunded") != 0) return false;
    if (store_prepare(st->store,
                      "SELECT 1 FROM dispatch d JOIN message m ON m.dispatch_id = d.id WHERE "
                      "d.consignment_id = ?1 AND m.step = 2 AND m.state = 5",
                      &q))
        return false;
    store_bind_int(q, 1, id);
    return store_step(st->store, q, &row) == ERR_OK && row;
}

static void judge(struct station *st, const struct consignment *c, const struct verdict *v)
{
    bool waits = c->state == CONSIGNMENT_KNOWN || c->state == CONSIGNMENT_READY ||
                 c->state == CONSIGNMENT_HELD;
    bool left = c->state == CONSIGNMENT_SAVED || c->state == CONSIGNMENT_SAVED_PART ||
                c->state == CONSIGNMENT_DISPATCHED;
    if (v->kind == VERDICT_STOP && waits) stop_order(st, c, v);
    if (v->kind == VERDICT_STOP && left && !is_late_refund(st, c->id, v))
        links_late_cancel(st, c->id, v->text);
}

void watch_answer(struct station *st, const struct verdict *v)
{
    struct consignment c;
    int64_t id = st->watched;
    if (id == 0) return;
    st->watched = 0;
    bool unknown = v->kind == VERDICT_UNKNOWN;
    int64_t wait = unknown && st->watch_pace < UNKNOWN_MS ? UNKNOWN_MS : st->watch_pace;
    st->watch_at = mono_plus(effects_now(st->fx), wait);
    fail(st, note(st, id, unknown ? NULL : v));
    if (unknown) return;
    err_t e = catalogue_consignment(st->store, id, &c);
    if (!e) judge(st, &c, v);
    fail(st, e);
}
