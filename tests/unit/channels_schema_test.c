/* The JSON Schema of definitions says what the station's own tables say, and every definition that
 * comes with the station validates under it. With --print the schema is written out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/channels/definition.h"
#include "firmware/channels/definition_shape.h"

#define FILE_NAME   "docs/channel-definition.schema.json"
#define SCHEMA_ROOM 131072
#define KINDS_MAX   40
#define WORK_MAX    4096

/* ------------------------------------------------------------------------------------- as tables
 */

struct kinds {
    const struct kind *list[KINDS_MAX];
    size_t count;
};

static void collect(struct kinds *k)
{
    k->list[k->count++] = &definition_kind;
    for (size_t i = 0; i < k->count; i++) {
        for (size_t m = 0; m < k->list[i]->count; m++) {
            const struct kind *next = k->list[i]->members[m].kind;
            size_t at = 0;
            while (at < k->count && k->list[at] != next) {
                at++;
            }
            if (next != NULL && at == k->count) k->list[k->count++] = next;
        }
    }
}

static void put_ref(struct buf *b, const struct kind *kind)
{
    buf_text(b, "{\"$ref\":\"#/$defs/");
    for (const char *c = kind->name; *c != '\0'; c++) {
        buf_byte(b, *c == ' ' ? '_' : (uint8_t)*c);
    }
    buf_text(b, "\"}");
}

static void put_words(struct buf *b, const char *const *words)
{
    buf_text(b, "{\"enum\":[");
    for (size_t i = 0; words[i] != NULL; i++) {
        buf_printf(b, "%s\"%s\"", i > 0 ? "," : "", words[i]);
    }
    buf_text(b, "]}");
}

static const char *const plain_shapes[SHAPE_COUNT] = {
    [SHAPE_TEXT] = "{\"type\":\"string\",\"minLength\":1,\"maxLength\":127}",
    [SHAPE_PHRASE] = "{\"type\":\"string\",\"maxLength\":255}",
    [SHAPE_BOOL] = "{\"type\":\"boolean\"}",
    [SHAPE_POINTER] = "{\"$ref\":\"#/$defs/pointer\"}",
    [SHAPE_POINTERS] = "{\"type\":\"array\",\"minItems\":1,\"maxItems\":64,\"items\":{\"type\":"
                       "\"string\",\"maxLength\":159}}",
    [SHAPE_SCALAR] = "{\"$ref\":\"#/$defs/scalar\"}",
    [SHAPE_SCALARS] = "{\"type\":\"array\",\"minItems\":1,\"maxItems\":64,\"items\":{\"$ref\":"
                      "\"#/$defs/scalar\"}}",
    [SHAPE_STATUSES] = "{\"type\":\"array\",\"minItems\":1,\"maxItems\":64,\"items\":{\"anyOf\":[{"
                       "\"type\":\"integer\",\"minimum\":100,\"maximum\":599},{\"type\":\"string\","
                       "\"pattern\":\"^[1-5]xx$\"}]}}",
    [SHAPE_VALUE] = "{\"type\":\"string\",\"minLength\":1}",
    [SHAPE_PATH] = "{\"type\":\"string\",\"minLength\":1,\"maxLength\":255,\"pattern\":\"^/\"}",
    [SHAPE_URL] = "{\"type\":\"string\",\"pattern\":\"^[{]option[.][a-z_0-9]+[}]$\"}",
    [SHAPE_QUERY] = "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\","
                    "\"maxLength\":255}}",
    [SHAPE_HEADERS] = "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\","
                      "\"minLength\":1,\"maxLength\":255}}",
    [SHAPE_FORM] = "{\"type\":\"object\",\"additionalProperties\":{\"anyOf\":[{\"type\":\"string\","
                   "\"maxLength\":255},{\"type\":\"object\"}]}}",
    [SHAPE_TEMPLATE] = "{\"type\":\"object\"}",
};

static void put_shape(struct buf *b, const struct member *m)
{
    if (plain_shapes[m->shape] != NULL) {
        buf_text(b, plain_shapes[m->shape]);
    } else if (m->shape == SHAPE_WORD) {
        put_words(b, m->words);
    } else if (m->shape == SHAPE_WORDS) {
        buf_text(b, "{\"type\":\"array\",\"minItems\":1,\"items\":");
        put_words(b, m->words);
        buf_text(b, "}");
    } else if (m->shape == SHAPE_INT) {
        buf_printf(b, "{\"type\":\"integer\",\"minimum\":%lld,\"maximum\":%lld}", (long long)m->low,
                   (long long)m->high);
    } else if (m->shape == SHAPE_OBJECT) {
        put_ref(b, m->kind);
    } else if (m->shape == SHAPE_LIST) {
        buf_printf(b, "{\"type\":\"array\",\"minItems\":%lld,\"maxItems\":%lld,\"items\":",
                   (long long)m->low, (long long)m->high);
        put_ref(b, m->kind);
        buf_text(b, "}");
    } else {
        buf_text(b, "{\"type\":\"object\",\"additionalProperties\":");
        if (m->shape == SHAPE_TAKES) buf_text(b, "{\"anyOf\":[{\"$ref\":\"#/$defs/pointer\"},");
        put_ref(b, m->kind);
        buf_text(b, m->shape == SHAPE_TAKES ? "]}}" : "}");
    }
}

