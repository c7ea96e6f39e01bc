#include "firmware/channels/take.h"

#include "firmware/base/text.h"

static void node_text(json_node n, char out[VALUE_CAP])
{
    out[0] = '\0';
    if (json_kind(n) == JSON_BOOL) {
        err_ignore(slice_copy(json_bool(n, false) ? SLICE("true") : SLICE("false"), out,
                              VALUE_CAP)); /* fits */
    } else {
        err_ignore(json_id(n, out, VALUE_CAP)); /* "" then: a template that needs it says so */
    }
}

static void header_text(json_node source, const struct hal_http_result *reply, char out[VALUE_CAP])
{
    char name[64];
    out[0] = '\0';
    if (reply == NULL) return;
    if (slice_copy(json_text(json_member(source, "header")), name, sizeof name) != ERR_OK) return;
    struct slice text = hal_http_header(reply, name);
    size_t from = 0;
    for (size_t i = 0; i < text.len && json_bool(json_member(source, "last_part"), false); i++) {
        if (text.ptr[i] == '/') from = i + 1;
    }
    text = slice_sub(text, from, text.len);
    if (text_is_print(text)) err_ignore(slice_copy(text, out, VALUE_CAP)); /* "" then */
}

static void row_text(json_node source, const struct row *row, const struct values *v,
                     char out[VALUE_CAP])
{
    json_node list = pointer_member(row, source, "each");
    out[0] = '\0';
    for (json_node n = json_first(list); n != NULL; n = json_next(n)) {
        const struct row inner = {.node = n, .outer = row->node};
        if (!rules_hold_row(json_member(source, "where"), &inner, v)) continue;
        node_text(pointer_member(&inner, source, "at"), out);
        return;
    }
}

void take_text(json_node source, const struct row *row, const struct hal_http_result *reply,
               const struct values *v, char out[VALUE_CAP])
{
    if (json_kind(source) != JSON_OBJECT) {
        node_text(pointer_find(row, source), out);
    } else if (json_member(source, "header") != NULL) {
        header_text(source, reply, out);
    } else {
        row_text(source, row, v, out);
    }
}

void take_all(json_node takes, const struct row *row, const struct hal_http_result *reply,
              struct values *v)
{
    for (json_node n = json_first(takes); n != NULL; n = json_next(n)) {
        char text[VALUE_CAP];
        take_text(n, row, reply, v, text);
        err_ignore(value_set_named(v, json_name(n), slice_text(text))); /* room was checked */
    }
}
