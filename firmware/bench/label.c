/* label.c - from closed parcels to labels seen on their boxes. */
#include "firmware/bench/session.h"

#include <stdio.h>
#include <string.h>

#include "firmware/labels/labels.h"
#include "firmware/outbox/exceptions.h"

static void label_exception(struct bench *b, const struct shipment_owner *of, const char *rule,
                            const char *text)
{
    char object[OBJECT_CAP];
    (void)snprintf(object, sizeof object, "order %s", of->reference);
    struct exception_spec spec = {.rule = rule,
                                  .origin = "clarus",
                                  .owner = "lead",
                                  .object = object,
                                  .text = text,
                                  .next_step = "open the order again when the cause is gone",
                                  .consignment_id = of->consignment_id};
    err_t e = exception_raise(b->store, effects_wall(b->fx), &spec, NULL);
    if (e) session_failed(b, e);
}

/* The label is here: what was in its way is over. */
static void label_causes_gone(struct bench *b, const struct shipment_owner *of)
{
    static const char *const rules[] = {"clarus.submit_refused", "label.unfit",
                                        "clarus.shipment_differs", "clarus.label_offline"};
    char object[OBJECT_CAP];
    (void)snprintf(object, sizeof object, "order %s", of->reference);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        err_t e = exception_clear(b->store, effects_wall(b->fx), rules[i], object);
        if (e && e != ERR_NOTFOUND) session_failed(b, e);
    }
}

struct session_parcel *label_awaited(struct bench *b)
{
    for (size_t i = 0; i < b->parcel_count; i++)
        if (b->parcels[i].state != PARCEL_CHECKED) return &b->parcels[i];
    return NULL;
}

void label_begin(struct bench *b)
{
    err_t e = catalogue_set_state(b->store, b->order.id, CONSIGNMENT_PACKED);
    if (e) {
        session_failed(b, e);
        return;
    }
    session_enter(b, PHASE_LABEL_CHECK);
    b->orders.check(b->orders.ctx, session_ask(b, CHECK_WAIT_MS), b->order.id, BENCH_CHECK_LABEL);
}

/* Before anything is bought the intent is stored, and this with it. */
static err_t label_pending(struct bench *b, bool *voiding)
{
    AUTO_RELAX struct store_relaxed relaxed = store_relax(b->store);
    err_t e = rows_void_open(b, voiding);
    if (!e && !*voiding) e = b->shipment.id ? rows_bind_parcels(b) : rows_new_shipment(b);
    return e ? e : catalogue_set_state(b->store, b->order.id, CONSIGNMENT_LABEL_PENDING);
}

void label_buy(struct bench *b)
{
    bool voiding = false;
    err_t e = label_pending(b, &voiding);
    if (e) {
        session_failed(b, e);
        return;
    }
    session_enter(b, PHASE_BUYING);
    b->deadline = mono_plus(effects_now(b->fx), LABEL_WAIT_MS);
    b->awaits_void = voiding; /* one live label: the old one goes first */
    if (!voiding) b->orders.buy(b->orders.ctx, b->shipment.id);
}

/* ---------------------------------------------------------------------------------- news -- */

static void put_aside(struct bench *b, const char *headline, const char *rule, const char *text)
{
    struct say detail = say_reason(text, "");
    bool unfit = strcmp(rule, "label.unfit") == 0;
    block_stop(b, say1(headline, b->order.reference), detail,
               say(unfit ? "bench.label_unfit_step" : "bench.label_late_step"), AFTER_LEAVE);
    b->deadline = MONO_NEVER;
    bench_story(b, rule, text);
}

void label_late(struct bench *b)
{
    struct shipment_owner of = {.consignment_id = b->order.id};
    memcpy(of.reference, b->order.reference, sizeof of.reference);
    hold_begin(b);
    label_exception(b, &of, "bench.parked", "no label came in time; the box carries a hold tag");
    block_stop(b, say("bench.label_late"), say1("bench.label_late_detail", b->order.reference),
               say("bench.label_late_step"), AFTER_LEAVE);
    bench_story(b, "label.late", "");
}

