#include "tools/packpeers/shop.h"

#include <string.h>

#include "firmware/base/text.h"

#define SHIPMENT_ITEMS_MAX 250u

void shop_touch(struct peers *p, struct shop_order *o)
{
    o->modified_ms = p->now_ms;
}

void shop_follow_status(struct peers *p, struct shop_order *o)
{
    uint32_t ordered, shipped;
    shop_touch(p, o);
    if (p->options.shop_leaves_status) return;
    bool ours = o->status_id == 3 || o->status_id == 8 || o->status_id == 9 || o->status_id == 11;
    if (!ours) return;
    shop_totals(p, o->number, &ordered, &shipped);
    if (shipped == 0) return;
    o->status_id = shipped >= ordered ? 2 : 3;
    if (o->status_id == 2) o->shipped_ms = p->now_ms;
}

/* ------------------------------------------------------------------------------- rendering -- */

static void put_items(const struct peers *p, struct json_writer *w, uint32_t shipment)
{
    const struct shop_item *i;
    json_open_array(w, "items");
    for (uint32_t n = 0; (i = world_nth(p, T_SHOP_ITEM, n)); n++) {
        if (i->shipment != shipment) continue;
        const struct shop_line *l = world_get(p, T_SHOP_LINE, i->line);
        json_open_object(w, NULL);
        json_put_int(w, "order_product_id", i->line);
        json_put_int(w, "product_id", l ? l->product_id : 0);
        json_put_int(w, "quantity", i->quantity);
        json_close_object(w);
    }
    json_close_array(w);
}

static void put_shipment(const struct peers *p, struct json_writer *w,
                         const struct shop_shipment *s)
{
    const struct shop_order *o = shop_order_by_number(p, s->order);
    const struct shop_address *a = world_get(p, T_SHOP_ADDRESS, s->address_id);
    json_open_object(w, NULL);
    json_put_int(w, "id", s->row.id);
    json_put_int(w, "order_id", s->order);
    json_put_int(w, "customer_id", 11);
    json_put_int(w, "order_address_id", s->address_id);
    shop_put_date(w, "date_created", s->created_ms);
    json_put_text(w, "tracking_number", s->tracking ? s->tracking : "");
    json_put_text(w, "merchant_shipping_cost", s->cost ? s->cost : "0.0000");
    json_put_text(w, "shipping_method", s->method ? s->method : "");
    json_put_text(w, "comments", s->comments ? s->comments : "");
    json_put_text(w, "shipping_provider", s->provider ? s->provider : "");
    json_put_text(w, "tracking_carrier", s->carrier ? s->carrier : "");
    json_put_text(w, "tracking_link", s->tracking_link ? s->tracking_link : "");
    json_put_text(w, "generated_tracking_link", "");
    json_put_text(w, "shipping_provider_display_name", "");
    json_open_object(w, "billing_address");
    if (o) shop_put_address(w, &o->billing, o->company);
    json_close_object(w);
    json_open_object(w, "shipping_address");
    if (a) shop_put_address(w, &a->address, a->company);
    json_close_object(w);
    put_items(p, w, s->row.id);
    json_close_object(w);
}

void shop_shipments_list(struct exchange *x)
{
    if (!shop_order_here(x)) return;
    struct shop_page page = shop_page_of(x);
    const struct shop_shipment *s;
    uint32_t n = 0;
    uint32_t shown = 0;
    struct json_writer w = reply_json(x->reply, 200);
    json_open_array(&w, NULL);
    for (uint32_t i = 0; (s = world_nth(x->p, T_SHOP_SHIPMENT, i)); i++) {
        if (s->row.gone || s->order != x->id) continue;
        if (n >= page.skip && shown < page.limit) {
            put_shipment(x->p, &w, s);
            shown++;
        }
        n++;
    }
    json_close_array(&w);
    if (shown) return;
    x->reply->header_count = 0;
    reply_status(x->reply, 204);
}

static struct shop_shipment *shipment_here(struct exchange *x)
{
    struct shop_shipment *s = world_get(x->p, T_SHOP_SHIPMENT, x->id2);
    if (s && s->order == x->id) return s;
    shop_refuse(x, 404, "The requested resource was not found.");
    return NULL;
}

