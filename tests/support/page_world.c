#include "tests/support/page_world.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/support/linux_world.h"

#define HEARD_MAX  64
#define ROUND_MS   10
#define PATIENCE_S 10
#define VERSION    "0.0-test"

struct page_world {
    struct linux_world world;
    uint16_t port;
    char url[200];
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t news;
    bool stopping;
    bool changed;
    struct bench_view view;
    struct console_station station;
    char heard[HEARD_MAX][160];
    size_t heard_count;
    page_world_work *work;
    void *work_ctx;
    struct log log;
    struct config config;
    struct effects *fx;
    struct store *store;
    struct outbox *outbox;
    struct console_pages *pages;
};

static void must(bool ok, const char *what)
{
    if (ok) return;
    (void)fprintf(stderr, "page world: %s\n", what);
    abort();
}

/* ----------------------------------------------------------------- the station, as it is seen --
 */

static void on_bench(void *ctx, struct bench_view *out)
{
    *out = ((struct page_world *)ctx)->view;
}

static void on_station(void *ctx, struct console_station *out)
{
    *out = ((struct page_world *)ctx)->station;
}

static err_t hear(struct page_world *w, const char *what, struct slice text)
{
    must(w->heard_count < HEARD_MAX, "too much heard");
    struct buf b = buf_over(w->heard[w->heard_count], sizeof w->heard[0] - 1);
    buf_text(&b, what);
    buf_put(&b, text);
    must(!b.overflow, "too long");
    w->heard_count++;
    pthread_cond_broadcast(&w->news);
    return ERR_OK;
}

static err_t on_scan(void *ctx, struct slice text)
{
    return hear(ctx, "scan ", text);
}

static err_t on_command(void *ctx, struct slice command)
{
    return hear(ctx, "command ", command);
}

static err_t on_recall(void *ctx, struct slice key, const char *who, const char *reason)
{
    char text[140];
    (void)snprintf(text, sizeof text, "%.*s %s %s", SLICE_ARGS(key), who, reason);
    return hear(ctx, "recall ", slice_text(text));
}

static void on_attempt(void *ctx, const struct outbox_message *m)
{
    struct page_world *w = ctx;
    const struct attempt_result down = {.outcome = ATTEMPT_DOWN, .text = "connection refused"};
    outbox_result(w->outbox, m->id, &down);
}

/* ------------------------------------------------------------------------------------ rounds -- */

static void step(struct page_world *w, const struct hal_event *e)
{
    if (e->kind == HAL_EV_CONSOLE_REQUEST)
        console_request(w->pages, &e->console);
    else if (e->kind == HAL_EV_CONSOLE_CLOSED)
        console_closed(w->pages, e->console.id);
    else
        effects_route(w->fx, e);
}

static void round_of(struct page_world *w, const struct hal_event *events, size_t count)
{
    for (size_t i = 0; i < count; i++)
        step(w, &events[i]);
    if (w->work) {
        must(store_begin(w->store) == ERR_OK, "store_begin");
        w->work(w->work_ctx, w->store, w->outbox, hal_wall(w->world.hal));
        w->work = NULL;
        pthread_cond_broadcast(&w->news);
    }
    if (store_is_dirty(w->store)) must(store_commit(w->store) == ERR_OK, "store_commit");
    bool changed = w->changed || effects_screen_changed(w->fx);
    w->changed = false;
    effects_acknowledge(w->fx);
    console_publish(w->pages, changed);
    effects_perform(w->fx);
}

static void *run(void *ctx)
{
    struct page_world *w = ctx;
    struct hal_event events[HAL_EVENTS_MAX];
    bool stopping = false;
    while (!stopping) {
        size_t count = 0;
        struct hal *h = w->world.hal;
        must(hal_wait(h, mono_plus(hal_now(h), ROUND_MS), events, HAL_EVENTS_MAX, &count) == ERR_OK,
             "hal_wait");
        pthread_mutex_lock(&w->lock);
        round_of(w, events, count);
        stopping = w->stopping;
        pthread_mutex_unlock(&w->lock);
    }
    return NULL;
}

/* -------------------------------------------------------------------------------- life, end -- */

static void fill_random(void *ctx, void *out, size_t len)
{
    hal_random(ctx, out, len);
}

