/* What is to be packed: references, barcodes, units, the ledger of a line, the digest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/catalogue/catalogue.h"

static const wall_t today = {.ms = 1773216000000, .trusted = true};

struct world {
    char folder[64];
    char path[96];
    struct store *st;
    int64_t order;
};

static void some_random(void *ctx, void *out, size_t len)
{
    (void)ctx;
    memset(out, 7, len);
}

static int64_t put_order(struct store *st, const char *clarus_id, const char *reference)
{
    struct consignment_reading r = {
        .clarus_id = clarus_id, .reference = reference, .status = "pick"};
    int64_t id = 0;
    assert_int_equal(catalogue_put_consignment(st, today, &r, &id), ERR_OK);
    return id;
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    snprintf(w->folder, sizeof w->folder, "/tmp/catalogue-XXXXXX");
    if (mkdtemp(w->folder) == NULL) return -1;
    snprintf(w->path, sizeof w->path, "%s/s.db", w->folder);
    struct store_options o = {.path = w->path, .station = "PB7", .random = some_random};
    struct store_fault fault;
    if (store_open(&o, &w->st, &fault) != ERR_OK) return -1;
    w->order = put_order(w->st, "40217", "WEB-10427");
    *state = w;
    return 0;
}

/* Statements that read a whole table, of those the test ran. The list of boxes is meant to. */
static int full_scans(struct store *st)
{
    sqlite3_stmt *any = NULL;
    if (store_prepare(st, "SELECT 1", &any) != ERR_OK) return -1;
    sqlite3 *db = sqlite3_db_handle(any);
    int found = 0;
    for (sqlite3_stmt *q = sqlite3_next_stmt(db, NULL); q != NULL; q = sqlite3_next_stmt(db, q)) {
        bool meant = strstr(sqlite3_sql(q), "FROM packaging ORDER") != NULL ||
                     strstr(sqlite3_sql(q), "detail, who FROM story") != NULL ||
                     strstr(sqlite3_sql(q), "count(*), max") != NULL;
        if (meant || sqlite3_stmt_status(q, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0) == 0) continue;
        print_error("full scan: %s\n", sqlite3_sql(q));
        found++;
    }
    return found;
}

static int teardown(void **state)
{
    struct world *w = *state;
    int scans = full_scans(w->st);
    store_close(w->st);
    char command[96];
    snprintf(command, sizeof command, "rm -r %s", w->folder);
    int rc = system(command);
    free(w);
    return rc | scans;
}

static void put_line(struct world *w, const char *id, const char *sku, int ordered, int picked)
{
    struct line_reading r = {.clarus_line_id = id,
                             .position = 1,
                             .sku = sku,
                             .ordered = QTY_UNITS(ordered),
                             .allocated = QTY_UNITS(picked),
                             .picked = QTY_UNITS(picked)};
    assert_int_equal(catalogue_put_line(w->st, w->order, &r), ERR_OK);
}

static struct line only_line(struct world *w)
{
    struct line l;
    size_t count = 0;
    assert_int_equal(catalogue_lines(w->st, w->order, &l, 1, &count), ERR_OK);
    assert_int_equal(count, 1);
    return l;
}

static void run_sql(struct world *w, const char *literal, int64_t a, int64_t b, int64_t c)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    assert_int_equal(store_begin(w->st), ERR_OK);
    assert_int_equal(store_prepare(w->st, literal, &q), ERR_OK);
    int count = sqlite3_bind_parameter_count(q);
    store_bind_int(q, 1, a);
    if (count > 1) store_bind_int(q, 2, b);
    if (count > 2) store_bind_int(q, 3, c);
    assert_int_equal(store_run(w->st, q), ERR_OK);
}

/* A parcel with so much of the line in it. */
static int64_t pack(struct world *w, int64_t line, int quantity)
{
    run_sql(w, "INSERT INTO shipment (key, consignment_id) VALUES ('S' || abs(random()), ?1)",
            w->order, 0, 0);
    run_sql(w, "INSERT INTO parcel (consignment_id, shipment_id, number) VALUES (?1, ?2, 1)",
            w->order, store_last_id(w->st), 0);
    int64_t parcel = store_last_id(w->st);
    run_sql(w, "INSERT INTO parcel_item (parcel_id, line_id, quantity) VALUES (?1, ?2, ?3)", parcel,
            line, (int64_t)quantity * 1000);
    return parcel;
}

