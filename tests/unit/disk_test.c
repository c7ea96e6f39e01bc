/* The simulated disk: what it loses and keeps, and what SQLite's settings make of that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "hal/sim/disk.h"

#define EVENTS 30

struct bed {
    struct disk *disk;
    sqlite3 *db;
    const char *settings;
    uint64_t cut_at; /* 0: never */
    int stored;      /* rows whose insert was answered with success */
    int marked;      /* rows whose update was */
};

struct tally {
    unsigned cuts, lost, corrupt, unbootable;
};

static enum disk_fault at_operation(void *ctx, enum disk_op op, uint64_t n)
{
    const struct bed *b = ctx;
    if (op == DISK_READ) return DISK_FINE;
    return n == b->cut_at ? DISK_CUT : DISK_FINE;
}

static int run(struct bed *b, const char *sql)
{
    return sqlite3_exec(b->db, sql, NULL, NULL, NULL);
}

static int number(struct bed *b, const char *sql, int *out)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(b->db, sql, -1, &q, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_step(q);
    if (rc == SQLITE_ROW) *out = sqlite3_column_int(q, 0);
    (void)sqlite3_finalize(q);
    return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

static int boot(struct bed *b)
{
    disk_revive(b->disk);
    int rc = sqlite3_open_v2("test.db", &b->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                             disk_vfs(b->disk));
    if (rc == SQLITE_OK) rc = run(b, b->settings);
    if (rc == SQLITE_OK)
        rc = run(b, "CREATE TABLE IF NOT EXISTS event (id INTEGER PRIMARY KEY, sent INT, body "
                    "TEXT)");
    return rc;
}

static void stop(struct bed *b)
{
    (void)sqlite3_close(b->db);
    b->db = NULL;
}

static void work(struct bed *b)
{
    char sql[160];
    for (int i = 1; i <= EVENTS; i++) {
        (void)snprintf(sql, sizeof sql, "INSERT INTO event VALUES (%d, 0, hex(zeroblob(200)))", i);
        if (run(b, sql) != SQLITE_OK) return;
        b->stored = i;
        if (i % 3) continue;
        (void)snprintf(sql, sizeof sql, "UPDATE event SET sent = 1 WHERE id <= %d", i);
        if (run(b, sql) != SQLITE_OK) return;
        b->marked = i;
    }
}

static void judge(struct bed *b, struct tally *t)
{
    int stored = 0, marked = 0;
    char sql[80];
    t->cuts++;
    b->cut_at = 0;
    int rc = boot(b);
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM event WHERE id <= %d", b->stored);
    if (rc == SQLITE_OK) rc = number(b, sql, &stored);
    if (rc == SQLITE_OK) rc = number(b, "SELECT count(*) FROM event WHERE sent", &marked);
    if (rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB)
        t->corrupt++;
    else if (rc != SQLITE_OK)
        t->unbootable++;
    else if (stored < b->stored || marked < b->marked)
        t->lost++;
    stop(b);
}

static uint64_t one_run(const char *settings, uint64_t seed, uint64_t cut_at, struct tally *t)
{
    struct bed b = {.settings = settings, .cut_at = cut_at};
    struct disk_options o = {.seed = seed};
    assert_int_equal(disk_new(&o, &b.disk), ERR_OK);
    disk_on_operation(b.disk, at_operation, &b);
    if (boot(&b) == SQLITE_OK) work(&b);
    stop(&b);
    uint64_t operations = disk_operations(b.disk);
    if (cut_at) judge(&b, t);
    disk_free(b.disk);
    return operations;
}

/* Every operation of the run is cut, each with several kinds of damage. */
static struct tally sweep(const char *settings)
{
    struct tally t = {0};
    uint64_t operations = one_run(settings, 1, 0, &t);
    for (uint64_t k = 1; k <= operations; k++)
        for (uint64_t seed = 1; seed <= 3; seed++)
            (void)one_run(settings, seed * 1000 + k, k, &t);
    print_message("cuts=%u lost=%u corrupt=%u unbootable=%u  %s\n", t.cuts, t.lost, t.corrupt,
                  t.unbootable, settings);
    return t;
}

#define WAL_EXCLUSIVE "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL;"

static void disk__loses_no_commit_of_wal_full_exclusive(void **state)
{
    (void)state;
    struct tally t = sweep(WAL_EXCLUSIVE "PRAGMA synchronous=FULL;");
    assert_true(t.cuts > 400);
    assert_int_equal(t.lost, 0);
    assert_int_equal(t.corrupt, 0);
    assert_int_equal(t.unbootable, 0);
}

static void disk__loses_commits_of_wal_normal(void **state)
{
    (void)state;
    struct tally t = sweep(WAL_EXCLUSIVE "PRAGMA synchronous=NORMAL;");
    assert_true(t.lost > 20);
    assert_int_equal(t.corrupt, 0);
}

static void disk__loses_no_commit_of_a_rollback_journal_with_extra_syncs(void **state)
{
    (void)state;
    struct tally t = sweep("PRAGMA journal_mode=DELETE; PRAGMA synchronous=EXTRA;");
    assert_int_equal(t.lost, 0);
    assert_int_equal(t.corrupt, 0);
}

static void disk__breaks_a_journal_that_is_never_synced(void **state)
{
    (void)state;
    struct tally t =
        sweep("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=DELETE; PRAGMA synchronous=OFF;");
    assert_true(t.lost > 0);
    assert_true(t.corrupt > 0);
}

/* -------------------------------------------------------------------- errors and determinism -- */

struct plan {
    enum disk_op op;
    enum disk_fault fault;
    bool armed;
};

static enum disk_fault by_plan(void *ctx, enum disk_op op, uint64_t n)
{
    struct plan *p = ctx;
    (void)n;
    if (!p->armed || op != p->op) return DISK_FINE;
    p->armed = false;
    return p->fault;
}

static void start(struct bed *b, struct plan *p)
{
    struct disk_options o = {.seed = 3};
    b->settings = WAL_EXCLUSIVE "PRAGMA synchronous=FULL;";
    assert_int_equal(disk_new(&o, &b->disk), ERR_OK);
    disk_on_operation(b->disk, by_plan, p);
    assert_int_equal(boot(b), SQLITE_OK);
}

static void disk__forgets_what_a_failed_sync_had_to_write(void **state)
{
    (void)state;
    struct bed b = {0};
    struct plan p = {.op = DISK_SYNC, .fault = DISK_FORGET};
    int rows = -1;
    start(&b, &p);
    p.armed = true;
    assert_int_not_equal(run(&b, "INSERT INTO event VALUES (1, 0, 'x')"), SQLITE_OK);
    disk_cut(b.disk);
    stop(&b);
    assert_int_equal(boot(&b), SQLITE_OK);
    assert_int_equal(number(&b, "SELECT count(*) FROM event", &rows), SQLITE_OK);
    assert_int_equal(rows, 0);
    stop(&b);
    disk_free(b.disk);
}

static void disk__refuses_growth_when_full_and_takes_overwriting(void **state)
{
    (void)state;
    struct bed b = {0};
    struct plan p = {.op = DISK_READ, .fault = DISK_FINE};
    int rc = SQLITE_OK;
    start(&b, &p);
    disk_set_room(b.disk, 65536);
    for (int i = 0; i < 1000 && rc == SQLITE_OK; i++)
        rc = run(&b, "INSERT INTO event (sent, body) VALUES (0, hex(zeroblob(400)))");
    assert_int_equal(rc, SQLITE_FULL);
    assert_true(disk_room_left(b.disk) < 65536);
    disk_set_room(b.disk, 0);
    assert_int_equal(run(&b, "INSERT INTO event (sent) VALUES (0)"), SQLITE_OK);
    stop(&b);
    disk_free(b.disk);
}

static void disk__is_dead_after_a_cut_until_power_is_back(void **state)
{
    (void)state;
    struct bed b = {0};
    struct plan p = {.op = DISK_READ, .fault = DISK_FINE};
    start(&b, &p);
    disk_cut(b.disk);
    uint64_t before = disk_operations(b.disk);
    assert_int_not_equal(run(&b, "INSERT INTO event (sent) VALUES (0)"), SQLITE_OK);
    assert_int_equal(disk_operations(b.disk), before);
    stop(&b);
    assert_int_equal(boot(&b), SQLITE_OK);
    stop(&b);
    disk_free(b.disk);
}

static uint64_t hash_of(struct slice bytes)
{
    uint64_t hash = 1469598103934665603u;
    for (size_t i = 0; i < bytes.len; i++)
        hash = (hash ^ bytes.ptr[i]) * 1099511628211u;
    return hash;
}

static uint64_t content_hash(uint64_t seed)
{
    struct bed b = {.settings = WAL_EXCLUSIVE "PRAGMA synchronous=FULL;"};
    struct disk_options o = {.seed = seed};
    assert_int_equal(disk_new(&o, &b.disk), ERR_OK);
    assert_int_equal(boot(&b), SQLITE_OK);
    work(&b);
    assert_int_equal(run(&b, "INSERT INTO event (body) VALUES (hex(randomblob(16)))"), SQLITE_OK);
    struct slice wal = disk_file(b.disk, "test.db-wal");
    assert_true(wal.len > 1000);
    uint64_t hash = hash_of(wal);
    stop(&b);
    disk_free(b.disk);
    return hash;
}

static void disk__gives_the_same_bytes_for_the_same_seed(void **state)
{
    (void)state;
    assert_true(content_hash(5) == content_hash(5));
    assert_true(content_hash(5) != content_hash(6));
}

static void disk__flips_bits_of_what_is_stored(void **state)
{
    (void)state;
    struct bed b = {0};
    struct plan p = {.op = DISK_READ, .fault = DISK_FINE};
    start(&b, &p);
    work(&b);
    stop(&b);
    uint64_t before = hash_of(disk_file(b.disk, "test.db"));
    disk_rot(b.disk, "test.db", 3, 9);
    assert_true(hash_of(disk_file(b.disk, "test.db")) != before);
    disk_rot(b.disk, "test.db", 3, 9);
    assert_true(hash_of(disk_file(b.disk, "test.db")) == before);
    disk_free(b.disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(disk__loses_no_commit_of_wal_full_exclusive),
        cmocka_unit_test(disk__loses_commits_of_wal_normal),
        cmocka_unit_test(disk__loses_no_commit_of_a_rollback_journal_with_extra_syncs),
        cmocka_unit_test(disk__breaks_a_journal_that_is_never_synced),
        cmocka_unit_test(disk__forgets_what_a_failed_sync_had_to_write),
        cmocka_unit_test(disk__refuses_growth_when_full_and_takes_overwriting),
        cmocka_unit_test(disk__is_dead_after_a_cut_until_power_is_back),
        cmocka_unit_test(disk__gives_the_same_bytes_for_the_same_seed),
        cmocka_unit_test(disk__flips_bits_of_what_is_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
