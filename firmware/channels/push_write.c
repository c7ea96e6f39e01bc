#include "firmware/channels/push.h"

/* ---------------------------------------------------------------------------------------- steps --
 */

/* The next step of this stage whose conditions hold. */
static json_node next_step(struct run *r, json_node after, const char *per)
{
    json_node n = after != NULL ? json_next(after)
                                : json_first(json_member(r->channel->definition.root, "steps"));
    for (; n != NULL; n = json_next(n)) {
        bool here = slice_is(json_text(json_member(n, "per")), per);
        if (here && rules_hold(json_member(n, "when"), NULL, &r->v)) return n;
    }
    return NULL;
}

void push_not_sent(struct run *r, err_t e)
{
    if (e == ERR_DENIED) {
        push_end_plain(r, ATTEMPT_REAUTH, 0, "The access token of the shop is not there.");
    } else if (e == ERR_INVALID) {
        push_not_fillable(r);
    } else {
        push_end_plain(r, push_has_written(r) ? ATTEMPT_UNKNOWN : ATTEMPT_RETRY, 0,
                       "Too many exchanges are under way.");
    }
}

static int step_index(struct run *r, json_node step)
{
    int index = 0;
    json_node n = json_first(json_member(r->channel->definition.root, "steps"));
    for (; n != NULL && n != step; n = json_next(n)) {
        index++;
    }
    return index;
}

static bool is_of_record(json_node step)
{
    return slice_is(json_text(json_member(step, "per")), "record");
}

/* The step sent last had no effect: what is awaited is the one before it. */
static bool forget_last(struct run *r, json_node step)
{
    const struct plan_record *record =
        r->record < r->plan->record_count ? &r->plan->records[r->record] : NULL;
    bool begun = record != NULL && (record->begun != NULL || r->progress.step > 0);
    if (!is_of_record(step)) return true;
    if (begun && r->written) {
        r->progress.step = step_index(r, step) - 1;
    } else {
        r->progress.writing = r->record > 0 ? r->plan->records[r->record - 1].number : 0;
    }
    return push_save_progress(r);
}

void push_unsent(struct run *r, err_t e)
{
    if (forget_last(r, r->current)) push_not_sent(r, e);
}

static void send_step(struct run *r, json_node step)
{
    err_t e = run_step(r, step);
    if (e) push_unsent(r, e);
}

/* What was found of a record that was begun. */
static void begun_values(struct run *r, const struct remote_record *begun)
{
    json_node takes = json_member(json_member(r->channel->definition.root, "records"), "take");
    size_t i = 0;
    value_clear_record(&r->v);
    if (begun == NULL) return;
    err_ignore(value_set(&r->v, VALUE_RECORD_ID, slice_text(begun->id))); /* fits */
    for (json_node n = json_first(takes); n != NULL && i < REMOTE_TAKES_MAX; n = json_next(n)) {
        err_ignore(value_set_named(&r->v, json_name(n), slice_text(begun->taken[i]))); /* fits */
        i++;
    }
}

err_t push_record_values(struct run *r, size_t record)
{
    err_t e = plan_values(r->plan, record, r->key, r->tracking_link, &r->v);
    plan_parcels_found(r->plan, r->remote, &r->v);
    begun_values(r, r->plan->records[record].begun);
    r->v.place = (struct value_place){.line = NULL};
    r->step = NULL;
    r->turn = 0;
    return e;
}

/* How often a step is sent for one record, and the place of one turn. */
static size_t turns_of(const struct run *r, json_node step, size_t turn, struct value_place *place)
{
    struct slice each = json_text(json_member(step, "each"));
    *place = (struct value_place){.line = NULL};
    if (each.len == 0) return 1;
    if (slice_is(each, "parcels")) {
        if (turn < r->v.parcel_count) place->parcel = &r->v.parcels[turn];
        place->parcel_index = turn;
        return r->v.parcel_count;
    }
    bool lines = slice_is(each, "lines");
    size_t count = lines ? r->v.line_count : r->v.unshipped_count;
    if (turn < count) place->line = lines ? &r->v.lines[turn] : &r->v.unshipped[turn];
    return count;
}

