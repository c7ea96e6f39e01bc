/* reader.h - one scanner on whatever port it has: bytes, key strokes or reports become scans.
 *
 * Serial bytes go to scanner.h as they are; a keyboard's keys as the bytes they mean (wedge.h); a
 * HID-POS report as the whole code it holds (hidpos.h). A report device whose descriptor names no
 * decoded data is not a scanner: its reports are ignored and `refused` says so. */
#ifndef PACKD_DRIVERS_READER_H
#define PACKD_DRIVERS_READER_H

#include "drivers/scanner/hidpos.h"
#include "drivers/scanner/scanner.h"
#include "drivers/scanner/wedge.h"
#include "hal/hal.h"

struct reader {
    enum hal_port_kind kind;
    struct scanner frames;
    struct wedge keys;
    struct hidpos reports;
    bool refused;
};

/* `layout` matters for keyboards; it is borrowed. */
void reader_init(struct reader *r, enum hal_port_kind kind, const struct scanner_framing *framing,
                 const struct wedge_layout *layout);
/* The device came. `descriptor` is its report descriptor (HAL_PORT_REPORTS), else empty. `noise`:
 * from when its line may be settling; long ago for a line without noise. */
void reader_arrived(struct reader *r, struct slice descriptor, mono_t noise);
void reader_gone(struct reader *r);
/* The data of one HAL_EV_PORT_DATA. */
void reader_push(struct reader *r, struct slice data, mono_t now, scan_fn *fn, void *ctx);
void reader_tick(struct reader *r, mono_t now, scan_fn *fn, void *ctx);
mono_t reader_deadline(const struct reader *r);

#endif
