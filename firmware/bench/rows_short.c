/* rows_short.c - what a packer said to be short. It holds while the order stays on the bench: who
 * opens it anew may have found the goods. */
#include "firmware/bench/session.h"

#include "firmware/outbox/exceptions.h"

static void take_off(struct bench *b, int64_t line_id, int64_t milli)
{
    for (size_t i = 0; i < b->line_count; i++) {
        struct session_line *l = &b->lines[i];
        if (l->line.id != line_id) continue;
        l->shorted.milli = milli < l->to_pack.milli ? milli : l->to_pack.milli;
        l->to_pack.milli -= l->shorted.milli;
    }
}

err_t rows_load_shorts(struct bench *b)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(
        b->store, "SELECT line_id, quantity FROM line_short WHERE consignment_id = ?1", &q);
    if (e) return e;
    store_bind_int(q, 1, b->order.id);
    for (bool row = true; !(e = store_step(b->store, q, &row)) && row;)
        take_off(b, store_int(q, 0), store_int(q, 1));
    return e;
}

err_t rows_short(struct bench *b, const struct session_line *l, qty_t quantity, const char *reason)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_begin(b->store);
    if (!e)
        e = store_prepare(b->store,
                          "INSERT INTO line_short (consignment_id, line_id, quantity, reason, who, "
                          "at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET quantity "
                          "= quantity + excluded.quantity, reason = excluded.reason",
                          &q);
    if (e) return e;
    store_bind_int(q, 1, b->order.id);
    store_bind_int(q, 2, l->line.id);
    store_bind_int(q, 3, quantity.milli);
    store_bind_text(q, 4, reason);
    store_bind_text(q, 5, b->packer);
    store_bind_int(q, 6, effects_wall(b->fx).ms);
    e = store_run(b->store, q);
    if (!e) take_off(b, l->line.id, l->shorted.milli + quantity.milli);
    return e;
}

void rows_short_object(const struct bench *b, const struct session_line *l, char out[OBJECT_CAP])
{
    uint8_t room[REFERENCE_CAP + SKU_CAP + 16];
    struct buf text = buf_over(room, sizeof room);
    buf_printf(&text, "order %s sku %s", b->order.reference, l->line.sku);
    slice_copy_cut(buf_slice(&text), out, OBJECT_CAP);
}

static err_t forget_exceptions(struct bench *b)
{
    err_t e = ERR_OK;
    for (size_t i = 0; !e && i < b->line_count; i++) {
        char object[OBJECT_CAP];
        if (b->lines[i].shorted.milli == 0) continue;
        rows_short_object(b, &b->lines[i], object);
        e = exception_clear(b->store, effects_wall(b->fx), "line.short", object);
        if (e == ERR_NOTFOUND) e = ERR_OK;
        b->lines[i].to_pack.milli += b->lines[i].shorted.milli;
        b->lines[i].shorted = QTY_ZERO;
    }
    return e;
}

err_t rows_forget_shorts(struct bench *b)
{
    bool any = false;
    for (size_t i = 0; i < b->line_count; i++)
        any = any || b->lines[i].shorted.milli > 0;
    if (!any) return ERR_OK;
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_begin(b->store);
    if (!e) e = store_prepare(b->store, "DELETE FROM line_short WHERE consignment_id = ?1", &q);
    if (e) return e;
    store_bind_int(q, 1, b->order.id);
    e = store_run(b->store, q);
    return e ? e : forget_exceptions(b);
}
