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
#include "tests/support/console_bed.h"

/* --------------------------------------------------------------------------------------------- */

static void console__serves_the_pages_with_the_token(void **state)
{
    struct console_bed *w = *state;
    assert_int_equal(console_bed_get(w, "/", ""), 200);
    console_bed_has(w, "content=\"" BED_TOKEN "\"");
    console_bed_hasnt(w, "%TOKEN%");
    assert_int_equal(console_bed_get(w, "/lead", ""), 200);
    console_bed_has(w, "content=\"" BED_TOKEN "\"");
    assert_int_equal(console_bed_get(w, "/pack.js", ""), 200);
    console_bed_hasnt(w, BED_TOKEN);
    assert_int_equal(console_bed_get(w, "/messages.json", ""), 200);
    console_bed_is_json(w->body);
}

static void console__names_what_is_wrong_with_a_request(void **state)
{
    struct console_bed *w = *state;
    assert_int_equal(console_bed_get(w, "/nothing", ""), 404);
    console_bed_has(w, "\"value\":\"/nothing\"");
    console_bed_has(w, "\"next_step\"");
    console_bed_ask(w, (struct hal_sim_request){.method = HAL_DELETE, .path = "/api/status"});
    assert_int_equal(w->status, 405);
    assert_int_equal(console_bed_get(w, "/api/command", ""), 405);
    assert_int_equal(console_bed_post(w, "/api/command", "{\"command\":"), 400);
    assert_int_equal(console_bed_post(w, "/api/command", "[]"), 400);
    assert_int_equal(console_bed_post(w, "/api/command", "{}"), 400);
    assert_int_equal(console_bed_post(w, "/api/command", "{\"command\":\"rm -rf\"}"), 400);
    assert_string_equal(w->command, "");
    assert_int_equal(console_bed_get(w, "/api/order", "ref=%zz"), 400);
    assert_int_equal(console_bed_get(w, "/api/outbox", "destination=nobody"), 404);
    console_bed_is_json(w->body);
}

static void console__refuses_a_rebound_name(void **state)
{
    struct console_bed *w = *state;
    console_bed_ask(w, (struct hal_sim_request){
                           .method = HAL_GET, .path = "/api/status", .host = "evil.example:8480"});
    assert_int_equal(w->status, 400);
    console_bed_ask(
        w, (struct hal_sim_request){.method = HAL_GET, .path = "/", .host = "evil.example"});
    assert_int_equal(w->status, 400);
    console_bed_hasnt(w, BED_TOKEN);
    console_bed_ask(w, (struct hal_sim_request){
                           .method = HAL_GET, .path = "/api/status", .host = "localhost:8480"});
    assert_int_equal(w->status, 200);
    console_bed_ask(w, (struct hal_sim_request){
                           .method = HAL_GET, .path = "/api/status", .host = "[::1]:8480"});
    assert_int_equal(w->status, 200);
}

static void console__acts_only_for_its_own_page(void **state)
{
    struct console_bed *w = *state;
    struct hal_sim_request r = {.method = HAL_POST,
                                .path = "/api/command",
                                .body = "{\"command\":\"CONFIRM\"}",
                                .content_type = "application/json",
                                .token = BED_TOKEN};
    struct hal_sim_request foreign = r, no_token = r, bad_token = r, form = r, null_origin = r;
    foreign.origin = "http://127.0.0.1:9000";
    null_origin.origin = "null";
    no_token.token = NULL;
    bad_token.token = "0123456789abcdef0123456789abcdee";
    form.content_type = "text/plain";
    console_bed_ask(w, foreign);
    assert_int_equal(w->status, 403);
    console_bed_ask(w, null_origin);
    assert_int_equal(w->status, 403);
    console_bed_ask(w, no_token);
    assert_int_equal(w->status, 403);
    console_bed_ask(w, bad_token);
    assert_int_equal(w->status, 403);
    console_bed_ask(w, form);
    assert_int_equal(w->status, 400);
    assert_string_equal(w->command, "");
    r.origin = "http://" BED_HOST;
    console_bed_ask(w, r);
    assert_int_equal(w->status, 200);
    assert_string_equal(w->command, "CONFIRM");
}

