#include "firmware/channels/template.h"

#include <string.h>

#include "firmware/base/text.h"

#define INT_TEXT_MAX 15 /* digits; every integer below 2^53 */

struct level {
    json_node next; /* child to emit; of an each: unused */
    json_node as;   /* of an each: the tree to repeat */
    size_t index;
    bool is_array;
};

struct render {
    struct json_writer w;
    const struct values *v;
    struct level levels[JSON_DEPTH_MAX];
    size_t depth;
    size_t line; /* of the each that is open */
    char line_quantity[24];
    enum value_id culprit;
};

static struct slice value_of(struct render *r, enum value_id id)
{
    const struct values *v = r->v;
    if (id == VALUE_LINE_REMOTE_ID && r->line < v->line_count) {
        return slice_text(v->lines[r->line].remote_id);
    }
    if (id == VALUE_LINE_QUANTITY && r->line < v->line_count) {
        struct buf b = buf_over(r->line_quantity, sizeof r->line_quantity);
        buf_printf(&b, "%lld", (long long)v->lines[r->line].quantity);
        return buf_slice(&b);
    }
    return slice_text(v->text[id]);
}

static bool left_out(struct render *r, json_node node, struct slice value)
{
    if (value.len == 0 && json_member(node, "omit") != NULL) return true;
    json_node unless = json_member(node, "unless");
    return unless != NULL && value_of(r, value_id_of(json_text(unless))).len > 0;
}

static err_t put_value(struct render *r, const char *name, json_node node, json_node source,
                       struct slice kind)
{
    enum value_id id = value_id_of(json_text(source));
    if (id == VALUE_COUNT) return ERR_INVALID;
    struct slice value = value_of(r, id);
    if (left_out(r, node, value)) return ERR_OK;
    r->culprit = id;
    if (slice_is(kind, "$in")) {
        json_put_slice(&r->w, name, value);
        return ERR_OK;
    }
    if (slice_is(kind, "$bool")) {
        json_put_bool(&r->w, name, slice_is(value, "true"));
        return ERR_OK;
    }
    int64_t number = 0;
    if (value.len > INT_TEXT_MAX) return ERR_INVALID;
    err_t e = text_int(value, 0, INT64_MAX, &number);
    if (e) return ERR_INVALID;
    json_put_int(&r->w, name, number);
    return ERR_OK;
}

static err_t open_level(struct render *r, struct level level)
{
    if (r->depth == JSON_DEPTH_MAX) return ERR_INVALID;
    r->levels[r->depth++] = level;
    return ERR_OK;
}

static err_t put_node(struct render *r, const char *name, json_node node)
{
    enum json_kind kind = json_kind(node);
    if (kind == JSON_ARRAY) {
        json_open_array(&r->w, name);
        return open_level(r, (struct level){.next = json_first(node), .is_array = true});
    }
    if (kind != JSON_OBJECT) {
        char room[VALUE_CAP];
        struct buf b = buf_over(room, sizeof room);
        json_render(node, &b);
        if (b.overflow) return ERR_NOSPACE;
        json_put_raw(&r->w, name, buf_slice(&b));
        return ERR_OK;
    }
    json_node as = json_member(node, "as");
    if (json_member(node, "$each") != NULL) {
        json_open_array(&r->w, name);
        return open_level(r, (struct level){.as = as, .is_array = true});
    }
    static const char *const kinds[] = {"$in", "$int", "$bool"};
    for (size_t i = 0; i < 3; i++) {
        json_node source = json_member(node, kinds[i]);
        if (source != NULL) return put_value(r, name, node, source, slice_text(kinds[i]));
    }
    json_open_object(&r->w, name);
    return open_level(r, (struct level){.next = json_first(node)});
}

/* Emits the next child of the innermost level, or closes it. */
static err_t step(struct render *r)
{
    struct level *l = &r->levels[r->depth - 1];
    if (l->as != NULL && l->index < r->v->line_count) {
        r->line = l->index++;
        return put_node(r, NULL, l->as);
    }
    if (l->as == NULL && l->next != NULL) {
        json_node child = l->next;
        l->next = json_next(child);
        char name[64];
        err_t e = slice_copy(json_name(child), name, sizeof name);
        return e ? e : put_node(r, l->is_array ? NULL : name, child);
    }
    if (l->is_array) json_close_array(&r->w);
    if (!l->is_array) json_close_object(&r->w);
    if (l->as != NULL) r->line = r->v->line_count;
    r->depth--;
    return ERR_OK;
}

err_t template_body(json_node tree, const struct values *v, struct buf *out,
                    enum value_id *out_value)
{
    struct render r = {.w = json_write(out), .v = v, .line = v->line_count};
    r.culprit = VALUE_COUNT;
    err_t e = put_node(&r, NULL, tree);
    while (e == ERR_OK && r.depth > 0) {
        e = step(&r);
    }
    *out_value = r.culprit;
    if (e) return e;
    return out->overflow ? ERR_NOSPACE : ERR_OK;
}

err_t template_text(struct slice text, const struct values *v, struct buf *out)
{
    size_t at = 0;
    while (at < text.len) {
        struct slice rest = slice_sub(text, at, text.len);
        size_t open = slice_find_byte(rest, '{');
        buf_put(out, slice_sub(rest, 0, open));
        if (open == rest.len) break;
        size_t close = slice_find_byte(rest, '}');
        enum value_id id = value_id_of(slice_sub(rest, open + 1, close));
        if (close == rest.len || id == VALUE_COUNT || v->text[id][0] == '\0') return ERR_INVALID;
        text_percent(out, slice_text(v->text[id]));
        at += close + 1;
    }
    return out->overflow ? ERR_NOSPACE : ERR_OK;
}

err_t template_url(json_node request, const char *base, const struct values *v, struct buf *out)
{
    struct slice root = slice_text(base);
    while (root.len > 0 && root.ptr[root.len - 1] == '/') {
        root.len--;
    }
    buf_put(out, root);
    err_t e = template_text(json_text(json_member(request, "path")), v, out);
    char mark = '?';
    json_node q = json_first(json_member(request, "query"));
    for (; q != NULL && e == ERR_OK; q = json_next(q)) {
        buf_byte(out, (uint8_t)mark);
        text_percent(out, json_name(q));
        buf_byte(out, '=');
        e = template_text(json_text(q), v, out);
        mark = '&';
    }
    if (e) return e;
    return out->overflow ? ERR_NOSPACE : ERR_OK;
}
