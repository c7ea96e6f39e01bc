/* packctl scan explain: scans from standard input, one a line, and what the station would take each
 * for, as one JSON object a line. The scanner's parser and the reading are the station's own. */
#include <stdio.h>
#include <string.h>

#include "drivers/scanner/scanner.h"
#include "firmware/base/text.h"
#include "firmware/codes/aim.h"
#include "firmware/codes/reading.h"
#include "tools/packctl/packctl.h"

#define LINE_MAX_BYTES (4u * SCAN_MAX + 64) /* every byte of the longest scan as \xHH */
#define SHOWN_MAX      256                  /* bytes of a scan repeated in the answer */
#define APART_MS       10000                /* two equal lines are two scans, not one read twice */

static const struct reading_rules rules = {.command_prefix = "^P:", .badge_prefix = "^B:"};

struct explain {
    struct scanner scanner;
    struct gs1 elements;
    mono_t now;
    bool heard; /* the scanner's parser made a scan of the line */
    char line[LINE_MAX_BYTES + 1];
    uint8_t scan[LINE_MAX_BYTES];
    char out[65536];
};

/* ------------------------------------------------------------------------------------------ output
 * -- */

static const char *taken_for(const struct reading *r)
{
    switch (r->kind) {
    case READING_TEXT:
        if (r->sscc[0]) return "text, then logistic unit";
        return r->gtin[0] ? "text, then product" : "text";
    case READING_COMMAND:
        return "command";
    case READING_BADGE:
        return "badge";
    case READING_ELEMENTS:
        return r->sscc[0] ? "logistic unit" : r->gtin[0] ? "product" : "data";
    case READING_REFUSED:
        break;
    }
    return "nothing";
}

static void put_given(struct json_writer *w, const char *name, const char *value)
{
    if (value[0]) json_put_text(w, name, value);
}

/* Six digits with the point before the last `decimals`. */
static void put_weight(struct json_writer *w, struct reading_weight weight)
{
    char digits[12], text[16];
    struct buf b = buf_over(text, sizeof text - 1);
    if (weight.value < 0) return;
    (void)snprintf(digits, sizeof digits, "%06d", (int)weight.value);
    size_t whole = weight.decimals < 6 ? 6u - weight.decimals : 1u;
    size_t zeros = strspn(digits, "0");
    size_t from = zeros < whole ? zeros : whole - 1;
    buf_put(&b, slice_of(digits + from, whole - from));
    if (weight.decimals) buf_printf(&b, ".%s", digits + whole);
    json_put_text(w, "net_weight_kg", buf_cstr(&b));
}

static void put_reading(struct json_writer *w, const struct reading *r)
{
    if (r->rest.len) json_put_slice(w, taken_for(r), r->rest);
    put_given(w, "gtin", r->gtin);
    if (r->either) json_put_bool(w, "ean8_or_upce", true);
    put_given(w, "sscc", r->sscc);
    put_given(w, "content", r->content);
    if (r->count) json_put_int(w, "count", r->count);
    put_given(w, "lot", r->lot);
    put_given(w, "serial", r->serial);
    put_given(w, "expiry", r->expiry);
    put_given(w, "best_before", r->best_before);
    put_given(w, "produced", r->produced);
    put_weight(w, r->weight);
    put_given(w, "waits_for", r->waits_for);
}

static void put_scan(struct json_writer *w, struct slice scan)
{
    char room[SHOWN_MAX * 5 + 8];
    struct buf shown = buf_over(room, sizeof room - 1);
    text_visible(&shown, scan, SHOWN_MAX);
    json_put_slice(w, "scan", buf_slice(&shown));
}

static void put_elements(struct json_writer *w, const struct gs1 *g)
{
    static char room[2 * GS1_TEXT_MAX];
    struct buf text = buf_over(room, sizeof room);
    gs1_text(g, &text);
    json_put_slice(w, "elements", buf_slice(&text));
}

static void print_line(struct buf *b)
{
    (void)fwrite(b->ptr, 1, b->len, stdout);
    (void)fputc('\n', stdout);
}

static void print_refusal(struct explain *x, const char *reason, const char *why, const char *where)
{
    struct buf b = buf_over(x->out, sizeof x->out);
    struct json_writer w = json_write(&b);
    json_open_object(&w, NULL);
    json_put_text(&w, "verdict", "refuse");
    json_put_text(&w, "reason", reason);
    json_put_text(&w, "text", why);
    put_given(&w, "ai", where);
    json_put_text(&w, "taken_for", "nothing");
    put_scan(&w, slice_text(x->line));
    json_close_object(&w);
    print_line(&b);
}

