#include "tools/packpeers/gql_run.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/clock.h"
#include "firmware/base/mem.h"
#include "firmware/base/text.h"
#include "tools/packpeers/index.h"

enum context_kind {
    CONTEXT_ROOT, /* goods_outs: holds `all` */
    CONTEXT_LIST, /* all: holds edges and pageInfo */
    CONTEXT_EDGE,
    CONTEXT_PAGE_INFO,
    CONTEXT_OBJECT,
    CONTEXT_SCALAR,
    CONTEXT_TYPENAME,
};

struct context {
    enum context_kind kind;
    const struct gql_root *root;
    int type; /* for OBJECT: what its children are fields of */
    const struct gql_field *field;
};

struct run {
    struct peers *p;
    const struct gql_query *q;
    struct json_writer w;
    struct context contexts[GQL_NODES_MAX];
    struct gql_fault *fault;
};

static err_t no_field(struct run *r, const struct gql_node *n, const char *type)
{
    (void)snprintf(r->fault->text, sizeof r->fault->text, "Field '%.*s' doesn't exist on type '%s'",
                   (int)(n->name.len > 80 ? 80 : n->name.len), (const char *)n->name.ptr, type);
    r->fault->place = n->place;
    return ERR_PROTO;
}

static err_t bad_node(struct run *r, const struct gql_node *n, const char *words)
{
    (void)snprintf(r->fault->text, sizeof r->fault->text, "%s: %.*s", words,
                   (int)(n->name.len > 80 ? 80 : n->name.len), (const char *)n->name.ptr);
    r->fault->place = n->place;
    return ERR_PROTO;
}

/* ---------------------------------------------------------------------------------- checks -- */

static err_t context_in_object(struct run *r, const struct gql_node *n, int type,
                               struct context *out)
{
    if (slice_is(n->name, "__typename")) {
        *out = (struct context){CONTEXT_TYPENAME, NULL, type, NULL};
        return ERR_OK;
    }
    const struct gql_field *f = schema_field(type, n->name, r->p->options.inferred_off);
    if (!f) return no_field(r, n, schema_type(type)->name);
    bool object = f->kind == GQL_REF || f->kind == GQL_EMBED;
    *out = (struct context){object ? CONTEXT_OBJECT : CONTEXT_SCALAR, NULL, f->type, f};
    return ERR_OK;
}

static err_t context_of(struct run *r, const struct gql_node *n, struct context *out)
{
    if (n->parent == GQL_NONE) {
        const struct gql_root *root = schema_root(n->name);
        if (!root) return no_field(r, n, "Query");
        *out = (struct context){CONTEXT_ROOT, root, 0, NULL};
        return ERR_OK;
    }
    const struct context *up = &r->contexts[n->parent];
    *out = (struct context){CONTEXT_SCALAR, up->root, 0, NULL};
    switch (up->kind) {
    case CONTEXT_ROOT:
        if (!slice_is(n->name, "all")) return no_field(r, n, "Queries");
        out->kind = CONTEXT_LIST;
        return ERR_OK;
    case CONTEXT_LIST:
        if (slice_is(n->name, "edges"))
            out->kind = CONTEXT_EDGE;
        else if (slice_is(n->name, "pageInfo"))
            out->kind = CONTEXT_PAGE_INFO;
        else
            return no_field(r, n, "Connection");
        return ERR_OK;
    case CONTEXT_EDGE:
        if (slice_is(n->name, "node"))
            *out = (struct context){CONTEXT_OBJECT, NULL, (int)up->root->table, NULL};
        else if (!slice_is(n->name, "cursor"))
            return no_field(r, n, "Edge");
        return ERR_OK;
    case CONTEXT_PAGE_INFO:
        if (slice_is(n->name, "hasNextPage") || slice_is(n->name, "hasPreviousPage") ||
            slice_is(n->name, "startCursor") || slice_is(n->name, "endCursor"))
            return ERR_OK;
        return no_field(r, n, "PageInfo");
    case CONTEXT_OBJECT:
        return context_in_object(r, n, up->type, out);
    case CONTEXT_SCALAR:
    case CONTEXT_TYPENAME:
        break;
    }
    return bad_node(r, n, "Selections can't be made on scalars");
}

