/* Definitions that lie and servers that answer anything: nothing is sent twice, nothing is sent
 * that cannot be right, and a person is told what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/channels/definition.h"
#include "tests/support/channels_bed.h"

#define HOUR INT64_C(3600000)

/* A bed whose definition has one piece of text replaced. */
static struct channels_bed *lying(const struct mini_dialect *d, const char *from, const char *to)
{
    char name[40];
    struct channels_bed *b = cbed_new_mini(d);
    struct slice text = definition_builtin(d->definition);
    size_t at = slice_find(text, slice_text(from));
    if (at == text.len) fail_msg("not in the definition: %s", from);
    struct buf lie = buf_new((size_t)2 * DEFINITION_MAX);
    buf_put(&lie, slice_sub(text, 0, at));
    buf_text(&lie, to);
    buf_put(&lie, slice_sub(text, at + strlen(from), text.len));
    snprintf(name, sizeof name, "%s.json", d->definition);
    hal_sim_set_document(b->hal, name, buf_cstr(&lie));
    buf_deinit(&lie);
    cbed_restart(b);
    cbed_mini_order(b, 3, 0);
    cbed_pack(b, 1, "TRK0001", 0, 3);
    cbed_save(b);
    cbed_pass(b, HOUR);
    return b;
}

static const struct {
    const struct mini_dialect *dialect;
    const char *from, *to, *rule;
} lies[] = {
    {&mini_commercetools, "\"id\": \"/id\", \"sku\"", "\"id\": \"/idd\", \"sku\"",
     "channel.reply_unexpected"},
    {&mini_commercetools, "\"ordered\": \"/quantity\"", "\"ordered\": \"/variant/sku\"",
     "channel.reply_unexpected"},
    {&mini_commercetools, "{\"at\": \"/lineItems\"}", "{\"at\": \"/version\"}",
     "channel.reply_unexpected"},
    {&mini_commercetools, "\"sku\": \"/variant/sku\"", "\"sku\": \"/variant/skew\"",
     "channel.line_unknown"},
    {&mini_commercetools, "\"order.version\": \"/version\"", "\"order.version\": \"/vershun\"",
     "channel.template"},
    {&mini_commercetools, "\"version\": {\"$int\": \"order.version\"}",
     "\"version\": {\"$int\": \"parcel.tracking\"}", "channel.template"},
    {&mini_commercetools, "\"status\": \"/orderState\"", "\"status\": \"/lineItems\"",
     "channel.reply_unexpected"},
    {&mini_adobe_commerce, "\"kind\": \"page\", \"size\": 100, \"max\": 3",
     "\"kind\": \"cursor\", \"next\": \"/items/0/entity_id\", \"size\": 1, \"max\": 3", NULL},
};

static void definition__that_lies_writes_nothing_and_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct channels_bed *b = lying(lies[i].dialect, lies[i].from, lies[i].to);
        if (lies[i].rule == NULL) { /* a list that never ends: read once, written once */
            assert_int_equal(cbed_state(b), MESSAGE_PARKED);
            assert_int_not_equal(cbed_exception(b, "channel.recorded_twice").id, 0);
            assert_int_equal(b->mini->writes, 1);
        } else {
            struct exception_row x = cbed_exception(b, lies[i].rule);
            if (x.id == 0) fail_msg("case %zu: no %s", i, lies[i].rule);
            assert_true(x.owner[0] != '\0' && x.next_step[0] != '\0');
            assert_int_equal(b->mini->writes, 0);
        }
        assert_true(b->requests < 60);
        cbed_free(b);
    }
}

/* ------------------------------------------------------------------------------------ answers */

struct answer_text {
    const char *path; /* contained in it */
    int status;
    const char *headers;
    struct slice body;
    bool writes; /* only to requests that write */
};

static bool answer_with(struct channels_bed *b, const char *method, const char *path,
                        struct hal_sim_reply *reply)
{
    const struct answer_text *t = b->test;
    if (t == NULL || strstr(path, t->path) == NULL) return false;
    if (t->writes && strcmp(method, "GET") == 0) return false;
    reply->outcome = HAL_HTTP_ANSWERED;
    reply->status = t->status;
    buf_text(&reply->headers, t->headers);
    buf_put(&reply->body, t->body);
    return true;
}

#define ORDER(lines) SLICE("{\"id\":501,\"status\":\"processing\",\"line_items\":[" lines "]}")

