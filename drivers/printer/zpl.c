/* The ZPL dialect: host status ~HS, three lines "STX fields ETX CR LF". Field counts vary with the
 * firmware: the first 12 of line 1 and the first 9 of line 2 are needed, the rest is ignored.
 * Host identification ~HI is one such line: model, version, dots per millimetre, memory. */
#include "drivers/printer/printer.h"

#include <string.h>

#include "firmware/base/text.h"

#define STX           0x02
#define ETX           0x03
#define FIELDS_MAX    24
#define LINE_1_FIELDS 12
#define LINE_2_FIELDS 9
/* A label length has three or four digits where line 2 has a single one. */
#define LABEL_LENGTH_DIGITS_MIN 3

/* The parser's stage: where the current line begins in `bytes`, and whether it is open. Line 1 is
 * kept from 0 up to that place while line 2 is awaited. */
#define IN_LINE 0x10000u

struct fields {
    struct slice at[FIELDS_MAX];
    size_t count;
};

static struct fields split(struct slice line)
{
    struct fields f = {.count = 0};
    while (f.count < FIELDS_MAX) {
        size_t comma = slice_find_byte(line, ',');
        f.at[f.count++] = slice_trim(slice_sub(line, 0, comma));
        if (comma == line.len) break;
        line = slice_sub(line, comma + 1, line.len);
    }
    return f;
}

static bool are_numbers(const struct fields *f, size_t needed)
{
    if (f->count < needed) return false;
    for (size_t i = 0; i < needed; i++) {
        if (!text_is_digits(f->at[i])) return false;
    }
    return true;
}

static bool is_line_1(const struct fields *f)
{
    return are_numbers(f, LINE_1_FIELDS) && f->at[3].len >= LABEL_LENGTH_DIGITS_MIN;
}

static uint32_t number(struct slice digits)
{
    int64_t n = 0;
    err_t e = text_int(digits, 0, UINT16_MAX, &n);
    return e ? UINT16_MAX : (uint32_t)n;
}

struct flag_field {
    size_t field;
    uint32_t flag;
};

static uint32_t flags_of(const struct fields *f, const struct flag_field *table, size_t count)
{
    uint32_t flags = 0;
    for (size_t i = 0; i < count; i++) {
        if (number(f->at[table[i].field]) != 0) flags |= table[i].flag;
    }
    return flags;
}

static const struct flag_field line_1[] = {
    {1, PRINTER_PAPER_OUT},   {2, PRINTER_PAUSED},        {5, PRINTER_BUFFER_FULL},
    {7, PRINTER_HALF_FORMAT}, {9, PRINTER_SETTINGS_LOST}, {10, PRINTER_COLD},
    {11, PRINTER_HOT},
};
static const struct flag_field line_2[] = {
    {2, PRINTER_HEAD_OPEN},
    {3, PRINTER_RIBBON_OUT},
    {7, PRINTER_TAKE_LABEL},
};

#define MEDIA_CONTINUOUS 0x80u /* of line 2's first field: no labels, the length means nothing */

static void combine(const struct fields *one, const struct fields *two, struct printer_status *out)
{
    out->flags = flags_of(one, line_1, sizeof line_1 / sizeof line_1[0]) |
                 flags_of(two, line_2, sizeof line_2 / sizeof line_2[0]);
    out->says = PRINTER_SAYS_STATUS;
    out->label_dots = (number(two->at[0]) & MEDIA_CONTINUOUS) != 0 ? 0 : number(one->at[3]);
    out->waiting = number(one->at[4]) + number(two->at[8]);
    if (out->waiting > 0) out->flags |= PRINTER_BUSY;
}

static bool read_model(const struct fields *f, struct printer_status *out)
{
    static const struct {
        const char *per_mm;
        uint16_t dpi;
    } heads[] = {{"6", 152}, {"8", 203}, {"12", 300}, {"24", 600}};
    if (f->count < 4 || text_is_digits(f->at[0])) return false;
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        if (!slice_is(f->at[2], heads[i].per_mm)) continue;
        *out = (struct printer_status){.says = PRINTER_SAYS_MODEL, .dpi = heads[i].dpi};
        return true;
    }
    return false;
}

static void start_over(struct printer_parser *p)
{
    p->len = 0;
    p->stage = 0;
}

static bool line_ended(struct printer_parser *p, struct printer_status *out)
{
    size_t from = p->stage & ~IN_LINE;
    struct fields line = split(slice_sub(slice_of(p->bytes, p->len), from, p->len));
    if (is_line_1(&line)) {
        memmove(p->bytes, p->bytes + from, p->len - from);
        p->len -= from;
        p->stage = (uint32_t)p->len;
        return false;
    }
    bool whole = from > 0 && are_numbers(&line, LINE_2_FIELDS);
    if (whole) {
        struct fields first = split(slice_of(p->bytes, from));
        combine(&first, &line, out);
    } else {
        whole = read_model(&line, out);
    }
    start_over(p);
    return whole;
}

static bool zpl_push(struct printer_parser *p, uint8_t c, struct printer_status *out)
{
    if (c == STX) {
        p->len = p->stage & ~IN_LINE;
        p->stage |= IN_LINE;
        return false;
    }
    if ((p->stage & IN_LINE) == 0) return false;
    if (c == ETX) return line_ended(p, out);
    if (p->len == sizeof p->bytes) {
        start_over(p);
        return false;
    }
    p->bytes[p->len++] = c;
    return false;
}

const struct printer_dialect printer_zpl = {
    .name = "zpl",
    .status_query = {(const uint8_t *)"~HS", 3},
    .clear_half = {(const uint8_t *)"~JX", 3},
    .clear_all = {(const uint8_t *)"~JA", 3},
    .hello = {(const uint8_t *)"~HI", 3},
    .push = zpl_push,
};
