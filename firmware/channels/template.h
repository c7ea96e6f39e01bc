/* template.h - requests made from a definition's templates and the pipeline's values.
 *
 * A body is a JSON tree. {"$in":NAME} becomes text, {"$int":NAME} an integer, {"$bool":NAME} true
 * or false; "omit":"empty" leaves the member out when the value is empty, "unless":NAME when
 * another value is there. {"$each":"lines","as":TREE} becomes an array. Values never become
 * structure. */
#ifndef PACKD_CHANNELS_TEMPLATE_H
#define PACKD_CHANNELS_TEMPLATE_H

#include "firmware/channels/values.h"

/* Appends the body. ERR_INVALID: a value has the wrong type or is empty where it may not be
 * (*out_value says which); ERR_NOSPACE. */
MUST_CHECK err_t template_body(json_node tree, const struct values *v, struct buf *out,
                               enum value_id *out_value);
/* Appends a path or query text: {NAME} becomes the percent-encoded value. ERR_INVALID: empty value.
 */
MUST_CHECK err_t template_text(struct slice text, const struct values *v, struct buf *out);
/* Appends base, path and query of a request. */
MUST_CHECK err_t template_url(json_node request, const char *base, const struct values *v,
                              struct buf *out);

#endif
