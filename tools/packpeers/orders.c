#include <string.h>

#include "firmware/base/text.h"
#include "tools/packpeers/clarus.h"
#include "tools/packpeers/shop.h"

#define DAY_MS INT64_C(86400000)

err_t peers_product_add(struct peers *p, const struct peer_product_spec *spec)
{
    if (!spec->sku || !spec->sku[0]) return ERR_INVALID;
    if (product_by_sku(p, spec->sku)) return ERR_EXISTS;
    struct product *x = world_add(p, T_PRODUCT);
    x->code = world_text(p, spec->sku);
    x->description = world_text(p, spec->name ? spec->name : spec->sku);
    x->product_type = "stock";
    x->barcode = world_text(p, spec->barcode);
    x->case_barcode = world_text(p, spec->case_barcode);
    x->inner_barcode = world_text(p, spec->inner_barcode);
    x->outer_barcode = world_text(p, spec->outer_barcode);
    x->commodity = "69120023";
    x->country = "GB";
    x->serial = "no_tracking";
    x->per_case = (int64_t)spec->units_per_case * 1000;
    x->per_inner = (int64_t)spec->units_per_inner * 1000;
    x->per_outer = (int64_t)spec->units_per_outer * 1000;
    x->weight_g = spec->weight_g;
    x->account_id = 4;
    return ERR_OK;
}

/* "WEB-10427" -> 10427; 0 when there are no digits at the end or too many. */
static uint32_t order_number(const char *reference, const char **digits)
{
    size_t len = strlen(reference);
    size_t at = len;
    while (at > 0 && reference[at - 1] >= '0' && reference[at - 1] <= '9')
        at--;
    int64_t n = 0;
    if (text_int(slice_of(reference + at, len - at), 1, INT32_MAX, &n)) return 0;
    *digits = reference + at;
    return (uint32_t)n;
}

static struct address address_from(struct peers *p, const struct peer_address_spec *s)
{
    static const struct peer_address_spec usual = {.name = "Alex Morgan",
                                                   .street1 = "12 Mill Lane",
                                                   .town = "Leeds",
                                                   .county = "West Yorkshire",
                                                   .postcode = "LS1 4AP",
                                                   .country = "GB",
                                                   .email = "alex.morgan@example.com",
                                                   .phone = "+441130000000"};
    if (!s->name && !s->street1 && !s->postcode) s = &usual;
    return (struct address){.name = world_text(p, s->name),
                            .line1 = world_text(p, s->street1),
                            .line2 = world_text(p, s->street2),
                            .town = world_text(p, s->town),
                            .county = world_text(p, s->county),
                            .postcode = world_text(p, s->postcode),
                            .country = world_text(p, s->country ? s->country : "GB"),
                            .email = world_text(p, s->email),
                            .phone = world_text(p, s->phone)};
}

static const struct rate_mapping *mapping_of(const struct peers *p, const char *method)
{
    const struct rate_mapping *m;
    for (uint32_t i = 0; (m = world_nth(p, T_RATE_MAPPING, i)); i++) {
        const struct entity *e = world_get(p, T_ENTITY, m->entity_id);
        if (e && text_same(e->code, method)) return m;
    }
    return NULL;
}

static uint32_t tote_named(struct peers *p, const char *reference)
{
    struct storage_unit *u;
    for (uint32_t i = 0; (u = world_nth(p, T_STORAGE_UNIT, i)); i++)
        if (text_same(u->reference, reference)) return u->row.id;
    u = world_add(p, T_STORAGE_UNIT);
    u->reference = world_text(p, reference);
    u->active = true;
    u->created_ms = p->now_ms;
    u->type_id = 12;
    u->warehouse_id = 2;
    return u->row.id;
}

/* ----------------------------------------------------------------------------------- place -- */

static const char *usual_status(const struct peer_order_spec *spec)
{
    if (spec->status) return spec->status;
    for (size_t i = 0; i < spec->line_count; i++)
        if (spec->lines[i].not_allocated) return "PART_ALLOCATED";
    return "PICK";
}

static void add_pick_task(struct peers *p, uint32_t dispatch_task)
{
    const struct task *d = world_get(p, T_TASK, dispatch_task);
    if (!d) return;
    struct task *t = world_add(p, T_TASK);
    uint32_t id = t->row.id;
    *t = *d;
    t->row.id = id;
    t->status = "COMPLETED";
    t->subtype = "PICK";
    t->type = (struct status){1, "PICK", "Pick"};
    t->confirmed = t->start;
    t->location_from_id = 311;
    t->location_to_id = 312;
    t->unit_to_id = t->unit_from_id;
    t->unit_from_id = 0;
    t->completed_ms = p->now_ms;
    t->completed_by = 14;
    struct pick_list *pl = world_edit(p, T_PICK_LIST, t->pick_list_id);
    if (!pl) return;
    pl->pick_tasks++;
    pl->picks_done++;
}

static bool picked_already(const char *status)
{
    return text_same(status, "PICK") || text_same(status, "ALLOCATED") ||
           text_same(status, "PART_ALLOCATED");
}

static void add_line(struct peers *p, struct goods_out *g, const struct peer_line_spec *s, size_t n)
{
    struct line *l = world_add(p, T_LINE);
    l->goods_out_id = g->row.id;
    l->product_id = product_by_sku(p, s->sku)->row.id;
    l->account_id = g->account_id;
    l->warehouse_id = g->warehouse_id;
    l->carrier_id = g->carrier_id;
    l->ordered = (int64_t)s->quantity * 1000;
    uint32_t short_by = s->not_allocated < s->quantity ? s->not_allocated : s->quantity;
    bool picked = picked_already(g->status.code);
    l->allocated = picked ? l->ordered - (int64_t)short_by * 1000 : 0;
    l->picked = l->allocated;
    l->configurations = (int64_t)s->configurations * 1000;
    l->configuration = world_text(p, s->configuration ? s->configuration : "unit");
    l->short_status = "";
    l->number = world_print(p, "%zu", n + 1);
    l->created_ms = p->now_ms;
    if (l->allocated > 0) add_pick_task(p, order_add_dispatch_task(p, l->row.id, l->allocated));
}

