/* The daily check's lists and the pages of the export. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/store/store.h"
#include "firmware/store/store_parts.h"
#include "tests/support/console_bed.h"

#define EVER "from=0&to=9000000000000000"

static int part(struct console_bed *w, const char *name, int age_min)
{
    char query[80];
    (void)snprintf(query, sizeof query, "part=%s&age_min=%d", name, age_min);
    int status = console_bed_get(w, "/api/daily", query);
    if (status == 200) console_bed_is_json(w->body);
    return status;
}

static void sql(struct console_bed *w, const char *text)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    assert_int_equal(store_begin(w->bed->st), ERR_OK);
    assert_int_equal(store_prepare(w->bed->st, text, &q), ERR_OK);
    assert_int_equal(store_run(w->bed->st, q), ERR_OK);
}

static int count(const char *body, const char *text)
{
    int n = 0;
    for (const char *at = body; (at = strstr(at, text)) != NULL; at += strlen(text))
        n++;
    return n;
}

/* Follows "next" to the end; how often `text` was on the pages. */
static int over_pages(struct console_bed *w, const char *span, const char *text, int *out_pages)
{
    char query[200], after[72] = "";
    int n = 0;
    *out_pages = 0;
    do {
        (void)snprintf(query, sizeof query, "%s&after=%s", span, after);
        assert_int_equal(console_bed_get(w, "/api/export", query), 200);
        console_bed_is_json(w->body);
        n += count(w->body, text);
        const char *next = strstr(w->body, "\"next\":\"");
        assert_non_null(next);
        assert_int_equal(sscanf(next, "\"next\":\"%71[^\"]", after) == 1, next[8] != '"');
        if (next[8] == '"') after[0] = 0;
        assert_true(++*out_pages < 50);
    } while (after[0]);
    return n;
}

static void daily__says_nothing_of_what_is_young(void **state)
{
    struct console_bed *w = *state;
    bed_save(w->bed, "WEB-1", "shop");
    assert_int_equal(part(w, "late", 5), 200);
    console_bed_has(w, "\"findings\":[],\"more\":false");
    bed_pass(w->bed, 360000);
    assert_int_equal(part(w, "late", 5), 200);
    assert_int_equal(count(w->body, "order WEB-1, "), 2);
    console_bed_has(w, "\"owner\":\"integration\",\"text\":\"not told to clarus yet.");
    console_bed_has(w, "\"owner\":\"e-commerce\",\"text\":\"not told to shop yet.");
}

static void daily__lists_each_trouble_once(void **state)
{
    struct console_bed *w = *state;
    bed_save(w->bed, "WEB-1", "shop");
    bed_pass(w->bed, 10);
    bed_end(w->bed, bed_last(w->bed)->id, ATTEMPT_PARK);
    int64_t pulled = bed_save(w->bed, "WEB-2", "shop");
    assert_int_equal(outbox_pull(w->bed->ob, pulled, "shop.cancelled", "It was cancelled."),
                     ERR_OK);
    assert_int_equal(part(w, "parked", 60), 200);
    assert_int_equal(count(w->body, "\"object\":"), 1);
    console_bed_has(w, "order WEB-1, ");
    assert_int_equal(part(w, "pull", 60), 200);
    assert_int_equal(count(w->body, "\"object\":"), 1);
    console_bed_has(w, "order WEB-2, ");
    console_bed_has(w, "shop.cancelled: It was cancelled.");
    assert_int_equal(part(w, "exceptions", 60), 200);
    console_bed_has(w, "\"findings\":[]");
    const struct exception_spec told = {.rule = "pull.shop_told",
                                        .origin = "storefront",
                                        .owner = "e-commerce",
                                        .object = "order WEB-2",
                                        .text = "The shop knows already.",
                                        .next_step = "Correct it over there.",
                                        .dispatch_id = pulled};
    assert_int_equal(exception_raise(w->bed->st, hal_wall(w->bed->hal), &told, NULL), ERR_OK);
    assert_int_equal(part(w, "exceptions", 60), 200);
    console_bed_has(w, "\"owner\":\"e-commerce\",\"text\":\"pull.shop_told: ");
    const struct exception_spec spec = {.rule = "device.printer",
                                        .origin = "device",
                                        .owner = "packer",
                                        .object = "printer",
                                        .text = "Out of paper.",
                                        .next_step = "Put in a new roll."};
    assert_int_equal(exception_raise(w->bed->st, hal_wall(w->bed->hal), &spec, NULL), ERR_OK);
    assert_int_equal(part(w, "exceptions", 60), 200);
    console_bed_has(w, "\"owner\":\"packer\",\"text\":\"device.printer: Out of paper.\"");
}

