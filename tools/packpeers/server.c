#include "tools/packpeers/server.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "firmware/base/mem.h"

#define URI_MAX     4096u
#define BODY_MAX    ((size_t)1024 * 1024)
#define HEADERS_MAX 48

struct listener {
    struct peer_server *server;
    enum peer which;
    struct MHD_Daemon *daemon;
    uint16_t port;
};

/* One request: gathered, handled, possibly held back, then answered. */
struct visit {
    struct listener *listener;
    struct MHD_Connection *connection;
    char uri[URI_MAX];
    const char *query;
    struct buf body;
    struct peer_reply reply;
    bool begun;   /* the headers were seen */
    bool handled; /* the model has acted */
    bool waiting;
    int64_t due_ms;
    struct visit *next; /* among those waiting */
};

struct peer_server {
    struct peers *peers;
    struct listener listeners[PEER_COUNT];
    struct visit *waiting;
};

static int64_t clock_ms(clockid_t which)
{
    struct timespec t;
    (void)clock_gettime(which, &t); /* cannot fail for these clocks */
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Keeps percent-encoding: the models decode for themselves. */
static size_t keep_encoded(void *unused, struct MHD_Connection *connection, char *text)
{
    (void)unused;
    (void)connection;
    return strlen(text);
}

static void *visit_new(void *context, const char *uri, struct MHD_Connection *connection)
{
    struct visit *v = mem_alloc(sizeof *v);
    if (!v) return NULL;
    v->listener = context;
    v->connection = connection;
    (void)snprintf(v->uri, sizeof v->uri, "%s", uri);
    char *mark = strchr(v->uri, '?');
    if (mark) *mark++ = 0;
    v->query = mark ? mark : "";
    v->body = buf_new(BODY_MAX);
    peer_reply_init(&v->reply);
    return v;
}

static void visit_end(void *unused, struct MHD_Connection *connection, void **request,
                      enum MHD_RequestTerminationCode code)
{
    (void)unused;
    (void)connection;
    (void)code;
    struct visit *v = *request;
    if (!v) return;
    for (struct visit **at = &v->listener->server->waiting; *at; at = &(*at)->next) {
        if (*at != v) continue;
        *at = v->next;
        break;
    }
    buf_deinit(&v->body);
    peer_reply_deinit(&v->reply);
    mem_free(v);
    *request = NULL;
}

struct header_list {
    struct peer_header items[HEADERS_MAX];
    size_t count;
};

static enum MHD_Result take_header(void *context, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    (void)kind;
    struct header_list *list = context;
    if (list->count == HEADERS_MAX) return MHD_NO;
    list->items[list->count++] = (struct peer_header){name, value ? value : ""};
    return MHD_YES;
}

static enum MHD_Result send_reply(struct visit *v)
{
    const struct peer_reply *r = &v->reply;
    struct slice body = buf_slice(&r->body);
    struct MHD_Response *response = MHD_create_response_from_buffer(
        body.len, (void *)(uintptr_t)body.ptr, MHD_RESPMEM_MUST_COPY);
    if (!response) return MHD_NO;
    for (size_t i = 0; i < r->header_count; i++)
        (void)MHD_add_response_header(response, r->headers[i].name, r->headers[i].value);
    enum MHD_Result queued = MHD_queue_response(v->connection, (unsigned)r->status, response);
    MHD_destroy_response(response);
    return queued;
}

/* Disconnecting a connected TCP socket makes the kernel send RST at once. */
static void cut_hard(struct visit *v)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(v->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    if (info) (void)connect(info->connect_fd, &nowhere, sizeof nowhere);
}

static enum MHD_Result deliver(struct visit *v)
{
    if (v->reply.outcome != PEER_ANSWER) {
        if (v->reply.reset) cut_hard(v);
        return MHD_NO;
    }
    if (v->reply.delay_ms <= 0) return send_reply(v);
    v->due_ms = clock_ms(CLOCK_MONOTONIC) + v->reply.delay_ms;
    v->reply.delay_ms = 0;
    v->waiting = true;
    v->next = v->listener->server->waiting;
    v->listener->server->waiting = v;
    MHD_suspend_connection(v->connection);
    return MHD_YES;
}

static enum MHD_Result handle(struct visit *v, const char *method)
{
    struct header_list headers = {.count = 0};
    (void)MHD_get_connection_values(v->connection, MHD_HEADER_KIND, take_header, &headers);
    const struct peer_request request = {.method = method,
                                         .path = v->uri,
                                         .query = v->query,
                                         .headers = headers.items,
                                         .header_count = headers.count,
                                         .body = buf_slice(&v->body)};
    v->handled = true;
    peers_handle(v->listener->server->peers, v->listener->which, clock_ms(CLOCK_REALTIME), &request,
                 &v->reply);
    return deliver(v);
}

/* The library calls once for the headers, once for each piece of body, once at its end, and again
 * after a held connection was resumed. */
/* NOLINTNEXTLINE(readability-function-size): the library gives the parameters */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_size, void **request)
{
    (void)context;
    (void)connection;
    (void)url;
    (void)version;
    struct visit *v = *request;
    if (!v) return MHD_NO;
    if (v->handled) return v->waiting ? MHD_YES : send_reply(v);
    if (*data_size > 0) {
        buf_put(&v->body, slice_of(data, *data_size));
        *data_size = 0;
        return v->body.overflow ? MHD_NO : MHD_YES;
    }
    if (!v->begun) {
        v->begun = true;
        return MHD_YES;
    }
    return handle(v, method);
}

