/* unit.c - a storage unit that is scanned whole: whether it has left, and what the order's dispatch
 * tasks take from it. */
#include "firmware/clarus/inner.h"

#include <string.h>

#define UNIT_LIMIT_MS 8000
#define SSCC_PREFIX   "00" /* some systems keep it with its application identifier */

enum {
    UNIT_FIND,
    UNIT_FIND_LONG,
    UNIT_TASKS,
};

struct unit {
    char code[CODE_CAP];
    char unit_id[ID_CAP];
    struct unit_reading seen;
};

static void unit_finish(struct clarus_flow *f, err_t error)
{
    struct clarus *c = f->c;
    uint32_t ticket = f->ticket;
    const struct unit_reading seen = ((struct unit *)f->data)->seen;
    flow_finish(f);
    if (c->on.unit) c->on.unit(c->on.ctx, ticket, error, &seen);
}

static void unit_expire(struct clarus_flow *f)
{
    unit_finish(f, ERR_GONE);
}

/* False when the answer is none: asked again, or given up. */
static bool unit_read(struct clarus_flow *f, const struct answer *a)
{
    if (a->kind == ANSWER_OK) return true;
    if (a->kind == ANSWER_FAULTY || a->kind == ANSWER_BUSY)
        flow_again(f, a);
    else
        unit_finish(f, ERR_GONE);
    return false;
}

static void unit_find(struct clarus_flow *f, const char *code)
{
    list_filter_eq(f, "reference", code);
    list_start(f, "storage_units", "StorageUnitFilterType", "id reference dispatched");
}

static void find_begin(struct clarus_flow *f)
{
    unit_find(f, ((struct unit *)f->data)->code);
}

static void find_long_begin(struct clarus_flow *f)
{
    char code[CODE_CAP + sizeof SSCC_PREFIX];
    struct buf b = buf_over(code, sizeof code - 1);
    buf_text(&b, SSCC_PREFIX);
    buf_text(&b, ((struct unit *)f->data)->code);
    unit_find(f, buf_cstr(&b));
}

static void find_row(struct clarus_flow *f, json_node node)
{
    struct unit *u = f->data;
    char reference[CODE_CAP];
    node_text(node, "/reference", reference, sizeof reference);
    struct slice text = slice_text(reference);
    if (slice_starts(text, SSCC_PREFIX) && text.len == strlen(u->code) + 2)
        text = slice_sub(text, 2, text.len);
    if (!slice_is(text, u->code)) return;
    node_id(node, "/id", u->unit_id, sizeof u->unit_id);
    if (json_bool(json_at(node, "/dispatched"), false)) u->seen.dispatched = true;
}

static void found(struct clarus_flow *f, const struct answer *a, bool last)
{
    struct unit *u = f->data;
    if (!unit_read(f, a)) return;
    if (u->seen.dispatched)
        unit_finish(f, ERR_OK);
    else if (u->unit_id[0])
        flow_go(f, UNIT_TASKS);
    else if (last)
        unit_finish(f, ERR_NOTFOUND);
    else
        flow_go(f, UNIT_FIND_LONG);
}

static void find_end(struct clarus_flow *f, const struct answer *a)
{
    found(f, a, false);
}

static void find_long_end(struct clarus_flow *f, const struct answer *a)
{
    found(f, a, true);
}

static void tasks_begin(struct clarus_flow *f)
{
    struct unit *u = f->data;
    char fields[FIELDS_CAP];
    struct json_writer w = json_write(list_filter(f));
    json_open_object(&w, NULL);
    json_open_object(&w, "storage_unit_from_id");
    json_put_text(&w, "eq", u->unit_id);
    json_close_object(&w);
    json_open_object(&w, "task_type_code");
    json_put_text(&w, "eq", "DISP");
    json_close_object(&w);
    json_close_object(&w);
    task_fields(f->c, fields);
    list_start(f, "tasks", "TaskFilterType", fields);
}

/* By its link, else by what the order's own reading has stored. */
static bool is_of_order(struct clarus_flow *f, const struct task_seen *t)
{
    int64_t id =
        sql_int(f->c, "SELECT consignment_id FROM task WHERE clarus_task_id = ?", 0, "t", t->id);
    if (id == 0 && t->order_id[0])
        id = sql_int(f->c, "SELECT id FROM consignment WHERE clarus_id = ?", 0, "t", t->order_id);
    return id == f->subject;
}

static void add_item(struct unit_reading *seen, int64_t product_id, qty_t quantity)
{
    for (size_t i = 0; i < seen->count && i < UNIT_ITEMS_MAX; i++) {
        if (seen->items[i].product_id != product_id) continue;
        seen->items[i].quantity.milli += quantity.milli;
        return;
    }
    if (seen->count < UNIT_ITEMS_MAX)
        seen->items[seen->count] = (struct unit_item){product_id, quantity};
    seen->count++;
}

static void tasks_row(struct clarus_flow *f, json_node node)
{
    struct unit *u = f->data;
    struct task_seen t;
    if (!task_parse(node, &t) || slice_is_nocase(slice_text(t.status), "COMPLETED")) return;
    int64_t product =
        sql_int(f->c, "SELECT id FROM product WHERE clarus_id = ?", 0, "t", t.product_id);
    if (!is_of_order(f, &t))
        u->seen.of_others = true;
    else if (product && t.quantity.milli > 0)
        add_item(&u->seen, product, t.quantity);
}

static void tasks_end(struct clarus_flow *f, const struct answer *a)
{
    if (unit_read(f, a)) unit_finish(f, ERR_OK);
}

static const struct flow_step steps[] = {
    [UNIT_FIND] = {"unit", find_begin, find_row, find_end},
    [UNIT_FIND_LONG] = {"unit_long", find_long_begin, find_row, find_long_end},
    [UNIT_TASKS] = {"unit_tasks", tasks_begin, tasks_row, tasks_end},
};
static const struct flow_kind unit_kind = {"unit", steps, sizeof(struct unit), unit_expire, false};

void clarus_unit(struct clarus *c, uint32_t ticket, int64_t consignment_id, struct slice sscc)
{
    const struct unit_reading none = {.count = 0};
    char text[CODE_CAP];
    bool fits = sscc.len && slice_copy(sscc, text, sizeof text) == ERR_OK;
    struct clarus_flow *f = fits ? flow_start(c, &unit_kind, consignment_id, ticket) : NULL;
    if (!f) {
        if (c->on.unit) c->on.unit(c->on.ctx, ticket, fits ? ERR_GONE : ERR_NOTFOUND, &none);
        return;
    }
    memcpy(((struct unit *)f->data)->code, text, sizeof text);
    f->limit = mono_plus(effects_now(c->fx), UNIT_LIMIT_MS);
    flows_run(c);
}
