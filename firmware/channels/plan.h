/* plan.h - which shipment records one dispatch needs in its shop.
 *
 * One record per tracking number and ship-to address, keys K-1..K-n. Made anew from our facts and
 * the remote record at every attempt: what is recorded already is taken off first, so that a
 * repeated attempt plans exactly the rest. */
#ifndef PACKD_CHANNELS_PLAN_H
#define PACKD_CHANNELS_PLAN_H

#include "firmware/channels/remote.h"
#include "firmware/config/config.h"
#include "firmware/outbox/outbox.h"

#define PLAN_NEEDS_MAX   1000
#define PLAN_RECORDS_MAX 64

struct plan_need {
    int64_t line_id;
    char sku[SKU_CAP]; /* Clarus's */
    char shop_line[ID_CAP];
    size_t group;
    int64_t left; /* whole units still to be recorded */
};

struct plan_record {
    size_t group;
    char address[ID_CAP];
    int number;
};

struct plan_share {
    size_t record;
    struct value_line line;
};

struct plan {
    size_t need_count, group_count, record_count, share_count;
    struct plan_need needs[PLAN_NEEDS_MAX];
    char trackings[PARCELS_MAX][TRACKING_CAP];    /* one group per tracking number */
    bool used[REMOTE_NUMBER_MAX + 1];             /* key numbers found in the shop */
    struct plan_record records[PLAN_RECORDS_MAX]; /* still to be written, in order */
    struct plan_share shares[PLAN_NEEDS_MAX];
    struct value_line lines[PLAN_NEEDS_MAX]; /* of the record asked for last */
    size_t found;                            /* records of ours found in the shop */
};

/* All three: ERR_REFUSED with *why as a parking result; ERR_OK. Others are the store's. */
MUST_CHECK err_t plan_read_needs(struct plan *p, struct store *st, int64_t dispatch_id,
                                 struct attempt_result *why);
MUST_CHECK err_t plan_take_off(struct plan *p, struct remote *m, struct attempt_result *why);
MUST_CHECK err_t plan_rest(struct plan *p, struct remote *m, bool per_address,
                           struct attempt_result *why);
/* Sets record.key, record.address, parcel.tracking and the lines of one planned record. */
MUST_CHECK err_t plan_values(struct plan *p, size_t record, const char *key, struct values *v);
/* Fills a parking result. */
void plan_park(struct attempt_result *out, const char *rule, const char *owner, const char *text,
               const char *next_step);

#endif
