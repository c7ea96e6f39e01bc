#include <string.h>

#include "firmware/base/clock.h"
#include "firmware/base/text.h"
#include "tools/packpeers/clarus.h"
#include "tools/packpeers/index.h"
#include "tools/packpeers/label.h"

#define ORDER_MEMBERS                                                                              \
    "goods_out_type account_id reference expected_date_of_dispatch actual_date_of_dispatch "       \
    "warehouse_id customer_id integration_id order_type_id location_id goods_out_status_id "       \
    "priority carrier_id carrier_service_id dispatch_strategy pack_strategy pick_type "            \
    "order_notes pick_notes packing_notes delivery_notes pick_reference load_reference "           \
    "drop_sequence original_delivery_address_id short_order_lines_description "                    \
    "short_order_lines_reason_code_id external_system_reference1 external_system_reference2 "      \
    "external_system_reference3 string1 integer1 datetime1 boolean1 lines_changes"

void order_set_status(struct peers *p, uint32_t goods_out_id, const char *code)
{
    struct goods_out *g = world_edit(p, T_GOODS_OUT, goods_out_id);
    if (!g) return;
    g->status = order_status(code);
    g->updated_ms = p->now_ms;
    struct pick_list *l = world_edit(p, T_PICK_LIST, g->pick_list_id);
    if (l) l->status = g->status;
}

void order_drop_tasks(struct peers *p, uint32_t goods_out_id)
{
    struct task *t;
    for (uint32_t i = 0; (t = world_nth(p, T_TASK, i)); i++) {
        bool open = !t->row.gone && !text_same(t->status, "COMPLETED");
        if (t->goods_out_id != goods_out_id || !open) continue;
        t = world_edit(p, T_TASK, t->row.id);
        t->row.gone = true;
    }
}

void order_vanish(struct peers *p, uint32_t goods_out_id)
{
    struct goods_out *g = world_edit(p, T_GOODS_OUT, goods_out_id);
    if (!g) return;
    order_drop_tasks(p, goods_out_id);
    struct pick_list *pl = world_edit(p, T_PICK_LIST, g->pick_list_id);
    if (pl) pl->row.gone = true;
    struct line *l;
    for (uint32_t i = 0; (l = world_nth(p, T_LINE, i)); i++) {
        if (l->row.gone || l->goods_out_id != goods_out_id) continue;
        l = world_edit(p, T_LINE, l->row.id);
        l->row.gone = true;
    }
    g->row.gone = true;
}

err_t order_cancel(struct peers *p, uint32_t goods_out_id)
{
    const struct goods_out *g = world_get(p, T_GOODS_OUT, goods_out_id);
    if (!g) return ERR_NOTFOUND;
    if (text_same(g->status.code, "COMPLETED") || text_same(g->status.code, "CANCELLED"))
        return ERR_REFUSED;
    if (text_same(g->status.code, "DRAFT") || text_same(g->status.code, "PENDING")) {
        order_vanish(p, goods_out_id);
        return ERR_OK;
    }
    order_drop_tasks(p, goods_out_id);
    order_set_status(p, goods_out_id, "CANCELLED");
    return ERR_OK;
}

uint32_t order_add_dispatch_task(struct peers *p, uint32_t line_id, int64_t quantity)
{
    const struct line *l = world_get(p, T_LINE, line_id);
    const struct goods_out *g = l ? world_get(p, T_GOODS_OUT, l->goods_out_id) : NULL;
    if (!g) return 0;
    struct task *t = world_add(p, T_TASK);
    t->status = "AVAILABLE";
    t->subtype = "SHIPMENT";
    t->type = (struct status){6, "DISP", "Dispatch"};
    t->start = quantity;
    t->priority = 50;
    t->created_ms = p->now_ms;
    t->account_id = l->account_id;
    t->warehouse_id = l->warehouse_id;
    t->product_id = l->product_id;
    t->location_from_id = 312;
    t->goods_out_id = g->row.id;
    t->line_id = line_id;
    t->pick_list_id = g->pick_list_id;
    t->unit_from_id = g->tote_id;
    struct pick_list *pl = world_edit(p, T_PICK_LIST, g->pick_list_id);
    if (pl) pl->dispatch_tasks++;
    return t->row.id;
}

/* ----------------------------------------------------------------------------------- REST -- */

