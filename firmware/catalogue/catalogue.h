/* catalogue.h - what is to be packed, as last heard from Clarus, the storefront and the site's
 * tables: consignments, lines, products, barcodes with factors, totes. Kept on disk so that the
 * bench packs on without a network, and shown with its age.
 *
 * Clarus writes here what it read; the bench reads. Every record says where a value came from. */
#ifndef PACKD_CATALOGUE_CATALOGUE_H
#define PACKD_CATALOGUE_CATALOGUE_H

#include "firmware/base/clock.h"
#include "firmware/base/json.h"
#include "firmware/base/log.h"
#include "firmware/store/store.h"

/* Station states of a consignment (facts: packing-domain section 4). */
enum consignment_state {
    CONSIGNMENT_KNOWN = 0, /* in the work list, not yet packable or not looked at */
    CONSIGNMENT_READY = 1,
    CONSIGNMENT_CLAIMED = 2,
    CONSIGNMENT_PACKING = 3,
    CONSIGNMENT_PACKED = 4,
    CONSIGNMENT_LABEL_PENDING = 5,
    CONSIGNMENT_LABELLED = 6,
    CONSIGNMENT_LABEL_CHECKED = 7,
    CONSIGNMENT_SAVED = 8,      /* dispatch_pending; nothing outstanding */
    CONSIGNMENT_SAVED_PART = 9, /* saved in part; the remainder can be opened again */
    CONSIGNMENT_DISPATCHED = 10,
    CONSIGNMENT_HELD = 11,
    CONSIGNMENT_STOPPED = 12,
    CONSIGNMENT_GONE = 13, /* finished elsewhere */
};
const char *consignment_state_name(enum consignment_state s);

enum shipment_state {
    SHIPMENT_NEW = 0,     /* bound to its consignment, nothing sent */
    SHIPMENT_MAKING = 1,  /* create or packages under way */
    SHIPMENT_MADE = 2,    /* exists in Clarus unsubmitted: free, deletable */
    SHIPMENT_BUYING = 3,  /* submit sent; tracking or label awaited */
    SHIPMENT_BOUGHT = 4,  /* tracking for every parcel and the label are here */
    SHIPMENT_REFUSED = 5, /* the carrier refused; may be bought again after correction */
    SHIPMENT_VOIDING = 6,
    SHIPMENT_VOID = 7,
    SHIPMENT_VOID_FAILED = 8, /* the label stays live: exception, destroy by hand */
    SHIPMENT_DISPATCHED = 9,
};

enum parcel_state {
    PARCEL_OPEN = 0,
    PARCEL_CLOSED = 1,
    PARCEL_LABELLED = 2, /* label stored */
    PARCEL_PRINTED = 3,
    PARCEL_CHECKED = 4, /* its label was scanned back on its box */
    PARCEL_VOID = 5,
};

struct consignment {
    int64_t id;
    char clarus_id[ID_CAP];
    char reference[REFERENCE_CAP];
    char account_code[ID_CAP];
    char warehouse_id[ID_CAP];
    char clarus_status[RULE_CAP]; /* upper case, as Clarus has it */
    int64_t priority;
    int64_t dispatch_due; /* wall ms; 0: not given */
    char channel[24];
    char shop_order[ID_CAP];
    char carrier_id[ID_CAP];
    char carrier_name[NAME_CAP];
    char service_id[ID_CAP];
    char service_name[NAME_CAP];
    char promised_service[NAME_CAP];
    char packing_note[NOTE_CAP];
    char delivery_note[NOTE_CAP];
    char gift_message[NOTE_CAP];
    char customer_note[NOTE_CAP];
    char notes_source[24];
    enum consignment_state state;
    char hold_rule[RULE_CAP];
    char hold_text[SAY_CAP];
    char digest[65];
    bool claimed;
    int64_t seen_at;
    int64_t checked_at;
};

