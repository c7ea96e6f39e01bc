/* EPL2: one command a line. A line feed in data would begin the next command, so controls never
 * reach it; '"' and '\' are escaped. Graphics are plain bits, 0 is black. */
#include "firmware/labels/pen.h"

/* Rows of one graphic: a lost byte spoils one band, not the page. */
#define BAND_ROWS 64
#define TIMES_MAX 6

struct epl_font {
    uint8_t font;
    uint8_t height;
    uint8_t advance;
};
/* Fonts 1 to 4; font 5 has capitals only. */
static const struct epl_font at_203[] = {{1, 12, 10}, {2, 16, 12}, {3, 20, 14}, {4, 24, 16}};
static const struct epl_font at_300[] = {{1, 20, 14}, {2, 28, 18}, {3, 36, 22}, {4, 44, 26}};

/* A leading line feed ends what somebody else may have left half said. I: eight bits, Windows-1252.
 * Without Q the printer measures its labels itself. */
static void epl_begin(struct pen_page *page)
{
    buf_printf(page->out, "\nN\nI8,A,001\nq%u\nZT\n", page->width);
    if (page->roll) buf_printf(page->out, "Q%u,0\n", page->height);
}

static struct pen_cell epl_cell(uint16_t dpi, uint32_t height)
{
    const struct epl_font *fonts = dpi >= 300 ? at_300 : at_203;
    struct pen_cell best = {fonts[0].height, fonts[0].advance, fonts[0].font, 1};
    for (uint8_t i = 0; i < 4; i++) {
        for (uint8_t times = 1; times <= TIMES_MAX; times++) {
            uint32_t h = (uint32_t)fonts[i].height * times;
            if (h > height || h < best.height) continue;
            best = (struct pen_cell){h, (uint32_t)fonts[i].advance * times, fonts[i].font, times};
        }
    }
    return best;
}

static void epl_text(struct pen_page *page, struct pen_spot at, const struct pen_cell *cell,
                     struct slice utf8)
{
    buf_printf(page->out, "A%u,%u,0,%u,%u,%u,N,\"", at.x, at.y, cell->font, cell->times,
               cell->times);
    pen_put_quoted(page->out, utf8, '\\');
    buf_text(page->out, "\"\n");
}

static void epl_code128(struct pen_page *page, struct pen_spot at, struct pen_bars bars,
                        struct slice code)
{
    buf_printf(page->out, "B%u,%u,0,1,%u,%u,%u,N,\"", at.x, at.y, bars.module, bars.module * 2,
               bars.height);
    pen_put_quoted(page->out, code, '\\');
    buf_text(page->out, "\"\n");
}

static void epl_rule(struct pen_page *page, struct pen_spot at, uint32_t width, uint32_t height)
{
    buf_printf(page->out, "LO%u,%u,%u,%u\n", at.x, at.y, width, height);
}

static void epl_end(struct pen_page *page)
{
    buf_text(page->out, "P1\n");
}

static void put_band(const struct raster *r, const struct raster_band *band, struct buf *out)
{
    buf_printf(out, "GW%zu,%u,%zu,%u\n", band->left * 8, band->top, band->width, band->height);
    for (uint32_t y = band->top; y < band->top + band->height; y++) {
        const uint8_t *row = r->bits + (size_t)y * r->stride + band->left;
        for (size_t i = 0; i < band->width; i++) {
            buf_byte(out, (uint8_t)~row[i]);
        }
    }
    buf_text(out, "\n");
}

static void epl_label(const struct raster *r, uint16_t dpi, struct buf *out)
{
    struct pen_page page = {.out = out, .dpi = dpi, .width = r->width, .height = r->height};
    struct raster_band band;
    epl_begin(&page);
    for (uint32_t y = 0; raster_band_next(r, y, BAND_ROWS, &band); y = band.top + band.height) {
        put_band(r, &band, out);
    }
    epl_end(&page);
}

const struct pen pen_epl = {
    .language = "epl",
    .module_max = 6,
    .western = true,
    .begin = epl_begin,
    .cell = epl_cell,
    .text = epl_text,
    .code128 = epl_code128,
    .rule = epl_rule,
    .end = epl_end,
    .label = epl_label,
    .opening = "\nN\n",
};
