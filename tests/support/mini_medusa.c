#include <stdio.h>
#include <string.h>

#include "firmware/base/text.h"
#include "tests/support/mini_shop.h"

/* Stages of a fulfilment: 0 made, 1 shipped. */

static const char *status_of(const struct mini_shop *s)
{
    static const char *const words[] = {"pending", "requires_action", "canceled"};
    return words[s->state];
}

static void put_fulfilment(const struct mini_shop *s, size_t i, struct buf *b)
{
    const struct mini_record *r = &s->records[i];
    const char *comma = "";
    buf_printf(
        b,
        "{\"id\":\"ful_%zu\",\"shipped_at\":%s,\"canceled_at\":null,\"metadata\":{\"pack_key\":"
        "\"%s\"},\"labels\":[",
        i + 1, r->stage > 0 ? "\"2026-03-11T08:00:00Z\"" : "null", r->key);
    if (r->tracking[0] != '\0') buf_printf(b, "{\"tracking_number\":\"%s\"}", r->tracking);
    buf_text(b, "],\"items\":[");
    for (size_t k = 0; k < s->line_count; k++) {
        if (r->units[k] == 0) continue;
        buf_printf(b, "%s{\"line_item_id\":\"ordli_%zu\",\"quantity\":%d}", comma, k + 1,
                   r->units[k]);
        comma = ",";
    }
    buf_text(b, "]}");
}

static void put_order(const struct mini_shop *s, struct buf *b)
{
    buf_printf(b, "{\"order\":{\"id\":\"order_X\",\"display_id\":%s,\"status\":\"%s\",\"items\":[",
               s->number, status_of(s));
    for (size_t i = 0; i < s->line_count; i++) {
        buf_printf(b, "%s{\"id\":\"ordli_%zu\",\"variant_sku\":\"%s\",\"quantity\":%d}",
                   i > 0 ? "," : "", i + 1, s->skus[i], s->ordered[i]);
    }
    buf_text(b, "],\"fulfillments\":[");
    for (size_t i = 0; i < s->record_count; i++) {
        if (i > 0) buf_text(b, ",");
        put_fulfilment(s, i, b);
    }
    buf_text(b, "]}}");
}

static void refuse(struct mini_reply *r, const char *message)
{
    r->status = 400;
    buf_printf(r->body, "{\"type\":\"invalid_data\",\"message\":\"%s\"}", message);
}

static void create(struct mini_shop *s, const struct mini_request *q, struct mini_reply *r)
{
    struct mini_record made = {.stage = 0};
    char location[16] = "";
    (void)mini_text_at(q->body, "/location_id", location, sizeof location);
    (void)mini_text_at(q->body, "/metadata/pack_key", made.key, sizeof made.key);
    if (strcmp(location, "sloc_1") != 0) mini_violate(s, "location", location);
    json_node items = json_member(q->body, "items");
    for (json_node n = json_first(items); n != NULL; n = json_next(n)) {
        char id[24] = "";
        (void)mini_text_at(n, "/id", id, sizeof id);
        size_t line = mini_line_of(s, id, "ordli_");
        if (line == MINI_LINES_MAX) {
            refuse(r, "no such item");
            return;
        }
        made.units[line] = mini_int_at(n, "/quantity");
        if (mini_shipped(s, line) + made.units[line] > s->ordered[line]) {
            refuse(r, "Quantity to fulfill exceeds the reserved quantity");
            return;
        }
    }
    *mini_record_add(s) = made;
    s->writes++;
    put_order(s, r->body);
}

static void ship(struct mini_shop *s, const struct mini_request *q, size_t i, struct mini_reply *r)
{
    if (i >= s->record_count) {
        r->status = 404;
        return;
    }
    if (s->records[i].stage > 0) {
        refuse(r, "Shipment has already been created");
        return;
    }
    s->records[i].stage = 1;
    (void)mini_text_at(q->body, "/labels/0/tracking_number", s->records[i].tracking,
                       sizeof s->records[i].tracking);
    s->writes++;
    bool all = true;
    for (size_t k = 0; k < s->line_count; k++) {
        if (mini_shipped(s, k) < s->ordered[k]) all = false;
    }
    snprintf(s->status, sizeof s->status, "%s", all ? "shipped" : "partially_shipped");
    put_order(s, r->body);
}

static void serve(struct mini_shop *s, const struct mini_request *q, struct mini_reply *r)
{
    static const char one[] = "/admin/orders/order_X";
    static const char ful[] = "/admin/orders/order_X/fulfillments/ful_";
    r->status = 401;
    if (strcmp(mini_header(q, "Authorization"), "Basic c2tfdG9rZW46") != 0) return; /* sk_token: */
    r->status = 200;
    if (strcmp(q->path, "/admin/orders") == 0) {
        /* A search finds more than it was asked for. */
        buf_text(r->body, "{\"orders\":[{\"id\":\"order_A\",\"display_id\":5012}");
        if (!s->unknown) {
            buf_printf(r->body, ",{\"id\":\"order_X\",\"display_id\":%s}", s->number);
        }
        buf_text(r->body, "]}");
    } else if (strcmp(q->method, "GET") == 0 && strcmp(q->path, one) == 0) {
        put_order(s, r->body);
    } else if (strcmp(q->path, "/admin/orders/order_X/fulfillments") == 0) {
        create(s, q, r);
    } else if (strncmp(q->path, ful, sizeof ful - 1) == 0 &&
               strstr(q->path, "/shipments") != NULL) {
        ship(s, q, (size_t)(q->path[sizeof ful - 1] - '1'), r);
    } else {
        r->status = 404;
    }
}

const struct mini_dialect mini_medusa = {
    .definition = "medusa",
    .base_url = "https://shop.test",
    .secret = "sk_token",
    .options = {"location=sloc_1"},
    .searches = true,
    .serve = serve,
};
