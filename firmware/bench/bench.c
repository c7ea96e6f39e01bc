#include "firmware/bench/session.h"

#include <string.h>

#include "firmware/base/mem.h"
#include "firmware/base/text.h"

#define SAVED_SHOWN_MS 900

err_t bench_new(const struct bench_options *options, struct bench **out)
{
    struct bench *b = mem_alloc(sizeof *b);
    if (!b) return ERR_NOMEM;
    b->store = options->store;
    b->fx = options->fx;
    b->outbox = options->outbox;
    b->log = options->log;
    b->config = options->config;
    b->orders = options->orders;
    b->deadline = MONO_NEVER;
    b->nag_at = MONO_NEVER;
    b->checked_at = MONO_NEVER;
    b->next_ticket = 1;
    *out = b;
    return ERR_OK;
}

void bench_free(struct bench *b)
{
    mem_free(b);
}

/* ------------------------------------------------------------------------------------ moves -- */

void session_failed(struct bench *b, err_t e)
{
    log_event(b->log, LOG_ERROR, "bench.store_failed", "error=%s", err_name(e));
    block_refuse(b, say("bench.not_confirmed"), say("bench.scan_again"), SLICE_NONE);
}

void session_enter(struct bench *b, enum bench_phase phase)
{
    b->phase = phase;
    b->deadline = MONO_NEVER;
    b->ticket = 0;
    b->awaits_void = false;
    b->changed = true;
    ask_drop(b);
    if (phase == PHASE_SAVED) b->deadline = mono_plus(effects_now(b->fx), SAVED_SHOWN_MS);
}

uint32_t session_ask(struct bench *b, int64_t wait_ms)
{
    b->ticket = b->next_ticket++;
    b->deadline = wait_ms ? mono_plus(effects_now(b->fx), wait_ms) : MONO_NEVER;
    return b->ticket;
}

struct session_parcel *session_open_parcel(const struct bench *b)
{
    for (size_t i = 0; i < b->parcel_count; i++)
        if (b->parcels[i].state == PARCEL_OPEN) return (struct session_parcel *)&b->parcels[i];
    return NULL;
}

bool session_all_verified(const struct bench *b)
{
    for (size_t i = 0; i < b->line_count; i++)
        if (b->lines[i].packed.milli < b->lines[i].to_pack.milli) return false;
    return b->line_count > 0;
}

bool session_anything_packed(const struct bench *b)
{
    for (size_t i = 0; i < b->line_count; i++)
        if (b->lines[i].packed.milli > 0) return true;
    return false;
}

bool session_anything_to_pack(const struct bench *b)
{
    for (size_t i = 0; i < b->line_count; i++)
        if (b->lines[i].to_pack.milli > 0) return true;
    return false;
}

bool session_state_is_fresh(const struct bench *b)
{
    int64_t age = effects_wall(b->fx).ms - b->order.checked_at;
    return b->order.checked_at > 0 && age >= 0 &&
           age <= (int64_t)b->config->site.max_state_age_s * 1000;
}

#define NAG_MS 180000

/* A printer that waits, or work without the network, is said again now and then. */
static void nag(struct bench *b)
{
    bool printer = b->print_refused && b->phase == PHASE_PRINTING && !b->paper_printing;
    bool trouble = printer || (b->open && b->working_offline);
    if (!trouble) {
        b->nag_at = MONO_NEVER;
    } else if (b->nag_at.ms == MONO_NEVER.ms) {
        b->nag_at = mono_plus(effects_now(b->fx), NAG_MS);
    } else if (mono_reached(effects_now(b->fx), b->nag_at)) {
        b->nag_at = mono_plus(effects_now(b->fx), NAG_MS);
        bench_tone(b, HAL_LIGHT_AMBER, HAL_TONE_TROUBLE);
    }
}

/* The bench row is written once per event, in the same transaction as everything else it decided. A
 * move nobody made by hand, and that stops nothing, is found out again after a restart. */
static void flush_as(struct bench *b, bool by_person)
{
    papers_print(b);
    ahead_look(b);
    list_look(b);
    nag(b);
    if (!b->changed) return;
    AUTO_RELAX struct store_relaxed relaxed =
        store_relax_if(b->store, !by_person && b->block.kind == BLOCK_NONE);
    b->changed = false;
    effects_screen(b->fx);
    err_t e = rows_save_bench(b);
    if (e) log_event(b->log, LOG_ERROR, "bench.store_failed", "error=%s", err_name(e));
}

