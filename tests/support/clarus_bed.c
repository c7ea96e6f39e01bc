#include "tests/support/clarus_bed.h"

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

int64_t clarus_bed_now(struct clarus_bed *b)
{
    return hal_wall(b->hal).ms;
}

/* ------------------------------------------------------------------------------------ network --
 */

static const char *method_name(enum hal_method m)
{
    static const char *const names[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    return names[m];
}

static bool request_has(const struct hal_http_request *r, const char *text)
{
    return strstr(r->url, text) || slice_find(r->body, slice_text(text)) < r->body.len;
}

static uint32_t roll(struct clarus_bed *b)
{
    b->dice = b->dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(b->dice >> 33);
}

static void spoil(struct clarus_bed *b, const struct hal_http_request *r,
                  struct hal_sim_reply *reply)
{
    if (reply->outcome != HAL_HTTP_ANSWERED) return;
    if (b->spoil_times && request_has(r, b->spoil_match)) {
        b->spoil_times--;
        reply->status = b->spoil_status;
        buf_clear(&reply->body);
        buf_text(&reply->body, b->spoil_body);
    }
    if (!b->mutate_one_in || !reply->body.len || roll(b) % b->mutate_one_in) return;
    size_t at = roll(b) % reply->body.len;
    if (roll(b) % 2)
        reply->body.len = at;
    else
        reply->body.ptr[at] = (uint8_t)roll(b);
}

static void on_http(void *ctx, mono_t now, const struct hal_http_request *request,
                    struct hal_sim_reply *reply)
{
    struct clarus_bed *b = ctx;
    (void)now;
    const char *base = b->config.site.clarus.base_url;
    reply->outcome = HAL_HTTP_NOT_SENT;
    if (b->offline || strncmp(request->url, base, strlen(base)) != 0) return;
    char path[2400];
    snprintf(path, sizeof path, "%s", request->url + strlen(base));
    char *query = strchr(path, '?');
    if (query) *query++ = '\0';
    struct peer_header headers[HAL_HTTP_HEADERS_MAX];
    bool secret = false, tenant = false;
    for (size_t i = 0; i < request->header_count; i++) {
        headers[i] = (struct peer_header){request->headers[i].name, request->headers[i].value};
        secret |= strcmp(headers[i].name, "Authorization") == 0;
        tenant |= strcmp(headers[i].name, "X-Clarus-Subdomain") == 0;
    }
    bool file = strncmp(path, "/files/", 7) == 0;
    b->with_secret += file && secret;
    b->without_tenant += !file && !tenant;
    struct peer_request r = {.method = method_name(request->method),
                             .path = path,
                             .query = query,
                             .headers = headers,
                             .header_count = request->header_count,
                             .body = request->body};
    struct peer_reply answer;
    peer_reply_init(&answer);
    peers_handle(b->peers, PEER_CLARUS, clarus_bed_now(b), &r, &answer);
    if (answer.outcome == PEER_ANSWER) {
        reply->outcome = HAL_HTTP_ANSWERED;
        reply->status = answer.status;
        reply->delay_ms = answer.delay_ms + 5;
        buf_put(&reply->body, buf_slice(&answer.body));
        for (size_t i = 0; i < answer.header_count; i++)
            buf_printf(&reply->headers, "%s: %s\r\n", answer.headers[i].name,
                       answer.headers[i].value);
    } else {
        reply->outcome = HAL_HTTP_UNKNOWN;
        reply->delay_ms = 20;
    }
    peer_reply_deinit(&answer);
    spoil(b, request, reply);
}

/* ---------------------------------------------------------------------------------- callbacks --
 */

static void on_found(void *ctx, uint32_t ticket, err_t error, int64_t id)
{
    struct clarus_bed *b = ctx;
    (void)ticket;
    b->found_count++;
    b->found_error = error;
    b->found_id = id;
}

static void on_checked(void *ctx, uint32_t ticket, const struct verdict *v)
{
    struct clarus_bed *b = ctx;
    (void)ticket;
    b->checked_count++;
    b->verdict = *v;
}

static void on_claimed(void *ctx, uint32_t ticket, err_t error, const char *text)
{
    struct clarus_bed *b = ctx;
    (void)ticket;
    b->claimed_count++;
    b->claimed_error = error;
    snprintf(b->claimed_text, sizeof b->claimed_text, "%s", text);
}

static void on_label(void *ctx, int64_t shipment_id, enum label_step step, const char *text,
                     struct slice document)
{
    struct clarus_bed *b = ctx;
    (void)shipment_id;
    b->steps[step]++;
    b->last_step = step;
    snprintf(b->label_text, sizeof b->label_text, "%s", text);
    if (step != LABEL_STEP_DOCUMENT) return;
    buf_clear(&b->document);
    buf_put(&b->document, document);
}

static void on_voided(void *ctx, int64_t shipment_id, err_t error, const char *text)
{
    struct clarus_bed *b = ctx;
    (void)shipment_id;
    b->voided_count++;
    b->voided_error = error;
    snprintf(b->voided_text, sizeof b->voided_text, "%s", text);
}

static void on_unit(void *ctx, uint32_t ticket, err_t error, const struct unit_reading *u)
{
    struct clarus_bed *b = ctx;
    (void)ticket;
    b->unit_count++;
    b->unit_error = error;
    b->unit = *u;
}

static void on_product(void *ctx, uint32_t ticket, err_t error)
{
    struct clarus_bed *b = ctx;
    (void)ticket;
    b->product_count++;
    b->product_error = error;
}

static void on_refreshed(void *ctx)
{
    ((struct clarus_bed *)ctx)->refreshed_count++;
}

static void on_late_cancel(void *ctx, int64_t consignment_id, const char *text)
{
    struct clarus_bed *b = ctx;
    (void)text;
    b->late_cancel_count++;
    b->late_cancel_id = consignment_id;
}

static void on_log(void *ctx, mono_t now, struct slice line)
{
    struct clarus_bed *b = ctx;
    if (b->verbose)
        fprintf(stderr, "%8lld %.*s\n", (long long)now.ms, (int)line.len, (const char *)line.ptr);
}

/* --------------------------------------------------------------------------------------- life --
 */

static void start(struct clarus_bed *b)
{
    struct store_fault fault;
    const struct store_options so = {
        .path = b->path, .station = "PB7", .random = fill_random, .random_ctx = b->hal};
    assert_int_equal(effects_new(b->hal, &b->log, &b->fx), ERR_OK);
    err_t e = store_open(&so, &b->st, &fault);
    if (e) fail_msg("%s: %s", err_name(e), fault.reason);
    const struct outbox_options oo = {.store = b->st, .fx = b->fx, .log = &b->log};
    assert_int_equal(outbox_new(&oo, &b->ob), ERR_OK);
    const struct clarus_options co = {
        .store = b->st,
        .fx = b->fx,
        .outbox = b->ob,
        .log = &b->log,
        .config = &b->config,
        .on = {.ctx = b,
               .found = on_found,
               .checked = on_checked,
               .claimed = on_claimed,
               .label = on_label,
               .voided = on_voided,
               .product = on_product,
               .unit = on_unit,
               .refreshed = on_refreshed,
               .late_cancel = on_late_cancel},
    };
    assert_int_equal(clarus_new(&co, &b->clarus), ERR_OK);
    struct destination_spec d = {
        .name = CLARUS, .concurrency = 4, .settle_ms = 10000, .settle_reads = 3};
    clarus_connector(b->clarus, &d.connector);
    assert_int_equal(outbox_destination(b->ob, &d), ERR_OK);
    assert_int_equal(outbox_start(b->ob), ERR_OK);
    assert_int_equal(clarus_start(b->clarus), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
    effects_perform(b->fx);
}

static void stop(struct clarus_bed *b)
{
    clarus_free(b->clarus);
    outbox_free(b->ob);
    store_close(b->st);
    effects_free(b->fx);
}

static void set(char *out, size_t cap, const char *text)
{
    assert_int_equal(slice_copy(slice_text(text), out, cap), ERR_OK);
}

static void configure(struct clarus_bed *b, bool without_user)
{
    struct config_clarus *k = &b->config.site.clarus;
    set(b->config.station.id, sizeof b->config.station.id, "PB7");
    set(k->base_url, sizeof k->base_url, "http://clarus.test");
    set(k->path_prefix, sizeof k->path_prefix, "/api");
    set(k->tenant, sizeof k->tenant, "acme");
    set(k->client_id_secret, sizeof k->client_id_secret, "clarus-id");
    set(k->client_secret_secret, sizeof k->client_secret_secret, "clarus-secret");
    if (!without_user) set(k->user_email, sizeof k->user_email, "bench-1@acme.example");
    set(k->ready_status[0], sizeof k->ready_status[0], "PICK");
    set(k->ready_status[1], sizeof k->ready_status[1], "ALLOCATED");
    set(k->ready_status[2], sizeof k->ready_status[2], "PART_ALLOCATED");
    set(k->cancelled_status[0], sizeof k->cancelled_status[0], "CANCELLED");
    set(k->done_status[0], sizeof k->done_status[0], "COMPLETED");
    k->poll_s = 20;
    k->timeout_ms = 20000;
    k->submit_timeout_ms = 60000;
    k->settle_ms = 10000;
    k->settle_reads = 3;
    k->label_wait_s = 60;
    k->part_allocated_may_go = true;
}

struct clarus_bed *clarus_bed_new(const struct clarus_bed_options *options)
{
    struct clarus_bed *b = calloc(1, sizeof *b);
    memcpy(b->dir, "/tmp/packd-clarus-XXXXXX", 25);
    assert_non_null(mkdtemp(b->dir));
    snprintf(b->path, sizeof b->path, "%s/store.db", b->dir);
    const struct hal_sim_options ho = {.seed = 7, .store_path = b->path};
    assert_int_equal(hal_sim_open(&ho, &b->hal), ERR_OK);
    const struct hal_sim_observer observer = {.ctx = b, .log = on_log};
    hal_sim_observe(b->hal, &observer);
    hal_sim_on_http(b->hal, on_http, b);
    hal_sim_set_secret(b->hal, "clarus-id", "bench-1");
    hal_sim_set_secret(b->hal, "clarus-secret", "secret-1");
    b->verbose = getenv("CLARUS_BED_VERBOSE") != NULL;
    b->log = (struct log){.hal = b->hal, .threshold = LOG_INFO};
    b->document = buf_new(LABEL_DOCUMENT_MAX);
    struct peers_options po = options ? options->peers : (struct peers_options){0};
    b->peers = peers_new(&po);
    configure(b, options && options->without_user);
    clarus_bed_goods(b);
    start(b);
    return b;
}

void clarus_bed_free(struct clarus_bed *b)
{
    char wal[96];
    stop(b);
    peers_free(b->peers);
    hal_sim_close(b->hal);
    buf_deinit(&b->document);
    snprintf(wal, sizeof wal, "%s-wal", b->path);
    unlink(wal);
    unlink(b->path);
    rmdir(b->dir);
    free(b);
}

void clarus_bed_crash(struct clarus_bed *b)
{
    stop(b);
    hal_sim_power_cut(b->hal, true);
    start(b);
}

static void step(struct clarus_bed *b)
{
    clarus_tick(b->clarus);
    outbox_tick(b->ob);
    if (store_is_dirty(b->st)) assert_int_equal(store_commit(b->st), ERR_OK);
    effects_acknowledge(b->fx);
    effects_perform(b->fx);
}

bool clarus_bed_round(struct clarus_bed *b, mono_t until)
{
    struct hal_event events[HAL_EVENTS_MAX];
    size_t n = 0;
    mono_t next =
        mono_earlier(mono_earlier(clarus_deadline(b->clarus), outbox_deadline(b->ob)), until);
    assert_int_equal(hal_wait(b->hal, next, events, HAL_EVENTS_MAX, &n), ERR_OK);
    for (size_t i = 0; i < n; i++)
        effects_route(b->fx, &events[i]);
    step(b);
    return hal_now(b->hal).ms < until.ms;
}

void clarus_bed_pass(struct clarus_bed *b, int64_t ms)
{
    mono_t until = mono_plus(hal_now(b->hal), ms);
    step(b);
    while (clarus_bed_round(b, until)) {
    }
}

void clarus_bed_until(struct clarus_bed *b, clarus_bed_condition *met, const char *what)
{
    mono_t until = mono_plus(hal_now(b->hal), 600000);
    step(b);
    while (!met(b))
        if (!clarus_bed_round(b, until)) fail_msg("not within ten minutes: %s", what);
    step(b);
}

/* ---------------------------------------------------------------------------------------- SQL --
 */

int64_t clarus_bed_int(struct clarus_bed *b, const char *sql)
{
    sqlite3_stmt *q = NULL;
    bool row = false;
    assert_int_equal(store_prepare(b->st, sql, &q), ERR_OK);
    assert_int_equal(store_step(b->st, q, &row), ERR_OK);
    int64_t n = row ? store_int(q, 0) : -1;
    store_reset_local(&q);
    return n;
}

void clarus_bed_texts(struct clarus_bed *b, const char *sql, char *out, size_t cap)
{
    sqlite3_stmt *q = NULL;
    bool row = false;
    assert_int_equal(store_prepare(b->st, sql, &q), ERR_OK);
    assert_int_equal(store_step(b->st, q, &row), ERR_OK);
    out[0] = '\0';
    if (row) store_text(q, 0, out, cap);
    store_reset_local(&q);
}

void clarus_bed_sql(struct clarus_bed *b, const char *sql)
{
    sqlite3_stmt *q = NULL;
    assert_int_equal(store_begin(b->st), ERR_OK);
    assert_int_equal(store_prepare(b->st, sql, &q), ERR_OK);
    assert_int_equal(store_run(b->st, q), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
}

/* ------------------------------------------------------------------------------------- scenes --
 */

void clarus_bed_goods(struct clarus_bed *b)
{
    const struct peer_product_spec a = {.sku = "A",
                                        .name = "Mug",
                                        .barcode = "5012345000015",
                                        .case_barcode = "15012345000012",
                                        .units_per_case = 6,
                                        .weight_g = 300};
    const struct peer_product_spec other = {
        .sku = "B", .name = "Bowl", .barcode = "5012345000022", .weight_g = 200};
    const struct peer_order_spec one = {
        .reference = "WEB-1",
        .tote = "T-1",
        .packing_notes = "Wrap twice",
        .delivery_notes = "Leave in the porch",
        .lines = {{.sku = "A", .quantity = 2}, {.sku = "B", .quantity = 1}},
        .line_count = 2};
    const struct peer_order_spec two = {.reference = "WEB-2",
                                        .tote = "T-2",
                                        .lines = {{.sku = "A", .quantity = 6}},
                                        .line_count = 1};
    assert_int_equal(peers_product_add(b->peers, &a), ERR_OK);
    assert_int_equal(peers_product_add(b->peers, &other), ERR_OK);
    assert_int_equal(peers_order_place(b->peers, clarus_bed_now(b), &one), ERR_OK);
    assert_int_equal(peers_order_place(b->peers, clarus_bed_now(b), &two), ERR_OK);
}

static bool list_read(struct clarus_bed *b)
{
    struct clarus_figures f;
    clarus_figures(b->clarus, &f);
    return f.catalogue_read > 0;
}

int64_t clarus_bed_order(struct clarus_bed *b, const char *reference)
{
    int64_t id = 0;
    clarus_bed_until(b, list_read, "work list");
    assert_int_equal(catalogue_find(b->st, slice_text(reference), &id), ERR_OK);
    return id;
}

static bool is_checked(struct clarus_bed *b)
{
    return b->checked_count > 0;
}

const struct verdict *clarus_bed_check(struct clarus_bed *b, int64_t consignment_id,
                                       enum check_purpose purpose)
{
    b->checked_count = 0;
    clarus_check(b->clarus, 1, consignment_id, purpose);
    clarus_bed_until(b, is_checked, "check");
    assert_int_equal(b->checked_count, 1);
    return &b->verdict;
}

static int64_t insert(struct clarus_bed *b, const char *sql, const char *text, int64_t a, int64_t c)
{
    sqlite3_stmt *q = NULL;
    assert_int_equal(store_begin(b->st), ERR_OK);
    assert_int_equal(store_prepare(b->st, sql, &q), ERR_OK);
    int n = sqlite3_bind_parameter_count(q);
    if (n >= 1) store_bind_text(q, 1, text);
    if (n >= 2) store_bind_int(q, 2, a);
    if (n >= 3) store_bind_int(q, 3, c);
    assert_int_equal(store_run(b->st, q), ERR_OK);
    return store_last_id(b->st);
}

int64_t clarus_bed_shipment(struct clarus_bed *b, int64_t consignment_id, unsigned parcels)
{
    char key[KEY_CAP];
    assert_int_equal(store_begin(b->st), ERR_OK);
    assert_int_equal(store_key_next(b->st, key), ERR_OK);
    int64_t s = insert(b, "INSERT INTO shipment (key, consignment_id) VALUES (?1, ?2)", key,
                       consignment_id, 0);
    for (unsigned i = 0; i < parcels; i++) {
        int64_t p = insert(b,
                           "INSERT INTO parcel (packaging, weight_g, state, consignment_id, "
                           "shipment_id, number) VALUES (?1, 700, 1, ?2, ?3, (SELECT count(*) + 1 "
                           "FROM parcel))",
                           "BOX-M", consignment_id, s);
        if (i == 0)
            insert(b,
                   "INSERT INTO parcel_item (parcel_id, line_id, quantity) SELECT ?3, id, picked "
                   "FROM line WHERE consignment_id = ?2 AND ?1 = ?1",
                   "", consignment_id, p);
    }
    assert_int_equal(store_commit(b->st), ERR_OK);
    return s;
}

static bool has_document(struct clarus_bed *b)
{
    return b->steps[LABEL_STEP_DOCUMENT] > 0;
}

void clarus_bed_buy(struct clarus_bed *b, int64_t shipment_id)
{
    b->steps[LABEL_STEP_DOCUMENT] = 0;
    clarus_buy(b->clarus, shipment_id);
    clarus_bed_until(b, has_document, "label document");
}

int64_t clarus_bed_save(struct clarus_bed *b, int64_t consignment_id, int64_t shipment_id)
{
    char key[KEY_CAP], lane[24];
    int64_t id = 0;
    snprintf(lane, sizeof lane, "%lld", (long long)consignment_id);
    assert_int_equal(store_begin(b->st), ERR_OK);
    assert_int_equal(store_key_next(b->st, key), ERR_OK);
    const struct dispatch_spec spec = {.consignment_id = consignment_id,
                                       .shipment_id = shipment_id,
                                       .key = key,
                                       .channel = "none",
                                       .clarus_lane = lane,
                                       .shop_lane = lane,
                                       .packer = "P1",
                                       .carrier = "",
                                       .service = ""};
    assert_int_equal(outbox_save(b->ob, &spec, &id), ERR_OK);
    assert_int_equal(catalogue_set_state(b->st, consignment_id, CONSIGNMENT_SAVED), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
    return id;
}

uint32_t clarus_bed_fault(struct clarus_bed *b, enum peer_fault_kind kind, const char *method,
                          const char *match)
{
    const struct peer_fault f = {
        .peer = PEER_CLARUS, .kind = kind, .method = method, .match = match, .times = 1};
    return peers_fault_add(b->peers, &f);
}

void clarus_bed_change(struct clarus_bed *b, enum peer_change_kind kind, const char *reference,
                       const char *text)
{
    const struct peer_change change = {.kind = kind, .reference = reference, .text = text};
    assert_int_equal(peers_order_change(b->peers, clarus_bed_now(b), &change), ERR_OK);
}

void clarus_bed_sound(struct clarus_bed *b)
{
    const char *v = peers_violation(b->peers, 0);
    if (v) fail_msg("violation: %s", v);
    v = peers_remark(b->peers, 0);
    if (v) fail_msg("remark: %s", v);
    assert_int_equal(b->with_secret, 0);
    assert_int_equal(b->without_tenant, 0);
}
