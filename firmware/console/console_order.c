/* console_order.c - one order found by anything one might have in hand, and its whole story. No
 * recipient, no note: who only traces an order needs neither. */
#include <string.h>

#include "firmware/base/text.h"
#include "firmware/catalogue/catalogue.h"
#include "firmware/console/console_parts.h"

#define MATCHES_MAX 20
#define STORY_MAX   300

static const char find_sql[] =
    "SELECT c.id, c.reference, c.shop_order, c.state, m.how FROM ("
    "SELECT id, min(how) AS how FROM ("
    " SELECT id, 'id' AS how FROM consignment WHERE id = ?2"
    " UNION ALL SELECT id, 'reference' FROM consignment WHERE reference = ?1"
    " UNION ALL SELECT id, 'shop_order' FROM consignment WHERE shop_order = ?1"
    " UNION ALL SELECT id, 'id' FROM consignment WHERE clarus_id = ?1"
    " UNION ALL SELECT consignment_id, 'tracking' FROM parcel"
    " WHERE tracking <> '' AND tracking = ?1"
    " UNION ALL SELECT consignment_id, 'dispatch' FROM dispatch WHERE key = ?1"
    " UNION ALL SELECT consignment_id, 'shipment' FROM shipment WHERE key = ?1"
    " UNION ALL SELECT consignment_id, 'tote' FROM carrying WHERE code = ?1"
    " UNION ALL SELECT consignment_id, 'sku' FROM line WHERE sku = ?1"
    " UNION ALL SELECT consignment_id, 'sku' FROM line WHERE product_id = ?3"
    ") GROUP BY id) m JOIN consignment c ON c.id = m.id ORDER BY c.id DESC LIMIT ?4";

/* Puts every row of a query as one object of an array. */
static err_t put_rows(struct console_pages *c, struct json_writer *w, const char *name,
                      sqlite3_stmt *q, void (*put)(struct json_writer *w, sqlite3_stmt *q))
{
    bool row = false;
    err_t e = ERR_OK;
    json_open_array(w, name);
    while ((e = store_step(c->o.store, q, &row)) == ERR_OK && row) {
        json_open_object(w, NULL);
        put(w, q);
        json_close_object(w);
    }
    json_close_array(w);
    return e;
}

static void put_column(struct json_writer *w, const char *name, sqlite3_stmt *q, int column)
{
    char text[SAY_CAP * 2];
    store_text(q, column, text, sizeof text);
    json_put_text(w, name, text);
}

static void put_column_qty(struct json_writer *w, const char *name, sqlite3_stmt *q, int column)
{
    json_put_qty(w, name, (qty_t){store_int(q, column)});
}

static void put_line(struct json_writer *w, sqlite3_stmt *q)
{
    put_column(w, "sku", q, 0);
    put_column(w, "description", q, 1);
    put_column_qty(w, "ordered", q, 2);
    put_column_qty(w, "picked", q, 3);
    put_column_qty(w, "dispatched", q, 4);
    put_column_qty(w, "short", q, 5);
    put_column_qty(w, "cancelled", q, 6);
    put_column(w, "unit", q, 7);
    put_column_qty(w, "units", q, 8);
}

static const char *parcel_state_text(int64_t state)
{
    static const char *const names[] = {
        [PARCEL_OPEN] = "open",       [PARCEL_CLOSED] = "closed",   [PARCEL_LABELLED] = "labelled",
        [PARCEL_PRINTED] = "printed", [PARCEL_CHECKED] = "checked", [PARCEL_VOID] = "void",
    };
    return state >= 0 && state <= PARCEL_VOID ? names[state] : "unknown";
}

static void put_parcel(struct json_writer *w, sqlite3_stmt *q)
{
    json_put_int(w, "number", store_int(q, 0));
    json_put_text(w, "state", parcel_state_text(store_int(q, 1)));
    put_column(w, "packaging", q, 2);
    put_column(w, "tracking", q, 3);
    json_put_int(w, "prints", store_int(q, 4));
}

