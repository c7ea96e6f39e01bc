#include <string.h>

#include "firmware/base/digest.h"
#include "firmware/catalogue/catalogue.h"

/* -------------------------------------------------------------------------------- consignment --
 */

struct text_column {
    size_t offset;
    size_t cap;
};
#define TEXT(member)                                                                               \
    {                                                                                              \
        offsetof(struct consignment, member), sizeof((struct consignment){0}.member)               \
    }

/* In the order of the columns that SQL_CONSIGNMENT selects. */
static const struct text_column consignment_texts[] = {
    TEXT(clarus_id),     TEXT(reference),     TEXT(account_code), TEXT(warehouse_id),
    TEXT(clarus_status), TEXT(channel),       TEXT(shop_order),   TEXT(carrier_id),
    TEXT(carrier_name),  TEXT(service_id),    TEXT(service_name), TEXT(promised_service),
    TEXT(packing_note),  TEXT(delivery_note), TEXT(gift_message), TEXT(customer_note),
    TEXT(notes_source),  TEXT(hold_rule),     TEXT(hold_text),    TEXT(digest),
};
#define TEXT_COUNT ((int)(sizeof consignment_texts / sizeof consignment_texts[0]))

#define SQL_CONSIGNMENT                                                                            \
    "SELECT clarus_id, reference, account_code, warehouse_id, clarus_status, channel, "            \
    "shop_order, "                                                                                 \
    "carrier_id, carrier_name, service_id, service_name, promised_service, "                       \
    "trim(packing_note || char(10) || shop_packing_note, char(10)), "                              \
    "trim(delivery_note || char(10) || shop_delivery_note, char(10)), gift_message, "              \
    "customer_note, notes_source, hold_rule, hold_text, digest, "                                  \
    "id, priority, dispatch_due, state, claimed, seen_at, checked_at "                             \
    "FROM consignment WHERE id = ?1"

static void consignment_from_row(sqlite3_stmt *q, struct consignment *out)
{
    for (int i = 0; i < TEXT_COUNT; i++) {
        const struct text_column *t = &consignment_texts[i];
        store_text(q, i, (char *)out + t->offset, t->cap);
    }
    out->id = store_int(q, TEXT_COUNT);
    out->priority = store_int(q, TEXT_COUNT + 1);
    out->dispatch_due = store_int(q, TEXT_COUNT + 2);
    out->state = (enum consignment_state)store_int(q, TEXT_COUNT + 3);
    out->claimed = store_int(q, TEXT_COUNT + 4) != 0;
    out->seen_at = store_int(q, TEXT_COUNT + 5);
    out->checked_at = store_int(q, TEXT_COUNT + 6);
}

err_t catalogue_consignment(struct store *st, int64_t id, struct consignment *out)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(st, SQL_CONSIGNMENT, &q);
    if (e) return e;
    store_bind_int(q, 1, id);
    bool row = false;
    e = store_step(st, q, &row);
    if (e) return e;
    if (!row) return ERR_NOTFOUND;
    consignment_from_row(q, out);
    return ERR_OK;
}

err_t catalogue_by_clarus_id(struct store *st, const char *clarus_id, int64_t *out_id)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(st, "SELECT id FROM consignment WHERE clarus_id = ?1", &q);
    if (e) return e;
    store_bind_text(q, 1, clarus_id);
    bool row = false;
    e = store_step(st, q, &row);
    if (e) return e;
    if (!row) return ERR_NOTFOUND;
    *out_id = store_int(q, 0);
    return ERR_OK;
}

/* -------------------------------------------------------------------------------------- lines --
 */

/* What one of `unit` holds, by the barcodes of the product and by the order itself. They must
 * agree; zero when they do not, or when neither says anything. */
static qty_t unit_factor(const struct line *l, int64_t barcode_low, int64_t barcode_high)
{
    if (strcmp(l->unit, "unit") == 0) return QTY_UNITS(1);
    bool known = barcode_low > 0 && barcode_low == barcode_high;
    if (barcode_low != barcode_high) return QTY_ZERO;
    qty_t by_barcode = {known ? barcode_low : 0};
    if (l->units.milli <= 0) return by_barcode;
    /* ordered and units are both below 2^40, the product of ordered and 1000 below 2^50. */
    int64_t scaled = l->ordered.milli * 1000;
    if (scaled % l->units.milli != 0) return QTY_ZERO;
    int64_t by_order = scaled / l->units.milli;
    if (known && by_order != barcode_low) return QTY_ZERO;
    return (qty_t){by_order};
}

