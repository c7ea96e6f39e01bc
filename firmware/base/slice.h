/* slice.h - borrowed bytes, and bounded buffers that remember overflow.
 * A slice never owns. A buf owns nothing either unless made by buf_new: it fills room given to it.
 * Appending past the capacity sets `overflow`, which stays set: build the whole text, check once.
 */
#ifndef PACKD_BASE_SLICE_H
#define PACKD_BASE_SLICE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/err.h"

struct slice {
    const uint8_t *ptr; /* may be NULL when len is 0 */
    size_t len;
};

#define SLICE(literal) ((struct slice){(const uint8_t *)(literal), sizeof(literal) - 1})
#define SLICE_NONE     ((struct slice){NULL, 0})
/* For printf: "%.*s" with SLICE_ARGS(s). Only for text known to be printable. */
#define SLICE_ARGS(s) (int)(s).len, (const char *)(s).ptr

struct slice slice_of(const void *ptr, size_t len);
struct slice slice_text(const char *text); /* NULL gives an empty slice */
bool slice_eq(struct slice a, struct slice b);
bool slice_is(struct slice a, const char *text);
bool slice_is_nocase(struct slice a, const char *text); /* ASCII only */
bool slice_starts(struct slice a, const char *prefix);
/* First index of `byte`, or a.len. */
size_t slice_find_byte(struct slice a, uint8_t byte);
/* First index of `needle`, or a.len. An empty needle is found at 0. */
size_t slice_find(struct slice a, struct slice needle);
/* Bytes from..to (clamped to the slice). */
struct slice slice_sub(struct slice a, size_t from, size_t to);
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
struct slice buf_slice(const struct buf *b);

void buf_put(struct buf *b, struct slice s);
void buf_byte(struct buf *b, uint8_t byte);
void buf_text(struct buf *b, const char *text); /* NULL appends nothing */
void buf_printf(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);
/* Makes the contents a C string (a terminator beyond len) and returns it; "" on overflow. */
const char *buf_cstr(struct buf *b);

#endif
