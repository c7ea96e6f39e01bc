/* Operations are told what is not right: once each, signed, coalesced, whatever the address does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/digest.h"
#include "tests/support/outbox_bed.h"

#define URL "http://127.0.0.1:9/hook"

struct world {
    struct bed *b;
    int status; /* 0: no answer */
    enum hal_http_outcome outcome;
    unsigned posts;
    char body[65536];
    char signature[80];
    char number[64];
};

static void on_http(void *ctx, mono_t now, const struct hal_http_request *r,
                    struct hal_sim_reply *reply)
{
    struct world *w = ctx;
    (void)now;
    assert_string_equal(r->url, URL);
    assert_true(r->write && r->method == HAL_POST);
    w->posts++;
    (void)snprintf(w->body, sizeof w->body, "%.*s", SLICE_ARGS(r->body));
    w->signature[0] = '\0';
    for (size_t i = 0; i < r->header_count; i++) {
        if (strcmp(r->headers[i].name, "X-Packd-Signature") == 0)
            (void)snprintf(w->signature, sizeof w->signature, "%s", r->headers[i].value);
        if (strcmp(r->headers[i].name, "X-Packd-Alert") == 0)
            (void)snprintf(w->number, sizeof w->number, "%s", r->headers[i].value);
    }
    reply->outcome = w->outcome;
    reply->status = w->outcome == HAL_HTTP_ANSWERED ? w->status : 0;
    reply->delay_ms = 20;
}

static int set_up(void **state)
{
    static struct world w;
    w = (struct world){.b = bed_new(), .status = 204, .outcome = HAL_HTTP_ANSWERED};
    w.b->alerts_url = URL;
    hal_sim_on_http(w.b->hal, on_http, &w);
    hal_sim_set_secret(w.b->hal, "alert-key", "s3cret");
    bed_crash(w.b, false);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    bed_free(w->b);
    return 0;
}

