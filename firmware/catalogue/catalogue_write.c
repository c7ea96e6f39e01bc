#include <string.h>

#include "firmware/base/text.h"
#include "firmware/catalogue/catalogue.h"

/* Opens the transaction and prepares. */
static err_t prepare_write(struct store *st, const char *sql, sqlite3_stmt **out)
{
    err_t e = store_begin(st);
    if (e) return e;
    return store_prepare(st, sql, out);
}

static bool fits(const char *text, size_t cap)
{
    return text == NULL || strlen(text) < cap;
}

static bool is_key(const char *text, size_t cap)
{
    return text != NULL && text[0] != '\0' && fits(text, cap);
}

/* -------------------------------------------------------------------------------- consignment --
 */

struct reading_field {
    size_t offset; /* of a const char * in struct consignment_reading */
    size_t cap;    /* texts of this length and more are refused; 0: notes, cut and held instead */
};
#define FIELD(member, room)                                                                        \
    {                                                                                              \
        offsetof(struct consignment_reading, member), room                                         \
    }
#define ANY_LENGTH NOTE_STORE_MAX

/* In the order of the parameters ?4 and on of SQL_PUT_CONSIGNMENT. What is compared or sent back
 * must fit whole where it is read; names are for screens and may be cut there. */
static const struct reading_field reading_fields[] = {
    FIELD(reference, REFERENCE_CAP),
    FIELD(account_id, ID_CAP),
    FIELD(account_code, ID_CAP),
    FIELD(warehouse_id, ID_CAP),
    FIELD(warehouse_code, ID_CAP),
    FIELD(carrier_id, ID_CAP),
    FIELD(carrier_code, ID_CAP),
    FIELD(carrier_name, ANY_LENGTH),
    FIELD(service_id, ID_CAP),
    FIELD(service_code, ID_CAP),
    FIELD(service_name, ANY_LENGTH),
    FIELD(promised_service, ANY_LENGTH),
    FIELD(channel, 24),
    FIELD(shop_order, ID_CAP),
    FIELD(packing_note, 0),
    FIELD(delivery_note, 0),
    FIELD(gift_message, 0),
    FIELD(customer_note, 0),
    FIELD(notes_source, 24),
    FIELD(recipient, ANY_LENGTH),
    FIELD(recipient_source, 24),
};
#define FIELD_COUNT (sizeof reading_fields / sizeof reading_fields[0])

#define SQL_PUT_CONSIGNMENT                                                                        \
    "INSERT INTO consignment (clarus_id, seen_at, clarus_status, reference, account_id, "          \
    "account_code, warehouse_id, warehouse_code, carrier_id, carrier_code, carrier_name, "         \
    "service_id, service_code, service_name, promised_service, channel, shop_order, "              \
    "packing_note, delivery_note, gift_message, customer_note, notes_source, recipient, "          \
    "recipient_source, priority, dispatch_due) "                                                   \
    "VALUES (?1, ?2, coalesce(?3, ''), coalesce(?4, ''), coalesce(?5, ''), coalesce(?6, ''), "     \
    "coalesce(?7, ''), coalesce(?8, ''), coalesce(?9, ''), coalesce(?10, ''), coalesce(?11, ''), " \
    "coalesce(?12, ''), coalesce(?13, ''), coalesce(?14, ''), coalesce(?15, ''), "                 \
    "coalesce(?16, ''), coalesce(?17, ''), coalesce(?18, ''), coalesce(?19, ''), "                 \
    "coalesce(?20, ''), coalesce(?21, ''), coalesce(?22, ''), coalesce(?23, ''), "                 \
    "coalesce(?24, ''), coalesce(?25, 99), coalesce(?26, 0)) "                                     \
    "ON CONFLICT (clarus_id) DO UPDATE SET seen_at = ?2, aged = 0, "                               \
    "clarus_status = coalesce(?3, clarus_status), reference = coalesce(?4, reference), "           \
    "account_id = coalesce(?5, account_id), account_code = coalesce(?6, account_code), "           \
    "warehouse_id = coalesce(?7, warehouse_id), warehouse_code = coalesce(?8, warehouse_code), "   \
    "carrier_id = coalesce(?9, carrier_id), carrier_code = coalesce(?10, carrier_code), "          \
    "carrier_name = coalesce(?11, carrier_name), service_id = coalesce(?12, service_id), "         \
    "service_code = coalesce(?13, service_code), service_name = coalesce(?14, service_name), "     \
    "promised_service = coalesce(?15, promised_service), channel = coalesce(?16, channel), "       \
    "shop_order = coalesce(?17, shop_order), packing_note = coalesce(?18, packing_note), "         \
    "delivery_note = coalesce(?19, delivery_note), gift_message = coalesce(?20, gift_message), "   \
    "customer_note = coalesce(?21, customer_note), notes_source = coalesce(?22, notes_source), "   \
    "recipient = coalesce(?23, recipient), recipient_source = coalesce(?24, recipient_source), "   \
    "priority = coalesce(?25, priority), dispatch_due = coalesce(?26, dispatch_due)"

