#include "firmware/base/text.h"
#include "firmware/channels/definition_checker.h"
#include "firmware/channels/pointer.h"

/* ----------------------------------------------------------------------------------- templates --
 */

static bool is_directive(struct slice name)
{
    return slice_is(name, "$in") || slice_is(name, "$int") || slice_is(name, "$bool") ||
           slice_is(name, "$text") || slice_is(name, "$now");
}

static err_t check_source(struct checker *c, const struct pending *p, json_node m)
{
    int64_t seconds = 0;
    struct slice kind = json_name(m);
    struct slice text = json_text(m);
    if (slice_is(kind, "$now")) {
        bool right = json_kind(m) == JSON_NUMBER && json_int(m, 0, 86400, &seconds) == ERR_OK;
        return right ? ERR_OK : checker_wrong(c, p->path, "$now is 0 to 86400 seconds", text);
    }
    if (json_kind(m) != JSON_STRING) {
        return checker_wrong(c, p->path, "template without value", SLICE_NONE);
    }
    if (slice_is(kind, "$text")) {
        const char *fault = checker_phrase(c, p->scope, text);
        return fault == NULL ? ERR_OK : checker_wrong(c, p->path, fault, text);
    }
    if (checker_knows(c, p->scope, text)) return ERR_OK;
    bool of_line = value_id_of(text) != VALUE_COUNT;
    return checker_wrong(c, p->path,
                         of_line ? "line value outside an each" : "template without value", text);
}

static err_t check_directive(struct checker *c, const struct pending *p)
{
    size_t sources = 0;
    for (json_node m = json_first(p->node); m != NULL; m = json_next(m)) {
        struct slice name = json_name(m);
        if (is_directive(name)) {
            err_t e = check_source(c, p, m);
            if (e) return e;
            sources++;
        } else if (slice_is(name, "omit")) {
            if (!slice_is(json_text(m), "empty"))
                return checker_wrong(c, p->path, "omit is \"empty\"", json_text(m));
        } else if (slice_is(name, "unless")) {
            if (!checker_knows(c, p->scope, json_text(m)))
                return checker_wrong(c, p->path, "unless names no value", json_text(m));
        } else {
            return checker_wrong(c, p->path, "unknown key in a template", name);
        }
    }
    return sources == 1
               ? ERR_OK
               : checker_wrong(c, p->path, "template with more than one value", SLICE_NONE);
}

/* Lines within parcels is the only loop within a loop: it ends after every part of the record. */
static err_t check_each(struct checker *c, const struct pending *p)
{
    struct scope inner = p->scope;
    json_node as = json_member(p->node, "as");
    struct slice list = json_text(json_member(p->node, "$each"));
    bool parcels = slice_is(list, "parcels");
    bool lines = slice_is(list, "lines") || slice_is(list, "unshipped") || slice_is(list, "open");
    if (!parcels && !lines) {
        return checker_wrong(c, p->path,
                             "unbounded loop: only lines, unshipped, open and parcels can be "
                             "repeated",
                             list);
    }
    if (inner.lines || (inner.parcels && !slice_is(list, "lines"))) {
        return checker_wrong(c, p->path, "a loop within a loop", SLICE_NONE);
    }
    if (as == NULL || json_count(p->node) != 2) {
        return checker_wrong(c, p->path, "a loop has \"$each\" and \"as\" and nothing else",
                             SLICE_NONE);
    }
    if (json_kind(as) != JSON_OBJECT && json_kind(as) != JSON_ARRAY)
        return checker_wrong(c, p->path, "\"as\" must be an object or a list", SLICE_NONE);
    if (parcels) inner.parcels = true;
    if (!parcels) inner.lines = true;
    char path[JSON_PATH_CAP];
    checker_child(path, p->path, SLICE("as"), 0);
    return checker_push(c, path, as, NULL, inner);
}

/* {"$jwt": {"alg", "headers", "claims"}}: only where the credentials are. */
static err_t check_jwt(struct checker *c, const struct pending *p)
{
    json_node jwt = json_member(p->node, "$jwt");
    struct slice alg = json_text(json_member(jwt, "alg"));
    bool known = slice_is(alg, "RS256") || slice_is(alg, "PS256") || slice_is(alg, "ES256");
    if (!p->scope.auth) return checker_wrong(c, p->path, "$jwt belongs to auth", SLICE_NONE);
    if (!known || json_count(p->node) != 1 || json_count(jwt) > 3) {
        return checker_wrong(c, p->path, "$jwt has alg (RS256, PS256, ES256), headers and claims",
                             alg);
    }
    static const char *const parts[] = {"headers", "claims"};
    for (size_t i = 0; i < 2; i++) {
        char path[JSON_PATH_CAP];
        json_node part = json_member(jwt, parts[i]);
        checker_child(path, p->path, slice_text(parts[i]), 0);
        if (json_kind(part) != JSON_OBJECT)
            return checker_wrong(c, path, "must be an object", SLICE_NONE);
        err_t e = checker_push(c, path, part, NULL, p->scope);
        if (e) return e;
    }
    return ERR_OK;
}

