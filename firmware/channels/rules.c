#include "firmware/channels/rules.h"

#include "firmware/base/text.h"
#include "firmware/channels/pointer.h"
#include "firmware/channels/template.h"

#define WAIT_MS_MAX INT64_C(86400000)   /* a server asking for more is not believed */
#define EPOCH_MAX   INT64_C(9000000000) /* seconds; the year 2255 */

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

/* `wanted` is a scalar of the definition, {"$in":NAME} or {"$text":PHRASE}. */
static bool equals(struct slice found, json_node wanted, const struct values *v)
{
    char text[VALUE_CAP];
    struct value_room number;
    struct buf room = buf_over(text, sizeof text);
    json_node in = json_member(wanted, "$in");
    json_node phrase = json_member(wanted, "$text");
    if (phrase != NULL) {
        return template_plain(json_text(phrase), v, &room) == ERR_OK &&
               slice_eq(found, buf_slice(&room));
    }
    if (in == NULL) return slice_eq(found, scalar_text(wanted, &room));
    struct slice is = value_find(v, &v->place, json_text(in), &number);
    return is.len > 0 && slice_eq(found, is);
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

static bool text_passes(json_node c, struct slice is, const struct values *v)
{
    json_node part = json_member(c, "contains");
    if (part != NULL) return contains_nocase(is, json_text(part));
    json_node list = json_member(c, "in");
    if (list != NULL) return is_one_of(is, list, v);
    return equals(is, json_member(c, "equals"), v);
}

static bool value_passes(json_node c, struct slice is, const struct values *v)
{
    json_node empty = json_member(c, "empty");
    if (empty != NULL) return json_bool(empty, true) == (is.len == 0);
    json_node exists = json_member(c, "exists");
    if (exists != NULL) return json_bool(exists, true) == (is.len > 0);
    return text_passes(c, is, v);
}

static bool node_passes(json_node c, json_node found, const struct values *v)
{
    char text[VALUE_CAP];
    struct buf room = buf_over(text, sizeof text);
    json_node exists = json_member(c, "exists");
    if (exists != NULL) return json_bool(exists, true) == (found != NULL);
    json_node empty = json_member(c, "empty");
    if (empty != NULL) return json_bool(empty, true) == is_empty(found);
    return is_scalar(found) && text_passes(c, scalar_text(found, &room), v);
}

static bool condition_holds(json_node c, const struct row *row, const struct values *v)
{
    struct value_room room;
    json_node value = json_member(c, "value");
    bool passes = value != NULL
                      ? value_passes(c, value_find(v, &v->place, json_text(value), &room), v)
                      : node_passes(c, pointer_member(row, c, "at"), v);
    return passes != json_bool(json_member(c, "not"), false);
}

bool rules_hold_row(json_node conditions, const struct row *row, const struct values *v)
{
    for (json_node c = json_first(conditions); c != NULL; c = json_next(c)) {
        if (!condition_holds(c, row, v)) return false;
    }
    return true;
}

bool rules_hold(json_node conditions, json_node root, const struct values *v)
{
    const struct row row = {.node = root};
    return rules_hold_row(conditions, &row, v);
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
        err_ignore(json_int(json_member(r, "times"), 1, REREADS_MAX, &out->times)); /* else 1 */
        return rule_end_of(json_text(json_member(r, "then")), &out->end);
    }
    return false;
}

static bool succeeded(json_node definition, json_node own, int status, json_node root,
                      const struct values *v)
{
    json_node ok = json_member(own, "ok");
    if (ok == NULL) ok = json_member(definition, "ok");
    if (ok == NULL) return status == 200 || status == 204;
    return status_listed(json_member(ok, "status"), status) &&
           rules_hold(json_member(ok, "if"), root, v);
}

