/* pack.c - items into parcels: every scan is accepted or refused at once, and a refusal moves no
 * count. */
#include "firmware/bench/session.h"

#include <stdio.h>
#include <string.h>

#include "firmware/codes/gtin.h"

static qty_t room_of(const struct session_line *l)
{
    int64_t left = l->to_pack.milli - l->packed.milli;
    return (qty_t){left > 0 ? left : 0};
}

/* The line a product scan counts for: the current one first, else the first with room for it. */
static struct session_line *line_with_room(struct bench *b, const struct product_hit *hit)
{
    struct session_line *fits = NULL;
    for (size_t i = 0; i < b->line_count; i++) {
        struct session_line *l = &b->lines[i];
        if (l->line.product_id != hit->product_id || room_of(l).milli < hit->factor.milli) continue;
        if (i == b->current_line) return l;
        if (!fits) fits = l;
    }
    return fits;
}

static bool is_ordered(const struct bench *b, int64_t product_id)
{
    for (size_t i = 0; i < b->line_count; i++)
        if (b->lines[i].line.product_id == product_id) return true;
    return false;
}

struct session_line *pack_line_in_view(struct bench *b)
{
    if (b->current_line < b->line_count && room_of(&b->lines[b->current_line]).milli > 0)
        return &b->lines[b->current_line];
    for (size_t i = 0; i < b->line_count; i++)
        if (room_of(&b->lines[i]).milli > 0) return &b->lines[i];
    return NULL;
}

static struct say expected(struct bench *b)
{
    const struct session_line *l = pack_line_in_view(b);
    if (!l) return say("bench.nothing_expected");
    char left[QTY_TEXT_CAP];
    return say3("bench.expected", qty_text(room_of(l), left), l->line.sku, l->line.description);
}

static qty_t room_for(const struct bench *b, int64_t product_id)
{
    qty_t room = QTY_ZERO;
    for (size_t i = 0; i < b->line_count; i++)
        if (b->lines[i].line.product_id == product_id) room.milli += room_of(&b->lines[i]).milli;
    return room;
}

#define HITS_MAX 8 /* accounts that may sell one barcode; products of the order are looked for */

/* What the code stands for on this order; ERR_AMBIGUOUS when it stands for several of its lines. */
static err_t product_here(struct bench *b, struct slice text, struct product_hit *out)
{
    struct product_hit hits[HITS_MAX];
    size_t count = 0, here = 0;
    const struct reading *r = &b->reading;
    struct slice barcode = r->gtin[0] ? slice_text(r->gtin) : text;
    struct slice sku = r->kind == READING_TEXT ? text : SLICE_NONE;
    if (r->either) barcode = SLICE_NONE;
    err_t e = catalogue_products_as(b->store, barcode, sku, hits, HITS_MAX, &count);
    if (e) return e;
    if (count == 0) return r->either ? ERR_AMBIGUOUS : ERR_NOTFOUND;
    if (count > HITS_MAX) return ERR_AMBIGUOUS;
    *out = hits[0];
    for (size_t i = 0; i < count; i++) {
        if (!is_ordered(b, hits[i].product_id)) continue;
        *out = hits[i];
        here++;
    }
    return here > 1 ? ERR_AMBIGUOUS : ERR_OK;
}

struct session_line *pack_line_of(struct bench *b, struct slice text)
{
    struct product_hit hit;
    if (product_here(b, text, &hit)) return NULL;
    for (size_t i = 0; i < b->line_count; i++)
        if (b->lines[i].line.product_id == hit.product_id && room_of(&b->lines[i]).milli > 0)
            return &b->lines[i];
    return NULL;
}

static void refuse_product(struct bench *b, const struct product_hit *hit, struct slice text)
{
    char one[QTY_TEXT_CAP], left[QTY_TEXT_CAP];
    qty_t room = room_for(b, hit->product_id);
#ifdef PLANT_REFUSED_CLEARS_COUNT
    b->lines[0].packed = QTY_ZERO;
#endif
    if (!is_ordered(b, hit->product_id))
        block_refuse(b, say1("bench.wrong_item", hit->sku), expected(b), text);
    else if (room.milli == 0)
        block_surplus(b, say1("bench.surplus", hit->sku), expected(b), text);
    else
        block_refuse(
            b, say1("bench.too_many", hit->sku),
            say2("bench.too_many_detail", qty_text(hit->factor, one), qty_text(room, left)), text);
}

