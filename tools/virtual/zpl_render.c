#include "tools/virtual/zpl_render.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "tools/virtual/zpl_draw.h"

#define SIDE_MAX       8192
#define WIDTH_DEFAULT  812
#define HEIGHT_DEFAULT 1218
#define FIELD_MAX      3072
#define ARGS_MAX       8

struct pen {
    struct zpl_picture *picture;
    int64_t home_x, home_y;
    int64_t x, y;
    bool baseline;        /* ^FT: y is the lower edge */
    struct zpl_text text; /* height; width and lines of ^FB */
    int64_t font_height;  /* ^CF */
    int64_t module;
    int64_t bar_height;  /* of ^BY */
    int64_t code_height; /* of ^BC; 0: the field is text */
    bool code_text;
    uint8_t escape; /* of ^FH; 0: none */
    uint8_t field[FIELD_MAX];
    size_t field_len;
    bool has_field;
};

static void forget_field(struct pen *pen)
{
    pen->x = pen->home_x;
    pen->y = pen->home_y;
    pen->baseline = false;
    pen->text = (struct zpl_text){.height = pen->font_height};
    pen->code_height = 0;
    pen->escape = 0;
    pen->has_field = false;
    pen->field_len = 0;
}

/* ------------------------------------------------------------------------------- arguments -- */

struct args {
    struct slice at[ARGS_MAX];
    size_t count;
};

static struct args split(struct slice s)
{
    struct args a = {.count = 0};
    while (a.count < ARGS_MAX) {
        size_t comma = slice_find_byte(s, ',');
        a.at[a.count++] = slice_trim(slice_sub(s, 0, comma));
        if (comma == s.len) break;
        s = slice_sub(s, comma + 1, s.len);
    }
    return a;
}

static int64_t number(const struct args *a, size_t i, int64_t absent)
{
    int64_t n = 0;
    if (i >= a->count || a->at[i].len == 0 || a->at[i].len > 8) return absent;
    for (size_t k = 0; k < a->at[i].len; k++) {
        uint8_t c = a->at[i].ptr[k];
        if (c < '0' || c > '9') return absent;
        n = n * 10 + c - '0';
    }
    return n;
}

/* -------------------------------------------------------------------------------- graphics -- */

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

struct graphic {
    struct zpl_picture *picture;
    int64_t x, y;
    size_t digits; /* per row */
    size_t rows;
    size_t row;
    size_t filled; /* digits of the current row */
    uint8_t *line; /* digits of the current row; of the row above until filled */
};

static void row_ended(struct graphic *g)
{
    for (size_t i = 0; i < g->digits * 4; i++) {
        if ((g->line[i / 4] >> (3 - i % 4) & 1) == 0) continue;
        zpl_draw_box(g->picture, (struct zpl_box){g->x + (int64_t)i, g->y + (int64_t)g->row, 1, 1});
    }
    g->row++;
    g->filled = 0;
}

static bool put_digits(struct graphic *g, uint8_t digit, size_t count)
{
    while (count > 0 && g->row < g->rows) {
        g->line[g->filled++] = digit;
        count--;
        if (g->filled == g->digits) row_ended(g);
    }
    return count == 0;
}

static bool put_letter(struct graphic *g, uint8_t c, size_t *repeat)
{
    int digit = hex_value(c);
    if (c >= 'G' && c <= 'Y') {
        *repeat += (size_t)(c - 'G' + 1);
    } else if (c >= 'g' && c <= 'z') {
        *repeat += (size_t)(c - 'g' + 1) * 20;
    } else if (digit >= 0) {
        size_t n = *repeat > 0 ? *repeat : 1;
        *repeat = 0;
        return put_digits(g, (uint8_t)digit, n);
    } else if (c == ',' || c == '!') {
        return put_digits(g, c == ',' ? 0 : 15, g->digits - g->filled);
    } else if (c == ':') {
        if (g->filled > 0 || g->row == 0 || g->row == g->rows) return false;
        row_ended(g);
    } else {
        return c == '\r' || c == '\n' || c == ' ';
    }
    return true;
}

