/* values.h - what a definition may name: the pipeline's own values, by dotted names.
 * A template says {"$in":"parcel.tracking"}; a path says "/orders/{order.number}". */
#ifndef PACKD_CHANNELS_VALUES_H
#define PACKD_CHANNELS_VALUES_H

#include "firmware/base/json.h"
#include "firmware/limits.h"

#define VALUE_LIST(X)                                                                              \
    X(VALUE_ORDER_NUMBER, "order.number")     /* the shop's order number */                        \
    X(VALUE_ORDER_STATUS, "order.status")     /* as read */                                        \
    X(VALUE_ORDER_COMPLETE, "order.complete") /* "true" when nothing is left to ship */            \
    X(VALUE_DISPATCH_KEY, "dispatch.key")                                                          \
    X(VALUE_DISPATCH_SERVICE, "dispatch.service")                                                  \
    X(VALUE_RECORD_KEY, "record.key") /* dispatch key and record number: "K-1" */                  \
    X(VALUE_RECORD_ADDRESS, "record.address")                                                      \
    X(VALUE_RECORD_ID, "record.id") /* taken from the answer that made it */                       \
    X(VALUE_PARCEL_TRACKING, "parcel.tracking")                                                    \
    X(VALUE_PARCEL_CARRIER, "parcel.carrier") /* carrier as the shop names it; may be empty */     \
    X(VALUE_PARCEL_LINK, "parcel.link")                                                            \
    X(VALUE_LINE_REMOTE_ID, "line.remote_id") /* within {"$each":"lines"} */                       \
    X(VALUE_LINE_QUANTITY, "line.quantity")                                                        \
    X(VALUE_PAGE_SIZE, "page.size")                                                                \
    X(VALUE_PAGE_NUMBER, "page.number") /* from 1 */                                               \
    X(VALUE_CONFIG_CLAIM, "config.claim")                                                          \
    X(VALUE_CONFIG_SET_STATUS, "config.set_status")

#define VALUE_ENUM(name, text) name,
enum value_id {
    VALUE_LIST(VALUE_ENUM) VALUE_COUNT
};
#undef VALUE_ENUM

#define VALUE_CAP 512

/* One item of the list "lines". */
struct value_line {
    char remote_id[ID_CAP];
    int64_t quantity; /* whole units */
};

struct values {
    char text[VALUE_COUNT][VALUE_CAP]; /* "" is empty and absent alike */
    const struct value_line *lines;    /* borrowed */
    size_t line_count;
};

/* VALUE_COUNT when there is no such name. */
enum value_id value_id_of(struct slice name);
const char *value_name(enum value_id id);
/* ERR_NOSPACE (value is "" then): does not fit; a value is never cut. */
MUST_CHECK err_t value_set(struct values *v, enum value_id id, struct slice text);
void value_set_bool(struct values *v, enum value_id id, bool yes);
void value_set_int(struct values *v, enum value_id id, int64_t number);

#endif
