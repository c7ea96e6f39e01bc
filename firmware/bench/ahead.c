/* ahead.c - a label bought while the items are being scanned, where the carrier's void is free: it
 * prints with the last scan. Never printed before everything is verified. A second box, another
 * box, a short line, a part or an order put aside voids it; a void that fails is an exception. */
#include "firmware/bench/session.h"

#include <string.h>

#define RECHECK_MS 20000 /* so that the state is young when the last item is scanned */
#define FEW_LEFT   QTY_UNITS(3)

static qty_t left_to_pack(const struct bench *b)
{
    qty_t left = QTY_ZERO;
    for (size_t i = 0; i < b->line_count; i++)
        left.milli += b->lines[i].to_pack.milli - b->lines[i].packed.milli;
    return left;
}

/* The whole order is here and goes into this one box. */
static bool goes_whole(const struct bench *b)
{
    for (size_t i = 0; i < b->line_count; i++)
        if (b->lines[i].outstanding.milli != b->lines[i].to_pack.milli) return false;
    return b->parcel_count == 1;
}

static bool may_buy(const struct bench *b)
{
    const struct config_carrier *c = config_carrier_by_code(&b->config->site, b->carrier_code);
    const struct session_parcel *p = session_open_parcel(b);
    bool set = c && c->label_ahead && !b->config->site.packing.weigh;
    bool unbought = b->shipment.id && b->shipment.state <= SHIPMENT_MADE && !b->ahead_asked;
    bool begun = session_anything_packed(b) || left_to_pack(b).milli == 1000;
    return set && unbought && begun && p && p->packaging[0] && !b->working_offline &&
           !b->ahead_off && b->block.kind == BLOCK_NONE && goes_whole(b) &&
           left_to_pack(b).milli > 0;
}

static bool is_bought(const struct bench *b)
{
    bool sent = b->shipment.state == SHIPMENT_BUYING || b->shipment.state == SHIPMENT_BOUGHT;
    return b->open && session_open_parcel(b) && b->shipment.id &&
           (sent || (b->ahead_asked && !b->buy_on_go));
}

static bool is_stale(const struct bench *b)
{
    return b->checked_at.ms != MONO_NEVER.ms &&
           mono_reached(effects_now(b->fx), mono_plus(b->checked_at, RECHECK_MS));
}

static void check(struct bench *b)
{
    b->ahead_ticket = b->next_ticket++;
    b->orders.check(b->orders.ctx, b->ahead_ticket, b->order.id, BENCH_CHECK_LABEL);
}

void ahead_look(struct bench *b)
{
    if (!b->open || b->phase != PHASE_PACKING || b->ahead_ticket) return;
    if (may_buy(b)) {
        b->ahead_asked = b->buy_on_go = true;
        check(b);
    } else if (is_bought(b) && is_stale(b) && left_to_pack(b).milli <= FEW_LEFT.milli) {
        check(b);
    }
}

void ahead_checked(struct bench *b, bool go)
{
    if (!b->buy_on_go) return;
    b->buy_on_go = false;
    b->ahead_off = !go;
    if (!go || b->phase != PHASE_PACKING || !session_open_parcel(b)) return;
    err_t e = rows_bind_parcels(b);
    if (e) {
        session_failed(b, e);
        return;
    }
    bench_story(b, "label.ahead", b->shipment.key);
    b->orders.buy(b->orders.ctx, b->shipment.id);
}

void ahead_news(struct bench *b, enum bench_label_news news)
{
    bool good = news == BENCH_LABEL_BOUGHT || news == BENCH_LABEL_READY;
    b->ahead_ready = news == BENCH_LABEL_READY;
    b->ahead_off = b->ahead_off || !good; /* asked for again, and said, when the box closes */
    err_t e = rows_load_parcels(b);
    if (e) session_failed(b, e);
}

/* The box is closed and its label is here. */
bool ahead_print(struct bench *b)
{
    if (!b->ahead_ready || b->shipment.state != SHIPMENT_BOUGHT) return false;
    err_t e = rows_labelled(b, b->shipment.id);
    if (!e) e = catalogue_set_state(b->store, b->order.id, CONSIGNMENT_LABELLED);
    if (e) {
        session_failed(b, e);
        return true;
    }
    bench_story(b, "label.stored", b->shipment.key);
    label_print_next(b);
    return true;
}

void ahead_drop(struct bench *b, const char *why)
{
    bool bought = is_bought(b);
    if (b->ahead_asked || bought) b->ahead_off = true;
    b->buy_on_go = b->ahead_ready = false;
    if (!bought) return;
    label_void(b, why);
    err_t e = rows_unbind_parcels(b);
    if (e) session_failed(b, e);
    memset(&b->shipment, 0, sizeof b->shipment);
}
