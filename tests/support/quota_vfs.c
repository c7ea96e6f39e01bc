#include "tests/support/quota_vfs.h"

#include <stddef.h>
#include <string.h>

#include <sqlite3.h>

struct quota_file {
    sqlite3_file base;
    sqlite3_file *real; /* lies behind this struct in the same block */
};

static struct quota_vfs quota;
static sqlite3_vfs vfs;
static sqlite3_vfs *real_vfs;

static sqlite3_file *real_of(sqlite3_file *f)
{
    return ((struct quota_file *)f)->real;
}

static int q_close(sqlite3_file *f)
{
    return real_of(f)->pMethods->xClose(real_of(f));
}

static int q_read(sqlite3_file *f, void *out, int n, sqlite3_int64 at)
{
    return real_of(f)->pMethods->xRead(real_of(f), out, n, at);
}

static int q_write(sqlite3_file *f, const void *data, int n, sqlite3_int64 at)
{
    sqlite3_int64 size = 0;
    if (quota.fail_write) return SQLITE_IOERR_WRITE;
    int rc = real_of(f)->pMethods->xFileSize(real_of(f), &size);
    if (rc != SQLITE_OK) return rc;
    int64_t growth = at + n > size ? at + n - size : 0;
    if (growth > 0 && growth > quota.room) return SQLITE_FULL;
    if (quota.room != INT64_MAX) quota.room -= growth;
    quota.bytes_written += (uint64_t)n;
    return real_of(f)->pMethods->xWrite(real_of(f), data, n, at);
}

static int q_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    sqlite3_int64 before = 0;
    sqlite3_int64 after = 0;
    int rc = real_of(f)->pMethods->xFileSize(real_of(f), &before);
    if (rc == SQLITE_OK) rc = real_of(f)->pMethods->xTruncate(real_of(f), size);
    if (rc == SQLITE_OK) rc = real_of(f)->pMethods->xFileSize(real_of(f), &after);
    if (rc == SQLITE_OK && quota.room != INT64_MAX) quota.room += before - after;
    return rc;
}

static int q_sync(sqlite3_file *f, int flags)
{
    quota.syncs++;
    if (quota.fail_sync) return SQLITE_IOERR_FSYNC;
    return real_of(f)->pMethods->xSync(real_of(f), flags);
}

static int q_size(sqlite3_file *f, sqlite3_int64 *out)
{
    return real_of(f)->pMethods->xFileSize(real_of(f), out);
}

static int q_lock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xLock(real_of(f), level);
}

static int q_unlock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int q_reserved(sqlite3_file *f, int *out)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}

static int q_control(sqlite3_file *f, int op, void *arg)
{
    if (op == SQLITE_FCNTL_SIZE_HINT) return SQLITE_NOTFOUND; /* would grow uncounted */
    return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int q_sector(sqlite3_file *f)
{
    return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int q_traits(sqlite3_file *f)
{
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static const sqlite3_io_methods METHODS = {
    .iVersion = 1,
    .xClose = q_close,
    .xRead = q_read,
    .xWrite = q_write,
    .xTruncate = q_truncate,
    .xSync = q_sync,
    .xFileSize = q_size,
    .xLock = q_lock,
    .xUnlock = q_unlock,
    .xCheckReservedLock = q_reserved,
    .xFileControl = q_control,
    .xSectorSize = q_sector,
    .xDeviceCharacteristics = q_traits,
};

static int q_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out_flags)
{
    (void)v;
    struct quota_file *q = (struct quota_file *)f;
    q->real = (sqlite3_file *)(void *)(q + 1);
    q->base.pMethods = NULL;
    if (quota.read_only) {
        flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
    }
    int rc = real_vfs->xOpen(real_vfs, name, q->real, flags, out_flags);
    if (rc == SQLITE_OK) q->base.pMethods = &METHODS;
    return rc;
}

struct quota_vfs *quota_vfs_reset(void)
{
    if (real_vfs == NULL) {
        real_vfs = sqlite3_vfs_find(NULL);
        vfs = *real_vfs;
        vfs.zName = "quota";
        vfs.szOsFile = (int)sizeof(struct quota_file) + real_vfs->szOsFile;
        vfs.xOpen = q_open;
        (void)sqlite3_vfs_register(&vfs, 0);
    }
    quota = (struct quota_vfs){.room = INT64_MAX};
    return &quota;
}
