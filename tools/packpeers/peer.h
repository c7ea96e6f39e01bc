/* peer.h - stand-ins for Clarus and BigCommerce: a request in, a reply out.
 *
 * The models hold their own truth, check what they are sent, and keep a ledger of everything they
 * accepted. They are pure: no socket, clock, thread or file. Time is an argument (civil
 * milliseconds since 1970, never going back), chance is a seed: the same calls give the same bytes.
 * The same models serve loopback HTTP (server.h, packpeers) and the simulator.
 *
 * One owner calls, never two at once. Text in arguments is borrowed for the call; text in results
 * is borrowed from the peers and lives until peers_free.
 *
 * What is validated restates the published Clarus and BigCommerce interfaces; see clarus.h and
 * shop.h. The control peer (PEER_CONTROL) offers the C calls below as JSON over HTTP; see
 * control.h. */
#ifndef PACKPEERS_PEER_H
#define PACKPEERS_PEER_H

#include "firmware/base/slice.h"

struct peers;

enum peer {
    PEER_CLARUS,  /* /oauth/token, /graphql, /api/..., /files/... */
    PEER_SHOP,    /* /stores/<hash>/v2/..., /stores/<hash>/v3/... */
    PEER_CONTROL, /* breaking things, placing orders, reading the ledger */
    PEER_COUNT,
};

/* ---------------------------------------------------------------------------------- exchange -- */

struct peer_header {
    const char *name;
    const char *value;
};

struct peer_request {
    const char *method; /* "GET", "POST", ... */
    const char *path;   /* "/api/shipments", still percent-encoded, without the query */
    const char *query;  /* "limit=250&page=1" without '?', still encoded; NULL or "": none */
    const struct peer_header *headers;
    size_t header_count;
    struct slice body;
};

enum peer_outcome {
    PEER_ANSWER,      /* status, headers and body are to be delivered after delay_ms */
    PEER_DROP_BEFORE, /* nothing happened; the connection is cut */
    PEER_DROP_AFTER,  /* the effect happened; the reply is lost and the connection cut */
};

#define PEER_REPLY_HEADERS_MAX 12
#define PEER_REPLY_BODY_MAX    ((size_t)4 * 1024 * 1024)
#define PEER_REPLY_VALUE_CAP   96

struct peer_reply_header {
    const char *name; /* static text */
    char value[PEER_REPLY_VALUE_CAP];
};

struct peer_reply {
    enum peer_outcome outcome;
    bool reset;       /* with a drop: by RST rather than by FIN */
    int status;       /* 100..599 */
    int64_t delay_ms; /* >= 0; the effect, if any, has happened already */
    struct peer_reply_header headers[PEER_REPLY_HEADERS_MAX];
    size_t header_count;
    struct buf body; /* growable; freed by peer_reply_deinit */
};

void peer_reply_init(struct peer_reply *r);
void peer_reply_deinit(struct peer_reply *r);
/* Value of a header by name without case; NULL when absent. */
const char *peer_reply_header(const struct peer_reply *r, const char *name);

/* ----------------------------------------------------------------------------------- options -- */

/* Fields that no published Clarus document lists but a tenant may have. */
#define PEER_INFER_NOTES   (1u << 0) /* packing_notes, delivery_notes, pick_notes, order_notes */
#define PEER_INFER_SERVICE (1u << 1) /* goods_outs{carrier_service}, dispatch and pack strategy */
#define PEER_INFER_CONFIGURATION                                                                   \
    (1u << 2)                         /* stock_configuration, ordered_configurations_quantity */
#define PEER_INFER_BARCODES (1u << 3) /* case_barcode, inner_barcode, outer_barcode as fields */
#define PEER_INFER_UNITS    (1u << 4) /* units_per_inner, units_per_outer */
#define PEER_INFER_ADDRESS  (1u << 5) /* goods_outs{address} */
#define PEER_INFER_TASK_LINKS                                                                      \
    (1u << 6) /* tasks{goods_out goods_out_line pick list storage units} */
#define PEER_INFER_TASK_OWNER (1u << 7)  /* tasks{user assigned_at completed_at} */
#define PEER_INFER_EXTERNAL   (1u << 8)  /* external_system_reference1.. , their filters */
#define PEER_INFER_FILTERS    (1u << 9)  /* goods_outs(id), goods_out_pick_lists(reference) */
#define PEER_INFER_REST       (1u << 10) /* every other inferred field */
#define PEER_INFER_ALL        ((1u << 11) - 1)

