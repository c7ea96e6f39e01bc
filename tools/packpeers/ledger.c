#include "tools/packpeers/clarus.h"
#include "tools/packpeers/control.h"
#include "tools/packpeers/shop.h"

static bool order_is(const struct goods_out *g, const char *order)
{
    return !order || (g && text_same(g->reference, order));
}

/* The order of an id, gone or not: the ledger remembers. */
static const struct goods_out *goods_out_ever(const struct peers *p, uint32_t id)
{
    return world_nth(p, T_GOODS_OUT, id - p->tables[T_GOODS_OUT].first_id);
}

size_t peers_labels(const struct peers *p, const char *order, struct peer_label *out, size_t cap)
{
    size_t n = 0;
    const struct package *k;
    for (uint32_t i = 0; (k = world_nth(p, T_PACKAGE, i)); i++) {
        const struct shipment *s = world_get(p, T_SHIPMENT, k->shipment_id);
        if (!k->tracking || !s || !s->bought_ms) continue;
        const struct goods_out *g = goods_out_ever(p, s->goods_out_id);
        if (!order_is(g, order)) continue;
        const struct carrier *c = world_get(p, T_CARRIER, s->carrier_id);
        const struct service *v = world_get(p, T_SERVICE, s->service_id);
        if (n < cap)
            out[n] = (struct peer_label){.goods_out_id = s->goods_out_id,
                                         .order = g ? g->reference : "",
                                         .shipment_id = s->row.id,
                                         .shipment_key = s->reference,
                                         .package_id = k->row.id,
                                         .tracking = k->tracking,
                                         .carrier = c ? c->code : "",
                                         .service = v ? v->code : "",
                                         .bought_ms = s->bought_ms,
                                         .voided = s->voided_ms != 0};
        n++;
    }
    return n;
}

size_t peers_dispatches(const struct peers *p, const char *order, struct peer_dispatch *out,
                        size_t cap)
{
    size_t n = 0;
    const struct task *t;
    for (uint32_t i = 0; (t = world_nth(p, T_TASK, i)); i++) {
        if (!text_same(t->type.code, "DISP") || !text_same(t->status, "COMPLETED")) continue;
        const struct goods_out *g = goods_out_ever(p, t->goods_out_id);
        if (!order_is(g, order)) continue;
        const struct product *x = world_get(p, T_PRODUCT, t->product_id);
        if (n < cap)
            out[n] = (struct peer_dispatch){.goods_out_id = t->goods_out_id,
                                            .order = g ? g->reference : "",
                                            .task_id = t->row.id,
                                            .sku = x ? x->code : "",
                                            .quantity = (uint32_t)(t->confirmed / 1000),
                                            .user_id = t->completed_by,
                                            .at_ms = t->completed_ms};
        n++;
    }
    return n;
}

size_t peers_shop_shipments(const struct peers *p, const char *order,
                            struct peer_shop_shipment *out, size_t cap)
{
    size_t n = 0;
    const struct shop_order *o = order ? shop_order_by_reference(p, order) : NULL;
    const struct shop_item *i;
    if (order && !o) return 0;
    for (uint32_t at = 0; (i = world_nth(p, T_SHOP_ITEM, at)); at++) {
        const struct shop_shipment *s = world_get(p, T_SHOP_SHIPMENT, i->shipment);
        if (!s || (o && s->order != o->number)) continue;
        const struct shop_line *l =
            world_nth(p, T_SHOP_LINE, i->line - p->tables[T_SHOP_LINE].first_id);
        if (n < cap)
            out[n] = (struct peer_shop_shipment){.order_id = s->order,
                                                 .shipment_id = s->row.id,
                                                 .tracking = s->tracking ? s->tracking : "",
                                                 .comments = s->comments ? s->comments : "",
                                                 .carrier = s->carrier ? s->carrier : "",
                                                 .address_id = s->address_id,
                                                 .order_product_id = i->line,
                                                 .sku = l ? l->sku : "",
                                                 .quantity = i->quantity,
                                                 .at_ms = s->created_ms};
        n++;
    }
    return n;
}

static void add_line_sums(const struct peers *p, struct peer_order_view *v)
{
    const struct line *l;
    for (uint32_t i = 0; (l = world_nth(p, T_LINE, i)); i++) {
        if (l->row.gone || l->goods_out_id != v->goods_out_id) continue;
        v->ordered += (uint32_t)(l->ordered / 1000);
        v->dispatched += (uint32_t)(l->dispatched / 1000);
    }
}

