/* zpl_render.h - a label in ZPL as a picture, for demonstrations and tests.
 *
 * Knows what labels here are made of: ^PW ^LL ^LH ^FO ^FT ^A0 ^CF ^FB ^FH ^FD ^FS ^BY ^BC ^GB ^GFA
 * (plain and run-length compressed). Text is drawn with a plain built-in font; Code 128 as the
 * standard has it, so that a reader can read it back. Other commands draw nothing. */
#ifndef PACKD_TOOLS_VIRTUAL_ZPL_RENDER_H
#define PACKD_TOOLS_VIRTUAL_ZPL_RENDER_H

#include "firmware/base/slice.h"

struct zpl_picture {
    uint32_t width; /* dots */
    uint32_t height;
    uint8_t *dots; /* owned; one byte each, 0 black, 255 white */
};

/* One format, ^XA to ^XZ. ERR_PROTO: a graphic breaks its format. ERR_INVALID: an impossible size.
 * ERR_NOMEM. */
MUST_CHECK err_t zpl_render(struct slice zpl, struct zpl_picture *out);
void zpl_picture_free(struct zpl_picture *p); /* NULL and an empty picture are fine */

void zpl_picture_pgm(const struct zpl_picture *p, struct buf *out);
/* One bit a dot. ERR_NOMEM. */
MUST_CHECK err_t zpl_picture_png(const struct zpl_picture *p, struct buf *out);

#endif
