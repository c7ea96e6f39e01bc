#include "firmware/catalogue/catalogue.h"

#include <assert.h>
#include <string.h>

#include "firmware/codes/gtin.h"

const char *consignment_state_name(enum consignment_state s)
{
    switch (s) {
    case CONSIGNMENT_KNOWN:
        return "known";
    case CONSIGNMENT_READY:
        return "ready";
    case CONSIGNMENT_CLAIMED:
        return "claimed";
    case CONSIGNMENT_PACKING:
        return "packing";
    case CONSIGNMENT_PACKED:
        return "packed";
    case CONSIGNMENT_LABEL_PENDING:
        return "label_pending";
    case CONSIGNMENT_LABELLED:
        return "labelled";
    case CONSIGNMENT_LABEL_CHECKED:
        return "label_checked";
    case CONSIGNMENT_SAVED:
        return "saved";
    case CONSIGNMENT_SAVED_PART:
        return "saved_part";
    case CONSIGNMENT_DISPATCHED:
        return "dispatched";
    case CONSIGNMENT_HELD:
        return "held";
    case CONSIGNMENT_STOPPED:
        return "stopped";
    case CONSIGNMENT_GONE:
        return "gone";
    }
    return "unknown";
}

/* ----------------------------------------------------------------------------- by what is scanned
 */

/* Saved, dispatched, stopped and finished elsewhere: nothing is packed from them any more. */
#define IS_OPEN "(c.state NOT IN (8, 10, 12, 13))"
static_assert(CONSIGNMENT_SAVED == 8 && CONSIGNMENT_DISPATCHED == 10 && CONSIGNMENT_STOPPED == 12 &&
                  CONSIGNMENT_GONE == 13,
              "IS_OPEN names these states");

err_t catalogue_find(struct store *st, struct slice code, int64_t *out_id)
{
    if (code.len == 0 || code.len >= CODE_CAP) return ERR_NOTFOUND;
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(st,
                            "SELECT c.id, " IS_OPEN " AS open FROM consignment c WHERE c.id IN ("
                            " SELECT id FROM consignment WHERE reference = ?1"
                            " UNION SELECT id FROM consignment WHERE shop_order = ?1"
                            " UNION SELECT consignment_id FROM carrying WHERE code = ?1) "
                            "ORDER BY open DESC, CASE WHEN " IS_OPEN
                            " THEN c.priority ELSE -c.seen_at END, "
                            "c.dispatch_due = 0, c.dispatch_due, c.id LIMIT 2",
                            &q);
    if (e) return e;
    store_bind_slice(q, 1, code);
    bool row = false;
    e = store_step(st, q, &row);
    if (e) return e;
    if (!row) return ERR_NOTFOUND;
    int64_t first = store_int(q, 0);
    bool first_open = store_int(q, 1) != 0;
    e = store_step(st, q, &row);
    if (e) return e;
    bool ambiguous = row && first_open && store_int(q, 1) != 0;
    *out_id = first;
    return ambiguous ? ERR_AMBIGUOUS : ERR_OK;
}

err_t catalogue_gtin(struct slice code, char out[15])
{
    return gtin_fold_written(code, out) == CODE_OK ? ERR_OK : ERR_INVALID;
}

err_t catalogue_products(struct store *st, struct slice code, struct product_hit *out, size_t cap,
                         size_t *out_count)
{
    char gtin[15];
    bool folds = catalogue_gtin(code, gtin) == ERR_OK;
    return catalogue_products_as(st, folds ? slice_text(gtin) : code, code, out, cap, out_count);
}

