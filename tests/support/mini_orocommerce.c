#include <stdio.h>
#include <string.h>

#include "tests/support/mini_shop.h"

static const char media[] = "application/vnd.api+json";

static const char *status_of(const struct mini_shop *s)
{
    return s->status[0] != '\0' ? s->status : "not_shipped";
}

static void put_order(const struct mini_shop *s, struct buf *b)
{
    static const char *const states[] = {"open", "pending", "cancelled"};
    buf_printf(
        b,
        "{\"type\":\"orders\",\"id\":\"7\",\"attributes\":{\"identifier\":\"%s\"},"
        "\"relationships\":{\"internalStatus\":{\"data\":{\"type\":\"orderinternalstatuses\","
        "\"id\":\"%s\"}},\"shippingStatus\":{\"data\":{\"type\":\"ordershippingstatuses\","
        "\"id\":\"%s\"}}}}",
        s->number, states[s->state], status_of(s));
}

static void put_list(const struct mini_shop *s, struct buf *b)
{
    buf_text(b, "{\"data\":[");
    if (!s->unknown) put_order(s, b);
    buf_text(b, "],\"included\":[");
    for (size_t i = 0; i < s->line_count; i++) {
        buf_printf(b,
                   "%s{\"type\":\"orderlineitems\",\"id\":\"%zu\",\"attributes\":{\"productSku\":"
                   "\"%s\",\"quantity\":%d.0000}}",
                   i > 0 ? "," : "", i + 1, s->skus[i], s->ordered[i]);
    }
    for (size_t i = 0; i < s->record_count; i++) {
        buf_printf(b,
                   ",{\"type\":\"ordershippingtrackings\",\"id\":\"%zu\",\"attributes\":{"
                   "\"method\":\"%s\",\"number\":\"%s\"}}",
                   i + 1, s->records[i].carrier, s->records[i].tracking);
    }
    buf_text(b, "]}");
}

static void add_tracking(struct mini_shop *s, const struct mini_request *q, struct mini_reply *r)
{
    char order[8] = "";
    struct mini_record *t = mini_record_add(s);
    bool whole =
        mini_text_at(q->body, "/data/attributes/number", t->tracking, sizeof t->tracking) &&
        mini_text_at(q->body, "/data/attributes/method", t->carrier, sizeof t->carrier) &&
        mini_text_at(q->body, "/data/relationships/orders/data/0/id", order, sizeof order);
    if (!whole || strcmp(order, "7") != 0) mini_violate(s, "tracking", order);
    s->writes++;
    r->status = 201;
    buf_printf(r->body,
               "{\"data\":{\"type\":\"ordershippingtrackings\",\"id\":\"%zu\",\"attributes\":{"
               "\"method\":\"%s\",\"number\":\"%s\"}}}",
               s->record_count, t->carrier, t->tracking);
}

static void set_status(struct mini_shop *s, const struct mini_request *q, struct mini_reply *r)
{
    if (s->state == MINI_CANCELLED) {
        r->status = 403;
        buf_text(r->body,
                 "{\"errors\":[{\"status\":\"403\",\"title\":\"access denied exception\"}]}");
        return;
    }
    if (!mini_text_at(q->body, "/data/relationships/shippingStatus/data/id", s->status,
                      sizeof s->status)) {
        mini_violate(s, "status", "");
    }
    s->writes++;
    r->status = 200;
    buf_text(r->body, "{\"data\":");
    put_order(s, r->body);
    buf_text(r->body, "}");
}

static void give_token(struct mini_shop *s, const struct mini_request *q, struct mini_reply *r)
{
    const char *wanted = "grant_type=client_credentials&client_id=id&client_secret=s%20ec%2Fret";
    if (q->raw.len != strlen(wanted) || memcmp(q->raw.ptr, wanted, q->raw.len) != 0) {
        r->status = 401;
        buf_text(r->body, "{\"error\":\"invalid_client\"}");
        return;
    }
    s->logins++;
    s->refuse_token = false;
    r->status = 200;
    buf_printf(r->body, "{\"token_type\":\"Bearer\",\"expires_in\":3600,\"access_token\":\"j.%u\"}",
               s->logins);
}

static void route(struct mini_shop *s, const struct mini_request *q, struct mini_reply *r)
{
    bool get = strcmp(q->method, "GET") == 0;
    const char *query = "filter%5Bidentifier%5D=501&include=lineItems,shippingTrackings&"
                        "page%5Bsize%5D=2";
    if (!get && strcmp(mini_header(q, "Content-Type"), media) != 0) {
        r->status = 415;
    } else if (get && strcmp(q->path, "/admin/api/orders") == 0) {
        if (strcmp(q->query, query) != 0) mini_violate(s, "query", q->query);
        r->status = 200;
        put_list(s, r->body);
    } else if (strcmp(q->method, "POST") == 0 &&
               strcmp(q->path, "/admin/api/ordershippingtrackings") == 0) {
        add_tracking(s, q, r);
    } else if (strcmp(q->method, "PATCH") == 0 && strcmp(q->path, "/admin/api/orders/7") == 0) {
        set_status(s, q, r);
    }
}

static void serve(struct mini_shop *s, const struct mini_request *q, struct mini_reply *r)
{
    char bearer[40];
    if (strcmp(q->path, "/oauth2-token") == 0) {
        give_token(s, q, r);
        return;
    }
    snprintf(bearer, sizeof bearer, "Bearer j.%u", s->logins);
    if (strcmp(mini_header(q, "Authorization"), bearer) != 0 || s->refuse_token) {
        r->status = 401; /* with an empty body, as the application does */
        return;
    }
    if (strcmp(mini_header(q, "Accept"), media) != 0) {
        r->status = 406;
        return;
    }
    route(s, q, r);
}

const struct mini_dialect mini_orocommerce = {
    .definition = "orocommerce",
    .base_url = "https://shop.test/admin/api",
    .secret = "client_id: id\nclient_secret: s ec/ret",
    .no_quantities = true,
    .has_login = true,
    .serve = serve,
};
