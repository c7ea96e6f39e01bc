/* store.h - the one database of the station, on SQLite.
 *
 * Promises: WAL, exclusive, synchronous=FULL, all read back at opening (otherwise ERR_UNSUPPORTED);
 * a committed transaction survives power loss; nothing is created over a damaged file.
 * One caller: the loop. A transaction is open from store_begin to store_commit or store_rollback;
 * store_begin is idempotent, so every writer may call it. No statement stays open across hal_wait.
 *
 * After any ERR_IO or ERR_CORRUPT the store is `failed`: commit refuses, the owner closes it,
 * reopens and rebuilds memory from it. */
#ifndef PACKD_STORE_STORE_H
#define PACKD_STORE_STORE_H

#include <sqlite3.h>

#include "firmware/base/log.h"
#include "firmware/base/slice.h"
#include "firmware/limits.h"

struct store;

struct store_options {
    const char *path;
    const char *vfs;         /* NULL: the default one */
    const char *station;     /* station id, first part of every key; [A-Za-z0-9]{1,8} */
    uint32_t page_count_max; /* intake limit in pages; 0: STORE_PAGES_MAX */
    const struct log *log;   /* may be NULL */
    void (*random)(void *ctx, void *out, size_t len); /* for the epoch of a new store */
    void *random_ctx;
};

struct store_fault {
    char object[128]; /* file or setting */
    char reason[192];
    char next_step[160];
};

/* Opens or creates. *fault says what is wrong in words for a person.
 * ERR_CORRUPT: damaged; the caller sets it aside. ERR_UNSUPPORTED: settings not in force, or a
 * newer schema. ERR_IO: cannot open or read-only. ERR_NOSPACE: disk full before anything could be
 * made. */
MUST_CHECK err_t store_open(const struct store_options *options, struct store **out,
                            struct store_fault *fault);
void store_close(struct store *st); /* rolls back what is open; NULL is fine */
bool store_failed(const struct store *st);
/* Damage was found in the file: set it aside; reopening alone would find it again. */
bool store_is_corrupt(const struct store *st);

MUST_CHECK err_t store_begin(struct store *st);
bool store_is_dirty(const struct store *st); /* a transaction is open */
/* True when the open transaction must be committed before anything is shown or sent: something was
 * written outside store_relax, or a write was lost. */
bool store_is_urgent(const struct store *st);
/* Until the end of the scope what is written can be read again from where it came (a work list, an
 * order's state): by itself it does not make the transaction urgent. It is committed with the next
 * urgent one, or soon, by the loop; a power cut before that forgets it.
 *     AUTO_RELAX struct store_relaxed relaxed = store_relax(st); */
struct store_relaxed {
    struct store *st;
    bool before;
};
struct store_relaxed store_relax(struct store *st);
struct store_relaxed store_relax_if(struct store *st, bool may); /* false: as it was */
void store_relax_end(struct store_relaxed *relaxed);
#define AUTO_RELAX __attribute__((cleanup(store_relax_end), unused))
/* ERR_NOSPACE: full even after a checkpoint; nothing was committed, the transaction is rolled back
 * and memory must be rebuilt. ERR_IO: unknown whether committed; reopen. */
MUST_CHECK err_t store_commit(struct store *st);
void store_rollback(struct store *st);

/* True when new dispatches must be refused though delivery marks still work (warning before). */
bool store_intake_full(struct store *st);
bool store_intake_warning(struct store *st);
/* Tells what hal_store_free said last: intake stops below STORE_DISK_RESERVE. */
void store_disk_free(struct store *st, uint64_t bytes);

/* One slice of idle work: checkpoint, then a bounded part of the integrity check. Returns true
 * while there is more to do. Never call it with a transaction open. */
bool store_idle(struct store *st);

/* True when the log waits to be brought home in an idle moment. */
bool store_log_is_long(const struct store *st);

/* Statement for this SQL text, prepared once and kept (sql must be a string literal: its address is
 * the key). Reset and with bindings cleared. */
MUST_CHECK err_t store_prepare(struct store *st, const char *sql, sqlite3_stmt **out);
/* Resets when it goes out of scope; never finalises. */
void store_reset_local(sqlite3_stmt **stmt);
#define AUTO_STMT __attribute__((cleanup(store_reset_local)))
/* One step. *out_row tells a row from the end. */
MUST_CHECK err_t store_step(struct store *st, sqlite3_stmt *stmt, bool *out_row);
/* Runs a statement that gives no row, then resets it. ERR_EXISTS: a uniqueness rule. */
MUST_CHECK err_t store_run(struct store *st, sqlite3_stmt *stmt);
int64_t store_last_id(struct store *st);
int64_t store_changes(struct store *st);

/* Binding (1-based) and reading (0-based) that fit the base types. One that fails for want of
 * memory dooms the round: later steps and the commit answer ERR_NOMEM. */
void store_bind_int(sqlite3_stmt *stmt, int index, int64_t value);
void store_bind_null(sqlite3_stmt *stmt, int index);
void store_bind_text(sqlite3_stmt *stmt, int index, const char *text); /* copied; NULL binds NULL */
void store_bind_slice(sqlite3_stmt *stmt, int index, struct slice text); /* copied, as text */
void store_bind_blob(sqlite3_stmt *stmt, int index, struct slice bytes); /* copied */
int64_t store_int(sqlite3_stmt *stmt, int column);
/* Into out[cap]; NULL gives ""; longer is cut at a code point. */
void store_text(sqlite3_stmt *stmt, int column, char *out, size_t cap);
/* Borrowed until the next step or reset. */
struct slice store_blob(sqlite3_stmt *stmt, int column);

/* A key that never repeats: station, random epoch of this store file, counter ("PB7-k3x9q2f1-123").
 * Stored before it is given out (within the open transaction). */
MUST_CHECK err_t store_key_next(struct store *st, char out[KEY_CAP]);
/* Epoch text of this store file; valid as long as st. */
const char *store_epoch(const struct store *st);
/* Small named values. Absent: ERR_NOTFOUND. */
MUST_CHECK err_t store_meta_get(struct store *st, const char *name, char *out, size_t cap);
MUST_CHECK err_t store_meta_set(struct store *st, const char *name, const char *value);

struct store_figures {
    uint64_t commits;
    uint64_t checkpoints;
    uint64_t pages_used;
    uint64_t pages_max;
};
void store_figures(struct store *st, struct store_figures *out);

#endif
