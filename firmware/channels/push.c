#include "firmware/channels/run.h"

#include <string.h>

#include "firmware/base/mem.h"
#include "firmware/base/text.h"

/* --------------------------------------------------------------------------------------- ending --
 */

static void end(struct run *r, const struct attempt_result *result)
{
    struct outbox *ob = r->ch->o.outbox;
    int64_t message_id = r->message_id;
    run_free(r);
    outbox_result(ob, message_id, result);
}

static void end_plain(struct run *r, enum attempt_outcome outcome, int64_t wait_ms,
                      const char *text)
{
    struct attempt_result result;
    plan_park(&result, "", "", text, "");
    result.outcome = outcome;
    result.wait_ms = wait_ms;
    end(r, &result);
}

static void end_parked(struct run *r, const char *rule, const char *owner, const char *text,
                       const char *next_step)
{
    struct attempt_result result;
    plan_park(&result, rule, owner, text, next_step);
    end(r, &result);
}

static bool save_progress(struct run *r)
{
    char text[96];
    struct buf b = buf_over(text, sizeof text);
    struct json_writer w = json_write(&b);
    json_open_object(&w, NULL);
    json_put_bool(&w, "claimed", r->progress.claimed);
    json_put_bool(&w, "reread", r->progress.reread);
    json_put_int(&w, "writing", r->progress.writing);
    json_close_object(&w);
    if (outbox_progress(r->ch->o.outbox, r->message_id, buf_slice(&b)) == ERR_OK) return true;
    end_plain(r, ATTEMPT_RETRY, 0, "The progress could not be stored.");
    return false;
}

static void load_progress(struct run *r, struct slice text)
{
    AUTO_JSON struct json_doc *doc = NULL;
    if (text.len == 0 || json_parse(text, &doc, NULL) != ERR_OK) return;
    json_node root = json_root(doc);
    int64_t writing = 0;
    err_ignore(json_int(json_member(root, "writing"), 0, REMOTE_NUMBER_MAX, &writing)); /* 0 */
    r->progress = (struct progress){
        .claimed = json_bool(json_member(root, "claimed"), false),
        .reread = json_bool(json_member(root, "reread"), false),
        .writing = (int)writing,
    };
    r->was_claimed = r->progress.claimed;
}

/* The order is not there (yet). At first that is normal; later a person must look. */
static void end_missing(struct run *r, const struct answer *a)
{
    int64_t first_s = 0;
    err_ignore(json_int(json_member(r->channel->definition.root, "not_yet_s"), 0, 604800,
                        &first_s)); /* validated when loaded */
    int64_t age_ms = effects_wall(r->ch->o.fx).ms - r->saved_at;
    if (age_ms < first_s * 1000) {
        end_plain(r, ATTEMPT_NOT_YET, a->wait_ms, "The shop does not know this order (yet).");
        return;
    }
    end_parked(r, "channel.order_unknown", "e-commerce", "The shop does not know this order.",
               "Check the order number and the channel rules; then retry or resolve.");
}

static void end_refused(struct run *r, const struct answer *a)
{
    char text[SAY_CAP];
    struct buf b = buf_over(text, sizeof text);
    if (a->status == 0) buf_text(&b, "The shop's answer cannot be used");
    if (a->status != 0) buf_printf(&b, "The shop answered %d", a->status);
    if (a->words[0] != '\0') buf_printf(&b, ": %s", a->words);
    end_parked(r, a->rule[0] != '\0' ? a->rule : "channel.refused", "integration", buf_cstr(&b),
               "Read the shop's words, correct the cause, then retry or resolve.");
}

static void end_reread(struct run *r, const struct answer *a)
{
    if (r->progress.reread) {
        end_refused(r, a);
        return;
    }
    r->progress.reread = true;
    if (!save_progress(r)) return;
    end_plain(r, ATTEMPT_REREAD, 0, "The shop refused; the order is read again.");
}

/* Something was written in this attempt: the next one must find it before it writes more, even
 * when the shop shows its records late. */
static bool has_written(const struct run *r)
{
    return r->read_back || r->record > 0;
}

