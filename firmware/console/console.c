#include "firmware/console/console.h"

#include <assert.h>
#include <string.h>

#include "firmware/base/mem.h"
#include "firmware/base/text.h"
#include "firmware/console/console_parts.h"

#define ASSET(name)                                                                                \
    extern const unsigned char asset_##name[];                                                     \
    extern const size_t asset_##name##_len;
ASSET(pack_html)
ASSET(pack_css)
ASSET(pack_js)
ASSET(lead_html)
ASSET(lead_css)
ASSET(lead_js)
ASSET(common_js)
ASSET(tones_js)
ASSET(icon_svg)
ASSET(en_json)

static const struct hal_header SAFE_HEADERS[] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
     "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cache-Control", "no-store"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"WWW-Authenticate", "Basic realm=\"pack station\", charset=\"UTF-8\""},
};
#define SAFE_COUNT (sizeof SAFE_HEADERS / sizeof SAFE_HEADERS[0])

/* ----------------------------------------------------------------------------------- answers -- */

void console_send(struct ask *a, int status, const char *content_type, struct slice body)
{
    struct effects_answer answer = {
        .status = status,
        .content_type = content_type,
        .extra = SAFE_HEADERS,
        .extra_count = status == 401 ? SAFE_COUNT : SAFE_COUNT - 1,
        .body = body,
    };
    err_t e = effects_answer(a->c->o.fx, a->r->id, &answer);
    if (e == ERR_OK) return;
    log_event(a->c->o.log, LOG_WARN, "console.busy", "error=%s", err_name(e));
    hal_console_reply(a->c->hal, a->r->id, 503, "application/json", SAFE_HEADERS, SAFE_COUNT - 1,
                      SLICE("{\"error\":\"too much at once\",\"next_step\":\"try again\"}"));
}

int64_t console_now(const struct console_pages *c)
{
    return effects_wall(c->o.fx).ms;
}

struct json_writer console_begin(struct console_pages *c)
{
    buf_clear(&c->out);
    struct json_writer w = json_write(&c->out);
    json_open_object(&w, NULL);
    json_put_int(&w, "now", console_now(c));
    return w;
}

void console_send_json(struct ask *a)
{
    if (!a->c->out.overflow) {
        console_send(a, 200, "application/json", buf_slice(&a->c->out));
        return;
    }
    console_fail(a, &(struct console_error){.status = 500,
                                            .error = "the answer is larger than the console sends",
                                            .rule = "console.answer_size",
                                            .next_step = "ask for less: name one destination"});
}

void console_fail(struct ask *a, const struct console_error *error)
{
    uint8_t room[300];
    struct buf value = buf_over(room, sizeof room);
    text_visible(&value, error->value, 64);
    a->c->refusals++;
    buf_clear(&a->c->out);
    struct json_writer w = json_write(&a->c->out);
    json_open_object(&w, NULL);
    json_put_text(&w, "error", error->error);
    json_put_slice(&w, "value", buf_slice(&value));
    json_put_text(&w, "rule", error->rule);
    json_put_text(&w, "next_step", error->next_step);
    json_close_object(&w);
    console_send(a, error->status, "application/json", buf_slice(&a->c->out));
}

void console_fail_err(struct ask *a, err_t e, struct slice value)
{
    static const struct {
        int status;
        const char *rule;
        const char *next_step;
    } answers[ERR_COUNT] = {
        [ERR_NOTFOUND] = {404, "must_exist", "read the list again; it may be settled already"},
        [ERR_INVALID] = {400, "must_be_allowed", "correct the value and send it again"},
        [ERR_PROTO] = {400, "must_be_well_formed", "correct the request and send it again"},
        [ERR_DENIED] = {403, "must_be_permitted", "this is switched off at this station"},
        [ERR_UNSUPPORTED] = {409, "must_fit", "choose an act that is offered for it"},
        [ERR_BUSY] = {409, "must_be_free", "wait until what is under way has ended"},
        [ERR_EXISTS] = {409, "must_be_new", "read the list again"},
        [ERR_NOSPACE] = {503, "must_fit", "send less, or free space on the station's disk"},
    };
    bool known = answers[e].status != 0;
    console_fail(a, &(struct console_error){
                        .status = known ? answers[e].status : 500,
                        .error = err_text(e),
                        .value = value,
                        .rule = known ? answers[e].rule : "station_must_be_able",
                        .next_step = known ? answers[e].next_step : "see the station's log"});
}

/* ------------------------------------------------------------------------------------- query -- */

