#include "firmware/clarus/inner.h"

#include <string.h>

const char ORDER_FIELDS[] =
    "id reference priority expected_date_of_dispatch goods_out_status { code name } "
    "account { id code } warehouse { id code } carrier { id code }";

static void fields_set(char out[FIELDS_CAP], const char *documented)
{
    struct buf b = buf_over(out, FIELDS_CAP - 1);
    buf_text(&b, documented);
    out[b.len] = '\0';
}

static void fields_add(const struct clarus *c, char out[FIELDS_CAP], enum proven what,
                       const char *fields)
{
    if (!proven(c, what)) return;
    struct buf b = buf_over(out, FIELDS_CAP - 1);
    b.len = strlen(out);
    buf_byte(&b, ' ');
    buf_text(&b, fields);
    out[b.len] = '\0';
}

bool order_parse(json_node node, struct order_seen *out)
{
    *out = (struct order_seen){0};
    if (!node_id(node, "/id", out->id, sizeof out->id)) return false;
    node_text(node, "/reference", out->reference, sizeof out->reference);
    node_text(node, "/goods_out_status/code", out->status, sizeof out->status);
    for (char *p = out->status; *p; p++)
        if (*p >= 'a' && *p <= 'z') *p = (char)(*p - 'a' + 'A');
    node_id(node, "/carrier/id", out->carrier_id, sizeof out->carrier_id);
    return out->reference[0] != '\0';
}

static const char *carrier_name(const struct clarus *c, const char *id)
{
    for (size_t i = 0; i < c->carrier_count; i++)
        if (strcmp(c->carriers[i].id, id) == 0) return c->carriers[i].name;
    return NULL;
}

bool order_record(struct clarus *c, json_node node, struct order_seen *out)
{
    if (!order_parse(node, out)) return false;
    char account_id[ID_CAP], account[ID_CAP], warehouse_id[ID_CAP], warehouse[ID_CAP];
    char carrier[ID_CAP], due_text[CLOCK_ISO_CAP + 8];
    int64_t priority = 0, due = 0;
    bool has_priority = json_int(json_member(node, "priority"), 0, 1000000, &priority) == ERR_OK;
    node_text(node, "/expected_date_of_dispatch", due_text, sizeof due_text);
    bool has_due = due_text[0] && clock_parse(slice_text(due_text), &due) == ERR_OK;
    struct consignment_reading r = {
        .clarus_id = out->id,
        .reference = out->reference,
        .account_id = node_id(node, "/account/id", account_id, sizeof account_id),
        .account_code = node_text(node, "/account/code", account, sizeof account),
        .warehouse_id = node_id(node, "/warehouse/id", warehouse_id, sizeof warehouse_id),
        .warehouse_code = node_text(node, "/warehouse/code", warehouse, sizeof warehouse),
        .status = out->status,
        .priority = has_priority ? &priority : NULL,
        .dispatch_due = has_due ? &due : NULL,
        .carrier_id = out->carrier_id,
        .carrier_code = node_text(node, "/carrier/code", carrier, sizeof carrier),
        .carrier_name = carrier_name(c, out->carrier_id),
    };
    err_t e = catalogue_put_consignment(c->store, effects_wall(c->fx), &r, &out->consignment_id);
    clarus_note(c, "put_consignment", e);
    return e == ERR_OK;
}

void line_fields(const struct clarus *c, char out[FIELDS_CAP])
{
    fields_set(out, "id order_quantity allocated_quantity pick_quantity dispatch_quantity "
                    "short_status product { id code } goods_out { id reference }");
    fields_add(c, out, PROVEN_CONFIGURATION, "stock_configuration ordered_configurations_quantity");
    fields_add(c, out, PROVEN_LINE_REFERENCE, "external_system_reference1");
}

static int64_t consignment_of(struct clarus *c, const char *clarus_id)
{
    int64_t id = 0;
    if (!clarus_id[0] || catalogue_by_clarus_id(c->store, clarus_id, &id)) return 0;
    return id;
}

/* `short_status` is empty when the line is not short. Which part of it is short is not published:
 * what is neither allocated nor picked. */
static qty_t line_short(json_node node, qty_t ordered, qty_t picked, qty_t allocated)
{
    char status[32];
    node_text(node, "/short_status", status, sizeof status);
    if (!status[0]) return QTY_ZERO;
    int64_t covered = picked.milli > allocated.milli ? picked.milli : allocated.milli;
    return (qty_t){ordered.milli > covered ? ordered.milli - covered : 0};
}

