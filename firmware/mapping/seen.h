/* seen.h - words that orders brought along and no table knows yet: titles of ship methods, states,
 * units, members of orders, SKUs that became a code. Kept with count and first sight, so that they
 * are mapped before they hold an order at the bench. One order counts once.
 *
 * What is kept is known again from the next order: it never makes a transaction urgent. */
#ifndef PACKD_MAPPING_SEEN_H
#define PACKD_MAPPING_SEEN_H

#include "firmware/base/clock.h"
#include "firmware/store/store.h"

enum seen_kind {
    SEEN_METHOD,
    SEEN_STATE,
    SEEN_UNIT,
    SEEN_FIELD,
    SEEN_SKU,
    SEEN_KINDS,
};
const char *seen_kind_name(enum seen_kind kind);

struct seen_word {
    enum seen_kind kind;
    const char *channel;
    const char *word; /* exactly as received; longer than SEEN_WORD_CAP - 1 is not kept */
    const char *code; /* of a SKU: what it became; else "" */
    int64_t consignment_id;
};
#define SEEN_WORD_CAP 80
MUST_CHECK err_t seen_note(struct store *st, wall_t at, const struct seen_word *w);

/* Another SKU of this channel, seen since `since` (wall ms), that became the same code.
 * ERR_NOTFOUND: none. */
MUST_CHECK err_t seen_other_sku(struct store *st, const struct seen_word *w, int64_t since,
                                char out[SEEN_WORD_CAP]);

struct seen_row {
    char kind[12];
    char channel[24];
    char word[SEEN_WORD_CAP];
    char code[SKU_CAP];
    int64_t first_seen, last_seen, times;
};
/* Words of one kind, by channel and word, after (channel, word); returns how many were read. */
size_t seen_rows(struct store *st, enum seen_kind kind, struct seen_row *out, size_t cap);
/* The word is mapped now, or does not matter. */
MUST_CHECK err_t seen_forget(struct store *st, enum seen_kind kind, const char *channel,
                             const char *word);

#endif