static void counted(struct bench *b, struct session_line *l, qty_t quantity, int64_t trace_id)
{
    if (b->undo_count == UNDO_MAX)
        memmove(&b->undo[0], &b->undo[1], sizeof b->undo[0] * --b->undo_count);
    b->undo[b->undo_count++] = (struct undo){l->line.id, quantity, trace_id, b->kit_part};
    b->current_line = b->pulse_line = (size_t)(l - b->lines);
    block_clear(b);
    b->changed = true;
    if (session_all_verified(b)) {
        bench_tone(b, HAL_LIGHT_GREEN, HAL_TONE_ORDER_DONE);
        bench_story(b, "verified", "");
        pack_close(b);
    } else if (room_of(l).milli == 0) {
        bench_tone(b, HAL_LIGHT_GREEN, HAL_TONE_LINE_DONE);
    } else {
        bench_tone(b, HAL_LIGHT_GREEN_BLINK, HAL_TONE_ACCEPT);
    }
}

/* A part is in, and its kit is not whole yet. */
void pack_counted_part(struct bench *b, struct session_line *l)
{
    counted(b, l, QTY_ZERO, 0);
}

/* What was weighed is not in the box any more, or not alone. */
static err_t forget_weight(struct bench *b)
{
    struct session_parcel *p = session_open_parcel(b);
    if (b->ask.kind == ASK_WEIGHT) ask_drop(b);
    return p && p->weighed ? rows_set_weight(b, p, 0) : ERR_OK;
}

void pack_count(struct bench *b, struct session_line *l, qty_t quantity, const struct trace *t)
{
    const struct session_parcel *p = session_open_parcel(b);
    int64_t line_id = l->line.id, trace_id = 0;
    if (!p) return;
    err_t e = forget_weight(b);
    if (!e && t) e = rows_trace_add(b, p, line_id, quantity, t, &trace_id);
    if (!e) e = rows_count(b, p, line_id, quantity);
    if (e) {
        session_failed(b, e);
        return;
    }
    b->traced = b->traced || t;
    counted(b, l, quantity, trace_id);
}

/* One code may be said to stand for several: then it counts all of them, or none. */
static bool multiply(struct bench *b, struct product_hit *hit, struct slice text)
{
    int64_t times = ask_take_quantity(b);
    if (times == 0) {
        block_refuse(b, say("bench.quantity_missing"), say("bench.quantity_step"), text);
        return false;
    }
    hit->factor.milli *= times;
    return true;
}

static void count(struct bench *b, struct product_hit *hit, struct slice text)
{
    if (!multiply(b, hit, text)) return;
    struct session_line *l = line_with_room(b, hit);
    if (!l && session_open_parcel(b) && kit_scan(b, hit)) return;
    if (!l && !is_ordered(b, hit->product_id)) {
        /* The product may have become known after the lines were read. */
        if (!session_reload(b)) return;
        l = line_with_room(b, hit);
    }
    struct session_parcel *p = session_open_parcel(b);
    if (!l) {
        refuse_product(b, hit, text);
        return;
    }
    if (!p) {
        block_refuse(b, say("bench.no_open_parcel"), say("bench.no_open_parcel_step"), text);
        return;
    }
    if (kit_is(b, l))
        block_refuse(b, say1("bench.kit_itself", hit->sku), expected(b), text);
    else if (!trace_begin(b, l, hit->factor, text))
        pack_count(b, l, hit->factor, NULL);
}

/* One unit whose code nobody could read; who said so is on record. */
void pack_by_hand(struct bench *b, struct session_line *l, struct slice text)
{
    struct product_hit hit = {.product_id = l->line.product_id, .factor = QTY_UNITS(1)};
    char detail[SKU_CAP + NAME_CAP + 8];
    slice_copy_cut(slice_text(l->line.sku), hit.sku, sizeof hit.sku);
    b->reading = (struct reading){.kind = READING_TEXT};
    if (room_of(l).milli < hit.factor.milli || !session_open_parcel(b)) {
        refuse_product(b, &hit, text);
        return;
    }
    (void)snprintf(detail, sizeof detail, "%s by %s", l->line.sku, b->packer);
    bench_story(b, "item.by_hand", detail);
    if (!trace_begin(b, l, hit.factor, text)) pack_count(b, l, hit.factor, NULL);
}