static void line_from_row(sqlite3_stmt *q, struct line *out)
{
    *out = (struct line){
        .id = store_int(q, 0),
        .product_id = store_int(q, 2),
        .ordered.milli = store_int(q, 5),
        .picked.milli = store_int(q, 6),
        .dispatched.milli = store_int(q, 7),
        .shorted.milli = store_int(q, 8),
        .cancelled.milli = store_int(q, 9),
        .units.milli = store_int(q, 11),
    };
    store_text(q, 1, out->clarus_line_id, sizeof out->clarus_line_id);
    store_text(q, 3, out->sku, sizeof out->sku);
    store_text(q, 4, out->description, sizeof out->description);
    store_text(q, 10, out->unit, sizeof out->unit);
    store_text(q, 12, out->shop_line, sizeof out->shop_line);
    out->unit_factor = unit_factor(out, store_int(q, 13), store_int(q, 14));
}

err_t catalogue_lines(struct store *st, int64_t consignment_id, struct line *out, size_t cap,
                      size_t *out_count)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(
        st,
        "SELECT l.id, l.clarus_line_id, l.product_id, l.sku, p.description, l.ordered, l.picked, "
        "l.dispatched, l.short, l.cancelled, l.unit, l.units, l.shop_line, "
        "(SELECT min(factor) FROM barcode WHERE product_id = l.product_id AND level = l.unit AND "
        "factor > 0), "
        "(SELECT max(factor) FROM barcode WHERE product_id = l.product_id AND level = l.unit AND "
        "factor > 0) "
        "FROM line l LEFT JOIN product p ON p.id = l.product_id "
        "WHERE l.consignment_id = ?1 ORDER BY l.position, l.id",
        &q);
    if (e) return e;
    store_bind_int(q, 1, consignment_id);
    size_t count = 0;
    for (;;) {
        bool row = false;
        e = store_step(st, q, &row);
        if (e) return e;
        if (!row) break;
        if (count < cap) line_from_row(q, &out[count]);
        count++;
    }
    *out_count = count;
    return ERR_OK;
}

/* ------------------------------------------------------------------------------------- ledger --
 */

/* Goods that left by a dispatch of ours, whatever became of telling it: all but pulled and
 * recalled, whose goods are back. */
#define OURS                                                                                       \
    "(SELECT coalesce(sum(i.quantity), 0) FROM dispatch_item i JOIN dispatch d ON d.id = "         \
    "i.dispatch_id WHERE i.line_id = l.id AND d.state NOT IN (4, 6))"

struct ledger {
    int64_t ordered, picked, sent, shorted, cancelled;
};

static void ledger_from_row(sqlite3_stmt *q, struct ledger *out)
{
    int64_t by_clarus = store_int(q, 2);
    int64_t ours = store_int(q, 5);
    *out = (struct ledger){
        .ordered = store_int(q, 0),
        .picked = store_int(q, 1),
        .sent = ours > by_clarus ? ours : by_clarus,
        .shorted = store_int(q, 3),
        .cancelled = store_int(q, 4),
    };
}

#define LEDGER_COLUMNS "l.ordered, l.picked, l.dispatched, l.short, l.cancelled, " OURS

static int64_t outstanding_of(const struct ledger *l)
{
    int64_t rest = l->ordered - l->sent - l->shorted - l->cancelled;
    return rest > 0 ? rest : 0;
}

err_t catalogue_outstanding(struct store *st, int64_t line_id, qty_t *out_to_pack,
                            qty_t *out_outstanding)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(st, "SELECT " LEDGER_COLUMNS " FROM line l WHERE l.id = ?1", &q);
    if (e) return e;
    store_bind_int(q, 1, line_id);
    bool row = false;
    e = store_step(st, q, &row);
    if (e) return e;
    if (!row) return ERR_NOTFOUND;
    struct ledger l;
    ledger_from_row(q, &l);
    int64_t outstanding = outstanding_of(&l);
    int64_t at_hand = l.picked > l.sent ? l.picked - l.sent : 0;
    out_outstanding->milli = outstanding;
    out_to_pack->milli = at_hand < outstanding ? at_hand : outstanding;
    return ERR_OK;
}

