/* The console server of hal/linux, asked over real loopback sockets. */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <microhttpd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "hal/linux/console_request.h"
#include "tests/support/certs.h"
#include "tests/support/linux_world.h"

/* ---------------------------------------------------------------------------------- fixture -- */

static unsigned server_runs;

/* The server's wake-ups: hal/linux calls this one instead of the library's. */
enum MHD_Result MHD_run(struct MHD_Daemon *daemon)
{
    static enum MHD_Result (*real)(struct MHD_Daemon *);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "MHD_run");
    server_runs++;
    return real(daemon);
}

static struct linux_world world;

static int set_up(void **state)
{
    (void)state;
    alarm(60);
    linux_world_open(&world);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    linux_world_close(&world);
    return 0;
}

static err_t listen_at(const char *address, uint16_t port, const char *certificate)
{
    struct hal_console_spec spec = {.port = port, .certificate = certificate};
    (void)snprintf(spec.bind, sizeof spec.bind, "%s", address);
    return hal_console_open(world.hal, &spec);
}

static void open_console(void)
{
    assert_int_equal(listen_at("127.0.0.1", 0, NULL), ERR_OK);
    assert_int_not_equal(hal_console_port(world.hal), 0);
}

static int client_new(int receive_room)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(hal_console_port(world.hal)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (receive_room > 0)
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_room, sizeof receive_room),
                         0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static int ask(const char *text)
{
    int fd = client_new(0);
    say(fd, text);
    return fd;
}

static const struct hal_console_request *next_request(void)
{
    const struct hal_event *e = linux_world_next(&world, WORLD_PATIENCE_MS);
    assert_non_null(e);
    assert_int_equal(e->kind, HAL_EV_CONSOLE_REQUEST);
    assert_int_not_equal(e->console.id.n, 0);
    return &e->console;
}

static void assert_closed_told(hal_request_t id)
{
    const struct hal_event *e = linux_world_next(&world, WORLD_PATIENCE_MS);
    assert_non_null(e);
    assert_int_equal(e->kind, HAL_EV_CONSOLE_CLOSED);
    assert_int_equal(e->console.id.n, id.n);
}

static void reply(hal_request_t id, const char *text)
{
    hal_console_reply(world.hal, id, 200, "text/plain", NULL, 0, slice_text(text));
}

#define HEARD_CAP 8192
/* What the server said, up to and including `until`, or to the close when that is NULL. The loop
 * runs meanwhile and must have nothing to tell. */
static const char *hear(int fd, const char *until)
{
    static char heard[HEARD_CAP];
    size_t len = 0;
    heard[0] = '\0';
    for (int round = 0; round < 4000; round++) {
        ssize_t n = recv(fd, heard + len, HEARD_CAP - 1 - len, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN)) return heard;
        if (n > 0) len += (size_t)n;
        heard[len] = '\0';
        if (until && strstr(heard, until)) return heard;
        if (n < 0) assert_true(linux_world_quiet(&world, 5));
    }
    fail_msg("not heard: %s", until ? until : "the close");
    return heard;
}

static void assert_said(const char *heard, const char *text)
{
    if (!strstr(heard, text)) fail_msg("\"%s\" lacks \"%s\"", heard, text);
}

