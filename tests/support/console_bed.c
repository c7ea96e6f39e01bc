#include "tests/support/console_bed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void on_bench(void *ctx, struct bench_view *out)
{
    *out = ((struct console_bed *)ctx)->view;
}

static void on_station(void *ctx, struct console_station *out)
{
    *out = ((struct console_bed *)ctx)->station;
}

static err_t on_scan(void *ctx, struct slice text)
{
    struct console_bed *w = ctx;
    err_ignore(slice_copy(text, w->scan, sizeof w->scan)); /* too long reads as empty */
    return w->answer;
}

static err_t on_command(void *ctx, struct slice text)
{
    struct console_bed *w = ctx;
    err_ignore(slice_copy(text, w->command, sizeof w->command)); /* too long reads as empty */
    return w->answer;
}

static err_t on_recall(void *ctx, struct slice key, const char *who, const char *reason)
{
    struct console_bed *w = ctx;
    (void)snprintf(w->command, sizeof w->command, "%.*s/%s/%s", SLICE_ARGS(key), who, reason);
    return w->answer;
}

static void on_reply(void *ctx, mono_t now, hal_request_t id, int status, struct slice body)
{
    struct console_bed *w = ctx;
    (void)now;
    w->id = id;
    w->status = status;
    w->replies++;
    assert_int_equal(slice_copy(body, w->body, sizeof w->body), ERR_OK);
}

static void on_stream(void *ctx, mono_t now, hal_request_t id, struct slice bytes)
{
    struct console_bed *w = ctx;
    (void)now;
    w->id = id;
    w->stream_events++;
    assert_int_equal(slice_copy(bytes, w->stream, sizeof w->stream), ERR_OK);
}

int console_bed_set_up(void **state)
{
    struct console_bed *w = calloc(1, sizeof *w);
    w->bed = bed_new();
    hal_sim_set_secret(w->bed->hal, "console-token", BED_TOKEN);
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
        .from = {w, on_bench, on_station, on_scan, on_command, on_recall, NULL},
    };
    assert_int_equal(console_pages_new(&options, &w->pages), ERR_OK);
    *state = w;
    return 0;
}

int console_bed_tear_down(void **state)
{
    struct console_bed *w = *state;
    console_pages_free(w->pages);
    bed_free(w->bed);
    free(w);
    return 0;
}

void console_bed_round(struct console_bed *w, bool view_changed)
{
    if (store_is_dirty(w->bed->st)) assert_int_equal(store_commit(w->bed->st), ERR_OK);
    bool screen = effects_screen_changed(w->bed->fx);
    effects_acknowledge(w->bed->fx);
    console_publish(w->pages, view_changed || screen);
    effects_perform(w->bed->fx);
}

void console_bed_ask(struct console_bed *w, struct hal_sim_request request)
{
    struct hal_event events[4];
    size_t count = 0;
    if (!request.host) request.host = BED_HOST;
    (void)hal_sim_console_request(w->bed->hal, &request, 0);
    assert_int_equal(hal_wait(w->bed->hal, mono_plus(hal_now(w->bed->hal), 50), events, 4, &count),
                     ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(events[0].kind, HAL_EV_CONSOLE_REQUEST);
    int before = w->replies;
    console_request(w->pages, &events[0].console);
    assert_int_equal(w->replies, before); /* nothing is said before the commit */
    console_bed_round(w, false);
}

int console_bed_get(struct console_bed *w, const char *path, const char *query)
{
    console_bed_ask(w, (struct hal_sim_request){.method = HAL_GET, .path = path, .query = query});
    return w->status;
}

int console_bed_post(struct console_bed *w, const char *path, const char *body)
{
    console_bed_ask(w, (struct hal_sim_request){.method = HAL_POST,
                                                .path = path,
                                                .body = body,
                                                .content_type = "application/json",
                                                .token = BED_TOKEN});
    return w->status;
}

void console_bed_has(const struct console_bed *w, const char *text)
{
    if (!strstr(w->body, text)) fail_msg("'%s' is not in: %.600s", text, w->body);
}

void console_bed_hasnt(const struct console_bed *w, const char *text)
{
    if (strstr(w->body, text)) fail_msg("'%s' is in: %.600s", text, w->body);
}

void console_bed_is_json(const char *text)
{
    AUTO_JSON struct json_doc *doc = NULL;
    struct json_fault fault = {0};
    if (json_parse(slice_text(text), &doc, &fault) != ERR_OK)
        fail_msg("%s at %zu: %.200s", fault.reason, fault.offset, text);
}
