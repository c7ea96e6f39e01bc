#include "tools/virtual/job_render.h"

#include <stdlib.h>
#include <string.h>

#include "firmware/base/text.h"

#define SIDE_MAX  8192
#define NAMES_MAX (4u << 20)

/* ------------------------------------------------------------------------------------ sheets -- */

void job_name(struct job_render *r, struct slice name)
{
    buf_put(&r->names, name);
    buf_byte(&r->names, '\n');
}

void job_stranger(struct job_render *r, const char *what)
{
    r->strangers++;
    buf_printf(&r->names, "? %s\n", what);
}

void job_sheet(struct job_render *r, uint32_t width, uint32_t height)
{
    free(r->sheet.dots);
    r->sheet = (struct zpl_picture){0};
    if (width == 0 || height == 0 || width > SIDE_MAX || height > SIDE_MAX) {
        job_stranger(r, "size");
        return;
    }
    r->sheet.dots = malloc((size_t)width * height);
    if (r->sheet.dots == NULL) return;
    r->sheet.width = width;
    r->sheet.height = height;
    memset(r->sheet.dots, 255, (size_t)width * height);
}

void job_page(struct job_render *r, uint32_t height)
{
    if (r->sheet.dots == NULL || r->page_count == JOB_PAGES_MAX) {
        job_stranger(r, "page");
        return;
    }
    struct zpl_picture *page = &r->pages[r->page_count++];
    *page = r->sheet;
    if (height > 0 && height < page->height) page->height = height;
    r->sheet = (struct zpl_picture){0};
}

void job_text_line(struct job_render *r, struct slice text)
{
    buf_put(&r->texts, text);
    buf_byte(&r->texts, '\n');
}

void job_letters(struct job_render *r, struct zpl_box cell, struct slice text)
{
    job_text_line(r, text);
    struct zpl_box part = {cell.x, cell.y, cell.width >= 6 ? cell.width / 6 : 1,
                           cell.height >= 8 ? cell.height / 8 : 1};
    for (size_t i = 0; i < text.len; i++) {
        zpl_draw_letter(&r->sheet, part, text.ptr[i]);
        part.x += cell.width;
    }
    if (part.x > (int64_t)r->sheet.width) job_stranger(r, "text beyond the paper");
}

void job_dots(struct job_render *r, struct zpl_box at, struct slice rows, unsigned black)
{
    size_t stride = (size_t)at.width / 8;
    for (size_t i = 0; stride > 0 && i < rows.len * 8; i++) {
        size_t byte = i / 8;
        unsigned bit = rows.ptr[byte] >> (7 - i % 8) & 1u;
        struct zpl_box dot = {at.x + (int64_t)(byte % stride * 8 + i % 8),
                              at.y + (int64_t)(byte / stride), 1, 1};
        if (bit == black) zpl_draw_box(&r->sheet, dot);
    }
}

bool job_numbers(struct slice text, struct job_numbers *out)
{
    *out = (struct job_numbers){.count = 0};
    while (out->count < 8) {
        size_t comma = slice_find_byte(text, ',');
        err_t e = text_int(slice_sub(text, 0, comma), 0, INT32_MAX, &out->at[out->count]);
        if (e) return false;
        out->count++;
        if (comma == text.len) return true;
        text = slice_sub(text, comma + 1, text.len);
    }
    return false;
}

/* --------------------------------------------------------------------------------------- ZPL -- */

/* After ^FH_ a field holds escapes; what they stand for is what is read on the paper. */
static void zpl_field(struct job_render *r, struct slice data)
{
    for (size_t i = 0; i < data.len; i++) {
        int64_t hi = 0;
        static const char hex[] = "0123456789ABCDEF";
        const char *a =
            i + 2 < data.len + 0 && data.ptr[i] == '_' ? strchr(hex, data.ptr[i + 1]) : NULL;
        if (a == NULL) {
            buf_byte(&r->texts, data.ptr[i]);
            continue;
        }
        hi = a - hex;
        const char *b = strchr(hex, data.ptr[i + 2]);
        buf_byte(&r->texts, (uint8_t)(hi * 16 + (b != NULL ? b - hex : 0)));
        i += 2;
    }
    buf_byte(&r->texts, '\n');
}

static void zpl_names(struct job_render *r, struct slice job)
{
    static const char *const known[] = {"XA", "CI", "LH", "PO", "PM", "LR", "FW",
                                        "PW", "LL", "FO", "A0", "FH", "FD", "FS",
                                        "BY", "BC", "GB", "GF", "PQ", "XZ", "FB"};
    for (size_t i = 0; i < job.len; i++) {
        if (job.ptr[i] < 0x20 || job.ptr[i] > 0x7E || job.ptr[i] == '~') job_stranger(r, "byte");
        if (job.ptr[i] != '^') continue;
        struct slice name = slice_sub(job, i + 1, i + 3);
        bool found = false;
        for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
            if (slice_is(name, known[k])) found = true;
        }
        job_name(r, name);
        if (!found) job_stranger(r, "command");
        struct slice rest = slice_sub(job, i + 3, job.len);
        if (slice_is(name, "FD")) zpl_field(r, slice_sub(rest, 0, slice_find_byte(rest, '^')));
    }
}

static err_t zpl_interpret(struct job_render *r, struct slice job)
{
    zpl_names(r, job);
    while (job.len > 0 && r->page_count < JOB_PAGES_MAX) {
        size_t end = slice_find(job, SLICE("^XZ"));
        if (end == job.len || !slice_starts(job, "^XA")) {
            job_stranger(r, "between formats");
            return ERR_OK;
        }
        err_t e = zpl_render(slice_sub(job, 0, end + 3), &r->pages[r->page_count]);
        if (e) return e;
        r->page_count++;
        job = slice_sub(job, end + 3, job.len);
    }
    return ERR_OK;
}

/* ----------------------------------------------------------------------------------- any job -- */

err_t job_render(const char *language, uint16_t dpi, uint32_t width, struct slice job,
                 struct job_render *out)
{
    *out = (struct job_render){.dpi = dpi, .width = width};
    out->names = buf_new(NAMES_MAX);
    out->texts = buf_new(NAMES_MAX);
    if (strcmp(language, "zpl") == 0) return zpl_interpret(out, job);
    if (strcmp(language, "epl") == 0) {
        epl_interpret(out, job);
    } else if (strcmp(language, "tspl") == 0) {
        tspl_interpret(out, job);
    } else if (strcmp(language, "escpos") == 0) {
        escpos_interpret(out, job);
    } else {
        return ERR_INVALID;
    }
    return ERR_OK;
}

void job_render_free(struct job_render *r)
{
    for (size_t i = 0; i < r->page_count; i++) {
        zpl_picture_free(&r->pages[i]);
    }
    free(r->sheet.dots);
    buf_deinit(&r->names);
    buf_deinit(&r->texts);
    *r = (struct job_render){0};
}
