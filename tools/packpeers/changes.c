#include "tools/packpeers/clarus.h"
#include "tools/packpeers/shop.h"

static const char *const change_names[PEER_CHANGE_KINDS] = {
    [PEER_CLARUS_CANCEL] = "clarus_cancel",
    [PEER_CLARUS_VANISH] = "clarus_vanish",
    [PEER_CLARUS_RELEASE] = "clarus_release",
    [PEER_CLARUS_STATUS] = "clarus_status",
    [PEER_CLARUS_QUANTITY] = "clarus_quantity",
    [PEER_CLARUS_NOTE] = "clarus_note",
    [PEER_CLARUS_DELIVERY_NOTE] = "clarus_delivery_note",
    [PEER_CLARUS_ADDRESS] = "clarus_address",
    [PEER_CLARUS_CLAIM] = "clarus_claim",
    [PEER_CLARUS_UNCLAIM] = "clarus_unclaim",
    [PEER_CLARUS_PICK_REST] = "clarus_pick_rest",
    [PEER_SHOP_CANCEL] = "shop_cancel",
    [PEER_SHOP_VANISH] = "shop_vanish",
    [PEER_SHOP_ARCHIVE] = "shop_archive",
    [PEER_SHOP_STATUS] = "shop_status",
    [PEER_SHOP_HOLD] = "shop_hold",
    [PEER_SHOP_QUANTITY] = "shop_quantity",
    [PEER_SHOP_ADDRESS] = "shop_address",
    [PEER_SHOP_SHIPPED_ELSEWHERE] = "shop_shipped_elsewhere",
};

err_t peer_change_kind_of(struct slice name, enum peer_change_kind *out)
{
    for (int i = 0; i < PEER_CHANGE_KINDS; i++) {
        if (!slice_is(name, change_names[i])) continue;
        *out = (enum peer_change_kind)i;
        return ERR_OK;
    }
    return ERR_NOTFOUND;
}

static struct line *line_of(struct peers *p, uint32_t goods_out, const char *sku)
{
    struct line *l;
    for (uint32_t i = 0; (l = world_nth(p, T_LINE, i)); i++) {
        const struct product *x = world_get(p, T_PRODUCT, l->product_id);
        if (!l->row.gone && l->goods_out_id == goods_out && x && text_same(x->code, sku))
            return world_edit(p, T_LINE, l->row.id);
    }
    return NULL;
}

static struct task *open_task_of(struct peers *p, uint32_t line)
{
    struct task *t;
    for (uint32_t i = 0; (t = world_nth(p, T_TASK, i)); i++)
        if (!t->row.gone && t->line_id == line && !text_same(t->status, "COMPLETED"))
            return world_edit(p, T_TASK, t->row.id);
    return NULL;
}

static err_t change_quantity(struct peers *p, struct goods_out *g, const struct peer_change *c)
{
    struct line *l = line_of(p, g->row.id, c->sku);
    if (!l) return ERR_NOTFOUND;
    int64_t quantity = (int64_t)c->number * 1000;
    if (quantity < l->dispatched) return ERR_REFUSED;
    struct task *t = open_task_of(p, l->row.id);
    l->ordered = quantity;
    if (l->allocated > quantity) l->allocated = quantity;
    if (l->picked > quantity) l->picked = quantity;
    if (quantity == 0) l->row.gone = true;
    if (!t) return ERR_OK;
    t->start = l->allocated - l->dispatched;
    if (t->start == 0) t->row.gone = true;
    return ERR_OK;
}

static void change_owner(struct peers *p, uint32_t goods_out, uint32_t user)
{
    struct task *t;
    for (uint32_t i = 0; (t = world_nth(p, T_TASK, i)); i++) {
        if (t->row.gone || t->goods_out_id != goods_out || text_same(t->status, "COMPLETED"))
            continue;
        t = world_edit(p, T_TASK, t->row.id);
        t->status = user ? "ALLOCATED" : "AVAILABLE";
        t->user_id = user;
        t->assigned_ms = user ? p->now_ms : 0;
    }
}

static void pick_rest(struct peers *p, uint32_t goods_out)
{
    struct line *l;
    for (uint32_t i = 0; (l = world_nth(p, T_LINE, i)); i++) {
        if (l->row.gone || l->goods_out_id != goods_out || l->allocated >= l->ordered) continue;
        l = world_edit(p, T_LINE, l->row.id);
        int64_t rest = l->ordered - l->allocated;
        l->allocated = l->ordered;
        l->picked = l->ordered;
        (void)order_add_dispatch_task(p, l->row.id, rest);
    }
    order_set_status(p, goods_out, "PICK");
}

