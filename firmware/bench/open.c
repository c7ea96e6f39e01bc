/* open.c - an order comes to the bench, is checked, claimed, read out, and leaves it again. */
#include "firmware/bench/session.h"

#include <stdio.h>
#include <string.h>

#include "firmware/outbox/exceptions.h"

#define CLAIM_WAIT_MS 10000 /* one exchange per dispatch task, one after the other */

static void order_object(const struct bench *b, char out[OBJECT_CAP])
{
    (void)snprintf(out, OBJECT_CAP, "order %s", b->order.reference);
}

static void raise_for_order(struct bench *b, const char *rule, const char *origin,
                            const char *owner, const char *text, const char *next_step)
{
    char object[OBJECT_CAP];
    order_object(b, object);
    struct exception_spec spec = {.rule = rule,
                                  .origin = origin,
                                  .owner = owner,
                                  .object = object,
                                  .text = text,
                                  .next_step = next_step,
                                  .consignment_id = b->order.id};
    err_t e = exception_raise(b->store, effects_wall(b->fx), &spec, NULL);
    if (e) session_failed(b, e);
}

static void clear_for_order(struct bench *b, const char *rule)
{
    char object[OBJECT_CAP];
    order_object(b, object);
    err_t e = exception_clear(b->store, effects_wall(b->fx), rule, object);
    if (e && e != ERR_NOTFOUND) session_failed(b, e);
}

static void clear_verdicts(struct bench *b)
{
    char object[OBJECT_CAP];
    order_object(b, object);
    err_t e = exception_clear_verdicts(b->store, effects_wall(b->fx), b->order.id, object);
    if (e) session_failed(b, e);
}

static void forget_order(struct bench *b)
{
    b->open = false;
    memset(&b->order, 0, sizeof b->order);
    memset(&b->shipment, 0, sizeof b->shipment);
    b->line_count = b->parcel_count = 0;
    b->current_line = b->pulse_line = 0;
    b->acknowledged = 0;
    b->checked_at = MONO_NEVER;
    b->ahead_ticket = b->claim_ticket = 0;
    b->undo_count = 0;
    b->half = (struct reading){.kind = READING_TEXT};
    b->ahead_asked = b->buy_on_go = b->ahead_ready = b->ahead_off = false;
    b->ahead_asked = b->buy_on_go = b->ahead_ready = b->ahead_off = false;
    b->working_offline = b->print_refused = b->part_confirmed = b->claim_asked = false;
}

static bool nothing_to_pack(const struct bench *b)
{
    return !session_anything_to_pack(b) && b->parcel_count == 0;
}

/* Saved whole, whatever Clarus has heard of it yet. */
static bool saved_here(const struct bench *b)
{
    bool saved = b->order.state == CONSIGNMENT_SAVED || b->order.state == CONSIGNMENT_DISPATCHED;
    return saved && nothing_to_pack(b);
}

void session_open(struct bench *b, int64_t consignment_id)
{
    forget_order(b);
    err_t e = rows_load_order(b, consignment_id);
    if (!e) e = rows_forget_shorts(b);
    if (e && e != ERR_NOSPACE) {
        forget_order(b);
        session_failed(b, e);
        return;
    }
    if (e == ERR_NOSPACE) {
        struct verdict v = {.kind = VERDICT_HOLD,
                            .rule = "order.too_many_lines",
                            .text = "more lines than a bench can pack"};
        b->open = true;
        block_verdict(b, &v);
        return;
    }
    session_enter(b, PHASE_OPENING);
    if (saved_here(b)) {
        struct verdict v = {.kind = VERDICT_SENT,
                            .rule = "order.saved_here",
                            .text = "it was saved at this bench; nothing of it is left to pack"};
        block_verdict(b, &v);
        return;
    }
    b->orders.check(b->orders.ctx, session_ask(b, CHECK_WAIT_MS), consignment_id, BENCH_CHECK_OPEN);
}

/* A verdict against going on: recorded, the label voided where the order must not go, then shown.
 */
