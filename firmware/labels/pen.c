#include "firmware/labels/pen.h"

#include <assert.h>
#include <string.h>

#include "firmware/base/text.h"

static const struct pen *const pens[] = {&pen_zpl, &pen_epl, &pen_tspl, &pen_escpos};

const struct pen *pen_by_language(const char *language)
{
    for (size_t i = 0; i < sizeof pens / sizeof pens[0]; i++) {
        if (strcmp(pens[i]->language, language) == 0) return pens[i];
    }
    return NULL;
}

/* ------------------------------------------------------------------------------ Windows-1252 -- */

/* What stands at 80..9F; 0: nothing. */
static const uint16_t upper_part[32] = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178,
};

/* U+0100..U+017F without their marks; '?' where there is no single plain letter. */
static const char latin_extended[] =
    "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIi?\?JjKkkLlLlLlL"
    "lLlNnNnNnnNnOoOoOo?\?RrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";
static_assert(sizeof latin_extended == 129, "one letter for each of U+0100..U+017F");

/* Typographic signs of other blocks that have a plain one. */
static const struct {
    uint32_t point;
    uint8_t plain;
} plain_signs[] = {
    {0x2010, '-'},  {0x2011, '-'}, {0x2012, '-'}, {0x2015, '-'}, {0x2212, '-'}, {0x201B, '\''},
    {0x2032, '\''}, {0x2033, '"'}, {0x2002, ' '}, {0x2003, ' '}, {0x2009, ' '}, {0x202F, ' '},
    {0x0218, 'S'},  {0x0219, 's'}, {0x021A, 'T'}, {0x021B, 't'},
};

static uint32_t code_point(struct slice c)
{
    static const uint8_t first[5] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t point = c.ptr[0] & first[c.len];
    for (size_t i = 1; i < c.len; i++) {
        point = point << 6 | (c.ptr[i] & 0x3Fu);
    }
    return point;
}

static uint8_t western_of(uint32_t point)
{
    if (point < 0x80 || (point >= 0xA0 && point <= 0xFF)) return (uint8_t)point;
    for (size_t i = 0; i < 32; i++) {
        if (upper_part[i] == point) return (uint8_t)(0x80 + i);
    }
    if (point >= 0x100 && point < 0x180) return (uint8_t)latin_extended[point - 0x100];
    for (size_t i = 0; i < sizeof plain_signs / sizeof plain_signs[0]; i++) {
        if (plain_signs[i].point == point) return plain_signs[i].plain;
    }
    return '?';
}

static bool is_control(uint32_t point)
{
    return point < 0x20 || (point >= 0x7F && point < 0xA0);
}

bool pen_western_next(struct slice *rest, uint8_t *out, size_t *lost)
{
    while (rest->len > 0) {
        size_t step = text_utf8_step(*rest);
        uint32_t point = step > 0 ? code_point(slice_sub(*rest, 0, step)) : 0xFFFD;
        *rest = slice_sub(*rest, step > 0 ? step : 1, rest->len);
        if (is_control(point)) continue;
        *out = western_of(point);
        if (*out == '?' && point != '?' && lost != NULL) (*lost)++;
        return true;
    }
    return false;
}

void pen_put_quoted(struct buf *out, struct slice utf8, uint8_t escape)
{
    uint8_t c = 0;
    while (pen_western_next(&utf8, &c, NULL)) {
        bool special = c == '"' || c == '\\';
        if (special && escape != 0) buf_byte(out, escape);
        if (special && escape == 0) c = c == '"' ? '\'' : '/';
        buf_byte(out, c);
    }
}

/* ------------------------------------------------------------------------------------- width -- */

/* Hundredths of the height; a little more than the printers' own letters take. */
static uint32_t letter_width(uint32_t point)
{
    if (point >= 0x2E80) return 100;
    if (point >= 0x80) return 64;
    if (strchr(" .,:;'|!ijlI()[]`", (int)point)) return 34;
    if (strchr("MW@%", (int)point)) return 88;
    if (strchr("mw-", (int)point)) return 76;
    bool small = (point >= 'a' && point <= 'z') || (point >= '0' && point <= '9');
    return small ? 52 : 64;
}

uint32_t pen_text_width(const struct pen_cell *cell, struct slice utf8)
{
    uint32_t width = 0;
    for (size_t i = 0; i < utf8.len;) {
        struct slice rest = slice_sub(utf8, i, utf8.len);
        size_t step = text_utf8_step(rest);
        uint32_t point = step > 0 ? code_point(slice_sub(rest, 0, step)) : '?';
        i += step > 0 ? step : 1;
        if (is_control(point)) continue;
        width += cell->advance > 0 ? cell->advance : letter_width(point) * cell->height / 100u;
    }
    return width;
}

/* ------------------------------------------------------------------------------------- bands -- */

static const uint8_t *row_at(const struct raster *r, uint32_t y)
{
    return r->bits + (size_t)y * r->stride;
}

static bool row_is_white(const struct raster *r, uint32_t y)
{
    const uint8_t *row = row_at(r, y);
    for (size_t i = 0; i < r->stride; i++) {
        if (row[i] != 0) return false;
    }
    return true;
}

static void narrow(const struct raster *r, struct raster_band *band)
{
    size_t left = r->stride;
    size_t right = 0;
    for (uint32_t y = band->top; y < band->top + band->height; y++) {
        const uint8_t *row = row_at(r, y);
        for (size_t i = 0; i < r->stride; i++) {
            if (row[i] == 0) continue;
            if (i < left) left = i;
            if (i + 1 > right) right = i + 1;
        }
    }
    band->left = left;
    band->width = right - left;
}

bool raster_band_next(const struct raster *r, uint32_t from, uint32_t rows_max,
                      struct raster_band *out)
{
    while (from < r->height && row_is_white(r, from)) {
        from++;
    }
    if (from >= r->height) return false;
    uint32_t to = from + 1;
    while (to < r->height && to - from < rows_max && !row_is_white(r, to)) {
        to++;
    }
    *out = (struct raster_band){.top = from, .height = to - from};
    narrow(r, out);
    return true;
}
