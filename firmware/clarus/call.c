#include "firmware/clarus/inner.h"

#include <assert.h>
#include <string.h>

#define PACE_DEBT_MS 30000  /* what a packer asked for holds the rest up for no longer */
#define WAIT_MS_MAX  300000 /* a server may ask for more; the bench does not wait longer unasked */

struct buf *call_body(struct clarus_flow *f)
{
    buf_clear(&f->call.body);
    return &f->call.body;
}

static void call_fail(struct clarus_flow *f, enum answer_kind kind)
{
    f->call.state = CALL_FAILED;
    f->call.failure = kind;
}

void clarus_heard(struct clarus *c, bool answered)
{
    if (c->reachable == answered) return;
    c->reachable = answered;
    c->offline_since = answered ? 0 : effects_wall(c->fx).ms;
    log_event(c->log, answered ? LOG_INFO : LOG_WARN,
              answered ? "clarus.reachable" : "clarus.unreachable", "tenant=%s",
              c->config->site.clarus.tenant);
    if (answered) outbox_reachable(c->outbox, CLARUS);
    if (c->on.refreshed) c->on.refreshed(c->on.ctx);
}

/* What the words of a refusal are: errors[0].details (REST) or .message (GraphQL), or error. */
static void answer_words(struct answer *a)
{
    json_node first = json_first(json_member(a->root, "errors"));
    struct slice words = json_text(json_member(first, "details"));
    if (!words.len) words = json_text(json_member(first, "message"));
    if (!words.len) words = json_text(json_member(first, "symbol"));
    if (!words.len) words = json_text(json_member(a->root, "error"));
    words_copy(a->words, sizeof a->words, words);
}

static int64_t retry_after(struct clarus *c, const struct hal_http_result *r)
{
    struct slice text = hal_http_header(r, "Retry-After");
    int64_t value = 0;
    if (text_int(text, 0, 86400, &value) == ERR_OK) {
        value *= 1000;
    } else if (clock_parse_http(text, &value) == ERR_OK) {
        value -= effects_wall(c->fx).ms;
    } else {
        value = 0;
    }
    if (value < 0) value = 0;
    return value > WAIT_MS_MAX ? WAIT_MS_MAX : value;
}

static enum answer_kind kind_of_status(const struct call *call, int status)
{
    enum answer_kind lost = call->write ? ANSWER_UNKNOWN : ANSWER_OFFLINE;
    if (status >= 200 && status < 300) return ANSWER_OK;
    if (status < 400 || status >= 500 || status == 408) return lost;
    switch (status) {
    case 401:
        return ANSWER_REAUTH;
    case 403:
        return ANSWER_DENIED;
    case 404:
        return ANSWER_ABSENT;
    case 429:
        return ANSWER_BUSY;
    default:
        return ANSWER_REFUSED;
    }
}

static void answer_of(struct clarus_flow *f, const struct hal_http_result *r, struct answer *a)
{
    struct clarus *c = f->c;
    enum answer_kind lost = f->call.write ? ANSWER_UNKNOWN : ANSWER_OFFLINE;
    *a = (struct answer){.kind = lost, .status = r->status};
    if (r->outcome == HAL_HTTP_NOT_SENT) a->kind = ANSWER_OFFLINE;
    if (r->outcome != HAL_HTTP_ANSWERED) return;
    a->kind = kind_of_status(&f->call, r->status);
    a->body = r->body;
    if (a->kind == ANSWER_OK && r->truncated) a->kind = lost;
    if (a->kind != ANSWER_BUSY) return;
    a->wait_ms = retry_after(c, r);
    mono_t until = mono_plus(effects_now(c->fx), a->wait_ms ? a->wait_ms : 1000);
    if (!mono_reached(c->quiet_until, until)) c->quiet_until = until;
}

/* Reads the body of an answer. A success that is not JSON is no success. */
static void answer_parse(struct clarus_flow *f, struct answer *a, struct json_doc **doc)
{
    if (f->call.binary && a->kind == ANSWER_OK) return;
    if (slice_trim(a->body).len) {
        struct json_fault fault = {0};
        err_t e = json_parse(a->body, doc, &fault);
        if (e == ERR_OK) a->root = json_root(*doc);
        if (e && a->kind == ANSWER_OK) {
            log_event(f->c->log, LOG_WARN, "clarus.not_json",
                      "flow=%s step=%s offset=%zu why=\"%s\"", f->kind->name,
                      f->kind->steps[f->step].name, fault.offset, fault.reason);
            a->kind = f->call.write ? ANSWER_UNKNOWN : ANSWER_FAULTY;
        }
    } else if (a->kind == ANSWER_OK && !f->call.write) {
        a->kind = ANSWER_FAULTY;
    }
    if (!a->words[0]) answer_words(a);
}

