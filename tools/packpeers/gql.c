#include "tools/packpeers/gql.h"

#include <assert.h>
#include <string.h>

#include "firmware/base/mem.h"

static bool is_name_byte(uint8_t c, bool first)
{
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    return letter || (!first && c >= '0' && c <= '9');
}

/* Goes on from the place asked for before; the text is mostly read forwards. */
static struct gql_place place_of(struct gql_query *q, size_t at)
{
    if (at < q->placed || q->placed == 0) {
        q->place = (struct gql_place){1, 1};
        q->placed = 0;
    }
    for (; q->placed < at && q->placed < q->text.len; q->placed++) {
        q->place.column++;
        if (q->text.ptr[q->placed] == '\n') q->place = (struct gql_place){q->place.line + 1, 1};
    }
    return q->place;
}

static err_t refuse(struct gql_query *q, size_t at, const char *words, struct slice what)
{
    struct buf b = buf_over(q->fault, sizeof q->fault);
    buf_text(&b, words);
    if (what.len) {
        buf_text(&b, ": ");
        buf_put(&b, slice_sub(what, 0, 60));
    }
    (void)buf_cstr(&b);
    q->fault[sizeof q->fault - 1] = 0;
    q->fault_place = place_of(q, at);
    return ERR_PROTO;
}

static void skip_blank(struct gql_query *q)
{
    while (q->at < q->text.len) {
        uint8_t c = q->text.ptr[q->at];
        bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',';
        if (c == '#') {
            while (q->at < q->text.len && q->text.ptr[q->at] != '\n')
                q->at++;
        } else if (blank) {
            q->at++;
        } else {
            return;
        }
    }
}

static struct gql_token token_to(struct gql_query *q, enum gql_token_kind kind, size_t start)
{
    return (struct gql_token){kind, slice_sub(q->text, start, q->at), start};
}

static struct gql_token string_token(struct gql_query *q)
{
    size_t start = q->at++;
    while (q->at < q->text.len) {
        uint8_t c = q->text.ptr[q->at++];
        if (c == '"') {
            bool block = q->at - start == 2 && q->at < q->text.len && q->text.ptr[q->at] == '"';
            return token_to(q, block ? TOKEN_BAD : TOKEN_STRING, start);
        }
        if (c < 0x20) break;
        if (c == '\\') q->at++;
    }
    q->at = q->at > q->text.len ? q->text.len : q->at;
    return token_to(q, TOKEN_BAD, start);
}

static struct gql_token number_token(struct gql_query *q)
{
    size_t start = q->at++;
    while (q->at < q->text.len) {
        uint8_t c = q->text.ptr[q->at];
        bool part =
            (c >= '0' && c <= '9') || c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-';
        if (!part) break;
        q->at++;
    }
    return token_to(q, TOKEN_NUMBER, start);
}

static struct gql_token read_token(struct gql_query *q)
{
    skip_blank(q);
    size_t start = q->at;
    if (start >= q->text.len) return token_to(q, TOKEN_END, start);
    uint8_t c = q->text.ptr[start];
    if (is_name_byte(c, true)) {
        while (q->at < q->text.len && is_name_byte(q->text.ptr[q->at], false))
            q->at++;
        return token_to(q, TOKEN_NAME, start);
    }
    if (c == '"') return string_token(q);
    if (c == '-' || (c >= '0' && c <= '9')) return number_token(q);
    if (slice_starts(slice_sub(q->text, start, q->text.len), "...")) {
        q->at += 3;
        return token_to(q, TOKEN_SPREAD, start);
    }
    q->at++;
    bool known = c != 0 && strchr("!$():=@[]{}|&", c) != NULL;
    return token_to(q, known ? TOKEN_PUNCTUATOR : TOKEN_BAD, start);
}

static struct gql_token next_token(struct gql_query *q)
{
    if (q->peeked.kind == TOKEN_NONE || q->peeked_from != q->at) return read_token(q);
    q->at = q->peeked_to;
    return q->peeked;
}

static struct gql_token peek_token(struct gql_query *q)
{
    if (q->peeked.kind != TOKEN_NONE && q->peeked_from == q->at) return q->peeked;
    q->peeked_from = q->at;
    q->peeked = read_token(q);
    q->peeked_to = q->at;
    q->at = q->peeked_from;
    return q->peeked;
}

