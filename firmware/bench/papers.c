/* papers.c - our own papers: gift note, packing slip, parcel tag, hold tag. What is wanted is in
 * the store until it came out, so that an end loses none; papers of an order that has left the
 * bench are wanted no more, except the tag on a box that stands aside. */
#include "firmware/bench/session.h"

#include <stdio.h>
#include <string.h>

#include "firmware/base/mem.h"
#include "firmware/bench/command_list.h"

struct wanted {
    int64_t id;
    enum paper_kind kind;
    int64_t consignment_id;
    int64_t parcel_id;
    int64_t at;
};

void papers_want(struct bench *b, enum paper_kind kind, int64_t parcel_id)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_begin(b->store);
    if (!e)
        e = store_prepare(b->store,
                          "INSERT INTO paper (kind, consignment_id, parcel_id, at) VALUES (?1, ?2, "
                          "?3, ?4) ON CONFLICT DO NOTHING",
                          &q);
    if (e) {
        session_failed(b, e);
        return;
    }
    store_bind_int(q, 1, kind);
    store_bind_int(q, 2, b->order.id);
    store_bind_int(q, 3, parcel_id);
    store_bind_int(q, 4, effects_wall(b->fx).ms);
    e = store_run(b->store, q);
    if (e)
        session_failed(b, e);
    else
        b->papers_wanted = true;
}

static err_t run(struct bench *b, const char *sql, int64_t a, int64_t c)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_begin(b->store);
    if (!e) e = store_prepare(b->store, sql, &q);
    if (e) return e;
    store_bind_int(q, 1, a);
    if (sqlite3_bind_parameter_count(q) >= 2) store_bind_int(q, 2, c);
    return store_run(b->store, q);
}

static err_t forget(struct bench *b, int64_t id)
{
    return run(b, "DELETE FROM paper WHERE id = ?1", id, 0);
}

static err_t set_begun(struct bench *b, int64_t id, bool begun)
{
    return run(b, "UPDATE paper SET begun = ?2 WHERE id = ?1", id, begun);
}

void papers_forget_order(struct bench *b, int64_t consignment_id, bool tags_too)
{
    err_t e = run(b, "DELETE FROM paper WHERE consignment_id = ?1 AND kind <> ?2", consignment_id,
                  tags_too ? -1 : PAPER_HOLD_TAG);
    if (e) session_failed(b, e);
}

/* A printer that was off prints nothing of yesterday, and no paper comes out twice unasked. */
void papers_restore(struct bench *b)
{
    int64_t here = b->open ? b->order.id : 0;
    b->papers_wanted = true;
    err_t e = run(b, "DELETE FROM paper WHERE id > 0 AND kind <> ?1 AND consignment_id <> ?2",
                  PAPER_HOLD_TAG, here);
    if (!e) e = run(b, "DELETE FROM paper WHERE id > 0 AND begun = ?1", 1, 0);
    if (!e && store_changes(b->store) > 0) b->notice = say("bench.paper_unknown");
    if (e) log_event(b->log, LOG_WARN, "paper.not_tidied", "error=%s", err_name(e));
}

bool papers_any(const struct bench *b)
{
    const struct config_packing *set = &b->config->site.packing;
    bool closed = b->parcel_count > 1 || (b->parcel_count == 1 && !session_open_parcel(b));
    return (set->gift_note && b->order.gift_message[0]) || (set->packing_slip && closed) ||
           (set->parcel_tags && b->parcel_count > 1);
}

void papers_again(struct bench *b)
{
    const struct config_packing *set = &b->config->site.packing;
    if (set->gift_note && b->order.gift_message[0]) papers_want(b, PAPER_GIFT_NOTE, 0);
    for (size_t i = 0; i < b->parcel_count; i++) {
        if (b->parcels[i].state == PARCEL_OPEN) continue;
        if (set->packing_slip) papers_want(b, PAPER_PACKING_SLIP, b->parcels[i].id);
        if (set->parcel_tags && b->parcel_count > 1)
            papers_want(b, PAPER_PARCEL_TAG, b->parcels[i].id);
    }
}

