/* json.h - strict reading and bounded writing of JSON. Only json.c knows cJSON.
 *
 * Reading refuses what cJSON lets pass: trailing bytes, duplicate keys, \u0000, raw control
 * characters, invalid UTF-8, a BOM, nesting beyond JSON_DEPTH_MAX. Integers beyond 2^53 are kept
 * as text exactly as written. Unknown members are ignored. */
#ifndef PACKD_BASE_JSON_H
#define PACKD_BASE_JSON_H

#include "firmware/base/qty.h"
#include "firmware/base/slice.h"

#define JSON_DEPTH_MAX 32
#define JSON_PATH_CAP  160

struct json_doc;               /* owned; free with json_free */
typedef const void *json_node; /* borrowed from its document; NULL means absent */

struct json_fault {
    char path[JSON_PATH_CAP]; /* "$.data[3].id"; "" when not known */
    char reason[96];
    size_t offset; /* byte in the text, for parse faults */
    unsigned line; /* 1-based line of that byte */
};

/* ERR_PROTO (fault filled when not NULL), ERR_NOMEM. *out_doc only on ERR_OK. */
MUST_CHECK err_t json_parse(struct slice text, struct json_doc **out_doc, struct json_fault *fault);
void json_free(struct json_doc *doc); /* NULL is fine */
void json_free_local(struct json_doc **doc);
#define AUTO_JSON __attribute__((cleanup(json_free_local)))
json_node json_root(const struct json_doc *doc);

enum json_kind {
    JSON_ABSENT,
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};
enum json_kind json_kind(json_node n);

/* Member by exact, case-sensitive name; NULL when absent or n is no object. */
json_node json_member(json_node n, const char *name);
/* Follows "/data/0/id" (RFC 6901); NULL when any part is absent. */
json_node json_at(json_node n, const char *pointer);
size_t json_count(json_node n); /* members or elements; 0 for others */
/* Iteration over elements or members: first with json_first, then json_next until NULL. */
json_node json_first(json_node n);
json_node json_next(json_node n);
struct slice json_name(json_node n); /* member name; empty for array elements */

/* Values. Borrowed from the document. */
struct slice json_text(json_node n); /* string contents; empty when no string */
bool json_bool(json_node n, bool otherwise);
/* Integral number, or digits in a string, within [min, max]. ERR_PROTO otherwise. */
MUST_CHECK err_t json_int(json_node n, int64_t min, int64_t max, int64_t *out);
/* String or integral number as identifier text (digits kept exactly). ERR_PROTO when neither,
 * ERR_NOSPACE when longer than cap - 1. null and absent: ERR_NOTFOUND. */
MUST_CHECK err_t json_id(json_node n, char *out, size_t cap);
/* String into out[cap]. Absent or null: ERR_NOTFOUND and out is "". Longer: ERR_NOSPACE. */
MUST_CHECK err_t json_string(json_node n, char *out, size_t cap);
/* Number or decimal string. null and absent: ERR_NOTFOUND. */
MUST_CHECK err_t json_qty(json_node n, qty_t *out);
/* The value as compact JSON text appended to b. */
void json_render(json_node n, struct buf *b);

/* Writing. Emits compact JSON; commas are placed by the writer. Strings are checked to be UTF-8
 * (invalid bytes become U+FFFD). Nesting up to JSON_DEPTH_MAX. Errors show as b->overflow. */
struct json_writer {
    struct buf *b;
    uint8_t depth;
    bool first[JSON_DEPTH_MAX + 1];
};
struct json_writer json_write(struct buf *b);
/* `name` is NULL for array elements and the root. */
void json_open_object(struct json_writer *w, const char *name);
void json_close_object(struct json_writer *w);
void json_open_array(struct json_writer *w, const char *name);
void json_close_array(struct json_writer *w);
void json_put_text(struct json_writer *w, const char *name, const char *value); /* NULL: null */
void json_put_slice(struct json_writer *w, const char *name, struct slice value);
void json_put_int(struct json_writer *w, const char *name, int64_t value);
void json_put_bool(struct json_writer *w, const char *name, bool value);
void json_put_null(struct json_writer *w, const char *name);
void json_put_qty(struct json_writer *w, const char *name, qty_t value);       /* as a number */
void json_put_raw(struct json_writer *w, const char *name, struct slice json); /* already JSON */

#endif
