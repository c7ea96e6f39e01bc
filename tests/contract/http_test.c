/* The HTTP client of hal/linux against servers on loopback that break the protocol. */
#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "hal/linux/http_exchange.h"
#include "tests/support/http_peer.h"
#include "tests/support/linux_world.h"

/* ----------------------------------------------------------------- a resolver that can hang -- */

static pthread_mutex_t resolver_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t resolver_changed = PTHREAD_COND_INITIALIZER;
static bool resolver_released;
static unsigned resolvers_waiting;
static unsigned resolvers_most;

static void resolver_hang(void)
{
    pthread_mutex_lock(&resolver_lock);
    resolvers_waiting++;
    if (resolvers_waiting > resolvers_most) resolvers_most = resolvers_waiting;
    while (!resolver_released)
        pthread_cond_wait(&resolver_changed, &resolver_lock);
    resolvers_waiting--;
    pthread_cond_broadcast(&resolver_changed);
    pthread_mutex_unlock(&resolver_lock);
}

static void resolver_release(void)
{
    pthread_mutex_lock(&resolver_lock);
    resolver_released = true;
    pthread_cond_broadcast(&resolver_changed);
    while (resolvers_waiting > 0)
        pthread_cond_wait(&resolver_changed, &resolver_lock);
    resolver_released = false;
    pthread_mutex_unlock(&resolver_lock);
}

typedef int getaddrinfo_fn(const char *, const char *, const struct addrinfo *, struct addrinfo **);

/* libcurl calls this one instead of the C library's. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **out)
{
    if (node && strstr(node, "hang.test")) resolver_hang();
    if (node && strstr(node, ".test")) return EAI_NONAME;
    getaddrinfo_fn *real = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    return real(node, service, hints, out);
}

/* ---------------------------------------------------------------------------------- fixture -- */

static struct linux_world world;

static int set_up(void **state)
{
    (void)state;
    alarm(60); /* a frozen loop ends the program instead of hanging the run */
    linux_world_open(&world);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    linux_world_close(&world);
    return 0;
}

static struct hal_http_request get(const char *url)
{
    return (struct hal_http_request){
        .method = HAL_GET, .url = url, .timeout_ms = WORLD_PATIENCE_MS, .reply_max = 65536};
}

static struct hal_http_request post(const char *url, const char *body)
{
    struct hal_http_request r = get(url);
    r.method = HAL_POST;
    r.body = slice_text(body);
    r.has_body = true;
    r.write = true;
    return r;
}

static hal_http_t submit(const struct hal_http_request *r)
{
    hal_http_t id = {0};
    assert_int_equal(hal_http_submit(world.hal, r, &id), ERR_OK);
    assert_int_not_equal(id.n, 0);
    return id;
}

static const struct hal_http_result *finish(hal_http_t id)
{
    const struct hal_event *e = linux_world_next(&world, WORLD_PATIENCE_MS);
    assert_non_null(e);
    assert_int_equal(e->kind, HAL_EV_HTTP_DONE);
    assert_int_equal(e->http.id.n, id.n);
    assert_non_null(e->http.detail);
    return &e->http;
}

static const struct hal_http_result *exchange(const struct hal_http_request *r)
{
    return finish(submit(r));
}

static void assert_body(const struct hal_http_result *r, const char *text)
{
    assert_int_equal(r->body.len, strlen(text));
    assert_memory_equal(r->body.ptr, text, r->body.len);
}

/* ---------------------------------------------------------------------------------- servers -- */

static bool answer_ok(void *ctx, struct peer_conn *c, const struct peer_request *r)
{
    (void)ctx;
    (void)r;
    peer_reply(c, 200, "{\"ok\":true}");
    return true;
}

/* `ctx`, when given, counts requests that came on a connection already used. */
static bool answer_once_then_close(void *ctx, struct peer_conn *c, const struct peer_request *r)
{
    if (r->nth > 1 && ctx) atomic_fetch_add((atomic_uint *)ctx, 1);
    if (r->nth > 1) return false;
    peer_reply(c, 201, "{}");
    return true;
}

static bool close_without_reply(void *ctx, struct peer_conn *c, const struct peer_request *r)
{
    (void)ctx;
    (void)c;
    (void)r;
    return false;
}

