#include "drivers/scanner/reader.h"

#include <string.h>

void reader_init(struct reader *r, enum hal_port_kind kind, const struct scanner_framing *framing,
                 const struct wedge_layout *layout)
{
    r->kind = kind;
    r->refused = false;
    scanner_init(&r->frames, framing);
    wedge_init(&r->keys, layout);
}

static void read_descriptor(struct reader *r, struct slice descriptor)
{
    struct hidpos_layout layout = {0};
    r->refused = hidpos_layout_read(descriptor, &layout) != ERR_OK;
    hidpos_init(&r->reports, &layout);
}

void reader_arrived(struct reader *r, struct slice descriptor, mono_t noise)
{
    scanner_arrived(&r->frames, noise);
    if (r->kind != HAL_PORT_BYTES) r->frames.fresh = false; /* only a serial line makes noise */
    wedge_release(&r->keys);
    if (r->kind == HAL_PORT_REPORTS) read_descriptor(r, descriptor);
}

void reader_gone(struct reader *r)
{
    scanner_gone(&r->frames);
    wedge_release(&r->keys);
}

static void push_key(struct reader *r, struct slice data, mono_t now, scan_fn *fn, void *ctx)
{
    struct hal_key key;
    uint8_t bytes[WEDGE_BYTES_MAX];
    if (data.len != sizeof key) return;
    memcpy(&key, data.ptr, sizeof key);
    if (key.lost_before) {
        wedge_release(&r->keys);
        scanner_lost(&r->frames, SCAN_BROKEN, now, fn, ctx);
    }
    size_t n = wedge_key(&r->keys, key.code, key.value != 0, bytes);
    if (n > 0) scanner_push(&r->frames, slice_of(bytes, n), now, fn, ctx);
}

static void tell_report(struct reader *r, enum hidpos_news news, mono_t now, scan_fn *fn, void *ctx)
{
    const struct hidpos *h = &r->reports;
    struct scan fault = {.fault = news == HIDPOS_TOO_LONG ? SCAN_TOO_LONG : SCAN_BROKEN};
    if (news == HIDPOS_SCAN)
        scanner_whole(&r->frames, slice_of(h->text, h->len), h->aim, now, fn, ctx);
    else if (news != HIDPOS_NOTHING)
        fn(ctx, &fault);
}

void reader_push(struct reader *r, struct slice data, mono_t now, scan_fn *fn, void *ctx)
{
    if (r->kind == HAL_PORT_BYTES) scanner_push(&r->frames, data, now, fn, ctx);
    if (r->kind == HAL_PORT_KEYS) push_key(r, data, now, fn, ctx);
    if (r->kind != HAL_PORT_REPORTS || r->refused) return;
    reader_tick(r, now, fn, ctx);
    tell_report(r, hidpos_report(&r->reports, data, now), now, fn, ctx);
}

void reader_tick(struct reader *r, mono_t now, scan_fn *fn, void *ctx)
{
    if (r->kind == HAL_PORT_REPORTS)
        tell_report(r, hidpos_tick(&r->reports, now), now, fn, ctx);
    else
        scanner_tick(&r->frames, now, fn, ctx);
}

mono_t reader_deadline(const struct reader *r)
{
    return r->kind == HAL_PORT_REPORTS ? hidpos_deadline(&r->reports)
                                       : scanner_deadline(&r->frames);
}
