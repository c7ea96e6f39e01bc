/* Figures and lists for screens. Every one costs the same however much waits. */
#include <string.h>

#include "firmware/outbox/outbox_parts.h"

static int64_t oldest(struct outbox *ob, const char *destination)
{
    static const char SQL[] = "SELECT stored_at FROM message INDEXED BY message_oldest "
                              "WHERE destination = ?1 AND state < 5 ORDER BY stored_at LIMIT 1";
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    if (store_prepare(ob->st, SQL, &q)) return 0;
    store_bind_text(q, 1, destination);
    if (store_step(ob->st, q, &row) || !row) return 0;
    return store_int(q, 0);
}

static void add_live(struct outbox *ob, struct outbox_figures *f)
{
    const struct destination *d = outbox_find(ob, f->name);
    mono_t now = effects_now(ob->fx);
    f->next_try_ms = -1;
    if (d == NULL) {
        f->paused = true;
        err_ignore(slice_copy(SLICE("not configured"), f->last_result, sizeof f->last_result));
        return;
    }
    memcpy(f->taken, d->taken, sizeof f->taken);
    f->taken_s = d->taken_ms / 1000;
    f->late = d->late;
    f->down = d->down;
    f->paused = d->paused;
    memcpy(f->last_result, d->last_result, sizeof f->last_result);
    if (d->wake.ms != INT64_MAX) f->next_try_ms = d->wake.ms > now.ms ? d->wake.ms - now.ms : 0;
}

size_t outbox_figures(struct outbox *ob, struct outbox_figures *out, size_t cap)
{
    static const char SQL[] =
        "SELECT destination, waiting, parked, frozen, done FROM counter LIMIT ?1";
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    size_t n = 0;
    if (store_prepare(ob->st, SQL, &q)) return 0;
    store_bind_int(q, 1, (int64_t)cap);
    while (n < cap && store_step(ob->st, q, &row) == ERR_OK && row) {
        struct outbox_figures *f = &out[n++];
        *f = (struct outbox_figures){.waiting = (uint64_t)store_int(q, 1)};
        store_text(q, 0, f->name, sizeof f->name);
        f->parked = (uint64_t)store_int(q, 2);
        f->frozen = (uint64_t)store_int(q, 3);
        f->done = (uint64_t)store_int(q, 4);
    }
    for (size_t i = 0; i < n; i++) {
        out[i].oldest_wall_ms = oldest(ob, out[i].name);
        add_live(ob, &out[i]);
    }
    return n;
}

/* Why it is held: 0 it is not, 1 a step before it, 2 the carrier's list, 3 tracking as well, 4 an
 * earlier message of its lane. */
#define WAITS                                                                                      \
    "CASE WHEN m.state <> 0 THEN 0 "                                                               \
    "WHEN EXISTS (SELECT 1 FROM message o INDEXED BY message_dispatch WHERE o.dispatch_id = "      \
    "m.dispatch_id AND o.step < m.step AND o.state <> 5) THEN 1 "                                  \
    "WHEN m.step > 0 AND EXISTS (SELECT 1 FROM manifest w WHERE w.dispatch_id = m.dispatch_id "    \
    "AND w.closed_at = 0) THEN CASE WHEN EXISTS (SELECT 1 FROM parcel p WHERE p.shipment_id = "    \
    "d.shipment_id AND p.tracking = '') THEN 3 ELSE 2 END ELSE 4 END, d.carrier "
#define ROW                                                                                        \
    "SELECT m.id, m.dispatch_id, m.consignment_id, c.reference, m.destination, d.key, m.state, "   \
    "m.attempts, m.stored_at, m.last_result, " WAITS
#define JOINS                                                                                      \
    "JOIN dispatch d ON d.id = m.dispatch_id JOIN consignment c ON c.id = m.consignment_id "

static void say_waits(sqlite3_stmt *q, struct outbox_row *out)
{
    static const char *const SAYS[] = {
        "",
        "the step before it",
        "the manifest of ",
        "tracking numbers and the manifest of ",
        "an earlier message of this order",
    };
    char carrier[NAME_CAP];
    int64_t why = store_int(q, 10);
    if (why < 0 || why > 4) return;
    struct buf b = buf_over(out->waits_for, sizeof out->waits_for - 1);
    buf_text(&b, SAYS[why]);
    store_text(q, 11, carrier, sizeof carrier);
    if (why == 2 || why == 3) buf_text(&b, carrier);
    out->waits_for[b.len] = '\0';
}

