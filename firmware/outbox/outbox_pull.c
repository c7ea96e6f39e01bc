/* Find-and-pull, recall, and what a lead may do about an exception. */
#include <string.h>

#include "firmware/outbox/outbox_parts.h"

struct dispatch {
    int64_t id;
    int64_t consignment_id;
    enum dispatch_state state;
    char key[KEY_CAP];
    char reference[REFERENCE_CAP];
};

static err_t dispatch_load(struct outbox *ob, int64_t id, struct dispatch *out)
{
    static const char SQL[] = "SELECT d.consignment_id, d.state, d.key, c.reference "
                              "FROM dispatch d JOIN consignment c ON c.id = d.consignment_id "
                              "WHERE d.id = ?1";
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_int(q, 1, id);
    e = store_step(ob->st, q, &row);
    if (e) return e;
    if (!row) return ERR_NOTFOUND;
    *out = (struct dispatch){.id = id, .consignment_id = store_int(q, 0)};
    out->state = (enum dispatch_state)store_int(q, 1);
    store_text(q, 2, out->key, sizeof out->key);
    store_text(q, 3, out->reference, sizeof out->reference);
    return ERR_OK;
}

/* The history of the order remembers who did what. */
static err_t tell_story(struct outbox *ob, const struct dispatch *d, const char *who,
                        const char *event, const char *detail)
{
    static const char SQL[] = "INSERT INTO story (consignment_id, at, who, event, detail) "
                              "VALUES (?1, ?2, ?3, ?4, ?5)";
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_int(q, 1, d->consignment_id);
    store_bind_int(q, 2, effects_wall(ob->fx).ms);
    store_bind_text(q, 3, who);
    store_bind_text(q, 4, event);
    store_bind_text(q, 5, detail != NULL ? detail : "");
    return store_run(ob->st, q);
}

typedef err_t each_fn(struct outbox *ob, struct message *m);

static err_t for_each(struct outbox *ob, int64_t dispatch_id, each_fn *act)
{
    int64_t ids[MESSAGES_PER_DISPATCH_MAX];
    size_t n = message_ids(ob, dispatch_id, ids, MESSAGES_PER_DISPATCH_MAX);
    for (size_t i = 0; i < n; i++) {
        struct message m;
        err_t e = message_load(ob, ids[i], &m);
        if (e == ERR_OK) e = act(ob, &m);
        if (e) return e;
    }
    return ERR_OK;
}

/* One under way is frozen when its end is known. */
static err_t freeze_one(struct outbox *ob, struct message *m)
{
    bool still =
        m->state == MESSAGE_HELD || m->state == MESSAGE_WAITING || m->state == MESSAGE_PARKED;
    return still ? message_move(ob, m, MESSAGE_FROZEN) : ERR_OK;
}

static err_t raise_pull(struct outbox *ob, const struct dispatch *d, const char *rule,
                        const char *text)
{
    char object[OBJECT_CAP];
    outbox_object(d->reference, d->key, object);
    const struct exception_spec spec = {
        .rule = rule,
        .origin = strncmp(rule, CLARUS, strlen(CLARUS)) == 0 ? "clarus" : "storefront",
        .owner = "lead",
        .object = object,
        .text = text,
        .next_step =
            "Find the parcel before collection and pull it: then PULLED, or GONE if it left.",
        .consignment_id = d->consignment_id,
        .dispatch_id = d->id,
    };
    return exception_raise(ob->st, effects_wall(ob->fx), &spec, NULL);
}

/* A shop that need not wait for Clarus may know already. Stays open when the parcel is back. */
static err_t warn_if_told(struct outbox *ob, struct message *m)
{
    char object[OBJECT_CAP];
    if (m->step == 0 || m->state != MESSAGE_DONE || m->dispatch_state != DISPATCH_SAVED)
        return ERR_OK;
    outbox_object(m->reference, m->dispatch_key, object);
    const struct exception_spec spec = {
        .rule = "pull.shop_told",
        .origin = "station",
        .owner = "e-commerce",
        .object = object,
        .text = "The shop was told of a parcel that must not go, before Clarus took it.",
        .next_step = "Correct the order over there and agree with the customer, then resolve this.",
        .consignment_id = m->consignment_id,
        .message_id = m->id,
    };
    return exception_raise(ob->st, effects_wall(ob->fx), &spec, NULL);
}

