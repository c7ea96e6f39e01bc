#include <string.h>

#include "firmware/config/fields.h"

#define NEAREST_KEY_MAX 32

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Insertions, deletions and replacements that turn a into b; both at most NEAREST_KEY_MAX long. */
static size_t edit_distance(struct slice a, struct slice b)
{
    size_t row[NEAREST_KEY_MAX + 1];
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t replaced = diagonal + (a.ptr[i - 1] == b.ptr[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = least(row[j] + 1, row[j - 1] + 1, replaced);
        }
    }
    return row[b.len];
}

const char *config_nearest_key(const struct shape *shape, struct slice name)
{
    const char *nearest = NULL;
    size_t best = name.len < 6 ? 3 : 4; /* further away it would be a guess */
    if (name.len > NEAREST_KEY_MAX) return NULL;
    for (size_t i = 0; i < shape->count; i++) {
        struct slice key = slice_text(shape->fields[i].key);
        if (key.len > NEAREST_KEY_MAX) continue;
        size_t distance = edit_distance(name, key);
        if (distance < best) {
            best = distance;
            nearest = shape->fields[i].key;
        }
    }
    return nearest;
}
