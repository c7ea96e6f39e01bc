/* The statement cache, binding and reading. */
#include <assert.h>
#include <string.h>

#include "firmware/base/text.h"
#include "firmware/store/store_parts.h"

static err_t err_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return ERR_OK;
    case SQLITE_FULL:
    case SQLITE_TOOBIG:
        return ERR_NOSPACE;
    case SQLITE_NOMEM:
        return ERR_NOMEM;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_CORRUPT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    case SQLITE_CONSTRAINT: {
        bool unique = rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY ||
                      rc == SQLITE_CONSTRAINT_ROWID;
        return unique ? ERR_EXISTS : ERR_INVALID;
    }
    case SQLITE_MISMATCH:
    case SQLITE_RANGE:
    case SQLITE_MISUSE:
    case SQLITE_ERROR:
        return ERR_INVALID;
    default:
        return ERR_IO;
    }
}

err_t store_translate(struct store *st, int rc, const char *doing)
{
    err_t e = err_of(rc);
    if (e == ERR_OK || e == ERR_EXISTS) return e;
    if (e == ERR_IO || e == ERR_CORRUPT) st->failed = true;
    if (e == ERR_CORRUPT) st->corrupt = true;
    if (e == ERR_NOSPACE && (rc & 0xff) == SQLITE_FULL) st->disk_full = true;
    /* Out of memory: who asked may have gone on without the answer, and memory cannot be trusted.
     */
    if ((st->open || e == ERR_NOMEM) && st->doomed == ERR_OK) st->doomed = e;
    log_event(st->log, LOG_ERROR, "store.error", "doing=%s sqlite=%d text=%s", doing, rc,
              sqlite3_errstr(rc));
    return e;
}

static struct cached_statement *find_slot(struct store *st, const char *sql)
{
    size_t slots = sizeof st->statements / sizeof st->statements[0];
    size_t i = (size_t)((uintptr_t)sql * UINT64_C(0x9E3779B97F4A7C15) >> 40) % slots;
    while (st->statements[i].sql != NULL && st->statements[i].sql != sql) {
        i = (i + 1) % slots;
    }
    return &st->statements[i];
}