static void stop_order(struct bench *b, const struct verdict *v)
{
    bool gone = v->kind == VERDICT_STOP || v->kind == VERDICT_SENT || v->kind == VERDICT_CHANGED;
    ahead_drop(b, v->rule);
    const char *owner = v->owner[0] ? v->owner : "lead";
    if (v->kind == VERDICT_STOP || v->kind == VERDICT_HOLD || v->kind == VERDICT_CHANGED)
        raise_for_order(b, v->rule, v->origin[0] ? v->origin : "station", owner, v->text,
                        v->next_step);
    if (gone && b->shipment.id) label_void(b, v->rule);
    err_t e = ERR_OK;
    if (gone) e = rows_void_parcels(b);
    if (gone) hold_end(b, b->order.id);
    if (!e && v->kind == VERDICT_STOP)
        e = catalogue_hold(b->store, b->order.id, CONSIGNMENT_STOPPED, v->rule, v->text);
    if (!e && v->kind == VERDICT_HOLD)
        e = catalogue_hold(b->store, b->order.id, CONSIGNMENT_HELD, v->rule, v->text);
    if (e) {
        session_failed(b, e);
        return;
    }
    b->ticket = b->ahead_ticket = 0;
    b->deadline = MONO_NEVER;
    block_verdict(b, v);
}

void session_hold(struct bench *b, const struct verdict *v)
{
    stop_order(b, v);
}

/* The catalogue may have learned something with the answer. */
bool session_reload(struct bench *b)
{
    size_t current = b->current_line;
    err_t e = rows_load_order(b, b->order.id);
    if (e) session_failed(b, e);
    b->current_line = current;
    return e == ERR_OK;
}

void session_claim(struct bench *b, bool take_over)
{
    b->claim_asked = true;
    b->claim_ticket = session_ask(b, CLAIM_WAIT_MS);
    b->orders.claim(b->orders.ctx, b->claim_ticket, b->order.id, take_over);
}

static void go_on(struct bench *b)
{
    switch (b->phase) {
    case PHASE_OPENING:
        if (open_is_held(b)) return;
        if (b->working_offline)
            session_opened(b);
        else
            session_claim(b, false);
        return;
    case PHASE_LABEL_CHECK:
        label_buy(b);
        return;
    case PHASE_PRINT_CHECK:
        label_print(b);
        return;
    case PHASE_SAVE_CHECK:
        save_now(b);
        return;
    case PHASE_IDLE:
    case PHASE_FINDING:
    case PHASE_NOTES:
    case PHASE_PACKING:
    case PHASE_PACKAGING:
    case PHASE_BUYING:
    case PHASE_PRINTING:
    case PHASE_SCAN_BACK:
    case PHASE_CONFIRM_PART:
    case PHASE_SAVED:
        return;
    }
}

static void checked_go(struct bench *b)
{
    b->checked_at = effects_now(b->fx);
    b->working_offline = false;
    clear_for_order(b, "bench.parked");
    if (b->phase == PHASE_OPENING) clear_verdicts(b);
    if (session_reload(b)) go_on(b);
}

/* The last known state says that it may go, and is young enough. */
static bool may_go_unanswered(const struct bench *b)
{
    bool stopped = b->order.state == CONSIGNMENT_HELD || b->order.state == CONSIGNMENT_STOPPED ||
                   b->order.state == CONSIGNMENT_GONE;
    return !stopped && session_state_is_fresh(b) && b->line_count > 0;
}

static void checked_unknown(struct bench *b, const struct verdict *v)
{
    if (!may_go_unanswered(b)) {
        block_verdict(b, v);
        return;
    }
    b->working_offline = true;
    b->notice = say("bench.working_offline");
    if (session_reload(b)) go_on(b);
}

void session_verdict(struct bench *b, uint32_t ticket, const struct verdict *v)
{
    if (!b->open || ticket == 0) return;
    bool ahead = ticket == b->ahead_ticket;
    if (!ahead && ticket != b->ticket) return;
    if (ahead) {
        b->ahead_ticket = 0;
    } else {
        b->ticket = 0;
        b->deadline = MONO_NEVER;
    }
    if (v->kind == VERDICT_GO && ahead) b->checked_at = effects_now(b->fx);
    if (ahead) ahead_checked(b, v->kind == VERDICT_GO);
    if (v->kind == VERDICT_GO && ahead)
        b->changed = true;
    else if (v->kind == VERDICT_GO)
        checked_go(b);
    else if (v->kind == VERDICT_UNKNOWN && !ahead)
        checked_unknown(b, v);
    else if (v->kind != VERDICT_UNKNOWN)
        stop_order(b, v);
    b->changed = true;
}

