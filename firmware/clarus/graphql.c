#include "firmware/clarus/inner.h"

#include <string.h>

struct buf *list_filter(struct clarus_flow *f)
{
    buf_clear(&f->list.filter);
    return &f->list.filter;
}

void list_filter_eq(struct clarus_flow *f, const char *name, const char *value)
{
    struct json_writer w = json_write(list_filter(f));
    json_open_object(&w, NULL);
    json_open_object(&w, name);
    json_put_text(&w, "eq", value);
    json_close_object(&w);
    json_close_object(&w);
}

static void list_ask(struct clarus_flow *f)
{
    const struct list *l = &f->list;
    char room[FIELDS_CAP + 400];
    struct buf query = buf_over(room, sizeof room);
    buf_printf(&query,
               "query($f: %s, $n: Int, $a: String) { %s { all(filter: $f, first: $n, after: $a) { "
               "pageInfo { hasNextPage endCursor } edges { node { %s } } } } }",
               l->type, l->root, l->fields);
    struct json_writer w = json_write(call_body(f));
    json_open_object(&w, NULL);
    json_put_slice(&w, "query", buf_slice(&query));
    json_open_object(&w, "variables");
    json_put_raw(&w, "f", buf_slice(&l->filter));
    json_put_int(&w, "n", LIST_PAGE);
    json_put_text(&w, "a", l->cursor[0] ? l->cursor : NULL);
    json_close_object(&w);
    json_close_object(&w);
    if (query.overflow || l->filter.overflow) f->call.body.overflow = true;
    call_graphql(f);
}

void list_start(struct clarus_flow *f, const char *root, const char *type, const char *fields)
{
    f->list.active = true;
    f->list.root = root;
    f->list.type = type;
    f->list.pages = 0;
    f->list.cursor[0] = '\0';
    err_t e = slice_copy(slice_text(fields), f->list.fields, sizeof f->list.fields);
    clarus_note(f->c, "list fields", e);
    list_ask(f);
}

static bool page_fault(struct clarus_flow *f, struct answer *a, const char *what)
{
    log_event(f->c->log, LOG_WARN, "clarus.bad_page", "flow=%s root=%s page=%u what=\"%s\"",
              f->kind->name, f->list.root, f->list.pages, what);
    a->kind = ANSWER_FAULTY;
    if (!a->words[0]) words_copy(a->words, sizeof a->words, slice_text(what));
    return false;
}

static json_node page_connection(const struct clarus_flow *f, const struct answer *a)
{
    json_node root = json_member(json_member(a->root, "data"), f->list.root);
    return json_member(root, "all");
}

static bool page_sound(json_node connection)
{
    json_node edges = json_member(connection, "edges");
    if (json_kind(edges) != JSON_ARRAY) return false;
    if (json_kind(json_at(connection, "/pageInfo/hasNextPage")) != JSON_BOOL) return false;
    for (json_node e = json_first(edges); e; e = json_next(e)) {
        char id[ID_CAP];
        if (!node_id(e, "/node/id", id, sizeof id)) return false;
    }
    return true;
}

bool list_page(struct clarus_flow *f, struct answer *a)
{
    if (a->kind != ANSWER_OK) {
        if (a->kind == ANSWER_REFUSED || a->kind == ANSWER_ABSENT) a->kind = ANSWER_FAULTY;
        return false;
    }
    if (json_count(json_member(a->root, "errors"))) return page_fault(f, a, "errors");
    json_node connection = page_connection(f, a);
    if (!page_sound(connection)) return page_fault(f, a, "not a page");
    uint32_t serial = f->serial;
    const struct flow_step *step = &f->kind->steps[f->step];
    json_node edges = json_member(connection, "edges");
    for (json_node e = json_first(edges); e && f->serial == serial; e = json_next(e))
        step->row(f, json_member(e, "node"));
    if (!json_bool(json_at(connection, "/pageInfo/hasNextPage"), false)) return false;
    char cursor[sizeof f->list.cursor];
    err_t e = json_string(json_at(connection, "/pageInfo/endCursor"), cursor, sizeof cursor);
    if (e || !cursor[0] || strcmp(cursor, f->list.cursor) == 0)
        return page_fault(f, a, "no way to the next page");
    if (++f->list.pages >= LIST_PAGES) return page_fault(f, a, "too many pages");
    memcpy(f->list.cursor, cursor, sizeof cursor);
    f->call.renewed = false;
    list_ask(f);
    return true;
}
