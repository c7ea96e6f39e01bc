/* disk.h - a disk in memory under SQLite, that loses power where it is told to.
 *
 * What it is faithful to (the unix VFS on a file system that keeps metadata and data apart):
 *   - a write is visible at once and durable after a sync of its file; until then a cut keeps it,
 *     drops it, or tears it (a prefix or a suffix lands), each pending write on its own;
 *   - bytes outside a write are never damaged (powersafe overwrite is claimed);
 *   - a file's entry in the directory is durable after the first sync of a new journal or log, or a
 *     delete that syncs the directory; a delete that was not synced may come back;
 *   - a sync may fail and forget: what was pending stays visible, is never written, and the next
 *     sync succeeds;
 *   - a full disk refuses growth and lets overwriting pass.
 * Nothing else goes wrong by itself. Damage to bytes at rest is a mode of its own (disk_rot).
 *
 * After a cut the disk is dead: every call fails until disk_revive, and nothing changes any more.
 * One disk at a time is SQLite's default VFS, so that SQLite's own random numbers come from it. */
#ifndef PACKD_HAL_SIM_DISK_H
#define PACKD_HAL_SIM_DISK_H

#include "firmware/base/slice.h"

struct disk;

struct disk_options {
    uint64_t seed; /* of random numbers for SQLite and of the damage of a cut */
    uint64_t room; /* bytes all files may take together; 0: no limit */
};

/* What is about to happen. One operation: a write, a truncation, a sync, a creation, a deletion. */
enum disk_op {
    DISK_WRITE,
    DISK_TRUNCATE,
    DISK_SYNC,
    DISK_CREATE,
    DISK_DELETE,
    DISK_READ, /* may fail; is not counted as an operation */
};

enum disk_fault {
    DISK_FINE,
    DISK_CUT,    /* power goes during this operation; a write or truncation may have landed */
    DISK_ERROR,  /* SQLITE_IOERR of its kind, nothing done */
    DISK_FORGET, /* syncs alone: fails, and what was pending is forgotten */
    DISK_FULL,   /* growing writes and creations alone */
};

/* Asked before every operation. `n` counts operations from 1; reads have the number of the last
 * operation. */
typedef enum disk_fault disk_fault_fn(void *ctx, enum disk_op op, uint64_t n);

MUST_CHECK err_t disk_new(const struct disk_options *options, struct disk **out);
void disk_free(struct disk *d); /* every connection to it must be closed; NULL is fine */
/* Name for sqlite3_open_v2 and hal_sim_options; valid as long as d. */
const char *disk_vfs(const struct disk *d);

void disk_on_operation(struct disk *d, disk_fault_fn *fn, void *ctx); /* NULL: all is fine */
uint64_t disk_operations(const struct disk *d);
void disk_set_room(struct disk *d, uint64_t bytes); /* 0: no limit */
uint64_t disk_room_left(const struct disk *d);
void disk_set_wall(struct disk *d, int64_t wall_ms);

/* Power goes now. What was pending lands or not, by the seed and the operation's number. */
void disk_cut(struct disk *d);
/* The process dies and the machine stays: calls fail until disk_revive, nothing pending is lost. */
void disk_kill(struct disk *d);
bool disk_is_dead(const struct disk *d);
/* Power is back: what survived is what there is. Connections of before must be closed first. Starts
 * SQLite's random numbers anew, as a new process has them. */
void disk_revive(struct disk *d);

/* What a damaged medium does: flips `bits` bits of the file's durable bytes. */
void disk_rot(struct disk *d, const char *name, unsigned bits, uint64_t seed);
/* ERR_NOTFOUND. */
MUST_CHECK err_t disk_rename(struct disk *d, const char *from, const char *to);
/* The name that sorts last of those with `part` in them, logs aside; "" when there is none. */
void disk_newest(const struct disk *d, const char *part, char *out, size_t cap);
/* Bytes as they are seen now, without zeros at the end; SLICE_NONE when there is no such file.
 * Borrowed until the next call. */
struct slice disk_file(const struct disk *d, const char *name);

struct disk_figures {
    uint64_t writes;
    uint64_t bytes;
    uint64_t syncs;
    uint64_t cuts;
    uint64_t kept, dropped, torn; /* pending operations at cuts */
};
void disk_figures(const struct disk *d, struct disk_figures *out);

#endif
