/* json_tree.h - what a parsed document is made of. For json.c and json_parse.c only. */
#ifndef PACKD_BASE_JSON_TREE_H
#define PACKD_BASE_JSON_TREE_H

#include "firmware/base/json.h"

struct node {
    enum json_kind kind;
    bool truth;
    uint32_t hash;    /* of the name */
    const char *name; /* NULL for elements and the root */
    const char *text; /* of a string; of a number exactly as written */
    struct node *child;
    struct node *next;
};

/* One block: the document, its nodes, and the room for all names and texts. */
struct json_doc {
    struct node *root;
    struct node nodes[];
};

#endif
