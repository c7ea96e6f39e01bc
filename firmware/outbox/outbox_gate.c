/* Gates: a storefront that is told only when the carrier's list is closed. The evidence is a lead's
 * word or the carrier's own close at its cut-off; without it after the cut-off an exception says
 * so.
 */
#include <string.h>

#include "firmware/outbox/outbox_parts.h"

#define CARRIERS_MAX 64

err_t outbox_manifest_rule(struct outbox *ob, const struct manifest_rule *rule)
{
    if (rule->cut_off_min < -1 || rule->cut_off_min >= 24 * 60) return ERR_INVALID;
    if (ob->manifest_count == MANIFEST_RULES_MAX) return ERR_NOSPACE;
    ob->manifests[ob->manifest_count++] = *rule;
    return ERR_OK;
}

static const struct manifest_rule *rule_of(const struct outbox *ob, const char *carrier)
{
    static const struct manifest_rule PLAIN = {.cut_off_min = -1};
    for (size_t i = 0; i < ob->manifest_count; i++) {
        if (strcmp(ob->manifests[i].carrier, carrier) == 0) return &ob->manifests[i];
    }
    return &PLAIN;
}

err_t gate_hold(struct outbox *ob, int64_t dispatch_id, int64_t consignment_id)
{
    static const char SQL[] = "INSERT INTO manifest (dispatch_id, carrier) "
                              "SELECT ?1, CASE carrier_code WHEN '' THEN 'unknown' ELSE "
                              "carrier_code END FROM consignment WHERE id = ?2";
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_int(q, 1, dispatch_id);
    store_bind_int(q, 2, consignment_id);
    mono_t soon = mono_plus(effects_now(ob->fx), OUTBOX_GATES_EVERY_MS);
    ob->gates_at = mono_earlier(ob->gates_at, soon);
    return store_run(ob->st, q);
}

err_t gate_is_open(struct outbox *ob, int64_t dispatch_id, bool *out)
{
    static const char SQL[] = "SELECT 1 FROM manifest WHERE dispatch_id = ?1 AND closed_at = 0";
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = true;
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_int(q, 1, dispatch_id);
    e = store_step(ob->st, q, &row);
    *out = !row;
    return e;
}

/* ----------------------------------------------------------------------------------- evidence --
 */

/* What may go: everything up to a dispatch, by a person's word, and everything saved by a moment,
 * by the carrier's own close. */
struct evidence {
    int64_t last_dispatch;
    int64_t saved_by;
    char who[NAME_CAP];
};

static err_t persons_word(struct outbox *ob, const char *carrier, struct evidence *out)
{
    static const char SQL[] =
        "SELECT last_dispatch, closed_by FROM manifest_close WHERE carrier = ?1";
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_text(q, 1, carrier);
    e = store_step(ob->st, q, &row);
    if (e || !row) return e;
    out->last_dispatch = store_int(q, 0);
    store_text(q, 1, out->who, sizeof out->who);
    return ERR_OK;
}

/* The last cut-off by a clock that is right; INT64_MIN: none. */
static int64_t last_cut_off(struct outbox *ob, const struct manifest_rule *rule)
{
    wall_t now = effects_wall(ob->fx);
    if (rule->cut_off_min < 0 || !now.trusted) return INT64_MIN;
    return clock_last_at(now.ms, &ob->zone, rule->cut_off_min);
}

/* ------------------------------------------------------------------------------------ opening --
 */

static err_t release_of(struct outbox *ob, int64_t dispatch_id)
{
    int64_t ids[MESSAGES_PER_DISPATCH_MAX];
    size_t n = message_ids(ob, dispatch_id, ids, MESSAGES_PER_DISPATCH_MAX);
    for (size_t i = 0; i < n; i++) {
        struct message m;
        err_t e = message_load(ob, ids[i], &m);
        if (e == ERR_OK && m.step > 0) e = message_release(ob, m.destination, m.lane);
        if (e) return e;
    }
    return ERR_OK;
}