static void add_label_sums(const struct peers *p, struct peer_order_view *v)
{
    const struct shipment *s;
    for (uint32_t i = 0; (s = world_nth(p, T_SHIPMENT, i)); i++) {
        if (s->goods_out_id != v->goods_out_id || !s->bought_ms) continue;
        if (s->voided_ms)
            v->labels_voided += (uint32_t)s->packages_count;
        else
            v->labels_live += (uint32_t)s->packages_count;
    }
}

err_t peers_order_view(const struct peers *p, const char *reference, struct peer_order_view *out)
{
    struct peer_order_view v = {.status = ""};
    const struct goods_out *g = goods_out_by_reference(p, reference);
    const struct shop_order *o = shop_order_by_reference(p, reference);
    if (!g && !o) return ERR_NOTFOUND;
    if (g) {
        v.in_clarus = !g->row.gone;
        v.goods_out_id = g->row.id;
        if (v.in_clarus) v.status = g->status.code;
        add_line_sums(p, &v);
        add_label_sums(p, &v);
    }
    if (o) {
        v.in_shop = !o->row.gone;
        v.shop_order_id = o->number;
        v.shop_status = o->status_id;
        shop_totals(p, o->number, &v.shop_ordered, &v.shop_shipped);
    }
    *out = v;
    return ERR_OK;
}

const char *peers_violation(const struct peers *p, size_t index)
{
    return index < p->violations.count ? p->violations.items[index] : NULL;
}

const char *peers_remark(const struct peers *p, size_t index)
{
    return index < p->remarks.count ? p->remarks.items[index] : NULL;
}

/* ------------------------------------------------------------------------------------ JSON -- */

#define LEDGER_ROWS_MAX 512

static void put_labels(const struct peers *p, struct json_writer *w, const char *order)
{
    struct peer_label all[LEDGER_ROWS_MAX];
    size_t n = peers_labels(p, order, all, LEDGER_ROWS_MAX);
    json_open_array(w, "labels");
    for (size_t i = 0; i < n && i < LEDGER_ROWS_MAX; i++) {
        const struct peer_label *l = &all[i];
        json_open_object(w, NULL);
        json_put_text(w, "order", l->order);
        json_put_int(w, "goods_out_id", l->goods_out_id);
        json_put_int(w, "shipment_id", l->shipment_id);
        json_put_text(w, "key", l->shipment_key);
        json_put_int(w, "package_id", l->package_id);
        json_put_text(w, "tracking", l->tracking);
        json_put_text(w, "carrier", l->carrier);
        json_put_text(w, "service", l->service);
        put_time_or_null(w, "bought_at", l->bought_ms);
        json_put_bool(w, "voided", l->voided);
        json_close_object(w);
    }
    json_close_array(w);
}

static void put_dispatches(const struct peers *p, struct json_writer *w, const char *order)
{
    struct peer_dispatch all[LEDGER_ROWS_MAX];
    size_t n = peers_dispatches(p, order, all, LEDGER_ROWS_MAX);
    json_open_array(w, "dispatches");
    for (size_t i = 0; i < n && i < LEDGER_ROWS_MAX; i++) {
        json_open_object(w, NULL);
        json_put_text(w, "order", all[i].order);
        json_put_int(w, "task_id", all[i].task_id);
        json_put_text(w, "sku", all[i].sku);
        json_put_int(w, "quantity", all[i].quantity);
        json_put_int(w, "user_id", all[i].user_id);
        put_time_or_null(w, "at", all[i].at_ms);
        json_close_object(w);
    }
    json_close_array(w);
}

static void put_shop_shipments(const struct peers *p, struct json_writer *w, const char *order)
{
    struct peer_shop_shipment all[LEDGER_ROWS_MAX];
    size_t n = peers_shop_shipments(p, order, all, LEDGER_ROWS_MAX);
    json_open_array(w, "shop_shipments");
    for (size_t i = 0; i < n && i < LEDGER_ROWS_MAX; i++) {
        json_open_object(w, NULL);
        json_put_int(w, "order_id", all[i].order_id);
        json_put_int(w, "shipment_id", all[i].shipment_id);
        json_put_text(w, "tracking", all[i].tracking);
        json_put_text(w, "comments", all[i].comments);
        json_put_text(w, "carrier", all[i].carrier);
        json_put_int(w, "address_id", all[i].address_id);
        json_put_int(w, "order_product_id", all[i].order_product_id);
        json_put_text(w, "sku", all[i].sku);
        json_put_int(w, "quantity", all[i].quantity);
        put_time_or_null(w, "at", all[i].at_ms);
        json_close_object(w);
    }
    json_close_array(w);
}

