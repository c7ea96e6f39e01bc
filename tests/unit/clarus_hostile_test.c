/* Answers of Clarus that break their format: each is refused by name, and nothing is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/clarus_bed.h"

static const char *const bad_pages[] = {
    "",
    "null",
    "[]",
    "{}",
    "<html>",
    "{\"data\":null}",
    "{\"data\":null,\"errors\":[{\"message\":\"boom\"}]}",
    "{\"data\":{\"goods_outs\":null}}",
    "{\"data\":{\"goods_outs\":{\"all\":null}}}",
    "{\"data\":{\"goods_outs\":{\"all\":{\"edges\":[]}}}}",
    "{\"data\":{\"goods_outs\":{\"all\":{\"edges\":{},\"pageInfo\":{\"hasNextPage\":false}}}}}",
    "{\"data\":{\"goods_outs\":{\"all\":{\"edges\":[{\"node\":null}],\"pageInfo\":"
    "{\"hasNextPage\":false}}}}}",
    "{\"data\":{\"goods_outs\":{\"all\":{\"edges\":[{\"node\":{\"id\":null}}],\"pageInfo\":"
    "{\"hasNextPage\":false}}}}}",
    "{\"data\":{\"goods_outs\":{\"all\":{\"edges\":[],\"pageInfo\":{\"hasNextPage\":true,"
    "\"endCursor\":null}}}}}",
    "{\"data\":{\"goods_outs\":{\"all\":{\"edges\":[],\"pageInfo\":{\"hasNextPage\":true,"
    "\"endCursor\":\"MQ\"}}}}}",
    "{\"data\":{\"goods_outs\":{\"all\":{\"edges\":[],\"edges\":[],\"pageInfo\":"
    "{\"hasNextPage\":false}}}}}",
    "{\"data\":{\"goods_outs\":{\"all\":{\"edges\":[],\"pageInfo\":{\"hasNextPage\":\"no\"}}}}}",
    "{\"data\":{\"goods_outs\":{\"all\":{\"edges\":[],\"pageInfo\":{\"hasNextPage\":false}}}}} x",
};

/* None of these says that the order is gone. */
static void page__that_is_no_page_is_never_an_empty_list(void **state)
{
    (void)state;
    struct clarus_bed *b = clarus_bed_new(NULL);
    int64_t id = clarus_bed_order(b, "WEB-1");
    assert_int_equal(clarus_bed_check(b, id, CHECK_OPEN)->kind, VERDICT_GO);
    for (size_t i = 0; i < sizeof bad_pages / sizeof *bad_pages; i++) {
        b->spoil_match = "goods_outs {";
        b->spoil_body = bad_pages[i];
        b->spoil_status = 200;
        b->spoil_times = 1000;
        if (clarus_bed_check(b, id, CHECK_LABEL)->kind != VERDICT_UNKNOWN)
            fail_msg("page %zu: verdict %d %s", i, (int)b->verdict.kind, b->verdict.rule);
        clarus_bed_pass(b, 25000);
        b->spoil_times = 0;
        assert_int_equal(clarus_bed_int(b, "SELECT count(*) FROM consignment WHERE state = 1"), 2);
    }
    assert_int_equal(clarus_bed_check(b, id, CHECK_LABEL)->kind, VERDICT_GO);
    clarus_bed_free(b);
}

static void ids__may_be_numbers_or_text_everywhere(void **state)
{
    (void)state;
    struct clarus_bed *b =
        clarus_bed_new(&(struct clarus_bed_options){.peers = {.ids_as_text = true}});
    int64_t id = clarus_bed_order(b, "WEB-1");
    assert_int_equal(clarus_bed_check(b, id, CHECK_OPEN)->kind, VERDICT_GO);
    int64_t shipment = clarus_bed_shipment(b, id, 2);
    clarus_bed_buy(b, shipment);
    assert_int_equal(peers_labels(b->peers, "WEB-1", NULL, 0), 2);
    clarus_bed_sound(b);
    clarus_bed_free(b);
}

static const char *const bad_creates[] = {
    "",
    "{}",
    "null",
    "{\"data\":{\"id\":null}}",
    "{\"data\":{\"id\":{}}}",
    "[1]",
    "{\"data\":{\"id\":\"0123456789012345678901234567890123456789012345\"}}",
    "{\"data\":{\"id\":1,\"id\":2}}",
};