static err_t next_wanted(struct bench *b, struct wanted *out)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(b->store,
                            "SELECT id, kind, consignment_id, parcel_id, at FROM paper WHERE id = "
                            "(SELECT min(id) FROM paper)",
                            &q);
    if (e) return e;
    e = store_step(b->store, q, &row);
    if (e) return e;
    if (!row) return ERR_NOTFOUND;
    *out = (struct wanted){.id = store_int(q, 0),
                           .kind = (enum paper_kind)store_int(q, 1),
                           .consignment_id = store_int(q, 2),
                           .parcel_id = store_int(q, 3),
                           .at = store_int(q, 4)};
    return ERR_OK;
}

/* -------------------------------------------------------------------------------- contents -- */

/* "Box 1 of 2" of a parcel that counts; "" for one alone. */
static err_t box_text(struct bench *b, const struct wanted *w, char out[SAY_CAP])
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    out[0] = 0;
    err_t e = store_prepare(
        b->store,
        "SELECT sum(id <= ?2), count(*) FROM parcel WHERE consignment_id = ?1 AND state <> 5 AND "
        "id NOT IN (SELECT i.parcel_id FROM dispatch d JOIN dispatch_item i ON i.dispatch_id = "
        "d.id WHERE d.consignment_id = ?1 AND d.state NOT IN (4, 6))",
        &q);
    if (e) return e;
    store_bind_int(q, 1, w->consignment_id);
    store_bind_int(q, 2, w->parcel_id);
    e = store_step(b->store, q, &row);
    if (e || !row) return e;
    int64_t number = store_int(q, 0), count = store_int(q, 1);
    if (w->kind == PAPER_PARCEL_TAG)
        (void)snprintf(out, SAY_CAP, "Box %lld", (long long)number);
    else if (count > 1)
        (void)snprintf(out, SAY_CAP, "Box %lld of %lld", (long long)number, (long long)count);
    return ERR_OK;
}

#define SLIP_TEXT_CAP 200

struct slip {
    char texts[LINES_MAX][SLIP_TEXT_CAP];
    char counts[LINES_MAX][QTY_TEXT_CAP];
    char codes[LINES_MAX][SKU_CAP];
    struct paper_row rows[LINES_MAX];
    size_t count;
};

/* Every command as a code, for the wall. */
static void read_commands(const struct bench *b, struct slip *s)
{
    struct command_entry list[LINES_MAX];
    size_t count = command_list(list, LINES_MAX);
    for (size_t i = 0; i < count && i < LINES_MAX; i++) {
        (void)snprintf(s->codes[i], sizeof s->codes[i], "%s%s", b->config->site.command_prefix,
                       list[i].name);
        s->rows[s->count++] = (struct paper_row){.text = list[i].name, .code = s->codes[i]};
    }
}

static err_t print_commands(struct bench *b, const struct wanted *w)
{
    struct slip *s = mem_alloc(sizeof *s);
    if (!s) return ERR_NOMEM;
    read_commands(b, s);
    struct paper_fields f = {
        .title = b->config->station.bench_name, .rows = s->rows, .row_count = s->count};
    err_t e = b->orders.paper(b->orders.ctx, w->id, w->kind, &f);
    mem_free(s);
    return e;
}

/* Codes for goods whose own cannot be read: scanned, one unit of the line counts by hand. */
static err_t read_sheet(struct bench *b, const struct wanted *w, struct slip *s)
{
    if (!b->open || w->consignment_id != b->order.id) return ERR_INVALID;
    for (size_t i = 0; i < b->line_count && i < LINES_MAX; i++) {
        const struct line *l = &b->lines[i].line;
        (void)snprintf(s->codes[i], sizeof s->codes[i], "%sITEM-%zu",
                       b->config->site.command_prefix, i + 1);
        (void)snprintf(s->texts[i], sizeof s->texts[i], "%s  %s", l->sku, l->description);
        s->rows[s->count++] = (struct paper_row){.text = s->texts[i], .code = s->codes[i]};
    }
    return ERR_OK;
}

