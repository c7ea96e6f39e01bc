/* A scanner that is a keyboard. The first byte chooses the layout; then two bytes a key: its code,
 * and whether it goes down. */
#include "drivers/scanner/wedge.h"
#include "firmware/base/text.h"
#include "tests/fuzz/fuzz.h"

#define CR 0x0D
#define GS 0x1D

/* No keystroke becomes a control character that could do something. */
static void check(struct slice bytes)
{
    held(bytes.len <= WEDGE_BYTES_MAX);
    if (bytes.len == 0) return;
    held(text_is_utf8(bytes));
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t c = bytes.ptr[i];
        held(c >= 0x20 || c == CR || c == GS);
    }
}

int fuzz_input(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"us", "gb", "de", "fr"};
    struct wedge w;
    uint8_t out[WEDGE_BYTES_MAX];
    if (size == 0) return 0;
    wedge_init(&w, wedge_layout_by_name(names[data[0] % 4]));
    for (size_t i = 1; i + 1 < size; i += 2) {
        uint16_t code = (uint16_t)(data[i] | (data[i + 1] & 0x7E) << 7);
        size_t n = wedge_key(&w, code, (data[i + 1] & 1) != 0, out);
        check(slice_of(out, n));
        if (data[i + 1] == 0x80) wedge_release(&w);
    }
    return 0;
}
