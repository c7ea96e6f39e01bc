/* hold.c - boxes that were packed while no label could be had. Each has a tag of ours; when Clarus
 * is reached its state is asked first, then the label is bought, and scanning the tag prints it. An
 * order that must not go becomes find-and-pull with the tag to look for. */
#include "firmware/bench/session.h"

#include <stdio.h>
#include <string.h>

#include "firmware/outbox/exceptions.h"

#define HOLD_WAITS  0
#define HOLD_READY  1
#define HOLD_PERSON 2

#define RECHECK_MS 300000 /* a box whose label is here still waits to be fetched */

static err_t run(struct bench *b, const char *sql, int64_t a, int64_t c, int64_t d)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_begin(b->store);
    if (!e) e = store_prepare(b->store, sql, &q);
    if (e) return e;
    store_bind_int(q, 1, a);
    if (sqlite3_bind_parameter_count(q) >= 2) store_bind_int(q, 2, c);
    if (sqlite3_bind_parameter_count(q) >= 3) store_bind_int(q, 3, d);
    return store_run(b->store, q);
}

static int64_t number(struct bench *b, const char *sql, int64_t a)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    if (store_prepare(b->store, sql, &q)) return 0;
    store_bind_int(q, 1, a);
    return store_step(b->store, q, &row) == ERR_OK && row ? store_int(q, 0) : 0;
}

void hold_count(struct bench *b)
{
    static const char sql[] = "SELECT count(*) FROM hold_tag WHERE state = ?1";
    b->holds_ready = number(b, sql, HOLD_READY);
    b->holds_waiting = number(b, sql, HOLD_WAITS) + number(b, sql, HOLD_PERSON);
    b->changed = true;
}

bool hold_has(struct bench *b, int64_t consignment_id)
{
    return number(b, "SELECT 1 FROM hold_tag WHERE consignment_id = ?1", consignment_id) != 0;
}

/* A box that is tagged already keeps its tag. */
void hold_begin(struct bench *b)
{
    bool tagged = hold_has(b, b->order.id);
    err_t e = run(b,
                  "INSERT INTO hold_tag (consignment_id, shipment_id, at) VALUES (?1, ?2, ?3) ON "
                  "CONFLICT DO UPDATE SET shipment_id = excluded.shipment_id, state = 0",
                  b->order.id, b->shipment.id, effects_wall(b->fx).ms);
    if (e) session_failed(b, e);
    for (size_t i = 0; !e && !tagged && i < b->parcel_count; i++)
        papers_want(b, PAPER_HOLD_TAG, b->parcels[i].id);
    hold_count(b);
}

void hold_end(struct bench *b, int64_t consignment_id)
{
    if (!hold_has(b, consignment_id)) return;
    err_t e = run(b, "DELETE FROM hold_tag WHERE consignment_id = ?1", consignment_id, 0, 0);
    if (e) session_failed(b, e);
    papers_forget_order(b, consignment_id, true);
    hold_count(b);
}

void hold_label(struct bench *b, const struct shipment_owner *of, bool ready)
{
    if (!hold_has(b, of->consignment_id)) return;
    err_t e = run(b, "UPDATE hold_tag SET state = ?2 WHERE consignment_id = ?1", of->consignment_id,
                  ready ? HOLD_READY : HOLD_PERSON, 0);
    if (e) session_failed(b, e);
    if (ready) b->notice = say1("bench.hold_ready", of->reference);
    hold_count(b);
}

/* -------------------------------------------------------------------------------- the round -- */

struct held {
    int64_t consignment_id;
    int64_t shipment_id;
    int64_t state;
};

static err_t held_after(struct bench *b, int64_t after, struct held *out)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(b->store,
                            "SELECT h.consignment_id, h.shipment_id, h.state FROM hold_tag h JOIN "
                            "consignment c ON c.id = h.consignment_id WHERE h.consignment_id > ?1 "
                            "AND h.consignment_id <> ?2 AND (h.state = 0 OR c.checked_at < ?3) "
                            "ORDER BY h.consignment_id LIMIT 1",
                            &q);
    if (e) return e;
    store_bind_int(q, 1, after);
    store_bind_int(q, 2, b->open ? b->order.id : 0);
    store_bind_int(q, 3, effects_wall(b->fx).ms - RECHECK_MS);
    e = store_step(b->store, q, &row);
    if (e) return e;
    if (!row) return ERR_NOTFOUND;
    *out = (struct held){store_int(q, 0), store_int(q, 1), store_int(q, 2)};
    return ERR_OK;
}

