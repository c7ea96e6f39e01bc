/* What scales say, in every language. The first byte chooses it. */
#include "drivers/scale/scale.h"
#include "tests/fuzz/fuzz.h"

#define MG_MAX 1000000000000000 /* what eight digits of the largest unit can say */

int fuzz_input(const uint8_t *data, size_t size)
{
    static const struct scale_dialect *const dialects[] = {&scale_sics, &scale_toledo, &scale_cas,
                                                           &scale_nci, &scale_hid};
    struct scale_parser parser = {.len = 0};
    struct scale_reading reading = {.state = SCALE_FAULT};
    if (size == 0) return 0;
    const struct scale_dialect *d = dialects[data[0] % 5];
    for (size_t i = 1; i < size; i++) {
        bool whole = d->push(&parser, data[i], &reading);
        held(parser.len <= sizeof parser.bytes);
        if (d->reports && parser.len == 6) parser.len = 0; /* the next report */
        if (!whole) continue;
        held(reading.state >= SCALE_MOVING && reading.state < SCALE_STATE_COUNT);
        held(reading.mg >= -MG_MAX && reading.mg <= MG_MAX);
    }
    return 0;
}
