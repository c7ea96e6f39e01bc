#include "hal/linux/console_request.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* Bytes asked of the queue at a time by libmicrohttpd. */
#define STREAM_BLOCK 4096

static int connection_fd(const struct console_request *r)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

static void stop_watching(struct console_request *r)
{
    reactor_unwatch(r->console->reactor, r->hangup);
    r->hangup = NULL;
}

/* libmicrohttpd does not look at a suspended connection: this is how its end is noticed. */
static void on_hangup(void *ctx, uint32_t events)
{
    struct console_request *r = ctx;
    (void)events;
    stop_watching(r);
    r->ended = true;
    request_resume(r);
}

void request_resume(struct console_request *r)
{
    if (!r->suspended) return;
    r->suspended = false;
    MHD_resume_connection(r->connection);
    console_wake(r->console);
}

ssize_t stream_read(void *ctx, uint64_t at, char *room, size_t cap)
{
    struct console_request *r = ctx;
    (void)at;
    size_t waiting = r->queue.len - r->queue_at;
    if (r->ended) return MHD_CONTENT_READER_END_OF_STREAM;
    if (waiting == 0) {
        r->suspended = true;
        MHD_suspend_connection(r->connection);
        return 0;
    }
    size_t n = waiting < cap ? waiting : cap;
    memcpy(room, r->queue.ptr + r->queue_at, n);
    r->queue_at += n;
    if (r->queue_at == r->queue.len) {
        buf_clear(&r->queue);
        r->queue_at = 0;
    }
    return (ssize_t)n;
}

err_t stream_begin(struct console_request *r)
{
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, stream_read, r, NULL);
    if (!response) return ERR_NOMEM;
    bool ok = MHD_add_response_header(response, "Content-Type", "text/event-stream") == MHD_YES &&
              MHD_add_response_header(response, "Cache-Control", "no-store") == MHD_YES;
    int fd = connection_fd(r);
    if (!ok || reactor_watch(r->console->reactor, fd, EPOLLRDHUP, on_hangup, r, &r->hangup)) {
        MHD_destroy_response(response);
        return ERR_NOMEM;
    }
    r->response = response;
    r->status = MHD_HTTP_OK;
    r->queue = buf_new(HAL_CONSOLE_STREAM_ROOM);
    r->state = REQUEST_STREAM;
    request_resume(r);
    return ERR_OK;
}

static void forget_sent(struct console_request *r)
{
    size_t waiting = r->queue.len - r->queue_at;
    if (r->queue_at == 0) return;
    memmove(r->queue.ptr, r->queue.ptr + r->queue_at, waiting);
    r->queue.len = waiting;
    r->queue_at = 0;
}

/* The reader is not reading, so an orderly end would never reach it. */
static void cut_off(struct console_request *r)
{
    stop_watching(r);
    r->ended = true;
    r->silent = true;
    (void)shutdown(connection_fd(r), SHUT_RDWR); /* fails when it is closed already: as wanted */
    request_resume(r);
}

err_t stream_send(struct console_request *r, struct slice bytes)
{
    forget_sent(r);
    if (bytes.len <= HAL_CONSOLE_STREAM_ROOM - r->queue.len)
        buf_put(&r->queue, bytes);
    else
        r->queue.overflow = true;
    if (r->queue.overflow) {
        cut_off(r);
        return ERR_NOSPACE;
    }
    if (bytes.len > 0) request_resume(r);
    return ERR_OK;
}