static json_node next_record_step(struct run *r, json_node after)
{
    json_node n = after != NULL ? json_next(after)
                                : json_first(json_member(r->channel->definition.root, "steps"));
    while (n != NULL && !is_of_record(n)) {
        n = json_next(n);
    }
    return n;
}

bool push_find_turn(struct run *r)
{
    if (r->step == NULL) r->step = next_record_step(r, NULL);
    while (r->step != NULL) {
        struct value_place place;
        size_t count = turns_of(r, r->step, r->turn, &place);
        for (; r->turn < count; r->turn++) {
            (void)turns_of(r, r->step, r->turn, &place);
            r->v.place = place;
            if (rules_hold(json_member(r->step, "when"), NULL, &r->v)) return true;
        }
        r->step = next_record_step(r, r->step);
        r->turn = 0;
    }
    r->v.place = (struct value_place){.line = NULL};
    return false;
}

bool push_is_awaited(struct run *r)
{
    const struct plan_record *record = &r->plan->records[r->record];
    int awaited = r->before.writing;
    if (!r->look_first || awaited == 0 || record->number > awaited) return false;
    if (json_bool(json_member(r->step, "repeatable"), false)) return false;
    return record->begun == NULL || step_index(r, r->step) <= r->before.step;
}

static void write_turn(struct run *r)
{
    if (push_is_awaited(r)) {
        push_end_plain(r, push_has_written(r) ? ATTEMPT_UNKNOWN : ATTEMPT_ABSENT, 0,
                       "The shipment record is not in the shop.");
        return;
    }
    r->progress.writing = r->plan->records[r->record].number;
    r->progress.step = step_index(r, r->step);
    if (push_save_progress(r)) send_step(r, r->step);
}

static void all_written(struct run *r)
{
    if (r->plan->style.blind) {
        push_finish(r, NULL);
        return;
    }
    r->read_back = true;
    run_read(r);
}

/* Goes on with the record under way, or with the next one. */
static void write_on(struct run *r)
{
    while (!push_find_turn(r)) {
        r->record++;
        if (r->record == r->plan->record_count) {
            all_written(r);
            return;
        }
        if (push_record_values(r, r->record) != ERR_OK) {
            push_not_sent(r, ERR_INVALID);
            return;
        }
    }
    write_turn(r);
}

void push_finish(struct run *r, json_node after)
{
    json_node step = next_step(r, after, "finish");
    if (step == NULL) {
        push_end_done(r);
        return;
    }
    send_step(r, step);
}

/* Steps before the first record: a claim. Its answer "already there" is ours only when an earlier
 * attempt sent it; otherwise another writer with the same key is at work: look before writing. */
void push_prepare(struct run *r, json_node after)
{
    json_node step = next_step(r, after, "dispatch");
    if (step == NULL) {
        write_on(r);
        return;
    }
    r->progress.claimed = true;
    if (push_save_progress(r)) send_step(r, step);
}

static void step_failed(struct run *r, const struct answer *a)
{
    bool repeatable = json_bool(json_member(r->current, "repeatable"), false);
    if (a->end == RULE_LOOK && repeatable) {
        push_end_plain(r, ATTEMPT_RETRY, a->wait_ms, "The shop's answer is missing or unclear.");
        return;
    }
    if (a->end != RULE_LOOK && !forget_last(r, r->current)) return;
    push_end_by_answer(r, a);
}

void push_step_done(struct run *r, struct answer *a)
{
    json_node step = r->current;
    struct slice per = json_text(json_member(step, "per"));
    if (a->end != RULE_OK && a->end != RULE_DONE) {
        step_failed(r, a);
        return;
    }
    if (slice_is(per, "dispatch")) {
        if (a->end == RULE_DONE && !r->before.claimed) {
            push_end_plain(r, ATTEMPT_UNKNOWN, 0, "Another writer has claimed this dispatch.");
            return;
        }
        push_prepare(r, step);
    } else if (slice_is(per, "record")) {
        r->written = true;
        r->turn++;
        write_on(r);
    } else {
        push_finish(r, step);
    }
}
