/* zpl_check.h - a carrier's finished ZPL, read command by command against what a label may do.
 * Nothing is repaired: one command that is not a label's refuses the whole document. */
#ifndef PACKD_LABELS_ZPL_CHECK_H
#define PACKD_LABELS_ZPL_CHECK_H

#include "firmware/base/slice.h"
#include "firmware/limits.h"

struct zpl_formats {
    struct slice at[PARCELS_MAX]; /* what stands between ^XA and ^XZ; borrowed from the document */
    size_t count;                 /* all found, also beyond PARCELS_MAX */
};

/* ERR_REFUSED with `text` saying what was found and where (byte offset). */
MUST_CHECK err_t zpl_check(struct slice document, struct zpl_formats *out, char text[SAY_CAP]);

/* Appends one job: the settings a label needs, then the format as it is. */
void zpl_format_to_job(struct slice format, struct buf *out);

#endif
