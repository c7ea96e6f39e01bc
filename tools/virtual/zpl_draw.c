#include "tools/virtual/zpl_draw.h"

#include <string.h>

#include "firmware/base/text.h"

#define GLYPH_COLUMNS 5
#define GLYPH_CELL    6 /* with the gap to the next */
#define FIRST_GLYPH   0x20
#define LAST_GLYPH    0x7E

/* Columns from left to right, the lowest bit on top. */
static const uint8_t glyphs[LAST_GLYPH - FIRST_GLYPH + 1][GLYPH_COLUMNS] = {
    /* clang-format off */
    {0x00, 0x00, 0x00, 0x00, 0x00},
    {0x00, 0x00, 0x5F, 0x00, 0x00},
    {0x00, 0x07, 0x00, 0x07, 0x00},
    {0x14, 0x7F, 0x14, 0x7F, 0x14},
    {0x24, 0x2A, 0x7F, 0x2A, 0x12},
    {0x23, 0x13, 0x08, 0x64, 0x62},
    {0x36, 0x49, 0x56, 0x20, 0x50},
    {0x00, 0x08, 0x07, 0x03, 0x00},
    {0x00, 0x1C, 0x22, 0x41, 0x00},
    {0x00, 0x41, 0x22, 0x1C, 0x00},
    {0x2A, 0x1C, 0x7F, 0x1C, 0x2A},
    {0x08, 0x08, 0x3E, 0x08, 0x08},
    {0x00, 0x80, 0x70, 0x30, 0x00},
    {0x08, 0x08, 0x08, 0x08, 0x08},
    {0x00, 0x00, 0x60, 0x60, 0x00},
    {0x20, 0x10, 0x08, 0x04, 0x02},
    {0x3E, 0x51, 0x49, 0x45, 0x3E},
    {0x00, 0x42, 0x7F, 0x40, 0x00},
    {0x72, 0x49, 0x49, 0x49, 0x46},
    {0x21, 0x41, 0x49, 0x4D, 0x33},
    {0x18, 0x14, 0x12, 0x7F, 0x10},
    {0x27, 0x45, 0x45, 0x45, 0x39},
    {0x3C, 0x4A, 0x49, 0x49, 0x31},
    {0x41, 0x21, 0x11, 0x09, 0x07},
    {0x36, 0x49, 0x49, 0x49, 0x36},
    {0x46, 0x49, 0x49, 0x29, 0x1E},
    {0x00, 0x00, 0x14, 0x00, 0x00},
    {0x00, 0x40, 0x34, 0x00, 0x00},
    {0x00, 0x08, 0x14, 0x22, 0x41},
    {0x14, 0x14, 0x14, 0x14, 0x14},
    {0x00, 0x41, 0x22, 0x14, 0x08},
    {0x02, 0x01, 0x59, 0x09, 0x06},
    {0x3E, 0x41, 0x5D, 0x59, 0x4E},
    {0x7C, 0x12, 0x11, 0x12, 0x7C},
    {0x7F, 0x49, 0x49, 0x49, 0x36},
    {0x3E, 0x41, 0x41, 0x41, 0x22},
    {0x7F, 0x41, 0x41, 0x41, 0x3E},
    {0x7F, 0x49, 0x49, 0x49, 0x41},
    {0x7F, 0x09, 0x09, 0x09, 0x01},
    {0x3E, 0x41, 0x41, 0x51, 0x73},
    {0x7F, 0x08, 0x08, 0x08, 0x7F},
    {0x00, 0x41, 0x7F, 0x41, 0x00},
    {0x20, 0x40, 0x41, 0x3F, 0x01},
    {0x7F, 0x08, 0x14, 0x22, 0x41},
    {0x7F, 0x40, 0x40, 0x40, 0x40},
    {0x7F, 0x02, 0x1C, 0x02, 0x7F},
    {0x7F, 0x04, 0x08, 0x10, 0x7F},
    {0x3E, 0x41, 0x41, 0x41, 0x3E},
    {0x7F, 0x09, 0x09, 0x09, 0x06},
    {0x3E, 0x41, 0x51, 0x21, 0x5E},
    {0x7F, 0x09, 0x19, 0x29, 0x46},
    {0x26, 0x49, 0x49, 0x49, 0x32},
    {0x03, 0x01, 0x7F, 0x01, 0x03},
    {0x3F, 0x40, 0x40, 0x40, 0x3F},
    {0x1F, 0x20, 0x40, 0x20, 0x1F},
    {0x3F, 0x40, 0x38, 0x40, 0x3F},
    {0x63, 0x14, 0x08, 0x14, 0x63},
    {0x03, 0x04, 0x78, 0x04, 0x03},
    {0x61, 0x59, 0x49, 0x4D, 0x43},
    {0x00, 0x7F, 0x41, 0x41, 0x41},
    {0x02, 0x04, 0x08, 0x10, 0x20},
    {0x00, 0x41, 0x41, 0x41, 0x7F},
    {0x04, 0x02, 0x01, 0x02, 0x04},
    {0x40, 0x40, 0x40, 0x40, 0x40},
    {0x00, 0x03, 0x07, 0x08, 0x00},
    {0x20, 0x54, 0x54, 0x78, 0x40},
    {0x7F, 0x28, 0x44, 0x44, 0x38},
    {0x38, 0x44, 0x44, 0x44, 0x28},
    {0x38, 0x44, 0x44, 0x28, 0x7F},
    {0x38, 0x54, 0x54, 0x54, 0x18},
    {0x00, 0x08, 0x7E, 0x09, 0x02},
    {0x18, 0xA4, 0xA4, 0x9C, 0x78},
    {0x7F, 0x08, 0x04, 0x04, 0x78},
    {0x00, 0x44, 0x7D, 0x40, 0x00},
    {0x20, 0x40, 0x40, 0x3D, 0x00},
    {0x7F, 0x10, 0x28, 0x44, 0x00},
    {0x00, 0x41, 0x7F, 0x40, 0x00},
    {0x7C, 0x04, 0x78, 0x04, 0x78},
    {0x7C, 0x08, 0x04, 0x04, 0x78},
    {0x38, 0x44, 0x44, 0x44, 0x38},
    {0xFC, 0x18, 0x24, 0x24, 0x18},
    {0x18, 0x24, 0x24, 0x18, 0xFC},
    {0x7C, 0x08, 0x04, 0x04, 0x08},
    {0x48, 0x54, 0x54, 0x54, 0x24},
    {0x04, 0x04, 0x3F, 0x44, 0x24},
    {0x3C, 0x40, 0x40, 0x20, 0x7C},
    {0x1C, 0x20, 0x40, 0x20, 0x1C},
    {0x3C, 0x40, 0x30, 0x40, 0x3C},
    {0x44, 0x28, 0x10, 0x28, 0x44},
    {0x4C, 0x90, 0x90, 0x90, 0x7C},
    {0x44, 0x64, 0x54, 0x4C, 0x44},
    {0x00, 0x08, 0x36, 0x41, 0x00},
    {0x00, 0x00, 0x77, 0x00, 0x00},
    {0x00, 0x41, 0x36, 0x08, 0x00},
    {0x02, 0x01, 0x02, 0x04, 0x02},
    /* clang-format on */
};