void shop_shipments_get(struct exchange *x)
{
    const struct shop_shipment *s = shop_order_here(x) ? shipment_here(x) : NULL;
    if (!s) return;
    struct json_writer w = reply_json(x->reply, 200);
    put_shipment(x->p, &w, s);
}

/* ---------------------------------------------------------------------------------- checks -- */

static const struct {
    const char *name;
    size_t offset;
    size_t max;
} text_members[] = {
    {"tracking_number", offsetof(struct shop_shipment, tracking), 50},
    {"tracking_link", offsetof(struct shop_shipment, tracking_link), 500},
    {"shipping_provider", offsetof(struct shop_shipment, provider), 64},
    {"tracking_carrier", offsetof(struct shop_shipment, carrier), 64},
    {"shipping_method", offsetof(struct shop_shipment, method), 255},
    {"merchant_shipping_cost", offsetof(struct shop_shipment, cost), 32},
    {"comments", offsetof(struct shop_shipment, comments), 65535},
};

static bool provider_known(struct slice s)
{
    static const char *const known[] = {"",         "auspost",   "canadapost", "endicia",
                                        "usps",     "fedex",     "royalmail",  "ups",
                                        "upsready", "upsonline", "shipperhq"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (slice_is(s, known[i])) return true;
    return slice_starts(s, "carrier_");
}

static bool invalid_field(struct exchange *x, const char *name)
{
    shop_refuse(x, 400, world_print(x->p, "The field '%s' is invalid.", name));
    return false;
}

static bool writable(struct exchange *x, bool create)
{
    for (json_node m = json_first(x->body); m; m = json_next(m)) {
        struct slice name = json_name(m);
        bool known = slice_is(name, "order_address_id") || (create && slice_is(name, "items"));
        for (size_t i = 0; !known && i < sizeof text_members / sizeof *text_members; i++)
            known = slice_is(name, text_members[i].name);
        if (known) continue;
        struct slice cut = slice_sub(name, 0, 80);
        shop_refuse(x, 400,
                    world_print(x->p,
                                "The field '%.*s' cannot be written to. Please remove it from your "
                                "request before trying again.",
                                SLICE_ARGS(cut)));
        return false;
    }
    return true;
}

static bool read_texts(struct exchange *x, struct shop_shipment *out)
{
    for (size_t i = 0; i < sizeof text_members / sizeof *text_members; i++) {
        json_node m = json_member(x->body, text_members[i].name);
        if (!m) continue;
        struct slice text = json_text(m);
        if (json_kind(m) != JSON_STRING || text_prefix(text, text_members[i].max) != text.len)
            return invalid_field(x, text_members[i].name);
        const char *copy = world_slice(x->p, text);
        memcpy((char *)out + text_members[i].offset, &copy, sizeof copy);
    }
    if (out->provider && !provider_known(slice_text(out->provider)))
        return invalid_field(x, "shipping_provider");
    return true;
}

static bool read_address(struct exchange *x, const struct shop_order *o, uint32_t *out)
{
    int64_t id;
    if (json_int(json_member(x->body, "order_address_id"), 1, UINT32_MAX, &id))
        return invalid_field(x, "order_address_id");
    const struct shop_address *a = world_get(x->p, T_SHOP_ADDRESS, (uint32_t)id);
    if (!a || a->order != o->number) return invalid_field(x, "order_address_id");
    *out = (uint32_t)id;
    return true;
}

struct wanted {
    struct shop_line *line;
    uint32_t quantity;
};

static bool read_item(struct exchange *x, json_node n, uint32_t address, struct wanted *out)
{
    int64_t line, quantity;
    if (json_member(n, "product_id")) {
        shop_refuse(x, 400,
                    "The field 'product_id' cannot be written to. Please remove it from your "
                    "request before trying again.");
        return false;
    }
    if (json_int(json_member(n, "order_product_id"), 1, UINT32_MAX, &line))
        return invalid_field(x, "order_product_id");
    struct shop_line *l = world_get(x->p, T_SHOP_LINE, (uint32_t)line);
    if (!l || l->order != x->id || l->address_id != address)
        return invalid_field(x, "order_product_id");
    bool number = json_kind(json_member(n, "quantity")) == JSON_NUMBER;
    if (!number || json_int(json_member(n, "quantity"), 1, UINT32_MAX, &quantity))
        return invalid_field(x, "quantity");
    *out = (struct wanted){l, (uint32_t)quantity};
    return true;
}

/* Every line at most once and never more than is left. */
static bool read_items(struct exchange *x, uint32_t address, struct wanted *items, size_t *count)
{
    json_node list = json_member(x->body, "items");
    if (json_kind(list) != JSON_ARRAY || !json_count(list) || json_count(list) > SHIPMENT_ITEMS_MAX)
        return invalid_field(x, "items");
    size_t n = 0;
    for (json_node m = json_first(list); m; m = json_next(m)) {
        if (!read_item(x, m, address, &items[n])) return false;
        uint64_t sum = items[n].line->shipped;
        for (size_t i = 0; i <= n; i++)
            sum += items[i].line == items[n].line ? items[i].quantity : 0;
        if (sum > items[n].line->quantity) return invalid_field(x, "quantity");
        n++;
    }
    *count = n;
    return true;
}

/* ---------------------------------------------------------------------------------- writes -- */

/* Also of a request that will be refused: nothing may be asked for twice. */
static void remark_twice(struct peers *p, const struct shop_order *o,
                         const struct shop_shipment *asked)
{
    const struct shop_shipment *s;
    for (uint32_t i = 0; (s = world_nth(p, T_SHOP_SHIPMENT, i)); i++) {
        if (s->order != o->number) continue;
        if (asked->comments && asked->comments[0] && text_same(s->comments, asked->comments))
            world_violation(p, "shop order %u: a second shipment under the same comments %.60s",
                            (unsigned)o->number, asked->comments);
    }
}

static void remark_state(struct peers *p, const struct shop_order *o)
{
    bool cancelled = o->archived || o->status_id == 0 || (o->status_id >= 4 && o->status_id <= 6);
    if (cancelled)
        world_violation(p, "shop order %u: shipment for a cancelled order", (unsigned)o->number);
}

static struct shop_shipment *add_shipment(struct peers *p, const struct shop_order *o,
                                          const struct shop_shipment *from)
{
    struct shop_shipment *s = world_add(p, T_SHOP_SHIPMENT);
    struct row row = s->row;
    *s = *from;
    s->row = row;
    s->order = o->number;
    s->created_ms = p->now_ms;
    return s;
}

static void add_item(struct peers *p, const struct shop_shipment *s, const struct wanted *w)
{
    struct shop_item *i = world_add(p, T_SHOP_ITEM);
    i->shipment = s->row.id;
    i->line = w->line->row.id;
    i->quantity = w->quantity;
    w->line->shipped += w->quantity;
}

void shop_shipments_create(struct exchange *x)
{
    struct wanted items[SHIPMENT_ITEMS_MAX];
    size_t count = 0;
    struct shop_shipment draft = {0};
    struct shop_order *o = shop_order_here(x);
    if (!o || !writable(x, true) || !read_address(x, o, &draft.address_id) ||
        !read_texts(x, &draft))
        return;
    remark_twice(x->p, o, &draft);
    if (!read_items(x, draft.address_id, items, &count)) return;
    if (!json_member(x->body, "shipping_provider")) draft.provider = "custom";
    x->p->current_key = draft.comments;
    remark_state(x->p, o);
    struct shop_shipment *s = add_shipment(x->p, o, &draft);
    for (size_t i = 0; i < count; i++)
        add_item(x->p, s, &items[i]);
    shop_follow_status(x->p, o);
    struct json_writer w = reply_json(x->reply, 201);
    put_shipment(x->p, &w, s);
}

void shop_shipments_change(struct exchange *x)
{
    struct shop_order *o = shop_order_here(x);
    struct shop_shipment *s = o ? shipment_here(x) : NULL;
    if (!s || !writable(x, false)) return;
    struct shop_shipment draft = *s;
    if (!read_texts(x, &draft)) return;
    *s = draft;
    shop_touch(x->p, o);
    struct json_writer w = reply_json(x->reply, 200);
    put_shipment(x->p, &w, s);
}

void shop_ship_rest(struct peers *p, struct shop_order *o, const char *tracking)
{
    struct shop_line *l;
    struct shop_shipment draft = {.tracking = tracking, .comments = "shipped by hand"};
    struct shop_shipment *s = NULL;
    for (uint32_t i = 0; (l = world_nth(p, T_SHOP_LINE, i)); i++) {
        if (l->row.gone || l->order != o->number || l->shipped >= l->quantity) continue;
        draft.address_id = l->address_id;
        if (!s || s->address_id != l->address_id) s = add_shipment(p, o, &draft);
        struct wanted w = {l, l->quantity - l->shipped};
        add_item(p, s, &w);
    }
    shop_follow_status(p, o);
}

/* ------------------------------------------------------------------------------ metafields -- */

static void put_meta(struct json_writer *w, const char *name, const struct shop_meta *m)
{
    json_open_object(w, name);
    json_put_int(w, "id", m->row.id);
    json_put_text(w, "permission_set", m->permission);
    json_put_text(w, "namespace", m->name_space);
    json_put_text(w, "key", m->key);
    json_put_text(w, "value", m->value);
    json_put_text(w, "description", m->description ? m->description : "");
    json_put_text(w, "resource_type", "order");
    json_put_int(w, "resource_id", m->order);
    put_time_or_null(w, "date_created", m->created_ms);
    put_time_or_null(w, "date_modified", m->created_ms);
    json_close_object(w);
}

static bool meta_wanted(const struct exchange *x, const struct shop_meta *m)
{
    char text[65];
    struct slice query = slice_text(x->request->query);
    if (m->order != x->id) return false;
    if (query_value(query, "namespace", text, sizeof text) && !text_same(text, m->name_space))
        return false;
    return !query_value(query, "key", text, sizeof text) || text_same(text, m->key);
}

void shop_metafields_list(struct exchange *x)
{
    const struct shop_order *o = shop_order_by_number(x->p, x->id);
    const struct shop_meta *m;
    uint32_t n = 0;
    if (!o || o->row.gone) {
        shop_refuse_v3(x, 404, "The requested resource was not found.");
        return;
    }
    struct json_writer w = reply_json(x->reply, 200);
    json_open_object(&w, NULL);
    json_open_array(&w, "data");
    for (uint32_t i = 0; (m = world_nth(x->p, T_SHOP_META, i)); i++) {
        if (!meta_wanted(x, m)) continue;
        put_meta(&w, NULL, m);
        n++;
    }
    json_close_array(&w);
    json_open_object(&w, "meta");
    json_open_object(&w, "pagination");
    json_put_int(&w, "total", n);
    json_put_int(&w, "count", n);
    json_put_int(&w, "per_page", 50);
    json_put_int(&w, "current_page", 1);
    json_put_int(&w, "total_pages", 1);
    json_close_object(&w);
    json_close_object(&w);
    json_close_object(&w);
}

static bool meta_text(struct exchange *x, const char *name, size_t max, const char **out)
{
    struct slice text = json_text(json_member(x->body, name));
    if (!text.len || text_prefix(text, max) != text.len) return false;
    *out = world_slice(x->p, text);
    return true;
}

void shop_metafields_create(struct exchange *x)
{
    struct shop_meta draft = {.order = x->id};
    const struct shop_order *o = shop_order_by_number(x->p, x->id);
    if (!o || o->row.gone) {
        shop_refuse_v3(x, 404, "The requested resource was not found.");
        return;
    }
    if (!meta_text(x, "permission_set", 64, &draft.permission) ||
        !meta_text(x, "namespace", 64, &draft.name_space) || !meta_text(x, "key", 64, &draft.key) ||
        !meta_text(x, "value", 65535, &draft.value)) {
        shop_refuse_v3(x, 422, "JSON data is missing or invalid");
        return;
    }
    struct shop_meta *m;
    for (uint32_t i = 0; (m = world_nth(x->p, T_SHOP_META, i)); i++) {
        if (m->order != x->id || !text_same(m->key, draft.key) ||
            !text_same(m->name_space, draft.name_space))
            continue;
        shop_refuse_v3(x, 409, "A metafield with this namespace and key already exists");
        return;
    }
    m = world_add(x->p, T_SHOP_META);
    draft.row = m->row;
    draft.created_ms = x->p->now_ms;
    *m = draft;
    struct json_writer w = reply_json(x->reply, 200);
    json_open_object(&w, NULL);
    put_meta(&w, "data", m);
    json_open_object(&w, "meta");
    json_close_object(&w);
    json_close_object(&w);
}
