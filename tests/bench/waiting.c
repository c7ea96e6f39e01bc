#include "tests/bench/waiting.h"

#include <stdio.h>
#include <stdlib.h>

#include "firmware/store/store_parts.h"
#include "tests/bench/figures.h"

static void fill_random(void *ctx, void *out, size_t len)
{
    hal_random(ctx, out, len);
}

void waiting_open(struct waiting *w, struct hal *hal)
{
    struct store_fault fault;
    struct store_options so = {.path = hal_store_path(hal),
                               .vfs = hal_store_vfs(hal),
                               .station = "B1",
                               .random = fill_random,
                               .random_ctx = hal};
    *w = (struct waiting){.hal = hal};
    must(effects_new(hal, NULL, &w->fx) == ERR_OK, "no effects");
    must(store_open(&so, &w->st, &fault) == ERR_OK, "the store does not open");
    struct outbox_options oo = {.store = w->st, .fx = w->fx};
    must(outbox_new(&oo, &w->ob) == ERR_OK, "no outbox");
}

static void run_sql(struct waiting *w, const char *sql)
{
    char *error = NULL;
    must(store_begin(w->st) == ERR_OK, "no transaction");
    int rc = sqlite3_exec(w->st->db, sql, NULL, NULL, &error);
    must(rc == SQLITE_OK, error ? error : "SQL");
    must(store_commit(w->st) == ERR_OK, "not committed");
}

static const char sql_dispatches[] =
    "INSERT INTO consignment (clarus_id, reference, channel, shop_order, state) "
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
    "SELECT 'w' || (i + m), 'WAIT-' || (i + m), 'shop', i + m, 8 FROM n, "
    "(SELECT coalesce(max(id), 0) AS m FROM consignment);"
    "INSERT INTO shipment (key, consignment_id, state) SELECT 'S-' || id, id, 9 FROM consignment c "
    "WHERE reference LIKE 'WAIT-%%' AND id > (SELECT coalesce(max(consignment_id), 0) FROM "
    "dispatch);"
    "INSERT INTO dispatch (key, consignment_id, shipment_id, state, packer, boot_id, at_mono, at, "
    "at_trusted, carrier, service) SELECT 'B1-00000000-' || id, consignment_id, id, 0, 'P1', 'b', "
    "0, "
    "1, 1, 'DPD', 'DPD Next Day' FROM shipment WHERE consignment_id > "
    "(SELECT coalesce(max(consignment_id), 0) FROM dispatch);";

static const char sql_messages[] =
    "INSERT INTO message (dispatch_id, consignment_id, destination, step, lane, state, stored_at) "
    "SELECT id, consignment_id, 'clarus', 0, consignment_id, 1, 1 FROM dispatch WHERE id > "
    "(SELECT coalesce(max(dispatch_id), 0) FROM message);";

static const char sql_held[] =
    "INSERT INTO message (dispatch_id, consignment_id, destination, step, lane, state, stored_at) "
    "SELECT dispatch_id, consignment_id, 'shop', 2, lane, 0, 1 FROM message m WHERE step = 0 AND "
    "NOT EXISTS (SELECT 1 FROM message o WHERE o.dispatch_id = m.dispatch_id AND o.step = 2);";

static const char sql_counters[] =
    "UPDATE counter SET waiting = (SELECT count(*) FROM message m WHERE m.destination = "
    "counter.destination AND state < 3);";

void waiting_fill(struct waiting *w, int messages, bool alone)
{
    char sql[sizeof sql_dispatches + 16];
    (void)snprintf(sql, sizeof sql, sql_dispatches, alone ? messages : messages / 2);
    run_sql(w, sql);
    run_sql(w, sql_messages);
    if (!alone) run_sql(w, sql_held);
    run_sql(w, sql_counters);
    must(store_checkpoint(w->st) == ERR_OK, "no checkpoint");
}

void waiting_close(struct waiting *w)
{
    outbox_free(w->ob);
    store_close(w->st);
    effects_free(w->fx);
}
