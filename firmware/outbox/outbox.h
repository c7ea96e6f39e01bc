/* outbox.h - messages other systems must receive, kept across power loss.
 *
 * A dispatch and its messages are stored in one transaction. The Clarus confirmation goes first;
 * its success releases the next step, never a timer. Per destination, messages of one lane (one
 * order) go strictly one at a time and in order; lanes do not block one another.
 *
 * The outbox decides *when* to try; a connector (clarus, channels) decides *how*, and must call
 * outbox_result exactly once per attempt unless the attempt is forgotten by a restart. An attempt
 * that was under way at a crash, or ended `unknown`, is tried again with `look_first`: the
 * connector looks whether the effect happened before it may create anything.
 *
 * One caller: the loop. All writes happen in the store's open transaction (store_begin is called
 * here). */
#ifndef PACKD_OUTBOX_OUTBOX_H
#define PACKD_OUTBOX_OUTBOX_H

#include "firmware/base/effects.h"
#include "firmware/store/store.h"

struct outbox;

#define DESTINATION_CAP  24
#define DESTINATIONS_MAX 8
#define CLARUS           "clarus" /* the destination every dispatch has, at step 0 */

enum dispatch_state {
    DISPATCH_SAVED = 0,      /* on disk, shown as SAVED */
    DISPATCH_DISPATCHED = 1, /* Clarus accepted it */
    DISPATCH_REFUSED = 2,    /* Clarus refused it: find-and-pull is open */
    DISPATCH_PULL = 3,       /* must not go: find-and-pull is open, undelivered messages frozen */
    DISPATCH_PULLED = 4,     /* a person has the goods back */
    DISPATCH_GONE = 5,       /* it left all the same; confirmed to Clarus, storefront parked */
    DISPATCH_RECALLED = 6,   /* withdrawn before Clarus accepted it */
};

enum message_state {
    MESSAGE_HELD = 0,    /* waits for the step before it */
    MESSAGE_WAITING = 1, /* may be tried at due_mono */
    MESSAGE_FLYING = 2,  /* an attempt is under way, or was at the last crash */
    MESSAGE_PARKED = 3,  /* a person must look; its lane waits behind it */
    MESSAGE_FROZEN = 4,  /* find-and-pull */
    MESSAGE_DONE = 5,
    MESSAGE_WITHDRAWN = 6, /* recalled or pulled: never sent */
};

enum attempt_outcome {
    ATTEMPT_DONE,
    ATTEMPT_RETRY,     /* nothing was done; same request later */
    ATTEMPT_REREAD,    /* the other side changed: read again and decide again, soon */
    ATTEMPT_REAUTH,    /* credentials refused after one renewal: the destination pauses */
    ATTEMPT_PARK,      /* a person must look */
    ATTEMPT_CANCELLED, /* the order was cancelled over there: find-and-pull */
    ATTEMPT_REFUSED,   /* Clarus refused the dispatch itself: find-and-pull */
    ATTEMPT_UNKNOWN,   /* sent, no answer */
    ATTEMPT_ABSENT, /* looked after an unknown and did not find it (this read counts as one look) */
    ATTEMPT_NOT_YET, /* the order does not exist over there yet: slow schedule */
    ATTEMPT_DOWN, /* destination not reachable at all: counts for the breaker, not for the message
                   */
};

struct attempt_result {
    enum attempt_outcome outcome;
    int64_t wait_ms;     /* asked for by the server; 0: none. Capped by the outbox */
    char rule[RULE_CAP]; /* exception kind when parked: "channel.tracking_too_long" */
    char owner[OWNER_CAP];
    char text[SAY_CAP]; /* one sentence, no names or addresses */
    char next_step[SAY_CAP];
};

/* What a connector is given. Borrowed for the call of `attempt`. */
struct outbox_message {
    int64_t id;
    int64_t dispatch_id;
    int64_t consignment_id;
    char destination[DESTINATION_CAP];
    char dispatch_key[KEY_CAP];
    bool look_first;
    unsigned attempts;
    struct slice progress; /* what outbox_progress stored; empty at first */
};

struct connector {
    /* Starts one attempt. Ends by outbox_result, possibly before it returns. */
    void (*attempt)(void *ctx, const struct outbox_message *m);
    void *ctx;
    /* One attempt for several messages of different lanes, none of which has to be looked for or
     * has progress; each ends by its own outbox_result, as if tried alone. NULL: never asked for.
     * Borrowed for the call. */
    void (*attempt_many)(void *ctx, const struct outbox_message *m, size_t count);
};

