/* mini_shop.h - small stand-ins for the systems whose definitions come with the station: one order
 * with its lines and shipment records, spoken to in each system's own dialect. They check what they
 * are asked (host, credentials, content type, versions, quantities) and note the first violation.
 */
#ifndef PACKD_TESTS_MINI_SHOP_H
#define PACKD_TESTS_MINI_SHOP_H

#include "firmware/base/json.h"
#include "hal/sim/hal_sim.h"

#define MINI_LINES_MAX   4
#define MINI_RECORDS_MAX 16

enum mini_state {
    MINI_OPEN,
    MINI_HOLD,
    MINI_CANCELLED,
};

struct mini_record {
    char key[64];
    char tracking[64];
    char carrier[64];
    int units[MINI_LINES_MAX];
    int stage;    /* dialect's own; 0: begun */
    bool foreign; /* made by somebody else */
};

struct mini_shop;

struct mini_request {
    const char *method;
    const char *url;
    char path[512]; /* below the host, without query */
    char query[1024];
    json_node body; /* NULL: none, or no JSON */
    struct slice raw;
    const struct hal_http_request *http;
};

struct mini_reply {
    int status;
    struct buf *headers;
    struct buf *body;
};

struct mini_dialect {
    const char *definition;
    const char *base_url;
    const char *secret;
    const char *options[4]; /* "name=value" */
    bool blind;             /* nothing can be read: a repeat is told by its key */
    bool no_quantities;     /* its records do not say what is in them */
    bool one_record;        /* one record for all parcels */
    bool has_login;
    bool searches;         /* its search gives other orders too, so none of them is ours */
    const char *hold_rule; /* NULL: order.unpaid */
    bool remainder; /* what is not shipped waits in a record of its own, made by the system */
    void (*serve)(struct mini_shop *s, const struct mini_request *q, struct mini_reply *r);
};

struct mini_shop {
    const struct mini_dialect *dialect;
    char number[40];
    char skus[MINI_LINES_MAX][40];
    int ordered[MINI_LINES_MAX];
    size_t line_count;
    struct mini_record records[MINI_RECORDS_MAX];
    size_t record_count;
    enum mini_state state;
    char status[32]; /* shipment status as the dialect sets it; "": never set */
    int version;
    unsigned logins;
    unsigned writes;     /* effects */
    bool unknown;        /* the order is not there yet */
    bool refuse_token;   /* the token at hand is refused until the next login */
    char violation[200]; /* first forbidden thing; "": none */
};

extern const struct mini_dialect mini_adobe_commerce, mini_commercetools, mini_medusa,
    mini_orocommerce, mini_shopify, mini_tryton, mini_vendure, mini_webhook, mini_woocommerce;

void mini_init(struct mini_shop *s, const struct mini_dialect *d);
void mini_line(struct mini_shop *s, const char *sku, int ordered);
/* Answers as the system would; effects happen now. */
void mini_serve(struct mini_shop *s, const struct hal_http_request *request,
                struct hal_sim_reply *reply);
/* Units of a line in all records. */
int mini_shipped(const struct mini_shop *s, size_t line);

/* For dialects. */
void mini_violate(struct mini_shop *s, const char *what, const char *value);
/* Value of a request header; "" when absent. */
const char *mini_header(const struct mini_request *q, const char *name);
bool mini_text_at(json_node n, const char *pointer, char *out, size_t cap);
int mini_int_at(json_node n, const char *pointer); /* -1: none */
struct mini_record *mini_record_add(struct mini_shop *s);
struct mini_record *mini_record_by_key(struct mini_shop *s, const char *key);
/* Index of the line whose id is PREFIX and its number; MINI_LINES_MAX: none. */
size_t mini_line_of(const struct mini_shop *s, const char *id, const char *prefix);

#endif
