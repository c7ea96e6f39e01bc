/* zpl_draw.h - dots, boxes, letters and bars on a picture; for zpl_render.c. */
#ifndef PACKD_TOOLS_VIRTUAL_ZPL_DRAW_H
#define PACKD_TOOLS_VIRTUAL_ZPL_DRAW_H

#include "tools/virtual/zpl_render.h"

struct zpl_box {
    int64_t x;
    int64_t y;
    int64_t width;
    int64_t height;
};

/* Black; what lies outside is left out. */
void zpl_draw_box(struct zpl_picture *p, struct zpl_box box);
/* ASCII, `height` dots high, from the top left; other characters as '?'. Goes on in the next line
 * before `width` is exceeded, at most `lines`; a width of 0 is one line without end. */
struct zpl_text {
    int64_t height;
    int64_t width;
    int64_t lines;
};
void zpl_draw_text(struct zpl_picture *p, int64_t x, int64_t y, const struct zpl_text *shape,
                   struct slice text);
/* One ASCII letter of 6 x 8 parts, each as large as `cell` says, from its top left. */
void zpl_draw_letter(struct zpl_picture *p, struct zpl_box cell, uint8_t c);
/* Code 128 in sets B and C; returns its width in dots, 0 when the text cannot be encoded. */
int64_t zpl_draw_code128(struct zpl_picture *p, struct zpl_box at, int64_t module,
                         struct slice text);

#endif
