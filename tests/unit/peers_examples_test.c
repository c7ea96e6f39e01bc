#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/peers_call.h"

/* Our description of the Clarus writes carries example bodies. The stand-in must take them as they
 * stand, so the world is filled until the ids they name exist. */

#define SPEC "../shared/specs/clarus/openapi.yaml"

#define EXAMPLE_ORDER    40217
#define EXAMPLE_SHIPMENT 90311

static bool is_bare(char c)
{
    return c && !strchr("{}[],:'\" \n", c);
}

/* The words of a YAML flow mapping: texts get quotes, numbers and keywords stay. */
static const char *put_word(struct buf *b, const char *at)
{
    const char *end = at;
    while (is_bare(*end) || (*end == ':' && end[1] != ' ') || (*end == ' ' && is_bare(end[1])))
        end++;
    struct slice word = slice_of(at, (size_t)(end - at));
    size_t digits = strspn(at, "0123456789.-");
    bool keep = digits == word.len || slice_is(word, "true") || slice_is(word, "false") ||
                slice_is(word, "null");
    if (!keep) buf_byte(b, '"');
    buf_put(b, word);
    if (!keep) buf_byte(b, '"');
    return end;
}

static const char *flow_to_json(const char *at, char *out, size_t cap)
{
    struct buf b = buf_over(out, cap);
    while (*at && *at != '\n') {
        if (*at == '\'') {
            size_t len = strcspn(at + 1, "'");
            buf_printf(&b, "\"%.*s\"", (int)len, at + 1);
            at += len + 2;
        } else if (is_bare(*at)) {
            at = put_word(&b, at);
        } else {
            buf_byte(&b, (uint8_t)*at++);
        }
    }
    return buf_cstr(&b);
}

static char *spec_text(void)
{
    static char text[128 * 1024];
    FILE *f = fopen(SPEC, "rb");
    if (!f) return NULL;
    size_t n = fread(text, 1, sizeof text - 1, f);
    (void)fclose(f);
    text[n] = 0;
    return text;
}

/* The example after `anchor`, as JSON; `lead` is what stands before it on its line. */
static const char *example_after(const char *text, const char *anchor, const char *lead, char *out,
                                 size_t cap)
{
    const char *at = strstr(text, anchor);
    assert_non_null(at);
    at = strstr(at, lead);
    assert_non_null(at);
    at += strlen(lead);
    if (*at == '{') return flow_to_json(at, out, cap);
    char line[2048];
    (void)snprintf(line, sizeof line, "{%.*s}", (int)strcspn(at, "\n"), at);
    return flow_to_json(line, out, cap);
}

static struct caller world_with_example_ids(void)
{
    struct caller c;
    char body[200];
    caller_init(&c, peers_new(NULL));
    peers_seed_demo(c.p, c.now_ms);
    caller_sign_on(&c, "bench-1");
    for (int n = 20001; n < 20005; n++) {
        (void)snprintf(
            body, sizeof body,
            "{\"reference\":\"WEB-%d\",\"lines\":[{\"sku\":\"MUG-RED\",\"quantity\":24}]}", n);
        assert_int_equal(control_call(&c, "POST", "/orders", body), 200);
    }
    int64_t id = 0;
    while (id < EXAMPLE_SHIPMENT) {
        (void)snprintf(body, sizeof body,
                       "{\"data\":{\"type\":\"shipments\",\"attributes\":{\"goods_out_id\":%d}}}",
                       EXAMPLE_ORDER);
        assert_int_equal(clarus_call(&c, "POST", "/api/shipments", body), 200);
        id = reply_number(&c, "/data/id");
    }
    return c;
}

static void examples__shipments_and_packages_are_accepted(void **state)
{
    (void)state;
    char body[2048];
    const char *text = spec_text();
    if (!text) {
        print_message("skipped: " SPEC " is not here\n");
        return;
    }
    struct caller c = world_with_example_ids();
    assert_int_equal(clarus_call(&c, "POST", "/api/shipments",
                                 example_after(text, "header_only:", "value: ", body, sizeof body)),
                     200);
    assert_string_equal(reply_string(&c, "/data/attributes/reference"), "PS07-000481");
    assert_int_equal(clarus_call(&c, "POST", "/api/shipments",
                                 example_after(text, "with_parcel:", "value: ", body, sizeof body)),
                     200);
    assert_int_equal(clarus_call(&c, "POST", "/api/packages",
                                 example_after(text, "operationId: createPackage",
                                               "example:\n              ", body, sizeof body)),
                     200);
    char path[64];
    (void)snprintf(path, sizeof path, "/api/packages/%s", reply_string(&c, "/data/id"));
    assert_int_equal(clarus_call(&c, "PATCH", path,
                                 example_after(text, "operationId: updatePackage",
                                               "example:\n              ", body, sizeof body)),
                     200);
    assert_int_equal(clarus_call(&c, "POST", "/api/shipments/90311/submit", NULL), 200);
    caller_deinit(&c);
}

static void examples__tasks_and_orders_are_accepted(void **state)
{
    (void)state;
    char body[2048];
    char path[64];
    const char *text = spec_text();
    if (!text) {
        print_message("skipped: " SPEC " is not here\n");
        return;
    }
    struct caller c = world_with_example_ids();
    assert_non_null(graphql_call(&c,
                                 "{tasks{all(filter:{goods_out_id:{eq:\"40217\"},task_type_code:{"
                                 "eq:\"DISP\"}}){edges{node{id}}}}}"));
    char task[16];
    (void)snprintf(task, sizeof task, "%s", reply_string(&c, "/data/tasks/all/edges/0/node/id"));
    (void)snprintf(path, sizeof path, "/api/tasks/%s/allocate", task);
    assert_int_equal(clarus_call(&c, "POST", path,
                                 example_after(text, "operationId: allocateTask", "example: ", body,
                                               sizeof body)),
                     204);
    (void)snprintf(path, sizeof path, "/api/tasks/%s", task);
    assert_int_equal(
        clarus_call(&c, "PATCH", path,
                    example_after(text, "operationId: updateTask", "example: ", body, sizeof body)),
        200);
    assert_string_equal(reply_string(&c, "/data/attributes/status"), "COMPLETED");
    assert_int_equal(reply_number(&c, "/data/attributes/confirmed_quantity"), 24);
    assert_null(peers_violation(c.p, 0));
    caller_deinit(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples__shipments_and_packages_are_accepted),
        cmocka_unit_test(examples__tasks_and_orders_are_accepted),
    };
    return cmocka_run_group_tests_name("peers_examples", tests, NULL, NULL);
}
