/* route.h - which channel and shop order an order of Clarus belongs to. Pure. */
#ifndef PACKD_MAPPING_ROUTE_H
#define PACKD_MAPPING_ROUTE_H

#include "firmware/config/config.h"

/* Channel name and shop order number of an order by the configured rules, in order. ERR_NOTFOUND:
 * no rule matches; the order is held. */
MUST_CHECK err_t channels_route(const struct config_site *site, const char *account_code,
                                const char *reference, char channel[24], char shop_order[ID_CAP]);

#endif
