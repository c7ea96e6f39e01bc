/* A reading of a consignment is stored. */
#include "firmware/catalogue/catalogue_parts.h"

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
    "recipient_source, priority, dispatch_due, first_at) "                                         \
    "VALUES (?1, ?2, coalesce(?3, ''), coalesce(?4, ''), coalesce(?5, ''), coalesce(?6, ''), "     \
    "coalesce(?7, ''), coalesce(?8, ''), coalesce(?9, ''), coalesce(?10, ''), coalesce(?11, ''), " \
    "coalesce(?12, ''), coalesce(?13, ''), coalesce(?14, ''), coalesce(?15, ''), "                 \
    "coalesce(?16, ''), coalesce(?17, ''), coalesce(?18, ''), coalesce(?19, ''), "                 \
    "coalesce(?20, ''), coalesce(?21, ''), coalesce(?22, ''), coalesce(?23, ''), "                 \
    "coalesce(?24, ''), coalesce(?25, 99), coalesce(?26, 0), ?2) "                                 \
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

/* Finds a consignment that is as it was, with the same parameters: most readings say nothing new.
 * Whether it has to be noted that it was seen: of one that waits, now and then is enough. */
#define SQL_SEE_CONSIGNMENT                                                                        \
    "SELECT id, state NOT IN (0, 1, 11) OR seen_at > ?2 OR seen_at < ?2 - ?27 "                    \
    "FROM consignment WHERE clarus_id = ?1 AND aged = 0 AND "                                      \
    "clarus_status = coalesce(?3, clarus_status) AND reference = coalesce(?4, reference) AND "     \
    "account_id = coalesce(?5, account_id) AND account_code = coalesce(?6, account_code) AND "     \
    "warehouse_id = coalesce(?7, warehouse_id) AND "                                               \
    "warehouse_code = coalesce(?8, warehouse_code) AND "                                           \
    "carrier_id = coalesce(?9, carrier_id) AND carrier_code = coalesce(?10, carrier_code) AND "    \
    "carrier_name = coalesce(?11, carrier_name) AND service_id = coalesce(?12, service_id) AND "   \
    "service_code = coalesce(?13, service_code) AND service_name = coalesce(?14, service_name) "   \
    "AND promised_service = coalesce(?15, promised_service) AND "                                  \
    "channel = coalesce(?16, channel) AND shop_order = coalesce(?17, shop_order) AND "             \
    "packing_note = coalesce(?18, packing_note) AND "                                              \
    "delivery_note = coalesce(?19, delivery_note) AND "                                            \
    "gift_message = coalesce(?20, gift_message) AND "                                              \
    "customer_note = coalesce(?21, customer_note) AND "                                            \
    "notes_source = coalesce(?22, notes_source) AND recipient = coalesce(?23, recipient) AND "     \
    "recipient_source = coalesce(?24, recipient_source) AND priority = coalesce(?25, priority) "   \
    "AND dispatch_due = coalesce(?26, dispatch_due)"

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

/* Returns whether a note was too long to be kept whole. */
static bool bind_reading(sqlite3_stmt *q, wall_t at, const struct consignment_reading *r)
{
    store_bind_text(q, 1, r->clarus_id);
    store_bind_int(q, 2, at.ms);
    bind_status(q, 3, r->status);
    bool cut = bind_fields(q, r);
    if (r->priority != NULL) store_bind_int(q, 25, *r->priority);
    if (r->dispatch_due != NULL) store_bind_int(q, 26, *r->dispatch_due);
    return cut;
}

static err_t note_seen(struct store *st, wall_t at, int64_t id)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = prepare_write(st, "UPDATE consignment SET seen_at = ?2 WHERE id = ?1", &q);
    if (e) return e;
    store_bind_int(q, 1, id);
    store_bind_int(q, 2, at.ms);
    return store_run(st, q);
}

/* *out_id 0: it is new, or something of it is. */
static err_t see(struct store *st, wall_t at, const struct consignment_reading *r, int64_t *out_id)
{
    static const char SQL[] = SQL_SEE_CONSIGNMENT;
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    *out_id = 0;
    err_t e = store_prepare(st, SQL, &q);
    if (e) return e;
    (void)bind_reading(q, at, r);
    store_bind_int(q, 27, CATALOGUE_SEEN_MS);
    e = store_step(st, q, &row);
    if (e || !row) return e;
    *out_id = store_int(q, 0);
    bool note = store_int(q, 1) != 0;
    (void)sqlite3_reset(q);
    return note ? note_seen(st, at, *out_id) : ERR_OK;
}

static err_t put(struct store *st, wall_t at, const struct consignment_reading *r, int64_t *out_id)
{
    static const char SQL[] = SQL_PUT_CONSIGNMENT;
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = prepare_write(st, SQL, &q);
    if (e) return e;
    bool cut = bind_reading(q, at, r);
    e = store_run(st, q);
    if (e == ERR_OK) e = catalogue_by_clarus_id(st, r->clarus_id, out_id);
    return e == ERR_OK && cut ? hold_for_note(st, *out_id) : e;
}

err_t catalogue_put_consignment(struct store *st, wall_t at, const struct consignment_reading *r,
                                int64_t *out_id)
{
    AUTO_RELAX struct store_relaxed relaxed = store_relax(st);
    int64_t id = 0;
    if (!reading_fits(r)) return ERR_INVALID;
    err_t e = see(st, at, r, &id);
    if (e == ERR_OK && id == 0) e = put(st, at, r, &id);
    if (e == ERR_OK) *out_id = id;
    return e;
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
