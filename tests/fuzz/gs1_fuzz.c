/* GS1 element strings and Digital Links. */
#include <string.h>

#include "firmware/codes/link.h"
#include "tests/fuzz/fuzz.h"

static struct gs1 whole, pieces;

static void check(const struct gs1 *g)
{
    held(g->count >= 1 && g->count <= GS1_ELEMENTS_MAX);
    for (size_t i = 0; i < g->count; i++) {
        const struct gs1_ai *ai = &gs1_ais[g->element[i].row];
        struct slice value = gs1_value(g, i);
        held(value.len >= ai->min && value.len <= ai->max);
        held(slice_find_byte(value, GS1_SEPARATOR) == value.len);
        held(gs1_find(g, g->element[i].id).len > 0);
    }
}

static void same(const struct gs1 *a, const struct gs1 *b)
{
    held(a->fault == b->fault && a->fault_id == b->fault_id);
    held(a->count == b->count && a->missing == b->missing);
    for (size_t i = 0; i < a->count; i++)
        held(a->element[i].id == b->element[i].id && slice_eq(gs1_value(a, i), gs1_value(b, i)));
}

/* What was taken apart, written as one message, is taken apart alike. */
static void round_trip(const struct gs1 *g)
{
    static uint8_t room[2 * GS1_TEXT_MAX];
    static struct gs1 again;
    struct buf message = buf_over(room, sizeof room);
    for (size_t i = 0; i < g->count; i++) {
        char id[5];
        gs1_id_text(g->element[i].id, id);
        buf_text(&message, id);
        buf_put(&message, gs1_value(g, i));
        if (!gs1_ais[g->element[i].row].fixed) buf_byte(&message, GS1_SEPARATOR);
    }
    held(!message.overflow);
    held(gs1_read(&again, buf_slice(&message)));
    same(g, &again);
}

int fuzz_input(const uint8_t *data, size_t size)
{
    struct slice text = slice_of(data, size);
    struct fuzz_chunks chunks = fuzz_chunks(data, size);
    if (gs1_read(&whole, text)) {
        check(&whole);
        round_trip(&whole);
    }
    gs1_begin(&pieces);
    for (size_t at = 0, n = 0; at < size; at += n) {
        n = fuzz_chunk(&chunks, size - at);
        gs1_push(&pieces, slice_sub(text, at, at + n));
    }
    (void)!gs1_end(&pieces);
    same(&whole, &pieces);
    if (gs1_read_brackets(&whole, text)) round_trip(&whole);
    if (link_read(&whole, text)) round_trip(&whole);
    return 0;
}
