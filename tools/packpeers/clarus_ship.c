#include <string.h>

#include "tools/packpeers/clarus.h"
#include "tools/packpeers/tracking.h"

#define SHIPMENT_MEMBERS                                                                           \
    "goods_out_id carrier_id carrier_service_id reference tracking_number "                        \
    "external_system_reference1 external_system_reference2 external_system_reference3 "            \
    "string1 string2 string3 string4 string5 packages packages_changes"

static void put_shipment(struct exchange *x, const struct shipment *s)
{
    struct json_writer w = clarus_open(x, "shipments", s->row.id, false);
    put_id_or_null(&w, "goods_out_id", s->goods_out_id);
    put_id_or_null(&w, "carrier_id", s->carrier_id);
    put_id_or_null(&w, "carrier_service_id", s->service_id);
    put_text_or_null(&w, "reference", s->reference);
    put_text_or_null(&w, "status", s->status);
    put_text_or_null(&w, "tracking_number", s->tracking);
    put_text_or_null(&w, "label_filename", s->label_filename);
    put_text_or_null(&w, "external_system_reference1", s->external1);
    put_text_or_null(&w, "external_system_reference2", s->external2);
    put_text_or_null(&w, "external_system_reference3", s->external3);
    clarus_close(&w);
}

/* --------------------------------------------------------------------------------- create -- */

static bool pair_fits(struct exchange *x, uint32_t carrier, uint32_t service)
{
    if (!carrier && !service) return true;
    const struct service *s = world_get(x->p, T_SERVICE, service);
    const struct carrier *c = world_get(x->p, T_CARRIER, carrier);
    if (c && s && s->carrier_id == carrier) return true;
    clarus_refuse(
        x, 422, "invalid_carrier_service",
        "carrier_id and carrier_service_id must be given as a pair that belongs together");
    return false;
}

static bool read_ids(struct exchange *x, uint32_t *goods_out, uint32_t *carrier, uint32_t *service)
{
    if (member_id(x->attributes, "goods_out_id", goods_out) &&
        member_id(x->attributes, "carrier_id", carrier) &&
        member_id(x->attributes, "carrier_service_id", service))
        return true;
    clarus_refuse(x, 422, "invalid_id", "Ids are integers");
    return false;
}

static void read_texts(struct exchange *x, struct shipment *s)
{
    static const struct {
        const char *name;
        size_t offset;
    } texts[] = {
        {"reference", offsetof(struct shipment, reference)},
        {"external_system_reference1", offsetof(struct shipment, external1)},
        {"external_system_reference2", offsetof(struct shipment, external2)},
        {"external_system_reference3", offsetof(struct shipment, external3)},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *text = member_text(x->p, x->attributes, texts[i].name);
        if (text) memcpy((char *)s + texts[i].offset, &text, sizeof text);
    }
}

static int64_t milli_or_zero(json_node object, const char *name)
{
    qty_t q;
    return json_qty(json_member(object, name), &q) ? 0 : q.milli;
}

static void add_inline(struct exchange *x, uint32_t shipment, json_node attributes)
{
    struct package *k = world_edit(x->p, T_PACKAGE, package_add(x->p, shipment, 0));
    k->reference = member_text(x->p, attributes, "reference");
    k->sizes = (struct sizes){.length = milli_or_zero(attributes, "length"),
                              .width = milli_or_zero(attributes, "width"),
                              .height = milli_or_zero(attributes, "height"),
                              .weight = milli_or_zero(attributes, "weight"),
                              .unit = "centimetre",
                              .weight_unit = "kilogram"};
}

/* Both published spellings: `packages` holds attributes, `packages_changes` wraps them. */
static void add_all_inline(struct exchange *x, uint32_t shipment)
{
    json_node list = json_member(x->attributes, "packages");
    for (json_node n = json_first(list); n; n = json_next(n))
        add_inline(x, shipment, n);
    list = json_member(x->attributes, "packages_changes");
    for (json_node n = json_first(list); n; n = json_next(n))
        if (slice_is(json_text(json_member(n, "type")), "ADD"))
            add_inline(x, shipment, json_member(n, "attributes"));
}

static void check_second_shipment(struct peers *p, const struct shipment *s)
{
    const struct shipment *o;
    for (uint32_t i = 0; s->external1 && (o = world_nth(p, T_SHIPMENT, i)); i++)
        if (o != s && !o->row.gone && !o->voided_ms && text_same(o->external1, s->external1))
            world_violation(p, "second shipment under the key %s (%u and %u)", s->external1,
                            (unsigned)o->row.id, (unsigned)s->row.id);
}

