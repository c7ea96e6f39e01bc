/* The calls that are led through here by the linker (--wrap): __wrap_x is what the callers of x
 * reach, __real_x is x. */
#include <mbedtls/md.h>
#include <sqlite3.h>
#include <string.h>

#include "firmware/station.h"
#include "hal/sim/world.h"
#include "tests/torture/torture.h"

#define AWAY_MS 15000

/* The linker makes the names. NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
 * NOLINTBEGIN(readability-identifier-naming) */

/* Each wrapped function: its declarations, then the head of its wrapper. */
#define WRAP(type, name, parameters)                                                               \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters

/* ------------------------------------------------------------------- the firmware is entered -- */

WRAP(err_t, station_new,
     (struct hal * hal, const struct config *config, const char *version, struct station **out,
      struct station_fault *fault))
{
    bool before = torture_enter(true);
    err_t e = __real_station_new(hal, config, version, out, fault);
    torture_back(before);
    if (e) torture_start_failed();
    return e;
}

WRAP(err_t, station_round,
     (struct station * st, enum station_next *out_next, struct station_fault *fault))
{
    bool before = torture_enter(true);
    err_t e = __real_station_round(st, out_next, fault);
    torture_back(before);
    return e;
}

WRAP(void, station_free, (struct station * st))
{
    bool before = torture_enter(true);
    __real_station_free(st);
    torture_back(before);
}

/* ------------------------------------------------------------------------------------ the HAL --
 */

/* A call that cannot fail. */
#define LEAVES(name, parameters, arguments)                                                        \
    WRAP(void, name, parameters)                                                                   \
    {                                                                                              \
        bool before = torture_enter(false);                                                        \
        __real_##name arguments;                                                                   \
        torture_back(before);                                                                      \
    }

/* A call that fails with `error`. */
#define FAILS(name, site, error, parameters, arguments)                                            \
    WRAP(err_t, name, parameters)                                                                  \
    {                                                                                              \
        if (torture_strikes(site)) return error;                                                   \
        bool before = torture_enter(false);                                                        \
        err_t e = __real_##name arguments;                                                         \
        torture_back(before);                                                                      \
        return e;                                                                                  \
    }

FAILS(hal_wait, TORTURE_HAL, ERR_IO,
      (struct hal * h, mono_t deadline, struct hal_event *events, size_t cap, size_t *out_count),
      (h, deadline, events, cap, out_count))
FAILS(hal_http_submit, TORTURE_HTTP, ERR_NOSPACE,
      (struct hal * h, const struct hal_http_request *request, hal_http_t *out), (h, request, out))
FAILS(hal_port_open, TORTURE_HAL, ERR_NOSPACE,
      (struct hal * h, const struct hal_port_spec *spec, hal_port_t *out), (h, spec, out))
FAILS(hal_job_start, TORTURE_JOB, ERR_NOSPACE,
      (struct hal * h, const struct hal_job_spec *spec, hal_job_t *out), (h, spec, out))
FAILS(hal_console_open, TORTURE_HAL, ERR_BUSY,
      (struct hal * h, const struct hal_console_spec *spec), (h, spec))
FAILS(hal_console_stream, TORTURE_HAL, ERR_NOSPACE, (struct hal * h, hal_request_t id), (h, id))
FAILS(hal_console_send, TORTURE_HAL, ERR_NOSPACE,
      (struct hal * h, hal_request_t id, struct slice bytes), (h, id, bytes))
FAILS(hal_document_read, TORTURE_HAL, ERR_IO, (struct hal * h, const char *name, struct buf *out),
      (h, name, out))
FAILS(hal_secret_read, TORTURE_HAL, ERR_DENIED, (struct hal * h, const char *name, struct buf *out),
      (h, name, out))
FAILS(hal_store_free, TORTURE_HAL, ERR_IO, (struct hal * h, uint64_t *out_bytes), (h, out_bytes))
FAILS(hal_store_set_aside, TORTURE_HAL, ERR_IO, (struct hal * h, char *out_name, size_t cap),
      (h, out_name, cap))

/* The device goes with the write, and is plugged in again; or it takes nothing for a while. */
WRAP(err_t, hal_port_write,
     (struct hal * h, hal_port_t port, struct slice bytes, size_t *out_accepted))
{
    const struct sim_port *p = sim_port_by_id(h, port);
    bool gone = torture_strikes(TORTURE_PORT), stalls = torture_strikes(TORTURE_PORT_STALL);
    bool before = torture_enter(false);
    err_t e = ERR_OK;
    if (gone && p) {
        hal_sim_port_leaves(h, p->spec.role, 0);
        hal_sim_port_arrives(h, p->spec.role, "simulated device", AWAY_MS);
        e = ERR_GONE;
    } else if (stalls && p) {
        hal_sim_port_takes_again(h, p->spec.role, AWAY_MS);
        *out_accepted = 0;
    } else {
        e = __real_hal_port_write(h, port, bytes, out_accepted);
    }
    torture_back(before);
    return e;
}

