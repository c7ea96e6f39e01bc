#include "hal/sim/world.h"

#include <assert.h>
#include <string.h>

#include "firmware/base/mem.h"

#define SIM_REPLY_MAX (16u << 20)

void hal_sim_on_http(struct hal *h, hal_sim_http_fn *fn, void *ctx)
{
    h->http = fn;
    h->http_ctx = ctx;
}

size_t hal_sim_http_under_way(const struct hal *h)
{
    return h->http_under_way;
}

/* Both texts in one block. */
static uint8_t *join(const struct buf *a, const struct buf *b)
{
    uint8_t *block = mem_alloc(a->len + b->len + 1);
    assert(block);
    if (a->len) memcpy(block, a->ptr, a->len);
    if (b->len) memcpy(block + a->len, b->ptr, b->len);
    return block;
}

static void reply_event(const struct hal_http_request *request, const struct hal_sim_reply *r,
                        uint8_t *block, struct hal_http_result *out)
{
    out->outcome = r->outcome;
    out->detail = r->outcome == HAL_HTTP_ANSWERED ? "answered" : "simulated fault";
    if (r->outcome != HAL_HTTP_ANSWERED) return;
    out->status = r->status;
    out->headers = slice_of(block, r->headers.len);
    out->body = slice_of(block + r->headers.len, r->body.len);
    if (r->body.len <= request->reply_max) return;
    if (request->write) {
        *out = (struct hal_http_result){
            .id = out->id, .outcome = HAL_HTTP_UNKNOWN, .detail = "reply too large"};
    } else {
        out->truncated = true;
        out->body.len = request->reply_max;
    }
}

err_t hal_http_submit(struct hal *h, const struct hal_http_request *request, hal_http_t *out)
{
    if (h->http_under_way >= HAL_HTTP_MAX) return ERR_NOSPACE;
    struct hal_sim_reply r = {
        .outcome = HAL_HTTP_NOT_SENT, .headers = buf_new(65536), .body = buf_new(SIM_REPLY_MAX)};
    if (h->http && !sim_is_dead(h)) h->http(h->http_ctx, h->now, request, &r);
    struct hal_event e = {.kind = HAL_EV_HTTP_DONE};
    e.http.id = (hal_http_t){h->next_id++};
    uint8_t *block = join(&r.headers, &r.body);
    reply_event(request, &r, block, &e.http);
    int64_t limit = request->timeout_ms;
    if (r.delay_ms > limit) {
        hal_http_t id = e.http.id;
        e.http =
            (struct hal_http_result){.id = id, .outcome = HAL_HTTP_UNKNOWN, .detail = "timed out"};
        r.delay_ms = limit;
    }
    (void)sim_schedule(h, r.delay_ms, &e, block);
    buf_deinit(&r.headers);
    buf_deinit(&r.body);
    h->http_under_way++;
    *out = e.http.id;
    return ERR_OK;
}

void hal_http_cancel(struct hal *h, hal_http_t id)
{
    if (sim_unschedule(h, HAL_EV_HTTP_DONE, id.n)) h->http_under_way--;
}

void hal_sim_on_job(struct hal *h, hal_sim_job_fn *fn, void *ctx)
{
    h->job = fn;
    h->job_ctx = ctx;
}

err_t hal_job_start(struct hal *h, const struct hal_job_spec *spec, hal_job_t *out)
{
    if (h->jobs_under_way >= HAL_JOBS_MAX) return ERR_NOSPACE;
    struct hal_sim_job_reply r = {
        .start = ERR_NOTFOUND, .output = buf_new(SIM_REPLY_MAX), .errors = buf_new(4096)};
    if (h->job) h->job(h->job_ctx, spec, &r);
    if (r.start == ERR_OK) {
        struct hal_event e = {.kind = HAL_EV_JOB_DONE};
        uint8_t *block = join(&r.output, &r.errors);
        e.job = (struct hal_job_result){
            .id = {h->next_id++}, .ended = r.ended, .code = r.code, .over_limit = r.over_limit};
        e.job.output = slice_of(block, r.output.len);
        e.job.errors = slice_of(block + r.output.len, r.errors.len);
        if (r.output.len > spec->output_max) {
            e.job.ended = false;
            e.job.over_limit = true;
            e.job.output.len = 0;
        }
        (void)sim_schedule(h, r.delay_ms, &e, block);
        h->jobs_under_way++;
        *out = e.job.id;
    }
    buf_deinit(&r.output);
    buf_deinit(&r.errors);
    return r.start;
}

