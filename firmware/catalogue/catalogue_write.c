#include "firmware/catalogue/catalogue_parts.h"

/* -------------------------------------------------------------------------------------- lines --
 */

#define SQL_PUT_LINE                                                                               \
    "INSERT INTO line (consignment_id, clarus_line_id, position, product_id, sku, ordered, "       \
    "allocated, picked, dispatched, short, unit, units, shop_line) "                               \
    "VALUES (?1, ?2, ?3, (SELECT id FROM product WHERE clarus_id = ?4), ?5, ?6, ?7, ?8, ?9, ?10, " \
    "coalesce(?11, 'unit'), ?12, coalesce(?13, '')) "                                              \
    "ON CONFLICT (clarus_line_id) DO UPDATE SET consignment_id = ?1, position = ?3, "              \
    "product_id = coalesce((SELECT id FROM product WHERE clarus_id = ?4), product_id), sku = ?5, " \
    "ordered = ?6, allocated = ?7, picked = ?8, dispatched = ?9, short = ?10, cancelled = 0, "     \
    "unit = coalesce(?11, 'unit'), units = ?12, shop_line = coalesce(?13, shop_line) "             \
    "WHERE (consignment_id, position, product_id, sku, ordered, allocated, picked, dispatched, "   \
    "short, cancelled, unit, units, shop_line) IS NOT (?1, ?3, "                                   \
    "coalesce((SELECT id FROM product WHERE clarus_id = ?4), product_id), ?5, ?6, ?7, ?8, ?9, "    \
    "?10, 0, coalesce(?11, 'unit'), ?12, coalesce(?13, shop_line))"

err_t catalogue_put_line(struct store *st, int64_t consignment_id, const struct line_reading *r)
{
    AUTO_RELAX struct store_relaxed relaxed = store_relax(st);
    bool whole = is_key(r->clarus_line_id, ID_CAP) && is_key(r->sku, SKU_CAP) &&
                 fits(r->product_clarus_id, ID_CAP) && fits(r->unit, 8) &&
                 fits(r->shop_line, ID_CAP);
    if (!whole) return ERR_INVALID;
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = prepare_write(st, SQL_PUT_LINE, &q);
    if (e) return e;
    store_bind_int(q, 1, consignment_id);
    store_bind_text(q, 2, r->clarus_line_id);
    store_bind_int(q, 3, r->position);
    store_bind_text(q, 4, r->product_clarus_id);
    store_bind_text(q, 5, r->sku);
    store_bind_int(q, 6, r->ordered.milli);
    store_bind_int(q, 7, r->allocated.milli);
    store_bind_int(q, 8, r->picked.milli);
    store_bind_int(q, 9, r->dispatched.milli);
    store_bind_int(q, 10, r->shorted.milli);
    store_bind_text(q, 11, r->unit);
    store_bind_int(q, 12, r->units.milli);
    store_bind_text(q, 13, r->shop_line);
    return store_run(st, q);
}

err_t catalogue_set_shop_line(struct store *st, int64_t line_id, const char *shop_line)
{
    AUTO_RELAX struct store_relaxed relaxed = store_relax(st);
    if (!fits(shop_line, ID_CAP)) return ERR_INVALID;
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = prepare_write(st, "UPDATE line SET shop_line = ?2 WHERE id = ?1", &q);
    if (e) return e;
    store_bind_int(q, 1, line_id);
    store_bind_text(q, 2, shop_line);
    return store_run(st, q);
}

static bool is_listed(struct slice id, const char *const *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (slice_is(id, ids[i])) return true;
    }
    return false;
}

/* The next line of the consignment with an id above `after` that is not in the list; 0: none. */
static err_t next_unlisted(struct store *st, int64_t consignment_id, int64_t after,
                           const char *const *ids, size_t count, int64_t *out_line)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(st,
                            "SELECT id, clarus_line_id FROM line WHERE consignment_id = ?1 AND "
                            "id > ?2 ORDER BY id",
                            &q);
    if (e) return e;
    store_bind_int(q, 1, consignment_id);
    store_bind_int(q, 2, after);
    for (;;) {
        bool row = false;
        e = store_step(st, q, &row);
        if (e) return e;
        if (!row || !is_listed(store_blob(q, 1), ids, count)) {
            *out_line = row ? store_int(q, 0) : 0;
            return ERR_OK;
        }
    }
}