static void raise_one(struct bed *b, const char *object)
{
    const struct exception_spec spec = {.rule = "printer.out_of_paper",
                                        .origin = "device",
                                        .owner = "packer",
                                        .object = object,
                                        .text = "No paper.",
                                        .next_step = "Put paper in."};
    assert_int_equal(exception_raise(b->st, hal_wall(b->hal), &spec, NULL), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
}

static bool says(const struct world *w, const char *what)
{
    return strstr(w->body, what) != NULL;
}

static void alert__tells_a_new_exception_once_and_signed(void **state)
{
    struct world *w = *state;
    uint8_t mac[DIGEST_SHA256_LEN];
    char expected[80] = "sha256=";
    bed_pass(w->b, 60000);
    assert_int_equal(w->posts, 0);
    raise_one(w->b, "printer");
    bed_pass(w->b, 60000);
    assert_int_equal(w->posts, 1);
    assert_true(says(w, "\"rule\":\"printer.out_of_paper\"") && says(w, "\"station\":\"PB7\""));
    assert_true(says(w, "\"owner\":\"packer\"") && says(w, "\"name\":\"clarus\""));
    assert_int_equal(digest_hmac_sha256(SLICE("s3cret"), slice_text(w->body), mac), ERR_OK);
    for (size_t i = 0; i < sizeof mac; i++)
        (void)snprintf(expected + 7 + 2 * i, 3, "%02x", mac[i]);
    assert_string_equal(w->signature, expected);
    assert_null(strstr(w->body, "s3cret"));
    raise_one(w->b, "printer"); /* the same again: counted, not told */
    bed_pass(w->b, 600000);
    assert_int_equal(w->posts, 1);
    bed_crash(w->b, true);
    bed_pass(w->b, 60000);
    assert_int_equal(w->posts, 1);
}

static void alert__many_exceptions_are_few_messages(void **state)
{
    struct world *w = *state;
    char object[32];
    for (int i = 0; i < 45; i++) {
        (void)snprintf(object, sizeof object, "printer %02d", i);
        raise_one(w->b, object);
    }
    bed_pass(w->b, 120000);
    assert_int_equal(w->posts, 3);
    assert_true(says(w, "printer 44") && !says(w, "printer 39"));
    assert_int_equal(bed_figures(w->b, ALERTS).waiting, 0);
}

static void alert__what_was_put_right_meanwhile_is_not_told(void **state)
{
    struct world *w = *state;
    raise_one(w->b, "printer");
    assert_int_equal(
        exception_clear(w->b->st, hal_wall(w->b->hal), "printer.out_of_paper", "printer"), ERR_OK);
    assert_int_equal(store_commit(w->b->st), ERR_OK);
    bed_pass(w->b, 60000);
    assert_int_equal(w->posts, 0);
}

static void alert__waits_for_an_address_that_is_gone_and_does_not_pile_up(void **state)
{
    struct world *w = *state;
    char object[32];
    w->outcome = HAL_HTTP_NOT_SENT;
    for (int i = 0; i < 30; i++) {
        (void)snprintf(object, sizeof object, "printer %02d", i);
        raise_one(w->b, object);
        bed_pass(w->b, 60000);
    }
    assert_true(w->posts > 3 && w->posts < 120);
    assert_true(bed_int(w->b, "SELECT count(*) FROM message WHERE destination = 'alerts'") <= 2);
    assert_int_not_equal(bed_exception(w->b, "destination.down").id, 0);
    w->outcome = HAL_HTTP_ANSWERED;
    bed_pass(w->b, 900000);
    assert_true(says(w, "printer 29") || says(w, "destination.down"));
    assert_int_equal(bed_figures(w->b, ALERTS).waiting, 0);
    assert_int_equal(bed_exception(w->b, "destination.down").id, 0);
}

static void alert__without_an_answer_is_sent_again_under_its_number(void **state)
{
    struct world *w = *state;
    char first[64];
    w->outcome = HAL_HTTP_UNKNOWN;
    raise_one(w->b, "printer");
    bed_pass(w->b, 16000);
    assert_true(w->posts >= 1);
    (void)snprintf(first, sizeof first, "%s", w->number);
    w->outcome = HAL_HTTP_ANSWERED;
    bed_pass(w->b, 60000);
    assert_string_equal(w->number, first);
    assert_true(says(w, "printer.out_of_paper"));
    assert_int_equal(bed_figures(w->b, ALERTS).done, 1);
}

static void alert__says_why_it_is_not_taken(void **state)
{
    struct world *w = *state;
    w->status = 500;
    raise_one(w->b, "printer");
    bed_pass(w->b, 3600000);
    assert_string_equal(bed_exception(w->b, "delivery.late").object, "destination alerts");
    assert_string_equal(bed_exception(w->b, "delivery.late").text,
                        "The address for alerts answers 500.");
    w->status = 200;
    bed_pass(w->b, 600000);
    assert_int_equal(bed_exception(w->b, "delivery.late").id, 0);
    assert_int_equal(bed_figures(w->b, ALERTS).waiting, 0);
}

static void alert__without_its_secret_pauses_and_says_so(void **state)
{
    struct world *w = *state;
    hal_sim_set_secret(w->b->hal, "alert-key", NULL);
    raise_one(w->b, "printer");
    bed_pass(w->b, 60000);
    assert_int_equal(w->posts, 0);
    assert_int_not_equal(bed_exception(w->b, "destination.credentials").id, 0);
    hal_sim_set_secret(w->b->hal, "alert-key", "s3cret");
    bed_pass(w->b, 900000);
    assert_true(w->posts >= 1);
    assert_int_equal(bed_exception(w->b, "destination.credentials").id, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(alert__tells_a_new_exception_once_and_signed),
        CASE(alert__many_exceptions_are_few_messages),
        CASE(alert__what_was_put_right_meanwhile_is_not_told),
        CASE(alert__waits_for_an_address_that_is_gone_and_does_not_pile_up),
        CASE(alert__without_an_answer_is_sent_again_under_its_number),
        CASE(alert__says_why_it_is_not_taken),
        CASE(alert__without_its_secret_pauses_and_says_so),
    };
    return cmocka_run_group_tests_name("outbox_alerts", tests, NULL, NULL);
}
