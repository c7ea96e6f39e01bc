/* The console's routes, its guards, and the stream of the bench's picture, on virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/json.h"
#include "firmware/base/text.h"
#include "firmware/console/console.h"
#include "tests/support/outbox_bed.h"

#define TOKEN "0123456789abcdef0123456789abcdef"
#define HOST  "127.0.0.1:8480"

struct world {
    struct bed *bed;
    struct console_pages *pages;
    struct bench_view view;
    struct console_station station;
    struct config config;
    char command[64];
    char scan[64];
    err_t answer; /* of scans and commands */
    hal_request_t id;
    int status;
    int replies;
    char body[300000];
    int stream_events;
    char stream[300000];
};

static void bench(void *ctx, struct bench_view *out)
{
    *out = ((struct world *)ctx)->view;
}

static void station(void *ctx, struct console_station *out)
{
    *out = ((struct world *)ctx)->station;
}

static err_t scan(void *ctx, struct slice text)
{
    struct world *w = ctx;
    err_ignore(slice_copy(text, w->scan, sizeof w->scan)); /* too long reads as empty */
    return w->answer;
}

static err_t command(void *ctx, struct slice text)
{
    struct world *w = ctx;
    err_ignore(slice_copy(text, w->command, sizeof w->command)); /* too long reads as empty */
    return w->answer;
}

static err_t recall(void *ctx, struct slice key, const char *who, const char *reason)
{
    struct world *w = ctx;
    (void)snprintf(w->command, sizeof w->command, "%.*s/%s/%s", SLICE_ARGS(key), who, reason);
    return w->answer;
}

static void on_reply(void *ctx, mono_t now, hal_request_t id, int status, struct slice body)
{
    struct world *w = ctx;
    (void)now;
    w->id = id;
    w->status = status;
    w->replies++;
    assert_int_equal(slice_copy(body, w->body, sizeof w->body), ERR_OK);
}

static void on_stream(void *ctx, mono_t now, hal_request_t id, struct slice bytes)
{
    struct world *w = ctx;
    (void)now;
    w->id = id;
    w->stream_events++;
    assert_int_equal(slice_copy(bytes, w->stream, sizeof w->stream), ERR_OK);
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    w->bed = bed_new();
    hal_sim_set_secret(w->bed->hal, "console-token", TOKEN);
    const struct hal_sim_observer observer = {.ctx = w, .reply = on_reply, .stream = on_stream};
    hal_sim_observe(w->bed->hal, &observer);
    w->station = (struct console_station){.station = "PB7",
                                          .bench_name = "Bench 7",
                                          .language = "en",
                                          .clarus_reachable = true,
                                          .clock_trusted = true};
    const struct console_options options = {
        .store = w->bed->st,
        .fx = w->bed->fx,
        .outbox = w->bed->ob,
        .log = &w->bed->log,
        .config = &w->config,
        .from = {w, bench, station, scan, command, recall},
    };
    assert_int_equal(console_pages_new(&options, &w->pages), ERR_OK);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    console_pages_free(w->pages);
    bed_free(w->bed);
    free(w);
    return 0;
}

/* One round of the loop: commit, acknowledge, publish. */
static void round_of(struct world *w, bool view_changed)
{
    if (store_is_dirty(w->bed->st)) assert_int_equal(store_commit(w->bed->st), ERR_OK);
    bool screen = effects_screen_changed(w->bed->fx);
    effects_acknowledge(w->bed->fx);
    console_publish(w->pages, view_changed || screen);
    effects_perform(w->bed->fx);
}

