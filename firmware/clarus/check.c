#include "firmware/clarus/check.h"

#include <string.h>

#define CONFIRM_MS 500 /* second reading of an order that is not there, within CHECK_WAIT_MS */

enum {
    CHECK_ORDER,
    CHECK_EXTRAS,
    CHECK_LINES,
    CHECK_PRODUCTS,
    CHECK_TASKS,
    CHECK_MINE,
    CHECK_SHIPMENTS,
    CHECK_JUDGE,
};

/* --------------------------------------------------------------------------------------- ends --
 */

static void check_unknown(struct clarus_flow *f)
{
    struct clarus *c = f->c;
    uint32_t ticket = f->ticket;
    struct verdict v = {.kind = VERDICT_UNKNOWN,
                        .rule = "clarus.no_answer",
                        .origin = "clarus",
                        .owner = "lead",
                        .text = "Clarus did not answer the state check",
                        .next_step = "Go on if the last state is recent, else wait"};
    log_event(c->log, LOG_INFO, "clarus.check", "consignment=%lld verdict=unknown step=%s",
              (long long)f->subject, f->kind->steps[f->step].name);
    flow_finish(f);
    if (c->on.checked) c->on.checked(c->on.ctx, ticket, &v);
}

/* Forgotten in a power cut, the state counts as older than it is. */
static void note_checked(struct clarus *c, int64_t id)
{
    AUTO_RELAX struct store_relaxed relaxed = store_relax(c->store);
    clarus_note(c, "checked_at",
                sql_run(c, "UPDATE consignment SET checked_at = ? WHERE id = ?", "ii",
                        effects_wall(c->fx).ms, id));
}

/* Only what is not at the bench is moved here. */
static void check_state(struct clarus *c, const struct check *k, const struct verdict *v)
{
    int64_t id = k->before.id;
    if (v->kind == VERDICT_GO) note_checked(c, id);
    bool idle = k->before.state == CONSIGNMENT_KNOWN || k->before.state == CONSIGNMENT_READY;
    if (idle && v->kind == VERDICT_STOP)
        clarus_note(c, "stop", catalogue_hold(c->store, id, CONSIGNMENT_STOPPED, v->rule, v->text));
    if (idle && v->kind == VERDICT_SENT)
        clarus_note(c, "gone", catalogue_set_state(c->store, id, CONSIGNMENT_GONE));
    if (k->before.state == CONSIGNMENT_KNOWN && v->kind == VERDICT_GO)
        clarus_note(c, "ready", catalogue_set_state(c->store, id, CONSIGNMENT_READY));
    /* A digest that is there belongs to what was packed: the bench compares with it at open. */
    char digest[65];
    if (k->purpose != CHECK_OPEN || k->before.digest[0]) return;
    AUTO_RELAX struct store_relaxed relaxed = store_relax(c->store);
    if (catalogue_digest(c->store, id, digest) == ERR_OK)
        clarus_note(c, "digest",
                    sql_run(c, "UPDATE consignment SET digest = ? WHERE id = ?", "ti", digest, id));
}

static void judge_begin(struct clarus_flow *f)
{
    struct clarus *c = f->c;
    struct check *k = f->data;
    uint32_t ticket = f->ticket;
    struct verdict v;
    check_judge(c, k, &v);
    check_state(c, k, &v);
    if (v.kind != VERDICT_GO) clarus_story(c, k->before.id, "clarus.check", v.text);
    log_event(c->log, LOG_INFO, "clarus.check", "consignment=%lld verdict=%d rule=%s",
              (long long)k->before.id, (int)v.kind, v.rule);
    flow_finish(f);
    if (c->on.checked) c->on.checked(c->on.ctx, ticket, &v);
}

/* A transport error, a 401, an error answer or half a page is never an empty list. */
static bool check_read(struct clarus_flow *f, const struct answer *a)
{
    if (a->kind == ANSWER_OK) return true;
    if (a->kind == ANSWER_FAULTY || a->kind == ANSWER_OFFLINE)
        flow_wait(f, CONFIRM_MS, f->step);
    else if (a->kind == ANSWER_BUSY)
        flow_again(f, a);
    else
        check_unknown(f);
    return false;
}

