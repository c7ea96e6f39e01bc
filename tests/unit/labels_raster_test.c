/* Pages as dots: PBM, PGM and PNG in, compressed ZPL graphics out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <png.h>

#include "firmware/labels/raster.h"
#include "firmware/limits.h"
#include "tools/virtual/zpl_render.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static uint32_t draw(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static bool is_black(const struct raster *r, uint32_t x, uint32_t y)
{
    return (r->bits[y * r->stride + x / 8] & (0x80u >> (x % 8))) != 0;
}

static void set_black(struct raster *r, uint32_t x, uint32_t y)
{
    r->bits[y * r->stride + x / 8] |= (uint8_t)(0x80u >> (x % 8));
}

/* Bars, boxes and specks: something like a label. */
static struct raster make_page(uint32_t width, uint32_t height, uint32_t seed)
{
    struct raster r;
    assert_int_equal(raster_new(width, height, &r), ERR_OK);
    for (int box = 0; box < 40; box++) {
        uint32_t x0 = draw(&seed) % width;
        uint32_t y0 = draw(&seed) % height;
        uint32_t w = 1 + draw(&seed) % (box % 2 ? 9 : width);
        uint32_t h = 1 + draw(&seed) % 40;
        for (uint32_t y = y0; y < y0 + h && y < height; y++) {
            for (uint32_t x = x0; x < x0 + w && x < width; x++) {
                set_black(&r, x, y);
            }
        }
    }
    return r;
}

static bool same_dots(const struct zpl_picture *p, const struct raster *r)
{
    if (p->width != r->width || p->height != r->height) return false;
    for (uint32_t y = 0; y < r->height; y++) {
        for (uint32_t x = 0; x < r->width; x++) {
            if ((p->dots[(size_t)y * p->width + x] == 0) != is_black(r, x, y)) return false;
        }
    }
    return true;
}

/* The picture of a job has exactly the dots of the page. */
static void assert_prints(const struct raster *r)
{
    struct buf job = buf_new(LABEL_JOB_MAX);
    struct zpl_picture p;
    raster_to_zpl(r, &job);
    assert_false(job.overflow);
    assert_int_equal(zpl_render(buf_slice(&job), &p), ERR_OK);
    assert_true(same_dots(&p, r));
    zpl_picture_free(&p);
    buf_deinit(&job);
}

static void raster__prints_dot_for_dot(void **state)
{
    (void)state;
    static const uint32_t widths[] = {1, 7, 8, 9, 31, 160, 799, 812, 1200, 3400};
    for (size_t i = 0; i < COUNT(widths); i++) {
        struct raster r = make_page(widths[i], 200, (uint32_t)i);
        assert_prints(&r);
        raster_free(&r);
    }
}

static void raster__prints_all_white_and_all_black(void **state)
{
    (void)state;
    struct raster r;
    assert_int_equal(raster_new(813, 33, &r), ERR_OK);
    assert_true(raster_is_blank(&r));
    assert_prints(&r);
    for (uint32_t y = 0; y < r.height; y++) {
        for (uint32_t x = 0; x < r.width; x++) {
            set_black(&r, x, y);
        }
    }
    assert_false(raster_is_blank(&r));
    assert_prints(&r);
    raster_free(&r);
}

static void raster__runs_of_every_length_survive_compression(void **state)
{
    (void)state;
    struct raster r;
    assert_int_equal(raster_new(3600, 450, &r), ERR_OK);
    for (uint32_t y = 0; y < r.height; y++) {
        for (uint32_t x = 8; x < 8 + 4 * (y + 1) && x < r.width; x++) {
            set_black(&r, x, y);
        }
        set_black(&r, r.width - 1, y);
    }
    assert_prints(&r);
    raster_free(&r);
}

static void raster__noise_is_larger_than_its_room_and_says_so(void **state)
{
    (void)state;
    struct raster r;
    uint32_t seed = 3;
    struct buf job = buf_new(LABEL_JOB_MAX);
    assert_int_equal(raster_new(2400, 3600, &r), ERR_OK);
    for (size_t i = 0; i < r.stride * r.height; i++) {
        r.bits[i] = (uint8_t)draw(&seed);
    }
    raster_to_zpl(&r, &job);
    assert_true(job.overflow);
    buf_deinit(&job);
    raster_free(&r);
}

/* ------------------------------------------------------------------------------------- PNM -- */

static void pnm__grey_is_cut_in_the_middle(void **state)
{
    (void)state;
    struct slice rest = SLICE("P5\n4 2\n255\n\x00\x7F\x80\xFF\xFF\x80\x7F\x00P5");
    struct raster r;
    assert_int_equal(raster_from_pnm(&rest, &r), ERR_OK);
    assert_true(slice_is(rest, "P5"));
    assert_int_equal(r.bits[0], 0xC0);
    assert_int_equal(r.bits[1], 0x30);
    raster_free(&r);
}