/* What lets a storefront be told, besides the steps before it. */
enum outbox_gate {
    GATE_AT_DISPATCH, /* Clarus took the dispatch */
    GATE_AT_MANIFEST, /* and the carrier's list was closed, and every parcel has its tracking */
    GATE_AT_LABEL,    /* every label is bought and scanned back on its box: need not wait for Clarus
                         while the state check before that stands (`early_ms`), else as at_dispatch */
};

struct destination_spec {
    char name[DESTINATION_CAP];
    uint8_t step;             /* 0 Clarus, 1 inventory system, 2 storefront */
    bool every;               /* hears of every dispatch that a channel hears of */
    uint8_t concurrency;      /* attempts under way at once; 1..8 */
    uint32_t pace_per_minute; /* attempts, this bench's share; 0: no limit */
    uint32_t benches;         /* that share the server's own budget; 0: 1 */
    uint32_t timeout_ms;      /* of one request: what was sent before a start arrives within it */
    uint32_t settle_ms;       /* how late an effect may appear after an unknown; Clarus: 10,000 */
    uint8_t settle_reads;     /* looks that must find nothing before it is sent again; Clarus: 3 */
    uint32_t alert_attempts;  /* exception after that many failed attempts; 0: 8 */
    int64_t alert_age_ms;     /* or that age; 0: 30 min */
    int64_t service_ms;    /* agreed time from scan-back to delivery, from the gate's opening where
                              there is one; 0: none. Later is an exception owner integration sees */
    enum outbox_gate gate; /* of what is saved from now on */
    int64_t early_ms; /* GATE_AT_LABEL: how long after the scan-back it may go ahead of Clarus */
    /* Messages one request may take, up to OUTBOX_BATCH_MAX; 0 or 1: one. Used always, or only
     * while the server keeps asking to wait. */
    uint8_t batch_max;
    bool batch_always;
    /* Messages marked on disk in one go ahead of their turn, up to 32: a sync for many. After a
     * crash all of them are looked for first; 0 unless looking is cheap there. */
    uint8_t ahead;
    struct connector connector;
};

/* How a carrier's list is closed. */
struct manifest_rule {
    char carrier[ID_CAP];  /* Clarus code */
    bool closes_by_itself; /* at the cut-off; else a lead says so */
    int32_t cut_off_min; /* minute of the local day; -1: none. Not closed by then is an exception */
};
#define MANIFEST_RULES_MAX 16

struct outbox_options {
    struct store *store;
    struct effects *fx;
    const struct log *log;
    struct clock_zone zone; /* of the warehouse: cut-offs are local */
};

/* Nothing is tried before outbox_start. ERR_IO. */
MUST_CHECK err_t outbox_new(const struct outbox_options *options, struct outbox **out);
void outbox_free(struct outbox *ob); /* NULL is fine */
MUST_CHECK err_t outbox_destination(struct outbox *ob, const struct destination_spec *spec);
MUST_CHECK err_t outbox_manifest_rule(struct outbox *ob, const struct manifest_rule *rule);
/* Marks what was in flight at the last end as look-first, and begins. Bounded work, whatever waits.
 */
MUST_CHECK err_t outbox_start(struct outbox *ob);

/* The fact. `key` is made by store_key_next before. Parcels and their items are read from the
 * tables parcel and parcel_item of the shipment and copied to dispatch_item; the messages are made
 * for Clarus and `channel` ("" or "none": Clarus alone; an unknown channel name: ERR_NOTFOUND).
 * ERR_NOSPACE: intake is full, nothing stored; say so in plain words. */
struct dispatch_spec {
    int64_t consignment_id;
    int64_t shipment_id;
    const char *key;
    const char *channel;
    const char *clarus_lane; /* Clarus order id */
    const char *shop_lane;   /* shop order number */
    const char *packer;
    const char *carrier;
    const char *service;
};
MUST_CHECK err_t outbox_save(struct outbox *ob, const struct dispatch_spec *spec,
                             int64_t *out_dispatch_id);

/* Says something the next saying of the same lane overtakes (class `state`): what still waits for
 * its turn takes over `says`, the connector's progress, and keeps its place. What is under way ends
 * first. Belongs to no order; messages of a dispatch (class `event`) are never overtaken.
 * ERR_NOTFOUND: no such destination. ERR_INVALID: Clarus, a bad lane, more than 4 KiB. */