/* The effect has happened; the answer gives no id: looked for, never made twice. */
static void create__without_an_id_is_looked_for(void **state)
{
    (void)state;
    static const char *const calls[] = {"\"type\":\"shipments\"", "\"type\":\"packages\""};
    for (size_t i = 0; i < sizeof bad_creates / sizeof *bad_creates; i++)
        for (size_t c = 0; c < 2; c++) {
            struct clarus_bed *b = clarus_bed_new(NULL);
            int64_t id = clarus_bed_order(b, "WEB-1");
            clarus_bed_check(b, id, CHECK_OPEN);
            b->spoil_match = calls[c];
            b->spoil_body = bad_creates[i];
            b->spoil_status = 200;
            b->spoil_times = 1;
            clarus_bed_buy(b, clarus_bed_shipment(b, id, 1));
            assert_int_equal(peers_labels(b->peers, "WEB-1", NULL, 0), 1);
            assert_int_equal(peers_request_count(b->peers, PEER_CLARUS, "POST", "/submit"), 1);
            clarus_bed_sound(b);
            clarus_bed_free(b);
        }
}

static const char *const bad_urls[] = {
    "{}",
    "{\"url\":\"\"}",
    "{\"url\":7}",
    "{\"url\":\"file:///etc/passwd\"}",
    "{\"url\":\"http://clarus.test/files/\\u000d\\u000aX: y\"}",
};

static void document__address_that_is_none_is_asked_for_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_urls / sizeof *bad_urls; i++) {
        struct clarus_bed *b = clarus_bed_new(NULL);
        int64_t id = clarus_bed_order(b, "WEB-1");
        clarus_bed_check(b, id, CHECK_OPEN);
        b->spoil_match = "/download";
        b->spoil_body = bad_urls[i];
        b->spoil_status = 200;
        b->spoil_times = 2;
        clarus_bed_buy(b, clarus_bed_shipment(b, id, 1));
        assert_true(slice_starts(buf_slice(&b->document), "%PDF-"));
        clarus_bed_sound(b);
        clarus_bed_free(b);
    }
}

static void tracking__too_long_is_not_cut_but_told(void **state)
{
    (void)state;
    struct clarus_bed *b = clarus_bed_new(NULL);
    int64_t id = clarus_bed_order(b, "WEB-1");
    clarus_bed_check(b, id, CHECK_OPEN);
    int64_t shipment = clarus_bed_shipment(b, id, 1);
    clarus_prepare(b->clarus, shipment);
    clarus_bed_pass(b, 2000);
    static char body[512];
    char package[ID_CAP];
    clarus_bed_texts(b, "SELECT clarus_id FROM parcel", package, sizeof package);
    snprintf(body, sizeof body,
             "{\"data\":{\"packages\":{\"all\":{\"edges\":[{\"node\":{\"id\":\"%s\","
             "\"tracking_number\":\"%080d\"}}],\"pageInfo\":{\"hasNextPage\":false}}}}}",
             package, 7);
    clarus_buy(b->clarus, shipment);
    while (!peers_request_count(b->peers, PEER_CLARUS, "POST", "/submit"))
        clarus_bed_round(b, mono_plus(hal_now(b->hal), 1000));
    b->spoil_match = "packages {";
    b->spoil_body = body;
    b->spoil_status = 200;
    b->spoil_times = 1000;
    clarus_bed_pass(b, 10000);
    assert_int_equal(clarus_bed_int(b, "SELECT tracking = '' FROM parcel"), 1);
    assert_int_equal(clarus_bed_int(b, "SELECT count(*) FROM exception WHERE rule = "
                                       "'clarus.tracking_unusable'"),
                     1);
    assert_int_equal(b->steps[LABEL_STEP_BOUGHT], 0);
    clarus_bed_free(b);
}

static void token__answer_that_is_none_is_asked_for_again(void **state)
{
    (void)state;
    static const char *const answers[] = {"<html>", "{}", "{\"access_token\":\"\"}",
                                          "{\"access_token\":7}", "{\"access_token\":\"a\\nb\"}"};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct clarus_bed *b = clarus_bed_new(NULL);
        b->spoil_match = "/oauth/token";
        b->spoil_body = answers[i];
        b->spoil_status = 200;
        b->spoil_times = 3;
        clarus_bed_order(b, "WEB-1");
        clarus_bed_free(b);
    }
}

