/* console_export.c - dispatches of a span of time with what was in them and who was told, in pages
 * by (at, id). No recipient, no note. */
#include <inttypes.h>
#include <stdio.h>

#include "firmware/base/text.h"
#include "firmware/console/console_parts.h"

#define EXPORT_DISPATCHES_MAX 50
#define EXPORT_ITEMS_MAX      200    /* of one answer */
#define EXPORT_MESSAGES_MAX   16     /* of one dispatch */
#define EXPORT_ROOM_LEFT      24576u /* of one dispatch's head with its messages */

/* Where the next page begins: a dispatch, and how many of its items were given. */
struct export_at {
    int64_t at, id, skip;
};

static const char dispatches_sql[] =
    "SELECT d.id, d.key, d.at, d.at_trusted, d.state, d.carrier, d.service, d.packer, c.reference,"
    " c.shop_order, c.channel, c.aged FROM dispatch d JOIN consignment c ON c.id ="
    " d.consignment_id WHERE (d.at, d.id) >= (?1, ?2) AND d.at < ?3 ORDER BY d.at, d.id LIMIT ?4";
static const char items_sql[] =
    "SELECT i.sku, i.quantity, i.lot, i.serial, p.number, p.tracking FROM dispatch_item i"
    " JOIN parcel p ON p.id = i.parcel_id WHERE i.dispatch_id = ?1"
    " ORDER BY i.parcel_id, i.line_id, i.lot, i.serial LIMIT ?2 OFFSET ?3";
static const char messages_sql[] =
    "SELECT destination, state, done_at FROM message WHERE dispatch_id = ?1 ORDER BY step, id"
    " LIMIT ?2";

static void put_text(struct json_writer *w, const char *name, sqlite3_stmt *q, int column)
{
    char text[CODE_CAP * 2];
    store_text(q, column, text, sizeof text);
    json_put_text(w, name, text);
}

static void put_head(struct json_writer *w, sqlite3_stmt *q)
{
    put_text(w, "key", q, 1);
    json_put_int(w, "at", store_int(q, 2));
    json_put_bool(w, "clock_trusted", store_int(q, 3) != 0);
    json_put_text(w, "state", console_dispatch_state(store_int(q, 4)));
    put_text(w, "carrier", q, 5);
    put_text(w, "service", q, 6);
    put_text(w, "packer", q, 7);
    put_text(w, "reference", q, 8);
    put_text(w, "shop_order", q, 9);
    put_text(w, "channel", q, 10);
    json_put_bool(w, "aged", store_int(q, 11) != 0);
}

static err_t put_pushes(struct store *st, struct json_writer *w, int64_t dispatch)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(st, messages_sql, &q);
    if (e) return e;
    store_bind_int(q, 1, dispatch);
    store_bind_int(q, 2, EXPORT_MESSAGES_MAX);
    json_open_array(w, "push");
    while ((e = store_step(st, q, &row)) == ERR_OK && row) {
        json_open_object(w, NULL);
        put_text(w, "destination", q, 0);
        json_put_text(w, "state", console_message_state((enum message_state)store_int(q, 1)));
        json_put_int(w, "done_at", store_int(q, 2));
        json_close_object(w);
    }
    json_close_array(w);
    return e;
}

static void put_item(struct json_writer *w, sqlite3_stmt *q)
{
    json_open_object(w, NULL);
    put_text(w, "sku", q, 0);
    json_put_qty(w, "quantity", (qty_t){store_int(q, 1)});
    put_text(w, "lot", q, 2);
    put_text(w, "serial", q, 3);
    json_put_int(w, "parcel", store_int(q, 4));
    put_text(w, "tracking", q, 5);
    json_close_object(w);
}

struct export_page {
    struct console_pages *c;
    struct json_writer *w;
    struct export_at next; /* id 0: this page is the last */
    size_t items_left;
};

static bool is_full(const struct export_page *p)
{
    return p->items_left == 0 || p->c->out.len + EXPORT_ROOM_LEFT > CONSOLE_ROOM;
}

