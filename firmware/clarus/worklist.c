#include "firmware/clarus/inner.h"

#include <string.h>

#define NEW_BATCHES_MAX     10
#define REFRESH_BATCHES_MAX 3
#define MISSING_MAX         8
#define CONFIRM_MS          2000

enum {
    LIST_ORDERS,
    LIST_BATCH,
    LIST_LINES,
    LIST_PRODUCTS,
    LIST_TASKS,
    LIST_MISSING,
    LIST_MISSING_READ,
    LIST_DONE,
};

struct batched {
    int64_t id;
    char clarus_id[ID_CAP];
    unsigned picks_open;
    unsigned disps_open;
};

/* Orders of this reading: when each was seen is written down now and then only. */
#define LISTED_SLOTS ((size_t)4096)
#define LISTED_MAX   (LISTED_SLOTS / 4 * 3)

struct worklist {
    int64_t started;              /* wall ms */
    int64_t listed[LISTED_SLOTS]; /* open addressing; 0: free */
    size_t listed_count;          /* beyond LISTED_MAX: the rest is not known */
    struct batched batch[BATCH_MAX];
    size_t batch_count;
    size_t task_next; /* orders are asked one by one where tasks do not name theirs */
    unsigned batches;
    bool refreshing;
    struct product_need need;
    struct {
        int64_t id;
        char clarus_id[ID_CAP];
        char reference[REFERENCE_CAP];
    } missing[MISSING_MAX];
    size_t missing_count;
    size_t missing_next;
    struct order_seen seen; /* of the missing one; id "" while not found */
    bool absent_once;
};

static void put_in(struct json_writer *w, const char *name, const struct batched *b, size_t count)
{
    json_open_object(w, name);
    json_open_array(w, "in");
    for (size_t i = 0; i < count; i++)
        json_put_text(w, NULL, b[i].clarus_id);
    json_close_array(w);
    json_close_object(w);
}

static void orders_begin(struct clarus_flow *f)
{
    struct worklist *l = f->data;
    const struct config_clarus *k = &f->c->config->site.clarus;
    l->started = effects_wall(f->c->fx).ms;
    struct json_writer w = json_write(list_filter(f));
    json_open_object(&w, NULL);
    json_open_object(&w, "goods_out_status_code");
    json_open_array(&w, "in");
    for (size_t i = 0; i < CONFIG_STATUS_MAX && k->ready_status[i][0]; i++)
        json_put_text(&w, NULL, k->ready_status[i]);
    json_close_array(&w);
    json_close_object(&w);
    if (f->c->warehouse_id[0]) {
        json_open_object(&w, "warehouse_id");
        json_put_text(&w, "eq", f->c->warehouse_id);
        json_close_object(&w);
    }
    json_close_object(&w);
    list_start(f, "goods_outs", "GoodsOutsFilterType", ORDER_FIELDS);
}

/* An order that was taken off the list and is on it again: released and picked anew. */
static void order_returned(struct clarus *c, int64_t id)
{
    clarus_note(c, "order returned",
                sql_run(c,
                        "UPDATE consignment SET state = 0, hold_rule = '', hold_text = '' "
                        "WHERE id = ? AND (state = 13 OR (state = 12 AND hold_rule IN "
                        "('order.released', 'order.withdrawn')))",
                        "i", id));
}

static size_t listed_slot(const struct worklist *l, int64_t id)
{
    size_t i = (size_t)((uint64_t)id * UINT64_C(0x9E3779B97F4A7C15) >> 32) % LISTED_SLOTS;
    while (l->listed[i] != 0 && l->listed[i] != id)
        i = (i + 1) % LISTED_SLOTS;
    return i;
}

static void listed_add(struct worklist *l, int64_t id)
{
    size_t i = listed_slot(l, id);
    if (l->listed[i] == id) return;
    if (l->listed_count < LISTED_MAX) l->listed[i] = id;
    l->listed_count++;
}

/* On the list, as far as is known. `seen_at` is older than the reading by less than it is exact. */
static bool is_listed(const struct worklist *l, int64_t id, int64_t seen_at)
{
    if (l->listed[listed_slot(l, id)] == id) return true;
    return l->listed_count > LISTED_MAX && seen_at >= l->started - CATALOGUE_SEEN_MS;
}

