/* label_rows.h - labels and their documents in the store; for labels.c only. */
#ifndef PACKD_LABELS_LABEL_ROWS_H
#define PACKD_LABELS_LABEL_ROWS_H

#include "firmware/labels/match.h"
#include "firmware/store/store.h"

/* Parcels of a shipment that have a tracking number, in order, and their carrier.
 * ERR_NOTFOUND: no such shipment, or no parcel. ERR_INVALID: a parcel without a tracking number.
 * ERR_NOSPACE: more than PARCELS_MAX. */
MUST_CHECK err_t label_parcels(struct store *st, int64_t shipment_id, struct match_parcels *out);

MUST_CHECK err_t label_document_store(struct store *st, int64_t shipment_id, const char *format,
                                      struct slice document);
/* A refused document is forgotten, so that the next request asks the carrier for it again. A store
 * that cannot forget it has failed and says so itself. */
void label_document_drop(struct store *st, int64_t shipment_id);
/* Appends to `out`. ERR_NOTFOUND. ERR_CORRUPT: the bytes do not have the digest they were stored
 * with. */
MUST_CHECK err_t label_document_load(struct store *st, int64_t shipment_id, struct buf *out);

struct label_row {
    int64_t parcel_id;
    size_t page;  /* from 1 */
    bool checked; /* a reader saw the parcel's tracking on it */
    struct slice bytes;
};
MUST_CHECK err_t label_row_store(struct store *st, const struct label_row *row);

#endif
