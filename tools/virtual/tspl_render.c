/* TSPL as a printer reads it: CR or LF ends a command, ESC acts wherever it stands, a string ends
 * at its quote, and BITMAP has as many bytes behind it as its numbers say. */
#include <string.h>

#include "firmware/base/text.h"
#include "tools/virtual/job_render.h"

#define DATA_MAX 512

struct tspl {
    struct job_render *r;
    uint32_t width;
    uint32_t height;
};

static bool quoted(struct slice *rest, char *out, size_t *out_len)
{
    size_t n = 0;
    if (rest->len < 2 || rest->ptr[0] != '"') return false;
    for (size_t i = 1; i < rest->len; i++) {
        uint8_t c = rest->ptr[i];
        if (c == '"') {
            *out_len = n;
            *rest = slice_sub(*rest, i + 1, rest->len);
            return true;
        }
        if (c < 0x20 || c == 0x7F || c == '\\' || c == '~' || n == DATA_MAX) return false;
        out[n++] = (char)c;
    }
    return false;
}

/* "x,y,"font",0,times,times,"data"" cut at its quotes. */
struct parts {
    struct job_numbers before;
    char name[8];
    struct job_numbers between;
    char data[DATA_MAX];
    size_t data_len;
};

static bool take_apart(struct slice args, struct parts *p)
{
    size_t len = 0;
    size_t open = slice_find_byte(args, '"');
    if (open < 2 || !job_numbers(slice_sub(args, 0, open - 1), &p->before)) return false;
    struct slice rest = slice_sub(args, open, args.len);
    if (!quoted(&rest, p->data, &len) || len >= sizeof p->name) return false;
    memcpy(p->name, p->data, len);
    p->name[len] = '\0';
    open = slice_find_byte(rest, '"');
    if (open < 3 || !job_numbers(slice_sub(rest, 1, open - 1), &p->between)) return false;
    rest = slice_sub(rest, open, rest.len);
    return quoted(&rest, p->data, &p->data_len) && rest.len == 0;
}

static bool text(struct tspl *t, struct slice args)
{
    static const int64_t widths[] = {8, 12, 16, 24, 32};
    static const int64_t heights[] = {12, 20, 24, 32, 48};
    struct parts p;
    if (!take_apart(args, &p) || p.before.count != 2 || p.between.count != 3) return false;
    if (p.name[0] < '1' || p.name[0] > '5' || p.name[1] != '\0') return false;
    int64_t times = p.between.at[1];
    if (p.between.at[0] != 0 || times < 1 || times > 10 || times != p.between.at[2]) return false;
    struct zpl_box cell = {p.before.at[0], p.before.at[1], widths[p.name[0] - '1'] * times,
                           heights[p.name[0] - '1'] * times};
    job_letters(t->r, cell, slice_of(p.data, p.data_len));
    return true;
}

/* x,y,"128",height,readable,rotation,narrow,wide,"data" */
static bool barcode(struct tspl *t, struct slice args)
{
    struct parts p;
    if (!take_apart(args, &p) || p.before.count != 2 || p.between.count != 5) return false;
    if (strcmp(p.name, "128") != 0) return false;
    struct zpl_box at = {p.before.at[0], p.before.at[1], 0, p.between.at[0]};
    int64_t width =
        zpl_draw_code128(&t->r->sheet, at, p.between.at[3], slice_of(p.data, p.data_len));
    return width > 0 && at.x + width <= (int64_t)t->r->sheet.width;
}

static bool bar(struct tspl *t, struct slice args)
{
    struct job_numbers n;
    if (!job_numbers(args, &n) || n.count != 4) return false;
    zpl_draw_box(&t->r->sheet, (struct zpl_box){n.at[0], n.at[1], n.at[2], n.at[3]});
    return true;
}

/* "99.9 mm" in dots. */
static bool measure(const struct tspl *t, struct slice s, uint32_t *out)
{
    int64_t whole = 0;
    int64_t tenth = 0;
    size_t dot = slice_find_byte(s, '.');
    if (dot + 5 != s.len || !slice_is(slice_sub(s, dot + 2, s.len), " mm")) return false;
    if (text_int(slice_sub(s, 0, dot), 0, 1000, &whole)) return false;
    if (text_int(slice_sub(s, dot + 1, dot + 2), 0, 9, &tenth)) return false;
    *out = (uint32_t)((whole * 10 + tenth) * t->r->dpi / 254);
    return true;
}

static bool size(struct tspl *t, struct slice args)
{
    size_t comma = slice_find_byte(args, ',');
    return measure(t, slice_sub(args, 0, comma), &t->width) &&
           measure(t, slice_sub(args, comma + 1, args.len), &t->height);
}

static bool command(struct tspl *t, struct slice line)
{
    static const char *const plain[] = {"GAP 0,0",       "SET REPRINT OFF", "DIRECTION 1",
                                        "REFERENCE 0,0", "CODEPAGE 1252",   "CUT"};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        if (slice_is(line, plain[i])) return true;
    }
    if (slice_starts(line, "SIZE ")) return size(t, slice_sub(line, 5, line.len));
    if (slice_starts(line, "TEXT ")) return text(t, slice_sub(line, 5, line.len));
    if (slice_starts(line, "BARCODE ")) return barcode(t, slice_sub(line, 8, line.len));
    if (slice_starts(line, "BAR ")) return bar(t, slice_sub(line, 4, line.len));
    if (slice_is(line, "CLS")) {
        job_sheet(t->r, t->width, t->height);
        return true;
    }
    if (!slice_is(line, "PRINT 1,1")) return false;
    job_page(t->r, 0);
    return true;
}

/* BITMAP x,y,bytes,rows,0,data */
static bool bitmap(struct tspl *t, struct slice *rest)
{
    struct job_numbers n;
    size_t at = 7;
    for (int commas = 0; commas < 5 && at < rest->len; at++) {
        if (rest->ptr[at] == ',') commas++;
    }
    if (at == 7 || !job_numbers(slice_sub(*rest, 7, at - 1), &n) || n.count != 5) return false;
    size_t len = (size_t)(n.at[2] * n.at[3]);
    if (n.at[4] != 0 || at + len > rest->len) return false;
    job_dots(t->r, (struct zpl_box){n.at[0], n.at[1], n.at[2] * 8, n.at[3]},
             slice_sub(*rest, at, at + len), 0);
    *rest = slice_sub(*rest, at + len, rest->len);
    return true;
}

static size_t line_end(struct slice s)
{
    size_t n = 0;
    while (n < s.len && s.ptr[n] != '\r' && s.ptr[n] != '\n') {
        n++;
    }
    return n;
}

void tspl_interpret(struct job_render *r, struct slice job)
{
    struct tspl t = {.r = r};
    while (job.len > 0) {
        if (slice_starts(job, "BITMAP ")) {
            job_name(r, SLICE("BITMAP"));
            if (!bitmap(&t, &job)) job_stranger(r, "bitmap");
        }
        size_t end = line_end(job);
        struct slice line = slice_sub(job, 0, end);
        job = slice_sub(job, end + 1, job.len);
        if (line.len == 0) continue;
        job_name(r, slice_sub(line, 0, slice_find_byte(line, ' ')));
        if (slice_find_byte(line, 0x1B) < line.len) job_stranger(r, "escape");
        if (!command(&t, line)) job_stranger(r, "command");
    }
}