static bool is_mark(struct gql_token t, char mark)
{
    return t.kind == TOKEN_PUNCTUATOR && t.text.ptr[0] == (uint8_t)mark;
}

static bool accept_mark(struct gql_query *q, char mark)
{
    if (!is_mark(peek_token(q), mark)) return false;
    (void)next_token(q);
    return true;
}

static err_t expect_mark(struct gql_query *q, char mark)
{
    struct gql_token t = next_token(q);
    if (is_mark(t, mark)) return ERR_OK;
    char words[] = "expected 'x'";
    words[10] = mark;
    return refuse(q, t.start, words, t.text);
}

static err_t expect_name(struct gql_query *q, struct slice *out)
{
    struct gql_token t = next_token(q);
    if (t.kind != TOKEN_NAME) return refuse(q, t.start, "expected a name", t.text);
    *out = t.text;
    return ERR_OK;
}

/* ------------------------------------------------------------------------------- variables -- */

static struct gql_variable *variable_find(struct gql_query *q, struct slice name)
{
    for (int i = 0; i < q->variable_count; i++)
        if (slice_eq(q->variables[i].name, name)) return &q->variables[i];
    return NULL;
}

static json_node variable_value(const struct gql_query *q, struct slice name)
{
    for (json_node n = json_first(q->values); n; n = json_next(n))
        if (slice_eq(json_name(n), name)) return n;
    return NULL;
}

static err_t parse_type(struct gql_query *q, struct gql_variable *v)
{
    size_t start = peek_token(q).start;
    bool list = accept_mark(q, '[');
    struct slice name;
    err_t e = expect_name(q, &name);
    if (e) return e;
    if (list) {
        (void)accept_mark(q, '!');
        e = expect_mark(q, ']');
        if (e) return e;
    }
    v->type = slice_sub(q->text, start, q->at);
    v->required = accept_mark(q, '!');
    return ERR_OK;
}

static err_t parse_default(struct gql_query *q)
{
    struct gql_token t = peek_token(q);
    return refuse(q, t.start, "default values are not supported here", t.text);
}

static err_t parse_variable(struct gql_query *q)
{
    struct gql_token t = next_token(q);
    if (!is_mark(t, '$')) return refuse(q, t.start, "expected a variable", t.text);
    if (q->variable_count == GQL_VARS_MAX)
        return refuse(q, t.start, "too many variables", SLICE_NONE);
    struct gql_variable v = {0};
    err_t e = expect_name(q, &v.name);
    if (e) return e;
    if (variable_find(q, v.name)) return refuse(q, t.start, "variable declared twice", v.name);
    e = expect_mark(q, ':');
    if (e) return e;
    e = parse_type(q, &v);
    if (e) return e;
    if (accept_mark(q, '=')) return parse_default(q);
    json_node value = variable_value(q, v.name);
    if (v.required && (!value || json_kind(value) == JSON_NULL))
        return refuse(q, t.start, "Variable of a non-null type was not given", v.name);
    q->variables[q->variable_count++] = v;
    return ERR_OK;
}

static err_t parse_variables(struct gql_query *q)
{
    if (!accept_mark(q, '(')) return ERR_OK;
    while (!accept_mark(q, ')')) {
        err_t e = parse_variable(q);
        if (e) return e;
    }
    return ERR_OK;
}

/* ---------------------------------------------------------------------------------- values -- */

struct value_state {
    char closers[GQL_DEPTH_MAX];
    int depth;
    bool need_comma[GQL_DEPTH_MAX + 1];
};

static err_t value_variable(struct gql_query *q, struct gql_arg *arg, bool whole)
{
    struct slice name = SLICE_NONE;
    err_t e = expect_name(q, &name);
    if (e) return e;
    struct gql_variable *v = variable_find(q, name);
    if (!v) return refuse(q, q->at - name.len, "Variable is used but not declared", name);
    v->used = true;
    json_node value = variable_value(q, name);
    if (value)
        json_render(value, &q->scratch);
    else
        buf_text(&q->scratch, "null");
    if (whole) {
        arg->variable = name;
        arg->type = v->type;
    }
    return ERR_OK;
}