const char *console_dispatch_state(int64_t state)
{
    static const char *const names[] = {
        [DISPATCH_SAVED] = "saved",       [DISPATCH_DISPATCHED] = "dispatched",
        [DISPATCH_REFUSED] = "refused",   [DISPATCH_PULL] = "pull",
        [DISPATCH_PULLED] = "pulled",     [DISPATCH_GONE] = "gone",
        [DISPATCH_RECALLED] = "recalled",
    };
    return state >= 0 && state <= DISPATCH_RECALLED ? names[state] : "unknown";
}

static void put_dispatch(struct json_writer *w, sqlite3_stmt *q)
{
    json_put_int(w, "id", store_int(q, 0));
    put_column(w, "key", q, 1);
    json_put_text(w, "state", console_dispatch_state(store_int(q, 2)));
    put_column(w, "packer", q, 3);
    json_put_int(w, "at", store_int(q, 4));
    put_column(w, "service", q, 5);
}

static void put_story(struct json_writer *w, sqlite3_stmt *q)
{
    json_put_int(w, "at", store_int(q, 0));
    put_column(w, "side", q, 1);
    put_column(w, "event", q, 2);
    put_column(w, "who", q, 3);
    put_column(w, "detail", q, 4);
}

static void put_exception(struct json_writer *w, sqlite3_stmt *q)
{
    json_put_int(w, "id", store_int(q, 0));
    put_column(w, "rule", q, 1);
    put_column(w, "text", q, 2);
    put_column(w, "next_step", q, 3);
    json_put_int(w, "first_seen", store_int(q, 4));
    json_put_bool(w, "open", store_int(q, 5) != 0);
    put_column(w, "closed_by", q, 6);
    put_column(w, "closed_how", q, 7);
}

static const struct part {
    const char *name;
    const char *sql; /* ?1: the consignment, ?2: how many */
    void (*put)(struct json_writer *w, sqlite3_stmt *q);
} order_parts[] = {
    {"lines",
     "SELECT l.sku, ifnull(p.description, ''), l.ordered, l.picked, l.dispatched, l.short,"
     " l.cancelled, l.unit, l.units FROM line l LEFT JOIN product p ON p.id = l.product_id"
     " WHERE l.consignment_id = ?1 ORDER BY l.position, l.id LIMIT ?2",
     put_line},
    {"parcels",
     "SELECT number, state, packaging, tracking, prints FROM parcel"
     " WHERE consignment_id = ?1 ORDER BY number, id LIMIT ?2",
     put_parcel},
    {"dispatches",
     "SELECT id, key, state, packer, at, service FROM dispatch"
     " WHERE consignment_id = ?1 ORDER BY id DESC LIMIT ?2",
     put_dispatch},
    {"exceptions",
     "SELECT id, rule, text, next_step, first_seen, open, closed_by, closed_how FROM exception"
     " WHERE consignment_id = ?1 ORDER BY id DESC LIMIT ?2",
     put_exception},
    {"story",
     "SELECT at, side, event, who, detail FROM (SELECT * FROM story"
     " WHERE consignment_id = ?1 ORDER BY id DESC LIMIT ?2) ORDER BY id",
     put_story},
};

static err_t put_part(struct console_pages *c, struct json_writer *w, const struct part *part,
                      int64_t id)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(c->o.store, part->sql, &q);
    if (e) return e;
    store_bind_int(q, 1, id);
    store_bind_int(q, 2, STORY_MAX);
    return put_rows(c, w, part->name, q, part->put);
}

static void put_head(struct json_writer *w, sqlite3_stmt *q)
{
    static const char *const texts[] = {
        "reference", "shop_order", "channel",          "clarus_id", "clarus_status",
        "carrier",   "service",    "promised_service", "hold_rule", "hold_text"};
    json_put_int(w, "id", store_int(q, 0));
    for (int i = 0; i < (int)(sizeof texts / sizeof texts[0]); i++)
        put_column(w, texts[i], q, i + 1);
    json_put_text(w, "state", consignment_state_name((enum consignment_state)store_int(q, 11)));
    json_put_int(w, "due", store_int(q, 12));
    json_put_int(w, "seen_at", store_int(q, 13));
    json_put_int(w, "checked_at", store_int(q, 14));
}