static void put_order(struct exchange *x, const struct goods_out *g)
{
    struct json_writer w = clarus_open(x, "goods_outs", g->row.id, false);
    json_put_text(&w, "goods_out_type", g->type);
    json_put_int(&w, "account_id", g->account_id);
    json_put_text(&w, "reference", g->reference);
    put_time_or_null(&w, "expected_date_of_dispatch", g->expected_ms);
    put_time_or_null(&w, "actual_date_of_dispatch", g->actual_ms);
    put_id_or_null(&w, "warehouse_id", g->warehouse_id);
    json_put_int(&w, "goods_out_status_id", g->status.id);
    json_put_int(&w, "priority", g->priority);
    put_id_or_null(&w, "carrier_id", g->carrier_id);
    put_id_or_null(&w, "carrier_service_id", g->service_id);
    put_text_or_null(&w, "dispatch_strategy", g->dispatch_strategy);
    put_text_or_null(&w, "pack_strategy", g->pack_strategy);
    put_text_or_null(&w, "pick_type", g->pick_type);
    put_text_or_null(&w, "order_notes", g->order_notes);
    put_text_or_null(&w, "pick_notes", g->pick_notes);
    put_text_or_null(&w, "packing_notes", g->packing_notes);
    put_text_or_null(&w, "delivery_notes", g->delivery_notes);
    put_text_or_null(&w, "external_system_reference1", g->external1);
    clarus_close(&w);
}

static struct goods_out *order_here(struct exchange *x)
{
    struct goods_out *g = world_edit(x->p, T_GOODS_OUT, x->id);
    if (!g) clarus_not_found(x);
    return g;
}

static const char *header_obstacle(struct exchange *x)
{
    json_node a = x->attributes;
    struct slice type = json_text(json_member(a, "goods_out_type"));
    struct slice reference = json_text(json_member(a, "reference"));
    uint32_t account;
    int64_t when;
    if (!slice_is(type, "sales_order") && !slice_is(type, "work_order") &&
        !slice_is(type, "crossdock"))
        return "goods_out_type is required";
    if (!member_id(a, "account_id", &account) || !account) return "account_id is required";
    if (!reference.len || text_prefix(reference, 50) != reference.len)
        return "reference is required, at most 50 characters";
    if (clock_parse(json_text(json_member(a, "expected_date_of_dispatch")), &when))
        return "expected_date_of_dispatch is required";
    struct slice notes = json_text(json_member(a, "packing_notes"));
    if (text_prefix(notes, 255) != notes.len) return "packing_notes is longer than 255 characters";
    return NULL;
}

void goods_outs_change(struct exchange *x)
{
    static const struct {
        const char *name;
        size_t offset;
    } texts[] = {
        {"reference", offsetof(struct goods_out, reference)},
        {"order_notes", offsetof(struct goods_out, order_notes)},
        {"pick_notes", offsetof(struct goods_out, pick_notes)},
        {"packing_notes", offsetof(struct goods_out, packing_notes)},
        {"delivery_notes", offsetof(struct goods_out, delivery_notes)},
        {"external_system_reference1", offsetof(struct goods_out, external1)},
        {"external_system_reference2", offsetof(struct goods_out, external2)},
        {"external_system_reference3", offsetof(struct goods_out, external3)},
    };
    struct goods_out *g = order_here(x);
    if (!g) return;
    const char *obstacle = header_obstacle(x);
    if (obstacle) {
        clarus_refuse(x, 422, "validation_failed", obstacle);
        return;
    }
    struct address address;
    err_t e = clarus_address(x, &address);
    if (e == ERR_INVALID) return;
    remark_unknown(x->p, "goods_outs", x->attributes, ORDER_MEMBERS);
    if (!e) g->address = address;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *text = member_text(x->p, x->attributes, texts[i].name);
        if (text) memcpy((char *)g + texts[i].offset, &text, sizeof text);
    }
    g->updated_ms = x->p->now_ms;
    index_forget(x->p, T_GOODS_OUT);
    put_order(x, g);
}

void goods_outs_cancel(struct exchange *x)
{
    struct goods_out *g = order_here(x);
    if (!g) return;
    if (order_cancel(x->p, g->row.id)) {
        clarus_refuse(x, 422, "goods_out_not_cancelled", "The order is completed or cancelled");
        return;
    }
    put_order(x, g);
}

