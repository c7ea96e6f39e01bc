/* From text to a tree: one pass that checks, one that builds, one that looks for names given twice.
 */
#include <assert.h>
#include <string.h>

#include "firmware/base/json_scan.h"
#include "firmware/base/json_tree.h"
#include "firmware/base/mem.h"
#include "firmware/base/text.h"

/* A walk over a tree in the order of the text, without recursion. */
struct walk {
    const struct node *above[JSON_DEPTH_MAX + 1];
    size_t depth;
};

static const struct node *walk_next(struct walk *w, const struct node *n)
{
    if (n->child != NULL) {
        assert(w->depth <= JSON_DEPTH_MAX);
        w->above[w->depth++] = n;
        return n->child;
    }
    while (w->depth > 0 && n->next == NULL) {
        n = w->above[--w->depth];
    }
    return w->depth > 0 ? n->next : NULL;
}

/* --------------------------------------------------------------------------------- duplicates --
 */

#define FEW_NAMES 32

static bool same_name(const struct node *a, const struct node *b)
{
    return a->hash == b->hash && strcmp(a->name, b->name) == 0;
}

static const struct node *duplicate_of_few(const struct node *object)
{
    for (const struct node *m = object->child; m != NULL; m = m->next) {
        for (const struct node *n = object->child; n != m; n = n->next) {
            if (same_name(n, m)) return m;
        }
    }
    return NULL;
}

static void sift_down(const struct node **heap, size_t root, size_t end)
{
    for (size_t child = 2 * root + 1; child < end; child = 2 * root + 1) {
        if (child + 1 < end && strcmp(heap[child]->name, heap[child + 1]->name) < 0) child++;
        if (strcmp(heap[root]->name, heap[child]->name) >= 0) return;
        const struct node *swap = heap[root];
        heap[root] = heap[child];
        heap[child] = swap;
        root = child;
    }
}

static void sort_by_name(const struct node **list, size_t count)
{
    for (size_t i = count / 2; i > 0; i--) {
        sift_down(list, i - 1, count);
    }
    for (size_t end = count; end > 1; end--) {
        const struct node *swap = list[0];
        list[0] = list[end - 1];
        list[end - 1] = swap;
        sift_down(list, 0, end - 1);
    }
}

/* A member of the object whose name occurs twice; NULL when there is none. */
static err_t find_duplicate(const struct node *object, const struct node **out)
{
    size_t count = json_count(object);
    *out = NULL;
    if (count <= FEW_NAMES) {
        *out = duplicate_of_few(object);
        return ERR_OK;
    }
    AUTO_MEM const struct node **list = mem_alloc(count * sizeof(const struct node *));
    if (list == NULL) return ERR_NOMEM;
    size_t n = 0;
    for (const struct node *m = object->child; m != NULL; m = m->next) {
        list[n++] = m;
    }
    sort_by_name(list, n);
    for (size_t i = 1; i < n && *out == NULL; i++) {
        if (same_name(list[i - 1], list[i])) *out = list[i];
    }
    return ERR_OK;
}

static void put_step(struct buf *b, const struct node *parent, const struct node *child)
{
    if (parent->kind == JSON_OBJECT) {
        buf_byte(b, '.');
        text_visible(b, slice_text(child->name), 40);
        return;
    }
    unsigned i = 0;
    for (const struct node *e = parent->child; e != NULL && e != child; e = e->next) {
        i++;
    }
    buf_printf(b, "[%u]", i);
}

static void fill_duplicate(const struct walk *w, const struct node *object,
                           const struct node *member, struct json_fault *fault)
{
    if (fault == NULL) return;
    *fault = (struct json_fault){.reason = "the same name twice in one object"};
    struct buf b = buf_over(fault->path, sizeof fault->path - 1);
    buf_byte(&b, '$');
    for (size_t i = 0; i < w->depth; i++) {
        put_step(&b, w->above[i], i + 1 < w->depth ? w->above[i + 1] : object);
    }
    put_step(&b, object, member);
}

static err_t refuse_duplicates(const struct node *root, struct json_fault *fault)
{
    struct walk w = {.depth = 0};
    for (const struct node *n = root; n != NULL; n = walk_next(&w, n)) {
        if (n->kind != JSON_OBJECT) continue;
        const struct node *twice = NULL;
        err_t e = find_duplicate(n, &twice);
        if (e) return e;
        if (twice != NULL) {
            fill_duplicate(&w, n, twice, fault);
            return ERR_PROTO;
        }
    }
    return ERR_OK;
}

/* ------------------------------------------------------------------------------------ parsing --
 */

/* Builds the tree of a text that json_scan accepted: nothing here is checked a second time. */
struct builder {
    struct slice text;
    size_t pos;
    struct node *node; /* the next free one */
    uint8_t *room;     /* for the next name or text */
};

static uint8_t here(const struct builder *b)
{
    return b->pos < b->text.len ? b->text.ptr[b->pos] : 0;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',' || c == ':';
}

static uint32_t take_hex4(struct builder *b)
{
    uint32_t n = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t c = b->text.ptr[b->pos++];
        n = n << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return n;
}

