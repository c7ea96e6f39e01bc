#include "firmware/labels/zpl_check.h"

#include <string.h>

#include "firmware/base/text.h"

/* Commands that draw on this label or place what is drawn. Everything that outlives the label, or
 * talks back, is absent. "A" and "B" stand for any font and any bar code. */
static const char *const allowed[] = {
    "CI", "PW", "LL", "LH", "FO", "FT", "FB", "FC", "FD", "FH", "FP", "FR", "FS", "FW", "FX",
    "CF", "BY", "GB", "GC", "GD", "GE", "GF", "GS", "PO", "PM", "PQ", "PR", "SN", "TB", "LR",
};

struct command {
    char name[3];      /* upper case */
    struct slice args; /* up to the next '^' or '~' */
    size_t offset;
};

static char upper(uint8_t c)
{
    return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

static bool is_blank(struct slice s)
{
    return slice_trim(s).len == 0;
}

static err_t refuse(char text[SAY_CAP], size_t offset, const char *what, struct slice shown)
{
    struct buf b = buf_over(text, SAY_CAP - 1);
    buf_printf(&b, "%s at byte %zu", what, offset);
    if (shown.len > 0) {
        buf_text(&b, ": ");
        text_visible(&b, shown, 24);
    }
    text[b.len] = '\0';
    return ERR_REFUSED;
}

/* Control characters can stand for ^XA, ^XZ and more; "! U" opens the printer's settings. */
static err_t check_bytes(struct slice doc, char text[SAY_CAP])
{
    bool line_start = true;
    for (size_t i = 0; i < doc.len; i++) {
        uint8_t c = doc.ptr[i];
        struct slice here = slice_sub(doc, i, i + 16);
        if (c == '~') return refuse(text, i, "an immediate command", here);
        if (c < 0x20 && c != '\r' && c != '\n' && c != '\t') {
            return refuse(text, i, "a control character", slice_sub(doc, i, i + 1));
        }
        if (line_start && slice_starts(here, "! U")) {
            return refuse(text, i, "a printer setting", here);
        }
        line_start = c == '\r' || c == '\n' || (line_start && (c == ' ' || c == '\t'));
    }
    return ERR_OK;
}

/* The next command at *at, which is moved behind it. False when there is none. */
static bool next_command(struct slice doc, size_t *at, struct command *out)
{
    struct slice rest = slice_sub(doc, *at, doc.len);
    size_t caret = slice_find_byte(rest, '^');
    if (caret == rest.len) return false;
    struct slice body = slice_sub(rest, caret + 1, rest.len);
    body = slice_sub(body, 0, slice_find_byte(body, '^'));
    *out = (struct command){.offset = *at + caret};
    for (size_t i = 0; i < 2 && i < body.len; i++) {
        out->name[i] = upper(body.ptr[i]);
    }
    out->args = slice_sub(body, 2, body.len);
    *at += caret + 1 + body.len;
    return true;
}

static bool is_allowed(const struct command *c)
{
    if (c->name[0] == 'A') return true;
    if (c->name[0] == 'B') return true;
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++) {
        if (strcmp(c->name, allowed[i]) == 0) return true;
    }
    return false;
}

static struct slice argument(struct slice args, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        args = slice_sub(args, slice_find_byte(args, ',') + 1, args.len);
    }
    return slice_trim(slice_sub(args, 0, slice_find_byte(args, ',')));
}

/* One copy, and no replicates beyond it. */
static bool is_one_copy(struct slice args)
{
    struct slice copies = argument(args, 0);
    struct slice replicates = argument(args, 2);
    bool single = replicates.len == 0 || slice_is(replicates, "0") || slice_is(replicates, "1");
    return single && slice_is(copies, "1");
}

static err_t check_command(struct slice doc, const struct command *c, char text[SAY_CAP])
{
    struct slice shown = slice_sub(doc, c->offset, c->offset + 16);
    if (!is_allowed(c)) return refuse(text, c->offset, "a command no label needs", shown);
    if (strcmp(c->name, "PQ") == 0 && !is_one_copy(c->args)) {
        return refuse(text, c->offset, "more or less than one copy", shown);
    }
    if (strcmp(c->name, "GF") == 0 && !slice_starts(c->args, "A")) {
        return refuse(text, c->offset, "a binary graphic", shown);
    }
    return ERR_OK;
}

static void add_format(struct zpl_formats *out, struct slice format)
{
    if (out->count < PARCELS_MAX) out->at[out->count] = format;
    out->count++;
}

err_t zpl_check(struct slice document, struct zpl_formats *out, char text[SAY_CAP])
{
    struct command c;
    size_t at = 0;
    size_t start = 0; /* of the contents of the open format; 0: none is open */
    err_t e = check_bytes(document, text);
    if (e) return e;
    *out = (struct zpl_formats){.count = 0};
    if (!is_blank(slice_sub(document, 0, slice_find_byte(document, '^')))) {
        return refuse(text, 0, "text before the label", slice_sub(document, 0, 16));
    }
    while (next_command(document, &at, &c)) {
        bool begins = strcmp(c.name, "XA") == 0;
        bool ends = strcmp(c.name, "XZ") == 0;
        if (begins == (start > 0))
            return refuse(text, c.offset, "^XA and ^XZ do not pair", SLICE_NONE);
        if (begins) {
            start = c.offset + 3;
        } else if (ends) {
            add_format(out, slice_sub(document, start, c.offset));
            start = 0;
        } else {
            e = check_command(document, &c, text);
            if (e) return e;
        }
        if (ends && !is_blank(c.args)) {
            return refuse(text, c.offset, "text after the label", slice_sub(c.args, 0, 16));
        }
    }
    if (start > 0) return refuse(text, document.len, "the label does not end", SLICE_NONE);
    return out->count > 0 ? ERR_OK : refuse(text, 0, "no label inside", SLICE_NONE);
}

void zpl_format_to_job(struct slice format, struct buf *out)
{
    buf_text(out, "^XA^CI28^LH0,0^PON^PMN^LRN^FWN^PQ1,0,1,N");
    buf_put(out, format);
    buf_text(out, "^XZ");
}
