/* console_metrics.c - figures for machines: Prometheus text and a supervisor's question. */
#include "firmware/console/console_parts.h"

static void put(struct buf *b, const char *name, const char *kind, const char *help, int64_t value)
{
    buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n%s %lld\n", name, help, name, kind, name,
               (long long)value);
}

static int64_t age_seconds(const struct console_pages *c, int64_t at)
{
    int64_t age = at == 0 ? 0 : (console_now(c) - at) / 1000;
    return age > 0 ? age : 0;
}

enum figure {
    FIGURE_WAITING,
    FIGURE_PARKED,
    FIGURE_FROZEN,
    FIGURE_DONE,
    FIGURE_OLDEST,
    FIGURE_LATE,
    FIGURE_DOWN,
    FIGURE_PAUSED,
    FIGURES
};

static int64_t figure(const struct console_pages *c, const struct outbox_figures *f,
                      enum figure which)
{
    const int64_t values[FIGURES] = {
        [FIGURE_WAITING] = (int64_t)f->waiting,
        [FIGURE_PARKED] = (int64_t)f->parked,
        [FIGURE_FROZEN] = (int64_t)f->frozen,
        [FIGURE_DONE] = (int64_t)f->done,
        [FIGURE_OLDEST] = age_seconds(c, f->oldest_wall_ms),
        [FIGURE_LATE] = f->late,
        [FIGURE_DOWN] = f->down,
        [FIGURE_PAUSED] = f->paused,
    };
    return values[which];
}

static void put_destinations(const struct console_pages *c, struct buf *b)
{
    static const struct {
        const char *name;
        const char *kind;
        const char *help;
    } figures[FIGURES] = {
        [FIGURE_WAITING] = {"packd_messages_waiting", "gauge", "messages held, ready or in flight"},
        [FIGURE_PARKED] = {"packd_messages_parked", "gauge", "messages a person must look at"},
        [FIGURE_FROZEN] = {"packd_messages_frozen", "gauge", "messages frozen by find-and-pull"},
        [FIGURE_DONE] = {"packd_messages_delivered_total", "counter", "messages delivered"},
        [FIGURE_OLDEST] = {"packd_oldest_undelivered_seconds", "gauge",
                           "age of the oldest undelivered message; 0 when there is none"},
        [FIGURE_LATE] = {"packd_service_level_broken", "gauge",
                         "1 while a message waits longer than agreed"},
        [FIGURE_DOWN] = {"packd_destination_down", "gauge", "1 while it is not reachable"},
        [FIGURE_PAUSED] = {"packd_destination_paused", "gauge",
                           "1 while its credentials are refused"},
    };
    for (int i = 0; i < FIGURES; i++) {
        buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", figures[i].name, figures[i].help,
                   figures[i].name, figures[i].kind);
        for (size_t d = 0; d < c->figure_count; d++)
            buf_printf(b, "%s{destination=\"%s\"} %lld\n", figures[i].name, c->figures[d].name,
                       (long long)figure(c, &c->figures[d], (enum figure)i));
    }
}

static void put_delivery_times(const struct console_pages *c, struct buf *b)
{
    static const char NAME[] = "packd_delivery_seconds";
    buf_printf(b, "# HELP %s from scan-back to delivery, since the start\n# TYPE %s histogram\n",
               NAME, NAME);
    for (size_t d = 0; d < c->figure_count; d++) {
        const struct outbox_figures *f = &c->figures[d];
        uint64_t count = 0;
        for (size_t i = 0; i < DELIVERY_BUCKETS; i++) {
            count += f->taken[i];
            buf_printf(b, "%s_bucket{destination=\"%s\",le=\"%lld\"} %llu\n", NAME, f->name,
                       (long long)DELIVERY_BUCKET_S[i], (unsigned long long)count);
        }
        count += f->taken[DELIVERY_BUCKETS];
        buf_printf(b, "%s_bucket{destination=\"%s\",le=\"+Inf\"} %llu\n", NAME, f->name,
                   (unsigned long long)count);
        buf_printf(b, "%s_sum{destination=\"%s\"} %llu\n%s_count{destination=\"%s\"} %llu\n", NAME,
                   f->name, (unsigned long long)f->taken_s, NAME, f->name,
                   (unsigned long long)count);
    }
}

