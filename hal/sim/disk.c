#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/mem.h"
#include "hal/sim/disk_parts.h"

/* ----------------------------------------------------------------------------------- bytes -- */

uint64_t disk_mix(uint64_t x)
{
    x += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

static void reserve(struct disk_bytes *b, size_t len)
{
    if (len <= b->cap) return;
    size_t cap = b->cap ? b->cap : 4096;
    while (cap < len)
        cap *= 2;
    b->ptr = mem_resize(b->ptr, cap);
    assert(b->ptr);
    b->cap = cap;
}

static void extend_stored(struct disk_bytes *b, size_t to)
{
    if (to <= b->stored) return;
    reserve(b, to);
    memset(b->ptr + b->stored, 0, to - b->stored);
    b->stored = to;
}

/* A write beyond the end leaves zeros between. */
static void put(struct disk_bytes *b, const uint8_t *data, size_t len, size_t at)
{
    if (len) {
        extend_stored(b, at);
        reserve(b, at + len);
        memcpy(b->ptr + at, data, len);
        if (at + len > b->stored) b->stored = at + len;
    }
    if (at + len > b->len) b->len = at + len;
}

static void put_zeros(struct disk_bytes *b, size_t len, size_t at)
{
    size_t end = at + len < b->stored ? at + len : b->stored;
    if (at < end) memset(b->ptr + at, 0, end - at);
    if (at + len > b->len) b->len = at + len;
}

static void cut_to(struct disk_bytes *b, size_t len)
{
    if (len < b->len) b->len = len;
    if (len < b->stored) b->stored = len;
}

void disk_read_bytes(const struct disk_bytes *b, uint8_t *out, size_t len, size_t at)
{
    size_t have = at >= b->stored ? 0 : b->stored - at < len ? b->stored - at : len;
    if (have) memcpy(out, b->ptr + at, have);
    if (have < len) memset(out + have, 0, len - have);
}

static bool all_zeros(struct slice s)
{
    return s.len > 0 && s.ptr[0] == 0 && memcmp(s.ptr, s.ptr + 1, s.len - 1) == 0;
}

static void drop_bytes(struct disk_bytes *b)
{
    mem_free(b->ptr);
    *b = (struct disk_bytes){0};
}

/* ----------------------------------------------------------------------------------- files -- */

struct disk_node *disk_find(struct disk *d, const char *name)
{
    for (size_t i = 0; i < DISK_FILES_MAX; i++)
        if (d->nodes[i].used && d->nodes[i].here && strcmp(d->nodes[i].name, name) == 0)
            return &d->nodes[i];
    return NULL;
}

struct disk_node *disk_create(struct disk *d, const char *name)
{
    for (size_t i = 0; i < DISK_FILES_MAX; i++) {
        struct disk_node *f = &d->nodes[i];
        if (f->used) continue;
        *f = (struct disk_node){.used = true, .here = name[0] != 0};
        slice_copy_cut(slice_text(name), f->name, sizeof f->name);
        return f;
    }
    return NULL;
}

void disk_release(struct disk_node *f)
{
    if (f->opened || f->here || f->here_durable) return;
    drop_bytes(&f->visible);
    drop_bytes(&f->durable);
    drop_bytes(&f->written);
    mem_free(f->pending);
    *f = (struct disk_node){.used = false};
}

static struct disk_pending *remember(struct disk *d, struct disk_node *f)
{
    if (f->pending_count == f->pending_cap) {
        f->pending_cap = f->pending_cap ? f->pending_cap * 2 : 64;
        f->pending = mem_resize(f->pending, f->pending_cap * sizeof *f->pending);
        assert(f->pending);
    }
    struct disk_pending *p = &f->pending[f->pending_count++];
    *p = (struct disk_pending){.n = d->operations};
    return p;
}

void disk_write(struct disk *d, struct disk_node *f, struct slice data, int64_t at)
{
    struct disk_pending *p = remember(d, f);
    p->at = at;
    p->len = data.len;
    p->stored = f->written.len;
    p->zeros = all_zeros(data);
    if (p->zeros) {
        put_zeros(&f->visible, data.len, (size_t)at);
    } else {
        put(&f->written, data.ptr, data.len, f->written.len);
        put(&f->visible, data.ptr, data.len, (size_t)at);
    }
    d->figures.writes++;
    d->figures.bytes += data.len;
}

void disk_truncate(struct disk *d, struct disk_node *f, int64_t size)
{
    struct disk_pending *p = remember(d, f);
    p->truncate = true;
    p->at = size;
    cut_to(&f->visible, (size_t)size);
}

void disk_forget(struct disk_node *f)
{
    f->pending_count = 0;
    f->written.len = f->written.stored = 0;
}

static void land(struct disk_node *f, const struct disk_pending *p, size_t from, size_t to)
{
    if (p->truncate)
        cut_to(&f->durable, (size_t)p->at);
    else if (p->zeros)
        put_zeros(&f->durable, to - from, (size_t)p->at + from);
    else
        put(&f->durable, f->written.ptr + p->stored + from, to - from, (size_t)p->at + from);
}

static void folder_is_durable(struct disk *d)
{
    for (size_t i = 0; i < DISK_FILES_MAX; i++) {
        struct disk_node *f = &d->nodes[i];
        f->here_durable = f->here;
        if (f->used) disk_release(f);
    }
}

void disk_sync(struct disk *d, struct disk_node *f)
{
    d->figures.syncs++;
    for (size_t i = 0; i < f->pending_count; i++)
        land(f, &f->pending[i], 0, f->pending[i].len);
    disk_forget(f);
    if (!f->syncs_folder) return;
    f->syncs_folder = false;
    folder_is_durable(d);
}

void disk_unlink(struct disk *d, struct disk_node *f, bool sync_folder)
{
    f->here = false;
    if (sync_folder) folder_is_durable(d);
    if (f->used) disk_release(f);
}

uint64_t disk_used(const struct disk *d)
{
    uint64_t used = 0;
    for (size_t i = 0; i < DISK_FILES_MAX; i++)
        used += d->nodes[i].visible.len;
    return used;
}

/* -------------------------------------------------------------------------- cut and return -- */

/* Seven in eight cuts decide each write on its own; the rest keep or drop all of it. */
static unsigned fate(const struct disk *d, const struct disk_pending *p)
{
    uint64_t cut = disk_mix(d->seed ^ disk_mix(d->operations));
    if (cut % 16 == 0) return 0;
    if (cut % 16 == 1) return 1;
    return (unsigned)(disk_mix(cut ^ p->n) % 3);
}

static void damage(struct disk *d, struct disk_node *f)
{
    for (size_t i = 0; i < f->pending_count; i++) {
        const struct disk_pending *p = &f->pending[i];
        unsigned how = fate(d, p);
        size_t split = p->len ? (size_t)(disk_mix(d->seed ^ p->n ^ p->len) % p->len) : 0;
        if (how == 0) {
            land(f, p, 0, p->len);
            d->figures.kept++;
        } else if (how == 1 || p->truncate) {
            d->figures.dropped++;
        } else {
            bool prefix = disk_mix(d->seed + p->n) & 1;
            land(f, p, prefix ? 0 : split, prefix ? split : p->len);
            d->figures.torn++;
        }
    }
    disk_forget(f);
}

void disk_cut(struct disk *d)
{
    if (d->dead) return;
    d->dead = true;
    d->figures.cuts++;
    for (size_t i = 0; i < DISK_FILES_MAX; i++) {
        struct disk_node *f = &d->nodes[i];
        if (!f->used) continue;
        damage(d, f);
        bool coin = disk_mix(d->seed ^ d->operations ^ (i + 1)) & 1;
        if (f->here != f->here_durable && coin) f->here_durable = f->here;
    }
}

void disk_kill(struct disk *d)
{
    if (d->dead) return;
    d->dead = d->killed = true;
}

bool disk_is_dead(const struct disk *d)
{
    return d->dead;
}

void disk_revive(struct disk *d)
{
    for (size_t i = 0; d->dead && !d->killed && i < DISK_FILES_MAX; i++) {
        struct disk_node *f = &d->nodes[i];
        if (!f->used) continue;
        assert(f->opened == 0);
        f->here = f->here_durable;
        cut_to(&f->visible, 0);
        put(&f->visible, f->durable.ptr, f->durable.stored, 0);
        f->visible.len = f->durable.len;
        disk_release(f);
    }
    d->dead = d->killed = false;
    sqlite3_randomness(0, NULL);
}

/* ------------------------------------------------------------------------------- the owner -- */

err_t disk_new(const struct disk_options *options, struct disk **out)
{
    struct disk *d = mem_alloc(sizeof *d);
    if (!d) return ERR_NOMEM;
    d->seed = disk_mix(options->seed);
    d->random = disk_mix(d->seed);
    d->room = options->room ? options->room : UINT64_MAX;
    err_t e = disk_register(d);
    if (e) {
        mem_free(d);
        return e;
    }
    sqlite3_randomness(0, NULL);
    *out = d;
    return ERR_OK;
}

void disk_free(struct disk *d)
{
    if (!d) return;
    disk_unregister(d);
    for (size_t i = 0; i < DISK_FILES_MAX; i++) {
        struct disk_node *f = &d->nodes[i];
        f->opened = 0;
        f->here = f->here_durable = false;
        if (f->used) disk_release(f);
    }
    mem_free(d);
}

const char *disk_vfs(const struct disk *d)
{
    return d->vfs_name;
}

enum disk_fault disk_ask(struct disk *d, enum disk_op op)
{
    if (op != DISK_READ) d->operations++;
    return d->fault ? d->fault(d->fault_ctx, op, d->operations) : DISK_FINE;
}

void disk_on_operation(struct disk *d, disk_fault_fn *fn, void *ctx)
{
    d->fault = fn;
    d->fault_ctx = ctx;
}

uint64_t disk_operations(const struct disk *d)
{
    return d->operations;
}

void disk_set_room(struct disk *d, uint64_t bytes)
{
    d->room = bytes ? bytes : UINT64_MAX;
}

uint64_t disk_room_left(const struct disk *d)
{
    uint64_t used = disk_used(d);
    return used < d->room ? d->room - used : 0;
}

void disk_set_wall(struct disk *d, int64_t wall_ms)
{
    d->wall_ms = wall_ms;
}

void disk_rot(struct disk *d, const char *name, unsigned bits, uint64_t seed)
{
    struct disk_node *f = disk_find(d, name);
    for (unsigned i = 0; f && f->durable.stored && i < bits; i++) {
        uint64_t r = disk_mix(seed + i);
        size_t at = (size_t)(r % f->durable.stored);
        uint8_t bit = (uint8_t)(1u << ((r >> 60) & 7));
        f->durable.ptr[at] ^= bit;
        if (at < f->visible.stored) f->visible.ptr[at] ^= bit;
    }
}

err_t disk_rename(struct disk *d, const char *from, const char *to)
{
    struct disk_node *f = disk_find(d, from);
    if (!f) return ERR_NOTFOUND;
    struct disk_node *old = disk_find(d, to);
    if (old) disk_unlink(d, old, true);
    slice_copy_cut(slice_text(to), f->name, sizeof f->name);
    folder_is_durable(d);
    return ERR_OK;
}

void disk_newest(const struct disk *d, const char *part, char *out, size_t cap)
{
    out[0] = '\0';
    for (size_t i = 0; i < DISK_FILES_MAX; i++) {
        const struct disk_node *f = &d->nodes[i];
        if (!f->used || !f->here || !strstr(f->name, part) || strstr(f->name, "-wal")) continue;
        if (strcmp(f->name, out) > 0) slice_copy_cut(slice_text(f->name), out, cap);
    }
}

struct slice disk_file(const struct disk *d, const char *name)
{
    for (size_t i = 0; i < DISK_FILES_MAX; i++) {
        const struct disk_node *f = &d->nodes[i];
        if (f->used && f->here && strcmp(f->name, name) == 0)
            return slice_of(f->visible.ptr, f->visible.stored);
    }
    return SLICE_NONE;
}

void disk_figures(const struct disk *d, struct disk_figures *out)
{
    *out = d->figures;
}
