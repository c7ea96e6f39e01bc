#include "firmware/channels/rules.h"

#include "firmware/base/text.h"

#define WAIT_MS_MAX INT64_C(86400000) /* a server asking for more is not believed */

/* ----------------------------------------------------------------------------------- conditions --
 */

/* A scalar as text: digits of a number as written, "true" or "false", contents of a string. */
static struct slice scalar_text(json_node n, struct buf *room)
{
    enum json_kind kind = json_kind(n);
    if (kind == JSON_STRING) return json_text(n);
    if (kind != JSON_NUMBER && kind != JSON_BOOL) return SLICE_NONE;
    json_render(n, room);
    return room->overflow ? SLICE_NONE : buf_slice(room);
}

static bool is_scalar(json_node n)
{
    enum json_kind kind = json_kind(n);
    return kind == JSON_STRING || kind == JSON_NUMBER || kind == JSON_BOOL;
}

/* `wanted` is a scalar of the definition or {"$in":NAME}. */
static bool equals(struct slice found, json_node wanted, const struct values *v)
{
    char text[VALUE_CAP];
    struct buf room = buf_over(text, sizeof text);
    json_node in = json_member(wanted, "$in");
    if (in == NULL) return slice_eq(found, scalar_text(wanted, &room));
    enum value_id id = value_id_of(json_text(in));
    return id != VALUE_COUNT && v->text[id][0] != '\0' && slice_is(found, v->text[id]);
}

static bool is_one_of(struct slice found, json_node list, const struct values *v)
{
    for (json_node n = json_first(list); n != NULL; n = json_next(n)) {
        if (equals(found, n, v)) return true;
    }
    return false;
}

static bool contains_nocase(struct slice text, struct slice part)
{
    for (size_t i = 0; i + part.len <= text.len; i++) {
        if (text_compare_nocase(slice_sub(text, i, i + part.len), part) == 0) return true;
    }
    return false;
}

static bool is_empty(json_node n)
{
    return n == NULL || json_kind(n) == JSON_NULL ||
           (json_kind(n) == JSON_STRING && json_text(n).len == 0) ||
           ((json_kind(n) == JSON_ARRAY || json_kind(n) == JSON_OBJECT) && json_count(n) == 0);
}

static bool condition_holds(json_node c, json_node root, const struct values *v)
{
    char text[VALUE_CAP];
    struct buf room = buf_over(text, sizeof text);
    json_node value = json_member(c, "value");
    json_node at = json_member(c, "at");
    char pointer[JSON_PATH_CAP] = "";
    if (at != NULL && slice_copy(json_text(at), pointer, sizeof pointer) != ERR_OK) return false;
    json_node found = at == NULL ? NULL : json_at(root, pointer);
    json_node exists = json_member(c, "exists");
    if (exists != NULL) return json_bool(exists, true) == (found != NULL);
    json_node empty = json_member(c, "empty");
    if (empty != NULL) return json_bool(empty, true) == is_empty(found);
    struct slice is;
    if (value != NULL) {
        enum value_id id = value_id_of(json_text(value));
        if (id == VALUE_COUNT) return false;
        is = slice_text(v->text[id]);
    } else {
        if (!is_scalar(found)) return false;
        is = scalar_text(found, &room);
    }
    json_node part = json_member(c, "contains");
    if (part != NULL) return contains_nocase(is, json_text(part));
    json_node list = json_member(c, "in");
    if (list != NULL) return is_one_of(is, list, v);
    return equals(is, json_member(c, "equals"), v);
}

bool rules_hold(json_node conditions, json_node root, const struct values *v)
{
    for (json_node c = json_first(conditions); c != NULL; c = json_next(c)) {
        if (!condition_holds(c, root, v)) return false;
    }
    return true;
}

/* -------------------------------------------------------------------------------------- answers --
 */

static bool status_listed(json_node list, int status)
{
    for (json_node n = json_first(list); n != NULL; n = json_next(n)) {
        int64_t exact = 0;
        struct slice word = json_text(n);
        if (word.len == 3 && word.ptr[0] - '0' == status / 100) return true; /* "5xx" */
        if (word.len == 0 && json_int(n, 100, 599, &exact) == ERR_OK && exact == status)
            return true;
    }
    return false;
}

static const struct {
    const char *word;
    enum rule_end end;
} ends[] = {
    {"done", RULE_DONE},     {"retry", RULE_RETRY},     {"reread", RULE_REREAD},
    {"reauth", RULE_REAUTH}, {"park", RULE_PARK},       {"cancelled", RULE_CANCELLED},
    {"look", RULE_LOOK},     {"not_yet", RULE_NOT_YET},
};

