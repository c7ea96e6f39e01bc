#include "firmware/base/json.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "firmware/base/json_scan.h"
#include "firmware/base/mem.h"
#include "firmware/base/text.h"

/* One block holds the tree, its strings and the text of its numbers. cJSON keeps numbers as
 * doubles; each number node therefore also borrows its text, exactly as written: valuestring points
 * to it.
 */
struct json_doc {
    cJSON *root;
    size_t room, used;
    max_align_t block[];
};

#define ALIGNED(n)  (((n) + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t))
#define NUMBER_ROOM (JSON_NUMBER_MAX + 4) /* what cJSON takes for a moment while it reads one */

/* cJSON's hooks carry no context: the document being parsed. */
static struct json_doc *parsing;

static void *take(size_t size)
{
    size_t need = ALIGNED(size);
    if (need > parsing->room - parsing->used) return NULL;
    void *at = (uint8_t *)parsing->block + parsing->used;
    parsing->used += need;
    return at;
}

static void keep(void *block)
{
    (void)block;
}

/* A walk over a tree in the order of the text, without recursion. */
struct walk {
    cJSON *above[JSON_DEPTH_MAX + 1];
    size_t depth;
};

static cJSON *walk_next(struct walk *w, cJSON *n)
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

#define FEW_NAMES 16

static size_t member_count(const cJSON *object)
{
    size_t n = 0;
    for (const cJSON *m = object->child; m != NULL; m = m->next) {
        n++;
    }
    return n;
}

static void sift_down(const cJSON **heap, size_t root, size_t end)
{
    for (size_t child = 2 * root + 1; child < end; child = 2 * root + 1) {
        if (child + 1 < end && strcmp(heap[child]->string, heap[child + 1]->string) < 0) child++;
        if (strcmp(heap[root]->string, heap[child]->string) >= 0) return;
        const cJSON *swap = heap[root];
        heap[root] = heap[child];
        heap[child] = swap;
        root = child;
    }
}

static void sort_by_name(const cJSON **list, size_t count)
{
    for (size_t i = count / 2; i > 0; i--) {
        sift_down(list, i - 1, count);
    }
    for (size_t end = count; end > 1; end--) {
        const cJSON *swap = list[0];
        list[0] = list[end - 1];
        list[end - 1] = swap;
        sift_down(list, 0, end - 1);
    }
}

/* Names that begin alike are rare: comparing all with all beats sorting. */
static const cJSON *duplicate_of_few(const cJSON *object)
{
    for (const cJSON *m = object->child; m != NULL; m = m->next) {
        for (const cJSON *n = object->child; n != m; n = n->next) {
            if (n->string[0] == m->string[0] && strcmp(n->string, m->string) == 0) return m;
        }
    }
    return NULL;
}

/* A member of the object whose name occurs twice; NULL when there is none. */
static err_t find_duplicate(const cJSON *object, const cJSON **out)
{
    size_t count = member_count(object);
    *out = NULL;
    if (count <= FEW_NAMES) {
        *out = duplicate_of_few(object);
        return ERR_OK;
    }
    AUTO_MEM const cJSON **list = mem_alloc(count * sizeof(const cJSON *));
    if (list == NULL) return ERR_NOMEM;
    size_t n = 0;
    for (const cJSON *m = object->child; m != NULL; m = m->next) {
        list[n++] = m;
    }
    sort_by_name(list, n);
    for (size_t i = 1; i < n && *out == NULL; i++) {
        if (strcmp(list[i - 1]->string, list[i]->string) == 0) *out = list[i];
    }
    return ERR_OK;
}

static void put_step(struct buf *b, const cJSON *parent, const cJSON *child)
{
    if (cJSON_IsObject(parent)) {
        buf_byte(b, '.');
        text_visible(b, slice_text(child->string), 40);
        return;
    }
    unsigned i = 0;
    for (const cJSON *e = parent->child; e != NULL && e != child; e = e->next) {
        i++;
    }
    buf_printf(b, "[%u]", i);
}

static void fill_duplicate(const struct walk *w, const cJSON *object, const cJSON *member,
                           struct json_fault *fault)
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

static err_t refuse_duplicates(cJSON *root, struct json_fault *fault)
{
    struct walk w = {.depth = 0};
    for (cJSON *n = root; n != NULL; n = walk_next(&w, n)) {
        if (!cJSON_IsObject(n)) continue;
        const cJSON *twice = NULL;
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

static err_t attach_numbers(struct json_doc *doc, struct slice text)
{
    size_t pos = 0;
    struct walk w = {.depth = 0};
    for (cJSON *n = doc->root; n != NULL; n = walk_next(&w, n)) {
        if (!cJSON_IsNumber(n)) continue;
        struct slice raw = json_scan_number(text, &pos);
        char *copy = take(raw.len + 1);
        if (copy == NULL) return ERR_NOMEM;
        memcpy(copy, raw.ptr, raw.len);
        copy[raw.len] = '\0';
        n->valuestring = copy;
    }
    return ERR_OK;
}

/* A value takes at most a node, a name and a text or a number twice; names and texts are no longer
 * than they are written. */
static size_t block_size(size_t values, struct slice text)
{
    size_t each = ALIGNED(sizeof(cJSON)) + 2 * sizeof(max_align_t) + ALIGNED(NUMBER_ROOM);
    return values * each + 2 * text.len;
}

static err_t build(struct json_doc *doc, struct slice text, struct json_fault *fault)
{
    cJSON_Hooks hooks = {.malloc_fn = take, .free_fn = keep};
    parsing = doc;
    cJSON_InitHooks(&hooks);
    doc->root = cJSON_ParseWithLength((const char *)text.ptr, text.len);
    if (doc->root == NULL) return ERR_NOMEM;
    err_t e = refuse_duplicates(doc->root, fault);
    return e ? e : attach_numbers(doc, text);
}

err_t json_parse(struct slice text, struct json_doc **out_doc, struct json_fault *fault)
{
    size_t values = 0;
    if (fault != NULL) *fault = (struct json_fault){.line = 0};
    err_t e = json_scan(text, &values, fault);
    if (e) return e;
    size_t room = block_size(values, text);
    struct json_doc *doc = mem_resize(NULL, sizeof *doc + room); /* cJSON clears what it takes */
    if (doc == NULL) return ERR_NOMEM;
    *doc = (struct json_doc){.room = room};
    e = build(doc, text, fault);
    if (e)
        mem_free(doc);
    else
        *out_doc = doc;
    return e;
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
