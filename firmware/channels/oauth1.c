#include <stdlib.h>
#include <string.h>

#include "firmware/base/digest.h"
#include "firmware/base/text.h"
#include "firmware/channels/auth_inner.h"

/* OAuth 1.0a (RFC 5849) with HMAC-SHA256. */

#define PAIRS_MAX 40
#define BASE_ROOM 8192
#define PAIR_ROOM 1024

struct pair {
    struct slice text; /* "name=value", both percent-encoded */
};

static int compare_pairs(const void *a, const void *b)
{
    const struct slice x = ((const struct pair *)a)->text;
    const struct slice y = ((const struct pair *)b)->text;
    size_t shorter = x.len < y.len ? x.len : y.len;
    for (size_t i = 0; i < shorter; i++) {
        int left = x.ptr[i] == '=' ? 0 : x.ptr[i]; /* a name ends before any character */
        int right = y.ptr[i] == '=' ? 0 : y.ptr[i];
        if (left != right) return left - right;
    }
    return x.len < y.len ? -1 : x.len > y.len;
}

static const char *method_name(enum hal_method m)
{
    static const char *const names[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    return names[m];
}

struct parameters {
    struct pair pairs[PAIRS_MAX];
    size_t count;
    char room[PAIR_ROOM];
    size_t used;
};

static err_t add_pair(struct parameters *p, const char *name, struct slice value)
{
    struct buf b = buf_over(p->room + p->used, PAIR_ROOM - p->used);
    buf_text(&b, name);
    buf_byte(&b, '=');
    text_percent(&b, value);
    if (b.overflow || p->count == PAIRS_MAX) return ERR_NOSPACE;
    p->pairs[p->count++].text = buf_slice(&b);
    p->used += b.len;
    return ERR_OK;
}

static err_t add_query(struct parameters *p, struct slice query)
{
    while (query.len > 0) {
        size_t end = slice_find_byte(query, '&');
        if (p->count == PAIRS_MAX) return ERR_NOSPACE;
        p->pairs[p->count++].text = slice_sub(query, 0, end);
        query = slice_sub(query, end + 1, query.len);
    }
    return ERR_OK;
}

static void base_string(const struct outgoing *o, struct parameters *p, struct slice url,
                        struct buf *out)
{
    struct buf joined = buf_new(BASE_ROOM);
    qsort(p->pairs, p->count, sizeof p->pairs[0], compare_pairs);
    for (size_t i = 0; i < p->count; i++) {
        if (i > 0) buf_byte(&joined, '&');
        buf_put(&joined, p->pairs[i].text);
    }
    buf_text(out, method_name(o->method));
    buf_byte(out, '&');
    text_percent(out, url);
    buf_byte(out, '&');
    text_percent(out, buf_slice(&joined));
    if (joined.overflow) out->overflow = true;
    buf_deinit(&joined);
}

static err_t sign_base(struct slice base, struct slice consumer, struct slice token,
                       struct buf *out)
{
    char room[PAIR_ROOM];
    uint8_t mac[DIGEST_SHA256_LEN];
    struct buf key = buf_over(room, sizeof room);
    text_percent(&key, consumer);
    buf_byte(&key, '&');
    text_percent(&key, token);
    err_t e = key.overflow ? ERR_NOSPACE : digest_hmac_sha256(buf_slice(&key), base, mac);
    memset(room, 0, sizeof room);
    __asm__ volatile("" : : "r"(room) : "memory"); /* the wipe is not optimised away */
    if (e == ERR_OK) text_base64(out, slice_of(mac, sizeof mac));
    return e;
}

static void put_parameter(struct buf *out, const char *name, struct slice value)
{
    buf_text(out, name);
    buf_text(out, "=\"");
    text_percent(out, value);
    buf_byte(out, '"');
}

/* The parameters of the header, in the order they are sent. */
struct header_parameters {
    const char *name;
    struct slice value;
};

static err_t signature_of(const struct outgoing *o, const struct header_parameters *own,
                          size_t count, const struct secret *secret, struct buf *out)
{
    struct parameters p = {.count = 0};
    struct slice url = slice_text(o->url);
    size_t mark = slice_find_byte(url, '?');
    err_t e = add_query(&p, slice_sub(url, mark + 1, url.len));
    for (size_t i = 0; i < count && e == ERR_OK; i++) {
        e = add_pair(&p, own[i].name, own[i].value);
    }
    if (e) return e;
    struct buf base = buf_new((size_t)2 * BASE_ROOM);
    base_string(o, &p, slice_sub(url, 0, mark), &base);
    e = base.overflow
            ? ERR_NOSPACE
            : sign_base(buf_slice(&base), secret_find(secret, SLICE("secret.consumer_secret")),
                        secret_find(secret, SLICE("secret.token_secret")), out);
    buf_deinit(&base);
    return e;
}

err_t oauth1_value(const struct outgoing *o, const struct secret *secret, struct slice realm,
                   struct freshness fresh, struct buf *out)
{
    uint8_t random[16];
    char nonce[40], time[24], signature[64];
    struct buf n = buf_over(nonce, sizeof nonce);
    struct buf t = buf_over(time, sizeof time);
    struct buf s = buf_over(signature, sizeof signature);
    hal_random(fresh.hal, random, sizeof random);
    text_hex(&n, slice_of(random, sizeof random));
    buf_printf(&t, "%lld", (long long)(fresh.wall_ms / 1000));
    const struct header_parameters own[] = {
        {"oauth_consumer_key", secret_find(secret, SLICE("secret.consumer_key"))},
        {"oauth_token", secret_find(secret, SLICE("secret.token"))},
        {"oauth_signature_method", SLICE("HMAC-SHA256")},
        {"oauth_timestamp", buf_slice(&t)},
        {"oauth_nonce", buf_slice(&n)},
        {"oauth_version", SLICE("1.0")},
    };
    if (own[0].value.len == 0 || own[1].value.len == 0) return ERR_DENIED;
    err_t e = signature_of(o, own, sizeof own / sizeof own[0], secret, &s);
    if (e) return e;
    buf_text(out, "OAuth ");
    if (realm.len > 0) {
        put_parameter(out, "realm", realm);
        buf_text(out, ", ");
    }
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        put_parameter(out, own[i].name, own[i].value);
        buf_text(out, ", ");
    }
    put_parameter(out, "oauth_signature", buf_slice(&s));
    return out->overflow ? ERR_NOSPACE : ERR_OK;
}
