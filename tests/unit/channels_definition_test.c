/* Definitions of storefronts: what is wrong is named, with its place. Templates, rules, keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/channels/definition.h"
#include "firmware/channels/remote.h"
#include "firmware/channels/rules.h"
#include "firmware/channels/template.h"

/* The compiled-in definition with one piece of text replaced. */
static err_t check_with(const char *from, const char *to, struct definition_fault *fault)
{
    struct slice text = definition_builtin("bigcommerce");
    size_t at = slice_find(text, slice_text(from));
    if (at == text.len) fail_msg("not in the definition: %s", from);
    struct buf b = buf_new((size_t)2 * DEFINITION_MAX);
    buf_put(&b, slice_sub(text, 0, at));
    buf_text(&b, to);
    buf_put(&b, slice_sub(text, at + strlen(from), text.len));
    err_t e = channels_definition_check("bigcommerce", buf_slice(&b), fault);
    buf_deinit(&b);
    return e;
}

static void definition__compiled_in_is_valid(void **state)
{
    (void)state;
    struct definition_fault fault;
    for (size_t i = 0; definition_builtin_name(i) != NULL; i++) {
        const char *name = definition_builtin_name(i);
        err_t e = channels_definition_check(name, definition_builtin(name), &fault);
        if (e) fail_msg("%s %s: %s", name, fault.path, fault.reason);
    }
    assert_int_equal(definition_builtin("nothing").len, 0);
}

static const struct {
    const char *from, *to, *path, *reason;
} faults[] = {
    {"\"name\": \"bigcommerce\"", "\"name\": \"other\"", "$.name", "loaded by"},
    {"\"format\": 1", "\"format\": 2", "$.format", "range"},
    {"\"format\": 1", "\"format\": \"1\"", "$.format", "whole number"},
    {"\"not_yet_s\": 3600", "\"not_yet_s\": 3600, \"colour\": 1", "$.colour", "unknown key"},
    {"\"not_yet_s\": 3600,", "", "$", "missing: not_yet_s"},
    {"\"kind\": \"header\"", "\"kind\": \"oauth9\"", "$.auth.kind", "known words"},
    {"\"value\": \"{secret}\"", "\"value\": \"{secrets}\"", "$.auth.value", "unknown value"},
    {"\"value\": \"{secret}\"", "\"realm\": \"x\"", "$.auth", "value or base64"},
    {"\"Accept\": \"application/json\"", "\"Accept\": \"{secret}\"", "$.headers.Accept",
     "unknown value"},
    {"\"X-Auth-Token\"", "\"X-Auth\\nToken\"", "$.auth.header", "printable"},
    {"\"application/json\"", "7", "$.headers.Accept", "short text"},
    {"\"size\": 250, \"max\": 4", "\"size\": 250", "$.reads[1].pages", "missing: max"},
    {"\"size\": 250, \"max\": 4", "\"size\": 250, \"max\": 99999", "$.reads[1].pages.max", "range"},
    {"\"/v2/orders/{order.number}\"", "\"/v2/orders/{order.nummer}\"", "$.reads[0].request.path",
     "unknown value"},
    {"\"/v2/orders/{order.number}\"", "\"https://evil.example/\"", "$.reads[0].request.path",
     "begins with /"},
    {"\"/v2/orders/{order.number}\"", "\"//evil.example/x\"", "$.reads[0].request.path",
     "not allowed"},
    {"\"/v2/orders/{order.number}\"", "\"/v2/../x\"", "$.reads[0].request.path", "not allowed"},
    {"\"/v2/orders/{order.number}\"", "\"/v2/{order.number\"", "$.reads[0].request.path",
     "unknown value"},
    {"\"status\": \"/status_id\"", "\"status\": \"status_id\"", "$.order.status", "bad pointer"},
    {"\"status\": \"/status_id\"", "\"status\": \"/a~2\"", "$.order.status", "bad pointer"},
    {"\"status\": \"/status_id\"", "\"status\": \"/a//b\"", "$.order.status", "bad pointer"},
    {"{\"at\": \"/is_deleted\", \"equals\": true}", "{\"at\": \"/is_deleted\"}",
     "$.order.guard[0].if[0]", "exactly one test"},
    {"{\"at\": \"/is_deleted\", \"equals\": true}", "{\"equals\": true}", "$.order.guard[0].if[0]",
     "either"},
    {"\"state\": \"cancelled\"", "\"state\": \"gone\"", "$.order.guard[0].state", "known words"},
    {"{\"$int\": \"record.address\"}", "{\"$int\": \"record.adress\"}",
     "$.steps[1].request.json.order_address_id", "template without value"},
    {"{\"$int\": \"record.address\"}", "{\"$eval\": \"1+1\"}",
     "$.steps[1].request.json.order_address_id", "unknown directive"},
    {"{\"$int\": \"record.address\"}", "{\"$int\": \"record.address\", \"or\": 1}",
     "$.steps[1].request.json.order_address_id", "unknown key"},
    {"{\"$int\": \"record.address\"}", "{\"$int\": \"line.quantity\"}",
     "$.steps[1].request.json.order_address_id", "outside an each"},
    {"{\"$each\": \"lines\"", "{\"$each\": \"forever\"", "$.steps[1].request.json.items",
     "unbounded loop"},
    {"{\"$int\": \"line.remote_id\"}", "{\"$each\": \"lines\", \"as\": {\"x\": 1}}",
     "$.steps[1].request.json.items.as.order_product_id", "loop within a loop"},
    {"\"status\": [200, 201], \"if\": [{\"at\": \"/id\"",
     "\"status\": [], \"if\": [{\"at\": \"/id\"", "$.steps[1].ok.status", "too few"},
    {"\"status\": [401]", "\"status\": [40100]", "$.errors[0].status[0]", "100 to 599"},
    {"\"status\": [\"5xx\"]", "\"status\": [\"9xx\"]", "$.errors[5].status[0]", "100 to 599"},
    {"\"then\": \"look\"", "\"then\": \"ignore\"", "$.errors[5].then", "known words"},
    {"{\"record.id\": \"/id\"}", "{\"idx\": \"/id\"}", "$.steps[1].take.idx", "record.NAME"},
    {"\"parcel.tracking\": {\"max\": 50", "\"parcel.tracking\": {\"max\": 0",
     "$.limits.parcel.tracking.max", "range"},
    {"\"required\": true, \"over\": \"refuse\"", "\"required\": true, \"over\": \"cut\"",
     "$.limits.parcel.tracking.over", "known words"},
    {"\"gives\": {\"records\"", "\"gives\": {\"parcels\"", "$.reads", "never write blind"},
    {"\"must_match\": [{\"at\": \"/id\", \"equals\": {\"$in\": \"order.number\"}}]", "", "$.reads",
     "must_match is missing"},
    {"\"per\": \"record\"", "\"per\": \"finish\"", "$.steps", "repeatable"},
    {"\"per\": \"finish\", \"repeatable\": true", "\"per\": \"finish\"", "$.steps", "repeatable"},
    {"\"address\": \"/order_address_id\", ", "", "$.lines", "per address"},
    {"\"format\": 1,", "\"format\": 1, \"format\": 1,", "$.format", "twice"},
    {"\"format\": 1,", "\"format\": 1", "$", ""},
};