static void console__types_scans_only_where_the_station_allows(void **state)
{
    struct console_bed *w = *state;
    w->answer = ERR_DENIED;
    assert_int_equal(console_bed_post(w, "/api/demo/scan", "{\"text\":\"TOTE-1\"}"), 403);
    assert_int_equal(console_bed_get(w, "/api/demo/codes", ""), 403);
    w->answer = ERR_OK;
    w->station.demonstration = true;
    assert_int_equal(console_bed_post(w, "/api/demo/scan", "{\"text\":\"TOTE-1\"}"), 200);
    assert_string_equal(w->scan, "TOTE-1");
    assert_int_equal(console_bed_post(w, "/api/demo/scan", "{\"text\":\"\"}"), 400);
    bed_save(w->bed, "WEB-1", "shop");
    assert_int_equal(console_bed_get(w, "/api/demo/codes", ""), 200);
    console_bed_is_json(w->body);
}

static void console__shows_the_outbox_by_destination(void **state)
{
    struct console_bed *w = *state;
    bed_save(w->bed, "WEB-1", "shop");
    assert_int_equal(console_bed_get(w, "/api/outbox", "destination=shop"), 200);
    console_bed_is_json(w->body);
    console_bed_has(w, "\"reference\":\"WEB-1\"");
    console_bed_has(w, "\"destination\":\"shop\"");
    assert_int_equal(console_bed_get(w, "/api/status", ""), 200);
    console_bed_is_json(w->body);
    console_bed_has(w, "\"waiting\":2");
    assert_int_equal(console_bed_get(w, "/metrics", ""), 200);
    console_bed_has(w, "packd_delivery_seconds_bucket{destination=\"shop\",le=\"+Inf\"} ");
    console_bed_has(w, "packd_service_level_broken{destination=\"shop\"} 0");
    console_bed_has(w, "packd_messages_waiting{destination=\"clarus\"} 1\n");
    console_bed_has(w, "packd_store_commits_total ");
    assert_int_equal(console_bed_get(w, "/healthz", ""), 200);
    console_bed_has(w, "\"ok\":true");
    assert_int_equal(console_bed_get(w, "/api/devices", ""), 200);
    console_bed_is_json(w->body);
    assert_int_equal(console_bed_get(w, "/api/scans", ""), 200);
    console_bed_is_json(w->body);
}

static void console__counts_refused_scans_of_the_last_200(void **state)
{
    struct console_bed *w = *state;
    assert_int_equal(console_bed_get(w, "/metrics", ""), 200);
    console_bed_has(w, "\npackd_scans_refused 0\n");
    AUTO_STMT sqlite3_stmt *q = NULL;
    assert_int_equal(
        store_prepare(
            w->bed->st,
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <"
            " 210) INSERT INTO scan (id, at, source, text, outcome) SELECT i, i, 's', 't',"
            " CASE WHEN i <= 10 OR i = 11 THEN 'scan.refused' WHEN i = 50 THEN"
            " 'scan.stopped' WHEN i = 60 THEN 'scan.blocked' WHEN i = 70 THEN"
            " 'scan.command' ELSE 'scan.accepted' END FROM n",
            &q),
        ERR_OK);
    assert_int_equal(store_run(w->bed->st, q), ERR_OK);
    assert_int_equal(console_bed_get(w, "/metrics", ""), 200);
    console_bed_has(w, "\npackd_scans_total 210\n");
    console_bed_has(w, "\npackd_scans_refused 3\n");
}