/* "A,bytes,bytes,bytes per row,data" */
static err_t draw_graphic(struct pen *pen, struct slice body)
{
    struct args a = split(body);
    int64_t total = number(&a, 2, 0);
    int64_t row = number(&a, 3, 0);
    size_t at = 0;
    if (row < 1 || row > SIDE_MAX / 8 || total % row != 0 || total / row > SIDE_MAX)
        return ERR_PROTO;
    if (!slice_starts(body, "A,")) return ERR_PROTO;
    for (int commas = 0; commas < 4; commas++) {
        at += slice_find_byte(slice_sub(body, at, body.len), ',') + 1;
    }
    struct graphic g = {.picture = pen->picture,
                        .x = pen->x,
                        .y = pen->y,
                        .digits = (size_t)row * 2,
                        .rows = (size_t)(total / row)};
    g.line = calloc(g.digits, 1);
    if (g.line == NULL) return ERR_NOMEM;
    size_t repeat = 0;
    bool good = true;
    for (; at < body.len && good; at++) {
        good = put_letter(&g, body.ptr[at], &repeat);
    }
    free(g.line);
    return good && g.row == g.rows ? ERR_OK : ERR_PROTO;
}

/* ---------------------------------------------------------------------------------- fields -- */

static void take_field(struct pen *pen, struct slice data)
{
    pen->has_field = true;
    pen->field_len = 0;
    for (size_t i = 0; i < data.len && pen->field_len < FIELD_MAX; i++) {
        uint8_t c = data.ptr[i];
        bool escaped = pen->escape != 0 && c == pen->escape && data.len - i > 2;
        if (escaped && hex_value(data.ptr[i + 1]) >= 0 && hex_value(data.ptr[i + 2]) >= 0) {
            c = (uint8_t)(hex_value(data.ptr[i + 1]) * 16 + hex_value(data.ptr[i + 2]));
            i += 2;
        }
        pen->field[pen->field_len++] = c;
    }
}

static void draw_field(struct pen *pen)
{
    struct slice text = slice_of(pen->field, pen->field_len);
    int64_t height = pen->code_height > 0 ? pen->code_height : pen->text.height;
    int64_t top = pen->baseline ? pen->y - height : pen->y;
    if (!pen->has_field) return;
    if (pen->code_height == 0) {
        zpl_draw_text(pen->picture, pen->x, top, &pen->text, text);
        return;
    }
    struct zpl_box box = {pen->x, top, 0, pen->code_height};
    int64_t width = zpl_draw_code128(pen->picture, box, pen->module, text);
    if (width > 0 && pen->code_text) {
        const struct zpl_text below = {.height = 30};
        zpl_draw_text(pen->picture, pen->x, top + pen->code_height + 4, &below, text);
    }
}

static void draw_frame(struct pen *pen, const struct args *a)
{
    int64_t thick = number(a, 2, 1);
    int64_t w = number(a, 0, thick);
    int64_t h = number(a, 1, thick);
    if (w < thick) w = thick;
    if (h < thick) h = thick;
    zpl_draw_box(pen->picture, (struct zpl_box){pen->x, pen->y, w, thick});
    zpl_draw_box(pen->picture, (struct zpl_box){pen->x, pen->y + h - thick, w, thick});
    zpl_draw_box(pen->picture, (struct zpl_box){pen->x, pen->y, thick, h});
    zpl_draw_box(pen->picture, (struct zpl_box){pen->x + w - thick, pen->y, thick, h});
}

static void place(struct pen *pen, const struct args *a, bool baseline)
{
    pen->x = pen->home_x + number(a, 0, 0);
    pen->y = pen->home_y + number(a, 1, 0);
    pen->baseline = baseline;
}

static void set_bars(struct pen *pen, const struct args *a)
{
    pen->module = number(a, 0, pen->module);
    pen->bar_height = number(a, 2, pen->bar_height);
}

static void set_code128(struct pen *pen, const struct args *a)
{
    pen->code_height = number(a, 1, pen->bar_height);
    pen->code_text = a->count < 3 || !slice_is(a->at[2], "N");
}

static err_t command(struct pen *pen, const char *name, struct slice body)
{
    struct args a = split(body);
    err_t e = ERR_OK;
    if (strcmp(name, "FO") == 0 || strcmp(name, "FT") == 0) {
        place(pen, &a, name[1] == 'T');
    } else if (strcmp(name, "LH") == 0) {
        pen->home_x = number(&a, 0, 0);
        pen->home_y = number(&a, 1, 0);
    } else if (strcmp(name, "BY") == 0) {
        set_bars(pen, &a);
    } else if (strcmp(name, "BC") == 0) {
        set_code128(pen, &a);
    } else if (strcmp(name, "CF") == 0) {
        pen->font_height = number(&a, 1, pen->font_height);
        pen->text.height = pen->font_height;
    } else if (strcmp(name, "FB") == 0) {
        pen->text.width = number(&a, 0, 0);
        pen->text.lines = number(&a, 1, 1);
    } else if (name[0] == 'A') {
        pen->text.height = number(&a, 1, pen->font_height);
    } else if (strcmp(name, "FH") == 0) {
        pen->escape = body.len > 0 ? body.ptr[0] : '_';
    } else if (strcmp(name, "FD") == 0) {
        take_field(pen, body);
    } else if (strcmp(name, "GB") == 0) {
        draw_frame(pen, &a);
    } else if (strcmp(name, "GF") == 0) {
        e = draw_graphic(pen, body);
    } else if (strcmp(name, "FS") == 0) {
        draw_field(pen);
        forget_field(pen);
    }
    return e;
}

