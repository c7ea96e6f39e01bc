#include "firmware/labels/paper.h"

#include <assert.h>
#include <string.h>

#include "firmware/base/text.h"
#include "firmware/labels/paper_kinds.h"
#include "firmware/labels/pen.h"

#define MARGIN_MM 5
/* A page of a roll; the longest that all printers take. */
#define ROLL_PAGE_MM    300
#define ROLL_MIN_MM     30
#define WIDTH_MM_MIN    20
#define HEIGHT_MM_MIN   15
#define CODE_TEXT_MM10  35 /* height of what stands below a barcode */
#define CODE_GAP_MM10   10
#define COUNT_MM10      160 /* column of counts on a slip */
#define FOOTER_MM10     30
#define LINE_BYTES_MAX  512
#define QUIET_MODULES   10u
#define SMALLEST_SHRINK 3 /* a title may shrink to a third of its size */
/* Below this width a module is not read reliably off thermal paper. */
#define MODULE_UM_MIN 190
#define MODULE_UM_MAX 500

/* Two passes over the same blocks: the first counts pages and the length of a roll, the second
 * draws. */
struct layout {
    const struct pen *pen;
    const struct paper_stock *stock;
    struct pen_page page;
    uint32_t left, room; /* dots */
    uint32_t top, bottom;
    uint32_t y;
    uint32_t page_no;
    uint32_t page_count;
    bool draw;
    err_t error;
};

static uint32_t dots(const struct layout *l, uint32_t mm10)
{
    return mm10 * l->stock->dpi / 254u;
}

/* ------------------------------------------------------------------------------------- pages -- */

static void page_begin(struct layout *l)
{
    l->page_no++;
    if (l->page_no > PAPER_PAGES_MAX) l->error = ERR_NOSPACE;
    l->y = l->top;
    if (l->draw) l->pen->begin(&l->page);
}

static void put_footer(struct layout *l)
{
    char text[24];
    struct buf b = buf_over(text, sizeof text);
    struct pen_cell cell = l->pen->cell(l->stock->dpi, dots(l, FOOTER_MM10));
    buf_printf(&b, "%u / %u", l->page_no, l->page_count);
    l->pen->text(&l->page, (struct pen_spot){l->left, l->bottom}, &cell, buf_slice(&b));
}

static void page_end(struct layout *l)
{
    if (!l->draw) return;
    if (l->page_count > 1) put_footer(l);
    l->pen->end(&l->page);
}

/* Room for `height` more dots; a new page where there is none. */
static void need(struct layout *l, uint32_t height)
{
    if (l->y + height <= l->bottom || l->y == l->top) return;
    page_end(l);
    page_begin(l);
}

/* -------------------------------------------------------------------------------------- text -- */

/* How many bytes of `text` stand in one line of `room` dots; breaks at a blank where there is one.
 * A line feed ends a line and is not counted. */
static size_t line_length(const struct pen_cell *cell, uint32_t room, struct slice text)
{
    size_t fits = 0;
    size_t blank = 0;
    uint32_t width = 0;
    while (fits < text.len && text.ptr[fits] != '\n' && fits < LINE_BYTES_MAX) {
        size_t step = text_utf8_step(slice_sub(text, fits, text.len));
        if (step == 0) step = 1;
        width += pen_text_width(cell, slice_sub(text, fits, fits + step));
        if (width > room) return blank > 0 ? blank : (fits > 0 ? fits : step);
        if (text.ptr[fits] == ' ') blank = fits;
        fits += step;
    }
    return fits;
}

struct column {
    uint32_t x;
    uint32_t width;
};

static void put_line(struct layout *l, uint32_t x, const struct pen_cell *cell, struct slice line)
{
    if (l->draw && slice_trim(line).len > 0)
        l->pen->text(&l->page, (struct pen_spot){x, l->y}, cell, line);
}

