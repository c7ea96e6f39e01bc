/* Headers of an answer. */
#include "hal/hal.h"
#include "tests/fuzz/fuzz.h"

int fuzz_input(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"Retry-After", "Content-Type", "Date", "x", ""};
    const struct hal_http_result r = {.headers = slice_of(data, size)};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct slice value = hal_http_header(&r, names[i]);
        if (value.len == 0) continue;
        held(value.ptr >= data && value.ptr + value.len <= data + size);
        held(slice_find_byte(value, '\n') == value.len);
    }
    return 0;
}