static err_t change_clarus(struct peers *p, struct goods_out *g, const struct peer_change *c)
{
    bool wants_text = c->kind == PEER_CLARUS_STATUS || c->kind == PEER_CLARUS_NOTE ||
                      c->kind == PEER_CLARUS_DELIVERY_NOTE || c->kind == PEER_CLARUS_ADDRESS;
    if (wants_text && !c->text) return ERR_INVALID;
    const char *text = world_text(p, c->text);
    if (c->kind == PEER_CLARUS_CANCEL) return order_cancel(p, g->row.id);
    if (c->kind == PEER_CLARUS_QUANTITY) return change_quantity(p, g, c);
    if (c->kind == PEER_CLARUS_STATUS && !order_status(text).code) return ERR_INVALID;
    if (c->kind == PEER_CLARUS_VANISH) {
        order_vanish(p, g->row.id);
    } else if (c->kind == PEER_CLARUS_RELEASE) {
        order_drop_tasks(p, g->row.id);
        order_set_status(p, g->row.id, "PENDING");
    } else if (c->kind == PEER_CLARUS_STATUS) {
        order_set_status(p, g->row.id, text);
    } else if (c->kind == PEER_CLARUS_NOTE) {
        g->packing_notes = text;
    } else if (c->kind == PEER_CLARUS_DELIVERY_NOTE) {
        g->delivery_notes = text;
    } else if (c->kind == PEER_CLARUS_ADDRESS) {
        g->address.line1 = text;
    } else if (c->kind == PEER_CLARUS_CLAIM) {
        change_owner(p, g->row.id, c->number ? c->number : 14);
    } else if (c->kind == PEER_CLARUS_UNCLAIM) {
        change_owner(p, g->row.id, 0);
    } else {
        pick_rest(p, g->row.id);
    }
    g->updated_ms = p->now_ms;
    return ERR_OK;
}

static err_t change_shop_quantity(struct peers *p, const struct shop_order *o,
                                  const struct peer_change *c)
{
    struct shop_line *l;
    for (uint32_t i = 0; (l = world_nth(p, T_SHOP_LINE, i)); i++) {
        if (l->row.gone || l->order != o->number || !text_same(l->sku, c->sku)) continue;
        if (c->number < l->shipped) return ERR_REFUSED;
        l->quantity = c->number;
        if (l->quantity == 0) l->row.gone = true;
        return ERR_OK;
    }
    return ERR_NOTFOUND;
}

static void change_shop_address(struct peers *p, const struct shop_order *o, const char *text)
{
    struct shop_address *a;
    for (uint32_t i = 0; (a = world_nth(p, T_SHOP_ADDRESS, i)); i++)
        if (a->order == o->number) a->address.line1 = text;
}

static err_t change_shop(struct peers *p, struct shop_order *o, const struct peer_change *c)
{
    err_t e = ERR_OK;
    const char *text = world_text(p, c->text);
    if (c->kind == PEER_SHOP_ADDRESS && !text) return ERR_INVALID;
    if (c->kind == PEER_SHOP_STATUS && !shop_status_name((int)c->number)) return ERR_INVALID;
    if (c->kind == PEER_SHOP_CANCEL)
        o->status_id = 5;
    else if (c->kind == PEER_SHOP_VANISH)
        o->row.gone = true;
    else if (c->kind == PEER_SHOP_ARCHIVE)
        o->archived = true;
    else if (c->kind == PEER_SHOP_STATUS)
        o->status_id = (int)c->number;
    else if (c->kind == PEER_SHOP_HOLD)
        o->status_id = 12;
    else if (c->kind == PEER_SHOP_QUANTITY)
        e = change_shop_quantity(p, o, c);
    else if (c->kind == PEER_SHOP_ADDRESS)
        change_shop_address(p, o, text);
    else
        shop_ship_rest(p, o, text ? text : "ELSEWHERE-1");
    if (!e) shop_touch(p, o);
    return e;
}

err_t peers_order_change(struct peers *p, int64_t now_ms, const struct peer_change *change)
{
    if (!change->reference) return ERR_INVALID;
    if (now_ms > p->now_ms) p->now_ms = now_ms;
    if (change->kind < PEER_SHOP_CANCEL) {
        struct goods_out *g = goods_out_by_reference(p, change->reference);
        if (!g || g->row.gone) return ERR_NOTFOUND;
        return change_clarus(p, world_edit(p, T_GOODS_OUT, g->row.id), change);
    }
    struct shop_order *o = shop_order_by_reference(p, change->reference);
    if (!o || o->row.gone) return ERR_NOTFOUND;
    return change_shop(p, o, change);
}
