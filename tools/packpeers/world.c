#include "tools/packpeers/world.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The peers allocate apart from base/mem.h: a test that fails the station's allocations must not
 * break the world around the station. */
static void *room_or_abort(void *old, size_t size)
{
    void *room = realloc(old, size);
    if (!room) abort();
    return room;
}

#define BLOCK_SIZE ((size_t)64 * 1024)

static unsigned char *block_add(struct peers *p, size_t size)
{
    p->blocks = room_or_abort(p->blocks, (p->block_count + 1) * sizeof *p->blocks);
    unsigned char *block = room_or_abort(NULL, size);
    memset(block, 0, size);
    p->blocks[p->block_count++] = block;
    return block;
}

void *world_room(struct peers *p, size_t size)
{
    size = (size + 15) & ~(size_t)15;
    if (size > BLOCK_SIZE / 4) {
        unsigned char *own = block_add(p, size);
        /* Keep filling the block before it: swap so that the open block stays last. */
        if (p->block_count > 1 && p->block_size > 0) {
            unsigned char *open = p->blocks[p->block_count - 2];
            p->blocks[p->block_count - 2] = own;
            p->blocks[p->block_count - 1] = open;
        }
        return own;
    }
    if (p->block_used + size > p->block_size) {
        (void)block_add(p, BLOCK_SIZE);
        p->block_size = BLOCK_SIZE;
        p->block_used = 0;
    }
    void *out = p->blocks[p->block_count - 1] + p->block_used;
    p->block_used += size;
    return out;
}

const char *world_slice(struct peers *p, struct slice text)
{
    char *copy = world_room(p, text.len + 1);
    if (text.len) memcpy(copy, text.ptr, text.len);
    copy[text.len] = 0;
    return copy;
}

const char *world_text(struct peers *p, const char *text)
{
    return text ? world_slice(p, slice_text(text)) : NULL;
}

static const char *print_v(struct peers *p, const char *format, va_list args) PRINTF_LIKE(2, 0);
static const char *print_v(struct peers *p, const char *format, va_list args)
{
    char line[1024];
    int n = vsnprintf(line, sizeof line, format, args);
    assert(n >= 0);
    (void)n;
    return world_text(p, line);
}

const char *world_print(struct peers *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *out = print_v(p, format, args);
    va_end(args);
    return out;
}

void *world_grow(void *items, size_t count, size_t *cap, size_t size)
{
    if (count < *cap) return items;
    *cap = *cap ? *cap * 2 : 16;
    return room_or_abort(items, *cap * size);
}

static const struct {
    size_t size;
    uint32_t first_id;
} table_shapes[T_TABLES] = {
    [T_SITE] = {sizeof(struct place), 1},
    [T_ACCOUNT] = {sizeof(struct place), 4},
    [T_WAREHOUSE] = {sizeof(struct place), 2},
    [T_LOCATION] = {sizeof(struct place), 311},
    [T_CARRIER] = {sizeof(struct carrier), 3},
    [T_SERVICE] = {sizeof(struct service), 21},
    [T_UNIT_TYPE] = {sizeof(struct unit_type), 12},
    [T_REASON] = {sizeof(struct reason), 2},
    [T_USER] = {sizeof(struct user), 12},
    [T_SUBDOMAIN_USER] = {sizeof(struct subdomain_user), 212},
    [T_INTEGRATION] = {sizeof(struct integration), 7},
    [T_ENTITY] = {sizeof(struct entity), 501},
    [T_RATE_MAPPING] = {sizeof(struct rate_mapping), 701},
    [T_PRODUCT] = {sizeof(struct product), 311},
    [T_STORAGE_UNIT] = {sizeof(struct storage_unit), 5101},
    [T_GOODS_OUT] = {sizeof(struct goods_out), 40201},
    [T_LINE] = {sizeof(struct line), 61001},
    [T_PICK_LIST] = {sizeof(struct pick_list), 31001},
    [T_TASK] = {sizeof(struct task), 77001},
    [T_SHIPMENT] = {sizeof(struct shipment), 90301},
    [T_PACKAGE] = {sizeof(struct package), 118201},
    [T_DOCUMENT] = {sizeof(struct document), 5501},
    [T_TOKEN] = {sizeof(struct token), 1},
    [T_FILE] = {sizeof(struct file), 1},
    [T_SHOP_ORDER] = {sizeof(struct shop_order), 1},
    [T_SHOP_LINE] = {sizeof(struct shop_line), 801},
    [T_SHOP_ADDRESS] = {sizeof(struct shop_address), 601},
    [T_SHOP_SHIPMENT] = {sizeof(struct shop_shipment), 301},
    [T_SHOP_ITEM] = {sizeof(struct shop_item), 1},
    [T_SHOP_META] = {sizeof(struct shop_meta), 41},
};

void world_init(struct peers *p)
{
    for (int t = 0; t < T_TABLES; t++) {
        p->tables[t].row_size = table_shapes[t].size;
        p->tables[t].first_id = table_shapes[t].first_id;
    }
}

void world_deinit(struct peers *p)
{
    for (int t = 0; t < T_TABLES; t++)
        free(p->tables[t].chunks);
    for (size_t i = 0; i < p->block_count; i++)
        free(p->blocks[i]);
    free(p->blocks);
    free(p->past);
    free(p->faults);
    free(p->notes);
    free(p->violations.items);
    free(p->remarks.items);
}

