#include "firmware/base/text.h"
#include "firmware/catalogue/catalogue.h"

#define DETAIL_MAX 512 /* one line of history; a longer sentence says no more to a person */

static struct slice cut(const char *text)
{
    struct slice s = slice_text(text);
    if (s.len <= DETAIL_MAX) return s;
    size_t end = 0;
    for (;;) {
        size_t step = text_utf8_step(slice_sub(s, end, s.len));
        if (step == 0 || end + step > DETAIL_MAX) return slice_sub(s, 0, end);
        end += step;
    }
}

/* NOLINTNEXTLINE(readability-function-size): one row, one argument for each column */
err_t story_add(struct store *st, wall_t at, int64_t consignment_id, const char *side,
                const char *event, const char *who, const char *detail)
{
    err_t e = store_begin(st);
    if (e) return e;
    AUTO_STMT sqlite3_stmt *q = NULL;
    e = store_prepare(st,
                      "INSERT INTO story (consignment_id, at, who, side, event, detail) "
                      "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                      &q);
    if (e) return e;
    store_bind_int(q, 1, consignment_id);
    store_bind_int(q, 2, at.ms);
    store_bind_text(q, 3, who == NULL ? "" : who);
    store_bind_text(q, 4, side == NULL ? "station" : side);
    store_bind_text(q, 5, event);
    store_bind_slice(q, 6, cut(detail));
    return store_run(st, q);
}
