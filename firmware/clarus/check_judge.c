#include "firmware/clarus/check.h"

#include <string.h>

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

bool check_in_bench(enum consignment_state s)
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
        return check_in_bench(k->before.state) ? RULING_RELEASED : RULING_NOT_RELEASED;
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
    return check_in_bench(k->before.state) ? RULING_TASKS_GONE : RULING_NO_TASKS;
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

bool check_goes_on(struct clarus *c, const struct check *k)
{
    return k->found && (judge_status(c, k) == RULING_GO ||
                        text_among(k->seen.status, c->config->site.clarus.done_status));
}

void check_judge(struct clarus *c, const struct check *k, struct verdict *out)
{
    verdict_of(k, judge(c, k), out);
}
