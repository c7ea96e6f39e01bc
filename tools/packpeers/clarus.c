#include "tools/packpeers/clarus.h"

#include <stdio.h>
#include <string.h>

#include "firmware/base/text.h"
#include "tools/packpeers/gql_run.h"
#include "tools/packpeers/index.h"

void clarus_refuse(struct exchange *x, int status, const char *symbol, const char *details)
{
    struct json_writer w = reply_json(x->reply, status);
    json_open_object(&w, NULL);
    json_open_array(&w, "errors");
    json_open_object(&w, NULL);
    json_put_int(&w, "code", status == 404 ? 1 : status == 403 ? 3 : 900);
    json_put_text(&w, "symbol", symbol);
    json_put_text(&w, "details", details);
    json_put_null(&w, "source");
    json_open_object(&w, "context");
    json_close_object(&w);
    json_close_object(&w);
    json_close_array(&w);
    json_close_object(&w);
}

void clarus_not_found(struct exchange *x)
{
    clarus_refuse(x, 404, "record_not_found", "No such record");
}

struct json_writer clarus_open(struct exchange *x, const char *type, uint32_t id, bool id_as_text)
{
    char text[16];
    struct json_writer w = reply_json(x->reply, 200);
    (void)snprintf(text, sizeof text, "%u", (unsigned)id);
    json_open_object(&w, NULL);
    json_open_object(&w, "data");
    if (id_as_text || x->p->options.ids_as_text)
        json_put_text(&w, "id", text);
    else
        json_put_int(&w, "id", id);
    json_put_text(&w, "type", type);
    json_open_object(&w, "attributes");
    return w;
}

void clarus_close(struct json_writer *w)
{
    json_close_object(w);
    json_close_object(w);
    json_close_object(w);
}

/* ---------------------------------------------------------------------------------- access -- */

static void unauthorized(struct exchange *x, const char *words)
{
    struct json_writer w = reply_json(x->reply, 401);
    json_open_object(&w, NULL);
    json_put_text(&w, "error", words);
    json_close_object(&w);
}

static struct user *user_by_client(const struct peers *p, const char *client, const char *secret)
{
    struct user *u;
    for (uint32_t i = 0; (u = world_nth(p, T_USER, i)); i++)
        if (u->client_id && text_same(u->client_id, client) && text_same(u->secret, secret))
            return u;
    return NULL;
}

static void token_fault(struct exchange *x, int status, const char *error)
{
    struct json_writer w = reply_json(x->reply, status);
    json_open_object(&w, NULL);
    json_put_text(&w, "error", error);
    json_close_object(&w);
}

static void token_give(struct exchange *x)
{
    struct slice form = x->request->body;
    char grant[40] = "";
    char client[80] = "";
    char secret[80] = "";
    if (!query_value(form, "grant_type", grant, sizeof grant) ||
        !text_same(grant, "client_credentials")) {
        token_fault(x, 400, "unsupported_grant_type");
        return;
    }
    bool both = query_value(form, "client_id", client, sizeof client) &&
                query_value(form, "client_secret", secret, sizeof secret);
    const struct user *u = both ? user_by_client(x->p, client, secret) : NULL;
    if (!u) {
        token_fault(x, 401, "invalid_client");
        return;
    }
    struct token *t = world_add(x->p, T_TOKEN);
    uint32_t serial = ++x->p->serial;
    t->text = world_print(x->p, "t0k3n-%04u-%016llx", (unsigned)serial,
                          (unsigned long long)world_chance(x->p, "token", serial));
    t->user_id = u->row.id;
    t->ends_ms = x->p->now_ms + (int64_t)x->p->options.token_life_s * 1000;
    struct json_writer w = reply_json(x->reply, 200);
    json_open_object(&w, NULL);
    json_put_text(&w, "access_token", t->text);
    json_put_text(&w, "token_type", "Bearer");
    json_put_int(&w, "expires_in", x->p->options.token_life_s);
    json_close_object(&w);
}

