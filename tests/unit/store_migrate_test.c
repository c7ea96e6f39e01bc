/* Files of every earlier schema open with every row they had, wherever power goes on the way, and a
 * program that knows the earlier schema alone still runs on them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/store/store.h"
#include "hal/sim/disk.h"

#define FILE_NAME  "packd.db"
#define TABLES_MAX 40
#define SQL_LEN    8192
#define NEWEST     2

extern const unsigned char asset_schema_1_sql[];

static const unsigned char *const EARLIER[] = {asset_schema_1_sql};
#define EARLIER_COUNT (sizeof EARLIER / sizeof EARLIER[0])

static void fill_random(void *ctx, void *out, size_t len)
{
    (void)ctx;
    memset(out, 7, len);
}

/* ------------------------------------------------------------------------------- old files -- */

struct tables {
    char name[TABLES_MAX][64];
    char columns[TABLES_MAX][1024]; /* as the earlier schema has them */
    size_t width[TABLES_MAX];       /* how many */
    size_t count;
};

static void must(sqlite3 *db, const char *sql)
{
    char *why = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK) fail_msg("%s: %s", sql, why);
}

static void text_of(sqlite3 *db, const char *sql, char *out, size_t cap)
{
    sqlite3_stmt *q = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    int rc = sqlite3_step(q);
    const char *text = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(q, 0) : "";
    (void)snprintf(out, cap, "%s", text ? text : "");
    (void)sqlite3_finalize(q);
}

static void read_tables(sqlite3 *db, struct tables *t)
{
    sqlite3_stmt *q = NULL;
    t->count = 0;
    assert_int_equal(
        sqlite3_prepare_v2(db,
                           "SELECT s.name, group_concat(c.name), count(*) FROM sqlite_schema s, "
                           "pragma_table_info(s.name) c WHERE s.type = 'table' GROUP BY s.name",
                           -1, &q, NULL),
        SQLITE_OK);
    while (sqlite3_step(q) == SQLITE_ROW) {
        assert_true(t->count < TABLES_MAX);
        (void)snprintf(t->name[t->count], 64, "%s", (const char *)sqlite3_column_text(q, 0));
        (void)snprintf(t->columns[t->count], 1024, "%s", (const char *)sqlite3_column_text(q, 1));
        t->width[t->count++] = (size_t)sqlite3_column_int(q, 2);
    }
    (void)sqlite3_finalize(q);
    assert_true(t->count > 20);
}

/* One row with a value of its own in each of the first columns, those the earlier schema has. */
static void add_row(sqlite3 *db, const struct tables *t, size_t i, int number)
{
    char sql[SQL_LEN], ask[512], values[2048];
    (void)snprintf(ask, sizeof ask,
                   "SELECT group_concat(CASE type WHEN 'INTEGER' THEN '%d' WHEN 'BLOB' THEN "
                   "'x''0%d''' ELSE '''' || name || ' %d''' END) FROM pragma_table_info('%s') "
                   "WHERE cid < %zu",
                   number, number, number, t->name[i], t->width[i]);
    text_of(db, ask, values, sizeof values);
    (void)snprintf(sql, sizeof sql, "INSERT INTO %s (%s) VALUES (%s)", t->name[i], t->columns[i],
                   values);
    must(db, sql);
}

static sqlite3 *connect(struct disk *d)
{
    sqlite3 *db = NULL;
    assert_int_equal(
        sqlite3_open_v2(FILE_NAME, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, disk_vfs(d)),
        SQLITE_OK);
    must(db, "PRAGMA locking_mode=EXCLUSIVE");
    must(db, "PRAGMA page_size=1024");
    must(db, "PRAGMA journal_mode=WAL");
    return db;
}

