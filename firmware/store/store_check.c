/* Reading every row of every large table in idle slices: damage shows before it is needed. */
#include "firmware/store/store_parts.h"

#define CHECK(table) "SELECT rowid, * FROM " table " WHERE rowid > ?1 ORDER BY rowid LIMIT ?2"

static const char *const TABLES[] = {
    CHECK("message"),        CHECK("dispatch"), CHECK("shipment"), CHECK("parcel"),
    CHECK("label"),          CHECK("line"),     CHECK("product"),  CHECK("scan"),
    CHECK("label_document"), CHECK("bench"),    CHECK("story"),    CHECK("exception"),
    CHECK("consignment"),
};

static err_t read_slice(struct store *st, size_t *out_rows)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = true;
    *out_rows = 0;
    err_t e = store_prepare(st, TABLES[st->check.table], &q);
    if (e) return e;
    store_bind_int(q, 1, st->check.after_row);
    store_bind_int(q, 2, STORE_CHECK_ROWS);
    while (row) {
        e = store_step(st, q, &row);
        if (e) return e;
        if (!row) break;
        st->check.after_row = store_int(q, 0);
        (*out_rows)++;
        for (int i = 1; i < sqlite3_column_count(q); i++) {
            (void)store_blob(q, i); /* brings overflow pages in */
        }
    }
    return ERR_OK;
}

bool store_check_slice(struct store *st)
{
    size_t rows = 0;
    if (st->check.done || read_slice(st, &rows)) return false;
    if (rows == STORE_CHECK_ROWS) return true;
    st->check.after_row = INT64_MIN;
    st->check.table++;
    st->check.done = st->check.table == sizeof TABLES / sizeof TABLES[0];
    if (st->check.done)
        log_event(st->log, LOG_INFO, "store.checked", "tables=%zu", st->check.table);
    return !st->check.done;
}
