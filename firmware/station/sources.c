/* sources.c - what the console may see of the station, and do with it. */
#include "firmware/station/parts.h"

#include <string.h>

#include "firmware/outbox/exceptions.h"

static void see_bench(void *ctx, struct bench_view *out)
{
    struct station *st = ctx;
    bench_view(st->bench, out);
}

static void see_gear(const struct station *st, struct console_station *out)
{
    const struct station_gear *g = &st->gear;
    if (g->documents) {
        struct console_device *d = &out->devices[out->device_count++];
        const char *role = st->config->station.document_printer.port.role;
        slice_copy_cut(slice_text(role), d->role, sizeof d->role);
        slice_copy_cut(SLICE("documents"), d->kind, sizeof d->kind);
        slice_copy_cut(slice_text(printer_identity(g->documents)), d->identity, sizeof d->identity);
        slice_copy_cut(slice_text(g->documents_trouble), d->trouble, sizeof d->trouble);
        d->present = printer_is_present(g->documents);
        d->since = g->documents_since;
    }
    if (!g->scale) return;
    struct console_device *d = &out->devices[out->device_count++];
    const char *trouble = scale_trouble(g->scale, hal_now(st->hal));
    slice_copy_cut(slice_text(st->config->station.scale.port.role), d->role, sizeof d->role);
    slice_copy_cut(SLICE("scale"), d->kind, sizeof d->kind);
    slice_copy_cut(slice_text(scale_identity(g->scale)), d->identity, sizeof d->identity);
    slice_copy_cut(slice_text(trouble), d->trouble, sizeof d->trouble);
    d->present = scale_now(g->scale, hal_now(st->hal)).state != SCALE_ABSENT;
    d->since = g->scale_since;
}

static void see_devices(const struct station *st, struct console_station *out)
{
    const struct config_station *c = &st->config->station;
    for (size_t i = 0; i < c->scanner_count; i++) {
        struct console_device *d = &out->devices[out->device_count++];
        slice_copy_cut(slice_text(c->scanners[i].port.role), d->role, sizeof d->role);
        slice_copy_cut(SLICE("scanner"), d->kind, sizeof d->kind);
        slice_copy_cut(slice_text(st->scanners[i].identity), d->identity, sizeof d->identity);
        d->present = st->scanners[i].present;
        d->since = st->scanners[i].since;
    }
    see_gear(st, out);
    if (!st->printer) return;
    struct console_device *d = &out->devices[out->device_count++];
    slice_copy_cut(slice_text(c->label_printer.role), d->role, sizeof d->role);
    slice_copy_cut(SLICE("printer"), d->kind, sizeof d->kind);
    slice_copy_cut(slice_text(printer_identity(st->printer)), d->identity, sizeof d->identity);
    slice_copy_cut(slice_text(st->printer_trouble), d->trouble, sizeof d->trouble);
    d->present = printer_is_present(st->printer);
    d->since = st->printer_since;
}

static void see_station(void *ctx, struct console_station *out)
{
    struct station *st = ctx;
    struct clarus_figures f;
    clarus_figures(st->clarus, &f);
    memset(out, 0, sizeof *out);
    slice_copy_cut(slice_text(st->config->station.id), out->station, sizeof out->station);
    slice_copy_cut(slice_text(st->config->station.bench_name), out->bench_name,
                   sizeof out->bench_name);
    slice_copy_cut(slice_text(st->config->station.language), out->language, sizeof out->language);
    slice_copy_cut(slice_text(f.trouble), out->clarus_trouble, sizeof out->clarus_trouble);
    slice_copy_cut(slice_text(st->version), out->version, sizeof out->version);
    out->training = st->config->station.training;
    out->demonstration = st->config->station.demonstration;
    out->clarus_reachable = f.reachable;
    out->offline_since = f.offline_since;
    out->catalogue_read_at = f.catalogue_read;
    out->orders_ready = f.orders;
    out->intake_full = store_intake_full(st->store);
    out->intake_warning = store_intake_warning(st->store);
    out->clock_trusted = hal_wall(st->hal).trusted;
    out->started_at = st->started_at;
    see_devices(st, out);
}

