/* disk_vfs.c - the simulated disk as SQLite sees it. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "hal/sim/disk_parts.h"

struct disk_handle {
    sqlite3_file base;
    struct disk *disk;
    struct disk_node *node;
    int persist_wal;
};

static struct disk_handle *handle_of(sqlite3_file *f)
{
    return (struct disk_handle *)f;
}

static int h_close(sqlite3_file *f)
{
    struct disk_handle *h = handle_of(f);
    h->node->opened--;
    disk_release(h->node);
    return SQLITE_OK;
}

static int h_read(sqlite3_file *f, void *out, int n, sqlite3_int64 at)
{
    struct disk_handle *h = handle_of(f);
    if (h->disk->dead || disk_ask(h->disk, DISK_READ) != DISK_FINE) return SQLITE_IOERR_READ;
    size_t len = h->node->visible.len, from = (size_t)at, wanted = (size_t)n;
    size_t have = from >= len ? 0 : len - from < wanted ? len - from : wanted;
    disk_read_bytes(&h->node->visible, out, have, from);
    if (have == wanted) return SQLITE_OK;
    memset((uint8_t *)out + have, 0, wanted - have);
    return SQLITE_IOERR_SHORT_READ;
}

static bool has_room(const struct disk_handle *h, int64_t end)
{
    int64_t growth = end - (int64_t)h->node->visible.len;
    return growth <= 0 || (uint64_t)growth <= disk_room_left(h->disk);
}

static int h_write(sqlite3_file *f, const void *data, int n, sqlite3_int64 at)
{
    struct disk_handle *h = handle_of(f);
    if (h->disk->dead) return SQLITE_IOERR_WRITE;
    bool grows = at + n > (int64_t)h->node->visible.len;
    enum disk_fault fault = disk_ask(h->disk, DISK_WRITE);
    if (fault == DISK_ERROR) return SQLITE_IOERR_WRITE;
    if ((fault == DISK_FULL && grows) || !has_room(h, at + n)) return SQLITE_FULL;
    disk_write(h->disk, h->node, slice_of(data, (size_t)n), at);
    if (fault != DISK_CUT) return SQLITE_OK;
    disk_cut(h->disk);
    return SQLITE_IOERR_WRITE;
}

static int h_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    struct disk_handle *h = handle_of(f);
    if (h->disk->dead) return SQLITE_IOERR_TRUNCATE;
    enum disk_fault fault = disk_ask(h->disk, DISK_TRUNCATE);
    if (fault == DISK_ERROR) return SQLITE_IOERR_TRUNCATE;
    disk_truncate(h->disk, h->node, size);
    if (fault != DISK_CUT) return SQLITE_OK;
    disk_cut(h->disk);
    return SQLITE_IOERR_TRUNCATE;
}

static int h_sync(sqlite3_file *f, int flags)
{
    struct disk_handle *h = handle_of(f);
    (void)flags;
    if (h->disk->dead) return SQLITE_IOERR_FSYNC;
    switch (disk_ask(h->disk, DISK_SYNC)) {
    case DISK_CUT:
        disk_cut(h->disk);
        return SQLITE_IOERR_FSYNC;
    case DISK_ERROR:
        return SQLITE_IOERR_FSYNC;
    case DISK_FORGET:
        disk_forget(h->node);
        return SQLITE_IOERR_FSYNC;
    case DISK_FINE:
    case DISK_FULL:
        break;
    }
    disk_sync(h->disk, h->node);
    return SQLITE_OK;
}

static int h_size(sqlite3_file *f, sqlite3_int64 *out)
{
    struct disk_handle *h = handle_of(f);
    if (h->disk->dead) return SQLITE_IOERR_FSTAT;
    *out = (sqlite3_int64)h->node->visible.len;
    return SQLITE_OK;
}

/* One connection in one process: there is nobody to lock out. */
static int h_lock(sqlite3_file *f, int level)
{
    (void)level;
    return handle_of(f)->disk->dead ? SQLITE_IOERR_LOCK : SQLITE_OK;
}

static int h_unlock(sqlite3_file *f, int level)
{
    (void)f;
    (void)level;
    return SQLITE_OK;
}

static int h_reserved(sqlite3_file *f, int *out)
{
    (void)f;
    *out = 0;
    return SQLITE_OK;
}

static int h_control(sqlite3_file *f, int op, void *arg)
{
    struct disk_handle *h = handle_of(f);
    if (op != SQLITE_FCNTL_PERSIST_WAL) return SQLITE_NOTFOUND;
    int *value = arg;
    if (*value < 0)
        *value = h->persist_wal;
    else
        h->persist_wal = *value != 0;
    return SQLITE_OK;
}

static int h_sector(sqlite3_file *f)
{
    (void)f;
    return 4096;
}

