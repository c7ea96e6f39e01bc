/* What printers say, in every language. The first byte chooses it. */
#include "drivers/printer/printer.h"
#include "tests/fuzz/fuzz.h"

#define EVERY_FLAG ((PRINTER_STRANGE << 1) - 1)

int fuzz_input(const uint8_t *data, size_t size)
{
    static const struct printer_dialect *const dialects[] = {&printer_zpl, &printer_epl,
                                                             &printer_tspl, &printer_escpos};
    struct printer_parser parser = {.len = 0};
    struct printer_status status = {.says = PRINTER_SAYS_STATUS};
    if (size == 0) return 0;
    const struct printer_dialect *d = dialects[data[0] % 4];
    struct slice rest = slice_of(data + 1, size - 1);
    size_t said = 0;
    while (printer_dialect_read(d, &parser, &rest, &status)) {
        said++;
        held(said < size);
        held(status.says <= PRINTER_SAYS_MARK);
        held((status.flags & ~(uint32_t)EVERY_FLAG) == 0);
        held(parser.len <= sizeof parser.bytes);
        if (status.says == PRINTER_SAYS_MARK) held(status.mark <= PRINTER_MARK_MAX);
    }
    held(rest.len == 0 && parser.len <= sizeof parser.bytes);
    return 0;
}
