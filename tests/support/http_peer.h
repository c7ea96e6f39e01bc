/* http_peer.h - a small HTTP/1.1 server on loopback for contract tests, plain or TLS.
 *
 * One thread accepts, one thread serves each connection; all end in peer_stop. The handler runs in
 * the connection's thread, is called once per request, and writes raw bytes, so that a test can
 * break the protocol exactly as it likes. */
#ifndef PACKD_TESTS_HTTP_PEER_H
#define PACKD_TESTS_HTTP_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct peer;
struct peer_conn;

#define PEER_REQUEST_MAX 131072

struct peer_request {
    char method[16];
    char target[512];
    const char *head; /* request line and headers, terminated */
    const char *body;
    size_t body_len;
    unsigned nth; /* 1 for the first request of its connection */
};

/* Return true to keep the connection open for the next request. */
typedef bool peer_handler(void *ctx, struct peer_conn *c, const struct peer_request *r);

struct peer_tls {
    const char *certificate_path; /* PEM */
    const char *key_path;
    const char *client_ca_path; /* NULL: no client certificate asked for */
};

/* Starts on 127.0.0.1 and a free port; aborts the test program when that fails. */
struct peer *peer_start(peer_handler *handler, void *ctx, const struct peer_tls *tls);
void peer_stop(struct peer *p);
uint16_t peer_port(const struct peer *p);
/* "http://127.0.0.1:<port><path>" (https with TLS) into out; returns out. */
const char *peer_url(const struct peer *p, const char *path, char *out, size_t cap);
unsigned peer_requests(struct peer *p);    /* complete requests seen so far */
unsigned peer_connections(struct peer *p); /* connections accepted so far */

void peer_send(struct peer_conn *c, const void *bytes, size_t len);
void peer_text(struct peer_conn *c, const char *text);
/* A complete reply with a length. */
void peer_reply(struct peer_conn *c, int status, const char *body);
/* Closes with a reset instead of an orderly end when the handler returns false. */
void peer_reset(struct peer_conn *c);
/* Blocks until peer_stop, or until the client closed the connection. */
void peer_hold(struct peer_conn *c);

#endif