static void flush(struct bench *b)
{
    flush_as(b, true);
}

static void flush_news(struct bench *b)
{
    flush_as(b, false);
}

/* ------------------------------------------------------------------------------------ events -- */

/* A label of an order that is saved, scanned again: the packer sees that it is. */
static bool is_saved_already(struct bench *b, struct slice text)
{
    char reference[REFERENCE_CAP];
    int64_t at = 0;
    if (rows_saved_label(b, text, reference, &at)) return false;
    memcpy(b->last_reference, reference, sizeof b->last_reference);
    b->last_saved_at = at;
    session_enter(b, PHASE_SAVED);
    bench_tone(b, HAL_LIGHT_GREEN, HAL_TONE_ORDER_DONE);
    return true;
}

/* A reference opens an order. Only from idle: one order at a time. */
static void scan_reference(struct bench *b, struct slice text)
{
    int64_t id = 0;
    if (list_item(b, text)) return;
    err_t e = catalogue_find(b->store, text, &id);
    if (e == ERR_AMBIGUOUS && list_begin(b, text)) return;
    if (e == ERR_NOTFOUND && is_saved_already(b, text)) return;
    if (e == ERR_OK) {
        session_open(b, id);
    } else if (e == ERR_AMBIGUOUS) {
        block_refuse(b, say("bench.ambiguous_reference"), say("bench.call_lead"), text);
    } else if (e == ERR_NOTFOUND) {
        slice_copy_cut(text, b->asked, sizeof b->asked);
        session_enter(b, PHASE_FINDING);
        b->orders.find(b->orders.ctx, session_ask(b, CHECK_WAIT_MS), text);
    } else {
        session_failed(b, e);
    }
}

static void scan_badge(struct bench *b, struct slice badge)
{
    if (badge.len == 0 || badge.len >= sizeof b->packer || !text_is_print(badge)) {
        block_refuse(b, say("bench.bad_badge"), say("bench.scan_again"), badge);
        return;
    }
    bool another = !slice_is(badge, b->packer);
    slice_copy_cut(badge, b->packer, sizeof b->packer);
    if (another && b->orders.signed_on) b->orders.signed_on(b->orders.ctx);
    b->notice = say1("bench.signed_on", b->packer);
    bench_tone(b, HAL_LIGHT_GREEN_BLINK, HAL_TONE_ACCEPT);
}

static void scan_by_phase(struct bench *b, struct slice text)
{
    if (ask_scan(b, text)) return;
    switch (b->phase) {
    case PHASE_IDLE:
    case PHASE_SAVED:
        scan_reference(b, text);
        return;
    case PHASE_PACKING:
    case PHASE_PACKAGING:
        pack_scan(b, text, true);
        return;
    case PHASE_SCAN_BACK:
        label_scan(b, text);
        return;
    case PHASE_NOTES:
    case PHASE_CONFIRM_PART:
        block_refuse(b, say("bench.answer_first"), b->block.next_step, text);
        return;
    case PHASE_PRINTING:
        if (!b->print_refused) b->notice = say("bench.still_printing");
        bench_tone(b, HAL_LIGHT_AMBER, HAL_TONE_TROUBLE);
        return;
    case PHASE_FINDING:
    case PHASE_OPENING:
    case PHASE_LABEL_CHECK:
    case PHASE_BUYING:
    case PHASE_PRINT_CHECK:
    case PHASE_SAVE_CHECK:
        bench_tone(b, HAL_LIGHT_AMBER, HAL_TONE_TROUBLE); /* not now; nothing is lost */
        return;
    }
}

static void scan_faulty(struct bench *b, const struct scan *scan)
{
    static const char *const keys[] = {
        [SCAN_OK] = "bench.scan_again",        [SCAN_TOO_LONG] = "bench.scan_too_long",
        [SCAN_CONTROL] = "bench.scan_control", [SCAN_PARITY] = "bench.scan_parity",
        [SCAN_BROKEN] = "bench.scan_broken",
    };
    block_refuse(b, say("bench.unreadable"), say(keys[scan->fault]), scan->text);
}

static bool has_prefix(struct slice text, const char *prefix, struct slice *rest)
{
    if (!prefix[0] || !slice_starts(text, prefix)) return false;
    *rest = slice_sub(text, strlen(prefix), text.len);
    return true;
}