void zpl_draw_box(struct zpl_picture *p, struct zpl_box box)
{
    int64_t left = box.x > 0 ? box.x : 0;
    int64_t top = box.y > 0 ? box.y : 0;
    int64_t right = box.x + box.width < p->width ? box.x + box.width : p->width;
    int64_t bottom = box.y + box.height < p->height ? box.y + box.height : p->height;
    for (int64_t y = top; y < bottom && left < right; y++) {
        memset(p->dots + y * p->width + left, 0, (size_t)(right - left));
    }
}

void zpl_draw_letter(struct zpl_picture *p, struct zpl_box cell, uint8_t c)
{
    if (c < FIRST_GLYPH || c > LAST_GLYPH) c = '?';
    for (int64_t column = 0; column < GLYPH_COLUMNS; column++) {
        uint8_t bits = glyphs[c - FIRST_GLYPH][column];
        for (int64_t row = 0; row < 8; row++) {
            struct zpl_box dot = {cell.x + column * cell.width, cell.y + row * cell.height,
                                  cell.width, cell.height};
            if ((bits >> row & 1) != 0) zpl_draw_box(p, dot);
        }
    }
}

static size_t characters(struct slice text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; n++) {
        size_t step = text_utf8_step(slice_sub(text, i, text.len));
        i += step > 0 ? step : 1;
    }
    return n;
}

/* What fits on a line: whole words where there are any. */
static struct slice next_line(struct slice text, size_t room)
{
    if (characters(text) <= room) return text;
    struct slice line = slice_sub(text, 0, text_prefix(text, room));
    for (size_t i = line.len; i > 0; i--) {
        if (line.ptr[i - 1] == ' ') return slice_sub(line, 0, i);
    }
    return line;
}

static void draw_line(struct zpl_picture *p, struct zpl_box cell, struct slice text)
{
    for (size_t i = 0; i < text.len;) {
        size_t step = text_utf8_step(slice_sub(text, i, text.len));
        zpl_draw_letter(p, cell, step == 1 ? text.ptr[i] : '?');
        cell.x += GLYPH_CELL * cell.width;
        i += step > 0 ? step : 1;
    }
}

