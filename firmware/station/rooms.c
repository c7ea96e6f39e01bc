/* rooms.c - the rooms are built from the store, and built again from it when memory cannot be
 * trusted. */
#include "firmware/station/parts.h"

#include <string.h>

#include "firmware/outbox/exceptions.h"

#define DISK_EVERY_MS 30000
#define REBUILDS_MAX  5 /* within REBUILDS_MS; with more the disk does not recover */
#define REBUILDS_MS   60000

static void set_fault(struct station_fault *fault, const char *object, err_t e,
                      const char *next_step)
{
    slice_copy_cut(slice_text(object), fault->object, sizeof fault->object);
    slice_copy_cut(slice_text(err_text(e)), fault->reason, sizeof fault->reason);
    slice_copy_cut(slice_text(next_step), fault->next_step, sizeof fault->next_step);
}

static void random_for_store(void *ctx, void *out, size_t len)
{
    hal_random(ctx, out, len);
}

static err_t open_store_file(struct station *st, struct station_fault *fault)
{
    struct store_options o = {.path = hal_store_path(st->hal),
                              .vfs = hal_store_vfs(st->hal),
                              .station = st->config->station.id,
                              .log = &st->log,
                              .random = random_for_store,
                              .random_ctx = st->hal};
    struct store_fault f = {{0}, {0}, {0}};
    err_t e = store_open(&o, &st->store, &f);
    if (!e) return ERR_OK;
    memcpy(fault->object, f.object, sizeof fault->object);
    memcpy(fault->reason, f.reason, sizeof fault->reason);
    memcpy(fault->next_step, f.next_step, sizeof fault->next_step);
    return e;
}

static err_t say_set_aside(struct station *st, const char *name)
{
    struct exception_spec spec = {
        .rule = "store.set_aside",
        .origin = "station",
        .owner = "lead",
        .object = "station store",
        .text = "the store was damaged and set aside; what it held and was not delivered is not "
                "known here",
        .next_step = "have the file salvaged, and compare today's parcels with Clarus"};
    err_t e = store_begin(st->store);
    if (!e) e = exception_raise(st->store, hal_wall(st->hal), &spec, NULL);
    if (!e) e = store_meta_set(st->store, "set_aside", name);
    return e ? e : store_commit(st->store);
}

/* The file that lies there is the evidence: whoever made it may have lost power before saying so.
 */
static err_t tell_of_set_aside(struct station *st)
{
    char name[HAL_PATH_CAP * 2], told[HAL_PATH_CAP * 2];
    err_t e = hal_store_aside(st->hal, name, sizeof name);
    if (e == ERR_NOTFOUND) return ERR_OK;
    if (!e) {
        e = store_meta_get(st->store, "set_aside", told, sizeof told);
        if (e == ERR_NOTFOUND) e = ERR_OK;
    }
    if (e) return e;
    return strcmp(name, told) == 0 ? ERR_OK : say_set_aside(st, name);
}

/* A damaged file is kept as evidence under another name; the station starts anew and says so. */
static err_t open_store(struct station *st, bool damaged, struct station_fault *fault)
{
    err_t e = damaged ? ERR_CORRUPT : open_store_file(st, fault);
    if (e == ERR_CORRUPT) {
        char aside[HAL_PATH_CAP * 2];
        log_event(&st->log, LOG_ERROR, "store.corrupt", "reason=\"%s\"", fault->reason);
        e = hal_store_set_aside(st->hal, aside, sizeof aside);
        if (!e) e = open_store_file(st, fault);
    }
    return e ? e : tell_of_set_aside(st);
}

static bool has_orders(struct store *st)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    return store_prepare(st, "SELECT 1 FROM consignment LIMIT 1", &q) != ERR_OK ||
           store_step(st, q, &row) != ERR_OK || row;
}

/* Orders of the training never meet real ones: a store belongs to one of them for good. */
static err_t check_training(struct station *st, struct station_fault *fault)
{
    char mark[8] = "";
    bool training = st->config->station.training;
    bool marked = store_meta_get(st->store, "training", mark, sizeof mark) == ERR_OK;
    if (marked == training) return ERR_OK;
    if (marked || has_orders(st->store)) {
        set_fault(fault, "station store", ERR_INVALID,
                  marked ? "it is a store of training mode: use another state folder"
                         : "it is a real store: use another state folder for training");
        return ERR_INVALID;
    }
    err_t e = store_begin(st->store);
    if (!e) e = store_meta_set(st->store, "training", "1");
    return e ? e : store_commit(st->store);
}

