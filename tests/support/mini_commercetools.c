#include <stdio.h>
#include <string.h>

#include "tests/support/mini_shop.h"

static const char order_path[] = "/demo/orders/order-number=501";
static const char update_path[] = "/demo/orders/0c1-order";

static void put_items(const struct mini_shop *s, const struct mini_record *r, struct buf *b)
{
    const char *comma = "";
    buf_text(b, "[");
    for (size_t i = 0; i < s->line_count; i++) {
        if (r->units[i] == 0) continue;
        buf_printf(b, "%s{\"id\":\"line-%zu\",\"quantity\":%d}", comma, i + 1, r->units[i]);
        comma = ",";
    }
    buf_text(b, "]");
}

static void put_order(const struct mini_shop *s, struct buf *b)
{
    buf_printf(b,
               "{\"id\":\"0c1-order\",\"version\":%d,\"orderNumber\":\"%s\",\"orderState\":\"%s\"",
               s->version, s->number, s->state == MINI_CANCELLED ? "Cancelled" : "Open");
    if (s->status[0] != '\0') buf_printf(b, ",\"shipmentState\":\"%s\"", s->status);
    if (s->state == MINI_HOLD) buf_text(b, ",\"paymentState\":\"Failed\"");
    buf_text(b, ",\"lineItems\":[");
    for (size_t i = 0; i < s->line_count; i++) {
        buf_printf(b, "%s{\"id\":\"line-%zu\",\"quantity\":%d,\"variant\":{\"sku\":\"%s\"}}",
                   i > 0 ? "," : "", i + 1, s->ordered[i], s->skus[i]);
    }
    buf_text(b, "],\"shippingInfo\":{\"shippingMethodName\":\"std\",\"deliveries\":[");
    for (size_t i = 0; i < s->record_count; i++) {
        const struct mini_record *r = &s->records[i];
        buf_printf(b, "%s{\"id\":\"d-%zu\",\"key\":\"%s\",\"items\":", i > 0 ? "," : "", i, r->key);
        put_items(s, r, b);
        buf_printf(b, ",\"parcels\":[{\"id\":\"p\",\"trackingData\":{\"trackingId\":\"%s\"}}]}",
                   r->tracking);
    }
    buf_text(b, "]}}");
}

static void take_items(struct mini_shop *s, json_node list, struct mini_record *r)
{
    for (json_node n = json_first(list); n != NULL; n = json_next(n)) {
        char id[40] = "";
        size_t line =
            mini_text_at(n, "/id", id, sizeof id) ? mini_line_of(s, id, "line-") : MINI_LINES_MAX;
        int quantity = mini_int_at(n, "/quantity");
        if (line == MINI_LINES_MAX || quantity <= 0) {
            mini_violate(s, "item", id);
            return;
        }
        r->units[line] += quantity;
    }
}

static void add_delivery(struct mini_shop *s, json_node action)
{
    struct mini_record *r = mini_record_add(s);
    char carrier[40] = "";
    if (!mini_text_at(action, "/deliveryKey", r->key, sizeof r->key)) mini_violate(s, "key", "");
    if (!mini_text_at(action, "/parcels/0/trackingData/trackingId", r->tracking,
                      sizeof r->tracking)) {
        mini_violate(s, "tracking", "");
    }
    (void)mini_text_at(action, "/parcels/0/trackingData/carrier", carrier, sizeof carrier);
    take_items(s, json_member(action, "items"), r);
}

static void update(struct mini_shop *s, const struct mini_request *q, struct mini_reply *r)
{
    if (mini_int_at(q->body, "/version") != s->version) {
        r->status = 409;
        buf_printf(r->body,
                   "{\"statusCode\":409,\"message\":\"version\",\"errors\":[{\"code\":"
                   "\"ConcurrentModification\",\"currentVersion\":%d}]}",
                   s->version);
        return;
    }
    json_node actions = json_member(q->body, "actions");
    for (json_node a = json_first(actions); a != NULL; a = json_next(a)) {
        char action[40] = "";
        (void)mini_text_at(a, "/action", action, sizeof action);
        if (strcmp(action, "addDelivery") == 0) {
            add_delivery(s, a);
        } else if (strcmp(action, "changeShipmentState") == 0) {
            (void)mini_text_at(a, "/shipmentState", s->status, sizeof s->status);
        } else if (strcmp(action, "changeOrderState") != 0) {
            mini_violate(s, "action", action);
        }
    }
    s->version += 2;
    s->writes++;
    r->status = 200;
    put_order(s, r->body);
}

static void give_token(struct mini_shop *s, const struct mini_request *q, struct mini_reply *r)
{
    const char *wanted = "grant_type=client_credentials&scope=manage_orders%3Ademo";
    /* id:secret */
    if (strcmp(mini_header(q, "Authorization"), "Basic aWQ6c2VjcmV0") != 0) {
        r->status = 401;
        buf_text(r->body, "{\"error\":\"invalid_client\"}");
        return;
    }
    if (q->raw.len != strlen(wanted) || memcmp(q->raw.ptr, wanted, q->raw.len) != 0) {
        mini_violate(s, "token body", "");
    }
    s->logins++;
    s->refuse_token = false;
    r->status = 200;
    buf_printf(r->body,
               "{\"access_token\":\"tok-%u\",\"token_type\":\"Bearer\",\"expires_in\":172800}",
               s->logins);
}

static void serve(struct mini_shop *s, const struct mini_request *q, struct mini_reply *r)
{
    char bearer[40];
    if (strcmp(q->url, "https://auth.test/oauth/token") == 0) {
        give_token(s, q, r);
        return;
    }
    snprintf(bearer, sizeof bearer, "Bearer tok-%u", s->logins);
    if (strcmp(mini_header(q, "Authorization"), bearer) != 0 || s->refuse_token) {
        r->status = 401;
        buf_text(r->body, "{\"statusCode\":401,\"errors\":[{\"code\":\"invalid_token\"}]}");
    } else if (strcmp(q->method, "GET") == 0 && strcmp(q->path, order_path) == 0 && !s->unknown) {
        r->status = 200;
        put_order(s, r->body);
    } else if (strcmp(q->method, "POST") == 0 && strcmp(q->path, update_path) == 0) {
        update(s, q, r);
    } else {
        r->status = 404;
        buf_text(r->body, "{\"statusCode\":404,\"message\":\"not found\"}");
    }
}

const struct mini_dialect mini_commercetools = {
    .definition = "commercetools",
    .base_url = "https://shop.test/demo",
    .secret = "client_id: id\nclient_secret: secret",
    .options = {"token_url=https://auth.test/oauth/token", "scope=manage_orders:demo"},
    .has_login = true,
    .serve = serve,
};
