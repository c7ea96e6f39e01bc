#include <stdio.h>
#include <string.h>

#include "firmware/base/clock.h"
#include "firmware/base/text.h"
#include "tools/packpeers/gql_run.h"
#include "tools/packpeers/index.h"

/* Operators of each input type, as published. `between` is taken as a list of two, `filled` as a
 * truth value: their shape is not published. */
static const char *const known_operators[][8] = {
    [INPUT_STRING] = {"eq", "ilike", "like", "in", "between"},
    [INPUT_INTEGER] = {"eq", "gt", "gteq", "lt", "lteq", "between"},
    [INPUT_DECIMAL] = {"eq", "gt", "gteq", "lt", "lteq", "between"},
    [INPUT_TIME] = {"eq", "from", "to", "between"},
    [INPUT_BOOL] = {"eq"},
    [INPUT_ID] = {"eq", "in", "gt", "gteq", "lt", "lteq", "filled"},
    [INPUT_ENUM] = {"eq", "in"},
};

static bool operator_known(enum gql_input input, struct slice name)
{
    for (int i = 0; i < 8 && known_operators[input][i]; i++)
        if (slice_is(name, known_operators[input][i])) return true;
    return false;
}

static bool scalar_fits(enum gql_input input, json_node v)
{
    enum json_kind k = json_kind(v);
    int64_t n;
    switch (input) {
    case INPUT_STRING:
    case INPUT_ENUM:
        return k == JSON_STRING;
    case INPUT_BOOL:
        return k == JSON_BOOL;
    case INPUT_ID:
        return k == JSON_STRING || (k == JSON_NUMBER && !json_int(v, 0, INT64_MAX, &n));
    case INPUT_INTEGER:
        return k == JSON_NUMBER && !json_int(v, INT32_MIN, INT32_MAX, &n);
    case INPUT_DECIMAL:
        return k == JSON_NUMBER;
    case INPUT_TIME:
        return k == JSON_STRING && !clock_parse(json_text(v), &n);
    }
    return false;
}

static bool value_fits(enum gql_input input, json_node op)
{
    if (json_kind(op) == JSON_NULL) return true;
    if (slice_is(json_name(op), "filled")) return json_kind(op) == JSON_BOOL;
    bool list = slice_is(json_name(op), "in") || slice_is(json_name(op), "between");
    if (!list) return scalar_fits(input, op);
    if (json_kind(op) != JSON_ARRAY) return false;
    if (slice_is(json_name(op), "between") && json_count(op) != 2) return false;
    for (json_node v = json_first(op); v; v = json_next(v))
        if (!scalar_fits(input, v)) return false;
    return true;
}

static err_t filter_fault(char *reason, size_t cap, const struct gql_root *root, struct slice field,
                          const char *words)
{
    (void)snprintf(reason, cap, "%s was provided invalid value for %.*s (%s)", root->filter_type,
                   (int)(field.len > 60 ? 60 : field.len), (const char *)field.ptr, words);
    return ERR_PROTO;
}

err_t filter_check(const struct peers *p, const struct gql_root *root, json_node filter,
                   char *reason, size_t cap)
{
    if (json_kind(filter) == JSON_NULL) return ERR_OK;
    if (json_kind(filter) != JSON_OBJECT)
        return filter_fault(reason, cap, root, SLICE("filter"), "Expected an object");
    for (json_node m = json_first(filter); m; m = json_next(m)) {
        struct slice name = json_name(m);
        const struct gql_filter *f = schema_filter(root, name, p->options.inferred_off);
        if (!f) return filter_fault(reason, cap, root, name, "Field is not defined");
        if (json_kind(m) == JSON_NULL) continue;
        if (json_kind(m) != JSON_OBJECT)
            return filter_fault(reason, cap, root, name, "Expected an object of operators");
        for (json_node op = json_first(m); op; op = json_next(op)) {
            if (!operator_known(f->input, json_name(op)))
                return filter_fault(reason, cap, root, json_name(op), "Operator is not defined");
            if (!value_fits(f->input, op))
                return filter_fault(reason, cap, root, name, "Could not coerce the value");
        }
    }
    return ERR_OK;
}

/* ---------------------------------------------------------------------------- evaluation -- */

struct value {
    bool null;
    struct slice text;
    int64_t number;
};

static struct value value_at(const void *object, const struct gql_filter *f)
{
    const unsigned char *at = (const unsigned char *)object + f->offset;
    struct value v = {0};
    uint32_t id = 0;
    const char *text = NULL;
    bool flag = false;
    switch (f->kind) {
    case GQL_TEXT:
        memcpy(&text, at, sizeof text);
        v.null = !text;
        v.text = slice_text(text);
        break;
    case GQL_ID:
    case GQL_REF:
        memcpy(&id, at, sizeof id);
        v.null = id == 0;
        v.number = id;
        break;
    case GQL_BOOL:
        memcpy(&flag, at, sizeof flag);
        v.number = flag;
        break;
    case GQL_TIME:
        memcpy(&v.number, at, sizeof v.number);
        v.null = v.number == 0;
        break;
    case GQL_INT:
    case GQL_NUMBER:
    case GQL_EMBED:
        memcpy(&v.number, at, sizeof v.number);
        break;
    }
    return v;
}

/* The wanted number in the unit the rows use. False: no row can be equal. */
static bool wanted_number(const struct gql_filter *f, json_node want, int64_t *out)
{
    qty_t q;
    switch (f->input) {
    case INPUT_TIME:
        return !clock_parse(json_text(want), out);
    case INPUT_DECIMAL:
        if (json_qty(want, &q)) return false;
        *out = q.milli;
        return true;
    case INPUT_BOOL:
        *out = json_bool(want, false);
        return true;
    case INPUT_ID:
    case INPUT_INTEGER:
        return !json_int(want, INT64_MIN / 2, INT64_MAX / 2, out);
    case INPUT_STRING:
    case INPUT_ENUM:
        break;
    }
    return false;
}