static void build(struct page_world *w)
{
    struct store_fault fault = {0};
    struct hal *h = w->world.hal;
    const struct store_options so = {
        .path = hal_store_path(h), .station = "PB7", .random = fill_random, .random_ctx = h};
    const struct destination_spec to[] = {
        {.name = CLARUS,
         .concurrency = 1,
         .settle_ms = 1000,
         .settle_reads = 1,
         .connector = {.attempt = on_attempt, .ctx = w}},
        {.name = "shop",
         .step = 2,
         .concurrency = 1,
         .settle_ms = 1000,
         .settle_reads = 1,
         .connector = {.attempt = on_attempt, .ctx = w}},
    };
    w->log = (struct log){.hal = h, .threshold = LOG_ERROR};
    must(effects_new(h, &w->log, &w->fx) == ERR_OK, "effects");
    must(store_open(&so, &w->store, &fault) == ERR_OK, fault.reason);
    const struct outbox_options oo = {.store = w->store, .fx = w->fx, .log = &w->log};
    must(outbox_new(&oo, &w->outbox) == ERR_OK, "outbox");
    for (size_t i = 0; i < sizeof to / sizeof to[0]; i++)
        must(outbox_destination(w->outbox, &to[i]) == ERR_OK, "destination");
    must(outbox_start(w->outbox) == ERR_OK, "outbox");
    const struct console_options co = {
        .store = w->store,
        .fx = w->fx,
        .outbox = w->outbox,
        .log = &w->log,
        .config = &w->config,
        .from = {w, on_bench, on_station, on_scan, on_command, on_recall, NULL},
    };
    must(console_pages_new(&co, &w->pages) == ERR_OK, "console");
}

/* The files stay where they are between a stop and a start. */
static void reopen(struct linux_world *world)
{
    char config[96], secrets[96], state[96];
    struct hal_linux_options options = {
        .config_dir = linux_world_path(world, "config", config, sizeof config),
        .credentials_dir = linux_world_path(world, "secrets", secrets, sizeof secrets),
        .state_dir = linux_world_path(world, "state", state, sizeof state)};
    must(hal_linux_open(&options, &world->hal) == ERR_OK, "hal");
}

void page_world_start(struct page_world *w)
{
    struct hal_console_spec spec = {.bind = "127.0.0.1", .port = w->port};
    if (!w->world.hal) reopen(&w->world);
    build(w);
    must(hal_console_open(w->world.hal, &spec) == ERR_OK, "listening");
    w->port = hal_console_port(w->world.hal);
    w->stopping = false;
    must(pthread_create(&w->thread, NULL, run, w) == 0, "thread");
}

static void halt(struct page_world *w)
{
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_mutex_unlock(&w->lock);
    must(pthread_join(w->thread, NULL) == 0, "join");
    console_pages_free(w->pages);
    outbox_free(w->outbox);
    store_close(w->store);
    effects_free(w->fx);
}

void page_world_stop(struct page_world *w)
{
    halt(w);
    hal_linux_close(w->world.hal);
    w->world.hal = NULL;
}

void page_world_token(struct page_world *w, const char *token)
{
    linux_world_write(&w->world, "secrets/console-token", token, 0600);
}

struct page_world *page_world_open(void)
{
    struct page_world *w = calloc(1, sizeof *w);
    must(w != NULL, "memory");
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->news, NULL);
    linux_world_open(&w->world);
    page_world_token(w, PAGE_WORLD_TOKEN);
    int64_t now = (int64_t)time(NULL) * 1000;
    w->station = (struct console_station){.station = "PB7",
                                          .bench_name = "Bench 7",
                                          .language = "en",
                                          .demonstration = true,
                                          .clarus_reachable = true,
                                          .catalogue_read_at = now,
                                          .orders_ready = 23,
                                          .clock_trusted = true,
                                          .started_at = now - 3600000,
                                          .version = VERSION};
    page_world_start(w);
    return w;
}

void page_world_close(struct page_world *w)
{
    if (!w) return;
    halt(w);
    linux_world_close(&w->world);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->news);
    free(w);
}

/* --------------------------------------------------------------------------- from the outside --
 */

uint16_t page_world_port(const struct page_world *w)
{
    return w->port;
}