enum peer_label_kind {
    PEER_LABEL_PDF_100X150, /* millimetres */
    PEER_LABEL_PDF_4X6,     /* inches */
    PEER_LABEL_PNG,         /* 203 dpi, 812 x 1218; one picture, so one parcel only */
    PEER_LABEL_ZPL,         /* ^XA..^XZ per parcel */
    PEER_LABEL_NOT_PDF,     /* named .pdf, holds plain text */
    PEER_LABEL_HTML,        /* an error page with status 200 */
    PEER_LABEL_TRUNCATED,   /* the first half of a right one */
    PEER_LABEL_EXTRA_PAGE,  /* two pages for each parcel */
    PEER_LABEL_A4,          /* wrong size */
    PEER_LABEL_WRONG_CODE,  /* barcode of another tracking number */
    PEER_LABEL_KINDS,
};

/* Zero and NULL mean the default given here. */
struct peers_options {
    uint64_t seed;
    int64_t start_ms;           /* time of the first record; 0: 2026-03-11T08:00:00Z */
    const char *clarus_base;    /* for presigned addresses; "http://clarus.test" */
    const char *tenant;         /* X-Clarus-Subdomain; "acme" */
    const char *shop_hash;      /* "demo" */
    const char *shop_token;     /* X-Auth-Token; "shop-token" */
    uint32_t token_life_s;      /* 7200 */
    uint32_t read_lag_ms;       /* GraphQL sees the state of this long ago; 0: none */
    uint32_t document_delay_ms; /* from submit to an available label; 0: at once */
    uint32_t file_life_ms;      /* life of a presigned address; 60000 */
    uint32_t page_max;          /* largest GraphQL page; 100 */
    uint32_t shop_quota;        /* shop requests per 30 s; 150 */
    uint32_t inferred_off;      /* PEER_INFER_* to leave out; PEER_INFER_ALL: documented only */
    enum peer_label_kind label;
    bool shop_leaves_status; /* the shop does not set 2 or 3 by itself when a shipment comes */
    bool ids_as_text;        /* REST answers ids as text everywhere, else mixed as published */
};

/* Clients known from the start: "bench-1" / "secret-1" acts as user 12, "bench-2" / "secret-2" as
 * user 13. Carriers, services, packaging, reason codes, one account, one warehouse and the
 * ship-method map are there too; products and orders are not (see peers_seed_demo). Never NULL: out
 * of memory ends the process. `options` may be NULL. */
struct peers *peers_new(const struct peers_options *options);
void peers_free(struct peers *p); /* NULL is fine */

/* Where the Clarus stand-in can be reached, once known. */
void peers_set_clarus_base(struct peers *p, const char *base);
void peers_set_label(struct peers *p, enum peer_label_kind kind);

/* Handles one request. `reply` is initialised by the caller; anything in it is replaced. */
void peers_handle(struct peers *p, enum peer which, int64_t now_ms,
                  const struct peer_request *request, struct peer_reply *reply);

/* ---------------------------------------------------------------------------- goods and orders --
 */

struct peer_product_spec {
    const char *sku; /* required, unique */
    const char *name;
    const char *barcode; /* EAN-13 of one unit */
    const char *case_barcode;
    const char *inner_barcode;
    const char *outer_barcode;
    uint32_t units_per_case; /* 0: no such level */
    uint32_t units_per_inner;
    uint32_t units_per_outer;
    uint32_t weight_g;
};
/* ERR_EXISTS: SKU known. */
MUST_CHECK err_t peers_product_add(struct peers *p, const struct peer_product_spec *spec);

struct peer_address_spec {
    const char *name;
    const char *company;
    const char *street1;
    const char *street2;
    const char *town;
    const char *county;
    const char *postcode;
    const char *country; /* two letters; NULL: "GB" */
    const char *email;
    const char *phone;
};

struct peer_line_spec {
    const char *sku;           /* of a known product */
    uint32_t quantity;         /* base units, > 0 */
    const char *configuration; /* "unit", "case", "inner", "outer"; NULL: "unit" */
    uint32_t configurations;   /* how many of them; 0: not said */
    uint32_t not_allocated;    /* of quantity; makes the order PART_ALLOCATED */
    uint32_t address;          /* index into addresses */
};

#define PEER_ORDER_LINES_MAX     64
#define PEER_ORDER_ADDRESSES_MAX 4