struct line {
    int64_t id;
    char clarus_line_id[ID_CAP];
    int64_t product_id; /* 0: product unknown here */
    char sku[SKU_CAP];
    char description[NAME_CAP];
    qty_t ordered;
    qty_t picked;
    qty_t dispatched; /* by anyone, as Clarus last said */
    qty_t shorted;
    qty_t cancelled;
    char unit[8];      /* unit, inner, case, outer: as ordered */
    qty_t units;       /* in `unit`; zero: not given */
    qty_t unit_factor; /* base units in one `unit`; zero: not known */
    char shop_line[ID_CAP];
};

MUST_CHECK err_t catalogue_consignment(struct store *st, int64_t id, struct consignment *out);
MUST_CHECK err_t catalogue_by_clarus_id(struct store *st, const char *clarus_id, int64_t *out_id);
/* Lines in order of position; returns how many there are (which may exceed cap). */
MUST_CHECK err_t catalogue_lines(struct store *st, int64_t consignment_id, struct line *out,
                                 size_t cap, size_t *out_count);

/* What a scanned reference stands for: order reference, shop order number, tote or pick list.
 * Exact. ERR_NOTFOUND; ERR_AMBIGUOUS (several open ones; out is the most urgent). */
MUST_CHECK err_t catalogue_find(struct store *st, struct slice code, int64_t *out_id);

/* A product barcode or code. Numeric codes of 8, 12, 13, 14 digits with a right check digit are
 * folded to 14 before comparing; SKUs are compared byte for byte. ERR_NOTFOUND; ERR_AMBIGUOUS: two
 * products, or two levels, answer. */
struct product_hit {
    int64_t product_id;
    char sku[SKU_CAP];
    char level[8];
    qty_t factor; /* base units one scan stands for; zero: not known, refuse */
};
MUST_CHECK err_t catalogue_product(struct store *st, struct slice code, struct product_hit *out);
/* Every product and level that answers; *out_count may exceed cap. Several accounts may sell one
 * barcode: the caller narrows to the products of its order. */
MUST_CHECK err_t catalogue_products(struct store *st, struct slice code, struct product_hit *out,
                                    size_t cap, size_t *out_count);
/* The same for a code that is read already: `barcode` as barcodes are kept (a GTIN folded to 14
 * digits), `sku` byte for byte; each may be empty. */
MUST_CHECK err_t catalogue_products_as(struct store *st, struct slice barcode, struct slice sku,
                                       struct product_hit *out, size_t cap, size_t *out_count);
/* Folds a GTIN to its 14 digits. ERR_INVALID: not 8, 12, 13 or 14 digits, a wrong check digit, or
 * all zeros (then compare the text as it is). */
MUST_CHECK err_t catalogue_gtin(struct slice code, char out[15]);

struct packaging {
    char code[ID_CAP];
    char clarus_id[ID_CAP];
    char name[NAME_CAP];
    int64_t length_mm, width_mm, height_mm, weight_g;
};
MUST_CHECK err_t catalogue_packaging(struct store *st, struct slice code, struct packaging *out);
size_t catalogue_packagings(struct store *st, struct packaging *out, size_t cap);

MUST_CHECK err_t catalogue_set_state(struct store *st, int64_t id, enum consignment_state state);
MUST_CHECK err_t catalogue_hold(struct store *st, int64_t id, enum consignment_state state,
                                const char *rule, const char *text);

/* What is still to be packed of a line: ordered less what Clarus says is dispatched (or what our
 * saved dispatches hold, whichever is more), short and cancelled; to_pack is that capped by what
 * was picked and has not left. Contents of parcels that are not saved yet are not taken off. Pulled
 * and recalled dispatches do not count: their goods are back. Computed, never stored. */
MUST_CHECK err_t catalogue_outstanding(struct store *st, int64_t line_id, qty_t *out_to_pack,
                                       qty_t *out_outstanding);
/* True when after the given dispatch nothing is outstanding on any line. */
MUST_CHECK err_t catalogue_is_complete(struct store *st, int64_t consignment_id,
                                       bool *out_complete);

/* The lines of every consignment of one shop order: what is still outstanding, and what nobody will
 * send any more (short or cancelled). Returns how many there are (which may exceed cap). */
