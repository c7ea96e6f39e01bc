#include "firmware/base/mem.h"

#include <stdlib.h>
#include <string.h>

void *mem_alloc(size_t size)
{
    return calloc(1, size > 0 ? size : 1);
}

void *mem_resize(void *ptr, size_t size)
{
    return realloc(ptr, size > 0 ? size : 1);
}

void mem_free(void *ptr)
{
    free(ptr);
}

void mem_free_local(void *pointer_to_pointer)
{
    void *block = NULL;
    memcpy(&block, pointer_to_pointer, sizeof block);
    free(block);
}
