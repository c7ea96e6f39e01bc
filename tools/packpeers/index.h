/* index.h - rows by the columns that clients look up, so that a long simulated day stays quick.
 * Chains keep the order in which rows were added. An index may name rows that no longer fit: the
 * filter decides. Columns of indexed rows do not change, except where index_forget is called. */
#ifndef PACKPEERS_INDEX_H
#define PACKPEERS_INDEX_H

#include "tools/packpeers/world.h"

#define INDEX_NONE (-1)

/* Takes in rows added since the last call. Not while the tables are rewound. */
void index_refresh(struct peers *p);
/* The column of this table, or INDEX_NONE. */
int index_of(enum table table, size_t offset);
/* First candidate for a number or text, and the one after; as position + 1, 0 at the end. */
uint32_t index_first_id(const struct peers *p, int index, uint32_t id);
uint32_t index_first_text(const struct peers *p, int index, struct slice text);
uint32_t index_next(const struct peers *p, int index, uint32_t position);
/* A text column of this table changed: read it anew. */
void index_forget(struct peers *p, enum table table);
void index_deinit(struct peers *p);

#endif
