/* order_check.h - what the site's tables say to one order as Clarus has it, before anything of it
 * is packed: products, units, address. Reads the catalogue only; asks nobody. */
#ifndef PACKD_MAPPING_ORDER_CHECK_H
#define PACKD_MAPPING_ORDER_CHECK_H

#include "firmware/catalogue/catalogue.h"
#include "firmware/mapping/maps.h"

struct order_finding {
    char rule[RULE_CAP]; /* sku.unknown, unit.unmapped, unit.untested, unit.mismatch,
                            address.incomplete */
    char owner[OWNER_CAP];
    char text[SAY_CAP];
    char next_step[SAY_CAP];
};

/* Up to `cap` findings, the address first. What is not readable gives none. Units no table and no
 * barcode knows are collected. */
MUST_CHECK err_t order_check(const struct maps *m, wall_t at, int64_t consignment_id,
                             struct order_finding *out, size_t cap, size_t *out_count);

#endif
