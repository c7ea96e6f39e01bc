/* ZPL: variable text stands in ^FD fields after ^FH_ only, and every byte beyond a short safe list
 * is written as an escape, so that no prefix, whatever it was set to, can occur in it. */
#include <string.h>

#include "firmware/base/text.h"
#include "firmware/labels/pen.h"

static bool is_safe(uint8_t c)
{
    if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) return true;
    return c != '\0' && strchr(" .,-/():+", c) != NULL;
}

static void put_byte(struct buf *out, uint8_t byte)
{
    static const char hex[] = "0123456789ABCDEF";
    if (is_safe(byte)) {
        buf_byte(out, byte);
        return;
    }
    buf_byte(out, '_');
    buf_byte(out, (uint8_t)hex[byte >> 4]);
    buf_byte(out, (uint8_t)hex[byte & 15]);
}

/* Controls are dropped, broken UTF-8 becomes '?'. A backslash means something after un-escaping. */
static void put_escaped(struct buf *out, struct slice text)
{
    for (size_t i = 0; i < text.len;) {
        size_t step = text_utf8_step(slice_sub(text, i, text.len));
        struct slice c = step > 0 ? slice_sub(text, i, i + step) : SLICE("?");
        i += step > 0 ? step : 1;
        if (c.len == 1 && (c.ptr[0] < 0x20 || c.ptr[0] == 0x7F)) continue;
        if (c.len == 2 && c.ptr[0] == 0xC2 && c.ptr[1] < 0xA0) continue;
        for (size_t k = 0; k < c.len; k++) {
            put_byte(out, c.ptr[k] == '\\' ? '/' : c.ptr[k]);
        }
    }
}

static void zpl_begin(struct pen_page *page)
{
    buf_printf(page->out, "^XA^CI28^LH0,0^PON^PMN^LRN^FWN^PW%u^LL%u", page->width, page->height);
}

static struct pen_cell zpl_cell(uint16_t dpi, uint32_t height)
{
    (void)dpi;
    return (struct pen_cell){.height = height > 10 ? height : 10};
}

static void zpl_text(struct pen_page *page, struct pen_spot at, const struct pen_cell *cell,
                     struct slice utf8)
{
    buf_printf(page->out, "^FO%u,%u^A0N,%u,%u^FH_^FD", at.x, at.y, cell->height, cell->height);
    put_escaped(page->out, utf8);
    buf_text(page->out, "^FS");
}

static void zpl_code128(struct pen_page *page, struct pen_spot at, struct pen_bars bars,
                        struct slice code)
{
    buf_printf(page->out, "^FO%u,%u^BY%u^BCN,%u,N,N,N,A^FH_^FD", at.x, at.y, bars.module,
               bars.height);
    put_escaped(page->out, code);
    buf_text(page->out, "^FS");
}

static void zpl_rule(struct pen_page *page, struct pen_spot at, uint32_t width, uint32_t height)
{
    uint32_t thick = width < height ? width : height;
    buf_printf(page->out, "^FO%u,%u^GB%u,%u,%u^FS", at.x, at.y, width, height, thick);
}

static void zpl_end(struct pen_page *page)
{
    buf_text(page->out, "^PQ1,0,1,N^XZ");
}

static void zpl_label(const struct raster *r, uint16_t dpi, struct buf *out)
{
    (void)dpi;
    raster_to_zpl(r, out);
}

const struct pen pen_zpl = {
    .language = "zpl",
    .module_max = 6,
    .begin = zpl_begin,
    .cell = zpl_cell,
    .text = zpl_text,
    .code128 = zpl_code128,
    .rule = zpl_rule,
    .end = zpl_end,
    .label = zpl_label,
    .opening = "^XA",
};
