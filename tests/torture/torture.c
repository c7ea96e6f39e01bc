#include "tests/torture/torture.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/mem.h"

static struct {
    enum torture_site site;
    uint64_t nth;
    bool for_good;
    bool inside;
    uint64_t counts[TORTURE_SITES];
    uint64_t failed;
    unsigned starts_failed;
    int64_t blocks;
    sqlite3_mem_methods sqlite;
} t;

const char *torture_site_name(enum torture_site site)
{
    static const char *const names[TORTURE_SITES] = {
        [TORTURE_MEMORY] = "memory",
        [TORTURE_DISK] = "disk",
        [TORTURE_DISK_FULL] = "disk-full",
        [TORTURE_SQL] = "sql",
        [TORTURE_HTTP] = "http",
        [TORTURE_HTTP_LOST] = "http-lost",
        [TORTURE_HTTP_EFFECT] = "http-effect",
        [TORTURE_PORT] = "port",
        [TORTURE_PORT_STALL] = "port-stall",
        [TORTURE_JOB] = "job",
        [TORTURE_JOB_END] = "job-end",
        [TORTURE_HAL] = "hal",
    };
    return names[site];
}

void torture_begin(enum torture_site site, uint64_t nth, bool for_good)
{
    t.site = site;
    t.nth = nth;
    t.for_good = for_good;
    t.inside = false;
    t.failed = 0;
    t.starts_failed = 0;
    memset(t.counts, 0, sizeof t.counts);
}

void torture_heal(void)
{
    t.nth = 0;
}

bool torture_is_healed(void)
{
    return t.nth == 0;
}

uint64_t torture_failed(void)
{
    return t.failed;
}

uint64_t torture_count(enum torture_site site)
{
    return t.counts[site];
}

unsigned torture_starts_failed(void)
{
    return t.starts_failed;
}

/* What fails for good has a limit: a station that cannot start is looked after. */
#define STARTS_FAILED_MAX 5

void torture_start_failed(void)
{
    if (t.failed && ++t.starts_failed >= STARTS_FAILED_MAX) torture_heal();
}

bool torture_strikes(enum torture_site site)
{
    if (!t.inside) return false;
    uint64_t n = ++t.counts[site];
    if (site != t.site || t.nth == 0 || (t.for_good ? n < t.nth : n != t.nth)) return false;
    t.failed++;
    return true;
}

bool torture_enter(bool inside)
{
    bool before = t.inside;
    t.inside = inside;
    return before;
}

void torture_back(bool before)
{
    t.inside = before;
}

/* ------------------------------------------------------------------------------ the allocator --
 */

int64_t torture_blocks(void)
{
    return t.blocks;
}

void *mem_alloc(size_t size)
{
    if (torture_strikes(TORTURE_MEMORY)) return NULL;
    t.blocks++;
    return calloc(1, size > 0 ? size : 1);
}

void *mem_resize(void *ptr, size_t size)
{
    if (torture_strikes(TORTURE_MEMORY)) return NULL;
    if (!ptr) t.blocks++;
    return realloc(ptr, size > 0 ? size : 1);
}

void mem_free(void *ptr)
{
    if (ptr) t.blocks--;
    free(ptr);
}

void mem_free_local(void *pointer_to_pointer)
{
    void *block = NULL;
    memcpy(&block, pointer_to_pointer, sizeof block);
    mem_free(block);
}

static void *sql_malloc(int size)
{
    if (torture_strikes(TORTURE_MEMORY)) return NULL;
    t.blocks++;
    return t.sqlite.xMalloc(size);
}

static void *sql_realloc(void *block, int size)
{
    return torture_strikes(TORTURE_MEMORY) ? NULL : t.sqlite.xRealloc(block, size);
}

static void sql_free(void *block)
{
    if (block) t.blocks--;
    t.sqlite.xFree(block);
}

void torture_setup(void)
{
    int rc = sqlite3_config(SQLITE_CONFIG_GETMALLOC, &t.sqlite);
    assert(rc == SQLITE_OK);
    sqlite3_mem_methods ours = t.sqlite;
    ours.xMalloc = sql_malloc;
    ours.xRealloc = sql_realloc;
    ours.xFree = sql_free;
    rc = sqlite3_config(SQLITE_CONFIG_MALLOC, &ours);
    assert(rc == SQLITE_OK);
    (void)rc;
}
