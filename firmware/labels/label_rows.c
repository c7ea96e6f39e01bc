#include "firmware/labels/label_rows.h"

#include <string.h>

#include "firmware/base/digest.h"
#include "firmware/catalogue/catalogue.h"
#include "firmware/labels/labels.h"

err_t label_parcels(struct store *st, int64_t shipment_id, struct match_parcels *out)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(st,
                            "SELECT p.id, p.tracking, c.carrier_code FROM parcel p "
                            "JOIN consignment c ON c.id = p.consignment_id "
                            "WHERE p.shipment_id = ?1 AND p.state <> ?2 ORDER BY p.number",
                            &q);
    if (e) return e;
    store_bind_int(q, 1, shipment_id);
    store_bind_int(q, 2, PARCEL_VOID);
    out->count = 0;
    for (;;) {
        e = store_step(st, q, &row);
        if (e) return e;
        if (!row) break;
        if (out->count == PARCELS_MAX) return ERR_NOSPACE;
        struct match_parcel *p = &out->at[out->count++];
        p->id = store_int(q, 0);
        store_text(q, 1, p->tracking, sizeof p->tracking);
        store_text(q, 2, out->carrier_code, sizeof out->carrier_code);
        if (p->tracking[0] == '\0') return ERR_INVALID;
    }
    return out->count > 0 ? ERR_OK : ERR_NOTFOUND;
}

err_t label_document_store(struct store *st, int64_t shipment_id, const char *format,
                           struct slice document)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    char digest[DIGEST_HEX_CAP];
    err_t e = digest_hex(document, digest);
    if (e) return e;
    e = store_begin(st);
    if (e) return e;
    e = store_prepare(st,
                      "INSERT OR REPLACE INTO label_document (shipment_id, format, sha256, bytes) "
                      "VALUES (?1, ?2, ?3, ?4)",
                      &q);
    if (e) return e;
    store_bind_int(q, 1, shipment_id);
    store_bind_text(q, 2, format);
    store_bind_text(q, 3, digest);
    store_bind_blob(q, 4, document);
    return store_run(st, q);
}

void label_document_drop(struct store *st, int64_t shipment_id)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_begin(st);
    if (!e) e = store_prepare(st, "DELETE FROM label_document WHERE shipment_id = ?1", &q);
    if (e) return;
    store_bind_int(q, 1, shipment_id);
    err_ignore(store_run(st, q));
}

/* Reads "bytes, sha256" of the prepared row into `out`. */
static err_t load_checked(struct store *st, sqlite3_stmt *q, struct buf *out)
{
    bool row = false;
    char stored[DIGEST_HEX_CAP];
    char computed[DIGEST_HEX_CAP];
    err_t e = store_step(st, q, &row);
    if (e) return e;
    if (!row) return ERR_NOTFOUND;
    struct slice bytes = store_blob(q, 0);
    store_text(q, 1, stored, sizeof stored);
    e = digest_hex(bytes, computed);
    if (e) return e;
    if (strcmp(stored, computed) != 0) return ERR_CORRUPT;
    buf_put(out, bytes);
    return out->overflow ? ERR_NOSPACE : ERR_OK;
}

err_t label_document_load(struct store *st, int64_t shipment_id, struct buf *out)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e =
        store_prepare(st, "SELECT bytes, sha256 FROM label_document WHERE shipment_id = ?1", &q);
    if (e) return e;
    store_bind_int(q, 1, shipment_id);
    return load_checked(st, q, out);
}

err_t label_row_store(struct store *st, const struct label_row *row)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    char digest[DIGEST_HEX_CAP];
    err_t e = digest_hex(row->bytes, digest);
    if (e) return e;
    e = store_begin(st);
    if (e) return e;
    e = store_prepare(st,
                      "INSERT OR REPLACE INTO label (parcel_id, page, checked, sha256, bytes) "
                      "VALUES (?1, ?2, ?3, ?4, ?5)",
                      &q);
    if (e) return e;
    store_bind_int(q, 1, row->parcel_id);
    store_bind_int(q, 2, (int64_t)row->page);
    store_bind_int(q, 3, row->checked);
    store_bind_text(q, 4, digest);
    store_bind_blob(q, 5, row->bytes);
    return store_run(st, q);
}

err_t labels_job(struct store *st, int64_t parcel_id, struct buf *out)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(st, "SELECT bytes, sha256 FROM label WHERE parcel_id = ?1", &q);
    if (e) return e;
    store_bind_int(q, 1, parcel_id);
    return load_checked(st, q, out);
}