LEAVES(hal_http_cancel, (struct hal * h, hal_http_t id), (h, id))
LEAVES(hal_port_close, (struct hal * h, hal_port_t port), (h, port))
LEAVES(hal_job_cancel, (struct hal * h, hal_job_t id), (h, id))
LEAVES(hal_signal, (struct hal * h, enum hal_light light, enum hal_tone tone), (h, light, tone))
LEAVES(hal_log, (struct hal * h, struct slice line), (h, line))
LEAVES(hal_ready, (struct hal * h), (h))
LEAVES(hal_watchdog_kick, (struct hal * h), (h))
// NOLINTNEXTLINE(readability-function-size): the contract has seven parameters
LEAVES(hal_console_reply,
       (struct hal * h, hal_request_t id, int status, const char *content_type,
        const struct hal_header *extra, size_t extra_count, struct slice body),
       (h, id, status, content_type, extra, extra_count, body))

/* --------------------------------------------------------------- what becomes of an exchange -- */

static struct {
    hal_sim_http_fn *http;
    void *ctx;
} world;

static void on_http(void *ctx, mono_t now, const struct hal_http_request *request,
                    struct hal_sim_reply *reply)
{
    bool before = torture_enter(true);
    bool lost = torture_strikes(TORTURE_HTTP_LOST);
    bool unanswered = torture_strikes(TORTURE_HTTP_EFFECT);
    torture_back(before);
    if (!lost) world.http(ctx, now, request, reply);
    if (!lost && !unanswered) return;
    reply->outcome = HAL_HTTP_UNKNOWN;
    buf_clear(&reply->headers);
    buf_clear(&reply->body);
    reply->delay_ms = request->timeout_ms;
}

WRAP(void, hal_sim_on_http, (struct hal * h, hal_sim_http_fn *fn, void *ctx))
{
    world.http = fn;
    __real_hal_sim_on_http(h, fn ? on_http : NULL, ctx);
}

static struct {
    hal_sim_job_fn *job;
} tools;

static void on_job(void *ctx, const struct hal_job_spec *spec, struct hal_sim_job_reply *reply)
{
    bool before = torture_enter(true);
    bool ends = torture_strikes(TORTURE_JOB_END);
    torture_back(before);
    tools.job(ctx, spec, reply);
    if (!ends) return;
    reply->ended = false;
    reply->over_limit = true;
    buf_clear(&reply->output);
}

WRAP(void, hal_sim_on_job, (struct hal * h, hal_sim_job_fn *fn, void *ctx))
{
    tools.job = fn;
    __real_hal_sim_on_job(h, fn ? on_job : NULL, ctx);
}

WRAP(struct zpl_printer_label, zpl_printer_label, (const struct zpl_printer *p, size_t index))
{
    struct zpl_printer_label l = __real_zpl_printer_label(p, index);
    l.zpl = torture_read_paper(l.zpl);
    return l;
}

/* --------------------------------------------------------------------------- SQLite, mbedTLS -- */

#define SQL_FAILS(name, parameters, arguments)                                                     \
    WRAP(int, name, parameters)                                                                    \
    {                                                                                              \
        return torture_strikes(TORTURE_SQL) ? SQLITE_IOERR : __real_##name arguments;              \
    }

SQL_FAILS(sqlite3_step, (sqlite3_stmt * q), (q))
SQL_FAILS(sqlite3_prepare_v2,
          (sqlite3 * db, const char *sql, int len, sqlite3_stmt **out, const char **tail),
          (db, sql, len, out, tail))
SQL_FAILS(sqlite3_prepare_v3,
          (sqlite3 * db, const char *sql, int len, unsigned flags, sqlite3_stmt **out,
           const char **tail),
          (db, sql, len, flags, out, tail))
SQL_FAILS(sqlite3_exec,
          (sqlite3 * db, const char *sql, int (*row)(void *, int, char **, char **), void *ctx,
           char **fault),
          (db, sql, row, ctx, fault))
SQL_FAILS(sqlite3_wal_checkpoint_v2,
          (sqlite3 * db, const char *name, int mode, int *out_log, int *out_done),
          (db, name, mode, out_log, out_done))

/* The library has no hook for its allocation of a context. */
WRAP(int, mbedtls_md_hmac,
     (const mbedtls_md_info_t *md, const unsigned char *key, size_t key_len,
      const unsigned char *data, size_t len, unsigned char *out))
{
    if (torture_strikes(TORTURE_MEMORY)) return MBEDTLS_ERR_MD_ALLOC_FAILED;
    return __real_mbedtls_md_hmac(md, key, key_len, data, len, out);
}

