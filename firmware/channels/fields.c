#include "firmware/channels/fields.h"

#include <string.h>

#define NOTE_ROOM       ((size_t)4 * NOTE_STORE_MAX)
#define DEFINITION_ROOM (64u << 10)

void order_fields_init(struct order_fields *f)
{
    f->watch = f->missing = false;
    f->unnamed_count = 0;
    for (size_t i = 0; i <= CONFIG_NOTE_GIFT; i++) {
        f->notes[i] = buf_new(NOTE_ROOM);
    }
}

void order_fields_deinit(struct order_fields *f)
{
    for (size_t i = 0; i <= CONFIG_NOTE_GIFT; i++) {
        buf_deinit(&f->notes[i]);
    }
}

static bool is_empty(json_node n)
{
    enum json_kind kind = json_kind(n);
    if (kind == JSON_STRING) return slice_trim(json_text(n)).len == 0;
    if (kind == JSON_ARRAY || kind == JSON_OBJECT) return json_count(n) == 0;
    if (kind == JSON_BOOL) return !json_bool(n, false);
    return kind == JSON_ABSENT || kind == JSON_NULL;
}

static void put_note(struct order_fields *f, const struct config_order_field *c, json_node value)
{
    struct buf *b = &f->notes[c->to];
    if (c->to == CONFIG_NOTE_NONE) return;
    if (b->len > 0) buf_byte(b, '\n');
    buf_printf(b, "%s: ", c->name);
    if (json_kind(value) == JSON_STRING)
        buf_put(b, json_text(value));
    else
        json_render(value, b);
}

static bool starts_member(const char *pointer, struct slice name)
{
    struct slice rest = slice_sub(slice_text(pointer), 1, strlen(pointer));
    return slice_eq(slice_sub(rest, 0, slice_find_byte(rest, '/')), name);
}

static bool is_named(struct slice name, const struct config_site *site, const char *channel,
                     struct slice definition)
{
    char pointer[FIELD_NAME_CAP + 4];
    for (size_t i = 0; i < site->order_field_count; i++) {
        const struct config_order_field *c = &site->order_fields[i];
        if (strcmp(c->channel, channel) == 0 && starts_member(c->at, name)) return true;
    }
    for (const char *end = "\"/"; *end != '\0'; end++) {
        struct buf b = buf_over(pointer, sizeof pointer);
        buf_text(&b, "\"/");
        buf_put(&b, name);
        buf_byte(&b, (uint8_t)*end);
        if (slice_find(definition, buf_slice(&b)) < definition.len) return true;
    }
    return false;
}

static void find_unnamed(struct order_fields *f, const struct config_site *site,
                         const char *channel, json_node definition, json_node order)
{
    struct buf text = buf_new(DEFINITION_ROOM);
    json_render(definition, &text);
    for (json_node n = json_first(order); n != NULL; n = json_next(n)) {
        struct slice name = json_name(n);
        bool kept = !is_empty(n) && name.len > 0 && name.len < FIELD_NAME_CAP &&
                    f->unnamed_count < FIELDS_UNNAMED_MAX;
        if (!kept || is_named(name, site, channel, buf_slice(&text))) continue;
        slice_copy_cut(name, f->unnamed[f->unnamed_count++], FIELD_NAME_CAP);
    }
    buf_deinit(&text);
}

void order_fields_take(struct order_fields *f, const struct config_site *site, const char *channel,
                       json_node definition, json_node order)
{
    for (size_t i = 0; i < site->order_field_count; i++) {
        const struct config_order_field *c = &site->order_fields[i];
        if (strcmp(c->channel, channel) != 0) continue;
        json_node value = json_at(order, c->at);
        if (!is_empty(value)) {
            put_note(f, c, value);
        } else if (c->required && !f->missing) {
            f->missing = true;
            memcpy(f->missing_name, c->name, sizeof f->missing_name);
        }
    }
    if (f->watch) find_unnamed(f, site, channel, definition, order);
}
