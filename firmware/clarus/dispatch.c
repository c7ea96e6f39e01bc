#include "firmware/clarus/dispatch.h"

#include <string.h>

#define CONFIRM_MS 2000

enum {
    DISP_ORDER,
    DISP_TASKS,
    DISP_COMPLETE,
    DISP_OUTCOME,
    DISP_LINES,
    DISP_DONE
};

struct ending {
    enum attempt_outcome outcome;
    const char *rule, *owner, *text, *next_step;
};

static void disp_end(struct clarus_flow *f, const struct ending *end, int64_t wait_ms)
{
    struct clarus *c = f->c;
    const struct disp *d = f->data;
    int64_t message_id = d->message_id;
    struct attempt_result r = {.outcome = end->outcome, .wait_ms = wait_ms};
    words_copy(r.rule, sizeof r.rule, slice_text(end->rule));
    words_copy(r.owner, sizeof r.owner, slice_text(end->owner));
    words_copy(r.text, sizeof r.text, slice_text(end->text));
    words_copy(r.next_step, sizeof r.next_step, slice_text(end->next_step));
    if (end->outcome != ATTEMPT_DONE && end->outcome != ATTEMPT_DOWN)
        clarus_story(c, d->consignment_id, "clarus.dispatch", r.text);
    log_event(c->log, LOG_INFO, "clarus.dispatch", "message=%lld outcome=%d rule=%s",
              (long long)message_id, (int)end->outcome, r.rule);
    flow_finish(f);
    outbox_result(c->outbox, message_id, &r);
}

/* Answers that say nothing about the order. True: the attempt has ended. */
static bool disp_no_answer(struct clarus_flow *f, const struct answer *a)
{
    switch (a->kind) {
    case ANSWER_BUSY:
        disp_end(f, &(struct ending){ATTEMPT_RETRY, "", "", "Clarus asks to wait", ""}, a->wait_ms);
        return true;
    case ANSWER_OFFLINE:
        disp_end(f, &(struct ending){ATTEMPT_DOWN, "", "", "Clarus cannot be reached", ""}, 0);
        return true;
    case ANSWER_REAUTH:
        disp_end(f,
                 &(struct ending){ATTEMPT_REAUTH, "clarus.credentials_refused", "integration",
                                  "Clarus refuses this bench's credentials",
                                  "Check the client id, the secret and the user in Clarus"},
                 0);
        return true;
    case ANSWER_DENIED:
        disp_end(f,
                 &(struct ending){ATTEMPT_PARK, "clarus.denied", "integration",
                                  "Clarus does not permit this user to dispatch",
                                  "Give the bench's Clarus user the right to complete tasks"},
                 0);
        return true;
    case ANSWER_UNKNOWN:
        disp_end(f, &(struct ending){ATTEMPT_UNKNOWN, "", "", "Sent, and no answer", ""}, 0);
        return true;
    case ANSWER_FAULTY:
        disp_end(f,
                 &(struct ending){ATTEMPT_RETRY, "clarus.faulty_answer", "integration",
                                  "The answer of Clarus breaks its format", "Tell the vendor"},
                 0);
        return true;
    case ANSWER_OK:
    case ANSWER_REFUSED:
    case ANSWER_ABSENT:
        return false;
    }
    return false;
}

static void disp_cancelled(struct clarus_flow *f, const char *text)
{
    disp_end(f,
             &(struct ending){ATTEMPT_CANCELLED, "clarus.cancelled_after_saved", "lead", text,
                              "Find the parcel and pull it"},
             0);
}

/* -------------------------------------------------------------------------------------- order --
 */

static void order_begin(struct clarus_flow *f)
{
    struct disp *d = f->data;
    d->status[0] = '\0';
    list_filter_eq(f, "reference", d->reference);
    list_start(f, "goods_outs", "GoodsOutsFilterType", ORDER_FIELDS);
}

static void order_row(struct clarus_flow *f, json_node node)
{
    struct disp *d = f->data;
    struct order_seen seen;
    if (!order_parse(node, &seen) || strcmp(seen.id, d->clarus_id) != 0) return;
    if (order_record(f->c, node, &seen)) memcpy(d->status, seen.status, sizeof d->status);
    if (!d->status[0]) memcpy(d->status, "?", 2);
}