static void ready_to_print(struct bench *b)
{
    err_t e = catalogue_set_state(b->store, b->order.id, CONSIGNMENT_LABELLED);
    if (e) {
        session_failed(b, e);
        return;
    }
    bench_story(b, "label.stored", b->shipment.key);
    if (b->phase == PHASE_BUYING && b->block.after == AFTER_GO_ON) label_print_next(b);
}

static void reload_parcels(struct bench *b)
{
    err_t e = rows_load_parcels(b);
    if (e) session_failed(b, e);
}

/* What keeps a label from being printed. */
struct label_cause {
    const char *headline;
    const char *rule;
};

static struct label_cause label_cause(enum bench_label_news news)
{
    switch (news) {
    case BENCH_LABEL_REFUSED:
        return (struct label_cause){"bench.carrier_refused", "clarus.submit_refused"};
    case BENCH_LABEL_UNFIT:
        return (struct label_cause){"bench.label_unfit", "label.unfit"};
    case BENCH_LABEL_CHANGED:
        return (struct label_cause){"bench.label_changed", "clarus.shipment_differs"};
    case BENCH_LABEL_OFFLINE:
        return (struct label_cause){"bench.label_offline", "clarus.label_offline"};
    case BENCH_LABEL_BOUGHT:
    case BENCH_LABEL_READY:
    case BENCH_LABEL_LATE:
        break;
    }
    return (struct label_cause){NULL, NULL};
}

static void current_label_news(struct bench *b, enum bench_label_news news, const char *text)
{
    struct label_cause cause = label_cause(news);
    if (news == BENCH_LABEL_OFFLINE) hold_begin(b);
    if (cause.rule)
        put_aside(b, cause.headline, cause.rule, text);
    else if (news == BENCH_LABEL_BOUGHT)
        reload_parcels(b);
    else if (news == BENCH_LABEL_READY)
        ready_to_print(b);
}

/* An order that was put aside has nobody at the screen: its exception tells. */
void label_news(struct bench *b, int64_t shipment_id, enum bench_label_news news, const char *text)
{
    struct shipment_owner of = {0};
    bool current = b->open && b->shipment.id == shipment_id;
    bool ahead = news == BENCH_LABEL_OFFLINE && !(current && b->phase == PHASE_BUYING);
    if (ahead) return; /* made ahead of need: asked for again when the label is */
    if (current && session_open_parcel(b)) {
        ahead_news(b, news);
        return;
    }
    err_t e = rows_shipment_owner(b, shipment_id, &of);
    if (e == ERR_NOTFOUND) return;
    if (!e && news == BENCH_LABEL_READY) e = rows_labelled(b, shipment_id);
    if (e) {
        session_failed(b, e);
        return;
    }
    if (news == BENCH_LABEL_READY) label_causes_gone(b, &of);
    struct label_cause cause = label_cause(news);
    if (cause.rule && of.wanted) label_exception(b, &of, cause.rule, text);
    if (news == BENCH_LABEL_READY || (cause.rule && news != BENCH_LABEL_OFFLINE))
        hold_label(b, &of, news == BENCH_LABEL_READY);
    if (current) current_label_news(b, news, text);
    b->changed = true;
}

/* -------------------------------------------------------------------------------- printing -- */

void label_print_next(struct bench *b)
{
    struct session_parcel *p = label_awaited(b);
    if (!p) {
        save_begin(b);
        return;
    }
    if (p->state == PARCEL_PRINTED) {
        session_enter(b, PHASE_SCAN_BACK);
        return;
    }
    bool stale = b->checked_at.ms == MONO_NEVER.ms ||
                 mono_reached(effects_now(b->fx), mono_plus(b->checked_at, PRINT_RECHECK_MS));
    if (stale && !b->working_offline) {
        session_enter(b, PHASE_PRINT_CHECK);
        b->orders.check(b->orders.ctx, session_ask(b, CHECK_WAIT_MS), b->order.id,
                        BENCH_CHECK_LABEL);
        return;
    }
    label_print(b);
}