bool rule_end_of(struct slice word, enum rule_end *out)
{
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (slice_is(word, ends[i].word)) {
            *out = ends[i].end;
            return true;
        }
    }
    return false;
}

static bool first_fitting(json_node rules, int status, json_node root, const struct values *v,
                          struct rule_result *out)
{
    for (json_node r = json_first(rules); r != NULL; r = json_next(r)) {
        json_node list = json_member(r, "status");
        if (list != NULL && !status_listed(list, status)) continue;
        if (!rules_hold(json_member(r, "if"), root, v)) continue;
        out->rule = json_text(json_member(r, "rule"));
        return rule_end_of(json_text(json_member(r, "then")), &out->end);
    }
    return false;
}

static bool succeeded(json_node own, int status, json_node root, const struct values *v)
{
    json_node ok = json_member(own, "ok");
    if (ok == NULL) return status == 200 || status == 204;
    return status_listed(json_member(ok, "status"), status) &&
           rules_hold(json_member(ok, "if"), root, v);
}

struct rule_result rules_judge(json_node definition, json_node own, int status, json_node root,
                               const struct values *v)
{
    struct rule_result r = {.end = RULE_OK};
    if (first_fitting(json_member(own, "errors"), status, root, v, &r)) return r;
    if (succeeded(own, status, root, v)) return r;
    if (first_fitting(json_member(definition, "errors"), status, root, v, &r)) return r;
    /* A success status with a body that does not say so: it may have had its effect. */
    r = (struct rule_result){.end = status / 100 == 2 ? RULE_LOOK : RULE_PARK};
    return r;
}

/* ---------------------------------------------------------------------------------------- waits --
 */

static bool wait_of(struct slice value, struct slice unit, int64_t wall_ms, int64_t *out_ms)
{
    int64_t n = 0;
    if (slice_is(unit, "date")) {
        if (clock_parse_http(value, &n) != ERR_OK) return false;
        *out_ms = n > wall_ms ? n - wall_ms : 0;
        return true;
    }
    if (text_int(value, 0, INT64_C(1000000000), &n) != ERR_OK) return false;
    *out_ms = slice_is(unit, "ms") ? n : n * 1000;
    return true;
}

int64_t rules_wait(json_node definition, const struct hal_http_result *reply, int64_t wall_ms)
{
    json_node hints = json_member(definition, "waits");
    for (json_node h = json_first(hints); h != NULL; h = json_next(h)) {
        json_node list = json_member(h, "status");
        if (list != NULL && !status_listed(list, reply->status)) continue;
        int64_t ms = 0;
        json_node otherwise = json_member(h, "otherwise_ms");
        if (otherwise != NULL && json_int(otherwise, 0, WAIT_MS_MAX, &ms) == ERR_OK) return ms;
        char header[64];
        if (slice_copy(json_text(json_member(h, "header")), header, sizeof header) != ERR_OK) {
            continue;
        }
        struct slice value = hal_http_header(reply, header);
        struct slice unit = json_text(json_member(h, "unit"));
        if (value.len == 0 || !wait_of(value, unit, wall_ms, &ms)) continue;
        return ms < WAIT_MS_MAX ? ms : WAIT_MS_MAX;
    }
    return 0;
}

static struct slice header_of(json_node node, const char *member,
                              const struct hal_http_result *reply)
{
    char name[64];
    if (slice_copy(json_text(json_member(node, member)), name, sizeof name)) return SLICE_NONE;
    return hal_http_header(reply, name);
}

bool rules_budget(json_node definition, const struct hal_http_result *reply, int64_t wall_ms,
                  int64_t *out_left, int64_t *out_reset_ms)
{
    json_node budget = json_member(definition, "budget");
    if (budget == NULL) return false;
    struct slice reset = header_of(budget, "reset", reply);
    struct slice left = header_of(budget, "left", reply);
    int64_t reset_ms = 0, n = 0;
    if (text_int(left, 0, INT64_C(1000000000), &n) != ERR_OK) return false;
    if (!wait_of(reset, json_text(json_member(budget, "unit")), wall_ms, &reset_ms)) return false;
    *out_left = n;
    *out_reset_ms = reset_ms < WAIT_MS_MAX ? reset_ms : WAIT_MS_MAX;
    return true;
}
