#include "firmware/clarus/inner.h"

#include <string.h>

#define FIND_LIMIT_MS 8000
#define FOUND_MAX     4

enum {
    FIND_ORDER,
    FIND_UNIT,
    FIND_UNIT_TASKS,
    FIND_LIST,
    FIND_LIST_TASKS,
    FIND_REFERENCE,
    FIND_LINES,
    FIND_PRODUCTS,
    FIND_DONE,
};

struct find {
    char code[CODE_CAP];
    char unit_id[ID_CAP];
    bool listed; /* the code is a pick list */
    struct {
        int64_t id; /* 0: known to Clarus, not yet in the catalogue */
        char clarus_id[ID_CAP];
        char reference[REFERENCE_CAP];
        bool open;
    } found[FOUND_MAX];
    size_t count;
    size_t next;
    size_t chosen;
    struct product_need need;
};

static void find_finish(struct clarus_flow *f, err_t error, int64_t id)
{
    struct clarus *c = f->c;
    uint32_t ticket = f->ticket;
    flow_finish(f);
    if (c->on.found) c->on.found(c->on.ctx, ticket, error, id);
}

static void find_expire(struct clarus_flow *f)
{
    find_finish(f, ERR_GONE, 0);
}

static bool find_read(struct clarus_flow *f, const struct answer *a)
{
    if (a->kind == ANSWER_OK) return true;
    if (a->kind == ANSWER_FAULTY || a->kind == ANSWER_BUSY)
        flow_again(f, a);
    else
        find_finish(f, ERR_GONE, 0);
    return false;
}

static void found_add(struct find *d, int64_t id, const char *clarus_id, const char *reference,
                      bool open)
{
    for (size_t i = 0; i < d->count; i++)
        if (strcmp(d->found[i].clarus_id, clarus_id) == 0) return;
    if (d->count == FOUND_MAX) return;
    d->found[d->count].id = id;
    d->found[d->count].open = open;
    words_copy(d->found[d->count].clarus_id, ID_CAP, slice_text(clarus_id));
    words_copy(d->found[d->count].reference, REFERENCE_CAP, slice_text(reference));
    d->count++;
}

static bool order_is_open(const struct clarus *c, const char *status)
{
    const struct config_clarus *k = &c->config->site.clarus;
    return !text_among(status, k->cancelled_status) && !text_among(status, k->done_status);
}

static void order_begin(struct clarus_flow *f)
{
    struct find *d = f->data;
    list_filter_eq(f, "reference", d->code);
    list_start(f, "goods_outs", "GoodsOutsFilterType", ORDER_FIELDS);
}

static void order_row(struct clarus_flow *f, json_node node)
{
    struct find *d = f->data;
    struct order_seen seen;
    if (!order_parse(node, &seen) || strcmp(seen.reference, d->code) != 0) return;
    if (order_record(f->c, node, &seen))
        found_add(d, seen.consignment_id, seen.id, seen.reference,
                  order_is_open(f->c, seen.status));
}

static void order_end(struct clarus_flow *f, const struct answer *a)
{
    struct find *d = f->data;
    if (find_read(f, a)) flow_go(f, d->count ? FIND_LINES : FIND_UNIT);
}

static void unit_begin(struct clarus_flow *f)
{
    struct find *d = f->data;
    list_filter_eq(f, "reference", d->code);
    list_start(f, "storage_units", "StorageUnitFilterType", "id reference");
}

static void unit_row(struct clarus_flow *f, json_node node)
{
    struct find *d = f->data;
    char reference[CODE_CAP];
    node_text(node, "/reference", reference, sizeof reference);
    if (strcmp(reference, d->code) == 0) node_id(node, "/id", d->unit_id, sizeof d->unit_id);
}

static void unit_end(struct clarus_flow *f, const struct answer *a)
{
    struct find *d = f->data;
    if (find_read(f, a)) flow_go(f, d->unit_id[0] ? FIND_UNIT_TASKS : FIND_LIST);
}

