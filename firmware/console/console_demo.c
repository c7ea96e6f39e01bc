/* console_demo.c - codes to click in demonstration mode: orders that can be opened, boxes, and the
 * goods of the order in hand. */
#include "firmware/console/console_parts.h"

#define CODES_MAX 24

static const char orders_sql[] =
    "SELECT ifnull((SELECT code FROM carrying WHERE consignment_id = c.id ORDER BY kind DESC, code"
    " LIMIT 1), c.reference), c.reference FROM consignment c WHERE c.state IN (1, 2, 9)"
    " ORDER BY c.priority, c.dispatch_due, c.id LIMIT ?1";
static const char packaging_sql[] = "SELECT code, name FROM packaging ORDER BY code LIMIT ?1";
static const char products_sql[] =
    "SELECT b.code, l.sku || ' ' || b.level FROM line l JOIN barcode b"
    " ON b.product_id = l.product_id WHERE l.consignment_id ="
    " (SELECT consignment_id FROM bench WHERE id = 1) ORDER BY l.position, b.factor LIMIT ?1";

static err_t put_codes(struct console_pages *c, struct json_writer *w, const char *name,
                       const char *sql)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(c->o.store, sql, &q);
    if (e) return e;
    store_bind_int(q, 1, CODES_MAX);
    json_open_array(w, name);
    while ((e = store_step(c->o.store, q, &row)) == ERR_OK && row) {
        char code[CODE_CAP], title[NAME_CAP * 2];
        store_text(q, 0, code, sizeof code);
        store_text(q, 1, title, sizeof title);
        json_open_object(w, NULL);
        json_put_text(w, "code", code);
        json_put_text(w, "title", title);
        json_close_object(w);
    }
    json_close_array(w);
    return e;
}

void console_get_demo_codes(struct ask *a)
{
    struct console_pages *c = a->c;
    c->o.from.station(c->o.from.ctx, &c->station);
    if (!c->station.demonstration) {
        console_fail_err(a, ERR_DENIED, SLICE_NONE);
        return;
    }
    struct json_writer w = console_begin(c);
    err_t e = put_codes(c, &w, "orders", orders_sql);
    if (e == ERR_OK) e = put_codes(c, &w, "packaging", packaging_sql);
    if (e == ERR_OK) e = put_codes(c, &w, "products", products_sql);
    json_close_object(&w);
    if (e)
        console_fail_err(a, e, SLICE_NONE);
    else
        console_send_json(a);
}