static void ask(struct world *w, struct hal_sim_request request)
{
    struct hal_event events[4];
    size_t count = 0;
    if (!request.host) request.host = HOST;
    (void)hal_sim_console_request(w->bed->hal, &request, 0);
    assert_int_equal(hal_wait(w->bed->hal, mono_plus(hal_now(w->bed->hal), 50), events, 4, &count),
                     ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(events[0].kind, HAL_EV_CONSOLE_REQUEST);
    int before = w->replies;
    console_request(w->pages, &events[0].console);
    assert_int_equal(w->replies, before); /* nothing is said before the commit */
    round_of(w, false);
}

static int get(struct world *w, const char *path, const char *query)
{
    ask(w, (struct hal_sim_request){.method = HAL_GET, .path = path, .query = query});
    return w->status;
}

static int post(struct world *w, const char *path, const char *body)
{
    ask(w, (struct hal_sim_request){.method = HAL_POST,
                                    .path = path,
                                    .body = body,
                                    .content_type = "application/json",
                                    .token = TOKEN});
    return w->status;
}

static void has(const struct world *w, const char *text)
{
    if (!strstr(w->body, text)) fail_msg("'%s' is not in: %.600s", text, w->body);
}

static void hasnt(const struct world *w, const char *text)
{
    if (strstr(w->body, text)) fail_msg("'%s' is in: %.600s", text, w->body);
}

static void is_json(const char *text)
{
    AUTO_JSON struct json_doc *doc = NULL;
    struct json_fault fault = {0};
    if (json_parse(slice_text(text), &doc, &fault) != ERR_OK)
        fail_msg("%s at %zu: %.200s", fault.reason, fault.offset, text);
}

/* --------------------------------------------------------------------------------------------- */

static void console__serves_the_pages_with_the_token(void **state)
{
    struct world *w = *state;
    assert_int_equal(get(w, "/", ""), 200);
    has(w, "content=\"" TOKEN "\"");
    hasnt(w, "%TOKEN%");
    assert_int_equal(get(w, "/lead", ""), 200);
    has(w, "content=\"" TOKEN "\"");
    assert_int_equal(get(w, "/pack.js", ""), 200);
    hasnt(w, TOKEN);
    assert_int_equal(get(w, "/messages.json", ""), 200);
    is_json(w->body);
}

static void console__names_what_is_wrong_with_a_request(void **state)
{
    struct world *w = *state;
    assert_int_equal(get(w, "/nothing", ""), 404);
    has(w, "\"value\":\"/nothing\"");
    has(w, "\"next_step\"");
    ask(w, (struct hal_sim_request){.method = HAL_DELETE, .path = "/api/status"});
    assert_int_equal(w->status, 405);
    assert_int_equal(get(w, "/api/command", ""), 405);
    assert_int_equal(post(w, "/api/command", "{\"command\":"), 400);
    assert_int_equal(post(w, "/api/command", "[]"), 400);
    assert_int_equal(post(w, "/api/command", "{}"), 400);
    assert_int_equal(post(w, "/api/command", "{\"command\":\"rm -rf\"}"), 400);
    assert_string_equal(w->command, "");
    assert_int_equal(get(w, "/api/order", "ref=%zz"), 400);
    assert_int_equal(get(w, "/api/outbox", "destination=nobody"), 404);
    is_json(w->body);
}

static void console__refuses_a_rebound_name(void **state)
{
    struct world *w = *state;
    ask(w, (struct hal_sim_request){
               .method = HAL_GET, .path = "/api/status", .host = "evil.example:8480"});
    assert_int_equal(w->status, 400);
    ask(w, (struct hal_sim_request){.method = HAL_GET, .path = "/", .host = "evil.example"});
    assert_int_equal(w->status, 400);
    hasnt(w, TOKEN);
    ask(w, (struct hal_sim_request){
               .method = HAL_GET, .path = "/api/status", .host = "localhost:8480"});
    assert_int_equal(w->status, 200);
    ask(w,
        (struct hal_sim_request){.method = HAL_GET, .path = "/api/status", .host = "[::1]:8480"});
    assert_int_equal(w->status, 200);
}

static void console__acts_only_for_its_own_page(void **state)
{
    struct world *w = *state;
    struct hal_sim_request r = {.method = HAL_POST,
                                .path = "/api/command",
                                .body = "{\"command\":\"CONFIRM\"}",
                                .content_type = "application/json",
                                .token = TOKEN};
    struct hal_sim_request foreign = r, no_token = r, bad_token = r, form = r, null_origin = r;
    foreign.origin = "http://127.0.0.1:9000";
    null_origin.origin = "null";
    no_token.token = NULL;
    bad_token.token = "0123456789abcdef0123456789abcdee";
    form.content_type = "text/plain";
    ask(w, foreign);
    assert_int_equal(w->status, 403);
    ask(w, null_origin);
    assert_int_equal(w->status, 403);
    ask(w, no_token);
    assert_int_equal(w->status, 403);
    ask(w, bad_token);
    assert_int_equal(w->status, 403);
    ask(w, form);
    assert_int_equal(w->status, 400);
    assert_string_equal(w->command, "");
    r.origin = "http://" HOST;
    ask(w, r);
    assert_int_equal(w->status, 200);
    assert_string_equal(w->command, "CONFIRM");
}

static void console__types_scans_only_where_the_station_allows(void **state)
{
    struct world *w = *state;
    w->answer = ERR_DENIED;
    assert_int_equal(post(w, "/api/demo/scan", "{\"text\":\"TOTE-1\"}"), 403);
    assert_int_equal(get(w, "/api/demo/codes", ""), 403);
    w->answer = ERR_OK;
    w->station.demonstration = true;
    assert_int_equal(post(w, "/api/demo/scan", "{\"text\":\"TOTE-1\"}"), 200);
    assert_string_equal(w->scan, "TOTE-1");
    assert_int_equal(post(w, "/api/demo/scan", "{\"text\":\"\"}"), 400);
    bed_save(w->bed, "WEB-1", "shop");
    assert_int_equal(get(w, "/api/demo/codes", ""), 200);
    is_json(w->body);
}

static void console__shows_the_outbox_by_destination(void **state)
{
    struct world *w = *state;
    bed_save(w->bed, "WEB-1", "shop");
    assert_int_equal(get(w, "/api/outbox", "destination=shop"), 200);
    is_json(w->body);
    has(w, "\"reference\":\"WEB-1\"");
    has(w, "\"destination\":\"shop\"");
    assert_int_equal(get(w, "/api/status", ""), 200);
    is_json(w->body);
    has(w, "\"waiting\":2");
    assert_int_equal(get(w, "/metrics", ""), 200);
    has(w, "packd_messages_waiting{destination=\"clarus\"} 1\n");
    has(w, "packd_store_commits_total ");
    assert_int_equal(get(w, "/healthz", ""), 200);
    has(w, "\"ok\":true");
    assert_int_equal(get(w, "/api/devices", ""), 200);
    is_json(w->body);
    assert_int_equal(get(w, "/api/scans", ""), 200);
    is_json(w->body);
}

static void console__settles_an_exception_with_who_and_why(void **state)
{
    struct world *w = *state;
    char path[64];
    int64_t id = 0;
    const struct exception_spec spec = {.rule = "channel.tracking_too_long",
                                        .origin = "storefront",
                                        .owner = "integration",
                                        .object = "order <b>WEB-1</b>",
                                        .text = "The number is longer than 50.",
                                        .next_step = "Correct the carrier's rule."};
    assert_int_equal(exception_raise(w->bed->st, hal_wall(w->bed->hal), &spec, &id), ERR_OK);
    assert_int_equal(get(w, "/api/exceptions", ""), 200);
    is_json(w->body);
    has(w, "\"object\":\"order <b>WEB-1</b>\"");
    has(w, "\"acts\":[\"resolve\"]");
    (void)snprintf(path, sizeof path, "/api/exceptions/%lld/resolve", (long long)id);
    assert_int_equal(post(w, path, "{\"who\":\"Maya\"}"), 400);
    assert_int_equal(post(w, path, "{\"who\":\"\",\"note\":\"done\"}"), 400);
    assert_int_equal(post(w, path, "{\"who\":\"Maya\",\"note\":\"sent by hand\"}"), 200);
    assert_int_equal(post(w, path, "{\"who\":\"Maya\",\"note\":\"sent by hand\"}"), 404);
    assert_int_equal(post(w, "/api/exceptions/x/resolve", "{\"who\":\"M\",\"note\":\"n\"}"), 404);
    assert_int_equal(post(w, "/api/exceptions/1/sing", "{\"who\":\"M\",\"note\":\"n\"}"), 404);
    assert_int_equal(get(w, "/api/exceptions", ""), 200);
    has(w, "\"exceptions\":[]");
    has(w, "\"clear_since\":1");
}

static void console__puts_a_parcel_that_must_not_go_first(void **state)
{
    struct world *w = *state;
    const struct exception_spec other = {.rule = "channel.tracking_too_long",
                                         .origin = "storefront",
                                         .owner = "integration",
                                         .object = "order WEB-6",
                                         .text = "The number is longer than 50.",
                                         .next_step = "Correct the carrier's rule.",
                                         .message_id = 1};
    bed_save(w->bed, "WEB-6", "shop");
    assert_int_equal(exception_raise(w->bed->st, hal_wall(w->bed->hal), &other, NULL), ERR_OK);
    int64_t dispatch = bed_save(w->bed, "WEB-7", "shop");
    assert_int_equal(outbox_pull(w->bed->ob, dispatch, "shop.cancelled", "It was cancelled."),
                     ERR_OK);
    assert_int_equal(get(w, "/api/exceptions", ""), 200);
    const char *pull = strstr(w->body, "\"acts\":[\"pulled\",\"gone\"]");
    const char *parked = strstr(w->body, "\"acts\":[\"retry\",\"resolve\"]");
    assert_non_null(pull);
    assert_non_null(parked);
    assert_true(pull < parked);
    has(w, "\"reference\":\"WEB-7\"");
}

static void console__finds_an_order_by_what_is_in_hand(void **state)
{
    struct world *w = *state;
    bed_save(w->bed, "WEB-1", "shop");
    bed_save(w->bed, "WEB-2", "shop");
    assert_int_equal(get(w, "/api/order", "ref=TWEB-1"), 200);
    is_json(w->body);
    has(w, "\"found_by\":\"tracking\"");
    has(w, "\"order\":{\"id\":1,\"reference\":\"WEB-1\"");
    has(w, "\"dispatches\":[{\"id\":1");
    has(w, "\"messages\":[{");
    assert_int_equal(get(w, "/api/order", "ref=SKU1"), 200);
    is_json(w->body);
    has(w, "\"reference\":\"WEB-2\"");
    hasnt(w, "\"order\":{");
    assert_int_equal(get(w, "/api/order", "ref=%232"), 200);
    has(w, "\"order\":{\"id\":2");
    assert_int_equal(get(w, "/api/order", "ref=%27%20OR%201=1--"), 404);
    assert_int_equal(get(w, "/api/order", ""), 400);
}

static void console__keeps_the_recipient_to_itself(void **state)
{
    struct world *w = *state;
    AUTO_STMT sqlite3_stmt *q = NULL;
    bed_save(w->bed, "WEB-1", "shop");
    assert_int_equal(store_begin(w->bed->st), ERR_OK);
    assert_int_equal(store_prepare(w->bed->st,
                                   "UPDATE consignment SET recipient = 'Anna Secret',"
                                   " gift_message = 'Anna Secret', delivery_note = 'Anna Secret'",
                                   &q),
                     ERR_OK);
    assert_int_equal(store_run(w->bed->st, q), ERR_OK);
    static const char *const paths[] = {"/api/order",  "/api/outbox",  "/api/exceptions",
                                        "/api/status", "/api/devices", "/metrics"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        assert_int_equal(get(w, paths[i], "ref=WEB-1"), 200);
        hasnt(w, "Secret");
    }
}

static void console__recalls_with_who_and_reason(void **state)
{
    struct world *w = *state;
    assert_int_equal(post(w, "/api/recall", "{\"key\":\"PB7-x-1\",\"who\":\"Maya\"}"), 400);
    assert_int_equal(
        post(w, "/api/recall", "{\"key\":\"PB7-x-1\",\"who\":\"Maya\",\"reason\":\"wrong box\"}"),
        200);
    assert_string_equal(w->command, "PB7-x-1/Maya/wrong box");
    w->answer = ERR_BUSY;
    assert_int_equal(
        post(w, "/api/recall", "{\"key\":\"PB7-x-1\",\"who\":\"Maya\",\"reason\":\"wrong box\"}"),
        409);
}

/* ------------------------------------------------------------------------------------ stream -- */

static hal_request_t follow(struct world *w)
{
    struct hal_event events[4];
    size_t count = 0;
    const struct hal_sim_request r = {.method = HAL_GET, .path = "/events/bench", .host = HOST};
    hal_request_t id = hal_sim_console_request(w->bed->hal, &r, 0);
    assert_int_equal(hal_wait(w->bed->hal, mono_plus(hal_now(w->bed->hal), 50), events, 4, &count),
                     ERR_OK);
    assert_int_equal(count, 1);
    console_request(w->pages, &events[0].console);
    round_of(w, false);
    return id;
}

static void pass(struct world *w)
{
    struct hal_event events[4];
    size_t count = 0;
    mono_t until = console_deadline(w->pages);
    assert_int_equal(hal_wait(w->bed->hal, until, events, 4, &count), ERR_OK);
    assert_int_equal(count, 0);
    round_of(w, false);
}

static void console__sends_the_picture_when_it_changed_and_a_beat_otherwise(void **state)
{
    struct world *w = *state;
    assert_int_equal(console_deadline(w->pages).ms, MONO_NEVER.ms);
    w->view.face = FACE_PACKING;
    (void)snprintf(w->view.reference, sizeof w->view.reference, "WEB-1");
    (void)follow(w);
    assert_int_equal(w->stream_events, 1);
    assert_non_null(strstr(w->stream, "event: bench\ndata: {\"now\":"));
    assert_non_null(strstr(w->stream, "\"face\":\"packing\""));
    round_of(w, true);
    assert_int_equal(w->stream_events, 1); /* nothing to tell */
    pass(w);
    assert_int_equal(w->stream_events, 2);
    assert_non_null(strstr(w->stream, "event: beat\ndata: {\"now\":"));
    w->view.tone = HAL_TONE_REFUSE;
    w->view.tone_serial = 9;
    round_of(w, true);
    assert_int_equal(w->stream_events, 3);
    assert_non_null(strstr(w->stream, "\"tone\":\"refuse\",\"tone_serial\":9"));
}

static void console__tells_a_second_screen_the_same_truth(void **state)
{
    struct world *w = *state;
    hal_request_t first = follow(w);
    hal_request_t second = follow(w);
    assert_int_equal(w->stream_events, 2);
    assert_int_equal(w->id.n, second.n);
    console_closed(w->pages, second);
    w->view.face = FACE_STOP;
    round_of(w, true);
    assert_int_equal(w->stream_events, 3);
    assert_int_equal(w->id.n, first.n);
    console_closed(w->pages, first);
    assert_int_equal(console_deadline(w->pages).ms, MONO_NEVER.ms);
}

static void console__shows_trouble_of_the_outbox_without_a_scan(void **state)
{
    struct world *w = *state;
    (void)follow(w);
    bed_save(w->bed, "WEB-1", "shop");
    pass(w);
    assert_non_null(strstr(w->stream, "\"waiting\":2"));
}

/* The largest picture of the worst characters: one escaped byte becomes six. */
static void console__bounds_the_largest_picture(void **state)
{
    struct world *w = *state;
    struct bench_view *v = &w->view;
    v->face = FACE_PACKING;
    v->line_count = VIEW_LINES_MAX;
    for (size_t i = 0; i < v->line_count; i++) {
        memset(v->lines[i].sku, 1, sizeof v->lines[i].sku - 1);
        memset(v->lines[i].description, 3, sizeof v->lines[i].description - 1);
        v->lines[i].done = i < 100;
        v->lines[i].to_pack = QTY_UNITS(1000000);
    }
    v->parcel_count = PARCELS_MAX;
    for (size_t i = 0; i < v->parcel_count; i++)
        memset(v->parcels[i].packaging, 2, sizeof v->parcels[i].packaging - 1);
    memset(v->note, '"', sizeof v->note - 1);
    (void)follow(w);
    assert_int_equal(w->stream_events, 1);
    assert_true(strlen(w->stream) < HAL_CONSOLE_STREAM_ROOM);
    char *data = strstr(w->stream, "data: ");
    assert_non_null(data);
    *strstr(data, "\n\n") = 0;
    is_json(data + strlen("data: "));
}

static void console__has_a_bound_of_screens(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < HAL_CONSOLE_STREAMS_MAX; i++)
        (void)follow(w);
    int before = w->replies;
    (void)follow(w);
    assert_int_equal(w->replies, before + 1);
    assert_int_equal(w->status, 503);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(console__serves_the_pages_with_the_token),
        TEST(console__names_what_is_wrong_with_a_request),
        TEST(console__refuses_a_rebound_name),
        TEST(console__acts_only_for_its_own_page),
        TEST(console__types_scans_only_where_the_station_allows),
        TEST(console__shows_the_outbox_by_destination),
        TEST(console__settles_an_exception_with_who_and_why),
        TEST(console__puts_a_parcel_that_must_not_go_first),
        TEST(console__finds_an_order_by_what_is_in_hand),
        TEST(console__keeps_the_recipient_to_itself),
        TEST(console__recalls_with_who_and_reason),
        TEST(console__sends_the_picture_when_it_changed_and_a_beat_otherwise),
        TEST(console__tells_a_second_screen_the_same_truth),
        TEST(console__shows_trouble_of_the_outbox_without_a_scan),
        TEST(console__bounds_the_largest_picture),
        TEST(console__has_a_bound_of_screens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
