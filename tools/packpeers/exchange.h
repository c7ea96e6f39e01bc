/* exchange.h - one request under way: what came in, what goes out, and the helpers every peer
 * needs. */
#ifndef PACKPEERS_EXCHANGE_H
#define PACKPEERS_EXCHANGE_H

#include "tools/packpeers/world.h"

struct exchange {
    struct peers *p;
    const struct peer_request *request;
    struct peer_reply *reply;
    struct json_doc *doc;
    json_node body;       /* root of a JSON body; NULL when there is none */
    json_node attributes; /* data.attributes of an envelope, else NULL */
    uint32_t id;          /* first number in the path */
    uint32_t id2;         /* second one */
    uint32_t user;        /* Clarus user of the token */
};

/* NULL when absent. Names without case. */
const char *request_header(const struct peer_request *r, const char *name);
/* Decoded value of a query or form member into out[cap]; false when absent or too long. */
bool query_value(struct slice query, const char *name, char *out, size_t cap);

/* Matches "/api/shipments/:/submit" against a path; ':' takes a decimal number into out_ids[0..1].
 */
bool path_fits(const char *pattern, const char *path, uint32_t out_ids[2]);

void reply_status(struct peer_reply *r, int status);
/* `name` is static text. Ignored when there is no room. */
void reply_header(struct peer_reply *r, const char *name, const char *value);
/* Starts a JSON body. */
struct json_writer reply_json(struct peer_reply *r, int status);
/* A text body. */
void reply_text(struct peer_reply *r, int status, const char *type, const char *text);

/* Appends a member as null when empty. */
void put_text_or_null(struct json_writer *w, const char *name, const char *text);
void put_id_or_null(struct json_writer *w, const char *name, uint32_t id);
void put_time_or_null(struct json_writer *w, const char *name, int64_t ms);
void put_milli(struct json_writer *w, const char *name, int64_t milli); /* 24.0 */

/* Remarks on every member of `object` that the space-separated list `known` lacks. */
void remark_unknown(struct peers *p, const char *what, json_node object, const char *known);

/* Text member copied into the peers; NULL when absent, null or not text. */
const char *member_text(struct peers *p, json_node object, const char *name);
/* Number or digits; 0 when absent or null. False: something else. */
bool member_id(json_node object, const char *name, uint32_t *out);
bool member_given(json_node object, const char *name); /* there, and not null */

#endif