static struct token *bearer(const struct exchange *x)
{
    const char *header = request_header(x->request, "authorization");
    if (!header || !slice_starts(slice_text(header), "Bearer ")) return NULL;
    struct token *t;
    for (uint32_t n = x->p->tables[T_TOKEN].count; n > 0; n--) {
        t = world_nth(x->p, T_TOKEN, n - 1);
        if (text_same(t->text, header + 7)) return t;
    }
    return NULL;
}

void clarus_expire(struct exchange *x)
{
    struct token *mine = bearer(x);
    if (mine) mine->ends_ms = x->p->now_ms;
}

static bool admitted(struct exchange *x)
{
    const struct token *t = bearer(x);
    if (!t || t->ends_ms <= x->p->now_ms) {
        unauthorized(x, t ? "The access token expired" : "The access token is invalid");
        return false;
    }
    const char *tenant = request_header(x->request, "x-clarus-subdomain");
    if (!tenant || !text_same(tenant, x->p->options.tenant)) {
        clarus_refuse(x, 403, "not_authorized", "X-Clarus-Subdomain is missing or unknown");
        return false;
    }
    x->user = t->user_id;
    x->p->caller = t->user_id;
    return true;
}

/* --------------------------------------------------------------------------------- GraphQL -- */

static void graphql_errors(struct exchange *x, const char *message, struct gql_place place)
{
    struct json_writer w = reply_json(x->reply, 200);
    json_open_object(&w, NULL);
    json_open_array(&w, "errors");
    json_open_object(&w, NULL);
    json_put_text(&w, "message", message);
    json_open_array(&w, "locations");
    json_open_object(&w, NULL);
    json_put_int(&w, "line", place.line ? place.line : 1);
    json_put_int(&w, "column", place.column ? place.column : 1);
    json_close_object(&w);
    json_close_array(&w);
    json_close_object(&w);
    json_close_array(&w);
    json_close_object(&w);
}

static void graphql_answer(struct exchange *x, const struct gql_query *q)
{
    struct gql_fault fault = {0};
    int64_t then = x->p->now_ms - (int64_t)x->p->options.read_lag_ms;
    reply_status(x->reply, 200);
    reply_header(x->reply, "Content-Type", "application/json; charset=utf-8");
    index_refresh(x->p);
    world_rewind(x->p, then);
    err_t e = gql_run(x->p, q, &x->reply->body, &fault);
    world_forward(x->p, then);
    if (!e) return;
    x->reply->header_count = 0;
    graphql_errors(x, fault.text, fault.place);
}

static void graphql(struct exchange *x)
{
    json_node query = json_member(x->body, "query");
    json_node variables = json_member(x->body, "variables");
    if (json_kind(query) != JSON_STRING) {
        graphql_errors(x, "No query string was present", (struct gql_place){1, 1});
        return;
    }
    struct gql_query *q = NULL;
    err_t e = gql_parse(json_text(query), variables, &q);
    if (e)
        graphql_errors(x, q ? q->fault : "out of memory",
                       q ? q->fault_place : (struct gql_place){1, 1});
    else
        graphql_answer(x, q);
    gql_free(q);
}

/* --------------------------------------------------------------------------------- routing -- */

struct route {
    const char *method;
    const char *path;
    const char *type; /* of the envelope; "": a plain JSON body; NULL: no body wanted */
    void (*act)(struct exchange *x);
};

static const struct route routes[] = {
    {"POST", "/graphql", "", graphql},
    {"POST", "/api/shipments", "shipments", shipments_create},
    {"PATCH", "/api/shipments/:", "shipments", shipments_change},
    {"DELETE", "/api/shipments/:", NULL, shipments_delete},
    {"POST", "/api/shipments/:/submit", NULL, shipments_submit},
    {"POST", "/api/shipments/:/cancel", NULL, shipments_cancel},
    {"POST", "/api/packages", "packages", packages_create},
    {"PATCH", "/api/packages/:", "packages", packages_change},
    {"DELETE", "/api/packages/:", NULL, packages_delete},
    {"POST", "/api/tasks/:/enter", NULL, tasks_enter},
    {"POST", "/api/tasks/:/exit", NULL, tasks_exit},
    {"POST", "/api/tasks/:/allocate", "", tasks_allocate},
    {"PATCH", "/api/tasks/:/unallocate", NULL, tasks_unallocate},
    {"PATCH", "/api/tasks/:", "tasks", tasks_change},
    {"GET", "/api/documents/:/download", NULL, documents_download},
    {"PATCH", "/api/goods_outs/:", "goods_outs", goods_outs_change},
    {"POST", "/api/goods_outs/:/cancel", NULL, goods_outs_cancel},
    {"DELETE", "/api/goods_outs/:", NULL, goods_outs_delete},
    {"POST", "/api/goods_out_processes/short_order_lines", "", short_order_lines},
};

