/* run.h - one pass through a definition: the reads page by page, then what the caller makes of
 * them. Shared by pushing a dispatch and by checking an order's state. */
#ifndef PACKD_CHANNELS_RUN_H
#define PACKD_CHANNELS_RUN_H

#include "firmware/channels/auth.h"
#include "firmware/channels/definition.h"
#include "firmware/channels/plan.h"
#include "firmware/channels/remote.h"
#include "firmware/channels/rules.h"
#include "firmware/mapping/maps.h"

#define RUNS_MAX 16 /* attempts and checks under way over all channels */

struct run;

/* An answer, judged. */
struct answer {
    enum rule_end end;
    bool down; /* nothing was sent, or nothing came back: not this order's fault */
    int status;
    int64_t wait_ms;
    int64_t times; /* RULE_REREAD: so many times before a person must look */
    char rule[RULE_CAP];
    char words[64]; /* the shop's own words, made printable */
    struct json_doc *doc;
    json_node root;
};

struct progress {
    bool claimed; /* the claim was sent at least once */
    int rereads;  /* so often a refusal made us read again */
    int writing;  /* number of the record sent last whose outcome is not known; 0: none */
    int step;     /* index of the step sent last for it */
};

struct channel {
    struct channels *ch;
    const struct config_channel *config;
    struct definition definition;
    struct login login;
};

struct run {
    struct channel *channel; /* NULL: free */
    struct channels *ch;
    const char *use; /* "push" or "check" */
    struct values v;
    struct remote *remote; /* owned */
    json_node current;     /* read or step under way */
    bool write;
    uint32_t page;
    char link[URL_ROOM]; /* address of the next page where the server gives it; "": by template */
    bool waits_login;
    bool renewed; /* the login was refused once and made anew */
    uint32_t login_serial;
    /* Called when the reads are through, or one failed. */
    void (*read_done)(struct run *r, const struct answer *failed);
    /* Called with the answer of a step. */
    void (*step_done)(struct run *r, struct answer *a);
    /* Called when a step could not be sent after waiting for a login. */
    void (*step_unsent)(struct run *r, err_t why);
    int64_t consignment_id;
    char key[KEY_CAP];

    /* check */
    uint32_t ticket;
    bool ahead; /* of the bench */

    /* push */
    int64_t message_id;
    int64_t dispatch_id;
    int64_t saved_at; /* wall ms */
    bool look_first;
    bool was_claimed; /* by an attempt before this one */
    bool read_back;
    struct progress progress;
    struct plan *plan; /* owned */
    size_t record;
    json_node step;            /* of the record; NULL: before its first */
    size_t turn;               /* of a step that is sent for each line or parcel */
    bool written;              /* a step of a record was answered well in this attempt */
    struct progress before;    /* as an attempt before this one left it */
    const char *tracking_link; /* of the carrier, borrowed from the configuration; NULL: none */
};

struct channels {
    struct channels_options o;
    struct maps maps;
    struct channel channels[CONFIG_CHANNELS_MAX];
    size_t channel_count;
    struct run runs[RUNS_MAX];
};

/* NULL: RUNS_MAX are under way, or out of memory. */
struct run *run_new(struct channels *ch, struct channel *channel, const char *use);
void run_free(struct run *r);
/* Reads everything this use needs, from the start; ends by read_done. */
void run_read(struct run *r);
/* Sends a step; ends by step_done or step_unsent. ERR_INVALID: a template cannot be filled;
 * ERR_DENIED: no usable secret; nothing was sent and neither is called. */
MUST_CHECK err_t run_step(struct run *r, json_node step);
/* True when the definition reads something for this use. */
bool run_has_reads(const struct definition *d, const char *use);
/* True when the order number has the form this system knows. */
bool run_order_number_fits(const struct run *r);

/* push.c, check.c */
void push_attempt(void *channel, const struct outbox_message *m);
void check_start(struct channels *ch, struct channel *channel, uint32_t ticket,
                 const struct consignment *c, bool ahead);

#endif
