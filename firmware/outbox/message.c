/* Messages and dispatches in the store: reading, moving between states, letting go. */
#include <assert.h>
#include <string.h>

#include "firmware/outbox/outbox_parts.h"

#define STATES (MESSAGE_WITHDRAWN + 1)

/* Only the first undelivered message of a lane, with the steps before it done, is WAITING; all
 * others are HELD. So choosing what to try next never has to skip a row. */
static const bool ALLOWED[STATES][STATES] = {
    [MESSAGE_HELD] =
        {[MESSAGE_WAITING] = true, [MESSAGE_FROZEN] = true, [MESSAGE_WITHDRAWN] = true},
    [MESSAGE_WAITING] = {[MESSAGE_HELD] = true,
                         [MESSAGE_FLYING] = true,
                         [MESSAGE_FROZEN] = true,
                         [MESSAGE_DONE] = true,
                         [MESSAGE_WITHDRAWN] = true},
    [MESSAGE_FLYING] = {[MESSAGE_WAITING] = true,
                        [MESSAGE_PARKED] = true,
                        [MESSAGE_FROZEN] = true,
                        [MESSAGE_DONE] = true},
    [MESSAGE_PARKED] = {[MESSAGE_HELD] = true,
                        [MESSAGE_FROZEN] = true,
                        [MESSAGE_DONE] = true,
                        [MESSAGE_WITHDRAWN] = true},
    [MESSAGE_FROZEN] = {[MESSAGE_HELD] = true, [MESSAGE_PARKED] = true, [MESSAGE_WITHDRAWN] = true},
};

/* With the columns of message_load, in their order. */
static void read_message(struct outbox *ob, sqlite3_stmt *q, struct message *out)
{
    wall_t wall = effects_wall(ob->fx);
    *out = (struct message){.id = store_int(q, 0), .dispatch_id = store_int(q, 1)};
    out->consignment_id = store_int(q, 2);
    store_text(q, 3, out->destination, sizeof out->destination);
    out->step = (int)store_int(q, 4);
    store_text(q, 5, out->lane, sizeof out->lane);
    out->state = (enum message_state)store_int(q, 6);
    out->look_first = store_int(q, 7) != 0;
    out->attempts = (unsigned)store_int(q, 8);
    out->looks = (unsigned)store_int(q, 9);
    out->stored_at = store_int(q, 10);
    out->due_is_stale = store_int(q, 11) != 0;
    out->dispatch_state = (enum dispatch_state)store_int(q, 12);
    store_text(q, 13, out->dispatch_key, sizeof out->dispatch_key);
    store_text(q, 14, out->reference, sizeof out->reference);
    bool same_boot = store_int(q, 17) != 0;
    int64_t since = out->dispatch_id != 0 ? store_int(q, 15) : out->stored_at;
    out->age_ms = same_boot ? effects_now(ob->fx).ms - store_int(q, 16) : wall.ms - since;
    if (out->age_ms < 0) out->age_ms = 0;
    out->early = store_int(q, 18) != 0 && (same_boot || wall.trusted);
}

static err_t load(struct outbox *ob, int64_t id, struct message *out, bool whole)
{
    static const char SQL[] =
        "SELECT m.id, m.dispatch_id, m.consignment_id, m.destination, m.step, m.lane, m.state, "
        "m.look_first, m.attempts, m.looks, m.stored_at, m.due_boot <> ?2, d.state, d.key, "
        "c.reference, d.at, d.at_mono, d.boot_id = ?2, m.early, m.progress FROM message m "
        "JOIN dispatch d ON d.id = m.dispatch_id JOIN consignment c ON c.id = m.consignment_id "
        "WHERE m.id = ?1";
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_int(q, 1, id);
    store_bind_text(q, 2, ob->boot);
    e = store_step(ob->st, q, &row);
    if (e) return e;
    if (!row) return ERR_NOTFOUND;
    read_message(ob, q, out);
    if (whole) store_text(q, 19, ob->progress, sizeof ob->progress);
    bool known = out->state >= MESSAGE_HELD && out->state <= MESSAGE_WITHDRAWN;
    return known ? ERR_OK : ERR_CORRUPT;
}

err_t message_load(struct outbox *ob, int64_t id, struct message *out)
{
    return load(ob, id, out, false);
}

err_t message_load_whole(struct outbox *ob, int64_t id, struct message *out)
{
    return load(ob, id, out, true);
}

static int bucket(enum message_state s)
{
    if (s == MESSAGE_PARKED) return 1;
    if (s == MESSAGE_FROZEN) return 2;
    if (s == MESSAGE_DONE) return 3;
    return s == MESSAGE_WITHDRAWN ? 4 : 0;
}