void zpl_draw_text(struct zpl_picture *p, int64_t x, int64_t y, const struct zpl_text *shape,
                   struct slice text)
{
    int64_t dot = shape->height >= 20 ? shape->height / 10 : 1;
    int64_t wide = shape->height >= 24 ? shape->height / 12 : 1; /* printers' letters are narrow */
    int64_t room = shape->width > 0 ? shape->width / (GLYPH_CELL * wide) : INT16_MAX;
    int64_t lines = shape->width > 0 ? shape->lines : 1;
    for (int64_t n = 0; n < lines && text.len > 0 && room > 0; n++) {
        struct slice line = next_line(text, (size_t)room);
        struct zpl_box cell = {x, y + n * shape->height + shape->height / 8, wide, dot};
        draw_line(p, cell, line);
        text = slice_sub(text, line.len, text.len);
    }
}

/* -------------------------------------------------------------------------------- Code 128 -- */

#define CODE_C      99
#define CODE_B      100
#define START_B     104
#define START_C     105
#define STOP        106
#define SYMBOLS_MAX 128
#define TEXT_MAX    80

/* Widths of bars and spaces, a bar first. Source: ISO/IEC 15417, table 1. */
static const char patterns[STOP + 1][8] = {
    "212222", "222122", "222221", "121223", "121322", "131222", "122213", "122312",  "132212",
    "221213", "221312", "231212", "112232", "122132", "122231", "113222", "123122",  "123221",
    "223211", "221132", "221231", "213212", "223112", "312131", "311222", "321122",  "321221",
    "312212", "322112", "322211", "212123", "212321", "232121", "111323", "131123",  "131321",
    "112313", "132113", "132311", "211313", "231113", "231311", "112133", "112331",  "132131",
    "113123", "113321", "133121", "313121", "211331", "231131", "213113", "213311",  "213131",
    "311123", "311321", "331121", "312113", "312311", "332111", "314111", "221411",  "431111",
    "111224", "111422", "121124", "121421", "141122", "141221", "112214", "112412",  "122114",
    "122411", "142112", "142211", "241211", "221114", "413111", "241112", "134111",  "111242",
    "121142", "121241", "114212", "124112", "124211", "411212", "421112", "421211",  "212141",
    "214121", "412121", "111143", "111341", "131141", "114113", "114311", "411113",  "411311",
    "113141", "114131", "311141", "411131", "211412", "211214", "211232", "2331112",
};

static size_t digits_at(struct slice text, size_t i)
{
    size_t n = 0;
    while (i + n < text.len && text.ptr[i + n] >= '0' && text.ptr[i + n] <= '9') {
        n++;
    }
    return n;
}

static size_t encode(struct slice text, uint8_t symbols[SYMBOLS_MAX])
{
    size_t n = 0;
    bool pairs = digits_at(text, 0) >= 4;
    symbols[n++] = pairs ? START_C : START_B;
    for (size_t i = 0; i < text.len;) {
        size_t digits = digits_at(text, i);
        if (pairs && digits >= 2) {
            symbols[n++] = (uint8_t)((text.ptr[i] - '0') * 10 + text.ptr[i + 1] - '0');
            i += 2;
        } else if (pairs) {
            symbols[n++] = CODE_B;
            pairs = false;
        } else if (digits >= 4 && digits % 2 == 0) {
            symbols[n++] = CODE_C;
            pairs = true;
        } else {
            symbols[n++] = (uint8_t)(text.ptr[i++] - ' ');
        }
    }
    uint32_t check = symbols[0];
    for (size_t i = 1; i < n; i++) {
        check += (uint32_t)i * symbols[i];
    }
    symbols[n++] = (uint8_t)(check % 103);
    symbols[n++] = STOP;
    return n;
}

int64_t zpl_draw_code128(struct zpl_picture *p, struct zpl_box at, int64_t module,
                         struct slice text)
{
    uint8_t symbols[SYMBOLS_MAX];
    int64_t x = at.x;
    if (text.len == 0 || text.len > TEXT_MAX || !text_is_print(text)) return 0;
    size_t count = encode(text, symbols);
    for (size_t i = 0; i < count; i++) {
        const char *pattern = patterns[symbols[i]];
        for (size_t k = 0; pattern[k] != '\0'; k++) {
            int64_t width = (pattern[k] - '0') * module;
            if (k % 2 == 0) zpl_draw_box(p, (struct zpl_box){x, at.y, width, at.height});
            x += width;
        }
    }
    return x - at.x;
}