static err_t open_gate(struct outbox *ob, int64_t dispatch_id, const char *who)
{
    static const char SQL[] = "UPDATE manifest SET closed_at = ?2, closed_by = ?3 "
                              "WHERE dispatch_id = ?1 AND closed_at = 0";
    AUTO_STMT sqlite3_stmt *q = NULL;
    int64_t now = effects_wall(ob->fx).ms;
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_int(q, 1, dispatch_id);
    store_bind_int(q, 2, now > 0 ? now : 1);
    store_bind_text(q, 3, who);
    e = store_run(ob->st, q);
    return e ? e : release_of(ob, dispatch_id);
}

#define WAITING_FOR                                                                                \
    "FROM manifest w INDEXED BY manifest_waiting JOIN dispatch d ON d.id = w.dispatch_id "         \
    "WHERE w.carrier = ?1 AND w.closed_at = 0 "

/* Dispatches the evidence covers and whose parcels all have their tracking. */
static err_t covered(struct outbox *ob, const char *carrier, const struct evidence *ev,
                     int64_t ids[OUTBOX_GATES_BATCH], size_t *out_count)
{
    static const char SQL[] =
        "SELECT d.id " WAITING_FOR
        "AND (d.id <= ?2 OR (d.at_trusted <> 0 AND d.at <= ?3)) AND NOT EXISTS "
        "(SELECT 1 FROM parcel p WHERE p.shipment_id = d.shipment_id AND p.tracking = '') "
        "ORDER BY w.dispatch_id LIMIT ?4";
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    *out_count = 0;
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_text(q, 1, carrier);
    store_bind_int(q, 2, ev->last_dispatch);
    store_bind_int(q, 3, ev->saved_by);
    store_bind_int(q, 4, OUTBOX_GATES_BATCH);
    while (*out_count < OUTBOX_GATES_BATCH) {
        e = store_step(ob->st, q, &row);
        if (e || !row) return e;
        ids[(*out_count)++] = store_int(q, 0);
    }
    return ERR_OK;
}

/* -------------------------------------------------------------------------------------- alarm --
 */

static err_t is_overdue(struct outbox *ob, const char *carrier, int64_t cut_off, bool *out)
{
    static const char SQL[] =
        "SELECT 1 " WAITING_FOR "AND d.at_trusted <> 0 AND d.at <= ?2 LIMIT 1";
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_text(q, 1, carrier);
    store_bind_int(q, 2, cut_off);
    return store_step(ob->st, q, out);
}

static err_t is_raised(struct outbox *ob, const char *object, bool *out)
{
    static const char SQL[] = "SELECT 1 FROM exception WHERE rule = 'manifest.not_closed' AND "
                              "object = ?1 AND open = 1";
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_text(q, 1, object);
    return store_step(ob->st, q, out);
}

static err_t say_overdue(struct outbox *ob, const char *carrier, bool overdue)
{
    char object[OBJECT_CAP];
    bool raised = false;
    struct buf b = buf_over(object, sizeof object);
    buf_printf(&b, "carrier %s", carrier);
    const struct exception_spec spec = {
        .rule = "manifest.not_closed",
        .origin = "carrier",
        .owner = "lead",
        .object = buf_cstr(&b),
        .text = "The carrier's list is not closed after its cut-off; shops wait to be told.",
        .next_step = "Close the carrier's list, then say so on this page.",
    };
    err_t e = is_raised(ob, spec.object, &raised);
    if (e || raised == overdue) return e;
    wall_t at = effects_wall(ob->fx);
    return overdue ? exception_raise(ob->st, at, &spec, NULL)
                   : exception_clear(ob->st, at, spec.rule, spec.object);
}

/* --------------------------------------------------------------------------------------- tick --
 */

static err_t tick_carrier(struct outbox *ob, const char *carrier, bool *more)
{
    int64_t ids[OUTBOX_GATES_BATCH];
    size_t count = 0;
    const struct manifest_rule *rule = rule_of(ob, carrier);
    struct evidence ev = {.saved_by = INT64_MIN, .who = "carrier"};
    int64_t cut_off = last_cut_off(ob, rule);
    if (rule->closes_by_itself) ev.saved_by = cut_off;
    err_t e = persons_word(ob, carrier, &ev);
    if (e == ERR_OK) e = covered(ob, carrier, &ev, ids, &count);
    for (size_t i = 0; i < count && e == ERR_OK; i++) {
        e = open_gate(ob, ids[i], ids[i] <= ev.last_dispatch ? ev.who : "carrier");
    }
    if (e) return e;
    bool full = count == OUTBOX_GATES_BATCH;
    bool overdue = false;
    *more = *more || full;
    if (cut_off != INT64_MIN) e = is_overdue(ob, carrier, cut_off, &overdue);
    return e ? e : say_overdue(ob, carrier, overdue && !full);
}