static const char *field_text(const struct consignment_reading *r, size_t i)
{
    const char *const *at =
        (const char *const *)(const void *)((const char *)r + reading_fields[i].offset);
    return *at;
}

static bool reading_fits(const struct consignment_reading *r)
{
    if (!is_key(r->clarus_id, ID_CAP) || !fits(r->status, RULE_CAP)) return false;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        size_t cap = reading_fields[i].cap;
        if (cap != 0 && !fits(field_text(r, i), cap)) return false;
    }
    return true;
}

/* The longest prefix of whole code points within NOTE_STORE_MAX. */
static struct slice note_kept(struct slice s)
{
    if (s.len <= NOTE_STORE_MAX) return s;
    size_t end = NOTE_STORE_MAX;
    while (end > 0 && (s.ptr[end] & 0xC0) == 0x80) {
        end--;
    }
    return slice_sub(s, 0, end);
}

static void bind_status(sqlite3_stmt *q, int index, const char *status)
{
    char upper[RULE_CAP] = "";
    if (status == NULL) {
        store_bind_null(q, index);
        return;
    }
    for (size_t i = 0; i < sizeof upper - 1 && status[i] != '\0'; i++) {
        upper[i] = status[i];
        if (status[i] >= 'a' && status[i] <= 'z') upper[i] = (char)(status[i] - 'a' + 'A');
    }
    store_bind_text(q, index, upper);
}

/* Returns whether a note was too long to be kept whole. */
static bool bind_fields(sqlite3_stmt *q, const struct consignment_reading *r)
{
    bool cut = false;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        const char *text = field_text(r, i);
        int index = (int)i + 4;
        if (text == NULL) {
            store_bind_null(q, index);
            continue;
        }
        struct slice kept = note_kept(slice_text(text));
        store_bind_slice(q, index, kept);
        if (text[kept.len] != '\0') cut = true;
    }
    return cut;
}

/* An order whose notes cannot be shown whole waits for the lead, unless it is past packing. */
static err_t hold_for_note(struct store *st, int64_t id)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = prepare_write(st,
                            "UPDATE consignment SET state = ?2, hold_rule = 'note.too_long', "
                            "hold_text = ?3 WHERE id = ?1 AND state IN (0, 1, 11)",
                            &q);
    if (e) return e;
    store_bind_int(q, 1, id);
    store_bind_int(q, 2, CONSIGNMENT_HELD);
    store_bind_text(q, 3, "A note of this order is longer than 65536 bytes and is kept cut.");
    return store_run(st, q);
}

err_t catalogue_put_consignment(struct store *st, wall_t at, const struct consignment_reading *r,
                                int64_t *out_id)
{
    AUTO_RELAX struct store_relaxed relaxed = store_relax(st);
    if (!reading_fits(r)) return ERR_INVALID;
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = prepare_write(st, SQL_PUT_CONSIGNMENT, &q);
    if (e) return e;
    store_bind_text(q, 1, r->clarus_id);
    store_bind_int(q, 2, at.ms);
    bind_status(q, 3, r->status);
    bool cut = bind_fields(q, r);
    if (r->priority != NULL) store_bind_int(q, 25, *r->priority);
    if (r->dispatch_due != NULL) store_bind_int(q, 26, *r->dispatch_due);
    e = store_run(st, q);
    if (e) return e;
    int64_t id = 0;
    e = catalogue_by_clarus_id(st, r->clarus_id, &id);
    if (e == ERR_OK && cut) e = hold_for_note(st, id);
    if (e) return e;
    *out_id = id;
    return ERR_OK;
}

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
    "unit = coalesce(?11, 'unit'), units = ?12, shop_line = coalesce(?13, shop_line)"

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

err_t catalogue_set_shop_notes(struct store *st, int64_t consignment_id, struct slice packing,
                               struct slice delivery)
{
    AUTO_RELAX struct store_relaxed relaxed = store_relax(st);
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = prepare_write(st,
                            "UPDATE consignment SET shop_packing_note = ?2, shop_delivery_note = "
                            "?3 WHERE id = ?1 AND (shop_packing_note <> ?2 OR "
                            "shop_delivery_note <> ?3)",
                            &q);
    if (e) return e;
    store_bind_int(q, 1, consignment_id);
    store_bind_slice(q, 2, note_kept(packing));
    store_bind_slice(q, 3, note_kept(delivery));
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
        "ON CONFLICT (code, consignment_id) DO UPDATE SET kind = ?2, seen_at = ?4",
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
        "status = coalesce(?7, status)",
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
