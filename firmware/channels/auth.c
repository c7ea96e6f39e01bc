#include "firmware/channels/auth.h"

#include <string.h>

#include "firmware/base/digest.h"
#include "firmware/base/mem.h"
#include "firmware/base/text.h"
#include "firmware/channels/auth_inner.h"
#include "firmware/channels/take.h"
#include "firmware/channels/template.h"

#define LIVES_MAX_S  2592000
#define EARLY_S      60 /* a token is renewed so long before it ends */
#define PHRASE_ROOM  4096
#define JWT_FORM_MAX 8192

static json_node auth_of(json_node definition)
{
    return json_member(definition, "auth");
}

static bool is_kind(json_node definition, const char *kind)
{
    return slice_is(json_text(json_member(auth_of(definition), "kind")), kind);
}

bool auth_is_login(json_node definition)
{
    return is_kind(definition, "login");
}

bool login_holds(const struct login *l, mono_t now)
{
    return l->value[0] != '\0' && !mono_reached(now, l->expires);
}

static void wipe(void *room, size_t len)
{
    memset(room, 0, len);
    __asm__ volatile("" : : "r"(room) : "memory"); /* the wipe is not optimised away */
}

void login_forget(struct login *l)
{
    wipe(l->value, sizeof l->value);
}

/* ------------------------------------------------------------------------------------- phrases --
 */

/* What a phrase of auth may name, beside values. */
struct naming {
    const struct secret *secret;
    const struct values *v;
    struct slice body;
    json_node takes; /* of a login's answer; NULL: none */
    json_node root;
    const struct hal_http_result *reply;
};

/* A token may be longer than any value. */
static err_t put_login(const struct naming *n, struct slice name, struct buf *out)
{
    const struct row row = {.node = n->root};
    char text[VALUE_CAP];
    size_t before = out->len;
    for (json_node t = json_first(n->takes); t != NULL; t = json_next(t)) {
        if (!slice_eq(json_name(t), name)) continue;
        json_node found = json_kind(t) == JSON_OBJECT ? NULL : pointer_find(&row, t);
        if (json_kind(found) == JSON_STRING) {
            buf_put(out, json_text(found));
        } else {
            take_text(t, &row, n->reply, n->v, text);
            buf_text(out, text);
        }
    }
    return out->len > before ? ERR_OK : ERR_PROTO;
}

static err_t put_name(const struct naming *n, struct slice name, struct buf *out)
{
    struct value_room room;
    if (slice_is(name, "body")) {
        buf_put(out, n->body);
        return ERR_OK;
    }
    if (slice_starts(name, "login.")) return put_login(n, name, out);
    bool secret = slice_is(name, "secret") || slice_starts(name, "secret.");
    struct slice value =
        secret ? secret_find(n->secret, name) : value_find(n->v, &n->v->place, name, &room);
    buf_put(out, value);
    return value.len > 0 ? ERR_OK : ERR_DENIED;
}

static err_t put_phrase(const struct naming *n, struct slice text, struct buf *out)
{
    err_t e = ERR_OK;
    for (size_t at = 0; at < text.len && e == ERR_OK;) {
        struct slice rest = slice_sub(text, at, text.len);
        size_t open = slice_find_byte(rest, '{');
        size_t close = slice_find_byte(rest, '}');
        buf_put(out, slice_sub(rest, 0, open));
        if (open == rest.len) break;
        e = put_name(n, slice_sub(rest, open + 1, close), out);
        at += close + 1;
    }
    if (e) return e;
    return out->overflow ? ERR_NOSPACE : ERR_OK;
}

/* value, then base64 of the other phrase. */
static err_t put_header_value(const struct naming *n, json_node auth, struct buf *out)
{
    char room[PHRASE_ROOM];
    struct buf plain = buf_over(room, sizeof room);
    err_t e = put_phrase(n, json_text(json_member(auth, "value")), out);
    json_node base64 = json_member(auth, "base64");
    if (e || base64 == NULL) return e;
    e = put_phrase(n, json_text(base64), &plain);
    if (e == ERR_OK) text_base64(out, buf_slice(&plain));
    wipe(room, sizeof room);
    if (e) return e;
    return out->overflow ? ERR_NOSPACE : ERR_OK;
}