static hal_request_t open_stream(int *out_fd, int receive_room)
{
    *out_fd = client_new(receive_room);
    say(*out_fd, "GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
    hal_request_t id = next_request()->id;
    assert_int_equal(hal_console_stream(world.hal, id), ERR_OK);
    assert_said(hear(*out_fd, "\r\n\r\n"), "text/event-stream");
    return id;
}

/* --------------------------------------------------------------------------------- requests -- */

static void console__tells_the_station_what_was_asked(void **state)
{
    (void)state;
    open_console();
    int fd = ask("POST /a%2Fb/%41?x=%20&y=1?z HTTP/1.1\r\nHost: bench:1\r\nOrigin: http://bench\r\n"
                 "Cookie: c=d\r\nContent-Type: application/json\r\nAuthorization: Bearer t\r\n"
                 "Sec-Fetch-Site: same-origin\r\nX-Packd-Token: secret\r\nContent-Length: 4\r\n\r\n"
                 "{\"\"}");
    const struct hal_console_request *r = next_request();
    assert_int_equal(r->method, HAL_POST);
    assert_true(slice_is(r->path, "/a%2Fb/%41"));
    assert_true(slice_is(r->query, "x=%20&y=1?z"));
    assert_true(slice_is(r->body, "{\"\"}"));
    assert_true(slice_is(r->host, "bench:1"));
    assert_true(slice_is(r->origin, "http://bench"));
    assert_true(slice_is(r->cookie, "c=d"));
    assert_true(slice_is(r->content_type, "application/json"));
    assert_true(slice_is(r->authorization, "Bearer t"));
    assert_true(slice_is(r->fetch_site, "same-origin"));
    assert_true(slice_is(r->token, "secret"));
    assert_true(r->loopback);
    reply(r->id, "done");
    assert_said(hear(fd, "done"), "HTTP/1.1 200 OK\r\n");
    close(fd);
}

static void console__replies_with_status_type_and_extra_headers(void **state)
{
    (void)state;
    open_console();
    int fd = ask("DELETE /x HTTP/1.1\r\nHost: a\r\n\r\n");
    const struct hal_console_request *r = next_request();
    assert_int_equal(r->method, HAL_DELETE);
    assert_int_equal(r->body.len, 0);
    assert_int_equal(r->query.len, 0);
    assert_int_equal(r->cookie.len, 0);
    struct hal_header extra[] = {{"Content-Security-Policy", "default-src 'self'"}};
    hal_console_reply(world.hal, r->id, 409, "application/json", extra, 1, SLICE("{\"no\":1}"));
    const char *heard = hear(fd, "{\"no\":1}");
    assert_said(heard, "HTTP/1.1 409 ");
    assert_said(heard, "\r\nContent-Type: application/json\r\n");
    assert_said(heard, "\r\nContent-Security-Policy: default-src 'self'\r\n");
    assert_said(heard, "\r\nContent-Length: 8\r\n");
    say(fd, "GET /again HTTP/1.1\r\nHost: a\r\n\r\n"); /* the same connection */
    reply(next_request()->id, "again");
    assert_said(hear(fd, "again"), "200 OK");
    close(fd);
}

static void console__closes_rather_than_split_a_reply(void **state)
{
    (void)state;
    open_console();
    int fd = ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    struct hal_header bad[] = {{"Location", "/\r\nSet-Cookie: a=b"}};
    hal_console_reply(world.hal, next_request()->id, 302, NULL, bad, 1, SLICE_NONE);
    assert_string_equal(hear(fd, NULL), "");
    close(fd);
}

static void console__ignores_a_reply_to_nobody(void **state)
{
    (void)state;
    open_console();
    reply((hal_request_t){99}, "x");
    reply((hal_request_t){0}, "x");
    assert_int_equal(hal_console_stream(world.hal, (hal_request_t){99}), ERR_GONE);
    assert_int_equal(hal_console_send(world.hal, (hal_request_t){99}, SLICE("x")), ERR_GONE);
    int fd = ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    hal_request_t id = next_request()->id;
    close(fd); /* the asker goes first */
    assert_true(linux_world_quiet(&world, 20));
    reply(id, "late");
    reply(id, "twice");
    assert_true(linux_world_quiet(&world, 20));
    reply(id, "long over");
}

static void console__tells_all_of_more_requests_than_one_round_holds(void **state)
{
    (void)state;
    open_console();
    enum {
        ASKERS = HAL_EVENTS_MAX + 16
    };
    int fds[ASKERS];
    for (size_t i = 0; i < ASKERS; i++)
        fds[i] = ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    hal_request_t last = {0};
    for (size_t i = 0; i < ASKERS; i++) {
        hal_request_t id = next_request()->id;
        assert_true(id.n > last.n);
        last = id;
        reply(id, "ok");
    }
    for (size_t i = 0; i < ASKERS; i++) {
        assert_said(hear(fds[i], "\r\n\r\nok"), "200 OK");
        close(fds[i]);
    }
}

static void console__serves_those_beyond_the_connection_limit_later(void **state)
{
    (void)state;
    open_console();
    enum {
        ASKERS = CONSOLE_CONNECTIONS_MAX + 4
    };
    int fds[ASKERS];
    for (size_t i = 0; i < ASKERS; i++)
        fds[i] = ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    for (size_t i = 0; i < ASKERS; i++)
        reply(next_request()->id, "ok");
    for (size_t i = 0; i < ASKERS; i++) {
        assert_said(hear(fds[i], NULL), "200 OK");
        close(fds[i]);
    }
}

/* ----------------------------------------------------------------------------------- bounds -- */

/* `bytes` of a body declared by length and sent. */
static int ask_with_body(size_t bytes)
{
    char head[96];
    char *body = malloc(bytes + 1);
    assert_non_null(body);
    memset(body, 'b', bytes);
    body[bytes] = '\0';
    (void)snprintf(head, sizeof head, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n",
                   bytes);
    int fd = client_new(0);
    int room = 1 << 20;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    say(fd, head);
    say(fd, body);
    free(body);
    return fd;
}

static void console__takes_a_body_of_exactly_the_limit(void **state)
{
    (void)state;
    open_console();
    int fd = ask_with_body(HAL_CONSOLE_BODY_MAX);
    const struct hal_console_request *r = next_request();
    assert_int_equal(r->body.len, HAL_CONSOLE_BODY_MAX);
    assert_int_equal(r->body.ptr[HAL_CONSOLE_BODY_MAX - 1], 'b');
    reply(r->id, "ok");
    assert_said(hear(fd, "\r\n\r\nok"), "200 OK");
    close(fd);
}

static void console__refuses_a_larger_body_with_413(void **state)
{
    (void)state;
    open_console();
    int fd = ask_with_body(HAL_CONSOLE_BODY_MAX + 1);
    assert_said(hear(fd, "\r\n\r\n"), "HTTP/1.1 413 ");
    close(fd);
    fd = ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n");
    assert_null(strstr(hear(fd, NULL), "200 OK"));
    close(fd);
}

static int ask_with_chunks(size_t chunks)
{
    char chunk[4096 + 8];
    memset(chunk, 'c', sizeof chunk);
    memcpy(chunk, "1000\r\n", 6);
    memcpy(chunk + 6 + 4096, "\r\n", 2);
    int fd = ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (size_t i = 0; i < chunks; i++) {
        if (send(fd, chunk, sizeof chunk, MSG_NOSIGNAL) < 0) break;
        assert_true(linux_world_quiet(&world, 0));
    }
    (void)send(fd, "0\r\n\r\n", 5, MSG_NOSIGNAL);
    return fd;
}

static void console__bounds_a_body_without_a_length(void **state)
{
    (void)state;
    open_console();
    int fd = ask_with_chunks(20);
    assert_said(hear(fd, "\r\n\r\n"), "HTTP/1.1 413 ");
    close(fd);
    fd = ask_with_chunks(CONSOLE_DRAIN_MAX / 4096 + 40);
    assert_null(strstr(hear(fd, NULL), "200 OK"));
    close(fd);
    fd = ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    reply(next_request()->id, "alive");
    assert_said(hear(fd, "alive"), "200 OK");
    close(fd);
}

static void assert_refused(const char *before, size_t fill, const char *after, const char *status)
{
    char *text = malloc(fill + 256);
    assert_non_null(text);
    size_t len = (size_t)snprintf(text, 128, "%s", before);
    memset(text + len, 'f', fill);
    (void)snprintf(text + len + fill, 128, "%s", after);
    int fd = client_new(0);
    (void)send(fd, text, strlen(text), MSG_NOSIGNAL);
    free(text);
    const char *heard = hear(fd, NULL);
    if (heard[0] != '\0') assert_said(heard, status);
    close(fd);
}

static void console__refuses_what_is_too_long_or_not_http(void **state)
{
    (void)state;
    open_console();
    assert_refused("GET /", CONSOLE_URI_MAX + 1, " HTTP/1.1\r\nHost: a\r\n\r\n", " 414 ");
    assert_refused("GET /", 100000, " HTTP/1.1\r\nHost: a\r\n\r\n", " 4");
    assert_refused("GET / HTTP/1.1\r\nHost: a\r\nX: ", 100000, "\r\n\r\n", " 431 ");
    assert_refused("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 0, "", " 405 ");
    assert_refused("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 0, "", " 405 ");
    assert_refused("\x16\x03\x01\x02 HTTP/1.1\r\n\r\n", 0, "", " 4");
    assert_true(linux_world_quiet(&world, 20));
}

/* ---------------------------------------------------------------------------------- streams -- */

static void console__streams_in_order_as_sent(void **state)
{
    (void)state;
    int fd = -1;
    open_console();
    hal_request_t id = open_stream(&fd, 0);
    assert_int_equal(hal_console_send(world.hal, id, SLICE("data: 1\n\n")), ERR_OK);
    assert_int_equal(hal_console_send(world.hal, id, SLICE("data: 2\n\n")), ERR_OK);
    assert_said(hear(fd, "data: 2\n\n"), "data: 1\n\n");
    assert_int_equal(hal_console_send(world.hal, id, SLICE("data: 3\n\n")), ERR_OK);
    assert_said(hear(fd, "data: 3\n\n"), "data: 3");
    close(fd);
    assert_closed_told(id);
    assert_int_equal(hal_console_send(world.hal, id, SLICE("data: 4\n\n")), ERR_GONE);
    assert_true(linux_world_quiet(&world, 20));
}

static void console__rests_while_a_stream_has_nothing_to_say(void **state)
{
    (void)state;
    int fd = -1;
    open_console();
    hal_request_t id = open_stream(&fd, 0);
    server_runs = 0;
    assert_true(linux_world_quiet(&world, 300));
    assert_in_range(server_runs, 0, 4);
    server_runs = 0;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(hal_console_send(world.hal, id, SLICE("data: x\n\n")), ERR_OK);
        (void)hear(fd, "data: x\n\n");
    }
    assert_in_range(server_runs, 10, 60);
    close(fd);
    assert_closed_told(id);
}

static void console__closes_a_stream_that_is_not_read(void **state)
{
    (void)state;
    static uint8_t block[16384];
    int slow = -1;
    int fast = -1;
    open_console();
    hal_request_t slow_id = open_stream(&slow, 4096);
    hal_request_t fast_id = open_stream(&fast, 0);
    err_t e = ERR_OK;
    size_t sent = 0;
    while (e == ERR_OK && sent < (size_t)64 * HAL_CONSOLE_STREAM_ROOM) {
        e = hal_console_send(world.hal, slow_id, slice_of(block, sizeof block));
        sent += sizeof block;
        assert_true(linux_world_quiet(&world, 1));
    }
    assert_int_equal(e, ERR_NOSPACE);
    assert_int_equal(hal_console_send(world.hal, slow_id, SLICE("x")), ERR_GONE);
    assert_int_equal(hal_console_send(world.hal, fast_id, SLICE("data: on\n\n")), ERR_OK);
    assert_said(hear(fast, "data: on\n\n"), "data: on");
    server_runs = 0;
    assert_true(linux_world_quiet(&world, 100)); /* no second word of the closed stream */
    assert_in_range(server_runs, 0, 4);
    close(slow);
    close(fast);
    assert_closed_told(fast_id);
}

static void console__refuses_more_than_one_room_at_once(void **state)
{
    (void)state;
    static uint8_t block[HAL_CONSOLE_STREAM_ROOM + 1];
    int fd = -1;
    open_console();
    hal_request_t id = open_stream(&fd, 0);
    assert_int_equal(hal_console_send(world.hal, id, slice_of(block, sizeof block)), ERR_NOSPACE);
    (void)hear(fd, NULL);
    close(fd);
}

static void console__bounds_the_number_of_streams(void **state)
{
    (void)state;
    int fds[HAL_CONSOLE_STREAMS_MAX];
    hal_request_t ids[HAL_CONSOLE_STREAMS_MAX];
    open_console();
    for (size_t i = 0; i < HAL_CONSOLE_STREAMS_MAX; i++)
        ids[i] = open_stream(&fds[i], 0);
    int extra = ask("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
    hal_request_t id = next_request()->id;
    assert_int_equal(hal_console_stream(world.hal, id), ERR_NOSPACE);
    hal_console_reply(world.hal, id, 503, NULL, NULL, 0, SLICE("full"));
    assert_said(hear(extra, "full"), " 503 ");
    close(fds[0]);
    assert_closed_told(ids[0]);
    ids[0] = open_stream(&fds[0], 0);
    for (size_t i = 0; i < HAL_CONSOLE_STREAMS_MAX; i++) {
        close(fds[i]);
        assert_closed_told(ids[i]);
    }
    close(extra);
}

static void console__closes_with_requests_and_streams_open(void **state)
{
    (void)state;
    int fd = -1;
    open_console();
    (void)open_stream(&fd, 0);
    int waiting = ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    (void)next_request();
    int half = ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
    assert_true(linux_world_quiet(&world, 20));
    linux_world_close(&world);
    char byte = 0;
    assert_true(recv(waiting, &byte, 1, 0) <= 0);
    close(fd);
    close(waiting);
    close(half);
    linux_world_open(&world);
}

/* -------------------------------------------------------------------------- address and TLS -- */

static void console__opens_only_what_is_safe(void **state)
{
    (void)state;
    linux_world_write(&world, "secrets/garbage.pem", "not a key\n", 0600);
    assert_int_equal(listen_at("0.0.0.0", 0, NULL), ERR_DENIED);
    assert_int_equal(listen_at("0.0.0.0", 0, ""), ERR_DENIED);
    assert_int_equal(listen_at("::", 0, NULL), ERR_DENIED);
    assert_int_equal(listen_at("192.0.2.1", 0, NULL), ERR_DENIED);
    assert_int_equal(listen_at("localhost", 0, NULL), ERR_INVALID);
    assert_int_equal(listen_at("127.0.0.1 ", 0, NULL), ERR_INVALID);
    assert_int_equal(listen_at("127.0.0.1", 0, "absent.pem"), ERR_NOTFOUND);
    assert_int_equal(listen_at("127.0.0.1", 0, "garbage.pem"), ERR_INVALID);
    open_console();
    assert_int_equal(listen_at("127.0.0.1", 0, NULL), ERR_EXISTS);
}

static void console__says_when_the_port_is_taken(void **state)
{
    (void)state;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    assert_int_equal(listen_at("127.0.0.1", ntohs(at.sin_port), NULL), ERR_BUSY);
    close(fd);
}

static void console__speaks_tls_with_a_certificate(void **state)
{
    (void)state;
    char ca[128];
    char pem[128];
    char url[64];
    struct authority *a =
        authority_new("console CA", linux_world_path(&world, "config/ca.pem", ca, sizeof ca));
    (void)linux_world_path(&world, "secrets/console.pem", pem, sizeof pem);
    authority_issue(a, &(struct cert_spec){"IP:127.0.0.1", -60, 86400}, pem, pem);
    authority_free(a);
    assert_int_equal(listen_at("127.0.0.1", 0, "console.pem"), ERR_OK);
    (void)snprintf(url, sizeof url, "https://127.0.0.1:%u/x", hal_console_port(world.hal));
    struct hal_http_request ask_self = {.method = HAL_GET,
                                        .url = url,
                                        .timeout_ms = WORLD_PATIENCE_MS,
                                        .reply_max = 100,
                                        .ca = "ca.pem"};
    hal_http_t id = {0};
    assert_int_equal(hal_http_submit(world.hal, &ask_self, &id), ERR_OK);
    const struct hal_console_request *r = next_request();
    assert_true(slice_is(r->path, "/x"));
    reply(r->id, "over TLS");
    const struct hal_event *e = linux_world_next(&world, WORLD_PATIENCE_MS);
    assert_non_null(e);
    assert_int_equal(e->kind, HAL_EV_HTTP_DONE);
    assert_int_equal(e->http.outcome, HAL_HTTP_ANSWERED);
    assert_true(slice_is(e->http.body, "over TLS"));
}

int main(void)
{
#define ONE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        ONE(console__tells_the_station_what_was_asked),
        ONE(console__replies_with_status_type_and_extra_headers),
        ONE(console__closes_rather_than_split_a_reply),
        ONE(console__ignores_a_reply_to_nobody),
        ONE(console__tells_all_of_more_requests_than_one_round_holds),
        ONE(console__serves_those_beyond_the_connection_limit_later),
        ONE(console__takes_a_body_of_exactly_the_limit),
        ONE(console__refuses_a_larger_body_with_413),
        ONE(console__bounds_a_body_without_a_length),
        ONE(console__refuses_what_is_too_long_or_not_http),
        ONE(console__streams_in_order_as_sent),
        ONE(console__rests_while_a_stream_has_nothing_to_say),
        ONE(console__closes_a_stream_that_is_not_read),
        ONE(console__refuses_more_than_one_room_at_once),
        ONE(console__bounds_the_number_of_streams),
        ONE(console__closes_with_requests_and_streams_open),
        ONE(console__opens_only_what_is_safe),
        ONE(console__says_when_the_port_is_taken),
        ONE(console__speaks_tls_with_a_certificate),
    };
    return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}