static void claim_refused(struct bench *b, const char *text)
{
    struct verdict v = {
        .kind = VERDICT_IN_USE, .rule = "order.in_use", .origin = "clarus", .owner = "packer"};
    b->claim_asked = false;
    slice_copy_cut(slice_text(text), v.text, sizeof v.text);
    block_verdict(b, &v);
}

/* The bench went on without it. In use elsewhere stops it still, as long as no label is asked for.
 */
static void claim_answered_late(struct bench *b, err_t error, const char *text)
{
    bool early = b->phase == PHASE_NOTES || b->phase == PHASE_PACKING ||
                 b->phase == PHASE_PACKAGING || b->phase == PHASE_CONFIRM_PART;
    b->changed = true;
    if (error == ERR_OK) b->order.claimed = true;
    if (error != ERR_REFUSED) return;
    if (early)
        claim_refused(b, text);
    else
        raise_for_order(b, "order.in_use", "clarus", "lead", text,
                        "agree with the other bench who sends it");
}

void session_claim_answer(struct bench *b, uint32_t ticket, err_t error, const char *text)
{
    bool awaited = b->phase == PHASE_OPENING && ticket == b->ticket;
    bool late = !awaited && b->open && ticket != 0 && ticket == b->claim_ticket;
    if (awaited || late) b->claim_ticket = 0;
    if (late) claim_answered_late(b, error, text);
    if (!awaited) return;
    b->ticket = 0;
    b->deadline = MONO_NEVER;
    b->changed = true;
    if (error == ERR_REFUSED) {
        claim_refused(b, text);
        return;
    }
    bool claimed = error == ERR_OK;
    if (error != ERR_OK && error != ERR_UNSUPPORTED) b->working_offline = true;
    b->order.claimed = claimed;
    session_opened(b);
}

/* The digest kept at open is what the checks before the label and the save compare with. */
static err_t keep_digest(struct bench *b, bool *out_changed)
{
    char digest[65];
    err_t e = catalogue_digest(b->store, b->order.id, digest);
    if (e) return e;
    *out_changed =
        session_anything_packed(b) && b->order.digest[0] && strcmp(digest, b->order.digest) != 0;
    return rows_opened(b, digest, b->order.claimed);
}

/* That this order is being opened is stored already: after a restart it is opened again. */
static err_t begin_packing(struct bench *b, bool *out_edited)
{
    AUTO_RELAX struct store_relaxed relaxed = store_relax(b->store);
    err_t e = keep_digest(b, out_edited);
    if (e || *out_edited) return e;
    if (b->parcel_count == 0) e = rows_add_parcel(b);
    if (!e) bench_story(b, "opened", b->working_offline ? "offline" : "");
    return e;
}

/* What was never picked is said before the first scan, not found at the last. */
static void say_known_shorts(struct bench *b)
{
    char few[24], all[24];
    size_t count = 0;
    for (size_t i = 0; i < b->line_count; i++)
        count += b->lines[i].outstanding.milli > b->lines[i].to_pack.milli;
    if (count == 0 || b->notice.key[0]) return;
    (void)snprintf(few, sizeof few, "%zu", count);
    (void)snprintf(all, sizeof all, "%zu", b->line_count);
    b->notice = say2("bench.short_known", few, all);
}

void session_opened(struct bench *b)
{
    bool edited = false;
    if (nothing_to_pack(b)) {
        struct verdict v = {.kind = VERDICT_NOT_READY,
                            .rule = "order.nothing_to_pack",
                            .text = "nothing of it is picked and left to pack"};
        block_verdict(b, &v);
        return;
    }
    err_t e = begin_packing(b, &edited);
    if (!e && edited) {
        struct verdict v = {.kind = VERDICT_CHANGED,
                            .rule = "order.changed",
                            .origin = "clarus",
                            .owner = "packer",
                            .text = "lines, address or notes differ from what was packed"};
        stop_order(b, &v);
        return;
    }
    if (e) {
        session_failed(b, e);
        return;
    }
    bench_tone(b, HAL_LIGHT_GREEN_BLINK, HAL_TONE_ACCEPT);
    say_known_shorts(b);
    session_resume(b);
}

