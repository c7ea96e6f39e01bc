#include "firmware/channels/definition.h"
#include "firmware/channels/values.h"

struct slice channel_option(const struct config_channel *config, struct slice name)
{
    for (size_t i = 0; i < CONFIG_OPTIONS_MAX; i++) {
        struct slice text = slice_text(config->options[i]);
        size_t equals = slice_find_byte(text, '=');
        if (equals < text.len && slice_eq(slice_sub(text, 0, equals), name)) {
            return slice_sub(text, equals + 1, text.len);
        }
    }
    return SLICE_NONE;
}

void options_set(json_node root, const struct config_channel *config, struct values *v)
{
    json_node options = json_member(root, "options");
    for (json_node n = json_first(options); n != NULL; n = json_next(n)) {
        char name[VALUE_NAME_CAP];
        struct buf b = buf_over(name, sizeof name);
        struct slice value = channel_option(config, json_name(n));
        if (value.len == 0) value = json_text(json_member(n, "otherwise"));
        buf_text(&b, "option.");
        buf_put(&b, json_name(n));
        err_ignore(value_set_named(v, buf_slice(&b), value)); /* room was checked */
    }
}