static err_t check_type(struct run *r, const struct gql_node *n, const struct gql_arg *a,
                        const char *want)
{
    if (!a->variable.len || slice_is(a->type, want)) return ERR_OK;
    (void)snprintf(r->fault->text, sizeof r->fault->text,
                   "Type mismatch on variable $%.*s and argument %.*s (%.*s / %s)",
                   (int)(a->variable.len > 40 ? 40 : a->variable.len),
                   (const char *)a->variable.ptr, (int)(a->name.len > 40 ? 40 : a->name.len),
                   (const char *)a->name.ptr, (int)(a->type.len > 40 ? 40 : a->type.len),
                   (const char *)a->type.ptr, want);
    r->fault->place = n->place;
    return ERR_PROTO;
}

static err_t check_filter(struct run *r, const struct gql_node *n, const struct gql_root *root,
                          const struct gql_arg *a)
{
    err_t e = check_type(r, n, a, root->filter_type);
    if (e) return e;
    AUTO_JSON struct json_doc *doc = NULL;
    e = json_parse(a->json, &doc, NULL);
    if (e) return e == ERR_NOMEM ? e : bad_node(r, n, "Argument is not a value");
    r->fault->place = n->place;
    return filter_check(r->p, root, json_root(doc), r->fault->text, sizeof r->fault->text);
}

static err_t check_args(struct run *r, const struct gql_node *n, const struct context *c)
{
    if (c->kind != CONTEXT_LIST)
        return n->arg_count ? bad_node(r, n, "Field doesn't accept arguments") : ERR_OK;
    for (int i = 0; i < n->arg_count; i++) {
        const struct gql_arg *a = &r->q->args[n->first_arg + i];
        err_t e = ERR_OK;
        if (slice_is(a->name, "filter"))
            e = check_filter(r, n, c->root, a);
        else if (slice_is(a->name, "first"))
            e = check_type(r, n, a, "Int");
        else if (slice_is(a->name, "after"))
            e = check_type(r, n, a, "String");
        else
            e = bad_node(r, n, "Field doesn't accept such an argument");
        if (e) return e;
    }
    return ERR_OK;
}

static err_t check_query(struct run *r)
{
    for (int i = 0; i < r->q->node_count; i++) {
        const struct gql_node *n = &r->q->nodes[i];
        struct context *c = &r->contexts[i];
        err_t e = context_of(r, n, c);
        if (e) return e;
        bool leaf = c->kind == CONTEXT_SCALAR || c->kind == CONTEXT_TYPENAME;
        if (!leaf && n->first_child == GQL_NONE)
            return bad_node(r, n, "Field must have selections");
        e = check_args(r, n, c);
        if (e) return e;
    }
    return ERR_OK;
}

/* --------------------------------------------------------------------------------- answers -- */

struct names {
    char text[64];
};

static const char *response_name(const struct gql_node *n, struct names *room)
{
    if (slice_copy(n->alias, room->text, sizeof room->text)) room->text[0] = 0;
    return room->text;
}

static void put_number(struct json_writer *w, const char *name, int64_t milli)
{
    char text[40];
    int64_t part = milli % 1000;
    if (part % 100 == 0)
        (void)snprintf(text, sizeof text, "%lld.%lld", (long long)(milli / 1000),
                       (long long)(part / 100));
    else
        (void)snprintf(text, sizeof text, "%lld.%03lld", (long long)(milli / 1000),
                       (long long)part);
    json_put_raw(w, name, slice_text(text));
}

static void put_scalar(struct json_writer *w, const char *name, const struct gql_field *f,
                       const void *object)
{
    const unsigned char *at = (const unsigned char *)object + f->offset;
    uint32_t id = 0;
    int64_t number = 0;
    bool flag = false;
    const char *text = NULL;
    char iso[CLOCK_ISO_CAP];
    switch (f->kind) {
    case GQL_ID:
        memcpy(&id, at, sizeof id);
        (void)snprintf(iso, sizeof iso, "%u", (unsigned)id);
        json_put_text(w, name, id ? iso : NULL);
        break;
    case GQL_TEXT:
        memcpy(&text, at, sizeof text);
        json_put_text(w, name, text);
        break;
    case GQL_INT:
        memcpy(&number, at, sizeof number);
        json_put_int(w, name, number);
        break;
    case GQL_NUMBER:
        memcpy(&number, at, sizeof number);
        put_number(w, name, number);
        break;
    case GQL_BOOL:
        memcpy(&flag, at, sizeof flag);
        json_put_bool(w, name, flag);
        break;
    case GQL_TIME:
        memcpy(&number, at, sizeof number);
        json_put_text(w, name, number ? clock_iso(number, iso) : NULL);
        break;
    case GQL_REF:
    case GQL_EMBED:
        assert(false);
        break;
    }
}

