/* peers_call.h - short ways to speak to the stand-ins in tests: no server, no waiting. */
#ifndef TESTS_PEERS_CALL_H
#define TESTS_PEERS_CALL_H

#include "firmware/base/json.h"
#include "tools/packpeers/peer.h"

struct caller {
    struct peers *p;
    int64_t now_ms;
    char token[80];
    struct peer_reply reply;
    struct json_doc *doc; /* the last reply's body, NULL when it was no JSON */
};

/* Over peers made by the caller; `clock` starts at the peers' first time. */
void caller_init(struct caller *c, struct peers *p);
void caller_deinit(struct caller *c); /* frees the peers too */

/* Fetches a token for "bench-1" or "bench-2". */
void caller_sign_on(struct caller *c, const char *client);
/* One Clarus call with token and tenant; `body` may be NULL. Returns the status, 0 when cut. */
int clarus_call(struct caller *c, const char *method, const char *path, const char *body);
/* A GraphQL query without variables; returns data, or NULL when there were errors. */
json_node graphql_call(struct caller *c, const char *query);
/* One shop call below /stores/demo; `path` may hold "?query". */
int shop_call(struct caller *c, const char *method, const char *path, const char *body);
int control_call(struct caller *c, const char *method, const char *path, const char *body);

/* From the last reply by JSON pointer; "" and -1 when absent. */
const char *reply_string(struct caller *c, const char *pointer);
int64_t reply_number(struct caller *c, const char *pointer);

#endif
