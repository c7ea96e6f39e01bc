/* slice.h - borrowed bytes, and bounded buffers that remember overflow.
 * A slice never owns. A buf owns nothing either unless made by buf_new: it fills room given to it.
 * Appending past the capacity sets `overflow`, which stays set: build the whole text, check once.
 */
#ifndef PACKD_BASE_SLICE_H
#define PACKD_BASE_SLICE_H

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "firmware/base/err.h"

struct slice {
    const uint8_t *ptr; /* may be NULL when len is 0 */
    size_t len;
};

#define SLICE(literal) ((struct slice){(const uint8_t *)(literal), sizeof(literal) - 1})
#define SLICE_NONE     ((struct slice){NULL, 0})
/* For printf: "%.*s" with SLICE_ARGS(s). Only for text known to be printable. */
#define SLICE_ARGS(s) (int)(s).len, (const char *)(s).ptr

static inline struct slice slice_of(const void *ptr, size_t len)
{
    assert(ptr != NULL || len == 0);
    return (struct slice){ptr, len};
}

/* NULL gives an empty slice. */
static inline struct slice slice_text(const char *text)
{
    return text != NULL ? slice_of(text, strlen(text)) : SLICE_NONE;
}

static inline bool slice_eq(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool slice_is(struct slice a, const char *text)
{
    return slice_eq(a, slice_text(text));
}

bool slice_is_nocase(struct slice a, const char *text); /* ASCII only */
static inline bool slice_starts(struct slice a, const char *prefix)
{
    struct slice b = slice_text(prefix);
    return b.len == 0 || (a.len >= b.len && memcmp(a.ptr, b.ptr, b.len) == 0);
}

/* First index of `byte`, or a.len. */
size_t slice_find_byte(struct slice a, uint8_t byte);
/* First index of `needle`, or a.len. An empty needle is found at 0. */
size_t slice_find(struct slice a, struct slice needle);
/* Bytes from..to (clamped to the slice). */
static inline struct slice slice_sub(struct slice a, size_t from, size_t to)
{
    if (to > a.len) to = a.len;
    return from < to ? slice_of(a.ptr + from, to - from) : SLICE_NONE;
}

/* Without leading and trailing ASCII white space. */
struct slice slice_trim(struct slice a);
/* Copies into out[cap] with a terminator. ERR_NOSPACE (out is "") when it does not fit,
 * ERR_INVALID when the slice holds a NUL byte. */
MUST_CHECK err_t slice_copy(struct slice a, char *out, size_t cap);

/* Copies as much as fits, with a terminator; stops before a NUL byte and never splits a code point.
 */
void slice_copy_cut(struct slice a, char *out, size_t cap);

struct buf {
    uint8_t *ptr; /* NULL until the first append for a growable buf */
    size_t len;
    size_t cap;    /* bytes of room now */
    size_t max;    /* a growable buf grows up to this; equal to cap for a fixed one */
    bool overflow; /* something did not fit; contents are a prefix */
    bool growable; /* ptr belongs to this buf and is freed by buf_deinit */
};

/* A buf over the caller's storage. */
struct buf buf_over(void *storage, size_t cap);
/* A growable buf that never exceeds max bytes. Allocates on first use; out of memory is overflow.
 */
struct buf buf_new(size_t max);
void buf_deinit(struct buf *b); /* NULL and fixed bufs are fine */
void buf_clear(struct buf *b);  /* len 0, overflow cleared, room kept */
static inline struct slice buf_slice(const struct buf *b)
{
    return slice_of(b->ptr, b->len);
}

void buf_put(struct buf *b, struct slice s);

static inline void buf_byte(struct buf *b, uint8_t byte)
{
    if (!b->overflow && b->len < b->cap)
        b->ptr[b->len++] = byte;
    else
        buf_put(b, slice_of(&byte, 1));
}

/* NULL appends nothing. */
static inline void buf_text(struct buf *b, const char *text)
{
    buf_put(b, slice_text(text));
}

void buf_printf(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);
/* Makes the contents a C string (a terminator beyond len) and returns it; "" on overflow. */
const char *buf_cstr(struct buf *b);

#endif
