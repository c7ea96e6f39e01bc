#include "firmware/base/effects.h"

#include <assert.h>
#include <string.h>

#include "firmware/base/mem.h"

#define REPLIES_MAX EFFECTS_MAX
#define SENDS_MAX   16
#define JOBS_MAX    32 /* a label document of PARCELS_MAX pages queues one reading per page */
#define JOB_ARGS    12

enum slot_state {
    SLOT_FREE,
    SLOT_PENDING, /* decided in this round, not yet committed */
    SLOT_FLYING,
    SLOT_FAILED, /* could not be started; its end is still to be told */
};

struct http_slot {
    enum slot_state state;
    uint32_t ticket;
    hal_http_t id;
    exchange_done_fn *done;
    void *ctx;
    uint32_t tag;
    struct hal_http_request request;
    struct hal_header headers[HAL_HTTP_HEADERS_MAX];
    void *block; /* owns every text and byte of `request` */
};

struct job_slot {
    enum slot_state state;
    hal_job_t id;
    job_done_fn *done;
    void *ctx;
    uint32_t tag;
    uint32_t order; /* starts are first come, first served */
    struct hal_job_spec spec;
    const char *args[JOB_ARGS + 1];
    void *input; /* owned */
};

struct reply {
    hal_request_t id;
    struct effects_answer answer; /* its body is `body` */
    uint8_t *body;                /* owned */
};

struct send {
    effects_send_fn *send;
    void *ctx;
};

struct effects {
    struct hal *hal;
    const struct log *log;
    struct http_slot http[HAL_HTTP_MAX];
    struct job_slot jobs[JOBS_MAX];
    struct reply replies[REPLIES_MAX];
    size_t reply_count;
    struct send sends[SENDS_MAX];
    size_t send_count;
    uint32_t next_ticket;
    uint32_t next_order;
    enum hal_light light;
    enum hal_tone tone;
    bool signalled;
    bool screen;
};

err_t effects_new(struct hal *hal, const struct log *log, struct effects **out)
{
    struct effects *fx = mem_alloc(sizeof *fx);
    if (!fx) return ERR_NOMEM;
    fx->hal = hal;
    fx->log = log;
    fx->next_ticket = 1;
    *out = fx;
    return ERR_OK;
}

static void http_slot_free(struct http_slot *s)
{
    mem_free(s->block);
    *s = (struct http_slot){.state = SLOT_FREE};
}

static void http_slot_cancel(struct effects *fx, struct http_slot *s)
{
    if (s->state == SLOT_FLYING) hal_http_cancel(fx->hal, s->id);
    http_slot_free(s);
}

static void job_slot_free(struct job_slot *s)
{
    mem_free(s->input);
    *s = (struct job_slot){.state = SLOT_FREE};
}

static void job_slot_cancel(struct effects *fx, struct job_slot *s)
{
    if (s->state == SLOT_FLYING) hal_job_cancel(fx->hal, s->id);
    job_slot_free(s);
}

static void replies_free(struct effects *fx)
{
    for (size_t i = 0; i < fx->reply_count; i++)
        mem_free(fx->replies[i].body);
    fx->reply_count = 0;
}

/* What was decided did not become a fact: the caller is told so instead. */
static void replies_refuse(struct effects *fx)
{
    for (size_t i = 0; i < fx->reply_count; i++)
        hal_console_reply(fx->hal, fx->replies[i].id, 503, "application/json", NULL, 0,
                          SLICE("{\"error\":\"not confirmed\",\"next_step\":\"ask again\"}"));
    replies_free(fx);
}

void effects_free(struct effects *fx)
{
    if (!fx) return;
    effects_drop(fx);
    mem_free(fx);
}

mono_t effects_now(const struct effects *fx)
{
    return hal_now(fx->hal);
}

wall_t effects_wall(const struct effects *fx)
{
    return hal_wall(fx->hal);
}

struct hal *effects_hal(const struct effects *fx)
{
    return fx->hal;
}

bool effects_has_room(const struct effects *fx)
{
    return fx->reply_count + EFFECTS_LOW <= REPLIES_MAX;
}

