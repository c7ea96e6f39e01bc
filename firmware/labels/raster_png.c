/* PNG by libpng, from memory. libpng reports errors by longjmp; the jump never leaves this file and
 * crosses no frame of ours but its callbacks. */
#include <png.h>
#include <setjmp.h>
#include <string.h>

#include "firmware/base/mem.h"
#include "firmware/labels/raster.h"

#define CHUNK_BYTES_MAX (1u << 20)
#define CHUNKS_MAX      64
#define THRESHOLD       128
#define PAIR            2
#define PASSES_MAX      7 /* Adam7 */

struct reader {
    struct slice rest;
    png_structp png;
    png_infop info;
    uint8_t *pairs; /* owned; grey and opacity of each dot */
    struct raster raster;
    err_t error;
};

static void read_bytes(png_structp png, png_bytep out, size_t len)
{
    struct reader *r = png_get_io_ptr(png);
    if (len > r->rest.len) png_error(png, "truncated");
    memcpy(out, r->rest.ptr, len);
    r->rest = slice_sub(r->rest, len, r->rest.len);
}

_Noreturn static void on_error(png_structp png, png_const_charp text)
{
    (void)text;
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

/* Whatever the file holds becomes pairs of an eight-bit grey and its opacity. */
static void set_conversions(struct reader *r)
{
    png_set_expand(r->png);
    png_set_scale_16(r->png);
    png_set_rgb_to_gray_fixed(r->png, PNG_ERROR_ACTION_NONE, -1, -1);
    png_set_add_alpha(r->png, 0xFF, PNG_FILLER_AFTER);
}

static void read_rows(struct reader *r, uint32_t width, uint32_t height)
{
    int passes = png_set_interlace_handling(r->png);
    png_read_update_info(r->png, r->info);
    if (passes > PASSES_MAX) png_error(r->png, "passes");
    if (png_get_rowbytes(r->png, r->info) != (size_t)width * PAIR) png_error(r->png, "row size");
    for (int pass = 0; pass < passes; pass++) {
        for (uint32_t y = 0; y < height; y++) {
            png_read_row(r->png, r->pairs + (size_t)y * width * PAIR, NULL);
        }
    }
    png_read_end(r->png, NULL);
}

static void to_dots(struct reader *r)
{
    for (uint32_t y = 0; y < r->raster.height; y++) {
        const uint8_t *row = r->pairs + (size_t)y * r->raster.width * PAIR;
        uint8_t *to = r->raster.bits + y * r->raster.stride;
        for (uint32_t x = 0; x < r->raster.width; x++) {
            unsigned darkness = (255u - row[(size_t)x * PAIR]) * row[(size_t)x * PAIR + 1] / 255u;
            if (255u - darkness < THRESHOLD) to[x / 8] |= (uint8_t)(0x80u >> (x % 8));
        }
    }
}

/* All state lives in *r, which the jump leaves intact. */
static void decode(struct reader *r)
{
    if (setjmp(png_jmpbuf(r->png))) {
        if (r->error == ERR_OK) r->error = ERR_PROTO;
        return;
    }
    png_set_user_limits(r->png, RASTER_SIDE_MAX, RASTER_SIDE_MAX);
    png_set_chunk_malloc_max(r->png, CHUNK_BYTES_MAX);
    png_set_chunk_cache_max(r->png, CHUNKS_MAX);
    png_set_read_fn(r->png, r, read_bytes);
    png_read_info(r->png, r->info);
    uint32_t width = png_get_image_width(r->png, r->info);
    uint32_t height = png_get_image_height(r->png, r->info);
    r->error = raster_new(width, height, &r->raster);
    if (r->error) return;
    r->pairs = mem_alloc((size_t)width * height * PAIR);
    if (r->pairs == NULL) {
        r->error = ERR_NOMEM;
        return;
    }
    set_conversions(r);
    read_rows(r, width, height);
    to_dots(r);
}

static png_voidp take_memory(png_structp png, png_alloc_size_t size)
{
    (void)png;
    return mem_alloc(size);
}

static void give_memory(png_structp png, png_voidp block)
{
    (void)png;
    mem_free(block);
}

err_t raster_from_png(struct slice png, struct raster *out)
{
    struct reader r = {.rest = png, .error = ERR_OK};
    r.png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, NULL, on_error, on_warning, NULL,
                                     take_memory, give_memory);
    if (r.png == NULL) return ERR_NOMEM;
    r.info = png_create_info_struct(r.png);
    if (r.info == NULL) {
        r.error = ERR_NOMEM;
    } else {
        decode(&r);
    }
    png_destroy_read_struct(&r.png, &r.info, NULL);
    mem_free(r.pairs);
    if (r.error) {
        raster_free(&r.raster);
        return r.error;
    }
    *out = r.raster;
    return ERR_OK;
}