/* The same, saved as a dispatch in this state (0 saved, 1 dispatched, 4 pulled, 6 recalled). */
static void send_off(struct world *w, int64_t line, int quantity, int state)
{
    int64_t parcel = pack(w, line, quantity);
    run_sql(w,
            "INSERT INTO dispatch (key, consignment_id, shipment_id, state, boot_id, at_mono, at, "
            "at_trusted) SELECT 'D' || id, consignment_id, shipment_id, ?2, 'boot', 1, 1, 1 "
            "FROM parcel WHERE id = ?1",
            parcel, state, 0);
    run_sql(w,
            "INSERT INTO dispatch_item (dispatch_id, parcel_id, line_id, sku, quantity) "
            "SELECT max(d.id), ?1, ?2, '', ?3 FROM dispatch d",
            parcel, line, (int64_t)quantity * 1000);
}

static void expect_rest(struct world *w, int64_t line, int to_pack, int outstanding, bool complete)
{
    qty_t a = QTY_ZERO;
    qty_t b = QTY_ZERO;
    bool done = !complete;
    assert_int_equal(catalogue_outstanding(w->st, line, &a, &b), ERR_OK);
    assert_int_equal(a.milli, (int64_t)to_pack * 1000);
    assert_int_equal(b.milli, (int64_t)outstanding * 1000);
    assert_int_equal(catalogue_is_complete(w->st, w->order, &done), ERR_OK);
    assert_int_equal(done, complete);
}

/* ------------------------------------------------------------------------------------ barcodes */

