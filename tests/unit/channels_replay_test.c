/* Definitions against exchanges recorded from real servers: what the station sends is what was sent
 * then, and what was answered then is understood. Source: ../shared/specs/recorded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/channels_bed.h"

#define HOUR      INT64_C(3600000)
#define TAPES_MAX 1048576

/* One exchange that is expected. */
struct turn {
    int asked;        /* the recording whose request it must be */
    int index;        /* of the recording that answers */
    const char *same; /* what of its request must be the same: a pointer below /body; "": all of it;
                         NULL: only method and path */
};

struct tape {
    struct json_doc *doc;
    const struct turn *turns;
    size_t count, at;
};

static bool read_tape(const char *file, struct tape *t)
{
    static uint8_t text[TAPES_MAX];
    char path[128];
    snprintf(path, sizeof path, "../shared/specs/recorded/%s", file);
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        print_message("skipped: no %s\n", path);
        return false;
    }
    size_t len = fread(text, 1, sizeof text, f);
    fclose(f);
    assert_int_equal(json_parse(slice_of(text, len), &t->doc, NULL), ERR_OK);
    return true;
}

static json_node exchange(const struct tape *t, int index)
{
    json_node n = json_first(json_member(json_root(t->doc), "exchanges"));
    for (int i = 0; i < index; i++) {
        n = json_next(n);
    }
    assert_non_null(n);
    return n;
}

static void expect_same(json_node recorded, struct slice sent, const char *what)
{
    struct json_doc *doc = NULL;
    struct buf a = buf_new(65536);
    struct buf b = buf_new(65536);
    char pointer[80];
    snprintf(pointer, sizeof pointer, "/body%s", what);
    json_node wanted = json_at(recorded, pointer);
    if (json_kind(wanted) == JSON_STRING && what[0] == '\0') {
        buf_put(&a, json_text(wanted));
        buf_put(&b, sent);
    } else {
        assert_int_equal(json_parse(sent, &doc, NULL), ERR_OK);
        json_render(wanted, &a);
        json_render(what[0] == '\0' ? json_root(doc) : json_at(json_root(doc), what), &b);
    }
    assert_string_equal(buf_cstr(&b), buf_cstr(&a));
    buf_deinit(&a);
    buf_deinit(&b);
    json_free(doc);
}

static void play(json_node response, struct hal_sim_reply *reply)
{
    int64_t status = 0;
    assert_int_equal(json_int(json_member(response, "status"), 100, 599, &status), ERR_OK);
    reply->outcome = HAL_HTTP_ANSWERED;
    reply->status = (int)status;
    json_node headers = json_member(response, "headers");
    for (json_node h = json_first(headers); h != NULL; h = json_next(h)) {
        buf_put(&reply->headers, json_name(h));
        buf_text(&reply->headers, ": ");
        buf_put(&reply->headers, json_text(h));
        buf_text(&reply->headers, "\r\n");
    }
    json_node text = json_at(response, "/body/_text");
    if (text != NULL) buf_put(&reply->body, json_text(text));
    if (text == NULL) json_render(json_member(response, "body"), &reply->body);
}

static bool on_request(struct channels_bed *b, const char *method, const char *path,
                       struct hal_sim_reply *reply)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    struct tape *t = b->test;
    (void)method;
    if (t->at == t->count) {
        fail_msg("one request too many: %s", path);
        return false;
    }
    const struct turn *turn = &t->turns[t->at++];
    json_node request = json_member(exchange(t, turn->asked), "request");
    char wanted[300];
    assert_int_equal(json_string(json_member(request, "path"), wanted, sizeof wanted), ERR_OK);
    assert_string_equal(path, wanted);
    assert_true(slice_is(json_text(json_member(request, "method")), methods[b->request->method]));
    if (turn->same != NULL) expect_same(request, b->request->body, turn->same);
    play(json_member(exchange(t, turn->index), "response"), reply);
    return true;
}

static void replay(const struct mini_dialect *d, const char *file, const char *number,
                   const struct turn *turns, size_t count)
{
    struct tape t = {.turns = turns, .count = count};
    if (!read_tape(file, &t)) return;
    struct channels_bed *b = cbed_new_mini(d);
    snprintf(b->config.site.carriers[0].shop_carrier,
             sizeof b->config.site.carriers[0].shop_carrier, "DPD");
    cbed_own_order(b, number, "MUG-1", 3);
    b->test = &t;
    b->intercept = on_request;
    cbed_pack(b, 1, "TRK-0001", 0, 2);
    cbed_save(b);
    cbed_pass(b, HOUR);
    (void)cbed_exception(b, "");
    assert_int_equal(cbed_state(b), MESSAGE_DONE);
    assert_int_equal(t.at, t.count);
    cbed_free(b);
    json_free(t.doc);
}

static void recorded__vendure_learns_a_part(void **state)
{
    static const struct turn turns[] = {
        {1, 1, "/query"}, {3, 3, "/variables"}, {5, 5, ""}, {7, 7, ""}, {12, 12, "/variables"}};
    (void)state;
    replay(&mini_vendure, "vendure-3.7.3.json", "CTADYBK6EEYYV5CW", turns, 5);
}

static void recorded__vendure_is_gone_on_with_after_the_first_step(void **state)
{
    static const struct turn turns[] = {
        {1, 1, "/query"}, {6, 6, "/variables"}, {7, 7, ""}, {12, 12, "/variables"}};
    (void)state;
    replay(&mini_vendure, "vendure-3.7.3.json", "CTADYBK6EEYYV5CW", turns, 4);
}

static void recorded__vendure_says_shipped_already(void **state)
{
    static const struct turn turns[] = {
        {1, 1, "/query"}, {6, 6, "/variables"}, {8, 8, ""}, {12, 12, "/variables"}};
    (void)state;
    replay(&mini_vendure, "vendure-3.7.3.json", "CTADYBK6EEYYV5CW", turns, 4);
}

static void recorded__vendure_logs_in_again_when_forbidden(void **state)
{
    static const struct turn turns[] = {
        {1, 1, "/query"}, {2, 2, NULL}, {1, 1, "/query"}, {14, 14, "/variables"}};
    (void)state;
    replay(&mini_vendure, "vendure-3.7.3.json", "CTADYBK6EEYYV5CW", turns, 4);
}

static void recorded__commercetools_learns_a_part(void **state)
{
    static const struct turn turns[] = {
        {0, 0, ""}, {3, 3, NULL}, {5, 5, "/version"}, {3, 10, NULL}};
    (void)state;
    replay(&mini_commercetools, "commercetools-mock-4.4.0.json", "PO-1001", turns, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded__vendure_learns_a_part),
        cmocka_unit_test(recorded__vendure_is_gone_on_with_after_the_first_step),
        cmocka_unit_test(recorded__vendure_says_shipped_already),
        cmocka_unit_test(recorded__vendure_logs_in_again_when_forbidden),
        cmocka_unit_test(recorded__commercetools_learns_a_part),
    };
    return cmocka_run_group_tests_name("channels replay", tests, NULL, NULL);
}
