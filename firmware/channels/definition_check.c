#include <string.h>

#include "firmware/base/mem.h"
#include "firmware/base/text.h"
#include "firmware/channels/definition.h"
#include "firmware/channels/definition_shape.h"
#include "firmware/channels/values.h"

/* Objects still to be checked. Every object is pushed once and definitions are at most 64 KiB, far
 * fewer than this many objects in any useful one. */
#define PENDING_MAX 512

struct pending {
    json_node node;
    const struct kind *kind; /* NULL: part of a template */
    bool in_each;
    char path[JSON_PATH_CAP];
};

struct checker {
    struct pending *pending;
    size_t count;
    struct definition_fault *fault;
    const char *name;
};

/* ------------------------------------------------------------------------------------- telling --
 */

static err_t wrong(struct checker *c, const char *path, const char *reason, struct slice value)
{
    struct definition_fault *f = c->fault;
    *f = (struct definition_fault){.name = ""};
    struct buf b = buf_over(f->name, sizeof f->name - 1);
    buf_text(&b, c->name);
    b = buf_over(f->path, sizeof f->path - 1);
    buf_text(&b, path);
    b = buf_over(f->reason, sizeof f->reason - 1);
    buf_text(&b, reason);
    if (value.len > 0) {
        buf_text(&b, ": ");
        text_visible(&b, value, 48);
    }
    return ERR_INVALID;
}

static void child_path(char out[JSON_PATH_CAP], const char *path, struct slice name, size_t index)
{
    struct buf b = buf_over(out, JSON_PATH_CAP - 1);
    buf_text(&b, path);
    if (name.len > 0) {
        buf_byte(&b, '.');
        text_visible(&b, name, 40);
    } else {
        buf_printf(&b, "[%zu]", index);
    }
    out[b.len] = '\0';
}

static err_t push(struct checker *c, const char *path, json_node node, const struct kind *kind,
                  bool in_each)
{
    if (c->count == PENDING_MAX) return wrong(c, path, "too many objects", SLICE_NONE);
    struct pending *p = &c->pending[c->count++];
    *p = (struct pending){.node = node, .kind = kind, .in_each = in_each};
    struct buf b = buf_over(p->path, sizeof p->path - 1);
    buf_text(&b, path);
    return ERR_OK;
}

/* ------------------------------------------------------------------------------------- scalars --
 */

static bool is_pointer(struct slice s)
{
    if (s.len < 2 || s.len >= JSON_PATH_CAP || s.ptr[0] != '/') return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < 0x21 || s.ptr[i] > 0x7E) return false;
        bool escaped = i + 1 < s.len && (s.ptr[i + 1] == '0' || s.ptr[i + 1] == '1');
        if (s.ptr[i] == '~' && !escaped) return false;
        if (s.ptr[i] == '/' && (i + 1 == s.len || s.ptr[i + 1] == '/')) return false;
    }
    return true;
}

static bool is_word(struct slice s, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (slice_is(s, *words)) return true;
    }
    return false;
}

static bool is_header_text(struct slice s)
{
    return s.len >= 1 && s.len <= 127 && text_is_print(s);
}

static bool is_value(json_node n)
{
    return json_kind(n) == JSON_STRING && value_id_of(json_text(n)) != VALUE_COUNT;
}

static bool is_scalar(json_node n)
{
    enum json_kind k = json_kind(n);
    if (k == JSON_STRING || k == JSON_NUMBER || k == JSON_BOOL) return true;
    return k == JSON_OBJECT && json_count(n) == 1 && is_value(json_member(n, "$in"));
}

static bool is_status(json_node n)
{
    int64_t number = 0;
    if (json_kind(n) == JSON_NUMBER) return json_int(n, 100, 599, &number) == ERR_OK;
    struct slice s = json_text(n);
    return s.len == 3 && s.ptr[0] >= '1' && s.ptr[0] <= '5' && s.ptr[1] == 'x' && s.ptr[2] == 'x';
}

