/* world.h - what the stand-ins know: rows in tables, texts that live as long as the peers.
 *
 * Rows never move and are never freed before the peers are. A row that is deleted is `gone` and
 * keeps its id. Whoever changes a row of Clarus takes it by world_edit, so that lagging reads can
 * be answered with the state of a while ago. Quantities are thousandths, times milliseconds since
 * 1970 (0: null), texts "" or NULL for null. */
#ifndef PACKPEERS_WORLD_H
#define PACKPEERS_WORLD_H

#include "firmware/base/json.h"
#include "tools/packpeers/peer.h"

enum table {
    T_NONE,
    T_SITE,
    T_ACCOUNT,
    T_WAREHOUSE,
    T_LOCATION,
    T_CARRIER,
    T_SERVICE,
    T_UNIT_TYPE,
    T_REASON,
    T_USER,
    T_SUBDOMAIN_USER,
    T_INTEGRATION,
    T_ENTITY,
    T_RATE_MAPPING,
    T_PRODUCT,
    T_STORAGE_UNIT,
    T_GOODS_OUT,
    T_LINE,
    T_PICK_LIST,
    T_TASK,
    T_SHIPMENT,
    T_PACKAGE,
    T_DOCUMENT,
    T_CLARUS_END, /* the tables above are read through GraphQL */
    T_TOKEN = T_CLARUS_END,
    T_FILE,
    T_SHOP_ORDER,
    T_SHOP_LINE,
    T_SHOP_ADDRESS,
    T_SHOP_SHIPMENT,
    T_SHOP_ITEM,
    T_SHOP_META,
    T_TABLES,
};

struct row {
    uint32_t id;
    bool gone;
};

struct address {
    const char *name;
    const char *line1;
    const char *line2;
    const char *town;   /* address_3 */
    const char *county; /* address_4 */
    const char *line5;
    const char *postcode;
    const char *country;
    const char *email;
    const char *phone;
};

struct sizes {
    int64_t length;
    int64_t width;
    int64_t height;
    int64_t weight;
    const char *unit;
    const char *weight_unit;
};

struct status {
    uint32_t id;
    const char *code;
    const char *name;
};

/* Sites, accounts, warehouses and the like share one shape. */
struct place {
    struct row row;
    const char *code;
    const char *name;
    const char *external;
    const char *vat_number;
    bool short_pickable;
    uint32_t site_id;
    uint32_t warehouse_id;
    struct address address;
};

struct carrier {
    struct row row;
    const char *code;
    const char *name;
    const char *description;
    const char *carrier_type;
    const char *external;
    const char *template;
    bool active;
    bool externally_registered;
    int64_t created_ms;
};

struct service {
    struct row row;
    const char *code;
    const char *name;
    bool active;
    bool is_default;
    uint32_t carrier_id;
    uint32_t preset_id;
};

struct unit_type {
    struct row row;
    const char *code;
    const char *name;
    const char *unit_name;
    bool pickable;
    bool check_digit;
    bool leaves;
    struct sizes sizes;
};

struct reason {
    struct row row;
    const char *code;
    const char *name;
    const char *description;
    const char *reason_type;
    bool active;
    bool generic;
    uint32_t account_id;
};

struct user {
    struct row row;
    const char *name;
    const char *email;
    const char *client_id;
    const char *secret;
};

struct subdomain_user {
    struct row row;
    uint32_t user_id;
};

struct integration {
    struct row row;
    const char *name;
    const char *provider;
    const char *type;
    const char *status;
    bool enabled;
    int64_t created_ms;
};

struct entity {
    struct row row;
    const char *code;
    const char *description;
    const char *entity_type;
    const char *external;
    uint32_t integration_id;
    int64_t created_ms;
};

struct rate_mapping {
    struct row row;
    uint32_t carrier_id;
    uint32_t service_id;
    uint32_t entity_id;
    uint32_t group_id;
    int64_t created_ms;
};

struct product {
    struct row row;
    const char *code;
    const char *description;
    const char *long_description;
    const char *product_type;
    const char *barcode;
    const char *case_barcode;
    const char *inner_barcode;
    const char *outer_barcode;
    const char *commodity;
    const char *country;
    const char *serial;
    int64_t per_case;
    int64_t per_inner;
    int64_t per_outer;
    uint32_t weight_g;
    uint32_t account_id;
};

struct storage_unit {
    struct row row;
    const char *reference;
    bool active;
    bool dispatched;
    int64_t dispatched_ms;
    int64_t created_ms;
    uint32_t type_id;
    uint32_t warehouse_id;
};

