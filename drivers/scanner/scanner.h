/* scanner.h - a scanner's bytes become scans.
 *
 * A push parser: given bytes in any chunking, it keeps its own bounded state, resynchronises after
 * noise, and hands out one complete scan at a time. It never reads, waits or allocates.
 * Facts: devices.md sections 1, 2, 9. */
#ifndef PACKD_DRIVERS_SCANNER_H
#define PACKD_DRIVERS_SCANNER_H

#include "firmware/base/clock.h"
#include "firmware/base/slice.h"
#include "firmware/limits.h"

#define SCANNER_AFFIX_CAP 8

struct scanner_framing {
    char prefix[SCANNER_AFFIX_CAP]; /* stripped once where present; "": none */
    char suffix[SCANNER_AFFIX_CAP]; /* text before the terminator, stripped once; "": none.
                                       "\x03": ETX alone ends a scan, CR and LF are contents */
    bool terminated;                /* CR, LF, CR LF, ETX end a scan; else a gap does */
    uint16_t gap_ms;                /* silence that ends a scan when not terminated; default 100 */
    uint16_t repeat_ms;             /* the same scan within this window is one read; default 300 */
    uint16_t settle_ms;             /* bytes so soon after plug-in are noise; default 200 */
    bool aim;                       /* scans begin with an AIM identifier "]c1" */
    char gs[4]; /* character standing for GS where the scanner cannot send it; "" */
};

enum scan_fault {
    SCAN_OK,
    SCAN_TOO_LONG, /* discarded up to the next terminator */
    SCAN_CONTROL,  /* control characters other than GS inside */
    SCAN_PARITY,   /* high bits on about half of the bytes: wrong parity setting */
    SCAN_BROKEN,   /* a new STX began, or silence fell, before the terminator */
};

struct scan {
    struct slice text;  /* without AIM identifier, prefix, suffix; valid until the next call.
                           With a fault: what arrived, for the log only */
    struct slice addon; /* 2 or 5 digits of a retail add-on that came with the code; else empty */
    char aim[4];        /* "]C1" or "" */
    enum scan_fault fault;
    bool by_gap; /* ended by silence, not by a terminator: less sure */
};

struct scanner {
    struct scanner_framing framing;
    uint8_t frame[SCAN_MAX];
    size_t len;
    bool discarding;
    bool framed; /* STX seen */
    bool fresh;  /* nothing printable since the device came */
    mono_t last_byte;
    mono_t arrived;
    uint8_t last[SCAN_MAX]; /* the last scan handed out, for the repeat window */
    size_t last_len;
    mono_t last_at;
    uint32_t repeats; /* suppressed */
    uint32_t broken;  /* frames that never ended */
};

/* Framing with the defaults filled in for zero members. */
void scanner_init(struct scanner *s, const struct scanner_framing *framing);
/* The device came (noise window starts) or went (an unfinished frame is discarded and counted). */
void scanner_arrived(struct scanner *s, mono_t now);
void scanner_gone(struct scanner *s);

/* An unended scan this long after its last byte is broken, so that it cannot join the next one. */
#define SCANNER_STALE_MS 2000

typedef void scan_fn(void *ctx, const struct scan *scan);
/* Consumes all bytes; calls `fn` for each complete scan that is not a suppressed repeat. */
void scanner_push(struct scanner *s, struct slice bytes, mono_t now, scan_fn *fn, void *ctx);
/* A whole code that came in one piece, with its AIM identifier or "". */
void scanner_whole(struct scanner *s, struct slice code, const char *aim, mono_t now, scan_fn *fn,
                   void *ctx);
/* Part of what was sent is missing: what has begun is broken, its rest is discarded. */
void scanner_lost(struct scanner *s, enum scan_fault fault, mono_t now, scan_fn *fn, void *ctx);
/* Ends a frame by silence: whole where framing says so, else broken. */
void scanner_tick(struct scanner *s, mono_t now, scan_fn *fn, void *ctx);
/* When scanner_tick has something to do; MONO_NEVER: nothing. */
mono_t scanner_deadline(const struct scanner *s);

#endif
