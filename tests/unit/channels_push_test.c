/* Reporting a dispatch to the shop: whole and in part, once whatever is lost on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/channels_bed.h"

#define TRACKING "15501234567890"
#define HOUR     INT64_C(3600000)

static const struct peer_order_spec three_mugs = {.lines = {{.sku = "MUG", .quantity = 3}},
                                                  .line_count = 1};

static int setup(void **state)
{
    *state = cbed_new();
    return 0;
}

static int teardown(void **state)
{
    cbed_free(*state);
    return 0;
}

static void save_three(struct channels_bed *b)
{
    cbed_order(b, &three_mugs);
    cbed_pack(b, 1, TRACKING, 0, 3);
    cbed_save(b);
}

/* Reported once, with everything in it. */
static void expect_reported(struct channels_bed *b, size_t items, uint32_t units)
{
    struct peer_shop_shipment s[16];
    size_t count = cbed_shipments(b, s, 16);
    assert_int_equal(cbed_state(b), MESSAGE_DONE);
    assert_int_equal(count, items);
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += s[i].quantity;
    }
    assert_int_equal(sum, units);
}

static void push__reports_a_whole_order_once(void **state)
{
    struct channels_bed *b = *state;
    struct peer_shop_shipment s[4];
    save_three(b);
    cbed_pass(b, 60000);
    expect_reported(b, 1, 3);
    (void)cbed_shipments(b, s, 4);
    assert_string_equal(s[0].tracking, TRACKING);
    assert_string_equal(s[0].carrier, "dpd-uk");
    assert_int_equal(strncmp(s[0].comments, "PB7-", 4), 0);
    assert_string_equal(s[0].comments + strlen(s[0].comments) - 2, "-1");
    assert_int_equal(cbed_view(b).shop_status, 2);
    assert_string_equal(b->last_authorization, "shop-token");
    assert_int_equal(b->posts, 1);
}

static void push__reports_a_part_then_the_rest(void **state)
{
    struct channels_bed *b = *state;
    cbed_order(b, &three_mugs);
    cbed_pack(b, 1, TRACKING, 0, 2);
    cbed_save(b);
    cbed_pass(b, 60000);
    expect_reported(b, 1, 2);
    assert_int_equal(cbed_view(b).shop_status, 3);
    cbed_pack(b, 2, "15509999999999", 0, 1);
    cbed_save(b);
    cbed_pass(b, 60000);
    expect_reported(b, 2, 3);
    assert_int_equal(cbed_view(b).shop_status, 2);
}

static void push__writes_one_record_for_each_parcel(void **state)
{
    struct channels_bed *b = *state;
    struct peer_shop_shipment s[4];
    const struct peer_order_spec spec = {
        .lines = {{.sku = "MUG", .quantity = 3}, {.sku = "HAT", .quantity = 1}}, .line_count = 2};
    cbed_order(b, &spec);
    cbed_pack(b, 1, "T-ONE-1", 0, 2);
    cbed_pack(b, 2, "T-TWO-2", 0, 1);
    cbed_pack(b, 2, "T-TWO-2", 1, 1);
    cbed_save(b);
    cbed_pass(b, 60000);
    expect_reported(b, 3, 4);
    assert_int_equal(cbed_shipments(b, s, 4), 3);
    assert_int_not_equal(s[0].shipment_id, s[1].shipment_id);
    assert_int_equal(s[1].shipment_id, s[2].shipment_id);
    assert_string_equal(s[1].tracking, "T-TWO-2");
    assert_string_equal(s[1].comments + strlen(s[1].comments) - 2, "-2");
    assert_int_equal(b->posts, 2);
}

static const struct peer_order_spec two_addresses = {
    .addresses = {{.name = "A", .street1 = "1 A St", .town = "Ely", .postcode = "CB7 4AA"},
                  {.name = "B", .street1 = "2 B St", .town = "Ely", .postcode = "CB7 4AB"}},
    .address_count = 2,
    .lines = {{.sku = "MUG", .quantity = 1, .address = 0},
              {.sku = "HAT", .quantity = 1, .address = 1}},
    .line_count = 2};