const char *page_world_url(struct page_world *w, const char *path)
{
    (void)snprintf(w->url, sizeof w->url, "http://127.0.0.1:%u%s", w->port, path);
    return w->url;
}

void page_world_show(struct page_world *w, const struct bench_view *view)
{
    pthread_mutex_lock(&w->lock);
    w->view = *view;
    w->changed = true;
    pthread_mutex_unlock(&w->lock);
}

void page_world_station(struct page_world *w, const struct console_station *station)
{
    pthread_mutex_lock(&w->lock);
    w->station = *station;
    w->changed = true;
    pthread_mutex_unlock(&w->lock);
}

static struct timespec patience(void)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    return until;
}

const char *page_world_heard(struct page_world *w, size_t n)
{
    struct timespec until = patience();
    pthread_mutex_lock(&w->lock);
    int rc = 0;
    while (w->heard_count <= n && rc == 0)
        rc = pthread_cond_timedwait(&w->news, &w->lock, &until);
    const char *text = w->heard_count > n ? w->heard[n] : "";
    pthread_mutex_unlock(&w->lock);
    return text;
}

void page_world_do(struct page_world *w, page_world_work *work, void *ctx)
{
    pthread_mutex_lock(&w->lock);
    w->work_ctx = ctx;
    w->work = work;
    while (w->work)
        pthread_cond_wait(&w->news, &w->lock);
    pthread_mutex_unlock(&w->lock);
}

/* ------------------------------------------------------------------------------------- orders --
 */

static int64_t insert(struct store *st, const char *sql, const char *text, int64_t a, int64_t b)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    must(store_prepare(st, sql, &q) == ERR_OK, sql);
    int n = sqlite3_bind_parameter_count(q);
    if (n >= 1) store_bind_text(q, 1, text);
    if (n >= 2) store_bind_int(q, 2, a);
    if (n >= 3) store_bind_int(q, 3, b);
    must(store_run(st, q) == ERR_OK, sql);
    return store_last_id(st);
}

int64_t page_world_save(struct store *st, struct outbox *ob, const char *reference)
{
    char key[KEY_CAP];
    int64_t id = 0;
    must(store_key_next(st, key) == ERR_OK, "key");
    int64_t order =
        insert(st,
               "INSERT INTO consignment (clarus_id, reference, shop_order, channel, carrier_name,"
               " service_name, state, recipient) VALUES ('c-' || ?1, ?1, 's-' || ?1, 'shop', 'DPD',"
               " 'DPD Next Day', 8, '{\"name\":\"Anna Secret\"}')",
               reference, 0, 0);
    int64_t line = insert(st,
                          "INSERT INTO line (clarus_line_id, consignment_id, sku, ordered, picked)"
                          " VALUES ('l-' || ?1, ?2, 'MUG-300', 2000, 2000)",
                          reference, order, 0);
    int64_t shipment =
        insert(st, "INSERT INTO shipment (key, consignment_id) VALUES (?1, ?2)", key, order, 0);
    int64_t parcel = insert(st,
                            "INSERT INTO parcel (tracking, consignment_id, shipment_id, number,"
                            " state, prints) VALUES ('T-' || ?1, ?2, ?3, 1, 4, 1)",
                            reference, order, shipment);
    (void)insert(st, "INSERT INTO parcel_item (quantity, parcel_id, line_id) VALUES (?1, ?2, ?3)",
                 "2000", parcel, line);
    (void)insert(st,
                 "INSERT INTO story (consignment_id, at, who, side, event, detail) VALUES"
                 " (?2, 1795200000000, 'Maya', 'station', 'opened', ?1),"
                 " (?2, 1795200060000, '', 'clarus', 'claimed', ''),"
                 " (?2, 1795200120000, 'Maya', 'station', 'saved', '')",
                 reference, order, 0);
    const struct dispatch_spec spec = {.consignment_id = order,
                                       .shipment_id = shipment,
                                       .key = key,
                                       .channel = "shop",
                                       .clarus_lane = reference,
                                       .shop_lane = reference,
                                       .packer = "Maya",
                                       .carrier = "DPD",
                                       .service = "DPD Next Day"};
    must(outbox_save(ob, &spec, &id) == ERR_OK, "outbox_save");
    return id;
}