struct ledger_line {
    char sku[SKU_CAP];
    char shop_line[ID_CAP];
    qty_t outstanding;
    qty_t closed;
};
MUST_CHECK err_t catalogue_order_ledger(struct store *st, const char *channel,
                                        const char *shop_order, struct ledger_line *out, size_t cap,
                                        size_t *out_count);

/* SHA-256 (hex) over lines (id, SKU, quantity, unit), address, packing and delivery note, carrier
 * and service as stored now: the digest kept at open. The order of lines does not matter. */
MUST_CHECK err_t catalogue_digest(struct store *st, int64_t consignment_id, char out[65]);

/* Writing, for the connectors. Values are applied when not NULL / not absent. ERR_INVALID, nothing
 * changed: a key is missing, or an identifier is longer than its room when read. A note beyond
 * NOTE_STORE_MAX is kept cut and the order held by the rule "note.too_long". */
struct consignment_reading {
    const char *clarus_id; /* the key; never NULL */
    const char *reference;
    const char *account_id, *account_code, *warehouse_id, *warehouse_code;
    const char *status; /* stored in upper case */
    const int64_t *priority, *dispatch_due;
    const char *carrier_id, *carrier_code, *carrier_name;
    const char *service_id, *service_code, *service_name;
    const char *promised_service;
    const char *channel, *shop_order;
    const char *packing_note, *delivery_note, *gift_message, *customer_note, *notes_source;
    const char *recipient, *recipient_source;
};
/* How exactly it is noted when an order that waits was seen last: each noting is a page written. */
#define CATALOGUE_SEEN_MS 300000
MUST_CHECK err_t catalogue_put_consignment(struct store *st, wall_t at,
                                           const struct consignment_reading *r, int64_t *out_id);
struct line_reading {
    const char *clarus_line_id;
    int64_t position;
    const char *product_clarus_id; /* NULL: unknown */
    const char *sku;
    qty_t ordered, allocated, picked, dispatched, shorted;
    const char *unit; /* NULL: unit */
    qty_t units;
    const char *shop_line; /* NULL: keep */
};
MUST_CHECK err_t catalogue_put_line(struct store *st, int64_t consignment_id,
                                    const struct line_reading *r);
/* The storefront's id of one of our lines. */
MUST_CHECK err_t catalogue_set_shop_line(struct store *st, int64_t line_id, const char *shop_line);
/* Notes the shop's order brought for the packer and the carrier; shown after Clarus's own. Kept to
 * NOTE_STORE_MAX bytes each. */
MUST_CHECK err_t catalogue_set_shop_notes(struct store *st, int64_t consignment_id,
                                          struct slice packing, struct slice delivery);
/* Removes lines of the consignment whose Clarus id is not in the list (an edit took them away),
 * unless something of them is packed or dispatched (then `cancelled` is raised instead). */
MUST_CHECK err_t catalogue_keep_lines(struct store *st, int64_t consignment_id,
                                      const char *const *clarus_ids, size_t count);
struct product_reading {
    const char *clarus_id, *code, *description;
    struct {
        const char *code; /* NULL or "": none */
        qty_t factor;
    } barcode[4]; /* unit, inner, case, outer */
};
MUST_CHECK err_t catalogue_put_product(struct store *st, wall_t at, const struct product_reading *r,
                                       int64_t *out_id);
MUST_CHECK err_t catalogue_put_carrying(struct store *st, wall_t at, const char *code,
                                        const char *kind, int64_t consignment_id);
MUST_CHECK err_t catalogue_put_packaging(struct store *st, const struct packaging *p);
struct task_reading {
    const char *clarus_task_id, *clarus_line_id, *product_id, *subtype, *status;
    qty_t quantity;
};
MUST_CHECK err_t catalogue_put_task(struct store *st, int64_t consignment_id,
                                    const struct task_reading *r);

/* One line of an order's history. `who` is a packer's or lead's id, never a customer. */
MUST_CHECK err_t story_add(struct store *st, wall_t at, int64_t consignment_id, const char *side,
                           const char *event, const char *who, const char *detail);

#endif
