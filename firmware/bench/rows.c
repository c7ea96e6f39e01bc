/* rows.c - the session's rows in the store: bench, parcel, parcel_item, shipment. */
#include "firmware/bench/session.h"

#include <string.h>

#include "firmware/base/json.h"

/* Parcels of an order that belong to no standing dispatch. A recalled or pulled one counts no more.
 */
#define LIVE_PARCELS                                                                               \
    " FROM parcel p WHERE p.consignment_id = ?1 AND p.state <> 5 AND NOT EXISTS (SELECT 1 FROM "   \
    "dispatch d WHERE d.consignment_id = p.consignment_id AND d.shipment_id = p.shipment_id AND "  \
    "d.state NOT IN (4, 6))"

/* Runs one statement with up to three integers. */
static err_t run3(struct bench *b, const char *sql, int64_t a, int64_t c, int64_t d)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_begin(b->store);
    if (!e) e = store_prepare(b->store, sql, &q);
    if (e) return e;
    int count = sqlite3_bind_parameter_count(q);
    store_bind_int(q, 1, a);
    if (count >= 2) store_bind_int(q, 2, c);
    if (count >= 3) store_bind_int(q, 3, d);
    return store_run(b->store, q);
}

/* ----------------------------------------------------------------------------- the bench row -- */

static void say_write(struct json_writer *w, const char *name, const struct say *s)
{
    json_open_array(w, name);
    json_put_text(w, NULL, s->key);
    for (size_t i = 0; i < SAY_ARGS; i++)
        json_put_text(w, NULL, s->arg[i]);
    json_close_array(w);
}

static void say_read(json_node n, struct say *out)
{
    *out = say("");
    json_node at = json_first(n);
    slice_copy_cut(json_text(at), out->key, sizeof out->key);
    for (size_t i = 0; i < SAY_ARGS && at; i++) {
        at = json_next(at);
        slice_copy_cut(json_text(at), out->arg[i], sizeof out->arg[i]);
    }
}

static void block_write(struct buf *out, const struct block *block)
{
    if (block->kind == BLOCK_NONE) return;
    struct json_writer w = json_write(out);
    json_open_object(&w, NULL);
    json_put_int(&w, "kind", block->kind);
    json_put_int(&w, "after", block->after);
    json_put_bool(&w, "take_over", block->may_take_over);
    json_put_text(&w, "scanned", block->scanned);
    say_write(&w, "headline", &block->headline);
    say_write(&w, "detail", &block->detail);
    say_write(&w, "next_step", &block->next_step);
    json_close_object(&w);
}

static void block_read(struct slice text, struct block *out)
{
    memset(out, 0, sizeof *out);
    AUTO_JSON struct json_doc *doc = NULL;
    if (text.len == 0 || json_parse(text, &doc, NULL)) return;
    json_node root = json_root(doc);
    int64_t kind = 0, after = 0;
    if (json_int(json_member(root, "kind"), BLOCK_NONE, BLOCK_STOP, &kind)) return;
    if (json_int(json_member(root, "after"), AFTER_GO_ON, AFTER_CARD, &after)) return;
    out->kind = (enum block_kind)kind;
    out->after = (enum block_after)after;
    out->may_take_over = json_bool(json_member(root, "take_over"), false);
    slice_copy_cut(json_text(json_member(root, "scanned")), out->scanned, sizeof out->scanned);
    say_read(json_member(root, "headline"), &out->headline);
    say_read(json_member(root, "detail"), &out->detail);
    say_read(json_member(root, "next_step"), &out->next_step);
}

static void last_write(struct buf *out, const struct bench *b)
{
    struct json_writer w = json_write(out);
    json_open_object(&w, NULL);
    json_put_text(&w, "reference", b->last_reference);
    json_put_int(&w, "at", b->last_saved_at);
    json_put_int(&w, "parcels", (int64_t)b->last_parcels);
    json_put_text(&w, "service", b->last_service);
    json_close_object(&w);
}

static void last_read(struct slice text, struct bench *b)
{
    AUTO_JSON struct json_doc *doc = NULL;
    if (text.len == 0 || json_parse(text, &doc, NULL)) return;
    json_node root = json_root(doc);
    int64_t parcels = 0;
    slice_copy_cut(json_text(json_member(root, "reference")), b->last_reference,
                   sizeof b->last_reference);
    slice_copy_cut(json_text(json_member(root, "service")), b->last_service,
                   sizeof b->last_service);
    if (json_int(json_member(root, "at"), 0, INT64_MAX / 2, &b->last_saved_at))
        b->last_saved_at = 0;
    if (!json_int(json_member(root, "parcels"), 0, PARCELS_MAX, &parcels))
        b->last_parcels = (size_t)parcels;
}

