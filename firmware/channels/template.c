#include "firmware/channels/template.h"

#include <string.h>

#include "firmware/base/text.h"

#define INT_TEXT_MAX 15 /* digits; every integer below 2^53 */
#define TEXT_ROOM    2048
#define LITERAL_ROOM 4096

/* Children of an array or object, or the turns of a loop. */
struct level {
    json_node next;                 /* child to emit; of a loop: unused */
    json_node as;                   /* of a loop: the tree to repeat */
    const struct value_line *lines; /* of a loop over lines, else over parcels */
    const struct value_line *more;  /* behind them; NULL: none */
    size_t index, count, first_more;
    struct value_place before; /* restored at its end */
    bool is_array;
};

struct render {
    struct json_writer w;
    const struct values *v;
    struct level levels[JSON_DEPTH_MAX];
    size_t depth;
    struct value_place place;
    enum value_id culprit;
};

/* ----------------------------------------------------------------------------------------- text --
 */

enum encoding {
    PLAIN,
    PERCENT,
};

static err_t put_text(struct slice text, const struct values *v, const struct value_place *place,
                      enum encoding encoding, struct buf *out)
{
    size_t at = 0;
    while (at < text.len) {
        struct value_room room;
        struct slice rest = slice_sub(text, at, text.len);
        size_t open = slice_find_byte(rest, '{');
        buf_put(out, slice_sub(rest, 0, open));
        if (open == rest.len) break;
        size_t close = open + slice_find_byte(slice_sub(rest, open, rest.len), '}');
        struct slice value = value_find(v, place, slice_sub(rest, open + 1, close), &room);
        if (close == rest.len || value.len == 0) return ERR_INVALID;
        if (encoding == PERCENT) text_percent(out, value);
        if (encoding == PLAIN) buf_put(out, value);
        at += close + 1;
    }
    return out->overflow ? ERR_NOSPACE : ERR_OK;
}

err_t template_text(struct slice text, const struct values *v, struct buf *out)
{
    return put_text(text, v, &v->place, PERCENT, out);
}

err_t template_plain(struct slice text, const struct values *v, struct buf *out)
{
    return put_text(text, v, &v->place, PLAIN, out);
}

/* ----------------------------------------------------------------------------------------- tree --
 */

static bool left_out(struct render *r, json_node node, bool empty)
{
    struct value_room room;
    if (empty && json_member(node, "omit") != NULL) return true;
    json_node unless = json_member(node, "unless");
    return unless != NULL && value_find(r->v, &r->place, json_text(unless), &room).len > 0;
}

static err_t put_composed(struct render *r, const char *name, json_node node, json_node source)
{
    char text[TEXT_ROOM];
    struct buf b = buf_over(text, sizeof text);
    err_t e = put_text(json_text(source), r->v, &r->place, PLAIN, &b);
    if (left_out(r, node, e == ERR_INVALID)) return ERR_OK;
    if (e) return e;
    json_put_slice(&r->w, name, buf_slice(&b));
    return ERR_OK;
}

static err_t put_moment(struct render *r, const char *name, json_node source)
{
    int64_t now = 0;
    int64_t more = 0;
    err_t e = text_int(slice_text(r->v->text[VALUE_NOW]), 0, INT64_MAX / 2, &now);
    if (e == ERR_OK) e = json_int(source, 0, 86400, &more);
    if (e) return ERR_INVALID;
    json_put_int(&r->w, name, now + more);
    return ERR_OK;
}

static err_t put_value(struct render *r, const char *name, json_node node, json_node source,
                       struct slice kind)
{
    struct value_room room;
    if (slice_is(kind, "$text")) return put_composed(r, name, node, source);
    if (slice_is(kind, "$now")) return put_moment(r, name, source);
    struct slice value = value_find(r->v, &r->place, json_text(source), &room);
    if (left_out(r, node, value.len == 0)) return ERR_OK;
    r->culprit = value_id_of(json_text(source));
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
    level.before = r->place;
    r->levels[r->depth++] = level;
    return ERR_OK;
}

static err_t open_loop(struct render *r, const char *name, struct slice list, json_node as)
{
    const struct values *v = r->v;
    struct level l = {.as = as, .is_array = true};
    if (slice_is(list, "parcels")) {
        l.count = v->parcel_count;
    } else if (slice_is(list, "open")) {
        l.lines = v->lines;
        l.more = v->unshipped;
        l.first_more = v->line_count;
        l.count = v->line_count + v->unshipped_count;
    } else if (slice_is(list, "unshipped")) {
        l.lines = v->unshipped;
        l.count = v->unshipped_count;
    } else {
        l.lines = r->place.parcel != NULL ? v->parts : v->lines;
        l.count = r->place.parcel != NULL ? v->part_count : v->line_count;
    }
    json_open_array(&r->w, name);
    return open_level(r, l);
}

static err_t put_plain(struct render *r, const char *name, json_node node)
{
    if (json_kind(node) == JSON_STRING) {
        json_put_slice(&r->w, name, json_text(node));
        return ERR_OK;
    }
    char room[VALUE_CAP];
    struct buf b = buf_over(room, sizeof room);
    json_render(node, &b);
    if (b.overflow) return ERR_NOSPACE;
    json_put_raw(&r->w, name, buf_slice(&b));
    return ERR_OK;
}

