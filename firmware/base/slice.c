#include "firmware/base/slice.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/mem.h"

#define BUF_FIRST_ROOM 256

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool slice_is_nocase(struct slice a, const char *text)
{
    struct slice b = slice_text(text);
    if (a.len != b.len) return false;
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.ptr[i]) != lower(b.ptr[i])) return false;
    }
    return true;
}

size_t slice_find_byte(struct slice a, uint8_t byte)
{
    if (a.len == 0) return 0;
    const uint8_t *hit = memchr(a.ptr, byte, a.len);
    return hit != NULL ? (size_t)(hit - a.ptr) : a.len;
}

size_t slice_find(struct slice a, struct slice needle)
{
    if (needle.len == 0) return 0;
    for (size_t i = 0; i + needle.len <= a.len; i++) {
        i += slice_find_byte(slice_sub(a, i, a.len), needle.ptr[0]);
        if (i + needle.len > a.len) return a.len;
        if (memcmp(a.ptr + i, needle.ptr, needle.len) == 0) return i;
    }
    return a.len;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct slice slice_trim(struct slice a)
{
    size_t from = 0;
    size_t to = a.len;
    while (from < to && is_space(a.ptr[from])) {
        from++;
    }
    while (to > from && is_space(a.ptr[to - 1])) {
        to--;
    }
    return slice_sub(a, from, to);
}

err_t slice_copy(struct slice a, char *out, size_t cap)
{
    assert(out != NULL && cap > 0);
    out[0] = '\0';
    if (slice_find_byte(a, 0) < a.len) return ERR_INVALID;
    if (a.len >= cap) return ERR_NOSPACE;
    if (a.len > 0) memcpy(out, a.ptr, a.len);
    out[a.len] = '\0';
    return ERR_OK;
}

void slice_copy_cut(struct slice a, char *out, size_t cap)
{
    size_t len = slice_find_byte(a, 0);
    if (len > cap - 1) {
        len = cap - 1;
        while (len > 0 && (a.ptr[len] & 0xC0) == 0x80)
            len--;
    }
    if (len) memcpy(out, a.ptr, len);
    out[len] = 0;
}

struct buf buf_over(void *storage, size_t cap)
{
    assert(storage != NULL || cap == 0);
    return (struct buf){.ptr = storage, .cap = cap, .max = cap};
}

struct buf buf_new(size_t max)
{
    return (struct buf){.max = max, .growable = true};
}

void buf_deinit(struct buf *b)
{
    if (b == NULL || !b->growable) return;
    mem_free(b->ptr);
    *b = buf_new(b->max);
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->overflow = false;
}

/* A growable buf has one byte more than `cap`, for the terminator of buf_cstr. */
static bool grow_to(struct buf *b, size_t need)
{
    if (need <= b->cap && b->ptr != NULL) return true;
    if (!b->growable || need > b->max || b->max == SIZE_MAX) return false;
    size_t room = b->cap < BUF_FIRST_ROOM ? BUF_FIRST_ROOM : b->cap;
    while (room < need) {
        room = room > b->max / 2 ? b->max : room * 2;
    }
    if (room > b->max) room = b->max;
    uint8_t *grown = mem_resize(b->ptr, room + 1);
    if (grown == NULL) return false;
    b->ptr = grown;
    b->cap = room;
    return true;
}

void buf_put(struct buf *b, struct slice s)
{
    if (b->overflow || s.len == 0) return;
    bool fits = s.len <= SIZE_MAX - b->len && grow_to(b, b->len + s.len);
    size_t take = fits ? s.len : b->cap - b->len;
    if (!fits) b->overflow = true;
    if (take > s.len) take = s.len;
    if (take == 0) return;
    memcpy(b->ptr + b->len, s.ptr, take);
    b->len += take;
    assert(b->len <= b->cap);
}

void buf_printf(struct buf *b, const char *format, ...)
{
    char small[256];
    va_list args;
    va_list again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (n < 0) {
        b->overflow = true;
    } else if ((size_t)n < sizeof small) {
        buf_put(b, slice_of(small, (size_t)n));
    } else {
        AUTO_MEM char *large = mem_alloc((size_t)n + 1);
        if (large == NULL || vsnprintf(large, (size_t)n + 1, format, again) != n) {
            b->overflow = true;
        } else {
            buf_put(b, slice_of(large, (size_t)n));
        }
    }
    va_end(again);
}

const char *buf_cstr(struct buf *b)
{
    if (b->len == 0 && b->ptr == NULL) return "";
    if (!b->growable && b->len == b->cap) b->overflow = true;
    if (b->overflow) return "";
    b->ptr[b->len] = 0;
    return (const char *)b->ptr;
}
