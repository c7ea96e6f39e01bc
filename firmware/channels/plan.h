/* plan.h - which shipment records one dispatch needs in its shop.
 *
 * One record per tracking number and, where the shop wants it, ship-to address; or one per
 * dispatch. Keys K-1..K-n. Made anew from our facts and the remote record at every attempt: what is
 * recorded already is taken off first, so that a repeated attempt plans exactly the rest. A record
 * that was begun and not finished is planned again, with what was found of it. */
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
    char address[REMOTE_ID_CAP];
    int number;
    const struct remote_record *begun; /* found unfinished; NULL: not there yet */
};

/* How a shop holds shipments. */
struct plan_style {
    bool per_dispatch; /* one record for all parcels, else one per tracking number */
    bool per_address;
    bool has_items; /* its records say what is in them */
    bool blind;     /* nothing can be read there */
};
struct plan_style plan_style_of(json_node definition);

struct plan_share {
    size_t record, group;
    struct value_line line;
};

struct plan {
    struct plan_style style; /* set before anything else */
    size_t need_count, group_count, record_count, share_count, unshipped_count;
    struct plan_need needs[PLAN_NEEDS_MAX];
    char trackings[PARCELS_MAX][TRACKING_CAP];    /* one group per tracking number */
    int64_t weights[PARCELS_MAX];                 /* grams; 0: not weighed */
    bool used[REMOTE_NUMBER_MAX + 1];             /* key numbers found in the shop */
    struct plan_record records[PLAN_RECORDS_MAX]; /* still to be written, in order */
    struct plan_share shares[PLAN_NEEDS_MAX];
    struct value_line unshipped[REMOTE_LINES_MAX];
    /* Of the record asked for last. */
    struct value_line lines[PLAN_NEEDS_MAX];
    struct value_line parts[PLAN_NEEDS_MAX];
    struct value_parcel parcels[PARCELS_MAX];
    int64_t last_parcel;
    size_t found; /* records of ours found in the shop */
};

/* Begins anew; rows are not cleared. */
void plan_reset(struct plan *p, struct plan_style style);
/* All three: ERR_REFUSED with *why as a parking result; ERR_OK. Others are the store's. `m` stays
 * borrowed until the plan is reset. */
MUST_CHECK err_t plan_read_needs(struct plan *p, struct store *st, int64_t dispatch_id,
                                 struct attempt_result *why);
MUST_CHECK err_t plan_take_off(struct plan *p, struct remote *m, struct attempt_result *why);
MUST_CHECK err_t plan_rest(struct plan *p, struct remote *m, struct attempt_result *why);
/* Sets record.key, record.address, parcel.tracking, lines and parcels of one planned record.
 * `link`: tracking page with {tracking}; NULL: none. */
MUST_CHECK err_t plan_values(struct plan *p, size_t record, const char *key, const char *link,
                             struct values *v);
/* Marks the parcels of the record asked for last that the shop has. */
void plan_parcels_found(struct plan *p, const struct remote *m, struct values *v);
/* Tracking numbers without their blanks. */
bool plan_same_tracking(const char *a, const char *b);
/* Fills a parking result. */
void plan_park(struct attempt_result *out, const char *rule, const char *owner, const char *text,
               const char *next_step);

#endif