static void put_code_point(struct builder *b, uint32_t c)
{
    if (c < 0x80) {
        *b->room++ = (uint8_t)c;
        return;
    }
    unsigned more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const uint8_t FIRST[] = {0, 0xC0, 0xE0, 0xF0};
    *b->room++ = (uint8_t)(FIRST[more] | c >> (6 * more));
    while (more-- > 0) {
        *b->room++ = (uint8_t)(0x80 | (c >> (6 * more) & 0x3F));
    }
}

/* Stands behind the backslash. */
static void take_escape(struct builder *b)
{
    static const char LETTERS[] = "bfnrt", MEANT[] = "\b\f\n\r\t";
    uint8_t c = b->text.ptr[b->pos++];
    const char *letter = strchr(LETTERS, c);
    if (c == 'u') {
        uint32_t unit = take_hex4(b);
        if (unit >= 0xD800 && unit <= 0xDBFF) {
            b->pos += 2;
            unit = 0x10000 + ((unit - 0xD800) << 10) + (take_hex4(b) - 0xDC00);
        }
        put_code_point(b, unit);
    } else {
        *b->room++ = letter != NULL ? (uint8_t)MEANT[letter - LETTERS] : c;
    }
}

/* Stands at the opening quote. An escape is never shorter than what it means. */
static const char *take_string(struct builder *b)
{
    const char *text = (const char *)b->room;
    b->pos++;
    for (uint8_t c = here(b); c != '"'; c = here(b)) {
        b->pos++;
        if (c == '\\')
            take_escape(b);
        else
            *b->room++ = c;
    }
    b->pos++;
    *b->room++ = '\0';
    return text;
}

static void take_number(struct builder *b, struct node *n)
{
    n->kind = JSON_NUMBER;
    n->text = (const char *)b->room;
    for (uint8_t c = here(b); c != 0 && !is_blank(c) && c != '}' && c != ']'; c = here(b)) {
        *b->room++ = (uint8_t)c;
        b->pos++;
    }
    *b->room++ = '\0';
}

static void take_word(struct builder *b, struct node *n, enum json_kind kind, size_t len)
{
    n->kind = kind;
    b->pos += len;
}

static struct node *take_value(struct builder *b)
{
    struct node *n = b->node++;
    uint8_t c = here(b);
    if (c == '{') {
        take_word(b, n, JSON_OBJECT, 1);
    } else if (c == '[') {
        take_word(b, n, JSON_ARRAY, 1);
    } else if (c == '"') {
        n->kind = JSON_STRING;
        n->text = take_string(b);
    } else if (c == 't') {
        take_word(b, n, JSON_BOOL, 4);
        n->truth = true;
    } else if (c == 'f') {
        take_word(b, n, JSON_BOOL, 5);
    } else if (c == 'n') {
        take_word(b, n, JSON_NULL, 4);
    } else {
        take_number(b, n);
    }
    return n;
}

static uint32_t name_hash(const char *name)
{
    uint32_t hash = UINT32_C(2166136261);
    for (; *name; name++) {
        hash = (hash ^ (uint8_t)*name) * UINT32_C(16777619);
    }
    return hash;
}

static void skip_blanks(struct builder *b)
{
    while (is_blank(here(b))) {
        b->pos++;
    }
}

static void build(struct builder *b, struct node **root)
{
    struct node **link[JSON_DEPTH_MAX + 2] = {root};
    bool in_object[JSON_DEPTH_MAX + 2] = {false};
    size_t depth = 0;
    for (skip_blanks(b); b->pos < b->text.len; skip_blanks(b)) {
        if (here(b) == '}' || here(b) == ']') {
            depth--;
            b->pos++;
            continue;
        }
        const char *name = in_object[depth] ? take_string(b) : NULL;
        skip_blanks(b);
        struct node *n = take_value(b);
        n->name = name;
        if (name != NULL) n->hash = name_hash(name);
        assert(link[depth] != NULL);
        *link[depth] = n;
        link[depth] = &n->next;
        if (n->kind != JSON_OBJECT && n->kind != JSON_ARRAY) continue;
        depth++;
        assert(depth <= JSON_DEPTH_MAX);
        link[depth] = &n->child;
        in_object[depth] = n->kind == JSON_OBJECT;
    }
}

err_t json_parse(struct slice text, struct json_doc **out_doc, struct json_fault *fault)
{
    size_t values = 0;
    if (fault != NULL) *fault = (struct json_fault){.line = 0};
    err_t e = json_scan(text, &values, fault);
    if (e) return e;
    /* A text and its terminator need no more room than it has with its quotes or what follows. */
    size_t tree = sizeof(struct json_doc) + values * sizeof(struct node);
    AUTO_JSON struct json_doc *doc = mem_alloc(tree + text.len + 1);
    if (doc == NULL) return ERR_NOMEM;
    struct builder b = {.text = text, .node = doc->nodes, .room = (uint8_t *)doc + tree};
    build(&b, &doc->root);
    assert(b.node == doc->nodes + values && b.room <= (uint8_t *)doc + tree + text.len + 1);
    e = refuse_duplicates(doc->root, fault);
    if (e) return e;
    *out_doc = doc;
    doc = NULL;
    return ERR_OK;
}

void json_free(struct json_doc *doc)
{
    mem_free(doc);
}

void json_free_local(struct json_doc **doc)
{
    json_free(*doc);
}

json_node json_root(const struct json_doc *doc)
{
    return doc != NULL ? doc->root : NULL;
}
