/* tracking.h - what a carrier's tracking number must look like: shapes with check digits where the
 * carrier has one. Blanks within a printed number do not count. Pure. */
#ifndef PACKD_MAPPING_TRACKING_H
#define PACKD_MAPPING_TRACKING_H

#include "firmware/config/config.h"

/* NULL: the number fits a shape of this carrier; else what is wrong, one clause without a full
 * stop. `carrier` NULL or without shapes: any 6 to 40 printable characters, not all the same. */
const char *tracking_fault(const struct config_carrier *carrier, struct slice number);
/* The same for one shape as site.json names it; ERR_NOTFOUND when there is no such shape. */
MUST_CHECK err_t tracking_shape(struct slice shape, struct slice number, const char **out_fault);

/* The tracking page of a number, percent-encoded: "" when the carrier has none. ERR_NOSPACE. */
MUST_CHECK err_t tracking_link(const struct config_carrier *carrier, struct slice number,
                               struct buf *out);

#endif