static void ask_for_product(struct bench *b, struct slice text)
{
    char printed[READING_GTIN_CAP];
    bool element = b->reading.kind == READING_ELEMENTS && b->reading.gtin[0];
    if (slice_copy(text, b->asked, sizeof b->asked)) return;
    b->asked_reading = b->reading;
    if (element) gtin_printed(b->reading.gtin, printed);
    b->orders.product(b->orders.ctx, session_ask(b, CHECK_WAIT_MS),
                      element ? slice_text(printed) : text);
}

static void unknown_code(struct bench *b, struct slice text)
{
    int64_t other = 0;
    err_t e = catalogue_find(b->store, text, &other);
    if (e == ERR_OK && other == b->order.id)
        bench_tone(b, HAL_LIGHT_GREEN_BLINK,
                   HAL_TONE_ACCEPT); /* its own tote again: nothing to do */
    else if (e == ERR_OK || e == ERR_AMBIGUOUS)
        block_refuse(b, say("bench.other_order"),
                     say1("bench.other_order_step", b->order.reference), text);
    else
        block_refuse(b, say("bench.unknown_code"), expected(b), text);
}

void pack_scan(struct bench *b, struct slice text, bool may_ask)
{
    struct packaging packaging;
    struct product_hit hit;
    if (b->ticket) {
        bench_tone(b, HAL_LIGHT_AMBER,
                   HAL_TONE_TROUBLE); /* the scan before is still being looked up */
        return;
    }
    unit_join(b);
    if (catalogue_packaging(b->store, text, &packaging) == ERR_OK) {
        pack_packaging(b, &packaging);
        return;
    }
    if (b->reading.kind == READING_ELEMENTS && !b->reading.gtin[0] && !b->reading.sscc[0]) {
        if (b->reading.content[0])
            unit_ask_number(b, text);
        else
            block_refuse(b, say("bench.code_without_item"), expected(b), text);
        return;
    }
    err_t e = product_here(b, text, &hit);
    if (e == ERR_OK && hit.factor.milli <= 0)
        block_refuse(b, say1("bench.no_factor", hit.sku), say1("bench.no_factor_detail", hit.level),
                     text);
    else if (e == ERR_OK)
        count(b, &hit, text);
    else if (e == ERR_AMBIGUOUS)
        block_refuse(b, say("bench.ambiguous_code"), expected(b), text);
    else if (e != ERR_NOTFOUND)
        session_failed(b, e);
    else if (b->reading.sscc[0])
        unit_scan(b, text, may_ask);
    else if (may_ask && !b->working_offline &&
             catalogue_find(b->store, text, &(int64_t){0}) == ERR_NOTFOUND)
        ask_for_product(b, text);
    else
        unknown_code(b, text);
}

/* The shipment is made at Clarus ahead of need: unsubmitted, free of charge, deletable. */
static void prepare_ahead(struct bench *b)
{
    err_t e = b->shipment.id ? rows_bind_parcels(b) : rows_new_shipment(b);
    if (e)
        session_failed(b, e);
    else if (!b->working_offline)
        b->orders.prepare(b->orders.ctx, b->shipment.id);
}

void pack_packaging(struct bench *b, const struct packaging *packaging)
{
    struct session_parcel *p = session_open_parcel(b);
    if (p && strcmp(p->packaging, packaging->code) != 0) ahead_drop(b, "another box");
    if (!p || (p->packaging[0] && p->shipment_id && b->shipment.state > SHIPMENT_BOUGHT)) {
        block_refuse(b, say("bench.no_open_parcel"), say("bench.no_open_parcel_step"),
                     slice_text(packaging->code));
        return;
    }
    err_t e = rows_set_packaging(b, p, packaging);
    if (e) {
        session_failed(b, e);
        return;
    }
    block_clear(b);
    bench_tone(b, HAL_LIGHT_GREEN_BLINK, HAL_TONE_ACCEPT);
    prepare_ahead(b);
    if (b->phase == PHASE_PACKAGING) {
        session_enter(b, PHASE_PACKING);
        pack_close(b);
    }
}

/* An empty last parcel goes when others hold the goods. False: the packer must do something first.
 */
static bool settle_open_parcel(struct bench *b, struct session_parcel *p)
{
    if (p->units.milli > 0) return true;
    if (b->parcel_count < 2) {
        block_refuse(b, say("bench.parcel_empty"), expected(b), SLICE_NONE);
        return false;
    }
    err_t e = rows_drop_parcel(b, p);
    if (e) session_failed(b, e);
    return e == ERR_OK;
}

