/* links.c - what the rooms tell one another, through the station. */
#include "firmware/station/parts.h"

#include <string.h>

#include "firmware/labels/training.h"

static void put_text(struct news *n, const char *text)
{
    slice_copy_cut(slice_text(text), n->text, sizeof n->text);
}

/* ----------------------------------------------------------------------- orders of the bench -- */

static void order_find(void *ctx, uint32_t ticket, struct slice code)
{
    struct station *st = ctx;
    clarus_find(st->clarus, ticket, code);
}

static void order_product(void *ctx, uint32_t ticket, struct slice code)
{
    struct station *st = ctx;
    clarus_product(st->clarus, ticket, code);
}

static void order_unit(void *ctx, uint32_t ticket, int64_t consignment_id, struct slice sscc)
{
    struct station *st = ctx;
    clarus_unit(st->clarus, ticket, consignment_id, sscc);
}

static void order_check(void *ctx, uint32_t ticket, int64_t consignment_id, enum bench_check why)
{
    checks_start(ctx, ticket, consignment_id, why);
}

static void order_claim(void *ctx, uint32_t ticket, int64_t consignment_id, bool take_over)
{
    struct station *st = ctx;
    clarus_claim(st->clarus, ticket, consignment_id, take_over);
}

static void order_release(void *ctx, int64_t consignment_id)
{
    struct station *st = ctx;
    clarus_release(st->clarus, consignment_id);
}

static void order_prepare(void *ctx, int64_t shipment_id)
{
    struct station *st = ctx;
    clarus_prepare(st->clarus, shipment_id);
}

/* A document that is here already is made ready again; else Clarus goes on where it stands. */
static void order_buy(void *ctx, int64_t shipment_id)
{
    struct station *st = ctx;
    err_t e = labels_resume(st->labels, shipment_id);
    if (e && e != ERR_BUSY) clarus_buy(st->clarus, shipment_id);
}

static void order_cancel(void *ctx, int64_t shipment_id)
{
    struct station *st = ctx;
    clarus_void(st->clarus, shipment_id);
}

/* The label was made for a printer of another language: it is made again from its document, and
 * printed when that is done. */
static err_t make_again(struct station *st, int64_t parcel_id)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(st->store, "SELECT shipment_id FROM parcel WHERE id = ?1", &q);
    if (e) return e;
    store_bind_int(q, 1, parcel_id);
    e = store_step(st->store, q, &row);
    if (e || !row) return e ? e : ERR_NOTFOUND;
    st->remade_shipment = store_int(q, 0);
    e = labels_resume(st->labels, st->remade_shipment);
    log_event(&st->log, LOG_WARN, "label.made_again", "shipment=%lld error=%s",
              (long long)st->remade_shipment, err_name(e));
    return e && e != ERR_BUSY ? e : ERR_GONE;
}

/* A label that cannot be marked does not come out. */
static err_t print_training(struct station *st, int64_t parcel_id, struct slice job)
{
    struct buf marked = buf_new(LABEL_JOB_MAX);
    err_t e = training_mark(st->config->station.printer_language, job, &marked);
    if (!e) e = devices_print(st, (uint32_t)parcel_id, buf_slice(&marked));
    if (e) log_event(&st->log, LOG_WARN, "training.not_printed", "error=%s", err_name(e));
    buf_deinit(&marked);
    return e;
}

static err_t order_print(void *ctx, int64_t parcel_id)
{
    struct station *st = ctx;
    struct buf job = buf_new(LABEL_JOB_MAX);
    err_t e = labels_job(st->store, parcel_id, &job);
    if (!e && st->config->station.training)
        e = print_training(st, parcel_id, buf_slice(&job));
    else if (!e)
        e = devices_print(st, (uint32_t)parcel_id, buf_slice(&job));
    if (e == ERR_INVALID) e = make_again(st, parcel_id);
    buf_deinit(&job);
    return e;
}

static bool order_weigh(void *ctx, struct scale_weight *out)
{
    return gear_weight(ctx, out);
}

static err_t order_paper(void *ctx, int64_t paper_id, enum paper_kind kind,
                         const struct paper_fields *fields)
{
    struct station *st = ctx;
    return devices_print_paper(st, (uint32_t)paper_id, kind, fields);
}

static void order_signed_on(void *ctx)
{
    devices_test_label(ctx);
}

static err_t order_recall(void *ctx, int64_t dispatch_id, const char *who)
{
    return sources_recall(ctx, dispatch_id, who, "taken back at the bench");
}

struct bench_orders links_for_bench(struct station *st)
{
    return (struct bench_orders){.ctx = st,
                                 .find = order_find,
                                 .product = order_product,
                                 .unit = order_unit,
                                 .check = order_check,
                                 .claim = order_claim,
                                 .release = order_release,
                                 .prepare = order_prepare,
                                 .buy = order_buy,
                                 .cancel = order_cancel,
                                 .print = order_print,
                                 .recall = order_recall,
                                 .signed_on = order_signed_on,
                                 .weigh = order_weigh,
                                 .paper = order_paper};
}

/* ------------------------------------------------------------------------- news from Clarus -- */

static void on_found(void *ctx, uint32_t ticket, err_t error, int64_t consignment_id)
{
    struct news *n = news_add(ctx, NEWS_FOUND);
    n->ticket = ticket;
    n->error = error;
    n->id = consignment_id;
}

