/* Definitions of channels, which a site may replace by a file. */
#include "firmware/channels/definition.h"
#include "tests/fuzz/fuzz.h"

int fuzz_input(const uint8_t *data, size_t size)
{
    struct definition d = {.doc = NULL};
    static struct definition_fault fault;
    if (definition_load("fuzzed", slice_of(data, size), &d, &fault) == ERR_OK)
        definition_deinit(&d);
    return 0;
}