static void pnm__several_pages_follow_one_another(void **state)
{
    (void)state;
    struct slice rest = SLICE("P4\n9 1\n\x80\xFFP4\n8 2\n\x01\x02");
    struct raster r;
    assert_int_equal(raster_from_pnm(&rest, &r), ERR_OK);
    assert_int_equal(r.bits[1], 0x80);
    raster_free(&r);
    assert_int_equal(raster_from_pnm(&rest, &r), ERR_OK);
    assert_int_equal(r.height, 2);
    assert_int_equal(rest.len, 0);
    raster_free(&r);
}

static void pnm__nothing_broken_is_taken(void **state)
{
    (void)state;
    static const char *const broken[] = {
        "",
        "P",
        "P5",
        "P5\n",
        "P5\n4",
        "P5\n4 2\n255",
        "P5\n4 2\n255\n1234567",
        "P5\n0 2\n255\n",
        "P5\n4 0\n255\n",
        "P5\n-4 2\n255\n12345678",
        "P5\n4 2\n254\n12345678",
        "P5\n4 2\n65535\n1234567812345678",
        "P5\n99999 99999\n255\n12345678",
        "P5\n8192 8192\n255\n12345678",
        "P5\n4294967297 2\n255\n12345678",
        "P6\n1 1\n255\n123",
        "P2\n1 1\n255\n0",
        "P4\n17 2\n12345",
        "<html>",
    };
    for (size_t i = 0; i < COUNT(broken); i++) {
        struct slice rest = slice_text(broken[i]);
        struct raster r = {0};
        assert_int_not_equal(raster_from_pnm(&rest, &r), ERR_OK);
        assert_null(r.bits);
        assert_true(slice_is(rest, broken[i]));
    }
}

static void pnm__comes_back_from_the_pgm_for_the_reader(void **state)
{
    (void)state;
    struct raster page = make_page(61, 40, 9);
    struct raster again;
    struct buf pgm = buf_new(1u << 16);
    raster_to_pgm(&page, &pgm);
    struct slice rest = buf_slice(&pgm);
    assert_int_equal(raster_from_pnm(&rest, &again), ERR_OK);
    assert_memory_equal(page.bits, again.bits, page.stride * page.height);
    raster_free(&again);
    raster_free(&page);
    buf_deinit(&pgm);
}

/* ------------------------------------------------------------------------------------- PNG -- */

static void png_write_bytes(png_structp png, png_bytep bytes, size_t len)
{
    buf_put(png_get_io_ptr(png), slice_of(bytes, len));
}

static void png_no_flush(png_structp png)
{
    (void)png;
}

struct png_kind {
    int depth;
    int color;
    int interlace;
    bool transparent;
};

static const struct png_kind png_kinds[] = {
    {1, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE, false},
    {4, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE, false},
    {8, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_ADAM7, false},
    {16, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE, false},
    {8, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_INTERLACE_NONE, true},
    {8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, false},
    {16, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_ADAM7, false},
    {8, PNG_COLOR_TYPE_RGB_ALPHA, PNG_INTERLACE_NONE, true},
    {16, PNG_COLOR_TYPE_RGB_ALPHA, PNG_INTERLACE_ADAM7, true},
    {8, PNG_COLOR_TYPE_PALETTE, PNG_INTERLACE_NONE, false},
    {1, PNG_COLOR_TYPE_PALETTE, PNG_INTERLACE_NONE, true},
};

static size_t channels_of(const struct png_kind *k)
{
    if (k->color == PNG_COLOR_TYPE_GRAY_ALPHA) return 2;
    if (k->color == PNG_COLOR_TYPE_RGB) return 3;
    return k->color == PNG_COLOR_TYPE_RGB_ALPHA ? 4 : 1;
}

static void put_sample(const struct png_kind *k, size_t index, uint8_t *row)
{
    size_t bit = index * (size_t)k->depth;
    bool palette = k->color == PNG_COLOR_TYPE_PALETTE;
    if (k->depth >= 8) {
        memset(row + bit / 8, palette ? 1 : 0xFF, (size_t)k->depth / 8);
    } else {
        uint8_t mask = (uint8_t)((1u << k->depth) - 1);
        row[bit / 8] |= (uint8_t)(mask << (8 - (size_t)k->depth - bit % 8));
    }
}

/* One row of the kind: black where the raster is, else white, or transparent over black. */
static void png_row(const struct png_kind *k, const struct raster *r, uint32_t y, uint8_t *row)
{
    size_t channels = channels_of(k);
    bool opacity = k->transparent && channels > 1;
    memset(row, 0, r->width * channels * 2);
    for (uint32_t x = 0; x < r->width; x++) {
        bool black = is_black(r, x, y);
        for (size_t c = 0; c < channels; c++) {
            bool is_opacity = opacity && c == channels - 1;
            bool on = is_opacity ? black : !black && !opacity;
            if (on) put_sample(k, x * channels + c, row);
        }
    }
}

