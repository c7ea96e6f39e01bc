/* schema.h - the Clarus GraphQL types the stand-in knows: fields, filters and roots as tables.
 * Restates the public reference; `infer` marks what no public document lists (PEER_INFER_*). */
#ifndef PACKPEERS_SCHEMA_H
#define PACKPEERS_SCHEMA_H

#include "tools/packpeers/world.h"

enum gql_kind {
    GQL_ID,
    GQL_TEXT,
    GQL_INT,    /* int64_t */
    GQL_NUMBER, /* thousandths, written as 10.0 */
    GQL_BOOL,
    GQL_TIME,
    GQL_REF,   /* uint32_t id of a row of `type`'s table */
    GQL_EMBED, /* a struct within the row */
};

/* Object types: those with a table have the table's number. */
enum {
    GQL_ADDRESS = T_TABLES,
    GQL_SIZES,
    GQL_STATUS,
    GQL_TYPES,
};

struct gql_field {
    const char *name;
    enum gql_kind kind;
    int type; /* for REF and EMBED */
    size_t offset;
    uint32_t infer; /* 0: documented */
};

enum gql_input {
    INPUT_STRING,
    INPUT_INTEGER,
    INPUT_DECIMAL,
    INPUT_TIME,
    INPUT_BOOL,
    INPUT_ID,
    INPUT_ENUM,
};

struct gql_filter {
    const char *name;
    enum gql_input input;
    enum gql_kind kind; /* of the value looked at */
    size_t offset;
    int via; /* T_NONE, or the table the id at via_offset names; offset is then within it */
    size_t via_offset;
    uint32_t infer;
};

struct gql_type {
    const char *name;
    const struct gql_field *fields;
    size_t field_count;
};

struct gql_root {
    const char *name;
    const char *filter_type;
    enum table table;
    const struct gql_filter *filters;
    size_t filter_count;
};

const struct gql_type *schema_type(int type);
const struct gql_field *schema_field(int type, struct slice name, uint32_t inferred_off);
/* NULL when unknown. */
const struct gql_root *schema_root(struct slice name);
const struct gql_filter *schema_filter(const struct gql_root *root, struct slice name,
                                       uint32_t inferred_off);
/* The row a reference field points to, or the embedded struct; NULL for null. */
const void *schema_follow(const struct peers *p, const struct gql_field *f, const void *object);

#endif
