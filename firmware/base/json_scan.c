#include "firmware/base/json_scan.h"

#include <assert.h>
#include <string.h>

#include "firmware/base/text.h"

struct scan {
    struct slice text;
    size_t pos;
    size_t values;
    unsigned depth;
    bool in_object[JSON_DEPTH_MAX + 1];
    const char *reason; /* first thing wrong; NULL so far */
};

static bool fail(struct scan *s, const char *reason)
{
    if (s->reason == NULL) s->reason = reason;
    return false;
}

/* The byte at the position, or 0 at the end: no rule accepts a NUL. */
static uint8_t peek(const struct scan *s)
{
    return s->pos < s->text.len ? s->text.ptr[s->pos] : 0;
}

static void skip_space(struct scan *s)
{
    uint8_t c = peek(s);
    while (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        s->pos++;
        c = peek(s);
    }
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static size_t skip_digits(struct scan *s)
{
    size_t from = s->pos;
    while (is_digit(peek(s))) {
        s->pos++;
    }
    return s->pos - from;
}

static bool scan_number(struct scan *s)
{
    size_t from = s->pos;
    if (peek(s) == '-') s->pos++;
    bool zero = peek(s) == '0';
    size_t digits = skip_digits(s);
    if (digits == 0) return fail(s, "a number without digits");
    if (zero && digits > 1) return fail(s, "a number with leading zeros");
    if (peek(s) == '.') {
        s->pos++;
        if (skip_digits(s) == 0) return fail(s, "a number that ends in a point");
    }
    if (peek(s) == 'e' || peek(s) == 'E') {
        s->pos++;
        if (peek(s) == '+' || peek(s) == '-') s->pos++;
        if (skip_digits(s) == 0) return fail(s, "an exponent without digits");
    }
    if (s->pos - from > JSON_NUMBER_MAX) return fail(s, "a number with too many digits");
    return true;
}

/* Four hexadecimal digits; -1 when they are not. */
static int32_t scan_hex4(struct scan *s)
{
    int32_t n = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t c = peek(s);
        int32_t d = is_digit(c)              ? c - '0'
                    : (c >= 'a' && c <= 'f') ? c - 'a' + 10
                    : (c >= 'A' && c <= 'F') ? c - 'A' + 10
                                             : -1;
        if (d < 0) return -1;
        n = n * 16 + d;
        s->pos++;
    }
    return n;
}

static bool scan_unicode(struct scan *s)
{
    int32_t unit = scan_hex4(s);
    if (unit < 0) return fail(s, "a \\u escape without four digits");
    if (unit == 0) return fail(s, "a \\u0000 escape");
    if (unit >= 0xDC00 && unit <= 0xDFFF) return fail(s, "a lone surrogate");
    if (unit < 0xD800 || unit > 0xDBFF) return true;
    if (peek(s) != '\\') return fail(s, "a lone surrogate");
    s->pos++;
    if (peek(s) != 'u') return fail(s, "a lone surrogate");
    s->pos++;
    int32_t low = scan_hex4(s);
    if (low < 0xDC00 || low > 0xDFFF) return fail(s, "a lone surrogate");
    return true;
}

static bool scan_escape(struct scan *s)
{
    s->pos++;
    uint8_t c = peek(s);
    if (c == 0 || strchr("\"\\/bfnrtu", c) == NULL) return fail(s, "an unknown escape");
    s->pos++;
    return c == 'u' ? scan_unicode(s) : true;
}

static bool scan_string(struct scan *s)
{
    if (peek(s) != '"') return fail(s, "a string was expected");
    s->pos++;
    size_t from = s->pos;
    while (peek(s) != '"') {
        if (s->pos >= s->text.len) return fail(s, "a string without an end");
        if (peek(s) < 0x20) return fail(s, "a raw control character in a string");
        if (peek(s) != '\\') {
            s->pos++;
        } else if (!scan_escape(s)) {
            return false;
        }
    }
    if (!text_is_utf8(slice_sub(s->text, from, s->pos))) {
        s->pos = from;
        return fail(s, "a string that is not UTF-8");
    }
    s->pos++;
    return true;
}