static void definition__faults_name_place_and_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct definition_fault fault = {.name = ""};
        err_t e = check_with(faults[i].from, faults[i].to, &fault);
        bool right = e == ERR_INVALID && strcmp(fault.path, faults[i].path) == 0 &&
                     strstr(fault.reason, faults[i].reason) != NULL;
        if (!right) {
            fail_msg("case %zu: %s at %s: %s", i, err_name(e), fault.path, fault.reason);
        }
        assert_string_equal(fault.name, "bigcommerce");
    }
    struct definition_fault fault;
    assert_int_equal(channels_definition_check("x", SLICE("[]"), &fault), ERR_INVALID);
    assert_int_equal(channels_definition_check("x", SLICE_NONE, &fault), ERR_INVALID);
    assert_int_equal(channels_definition_check("x", SLICE("{\"name\":\"x\"}"), &fault),
                     ERR_INVALID);
}

static void definition__survives_any_broken_byte(void **state)
{
    (void)state;
    static uint8_t text[DEFINITION_MAX];
    static const uint8_t bytes[] = {0, '"', '{', ']', '$', '9', 0xFF};
    struct slice whole = definition_builtin("bigcommerce");
    struct definition_fault fault;
    size_t refused = 0;
    for (size_t at = 0; at < whole.len; at += 11) {
        memcpy(text, whole.ptr, whole.len);
        text[at] = bytes[at / 11 % sizeof bytes];
        err_t e = channels_definition_check("bigcommerce", slice_of(text, whole.len), &fault);
        if (e) refused++;
        if (e) assert_true(fault.path[0] != '\0' && fault.reason[0] != '\0');
        e = channels_definition_check("bigcommerce", slice_of(text, at), &fault);
        assert_int_equal(e, ERR_INVALID);
    }
    assert_true(refused > 100);
}

/* ----------------------------------------------------------------------------------- templates */

