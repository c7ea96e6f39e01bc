/* The same work whatever waits, no scan of a growing table, and marks on a full disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/store/store_parts.h"
#include "tests/support/outbox_bed.h"
#include "tests/support/quota_vfs.h"

static int set_up(void **state)
{
    *state = bed_new();
    return 0;
}

static int tear_down(void **state)
{
    bed_free(*state);
    return 0;
}

static void run_sql(struct bed *b, const char *sql)
{
    assert_int_equal(store_begin(b->st), ERR_OK);
    char *error = NULL;
    if (sqlite3_exec(b->st->db, sql, NULL, NULL, &error) != SQLITE_OK) fail_msg("%s", error);
    assert_int_equal(store_commit(b->st), ERR_OK);
}

/* `count` dispatches of orders of their own, each with a message for Clarus that waits and one for
 * the shop that is held. */
static void add_backlog(struct bed *b, int count)
{
    char sql[1600];
    int64_t c = 0;
    int64_t s = 0;
    bed_prepare(b, "BACKLOG", &c, &s);
    snprintf(
        sql, sizeof sql,
        "INSERT INTO dispatch (key, consignment_id, shipment_id, state, boot_id, at_mono, at, "
        "at_trusted) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
        "SELECT 'K-' || (i + (SELECT COUNT(*) FROM dispatch)), %lld, %lld, 0, 'b', 0, 1, 1 FROM n;"
        "INSERT INTO message (dispatch_id, consignment_id, destination, step, lane, state, "
        "stored_at) SELECT id, consignment_id, 'clarus', 0, key, 1, 1 FROM dispatch "
        "WHERE id NOT IN (SELECT dispatch_id FROM message);"
        "INSERT INTO message (dispatch_id, consignment_id, destination, step, lane, state, "
        "stored_at) SELECT dispatch_id, consignment_id, 'shop', 2, lane, 0, 1 FROM message m "
        "WHERE step = 0 AND NOT EXISTS (SELECT 1 FROM message o WHERE o.dispatch_id = "
        "m.dispatch_id AND o.step = 2);"
        "UPDATE counter SET waiting = (SELECT COUNT(*) FROM message m WHERE m.destination = "
        "counter.destination AND state < 3);",
        count, (long long)c, (long long)s);
    run_sql(b, sql);
}

static uint64_t vm_steps(struct bed *b, int what)
{
    uint64_t sum = 0;
    for (sqlite3_stmt *q = sqlite3_next_stmt(b->st->db, NULL); q != NULL;
         q = sqlite3_next_stmt(b->st->db, q)) {
        sum += (uint64_t)sqlite3_stmt_status(q, what, 1);
    }
    return sum;
}

struct work {
    uint64_t steps;
    uint64_t scans;
};

/* A tick that begins what it may, ends it, stores a dispatch, and draws the lists. */
static struct work round_of_work(struct bed *b)
{
    struct outbox_row rows[20];
    vm_steps(b, SQLITE_STMTSTATUS_VM_STEP);
    vm_steps(b, SQLITE_STMTSTATUS_FULLSCAN_STEP);
    size_t from = b->count;
    bed_tick(b);
    size_t to = b->count;
    assert_true(to > from);
    for (size_t i = from; i < to; i++) {
        bed_end(b, b->attempts[i].id, i % 2 ? ATTEMPT_DONE : ATTEMPT_RETRY);
    }
    assert_int_equal(outbox_rows(b->ob, NULL, true, rows, 20), 20);
    assert_int_equal(outbox_rows(b->ob, CLARUS, true, rows, 20), 20);
    assert_int_equal(bed_figures(b, CLARUS).parked, 0);
    return (struct work){vm_steps(b, SQLITE_STMTSTATUS_VM_STEP),
                         vm_steps(b, SQLITE_STMTSTATUS_FULLSCAN_STEP)};
}

static void outbox__does_the_same_work_with_100000_waiting(void **state)
{
    struct bed *b = *state;
    add_backlog(b, 100);
    round_of_work(b);
    struct work few = round_of_work(b);
    add_backlog(b, 100000);
    bed_crash(b, true);
    uint64_t opening = vm_steps(b, SQLITE_STMTSTATUS_VM_STEP);
    assert_true(opening < 5000);
    round_of_work(b);
    struct work many = round_of_work(b);
    assert_true(many.steps <= few.steps + few.steps / 4);
    assert_true(many.scans <= few.scans + 8);
    assert_true(bed_figures(b, CLARUS).waiting > 100000);
}

/* After a crash only what may have been sent is looked for; the rest of the backlog is simply sent.
 */
