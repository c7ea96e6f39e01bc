#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/peers_call.h"

static struct caller fresh(const struct peers_options *o)
{
    struct caller c;
    caller_init(&c, peers_new(o));
    peers_seed_demo(c.p, c.now_ms);
    return c;
}

struct ship_ids {
    int64_t address;
    int64_t line1;
    int64_t line2;
};

static struct ship_ids ids_of(struct caller *c, unsigned order)
{
    char path[64];
    struct ship_ids ids;
    (void)snprintf(path, sizeof path, "/v2/orders/%u/products", order);
    assert_int_equal(shop_call(c, "GET", path, NULL), 200);
    ids.address = reply_number(c, "/0/order_address_id");
    ids.line1 = reply_number(c, "/0/id");
    ids.line2 = reply_number(c, "/1/id");
    return ids;
}

static int ship(struct caller *c, unsigned order, const char *body)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/v2/orders/%u/shipments", order);
    return shop_call(c, "POST", path, body);
}

static void shop__wants_its_token(void **state)
{
    (void)state;
    struct caller c = fresh(NULL);
    struct peer_request r = {"GET", "/stores/demo/v2/orders/10427", NULL, NULL, 0, SLICE_NONE};
    peers_handle(c.p, PEER_SHOP, c.now_ms, &r, &c.reply);
    assert_int_equal(c.reply.status, 401);
    assert_int_equal(shop_call(&c, "GET", "/v2/orders/10427", NULL), 200);
    assert_int_equal(reply_number(&c, "/id"), 10427);
    assert_int_equal(reply_number(&c, "/status_id"), 11);
    assert_int_equal(shop_call(&c, "GET", "/v2/orders/1", NULL), 404);
    assert_string_equal(reply_string(&c, "/0/message"), "The requested resource was not found.");
    caller_deinit(&c);
}

static void shop__tells_its_quota_and_refuses_above_it(void **state)
{
    (void)state;
    struct caller c = fresh(&(struct peers_options){.shop_quota = 2});
    assert_int_equal(shop_call(&c, "GET", "/v2/order_statuses", NULL), 200);
    assert_string_equal(peer_reply_header(&c.reply, "x-rate-limit-requests-left"), "1");
    assert_int_equal(shop_call(&c, "GET", "/v2/order_statuses", NULL), 200);
    assert_int_equal(shop_call(&c, "GET", "/v2/order_statuses", NULL), 429);
    assert_non_null(peer_reply_header(&c.reply, "X-Rate-Limit-Time-Reset-Ms"));
    c.now_ms += 30000;
    assert_int_equal(shop_call(&c, "GET", "/v2/order_statuses", NULL), 200);
    caller_deinit(&c);
}

static void shipment__none_is_204_then_listed(void **state)
{
    (void)state;
    char body[400];
    struct caller c = fresh(NULL);
    assert_int_equal(shop_call(&c, "GET", "/v2/orders/10429/shipments", NULL), 204);
    assert_int_equal(c.reply.body.len, 0);
    struct ship_ids ids = ids_of(&c, 10429);
    (void)snprintf(
        body, sizeof body,
        "{\"order_address_id\":%lld,\"tracking_number\":\"15501234500001X\","
        "\"shipping_provider\":\"\",\"tracking_carrier\":\"dpd-uk\",\"comments\":\"K-1\","
        "\"items\":[{\"order_product_id\":%lld,\"quantity\":1}]}",
        (long long)ids.address, (long long)ids.line1);
    assert_int_equal(ship(&c, 10429, body), 201);
    assert_int_equal(shop_call(&c, "GET", "/v2/orders/10429/shipments?limit=250&page=1", NULL),
                     200);
    assert_string_equal(reply_string(&c, "/0/comments"), "K-1");
    assert_int_equal(shop_call(&c, "GET", "/v2/orders/10429/shipments?limit=250&page=2", NULL),
                     204);
    assert_int_equal(shop_call(&c, "GET", "/v2/orders/10429", NULL), 200);
    assert_int_equal(reply_number(&c, "/status_id"), 3);
    assert_null(peers_violation(c.p, 0));
    assert_int_equal(ship(&c, 10429, body), 400);
    assert_non_null(peers_violation(c.p, 0)); /* asked for twice, though refused */
    (void)snprintf(body, sizeof body,
                   "{\"order_address_id\":%lld,\"tracking_number\":\"15501234500002X\","
                   "\"comments\":\"K-2\",\"items\":[{\"order_product_id\":%lld,\"quantity\":2}]}",
                   (long long)ids.address, (long long)ids.line2);
    assert_int_equal(ship(&c, 10429, body), 201);
    assert_int_equal(shop_call(&c, "GET", "/v2/orders/10429", NULL), 200);
    assert_int_equal(reply_number(&c, "/status_id"), 2);
    struct peer_order_view v;
    assert_int_equal(peers_order_view(c.p, "WEB-10429", &v), ERR_OK);
    assert_int_equal(v.shop_shipped, 3);
    assert_null(peers_violation(c.p, 1));
    caller_deinit(&c);
}

