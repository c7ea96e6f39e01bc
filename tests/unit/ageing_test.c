/* Personal data ages out; what is needed for tracing, or still to be told, stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/catalogue/ageing.h"
#include "firmware/store/store_parts.h"
#include "tests/support/bench_bed.h"

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)

static int setup(void **state)
{
    struct bench_bed *bed = malloc(sizeof *bed);
    if (!bed) return -1;
    bed_open(bed);
    *state = bed;
    return 0;
}

static int teardown(void **state)
{
    bed_close(*state);
    free(*state);
    return 0;
}

static void save_second_order(struct bench_bed *bed)
{
    bed_open_order(bed, "WEB-2");
    bed_command(bed, "OK");
    bed_command(bed, "OK");
    bed_scan(bed, "BOX-S");
    bed_scan(bed, MUG);
    bed_scan(bed, MUG);
    bed_command(bed, "CONFIRM"); /* the gift card is in the box */
    bed_buy(bed);
    bed_print(bed);
    bed_verdict(bed, VERDICT_GO, "");
    bed_scan(bed, TRACKING_1);
    bed_sql(bed, "INSERT INTO label_document SELECT id, 'zpl', '', x'00' FROM shipment");
    bed_sql(bed, "INSERT INTO label SELECT id, 1, 0, '', x'00' FROM parcel");
    bed_settle(bed);
}

static size_t age(struct bench_bed *bed, int64_t days)
{
    size_t count = 0;
    int64_t before = hal_wall(bed->hal).ms + days * DAY_MS;
    assert_int_equal(catalogue_age(bed->store, before, 16, &count), ERR_OK);
    bed_settle(bed);
    return count;
}

static void ageing__forgets_the_person_and_keeps_the_facts(void **state)
{
    struct bench_bed *bed = *state;
    save_second_order(bed);
    bed_wait(bed, 2000);
    bed_sql(bed, "UPDATE message SET state = 5");
    bed_settle(bed);
    assert_int_equal(age(bed, 1), 2);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM consignment WHERE gift_message <> ''"),
                     0);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM label"), 0);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM label_document"), 0);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM dispatch_item"), 1);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM parcel WHERE tracking <> ''"), 1);
    assert_int_equal(age(bed, 1), 0);
}

static void ageing__leaves_what_is_young_undelivered_or_at_the_bench(void **state)
{
    struct bench_bed *bed = *state;
    save_second_order(bed);
    bed_wait(bed, 2000);
    bed_open_order(bed, "WEB-1");
    assert_int_equal(age(bed, -1), 0);
    assert_int_equal(age(bed, 1), 0);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM consignment WHERE gift_message <> ''"),
                     1);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM label"), 1);
}

static void ageing__forgets_again_what_is_read_again(void **state)
{
    struct bench_bed *bed = *state;
    assert_int_equal(age(bed, 1), 2);
    struct consignment_reading r = {.clarus_id = "2", .gift_message = "Happy birthday"};
    int64_t id;
    assert_int_equal(catalogue_put_consignment(bed->store, hal_wall(bed->hal), &r, &id), ERR_OK);
    bed_settle(bed);
    assert_int_equal(age(bed, 1), 1);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM consignment WHERE gift_message <> ''"),
                     0);
}

static size_t forget(struct bench_bed *bed, int64_t days)
{
    size_t count = 0;
    int64_t before = hal_wall(bed->hal).ms + days * DAY_MS;
    assert_int_equal(catalogue_forget(bed->store, before, 16, &count), ERR_OK);
    bed_settle(bed);
    return count;
}

static void ageing__takes_delivered_messages_and_history_with_it(void **state)
{
    struct bench_bed *bed = *state;
    save_second_order(bed);
    bed_wait(bed, 2000);
    assert_true(bed_number(bed, "SELECT count(*) FROM story WHERE consignment_id = 2") > 0);
    bed_sql(bed, "UPDATE message SET state = 5");
    bed_sql(bed, "INSERT INTO exception (rule, origin, owner, object, text, next_step, "
                 "consignment_id, first_seen, last_seen, open) VALUES ('a', '', '', 'closed', '', "
                 "'', 2, 1, 1, 0), ('a', '', '', 'open', '', '', 2, 1, 1, 1)");
    bed_settle(bed);
    assert_int_equal(age(bed, 1), 2);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM message"), 0);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM story WHERE consignment_id = 2"), 0);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM exception"), 1);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM dispatch"), 1);
}