struct goods_out {
    struct row row;
    const char *reference;
    int64_t priority;
    int64_t expected_ms;
    int64_t actual_ms;
    struct status status;
    uint32_t account_id;
    uint32_t warehouse_id;
    uint32_t carrier_id;
    uint32_t service_id;
    uint32_t pick_list_id;
    uint32_t tote_id;
    const char *type;
    const char *dispatch_strategy;
    const char *pack_strategy;
    const char *pick_type;
    const char *order_notes;
    const char *pick_notes;
    const char *packing_notes;
    const char *delivery_notes;
    const char *fulfilment;
    const char *external1;
    const char *external2;
    const char *external3;
    struct address address;
    int64_t created_ms;
    int64_t updated_ms;
    const char *method; /* ship method as bought */
};

struct line {
    struct row row;
    uint32_t goods_out_id;
    uint32_t product_id;
    uint32_t account_id;
    uint32_t warehouse_id;
    uint32_t carrier_id;
    int64_t ordered;
    int64_t allocated;
    int64_t picked;
    int64_t dispatched;
    int64_t configurations;
    const char *configuration;
    const char *short_status;
    const char *number;
    const char *external1;
    int64_t created_ms;
};

struct pick_list {
    struct row row;
    const char *reference;
    const char *pick_reference;
    const char *pick_type;
    const char *load_reference;
    struct status status;
    uint32_t goods_out_id;
    uint32_t account_id;
    uint32_t warehouse_id;
    int64_t pick_tasks;
    int64_t picks_done;
    int64_t dispatch_tasks;
    int64_t dispatches_done;
};

struct task {
    struct row row;
    const char *status;
    const char *subtype;
    struct status type;
    int64_t start;
    int64_t confirmed;
    int64_t priority;
    int64_t created_ms;
    int64_t assigned_ms;
    int64_t completed_ms;
    int64_t accessed_ms;
    uint32_t account_id;
    uint32_t warehouse_id;
    uint32_t product_id;
    uint32_t location_from_id;
    uint32_t location_to_id;
    uint32_t goods_out_id;
    uint32_t line_id;
    uint32_t pick_list_id;
    uint32_t unit_from_id;
    uint32_t unit_to_id;
    uint32_t user_id;
    uint32_t completed_by;
};

struct shipment {
    struct row row;
    uint32_t goods_out_id;
    uint32_t carrier_id;
    uint32_t service_id;
    uint32_t warehouse_id;
    uint32_t document_id;
    uint32_t owner;
    const char *reference;
    const char *name;
    const char *status;
    const char *delivery_notes;
    const char *label_filename;
    const char *tracking;
    const char *external1;
    const char *external2;
    const char *external3;
    struct address address;
    bool own_address;
    int64_t packages_count;
    int64_t created_ms;
    int64_t collection_ms;
    int64_t bought_ms; /* 0: not submitted */
    int64_t voided_ms; /* 0: not cancelled */
};

struct package {
    struct row row;
    uint32_t shipment_id;
    uint32_t unit_type_id;
    uint32_t storage_unit_id;
    const char *tracking;
    const char *reference;
    struct sizes sizes;
};

struct document {
    struct row row;
    const char *file_name;
    const char *file_type;
    const char *category;
    const char *status;
    int64_t created_ms;
    int64_t updated_ms;
    int64_t available_ms;
    uint32_t shipment_id;
    uint32_t owner;
    enum peer_label_kind kind;
};

struct token {
    struct row row;
    const char *text;
    uint32_t user_id;
    int64_t ends_ms;
};

struct file {
    struct row row;
    const char *text;
    uint32_t document_id;
    int64_t ends_ms;
};

struct shop_order {
    struct row row; /* row.id is not the order number */
    uint32_t number;
    const char *clarus_reference;
    int status_id;
    bool archived;
    const char *method;
    const char *customer_message;
    const char *staff_notes;
    const char *external_id;
    int64_t created_ms;
    int64_t modified_ms;
    int64_t shipped_ms;
    struct address billing;
    const char *company;
};

struct shop_line {
    struct row row;
    uint32_t order;
    uint32_t product_id;
    uint32_t address_id;
    const char *sku;
    const char *name;
    const char *wrapping_message;
    uint32_t quantity;
    uint32_t shipped;
};

struct shop_address {
    struct row row;
    uint32_t order;
    const char *company;
    const char *method;
    struct address address;
};