static void on_checked(void *ctx, uint32_t ticket, const struct verdict *v)
{
    checks_clarus_answer(ctx, ticket, v);
}

static void on_claimed(void *ctx, uint32_t ticket, err_t error, const char *text)
{
    struct news *n = news_add(ctx, NEWS_CLAIMED);
    n->ticket = ticket;
    n->error = error;
    put_text(n, text);
}

static void label_news_add(struct station *st, int64_t shipment_id, enum bench_label_news what,
                           const char *text)
{
    struct news *n = news_add(st, NEWS_LABEL);
    n->id = shipment_id;
    n->label = what;
    put_text(n, text);
}

static void document_arrived(struct station *st, int64_t shipment_id, struct slice document)
{
    err_t e = labels_accept(st->labels, shipment_id, document);
    if (e && e != ERR_BUSY) label_news_add(st, shipment_id, BENCH_LABEL_UNFIT, err_text(e));
}

static void on_label(void *ctx, int64_t shipment_id, enum label_step step, const char *text,
                     struct slice document)
{
    switch (step) {
    case LABEL_STEP_MADE:
        return;
    case LABEL_STEP_BOUGHT:
        label_news_add(ctx, shipment_id, BENCH_LABEL_BOUGHT, text);
        return;
    case LABEL_STEP_DOCUMENT:
        document_arrived(ctx, shipment_id, document);
        return;
    case LABEL_STEP_REFUSED:
        label_news_add(ctx, shipment_id, BENCH_LABEL_REFUSED, text);
        return;
    case LABEL_STEP_LATE:
        label_news_add(ctx, shipment_id, BENCH_LABEL_LATE, text);
        return;
    case LABEL_STEP_CHANGED:
        label_news_add(ctx, shipment_id, BENCH_LABEL_CHANGED, text);
        return;
    case LABEL_STEP_OFFLINE:
        label_news_add(ctx, shipment_id, BENCH_LABEL_OFFLINE, text);
        return;
    }
}

void links_label_done(void *ctx, const struct labels_result *r)
{
    struct station *st = ctx;
    char why[SAY_CAP];
    bool again = st->remade_shipment == r->shipment_id;
    bool held = !r->error && tables_hold_tracking(st, r->shipment_id, why);
    label_news_add(st, r->shipment_id, r->error || held ? BENCH_LABEL_UNFIT : BENCH_LABEL_READY,
                   held ? why : r->text);
    if (!again) return;
    st->remade_shipment = 0;
    if (!r->error && !held) (void)news_add(st, NEWS_PRINTER_READY);
}

static void on_voided(void *ctx, int64_t shipment_id, err_t error, const char *text)
{
    struct news *n = news_add(ctx, NEWS_VOIDED);
    n->id = shipment_id;
    n->error = error;
    put_text(n, text);
}

static void on_product(void *ctx, uint32_t ticket, err_t error)
{
    struct news *n = news_add(ctx, NEWS_PRODUCT);
    n->ticket = ticket;
    n->error = error;
}

static void on_unit(void *ctx, uint32_t ticket, err_t error, const struct unit_reading *u)
{
    struct news *n = news_add(ctx, NEWS_UNIT);
    n->ticket = ticket;
    n->error = error;
    n->unit = *u;
}

static void on_refreshed(void *ctx)
{
    struct station *st = ctx;
    checks_route_orders(st);
    watch_refreshed(st);
    effects_screen(st->fx);
    (void)news_add(st, NEWS_ONLINE);
}

#define STANDING_MAX 32 /* dispatches of one order: each has a parcel at least */

static size_t standing_dispatches(struct station *st, int64_t consignment_id,
                                  int64_t ids[STANDING_MAX])
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    size_t count = 0;
    if (store_prepare(
            st->store,
            "SELECT id FROM dispatch WHERE consignment_id = ?1 AND state IN (0, 1) ORDER BY id",
            &q))
        return 0;
    store_bind_int(q, 1, consignment_id);
    for (bool row = true; count < STANDING_MAX && store_step(st->store, q, &row) == ERR_OK && row;)
        ids[count++] = store_int(q, 0);
    return count;
}

void links_late_cancel(struct station *st, int64_t consignment_id, const char *text)
{
    int64_t ids[STANDING_MAX];
    size_t count = standing_dispatches(st, consignment_id, ids);
    for (size_t i = 0; i < count; i++) {
        err_t e = outbox_pull(st->outbox, ids[i], "order.cancelled", text);
        if (e) log_event(&st->log, LOG_ERROR, "pull.failed", "error=%s", err_name(e));
    }
    if (count) effects_signal(st->fx, HAL_LIGHT_RED_FLASH, HAL_TONE_ATTENTION);
}

static void on_late_cancel(void *ctx, int64_t consignment_id, const char *text)
{
    links_late_cancel(ctx, consignment_id, text);
}

struct clarus_callbacks links_for_clarus(struct station *st)
{
    return (struct clarus_callbacks){.ctx = st,
                                     .found = on_found,
                                     .checked = on_checked,
                                     .claimed = on_claimed,
                                     .label = on_label,
                                     .voided = on_voided,
                                     .product = on_product,
                                     .unit = on_unit,
                                     .refreshed = on_refreshed,
                                     .late_cancel = on_late_cancel};
}