static bool reset_without_reply(void *ctx, struct peer_conn *c, const struct peer_request *r)
{
    (void)ctx;
    (void)r;
    peer_reset(c);
    return false;
}

static bool send_text_and_close(void *ctx, struct peer_conn *c, const struct peer_request *r)
{
    (void)r;
    peer_text(c, ctx);
    return false;
}

static bool send_text_and_hold(void *ctx, struct peer_conn *c, const struct peer_request *r)
{
    (void)r;
    peer_text(c, ctx);
    peer_hold(c);
    return false;
}

static bool send_head_and_zeros(void *ctx, struct peer_conn *c, const struct peer_request *r)
{
    static const char zeros[4096];
    (void)r;
    peer_text(c, ctx);
    for (int i = 0; i < 64; i++)
        peer_send(c, zeros, sizeof zeros);
    return false;
}

static bool send_endless_headers(void *ctx, struct peer_conn *c, const struct peer_request *r)
{
    char line[1100];
    (void)ctx;
    (void)r;
    memset(line, 'x', sizeof line);
    (void)snprintf(line, sizeof line, "X-Fill: %01000d", 0);
    peer_text(c, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 64; i++) {
        peer_text(c, line);
        peer_text(c, "\r\n");
    }
    peer_text(c, "Content-Length: 0\r\n\r\n");
    return false;
}

struct seen {
    char head[4096];
    char *body;
    size_t body_len;
};

static bool remember(void *ctx, struct peer_conn *c, const struct peer_request *r)
{
    struct seen *seen = ctx;
    (void)snprintf(seen->head, sizeof seen->head, "%s", r->head);
    free(seen->body);
    seen->body = malloc(r->body_len + 1);
    assert_non_null(seen->body);
    memcpy(seen->body, r->body, r->body_len);
    seen->body_len = r->body_len;
    peer_text(c, "HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n");
    return true;
}

static struct peer *start(peer_handler *handler, const char *text)
{
    return peer_start(handler, (void *)(uintptr_t)text, NULL);
}

/* ---------------------------------------------------------------------------- plain replies -- */

static void http__reads_status_headers_and_body(void **state)
{
    (void)state;
    char url[96];
    struct peer *p = start(send_text_and_close, "HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\n"
                                                "HTTP/1.1 404 Gone\r\nRetry-After:  7 \r\n"
                                                "retry-after: 9\r\nContent-Length: 4\r\n\r\nnope");
    struct hal_http_request r = get(peer_url(p, "/", url, sizeof url));
    const struct hal_http_result *got = exchange(&r);
    assert_int_equal(got->outcome, HAL_HTTP_ANSWERED);
    assert_int_equal(got->status, 404);
    assert_body(got, "nope");
    assert_true(slice_is(hal_http_header(got, "RETRY-AFTER"), "7"));
    assert_int_equal(hal_http_header(got, "X-Early").len, 0);
    assert_int_equal(hal_http_header(got, "Retry").len, 0);
    peer_stop(p);
}