static void console__settles_an_exception_with_who_and_why(void **state)
{
    struct console_bed *w = *state;
    char path[64];
    int64_t id = 0;
    const struct exception_spec spec = {.rule = "channel.tracking_too_long",
                                        .origin = "storefront",
                                        .owner = "integration",
                                        .object = "order <b>WEB-1</b>",
                                        .text = "The number is longer than 50.",
                                        .next_step = "Correct the carrier's rule."};
    assert_int_equal(exception_raise(w->bed->st, hal_wall(w->bed->hal), &spec, &id), ERR_OK);
    assert_int_equal(console_bed_get(w, "/api/exceptions", ""), 200);
    console_bed_is_json(w->body);
    console_bed_has(w, "\"object\":\"order <b>WEB-1</b>\"");
    console_bed_has(w, "\"acts\":[\"resolve\"]");
    (void)snprintf(path, sizeof path, "/api/exceptions/%lld/resolve", (long long)id);
    assert_int_equal(console_bed_post(w, path, "{\"who\":\"Maya\"}"), 400);
    assert_int_equal(console_bed_post(w, path, "{\"who\":\"\",\"note\":\"done\"}"), 400);
    assert_int_equal(console_bed_post(w, path, "{\"who\":\"Maya\",\"note\":\"sent by hand\"}"),
                     200);
    assert_int_equal(console_bed_post(w, path, "{\"who\":\"Maya\",\"note\":\"sent by hand\"}"),
                     404);
    assert_int_equal(
        console_bed_post(w, "/api/exceptions/x/resolve", "{\"who\":\"M\",\"note\":\"n\"}"), 404);
    assert_int_equal(
        console_bed_post(w, "/api/exceptions/1/sing", "{\"who\":\"M\",\"note\":\"n\"}"), 404);
    assert_int_equal(console_bed_get(w, "/api/exceptions", ""), 200);
    console_bed_has(w, "\"exceptions\":[]");
    console_bed_has(w, "\"clear_since\":1");
}

static void console__puts_a_parcel_that_must_not_go_first(void **state)
{
    struct console_bed *w = *state;
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
    assert_int_equal(console_bed_get(w, "/api/exceptions", ""), 200);
    const char *pull = strstr(w->body, "\"acts\":[\"pulled\",\"gone\"]");
    const char *parked = strstr(w->body, "\"acts\":[\"retry\",\"resolve\"]");
    assert_non_null(pull);
    assert_non_null(parked);
    assert_true(pull < parked);
    console_bed_has(w, "\"reference\":\"WEB-7\"");
}

static void console__finds_an_order_by_what_is_in_hand(void **state)
{
    struct console_bed *w = *state;
    bed_save(w->bed, "WEB-1", "shop");
    bed_save(w->bed, "WEB-2", "shop");
    assert_int_equal(console_bed_get(w, "/api/order", "ref=TWEB-1"), 200);
    console_bed_is_json(w->body);
    console_bed_has(w, "\"found_by\":\"tracking\"");
    console_bed_has(w, "\"order\":{\"id\":1,\"reference\":\"WEB-1\"");
    console_bed_has(w, "\"dispatches\":[{\"id\":1");
    console_bed_has(w, "\"messages\":[{");
    assert_int_equal(console_bed_get(w, "/api/order", "ref=SKU1"), 200);
    console_bed_is_json(w->body);
    console_bed_has(w, "\"reference\":\"WEB-2\"");
    console_bed_hasnt(w, "\"order\":{");
    assert_int_equal(console_bed_get(w, "/api/order", "ref=%232"), 200);
    console_bed_has(w, "\"order\":{\"id\":2");
    assert_int_equal(console_bed_get(w, "/api/order", "ref=%27%20OR%201=1--"), 404);
    assert_int_equal(console_bed_get(w, "/api/order", ""), 400);
}

static void console__keeps_the_recipient_to_itself(void **state)
{
    struct console_bed *w = *state;
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
        assert_int_equal(console_bed_get(w, paths[i], "ref=WEB-1"), 200);
        console_bed_hasnt(w, "Secret");
    }
}