static void skip_empty_notes(struct bench *b)
{
    if (!b->order.packing_note[0]) b->acknowledged |= NOTE_PACKING;
    if (!b->order.gift_message[0]) b->acknowledged |= NOTE_GIFT;
    if (!b->order.customer_note[0]) b->acknowledged |= NOTE_CUSTOMER;
    open_find_danger(b);
    if (!b->about.danger[0]) b->acknowledged |= NOTE_DANGER;
}

/* One box on site: nobody needs to scan it. */
static void take_only_packaging(struct bench *b)
{
    struct packaging only[2];
    struct session_parcel *p = session_open_parcel(b);
    if (p && !p->packaging[0] && catalogue_packagings(b->store, only, 2) == 1)
        pack_packaging(b, &only[0]);
}

void session_next_note(struct bench *b)
{
    skip_empty_notes(b);
    if ((b->acknowledged & NOTES_AT_OPEN) != NOTES_AT_OPEN) {
        session_enter(b, PHASE_NOTES);
        block_note(b);
        return;
    }
    session_enter(b, PHASE_PACKING);
    take_only_packaging(b);
    if (b->phase == PHASE_PACKING && session_all_verified(b)) pack_close(b);
    if (b->phase == PHASE_PACKING) list_count_item(b);
}

static bool any_parcel(const struct bench *b, enum parcel_state state)
{
    for (size_t i = 0; i < b->parcel_count; i++)
        if (b->parcels[i].state == state) return true;
    return false;
}

/* Bought: whatever was being printed at the end may lie on the bench or not. */
static void resume_labels(struct bench *b)
{
    struct session_parcel *p = label_awaited(b);
    if (!p) {
        save_begin(b);
    } else if (p->state == PARCEL_CLOSED) {
        label_buy(b);
    } else if (p->state == PARCEL_LABELLED && p->prints > 0) {
        err_t e = rows_set_parcel_state(b, p, PARCEL_PRINTED);
        if (e) session_failed(b, e);
        session_enter(b, PHASE_SCAN_BACK);
        b->notice = say("bench.print_unknown");
    } else {
        label_print_next(b);
    }
}

static void resume_phase(struct bench *b)
{
    bool bought = any_parcel(b, PARCEL_LABELLED) || any_parcel(b, PARCEL_PRINTED) ||
                  any_parcel(b, PARCEL_CHECKED);
    bool buying = b->shipment.state == SHIPMENT_BUYING || b->shipment.state == SHIPMENT_BOUGHT;
    if (bought || (buying && !session_open_parcel(b)))
        resume_labels(b);
    else if (b->parcel_count > 0 && !session_open_parcel(b))
        label_begin(b);
    else
        session_next_note(b);
}

/* Work goes on under a block that only wants to be read; one that ends the order holds it back. */
void session_resume(struct bench *b)
{
    struct block kept = b->block;
    bool read_first = kept.kind > BLOCK_SURPLUS && kept.kind != BLOCK_NOTE;
    if (read_first && kept.after != AFTER_GO_ON) return;
    block_clear(b);
    resume_phase(b);
    if (read_first && b->block.kind == BLOCK_NONE) b->block = kept;
}

void session_leave(struct bench *b, bool release)
{
    if (b->open && release) ahead_drop(b, "put aside");
    /* A claim under way may still succeed. */
    bool claimed = b->open && (b->order.claimed || b->claim_asked);
    if (release && claimed && !hold_has(b, b->order.id))
        b->orders.release(b->orders.ctx, b->order.id);
    if (b->open) papers_forget_order(b, b->order.id, false);
    forget_order(b);
    b->list_item[0] = 0;
    block_clear(b);
    session_enter(b, PHASE_IDLE);
}

void session_park(struct bench *b, const char *rule, const char *text, const char *owner)
{
    if (!b->open) return;
    raise_for_order(b, rule, "station", owner, text,
                    "open the order again, or clear it with the lead");
    bench_story(b, "parked", rule);
    err_t e = catalogue_set_state(b->store, b->order.id, CONSIGNMENT_READY);
    if (e) session_failed(b, e);
    session_leave(b, true);
}
