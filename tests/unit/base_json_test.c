/* What the JSON reader refuses, what it keeps exactly, and what the writer emits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/json.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct json_doc *parse(const char *text)
{
    struct json_doc *doc = NULL;
    struct json_fault fault;
    err_t e = json_parse(slice_text(text), &doc, &fault);
    if (e) fail_msg("%s: %s", text, fault.reason);
    return doc;
}

static void json__refuses_what_is_not_strict(void **state)
{
    (void)state;
    const struct {
        struct slice text;
        const char *reason;
    } BAD[] = {
        {SLICE(""), "too early"},
        {SLICE("   "), "too early"},
        {SLICE("{} x"), "bytes after"},
        {SLICE("{}\0"), "bytes after"},
        {SLICE("{}{}"), "bytes after"},
        {SLICE("\xEF\xBB\xBF{}"), "byte order"},
        {SLICE("<html>"), "HTML"},
        {SLICE("{\"a\":\"x\\u0000y\"}"), "\\u0000"},
        {SLICE("{\"a\\u0000\":1}"), "\\u0000"},
        {SLICE("[\"\\ud800\"]"), "surrogate"},
        {SLICE("[\"\\ud800\\u0041\"]"), "surrogate"},
        {SLICE("[\"\\udc00\"]"), "surrogate"},
        {SLICE("[\"a\nb\"]"), "control"},
        {SLICE("[\"a\0b\"]"), "control"},
        {SLICE("[\"\xC0\x80\"]"), "UTF-8"},
        {SLICE("[\"\\x\"]"), "escape"},
        {SLICE("[\"\\u12g4\"]"), "\\u escape"},
        {SLICE("[\"a"), "without an end"},
        {SLICE("[\"a\\"), "escape"},
        {SLICE("[01]"), "leading zeros"},
        {SLICE("[-]"), "without digits"},
        {SLICE("[1.]"), "point"},
        {SLICE("[1e]"), "exponent"},
        {SLICE("[.5]"), "value was expected"},
        {SLICE("[+1]"), "value was expected"},
        {SLICE("[NaN]"), "value was expected"},
        {SLICE("[tru]"), "value was expected"},
        {SLICE("[1,]"), "value was expected"},
        {SLICE("[1 2]"), "comma"},
        {SLICE("[1"), "too early"},
        {SLICE("[1}"), "comma"},
        {SLICE("{\"a\" 1}"), "colon"},
        {SLICE("{a:1}"), "string was expected"},
        {SLICE("{\"a\":1,}"), "string was expected"},
        {SLICE("{'a':1}"), "string was expected"},
        {SLICE("{\"a\":}"), "value was expected"},
        {SLICE("[1]//"), "bytes after"},
        {SLICE("[1111111111222222222233333333334444444444555555555566666666667]"), "digits"},
    };
    for (size_t i = 0; i < COUNT(BAD); i++) {
        struct json_doc *doc = NULL;
        struct json_fault fault = {.reason = ""};
        assert_int_equal(json_parse(BAD[i].text, &doc, &fault), ERR_PROTO);
        assert_null(doc);
        if (strstr(fault.reason, BAD[i].reason) == NULL) {
            fail_msg("%s: '%s' does not say '%s'", (const char *)BAD[i].text.ptr, fault.reason,
                     BAD[i].reason);
        }
        assert_int_equal(json_parse(BAD[i].text, &doc, NULL), ERR_PROTO);
    }
}

static void json__says_where_a_fault_is(void **state)
{
    (void)state;
    struct json_doc *doc = NULL;
    struct json_fault fault;
    assert_int_equal(json_parse(SLICE("{\n\"a\":1,\n  \"b\":?}"), &doc, &fault), ERR_PROTO);
    assert_int_equal(fault.line, 3);
    assert_int_equal(fault.offset, 15);
}

static void json__refuses_duplicate_names_with_their_path(void **state)
{
    (void)state;
    struct json_doc *doc = NULL;
    struct json_fault fault;
    assert_int_equal(json_parse(SLICE("{\"data\":[{},{\"id\":1,\"x\":2,\"id\":1}]}"), &doc, &fault),
                     ERR_PROTO);
    assert_string_equal(fault.path, "$.data[1].id");
    assert_int_equal(json_parse(SLICE("{\"id\":1,\"\\u0069d\":2}"), &doc, &fault), ERR_PROTO);
    assert_string_equal(fault.path, "$.id");
    json_free(parse("{\"id\":1,\"ID\":2,\"a\":{\"id\":1}}"));
}

static void json__finds_a_duplicate_among_many(void **state)
{
    (void)state;
    struct buf b = buf_new(1u << 22);
    buf_byte(&b, '{');
    for (int i = 0; i < 50000; i++) {
        buf_printf(&b, "\"k%d\":%d,", (i * 7919) % 50000, i);
    }
    size_t end = b.len;
    buf_text(&b, "\"last\":0}");
    struct json_doc *doc = NULL;
    assert_int_equal(json_parse(buf_slice(&b), &doc, NULL), ERR_OK);
    json_free(doc);
    doc = NULL;
    b.len = end;
    buf_text(&b, "\"k31415\":0}");
    struct json_fault fault;
    assert_int_equal(json_parse(buf_slice(&b), &doc, &fault), ERR_PROTO);
    assert_string_equal(fault.path, "$.k31415");
    buf_deinit(&b);
}

static void nest(struct buf *b, int depth)
{
    buf_clear(b);
    for (int i = 0; i < depth; i++) {
        buf_text(b, i % 2 ? "[" : "{\"a\":");
    }
    buf_text(b, "1");
    for (int i = depth - 1; i >= 0; i--) {
        buf_text(b, i % 2 ? "]" : "}");
    }
}

static void json__limits_depth(void **state)
{
    (void)state;
    char room[65536];
    char out[512];
    struct buf b = buf_over(room, sizeof room);
    struct json_doc *doc = NULL;
    nest(&b, JSON_DEPTH_MAX);
    assert_int_equal(json_parse(buf_slice(&b), &doc, NULL), ERR_OK);
    struct buf o = buf_over(out, sizeof out);
    json_render(json_root(doc), &o);
    assert_true(slice_eq(buf_slice(&o), buf_slice(&b)));
    json_free(doc);
    doc = NULL;
    nest(&b, JSON_DEPTH_MAX + 1);
    assert_int_equal(json_parse(buf_slice(&b), &doc, NULL), ERR_PROTO);
    nest(&b, 5000);
    assert_int_equal(json_parse(buf_slice(&b), &doc, NULL), ERR_PROTO);
}

static void json__keeps_big_integers_exactly(void **state)
{
    (void)state;
    AUTO_JSON struct json_doc *doc = parse(
        "{\"a\":9007199254740993,\"b\":\"9007199254740993\",\"c\":123456789012345678901234567,"
        "\"d\":77102,\"e\":1.0E7,\"f\":-0.0,\"g\":1.5,\"h\":\"123 4\",\"i\":1e400}");
    json_node r = json_root(doc);
    char id[40];
    int64_t n = 0;
    assert_int_equal(json_id(json_member(r, "a"), id, sizeof id), ERR_OK);
    assert_string_equal(id, "9007199254740993");
    assert_int_equal(json_int(json_member(r, "a"), 0, INT64_MAX, &n), ERR_OK);
    assert_true(n == INT64_C(9007199254740993));
    assert_int_equal(json_id(json_member(r, "b"), id, sizeof id), ERR_OK);
    assert_string_equal(id, "9007199254740993");
    assert_int_equal(json_id(json_member(r, "c"), id, sizeof id), ERR_OK);
    assert_string_equal(id, "123456789012345678901234567");
    assert_int_equal(json_int(json_member(r, "c"), 0, INT64_MAX, &n), ERR_PROTO);
    assert_int_equal(json_id(json_member(r, "c"), id, 10), ERR_NOSPACE);
    assert_int_equal(json_int(json_member(r, "e"), 0, INT64_MAX, &n), ERR_OK);
    assert_true(n == 10000000);
    assert_int_equal(json_id(json_member(r, "f"), id, sizeof id), ERR_OK);
    assert_string_equal(id, "0");
    assert_int_equal(json_id(json_member(r, "g"), id, sizeof id), ERR_PROTO);
    assert_int_equal(json_int(json_member(r, "h"), 0, 10, &n), ERR_PROTO);
    assert_int_equal(json_int(json_member(r, "i"), 0, INT64_MAX, &n), ERR_PROTO);
    assert_int_equal(json_int(json_member(r, "d"), 0, 100, &n), ERR_PROTO);
    assert_int_equal(json_id(json_member(r, "none"), id, sizeof id), ERR_NOTFOUND);
    char out[256];
    struct buf b = buf_over(out, sizeof out);
    json_render(json_member(r, "a"), &b);
    assert_string_equal(buf_cstr(&b), "9007199254740993");
}

static void json__reads_quantities_exactly(void **state)
{
    (void)state;
    AUTO_JSON struct json_doc *doc =
        parse("[10, 10.0, \"10.000\", 0.005, 5e-3, 1e1, -1, 0.0005, \"x\", null, true]");
    static const int64_t MILLI[] = {10000, 10000, 10000, 5, 5, 10000};
    json_node n = json_first(json_root(doc));
    qty_t q = QTY_ZERO;
    for (size_t i = 0; i < COUNT(MILLI); i++, n = json_next(n)) {
        assert_int_equal(json_qty(n, &q), ERR_OK);
        assert_true(q.milli == MILLI[i]);
    }
    static const err_t BAD[] = {ERR_PROTO, ERR_PROTO, ERR_PROTO, ERR_NOTFOUND, ERR_PROTO};
    for (size_t i = 0; i < COUNT(BAD); i++, n = json_next(n)) {
        assert_int_equal(json_qty(n, &q), BAD[i]);
    }
    assert_null(n);
}

static void json__navigates(void **state)
{
    (void)state;
    AUTO_JSON struct json_doc *doc = parse("{\"Data\":[{\"id\":\"7\"},{\"a/b\":{\"m~n\":true}}],"
                                           "\"t\":null,\"s\":\"\\u00e4\\ud83d\\ude00\"}");
    json_node r = json_root(doc);
    assert_null(json_member(r, "data"));
    assert_true(slice_is(json_text(json_at(r, "/Data/0/id")), "7"));
    assert_true(json_bool(json_at(r, "/Data/1/a~1b/m~0n"), false));
    assert_null(json_at(r, "/Data/2"));
    assert_null(json_at(r, "/Data/00"));
    assert_null(json_at(r, "/Data/-1"));
    assert_null(json_at(r, "Data"));
    assert_null(json_at(r, "/Data/0/id/x"));
    assert_ptr_equal(json_at(r, ""), r);
    assert_int_equal(json_kind(json_at(r, "/t")), JSON_NULL);
    assert_int_equal(json_kind(json_at(r, "/x")), JSON_ABSENT);
    assert_int_equal(json_kind(r), JSON_OBJECT);
    assert_int_equal(json_count(json_at(r, "/Data")), 2);
    assert_int_equal(json_count(json_at(r, "/s")), 0);
    assert_true(slice_is(json_name(json_first(r)), "Data"));
    assert_true(slice_is(json_text(json_at(r, "/s")), "\xC3\xA4\xF0\x9F\x98\x80"));
    char out[8];
    assert_int_equal(json_string(json_at(r, "/t"), out, sizeof out), ERR_NOTFOUND);
    assert_int_equal(json_string(json_at(r, "/Data"), out, sizeof out), ERR_PROTO);
    assert_int_equal(json_string(json_at(r, "/s"), out, 4), ERR_NOSPACE);
    assert_string_equal(out, "");
    assert_int_equal(json_string(json_at(r, "/s"), out, sizeof out), ERR_OK);
}

static void json__renders_what_it_read(void **state)
{
    (void)state;
    static const char TEXT[] = "{\"a\":[1,2.50,-3e2,[],{}],\"b\":{\"c\":\"x\\\"\\\\\\n\\u001f\"},"
                               "\"d\":[true,false,null],\"e\":\"\xC3\xA4<>\"}";
    AUTO_JSON struct json_doc *doc = parse(TEXT);
    char out[256];
    struct buf b = buf_over(out, sizeof out);
    json_render(json_root(doc), &b);
    assert_string_equal(buf_cstr(&b), TEXT);
    buf_clear(&b);
    json_render(json_at(json_root(doc), "/a"), &b);
    assert_string_equal(buf_cstr(&b), "[1,2.50,-3e2,[],{}]");
    struct buf small = buf_over(out, 10);
    json_render(json_root(doc), &small);
    assert_true(small.overflow);
}

static void json__writes_safe_text(void **state)
{
    (void)state;
    char out[256];
    struct buf b = buf_over(out, sizeof out);
    struct json_writer w = json_write(&b);
    json_open_object(&w, NULL);
    json_put_text(&w, "t", "a\"b\\\x01\t");
    json_put_slice(&w, "u", SLICE("\xFFz\0\xC3\xA4"));
    json_put_text(&w, "n", NULL);
    json_open_array(&w, "l");
    json_put_int(&w, NULL, INT64_MIN);
    json_put_bool(&w, NULL, true);
    json_put_qty(&w, NULL, (qty_t){2500});
    json_put_raw(&w, NULL, SLICE("{\"r\":1}"));
    json_close_array(&w);
    json_open_object(&w, "o");
    json_close_object(&w);
    json_put_null(&w, "z");
    json_close_object(&w);
    assert_string_equal(buf_cstr(&b),
                        "{\"t\":\"a\\\"b\\\\\\u0001\\t\",\"u\":\"\xEF\xBF\xBDz\xEF\xBF"
                        "\xBD\xC3\xA4\",\"n\":null,\"l\":[-9223372036854775808,true,"
                        "2.5,{\"r\":1}],\"o\":{},\"z\":null}");
}

static void json__writer_stops_at_its_depth(void **state)
{
    (void)state;
    char out[256];
    struct buf b = buf_over(out, sizeof out);
    struct json_writer w = json_write(&b);
    for (int i = 0; i < JSON_DEPTH_MAX + 3; i++) {
        json_open_array(&w, NULL);
    }
    assert_true(b.overflow);
}

/* Every prefix and every single-byte change of a valid text is read without a crash. */
static void json__survives_damaged_text(void **state)
{
    (void)state;
    static const char TEXT[] = "{\"a\":[1,-2.5e3,\"x\\u00e4\\n\"],\"b\":{\"c\":null},\"d\":true}";
    static const uint8_t MARKS[] = {0, '"', '\\', '{', '}', '[', ']', ',', ':', '9', 0x80, 0xFF};
    uint8_t copy[sizeof TEXT];
    for (size_t i = 0; i < sizeof TEXT - 1; i++) {
        struct json_doc *doc = NULL;
        assert_int_equal(json_parse(slice_of(TEXT, i), &doc, NULL), ERR_PROTO);
        for (size_t m = 0; m < COUNT(MARKS); m++) {
            memcpy(copy, TEXT, sizeof TEXT);
            copy[i] = MARKS[m];
            if (json_parse(slice_of(copy, sizeof TEXT - 1), &doc, NULL) == ERR_OK) {
                json_free(doc);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json__refuses_what_is_not_strict),
        cmocka_unit_test(json__says_where_a_fault_is),
        cmocka_unit_test(json__refuses_duplicate_names_with_their_path),
        cmocka_unit_test(json__finds_a_duplicate_among_many),
        cmocka_unit_test(json__limits_depth),
        cmocka_unit_test(json__keeps_big_integers_exactly),
        cmocka_unit_test(json__reads_quantities_exactly),
        cmocka_unit_test(json__navigates),
        cmocka_unit_test(json__renders_what_it_read),
        cmocka_unit_test(json__writes_safe_text),
        cmocka_unit_test(json__writer_stops_at_its_depth),
        cmocka_unit_test(json__survives_damaged_text),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
