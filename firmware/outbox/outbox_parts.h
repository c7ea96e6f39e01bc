/* outbox_parts.h - what the files of the outbox share. For firmware/outbox alone. */
#ifndef PACKD_OUTBOX_PARTS_H
#define PACKD_OUTBOX_PARTS_H

#include "firmware/outbox/exceptions.h"
#include "firmware/outbox/outbox.h"

#define STORE_BOOT_CAP 37

/* A destination at run time. Nothing here outlives the process but what can be found out again. */
struct destination {
    struct destination_spec spec;
    unsigned flying;     /* requests under way */
    unsigned marked;     /* messages marked on disk whose turn has not come */
    unsigned last_batch; /* begun last */
    unsigned throttled;  /* asked to wait that often since throttled_at */
    mono_t throttled_at;
    mono_t batch_until; /* several go together until then */
    unsigned picks;
    mono_t wake;    /* when a tick has something to look at */
    mono_t pace_at; /* the next attempt keeps to the pace from here on */
    mono_t hold;    /* the server asked for silence until then */
    bool budgeted;  /* the server said how many requests are left */
    int64_t budget; /* requests left to this bench until budget_ends, those under way taken off */
    mono_t budget_ends;
    bool down;       /* breaker */
    bool paused;     /* credentials */
    bool probing;    /* the one attempt that is let through while down or paused */
    unsigned probes; /* failed in a row */
    mono_t probe_at;
    mono_t down_since;
    uint64_t taken[DELIVERY_BUCKETS + 1];
    uint64_t taken_ms;
    bool late;
    bool watched;
    char last_result[SAY_CAP];
};

struct flight {
    int64_t message_id; /* 0: free */
    struct destination *to;
    bool started;   /* its connector has it */
    unsigned batch; /* those of one request have the same; 0: by itself */
};

struct outbox {
    struct store *st;
    struct effects *fx;
    const struct log *log;
    char boot[STORE_BOOT_CAP];
    bool started;
    mono_t started_at;
    struct clock_zone zone;
    struct manifest_rule manifests[MANIFEST_RULES_MAX];
    size_t manifest_count;
    mono_t service_at; /* when service levels are looked at next */
    mono_t gates_at;   /* when closed lists are looked at next; MONO_NEVER: nothing waits */
    struct destination destinations[DESTINATIONS_MAX];
    size_t destination_count;
    struct flight flights[OUTBOX_FLIGHTS_MAX];
    unsigned batches;
    char progress[OUTBOX_PROGRESS_MAX + 1]; /* of the attempt being started */
};

/* One message with what belongs to it, read from the store. */
struct message {
    int64_t id;
    int64_t dispatch_id;
    int64_t consignment_id;
    char destination[DESTINATION_CAP];
    int step;
    char lane[REFERENCE_CAP];
    enum message_state state;
    bool look_first;
    unsigned attempts;
    unsigned looks;
    int64_t stored_at;
    int64_t age_ms;    /* since the scan-back; by the even clock within one boot */
    bool due_is_stale; /* planned in an earlier boot */
    bool early;        /* need not wait for Clarus while its destination's early_ms last */
    enum dispatch_state dispatch_state;
    char dispatch_key[KEY_CAP];
    char reference[REFERENCE_CAP];
    const char *said; /* what its next move writes down as the last result; NULL: nothing */
};

/* When and how a message is to be tried next. */
struct plan {
    int64_t delay_ms;
    bool look_first;
    unsigned attempts;
    unsigned looks;
};

/* Gates. Keeps the storefront's message of this dispatch until its carrier's list is closed. */
MUST_CHECK err_t gate_hold(struct outbox *ob, int64_t dispatch_id, int64_t consignment_id);
MUST_CHECK err_t gate_is_open(struct outbox *ob, int64_t dispatch_id, bool *out);
/* Lets go what closed lists allow, a bounded number a call; raises what is overdue. */
void gate_tick(struct outbox *ob);

