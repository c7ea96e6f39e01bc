/* EPL2 as a printer reads it: one command a line, a string in quotes with \" and \\, and GW with
 * as many bytes behind it as its numbers say. */
#include <string.h>

#include "tools/virtual/job_render.h"

#define DATA_MAX 512

struct epl {
    struct job_render *r;
    uint32_t width;
    uint32_t height;
    bool image; /* N was seen */
};

struct epl_font {
    int64_t width;
    int64_t height;
};

static void sheet_begin(struct epl *e)
{
    if (e->image || e->width == 0) return;
    job_sheet(e->r, e->width, e->height);
    e->image = true;
}

/* What stands between the quotes; the line must end there. */
static bool quoted(struct slice line, char *out, size_t *out_len)
{
    size_t n = 0;
    if (line.len < 2 || line.ptr[0] != '"') return false;
    for (size_t i = 1; i < line.len; i++) {
        uint8_t c = line.ptr[i];
        if (c == '"') {
            *out_len = n;
            return i + 1 == line.len;
        }
        if (c == '\\' && i + 1 < line.len) c = line.ptr[++i];
        if (c < 0x20 || c == 0x7F || n == DATA_MAX) return false;
        out[n++] = (char)c;
    }
    return false;
}

static struct epl_font font_of(const struct epl *e, int64_t font, int64_t times)
{
    static const struct epl_font low[] = {{10, 12}, {12, 16}, {14, 20}, {16, 24}};
    static const struct epl_font high[] = {{14, 20}, {18, 28}, {22, 36}, {26, 44}};
    const struct epl_font *f = e->r->dpi >= 300 ? high : low;
    if (font < 1 || font > 4) return (struct epl_font){0, 0};
    return (struct epl_font){f[font - 1].width * times, f[font - 1].height * times};
}

/* x,y,rotation,font,times,times,N,"data" */
static bool text(struct epl *e, struct slice args)
{
    struct job_numbers n;
    char data[DATA_MAX];
    size_t len = 0;
    size_t open = slice_find_byte(args, '"');
    if (open < 3 || !quoted(slice_sub(args, open, args.len), data, &len)) return false;
    struct slice before = slice_sub(args, 0, open - 3);
    if (!slice_is(slice_sub(args, open - 3, open), ",N,")) return false;
    if (!job_numbers(before, &n) || n.count != 6) return false;
    struct epl_font f = font_of(e, n.at[3], n.at[4]);
    if (f.width == 0 || n.at[4] > 6 || n.at[4] != n.at[5]) return false;
    job_letters(e->r, (struct zpl_box){n.at[0], n.at[1], f.width, f.height}, slice_of(data, len));
    return true;
}

/* x,y,rotation,1,narrow,wide,height,N,"data" */
static bool barcode(struct epl *e, struct slice args)
{
    struct job_numbers n;
    char data[DATA_MAX];
    size_t len = 0;
    size_t open = slice_find_byte(args, '"');
    if (open < 3 || !quoted(slice_sub(args, open, args.len), data, &len)) return false;
    if (!job_numbers(slice_sub(args, 0, open - 3), &n) || n.count != 7) return false;
    if (n.at[3] != 1) return false;
    struct zpl_box at = {n.at[0], n.at[1], 0, n.at[6]};
    int64_t width = zpl_draw_code128(&e->r->sheet, at, n.at[4], slice_of(data, len));
    return width > 0 && n.at[0] + width <= (int64_t)e->r->sheet.width;
}

static bool line_out(struct epl *e, struct slice args)
{
    struct job_numbers n;
    if (!job_numbers(args, &n) || n.count != 4) return false;
    zpl_draw_box(&e->r->sheet, (struct zpl_box){n.at[0], n.at[1], n.at[2], n.at[3]});
    return true;
}

static bool number_only(struct slice args, uint32_t *out)
{
    struct job_numbers n;
    if (!job_numbers(args, &n)) return false;
    *out = (uint32_t)n.at[0];
    return true;
}

/* Draws GW and moves *rest behind its bytes. */
static bool graphic(struct epl *e, struct slice args, struct slice *rest)
{
    struct job_numbers n;
    if (!job_numbers(args, &n) || n.count != 4) return false;
    size_t len = (size_t)(n.at[2] * n.at[3]);
    if (len > rest->len) return false;
    job_dots(e->r, (struct zpl_box){n.at[0], n.at[1], n.at[2] * 8, n.at[3]},
             slice_sub(*rest, 0, len), 0);
    *rest = slice_sub(*rest, len, rest->len);
    return true;
}

static bool command(struct epl *e, struct slice line, struct slice *rest)
{
    struct slice one = slice_sub(line, 1, line.len);
    struct slice two = slice_sub(line, 2, line.len);
    if (slice_is(line, "N")) return true;
    if (slice_is(line, "ZT")) return true;
    if (slice_is(line, "I8,A,001")) return true;
    if (slice_starts(line, "GW")) return graphic(e, two, rest);
    if (slice_starts(line, "LO")) return line_out(e, two);
    if (line.ptr[0] == 'q') return number_only(one, &e->width);
    if (line.ptr[0] == 'Q') return number_only(one, &e->height);
    if (line.ptr[0] == 'A') return text(e, one);
    if (line.ptr[0] == 'B') return barcode(e, one);
    if (!slice_is(line, "P1")) return false;
    job_page(e->r, 0);
    e->image = false;
    return true;
}

void epl_interpret(struct job_render *r, struct slice job)
{
    struct epl e = {.r = r, .height = (uint32_t)r->dpi * 6};
    while (job.len > 0) {
        size_t end = slice_find_byte(job, '\n');
        struct slice line = slice_sub(job, 0, end);
        if (end == job.len) job_stranger(r, "a line without end");
        job = slice_sub(job, end + 1, job.len);
        if (line.len == 0) continue;
        if (strchr("ABLGP", line.ptr[0])) sheet_begin(&e);
        bool two = slice_starts(line, "GW") || slice_starts(line, "LO") || slice_is(line, "ZT");
        job_name(r, slice_sub(line, 0, two ? 2 : 1));
        if (!command(&e, line, &job)) job_stranger(r, "command");
    }
}
