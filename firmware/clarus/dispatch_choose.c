#include "firmware/clarus/dispatch.h"

#include <string.h>

#define EXACT_MAX 14 /* tasks of one line tried in every combination; more are taken in order */

err_t disp_load(struct clarus *c, struct disp *d)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = true;
    if (!sql_text(c, "SELECT clarus_id FROM consignment WHERE id = ?", d->clarus_id,
                  sizeof d->clarus_id, "i", d->consignment_id) ||
        !sql_text(c, "SELECT reference FROM consignment WHERE id = ?", d->reference,
                  sizeof d->reference, "i", d->consignment_id))
        return ERR_NOTFOUND;
    err_t e = store_prepare(c->store,
                            "SELECT l.clarus_line_id, p.clarus_id, sum(i.quantity) FROM "
                            "dispatch_item i JOIN line l ON l.id = i.line_id LEFT JOIN product p "
                            "ON p.id = l.product_id WHERE i.dispatch_id = ? GROUP BY l.id",
                            &q);
    if (!e) store_bind_int(q, 1, d->dispatch_id);
    d->need_count = 0;
    while (!e && d->need_count < LINES_MAX) {
        e = store_step(c->store, q, &row);
        if (e || !row) break;
        struct disp_need *n = &d->needs[d->need_count++];
        store_text(q, 0, n->line_id, sizeof n->line_id);
        store_text(q, 1, n->product_id, sizeof n->product_id);
        n->milli = store_int(q, 2);
    }
    return e;
}

struct disp_task *disp_task_by_id(struct disp *d, const char *id)
{
    for (size_t i = 0; i < d->task_count; i++)
        if (strcmp(d->tasks[i].id, id) == 0) return &d->tasks[i];
    return NULL;
}

bool disp_all_completed(const struct disp *d)
{
    size_t chosen = 0;
    for (size_t i = 0; i < d->task_count; i++) {
        if (!d->tasks[i].chosen) continue;
        chosen++;
        if (!d->tasks[i].completed) return false;
    }
    return chosen > 0;
}

/* Where not every task names its line, quantities are compared by product. */
static bool tasks_name_lines(const struct disp *d)
{
    for (size_t i = 0; i < d->task_count; i++)
        if (!d->tasks[i].line_id[0]) return false;
    return true;
}

static void merge_products(struct disp *d)
{
    for (size_t i = 0; i < d->need_count; i++) {
        d->needs[i].line_id[0] = '\0';
        for (size_t j = d->need_count; j > i + 1; j--) {
            if (strcmp(d->needs[i].product_id, d->needs[j - 1].product_id) != 0) continue;
            d->needs[i].milli += d->needs[j - 1].milli;
            d->needs[j - 1] = d->needs[--d->need_count];
        }
    }
}

static bool fits_need(const struct disp_task *t, const struct disp_need *n)
{
    if (t->taken || t->chosen || t->milli <= 0) return false;
    return n->line_id[0] ? strcmp(t->line_id, n->line_id) == 0
                         : strcmp(t->product_id, n->product_id) == 0;
}

static size_t candidates(struct disp *d, const struct disp_need *n, bool completed_too,
                         struct disp_task *out[TASKS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < d->task_count; i++)
        if (fits_need(&d->tasks[i], n) && (completed_too || !d->tasks[i].completed))
            out[count++] = &d->tasks[i];
    return count;
}

/* The combination that holds the most without exceeding `milli`; ties go to the first tasks. */
static unsigned best_mask(struct disp_task *const *t, size_t count, int64_t milli)
{
    unsigned best = 0;
    int64_t best_sum = 0;
    for (unsigned mask = 1; mask < 1u << count; mask++) {
        int64_t sum = 0;
        for (size_t i = 0; i < count; i++)
            if (mask & (1u << i)) sum += t[i]->milli;
        if (sum > milli || sum <= best_sum) continue;
        best = mask;
        best_sum = sum;
        if (sum == milli) break;
    }
    return best;
}

static int64_t choose_for(struct disp *d, const struct disp_need *n, int64_t milli,
                          bool completed_too)
{
    struct disp_task *t[TASKS_MAX];
    size_t count = candidates(d, n, completed_too, t);
    if (count <= EXACT_MAX) {
        unsigned mask = best_mask(t, count, milli);
        for (size_t i = 0; i < count; i++) {
            if (!(mask & (1u << i))) continue;
            t[i]->chosen = true;
            milli -= t[i]->milli;
        }
        return milli;
    }
    for (size_t i = 0; i < count; i++) {
        if (t[i]->milli > milli) continue;
        t[i]->chosen = true;
        milli -= t[i]->milli;
    }
    return milli;
}

static bool is_taken(struct clarus *c, const struct disp *d, const char *task_id)
{
    return sql_int(c,
                   "SELECT COUNT(*) FROM message m, json_each(CASE WHEN m.progress = '' THEN '{}' "
                   "ELSE m.progress END, '$.tasks') j WHERE m.consignment_id = ?1 AND "
                   "m.destination = 'clarus' AND m.id <> ?2 AND m.state <> 6 AND j.value = ?3",
                   0, "iit", d->consignment_id, d->message_id, task_id) > 0;
}

/* Open tasks first; then completed ones that no dispatch has asked for: submitting may complete
 * them by itself. */
void disp_choose(struct clarus *c, struct disp *d)
{
    for (size_t i = 0; i < d->task_count; i++)
        d->tasks[i].taken = is_taken(c, d, d->tasks[i].id);
    if (!tasks_name_lines(d)) merge_products(d);
    d->rest = false;
    for (size_t i = 0; i < d->need_count; i++) {
        int64_t left = choose_for(d, &d->needs[i], d->needs[i].milli, false);
        if (left > 0) left = choose_for(d, &d->needs[i], left, true);
        if (left > 0) d->rest = true;
    }
    d->chosen = true;
}

void disp_progress_read(struct disp *d, struct slice json)
{
    AUTO_JSON struct json_doc *doc = NULL;
    if (!json.len || json_parse(json, &doc, NULL)) return;
    json_node tasks = json_member(json_root(doc), "tasks");
    for (json_node t = json_first(tasks); t && d->task_count < TASKS_MAX; t = json_next(t)) {
        struct disp_task *out = &d->tasks[d->task_count];
        *out = (struct disp_task){.chosen = true};
        if (json_id(t, out->id, sizeof out->id) == ERR_OK) d->task_count++;
    }
    d->chosen = json_kind(tasks) == JSON_ARRAY;
    d->rest = json_bool(json_member(json_root(doc), "rest"), false);
    node_id(json_root(doc), "/at", d->at, sizeof d->at);
}

err_t disp_progress_write(struct clarus *c, const struct disp *d)
{
    char room[4096];
    struct buf b = buf_over(room, sizeof room);
    struct json_writer w = json_write(&b);
    json_open_object(&w, NULL);
    json_open_array(&w, "tasks");
    for (size_t i = 0; i < d->task_count; i++)
        if (d->tasks[i].chosen) json_put_text(&w, NULL, d->tasks[i].id);
    json_close_array(&w);
    json_put_bool(&w, "rest", d->rest);
    json_put_text(&w, "at", d->at[0] ? d->at : NULL);
    json_close_object(&w);
    if (b.overflow) return ERR_NOSPACE;
    return outbox_progress(c->outbox, d->message_id, buf_slice(&b));
}