static err_t put_signature(const struct naming *n, json_node auth, struct buf *out)
{
    uint8_t mac[DIGEST_SHA256_LEN];
    struct buf signed_text = buf_new((size_t)2 * BODY_MAX);
    struct slice key = secret_find(n->secret, SLICE("secret"));
    err_t e = put_phrase(n, json_text(json_member(auth, "signs")), &signed_text);
    if (e == ERR_OK) e = put_phrase(n, json_text(json_member(auth, "value")), out);
    if (e == ERR_OK && key.len == 0) e = ERR_DENIED;
    if (e == ERR_OK) e = digest_hmac_sha256(key, buf_slice(&signed_text), mac);
    buf_deinit(&signed_text);
    if (e) return e;
    bool hex = slice_is(json_text(json_member(auth, "encoding")), "hex");
    if (hex) text_hex(out, slice_of(mac, sizeof mac));
    if (!hex) text_base64(out, slice_of(mac, sizeof mac));
    return out->overflow ? ERR_NOSPACE : ERR_OK;
}

static err_t put_oauth1(const struct naming *n, json_node auth, const struct outgoing *o,
                        struct freshness fresh, struct buf *out)
{
    char room[VALUE_CAP];
    struct buf realm = buf_over(room, sizeof room);
    err_t e = put_phrase(n, json_text(json_member(auth, "realm")), &realm);
    return e ? e : oauth1_value(o, n->secret, buf_slice(&realm), fresh, out);
}

/* --------------------------------------------------------------------------------------- adding --
 */

static err_t add_secret_header(struct outgoing *o, json_node definition, size_t len)
{
    struct slice name = json_text(json_member(auth_of(definition), "header"));
    struct slice value = slice_of(o->secret, len);
    if (name.len == 0) name = SLICE("Authorization");
    if (o->header_count == HAL_HTTP_HEADERS_MAX || o->room_used + name.len >= HEADER_ROOM) {
        return ERR_NOSPACE;
    }
    if (len == 0 || !text_is_print(value)) return ERR_DENIED;
    char *kept = o->room + o->room_used;
    err_t e = slice_copy(name, kept, HEADER_ROOM - o->room_used);
    if (e) return e;
    o->room_used += name.len + 1;
    o->secret[len] = '\0';
    o->headers[o->header_count++] = (struct hal_header){.name = kept, .value = o->secret};
    return ERR_OK;
}

err_t auth_add(struct outgoing *o, json_node definition, const char *secret,
               const struct login *login, const struct values *v, struct freshness fresh)
{
    struct buf out = buf_over(o->secret, sizeof o->secret - 1);
    json_node auth = auth_of(definition);
    if (auth_is_login(definition)) {
        buf_text(&out, login->value);
        return add_secret_header(o, definition, out.len);
    }
    struct secret *s = mem_alloc(sizeof *s);
    if (s == NULL) return ERR_NOMEM;
    err_t e = secret_read(fresh.hal, secret, s);
    const struct naming n = {.secret = s, .v = v, .body = buf_slice(&o->body)};
    if (e == ERR_OK && is_kind(definition, "header")) e = put_header_value(&n, auth, &out);
    if (e == ERR_OK && is_kind(definition, "signature")) e = put_signature(&n, auth, &out);
    if (e == ERR_OK && is_kind(definition, "oauth1")) e = put_oauth1(&n, auth, o, fresh, &out);
    secret_wipe(s);
    mem_free(s);
    return e ? e : add_secret_header(o, definition, out.len);
}

/* ---------------------------------------------------------------------------------------- login --
 */

/* Every "name: value" of the secret becomes a value, for the templates of the login alone. */
static err_t add_parts(struct values *v, const struct secret *s)
{
    struct slice all = slice_of(s->text, s->len);
    struct slice whole = secret_find(s, SLICE("secret"));
    err_t e = ERR_OK;
    if (whole.len > 0) e = value_set_named(v, SLICE("secret"), whole);
    while (all.len > 0 && e == ERR_OK) {
        size_t end = slice_find_byte(all, '\n');
        struct slice line = slice_sub(all, 0, end);
        size_t colon = slice_find_byte(line, ':');
        char name[VALUE_NAME_CAP];
        struct buf b = buf_over(name, sizeof name);
        buf_text(&b, "secret.");
        buf_put(&b, slice_trim(slice_sub(line, 0, colon)));
        if (slice_starts(line, "-----BEGIN ")) break;
        if (colon < line.len && !b.overflow) {
            e = value_set_named(v, buf_slice(&b), secret_find(s, buf_slice(&b)));
        }
        all = slice_sub(all, end + 1, all.len);
    }
    return e;
}

