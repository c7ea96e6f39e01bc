/* ageing.h - personal data leaves the store when it is no longer needed.
 *
 * After the configured days an order that nobody will hear of any more keeps its facts (reference,
 * lines, dispatch, tracking, story) and loses recipient, notes, gift message and label pictures. An
 * order with an undelivered message, or at the bench, is left as it is. */
#ifndef PACKD_CATALOGUE_AGEING_H
#define PACKD_CATALOGUE_AGEING_H

#include "firmware/store/store.h"

/* Ages at most `limit` orders last seen before `before_wall_ms`, in the open transaction.
 * *out_count says how many; fewer than `limit`: none is left. */
MUST_CHECK err_t catalogue_age(struct store *st, int64_t before_wall_ms, size_t limit,
                               size_t *out_count);

#endif