static bool is_text(const struct gql_filter *f)
{
    return f->input == INPUT_STRING || f->input == INPUT_ENUM;
}

static bool equals(const struct gql_filter *f, const struct value *v, json_node want)
{
    int64_t n;
    if (v->null) return false;
    if (is_text(f)) return slice_eq(v->text, json_text(want));
    return wanted_number(f, want, &n) && v->number == n;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool contains(struct slice text, struct slice part, bool any_case)
{
    for (size_t at = 0; at + part.len <= text.len; at++) {
        size_t i = 0;
        while (i < part.len && (any_case ? lower(text.ptr[at + i]) == lower(part.ptr[i])
                                         : text.ptr[at + i] == part.ptr[i]))
            i++;
        if (i == part.len) return true;
    }
    return false;
}

/* -1, 0, 1; false: not comparable. */
static bool compare(const struct gql_filter *f, const struct value *v, json_node want, int *out)
{
    if (v->null) return false;
    if (is_text(f)) {
        struct slice w = json_text(want);
        size_t n = v->text.len < w.len ? v->text.len : w.len;
        int c = n ? memcmp(v->text.ptr, w.ptr, n) : 0;
        *out = c ? c : (v->text.len > w.len) - (v->text.len < w.len);
        return true;
    }
    int64_t n;
    if (!wanted_number(f, want, &n)) return false;
    *out = (v->number > n) - (v->number < n);
    return true;
}

static bool in_list(const struct gql_filter *f, const struct value *v, json_node list)
{
    for (json_node w = json_first(list); w; w = json_next(w))
        if (equals(f, v, w)) return true;
    return false;
}

static bool in_range(const struct gql_filter *f, const struct value *v, json_node range)
{
    int low;
    int high;
    json_node first = json_first(range);
    return compare(f, v, first, &low) && compare(f, v, json_next(first), &high) && low >= 0 &&
           high <= 0;
}

static bool operator_holds(const struct gql_filter *f, const struct value *v, json_node op)
{
    struct slice name = json_name(op);
    int c;
    if (json_kind(op) == JSON_NULL) return true;
    if (slice_is(name, "eq")) return equals(f, v, op);
    if (slice_is(name, "in")) return in_list(f, v, op);
    if (slice_is(name, "between")) return in_range(f, v, op);
    if (slice_is(name, "filled")) return json_bool(op, true) == !v->null;
    if (slice_is(name, "like")) return contains(v->text, json_text(op), false);
    if (slice_is(name, "ilike")) return contains(v->text, json_text(op), true);
    if (!compare(f, v, op, &c)) return false;
    if (slice_is(name, "gt")) return c > 0;
    if (slice_is(name, "gteq") || slice_is(name, "from")) return c >= 0;
    if (slice_is(name, "lt")) return c < 0;
    return c <= 0; /* lteq, to */
}

static bool any_code_is(const struct product *x, json_node ops)
{
    const char *codes[] = {x->code, x->barcode, x->case_barcode, x->inner_barcode,
                           x->outer_barcode};
    for (json_node op = json_first(ops); op; op = json_next(op)) {
        bool hit = false;
        for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
            hit = hit || (codes[i] && codes[i][0] && slice_is(json_text(op), codes[i]));
        if (!hit) return false;
    }
    return true;
}

/* An equality on an indexed column narrows the rows. */
static void choose_index(const struct peers *p, const struct gql_root *root,
                         const struct gql_filter *f, json_node operators, struct filter_plan *out)
{
    json_node eq = json_member(operators, "eq");
    int64_t id;
    if (f->via || !eq || json_kind(eq) == JSON_NULL || out->index != INDEX_NONE) return;
    int index = index_of(root->table, f->offset);
    if (index == INDEX_NONE) return;
    if (f->kind == GQL_TEXT) {
        out->first = index_first_text(p, index, json_text(eq));
    } else {
        if (json_int(eq, 0, UINT32_MAX, &id)) return;
        out->first = index_first_id(p, index, (uint32_t)id);
    }
    out->index = index;
}

void filter_plan_make(const struct peers *p, const struct gql_root *root, json_node filter,
                      struct filter_plan *out)
{
    out->count = 0;
    out->index = INDEX_NONE;
    out->first = 0;
    for (json_node m = json_first(filter); m && out->count < FILTER_PARTS_MAX; m = json_next(m)) {
        const struct gql_filter *f = schema_filter(root, json_name(m), p->options.inferred_off);
        if (!f || json_kind(m) == JSON_NULL) continue;
        out->parts[out->count].filter = f;
        out->parts[out->count++].operators = m;
        choose_index(p, root, f, m, out);
    }
}

static bool part_passes(const struct peers *p, const struct gql_filter *f, json_node operators,
                        const void *row)
{
    const void *object = row;
    if (slice_is(json_name(operators), "all_codes")) return any_code_is(row, operators);
    if (f->via) {
        uint32_t id;
        memcpy(&id, (const unsigned char *)row + f->via_offset, sizeof id);
        object = world_get(p, (enum table)f->via, id);
        if (!object) return false;
    }
    struct value v = value_at(object, f);
    for (json_node op = json_first(operators); op; op = json_next(op))
        if (!operator_holds(f, &v, op)) return false;
    return true;
}

bool filter_passes(const struct peers *p, const struct filter_plan *plan, const void *row)
{
    for (size_t i = 0; i < plan->count; i++)
        if (!part_passes(p, plan->parts[i].filter, plan->parts[i].operators, row)) return false;
    return true;
}