static void shipment__what_the_contract_refuses_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{\"items\":[{\"order_product_id\":%lld,\"quantity\":1}]}",
        "{\"order_address_id\":%lld}",
        "{\"order_address_id\":%lld,\"items\":[]}",
        "{\"order_address_id\":%lld,\"items\":[{\"order_product_id\":%lld,\"quantity\":0}]}",
        "{\"order_address_id\":%lld,\"items\":[{\"order_product_id\":%lld,\"quantity\":2}]}",
        "{\"order_address_id\":%lld,\"items\":[{\"order_product_id\":%lld,\"quantity\":\"1\"}]}",
        "{\"order_address_id\":%lld,\"items\":[{\"order_product_id\":%lld,\"quantity\":1,"
        "\"product_id\":111}]}",
        "{\"order_address_id\":%lld,\"items\":[{\"order_product_id\":%lld,\"quantity\":1}],"
        "\"tracking_number\":\"123456789012345678901234567890123456789012345678901\"}",
        "{\"order_address_id\":%lld,\"items\":[{\"order_product_id\":%lld,\"quantity\":1}],"
        "\"shipping_provider\":\"dpd\"}",
        "{\"order_address_id\":%lld,\"items\":[{\"order_product_id\":%lld,\"quantity\":1}],"
        "\"id\":7}",
        "{\"order_address_id\":999999,\"items\":[{\"order_product_id\":%lld,\"quantity\":1}]}",
        "not json",
    };
    char body[400];
    struct caller c = fresh(NULL);
    struct ship_ids ids = ids_of(&c, 10427);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct buf b = buf_over(body, sizeof body);
        const char *at = bad[i];
        for (int n = 0; *at; n++) {
            const char *hole = strstr(at, "%lld");
            size_t len = hole ? (size_t)(hole - at) : strlen(at);
            bool address = n == 0 && slice_starts(slice_text(bad[i]), "{\"order_address_id\":%");
            buf_put(&b, slice_of(at, len));
            if (hole) buf_printf(&b, "%lld", (long long)(address ? ids.address : ids.line1));
            at += len + (hole ? 4 : 0);
        }
        assert_int_equal(ship(&c, 10427, buf_cstr(&b)), 400);
        assert_int_equal(reply_number(&c, "/0/status"), 400);
    }
    struct peer_order_view v;
    assert_int_equal(peers_order_view(c.p, "WEB-10427", &v), ERR_OK);
    assert_int_equal(v.shop_shipped, 0);
    caller_deinit(&c);
}

static void shipment__goes_to_one_address(void **state)
{
    (void)state;
    char body[300];
    struct caller c = fresh(NULL);
    struct ship_ids ids = ids_of(&c, 10437);
    (void)snprintf(
        body, sizeof body,
        "{\"order_address_id\":%lld,\"items\":[{\"order_product_id\":%lld,\"quantity\":1}"
        ",{\"order_product_id\":%lld,\"quantity\":1}]}",
        (long long)ids.address, (long long)ids.line1, (long long)ids.line2);
    assert_int_equal(ship(&c, 10437, body), 400);
    caller_deinit(&c);
}

static void shipment__of_a_cancelled_order_is_a_violation(void **state)
{
    (void)state;
    char body[300];
    struct caller c = fresh(NULL);
    struct ship_ids ids = ids_of(&c, 10432);
    (void)snprintf(
        body, sizeof body,
        "{\"order_address_id\":%lld,\"items\":[{\"order_product_id\":%lld,\"quantity\":1}]}",
        (long long)ids.address, (long long)ids.line1);
    assert_int_equal(ship(&c, 10432, body), 201);
    assert_non_null(peers_violation(c.p, 0));
    caller_deinit(&c);
}

static void order__changes_are_listed_by_date(void **state)
{
    (void)state;
    struct caller c = fresh(NULL);
    assert_int_equal(shop_call(&c, "GET", "/v2/orders?limit=250", NULL), 200);
    assert_int_equal(json_count(json_root(c.doc)), 13);
    c.now_ms += 60000;
    struct peer_change cancel = {.kind = PEER_SHOP_CANCEL, .reference = "WEB-10428"};
    assert_int_equal(peers_order_change(c.p, c.now_ms, &cancel), ERR_OK);
    assert_int_equal(
        shop_call(&c, "GET",
                  "/v2/orders?min_date_modified=2026-03-11T08%3A00%3A30Z&sort=date_modified:asc",
                  NULL),
        200);
    assert_int_equal(json_count(json_root(c.doc)), 1);
    assert_int_equal(reply_number(&c, "/0/status_id"), 5);
    assert_int_equal(shop_call(&c, "PUT", "/v2/orders/10427", "{\"status_id\":2}"), 200);
    assert_int_equal(shop_call(&c, "PUT", "/v2/orders/10427", "{\"status_id\":77}"), 400);
    caller_deinit(&c);
}

