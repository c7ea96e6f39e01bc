/* ageing.h - what is no longer needed leaves the store.
 *
 * After `retention_days` an order that nobody will hear of any more keeps its facts (reference,
 * lines, parcels with tracking, dispatch and what was in it) and loses recipient, notes, gift
 * message, label pictures, delivered messages, its history and its closed exceptions. After
 * `trace_days` it leaves whole. An order with an undelivered message, or at the bench, is left as
 * it is; with an open exception it keeps its facts. Every call is bounded and finds its rows by
 * index.
 */
#ifndef PACKD_CATALOGUE_AGEING_H
#define PACKD_CATALOGUE_AGEING_H

#include "firmware/store/store.h"

/* Ages at most `limit` orders last seen before `before_wall_ms`, in the open transaction.
 * *out_count says how many; fewer than `limit`: none is left. */
MUST_CHECK err_t catalogue_age(struct store *st, int64_t before_wall_ms, size_t limit,
                               size_t *out_count);
/* Removes at most `limit` aged orders last seen before `before_wall_ms`. Likewise. */
MUST_CHECK err_t catalogue_forget(struct store *st, int64_t before_wall_ms, size_t limit,
                                  size_t *out_count);
/* Removes what belongs to no order: delivered messages of class state, closed exceptions, history.
 * Likewise. */
MUST_CHECK err_t catalogue_sweep(struct store *st, int64_t before_wall_ms, size_t limit,
                                 size_t *out_count);

#endif