static void orders_row(struct clarus_flow *f, json_node node)
{
    struct order_seen seen;
    if (!order_record(f->c, node, &seen)) return;
    listed_add(f->data, seen.consignment_id);
    order_returned(f->c, seen.consignment_id);
}

static void worklist_failed(struct clarus_flow *f, const struct answer *a)
{
    struct clarus *c = f->c;
    if (!c->list_broken)
        log_event(c->log, LOG_WARN, "clarus.worklist_failed", "step=%s kind=%d",
                  f->kind->steps[f->step].name, (int)a->kind);
    c->list_broken = true;
    int64_t wait = a->wait_ms > 0 ? a->wait_ms : (int64_t)c->config->site.clarus.poll_s * 1000;
    c->poll_at = mono_plus(effects_now(c->fx), wait);
    flow_finish(f);
}

static void orders_end(struct clarus_flow *f, const struct answer *a)
{
    if (a->kind == ANSWER_OK)
        flow_go(f, LIST_BATCH);
    else
        worklist_failed(f, a);
}

static const char SQL_NEW[] =
    "SELECT c.id, c.clarus_id FROM consignment c WHERE c.state IN (0, 1) AND c.seen_at >= ?1 "
    "AND NOT EXISTS (SELECT 1 FROM line l WHERE l.consignment_id = c.id) AND c.id > ?2 "
    "ORDER BY c.id LIMIT ?3";
static const char SQL_REFRESH[] =
    "SELECT c.id, c.clarus_id FROM consignment c WHERE c.state IN (0, 1) AND c.seen_at >= ?1 "
    "AND c.id > ?2 ORDER BY c.id LIMIT ?3";

static size_t batch_read(struct clarus *c, struct worklist *l, const char *sql, int64_t after)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = true;
    size_t n = 0;
    err_t e = store_prepare(c->store, sql, &q);
    if (!e) {
        store_bind_int(q, 1, l->started - CATALOGUE_SEEN_MS);
        store_bind_int(q, 2, after);
        store_bind_int(q, 3, BATCH_MAX);
    }
    while (!e && n < BATCH_MAX) {
        e = store_step(c->store, q, &row);
        if (e || !row) break;
        l->batch[n] = (struct batched){.id = store_int(q, 0)};
        store_text(q, 1, l->batch[n].clarus_id, ID_CAP);
        n++;
    }
    clarus_note(c, "batch", e);
    return e ? 0 : n;
}

/* First what the catalogue has no lines of, then some of the others in turn. */
static void batch_begin(struct clarus_flow *f)
{
    struct clarus *c = f->c;
    struct worklist *l = f->data;
    int64_t after = l->batch_count ? l->batch[l->batch_count - 1].id : 0;
    if (!l->refreshing) {
        l->batch_count = l->batches < NEW_BATCHES_MAX ? batch_read(c, l, SQL_NEW, after) : 0;
        if (!l->batch_count) {
            l->refreshing = true;
            l->batches = 0;
        }
    }
    if (l->refreshing) {
        l->batch_count = 0;
        if (l->batches < REFRESH_BATCHES_MAX)
            l->batch_count = batch_read(c, l, SQL_REFRESH, c->refresh_after);
        c->refresh_after = l->batch_count == BATCH_MAX ? l->batch[BATCH_MAX - 1].id : 0;
        if (l->batch_count < BATCH_MAX) l->batches = REFRESH_BATCHES_MAX;
    }
    l->batches++;
    l->need = (struct product_need){0};
    l->task_next = 0;
    flow_go(f, l->batch_count ? LIST_LINES : LIST_MISSING);
}

static void lines_begin(struct clarus_flow *f)
{
    struct worklist *l = f->data;
    char fields[FIELDS_CAP];
    struct json_writer w = json_write(list_filter(f));
    json_open_object(&w, NULL);
    put_in(&w, "goods_out_id", l->batch, l->batch_count);
    json_close_object(&w);
    line_fields(f->c, fields);
    list_start(f, "goods_out_lines", "GoodsOutLineFilterType", fields);
}