struct peer_order_spec {
    const char *reference; /* "WEB-10427": the digits at the end number the storefront order */
    bool clarus_only;      /* no storefront order */
    bool shop_only;        /* Clarus has not heard of it */
    const char *status;    /* Clarus code; NULL: "PICK", or "PART_ALLOCATED" when a line is short */
    int shop_status;       /* status_id; 0: 11 (awaiting fulfilment) */
    const char *method;    /* ship method as the customer chose it; NULL: "Next day before 6pm".
                            * One of the mapped titles gives carrier and service, others leave both
                            * empty in Clarus */
    const char *packing_notes;
    const char *delivery_notes;
    const char *order_notes;
    const char *gift_message;     /* in the storefront order */
    const char *customer_message; /* in the storefront order */
    const char *staff_notes;      /* in the storefront order */
    const char *tote;             /* storage unit the goods lie in; NULL: none */
    const char *pick_list;        /* NULL: "PL-" and the digits of the reference */
    struct peer_address_spec addresses[PEER_ORDER_ADDRESSES_MAX];
    size_t address_count; /* 0: a default one */
    struct peer_line_spec lines[PEER_ORDER_LINES_MAX];
    size_t line_count; /* >= 1 */
};
/* One DISP task of subtype SHIPMENT per line with allocated goods; PICK tasks are COMPLETED.
 * ERR_EXISTS: reference known. ERR_INVALID: no digits in the reference, no lines, unknown SKU. */
MUST_CHECK err_t peers_order_place(struct peers *p, int64_t now_ms,
                                   const struct peer_order_spec *spec);

/* The believable shop: products, totes TOTE-01.., orders WEB-10427 and on. Order by order in
 * demo.c. */
void peers_seed_demo(struct peers *p, int64_t now_ms);

enum peer_change_kind {
    PEER_CLARUS_CANCEL,   /* as POST /goods_outs/{id}/cancel by somebody else; draft and pending
                             vanish */
    PEER_CLARUS_VANISH,   /* no longer listed anywhere */
    PEER_CLARUS_RELEASE,  /* pick list cancelled: PENDING, DISP tasks gone */
    PEER_CLARUS_STATUS,   /* text: status code */
    PEER_CLARUS_QUANTITY, /* sku, number: new ordered quantity; its open DISP task follows; 0
                             removes */
    PEER_CLARUS_NOTE,     /* text: new packing note */
    PEER_CLARUS_DELIVERY_NOTE,
    PEER_CLARUS_ADDRESS, /* text: new first street line */
    PEER_CLARUS_CLAIM, /* number: user id that takes every open DISP task (0: user 14, a picker) */
    PEER_CLARUS_UNCLAIM,   /* open DISP tasks become AVAILABLE */
    PEER_CLARUS_PICK_REST, /* what was not allocated is picked now, with DISP tasks of its own */
    PEER_SHOP_CANCEL,      /* status_id 5 */
    PEER_SHOP_VANISH,      /* 404 */
    PEER_SHOP_ARCHIVE,     /* is_deleted true */
    PEER_SHOP_STATUS,      /* number: status_id */
    PEER_SHOP_HOLD,        /* status_id 12 */
    PEER_SHOP_QUANTITY,    /* sku, number */
    PEER_SHOP_ADDRESS,     /* text: new street_1 */
    PEER_SHOP_SHIPPED_ELSEWHERE, /* text: tracking; somebody ships all that is left */
    PEER_CHANGE_KINDS,
};

struct peer_change {
    enum peer_change_kind kind;
    const char *reference;
    const char *sku;
    const char *text;
    uint32_t number;
};
/* ERR_NOTFOUND: no such order or line. ERR_REFUSED: not in this state. ERR_INVALID: a member
 * missing. */
MUST_CHECK err_t peers_order_change(struct peers *p, int64_t now_ms,
                                    const struct peer_change *change);

/* "clarus_cancel" and so on, as the control port spells them; ERR_NOTFOUND. */
MUST_CHECK err_t peer_change_kind_of(struct slice name, enum peer_change_kind *out);

/* ------------------------------------------------------------------------------------- faults --
 */

enum peer_fault_kind {
    PEER_FAULT_LOSE_REPLY,    /* effect, then the connection is cut */
    PEER_FAULT_DROP,          /* cut before any effect */
    PEER_FAULT_RESET,         /* as DROP, by RST */
    PEER_FAULT_DELAY,         /* answers after wait_ms; the effect is immediate */
    PEER_FAULT_RATE_LIMIT,    /* 429 asking for wait_ms; no effect */
    PEER_FAULT_ERROR_BEFORE,  /* status (default 503), no effect */
    PEER_FAULT_ERROR_AFTER,   /* effect, then status (default 502) */
    PEER_FAULT_EXPIRE_TOKEN,  /* the caller's token ends before the request is looked at */
    PEER_FAULT_REFUSE,        /* 422 (shop: 400) with `words`; no effect */
    PEER_FAULT_HTML,          /* 200 with an HTML page, no effect */
    PEER_FAULT_TRUNCATE,      /* effect, then half of the body, well-formed at the HTTP level */
    PEER_FAULT_GARBAGE,       /* effect, then bytes that are not JSON */
    PEER_FAULT_DOCUMENT_LATE, /* labels bought by this submit become available wait_ms later */
    PEER_FAULT_KINDS,
};