static void past_push(struct peers *p, enum table t, const struct row *row)
{
    if (p->options.read_lag_ms == 0 || t >= T_CLARUS_END) return;
    size_t size = p->tables[t].row_size;
    struct past past = {p->now_ms, t, row->id, world_room(p, size)};
    memcpy(past.copy, row, size);
    p->past = world_grow(p->past, p->past_count, &p->past_cap, sizeof *p->past);
    p->past[p->past_count++] = past;
}

void *world_add(struct peers *p, enum table t)
{
    struct rows *rows = &p->tables[t];
    assert(rows->row_size > 0);
    if (rows->count == rows->chunk_count * WORLD_CHUNK_ROWS) {
        rows->chunks = room_or_abort(rows->chunks, (rows->chunk_count + 1) * sizeof *rows->chunks);
        rows->chunks[rows->chunk_count++] = world_room(p, WORLD_CHUNK_ROWS * rows->row_size);
    }
    rows->count++;
    struct row *row = world_nth(p, t, rows->count - 1);
    assert(row);
    row->id = rows->first_id + rows->count - 1;
    row->gone = true; /* before now it was not there */
    past_push(p, t, row);
    row->gone = false;
    return row;
}

void *world_nth(const struct peers *p, enum table t, uint32_t n)
{
    const struct rows *rows = &p->tables[t];
    if (n >= rows->count) return NULL;
    return rows->chunks[n / WORLD_CHUNK_ROWS] + (size_t)(n % WORLD_CHUNK_ROWS) * rows->row_size;
}

void *world_get(const struct peers *p, enum table t, uint32_t id)
{
    if (id < p->tables[t].first_id) return NULL;
    struct row *row = world_nth(p, t, id - p->tables[t].first_id);
    return row && !row->gone ? row : NULL;
}

void *world_edit(struct peers *p, enum table t, uint32_t id)
{
    struct row *row = world_get(p, t, id);
    if (row) past_push(p, t, row);
    return row;
}

static void past_swap(struct peers *p, const struct past *past)
{
    size_t size = p->tables[past->table].row_size;
    unsigned char *live = world_nth(p, past->table, past->id - p->tables[past->table].first_id);
    assert(live);
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = live[i];
        live[i] = past->copy[i];
        past->copy[i] = byte;
    }
}

void world_rewind(struct peers *p, int64_t then_ms)
{
    for (size_t i = p->past_count; i > 0 && p->past[i - 1].at_ms > then_ms; i--)
        past_swap(p, &p->past[i - 1]);
}

void world_forward(struct peers *p, int64_t then_ms)
{
    size_t i = p->past_count;
    while (i > 0 && p->past[i - 1].at_ms > then_ms)
        i--;
    for (; i < p->past_count; i++)
        past_swap(p, &p->past[i]);
}

uint64_t world_chance(const struct peers *p, const char *purpose, uint64_t n)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325) ^ (p->options.seed * UINT64_C(0x9e3779b97f4a7c15));
    for (; *purpose; purpose++)
        h = (h ^ (unsigned char)*purpose) * UINT64_C(0x100000001b3);
    h += n * UINT64_C(0x9e3779b97f4a7c15);
    h = (h ^ (h >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    h = (h ^ (h >> 27)) * UINT64_C(0x94d049bb133111eb);
    return h ^ (h >> 31);
}

static void texts_push(struct texts *t, const char *text)
{
    t->items = world_grow(t->items, t->count, &t->cap, sizeof *t->items);
    t->items[t->count++] = text;
}

void world_violation(struct peers *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    texts_push(&p->violations, print_v(p, format, args));
    va_end(args);
}

void world_remark(struct peers *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    texts_push(&p->remarks, print_v(p, format, args));
    va_end(args);
}

bool text_same(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

struct goods_out *goods_out_by_reference(const struct peers *p, const char *reference)
{
    struct goods_out *found = NULL;
    struct goods_out *g;
    for (uint32_t i = 0; (g = world_nth(p, T_GOODS_OUT, i)); i++)
        if (text_same(g->reference, reference)) found = g;
    return found;
}

struct shop_order *shop_order_by_number(const struct peers *p, uint32_t number)
{
    struct shop_order *o;
    for (uint32_t i = 0; (o = world_nth(p, T_SHOP_ORDER, i)); i++)
        if (o->number == number) return o;
    return NULL;
}

struct shop_order *shop_order_by_reference(const struct peers *p, const char *reference)
{
    struct shop_order *o;
    for (uint32_t i = 0; (o = world_nth(p, T_SHOP_ORDER, i)); i++)
        if (text_same(o->clarus_reference, reference)) return o;
    return NULL;
}

struct product *product_by_sku(const struct peers *p, const char *sku)
{
    struct product *x;
    for (uint32_t i = 0; (x = world_nth(p, T_PRODUCT, i)); i++)
        if (text_same(x->code, sku)) return x;
    return NULL;
}

struct status order_status(const char *code)
{
    static const struct status all[] = {
        {1, "DRAFT", "Draft"},         {2, "PENDING", "Pending"},
        {3, "PICK", "Picking"},        {4, "PART", "Part"},
        {5, "ALLOCATED", "Allocated"}, {6, "COMPLETED", "Completed"},
        {8, "CANCELLED", "Cancelled"}, {7, "PART_ALLOCATED", "Part allocated"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (text_same(all[i].code, code)) return all[i];
    return (struct status){0, NULL, NULL};
}
