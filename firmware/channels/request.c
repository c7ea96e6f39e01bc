#include "firmware/channels/request.h"

#include <string.h>

#include "firmware/base/text.h"
#include "firmware/channels/template.h"

#define TIMEOUT_MS 20000

void outgoing_init(struct outgoing *o)
{
    o->header_count = 0;
    o->room_used = 0;
    o->secret[0] = '\0';
    o->has_body = false;
    o->body = buf_new(BODY_MAX);
}

void outgoing_deinit(struct outgoing *o)
{
    if (o->body.ptr != NULL) memset(o->body.ptr, 0, o->body.len);
    buf_deinit(&o->body);
    memset(o->secret, 0, sizeof o->secret);
    memset(o->room, 0, sizeof o->room);
    __asm__ volatile("" : : "r"(o->secret), "r"(o->room) : "memory"); /* not optimised away */
}

static const char *keep(struct outgoing *o, struct slice text)
{
    char *to = o->room + o->room_used;
    if (slice_copy(text, to, HEADER_ROOM - o->room_used) != ERR_OK) return NULL;
    o->room_used += text.len + 1;
    return to;
}

err_t outgoing_header(struct outgoing *o, struct slice name, struct slice value)
{
    if (o->header_count == HAL_HTTP_HEADERS_MAX || o->room_used >= HEADER_ROOM) return ERR_NOSPACE;
    if (!text_is_print(name) || !text_is_print(value)) return ERR_INVALID;
    const char *kept_name = keep(o, name);
    const char *kept_value = kept_name == NULL ? NULL : keep(o, value);
    if (kept_value == NULL) return ERR_NOSPACE;
    o->headers[o->header_count++] = (struct hal_header){.name = kept_name, .value = kept_value};
    return ERR_OK;
}

static err_t add_headers(struct outgoing *o, json_node map, const struct values *v)
{
    err_t e = ERR_OK;
    for (json_node n = json_first(map); n != NULL && e == ERR_OK; n = json_next(n)) {
        char text[VALUE_CAP];
        struct buf b = buf_over(text, sizeof text);
        e = template_plain(json_text(n), v, &b);
        if (e == ERR_OK) e = outgoing_header(o, json_name(n), buf_slice(&b));
    }
    return e;
}

static bool has_header(const struct outgoing *o, const char *name)
{
    for (size_t i = 0; i < o->header_count; i++) {
        if (slice_is_nocase(slice_text(o->headers[i].name), name)) return true;
    }
    return false;
}

static enum hal_method method_of(struct slice word)
{
    if (slice_is(word, "POST")) return HAL_POST;
    if (slice_is(word, "PUT")) return HAL_PUT;
    if (slice_is(word, "PATCH")) return HAL_PATCH;
    if (slice_is(word, "DELETE")) return HAL_DELETE;
    return HAL_GET;
}

static err_t make_body(struct outgoing *o, json_node request, const struct values *v)
{
    json_node tree = json_member(request, "json");
    json_node form = json_member(request, "form");
    enum value_id culprit = VALUE_COUNT;
    o->has_body = tree != NULL || form != NULL;
    err_t e = ERR_OK;
    if (tree != NULL) e = template_body(tree, v, &o->body, &culprit);
    if (form != NULL && o->body.len == 0) e = template_form(form, v, &o->body);
    if (e || !o->has_body || has_header(o, "Content-Type")) return e;
    return outgoing_header(o, SLICE("Content-Type"),
                           tree != NULL ? SLICE("application/json")
                                        : SLICE("application/x-www-form-urlencoded"));
}

static err_t make_url(struct outgoing *o, json_node request, const char *base_url,
                      const struct values *v)
{
    struct buf b = buf_over(o->url, sizeof o->url - 1);
    json_node url = json_member(request, "url");
    err_t e = url != NULL ? template_plain(json_text(url), v, &b)
                          : template_url(request, base_url, v, &b);
    if (e) return e;
    o->url[b.len] = '\0';
    return text_is_print(buf_slice(&b)) ? ERR_OK : ERR_INVALID;
}

err_t outgoing_make(struct outgoing *o, json_node definition, json_node request,
                    const char *base_url, const struct values *v)
{
    o->method = method_of(json_text(json_member(request, "method")));
    err_t e = make_url(o, request, base_url, v);
    if (e == ERR_OK) e = add_headers(o, json_member(request, "headers"), v);
    json_node own = json_member(definition, "headers");
    for (json_node n = json_first(own); n != NULL && e == ERR_OK; n = json_next(n)) {
        char name[64];
        char text[VALUE_CAP];
        struct buf b = buf_over(text, sizeof text);
        e = slice_copy(json_name(n), name, sizeof name);
        if (e == ERR_OK && has_header(o, name)) continue;
        if (e == ERR_OK) e = template_plain(json_text(n), v, &b);
        if (e == ERR_OK) e = outgoing_header(o, json_name(n), buf_slice(&b));
    }
    return e ? e : make_body(o, request, v);
}

err_t outgoing_send(struct outgoing *o, struct effects *fx, json_node definition,
                    const struct sending *how)
{
    int64_t reply_max = 0;
    err_t e = json_int(json_member(definition, "reply_max"), 1, REPLY_MAX, &reply_max);
    if (e) return e;
    const struct hal_http_request q = {
        .method = o->method,
        .url = o->url,
        .headers = o->headers,
        .header_count = o->header_count,
        .body = buf_slice(&o->body),
        .has_body = o->has_body,
        .write = how->write,
        .timeout_ms = how->config->timeout_ms > 0 ? how->config->timeout_ms : TIMEOUT_MS,
        .reply_max = (size_t)reply_max,
        .ca = how->config->ca[0] != '\0' ? how->config->ca : NULL,
    };
    return effects_http(fx, &q, how->done, how->ctx, how->tag, NULL);
}
