/* ESC/POS in standard mode: a page is lines from the top down, so positions become feeds.
 * DLE with EOT, ENQ or DC4 acts at once, even inside graphics: such a pair never leaves here. */
#include "firmware/labels/pen.h"

#define DLE 0x10
#define EOT 0x04
#define ENQ 0x05
#define DC4 0x14

#define WHITE_ROWS 255 /* of one graphic: its height is one byte here */
#define BAND_ROWS  128
#define TIMES_MAX  8
#define FONT_W     12 /* font A */
#define FONT_H     24
#define FEED_MAX   255

/* A literal with NUL bytes in it. */
#define PUT(out, literal) buf_put((out), SLICE(literal))

static bool acts_at_once(uint8_t a, uint8_t b)
{
    return a == DLE && (b == EOT || b == ENQ || b == DC4);
}

/* Low byte first; one dot more where the two would act at once. */
static void put_word(struct buf *out, uint32_t n)
{
    uint8_t low = (uint8_t)(n & 0xFF);
    uint8_t high = (uint8_t)(n >> 8 & 0xFF);
    buf_byte(out, acts_at_once(low, high) ? (uint8_t)(low + 1) : low);
    buf_byte(out, high);
}

/* Reset; no double-byte letters; Windows-1252; nothing reported unasked; units of one dot. */
static void escpos_begin(struct pen_page *page)
{
    uint8_t unit = page->dpi <= 255 ? (uint8_t)page->dpi : 0;
    PUT(page->out, "\x1B@\x1C.\x1Bt\x10\x1D"
                   "a\x00\x1DP");
    buf_byte(page->out, unit);
    buf_byte(page->out, unit);
    page->feed_y = 0;
    page->line_height = 0;
}

static struct pen_cell escpos_cell(uint16_t dpi, uint32_t height)
{
    (void)dpi;
    uint32_t times = height / FONT_H;
    if (times < 1) times = 1;
    if (times > TIMES_MAX) times = TIMES_MAX;
    return (struct pen_cell){FONT_H * times, FONT_W * times, 0, (uint8_t)times};
}

static void end_line(struct pen_page *page)
{
    if (page->line_height == 0) return;
    PUT(page->out, "\x1B"
                   "3");
    buf_byte(page->out, (uint8_t)page->line_height);
    buf_byte(page->out, '\n');
    page->feed_y = page->line_y + page->line_height;
    page->line_height = 0;
}

/* At the beginning of a line at y, or below it where the paper is further already. */
static void feed_to(struct pen_page *page, uint32_t y)
{
    end_line(page);
    while (page->feed_y < y) {
        uint32_t n = y - page->feed_y < FEED_MAX ? y - page->feed_y : FEED_MAX;
        PUT(page->out, "\x1BJ");
        buf_byte(page->out, (uint8_t)n);
        page->feed_y += n;
    }
}

static void escpos_text(struct pen_page *page, struct pen_spot at, const struct pen_cell *cell,
                        struct slice utf8)
{
    uint8_t c = 0;
    if (page->line_height == 0 || at.y != page->line_y) feed_to(page, at.y);
    page->line_y = at.y;
    if (cell->height > page->line_height) page->line_height = cell->height;
    PUT(page->out, "\x1D!");
    buf_byte(page->out, (uint8_t)((cell->times - 1) << 4 | (cell->times - 1)));
    PUT(page->out, "\x1B$");
    put_word(page->out, at.x);
    while (pen_western_next(&utf8, &c, NULL)) {
        buf_byte(page->out, c);
    }
}

/* Set B alone: set C would put bytes below 0x20 into the data. */
static void escpos_code128(struct pen_page *page, struct pen_spot at, struct pen_bars bars,
                           struct slice code)
{
    uint32_t height = bars.height < 255 ? bars.height : 255;
    feed_to(page, at.y);
    PUT(page->out, "\x1DL");
    put_word(page->out, at.x);
    PUT(page->out, "\x1DH\x00\x1Dh");
    buf_byte(page->out, (uint8_t)height);
    PUT(page->out, "\x1Dw");
    buf_byte(page->out, (uint8_t)bars.module);
    PUT(page->out, "\x1DkI");
    buf_byte(page->out, (uint8_t)(code.len + 2));
    PUT(page->out, "{B");
    buf_put(page->out, code);
    PUT(page->out, "\x1DL\x00\x00");
    page->feed_y += height;
}

/* --------------------------------------------------------------------------------- graphics -- */

static void graphic_begin(struct buf *out, size_t width, uint32_t rows)
{
    PUT(out, "\x1Dv0\x00");
    put_word(out, (uint32_t)width);
    put_word(out, rows);
}

/* A single dot before a byte that would act with it gets a second one beside it. */
static void keep_apart(struct buf *out, size_t from)
{
    for (size_t i = from; i + 1 < out->len; i++) {
        if (acts_at_once(out->ptr[i], out->ptr[i + 1])) out->ptr[i] = DLE | DLE >> 1;
    }
}

static void put_white(struct buf *out, uint32_t rows)
{
    while (rows > 0) {
        uint32_t n = rows < WHITE_ROWS ? rows : WHITE_ROWS;
        graphic_begin(out, 1, n);
        for (uint32_t i = 0; i < n; i++) {
            buf_byte(out, 0);
        }
        rows -= n;
    }
}

static void put_band(const struct raster *r, const struct raster_band *band, struct buf *out)
{
    size_t width = band->left + band->width;
    graphic_begin(out, width, band->height);
    size_t from = out->len;
    for (uint32_t y = band->top; y < band->top + band->height; y++) {
        buf_put(out, slice_of(r->bits + (size_t)y * r->stride, width));
    }
    keep_apart(out, from);
}

static void escpos_rule(struct pen_page *page, struct pen_spot at, uint32_t width, uint32_t height)
{
    size_t left = at.x / 8;
    size_t bytes = left + (width + 7) / 8;
    if (height > WHITE_ROWS) return;
    feed_to(page, at.y);
    graphic_begin(page->out, bytes, height);
    for (uint32_t y = 0; y < height; y++) {
        for (size_t i = 0; i < bytes; i++) {
            buf_byte(page->out, i < left ? 0x00 : 0xFF);
        }
    }
    page->feed_y += height;
}

/* A roll is cut; a label is fed to its end. */
static void escpos_end(struct pen_page *page)
{
    end_line(page);
    if (page->roll) {
        PUT(page->out, "\x1DVB\x00");
    } else {
        PUT(page->out, "\f");
    }
}

static void escpos_label(const struct raster *r, uint16_t dpi, struct buf *out)
{
    struct pen_page page = {.out = out, .dpi = dpi, .width = r->width, .height = r->height};
    struct raster_band band;
    uint32_t y = 0;
    escpos_begin(&page);
    while (raster_band_next(r, y, BAND_ROWS, &band)) {
        put_white(out, band.top - y);
        put_band(r, &band, out);
        y = band.top + band.height;
    }
    escpos_end(&page);
}

const struct pen pen_escpos = {
    .language = "escpos",
    .side_mm = 4,
    .module_max = 6,
    .western = true,
    .begin = escpos_begin,
    .cell = escpos_cell,
    .text = escpos_text,
    .code128 = escpos_code128,
    .rule = escpos_rule,
    .end = escpos_end,
    .label = escpos_label,
    .opening = "\x1B@",
};