void hal_job_cancel(struct hal *h, hal_job_t id)
{
    if (sim_unschedule(h, HAL_EV_JOB_DONE, id.n)) h->jobs_under_way--;
}

/* --------------------------------------------------------------------------------- console -- */

err_t hal_console_open(struct hal *h, const struct hal_console_spec *spec)
{
    (void)h;
    (void)spec; /* requests come from hal_sim_console_request */
    return ERR_OK;
}

uint16_t hal_console_port(const struct hal *h)
{
    (void)h;
    return 8480;
}

static struct slice lend(uint8_t **at, const char *text)
{
    size_t len = text ? strlen(text) : 0;
    if (len) memcpy(*at, text, len);
    struct slice s = slice_of(*at, len);
    *at += len;
    return s;
}

hal_request_t hal_sim_console_request(struct hal *h, const struct hal_sim_request *q,
                                      int64_t delay_ms)
{
    const char *host = q->host ? q->host : "127.0.0.1:8480";
    const char *const texts[] = {q->path,   q->query,        q->body, host,
                                 q->origin, q->content_type, q->token};
    size_t room = 1;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        room += texts[i] ? strlen(texts[i]) : 0;
    uint8_t *block = mem_alloc(room), *at = block;
    assert(block);
    struct hal_event e = {.kind = HAL_EV_CONSOLE_REQUEST};
    e.console =
        (struct hal_console_request){.id = {h->next_id++}, .method = q->method, .loopback = true};
    e.console.path = lend(&at, q->path);
    e.console.query = lend(&at, q->query);
    e.console.body = lend(&at, q->body);
    e.console.host = lend(&at, host);
    e.console.origin = lend(&at, q->origin);
    e.console.content_type = lend(&at, q->content_type);
    e.console.token = lend(&at, q->token);
    (void)sim_schedule(h, delay_ms, &e, block);
    return e.console.id;
}

void hal_sim_console_leaves(struct hal *h, hal_request_t id, int64_t delay_ms)
{
    struct hal_event e = {.kind = HAL_EV_CONSOLE_CLOSED, .console = {.id = id}};
    (void)sim_schedule(h, delay_ms, &e, NULL);
    for (size_t i = 0; i < SIM_STREAMS_MAX; i++)
        if (h->streams[i].n == id.n) h->streams[i].n = 0;
}

/* The contract has seven parameters. */
// NOLINTNEXTLINE(readability-function-size)
void hal_console_reply(struct hal *h, hal_request_t id, int status, const char *content_type,
                       const struct hal_header *extra, size_t extra_count, struct slice body)
{
    (void)content_type;
    (void)extra;
    (void)extra_count;
    if (h->observer.reply && !sim_is_dead(h))
        h->observer.reply(h->observer.ctx, h->now, id, status, body);
}

err_t hal_console_stream(struct hal *h, hal_request_t id)
{
    for (size_t i = 0; i < SIM_STREAMS_MAX; i++) {
        if (h->streams[i].n) continue;
        h->streams[i] = id;
        return ERR_OK;
    }
    return ERR_NOSPACE;
}

err_t hal_console_send(struct hal *h, hal_request_t id, struct slice bytes)
{
    for (size_t i = 0; i < SIM_STREAMS_MAX; i++) {
        if (h->streams[i].n != id.n) continue;
        if (h->observer.stream && !sim_is_dead(h))
            h->observer.stream(h->observer.ctx, h->now, id, bytes);
        return ERR_OK;
    }
    return ERR_GONE;
}