/* Text in which every {...} names a value. */
static bool names_values(struct slice s)
{
    for (size_t at = 0; at < s.len;) {
        struct slice rest = slice_sub(s, at, s.len);
        size_t open = slice_find_byte(rest, '{');
        if (slice_find_byte(slice_sub(rest, 0, open), '}') != open) return false;
        if (open == rest.len) return true;
        size_t close = slice_find_byte(rest, '}');
        if (close == rest.len) return false;
        if (value_id_of(slice_sub(rest, open + 1, close)) == VALUE_COUNT) return false;
        at += close + 1;
    }
    return true;
}

/* A path stays on the configured host and below its base: no authority, no dots, no query. */
static const char *path_fault(struct slice s)
{
    if (s.len < 2 || s.len > 255 || s.ptr[0] != '/') return "a path begins with / and is short";
    if (!text_is_print(s)) return "a path is printable ASCII";
    static const char *const bad[] = {"//", "..", "?", "#", "@", "\\", "%", " ", ":"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (slice_find(s, slice_text(bad[i])) != s.len) return "not allowed in a path";
    }
    return names_values(s) ? NULL : "unknown value in a path";
}

/* ----------------------------------------------------------------------------------- templates --
 */

static bool is_directive(struct slice name)
{
    return slice_is(name, "$in") || slice_is(name, "$int") || slice_is(name, "$bool");
}

static err_t check_directive(struct checker *c, const struct pending *p)
{
    size_t sources = 0;
    for (json_node m = json_first(p->node); m != NULL; m = json_next(m)) {
        struct slice name = json_name(m);
        if (is_directive(name)) {
            if (!is_value(m)) return wrong(c, p->path, "template without value", json_text(m));
            bool of_line = slice_starts(json_text(m), "line.");
            if (of_line && !p->in_each) {
                return wrong(c, p->path, "line value outside an each", json_text(m));
            }
            sources++;
        } else if (slice_is(name, "omit")) {
            if (!slice_is(json_text(m), "empty"))
                return wrong(c, p->path, "omit is \"empty\"", json_text(m));
        } else if (slice_is(name, "unless")) {
            if (!is_value(m)) return wrong(c, p->path, "unless names no value", json_text(m));
        } else {
            return wrong(c, p->path, "unknown key in a template", name);
        }
    }
    return sources == 1 ? ERR_OK
                        : wrong(c, p->path, "template with more than one value", SLICE_NONE);
}

static err_t check_each(struct checker *c, const struct pending *p)
{
    json_node as = json_member(p->node, "as");
    if (!slice_is(json_text(json_member(p->node, "$each")), "lines")) {
        return wrong(c, p->path, "unbounded loop: only \"lines\" can be repeated",
                     json_text(json_member(p->node, "$each")));
    }
    if (p->in_each) return wrong(c, p->path, "a loop within a loop", SLICE_NONE);
    if (as == NULL || json_count(p->node) != 2) {
        return wrong(c, p->path, "a loop has \"$each\" and \"as\" and nothing else", SLICE_NONE);
    }
    if (json_kind(as) != JSON_OBJECT)
        return wrong(c, p->path, "\"as\" must be an object", SLICE_NONE);
    char path[JSON_PATH_CAP];
    child_path(path, p->path, SLICE("as"), 0);
    return push(c, path, as, NULL, true);
}

static err_t check_template(struct checker *c, const struct pending *p)
{
    if (json_member(p->node, "$each") != NULL) return check_each(c, p);
    size_t index = 0;
    bool directive = false;
    for (json_node m = json_first(p->node); m != NULL; m = json_next(m)) {
        struct slice name = json_name(m);
        if (is_directive(name)) directive = true;
        if (name.len > 0 && name.ptr[0] == '$' && !is_directive(name)) {
            return wrong(c, p->path, "unknown directive", name);
        }
    }
    if (directive) return check_directive(c, p);
    for (json_node m = json_first(p->node); m != NULL; m = json_next(m), index++) {
        enum json_kind k = json_kind(m);
        char path[JSON_PATH_CAP];
        child_path(path, p->path, json_name(m), index);
        if (json_name(m).len > 60) return wrong(c, path, "name too long", SLICE_NONE);
        if (k == JSON_STRING && json_text(m).len > 120)
            return wrong(c, path, "text too long", SLICE_NONE);
        if (k != JSON_OBJECT && k != JSON_ARRAY) continue;
        err_t e = push(c, path, m, NULL, p->in_each);
        if (e) return e;
    }
    return ERR_OK;
}

