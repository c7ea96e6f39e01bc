#include "tools/packpeers/index.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS 1024u

static const struct {
    size_t offset;
    enum table table;
    bool text;
} shapes[WORLD_INDICES] = {
    {offsetof(struct goods_out, reference), T_GOODS_OUT, true},
    {offsetof(struct line, goods_out_id), T_LINE, false},
    {offsetof(struct task, goods_out_id), T_TASK, false},
    {offsetof(struct task, unit_from_id), T_TASK, false},
    {offsetof(struct shipment, goods_out_id), T_SHIPMENT, false},
    {offsetof(struct package, shipment_id), T_PACKAGE, false},
    {offsetof(struct document, file_name), T_DOCUMENT, true},
    {offsetof(struct storage_unit, reference), T_STORAGE_UNIT, true},
    {offsetof(struct pick_list, reference), T_PICK_LIST, true},
};

/* Heads, tails and links hold positions + 1. */
struct row_index {
    uint32_t heads[BUCKETS];
    uint32_t tails[BUCKETS];
    uint32_t *links;
    size_t link_cap;
    uint32_t done;
};

static uint32_t text_bucket(struct slice text)
{
    uint32_t h = UINT32_C(2166136261);
    for (size_t i = 0; i < text.len; i++)
        h = (h ^ text.ptr[i]) * UINT32_C(16777619);
    return h % BUCKETS;
}

static uint32_t bucket_of(const void *row, size_t at)
{
    const unsigned char *value = (const unsigned char *)row + shapes[at].offset;
    if (shapes[at].text) {
        const char *text;
        memcpy(&text, value, sizeof text);
        return text_bucket(slice_text(text));
    }
    uint32_t id;
    memcpy(&id, value, sizeof id);
    return id % BUCKETS;
}

static void extend(struct peers *p, size_t at)
{
    struct row_index *x = p->indices[at];
    uint32_t count = p->tables[shapes[at].table].count;
    if (!x) {
        x = calloc(1, sizeof *x);
        if (!x) abort();
        p->indices[at] = x;
    }
    for (; x->done < count; x->done++) {
        uint32_t bucket = bucket_of(world_nth(p, shapes[at].table, x->done), at);
        uint32_t position = x->done + 1;
        x->links = world_grow(x->links, x->done, &x->link_cap, sizeof *x->links);
        x->links[x->done] = 0;
        if (x->tails[bucket])
            x->links[x->tails[bucket] - 1] = position;
        else
            x->heads[bucket] = position;
        x->tails[bucket] = position;
    }
}

void index_refresh(struct peers *p)
{
    for (size_t i = 0; i < WORLD_INDICES; i++)
        extend(p, i);
}

int index_of(enum table table, size_t offset)
{
    for (int i = 0; i < WORLD_INDICES; i++)
        if (shapes[i].table == table && shapes[i].offset == offset) return i;
    return INDEX_NONE;
}

uint32_t index_first_id(const struct peers *p, int index, uint32_t id)
{
    return p->indices[index]->heads[id % BUCKETS];
}

uint32_t index_first_text(const struct peers *p, int index, struct slice text)
{
    return p->indices[index]->heads[text_bucket(text)];
}

uint32_t index_next(const struct peers *p, int index, uint32_t position)
{
    return p->indices[index]->links[position - 1];
}

void index_forget(struct peers *p, enum table table)
{
    for (size_t i = 0; i < WORLD_INDICES; i++) {
        struct row_index *x = p->indices[i];
        if (shapes[i].table != table || !x) continue;
        memset(x->heads, 0, sizeof x->heads);
        memset(x->tails, 0, sizeof x->tails);
        x->done = 0;
    }
}

void index_deinit(struct peers *p)
{
    for (size_t i = 0; i < WORLD_INDICES; i++) {
        if (p->indices[i]) free(p->indices[i]->links);
        free(p->indices[i]);
    }
}