/* The items behind `from->skip`; what does not fit is where the next page begins. */
static err_t put_items(struct export_page *p, const struct export_at *from)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    int64_t given = from->skip;
    err_t e = store_prepare(p->c->o.store, items_sql, &q);
    if (e) return e;
    store_bind_int(q, 1, from->id);
    store_bind_int(q, 2, EXPORT_ITEMS_MAX + 1);
    store_bind_int(q, 3, from->skip);
    json_open_array(p->w, "items");
    while ((e = store_step(p->c->o.store, q, &row)) == ERR_OK && row) {
        if (is_full(p)) {
            p->next = (struct export_at){from->at, from->id, given};
            break;
        }
        put_item(p->w, q);
        p->items_left--;
        given++;
    }
    json_close_array(p->w);
    return e;
}

static err_t put_dispatch(struct export_page *p, sqlite3_stmt *q, const struct export_at *from)
{
    json_open_object(p->w, NULL);
    put_head(p->w, q);
    json_put_bool(p->w, "continued", from->skip > 0);
    err_t e = put_pushes(p->c->o.store, p->w, from->id);
    if (e == ERR_OK) e = put_items(p, from);
    json_close_object(p->w);
    return e;
}

static err_t put_page(struct export_page *p, const struct export_at *from, int64_t to)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    size_t count = 0;
    err_t e = store_prepare(p->c->o.store, dispatches_sql, &q);
    if (e) return e;
    store_bind_int(q, 1, from->at);
    store_bind_int(q, 2, from->id);
    store_bind_int(q, 3, to);
    store_bind_int(q, 4, EXPORT_DISPATCHES_MAX + 1);
    json_open_array(p->w, "dispatches");
    while (p->next.id == 0 && (e = store_step(p->c->o.store, q, &row)) == ERR_OK && row) {
        struct export_at here = {store_int(q, 2), store_int(q, 0), 0};
        if (here.id == from->id) here.skip = from->skip;
        if (count++ == EXPORT_DISPATCHES_MAX || is_full(p))
            p->next = here;
        else
            e = put_dispatch(p, q, &here);
        if (e) return e;
    }
    json_close_array(p->w);
    return e;
}

/* "AT.ID.SKIP" as an answer gave it. */
static err_t read_cursor(struct slice text, struct export_at *out)
{
    int64_t part[3] = {0};
    for (size_t i = 0; i < 3; i++) {
        size_t end = slice_find_byte(text, '.');
        err_t e = text_int(slice_sub(text, 0, end), 0, INT64_MAX, &part[i]);
        if (e) return e;
        if ((end < text.len) != (i < 2)) return ERR_PROTO;
        text = slice_sub(text, end < text.len ? end + 1 : end, text.len);
    }
    *out = (struct export_at){part[0], part[1], part[2]};
    return ERR_OK;
}

static err_t read_moment(const struct ask *a, const char *name, int64_t *out)
{
    char text[24];
    err_t e = console_query(a, name, text, sizeof text);
    return e ? e : text_int(slice_text(text), 0, INT64_MAX, out);
}

static err_t read_span(const struct ask *a, struct export_at *out_from, int64_t *out_to)
{
    char cursor[72];
    struct export_at from = {0};
    err_t e = read_moment(a, "from", &from.at);
    if (e == ERR_OK) e = read_moment(a, "to", out_to);
    if (e == ERR_OK) e = console_query(a, "after", cursor, sizeof cursor);
    if (e == ERR_OK && cursor[0]) e = read_cursor(slice_text(cursor), &from);
    if (e == ERR_OK) *out_from = from;
    return e;
}

static void put_next(struct json_writer *w, const struct export_at *next)
{
    char text[72] = "";
    if (next->id != 0)
        (void)snprintf(text, sizeof text, "%" PRId64 ".%" PRId64 ".%" PRId64, next->at, next->id,
                       next->skip);
    json_put_text(w, "next", text);
}

void console_get_export(struct ask *a)
{
    struct export_at from = {0};
    int64_t to = 0;
    err_t e = read_span(a, &from, &to);
    if (e) {
        console_fail(a, &(struct console_error){400, "that is no span of time", a->r->query,
                                                "span_must_be_moments",
                                                "from and to are milliseconds since 1970; after "
                                                "is the next of the last answer"});
        return;
    }
    struct json_writer w = console_begin(a->c);
    struct export_page page = {.c = a->c, .w = &w, .items_left = EXPORT_ITEMS_MAX};
    e = put_page(&page, &from, to);
    put_next(&w, &page.next);
    json_close_object(&w);
    if (e)
        console_fail_err(a, e, SLICE_NONE);
    else
        console_send_json(a);
}