/* A file as the release with this schema left it: two rows in every table. */
static struct disk *make_earlier(size_t which, struct tables *t)
{
    struct disk *d = NULL;
    char sql[128];
    const struct disk_options o = {.seed = 11};
    assert_int_equal(disk_new(&o, &d), ERR_OK);
    sqlite3 *db = connect(d);
    must(db, (const char *)EARLIER[which]);
    must(db, "DELETE FROM bench");
    read_tables(db, t);
    for (size_t i = 0; i < t->count; i++) {
        add_row(db, t, i, 1);
        if (strcmp(t->name[i], "bench") != 0) add_row(db, t, i, 2);
    }
    must(db, "INSERT INTO meta VALUES ('usable_from', '1'), ('epoch', 'abcdefgh'), "
             "('key_counter', '41')");
    (void)snprintf(sql, sizeof sql, "PRAGMA user_version=%zu; PRAGMA application_id=%d", which + 1,
                   0x7061636B);
    must(db, sql);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return d;
}

/* Everything in one table, in the columns of the earlier schema. */
static void dump(sqlite3 *db, const struct tables *t, size_t i, char *out, size_t cap)
{
    char sql[SQL_LEN], quoted[2048];
    size_t n = 0;
    for (const char *c = t->columns[i]; *c && n < sizeof quoted - 16; c++) {
        if (*c == ',')
            n += (size_t)snprintf(quoted + n, sizeof quoted - n, ")||'|'||quote(");
        else
            quoted[n++] = *c;
    }
    quoted[n] = 0;
    (void)snprintf(sql, sizeof sql,
                   "SELECT group_concat(r, char(10)) FROM (SELECT quote(%s) AS r FROM %s%s "
                   "ORDER BY 1)",
                   quoted, t->name[i],
                   strcmp(t->name[i], "meta") == 0 ? " WHERE name LIKE 'name%'" : "");
    text_of(db, sql, out, cap);
}

static void dump_all(struct disk *d, const struct tables *t, char (*out)[4096])
{
    sqlite3 *db = connect(d);
    for (size_t i = 0; i < t->count; i++)
        dump(db, t, i, out[i], 4096);
    (void)sqlite3_close(db);
}

/* -------------------------------------------------------------------------------- opening -- */

static err_t open_store(struct disk *d, struct store **out, struct store_fault *fault)
{
    const struct store_options o = {
        .path = FILE_NAME, .vfs = disk_vfs(d), .station = "PB7", .random = fill_random};
    *out = NULL;
    return store_open(&o, out, fault);
}

static void open_and_close(struct disk *d)
{
    struct store *st = NULL;
    struct store_fault fault;
    char key[KEY_CAP];
    err_t e = open_store(d, &st, &fault);
    if (e) fail_msg("%s: %s", err_name(e), fault.reason);
    assert_int_equal(store_key_next(st, key), ERR_OK);
    assert_string_equal(key, "PB7-abcdefgh-42");
    store_close(st); /* without a commit: the key is not used up */
}

static void assert_rows(struct disk *d, const struct tables *t, char (*before)[4096])
{
    static char after[TABLES_MAX][4096];
    dump_all(d, t, after);
    for (size_t i = 0; i < t->count; i++) {
        assert_true(before[i][0]);
        assert_string_equal(after[i], before[i]);
    }
}

static void migration__keeps_every_row_of_every_earlier_schema(void **state)
{
    (void)state;
    static struct tables t;
    static char before[TABLES_MAX][4096];
    for (size_t which = 0; which < EARLIER_COUNT; which++) {
        char version[16];
        struct disk *d = make_earlier(which, &t);
        dump_all(d, &t, before);
        open_and_close(d);
        assert_rows(d, &t, before);
        sqlite3 *db = connect(d);
        text_of(db, "PRAGMA user_version", version, sizeof version);
        assert_int_equal(strtoul(version, NULL, 10), NEWEST);
        text_of(db, "PRAGMA integrity_check", version, sizeof version);
        assert_string_equal(version, "ok");
        (void)sqlite3_close(db);
        disk_free(d);
    }
}

/* --------------------------------------------------------------------- the release before -- */