static bool stopped(const struct clarus *c, const struct disp *d, const char **text)
{
    *text = NULL;
    if (text_among(d->status, c->config->site.clarus.cancelled_status))
        *text = "The order was cancelled in Clarus";
    if (strcmp(d->status, "PENDING") == 0 || strcmp(d->status, "DRAFT") == 0)
        *text = "The order was released to be picked again";
    return *text != NULL;
}

static void order_end(struct clarus_flow *f, const struct answer *a)
{
    struct disp *d = f->data;
    if (disp_no_answer(f, a)) return;
    if (d->status[0]) {
        d->absent_once = false;
        flow_go(f, DISP_TASKS);
    } else if (!d->absent_once) {
        d->absent_once = true;
        flow_wait(f, CONFIRM_MS, DISP_ORDER);
    } else {
        disp_cancelled(f, "The order is no longer in Clarus");
    }
}

/* -------------------------------------------------------------------------------------- tasks --
 */

static void tasks_begin(struct clarus_flow *f)
{
    struct disp *d = f->data;
    char fields[FIELDS_CAP];
    for (size_t i = 0; i < d->task_count; i++)
        d->tasks[i].completed = false;
    for (size_t i = 0; i < d->task_count; i++)
        d->tasks[i].milli = 0; /* until it is listed again */
    list_filter_eq(f, "goods_out_id", d->clarus_id);
    task_fields(f->c, fields);
    list_start(f, "tasks", "TaskFilterType", fields);
}

static void tasks_row(struct clarus_flow *f, json_node node)
{
    struct disp *d = f->data;
    struct task_seen seen;
    if (!task_parse(node, &seen) || !slice_is_nocase(slice_text(seen.type), "DISP")) return;
    task_record(f->c, &seen, d->consignment_id);
    struct disp_task *t = disp_task_by_id(d, seen.id);
    if (!t) {
        if (d->task_count == TASKS_MAX) return;
        t = &d->tasks[d->task_count++];
        *t = (struct disp_task){0};
        memcpy(t->id, seen.id, sizeof t->id);
    }
    memcpy(t->line_id, seen.line_id, sizeof t->line_id);
    memcpy(t->product_id, seen.product_id, sizeof t->product_id);
    t->milli = seen.quantity.milli;
    t->completed = slice_is_nocase(slice_text(seen.status), "COMPLETED");
}

static void disp_refused(struct clarus_flow *f)
{
    struct disp *d = f->data;
    const struct disp_task *t = disp_task_by_id(d, d->at);
    if (t && t->completed) {
        d->doubt = false;
        flow_go(f, DISP_COMPLETE);
        return;
    }
    const struct config_clarus *k = &f->c->config->site.clarus;
    mono_t now = effects_now(f->c->fx);
    if (d->looks++ == 0) d->looks_from = now;
    if (d->looks < k->settle_reads || !mono_reached(now, mono_plus(d->looks_from, k->settle_ms))) {
        flow_wait(f, k->settle_ms / (k->settle_reads > 1 ? k->settle_reads - 1 : 1) + 1,
                  DISP_ORDER);
        return;
    }
    if (d->gone) {
        disp_cancelled(f, "A dispatch task of the order is gone in Clarus");
        return;
    }
    char words[SAY_CAP];
    memcpy(words, d->words, sizeof words);
    disp_end(f,
             &(struct ending){ATTEMPT_REFUSED, "clarus.dispatch_refused", "lead",
                              words[0] ? words : "Clarus refuses the dispatch",
                              "Find the parcel; correct the order in Clarus"},
             0);
}

static bool nothing_chosen(const struct disp *d)
{
    for (size_t i = 0; i < d->task_count; i++)
        if (d->tasks[i].chosen) return false;
    return true;
}

static void disp_park_rest(struct clarus_flow *f)
{
    disp_end(f,
             &(struct ending){ATTEMPT_PARK, "clarus.part_of_task", "lead",
                              "The dispatch holds less than a whole dispatch task",
                              "Correct the pick in Clarus, dispatch the rest there, then resolve"},
             0);
}