bool line_record(struct clarus *c, json_node node, int64_t consignment_id, int64_t position,
                 char id_out[ID_CAP])
{
    char order_id[ID_CAP], product[ID_CAP], sku[SKU_CAP], unit[8], shop_line[ID_CAP];
    if (!node_id(node, "/id", id_out, ID_CAP)) return false;
    node_id(node, "/goods_out/id", order_id, sizeof order_id);
    int64_t owner = consignment_of(c, order_id);
    if (!owner || (consignment_id && owner != consignment_id)) return false;
    struct line_reading r = {
        .clarus_line_id = id_out,
        .position = position ? position : id_number(id_out),
        .product_clarus_id = node_id(node, "/product/id", product, sizeof product),
        .sku = node_text(node, "/product/code", sku, sizeof sku),
        .ordered = node_qty(node, "/order_quantity"),
        .allocated = node_qty(node, "/allocated_quantity"),
        .picked = node_qty(node, "/pick_quantity"),
        .dispatched = node_qty(node, "/dispatch_quantity"),
        .unit = node_text(node, "/stock_configuration", unit, sizeof unit),
        .units = node_qty(node, "/ordered_configurations_quantity"),
        .shop_line = node_id(node, "/external_system_reference1", shop_line, sizeof shop_line),
    };
    if (!r.sku) r.sku = "";
    if (r.unit && !r.unit[0]) r.unit = NULL;
    r.shorted = line_short(node, r.ordered, r.picked, r.allocated);
    err_t e = catalogue_put_line(c->store, owner, &r);
    clarus_note(c, "put_line", e);
    return e == ERR_OK;
}

void task_fields(const struct clarus *c, char out[FIELDS_CAP])
{
    fields_set(out, "id status subtype start_quantity product { id code } task_type { id code }");
    fields_add(c, out, PROVEN_TASK_ORDER, "goods_out { id reference }");
    fields_add(c, out, PROVEN_TASK_LINE, "goods_out_line { id }");
    fields_add(c, out, PROVEN_TASK_LIST, "goods_out_pick_list { id reference }");
    fields_add(c, out, PROVEN_TASK_UNIT, "storage_unit_from { id reference }");
    fields_add(c, out, PROVEN_TASK_OWNER, "user { id name }");
}

bool task_parse(json_node node, struct task_seen *out)
{
    *out = (struct task_seen){0};
    if (!node_id(node, "/id", out->id, sizeof out->id)) return false;
    node_id(node, "/goods_out_line/id", out->line_id, sizeof out->line_id);
    node_id(node, "/product/id", out->product_id, sizeof out->product_id);
    node_id(node, "/user/id", out->owner_id, sizeof out->owner_id);
    node_id(node, "/goods_out/id", out->order_id, sizeof out->order_id);
    node_text(node, "/subtype", out->subtype, sizeof out->subtype);
    node_text(node, "/status", out->status, sizeof out->status);
    node_text(node, "/task_type/code", out->type, sizeof out->type);
    node_text(node, "/user/name", out->owner, sizeof out->owner);
    node_text(node, "/storage_unit_from/reference", out->tote, sizeof out->tote);
    node_text(node, "/goods_out_pick_list/reference", out->pick_list, sizeof out->pick_list);
    out->quantity = node_qty(node, "/start_quantity");
    return true;
}

void task_record(struct clarus *c, const struct task_seen *t, int64_t consignment_id)
{
    if (!slice_is_nocase(slice_text(t->type), "DISP") || !consignment_id) return;
    struct task_reading r = {.clarus_task_id = t->id,
                             .clarus_line_id = t->line_id[0] ? t->line_id : NULL,
                             .product_id = t->product_id[0] ? t->product_id : NULL,
                             .subtype = t->subtype,
                             .status = t->status,
                             .quantity = t->quantity};
    wall_t at = effects_wall(c->fx);
    clarus_note(c, "put_task", catalogue_put_task(c->store, consignment_id, &r));
    if (slice_is_nocase(slice_text(t->status), "COMPLETED")) return;
    if (t->tote[0])
        clarus_note(c, "put_carrying",
                    catalogue_put_carrying(c->store, at, t->tote, "tote", consignment_id));
    if (t->pick_list[0])
        clarus_note(
            c, "put_carrying",
            catalogue_put_carrying(c->store, at, t->pick_list, "pick_list", consignment_id));
}

void product_fields(const struct clarus *c, char out[FIELDS_CAP])
{
    fields_set(out, "id code barcode description units_per_case");
    fields_add(c, out, PROVEN_BARCODES, "case_barcode inner_barcode outer_barcode");
    fields_add(c, out, PROVEN_UNITS, "units_per_inner units_per_outer");
}

static const struct {
    const char *name, *barcode, *units;
} levels[LEVELS] = {
    [LEVEL_UNIT] = {"unit", "/barcode", ""},
    [LEVEL_INNER] = {"inner", "/inner_barcode", "/units_per_inner"},
    [LEVEL_CASE] = {"case", "/case_barcode", "/units_per_case"},
    [LEVEL_OUTER] = {"outer", "/outer_barcode", "/units_per_outer"},
};