static bool close_parcel(struct bench *b, struct session_parcel *p, bool more)
{
    if (!p->packaging[0]) {
        session_enter(b, PHASE_PACKAGING);
        bench_tone(b, HAL_LIGHT_AMBER, HAL_TONE_ATTENTION);
        return false;
    }
    if (weigh_wants(b, p, more)) return false;
    err_t e = rows_set_parcel_state(b, p, PARCEL_CLOSED);
    if (e) session_failed(b, e);
    b->undo_count = 0;
    if (b->config->site.packing.packing_slip) papers_want(b, PAPER_PACKING_SLIP, p->id);
    if (b->config->site.packing.parcel_tags && (more || b->parcel_count > 1))
        papers_want(b, PAPER_PARCEL_TAG, p->id);
    return e == ERR_OK;
}

void pack_next_parcel(struct bench *b)
{
    struct session_parcel *p = session_open_parcel(b);
    if (!p || p->units.milli == 0) {
        block_refuse(b, say("bench.parcel_empty"), expected(b), SLICE_NONE);
        return;
    }
    if (session_all_verified(b)) {
        pack_close(b);
        return;
    }
    ahead_drop(b, "a second box");
    if (!close_parcel(b, p, true)) return;
    bench_story(b, "parcel.closed", p->packaging);
    err_t e = rows_add_parcel(b);
    if (e == ERR_NOSPACE) {
        block_refuse(b, say("bench.too_many_parcels"), say("bench.call_lead"), SLICE_NONE);
        return;
    }
    if (e) session_failed(b, e);
    session_enter(b, PHASE_PACKING);
    bench_tone(b, HAL_LIGHT_GREEN, HAL_TONE_LINE_DONE);
}

void pack_close(struct bench *b)
{
    struct session_parcel *p = session_open_parcel(b);
    if (p && !settle_open_parcel(b, p)) return;
    p = session_open_parcel(b);
    if (p && p->packaging[0] && b->order.gift_message[0] && !(b->acknowledged & NOTE_CARD)) {
        block_card(b);
        return;
    }
    if (kit_has_loose_parts(b)) {
        block_refuse(b, say("bench.kit_loose"), say("bench.kit_loose_step"), SLICE_NONE);
        return;
    }
    if (!session_all_verified(b)) ahead_drop(b, "sent in part");
    if (p && !close_parcel(b, p, false)) return;
    if (ahead_print(b)) return;
    if (!b->shipment.id) prepare_ahead(b);
    if (b->shipment.id) label_begin(b);
}

void pack_undo(struct bench *b)
{
    struct session_parcel *p = session_open_parcel(b);
    if (!p || !b->undo_count) return;
    const struct undo last = b->undo[--b->undo_count];
    err_t e = ERR_OK;
    if (last.quantity.milli > 0) e = rows_count(b, p, last.line_id, (qty_t){-last.quantity.milli});
    if (!e && last.kit_part) e = kit_forget(b, last.kit_part);
    if (!e && last.trace_id) e = rows_trace_forget(b, last.trace_id);
    if (!e) e = rows_unit_undo(b, p, last.line_id, last.quantity);
    if (!e) e = forget_weight(b);
    if (e) {
        session_failed(b, e);
        return;
    }
    for (size_t i = 0; i < b->line_count; i++)
        if (b->lines[i].line.id == last.line_id) b->current_line = b->pulse_line = i;
    block_clear(b);
    if (b->phase == PHASE_PACKAGING) session_enter(b, PHASE_PACKING);
    b->notice = say1("bench.undone", b->lines[b->current_line].line.sku);
    bench_tone(b, HAL_LIGHT_GREEN_BLINK, HAL_TONE_ACCEPT);
}

void pack_empty(struct bench *b)
{
    struct session_parcel *p = session_open_parcel(b);
    if (!p) {
        block_refuse(b, say("bench.no_open_parcel"), say("bench.no_open_parcel_step"), SLICE_NONE);
        return;
    }
    err_t e = rows_empty_parcel(b, p);
    if (!e) e = rows_trace_empty(b, p);
    if (!e) e = kit_empty(b, p);
    if (!e) e = forget_weight(b);
    if (e) session_failed(b, e);
    b->undo_count = 0;
    if (b->phase == PHASE_PACKAGING) session_enter(b, PHASE_PACKING);
    bench_story(b, "parcel.emptied", "");
    bench_tone(b, HAL_LIGHT_GREEN_BLINK, HAL_TONE_ACCEPT);
}
