/* ESC/POS in standard mode as a printer reads it: letters and commands in one stream; DLE with EOT,
 * ENQ or DC4 acts wherever it stands, even inside graphics. */
#include <string.h>

#include "tools/virtual/job_render.h"

#define ROWS_MAX 8192
#define FONT_W   12
#define FONT_H   24

struct escpos {
    struct job_render *r;
    uint32_t y;
    uint32_t x;
    uint32_t margin;
    uint32_t line; /* height of the line so far */
    uint32_t spacing;
    uint32_t times;
    uint32_t bar_height;
    uint32_t module;
    bool begun;
};

/* How many bytes a command has, and what it does. */
struct command {
    uint8_t first, second;
    uint8_t args;
    void (*act)(struct escpos *e, const uint8_t *args);
};

static void reset(struct escpos *e, const uint8_t *args)
{
    (void)args;
    if (!e->begun) job_sheet(e->r, e->r->width, ROWS_MAX);
    e->begun = true;
    e->x = 0;
    e->margin = 0;
    e->times = 1;
}

static void line_spacing(struct escpos *e, const uint8_t *args)
{
    e->spacing = args[0];
}

static void new_line(struct escpos *e, uint32_t feed)
{
    e->y += feed > e->line ? feed : e->line;
    e->line = 0;
    e->x = 0;
}

static void feed(struct escpos *e, const uint8_t *args)
{
    new_line(e, args[0]);
}

static void position(struct escpos *e, const uint8_t *args)
{
    e->x = args[0] + args[1] * 256u;
}

static void margin(struct escpos *e, const uint8_t *args)
{
    e->margin = args[0] + args[1] * 256u;
}

static void letter_size(struct escpos *e, const uint8_t *args)
{
    e->times = (args[0] & 7u) + 1;
    if ((args[0] >> 4) + 1u != e->times) job_stranger(e->r, "letters wider than high");
}

static void bar_height(struct escpos *e, const uint8_t *args)
{
    e->bar_height = args[0];
}

static void bar_module(struct escpos *e, const uint8_t *args)
{
    e->module = args[0];
    if (args[0] < 2 || args[0] > 6) job_stranger(e->r, "module");
}

static void nothing(struct escpos *e, const uint8_t *args)
{
    (void)e;
    (void)args;
}

static void page_out(struct escpos *e)
{
    new_line(e, 0);
    job_page(e->r, e->y + 40);
    e->begun = false;
    e->y = 0;
}

static void cut(struct escpos *e, const uint8_t *args)
{
    if (args[0] != 'B') job_stranger(e->r, "cut");
    page_out(e);
}

static const struct command commands[] = {
    {0x1B, '@', 0, reset},       {0x1C, '.', 0, nothing},  {0x1B, 't', 1, nothing},
    {0x1D, 'a', 1, nothing},     {0x1D, 'P', 2, nothing},  {0x1B, '3', 1, line_spacing},
    {0x1B, 'J', 1, feed},        {0x1B, '$', 2, position}, {0x1D, 'L', 2, margin},
    {0x1D, '!', 1, letter_size}, {0x1D, 'H', 1, nothing},  {0x1D, 'h', 1, bar_height},
    {0x1D, 'w', 1, bar_module},  {0x1D, 'V', 2, cut},
};

/* GS k I n {B data */
static size_t barcode(struct escpos *e, struct slice rest)
{
    if (rest.len < 6 || rest.ptr[2] != 'I') return 0;
    size_t len = rest.ptr[3];
    if (4 + len > rest.len || rest.ptr[4] != '{' || rest.ptr[5] != 'B') return 0;
    struct zpl_box at = {e->margin, e->y, 0, e->bar_height};
    int64_t width = zpl_draw_code128(&e->r->sheet, at, e->module, slice_sub(rest, 6, 4 + len));
    if (width == 0 || at.x + width > (int64_t)e->r->sheet.width) return 0;
    e->y += e->bar_height;
    return 4 + len;
}

/* GS v 0 m xL xH yL yH data */
static size_t graphic(struct escpos *e, struct slice rest)
{
    if (rest.len < 8 || rest.ptr[2] != '0' || rest.ptr[3] != 0) return 0;
    size_t width = rest.ptr[4] + rest.ptr[5] * 256u;
    size_t rows = rest.ptr[6] + rest.ptr[7] * 256u;
    if (8 + width * rows > rest.len || width * 8 > e->r->sheet.width + 7) return 0;
    struct zpl_box at = {0, e->y, (int64_t)width * 8, (int64_t)rows};
    job_dots(e->r, at, slice_sub(rest, 8, 8 + width * rows), 1);
    e->y += (uint32_t)rows;
    return 8 + width * rows;
}

static size_t letters(struct escpos *e, struct slice rest)
{
    size_t n = 0;
    while (n < rest.len && rest.ptr[n] >= 0x20) {
        n++;
    }
    int64_t times = e->times;
    struct zpl_box cell = {e->x, e->y, FONT_W * times, FONT_H * times};
    job_letters(e->r, cell, slice_sub(rest, 0, n));
    e->x += (uint32_t)n * FONT_W * e->times;
    if (FONT_H * e->times > e->line) e->line = FONT_H * e->times;
    return n;
}

static size_t plain_command(struct escpos *e, struct slice rest)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        const struct command *c = &commands[i];
        if (rest.len < 2u + c->args || rest.ptr[0] != c->first || rest.ptr[1] != c->second)
            continue;
        c->act(e, rest.ptr + 2);
        return 2u + c->args;
    }
    return 0;
}

static size_t step(struct escpos *e, struct slice rest)
{
    if (rest.ptr[0] >= 0x20) return letters(e, rest);
    if (rest.ptr[0] == '\n') {
        new_line(e, e->spacing);
        return 1;
    }
    if (rest.ptr[0] == '\f') {
        page_out(e);
        return 1;
    }
    if (slice_starts(rest, "\x1Dk")) return barcode(e, rest);
    if (slice_starts(rest, "\x1Dv")) return graphic(e, rest);
    return plain_command(e, rest);
}

void escpos_interpret(struct job_render *r, struct slice job)
{
    struct escpos e = {.r = r, .times = 1, .spacing = 30, .module = 3, .bar_height = 162};
    for (size_t i = 0; i + 1 < job.len; i++) {
        uint8_t b = job.ptr[i + 1];
        if (job.ptr[i] == 0x10 && (b == 0x04 || b == 0x05 || b == 0x14))
            job_stranger(r, "a command that acts at once");
    }
    while (job.len > 0) {
        size_t n = step(&e, job);
        bool letter = job.ptr[0] >= 0x20;
        job_name(r, letter ? SLICE("text") : slice_sub(job, 0, n < 2 ? 1 : 2));
        if (n == 0) job_stranger(r, "command");
        job = slice_sub(job, n > 0 ? n : 1, job.len);
    }
}
