#include "firmware/clarus/inner.h"

static err_t sql_bind(struct clarus *c, const char *sql, const char *types, va_list *args,
                      sqlite3_stmt **out)
{
    err_t e = store_prepare(c->store, sql, out);
    if (e) return e;
    for (int i = 0; types[i]; i++) {
        if (types[i] == 'i')
            store_bind_int(*out, i + 1, va_arg(*args, int64_t));
        else
            store_bind_text(*out, i + 1, va_arg(*args, const char *));
    }
    return ERR_OK;
}

err_t sql_run(struct clarus *c, const char *sql, const char *types, ...)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_begin(c->store);
    if (!e) {
        va_list args;
        va_start(args, types);
        e = sql_bind(c, sql, types, &args, &q);
        va_end(args);
    }
    if (!e) e = store_run(c->store, q);
    clarus_note(c, "sql_run", e);
    return e;
}

int64_t sql_int(struct clarus *c, const char *sql, int64_t otherwise, const char *types, ...)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    va_list args;
    va_start(args, types);
    err_t e = sql_bind(c, sql, types, &args, &q);
    va_end(args);
    if (!e) e = store_step(c->store, q, &row);
    clarus_note(c, "sql_int", e);
    return !e && row ? store_int(q, 0) : otherwise;
}

bool sql_text(struct clarus *c, const char *sql, char *out, size_t cap, const char *types, ...)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    out[0] = '\0';
    va_list args;
    va_start(args, types);
    err_t e = sql_bind(c, sql, types, &args, &q);
    va_end(args);
    if (!e) e = store_step(c->store, q, &row);
    clarus_note(c, "sql_text", e);
    if (e || !row) return false;
    store_text(q, 0, out, cap);
    return true;
}

void clarus_note(struct clarus *c, const char *what, err_t e)
{
    if (e) log_event(c->log, LOG_ERROR, "clarus.store", "what=\"%s\" error=%s", what, err_name(e));
}

void clarus_story(struct clarus *c, int64_t consignment_id, const char *event, const char *detail)
{
    AUTO_RELAX struct store_relaxed relaxed =
        store_relax(c->store); /* goes with what it tells of */
    clarus_note(c, "story_add",
                story_add(c->store, effects_wall(c->fx), consignment_id, "clarus", event, "",
                          detail ? detail : ""));
}

void clarus_alarm(struct clarus *c, int64_t consignment_id, const struct alarm *alarm)
{
    struct exception_spec spec = {.rule = alarm->rule,
                                  .origin = alarm->origin,
                                  .owner = alarm->owner,
                                  .object = alarm->object,
                                  .text = alarm->text,
                                  .next_step = alarm->next_step,
                                  .consignment_id = consignment_id};
    clarus_note(c, "exception_raise", exception_raise(c->store, effects_wall(c->fx), &spec, NULL));
}
