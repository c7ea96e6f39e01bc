/* definition_checker.h - the walk through a definition that is being checked. For definition_*.c.
 */
#ifndef PACKD_CHANNELS_DEFINITION_CHECKER_H
#define PACKD_CHANNELS_DEFINITION_CHECKER_H

#include "firmware/channels/definition.h"
#include "firmware/channels/definition_shape.h"
#include "firmware/channels/values.h"

/* Objects still to be checked. Every object is pushed once and definitions are at most 64 KiB, far
 * fewer than this many objects in any useful one. */
#define PENDING_MAX 512

/* What templates may name here. */
struct scope {
    bool lines;   /* within a loop over lines */
    bool parcels; /* within a loop over parcels */
    bool auth;    /* secret, secret.X, login.X */
};

struct pending {
    json_node node;
    const struct kind *kind; /* NULL: part of a template */
    struct scope scope;
    char path[JSON_PATH_CAP];
};

struct checker {
    struct pending *pending;
    size_t count;
    struct definition_fault *fault;
    const char *name;
    json_node root;
};

/* Fills the fault; always ERR_INVALID. */
err_t checker_wrong(struct checker *c, const char *path, const char *reason, struct slice value);
MUST_CHECK err_t checker_push(struct checker *c, const char *path, json_node node,
                              const struct kind *kind, struct scope scope);
void checker_child(char out[JSON_PATH_CAP], const char *path, struct slice name, size_t index);

/* A value of the pipeline, an option or take of this definition, or what the scope adds. */
bool checker_knows(const struct checker *c, struct scope scope, struct slice name);
/* NULL when every {...} of the text names a value that is known here. */
const char *checker_phrase(const struct checker *c, struct scope scope, struct slice text);
/* NULL when right. */
const char *checker_scalar(const struct checker *c, const struct member *m, struct scope scope,
                           json_node n);
const char *checker_take_name(struct slice name, struct scope scope);

MUST_CHECK err_t checker_template(struct checker *c, const struct pending *p);
MUST_CHECK err_t checker_map(struct checker *c, const struct member *m, json_node node,
                             const struct pending *p, const char *path);

#endif
