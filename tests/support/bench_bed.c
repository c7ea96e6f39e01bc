#include "tests/support/bench_bed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/codes/aim.h"

#define CHECKED_OK(call) assert_int_equal((call), ERR_OK)

static void ask_find(void *ctx, uint32_t ticket, struct slice code)
{
    struct bench_bed *bed = ctx;
    (void)code;
    bed->asked.finds++;
    bed->asked.find_ticket = ticket;
}

static void ask_product(void *ctx, uint32_t ticket, struct slice code)
{
    struct bench_bed *bed = ctx;
    slice_copy_cut(code, bed->asked.product_code, sizeof bed->asked.product_code);
    bed->asked.products++;
    bed->asked.product_ticket = ticket;
}

static void ask_unit(void *ctx, uint32_t ticket, int64_t consignment_id, struct slice sscc)
{
    struct bench_bed *bed = ctx;
    (void)consignment_id;
    slice_copy_cut(sscc, bed->asked.unit_code, sizeof bed->asked.unit_code);
    bed->asked.units++;
    bed->asked.unit_ticket = ticket;
}

static void ask_check(void *ctx, uint32_t ticket, int64_t consignment_id, enum bench_check why)
{
    struct bench_bed *bed = ctx;
    (void)consignment_id;
    bed->asked.checks++;
    bed->asked.check_ticket = ticket;
    bed->asked.check_why = why;
}

static void ask_claim(void *ctx, uint32_t ticket, int64_t consignment_id, bool take_over)
{
    struct bench_bed *bed = ctx;
    (void)consignment_id;
    bed->asked.claims++;
    bed->asked.claim_ticket = ticket;
    bed->asked.take_over = take_over;
}

static void ask_release(void *ctx, int64_t consignment_id)
{
    struct bench_bed *bed = ctx;
    (void)consignment_id;
    bed->asked.releases++;
}

static void ask_prepare(void *ctx, int64_t shipment_id)
{
    struct bench_bed *bed = ctx;
    bed->asked.prepares++;
    bed->asked.shipment = shipment_id;
}

static void ask_buy(void *ctx, int64_t shipment_id)
{
    struct bench_bed *bed = ctx;
    bed->asked.buys++;
    bed->asked.shipment = shipment_id;
}

static void ask_cancel(void *ctx, int64_t shipment_id)
{
    struct bench_bed *bed = ctx;
    bed->asked.cancels++;
    bed->asked.shipment = shipment_id;
}

static err_t ask_print(void *ctx, int64_t parcel_id)
{
    struct bench_bed *bed = ctx;
    if (bed->print_answer) return bed->print_answer;
    bed->asked.prints++;
    bed->asked.printed_parcel = parcel_id;
    return ERR_OK;
}

static err_t ask_recall(void *ctx, int64_t dispatch_id, const char *who)
{
    struct bench_bed *bed = ctx;
    (void)who;
    bed->asked.recalls++;
    bed->asked.recalled = dispatch_id;
    return bed->recall_answer;
}

static bool ask_weigh(void *ctx, struct scale_weight *out)
{
    struct bench_bed *bed = ctx;
    *out = bed->scale;
    return bed->scale.state != SCALE_ABSENT;
}

static err_t ask_paper(void *ctx, int64_t paper_id, enum paper_kind kind,
                       const struct paper_fields *fields)
{
    struct bench_bed *bed = ctx;
    if (bed->paper_answer) return bed->paper_answer;
    bed->asked.papers++;
    bed->asked.paper = paper_id;
    bed->asked.paper_kind = kind;
    slice_copy_cut(slice_text(fields->code), bed->asked.paper_code, sizeof bed->asked.paper_code);
    slice_copy_cut(slice_text(fields->title), bed->asked.paper_title,
                   sizeof bed->asked.paper_title);
    slice_copy_cut(slice_text(fields->text), bed->asked.paper_text, sizeof bed->asked.paper_text);
    bed->asked.paper_rows = fields->row_count;
    if (kind == PAPER_HOLD_TAG) bed->asked.tags++;
    return ERR_OK;
}

static void attempt(void *ctx, const struct outbox_message *m)
{
    struct bench_bed *bed = ctx;
    (void)m;
    bed->attempts++;
}

static void heard(void *ctx, mono_t now, enum hal_light light, enum hal_tone tone)
{
    struct bench_bed *bed = ctx;
    (void)now;
    (void)light;
    bed->alarms += tone == HAL_TONE_ALARM;
}

static void some_random(void *ctx, void *out, size_t len)
{
    hal_random(ctx, out, len);
}

/* --------------------------------------------------------------------------------- building -- */

static void add_destination(struct bench_bed *bed, const char *name, uint8_t step)
{
    struct destination_spec d = {
        .step = step, .concurrency = 1, .settle_ms = 1000, .settle_reads = 1};
    slice_copy_cut(slice_text(name), d.name, sizeof d.name);
    d.connector = (struct connector){.attempt = attempt, .ctx = bed};
    CHECKED_OK(outbox_destination(bed->outbox, &d));
}