/* -------------------------------------------------------------------------------------- steps --
 */

static void order_begin(struct clarus_flow *f)
{
    struct check *k = f->data;
    list_filter_eq(f, "reference", k->before.reference);
    list_start(f, "goods_outs", "GoodsOutsFilterType", ORDER_FIELDS);
}

static void order_row(struct clarus_flow *f, json_node node)
{
    struct check *k = f->data;
    struct order_seen seen;
    if (!order_parse(node, &seen) || strcmp(seen.id, k->before.clarus_id) != 0) return;
    if (!order_record(f->c, node, &seen)) return;
    k->seen = seen;
    k->found = true;
}

static void order_end(struct clarus_flow *f, const struct answer *a)
{
    struct check *k = f->data;
    if (!check_read(f, a)) return;
    if (!k->found && !k->absent_once) {
        k->absent_once = true;
        flow_wait(f, CONFIRM_MS, CHECK_ORDER);
        return;
    }
    bool go_on = check_goes_on(f->c, k);
    flow_go(f, go_on ? CHECK_EXTRAS : CHECK_JUDGE);
}

static void extras_begin(struct clarus_flow *f)
{
    struct check *k = f->data;
    char fields[FIELDS_CAP];
    if (!extra_fields(f->c, fields)) {
        flow_go(f, CHECK_LINES);
        return;
    }
    list_filter_eq(f, "reference", k->before.reference);
    list_start(f, "goods_outs", "GoodsOutsFilterType", fields);
}

static void extras_row(struct clarus_flow *f, json_node node)
{
    struct check *k = f->data;
    char id[ID_CAP];
    if (!node_id(node, "/id", id, sizeof id) || strcmp(id, k->before.clarus_id) != 0) return;
    node_text(node, "/dispatch_strategy", k->strategy, sizeof k->strategy);
    extra_record(f->c, node, id);
}

static void extras_end(struct clarus_flow *f, const struct answer *a)
{
    struct check *k = f->data;
    if (a->kind == ANSWER_FAULTY && json_count(json_member(a->root, "errors"))) {
        /* A field went away: the bench does not depend on it. Found out again at the next probe. */
        log_event(f->c->log, LOG_WARN, "clarus.extras_refused", "consignment=%lld",
                  (long long)k->before.id);
        f->c->proven &= ~((1u << PROVEN_NOTES) | (1u << PROVEN_SERVICE) | (1u << PROVEN_STRATEGY) |
                          (1u << PROVEN_ADDRESS));
    } else if (!check_read(f, a)) {
        return;
    }
    flow_go(f, CHECK_LINES);
}

static void lines_begin(struct clarus_flow *f)
{
    struct check *k = f->data;
    char fields[FIELDS_CAP];
    k->line_count = 0;
    list_filter_eq(f, "goods_out_id", k->before.clarus_id);
    line_fields(f->c, fields);
    list_start(f, "goods_out_lines", "GoodsOutLineFilterType", fields);
}

static void lines_row(struct clarus_flow *f, json_node node)
{
    struct check *k = f->data;
    char id[ID_CAP];
    if (!line_record(f->c, node, k->before.id, 0, id)) return;
    for (size_t i = 0; i < k->line_count && i < LINES_MAX; i++)
        if (strcmp(k->line_ids[i], id) == 0) return;
    if (k->line_count < LINES_MAX) memcpy(k->line_ids[k->line_count], id, ID_CAP);
    k->line_count++;
    need_of_line(f->c, &k->need, node);
}

static void lines_keep(struct clarus *c, struct check *k)
{
    const char *ids[LINES_MAX];
    if (k->line_count > LINES_MAX) return;
    for (size_t i = 0; i < k->line_count; i++)
        ids[i] = k->line_ids[i];
    clarus_note(c, "keep_lines", catalogue_keep_lines(c->store, k->before.id, ids, k->line_count));
}