/* Size commands count wherever they stand. */
static int64_t size_of(struct slice zpl, const char *name, int64_t absent)
{
    size_t at = slice_find(zpl, slice_text(name));
    if (at == zpl.len) return absent;
    struct slice body = slice_sub(zpl, at + 3, zpl.len);
    struct args a = split(slice_sub(body, 0, slice_find_byte(body, '^')));
    return number(&a, 0, absent);
}

static err_t draw_all(struct pen *pen, struct slice zpl)
{
    while (zpl.len > 0) {
        zpl = slice_sub(zpl, slice_find_byte(zpl, '^') + 1, zpl.len);
        struct slice body = slice_sub(zpl, 0, slice_find_byte(zpl, '^'));
        if (body.len < 2) continue;
        char name[3] = {(char)body.ptr[0], (char)body.ptr[1], '\0'};
        err_t e = command(pen, name, slice_sub(body, 2, body.len));
        if (e) return e;
    }
    return ERR_OK;
}

err_t zpl_render(struct slice zpl, struct zpl_picture *out)
{
    int64_t width = size_of(zpl, "^PW", WIDTH_DEFAULT);
    int64_t height = size_of(zpl, "^LL", HEIGHT_DEFAULT);
    if (width < 1 || width > SIDE_MAX || height < 1 || height > SIDE_MAX) return ERR_INVALID;
    struct zpl_picture p = {(uint32_t)width, (uint32_t)height, NULL};
    p.dots = malloc((size_t)(width * height));
    struct pen *pen = calloc(1, sizeof *pen);
    err_t e = ERR_NOMEM;
    if (p.dots != NULL && pen != NULL) {
        memset(p.dots, 255, (size_t)(width * height));
        pen->picture = &p;
        pen->module = 2;
        pen->bar_height = 10;
        pen->font_height = 30;
        forget_field(pen);
        e = draw_all(pen, zpl);
    }
    free(pen);
    if (e) {
        zpl_picture_free(&p);
        return e;
    }
    *out = p;
    return ERR_OK;
}

void zpl_picture_free(struct zpl_picture *p)
{
    if (p == NULL) return;
    free(p->dots);
    *p = (struct zpl_picture){0};
}

/* -------------------------------------------------------------------------------- pictures -- */

void zpl_picture_pgm(const struct zpl_picture *p, struct buf *out)
{
    buf_printf(out, "P5\n%u %u\n255\n", p->width, p->height);
    buf_put(out, slice_of(p->dots, (size_t)p->width * p->height));
}

static void write_bytes(png_structp png, png_bytep bytes, size_t len)
{
    buf_put(png_get_io_ptr(png), slice_of(bytes, len));
}

static void no_flush(png_structp png)
{
    (void)png;
}

static void write_png(png_structp png, png_infop info, const struct zpl_picture *p, uint8_t *row)
{
    png_set_IHDR(png, info, p->width, p->height, 1, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (uint32_t y = 0; y < p->height; y++) {
        memset(row, 0, (p->width + 7) / 8);
        for (uint32_t x = 0; x < p->width; x++) {
            if (p->dots[(size_t)y * p->width + x] != 0) row[x / 8] |= (uint8_t)(0x80 >> (x % 8));
        }
        png_write_row(png, row);
    }
    png_write_end(png, NULL);
}

err_t zpl_picture_png(const struct zpl_picture *p, struct buf *out)
{
    uint8_t *row = malloc((p->width + 7) / 8);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png != NULL ? png_create_info_struct(png) : NULL;
    err_t e = ERR_NOMEM;
    if (row != NULL && info != NULL && setjmp(png_jmpbuf(png)) == 0) {
        png_set_write_fn(png, out, write_bytes, no_flush);
        write_png(png, info, p, row);
        e = out->overflow ? ERR_NOMEM : ERR_OK;
    }
    png_destroy_write_struct(&png, &info);
    free(row);
    return e;
}
