#include <stdio.h>
#include <string.h>

#include "tests/support/mini_shop.h"

static void put_orders(const struct mini_shop *s, struct buf *b)
{
    static const char *const words[] = {"processing", "new", "canceled"};
    buf_text(b, "{\"items\":[");
    if (!s->unknown) {
        buf_printf(b, "{\"entity_id\":12,\"increment_id\":\"%s\",\"state\":\"%s\",\"items\":[",
                   s->number, words[s->state]);
        for (size_t i = 0; i < s->line_count; i++) {
            buf_printf(b,
                       "%s{\"item_id\":%zu,\"sku\":\"%s\",\"qty_ordered\":%d,\"qty_shipped\":"
                       "\"%d.0000\"}",
                       i > 0 ? "," : "", i + 1, s->skus[i], s->ordered[i], mini_shipped(s, i));
        }
        buf_text(b, "]}");
    }
    buf_text(b, "],\"total_count\":1}");
}

static void put_shipments(const struct mini_shop *s, struct buf *b)
{
    buf_text(b, "{\"items\":[");
    for (size_t i = 0; i < s->record_count; i++) {
        const struct mini_record *r = &s->records[i];
        const char *comma = "";
        buf_printf(b, "%s{\"entity_id\":%zu,\"order_id\":12,\"items\":[", i > 0 ? "," : "", i + 40);
        for (size_t k = 0; k < s->line_count; k++) {
            if (r->units[k] == 0) continue;
            buf_printf(b, "%s{\"order_item_id\":%zu,\"qty\":%d}", comma, k + 1, r->units[k]);
            comma = ",";
        }
        buf_printf(b,
                   "],\"tracks\":[{\"track_number\":\"%s\"}],\"comments\":[{\"comment\":\"%s\"}]}",
                   r->tracking, r->key);
    }
    buf_text(b, "]}");
}

static void ship(struct mini_shop *s, const struct mini_request *q, struct mini_reply *r)
{
    struct mini_record made = {.stage = 1};
    json_node items = json_member(q->body, "items");
    for (json_node n = json_first(items); n != NULL; n = json_next(n)) {
        int id = mini_int_at(n, "/order_item_id");
        int quantity = mini_int_at(n, "/qty");
        bool fits = id >= 1 && (size_t)id <= s->line_count &&
                    mini_shipped(s, (size_t)id - 1) + quantity <= s->ordered[id - 1];
        if (!fits) {
            r->status = 400;
            buf_text(r->body,
                     "{\"message\":\"The order does not allow a shipment to be created.\"}");
            return;
        }
        made.units[id - 1] = quantity;
    }
    (void)mini_text_at(q->body, "/tracks/0/track_number", made.tracking, sizeof made.tracking);
    (void)mini_text_at(q->body, "/comment/comment", made.key, sizeof made.key);
    *mini_record_add(s) = made;
    s->writes++;
    bool all = true;
    for (size_t k = 0; k < s->line_count; k++) {
        if (mini_shipped(s, k) < s->ordered[k]) all = false;
    }
    snprintf(s->status, sizeof s->status, "%s", all ? "complete" : "processing");
    r->status = 200;
    buf_printf(r->body, "\"%zu\"", s->record_count + 39);
}

static void serve(struct mini_shop *s, const struct mini_request *q, struct mini_reply *r)
{
    r->status = 401;
    if (strcmp(mini_header(q, "Authorization"), "Bearer integration") != 0) return;
    r->status = 200;
    bool get = strcmp(q->method, "GET") == 0;
    if (get && strcmp(q->path, "/rest/default/V1/orders") == 0) {
        if (strstr(q->query, "5D=increment_id&") == NULL || strstr(q->query, "5D=501&") == NULL) {
            mini_violate(s, "query", q->query);
        }
        put_orders(s, r->body);
    } else if (get && strcmp(q->path, "/rest/default/V1/shipments") == 0) {
        put_shipments(s, r->body);
    } else if (!get && strcmp(q->path, "/rest/default/V1/order/12/ship") == 0) {
        ship(s, q, r);
    } else {
        r->status = 404;
    }
}

const struct mini_dialect mini_adobe_commerce = {
    .definition = "adobe-commerce",
    .base_url = "https://shop.test/rest/default",
    .secret = "integration",
    .serve = serve,
};