static void push__writes_one_record_for_each_address(void **state)
{
    struct channels_bed *b = *state;
    struct peer_shop_shipment s[4];
    cbed_order(b, &two_addresses);
    cbed_pack(b, 1, TRACKING, 0, 1);
    cbed_pack(b, 1, TRACKING, 1, 1);
    cbed_save(b);
    cbed_pass(b, 60000);
    expect_reported(b, 2, 2);
    (void)cbed_shipments(b, s, 4);
    assert_int_not_equal(s[0].address_id, s[1].address_id);
    assert_int_equal(b->posts, 2);
}

static void push__fills_lines_of_the_same_sku_in_order(void **state)
{
    struct channels_bed *b = *state;
    struct peer_shop_shipment s[4];
    const struct peer_order_spec spec = {
        .lines = {{.sku = "MUG", .quantity = 2}, {.sku = "MUG", .quantity = 2}}, .line_count = 2};
    cbed_order(b, &spec);
    cbed_pack(b, 1, TRACKING, 0, 2);
    cbed_pack(b, 1, TRACKING, 1, 1);
    cbed_save(b);
    cbed_pass(b, 60000);
    expect_reported(b, 2, 3);
    (void)cbed_shipments(b, s, 4);
    assert_int_equal(s[0].quantity, 2);
    assert_int_equal(s[1].quantity, 1);
}

static void push__translates_skus(void **state)
{
    struct channels_bed *b = *state;
    cbed_order(b, &three_mugs);
    AUTO_STMT sqlite3_stmt *q = NULL;
    assert_int_equal(store_begin(b->st), ERR_OK);
    assert_int_equal(store_prepare(b->st, "UPDATE line SET sku = 'CLARUS-MUG'", &q), ERR_OK);
    assert_int_equal(store_run(b->st, q), ERR_OK);
    b->config.site.sku_rules[0] = (struct config_sku_rule){.shop = "MUG", .clarus = "CLARUS-MUG"};
    b->config.site.sku_rule_count = 1;
    cbed_pack(b, 1, TRACKING, 0, 3);
    cbed_save(b);
    cbed_pass(b, 60000);
    expect_reported(b, 1, 3);
}

/* ------------------------------------------------------------------------------ lost on the way */

/* Every kind of fault at every request of a dispatch with two parcels. */
static void push__reports_once_whatever_breaks_at_any_request(void **state)
{
    (void)state;
    static const struct peer_fault kinds[] = {
        {.kind = PEER_FAULT_LOSE_REPLY},
        {.kind = PEER_FAULT_DROP},
        {.kind = PEER_FAULT_RESET},
        {.kind = PEER_FAULT_RATE_LIMIT, .wait_ms = 3000},
        {.kind = PEER_FAULT_ERROR_BEFORE, .status = 503},
        {.kind = PEER_FAULT_ERROR_AFTER, .status = 502},
        {.kind = PEER_FAULT_HTML},
        {.kind = PEER_FAULT_TRUNCATE},
        {.kind = PEER_FAULT_GARBAGE},
    };
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        for (uint32_t at = 0; at < 8; at++) {
            struct channels_bed *b = cbed_new();
            struct peer_fault f = kinds[k];
            f.skip = at;
            cbed_order(b, &three_mugs);
            cbed_fault(b, &f);
            cbed_pack(b, 1, "T-ONE-1", 0, 2);
            cbed_pack(b, 2, "T-TWO-2", 0, 1);
            cbed_save(b);
            cbed_pass(b, HOUR);
            if (cbed_state(b) != MESSAGE_DONE) print_message("kind %zu at request %u\n", k, at);
            expect_reported(b, 2, 3);
            assert_int_equal(cbed_view(b).shop_status, 2);
            cbed_free(b);
        }
    }
}

/* The process dies after any request was answered or lost; the next one finishes the work. */
static bool die_at(struct channels_bed *b, const char *method, const char *path,
                   struct hal_sim_reply *reply)
{
    (void)method;
    (void)path;
    (void)reply;
    return b->requests > *(unsigned *)b->test;
}

