#include "firmware/store/store.h"

#include <assert.h>
#include <string.h>

#include "firmware/base/mem.h"
#include "firmware/base/text.h"
#include "firmware/store/store_parts.h"

/* ------------------------------------------------------------------------------ open and close --
 */

static bool station_is_valid(const char *station)
{
    struct slice s = slice_text(station);
    if (s.len < 1 || s.len > STATION_LEN_MAX) return false;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!letter && !(c >= '0' && c <= '9')) return false;
    }
    return true;
}

#define ZEROS_LEN 16384

/* The open file behind one of SQLite's file controls; NULL when there is none. */
static sqlite3_file *file_of(struct store *st, int control)
{
    sqlite3_file *f = NULL;
    int rc = sqlite3_file_control(st->db, "main", control, &f);
    return rc == SQLITE_OK && f != NULL && f->pMethods != NULL ? f : NULL;
}

/* Appends zeros up to `wanted` bytes. *out_grown says whether anything was missing. */
static int extend(sqlite3_file *f, sqlite3_int64 wanted, bool *out_grown)
{
    static const uint8_t ZEROS[ZEROS_LEN];
    sqlite3_int64 size = 0;
    int rc = f->pMethods->xFileSize(f, &size);
    *out_grown = rc == SQLITE_OK && size < wanted;
    while (rc == SQLITE_OK && size < wanted) {
        int part = wanted - size < ZEROS_LEN ? (int)(wanted - size) : ZEROS_LEN;
        rc = f->pMethods->xWrite(f, ZEROS, part, size);
        size += part;
    }
    return rc;
}

/* Fills the write-ahead log with zeros up to its full size: frames that no salt matches. Delivery
 * marks then need no new block of a full disk. */
static void preallocate_wal(struct store *st)
{
    sqlite3_int64 wanted = 32 + (sqlite3_int64)STORE_WAL_PAGES * (STORE_PAGE_SIZE + 24);
    sqlite3_file *wal = file_of(st, SQLITE_FCNTL_JOURNAL_POINTER);
    bool grown = false;
    if (wal == NULL) return;
    int rc = extend(wal, wanted, &grown);
    if (rc == SQLITE_OK && grown) rc = wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL);
    if (rc == SQLITE_OK) return;
    st->disk_full = true;
    log_event(st->log, LOG_WARN, "store.preallocate", "sqlite=%d", rc);
}

static int64_t pragma_int(struct store *st, const char *sql)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    if (store_prepare(st, sql, &q) || store_step(st, q, &row) || !row) return 0;
    return store_int(q, 0);
}

static int64_t page_count(struct store *st)
{
    static const char SQL[] = "PRAGMA page_count";
    return pragma_int(st, SQL);
}

/* Keeps room in the file behind the last page, so that a checkpoint can bring delivery marks home
 * from the log though the disk is full. SQLite knows its size from the header and leaves what lies
 * behind it alone. Whether the room could be kept decides whether the disk counts as full. */
static void keep_slack(struct store *st)
{
    sqlite3_file *f = file_of(st, SQLITE_FCNTL_FILE_POINTER);
    int64_t pages = page_count(st);
    bool grown = false;
    if (f == NULL || pages <= 0) return;
    int rc = extend(f, (pages + STORE_SLACK_PAGES) * STORE_PAGE_SIZE, &grown);
    bool full = rc != SQLITE_OK;
    if (full && !st->disk_full) log_event(st->log, LOG_WARN, "store.slack", "sqlite=%d", rc);
    st->disk_full = full;
}

#define LOG_HEADER 32
#define LOG_FRAME  (24 + STORE_PAGE_SIZE)
#define LOG_PIECE  16 /* frames read and written at once */

/* How many frames at the beginning of a piece carry the salts of the log's header. */
static int frames_of_log(const uint8_t *piece, const uint8_t *header)
{
    int n = 0;
    while (n < LOG_PIECE && memcmp(piece + (size_t)n * LOG_FRAME + 8, header + 16, 8) == 0)
        n++;
    return n;
}

/* Writes the log's frames once more, byte for byte, and syncs. */
static int write_log_again(sqlite3_file *log)
{
    uint8_t header[LOG_HEADER], piece[LOG_PIECE * LOG_FRAME];
    const int len = (int)sizeof piece;
    sqlite3_int64 at = LOG_HEADER;
    int rc = log->pMethods->xRead(log, header, LOG_HEADER, 0);
    if (rc == SQLITE_IOERR_SHORT_READ || header[0] == 0) return SQLITE_OK; /* no log yet */
    if (rc == SQLITE_OK) rc = log->pMethods->xWrite(log, header, LOG_HEADER, 0);
    for (int n = LOG_PIECE; rc == SQLITE_OK && n == LOG_PIECE; at += len) {
        rc = log->pMethods->xRead(log, piece, len, at);
        if (rc == SQLITE_IOERR_SHORT_READ) rc = SQLITE_OK; /* the rest is zeros */
        n = frames_of_log(piece, header);
        if (rc == SQLITE_OK && n > 0) rc = log->pMethods->xWrite(log, piece, n * LOG_FRAME, at);
    }
    return rc == SQLITE_OK ? log->pMethods->xSync(log, SQLITE_SYNC_NORMAL) : rc;
}

