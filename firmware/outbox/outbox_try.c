/* Choosing what to try next, marking it on disk, and handing it to its connector. A message is
 * marked as under way before anything of it is sent; where its destination allows, several are
 * marked in one go ahead of their turn, and several go in one request. */
#include <string.h>

#include "firmware/outbox/outbox_parts.h"

/* ---------------------------------------------------------------------------------- choosing -- */

static err_t query_id(struct outbox *ob, const char *sql, const char *destination, int64_t *out)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    *out = 0;
    err_t e = store_prepare(ob->st, sql, &q);
    if (e) return e;
    store_bind_text(q, 1, destination);
    if (sqlite3_bind_parameter_count(q) > 1) store_bind_int(q, 2, effects_now(ob->fx).ms);
    e = store_step(ob->st, q, &row);
    if (e == ERR_OK && row) *out = store_int(q, 0);
    return e;
}

#define WAITING_OF "FROM message INDEXED BY message_waiting WHERE destination = ?1 AND state = 1 "

/* The last in the plan was planned in an earlier boot: its time means nothing now, it may go. Rows
 * like it come up one by one; those planned nearer come due by themselves. */
static err_t pick_stale(struct outbox *ob, const struct destination *d, int64_t *out)
{
    static const char SQL[] = "SELECT id " WAITING_OF "ORDER BY due_mono DESC, id DESC LIMIT 1";
    struct message m;
    err_t e = query_id(ob, SQL, d->spec.name, out);
    if (e || *out == 0) return e;
    e = message_load(ob, *out, &m);
    if (e) return e;
    if (!m.due_is_stale) *out = 0;
    return ERR_OK;
}

static err_t pick(struct outbox *ob, struct destination *d, int64_t *out)
{
    static const char OLDEST[] =
        "SELECT id " WAITING_OF "AND due_mono <= ?2 ORDER BY due_mono, id LIMIT 1";
    static const char NEWEST[] =
        "SELECT id " WAITING_OF "AND due_mono <= ?2 ORDER BY due_mono DESC, id DESC LIMIT 1";
    bool newest = d->picks % OUTBOX_NEWEST_EVERY == OUTBOX_NEWEST_EVERY - 1;
    err_t e = query_id(ob, newest ? NEWEST : OLDEST, d->spec.name, out);
    if (e || *out != 0) return e;
    return pick_stale(ob, d, out);
}

static mono_t next_due(struct outbox *ob, const struct destination *d)
{
    static const char SQL[] = "SELECT due_mono " WAITING_OF "ORDER BY due_mono, id LIMIT 1";
    int64_t due = 0;
    if (query_id(ob, SQL, d->spec.name, &due) || due == 0) return MONO_NEVER;
    return (mono_t){due};
}

/* ----------------------------------------------------------------------------------- flights -- */

static struct flight *add_flight(struct outbox *ob, struct destination *d, int64_t message_id)
{
    for (size_t i = 0; i < OUTBOX_FLIGHTS_MAX; i++) {
        if (ob->flights[i].message_id != 0) continue;
        ob->flights[i] = (struct flight){.message_id = message_id, .to = d};
        d->marked++;
        return &ob->flights[i];
    }
    return NULL;
}

static struct flight *next_marked(struct outbox *ob, const struct destination *d)
{
    struct flight *first = NULL;
    for (size_t i = 0; i < OUTBOX_FLIGHTS_MAX && d->marked > 0; i++) {
        struct flight *f = &ob->flights[i];
        if (f->message_id == 0 || f->to != d || f->started) continue;
        if (first == NULL || f->message_id < first->message_id) first = f;
    }
    return first;
}

static void begin_flight(struct outbox *ob, struct destination *d, struct flight *f, unsigned batch)
{
    f->started = true;
    f->batch = batch;
    d->marked--;
    if (batch == 0 || batch != d->last_batch) d->flying++;
    d->last_batch = batch;
    d->probing = d->down || d->paused;
    if (batch == 0) pace_take(ob, d);
}

/* It is no longer to be sent now. */
static err_t take_back(struct outbox *ob, struct destination *d, struct flight *f,
                       struct message *m)
{
    f->message_id = 0;
    d->marked--;
    err_t e = message_move(ob, m, MESSAGE_WAITING);
    return e ? e : message_move(ob, m, MESSAGE_HELD);
}