err_t rows_save_bench(struct bench *b)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_begin(b->store);
    if (!e)
        e = store_prepare(
            b->store,
            "UPDATE bench SET packer = ?1, consignment_id = ?2, phase = ?3, shipment_id = ?4, "
            "acknowledged = ?5, block = ?6, last_saved = ?7, list = ?8 WHERE id = 1 AND (packer, "
            "consignment_id, phase, shipment_id, acknowledged, block, last_saved, list) IS NOT "
            "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            &q);
    if (e) return e;
    uint8_t block_room[4096], last_room[512];
    struct buf block = buf_over(block_room, sizeof block_room),
               last = buf_over(last_room, sizeof last_room);
    block_write(&block, &b->block);
    last_write(&last, b);
    store_bind_text(q, 1, b->packer);
    if (b->open) store_bind_int(q, 2, b->order.id);
    store_bind_int(q, 3, b->phase);
    if (b->shipment.id) store_bind_int(q, 4, b->shipment.id);
    store_bind_int(q, 5, b->acknowledged);
    store_bind_slice(q, 6, block.overflow ? SLICE_NONE : buf_slice(&block));
    store_bind_slice(q, 7, buf_slice(&last));
    store_bind_text(q, 8, b->list);
    return store_run(b->store, q);
}

err_t rows_load_bench(struct bench *b)
{
    int64_t consignment = 0;
    {
        AUTO_STMT sqlite3_stmt *q = NULL;
        bool row = false;
        err_t e =
            store_prepare(b->store,
                          "SELECT packer, consignment_id, phase, acknowledged, block, last_saved, "
                          "list FROM bench WHERE id = 1",
                          &q);
        if (!e) e = store_step(b->store, q, &row);
        if (e) return e;
        if (!row) return ERR_CORRUPT;
        store_text(q, 0, b->packer, sizeof b->packer);
        consignment = store_int(q, 1);
        int64_t phase = store_int(q, 2);
        b->phase =
            phase >= PHASE_IDLE && phase <= PHASE_SAVED ? (enum bench_phase)phase : PHASE_IDLE;
        b->acknowledged = (unsigned)store_int(q, 3);
        block_read(store_blob(q, 4), &b->block);
        last_read(store_blob(q, 5), b);
        store_text(q, 6, b->list, sizeof b->list);
    }
    if (consignment) return rows_load_order(b, consignment);
    b->phase = PHASE_IDLE;
    return ERR_OK;
}

/* --------------------------------------------------------------------------------- the order -- */

static err_t load_lines(struct bench *b)
{
    static const size_t cap = LINES_MAX;
    struct line lines[LINES_MAX];
    size_t count = 0;
    err_t e = catalogue_lines(b->store, b->order.id, lines, cap, &count);
    if (e) return e;
    if (count > cap) return ERR_NOSPACE;
    b->line_count = count;
    for (size_t i = 0; i < count; i++) {
        struct session_line *l = &b->lines[i];
        *l = (struct session_line){.line = lines[i]};
        e = catalogue_outstanding(b->store, lines[i].id, &l->to_pack, &l->outstanding);
        if (e) return e;
    }
    return rows_load_packs(b);
}

static err_t load_carrier(struct bench *b)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(b->store, "SELECT carrier_code FROM consignment WHERE id = ?1", &q);
    if (e) return e;
    store_bind_int(q, 1, b->order.id);
    e = store_step(b->store, q, &row);
    if (!e && row) store_text(q, 0, b->carrier_code, sizeof b->carrier_code);
    return e;
}

err_t rows_load_order(struct bench *b, int64_t consignment_id)
{
    err_t e = catalogue_consignment(b->store, consignment_id, &b->order);
    if (!e) e = load_lines(b);
    if (!e) e = rows_load_shorts(b);
    if (!e) e = load_carrier(b);
    if (!e) e = rows_load_about(b);
    if (!e) e = rows_load_parcels(b);
    if (!e) e = rows_trace_any(b);
    if (e) return e;
    b->open = true;
    b->current_line = b->pulse_line = b->line_count;
    b->undo_count = 0;
    return ERR_OK;
}

static void read_parcel(sqlite3_stmt *q, struct session_parcel *p)
{
    *p = (struct session_parcel){.id = store_int(q, 0), .shipment_id = store_int(q, 1)};
    p->number = (int)store_int(q, 2);
    p->state = (enum parcel_state)store_int(q, 3);
    store_text(q, 4, p->packaging, sizeof p->packaging);
    store_text(q, 5, p->tracking, sizeof p->tracking);
    p->prints = store_int(q, 6);
    store_text(q, 7, p->packaging_name, sizeof p->packaging_name);
    p->weighed = store_int(q, 8) > 0;
}