void call_deliver(struct clarus_flow *f, const struct answer *a)
{
    struct answer copy = *a;
    if (f->list.active) {
        if (list_page(f, &copy)) return;
        f->list.active = false;
    }
    f->kind->steps[f->step].end(f, &copy);
}

static void call_log(const struct clarus_flow *f, const struct answer *a)
{
    enum log_level level = a->kind == ANSWER_OK ? LOG_DEBUG : LOG_INFO;
    log_event(f->c->log, level, "clarus.answer", "flow=%s step=%s subject=%lld http=%d kind=%d",
              f->kind->name, f->kind->steps[f->step].name, (long long)f->subject, a->status,
              (int)a->kind);
}

static void call_done(void *ctx, uint32_t tag, const struct hal_http_result *r)
{
    struct clarus *c = ctx;
    struct clarus_flow *f = flow_by_serial(c, tag);
    if (!f || f->call.state != CALL_SENT) return;
    struct answer a;
    answer_of(f, r, &a);
    if (!f->call.bare)
        clarus_heard(c, r->outcome == HAL_HTTP_ANSWERED && (r->status < 500 || r->status == 501));
    f->call.state = CALL_IDLE;
    call_log(f, &a);
#ifdef PLANT_RETRY_ON_401
    f->call.renewed = false;
#endif
    if (a.kind == ANSWER_REAUTH && !f->call.bare && !f->call.renewed) {
        f->call.renewed = true;
        session_drop(c, f->call.token_serial);
        call_send(f);
    } else {
        AUTO_JSON struct json_doc *doc = NULL;
        answer_parse(f, &a, &doc);
        call_deliver(f, &a);
    }
    flows_run(c);
}

static size_t call_headers(struct clarus_flow *f, struct hal_header out[6], struct buf *auth,
                           struct buf *id)
{
    struct clarus *c = f->c;
    size_t n = 0;
    if (f->call.bare) {
        out[n++] = (struct hal_header){"Accept", "*/*"};
        return n;
    }
    buf_printf(auth, "Bearer %s", c->session.token);
    buf_printf(id, "%s-%s-%u", c->config->station.id, store_epoch(c->store), ++c->request_serial);
    out[n++] = (struct hal_header){"Authorization", buf_cstr(auth)};
    out[n++] = (struct hal_header){"X-Clarus-Subdomain", c->config->site.clarus.tenant};
    out[n++] = (struct hal_header){"X-Request-Id", buf_cstr(id)};
    out[n++] = (struct hal_header){"Accept", "application/json"};
    if (f->call.has_body) out[n++] = (struct hal_header){"Content-Type", "application/json"};
    return n;
}

static bool same_host(const char *base, const char *url)
{
    size_t len = strlen(base);
    if (strncmp(base, url, len) != 0) return false;
    return url[len] == '/' || url[len] == '\0';
}

/* The site's pace is divided among its benches. What a packer waits for is counted, not held. */
static bool call_held(struct clarus_flow *f)
{
    struct clarus *c = f->c;
    const struct config_site *site = &c->config->site;
    mono_t now = effects_now(c->fx), from = c->quiet_until;
    if (f->call.bare) return false;
    bool waited = f->call.state == CALL_QUIET; /* its turn has come, whatever was sent meanwhile */
    if (f->kind->background && !waited && !mono_reached(from, c->pace_at)) from = c->pace_at;
    if (!mono_reached(now, from)) {
        f->call.state = CALL_QUIET;
        f->call.not_before = from;
        return true;
    }
    if (site->clarus.pace_per_minute) {
        int64_t benches = site->benches ? site->benches : 1;
        mono_t base = mono_reached(now, c->pace_at) ? now : c->pace_at;
        c->pace_at = mono_earlier(mono_plus(now, PACE_DEBT_MS),
                                  mono_plus(base, 60000 * benches / site->clarus.pace_per_minute));
    }
    return false;
}