/* Writes one object and everything below it: a walk with its own stack. */
static void put_object(struct run *r, int node, const void *object)
{
    struct {
        int child;
        const void *object;
    } stack[GQL_DEPTH_MAX + 2];
    struct names room;
    int depth = 0;
    json_open_object(&r->w, response_name(&r->q->nodes[node], &room));
    stack[0].child = r->q->nodes[node].first_child;
    stack[0].object = object;
    while (depth >= 0) {
        int at = stack[depth].child;
        if (at == GQL_NONE) {
            json_close_object(&r->w);
            depth--;
            continue;
        }
        const struct gql_node *n = &r->q->nodes[at];
        const struct context *c = &r->contexts[at];
        stack[depth].child = n->next;
        const char *name = response_name(n, &room);
        if (c->kind == CONTEXT_TYPENAME) {
            json_put_text(&r->w, name, schema_type(c->type)->name);
        } else if (c->kind == CONTEXT_SCALAR) {
            put_scalar(&r->w, name, c->field, stack[depth].object);
        } else {
            const void *below = schema_follow(r->p, c->field, stack[depth].object);
            if (!below) {
                json_put_null(&r->w, name);
                continue;
            }
            json_open_object(&r->w, name);
            depth++;
            stack[depth].child = n->first_child;
            stack[depth].object = below;
        }
    }
}

struct page {
    json_node filter;
    uint32_t first;
    uint32_t after;
    struct filter_plan plan;
    uint32_t shown;
    bool more;
};

static const char *cursor_text(uint32_t position, char out[24])
{
    char digits[16];
    (void)snprintf(digits, sizeof digits, "%u", (unsigned)position);
    struct buf b = buf_over(out, 24);
    text_base64url(&b, slice_text(digits));
    return buf_cstr(&b);
}

static uint8_t base64_value(uint8_t c)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    const char *at = c ? strchr(alphabet, c) : NULL;
    return at ? (uint8_t)(at - alphabet) : 0xff;
}

/* Cursors are base64 of a position. Anything else reads as the beginning. */
static uint32_t cursor_position(struct slice cursor)
{
    char digits[24] = "";
    size_t n = 0;
    uint32_t bits = 0;
    int have = 0;
    for (size_t i = 0; i < cursor.len && n + 1 < sizeof digits; i++) {
        uint8_t v = base64_value(cursor.ptr[i]);
        if (v == 0xff) break;
        bits = bits << 6 | v;
        have += 6;
        if (have < 8) continue;
        have -= 8;
        digits[n++] = (char)(bits >> have & 0xff);
    }
    int64_t position = 0;
    if (text_int(slice_of(digits, n), 0, UINT32_MAX, &position)) return 0;
    return (uint32_t)position;
}

static void put_edge(struct run *r, int edges, uint32_t position, const void *row)
{
    char cursor[24];
    struct names room;
    json_open_object(&r->w, NULL);
    for (int c = r->q->nodes[edges].first_child; c != GQL_NONE; c = r->q->nodes[c].next) {
        if (r->contexts[c].kind == CONTEXT_OBJECT)
            put_object(r, c, row);
        else
            json_put_text(&r->w, response_name(&r->q->nodes[c], &room),
                          cursor_text(position, cursor));
    }
    json_close_object(&r->w);
}

/* Steps through the rows worth looking at: an index's chain, or the whole table. */
static uint32_t next_candidate(const struct peers *p, const struct filter_plan *plan, uint32_t at)
{
    if (plan->index == INDEX_NONE) return at + 1;
    return at == 0 ? plan->first : index_next(p, plan->index, at);
}