static err_t load_parcel_rows(struct bench *b)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(
        b->store,
        "SELECT p.id, p.shipment_id, p.number, p.state, p.packaging, p.tracking, p.prints, "
        "(SELECT name FROM packaging k WHERE k.code = p.packaging), p.weight_g" LIVE_PARCELS
        " ORDER BY p.number",
        &q);
    if (e) return e;
    store_bind_int(q, 1, b->order.id);
    b->parcel_count = 0;
    for (bool row = true;
         !(e = store_step(b->store, q, &row)) && row && b->parcel_count < PARCELS_MAX;)
        read_parcel(q, &b->parcels[b->parcel_count++]);
    return e;
}

static void add_packed(struct bench *b, int64_t line_id, qty_t quantity)
{
    for (size_t i = 0; i < b->line_count; i++)
        if (b->lines[i].line.id == line_id) b->lines[i].packed.milli += quantity.milli;
}

static err_t load_items(struct bench *b, struct session_parcel *p)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(b->store,
                            "SELECT line_id, quantity FROM parcel_item WHERE parcel_id = ?1", &q);
    if (e) return e;
    store_bind_int(q, 1, p->id);
    for (bool row = true; !(e = store_step(b->store, q, &row)) && row;) {
        qty_t quantity = {store_int(q, 1)};
        p->units.milli += quantity.milli;
        add_packed(b, store_int(q, 0), quantity);
    }
    return e;
}

static err_t load_shipment(struct bench *b)
{
    memset(&b->shipment, 0, sizeof b->shipment);
    int64_t id = 0;
    for (size_t i = 0; i < b->parcel_count; i++)
        if (b->parcels[i].shipment_id) id = b->parcels[i].shipment_id;
    if (!id) return ERR_OK;
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(
        b->store,
        "SELECT id, key, state, service_bought, note_sent, refusal FROM shipment WHERE id = ?1",
        &q);
    if (e) return e;
    store_bind_int(q, 1, id);
    e = store_step(b->store, q, &row);
    if (e || !row) return e ? e : ERR_CORRUPT;
    struct session_shipment *s = &b->shipment;
    s->id = store_int(q, 0);
    store_text(q, 1, s->key, sizeof s->key);
    s->state = (enum shipment_state)store_int(q, 2);
    store_text(q, 3, s->service_bought, sizeof s->service_bought);
    s->note_sent = store_int(q, 4) != 0;
    store_text(q, 5, s->refusal, sizeof s->refusal);
    return ERR_OK;
}

err_t rows_load_parcels(struct bench *b)
{
    for (size_t i = 0; i < b->line_count; i++)
        b->lines[i].packed = QTY_ZERO;
    err_t e = load_parcel_rows(b);
    for (size_t i = 0; !e && i < b->parcel_count; i++)
        e = load_items(b, &b->parcels[i]);
    return e ? e : load_shipment(b);
}

err_t rows_opened(struct bench *b, const char *digest, bool claimed)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_begin(b->store);
    if (!e)
        e = store_prepare(
            b->store,
            "UPDATE consignment SET digest = ?1, claimed = ?2, state = ?3, hold_rule = '', "
            "hold_text = '' WHERE id = ?4",
            &q);
    if (e) return e;
    store_bind_text(q, 1, digest);
    store_bind_int(q, 2, claimed);
    store_bind_int(q, 3, CONSIGNMENT_PACKING);
    store_bind_int(q, 4, b->order.id);
    e = store_run(b->store, q);
    if (e) return e;
    b->order.claimed = claimed;
    b->order.state = CONSIGNMENT_PACKING;
    return slice_copy(slice_text(digest), b->order.digest, sizeof b->order.digest);
}

/* ----------------------------------------------------------------------------------- parcels -- */

err_t rows_add_parcel(struct bench *b)
{
    if (b->parcel_count == PARCELS_MAX) return ERR_NOSPACE;
    err_t e = run3(b,
                   "INSERT INTO parcel (consignment_id, number) VALUES (?1, (SELECT "
                   "coalesce(max(number), 0) + 1 "
                   "FROM parcel WHERE consignment_id = ?1 AND state <> 5))",
                   b->order.id, 0, 0);
    return e ? e : rows_load_parcels(b);
}

err_t rows_set_parcel_state(struct bench *b, struct session_parcel *p, enum parcel_state state)
{
    err_t e = run3(b, "UPDATE parcel SET state = ?1 WHERE id = ?2", state, p->id, 0);
    if (!e) p->state = state;
    return e;
}

err_t rows_set_packaging(struct bench *b, struct session_parcel *p,
                         const struct packaging *packaging)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_begin(b->store);
    if (!e)
        e = store_prepare(b->store,
                          "UPDATE parcel SET clarus_id = CASE packaging WHEN ?1 THEN clarus_id "
                          "ELSE '' END, packaging = ?1 WHERE id = ?2",
                          &q);
    if (e) return e;
    store_bind_text(q, 1, packaging->code);
    store_bind_int(q, 2, p->id);
    e = store_run(b->store, q);
    if (e) return e;
    memcpy(p->packaging, packaging->code, sizeof p->packaging);
    memcpy(p->packaging_name, packaging->name, sizeof p->packaging_name);
    return ERR_OK;
}