static err_t read_slip(struct bench *b, const struct wanted *w, struct slip *s)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(b->store,
                            "SELECT i.quantity, l.sku, p.description FROM parcel_item i JOIN line "
                            "l ON l.id = i.line_id LEFT JOIN product p ON p.id = l.product_id "
                            "WHERE i.parcel_id = ?1 ORDER BY l.position, l.id",
                            &q);
    if (e) return e;
    store_bind_int(q, 1, w->parcel_id);
    for (bool row = true; s->count < LINES_MAX && !(e = store_step(b->store, q, &row)) && row;) {
        size_t i = s->count++;
        (void)qty_text((qty_t){store_int(q, 0)}, s->counts[i]);
        store_text(q, 1, s->codes[i], sizeof s->codes[i]);
        store_text(q, 2, s->texts[i], sizeof s->texts[i]);
        s->rows[i] = (struct paper_row){s->counts[i], s->texts[i], s->codes[i]};
    }
    return e;
}

void papers_box_tag(const struct bench *b, int64_t parcel_id, char out[CODE_CAP])
{
    (void)snprintf(out, CODE_CAP, "TAG-%s-%lld", b->config->station.id, (long long)parcel_id);
}

static void tag_code(const struct bench *b, const struct wanted *w, const char *reference,
                     char out[CODE_CAP])
{
    if (w->kind == PAPER_PARCEL_TAG)
        papers_box_tag(b, w->parcel_id, out);
    else
        slice_copy_cut(slice_text(reference), out, CODE_CAP);
}

static err_t print_one(struct bench *b, const struct wanted *w)
{
    struct consignment *c = &b->paper_order;
    char box[SAY_CAP], code[CODE_CAP];
    if (w->kind == PAPER_COMMAND_SHEET) return print_commands(b, w);
    err_t e = catalogue_consignment(b->store, w->consignment_id, c);
    if (!e) e = box_text(b, w, box);
    if (e) return e;
    tag_code(b, w, c->reference, code);
    struct paper_fields f = {.title = box, .reference = c->reference};
    if (w->kind == PAPER_GIFT_NOTE)
        f = (struct paper_fields){.text = c->gift_message};
    else if (w->kind == PAPER_HOLD_TAG)
        f = (struct paper_fields){
            .title = "HOLD", .reference = c->reference, .line = box, .code = code};
    else if (w->kind == PAPER_PARCEL_TAG)
        f.code = code;
    if (w->kind != PAPER_PACKING_SLIP && w->kind != PAPER_PRODUCT_SHEET)
        return b->orders.paper(b->orders.ctx, w->id, w->kind, &f);
    struct slip *s = mem_alloc(sizeof *s);
    if (!s) return ERR_NOMEM;
    e = w->kind == PAPER_PACKING_SLIP ? read_slip(b, w, s) : read_sheet(b, w, s);
    f.rows = s->rows;
    f.row_count = s->count;
    if (!e) e = b->orders.paper(b->orders.ctx, w->id, w->kind, &f);
    mem_free(s);
    return e;
}

/* One at a time; the label has the printer first. What cannot be set on this paper at all is said
 * and dropped. */
void papers_print(struct bench *b)
{
    struct wanted w = {0};
    bool label = b->phase == PHASE_PRINTING && !b->print_refused;
    while (b->papers_wanted && !b->paper_printing && !label) {
        err_t e = next_wanted(b, &w);
        b->papers_wanted = e != ERR_NOTFOUND;
        if (!e) e = print_one(b, &w);
        if (e == ERR_OK) b->paper_printing = w.id;
        if (e == ERR_OK) e = set_begun(b, w.id, true);
        if (e == ERR_GONE || e == ERR_BUSY)
            b->papers_wanted = false; /* until the printer is ready */
        if (e != ERR_INVALID && e != ERR_NOSPACE) return;
        log_event(b->log, LOG_WARN, "paper.not_printed", "kind=%d error=%s", (int)w.kind,
                  err_name(e));
        b->notice = say("bench.paper_unfit");
        if (forget(b, w.id)) return;
    }
}

void papers_printed(struct bench *b, int64_t paper_id, enum print_outcome outcome)
{
    if (b->paper_printing == paper_id) b->paper_printing = 0;
    if (outcome == PRINT_REFUSED) b->papers_wanted = false; /* until the printer is ready */
    err_t e = outcome == PRINT_REFUSED ? set_begun(b, paper_id, false) : forget(b, paper_id);
    if (e) session_failed(b, e);
}
