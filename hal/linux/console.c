#include "hal/linux/console_request.h"

#include <sys/epoll.h>

#include "firmware/base/mem.h"

static void on_due(void *ctx);

void console_wake(struct console *c)
{
    reactor_timer_set(c->reactor, REACTOR_TIMER_CONSOLE, reactor_clock(), on_due, c);
}

static bool has_untold(const struct console *c)
{
    for (const struct console_request *r = c->requests; r; r = r->next) {
        if (r->state == REQUEST_COMPLETE || r->state == REQUEST_CLOSED) return true;
    }
    return false;
}

/* Untold happenings found no room in this round: the timer brings them into the next. */
static void arm_timer(struct console *c)
{
    MHD_UNSIGNED_LONG_LONG ms = 0;
    mono_t at = MONO_NEVER;
    if (MHD_get_timeout(c->daemon, &ms) == MHD_YES)
        at = mono_plus(reactor_clock(), ms > INT32_MAX ? INT32_MAX : (int64_t)ms);
    if (has_untold(c)) at = reactor_clock();
    reactor_timer_set(c->reactor, REACTOR_TIMER_CONSOLE, at, on_due, c);
}

static void on_due(void *ctx)
{
    struct console *c = ctx;
    (void)MHD_run(c->daemon); /* fails only for a daemon with threads of its own */
    console_emit(c);
    arm_timer(c);
}

static void on_ready(void *ctx, uint32_t events)
{
    (void)events;
    on_due(ctx);
}

/* --------------------------------------------------------------------------------- the part -- */

err_t console_open(struct reactor *r, struct files *files, struct console **out)
{
    struct console *c = mem_alloc(sizeof *c);
    if (!c) return ERR_NOMEM;
    *c = (struct console){.reactor = r, .files = files};
    *out = c;
    return ERR_OK;
}

void console_begin_wait(struct console *c)
{
    (void)c; /* what a request lent lives until its reply, which libmicrohttpd sends in hal_wait */
}

/* libmicrohttpd must not be stopped with suspended connections. */
static void release_suspended(struct console *c)
{
    for (struct console_request *r = c->requests; r; r = r->next) {
        r->ended = true;
        r->silent = true;
        if (r->state == REQUEST_COMPLETE) r->state = REQUEST_ASKED;
        request_resume(r);
    }
}

void console_close(struct console *c)
{
    if (!c) return;
    if (c->daemon) {
        release_suspended(c);
        reactor_unwatch(c->reactor, c->watch);
        reactor_timer_set(c->reactor, REACTOR_TIMER_CONSOLE, MONO_NEVER, NULL, NULL);
        MHD_stop_daemon(c->daemon);
    }
    while (c->requests)
        request_free(c->requests);
    mem_free(c);
}

/* ---------------------------------------------------------------------------------- the HAL -- */

static struct console_request *find(const struct hal *h, hal_request_t id)
{
    for (struct console_request *r = h->console->requests; r; r = r->next) {
        if (r->id.n == id.n && id.n != 0) return r;
    }
    return NULL;
}

err_t hal_console_open(struct hal *h, const struct hal_console_spec *spec)
{
    struct console *c = h->console;
    if (c->daemon) return ERR_EXISTS;
    err_t e = console_listen(c, spec);
    if (e) return e;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(c->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    e = info ? reactor_watch(c->reactor, info->epoll_fd, EPOLLIN, on_ready, c, &c->watch) : ERR_IO;
    if (e) {
        MHD_stop_daemon(c->daemon);
        c->daemon = NULL;
        return e;
    }
    arm_timer(c);
    return ERR_OK;
}

uint16_t hal_console_port(const struct hal *h)
{
    return h->console->port;
}

static struct MHD_Response *make_reply(const char *content_type, const struct hal_header *extra,
                                       size_t extra_count, struct slice body)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        body.len, (void *)(uintptr_t)body.ptr, MHD_RESPMEM_MUST_COPY);
    if (!response) return NULL;
    bool ok =
        !content_type || MHD_add_response_header(response, "Content-Type", content_type) == MHD_YES;
    for (size_t i = 0; i < extra_count && ok; i++)
        ok = MHD_add_response_header(response, extra[i].name, extra[i].value) == MHD_YES;
    if (ok) return response;
    MHD_destroy_response(response);
    return NULL;
}

/* Without a response (out of memory, a header that cannot be sent) the connection is closed. */
/* NOLINTNEXTLINE(readability-function-size): the signature is the HAL's */
void hal_console_reply(struct hal *h, hal_request_t id, int status, const char *content_type,
                       const struct hal_header *extra, size_t extra_count, struct slice body)
{
    struct console_request *r = find(h, id);
    if (!r || r->state != REQUEST_ASKED) return;
    r->response = make_reply(content_type, extra, extra_count, body);
    r->status = status;
    r->state = REQUEST_ANSWERED;
    request_resume(r);
}

static size_t count_streams(const struct console *c)
{
    size_t n = 0;
    for (const struct console_request *r = c->requests; r; r = r->next) {
        if (r->state == REQUEST_STREAM && !r->ended) n++;
    }
    return n;
}

err_t hal_console_stream(struct hal *h, hal_request_t id)
{
    struct console_request *r = find(h, id);
    if (!r || r->state != REQUEST_ASKED) return ERR_GONE;
    if (count_streams(h->console) >= HAL_CONSOLE_STREAMS_MAX) return ERR_NOSPACE;
    return stream_begin(r);
}

err_t hal_console_send(struct hal *h, hal_request_t id, struct slice bytes)
{
    struct console_request *r = find(h, id);
    if (!r || r->state != REQUEST_STREAM || r->ended) return ERR_GONE;
    return stream_send(r, bytes);
}
