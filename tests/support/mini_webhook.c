#include <stdio.h>
#include <string.h>

#include "firmware/base/digest.h"
#include "firmware/base/text.h"
#include "tests/support/mini_shop.h"

/* "v1," and the Base64 of HMAC-SHA256 over "id.timestamp.body". */
static bool is_signed(const struct mini_request *q)
{
    uint8_t mac[DIGEST_SHA256_LEN];
    char expected[80];
    struct buf text = buf_new(65536);
    struct buf e = buf_over(expected, sizeof expected);
    buf_printf(&text, "%s.%s.", mini_header(q, "webhook-id"), mini_header(q, "webhook-timestamp"));
    buf_put(&text, q->raw);
    if (digest_hmac_sha256(SLICE("shared secret"), buf_slice(&text), mac) != ERR_OK) return false;
    buf_deinit(&text);
    buf_text(&e, "v1,");
    text_base64(&e, slice_of(mac, sizeof mac));
    return strcmp(buf_cstr(&e), mini_header(q, "webhook-signature")) == 0;
}

static void take_parcel(struct mini_shop *s, json_node parcel, struct mini_record *r)
{
    json_node lines = json_member(parcel, "lines");
    if (!mini_text_at(parcel, "/tracking", r->tracking, sizeof r->tracking)) {
        mini_violate(s, "tracking", "");
    }
    for (json_node n = json_first(lines); n != NULL; n = json_next(n)) {
        char sku[40] = "";
        (void)mini_text_at(n, "/sku", sku, sizeof sku);
        for (size_t i = 0; i < s->line_count; i++) {
            if (strcmp(s->skus[i], sku) == 0) r->units[i] += mini_int_at(n, "/quantity");
        }
    }
}

static void serve(struct mini_shop *s, const struct mini_request *q, struct mini_reply *r)
{
    char key[64] = "";
    if (!is_signed(q)) {
        r->status = 401;
        return;
    }
    if (strcmp(q->path, "/hook/dispatches") != 0 || strcmp(q->method, "POST") != 0) return;
    if (!mini_text_at(q->body, "/key", key, sizeof key) ||
        strcmp(key, mini_header(q, "webhook-id")) != 0) {
        mini_violate(s, "key", key);
    }
    r->status = 202;
    if (mini_record_by_key(s, key) != NULL) {
        r->status = 409;
        return;
    }
    struct mini_record *record = mini_record_add(s);
    snprintf(record->key, sizeof record->key, "%s", key);
    json_node parcels = json_member(q->body, "parcels");
    for (json_node p = json_first(parcels); p != NULL; p = json_next(p)) {
        take_parcel(s, p, record);
    }
    snprintf(s->status, sizeof s->status, "%s",
             json_bool(json_member(q->body, "complete"), false) ? "complete" : "partial");
    s->writes++;
}

const struct mini_dialect mini_webhook = {
    .definition = "webhook",
    .base_url = "https://shop.test/hook",
    .secret = "shared secret",
    .blind = true,
    .one_record = true,
    .serve = serve,
};
