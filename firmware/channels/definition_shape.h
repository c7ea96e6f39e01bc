/* definition_shape.h - the form of a definition as tables: which members each object may have. */
#ifndef PACKD_CHANNELS_DEFINITION_SHAPE_H
#define PACKD_CHANNELS_DEFINITION_SHAPE_H

#include "firmware/base/json.h"

enum shape {
    SHAPE_TEXT,     /* string of 1..127 bytes */
    SHAPE_PHRASE,   /* text with {NAME}, of 0..255 bytes */
    SHAPE_WORD,     /* one of `words` */
    SHAPE_WORDS,    /* list of them */
    SHAPE_INT,      /* low..high */
    SHAPE_BOOL,     /* true or false */
    SHAPE_POINTER,  /* see pointer.h; a text or a list of texts */
    SHAPE_POINTERS, /* list of texts */
    SHAPE_SCALAR,   /* string, number, boolean, or {"$in":NAME} */
    SHAPE_SCALARS,  /* list of them */
    SHAPE_STATUSES, /* list of 100..599 or "4xx" */
    SHAPE_VALUE,    /* a name of VALUE_LIST, an option or a take */
    SHAPE_PATH,     /* "/orders/{order.number}" */
    SHAPE_URL,      /* "{option.token_url}" and nothing else */
    SHAPE_QUERY,    /* object of texts with {NAME} */
    SHAPE_HEADERS,  /* object of texts with {NAME} */
    SHAPE_FORM,     /* object of texts with {NAME}, or JSON trees */
    SHAPE_TEMPLATE, /* JSON tree */
    SHAPE_TAKES,    /* object: name -> pointer or object of `kind` */
    SHAPE_LIMITS,   /* object: name of a value -> object of `kind` */
    SHAPE_OPTIONS,  /* object: name -> object of `kind` */
    SHAPE_OBJECT,   /* of `kind` */
    SHAPE_LIST,     /* of objects of `kind`, at most `high` */
    SHAPE_COUNT,
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
    const char *name; /* for messages and the JSON Schema */
    const struct member *members;
    size_t count;
};

extern const struct kind definition_kind;
extern const struct kind *const condition_kind;
extern const struct kind *const step_kind;
extern const struct kind *const auth_kind;

/* What tables cannot say. NULL when right, else the reason; *out_path is where within the object.
 */
const char *condition_fault(json_node condition);
const char *definition_fault_of(json_node root, const char **out_path);

#endif