static void lines_row(struct clarus_flow *f, json_node node)
{
    struct worklist *l = f->data;
    char id[ID_CAP];
    if (line_record(f->c, node, 0, 0, id)) need_of_line(f->c, &l->need, node);
}

static void lines_end(struct clarus_flow *f, const struct answer *a)
{
    if (a->kind == ANSWER_OK)
        flow_go(f, LIST_PRODUCTS);
    else
        worklist_failed(f, a);
}

static void products_begin(struct clarus_flow *f)
{
    struct worklist *l = f->data;
    if (!need_begin(f, &l->need)) flow_go(f, LIST_TASKS);
}

static void products_row(struct clarus_flow *f, json_node node)
{
    (void)product_record(f->c, node);
}

static void products_end(struct clarus_flow *f, const struct answer *a)
{
    if (a->kind == ANSWER_OK)
        flow_go(f, LIST_LINES); /* again, so that the lines know their products */
    else
        worklist_failed(f, a);
}

static void tasks_begin(struct clarus_flow *f)
{
    struct worklist *l = f->data;
    char fields[FIELDS_CAP];
    bool named = proven(f->c, PROVEN_TASK_ORDER);
    struct json_writer w = json_write(list_filter(f));
    json_open_object(&w, NULL);
    json_open_object(&w, "task_type_code");
    json_open_array(&w, "in");
    json_put_text(&w, NULL, "PICK");
    json_put_text(&w, NULL, "DISP");
    json_close_array(&w);
    json_close_object(&w);
    put_in(&w, "goods_out_id", named ? l->batch : &l->batch[l->task_next],
           named ? l->batch_count : 1);
    json_close_object(&w);
    task_fields(f->c, fields);
    list_start(f, "tasks", "TaskFilterType", fields);
}

static struct batched *batch_of(const struct clarus *c, struct worklist *l,
                                const struct task_seen *t)
{
    if (!proven(c, PROVEN_TASK_ORDER)) return &l->batch[l->task_next];
    for (size_t i = 0; i < l->batch_count; i++)
        if (strcmp(l->batch[i].clarus_id, t->order_id) == 0) return &l->batch[i];
    return NULL;
}

static void tasks_row(struct clarus_flow *f, json_node node)
{
    struct worklist *l = f->data;
    struct task_seen t;
    if (!task_parse(node, &t)) return;
    struct batched *b = batch_of(f->c, l, &t);
    if (!b) return;
    bool open = !slice_is_nocase(slice_text(t.status), "COMPLETED");
    if (slice_is_nocase(slice_text(t.type), "PICK")) b->picks_open += open;
    if (slice_is_nocase(slice_text(t.type), "DISP")) b->disps_open += open;
    task_record(f->c, &t, b->id);
}

static void batch_settle(struct clarus *c, const struct batched *b)
{
    AUTO_RELAX struct store_relaxed relaxed = store_relax(c->store);
    bool ready = b->picks_open == 0 && b->disps_open > 0;
    clarus_note(c, "batch state",
                sql_run(c, "UPDATE consignment SET state = ?1 WHERE id = ?2 AND state = ?3", "iii",
                        (int64_t)(ready ? CONSIGNMENT_READY : CONSIGNMENT_KNOWN), b->id,
                        (int64_t)(ready ? CONSIGNMENT_KNOWN : CONSIGNMENT_READY)));
}

static void tasks_end(struct clarus_flow *f, const struct answer *a)
{
    struct worklist *l = f->data;
    if (a->kind != ANSWER_OK) {
        worklist_failed(f, a);
        return;
    }
    if (!proven(f->c, PROVEN_TASK_ORDER) && ++l->task_next < l->batch_count) {
        flow_go(f, LIST_TASKS);
        return;
    }
    for (size_t i = 0; i < l->batch_count; i++)
        batch_settle(f->c, &l->batch[i]);
    flow_go(f, LIST_BATCH);
}

/* Known, open here, and not on the list: asked for one by one. */
static const char SQL_MISSING[] =
    "SELECT c.id, c.clarus_id, c.reference, c.seen_at FROM consignment c WHERE c.seen_at < ?1 AND "
    "(c.state IN (0, 1, 11) OR (c.state IN (8, 9) AND EXISTS (SELECT 1 "
    "FROM dispatch d WHERE d.consignment_id = c.id AND d.state = 0))) ORDER BY c.seen_at";