/* Parcels that must be pulled and whose collection is due: raised once each, with an alarm. */
MUST_CHECK err_t pull_escalate(struct outbox *ob);

/* Service level. */
void service_note(struct destination *d, const struct message *delivered);
void service_tick(struct outbox *ob);

/* Pace. The moment from which the destination may be tried; MONO_NEVER while it is at its widest.
 */
mono_t pace_next(const struct destination *d);
/* An attempt begins: takes its share of the pace and of the server's budget. */
void pace_take(struct outbox *ob, struct destination *d);

/* Whether several messages go in one request now. */
bool batch_is_on(const struct outbox *ob, const struct destination *d);
/* The destination asked to wait. */
void batch_note_throttled(struct outbox *ob, struct destination *d);

/* Starts what is due there, at most `budget` requests. */
void try_destination(struct outbox *ob, struct destination *d, size_t budget);

struct destination *outbox_find(struct outbox *ob, const char *name);
void outbox_wake(struct outbox *ob, const char *destination);
int64_t outbox_jitter(struct outbox *ob, int64_t ceiling_ms); /* 1..ceiling_ms */
/* Doubles `first` with every try, up to `max`. */
int64_t outbox_ceiling(int64_t first_ms, int64_t max_ms, unsigned tries);

/* Messages. A move that the table does not allow is ERR_INVALID and changes nothing. */
MUST_CHECK err_t message_load(struct outbox *ob, int64_t id, struct message *out);
/* Also reads its progress, into ob->progress. */
MUST_CHECK err_t message_load_whole(struct outbox *ob, int64_t id, struct message *out);
MUST_CHECK err_t message_move(struct outbox *ob, struct message *m, enum message_state to);
MUST_CHECK err_t message_plan(struct outbox *ob, const struct message *m, const struct plan *plan);
/* Lets the first undelivered message of the lane go, if the steps before it are done. */
MUST_CHECK err_t message_release(struct outbox *ob, const char *destination, const char *lane);
/* Whether the steps before it are done, or it may go ahead of them. */
MUST_CHECK err_t message_may_go(struct outbox *ob, const struct message *m, bool *out);
/* Marks it done and lets go what waited for it. */
MUST_CHECK err_t message_finish(struct outbox *ob, struct message *m);
/* One more waits there. */
MUST_CHECK err_t message_count_stored(struct outbox *ob, const char *destination);
/* Ids of the messages of a dispatch, by step. */
size_t message_ids(struct outbox *ob, int64_t dispatch_id, int64_t *out, size_t cap);
#define MESSAGES_PER_DISPATCH_MAX DESTINATIONS_MAX

MUST_CHECK err_t dispatch_set_state(struct outbox *ob, int64_t id, enum dispatch_state state,
                                    bool settled);
bool dispatch_is_pulled(enum dispatch_state state); /* find-and-pull is open */

/* "order WEB-10427 #123": the order and the counter of its dispatch key. */
void outbox_object(const char *reference, const char *dispatch_key, char out[OBJECT_CAP]);
/* Raises an exception that belongs to a message. Empty members of `r` get plain words. */
MUST_CHECK err_t outbox_complain(struct outbox *ob, const struct message *m,
                                 const struct attempt_result *r, const char *rule);
/* Closes every open exception of a message or dispatch. */
MUST_CHECK err_t exception_close_message(struct store *st, wall_t at, int64_t message_id,
                                         const char *who, const char *how, const char *note);
struct exception_closing {
    wall_t at;
    const char *who;
    const char *how;
    const char *note;
};
MUST_CHECK err_t exception_close_dispatch(struct store *st, const struct exception_closing *c,
                                          int64_t consignment_id, int64_t dispatch_id);
/* The destination may be tried again now. */
void outbox_resume(struct outbox *ob, struct destination *d);

/* Between two looks that count; outbox_result.c. */
int64_t outbox_look_gap(const struct destination *d);

#endif