static void read_row(sqlite3_stmt *q, struct outbox_row *out)
{
    *out = (struct outbox_row){.id = store_int(q, 0), .dispatch_id = store_int(q, 1)};
    out->consignment_id = store_int(q, 2);
    store_text(q, 3, out->reference, sizeof out->reference);
    store_text(q, 4, out->destination, sizeof out->destination);
    store_text(q, 5, out->dispatch_key, sizeof out->dispatch_key);
    out->state = (enum message_state)store_int(q, 6);
    out->attempts = (unsigned)store_int(q, 7);
    out->stored_at = store_int(q, 8);
    store_text(q, 9, out->last_result, sizeof out->last_result);
    say_waits(q, out);
}

/* Every list binds ?1 its key and ?2 its room. */
static size_t read_rows(struct outbox *ob, sqlite3_stmt *q, size_t cap, struct outbox_row *out)
{
    bool row = false;
    size_t n = 0;
    store_bind_int(q, 2, (int64_t)cap);
    while (n < cap && store_step(ob->st, q, &row) == ERR_OK && row) {
        read_row(q, &out[n++]);
    }
    return n;
}

static size_t newest(struct outbox *ob, const char *destination, struct outbox_row *out, size_t cap)
{
    static const char SQL[] =
        ROW "FROM message m " JOINS "WHERE m.id > (SELECT IFNULL(MAX(id), 0) FROM message) - ?3 "
            "AND (?1 IS NULL OR m.destination = ?1) ORDER BY m.id DESC LIMIT ?2";
    AUTO_STMT sqlite3_stmt *q = NULL;
    if (store_prepare(ob->st, SQL, &q)) return 0;
    store_bind_text(q, 1, destination);
    store_bind_int(q, 3, OUTBOX_LIST_WINDOW);
    return read_rows(ob, q, cap, out);
}

static size_t undelivered(struct outbox *ob, const char *destination, struct outbox_row *out,
                          size_t cap)
{
    static const char SQL[] =
        ROW "FROM message m INDEXED BY message_oldest " JOINS
            "WHERE m.destination = ?1 AND m.state < 5 ORDER BY m.stored_at DESC LIMIT ?2";
    AUTO_STMT sqlite3_stmt *q = NULL;
    if (store_prepare(ob->st, SQL, &q)) return 0;
    store_bind_text(q, 1, destination);
    return read_rows(ob, q, cap, out);
}

/* Shares the room among the destinations that have something to show. */
static size_t undelivered_of_all(struct outbox *ob, struct outbox_row *out, size_t cap)
{
    struct outbox_figures figures[DESTINATIONS_MAX * 2];
    size_t count = outbox_figures(ob, figures, sizeof figures / sizeof figures[0]);
    size_t n = 0;
    for (size_t i = 0; i < count && n < cap; i++) {
        size_t share = (cap - n) / (count - i);
        n += undelivered(ob, figures[i].name, out + n, share > 0 ? share : 1);
    }
    for (size_t i = 1; i < n; i++) {
        struct outbox_row r = out[i];
        size_t k = i;
        for (; k > 0 && out[k - 1].id < r.id; k--) {
            out[k] = out[k - 1];
        }
        out[k] = r;
    }
    return n;
}

size_t outbox_rows(struct outbox *ob, const char *destination, bool undelivered_only,
                   struct outbox_row *out, size_t cap)
{
    if (cap == 0) return 0;
    if (!undelivered_only) return newest(ob, destination, out, cap);
    if (destination != NULL) return undelivered(ob, destination, out, cap);
    return undelivered_of_all(ob, out, cap);
}

size_t outbox_rows_of(struct outbox *ob, int64_t consignment_id, struct outbox_row *out, size_t cap)
{
    static const char SQL[] =
        ROW "FROM dispatch d JOIN message m INDEXED BY message_dispatch ON m.dispatch_id = d.id "
            "JOIN consignment c ON c.id = m.consignment_id "
            "WHERE d.consignment_id = ?1 ORDER BY m.id DESC LIMIT ?2";
    AUTO_STMT sqlite3_stmt *q = NULL;
    if (store_prepare(ob->st, SQL, &q)) return 0;
    store_bind_int(q, 1, consignment_id);
    return read_rows(ob, q, cap, out);
}
