/* gql.h - reads one GraphQL query into a flat tree.
 * The part of the language a warehouse client needs: one query operation, variables, aliases,
 * arguments with any literal. Fragments, directives, mutations and subscriptions are refused by
 * name. Argument values come out as JSON text with the variables put in. Bounded, no recursion. */
#ifndef PACKPEERS_GQL_H
#define PACKPEERS_GQL_H

#include "firmware/base/json.h"

#define GQL_NODES_MAX   600
#define GQL_ARGS_MAX    64
#define GQL_VARS_MAX    32
#define GQL_DEPTH_MAX   16
#define GQL_QUERY_MAX   ((size_t)32 * 1024)
#define GQL_SCRATCH_MAX ((size_t)64 * 1024)
#define GQL_NONE        (-1)

struct gql_place {
    unsigned line; /* from 1 */
    unsigned column;
};

struct gql_node {
    struct slice alias; /* the response name; the field's name when no alias is given */
    struct slice name;
    struct gql_place place;
    int parent; /* GQL_NONE: a root field */
    int first_child;
    int next; /* sibling */
    int first_arg;
    int arg_count;
};

struct gql_arg {
    struct slice name;
    struct slice json;     /* the value as JSON; "null" for an absent variable */
    struct slice variable; /* name when the whole value is one variable, else empty */
    struct slice type;     /* its declared type as written, without '!' */
    size_t from;           /* the value within the scratch text */
    size_t to;
};

struct gql_variable {
    struct slice name;
    struct slice type; /* without a trailing '!' */
    bool required;
    bool used;
};

enum gql_token_kind {
    TOKEN_NONE,
    TOKEN_END,
    TOKEN_NAME,
    TOKEN_NUMBER,
    TOKEN_STRING, /* text with its quotes */
    TOKEN_PUNCTUATOR,
    TOKEN_SPREAD,
    TOKEN_BAD,
};

struct gql_token {
    enum gql_token_kind kind;
    struct slice text;
    size_t start;
};

/* Not cleared when it is made: nodes, args and variables count from 0. */
struct gql_query {
    struct gql_node nodes[GQL_NODES_MAX];
    int node_count;
    int first_root;
    struct gql_arg args[GQL_ARGS_MAX];
    int arg_count;
    struct gql_variable variables[GQL_VARS_MAX];
    int variable_count;
    struct slice text;
    size_t at;
    struct gql_token peeked; /* what next_token gives at peeked_from; NONE: not looked yet */
    size_t peeked_from, peeked_to;
    size_t placed; /* `place` is the place of this byte; 0: not known yet */
    struct gql_place place;
    json_node values; /* the request's variables */
    struct buf scratch;
    char fault[200];
    struct gql_place fault_place;
};

/* Owned by the caller; gql_free in every case. ERR_PROTO with fault and fault_place set;
 * ERR_NOMEM. `text` and `variables` stay borrowed while the query lives. */
MUST_CHECK err_t gql_parse(struct slice text, json_node variables, struct gql_query **out);
void gql_free(struct gql_query *q);

#endif