static int h_traits(sqlite3_file *f)
{
    (void)f;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods methods = {
    .iVersion = 1, /* no shared memory: write-ahead logging works with exclusive locking alone */
    .xClose = h_close,
    .xRead = h_read,
    .xWrite = h_write,
    .xTruncate = h_truncate,
    .xSync = h_sync,
    .xFileSize = h_size,
    .xLock = h_lock,
    .xUnlock = h_unlock,
    .xCheckReservedLock = h_reserved,
    .xFileControl = h_control,
    .xSectorSize = h_sector,
    .xDeviceCharacteristics = h_traits,
};

static struct disk *disk_of(sqlite3_vfs *v)
{
    return v->pAppData;
}

static int create(struct disk *d, const char *name, int flags, struct disk_node **out)
{
    if (!(flags & SQLITE_OPEN_CREATE)) return SQLITE_CANTOPEN;
    enum disk_fault fault = disk_ask(d, DISK_CREATE);
    if (fault == DISK_ERROR) return SQLITE_CANTOPEN;
    if (fault == DISK_FULL) return SQLITE_FULL;
    *out = disk_create(d, name);
    if (!*out) return SQLITE_CANTOPEN;
    (*out)->syncs_folder = flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL);
    if (fault != DISK_CUT) return SQLITE_OK;
    disk_cut(d);
    return SQLITE_CANTOPEN;
}

static int v_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out_flags)
{
    struct disk *d = disk_of(v);
    struct disk_handle *h = handle_of(f);
    h->base.pMethods = NULL;
    if (d->dead) return SQLITE_CANTOPEN;
    struct disk_node *node = name ? disk_find(d, name) : NULL;
    int rc = node ? SQLITE_OK : create(d, name ? name : "", flags, &node);
    if (rc != SQLITE_OK) return rc;
    node->opened++;
    *h = (struct disk_handle){.base = {.pMethods = &methods}, .disk = d, .node = node};
    if (out_flags) *out_flags = flags;
    return SQLITE_OK;
}

static int v_delete(sqlite3_vfs *v, const char *name, int sync_folder)
{
    struct disk *d = disk_of(v);
    if (d->dead) return SQLITE_IOERR_DELETE;
    struct disk_node *node = disk_find(d, name);
    if (!node) return SQLITE_IOERR_DELETE_NOENT;
    enum disk_fault fault = disk_ask(d, DISK_DELETE);
    if (fault == DISK_ERROR) return SQLITE_IOERR_DELETE;
    disk_unlink(d, node, sync_folder && fault == DISK_FINE);
    if (fault != DISK_CUT) return SQLITE_OK;
    disk_cut(d);
    return SQLITE_IOERR_DELETE;
}

/* As the unix VFS: an empty file does not count as being there. */
static int v_access(sqlite3_vfs *v, const char *name, int flags, int *out)
{
    struct disk *d = disk_of(v);
    if (d->dead) return SQLITE_IOERR_ACCESS;
    const struct disk_node *node = disk_find(d, name);
    *out = node && (flags != SQLITE_ACCESS_EXISTS || node->visible.len > 0);
    return SQLITE_OK;
}

static int v_path(sqlite3_vfs *v, const char *name, int cap, char *out)
{
    (void)v;
    return snprintf(out, (size_t)cap, "%s", name) < cap ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int v_random(sqlite3_vfs *v, int n, char *out)
{
    struct disk *d = disk_of(v);
    for (int i = 0; i < n; i++) {
        d->random = disk_mix(d->random);
        out[i] = (char)(d->random >> 56);
    }
    return n;
}

static int v_sleep(sqlite3_vfs *v, int microseconds)
{
    (void)v;
    return microseconds;
}

static int v_time64(sqlite3_vfs *v, sqlite3_int64 *out)
{
    *out = INT64_C(210866760000000) + disk_of(v)->wall_ms;
    return SQLITE_OK;
}

static int v_time(sqlite3_vfs *v, double *out)
{
    sqlite3_int64 ms = 0;
    int rc = v_time64(v, &ms);
    *out = (double)ms / 86400000.0;
    return rc;
}

static int v_last_error(sqlite3_vfs *v, int cap, char *out)
{
    (void)v;
    if (cap > 0) out[0] = 0;
    return 0;
}

err_t disk_register(struct disk *d)
{
    (void)snprintf(d->vfs_name, sizeof d->vfs_name, "sim-%p", (void *)d);
    d->vfs = (sqlite3_vfs){.iVersion = 2,
                           .szOsFile = (int)sizeof(struct disk_handle),
                           .mxPathname = DISK_NAME_CAP - 1,
                           .zName = d->vfs_name,
                           .pAppData = d,
                           .xOpen = v_open,
                           .xDelete = v_delete,
                           .xAccess = v_access,
                           .xFullPathname = v_path,
                           .xRandomness = v_random,
                           .xSleep = v_sleep,
                           .xCurrentTime = v_time,
                           .xGetLastError = v_last_error,
                           .xCurrentTimeInt64 = v_time64};
    return sqlite3_vfs_register(&d->vfs, 1) == SQLITE_OK ? ERR_OK : ERR_NOMEM;
}

void disk_unregister(struct disk *d)
{
    (void)sqlite3_vfs_unregister(&d->vfs);
}