static void print_reading(struct explain *x, const char *aim, const struct reading *r,
                          struct slice text)
{
    struct buf b = buf_over(x->out, sizeof x->out);
    struct json_writer w = json_write(&b);
    bool refused = r->kind == READING_REFUSED;
    json_open_object(&w, NULL);
    json_put_text(&w, "verdict", refused ? "refuse" : "accept");
    if (refused) json_put_text(&w, "reason", code_fault_name(r->fault));
    if (refused) json_put_text(&w, "text", code_fault_text(r->fault));
    put_given(&w, "ai", r->ai);
    json_put_text(&w, "symbology", aim_of(aim).name);
    json_put_text(&w, "aim", aim);
    if (r->kind == READING_ELEMENTS) put_elements(&w, &x->elements);
    json_put_text(&w, "taken_for", taken_for(r));
    put_reading(&w, r);
    put_scan(&w, text);
    json_close_object(&w);
    print_line(&b);
}

/* ----------------------------------------------------------------------------------------- reading
 * -- */

static void read_scan(struct explain *x, const char *aim, struct slice text)
{
    struct reading r;
    gs1_begin(&x->elements);
    reading_take(&rules, aim, text, &x->elements, &r);
    print_reading(x, aim, &r, text);
}

static void on_scan(void *ctx, const struct scan *scan)
{
    struct explain *x = ctx;
    if (x->heard) return;
    x->heard = true;
    if (scan->fault == SCAN_PARITY)
        print_refusal(x, "parity", "the line to the scanner has a wrong parity setting", "");
    else
        read_scan(x, scan->aim, scan->text);
}

static bool has_framing(struct slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        if (bytes.ptr[i] < 0x20 && bytes.ptr[i] != GS1_SEPARATOR) return true;
    return false;
}

/* Control characters would divide the line at the scanner: it is judged as the one frame it is. */
static void explain(struct explain *x, struct slice scan)
{
    x->now = mono_plus(x->now, APART_MS);
    x->heard = false;
    if (!has_framing(scan) && scan.len <= SCAN_MAX) {
        scanner_push(&x->scanner, scan, x->now, on_scan, x);
        scanner_push(&x->scanner, SLICE("\r"), x->now, on_scan, x);
    }
    if (!x->heard) read_scan(x, "", scan);
}

/* ------------------------------------------------------------------------------------------- input
 * -- */

static int hex_value(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* One escape at `at`: its length, and the byte it stands for; 0 when it is none. */
static size_t escape(const char *at, size_t left, uint8_t *byte)
{
    if (left >= 2 && at[1] == '\\') {
        *byte = '\\';
        return 2;
    }
    int high = left >= 4 && at[1] == 'x' ? hex_value(at[2]) : -1;
    int low = high >= 0 ? hex_value(at[3]) : -1;
    if (low < 0) return 0;
    *byte = (uint8_t)(high * 16 + low);
    return 4;
}

/* False: an escape that is none. */
static bool unescape(struct explain *x, size_t len, struct slice *out)
{
    size_t n = 0;
    for (size_t i = 0; i < len;) {
        uint8_t byte = (uint8_t)x->line[i];
        size_t taken = 1;
        if (byte == '\\') taken = escape(x->line + i, len - i, &byte);
        if (len - i >= 4 && memcmp(x->line + i, "<GS>", 4) == 0) {
            byte = GS1_SEPARATOR;
            taken = 4;
        }
        if (taken == 0) return false;
        x->scan[n++] = byte;
        i += taken;
    }
    *out = slice_of(x->scan, n);
    return true;
}

/* A line without its end, at most LINE_MAX_BYTES of it. False: the end of the input. */
static bool next_line(struct explain *x, size_t *out_len, bool *out_long)
{
    int c = 0;
    *out_len = 0;
    *out_long = false;
    while ((c = getchar()) != EOF && c != '\n') {
        if (*out_len < LINE_MAX_BYTES)
            x->line[(*out_len)++] = (char)c;
        else
            *out_long = true;
    }
    x->line[*out_len] = '\0';
    return c != EOF || *out_len > 0;
}

static void explain_line(struct explain *x, size_t len, bool too_long)
{
    struct slice scan;
    if (len > 0 && x->line[len - 1] == '\r') x->line[--len] = '\0';
    if (too_long)
        print_refusal(x, code_fault_name(CODE_TOO_LONG), code_fault_text(CODE_TOO_LONG), "");
    else if (!unescape(x, len, &scan))
        print_refusal(x, "escape", "a backslash is written \\\\, a byte \\xHH, a separator <GS>",
                      "");
    else
        explain(x, scan);
}

int explain_scans(void)
{
    static struct explain x;
    const struct scanner_framing framing = {.terminated = true, .aim = true};
    size_t len = 0;
    bool too_long = false;
    scanner_init(&x.scanner, &framing);
    while (next_line(&x, &len, &too_long))
        explain_line(&x, len, too_long);
    return ferror(stdin) || fflush(stdout) != 0 ? EXIT_REFUSED : EXIT_DONE;
}
