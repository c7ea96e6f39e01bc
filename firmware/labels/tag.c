/* Our own paper in ZPL: hold tag and parcel tag. Order text is data only: it stands in ^FD fields
 * after ^FH_, and every byte beyond a short safe list is written as an escape. */
#include <string.h>

#include "firmware/base/text.h"
#include "firmware/labels/labels.h"

#define TITLE_CHARS     12
#define REFERENCE_CHARS 28
#define LINE_CHARS      60
#define CODE_CHARS_MAX  40
#define MARGIN_MM       5
/* Below this width a module is not read reliably off thermal paper. */
#define MODULE_UM_MIN 190
#define MODULE_MAX    4

static uint32_t dots(uint32_t mm10, uint16_t dpi)
{
    return mm10 * dpi / 254u;
}

static bool is_safe(uint8_t c)
{
    if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) return true;
    return c != '\0' && strchr(" .,-/():+", c) != NULL;
}

/* Appends at most `chars` characters; control characters are dropped, broken UTF-8 becomes '?'. */
static void put_escaped(struct buf *out, struct slice text, size_t chars)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.len && chars > 0;) {
        size_t step = text_utf8_step(slice_sub(text, i, text.len));
        struct slice c = step > 0 ? slice_sub(text, i, i + step) : SLICE("?");
        i += step > 0 ? step : 1;
        if (c.len == 1 && (c.ptr[0] < 0x20 || c.ptr[0] == 0x7F)) continue;
        chars--;
        for (size_t k = 0; k < c.len; k++) {
            uint8_t byte = c.ptr[k] == '\\' ? '/' : c.ptr[k];
            if (is_safe(byte)) {
                buf_byte(out, byte);
            } else {
                buf_byte(out, '_');
                buf_byte(out, (uint8_t)hex[byte >> 4]);
                buf_byte(out, (uint8_t)hex[byte & 15]);
            }
        }
    }
}

static bool is_code(struct slice code)
{
    for (size_t i = 0; i < code.len; i++) {
        uint8_t c = code.ptr[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!letter && !(c >= '0' && c <= '9') && c != '-') return false;
    }
    return code.len > 0 && code.len <= CODE_CHARS_MAX;
}

struct place {
    uint32_t y10; /* tenths of a millimetre from the top */
    uint32_t height10;
    uint32_t lines;
    size_t chars;
};

struct paper {
    uint16_t dpi;
    uint32_t room; /* dots between the margins */
};

/* A block: what is wider than the paper goes on in the next line, up to the lines there are. */
static void put_text(struct buf *out, const struct paper *paper, const struct place *place,
                     const char *text)
{
    uint32_t height = dots(place->height10, paper->dpi);
    if (text == NULL || text[0] == '\0') return;
    buf_printf(out, "^FO%u,%u^A0N,%u,%u^FB%u,%u,0,L^FH_^FD", dots(MARGIN_MM * 10, paper->dpi),
               dots(place->y10, paper->dpi), height, height, paper->room, place->lines);
    put_escaped(out, slice_text(text), place->chars);
    buf_text(out, "^FS");
}

/* Start, characters, check, stop and quiet zones of Code 128 in its widest set. */
static uint32_t modules_of(size_t chars)
{
    return (uint32_t)(11 * (chars + 2) + 13 + 20);
}

/* Dots per module; 0: the code does not fit. */
static uint32_t module_width(size_t chars, const struct paper *paper)
{
    uint32_t width = paper->room / modules_of(chars);
    if (width > MODULE_MAX) width = MODULE_MAX;
    return width * 25400u / paper->dpi >= MODULE_UM_MIN ? width : 0;
}

err_t labels_tag_zpl(const struct label_tag *tag, const struct config_label *size, uint16_t dpi,
                     struct buf *out)
{
    static const struct place title = {80, 200, 1, TITLE_CHARS};
    static const struct place reference = {330, 80, 1, REFERENCE_CHARS};
    static const struct place line = {430, 40, 2, LINE_CHARS};
    struct slice code = slice_text(tag->code);
    if (!is_code(code)) return ERR_INVALID;
    if (dpi < 100 || size->width_mm < 4 * MARGIN_MM) return ERR_INVALID;
    struct paper paper = {dpi, dots((size->width_mm - 2u * MARGIN_MM) * 10, dpi)};
    uint32_t module = module_width(code.len, &paper);
    if (module == 0) return ERR_INVALID;
    buf_printf(out, "^XA^CI28^LH0,0^PON^PMN^LRN^FWN^PW%u^LL%u", dots(size->width_mm * 10u, dpi),
               dots(size->height_mm * 10u, dpi));
    put_text(out, &paper, &title, tag->title);
    put_text(out, &paper, &reference, tag->reference);
    put_text(out, &paper, &line, tag->line);
    buf_printf(out, "^FO%u,%u^BY%u^BCN,%u,Y,N,N,A^FD", dots(MARGIN_MM * 10, dpi) + 10 * module,
               dots(550, dpi), module, dots(200, dpi));
    buf_put(out, code);
    buf_text(out, "^FS^PQ1,0,1,N^XZ");
    return out->overflow ? ERR_NOSPACE : ERR_OK;
}