static void http__sends_method_headers_and_body_exactly(void **state)
{
    (void)state;
    char url[96];
    struct seen seen = {0};
    struct peer *p = peer_start(remember, &seen, NULL);
    struct hal_header headers[] = {{"X-Auth-Token", "t"}, {"Content-Type", "application/json"}};
    char *body = malloc(100001);
    assert_non_null(body);
    memset(body, 'b', 100000);
    body[100000] = '\0';
    struct hal_http_request r = post(peer_url(p, "/a?b=c%20d", url, sizeof url), body);
    r.method = HAL_PATCH;
    r.headers = headers;
    r.header_count = 2;
    assert_int_equal(exchange(&r)->outcome, HAL_HTTP_ANSWERED);
    assert_non_null(strstr(seen.head, "PATCH /a?b=c%20d HTTP/1.1\r\n"));
    assert_non_null(strstr(seen.head, "\r\nX-Auth-Token: t\r\n"));
    assert_non_null(strstr(seen.head, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(seen.head, "\r\nContent-Length: 100000\r\n"));
    assert_null(strcasestr(seen.head, "\r\nExpect:"));
    assert_null(strcasestr(seen.head, "\r\nTransfer-Encoding:"));
    assert_null(strcasestr(seen.head, "\r\nAccept-Encoding:"));
    assert_int_equal(seen.body_len, 100000);
    assert_memory_equal(seen.body, body, 100000);
    peer_stop(p);
    free(body);
    free(seen.body);
}

static void http__sends_an_empty_body_with_length_zero(void **state)
{
    (void)state;
    char url[96];
    struct seen seen = {0};
    struct peer *p = peer_start(remember, &seen, NULL);
    struct hal_http_request r = post(peer_url(p, "/", url, sizeof url), "");
    assert_int_equal(exchange(&r)->outcome, HAL_HTTP_ANSWERED);
    assert_non_null(strstr(seen.head, "\r\nContent-Length: 0\r\n"));
    assert_null(strcasestr(seen.head, "\r\nContent-Type:"));
    peer_stop(p);
    free(seen.body);
}

static void http__keeps_no_cookies(void **state)
{
    (void)state;
    char url[96];
    struct seen seen = {0};
    struct peer *p = peer_start(remember, &seen, NULL);
    struct hal_http_request r = get(peer_url(p, "/", url, sizeof url));
    assert_true(hal_http_header(exchange(&r), "Set-Cookie").len > 0);
    (void)exchange(&r);
    assert_null(strcasestr(seen.head, "\r\nCookie:"));
    assert_int_equal(peer_connections(p), 1);
    peer_stop(p);
    free(seen.body);
}

static void http__does_not_follow_redirects(void **state)
{
    (void)state;
    char url[96];
    struct peer *p = start(send_text_and_close, "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n"
                                                "Content-Length: 0\r\n\r\n");
    struct hal_http_request r = get(peer_url(p, "/", url, sizeof url));
    const struct hal_http_result *got = exchange(&r);
    assert_int_equal(got->outcome, HAL_HTTP_ANSWERED);
    assert_int_equal(got->status, 302);
    assert_true(slice_is(hal_http_header(got, "Location"), "/elsewhere"));
    assert_int_equal(peer_requests(p), 1);
    peer_stop(p);
}

static void http__takes_no_proxy_from_the_environment(void **state)
{
    (void)state;
    char url[96];
    assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
    assert_int_equal(setenv("ALL_PROXY", "http://127.0.0.1:1", 1), 0);
    struct peer *p = start(answer_ok, NULL);
    struct hal_http_request r = get(peer_url(p, "/", url, sizeof url));
    assert_int_equal(exchange(&r)->status, 200);
    peer_stop(p);
    assert_int_equal(unsetenv("http_proxy"), 0);
    assert_int_equal(unsetenv("ALL_PROXY"), 0);
}

/* -------------------------------------------------------------------------- never twice, unknown
 * -- */

static void http__never_repeats_a_write_on_a_connection_closed_after_the_effect(void **state)
{
    (void)state;
    char url[96];
    atomic_uint on_used_connection = 0;
    struct peer *p = peer_start(answer_once_then_close, &on_used_connection, NULL);
    struct hal_http_request r = post(peer_url(p, "/", url, sizeof url), "{\"n\":1}");
    assert_int_equal(exchange(&r)->status, 201);
    const struct hal_http_result *second = exchange(&r);
    assert_int_equal(second->outcome, HAL_HTTP_UNKNOWN);
    assert_int_equal(second->status, 0);
    assert_int_equal(atomic_load(&on_used_connection), 1); /* the trap was set */
    assert_int_equal(peer_requests(p), 2);
    peer_stop(p);
}

static void http__never_repeats_a_write_without_a_body(void **state)
{
    (void)state;
    static const struct {
        enum hal_method method;
        bool has_body;
    } cases[] = {{HAL_POST, true}, {HAL_POST, false}, {HAL_DELETE, false}, {HAL_PUT, true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char url[96];
        struct peer *p = start(close_without_reply, NULL);
        struct hal_http_request r = get(peer_url(p, "/", url, sizeof url));
        r.method = cases[i].method;
        r.has_body = cases[i].has_body;
        r.write = true;
        assert_int_equal(exchange(&r)->outcome, HAL_HTTP_UNKNOWN);
        assert_int_equal(peer_requests(p), 1);
        peer_stop(p);

        p = start(answer_once_then_close, NULL);
        r.url = peer_url(p, "/", url, sizeof url);
        struct hal_http_request first = get(r.url);
        assert_int_equal(exchange(&first)->status, 201);
        const struct hal_http_result *got = exchange(&r);
        assert_int_equal(got->outcome, HAL_HTTP_ANSWERED);
        assert_int_equal(peer_connections(p), 2); /* a connection of its own */
        assert_int_equal(peer_requests(p), 2);
        peer_stop(p);
    }
}

static void http__may_repeat_a_read_on_a_dead_connection(void **state)
{
    (void)state;
    char url[96];
    struct peer *p = start(answer_once_then_close, NULL);
    struct hal_http_request r = post(peer_url(p, "/", url, sizeof url), "{\"query\":\"{a}\"}");
    r.write = false;
    assert_int_equal(exchange(&r)->status, 201);
    assert_int_equal(exchange(&r)->status, 201);
    assert_int_equal(peer_requests(p), 3);
    peer_stop(p);
}

static void assert_unknown(peer_handler *handler, const char *text)
{
    char url[96];
    struct peer *p = start(handler, text);
    struct hal_http_request r = post(peer_url(p, "/", url, sizeof url), "{}");
    r.reply_max = 1024;
    const struct hal_http_result *got = exchange(&r);
    assert_int_equal(got->outcome, HAL_HTTP_UNKNOWN);
    assert_int_equal(got->status, 0);
    assert_int_equal(got->body.len, 0);
    assert_int_not_equal(got->detail[0], '\0');
    assert_int_equal(peer_requests(p), 1);
    peer_stop(p);
}

static void http__calls_a_lost_reply_unknown(void **state)
{
    (void)state;
    assert_unknown(close_without_reply, NULL);
    assert_unknown(reset_without_reply, NULL);
}

static void http__calls_half_a_reply_unknown(void **state)
{
    (void)state;
    assert_unknown(send_text_and_close, "HTTP/1.1 201 Cre");
    assert_unknown(send_text_and_close, "HTTP/1.1 201 Created\r\nContent-Le");
    assert_unknown(send_text_and_close, "HTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\nhalf");
    assert_unknown(send_text_and_close, "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n"
                                        "5\r\nhello\r\n");
    assert_unknown(send_text_and_close, "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n");
    assert_unknown(send_text_and_close, "HTTP/1.1 100 Continue\r\n\r\n");
    assert_unknown(send_text_and_close, "HTTP/1.1 999 Strange\r\nContent-Length: 0\r\n\r\n");
    assert_unknown(send_text_and_close, "<html>not http</html>");
    assert_unknown(send_text_and_close, "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n"
                                        "zz\r\nhello\r\n");
}

static void http__calls_an_oversize_reply_to_a_write_unknown(void **state)
{
    (void)state;
    assert_unknown(send_head_and_zeros, "HTTP/1.1 201 Created\r\nContent-Length: 262144\r\n\r\n");
    assert_unknown(send_head_and_zeros, "HTTP/1.1 201 Created\r\n\r\n");
    assert_unknown(send_endless_headers, NULL);
}

static void http__truncates_an_oversize_reply_to_a_read(void **state)
{
    (void)state;
    char url[96];
    struct peer *p = start(send_head_and_zeros, "HTTP/1.1 200 OK\r\n\r\n");
    struct hal_http_request r = get(peer_url(p, "/", url, sizeof url));
    r.reply_max = 1000;
    const struct hal_http_result *got = exchange(&r);
    assert_int_equal(got->outcome, HAL_HTTP_ANSWERED);
    assert_int_equal(got->status, 200);
    assert_true(got->truncated);
    assert_int_equal(got->body.len, 1000);
    peer_stop(p);
}

static void http__takes_a_reply_of_exactly_the_limit(void **state)
{
    (void)state;
    char url[96];
    struct peer *p = start(send_text_and_close, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour");
    struct hal_http_request r = get(peer_url(p, "/", url, sizeof url));
    r.reply_max = 4;
    const struct hal_http_result *got = exchange(&r);
    assert_int_equal(got->outcome, HAL_HTTP_ANSWERED);
    assert_false(got->truncated);
    assert_body(got, "four");
    peer_stop(p);
}

static void http__does_not_unpack_what_it_did_not_ask_for(void **state)
{
    (void)state;
    char url[96];
    struct peer *p = start(send_text_and_close,
                           "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 8\r\n\r\n"
                           "\x1f\x8b\x08zzzzz");
    struct hal_http_request r = get(peer_url(p, "/", url, sizeof url));
    const struct hal_http_result *got = exchange(&r);
    assert_int_equal(got->outcome, HAL_HTTP_ANSWERED);
    assert_body(got, "\x1f\x8b\x08zzzzz");
    peer_stop(p);
}

static void http__ends_at_the_time_limit(void **state)
{
    (void)state;
    static const char *const beginnings[] = {"", "HTTP/1.1 200 OK\r\nX-Slow",
                                             "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"};
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        char url[96];
        struct peer *p = start(send_text_and_hold, beginnings[i]);
        struct hal_http_request r = post(peer_url(p, "/", url, sizeof url), "{}");
        r.timeout_ms = 100;
        assert_int_equal(exchange(&r)->outcome, HAL_HTTP_UNKNOWN);
        assert_int_equal(peer_requests(p), 1);
        peer_stop(p);
    }
}

/* ------------------------------------------------------------------------ provably not sent -- */

static void http__reports_a_refused_connection_as_not_sent(void **state)
{
    (void)state;
    char url[96];
    struct peer *p = start(answer_ok, NULL);
    (void)peer_url(p, "/", url, sizeof url);
    peer_stop(p);
    struct hal_http_request r = post(url, "{}");
    const struct hal_http_result *got = exchange(&r);
    assert_int_equal(got->outcome, HAL_HTTP_NOT_SENT);
    assert_int_equal(got->status, 0);
}

static void http__reports_an_unknown_name_as_not_sent(void **state)
{
    (void)state;
    struct hal_http_request r = post("https://nobody.test/", "{}");
    assert_int_equal(exchange(&r)->outcome, HAL_HTTP_NOT_SENT);
}

static void http__ends_in_time_though_the_resolver_hangs(void **state)
{
    (void)state;
    struct hal_http_request r = post("https://a.hang.test/", "{}");
    r.timeout_ms = 50;
    assert_int_equal(exchange(&r)->outcome, HAL_HTTP_NOT_SENT);
    resolver_release();
}

static void http__serves_others_while_the_resolver_hangs(void **state)
{
    (void)state;
    char url[96];
    struct peer *p = start(answer_ok, NULL);
    struct hal_http_request stuck = get("https://b.hang.test/");
    hal_http_t id = submit(&stuck);
    struct hal_http_request r = get(peer_url(p, "/", url, sizeof url));
    assert_int_equal(exchange(&r)->status, 200);
    hal_http_cancel(world.hal, id); /* returns though the look-up still hangs */
    assert_true(linux_world_quiet(&world, 50));
    resolver_release();
    peer_stop(p);
}

static void http__bounds_the_look_ups_that_hang(void **state)
{
    (void)state;
    resolvers_most = 0;
    unsigned refused = 0;
    for (int i = 0; i < 3 * HTTP_RESOLVERS_MAX; i++) {
        struct hal_http_request r = get("https://c.hang.test/");
        char url[64];
        (void)snprintf(url, sizeof url, "https://c%d.hang.test/", i);
        r.url = url;
        r.timeout_ms = 20;
        const struct hal_http_result *got = exchange(&r);
        assert_int_equal(got->outcome, HAL_HTTP_NOT_SENT);
        if (strstr(got->detail, "look-ups hang")) refused++;
    }
    assert_int_equal(refused, 2 * HTTP_RESOLVERS_MAX);
    assert_true(resolvers_most <= HTTP_RESOLVERS_MAX);
    resolver_release();
}

static void http__refuses_what_must_not_leave(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "http://shop.example/",
        "http://127.0.0.1.example/",
        "http://128.0.0.1/",
        "http://localhost.test/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "https://user:pw@a.test/",
        "https://",
        "",
        "http://[::2]/",
        "https://a.test/\r\nX: y",
        "127.0.0.1:1/",
        "http://localhost@a.test/",
    };
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct hal_http_request r = get(urls[i]);
        hal_http_t id = {0};
        assert_int_equal(hal_http_submit(world.hal, &r, &id), ERR_INVALID);
    }
    assert_true(linux_world_quiet(&world, 0));
}