static void push__finishes_after_a_restart_at_any_request(void **state)
{
    (void)state;
    for (unsigned at = 0; at < 9; at++) {
        for (int lost = 0; lost < 2; lost++) {
            struct channels_bed *b = cbed_new();
            unsigned dead_after = at;
            cbed_order(b, &three_mugs);
            cbed_pack(b, 1, "T-ONE-1", 0, 2);
            cbed_pack(b, 2, "T-TWO-2", 0, 1);
            cbed_save(b);
            b->test = &dead_after;
            b->intercept = die_at;
            if (lost) {
                cbed_fault(b, &(struct peer_fault){.kind = PEER_FAULT_LOSE_REPLY,
                                                   .skip = at > 0 ? at - 1 : 0});
            }
            cbed_pass(b, 1);
            b->intercept = NULL;
            cbed_restart(b);
            cbed_pass(b, HOUR);
            expect_reported(b, 2, 3);
            cbed_free(b);
        }
    }
}

static void push__looks_for_the_settling_time_before_it_writes_again(void **state)
{
    struct channels_bed *b = *state;
    save_three(b);
    cbed_fault(b, &(struct peer_fault){.kind = PEER_FAULT_DROP, .method = "POST"});
    cbed_pass(b, 4000);
    assert_int_equal(b->posts, 1);
    cbed_pass(b, HOUR);
    assert_int_equal(b->posts, 2);
    expect_reported(b, 1, 3);
}

static bool hide_shipments(struct channels_bed *b, const char *method, const char *path,
                           struct hal_sim_reply *reply)
{
    bool *hidden = b->test;
    if (!*hidden || strcmp(method, "GET") != 0 || strstr(path, "/shipments") == NULL) return false;
    if (b->posts > 0) *hidden = false; /* late once */
    reply->outcome = HAL_HTTP_ANSWERED;
    reply->status = 204;
    return true;
}

static void push__waits_for_a_record_that_shows_late(void **state)
{
    struct channels_bed *b = *state;
    bool hidden = true;
    b->test = &hidden;
    b->intercept = hide_shipments;
    save_three(b);
    cbed_pass(b, HOUR);
    assert_int_equal(b->posts, 1);
    expect_reported(b, 1, 3);
}

/* The second record is refused for now, and the first one shows late. */
static bool hide_after_refusal(struct channels_bed *b, const char *method, const char *path,
                               struct hal_sim_reply *reply)
{
    unsigned *hidden = b->test;
    bool list = strcmp(method, "GET") == 0 && strstr(path, "/shipments") != NULL;
    if (strcmp(method, "POST") == 0 && b->posts == 2) {
        *hidden = 1;
        reply->outcome = HAL_HTTP_ANSWERED;
        reply->status = 429;
        return true;
    }
    if (!list || *hidden == 0) return false;
    --*hidden;
    reply->outcome = HAL_HTTP_ANSWERED;
    reply->status = 204;
    return true;
}

static void push__waits_for_the_first_record_when_the_second_was_refused(void **state)
{
    struct channels_bed *b = *state;
    unsigned hidden = 0;
    b->test = &hidden;
    b->intercept = hide_after_refusal;
    cbed_order(b, &three_mugs);
    cbed_pack(b, 1, "T-ONE-1", 0, 2);
    cbed_pack(b, 2, "T-TWO-2", 0, 1);
    cbed_save(b);
    cbed_pass(b, HOUR);
    expect_reported(b, 2, 3);
    assert_int_equal(b->posts, 3);
}

/* ------------------------------------------------------------------------------------ the guard */

static void push__stops_when_the_order_was_cancelled_before(void **state)
{
    struct channels_bed *b = *state;
    save_three(b);
    cbed_change(b, PEER_SHOP_CANCEL, NULL, 0);
    cbed_pass(b, 60000);
    assert_int_equal(cbed_state(b), MESSAGE_FROZEN);
    assert_int_equal(b->posts, 0);
    assert_int_not_equal(cbed_exception(b, "order.cancelled").id, 0);
}