static void unit_tasks_begin(struct clarus_flow *f)
{
    struct find *d = f->data;
    char fields[FIELDS_CAP];
    struct json_writer w = json_write(list_filter(f));
    json_open_object(&w, NULL);
    json_open_object(&w, "storage_unit_from_id");
    json_put_text(&w, "eq", d->unit_id);
    json_close_object(&w);
    json_open_object(&w, "task_type_code");
    json_put_text(&w, "eq", "DISP");
    json_close_object(&w);
    json_close_object(&w);
    task_fields(f->c, fields);
    list_start(f, "tasks", "TaskFilterType", fields);
}

/* The order of a task: by its link, else by what earlier readings by order have stored. */
static void task_owner(struct clarus_flow *f, json_node node, const struct task_seen *t)
{
    struct find *d = f->data;
    char reference[REFERENCE_CAP], clarus_id[ID_CAP];
    if (t->order_id[0] && node_text(node, "/goods_out/reference", reference, sizeof reference)) {
        found_add(d, 0, t->order_id, reference, true);
        return;
    }
    int64_t id =
        sql_int(f->c, "SELECT consignment_id FROM task WHERE clarus_task_id = ?", 0, "t", t->id);
    if (id && sql_text(f->c, "SELECT clarus_id FROM consignment WHERE id = ?", clarus_id,
                       sizeof clarus_id, "i", id))
        found_add(d, id, clarus_id, "", true);
}

static void unit_tasks_row(struct clarus_flow *f, json_node node)
{
    struct task_seen t;
    if (task_parse(node, &t) && !slice_is_nocase(slice_text(t.status), "COMPLETED"))
        task_owner(f, node, &t);
}

static void unit_tasks_end(struct clarus_flow *f, const struct answer *a)
{
    struct find *d = f->data;
    if (find_read(f, a)) flow_go(f, d->count ? FIND_REFERENCE : FIND_LIST);
}

static void list_begin(struct clarus_flow *f)
{
    struct find *d = f->data;
    if (!proven(f->c, PROVEN_LIST_REFERENCE) || !proven(f->c, PROVEN_TASK_LIST) ||
        !proven(f->c, PROVEN_TASK_ORDER)) {
        find_finish(f, ERR_NOTFOUND, 0);
        return;
    }
    list_filter_eq(f, "reference", d->code);
    list_start(f, "goods_out_pick_lists", "GoodsOutPickListsFilterType", "id reference");
}

static void list_row(struct clarus_flow *f, json_node node)
{
    (void)node;
    ((struct find *)f->data)->listed = true;
}

static void list_end(struct clarus_flow *f, const struct answer *a)
{
    struct find *d = f->data;
    if (!find_read(f, a)) return;
    if (d->listed)
        flow_go(f, FIND_LIST_TASKS);
    else
        find_finish(f, ERR_NOTFOUND, 0);
}

static void list_tasks_begin(struct clarus_flow *f)
{
    char fields[FIELDS_CAP];
    buf_text(list_filter(f), "{\"task_type_code\":{\"eq\":\"DISP\"},"
                             "\"status\":{\"in\":[\"AVAILABLE\",\"ALLOCATED\"]}}");
    task_fields(f->c, fields);
    list_start(f, "tasks", "TaskFilterType", fields);
}

static void list_tasks_row(struct clarus_flow *f, json_node node)
{
    struct find *d = f->data;
    struct task_seen t;
    if (task_parse(node, &t) && strcmp(t.pick_list, d->code) == 0) task_owner(f, node, &t);
}

static void list_tasks_end(struct clarus_flow *f, const struct answer *a)
{
    struct find *d = f->data;
    if (!find_read(f, a)) return;
    if (d->count)
        flow_go(f, FIND_REFERENCE);
    else
        find_finish(f, ERR_NOTFOUND, 0);
}

/* Orders found through a task are read by their reference, and remembered for their tote. */
static void reference_begin(struct clarus_flow *f)
{
    struct find *d = f->data;
    while (d->next < d->count && d->found[d->next].id)
        d->next++;
    if (d->next == d->count) {
        flow_go(f, FIND_LINES);
        return;
    }
    list_filter_eq(f, "reference", d->found[d->next].reference);
    list_start(f, "goods_outs", "GoodsOutsFilterType", ORDER_FIELDS);
}

