#include "firmware/catalogue/ageing.h"

#define AGE_BATCH_MAX 64

static const char SQL_OLD[] =
    "SELECT c.id FROM consignment c WHERE c.aged = 0 AND c.seen_at < ?1 "
    "AND NOT EXISTS (SELECT 1 FROM dispatch d JOIN message m ON m.dispatch_id = d.id "
    "WHERE d.consignment_id = c.id AND m.state < 5) "
    "AND NOT EXISTS (SELECT 1 FROM bench b WHERE b.id = 1 AND b.consignment_id = c.id) "
    "ORDER BY c.seen_at LIMIT ?2";
static const char SQL_FORGET[] =
    "UPDATE consignment SET aged = 1, recipient = '', shop_packing_note = '', "
    "shop_delivery_note = '', packing_note = "
    "'', delivery_note = '', gift_message = '', "
    "customer_note = '', shop_digest = '' WHERE id = ?1";
static const char SQL_DOCUMENTS[] = "DELETE FROM label_document WHERE shipment_id IN (SELECT id "
                                    "FROM shipment WHERE consignment_id = ?1)";
static const char SQL_LABELS[] =
    "DELETE FROM label WHERE parcel_id IN (SELECT id FROM parcel WHERE consignment_id = ?1)";

static err_t run_for(struct store *st, const char *sql, int64_t id)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(st, sql, &q);
    if (e) return e;
    store_bind_int(q, 1, id);
    return store_run(st, q);
}

static err_t old_orders(struct store *st, int64_t before, size_t limit, int64_t *ids,
                        size_t *out_count)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(st, SQL_OLD, &q);
    if (e) return e;
    store_bind_int(q, 1, before);
    store_bind_int(q, 2, (int64_t)limit);
    size_t count = 0;
    for (bool row = true; !(e = store_step(st, q, &row)) && row;)
        ids[count++] = store_int(q, 0);
    *out_count = count;
    return e;
}

err_t catalogue_age(struct store *st, int64_t before_wall_ms, size_t limit, size_t *out_count)
{
    int64_t ids[AGE_BATCH_MAX];
    size_t count = 0;
    err_t e =
        old_orders(st, before_wall_ms, limit < AGE_BATCH_MAX ? limit : AGE_BATCH_MAX, ids, &count);
    if (!e && count > 0) e = store_begin(st);
    for (size_t i = 0; !e && i < count; i++) {
        e = run_for(st, SQL_FORGET, ids[i]);
        if (!e) e = run_for(st, SQL_DOCUMENTS, ids[i]);
        if (!e) e = run_for(st, SQL_LABELS, ids[i]);
    }
    if (!e) *out_count = count;
    return e;
}
