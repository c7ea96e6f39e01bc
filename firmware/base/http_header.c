#include "hal/hal.h"

/* Takes the next "\r\n" or "\n" ended line off *rest. */
static struct slice next_line(struct slice *rest)
{
    size_t end = slice_find_byte(*rest, '\n');
    struct slice line = slice_sub(*rest, 0, end);
    *rest = slice_sub(*rest, end < rest->len ? end + 1 : end, rest->len);
    return line;
}

struct slice hal_http_header(const struct hal_http_result *r, const char *name)
{
    struct slice rest = r->headers;
    while (rest.len > 0) {
        struct slice line = next_line(&rest);
        size_t colon = slice_find_byte(line, ':');
        if (colon < line.len && slice_is_nocase(slice_sub(line, 0, colon), name))
            return slice_trim(slice_sub(line, colon + 1, line.len));
    }
    return SLICE_NONE;
}