static void daily__finds_a_label_that_was_not_dispatched(void **state)
{
    struct console_bed *w = *state;
    int64_t order = 0, shipment = 0;
    bed_save(w->bed, "SENT", "shop");
    bed_prepare(w->bed, "LEFT", &order, &shipment);
    sql(w, "UPDATE shipment SET state = 4, made_at = 1");
    sql(w, "UPDATE consignment SET state = 7");
    assert_int_equal(part(w, "labelled", 0), 200);
    assert_int_equal(count(w->body, "\"object\":"), 1);
    console_bed_has(w, "order LEFT, ");
    sql(w, "UPDATE shipment SET state = 7");
    assert_int_equal(part(w, "labelled", 0), 200);
    console_bed_has(w, "\"findings\":[]");
}

static void daily__bounds_a_list_and_says_so(void **state)
{
    struct console_bed *w = *state;
    char order[24];
    for (int i = 0; i < 60; i++) {
        (void)snprintf(order, sizeof order, "WEB-%d", i);
        bed_save(w->bed, order, "shop");
    }
    assert_int_equal(part(w, "late", 0), 200);
    assert_int_equal(count(w->body, "\"object\":"), 100);
    console_bed_has(w, "\"more\":true");
    assert_int_equal(part(w, "", 0), 400);
    assert_int_equal(part(w, "late", -1), 400);
    assert_int_equal(part(w, "early", 1), 400);
}

static void export__gives_every_item_once_over_pages(void **state)
{
    struct console_bed *w = *state;
    char order[24];
    int pages = 0;
    for (int i = 0; i < 120; i++) {
        (void)snprintf(order, sizeof order, "WEB-%d", i);
        bed_save(w->bed, order, "shop");
    }
    assert_int_equal(over_pages(w, EVER, "\"sku\":", &pages), 120);
    assert_int_equal(pages, 3);
    console_bed_has(w, "\"destination\":\"shop\"");
    sql(w, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 450)"
           " INSERT INTO dispatch_item (dispatch_id, parcel_id, line_id, serial, sku, quantity)"
           " SELECT d.dispatch_id, d.parcel_id, d.line_id, 'S' || i, 'SER', 1000"
           " FROM dispatch_item d, n WHERE d.dispatch_id = 7");
    assert_int_equal(over_pages(w, EVER, "\"sku\":\"SER\"", &pages), 450);
    assert_int_equal(over_pages(w, EVER, "\"sku\":", &pages), 570);
    assert_int_equal(over_pages(w, EVER, "\"continued\":false", &pages), 120);
}

