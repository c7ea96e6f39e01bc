/* fault.h - which requests go wrong, and how. */
#ifndef PACKPEERS_FAULT_H
#define PACKPEERS_FAULT_H

#include "tools/packpeers/exchange.h"

/* The fault due for this request, counted as a hit; NULL: none. */
const struct peer_fault *fault_due(struct peers *p, enum peer which, const struct peer_request *r);
/* Whether a request has this method and contains this text in its path or GraphQL query. */
bool fault_matches(const char *method, const char *match, const struct peer_request *r);

/* Before the request is looked at. True: the reply is complete, nothing else happens. */
bool fault_before(struct exchange *x, enum peer which, const struct peer_fault *f);
/* After the effect. */
void fault_after(struct exchange *x, const struct peer_fault *f);

#endif
