/* The schema and its versions. `PRAGMA user_version` is the schema in the file. Migrations only
 * add, and meta "usable_from" names the oldest schema number whose program may run on the file: the
 * release before still works after a roll-back. */
#include <string.h>

#include "firmware/base/text.h"
#include "firmware/store/store_parts.h"

#define APPLICATION_ID 0x7061636B /* "pack" */

extern const unsigned char asset_schema_1_sql[];
extern const unsigned char asset_schema_2_sql[];

struct migration {
    int64_t to;
    const unsigned char *sql; /* terminated */
};

static const struct migration MIGRATIONS[] = {
    {1, asset_schema_1_sql},
    {2, asset_schema_2_sql},
};
#define SCHEMA_VERSION (MIGRATIONS[sizeof MIGRATIONS / sizeof MIGRATIONS[0] - 1].to)

static err_t migrate_one(struct store *st, const struct migration *m)
{
    char sql[96];
    struct buf b = buf_over(sql, sizeof sql);
    buf_printf(&b, "PRAGMA user_version=%lld; PRAGMA application_id=%d", (long long)m->to,
               APPLICATION_ID);
    err_t e = store_begin(st);
    if (e) return e;
    e = store_exec(st, (const char *)m->sql);
    if (e == ERR_OK) e = store_exec(st, buf_cstr(&b));
    if (e == ERR_OK) e = store_meta_set(st, "usable_from", "1");
    if (e == ERR_OK) e = store_commit(st);
    if (e) store_rollback(st);
    return e;
}

static err_t check_newer(struct store *st, const char *path, struct store_fault *fault)
{
    int64_t from = INT64_MAX;
    err_t e = store_query_int(
        st, "SELECT CAST(value AS INTEGER) FROM meta WHERE name='usable_from'", &from);
    if (e == ERR_OK && from <= SCHEMA_VERSION) return ERR_OK;
    store_blame(fault, path, "the store was written by a newer release that this one cannot follow",
                "Install that release again.");
    return ERR_UNSUPPORTED;
}

static err_t check_owner(struct store *st, const char *path, struct store_fault *fault)
{
    int64_t tables = 0;
    int64_t id = 0;
    err_t e = store_query_int(st, "SELECT COUNT(*) FROM sqlite_schema", &tables);
    if (e == ERR_OK) e = store_query_int(st, "PRAGMA application_id", &id);
    if (e) return e;
    if (tables == 0 || id == APPLICATION_ID) return ERR_OK;
    store_blame(fault, path, "the file is a database of another program",
                "Name another path for the store in the configuration.");
    return ERR_UNSUPPORTED;
}

static err_t make_epoch(struct store *st, const struct store_options *o)
{
    static const char ALPHABET[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    uint8_t random[STORE_EPOCH_LEN * 2];
    o->random(o->random_ctx, random, sizeof random);
#ifdef PLANT_KEY_REPEATS
    memset(random, 0, sizeof random);
#endif
    for (size_t i = 0; i < STORE_EPOCH_LEN; i++) {
        unsigned pair = (unsigned)(random[2 * i] << 8 | random[2 * i + 1]);
        st->epoch[i] = ALPHABET[pair % 36];
    }
    st->epoch[STORE_EPOCH_LEN] = '\0';
    err_t e = store_meta_set(st, "epoch", st->epoch);
    if (e == ERR_OK) e = store_meta_set(st, "key_counter", "0");
    if (e == ERR_OK) e = store_commit(st);
    return e;
}

static err_t load_epoch(struct store *st, const struct store_options *o)
{
    err_t e = store_meta_get(st, "epoch", st->epoch, sizeof st->epoch);
    if (e == ERR_NOTFOUND) return make_epoch(st, o);
    if (e) return e;
    return strlen(st->epoch) == STORE_EPOCH_LEN ? ERR_OK : ERR_CORRUPT;
}

/* The check words a page it could not read like damage. What cannot be read now may be healthy. */
static bool is_unread(struct slice answer)
{
    static const char CODE[] = "error code=";
    int64_t code = SQLITE_CORRUPT;
    size_t at = slice_find(answer, SLICE(CODE));
    if (at == answer.len) return slice_find(answer, SLICE("failed to get page")) < answer.len;
    struct slice number = slice_sub(answer, at + sizeof CODE - 1, answer.len);
    err_t e = text_int(number, 0, INT32_MAX, &code);
    return e == ERR_OK && (code & 0xff) != SQLITE_CORRUPT;
}

/* A small file is checked whole; a large one in idle slices. */
static err_t check_whole(struct store *st, const char *path, struct store_fault *fault)
{
    int64_t pages = 0;
    char answer[160];
    err_t e = store_query_int(st, "PRAGMA page_count", &pages);
    if (e || pages > STORE_CHECK_PAGES) return e;
    e = store_query_text(st, "PRAGMA quick_check(1)", answer, sizeof answer);
    if (e) return e;
    if (strcmp(answer, "ok") == 0) return ERR_OK;
    if (is_unread(slice_text(answer))) return ERR_IO;
    st->corrupt = true;
    store_blame(fault, path, answer, "It is set aside with its -wal; keep both for salvage.");
    return ERR_CORRUPT;
}

static err_t migrate_all(struct store *st, const struct store_options *o, struct store_fault *fault)
{
    int64_t version = 0;
    err_t e = check_owner(st, o->path, fault);
    if (e == ERR_OK) e = store_query_int(st, "PRAGMA user_version", &version);
    if (e) return e;
    if (version > SCHEMA_VERSION) return check_newer(st, o->path, fault);
    for (size_t i = 0; i < sizeof MIGRATIONS / sizeof MIGRATIONS[0]; i++) {
        if (MIGRATIONS[i].to <= version) continue;
        e = migrate_one(st, &MIGRATIONS[i]);
        if (e) return e;
        log_event(st->log, LOG_INFO, "store.migrate", "to=%lld", (long long)MIGRATIONS[i].to);
    }
    return ERR_OK;
}

err_t store_migrate(struct store *st, const struct store_options *o, struct store_fault *fault)
{
    err_t e = check_whole(st, o->path, fault);
    if (e == ERR_OK) e = migrate_all(st, o, fault);
    if (e == ERR_OK) e = load_epoch(st, o);
    if (e == ERR_OK || (fault != NULL && fault->reason[0] != '\0')) return e;
    bool damaged = e == ERR_CORRUPT;
    store_blame(fault, o->path, damaged ? "the file is damaged" : err_text(e),
                damaged ? "It is set aside with its -wal; keep both for salvage."
                        : "Check the disk: free space, permissions, health.");
    return e;
}