/* Something of the line is in a parcel or has left: the row must stay. */
static err_t is_touched(struct store *st, int64_t consignment_id, int64_t line_id, bool *out)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e =
        store_prepare(st,
                      "SELECT (SELECT dispatched > 0 FROM line WHERE id = ?2) OR "
                      "EXISTS (SELECT 1 FROM dispatch_item WHERE line_id = ?2) OR "
                      "EXISTS (SELECT 1 FROM parcel p JOIN parcel_item i ON i.parcel_id = p.id AND "
                      "i.line_id = ?2 WHERE p.consignment_id = ?1)",
                      &q);
    if (e) return e;
    store_bind_int(q, 1, consignment_id);
    store_bind_int(q, 2, line_id);
    bool row = false;
    e = store_step(st, q, &row);
    if (e) return e;
    *out = row && store_int(q, 0) != 0;
    return ERR_OK;
}

static err_t cancel_rest(struct store *st, int64_t line_id)
{
    qty_t to_pack = QTY_ZERO;
    qty_t outstanding = QTY_ZERO;
    err_t e = catalogue_outstanding(st, line_id, &to_pack, &outstanding);
    if (e) return e;
    AUTO_STMT sqlite3_stmt *q = NULL;
    e = prepare_write(st, "UPDATE line SET cancelled = cancelled + ?2 WHERE id = ?1", &q);
    if (e) return e;
    store_bind_int(q, 1, line_id);
    store_bind_int(q, 2, outstanding.milli);
    return store_run(st, q);
}

static err_t remove_line(struct store *st, int64_t line_id)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = prepare_write(st, "DELETE FROM line WHERE id = ?1", &q);
    if (e) return e;
    store_bind_int(q, 1, line_id);
    return store_run(st, q);
}

err_t catalogue_keep_lines(struct store *st, int64_t consignment_id, const char *const *clarus_ids,
                           size_t count)
{
    AUTO_RELAX struct store_relaxed relaxed = store_relax(st);
    int64_t line = 0;
    for (;;) {
        err_t e = next_unlisted(st, consignment_id, line, clarus_ids, count, &line);
        if (e || line == 0) return e;
        bool touched = false;
        e = is_touched(st, consignment_id, line, &touched);
        if (e) return e;
        e = touched ? cancel_rest(st, line) : remove_line(st, line);
        if (e) return e;
    }
}

/* --------------------------------------------------------------- products, totes, boxes, tasks --
 */

static const char *const levels[4] = {"unit", "inner", "case", "outer"};

static err_t put_barcode(struct store *st, int64_t product_id, const char *level, const char *code,
                         qty_t factor)
{
    struct slice text = slice_trim(slice_text(code));
    if (text.len == 0) return ERR_OK;
    char gtin[15];
    if (catalogue_gtin(text, gtin) == ERR_OK) text = slice_text(gtin);
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = prepare_write(st,
                            "INSERT INTO barcode (code, product_id, level, factor) "
                            "VALUES (?1, ?2, ?3, ?4)",
                            &q);
    if (e) return e;
    store_bind_slice(q, 1, text);
    store_bind_int(q, 2, product_id);
    store_bind_text(q, 3, level);
    store_bind_int(q, 4, factor.milli);
    return store_run(st, q);
}

static err_t put_product_row(struct store *st, wall_t at, const struct product_reading *r)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e =
        prepare_write(st,
                      "INSERT INTO product (clarus_id, code, description, seen_at) "
                      "VALUES (?1, ?2, coalesce(?3, ''), ?4) ON CONFLICT (clarus_id) DO UPDATE SET "
                      "code = ?2, description = coalesce(?3, description), seen_at = ?4",
                      &q);
    if (e) return e;
    store_bind_text(q, 1, r->clarus_id);
    store_bind_text(q, 2, r->code);
    store_bind_text(q, 3, r->description);
    store_bind_int(q, 4, at.ms);
    return store_run(st, q);
}

static err_t product_id_of(struct store *st, const char *clarus_id, int64_t *out_id)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(st, "SELECT id FROM product WHERE clarus_id = ?1", &q);
    if (e) return e;
    store_bind_text(q, 1, clarus_id);
    bool row = false;
    e = store_step(st, q, &row);
    if (e) return e;
    if (!row) return ERR_NOTFOUND;
    *out_id = store_int(q, 0);
    return ERR_OK;
}

static err_t drop_barcodes(struct store *st, int64_t product_id)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = prepare_write(st, "DELETE FROM barcode WHERE product_id = ?1", &q);
    if (e) return e;
    store_bind_int(q, 1, product_id);
    return store_run(st, q);
}

/* Lines read before their product was known to the station. */
static err_t link_lines(struct store *st, int64_t product_id, const char *sku)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = prepare_write(
        st, "UPDATE line SET product_id = ?1 WHERE product_id IS NULL AND sku = ?2", &q);
    if (e) return e;
    store_bind_int(q, 1, product_id);
    store_bind_text(q, 2, sku);
    return store_run(st, q);
}