static void metafield__can_be_claimed_once(void **state)
{
    (void)state;
    static const char body[] = "{\"permission_set\":\"app_only\",\"namespace\":\"packd\",\"key\":"
                               "\"K-1\",\"value\":\"claimed\"}";
    struct caller c = fresh(NULL);
    assert_int_equal(shop_call(&c, "POST", "/v3/orders/10427/metafields", body), 200);
    assert_int_equal(shop_call(&c, "POST", "/v3/orders/10427/metafields", body), 409);
    assert_int_equal(
        shop_call(&c, "GET", "/v3/orders/10427/metafields?namespace=packd&key=K-1", NULL), 200);
    assert_string_equal(reply_string(&c, "/data/0/value"), "claimed");
    assert_int_equal(shop_call(&c, "POST", "/v3/orders/10427/metafields", "{}"), 422);
    caller_deinit(&c);
}

/* ---------------------------------------------------------------------------------- faults -- */

static void fault__lost_reply_has_had_its_effect(void **state)
{
    (void)state;
    char body[300];
    struct caller c = fresh(NULL);
    struct ship_ids ids = ids_of(&c, 10427);
    (void)snprintf(
        body, sizeof body,
        "{\"order_address_id\":%lld,\"items\":[{\"order_product_id\":%lld,\"quantity\":1}]}",
        (long long)ids.address, (long long)ids.line1);
    struct peer_fault lose = {
        .peer = PEER_SHOP, .kind = PEER_FAULT_LOSE_REPLY, .method = "POST", .match = "/shipments"};
    uint32_t id = peers_fault_add(c.p, &lose);
    assert_int_equal(ship(&c, 10427, body), 0);
    assert_int_equal(c.reply.outcome, PEER_DROP_AFTER);
    assert_int_equal(peers_fault_hits(c.p, id), 1);
    assert_int_equal(peers_shop_shipments(c.p, "WEB-10427", NULL, 0), 1);
    assert_int_equal(ship(&c, 10427, body), 400);
    caller_deinit(&c);
}

static void fault__counts_only_what_it_is_meant_for(void **state)
{
    (void)state;
    struct caller c = fresh(NULL);
    struct peer_fault down = {.peer = PEER_SHOP,
                              .kind = PEER_FAULT_ERROR_BEFORE,
                              .match = "/orders/10428",
                              .skip = 1,
                              .times = 2,
                              .status = 502};
    (void)peers_fault_add(c.p, &down);
    assert_int_equal(shop_call(&c, "GET", "/v2/orders/10427", NULL), 200);
    assert_int_equal(shop_call(&c, "GET", "/v2/orders/10428", NULL), 200);
    assert_int_equal(shop_call(&c, "GET", "/v2/orders/10428", NULL), 502);
    assert_int_equal(shop_call(&c, "GET", "/v2/orders/10428/products", NULL), 502);
    assert_int_equal(shop_call(&c, "GET", "/v2/orders/10428", NULL), 200);
    caller_deinit(&c);
}

static void fault__each_kind_does_as_named(void **state)
{
    (void)state;
    static const struct {
        enum peer_fault_kind kind;
        int status; /* 0: cut */
    } all[] = {
        {PEER_FAULT_DROP, 0},         {PEER_FAULT_RESET, 0},         {PEER_FAULT_LOSE_REPLY, 0},
        {PEER_FAULT_RATE_LIMIT, 429}, {PEER_FAULT_ERROR_AFTER, 502}, {PEER_FAULT_REFUSE, 400},
        {PEER_FAULT_HTML, 200},       {PEER_FAULT_GARBAGE, 200},     {PEER_FAULT_TRUNCATE, 200},
        {PEER_FAULT_DELAY, 200},
    };
    struct caller c = fresh(NULL);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct peer_fault f = {.peer = PEER_SHOP, .kind = all[i].kind, .wait_ms = 2500};
        (void)peers_fault_add(c.p, &f);
        assert_int_equal(shop_call(&c, "GET", "/v2/orders/10427", NULL), all[i].status);
        bool json_kept = all[i].kind == PEER_FAULT_DELAY || all[i].status >= 400;
        if (all[i].status == 200) assert_int_equal(c.doc != NULL, json_kept);
        if (all[i].kind == PEER_FAULT_DELAY) assert_int_equal(c.reply.delay_ms, 2500);
    }
    caller_deinit(&c);
}