static err_t count_move(struct outbox *ob, const struct message *m, enum message_state to)
{
    static const char SQL[] =
        "UPDATE counter SET waiting = waiting + ?2, parked = parked + ?3, frozen = frozen + ?4, "
        "done = done + ?5 WHERE destination = ?1";
    int64_t change[5] = {0, 0, 0, 0, 0};
    if (bucket(m->state) == bucket(to)) return ERR_OK;
    change[bucket(m->state)]--;
    change[bucket(to)]++;
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_text(q, 1, m->destination);
    for (int i = 0; i < 4; i++) {
        store_bind_int(q, i + 2, change[i]);
    }
    return store_run(ob->st, q);
}

err_t message_move(struct outbox *ob, struct message *m, enum message_state to)
{
    static const char SQL[] = "UPDATE message SET state = ?3, done_at = ?4, last_result = "
                              "coalesce(?5, last_result) WHERE id = ?1 AND state = ?2";
    if (!ALLOWED[m->state][to]) return ERR_INVALID;
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_int(q, 1, m->id);
    store_bind_int(q, 2, m->state);
    store_bind_int(q, 3, to);
    store_bind_int(q, 4, to >= MESSAGE_DONE ? effects_wall(ob->fx).ms : 0);
    store_bind_text(q, 5, m->said);
    e = store_run(ob->st, q);
    if (e) return e;
    if (store_changes(ob->st) != 1) return ERR_CORRUPT;
    e = count_move(ob, m, to);
    if (e) return e;
    m->state = to;
    outbox_wake(ob, m->destination);
    return ERR_OK;
}

err_t message_plan(struct outbox *ob, const struct message *m, const struct plan *plan)
{
    static const char SQL[] =
        "UPDATE message SET due_mono = ?2, due_boot = ?3, look_first = ?4, attempts = ?5, "
        "looks = ?6, unknown_at = CASE WHEN ?4 = 0 THEN 0 WHEN look_first = 1 THEN unknown_at "
        "ELSE ?7 END WHERE id = ?1";
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_int(q, 1, m->id);
    store_bind_int(q, 2, mono_plus(effects_now(ob->fx), plan->delay_ms).ms);
    store_bind_text(q, 3, ob->boot);
    store_bind_int(q, 4, plan->look_first);
    store_bind_int(q, 5, plan->attempts);
    store_bind_int(q, 6, plan->looks);
    store_bind_int(q, 7, effects_wall(ob->fx).ms);
    return store_run(ob->st, q);
}

/* The first undelivered message of the lane; 0 when there is none. */
static err_t lane_head(struct outbox *ob, const char *destination, const char *lane, int64_t *out)
{
    static const char SQL[] = "SELECT id FROM message INDEXED BY message_lane "
                              "WHERE destination = ?1 AND lane = ?2 AND state < 5 "
#ifdef PLANT_LANE_OVERTAKING
                              "ORDER BY id DESC LIMIT 1";
#else
                              "ORDER BY id LIMIT 1";
#endif
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    *out = 0;
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_text(q, 1, destination);
    store_bind_text(q, 2, lane);
    e = store_step(ob->st, q, &row);
    if (e == ERR_OK && row) *out = store_int(q, 0);
    return e;
}

static err_t steps_before_done(struct outbox *ob, const struct message *m, bool *out)
{
    static const char SQL[] = "SELECT 1 FROM message INDEXED BY message_dispatch "
                              "WHERE dispatch_id = ?1 AND step < ?2 AND state <> 5 LIMIT 1";
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = true;
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_int(q, 1, m->dispatch_id);
    store_bind_int(q, 2, m->step);
    e = store_step(ob->st, q, &row);
    *out = !row;
#ifdef PLANT_SHOP_BEFORE_CLARUS
    *out = true;
#endif
    return e;
}

err_t message_may_go(struct outbox *ob, const struct message *m, bool *out)
{
    const struct destination *d = outbox_find(ob, m->destination);
    err_t e = steps_before_done(ob, m, out);
    if (e || *out) return e;
    *out = m->early && d != NULL && m->age_ms <= d->spec.early_ms;
    return ERR_OK;
}

err_t message_release(struct outbox *ob, const char *destination, const char *lane)
{
    struct message m;
    int64_t id = 0;
    bool ready = false;
    err_t e = lane_head(ob, destination, lane, &id);
    if (e || id == 0) return e;
    e = message_load(ob, id, &m);
    if (e || m.state != MESSAGE_HELD) return e;
    e = message_may_go(ob, &m, &ready);
    if (e == ERR_OK && ready && m.step > 0) e = gate_is_open(ob, m.dispatch_id, &ready);
    if (e || !ready) return e;
    const struct plan now = {.look_first = m.look_first, .looks = m.looks};
    e = message_plan(ob, &m, &now);
    return e ? e : message_move(ob, &m, MESSAGE_WAITING);
}