static void put_kind(struct buf *b, const struct kind *kind)
{
    const char *comma = "";
    buf_text(b, "\"type\":\"object\",\"additionalProperties\":false,\"required\":[");
    for (size_t i = 0; i < kind->count; i++) {
        if (!kind->members[i].required) continue;
        buf_printf(b, "%s\"%s\"", comma, kind->members[i].name);
        comma = ",";
    }
    buf_text(b, "],\"properties\":{");
    for (size_t i = 0; i < kind->count; i++) {
        buf_printf(b, "%s\"%s\":", i > 0 ? "," : "", kind->members[i].name);
        put_shape(b, &kind->members[i]);
    }
    buf_text(b, "}");
}

static void put_schema(struct buf *b)
{
    struct kinds k = {.count = 0};
    collect(&k);
    buf_text(b, "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"title\":"
                "\"packd channel definition\",");
    put_kind(b, k.list[0]);
    buf_text(b, ",\"$defs\":{\"pointer\":{\"anyOf\":[{\"type\":\"string\",\"maxLength\":159},{"
                "\"type\":\"array\",\"minItems\":1,\"maxItems\":4,\"items\":{\"type\":\"string\","
                "\"maxLength\":159}}]},\"scalar\":{\"type\":[\"string\",\"number\",\"boolean\","
                "\"object\"]}");
    for (size_t i = 1; i < k.count; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s", k.list[i]->name);
        for (char *c = name; *c != '\0'; c++) {
            if (*c == ' ') *c = '_';
        }
        buf_printf(b, ",\"%s\":{", name);
        put_kind(b, k.list[i]);
        buf_text(b, "}");
    }
    buf_text(b, "}}");
}

static void schema__says_what_the_tables_say(void **state)
{
    (void)state;
    static uint8_t text[SCHEMA_ROOM];
    struct buf tables = buf_new(SCHEMA_ROOM);
    struct buf written = buf_new(SCHEMA_ROOM);
    struct json_doc *doc = NULL;
    put_schema(&tables);
    FILE *f = fopen(FILE_NAME, "rb");
    assert_non_null(f);
    size_t len = fread(text, 1, sizeof text, f);
    fclose(f);
    assert_int_equal(json_parse(slice_of(text, len), &doc, NULL), ERR_OK);
    json_render(json_root(doc), &written);
    if (!slice_eq(buf_slice(&tables), buf_slice(&written))) {
        fail_msg("the tables changed: write the output of this program with --print to " FILE_NAME);
    }
    json_free(doc);
    buf_deinit(&tables);
    buf_deinit(&written);
}

/* ------------------------------------------------------------------------------------ validating
 */

struct work {
    json_node schema, node;
};

struct validator {
    json_node root;
    struct work work[WORK_MAX];
    size_t count;
};

static bool is_type(json_node node, struct slice type)
{
    enum json_kind kind = json_kind(node);
    return (kind == JSON_STRING && slice_is(type, "string")) ||
           (kind == JSON_BOOL && slice_is(type, "boolean")) ||
           (kind == JSON_ARRAY && slice_is(type, "array")) ||
           (kind == JSON_OBJECT && slice_is(type, "object")) ||
           (kind == JSON_NUMBER && (slice_is(type, "number") || slice_is(type, "integer")));
}

static bool has_type(json_node schema, json_node node)
{
    json_node type = json_member(schema, "type");
    if (type == NULL || is_type(node, json_text(type))) return true;
    for (json_node t = json_first(type); t != NULL; t = json_next(t)) {
        if (is_type(node, json_text(t))) return true;
    }
    return false;
}

/* A reference among alternatives stands for the pointer; objects are the last of them. */
static json_node alternative(json_node any, json_node node)
{
    json_node last = NULL;
    for (json_node a = json_first(any); a != NULL; a = json_next(a)) {
        last = a;
        bool reference = json_member(a, "$ref") != NULL;
        if (reference && json_kind(node) == JSON_OBJECT) continue;
        if (reference || has_type(a, node)) return a;
    }
    return last;
}

/* Follows references and picks the alternative of the node's type. */
static json_node resolve(const struct validator *v, json_node schema, json_node node)
{
    for (int turns = 0; turns < 8 && schema != NULL; turns++) {
        struct slice ref = json_text(json_member(schema, "$ref"));
        json_node any = json_member(schema, "anyOf");
        char name[80];
        if (ref.len == 0 && any == NULL) return schema;
        if (any != NULL) {
            schema = alternative(any, node);
            continue;
        }
        assert_int_equal(slice_copy(slice_sub(ref, 8, ref.len), name, sizeof name), ERR_OK);
        schema = json_member(json_member(v->root, "$defs"), name);
    }
    return schema;
}

