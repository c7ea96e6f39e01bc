/* labels.h - a carrier's document becomes one printer job per parcel.
 *
 * PDF is rasterised by a bounded job at the printer's resolution when it arrives, PNG is decoded by
 * libpng, ZPL is tokenised against an allow-list and passed. One page is one label: no scaling, the
 * right size or a clear refusal. Each page belongs to the parcel whose tracking its barcode
 * carries: a decoder job reads the page where there is one; else the order of pages decides, and
 * the scan-back always. Any word on the rasteriser's standard error refuses the document. */
#ifndef PACKD_LABELS_LABELS_H
#define PACKD_LABELS_LABELS_H

#include "firmware/base/effects.h"
#include "firmware/config/config.h"
#include "firmware/store/store.h"

struct labels;

struct labels_result {
    int64_t shipment_id;
    err_t error;  /* ERR_OK: a row in `label` for each parcel; ERR_REFUSED: see below; ERR_BUSY: try
                     later */
    bool checked; /* every page's barcode was read and matched */
    char
        rule[RULE_CAP]; /* "label.not_pdf", "label.wrong_size", "label.pages", "label.words", ... */
    char text[SAY_CAP];
    char next_step[SAY_CAP];
};

struct labels_options {
    struct store *store;
    struct effects *fx;
    const struct log *log;
    const struct config *config; /* label size, printer dpi, carriers' match rules */
    void (*done)(void *ctx, const struct labels_result *r);
    void *ctx;
};
MUST_CHECK err_t labels_new(const struct labels_options *options, struct labels **out);
void labels_free(struct labels *l);

/* Takes a document for a shipment whose parcels have their tracking numbers already. The document
 * is stored (label_document) in the open transaction, and forgotten when it is refused; `done`
 * follows, once, possibly before this returns. A second call for a shipment under way replaces
 * nothing and is ERR_BUSY, as is one beyond the few that can be in work at once. ERR_NOTFOUND: no
 * such shipment or no parcel. ERR_INVALID: a parcel without a tracking number. After any error
 * `done` does not follow. After a failed commit the caller frees and makes labels again, then
 * resumes. */
MUST_CHECK err_t labels_accept(struct labels *l, int64_t shipment_id, struct slice document);

/* Makes the jobs again from a stored document, after a restart in between. ERR_NOTFOUND: none
 * stored. */
MUST_CHECK err_t labels_resume(struct labels *l, int64_t shipment_id);

/* Printer bytes of a parcel's label, appended to `out`. ERR_NOTFOUND. ERR_CORRUPT: they do not have
 * the digest they were stored with; print nothing. */
MUST_CHECK err_t labels_job(struct store *st, int64_t parcel_id, struct buf *out);

/* Compares a scanned text with a tracking number by the carrier's rule (equal, contains, prefix),
 * after removing blanks. */
bool labels_scan_matches(const struct config_site *site, const char *carrier_code,
                         struct slice scan, const char *tracking);

#endif
