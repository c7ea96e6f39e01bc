/* rows_label.c - what the store knows about shipments and labels of this order and of others. */
#include "firmware/bench/session.h"
#include "firmware/labels/labels.h"

err_t rows_shipment_owner(struct bench *b, int64_t shipment_id, struct shipment_owner *out)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(b->store,
                            "SELECT c.id, c.reference, EXISTS (SELECT 1 FROM parcel p WHERE "
                            "p.shipment_id = s.id AND p.state <> 5) FROM shipment s JOIN "
                            "consignment c ON c.id = s.consignment_id WHERE s.id = ?1",
                            &q);
    if (e) return e;
    store_bind_int(q, 1, shipment_id);
    e = store_step(b->store, q, &row);
    if (e) return e;
    if (!row) return ERR_NOTFOUND;
    out->consignment_id = store_int(q, 0);
    store_text(q, 1, out->reference, sizeof out->reference);
    out->wanted = store_int(q, 2) != 0;
    return ERR_OK;
}

err_t rows_void_open(struct bench *b, bool *out)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(b->store,
                            "SELECT 1 FROM shipment s WHERE s.consignment_id = ?1 AND s.state IN "
                            "(3, 4, 6) AND NOT EXISTS (SELECT 1 FROM parcel p WHERE p.shipment_id "
                            "= s.id AND p.state <> 5) LIMIT 1",
                            &q);
    if (e) return e;
    store_bind_int(q, 1, b->order.id);
    return store_step(b->store, q, out);
}

err_t rows_tracking_owner(struct bench *b, struct slice scan, char reference[REFERENCE_CAP])
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(
        b->store,
        "SELECT c.reference FROM parcel p JOIN consignment c ON c.id = p.consignment_id "
        "WHERE p.tracking = ?1 AND p.tracking <> '' LIMIT 1",
        &q);
    if (e) return e;
    store_bind_slice(q, 1, scan);
    e = store_step(b->store, q, &row);
    if (e) return e;
    if (!row) return ERR_NOTFOUND;
    store_text(q, 0, reference, REFERENCE_CAP);
    return ERR_OK;
}

/* The last one saved is compared as its carrier writes labels. */
static err_t is_last_saved(struct bench *b, struct slice scan, char reference[REFERENCE_CAP],
                           int64_t *out_at)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(
        b->store,
        "SELECT p.tracking, c.carrier_code, c.reference, d.at FROM dispatch d JOIN parcel p ON "
        "p.shipment_id = d.shipment_id JOIN consignment c ON c.id = d.consignment_id WHERE d.id = "
        "(SELECT max(id) FROM dispatch) AND d.state IN (0, 1) AND p.tracking <> ''",
        &q);
    if (e) return e;
    char tracking[TRACKING_CAP], carrier[ID_CAP];
    for (bool row = true; !(e = store_step(b->store, q, &row)) && row;) {
        store_text(q, 0, tracking, sizeof tracking);
        store_text(q, 1, carrier, sizeof carrier);
        if (!labels_scan_matches(&b->config->site, carrier, scan, tracking)) continue;
        store_text(q, 2, reference, REFERENCE_CAP);
        *out_at = store_int(q, 3);
        return ERR_OK;
    }
    return e ? e : ERR_NOTFOUND;
}

err_t rows_saved_label(struct bench *b, struct slice scan, char reference[REFERENCE_CAP],
                       int64_t *out_at)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e =
        store_prepare(b->store,
                      "SELECT c.reference, d.at FROM parcel p "
                      "JOIN dispatch d ON d.shipment_id = p.shipment_id AND d.state IN (0, 1) "
                      "JOIN consignment c ON c.id = p.consignment_id "
                      "WHERE p.tracking = ?1 AND p.tracking <> '' LIMIT 1",
                      &q);
    if (e) return e;
    store_bind_slice(q, 1, scan);
    e = store_step(b->store, q, &row);
    if (e) return e;
    if (!row) return is_last_saved(b, scan, reference, out_at);
    store_text(q, 0, reference, REFERENCE_CAP);
    *out_at = store_int(q, 1);
    return ERR_OK;
}
