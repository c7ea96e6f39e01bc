#include <string.h>

#include "firmware/base/mem.h"
#include "firmware/base/text.h"
#include "firmware/channels/definition_checker.h"

/* ------------------------------------------------------------------------------------- telling --
 */

err_t checker_wrong(struct checker *c, const char *path, const char *reason, struct slice value)
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

void checker_child(char out[JSON_PATH_CAP], const char *path, struct slice name, size_t index)
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

err_t checker_push(struct checker *c, const char *path, json_node node, const struct kind *kind,
                   struct scope scope)
{
    if (c->count == PENDING_MAX) return checker_wrong(c, path, "too many objects", SLICE_NONE);
    struct pending *p = &c->pending[c->count++];
    *p = (struct pending){.node = node, .kind = kind, .scope = scope};
    struct buf b = buf_over(p->path, sizeof p->path - 1);
    buf_text(&b, path);
    return ERR_OK;
}

/* -------------------------------------------------------------------------------------- shapes --
 */

static err_t check_list(struct checker *c, const struct member *m, json_node node,
                        const struct pending *p, const char *path)
{
    size_t high = m->high > 0 ? (size_t)m->high : 64;
    if (json_kind(node) != JSON_ARRAY) return checker_wrong(c, path, "must be a list", SLICE_NONE);
    size_t count = json_count(node);
    bool may_be_empty = m->shape == SHAPE_LIST && m->low == 0;
    if (count > high || (count == 0 && !may_be_empty)) {
        return checker_wrong(c, path, "too few or too many entries", SLICE_NONE);
    }
    size_t index = 0;
    for (json_node n = json_first(node); n != NULL; n = json_next(n), index++) {
        char at[JSON_PATH_CAP];
        checker_child(at, path, SLICE_NONE, index);
        if (m->shape == SHAPE_LIST) {
            if (json_kind(n) != JSON_OBJECT)
                return checker_wrong(c, at, "must be an object", SLICE_NONE);
            err_t e = checker_push(c, at, n, m->kind, p->scope);
            if (e) return e;
            continue;
        }
        const char *fault = checker_scalar(c, m, p->scope, n);
        if (fault != NULL) return checker_wrong(c, at, fault, json_text(n));
    }
    return ERR_OK;
}

static err_t check_member(struct checker *c, const struct member *m, json_node n,
                          const struct pending *p, const char *path)
{
    switch ((int)m->shape) {
    case SHAPE_OBJECT:
    case SHAPE_TEMPLATE:
        if (json_kind(n) != JSON_OBJECT)
            return checker_wrong(c, path, "must be an object", SLICE_NONE);
        return checker_push(c, path, n, m->shape == SHAPE_OBJECT ? m->kind : NULL, p->scope);
    case SHAPE_LIST:
    case SHAPE_WORDS:
    case SHAPE_POINTERS:
    case SHAPE_SCALARS:
    case SHAPE_STATUSES:
        return check_list(c, m, n, p, path);
    case SHAPE_QUERY:
    case SHAPE_HEADERS:
    case SHAPE_FORM:
    case SHAPE_TAKES:
    case SHAPE_LIMITS:
    case SHAPE_OPTIONS:
        return checker_map(c, m, n, p, path);
    default: {
        const char *fault = checker_scalar(c, m, p->scope, n);
        return fault == NULL ? ERR_OK : checker_wrong(c, path, fault, json_text(n));
    }
    }
}

/* A step sent for each line may name the line. */
static void widen(struct pending *p)
{
    if (p->kind == auth_kind) p->scope.auth = true;
    if (p->kind != step_kind) return;
    struct slice each = json_text(json_member(p->node, "each"));
    p->scope.parcels = slice_is(each, "parcels");
    p->scope.lines = each.len > 0 && !p->scope.parcels;
}

static err_t check_object(struct checker *c, struct pending *p)
{
    widen(p);
    for (json_node n = json_first(p->node); n != NULL; n = json_next(n)) {
        char path[JSON_PATH_CAP];
        checker_child(path, p->path, json_name(n), 0);
        const struct member *known = NULL;
        for (size_t i = 0; i < p->kind->count && known == NULL; i++) {
            if (slice_is(json_name(n), p->kind->members[i].name)) known = &p->kind->members[i];
        }
        if (known == NULL) return checker_wrong(c, path, "unknown key", SLICE_NONE);
        err_t e = check_member(c, known, n, p, path);
        if (e) return e;
    }
    for (size_t i = 0; i < p->kind->count; i++) {
        const struct member *m = &p->kind->members[i];
        if (m->required && json_member(p->node, m->name) == NULL) {
            return checker_wrong(c, p->path, "missing", slice_text(m->name));
        }
    }
    const char *fault = p->kind == condition_kind ? condition_fault(p->node) : NULL;
    return fault == NULL ? ERR_OK : checker_wrong(c, p->path, fault, SLICE_NONE);
}

static err_t check_all(struct checker *c)
{
    const struct scope nothing = {.lines = false};
    err_t e = checker_push(c, "$", c->root, &definition_kind, nothing);
    while (e == ERR_OK && c->count > 0) {
        struct pending p = c->pending[--c->count];
        e = p.kind != NULL ? check_object(c, &p) : checker_template(c, &p);
    }
    if (e) return e;
    const char *path = "$";
    const char *fault = definition_fault_of(c->root, &path);
    return fault == NULL ? ERR_OK : checker_wrong(c, path, fault, SLICE_NONE);
}

err_t definition_check(const char *name, json_node root, struct definition_fault *fault)
{
    struct checker c = {.fault = fault, .name = name, .root = root};
    if (json_kind(root) != JSON_OBJECT) {
        return checker_wrong(&c, "$", "must be an object", SLICE_NONE);
    }
    if (!slice_is(json_text(json_member(root, "name")), name)) {
        return checker_wrong(&c, "$.name", "must be the name it is loaded by",
                             json_text(json_member(root, "name")));
    }
    c.pending = mem_alloc(PENDING_MAX * sizeof *c.pending);
    if (c.pending == NULL) return ERR_NOMEM;
    err_t e = check_all(&c);
    mem_free(c.pending);
    return e;
}
