/* verdict.h - the answer of a state check: may this consignment go on? */
#ifndef PACKD_CATALOGUE_VERDICT_H
#define PACKD_CATALOGUE_VERDICT_H

#include "firmware/limits.h"

enum verdict_kind {
    VERDICT_GO,
    VERDICT_UNKNOWN,   /* no answer; the last known state decides, by its age */
    VERDICT_NOT_READY, /* not picked yet, or not for a bench */
    VERDICT_CHANGED,   /* lines, address or notes differ from the digest at open */
    VERDICT_HOLD,      /* waits for data or a person */
    VERDICT_IN_USE,    /* packed at another bench */
    VERDICT_SENT,      /* already dispatched */
    VERDICT_STOP,      /* cancelled, withdrawn: must not go */
};

struct verdict {
    enum verdict_kind kind;
    char rule[RULE_CAP];    /* "order.cancelled", "order.unpaid", "ship_method.unmapped" */
    char origin[OWNER_CAP]; /* clarus, storefront, station */
    char owner[OWNER_CAP];
    char text[SAY_CAP];
    char next_step[SAY_CAP];
};

#endif
