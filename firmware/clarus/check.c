#include "firmware/clarus/inner.h"

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

struct check {
    enum check_purpose purpose;
    struct consignment before; /* as it was when the check began */
    struct order_seen seen;
    bool found;
    bool absent_once;
    char strategy[24];
    char line_ids[LINES_MAX][ID_CAP];
    size_t line_count; /* may exceed LINES_MAX */
    struct product_need need;
    char task_ids[LINES_MAX * 16]; /* JSON array of those read */
    struct buf task_buf;
    struct json_writer task_writer;
    unsigned picks_open;
    unsigned disps_open;
    unsigned disps_done;
    unsigned other_subtype;
    unsigned allocated;
    unsigned mine;
    char owner[NAME_CAP];
    bool foreign_owner;
    char stranger[ID_CAP];
};

/* ----------------------------------------------------------------------------------- verdicts --
 */

enum ruling {
    RULING_GO,
    RULING_WITHDRAWN,
    RULING_CANCELLED,
    RULING_RELEASED,
    RULING_TASKS_GONE,
    RULING_SENT,
    RULING_NOT_RELEASED,
    RULING_PART,
    RULING_STATUS,
    RULING_SHORT,
    RULING_NOT_PICKED,
    RULING_NO_TASKS,
    RULING_OTHER_STRATEGY,
    RULING_IN_USE,
    RULING_STRANGER,
    RULING_TOO_LONG,
    RULING_NO_CARRIER,
    RULING_CHANGED,
};
/* clang-format off */
static const struct {
    enum verdict_kind kind;
    const char *rule, *owner, *text, *next_step;
} rulings[] = {
    [RULING_GO] = {VERDICT_GO, "", "", "", ""},
    [RULING_WITHDRAWN] = {VERDICT_STOP, "order.withdrawn", "lead", "The order is no longer in Clarus", "Put the goods in the return tote"},
    [RULING_CANCELLED] = {VERDICT_STOP, "order.cancelled", "lead", "The order was cancelled in Clarus", "Put the goods in the return tote"},
    [RULING_RELEASED] = {VERDICT_STOP, "order.released", "lead", "The order was released to be picked again", "Put the goods back to stock"},
    [RULING_TASKS_GONE] = {VERDICT_STOP, "order.released", "lead", "The dispatch tasks of the order are gone", "Put the goods back to stock"},
    [RULING_SENT] = {VERDICT_SENT, "order.dispatched", "lead", "The order is dispatched already", "Set the goods aside and call the lead"},
    [RULING_NOT_RELEASED] = {VERDICT_NOT_READY, "order.not_released", "warehouse", "The order is not released for picking", "Choose another order"},
    [RULING_PART] = {VERDICT_HOLD, "order.part", "lead", "Clarus has the order in part; its tasks were cancelled", "The lead corrects it in Clarus"},
    [RULING_STATUS] = {VERDICT_HOLD, "order.status_unknown", "lead", "Clarus has a status this site does not know", "Add the status to site.json or correct the order"},
    [RULING_SHORT] = {VERDICT_HOLD, "order.short", "lead", "Not all of the order is allocated", "The lead decides to ship it in part"},
    [RULING_NOT_PICKED] = {VERDICT_NOT_READY, "order.not_picked", "warehouse", "The order is not picked yet", "Wait until picking is complete"},
    [RULING_NO_TASKS] = {VERDICT_NOT_READY, "order.no_dispatch_task", "warehouse", "Nothing of the order is ready to dispatch", "Wait until picking is complete"},
    [RULING_OTHER_STRATEGY] = {VERDICT_NOT_READY, "order.not_for_bench", "lead", "The order is dispatched another way, not at a bench", "Send it to the despatch area"},
    [RULING_IN_USE] = {VERDICT_IN_USE, "order.in_use", "packer", "The order is in use elsewhere", "Choose another order, or take it over"},
    [RULING_STRANGER] = {VERDICT_HOLD, "order.packed_elsewhere", "lead", "Clarus has a shipment this bench does not know", "The lead looks at the shipment in Clarus"},
    [RULING_TOO_LONG] = {VERDICT_HOLD, "order.too_many_lines", "lead", "The order has more lines than a bench takes", "The lead splits the order"},
    [RULING_NO_CARRIER] = {VERDICT_HOLD, "ship_method.unmapped", "integration", "The order has no carrier in Clarus", "Set carrier and service on the order"},
    [RULING_CHANGED] = {VERDICT_CHANGED, "order.changed", "packer", "Lines, address, notes or carrier were changed", "Verify the contents again"},
};
/* clang-format on */

static bool in_bench(enum consignment_state s)
{
    return s >= CONSIGNMENT_CLAIMED && s <= CONSIGNMENT_LABEL_CHECKED;
}

static bool bought_here(struct clarus *c, int64_t consignment_id)
{
    return sql_int(c, "SELECT COUNT(*) FROM shipment WHERE consignment_id = ? AND state IN (3, 4)",
                   0, "i", consignment_id) > 0;
}