struct rule_result rules_judge(json_node definition, json_node own, int status, json_node root,
                               const struct values *v)
{
    struct rule_result r = {.end = RULE_OK, .times = 1};
    if (first_fitting(json_member(own, "errors"), status, root, v, &r)) return r;
    if (succeeded(definition, own, status, root, v)) return r;
    if (first_fitting(json_member(definition, "errors"), status, root, v, &r)) return r;
    /* A success status with a body that does not say so: it may have had its effect. */
    r = (struct rule_result){.end = status / 100 == 2 ? RULE_LOOK : RULE_PARK, .times = 1};
    if (status / 100 == 3) r.rule = SLICE("channel.redirect");
    return r;
}

/* ---------------------------------------------------------------------------------------- waits --
 */

static bool wait_of(struct slice value, struct slice unit, int64_t wall_ms, int64_t *out_ms)
{
    int64_t n = 0;
    bool epoch = slice_is(unit, "epoch");
    if (slice_is(unit, "date")) {
        if (clock_parse_http(value, &n) != ERR_OK) return false;
    } else if (text_int(value, 0, epoch ? EPOCH_MAX : WAIT_MS_MAX, &n) != ERR_OK) {
        return false;
    }
    if (epoch) n *= 1000;
    if (epoch || slice_is(unit, "date")) n = n > wall_ms ? n - wall_ms : 0;
    if (slice_is(unit, "s")) n *= 1000;
    *out_ms = n;
    return true;
}

/* Whole part of a number as servers write it: 2000, "2000", 2000.0. */
static bool whole_at(json_node root, json_node hint, const char *member, int64_t *out)
{
    const struct row row = {.node = root};
    qty_t q;
    if (json_qty(pointer_member(&row, hint, member), &q) != ERR_OK) return false;
    *out = q.milli / 1000;
    return true;
}

/* A bucket that fills again: how long until it holds what was asked for. */
static bool throttle_wait(json_node hint, json_node root, int64_t *out_ms)
{
    int64_t wanted = 0, there = 0, per_s = 0;
    json_node t = json_member(hint, "throttle");
    if (!whole_at(root, t, "requested", &wanted) || !whole_at(root, t, "available", &there) ||
        !whole_at(root, t, "per_s", &per_s) || per_s <= 0)
        return false;
    *out_ms = wanted > there ? (wanted - there) * 1000 / per_s + 1 : 0;
    return wanted > there;
}

static bool hint_wait(json_node hint, const struct hal_http_result *reply, json_node root,
                      int64_t wall_ms, int64_t *out_ms)
{
    char text[64];
    struct buf room = buf_over(text, sizeof text);
    json_node otherwise = json_member(hint, "otherwise_ms");
    if (otherwise != NULL) return json_int(otherwise, 0, WAIT_MS_MAX, out_ms) == ERR_OK;
    if (json_member(hint, "throttle") != NULL) return throttle_wait(hint, root, out_ms);
    struct slice unit = json_text(json_member(hint, "unit"));
    if (json_member(hint, "at") != NULL) {
        const struct row row = {.node = root};
        json_node n = pointer_member(&row, hint, "at");
        return n != NULL && wait_of(scalar_text(n, &room), unit, wall_ms, out_ms);
    }
    char header[64];
    if (slice_copy(json_text(json_member(hint, "header")), header, sizeof header)) return false;
    struct slice value = hal_http_header(reply, header);
    return value.len > 0 && wait_of(value, unit, wall_ms, out_ms);
}

int64_t rules_wait(json_node definition, const struct hal_http_result *reply, json_node root,
                   int64_t wall_ms)
{
    json_node hints = json_member(definition, "waits");
    for (json_node h = json_first(hints); h != NULL; h = json_next(h)) {
        int64_t ms = 0;
        json_node list = json_member(h, "status");
        if (list != NULL && !status_listed(list, reply->status)) continue;
        if (hint_wait(h, reply, root, wall_ms, &ms)) return ms < WAIT_MS_MAX ? ms : WAIT_MS_MAX;
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
