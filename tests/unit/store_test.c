/* The store on a real file system: settings, power, full and broken disks, damaged files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/store/store.h"
#include "hal/hal.h"
#include "tests/support/quota_vfs.h"

/* The store reaches the HAL for its log alone; nothing here reads it. */
void hal_log(struct hal *h, struct slice line)
{
    (void)h;
    (void)line;
}

struct bed {
    char dir[64];
    char path[80];
    struct quota_vfs *disk;
    struct store *st;
    struct store_fault fault;
    uint8_t seed;
};

static void fill_random(void *ctx, void *out, size_t len)
{
    struct bed *b = ctx;
    for (size_t i = 0; i < len; i++) {
        ((uint8_t *)out)[i] = (uint8_t)(b->seed++ * 37 + 11);
    }
}

static err_t open_store(struct bed *b, uint32_t pages)
{
    struct store_options o = {.path = b->path,
                              .vfs = "quota",
                              .station = "PB7",
                              .page_count_max = pages,
                              .random = fill_random,
                              .random_ctx = b};
    b->st = NULL;
    return store_open(&o, &b->st, &b->fault);
}

static int set_up(void **state)
{
    struct bed *b = calloc(1, sizeof *b);
    memcpy(b->dir, "/tmp/packd-store-XXXXXX", 24);
    if (mkdtemp(b->dir) == NULL) return -1;
    snprintf(b->path, sizeof b->path, "%s/store.db", b->dir);
    b->disk = quota_vfs_reset();
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bed *b = *state;
    char wal[128];
    store_close(b->st);
    quota_vfs_reset();
    snprintf(wal, sizeof wal, "%s-wal", b->path);
    unlink(wal);
    unlink(b->path);
    rmdir(b->dir);
    free(b);
    return 0;
}

static void reopen(struct bed *b)
{
    store_close(b->st);
    b->st = NULL;
    assert_int_equal(open_store(b, 0), ERR_OK);
}

static int64_t pragma(struct bed *b, const char *sql)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    assert_int_equal(store_prepare(b->st, sql, &q), ERR_OK);
    assert_int_equal(store_step(b->st, q, &row), ERR_OK);
    assert_true(row);
    return store_int(q, 0);
}

static err_t add_story(struct bed *b, size_t len)
{
    static const char SQL[] =
        "INSERT INTO story (consignment_id, at, event, detail) VALUES (1, 2, 'x', ?1)";
    AUTO_STMT sqlite3_stmt *q = NULL;
    char *detail = calloc(1, len + 1);
    memset(detail, 'a', len);
    err_t e = store_prepare(b->st, SQL, &q);
    if (e == ERR_OK) {
        store_bind_text(q, 1, detail);
        e = store_run(b->st, q);
    }
    free(detail);
    return e;
}

static void store__puts_its_settings_in_force(void **state)
{
    struct bed *b = *state;
    char text[16];
    assert_int_equal(open_store(b, 0), ERR_OK);
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    assert_int_equal(store_prepare(b->st, "PRAGMA journal_mode", &q), ERR_OK);
    assert_int_equal(store_step(b->st, q, &row), ERR_OK);
    store_text(q, 0, text, sizeof text);
    assert_string_equal(text, "wal");
    assert_int_equal(pragma(b, "PRAGMA synchronous"), 2);
    assert_int_equal(pragma(b, "PRAGMA wal_autocheckpoint"), 0);
    assert_int_equal(pragma(b, "PRAGMA page_size"), STORE_PAGE_SIZE);
    assert_int_equal(pragma(b, "PRAGMA user_version"), 2);
    assert_int_equal(pragma(b, "PRAGMA foreign_keys"), 1);
    store_rollback(b->st);
    assert_false(store_intake_full(b->st));
    assert_false(store_is_dirty(b->st));
}

/* Otherwise SQLite 3.40 calls a sound store damaged at its next opening. */
static void store__keys_lead_in_tables_without_rowid(void **state)
{
    struct bed *b = *state;
    assert_int_equal(open_store(b, 0), ERR_OK);
    assert_in_range(
        pragma(b, "SELECT COUNT(*) FROM sqlite_schema WHERE sql LIKE '%WITHOUT ROWID%'"), 8, 99);
    assert_int_equal(
        pragma(b, "SELECT COUNT(*) FROM sqlite_schema s, pragma_table_info(s.name) c "
                  "WHERE s.sql LIKE '%WITHOUT ROWID%' AND c.pk > 0 AND c.pk <> c.cid + 1"),
        0);
}