void shipments_create(struct exchange *x)
{
    uint32_t goods_out, carrier, service;
    struct address address;
    if (!read_ids(x, &goods_out, &carrier, &service)) return;
    const struct goods_out *g = world_get(x->p, T_GOODS_OUT, goods_out);
    if (!g) {
        clarus_refuse(x, 422, "goods_out_required", "goods_out_id must name an order");
        return;
    }
    if (text_same(g->status.code, "CANCELLED")) {
        clarus_refuse(x, 422, "goods_out_cancelled", "The order is cancelled");
        return;
    }
    if (!pair_fits(x, carrier, service)) return;
    err_t e = clarus_address(x, &address);
    if (e == ERR_INVALID) return;
    remark_unknown(x->p, "shipments", x->attributes, SHIPMENT_MEMBERS);
    struct shipment *s = world_add(x->p, T_SHIPMENT);
    s->goods_out_id = goods_out;
    s->carrier_id = carrier ? carrier : g->carrier_id;
    s->service_id = carrier ? service : g->service_id;
    s->warehouse_id = g->warehouse_id;
    s->status = "pending";
    s->delivery_notes = g->delivery_notes;
    s->created_ms = x->p->now_ms;
    s->own_address = e == ERR_OK;
    s->address = e == ERR_OK ? address : g->address;
    s->owner = x->user;
    read_texts(x, s);
    check_second_shipment(x->p, s);
    if (!s->reference) s->reference = world_print(x->p, "SHP-%u", (unsigned)s->row.id);
    s->name = s->reference;
    x->p->current_key = s->reference;
    add_all_inline(x, s->row.id);
    put_shipment(x, s);
}

static struct shipment *shipment_here(struct exchange *x)
{
    struct shipment *s = world_edit(x->p, T_SHIPMENT, x->id);
    if (!s) clarus_not_found(x);
    if (s) x->p->current_key = s->reference;
    return s;
}

void shipments_change(struct exchange *x)
{
    uint32_t goods_out, carrier, service;
    struct address address;
    struct shipment *s = shipment_here(x);
    if (!s || !read_ids(x, &goods_out, &carrier, &service)) return;
    bool other_order = goods_out && goods_out != s->goods_out_id;
    if (s->bought_ms && (carrier || other_order)) {
        clarus_refuse(x, 422, "shipment_submitted",
                      "A submitted shipment keeps its carrier and order");
        return;
    }
    if (other_order) {
        clarus_refuse(x, 422, "goods_out_fixed", "A shipment stays with its order");
        return;
    }
    if (!pair_fits(x, carrier, service)) return;
    err_t e = clarus_address(x, &address);
    if (e == ERR_INVALID) return;
    remark_unknown(x->p, "shipments", x->attributes, SHIPMENT_MEMBERS);
    if (carrier) {
        s->carrier_id = carrier;
        s->service_id = service;
    }
    if (!e && !s->bought_ms) s->address = address;
    read_texts(x, s);
    put_shipment(x, s);
}

static void packages_drop(struct peers *p, uint32_t shipment)
{
    struct package *k;
    for (uint32_t i = 0; (k = world_nth(p, T_PACKAGE, i)); i++) {
        if (k->row.gone || k->shipment_id != shipment) continue;
        k = world_edit(p, T_PACKAGE, k->row.id);
        k->row.gone = true;
    }
}

void shipments_delete(struct exchange *x)
{
    struct shipment *s = shipment_here(x);
    if (!s) return;
    if (s->bought_ms) {
        clarus_refuse(x, 422, "shipment_submitted",
                      "A submitted shipment is cancelled, not deleted");
        return;
    }
    packages_drop(x->p, s->row.id);
    s->row.gone = true;
    reply_status(x->reply, 204);
}

/* --------------------------------------------------------------------------------- submit -- */

static const char *submit_obstacle(struct exchange *x, const struct shipment *s)
{
    if (s->voided_ms) return "The shipment is cancelled";
    if (s->bought_ms) return "The shipment has been submitted already";
    if (!s->carrier_id || !s->service_id) return "A carrier and a service are required";
    if (!s->packages_count) return "At least one package is required";
    if (!s->address.postcode || !s->address.postcode[0]) return "Carrier: the postcode is missing";
    const struct package *k;
    for (uint32_t i = 0; (k = world_nth(x->p, T_PACKAGE, i)); i++) {
        if (k->row.gone || k->shipment_id != s->row.id) continue;
        const struct sizes *z = &k->sizes;
        if (z->length <= 0 || z->width <= 0 || z->height <= 0 || z->weight <= 0)
            return "Every package needs length, width, height and weight";
    }
    return NULL;
}

