#include "firmware/labels/training.h"

#include <string.h>

struct mark {
    const char *language;
    const char *before; /* the mark goes before each of these; NULL: before everything */
    const char *text;
    bool last_only; /* pictures may hold the same bytes: only the last one ends the label */
};

static const struct mark marks[] = {
    {"zpl", "^XZ", "^FO40,40^A0N,90,90^FR^FDTRAINING^FS^FO40,700^A0N,90,90^FR^FDTRAINING^FS",
     false},
    {"epl", "\nP1", "\nA40,40,0,5,2,2,R,\"TRAINING\"", true},
    {"tspl", "PRINT ", "REVERSE 30,30,480,90\r\nTEXT 40,40,\"4\",0,2,2,\"TRAINING\"\r\n", true},
    {"escpos", NULL, "\x1B@\x1D!\x11TRAINING\n\x1D!\x01", false},
};

static size_t last_of(struct slice job, const char *end)
{
    struct slice needle = slice_text(end);
    for (size_t at = job.len; at-- > 0;)
        if (at + needle.len <= job.len && memcmp(job.ptr + at, needle.ptr, needle.len) == 0)
            return at;
    return job.len;
}

static err_t mark_each(const struct mark *m, struct slice job, struct buf *out)
{
    size_t from = 0, count = 0;
    for (;;) {
        struct slice rest = slice_sub(job, from, job.len);
        size_t at =
            m->last_only ? last_of(rest, m->before) : slice_find(rest, slice_text(m->before));
        if (at >= rest.len) break;
        size_t end = at + strlen(m->before);
        buf_put(out, slice_sub(rest, 0, at));
        buf_text(out, m->text);
        buf_put(out, slice_sub(rest, at, end));
        from += end;
        count++;
        if (m->last_only) break;
    }
    buf_put(out, slice_sub(job, from, job.len));
    return count ? ERR_OK : ERR_INVALID;
}

err_t training_mark(const char *language, struct slice job, struct buf *out)
{
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        const struct mark *m = &marks[i];
        if (strcmp(language, m->language) != 0) continue;
        err_t e = ERR_OK;
        if (m->before) {
            e = mark_each(m, job, out);
        } else {
            buf_text(out, m->text);
            buf_put(out, job);
        }
        return e ? e : out->overflow ? ERR_NOSPACE : ERR_OK;
    }
    return ERR_INVALID;
}
