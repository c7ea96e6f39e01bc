#include "firmware/clarus/inner.h"

#include <string.h>

#define CLAIM_LIMIT_MS 15000
#define CLAIM_TRIES    4

enum {
    CLAIM_FREE,
    CLAIM_ENTER,
    CLAIM_WHO,
    CLAIM_EXIT,
    CLAIM_DONE
};

struct claim {
    bool take_over;
    char ids[LINES_MAX][ID_CAP];
    size_t count;
    size_t next;
    err_t error;
    char text[SAY_CAP];
};

static size_t tasks_open(struct clarus *c, int64_t consignment_id, char ids[LINES_MAX][ID_CAP])
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = true;
    size_t n = 0;
    err_t e = store_prepare(c->store,
                            "SELECT clarus_task_id FROM task WHERE consignment_id = ? AND "
                            "upper(status) NOT IN ('COMPLETED', 'GONE') AND upper(subtype) = "
                            "'SHIPMENT' ORDER BY CAST(clarus_task_id AS INTEGER)",
                            &q);
    if (!e) store_bind_int(q, 1, consignment_id);
    while (!e && n < LINES_MAX) {
        e = store_step(c->store, q, &row);
        if (e || !row) break;
        store_text(q, 0, ids[n++], ID_CAP);
    }
    clarus_note(c, "tasks_open", e);
    return n;
}

static void task_call(struct clarus_flow *f, enum hal_method method, const char *id,
                      const char *act)
{
    char path[ID_CAP + 32];
    struct buf b = buf_over(path, sizeof path);
    buf_text(&b, "/tasks/");
    text_percent(&b, slice_text(id));
    buf_text(&b, act);
    call_write(f, method, buf_cstr(&b), false);
}

static void claim_finish(struct clarus_flow *f, err_t error, const char *text)
{
    struct clarus *c = f->c;
    uint32_t ticket = f->ticket;
    int64_t id = f->subject;
    char words[SAY_CAP];
    words_copy(words, sizeof words, slice_text(text));
    flow_finish(f);
    log_event(c->log, LOG_INFO, "clarus.claim", "consignment=%lld result=%s", (long long)id,
              err_name(error));
    clarus_story(c, id, "clarus.claim", error ? err_text(error) : "claimed");
    if (!error) {
        AUTO_RELAX struct store_relaxed relaxed = store_relax(c->store); /* claimed again */
        clarus_note(c, "claimed",
                    sql_run(c, "UPDATE consignment SET claimed = 1 WHERE id = ?", "i", id));
    }
    if (c->on.claimed) c->on.claimed(c->on.ctx, ticket, error, words);
}

/* Tasks entered so far are given back when the network returns. */
static void claim_offline(struct clarus_flow *f)
{
    struct clarus *c = f->c;
    int64_t id = f->subject;
    const struct claim *k = f->data;
    bool entered = f->step == CLAIM_EXIT || (f->step == CLAIM_ENTER && k->next);
    claim_finish(f, ERR_GONE, "Clarus cannot be reached");
    if (entered) clarus_release(c, id);
}

static bool claim_later(struct clarus_flow *f, const struct answer *a)
{
    bool again = a->kind == ANSWER_BUSY || a->kind == ANSWER_UNKNOWN;
    if (again && f->tries < CLAIM_TRIES) {
        flow_again(f, a);
        return true;
    }
    if (a->kind == ANSWER_OFFLINE || a->kind == ANSWER_REAUTH || again) {
        claim_offline(f);
        return true;
    }
    return false;
}

static void free_begin(struct clarus_flow *f)
{
    struct claim *k = f->data;
    if (!k->take_over || k->next == k->count) {
        k->next = 0;
        flow_go(f, CLAIM_ENTER);
        return;
    }
    task_call(f, HAL_PATCH, k->ids[k->next], "/unallocate");
}

static void free_end(struct clarus_flow *f, const struct answer *a)
{
    struct claim *k = f->data;
    if (claim_later(f, a)) return;
    k->next++; /* refused: entering tells */
    flow_go(f, CLAIM_FREE);
}

static void enter_begin(struct clarus_flow *f)
{
    struct claim *k = f->data;
    if (k->next == k->count)
        flow_go(f, CLAIM_DONE);
    else
        task_call(f, HAL_POST, k->ids[k->next], "/enter");
}

static void enter_end(struct clarus_flow *f, const struct answer *a)
{
    struct claim *k = f->data;
    if (claim_later(f, a)) return;
    if (a->kind == ANSWER_OK) {
        k->next++;
        flow_go(f, CLAIM_ENTER);
        return;
    }
    k->error = ERR_REFUSED;
    words_copy(k->text, sizeof k->text,
               a->kind == ANSWER_ABSENT ? SLICE("The tasks are gone") : slice_text(a->words));
    flow_go(f, CLAIM_WHO);
}

static void who_begin(struct clarus_flow *f)
{
    if (!proven(f->c, PROVEN_TASK_OWNER)) {
        flow_go(f, CLAIM_EXIT);
        return;
    }
    char id[ID_CAP], fields[FIELDS_CAP];
    sql_text(f->c, "SELECT clarus_id FROM consignment WHERE id = ?", id, sizeof id, "i",
             f->subject);
    list_filter_eq(f, "goods_out_id", id);
    task_fields(f->c, fields);
    list_start(f, "tasks", "TaskFilterType", fields);
}

