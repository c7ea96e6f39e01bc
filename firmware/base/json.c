#include "firmware/base/json.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "firmware/base/json_scan.h"
#include "firmware/base/text.h"

/* --------------------------------------------------------------------------------- navigation --
 */

enum json_kind json_kind(json_node n)
{
    const cJSON *c = n;
    if (c == NULL) return JSON_ABSENT;
    if (cJSON_IsNull(c)) return JSON_NULL;
    if (cJSON_IsBool(c)) return JSON_BOOL;
    if (cJSON_IsNumber(c)) return JSON_NUMBER;
    if (cJSON_IsString(c)) return JSON_STRING;
    return cJSON_IsArray(c) ? JSON_ARRAY : JSON_OBJECT;
}

json_node json_member(json_node n, const char *name)
{
    const cJSON *c = n;
    if (!cJSON_IsObject(c) || name == NULL) return NULL;
    for (c = c->child; c != NULL; c = c->next)
        if (c->string[0] == name[0] && strcmp(c->string, name) == 0) return c;
    return NULL;
}

static json_node element_at(json_node n, struct slice index)
{
    int64_t i = 0;
    bool padded = index.len > 1 && index.ptr[0] == '0';
    if (padded || text_int(index, 0, INT32_MAX, &i)) return NULL;
    json_node e = json_first(n);
    while (e != NULL && i > 0) {
        e = json_next(e);
        i--;
    }
    return e;
}

/* One step of a pointer: ~1 stands for '/', ~0 for '~'. */
static json_node step_into(json_node n, struct slice token)
{
    char name[128];
    struct buf b = buf_over(name, sizeof name);
    if (json_kind(n) == JSON_ARRAY) return element_at(n, token);
    for (size_t i = 0; i < token.len; i++) {
        uint8_t c = token.ptr[i];
        if (c == '~' && i + 1 < token.len) c = token.ptr[++i] == '1' ? '/' : '~';
        buf_byte(&b, c);
    }
    const char *text = buf_cstr(&b);
    return b.overflow ? NULL : json_member(n, text);
}

json_node json_at(json_node n, const char *pointer)
{
    struct slice rest = slice_text(pointer);
    while (n != NULL && rest.len > 0) {
        if (rest.ptr[0] != '/') return NULL;
        rest = slice_sub(rest, 1, rest.len);
        size_t end = slice_find_byte(rest, '/');
        n = step_into(n, slice_sub(rest, 0, end));
        rest = slice_sub(rest, end, rest.len);
    }
    return n;
}

json_node json_first(json_node n)
{
    const cJSON *c = n;
    return cJSON_IsArray(c) || cJSON_IsObject(c) ? c->child : NULL;
}

json_node json_next(json_node n)
{
    const cJSON *c = n;
    return c != NULL ? c->next : NULL;
}

size_t json_count(json_node n)
{
    size_t count = 0;
    for (json_node e = json_first(n); e != NULL; e = json_next(e)) {
        count++;
    }
    return count;
}

struct slice json_name(json_node n)
{
    const cJSON *c = n;
    return c != NULL ? slice_text(c->string) : SLICE_NONE;
}

/* ------------------------------------------------------------------------------------- values --
 */

struct slice json_text(json_node n)
{
    const cJSON *c = n;
    return cJSON_IsString(c) ? slice_text(c->valuestring) : SLICE_NONE;
}

bool json_bool(json_node n, bool otherwise)
{
    const cJSON *c = n;
    return cJSON_IsBool(c) ? cJSON_IsTrue(c) : otherwise;
}

#define EXPONENT_MAX 40
#define PLAIN_CAP    (JSON_NUMBER_MAX + EXPONENT_MAX + 8)

static struct slice raw_number(json_node n)
{
    const cJSON *c = n;
    return slice_text(c->valuestring);
}

/* Drops a point with nothing but zeros behind it. */
static void drop_empty_fraction(struct buf *b)
{
    if (slice_find_byte(buf_slice(b), '.') == b->len) return;
    while (b->len > 0 && b->ptr[b->len - 1] == '0') {
        b->len--;
    }
    if (b->len > 0 && b->ptr[b->len - 1] == '.') b->len--;
}

/* Writes digits with the point after `point` of them, without leading zeros. */
static void put_plain(struct buf *b, struct slice digits, int64_t point)
{
    bool any = false;
    int64_t count = (int64_t)digits.len;
    int64_t from = point < 1 ? point - 1 : 0;
    int64_t to = point > count ? point : count;
    for (int64_t i = from; i < to; i++) {
        uint8_t d = i >= 0 && i < count ? digits.ptr[i] : '0';
        if (i == point) buf_byte(b, '.');
        if (i >= point - 1 || d != '0') any = true;
        if (any) buf_byte(b, d);
    }
    drop_empty_fraction(b);
}