static err_t add_clarus_destination(struct station *st)
{
    const struct config_site *site = &st->config->site;
    uint32_t benches = site->benches ? site->benches : 1;
    uint32_t share = site->clarus.pace_per_minute / benches;
    struct destination_spec d = {.name = CLARUS,
                                 .step = 0,
                                 .concurrency = 2,
                                 .pace_per_minute =
                                     site->clarus.pace_per_minute && !share ? 1 : share,
                                 .benches = benches,
                                 .timeout_ms = site->clarus.timeout_ms,
                                 .settle_ms = site->clarus.settle_ms,
                                 .settle_reads = (uint8_t)site->clarus.settle_reads,
                                 .alert_attempts = site->alerts.attempts,
                                 .alert_age_ms = (int64_t)site->alerts.age_min * 60000,
                                 .connector = checks_gate(st)};
    return outbox_destination(st->outbox, &d);
}

static err_t build_alerts(struct station *st)
{
    const struct config_site *site = &st->config->site;
    struct alerts_options o = {.outbox = st->outbox,
                               .store = st->store,
                               .fx = st->fx,
                               .log = &st->log,
                               .station = st->config->station.id,
                               .site = site->name,
                               .url = site->alerts.url,
                               .secret = site->alerts.secret,
                               .ca = site->alerts.ca,
                               .timeout_ms = site->alerts.timeout_ms};
    return site->alerts.url[0] != '\0' ? alerts_new(&o, &st->alerts) : ERR_OK;
}

static err_t add_manifest_rules(struct station *st)
{
    const struct config_site *site = &st->config->site;
    for (size_t i = 0; i < site->carrier_count; i++) {
        const struct config_carrier *c = &site->carriers[i];
        struct manifest_rule rule = {.closes_by_itself = c->manifest == CONFIG_MANIFEST_CARRIER,
                                     .cut_off_min = config_minute_of_day(c->cut_off)};
        slice_copy_cut(slice_text(c->carrier_code), rule.carrier, sizeof rule.carrier);
        err_t e = outbox_manifest_rule(st->outbox, &rule);
        if (e) return e;
    }
    return ERR_OK;
}

static err_t build_outbox(struct station *st)
{
    const struct config_site *site = &st->config->site;
    struct outbox_options o = {.store = st->store,
                               .fx = st->fx,
                               .log = &st->log,
                               .zone = {.utc_offset_min = site->utc_offset_min,
                                        .summer_time_eu = site->summer_time == CONFIG_SUMMER_EU}};
    err_t e = outbox_new(&o, &st->outbox);
    if (!e) e = add_manifest_rules(st);
    return e ? e : add_clarus_destination(st);
}

static err_t build_clarus(struct station *st)
{
    struct clarus_options o = {.store = st->store,
                               .fx = st->fx,
                               .outbox = st->outbox,
                               .log = &st->log,
                               .config = st->config,
                               .on = links_for_clarus(st)};
    return clarus_new(&o, &st->clarus);
}

static void on_shop_checked(void *ctx, uint32_t ticket, const struct verdict *v)
{
    checks_shop_answer(ctx, ticket, v);
}

static err_t build_channels(struct station *st, struct station_fault *fault)
{
    struct channels_options o = {.store = st->store,
                                 .fx = st->fx,
                                 .outbox = st->outbox,
                                 .log = &st->log,
                                 .config = st->config,
                                 .checked = on_shop_checked,
                                 .ctx = st};
    struct definition_fault f = {{0}, {0}, {0}};
    err_t e = channels_new(&o, &st->channels, &f);
    if (!e) return channels_register(st->channels);
    if (!f.reason[0]) return e;
    struct buf object = buf_over(fault->object, sizeof fault->object);
    buf_printf(&object, "channel definition %s, %s", f.name, f.path);
    (void)buf_cstr(&object);
    slice_copy_cut(slice_text(f.reason), fault->reason, sizeof fault->reason);
    return e;
}

static err_t build_labels(struct station *st)
{
    struct labels_options o = {.store = st->store,
                               .fx = st->fx,
                               .log = &st->log,
                               .config = st->config,
                               .done = links_label_done,
                               .ctx = st};
    return labels_new(&o, &st->labels);
}