err_t catalogue_put_product(struct store *st, wall_t at, const struct product_reading *r,
                            int64_t *out_id)
{
    AUTO_RELAX struct store_relaxed relaxed = store_relax(st);
    bool whole = is_key(r->clarus_id, ID_CAP) && is_key(r->code, SKU_CAP);
    for (size_t i = 0; i < 4; i++) {
        whole = whole && fits(r->barcode[i].code, CODE_CAP);
    }
    if (!whole) return ERR_INVALID;
    err_t e = put_product_row(st, at, r);
    if (e) return e;
    int64_t id = 0;
    e = product_id_of(st, r->clarus_id, &id);
    if (e == ERR_OK) e = link_lines(st, id, r->code);
    if (e == ERR_OK) e = drop_barcodes(st, id);
    for (size_t i = 0; i < 4 && e == ERR_OK; i++) {
        e = put_barcode(st, id, levels[i], r->barcode[i].code, r->barcode[i].factor);
    }
    if (e) return e;
    *out_id = id;
    return ERR_OK;
}

err_t catalogue_put_carrying(struct store *st, wall_t at, const char *code, const char *kind,
                             int64_t consignment_id)
{
    AUTO_RELAX struct store_relaxed relaxed = store_relax(st);
    if (!is_key(code, CODE_CAP)) return ERR_INVALID;
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = prepare_write(
        st,
        "INSERT INTO carrying (code, kind, consignment_id, seen_at) VALUES (?1, ?2, ?3, ?4) "
        "ON CONFLICT (code, consignment_id) DO UPDATE SET kind = ?2, seen_at = ?4 "
        "WHERE kind IS NOT ?2 OR seen_at < ?4 - 3600000",
        &q);
    if (e) return e;
    store_bind_text(q, 1, code);
    store_bind_text(q, 2, kind);
    store_bind_int(q, 3, consignment_id);
    store_bind_int(q, 4, at.ms);
    return store_run(st, q);
}

err_t catalogue_put_packaging(struct store *st, const struct packaging *p)
{
    AUTO_RELAX struct store_relaxed relaxed = store_relax(st);
    if (!is_key(p->code, ID_CAP)) return ERR_INVALID;
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = prepare_write(
        st,
        "INSERT INTO packaging (code, clarus_id, name, length_mm, width_mm, height_mm, weight_g) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (code) DO UPDATE SET clarus_id = ?2, "
        "name = ?3, length_mm = ?4, width_mm = ?5, height_mm = ?6, weight_g = ?7",
        &q);
    if (e) return e;
    store_bind_text(q, 1, p->code);
    store_bind_text(q, 2, p->clarus_id);
    store_bind_text(q, 3, p->name);
    store_bind_int(q, 4, p->length_mm);
    store_bind_int(q, 5, p->width_mm);
    store_bind_int(q, 6, p->height_mm);
    store_bind_int(q, 7, p->weight_g);
    return store_run(st, q);
}

err_t catalogue_put_task(struct store *st, int64_t consignment_id, const struct task_reading *r)
{
    AUTO_RELAX struct store_relaxed relaxed = store_relax(st);
    bool whole = is_key(r->clarus_task_id, ID_CAP) && fits(r->clarus_line_id, ID_CAP) &&
                 fits(r->product_id, ID_CAP) && fits(r->subtype, RULE_CAP) &&
                 fits(r->status, RULE_CAP);
    if (!whole) return ERR_INVALID;
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = prepare_write(
        st,
        "INSERT INTO task (clarus_task_id, consignment_id, clarus_line_id, product_id, quantity, "
        "subtype, status) VALUES (?1, ?2, coalesce(?3, ''), coalesce(?4, ''), ?5, "
        "coalesce(?6, ''), coalesce(?7, '')) ON CONFLICT (clarus_task_id) DO UPDATE SET "
        "consignment_id = ?2, clarus_line_id = coalesce(?3, clarus_line_id), "
        "product_id = coalesce(?4, product_id), quantity = ?5, subtype = coalesce(?6, subtype), "
        "status = coalesce(?7, status) WHERE (consignment_id, clarus_line_id, product_id, "
        "quantity, subtype, status) IS NOT (?2, coalesce(?3, clarus_line_id), "
        "coalesce(?4, product_id), ?5, coalesce(?6, subtype), coalesce(?7, status))",
        &q);
    if (e) return e;
    store_bind_text(q, 1, r->clarus_task_id);
    store_bind_int(q, 2, consignment_id);
    store_bind_text(q, 3, r->clarus_line_id);
    store_bind_text(q, 4, r->product_id);
    store_bind_int(q, 5, r->quantity.milli);
    store_bind_text(q, 6, r->subtype);
    store_bind_text(q, 7, r->status);
    return store_run(st, q);
}