void call_send(struct clarus_flow *f)
{
    struct clarus *c = f->c;
    if (call_held(f)) return;
    if (!f->call.bare && !session_ready(c)) {
        if (f->call.state != CALL_FAILED) f->call.state = CALL_TOKEN;
        if (!c->session.asking) call_fail(f, c->session.refused ? ANSWER_REAUTH : ANSWER_OFFLINE);
        return;
    }
    const struct config_clarus *k = &c->config->site.clarus;
    char auth_room[TOKEN_CAP + 16], id_room[96];
    struct buf auth = buf_over(auth_room, sizeof auth_room), id = buf_over(id_room, sizeof id_room);
    struct hal_header headers[6];
    struct hal_http_request request = {
        .method = f->call.method,
        .url = f->call.url,
        .headers = headers,
        .header_count = call_headers(f, headers, &auth, &id),
        .body = f->call.has_body ? buf_slice(&f->call.body) : SLICE_NONE,
        .has_body = f->call.has_body || f->call.method == HAL_POST || f->call.method == HAL_PATCH,
        .write = f->call.write,
        .timeout_ms = f->call.timeout_ms,
        .reply_max = REPLY_MAX,
        .ca = k->ca[0] && (!f->call.bare || same_host(k->base_url, f->call.url)) ? k->ca : NULL,
    };
    if (f->call.binary) request.reply_max = LABEL_DOCUMENT_MAX;
    f->call.token_serial = c->session.serial;
    f->call.state = CALL_SENT;
    err_t e = effects_http(c->fx, &request, call_done, c, f->serial, &f->call.http);
    if (!e) return;
    clarus_note(c, "effects_http", e);
    call_fail(f, ANSWER_OFFLINE);
}

void call_cancel(struct clarus_flow *f)
{
    if (f->call.state == CALL_SENT) effects_http_cancel(f->c->fx, f->call.http);
    f->call.state = CALL_IDLE;
    f->list.active = false;
}

static void call_start(struct clarus_flow *f, enum hal_method method, const char *prefix,
                       const char *path)
{
    const struct config_clarus *k = &f->c->config->site.clarus;
    assert(f->call.state == CALL_IDLE);
    size_t base = strlen(k->base_url);
    while (base && k->base_url[base - 1] == '/')
        base--;
    struct buf url = buf_over(f->call.url, sizeof f->call.url - 1);
    buf_put(&url, slice_of(k->base_url, base));
    buf_text(&url, prefix);
    buf_text(&url, path);
    f->call.url[url.len] = '\0';
    f->call.method = method;
    f->call.bare = f->call.binary = f->call.write = f->call.renewed = false;
    f->call.timeout_ms = k->timeout_ms;
    if (url.overflow || f->call.body.overflow) {
        clarus_note(f->c, "request too long", ERR_NOSPACE);
        call_fail(f, ANSWER_REFUSED);
    }
}

void call_get(struct clarus_flow *f, const char *path)
{
    call_start(f, HAL_GET, f->c->config->site.clarus.path_prefix, path);
    f->call.has_body = false;
    if (f->call.state == CALL_IDLE) call_send(f);
}

void call_write(struct clarus_flow *f, enum hal_method method, const char *path, bool has_body)
{
    call_start(f, method, f->c->config->site.clarus.path_prefix, path);
    f->call.has_body = has_body;
    f->call.write = true;
    size_t len = strlen(path);
    if (len > 7 && strcmp(path + len - 7, "/submit") == 0)
        f->call.timeout_ms = f->c->config->site.clarus.submit_timeout_ms;
    if (f->call.state == CALL_IDLE) call_send(f);
}

void call_graphql(struct clarus_flow *f)
{
    call_start(f, HAL_POST, "/graphql", "");
    f->call.has_body = true;
    if (f->call.state == CALL_IDLE) call_send(f);
}

void call_file(struct clarus_flow *f, struct slice url)
{
    assert(f->call.state == CALL_IDLE);
    f->call.method = HAL_GET;
    f->call.bare = f->call.binary = true;
    f->call.write = f->call.has_body = false;
    f->call.timeout_ms = f->c->config->site.clarus.timeout_ms;
    if (slice_copy(url, f->call.url, sizeof f->call.url) || !text_is_print(url)) {
        call_fail(f, ANSWER_FAULTY);
        return;
    }
    call_send(f);
}
