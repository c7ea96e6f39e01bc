/* sku.h - how a shop's SKU becomes a Clarus code, and back. Leads' pairs first, then the rules of
 * site.json in order; the first that fits is used; none: both are equal. Codes are text end to end
 * and are never cut. */
#ifndef PACKD_MAPPING_SKU_H
#define PACKD_MAPPING_SKU_H

#include "firmware/mapping/maps.h"

#define SKU_RULE_NONE (-1) /* no rule fits: equal */
#define SKU_RULE_LEAD (-2) /* a lead's pair */

struct sku_mapped {
    char code[SKU_CAP];
    int rule;     /* index in sku_rules, or one of the above */
    bool trimmed; /* blanks around the code were dropped */
};

/* ERR_INVALID: empty, a control character or no UTF-8. ERR_NOSPACE: the code, or what becomes of
 * it, is longer than that side allows. Store errors. */
MUST_CHECK err_t sku_to_clarus(const struct maps *m, const char *channel, struct slice shop_sku,
                               struct sku_mapped *out);
/* Besides: ERR_AMBIGUOUS: the shop's SKU cannot be told from the code, because the rules do not
 * lead back to it. */
MUST_CHECK err_t sku_to_shop(const struct maps *m, const char *channel, struct slice code,
                             struct sku_mapped *out);

#endif
