/* store_parts.h - what the files of the store share. For firmware/store alone. */
#ifndef PACKD_STORE_PARTS_H
#define PACKD_STORE_PARTS_H

#include "firmware/store/store.h"

#define STORE_EPOCH_LEN 8
#define STATION_LEN_MAX 8

struct cached_statement {
    const char *sql; /* its address is the key; NULL: free */
    sqlite3_stmt *stmt;
};

/* How far the idle check has come. */
struct store_check {
    size_t table;
    int64_t after_row;
    bool done;
};

struct store {
    sqlite3 *db;
    const struct log *log;
    char station[STATION_LEN_MAX + 1];
    char epoch[STORE_EPOCH_LEN + 1];
    struct cached_statement statements[STORE_STATEMENTS_MAX * 2]; /* open addressing, half full */
    size_t statement_count;
    bool open;    /* between store_begin and its end */
    bool relaxed; /* writes now can be read again from elsewhere */
    bool urgent;  /* the open transaction holds a write that cannot */
    err_t doomed; /* not ERR_OK: this transaction lost a write and must not commit */
    bool failed;
    bool corrupt;
    bool disk_full;          /* the disk has no room, or none to keep in reserve */
    uint64_t disk_free;      /* as told; UINT64_MAX: never told */
    uint32_t pages_max;      /* intake limit */
    uint32_t pages_hard_max; /* SQLite's limit, above the intake limit by the reserve */
    uint32_t wal_pages;
    struct store_check check;
    struct store_figures figures;
};

/* Translates a SQLite result, logs what is foreign, and marks the store. */
err_t store_translate(struct store *st, int rc, const char *doing);
/* Runs SQL text that is used once. */
MUST_CHECK err_t store_exec(struct store *st, const char *sql);
/* First column of the first row of a one-off query. ERR_NOTFOUND without a row. */
MUST_CHECK err_t store_query_text(struct store *st, const char *sql, char *out, size_t cap);
MUST_CHECK err_t store_query_int(struct store *st, const char *sql, int64_t *out);

/* Opens the file and puts the settings in force. */
MUST_CHECK err_t store_setup(struct store *st, const struct store_options *o,
                             struct store_fault *fault);
/* Brings the schema up to date, or accepts a newer one that says it may be used. */
MUST_CHECK err_t store_migrate(struct store *st, const struct store_options *o,
                               struct store_fault *fault);
void store_blame(struct store_fault *fault, const char *object, const char *reason,
                 const char *next_step);
void store_finalize_all(struct store *st);
MUST_CHECK err_t store_checkpoint(struct store *st);
/* Reads a bounded number of rows. True while there is more. */
bool store_check_slice(struct store *st);

#endif