static void build(struct bench_bed *bed)
{
    struct store_options so = {
        .path = bed->path, .station = "PB7", .random = some_random, .random_ctx = bed->hal};
    struct store_fault fault;
    CHECKED_OK(store_open(&so, &bed->store, &fault));
    CHECKED_OK(effects_new(bed->hal, NULL, &bed->fx));
    struct outbox_options oo = {.store = bed->store, .fx = bed->fx};
    CHECKED_OK(outbox_new(&oo, &bed->outbox));
    add_destination(bed, CLARUS, 0);
    add_destination(bed, "shop", 2);
    CHECKED_OK(outbox_start(bed->outbox));
    struct bench_orders orders = {.ctx = bed,
                                  .find = ask_find,
                                  .product = ask_product,
                                  .unit = ask_unit,
                                  .check = ask_check,
                                  .claim = ask_claim,
                                  .release = ask_release,
                                  .prepare = ask_prepare,
                                  .buy = ask_buy,
                                  .cancel = ask_cancel,
                                  .print = ask_print,
                                  .recall = ask_recall,
                                  .weigh = ask_weigh,
                                  .paper = ask_paper};
    struct bench_options bo = {.store = bed->store,
                               .fx = bed->fx,
                               .outbox = bed->outbox,
                               .config = &bed->config,
                               .orders = orders};
    CHECKED_OK(bench_new(&bo, &bed->bench));
}

static void put_product(struct bench_bed *bed, const char *id, const char *code, const char *unit,
                        const char *box)
{
    struct product_reading r = {.clarus_id = id, .code = code, .description = code};
    r.barcode[0].code = unit;
    r.barcode[0].factor = QTY_UNITS(1);
    r.barcode[2].code = box;
    r.barcode[2].factor = QTY_UNITS(12);
    int64_t out;
    CHECKED_OK(catalogue_put_product(bed->store, hal_wall(bed->hal), &r, &out));
}

static int64_t put_order(struct bench_bed *bed, const char *id, const char *reference,
                         const char *note, const char *gift)
{
    struct consignment_reading r = {.clarus_id = id,
                                    .reference = reference,
                                    .status = "PICK",
                                    .account_code = "ACME",
                                    .carrier_code = "DPD",
                                    .carrier_name = "DPD",
                                    .service_name = "Next Day",
                                    .promised_service = "Next Day",
                                    .channel = "shop",
                                    .shop_order = id,
                                    .packing_note = note,
                                    .gift_message = gift};
    int64_t out = 0;
    CHECKED_OK(catalogue_put_consignment(bed->store, hal_wall(bed->hal), &r, &out));
    return out;
}

static void put_line(struct bench_bed *bed, int64_t order, const char *line, const char *product,
                     const char *sku, int quantity)
{
    struct line_reading r = {.clarus_line_id = line,
                             .product_clarus_id = product,
                             .sku = sku,
                             .ordered = QTY_UNITS(quantity),
                             .allocated = QTY_UNITS(quantity),
                             .picked = QTY_UNITS(quantity)};
    CHECKED_OK(catalogue_put_line(bed->store, order, &r));
}

static void fill(struct bench_bed *bed)
{
    CHECKED_OK(store_begin(bed->store));
    put_product(bed, "501", "MUG-1", MUG, MUG_CASE);
    put_product(bed, "502", TEE, "", "");
    put_product(bed, "503", "PEN", STRANGER, "");
    bed->order = put_order(bed, "1", "WEB-1", "", "");
    put_line(bed, bed->order, "11", "501", "MUG-1", 14);
    put_line(bed, bed->order, "12", "502", TEE, 1);
    bed->second = put_order(bed, "2", "WEB-2", "wrap twice", "Happy birthday");
    put_line(bed, bed->second, "21", "501", "MUG-1", 2);
    struct packaging box = {.code = "BOX-S", .clarus_id = "15", .name = "Small box"};
    struct packaging bag = {.code = "BAG-1", .clarus_id = "16", .name = "Bag"};
    CHECKED_OK(catalogue_put_packaging(bed->store, &box));
    CHECKED_OK(catalogue_put_packaging(bed->store, &bag));
    CHECKED_OK(store_commit(bed->store));
}

void bed_open(struct bench_bed *bed)
{
    memset(bed, 0, sizeof *bed);
    (void)snprintf(bed->folder, sizeof bed->folder, "/tmp/bench-XXXXXX");
    assert_non_null(mkdtemp(bed->folder));
    (void)snprintf(bed->path, sizeof bed->path, "%s/s.db", bed->folder);
    struct hal_sim_options o = {.seed = 1, .store_path = bed->path};
    CHECKED_OK(hal_sim_open(&o, &bed->hal));
    struct hal_sim_observer observer = {.ctx = bed, .signal = heard};
    hal_sim_observe(bed->hal, &observer);
    struct config_site *site = &bed->config.site;
    slice_copy_cut(SLICE("^P:"), site->command_prefix, sizeof site->command_prefix);
    slice_copy_cut(SLICE("^B:"), site->badge_prefix, sizeof site->badge_prefix);
    site->max_state_age_s = 900;
    build(bed);
    fill(bed);
    CHECKED_OK(bench_restore(bed->bench));
    bed_settle(bed);
}

