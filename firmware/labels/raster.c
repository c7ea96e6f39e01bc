#include "firmware/labels/raster.h"

#include <assert.h>
#include <string.h>

#include "firmware/base/mem.h"
#include "firmware/base/text.h"

#define DEPTH     255
#define THRESHOLD 128

err_t raster_new(uint32_t width, uint32_t height, struct raster *out)
{
    if (width == 0 || width > RASTER_SIDE_MAX) return ERR_INVALID;
    if (height == 0 || height > RASTER_SIDE_MAX) return ERR_INVALID;
    size_t stride = (width + 7u) / 8u;
    uint8_t *bits = mem_alloc(stride * height);
    if (bits == NULL) return ERR_NOMEM;
    *out = (struct raster){width, height, stride, bits};
    return ERR_OK;
}

void raster_free(struct raster *r)
{
    if (r == NULL) return;
    mem_free(r->bits);
    *r = (struct raster){0};
}

bool raster_is_blank(const struct raster *r)
{
    for (size_t i = 0; i < r->stride * r->height; i++) {
        if (r->bits[i] != 0) return false;
    }
    return true;
}

/* -------------------------------------------------------------------------------- PBM, PGM -- */

/* A number of the header with one blank before and after it; comments do not occur here. */
static err_t header_number(struct slice *rest, int64_t max, uint32_t *out)
{
    int64_t n = 0;
    size_t from = 0;
    while (from < rest->len && (rest->ptr[from] == ' ' || rest->ptr[from] == '\n')) {
        from++;
    }
    size_t to = from;
    while (to < rest->len && rest->ptr[to] >= '0' && rest->ptr[to] <= '9') {
        to++;
    }
    if (to >= rest->len) return ERR_PROTO;
    err_t e = text_int(slice_sub(*rest, from, to), 1, max, &n);
    if (e) return e;
    *rest = slice_sub(*rest, to, rest->len);
    *out = (uint32_t)n;
    return ERR_OK;
}

struct pnm {
    bool grey;
    uint32_t width;
    uint32_t height;
    size_t row; /* bytes */
};

static err_t pnm_header(struct slice *rest, struct pnm *out)
{
    uint32_t depth = DEPTH;
    out->grey = slice_starts(*rest, "P5");
    if (!out->grey && !slice_starts(*rest, "P4")) return ERR_PROTO;
    *rest = slice_sub(*rest, 2, rest->len);
    err_t e = header_number(rest, RASTER_SIDE_MAX, &out->width);
    if (e) return e;
    e = header_number(rest, RASTER_SIDE_MAX, &out->height);
    if (e) return e;
    if (out->grey) e = header_number(rest, DEPTH, &depth);
    if (e) return e;
    if (depth != DEPTH) return ERR_PROTO;
    out->row = out->grey ? out->width : (out->width + 7u) / 8u;
    *rest = slice_sub(*rest, 1, rest->len);
    return rest->len / out->row >= out->height ? ERR_OK : ERR_PROTO;
}

static void take_grey_row(struct raster *r, uint32_t y, const uint8_t *row)
{
    uint8_t *to = r->bits + y * r->stride;
    for (uint32_t x = 0; x < r->width; x++) {
        if (row[x] < THRESHOLD) to[x / 8] |= (uint8_t)(0x80u >> (x % 8));
    }
}

static void take_bit_row(struct raster *r, uint32_t y, const uint8_t *row)
{
    uint8_t *to = r->bits + y * r->stride;
    memcpy(to, row, r->stride);
    if (r->width % 8 != 0) to[r->stride - 1] &= (uint8_t)(0xFFu << (8 - r->width % 8));
}

err_t raster_from_pnm(struct slice *rest, struct raster *out)
{
    struct slice at = *rest;
    struct pnm pnm = {0};
    err_t e = pnm_header(&at, &pnm);
    if (e) return e;
    e = raster_new(pnm.width, pnm.height, out);
    if (e) return e;
    for (uint32_t y = 0; y < pnm.height; y++) {
        const uint8_t *row = at.ptr + y * pnm.row;
        if (pnm.grey) {
            take_grey_row(out, y, row);
        } else {
            take_bit_row(out, y, row);
        }
    }
    *rest = slice_sub(at, pnm.row * pnm.height, at.len);
    return ERR_OK;
}

void raster_to_pgm(const struct raster *r, struct buf *out)
{
    uint8_t row[RASTER_SIDE_MAX];
    assert(r->width > 0 && r->width <= RASTER_SIDE_MAX);
    buf_printf(out, "P5\n%u %u\n%d\n", r->width, r->height, DEPTH);
    for (uint32_t y = 0; y < r->height; y++) {
        const uint8_t *from = r->bits + y * r->stride;
        for (uint32_t x = 0; x < r->width; x++) {
            row[x] = (from[x / 8] & (0x80u >> (x % 8))) != 0 ? 0 : DEPTH;
        }
        buf_put(out, slice_of(row, r->width));
    }
}