static void lines_end(struct clarus_flow *f, const struct answer *a)
{
    if (!check_read(f, a)) return;
    lines_keep(f->c, f->data);
    flow_go(f, CHECK_PRODUCTS);
}

static void products_begin(struct clarus_flow *f)
{
    struct check *k = f->data;
    if (!need_begin(f, &k->need)) flow_go(f, CHECK_TASKS);
}

static void products_row(struct clarus_flow *f, json_node node)
{
    (void)product_record(f->c, node);
}

static void products_end(struct clarus_flow *f, const struct answer *a)
{
    if (check_read(f, a)) flow_go(f, CHECK_LINES);
}

static void tasks_begin(struct clarus_flow *f)
{
    struct check *k = f->data;
    char fields[FIELDS_CAP];
    k->picks_open = k->disps_open = k->disps_done = k->other_subtype = k->allocated = 0;
    k->foreign_owner = false;
    k->task_buf = buf_over(k->task_ids, sizeof k->task_ids);
    k->task_writer = json_write(&k->task_buf);
    json_open_array(&k->task_writer, NULL);
    list_filter_eq(f, "goods_out_id", k->before.clarus_id);
    task_fields(f->c, fields);
    list_start(f, "tasks", "TaskFilterType", fields);
}

static void tasks_row(struct clarus_flow *f, json_node node)
{
    struct clarus *c = f->c;
    struct check *k = f->data;
    struct task_seen t;
    if (!task_parse(node, &t)) return;
    bool open = !slice_is_nocase(slice_text(t.status), "COMPLETED");
    if (slice_is_nocase(slice_text(t.type), "PICK")) k->picks_open += open;
    if (!slice_is_nocase(slice_text(t.type), "DISP")) return;
    task_record(c, &t, k->before.id);
    json_put_text(&k->task_writer, NULL, t.id);
    if (!open) {
        k->disps_done++;
        return;
    }
    if (!slice_is_nocase(slice_text(t.subtype), "SHIPMENT")) {
        k->other_subtype++;
        return;
    }
    k->disps_open++;
    if (!slice_is_nocase(slice_text(t.status), "ALLOCATED")) return;
    k->allocated++;
    if (!c->user_id[0] || !t.owner_id[0] || strcmp(t.owner_id, c->user_id) == 0) return;
    k->foreign_owner = true;
    memcpy(k->owner, t.owner, sizeof k->owner);
}

/* Tasks that were known and are not listed any more cannot be claimed. */
static void tasks_keep(struct clarus *c, struct check *k)
{
    AUTO_RELAX struct store_relaxed relaxed = store_relax(c->store);
    json_close_array(&k->task_writer);
    if (k->task_buf.overflow) return;
    clarus_note(c, "tasks",
                sql_run(c,
                        "UPDATE task SET status = 'GONE' WHERE consignment_id = ? AND "
                        "clarus_task_id NOT IN (SELECT value FROM json_each(?))",
                        "it", k->before.id, buf_cstr(&k->task_buf)));
}

static void tasks_end(struct clarus_flow *f, const struct answer *a)
{
    if (!check_read(f, a)) return;
    tasks_keep(f->c, f->data);
    flow_go(f, CHECK_MINE);
}

/* Without the owner in the record, Clarus answers only whose tasks they are not. */
static void mine_begin(struct clarus_flow *f)
{
    struct clarus *c = f->c;
    struct check *k = f->data;
    k->mine = 0;
    if (!k->allocated || !c->user_id[0] || proven(c, PROVEN_TASK_OWNER)) {
        flow_go(f, CHECK_SHIPMENTS);
        return;
    }
    struct json_writer w = json_write(list_filter(f));
    json_open_object(&w, NULL);
    json_open_object(&w, "goods_out_id");
    json_put_text(&w, "eq", k->before.clarus_id);
    json_close_object(&w);
    json_open_object(&w, "user_id");
    json_put_text(&w, "eq", c->user_id);
    json_close_object(&w);
    json_close_object(&w);
    list_start(f, "tasks", "TaskFilterType", "id status subtype task_type { id code }");
}

