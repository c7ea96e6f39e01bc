/* mem.h - the only door to the allocator, so that a test can fail any allocation. */
#ifndef PACKD_BASE_MEM_H
#define PACKD_BASE_MEM_H

#include <stddef.h>

void *mem_alloc(size_t size);             /* zeroed; NULL when out of memory */
void *mem_resize(void *ptr, size_t size); /* as realloc; the old block survives a NULL */
void mem_free(void *ptr);                 /* NULL is fine */

/* Local whose block is freed on every way out. */
void mem_free_local(void *pointer_to_pointer);
#define AUTO_MEM __attribute__((cleanup(mem_free_local)))

#endif
