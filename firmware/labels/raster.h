/* raster.h - one page of a label as black and white dots, and its ways in and out.
 * Only labels.c and its tests use it. Every way in is hostile input: bounded and checked. */
#ifndef PACKD_LABELS_RASTER_H
#define PACKD_LABELS_RASTER_H

#include "firmware/base/slice.h"

/* A side of a page in dots: A4 at 300 dpi is 3508. */
#define RASTER_SIDE_MAX 8192

struct raster {
    uint32_t width; /* dots; 0: no raster */
    uint32_t height;
    size_t stride; /* bytes per row */
    uint8_t *bits; /* owned; 1 is black, the leftmost dot is the highest bit; padding is 0 */
};

/* All white. ERR_INVALID: a side is 0 or above RASTER_SIDE_MAX. ERR_NOMEM. */
MUST_CHECK err_t raster_new(uint32_t width, uint32_t height, struct raster *out);
void raster_free(struct raster *r); /* NULL and an empty raster are fine */
bool raster_is_blank(const struct raster *r);

/* Reads one binary PBM or PGM (depth 255) from the front of *rest and moves *rest behind it. Greys
 * darker than the middle are black: poppler counts a dot touched by an edge generously, and this
 * threshold keeps bars at their width wherever they fall. ERR_PROTO, ERR_INVALID, ERR_NOMEM. */
MUST_CHECK err_t raster_from_pnm(struct slice *rest, struct raster *out);
/* Appends a PGM of 0 and 255, for a barcode reader. */
void raster_to_pgm(const struct raster *r, struct buf *out);

/* Transparency is white. ERR_PROTO: not a whole PNG. ERR_INVALID: a side above RASTER_SIDE_MAX. */
MUST_CHECK err_t raster_from_png(struct slice png, struct raster *out);

/* Appends "^GFA,..." with run-length compressed data. Check out->overflow. */
void raster_to_gfa(const struct raster *r, struct buf *out);
/* Appends one whole label in ZPL. Check out->overflow. */
void raster_to_zpl(const struct raster *r, struct buf *out);

#endif
