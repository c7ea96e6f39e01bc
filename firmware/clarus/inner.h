/* inner.h - what the parts of the Clarus client share. For firmware/clarus only.
 *
 * A flow is one piece of work that asks Clarus several things in turn: a table of steps, one
 * exchange at a time. A step's `begin` starts a call, a list, a wait, another step, or ends the
 * flow; `row` gets each record of a list; `end` gets the one answer. Flows never block one another;
 * there are at most FLOWS_MAX. */
#ifndef PACKD_CLARUS_INNER_H
#define PACKD_CLARUS_INNER_H

#include "firmware/base/text.h"
#include "firmware/clarus/clarus.h"
#include "firmware/outbox/exceptions.h"

#define FLOWS_MAX                                                                                  \
    20 /* one bench: a check, a label, a dispatch per lane, the work list, the rest                \
        */
#define TOKEN_CAP     4096 /* signed tokens with claims reach 2 KB */
#define CALL_URL_CAP  2304 /* presigned addresses carry a signature and a token */
#define CALL_BODY_MAX (96u << 10)
#define FIELDS_CAP    640
#define LIST_PAGE     100 /* what the vendor's own tool asks for at most */
#define LIST_PAGES    100
#define CARRIERS_MAX  64
#define BATCH_MAX     20 /* records asked for in one `in` filter */

enum answer_kind {
    ANSWER_OK,
    ANSWER_REFUSED, /* 4xx other than those below: nothing was done, `words` say why */
    ANSWER_DENIED,  /* 403 */
    ANSWER_ABSENT,  /* 404 */
    ANSWER_UNKNOWN, /* a write that may have had its effect */
    ANSWER_OFFLINE, /* nothing was done, or nothing could be read */
    ANSWER_BUSY,    /* 429: nothing was done; wait_ms */
    ANSWER_REAUTH,  /* credentials refused, also after one renewal */
    ANSWER_FAULTY,  /* a read answered, and the answer is an error or breaks its format */
};

struct answer {
    enum answer_kind kind;
    int status;
    int64_t wait_ms;
    json_node root; /* NULL: no body. Borrowed for the call of `end` */
    struct slice body;
    char words[SAY_CAP];
};

enum call_state {
    CALL_IDLE,
    CALL_TOKEN,  /* waits for a token */
    CALL_QUIET,  /* waits because Clarus asked for it, or for its share of the pace */
    CALL_SENT,   /* handed to the effects */
    CALL_FAILED, /* ended before it was sent: `failure` */
};

struct call {
    enum call_state state;
    enum answer_kind failure;
    enum hal_method method;
    bool write;
    bool bare; /* no credentials: a presigned address elsewhere */
    bool binary;
    bool has_body;
    bool renewed;          /* the one renewal after 401 was used */
    uint32_t token_serial; /* the token it was sent with */
    mono_t not_before;     /* while CALL_QUIET */
    uint32_t http;         /* ticket of the effects */
    uint32_t timeout_ms;
    char url[CALL_URL_CAP];
    struct buf body;
};

struct list {
    bool active;
    unsigned pages;
    const char *root;
    const char *type;
    char fields[FIELDS_CAP];
    char cursor[256];
    struct buf filter; /* JSON object */
};

struct clarus_flow;
struct flow_step {
    const char *name;
    void (*begin)(struct clarus_flow *f);
    void (*row)(struct clarus_flow *f, json_node node);
    void (*end)(struct clarus_flow *f, const struct answer *a);
};
struct flow_kind {
    const char *name;
    const struct flow_step *steps;
    size_t data_size;
    void (*expire)(struct clarus_flow *f); /* the limit passed; must end the flow. NULL: no limit */
    bool background;                       /* nobody waits for it: keeps to the site's pace */
};

struct clarus_flow {
    struct clarus *c;
    const struct flow_kind *kind; /* NULL: free slot */
    uint32_t serial;              /* never 0 */
    uint32_t ticket;              /* the caller's */
    int64_t subject;              /* consignment, shipment or message id */
    uint8_t step;
    bool ready; /* `step` is to begin now */
    mono_t due; /* or then; MONO_NEVER: waits for an answer */
    mono_t limit;
    unsigned tries; /* of this step, for waits */
    struct call call;
    struct list list;
    void *data; /* owned, zeroed at the start */
};

enum proven { /* fields and filters no public document lists, found to exist at this tenant */
    PROVEN_NOTES,
    PROVEN_SERVICE,
    PROVEN_STRATEGY,
    PROVEN_ADDRESS,
    PROVEN_ADDRESS_NAME,
    PROVEN_CONFIGURATION,
    PROVEN_LINE_REFERENCE,
    PROVEN_BARCODES,
    PROVEN_UNITS,
    PROVEN_TASK_ORDER,
    PROVEN_TASK_LINE,
    PROVEN_TASK_LIST,
    PROVEN_TASK_UNIT,
    PROVEN_TASK_OWNER,
    PROVEN_SHIPMENT_REFERENCE,
    PROVEN_LIST_REFERENCE,
    PROVEN_COUNT,
};

