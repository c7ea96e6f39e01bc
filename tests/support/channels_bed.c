#include "tests/support/channels_bed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const reference = "WEB-501";

/* ---------------------------------------------------------------------------------------- shop --
 */

static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

static void answer_from(const struct peer_reply *from, struct hal_sim_reply *to)
{
    to->outcome = from->outcome == PEER_ANSWER ? HAL_HTTP_ANSWERED : HAL_HTTP_UNKNOWN;
    to->status = from->outcome == PEER_ANSWER ? from->status : 0;
    to->delay_ms = from->delay_ms;
    if (from->outcome != PEER_ANSWER) return;
    for (size_t i = 0; i < from->header_count; i++) {
        buf_printf(&to->headers, "%s: %s\r\n", from->headers[i].name, from->headers[i].value);
    }
    buf_put(&to->body, buf_slice(&from->body));
}

/* ---------------------------------------------------------------------------------- small shops --
 */

static bool breaks_before(enum cbed_break how, struct hal_sim_reply *reply)
{
    reply->outcome = how == BREAK_NOT_SENT ? HAL_HTTP_NOT_SENT : HAL_HTTP_UNKNOWN;
    if (how == BREAK_NOT_SENT || how == BREAK_LOST_BEFORE) return true;
    if (how != BREAK_500_BEFORE && how != BREAK_429) return false;
    reply->outcome = HAL_HTTP_ANSWERED;
    reply->status = how == BREAK_429 ? 429 : 500;
    return true;
}

static void break_after(enum cbed_break how, struct hal_sim_reply *reply)
{
    if (how == BREAK_LOST_AFTER) {
        reply->outcome = HAL_HTTP_UNKNOWN;
        reply->status = 0;
    } else if (how == BREAK_500_AFTER) {
        reply->status = 500;
    } else if (how == BREAK_CUT) {
        reply->body.len /= 2;
        return;
    }
    buf_clear(&reply->body);
    if (how == BREAK_HTML) buf_text(&reply->body, "<!doctype html><h1>Maintenance</h1>");
}

static void on_mini(void *ctx, mono_t now, const struct hal_http_request *request,
                    struct hal_sim_reply *reply)
{
    struct channels_bed *b = ctx;
    (void)now;
    bool ours = strncmp(request->url, "https://shop.test/", 18) == 0 ||
                strncmp(request->url, "https://auth.test/", 18) == 0;
    if (b->stock != NULL && strncmp(request->url, "https://stock.test/", 19) == 0) {
        mini_serve(b->stock, request, reply);
        return;
    }
    if (!ours) fail_msg("sent to %s", request->url);
    b->requests++;
    const char *method = request->method == HAL_GET ? "GET" : "POST";
    b->request = request;
    if (b->intercept != NULL && b->intercept(b, method, request->url + 17, reply)) return;
    bool broken = b->requests == b->break_at;
    if (broken && b->break_how == BREAK_401) b->mini->refuse_token = true;
    if (broken && breaks_before(b->break_how, reply)) {
        if (b->wait_header != NULL) buf_printf(&reply->headers, "%s\r\n", b->wait_header);
        return;
    }
    mini_serve(b->mini, request, reply);
    if (broken && b->break_how != BREAK_401) break_after(b->break_how, reply);
}

static void on_http(void *ctx, mono_t now, const struct hal_http_request *request,
                    struct hal_sim_reply *reply)
{
    struct channels_bed *b = ctx;
    struct peer_header headers[HAL_HTTP_HEADERS_MAX];
    char path[1024];
    (void)now;
    assert_int_equal(strncmp(request->url, "https://shop.test/", 18), 0);
    snprintf(path, sizeof path, "%s", request->url + 17);
    char *query = strchr(path, '?');
    if (query != NULL) *query++ = '\0';
    for (size_t i = 0; i < request->header_count; i++) {
        headers[i] = (struct peer_header){request->headers[i].name, request->headers[i].value};
        if (strcmp(headers[i].name, "X-Auth-Token") == 0) {
            snprintf(b->last_authorization, sizeof b->last_authorization, "%s", headers[i].value);
        }
    }
    assert_int_equal(request->write, request->method != HAL_GET);
    b->requests++;
    if (request->method == HAL_POST) b->posts++;
    if (b->intercept != NULL && b->intercept(b, methods[request->method], path, reply)) return;
    const struct peer_request q = {.method = methods[request->method],
                                   .path = path,
                                   .query = query,
                                   .headers = headers,
                                   .header_count = request->header_count,
                                   .body = request->body};
    struct peer_reply r;
    peer_reply_init(&r);
    peers_handle(b->peers, PEER_SHOP, hal_wall(b->hal).ms, &q, &r);
    answer_from(&r, reply);
    peer_reply_deinit(&r);
}