err_t catalogue_is_complete(struct store *st, int64_t consignment_id, bool *out_complete)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e =
        store_prepare(st, "SELECT " LEDGER_COLUMNS " FROM line l WHERE l.consignment_id = ?1", &q);
    if (e) return e;
    store_bind_int(q, 1, consignment_id);
    size_t lines = 0;
    bool complete = true;
    for (;;) {
        bool row = false;
        e = store_step(st, q, &row);
        if (e) return e;
        if (!row) break;
        struct ledger l;
        ledger_from_row(q, &l);
        if (outstanding_of(&l) > 0) complete = false;
        lines++;
    }
    *out_complete = complete && lines > 0;
    return ERR_OK;
}

err_t catalogue_order_ledger(struct store *st, const char *channel, const char *shop_order,
                             struct ledger_line *out, size_t cap, size_t *out_count)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(st,
                            "SELECT " LEDGER_COLUMNS ", l.sku, l.shop_line FROM consignment c JOIN "
                            "line l ON l.consignment_id = c.id WHERE c.shop_order = ?1 AND "
                            "c.channel = ?2 ORDER BY l.id",
                            &q);
    if (e) return e;
    store_bind_text(q, 1, shop_order);
    store_bind_text(q, 2, channel);
    *out_count = 0;
    for (;;) {
        bool row = false;
        e = store_step(st, q, &row);
        if (e || !row) return e;
        struct ledger l;
        ledger_from_row(q, &l);
        if ((*out_count)++ >= cap) continue;
        struct ledger_line *o = &out[*out_count - 1];
        *o = (struct ledger_line){.outstanding.milli = outstanding_of(&l),
                                  .closed.milli = l.shorted + l.cancelled};
        store_text(q, 6, o->sku, sizeof o->sku);
        store_text(q, 7, o->shop_line, sizeof o->shop_line);
    }
}

/* ------------------------------------------------------------------------------------- digest --
 */

#define DIGEST_TEXT_MAX (1u << 20) /* two notes and an address of 64 KB, thousands of lines */

/* Each value with its length before it: no text can imitate the start of the next value. */
static void put_value(struct buf *b, struct slice value)
{
    buf_printf(b, "%zu:", value.len);
    buf_put(b, value);
    buf_byte(b, '\n');
}

static err_t put_row_values(struct store *st, sqlite3_stmt *q, int columns, struct buf *b,
                            bool *out_row)
{
    err_t e = store_step(st, q, out_row);
    if (e || !*out_row) return e;
    for (int i = 0; i < columns; i++) {
        put_value(b, store_blob(q, i));
    }
    return ERR_OK;
}

static err_t put_head(struct store *st, int64_t consignment_id, struct buf *b)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(st,
                            "SELECT recipient, packing_note, delivery_note, carrier_id, service_id "
                            "FROM consignment WHERE id = ?1",
                            &q);
    if (e) return e;
    store_bind_int(q, 1, consignment_id);
    bool row = false;
    e = put_row_values(st, q, 5, b, &row);
    if (e) return e;
    return row ? ERR_OK : ERR_NOTFOUND;
}

static err_t put_lines(struct store *st, int64_t consignment_id, struct buf *b)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(
        st,
        "SELECT clarus_line_id, sku, CAST(ordered - cancelled AS TEXT), unit FROM line "
        "WHERE consignment_id = ?1 ORDER BY clarus_line_id",
        &q);
    if (e) return e;
    store_bind_int(q, 1, consignment_id);
    bool row = true;
    while (e == ERR_OK && row) {
        e = put_row_values(st, q, 4, b, &row);
    }
    return e;
}

err_t catalogue_digest(struct store *st, int64_t consignment_id, char out[65])
{
    struct buf b = buf_new(DIGEST_TEXT_MAX);
    err_t e = put_head(st, consignment_id, &b);
    if (e == ERR_OK) e = put_lines(st, consignment_id, &b);
    if (e == ERR_OK && b.overflow) e = ERR_NOSPACE;
    if (e == ERR_OK) e = digest_hex(buf_slice(&b), out);
    buf_deinit(&b);
    return e;
}