static err_t put_node(struct render *r, const char *name, json_node node)
{
    static const char *const kinds[] = {"$in", "$int", "$bool", "$text", "$now"};
    enum json_kind kind = json_kind(node);
    if (kind == JSON_ARRAY) {
        json_open_array(&r->w, name);
        return open_level(r, (struct level){.next = json_first(node), .is_array = true});
    }
    if (kind != JSON_OBJECT) return put_plain(r, name, node);
    json_node each = json_member(node, "$each");
    if (each != NULL) return open_loop(r, name, json_text(each), json_member(node, "as"));
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        json_node source = json_member(node, kinds[i]);
        if (source != NULL) return put_value(r, name, node, source, slice_text(kinds[i]));
    }
    json_open_object(&r->w, name);
    return open_level(r, (struct level){.next = json_first(node)});
}

/* Lines of other parcels have no turn in a loop within a loop over parcels. */
static bool has_turn(struct render *r, const struct level *l)
{
    bool of_parcel = l->lines != NULL && l->lines == r->v->parts && l->before.parcel != NULL;
    return !of_parcel || l->lines[l->index].parcel == l->before.parcel_index;
}

static err_t turn(struct render *r, struct level *l)
{
    size_t i = l->index;
    bool mine = has_turn(r, l);
    l->index++;
    if (!mine) return ERR_OK;
    if (l->more != NULL && i >= l->first_more) {
        r->place.line = &l->more[i - l->first_more];
    } else if (l->lines != NULL) {
        r->place.line = &l->lines[i];
    } else {
        r->place.parcel = &r->v->parcels[i];
        r->place.parcel_index = i;
    }
    return put_node(r, NULL, l->as);
}

/* Emits the next child of the innermost level, or closes it. */
static err_t step(struct render *r)
{
    struct level *l = &r->levels[r->depth - 1];
    if (l->as != NULL && l->index < l->count) return turn(r, l);
    if (l->as == NULL && l->next != NULL) {
        json_node child = l->next;
        l->next = json_next(child);
        char name[64];
        err_t e = slice_copy(json_name(child), name, sizeof name);
        return e ? e : put_node(r, l->is_array ? NULL : name, child);
    }
    if (l->is_array) json_close_array(&r->w);
    if (!l->is_array) json_close_object(&r->w);
    r->place = l->before;
    r->depth--;
    return ERR_OK;
}

err_t template_body(json_node tree, const struct values *v, struct buf *out,
                    enum value_id *out_value)
{
    struct render r = {.w = json_write(out), .v = v, .place = v->place, .culprit = VALUE_COUNT};
    err_t e = put_node(&r, NULL, tree);
    while (e == ERR_OK && r.depth > 0) {
        e = step(&r);
    }
    *out_value = r.culprit;
    if (e) return e;
    return out->overflow ? ERR_NOSPACE : ERR_OK;
}

/* ---------------------------------------------------------------------------------- form and url
 * --
 */

static err_t put_field(json_node field, const struct values *v, struct buf *out)
{
    if (json_kind(field) == JSON_STRING) return template_text(json_text(field), v, out);
    enum value_id culprit = VALUE_COUNT;
    struct buf tree = buf_new(LITERAL_ROOM);
    err_t e = template_body(field, v, &tree, &culprit);
    if (e == ERR_OK) text_percent(out, buf_slice(&tree));
    buf_deinit(&tree);
    return e;
}

err_t template_form(json_node form, const struct values *v, struct buf *out)
{
    err_t e = ERR_OK;
    bool first = true;
    for (json_node n = json_first(form); n != NULL && e == ERR_OK; n = json_next(n)) {
        if (!first) buf_byte(out, '&');
        text_percent(out, json_name(n));
        buf_byte(out, '=');
        e = put_field(n, v, out);
        first = false;
    }
    if (e) return e;
    return out->overflow ? ERR_NOSPACE : ERR_OK;
}

/* "https://host/below" cut before the path. */
static struct slice origin_of(struct slice base)
{
    size_t scheme = slice_find(base, SLICE("://"));
    if (scheme == base.len) return base;
    size_t host = scheme + 3;
    return slice_sub(base, 0, host + slice_find_byte(slice_sub(base, host, base.len), '/'));
}

/* "&name=value"; nothing when the value has an empty {NAME}: a first page has no cursor. */
static err_t put_query(json_node q, const struct values *v, char mark, struct buf *out)
{
    size_t before = out->len;
    buf_byte(out, (uint8_t)mark);
    text_percent(out, json_name(q));
    buf_byte(out, '=');
    err_t e = template_text(json_text(q), v, out);
    if (e == ERR_INVALID && slice_is(json_text(q), "{page.cursor}")) {
        out->len = before;
        return ERR_OK;
    }
    return e;
}

err_t template_url(json_node request, const char *base, const struct values *v, struct buf *out)
{
    struct slice root = slice_text(base);
    if (slice_is(json_text(json_member(request, "base")), "origin")) root = origin_of(root);
    while (root.len > 0 && root.ptr[root.len - 1] == '/') {
        root.len--;
    }
    buf_put(out, root);
    err_t e = template_text(json_text(json_member(request, "path")), v, out);
    json_node q = json_first(json_member(request, "query"));
    size_t path_end = out->len;
    for (; q != NULL && e == ERR_OK; q = json_next(q)) {
        e = put_query(q, v, out->len == path_end ? '?' : '&', out);
    }
    if (e) return e;
    return out->overflow ? ERR_NOSPACE : ERR_OK;
}