static void reference_row(struct clarus_flow *f, json_node node)
{
    struct find *d = f->data;
    struct order_seen seen;
    if (!order_parse(node, &seen) || strcmp(seen.id, d->found[d->next].clarus_id) != 0) return;
    if (!order_record(f->c, node, &seen)) return;
    d->found[d->next].id = seen.consignment_id;
    d->found[d->next].open = order_is_open(f->c, seen.status);
    clarus_note(f->c, "put_carrying",
                catalogue_put_carrying(f->c->store, effects_wall(f->c->fx), d->code,
                                       d->unit_id[0] ? "tote" : "pick_list", seen.consignment_id));
}

static void reference_end(struct clarus_flow *f, const struct answer *a)
{
    struct find *d = f->data;
    if (!find_read(f, a)) return;
    d->next++;
    flow_go(f, FIND_REFERENCE);
}

/* One open order; failing that, one order in whatever state. */
static err_t find_choose(struct find *d)
{
    size_t open = 0, known = 0;
    for (size_t i = 0; i < d->count; i++) {
        if (!d->found[i].id) continue;
        known++;
        if (d->found[i].open || !open) d->chosen = i;
        open += d->found[i].open;
    }
    if (open > 1 || (!open && known > 1)) return ERR_AMBIGUOUS;
    return known ? ERR_OK : ERR_NOTFOUND;
}

static void lines_begin(struct clarus_flow *f)
{
    struct find *d = f->data;
    char fields[FIELDS_CAP];
    err_t e = find_choose(d);
    if (e) {
        find_finish(f, e, 0);
        return;
    }
    list_filter_eq(f, "goods_out_id", d->found[d->chosen].clarus_id);
    line_fields(f->c, fields);
    list_start(f, "goods_out_lines", "GoodsOutLineFilterType", fields);
}

static void lines_row(struct clarus_flow *f, json_node node)
{
    struct find *d = f->data;
    char id[ID_CAP];
    if (line_record(f->c, node, d->found[d->chosen].id, 0, id)) need_of_line(f->c, &d->need, node);
}

static void lines_end(struct clarus_flow *f, const struct answer *a)
{
    if (find_read(f, a)) flow_go(f, FIND_PRODUCTS);
}

static void products_begin(struct clarus_flow *f)
{
    struct find *d = f->data;
    if (!need_begin(f, &d->need)) flow_go(f, FIND_DONE);
}

static void products_row(struct clarus_flow *f, json_node node)
{
    (void)product_record(f->c, node);
}

static void products_end(struct clarus_flow *f, const struct answer *a)
{
    if (find_read(f, a)) flow_go(f, FIND_LINES);
}

static void done_begin(struct clarus_flow *f)
{
    struct find *d = f->data;
    find_finish(f, ERR_OK, d->found[d->chosen].id);
}

static const struct flow_step steps[] = {
    [FIND_ORDER] = {"order", order_begin, order_row, order_end},
    [FIND_UNIT] = {"unit", unit_begin, unit_row, unit_end},
    [FIND_UNIT_TASKS] = {"unit_tasks", unit_tasks_begin, unit_tasks_row, unit_tasks_end},
    [FIND_LIST] = {"list", list_begin, list_row, list_end},
    [FIND_LIST_TASKS] = {"list_tasks", list_tasks_begin, list_tasks_row, list_tasks_end},
    [FIND_REFERENCE] = {"reference", reference_begin, reference_row, reference_end},
    [FIND_LINES] = {"lines", lines_begin, lines_row, lines_end},
    [FIND_PRODUCTS] = {"products", products_begin, products_row, products_end},
    [FIND_DONE] = {"done", done_begin, NULL, NULL},
};
static const struct flow_kind find_kind = {"find", steps, sizeof(struct find), find_expire, false};

void clarus_find(struct clarus *c, uint32_t ticket, struct slice code)
{
    char text[CODE_CAP];
    bool fits = code.len && text_is_utf8(code) && slice_copy(code, text, sizeof text) == ERR_OK;
    struct clarus_flow *f = fits ? flow_start(c, &find_kind, 0, ticket) : NULL;
    if (!f) {
        if (c->on.found) c->on.found(c->on.ctx, ticket, fits ? ERR_GONE : ERR_NOTFOUND, 0);
        return;
    }
    memcpy(((struct find *)f->data)->code, text, sizeof text);
    f->limit = mono_plus(effects_now(c->fx), FIND_LIMIT_MS);
    flows_run(c);
}

