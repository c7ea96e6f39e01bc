/* alerts.h - tells operations, by a web address of theirs, what is not right.
 *
 * Each new exception makes a message of class `state` for the destination "alerts": one waits at
 * most, and it says all that is new and still open when it goes. It is tried like any other message
 * and may arrive twice; its number tells. */
#ifndef PACKD_OUTBOX_ALERTS_H
#define PACKD_OUTBOX_ALERTS_H

#include "firmware/outbox/outbox.h"

#define ALERTS         "alerts" /* the destination */
#define ALERTS_AT_ONCE 20       /* exceptions in one message; the rest follow in the next */

struct alerts;

/* Texts are borrowed for the life of the object. */
struct alerts_options {
    struct outbox *outbox;
    struct store *store;
    struct effects *fx;
    const struct log *log;
    const char *station;
    const char *site;
    const char *url;    /* https, or http to loopback */
    const char *secret; /* name of the secret the body is signed with; "": not signed */
    const char *ca;     /* document; "": the system's */
    uint32_t timeout_ms;
};

/* Adds the destination. Before outbox_start. ERR_NOMEM, and what outbox_destination says. */
MUST_CHECK err_t alerts_new(const struct alerts_options *options, struct alerts **out);
void alerts_free(struct alerts *a); /* NULL is fine */
/* Looks for what is new; cheap. */
void alerts_tick(struct alerts *a);
mono_t alerts_deadline(const struct alerts *a);

#endif