static err_t put_order(struct console_pages *c, struct json_writer *w, int64_t id)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(
        c->o.store,
        "SELECT id, reference, shop_order, channel, clarus_id, clarus_status, carrier_name,"
        " service_name, promised_service, hold_rule, hold_text, state, dispatch_due, seen_at,"
        " checked_at FROM consignment WHERE id = ?1",
        &q);
    if (e) return e;
    store_bind_int(q, 1, id);
    e = store_step(c->o.store, q, &row);
    if (e) return e;
    if (!row) return ERR_NOTFOUND;
    json_open_object(w, "order");
    put_head(w, q);
    for (size_t i = 0; i < sizeof order_parts / sizeof order_parts[0] && e == ERR_OK; i++)
        e = put_part(c, w, &order_parts[i], id);
    size_t count = outbox_rows_of(c->o.outbox, id, c->rows, CONSOLE_ROWS_MAX);
    json_open_array(w, "messages");
    for (size_t i = 0; i < count; i++)
        console_put_message(w, &c->rows[i]);
    json_close_array(w);
    json_close_object(w);
    return e;
}

/* "#41" is the number this station gave; a product's barcode finds the orders that hold it. */
static err_t find(struct console_pages *c, const char *ref, sqlite3_stmt **out)
{
    struct slice text = slice_text(ref);
    struct product_hit hit = {0};
    int64_t number = -1;
    if (slice_starts(text, "#") &&
        text_int(slice_sub(text, 1, text.len), 1, INT64_MAX, &number) != ERR_OK)
        number = -1;
    if (catalogue_product(c->o.store, text, &hit) != ERR_OK) hit.product_id = -1;
    err_t e = store_prepare(c->o.store, find_sql, out);
    if (e) return e;
    store_bind_text(*out, 1, ref);
    store_bind_int(*out, 2, number);
    store_bind_int(*out, 3, hit.product_id);
    store_bind_int(*out, 4, MATCHES_MAX);
    return ERR_OK;
}

static err_t put_matches(struct console_pages *c, struct json_writer *w, const char *ref,
                         int64_t *out_only)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    size_t count = 0;
    err_t e = find(c, ref, &q);
    if (e) return e;
    json_open_array(w, "matches");
    while ((e = store_step(c->o.store, q, &row)) == ERR_OK && row) {
        json_open_object(w, NULL);
        json_put_int(w, "id", store_int(q, 0));
        put_column(w, "reference", q, 1);
        put_column(w, "shop_order", q, 2);
        json_put_text(w, "state", consignment_state_name((enum consignment_state)store_int(q, 3)));
        put_column(w, "found_by", q, 4);
        json_close_object(w);
        *out_only = count++ == 0 ? store_int(q, 0) : 0;
    }
    json_close_array(w);
    return e == ERR_OK && count == 0 ? ERR_NOTFOUND : e;
}

void console_get_order(struct ask *a)
{
    char ref[CONSOLE_REF_CAP];
    int64_t only = 0;
    err_t e = console_query(a, "ref", ref, sizeof ref);
    if (e == ERR_OK && ref[0] == 0) e = ERR_INVALID;
    if (e) {
        console_fail_err(a, e, a->r->query);
        return;
    }
    struct json_writer w = console_begin(a->c);
    json_put_text(&w, "query", ref);
    e = put_matches(a->c, &w, ref, &only);
    if (e == ERR_OK && only != 0) e = put_order(a->c, &w, only);
    json_close_object(&w);
    if (e == ERR_NOTFOUND)
        console_fail(a, &(struct console_error){404, "no order here goes by that", slice_text(ref),
                                                "order_must_be_known",
                                                "check the spelling; an order this station never "
                                                "saw is found in Clarus"});
    else if (e)
        console_fail_err(a, e, slice_text(ref));
    else
        console_send_json(a);
}
