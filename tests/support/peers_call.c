#include "tests/support/peers_call.h"

#include <stdio.h>
#include <string.h>

void caller_init(struct caller *c, struct peers *p)
{
    memset(c, 0, sizeof *c);
    c->p = p;
    c->now_ms = INT64_C(1773216000000);
    peer_reply_init(&c->reply);
}

void caller_deinit(struct caller *c)
{
    json_free(c->doc);
    peer_reply_deinit(&c->reply);
    peers_free(c->p);
}

static int call(struct caller *c, enum peer which, const struct peer_request *request)
{
    json_free(c->doc);
    c->doc = NULL;
    peers_handle(c->p, which, c->now_ms, request, &c->reply);
    if (c->reply.outcome != PEER_ANSWER) return 0;
    if (json_parse(buf_slice(&c->reply.body), &c->doc, NULL)) c->doc = NULL;
    return c->reply.status;
}

void caller_sign_on(struct caller *c, const char *client)
{
    char form[160];
    (void)snprintf(form, sizeof form,
                   "grant_type=client_credentials&client_id=%s&client_secret=secret%s", client,
                   strchr(client, '-'));
    struct peer_request r = {.method = "POST", .path = "/oauth/token", .body = slice_text(form)};
    (void)call(c, PEER_CLARUS, &r);
    (void)snprintf(c->token, sizeof c->token, "Bearer %s", reply_string(c, "/access_token"));
}

int clarus_call(struct caller *c, const char *method, const char *path, const char *body)
{
    const struct peer_header headers[] = {
        {"Authorization", c->token},
        {"X-Clarus-Subdomain", "acme"},
        {"Content-Type", "application/json"},
    };
    struct peer_request r = {method, path, NULL, headers, body ? 3 : 2, slice_text(body)};
    return call(c, PEER_CLARUS, &r);
}

json_node graphql_call(struct caller *c, const char *query)
{
    char body[8192];
    struct buf b = buf_over(body, sizeof body);
    struct json_writer w = json_write(&b);
    json_open_object(&w, NULL);
    json_put_text(&w, "query", query);
    json_close_object(&w);
    if (clarus_call(c, "POST", "/graphql", buf_cstr(&b)) != 200) return NULL;
    return c->doc ? json_member(json_root(c->doc), "data") : NULL;
}

int shop_call(struct caller *c, const char *method, const char *path, const char *body)
{
    char full[256];
    const struct peer_header headers[] = {
        {"X-Auth-Token", "shop-token"},
        {"Accept", "application/json"},
        {"Content-Type", "application/json"},
    };
    (void)snprintf(full, sizeof full, "/stores/demo%s", path);
    char *query = strchr(full, '?');
    if (query) *query++ = 0;
    struct peer_request r = {method, full, query, headers, 3, slice_text(body)};
    return call(c, PEER_SHOP, &r);
}

int control_call(struct caller *c, const char *method, const char *path, const char *body)
{
    struct peer_request r = {method, path, NULL, NULL, 0, slice_text(body)};
    return call(c, PEER_CONTROL, &r);
}

static json_node at(struct caller *c, const char *pointer)
{
    return c->doc ? json_at(json_root(c->doc), pointer) : NULL;
}

const char *reply_string(struct caller *c, const char *pointer)
{
    struct slice s = json_text(at(c, pointer));
    return s.ptr ? (const char *)s.ptr : "";
}

int64_t reply_number(struct caller *c, const char *pointer)
{
    int64_t n;
    return json_int(at(c, pointer), INT64_MIN / 2, INT64_MAX / 2, &n) ? -1 : n;
}
