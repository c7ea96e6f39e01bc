#include "drivers/scanner/scanner.h"

#include <assert.h>
#include <string.h>

#include "firmware/base/text.h"

#define STX 0x02
#define ETX 0x03
#define LF  0x0A
#define CR  0x0D
#define GS  0x1D
/* CR of a line set to seven bits and even parity, read as eight bits. */
#define CR_WITH_PARITY 0x8D

#define GAP_MS_DEFAULT    100
#define REPEAT_MS_DEFAULT 300
#define SETTLE_MS_DEFAULT 200
/* Fewer bytes than this say nothing about the parity setting. */
#define PARITY_BYTES_MIN 4
/* Looked at where each byte asks: a device that floods must not cost a look at the whole frame. */
#define PARITY_BYTES_LOOKED 64

void scanner_init(struct scanner *s, const struct scanner_framing *framing)
{
    assert(s != NULL && framing != NULL);
    *s = (struct scanner){.framing = *framing, .last_at = {INT64_MIN}, .arrived = {INT64_MIN}};
    if (s->framing.gap_ms == 0) s->framing.gap_ms = GAP_MS_DEFAULT;
    if (s->framing.repeat_ms == 0) s->framing.repeat_ms = REPEAT_MS_DEFAULT;
    if (s->framing.settle_ms == 0) s->framing.settle_ms = SETTLE_MS_DEFAULT;
}

static void frame_clear(struct scanner *s)
{
    s->len = 0;
    s->framed = false;
    s->discarding = false;
}

void scanner_arrived(struct scanner *s, mono_t now)
{
    frame_clear(s);
    s->arrived = now;
    s->fresh = true;
    s->last_len = 0;
}

void scanner_gone(struct scanner *s)
{
    if (s->len > 0 || s->framed) s->broken++;
    frame_clear(s);
}

/* ------------------------------------------------------------------------- judging a frame -- */

/* Whether the bytes can be the beginning of UTF-8: only the last sequence may be incomplete. */
static bool is_utf8_so_far(struct slice bytes)
{
    for (size_t i = 0; i < bytes.len;) {
        size_t step = text_utf8_step(slice_sub(bytes, i, bytes.len));
        if (step == 0) return bytes.len - i < PARITY_BYTES_MIN && (bytes.ptr[i] & 0xC0) == 0xC0;
        i += step;
    }
    return true;
}

static bool has_parity_bits(struct slice bytes)
{
    size_t high = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t low = bytes.ptr[i] & 0x7F;
        if (low < 0x20 && low != GS && low != CR) return false;
        if (bytes.ptr[i] & 0x80) high++;
    }
    bool about_half = high * 5 >= bytes.len && high * 5 <= bytes.len * 4;
    return bytes.len >= PARITY_BYTES_MIN && about_half && !is_utf8_so_far(bytes);
}

static bool has_control(struct slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t c = bytes.ptr[i];
        if ((c < 0x20 && c != GS) || c == 0x7F) return true;
    }
    return !text_is_utf8(bytes);
}

/* ------------------------------------------------------------------------- taking it apart -- */

static bool slice_ends(struct slice s, const char *suffix)
{
    struct slice tail = slice_text(suffix);
    return tail.len > 0 && s.len >= tail.len &&
           slice_eq(slice_sub(s, s.len - tail.len, s.len), tail);
}

static struct slice without_affixes(const struct scanner_framing *f, struct slice text)
{
    if (f->prefix[0] != '\0' && slice_starts(text, f->prefix)) {
        text = slice_sub(text, strlen(f->prefix), text.len);
    }
    if (slice_ends(text, f->suffix)) {
        text = slice_sub(text, 0, text.len - strlen(f->suffix));
    }
    return text;
}

static bool is_aim_modifier(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
}

