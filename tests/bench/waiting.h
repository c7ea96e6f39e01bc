/* waiting.h - a store with a backlog: messages of dispatches that nobody has fetched yet. */
#ifndef PACKD_TESTS_BENCH_WAITING_H
#define PACKD_TESTS_BENCH_WAITING_H

#include "firmware/base/effects.h"
#include "firmware/outbox/outbox.h"

struct waiting {
    struct hal *hal; /* borrowed */
    struct effects *fx;
    struct store *st;
    struct outbox *ob;
};

/* Opens the store of `hal` and an outbox on it; destinations are the caller's to add. Ends the
 * program when that fails. */
void waiting_open(struct waiting *w, struct hal *hal);
/* Adds `messages` / 2 dispatches of orders of their own, each with one message for Clarus that
 * waits and one for the shop that is held behind it; or, `alone`, `messages` for Clarus. */
void waiting_fill(struct waiting *w, int messages, bool alone);
void waiting_close(struct waiting *w);

#endif
