/* unit.c - a pallet or carton with a number of its own (SSCC) is counted whole, and once. What is
 * in it Clarus says, else its label; one that has left from any bench is refused. */
#include "firmware/bench/session.h"

#include <string.h>

#define HITS_MAX 8 /* accounts that may sell one barcode */

static void refuse(struct bench *b, const char *headline, const char *detail)
{
    block_refuse(b, say1(headline, b->reading.sscc), say(detail), slice_text(b->asked));
}

void unit_join(struct bench *b)
{
    struct reading *r = &b->reading;
    const struct reading half = b->half;
    b->half = (struct reading){.kind = READING_TEXT};
    if (r->content[0] && !r->sscc[0]) {
        memcpy(r->sscc, half.sscc, sizeof r->sscc);
    } else if (r->sscc[0] && !r->content[0]) {
        memcpy(r->content, half.content, sizeof r->content);
        r->count = half.count;
    }
}

void unit_ask_number(struct bench *b, struct slice text)
{
    b->half = b->reading;
    block_refuse(b, say("bench.unit_number_missing"), say("bench.unit_scan_number"), text);
}

void unit_scan(struct bench *b, struct slice text, bool may_ask)
{
    char reference[REFERENCE_CAP];
    err_t e = rows_unit_counted(b, b->reading.sscc, reference);
    slice_copy_cut(text, b->asked, sizeof b->asked);
    if (e == ERR_OK) {
        block_refuse(b, say("bench.unit_counted"), say1("bench.unit_counted_in", reference), text);
    } else if (e != ERR_NOTFOUND) {
        session_failed(b, e);
    } else if (!may_ask || b->working_offline) {
        refuse(b, "bench.unit_unchecked", "bench.unit_scan_contents");
    } else {
        b->asked_reading = b->reading;
        b->orders.unit(b->orders.ctx, session_ask(b, CHECK_WAIT_MS), b->order.id,
                       slice_text(b->reading.sscc));
    }
}

static bool is_ordered(const struct bench *b, int64_t product_id)
{
    for (size_t i = 0; i < b->line_count; i++)
        if (b->lines[i].line.product_id == product_id) return true;
    return false;
}

/* What the label says: so many of one item. False: it does not, or no product of the order is
 * meant, or several. */
static bool by_label(struct bench *b, struct unit_reading *out)
{
    struct product_hit hits[HITS_MAX];
    const struct reading *r = &b->reading;
    size_t count = 0;
    out->count = 0;
    if (!r->content[0] || r->count <= 0) return false;
    err_t e =
        catalogue_products_as(b->store, slice_text(r->content), SLICE_NONE, hits, HITS_MAX, &count);
    if (e || count > HITS_MAX) return false;
    for (size_t i = 0; i < count; i++) {
        if (!is_ordered(b, hits[i].product_id) || hits[i].factor.milli <= 0) continue;
        out->items[0] = (struct unit_item){hits[i].product_id, {hits[i].factor.milli * r->count}};
        out->count++;
    }
    return out->count == 1;
}

static struct session_line *line_for(struct bench *b, const struct unit_item *item)
{
    for (size_t i = 0; i < b->line_count; i++) {
        struct session_line *l = &b->lines[i];
        int64_t room = l->to_pack.milli - l->packed.milli;
        if (l->line.product_id == item->product_id && room >= item->quantity.milli) return l;
    }
    return NULL;
}

/* All of it or nothing. The count of the last item may close the parcel. */
static void count_all(struct bench *b, const struct unit_reading *u)
{
    struct session_line *lines[UNIT_ITEMS_MAX];
    const struct session_parcel *p = session_open_parcel(b);
    err_t e = ERR_OK;
    for (size_t i = 0; i < u->count; i++) {
        lines[i] = line_for(b, &u->items[i]);
        if (lines[i]) continue;
        refuse(b, "bench.unit_too_many", "bench.unit_scan_contents");
        return;
    }
    if (!p) {
        refuse(b, "bench.no_open_parcel", "bench.no_open_parcel_step");
        return;
    }
    for (size_t i = 0; !e && i < u->count; i++)
        e = rows_unit_add(b, b->reading.sscc, p, lines[i]->line.id, u->items[i].quantity);
    if (e) {
        session_failed(b, e);
        return;
    }
    bench_story(b, "unit.counted", b->reading.sscc);
    for (size_t i = 0; i < u->count; i++)
        pack_count(b, lines[i], u->items[i].quantity, NULL);
}

/* Goods whose lot or serial is kept are counted one by one. */
static bool asks_for_more(struct bench *b, const struct unit_reading *u)
{
    for (size_t i = 0; i < u->count; i++) {
        const struct session_line *l = line_for(b, &u->items[i]);
        if (l && trace_question(b, l)[0]) return true;
    }
    return false;
}

/* A label that says its number alone may say the rest in its other code. */
static void refuse_unknown(struct bench *b)
{
    bool may_follow = !b->reading.content[0];
    if (may_follow) b->half = b->reading;
    refuse(b, "bench.unit_unknown",
           may_follow ? "bench.unit_scan_other" : "bench.unit_scan_contents");
}

void unit_known(struct bench *b, err_t error, const struct unit_reading *seen)
{
    struct unit_reading u = *seen;
    if (error && error != ERR_NOTFOUND)
        refuse(b, "bench.unit_unchecked", "bench.unit_scan_contents");
    else if (u.dispatched)
        refuse(b, "bench.unit_dispatched", "bench.call_lead");
    else if (u.count == 0 && u.of_others)
        refuse(b, "bench.other_order", "bench.unit_scan_contents");
    else if (u.count > UNIT_ITEMS_MAX || (u.count == 0 && !by_label(b, &u)))
        refuse_unknown(b);
    else if (asks_for_more(b, &u))
        refuse(b, "bench.unit_traced", "bench.unit_scan_contents");
    else
        count_all(b, &u);
}
