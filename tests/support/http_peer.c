#include "tests/support/http_peer.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 256

struct peer_conn {
    struct peer *peer;
    pthread_t thread;
    int fd;
    SSL *ssl;
    bool reset;
    char in[PEER_REQUEST_MAX + 1];
    size_t in_len;
};

struct peer {
    int listener;
    int stop_fd; /* readable once peer_stop was called */
    uint16_t port;
    SSL_CTX *tls;
    peer_handler *handler;
    void *ctx;
    pthread_t acceptor;
    atomic_uint requests;
    atomic_uint accepted;
    struct peer_conn *conns[CONNECTIONS_MAX];
    size_t conn_count;
};

static void must(bool ok, const char *what)
{
    if (ok) return;
    perror(what);
    abort();
}

/* False when the peer is stopping instead. */
static bool wait_readable(const struct peer *p, int fd)
{
    struct pollfd fds[2] = {{.fd = fd, .events = POLLIN}, {.fd = p->stop_fd, .events = POLLIN}};
    (void)poll(fds, 2, -1);
    return fds[1].revents == 0 && fds[0].revents != 0;
}

static ssize_t receive(struct peer_conn *c, void *room, size_t cap)
{
    if (c->ssl && SSL_pending(c->ssl) > 0) return SSL_read(c->ssl, room, (int)cap);
    if (!wait_readable(c->peer, c->fd)) return -1;
    if (c->ssl) return SSL_read(c->ssl, room, (int)cap);
    return recv(c->fd, room, cap, 0);
}

void peer_send(struct peer_conn *c, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len > 0) {
        ssize_t n = c->ssl ? SSL_write(c->ssl, at, (int)len) : send(c->fd, at, len, MSG_NOSIGNAL);
        if (n <= 0) return;
        at += n;
        len -= (size_t)n;
    }
}

void peer_text(struct peer_conn *c, const char *text)
{
    peer_send(c, text, strlen(text));
}

void peer_reply(struct peer_conn *c, int status, const char *body)
{
    char head[256];
    int n = snprintf(head, sizeof head,
                     "HTTP/1.1 %d Test\r\nContent-Type: application/json\r\n"
                     "Content-Length: %zu\r\n\r\n",
                     status, strlen(body));
    peer_send(c, head, (size_t)n);
    peer_text(c, body);
}

void peer_reset(struct peer_conn *c)
{
    c->reset = true;
}

void peer_hold(struct peer_conn *c)
{
    char rest[4096];
    while (wait_readable(c->peer, c->fd)) {
        if (recv(c->fd, rest, sizeof rest, 0) <= 0) return;
    }
}

static size_t content_length(const char *head)
{
    const char *at = strcasestr(head, "\r\ncontent-length:");
    return at ? (size_t)strtoul(at + 17, NULL, 10) : 0;
}

/* Reads until `need` bytes are there; false when the client went or the peer stops. */
static bool fill(struct peer_conn *c, size_t need)
{
    while (c->in_len < need) {
        if (c->in_len >= PEER_REQUEST_MAX) return false;
        ssize_t n = receive(c, c->in + c->in_len, PEER_REQUEST_MAX - c->in_len);
        if (n <= 0) return false;
        c->in_len += (size_t)n;
        c->in[c->in_len] = '\0';
    }
    return true;
}

static bool read_head(struct peer_conn *c, size_t *out_len)
{
    const char *end = NULL;
    c->in[c->in_len] = '\0';
    while (!(end = strstr(c->in, "\r\n\r\n"))) {
        if (!fill(c, c->in_len + 1)) return false;
    }
    *out_len = (size_t)(end - c->in) + 4;
    return true;
}

static bool serve_one(struct peer_conn *c, unsigned nth)
{
    struct peer_request r = {.nth = nth};
    size_t head_len = 0;
    if (!read_head(c, &head_len)) return false;
    char *head = strndup(c->in, head_len);
    must(head != NULL, "strndup");
    r.head = head;
    r.body_len = content_length(head);
    bool keep = false;
    if (sscanf(head, "%15s %511s", r.method, r.target) == 2 && fill(c, head_len + r.body_len)) {
        char *body = strndup(c->in + head_len, r.body_len);
        r.body = body;
        memmove(c->in, c->in + head_len + r.body_len, c->in_len - head_len - r.body_len);
        c->in_len -= head_len + r.body_len;
        atomic_fetch_add(&c->peer->requests, 1);
        keep = c->peer->handler(c->peer->ctx, c, &r);
        free(body);
    }
    free(head);
    return keep;
}

