/* TLS of hal/linux: whom it trusts, and what it shows of itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/certs.h"
#include "tests/support/http_peer.h"
#include "tests/support/linux_world.h"

#define DAY_S 86400L

static struct linux_world world;
static struct authority *ours;
static struct authority *strange;

static const char *at(const char *below)
{
    static char path[8][128];
    static unsigned turn;
    turn = (turn + 1) % 8;
    return linux_world_path(&world, below, path[turn], sizeof path[turn]);
}

static int set_up(void **state)
{
    (void)state;
    alarm(60);
    linux_world_open(&world);
    ours = authority_new("our CA", at("config/ours.pem"));
    strange = authority_new("strange CA", at("config/strange.pem"));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    authority_free(ours);
    authority_free(strange);
    linux_world_close(&world);
    return 0;
}

static bool answer_ok(void *ctx, struct peer_conn *c, const struct peer_request *r)
{
    (void)ctx;
    (void)r;
    peer_reply(c, 200, "{}");
    return true;
}

static struct peer *start(const struct cert_spec *spec, const char *client_ca_path)
{
    authority_issue(ours, spec, at("server.pem"), at("server.key"));
    struct peer_tls tls = {at("server.pem"), at("server.key"), client_ca_path};
    return peer_start(answer_ok, NULL, &tls);
}

static const struct cert_spec good = {"IP:127.0.0.1", -DAY_S, DAY_S};

/* One write to `p`; the result is lent until the next wait. */
static const struct hal_http_result *ask(const struct peer *p, const char *ca, const char *identity)
{
    char url[96];
    struct hal_http_request r = {.method = HAL_POST,
                                 .url = peer_url(p, "/", url, sizeof url),
                                 .body = SLICE("{}"),
                                 .has_body = true,
                                 .write = true,
                                 .timeout_ms = WORLD_PATIENCE_MS,
                                 .reply_max = 4096,
                                 .ca = ca,
                                 .client_identity = identity};
    hal_http_t id = {0};
    assert_int_equal(hal_http_submit(world.hal, &r, &id), ERR_OK);
    const struct hal_event *e = linux_world_next(&world, WORLD_PATIENCE_MS);
    assert_non_null(e);
    assert_int_equal(e->kind, HAL_EV_HTTP_DONE);
    assert_int_equal(e->http.id.n, id.n);
    return &e->http;
}

static void assert_not_sent(const struct cert_spec *spec, const char *ca, const char *says)
{
    struct peer *p = start(spec, NULL);
    const struct hal_http_result *got = ask(p, ca, NULL);
    assert_int_equal(got->outcome, HAL_HTTP_NOT_SENT);
    if (!strstr(got->detail, says)) fail_msg("\"%s\" lacks \"%s\"", got->detail, says);
    assert_int_equal(peer_requests(p), 0);
    peer_stop(p);
}

static void tls__trusts_the_destinations_own_ca(void **state)
{
    (void)state;
    struct peer *p = start(&good, NULL);
    const struct hal_http_result *got = ask(p, "ours.pem", NULL);
    assert_int_equal(got->outcome, HAL_HTTP_ANSWERED);
    assert_int_equal(got->status, 200);
    peer_stop(p);
}

static void tls__keeps_destinations_with_different_cas_apart(void **state)
{
    (void)state;
    struct peer *p = start(&good, NULL);
    assert_int_equal(ask(p, "ours.pem", NULL)->outcome, HAL_HTTP_ANSWERED);
    assert_int_equal(ask(p, "strange.pem", NULL)->outcome, HAL_HTTP_NOT_SENT);
    assert_int_equal(ask(p, NULL, NULL)->outcome, HAL_HTTP_NOT_SENT);
    assert_int_equal(ask(p, "ours.pem", NULL)->outcome, HAL_HTTP_ANSWERED);
    assert_int_equal(peer_requests(p), 2);
    peer_stop(p);
}

static void tls__refuses_a_server_of_another_ca(void **state)
{
    (void)state;
    assert_not_sent(&good, "strange.pem", "certificate");
    assert_not_sent(&good, NULL, "certificate");
}

static void tls__refuses_a_certificate_for_another_host(void **state)
{
    (void)state;
    struct cert_spec other = good;
    other.subject_alt_name = "DNS:shop.example,IP:127.0.0.2";
    assert_not_sent(&other, "ours.pem", "127.0.0.1");
}

static void tls__refuses_a_certificate_outside_its_dates(void **state)
{
    (void)state;
    struct cert_spec old = {"IP:127.0.0.1", -2 * DAY_S, -DAY_S};
    assert_not_sent(&old, "ours.pem", "expired");
    struct cert_spec early = {"IP:127.0.0.1", DAY_S, 2 * DAY_S};
    assert_not_sent(&early, "ours.pem", "not yet valid");
}

static void tls__names_a_ca_document_it_cannot_use(void **state)
{
    (void)state;
    linux_world_write(&world, "config/empty.pem", "", 0644);
    linux_world_write(&world, "config/garbage.pem", "not a certificate\n", 0644);
    assert_not_sent(&good, "absent.pem", "absent.pem");
    assert_not_sent(&good, "empty.pem", "empty.pem");
    assert_not_sent(&good, "garbage.pem", "");
}

static void tls__shows_its_identity_when_asked(void **state)
{
    (void)state;
    authority_issue(strange, &(struct cert_spec){"DNS:bench-1", -DAY_S, DAY_S},
                    at("secrets/bench.pem"), at("secrets/bench.pem"));
    struct peer *p = start(&good, at("config/strange.pem"));
    assert_int_equal(ask(p, "ours.pem", "bench.pem")->outcome, HAL_HTTP_ANSWERED);
    assert_int_equal(peer_requests(p), 1);
    peer_stop(p);
}

static void tls__is_not_answered_without_the_identity_asked_for(void **state)
{
    (void)state;
    struct peer *p = start(&good, at("config/strange.pem"));
    assert_int_not_equal(ask(p, "ours.pem", NULL)->outcome, HAL_HTTP_ANSWERED);
    assert_int_equal(peer_requests(p), 0);
    peer_stop(p);
}

static void tls__names_an_identity_it_cannot_use(void **state)
{
    (void)state;
    linux_world_write(&world, "secrets/garbage.pem", "not a key\n", 0600);
    struct peer *p = start(&good, NULL);
    const struct hal_http_result *got = ask(p, "ours.pem", "absent.pem");
    assert_int_equal(got->outcome, HAL_HTTP_NOT_SENT);
    assert_non_null(strstr(got->detail, "absent.pem"));
    assert_int_equal(ask(p, "ours.pem", "garbage.pem")->outcome, HAL_HTTP_NOT_SENT);
    assert_int_equal(peer_requests(p), 0);
    peer_stop(p);
}

int main(void)
{
#define ONE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        ONE(tls__trusts_the_destinations_own_ca),
        ONE(tls__keeps_destinations_with_different_cas_apart),
        ONE(tls__refuses_a_server_of_another_ca),
        ONE(tls__refuses_a_certificate_for_another_host),
        ONE(tls__refuses_a_certificate_outside_its_dates),
        ONE(tls__names_a_ca_document_it_cannot_use),
        ONE(tls__shows_its_identity_when_asked),
        ONE(tls__is_not_answered_without_the_identity_asked_for),
        ONE(tls__names_an_identity_it_cannot_use),
    };
    return cmocka_run_group_tests_name("tls", tests, NULL, NULL);
}