/* ----------------------------------------------------------------------------------------- life --
 */

static void clarus_accepts(void *ctx, const struct outbox_message *m)
{
    struct channels_bed *b = ctx;
    const struct attempt_result r = {.outcome = ATTEMPT_DONE};
    outbox_result(b->ob, m->id, &r);
}

static void on_checked(void *ctx, uint32_t ticket, const struct verdict *v)
{
    struct channels_bed *b = ctx;
    assert_int_equal(ticket, 7);
    b->verdict = *v;
    b->verdicts++;
}

static void some_random(void *ctx, void *out, size_t len)
{
    hal_random(ctx, out, len);
}

static void start(struct channels_bed *b)
{
    struct store_fault fault;
    struct definition_fault definition = {.name = ""};
    const struct store_options so = {
        .path = b->path, .station = "PB7", .random = some_random, .random_ctx = b->hal};
    assert_int_equal(effects_new(b->hal, NULL, &b->fx), ERR_OK);
    assert_int_equal(store_open(&so, &b->st, &fault), ERR_OK);
    const struct outbox_options oo = {.store = b->st, .fx = b->fx};
    assert_int_equal(outbox_new(&oo, &b->ob), ERR_OK);
    const struct destination_spec clarus = {.name = CLARUS,
                                            .concurrency = 4,
                                            .settle_ms = 1000,
                                            .settle_reads = 1,
                                            .connector = {.attempt = clarus_accepts, .ctx = b}};
    assert_int_equal(outbox_destination(b->ob, &clarus), ERR_OK);
    const struct channels_options co = {.store = b->st,
                                        .fx = b->fx,
                                        .outbox = b->ob,
                                        .config = &b->config,
                                        .checked = on_checked,
                                        .ctx = b};
    err_t e = channels_new(&co, &b->ch, &definition);
    if (e) fail_msg("%s at %s: %s", err_name(e), definition.path, definition.reason);
    assert_int_equal(channels_register(b->ch), ERR_OK);
    assert_int_equal(outbox_start(b->ob), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
}

static void stop(struct channels_bed *b)
{
    channels_free(b->ch);
    outbox_free(b->ob);
    store_close(b->st);
    effects_free(b->fx);
}

static void configure(struct config *c)
{
    struct config_site *s = &c->site;
    s->benches = 1;
    s->alerts = (struct config_alerts){.attempts = 8, .age_min = 30};
    s->channels[0] = (struct config_channel){.name = "shop",
                                             .definition = "bigcommerce",
                                             .base_url = "https://shop.test/stores/demo/",
                                             .secret = "shop-token",
                                             .timeout_ms = 20000,
                                             .settle_ms = 5000,
                                             .settle_reads = 2,
                                             .enabled = true,
                                             .check_state = true};
    s->channel_count = 1;
    s->carriers[0] = (struct config_carrier){.carrier_code = "DPD", .shop_carrier = "dpd-uk"};
    s->carriers[1] = (struct config_carrier){.carrier_code = "OWN",
                                             .link = "https://track.example/?n={tracking}"};
    s->carrier_count = 2;
}

static void add_products(struct peers *p)
{
    static const char *const skus[] = {"MUG", "HAT", "PEN"};
    for (size_t i = 0; i < 3; i++) {
        const struct peer_product_spec spec = {.sku = skus[i], .name = skus[i], .weight_g = 100};
        assert_int_equal(peers_product_add(p, &spec), ERR_OK);
    }
}

struct channels_bed *cbed_new(void)
{
    return cbed_new_mini(NULL);
}

static struct mini_shop *configure_mini(struct config_channel *c, const struct mini_dialect *d)
{
    struct mini_shop *mini = calloc(1, sizeof *mini);
    mini_init(mini, d);
    snprintf(c->definition, sizeof c->definition, "%s", d->definition);
    snprintf(c->base_url, sizeof c->base_url, "%s", d->base_url);
    for (size_t i = 0; i < sizeof d->options / sizeof d->options[0]; i++) {
        if (d->options[i] != NULL) {
            snprintf(c->options[i], sizeof c->options[i], "%s", d->options[i]);
        }
    }
    return mini;
}

static void configure_stock(struct channels_bed *b, const struct mini_dialect *d)
{
    struct config_site *s = &b->config.site;
    struct config_channel *c = &s->channels[1];
    *c = s->channels[0];
    memset(c->options, 0, sizeof c->options);
    snprintf(c->name, sizeof c->name, "stock");
    snprintf(c->secret, sizeof c->secret, "stock-token");
    b->stock = configure_mini(c, d);
    snprintf(c->base_url, sizeof c->base_url, "https://stock.test%s", d->base_url + 17);
    hal_sim_set_secret(b->hal, "stock-token", d->secret);
    s->channel_count = 2;
}

struct channels_bed *cbed_new_mini(const struct mini_dialect *d)
{
    return cbed_new_two(d, NULL);
}

struct channels_bed *cbed_new_two(const struct mini_dialect *d, const struct mini_dialect *stock)
{
    struct channels_bed *b = calloc(1, sizeof *b);
    snprintf(b->folder, sizeof b->folder, "/tmp/channels-XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    snprintf(b->path, sizeof b->path, "%s/s.db", b->folder);
    const struct hal_sim_options ho = {.seed = 7, .store_path = b->path};
    assert_int_equal(hal_sim_open(&ho, &b->hal), ERR_OK);
    hal_sim_set_secret(b->hal, "shop-token", "shop-token");
    hal_sim_on_http(b->hal, on_http, b);
    b->peers = peers_new(NULL);
    add_products(b->peers);
    configure(&b->config);
    if (stock != NULL) configure_stock(b, stock);
    if (d != NULL) {
        b->mini = configure_mini(&b->config.site.channels[0], d);
        hal_sim_set_secret(b->hal, "shop-token", d->secret);
        hal_sim_on_http(b->hal, on_mini, b);
    }
    start(b);
    return b;
}

void cbed_free(struct channels_bed *b)
{
    char command[64];
    stop(b);
    peers_free(b->peers);
    hal_sim_close(b->hal);
    snprintf(command, sizeof command, "rm -r %s", b->folder);
    assert_int_equal(system(command), 0);
    free(b->mini);
    free(b->stock);
    free(b);
}

void cbed_restart(struct channels_bed *b)
{
    stop(b);
    hal_sim_power_cut(b->hal, true);
    start(b);
}

/* --------------------------------------------------------------------------------------- orders --
 */

static int64_t put_consignment(struct channels_bed *b, const struct peer_order_spec *spec,
                               const char *number)
{
    struct consignment_reading r = {.clarus_id = "40217",
                                    .reference = spec->reference,
                                    .status = "PICK",
                                    .channel = "shop",
                                    .shop_order = number,
                                    .carrier_code = "DPD",
                                    .service_code = "12"};
    int64_t id = 0;
    assert_int_equal(catalogue_put_consignment(b->st, hal_wall(b->hal), &r, &id), ERR_OK);
    for (size_t i = 0; i < spec->line_count; i++) {
        char line[24];
        snprintf(line, sizeof line, "L%zu", i);
        struct line_reading l = {.clarus_line_id = line,
                                 .position = (int64_t)i,
                                 .sku = spec->lines[i].sku,
                                 .ordered = QTY_UNITS(spec->lines[i].quantity),
                                 .picked = QTY_UNITS(spec->lines[i].quantity)};
        assert_int_equal(catalogue_put_line(b->st, id, &l), ERR_OK);
    }
    return id;
}

void cbed_order(struct channels_bed *b, const struct peer_order_spec *spec)
{
    struct peer_order_spec s = *spec;
    s.reference = reference;
    assert_int_equal(peers_order_place(b->peers, hal_wall(b->hal).ms, &s), ERR_OK);
    b->consignment = put_consignment(b, &s, "501");
    assert_int_equal(store_commit(b->st), ERR_OK);
}

void cbed_mini_order(struct channels_bed *b, int mugs, int hats)
{
    struct peer_order_spec spec = {.reference = reference, .line_count = hats > 0 ? 2 : 1};
    spec.lines[0].sku = "MUG";
    spec.lines[0].quantity = (uint32_t)mugs;
    spec.lines[1].sku = "HAT";
    spec.lines[1].quantity = (uint32_t)hats;
    b->consignment = put_consignment(b, &spec, "501");
    assert_int_equal(store_commit(b->st), ERR_OK);
    mini_line(b->mini, "MUG", mugs);
    if (hats > 0) mini_line(b->mini, "HAT", hats);
    if (b->stock == NULL) return;
    mini_line(b->stock, "MUG", mugs);
    if (hats > 0) mini_line(b->stock, "HAT", hats);
}

void cbed_own_order(struct channels_bed *b, const char *number, const char *sku, int units)
{
    struct peer_order_spec spec = {.reference = reference, .line_count = 1};
    spec.lines[0].sku = sku;
    spec.lines[0].quantity = (uint32_t)units;
    b->consignment = put_consignment(b, &spec, number);
    assert_int_equal(store_commit(b->st), ERR_OK);
}

static void run(struct channels_bed *b, sqlite3_stmt *q)
{
    assert_int_equal(store_begin(b->st), ERR_OK);
    assert_int_equal(store_run(b->st, q), ERR_OK);
}

static void begin_shipment(struct channels_bed *b)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    assert_int_equal(
        store_prepare(b->st,
                      "INSERT INTO shipment (key, consignment_id, state) VALUES ('S' || "
                      "(SELECT count(*) FROM shipment), ?1, 4)",
                      &q),
        ERR_OK);
    store_bind_int(q, 1, b->consignment);
    run(b, q);
    b->shipment = store_last_id(b->st);
}

void cbed_pack(struct channels_bed *b, int number, const char *tracking, int index, int quantity)
{
    if (b->shipment == 0) begin_shipment(b);
    AUTO_STMT sqlite3_stmt *q = NULL;
    assert_int_equal(
        store_prepare(b->st,
                      "INSERT INTO parcel (consignment_id, shipment_id, number, state, tracking) "
                      "SELECT ?1, ?2, ?3, 4, ?4 WHERE NOT EXISTS (SELECT 1 FROM parcel WHERE "
                      "shipment_id = ?2 AND number = ?3)",
                      &q),
        ERR_OK);
    store_bind_int(q, 1, b->consignment);
    store_bind_int(q, 2, b->shipment);
    store_bind_int(q, 3, number);
    store_bind_text(q, 4, tracking);
    run(b, q);
    AUTO_STMT sqlite3_stmt *item = NULL;
    assert_int_equal(
        store_prepare(b->st,
                      "INSERT INTO parcel_item (parcel_id, line_id, quantity) SELECT p.id, l.id, "
                      "?4 FROM parcel p, line l WHERE p.shipment_id = ?1 AND p.number = ?2 AND "
                      "l.clarus_line_id = 'L' || ?3",
                      &item),
        ERR_OK);
    store_bind_int(item, 1, b->shipment);
    store_bind_int(item, 2, number);
    store_bind_int(item, 3, index);
    store_bind_int(item, 4, (int64_t)quantity * 1000);
    run(b, item);
    assert_int_equal(store_changes(b->st), 1);
}

void cbed_save(struct channels_bed *b)
{
    char key[KEY_CAP];
    int64_t id = 0;
    assert_int_equal(store_begin(b->st), ERR_OK);
    assert_int_equal(store_key_next(b->st, key), ERR_OK);
    const struct dispatch_spec spec = {.consignment_id = b->consignment,
                                       .shipment_id = b->shipment,
                                       .key = key,
                                       .channel = "shop",
                                       .clarus_lane = "40217",
                                       .shop_lane = "501",
                                       .packer = "P7",
                                       .carrier = "DPD",
                                       .service = "Next day"};
    assert_int_equal(outbox_save(b->ob, &spec, &id), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
    b->shipment = 0;
}

/* ----------------------------------------------------------------------------------------- loop --
 */

static void round_end(struct channels_bed *b)
{
    assert_int_equal(store_commit(b->st), ERR_OK);
    effects_acknowledge(b->fx);
    effects_perform(b->fx);
}

static void loop_until(struct channels_bed *b, mono_t end)
{
    struct hal_event events[HAL_EVENTS_MAX];
    for (int rounds = 0; rounds < 20000; rounds++) {
        outbox_tick(b->ob);
        round_end(b);
        mono_t next = mono_earlier(end, outbox_deadline(b->ob));
        size_t count = 0;
        assert_int_equal(hal_wait(b->hal, next, events, HAL_EVENTS_MAX, &count), ERR_OK);
        for (size_t i = 0; i < count; i++) {
            effects_route(b->fx, &events[i]);
        }
        round_end(b);
        if (mono_reached(hal_now(b->hal), end)) return;
    }
    fail_msg("the loop never rests");
}

void cbed_pass(struct channels_bed *b, int64_t ms)
{
    loop_until(b, mono_plus(hal_now(b->hal), ms));
}

const struct verdict *cbed_check(struct channels_bed *b)
{
    unsigned before = b->verdicts;
    channels_check(b->ch, 7, b->consignment);
    cbed_pass(b, 60000);
    assert_int_equal(b->verdicts, before + 1);
    return &b->verdict;
}

void cbed_change(struct channels_bed *b, enum peer_change_kind kind, const char *text,
                 uint32_t number)
{
    const struct peer_change c = {
        .kind = kind, .reference = reference, .sku = "MUG", .text = text, .number = number};
    assert_int_equal(peers_order_change(b->peers, hal_wall(b->hal).ms, &c), ERR_OK);
}

void cbed_fault(struct channels_bed *b, const struct peer_fault *fault)
{
    struct peer_fault f = *fault;
    f.peer = PEER_SHOP;
    assert_true(peers_fault_add(b->peers, &f) != 0);
}

/* -------------------------------------------------------------------------------------- looking --
 */

enum message_state cbed_state(struct channels_bed *b)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    assert_int_equal(
        store_prepare(
            b->st, "SELECT state FROM message WHERE destination = 'shop' ORDER BY id DESC LIMIT 1",
            &q),
        ERR_OK);
    bool row = false;
    assert_int_equal(store_step(b->st, q, &row), ERR_OK);
    assert_true(row);
    return (enum message_state)store_int(q, 0);
}

struct exception_row cbed_exception(struct channels_bed *b, const char *rule)
{
    struct exception_row rows[16];
    size_t count = exception_rows(b->st, rows, 16);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].rule, rule) == 0) return rows[i];
    }
    for (size_t i = 0; i < count; i++) {
        print_message("open exception: %s: %s\n", rows[i].rule, rows[i].text);
    }
    return (struct exception_row){.id = 0};
}

struct consignment cbed_consignment(struct channels_bed *b)
{
    struct consignment c;
    assert_int_equal(catalogue_consignment(b->st, b->consignment, &c), ERR_OK);
    return c;
}

size_t cbed_shipments(struct channels_bed *b, struct peer_shop_shipment *out, size_t cap)
{
    const char *violation = peers_violation(b->peers, 0);
    if (violation != NULL) fail_msg("%s", violation);
    const char *remark = peers_remark(b->peers, 0);
    if (remark != NULL) fail_msg("%s", remark);
    return peers_shop_shipments(b->peers, reference, out, cap);
}

struct peer_order_view cbed_view(struct channels_bed *b)
{
    struct peer_order_view v;
    assert_int_equal(peers_order_view(b->peers, reference, &v), ERR_OK);
    return v;
}
