#include "firmware/codes/link.h"

#include <string.h>

#include "firmware/codes/gtin.h"

#define SEGMENTS_MAX 32 /* a stem, a key and four qualifiers are 12 */

struct address {
    struct slice segment[SEGMENTS_MAX]; /* of the path */
    size_t count;
    struct slice query;
};

static bool starts_nocase(struct slice s, const char *prefix)
{
    size_t n = strlen(prefix);
    return s.len > n && slice_is_nocase(slice_sub(s, 0, n), prefix);
}

bool link_is_address(struct slice text)
{
    return starts_nocase(text, "http://") || starts_nocase(text, "https://");
}

static bool may_be_in_address(uint8_t c)
{
    bool alike = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    return alike || (c > ' ' && c < 0x7F && strchr("-._~:/?#[]@!$&'()*+,;=%", c));
}

/* Splits behind the host. False: not an address, or more segments than any link has. */
static bool split(struct slice text, struct address *out)
{
    for (size_t i = 0; i < text.len; i++)
        if (!may_be_in_address(text.ptr[i])) return false;
    struct slice rest = slice_sub(text, slice_find(text, SLICE("://")) + 3, text.len);
    rest = slice_sub(rest, 0, slice_find_byte(rest, '#'));
    size_t query = slice_find_byte(rest, '?');
    out->query = slice_sub(rest, query + 1, rest.len);
    rest = slice_sub(rest, 0, query);
    size_t slash = slice_find_byte(rest, '/');
    if (slash == 0) return false;
    out->count = 0;
    while (slash < rest.len) {
        rest = slice_sub(rest, slash + 1, rest.len);
        slash = slice_find_byte(rest, '/');
        if (out->count == SEGMENTS_MAX) return false;
        out->segment[out->count++] = slice_sub(rest, 0, slash);
    }
    return true;
}

/* The last key of which pairs of identifier and value lead to the end of the path; count: none. */
static size_t find_key(const struct address *a)
{
    gs1_id id = 0;
    for (size_t i = a->count; i >= 2; i -= 2) {
        const struct gs1_ai *ai = gs1_ai_of(a->segment[i - 2], &id);
        if (!ai) break;
        if (ai->is_key) return i - 2;
    }
    return a->count;
}

/* ----------------------------------------------------------------------------------------- values
 * -- */

/* Decodes into room; what does not fit is too long for any value. */
static enum code_fault decode(struct slice text, uint8_t *room, size_t cap, struct slice *out)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c == '%') {
            int high = i + 2 < text.len ? hex_digit(text.ptr[i + 1]) : -1;
            int low = i + 2 < text.len ? hex_digit(text.ptr[i + 2]) : -1;
            if (high < 0 || low < 0) return CODE_PERCENT;
            c = (uint8_t)(high * 16 + low);
            i += 2;
        }
        if (n == cap) return CODE_VALUE_LONG;
        room[n++] = c;
    }
    *out = slice_of(room, n);
    return CODE_OK;
}

static void add(struct gs1 *g, const struct gs1_ai *ai, gs1_id id, struct slice text)
{
    uint8_t room[GS1_VALUE_MAX];
    char folded[GTIN_CAP];
    struct slice value = SLICE_NONE;
    enum code_fault fault = decode(text, room, sizeof room, &value);
    if (fault)
        gs1_refuse(g, fault, id);
    else if (id == GS1_GTIN && value.len < 14 && gtin_fold(value, folded) == CODE_OK)
        gs1_add(g, ai, id, slice_text(folded));
    else
        gs1_add(g, ai, id, value);
}

/* ------------------------------------------------------------------------------------- qualifiers
 * -- */

/* The rows behind the key follow one of its sequences, some left out. */
static bool in_order(const struct gs1_ai *key, const uint8_t *rows, size_t count)
{
    if (count == 0) return true;
    if (!key->qualifiers) return false;
    const uint8_t *list = gs1_partners + key->qualifiers;
    for (unsigned sequences = *list++; sequences > 0; sequences--) {
        size_t taken = 0;
        for (unsigned n = *list++; n > 0; n--) {
            if (taken < count && rows[taken] == *list) taken++;
            list++;
        }
        if (taken == count) return true;
    }
    return false;
}

static bool is_qualifier(const struct gs1_ai *key, size_t row)
{
    const uint8_t one = (uint8_t)row;
    return in_order(key, &one, 1);
}

static void read_path(struct gs1 *g, const struct address *a, size_t at)
{
    uint8_t rows[SEGMENTS_MAX / 2];
    size_t count = 0;
    gs1_id id = 0;
    const struct gs1_ai *key = gs1_ai_of(a->segment[at], &id);
    add(g, key, id, a->segment[at + 1]);
    for (size_t i = at + 2; i < a->count; i += 2) {
        const struct gs1_ai *ai = gs1_ai_of(a->segment[i], &id);
        rows[count++] = (uint8_t)(ai - gs1_ais);
        add(g, ai, id, a->segment[i + 1]);
    }
    if (!in_order(key, rows, count)) gs1_refuse(g, CODE_LINK_ORDER, id);
}

/* ------------------------------------------------------------------------------------------ query
 * -- */

static bool is_number(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9') return false;
    return s.len > 0;
}

static void read_parameter(struct gs1 *g, const struct gs1_ai *key, struct slice parameter)
{
    gs1_id id = 0;
    size_t equals = slice_find_byte(parameter, '=');
    struct slice name = slice_sub(parameter, 0, equals);
    if (!is_number(name)) return;
    const struct gs1_ai *ai = gs1_ai_of(name, &id);
    if (!ai)
        gs1_refuse(g, CODE_AI_UNKNOWN, id);
    else if (!ai->in_query || ai == key || is_qualifier(key, (size_t)(ai - gs1_ais)))
        gs1_refuse(g, CODE_LINK_QUERY, id);
    else
        add(g, ai, id, slice_sub(parameter, equals + 1, parameter.len));
}

static void read_query(struct gs1 *g, const struct gs1_ai *key, struct slice query)
{
    while (query.len > 0 && !g->fault) {
        size_t end = 0;
        while (end < query.len && query.ptr[end] != '&' && query.ptr[end] != ';')
            end++;
        read_parameter(g, key, slice_sub(query, 0, end));
        query = slice_sub(query, end + 1, query.len);
    }
}

bool link_read(struct gs1 *g, struct slice address)
{
    struct address a;
    gs1_id id = 0;
    gs1_begin(g);
    if (!link_is_address(address) || !split(address, &a)) {
        gs1_refuse(g, CODE_LINK_FORM, 0);
        return false;
    }
    size_t at = find_key(&a);
    if (at == a.count) {
        gs1_refuse(g, CODE_LINK_NO_KEY, 0);
        return false;
    }
    read_path(g, &a, at);
    read_query(g, gs1_ai_of(a.segment[at], &id), a.query);
    return gs1_end(g);
}