MUST_CHECK err_t outbox_state(struct outbox *ob, const char *destination, const char *lane,
                              struct slice says);

/* Starts what is due; adds at most a bounded number of attempts per call. */
void outbox_tick(struct outbox *ob);
/* When outbox_tick has something to do next. */
mono_t outbox_deadline(const struct outbox *ob);

void outbox_result(struct outbox *ob, int64_t message_id, const struct attempt_result *result);
/* Remembers how far a multi-step attempt came, before its next request is sent (<= 4 KiB of JSON).
 */
MUST_CHECK err_t outbox_progress(struct outbox *ob, int64_t message_id, struct slice progress);
/* The server said how many requests the whole site may still send and when that count begins
 * anew. Attempts that this bench's share cannot pay for wait until then; without word from the
 * server the configured pace alone holds. */
void outbox_budget(struct outbox *ob, const char *destination, int64_t requests_left,
                   int64_t reset_ms);
/* A destination was reached again by something else (a work list poll): close the breaker. */
void outbox_reachable(struct outbox *ob, const char *destination);

/* Find-and-pull: the order was found cancelled (or changed) after SAVED. Freezes what is not
 * delivered, raises the exception. Idempotent. */
MUST_CHECK err_t outbox_pull(struct outbox *ob, int64_t dispatch_id, const char *rule,
                             const char *text);
enum pull_end {
    PULL_END_PULLED, /* goods are back: messages withdrawn */
    PULL_END_GONE,   /* it left: confirm to Clarus, park the storefront for customer service */
};
MUST_CHECK err_t outbox_pull_end(struct outbox *ob, int64_t dispatch_id, enum pull_end end,
                                 const char *who, const char *note);
/* Withdraws a saved dispatch nothing of which was sent. ERR_BUSY: in flight or delivered (opens
 * find-and-pull instead). */
MUST_CHECK err_t outbox_recall(struct outbox *ob, int64_t dispatch_id, const char *who,
                               const char *reason);

/* The lead closed a carrier's list: what was saved until now may be reported. ERR_NOTFOUND: nothing
 * waits for this carrier. Safe to repeat. */
MUST_CHECK err_t outbox_manifest_close(struct outbox *ob, const char *carrier, const char *who);
struct outbox_manifest {
    char carrier[ID_CAP];
    uint64_t waiting; /* dispatches */
    int64_t oldest_wall_ms;
};
/* Carriers whose list somebody waits for. */
size_t outbox_manifests(struct outbox *ob, struct outbox_manifest *out, size_t cap);

/* Figures per destination, for screens and metrics. Constant cost. */
#define DELIVERY_BUCKETS 10
extern const int64_t DELIVERY_BUCKET_S[DELIVERY_BUCKETS]; /* upper ends, seconds */

struct outbox_figures {
    char name[DESTINATION_CAP];
    uint64_t waiting; /* held, ready, in flight */
    uint64_t parked;
    uint64_t frozen;
    uint64_t done;
    int64_t oldest_wall_ms; /* when the oldest undelivered was stored; 0: none */
    /* From scan-back to delivery, since the start; one more bucket for what took longer. */
    uint64_t taken[DELIVERY_BUCKETS + 1];
    uint64_t taken_s;
    bool late;           /* the agreed service level is broken now */
    bool down;           /* breaker open */
    bool paused;         /* credentials refused */
    int64_t next_try_ms; /* from now; -1: none planned */
    char last_result[SAY_CAP];
};
size_t outbox_figures(struct outbox *ob, struct outbox_figures *out, size_t cap);

/* Rows for lists, newest first; returns how many were written. */
struct outbox_row {
    int64_t id;
    int64_t dispatch_id;
    int64_t consignment_id;
    char reference[REFERENCE_CAP];
    char destination[DESTINATION_CAP];
    char dispatch_key[KEY_CAP];
    enum message_state state;
    unsigned attempts;
    int64_t stored_at;
    char last_result[SAY_CAP];
    char waits_for[SAY_CAP]; /* what a held message waits for; "" for others */
};
size_t outbox_rows(struct outbox *ob, const char *destination /* NULL: all */,
                   bool undelivered_only, struct outbox_row *out, size_t cap);
size_t outbox_rows_of(struct outbox *ob, int64_t consignment_id, struct outbox_row *out,
                      size_t cap);

#endif