static void export__keeps_to_the_span_and_to_an_answers_size(void **state)
{
    struct console_bed *w = *state;
    int pages = 0;
    char span[80];
    bed_save(w->bed, "WEB-1", "shop");
    int64_t at = bed_int(w->bed, "SELECT at FROM dispatch");
    (void)snprintf(span, sizeof span, "from=0&to=%lld", (long long)at);
    assert_int_equal(over_pages(w, span, "WEB-1", &pages), 0);
    (void)snprintf(span, sizeof span, "from=%lld&to=%lld", (long long)at, (long long)at + 1);
    assert_int_equal(over_pages(w, span, "\"reference\":\"WEB-1\"", &pages), 1);
    sql(w, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)"
           " INSERT INTO dispatch_item (dispatch_id, parcel_id, line_id, serial, sku, quantity)"
           " SELECT d.dispatch_id, d.parcel_id, d.line_id, 'S' || i || replace(hex(zeroblob(90)),"
           " '00', char(1)), replace(hex(zeroblob(90)), '00', char(2)), 1000 FROM dispatch_item d,"
           " n");
    assert_int_equal(over_pages(w, EVER, "\"sku\":", &pages), 501);
    assert_true(pages > 3);
    assert_int_equal(console_bed_get(w, "/api/export", "from=x&to=1"), 400);
    assert_int_equal(console_bed_get(w, "/api/export", "from=1"), 400);
    assert_int_equal(console_bed_get(w, "/api/export", EVER "&after=1.2"), 400);
    assert_int_equal(console_bed_get(w, "/api/export", EVER "&after=1.2.3.4"), 400);
}

static void export__keeps_the_recipient_to_itself(void **state)
{
    struct console_bed *w = *state;
    bed_save(w->bed, "WEB-1", "shop");
    sql(w, "UPDATE consignment SET recipient = 'Anna Secret', delivery_note = 'Anna Secret'");
    assert_int_equal(console_bed_get(w, "/api/export", EVER), 200);
    console_bed_has(w, "WEB-1");
    console_bed_hasnt(w, "Secret");
}

static void assert_searches(sqlite3 *db, const char *text)
{
    char explain[4096];
    sqlite3_stmt *q = NULL;
    (void)snprintf(explain, sizeof explain, "EXPLAIN QUERY PLAN %s", text);
    assert_int_equal(sqlite3_prepare_v2(db, explain, -1, &q, NULL), SQLITE_OK);
    while (sqlite3_step(q) == SQLITE_ROW) {
        const char *how = (const char *)sqlite3_column_text(q, 3);
        bool open_only = strcmp(how, "SCAN e USING INDEX exception_open") == 0;
        if (strncmp(how, "SCAN", 4) == 0 && !open_only) fail_msg("%s: %s", how, text);
        if (strstr(text, "(d.at, d.id)") && strstr(how, "TEMP B-TREE")) fail_msg("%s", how);
    }
    (void)sqlite3_finalize(q);
}

static void export__and_the_daily_check_never_scan(void **state)
{
    struct console_bed *w = *state;
    static const char *const names[] = {"late", "parked", "pull", "labelled", "exceptions"};
    size_t seen = 0;
    bed_save(w->bed, "WEB-1", "shop");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_int_equal(part(w, names[i], 0), 200);
    assert_int_equal(console_bed_get(w, "/api/export", EVER), 200);
    sqlite3 *db = w->bed->st->db;
    for (sqlite3_stmt *q = sqlite3_next_stmt(db, NULL); q; q = sqlite3_next_stmt(db, q)) {
        const char *text = sqlite3_sql(q);
        bool ours = strstr(text, "(d.at, d.id)") || strstr(text, "FROM dispatch_item i JOIN") ||
                    strstr(text, "SELECT destination, state, done_at") ||
                    strncmp(text, "SELECT 'order '", 15) == 0 ||
                    strncmp(text, "SELECT e.object", 15) == 0;
        if (!ours) continue;
        assert_searches(db, text);
        seen++;
    }
    assert_true(seen >= 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, console_bed_set_up, console_bed_tear_down)
        TEST(daily__says_nothing_of_what_is_young),
        TEST(daily__lists_each_trouble_once),
        TEST(daily__finds_a_label_that_was_not_dispatched),
        TEST(daily__bounds_a_list_and_says_so),
        TEST(export__gives_every_item_once_over_pages),
        TEST(export__keeps_to_the_span_and_to_an_answers_size),
        TEST(export__keeps_the_recipient_to_itself),
        TEST(export__and_the_daily_check_never_scan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
