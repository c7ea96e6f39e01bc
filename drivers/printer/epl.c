/* The EPL2 dialect: ^ee is answered by one line of two-digit codes, "00" or "07,11"; in the
 * alternate format a code is followed by the labels that remain, "07P005". The question begins with
 * a line feed, which ends whatever stands half said before it. */
#include "drivers/printer/printer.h"

#include <string.h>

#include "firmware/base/text.h"

#define NAK      0x15
#define LINE_MAX 64

static const struct {
    uint8_t code;
    uint32_t flags;
} codes[] = {
    {0, 0},
    {7, PRINTER_MEDIA_OUT},
    {11, PRINTER_HEAD_OPEN},
    {12, PRINTER_PAUSED},
    {13, PRINTER_HOT},
    {14, PRINTER_HOT},
    {50, PRINTER_BUSY},
    {81, PRINTER_CUTTER},
    {84, PRINTER_JAM},
};

/* A code it has no name for is a fault all the same. */
static uint32_t flags_of(int64_t code)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (codes[i].code == code) return codes[i].flags;
    }
    return PRINTER_FAULT;
}

/* "P005", "P005L00120" or nothing. */
static bool read_remaining(struct slice rest, uint32_t *out)
{
    int64_t n = 0;
    if (rest.len == 0) return true;
    size_t end = slice_find_byte(rest, 'L');
    if (rest.ptr[0] != 'P' || text_int(slice_sub(rest, 1, end), 0, 99999, &n)) return false;
    if (end < rest.len && !text_is_digits(slice_sub(rest, end + 1, rest.len))) return false;
    *out = (uint32_t)n;
    return true;
}

static bool read_line(struct slice line, struct printer_status *out)
{
    struct printer_status st = {.says = PRINTER_SAYS_STATUS};
    while (line.len > 0) {
        int64_t code = 0;
        size_t comma = slice_find_byte(line, ',');
        struct slice item = slice_sub(line, 0, comma);
        if (item.len < 2 || text_int(slice_sub(item, 0, 2), 0, 99, &code)) return false;
        if (!read_remaining(slice_sub(item, 2, item.len), &st.waiting)) return false;
        st.flags |= flags_of(code);
        if (comma + 1 == line.len) return false;
        line = slice_sub(line, comma + 1, line.len);
    }
    if (st.waiting > 0) st.flags |= PRINTER_BUSY;
    *out = st;
    return true;
}

/* Only what could stand in an answer is kept; anything else spoils its line. */
static bool epl_push(struct printer_parser *p, uint8_t byte, struct printer_status *out)
{
    if (byte == NAK) {
        p->len = 0;
        p->stage = 0;
        return false;
    }
    if (byte == '\r' || byte == '\n') {
        struct slice line = slice_of(p->bytes, p->len);
        bool whole = p->stage == 0 && p->len > 0 && read_line(line, out);
        p->len = 0;
        p->stage = 0;
        return whole;
    }
    bool fits = (byte >= '0' && byte <= '9') || byte == ',' || byte == 'P' || byte == 'L';
    if (!fits || p->len == LINE_MAX) p->stage = 1;
    if (p->stage == 0) p->bytes[p->len++] = byte;
    return false;
}

const struct printer_dialect printer_epl = {
    .name = "epl",
    .status_query = {(const uint8_t *)"\n^ee\r\n", 6},
    .clear_half = {(const uint8_t *)"\nN\n", 3},
    .push = epl_push,
};