static void mine_row(struct clarus_flow *f, json_node node)
{
    struct check *k = f->data;
    struct task_seen t;
    if (task_parse(node, &t) && slice_is_nocase(slice_text(t.type), "DISP") &&
        slice_is_nocase(slice_text(t.status), "ALLOCATED"))
        k->mine++;
}

static void mine_end(struct clarus_flow *f, const struct answer *a)
{
    if (check_read(f, a)) flow_go(f, CHECK_SHIPMENTS);
}

static void shipments_begin(struct clarus_flow *f)
{
    struct check *k = f->data;
    char fields[FIELDS_CAP];
    k->stranger[0] = '\0';
    list_filter_eq(f, "goods_out_id", k->before.clarus_id);
    shipment_fields(f->c, fields);
    list_start(f, "shipments", "ShipmentFilterType", fields);
}

static bool shipment_is_ours(struct clarus *c, int64_t consignment_id,
                             const struct shipment_seen *s)
{
    /* A create without an answer may have had its reference rewritten: not a stranger yet. */
    return sql_int(c,
                   "SELECT COUNT(*) FROM shipment WHERE consignment_id = ?1 AND (clarus_id = ?2 OR "
                   "key = ?3 OR (?4 <> '' AND key = ?4) OR intent = 'create')",
                   0, "ittt", consignment_id, s->id, s->reference, s->external) > 0;
}

static void shipments_row(struct clarus_flow *f, json_node node)
{
    struct check *k = f->data;
    struct shipment_seen s;
    if (!shipment_parse(node, &s)) return;
    if (text_void_word(s.status) || slice_is_nocase(slice_text(s.status), "dispatched")) return;
    if (!shipment_is_ours(f->c, k->before.id, &s)) memcpy(k->stranger, s.id, ID_CAP);
}

static void shipments_end(struct clarus_flow *f, const struct answer *a)
{
    if (check_read(f, a)) flow_go(f, CHECK_JUDGE);
}

static const struct flow_step steps[] = {
    [CHECK_ORDER] = {"order", order_begin, order_row, order_end},
    [CHECK_EXTRAS] = {"extras", extras_begin, extras_row, extras_end},
    [CHECK_LINES] = {"lines", lines_begin, lines_row, lines_end},
    [CHECK_PRODUCTS] = {"products", products_begin, products_row, products_end},
    [CHECK_TASKS] = {"tasks", tasks_begin, tasks_row, tasks_end},
    [CHECK_MINE] = {"mine", mine_begin, mine_row, mine_end},
    [CHECK_SHIPMENTS] = {"shipments", shipments_begin, shipments_row, shipments_end},
    [CHECK_JUDGE] = {"judge", judge_begin, NULL, NULL},
};
static const struct flow_kind check_kind = {"check", steps, sizeof(struct check), check_unknown,
                                            false};

void clarus_check(struct clarus *c, uint32_t ticket, int64_t consignment_id,
                  enum check_purpose purpose)
{
    struct clarus_flow *f = flow_start(c, &check_kind, consignment_id, ticket);
    struct check *k = f ? f->data : NULL;
    if (!f || catalogue_consignment(c->store, consignment_id, &k->before)) {
        struct verdict v = {.kind = VERDICT_UNKNOWN,
                            .rule = "clarus.busy",
                            .origin = "station",
                            .owner = "lead",
                            .text = "The state check could not be started",
                            .next_step = "Scan again"};
        if (f) flow_finish(f);
        if (c->on.checked) c->on.checked(c->on.ctx, ticket, &v);
        return;
    }
    k->purpose = purpose;
    f->limit = mono_plus(effects_now(c->fx), CHECK_WAIT_MS);
    flows_run(c);
}
