#include <stdio.h>
#include <string.h>

#include "tests/support/mini_shop.h"

static void put_order(const struct mini_shop *s, struct buf *b)
{
    static const char *const words[] = {"processing", "pending", "cancelled"};
    buf_printf(b, "{\"id\":%s,\"status\":\"%s\",\"line_items\":[", s->number, words[s->state]);
    for (size_t i = 0; i < s->line_count; i++) {
        buf_printf(b, "%s{\"id\":%zu,\"sku\":\"%s\",\"quantity\":%d}", i > 0 ? "," : "", i + 1,
                   s->skus[i], s->ordered[i]);
    }
    buf_text(b, "]}");
}

static void put_fulfilment(const struct mini_shop *s, size_t i, struct buf *b)
{
    const struct mini_record *r = &s->records[i];
    const char *comma = "";
    buf_printf(b,
               "{\"id\":%zu,\"entity_id\":\"%s\",\"status\":\"fulfilled\",\"is_fulfilled\":true,"
               "\"meta_data\":[{\"id\":1,\"key\":\"_items\",\"value\":[",
               i + 1, s->number);
    for (size_t k = 0; k < s->line_count; k++) {
        if (r->units[k] == 0) continue;
        buf_printf(b, "%s{\"item_id\":%zu,\"qty\":%d}", comma, k + 1, r->units[k]);
        comma = ",";
    }
    buf_printf(
        b,
        "]},{\"key\":\"_tracking_number\",\"value\":\"%s\"},{\"key\":\"_packd_key\",\"value\":"
        "\"%s\"}]}",
        r->tracking, r->key);
}

static void create(struct mini_shop *s, const struct mini_request *q, struct mini_reply *r)
{
    struct mini_record *f = mini_record_add(s);
    json_node items = json_at(q->body, "/meta_data/0/value");
    for (json_node n = json_first(items); n != NULL; n = json_next(n)) {
        int id = mini_int_at(n, "/item_id");
        if (id < 1 || (size_t)id > s->line_count) mini_violate(s, "item", "");
        if (id >= 1 && (size_t)id <= s->line_count) f->units[id - 1] += mini_int_at(n, "/qty");
    }
    (void)mini_text_at(q->body, "/meta_data/1/value", f->tracking, sizeof f->tracking);
    (void)mini_text_at(q->body, "/meta_data/4/value", f->key, sizeof f->key);
    s->writes++;
    bool all = true;
    for (size_t k = 0; k < s->line_count; k++) {
        if (mini_shipped(s, k) < s->ordered[k]) all = false;
    }
    snprintf(s->status, sizeof s->status, "%s", all ? "shipped" : "partial");
    r->status = 201;
    put_fulfilment(s, s->record_count - 1, r->body);
}

static void serve(struct mini_shop *s, const struct mini_request *q, struct mini_reply *r)
{
    r->status = 401;
    /* ck:cs */
    if (strcmp(mini_header(q, "Authorization"), "Basic Y2s6Y3M=") != 0) return;
    r->status = 404;
    bool get = strcmp(q->method, "GET") == 0;
    if (get && strcmp(q->path, "/wp-json/wc/v3/orders/501") == 0 && !s->unknown) {
        r->status = 200;
        put_order(s, r->body);
    } else if (get && strcmp(q->path, "/wp-json/wc/v3/orders/501/fulfillments") == 0) {
        r->status = 200;
        buf_text(r->body, "[");
        for (size_t i = 0; i < s->record_count; i++) {
            if (i > 0) buf_text(r->body, ",");
            put_fulfilment(s, i, r->body);
        }
        buf_text(r->body, "]");
    } else if (!get && strcmp(q->path, "/wp-json/wc/v3/orders/501/fulfillments") == 0) {
        create(s, q, r);
    }
}

const struct mini_dialect mini_woocommerce = {
    .definition = "woocommerce",
    .base_url = "https://shop.test",
    .secret = "consumer_key: ck\nconsumer_secret: cs",
    .serve = serve,
};