static bool listener_open(struct listener *l, uint16_t port)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    l->daemon =
        MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, port, NULL, NULL, on_request, l,
                         MHD_OPTION_SOCK_ADDR, &at, MHD_OPTION_URI_LOG_CALLBACK, visit_new, l,
                         MHD_OPTION_UNESCAPE_CALLBACK, keep_encoded, NULL,
                         MHD_OPTION_NOTIFY_COMPLETED, visit_end, NULL, MHD_OPTION_END);
    if (!l->daemon) return false;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_BIND_PORT);
    l->port = info && info->port ? info->port : port;
    return true;
}

struct peer_server *peer_server_open(struct peers *p, const struct peer_ports *ports)
{
    char base[40];
    struct peer_server *s = mem_alloc(sizeof *s);
    if (!s) return NULL;
    s->peers = p;
    for (int i = 0; i < PEER_COUNT; i++) {
        s->listeners[i].server = s;
        s->listeners[i].which = (enum peer)i;
        if (listener_open(&s->listeners[i], ports->of[i])) continue;
        (void)fprintf(stderr, "packpeers: cannot listen on 127.0.0.1:%u\n", (unsigned)ports->of[i]);
        peer_server_close(s);
        return NULL;
    }
    (void)snprintf(base, sizeof base, "http://127.0.0.1:%u",
                   (unsigned)s->listeners[PEER_CLARUS].port);
    peers_set_clarus_base(p, base);
    return s;
}

uint16_t peer_server_port(const struct peer_server *s, enum peer which)
{
    return s->listeners[which].port;
}

static int64_t resume_due(struct peer_server *s, int64_t limit_ms)
{
    int64_t now = clock_ms(CLOCK_MONOTONIC);
    struct visit **at = &s->waiting;
    while (*at) {
        struct visit *v = *at;
        int64_t left = v->due_ms - now;
        if (left > 0) {
            limit_ms = left < limit_ms ? left : limit_ms;
            at = &v->next;
            continue;
        }
        *at = v->next;
        v->waiting = false;
        MHD_resume_connection(v->connection);
        limit_ms = 0;
    }
    return limit_ms;
}

void peer_server_step(struct peer_server *s, int timeout_ms)
{
    struct pollfd fds[PEER_COUNT];
    int64_t limit = resume_due(s, timeout_ms);
    for (int i = 0; i < PEER_COUNT; i++) {
        MHD_UNSIGNED_LONG_LONG wanted;
        struct MHD_Daemon *daemon = s->listeners[i].daemon;
        const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
        fds[i] = (struct pollfd){.fd = info ? info->epoll_fd : -1, .events = POLLIN};
        if (MHD_get_timeout(daemon, &wanted) == MHD_YES && (int64_t)wanted < limit)
            limit = (int64_t)wanted;
    }
    (void)poll(fds, PEER_COUNT, (int)limit); /* a signal only ends the wait early */
    for (int i = 0; i < PEER_COUNT; i++)
        (void)MHD_run(s->listeners[i].daemon);
}

void peer_server_close(struct peer_server *s)
{
    if (!s) return;
    while (s->waiting) {
        struct visit *v = s->waiting;
        s->waiting = v->next;
        v->waiting = false;
        MHD_resume_connection(v->connection);
    }
    for (int i = 0; i < PEER_COUNT; i++)
        if (s->listeners[i].daemon) MHD_stop_daemon(s->listeners[i].daemon);
    mem_free(s);
}
