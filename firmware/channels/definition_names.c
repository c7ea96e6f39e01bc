#include <string.h>

#include "firmware/base/text.h"
#include "firmware/channels/definition_checker.h"
#include "firmware/channels/pointer.h"

/* ---------------------------------------------------------------------------------------- names --
 */

static bool takes_name(json_node owner, struct slice name)
{
    json_node takes = json_member(owner, "take");
    for (json_node n = json_first(takes); n != NULL; n = json_next(n)) {
        if (slice_eq(json_name(n), name)) return true;
    }
    return false;
}

static bool is_taken(json_node root, struct slice name)
{
    if (takes_name(json_member(root, "records"), name)) return true;
    for (json_node s = json_first(json_member(root, "steps")); s != NULL; s = json_next(s)) {
        if (takes_name(s, name)) return true;
    }
    for (json_node r = json_first(json_member(root, "reads")); r != NULL; r = json_next(r)) {
        json_node gives = json_member(r, "gives");
        for (json_node g = json_first(gives); g != NULL; g = json_next(g)) {
            if (takes_name(g, name)) return true;
        }
    }
    return false;
}

static bool is_option(json_node root, struct slice name)
{
    if (!slice_starts(name, "option.")) return false;
    struct slice option = slice_sub(name, sizeof "option." - 1, name.len);
    for (json_node n = json_first(json_member(root, "options")); n != NULL; n = json_next(n)) {
        if (slice_eq(json_name(n), option)) return true;
    }
    return false;
}

bool checker_knows(const struct checker *c, struct scope scope, struct slice name)
{
    enum value_id id = value_id_of(name);
    if (id >= VALUE_LINE_REMOTE_ID && id <= VALUE_LINE_OPEN) return scope.lines;
    if (id == VALUE_PARCEL_NUMBER || id == VALUE_PARCEL_FOUND) return scope.parcels;
    if (id != VALUE_COUNT) return true;
    if (scope.auth && (slice_is(name, "secret") || slice_starts(name, "secret."))) return true;
    if (scope.auth && slice_is(name, "body")) return true;
    if (scope.auth && takes_name(json_member(c->root, "auth"), name)) return true;
    return is_option(c->root, name) || is_taken(c->root, name);
}

static bool is_lower_word(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        bool digit = s.ptr[i] >= '0' && s.ptr[i] <= '9' && i > 0;
        if (!digit && (s.ptr[i] < 'a' || s.ptr[i] > 'z') && s.ptr[i] != '_') return false;
    }
    return s.len > 0 && s.len <= 24;
}

const char *checker_take_name(struct slice name, struct scope scope)
{
    static const char *const prefixes[] = {"order.", "record."};
    enum value_id id = value_id_of(name);
    if (id != VALUE_COUNT) return id == VALUE_RECORD_ID ? NULL : "a value of the pipeline's own";
    if (scope.auth) {
        bool login = slice_starts(name, "login.") && is_lower_word(slice_sub(name, 6, name.len));
        return login ? NULL : "what a login gives is called login.NAME";
    }
    for (size_t i = 0; i < 2; i++) {
        size_t len = strlen(prefixes[i]);
        if (slice_starts(name, prefixes[i]) && is_lower_word(slice_sub(name, len, name.len))) {
            return NULL;
        }
    }
    return "what is taken is called order.NAME or record.NAME";
}

const char *checker_phrase(const struct checker *c, struct scope scope, struct slice s)
{
    for (size_t at = 0; at < s.len;) {
        struct slice rest = slice_sub(s, at, s.len);
        size_t open = slice_find_byte(rest, '{');
        if (slice_find_byte(slice_sub(rest, 0, open), '}') != open) return "stray }";
        if (open == rest.len) return NULL;
        size_t close = slice_find_byte(rest, '}');
        if (close == rest.len) return "unknown value: { without }";
        struct slice name = slice_sub(rest, open + 1, close);
        if (!checker_knows(c, scope, name)) return "unknown value";
        at += close + 1;
    }
    return NULL;
}

/* ------------------------------------------------------------------------------------- scalars --
 */

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