err_t catalogue_products_as(struct store *st, struct slice barcode, struct slice sku,
                            struct product_hit *out, size_t cap, size_t *out_count)
{
    *out_count = 0;
    if (barcode.len >= CODE_CAP || sku.len >= CODE_CAP || barcode.len + sku.len == 0) return ERR_OK;
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(
        st,
        "SELECT p.id, p.code, b.level, b.factor FROM barcode b JOIN product p ON p.id = "
        "b.product_id WHERE b.code = ?1 "
        "UNION SELECT id, code, 'unit', 1000 FROM product WHERE code = ?2 ORDER BY 1, 3",
        &q);
    if (e) return e;
    store_bind_slice(q, 1, barcode);
    store_bind_slice(q, 2, sku);
    for (;;) {
        bool row = false;
        e = store_step(st, q, &row);
        if (e) return e;
        if (!row) return ERR_OK;
        if (*out_count < cap) {
            struct product_hit *hit = &out[*out_count];
            *hit = (struct product_hit){.product_id = store_int(q, 0),
                                        .factor.milli = store_int(q, 3)};
            store_text(q, 1, hit->sku, sizeof hit->sku);
            store_text(q, 2, hit->level, sizeof hit->level);
        }
        ++*out_count;
    }
}

err_t catalogue_product(struct store *st, struct slice code, struct product_hit *out)
{
    struct product_hit hits[2];
    size_t count = 0;
    err_t e = catalogue_products(st, code, hits, 2, &count);
    if (e) return e;
    if (count == 0) return ERR_NOTFOUND;
    *out = hits[0];
    return count == 1 ? ERR_OK : ERR_AMBIGUOUS;
}

/* ---------------------------------------------------------------------------------- packaging --
 */

static void packaging_from_row(sqlite3_stmt *q, struct packaging *out)
{
    *out = (struct packaging){.length_mm = store_int(q, 3),
                              .width_mm = store_int(q, 4),
                              .height_mm = store_int(q, 5),
                              .weight_g = store_int(q, 6)};
    store_text(q, 0, out->code, sizeof out->code);
    store_text(q, 1, out->clarus_id, sizeof out->clarus_id);
    store_text(q, 2, out->name, sizeof out->name);
}

#define PACKAGING_COLUMNS "code, clarus_id, name, length_mm, width_mm, height_mm, weight_g"

err_t catalogue_packaging(struct store *st, struct slice code, struct packaging *out)
{
    if (code.len == 0 || code.len >= ID_CAP) return ERR_NOTFOUND;
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(st, "SELECT " PACKAGING_COLUMNS " FROM packaging WHERE code = ?1", &q);
    if (e) return e;
    store_bind_slice(q, 1, code);
    bool row = false;
    e = store_step(st, q, &row);
    if (e) return e;
    if (!row) return ERR_NOTFOUND;
    packaging_from_row(q, out);
    return ERR_OK;
}

size_t catalogue_packagings(struct store *st, struct packaging *out, size_t cap)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e =
        store_prepare(st, "SELECT " PACKAGING_COLUMNS " FROM packaging ORDER BY code LIMIT ?1", &q);
    if (e) return 0;
    store_bind_int(q, 1, (int64_t)cap);
    size_t n = 0;
    bool row = true;
    while (n < cap && store_step(st, q, &row) == ERR_OK && row) {
        packaging_from_row(q, &out[n++]);
    }
    return n;
}

/* -------------------------------------------------------------------------------------- state --
 */

static err_t set_state(struct store *st, int64_t id, enum consignment_state state, const char *rule,
                       const char *text)
{
    err_t e = store_begin(st);
    if (e) return e;
    AUTO_STMT sqlite3_stmt *q = NULL;
    e = store_prepare(
        st, "UPDATE consignment SET state = ?2, hold_rule = ?3, hold_text = ?4 WHERE id = ?1", &q);
    if (e) return e;
    store_bind_int(q, 1, id);
    store_bind_int(q, 2, (int64_t)state);
    store_bind_text(q, 3, rule == NULL ? "" : rule);
    store_bind_text(q, 4, text == NULL ? "" : text);
    e = store_run(st, q);
    if (e) return e;
    return store_changes(st) == 0 ? ERR_NOTFOUND : ERR_OK;
}

err_t catalogue_set_state(struct store *st, int64_t id, enum consignment_state state)
{
    return set_state(st, id, state, NULL, NULL);
}

err_t catalogue_hold(struct store *st, int64_t id, enum consignment_state state, const char *rule,
                     const char *text)
{
    return set_state(st, id, state, rule, text);
}
