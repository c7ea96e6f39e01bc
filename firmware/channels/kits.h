/* kits.h - order lines of the shop that the warehouse packs as their parts. A kit is told of once
 * all parts of it left, by whichever dispatch brings the last; computed anew from what left, so
 * that a repeated attempt says the same. */
#ifndef PACKD_CHANNELS_KITS_H
#define PACKD_CHANNELS_KITS_H

#include "firmware/channels/plan.h"

struct kits {
    struct store *store;
    const struct config_site *site;
    int64_t consignment_id;
    int64_t dispatch_id;
};
/* After the needs were read: parts become whole kits of the shop's lines; parts of a kit that is
 * not whole yet are needed no more. ERR_NOSPACE: the plan is full. Store errors. */
MUST_CHECK err_t kits_gather(const struct kits *k, struct plan *p, const struct remote *m);
/* True when the product is a part of a kit the shop's order has. */
bool kits_hold(const struct config_site *site, const struct remote *m, const char *code);

#endif