static void console__recalls_with_who_and_reason(void **state)
{
    struct console_bed *w = *state;
    assert_int_equal(console_bed_post(w, "/api/recall", "{\"key\":\"PB7-x-1\",\"who\":\"Maya\"}"),
                     400);
    assert_int_equal(
        console_bed_post(w, "/api/recall",
                         "{\"key\":\"PB7-x-1\",\"who\":\"Maya\",\"reason\":\"wrong box\"}"),
        200);
    assert_string_equal(w->command, "PB7-x-1/Maya/wrong box");
    w->answer = ERR_BUSY;
    assert_int_equal(
        console_bed_post(w, "/api/recall",
                         "{\"key\":\"PB7-x-1\",\"who\":\"Maya\",\"reason\":\"wrong box\"}"),
        409);
}

static void console__acts_on_every_exception_of_a_rule(void **state)
{
    struct console_bed *w = *state;
    static const char BODY[] = "{\"rule\":\"channel.sku\",\"act\":\"retry\",\"who\":\"Maya\"}";
    static const struct attempt_result PARK = {.outcome = ATTEMPT_PARK, .rule = "channel.sku"};
    assert_int_equal(console_bed_post(w, "/api/exceptions/rule", "{\"rule\":\"x\"}"), 400);
    assert_int_equal(console_bed_post(w, "/api/exceptions/rule", BODY), 404);
    bed_save(w->bed, "WEB-1", "none");
    bed_tick(w->bed);
    bed_end_with(w->bed, bed_last(w->bed)->id, &PARK);
    assert_int_equal(console_bed_post(w, "/api/exceptions/rule", BODY), 200);
    console_bed_has(w, "\"done\":1");
    assert_int_equal(bed_figures(w->bed, CLARUS).parked, 0);
}

static void console__a_lead_closes_a_carriers_list(void **state)
{
    struct console_bed *w = *state;
    static const char BODY[] = "{\"carrier\":\"DPD\",\"who\":\"Maya\"}";
    assert_int_equal(console_bed_post(w, "/api/manifest", "{\"who\":\"Maya\"}"), 400);
    assert_int_equal(console_bed_post(w, "/api/manifest", BODY), 404);
    bed_save(w->bed, "WEB-1", "shop");
    AUTO_STMT sqlite3_stmt *q = NULL;
    assert_int_equal(store_prepare(w->bed->st,
                                   "INSERT INTO manifest (dispatch_id, carrier) VALUES (1, 'DPD')",
                                   &q),
                     ERR_OK);
    assert_int_equal(store_run(w->bed->st, q), ERR_OK);
    assert_int_equal(console_bed_get(w, "/api/outbox", ""), 200);
    console_bed_has(w, "\"manifests\":[{\"carrier\":\"DPD\",\"waiting\":1,");
    console_bed_has(w, "\"waits_for\":\"the step before it\"");
    assert_int_equal(console_bed_post(w, "/api/manifest", BODY), 200);
    bed_tick(w->bed);
    assert_int_equal(console_bed_get(w, "/api/outbox", ""), 200);
    console_bed_has(w, "\"manifests\":[]");
}

/* ------------------------------------------------------------------------------------ stream -- */

static hal_request_t follow(struct console_bed *w)
{
    struct hal_event events[4];
    size_t count = 0;
    const struct hal_sim_request r = {.method = HAL_GET, .path = "/events/bench", .host = BED_HOST};
    hal_request_t id = hal_sim_console_request(w->bed->hal, &r, 0);
    assert_int_equal(hal_wait(w->bed->hal, mono_plus(hal_now(w->bed->hal), 50), events, 4, &count),
                     ERR_OK);
    assert_int_equal(count, 1);
    console_request(w->pages, &events[0].console);
    console_bed_round(w, false);
    return id;
}

