/* json_scan.h - the strict reading of JSON text that comes before cJSON sees it. For json.c only.
 */
#ifndef PACKD_BASE_JSON_SCAN_H
#define PACKD_BASE_JSON_SCAN_H

#include "firmware/base/json.h"

/* Longer numbers are refused: no quantity, identifier or amount needs them, and cJSON cuts at 63.
 */
#define JSON_NUMBER_MAX 60

/* ERR_OK when the text is exactly one JSON value by RFC 8259, in UTF-8 without BOM, NUL escapes or
 * lone surrogates, at most JSON_DEPTH_MAX levels deep; *out_values counts it and the values in it.
 * ERR_PROTO with the fault filled otherwise. */
MUST_CHECK err_t json_scan(struct slice text, size_t *out_values, struct json_fault *fault);

/* Finds the first number at or after *pos outside strings, and moves *pos behind it. Empty when
 * there is none left. For text that json_scan accepted. */
struct slice json_scan_number(struct slice text, size_t *pos);

#endif
