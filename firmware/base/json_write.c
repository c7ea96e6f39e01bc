#include "firmware/base/json.h"

#include <assert.h>

#include "firmware/base/text.h"

struct json_writer json_write(struct buf *b)
{
    struct json_writer w = {.b = b};
    w.first[0] = true;
    return w;
}

static void put_escaped(struct buf *b, uint8_t c)
{
    static const char SHORT[][3] = {"\b",  "\\b", "\f",  "\\f", "\n",
                                    "\\n", "\r",  "\\r", "\t",  "\\t"};
    if (c == '"' || c == '\\') {
        buf_byte(b, '\\');
        buf_byte(b, c);
        return;
    }
    for (size_t i = 0; i < sizeof SHORT / sizeof SHORT[0]; i += 2) {
        if (c == (uint8_t)SHORT[i][0]) {
            buf_text(b, SHORT[i + 1]);
            return;
        }
    }
    buf_printf(b, "\\u%04x", c);
}

/* How many bytes from the start of s may stand as they are, without looking at sequences. */
static size_t plain_run(struct slice s)
{
    size_t n = 0;
    while (n < s.len && s.ptr[n] >= 0x20 && s.ptr[n] < 0x80 && s.ptr[n] != '"' && s.ptr[n] != '\\')
        n++;
    return n;
}

/* A NUL becomes U+FFFD as well: no careful reader accepts it in any spelling. */
static void put_string(struct buf *b, struct slice s)
{
    buf_byte(b, '"');
    for (;;) {
        size_t run = plain_run(s);
        buf_put(b, slice_sub(s, 0, run));
        s = slice_sub(s, run, s.len);
        if (s.len == 0) break;
        size_t step = text_utf8_step(s);
        if (step == 0 || s.ptr[0] == 0) {
            buf_text(b, "\xEF\xBF\xBD");
            step = 1;
        } else if (step == 1) {
            put_escaped(b, s.ptr[0]);
        } else {
            buf_put(b, slice_sub(s, 0, step));
        }
        s = slice_sub(s, step, s.len);
    }
    buf_byte(b, '"');
}

static void begin(struct json_writer *w, const char *name)
{
    if (!w->first[w->depth]) buf_byte(w->b, ',');
    w->first[w->depth] = false;
    if (name == NULL) return;
    put_string(w->b, slice_text(name));
    buf_byte(w->b, ':');
}

static void open_level(struct json_writer *w, const char *name, uint8_t bracket)
{
    begin(w, name);
    buf_byte(w->b, bracket);
    if (w->depth >= JSON_DEPTH_MAX) {
        w->b->overflow = true;
        return;
    }
    w->depth++;
    w->first[w->depth] = true;
}

static void close_level(struct json_writer *w, uint8_t bracket)
{
    if (w->b->overflow) return;
    assert(w->depth > 0);
    w->depth--;
    buf_byte(w->b, bracket);
}

void json_open_object(struct json_writer *w, const char *name)
{
    open_level(w, name, '{');
}

void json_close_object(struct json_writer *w)
{
    close_level(w, '}');
}

void json_open_array(struct json_writer *w, const char *name)
{
    open_level(w, name, '[');
}

void json_close_array(struct json_writer *w)
{
    close_level(w, ']');
}

void json_put_text(struct json_writer *w, const char *name, const char *value)
{
    if (value == NULL) {
        json_put_null(w, name);
    } else {
        json_put_slice(w, name, slice_text(value));
    }
}

void json_put_slice(struct json_writer *w, const char *name, struct slice value)
{
    begin(w, name);
    put_string(w->b, value);
}

void json_put_int(struct json_writer *w, const char *name, int64_t value)
{
    uint8_t digits[20];
    size_t at = sizeof digits;
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        digits[--at] = (uint8_t)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    begin(w, name);
    if (value < 0) buf_byte(w->b, '-');
    buf_put(w->b, slice_of(digits + at, sizeof digits - at));
}

void json_put_bool(struct json_writer *w, const char *name, bool value)
{
    begin(w, name);
    buf_text(w->b, value ? "true" : "false");
}

void json_put_null(struct json_writer *w, const char *name)
{
    begin(w, name);
    buf_text(w->b, "null");
}

void json_put_qty(struct json_writer *w, const char *name, qty_t value)
{
    char text[QTY_TEXT_CAP];
    begin(w, name);
    buf_text(w->b, qty_text(value, text));
}

void json_put_raw(struct json_writer *w, const char *name, struct slice json)
{
    begin(w, name);
    buf_put(w->b, json);
}