err_t outbox_pull(struct outbox *ob, int64_t dispatch_id, const char *rule, const char *text)
{
    struct dispatch d;
    err_t e = dispatch_load(ob, dispatch_id, &d);
    if (e) return e;
    if (d.state != DISPATCH_SAVED && d.state != DISPATCH_DISPATCHED) return ERR_OK;
    e = for_each(ob, dispatch_id, warn_if_told);
    if (e == ERR_OK) e = for_each(ob, dispatch_id, freeze_one);
    if (e == ERR_OK) e = dispatch_set_state(ob, dispatch_id, DISPATCH_PULL, false);
    if (e == ERR_OK) e = raise_pull(ob, &d, rule, text);
    return e ? e : tell_story(ob, &d, "station", "find_and_pull", rule);
}

static err_t refuse_flying(struct outbox *ob, struct message *m)
{
    (void)ob;
    return m->state == MESSAGE_FLYING ? ERR_BUSY : ERR_OK;
}

/* The goods are back, yet an attempt without an answer may have told the other side they left. */
static err_t warn_of_effect(struct outbox *ob, const struct message *m)
{
    static const struct attempt_result SAID = {
        .rule = "pull.effect_unknown",
        .owner = "lead",
        .text = "The goods are back, but an unanswered message may have reported them as sent.",
        .next_step = "Look at the order over there and correct it, then resolve this.",
    };
    return outbox_complain(ob, m, &SAID, SAID.rule);
}

static err_t withdraw_one(struct outbox *ob, struct message *m)
{
    if (m->state >= MESSAGE_DONE) return ERR_OK;
    err_t e = message_move(ob, m, MESSAGE_WITHDRAWN);
    if (e == ERR_OK && m->look_first) e = warn_of_effect(ob, m);
    return e ? e : message_release(ob, m->destination, m->lane);
}

/* It left: Clarus still has to know, the customer is told by a person. */
static err_t confirm_gone(struct outbox *ob, struct message *m)
{
    static const struct attempt_result SAID = {
        .rule = "pull.gone",
        .owner = "e-commerce",
        .text = "A parcel left although its order was cancelled; the storefront was not told.",
        .next_step = "Agree with the customer, then retry to report it or resolve by hand.",
    };
    if (m->state != MESSAGE_FROZEN) return ERR_OK;
    if (m->step > 0) {
        err_t e = message_move(ob, m, MESSAGE_PARKED);
        return e ? e : outbox_complain(ob, m, &SAID, SAID.rule);
    }
    err_t e = message_move(ob, m, MESSAGE_HELD);
    return e ? e : message_release(ob, m->destination, m->lane);
}

err_t outbox_pull_end(struct outbox *ob, int64_t dispatch_id, enum pull_end end, const char *who,
                      const char *note)
{
    struct dispatch d;
    bool pulled = end == PULL_END_PULLED;
    const char *how = pulled ? "pulled" : "gone";
    if (who == NULL || who[0] == '\0') return ERR_INVALID;
    err_t e = dispatch_load(ob, dispatch_id, &d);
    if (e) return e;
    if (!dispatch_is_pulled(d.state)) return ERR_NOTFOUND;
    e = for_each(ob, dispatch_id, refuse_flying);
    if (e) return e;
    struct exception_closing closing = {effects_wall(ob->fx), who, how, note};
    e = exception_close_dispatch(ob->st, &closing, d.consignment_id, d.id);
    if (e == ERR_OK) {
        e = dispatch_set_state(ob, d.id, pulled ? DISPATCH_PULLED : DISPATCH_GONE, pulled);
    }
    if (e == ERR_OK) e = for_each(ob, d.id, pulled ? withdraw_one : confirm_gone);
    return e ? e : tell_story(ob, &d, who, how, note);
}