static void expect_body(const char *tree, const struct values *v, const char *expected)
{
    struct json_doc *doc = NULL;
    enum value_id culprit;
    char text[1024];
    struct buf b = buf_over(text, sizeof text);
    assert_int_equal(json_parse(slice_text(tree), &doc, NULL), ERR_OK);
    err_t e = template_body(json_root(doc), v, &b, &culprit);
    assert_int_equal(e, expected == NULL ? ERR_INVALID : ERR_OK);
    if (expected != NULL) assert_string_equal(buf_cstr(&b), expected);
    json_free(doc);
}

static void template__keeps_types_and_never_lets_text_become_structure(void **state)
{
    (void)state;
    struct values v = {.line_count = 0};
    const struct value_line lines[] = {{.remote_id = "11", .quantity = 2},
                                       {.remote_id = "12", .quantity = 1}};
    assert_int_equal(value_set(&v, VALUE_PARCEL_TRACKING, SLICE("\"},{\"x\":\"\n\\")), ERR_OK);
    assert_int_equal(value_set(&v, VALUE_RECORD_ADDRESS, SLICE("42")), ERR_OK);
    v.lines = lines;
    v.line_count = 2;
    expect_body("{\"a\":{\"$in\":\"parcel.tracking\"}}", &v,
                "{\"a\":\"\\\"},{\\\"x\\\":\\\"\\n\\\\\"}");
    expect_body("{\"a\":{\"$int\":\"record.address\"},\"b\":[1,true,null,\"s\",{}]}", &v,
                "{\"a\":42,\"b\":[1,true,null,\"s\",{}]}");
    expect_body("{\"a\":{\"$int\":\"parcel.tracking\"}}", &v, NULL);
    expect_body("{\"a\":{\"$int\":\"parcel.link\"}}", &v, NULL);
    expect_body("{\"a\":{\"$int\":\"parcel.link\",\"omit\":\"empty\"},\"b\":1}", &v, "{\"b\":1}");
    expect_body("{\"a\":{\"$in\":\"record.address\",\"unless\":\"parcel.tracking\"}}", &v, "{}");
    expect_body("{\"a\":{\"$in\":\"record.address\",\"unless\":\"parcel.link\"}}", &v,
                "{\"a\":\"42\"}");
    expect_body("{\"a\":{\"$bool\":\"order.complete\"}}", &v, "{\"a\":false}");
    expect_body("{\"i\":{\"$each\":\"lines\",\"as\":{\"l\":{\"$int\":\"line.remote_id\"},"
                "\"n\":{\"q\":{\"$int\":\"line.quantity\"}}}},\"z\":0}",
                &v, "{\"i\":[{\"l\":11,\"n\":{\"q\":2}},{\"l\":12,\"n\":{\"q\":1}}],\"z\":0}");
    v.line_count = 0;
    expect_body("{\"i\":{\"$each\":\"lines\",\"as\":{\"l\":{\"$int\":\"line.remote_id\"}}}}", &v,
                "{\"i\":[]}");
}

static void template__encodes_every_value_for_its_place(void **state)
{
    (void)state;
    static struct values v;
    char text[256];
    struct buf b = buf_over(text, sizeof text);
    struct json_doc *doc = NULL;
    assert_int_equal(value_set(&v, VALUE_ORDER_NUMBER, SLICE("../a?b=c&d#e f/\xC3\xA9")), ERR_OK);
    assert_int_equal(json_parse(SLICE("{\"path\":\"/o/{order.number}/x\",\"query\":{\"f[id]\":"
                                      "\"{order.number}\",\"n\":\"1\"}}"),
                                &doc, NULL),
                     ERR_OK);
    assert_int_equal(template_url(json_root(doc), "https://shop.test/s/", &v, &b), ERR_OK);
    assert_string_equal(buf_cstr(&b),
                        "https://shop.test/s/o/..%2Fa%3Fb%3Dc%26d%23e%20f%2F%C3%A9/x?f%5Bid%5D="
                        "..%2Fa%3Fb%3Dc%26d%23e%20f%2F%C3%A9&n=1");
    json_free(doc);
    buf_clear(&b);
    assert_int_equal(template_text(SLICE("/{parcel.link}"), &v, &b), ERR_INVALID);
    assert_int_equal(template_text(SLICE("/{nothing}"), &v, &b), ERR_INVALID);
}

static void value__is_refused_and_never_cut(void **state)
{
    (void)state;
    static struct values v;
    static char wide[VALUE_CAP + 1];
    memset(wide, 'x', VALUE_CAP);
    assert_int_equal(value_set(&v, VALUE_PARCEL_LINK, slice_text(wide)), ERR_NOSPACE);
    assert_string_equal(v.text[VALUE_PARCEL_LINK], "");
    for (int i = 0; i < VALUE_COUNT; i++) {
        assert_int_equal(value_id_of(slice_text(value_name((enum value_id)i))), i);
    }
}

