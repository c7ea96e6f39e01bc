/* picture.c - the session as a picture for the screen. */
#include "firmware/bench/session.h"

#include <stdio.h>
#include <string.h>

static enum bench_face face_of(const struct bench *b)
{
    if (b->block.kind == BLOCK_STOP) return FACE_STOP;
    if (b->block.kind == BLOCK_REFUSED || b->block.kind == BLOCK_SURPLUS) return FACE_REFUSED;
    if (b->block.kind == BLOCK_NOTE || b->help) return FACE_ATTENTION;
    if (b->ask.kind > ASK_QUANTITY) return FACE_ATTENTION;
    switch (b->phase) {
    case PHASE_IDLE:
        return FACE_IDLE;
    case PHASE_PACKING:
        return FACE_PACKING;
    case PHASE_NOTES:
    case PHASE_PACKAGING:
    case PHASE_CONFIRM_PART:
        return FACE_ATTENTION;
    case PHASE_PRINTING:
    case PHASE_SCAN_BACK:
        return FACE_LABEL;
    case PHASE_SAVED:
        return FACE_SAVED;
    case PHASE_FINDING:
    case PHASE_OPENING:
    case PHASE_LABEL_CHECK:
    case PHASE_BUYING:
    case PHASE_PRINT_CHECK:
    case PHASE_SAVE_CHECK:
        break;
    }
    return FACE_WAITING;
}

struct words {
    const char *headline;
    const char *next_step;
};

static struct words words_of(enum bench_phase phase)
{
    static const struct words words[] = {
        [PHASE_IDLE] = {"bench.scan_a_tote", ""},
        [PHASE_FINDING] = {"bench.looking_up", ""},
        [PHASE_OPENING] = {"bench.opening", ""},
        [PHASE_NOTES] = {"bench.note_packing", "bench.note_step"},
        [PHASE_PACKING] = {"bench.pack", ""},
        [PHASE_PACKAGING] = {"bench.which_box", "bench.which_box_step"},
        [PHASE_LABEL_CHECK] = {"bench.checking", ""},
        [PHASE_BUYING] = {"bench.buying", "bench.buying_step"},
        [PHASE_PRINT_CHECK] = {"bench.checking", ""},
        [PHASE_PRINTING] = {"bench.printing", ""},
        [PHASE_SCAN_BACK] = {"bench.scan_label", "bench.scan_label_step"},
        [PHASE_SAVE_CHECK] = {"bench.checking", ""},
        [PHASE_CONFIRM_PART] = {"bench.confirm_part", "bench.confirm_part_step"},
        [PHASE_SAVED] = {"bench.saved", ""},
    };
    return words[phase];
}

/* "box 2 of 3" for the label face, "3 of 5" for a part. */
static void phase_args(struct bench *b, struct say *headline)
{
    char a[QTY_TEXT_CAP], c[QTY_TEXT_CAP];
    if (b->phase == PHASE_SCAN_BACK || b->phase == PHASE_PRINTING) {
        const struct session_parcel *p = label_awaited(b);
        (void)snprintf(a, sizeof a, "%td", p ? p - b->parcels + 1 : 0);
        (void)snprintf(c, sizeof c, "%zu", b->parcel_count);
        *headline = say2(b->parcel_count > 1          ? headline->key
                         : b->phase == PHASE_PRINTING ? "bench.printing"
                                                      : "bench.scan_label_one",
                         a, c);
    } else if (b->phase == PHASE_CONFIRM_PART || b->phase == PHASE_PACKING) {
        qty_t packed = QTY_ZERO, all = QTY_ZERO;
        for (size_t i = 0; i < b->line_count; i++) {
            packed.milli += b->lines[i].packed.milli;
            all.milli += b->phase == PHASE_PACKING ? b->lines[i].to_pack.milli
                                                   : b->lines[i].line.ordered.milli;
        }
        *headline = say2(headline->key, qty_text(packed, a), qty_text(all, c));
    } else if (b->phase == PHASE_FINDING) {
        *headline = say1(headline->key, b->asked);
    } else if (b->phase == PHASE_SAVED) {
        *headline = say1(headline->key, b->last_reference);
    }
}

static void show_note(const struct bench *b, char out[NOTE_CAP])
{
    const char *note = b->block.after == AFTER_CARD         ? b->order.gift_message
                       : !(b->acknowledged & NOTE_PACKING)  ? b->order.packing_note
                       : !(b->acknowledged & NOTE_GIFT)     ? b->order.gift_message
                       : !(b->acknowledged & NOTE_CUSTOMER) ? b->order.customer_note
                                                            : b->about.danger;
    slice_copy_cut(slice_text(note), out, NOTE_CAP);
}

static void say_phase(struct bench *b, struct bench_view *out)
{
    struct words w = words_of(b->phase);
    out->headline = say(w.headline);
    phase_args(b, &out->headline);
    out->next_step = say(w.next_step);
    if (b->phase == PHASE_PACKING && b->open) kit_words(b, &out->next_step);
    list_words(b, &out->headline, &out->next_step);
    ask_words(b, &out->headline, &out->detail, &out->next_step);
    if (b->help) out->headline = say("bench.help");
    if (b->block.kind == BLOCK_NONE) return;
    out->blocking = b->block.kind > BLOCK_SURPLUS;
    out->headline = b->block.headline;
    out->detail = b->block.detail;
    out->next_step = b->block.next_step;
    memcpy(out->scanned, b->block.scanned, sizeof out->scanned);
    if (b->block.kind == BLOCK_NOTE) show_note(b, out->note);
}