/* ------------------------------------------------------------------------------------- recall --
 */

/* ERR_BUSY: this message went out, or may have. */
static err_t refuse_sent(struct outbox *ob, struct message *m)
{
    (void)ob;
    bool unsent =
        (m->state == MESSAGE_HELD || m->state == MESSAGE_WAITING || m->state == MESSAGE_PARKED) &&
        !m->look_first;
    return unsent ? ERR_OK : ERR_BUSY;
}

err_t outbox_recall(struct outbox *ob, int64_t dispatch_id, const char *who, const char *reason)
{
    struct dispatch d;
    if (who == NULL || who[0] == '\0') return ERR_INVALID;
    err_t e = dispatch_load(ob, dispatch_id, &d);
    if (e) return e;
    if (d.state == DISPATCH_RECALLED) return ERR_OK;
    e = d.state == DISPATCH_SAVED ? for_each(ob, dispatch_id, refuse_sent) : ERR_BUSY;
    if (e == ERR_BUSY) {
        e = outbox_pull(ob, dispatch_id, "bench.recalled",
                        "The bench recalled a dispatch that may have been reported already.");
        return e ? e : ERR_BUSY;
    }
    if (e == ERR_OK) e = dispatch_set_state(ob, dispatch_id, DISPATCH_RECALLED, true);
    struct exception_closing closing = {effects_wall(ob->fx), who, "recalled", reason};
    if (e == ERR_OK) e = exception_close_dispatch(ob->st, &closing, d.consignment_id, d.id);
    if (e == ERR_OK) e = for_each(ob, dispatch_id, withdraw_one);
    return e ? e : tell_story(ob, &d, who, "recalled", reason);
}

/* -------------------------------------------------------------------------------- a lead's act --
 */

static err_t retry_message(struct outbox *ob, const struct exception_row *x)
{
    struct message m;
    err_t e = message_load(ob, x->message_id, &m);
    if (e) return e;
    const struct destination *d = outbox_find(ob, m.destination);
    /* A look asked for by hand counts like any other, so that it keeps its distance. */
    const struct plan now = {.look_first = m.look_first,
                             .looks = m.looks,
                             .delay_ms = m.look_first && d != NULL ? outbox_look_gap(d) : 0};
    if (m.state == MESSAGE_WAITING) return message_plan(ob, &m, &now);
    if (m.state != MESSAGE_PARKED) return ERR_UNSUPPORTED;
    e = message_plan(ob, &m, &now);
    if (e == ERR_OK) e = message_move(ob, &m, MESSAGE_HELD);
    return e ? e : message_release(ob, m.destination, m.lane);
}

static err_t retry_destination(struct outbox *ob, const struct exception_row *x)
{
    static const char PREFIX[] = "destination ";
    if (!slice_starts(slice_text(x->object), PREFIX)) return ERR_UNSUPPORTED;
    struct destination *d = outbox_find(ob, x->object + sizeof PREFIX - 1);
    if (d == NULL) return ERR_UNSUPPORTED;
    outbox_resume(ob, d);
    return ERR_OK;
}

/* Closed before the message is done: what was settled by hand stays on record as such. */
static err_t resolve(struct outbox *ob, const struct exception_row *x, const char *who,
                     const char *note)
{
    struct message m = {.state = MESSAGE_DONE};
    err_t e = x->message_id != 0 ? message_load(ob, x->message_id, &m) : ERR_OK;
    if (e) return e;
    if (m.state == MESSAGE_FLYING) return ERR_BUSY;
    if (m.state == MESSAGE_FROZEN) return ERR_UNSUPPORTED;
    e = exception_close(ob->st, effects_wall(ob->fx), x->id, who, "resolve", note);
    if (e) return e;
    bool open = m.state == MESSAGE_PARKED || m.state == MESSAGE_WAITING;
    return open ? message_finish(ob, &m) : ERR_OK;
}