static bool within(json_node schema, const char *low, const char *high, int64_t value)
{
    int64_t bound = 0;
    json_node l = json_member(schema, low);
    json_node h = json_member(schema, high);
    if (l != NULL && json_int(l, INT64_MIN / 2, INT64_MAX / 2, &bound) == ERR_OK && value < bound)
        return false;
    return h == NULL || json_int(h, INT64_MIN / 2, INT64_MAX / 2, &bound) != ERR_OK ||
           value <= bound;
}

static void add(struct validator *v, json_node schema, json_node node)
{
    assert_true(v->count < WORK_MAX);
    v->work[v->count++] = (struct work){schema, node};
}

static bool add_members(struct validator *v, json_node schema, json_node node)
{
    json_node required = json_member(schema, "required");
    for (json_node r = json_first(required); r != NULL; r = json_next(r)) {
        char name[64];
        assert_int_equal(json_string(r, name, sizeof name), ERR_OK);
        if (json_member(node, name) == NULL) return false;
    }
    json_node others = json_member(schema, "additionalProperties");
    for (json_node m = json_first(node); m != NULL; m = json_next(m)) {
        char name[128];
        if (slice_copy(json_name(m), name, sizeof name) != ERR_OK) return false;
        json_node known = json_member(json_member(schema, "properties"), name);
        if (known == NULL && json_kind(others) == JSON_BOOL) return false;
        if (known != NULL) add(v, known, m);
        if (known == NULL && others != NULL) add(v, others, m);
    }
    return true;
}

static bool is_listed(json_node words, json_node node)
{
    for (json_node w = json_first(words); w != NULL; w = json_next(w)) {
        if (slice_eq(json_text(w), json_text(node))) return true;
    }
    return words == NULL;
}

static bool validates_here(struct validator *v, struct work w)
{
    json_node schema = resolve(v, w.schema, w.node);
    int64_t number = 0;
    if (schema == NULL || !has_type(schema, w.node)) return false;
    if (!is_listed(json_member(schema, "enum"), w.node)) return false;
    switch (json_kind(w.node)) {
    case JSON_STRING:
        return within(schema, "minLength", "maxLength", (int64_t)json_text(w.node).len);
    case JSON_NUMBER:
        return json_int(w.node, INT64_MIN / 2, INT64_MAX / 2, &number) != ERR_OK ||
               within(schema, "minimum", "maximum", number);
    case JSON_ARRAY:
        for (json_node n = json_first(w.node); n != NULL; n = json_next(n)) {
            json_node items = json_member(schema, "items");
            if (items != NULL) add(v, items, n);
        }
        return within(schema, "minItems", "maxItems", (int64_t)json_count(w.node));
    case JSON_OBJECT:
        return add_members(v, schema, w.node);
    case JSON_ABSENT:
    case JSON_NULL:
    case JSON_BOOL:
    default:
        return true;
    }
}

static bool validates(json_node schema, json_node node)
{
    static struct validator v;
    v.root = schema;
    v.count = 0;
    add(&v, schema, node);
    while (v.count > 0) {
        struct work w = v.work[--v.count];
        if (!validates_here(&v, w)) {
            print_message("does not validate: %.*s\n", SLICE_ARGS(json_name(w.node)));
            return false;
        }
    }
    return true;
}

static void schema__takes_every_definition_that_comes_with_the_station(void **state)
{
    (void)state;
    struct buf text = buf_new(SCHEMA_ROOM);
    struct json_doc *schema = NULL;
    put_schema(&text);
    assert_int_equal(json_parse(buf_slice(&text), &schema, NULL), ERR_OK);
    for (size_t i = 0; definition_builtin_name(i) != NULL; i++) {
        struct json_doc *d = NULL;
        const char *name = definition_builtin_name(i);
        assert_int_equal(json_parse(definition_builtin(name), &d, NULL), ERR_OK);
        if (!validates(json_root(schema), json_root(d))) fail_msg("%s", name);
        json_free(d);
    }
    struct json_doc *wrong = NULL;
    assert_int_equal(json_parse(SLICE("{\"name\":\"x\",\"format\":2}"), &wrong, NULL), ERR_OK);
    assert_false(validates(json_root(schema), json_root(wrong)));
    json_free(wrong);
    json_free(schema);
    buf_deinit(&text);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schema__says_what_the_tables_say),
        cmocka_unit_test(schema__takes_every_definition_that_comes_with_the_station),
    };
    if (argc > 1 && strcmp(argv[1], "--print") == 0) {
        struct buf b = buf_new(SCHEMA_ROOM);
        put_schema(&b);
        puts(buf_cstr(&b));
        buf_deinit(&b);
        return 0;
    }
    return cmocka_run_group_tests_name("channels schema", tests, NULL, NULL);
}