static bool is_plain(const struct checker *c, struct scope scope, json_node n)
{
    enum json_kind k = json_kind(n);
    if (k == JSON_STRING || k == JSON_NUMBER || k == JSON_BOOL) return true;
    json_node in = json_member(n, "$in");
    json_node phrase = json_member(n, "$text");
    if (json_count(n) == 1 && json_kind(phrase) == JSON_STRING) {
        return checker_phrase(c, scope, json_text(phrase)) == NULL;
    }
    return k == JSON_OBJECT && json_count(n) == 1 && json_kind(in) == JSON_STRING &&
           checker_knows(c, scope, json_text(in));
}

static bool is_status(json_node n)
{
    int64_t number = 0;
    if (json_kind(n) == JSON_NUMBER) return json_int(n, 100, 599, &number) == ERR_OK;
    struct slice s = json_text(n);
    return s.len == 3 && s.ptr[0] >= '1' && s.ptr[0] <= '5' && s.ptr[1] == 'x' && s.ptr[2] == 'x';
}

/* A path stays on the configured host and below its base: no authority, no dots, no query. */
static const char *path_fault(const struct checker *c, struct scope scope, struct slice s)
{
    if (s.len < 1 || s.len > 255 || s.ptr[0] != '/') return "a path begins with / and is short";
    if (!text_is_print(s)) return "a path is printable ASCII";
    static const char *const bad[] = {"//", "..", "?", "#", "@", "\\", "%", " "};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (slice_find(s, slice_text(bad[i])) != s.len) return "not allowed in a path";
    }
    return checker_phrase(c, scope, s);
}

static const char *pointer_fault(json_node n)
{
    if (json_kind(n) == JSON_STRING) return pointer_is_sound(json_text(n)) ? NULL : "bad pointer";
    if (json_kind(n) != JSON_ARRAY || json_count(n) == 0 || json_count(n) > 4) {
        return "bad pointer: a text, or a list of 1 to 4 texts";
    }
    for (json_node p = json_first(n); p != NULL; p = json_next(p)) {
        bool sound = json_kind(p) == JSON_STRING && pointer_is_sound(json_text(p));
        if (!sound) return "bad pointer";
    }
    return NULL;
}

static const char *phrase_fault(const struct checker *c, struct scope scope, json_node n)
{
    struct slice s = json_text(n);
    if (json_kind(n) != JSON_STRING || s.len > 255) return "must be a short text";
    if (s.len > 0 && !text_is_print(s)) return "must be printable";
    return checker_phrase(c, scope, s);
}

static const char *url_fault(const struct checker *c, struct slice s)
{
    bool whole = s.len > 2 && s.ptr[0] == '{' && slice_find_byte(s, '}') == s.len - 1;
    if (!whole || !is_option(c->root, slice_sub(s, 1, s.len - 1))) {
        return "an address other than the channel's own is one option: {option.NAME}";
    }
    return NULL;
}

const char *checker_scalar(const struct checker *c, const struct member *m, struct scope scope,
                           json_node n)
{
    int64_t number = 0;
    struct slice s = json_text(n);
    switch ((int)m->shape) {
    case SHAPE_TEXT:
        return is_header_text(s) ? NULL : "must be a short printable text";
    case SHAPE_PHRASE:
        return phrase_fault(c, scope, n);
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
        return pointer_fault(n);
    case SHAPE_POINTERS:
        return json_kind(n) == JSON_STRING ? pointer_fault(n) : "bad pointer";
    case SHAPE_SCALAR:
    case SHAPE_SCALARS:
        return is_plain(c, scope, n) ? NULL : "must be a plain value";
    case SHAPE_STATUSES:
        return is_status(n) ? NULL : "must be 100 to 599, or \"5xx\"";
    case SHAPE_VALUE:
        return checker_knows(c, scope, s) ? NULL : "no such value";
    case SHAPE_PATH:
        return json_kind(n) == JSON_STRING ? path_fault(c, scope, s) : "must be a text";
    case SHAPE_URL:
        return url_fault(c, s);
    default:
        return NULL;
    }
}