static struct slice query_raw(struct slice query, const char *name)
{
    while (query.len > 0) {
        size_t end = slice_find_byte(query, '&');
        struct slice pair = slice_sub(query, 0, end);
        size_t equals = slice_find_byte(pair, '=');
        if (slice_is(slice_sub(pair, 0, equals), name))
            return slice_sub(pair, equals < pair.len ? equals + 1 : equals, pair.len);
        query = slice_sub(query, end < query.len ? end + 1 : end, query.len);
    }
    return SLICE_NONE;
}

err_t console_query(const struct ask *a, const char *name, char *out, size_t cap)
{
    assert(cap > 0 && cap <= CONSOLE_REF_CAP);
    uint8_t room[CONSOLE_REF_CAP];
    struct buf decoded = buf_over(room, cap - 1);
    out[0] = 0;
    err_t e = text_unpercent(&decoded, query_raw(a->r->query, name), true);
    if (e) return e;
    if (decoded.overflow) return ERR_NOSPACE;
    struct slice text = slice_trim(buf_slice(&decoded));
    return text_is_utf8(text) ? slice_copy(text, out, cap) : ERR_PROTO;
}

/* ------------------------------------------------------------------------------------- pages -- */

/* The page with the token in place of its mark. */
static void send_page(struct ask *a, const unsigned char *page, size_t len)
{
    struct slice text = slice_of(page, len);
    struct slice mark = SLICE("%TOKEN%");
    size_t at = slice_find(text, mark);
    assert(at < len);
    buf_clear(&a->c->out);
    buf_put(&a->c->out, slice_sub(text, 0, at));
    text_html(&a->c->out, slice_text(a->c->token));
    buf_put(&a->c->out, slice_sub(text, at + mark.len, len));
    console_send(a, 200, "text/html; charset=utf-8", buf_slice(&a->c->out));
}

static void get_pack(struct ask *a)
{
    send_page(a, asset_pack_html, asset_pack_html_len);
}

static void get_lead(struct ask *a)
{
    send_page(a, asset_lead_html, asset_lead_html_len);
}

struct page_part {
    const char *path;
    const char *type;
    const unsigned char *bytes;
    const size_t *len;
};

static const struct page_part page_parts[] = {
    {"/pack.css", "text/css; charset=utf-8", asset_pack_css, &asset_pack_css_len},
    {"/pack.js", "text/javascript; charset=utf-8", asset_pack_js, &asset_pack_js_len},
    {"/lead.css", "text/css; charset=utf-8", asset_lead_css, &asset_lead_css_len},
    {"/lead.js", "text/javascript; charset=utf-8", asset_lead_js, &asset_lead_js_len},
    {"/common.js", "text/javascript; charset=utf-8", asset_common_js, &asset_common_js_len},
    {"/tones.js", "text/javascript; charset=utf-8", asset_tones_js, &asset_tones_js_len},
    {"/icon.svg", "image/svg+xml", asset_icon_svg, &asset_icon_svg_len},
    {"/messages.json", "application/json", asset_en_json, &asset_en_json_len},
};

static void get_part(struct ask *a)
{
    for (size_t i = 0; i < sizeof page_parts / sizeof page_parts[0]; i++) {
        if (!slice_is(a->r->path, page_parts[i].path)) continue;
        console_send(a, 200, page_parts[i].type, slice_of(page_parts[i].bytes, *page_parts[i].len));
        return;
    }
}

/* ------------------------------------------------------------------------------------ routes -- */

typedef void handler_fn(struct ask *a);