static err_t build_bench(struct station *st)
{
    struct bench_options o = {.store = st->store,
                              .fx = st->fx,
                              .outbox = st->outbox,
                              .log = &st->log,
                              .config = st->config,
                              .orders = links_for_bench(st)};
    return bench_new(&o, &st->bench);
}

static err_t build_console(struct station *st)
{
    struct console_options o = {.store = st->store,
                                .fx = st->fx,
                                .outbox = st->outbox,
                                .log = &st->log,
                                .config = st->config,
                                .from = sources_for_console(st)};
    return console_pages_new(&o, &st->console);
}

static err_t build(struct station *st, struct station_fault *fault)
{
    err_t e = effects_new(st->hal, &st->log, &st->fx);
    if (!e) e = build_outbox(st);
    if (!e) e = build_clarus(st);
    if (!e) e = build_channels(st, fault);
    if (!e) e = build_alerts(st);
    if (!e) e = build_labels(st);
    if (!e) e = build_bench(st);
    if (!e) e = build_console(st);
    return e;
}

static err_t start(struct station *st)
{
    err_t e = tables_compare_file(st);
    if (!e) e = outbox_start(st->outbox);
    if (!e) e = clarus_start(st->clarus);
    if (!e) e = bench_restore(st->bench);
    if (e) return e;
    checks_route_orders(st);
    return ERR_OK;
}

void rooms_watch_disk(struct station *st)
{
    uint64_t bytes = 0;
    st->disk_at = mono_plus(hal_now(st->hal), DISK_EVERY_MS);
    err_t e = hal_store_free(st->hal, &bytes);
    if (e)
        log_event(&st->log, LOG_WARN, "store.free_unknown", "error=%s", err_name(e));
    else
        store_disk_free(st->store, bytes);
}

static err_t open_rooms(struct station *st, bool damaged, struct station_fault *fault)
{
    err_t e = open_store(st, damaged, fault);
    if (e && !fault->object[0]) set_fault(fault, "station store", e, "see the log");
    if (e) return e;
    e = check_training(st, fault);
    if (e) return e;
    rooms_watch_disk(st);
    e = build(st, fault);
    if (!e) e = start(st);
    if (e && !fault->object[0]) set_fault(fault, "station", e, "see the log");
    return e;
}

err_t rooms_open(struct station *st, struct station_fault *fault)
{
    return open_rooms(st, false, fault);
}

void rooms_close(struct station *st)
{
    if (st->fx) effects_drop(st->fx);
    console_pages_free(st->console);
    bench_free(st->bench);
    labels_free(st->labels);
    alerts_free(st->alerts);
    channels_free(st->channels);
    clarus_free(st->clarus);
    outbox_free(st->outbox);
    effects_free(st->fx);
    store_close(st->store);
    st->console = NULL;
    st->bench = NULL;
    st->labels = NULL;
    st->alerts = NULL;
    st->channels = NULL;
    st->clarus = NULL;
    st->outbox = NULL;
    st->fx = NULL;
    st->store = NULL;
    st->news_count = 0;
    memset(st->checks, 0, sizeof st->checks);
    memset(st->gates, 0, sizeof st->gates);
}

static bool rebuilt_too_often(struct station *st)
{
    mono_t now = hal_now(st->hal);
    if (mono_reached(now, st->rebuilds_until)) {
        st->rebuilds = 0;
        st->rebuilds_until = mono_plus(now, REBUILDS_MS);
    }
    return ++st->rebuilds > REBUILDS_MAX;
}

err_t rooms_rebuild(struct station *st, struct station_fault *fault)
{
    log_event(&st->log, LOG_ERROR, "station.rebuild", "reason=commit_failed");
    bool damaged = store_is_corrupt(st->store);
    if (rebuilt_too_often(st)) {
        set_fault(fault, "station store", ERR_IO,
                  "its disk takes no writes: check the disk or card, replace it when it is worn");
        return ERR_IO;
    }
    if (st->printer) printer_abandon(st->printer, hal_now(st->hal));
    if (st->gear.documents) printer_abandon(st->gear.documents, hal_now(st->hal));
    rooms_close(st);
    err_t e = open_rooms(st, damaged, fault);
    if (!e) bench_not_confirmed(st->bench);
    return e;
}
