#include "firmware/outbox/exceptions.h"

#include "firmware/outbox/outbox_parts.h"

static void bind_id(sqlite3_stmt *q, int index, int64_t id)
{
    if (id != 0) store_bind_int(q, index, id);
}

err_t exception_raise(struct store *st, wall_t at, const struct exception_spec *spec,
                      int64_t *out_id)
{
    static const char SQL[] =
        "INSERT INTO exception (rule, origin, owner, object, text, next_step, consignment_id, "
        "message_id, dispatch_id, first_seen, last_seen) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10) "
        "ON CONFLICT (rule, object) WHERE open = 1 DO UPDATE SET times = times + 1, "
        "last_seen = excluded.last_seen, text = excluded.text, next_step = excluded.next_step, "
        "owner = excluded.owner, message_id = excluded.message_id, "
        "dispatch_id = excluded.dispatch_id RETURNING id";
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(st, SQL, &q);
    if (e) return e;
    store_bind_text(q, 1, spec->rule);
    store_bind_text(q, 2, spec->origin);
    store_bind_text(q, 3, spec->owner);
    store_bind_text(q, 4, spec->object);
    store_bind_text(q, 5, spec->text);
    store_bind_text(q, 6, spec->next_step);
    bind_id(q, 7, spec->consignment_id);
    bind_id(q, 8, spec->message_id);
    bind_id(q, 9, spec->dispatch_id);
    store_bind_int(q, 10, at.ms);
    e = store_step(st, q, &row);
    if (e) return e;
    if (!row) return ERR_CORRUPT;
    if (out_id != NULL) *out_id = store_int(q, 0);
    return ERR_OK;
}

/* The four statements that close bind alike: ?1 time, ?2 who, ?3 how, ?4 note, then what. */
static void bind_close(sqlite3_stmt *q, wall_t at, const char *who, const char *how,
                       const char *note)
{
    store_bind_int(q, 1, at.ms);
    store_bind_text(q, 2, who);
    store_bind_text(q, 3, how);
    store_bind_text(q, 4, note != NULL ? note : "");
}

#define CLOSE                                                                                      \
    "UPDATE exception SET open = 0, closed_at = ?1, closed_by = ?2, closed_how = ?3, note = ?4 "

err_t exception_close(struct store *st, wall_t at, int64_t id, const char *who, const char *how,
                      const char *note)
{
    static const char SQL[] = CLOSE "WHERE id = ?5 AND open = 1";
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(st, SQL, &q);
    if (e) return e;
    bind_close(q, at, who, how, note);
    store_bind_int(q, 5, id);
    e = store_run(st, q);
    if (e) return e;
    return store_changes(st) > 0 ? ERR_OK : ERR_NOTFOUND;
}

err_t exception_clear(struct store *st, wall_t at, const char *rule, const char *object)
{
    static const char SQL[] = CLOSE "WHERE rule = ?5 AND object = ?6 AND open = 1";
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(st, SQL, &q);
    if (e) return e;
    bind_close(q, at, "station", "cleared", "");
    store_bind_text(q, 5, rule);
    store_bind_text(q, 6, object);
    return store_run(st, q);
}

err_t exception_clear_verdicts(struct store *st, wall_t at, int64_t consignment_id,
                               const char *object)
{
    static const char SQL[] =
        CLOSE "WHERE consignment_id = ?5 AND object = ?6 AND open = 1 AND message_id IS NULL AND "
              "dispatch_id IS NULL AND substr(rule, 1, instr(rule, '.')) NOT IN ('label.', "
              "'clarus.', 'line.', 'bench.', 'tag.', 'pull.', 'delivery.')";
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(st, SQL, &q);
    if (e) return e;
    bind_close(q, at, "station", "cleared", "");
    store_bind_int(q, 5, consignment_id);
    store_bind_text(q, 6, object);
    return store_run(st, q);
}

err_t exception_close_message(struct store *st, wall_t at, int64_t message_id, const char *who,
                              const char *how, const char *note)
{
    static const char SQL[] = CLOSE "WHERE message_id = ?5 AND open = 1";
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(st, SQL, &q);
    if (e) return e;
    bind_close(q, at, who, how, note);
    store_bind_int(q, 5, message_id);
    return store_run(st, q);
}

err_t exception_close_dispatch(struct store *st, const struct exception_closing *c,
                               int64_t consignment_id, int64_t dispatch_id)
{
    static const char SQL[] = CLOSE "WHERE consignment_id = ?5 AND dispatch_id = ?6 AND open = 1";
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(st, SQL, &q);
    if (e) return e;
    bind_close(q, c->at, c->who, c->how, c->note);
    store_bind_int(q, 5, consignment_id);
    store_bind_int(q, 6, dispatch_id);
    return store_run(st, q);
}

#define COLUMNS                                                                                    \
    "id, rule, origin, owner, object, text, next_step, consignment_id, message_id, dispatch_id, "  \
    "first_seen, last_seen, times, open, closed_by, closed_how"

static void read_row(sqlite3_stmt *q, struct exception_row *out)
{
    *out = (struct exception_row){.id = store_int(q, 0)};
    store_text(q, 1, out->rule, sizeof out->rule);
    store_text(q, 2, out->origin, sizeof out->origin);
    store_text(q, 3, out->owner, sizeof out->owner);
    store_text(q, 4, out->object, sizeof out->object);
    store_text(q, 5, out->text, sizeof out->text);
    store_text(q, 6, out->next_step, sizeof out->next_step);
    out->consignment_id = store_int(q, 7);
    out->message_id = store_int(q, 8);
    out->dispatch_id = store_int(q, 9);
    out->first_seen = store_int(q, 10);
    out->last_seen = store_int(q, 11);
    out->times = (unsigned)store_int(q, 12);
    out->open = store_int(q, 13) != 0;
    store_text(q, 14, out->closed_by, sizeof out->closed_by);
    store_text(q, 15, out->closed_how, sizeof out->closed_how);
}

size_t exception_rows(struct store *st, struct exception_row *out, size_t cap)
{
    static const char SQL[] = "SELECT " COLUMNS " FROM exception INDEXED BY exception_open "
                              "WHERE open = 1 ORDER BY first_seen, id LIMIT ?1";
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    size_t n = 0;
    if (store_prepare(st, SQL, &q)) return 0;
    store_bind_int(q, 1, (int64_t)cap);
    while (n < cap && store_step(st, q, &row) == ERR_OK && row) {
        read_row(q, &out[n++]);
    }
    return n;
}

err_t exception_get(struct store *st, int64_t id, struct exception_row *out)
{
    static const char SQL[] = "SELECT " COLUMNS " FROM exception WHERE id = ?1";
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(st, SQL, &q);
    if (e) return e;
    store_bind_int(q, 1, id);
    e = store_step(st, q, &row);
    if (e) return e;
    if (!row) return ERR_NOTFOUND;
    read_row(q, out);
    return ERR_OK;
}
