/* match.h - which parcel a page of a label document belongs to, by what its barcodes say. */
#ifndef PACKD_LABELS_MATCH_H
#define PACKD_LABELS_MATCH_H

#include <assert.h>

#include "firmware/config/config.h"

struct match_parcel {
    int64_t id;
    char tracking[TRACKING_CAP];
};

struct match_parcels {
    struct match_parcel at[PARCELS_MAX];
    size_t count;
    char carrier_code[ID_CAP];
};

/* Bit n: a code carries the tracking of parcel n. */
typedef uint32_t match_mask;
static_assert(PARCELS_MAX <= 32, "one bit per parcel");

/* The parcels one decoded code speaks of. */
match_mask match_code(const struct config_site *site, const struct match_parcels *parcels,
                      struct slice code);
/* The same for a reader's output: lines "SYMBOLOGY<TAB>hex". Other lines are ignored. *out_codes
 * counts the codes read. */
match_mask match_lines(const struct config_site *site, const struct match_parcels *parcels,
                       struct slice lines, size_t *out_codes);

enum match_verdict {
    MATCH_OK,
    MATCH_FOREIGN,   /* a page speaks of none of the parcels */
    MATCH_AMBIGUOUS, /* a page speaks of several parcels with different numbers */
    MATCH_TWICE,     /* two pages speak of the same parcel */
};
/* Gives each page its parcel. masks[n] is what page n speaks of; owners[n] becomes the parcel's
 * index. As many pages as parcels. *out_page is the page at fault. */
enum match_verdict match_assign(const struct match_parcels *parcels, const match_mask *masks,
                                size_t *owners, size_t *out_page);

#endif