static void http__refuses_header_injection_and_bad_limits(void **state)
{
    (void)state;
    static const struct hal_header bad[] = {
        {"X", "a\r\nY: b"}, {"X", "a\nb"}, {"X\r\nY", "b"}, {"X: y", "b"}, {"", "b"}};
    hal_http_t id = {0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct hal_http_request r = get("http://127.0.0.1:9/");
        r.headers = &bad[i];
        r.header_count = 1;
        assert_int_equal(hal_http_submit(world.hal, &r, &id), ERR_INVALID);
    }
    struct hal_http_request r = get("http://127.0.0.1:9/");
    r.timeout_ms = 0;
    assert_int_equal(hal_http_submit(world.hal, &r, &id), ERR_INVALID);
    r.timeout_ms = 600001;
    assert_int_equal(hal_http_submit(world.hal, &r, &id), ERR_INVALID);
}

/* ----------------------------------------------------------------------------- many, cancel -- */

static void http__runs_as_many_as_promised_at_once(void **state)
{
    (void)state;
    char url[96];
    struct peer *holder = start(send_text_and_hold, "");
    hal_http_t ids[HAL_HTTP_MAX];
    struct hal_http_request r = get(peer_url(holder, "/", url, sizeof url));
    for (size_t i = 0; i < HAL_HTTP_MAX; i++)
        ids[i] = submit(&r);
    hal_http_t extra = {0};
    assert_int_equal(hal_http_submit(world.hal, &r, &extra), ERR_NOSPACE);
    for (size_t i = 0; i < HAL_HTTP_MAX; i++)
        hal_http_cancel(world.hal, ids[i]);

    struct peer *p = start(answer_ok, NULL);
    r = get(peer_url(p, "/", url, sizeof url));
    for (size_t i = 0; i < HAL_HTTP_MAX; i++)
        ids[i] = submit(&r);
    bool seen[HAL_HTTP_MAX] = {false};
    for (size_t i = 0; i < HAL_HTTP_MAX; i++) {
        const struct hal_event *e = linux_world_next(&world, WORLD_PATIENCE_MS);
        assert_non_null(e);
        assert_int_equal(e->http.status, 200);
        uint32_t nth = e->http.id.n - ids[0].n;
        assert_true(nth < HAL_HTTP_MAX && !seen[nth]);
        seen[nth] = true;
    }
    peer_stop(p);
    peer_stop(holder);
}