/* The attempt ends by an answer that is not the one hoped for. */
static void end_by_answer(struct run *r, const struct answer *a)
{
    if (has_written(r) && a->end != RULE_PARK && a->end != RULE_CANCELLED) {
        end_plain(r, ATTEMPT_UNKNOWN, a->wait_ms, "Written in part; what is there is read first.");
        return;
    }
    if (a->down) {
        end_plain(r, ATTEMPT_DOWN, 0, "The shop cannot be reached.");
        return;
    }
    switch (a->end) {
    case RULE_REREAD:
        end_reread(r, a);
        return;
    case RULE_REAUTH:
        end_plain(r, ATTEMPT_REAUTH, 0, "The shop refuses the access token, or there is none.");
        return;
    case RULE_CANCELLED:
        end_plain(r, ATTEMPT_CANCELLED, 0, "The order was cancelled in the shop.");
        return;
    case RULE_NOT_YET:
        end_missing(r, a);
        return;
    case RULE_LOOK:
        end_plain(r, ATTEMPT_UNKNOWN, a->wait_ms, "The shop's answer is missing or unclear.");
        return;
    case RULE_PARK:
        end_refused(r, a);
        return;
    case RULE_OK:
    case RULE_DONE:
    case RULE_RETRY:
    default:
        end_plain(r, ATTEMPT_RETRY, a->wait_ms,
                  a->status ? "The shop asked to try again later." : "The shop was not reached.");
        return;
    }
}

static void end_done(struct run *r)
{
    bool complete = remote_complete(r->remote);
    const char *text = complete ? "Recorded in the shop; nothing is left to ship there."
                                : "Recorded in the shop as a part of the order.";
    err_t e = story_add(r->ch->o.store, effects_wall(r->ch->o.fx), r->consignment_id, "storefront",
                        complete ? "channel.reported" : "channel.reported_part", "", r->key);
    if (e) {
        log_event(r->ch->o.log, LOG_WARN, "channel.story", "error=%s", err_name(e));
    }
    end_plain(r, ATTEMPT_DONE, 0, text);
}

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

static void not_sent(struct run *r, err_t e)
{
    if (e == ERR_DENIED) {
        end_plain(r, ATTEMPT_REAUTH, 0, "The access token of the shop is not there.");
    } else if (e == ERR_INVALID) {
        end_parked(r, "channel.template", "integration",
                   "A value the shop needs is missing or has the wrong form.",
                   "Check the shop order's addresses and the definition, then retry.");
    } else {
        end_plain(r, has_written(r) ? ATTEMPT_UNKNOWN : ATTEMPT_RETRY, 0,
                  "Too many exchanges are under way.");
    }
}

/* The record sent last had no effect: what is awaited is the one before it. */
static bool forget_last(struct run *r)
{
    r->progress.writing = r->record > 0 ? r->plan->records[r->record - 1].number : 0;
    return save_progress(r);
}

static void send_step(struct run *r, json_node step)
{
    err_t e = run_step(r, step);
    if (e == ERR_OK) return;
    if (forget_last(r)) not_sent(r, e);
}

/* "https://track.example/{tracking}" with the number of the record. */
static err_t set_link(struct run *r)
{
    char text[VALUE_CAP];
    struct buf b = buf_over(text, sizeof text);
    struct slice form = slice_text(r->link);
    size_t at = slice_find(form, SLICE("{tracking}"));
    if (at == form.len) return value_set(&r->v, VALUE_PARCEL_LINK, SLICE_NONE);
    buf_put(&b, slice_sub(form, 0, at));
    text_percent(&b, slice_text(r->v.text[VALUE_PARCEL_TRACKING]));
    buf_put(&b, slice_sub(form, at + sizeof "{tracking}" - 1, form.len));
    return b.overflow ? ERR_NOSPACE : value_set(&r->v, VALUE_PARCEL_LINK, buf_slice(&b));
}

static err_t record_values(struct run *r, size_t record)
{
    err_t e = plan_values(r->plan, record, r->key, &r->v);
    return e ? e : set_link(r);
}

static void write_record(struct run *r)
{
    if (r->record == r->plan->record_count) {
        r->read_back = true;
        run_read(r);
        return;
    }
    err_t e = record_values(r, r->record);
    if (e) {
        not_sent(r, ERR_INVALID);
        return;
    }
    r->progress.writing = r->plan->records[r->record].number;
    if (save_progress(r)) send_step(r, next_step(r, NULL, "record"));
}

static void finish(struct run *r, json_node after)
{
    json_node step = next_step(r, after, "finish");
    if (step == NULL) {
        end_done(r);
        return;
    }
    send_step(r, step);
}

/* Steps before the first record: a claim. Its answer "already there" is ours only when an earlier
 * attempt sent it; otherwise another writer with the same key is at work: look before writing. */