/* The package at Clarus is made anew when its weight is another. */
err_t rows_set_weight(struct bench *b, struct session_parcel *p, int64_t weight_g)
{
    err_t e = run3(b,
                   "UPDATE parcel SET clarus_id = CASE weight_g WHEN ?1 THEN clarus_id ELSE '' "
                   "END, weight_g = ?1 WHERE id = ?2",
                   weight_g, p->id, 0);
    if (!e) p->weighed = weight_g > 0 || b->ask.kind == ASK_WEIGHT;
    return e;
}

err_t rows_count(struct bench *b, const struct session_parcel *p, int64_t line_id, qty_t quantity)
{
    err_t e = run3(b,
                   "INSERT INTO parcel_item (parcel_id, line_id, quantity) VALUES (?1, ?2, ?3) "
                   "ON CONFLICT DO UPDATE SET quantity = quantity + excluded.quantity",
                   p->id, line_id, quantity.milli);
    if (!e && quantity.milli < 0)
        e = run3(b,
                 "DELETE FROM parcel_item WHERE parcel_id = ?1 AND line_id = ?2 AND quantity <= 0",
                 p->id, line_id, 0);
    return e ? e : rows_load_parcels(b);
}

err_t rows_empty_parcel(struct bench *b, const struct session_parcel *p)
{
    err_t e = run3(b, "DELETE FROM parcel_item WHERE parcel_id = ?1", p->id, 0, 0);
    return e ? e : rows_load_parcels(b);
}

err_t rows_drop_parcel(struct bench *b, const struct session_parcel *p)
{
    err_t e = run3(b, "DELETE FROM parcel WHERE id = ?1 AND state = 0", p->id, 0, 0);
    return e ? e : rows_load_parcels(b);
}

err_t rows_printing(struct bench *b, struct session_parcel *p)
{
    err_t e = run3(b, "UPDATE parcel SET prints = prints + 1 WHERE id = ?1", p->id, 0, 0);
    if (!e) p->prints++;
    return e;
}

err_t rows_labelled(struct bench *b, int64_t shipment_id)
{
    err_t e = run3(b, "UPDATE parcel SET state = 2 WHERE shipment_id = ?1 AND state = 1",
                   shipment_id, 0, 0);
    return e || !b->open ? e : rows_load_parcels(b);
}

err_t rows_void_parcels(struct bench *b)
{
    err_t e = ERR_OK;
    for (size_t i = 0; !e && i < b->parcel_count; i++)
        e = run3(b, "UPDATE parcel SET state = 5 WHERE id = ?1", b->parcels[i].id, 0, 0);
    return e ? e : rows_load_parcels(b);
}

err_t rows_unbind_parcels(struct bench *b)
{
    err_t e = ERR_OK;
    for (size_t i = 0; !e && i < b->parcel_count; i++) {
        e = run3(b, "DELETE FROM label WHERE parcel_id = ?1", b->parcels[i].id, 0, 0);
        if (!e)
            e = run3(b,
                     "UPDATE parcel SET shipment_id = NULL, clarus_id = '', tracking = '', prints "
                     "= 0, state = min(state, 1) WHERE id = ?1",
                     b->parcels[i].id, 0, 0);
    }
    return e ? e : rows_load_parcels(b);
}

/* ---------------------------------------------------------------------------------- shipment -- */

err_t rows_new_shipment(struct bench *b)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    char key[KEY_CAP];
    err_t e = store_begin(b->store);
    if (!e) e = store_key_next(b->store, key);
    if (!e)
        e = store_prepare(b->store,
                          "INSERT INTO shipment (key, consignment_id, made_at) VALUES (?1, ?2, ?3)",
                          &q);
    if (e) return e;
    store_bind_text(q, 1, key);
    store_bind_int(q, 2, b->order.id);
    store_bind_int(q, 3, effects_wall(b->fx).ms);
    e = store_run(b->store, q);
    if (e) return e;
    b->shipment = (struct session_shipment){.id = store_last_id(b->store)};
    memcpy(b->shipment.key, key, sizeof key);
    return rows_bind_parcels(b);
}

err_t rows_bind_parcels(struct bench *b)
{
    int64_t shipment = b->shipment.id;
    err_t e = ERR_OK;
    for (size_t i = 0; !e && i < b->parcel_count; i++)
        if (!b->parcels[i].shipment_id)
            e = run3(b, "UPDATE parcel SET shipment_id = ?1 WHERE id = ?2", shipment,
                     b->parcels[i].id, 0);
    return e ? e : rows_load_parcels(b);
}