static void outbox__looks_first_only_for_what_was_in_flight(void **state)
{
    struct bed *b = *state;
    add_backlog(b, 100000);
    bed_crash(b, true);
    bed_tick(b);
    size_t in_flight = b->count;
    assert_int_equal(in_flight, 4);
    for (int crash = 0; crash < 2; crash++) {
        bed_crash(b, crash == 0);
        assert_int_equal(bed_int(b, "SELECT COUNT(*) FROM message WHERE look_first = 1"), 4);
        assert_int_equal(bed_int(b, "SELECT COUNT(*) FROM message WHERE state = 2"), 0);
    }
    b->automatic = true;
    b->answer = ATTEMPT_DONE;
    size_t looked = 0;
    for (int i = 0; i < 20; i++) {
        bed_tick(b);
    }
    for (size_t i = in_flight; i < b->count; i++) {
        looked += b->attempts[i].look_first;
    }
    assert_true(b->count > 100);
    assert_true(looked <= 4);
}

static void outbox__a_tick_begins_a_bounded_number_of_attempts(void **state)
{
    struct bed *b = *state;
    b->clarus.concurrency = 8;
    bed_crash(b, false);
    b->automatic = true;
    b->answer = ATTEMPT_DONE;
    add_backlog(b, 1000);
    bed_crash(b, false);
    bed_tick(b);
    assert_int_equal(b->count, OUTBOX_TICK_MAX);
    assert_true(mono_reached(hal_now(b->hal), outbox_deadline(b->ob)));
    bed_pass(b, 1);
    for (int i = 0; i < 400 && bed_figures(b, "shop").done < 1000; i++) {
        bed_tick(b);
    }
    assert_int_equal(bed_figures(b, CLARUS).done, 1000);
    assert_int_equal(bed_figures(b, "shop").done, 1000);
}

static void outbox__new_work_is_not_starved_by_a_backlog(void **state)
{
    struct bed *b = *state;
    add_backlog(b, 2000);
    bed_crash(b, false);
    bed_pass(b, 5);
    int64_t fresh = bed_save(b, "NEW", "none");
    for (size_t i = 0; i < b->count; i++) {
        if (b->attempts[i].dispatch_id == fresh) return;
        bed_end(b, b->attempts[i].id, ATTEMPT_DONE);
        bed_tick(b);
        assert_true(b->count < 40);
    }
    fail();
}

/* Tables that hold a handful of rows whatever happens, or only what is open now. */
static bool may_be_scanned(const char *detail)
{
    static const char *const SMALL[] = {"SCAN counter", "SCAN exception USING INDEX exception_open",
                                        "SCAN CONSTANT ROW", "SCAN (join-", "SCAN sqlite_schema"};
    for (size_t i = 0; i < sizeof SMALL / sizeof SMALL[0]; i++) {
        if (strncmp(detail, SMALL[i], strlen(SMALL[i])) == 0) return true;
    }
    return false;
}

static void check_plan(struct bed *b, const char *sql)
{
    char explain[4096];
    sqlite3_stmt *q = NULL;
    snprintf(explain, sizeof explain, "EXPLAIN QUERY PLAN %s", sql);
    assert_int_equal(sqlite3_prepare_v2(b->st->db, explain, -1, &q, NULL), SQLITE_OK);
    while (sqlite3_step(q) == SQLITE_ROW) {
        const char *detail = (const char *)sqlite3_column_text(q, 3);
        if (strncmp(detail, "SCAN", 4) == 0 && !may_be_scanned(detail)) {
            fail_msg("%s\n in: %s", detail, sql);
        }
    }
    sqlite3_finalize(q);
}