static const struct route {
    const char *path;
    bool prefix; /* more may follow */
    bool open;   /* also for a supervisor beyond loopback */
    handler_fn *get;
    handler_fn *post;
} routes[] = {
    {"/", false, false, get_pack, NULL},
    {"/lead", false, false, get_lead, NULL},
    {"/pack.css", false, false, get_part, NULL},
    {"/pack.js", false, false, get_part, NULL},
    {"/lead.css", false, false, get_part, NULL},
    {"/lead.js", false, false, get_part, NULL},
    {"/common.js", false, false, get_part, NULL},
    {"/tones.js", false, false, get_part, NULL},
    {"/icon.svg", false, false, get_part, NULL},
    {"/messages.json", false, false, get_part, NULL},
    {"/events/bench", false, false, console_get_events, NULL},
    {"/api/status", false, false, console_get_status, NULL},
    {"/api/bench", false, false, console_get_bench, NULL},
    {"/api/outbox", false, false, console_get_outbox, NULL},
    {"/api/exceptions", false, false, console_get_exceptions, NULL},
    {"/api/exceptions/rule", false, false, NULL, console_post_rule},
    {"/api/exceptions/", true, false, NULL, console_post_exception},
    {"/api/order", false, false, console_get_order, NULL},
    {"/api/daily", false, false, console_get_daily, NULL},
    {"/api/export", false, false, console_get_export, NULL},
    {"/api/devices", false, false, console_get_devices, NULL},
    {"/api/scans", false, false, console_get_scans, NULL},
    {"/api/command", false, false, NULL, console_post_command},
    {"/api/manifest", false, false, NULL, console_post_manifest},
    {"/api/recall", false, false, NULL, console_post_recall},
    {"/api/rules/worklist", false, false, console_get_worklist, NULL},
    {"/api/maps", false, false, console_get_maps, NULL},
    {"/api/maps/file", false, false, console_get_maps_file, NULL},
    {"/api/maps/words", false, false, console_get_words, NULL},
    {"/api/maps/set", false, false, NULL, console_post_maps_set},
    {"/api/maps/remove", false, false, NULL, console_post_maps_remove},
    {"/api/maps/drop", false, false, NULL, console_post_maps_drop},
    {"/api/maps/import", false, false, NULL, console_post_maps_import},
    {"/api/demo/codes", false, false, console_get_demo_codes, NULL},
    {"/api/demo/scan", false, false, NULL, console_post_scan},
    {"/metrics", false, false, console_get_metrics, NULL},
    {"/healthz", false, true, console_get_health, NULL},
};

static const struct route *route_of(struct ask *a)
{
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        const struct route *r = &routes[i];
        size_t len = strlen(r->path);
        bool fits = r->prefix ? slice_starts(a->r->path, r->path) : slice_is(a->r->path, r->path);
        if (!fits) continue;
        a->tail = slice_sub(a->r->path, len, a->r->path.len);
        return r;
    }
    return NULL;
}

void console_request(struct console_pages *c, const struct hal_console_request *r)
{
    struct ask a = {.c = c, .r = r};
    c->requests++;
    const struct route *route = route_of(&a);
    if (!route) {
        console_fail(&a, &(struct console_error){404, "there is no such page", r->path,
                                                 "path_must_exist", "open / or /lead"});
        return;
    }
    bool get = r->method == HAL_GET;
    handler_fn *handler = get ? route->get : r->method == HAL_POST ? route->post : NULL;
    if (!handler) {
        console_fail(&a, &(struct console_error){405, "this path does not take that method",
                                                 r->path, "method_must_fit",
                                                 route->get ? "use GET" : "use POST"});
        return;
    }
    if (!(get && route->open) && !console_may_read(&a)) return;
    if (!get && !console_may_act(&a)) return;
    handler(&a);
}

/* ------------------------------------------------------------------------------ life and end -- */

static err_t token_make(struct console_pages *c)
{
    uint8_t room[CONSOLE_TOKEN_CAP - 1];
    struct buf secret = buf_over(room, sizeof room);
    err_t e = hal_secret_read(c->hal, "console-token", &secret);
    struct slice text = slice_trim(buf_slice(&secret));
    if (e == ERR_OK && text.len >= 16 && text_is_print(text))
        return slice_copy(text, c->token, sizeof c->token);
    if (e != ERR_NOTFOUND)
        log_event(c->o.log, LOG_WARN, "console.token",
                  "error=%s text=\"one was made for this run\"", e ? err_name(e) : "too short");
    uint8_t random[24];
    hal_random(c->hal, random, sizeof random);
    struct buf made = buf_over(c->token, sizeof c->token - 1);
    text_hex(&made, slice_of(random, sizeof random));
    return ERR_OK;
}

err_t console_pages_new(const struct console_options *options, struct console_pages **out)
{
    assert(options->from.bench && options->from.station);
    assert(options->from.scan && options->from.command && options->from.recall);
    struct console_pages *c = mem_alloc(sizeof *c);
    if (!c) return ERR_NOMEM;
    c->o = *options;
    c->hal = effects_hal(options->fx);
    c->next_beat = MONO_NEVER;
    uint8_t *room = mem_alloc((size_t)CONSOLE_ROOM * 2);
    err_t e = room ? token_make(c) : ERR_NOMEM;
    if (!e) {
        c->out = buf_over(room, CONSOLE_ROOM);
        c->frame = buf_over(room + CONSOLE_ROOM, CONSOLE_ROOM);
    } else {
        mem_free(room);
        console_pages_free(c);
        return e;
    }
    *out = c;
    return ERR_OK;
}

void console_pages_free(struct console_pages *c)
{
    if (!c) return;
    mem_free(c->out.ptr);
    mem_free(c);
}