static bool scan_word(struct scan *s, const char *word)
{
    if (!slice_starts(slice_sub(s->text, s->pos, s->text.len), word)) {
        return fail(s, "a value was expected");
    }
    s->pos += strlen(word);
    return true;
}

static bool scan_scalar(struct scan *s)
{
    uint8_t c = peek(s);
    if (c == '"') return scan_string(s);
    if (c == '-' || is_digit(c)) return scan_number(s);
    if (c == 't') return scan_word(s, "true");
    if (c == 'f') return scan_word(s, "false");
    if (c == 'n') return scan_word(s, "null");
    if (slice_starts(slice_sub(s->text, s->pos, s->text.len), "\xEF\xBB\xBF")) {
        return fail(s, "a byte order mark");
    }
    if (c == '<') return fail(s, "not JSON: it looks like HTML or XML");
    return fail(s, s->pos < s->text.len ? "a value was expected" : "the text ends too early");
}

static bool scan_name(struct scan *s)
{
    if (!scan_string(s)) return false;
    skip_space(s);
    if (peek(s) != ':') return fail(s, "a colon was expected");
    s->pos++;
    skip_space(s);
    return true;
}

/* Enters an object or array. *out_value says whether a value follows (it is not empty). */
static bool scan_enter(struct scan *s, bool *out_value)
{
    bool object = peek(s) == '{';
    if (s->depth == JSON_DEPTH_MAX) return fail(s, "nested too deeply");
    s->in_object[++s->depth] = object;
    s->pos++;
    skip_space(s);
    *out_value = peek(s) != (object ? '}' : ']');
    return *out_value && object ? scan_name(s) : true;
}

/* After a value: closes what ends here. *out_value says whether another value follows. */
static bool scan_leave(struct scan *s, bool *out_value)
{
    *out_value = false;
    skip_space(s);
    while (s->depth > 0) {
        bool object = s->in_object[s->depth];
        if (peek(s) == ',') {
            s->pos++;
            skip_space(s);
            *out_value = true;
            return object ? scan_name(s) : true;
        }
        if (peek(s) != (object ? '}' : ']')) {
            return fail(s, s->pos < s->text.len ? "a comma or an end was expected"
                                                : "the text ends too early");
        }
        s->depth--;
        s->pos++;
        skip_space(s);
    }
    return true;
}

static bool scan_document(struct scan *s)
{
    bool value = true;
    skip_space(s);
    while (value) {
        bool nested = false;
        s->values++;
        if (peek(s) == '{' || peek(s) == '[') {
            if (!scan_enter(s, &nested)) return false;
        } else if (!scan_scalar(s)) {
            return false;
        }
        if (nested) continue;
        if (!scan_leave(s, &value)) return false;
    }
    if (s->pos < s->text.len) return fail(s, "bytes after the end of the value");
    return true;
}

static void fill_fault(const struct scan *s, struct json_fault *fault)
{
    if (fault == NULL) return;
    *fault = (struct json_fault){.offset = s->pos, .line = 1};
    for (size_t i = 0; i < s->pos && i < s->text.len; i++) {
        if (s->text.ptr[i] == '\n') fault->line++;
    }
    err_ignore(slice_copy(slice_text(s->reason), fault->reason, sizeof fault->reason)); /* fits */
}

err_t json_scan(struct slice text, size_t *out_values, struct json_fault *fault)
{
    struct scan s = {.text = text};
    bool sound = scan_document(&s);
    if (sound) *out_values = s.values;
    if (sound) return ERR_OK;
    assert(s.reason != NULL);
    fill_fault(&s, fault);
    return ERR_PROTO;
}

struct slice json_scan_number(struct slice text, size_t *pos)
{
    struct scan s = {.text = text, .pos = *pos};
    size_t from = 0;
    while (s.pos < text.len && peek(&s) != '-' && !is_digit(peek(&s))) {
        if (peek(&s) != '"') {
            s.pos++;
            continue;
        }
        for (s.pos++; peek(&s) != '"' && s.pos < text.len; s.pos++) {
            if (peek(&s) == '\\') s.pos++;
        }
        s.pos++;
    }
    from = s.pos;
    if (s.pos < text.len) (void)scan_number(&s); /* json_scan accepted it */
    *pos = s.pos;
    return slice_sub(text, from, s.pos);
}