static err_t held_of(struct bench *b, int64_t consignment_id, struct held *out)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(
        b->store, "SELECT shipment_id, state FROM hold_tag WHERE consignment_id = ?1", &q);
    if (e) return e;
    store_bind_int(q, 1, consignment_id);
    e = store_step(b->store, q, &row);
    if (e) return e;
    if (!row) return ERR_NOTFOUND;
    *out = (struct held){consignment_id, store_int(q, 0), store_int(q, 1)};
    return ERR_OK;
}

void hold_next(struct bench *b)
{
    struct held h;
    if (b->hold_ticket) return;
    if (held_after(b, b->hold_order, &h)) {
        b->hold_order = 0; /* the round is over */
        return;
    }
    b->hold_order = h.consignment_id;
    b->hold_ticket = b->next_ticket++;
    b->orders.check(b->orders.ctx, b->hold_ticket, h.consignment_id, BENCH_CHECK_LABEL);
}

static err_t raise_pull(struct bench *b, const struct consignment *c, const struct verdict *v)
{
    char object[OBJECT_CAP], text[SAY_CAP];
    (void)snprintf(object, sizeof object, "order %s", c->reference);
    uint8_t room[SAY_CAP * 3];
    struct buf t = buf_over(room, sizeof room);
    buf_printf(&t, "must not go; its box has the hold tag %s: ", c->reference);
    buf_text(&t, v->text[0] ? v->text : v->rule);
    slice_copy_cut(buf_slice(&t), text, sizeof text);
    struct exception_spec spec = {
        .rule = "tag.pull",
        .origin = v->origin[0] ? v->origin : "station",
        .owner = "lead",
        .object = object,
        .text = text,
        .next_step = "find the box by its tag, empty it to the return tote, destroy the tag",
        .consignment_id = c->id};
    return exception_raise(b->store, effects_wall(b->fx), &spec, NULL);
}

/* The box must be found: its contents count no more, a label that was bought is voided. */
static void pull(struct bench *b, const struct held *h, const struct verdict *v)
{
    struct consignment *c = &b->paper_order;
    err_t e = catalogue_consignment(b->store, h->consignment_id, c);
    if (!e) e = raise_pull(b, c, v);
    if (!e)
        e = run(b,
                "UPDATE parcel SET state = 5 WHERE shipment_id = ?1 AND consignment_id = ?2 AND "
                "state <> 5",
                h->shipment_id, h->consignment_id, 0);
    if (!e && v->kind == VERDICT_STOP)
        e = catalogue_hold(b->store, h->consignment_id, CONSIGNMENT_STOPPED, v->rule, v->text);
    if (!e)
        e = story_add(b->store, effects_wall(b->fx), h->consignment_id, "station", "find_and_pull",
                      "", v->rule);
    if (e) {
        session_failed(b, e);
        return;
    }
    b->orders.cancel(b->orders.ctx, h->shipment_id);
    b->orders.release(b->orders.ctx, h->consignment_id);
    b->notice = say1("bench.hold_pull", c->reference);
    bench_tone(b, HAL_LIGHT_RED_FLASH, HAL_TONE_ATTENTION);
    hold_end(b, h->consignment_id);
}

static void answered(struct bench *b, const struct held *h, const struct verdict *v)
{
    if (v->kind == VERDICT_STOP || v->kind == VERDICT_SENT || v->kind == VERDICT_CHANGED)
        pull(b, h, v);
    else if (v->kind == VERDICT_GO && h->state == HOLD_WAITS)
        b->orders.buy(b->orders.ctx, h->shipment_id);
}

bool hold_verdict(struct bench *b, uint32_t ticket, const struct verdict *v)
{
    struct held h;
    if (ticket == 0 || ticket != b->hold_ticket) return false;
    b->hold_ticket = 0;
    if (v->kind == VERDICT_UNKNOWN) {
        b->hold_order = 0; /* offline again */
        return true;
    }
    bool here = b->open && b->order.id == b->hold_order; /* fetched meanwhile */
    if (!here && held_of(b, b->hold_order, &h) == ERR_OK) answered(b, &h, v);
    hold_next(b);
    return true;
}