static bool cancel_at_post(struct channels_bed *b, const char *method, const char *path,
                           struct hal_sim_reply *reply)
{
    (void)path;
    (void)reply;
    if (strcmp(method, "POST") == 0) cbed_change(b, PEER_SHOP_CANCEL, NULL, 0);
    return false;
}

static void push__opens_find_and_pull_when_cancelled_between_reading_and_writing(void **state)
{
    struct channels_bed *b = *state;
    b->intercept = cancel_at_post;
    save_three(b);
    cbed_pass(b, 60000);
    assert_int_equal(cbed_state(b), MESSAGE_FROZEN);
    assert_int_equal(b->posts, 1);
    assert_int_not_equal(cbed_exception(b, "order.cancelled").id, 0);
}

static void push__parks_states_that_a_person_must_release(void **state)
{
    static const struct {
        uint32_t status;
        const char *rule;
    } cases[] = {{7, "order.unpaid"},    {1, "order.unpaid"},         {12, "order.hold"},
                 {13, "order.disputed"}, {14, "order.part_refunded"}, {8, "order.pickup"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct channels_bed *b = cbed_new();
        save_three(b);
        cbed_change(b, PEER_SHOP_STATUS, NULL, cases[i].status);
        cbed_pass(b, 60000);
        assert_int_equal(cbed_state(b), MESSAGE_PARKED);
        struct exception_row x = cbed_exception(b, cases[i].rule);
        assert_int_not_equal(x.id, 0);
        assert_int_equal(b->posts, 0);
        cbed_change(b, PEER_SHOP_STATUS, NULL, 11);
        assert_int_equal(exception_do(b->ob, x.id, EXCEPTION_RETRY, "lead", ""), ERR_OK);
        cbed_pass(b, 60000);
        expect_reported(b, 1, 3);
        cbed_free(b);
    }
}

static void expect_pulled_by(uint32_t status, const char *rule)
{
    struct channels_bed *b = cbed_new();
    save_three(b);
    if (status == 1000) {
        cbed_change(b, PEER_SHOP_ARCHIVE, NULL, 0);
    } else {
        cbed_change(b, PEER_SHOP_STATUS, NULL, status);
    }
    cbed_pass(b, 60000);
    assert_int_equal(cbed_state(b), MESSAGE_FROZEN);
    assert_int_not_equal(cbed_exception(b, rule).id, 0);
    assert_int_equal(b->posts, 0);
    cbed_free(b);
}

static void push__treats_refunded_declined_incomplete_and_archived_as_cancelled(void **state)
{
    (void)state;
    expect_pulled_by(4, "order.refunded");
    expect_pulled_by(5, "order.cancelled");
    expect_pulled_by(6, "order.cancelled");
    expect_pulled_by(0, "order.cancelled");
    expect_pulled_by(1000, "order.archived");
}

/* -------------------------------------------------------------------------- what does not match */

static void push__never_ships_more_than_the_shop_has_left(void **state)
{
    struct channels_bed *b = *state;
    save_three(b);
    cbed_change(b, PEER_SHOP_QUANTITY, NULL, 2);
    cbed_pass(b, 60000);
    assert_int_equal(cbed_state(b), MESSAGE_PARKED);
    assert_int_not_equal(cbed_exception(b, "channel.over_shipment").id, 0);
    assert_int_equal(b->posts, 0);
}

static void push__parks_when_somebody_else_shipped_it(void **state)
{
    struct channels_bed *b = *state;
    save_three(b);
    cbed_change(b, PEER_SHOP_SHIPPED_ELSEWHERE, "OTHER-1", 0);
    cbed_pass(b, 60000);
    assert_int_equal(cbed_state(b), MESSAGE_PARKED);
    assert_int_not_equal(cbed_exception(b, "channel.over_shipment").id, 0);
    assert_int_equal(b->posts, 0);
}

static void push__finds_the_same_parcel_recorded_by_somebody_else(void **state)
{
    struct channels_bed *b = *state;
    save_three(b);
    cbed_change(b, PEER_SHOP_SHIPPED_ELSEWHERE, TRACKING, 0);
    cbed_pass(b, 60000);
    assert_int_equal(cbed_state(b), MESSAGE_DONE);
    assert_int_equal(b->posts, 0);
}

static void push__parks_when_our_tracking_has_other_contents(void **state)
{
    struct channels_bed *b = *state;
    cbed_order(b, &three_mugs);
    cbed_pack(b, 1, TRACKING, 0, 2);
    cbed_save(b);
    cbed_change(b, PEER_SHOP_SHIPPED_ELSEWHERE, TRACKING, 0);
    cbed_pass(b, 60000);
    assert_int_equal(cbed_state(b), MESSAGE_PARKED);
    assert_int_not_equal(cbed_exception(b, "channel.record_differs").id, 0);
    assert_int_equal(b->posts, 0);
}

static void push__parks_an_unknown_line(void **state)
{
    struct channels_bed *b = *state;
    cbed_order(b, &three_mugs);
    struct line_reading l = {.clarus_line_id = "L0",
                             .sku = "^XA~JA' OR 1=1",
                             .ordered = QTY_UNITS(3),
                             .picked = QTY_UNITS(3)};
    assert_int_equal(catalogue_put_line(b->st, b->consignment, &l), ERR_OK);
    cbed_pack(b, 1, TRACKING, 0, 3);
    cbed_save(b);
    cbed_pass(b, 60000);
    assert_int_equal(cbed_state(b), MESSAGE_PARKED);
    assert_int_not_equal(cbed_exception(b, "channel.line_unknown").id, 0);
}

static void push__refuses_a_tracking_number_it_would_have_to_cut(void **state)
{
    struct channels_bed *b = *state;
    cbed_order(b, &three_mugs);
    cbed_pack(b, 1, "T-FINE-1", 0, 1);
    cbed_pack(b, 2, "123456789012345678901234567890123456789012345678901", 0, 2);
    cbed_save(b);
    cbed_pass(b, 60000);
    assert_int_equal(cbed_state(b), MESSAGE_PARKED);
    assert_int_not_equal(cbed_exception(b, "channel.tracking_too_long").id, 0);
    assert_int_equal(b->posts, 0);
}

static void push__takes_a_tracking_number_of_fifty_characters_whole(void **state)
{
    struct channels_bed *b = *state;
    struct peer_shop_shipment s[2];
    cbed_order(b, &three_mugs);
    cbed_pack(b, 1, "12345678901234567890123456789012345678901234567890", 0, 3);
    cbed_save(b);
    cbed_pass(b, 60000);
    expect_reported(b, 1, 3);
    (void)cbed_shipments(b, s, 2);
    assert_int_equal(strlen(s[0].tracking), 50);
}

static void push__never_reports_a_parcel_without_tracking(void **state)
{
    struct channels_bed *b = *state;
    cbed_order(b, &three_mugs);
    cbed_pack(b, 1, "", 0, 3);
    cbed_save(b);
    cbed_pass(b, 60000);
    assert_int_equal(cbed_state(b), MESSAGE_PARKED);
    assert_int_not_equal(cbed_exception(b, "channel.tracking_missing").id, 0);
}

/* ------------------------------------------------------------------------------ hostile answers */

struct reply_text {
    const char *path; /* its end */
    const char *body;
    int status;
    const char *headers;
};

static bool reply_with(struct channels_bed *b, const char *method, const char *path,
                       struct hal_sim_reply *reply)
{
    const struct reply_text *t = b->test;
    if (t == NULL || strcmp(method, "GET") != 0) return false;
    size_t tail = strlen(t->path);
    if (strcmp(path + strlen(path) - tail, t->path) != 0) return false;
    reply->outcome = HAL_HTTP_ANSWERED;
    reply->status = t->status;
    buf_text(&reply->headers, t->headers);
    buf_text(&reply->body, t->body);
    return true;
}

static void push__writes_nothing_on_answers_that_cannot_be_right(void **state)
{
    static const struct {
        struct reply_text reply;
        const char *rule; /* NULL: tried again */
    } cases[] = {
        {{"/501", "{\"id\":502,\"status_id\":11}", 200, ""}, "channel.wrong_order"},
        {{"/501", "{\"status_id\":11}", 200, ""}, "channel.wrong_order"},
        {{"/501", "[]", 200, ""}, "channel.reply_unexpected"},
        {{"/501", "{\"id\":501,\"id\":501,\"status_id\":11}", 200, ""}, NULL},
        {{"/501", "<html>maintenance</html>", 200, ""}, NULL},
        {{"/501", "{\"id\":501,\"status_id\":\"x\"}", 200, ""}, "order.state_unknown"},
        {{"/products", "[{\"id\":1,\"order_id\":777,\"sku\":\"MUG\"}]", 200, ""},
         "channel.wrong_order"},
        {{"/products", "[{\"id\":1,\"order_id\":501,\"sku\":\"MUG\",\"quantity\":-3}]", 200, ""},
         "channel.reply_unexpected"},
        {{"/products", "{\"message\":\"x\"}", 200, ""}, "channel.reply_unexpected"},
        {{"/products", "", 204, ""}, "channel.line_unknown"},
        {{"/shipments", "[{\"id\":9,\"order_id\":501,\"items\":\"none\"}]", 200, ""},
         "channel.reply_unexpected"},
        {{"/shipments", "", 403, ""}, "channel.forbidden"},
        {{"/501", "", 418, ""}, "channel.refused"},
        {{"/501", "", 302, "Location: https://evil.example/\r\n"}, "channel.redirect"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct channels_bed *b = cbed_new();
        struct reply_text reply = cases[i].reply;
        save_three(b);
        b->test = &reply;
        b->intercept = reply_with;
        cbed_pass(b, 120000);
        assert_int_equal(b->posts, 0);
        assert_int_equal(cbed_state(b), cases[i].rule == NULL ? MESSAGE_WAITING : MESSAGE_PARKED);
        if (cases[i].rule != NULL && cbed_exception(b, cases[i].rule).id == 0) {
            fail_msg("case %zu: no %s", i, cases[i].rule);
        }
        b->test = NULL;
        if (cases[i].rule == NULL) {
            cbed_pass(b, HOUR);
            expect_reported(b, 1, 3);
        }
        cbed_free(b);
    }
}

static void push__waits_as_the_shop_asks(void **state)
{
    static const struct {
        const char *headers;
        int64_t early, late;
    } cases[] = {
        {"X-Rate-Limit-Time-Reset-Ms: 90000\r\n", 85000, 110000},
        {"x-rate-limit-time-reset-ms: 90000\r\nX-Retry-After: 5\r\n", 85000, 110000},
        {"X-Retry-After: 90\r\n", 85000, 110000},
        {"Retry-After: 90\r\n", 85000, 110000},
        {"", 28000, 45000},
        {"Retry-After: soon\r\n", 28000, 45000},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct channels_bed *b = cbed_new();
        struct reply_text reply = {"/501", "[]", 429, cases[i].headers};
        b->test = &reply;
        b->intercept = reply_with;
        save_three(b);
        cbed_pass(b, 1);
        b->test = NULL;
        cbed_pass(b, cases[i].early);
        assert_int_equal(b->requests, 1);
        cbed_pass(b, cases[i].late - cases[i].early);
        expect_reported(b, 1, 3);
        cbed_free(b);
    }
}

/* The shop's count of what is left holds for every kind of answer. */
static void push__spends_only_what_the_shop_says_is_left(void **state)
{
    struct channels_bed *b = *state;
    struct reply_text reply = {
        "/501", "[]", 503,
        "x-rate-limit-requests-left: 3\r\nX-Rate-Limit-Time-Reset-Ms: 25000\r\n"};
    b->test = &reply;
    b->intercept = reply_with;
    save_three(b);
    cbed_pass(b, 1);
    b->test = NULL;
    cbed_pass(b, 24000);
    assert_int_equal(b->requests, 1);
    cbed_pass(b, 2000);
    expect_reported(b, 1, 3);
}

static void push__pauses_the_shop_when_the_token_is_refused_or_missing(void **state)
{
    struct channels_bed *b = *state;
    hal_sim_set_secret(b->hal, "shop-token", "wrong");
    save_three(b);
    cbed_pass(b, 60000);
    assert_int_equal(cbed_state(b), MESSAGE_WAITING);
    assert_int_not_equal(cbed_exception(b, "destination.credentials").id, 0);
    hal_sim_set_secret(b->hal, "shop-token", NULL);
    cbed_pass(b, 60000);
    assert_int_equal(cbed_state(b), MESSAGE_WAITING);
    hal_sim_set_secret(b->hal, "shop-token", "shop-token");
    cbed_pass(b, HOUR);
    expect_reported(b, 1, 3);
}

static void push__waits_for_an_order_that_is_not_there_yet_then_parks(void **state)
{
    struct channels_bed *b = *state;
    save_three(b);
    cbed_change(b, PEER_SHOP_VANISH, NULL, 0);
    cbed_pass(b, HOUR / 2);
    assert_int_equal(cbed_state(b), MESSAGE_WAITING);
    cbed_pass(b, 4 * HOUR);
    assert_int_equal(cbed_state(b), MESSAGE_PARKED);
    assert_int_not_equal(cbed_exception(b, "channel.order_unknown").id, 0);
}

static void push__reads_again_once_when_the_quantity_is_refused(void **state)
{
    struct channels_bed *b = *state;
    save_three(b);
    cbed_fault(b, &(struct peer_fault){.kind = PEER_FAULT_REFUSE,
                                       .method = "POST",
                                       .words = "The field 'quantity' is invalid."});
    cbed_pass(b, 60000);
    expect_reported(b, 1, 3);
    assert_int_equal(b->posts, 2);
}

static void push__parks_when_the_quantity_is_refused_twice(void **state)
{
    struct channels_bed *b = *state;
    save_three(b);
    cbed_fault(b, &(struct peer_fault){.kind = PEER_FAULT_REFUSE,
                                       .method = "POST",
                                       .times = 9,
                                       .words = "The field 'quantity' is invalid."});
    cbed_pass(b, HOUR);
    assert_int_equal(cbed_state(b), MESSAGE_PARKED);
    struct exception_row x = cbed_exception(b, "channel.over_shipment");
    assert_int_not_equal(x.id, 0);
    assert_non_null(strstr(x.text, "The field 'quantity' is inv"));
    assert_int_equal(b->posts, 2);
}

static void push__parks_a_plain_refusal_at_once(void **state)
{
    struct channels_bed *b = *state;
    save_three(b);
    cbed_fault(
        b, &(struct peer_fault){.kind = PEER_FAULT_REFUSE, .method = "POST", .words = "No\n^XA"});
    cbed_pass(b, 60000);
    assert_int_equal(cbed_state(b), MESSAGE_PARKED);
    assert_int_not_equal(cbed_exception(b, "channel.refused").id, 0);
    assert_int_equal(b->posts, 1);
}

/* ---------------------------------------------------------------------------- claim and status */

static void push__claims_before_it_writes_when_configured(void **state)
{
    struct channels_bed *b = *state;
    b->config.site.channels[0].claim = true;
    save_three(b);
    cbed_pass(b, 60000);
    expect_reported(b, 1, 3);
    assert_int_equal(b->posts, 2);
    assert_int_equal(peers_request_count(b->peers, PEER_SHOP, "POST", "metafields"), 1);
}

static void push__owns_its_claim_after_a_lost_reply(void **state)
{
    struct channels_bed *b = *state;
    b->config.site.channels[0].claim = true;
    save_three(b);
    cbed_fault(b, &(struct peer_fault){.kind = PEER_FAULT_LOSE_REPLY, .match = "metafields"});
    cbed_pass(b, HOUR);
    expect_reported(b, 1, 3);
}

static bool claimed_already(struct channels_bed *b, const char *method, const char *path,
                            struct hal_sim_reply *reply)
{
    (void)b;
    if (strcmp(method, "POST") != 0 || strstr(path, "metafields") == NULL) return false;
    reply->outcome = HAL_HTTP_ANSWERED;
    reply->status = 409;
    return true;
}

static void push__looks_before_it_writes_under_a_claim_it_did_not_make(void **state)
{
    struct channels_bed *b = *state;
    b->config.site.channels[0].claim = true;
    b->intercept = claimed_already;
    save_three(b);
    cbed_pass(b, 2000);
    assert_int_equal(b->posts, 1);
    assert_int_equal(cbed_shipments(b, NULL, 0), 0);
    cbed_pass(b, HOUR);
    expect_reported(b, 1, 3);
}

static void push__sets_the_order_status_when_configured(void **state)
{
    struct channels_bed *b = *state;
    peers_free(b->peers);
    b->peers = peers_new(&(struct peers_options){.shop_leaves_status = true});
    assert_int_equal(peers_product_add(b->peers, &(struct peer_product_spec){.sku = "MUG"}),
                     ERR_OK);
    b->config.site.channels[0].set_status = true;
    cbed_order(b, &three_mugs);
    cbed_pack(b, 1, TRACKING, 0, 2);
    cbed_save(b);
    cbed_fault(b, &(struct peer_fault){.kind = PEER_FAULT_ERROR_AFTER, .method = "PUT"});
    cbed_pass(b, HOUR);
    expect_reported(b, 1, 2);
    assert_int_equal(cbed_view(b).shop_status, 3);
    cbed_pack(b, 2, "SECOND-1", 0, 1);
    cbed_save(b);
    cbed_pass(b, HOUR);
    expect_reported(b, 2, 3);
    assert_int_equal(cbed_view(b).shop_status, 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(push__reports_a_whole_order_once),
        TEST(push__reports_a_part_then_the_rest),
        TEST(push__writes_one_record_for_each_parcel),
        TEST(push__writes_one_record_for_each_address),
        TEST(push__fills_lines_of_the_same_sku_in_order),
        TEST(push__translates_skus),
        cmocka_unit_test(push__reports_once_whatever_breaks_at_any_request),
        cmocka_unit_test(push__finishes_after_a_restart_at_any_request),
        TEST(push__looks_for_the_settling_time_before_it_writes_again),
        TEST(push__waits_for_a_record_that_shows_late),
        TEST(push__waits_for_the_first_record_when_the_second_was_refused),
        TEST(push__stops_when_the_order_was_cancelled_before),
        TEST(push__opens_find_and_pull_when_cancelled_between_reading_and_writing),
        cmocka_unit_test(push__parks_states_that_a_person_must_release),
        cmocka_unit_test(push__treats_refunded_declined_incomplete_and_archived_as_cancelled),
        TEST(push__never_ships_more_than_the_shop_has_left),
        TEST(push__parks_when_somebody_else_shipped_it),
        TEST(push__finds_the_same_parcel_recorded_by_somebody_else),
        TEST(push__parks_when_our_tracking_has_other_contents),
        TEST(push__parks_an_unknown_line),
        TEST(push__refuses_a_tracking_number_it_would_have_to_cut),
        TEST(push__takes_a_tracking_number_of_fifty_characters_whole),
        TEST(push__never_reports_a_parcel_without_tracking),
        cmocka_unit_test(push__writes_nothing_on_answers_that_cannot_be_right),
        cmocka_unit_test(push__waits_as_the_shop_asks),
        TEST(push__spends_only_what_the_shop_says_is_left),
        TEST(push__pauses_the_shop_when_the_token_is_refused_or_missing),
        TEST(push__waits_for_an_order_that_is_not_there_yet_then_parks),
        TEST(push__reads_again_once_when_the_quantity_is_refused),
        TEST(push__parks_when_the_quantity_is_refused_twice),
        TEST(push__parks_a_plain_refusal_at_once),
        TEST(push__claims_before_it_writes_when_configured),
        TEST(push__owns_its_claim_after_a_lost_reply),
        TEST(push__looks_before_it_writes_under_a_claim_it_did_not_make),
        TEST(push__sets_the_order_status_when_configured),
    };
    return cmocka_run_group_tests_name("channels push", tests, NULL, NULL);
}