static bool is_word(struct slice s)
{
    return slice_is(s, "true") || slice_is(s, "false") || slice_is(s, "null");
}

static err_t value_scalar(struct gql_query *q, struct gql_token t, struct gql_arg *arg, bool whole)
{
    if (is_mark(t, '$')) return value_variable(q, arg, whole);
    if (t.kind == TOKEN_NUMBER || t.kind == TOKEN_STRING) {
        buf_put(&q->scratch, t.text);
        return ERR_OK;
    }
    if (t.kind != TOKEN_NAME) return refuse(q, t.start, "expected a value", t.text);
    bool bare = is_word(t.text);
    if (!bare) buf_byte(&q->scratch, '"'); /* an enum literal */
    buf_put(&q->scratch, t.text);
    if (!bare) buf_byte(&q->scratch, '"');
    return ERR_OK;
}

static err_t value_key(struct gql_query *q, const struct value_state *s)
{
    if (s->depth == 0 || s->closers[s->depth - 1] != '}') return ERR_OK;
    struct slice key;
    err_t e = expect_name(q, &key);
    if (e) return e;
    buf_byte(&q->scratch, '"');
    buf_put(&q->scratch, key);
    buf_text(&q->scratch, "\":");
    return expect_mark(q, ':');
}

static err_t value_open(struct gql_query *q, struct value_state *s, struct gql_token t)
{
    if (s->depth == GQL_DEPTH_MAX) return refuse(q, t.start, "value nests too deep", SLICE_NONE);
    bool object = is_mark(t, '{');
    buf_byte(&q->scratch, object ? '{' : '[');
    s->closers[s->depth++] = object ? '}' : ']';
    s->need_comma[s->depth] = false;
    return ERR_OK;
}

static err_t value_step(struct gql_query *q, struct value_state *s, struct gql_arg *arg)
{
    if (s->depth > 0 && accept_mark(q, s->closers[s->depth - 1])) {
        buf_byte(&q->scratch, (uint8_t)s->closers[--s->depth]);
        return ERR_OK;
    }
    if (s->need_comma[s->depth]) buf_byte(&q->scratch, ',');
    s->need_comma[s->depth] = true;
    err_t e = value_key(q, s);
    if (e) return e;
    struct gql_token t = next_token(q);
    if (is_mark(t, '{') || is_mark(t, '[')) return value_open(q, s, t);
    return value_scalar(q, t, arg, s->depth == 0);
}

static err_t parse_value(struct gql_query *q, struct gql_arg *arg)
{
    struct value_state s = {0};
    arg->from = q->scratch.len;
    do {
        err_t e = value_step(q, &s, arg);
        if (e) return e;
    } while (s.depth > 0);
    arg->to = q->scratch.len;
    return ERR_OK;
}

static err_t parse_args(struct gql_query *q, struct gql_node *node)
{
    node->first_arg = q->arg_count;
    if (!accept_mark(q, '(')) return ERR_OK;
    while (!accept_mark(q, ')')) {
        if (q->arg_count == GQL_ARGS_MAX) return refuse(q, q->at, "too many arguments", SLICE_NONE);
        struct gql_arg arg = {0};
        err_t e = expect_name(q, &arg.name);
        if (e) return e;
        e = expect_mark(q, ':');
        if (e) return e;
        e = parse_value(q, &arg);
        if (e) return e;
        q->args[q->arg_count++] = arg;
        node->arg_count++;
    }
    if (node->arg_count == 0) return refuse(q, q->at, "empty argument list", SLICE_NONE);
    return ERR_OK;
}

/* ------------------------------------------------------------------------------ selections -- */

static err_t parse_field(struct gql_query *q, struct gql_token t, int parent, int *out_node)
{
    if (t.kind == TOKEN_SPREAD)
        return refuse(q, t.start, "fragments are not supported here", t.text);
    if (t.kind != TOKEN_NAME) return refuse(q, t.start, "expected a field", t.text);
    if (q->node_count == GQL_NODES_MAX) return refuse(q, t.start, "query too large", SLICE_NONE);
    int index = q->node_count++;
    struct gql_node *n = &q->nodes[index];
    *n = (struct gql_node){.alias = t.text,
                           .name = t.text,
                           .place = place_of(q, t.start),
                           .parent = parent,
                           .first_child = GQL_NONE,
                           .next = GQL_NONE};
    if (accept_mark(q, ':')) {
        err_t e = expect_name(q, &n->name);
        if (e) return e;
    }
    err_t e = parse_args(q, n);
    if (e) return e;
    if (is_mark(peek_token(q), '@'))
        return refuse(q, q->at, "directives are not supported here", t.text);
    *out_node = index;
    return ERR_OK;
}