/* ------------------------------------------------------------------------------------ marking --
 */

static err_t mark_one(struct outbox *ob, struct destination *d, int64_t id)
{
    static const char SQL[] = "UPDATE message SET state = 2 WHERE id = ?1 AND state = 1";
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_int(q, 1, id);
    e = store_run(ob->st, q);
    if (e) return e;
    if (store_changes(ob->st) != 1) return ERR_CORRUPT;
    return add_flight(ob, d, id) != NULL ? ERR_OK : ERR_NOSPACE;
}

/* Up to `count` in one statement. */
static err_t mark_many(struct outbox *ob, struct destination *d, unsigned count)
{
    static const char OLDEST[] = "UPDATE message SET state = 2 WHERE id IN (SELECT id " WAITING_OF
                                 "AND due_mono <= ?2 ORDER BY due_mono, id LIMIT ?3) RETURNING id";
    static const char NEWEST[] =
        "UPDATE message SET state = 2 WHERE id IN (SELECT id " WAITING_OF
        "AND due_mono <= ?2 ORDER BY due_mono DESC, id DESC LIMIT ?3) RETURNING id";
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = true;
    bool newest = ++d->picks % OUTBOX_NEWEST_EVERY == 0;
    err_t e = store_prepare(ob->st, newest ? NEWEST : OLDEST, &q);
    if (e) return e;
    store_bind_text(q, 1, d->spec.name);
    store_bind_int(q, 2, effects_now(ob->fx).ms);
    store_bind_int(q, 3, count);
    while ((e = store_step(ob->st, q, &row)) == ERR_OK && row) {
        if (add_flight(ob, d, store_int(q, 0)) == NULL) return ERR_NOSPACE;
    }
    return e;
}

static size_t flights_free(const struct outbox *ob)
{
    size_t n = 0;
    for (size_t i = 0; i < OUTBOX_FLIGHTS_MAX; i++)
        n += ob->flights[i].message_id == 0;
    return n;
}

static bool is_limited(const struct destination *d)
{
    return d->down || d->paused;
}

/* How many may be marked at once: what one request takes, or what the destination allows ahead. */
static unsigned mark_room(const struct outbox *ob, const struct destination *d)
{
    unsigned most = d->spec.ahead > 1 ? d->spec.ahead : 1;
    if (batch_is_on(ob, d) && d->spec.batch_max > most) most = d->spec.batch_max;
    return is_limited(d) ? 1 : most;
}

/* Marks when little is marked ahead. *out_none: nothing is due. */
static err_t mark(struct outbox *ob, struct destination *d, bool *out_none)
{
    unsigned room = mark_room(ob, d);
    size_t free = flights_free(ob);
    int64_t id = 0;
    if (d->marked > room / 4 || (room == 1 && d->marked > 0)) return ERR_OK;
    if (room - d->marked > free) room = (unsigned)free + d->marked;
    if (room - d->marked > 1) {
        err_t e = mark_many(ob, d, room - d->marked);
        if (e || d->marked > 0) return e;
    }
    err_t e = pick(ob, d, &id);
    *out_none = id == 0 && d->marked == 0;
    if (e || id == 0) return e;
    d->picks++;
    return mark_one(ob, d, id);
}

/* ------------------------------------------------------------------------------------ trying -- */

/* A look that was planned before a restart of the machine may have come too early: the looks that
 * prove absence are counted afresh. */
static err_t forget_stale_looks(struct outbox *ob, const struct message *m)
{
    if (!m->due_is_stale || m->looks == 0) return ERR_OK;
    const struct plan afresh = {.look_first = m->look_first, .attempts = m->attempts};
    return message_plan(ob, m, &afresh);
}

static void hand_over(const struct message *m, struct slice progress, struct outbox_message *out)
{
    *out = (struct outbox_message){.id = m->id,
                                   .dispatch_id = m->dispatch_id,
                                   .consignment_id = m->consignment_id,
                                   .look_first = m->look_first,
                                   .attempts = m->attempts,
                                   .progress = progress};
    memcpy(out->destination, m->destination, sizeof out->destination);
    memcpy(out->dispatch_key, m->dispatch_key, sizeof out->dispatch_key);
}

