#include "tools/packpeers/clarus.h"

#define TASK_MEMBERS                                                                               \
    "status confirmed_quantity start_quantity location_from_id location_to_id "                    \
    "storage_unit_from_id storage_unit_to_id stock_id product_id account_id warehouse_id user_id " \
    "user_completed_by_id load_id load_drop_id dispatch_container_id priority drop_sequence "      \
    "notes serial_numbers assigned_at start_at end_at completed_at string1 string2"

static struct task *task_here(struct exchange *x)
{
    struct task *t = world_edit(x->p, T_TASK, x->id);
    if (!t) clarus_not_found(x);
    return t;
}

static bool completed(const struct task *t)
{
    return text_same(t->status, "COMPLETED");
}

static bool strange(const struct exchange *x, const struct task *t)
{
    return text_same(t->status, "ALLOCATED") && t->user_id && t->user_id != x->user;
}

static void give(struct exchange *x, struct task *t, uint32_t user)
{
    t->status = "ALLOCATED";
    t->user_id = user;
    t->assigned_ms = x->p->now_ms;
    t->accessed_ms = x->p->now_ms;
}

static void take_back(struct exchange *x, struct task *t)
{
    t->status = "AVAILABLE";
    t->user_id = 0;
    t->assigned_ms = 0;
    t->accessed_ms = x->p->now_ms;
}

void tasks_enter(struct exchange *x)
{
    struct task *t = task_here(x);
    if (!t) return;
    if (completed(t) || strange(x, t)) {
        clarus_refuse(x, 422, completed(t) ? "task_completed" : "task_allocated",
                      completed(t) ? "The task is completed" : "The task is another user's");
        return;
    }
    give(x, t, x->user);
    reply_status(x->reply, 204);
}

void tasks_exit(struct exchange *x)
{
    struct task *t = task_here(x);
    if (!t) return;
    if (strange(x, t)) {
        clarus_refuse(x, 422, "task_allocated", "The task is another user's");
        return;
    }
    if (!completed(t)) take_back(x, t);
    reply_status(x->reply, 204);
}

void tasks_allocate(struct exchange *x)
{
    uint32_t user;
    struct task *t = task_here(x);
    if (!t) return;
    bool known = member_id(x->body, "user_id", &user) && (!user || world_get(x->p, T_USER, user));
    if (!known || completed(t)) {
        clarus_refuse(x, 422, "task_not_allocated",
                      known ? "The task is completed" : "user_id names no user");
        return;
    }
    give(x, t, user ? user : x->user);
    reply_status(x->reply, 204);
}

void tasks_unallocate(struct exchange *x)
{
    struct task *t = task_here(x);
    if (!t) return;
    if (completed(t)) {
        clarus_refuse(x, 422, "task_completed", "The task is completed");
        return;
    }
    take_back(x, t);
    reply_status(x->reply, 204);
}

/* ------------------------------------------------------------------------------- complete -- */

static void put_relation(struct json_writer *w, const char *name, const char *type, uint32_t id)
{
    json_open_object(w, name);
    if (id) {
        char text[16];
        struct buf b = buf_over(text, sizeof text);
        buf_printf(&b, "%u", (unsigned)id);
        json_open_object(w, "data");
        json_put_slice(w, "id", buf_slice(&b));
        json_put_text(w, "type", type);
        json_close_object(w);
    } else {
        json_put_null(w, "data");
    }
    json_close_object(w);
}

static void put_task(struct exchange *x, const struct task *t)
{
    struct json_writer w = clarus_open(x, "tasks", t->row.id, true);
    json_put_int(&w, "id", t->row.id);
    put_text_or_null(&w, "status", t->status);
    put_text_or_null(&w, "subtype", t->subtype);
    put_milli(&w, "start_quantity", t->start);
    put_milli(&w, "confirmed_quantity", t->confirmed);
    json_put_int(&w, "priority", t->priority);
    put_id_or_null(&w, "user_id", t->user_id);
    put_time_or_null(&w, "created_at", t->created_ms);
    put_time_or_null(&w, "completed_at", t->completed_ms);
    put_time_or_null(&w, "last_accessed_at", t->accessed_ms);
    json_close_object(&w);
    json_open_object(&w, "relationships");
    put_relation(&w, "goods_out", "goods_outs", t->goods_out_id);
    put_relation(&w, "goods_out_line", "goods_out_lines", t->line_id);
    put_relation(&w, "goods_out_pick_list", "goods_out_pick_lists", t->pick_list_id);
    clarus_close(&w);
}

