/* text.h - numbers, encodings and escapes for text that crosses a border. No locale, no errno. */
#ifndef PACKD_BASE_TEXT_H
#define PACKD_BASE_TEXT_H

#include "firmware/base/slice.h"

/* Whole slice as a decimal integer within [min, max]; one leading '-' when min < 0; no blanks. */
MUST_CHECK err_t text_int(struct slice s, int64_t min, int64_t max, int64_t *out_value);

bool text_is_utf8(struct slice s); /* strict: no surrogates, no overlong forms, up to U+10FFFF */
/* Length of the well-formed UTF-8 sequence at the start of s; 0 when there is none or s is empty.
 */
size_t text_utf8_step(struct slice s);
bool text_is_print(struct slice s);  /* 0x20..0x7E only */
bool text_is_digits(struct slice s); /* at least one digit, nothing else */
/* Length of the longest prefix with at most `chars` code points; never splits a code point. */
size_t text_prefix(struct slice utf8, size_t chars);

void text_percent(struct buf *b, struct slice s); /* RFC 3986 unreserved stay, the rest as %XX */
MUST_CHECK err_t text_unpercent(struct buf *b, struct slice s, bool plus_is_space);
void text_html(struct buf *b, struct slice s); /* & < > " ' escaped */
void text_hex(struct buf *b, struct slice s);  /* lower case */
void text_base64(struct buf *b, struct slice s);
void text_base64url(struct buf *b, struct slice s); /* without padding */
/* Bytes for a log or a screen: 20-7E as they are, others as <GS>, <CR>, \xHH; at most max_bytes of
 * input, then "...". */
void text_visible(struct buf *b, struct slice s, size_t max_bytes);
/* Compares without ASCII case. <0, 0, >0. */
int text_compare_nocase(struct slice a, struct slice b);

#endif