static int tone_rank(enum hal_tone tone)
{
    static const int rank[] = {
        [HAL_TONE_NONE] = 0,       [HAL_TONE_ACCEPT] = 1,  [HAL_TONE_LINE_DONE] = 2,
        [HAL_TONE_ORDER_DONE] = 3, [HAL_TONE_TROUBLE] = 4, [HAL_TONE_ATTENTION] = 5,
        [HAL_TONE_REFUSE] = 6,     [HAL_TONE_ALARM] = 7,
    };
    return rank[tone];
}

void effects_signal(struct effects *fx, enum hal_light light, enum hal_tone tone)
{
    if (fx->signalled && tone_rank(tone) < tone_rank(fx->tone)) return;
    fx->signalled = true;
    fx->light = light;
    fx->tone = tone;
}

void effects_screen(struct effects *fx)
{
    fx->screen = true;
}

bool effects_screen_changed(const struct effects *fx)
{
    return fx->screen;
}

err_t effects_answer(struct effects *fx, hal_request_t id, const struct effects_answer *answer)
{
    if (fx->reply_count == REPLIES_MAX) return ERR_NOSPACE;
    struct reply *r = &fx->replies[fx->reply_count];
    *r = (struct reply){.id = id, .answer = *answer, .body = mem_alloc(answer->body.len + 1)};
    if (!r->body) return ERR_NOMEM;
    if (answer->body.len) memcpy(r->body, answer->body.ptr, answer->body.len);
    r->answer.body.ptr = r->body;
    fx->reply_count++;
    return ERR_OK;
}

err_t effects_reply(struct effects *fx, hal_request_t id, int status, const char *content_type,
                    struct slice body)
{
    return effects_answer(
        fx, id,
        &(struct effects_answer){.status = status, .content_type = content_type, .body = body});
}

/* ------------------------------------------------------------------------------- exchanges -- */