static bool start_tls(struct peer_conn *c)
{
    if (!c->peer->tls) return true;
    c->ssl = SSL_new(c->peer->tls);
    must(c->ssl != NULL, "SSL_new");
    (void)SSL_set_fd(c->ssl, c->fd);
    return SSL_accept(c->ssl) == 1;
}

static void *serve(void *arg)
{
    struct peer_conn *c = arg;
    unsigned nth = 1;
    if (start_tls(c)) {
        while (serve_one(c, nth))
            nth++;
        if (c->ssl && !c->reset) (void)SSL_shutdown(c->ssl);
    }
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    if (c->reset) (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    SSL_free(c->ssl);
    (void)close(c->fd);
    return NULL;
}

static void *accept_all(void *arg)
{
    struct peer *p = arg;
    while (wait_readable(p, p->listener)) {
        int fd = accept(p->listener, NULL, NULL);
        if (fd < 0) continue;
        must(p->conn_count < CONNECTIONS_MAX, "too many connections");
        struct peer_conn *c = calloc(1, sizeof *c);
        int on = 1; /* head and body are sent apart: no waiting for the first one's receipt */
        must(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "setsockopt");
        must(c != NULL, "calloc");
        c->peer = p;
        c->fd = fd;
        atomic_fetch_add(&p->accepted, 1);
        p->conns[p->conn_count++] = c;
        must(pthread_create(&c->thread, NULL, serve, c) == 0, "pthread_create");
    }
    return NULL;
}

static SSL_CTX *tls_context(const struct peer_tls *tls)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    must(ctx != NULL, "SSL_CTX_new");
    must(SSL_CTX_use_certificate_chain_file(ctx, tls->certificate_path) == 1, "certificate");
    must(SSL_CTX_use_PrivateKey_file(ctx, tls->key_path, SSL_FILETYPE_PEM) == 1, "key");
    if (tls->client_ca_path) {
        must(SSL_CTX_load_verify_locations(ctx, tls->client_ca_path, NULL) == 1, "client CA");
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
    return ctx;
}

static void listen_on_loopback(struct peer *p)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(p->listener >= 0, "socket");
    must(bind(p->listener, (struct sockaddr *)&at, sizeof at) == 0, "bind");
    must(listen(p->listener, 128) == 0, "listen");
    must(getsockname(p->listener, (struct sockaddr *)&at, &len) == 0, "getsockname");
    p->port = ntohs(at.sin_port);
}

struct peer *peer_start(peer_handler *handler, void *ctx, const struct peer_tls *tls)
{
    struct peer *p = calloc(1, sizeof *p);
    must(p != NULL, "calloc");
    p->handler = handler;
    p->ctx = ctx;
    p->stop_fd = eventfd(0, EFD_CLOEXEC);
    must(p->stop_fd >= 0, "eventfd");
    if (tls) p->tls = tls_context(tls);
    listen_on_loopback(p);
    must(pthread_create(&p->acceptor, NULL, accept_all, p) == 0, "pthread_create");
    return p;
}

void peer_stop(struct peer *p)
{
    if (!p) return;
    uint64_t one = 1;
    must(write(p->stop_fd, &one, sizeof one) == (ssize_t)sizeof one, "write");
    must(pthread_join(p->acceptor, NULL) == 0, "pthread_join");
    for (size_t i = 0; i < p->conn_count; i++) {
        must(pthread_join(p->conns[i]->thread, NULL) == 0, "pthread_join");
        free(p->conns[i]);
    }
    SSL_CTX_free(p->tls);
    (void)close(p->listener);
    (void)close(p->stop_fd);
    free(p);
}

uint16_t peer_port(const struct peer *p)
{
    return p->port;
}

const char *peer_url(const struct peer *p, const char *path, char *out, size_t cap)
{
    (void)snprintf(out, cap, "%s://127.0.0.1:%u%s", p->tls ? "https" : "http", p->port, path);
    return out;
}

unsigned peer_requests(struct peer *p)
{
    return atomic_load(&p->requests);
}

unsigned peer_connections(struct peer *p)
{
    return atomic_load(&p->accepted);
}
