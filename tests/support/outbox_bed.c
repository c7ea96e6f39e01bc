#include "tests/support/outbox_bed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void fill_random(void *ctx, void *out, size_t len)
{
    hal_random(ctx, out, len);
}

static void write_down(struct bed *b, const struct outbox_message *m, unsigned request)
{
    assert_true(b->count < BED_ATTEMPTS_MAX);
    struct bed_attempt *a = &b->attempts[b->count++];
    *a = (struct bed_attempt){.id = m->id,
                              .dispatch_id = m->dispatch_id,
                              .look_first = m->look_first,
                              .attempts = m->attempts,
                              .request = request,
                              .at = hal_now(b->hal)};
    memcpy(a->destination, m->destination, sizeof a->destination);
    memcpy(a->key, m->dispatch_key, sizeof a->key);
    err_ignore(slice_copy(m->progress, a->progress, sizeof a->progress));
}

static void on_attempt(void *ctx, const struct outbox_message *m)
{
    struct bed *b = ctx;
    write_down(b, m, ++b->requests);
    if (!b->automatic) return;
    const struct attempt_result r = {.outcome = b->answer};
    outbox_result(b->ob, m->id, &r);
}

static void on_attempts(void *ctx, const struct outbox_message *m, size_t count)
{
    struct bed *b = ctx;
    b->requests++;
    for (size_t i = 0; i < count; i++)
        write_down(b, &m[i], b->requests);
    for (size_t i = 0; i < count && b->automatic; i++) {
        const struct attempt_result r = {.outcome = b->answer};
        outbox_result(b->ob, m[i].id, &r);
    }
}

static void start(struct bed *b)
{
    struct store_fault fault;
    const struct store_options so = {.path = b->path,
                                     .vfs = b->vfs,
                                     .station = "PB7",
                                     .page_count_max = b->pages_max,
                                     .random = fill_random,
                                     .random_ctx = b->hal};
    assert_int_equal(effects_new(b->hal, &b->log, &b->fx), ERR_OK);
    err_t e = store_open(&so, &b->st, &fault);
    if (e) fail_msg("%s: %s", err_name(e), fault.reason);
    const struct outbox_options oo = {.store = b->st, .fx = b->fx, .log = &b->log};
    assert_int_equal(outbox_new(&oo, &b->ob), ERR_OK);
    b->clarus.connector = b->shop.connector =
        (struct connector){.attempt = on_attempt, .attempt_many = on_attempts, .ctx = b};
    assert_int_equal(outbox_destination(b->ob, &b->clarus), ERR_OK);
    if (!b->without_shop) assert_int_equal(outbox_destination(b->ob, &b->shop), ERR_OK);
    const struct alerts_options ao = {.outbox = b->ob,
                                      .store = b->st,
                                      .fx = b->fx,
                                      .log = &b->log,
                                      .station = "PB7",
                                      .site = "Leeds",
                                      .url = b->alerts_url,
                                      .secret = "alert-key",
                                      .ca = "",
                                      .timeout_ms = 5000};
    if (b->alerts_url) assert_int_equal(alerts_new(&ao, &b->alerts), ERR_OK);
    assert_int_equal(outbox_start(b->ob), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
}

static void stop(struct bed *b)
{
    alerts_free(b->alerts);
    outbox_free(b->ob);
    store_close(b->st);
    effects_free(b->fx);
    b->alerts = NULL;
    b->ob = NULL;
    b->st = NULL;
    b->fx = NULL;
}

struct bed *bed_new(void)
{
    struct bed *b = calloc(1, sizeof *b);
    memcpy(b->dir, "/tmp/packd-outbox-XXXXXX", 25);
    assert_non_null(mkdtemp(b->dir));
    snprintf(b->path, sizeof b->path, "%s/store.db", b->dir);
    const struct hal_sim_options ho = {.seed = 7, .store_path = b->path};
    assert_int_equal(hal_sim_open(&ho, &b->hal), ERR_OK);
    b->log = (struct log){.hal = b->hal, .threshold = LOG_INFO};
    b->clarus = (struct destination_spec){
        .name = CLARUS, .step = 0, .concurrency = 4, .settle_ms = 10000, .settle_reads = 3};
    b->shop = (struct destination_spec){
        .name = "shop", .step = 2, .concurrency = 4, .settle_ms = 5000, .settle_reads = 2};
    start(b);
    return b;
}

void bed_free(struct bed *b)
{
    char wal[96];
    stop(b);
    hal_sim_close(b->hal);
    snprintf(wal, sizeof wal, "%s-wal", b->path);
    unlink(wal);
    unlink(b->path);
    rmdir(b->dir);
    free(b);
}

void bed_crash(struct bed *b, bool new_boot)
{
    stop(b);
    hal_sim_power_cut(b->hal, new_boot);
    start(b);
}

static int64_t insert(struct bed *b, const char *sql, const char *text, int64_t a, int64_t c)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    assert_int_equal(store_prepare(b->st, sql, &q), ERR_OK);
    int n = sqlite3_bind_parameter_count(q);
    if (n >= 1) store_bind_text(q, 1, text);
    if (n >= 2) store_bind_int(q, 2, a);
    if (n >= 3) store_bind_int(q, 3, c);
    assert_int_equal(store_run(b->st, q), ERR_OK);
    return store_last_id(b->st);
}