struct carrier_known {
    char id[ID_CAP];
    char code[ID_CAP];
    char name[NAME_CAP];
};

struct session {
    bool asking;
    bool refused;
    uint32_t serial; /* of the token held; 0: none */
    uint32_t given;  /* tokens received so far */
    unsigned failures;
    mono_t renew_at;
    mono_t ends_at;
    mono_t retry_at;
    char token[TOKEN_CAP];
};

struct clarus {
    struct store *store;
    struct effects *fx;
    struct outbox *outbox;
    const struct log *log;
    const struct config *config;
    struct clarus_callbacks on;
    struct session session;
    struct clarus_flow flows[FLOWS_MAX];
    uint32_t flow_serial;
    uint32_t request_serial;
    bool running;
    bool started;
    bool reachable;
    bool signed_on;
    bool list_broken; /* the last work list ended early: told once */
    uint32_t proven;  /* bits of enum proven */
    int64_t offline_since;
    int64_t catalogue_read;
    int64_t refresh_after; /* consignment id: lines of the next ones are read again in turn */
    uint32_t orders;
    mono_t quiet_until;
    mono_t pace_at; /* when the next call that nobody waits for may go */
    mono_t poll_at;
    mono_t void_at;   /* when voids that found no room are tried again */
    mono_t signon_at; /* when the daily part of signing on is due */
    char user_id[ID_CAP];
    char warehouse_id[ID_CAP];
    struct carrier_known carriers[CARRIERS_MAX];
    size_t carrier_count;
    bool integration_on[CONFIG_CHANNELS_MAX]; /* Clarus's own with the shop of this channel */
};

/* flow.c ------------------------------------------------------------------------------------------
 */
/* NULL when all are in use or out of memory. The first step begins at the next flows_run. */
struct clarus_flow *flow_start(struct clarus *c, const struct flow_kind *kind, int64_t subject,
                               uint32_t ticket);
void flow_go(struct clarus_flow *f, unsigned step); /* begins as soon as this step returns */
void flow_wait(struct clarus_flow *f, int64_t ms, unsigned step);
/* The same step again after the wait of the answer, or a growing one with jitter up to 60 s. */
void flow_again(struct clarus_flow *f, const struct answer *a);
void flow_finish(struct clarus_flow *f); /* frees the slot; f->data is gone */
struct clarus_flow *flow_find(struct clarus *c, const struct flow_kind *kind, int64_t subject);
struct clarus_flow *flow_by_serial(struct clarus *c, uint32_t serial);
void flows_run(struct clarus *c);
void flows_tick(struct clarus *c);
mono_t flows_deadline(const struct clarus *c);
int64_t clarus_backoff(struct clarus *c, unsigned failures); /* 1, 2, 4 .. 60 s with jitter */

/* call.c ------------------------------------------------------------------------------------------
 */
/* `path` follows the prefix: "/shipments/7". The body, if any, is in f->call.body. */
void call_get(struct clarus_flow *f, const char *path);
void call_write(struct clarus_flow *f, enum hal_method method, const char *path, bool has_body);
void call_file(struct clarus_flow *f, struct slice url);
void call_graphql(struct clarus_flow *f);
struct buf *call_body(struct clarus_flow *f); /* emptied */
void call_send(struct clarus_flow *f);        /* again, as prepared */
void call_deliver(struct clarus_flow *f, const struct answer *a);
void call_cancel(struct clarus_flow *f);
void clarus_heard(struct clarus *c, bool answered);

/* graphql.c ---------------------------------------------------------------------------------------
 */
/* Emptied; the caller writes one JSON object into it before list_start. */
struct buf *list_filter(struct clarus_flow *f);
void list_filter_eq(struct clarus_flow *f, const char *name, const char *value);
void list_start(struct clarus_flow *f, const char *root, const char *type, const char *fields);
/* Takes the answer of one page. True: more pages are asked for, nothing to deliver yet. */
bool list_page(struct clarus_flow *f, struct answer *a);

/* integrations.c ---------------------------------------------------------------------------------
 */
void integrations_begin(struct clarus_flow *f);
void integrations_row(struct clarus_flow *f, json_node node);
void integrations_done(struct clarus *c); /* all were read */

/* session.c ---------------------------------------------------------------------------------------
 */
bool session_ready(struct clarus *c); /* a token that may be used now; asks for one when needed */
void session_drop(struct clarus *c, uint32_t token_serial);