/* The last line a text may have, and more would follow. */
static void put_cut_line(struct layout *l, const struct column *col, const struct pen_cell *cell,
                         struct slice text)
{
    char cut[LINE_BYTES_MAX + 4];
    struct buf b = buf_over(cut, sizeof cut);
    uint32_t dots3 = pen_text_width(cell, SLICE("..."));
    uint32_t room = col->width > dots3 ? col->width - dots3 : 0;
    buf_put(&b, slice_sub(text, 0, line_length(cell, room, text)));
    buf_text(&b, "...");
    put_line(l, col->x, cell, buf_slice(&b));
}

static uint32_t line_step(const struct pen_cell *cell)
{
    return cell->height + cell->height / 5;
}

/* Lines from y downwards; lines_max 0: as many as it takes, on further pages too. */
static void put_text(struct layout *l, const struct column *col, const struct pen_cell *cell,
                     struct slice text, uint32_t lines_max)
{
    uint32_t lines = 0;
    while (text.len > 0 && l->error == ERR_OK) {
        size_t n = line_length(cell, col->width, text);
        lines++;
        if (lines_max == 0) need(l, cell->height);
        if (lines == lines_max && n < text.len) {
            put_cut_line(l, col, cell, text);
            n = text.len;
        } else {
            put_line(l, col->x, cell, slice_sub(text, 0, n));
        }
        l->y += line_step(cell);
        bool swallowed = n < text.len && (text.ptr[n] == '\n' || text.ptr[n] == ' ');
        text = slice_sub(text, swallowed ? n + 1 : n, text.len);
    }
}

/* The largest font up to `height` in which the text is one line. */
static struct pen_cell shrunk(const struct layout *l, uint32_t height, struct slice text)
{
    struct pen_cell cell = l->pen->cell(l->stock->dpi, height);
    uint32_t least = height / SMALLEST_SHRINK;
    while (height > least && line_length(&cell, l->room, text) < text.len) {
        height -= height / 12 + 1;
        cell = l->pen->cell(l->stock->dpi, height);
    }
    return cell;
}

static void put_block_text(struct layout *l, const struct paper_block *b, const char *text)
{
    struct slice s = slice_trim(slice_text(text));
    struct column col = {l->left, l->room};
    uint32_t height = dots(l, b->height10);
    if (s.len == 0) return;
    struct pen_cell cell = b->shrinks ? shrunk(l, height, s) : l->pen->cell(l->stock->dpi, height);
    if (b->lines_max > 0) need(l, line_step(&cell) * b->lines_max);
    put_text(l, &col, &cell, s, b->lines_max);
    l->y += dots(l, b->gap10);
}

/* ---------------------------------------------------------------------------------- barcodes -- */

bool paper_code_is_safe(struct slice code)
{
    for (size_t i = 0; i < code.len; i++) {
        uint8_t c = code.ptr[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!letter && (c == '\0' || strchr(" .,-/():+^$%#*=_", c) == NULL)) return false;
    }
    return code.len > 0 && code.len <= PAPER_CODE_MAX;
}

/* Start, characters, check, stop and quiet zones of Code 128 in its widest set. */
static uint32_t modules_of(size_t chars)
{
    return 11 * ((uint32_t)chars + 2) + 13 + 2 * QUIET_MODULES;
}

/* Dots per module; 0: the code does not fit. */
static uint32_t module_width(const struct layout *l, size_t chars)
{
    uint32_t dpi = l->stock->dpi;
    uint32_t most = MODULE_UM_MAX * dpi / 25400u;
    uint32_t width = l->room / modules_of(chars);
    if (width > most) width = most;
    if (width > l->pen->module_max) width = l->pen->module_max;
    return width * 25400u >= MODULE_UM_MIN * dpi ? width : 0;
}

