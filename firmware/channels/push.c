#include "firmware/channels/push.h"

#include <string.h>

#include "firmware/base/mem.h"
#include "firmware/channels/kits.h"
#include "firmware/mapping/reports.h"

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
        struct value_room room;
        size_t len = value_find(&r->v, &r->v.place, json_name(n), &room).len;
        if (len > (size_t)max) return id;
        if (len == 0 && json_bool(json_member(n, "required"), false)) return id;
    }
    return VALUE_COUNT;
}

/* r->v stays at the parcel that breaks its limit. */
static enum value_id over_limit_of_parcels(struct run *r)
{
    for (size_t i = 0; i < r->v.parcel_count; i++) {
        r->v.place = (struct value_place){.parcel = &r->v.parcels[i], .parcel_index = i};
        enum value_id id = over_limit(r);
        if (id != VALUE_COUNT) return id;
    }
    r->v.place = (struct value_place){.line = NULL};
    return over_limit(r);
}

static void end_over_limit(struct run *r, enum value_id id)
{
    char text[SAY_CAP];
    struct buf b = buf_over(text, sizeof text);
    struct value_room room;
    size_t len = value_find(&r->v, &r->v.place, slice_text(value_name(id)), &room).len;
    bool missing = len == 0;
    buf_printf(&b, "%s is %s for this shop (%zu characters).", value_name(id),
               missing ? "missing" : "too long", len);
    const char *rule = id == VALUE_PARCEL_TRACKING && missing ? "channel.tracking_missing"
                       : id == VALUE_PARCEL_TRACKING          ? "channel.tracking_too_long"
                                                              : "channel.value_limit";
    push_end_parked(r, rule, "integration", buf_cstr(&b),
                    "Record the shipment in the shop by hand, then resolve.");
}

/* Nothing is written before every record of the plan is known to be writable. */
static bool all_within_limits(struct run *r)
{
    for (size_t i = 0; i < r->plan->record_count; i++) {
        if (push_record_values(r, i) != ERR_OK) {
            push_not_sent(r, ERR_INVALID);
            return false;
        }
        enum value_id id = over_limit_of_parcels(r);
        if (id != VALUE_COUNT) {
            end_over_limit(r, id);
            return false;
        }
    }
    return push_record_values(r, 0) == ERR_OK; /* they were set a moment ago */
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
        push_end(r, &result);
        return false;
    case REMOTE_HOLD:
    case REMOTE_UNKNOWN:
    default:
        push_end_parked(r, m->rule, "e-commerce",
                        "The state of the shop order does not allow a shipment.",
                        "Release the order in the shop, then retry.");
        return false;
    }
}

static bool make_plan(struct run *r)
{
    struct attempt_result why = {.outcome = ATTEMPT_RETRY};
    plan_reset(r->plan, plan_style_of(r->channel->definition.root));
    err_t e = plan_read_needs(r->plan, r->ch->o.store, r->dispatch_id, &why);
    const struct kits kits = {.store = r->ch->o.store,
                              .site = &r->ch->o.config->site,
                              .consignment_id = r->consignment_id,
                              .dispatch_id = r->dispatch_id};
    if (e == ERR_OK) e = kits_gather(&kits, r->plan, r->remote);
    if (e == ERR_OK) e = plan_take_off(r->plan, r->remote, &why);
    if (e == ERR_OK) e = plan_rest(r->plan, r->remote, &why);
    if (e == ERR_OK) return true;
    /* Counted as shipped and not listed: it may be the record whose outcome is not known. */
    bool counted = strcmp(why.rule, "channel.over_shipment") == 0;
    if (counted && r->read_back) why = (struct attempt_result){.outcome = ATTEMPT_UNKNOWN};
    if (counted && r->look_first && r->before.writing > 0 && !r->read_back) {
        why = (struct attempt_result){.outcome = ATTEMPT_ABSENT};
    }
    push_end(r, &why);
    return false;
}

static void read_done(struct run *r, const struct answer *failed)
{
    if (failed != NULL) {
        push_end_by_answer(r, failed);
        return;
    }
    if (!guard_passed(r) || !make_plan(r)) return;
    if (r->plan->need_count == 0) {
        push_end_parked(r, "channel.empty", "integration", "The dispatch has no items.",
                        "Tell the integrator.");
        return;
    }
    if (r->plan->record_count == 0) {
        push_finish(r, NULL);
        return;
    }
    if (r->read_back) {
        push_end_plain(r, ATTEMPT_UNKNOWN, 0, "The shop does not show what it accepted (yet).");
        return;
    }
    if (!all_within_limits(r)) return;
    if (push_find_turn(r) && push_is_awaited(r)) {
        push_end_plain(r, ATTEMPT_ABSENT, 0, "The shipment record is not in the shop.");
        return;
    }
    push_prepare(r, NULL);
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
        r->tracking_link = c->link;
        return;
    }
}

static err_t load_dispatch(struct run *r)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(
        r->ch->o.store,
        "SELECT d.at, d.service, c.shop_order, c.carrier_code, c.reference FROM dispatch d "
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
    char at[CLOCK_ISO_CAP];
    r->saved_at = store_int(q, 0);
    err_ignore(
        value_set(&r->v, VALUE_DISPATCH_AT, slice_text(clock_iso(r->saved_at, at)))); /* fits */
    err_ignore(value_set(&r->v, VALUE_DISPATCH_CARRIER, slice_text(carrier)));        /* fits */
    e = value_set(&r->v, VALUE_DISPATCH_SERVICE, store_blob(q, 1));
    if (e == ERR_OK) e = value_set(&r->v, VALUE_ORDER_NUMBER, store_blob(q, 2));
    if (e == ERR_OK) e = value_set(&r->v, VALUE_ORDER_REFERENCE, store_blob(q, 4));
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
    r->step_done = push_step_done;
    r->step_unsent = push_unsent;
    memcpy(r->key, m->dispatch_key, sizeof r->key);
#ifdef PLANT_NEW_KEY_ON_RETRY
    r->key[0] = (char)('a' + m->attempts % 26);
#endif
    push_load_progress(r, m->progress);
    err_t e = value_set(&r->v, VALUE_DISPATCH_KEY, slice_text(r->key));
    if (e == ERR_OK) e = load_dispatch(r);
    if (!reports_station(r->ch->o.store, c->config)) {
        push_end_plain(r, ATTEMPT_NOT_YET, 0, "Clarus may report to this shop: say who does.");
        return;
    }
    if (e || !run_order_number_fits(r)) {
        push_end_parked(r, "channel.order_number", "integration",
                        "The shop order number is missing or has not the form this shop uses.",
                        "Correct the channel rules for this reference, then retry.");
        return;
    }
    run_read(r);
}
