/* port_tcp.c - a printer on TCP, usually port 9100. Most take one connection; a second is refused
 * or waits, so a lost one must be noticed (keepalive, TCP_USER_TIMEOUT) and a finished one closed
 * without a reset, which would destroy data the printer has not taken yet. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hal/linux/port.h"
#include "hal/linux/resolve.h"

#define CONNECT_LIMIT_MS 5000
#define TCP_RETRY_MS     1000
#define KEEP_IDLE_S      15
#define KEEP_INTERVAL_S  5
#define KEEP_COUNT       4
/* Unanswered data or a window that stays closed (paper out) ends the connection after this. */
#define USER_TIMEOUT_MS 60000

static void set_int(int fd, int level, int option, int value)
{
    (void)setsockopt(fd, level, option, &value, sizeof value); /* a kernel without it is no error */
}

static void drop_side(struct port *p)
{
    reactor_unwatch(port_reactor(p), p->side_watch);
    p->side_watch = NULL;
    if (p->side_fd >= 0) (void)close(p->side_fd);
    p->side_fd = -1;
    resolve_free(p->detail);
    p->detail = NULL;
}

static void discard_input(int fd)
{
    char scrap[4096];
    for (int i = 0; i < 256 && recv(fd, scrap, sizeof scrap, MSG_DONTWAIT) > 0; i++)
        continue;
}

static void tcp_drop(struct port *p, bool orderly)
{
    bool connected = p->armed != 0 && p->state == PORT_HERE;
    drop_side(p);
    port_unwatch(p);
    int fd = p->fd;
    p->fd = -1;
    if (fd < 0) return;
    if (!orderly || !connected) {
        (void)close(fd);
        return;
    }
    (void)shutdown(fd, SHUT_WR);
    port_linger(p, fd, EPOLLIN);
}

/* A loopback connect to a free port can meet itself; that is no printer. */
static bool met_itself(int fd)
{
    struct sockaddr_storage a = {0};
    struct sockaddr_storage b = {0};
    socklen_t a_len = sizeof a;
    socklen_t b_len = sizeof b;
    if (getsockname(fd, (struct sockaddr *)&a, &a_len) != 0) return true;
    if (getpeername(fd, (struct sockaddr *)&b, &b_len) != 0) return true;
    return a_len == b_len && memcmp(&a, &b, a_len) == 0;
}

static void connected(struct port *p)
{
    if (met_itself(p->fd)) {
        port_lost(p);
        return;
    }
    port_arm(p, EPOLLIN);
    if (p->fd >= 0) port_arrived(p);
}

static void connect_ended(struct port *p)
{
    int error = 0;
    socklen_t len = sizeof error;
    if (getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0)
        port_lost(p);
    else
        connected(p);
}

static err_t start_connect(struct port *p, const struct resolve_address *to)
{
    p->fd = socket(to->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (p->fd < 0) return ERR_NOTFOUND;
    set_int(p->fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_int(p->fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE_S);
    set_int(p->fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEP_INTERVAL_S);
    set_int(p->fd, IPPROTO_TCP, TCP_KEEPCNT, KEEP_COUNT);
    set_int(p->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS);
    set_int(p->fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (connect(p->fd, (const struct sockaddr *)&to->addr, to->len) != 0 && errno != EINPROGRESS)
        return ERR_NOTFOUND;
    port_opening(p, CONNECT_LIMIT_MS);
    return port_watch(p, EPOLLOUT); /* also a connect that succeeded at once ends there */
}

static void on_resolved(void *ctx, uint32_t events)
{
    (void)events;
    struct port *p = ctx;
    struct resolve_address to;
    resolve_answer(p->detail, &to);
    drop_side(p);
    if (to.len == 0 || start_connect(p, &to)) port_lost(p);
}

static err_t start_resolve(struct port *p, uint16_t port)
{
    struct resolve *r = NULL;
    err_t e = resolve_start(p->spec.host, port, &r, &p->side_fd);
    if (e) return e;
    p->detail = r;
    port_opening(p, INT64_MAX); /* the resolver always ends, and one at a time is enough */
    return reactor_watch(port_reactor(p), p->side_fd, EPOLLIN, on_resolved, p, &p->side_watch);
}

static err_t tcp_open(struct port *p)
{
    uint16_t port = p->spec.tcp_port ? p->spec.tcp_port : 9100;
    (void)snprintf(p->identity, sizeof p->identity, "tcp %s port %u", p->spec.host, (unsigned)port);
    struct resolve_address to;
    err_t e = resolve_literal(p->spec.host, port, &to);
    e = e ? start_resolve(p, port) : start_connect(p, &to);
    if (!e) return ERR_OK;
    tcp_drop(p, false);
    return ERR_NOTFOUND;
}

static void tcp_ready(struct port *p, uint32_t events)
{
    if (p->state == PORT_OPENING)
        connect_ended(p);
    else
        port_stream_ready(p, events);
}

static void tcp_flush(struct port *p)
{
    discard_input(p->fd);
}

const struct port_ops port_tcp_ops = {
    .open = tcp_open,
    .drop = tcp_drop,
    .ready = tcp_ready,
    .write = port_stream_write,
    .flush = tcp_flush,
    .status = NULL,
    .subsystem = NULL,
    .retry_ms = TCP_RETRY_MS,
};