static void check_second_label(struct peers *p, const struct shipment *s)
{
    const struct shipment *o;
    for (uint32_t i = 0; (o = world_nth(p, T_SHIPMENT, i)); i++) {
        bool live = o->bought_ms && !o->voided_ms && !o->row.gone;
        if (o != s && live && text_same(o->reference, s->reference))
            world_violation(p, "second live label under the key %s (shipments %u and %u)",
                            s->reference, (unsigned)o->row.id, (unsigned)s->row.id);
    }
    const struct goods_out *g = world_get(p, T_GOODS_OUT, s->goods_out_id);
    if (!g || text_same(g->status.code, "CANCELLED"))
        world_remark(p, "label bought for an order that is cancelled or gone (shipment %u)",
                     (unsigned)s->row.id);
}

static void add_document(struct exchange *x, struct shipment *s)
{
    struct peers *p = x->p;
    enum peer_label_kind kind = p->options.label;
    const char *type = kind == PEER_LABEL_PNG ? "png" : kind == PEER_LABEL_ZPL ? "zpl" : "pdf";
    struct document *d = world_add(p, T_DOCUMENT);
    int64_t delay = (int64_t)p->options.document_delay_ms + p->document_late_ms;
    p->document_late_ms = 0;
    d->file_name = world_print(p, "label-%s.%s", s->reference, type);
    d->file_type = type;
    d->category = "shipment_label";
    d->status = delay > 0 ? "queued" : "available";
    d->created_ms = p->now_ms;
    d->updated_ms = p->now_ms;
    d->available_ms = p->now_ms + delay;
    d->shipment_id = s->row.id;
    d->owner = x->user;
    d->kind = kind;
    s->document_id = d->row.id;
    s->label_filename = d->file_name;
}

static void buy(struct exchange *x, struct shipment *s)
{
    struct peers *p = x->p;
    const struct carrier *c = world_get(p, T_CARRIER, s->carrier_id);
    check_second_label(p, s);
    struct package *k;
    for (uint32_t i = 0; (k = world_nth(p, T_PACKAGE, i)); i++) {
        if (k->row.gone || k->shipment_id != s->row.id) continue;
        k = world_edit(p, T_PACKAGE, k->row.id);
        if (k->tracking) world_violation(p, "package %u bought twice", (unsigned)k->row.id);
        k->tracking = tracking_make(p, c->code, ++p->serial);
        if (!s->tracking) s->tracking = k->tracking;
    }
    s->bought_ms = p->now_ms;
    s->status = "submitted";
    add_document(x, s);
}

void shipments_submit(struct exchange *x)
{
    struct shipment *s = shipment_here(x);
    if (!s) return;
    const char *obstacle = submit_obstacle(x, s);
    if (obstacle) {
        clarus_refuse(x, 422, "shipment_not_submitted", obstacle);
        return;
    }
    buy(x, s);
    put_shipment(x, s);
}

void shipments_cancel(struct exchange *x)
{
    struct shipment *s = shipment_here(x);
    if (!s) return;
    if (!s->bought_ms || s->voided_ms) {
        clarus_refuse(x, 422, "shipment_not_cancelled",
                      s->voided_ms ? "The shipment is cancelled already"
                                   : "The shipment was never submitted");
        return;
    }
    s->voided_ms = x->p->now_ms;
    s->status = "cancelled";
    put_shipment(x, s);
}

/* ------------------------------------------------------------------------------- packages -- */

static const char *const size_units[] = {"centimetre", "metre", "inch", "foot", "millimetre", NULL};
static const char *const weight_units[] = {"gram", "kilogram", NULL};

uint32_t package_add(struct peers *p, uint32_t shipment_id, uint32_t unit_type_id)
{
    struct package *k = world_add(p, T_PACKAGE);
    const struct unit_type *t = world_get(p, T_UNIT_TYPE, unit_type_id);
    k->shipment_id = shipment_id;
    k->unit_type_id = unit_type_id;
    if (t) k->sizes = t->sizes;
    struct shipment *s = world_edit(p, T_SHIPMENT, shipment_id);
    if (s) s->packages_count++;
    return k->row.id;
}

static const char *word_in(json_node object, const char *name, const char *const *words)
{
    struct slice text = json_text(json_member(object, name));
    for (; *words; words++)
        if (slice_is(text, *words)) return *words;
    return NULL;
}