static void gtin__folds_only_numbers_with_a_right_check_digit(void **state)
{
    (void)state;
    static const struct {
        const char *scanned, *folded;
    } cases[] = {
        {"075678164125", "00075678164125"},
        {"0075678164125", "00075678164125"},
        {"5012345678900", "05012345678900"},
        {"15012345678907", "15012345678907"},
        {"96385074", "00000096385074"},
        {"5-012345-678900", "05012345678900"},
        {"5 012345 678900", "05012345678900"},
        {"5012345678901", NULL},
        {"00451", NULL},
        {"451", NULL},
        {"00000000", NULL},
        {"501234567890A", NULL},
        {"150123456789071", NULL},
        {"", NULL},
        {"--------", NULL},
        {"75678164125", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[15] = "untouched";
        err_t e = catalogue_gtin(slice_text(cases[i].scanned), out);
        assert_int_equal(e, cases[i].folded == NULL ? ERR_INVALID : ERR_OK);
        assert_string_equal(out, cases[i].folded == NULL ? "untouched" : cases[i].folded);
    }
    char out[15];
    assert_int_equal(catalogue_gtin(slice_of("9638507\0", 8), out), ERR_INVALID);
}

static int64_t put_product(struct world *w, const char *id, const char *code, const char *unit,
                           const char *box, int factor)
{
    struct product_reading r = {.clarus_id = id, .code = code, .description = "Mug"};
    r.barcode[0].code = unit;
    r.barcode[0].factor = QTY_UNITS(1);
    r.barcode[2].code = box;
    r.barcode[2].factor = QTY_UNITS(factor);
    int64_t out = 0;
    assert_int_equal(catalogue_put_product(w->st, today, &r, &out), ERR_OK);
    return out;
}

static void product__is_found_by_folded_barcode_with_its_factor(void **state)
{
    struct world *w = *state;
    int64_t mug = put_product(w, "9", "MUG-1", "5012345678900", "15012345678907", 12);
    struct product_hit hit;
    assert_int_equal(catalogue_product(w->st, SLICE("05012345678900"), &hit), ERR_OK);
    assert_int_equal(hit.product_id, mug);
    assert_string_equal(hit.level, "unit");
    assert_int_equal(hit.factor.milli, 1000);
    assert_int_equal(catalogue_product(w->st, SLICE("15012345678907"), &hit), ERR_OK);
    assert_string_equal(hit.level, "case");
    assert_int_equal(hit.factor.milli, 12000);
    assert_int_equal(catalogue_product(w->st, SLICE("MUG-1"), &hit), ERR_OK);
    assert_string_equal(hit.sku, "MUG-1");
    assert_int_equal(catalogue_product(w->st, SLICE("mug-1"), &hit), ERR_NOTFOUND);
    assert_int_equal(catalogue_product(w->st, SLICE("MUG-1\0x"), &hit), ERR_NOTFOUND);
    assert_int_equal(catalogue_product(w->st, SLICE("' OR 1=1 --"), &hit), ERR_NOTFOUND);
}

static void product__keeps_leading_zeros_of_skus_apart(void **state)
{
    struct world *w = *state;
    int64_t long_one = put_product(w, "1", "00451", NULL, NULL, 0);
    int64_t short_one = put_product(w, "2", "451", NULL, NULL, 0);
    struct product_hit hit;
    assert_int_equal(catalogue_product(w->st, SLICE("00451"), &hit), ERR_OK);
    assert_int_equal(hit.product_id, long_one);
    assert_int_equal(catalogue_product(w->st, SLICE("451"), &hit), ERR_OK);
    assert_int_equal(hit.product_id, short_one);
}

static void product__is_ambiguous_between_products_and_between_levels(void **state)
{
    struct world *w = *state;
    put_product(w, "1", "RED", "5012345678900", NULL, 0);
    put_product(w, "2", "BLUE", "5012345678900", NULL, 0);
    struct product_hit hits[4];
    size_t count = 0;
    assert_int_equal(catalogue_product(w->st, SLICE("5012345678900"), hits), ERR_AMBIGUOUS);
    assert_int_equal(catalogue_products(w->st, SLICE("5012345678900"), hits, 1, &count), ERR_OK);
    assert_int_equal(count, 2);
    put_product(w, "3", "GREEN", "SAME", "SAME", 6);
    assert_int_equal(catalogue_product(w->st, SLICE("SAME"), hits), ERR_AMBIGUOUS);
    put_product(w, "4", "ITSELF", "ITSELF", NULL, 0);
    assert_int_equal(catalogue_product(w->st, SLICE("ITSELF"), hits), ERR_OK);
}

static void product__forgets_barcodes_that_were_taken_away(void **state)
{
    struct world *w = *state;
    put_product(w, "1", "RED", "5012345678900", "15012345678907", 12);
    put_product(w, "1", "RED", " 96385074 ", "", 0);
    struct product_hit hit;
    assert_int_equal(catalogue_product(w->st, SLICE("5012345678900"), &hit), ERR_NOTFOUND);
    assert_int_equal(catalogue_product(w->st, SLICE("15012345678907"), &hit), ERR_NOTFOUND);
    assert_int_equal(catalogue_product(w->st, SLICE("96385074"), &hit), ERR_OK);
}

static void line__knows_what_its_unit_holds_only_when_all_sources_agree(void **state)
{
    struct world *w = *state;
    put_product(w, "9", "MUG-1", "5012345678900", "15012345678907", 12);
    struct line_reading r = {.clarus_line_id = "1",
                             .product_clarus_id = "9",
                             .sku = "MUG-1",
                             .ordered = QTY_UNITS(24),
                             .unit = "case",
                             .units = QTY_UNITS(2)};
    assert_int_equal(catalogue_put_line(w->st, w->order, &r), ERR_OK);
    assert_int_equal(only_line(w).unit_factor.milli, 12000);
    assert_string_equal(only_line(w).description, "Mug");
    r.units = QTY_UNITS(3);
    assert_int_equal(catalogue_put_line(w->st, w->order, &r), ERR_OK);
    assert_int_equal(only_line(w).unit_factor.milli, 0);
    r.units = QTY_ZERO;
    assert_int_equal(catalogue_put_line(w->st, w->order, &r), ERR_OK);
    assert_int_equal(only_line(w).unit_factor.milli, 12000);
    r.unit = "outer";
    assert_int_equal(catalogue_put_line(w->st, w->order, &r), ERR_OK);
    assert_int_equal(only_line(w).unit_factor.milli, 0);
    r.units = QTY_UNITS(4);
    assert_int_equal(catalogue_put_line(w->st, w->order, &r), ERR_OK);
    assert_int_equal(only_line(w).unit_factor.milli, 6000);
    r.unit = NULL;
    assert_int_equal(catalogue_put_line(w->st, w->order, &r), ERR_OK);
    assert_int_equal(only_line(w).unit_factor.milli, 1000);
}

/* -------------------------------------------------------------------------------------- ledger */

static void outstanding__follows_ordered_dispatched_short_and_cancelled(void **state)
{
    struct world *w = *state;
    put_line(w, "1", "MUG-1", 3, 3);
    int64_t line = only_line(w).id;
    expect_rest(w, line, 3, 3, false);
    send_off(w, line, 2, 0);
    expect_rest(w, line, 1, 1, false);
    send_off(w, line, 1, 1);
    expect_rest(w, line, 0, 0, true);
}

static void outstanding__counts_our_dispatch_and_clarus_figure_once(void **state)
{
    struct world *w = *state;
    put_line(w, "1", "MUG-1", 5, 5);
    int64_t line = only_line(w).id;
    send_off(w, line, 2, 1);
    struct line_reading r = {.clarus_line_id = "1",
                             .sku = "MUG-1",
                             .ordered = QTY_UNITS(5),
                             .picked = QTY_UNITS(5),
                             .dispatched = QTY_UNITS(2)};
    assert_int_equal(catalogue_put_line(w->st, w->order, &r), ERR_OK);
    expect_rest(w, line, 3, 3, false);
    r.dispatched = QTY_UNITS(4);
    assert_int_equal(catalogue_put_line(w->st, w->order, &r), ERR_OK);
    expect_rest(w, line, 1, 1, false);
    r.shorted = QTY_UNITS(1);
    assert_int_equal(catalogue_put_line(w->st, w->order, &r), ERR_OK);
    expect_rest(w, line, 0, 0, true);
    r.dispatched = QTY_UNITS(9);
    assert_int_equal(catalogue_put_line(w->st, w->order, &r), ERR_OK);
    expect_rest(w, line, 0, 0, true);
}

static void outstanding__gives_back_what_was_pulled_or_recalled(void **state)
{
    struct world *w = *state;
    put_line(w, "1", "MUG-1", 3, 3);
    int64_t line = only_line(w).id;
    send_off(w, line, 1, 4);
    send_off(w, line, 1, 6);
    expect_rest(w, line, 3, 3, false);
    send_off(w, line, 1, 3);
    expect_rest(w, line, 2, 2, false);
}

static void outstanding__packs_no_more_than_was_picked(void **state)
{
    struct world *w = *state;
    put_line(w, "1", "MUG-1", 5, 2);
    int64_t line = only_line(w).id;
    expect_rest(w, line, 2, 5, false);
    send_off(w, line, 2, 0);
    expect_rest(w, line, 0, 3, false);
}

static void complete__needs_every_line_and_at_least_one(void **state)
{
    struct world *w = *state;
    bool done = true;
    assert_int_equal(catalogue_is_complete(w->st, w->order, &done), ERR_OK);
    assert_false(done);
    put_line(w, "1", "MUG-1", 3, 3);
    int64_t line = only_line(w).id;
    put_line(w, "2", "HAT", 1, 1);
    send_off(w, line, 3, 0);
    expect_rest(w, line, 0, 0, false);
    qty_t unused;
    assert_int_equal(catalogue_outstanding(w->st, 4711, &unused, &unused), ERR_NOTFOUND);
}

static void keep_lines__removes_untouched_ones_and_cancels_the_rest_of_others(void **state)
{
    struct world *w = *state;
    put_line(w, "1", "MUG-1", 3, 3);
    int64_t sent = only_line(w).id;
    put_line(w, "2", "HAT", 2, 2);
    put_line(w, "3", "PEN", 4, 4);
    put_line(w, "4", "CUP", 1, 1);
    struct line l[4];
    size_t count = 0;
    assert_int_equal(catalogue_lines(w->st, w->order, l, 4, &count), ERR_OK);
    send_off(w, sent, 2, 0);
    pack(w, l[1].id, 1);
    const char *keep[] = {"4"};
    assert_int_equal(catalogue_keep_lines(w->st, w->order, keep, 1), ERR_OK);
    assert_int_equal(catalogue_lines(w->st, w->order, l, 4, &count), ERR_OK);
    assert_int_equal(count, 3);
    assert_int_equal(l[0].cancelled.milli, 1000);
    assert_int_equal(l[1].cancelled.milli, 2000);
    assert_string_equal(l[2].sku, "CUP");
    assert_int_equal(l[2].cancelled.milli, 0);
    expect_rest(w, sent, 0, 0, false);
    assert_int_equal(catalogue_keep_lines(w->st, w->order, keep, 1), ERR_OK);
    assert_int_equal(catalogue_lines(w->st, w->order, l, 4, &count), ERR_OK);
    assert_int_equal(l[0].cancelled.milli, 1000);
    put_line(w, "1", "MUG-1", 3, 3);
    expect_rest(w, sent, 1, 1, false);
}

/* ---------------------------------------------------------------------------------- references */

static void find__knows_reference_shop_order_tote_and_pick_list(void **state)
{
    struct world *w = *state;
    struct consignment_reading r = {.clarus_id = "40217", .channel = "shop", .shop_order = "10427"};
    int64_t id = 0;
    assert_int_equal(catalogue_put_consignment(w->st, today, &r, &id), ERR_OK);
    assert_int_equal(id, w->order);
    assert_int_equal(catalogue_put_carrying(w->st, today, "TOTE-01", "tote", id), ERR_OK);
    assert_int_equal(catalogue_put_carrying(w->st, today, "PL-7", "pick_list", id), ERR_OK);
    static const char *const codes[] = {"WEB-10427", "10427", "TOTE-01", "PL-7"};
    for (size_t i = 0; i < 4; i++) {
        int64_t found = 0;
        assert_int_equal(catalogue_find(w->st, slice_text(codes[i]), &found), ERR_OK);
        assert_int_equal(found, w->order);
    }
    int64_t found = 77;
    assert_int_equal(catalogue_find(w->st, SLICE("web-10427"), &found), ERR_NOTFOUND);
    assert_int_equal(catalogue_find(w->st, SLICE(""), &found), ERR_NOTFOUND);
    assert_int_equal(catalogue_find(w->st, SLICE("%"), &found), ERR_NOTFOUND);
    assert_int_equal(found, 77);
}

static void find__names_the_most_urgent_of_several_open_ones(void **state)
{
    struct world *w = *state;
    int64_t other = put_order(w->st, "40218", "WEB-10428");
    int64_t urgent = 1;
    struct consignment_reading r = {.clarus_id = "40218", .priority = &urgent};
    assert_int_equal(catalogue_put_consignment(w->st, today, &r, &other), ERR_OK);
    assert_int_equal(catalogue_put_carrying(w->st, today, "PL-7", "pick_list", w->order), ERR_OK);
    assert_int_equal(catalogue_put_carrying(w->st, today, "PL-7", "pick_list", other), ERR_OK);
    int64_t found = 0;
    assert_int_equal(catalogue_find(w->st, SLICE("PL-7"), &found), ERR_AMBIGUOUS);
    assert_int_equal(found, other);
    assert_int_equal(catalogue_set_state(w->st, other, CONSIGNMENT_SAVED), ERR_OK);
    assert_int_equal(catalogue_find(w->st, SLICE("PL-7"), &found), ERR_OK);
    assert_int_equal(found, w->order);
    assert_int_equal(catalogue_find(w->st, SLICE("WEB-10428"), &found), ERR_OK);
    assert_int_equal(found, other);
}

/* --------------------------------------------------------------------------------- consignment */

static void put__changes_only_what_was_read(void **state)
{
    struct world *w = *state;
    struct consignment_reading r = {.clarus_id = "40217",
                                    .packing_note = "fragile '); DROP TABLE line; --",
                                    .carrier_id = "3",
                                    .promised_service = "Next day"};
    int64_t id = 0;
    assert_int_equal(catalogue_put_consignment(w->st, today, &r, &id), ERR_OK);
    struct consignment c;
    assert_int_equal(catalogue_consignment(w->st, w->order, &c), ERR_OK);
    assert_string_equal(c.reference, "WEB-10427");
    assert_string_equal(c.clarus_status, "PICK");
    assert_string_equal(c.packing_note, "fragile '); DROP TABLE line; --");
    assert_string_equal(c.promised_service, "Next day");
    assert_int_equal(c.priority, 99);
    assert_int_equal(c.seen_at, today.ms);
    r = (struct consignment_reading){.clarus_id = "40217", .packing_note = ""};
    assert_int_equal(catalogue_put_consignment(w->st, today, &r, &id), ERR_OK);
    assert_int_equal(catalogue_consignment(w->st, w->order, &c), ERR_OK);
    assert_string_equal(c.packing_note, "");
    assert_string_equal(c.carrier_id, "3");
    assert_int_equal(catalogue_consignment(w->st, 4711, &c), ERR_NOTFOUND);
}

static void put__refuses_identifiers_that_would_be_cut(void **state)
{
    struct world *w = *state;
    const char *longest = "0123456789012345678901234567890123456789012345678901234567890123456789";
    int64_t id = 0;
    struct consignment_reading r = {.clarus_id = longest};
    assert_int_equal(catalogue_put_consignment(w->st, today, &r, &id), ERR_INVALID);
    r = (struct consignment_reading){.clarus_id = ""};
    assert_int_equal(catalogue_put_consignment(w->st, today, &r, &id), ERR_INVALID);
    r = (struct consignment_reading){.clarus_id = "40217", .shop_order = longest};
    assert_int_equal(catalogue_put_consignment(w->st, today, &r, &id), ERR_INVALID);
    struct line_reading l = {.clarus_line_id = "1", .sku = longest};
    assert_int_equal(catalogue_put_line(w->st, w->order, &l), ERR_INVALID);
    l = (struct line_reading){.clarus_line_id = "1", .sku = ""};
    assert_int_equal(catalogue_put_line(w->st, w->order, &l), ERR_INVALID);
}

static void put__holds_an_order_whose_note_cannot_be_kept_whole(void **state)
{
    struct world *w = *state;
    char *note = calloc(1, NOTE_STORE_MAX + 10);
    for (size_t i = 0; i + 2 <= NOTE_STORE_MAX + 2; i += 2) {
        memcpy(note + i, "\xC3\xA9", 2);
    }
    note[0] = 'x';
    note[1] = 'x';
    struct consignment_reading r = {.clarus_id = "40217", .gift_message = note};
    int64_t id = 0;
    assert_int_equal(catalogue_put_consignment(w->st, today, &r, &id), ERR_OK);
    struct consignment c;
    assert_int_equal(catalogue_consignment(w->st, w->order, &c), ERR_OK);
    assert_int_equal(c.state, CONSIGNMENT_HELD);
    assert_string_equal(c.hold_rule, "note.too_long");
    assert_true(strlen(c.gift_message) > 4000);
    assert_int_equal(catalogue_set_state(w->st, id, CONSIGNMENT_READY), ERR_OK);
    note[NOTE_STORE_MAX] = '\0';
    assert_int_equal(catalogue_put_consignment(w->st, today, &r, &id), ERR_OK);
    assert_int_equal(catalogue_consignment(w->st, w->order, &c), ERR_OK);
    assert_int_equal(c.state, CONSIGNMENT_READY);
    assert_string_equal(c.hold_rule, "");
    free(note);
}

static void hold__names_rule_and_text_and_every_state_has_a_name(void **state)
{
    struct world *w = *state;
    assert_int_equal(
        catalogue_hold(w->st, w->order, CONSIGNMENT_STOPPED, "order.cancelled", "Order cancelled."),
        ERR_OK);
    struct consignment c;
    assert_int_equal(catalogue_consignment(w->st, w->order, &c), ERR_OK);
    assert_int_equal(c.state, CONSIGNMENT_STOPPED);
    assert_string_equal(c.hold_rule, "order.cancelled");
    assert_int_equal(catalogue_set_state(w->st, 4711, CONSIGNMENT_READY), ERR_NOTFOUND);
    for (int s = CONSIGNMENT_KNOWN; s <= CONSIGNMENT_GONE; s++) {
        assert_string_not_equal(consignment_state_name((enum consignment_state)s), "unknown");
    }
    assert_string_equal(consignment_state_name((enum consignment_state)99), "unknown");
}

/* -------------------------------------------------------------------------------------- digest */

static void digest__changes_with_what_matters_and_with_nothing_else(void **state)
{
    struct world *w = *state;
    put_line(w, "1", "MUG-1", 3, 3);
    put_line(w, "2", "HAT", 1, 1);
    char first[65];
    char now[65];
    assert_int_equal(catalogue_digest(w->st, w->order, first), ERR_OK);
    int64_t id = 0;
    int64_t priority = 5;
    struct consignment_reading same = {
        .clarus_id = "40217", .status = "ALLOCATED", .priority = &priority, .gift_message = "Hi"};
    assert_int_equal(catalogue_put_consignment(w->st, today, &same, &id), ERR_OK);
    put_line(w, "1", "MUG-1", 3, 2);
    assert_int_equal(catalogue_digest(w->st, w->order, now), ERR_OK);
    assert_string_equal(now, first);
    const struct consignment_reading changes[] = {
        {.clarus_id = "40217", .packing_note = "fragile"},
        {.clarus_id = "40217", .delivery_note = "leave with neighbour"},
        {.clarus_id = "40217", .recipient = "{\"town\":\"Ely\"}"},
        {.clarus_id = "40217", .carrier_id = "4"},
        {.clarus_id = "40217", .service_id = "5"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        assert_int_equal(catalogue_put_consignment(w->st, today, &changes[i], &id), ERR_OK);
        assert_int_equal(catalogue_digest(w->st, w->order, now), ERR_OK);
        assert_string_not_equal(now, first);
        memcpy(first, now, sizeof first);
    }
    put_line(w, "1", "MUG-1", 2, 2);
    assert_int_equal(catalogue_digest(w->st, w->order, now), ERR_OK);
    assert_string_not_equal(now, first);
    assert_int_equal(catalogue_digest(w->st, 4711, now), ERR_NOTFOUND);
}

static void digest__cannot_be_imitated_by_moving_text_between_notes(void **state)
{
    struct world *w = *state;
    char one[65];
    char two[65];
    int64_t id = 0;
    struct consignment_reading r = {
        .clarus_id = "40217", .packing_note = "a\n1:b", .delivery_note = "c"};
    assert_int_equal(catalogue_put_consignment(w->st, today, &r, &id), ERR_OK);
    assert_int_equal(catalogue_digest(w->st, w->order, one), ERR_OK);
    r.packing_note = "a";
    r.delivery_note = "b\n1:c";
    assert_int_equal(catalogue_put_consignment(w->st, today, &r, &id), ERR_OK);
    assert_int_equal(catalogue_digest(w->st, w->order, two), ERR_OK);
    assert_string_not_equal(one, two);
}

/* ----------------------------------------------------------------------------- boxes and story */

static void packaging__is_found_by_its_code(void **state)
{
    struct world *w = *state;
    struct packaging box = {.code = "BOX-S", .clarus_id = "3", .name = "Small box", .weight_g = 90};
    assert_int_equal(catalogue_put_packaging(w->st, &box), ERR_OK);
    box.weight_g = 95;
    assert_int_equal(catalogue_put_packaging(w->st, &box), ERR_OK);
    struct packaging found[2];
    assert_int_equal(catalogue_packaging(w->st, SLICE("BOX-S"), found), ERR_OK);
    assert_int_equal(found[0].weight_g, 95);
    assert_int_equal(catalogue_packaging(w->st, SLICE("BOX-X"), found), ERR_NOTFOUND);
    assert_int_equal(catalogue_packagings(w->st, found, 2), 1);
}

static void story__keeps_hostile_text_bounded(void **state)
{
    struct world *w = *state;
    char text[2000];
    for (size_t i = 0; i + 3 < sizeof text; i += 3) {
        memcpy(text + i, "\xE2\x82\xAC", 4);
    }
    assert_int_equal(story_add(w->st, today, w->order, "clarus", "read", NULL, text), ERR_OK);
    assert_int_equal(story_add(w->st, today, w->order, "station", "opened", "P7", NULL), ERR_OK);
    AUTO_STMT sqlite3_stmt *q = NULL;
    assert_int_equal(store_prepare(w->st, "SELECT detail, who FROM story ORDER BY id", &q), ERR_OK);
    bool row = false;
    assert_int_equal(store_step(w->st, q, &row), ERR_OK);
    assert_int_equal(store_blob(q, 0).len, 510);
    assert_int_equal(store_step(w->st, q, &row), ERR_OK);
    assert_true(row);
    assert_int_equal(store_blob(q, 0).len, 0);
}

static void tasks__are_kept_and_updated(void **state)
{
    struct world *w = *state;
    struct task_reading t = {.clarus_task_id = "77102",
                             .clarus_line_id = "61055",
                             .subtype = "SHIPMENT",
                             .status = "AVAILABLE",
                             .quantity = QTY_UNITS(24)};
    assert_int_equal(catalogue_put_task(w->st, w->order, &t), ERR_OK);
    t = (struct task_reading){.clarus_task_id = "77102", .status = "COMPLETED"};
    assert_int_equal(catalogue_put_task(w->st, w->order, &t), ERR_OK);
    AUTO_STMT sqlite3_stmt *q = NULL;
    assert_int_equal(
        store_prepare(w->st, "SELECT count(*), max(clarus_line_id), max(status) FROM task", &q),
        ERR_OK);
    bool row = false;
    assert_int_equal(store_step(w->st, q, &row), ERR_OK);
    assert_int_equal(store_int(q, 0), 1);
    assert_true(slice_is(store_blob(q, 1), "61055"));
    assert_true(slice_is(store_blob(q, 2), "COMPLETED"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gtin__folds_only_numbers_with_a_right_check_digit),
        TEST(product__is_found_by_folded_barcode_with_its_factor),
        TEST(product__keeps_leading_zeros_of_skus_apart),
        TEST(product__is_ambiguous_between_products_and_between_levels),
        TEST(product__forgets_barcodes_that_were_taken_away),
        TEST(line__knows_what_its_unit_holds_only_when_all_sources_agree),
        TEST(outstanding__follows_ordered_dispatched_short_and_cancelled),
        TEST(outstanding__counts_our_dispatch_and_clarus_figure_once),
        TEST(outstanding__gives_back_what_was_pulled_or_recalled),
        TEST(outstanding__packs_no_more_than_was_picked),
        TEST(complete__needs_every_line_and_at_least_one),
        TEST(keep_lines__removes_untouched_ones_and_cancels_the_rest_of_others),
        TEST(find__knows_reference_shop_order_tote_and_pick_list),
        TEST(find__names_the_most_urgent_of_several_open_ones),
        TEST(put__changes_only_what_was_read),
        TEST(put__refuses_identifiers_that_would_be_cut),
        TEST(put__holds_an_order_whose_note_cannot_be_kept_whole),
        TEST(hold__names_rule_and_text_and_every_state_has_a_name),
        TEST(digest__changes_with_what_matters_and_with_nothing_else),
        TEST(digest__cannot_be_imitated_by_moving_text_between_notes),
        TEST(packaging__is_found_by_its_code),
        TEST(story__keeps_hostile_text_bounded),
        TEST(tasks__are_kept_and_updated),
    };
    return cmocka_run_group_tests_name("catalogue", tests, NULL, NULL);
}