static err_t link_field(struct gql_query *q, int parent, int *last, int index)
{
    const struct gql_node *n = &q->nodes[index];
    int sibling = parent == GQL_NONE ? q->first_root : q->nodes[parent].first_child;
    for (; sibling != GQL_NONE; sibling = q->nodes[sibling].next)
        if (slice_eq(q->nodes[sibling].alias, n->alias))
            return refuse(q, q->at, "two fields want the same name", n->alias);
    if (*last != GQL_NONE)
        q->nodes[*last].next = index;
    else if (parent == GQL_NONE)
        q->first_root = index;
    else
        q->nodes[parent].first_child = index;
    *last = index;
    return ERR_OK;
}

static err_t parse_selections(struct gql_query *q)
{
    int owners[GQL_DEPTH_MAX + 1] = {GQL_NONE};
    int last[GQL_DEPTH_MAX + 1] = {GQL_NONE};
    int depth = 0;
    err_t e = expect_mark(q, '{');
    while (!e && depth >= 0) {
        struct gql_token t = next_token(q);
        if (is_mark(t, '}')) {
            if (last[depth] == GQL_NONE) return refuse(q, t.start, "empty selection", SLICE_NONE);
            depth--;
            continue;
        }
        int index = GQL_NONE;
        e = parse_field(q, t, owners[depth], &index);
        if (!e) e = link_field(q, owners[depth], &last[depth], index);
        if (e) return e;
        if (!accept_mark(q, '{')) continue;
        if (depth == GQL_DEPTH_MAX) return refuse(q, t.start, "query nests too deep", SLICE_NONE);
        depth++;
        owners[depth] = index;
        last[depth] = GQL_NONE;
    }
    return e;
}

static err_t parse_operation(struct gql_query *q)
{
    struct gql_token t = peek_token(q);
    if (t.kind == TOKEN_NAME) {
        (void)next_token(q);
        if (!slice_is(t.text, "query"))
            return refuse(q, t.start, "only queries are supported here", t.text);
        if (peek_token(q).kind == TOKEN_NAME) (void)next_token(q);
        err_t e = parse_variables(q);
        if (e) return e;
    }
    err_t e = parse_selections(q);
    if (e) return e;
    t = next_token(q);
    if (t.kind != TOKEN_END) return refuse(q, t.start, "one operation expected", t.text);
    return ERR_OK;
}

static err_t check_variables(struct gql_query *q)
{
    for (int i = 0; i < q->variable_count; i++)
        if (!q->variables[i].used)
            return refuse(q, 0, "Variable is declared but not used", q->variables[i].name);
    return ERR_OK;
}

err_t gql_parse(struct slice text, json_node variables, struct gql_query **out)
{
    struct gql_query *q = mem_resize(NULL, sizeof *q);
    if (!q) return ERR_NOMEM;
    *out = q;
    q->node_count = q->arg_count = q->variable_count = 0;
    q->at = q->placed = 0;
    q->peeked.kind = TOKEN_NONE;
    q->fault[0] = 0;
    q->fault_place = (struct gql_place){0, 0};
    q->first_root = GQL_NONE;
    q->text = text;
    q->values = variables;
    q->scratch = buf_new(GQL_SCRATCH_MAX);
    if (text.len > GQL_QUERY_MAX) return refuse(q, 0, "query too long", SLICE_NONE);
    err_t e = parse_operation(q);
    if (!e) e = check_variables(q);
    if (e) return e;
    if (q->scratch.overflow) return refuse(q, 0, "arguments too long", SLICE_NONE);
    for (int i = 0; i < q->arg_count; i++)
        q->args[i].json = slice_sub(buf_slice(&q->scratch), q->args[i].from, q->args[i].to);
    return ERR_OK;
}

void gql_free(struct gql_query *q)
{
    if (!q) return;
    buf_deinit(&q->scratch);
    mem_free(q);
}