static void disp_plan(struct clarus_flow *f)
{
    struct clarus *c = f->c;
    struct disp *d = f->data;
    disp_choose(c, d);
    if (nothing_chosen(d)) {
        if (d->task_count)
            disp_park_rest(f);
        else if (text_among(d->status, c->config->site.clarus.done_status))
            disp_end(f,
                     &(struct ending){ATTEMPT_PARK, "clarus.dispatched_elsewhere", "lead",
                                      "The order was dispatched without this bench",
                                      "Compare the parcel with Clarus, then resolve"},
                     0);
        else
            disp_cancelled(f, "The dispatch tasks of the order are gone in Clarus");
        return;
    }
    err_t e = disp_progress_write(c, d);
    if (e) {
        clarus_note(c, "progress", e);
        disp_end(f,
                 &(struct ending){ATTEMPT_PARK, "clarus.too_many_tasks", "lead",
                                  "The dispatch has more tasks than can be remembered",
                                  "Dispatch the order in Clarus, then resolve"},
                 0);
        return;
    }
    flow_go(f, DISP_COMPLETE);
}

static void tasks_end(struct clarus_flow *f, const struct answer *a)
{
    struct disp *d = f->data;
    const char *stop = NULL;
    if (disp_no_answer(f, a)) return;
    if (stopped(f->c, d, &stop) && !(d->chosen && disp_all_completed(d)))
        disp_cancelled(f, stop);
    else if (!d->chosen)
        disp_plan(f);
    else if (d->doubt)
        disp_refused(f);
    else
        flow_go(f, DISP_COMPLETE);
}

/* ----------------------------------------------------------------------------------- complete --
 */

static struct disp_task *next_task(struct disp *d)
{
    for (size_t i = 0; i < d->task_count; i++)
        if (d->tasks[i].chosen && !d->tasks[i].completed) return &d->tasks[i];
    return NULL;
}

static void complete_begin(struct clarus_flow *f)
{
    struct clarus *c = f->c;
    struct disp *d = f->data;
    struct disp_task *t = next_task(d);
    if (!t) {
        flow_go(f, DISP_OUTCOME);
        return;
    }
    if (d->look_first && strcmp(d->at, t->id) == 0) {
        disp_end(f, &(struct ending){ATTEMPT_ABSENT, "", "", "The task is not completed", ""}, 0);
        return;
    }
    memcpy(d->at, t->id, sizeof d->at);
    d->look_first = false;
    clarus_note(c, "progress", disp_progress_write(c, d));
    char path[ID_CAP * 3 + 16];
    struct buf b = buf_over(path, sizeof path);
    buf_text(&b, "/tasks/");
    text_percent(&b, slice_text(t->id));
    buf_text(call_body(f),
             "{\"data\":{\"type\":\"tasks\",\"attributes\":{\"status\":\"completed\"}}}");
    call_write(f, HAL_PATCH, buf_cstr(&b), true);
}

static void complete_end(struct clarus_flow *f, const struct answer *a)
{
    struct disp *d = f->data;
    if (disp_no_answer(f, a)) return;
    if (a->kind == ANSWER_OK) {
        char status[24];
        node_text(a->root, "/data/attributes/status", status, sizeof status);
        if (status[0] && !slice_is_nocase(slice_text(status), "COMPLETED")) {
            disp_end(f, &(struct ending){ATTEMPT_UNKNOWN, "", "", "Answered, not completed", ""},
                     0);
            return;
        }
        struct disp_task *t = disp_task_by_id(d, d->at);
        if (t) t->completed = true;
        flow_go(f, DISP_COMPLETE);
        return;
    }
    d->doubt = true;
    d->gone = a->kind == ANSWER_ABSENT;
    d->looks = 0;
    words_copy(d->words, sizeof d->words, slice_text(a->words));
    flow_go(f, DISP_ORDER);
}

/* ------------------------------------------------------------------------------------ outcome --
 */

static void outcome_end(struct clarus_flow *f, const struct answer *a)
{
    if (!disp_no_answer(f, a)) flow_go(f, DISP_LINES);
}