/* The first line still to pack stands in for a current one that is done. */
static size_t line_in_view(const struct bench *b)
{
    const struct session_line *l =
        b->current_line < b->line_count ? &b->lines[b->current_line] : NULL;
    if (l && l->packed.milli < l->to_pack.milli) return b->current_line;
    for (size_t i = 0; i < b->line_count; i++)
        if (b->lines[i].packed.milli < b->lines[i].to_pack.milli) return i;
    return b->line_count;
}

static void show_lines(const struct bench *b, struct bench_view *out)
{
    size_t current = line_in_view(b);
    out->line_count = b->line_count;
    for (size_t i = 0; i < b->line_count; i++) {
        const struct session_line *l = &b->lines[i];
        struct view_line *v = &out->lines[i];
        memcpy(v->sku, l->line.sku, sizeof v->sku);
        memcpy(v->description, l->line.description, sizeof v->description);
        memcpy(v->unit, l->line.unit, sizeof v->unit);
        v->to_pack = l->to_pack;
        v->packed = l->packed;
        v->ordered = l->line.ordered;
        v->shorted = l->shorted;
        v->units = l->line.units;
        v->unit_factor = l->line.unit_factor;
        memcpy(v->pick_level, l->pick_level, sizeof v->pick_level);
        v->pick_factor = l->pick_factor;
        v->missing.milli = l->outstanding.milli - l->to_pack.milli;
        v->done = l->packed.milli >= l->to_pack.milli;
        v->current = i == current;
        v->pulse = i == b->pulse_line;
        out->units_total.milli += l->to_pack.milli;
        out->units_packed.milli += l->packed.milli;
    }
}

static enum view_parcel_state parcel_face(enum parcel_state state)
{
    switch (state) {
    case PARCEL_OPEN:
        return VIEW_PARCEL_OPEN;
    case PARCEL_LABELLED:
        return VIEW_PARCEL_LABELLED;
    case PARCEL_PRINTED:
        return VIEW_PARCEL_PRINTED;
    case PARCEL_CHECKED:
        return VIEW_PARCEL_CHECKED;
    case PARCEL_CLOSED:
    case PARCEL_VOID:
        break;
    }
    return VIEW_PARCEL_CLOSED;
}

static void show_parcels(struct bench *b, struct bench_view *out)
{
    const struct session_parcel *open = session_open_parcel(b);
    const struct session_parcel *awaited = label_awaited(b);
    out->parcel_count = b->parcel_count;
    for (size_t i = 0; i < b->parcel_count; i++) {
        const struct session_parcel *p = &b->parcels[i];
        struct view_parcel *v = &out->parcels[i];
        v->number = (int)i + 1;
        memcpy(v->packaging, p->packaging_name, sizeof v->packaging);
        memcpy(v->tracking, p->tracking, sizeof v->tracking);
        v->units = p->units;
        v->state = parcel_face(p->state);
        v->current = p == (open ? open : awaited);
    }
}

static void show_about(const struct session_about *a, struct bench_view *out)
{
    memcpy(out->recipient, a->recipient, sizeof out->recipient);
    memcpy(out->recipient_source, a->recipient_source, sizeof out->recipient_source);
    memcpy(out->siblings, a->siblings, sizeof out->siblings);
    out->sibling_count = a->sibling_count;
    out->first_at = a->first_at;
    out->cut_off = a->cut_off;
}

static void show_order(const struct bench *b, struct bench_view *out)
{
    const struct consignment *c = &b->order;
    memcpy(out->reference, c->reference, sizeof out->reference);
    memcpy(out->shop_order, c->shop_order, sizeof out->shop_order);
    memcpy(out->channel, c->channel, sizeof out->channel);
    memcpy(out->carrier, c->carrier_name, sizeof out->carrier);
    memcpy(out->service, c->service_name, sizeof out->service);
    memcpy(out->promised_service, c->promised_service, sizeof out->promised_service);
    memcpy(out->service_bought, b->shipment.service_bought, sizeof out->service_bought);
    out->has_delivery_note = c->delivery_note[0] != 0;
    out->delivery_note_sent = b->shipment.note_sent;
    out->dispatch_due = c->dispatch_due;
    bool labelled = b->phase == PHASE_SCAN_BACK || b->phase == PHASE_PRINTING;
    if (!b->notice.key[0] && labelled && out->has_delivery_note && !out->delivery_note_sent)
        out->notice = say("bench.delivery_note_not_sent");
}

void bench_view(struct bench *b, struct bench_view *out)
{
    memset(out, 0, sizeof *out);
    out->face = face_of(b);
    out->notice = b->notice;
    say_phase(b, out);
    memcpy(out->packer, b->packer, sizeof out->packer);
    out->help = b->help;
    command_show(b, out);
    out->tone = b->tone;
    out->tone_serial = b->tone_serial;
    if (b->open) {
        show_order(b, out);
        show_about(&b->about, out);
        show_lines(b, out);
        show_parcels(b, out);
    }
    memcpy(out->scans, b->scans, sizeof out->scans);
    out->scan_count = b->scan_count;
    memcpy(out->last_reference, b->last_reference, sizeof out->last_reference);
    memcpy(out->last_service, b->last_service, sizeof out->last_service);
    memcpy(out->list, b->list, sizeof out->list);
    out->list_left = (size_t)b->list_left;
    out->holds_waiting = (size_t)b->holds_waiting;
    out->holds_ready = (size_t)b->holds_ready;
    out->last_saved_at = b->last_saved_at;
    out->last_parcels = b->last_parcels;
}
