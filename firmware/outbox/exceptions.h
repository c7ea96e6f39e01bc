/* exceptions.h - what is not right: an object, a rule, an origin, an owner, a next step.
 * One open exception per (rule, object): raising it again counts it up. Closing records who and
 * how. */
#ifndef PACKD_OUTBOX_EXCEPTIONS_H
#define PACKD_OUTBOX_EXCEPTIONS_H

#include "firmware/base/effects.h"
#include "firmware/store/store.h"

#define OBJECT_CAP 96

struct exception_spec {
    const char *rule;   /* "clarus.submit_refused"; [a-z0-9_.] */
    const char *origin; /* storefront, clarus, station, carrier, device */
    const char *owner; /* packer, lead, warehouse, integration, e-commerce, product-data, finance */
    const char *object;     /* "order WEB-10427" */
    const char *text;       /* one sentence */
    const char *next_step;  /* one sentence */
    int64_t consignment_id; /* 0: none */
    int64_t message_id;
    int64_t dispatch_id;
};

MUST_CHECK err_t exception_raise(struct store *st, wall_t at, const struct exception_spec *spec,
                                 int64_t *out_id /* may be NULL */);
/* Closes by id. ERR_NOTFOUND when not open. */
MUST_CHECK err_t exception_close(struct store *st, wall_t at, int64_t id, const char *who,
                                 const char *how, const char *note);
/* Closes the open one of this rule and object, if any (the cause went away). */
MUST_CHECK err_t exception_clear(struct store *st, wall_t at, const char *rule, const char *object);

/* A fresh check lets the order go: closes what earlier checks held or stopped it for. What belongs
 * to labels, Clarus shipments, lines, pulled parcels and messages has its own end. */
MUST_CHECK err_t exception_clear_verdicts(struct store *st, wall_t at, int64_t consignment_id,
                                          const char *object);

struct exception_row {
    int64_t id;
    char rule[RULE_CAP];
    char origin[OWNER_CAP];
    char owner[OWNER_CAP];
    char object[OBJECT_CAP];
    char text[SAY_CAP];
    char next_step[SAY_CAP];
    int64_t consignment_id;
    int64_t message_id;
    int64_t dispatch_id;
    int64_t first_seen;
    int64_t last_seen;
    unsigned times;
    bool open;
    char closed_by[NAME_CAP];
    char closed_how[RULE_CAP];
};
/* Open ones, oldest first. */
size_t exception_rows(struct store *st, struct exception_row *out, size_t cap);
MUST_CHECK err_t exception_get(struct store *st, int64_t id, struct exception_row *out);

struct outbox;
enum exception_act {
    EXCEPTION_RETRY,   /* its message waits again (look_first where it may have had its effect) */
    EXCEPTION_RESOLVE, /* settled by hand, with a note: its message counts as done, its lane goes on
                        */
    EXCEPTION_PULLED,  /* find-and-pull: goods are back */
    EXCEPTION_GONE,    /* find-and-pull: it left all the same */
};
/* A lead's act. `who` and, for RESOLVE, `note` must not be empty (ERR_INVALID). ERR_UNSUPPORTED:
 * this act does not fit this exception. Safe to repeat: ERR_NOTFOUND when it is closed already. */
MUST_CHECK err_t exception_do(struct outbox *ob, int64_t id, enum exception_act act,
                              const char *who, const char *note);
/* The same act, RETRY or RESOLVE, on every open exception of one rule, after its cause was put
 * right; at most EXCEPTIONS_AT_ONCE a call. Those the act does not fit stay as they are.
 * ERR_NOTFOUND: none is open. Safe to repeat. */
#define EXCEPTIONS_AT_ONCE 200
struct exception_bulk {
    size_t done;
    size_t skipped;
    bool more; /* ask again */
};
MUST_CHECK err_t exception_do_rule(struct outbox *ob, const char *rule, enum exception_act act,
                                   const char *who, const char *note, struct exception_bulk *out);

#endif