/* node.c: hostile records into bounded text ---------------------------------------------------- */
/* Text at the pointer, cut at a code point; NULL (and out "") when absent, null or no text. */
const char *node_text(json_node n, const char *pointer, char *out, size_t cap);
/* Identifier, number or text; NULL when absent or too long. */
const char *node_id(json_node n, const char *pointer, char *out, size_t cap);
qty_t node_qty(json_node n, const char *pointer); /* zero when absent or no quantity */
bool text_among(const char *text, const char (*list)[24]);
bool text_void_word(const char *status);
int64_t id_number(const char *id); /* for ordering and REST bodies; -1: no number */
void words_copy(char *out, size_t cap, struct slice words);
void put_id(struct json_writer *w, const char *name, const char *id); /* as an integer */

/* records.c: into the catalogue -----------------------------------------------------------------
 */
struct order_seen {
    char id[ID_CAP];
    char reference[REFERENCE_CAP];
    char status[RULE_CAP];
    char carrier_id[ID_CAP];
    int64_t consignment_id;
};
extern const char ORDER_FIELDS[];
bool order_record(struct clarus *c, json_node node, struct order_seen *out);
/* Reads without storing. */
bool order_parse(json_node node, struct order_seen *out);
/* The inferred fields of an order that this tenant has; false: none. */
bool extra_fields(const struct clarus *c, char out[FIELDS_CAP]);
void extra_record(struct clarus *c, json_node node, const char *clarus_id);
void line_fields(const struct clarus *c, char out[FIELDS_CAP]);
/* Stores a line of `consignment_id` (0: found by the order's id in the record). */
bool line_record(struct clarus *c, json_node node, int64_t consignment_id, int64_t position,
                 char id_out[ID_CAP]);
void task_fields(const struct clarus *c, char out[FIELDS_CAP]);
struct task_seen {
    char id[ID_CAP];
    char line_id[ID_CAP];
    char product_id[ID_CAP];
    char subtype[24];
    char status[24];
    char type[16];
    char owner_id[ID_CAP];
    char owner[NAME_CAP];
    char order_id[ID_CAP];
    char tote[CODE_CAP];
    char pick_list[CODE_CAP];
    qty_t quantity;
};
bool task_parse(json_node node, struct task_seen *out);
void task_record(struct clarus *c, const struct task_seen *t, int64_t consignment_id);
void product_fields(const struct clarus *c, char out[FIELDS_CAP]);
int64_t product_record(struct clarus *c, json_node node); /* product id; 0: not stored */
enum level {
    LEVEL_UNIT,
    LEVEL_INNER,
    LEVEL_CASE,
    LEVEL_OUTER,
    LEVELS,
};
/* The same, where a query has shown that `scanned` is its code at this level. */
int64_t product_learned(struct clarus *c, json_node node, enum level level, const char *scanned);
/* Products that lines name and the catalogue lacks (or has not seen for a day). */
struct product_need {
    char codes[BATCH_MAX][SKU_CAP];
    size_t count;
    unsigned passes;
};
void need_of_line(struct clarus *c, struct product_need *need, json_node line_node);
/* Starts the list of them. False: nothing is needed, or enough was tried. */
bool need_begin(struct clarus_flow *f, struct product_need *need);
struct shipment_seen {
    char id[ID_CAP];
    char reference[REFERENCE_CAP];
    char external[REFERENCE_CAP];
    char status[RULE_CAP];
    char label[CODE_CAP];
    char carrier_id[ID_CAP];
    char service_id[ID_CAP];
    char service_name[NAME_CAP];
    struct slice delivery_note; /* borrowed from the record */
};
void shipment_fields(const struct clarus *c, char out[FIELDS_CAP]);
bool shipment_parse(json_node node, struct shipment_seen *out);

/* ledger.c: SQL of this room, stories, exceptions -----------------------------------------------
 */
/* Binds by `types`: i int64_t, t const char *. Runs to the end. */
err_t sql_run(struct clarus *c, const char *sql, const char *types, ...);
int64_t sql_int(struct clarus *c, const char *sql, int64_t otherwise, const char *types, ...);
bool sql_text(struct clarus *c, const char *sql, char *out, size_t cap, const char *types, ...);
void clarus_story(struct clarus *c, int64_t consignment_id, const char *event, const char *detail);
struct alarm {
    const char *rule, *origin, *owner, *object, *text, *next_step;
};
void clarus_alarm(struct clarus *c, int64_t consignment_id, const struct alarm *alarm);
void clarus_note(struct clarus *c, const char *what, err_t e); /* logs when e is an error */

/* parts ------------------------------------------------------------------------------------------
 */
bool proven(const struct clarus *c, enum proven what);
void probe_load(struct clarus *c);
bool probe_due(struct clarus *c);
extern const struct flow_kind probe_kind, signon_kind, worklist_kind, shipment_kind, release_kind;
void signon_start(struct clarus *c);
void worklist_start(struct clarus *c);
void worklist_count(struct clarus *c);
void release_resume(struct clarus *c);
void shipment_resume(struct clarus *c);
void shipment_void_tick(struct clarus *c);

#endif
