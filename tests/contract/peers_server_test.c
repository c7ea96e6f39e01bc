#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/packpeers/server.h"

/* The server and its client take turns in one thread. */

struct bed {
    struct peers *peers;
    struct peer_server *server;
};

static struct bed bed_open(void)
{
    struct bed b = {.peers = peers_new(NULL)};
    peers_seed_demo(b.peers, 0);
    b.server = peer_server_open(b.peers, &(struct peer_ports){{0}});
    assert_non_null(b.server);
    return b;
}

static void bed_close(struct bed *b)
{
    peer_server_close(b->server);
    peers_free(b->peers);
}

static int visitor(const struct bed *b, enum peer which, const char *text)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(peer_server_port(b->server, which)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(send(fd, text, strlen(text), 0), (ssize_t)strlen(text));
    return fd;
}

/* Reads until the far end closes; returns 0, or the error that ended it. */
static int gather(const struct bed *b, int fd, char *out, size_t cap)
{
    size_t n = 0;
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        peer_server_step(b->server, 20);
        if (poll(&p, 1, 0) <= 0) continue;
        ssize_t got = recv(fd, out + n, cap - 1 - n, 0);
        int error = got < 0 ? errno : 0;
        if (got > 0) n += (size_t)got;
        out[n] = 0;
        if (got > 0) continue;
        (void)close(fd);
        return error;
    }
}

#define SHOP_GET(path)                                                                             \
    "GET /stores/demo/v2" path " HTTP/1.1\r\nHost: x\r\nX-Auth-Token: shop-token\r\nAccept: "      \
    "application/json\r\nConnection: close\r\n\r\n"

static void server__answers_with_status_headers_and_body(void **state)
{
    (void)state;
    static char out[65536];
    struct bed b = bed_open();
    int fd = visitor(&b, PEER_SHOP, SHOP_GET("/orders/10427/products?limit=1&page=1"));
    assert_int_equal(gather(&b, fd, out, sizeof out), 0);
    assert_true(slice_starts(slice_text(out), "HTTP/1.1 200 "));
    assert_non_null(strstr(out, "X-Rate-Limit-Requests-Left: 149"));
    assert_non_null(strstr(out, "\"sku\":\"MUG-RED\""));
    fd = visitor(&b, PEER_SHOP, SHOP_GET("/orders/10427/shipments"));
    assert_int_equal(gather(&b, fd, out, sizeof out), 0);
    assert_true(slice_starts(slice_text(out), "HTTP/1.1 204 "));
    bed_close(&b);
}

static void server__takes_bodies(void **state)
{
    (void)state;
    static const char form[] = "POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 70\r\n"
                               "Connection: close\r\n\r\ngrant_type=client_credentials&client_id="
                               "bench-1&client_secret=secret-1";
    char out[2048];
    struct bed b = bed_open();
    int fd = visitor(&b, PEER_CLARUS, form);
    assert_int_equal(gather(&b, fd, out, sizeof out), 0);
    assert_true(slice_starts(slice_text(out), "HTTP/1.1 200 "));
    assert_non_null(strstr(out, "\"expires_in\":7200"));
    bed_close(&b);
}

static void server__cuts_and_resets_and_goes_on(void **state)
{
    (void)state;
    static char out[65536];
    struct bed b = bed_open();
    struct peer_fault fault = {.peer = PEER_SHOP, .kind = PEER_FAULT_LOSE_REPLY};
    (void)peers_fault_add(b.peers, &fault);
    int fd = visitor(&b, PEER_SHOP, SHOP_GET("/orders/10427"));
    assert_int_equal(gather(&b, fd, out, sizeof out), 0);
    assert_string_equal(out, "");
    fault.kind = PEER_FAULT_RESET;
    (void)peers_fault_add(b.peers, &fault);
    fd = visitor(&b, PEER_SHOP, SHOP_GET("/orders/10427"));
    assert_int_equal(gather(&b, fd, out, sizeof out), ECONNRESET);
    fd = visitor(&b, PEER_SHOP, SHOP_GET("/orders/10427"));
    assert_int_equal(gather(&b, fd, out, sizeof out), 0);
    assert_non_null(strstr(out, "\"id\":10427"));
    bed_close(&b);
}

static void server__delay_holds_only_its_own_connection(void **state)
{
    (void)state;
    static char out[65536];
    struct bed b = bed_open();
    struct peer_fault slow = {.peer = PEER_SHOP, .kind = PEER_FAULT_DELAY, .wait_ms = 150};
    (void)peers_fault_add(b.peers, &slow);
    int held = visitor(&b, PEER_SHOP, SHOP_GET("/orders/10427"));
    while (peers_request_count(b.peers, PEER_SHOP, NULL, NULL) == 0)
        peer_server_step(b.server, 20);
    int quick = visitor(&b, PEER_SHOP, SHOP_GET("/orders/10428"));
    assert_int_equal(gather(&b, quick, out, sizeof out), 0);
    assert_non_null(strstr(out, "\"id\":10428"));
    assert_int_equal(gather(&b, held, out, sizeof out), 0);
    assert_non_null(strstr(out, "\"id\":10427"));
    bed_close(&b);
}

static void server__closes_while_a_reply_is_held(void **state)
{
    (void)state;
    struct bed b = bed_open();
    struct peer_fault slow = {.peer = PEER_SHOP, .kind = PEER_FAULT_DELAY, .wait_ms = 3600000};
    (void)peers_fault_add(b.peers, &slow);
    int held = visitor(&b, PEER_SHOP, SHOP_GET("/orders/10427"));
    while (peers_request_count(b.peers, PEER_SHOP, NULL, NULL) == 0)
        peer_server_step(b.server, 20);
    bed_close(&b);
    (void)close(held);
}

static void server__refuses_a_port_that_is_taken(void **state)
{
    (void)state;
    struct bed b = bed_open();
    struct peer_ports same = {{[PEER_SHOP] = peer_server_port(b.server, PEER_SHOP)}};
    assert_null(peer_server_open(b.peers, &same));
    bed_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(server__answers_with_status_headers_and_body),
        cmocka_unit_test(server__takes_bodies),
        cmocka_unit_test(server__cuts_and_resets_and_goes_on),
        cmocka_unit_test(server__delay_holds_only_its_own_connection),
        cmocka_unit_test(server__closes_while_a_reply_is_held),
        cmocka_unit_test(server__refuses_a_port_that_is_taken),
    };
    return cmocka_run_group_tests_name("peers_server", tests, NULL, NULL);
}