static void who_row(struct clarus_flow *f, json_node node)
{
    struct claim *k = f->data;
    struct task_seen t;
    if (!task_parse(node, &t) || !slice_is_nocase(slice_text(t.type), "DISP")) return;
    if (!slice_is_nocase(slice_text(t.status), "ALLOCATED") || !t.owner[0]) return;
    if (f->c->user_id[0] && strcmp(t.owner_id, f->c->user_id) == 0) return;
    struct buf b = buf_over(k->text, sizeof k->text - 1);
    buf_printf(&b, "In use by %s", t.owner);
    k->text[b.len] = '\0';
}

static void who_end(struct clarus_flow *f, const struct answer *a)
{
    (void)a; /* who it is only helps */
    flow_go(f, CLAIM_EXIT);
}

static void exit_begin(struct clarus_flow *f)
{
    struct claim *k = f->data;
    if (k->next == 0) {
        claim_finish(f, k->error, k->text);
        return;
    }
    task_call(f, HAL_POST, k->ids[k->next - 1], "/exit");
}

static void exit_end(struct clarus_flow *f, const struct answer *a)
{
    struct claim *k = f->data;
    if (claim_later(f, a)) return;
    k->next--;
    flow_go(f, CLAIM_EXIT);
}

static void done_begin(struct clarus_flow *f)
{
    struct claim *k = f->data;
    if (k->count)
        claim_finish(f, ERR_OK, "");
    else
        claim_finish(f, ERR_UNSUPPORTED, "There are no tasks to claim");
}

static const struct flow_step steps[] = {
    [CLAIM_FREE] = {"free", free_begin, NULL, free_end},
    [CLAIM_ENTER] = {"enter", enter_begin, NULL, enter_end},
    [CLAIM_WHO] = {"who", who_begin, who_row, who_end},
    [CLAIM_EXIT] = {"exit", exit_begin, NULL, exit_end},
    [CLAIM_DONE] = {"done", done_begin, NULL, NULL},
};
static const struct flow_kind claim_kind = {"claim", steps, sizeof(struct claim), claim_offline,
                                            false};

void clarus_claim(struct clarus *c, uint32_t ticket, int64_t consignment_id, bool take_over)
{
    struct clarus_flow *old = flow_find(c, &release_kind, consignment_id);
    if (old) flow_finish(old);
    struct clarus_flow *f = flow_start(c, &claim_kind, consignment_id, ticket);
    if (!f) {
        if (c->on.claimed) c->on.claimed(c->on.ctx, ticket, ERR_GONE, "busy");
        return;
    }
    struct claim *k = f->data;
    k->take_over = take_over;
    k->count = tasks_open(c, consignment_id, k->ids);
    f->limit = mono_plus(effects_now(c->fx), CLAIM_LIMIT_MS);
    flows_run(c);
}

/* ------------------------------------------------------------------------------------ release --
 */

static void release_begin(struct clarus_flow *f)
{
    struct claim *k = f->data;
    struct clarus *c = f->c;
    int64_t id = f->subject;
    if (k->next < k->count) {
        task_call(f, HAL_POST, k->ids[k->next], "/exit");
        return;
    }
    flow_finish(f);
    clarus_note(c, "claimed",
                sql_run(c, "UPDATE consignment SET claimed = 0 WHERE id = ?", "i", id));
    clarus_story(c, id, "clarus.released", "");
    log_event(c->log, LOG_INFO, "clarus.release", "consignment=%lld", (long long)id);
}

static void release_end(struct clarus_flow *f, const struct answer *a)
{
    struct claim *k = f->data;
    bool silent = a->kind == ANSWER_OFFLINE || a->kind == ANSWER_UNKNOWN ||
                  a->kind == ANSWER_BUSY || a->kind == ANSWER_REAUTH;
    if (silent) {
        flow_again(f, a);
        return;
    }
    k->next++;
    f->tries = 0;
    flow_go(f, 0);
}

static const struct flow_step release_steps[] = {{"exit", release_begin, NULL, release_end}};
const struct flow_kind release_kind = {"release", release_steps, sizeof(struct claim), NULL, false};

void clarus_release(struct clarus *c, int64_t consignment_id)
{
    if (flow_find(c, &release_kind, consignment_id)) return;
    struct clarus_flow *claim = flow_find(c, &claim_kind, consignment_id);
    if (claim) claim_finish(claim, ERR_GONE, "The claim was given up");
    struct clarus_flow *f = flow_start(c, &release_kind, consignment_id, 0);
    if (!f) return; /* the next start takes it up: `claimed` still says so */
    struct claim *k = f->data;
    k->count = tasks_open(c, consignment_id, k->ids);
    flows_run(c);
}

void release_resume(struct clarus *c)
{
    for (int i = 0; i < 4; i++) {
        int64_t id = sql_int(c,
                             "SELECT id FROM consignment WHERE claimed = 1 AND state IN "
                             "(0, 1, 12, 13) ORDER BY id LIMIT 1 OFFSET ?",
                             0, "i", (int64_t)i);
        if (id) clarus_release(c, id);
    }
}
