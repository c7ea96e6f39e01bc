/* label_bed.h - labels over a real store and any HAL: shipments with tracking numbers go in,
 * documents are accepted, the results are kept. */
#ifndef PACKD_TESTS_LABEL_BED_H
#define PACKD_TESTS_LABEL_BED_H

#include "firmware/labels/labels.h"

struct label_bed {
    struct hal *hal; /* borrowed */
    struct config config;
    struct effects *fx;
    struct store *st;
    struct labels *labels;
    size_t results;
    struct labels_result last;
    char dir[64];
    char path[96];
    int64_t last_shipment;
};

#define BED_CARRIER "DPD"

/* 100 x 150 mm, 203 dpi, carrier rule "contains". Aborts the test when it cannot be made. */
void label_bed_open(struct label_bed *b, struct hal *hal);
void label_bed_close(struct label_bed *b);
/* A shipment whose parcels have these tracking numbers; returns its id. Parcel n of shipment s has
 * the id s * 100 + n. */
int64_t label_bed_shipment(struct label_bed *b, const char *const *tracking, size_t count);
/* Accepts and runs until the result is there. */
void label_bed_accept(struct label_bed *b, int64_t shipment_id, struct slice document);
/* Runs until there are `results` in all; fails the test when nothing more happens. */
void label_bed_run(struct label_bed *b, size_t results);
/* Process restart: memory goes, the committed store stays. */
void label_bed_restart(struct label_bed *b);
/* The stored job of a parcel appended to `out`; *out_checked (may be NULL) is the row's mark. */
MUST_CHECK err_t label_bed_job(struct label_bed *b, int64_t parcel_id, struct buf *out,
                               bool *out_checked);
/* First number of a query that gives one. */
int64_t label_bed_count(struct label_bed *b, const char *sql);

#endif