static void fault__expired_token_and_carrier_refusal_in_clarus(void **state)
{
    (void)state;
    struct caller c = fresh(NULL);
    caller_sign_on(&c, "bench-1");
    struct peer_fault expire = {.peer = PEER_CLARUS, .kind = PEER_FAULT_EXPIRE_TOKEN};
    (void)peers_fault_add(c.p, &expire);
    assert_null(graphql_call(&c, "{sites{all{edges{node{id}}}}}"));
    assert_int_equal(c.reply.status, 401);
    caller_sign_on(&c, "bench-1");
    struct peer_fault refuse = {.peer = PEER_CLARUS,
                                .kind = PEER_FAULT_REFUSE,
                                .match = "/submit",
                                .words = "Carrier: closed on Sundays"};
    (void)peers_fault_add(c.p, &refuse);
    assert_int_equal(clarus_call(&c, "POST", "/api/shipments/90301/submit", NULL), 422);
    assert_string_equal(reply_string(&c, "/errors/0/details"), "Carrier: closed on Sundays");
    caller_deinit(&c);
}

/* --------------------------------------------------------------------------------- control -- */

static void control__places_changes_breaks_and_tells(void **state)
{
    (void)state;
    struct caller c = fresh(NULL);
    assert_int_equal(
        control_call(&c, "POST", "/orders",
                     "{\"reference\":\"WEB-20001\",\"tote\":\"TOTE-77\",\"gift_message\":"
                     "\"Hi\",\"lines\":[{\"sku\":\"MUG-RED\",\"quantity\":2}]}"),
        200);
    assert_int_equal(control_call(&c, "POST", "/orders",
                                  "{\"reference\":\"WEB-20001\",\"lines\":[{\"sku\":\"MUG-RED\","
                                  "\"quantity\":2}]}"),
                     409);
    assert_int_equal(control_call(&c, "POST", "/orders", "{\"reference\":\"WEB-20002\"}"), 422);
    assert_int_equal(control_call(&c, "POST", "/changes",
                                  "{\"kind\":\"shop_cancel\",\"reference\":\"WEB-20001\"}"),
                     200);
    assert_int_equal(control_call(&c, "GET", "/orders/WEB-20001", NULL), 200);
    assert_string_equal(reply_string(&c, "/status"), "PICK");
    assert_int_equal(reply_number(&c, "/shop_status"), 5);
    assert_int_equal(control_call(&c, "POST", "/faults",
                                  "{\"peer\":\"shop\",\"kind\":\"drop\",\"match\":\"/orders\"}"),
                     200);
    assert_int_equal(shop_call(&c, "GET", "/v2/orders/10427", NULL), 0);
    assert_int_equal(control_call(&c, "GET", "/faults/1", NULL), 200);
    assert_int_equal(reply_number(&c, "/hits"), 1);
    assert_int_equal(control_call(&c, "POST", "/faults", "{\"peer\":\"moon\",\"kind\":\"drop\"}"),
                     422);
    assert_int_equal(control_call(&c, "POST", "/label", "{\"kind\":\"a4\"}"), 200);
    assert_int_equal(control_call(&c, "GET", "/ledger", NULL), 200);
    assert_int_equal(reply_number(&c, "/request_count"), 1);
    assert_int_equal(control_call(&c, "GET", "/violations", NULL), 200);
    assert_int_equal(json_count(json_at(json_root(c.doc), "/violations")), 0);
    caller_deinit(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shop__wants_its_token),
        cmocka_unit_test(shop__tells_its_quota_and_refuses_above_it),
        cmocka_unit_test(shipment__none_is_204_then_listed),
        cmocka_unit_test(shipment__what_the_contract_refuses_is_refused),
        cmocka_unit_test(shipment__goes_to_one_address),
        cmocka_unit_test(shipment__of_a_cancelled_order_is_a_violation),
        cmocka_unit_test(order__changes_are_listed_by_date),
        cmocka_unit_test(metafield__can_be_claimed_once),
        cmocka_unit_test(fault__lost_reply_has_had_its_effect),
        cmocka_unit_test(fault__counts_only_what_it_is_meant_for),
        cmocka_unit_test(fault__each_kind_does_as_named),
        cmocka_unit_test(fault__expired_token_and_carrier_refusal_in_clarus),
        cmocka_unit_test(control__places_changes_breaks_and_tells),
    };
    return cmocka_run_group_tests_name("peers_shop", tests, NULL, NULL);
}