/* A command nobody knows does not lift what must be acknowledged. */
static void scan_command(struct bench *b, struct slice command, struct slice text)
{
    if (command_run(b, command)) return;
    if (b->block.kind > BLOCK_SURPLUS)
        bench_tone(b, HAL_LIGHT_RED, HAL_TONE_REFUSE);
    else
        block_refuse(b, say("bench.unknown_command"), say("bench.scan_again"), text);
}

static void scan_code(struct bench *b, const struct scan *scan)
{
    bool idle = b->phase == PHASE_IDLE || b->phase == PHASE_SAVED;
    struct slice key = read_scan(b, scan);
    bool other_key = b->reading.kind == READING_REFUSED || b->reading.sscc[0];
    if (idle && other_key && is_saved_already(b, scan->text)) return;
    if (!read_refuse(b, scan, key)) scan_by_phase(b, key);
}

static void scan_step(struct bench *b, const struct scan *scan)
{
    struct slice rest;
    if (has_prefix(scan->text, b->config->site.command_prefix, &rest)) {
        scan_command(b, rest, scan->text);
    } else if (b->block.kind > BLOCK_SURPLUS) {
        bench_tone(b, HAL_LIGHT_RED,
                   b->block.kind == BLOCK_STOP ? HAL_TONE_ALARM : HAL_TONE_REFUSE);
    } else if (scan->fault != SCAN_OK) {
        scan_faulty(b, scan);
    } else if (has_prefix(scan->text, b->config->site.badge_prefix, &rest)) {
        scan_badge(b, rest);
    } else {
        scan_code(b, scan);
    }
}

static void scan_begins(struct bench *b)
{
    b->pulse_line = b->line_count;
    b->notice = say("");
    b->helped = b->help;
    b->help = false;
    b->changed = b->changed || b->helped;
}

static const char *scan_outcome(const struct bench *b, enum block_kind before)
{
    if (b->block.kind == BLOCK_NONE) return "scan.accepted";
    if (before > BLOCK_SURPLUS) return "scan.blocked";
    if (b->block.kind == BLOCK_SURPLUS) return "scan.surplus";
    return b->block.kind == BLOCK_REFUSED ? "scan.refused" : "scan.stopped";
}

void bench_scan(struct bench *b, const char *source, const struct scan *scan)
{
    enum block_kind before = b->block.kind;
    scan_begins(b);
    scan_step(b, scan);
    bench_note_scan(b, source, scan->text, scan_outcome(b, before));
    flush(b);
}

void bench_command(struct bench *b, struct slice command)
{
    scan_begins(b);
    scan_command(b, command, command);
    bench_note_scan(b, "screen", command, "scan.command");
    flush(b);
}

void bench_found(struct bench *b, uint32_t ticket, err_t error, int64_t consignment_id)
{
    if (b->phase != PHASE_FINDING || ticket != b->ticket) return;
    session_enter(b, PHASE_IDLE);
    struct slice asked = slice_text(b->asked);
    if (error == ERR_OK && consignment_id)
        session_open(b, consignment_id);
    else if (error == ERR_AMBIGUOUS && list_begin(b, asked))
        b->changed = true;
    else if (error == ERR_AMBIGUOUS)
        block_refuse(b, say("bench.ambiguous_reference"), say("bench.call_lead"), asked);
    else if (error == ERR_GONE || error == ERR_UNKNOWN || error == ERR_BUSY)
        block_refuse(b, say("bench.not_known_offline"), say("bench.take_another"), asked);
    else
        block_refuse(b, say("bench.not_found"), say("bench.not_found_step"), asked);
    flush(b);
}

void bench_product_known(struct bench *b, uint32_t ticket, err_t error)
{
    if (ticket != b->ticket || !b->open) return;
    b->ticket = 0;
    b->deadline = MONO_NEVER;
    (void)error; /* whatever was learned is in the catalogue now */
    b->reading = b->asked_reading;
    if (b->phase == PHASE_PACKING || b->phase == PHASE_PACKAGING)
        pack_scan(b, slice_text(b->asked), false);
    b->changed = true;
    flush(b);
}

void bench_unit_known(struct bench *b, uint32_t ticket, err_t error, const struct unit_reading *u)
{
    if (ticket != b->ticket || !b->open) return;
    b->ticket = 0;
    b->deadline = MONO_NEVER;
    b->reading = b->asked_reading;
    if (b->phase == PHASE_PACKING || b->phase == PHASE_PACKAGING) unit_known(b, error, u);
    b->changed = true;
    flush_news(b);
}

/* ------------------------------------------------------------------------------------- time -- */

