/* ask.c - questions the packer raises by a command: how many, why short, take back, close a list.
 * Nothing is decided before the answer; CANCEL ends each of them and changes nothing. */
#include "firmware/bench/session.h"

#include <stdio.h>
#include <string.h>

#include "firmware/outbox/exceptions.h"

static void ask_begin(struct bench *b, struct ask ask)
{
    if (b->phase == PHASE_SAVED) session_enter(b, PHASE_IDLE);
    b->ask = ask;
    b->changed = true;
    block_clear(b);
    bench_tone(b, HAL_LIGHT_AMBER, HAL_TONE_ATTENTION);
}

void ask_drop(struct bench *b)
{
    if (b->ask.kind != ASK_NONE) b->changed = true;
    memset(&b->ask, 0, sizeof b->ask);
}

bool ask_takes_confirm(const struct bench *b)
{
    return b->ask.kind == ASK_RECALL || b->ask.kind == ASK_MANIFEST;
}

/* -------------------------------------------------------------------------------- how many -- */

void ask_quantity(struct bench *b, int64_t number)
{
    ask_begin(b, (struct ask){.kind = ASK_QUANTITY, .number = number});
}

void ask_digit(struct bench *b, int64_t digit)
{
    int64_t number = b->ask.number * 10 + digit;
    if (number == 0 || number > QUANTITY_MAX) {
        block_refuse(b, say(number ? "bench.quantity_too_big" : "bench.quantity_missing"),
                     say("bench.quantity_step"), SLICE_NONE);
        return;
    }
    b->ask.number = number;
    b->changed = true;
    bench_tone(b, HAL_LIGHT_GREEN_BLINK, HAL_TONE_ACCEPT);
}

int64_t ask_take_quantity(struct bench *b)
{
    int64_t number = b->ask.kind == ASK_QUANTITY ? b->ask.number : 1;
    if (b->ask.kind == ASK_QUANTITY) ask_drop(b);
    return number;
}

/* ----------------------------------------------------------------------------------- short -- */

static qty_t left_of(const struct session_line *l)
{
    int64_t left = l->to_pack.milli - l->packed.milli;
    return (qty_t){left > 0 ? left : 0};
}

struct session_line *ask_line(const struct bench *b)
{
    for (size_t i = 0; i < b->line_count; i++)
        if (b->lines[i].line.id == b->ask.id) return (struct session_line *)&b->lines[i];
    return NULL;
}

void ask_short(struct bench *b)
{
    const struct session_line *l = pack_line_in_view(b);
    if (l) ask_begin(b, (struct ask){.kind = ASK_SHORT, .id = l->line.id});
}

static void raise_short(struct bench *b, const struct session_line *l, const char *count,
                        const char *reason)
{
    char object[OBJECT_CAP], text[SAY_CAP * 2];
    rows_short_object(b, l, object);
    (void)snprintf(text, sizeof text, "%s of %s short at the bench: %s", count, l->line.sku,
                   reason);
    struct exception_spec spec = {.rule = "line.short",
                                  .origin = "station",
                                  .owner = "warehouse",
                                  .object = object,
                                  .text = text,
                                  .next_step = "find the goods, or close the line short in Clarus",
                                  .consignment_id = b->order.id};
    err_t e = exception_raise(b->store, effects_wall(b->fx), &spec, NULL);
    if (e) session_failed(b, e);
}

/* What is left of the line is not packed now. With nothing else to send the order waits for the
 * lead. */
static void short_because(struct bench *b, const char *reason)
{
    struct session_line *l = ask_line(b);
    char count[QTY_TEXT_CAP], detail[SAY_CAP * 2];
    ask_drop(b);
    if (!l) return;
    qty_t left = left_of(l);
    ahead_drop(b, "a line is short");
    (void)snprintf(detail, sizeof detail, "%s x %s: %s", qty_text(left, count), l->line.sku,
                   reason);
    raise_short(b, l, count, reason);
    bench_story(b, "short", detail);
    b->notice = say2("bench.short_noted", count, l->line.sku);
    bench_tone(b, HAL_LIGHT_AMBER, HAL_TONE_ATTENTION);
    err_t e = rows_short(b, l, left, reason);
    if (e)
        session_failed(b, e);
    else if (!session_anything_to_pack(b))
        session_park(b, "bench.parked", "everything that is left of it is short", "lead");
    else if (session_all_verified(b))
        pack_close(b);
}

void ask_short_missing(struct bench *b)
{
    short_because(b, "missing");
}

void ask_short_damaged(struct bench *b)
{
    short_because(b, "damaged");
}

void ask_short_wrong(struct bench *b)
{
    short_because(b, "wrong goods");
}

void ask_trace(struct bench *b, int64_t line_id, qty_t quantity, const struct trace *t)
{
    ask_begin(
        b, (struct ask){.kind = ASK_TRACE, .number = quantity.milli, .id = line_id, .trace = *t});
}

void ask_weight(struct bench *b, bool more)
{
    ask_begin(b, (struct ask){.kind = ASK_WEIGHT, .number = more});
}

/* ------------------------------------------------------------------------------- take back -- */

static err_t last_dispatch(struct bench *b, struct ask *out)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(b->store,
                            "SELECT d.id, c.reference FROM dispatch d JOIN consignment c ON c.id = "
                            "d.consignment_id WHERE d.id = (SELECT max(id) FROM dispatch) AND "
                            "d.state IN (0, 1)",
                            &q);
    if (e) return e;
    e = store_step(b->store, q, &row);
    if (e) return e;
    if (!row) return ERR_NOTFOUND;
    out->id = store_int(q, 0);
    store_text(q, 1, out->about, sizeof out->about);
    return ERR_OK;
}