static void prepare(struct run *r, json_node after)
{
    json_node step = next_step(r, after, "dispatch");
    if (step == NULL) {
        write_record(r);
        return;
    }
    r->progress.claimed = true;
    if (save_progress(r)) send_step(r, step);
}

static void step_failed(struct run *r, const struct answer *a)
{
    bool per_record = slice_is(json_text(json_member(r->current, "per")), "record");
    bool repeatable = json_bool(json_member(r->current, "repeatable"), false);
    if (a->end == RULE_LOOK && repeatable) {
        end_plain(r, ATTEMPT_RETRY, a->wait_ms, "The shop's answer is missing or unclear.");
        return;
    }
    if (per_record && a->end != RULE_LOOK && !forget_last(r)) return;
    end_by_answer(r, a);
}

static void step_done(struct run *r, struct answer *a)
{
    json_node step = r->current;
    struct slice per = json_text(json_member(step, "per"));
    if (a->end != RULE_OK && a->end != RULE_DONE) {
        step_failed(r, a);
        return;
    }
    if (slice_is(per, "dispatch")) {
        if (a->end == RULE_DONE && !r->was_claimed) {
            end_plain(r, ATTEMPT_UNKNOWN, 0, "Another writer has claimed this dispatch.");
            return;
        }
        prepare(r, step);
    } else if (slice_is(per, "record")) {
        r->record++;
        write_record(r);
    } else {
        finish(r, step);
    }
}

/* --------------------------------------------------------------------------------- deciding --
 */

/* Values that would be refused, or worse cut, by the shop: the first one that breaks its limit. */
static enum value_id over_limit(struct run *r)
{
    json_node limits = json_member(r->channel->definition.root, "limits");
    for (json_node n = json_first(limits); n != NULL; n = json_next(n)) {
        enum value_id id = value_id_of(json_name(n));
        if (id == VALUE_COUNT) continue;
        int64_t max = LIMIT_VALUE_MAX;
        err_ignore(json_int(json_member(n, "max"), 1, LIMIT_VALUE_MAX, &max)); /* validated */
        size_t len = strlen(r->v.text[id]);
        if (len > (size_t)max) return id;
        if (len == 0 && json_bool(json_member(n, "required"), false)) return id;
    }
    return VALUE_COUNT;
}

static void end_over_limit(struct run *r, enum value_id id)
{
    char text[SAY_CAP];
    struct buf b = buf_over(text, sizeof text);
    bool missing = r->v.text[id][0] == '\0';
    buf_printf(&b, "%s is %s for this shop (%zu characters).", value_name(id),
               missing ? "missing" : "too long", strlen(r->v.text[id]));
    const char *rule = id == VALUE_PARCEL_TRACKING && missing ? "channel.tracking_missing"
                       : id == VALUE_PARCEL_TRACKING          ? "channel.tracking_too_long"
                                                              : "channel.value_limit";
    end_parked(r, rule, "integration", buf_cstr(&b),
               "Record the shipment in the shop by hand, then resolve.");
}

/* Nothing is written before every record of the plan is known to be writable. */
static bool all_within_limits(struct run *r)
{
    for (size_t i = 0; i < r->plan->record_count; i++) {
        if (record_values(r, i) != ERR_OK) {
            not_sent(r, ERR_INVALID);
            return false;
        }
        enum value_id id = over_limit(r);
        if (id != VALUE_COUNT) {
            end_over_limit(r, id);
            return false;
        }
    }
    return true;
}

static bool guard_passed(struct run *r)
{
    const struct remote *m = r->remote;
    struct attempt_result result;
    switch (m->state) {
    case REMOTE_OPEN:
    case REMOTE_SHIPPED:
        return true;
    case REMOTE_CANCELLED:
        plan_park(&result, m->rule, "lead", "The order is cancelled or refunded in the shop.",
                  "Find the parcel and pull it.");
        result.outcome = ATTEMPT_CANCELLED;
        end(r, &result);
        return false;
    case REMOTE_HOLD:
    case REMOTE_UNKNOWN:
    default:
        end_parked(r, m->rule, "e-commerce",
                   "The state of the shop order does not allow a shipment.",
                   "Release the order in the shop, then retry.");
        return false;
    }
}