static size_t text_room(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

static const char *text_keep(char **at, const char *text)
{
    if (!text) return NULL;
    size_t room = text_room(text);
    char *kept = *at;
    memcpy(kept, text, room);
    *at += room;
    return kept;
}

/* One block holds the whole copy: texts first, the body last. */
static err_t request_copy(struct http_slot *s, const struct hal_http_request *r)
{
    size_t room =
        text_room(r->url) + text_room(r->ca) + text_room(r->client_identity) + r->body.len;
    for (size_t i = 0; i < r->header_count; i++)
        room += text_room(r->headers[i].name) + text_room(r->headers[i].value);
    char *at = s->block = mem_alloc(room + 1);
    if (!at) return ERR_NOMEM;
    s->request = *r;
    s->request.url = text_keep(&at, r->url);
    s->request.ca = text_keep(&at, r->ca);
    s->request.client_identity = text_keep(&at, r->client_identity);
    for (size_t i = 0; i < r->header_count; i++) {
        s->headers[i].name = text_keep(&at, r->headers[i].name);
        s->headers[i].value = text_keep(&at, r->headers[i].value);
    }
    s->request.headers = s->headers;
    if (r->body.len) memcpy(at, r->body.ptr, r->body.len);
    s->request.body = slice_of(at, r->body.len);
    return ERR_OK;
}

err_t effects_http(struct effects *fx, const struct hal_http_request *request,
                   exchange_done_fn *done, void *ctx, uint32_t tag, uint32_t *out_ticket)
{
    assert(done);
    if (!request->url || request->header_count > HAL_HTTP_HEADERS_MAX) return ERR_INVALID;
    for (size_t i = 0; i < HAL_HTTP_MAX; i++) {
        struct http_slot *s = &fx->http[i];
        if (s->state != SLOT_FREE) continue;
        err_t e = request_copy(s, request);
        if (e) return e;
        s->state = SLOT_PENDING;
        s->ticket = fx->next_ticket++;
        s->done = done;
        s->ctx = ctx;
        s->tag = tag;
        if (out_ticket) *out_ticket = s->ticket;
        return ERR_OK;
    }
    return ERR_NOSPACE;
}

void effects_http_cancel(struct effects *fx, uint32_t ticket)
{
    for (size_t i = 0; i < HAL_HTTP_MAX; i++) {
        struct http_slot *s = &fx->http[i];
        if (s->state != SLOT_FREE && s->ticket == ticket) http_slot_cancel(fx, s);
    }
}

void effects_cancel_owner(struct effects *fx, const void *ctx)
{
    for (size_t i = 0; i < HAL_HTTP_MAX; i++)
        if (fx->http[i].state != SLOT_FREE && fx->http[i].ctx == ctx)
            http_slot_cancel(fx, &fx->http[i]);
    for (size_t i = 0; i < JOBS_MAX; i++)
        if (fx->jobs[i].state != SLOT_FREE && fx->jobs[i].ctx == ctx)
            job_slot_cancel(fx, &fx->jobs[i]);
    size_t kept = 0;
    for (size_t i = 0; i < fx->send_count; i++)
        if (fx->sends[i].ctx != ctx) fx->sends[kept++] = fx->sends[i];
    fx->send_count = kept;
}

/* The slot is free before the callback runs, so that it may start the next exchange. */
static void http_slot_end(struct http_slot *s, const struct hal_http_result *result)
{
    struct http_slot ended = *s;
    *s = (struct http_slot){.state = SLOT_FREE};
    ended.done(ended.ctx, ended.tag, result);
    mem_free(ended.block);
}

static void job_slot_end(struct job_slot *s, const struct hal_job_result *result)
{
    struct job_slot ended = *s;
    *s = (struct job_slot){.state = SLOT_FREE};
    ended.done(ended.ctx, ended.tag, result);
    mem_free(ended.input);
}

void effects_route(struct effects *fx, const struct hal_event *event)
{
    if (event->kind == HAL_EV_HTTP_DONE) {
        for (size_t i = 0; i < HAL_HTTP_MAX; i++) {
            struct http_slot *s = &fx->http[i];
            if (s->state != SLOT_FLYING || s->id.n != event->http.id.n) continue;
            http_slot_end(s, &event->http);
            return;
        }
    } else if (event->kind == HAL_EV_JOB_DONE) {
        for (size_t i = 0; i < JOBS_MAX; i++) {
            struct job_slot *s = &fx->jobs[i];
            if (s->state != SLOT_FLYING || s->id.n != event->job.id.n) continue;
            job_slot_end(s, &event->job);
            return;
        }
    }
}

bool effects_has_failed(const struct effects *fx)
{
    for (size_t i = 0; i < HAL_HTTP_MAX; i++)
        if (fx->http[i].state == SLOT_FAILED) return true;
    for (size_t i = 0; i < JOBS_MAX; i++)
        if (fx->jobs[i].state == SLOT_FAILED) return true;
    return false;
}

void effects_deliver_failed(struct effects *fx)
{
    struct hal_http_result not_sent = {.outcome = HAL_HTTP_NOT_SENT,
                                       .detail = "could not be started"};
    for (size_t i = 0; i < HAL_HTTP_MAX; i++)
        if (fx->http[i].state == SLOT_FAILED) http_slot_end(&fx->http[i], &not_sent);
    struct hal_job_result missing = {
        .ended = true, .code = JOB_NOT_INSTALLED, .errors = SLICE("not installed")};
    for (size_t i = 0; i < JOBS_MAX; i++)
        if (fx->jobs[i].state == SLOT_FAILED) job_slot_end(&fx->jobs[i], &missing);
}

/* ------------------------------------------------------------------------------------ jobs -- */

static err_t job_copy(struct job_slot *s, const struct hal_job_spec *spec)
{
    size_t count = 0;
    while (spec->args[count]) {
        if (count == JOB_ARGS) return ERR_INVALID;
        s->args[count] = spec->args[count];
        count++;
    }
    s->input = mem_alloc(spec->input.len + 1);
    if (!s->input) return ERR_NOMEM;
    if (spec->input.len) memcpy(s->input, spec->input.ptr, spec->input.len);
    s->spec = *spec;
    s->spec.args = s->args;
    s->spec.input = slice_of(s->input, spec->input.len);
    return ERR_OK;
}

err_t effects_job(struct effects *fx, const struct hal_job_spec *spec, job_done_fn *done, void *ctx,
                  uint32_t tag)
{
    assert(done);
    for (size_t i = 0; i < JOBS_MAX; i++) {
        struct job_slot *s = &fx->jobs[i];
        if (s->state != SLOT_FREE) continue;
        err_t e = job_copy(s, spec);
        if (e) {
            job_slot_free(s);
            return e;
        }
        s->state = SLOT_PENDING;
        s->order = fx->next_order++;
        s->done = done;
        s->ctx = ctx;
        s->tag = tag;
        return ERR_OK;
    }
    return ERR_NOSPACE;
}

static struct job_slot *job_next(struct effects *fx)
{
    struct job_slot *next = NULL;
    for (size_t i = 0; i < JOBS_MAX; i++) {
        struct job_slot *s = &fx->jobs[i];
        if (s->state == SLOT_PENDING && (!next || s->order < next->order)) next = s;
    }
    return next;
}

static void jobs_start(struct effects *fx)
{
    for (struct job_slot *s = job_next(fx); s; s = job_next(fx)) {
        err_t e = hal_job_start(fx->hal, &s->spec, &s->id);
        if (e == ERR_NOSPACE) return;
        s->state = e ? SLOT_FAILED : SLOT_FLYING;
        if (e) log_event(fx->log, LOG_WARN, "job.not_started", "error=%s", err_name(e));
    }
}

/* ----------------------------------------------------------------------------------- phases -- */

void effects_send(struct effects *fx, effects_send_fn *send, void *ctx)
{
    for (size_t i = 0; i < fx->send_count; i++)
        if (fx->sends[i].send == send && fx->sends[i].ctx == ctx) return;
    assert(fx->send_count < SENDS_MAX);
    fx->sends[fx->send_count++] = (struct send){send, ctx};
}

bool effects_signal_of(const struct effects *fx, enum hal_light *out_light, enum hal_tone *out_tone)
{
    if (!fx->signalled) return false;
    *out_light = fx->light;
    *out_tone = fx->tone;
    return true;
}

void effects_acknowledge(struct effects *fx)
{
    if (fx->signalled) hal_signal(fx->hal, fx->light, fx->tone);
    for (size_t i = 0; i < fx->reply_count; i++) {
        const struct effects_answer *a = &fx->replies[i].answer;
        hal_console_reply(fx->hal, fx->replies[i].id, a->status, a->content_type, a->extra,
                          a->extra_count, a->body);
    }
    replies_free(fx);
    fx->signalled = false;
    fx->screen = false;
}

static void http_start(struct effects *fx, struct http_slot *s)
{
    err_t e = hal_http_submit(fx->hal, &s->request, &s->id);
    s->state = e ? SLOT_FAILED : SLOT_FLYING;
    if (e) log_event(fx->log, LOG_WARN, "http.not_started", "error=%s", err_name(e));
}

void effects_perform(struct effects *fx)
{
    for (size_t i = 0; i < HAL_HTTP_MAX; i++)
        if (fx->http[i].state == SLOT_PENDING) http_start(fx, &fx->http[i]);
    size_t count = fx->send_count;
    struct send sends[SENDS_MAX];
    memcpy(sends, fx->sends, sizeof sends);
    fx->send_count = 0;
    for (size_t i = 0; i < count; i++)
        sends[i].send(sends[i].ctx, fx->hal);
    jobs_start(fx);
}

void effects_drop(struct effects *fx)
{
    for (size_t i = 0; i < HAL_HTTP_MAX; i++)
        if (fx->http[i].state != SLOT_FREE) http_slot_cancel(fx, &fx->http[i]);
    for (size_t i = 0; i < JOBS_MAX; i++)
        if (fx->jobs[i].state != SLOT_FREE) job_slot_cancel(fx, &fx->jobs[i]);
    replies_refuse(fx);
    fx->send_count = 0;
    fx->signalled = false;
    fx->screen = false;
}