/* Its columns stand where they stood; what came after them may be left out of an INSERT. */
static void assert_columns(sqlite3 *now, sqlite3 *then, const struct tables *t, size_t i)
{
    char sql[512], has[4096], had[4096];
    (void)snprintf(sql, sizeof sql,
                   "SELECT group_concat(name || ' ' || type || \"notnull\" || ifnull(dflt_value, "
                   "'-') || pk) FROM pragma_table_info('%s') WHERE cid < %zu",
                   t->name[i], t->width[i]);
    text_of(then, sql, had, sizeof had);
    text_of(now, sql, has, sizeof has);
    assert_true(had[0]);
    assert_string_equal(has, had);
    (void)snprintf(sql, sizeof sql,
                   "SELECT name FROM pragma_table_info('%s') WHERE cid >= %zu AND \"notnull\" AND "
                   "dflt_value IS NULL",
                   t->name[i], t->width[i]);
    text_of(now, sql, has, sizeof has);
    if (has[0]) fail_msg("%s.%s must have a default", t->name[i], has);
}

/* Its statements name indexes; and a trigger would change what they do. */
static void assert_rules(sqlite3 *now, sqlite3 *then)
{
    sqlite3_stmt *q = NULL;
    char sql[256], has[1024];
    int seen = 0;
    assert_int_equal(sqlite3_prepare_v2(then,
                                        "SELECT name, sql FROM sqlite_schema WHERE type = 'index' "
                                        "AND sql IS NOT NULL",
                                        -1, &q, NULL),
                     SQLITE_OK);
    for (; sqlite3_step(q) == SQLITE_ROW; seen++) {
        (void)snprintf(sql, sizeof sql, "SELECT sql FROM sqlite_schema WHERE name = '%s'",
                       (const char *)sqlite3_column_text(q, 0));
        text_of(now, sql, has, sizeof has);
        assert_string_equal(has, (const char *)sqlite3_column_text(q, 1));
    }
    (void)sqlite3_finalize(q);
    assert_true(seen > 20);
    text_of(now, "SELECT name FROM sqlite_schema WHERE type = 'trigger'", has, sizeof has);
    assert_string_equal(has, "");
}

static void migration__leaves_what_the_release_before_stands_on(void **state)
{
    (void)state;
    static struct tables t;
    for (size_t which = 0; which < EARLIER_COUNT; which++) {
        sqlite3 *then = NULL;
        struct disk *d = make_earlier(which, &t);
        open_and_close(d);
        sqlite3 *now = connect(d);
        assert_int_equal(sqlite3_open(":memory:", &then), SQLITE_OK);
        must(then, (const char *)EARLIER[which]);
        for (size_t i = 0; i < t.count; i++) {
            assert_columns(now, then, &t, i);
            if (strcmp(t.name[i], "bench") != 0) add_row(now, &t, i, 3);
        }
        assert_rules(now, then);
        (void)sqlite3_close(then);
        (void)sqlite3_close(now);
        disk_free(d);
    }
}

/* ------------------------------------------------------------------------------- power cuts -- */

static enum disk_fault cut_at(void *ctx, enum disk_op op, uint64_t n)
{
    const uint64_t *at = ctx;
    return op != DISK_READ && n == *at ? DISK_CUT : DISK_FINE;
}

/* True when the migration was over before that operation. */
static bool cut_once(uint64_t nth)
{
    static struct tables t;
    static char before[TABLES_MAX][4096];
    struct store *st = NULL;
    struct store_fault fault;
    struct disk *d = make_earlier(0, &t);
    dump_all(d, &t, before);
    uint64_t at = disk_operations(d) + nth;
    disk_on_operation(d, cut_at, &at);
    err_ignore(open_store(d, &st, &fault)); /* cut short */
    bool over = !disk_is_dead(d);
    store_close(st);
    disk_on_operation(d, NULL, NULL);
    disk_revive(d);
    open_and_close(d);
    assert_rows(d, &t, before);
    disk_free(d);
    return over;
}

static void migration__survives_power_cut_at_every_operation(void **state)
{
    (void)state;
    uint64_t nth = 1;
    while (!cut_once(nth)) {
        nth++;
    }
    assert_true(nth > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(migration__keeps_every_row_of_every_earlier_schema),
        cmocka_unit_test(migration__leaves_what_the_release_before_stands_on),
        cmocka_unit_test(migration__survives_power_cut_at_every_operation),
    };
    return cmocka_run_group_tests_name("store_migrate", tests, NULL, NULL);
}
