#include "firmware/base/sign.h"
#include "firmware/base/text.h"
#include "firmware/channels/auth_inner.h"
#include "firmware/channels/template.h"

#define PART_MAX 2048

static void fill_random(void *ctx, void *out, size_t len)
{
    hal_random(ctx, out, len);
}

static enum sign_kind kind_of(struct slice alg)
{
    if (slice_is(alg, "RS256")) return SIGN_RS256;
    return slice_is(alg, "PS256") ? SIGN_PS256 : SIGN_ES256;
}

/* {"typ":"JWT","alg":...} and the members of the definition's own. */
static err_t put_headers(json_node jwt, const struct values *v, struct buf *out)
{
    enum value_id culprit = VALUE_COUNT;
    struct buf own = buf_new(PART_MAX);
    struct buf all = buf_new(PART_MAX);
    err_t e = template_body(json_member(jwt, "headers"), v, &own, &culprit);
    buf_text(&all, "{\"typ\":\"JWT\",\"alg\":\"");
    buf_put(&all, json_text(json_member(jwt, "alg")));
    buf_text(&all, own.len > 2 ? "\"," : "\"");
    buf_put(&all, slice_sub(buf_slice(&own), 1, own.len));
    if (e == ERR_OK && all.overflow) e = ERR_NOSPACE;
    if (e == ERR_OK) text_base64url(out, buf_slice(&all));
    buf_deinit(&own);
    buf_deinit(&all);
    return e;
}

static err_t put_claims(json_node jwt, const struct values *v, struct buf *out)
{
    enum value_id culprit = VALUE_COUNT;
    struct buf claims = buf_new(PART_MAX);
    err_t e = template_body(json_member(jwt, "claims"), v, &claims, &culprit);
    if (e == ERR_OK) text_base64url(out, buf_slice(&claims));
    buf_deinit(&claims);
    return e;
}

err_t jwt_value(json_node jwt, const struct secret *secret, const struct values *v,
                struct freshness fresh, struct buf *out)
{
    uint8_t raw[SIGN_MAX];
    struct buf signature = buf_over(raw, sizeof raw);
    size_t from = out->len;
    err_t e = put_headers(jwt, v, out);
    buf_byte(out, '.');
    if (e == ERR_OK) e = put_claims(jwt, v, out);
    if (e) return e;
    if (out->overflow) return ERR_NOSPACE;
    const struct sign_source source = {.random = fill_random, .ctx = fresh.hal};
    struct slice key = secret_find(secret, SLICE("secret.private_key"));
    e = sign_data(kind_of(json_text(json_member(jwt, "alg"))), key,
                  slice_sub(buf_slice(out), from, out->len), source, &signature);
    if (e) return e == ERR_INVALID ? ERR_DENIED : e;
    buf_byte(out, '.');
    text_base64url(out, buf_slice(&signature));
    return out->overflow ? ERR_NOSPACE : ERR_OK;
}
