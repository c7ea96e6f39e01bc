/* remote.h - one order as its shop has it, read page by page by a definition. */
#ifndef PACKD_CHANNELS_REMOTE_H
#define PACKD_CHANNELS_REMOTE_H

#include "firmware/channels/fields.h"
#include "firmware/channels/values.h"

#define REMOTE_LINES_MAX   500 /* more are refused: nothing is decided on a part of an order */
#define REMOTE_RECORDS_MAX 256
#define REMOTE_ITEMS_MAX   2000
#define REMOTE_METHODS_MAX 4
#define REMOTE_NUMBER_MAX  999
#define REMOTE_PARCELS_MAX 64
#define REMOTE_TAKES_MAX   4 /* values of one record that later steps need */

enum remote_state {
    REMOTE_UNKNOWN, /* not read, or no guard rule fits */
    REMOTE_OPEN,
    REMOTE_SHIPPED,
    REMOTE_HOLD,
    REMOTE_CANCELLED,
};

struct remote_line {
    char id[REMOTE_ID_CAP];
    char record_line[REMOTE_ID_CAP]; /* what records call it; "": the same */
    char sku[SKU_CAP];               /* as the shop writes it */
    char code[SKU_CAP];              /* of the product in Clarus; "": no rule gives one */
    char address[REMOTE_ID_CAP];
    int64_t ordered;  /* whole units */
    int64_t shipped;  /* the line's own figure */
    int64_t recorded; /* sum over the records read */
    int64_t given;    /* the shop's own figure of what is left, where it has one */
    bool has_given;
    int64_t left; /* used while planning */
    bool physical;
    bool collides; /* another SKU of the shop becomes the same code */
};

struct remote_item {
    char line_id[REMOTE_ID_CAP];
    int64_t quantity;
};

struct remote_record {
    char id[REMOTE_ID_CAP];
    int number; /* n when our key K-n is in it, else 0 */
    char tracking[TRACKING_CAP];
    size_t first_item, item_count;
    bool unfinished;                             /* begun, and later steps are still to be sent */
    char taken[REMOTE_TAKES_MAX][REMOTE_ID_CAP]; /* in the order of the definition's records.take */
};

struct remote {
    enum remote_state state;
    char rule[RULE_CAP];
    char status[32];
    size_t line_count, record_count, item_count, method_count, parcel_count;
    struct remote_line lines[REMOTE_LINES_MAX];
    struct remote_record records[REMOTE_RECORDS_MAX];
    struct remote_item items[REMOTE_ITEMS_MAX];
    char parcels[REMOTE_PARCELS_MAX][TRACKING_CAP]; /* parcels of our record that are there */
    char methods[REMOTE_METHODS_MAX][NAME_CAP];     /* distinct ship-method titles, as received */
    bool silent;     /* lines do not say what was shipped: only the order's state tells */
    bool method_cut; /* a title was too long or there were too many: never mapped */
    struct buf line_text, address_text;                 /* digested later; growable */
    struct buf customer_note, staff_note, gift_message; /* growable */
    struct order_fields fields;
    json_node order; /* the row of the order, until its answer is freed; NULL: none */
};

void remote_init(struct remote *m); /* also to begin anew; rows are not cleared */
void remote_deinit(struct remote *m);

/* What an answer is read by. */
struct remote_form {
    json_node definition;
    json_node read;   /* the read that was answered */
    struct values *v; /* as they were when it was sent; takes go into it */
    const char *key;  /* our dispatch key; "": none */
};

/* Takes one answer of a read.
 *   out_rows  elements taken, for paging
 * ERR_PROTO: not the expected form. ERR_NOSPACE: more than the limits. ERR_REFUSED: the answer is
 * about something else than was asked for. ERR_NOTFOUND: no order in it. ERR_AMBIGUOUS: several.
 * ERR_UNSUPPORTED: a line to ship has a fraction of a unit. */
MUST_CHECK err_t remote_take(struct remote *m, const struct remote_form *form, json_node root,
                             size_t *out_rows);
/* Sums the records up by line; after the last read. */
void remote_sum(struct remote *m);

int64_t
remote_line_left(const struct remote_line *l); /* as given, else ordered less shipped or recorded */
bool remote_complete(const struct remote *m);  /* nothing left on any physical line */
/* By the line's id, or by what records call it. */
struct remote_line *remote_line_by_id(struct remote *m, const char *id);
/* n of "K-n" in the text, whole words only; 0: not there. */
int remote_key_number(struct slice text, const char *key);

#endif