static void pass(struct console_bed *w)
{
    struct hal_event events[4];
    size_t count = 0;
    mono_t until = console_deadline(w->pages);
    assert_int_equal(hal_wait(w->bed->hal, until, events, 4, &count), ERR_OK);
    assert_int_equal(count, 0);
    console_bed_round(w, false);
}

static void console__sends_the_picture_when_it_changed_and_a_beat_otherwise(void **state)
{
    struct console_bed *w = *state;
    assert_int_equal(console_deadline(w->pages).ms, MONO_NEVER.ms);
    w->view.face = FACE_PACKING;
    (void)snprintf(w->view.reference, sizeof w->view.reference, "WEB-1");
    (void)follow(w);
    assert_int_equal(w->stream_events, 1);
    assert_non_null(strstr(w->stream, "event: bench\ndata: {\"now\":"));
    assert_non_null(strstr(w->stream, "\"face\":\"packing\""));
    console_bed_round(w, true);
    assert_int_equal(w->stream_events, 1); /* nothing to tell */
    pass(w);
    assert_int_equal(w->stream_events, 2);
    assert_non_null(strstr(w->stream, "event: beat\ndata: {\"now\":"));
    w->view.tone = HAL_TONE_REFUSE;
    w->view.tone_serial = 9;
    console_bed_round(w, true);
    assert_int_equal(w->stream_events, 3);
    assert_non_null(strstr(w->stream, "\"tone\":\"refuse\",\"tone_serial\":9"));
}

static void console__tells_a_second_screen_the_same_truth(void **state)
{
    struct console_bed *w = *state;
    hal_request_t first = follow(w);
    hal_request_t second = follow(w);
    assert_int_equal(w->stream_events, 2);
    assert_int_equal(w->id.n, second.n);
    console_closed(w->pages, second);
    w->view.face = FACE_STOP;
    console_bed_round(w, true);
    assert_int_equal(w->stream_events, 3);
    assert_int_equal(w->id.n, first.n);
    console_closed(w->pages, first);
    assert_int_equal(console_deadline(w->pages).ms, MONO_NEVER.ms);
}

static void console__shows_trouble_of_the_outbox_without_a_scan(void **state)
{
    struct console_bed *w = *state;
    (void)follow(w);
    bed_save(w->bed, "WEB-1", "shop");
    pass(w);
    assert_non_null(strstr(w->stream, "\"waiting\":2"));
}

/* The largest picture of the worst characters: one escaped byte becomes six. */
static void console__bounds_the_largest_picture(void **state)
{
    struct console_bed *w = *state;
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
    console_bed_is_json(data + strlen("data: "));
}

static void console__has_a_bound_of_screens(void **state)
{
    struct console_bed *w = *state;
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
#define TEST(name) cmocka_unit_test_setup_teardown(name, console_bed_set_up, console_bed_tear_down)
        TEST(console__serves_the_pages_with_the_token),
        TEST(console__names_what_is_wrong_with_a_request),
        TEST(console__refuses_a_rebound_name),
        TEST(console__acts_only_for_its_own_page),
        TEST(console__types_scans_only_where_the_station_allows),
        TEST(console__shows_the_outbox_by_destination),
        TEST(console__counts_refused_scans_of_the_last_200),
        TEST(console__settles_an_exception_with_who_and_why),
        TEST(console__puts_a_parcel_that_must_not_go_first),
        TEST(console__finds_an_order_by_what_is_in_hand),
        TEST(console__keeps_the_recipient_to_itself),
        TEST(console__recalls_with_who_and_reason),
        TEST(console__acts_on_every_exception_of_a_rule),
        TEST(console__a_lead_closes_a_carriers_list),
        TEST(console__sends_the_picture_when_it_changed_and_a_beat_otherwise),
        TEST(console__tells_a_second_screen_the_same_truth),
        TEST(console__shows_trouble_of_the_outbox_without_a_scan),
        TEST(console__bounds_the_largest_picture),
        TEST(console__has_a_bound_of_screens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
