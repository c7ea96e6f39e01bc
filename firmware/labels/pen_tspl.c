/* TSPL: one command a line, CR LF. '"', '\' and '~' in data are replaced, controls (an ESC acts at
 * once, even inside data) never reach it. Graphics are plain bits, 0 is black. */
#include "firmware/base/text.h"
#include "firmware/labels/pen.h"

#define BAND_ROWS 64
#define TIMES_MAX 8

struct tspl_font {
    uint8_t font;
    uint8_t height;
    uint8_t width;
};
static const struct tspl_font fonts[] = {
    {1, 12, 8}, {2, 20, 12}, {3, 24, 16}, {4, 32, 24}, {5, 48, 32}};

/* Tenths of a millimetre, rounded up so that no row is lost. */
static uint32_t mm10(uint32_t dots, uint16_t dpi)
{
    return (dots * 254u + dpi - 1u) / dpi;
}

static void tspl_begin(struct pen_page *page)
{
    uint32_t width = mm10(page->width, page->dpi);
    uint32_t height = mm10(page->height, page->dpi);
    buf_printf(page->out, "SIZE %u.%u mm,%u.%u mm\r\n", width / 10, width % 10, height / 10,
               height % 10);
    if (page->roll) buf_text(page->out, "GAP 0,0\r\n");
    buf_text(page->out,
             "SET REPRINT OFF\r\nDIRECTION 1\r\nREFERENCE 0,0\r\nCODEPAGE 1252\r\nCLS\r\n");
}

static struct pen_cell tspl_cell(uint16_t dpi, uint32_t height)
{
    struct pen_cell best = {fonts[0].height, fonts[0].width, fonts[0].font, 1};
    (void)dpi;
    for (size_t i = 0; i < sizeof fonts / sizeof fonts[0]; i++) {
        for (uint8_t times = 1; times <= TIMES_MAX; times++) {
            uint32_t h = (uint32_t)fonts[i].height * times;
            if (h > height || h < best.height) continue;
            best = (struct pen_cell){h, (uint32_t)fonts[i].width * times, fonts[i].font, times};
        }
    }
    return best;
}

static void put_data(struct buf *out, struct slice utf8)
{
    size_t from = out->len;
    pen_put_quoted(out, utf8, 0);
    for (size_t i = from; i < out->len; i++) {
        if (out->ptr[i] == '~') out->ptr[i] = '-';
    }
}

static void tspl_text(struct pen_page *page, struct pen_spot at, const struct pen_cell *cell,
                      struct slice utf8)
{
    buf_printf(page->out, "TEXT %u,%u,\"%u\",0,%u,%u,\"", at.x, at.y, cell->font, cell->times,
               cell->times);
    put_data(page->out, utf8);
    buf_text(page->out, "\"\r\n");
}

static void tspl_code128(struct pen_page *page, struct pen_spot at, struct pen_bars bars,
                         struct slice code)
{
    buf_printf(page->out, "BARCODE %u,%u,\"128\",%u,0,0,%u,%u,\"", at.x, at.y, bars.height,
               bars.module, bars.module * 2);
    put_data(page->out, code);
    buf_text(page->out, "\"\r\n");
}

static void tspl_rule(struct pen_page *page, struct pen_spot at, uint32_t width, uint32_t height)
{
    buf_printf(page->out, "BAR %u,%u,%u,%u\r\n", at.x, at.y, width, height);
}

static void tspl_end(struct pen_page *page)
{
    buf_text(page->out, page->roll ? "PRINT 1,1\r\nCUT\r\n" : "PRINT 1,1\r\n");
}

static void put_band(const struct raster *r, const struct raster_band *band, struct buf *out)
{
    buf_printf(out, "BITMAP %zu,%u,%zu,%u,0,", band->left * 8, band->top, band->width,
               band->height);
    for (uint32_t y = band->top; y < band->top + band->height; y++) {
        const uint8_t *row = r->bits + (size_t)y * r->stride + band->left;
        for (size_t i = 0; i < band->width; i++) {
            buf_byte(out, (uint8_t)~row[i]);
        }
    }
    buf_text(out, "\r\n");
}

static void tspl_label(const struct raster *r, uint16_t dpi, struct buf *out)
{
    struct pen_page page = {.out = out, .dpi = dpi, .width = r->width, .height = r->height};
    struct raster_band band;
    tspl_begin(&page);
    for (uint32_t y = 0; raster_band_next(r, y, BAND_ROWS, &band); y = band.top + band.height) {
        put_band(r, &band, out);
    }
    tspl_end(&page);
}

const struct pen pen_tspl = {
    .language = "tspl",
    .module_max = 6,
    .western = true,
    .begin = tspl_begin,
    .cell = tspl_cell,
    .text = tspl_text,
    .code128 = tspl_code128,
    .rule = tspl_rule,
    .end = tspl_end,
    .label = tspl_label,
    .opening = "SIZE ",
};
