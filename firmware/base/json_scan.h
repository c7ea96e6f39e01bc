/* json_scan.h - the strict reading of JSON text before a tree is built of it. For json_parse.c
 * only. */
#ifndef PACKD_BASE_JSON_SCAN_H
#define PACKD_BASE_JSON_SCAN_H

#include "firmware/base/json.h"

/* Longer numbers are refused: no quantity, identifier or amount needs them. */
#define JSON_NUMBER_MAX 60

/* ERR_OK when the text is exactly one JSON value by RFC 8259, in UTF-8 without BOM, NUL escapes or
 * lone surrogates, at most JSON_DEPTH_MAX levels deep; *out_values counts it and the values in it.
 * ERR_PROTO with the fault filled otherwise. */
MUST_CHECK err_t json_scan(struct slice text, size_t *out_values, struct json_fault *fault);

#endif
