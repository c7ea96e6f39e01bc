/* Messages of class `state`: what they say is overtaken by the next one, so that at most one waits
 * behind the one under way. They belong to no dispatch of an order; a dispatch with the id 0 stands
 * in, so that everything else treats them as any other message. */
#include <string.h>

#include "firmware/outbox/outbox_parts.h"

/* Withdrawn, settled and long finished: no list or count takes it for an order's. */
static err_t run_plain(struct outbox *ob, const char *sql)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(ob->st, sql, &q);
    return e ? e : store_run(ob->st, q);
}

static err_t make_owner(struct outbox *ob)
{
    static const char CONSIGNMENT[] =
        "INSERT INTO consignment (id, clarus_id, reference, channel, state, aged) "
        "VALUES (0, '-', 'station', 'none', 13, 1) ON CONFLICT DO NOTHING";
    static const char SHIPMENT[] = "INSERT INTO shipment (id, key, consignment_id, state) "
                                   "VALUES (0, '-', 0, 7) ON CONFLICT DO NOTHING";
    static const char DISPATCH[] =
        "INSERT INTO dispatch (id, key, consignment_id, shipment_id, state, boot_id, at_mono, at, "
        "at_trusted, settled_at) VALUES (0, '-', 0, 0, 6, '', 0, 0, 0, 1) ON CONFLICT DO NOTHING";
    err_t e = run_plain(ob, CONSIGNMENT);
    if (e == ERR_OK) e = run_plain(ob, SHIPMENT);
    return e ? e : run_plain(ob, DISPATCH);
}

/* The one that may still be overtaken; 0: none. */
static err_t overtakable(struct outbox *ob, const char *destination, const char *lane, int64_t *out)
{
    static const char SQL[] =
        "SELECT id FROM message INDEXED BY message_lane WHERE destination = ?1 AND lane = ?2 AND "
        "state < 5 AND state <> 2 AND class = 1 ORDER BY id DESC LIMIT 1";
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

/* In its place: its age, its waits and its turn stay. One that was parked gets a try of its own. */
static err_t overtake(struct outbox *ob, int64_t id, struct slice says)
{
    struct message m;
    err_t e = outbox_progress(ob, id, says);
    if (e == ERR_OK) e = message_load(ob, id, &m);
    if (e || m.state != MESSAGE_PARKED) return e;
    e = message_move(ob, &m, MESSAGE_HELD);
    if (e == ERR_OK) {
        e = exception_close_message(ob->st, effects_wall(ob->fx), id, "station", "overtaken", "");
    }
    return e ? e : message_release(ob, m.destination, m.lane);
}

static err_t append(struct outbox *ob, const struct destination *to, const char *lane,
                    struct slice says)
{
    static const char SQL[] =
        "INSERT INTO message (dispatch_id, consignment_id, destination, step, lane, state, "
        "progress, stored_at, class) VALUES (0, 0, ?1, ?2, ?3, 0, ?4, ?5, 1)";
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = make_owner(ob);
    if (e == ERR_OK) e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_text(q, 1, to->spec.name);
    store_bind_int(q, 2, to->spec.step);
    store_bind_text(q, 3, lane);
    store_bind_slice(q, 4, says);
    store_bind_int(q, 5, effects_wall(ob->fx).ms);
    e = store_run(ob->st, q);
    if (e == ERR_OK) e = message_count_stored(ob, to->spec.name);
    return e ? e : message_release(ob, to->spec.name, lane);
}

err_t outbox_state(struct outbox *ob, const char *destination, const char *lane, struct slice says)
{
    const struct destination *to = outbox_find(ob, destination);
    int64_t waiting = 0;
    if (to == NULL) return ERR_NOTFOUND;
    bool sound = lane[0] != '\0' && strlen(lane) < REFERENCE_CAP && to->spec.step > 0;
    if (!sound || says.len > OUTBOX_PROGRESS_MAX) return ERR_INVALID;
    err_t e = store_begin(ob->st);
    if (e == ERR_OK) e = overtakable(ob, destination, lane, &waiting);
    if (e) return e;
    return waiting != 0 ? overtake(ob, waiting, says) : append(ob, to, lane, says);
}