static void lines_begin(struct clarus_flow *f)
{
    struct disp *d = f->data;
    char fields[FIELDS_CAP];
    list_filter_eq(f, "goods_out_id", d->clarus_id);
    line_fields(f->c, fields);
    list_start(f, "goods_out_lines", "GoodsOutLineFilterType", fields);
}

static void lines_row(struct clarus_flow *f, json_node node)
{
    struct disp *d = f->data;
    char id[ID_CAP];
    (void)line_record(f->c, node, d->consignment_id, 0, id);
}

static void lines_end(struct clarus_flow *f, const struct answer *a)
{
    if (!disp_no_answer(f, a)) flow_go(f, DISP_DONE);
}

/* What is left may be packed anywhere, unless it is on this bench again. */
static void release_rest(struct clarus *c, int64_t consignment_id)
{
    if (sql_int(c, "SELECT count(*) FROM consignment WHERE id = ? AND state = 9 AND claimed = 1", 0,
                "i", consignment_id))
        clarus_release(c, consignment_id);
}

/* Forgotten, it is found out again: the message is looked after first. */
static void done_write(struct clarus *c, const struct disp *d, bool complete)
{
    AUTO_RELAX struct store_relaxed relaxed = store_relax(c->store);
    clarus_note(c, "shipment",
                sql_run(c,
                        "UPDATE shipment SET state = 9 WHERE state = 4 AND id = (SELECT "
                        "shipment_id FROM dispatch WHERE id = ?)",
                        "i", d->dispatch_id));
    if (complete)
        clarus_note(c, "state",
                    sql_run(c,
                            "UPDATE consignment SET state = 10, claimed = 0 WHERE id = ? AND "
                            "state = 8",
                            "i", d->consignment_id));
}

static void done_begin(struct clarus_flow *f)
{
    struct clarus *c = f->c;
    struct disp *d = f->data;
    bool complete = false;
    clarus_note(c, "complete", catalogue_is_complete(c->store, d->consignment_id, &complete));
    if (d->rest) {
        disp_park_rest(f);
        return;
    }
    done_write(c, d, complete);
    if (!complete) release_rest(c, d->consignment_id);
    clarus_story(c, d->consignment_id, "clarus.dispatched", complete ? "complete" : "partial");
    disp_end(
        f,
        &(struct ending){ATTEMPT_DONE, "", "", complete ? "Dispatched" : "Dispatched in part", ""},
        0);
}

static const struct flow_step steps[] = {
    [DISP_ORDER] = {"order", order_begin, order_row, order_end},
    [DISP_TASKS] = {"tasks", tasks_begin, tasks_row, tasks_end},
    [DISP_COMPLETE] = {"complete", complete_begin, NULL, complete_end},
    [DISP_OUTCOME] = {"outcome", order_begin, order_row, outcome_end},
    [DISP_LINES] = {"lines", lines_begin, lines_row, lines_end},
    [DISP_DONE] = {"done", done_begin, NULL, NULL},
};
static const struct flow_kind dispatch_kind = {"dispatch", steps, sizeof(struct disp), NULL, false};

static void attempt(void *ctx, const struct outbox_message *m)
{
    struct clarus *c = ctx;
    struct clarus_flow *f = flow_start(c, &dispatch_kind, m->id, 0);
    struct attempt_result busy = {.outcome = ATTEMPT_RETRY, .text = "The station is busy"};
    if (!f) {
        outbox_result(c->outbox, m->id, &busy);
        return;
    }
    struct disp *d = f->data;
    d->message_id = m->id;
    d->dispatch_id = m->dispatch_id;
    d->consignment_id = m->consignment_id;
    d->look_first = m->look_first;
    disp_progress_read(d, m->progress);
    err_t e = disp_load(c, d);
    if (e || !d->need_count) {
        clarus_note(c, "dispatch load", e ? e : ERR_NOTFOUND);
        disp_end(f,
                 &(struct ending){ATTEMPT_PARK, "clarus.dispatch_empty", "lead",
                                  "The dispatch holds nothing that can be confirmed",
                                  "Dispatch the order in Clarus, then resolve"},
                 0);
        return;
    }
    flows_run(c);
}

void clarus_connector(struct clarus *c, struct connector *out)
{
    *out = (struct connector){.attempt = attempt, .ctx = c};
}