static void http__says_nothing_of_a_cancelled_exchange(void **state)
{
    (void)state;
    char url[96];
    struct peer *p = start(answer_ok, NULL);
    struct hal_http_request r = post(peer_url(p, "/", url, sizeof url), "{}");
    hal_http_t cancelled = submit(&r);
    hal_http_t other = submit(&r);
    hal_http_cancel(world.hal, cancelled);
    (void)finish(other);
    assert_true(linux_world_quiet(&world, 50));
    hal_http_cancel(world.hal, other); /* long over: harmless */
    peer_stop(p);
}

static void http__lends_results_until_the_next_wait(void **state)
{
    (void)state;
    char url[96];
    struct peer *p = start(answer_ok, NULL);
    struct hal_http_request r = get(peer_url(p, "/", url, sizeof url));
    const struct hal_http_result *got = exchange(&r);
    hal_http_t next = submit(&r); /* a slot in use is not taken while its result is lent */
    hal_http_cancel(world.hal, got->id);
    assert_body(got, "{\"ok\":true}");
    assert_int_equal(finish(next)->status, 200);
    peer_stop(p);
}

/* ------------------------------------------------------------------------- the result table -- */

/* Codes after which nothing was sent, as long as curl counted no byte of the request. */
static const CURLcode before_sending[] = {
    CURLE_UNSUPPORTED_PROTOCOL,
    CURLE_FAILED_INIT,
    CURLE_URL_MALFORMAT,
    CURLE_NOT_BUILT_IN,
    CURLE_COULDNT_RESOLVE_PROXY,
    CURLE_COULDNT_RESOLVE_HOST,
    CURLE_COULDNT_CONNECT,
    CURLE_OUT_OF_MEMORY,
    CURLE_OPERATION_TIMEDOUT,
    CURLE_SSL_CONNECT_ERROR,
    CURLE_ABORTED_BY_CALLBACK,
    CURLE_BAD_FUNCTION_ARGUMENT,
    CURLE_INTERFACE_FAILED,
    CURLE_UNKNOWN_OPTION,
    CURLE_SETOPT_OPTION_SYNTAX,
    CURLE_SSL_ENGINE_NOTFOUND,
    CURLE_SSL_ENGINE_SETFAILED,
    CURLE_RECV_ERROR,
    CURLE_SSL_CERTPROBLEM,
    CURLE_SSL_CIPHER,
    CURLE_PEER_FAILED_VERIFICATION,
    CURLE_SSL_ENGINE_INITFAILED,
    CURLE_SSL_CACERT_BADFILE,
    CURLE_SSL_CRL_BADFILE,
    CURLE_SSL_ISSUER_ERROR,
    CURLE_NO_CONNECTION_AVAILABLE,
    CURLE_SSL_PINNEDPUBKEYNOTMATCH,
    CURLE_SSL_INVALIDCERTSTATUS,
    CURLE_RECURSIVE_API_CALL,
    CURLE_PROXY,
    CURLE_SSL_CLIENTCERT,
};