static void tear_down(struct bench_bed *bed)
{
    bench_free(bed->bench);
    outbox_free(bed->outbox);
    effects_free(bed->fx);
    store_close(bed->store);
}

void bed_close(struct bench_bed *bed)
{
    tear_down(bed);
    hal_sim_close(bed->hal);
    char command[96];
    (void)snprintf(command, sizeof command, "rm -r %s", bed->folder);
    assert_int_equal(system(command), 0);
}

void bed_restart(struct bench_bed *bed)
{
    tear_down(bed);
    hal_sim_power_cut(bed->hal, true);
    build(bed);
    memset(&bed->asked, 0, sizeof bed->asked);
    CHECKED_OK(bench_restore(bed->bench));
    bed_settle(bed);
}

/* ---------------------------------------------------------------------------------- playing -- */

void bed_settle(struct bench_bed *bed)
{
    if (store_is_dirty(bed->store)) CHECKED_OK(store_commit(bed->store));
    effects_acknowledge(bed->fx);
    effects_perform(bed->fx);
    bench_view(bed->bench, &bed->view);
}

void bed_scan(struct bench_bed *bed, const char *text)
{
    struct scan scan = {.text = slice_text(text)};
    slice_copy_cut(aim_split(&scan.text), scan.aim, sizeof scan.aim);
    bench_scan(bed->bench, "scanner", &scan);
    bed_settle(bed);
}

void bed_command(struct bench_bed *bed, const char *command)
{
    char text[64];
    (void)snprintf(text, sizeof text, "^P:%s", command);
    bed_scan(bed, text);
}

void bed_verdict(struct bench_bed *bed, enum verdict_kind kind, const char *rule)
{
    struct verdict v = {.kind = kind, .origin = "clarus", .owner = "lead"};
    slice_copy_cut(slice_text(rule), v.rule, sizeof v.rule);
    bench_checked(bed->bench, bed->asked.check_ticket, &v);
    bed_settle(bed);
}

void bed_claimed(struct bench_bed *bed, err_t error)
{
    bench_claimed(bed->bench, bed->asked.claim_ticket, error, "bench 3");
    bed_settle(bed);
}

void bed_wait(struct bench_bed *bed, int64_t ms)
{
    mono_t until = mono_plus(hal_now(bed->hal), ms);
    struct hal_event events[4];
    size_t count;
    while (!mono_reached(hal_now(bed->hal), until)) {
        mono_t next = mono_earlier(until, bench_deadline(bed->bench));
        CHECKED_OK(hal_wait(bed->hal, next, events, 4, &count));
        bench_tick(bed->bench);
        bed_settle(bed);
    }
}

void bed_open_order(struct bench_bed *bed, const char *reference)
{
    bed_scan(bed, reference);
    bed_verdict(bed, VERDICT_GO, "");
    bed_claimed(bed, ERR_OK);
}

void bed_sql(struct bench_bed *bed, const char *sql)
{
    CHECKED_OK(store_begin(bed->store));
    sqlite3_stmt *q = NULL;
    CHECKED_OK(store_prepare(bed->store, sql, &q));
    CHECKED_OK(store_run(bed->store, q));
}

void bed_buy(struct bench_bed *bed)
{
    bed_verdict(bed, VERDICT_GO, "");
    assert_int_equal(bed->view.face, FACE_WAITING);
    bed_sql(bed, "UPDATE parcel SET tracking = '" TRACKING_1 "' WHERE number = 1 AND state = 1");
    bed_sql(bed, "UPDATE parcel SET tracking = '" TRACKING_2 "' WHERE number = 2 AND state = 1");
    bed_sql(bed, "UPDATE shipment SET state = 4, service_bought = 'Next Day' WHERE state = 0");
    bench_label(bed->bench, bed->asked.shipment, BENCH_LABEL_READY, "");
    bed_settle(bed);
}

void bed_print(struct bench_bed *bed)
{
    bench_printed(bed->bench, bed->asked.printed_parcel, PRINT_PRINTED, "");
    bed_settle(bed);
}

void bed_scale(struct bench_bed *bed, enum scale_state state, int64_t g)
{
    bed->scale = (struct scale_weight){.state = state, .mg = g * 1000};
    bench_scale(bed->bench);
    bed_settle(bed);
}

void bed_paper(struct bench_bed *bed)
{
    bench_paper_printed(bed->bench, bed->asked.paper, PRINT_PRINTED);
    bed_settle(bed);
}

int64_t bed_number(struct bench_bed *bed, const char *sql)
{
    sqlite3_stmt *q = NULL;
    bool row = false;
    CHECKED_OK(store_prepare(bed->store, sql, &q));
    CHECKED_OK(store_step(bed->store, q, &row));
    assert_true(row);
    int64_t n = store_int(q, 0);
    store_reset_local(&q);
    return n;
}
