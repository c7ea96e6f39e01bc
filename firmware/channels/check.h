/* check.h - what the files of an order's check share. Within firmware/channels only. */
#ifndef PACKD_CHANNELS_CHECK_H
#define PACKD_CHANNELS_CHECK_H

#include "firmware/channels/run.h"

struct verdict check_verdict(enum verdict_kind kind, const char *rule, const char *owner,
                             const char *text, const char *next_step);

/* The order's carrier and service as Clarus has them. */
struct promised {
    char carrier_code[ID_CAP];
    char service_code[ID_CAP];
};
/* check_rules.c: what the site's tables say to this order: ship method, SKUs, required members. The
 * first rule that holds gives the verdict; rules that only observe are recorded, and named in a
 * verdict that goes. Words no table knows are collected. */
MUST_CHECK err_t check_rules(struct run *r, const struct promised *p, struct verdict *v);
/* Where texts of the shop's order go. check_notes.c */
MUST_CHECK err_t check_keep_notes(struct run *r, const struct consignment *c);
bool check_note_too_long(const struct remote *m);

#endif
