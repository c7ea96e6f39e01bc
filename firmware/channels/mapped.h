/* mapped.h - the order as its shop has it, in the words of Clarus: codes of its lines, and what its
 * state means here. */
#ifndef PACKD_CHANNELS_MAPPED_H
#define PACKD_CHANNELS_MAPPED_H

#include "firmware/catalogue/catalogue.h"
#include "firmware/channels/remote.h"
#include "firmware/mapping/maps.h"

/* Sets code and collides of every line. A line whose SKU no rule can take has no code: nothing of
 * ours ever matches it. Errors are the store's. */
MUST_CHECK err_t mapped_lines(const struct maps *m, const char *channel, struct remote *remote);
/* The state as the site's table has it; where that says nothing, as the definition judged it. */
MUST_CHECK err_t mapped_state(const struct maps *m, const char *channel, struct remote *remote);

/* Whether nothing of the shop's order will follow: computed from its lines as far as they tell
 * (`silent`: they do not), and from what this station and Clarus sent, closed short or cancelled.
 */
MUST_CHECK err_t mapped_complete(struct store *st, const char *channel, const char *shop_order,
                                 struct remote *remote, bool *out);

#endif