static void store__preallocates_the_log_and_keeps_it(void **state)
{
    struct bed *b = *state;
    char wal[128];
    struct stat info;
    snprintf(wal, sizeof wal, "%s-wal", b->path);
    assert_int_equal(open_store(b, 0), ERR_OK);
    for (int pass = 0; pass < 2; pass++) {
        assert_int_equal(stat(wal, &info), 0);
        assert_true(info.st_size >= (off_t)STORE_WAL_PAGES * (STORE_PAGE_SIZE + 24));
        store_close(b->st);
        b->st = NULL;
        assert_int_equal(stat(wal, &info), 0);
        assert_true(info.st_size >= (off_t)STORE_WAL_PAGES * (STORE_PAGE_SIZE + 24));
        assert_int_equal(open_store(b, 0), ERR_OK);
    }
}

static void store__keeps_what_was_committed_and_nothing_else(void **state)
{
    struct bed *b = *state;
    char value[16];
    assert_int_equal(open_store(b, 0), ERR_OK);
    assert_int_equal(store_begin(b->st), ERR_OK);
    assert_int_equal(store_begin(b->st), ERR_OK);
    assert_int_equal(store_meta_set(b->st, "a", "1"), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
    assert_int_equal(store_meta_set(b->st, "a", "2"), ERR_OK);
    assert_true(store_is_dirty(b->st));
    reopen(b);
    assert_int_equal(store_meta_get(b->st, "a", value, sizeof value), ERR_OK);
    assert_string_equal(value, "1");
    assert_int_equal(store_meta_get(b->st, "none", value, sizeof value), ERR_NOTFOUND);
}

static void store__syncs_once_per_commit(void **state)
{
    struct bed *b = *state;
    assert_int_equal(open_store(b, 0), ERR_OK);
    assert_int_equal(store_meta_set(b->st, "a", "0"), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
    uint64_t before = b->disk->syncs;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(add_story(b, 100), ERR_OK);
        assert_int_equal(store_commit(b->st), ERR_OK);
    }
    assert_int_equal(b->disk->syncs - before, 10);
    assert_int_equal(store_commit(b->st), ERR_OK);
    assert_int_equal(b->disk->syncs - before, 10);
}

static void store__readings_alone_are_not_urgent(void **state)
{
    struct bed *b = *state;
    assert_int_equal(open_store(b, 0), ERR_OK);
    {
        AUTO_RELAX struct store_relaxed relaxed = store_relax(b->st);
        assert_int_equal(store_meta_set(b->st, "read", "1"), ERR_OK);
    }
    assert_true(store_is_dirty(b->st));
    assert_false(store_is_urgent(b->st));
    assert_int_equal(store_meta_set(b->st, "decided", "1"), ERR_OK);
    assert_true(store_is_urgent(b->st));
    assert_int_equal(store_commit(b->st), ERR_OK);
    assert_false(store_is_urgent(b->st));
    assert_int_equal(store_begin(b->st), ERR_OK);
    assert_false(store_is_urgent(b->st));
}

static void store__a_lost_reading_is_urgent(void **state)
{
    struct bed *b = *state;
    char text[4096];
    assert_int_equal(open_store(b, 200), ERR_OK);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    AUTO_RELAX struct store_relaxed relaxed = store_relax(b->st);
    err_t e = ERR_OK;
    for (int i = 0; i < 500 && !e; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        e = store_meta_set(b->st, name, text);
    }
    assert_int_equal(e, ERR_NOSPACE);
    assert_true(store_is_urgent(b->st));
    assert_int_equal(store_commit(b->st), ERR_NOSPACE);
    assert_false(store_is_urgent(b->st));
}

static void store__copies_survive_without_closing(void **state)
{
    struct bed *b = *state;
    char value[16];
    char command[512];
    assert_int_equal(open_store(b, 0), ERR_OK);
    assert_int_equal(store_meta_set(b->st, "a", "kept"), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
    struct bed copy = *b;
    snprintf(copy.path, sizeof copy.path, "%s/copy.db", b->dir);
    snprintf(command, sizeof command, "cp %s %s && cp %s-wal %s-wal", b->path, copy.path, b->path,
             copy.path);
    assert_int_equal(system(command), 0);
    assert_int_equal(open_store(&copy, 0), ERR_OK);
    assert_int_equal(store_meta_get(copy.st, "a", value, sizeof value), ERR_OK);
    assert_string_equal(value, "kept");
    store_close(copy.st);
    snprintf(command, sizeof command, "rm %s %s-wal", copy.path, copy.path);
    assert_int_equal(system(command), 0);
}

static void store__keys_never_repeat(void **state)
{
    struct bed *b = *state;
    char first[KEY_CAP];
    char key[KEY_CAP];
    char epoch[16];
    assert_int_equal(open_store(b, 0), ERR_OK);
    assert_int_equal(store_key_next(b->st, first), ERR_OK);
    assert_int_equal(strncmp(first, "PB7-", 4), 0);
    assert_string_equal(first + strlen(first) - 2, "-1");
    assert_int_equal(store_commit(b->st), ERR_OK);
    snprintf(epoch, sizeof epoch, "%s", store_epoch(b->st));
    reopen(b);
    assert_string_equal(store_epoch(b->st), epoch);
    assert_int_equal(store_key_next(b->st, key), ERR_OK);
    assert_string_equal(key + strlen(key) - 2, "-2");
    store_close(b->st);
    b->st = NULL;
    assert_int_equal(unlink(b->path), 0);
    assert_int_equal(open_store(b, 0), ERR_OK);
    assert_string_not_equal(store_epoch(b->st), epoch);
}

static void store__refuses_a_bad_station_id(void **state)
{
    struct bed *b = *state;
    static const char *const BAD[] = {"", "TOOLONG89", "a-b", "a b", NULL};
    for (size_t i = 0; i < 5; i++) {
        struct store_options o = {
            .path = b->path, .station = BAD[i], .random = fill_random, .random_ctx = b};
        assert_int_equal(store_open(&o, &b->st, &b->fault), ERR_INVALID);
        assert_true(b->fault.next_step[0] != '\0');
    }
}

static void store__prepares_each_statement_once(void **state)
{
    struct bed *b = *state;
    static const char SQL[] = "SELECT value FROM meta WHERE name = ?1";
    sqlite3_stmt *one = NULL;
    sqlite3_stmt *two = NULL;
    bool row = false;
    assert_int_equal(open_store(b, 0), ERR_OK);
    assert_int_equal(store_prepare(b->st, SQL, &one), ERR_OK);
    store_bind_text(one, 1, "epoch");
    assert_int_equal(store_step(b->st, one, &row), ERR_OK);
    assert_true(row);
    assert_int_equal(store_prepare(b->st, SQL, &two), ERR_OK);
    assert_ptr_equal(one, two);
    assert_int_equal(store_step(b->st, two, &row), ERR_OK);
    assert_false(row);
    store_reset_local(&two);
    assert_int_equal(store_prepare(b->st, "SELECT nonsense FROM nowhere", &one), ERR_INVALID);
    assert_false(store_failed(b->st));
}

static void store__tells_unique_rules_from_other_errors(void **state)
{
    struct bed *b = *state;
    static const char SQL[] = "INSERT INTO meta (name, value) VALUES ('x', ?1)";
    sqlite3_stmt *q = NULL;
    assert_int_equal(open_store(b, 0), ERR_OK);
    assert_int_equal(store_prepare(b->st, SQL, &q), ERR_OK);
    store_bind_text(q, 1, "1");
    assert_int_equal(store_run(b->st, q), ERR_OK);
    assert_int_equal(store_run(b->st, q), ERR_EXISTS);
    assert_int_equal(store_commit(b->st), ERR_OK);
    assert_int_equal(store_prepare(b->st, SQL, &q), ERR_OK);
    store_bind_null(q, 1);
    assert_int_equal(store_run(b->st, q), ERR_INVALID);
    assert_int_equal(store_commit(b->st), ERR_INVALID);
    assert_false(store_is_dirty(b->st));
}

static void store__cuts_text_at_a_code_point(void **state)
{
    struct bed *b = *state;
    char out[4];
    assert_int_equal(open_store(b, 0), ERR_OK);
    assert_int_equal(store_meta_set(b->st, "a", "x\xC3\xA4\xC3\xB6"), ERR_OK);
    assert_int_equal(store_meta_get(b->st, "a", out, sizeof out), ERR_OK);
    assert_string_equal(out, "x\xC3\xA4");
}

static void store__stops_intake_before_its_hard_limit(void **state)
{
    struct bed *b = *state;
    assert_int_equal(open_store(b, 400), ERR_OK);
    bool warned = false;
    int rows = 0;
    while (!store_intake_full(b->st)) {
        warned = warned || store_intake_warning(b->st);
        assert_int_equal(add_story(b, 2000), ERR_OK);
        assert_int_equal(store_commit(b->st), ERR_OK);
        rows++;
    }
    assert_true(warned);
    assert_true(rows > 50);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(store_meta_set(b->st, "mark", i % 2 ? "done" : "flying"), ERR_OK);
        assert_int_equal(store_commit(b->st), ERR_OK);
    }
    err_t e = ERR_OK;
    for (int i = 0; i < 100 && e == ERR_OK; i++) {
        e = add_story(b, 2000);
        if (e == ERR_OK) e = store_commit(b->st);
    }
    assert_int_equal(e, ERR_NOSPACE);
    assert_int_equal(store_commit(b->st), ERR_NOSPACE);
    assert_false(store_is_dirty(b->st));
    assert_false(store_failed(b->st));
    assert_int_equal(store_meta_set(b->st, "mark", "last"), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
}

static void store__a_lost_write_loses_its_whole_transaction(void **state)
{
    struct bed *b = *state;
    char value[16];
    assert_int_equal(open_store(b, 300), ERR_OK);
    assert_int_equal(store_meta_set(b->st, "a", "first"), ERR_OK);
    assert_int_equal(add_story(b, 2000000), ERR_NOSPACE);
    assert_int_equal(store_meta_set(b->st, "a", "second"), ERR_NOSPACE);
    assert_int_equal(store_commit(b->st), ERR_NOSPACE);
    assert_int_equal(store_meta_get(b->st, "a", value, sizeof value), ERR_NOTFOUND);
}

/* On a disk without a free byte: intake is refused, three thousand marks are not. */
static void store__marks_survive_a_full_disk(void **state)
{
    struct bed *b = *state;
    char value[16];
    assert_int_equal(open_store(b, 0), ERR_OK);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(add_story(b, 500), ERR_OK);
    }
    assert_int_equal(store_meta_set(b->st, "mark", "0000"), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
    while (store_idle(b->st)) {
    }
    b->disk->room = 0;
    int kept = 0;
    for (int i = 0; i < 3000; i++) {
        char text[16];
        snprintf(text, sizeof text, "%04d", i);
        if (store_meta_set(b->st, "mark", text) == ERR_OK && store_commit(b->st) == ERR_OK) kept++;
    }
    assert_int_equal(kept, 3000);
    err_t e = ERR_OK;
    for (int i = 0; i < 20 && e == ERR_OK; i++) {
        e = add_story(b, 1000000);
        if (e == ERR_OK) e = store_commit(b->st);
    }
    assert_int_equal(e, ERR_NOSPACE);
    err_ignore(store_commit(b->st));
    assert_true(store_intake_full(b->st));
    assert_false(store_failed(b->st));
    assert_int_equal(store_meta_set(b->st, "mark", "last"), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
    assert_true(store_intake_full(b->st));
    b->disk->room = INT64_MAX;
    assert_int_equal(store_meta_set(b->st, "mark", "last"), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
    assert_false(store_intake_full(b->st));
    reopen(b);
    assert_int_equal(store_meta_get(b->st, "mark", value, sizeof value), ERR_OK);
    assert_string_equal(value, "last");
}

static void store__stops_intake_when_told_the_disk_is_low(void **state)
{
    struct bed *b = *state;
    assert_int_equal(open_store(b, 0), ERR_OK);
    assert_false(store_intake_full(b->st));
    store_disk_free(b->st, STORE_DISK_RESERVE * UINT64_C(2));
    assert_false(store_intake_full(b->st));
    assert_true(store_intake_warning(b->st));
    store_disk_free(b->st, STORE_DISK_RESERVE - 1);
    assert_true(store_intake_full(b->st));
}

static void store__a_failed_sync_is_never_acknowledged(void **state)
{
    struct bed *b = *state;
    assert_int_equal(open_store(b, 0), ERR_OK);
    assert_int_equal(store_meta_set(b->st, "a", "1"), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
    assert_int_equal(store_meta_set(b->st, "a", "2"), ERR_OK);
    b->disk->fail_sync = true;
    assert_int_equal(store_commit(b->st), ERR_IO);
    assert_true(store_failed(b->st));
    b->disk->fail_sync = false;
    assert_int_equal(store_begin(b->st), ERR_IO);
    assert_int_equal(store_meta_set(b->st, "a", "3"), ERR_IO);
    assert_int_equal(store_commit(b->st), ERR_IO);
    char value[8];
    reopen(b);
    assert_int_equal(store_meta_get(b->st, "a", value, sizeof value), ERR_OK);
    assert_true(strcmp(value, "1") == 0 || strcmp(value, "2") == 0);
    assert_int_equal(store_meta_set(b->st, "a", "3"), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
}

static void store__a_failed_write_is_never_acknowledged(void **state)
{
    struct bed *b = *state;
    assert_int_equal(open_store(b, 0), ERR_OK);
    assert_int_equal(store_meta_set(b->st, "a", "2"), ERR_OK);
    b->disk->fail_write = true;
    assert_int_equal(store_commit(b->st), ERR_IO);
    assert_true(store_failed(b->st));
    assert_false(store_is_corrupt(b->st));
}

static void store__names_a_file_that_is_no_database(void **state)
{
    struct bed *b = *state;
    FILE *f = fopen(b->path, "w");
    for (int i = 0; i < 200; i++) {
        fputs("this is not a database at all\n", f);
    }
    fclose(f);
    assert_int_equal(open_store(b, 0), ERR_CORRUPT);
    assert_string_equal(b->fault.object, b->path);
    assert_true(b->fault.reason[0] != '\0' && b->fault.next_step[0] != '\0');
    struct stat info;
    assert_int_equal(stat(b->path, &info), 0);
    assert_int_equal(info.st_size, 200 * 30);
}

static void overwrite(const char *path, long at, long len)
{
    FILE *f = fopen(path, "r+");
    fseek(f, at, SEEK_SET);
    for (long i = 0; i < len; i++) {
        fputc(0x5A, f);
    }
    fclose(f);
}

/* Moves everything from the log to the database and starts the log afresh: while frames are in the
 * log, the pages beneath are not read. */
static void settle_log(struct bed *b)
{
    while (store_idle(b->st)) {
    }
    assert_int_equal(store_meta_set(b->st, "settled", "1"), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
    store_close(b->st);
    b->st = NULL;
}

static void store__finds_a_damaged_page_when_it_opens(void **state)
{
    struct bed *b = *state;
    assert_int_equal(open_store(b, 0), ERR_OK);
    for (int i = 0; i < 800; i++) {
        assert_int_equal(add_story(b, 800), ERR_OK);
    }
    assert_int_equal(store_commit(b->st), ERR_OK);
    settle_log(b);
    overwrite(b->path, 200L * STORE_PAGE_SIZE, 4L * STORE_PAGE_SIZE);
    assert_int_equal(open_store(b, 0), ERR_CORRUPT);
    assert_null(b->st);
    assert_true(b->fault.reason[0] != '\0');
}

static void store__finds_damage_in_a_large_file_when_idle(void **state)
{
    struct bed *b = *state;
    assert_int_equal(open_store(b, 0), ERR_OK);
    for (int i = 0; i < 6000; i++) {
        assert_int_equal(add_story(b, 900), ERR_OK);
    }
    assert_int_equal(store_commit(b->st), ERR_OK);
    reopen(b);
    while (store_idle(b->st)) {
    }
    assert_false(store_failed(b->st));
    settle_log(b);
    overwrite(b->path, 4500L * STORE_PAGE_SIZE, 64L * STORE_PAGE_SIZE);
    assert_int_equal(open_store(b, 0), ERR_OK);
    while (store_idle(b->st)) {
    }
    assert_true(store_failed(b->st));
    assert_true(store_is_corrupt(b->st));
}

static void store__refuses_another_programs_database(void **state)
{
    struct bed *b = *state;
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(b->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE t (x)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(open_store(b, 0), ERR_UNSUPPORTED);
    assert_non_null(strstr(b->fault.reason, "another program"));
}

static void change_file(struct bed *b, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(b->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void store__runs_on_a_newer_schema_only_when_told_so(void **state)
{
    struct bed *b = *state;
    assert_int_equal(open_store(b, 0), ERR_OK);
    store_close(b->st);
    b->st = NULL;
    change_file(b, "PRAGMA user_version=99; ALTER TABLE meta ADD COLUMN extra TEXT;");
    assert_int_equal(open_store(b, 0), ERR_OK);
    store_close(b->st);
    b->st = NULL;
    change_file(b, "UPDATE meta SET value='50' WHERE name='usable_from'");
    assert_int_equal(open_store(b, 0), ERR_UNSUPPORTED);
    assert_non_null(strstr(b->fault.reason, "newer"));
}

static void store__names_a_store_held_by_another(void **state)
{
    struct bed *b = *state;
    struct bed second = *b;
    assert_int_equal(open_store(b, 0), ERR_OK);
    assert_int_equal(open_store(&second, 0), ERR_IO);
    assert_non_null(strstr(second.fault.reason, "another process"));
}

static void store__names_a_place_it_cannot_write(void **state)
{
    struct bed *b = *state;
    struct bed other = *b;
    snprintf(other.path, sizeof other.path, "%s/none/store.db", b->dir);
    assert_int_equal(open_store(&other, 0), ERR_IO);
    assert_true(other.fault.reason[0] != '\0');
    assert_int_equal(open_store(b, 0), ERR_OK);
    store_close(b->st);
    b->st = NULL;
    b->disk->read_only = true;
    assert_int_equal(open_store(b, 0), ERR_IO);
    assert_non_null(strstr(b->fault.reason, "read-only"));
    b->disk->read_only = false;
}

static void store__says_when_the_disk_is_full_from_the_start(void **state)
{
    struct bed *b = *state;
    b->disk->room = 10000;
    assert_int_equal(open_store(b, 0), ERR_NOSPACE);
    assert_null(b->st);
    assert_non_null(strstr(b->fault.reason, "full"));
    b->disk->room = INT64_MAX;
    assert_int_equal(open_store(b, 0), ERR_OK);
}

static void store__checkpoints_when_idle_and_when_it_must(void **state)
{
    struct bed *b = *state;
    struct store_figures f;
    assert_int_equal(open_store(b, 0), ERR_OK);
    while (store_idle(b->st)) {
    }
    for (int i = 0; i < 800; i++) {
        assert_int_equal(add_story(b, 900), ERR_OK);
    }
    assert_int_equal(store_commit(b->st), ERR_OK);
    store_figures(b->st, &f);
    uint64_t before = f.checkpoints;
    assert_true(store_idle(b->st));
    store_figures(b->st, &f);
    assert_int_equal(f.checkpoints, before + 1);
    for (int i = 0; i < 5000; i++) {
        assert_int_equal(add_story(b, 900), ERR_OK);
        assert_int_equal(store_commit(b->st), ERR_OK);
    }
    store_figures(b->st, &f);
    assert_true(f.checkpoints > before + 1);
    assert_true(f.pages_used > 5000);
    char wal[128];
    struct stat info;
    snprintf(wal, sizeof wal, "%s-wal", b->path);
    assert_int_equal(stat(wal, &info), 0);
    assert_true(info.st_size <= (off_t)(STORE_WAL_PAGES + 200) * (STORE_PAGE_SIZE + 24));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(store__puts_its_settings_in_force),
        TEST(store__keys_lead_in_tables_without_rowid),
        TEST(store__preallocates_the_log_and_keeps_it),
        TEST(store__keeps_what_was_committed_and_nothing_else),
        TEST(store__readings_alone_are_not_urgent),
        TEST(store__a_lost_reading_is_urgent),
        TEST(store__syncs_once_per_commit),
        TEST(store__copies_survive_without_closing),
        TEST(store__keys_never_repeat),
        TEST(store__refuses_a_bad_station_id),
        TEST(store__prepares_each_statement_once),
        TEST(store__tells_unique_rules_from_other_errors),
        TEST(store__cuts_text_at_a_code_point),
        TEST(store__stops_intake_before_its_hard_limit),
        TEST(store__a_lost_write_loses_its_whole_transaction),
        TEST(store__marks_survive_a_full_disk),
        TEST(store__stops_intake_when_told_the_disk_is_low),
        TEST(store__a_failed_sync_is_never_acknowledged),
        TEST(store__a_failed_write_is_never_acknowledged),
        TEST(store__names_a_file_that_is_no_database),
        TEST(store__finds_a_damaged_page_when_it_opens),
        TEST(store__finds_damage_in_a_large_file_when_idle),
        TEST(store__refuses_another_programs_database),
        TEST(store__runs_on_a_newer_schema_only_when_told_so),
        TEST(store__names_a_store_held_by_another),
        TEST(store__names_a_place_it_cannot_write),
        TEST(store__says_when_the_disk_is_full_from_the_start),
        TEST(store__checkpoints_when_idle_and_when_it_must),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