/* False after a refusal. */
static bool read_size(struct exchange *x, json_node d, const char *name, int64_t *out)
{
    qty_t q;
    if (!member_given(d, name)) return true;
    if (json_kind(json_member(d, name)) == JSON_NUMBER && !json_qty(json_member(d, name), &q)) {
        *out = q.milli;
        return true;
    }
    clarus_refuse(x, 422, "invalid_dimensions", name);
    return false;
}

static bool read_sizes(struct exchange *x, struct sizes *sizes)
{
    json_node d = json_member(x->attributes, "dimensions");
    if (!d || json_kind(d) == JSON_NULL) return true;
    const char *unit = word_in(d, "unit_of_measure", size_units);
    const char *weight_unit = word_in(d, "weight_unit_of_measure", weight_units);
    bool weight_bad = member_given(d, "weight_unit_of_measure") && !weight_unit;
    if (!unit || weight_bad) {
        clarus_refuse(x, 422, "invalid_dimensions",
                      unit ? "weight_unit_of_measure is not a known unit"
                           : "unit_of_measure is required and must be a known unit");
        return false;
    }
    remark_unknown(x->p, "packages.dimensions", d,
                   "unit_of_measure length width height weight weight_unit_of_measure value");
    int64_t value = 0;
    sizes->unit = unit;
    if (weight_unit) sizes->weight_unit = weight_unit;
    return read_size(x, d, "length", &sizes->length) && read_size(x, d, "width", &sizes->width) &&
           read_size(x, d, "height", &sizes->height) && read_size(x, d, "weight", &sizes->weight) &&
           read_size(x, d, "value", &value);
}

static void put_package(struct exchange *x, const struct package *k)
{
    struct json_writer w = clarus_open(x, "packages", k->row.id, true);
    put_text_or_null(&w, "tracking_number", k->tracking);
    put_id_or_null(&w, "storage_unit_id", k->storage_unit_id);
    clarus_close(&w);
}

#define PACKAGE_MEMBERS                                                                            \
    "shipment_id storage_unit_type_id storage_unit_id tracking_number dimensions"

static bool package_open(struct exchange *x, uint32_t shipment_id)
{
    const struct shipment *s = world_get(x->p, T_SHIPMENT, shipment_id);
    if (s) x->p->current_key = s->reference;
    if (s && !s->bought_ms) return true;
    clarus_refuse(x, 422, s ? "shipment_submitted" : "shipment_not_found",
                  s ? "A submitted shipment keeps its packages"
                    : "shipment_id must name a shipment");
    return false;
}

void packages_create(struct exchange *x)
{
    uint32_t shipment, type, unit;
    bool ids = member_id(x->attributes, "shipment_id", &shipment) &&
               member_id(x->attributes, "storage_unit_type_id", &type) &&
               member_id(x->attributes, "storage_unit_id", &unit);
    const struct unit_type *t = ids ? world_get(x->p, T_UNIT_TYPE, type) : NULL;
    if (!t || !t->leaves) {
        clarus_refuse(x, 422, "storage_unit_type_required",
                      "storage_unit_type_id must name a type that leaves the warehouse");
        return;
    }
    struct sizes sizes = t->sizes;
    if (!package_open(x, shipment) || !read_sizes(x, &sizes)) return;
    remark_unknown(x->p, "packages", x->attributes, PACKAGE_MEMBERS);
    struct package *k = world_edit(x->p, T_PACKAGE, package_add(x->p, shipment, type));
    k->sizes = sizes;
    k->storage_unit_id = unit;
    put_package(x, k);
}

void packages_change(struct exchange *x)
{
    uint32_t type;
    struct package *k = world_edit(x->p, T_PACKAGE, x->id);
    if (!k) {
        clarus_not_found(x);
        return;
    }
    if (!package_open(x, k->shipment_id)) return;
    if (!member_id(x->attributes, "storage_unit_type_id", &type) ||
        (type && !world_get(x->p, T_UNIT_TYPE, type))) {
        clarus_refuse(x, 422, "storage_unit_type_required", "storage_unit_type_id names no type");
        return;
    }
    struct sizes sizes = k->sizes;
    if (!read_sizes(x, &sizes)) return;
    remark_unknown(x->p, "packages", x->attributes, PACKAGE_MEMBERS);
    if (type) k->unit_type_id = type;
    k->sizes = sizes;
    put_package(x, k);
}

void packages_delete(struct exchange *x)
{
    struct package *k = world_edit(x->p, T_PACKAGE, x->id);
    if (!k) {
        clarus_not_found(x);
        return;
    }
    if (!package_open(x, k->shipment_id)) return;
    struct shipment *s = world_edit(x->p, T_SHIPMENT, k->shipment_id);
    s->packages_count--;
    k->row.gone = true;
    reply_status(x->reply, 204);
}