void goods_outs_delete(struct exchange *x)
{
    const struct goods_out *g = order_here(x);
    if (!g) return;
    if (!text_same(g->status.code, "DRAFT") && !text_same(g->status.code, "PENDING")) {
        clarus_refuse(x, 422, "goods_out_not_deleted", "Work on the order has begun");
        return;
    }
    order_vanish(x->p, g->row.id);
    reply_status(x->reply, 204);
}

static void short_order(struct peers *p, uint32_t goods_out)
{
    struct line *l;
    for (uint32_t i = 0; (l = world_nth(p, T_LINE, i)); i++) {
        if (l->row.gone || l->goods_out_id != goods_out || l->allocated >= l->ordered) continue;
        l = world_edit(p, T_LINE, l->row.id);
        l->short_status = "SHORT";
    }
    order_set_status(p, goods_out, "ALLOCATED");
}

void short_order_lines(struct exchange *x)
{
    json_node ids = json_member(x->body, "ids");
    if (!json_count(ids) || !json_text(json_member(x->body, "description")).len) {
        clarus_refuse(x, 422, "empty_ids_provided", "ids and description are required");
        return;
    }
    for (json_node n = json_first(ids); n; n = json_next(n)) {
        int64_t id;
        const struct goods_out *g =
            json_int(n, 1, UINT32_MAX, &id) ? NULL : world_get(x->p, T_GOODS_OUT, (uint32_t)id);
        if (!g || !text_same(g->status.code, "PART_ALLOCATED")) {
            clarus_refuse(x, 422, "invalid_ids_provided", "Only orders in PART_ALLOCATED");
            return;
        }
    }
    for (json_node n = json_first(ids); n; n = json_next(n)) {
        int64_t id;
        if (!json_int(n, 1, UINT32_MAX, &id)) short_order(x->p, (uint32_t)id);
    }
    reply_status(x->reply, 204);
}

/* ------------------------------------------------------------------------------ documents -- */

void clarus_let_time_pass(struct peers *p)
{
    struct document *d;
    for (uint32_t n = p->tables[T_DOCUMENT].count; n > 0; n--) {
        d = world_nth(p, T_DOCUMENT, n - 1);
        if (d->created_ms + INT64_C(3600000) < p->now_ms) break;
        if (!text_same(d->status, "queued") || d->available_ms > p->now_ms) continue;
        d = world_edit(p, T_DOCUMENT, d->row.id);
        d->status = "available";
        d->updated_ms = d->available_ms;
    }
}

void documents_download(struct exchange *x)
{
    const struct document *d = world_get(x->p, T_DOCUMENT, x->id);
    if (!d || !text_same(d->status, "available")) {
        clarus_not_found(x);
        return;
    }
    if (d->owner != x->user) {
        clarus_refuse(x, 403, "not_authorized", "The document is another user's");
        return;
    }
    struct file *f = world_add(x->p, T_FILE);
    f->document_id = d->row.id;
    f->ends_ms = x->p->now_ms + (int64_t)x->p->options.file_life_ms;
    f->text =
        world_print(x->p, "%016llx", (unsigned long long)world_chance(x->p, "file", f->row.id));
    struct json_writer w = reply_json(x->reply, 200);
    json_open_object(&w, NULL);
    json_put_text(&w, "url",
                  world_print(x->p, "%s/files/%s?signature=%08x", x->p->options.clarus_base,
                              f->text, (unsigned)f->row.id));
    json_close_object(&w);
}

static const struct file *file_named(const struct peers *p, const char *text)
{
    const struct file *f;
    for (uint32_t n = p->tables[T_FILE].count; n > 0; n--) {
        f = world_nth(p, T_FILE, n - 1);
        if (text_same(f->text, text)) return f;
    }
    return NULL;
}

void files_get(struct exchange *x)
{
    const struct file *f = file_named(x->p, x->request->path + strlen("/files/"));
    if (request_header(x->request, "authorization")) {
        world_remark(x->p, "a presigned address was asked with an Authorization header");
        reply_text(x->reply, 400, "application/xml",
                   "<Error><Code>InvalidArgument</Code><Message>Only one auth mechanism "
                   "allowed</Message></Error>");
        return;
    }
    if (strcmp(x->request->method, "GET") != 0 || !f || f->ends_ms <= x->p->now_ms) {
        reply_text(
            x->reply, 403, "application/xml",
            "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>");
        return;
    }
    label_document(x->p, world_get(x->p, T_DOCUMENT, f->document_id), x->reply);
}
