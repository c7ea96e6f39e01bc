#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>

void fuzz_held(int fact, const char *words, const char *file, int line)
{
    if (fact) return;
    (void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, words);
    abort();
}

struct fuzz_chunks fuzz_chunks(const uint8_t *data, size_t size)
{
    uint32_t state = 2166136261u;
    for (size_t i = 0; i < size; i++)
        state = (state ^ data[i]) * 16777619u;
    return (struct fuzz_chunks){state};
}

size_t fuzz_chunk(struct fuzz_chunks *c, size_t left)
{
    c->state = c->state * 1664525u + 1013904223u;
    size_t size = 1 + (c->state >> 16) % 17;
    return size < left ? size : left;
}