/* ------------------------------------------------------------------------------------ product --
 */

/* One alias per level: the one that answers tells the level of the code. */
static const struct {
    const char *alias, *filter;
    enum level level;
} asked[] = {
    {"a", "barcode", LEVEL_UNIT},
    {"b", "inner_barcode", LEVEL_INNER},
    {"c", "case_barcode", LEVEL_CASE},
    {"d", "outer_barcode", LEVEL_OUTER},
    {"e", "code", LEVELS},
};
#define ASKED (sizeof asked / sizeof *asked)

struct product {
    char code[CODE_CAP];
};

static void product_finish(struct clarus_flow *f, err_t error)
{
    struct clarus *c = f->c;
    uint32_t ticket = f->ticket;
    flow_finish(f);
    if (c->on.product) c->on.product(c->on.ctx, ticket, error);
}

static void product_expire(struct clarus_flow *f)
{
    product_finish(f, ERR_GONE);
}

static void product_query(const struct clarus *c, struct buf *query)
{
    char fields[FIELDS_CAP];
    product_fields(c, fields);
    buf_text(query, "query(");
    for (size_t i = 0; i < ASKED; i++)
        buf_printf(query, "%s$%s: ProductsFilterType", i ? ", " : "", asked[i].alias);
    buf_text(query, ") {");
    for (size_t i = 0; i < ASKED; i++)
        buf_printf(query, " %s: products { all(filter: $%s, first: 10) { edges { node { %s } } } }",
                   asked[i].alias, asked[i].alias, fields);
    buf_text(query, " }");
}

static void product_begin(struct clarus_flow *f)
{
    struct product *p = f->data;
    char room[4096];
    struct buf query = buf_over(room, sizeof room);
    product_query(f->c, &query);
    struct json_writer w = json_write(call_body(f));
    json_open_object(&w, NULL);
    json_put_slice(&w, "query", buf_slice(&query));
    json_open_object(&w, "variables");
    for (size_t i = 0; i < ASKED; i++) {
        json_open_object(&w, asked[i].alias);
        json_open_object(&w, asked[i].filter);
        json_put_text(&w, "eq", p->code);
        json_close_object(&w);
        json_close_object(&w);
    }
    json_close_object(&w);
    json_close_object(&w);
    if (query.overflow) f->call.body.overflow = true;
    call_graphql(f);
}

static size_t product_take(struct clarus_flow *f, json_node data)
{
    struct product *p = f->data;
    size_t stored = 0;
    for (size_t i = 0; i < ASKED; i++) {
        json_node edges = json_at(json_member(data, asked[i].alias), "/all/edges");
        for (json_node e = json_first(edges); e; e = json_next(e))
            if (product_learned(f->c, json_member(e, "node"), asked[i].level, p->code)) stored++;
    }
    return stored;
}

static void product_end(struct clarus_flow *f, const struct answer *a)
{
    if (a->kind == ANSWER_BUSY) {
        flow_again(f, a);
        return;
    }
    if (a->kind != ANSWER_OK || json_count(json_member(a->root, "errors"))) {
        product_finish(f, ERR_GONE);
        return;
    }
    size_t stored = product_take(f, json_member(a->root, "data"));
    product_finish(f, stored ? ERR_OK : ERR_NOTFOUND);
}

static const struct flow_step product_steps[] = {{"ask", product_begin, NULL, product_end}};
static const struct flow_kind product_kind = {"product", product_steps, sizeof(struct product),
                                              product_expire, false};

void clarus_product(struct clarus *c, uint32_t ticket, struct slice code)
{
    char text[CODE_CAP];
    bool fits = code.len && text_is_utf8(code) && slice_copy(code, text, sizeof text) == ERR_OK;
    struct clarus_flow *f = fits ? flow_start(c, &product_kind, 0, ticket) : NULL;
    if (!f) {
        if (c->on.product) c->on.product(c->on.ctx, ticket, fits ? ERR_GONE : ERR_NOTFOUND);
        return;
    }
    memcpy(((struct product *)f->data)->code, text, sizeof text);
    f->limit = mono_plus(effects_now(c->fx), FIND_LIMIT_MS);
    flows_run(c);
}
