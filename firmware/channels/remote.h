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

enum remote_state {
    REMOTE_UNKNOWN, /* not read, or no guard rule fits */
    REMOTE_OPEN,
    REMOTE_SHIPPED,
    REMOTE_HOLD,
    REMOTE_CANCELLED,
};

struct remote_line {
    char id[ID_CAP];
    char sku[SKU_CAP];  /* as the shop writes it */
    char code[SKU_CAP]; /* of the product in Clarus; "": no rule gives one */
    char address[ID_CAP];
    int64_t ordered;  /* whole units */
    int64_t shipped;  /* the line's own figure */
    int64_t recorded; /* sum over the records read */
    int64_t left;     /* used while planning */
    bool physical;
    bool collides; /* another SKU of the shop becomes the same code */
};

struct remote_item {
    char line_id[ID_CAP];
    int64_t quantity;
};

struct remote_record {
    char id[ID_CAP];
    int number; /* n when our key K-n is in it, else 0 */
    char tracking[TRACKING_CAP];
    size_t first_item, item_count;
};

struct remote {
    enum remote_state state;
    char rule[RULE_CAP];
    char status[32];
    size_t line_count, record_count, item_count, method_count;
    struct remote_line lines[REMOTE_LINES_MAX];
    struct remote_record records[REMOTE_RECORDS_MAX];
    struct remote_item items[REMOTE_ITEMS_MAX];
    char methods[REMOTE_METHODS_MAX][NAME_CAP]; /* distinct ship-method titles, as received */
    bool method_cut; /* a title was too long or there were too many: never mapped */
    struct buf line_text, address_text;                 /* digested later; growable */
    struct buf customer_note, staff_note, gift_message; /* growable */
    struct order_fields fields;
};

void remote_init(struct remote *m);
void remote_deinit(struct remote *m);

/* What an answer is read by. */
struct remote_form {
    json_node definition;
    json_node read;         /* the read that was answered */
    const struct values *v; /* as they were when it was sent */
    const char *key;        /* our dispatch key; "": none */
};

/* Takes one answer of a read.
 *   out_rows  elements taken, for paging
 * ERR_PROTO: not the expected form. ERR_NOSPACE: more than the limits. ERR_REFUSED: the answer is
 * about something else than was asked for. */
MUST_CHECK err_t remote_take(struct remote *m, const struct remote_form *form, json_node root,
                             size_t *out_rows);

int64_t remote_line_left(const struct remote_line *l); /* ordered less shipped or recorded */
bool remote_complete(const struct remote *m);          /* nothing left on any physical line */
struct remote_line *remote_line_by_id(struct remote *m, const char *id);
/* n of "K-n" in the text, whole words only; 0: not there. */
int remote_key_number(struct slice text, const char *key);

#endif
