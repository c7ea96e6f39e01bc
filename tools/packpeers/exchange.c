#include "tools/packpeers/exchange.h"

#include <stdio.h>
#include <string.h>

#include "firmware/base/clock.h"
#include "firmware/base/text.h"

const char *request_header(const struct peer_request *r, const char *name)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (slice_is_nocase(slice_text(r->headers[i].name), name)) return r->headers[i].value;
    return NULL;
}

static bool decoded_is(struct slice encoded, const char *name)
{
    char room[128];
    struct buf b = buf_over(room, sizeof room);
    return !text_unpercent(&b, encoded, true) && !b.overflow && slice_is(buf_slice(&b), name);
}

bool query_value(struct slice query, const char *name, char *out, size_t cap)
{
    while (query.len > 0) {
        size_t end = slice_find_byte(query, '&');
        struct slice pair = slice_sub(query, 0, end);
        query = slice_sub(query, end + 1, query.len);
        size_t cut = slice_find_byte(pair, '=');
        if (!decoded_is(slice_sub(pair, 0, cut), name)) continue;
        struct buf b = buf_over(out, cap);
        err_t e = text_unpercent(&b, slice_sub(pair, cut + 1, pair.len), true);
        if (e || b.overflow || b.len >= cap) return false;
        out[b.len] = 0;
        return true;
    }
    return false;
}

static bool take_number(const char **at, uint32_t *out)
{
    const char *s = *at;
    uint64_t n = 0;
    if (*s < '0' || *s > '9') return false;
    for (; *s >= '0' && *s <= '9'; s++) {
        n = n * 10 + (uint64_t)(*s - '0');
        if (n > UINT32_MAX) return false;
    }
    *at = s;
    *out = (uint32_t)n;
    return true;
}

bool path_fits(const char *pattern, const char *path, uint32_t out_ids[2])
{
    uint32_t ids[2] = {0, 0};
    int have = 0;
    while (*pattern) {
        if (*pattern == ':') {
            if (have == 2 || !take_number(&path, &ids[have])) return false;
            have++;
            pattern++;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    if (*path) return false;
    out_ids[0] = ids[0];
    out_ids[1] = ids[1];
    return true;
}

void peer_reply_init(struct peer_reply *r)
{
    memset(r, 0, sizeof *r);
    r->body = buf_new(PEER_REPLY_BODY_MAX);
}

void peer_reply_deinit(struct peer_reply *r)
{
    buf_deinit(&r->body);
}

const char *peer_reply_header(const struct peer_reply *r, const char *name)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (slice_is_nocase(slice_text(r->headers[i].name), name)) return r->headers[i].value;
    return NULL;
}

void reply_status(struct peer_reply *r, int status)
{
    r->outcome = PEER_ANSWER;
    r->status = status;
    buf_clear(&r->body);
}

void reply_header(struct peer_reply *r, const char *name, const char *value)
{
    if (r->header_count == PEER_REPLY_HEADERS_MAX) return;
    struct peer_reply_header *h = &r->headers[r->header_count++];
    h->name = name;
    (void)snprintf(h->value, sizeof h->value, "%s", value);
}

struct json_writer reply_json(struct peer_reply *r, int status)
{
    reply_status(r, status);
    reply_header(r, "Content-Type", "application/json; charset=utf-8");
    return json_write(&r->body);
}

void reply_text(struct peer_reply *r, int status, const char *type, const char *text)
{
    reply_status(r, status);
    reply_header(r, "Content-Type", type);
    buf_text(&r->body, text);
}

void put_text_or_null(struct json_writer *w, const char *name, const char *text)
{
    json_put_text(w, name, text && text[0] ? text : NULL);
}

void put_id_or_null(struct json_writer *w, const char *name, uint32_t id)
{
    if (id)
        json_put_int(w, name, id);
    else
        json_put_null(w, name);
}

void put_time_or_null(struct json_writer *w, const char *name, int64_t ms)
{
    char iso[CLOCK_ISO_CAP];
    json_put_text(w, name, ms ? clock_iso(ms, iso) : NULL);
}

void put_milli(struct json_writer *w, const char *name, int64_t milli)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%lld.%lld", (long long)(milli / 1000),
                   (long long)(milli % 1000 / 100));
    json_put_raw(w, name, slice_text(text));
}

static bool listed(struct slice name, const char *known)
{
    struct slice rest = slice_text(known);
    while (rest.len > 0) {
        size_t end = slice_find_byte(rest, ' ');
        if (slice_eq(slice_sub(rest, 0, end), name)) return true;
        rest = slice_sub(rest, end + 1, rest.len);
    }
    return false;
}

void remark_unknown(struct peers *p, const char *what, json_node object, const char *known)
{
    if (json_kind(object) != JSON_OBJECT) return;
    for (json_node m = json_first(object); m; m = json_next(m)) {
        struct slice name = slice_sub(json_name(m), 0, 80);
        if (!listed(json_name(m), known))
            world_remark(p, "%s: unknown member %.*s was dropped", what, SLICE_ARGS(name));
    }
}

bool member_given(json_node object, const char *name)
{
    json_node m = json_member(object, name);
    return m && json_kind(m) != JSON_NULL;
}

const char *member_text(struct peers *p, json_node object, const char *name)
{
    json_node m = json_member(object, name);
    return json_kind(m) == JSON_STRING ? world_slice(p, json_text(m)) : NULL;
}

bool member_id(json_node object, const char *name, uint32_t *out)
{
    *out = 0;
    if (!member_given(object, name)) return true;
    int64_t n;
    if (json_int(json_member(object, name), 1, UINT32_MAX, &n)) return false;
    *out = (uint32_t)n;
    return true;
}
