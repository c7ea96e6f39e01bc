/* definition_shape.h - the form of a definition as tables: which members each object may have. */
#ifndef PACKD_CHANNELS_DEFINITION_SHAPE_H
#define PACKD_CHANNELS_DEFINITION_SHAPE_H

#include "firmware/base/json.h"

enum shape {
    SHAPE_TEXT,     /* string of 1..127 bytes */
    SHAPE_WORD,     /* one of `words` */
    SHAPE_WORDS,    /* list of them */
    SHAPE_INT,      /* low..high */
    SHAPE_BOOL,     /* true or false */
    SHAPE_POINTER,  /* RFC 6901, "/a/b" */
    SHAPE_POINTERS, /* list of them */
    SHAPE_SCALAR,   /* string, number, boolean, or {"$in":NAME} */
    SHAPE_SCALARS,  /* list of them */
    SHAPE_STATUSES, /* list of 100..599 or "4xx" */
    SHAPE_VALUE,    /* a name of VALUE_LIST */
    SHAPE_PATH,     /* "/orders/{order.number}" */
    SHAPE_QUERY,    /* object of texts with {NAME} */
    SHAPE_HEADERS,  /* object of plain texts */
    SHAPE_TEMPLATE, /* JSON tree */
    SHAPE_TAKES,    /* object: name of a value -> pointer */
    SHAPE_LIMITS,   /* object: name of a value -> kind */
    SHAPE_OBJECT,   /* of `kind` */
    SHAPE_LIST,     /* of objects of `kind`, at most `high` */
};

struct kind;
struct member {
    const char *name;
    enum shape shape;
    bool required;
    const struct kind *kind;
    const char *const *words; /* ends with NULL */
    int64_t low, high;
};
struct kind {
    const char *name; /* for messages */
    const struct member *members;
    size_t count;
};

extern const struct kind definition_kind;
extern const struct kind *const condition_kind;

/* What tables cannot say. NULL when right, else the reason; *out_path is where within the object.
 */
const char *condition_fault(json_node condition);
const char *definition_fault_of(json_node root, const char **out_path);

#endif
