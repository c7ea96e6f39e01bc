#include "tests/support/label_bed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 30000
#define ROUNDS_MAX  500

static void fill_random(void *ctx, void *out, size_t len)
{
    hal_random(ctx, out, len);
}

static void on_done(void *ctx, const struct labels_result *r)
{
    struct label_bed *b = ctx;
    b->results++;
    b->last = *r;
}

static void start(struct label_bed *b)
{
    struct store_fault fault;
    const struct store_options so = {
        .path = b->path, .station = "PB7", .random = fill_random, .random_ctx = b->hal};
    assert_int_equal(effects_new(b->hal, NULL, &b->fx), ERR_OK);
    assert_int_equal(store_open(&so, &b->st, &fault), ERR_OK);
    const struct labels_options lo = {
        .store = b->st, .fx = b->fx, .config = &b->config, .done = on_done, .ctx = b};
    assert_int_equal(labels_new(&lo, &b->labels), ERR_OK);
}

static void stop(struct label_bed *b)
{
    labels_free(b->labels);
    store_close(b->st);
    effects_free(b->fx);
}

void label_bed_open(struct label_bed *b, struct hal *hal)
{
    *b = (struct label_bed){.hal = hal};
    b->config.site.label = (struct config_label){100, 150, 3};
    b->config.site.carrier_count = 1;
    b->config.site.carriers[0].match = CARRIER_MATCH_CONTAINS;
    memcpy(b->config.site.carriers[0].carrier_code, BED_CARRIER, sizeof BED_CARRIER);
    b->config.station.printer_dpi = 203;
    memcpy(b->dir, "/tmp/packd-labels-XXXXXX", 25);
    assert_non_null(mkdtemp(b->dir));
    snprintf(b->path, sizeof b->path, "%s/store.db", b->dir);
    start(b);
}

void label_bed_close(struct label_bed *b)
{
    char wal[112];
    stop(b);
    snprintf(wal, sizeof wal, "%s-wal", b->path);
    (void)unlink(wal);
    (void)unlink(b->path);
    assert_int_equal(rmdir(b->dir), 0);
}

void label_bed_restart(struct label_bed *b)
{
    stop(b);
    start(b);
}

static void run_sql(struct label_bed *b, const char *sql, int64_t id, int64_t number,
                    const char *text)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    assert_int_equal(store_begin(b->st), ERR_OK);
    assert_int_equal(store_prepare(b->st, sql, &q), ERR_OK);
    store_bind_int(q, 1, id);
    store_bind_int(q, 2, number);
    store_bind_text(q, 3, text);
    assert_int_equal(store_run(b->st, q), ERR_OK);
}

int64_t label_bed_shipment(struct label_bed *b, const char *const *tracking, size_t count)
{
    char name[32];
    int64_t id = ++b->last_shipment;
    snprintf(name, sizeof name, "K-%lld", (long long)id);
    run_sql(b,
            "INSERT INTO consignment (id, clarus_id, reference, priority, carrier_code) "
            "VALUES (?1, ?3, ?3, ?2, '" BED_CARRIER "')",
            id, 1, name);
    run_sql(b, "INSERT INTO shipment (id, key, consignment_id) VALUES (?1, ?3, ?2)", id, id, name);
    for (size_t i = 0; i < count; i++) {
        run_sql(b,
                "INSERT INTO parcel (id, consignment_id, shipment_id, number, tracking) "
                "VALUES (?1 * 100 + ?2, ?1, ?1, ?2, ?3)",
                id, (int64_t)i + 1, tracking[i]);
    }
    assert_int_equal(store_commit(b->st), ERR_OK);
    return id;
}

void label_bed_run(struct label_bed *b, size_t results)
{
    struct hal_event events[HAL_EVENTS_MAX];
    for (int round = 0; round < ROUNDS_MAX && b->results < results; round++) {
        size_t count = 0;
        if (store_is_dirty(b->st)) assert_int_equal(store_commit(b->st), ERR_OK);
        effects_perform(b->fx);
        if (effects_has_failed(b->fx)) {
            effects_deliver_failed(b->fx);
            continue;
        }
        mono_t patience = mono_plus(hal_now(b->hal), PATIENCE_MS);
        assert_int_equal(hal_wait(b->hal, patience, events, HAL_EVENTS_MAX, &count), ERR_OK);
        if (count == 0) break;
        for (size_t i = 0; i < count; i++) {
            effects_route(b->fx, &events[i]);
        }
    }
    assert_int_equal(b->results, results);
    if (store_is_dirty(b->st)) assert_int_equal(store_commit(b->st), ERR_OK);
}

void label_bed_accept(struct label_bed *b, int64_t shipment_id, struct slice document)
{
    size_t before = b->results;
    assert_int_equal(labels_accept(b->labels, shipment_id, document), ERR_OK);
    label_bed_run(b, before + 1);
    assert_int_equal(b->last.shipment_id, shipment_id);
}

err_t label_bed_job(struct label_bed *b, int64_t parcel_id, struct buf *out, bool *out_checked)
{
    char sql[96];
    snprintf(sql, sizeof sql, "SELECT checked FROM label WHERE parcel_id = %lld",
             (long long)parcel_id);
    err_t e = labels_job(b->st, parcel_id, out);
    if (e == ERR_OK && out_checked != NULL) *out_checked = label_bed_count(b, sql) != 0;
    return e;
}

int64_t label_bed_count(struct label_bed *b, const char *sql)
{
    sqlite3_stmt *any = NULL;
    sqlite3_stmt *q = NULL;
    assert_int_equal(store_prepare(b->st, "SELECT 1", &any), ERR_OK);
    assert_int_equal(sqlite3_prepare_v2(sqlite3_db_handle(any), sql, -1, &q, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return n;
}