static void print_waits(struct bench *b, const char *why)
{
    b->print_refused = true;
    b->notice = say1("bench.printer_waits", why);
    bench_tone(b, HAL_LIGHT_AMBER, HAL_TONE_TROUBLE);
}

void label_print(struct bench *b)
{
    struct session_parcel *p = label_awaited(b);
    if (!p) return;
    session_enter(b, PHASE_PRINTING);
    b->print_refused = false;
    err_t e = b->orders.print(b->orders.ctx, p->id);
    if (e == ERR_OK) e = rows_printing(b, p);
    if (e == ERR_GONE)
        print_waits(b, "no printer");
    else if (e == ERR_BUSY && b->paper_printing)
        b->print_refused = true; /* behind a paper of ours: it is next */
    else if (e == ERR_BUSY)
        print_waits(b, "printer is busy");
    else if (e)
        session_failed(b, e);
}

void label_print_waiting(struct bench *b)
{
    const struct session_parcel *p = label_awaited(b);
    if (p && p->state == PARCEL_PRINTED)
        label_print(b); /* asked for again by a person */
    else
        label_print_next(b);
}

/* The last parcel's state check runs while the label is being stuck on. */
static void check_ahead(struct bench *b)
{
    size_t left = 0;
    for (size_t i = 0; i < b->parcel_count; i++)
        left += b->parcels[i].state != PARCEL_CHECKED;
    if (left != 1) return;
    b->checked_at = MONO_NEVER;
    b->ahead_ticket = b->next_ticket++;
    b->orders.check(b->orders.ctx, b->ahead_ticket, b->order.id, BENCH_CHECK_SAVE);
}

/* Forgotten, it counts as printed after a restart: nothing comes out twice. */
static err_t print_ended(struct bench *b, struct session_parcel *p, enum print_outcome outcome,
                         const char *text)
{
    AUTO_RELAX struct store_relaxed relaxed = store_relax(b->store);
    bench_story(b,
                outcome == PRINT_PRINTED   ? "label.printed"
                : outcome == PRINT_REFUSED ? "label.not_printed"
                                           : "label.print_unknown",
                text);
    return outcome == PRINT_REFUSED ? ERR_OK : rows_set_parcel_state(b, p, PARCEL_PRINTED);
}

void label_print_answer(struct bench *b, int64_t parcel_id, enum print_outcome outcome,
                        const char *text)
{
    struct session_parcel *p = b->open ? label_awaited(b) : NULL;
    if (!p || p->id != parcel_id || b->phase != PHASE_PRINTING) return;
    if (b->print_refused) return; /* of a job before: this one waits for the printer */
    b->changed = true;
    err_t e = print_ended(b, p, outcome, text);
    if (outcome == PRINT_REFUSED) {
        print_waits(b, text);
        return;
    }
    if (e) {
        session_failed(b, e);
        return;
    }
    session_enter(b, PHASE_SCAN_BACK);
    if (outcome == PRINT_UNKNOWN) {
        b->notice = say1("bench.print_unknown", text);
        bench_tone(b, HAL_LIGHT_AMBER, HAL_TONE_TROUBLE);
    }
    check_ahead(b);
}

void label_reprint(struct bench *b)
{
    struct session_parcel *p = label_awaited(b);
    if (!p || (b->phase != PHASE_SCAN_BACK && b->phase != PHASE_PRINTING)) {
        block_refuse(b, say("bench.nothing_to_reprint"), say(""), SLICE_NONE);
        return;
    }
    bench_story(b, "label.reprint", "asked for by the packer");
    label_print(b);
}

/* ------------------------------------------------------------------------------- scan-back -- */

static void label_right(struct bench *b, struct session_parcel *p)
{
    err_t e = rows_set_parcel_state(b, p, PARCEL_CHECKED);
    if (e) {
        session_failed(b, e);
        return;
    }
    block_clear(b);
    bench_story(b, "label.checked", p->tracking);
    bench_tone(b, HAL_LIGHT_GREEN, HAL_TONE_LINE_DONE);
    label_print_next(b);
}