static void place_clarus(struct peers *p, const struct peer_order_spec *spec, const char *digits)
{
    const char *method = spec->method ? spec->method : "Next day before 6pm";
    const struct rate_mapping *m = mapping_of(p, method);
    struct goods_out *g = world_add(p, T_GOODS_OUT);
    struct pick_list *pl = world_add(p, T_PICK_LIST);
    g->reference = world_text(p, spec->reference);
    g->priority = 50;
    g->expected_ms = p->now_ms - p->now_ms % DAY_MS + INT64_C(59400000); /* the next 16:30 */
    if (g->expected_ms < p->now_ms) g->expected_ms += DAY_MS;
    g->status = order_status(usual_status(spec));
    g->account_id = 4;
    g->warehouse_id = 2;
    g->carrier_id = m ? m->carrier_id : 0;
    g->service_id = m ? m->service_id : 0;
    g->pick_list_id = pl->row.id;
    g->tote_id = spec->tote ? tote_named(p, spec->tote) : 0;
    g->type = "sales_order";
    g->dispatch_strategy = "shipment";
    g->pack_strategy = "pack_by_unit";
    g->pick_type = spec->tote ? "tote" : "standard";
    g->packing_notes = world_text(p, spec->packing_notes);
    g->delivery_notes = world_text(p, spec->delivery_notes);
    g->order_notes = world_text(p, spec->order_notes);
    g->external1 = world_text(p, digits);
    g->address = address_from(p, &spec->addresses[0]);
    g->method = world_text(p, method);
    g->created_ms = p->now_ms;
    g->updated_ms = p->now_ms;
    pl->reference =
        spec->pick_list ? world_text(p, spec->pick_list) : world_print(p, "PL-%s", digits);
    pl->pick_reference = pl->reference;
    pl->pick_type = g->pick_type;
    pl->status = g->status;
    pl->goods_out_id = g->row.id;
    pl->account_id = g->account_id;
    pl->warehouse_id = g->warehouse_id;
    for (size_t i = 0; i < spec->line_count; i++)
        add_line(p, g, &spec->lines[i], i);
}

static void place_shop(struct peers *p, const struct peer_order_spec *spec, uint32_t number)
{
    uint32_t addresses[PEER_ORDER_ADDRESSES_MAX] = {0};
    size_t count = spec->address_count ? spec->address_count : 1;
    struct shop_order *o = world_add(p, T_SHOP_ORDER);
    o->number = number;
    o->clarus_reference = world_text(p, spec->reference);
    o->status_id = spec->shop_status ? spec->shop_status : 11;
    o->method = world_text(p, spec->method ? spec->method : "Next day before 6pm");
    o->customer_message = world_text(p, spec->customer_message);
    o->staff_notes = world_text(p, spec->staff_notes);
    o->created_ms = p->now_ms;
    o->modified_ms = p->now_ms;
    o->billing = address_from(p, &spec->addresses[0]);
    o->company = world_text(p, spec->addresses[0].company);
    for (size_t i = 0; i < count && i < PEER_ORDER_ADDRESSES_MAX; i++) {
        struct shop_address *a = world_add(p, T_SHOP_ADDRESS);
        a->order = number;
        a->company = world_text(p, spec->addresses[i].company);
        a->method = o->method;
        a->address = address_from(p, &spec->addresses[i]);
        addresses[i] = a->row.id;
    }
    for (size_t i = 0; i < spec->line_count; i++) {
        const struct product *x = product_by_sku(p, spec->lines[i].sku);
        uint32_t to = spec->lines[i].address;
        struct shop_line *l = world_add(p, T_SHOP_LINE);
        l->order = number;
        l->product_id = x->row.id - 200;
        l->address_id = addresses[to < count ? to : 0];
        l->sku = x->code;
        l->name = x->description;
        l->wrapping_message = i == 0 ? world_text(p, spec->gift_message) : NULL;
        l->quantity = spec->lines[i].quantity;
    }
}

err_t peers_order_place(struct peers *p, int64_t now_ms, const struct peer_order_spec *spec)
{
    const char *digits = NULL;
    if (!spec->reference || spec->line_count == 0 || spec->line_count > PEER_ORDER_LINES_MAX)
        return ERR_INVALID;
    if (spec->address_count > PEER_ORDER_ADDRESSES_MAX) return ERR_INVALID;
    uint32_t number = order_number(spec->reference, &digits);
    if (!number || !order_status(usual_status(spec)).code) return ERR_INVALID;
    for (size_t i = 0; i < spec->line_count; i++)
        if (!spec->lines[i].sku || !spec->lines[i].quantity ||
            !product_by_sku(p, spec->lines[i].sku))
            return ERR_INVALID;
    const struct goods_out *there = goods_out_by_reference(p, spec->reference);
    if ((there && !there->row.gone && !spec->shop_only) ||
        (shop_order_by_number(p, number) && !spec->clarus_only))
        return ERR_EXISTS;
    if (now_ms > p->now_ms) p->now_ms = now_ms;
    if (!spec->shop_only) place_clarus(p, spec, digits);
    if (!spec->clarus_only) place_shop(p, spec, number);
    return ERR_OK;
}