static bool all_dispatched(const struct peers *p, uint32_t goods_out)
{
    const struct line *l;
    for (uint32_t i = 0; (l = world_nth(p, T_LINE, i)); i++) {
        bool mine = !l->row.gone && l->goods_out_id == goods_out;
        bool closed_short = l->short_status && l->short_status[0];
        int64_t wanted = closed_short ? l->allocated : l->ordered;
        if (mine && l->dispatched < wanted) return false;
    }
    return true;
}

static bool has_live_label(const struct peers *p, uint32_t goods_out)
{
    const struct shipment *s;
    for (uint32_t i = 0; (s = world_nth(p, T_SHIPMENT, i)); i++)
        if (s->goods_out_id == goods_out && s->bought_ms && !s->voided_ms) return true;
    return false;
}

/* A unit has left when no dispatch task is left to take from it. */
static void unit_leaves(struct peers *p, uint32_t unit)
{
    const struct task *t;
    for (uint32_t i = 0; (t = world_nth(p, T_TASK, i)); i++)
        if (!t->row.gone && t->unit_from_id == unit && !text_same(t->status, "COMPLETED")) return;
    struct storage_unit *u = world_edit(p, T_STORAGE_UNIT, unit);
    if (!u) return;
    u->dispatched = true;
    u->dispatched_ms = p->now_ms;
}

static void dispatch(struct exchange *x, struct task *t)
{
    struct peers *p = x->p;
    struct goods_out *g = world_edit(p, T_GOODS_OUT, t->goods_out_id);
    struct line *l = world_edit(p, T_LINE, t->line_id);
    t->status = "COMPLETED";
    t->confirmed = t->start;
    t->completed_ms = p->now_ms;
    t->accessed_ms = p->now_ms;
    t->completed_by = x->user;
    if (t->unit_from_id) unit_leaves(p, t->unit_from_id);
    if (!g || text_same(g->status.code, "CANCELLED"))
        world_violation(p, "dispatch of a cancelled order (task %u)", (unsigned)t->row.id);
    if (l) l->dispatched += t->confirmed;
    if (l && l->dispatched > l->ordered)
        world_violation(p, "line %u: more dispatched than ordered", (unsigned)l->row.id);
    if (!g) return;
    if (!has_live_label(p, g->row.id))
        world_remark(p, "order %s dispatched without a live label", g->reference);
    struct pick_list *pl = world_edit(p, T_PICK_LIST, t->pick_list_id);
    if (pl) pl->dispatches_done++;
    g->updated_ms = p->now_ms;
    if (!all_dispatched(p, g->row.id)) return;
    order_set_status(p, g->row.id, "COMPLETED");
    g->actual_ms = p->now_ms;
}

static bool wants_completion(const struct exchange *x)
{
    return slice_is_nocase(json_text(json_member(x->attributes, "status")), "completed");
}

void tasks_change(struct exchange *x)
{
    struct task *t = task_here(x);
    if (!t) return;
    remark_unknown(x->p, "tasks", x->attributes, TASK_MEMBERS);
    if (!wants_completion(x)) {
        if (member_given(x->attributes, "status")) {
            clarus_refuse(x, 422, "invalid_status", "A task is changed to completed only");
            return;
        }
        put_task(x, t);
        return;
    }
    const char *obstacle = NULL;
    if (completed(t)) obstacle = "The task is completed already";
    if (strange(x, t)) obstacle = "The task is another user's";
    bool kind = text_same(t->type.code, "DISP") && text_same(t->subtype, "SHIPMENT");
    if (!kind) obstacle = "Only DISP tasks of subtype SHIPMENT are completed here";
    if (obstacle) {
        clarus_refuse(x, 422, "task_not_completed", obstacle);
        return;
    }
    dispatch(x, t);
    put_task(x, t);
}