struct shop_shipment {
    struct row row;
    uint32_t order;
    uint32_t address_id;
    const char *tracking;
    const char *tracking_link;
    const char *provider;
    const char *carrier;
    const char *method;
    const char *cost;
    const char *comments;
    int64_t created_ms;
};

struct shop_item {
    struct row row;
    uint32_t shipment;
    uint32_t line;
    uint32_t quantity;
};

struct shop_meta {
    struct row row;
    uint32_t order;
    const char *permission;
    const char *name_space;
    const char *key;
    const char *value;
    const char *description;
    int64_t created_ms;
};

#define WORLD_CHUNK_ROWS 64

struct rows {
    unsigned char **chunks;
    size_t chunk_count;
    size_t row_size;
    uint32_t first_id;
    uint32_t count;
};

/* A row as it was before a change. */
struct past {
    int64_t at_ms;
    enum table table;
    uint32_t id;
    unsigned char *copy;
};

struct fault_rule {
    struct peer_fault fault; /* texts belong to the peers */
    uint32_t id;
    uint32_t seen;
    uint32_t hits;
};

struct request_note {
    enum peer peer;
    const char *method;
    const char *path;
    const char *root; /* text of a GraphQL query, else "" */
    int status;       /* 0: cut */
    uint32_t user_id;
    const char *key; /* what the caller calls this request by: shipment key, comments */
};

struct texts {
    const char **items;
    size_t count;
    size_t cap;
};

#define WORLD_INDICES 9

struct row_index; /* index.c */

struct peers {
    struct peers_options options;
    struct rows tables[T_TABLES];
    struct row_index *indices[WORLD_INDICES];
    unsigned char **blocks; /* where texts and copies live */
    size_t block_count;
    size_t block_used;
    size_t block_size;
    struct past *past;
    size_t past_count;
    size_t past_cap;
    struct fault_rule *faults;
    size_t fault_count;
    size_t fault_cap;
    uint32_t fault_last;
    struct request_note *notes;
    size_t note_count;
    size_t note_cap;
    struct texts violations;
    struct texts remarks;
    int64_t now_ms;
    int64_t window_ms; /* start of the shop's counting window */
    uint32_t window_used;
    uint32_t serial;          /* numbers tokens, files and tracking */
    int64_t document_late_ms; /* added to the next label */
    uint32_t caller;          /* user of the request at hand; 0: none */
    const char *current_key;  /* for the request note */
};

/* Zeroed memory that lives as long as the peers. */
void *world_room(struct peers *p, size_t size);
/* Copies that live as long as the peers. NULL stays NULL. */
const char *world_text(struct peers *p, const char *text);
const char *world_slice(struct peers *p, struct slice text);
const char *world_print(struct peers *p, const char *format, ...) PRINTF_LIKE(2, 3);
/* Grows an array that belongs to the peers; never NULL. */
void *world_grow(void *items, size_t count, size_t *cap, size_t size);

void world_init(struct peers *p);
void world_deinit(struct peers *p);

/* A new row with the next id. */
void *world_add(struct peers *p, enum table t);
/* NULL: no such id, or gone. */
void *world_get(const struct peers *p, enum table t, uint32_t id);
/* As world_get, to be changed: what was there stays readable for the read lag. */
void *world_edit(struct peers *p, enum table t, uint32_t id);
/* The n-th row ever added, gone or not; NULL past the end. */
void *world_nth(const struct peers *p, enum table t, uint32_t n);
/* Makes the Clarus tables read as `lag` ago, and back. Nothing may be changed in between. */
void world_rewind(struct peers *p, int64_t then_ms);
void world_forward(struct peers *p, int64_t then_ms);
/* Deterministic 64 bits for a purpose and a number. */
uint64_t world_chance(const struct peers *p, const char *purpose, uint64_t n);

void world_violation(struct peers *p, const char *format, ...) PRINTF_LIKE(2, 3);
void world_remark(struct peers *p, const char *format, ...) PRINTF_LIKE(2, 3);

bool text_same(const char *a, const char *b); /* NULL equals "" */

struct goods_out *goods_out_by_reference(const struct peers *p, const char *reference);
struct shop_order *shop_order_by_number(const struct peers *p, uint32_t number);
struct shop_order *shop_order_by_reference(const struct peers *p, const char *reference);
struct product *product_by_sku(const struct peers *p, const char *sku);
struct status order_status(const char *code); /* id 0 and code NULL when unknown */

#endif
