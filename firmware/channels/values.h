/* values.h - what a definition may name: the pipeline's own values, by dotted names.
 * A template says {"$in":"parcel.tracking"}; a path says "/orders/{order.number}".
 *
 * Besides the pipeline's own there are named ones: "option.X" from the channel's configuration, and
 * "order.X" and "record.X" that a definition takes from answers. */
#ifndef PACKD_CHANNELS_VALUES_H
#define PACKD_CHANNELS_VALUES_H

#include "firmware/base/json.h"
#include "firmware/limits.h"

#define VALUE_LIST(X)                                                                              \
    X(VALUE_ORDER_NUMBER, "order.number")       /* the shop's order number */                      \
    X(VALUE_ORDER_REFERENCE, "order.reference") /* Clarus's */                                     \
    X(VALUE_ORDER_STATUS, "order.status")       /* as read */                                      \
    X(VALUE_ORDER_COMPLETE, "order.complete")   /* "true" when nothing is left to ship */          \
    X(VALUE_DISPATCH_KEY, "dispatch.key")                                                          \
    X(VALUE_DISPATCH_SERVICE, "dispatch.service")                                                  \
    X(VALUE_DISPATCH_CARRIER, "dispatch.carrier") /* carrier code of Clarus */                     \
    X(VALUE_DISPATCH_AT, "dispatch.at")           /* "2026-03-11T15:58:12.040Z" */                 \
    X(VALUE_RECORD_KEY, "record.key")             /* dispatch key and record number: "K-1" */      \
    X(VALUE_RECORD_ADDRESS, "record.address")                                                      \
    X(VALUE_RECORD_ID, "record.id") /* of the record in the shop, once it is known */              \
    X(VALUE_PARCEL_TRACKING, "parcel.tracking")                                                    \
    X(VALUE_PARCEL_CARRIER, "parcel.carrier") /* carrier as the shop names it; may be empty */     \
    X(VALUE_PARCEL_LINK, "parcel.link")                                                            \
    X(VALUE_PARCEL_NUMBER, "parcel.number")   /* from 1 within its record */                       \
    X(VALUE_PARCEL_WEIGHT, "parcel.weight_g") /* empty when not weighed */                         \
    X(VALUE_PARCEL_FOUND, "parcel.found")     /* "true": this parcel is in the record already */   \
    X(VALUE_LINE_REMOTE_ID, "line.remote_id") /* within a loop over lines, as all of line.* */     \
    X(VALUE_LINE_QUANTITY, "line.quantity")                                                        \
    X(VALUE_LINE_SKU, "line.sku")                                                                  \
    X(VALUE_LINE_SHIPPED, "line.shipped") /* "false" for an open line outside the record */        \
    X(VALUE_LINE_OPEN, "line.open")       /* what the shop's line had left before this record */   \
    X(VALUE_PAGE_SIZE, "page.size")                                                                \
    X(VALUE_PAGE_NUMBER, "page.number") /* from 1 */                                               \
    X(VALUE_PAGE_OFFSET, "page.offset") /* rows before this page */                                \
    X(VALUE_PAGE_CURSOR, "page.cursor") /* empty at first */                                       \
    X(VALUE_NOW, "now")                 /* seconds since 1970, when the request is made */         \
    X(VALUE_CONFIG_CLAIM, "config.claim")                                                          \
    X(VALUE_CONFIG_SET_STATUS, "config.set_status")

#define VALUE_ENUM(name, text) name,
enum value_id {
    VALUE_LIST(VALUE_ENUM) VALUE_COUNT
};
#undef VALUE_ENUM

#define VALUE_CAP      512
#define VALUE_NAME_CAP 40
#define NAMED_MAX      24 /* options, takes and parts of a secret */
#define REMOTE_ID_CAP  80 /* Shopify: "gid://shopify/FulfillmentOrderLineItem/1234567890123" */

/* One shop line of a record. */
struct value_line {
    char remote_id[REMOTE_ID_CAP];
    int64_t quantity; /* whole units */
    char sku[SKU_CAP];
    int64_t open;
    size_t parcel; /* index in the record's parcels; used in lists of one parcel's lines */
    bool unshipped;
};

struct value_parcel {
    char tracking[TRACKING_CAP];
    char link[VALUE_CAP];
    int64_t weight_g; /* 0: not weighed */
    bool found;
};

struct value_named {
    char name[VALUE_NAME_CAP];
    char text[VALUE_CAP];
};

/* Where a loop stands. NULL: outside. */
struct value_place {
    const struct value_line *line;
    const struct value_parcel *parcel;
    size_t parcel_index;
};

struct values {
    char text[VALUE_COUNT][VALUE_CAP]; /* "" is empty and absent alike */
    struct value_named named[NAMED_MAX];
    size_t named_count;
    const struct value_line *lines; /* of the record, one for each shop line; borrowed */
    size_t line_count;
    const struct value_line *parts; /* the same, split by parcel */
    size_t part_count;
    const struct value_line *unshipped; /* open lines of the shop order outside the record */
    size_t unshipped_count;
    const struct value_parcel *parcels;
    size_t parcel_count;
    struct value_place place; /* of a step that is sent for each line or parcel */
};

/* VALUE_COUNT when the pipeline has no such value. */
enum value_id value_id_of(struct slice name);
const char *value_name(enum value_id id);
/* ERR_NOSPACE (value is "" then): does not fit; a value is never cut. */
MUST_CHECK err_t value_set(struct values *v, enum value_id id, struct slice text);
void value_set_bool(struct values *v, enum value_id id, bool yes);
void value_set_int(struct values *v, enum value_id id, int64_t number);
/* Sets any value by name; a new named one is added. ERR_NOSPACE: does not fit, or NAMED_MAX. */
MUST_CHECK err_t value_set_named(struct values *v, struct slice name, struct slice text);
/* Forgets what was taken for one record. */
void value_clear_record(struct values *v);

/* Room for numbers of value_find. */
struct value_room {
    char text[24];
};
/* The value of any name at a place; empty when unknown, empty or outside its loop. */
struct slice value_find(const struct values *v, const struct value_place *place, struct slice name,
                        struct value_room *room);
/* "https://track.example/{tracking}" with the tracking number percent-encoded; "" for a form
 * without {tracking}. ERR_NOSPACE. */
MUST_CHECK err_t value_link(const char *form, const char *tracking, char out[VALUE_CAP]);

#endif
