/* rows_unit.c - logistic units that were counted whole. A unit stands as counted while its goods
 * lie in a parcel that is neither void nor pulled nor taken back. */
#include "firmware/bench/session.h"

err_t rows_unit_counted(struct bench *b, const char *sscc, char reference[REFERENCE_CAP])
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(
        b->store,
        "SELECT c.reference FROM unit_counted u JOIN parcel p ON p.id = u.parcel_id JOIN "
        "consignment c ON c.id = u.consignment_id JOIN parcel_item i ON i.parcel_id = u.parcel_id "
        "AND i.line_id = u.line_id WHERE u.sscc = ?1 AND p.state <> 5 AND i.quantity >= "
        "u.quantity AND NOT EXISTS (SELECT 1 FROM dispatch d WHERE d.consignment_id = "
        "u.consignment_id AND d.shipment_id = p.shipment_id AND d.state IN (4, 6)) LIMIT 1",
        &q);
    if (e) return e;
    store_bind_text(q, 1, sscc);
    e = store_step(b->store, q, &row);
    if (e) return e;
    if (!row) return ERR_NOTFOUND;
    store_text(q, 0, reference, REFERENCE_CAP);
    return ERR_OK;
}

err_t rows_unit_add(struct bench *b, const char *sscc, const struct session_parcel *p,
                    int64_t line_id, qty_t quantity)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_begin(b->store);
    if (!e)
        e = store_prepare(b->store,
                          "INSERT OR REPLACE INTO unit_counted (sscc, line_id, consignment_id, "
                          "parcel_id, quantity, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                          &q);
    if (e) return e;
    store_bind_text(q, 1, sscc);
    store_bind_int(q, 2, line_id);
    store_bind_int(q, 3, b->order.id);
    store_bind_int(q, 4, p->id);
    store_bind_int(q, 5, quantity.milli);
    store_bind_int(q, 6, effects_wall(b->fx).ms);
    return store_run(b->store, q);
}

err_t rows_unit_undo(struct bench *b, const struct session_parcel *p, int64_t line_id,
                     qty_t quantity)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_begin(b->store);
    if (!e)
        e = store_prepare(b->store,
                          "DELETE FROM unit_counted WHERE parcel_id = ?1 AND line_id = ?2 AND "
                          "quantity = ?3 AND at = (SELECT max(at) FROM unit_counted WHERE "
                          "parcel_id = ?1 AND line_id = ?2 AND quantity = ?3)",
                          &q);
    if (e) return e;
    store_bind_int(q, 1, p->id);
    store_bind_int(q, 2, line_id);
    store_bind_int(q, 3, quantity.milli);
    return store_run(b->store, q);
}
