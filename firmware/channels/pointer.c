#include "firmware/channels/pointer.h"

static bool is_part_sound(struct slice part)
{
    if (part.len == 0) return false;
    if (part.ptr[0] != '[') return slice_find_byte(part, ']') == part.len;
    size_t equals = slice_find_byte(part, '=');
    return part.ptr[part.len - 1] == ']' && equals > 1 && equals + 2 < part.len;
}

bool pointer_is_sound(struct slice pointer)
{
    if (pointer.len > 0 && pointer.ptr[0] == '^') pointer = slice_sub(pointer, 1, pointer.len);
    if (pointer.len >= JSON_PATH_CAP) return false;
    if (pointer.len > 0 && pointer.ptr[0] != '/') return false;
    for (size_t i = 0; i < pointer.len; i++) {
        uint8_t c = pointer.ptr[i];
        bool escaped =
            i + 1 < pointer.len && (pointer.ptr[i + 1] == '0' || pointer.ptr[i + 1] == '1');
        if (c < 0x21 || c > 0x7E || (c == '~' && !escaped)) return false;
    }
    while (pointer.len > 0) {
        struct slice rest = slice_sub(pointer, 1, pointer.len);
        size_t end = slice_find_byte(rest, '/');
        if (!is_part_sound(slice_sub(rest, 0, end))) return false;
        pointer = slice_sub(rest, end, rest.len);
    }
    return true;
}

/* First element whose member has this text. */
static json_node select(json_node list, struct slice part)
{
    char name[JSON_PATH_CAP];
    size_t equals = slice_find_byte(part, '=');
    struct slice wanted = slice_sub(part, equals + 1, part.len - 1);
    if (json_kind(list) != JSON_ARRAY) return NULL;
    if (slice_copy(slice_sub(part, 1, equals), name, sizeof name) != ERR_OK) return NULL;
    for (json_node n = json_first(list); n != NULL; n = json_next(n)) {
        char id[JSON_PATH_CAP];
        if (json_id(json_member(n, name), id, sizeof id) == ERR_OK && slice_is(wanted, id))
            return n;
    }
    return NULL;
}

static json_node follow(json_node node, struct slice pointer)
{
    while (pointer.len > 0 && node != NULL) {
        char part[JSON_PATH_CAP];
        size_t end = 1 + slice_find_byte(slice_sub(pointer, 1, pointer.len), '/');
        struct slice name = slice_sub(pointer, 1, end);
        if (name.len > 0 && name.ptr[0] == '[') {
            node = select(node, name);
        } else if (slice_copy(slice_sub(pointer, 0, end), part, sizeof part) == ERR_OK) {
            node = json_at(node, part);
        } else {
            return NULL;
        }
        pointer = slice_sub(pointer, end, pointer.len);
    }
    return node;
}

static json_node find_one(const struct row *row, struct slice pointer)
{
    if (pointer.len > 0 && pointer.ptr[0] == '^') {
        return follow(row->outer, slice_sub(pointer, 1, pointer.len));
    }
    return follow(row->node, pointer);
}

json_node pointer_find(const struct row *row, json_node spec)
{
    if (json_kind(spec) == JSON_STRING) return find_one(row, json_text(spec));
    json_node found = NULL;
    for (json_node n = json_first(spec); n != NULL && found == NULL; n = json_next(n)) {
        found = find_one(row, json_text(n));
        if (json_kind(found) == JSON_NULL) found = NULL;
    }
    return found;
}

json_node pointer_member(const struct row *row, json_node described, const char *name)
{
    return pointer_find(row, json_member(described, name));
}
