/* save.c - the act of dispatch: the last label seen on its box becomes a fact on this disk. */
#include "firmware/bench/session.h"

#include <string.h>

void save_begin(struct bench *b)
{
    bool fresh = b->checked_at.ms != MONO_NEVER.ms &&
                 !mono_reached(effects_now(b->fx), mono_plus(b->checked_at, PRINT_RECHECK_MS));
    session_enter(b, PHASE_SAVE_CHECK);
    if (fresh) {
        save_now(b);
        return;
    }
    uint32_t ticket = session_ask(b, CHECK_WAIT_MS);
    if (b->ahead_ticket) {
        b->ticket = b->ahead_ticket; /* the check begun while sticking answers this one */
        b->ahead_ticket = 0;
        return;
    }
    b->orders.check(b->orders.ctx, ticket, b->order.id, BENCH_CHECK_SAVE);
}

static err_t outstanding_after(struct bench *b, qty_t *out)
{
    *out = QTY_ZERO;
    for (size_t i = 0; i < b->line_count; i++) {
        qty_t to_pack, outstanding;
        err_t e = catalogue_outstanding(b->store, b->lines[i].line.id, &to_pack, &outstanding);
        if (e) return e;
        int64_t left = outstanding.milli - b->lines[i].packed.milli;
        if (left > 0) out->milli += left;
    }
    return ERR_OK;
}

static err_t store_dispatch(struct bench *b, bool partial)
{
    char key[KEY_CAP];
    err_t e = store_begin(b->store);
    if (!e) e = store_key_next(b->store, key);
    if (e) return e;
    struct dispatch_spec spec = {.consignment_id = b->order.id,
                                 .shipment_id = b->shipment.id,
                                 .key = key,
                                 .channel = b->order.channel,
                                 .clarus_lane = b->order.clarus_id,
                                 .shop_lane = b->order.shop_order,
                                 .packer = b->packer,
                                 .carrier = b->order.carrier_name,
                                 .service = b->shipment.service_bought[0]
                                                ? b->shipment.service_bought
                                                : b->order.service_name};
    int64_t id = 0;
    e = outbox_save(b->outbox, &spec, &id);
    if (!e) e = rows_trace_dispatch(b, id);
    if (e) return e;
    bench_story(b, partial ? "saved.part" : "saved", key);
    return catalogue_set_state(b->store, b->order.id,
                               partial ? CONSIGNMENT_SAVED_PART : CONSIGNMENT_SAVED);
}

static void show_saved(struct bench *b)
{
    memcpy(b->last_reference, b->order.reference, sizeof b->last_reference);
    memcpy(b->last_service,
           b->shipment.service_bought[0] ? b->shipment.service_bought : b->order.service_name,
           sizeof b->last_service);
    b->last_saved_at = effects_wall(b->fx).ms;
    b->last_parcels = b->parcel_count;
    hold_end(b, b->order.id);
    session_leave(b, false);
    session_enter(b, PHASE_SAVED);
    bench_tone(b, HAL_LIGHT_GREEN, HAL_TONE_ORDER_DONE);
}

static void save_refused(struct bench *b, err_t e)
{
    session_enter(b, PHASE_SAVE_CHECK);
    if (e == ERR_NOSPACE)
        block_stop(b, say("bench.storage_full"), say("bench.storage_full_detail"),
                   say("bench.storage_full_step"), AFTER_LEAVE);
    else if (e == ERR_NOTFOUND)
        block_stop(b, say("bench.no_channel"), say1("bench.no_channel_detail", b->order.channel),
                   say("bench.call_lead"), AFTER_LEAVE);
    else
        session_failed(b, e);
}

void save_now(struct bench *b)
{
    qty_t left;
    err_t e = outstanding_after(b, &left);
    if (!e && left.milli > 0 && !b->part_confirmed) {
        session_enter(b, PHASE_CONFIRM_PART);
        bench_tone(b, HAL_LIGHT_AMBER, HAL_TONE_ATTENTION);
        return;
    }
    if (!e) e = store_dispatch(b, left.milli > 0);
    if (e)
        save_refused(b, e);
    else
        show_saved(b);
}

void save_confirm(struct bench *b)
{
    b->part_confirmed = true;
    save_begin(b);
}
