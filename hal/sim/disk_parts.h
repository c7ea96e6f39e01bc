/* disk_parts.h - the files of a simulated disk, and what its two halves share. */
#ifndef PACKD_HAL_SIM_DISK_PARTS_H
#define PACKD_HAL_SIM_DISK_PARTS_H

#include <sqlite3.h>

#include "hal/sim/disk.h"

#define DISK_FILES_MAX 16
#define DISK_NAME_CAP  256

/* Bytes from `stored` to `len` are zero and kept nowhere: logs are preallocated with zeros. */
struct disk_bytes {
    uint8_t *ptr; /* owned */
    size_t stored;
    size_t len;
    size_t cap;
};

/* A write or truncation that no sync has made durable. */
struct disk_pending {
    bool truncate;
    bool zeros;    /* the write holds nothing but zeros; none are stored */
    int64_t at;    /* offset, or the new size */
    size_t len;    /* of the write */
    size_t stored; /* where its bytes begin in `written` */
    uint64_t n;    /* number of the operation */
};

struct disk_node {
    char name[DISK_NAME_CAP]; /* "": free, or a file without a name */
    bool used;
    bool here;         /* has an entry in the directory */
    bool here_durable; /* would have one after a cut */
    bool syncs_folder; /* its first sync makes the directory durable: a new journal or log */
    unsigned opened;
    struct disk_bytes visible;
    struct disk_bytes durable;
    struct disk_bytes written;    /* bytes of pending writes, one after the other */
    struct disk_pending *pending; /* owned */
    size_t pending_count;
    size_t pending_cap;
};

struct disk {
    sqlite3_vfs vfs;
    char vfs_name[32];
    struct disk_node nodes[DISK_FILES_MAX];
    disk_fault_fn *fault;
    void *fault_ctx;
    uint64_t seed;
    uint64_t random;
    uint64_t operations;
    uint64_t room;
    int64_t wall_ms;
    bool dead;
    bool killed; /* dead, with what was pending still in memory */
    struct disk_figures figures;
};

/* disk.c */
uint64_t disk_mix(uint64_t x);
void disk_read_bytes(const struct disk_bytes *b, uint8_t *out, size_t len, size_t at);
struct disk_node *disk_find(struct disk *d, const char *name);
struct disk_node *disk_create(struct disk *d, const char *name);
/* Counts an operation and asks what becomes of it. */
enum disk_fault disk_ask(struct disk *d, enum disk_op op);
void disk_write(struct disk *d, struct disk_node *f, struct slice data, int64_t at);
void disk_truncate(struct disk *d, struct disk_node *f, int64_t size);
void disk_sync(struct disk *d, struct disk_node *f);
void disk_forget(struct disk_node *f);
void disk_unlink(struct disk *d, struct disk_node *f, bool sync_folder);
void disk_release(struct disk_node *f); /* frees a file that nothing refers to */
uint64_t disk_used(const struct disk *d);

/* disk_vfs.c */
err_t disk_register(struct disk *d);
void disk_unregister(struct disk *d);

#endif