/* What was learned of a level by asking for a code stays when the record does not tell. */
static bool barcode_kept(struct clarus *c, const char *clarus_id, int level, char *out, size_t cap,
                         qty_t *factor)
{
    const char *name = levels[level].name;
    if (!sql_text(c,
                  "SELECT b.code FROM barcode b JOIN product p ON p.id = b.product_id "
                  "WHERE p.clarus_id = ? AND b.level = ?",
                  out, cap, "tt", clarus_id, name))
        return false;
    int64_t kept = sql_int(c,
                           "SELECT b.factor FROM barcode b JOIN product p ON p.id = b.product_id "
                           "WHERE p.clarus_id = ? AND b.level = ?",
                           0, "tt", clarus_id, name);
    if (!factor->milli) factor->milli = kept;
    return true;
}

int64_t product_record(struct clarus *c, json_node node)
{
    return product_learned(c, node, LEVELS, NULL);
}

int64_t product_learned(struct clarus *c, json_node node, enum level level, const char *scanned)
{
    char id[ID_CAP], code[SKU_CAP], description[NAME_CAP], barcode[LEVELS][CODE_CAP];
    if (!node_id(node, "/id", id, sizeof id)) return 0;
    struct product_reading r = {
        .clarus_id = id,
        .code = node_text(node, "/code", code, sizeof code),
        .description = node_text(node, "/description", description, sizeof description),
    };
    if (!r.code) return 0;
    for (int i = 0; i < LEVELS; i++) {
        r.barcode[i].factor = i == LEVEL_UNIT ? QTY_UNITS(1) : node_qty(node, levels[i].units);
        r.barcode[i].code = node_text(node, levels[i].barcode, barcode[i], CODE_CAP);
        if (!r.barcode[i].code && i != LEVEL_UNIT &&
            barcode_kept(c, id, i, barcode[i], CODE_CAP, &r.barcode[i].factor))
            r.barcode[i].code = barcode[i];
        if (i == (int)level && !r.barcode[i].code) r.barcode[i].code = scanned;
    }
    int64_t product_id = 0;
    err_t e = catalogue_put_product(c->store, effects_wall(c->fx), &r, &product_id);
    clarus_note(c, "put_product", e);
    return e ? 0 : product_id;
}

void shipment_fields(const struct clarus *c, char out[FIELDS_CAP])
{
    fields_set(out, "id reference status delivery_notes label_filename packages_count "
                    "carrier { id code name } carrier_service { id code name }");
    fields_add(c, out, PROVEN_SHIPMENT_REFERENCE, "external_system_reference1");
}

bool shipment_parse(json_node node, struct shipment_seen *out)
{
    *out = (struct shipment_seen){0};
    if (!node_id(node, "/id", out->id, sizeof out->id)) return false;
    node_text(node, "/reference", out->reference, sizeof out->reference);
    node_text(node, "/external_system_reference1", out->external, sizeof out->external);
    node_text(node, "/status", out->status, sizeof out->status);
    node_text(node, "/label_filename", out->label, sizeof out->label);
    node_id(node, "/carrier/id", out->carrier_id, sizeof out->carrier_id);
    node_id(node, "/carrier_service/id", out->service_id, sizeof out->service_id);
    node_text(node, "/carrier_service/name", out->service_name, sizeof out->service_name);
    out->delivery_note = json_text(json_member(node, "delivery_notes"));
    return true;
}

#define PRODUCT_AGE_MS  (INT64_C(24) * 3600 * 1000)
#define NEED_PASSES_MAX (LINES_MAX / BATCH_MAX + 2)

void need_of_line(struct clarus *c, struct product_need *need, json_node line_node)
{
    char id[ID_CAP], code[SKU_CAP];
    if (need->count == BATCH_MAX || !node_id(line_node, "/product/id", id, sizeof id)) return;
    if (!node_text(line_node, "/product/code", code, sizeof code) || !code[0]) return;
    int64_t seen = sql_int(c, "SELECT seen_at FROM product WHERE clarus_id = ?", -1, "t", id);
    if (seen >= 0 && effects_wall(c->fx).ms - seen < PRODUCT_AGE_MS) return;
    for (size_t i = 0; i < need->count; i++)
        if (strcmp(need->codes[i], code) == 0) return;
    memcpy(need->codes[need->count++], code, sizeof code);
}

bool need_begin(struct clarus_flow *f, struct product_need *need)
{
    if (!need->count || need->passes >= NEED_PASSES_MAX) return false;
    struct json_writer w = json_write(list_filter(f));
    json_open_object(&w, NULL);
    json_open_object(&w, "code");
    json_open_array(&w, "in");
    for (size_t i = 0; i < need->count; i++)
        json_put_text(&w, NULL, need->codes[i]);
    json_close_array(&w);
    json_close_object(&w);
    json_close_object(&w);
    need->count = 0;
    need->passes++;
    char fields[FIELDS_CAP];
    product_fields(f->c, fields);
    list_start(f, "products", "ProductsFilterType", fields);
    return true;
}
