/* unit.h - what Clarus says about one logistic unit (SSCC) that is scanned while an order is
 * packed.
 */
#ifndef PACKD_CATALOGUE_UNIT_H
#define PACKD_CATALOGUE_UNIT_H

#include "firmware/base/qty.h"

#define UNIT_ITEMS_MAX                                                                             \
    16 /* products on one pallet of one order; with more it is not counted whole */

struct unit_item {
    int64_t product_id;
    qty_t quantity; /* base units, positive */
};

struct unit_reading {
    bool dispatched; /* it has left the warehouse, from whatever bench */
    bool of_others;  /* dispatch tasks of other orders take from it */
    size_t count;    /* products of the order in it, also beyond UNIT_ITEMS_MAX; 0: not said */
    struct unit_item items[UNIT_ITEMS_MAX];
};

#endif