static void rate_limit__is_obeyed_by_everything_that_reads(void **state)
{
    (void)state;
    struct clarus_bed *b = clarus_bed_new(NULL);
    int64_t id = clarus_bed_order(b, "WEB-1");
    const struct peer_fault busy = {
        .peer = PEER_CLARUS, .kind = PEER_FAULT_RATE_LIMIT, .times = 1, .wait_ms = 30000};
    peers_fault_add(b->peers, &busy);
    assert_int_equal(clarus_bed_check(b, id, CHECK_OPEN)->kind, VERDICT_UNKNOWN);
    size_t asked = peers_request_count(b->peers, PEER_CLARUS, NULL, NULL);
    assert_int_equal(clarus_bed_check(b, id, CHECK_OPEN)->kind, VERDICT_UNKNOWN);
    clarus_bed_pass(b, 20000);
    assert_int_equal(peers_request_count(b->peers, PEER_CLARUS, NULL, NULL), asked);
    clarus_bed_pass(b, 15000);
    assert_int_equal(clarus_bed_check(b, id, CHECK_OPEN)->kind, VERDICT_GO);
    clarus_bed_free(b);
}

static void pace__holds_what_nobody_waits_for(void **state)
{
    (void)state;
    struct clarus_bed *b = clarus_bed_new(NULL);
    int64_t id = clarus_bed_order(b, "WEB-1");
    b->config.site.clarus.pace_per_minute = 12;
    b->config.site.benches = 2;
    clarus_bed_pass(b, 60000);
    size_t from = peers_request_count(b->peers, PEER_CLARUS, NULL, NULL);
    clarus_bed_pass(b, 600000);
    size_t asked = peers_request_count(b->peers, PEER_CLARUS, NULL, NULL) - from;
    assert_in_range(asked, 30, 62);
    mono_t at = hal_now(b->hal);
    assert_int_equal(clarus_bed_check(b, id, CHECK_OPEN)->kind, VERDICT_GO);
    assert_true(hal_now(b->hal).ms - at.ms < 1000);
    clarus_bed_free(b);
}

static void order__with_hostile_text_is_kept_as_text(void **state)
{
    (void)state;
    struct clarus_bed *b = clarus_bed_new(NULL);
    static char note[70000];
    memset(note, 'x', sizeof note - 1);
    const struct peer_order_spec o = {.reference = "'; DROP TABLE line;-- 91",
                                      .packing_notes = note,
                                      .delivery_notes = "^XA~JA \"quotes\" \\ \xf0\x9f\x93\xa6",
                                      .lines = {{.sku = "A", .quantity = 1}},
                                      .line_count = 1};
    assert_int_equal(peers_order_place(b->peers, clarus_bed_now(b), &o), ERR_OK);
    int64_t id = clarus_bed_order(b, "'; DROP TABLE line;-- 91");
    clarus_bed_check(b, id, CHECK_OPEN);
    struct consignment c;
    assert_int_equal(catalogue_consignment(b->st, id, &c), ERR_OK);
    assert_string_equal(c.delivery_note, "^XA~JA \"quotes\" \\ \xf0\x9f\x93\xa6");
    assert_string_equal(c.hold_rule, "note.too_long");
    clarus_bed_free(b);
}

/* Whatever bytes come: no crash, and no label more than was asked for. */
static void bytes__changed_at_random_never_buy_twice(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct clarus_bed *b = clarus_bed_new(NULL);
        int64_t id = clarus_bed_order(b, "WEB-1");
        clarus_bed_check(b, id, CHECK_OPEN);
        int64_t shipment = clarus_bed_shipment(b, id, 1);
        b->dice = seed;
        b->mutate_one_in = 3;
        clarus_buy(b->clarus, shipment);
        clarus_bed_pass(b, 200000);
        clarus_find(b->clarus, 9, SLICE("T-1"));
        clarus_bed_check(b, id, CHECK_LABEL);
        b->mutate_one_in = 0;
        clarus_bed_pass(b, 100000);
        assert_true(peers_labels(b->peers, "WEB-1", NULL, 0) <= 1);
        const char *v = peers_violation(b->peers, 0);
        if (v) fail_msg("seed %llu: %s", (unsigned long long)seed, v);
        clarus_bed_free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(page__that_is_no_page_is_never_an_empty_list),
        cmocka_unit_test(ids__may_be_numbers_or_text_everywhere),
        cmocka_unit_test(create__without_an_id_is_looked_for),
        cmocka_unit_test(document__address_that_is_none_is_asked_for_again),
        cmocka_unit_test(tracking__too_long_is_not_cut_but_told),
        cmocka_unit_test(token__answer_that_is_none_is_asked_for_again),
        cmocka_unit_test(rate_limit__is_obeyed_by_everything_that_reads),
        cmocka_unit_test(pace__holds_what_nobody_waits_for),
        cmocka_unit_test(order__with_hostile_text_is_kept_as_text),
        cmocka_unit_test(bytes__changed_at_random_never_buy_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