static void put_code(struct layout *l, uint32_t height10, const char *text)
{
    struct slice code = slice_text(text);
    struct pen_cell cell = l->pen->cell(l->stock->dpi, dots(l, CODE_TEXT_MM10));
    uint32_t module = paper_code_is_safe(code) ? module_width(l, code.len) : 0;
    struct pen_bars bars = {module, dots(l, height10)};
    if (module == 0) {
        l->error = ERR_INVALID;
        return;
    }
    uint32_t gap = dots(l, CODE_GAP_MM10);
    need(l, bars.height + gap + cell.height);
    uint32_t x = l->left + QUIET_MODULES * module;
    if (l->draw) l->pen->code128(&l->page, (struct pen_spot){x, l->y}, bars, code);
    l->y += bars.height + gap;
    struct column col = {x, l->room - (x - l->left)};
    put_text(l, &col, &cell, code, 1);
}

/* -------------------------------------------------------------------------------------- rows -- */

static void put_slip_row(struct layout *l, const struct paper_block *b, const struct paper_row *row)
{
    struct pen_cell cell = l->pen->cell(l->stock->dpi, dots(l, b->height10));
    struct pen_cell small = l->pen->cell(l->stock->dpi, dots(l, b->height10 * 3u / 4u));
    uint32_t count = dots(l, COUNT_MM10);
    if (count > l->room / 4) count = l->room / 4;
    struct column counts = {l->left, count};
    struct column texts = {l->left + count, l->room - count};
    need(l, line_step(&cell) * b->lines_max + line_step(&small));
    uint32_t y = l->y;
    put_text(l, &counts, &cell, slice_text(row->count), 1);
    l->y = y;
    put_text(l, &texts, &cell, slice_trim(slice_text(row->text)), b->lines_max);
    put_text(l, &texts, &small, slice_trim(slice_text(row->code)), 1);
    l->y += dots(l, b->gap10);
}

static void put_sheet_row(struct layout *l, const struct paper_block *b,
                          const struct paper_row *row)
{
    struct pen_cell cell = l->pen->cell(l->stock->dpi, dots(l, b->height10));
    struct column col = {l->left, l->room};
    uint32_t code = dots(l, b->code10 + CODE_GAP_MM10 + CODE_TEXT_MM10);
    need(l, line_step(&cell) * b->lines_max + code);
    put_text(l, &col, &cell, slice_trim(slice_text(row->text)), b->lines_max);
    put_code(l, b->code10, row->code);
    l->y += dots(l, b->gap10);
}

static void put_rows(struct layout *l, const struct paper_block *b, const struct paper_fields *f)
{
    for (size_t i = 0; i < f->row_count && l->error == ERR_OK; i++) {
        if (b->kind == BLOCK_CODES) {
            put_sheet_row(l, b, &f->rows[i]);
        } else {
            put_slip_row(l, b, &f->rows[i]);
        }
    }
}

/* ------------------------------------------------------------------------------------ blocks -- */

static void put_rule(struct layout *l, const struct paper_block *b)
{
    uint32_t thick = dots(l, b->height10);
    need(l, thick);
    if (l->draw) l->pen->rule(&l->page, (struct pen_spot){l->left, l->y}, l->room, thick);
    l->y += thick + dots(l, b->gap10);
}

static void put_stock(struct layout *l, const struct paper_block *b)
{
    char text[64];
    struct buf room = buf_over(text, sizeof text - 1);
    buf_printf(&room, "%s  %u", l->pen->language, l->stock->width_mm);
    if (l->stock->height_mm > 0) buf_printf(&room, " x %u", l->stock->height_mm);
    buf_printf(&room, " mm  %u dpi", l->stock->dpi);
    put_block_text(l, b, buf_cstr(&room));
}

static const char *field_text(const struct paper_block *b, const struct paper_fields *f)
{
    const char *const texts[] = {
        [PAPER_TITLE] = f->title, [PAPER_REFERENCE] = f->reference, [PAPER_LINE] = f->line,
        [PAPER_TEXT] = f->text,   [PAPER_CODE] = f->code,
    };
    const char *text = texts[b->field];
    return text != NULL ? text : "";
}