size_t message_ids(struct outbox *ob, int64_t dispatch_id, int64_t *out, size_t cap)
{
    static const char SQL[] = "SELECT id FROM message INDEXED BY message_dispatch "
                              "WHERE dispatch_id = ?1 ORDER BY step LIMIT ?2";
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    size_t n = 0;
    if (store_prepare(ob->st, SQL, &q)) return 0;
    store_bind_int(q, 1, dispatch_id);
    store_bind_int(q, 2, (int64_t)cap);
    while (n < cap && store_step(ob->st, q, &row) == ERR_OK && row) {
        out[n++] = store_int(q, 0);
    }
    return n;
}

/* What the other messages of a dispatch wait for. */
struct sibling {
    int64_t step;
    enum message_state state;
    char destination[DESTINATION_CAP];
    char lane[REFERENCE_CAP];
};

static err_t siblings(struct outbox *ob, int64_t dispatch_id, struct sibling *out,
                      size_t *out_count)
{
    static const char SQL[] = "SELECT step, state, destination, lane FROM message INDEXED BY "
                              "message_dispatch WHERE dispatch_id = ?1 ORDER BY step LIMIT ?2";
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    *out_count = 0;
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_int(q, 1, dispatch_id);
    store_bind_int(q, 2, MESSAGES_PER_DISPATCH_MAX);
    while ((e = store_step(ob->st, q, &row)) == ERR_OK && row) {
        struct sibling *s = &out[(*out_count)++];
        s->step = store_int(q, 0);
        s->state = (enum message_state)store_int(q, 1);
        store_text(q, 2, s->destination, sizeof s->destination);
        store_text(q, 3, s->lane, sizeof s->lane);
    }
    return e;
}

/* Lets the later steps of the dispatch go, and settles it when this was its last message. */
static err_t finish_dispatch(struct outbox *ob, const struct message *done)
{
    struct sibling all[MESSAGES_PER_DISPATCH_MAX];
    size_t n = 0;
    if (done->dispatch_id == 0) return ERR_OK;
    err_t e = siblings(ob, done->dispatch_id, all, &n);
    bool settled = n > 0;
    for (size_t i = 0; i < n && e == ERR_OK; i++) {
        settled = settled && all[i].state >= MESSAGE_DONE;
        if (all[i].step <= done->step || all[i].state != MESSAGE_HELD) continue;
        e = message_release(ob, all[i].destination, all[i].lane);
    }
    if (e) return e;
    enum dispatch_state state = done->dispatch_state;
    if (done->step == 0 && state == DISPATCH_SAVED) state = DISPATCH_DISPATCHED;
    if (state == done->dispatch_state && !settled) return ERR_OK;
    return dispatch_set_state(ob, done->dispatch_id, state, settled && !dispatch_is_pulled(state));
}

err_t message_finish(struct outbox *ob, struct message *m)
{
    err_t e = message_move(ob, m, MESSAGE_DONE);
    if (e == ERR_OK) {
        e = exception_close_message(ob->st, effects_wall(ob->fx), m->id, "station", "delivered",
                                    "");
    }
    if (e == ERR_OK) e = message_release(ob, m->destination, m->lane);
    return e ? e : finish_dispatch(ob, m);
}

err_t dispatch_set_state(struct outbox *ob, int64_t id, enum dispatch_state state, bool settled)
{
    static const char SQL[] = "UPDATE dispatch SET state = ?2, "
                              "settled_at = CASE WHEN ?3 THEN ?4 ELSE 0 END WHERE id = ?1";
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_int(q, 1, id);
    store_bind_int(q, 2, state);
    store_bind_int(q, 3, settled);
    store_bind_int(q, 4, effects_wall(ob->fx).ms);
    return store_run(ob->st, q);
}

bool dispatch_is_pulled(enum dispatch_state state)
{
    return state == DISPATCH_REFUSED || state == DISPATCH_PULL;
}

void outbox_object(const char *reference, const char *dispatch_key, char out[OBJECT_CAP])
{
    const char *counter = strrchr(dispatch_key, '-');
    struct buf b = buf_over(out, OBJECT_CAP);
    buf_printf(&b, "order %s #%s", reference, counter != NULL ? counter + 1 : dispatch_key);
    (void)buf_cstr(&b);
    assert(!b.overflow); /* 6 + 63 + 2 + 19 characters at most */
}
