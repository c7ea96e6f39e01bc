/* What every definition would send can be shown to a person, without sending and without secrets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/channels/preview.h"

#define ROOM (1u << 20)

static void set_options(json_node root, struct config_channel *c)
{
    size_t count = 0;
    for (json_node n = json_first(json_member(root, "options")); n != NULL; n = json_next(n)) {
        snprintf(c->options[count++], sizeof c->options[0], "%.*s=%s", SLICE_ARGS(json_name(n)),
                 slice_is(json_name(n), "token_url") ? "https://auth.test/token" : "7");
    }
}

static void preview__shows_every_request_of_every_definition(void **state)
{
    (void)state;
    for (size_t i = 0; definition_builtin_name(i) != NULL; i++) {
        struct definition_fault fault;
        struct definition d;
        const char *name = definition_builtin_name(i);
        struct config_channel c = {.base_url = "https://shop.test/base"};
        const struct value_line lines[] = {{.remote_id = "11", .sku = "MUG", .quantity = 2}};
        assert_int_equal(definition_load(name, definition_builtin(name), &d, &fault), ERR_OK);
        set_options(d.root, &c);
        const struct preview p = {.config = &c,
                                  .root = d.root,
                                  .order = "501",
                                  .tracking = "TRK1",
                                  .carrier = "DPD",
                                  .lines = lines,
                                  .line_count = 1};
        struct buf out = buf_new(ROOM);
        assert_int_equal(preview_put(&p, &out), ERR_OK);
        const char *text = buf_cstr(&out);
        if (strstr(text, "cannot be made") != NULL) fail_msg("%s: %s", name, text);
        assert_non_null(strstr(text, ": ****\n"));
        assert_non_null(strstr(text, "TRK1"));
        size_t steps = 0;
        for (const char *at = strstr(text, "\nstep "); at != NULL; at = strstr(at + 1, "\nstep ")) {
            steps++;
        }
        assert_int_equal(steps, json_count(json_member(d.root, "steps")));
        buf_deinit(&out);
        definition_deinit(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(preview__shows_every_request_of_every_definition),
    };
    return cmocka_run_group_tests_name("channels preview", tests, NULL, NULL);
}
