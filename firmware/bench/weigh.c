/* weigh.c - the box on the scale against what should be in it. A weight belongs to the box it was
 * taken of: the scale must have been empty since the box before. */
#include "firmware/bench/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/outbox/exceptions.h"

#define EMPTY_MG 5000 /* what a scale may show with nothing on it */

/* What the box should weigh, in grams. False: the weight of a product or of the box is not known;
 * `unknown` names it. */
static bool expected_weight(struct bench *b, const struct session_parcel *p, int64_t *out_g,
                            char unknown[SKU_CAP])
{
    struct packaging box = {.weight_g = 0};
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = catalogue_packaging(b->store, slice_text(p->packaging), &box);
    int64_t mg = e ? 0 : box.weight_g * 1000;
    e = store_prepare(b->store,
                      "SELECT l.sku, i.quantity FROM parcel_item i JOIN line l ON l.id = i.line_id "
                      "WHERE i.parcel_id = ?1",
                      &q);
    if (e) return false;
    store_bind_int(q, 1, p->id);
    for (bool row = true; !(e = store_step(b->store, q, &row)) && row;) {
        store_text(q, 0, unknown, SKU_CAP);
        const struct config_product *product = config_product_by_sku(&b->config->site, unknown);
        if (!product || product->weight_g == 0) return false;
        mg += store_int(q, 1) * (int64_t)product->weight_g;
    }
    *out_g = mg / 1000;
    return !e;
}

static bool differs(const struct config_packing *set, int64_t expected_g, int64_t actual_g)
{
    int64_t off = actual_g > expected_g ? actual_g - expected_g : expected_g - actual_g;
    return off > set->weight_g && off * 100 > expected_g * set->weight_percent;
}

static err_t keep(struct bench *b, struct session_parcel *p, int64_t expected_g, int64_t actual_g,
                  const char *verdict)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_begin(b->store);
    if (!e)
        e = store_prepare(b->store,
                          "INSERT INTO weighing (consignment_id, parcel_id, expected_g, actual_g, "
                          "verdict, who, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                          &q);
    if (e) return e;
    store_bind_int(q, 1, b->order.id);
    store_bind_int(q, 2, p->id);
    store_bind_int(q, 3, expected_g);
    store_bind_int(q, 4, actual_g);
    store_bind_text(q, 5, verdict);
    store_bind_text(q, 6, b->packer);
    store_bind_int(q, 7, effects_wall(b->fx).ms);
    return store_run(b->store, q);
}

static void accepted(struct bench *b, struct session_parcel *p, int64_t actual_g)
{
    bool more = b->ask.number != 0;
    err_t e = rows_set_weight(b, p, actual_g);
    ask_drop(b);
    b->scale_used = actual_g > 0;
    if (e) {
        session_failed(b, e);
        return;
    }
    bench_tone(b, HAL_LIGHT_GREEN, HAL_TONE_LINE_DONE);
    if (more)
        pack_next_parcel(b);
    else
        pack_close(b);
}

static void say_mismatch(struct bench *b, int64_t expected_g, int64_t actual_g)
{
    char want[24], is[24];
    (void)snprintf(want, sizeof want, "%lld", (long long)expected_g);
    (void)snprintf(is, sizeof is, "%lld", (long long)actual_g);
    b->ask.weight_g = actual_g;
    block_refuse(b, say2("bench.weight_differs", is, want), say("bench.weight_step"), SLICE_NONE);
}

static void judge(struct bench *b, struct session_parcel *p, int64_t actual_g)
{
    char unknown[SKU_CAP] = "";
    int64_t expected_g = 0;
    err_t e = ERR_OK;
    if (!expected_weight(b, p, &expected_g, unknown)) {
        b->notice = say1("bench.weight_unknown", unknown);
        accepted(b, p, actual_g);
        return;
    }
    bool off = differs(&b->config->site.packing, expected_g, actual_g);
    e = keep(b, p, expected_g, actual_g, off ? "differs" : "fits");
    if (e)
        session_failed(b, e);
    else if (off)
        say_mismatch(b, expected_g, actual_g);
    else
        accepted(b, p, actual_g);
}

/* The scale said something. */
void weigh_look(struct bench *b)
{
    struct scale_weight w = {.state = SCALE_ABSENT};
    struct session_parcel *p = session_open_parcel(b);
    bool there = b->orders.weigh && b->orders.weigh(b->orders.ctx, &w);
    if (w.state == SCALE_STABLE && w.mg <= EMPTY_MG) b->scale_used = false;
    if (b->ask.kind != ASK_WEIGHT || b->block.kind != BLOCK_NONE || !p) return;
    int64_t g = (w.mg + 500) / 1000;
    if (!there || w.state == SCALE_ABSENT) {
        b->notice = say("bench.no_scale");
        bench_story(b, "weight.unchecked", "no scale");
        accepted(b, p, 0);
    } else if (w.state == SCALE_STABLE && w.mg > EMPTY_MG && !b->scale_used && !w.net &&
               g != b->ask.weight_g) {
        judge(b, p, g);
    }
}

bool weigh_wants(struct bench *b, const struct session_parcel *p, bool more)
{
    if (!b->config->site.packing.weigh || p->weighed) return false;
    ask_weight(b, more);
    weigh_look(b);
    return true;
}

/* A difference that the packer answers for is the lead's to see. */
void weigh_override(struct bench *b)
{
    char object[OBJECT_CAP], text[SAY_CAP], unknown[SKU_CAP];
    struct session_parcel *p = session_open_parcel(b);
    int64_t expected_g = 0, actual_g = b->ask.weight_g;
    if (!p || !expected_weight(b, p, &expected_g, unknown)) return;
    (void)snprintf(object, sizeof object, "order %s", b->order.reference);
    (void)snprintf(text, sizeof text, "box weighs %lld g instead of %lld g and went all the same",
                   (long long)actual_g, (long long)expected_g);
    struct exception_spec spec = {.rule = "weight.overridden",
                                  .origin = "station",
                                  .owner = "lead",
                                  .object = object,
                                  .text = text,
                                  .next_step = "look into the box, or correct the product's weight",
                                  .consignment_id = b->order.id};
    err_t e = exception_raise(b->store, effects_wall(b->fx), &spec, NULL);
    if (!e) e = keep(b, p, expected_g, actual_g, "overridden");
    if (e) {
        session_failed(b, e);
        return;
    }
    bench_story(b, "weight.overridden", text);
    block_clear(b);
    accepted(b, p, actual_g);
}