/* --------------------------------------------------------------------------------------- maps --
 */

static const char *map_fault(const struct member *m, json_node entry)
{
    struct slice value = json_text(entry);
    switch ((int)m->shape) {
    case SHAPE_QUERY:
        if (json_kind(entry) != JSON_STRING || value.len > 255) return "must be a short text";
        return names_values(value) ? NULL : "unknown value in a query";
    case SHAPE_HEADERS:
        if (!is_header_text(json_name(entry)) || !is_header_text(value)) {
            return "must be printable text of at most 127 characters";
        }
        return NULL;
    case SHAPE_TAKES:
        if (value_id_of(json_name(entry)) == VALUE_COUNT) return "no such value";
        return is_pointer(value) ? NULL : "bad pointer";
    case SHAPE_LIMITS:
        if (value_id_of(json_name(entry)) == VALUE_COUNT) return "no such value";
        return json_kind(entry) == JSON_OBJECT ? NULL : "must be an object";
    default:
        return "must be an object";
    }
}

static err_t check_map(struct checker *c, const struct member *m, json_node node, const char *path)
{
    if (json_kind(node) != JSON_OBJECT) return wrong(c, path, "must be an object", SLICE_NONE);
    for (json_node n = json_first(node); n != NULL; n = json_next(n)) {
        char at[JSON_PATH_CAP];
        child_path(at, path, json_name(n), 0);
        const char *fault = map_fault(m, n);
        if (fault != NULL) return wrong(c, at, fault, json_text(n));
        if (m->shape != SHAPE_LIMITS) continue;
        err_t e = push(c, at, n, m->kind, false);
        if (e) return e;
    }
    return ERR_OK;
}

/* -------------------------------------------------------------------------------------- shapes --
 */

static const char *scalar_fault(const struct member *m, json_node n)
{
    int64_t number = 0;
    struct slice s = json_text(n);
    switch ((int)m->shape) {
    case SHAPE_TEXT:
        return is_header_text(s) ? NULL : "must be a short printable text";
    case SHAPE_WORD:
    case SHAPE_WORDS:
        return is_word(s, m->words) ? NULL : "not one of the known words";
    case SHAPE_INT:
        if (json_kind(n) != JSON_NUMBER || json_int(n, m->low, m->high, &number) != ERR_OK) {
            return "must be a whole number within its range";
        }
        return NULL;
    case SHAPE_BOOL:
        return json_kind(n) == JSON_BOOL ? NULL : "must be true or false";
    case SHAPE_POINTER:
    case SHAPE_POINTERS:
        return is_pointer(s) ? NULL : "bad pointer";
    case SHAPE_SCALAR:
    case SHAPE_SCALARS:
        return is_scalar(n) ? NULL : "must be a plain value";
    case SHAPE_STATUSES:
        return is_status(n) ? NULL : "must be 100 to 599, or \"5xx\"";
    case SHAPE_VALUE:
        return is_value(n) ? NULL : "no such value";
    case SHAPE_PATH:
        return json_kind(n) == JSON_STRING ? path_fault(s) : "must be a text";
    default:
        return NULL;
    }
}

