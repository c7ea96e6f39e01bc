/* wedge.h - a scanner that is a keyboard: key events become the bytes it meant to send.
 *
 * Key codes are positions; which letter stands there is the layout the scanner is set to. Enter and
 * Tab end a scan (CR). GS comes as Ctrl+] or as Alt and the digits 29. Any other key with Ctrl, Alt
 * or Meta, and every function key, yields WEDGE_FOREIGN, which no scan may hold: keystrokes hidden
 * in a barcode do nothing. Facts: devices.md section 6. */
#ifndef PACKD_DRIVERS_WEDGE_H
#define PACKD_DRIVERS_WEDGE_H

#include "firmware/base/slice.h"

#define WEDGE_FOREIGN   0x7F
#define WEDGE_BYTES_MAX 4 /* of one key: a UTF-8 sequence */

struct wedge_layout;
/* "us", "gb", "de", "fr". NULL: unknown name. */
const struct wedge_layout *wedge_layout_by_name(const char *name);

struct wedge {
    const struct wedge_layout *layout;
    unsigned held; /* modifiers, by bits */
    bool caps;
    unsigned typed; /* the number typed on the keypad while Alt is held */
    unsigned digits;
};

void wedge_init(struct wedge *w, const struct wedge_layout *layout);
/* The device came, or key events were lost: nothing is held. Caps Lock stays. */
void wedge_release(struct wedge *w);
/* One key going down or up, as a Linux key code. Returns how many bytes of `out` it gave. */
size_t wedge_key(struct wedge *w, uint16_t code, bool down, uint8_t out[WEDGE_BYTES_MAX]);

#endif