/* The carrier after `carrier` somebody waits for; "" at the end. */
static err_t next_carrier(struct outbox *ob, char carrier[ID_CAP])
{
    static const char SQL[] = "SELECT carrier FROM manifest INDEXED BY manifest_waiting WHERE "
                              "closed_at = 0 AND carrier > ?1 ORDER BY carrier LIMIT 1";
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_text(q, 1, carrier);
    e = store_step(ob->st, q, &row);
    if (e || !row) {
        carrier[0] = '\0';
        return e;
    }
    store_text(q, 0, carrier, ID_CAP);
    return ERR_OK;
}

static err_t tick_all(struct outbox *ob, bool *waits, bool *more)
{
    char carrier[ID_CAP] = "";
    err_t e = next_carrier(ob, carrier);
    for (int i = 0; i < CARRIERS_MAX && e == ERR_OK && carrier[0] != '\0'; i++) {
        *waits = true;
        e = tick_carrier(ob, carrier, more);
        if (e == ERR_OK) e = next_carrier(ob, carrier);
    }
    return e;
}

void gate_tick(struct outbox *ob)
{
    bool waits = false, more = false;
    mono_t now = effects_now(ob->fx);
    err_t e = tick_all(ob, &waits, &more);
    if (e) log_event(ob->log, LOG_ERROR, "outbox.gates", "error=%s", err_name(e));
    ob->gates_at = waits || e ? mono_plus(now, OUTBOX_GATES_EVERY_MS) : MONO_NEVER;
    if (more) ob->gates_at = now;
}

/* ------------------------------------------------------------------------------------- people --
 */

err_t outbox_manifest_close(struct outbox *ob, const char *carrier, const char *who)
{
    static const char SQL[] =
        "INSERT INTO manifest_close (carrier, closed_at, closed_by, last_dispatch) "
        "SELECT ?1, ?2, ?3, max(dispatch_id) FROM manifest INDEXED BY manifest_waiting "
        "WHERE carrier = ?1 AND closed_at = 0 HAVING count(*) > 0 "
        "ON CONFLICT (carrier) DO UPDATE SET closed_at = excluded.closed_at, "
        "closed_by = excluded.closed_by, last_dispatch = excluded.last_dispatch";
    AUTO_STMT sqlite3_stmt *q = NULL;
    if (who == NULL || who[0] == '\0' || carrier == NULL) return ERR_INVALID;
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_text(q, 1, carrier);
    store_bind_int(q, 2, effects_wall(ob->fx).ms);
    store_bind_text(q, 3, who);
    e = store_run(ob->st, q);
    if (e) return e;
    if (store_changes(ob->st) == 0) return ERR_NOTFOUND;
    ob->gates_at = effects_now(ob->fx);
    log_event(ob->log, LOG_INFO, "outbox.manifest", "carrier=%s", carrier);
    return ERR_OK;
}

size_t outbox_manifests(struct outbox *ob, struct outbox_manifest *out, size_t cap)
{
    static const char SQL[] =
        "SELECT w.carrier, count(*), min(d.at) FROM manifest w INDEXED BY manifest_waiting "
        "JOIN dispatch d ON d.id = w.dispatch_id WHERE w.closed_at = 0 "
        "GROUP BY w.carrier ORDER BY w.carrier LIMIT ?1";
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    size_t n = 0;
    if (store_prepare(ob->st, SQL, &q)) return 0;
    store_bind_int(q, 1, (int64_t)cap);
    while (n < cap && store_step(ob->st, q, &row) == ERR_OK && row) {
        out[n] = (struct outbox_manifest){.waiting = (uint64_t)store_int(q, 1),
                                          .oldest_wall_ms = store_int(q, 2)};
        store_text(q, 0, out[n++].carrier, ID_CAP);
    }
    return n;
}
