/* qty.h - quantities as exact thousandths. Clarus writes 10.0, shops write 10 or "10.000".
 * A quantity is always in the product's base unit unless its name says otherwise. */
#ifndef PACKD_BASE_QTY_H
#define PACKD_BASE_QTY_H

#include "firmware/base/slice.h"

typedef struct {
    int64_t milli; /* thousandths of a unit; 0 <= milli <= QTY_MAX_MILLI */
} qty_t;

#define QTY_MAX_MILLI INT64_C(1000000000000)
#define QTY_UNITS(n)  ((qty_t){(int64_t)(n)*1000})
#define QTY_ZERO      ((qty_t){0})
#define QTY_TEXT_CAP  24

/* Decimal text with at most three significant fraction digits. ERR_PROTO otherwise, also for a
 * negative number, an exponent, or more than QTY_MAX_MILLI. */
MUST_CHECK err_t qty_parse(struct slice text, qty_t *out);
/* "12" or "0.5" into out[QTY_TEXT_CAP]; returns out. */
const char *qty_text(qty_t q, char *out);
bool qty_is_whole(qty_t q);

#endif