static bool is_letter(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool has_aim(struct slice text)
{
    return text.len >= 3 && text.ptr[0] == ']' && is_letter(text.ptr[1]) &&
           is_aim_modifier(text.ptr[2]);
}

/* A retail add-on follows its code as "]E1" or "]E2" in the same frame, or is joined to it
 * under "]E3". */
static void split_addon(struct scan *scan)
{
    struct slice text = scan->text;
    size_t at = slice_find(text, SLICE("]E"));
    struct slice tail = slice_sub(text, at, text.len);
    if (slice_starts(tail, "]E1") || slice_starts(tail, "]E2")) {
        scan->addon = slice_sub(text, at + 3, text.len);
        scan->text = slice_sub(text, 0, at);
    } else if (strcmp(scan->aim, "]E3") == 0 && (text.len == 15 || text.len == 18)) {
        scan->addon = slice_sub(text, 13, text.len);
        scan->text = slice_sub(text, 0, 13);
    }
}

static void split_aim(struct scan *scan)
{
    if (!has_aim(scan->text)) return;
    memcpy(scan->aim, scan->text.ptr, 3);
    scan->text = slice_sub(scan->text, 3, scan->text.len);
    if (scan->aim[1] == 'E') split_addon(scan);
}

/* Puts GS where its stand-in is, in place: `text` lies in the frame and can only shrink. */
static struct slice with_separators(struct scanner *s, struct slice text)
{
    struct slice stand_in = slice_text(s->framing.gs);
    if (stand_in.len == 0 || text.len == 0) return text;
    uint8_t *to = s->frame + (text.ptr - s->frame);
    size_t kept = 0;
    for (size_t i = 0; i < text.len;) {
        if (slice_eq(slice_sub(text, i, i + stand_in.len), stand_in)) {
            to[kept++] = GS;
            i += stand_in.len;
        } else {
            to[kept++] = text.ptr[i++];
        }
    }
    return slice_of(to, kept);
}

/* Everything between the edges of a scan: two scans are the same read when these are equal. */
static bool is_repeat(struct scanner *s, struct slice whole, mono_t now)
{
    bool same = slice_eq(whole, slice_of(s->last, s->last_len));
    bool soon = !mono_reached(now, mono_plus(s->last_at, s->framing.repeat_ms));
    memcpy(s->last, whole.ptr, whole.len);
    s->last_len = whole.len;
    s->last_at = now;
    if (!same || !soon) return false;
    s->repeats++;
    return true;
}

/* ------------------------------------------------------------------------------ the frames -- */

static bool etx_alone_ends(const struct scanner *s)
{
    return s->framing.terminated && strcmp(s->framing.suffix, "\x03") == 0;
}

static bool is_terminator(const struct scanner *s, uint8_t c)
{
    if (c == ETX) return s->framing.terminated || s->framed;
    return s->framing.terminated && (c == CR || c == LF) && !etx_alone_ends(s);
}

static struct slice frame_text(const struct scanner *s)
{
    struct slice text = slice_of(s->frame, s->len);
    while (!s->framing.terminated && text.len > 0) {
        uint8_t c = text.ptr[text.len - 1];
        if (c != CR && c != LF && c != ETX) break;
        text.len--;
    }
    return text;
}

static void report_fault(struct scanner *s, enum scan_fault fault, scan_fn *fn, void *ctx)
{
    struct scan scan = {.text = slice_of(s->frame, s->len), .fault = fault};
    fn(ctx, &scan);
}

/* The AIM identifier stands in the text unless the scan came with it. */
static void hand_out(struct scanner *s, struct scan *scan, mono_t now, scan_fn *fn, void *ctx)
{
    struct slice whole = scan->text;
    if (whole.len == 0) return;
    if (has_parity_bits(whole)) {
        scan->fault = SCAN_PARITY;
    } else if (has_control(whole)) {
        scan->fault = SCAN_CONTROL;
    } else if (is_repeat(s, whole, now)) {
        return;
    } else {
        if (s->framing.aim && !scan->aim[0]) split_aim(scan);
        scan->text = with_separators(s, scan->text);
    }
    if (scan->fault || scan->text.len > 0) fn(ctx, scan);
}

static void frame_close(struct scanner *s, bool by_gap, mono_t now, scan_fn *fn, void *ctx)
{
    struct scan scan = {.text = without_affixes(&s->framing, frame_text(s)), .by_gap = by_gap};
    if (!s->discarding) hand_out(s, &scan, now, fn, ctx);
    frame_clear(s);
}

static void frame_break(struct scanner *s, scan_fn *fn, void *ctx)
{
    s->broken++;
    if (s->len > 0 && !s->discarding) report_fault(s, SCAN_BROKEN, fn, ctx);
    frame_clear(s);
}

static void frame_append(struct scanner *s, uint8_t c, scan_fn *fn, void *ctx)
{
    if (s->discarding) return;
    if (s->len == SCAN_MAX) {
        report_fault(s, SCAN_TOO_LONG, fn, ctx);
        s->discarding = true;
        return;
    }
    s->frame[s->len++] = c;
}

/* The first scan after plug-in must begin with something printable: what comes before is the line
 * settling. */
static bool is_noise(struct scanner *s, uint8_t c)
{
    if (c >= 0x20 && c <= 0x7E) s->fresh = false;
    return s->fresh && c != STX && c != GS;
}

static void take_byte(struct scanner *s, uint8_t c, mono_t now, scan_fn *fn, void *ctx)
{
    bool between = s->len == 0 && !s->framed && etx_alone_ends(s) && (c == CR || c == LF);
    size_t looked = s->len < PARITY_BYTES_LOOKED ? s->len : PARITY_BYTES_LOOKED;
    bool parity_end = c == CR_WITH_PARITY && has_parity_bits(slice_of(s->frame, looked));
    if (is_noise(s, c) || between) return;
    if (c == STX) {
        if (s->len > 0 || s->discarding) frame_break(s, fn, ctx);
        s->framed = true;
    } else if (is_terminator(s, c) || (s->framing.terminated && parity_end)) {
        frame_close(s, false, now, fn, ctx);
    } else {
        frame_append(s, c, fn, ctx);
    }
}

void scanner_push(struct scanner *s, struct slice bytes, mono_t now, scan_fn *fn, void *ctx)
{
    scanner_tick(s, now, fn, ctx);
    if (s->arrived.ms != INT64_MIN &&
        !mono_reached(now, mono_plus(s->arrived, s->framing.settle_ms))) {
        return;
    }
    for (size_t i = 0; i < bytes.len; i++) {
        take_byte(s, bytes.ptr[i], now, fn, ctx);
    }
    if (bytes.len > 0) s->last_byte = now;
}

void scanner_whole(struct scanner *s, struct slice code, const char *aim, mono_t now, scan_fn *fn,
                   void *ctx)
{
    struct scan scan = {0};
    assert(code.len <= sizeof s->frame && strlen(aim) < sizeof scan.aim);
    frame_clear(s);
    if (code.len == 0) return;
    memcpy(s->frame, code.ptr, code.len);
    memcpy(scan.aim, aim, strlen(aim));
    scan.text = without_affixes(&s->framing, slice_of(s->frame, code.len));
    if (scan.aim[1] == 'E') split_addon(&scan);
    hand_out(s, &scan, now, fn, ctx);
}

void scanner_lost(struct scanner *s, enum scan_fault fault, mono_t now, scan_fn *fn, void *ctx)
{
    s->broken++;
    report_fault(s, fault, fn, ctx);
    frame_clear(s);
    s->discarding = true;
    s->last_byte = now;
}

void scanner_tick(struct scanner *s, mono_t now, scan_fn *fn, void *ctx)
{
    if (!mono_reached(now, scanner_deadline(s))) return;
    if (s->framing.terminated) {
        frame_break(s, fn, ctx);
    } else {
        frame_close(s, true, now, fn, ctx);
    }
}

mono_t scanner_deadline(const struct scanner *s)
{
    if (s->len == 0 && !s->framed && !s->discarding) return MONO_NEVER;
    return mono_plus(s->last_byte, s->framing.terminated ? SCANNER_STALE_MS : s->framing.gap_ms);
}
