/* quota_vfs.h - SQLite's own VFS with a disk that can be full, broken or counted.
 * Name "quota". One per process; registered once. */
#ifndef PACKD_TESTS_QUOTA_VFS_H
#define PACKD_TESTS_QUOTA_VFS_H

#include <stdbool.h>
#include <stdint.h>

struct quota_vfs {
    int64_t room;    /* bytes files may still grow; INT64_MAX: no limit */
    bool read_only;  /* files open for reading only, as on a card that wore out */
    bool fail_sync;  /* every sync fails */
    bool fail_write; /* every write fails */
    uint64_t syncs;
    uint64_t bytes_written;
};

/* Registers it on first use; the state is reset to no limits and zero counts. */
struct quota_vfs *quota_vfs_reset(void);

#endif