err_t store_prepare(struct store *st, const char *sql, sqlite3_stmt **out)
{
    if (st->failed) return ERR_IO;
    struct cached_statement *slot = find_slot(st, sql);
    if (slot->sql == NULL) {
        if (st->statement_count >= STORE_STATEMENTS_MAX) return ERR_NOSPACE;
        sqlite3_stmt *stmt = NULL;
        int rc = sqlite3_prepare_v3(st->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
        if (rc != SQLITE_OK) return store_translate(st, rc, "prepare");
        *slot = (struct cached_statement){sql, stmt};
        st->statement_count++;
    }
    (void)sqlite3_reset(slot->stmt); /* repeats the result of the last step, already reported */
    (void)sqlite3_clear_bindings(slot->stmt);
    *out = slot->stmt;
    return ERR_OK;
}

void store_finalize_all(struct store *st)
{
    for (size_t i = 0; i < sizeof st->statements / sizeof st->statements[0]; i++) {
        (void)sqlite3_finalize(st->statements[i].stmt); /* NULL is fine */
        st->statements[i] = (struct cached_statement){NULL, NULL};
    }
    st->statement_count = 0;
}

void store_reset_local(sqlite3_stmt **stmt)
{
    if (*stmt != NULL) (void)sqlite3_reset(*stmt);
}

/* A write outside a transaction would commit by itself, and one after a lost write would commit a
 * part. */
static err_t may_write(struct store *st)
{
    if (st->doomed) return st->doomed;
    return store_begin(st);
}

err_t store_step(struct store *st, sqlite3_stmt *stmt, bool *out_row)
{
    assert(stmt != NULL);
    *out_row = false;
    if (st->failed) return ERR_IO;
    if (st->doomed == ERR_NOMEM) return ERR_NOMEM;
    bool writes = !sqlite3_stmt_readonly(stmt);
    if (writes) {
        err_t e = may_write(st);
        if (e) return e;
    }
    int rc = sqlite3_step(stmt);
    *out_row = rc == SQLITE_ROW;
    if (writes && !st->relaxed && (*out_row || sqlite3_changes64(st->db) > 0)) st->urgent = true;
    if (rc == SQLITE_ROW || rc == SQLITE_DONE) return ERR_OK;
    (void)sqlite3_reset(stmt);
    return store_translate(st, rc, "step");
}

err_t store_run(struct store *st, sqlite3_stmt *stmt)
{
    bool row = false;
    err_t e = store_step(st, stmt, &row);
    (void)sqlite3_reset(stmt);
    return e;
}

int64_t store_last_id(struct store *st)
{
    return sqlite3_last_insert_rowid(st->db);
}

int64_t store_changes(struct store *st)
{
    return sqlite3_changes64(st->db);
}

/* The store a statement belongs to, kept by store_setup where SQLite lets it be asked for. */
static struct store *store_of(sqlite3_stmt *stmt)
{
    sqlite3 *db = sqlite3_db_handle(stmt);
    struct store *st = sqlite3_rollback_hook(db, NULL, NULL);
    (void)sqlite3_rollback_hook(db, NULL, st);
    return st;
}

/* Without memory a parameter would be NULL, and the statement would say something else. */
static void check_binding(sqlite3_stmt *stmt, int rc)
{
    if (rc != SQLITE_OK) err_ignore(store_translate(store_of(stmt), rc, "bind")); /* marked */
}

/* Without memory a value would read as absent. */
static void check_reading(sqlite3_stmt *stmt, const void *value)
{
    if (value == NULL && sqlite3_errcode(sqlite3_db_handle(stmt)) == SQLITE_NOMEM)
        err_ignore(store_translate(store_of(stmt), SQLITE_NOMEM, "read")); /* marked */
}

void store_bind_int(sqlite3_stmt *stmt, int index, int64_t value)
{
    check_binding(stmt, sqlite3_bind_int64(stmt, index, value));
}

void store_bind_null(sqlite3_stmt *stmt, int index)
{
    check_binding(stmt, sqlite3_bind_null(stmt, index));
}

void store_bind_text(sqlite3_stmt *stmt, int index, const char *text)
{
    check_binding(stmt, sqlite3_bind_text(stmt, index, text, -1, SQLITE_TRANSIENT));
}

void store_bind_slice(sqlite3_stmt *stmt, int index, struct slice text)
{
    const char *ptr = text.len > 0 ? (const char *)text.ptr : "";
    check_binding(stmt,
                  sqlite3_bind_text64(stmt, index, ptr, text.len, SQLITE_TRANSIENT, SQLITE_UTF8));
}

void store_bind_blob(sqlite3_stmt *stmt, int index, struct slice bytes)
{
    const void *ptr = bytes.len > 0 ? (const void *)bytes.ptr : "";
    check_binding(stmt, sqlite3_bind_blob64(stmt, index, ptr, bytes.len, SQLITE_TRANSIENT));
}

int64_t store_int(sqlite3_stmt *stmt, int column)
{
    return sqlite3_column_int64(stmt, column);
}

void store_text(sqlite3_stmt *stmt, int column, char *out, size_t cap)
{
    assert(cap > 0);
    const unsigned char *text = sqlite3_column_text(stmt, column);
    check_reading(stmt, text);
    size_t len = text != NULL ? (size_t)sqlite3_column_bytes(stmt, column) : 0;
    if (len > cap - 1) {
        len = cap - 1;
        while (len > 0 && (text[len] & 0xC0) == 0x80) {
            len--;
        }
    }
    if (len > 0) memcpy(out, text, len);
    out[len] = '\0';
}

struct slice store_blob(sqlite3_stmt *stmt, int column)
{
    const void *ptr = sqlite3_column_blob(stmt, column);
    check_reading(stmt, ptr);
    if (ptr == NULL) return SLICE_NONE;
    return slice_of(ptr, (size_t)sqlite3_column_bytes(stmt, column));
}