static enum ruling judge_status(struct clarus *c, const struct check *k)
{
    const struct config_clarus *s = &c->config->site.clarus;
    const char *status = k->seen.status;
    if (!k->found) return RULING_WITHDRAWN;
    if (text_among(status, s->cancelled_status)) return RULING_CANCELLED;
    if (text_among(status, s->done_status)) {
        /* submitting may dispatch by itself with this strategy */
        bool own = k->purpose != CHECK_OPEN && strcmp(k->strategy, "auto_shipment") == 0 &&
                   bought_here(c, k->before.id);
        return own ? RULING_GO : RULING_SENT;
    }
    if (strcmp(status, "PENDING") == 0 || strcmp(status, "DRAFT") == 0)
        return in_bench(k->before.state) ? RULING_RELEASED : RULING_NOT_RELEASED;
    if (!text_among(status, s->ready_status))
        return strcmp(status, "PART") == 0 ? RULING_PART : RULING_STATUS;
    if (strcmp(status, "PART_ALLOCATED") == 0 && !s->part_allocated_may_go) return RULING_SHORT;
    return RULING_GO;
}

static enum ruling judge_tasks(const struct check *k)
{
    if (k->picks_open) return RULING_NOT_PICKED;
    if (k->disps_open) return RULING_GO;
    if (k->other_subtype) return RULING_OTHER_STRATEGY;
    if (k->disps_done && k->purpose != CHECK_OPEN && strcmp(k->strategy, "auto_shipment") == 0)
        return RULING_GO;
    return in_bench(k->before.state) ? RULING_TASKS_GONE : RULING_NO_TASKS;
}

static bool in_use(const struct clarus *c, const struct check *k)
{
    if (k->foreign_owner) return true;
    if (!c->user_id[0] || proven(c, PROVEN_TASK_OWNER)) return false;
    return k->allocated > k->mine;
}

static bool digest_differs(struct clarus *c, const struct check *k)
{
    char now[65];
    if (k->purpose == CHECK_OPEN || !k->before.digest[0]) return false;
    err_t e = catalogue_digest(c->store, k->before.id, now);
    clarus_note(c, "digest", e);
    return !e && strcmp(now, k->before.digest) != 0;
}

static enum ruling judge(struct clarus *c, const struct check *k)
{
    enum ruling r = judge_status(c, k);
    if (r != RULING_GO || text_among(k->seen.status, c->config->site.clarus.done_status)) return r;
    r = judge_tasks(k);
    if (r != RULING_GO) return r;
    if (in_use(c, k)) return RULING_IN_USE;
    if (k->stranger[0]) return RULING_STRANGER;
    if (digest_differs(c, k)) return RULING_CHANGED;
    if (k->line_count > LINES_MAX) return RULING_TOO_LONG;
    if (!k->seen.carrier_id[0]) return RULING_NO_CARRIER;
    return RULING_GO;
}

static void verdict_of(const struct check *k, enum ruling r, struct verdict *v)
{
    *v = (struct verdict){.kind = rulings[r].kind};
    words_copy(v->rule, sizeof v->rule, slice_text(rulings[r].rule));
    words_copy(v->origin, sizeof v->origin, SLICE("clarus"));
    words_copy(v->owner, sizeof v->owner, slice_text(rulings[r].owner));
    words_copy(v->next_step, sizeof v->next_step, slice_text(rulings[r].next_step));
    struct buf text = buf_over(v->text, sizeof v->text - 1);
    buf_text(&text, rulings[r].text);
    if (r == RULING_IN_USE && k->owner[0]) buf_printf(&text, ": %s", k->owner);
    if (r == RULING_STRANGER) buf_printf(&text, ": %s", k->stranger);
    if (r == RULING_STATUS) buf_printf(&text, ": %.*s", 40, k->seen.status);
    v->text[text.len] = '\0';
}

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

/* Only what is not at the bench is moved here. */
static void check_state(struct clarus *c, const struct check *k, const struct verdict *v)
{
    int64_t id = k->before.id;
    wall_t at = effects_wall(c->fx);
    clarus_note(c, "checked_at",
                sql_run(c, "UPDATE consignment SET checked_at = ? WHERE id = ?", "ii", at.ms, id));
    bool idle = k->before.state == CONSIGNMENT_KNOWN || k->before.state == CONSIGNMENT_READY;
    if (idle && v->kind == VERDICT_STOP)
        clarus_note(c, "stop", catalogue_hold(c->store, id, CONSIGNMENT_STOPPED, v->rule, v->text));
    if (idle && v->kind == VERDICT_SENT)
        clarus_note(c, "gone", catalogue_set_state(c->store, id, CONSIGNMENT_GONE));
    if (k->before.state == CONSIGNMENT_KNOWN && v->kind == VERDICT_GO)
        clarus_note(c, "ready", catalogue_set_state(c->store, id, CONSIGNMENT_READY));
    char digest[65];
    if (k->purpose != CHECK_OPEN || in_bench(k->before.state)) return;
    if (catalogue_digest(c->store, id, digest) == ERR_OK)
        clarus_note(c, "digest",
                    sql_run(c, "UPDATE consignment SET digest = ? WHERE id = ?", "ti", digest, id));
}

static void judge_begin(struct clarus_flow *f)
{
    struct clarus *c = f->c;
    struct check *k = f->data;
    uint32_t ticket = f->ticket;
    enum ruling r = judge(c, k);
    struct verdict v;
    verdict_of(k, r, &v);
    check_state(c, k, &v);
    if (r != RULING_GO) clarus_story(c, k->before.id, "clarus.check", v.text);
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
    bool go_on = k->found && (judge_status(f->c, k) == RULING_GO ||
                              text_among(k->seen.status, f->c->config->site.clarus.done_status));
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
static const struct flow_kind check_kind = {"check", steps, sizeof(struct check), check_unknown};

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