static void put_block(struct layout *l, const struct paper_block *b, const struct paper_fields *f)
{
    switch (b->kind) {
    case BLOCK_TEXT:
        put_block_text(l, b, field_text(b, f));
        break;
    case BLOCK_CODE:
        if (field_text(b, f)[0] != '\0') put_code(l, b->code10, field_text(b, f));
        break;
    case BLOCK_ROWS:
    case BLOCK_CODES:
        put_rows(l, b, f);
        break;
    case BLOCK_RULE:
        put_rule(l, b);
        break;
    case BLOCK_STOCK:
        put_stock(l, b);
        break;
    }
}

static void run(struct layout *l, enum paper_kind kind, const struct paper_fields *f, bool draw)
{
    const struct paper_template *t = &paper_templates[kind];
    l->draw = draw;
    l->page_no = 0;
    page_begin(l);
    for (size_t i = 0; i < t->count && l->error == ERR_OK; i++) {
        put_block(l, &t->blocks[i], f);
    }
    page_end(l);
}

/* --------------------------------------------------------------------------------- the paper -- */

static err_t layout_init(struct layout *l, const struct paper_stock *stock, struct buf *out)
{
    const struct pen *pen = pen_by_language(stock->language);
    if (pen == NULL || stock->dpi < 100 || stock->dpi > 600) return ERR_INVALID;
    if (stock->width_mm < WIDTH_MM_MIN || stock->width_mm > 300) return ERR_INVALID;
    bool roll = stock->height_mm == 0;
    if (!roll && (stock->height_mm < HEIGHT_MM_MIN || stock->height_mm > 600)) return ERR_INVALID;
    *l = (struct layout){.pen = pen, .stock = stock, .error = ERR_OK};
    uint32_t side = pen->side_mm > 0 ? 0 : MARGIN_MM;
    uint32_t width = stock->width_mm - 2u * pen->side_mm;
    uint32_t height = roll ? ROLL_PAGE_MM : stock->height_mm;
    l->left = dots(l, side * 10);
    l->room = dots(l, (width - 2 * side) * 10);
    l->top = dots(l, roll ? 20 : 40);
    l->bottom = dots(l, height * 10 - 60);
    l->page = (struct pen_page){.out = out,
                                .dpi = stock->dpi,
                                .width = dots(l, width * 10),
                                .height = dots(l, height * 10),
                                .roll = roll};
    return ERR_OK;
}

/* What the first pass has found out. */
static void settle(struct layout *l)
{
    uint32_t least = dots(l, ROLL_MIN_MM * 10);
    l->page_count = l->page_no;
    if (!l->page.roll || l->page_count > 1) return;
    l->page.height = l->y + dots(l, 50);
    if (l->page.height < least) l->page.height = least;
}

err_t paper_job(enum paper_kind kind, const struct paper_fields *fields,
                const struct paper_stock *stock, struct buf *out)
{
    struct layout l;
    assert(kind < PAPER_KIND_COUNT && fields != NULL && out != NULL);
    if (fields->row_count > PAPER_ROWS_MAX) return ERR_NOSPACE;
    err_t e = layout_init(&l, stock, out);
    if (e) return e;
    run(&l, kind, fields, false);
    if (l.error) return l.error;
    settle(&l);
    run(&l, kind, fields, true);
    if (l.error) return l.error;
    return out->overflow ? ERR_NOSPACE : ERR_OK;
}

size_t paper_unprintable(const char *language, const char *text)
{
    const struct pen *pen = pen_by_language(language);
    struct slice rest = slice_text(text);
    size_t lost = 0;
    uint8_t c = 0;
    if (pen == NULL || !pen->western) return 0;
    while (pen_western_next(&rest, &c, &lost)) {
    }
    return lost;
}