struct peer_fault {
    enum peer peer;
    enum peer_fault_kind kind;
    const char *method; /* NULL: any */
    const char *match;  /* part of the path, or of the query text of a GraphQL request; NULL: any */
    uint32_t skip;      /* matching requests to let pass first */
    uint32_t times;     /* then hit this many; 0: one; UINT32_MAX: until cleared */
    int status;
    int64_t wait_ms;
    const char *words;
};
/* Returns an id for peers_fault_hits. Of several faults that fit a request the oldest due one hits;
 * faults added after that one do not count the request. */
uint32_t peers_fault_add(struct peers *p, const struct peer_fault *fault);
uint32_t peers_fault_hits(const struct peers *p, uint32_t fault_id);
void peers_fault_clear(struct peers *p);
/* As peers_handle, with this fault hitting this request whatever its match says. */
void peers_handle_with(struct peers *p, enum peer which, int64_t now_ms,
                       const struct peer_request *request, const struct peer_fault *fault,
                       struct peer_reply *reply);
/* "lose_reply" and so on, as the control port spells them; ERR_NOTFOUND. */
MUST_CHECK err_t peer_fault_kind_of(struct slice name, enum peer_fault_kind *out);

/* ------------------------------------------------------------------------------------- ledger --
 */

/* One label: one package of a submitted Clarus shipment. */
struct peer_label {
    uint32_t goods_out_id;
    const char *order; /* reference of the order */
    uint32_t shipment_id;
    const char *shipment_key; /* reference of the shipment */
    uint32_t package_id;
    const char *tracking;
    const char *carrier; /* code */
    const char *service; /* code */
    int64_t bought_ms;
    bool voided;
};

/* One completed DISP task. */
struct peer_dispatch {
    uint32_t goods_out_id;
    const char *order;
    uint32_t task_id;
    const char *sku;
    uint32_t quantity; /* base units */
    uint32_t user_id;
    int64_t at_ms;
};

/* One shipment record in the storefront, one entry per item. */
struct peer_shop_shipment {
    uint32_t order_id;
    uint32_t shipment_id;
    const char *tracking;
    const char *comments;
    const char *carrier; /* tracking_carrier */
    uint32_t address_id;
    uint32_t order_product_id;
    const char *sku;
    uint32_t quantity;
    int64_t at_ms;
};

/* `order` narrows to one order by its Clarus reference; NULL: all. At most cap entries are written
 * to out (may be NULL when cap is 0); the number there are is returned. */
size_t peers_labels(const struct peers *p, const char *order, struct peer_label *out, size_t cap);
size_t peers_dispatches(const struct peers *p, const char *order, struct peer_dispatch *out,
                        size_t cap);
size_t peers_shop_shipments(const struct peers *p, const char *order,
                            struct peer_shop_shipment *out, size_t cap);

struct peer_order_view {
    bool in_clarus;
    bool in_shop;
    uint32_t goods_out_id;
    uint32_t shop_order_id;
    const char *status; /* Clarus code, "" when not in Clarus */
    int shop_status;
    uint32_t ordered; /* base units in Clarus, all lines */
    uint32_t dispatched;
    uint32_t shop_ordered;
    uint32_t shop_shipped;
    uint32_t labels_live;
    uint32_t labels_voided;
};
/* ERR_NOTFOUND: neither side ever had it. */
MUST_CHECK err_t peers_order_view(const struct peers *p, const char *reference,
                                  struct peer_order_view *out);

/* What must never happen, in words: a second live label for one parcel key, more shipped than
 * ordered, a dispatch of a cancelled order, a shop shipment for a cancelled order, a package bought
 * twice. Oldest first; NULL past the end. */
const char *peers_violation(const struct peers *p, size_t index);
/* What the peers let pass though it is wrong or useless: unknown members, a missing header. */
const char *peers_remark(const struct peers *p, size_t index);

/* Requests handled, faults included. `method` and `match` as in struct peer_fault. */
size_t peers_request_count(const struct peers *p, enum peer which, const char *method,
                           const char *match);
/* Everything above as one JSON object. */
void peers_ledger_json(const struct peers *p, struct buf *out);

#endif
