#include "firmware/mapping/seen.h"

#include <string.h>

static const char *const names[SEEN_KINDS] = {[SEEN_METHOD] = "method",
                                              [SEEN_STATE] = "state",
                                              [SEEN_UNIT] = "unit",
                                              [SEEN_FIELD] = "field",
                                              [SEEN_SKU] = "sku"};

const char *seen_kind_name(enum seen_kind kind)
{
    return names[kind];
}

err_t seen_note(struct store *st, wall_t at, const struct seen_word *w)
{
    AUTO_RELAX struct store_relaxed relaxed = store_relax(st);
    if (w->word[0] == '\0' || strlen(w->word) >= SEEN_WORD_CAP) return ERR_OK;
    err_t e = store_begin(st);
    if (e) return e;
    AUTO_STMT sqlite3_stmt *q = NULL;
    e = store_prepare(
        st,
        "INSERT INTO seen_word (kind, channel, word, code, first_seen, last_seen, last_order) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6) ON CONFLICT (kind, channel, word) DO UPDATE SET "
        "code = ?4, last_seen = ?5, times = times + (last_order <> ?6), last_order = ?6 "
        "WHERE last_order <> ?6 OR code <> ?4",
        &q);
    if (e) return e;
    store_bind_text(q, 1, names[w->kind]);
    store_bind_text(q, 2, w->channel);
    store_bind_text(q, 3, w->word);
    store_bind_text(q, 4, w->code);
    store_bind_int(q, 5, at.ms);
    store_bind_int(q, 6, w->consignment_id);
    return store_run(st, q);
}

err_t seen_other_sku(struct store *st, const struct seen_word *w, int64_t since,
                     char out[SEEN_WORD_CAP])
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e =
        store_prepare(st,
                      "SELECT word FROM seen_word WHERE channel = ?1 AND code = ?2 AND "
                      "code <> '' AND kind = 'sku' AND word <> ?3 AND last_seen >= ?4 LIMIT 1",
                      &q);
    if (e) return e;
    store_bind_text(q, 1, w->channel);
    store_bind_text(q, 2, w->code);
    store_bind_text(q, 3, w->word);
    store_bind_int(q, 4, since);
    bool row = false;
    e = store_step(st, q, &row);
    if (e) return e;
    if (!row) return ERR_NOTFOUND;
    store_text(q, 0, out, SEEN_WORD_CAP);
    return ERR_OK;
}

size_t seen_rows(struct store *st, enum seen_kind kind, struct seen_row *out, size_t cap)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    size_t n = 0;
    if (store_prepare(st,
                      "SELECT channel, word, code, first_seen, last_seen, times FROM seen_word "
                      "WHERE kind = ?1 ORDER BY channel, word LIMIT ?2",
                      &q))
        return 0;
    store_bind_text(q, 1, names[kind]);
    store_bind_int(q, 2, (int64_t)cap);
    while (n < cap && store_step(st, q, &row) == ERR_OK && row) {
        struct seen_row *r = &out[n++];
        *r = (struct seen_row){
            .first_seen = store_int(q, 3), .last_seen = store_int(q, 4), .times = store_int(q, 5)};
        slice_copy_cut(slice_text(names[kind]), r->kind, sizeof r->kind);
        store_text(q, 0, r->channel, sizeof r->channel);
        store_text(q, 1, r->word, sizeof r->word);
        store_text(q, 2, r->code, sizeof r->code);
    }
    return n;
}

err_t seen_forget(struct store *st, enum seen_kind kind, const char *channel, const char *word)
{
    err_t e = store_begin(st);
    if (e) return e;
    AUTO_STMT sqlite3_stmt *q = NULL;
    e = store_prepare(st, "DELETE FROM seen_word WHERE kind = ?1 AND channel = ?2 AND word = ?3",
                      &q);
    if (e) return e;
    store_bind_text(q, 1, names[kind]);
    store_bind_text(q, 2, channel);
    store_bind_text(q, 3, word);
    return store_run(st, q);
}