static void ageing__forgets_an_order_whole_when_nobody_asks_any_more(void **state)
{
    struct bench_bed *bed = *state;
    save_second_order(bed);
    bed_wait(bed, 2000);
    assert_int_equal(forget(bed, 1), 0); /* not aged yet */
    bed_sql(bed, "UPDATE message SET state = 5");
    bed_settle(bed);
    assert_int_equal(age(bed, 1), 2);
    bed_sql(bed, "INSERT INTO exception (rule, origin, owner, object, text, next_step, "
                 "consignment_id, first_seen, last_seen) VALUES ('a', '', '', 'x', '', '', 2, 1, "
                 "1)");
    bed_settle(bed);
    assert_int_equal(forget(bed, 1), 1); /* one has an exception that stands */
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM dispatch"), 1);
    bed_sql(bed, "UPDATE exception SET open = 0");
    bed_settle(bed);
    assert_int_equal(forget(bed, -1), 0);
    assert_int_equal(forget(bed, 1), 1);
    static const char *const EMPTY[] = {"consignment",   "line",     "task",   "carrying",
                                        "dispatch_item", "dispatch", "parcel", "parcel_item",
                                        "shipment",      "message",  "story",  "exception"};
    for (size_t i = 0; i < sizeof EMPTY / sizeof EMPTY[0]; i++) {
        sqlite3_stmt *q = NULL;
        char sql[64];
        (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", EMPTY[i]);
        assert_int_equal(sqlite3_prepare_v2(bed->store->db, sql, -1, &q, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_step(q), SQLITE_ROW);
        assert_int_equal(sqlite3_column_int(q, 0), 0);
        (void)sqlite3_finalize(q);
    }
}

static void ageing__sweeps_what_belongs_to_no_order(void **state)
{
    struct bench_bed *bed = *state;
    size_t count = 0;
    int64_t now = hal_wall(bed->hal).ms;
    bed_sql(bed, "INSERT INTO exception (rule, origin, owner, object, text, next_step, first_seen, "
                 "last_seen, open, closed_at) VALUES ('a', '', '', 'x', '', '', 1, 1, 0, 5), ('a', "
                 "'', '', 'y', '', '', 1, 1, 1, 0)");
    bed_sql(bed, "INSERT INTO story (consignment_id, at, event) VALUES (0, 1, 'e')");
    bed_settle(bed);
    assert_int_equal(catalogue_sweep(bed->store, now, 16, &count), ERR_OK);
    bed_settle(bed);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM exception"), 1);
    assert_int_equal(bed_number(bed, "SELECT count(*) FROM story WHERE consignment_id = 0"), 0);
}

static void assert_searches(sqlite3 *db, const char *sql)
{
    char explain[2048];
    sqlite3_stmt *q = NULL;
    (void)snprintf(explain, sizeof explain, "EXPLAIN QUERY PLAN %s", sql);
    assert_int_equal(sqlite3_prepare_v2(db, explain, -1, &q, NULL), SQLITE_OK);
    while (sqlite3_step(q) == SQLITE_ROW) {
        const char *how = (const char *)sqlite3_column_text(q, 3);
        if (strncmp(how, "SCAN", 4) == 0) fail_msg("%s: %s", how, sql);
    }
    (void)sqlite3_finalize(q);
}

/* Deleting a row asks every table that points at it. */
static void assert_pointers_are_indexed(struct bench_bed *bed)
{
    assert_int_equal(
        bed_number(bed,
                   "SELECT count(*) FROM sqlite_schema s, pragma_foreign_key_list(s.name) f WHERE "
                   "s.type = 'table' AND f.\"table\" IN ('consignment', 'line', 'shipment', "
                   "'parcel', 'dispatch') AND NOT EXISTS (SELECT 1 FROM pragma_table_info(s.name) "
                   "c WHERE c.name = f.\"from\" AND c.pk = 1) AND NOT EXISTS (SELECT 1 FROM "
                   "pragma_index_list(s.name) i, pragma_index_info(i.name) c WHERE c.seqno = 0 AND "
                   "c.name = f.\"from\" AND i.partial = 0)"),
        0);
}

static void ageing__never_scans(void **state)
{
    struct bench_bed *bed = *state;
    size_t count = 0, seen = 0;
    save_second_order(bed);
    bed_wait(bed, 2000);
    bed_sql(bed, "UPDATE message SET state = 5");
    bed_settle(bed);
    assert_int_equal(age(bed, 1), 2);
    assert_int_equal(forget(bed, 1), 2);
    assert_int_equal(catalogue_sweep(bed->store, 1, 16, &count), ERR_OK);
    bed_settle(bed);
    for (sqlite3_stmt *q = sqlite3_next_stmt(bed->store->db, NULL); q;
         q = sqlite3_next_stmt(bed->store->db, q)) {
        const char *sql = sqlite3_sql(q);
        bool ours = strncmp(sql, "DELETE FROM ", 12) == 0 || strstr(sql, "c.aged = ");
        if (!ours || strstr(sql, "FROM scan")) continue;
        assert_searches(bed->store->db, sql);
        seen++;
    }
    assert_true(seen > 18);
    assert_pointers_are_indexed(bed);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(ageing__forgets_the_person_and_keeps_the_facts),
        CASE(ageing__leaves_what_is_young_undelivered_or_at_the_bench),
        CASE(ageing__forgets_again_what_is_read_again),
        CASE(ageing__takes_delivered_messages_and_history_with_it),
        CASE(ageing__forgets_an_order_whole_when_nobody_asks_any_more),
        CASE(ageing__sweeps_what_belongs_to_no_order),
        CASE(ageing__never_scans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