static void make_png(const struct png_kind *k, const struct raster *r, struct buf *out)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_color palette[2] = {{0, 0, 0}, {255, 255, 255}};
    png_byte opacity[2] = {255, 0};
    png_bytep *rows = calloc(r->height, sizeof *rows);
    if (k->transparent) palette[1] = (png_color){0, 0, 0};
    png_set_write_fn(png, out, png_write_bytes, png_no_flush);
    png_set_IHDR(png, info, r->width, r->height, k->depth, k->color, k->interlace,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_pHYs(png, info, 1, 1, PNG_RESOLUTION_METER);
    if (k->color == PNG_COLOR_TYPE_PALETTE) {
        png_set_PLTE(png, info, palette, 2);
        if (k->transparent) png_set_tRNS(png, info, opacity, 2, NULL);
    }
    for (uint32_t y = 0; y < r->height; y++) {
        rows[y] = calloc(r->width, 8);
        png_row(k, r, y, rows[y]);
    }
    png_write_info(png, info);
    png_write_image(png, rows);
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    for (uint32_t y = 0; y < r->height; y++) {
        free(rows[y]);
    }
    free(rows);
}

static void png__every_kind_gives_the_same_dots(void **state)
{
    (void)state;
    struct raster page = make_page(83, 61, 21);
    for (size_t i = 0; i < COUNT(png_kinds); i++) {
        struct buf png = buf_new(1u << 20);
        struct raster again = {0};
        make_png(&png_kinds[i], &page, &png);
        assert_int_equal(raster_from_png(buf_slice(&png), &again), ERR_OK);
        assert_int_equal(again.width, page.width);
        if (memcmp(page.bits, again.bits, page.stride * page.height) != 0) {
            fail_msg("kind %zu differs", i);
        }
        raster_free(&again);
        buf_deinit(&png);
    }
    raster_free(&page);
}

static void png__cut_anywhere_is_refused(void **state)
{
    (void)state;
    struct raster page = make_page(83, 61, 22);
    struct buf png = buf_new(1u << 20);
    make_png(&png_kinds[2], &page, &png);
    for (size_t len = 0; len < png.len; len++) {
        struct raster r = {0};
        assert_int_not_equal(raster_from_png(slice_sub(buf_slice(&png), 0, len), &r), ERR_OK);
        assert_null(r.bits);
    }
    buf_deinit(&png);
    raster_free(&page);
}

static void png__damaged_anywhere_never_harms(void **state)
{
    (void)state;
    struct raster page = make_page(83, 61, 23);
    struct buf png = buf_new(1u << 20);
    uint32_t seed = 5;
    make_png(&png_kinds[7], &page, &png);
    for (int round = 0; round < 3000; round++) {
        size_t at = draw(&seed) % png.len;
        uint8_t kept = png.ptr[at];
        struct raster r = {0};
        png.ptr[at] = (uint8_t)draw(&seed);
        err_t e = raster_from_png(buf_slice(&png), &r);
        assert_true(e == ERR_OK || r.bits == NULL);
        raster_free(&r);
        png.ptr[at] = kept;
    }
    buf_deinit(&png);
    raster_free(&page);
}

static void png__huge_sides_are_refused_before_any_room_is_taken(void **state)
{
    (void)state;
    struct raster r = {0};
    struct slice huge =
        SLICE("\x89PNG\r\n\x1A\n\x00\x00\x00\x0DIHDR\x7F\xFF\xFF\xFF\x7F\xFF\xFF\xFF"
              "\x08\x00\x00\x00\x00\x00\x00\x00\x00");
    assert_int_not_equal(raster_from_png(huge, &r), ERR_OK);
    assert_int_not_equal(raster_from_png(SLICE("<html>"), &r), ERR_OK);
    assert_int_not_equal(raster_from_png(SLICE_NONE, &r), ERR_OK);
    assert_int_equal(raster_new(0, 1, &r), ERR_INVALID);
    assert_int_equal(raster_new(1, RASTER_SIDE_MAX + 1, &r), ERR_INVALID);
    assert_null(r.bits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(raster__prints_dot_for_dot),
        cmocka_unit_test(raster__prints_all_white_and_all_black),
        cmocka_unit_test(raster__runs_of_every_length_survive_compression),
        cmocka_unit_test(raster__noise_is_larger_than_its_room_and_says_so),
        cmocka_unit_test(pnm__grey_is_cut_in_the_middle),
        cmocka_unit_test(pnm__several_pages_follow_one_another),
        cmocka_unit_test(pnm__nothing_broken_is_taken),
        cmocka_unit_test(pnm__comes_back_from_the_pgm_for_the_reader),
        cmocka_unit_test(png__every_kind_gives_the_same_dots),
        cmocka_unit_test(png__cut_anywhere_is_refused),
        cmocka_unit_test(png__damaged_anywhere_never_harms),
        cmocka_unit_test(png__huge_sides_are_refused_before_any_room_is_taken),
    };
    return cmocka_run_group_tests_name("labels_raster", tests, NULL, NULL);
}
