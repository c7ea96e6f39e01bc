#include "firmware/clarus/inner.h"

#include <string.h>

void words_copy(char *out, size_t cap, struct slice words)
{
    struct buf b = buf_over(out, cap - 1);
    size_t at = 0;
    while (at < words.len) {
        size_t step = text_utf8_step(slice_sub(words, at, words.len));
        struct slice part = slice_sub(words, at, at + (step ? step : 1));
        if (!step || words.ptr[at] < 0x20 || words.ptr[at] == 0x7f) part = SLICE(" ");
        if (b.len + part.len > b.cap) break;
        buf_put(&b, part);
        at += step ? step : 1;
    }
    out[b.len] = '\0';
}

const char *node_text(json_node n, const char *pointer, char *out, size_t cap)
{
    json_node at = json_at(n, pointer);
    out[0] = '\0';
    if (json_kind(at) != JSON_STRING) return NULL;
    words_copy(out, cap, json_text(at));
    return out;
}

const char *node_id(json_node n, const char *pointer, char *out, size_t cap)
{
    if (json_id(json_at(n, pointer), out, cap) == ERR_OK && out[0]) return out;
    out[0] = '\0';
    return NULL;
}

qty_t node_qty(json_node n, const char *pointer)
{
    qty_t q = QTY_ZERO;
    if (json_qty(json_at(n, pointer), &q)) return QTY_ZERO;
    return q;
}

bool text_among(const char *text, const char (*list)[24])
{
    for (size_t i = 0; i < CONFIG_STATUS_MAX && list[i][0]; i++)
        if (slice_is_nocase(slice_text(text), list[i])) return true;
    return false;
}

static bool contains_nocase(const char *text, const char *word)
{
    size_t len = strlen(word);
    struct slice s = slice_text(text);
    for (size_t at = 0; at + len <= s.len; at++)
        if (slice_is_nocase(slice_sub(s, at, at + len), word)) return true;
    return false;
}

bool text_void_word(const char *status)
{
    return contains_nocase(status, "cancel") || contains_nocase(status, "void");
}

int64_t id_number(const char *id)
{
    int64_t n = -1;
    if (text_int(slice_text(id), 0, INT64_MAX, &n)) return -1;
    return n;
}

void put_id(struct json_writer *w, const char *name, const char *id)
{
    int64_t n = id_number(id);
    if (n >= 0)
        json_put_int(w, name, n);
    else
        json_put_text(w, name, id);
}