/* After a sync that failed the log may be readable and still not be on the medium. What is appended
 * behind such a gap is lost with it when power goes, and pages brought home from it would be
 * damage. So it is written again and synced, then brought home and begun anew. A full disk leaves
 * it there. */
static err_t make_log_durable(struct store *st)
{
    sqlite3_file *log = file_of(st, SQLITE_FCNTL_JOURNAL_POINTER);
#ifdef PLANT_LOG_STAYS
    if (log) return ERR_OK;
#endif
    int rc = log ? write_log_again(log) : SQLITE_OK;
    return rc == SQLITE_OK ? store_checkpoint(st) : store_translate(st, rc, "log");
}

static err_t bring_log_home(struct store *st, const char *path, struct store_fault *fault)
{
    err_t e = make_log_durable(st);
    if (e == ERR_OK || e == ERR_NOSPACE) return ERR_OK;
    store_blame(fault, path,
                e == ERR_CORRUPT ? "the file is damaged" : "the log cannot be written home",
                e == ERR_CORRUPT ? "It is set aside with its -wal; keep both for salvage."
                                 : "Check the disk and its permissions.");
    return e;
}

static err_t open_stages(struct store *st, const struct store_options *o, struct store_fault *fault)
{
    err_t e = store_setup(st, o, fault);
    if (e == ERR_OK) e = bring_log_home(st, o->path, fault);
    if (e) return e;
    e = store_migrate(st, o, fault);
    if (e) return e;
    keep_slack(st);
    preallocate_wal(st);
    return ERR_OK;
}

err_t store_open(const struct store_options *options, struct store **out, struct store_fault *fault)
{
    if (fault != NULL) *fault = (struct store_fault){.object = ""};
    if (!station_is_valid(options->station) || options->random == NULL) {
        store_blame(fault, "station", "the station id must be 1 to 8 letters or digits",
                    "Correct `id` in station.json.");
        return ERR_INVALID;
    }
    struct store *st = mem_alloc(sizeof *st);
    if (st == NULL) return ERR_NOMEM;
    st->log = options->log;
    st->disk_free = UINT64_MAX;
    st->check.after_row = INT64_MIN;
    st->wal_pages = STORE_WAL_IDLE; /* what the last run left there is not known */
    err_t e = slice_copy(slice_text(options->station), st->station, sizeof st->station);
    if (e == ERR_OK) e = open_stages(st, options, fault);
    if (e) {
        store_close(st);
        return e;
    }
    *out = st;
    return ERR_OK;
}