/* ---------------------------------------------------------------------------------- the disk -- */

/* One table of each at a time is enough: every simulated disk has the same. */
static struct {
    sqlite3_vfs vfs;
    const sqlite3_io_methods *file;
} disk;

/* What a call answers when it fails. */
#define DISK_CALL(error, call)                                                                     \
    do {                                                                                           \
        if (torture_strikes(TORTURE_DISK)) return error;                                           \
        bool before = torture_enter(false);                                                        \
        int rc = call;                                                                             \
        torture_back(before);                                                                      \
        return rc;                                                                                 \
    } while (0)

static int f_close(sqlite3_file *f)
{
    bool before = torture_enter(false);
    int rc = disk.file->xClose(f);
    torture_back(before);
    return rc;
}

static int f_read(sqlite3_file *f, void *out, int n, sqlite3_int64 at)
{
    DISK_CALL(SQLITE_IOERR_READ, disk.file->xRead(f, out, n, at));
}

static int f_write(sqlite3_file *f, const void *data, int n, sqlite3_int64 at)
{
    sqlite3_int64 size = 0;
    bool grows = disk.file->xFileSize(f, &size) == SQLITE_OK && at + n > size;
    if (grows && torture_strikes(TORTURE_DISK_FULL)) return SQLITE_FULL;
    DISK_CALL(SQLITE_IOERR_WRITE, disk.file->xWrite(f, data, n, at));
}

static int f_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    DISK_CALL(SQLITE_IOERR_TRUNCATE, disk.file->xTruncate(f, size));
}

static int f_sync(sqlite3_file *f, int flags)
{
    DISK_CALL(SQLITE_IOERR_FSYNC, disk.file->xSync(f, flags));
}

static int f_size(sqlite3_file *f, sqlite3_int64 *out)
{
    DISK_CALL(SQLITE_IOERR_FSTAT, disk.file->xFileSize(f, out));
}

static int f_lock(sqlite3_file *f, int level)
{
    DISK_CALL(SQLITE_IOERR_LOCK, disk.file->xLock(f, level));
}

static int f_unlock(sqlite3_file *f, int level)
{
    DISK_CALL(SQLITE_IOERR_UNLOCK, disk.file->xUnlock(f, level));
}

static int f_reserved(sqlite3_file *f, int *out)
{
    DISK_CALL(SQLITE_IOERR_CHECKRESERVEDLOCK, disk.file->xCheckReservedLock(f, out));
}

static int f_control(sqlite3_file *f, int op, void *arg)
{
    DISK_CALL(SQLITE_IOERR, disk.file->xFileControl(f, op, arg));
}

static int f_sector(sqlite3_file *f)
{
    return disk.file->xSectorSize(f);
}

static int f_traits(sqlite3_file *f)
{
    return disk.file->xDeviceCharacteristics(f);
}

static const sqlite3_io_methods file_methods = {
    .iVersion = 1,
    .xClose = f_close,
    .xRead = f_read,
    .xWrite = f_write,
    .xTruncate = f_truncate,
    .xSync = f_sync,
    .xFileSize = f_size,
    .xLock = f_lock,
    .xUnlock = f_unlock,
    .xCheckReservedLock = f_reserved,
    .xFileControl = f_control,
    .xSectorSize = f_sector,
    .xDeviceCharacteristics = f_traits,
};

static int v_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out_flags)
{
    f->pMethods = NULL;
    if (torture_strikes(TORTURE_DISK)) return SQLITE_CANTOPEN;
    bool before = torture_enter(false);
    int rc = disk.vfs.xOpen(v, name, f, flags, out_flags);
    torture_back(before);
    if (!f->pMethods) return rc;
    disk.file = f->pMethods;
    f->pMethods = &file_methods;
    return rc;
}

static int v_delete(sqlite3_vfs *v, const char *name, int sync_folder)
{
    DISK_CALL(SQLITE_IOERR_DELETE, disk.vfs.xDelete(v, name, sync_folder));
}

static int v_access(sqlite3_vfs *v, const char *name, int flags, int *out)
{
    DISK_CALL(SQLITE_IOERR_ACCESS, disk.vfs.xAccess(v, name, flags, out));
}

static int v_path(sqlite3_vfs *v, const char *name, int cap, char *out)
{
    DISK_CALL(SQLITE_CANTOPEN, disk.vfs.xFullPathname(v, name, cap, out));
}

WRAP(int, sqlite3_vfs_register, (sqlite3_vfs * v, int by_default))
{
    disk.vfs = *v;
    v->xOpen = v_open;
    v->xDelete = v_delete;
    v->xAccess = v_access;
    v->xFullPathname = v_path;
    return __real_sqlite3_vfs_register(v, by_default);
}

/* NOLINTEND(readability-identifier-naming)
 * NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