static void wait_over(struct bench *b)
{
    struct verdict none = {.kind = VERDICT_UNKNOWN, .rule = "state.unknown"};
    uint32_t ticket = b->ticket;
    b->deadline = MONO_NEVER;
    switch (b->phase) {
    case PHASE_SAVED:
        session_enter(b, PHASE_IDLE);
        return;
    case PHASE_FINDING:
        bench_found(b, ticket, ERR_GONE, 0);
        return;
    case PHASE_OPENING:
    case PHASE_LABEL_CHECK:
    case PHASE_PRINT_CHECK:
    case PHASE_SAVE_CHECK:
        bench_checked(b, ticket, &none);
        return;
    case PHASE_BUYING:
        label_late(b);
        return;
    case PHASE_PACKING:
    case PHASE_PACKAGING:
        bench_product_known(b, ticket, ERR_GONE);
        return;
    case PHASE_IDLE:
    case PHASE_NOTES:
    case PHASE_PRINTING:
    case PHASE_SCAN_BACK:
    case PHASE_CONFIRM_PART:
        return;
    }
}

void bench_tick(struct bench *b)
{
    if (mono_reached(effects_now(b->fx), b->deadline)) wait_over(b);
    flush_news(b);
}

mono_t bench_deadline(const struct bench *b)
{
    return mono_earlier(b->deadline, b->nag_at);
}

/* Answers that arrive through other files end here, so that the row is written. */
void bench_printer_ready(struct bench *b)
{
    b->papers_wanted = true;
    if (b->print_refused && b->phase == PHASE_PRINTING) label_print_waiting(b);
    flush_news(b);
}

void bench_paper_printed(struct bench *b, int64_t paper_id, enum print_outcome outcome)
{
    papers_printed(b, paper_id, outcome);
    flush_news(b);
}

void bench_scale(struct bench *b)
{
    weigh_look(b);
    flush(b);
}

void bench_online(struct bench *b)
{
    hold_next(b);
    flush_news(b);
}

void bench_checked(struct bench *b, uint32_t ticket, const struct verdict *v)
{
    if (!hold_verdict(b, ticket, v)) session_verdict(b, ticket, v);
    flush_news(b);
}

void bench_claimed(struct bench *b, uint32_t ticket, err_t error, const char *text)
{
    session_claim_answer(b, ticket, error, text);
    flush_news(b);
}

void bench_label(struct bench *b, int64_t shipment_id, enum bench_label_news news, const char *text)
{
    label_news(b, shipment_id, news, text);
    flush_news(b);
}

void bench_voided(struct bench *b, int64_t shipment_id, err_t error, const char *text)
{
    label_void_answer(b, shipment_id, error, text);
    flush_news(b);
}

void bench_printed(struct bench *b, int64_t parcel_id, enum print_outcome outcome, const char *text)
{
    label_print_answer(b, parcel_id, outcome, text);
    flush_news(b);
}

/* What was taken up again is said, unless something more urgent is. */
static void say_restored(struct bench *b)
{
    char packed[QTY_TEXT_CAP], all[QTY_TEXT_CAP];
    qty_t in = QTY_ZERO, of = QTY_ZERO;
    if (!b->open || b->notice.key[0]) return;
    for (size_t i = 0; i < b->line_count; i++) {
        in.milli += b->lines[i].packed.milli;
        of.milli += b->lines[i].to_pack.milli;
    }
    b->notice = say3("bench.restored", b->order.reference, qty_text(in, packed), qty_text(of, all));
}

err_t bench_restore(struct bench *b)
{
    err_t e = rows_load_bench(b);
    if (e && store_failed(b->store)) return e;
    if (e) {
        log_event(b->log, LOG_ERROR, "bench.order_not_restored", "error=%s", err_name(e));
        session_leave(b, false);
    }
    papers_restore(b);
    list_restore(b);
    hold_count(b);
    bool ended = b->block.kind > BLOCK_SURPLUS && b->block.after != AFTER_GO_ON;
    if (b->open && b->phase == PHASE_OPENING && !ended)
        session_open(b, b->order.id);
    else if (b->open)
        session_resume(b);
    say_restored(b);
    b->changed = true;
    flush(b);
    return store_failed(b->store) ? ERR_IO : ERR_OK;
}

void bench_not_confirmed(struct bench *b)
{
    if (b->block.kind <= BLOCK_SURPLUS)
        block_refuse(b, say("bench.not_confirmed"), say("bench.scan_again"), SLICE_NONE);
    b->changed = false;
    effects_screen(b->fx);
}