static bool body_ready(struct exchange *x, const struct route *r)
{
    if (!r->type) return true;
    bool optional = r->act == tasks_allocate;
    if (optional && x->request->body.len == 0) return true;
    struct json_fault fault;
    if (json_parse(x->request->body, &x->doc, &fault)) {
        clarus_refuse(x, 400, "malformed_body", "The body is not JSON");
        return false;
    }
    x->body = json_root(x->doc);
    const char *content = request_header(x->request, "content-type");
    if (!content || !slice_starts(slice_text(content), "application/json"))
        world_remark(x->p, "%s: JSON body without Content-Type application/json", r->path);
    if (!r->type[0]) return true;
    if (!slice_is(json_text(json_at(x->body, "/data/type")), r->type)) {
        clarus_refuse(x, 422, "invalid_type", "data.type is missing or not the published one");
        return false;
    }
    x->attributes = json_at(x->body, "/data/attributes");
    if (json_kind(x->attributes) == JSON_OBJECT) return true;
    clarus_refuse(x, 422, "attributes_missing", "data.attributes must be an object");
    return false;
}

static void route(struct exchange *x)
{
    uint32_t ids[2];
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        const struct route *r = &routes[i];
        if (strcmp(r->method, x->request->method) != 0) continue;
        if (!path_fits(r->path, x->request->path, ids)) continue;
        x->id = ids[0];
        if (!body_ready(x, r)) return;
        r->act(x);
        return;
    }
    clarus_refuse(x, 404, "route_not_found", "No such address");
}

void clarus_handle(struct exchange *x)
{
    const char *path = x->request->path;
    if (strcmp(path, "/oauth/token") == 0) {
        if (strcmp(x->request->method, "POST") == 0)
            token_give(x);
        else
            token_fault(x, 405, "invalid_request");
        return;
    }
    if (slice_starts(slice_text(path), "/files/")) {
        files_get(x);
        return;
    }
    if (admitted(x)) route(x);
}

/* ------------------------------------------------------------------------------- addresses -- */

struct address_rule {
    const char *name;
    size_t offset;
    size_t chars_max;
};

static const struct address_rule address_rules[] = {
    {"name", offsetof(struct address, name), 255},
    {"address_1", offsetof(struct address, line1), 80},
    {"address_2", offsetof(struct address, line2), 80},
    {"address_3", offsetof(struct address, town), 80},
    {"address_4", offsetof(struct address, county), 80},
    {"address_5", offsetof(struct address, line5), 80},
    {"postcode", offsetof(struct address, postcode), 10},
    {"country_code", offsetof(struct address, country), 6},
    {"email_address", offsetof(struct address, email), 254},
    {"phone_number", offsetof(struct address, phone), 50},
};

err_t clarus_address(struct exchange *x, struct address *out)
{
    json_node a = json_at(x->body, "/data/relationships/address/data/attributes");
    if (!a) return ERR_NOTFOUND;
    struct address address = {0};
    for (size_t i = 0; i < sizeof address_rules / sizeof *address_rules; i++) {
        const struct address_rule *r = &address_rules[i];
        if (!member_given(a, r->name)) continue;
        struct slice text = json_text(json_member(a, r->name));
        if (text_prefix(text, r->chars_max) != text.len) {
            clarus_refuse(x, 422, "too_long", r->name);
            return ERR_INVALID;
        }
        const char *copy = world_slice(x->p, text);
        memcpy((char *)&address + r->offset, &copy, sizeof copy);
    }
    if (address.email && address.email[0] && !strchr(address.email, '@')) {
        clarus_refuse(x, 422, "invalid_email", "email_address");
        return ERR_INVALID;
    }
    *out = address;
    return ERR_OK;
}