static bool make_plan(struct run *r)
{
    struct attempt_result why = {.outcome = ATTEMPT_RETRY};
    json_node records = json_member(r->channel->definition.root, "records");
    bool per_address = json_bool(json_member(records, "per_address"), false);
    memset(r->plan, 0, sizeof *r->plan);
    err_t e = plan_read_needs(r->plan, r->ch->o.store, r->dispatch_id, &why);
    if (e == ERR_OK) e = plan_take_off(r->plan, r->remote, &why);
    if (e == ERR_OK) e = plan_rest(r->plan, r->remote, per_address, &why);
    if (e == ERR_OK) return true;
    /* Counted as shipped and not listed: it may be the record whose outcome is not known. */
    bool counted = strcmp(why.rule, "channel.over_shipment") == 0;
    if (counted && r->read_back) why = (struct attempt_result){.outcome = ATTEMPT_UNKNOWN};
    if (counted && r->look_first && r->progress.writing > 0 && !r->read_back) {
        why = (struct attempt_result){.outcome = ATTEMPT_ABSENT};
    }
    end(r, &why);
    return false;
}

static void read_done(struct run *r, const struct answer *failed)
{
    if (failed != NULL) {
        end_by_answer(r, failed);
        return;
    }
    if (!guard_passed(r) || !make_plan(r)) return;
    if (r->plan->need_count == 0) {
        end_parked(r, "channel.empty", "integration", "The dispatch has no items.",
                   "Tell the integrator.");
        return;
    }
    if (r->plan->record_count == 0) {
        finish(r, NULL);
        return;
    }
    if (r->read_back) {
        end_plain(r, ATTEMPT_UNKNOWN, 0, "The shop does not show what it accepted (yet).");
        return;
    }
    int awaited = r->progress.writing;
    if (r->look_first && awaited > 0 && r->plan->records[0].number <= awaited) {
        end_plain(r, ATTEMPT_ABSENT, 0, "The shipment record is not in the shop.");
        return;
    }
    if (all_within_limits(r)) prepare(r, NULL);
}

/* --------------------------------------------------------------------------------------- start --
 */

static void set_carrier(struct run *r, const char *code)
{
    const struct config_site *site = &r->ch->o.config->site;
    for (size_t i = 0; i < site->carrier_count; i++) {
        const struct config_carrier *c = &site->carriers[i];
        if (code[0] == '\0' || strcmp(c->carrier_code, code) != 0) continue;
        err_ignore(value_set(&r->v, VALUE_PARCEL_CARRIER, slice_text(c->shop_carrier))); /* fits */
        r->link = c->link;
        return;
    }
}

static err_t load_dispatch(struct run *r)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(r->ch->o.store,
                            "SELECT d.at, d.service, c.shop_order, c.carrier_code FROM dispatch d "
                            "JOIN consignment c ON c.id = d.consignment_id WHERE d.id = ?1",
                            &q);
    if (e) return e;
    store_bind_int(q, 1, r->dispatch_id);
    bool row = false;
    e = store_step(r->ch->o.store, q, &row);
    if (e) return e;
    if (!row) return ERR_NOTFOUND;
    char carrier[ID_CAP];
    store_text(q, 3, carrier, sizeof carrier);
    r->saved_at = store_int(q, 0);
    e = value_set(&r->v, VALUE_DISPATCH_SERVICE, store_blob(q, 1));
    if (e == ERR_OK) e = value_set(&r->v, VALUE_ORDER_NUMBER, store_blob(q, 2));
    if (e == ERR_OK) set_carrier(r, carrier);
    return e;
}

void push_attempt(void *channel, const struct outbox_message *m)
{
    struct channel *c = channel;
    struct attempt_result busy = {.outcome = ATTEMPT_RETRY, .text = "Too much is under way."};
    struct run *r = run_new(c->ch, c, "push");
    struct plan *plan = r == NULL ? NULL : mem_alloc(sizeof *plan);
    if (plan == NULL) {
        if (r != NULL) run_free(r);
        outbox_result(c->ch->o.outbox, m->id, &busy);
        return;
    }
    r->plan = plan;
    r->message_id = m->id;
    r->dispatch_id = m->dispatch_id;
    r->consignment_id = m->consignment_id;
    r->look_first = m->look_first;
    r->read_done = read_done;
    r->step_done = step_done;
    memcpy(r->key, m->dispatch_key, sizeof r->key);
    load_progress(r, m->progress);
    err_t e = value_set(&r->v, VALUE_DISPATCH_KEY, slice_text(m->dispatch_key));
    if (e == ERR_OK) e = load_dispatch(r);
    if (e || !run_order_number_fits(r)) {
        end_parked(r, "channel.order_number", "integration",
                   "The shop order number is missing or has not the form this shop uses.",
                   "Correct the channel rules for this reference, then retry.");
        return;
    }
    run_read(r);
}