static bool is_goods_or_reference(struct bench *b, struct slice text)
{
    struct product_hit hit;
    struct packaging packaging;
    int64_t id;
    err_t e = catalogue_product(b->store, text, &hit);
    if (e != ERR_NOTFOUND) return true;
    if (catalogue_packaging(b->store, text, &packaging) == ERR_OK) return true;
    return catalogue_find(b->store, text, &id) != ERR_NOTFOUND;
}

static void label_wrong(struct bench *b, const struct session_parcel *p, struct slice text)
{
    char other[REFERENCE_CAP], number[24];
    for (size_t i = 0; i < b->parcel_count; i++) {
        const struct session_parcel *q = &b->parcels[i];
        if (q == p || !q->tracking[0]) continue;
        if (!labels_scan_matches(&b->config->site, b->carrier_code, text, q->tracking)) continue;
        (void)snprintf(number, sizeof number, "%zu", i + 1);
        block_stop(b, say("bench.wrong_label"), say2("bench.wrong_box", number, b->order.reference),
                   say("bench.wrong_label_step"), AFTER_GO_ON);
        return;
    }
    err_t e = rows_tracking_owner(b, text, other);
    if (e == ERR_OK)
        block_stop(b, say("bench.wrong_label"),
                   say2("bench.wrong_order", other, b->order.reference),
                   say("bench.wrong_label_step"), AFTER_GO_ON);
    else if (is_goods_or_reference(b, text))
        block_refuse(b, say("bench.not_a_label"), say("bench.scan_the_label"), text);
    else
        block_stop(b, say("bench.wrong_label"), say1("bench.strange_label", b->order.reference),
                   say("bench.wrong_label_step"), AFTER_GO_ON);
    bench_story(b, "label.wrong", "");
}

/* Our own tag tells which box is in hand. False: not a tag of this order. */
static bool is_box_tag(struct bench *b, const struct session_parcel *wanted, struct slice text)
{
    for (size_t i = 0; i < b->parcel_count; i++) {
        const struct session_parcel *p = &b->parcels[i];
        char tag[CODE_CAP], here[24], want[24];
        papers_box_tag(b, p->id, tag);
        if (!slice_is(text, tag)) continue;
        (void)snprintf(here, sizeof here, "%zu", i + 1);
        (void)snprintf(want, sizeof want, "%td", wanted - b->parcels + 1);
        if (p == wanted) {
            b->notice = say1("bench.right_box", here);
            bench_tone(b, HAL_LIGHT_GREEN_BLINK, HAL_TONE_ACCEPT);
        } else {
            block_refuse(b, say1("bench.other_box", here), say1("bench.other_box_step", want),
                         text);
        }
        return true;
    }
    return false;
}

void label_scan(struct bench *b, struct slice text)
{
    struct session_parcel *p = label_awaited(b);
    if (!p || is_box_tag(b, p, text)) return;
    if (p->tracking[0] && labels_scan_matches(&b->config->site, b->carrier_code, text, p->tracking))
        label_right(b, p);
    else
        label_wrong(b, p, text);
}

/* ------------------------------------------------------------------------------------ void -- */

void label_void(struct bench *b, const char *why)
{
    int64_t id = b->shipment.id;
    if (!id || b->shipment.state == SHIPMENT_VOID || b->shipment.state == SHIPMENT_VOIDING) return;
    bench_story(b, "label.void", why);
    b->orders.cancel(b->orders.ctx, id);
}

void label_void_answer(struct bench *b, int64_t shipment_id, err_t error, const char *text)
{
    struct shipment_owner of = {0};
    if (!b->open || !b->awaits_void || error == ERR_GONE || b->block.after != AFTER_GO_ON) return;
    if (rows_shipment_owner(b, shipment_id, &of) || of.consignment_id != b->order.id) return;
    if (error == ERR_OK)
        label_buy(b);
    else
        put_aside(b, "bench.void_refused", "label.void_refused", text);
    b->changed = true;
}