void bed_prepare(struct bed *b, const char *order, int64_t *out_consignment, int64_t *out_shipment)
{
    char key[KEY_CAP];
    assert_int_equal(store_key_next(b->st, key), ERR_OK);
    int64_t c = insert(b,
                       "INSERT INTO consignment (clarus_id, reference) VALUES (?1 || '-' || "
                       "(SELECT COUNT(*) FROM consignment), ?1)",
                       order, 0, 0);
    int64_t line = insert(b,
                          "INSERT INTO line (clarus_line_id, consignment_id, sku) "
                          "VALUES ('l' || ?1 || ?2, ?2, 'SKU1')",
                          order, c, 0);
    int64_t s = insert(b, "INSERT INTO shipment (key, consignment_id) VALUES (?1, ?2)", key, c, 0);
    int64_t p = insert(b,
                       "INSERT INTO parcel (tracking, consignment_id, shipment_id, number) "
                       "VALUES ('T' || ?1, ?2, ?3, 1)",
                       order, c, s);
    insert(b, "INSERT INTO parcel_item (quantity, parcel_id, line_id) VALUES (?1 + 2000, ?2, ?3)",
           "0", p, line);
    *out_consignment = c;
    *out_shipment = s;
}

int64_t bed_save(struct bed *b, const char *order, const char *channel)
{
    char key[KEY_CAP];
    int64_t id = 0;
    struct dispatch_spec spec = {.channel = channel,
                                 .clarus_lane = order,
                                 .shop_lane = order,
                                 .packer = "P1",
                                 .carrier = "UPS",
                                 .service = "Ground"};
    bed_prepare(b, order, &spec.consignment_id, &spec.shipment_id);
    assert_int_equal(store_key_next(b->st, key), ERR_OK);
    spec.key = key;
    assert_int_equal(outbox_save(b->ob, &spec, &id), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
    return id;
}

void bed_tick(struct bed *b)
{
    effects_deliver_failed(b->fx);
    alerts_tick(b->alerts);
    outbox_tick(b->ob);
    assert_int_equal(store_commit(b->st), ERR_OK);
    effects_perform(b->fx);
}

void bed_pass(struct bed *b, int64_t ms)
{
    struct hal_event events[HAL_EVENTS_MAX];
    mono_t until = mono_plus(hal_now(b->hal), ms);
    bed_tick(b);
    while (hal_now(b->hal).ms < until.ms) {
        size_t n = 0;
        mono_t next = mono_earlier(outbox_deadline(b->ob), until);
        next = mono_earlier(next, alerts_deadline(b->alerts));
        if (effects_has_failed(b->fx)) next = hal_now(b->hal);
        assert_int_equal(hal_wait(b->hal, next, events, HAL_EVENTS_MAX, &n), ERR_OK);
        for (size_t i = 0; i < n; i++)
            if (events[i].kind == HAL_EV_HTTP_DONE) effects_route(b->fx, &events[i]);
        bed_tick(b);
    }
}

void bed_end(struct bed *b, int64_t message_id, enum attempt_outcome outcome)
{
    const struct attempt_result r = {.outcome = outcome};
    bed_end_with(b, message_id, &r);
}

void bed_end_with(struct bed *b, int64_t message_id, const struct attempt_result *r)
{
    outbox_result(b->ob, message_id, r);
    assert_int_equal(store_commit(b->st), ERR_OK);
}

const struct bed_attempt *bed_last(const struct bed *b)
{
    assert_true(b->count > 0);
    return &b->attempts[b->count - 1];
}

int64_t bed_int(struct bed *b, const char *sql)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    assert_int_equal(store_prepare(b->st, sql, &q), ERR_OK);
    assert_int_equal(store_step(b->st, q, &row), ERR_OK);
    assert_true(row);
    return store_int(q, 0);
}

struct outbox_figures bed_figures(struct bed *b, const char *destination)
{
    struct outbox_figures f[DESTINATIONS_MAX];
    size_t n = outbox_figures(b->ob, f, DESTINATIONS_MAX);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(f[i].name, destination) == 0) return f[i];
    }
    fail_msg("no figures of %s", destination);
    return f[0];
}

struct exception_row bed_exception(struct bed *b, const char *rule)
{
    static struct exception_row rows[64];
    size_t n = exception_rows(b->st, rows, 64);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(rows[i].rule, rule) == 0) return rows[i];
    }
    return (struct exception_row){.id = 0};
}