static void put_view(struct json_writer *w, const char *reference, const struct peer_order_view *v)
{
    json_put_text(w, "reference", reference);
    json_put_bool(w, "in_clarus", v->in_clarus);
    json_put_bool(w, "in_shop", v->in_shop);
    json_put_int(w, "goods_out_id", v->goods_out_id);
    json_put_int(w, "shop_order_id", v->shop_order_id);
    json_put_text(w, "status", v->status);
    json_put_int(w, "shop_status", v->shop_status);
    json_put_text(w, "shop_status_name", shop_status_name(v->shop_status));
    json_put_int(w, "ordered", v->ordered);
    json_put_int(w, "dispatched", v->dispatched);
    json_put_int(w, "shop_ordered", v->shop_ordered);
    json_put_int(w, "shop_shipped", v->shop_shipped);
    json_put_int(w, "labels_live", v->labels_live);
    json_put_int(w, "labels_voided", v->labels_voided);
}

void ledger_put_order(const struct peers *p, struct json_writer *w, const char *reference)
{
    struct peer_order_view v;
    if (peers_order_view(p, reference, &v)) return;
    put_view(w, reference, &v);
    put_labels(p, w, reference);
    put_dispatches(p, w, reference);
    put_shop_shipments(p, w, reference);
}

static void put_orders(const struct peers *p, struct json_writer *w)
{
    const struct goods_out *g;
    const struct shop_order *o;
    struct peer_order_view v;
    json_open_array(w, "orders");
    for (uint32_t i = 0; (g = world_nth(p, T_GOODS_OUT, i)); i++) {
        if (peers_order_view(p, g->reference, &v)) continue;
        json_open_object(w, NULL);
        put_view(w, g->reference, &v);
        json_close_object(w);
    }
    for (uint32_t i = 0; (o = world_nth(p, T_SHOP_ORDER, i)); i++) {
        bool known = goods_out_by_reference(p, o->clarus_reference) != NULL;
        if (known || peers_order_view(p, o->clarus_reference, &v)) continue;
        json_open_object(w, NULL);
        put_view(w, o->clarus_reference, &v);
        json_close_object(w);
    }
    json_close_array(w);
}

static void put_texts(struct json_writer *w, const char *name, const struct texts *t)
{
    json_open_array(w, name);
    for (size_t i = 0; i < t->count; i++)
        json_put_text(w, NULL, t->items[i]);
    json_close_array(w);
}

/* The newest requests, oldest first. */
static void put_requests(const struct peers *p, struct json_writer *w)
{
    static const char *const peers[PEER_COUNT] = {"clarus", "shop", "control"};
    size_t from = p->note_count > LEDGER_ROWS_MAX ? p->note_count - LEDGER_ROWS_MAX : 0;
    json_put_int(w, "request_count", (int64_t)p->note_count);
    json_open_array(w, "requests");
    for (size_t i = from; i < p->note_count; i++) {
        const struct request_note *n = &p->notes[i];
        json_open_object(w, NULL);
        json_put_text(w, "peer", peers[n->peer]);
        json_put_text(w, "method", n->method);
        json_put_text(w, "path", n->path);
        json_put_int(w, "status", n->status);
        put_text_or_null(w, "key", n->key);
        put_id_or_null(w, "user_id", n->user_id);
        json_close_object(w);
    }
    json_close_array(w);
}

void peers_ledger_json(const struct peers *p, struct buf *out)
{
    struct json_writer w = json_write(out);
    json_open_object(&w, NULL);
    put_orders(p, &w);
    put_labels(p, &w, NULL);
    put_dispatches(p, &w, NULL);
    put_shop_shipments(p, &w, NULL);
    put_texts(&w, "violations", &p->violations);
    put_texts(&w, "remarks", &p->remarks);
    put_requests(p, &w);
    json_close_object(&w);
}