/* Find-and-pull opened since it was marked. */
static err_t freeze_marked(struct outbox *ob, struct destination *d, struct flight *f,
                           struct message *m)
{
    f->message_id = 0;
    d->marked--;
    return message_move(ob, m, MESSAGE_FROZEN);
}

/* *out_gone: it waits for Clarus after all, or its parcel must not go. */
static err_t load_marked(struct outbox *ob, struct destination *d, struct flight *f,
                         struct message *m, bool *out_gone)
{
    bool may = true;
    err_t e = message_load_whole(ob, f->message_id, m);
    *out_gone = e == ERR_OK && dispatch_is_pulled(m->dispatch_state);
    if (*out_gone) return freeze_marked(ob, d, f, m);
    if (e == ERR_OK && m->early && !m->look_first) e = message_may_go(ob, m, &may);
    *out_gone = e == ERR_OK && !may;
    if (*out_gone) return take_back(ob, d, f, m);
    return e ? e : forget_stale_looks(ob, m);
}

static err_t start_one(struct outbox *ob, struct destination *d, struct flight *f)
{
    struct message m;
    struct outbox_message out;
    bool gone = false;
    err_t e = load_marked(ob, d, f, &m, &gone);
    if (e || gone) return e;
    hand_over(&m, slice_text(ob->progress), &out);
    begin_flight(ob, d, f, 0);
    log_event(ob->log, LOG_DEBUG, "outbox.attempt", "seq=%lld peer=%s look=%d", (long long)m.id,
              m.destination, m.look_first);
    d->spec.connector.attempt(d->spec.connector.ctx, &out);
#ifdef PLANT_DONE_BEFORE_REPLY
    outbox_result(ob, m.id, &(struct attempt_result){.outcome = ATTEMPT_DONE});
#endif
    return ERR_OK;
}

/* What may have had an effect already, or came half way, goes by itself. */
static err_t start_many(struct outbox *ob, struct destination *d)
{
    struct outbox_message out[OUTBOX_BATCH_MAX];
    size_t count = 0;
    unsigned batch = ++ob->batches == 0 ? ++ob->batches : ob->batches;
    while (count < d->spec.batch_max) {
        struct flight *f = next_marked(ob, d);
        struct message m;
        bool gone = false;
        if (f == NULL) break;
        err_t e = load_marked(ob, d, f, &m, &gone);
        if (e && count == 0) return e;
        if (e) break; /* those before it go; it comes up again */
        if (gone) continue;
        if (m.look_first || ob->progress[0] != '\0') {
            if (count == 0) return start_one(ob, d, f);
            break;
        }
        hand_over(&m, SLICE_NONE, &out[count++]);
        begin_flight(ob, d, f, batch);
    }
    if (count == 0) return ERR_OK;
    pace_take(ob, d);
    log_event(ob->log, LOG_DEBUG, "outbox.batch", "peer=%s count=%zu", d->spec.name, count);
    d->spec.connector.attempt_many(d->spec.connector.ctx, out, count);
    return ERR_OK;
}

static err_t try_next(struct outbox *ob, struct destination *d, bool *out_none)
{
    err_t e = mark(ob, d, out_none);
    struct flight *f = e == ERR_OK ? next_marked(ob, d) : NULL;
    if (e || f == NULL) return e;
    return batch_is_on(ob, d) && !is_limited(d) ? start_many(ob, d) : start_one(ob, d, f);
}

void try_destination(struct outbox *ob, struct destination *d, size_t budget)
{
    mono_t now = effects_now(ob->fx);
    while (mono_reached(now, pace_next(d))) {
        bool none = false;
        if (budget == 0) return; /* `wake` stays: the next tick goes on */
        err_t e = try_next(ob, d, &none);
        if (e == ERR_OK && none) {
            d->wake = next_due(ob, d);
            return;
        }
        budget--;
        if (e) {
            log_event(ob->log, LOG_ERROR, "outbox.tick", "peer=%s error=%s", d->spec.name,
                      err_name(e));
            d->wake = mono_plus(now, OUTBOX_BACKOFF_FIRST_MS);
            return;
        }
    }
    d->wake = pace_next(d);
}