static err_t check_list(struct checker *c, const struct member *m, json_node node, const char *path)
{
    size_t high = m->high > 0 ? (size_t)m->high : 64;
    if (json_kind(node) != JSON_ARRAY) return wrong(c, path, "must be a list", SLICE_NONE);
    size_t count = json_count(node);
    bool may_be_empty = m->shape == SHAPE_LIST && m->low == 0;
    if (count > high || (count == 0 && !may_be_empty)) {
        return wrong(c, path, "too few or too many entries", SLICE_NONE);
    }
    size_t index = 0;
    for (json_node n = json_first(node); n != NULL; n = json_next(n), index++) {
        char at[JSON_PATH_CAP];
        child_path(at, path, SLICE_NONE, index);
        if (m->shape == SHAPE_LIST) {
            if (json_kind(n) != JSON_OBJECT) return wrong(c, at, "must be an object", SLICE_NONE);
            err_t e = push(c, at, n, m->kind, false);
            if (e) return e;
            continue;
        }
        const char *fault = scalar_fault(m, n);
        if (fault != NULL) return wrong(c, at, fault, json_text(n));
    }
    return ERR_OK;
}

static err_t check_member(struct checker *c, const struct member *m, json_node n, const char *path)
{
    switch ((int)m->shape) {
    case SHAPE_OBJECT:
        if (json_kind(n) != JSON_OBJECT) return wrong(c, path, "must be an object", SLICE_NONE);
        return push(c, path, n, m->kind, false);
    case SHAPE_TEMPLATE:
        if (json_kind(n) != JSON_OBJECT) return wrong(c, path, "must be an object", SLICE_NONE);
        return push(c, path, n, NULL, false);
    case SHAPE_LIST:
    case SHAPE_WORDS:
    case SHAPE_POINTERS:
    case SHAPE_SCALARS:
    case SHAPE_STATUSES:
        return check_list(c, m, n, path);
    case SHAPE_QUERY:
    case SHAPE_HEADERS:
    case SHAPE_TAKES:
    case SHAPE_LIMITS:
        return check_map(c, m, n, path);
    default: {
        const char *fault = scalar_fault(m, n);
        return fault == NULL ? ERR_OK : wrong(c, path, fault, json_text(n));
    }
    }
}

static err_t check_object(struct checker *c, const struct pending *p)
{
    for (json_node n = json_first(p->node); n != NULL; n = json_next(n)) {
        char path[JSON_PATH_CAP];
        child_path(path, p->path, json_name(n), 0);
        const struct member *known = NULL;
        for (size_t i = 0; i < p->kind->count && known == NULL; i++) {
            if (slice_is(json_name(n), p->kind->members[i].name)) known = &p->kind->members[i];
        }
        if (known == NULL) return wrong(c, path, "unknown key", SLICE_NONE);
        err_t e = check_member(c, known, n, path);
        if (e) return e;
    }
    for (size_t i = 0; i < p->kind->count; i++) {
        const struct member *m = &p->kind->members[i];
        if (m->required && json_member(p->node, m->name) == NULL) {
            return wrong(c, p->path, "missing", slice_text(m->name));
        }
    }
    const char *fault = p->kind == condition_kind ? condition_fault(p->node) : NULL;
    return fault == NULL ? ERR_OK : wrong(c, p->path, fault, SLICE_NONE);
}

static err_t check_all(struct checker *c, json_node root)
{
    err_t e = push(c, "$", root, &definition_kind, false);
    while (e == ERR_OK && c->count > 0) {
        struct pending p = c->pending[--c->count];
        e = p.kind != NULL ? check_object(c, &p) : check_template(c, &p);
    }
    if (e) return e;
    const char *path = "$";
    const char *fault = definition_fault_of(root, &path);
    return fault == NULL ? ERR_OK : wrong(c, path, fault, SLICE_NONE);
}

err_t definition_check(const char *name, json_node root, struct definition_fault *fault)
{
    struct checker c = {.fault = fault, .name = name};
    if (json_kind(root) != JSON_OBJECT) return wrong(&c, "$", "must be an object", SLICE_NONE);
    if (!slice_is(json_text(json_member(root, "name")), name)) {
        return wrong(&c, "$.name", "must be the name it is loaded by",
                     json_text(json_member(root, "name")));
    }
    c.pending = mem_alloc(PENDING_MAX * sizeof *c.pending);
    if (c.pending == NULL) return ERR_NOMEM;
    err_t e = check_all(&c, root);
    mem_free(c.pending);
    return e;
}
