/* template.h - requests made from a definition's templates and the pipeline's values.
 *
 * A body is a JSON tree. {"$in":NAME} becomes text, {"$int":NAME} an integer, {"$bool":NAME} true
 * or false, {"$text":"a,{NAME}"} text with values in it, {"$now":SECONDS} the time in so many
 * seconds as a number; "omit":"empty" leaves the member out when a value is empty, "unless":NAME
 * when another value is there. {"$each":"lines","as":TREE} becomes an array; so do "parcels"
 * (within it "lines" are those of the parcel), "unshipped" and "open". Values never become
 * structure. */
#ifndef PACKD_CHANNELS_TEMPLATE_H
#define PACKD_CHANNELS_TEMPLATE_H

#include "firmware/channels/values.h"

/* Appends the body. ERR_INVALID: a value has the wrong type or is empty where it may not be
 * (*out_value says which); ERR_NOSPACE. */
MUST_CHECK err_t template_body(json_node tree, const struct values *v, struct buf *out,
                               enum value_id *out_value);
/* Appends a form body (application/x-www-form-urlencoded): texts with {NAME}, or trees as JSON. */
MUST_CHECK err_t template_form(json_node form, const struct values *v, struct buf *out);
/* Appends a path or query text: {NAME} becomes the percent-encoded value. ERR_INVALID: empty value.
 */
MUST_CHECK err_t template_text(struct slice text, const struct values *v, struct buf *out);
/* The same with the values as they are, for headers and texts. */
MUST_CHECK err_t template_plain(struct slice text, const struct values *v, struct buf *out);
/* Appends base, path and query of a request. `base` is cut to scheme and host when the request says
 * "base":"origin". A query value "{page.cursor}" is left out while there is none. */
MUST_CHECK err_t template_url(json_node request, const char *base, const struct values *v,
                              struct buf *out);

#endif
