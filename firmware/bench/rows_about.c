/* rows_about.c - what the packer sees of an order beside its lines: whose it is, how old, what else
 * belongs to it, and in which packs its goods are picked up. */
#include "firmware/bench/session.h"

#include <string.h>

#include "firmware/base/json.h"

/* ------------------------------------------------------------------------------- recipient -- */

static void add_part(struct buf *out, json_node address, const char *member)
{
    struct slice text = slice_trim(json_text(json_member(address, member)));
    if (text.len == 0) return;
    if (out->len > 0) buf_text(out, ", ");
    buf_put(out, text);
}

static void read_recipient(struct slice text, struct session_about *out)
{
    static const char *const members[] = {"name",      "company",   "address_1",
                                          "address_2", "address_3", "address_4",
                                          "city",      "postcode",  "country_code"};
    AUTO_JSON struct json_doc *doc = NULL;
    if (text.len == 0 || json_parse(text, &doc, NULL)) return;
    uint8_t room[1024];
    struct buf line = buf_over(room, sizeof room);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        add_part(&line, json_root(doc), members[i]);
    slice_copy_cut(buf_slice(&line), out->recipient, sizeof out->recipient);
    slice_copy_cut(json_text(json_member(json_root(doc), "country_code")), out->country,
                   sizeof out->country);
}

static err_t load_recipient(struct bench *b)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(
        b->store, "SELECT recipient, recipient_source, first_at FROM consignment WHERE id = ?1",
        &q);
    if (e) return e;
    store_bind_int(q, 1, b->order.id);
    e = store_step(b->store, q, &row);
    if (e || !row) return e;
    read_recipient(store_blob(q, 0), &b->about);
    store_text(q, 1, b->about.recipient_source, sizeof b->about.recipient_source);
    b->about.first_at = store_int(q, 2);
    return ERR_OK;
}

/* -------------------------------------------------------------------------------- siblings -- */

static const char *sibling_state(enum consignment_state state)
{
    switch (state) {
    case CONSIGNMENT_KNOWN:
    case CONSIGNMENT_READY:
        return "ready";
    case CONSIGNMENT_SAVED:
    case CONSIGNMENT_SAVED_PART:
        return "saved";
    case CONSIGNMENT_DISPATCHED:
    case CONSIGNMENT_GONE:
        return "sent";
    case CONSIGNMENT_HELD:
        return "held";
    case CONSIGNMENT_STOPPED:
        return "stopped";
    case CONSIGNMENT_CLAIMED:
    case CONSIGNMENT_PACKING:
    case CONSIGNMENT_PACKED:
    case CONSIGNMENT_LABEL_PENDING:
    case CONSIGNMENT_LABELLED:
    case CONSIGNMENT_LABEL_CHECKED:
        break;
    }
    return "bench";
}

static err_t load_siblings(struct bench *b)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    if (!b->order.shop_order[0]) return ERR_OK;
    err_t e = store_prepare(b->store,
                            "SELECT reference, state FROM consignment WHERE shop_order = ?1 AND "
                            "channel = ?2 AND id <> ?3 ORDER BY id LIMIT 100",
                            &q);
    if (e) return e;
    store_bind_text(q, 1, b->order.shop_order);
    store_bind_text(q, 2, b->order.channel);
    store_bind_int(q, 3, b->order.id);
    size_t count = 0;
    for (bool row = true; !(e = store_step(b->store, q, &row)) && row; count++) {
        if (count >= VIEW_SIBLINGS_MAX) continue;
        struct view_sibling *s = &b->about.siblings[count];
        store_text(q, 0, s->reference, sizeof s->reference);
        s->state = sibling_state((enum consignment_state)store_int(q, 1));
    }
    b->about.sibling_count = count;
    return e;
}

/* --------------------------------------------------------------------------------- cut-off -- */

/* The next one of its carrier; none by a clock that may be wrong. */
static int64_t next_cut_off(const struct bench *b)
{
    const struct config_site *site = &b->config->site;
    const struct config_carrier *carrier = config_carrier_by_code(site, b->carrier_code);
    wall_t now = effects_wall(b->fx);
    int32_t minute = carrier ? config_minute_of_day(carrier->cut_off) : -1;
    if (minute < 0 || !now.trusted) return 0;
    struct clock_zone zone = {.utc_offset_min = site->utc_offset_min,
                              .summer_time_eu = site->summer_time == CONFIG_SUMMER_EU};
    const int64_t day = INT64_C(86400000), hour = INT64_C(3600000);
    int64_t next = clock_last_at(now.ms + day, &zone, minute);
    return next > now.ms ? next : clock_last_at(now.ms + day + hour, &zone, minute);
}

err_t rows_load_about(struct bench *b)
{
    memset(&b->about, 0, sizeof b->about);
    err_t e = load_recipient(b);
    if (!e) e = load_siblings(b);
    b->about.cut_off = next_cut_off(b);
    return e;
}

/* ----------------------------------------------------------------------------------- packs -- */

err_t rows_load_packs(struct bench *b)
{
    for (size_t i = 0; i < b->line_count; i++) {
        AUTO_STMT sqlite3_stmt *q = NULL;
        struct session_line *l = &b->lines[i];
        bool row = false;
        slice_copy_cut(SLICE("unit"), l->pick_level, sizeof l->pick_level);
        l->pick_factor = QTY_UNITS(1);
        if (!l->line.product_id) continue;
        err_t e = store_prepare(b->store,
                                "SELECT level, factor FROM barcode WHERE product_id = ?1 AND "
                                "factor > 1000 AND factor <= ?2 ORDER BY factor DESC LIMIT 1",
                                &q);
        if (e) return e;
        store_bind_int(q, 1, l->line.product_id);
        store_bind_int(q, 2, l->to_pack.milli);
        e = store_step(b->store, q, &row);
        if (e) return e;
        if (!row) continue;
        store_text(q, 0, l->pick_level, sizeof l->pick_level);
        l->pick_factor.milli = store_int(q, 1);
    }
    return ERR_OK;
}