/* The number without exponent, superfluous zeros or negative zero: 1.0E7 is "10000000". */
static err_t plain_number(json_node n, struct buf *b)
{
    struct slice raw = raw_number(n);
    bool negative = raw.len > 0 && raw.ptr[0] == '-';
    raw = slice_sub(raw, negative ? 1 : 0, raw.len);
    size_t e_at = slice_find_byte(raw, 'e');
    if (e_at == raw.len) e_at = slice_find_byte(raw, 'E');
    int64_t exponent = 0;
    if (e_at < raw.len) {
        struct slice e = slice_sub(raw, e_at + 1, raw.len);
        if (slice_starts(e, "+")) e = slice_sub(e, 1, e.len);
        if (text_int(e, -EXPONENT_MAX, EXPONENT_MAX, &exponent)) return ERR_PROTO;
    }
    struct slice mantissa = slice_sub(raw, 0, e_at);
    size_t point = slice_find_byte(mantissa, '.');
    uint8_t room[JSON_NUMBER_MAX];
    struct buf digits = buf_over(room, sizeof room);
    buf_put(&digits, slice_sub(mantissa, 0, point));
    buf_put(&digits, slice_sub(mantissa, point + 1, mantissa.len));
    if (negative) buf_byte(b, '-');
    put_plain(b, buf_slice(&digits), (int64_t)point + exponent);
    if (slice_is(buf_slice(b), "-0")) {
        buf_clear(b);
        buf_byte(b, '0');
    }
    return b->overflow ? ERR_PROTO : ERR_OK;
}

err_t json_int(json_node n, int64_t min, int64_t max, int64_t *out)
{
    if (json_kind(n) == JSON_STRING) return text_int(json_text(n), min, max, out);
    if (json_kind(n) != JSON_NUMBER) return ERR_PROTO;
    if (text_is_digits(raw_number(n))) return text_int(raw_number(n), min, max, out);
    char plain[PLAIN_CAP];
    struct buf b = buf_over(plain, sizeof plain);
    err_t e = plain_number(n, &b);
    return e ? e : text_int(buf_slice(&b), min, max, out);
}

err_t json_id(json_node n, char *out, size_t cap)
{
    out[0] = '\0';
    enum json_kind kind = json_kind(n);
    if (kind == JSON_ABSENT || kind == JSON_NULL) return ERR_NOTFOUND;
    if (kind == JSON_STRING) return slice_copy(json_text(n), out, cap);
    if (kind != JSON_NUMBER) return ERR_PROTO;
    if (text_is_digits(raw_number(n))) return slice_copy(raw_number(n), out, cap);
    char plain[PLAIN_CAP];
    struct buf b = buf_over(plain, sizeof plain);
    err_t e = plain_number(n, &b);
    if (e) return e;
    if (slice_find_byte(buf_slice(&b), '.') < b.len) return ERR_PROTO;
    return slice_copy(buf_slice(&b), out, cap);
}

err_t json_string(json_node n, char *out, size_t cap)
{
    out[0] = '\0';
    enum json_kind kind = json_kind(n);
    if (kind == JSON_ABSENT || kind == JSON_NULL) return ERR_NOTFOUND;
    if (kind != JSON_STRING) return ERR_PROTO;
    return slice_copy(json_text(n), out, cap);
}

err_t json_qty(json_node n, qty_t *out)
{
    enum json_kind kind = json_kind(n);
    if (kind == JSON_ABSENT || kind == JSON_NULL) return ERR_NOTFOUND;
    if (kind == JSON_STRING) return qty_parse(json_text(n), out);
    if (kind != JSON_NUMBER) return ERR_PROTO;
    char plain[PLAIN_CAP];
    struct buf b = buf_over(plain, sizeof plain);
    err_t e = plain_number(n, &b);
    return e ? e : qty_parse(buf_slice(&b), out);
}

/* ---------------------------------------------------------------------------------- rendering --
 */

static void render_begin(struct json_writer *w, const cJSON *n, const char *name)
{
    if (cJSON_IsObject(n)) {
        json_open_object(w, name);
    } else if (cJSON_IsArray(n)) {
        json_open_array(w, name);
    } else if (cJSON_IsString(n)) {
        json_put_slice(w, name, json_text(n));
    } else if (cJSON_IsNumber(n)) {
        json_put_raw(w, name, raw_number(n));
    } else if (cJSON_IsBool(n)) {
        json_put_bool(w, name, cJSON_IsTrue(n));
    } else {
        json_put_null(w, name);
    }
}

static void render_end(struct json_writer *w, const cJSON *n)
{
    if (cJSON_IsObject(n)) json_close_object(w);
    if (cJSON_IsArray(n)) json_close_array(w);
}

void json_render(json_node n, struct buf *b)
{
    const cJSON *above[JSON_DEPTH_MAX + 1];
    size_t depth = 0;
    struct json_writer w = json_write(b);
    const cJSON *c = n;
    while (c != NULL) {
        render_begin(&w, c, depth > 0 ? c->string : NULL);
        if (c->child != NULL) {
            above[depth++] = c;
            c = c->child;
            continue;
        }
        render_end(&w, c);
        while (depth > 0 && c->next == NULL) {
            c = above[--depth];
            render_end(&w, c);
        }
        c = depth > 0 ? c->next : NULL;
    }
}
