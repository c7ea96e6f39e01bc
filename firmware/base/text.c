#include "firmware/base/text.h"

#include <assert.h>

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Collects as a negative number, whose range is the wider one. */
err_t text_int(struct slice s, int64_t min, int64_t max, int64_t *out_value)
{
    assert(min <= max);
    bool negative = s.len > 0 && s.ptr[0] == '-';
    if (negative && min >= 0) return ERR_PROTO;
    struct slice digits = slice_sub(s, negative ? 1 : 0, s.len);
    if (!text_is_digits(digits)) return ERR_PROTO;
    int64_t n = 0;
    for (size_t i = 0; i < digits.len; i++) {
        int64_t d = digits.ptr[i] - '0';
        if (n < (INT64_MIN + d) / 10) return ERR_PROTO;
        n = n * 10 - d;
    }
    if (!negative && n == INT64_MIN) return ERR_PROTO;
    n = negative ? n : -n;
    if (n < min || n > max) return ERR_PROTO;
    *out_value = n;
    return ERR_OK;
}

size_t text_utf8_step(struct slice s)
{
    if (s.len == 0) return 0;
    uint8_t c = s.ptr[0];
    if (c < 0x80) return 1;
    size_t len = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    if (c < 0xC2 || c > 0xF4 || s.len < len) return 0;
    for (size_t i = 1; i < len; i++) {
        if ((s.ptr[i] & 0xC0) != 0x80) return 0;
    }
    uint8_t next = s.ptr[1];
    bool overlong = (c == 0xE0 && next < 0xA0) || (c == 0xF0 && next < 0x90);
    bool outside = (c == 0xED && next > 0x9F) || (c == 0xF4 && next > 0x8F);
    return overlong || outside ? 0 : len;
}

bool text_is_utf8(struct slice s)
{
    for (size_t i = 0; i < s.len;) {
        size_t step = s.ptr[i] < 0x80 ? 1 : text_utf8_step(slice_sub(s, i, s.len));
        if (step == 0) return false;
        i += step;
    }
    return true;
}

bool text_is_print(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < 0x20 || s.ptr[i] > 0x7E) return false;
    }
    return true;
}

bool text_is_digits(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is_digit(s.ptr[i])) return false;
    }
    return s.len > 0;
}

size_t text_prefix(struct slice utf8, size_t chars)
{
    size_t i = 0;
    while (i < utf8.len) {
        if ((utf8.ptr[i] & 0xC0) != 0x80) {
            if (chars == 0) break;
            chars--;
        }
        i++;
    }
    return i;
}

static const char HEX_LOWER[] = "0123456789abcdef";
static const char HEX_UPPER[] = "0123456789ABCDEF";

static bool is_unreserved(uint8_t c)
{
    bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    return letter || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

void text_percent(struct buf *b, struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        if (is_unreserved(c)) {
            buf_byte(b, c);
        } else {
            buf_byte(b, '%');
            buf_byte(b, (uint8_t)HEX_UPPER[c >> 4]);
            buf_byte(b, (uint8_t)HEX_UPPER[c & 15]);
        }
    }
}

static int hex_value(uint8_t c)
{
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

err_t text_unpercent(struct buf *b, struct slice s, bool plus_is_space)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        if (c == '%') {
            if (s.len - i < 3) return ERR_PROTO;
            int high = hex_value(s.ptr[i + 1]);
            int low = hex_value(s.ptr[i + 2]);
            if (high < 0 || low < 0) return ERR_PROTO;
            c = (uint8_t)(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        buf_byte(b, c);
    }
    return ERR_OK;
}

void text_html(struct buf *b, struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        if (c == '&') {
            buf_text(b, "&amp;");
        } else if (c == '<') {
            buf_text(b, "&lt;");
        } else if (c == '>') {
            buf_text(b, "&gt;");
        } else if (c == '"') {
            buf_text(b, "&quot;");
        } else if (c == '\'') {
            buf_text(b, "&#39;");
        } else {
            buf_byte(b, c);
        }
    }
}

void text_hex(struct buf *b, struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        buf_byte(b, (uint8_t)HEX_LOWER[s.ptr[i] >> 4]);
        buf_byte(b, (uint8_t)HEX_LOWER[s.ptr[i] & 15]);
    }
}

static void base64_with(struct buf *b, struct slice s, const char *alphabet, bool pad)
{
    for (size_t i = 0; i < s.len; i += 3) {
        struct slice part = slice_sub(s, i, i + 3);
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; k++) {
            bits = bits << 8 | (k < part.len ? part.ptr[k] : 0u);
        }
        for (size_t k = 0; k < 4; k++) {
            if (k <= part.len) {
                buf_byte(b, (uint8_t)alphabet[bits >> (18 - 6 * k) & 63]);
            } else if (pad) {
                buf_byte(b, '=');
            }
        }
    }
}

void text_base64(struct buf *b, struct slice s)
{
    base64_with(b, s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", true);
}

void text_base64url(struct buf *b, struct slice s)
{
    base64_with(b, s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", false);
}

static const char CONTROL_NAMES[32][4] = {"NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL",
                                          "BS",  "HT",  "LF",  "VT",  "FF",  "CR",  "SO",  "SI",
                                          "DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB",
                                          "CAN", "EM",  "SUB", "ESC", "FS",  "GS",  "RS",  "US"};

static void visible_byte(struct buf *b, uint8_t c)
{
    if (c >= 0x20 && c <= 0x7E) {
        buf_byte(b, c);
    } else if (c < 0x20) {
        buf_byte(b, '<');
        buf_text(b, CONTROL_NAMES[c]);
        buf_byte(b, '>');
    } else {
        buf_text(b, "\\x");
        text_hex(b, slice_of(&c, 1));
    }
}

void text_visible(struct buf *b, struct slice s, size_t max_bytes)
{
    for (size_t i = 0; i < s.len && i < max_bytes; i++) {
        visible_byte(b, s.ptr[i]);
    }
    if (s.len > max_bytes) buf_text(b, "...");
}

int text_compare_nocase(struct slice a, struct slice b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    for (size_t i = 0; i < n; i++) {
        int x = a.ptr[i] >= 'A' && a.ptr[i] <= 'Z' ? a.ptr[i] + 32 : a.ptr[i];
        int y = b.ptr[i] >= 'A' && b.ptr[i] <= 'Z' ? b.ptr[i] + 32 : b.ptr[i];
        if (x != y) return x - y;
    }
    return a.len < b.len ? -1 : a.len > b.len;
}
