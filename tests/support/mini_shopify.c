#include <stdio.h>
#include <string.h>

#include "tests/support/mini_shop.h"

static void put_order(const struct mini_shop *s, struct buf *b)
{
    static const char *const money[] = {"PAID", "PENDING", "PAID"};
    buf_text(b, "{\"data\":{\"orders\":{\"nodes\":[");
    if (!s->unknown) {
        buf_printf(b,
                   "{\"id\":\"gid://shopify/Order/9\",\"name\":\"#%s\",\"cancelledAt\":%s,"
                   "\"displayFinancialStatus\":\"%s\",\"displayFulfillmentStatus\":\"UNFULFILLED\","
                   "\"note\":null,\"fulfillmentOrders\":{\"pageInfo\":{\"hasNextPage\":false},"
                   "\"nodes\":[{\"id\":\"gid://shopify/FulfillmentOrder/77\",\"status\":\"OPEN\","
                   "\"lineItems\":{\"nodes\":[",
                   s->number, s->state == MINI_CANCELLED ? "\"2026-03-11T08:00:00Z\"" : "null",
                   money[s->state]);
        for (size_t i = 0; i < s->line_count; i++) {
            buf_printf(
                b,
                "%s{\"id\":\"gid://shopify/FulfillmentOrderLineItem/%zu\",\"totalQuantity\":%d,"
                "\"remainingQuantity\":%d,\"sku\":\"%s\",\"lineItem\":{\"id\":"
                "\"gid://shopify/LineItem/%zu\"}}",
                i > 0 ? "," : "", i + 1, s->ordered[i], s->ordered[i] - mini_shipped(s, i),
                s->skus[i], i + 1);
        }
        buf_text(b, "]}}]}}");
    }
    buf_text(b, "]}}}");
}

static void put_fulfilments(const struct mini_shop *s, struct buf *b)
{
    buf_text(b, "{\"data\":{\"order\":{\"id\":\"gid://shopify/Order/9\",\"fulfillments\":[");
    for (size_t i = 0; i < s->record_count; i++) {
        const char *comma = "";
        buf_printf(b,
                   "%s{\"id\":\"gid://shopify/Fulfillment/%zu\",\"status\":\"SUCCESS\","
                   "\"trackingInfo\":[{\"number\":\"%s\"}],\"fulfillmentLineItems\":{\"nodes\":[",
                   i > 0 ? "," : "", i, s->records[i].tracking);
        for (size_t k = 0; k < s->line_count; k++) {
            if (s->records[i].units[k] == 0) continue;
            buf_printf(b,
                       "%s{\"quantity\":%d,\"lineItem\":{\"id\":\"gid://shopify/LineItem/%zu\"}}",
                       comma, s->records[i].units[k], k + 1);
            comma = ",";
        }
        buf_text(b, "]}}");
    }
    buf_text(b, "]}}}");
}

static void create(struct mini_shop *s, const struct mini_request *q, struct mini_reply *r)
{
    static const char line_id[] = "gid://shopify/FulfillmentOrderLineItem/";
    struct mini_record made = {.stage = 1};
    json_node one = json_at(q->body, "/variables/f/lineItemsByFulfillmentOrder/0");
    json_node items = json_member(one, "fulfillmentOrderLineItems");
    bool fits = json_count(items) > 0;
    for (json_node n = json_first(items); n != NULL; n = json_next(n)) {
        char id[80] = "";
        (void)mini_text_at(n, "/id", id, sizeof id);
        size_t line = mini_line_of(s, id, line_id);
        if (line == MINI_LINES_MAX) {
            mini_violate(s, "line", id);
            return;
        }
        made.units[line] = mini_int_at(n, "/quantity");
        if (mini_shipped(s, line) + made.units[line] > s->ordered[line]) fits = false;
    }
    if (!fits) {
        buf_text(r->body, "{\"data\":{\"fulfillmentCreate\":{\"fulfillment\":null,\"userErrors\":[{"
                          "\"message\":\"Invalid fulfillment order line item quantity\"}]}}}");
        return;
    }
    (void)mini_text_at(q->body, "/variables/f/trackingInfo/number", made.tracking,
                       sizeof made.tracking);
    *mini_record_add(s) = made;
    s->writes++;
    bool all = true;
    for (size_t k = 0; k < s->line_count; k++) {
        if (mini_shipped(s, k) < s->ordered[k]) all = false;
    }
    snprintf(s->status, sizeof s->status, "%s", all ? "shipped" : "partial");
    buf_text(r->body,
             "{\"data\":{\"fulfillmentCreate\":{\"fulfillment\":{\"id\":"
             "\"gid://shopify/Fulfillment/1\",\"status\":\"SUCCESS\"},\"userErrors\":[]}}}");
}

static void serve(struct mini_shop *s, const struct mini_request *q, struct mini_reply *r)
{
    char query[1200] = "";
    r->status = 401;
    if (strcmp(mini_header(q, "X-Shopify-Access-Token"), "shpat_x") != 0) return;
    r->status = 404;
    if (strcmp(q->path, "/admin/api/2025-10/graphql.json") != 0) return;
    r->status = 200;
    (void)mini_text_at(q->body, "/query", query, sizeof query);
    if (strstr(query, "{orders(") != NULL) {
        put_order(s, r->body);
    } else if (strstr(query, "{order(") != NULL) {
        put_fulfilments(s, r->body);
    } else {
        create(s, q, r);
    }
}

const struct mini_dialect mini_shopify = {
    .definition = "shopify",
    .base_url = "https://shop.test",
    .secret = "shpat_x",
    .serve = serve,
};