static void missing_begin(struct clarus_flow *f)
{
    struct worklist *l = f->data;
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = true;
    err_t e = store_prepare(f->c->store, SQL_MISSING, &q);
    if (!e) {
        store_bind_int(q, 1, l->started);
    }
    l->missing_count = l->missing_next = 0;
    while (!e && l->missing_count < MISSING_MAX) {
        e = store_step(f->c->store, q, &row);
        if (e || !row) break;
        if (is_listed(l, store_int(q, 0), store_int(q, 3))) continue;
        size_t n = l->missing_count++;
        l->missing[n].id = store_int(q, 0);
        store_text(q, 1, l->missing[n].clarus_id, ID_CAP);
        store_text(q, 2, l->missing[n].reference, REFERENCE_CAP);
    }
    clarus_note(f->c, "missing", e);
    flow_go(f, LIST_MISSING_READ);
}

static void missing_read_begin(struct clarus_flow *f)
{
    struct worklist *l = f->data;
    if (l->missing_next == l->missing_count) {
        flow_go(f, LIST_DONE);
        return;
    }
    l->seen = (struct order_seen){0};
    list_filter_eq(f, "reference", l->missing[l->missing_next].reference);
    list_start(f, "goods_outs", "GoodsOutsFilterType", ORDER_FIELDS);
}

static void missing_read_row(struct clarus_flow *f, json_node node)
{
    struct worklist *l = f->data;
    struct order_seen seen;
    if (!order_parse(node, &seen)) return;
    if (strcmp(seen.id, l->missing[l->missing_next].clarus_id) != 0) return;
    if (!order_record(f->c, node, &seen)) return;
    l->seen = seen;
    AUTO_RELAX struct store_relaxed relaxed = store_relax(f->c->store);
    clarus_note(f->c, "seen", /* those asked for longest ago come first */
                sql_run(f->c, "UPDATE consignment SET seen_at = ? WHERE id = ?", "ii",
                        effects_wall(f->c->fx).ms, seen.consignment_id));
}

/* Put aside with a label: somebody has to empty the box, and the label is voided. */
static void void_parked(struct clarus *c, const struct consignment *k, const char *rule,
                        const char *text)
{
    int64_t shipment = sql_int(
        c,
        "SELECT s.id FROM shipment s WHERE s.consignment_id = ? AND s.state IN (1, 2, 3, 4, 5) AND "
        "EXISTS (SELECT 1 FROM parcel p WHERE p.shipment_id = s.id AND p.state <> 5) AND NOT "
        "EXISTS (SELECT 1 FROM dispatch d WHERE d.shipment_id = s.id AND d.state NOT IN (4, 6))",
        0, "i", k->id);
    if (!shipment) return;
    char object[OBJECT_CAP];
    struct buf b = buf_over(object, sizeof object);
    buf_printf(&b, "order %s", k->reference);
    clarus_alarm(c, k->id,
                 &(struct alarm){rule, "clarus", "lead", buf_cstr(&b), text,
                                 "Empty the box that was put aside; destroy its label"});
    clarus_note(c, "parcels",
                sql_run(c, "UPDATE parcel SET state = 5 WHERE shipment_id = ?", "i", shipment));
    clarus_void(c, shipment);
}

static void order_must_not_go(struct clarus *c, int64_t id, const char *rule, const char *text)
{
    struct consignment k;
    if (catalogue_consignment(c->store, id, &k)) return;
    if (k.state == CONSIGNMENT_SAVED || k.state == CONSIGNMENT_SAVED_PART) {
        clarus_story(c, id, "clarus.late_cancel", text);
        log_event(c->log, LOG_WARN, "clarus.late_cancel", "consignment=%lld rule=%s", (long long)id,
                  rule);
        if (c->on.late_cancel) c->on.late_cancel(c->on.ctx, id, text);
        return;
    }
    clarus_story(c, id, "clarus.stopped", text);
    clarus_note(c, "stop", catalogue_hold(c->store, id, CONSIGNMENT_STOPPED, rule, text));
    void_parked(c, &k, rule, text);
}

