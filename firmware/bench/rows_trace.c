/* rows_trace.c - what was captured of items, and its place in the dispatch that takes them. */
#include "firmware/bench/session.h"

#include <string.h>

err_t rows_trace_add(struct bench *b, const struct session_parcel *p, int64_t line_id,
                     qty_t quantity, const struct trace *t, int64_t *out_id)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_begin(b->store);
    if (!e)
        e = store_prepare(b->store,
                          "INSERT INTO parcel_trace (parcel_id, line_id, quantity, lot, serial, "
                          "expiry) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                          &q);
    if (e) return e;
    store_bind_int(q, 1, p->id);
    store_bind_int(q, 2, line_id);
    store_bind_int(q, 3, quantity.milli);
    store_bind_text(q, 4, t->lot);
    store_bind_text(q, 5, t->serial);
    store_bind_text(q, 6, t->expiry);
    e = store_run(b->store, q);
    if (!e) *out_id = store_last_id(b->store);
    return e;
}

static err_t run(struct bench *b, const char *sql, int64_t id)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_begin(b->store);
    if (!e) e = store_prepare(b->store, sql, &q);
    if (e) return e;
    store_bind_int(q, 1, id);
    return store_run(b->store, q);
}

err_t rows_trace_forget(struct bench *b, int64_t trace_id)
{
    return run(b, "DELETE FROM parcel_trace WHERE id = ?1", trace_id);
}

err_t rows_trace_empty(struct bench *b, const struct session_parcel *p)
{
    return run(b, "DELETE FROM parcel_trace WHERE parcel_id = ?1", p->id);
}

/* The dispatch was stored by line; its traced items become rows of their own, and what is left of
 * the line keeps the rest. */
err_t rows_trace_dispatch(struct bench *b, int64_t dispatch_id)
{
    static const char split[] =
        "INSERT INTO dispatch_item (dispatch_id, parcel_id, line_id, lot, serial, sku, quantity) "
        "SELECT i.dispatch_id, t.parcel_id, t.line_id, t.lot, t.serial, i.sku, sum(t.quantity) "
        "FROM dispatch_item i JOIN parcel_trace t ON t.parcel_id = i.parcel_id AND t.line_id = "
        "i.line_id AND (t.lot <> '' OR t.serial <> '') WHERE i.dispatch_id = ?1 AND i.lot = '' AND "
        "i.serial = '' GROUP BY t.parcel_id, t.line_id, t.lot, t.serial";
    static const char lessen[] =
        "UPDATE dispatch_item SET quantity = quantity - (SELECT coalesce(sum(t.quantity), 0) FROM "
        "parcel_trace t WHERE t.parcel_id = dispatch_item.parcel_id AND t.line_id = "
        "dispatch_item.line_id AND (t.lot <> '' OR t.serial <> '')) WHERE dispatch_id = ?1 AND lot "
        "= '' AND serial = ''";
    static const char tidy[] =
        "DELETE FROM dispatch_item WHERE dispatch_id = ?1 AND lot = '' AND serial = '' AND "
        "quantity <= 0";
    if (!b->traced) return ERR_OK;
    err_t e = run(b, split, dispatch_id);
    if (!e) e = run(b, lessen, dispatch_id);
    return e ? e : run(b, tidy, dispatch_id);
}

/* Whether anything of the order was captured: most orders have nothing. */
err_t rows_trace_any(struct bench *b)
{
    b->traced = false;
    for (size_t i = 0; i < b->parcel_count && !b->traced; i++) {
        AUTO_STMT sqlite3_stmt *q = NULL;
        err_t e =
            store_prepare(b->store, "SELECT 1 FROM parcel_trace WHERE parcel_id = ?1 LIMIT 1", &q);
        if (e) return e;
        store_bind_int(q, 1, b->parcels[i].id);
        e = store_step(b->store, q, &b->traced);
        if (e) return e;
    }
    return ERR_OK;
}