/* --------------------------------------------------------------------------------------- rules */

static bool holds(const char *conditions, const char *body)
{
    static struct values v;
    struct json_doc *c = NULL;
    struct json_doc *d = NULL;
    assert_int_equal(value_set(&v, VALUE_ORDER_NUMBER, SLICE("501")), ERR_OK);
    assert_int_equal(json_parse(slice_text(conditions), &c, NULL), ERR_OK);
    assert_int_equal(json_parse(slice_text(body), &d, NULL), ERR_OK);
    bool yes = rules_hold(json_root(c), json_root(d), &v);
    json_free(c);
    json_free(d);
    return yes;
}

static void condition__compares_text_numbers_and_truth(void **state)
{
    (void)state;
    assert_true(holds("[]", "{}"));
    assert_true(holds("[{\"at\":\"/a\",\"equals\":5}]", "{\"a\":5}"));
    assert_true(holds("[{\"at\":\"/a\",\"equals\":5}]", "{\"a\":\"5\"}"));
    assert_false(holds("[{\"at\":\"/a\",\"equals\":5}]", "{\"a\":[5]}"));
    assert_false(holds("[{\"at\":\"/a\",\"equals\":5}]", "{}"));
    assert_true(holds("[{\"at\":\"/a\",\"equals\":true}]", "{\"a\":true}"));
    assert_false(holds("[{\"at\":\"/a\",\"equals\":true}]", "{\"a\":false}"));
    assert_true(holds("[{\"at\":\"/a\",\"in\":[1,\"x\"]}]", "{\"a\":\"x\"}"));
    assert_false(holds("[{\"at\":\"/a\",\"in\":[1,\"x\"]}]", "{\"a\":null}"));
    assert_true(holds("[{\"at\":\"/a\",\"equals\":{\"$in\":\"order.number\"}}]", "{\"a\":501}"));
    assert_false(holds("[{\"at\":\"/a\",\"equals\":{\"$in\":\"parcel.link\"}}]", "{\"a\":\"\"}"));
    assert_true(
        holds("[{\"at\":\"/0/m\",\"contains\":\"QUANTITY\"}]", "[{\"m\":\"bad quantity\"}]"));
    assert_true(holds("[{\"at\":\"/a\",\"exists\":false}]", "{}"));
    assert_true(holds("[{\"at\":\"/a\",\"empty\":true}]", "{\"a\":[]}"));
    assert_false(holds("[{\"at\":\"/a\",\"empty\":true}]", "{\"a\":0}"));
    assert_true(holds("[{\"value\":\"order.number\",\"in\":[501]}]", "{}"));
    assert_false(holds("[{\"at\":\"/a\",\"equals\":1},{\"at\":\"/b\",\"equals\":1}]", "{\"a\":1}"));
}

static void key__is_found_as_a_whole_word_with_its_number(void **state)
{
    static const struct {
        const char *text;
        int number;
    } cases[] = {
        {"PB7-x1-12-1", 1},
        {"sent PB7-x1-12-3.", 3},
        {"PB7-x1-12-10", 10},
        {"PB7-x1-12", 0},
        {"PB7-x1-12-", 0},
        {"PB7-x1-12-1a", 0},
        {"PB7-x1-123-1", 0},
        {"APB7-x1-12-1", 0},
        {"PB7-x1-12-1-2", 0},
        {"PB7-x1-123-1 PB7-x1-12-2", 2},
        {"PB7-x1-12-0", 0},
        {"PB7-x1-12-99999", 0},
        {"", 0},
        {"PB7-x1-12-1 PB7-x1-12-2", 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(remote_key_number(slice_text(cases[i].text), "PB7-x1-12"),
                         cases[i].number);
    }
    assert_int_equal(remote_key_number(SLICE("-1"), ""), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(definition__compiled_in_is_valid),
        cmocka_unit_test(definition__faults_name_place_and_reason),
        cmocka_unit_test(definition__survives_any_broken_byte),
        cmocka_unit_test(template__keeps_types_and_never_lets_text_become_structure),
        cmocka_unit_test(template__encodes_every_value_for_its_place),
        cmocka_unit_test(value__is_refused_and_never_cut),
        cmocka_unit_test(condition__compares_text_numbers_and_truth),
        cmocka_unit_test(key__is_found_as_a_whole_word_with_its_number),
    };
    return cmocka_run_group_tests_name("channels definition", tests, NULL, NULL);
}