/* Finds the page, and writes its edges when `edges` is a node. */
static void walk_page(struct run *r, const struct gql_root *root, struct page *page, int edges)
{
    uint32_t position = 0;
    const struct row *row;
    page->shown = 0;
    page->more = false;
    uint32_t at = next_candidate(r->p, &page->plan, 0);
    for (; at && (row = world_nth(r->p, root->table, at - 1));
         at = next_candidate(r->p, &page->plan, at)) {
        if (row->gone || !filter_passes(r->p, &page->plan, row)) continue;
        if (++position <= page->after) continue;
        if (page->shown == page->first) {
            page->more = true;
            return;
        }
        page->shown++;
        if (edges != GQL_NONE) put_edge(r, edges, position, row);
    }
}

static void put_page_info(struct run *r, int node, const struct page *page)
{
    struct names room;
    char cursor[24];
    json_open_object(&r->w, response_name(&r->q->nodes[node], &room));
    for (int c = r->q->nodes[node].first_child; c != GQL_NONE; c = r->q->nodes[c].next) {
        struct slice name = r->q->nodes[c].name;
        const char *key = response_name(&r->q->nodes[c], &room);
        if (slice_is(name, "hasNextPage"))
            json_put_bool(&r->w, key, page->more);
        else if (slice_is(name, "hasPreviousPage"))
            json_put_bool(&r->w, key, page->after > 0);
        else if (page->shown == 0)
            json_put_null(&r->w, key);
        else if (slice_is(name, "startCursor"))
            json_put_text(&r->w, key, cursor_text(page->after + 1, cursor));
        else
            json_put_text(&r->w, key, cursor_text(page->after + page->shown, cursor));
    }
    json_close_object(&r->w);
}

static void read_page_args(struct run *r, const struct gql_node *n, struct page *page,
                           struct json_doc **filter)
{
    uint32_t page_max = r->p->options.page_max;
    page->first = page_max;
    for (int i = 0; i < n->arg_count; i++) {
        const struct gql_arg *a = &r->q->args[n->first_arg + i];
        AUTO_JSON struct json_doc *doc = NULL;
        if (json_parse(a->json, &doc, NULL)) continue;
        int64_t first;
        if (slice_is(a->name, "filter")) {
            json_free(*filter); /* named twice: the last one counts */
            page->filter = json_root(doc);
            *filter = doc;
            doc = NULL;
        } else if (slice_is(a->name, "first")) {
            if (!json_int(json_root(doc), 0, INT32_MAX, &first) && first < page_max)
                page->first = (uint32_t)first;
        } else {
            page->after = cursor_position(json_text(json_root(doc)));
        }
    }
}

static void put_list(struct run *r, int node)
{
    const struct gql_node *n = &r->q->nodes[node];
    const struct gql_root *root = r->contexts[node].root;
    AUTO_JSON struct json_doc *filter = NULL;
    struct page page = {.filter = NULL};
    struct names room;
    read_page_args(r, n, &page, &filter);
    filter_plan_make(r->p, root, page.filter, &page.plan);
    json_open_object(&r->w, response_name(n, &room));
    for (int c = n->first_child; c != GQL_NONE; c = r->q->nodes[c].next) {
        if (r->contexts[c].kind == CONTEXT_PAGE_INFO) {
            walk_page(r, root, &page, GQL_NONE);
            put_page_info(r, c, &page);
            continue;
        }
        json_open_array(&r->w, response_name(&r->q->nodes[c], &room));
        walk_page(r, root, &page, c);
        json_close_array(&r->w);
    }
    json_close_object(&r->w);
}

err_t gql_run(struct peers *p, const struct gql_query *q, struct buf *out, struct gql_fault *fault)
{
    AUTO_MEM struct run *r = mem_alloc(sizeof *r);
    if (!r) return ERR_NOMEM;
    r->p = p;
    r->q = q;
    r->w = json_write(out);
    r->fault = fault;
    struct names room;
    err_t e = check_query(r);
    if (e) return e;
    json_open_object(&r->w, NULL);
    json_open_object(&r->w, "data");
    for (int i = q->first_root; i != GQL_NONE; i = q->nodes[i].next) {
        json_open_object(&r->w, response_name(&q->nodes[i], &room));
        for (int all = q->nodes[i].first_child; all != GQL_NONE; all = q->nodes[all].next)
            put_list(r, all);
        json_close_object(&r->w);
    }
    json_close_object(&r->w);
    json_close_object(&r->w);
    return ERR_OK;
}
