/* gql_run.h - answers a parsed query from the world's tables. */
#ifndef PACKPEERS_GQL_RUN_H
#define PACKPEERS_GQL_RUN_H

#include "tools/packpeers/gql.h"
#include "tools/packpeers/schema.h"

/* One "errors" text with its place. */
struct gql_fault {
    char text[240];
    struct gql_place place;
};

/* Checks every field, argument and filter of the query, then appends the answer to out. ERR_PROTO:
 * the query breaks the schema, `fault` says where, out is unchanged. */
MUST_CHECK err_t gql_run(struct peers *p, const struct gql_query *q, struct buf *out,
                         struct gql_fault *fault);

/* Checks a filter object against the root. ERR_PROTO with words in reason[cap]. */
MUST_CHECK err_t filter_check(const struct peers *p, const struct gql_root *root, json_node filter,
                              char *reason, size_t cap);

#define FILTER_PARTS_MAX 24

/* A checked filter made ready for many rows; borrows the filter. */
struct filter_plan {
    struct {
        const struct gql_filter *filter;
        json_node operators;
    } parts[FILTER_PARTS_MAX];
    size_t count;
    int index;      /* rows worth looking at, or INDEX_NONE: all of them */
    uint32_t first; /* position + 1 of the first candidate; 0: none */
};
/* The tables' indices must be fresh. Parts beyond FILTER_PARTS_MAX cannot be: members are unique.
 */
void filter_plan_make(const struct peers *p, const struct gql_root *root, json_node filter,
                      struct filter_plan *out);
bool filter_passes(const struct peers *p, const struct filter_plan *plan, const void *row);

#endif