/* A form whose fields may be signed assertions. */
static err_t make_form(struct outgoing *o, json_node form, const struct secret *s,
                       const struct values *v, struct freshness fresh)
{
    err_t e = ERR_OK;
    for (json_node f = json_first(form); f != NULL && e == ERR_OK; f = json_next(f)) {
        json_node jwt = json_member(f, "$jwt");
        struct buf assertion = buf_new(JWT_FORM_MAX);
        if (o->body.len > 0) buf_byte(&o->body, '&');
        text_percent(&o->body, json_name(f));
        buf_byte(&o->body, '=');
        if (jwt == NULL) {
            e = template_text(json_text(f), v, &o->body);
        } else {
            e = jwt_value(jwt, s, v, fresh, &assertion);
            buf_put(&o->body, buf_slice(&assertion)); /* base64url and dots need no encoding */
        }
        buf_deinit(&assertion);
    }
    if (e) return e;
    return o->body.overflow ? ERR_NOSPACE : ERR_OK;
}

static err_t add_basic(struct outgoing *o, json_node request, const struct secret *s,
                       const struct values *v)
{
    json_node basic = json_member(request, "basic");
    char room[PHRASE_ROOM];
    struct buf plain = buf_over(room, sizeof room);
    struct buf out = buf_over(o->secret, sizeof o->secret - 1);
    const struct naming n = {.secret = s, .v = v};
    if (basic == NULL) return ERR_OK;
    err_t e = put_phrase(&n, json_text(basic), &plain);
    buf_text(&out, "Basic ");
    if (e == ERR_OK) text_base64(&out, buf_slice(&plain));
    wipe(room, sizeof room);
    if (e) return e;
    if (out.overflow || o->header_count == HAL_HTTP_HEADERS_MAX) return ERR_NOSPACE;
    o->secret[out.len] = '\0';
    o->headers[o->header_count++] =
        (struct hal_header){.name = "Authorization", .value = o->secret};
    return ERR_OK;
}

static err_t make_login(struct outgoing *o, json_node definition,
                        const struct config_channel *config, struct values *v,
                        const struct secret *s, struct freshness fresh)
{
    json_node request = json_member(auth_of(definition), "request");
    json_node form = json_member(request, "form");
    err_t e = add_parts(v, s);
    if (e == ERR_OK && form != NULL) e = make_form(o, form, s, v, fresh);
    if (e == ERR_OK) e = outgoing_make(o, definition, request, config->base_url, v);
    return e ? e : add_basic(o, request, s, v);
}

err_t login_make(struct outgoing *o, json_node definition, const struct config_channel *config,
                 const struct values *v, struct freshness fresh)
{
    struct secret *s = mem_alloc(sizeof *s);
    struct values *own = mem_alloc(sizeof *own);
    err_t e = s == NULL || own == NULL ? ERR_NOMEM : secret_read(fresh.hal, config->secret, s);
    if (e == ERR_OK) {
        *own = *v;
        e = make_login(o, definition, config, own, s, fresh);
        if (e == ERR_INVALID) e = ERR_DENIED; /* a part of the secret is missing */
    }
    if (s != NULL) secret_wipe(s);
    if (own != NULL) wipe(own, sizeof *own);
    mem_free(s);
    mem_free(own);
    return e;
}

static mono_t expiry_of(json_node auth, json_node root, mono_t now)
{
    const struct row row = {.node = root};
    qty_t lives;
    json_node n = pointer_member(&row, auth, "lives_s");
    if (json_qty(n, &lives) != ERR_OK) return MONO_NEVER;
    int64_t s = lives.milli / 1000 < LIVES_MAX_S ? lives.milli / 1000 : LIVES_MAX_S;
    return mono_plus(now, (s - (s / 10 < EARLY_S ? s / 10 : EARLY_S)) * 1000);
}

err_t login_take(struct login *l, json_node definition, const struct config_channel *config,
                 const struct values *v, struct login_answer answer, struct hal *hal)
{
    json_node auth = auth_of(definition);
    struct secret *s = mem_alloc(sizeof *s);
    if (s == NULL) return ERR_NOMEM;
    struct buf out = buf_over(l->value, sizeof l->value - 1);
    err_t e = secret_read(hal, config->secret, s);
    const struct naming n = {.secret = s,
                             .v = v,
                             .takes = json_member(auth, "take"),
                             .root = answer.root,
                             .reply = answer.reply};
    if (e == ERR_OK) e = put_header_value(&n, auth, &out);
    secret_wipe(s);
    mem_free(s);
    if (e == ERR_OK && !text_is_print(buf_slice(&out))) e = ERR_PROTO;
    if (e) {
        login_forget(l);
        return e;
    }
    l->value[out.len] = '\0';
    l->serial++;
    l->expires = expiry_of(auth, answer.root, hal_now(hal));
    return ERR_OK;
}