static err_t check_children(struct checker *c, const struct pending *p)
{
    size_t index = 0;
    for (json_node m = json_first(p->node); m != NULL; m = json_next(m), index++) {
        enum json_kind k = json_kind(m);
        char path[JSON_PATH_CAP];
        checker_child(path, p->path, json_name(m), index);
        if (json_name(m).len > 60) return checker_wrong(c, path, "name too long", SLICE_NONE);
        if (k == JSON_STRING && json_text(m).len > 2000)
            return checker_wrong(c, path, "text too long", SLICE_NONE);
        if (k != JSON_OBJECT && k != JSON_ARRAY) continue;
        err_t e = checker_push(c, path, m, NULL, p->scope);
        if (e) return e;
    }
    return ERR_OK;
}

err_t checker_template(struct checker *c, const struct pending *p)
{
    if (json_member(p->node, "$each") != NULL) return check_each(c, p);
    if (json_member(p->node, "$jwt") != NULL) return check_jwt(c, p);
    bool directive = false;
    for (json_node m = json_first(p->node); m != NULL; m = json_next(m)) {
        struct slice name = json_name(m);
        if (is_directive(name)) directive = true;
        if (name.len > 0 && name.ptr[0] == '$' && !is_directive(name)) {
            return checker_wrong(c, p->path, "unknown directive", name);
        }
    }
    return directive ? check_directive(c, p) : check_children(c, p);
}

/* --------------------------------------------------------------------------------------- maps --
 */

static const char *phrase_of_map(const struct checker *c, struct scope scope, json_node entry,
                                 bool printable)
{
    struct slice value = json_text(entry);
    if (json_kind(entry) != JSON_STRING || value.len > 255) return "must be a short text";
    if (printable && (value.len == 0 || !text_is_print(value) || !text_is_print(json_name(entry)) ||
                      json_name(entry).len > 47)) {
        return "must be printable text";
    }
    return checker_phrase(c, scope, value);
}

static const char *map_fault(const struct checker *c, const struct member *m, struct scope scope,
                             json_node entry)
{
    static const struct member pointer = {.shape = SHAPE_POINTER};
    enum json_kind kind = json_kind(entry);
    const char *fault = NULL;
    switch ((int)m->shape) {
    case SHAPE_QUERY:
        return phrase_of_map(c, scope, entry, false);
    case SHAPE_HEADERS:
        return phrase_of_map(c, scope, entry, true);
    case SHAPE_FORM:
        return kind == JSON_OBJECT ? NULL : phrase_of_map(c, scope, entry, false);
    case SHAPE_TAKES:
        fault = checker_take_name(json_name(entry), scope);
        if (fault != NULL || kind == JSON_OBJECT) return fault;
        return checker_scalar(c, &pointer, scope, entry);
    case SHAPE_LIMITS:
        if (value_id_of(json_name(entry)) == VALUE_COUNT) return "no such value";
        return kind == JSON_OBJECT ? NULL : "must be an object";
    default:
        if (json_name(entry).len > 24) return "name too long";
        return kind == JSON_OBJECT ? NULL : "must be an object";
    }
}

err_t checker_map(struct checker *c, const struct member *m, json_node node,
                  const struct pending *p, const char *path)
{
    if (json_kind(node) != JSON_OBJECT) {
        return checker_wrong(c, path, "must be an object", SLICE_NONE);
    }
    for (json_node n = json_first(node); n != NULL; n = json_next(n)) {
        char at[JSON_PATH_CAP];
        checker_child(at, path, json_name(n), 0);
        const char *fault = map_fault(c, m, p->scope, n);
        if (fault != NULL) return checker_wrong(c, at, fault, json_text(n));
        if (json_kind(n) != JSON_OBJECT) continue;
        err_t e = checker_push(c, at, n, m->shape == SHAPE_FORM ? NULL : m->kind, p->scope);
        if (e) return e;
    }
    return ERR_OK;
}
