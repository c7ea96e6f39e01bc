/* Opening the file and putting the settings in force. Each setting is read back: SQLite falls back
 * silently, for example from WAL to DELETE where it cannot share memory. */
#include <assert.h>
#include <string.h>

#include "firmware/base/text.h"
#include "firmware/store/store_parts.h"

void store_blame(struct store_fault *fault, const char *object, const char *reason,
                 const char *next_step)
{
    if (fault == NULL) return;
    *fault = (struct store_fault){.object = ""};
    struct buf b = buf_over(fault->object, sizeof fault->object - 1);
    buf_text(&b, object);
    b = buf_over(fault->reason, sizeof fault->reason - 1);
    buf_text(&b, reason);
    b = buf_over(fault->next_step, sizeof fault->next_step - 1);
    buf_text(&b, next_step);
}

err_t store_exec(struct store *st, const char *sql)
{
    int rc = sqlite3_exec(st->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? ERR_OK : store_translate(st, rc, "exec");
}

err_t store_query_text(struct store *st, const char *sql, char *out, size_t cap)
{
    sqlite3_stmt *q = NULL;
    out[0] = '\0';
    int rc = sqlite3_prepare_v2(st->db, sql, -1, &q, NULL);
    if (rc != SQLITE_OK) return store_translate(st, rc, "query");
    rc = sqlite3_step(q);
    if (rc == SQLITE_ROW) store_text(q, 0, out, cap);
    (void)sqlite3_finalize(q);
    if (rc == SQLITE_DONE) return ERR_NOTFOUND;
    return rc == SQLITE_ROW ? ERR_OK : store_translate(st, rc, "query");
}

err_t store_query_int(struct store *st, const char *sql, int64_t *out)
{
    char text[24];
    err_t e = store_query_text(st, sql, text, sizeof text);
    if (e) return e;
    return text_int(slice_text(text), INT64_MIN, INT64_MAX, out);
}

struct setting {
    const char *set; /* "" when its query alone sets it */
    const char *query;
    const char *expected;
};

/* In this order: exclusive locking before the first access keeps shared memory out of WAL. */
static const struct setting SETTINGS[] = {
    {"", "PRAGMA locking_mode=EXCLUSIVE", "exclusive"},
    {"PRAGMA page_size=1024", "PRAGMA journal_mode=WAL", "wal"},
#ifdef PLANT_SYNC_NORMAL
    {"PRAGMA synchronous=NORMAL", "PRAGMA synchronous", "1"},
#else
    {"PRAGMA synchronous=FULL", "PRAGMA synchronous", "2"},
#endif
    {"", "PRAGMA wal_autocheckpoint=0", "0"},
    {"", "PRAGMA journal_size_limit=-1", "-1"},
    {"PRAGMA foreign_keys=ON", "PRAGMA foreign_keys", "1"},
    {"PRAGMA cell_size_check=ON", "PRAGMA cell_size_check", "1"},
    {"PRAGMA trusted_schema=OFF", "PRAGMA trusted_schema", "0"},
    {"PRAGMA temp_store=MEMORY", "PRAGMA temp_store", "2"},
    {"PRAGMA cache_size=-1024", "PRAGMA cache_size", "-1024"},
};
static_assert(STORE_PAGE_SIZE == 1024, "the page size stands in SETTINGS");

static err_t blame_result(const char *path, err_t e, struct store_fault *fault)
{
    if (e == ERR_CORRUPT) {
        store_blame(fault, path, "the file is damaged or is not a database",
                    "It is set aside with its -wal; keep both for salvage.");
        return ERR_CORRUPT;
    }
    if (e == ERR_NOSPACE) {
        store_blame(fault, path, "the disk is full", "Free space on the store's partition.");
        return ERR_NOSPACE;
    }
    if (e == ERR_BUSY) {
        store_blame(fault, path, "another process holds the store",
                    "Stop the other packd, or ask the running one by packctl.");
        return ERR_IO;
    }
    store_blame(fault, path, err_text(e), "Check the disk and its permissions.");
    return e == ERR_NOMEM ? ERR_NOMEM : ERR_IO;
}

static err_t apply_settings(struct store *st, const char *path, struct store_fault *fault)
{
    for (size_t i = 0; i < sizeof SETTINGS / sizeof SETTINGS[0]; i++) {
        char answer[32];
        const struct setting *s = &SETTINGS[i];
        err_t e = s->set[0] != '\0' ? store_exec(st, s->set) : ERR_OK;
        if (e == ERR_OK) e = store_query_text(st, s->query, answer, sizeof answer);
        if (e && e != ERR_NOTFOUND) return blame_result(path, e, fault);
        if (strcmp(answer, s->expected) != 0) {
            char reason[160];
            struct buf b = buf_over(reason, sizeof reason);
            buf_printf(&b, "'%s' answers '%s', not '%s'", s->query, answer, s->expected);
            store_blame(fault, path, buf_cstr(&b),
                        "Put the store on a local file system that packd may write.");
            return ERR_UNSUPPORTED;
        }
    }
    return ERR_OK;
}

static int on_commit(void *ctx, sqlite3 *db, const char *name, int pages)
{
    (void)db;
    (void)name;
    struct store *st = ctx;
    st->wal_pages = pages > 0 ? (uint32_t)pages : 0;
    return SQLITE_OK;
}

static err_t set_page_limits(struct store *st, uint32_t wanted)
{
    uint32_t soft = wanted > 0 ? wanted : STORE_PAGES_MAX;
    uint32_t reserve = soft / 8 > STORE_PAGES_RESERVE ? soft / 8 : STORE_PAGES_RESERVE;
    char sql[64];
    struct buf b = buf_over(sql, sizeof sql);
    st->pages_max = soft;
    st->pages_hard_max = soft + reserve;
    buf_printf(&b, "PRAGMA max_page_count=%lu", (unsigned long)st->pages_hard_max);
    int64_t now = 0;
    err_t e = store_query_int(st, buf_cstr(&b), &now);
    if (e) return e;
    st->pages_hard_max = (uint32_t)now; /* a larger file keeps its size as the limit */
    return ERR_OK;
}

static err_t open_file(struct store *st, const struct store_options *o, struct store_fault *fault)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int rc = sqlite3_open_v2(o->path, &st->db, flags, o->vfs);
    if (rc != SQLITE_OK) return blame_result(o->path, store_translate(st, rc, "open"), fault);
    (void)sqlite3_extended_result_codes(st->db, 1);
    (void)sqlite3_rollback_hook(st->db, NULL, st); /* no hook: see store_statement.c */
    int one = 1;
    /* A VFS may lack it: the log is then made anew at each opening. No FCNTL_CHUNK_SIZE: it rounds
     * the file up with holes, which look like room and are none. */
    (void)sqlite3_file_control(st->db, "main", SQLITE_FCNTL_PERSIST_WAL, &one);
    return ERR_OK;
}

err_t store_setup(struct store *st, const struct store_options *o, struct store_fault *fault)
{
    err_t e = open_file(st, o, fault);
    if (e) return e;
    if (sqlite3_db_readonly(st->db, "main") == 1) {
        store_blame(fault, o->path, "the file or its disk is read-only",
                    "Make the store's partition writable; a worn card turns read-only.");
        return ERR_IO;
    }
    e = apply_settings(st, o->path, fault);
    if (e) return e;
    (void)sqlite3_wal_hook(st->db, on_commit, st);
    e = set_page_limits(st, o->page_count_max);
    return e ? blame_result(o->path, e, fault) : ERR_OK;
}