void store_close(struct store *st)
{
    if (st == NULL) return;
    store_rollback(st);
    store_finalize_all(st);
    if (st->failed && st->db != NULL) {
        (void)sqlite3_db_config(st->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    }
    (void)sqlite3_close(st->db);
    mem_free(st);
}

bool store_failed(const struct store *st)
{
    return st->failed;
}

bool store_is_corrupt(const struct store *st)
{
    return st->corrupt;
}

/* -------------------------------------------------------------------------------- transactions --
 */

/* As sqlite3_exec, without preparing the statement anew for every transaction. */
static int run_bare(struct store *st, const char *sql)
{
    sqlite3_stmt *q = NULL;
    if (store_prepare(st, sql, &q)) return SQLITE_ERROR;
    int rc = sqlite3_step(q);
    (void)sqlite3_reset(q); /* repeats rc */
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

err_t store_begin(struct store *st)
{
    static const char SQL[] = "BEGIN IMMEDIATE";
    if (st->failed) return ERR_IO;
    if (st->open) return ERR_OK;
    int rc = run_bare(st, SQL);
    if (rc != SQLITE_OK) return store_translate(st, rc, "begin");
    st->open = true;
    st->doomed = ERR_OK;
    return ERR_OK;
}

struct store_relaxed store_relax(struct store *st)
{
    return store_relax_if(st, true);
}

struct store_relaxed store_relax_if(struct store *st, bool may)
{
    struct store_relaxed relaxed = {st, st->relaxed};
    st->relaxed = st->relaxed || may;
    return relaxed;
}

void store_relax_end(struct store_relaxed *relaxed)
{
    relaxed->st->relaxed = relaxed->before;
}

bool store_is_urgent(const struct store *st)
{
    return (st->open && st->urgent) || st->doomed != ERR_OK;
}

bool store_is_dirty(const struct store *st)
{
    return st->open;
}

void store_rollback(struct store *st)
{
    st->doomed = ERR_OK;
    if (!st->open) return;
    for (size_t i = 0; i < sizeof st->statements / sizeof st->statements[0]; i++) {
        if (st->statements[i].stmt != NULL) (void)sqlite3_reset(st->statements[i].stmt);
    }
    if (!sqlite3_get_autocommit(st->db)) {
        int rc = sqlite3_exec(st->db, "ROLLBACK", NULL, NULL, NULL);
        if (rc != SQLITE_OK) st->failed = true;
    }
    st->open = st->urgent = false;
}

err_t store_checkpoint(struct store *st)
{
    assert(!st->open);
    int log_pages = 0;
    int done_pages = 0;
    int rc = sqlite3_wal_checkpoint_v2(st->db, "main", SQLITE_CHECKPOINT_PASSIVE, &log_pages,
                                       &done_pages);
    if (rc != SQLITE_OK) return store_translate(st, rc, "checkpoint");
    st->figures.checkpoints++;
    st->wal_pages = done_pages >= log_pages ? 0 : (uint32_t)(log_pages - done_pages);
    keep_slack(st); /* a checkpoint cuts the file to its pages */
    return ERR_OK;
}

/* The transaction lost a write, or the disk is full: nothing of it stays. What the log holds goes
 * to the database, so that the next transaction has the preallocated log to itself. */
static err_t give_up(struct store *st, err_t why)
{
    store_rollback(st);
    if (why != ERR_NOSPACE || st->failed) return st->failed ? ERR_IO : why;
    err_t e = store_checkpoint(st);
    return e == ERR_IO || e == ERR_CORRUPT ? e : ERR_NOSPACE;
}

err_t store_commit(struct store *st)
{
    static const char SQL[] = "COMMIT";
    if (st->failed) {
        store_rollback(st);
        return ERR_IO;
    }
    if (st->doomed) return give_up(st, st->doomed);
    if (!st->open) return ERR_OK;
    int rc = run_bare(st, SQL);
    if (rc != SQLITE_OK) return give_up(st, store_translate(st, rc, "commit"));
    st->open = st->urgent = false;
    st->figures.commits++;
    if (st->wal_pages >= STORE_WAL_FORCE) err_ignore(store_checkpoint(st)); /* committed already */
    return ERR_OK;
}

/* --------------------------------------------------------------------------- space, idle work --
 */

static uint64_t pages_used(struct store *st)
{
    static const char FREE[] = "PRAGMA freelist_count";
    int64_t used = page_count(st) - pragma_int(st, FREE);
    return used > 0 ? (uint64_t)used : 0;
}

void store_disk_free(struct store *st, uint64_t bytes)
{
    st->disk_free = bytes;
}

bool store_intake_full(struct store *st)
{
    if (st->failed || st->disk_free < STORE_DISK_RESERVE) return true;
    keep_slack(st);
    return st->disk_full || pages_used(st) >= st->pages_max;
}

bool store_intake_warning(struct store *st)
{
    if (st->failed || st->disk_full || st->disk_free / 4 < STORE_DISK_RESERVE) return true;
    return pages_used(st) >= st->pages_max - st->pages_max / 10;
}

bool store_log_is_long(const struct store *st)
{
    return st->wal_pages >= STORE_WAL_IDLE;
}

bool store_idle(struct store *st)
{
    if (st->failed || st->open) return false;
    if (store_log_is_long(st)) {
        err_t e = store_checkpoint(st);
        return e == ERR_OK;
    }
    return store_check_slice(st);
}

void store_figures(struct store *st, struct store_figures *out)
{
    *out = st->figures;
    out->pages_used = pages_used(st);
    out->pages_max = st->pages_max;
}

/* --------------------------------------------------------------------------- keys, small values --
 */

err_t store_meta_get(struct store *st, const char *name, char *out, size_t cap)
{
    static const char SQL[] = "SELECT value FROM meta WHERE name = ?1";
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    out[0] = '\0';
    err_t e = store_prepare(st, SQL, &q);
    if (e) return e;
    store_bind_text(q, 1, name);
    e = store_step(st, q, &row);
    if (e) return e;
    if (!row) return ERR_NOTFOUND;
    store_text(q, 0, out, cap);
    return ERR_OK;
}

err_t store_meta_set(struct store *st, const char *name, const char *value)
{
    static const char SQL[] = "INSERT INTO meta (name, value) VALUES (?1, ?2) "
                              "ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(st, SQL, &q);
    if (e) return e;
    store_bind_text(q, 1, name);
    store_bind_text(q, 2, value);
    return store_run(st, q);
}

err_t store_key_next(struct store *st, char out[KEY_CAP])
{
    static const char SQL[] = "UPDATE meta SET value = CAST(value AS INTEGER) + 1 "
                              "WHERE name = 'key_counter' RETURNING CAST(value AS INTEGER)";
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(st, SQL, &q);
    if (e == ERR_OK) e = store_step(st, q, &row);
    if (e) return e;
    if (!row || store_int(q, 0) < 1) {
        st->failed = st->corrupt = true;
        return ERR_CORRUPT;
    }
    struct buf b = buf_over(out, KEY_CAP);
    buf_printf(&b, "%s-%s-%lld", st->station, st->epoch, (long long)store_int(q, 0));
    (void)buf_cstr(&b);
    return b.overflow ? ERR_NOSPACE : ERR_OK;
}

const char *store_epoch(const struct store *st)
{
    return st->epoch;
}