void ask_recall(struct bench *b)
{
    struct ask ask = {.kind = ASK_RECALL};
    err_t e = b->packer[0] ? last_dispatch(b, &ask) : ERR_OK;
    if (!b->packer[0])
        block_refuse(b, say("bench.sign_on_first"), say("bench.sign_on_step"), SLICE_NONE);
    else if (e == ERR_NOTFOUND)
        block_refuse(b, say("bench.nothing_to_recall"), say(""), SLICE_NONE);
    else if (e)
        session_failed(b, e);
    else
        ask_begin(b, ask);
}

static void recall(struct bench *b, const struct ask *ask)
{
    err_t e = store_begin(b->store);
    if (!e) e = b->orders.recall(b->orders.ctx, ask->id, b->packer);
    bool late = e == ERR_BUSY;
    if (e && !late) {
        session_failed(b, e);
        return;
    }
    b->last_reference[0] = 0;
    block_stop(b, say1(late ? "bench.recall_late" : "bench.recalled_now", ask->about), say(""),
               say(late ? "bench.recall_late_step" : "bench.recalled_step"), AFTER_GO_ON);
}

/* --------------------------------------------------------------------------- carrier's list -- */

/* The first carrier after `after` in the order of the list. False: none. */
static bool next_manifest(struct bench *b, const char *after, struct ask *out)
{
    struct outbox_manifest lists[MANIFEST_RULES_MAX];
    size_t count = outbox_manifests(b->outbox, lists, MANIFEST_RULES_MAX);
    const struct outbox_manifest *next = NULL;
    for (size_t i = 0; i < count && i < MANIFEST_RULES_MAX; i++)
        if (strcmp(lists[i].carrier, after) > 0 &&
            (!next || strcmp(lists[i].carrier, next->carrier) < 0))
            next = &lists[i];
    if (!next) return false;
    *out = (struct ask){.kind = ASK_MANIFEST, .number = (int64_t)next->waiting};
    slice_copy_cut(slice_text(next->carrier), out->about, sizeof out->about);
    return true;
}

void ask_manifest(struct bench *b)
{
    struct ask ask;
    if (!b->packer[0])
        block_refuse(b, say("bench.sign_on_first"), say("bench.sign_on_step"), SLICE_NONE);
    else if (next_manifest(b, "", &ask))
        ask_begin(b, ask);
    else
        block_refuse(b, say("bench.no_manifest"), say(""), SLICE_NONE);
}

static void close_manifest(struct bench *b, const struct ask *ask)
{
    struct ask next;
    err_t e = store_begin(b->store);
    if (!e) e = outbox_manifest_close(b->outbox, ask->about, b->packer);
    if (e && e != ERR_NOTFOUND) {
        session_failed(b, e);
        return;
    }
    b->notice = say1("bench.manifest_closed", ask->about);
    bench_tone(b, HAL_LIGHT_GREEN, HAL_TONE_LINE_DONE);
    if (next_manifest(b, ask->about, &next)) b->ask = next;
}

/* ------------------------------------------------------------------------------------- all -- */

void ask_confirm(struct bench *b)
{
    struct ask ask = b->ask;
    ask_drop(b);
    if (ask.kind == ASK_RECALL)
        recall(b, &ask);
    else if (ask.kind == ASK_MANIFEST)
        close_manifest(b, &ask);
}

/* A product of the order says which line is meant. */
static void short_scan(struct bench *b, struct slice text)
{
    const struct session_line *l = pack_line_of(b, text);
    if (l)
        ask_begin(b, (struct ask){.kind = ASK_SHORT, .id = l->line.id});
    else
        block_refuse(b, say("bench.answer_first"), say("bench.short_step"), text);
}

bool ask_scan(struct bench *b, struct slice text)
{
    if (b->ask.kind == ASK_NONE || b->ask.kind == ASK_QUANTITY) return false;
    if (b->ask.kind == ASK_TRACE)
        trace_scan(b, text);
    else if (b->ask.kind == ASK_SHORT)
        short_scan(b, text);
    else
        block_refuse(
            b, say("bench.answer_first"),
            say(b->ask.kind == ASK_WEIGHT ? "bench.weigh_step" : "bench.confirm_or_cancel"), text);
    return true;
}

void ask_words(struct bench *b, struct say *headline, struct say *detail, struct say *next_step)
{
    char number[QTY_TEXT_CAP];
    const struct ask *a = &b->ask;
    const struct session_line *l = ask_line(b);
    if (a->kind == ASK_QUANTITY) {
        (void)qty_text(QTY_UNITS(a->number), number);
        *next_step = a->number ? say1("bench.quantity_next", number) : say("bench.quantity_step");
    } else if (a->kind == ASK_SHORT && l) {
        *headline = say2("bench.short", qty_text(left_of(l), number), l->line.sku);
        *detail = say1("bench.cause", l->line.description);
        *next_step = say("bench.short_step");
    } else if (a->kind == ASK_TRACE && l) {
        *headline = say1(trace_question(b, l), l->line.sku);
        *detail = say1("bench.cause", l->line.description);
        *next_step = say("bench.trace_step");
    } else if (a->kind == ASK_WEIGHT) {
        *headline = say(b->scale_used ? "bench.scale_used" : "bench.weigh");
        *next_step = say(a->weight_g ? "bench.weight_step" : "bench.weigh_step");
    } else if (a->kind == ASK_RECALL) {
        *headline = say1("bench.recall", a->about);
        *next_step = say("bench.confirm_or_cancel");
    } else if (a->kind == ASK_MANIFEST) {
        *headline = say2("bench.manifest", a->about, qty_text(QTY_UNITS(a->number), number));
        *next_step = say("bench.confirm_or_cancel");
    }
}