static err_t do_scan(void *ctx, struct slice text)
{
    struct station *st = ctx;
    if (!st->config->station.demonstration) return ERR_DENIED;
    struct scan scan = {.text = text};
    bench_scan(st->bench, "screen", &scan);
    return ERR_OK;
}

static err_t do_command(void *ctx, struct slice command)
{
    struct station *st = ctx;
    bench_command(st->bench, command);
    return ERR_OK;
}

struct saved {
    int64_t id;
    int64_t consignment_id;
    enum dispatch_state state;
};

static err_t dispatch_by_key(struct station *st, struct slice key, int64_t *out_id)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(st->store, "SELECT id FROM dispatch WHERE key = ?1", &q);
    if (e) return e;
    store_bind_slice(q, 1, key);
    e = store_step(st->store, q, &row);
    if (e) return e;
    if (!row) return ERR_NOTFOUND;
    *out_id = store_int(q, 0);
    return ERR_OK;
}

static err_t dispatch_by_id(struct station *st, int64_t id, struct saved *out)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e =
        store_prepare(st->store, "SELECT consignment_id, state FROM dispatch WHERE id = ?1", &q);
    if (e) return e;
    store_bind_int(q, 1, id);
    e = store_step(st->store, q, &row);
    if (e) return e;
    if (!row) return ERR_NOTFOUND;
    *out = (struct saved){
        .id = id, .consignment_id = store_int(q, 0), .state = (enum dispatch_state)store_int(q, 1)};
    return ERR_OK;
}

static err_t set_parcels(struct station *st, int64_t dispatch, enum parcel_state state)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(st->store,
                            "UPDATE parcel SET state = ?2 WHERE state <> 5 AND shipment_id = "
                            "(SELECT shipment_id FROM dispatch WHERE id = ?1)",
                            &q);
    if (e) return e;
    store_bind_int(q, 1, dispatch);
    store_bind_int(q, 2, state);
    return store_run(st->store, q);
}

/* What was withdrawn can be packed again; its label is still good until it is voided, and is
 * scanned again before it counts. */
err_t sources_recall(struct station *st, int64_t dispatch_id, const char *who, const char *reason)
{
    struct saved d = {0};
    err_t e = dispatch_by_id(st, dispatch_id, &d);
    if (e || d.state == DISPATCH_RECALLED) return e;
    e = outbox_recall(st->outbox, d.id, who, reason);
    if (!e) e = set_parcels(st, d.id, PARCEL_PRINTED);
    if (!e) e = catalogue_set_state(st->store, d.consignment_id, CONSIGNMENT_LABELLED);
    return e;
}

static err_t do_recall(void *ctx, struct slice dispatch_key, const char *who, const char *reason)
{
    struct station *st = ctx;
    int64_t id = 0;
    err_t e = dispatch_by_key(st, dispatch_key, &id);
    return e ? e : sources_recall(st, id, who, reason);
}

/* The goods are back: the boxes are no more, their labels are voided. */
static err_t did_pull(void *ctx, int64_t exception_id)
{
    struct station *st = ctx;
    struct exception_row x;
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = exception_get(st->store, exception_id, &x);
    if (!e) e = set_parcels(st, x.dispatch_id, PARCEL_VOID);
    if (!e) e = store_prepare(st->store, "SELECT shipment_id FROM dispatch WHERE id = ?1", &q);
    if (e) return e;
    store_bind_int(q, 1, x.dispatch_id);
    e = store_step(st->store, q, &row);
    int64_t shipment = !e && row ? store_int(q, 0) : 0;
    store_reset_local(&q);
    if (shipment) clarus_void(st->clarus, shipment);
    return e;
}

struct console_sources sources_for_console(struct station *st)
{
    return (struct console_sources){.ctx = st,
                                    .bench = see_bench,
                                    .station = see_station,
                                    .scan = do_scan,
                                    .command = do_command,
                                    .recall = do_recall,
                                    .pulled = did_pull};
}