static void missing_judge(struct clarus *c, int64_t id, const struct order_seen *seen)
{
    const struct config_clarus *k = &c->config->site.clarus;
    if (!seen->id[0]) {
        order_must_not_go(c, id, "order.withdrawn", "The order is no longer in Clarus");
    } else if (text_among(seen->status, k->cancelled_status)) {
        order_must_not_go(c, id, "order.cancelled", "The order was cancelled in Clarus");
    } else if (text_among(seen->status, k->done_status)) {
        clarus_note(c, "gone",
                    sql_run(c, "UPDATE consignment SET state = 13 WHERE id = ? AND state IN (0, 1)",
                            "i", id));
    } else if (slice_is(slice_text(seen->status), "PENDING") ||
               slice_is(slice_text(seen->status), "DRAFT")) {
        order_must_not_go(c, id, "order.released", "The order was released to be picked again");
    } else if (!text_among(seen->status, k->ready_status)) {
        clarus_note(
            c, "known", /* a status of its own: its next check says what it means */
            sql_run(c, "UPDATE consignment SET state = 0 WHERE id = ? AND state = 1", "i", id));
    }
}

static void missing_read_end(struct clarus_flow *f, const struct answer *a)
{
    struct worklist *l = f->data;
    if (a->kind != ANSWER_OK) {
        worklist_failed(f, a);
        return;
    }
    if (!l->seen.id[0] && !l->absent_once) {
        l->absent_once = true;
        flow_wait(f, CONFIRM_MS, LIST_MISSING_READ);
        return;
    }
    missing_judge(f->c, l->missing[l->missing_next].id, &l->seen);
    l->absent_once = false;
    l->missing_next++;
    flow_go(f, LIST_MISSING_READ);
}

void worklist_count(struct clarus *c)
{
    c->orders = (uint32_t)sql_int(c, "SELECT COUNT(*) FROM consignment WHERE state = 1", 0, "");
}

/* Forgotten in a power cut, the list counts as older than it is. */
static void note_read(struct clarus *c, const char *started)
{
    AUTO_RELAX struct store_relaxed relaxed = store_relax(c->store);
    clarus_note(c, "worklist", store_meta_set(c->store, "clarus.worklist", started));
}

static void list_done(struct clarus_flow *f)
{
    struct clarus *c = f->c;
    struct worklist *l = f->data;
    char text[24];
    struct buf b = buf_over(text, sizeof text - 1);
    buf_printf(&b, "%lld", (long long)l->started);
    c->catalogue_read = l->started;
    c->list_broken = false;
    note_read(c, buf_cstr(&b));
    flow_finish(f);
    worklist_count(c);
    c->poll_at = mono_plus(effects_now(c->fx), (int64_t)c->config->site.clarus.poll_s * 1000);
    log_event(c->log, LOG_DEBUG, "clarus.worklist", "ready=%u", c->orders);
    if (c->on.refreshed) c->on.refreshed(c->on.ctx);
}

static const struct flow_step steps[] = {
    [LIST_ORDERS] = {"orders", orders_begin, orders_row, orders_end},
    [LIST_BATCH] = {"batch", batch_begin, NULL, NULL},
    [LIST_LINES] = {"lines", lines_begin, lines_row, lines_end},
    [LIST_PRODUCTS] = {"products", products_begin, products_row, products_end},
    [LIST_TASKS] = {"tasks", tasks_begin, tasks_row, tasks_end},
    [LIST_MISSING] = {"missing", missing_begin, NULL, NULL},
    [LIST_MISSING_READ] = {"missing_read", missing_read_begin, missing_read_row, missing_read_end},
    [LIST_DONE] = {"done", list_done, NULL, NULL},
};
const struct flow_kind worklist_kind = {"worklist", steps, sizeof(struct worklist), NULL, true};

void worklist_start(struct clarus *c)
{
    c->poll_at = MONO_NEVER;
    if (flow_find(c, &worklist_kind, 0)) return;
    if (!flow_start(c, &worklist_kind, 0, 0)) c->poll_at = mono_plus(effects_now(c->fx), 1000);
}