static void use_everything(struct bed *b)
{
    struct outbox_row rows[8];
    struct exception_row x;
    int64_t d = bed_save(b, "O1", "shop");
    bed_save(b, "O1", "shop");
    bed_pass(b, 1000);
    bed_end(b, bed_last(b)->id, ATTEMPT_UNKNOWN);
    assert_int_equal(outbox_progress(b->ob, 1, SLICE("{}")), ERR_OK);
    bed_pass(b, 20000);
    bed_end(b, bed_last(b)->id, ATTEMPT_PARK);
    x = bed_exception(b, "delivery.parked");
    assert_int_equal(exception_do(b->ob, x.id, EXCEPTION_RETRY, "Lea", ""), ERR_OK);
    bed_pass(b, 20000);
    bed_end(b, bed_last(b)->id, ATTEMPT_DONE);
    assert_int_equal(outbox_pull(b->ob, d, "order.cancelled", "t"), ERR_OK);
    assert_int_equal(outbox_pull_end(b->ob, d, PULL_END_PULLED, "Lea", ""), ERR_OK);
    assert_int_equal(outbox_recall(b->ob, 2, "Lea", ""), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
    outbox_rows(b->ob, NULL, true, rows, 8);
    outbox_rows(b->ob, NULL, false, rows, 8);
    outbox_rows(b->ob, CLARUS, false, rows, 8);
    assert_true(outbox_rows_of(b->ob, 1, rows, 8) > 0);
    while (store_idle(b->st)) {
    }
}

/* Every statement of the store and the outbox that ran, as SQLite means to run it. */
static void outbox__scans_no_growing_table(void **state)
{
    struct bed *b = *state;
    const char *sql[256];
    size_t n = 0;
    use_everything(b);
    for (sqlite3_stmt *q = sqlite3_next_stmt(b->st->db, NULL); q != NULL;
         q = sqlite3_next_stmt(b->st->db, q)) {
        const char *text = sqlite3_sql(q);
        bool ours = strstr(text, "COUNT(*)") == NULL && strncmp(text, "PRAGMA", 6) != 0;
        if (ours && n < 256) sql[n++] = text;
    }
    assert_true(n > 40);
    for (size_t i = 0; i < n; i++) {
        check_plan(b, sql[i]);
    }
}

static void outbox__counters_agree_with_the_rows(void **state)
{
    struct bed *b = *state;
    use_everything(b);
    assert_int_equal(
        bed_int(b,
                "SELECT COUNT(*) FROM counter c WHERE waiting <> (SELECT COUNT(*) FROM message m "
                "WHERE m.destination = c.destination AND state IN (0, 1, 2)) OR parked <> "
                "(SELECT COUNT(*) FROM message m WHERE m.destination = c.destination AND "
                "state = 3) OR frozen <> (SELECT COUNT(*) FROM message m WHERE m.destination = "
                "c.destination AND state = 4) OR done <> (SELECT COUNT(*) FROM message m WHERE "
                "m.destination = c.destination AND state = 5)"),
        0);
}

/* Intake is refused at the page limit; what waits is still delivered and marked. */
static void outbox__drains_when_the_store_is_full(void **state)
{
    struct bed *b = *state;
    b->pages_max = 700;
    bed_crash(b, false);
    struct dispatch_spec spec = {.channel = "shop"};
    int saved = 0;
    err_t e = ERR_OK;
    while (e == ERR_OK && saved < 5000) {
        char order[16];
        char key[KEY_CAP];
        int64_t id = 0;
        snprintf(order, sizeof order, "O%d", saved);
        bed_prepare(b, order, &spec.consignment_id, &spec.shipment_id);
        assert_int_equal(store_key_next(b->st, key), ERR_OK);
        spec.key = key;
        spec.clarus_lane = spec.shop_lane = order;
        e = outbox_save(b->ob, &spec, &id);
        if (e == ERR_OK) saved++;
        if (e == ERR_OK) assert_int_equal(store_commit(b->st), ERR_OK);
    }
    assert_int_equal(e, ERR_NOSPACE);
    assert_true(saved > 100);
    store_rollback(b->st);
    b->automatic = true;
    b->answer = ATTEMPT_DONE;
    for (int i = 0; i < 5000 && bed_figures(b, "shop").done < (uint64_t)saved; i++) {
        b->count = 0;
        bed_tick(b);
        while (store_idle(b->st)) {
        }
    }
    assert_int_equal(bed_figures(b, CLARUS).done, saved);
    assert_int_equal(bed_figures(b, "shop").done, saved);
}

/* Not a free byte: everything stored is delivered and marked all the same. */
static void outbox__drains_on_a_full_disk(void **state)
{
    struct bed *b = *state;
    struct quota_vfs *disk = quota_vfs_reset();
    b->vfs = "quota";
    bed_crash(b, false);
    for (int i = 0; i < 1500; i++) {
        char order[16];
        snprintf(order, sizeof order, "O%d", i);
        bed_save(b, order, "shop");
    }
    while (store_idle(b->st)) {
    }
    disk->room = 0;
    b->automatic = true;
    b->answer = ATTEMPT_DONE;
    for (int i = 0; i < 1500 && bed_figures(b, "shop").done < 1500; i++) {
        b->count = 0;
        outbox_tick(b->ob);
        if (store_commit(b->st)) break;
        while (store_idle(b->st)) {
        }
    }
    assert_int_equal(bed_figures(b, CLARUS).done, 1500);
    assert_int_equal(bed_figures(b, "shop").done, 1500);
    disk->room = INT64_MAX;
    bed_crash(b, true);
    assert_int_equal(bed_figures(b, "shop").done, 1500);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(outbox__does_the_same_work_with_100000_waiting),
        TEST(outbox__looks_first_only_for_what_was_in_flight),
        TEST(outbox__a_tick_begins_a_bounded_number_of_attempts),
        TEST(outbox__new_work_is_not_starved_by_a_backlog),
        TEST(outbox__scans_no_growing_table),
        TEST(outbox__counters_agree_with_the_rows),
        TEST(outbox__drains_when_the_store_is_full),
        TEST(outbox__drains_on_a_full_disk),
    };
    return cmocka_run_group_tests_name("outbox scale", tests, NULL, NULL);
}