static err_t retry(struct outbox *ob, const struct exception_row *x, const char *who,
                   const char *note)
{
    err_t e = x->message_id != 0 ? retry_message(ob, x) : retry_destination(ob, x);
    if (e) return e;
    e = exception_close(ob->st, effects_wall(ob->fx), x->id, who, "retry", note);
    return e == ERR_NOTFOUND ? ERR_OK : e; /* the destination's resumption closed it */
}

static err_t end_pull(struct outbox *ob, const struct exception_row *x, enum exception_act act,
                      const char *who, const char *note)
{
    enum pull_end end = act == EXCEPTION_PULLED ? PULL_END_PULLED : PULL_END_GONE;
    if (x->dispatch_id == 0) return ERR_UNSUPPORTED;
    err_t e = outbox_pull_end(ob, x->dispatch_id, end, who, note);
    return e == ERR_NOTFOUND ? ERR_UNSUPPORTED : e;
}

static bool is_empty(const char *text)
{
    return text == NULL || text[0] == '\0';
}

/* Find-and-pull ends by PULLED or GONE alone. */
static bool is_open_pull(struct outbox *ob, const struct exception_row *x)
{
    struct dispatch d;
    if (x->dispatch_id == 0 || x->message_id != 0) return false;
    return dispatch_load(ob, x->dispatch_id, &d) == ERR_OK && dispatch_is_pulled(d.state);
}

err_t exception_do(struct outbox *ob, int64_t id, enum exception_act act, const char *who,
                   const char *note)
{
    struct exception_row x;
    if (is_empty(who) || (act == EXCEPTION_RESOLVE && is_empty(note))) return ERR_INVALID;
    err_t e = exception_get(ob->st, id, &x);
    if (e) return e;
    if (!x.open) return ERR_NOTFOUND;
    if (act == EXCEPTION_RETRY) return retry(ob, &x, who, note);
    if (act != EXCEPTION_RESOLVE) return end_pull(ob, &x, act, who, note);
    if (is_open_pull(ob, &x)) return ERR_UNSUPPORTED;
    return resolve(ob, &x, who, note);
}

static err_t open_of_rule(struct outbox *ob, const char *rule, int64_t ids[EXCEPTIONS_AT_ONCE],
                          struct exception_bulk *out, size_t *out_count)
{
    static const char SQL[] = "SELECT id FROM exception INDEXED BY exception_open "
                              "WHERE rule = ?1 AND open = 1 ORDER BY object LIMIT ?2";
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    *out_count = 0;
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_text(q, 1, rule);
    store_bind_int(q, 2, EXCEPTIONS_AT_ONCE + 1);
    while ((e = store_step(ob->st, q, &row)) == ERR_OK && row) {
        out->more = *out_count == EXCEPTIONS_AT_ONCE;
        if (out->more) break;
        ids[(*out_count)++] = store_int(q, 0);
    }
    return e;
}

static bool does_not_fit(err_t e)
{
    return e == ERR_UNSUPPORTED || e == ERR_BUSY || e == ERR_NOTFOUND;
}

err_t exception_do_rule(struct outbox *ob, const char *rule, enum exception_act act,
                        const char *who, const char *note, struct exception_bulk *out)
{
    int64_t ids[EXCEPTIONS_AT_ONCE];
    size_t count = 0;
    *out = (struct exception_bulk){0};
    if (act != EXCEPTION_RETRY && act != EXCEPTION_RESOLVE) return ERR_UNSUPPORTED;
    if (is_empty(rule) || is_empty(who)) return ERR_INVALID;
    if (act == EXCEPTION_RESOLVE && is_empty(note)) return ERR_INVALID;
    err_t e = open_of_rule(ob, rule, ids, out, &count);
    if (e) return e;
    for (size_t i = 0; i < count; i++) {
        e = exception_do(ob, ids[i], act, who, note);
        if (e && !does_not_fit(e)) return e;
        if (e) {
            out->skipped++;
        } else {
            out->done++;
        }
    }
    log_event(ob->log, LOG_INFO, "exceptions.rule", "rule=%s done=%zu skipped=%zu more=%d", rule,
              out->done, out->skipped, out->more);
    return count > 0 ? ERR_OK : ERR_NOTFOUND;
}