static bool may_be_before_sending(int code)
{
    for (size_t i = 0; i < sizeof before_sending / sizeof before_sending[0]; i++) {
        if ((int)before_sending[i] == code) return true;
    }
    return false;
}

static void http__maps_every_curl_result(void **state)
{
    (void)state;
    for (int code = -1; code <= CURL_LAST + 1; code++) {
        enum hal_http_outcome expected = HAL_HTTP_UNKNOWN;
        if (code == CURLE_OK) expected = HAL_HTTP_ANSWERED;
        assert_int_equal(exchange_outcome((CURLcode)code, 1), expected);
        if (may_be_before_sending(code)) expected = HAL_HTTP_NOT_SENT;
        assert_int_equal(exchange_outcome((CURLcode)code, 0), expected);
    }
}

int main(void)
{
#define ONE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http__maps_every_curl_result),
        ONE(http__reads_status_headers_and_body),
        ONE(http__sends_method_headers_and_body_exactly),
        ONE(http__sends_an_empty_body_with_length_zero),
        ONE(http__keeps_no_cookies),
        ONE(http__does_not_follow_redirects),
        ONE(http__takes_no_proxy_from_the_environment),
        ONE(http__never_repeats_a_write_on_a_connection_closed_after_the_effect),
        ONE(http__never_repeats_a_write_without_a_body),
        ONE(http__may_repeat_a_read_on_a_dead_connection),
        ONE(http__calls_a_lost_reply_unknown),
        ONE(http__calls_half_a_reply_unknown),
        ONE(http__calls_an_oversize_reply_to_a_write_unknown),
        ONE(http__truncates_an_oversize_reply_to_a_read),
        ONE(http__takes_a_reply_of_exactly_the_limit),
        ONE(http__does_not_unpack_what_it_did_not_ask_for),
        ONE(http__ends_at_the_time_limit),
        ONE(http__reports_a_refused_connection_as_not_sent),
        ONE(http__reports_an_unknown_name_as_not_sent),
        ONE(http__ends_in_time_though_the_resolver_hangs),
        ONE(http__serves_others_while_the_resolver_hangs),
        ONE(http__bounds_the_look_ups_that_hang),
        ONE(http__refuses_what_must_not_leave),
        ONE(http__refuses_header_injection_and_bad_limits),
        ONE(http__runs_as_many_as_promised_at_once),
        ONE(http__says_nothing_of_a_cancelled_exchange),
        ONE(http__lends_results_until_the_next_wait),
    };
    return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