static void shop__with_any_answer_gets_nothing_it_should_not(void **state)
{
    static const uint8_t gzip[] = {0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0xED, 0xC1, 1, 1, 0, 0, 0};
    const struct {
        struct answer_text answer;
        const char *rule; /* NULL: tried again */
    } cases[] = {
        {{"/orders/501", 200, "", ORDER("{\"id\":1,\"sku\":\"MUG\",\"quantity\":2.5}"), false},
         "channel.fraction"},
        {{"/orders/501", 200, "", ORDER("{\"id\":1,\"sku\":\"MUG\",\"quantity\":-3}"), false},
         "channel.reply_unexpected"},
        {{"/orders/501", 200, "", ORDER("{\"id\":1,\"sku\":\"MUG\",\"quantity\":1e12}"), false},
         "channel.reply_unexpected"},
        {{"/orders/501", 200, "", ORDER("{\"id\":1,\"sku\":\"MUG\",\"quantity\":[3]}"), false},
         "channel.reply_unexpected"},
        {{"/orders/501", 200, "", ORDER("{\"id\":1,\"sku\":\"MUG\"}"), false},
         "channel.reply_unexpected"},
        {{"/orders/501", 200, "Content-Encoding: gzip\r\n", {gzip, sizeof gzip}, false}, NULL},
        {{"/orders/501", 200, "", SLICE("<html>"), false}, NULL},
        {{"/orders/501", 302, "Location: https://evil.test/\r\n", SLICE(""), false},
         "channel.redirect"},
        {{"/orders/501", 404, "", SLICE("<html>not found"), false}, NULL},
        {{"/fulfillments", 307, "Location: https://evil.test/\r\n", SLICE(""), true},
         "channel.redirect"},
        {{"/fulfillments", 400, "", SLICE("<html>bad"), true}, "channel.refused"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct channels_bed *b = cbed_new_mini(&mini_woocommerce);
        struct answer_text answer = cases[i].answer;
        cbed_mini_order(b, 3, 0);
        b->test = &answer;
        b->intercept = answer_with;
        cbed_pack(b, 1, "TRK0001", 0, 3);
        cbed_save(b);
        cbed_pass(b, HOUR / 2);
        assert_int_equal(b->mini->writes, 0);
        bool parked = cases[i].rule != NULL;
        assert_int_equal(cbed_state(b), parked ? MESSAGE_PARKED : MESSAGE_WAITING);
        if (parked && cbed_exception(b, cases[i].rule).id == 0) {
            fail_msg("case %zu: no %s", i, cases[i].rule);
        }
        cbed_free(b);
    }
}

/* Two lines of one SKU are legitimate: they are filled in order. */
static void shop__with_the_same_sku_twice_gets_both_filled(void **state)
{
    (void)state;
    struct channels_bed *b = cbed_new_mini(&mini_medusa);
    cbed_mini_order(b, 5, 0);
    b->mini->ordered[0] = 2;
    mini_line(b->mini, "MUG", 3);
    cbed_pack(b, 1, "TRK0001", 0, 5);
    cbed_save(b);
    cbed_pass(b, HOUR);
    assert_int_equal(cbed_state(b), MESSAGE_DONE);
    assert_int_equal(mini_shipped(b->mini, 0), 2);
    assert_int_equal(mini_shipped(b->mini, 1), 3);
    cbed_free(b);
}

/* Somebody else wrote to the order between reading and writing. */
static bool version_moves(struct channels_bed *b, const char *method, const char *path,
                          struct hal_sim_reply *reply)
{
    int *times = b->test;
    (void)path;
    (void)reply;
    if (strcmp(method, "POST") == 0 && strstr(path, "/orders/") != NULL && *times > 0) {
        --*times;
        b->mini->version++;
    }
    return false;
}

static void shop__whose_order_changes_is_read_again_a_few_times(void **state)
{
    (void)state;
    for (int times = 1; times <= 7; times += 3) {
        int left = times;
        struct channels_bed *b = cbed_new_mini(&mini_commercetools);
        cbed_mini_order(b, 3, 0);
        b->test = &left;
        b->intercept = version_moves;
        cbed_pack(b, 1, "TRK0001", 0, 3);
        cbed_save(b);
        cbed_pass(b, 2 * HOUR);
        if (times < 6) {
            assert_int_equal(cbed_state(b), MESSAGE_DONE);
            assert_int_equal(mini_shipped(b->mini, 0), 3);
        } else {
            assert_int_equal(cbed_state(b), MESSAGE_PARKED);
            assert_int_not_equal(cbed_exception(b, "channel.changed_again").id, 0);
            assert_int_equal(b->mini->writes, 0);
        }
        cbed_free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(definition__that_lies_writes_nothing_and_is_named),
        cmocka_unit_test(shop__with_any_answer_gets_nothing_it_should_not),
        cmocka_unit_test(shop__with_the_same_sku_twice_gets_both_filled),
        cmocka_unit_test(shop__whose_order_changes_is_read_again_a_few_times),
    };
    return cmocka_run_group_tests_name("channels hostile", tests, NULL, NULL);
}