static void put_devices(const struct console_pages *c, struct buf *b)
{
    buf_text(b, "# HELP packd_device_ok 1 while the device is there and reports no trouble\n"
                "# TYPE packd_device_ok gauge\n");
    for (size_t i = 0; i < c->station.device_count; i++) {
        const struct console_device *d = &c->station.devices[i];
        buf_printf(b, "packd_device_ok{role=\"%s\"} %d\n", d->role,
                   d->present && d->trouble[0] == 0);
    }
}

static void put_store(struct console_pages *c, struct buf *b)
{
    struct store_figures f = {0};
    store_figures(c->o.store, &f);
    put(b, "packd_store_commits_total", "counter", "transactions committed", (int64_t)f.commits);
    put(b, "packd_store_checkpoints_total", "counter", "checkpoints", (int64_t)f.checkpoints);
    put(b, "packd_store_pages_used", "gauge", "database pages in use", (int64_t)f.pages_used);
    put(b, "packd_store_pages_max", "gauge", "database pages at most", (int64_t)f.pages_max);
}

static int64_t count_of(struct console_pages *c, const char *sql)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    if (store_prepare(c->o.store, sql, &q) != ERR_OK) return 0;
    return store_step(c->o.store, q, &row) == ERR_OK && row ? store_int(q, 0) : 0;
}

void console_get_metrics(struct ask *a)
{
    struct console_pages *c = a->c;
    struct buf *b = &c->out;
    console_read_figures(c);
    c->o.from.station(c->o.from.ctx, &c->station);
    const struct console_station *s = &c->station;
    buf_clear(b);
    put(b, "packd_uptime_seconds", "gauge", "since the start", age_seconds(c, s->started_at));
    put(b, "packd_offline", "gauge", "1 while Clarus is not reachable", s->offline_since != 0);
    put(b, "packd_catalogue_age_seconds", "gauge", "since the work list was read",
        age_seconds(c, s->catalogue_read_at));
    put(b, "packd_orders_ready", "gauge", "orders that can be packed", s->orders_ready);
    put(b, "packd_exceptions_open", "gauge", "exceptions that wait for a person",
        count_of(c, "SELECT count(*) FROM exception WHERE open = 1"));
    put(b, "packd_scans_total", "counter", "scans heard",
        count_of(c, "SELECT ifnull(max(id), 0) FROM scan"));
    put(b, "packd_scans_refused", "gauge", "of the last 200 scans, those that were refused",
        count_of(c, "SELECT count(*) FROM scan WHERE id > (SELECT max(id) FROM scan) - 200 AND "
                    "outcome NOT IN ('scan.accepted', 'scan.command')"));
    put(b, "packd_screens", "gauge", "pages that follow the bench", (int64_t)c->stream_count);
    put(b, "packd_console_requests_total", "counter", "requests answered", (int64_t)c->requests);
    put(b, "packd_console_refusals_total", "counter", "requests refused", (int64_t)c->refusals);
    put_destinations(c, b);
    put_delivery_times(c, b);
    put_devices(c, b);
    put_store(c, b);
    console_send(a, 200, "text/plain; version=0.0.4; charset=utf-8", buf_slice(b));
}

void console_get_health(struct ask *a)
{
    struct console_pages *c = a->c;
    bool well = !store_failed(c->o.store);
    c->o.from.station(c->o.from.ctx, &c->station);
    struct json_writer w = console_begin(c);
    json_put_bool(&w, "ok", well);
    json_put_bool(&w, "store", well);
    json_put_bool(&w, "intake", !c->station.intake_full);
    json_put_int(&w, "started_at", c->station.started_at);
    json_close_object(&w);
    console_send(a, well ? 200 : 503, "application/json", buf_slice(&c->out));
}
