/* A label's dots in every printer language, read back as the printer reads them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/labels/pen.h"
#include "firmware/limits.h"
#include "tests/support/decode.h"
#include "tools/virtual/job_render.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const char *const languages[] = {"zpl", "epl", "tspl", "escpos"};

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

static void fill(struct raster *r, uint32_t left, uint32_t top, uint32_t width, uint32_t height)
{
    for (uint32_t y = top; y < top + height && y < r->height; y++) {
        for (uint32_t x = left; x < left + width && x < r->width; x++) {
            set_black(r, x, y);
        }
    }
}

static struct raster make_page(uint32_t width, uint32_t height, uint32_t seed)
{
    struct raster r;
    assert_int_equal(raster_new(width, height, &r), ERR_OK);
    for (int box = 0; box < 40; box++) {
        uint32_t left = draw(&seed) % width;
        uint32_t top = draw(&seed) % height;
        fill(&r, left, top, 1 + draw(&seed) % (box % 2 ? 9 : width), 1 + draw(&seed) % 40);
    }
    return r;
}

static void print(const char *language, const struct raster *r, struct buf *job,
                  struct job_render *out)
{
    pen_by_language(language)->label(r, 203, job);
    assert_false(job->overflow);
    assert_int_equal(job_render(language, 203, r->width, buf_slice(job), out), ERR_OK);
    assert_int_equal(out->strangers, 0);
    assert_int_equal(out->page_count, 1);
}

/* Dots of the page that are not on the paper, and dots on the paper that are not of the page. */
static void compare(const struct raster *r, const struct zpl_picture *p, size_t *missing,
                    size_t *added)
{
    *missing = 0;
    *added = 0;
    for (uint32_t y = 0; y < r->height; y++) {
        for (uint32_t x = 0; x < r->width; x++) {
            bool inside = x < p->width && y < p->height;
            bool printed = inside && p->dots[(size_t)y * p->width + x] == 0;
            if (is_black(r, x, y) && !printed) (*missing)++;
            if (!is_black(r, x, y) && printed) (*added)++;
        }
    }
}

static void raster__prints_its_dots_in_every_language(void **state)
{
    (void)state;
    static const uint32_t sizes[][2] = {{800, 1198}, {799, 401}, {9, 3}, {576, 1100}};
    for (size_t n = 0; n < COUNT(languages) * COUNT(sizes); n++) {
        const uint32_t *size = sizes[n / COUNT(languages)];
        for (uint32_t seed = 1; seed < 6; seed++) {
            struct raster r = make_page(size[0], size[1], seed);
            struct buf job = buf_new(LABEL_JOB_MAX);
            struct job_render out;
            size_t missing = 0;
            size_t added = 0;
            print(languages[n % COUNT(languages)], &r, &job, &out);
            compare(&r, &out.pages[0], &missing, &added);
            assert_int_equal(missing, 0);
            assert_int_equal(added, 0);
            job_render_free(&out);
            buf_deinit(&job);
            raster_free(&r);
        }
    }
}

static bool holds_immediate(struct slice job)
{
    for (size_t i = 0; i + 1 < job.len; i++) {
        uint8_t b = job.ptr[i + 1];
        if (job.ptr[i] == 0x10 && (b == 0x04 || b == 0x05 || b == 0x14)) return true;
    }
    return false;
}

/* Noise holds every pair of bytes there is. */
static void raster__no_picture_makes_a_receipt_printer_act_at_once(void **state)
{
    (void)state;
    struct raster r;
    uint32_t seed = 7;
    assert_int_equal(raster_new(576, 1200, &r), ERR_OK);
    for (size_t i = 0; i < r.stride * r.height; i++) {
        static const uint8_t likely[] = {0x10, 0x04, 0x05, 0x14, 0x00};
        uint32_t n = draw(&seed);
        r.bits[i] = n % 2 ? likely[n / 2 % 5] : (uint8_t)(n >> 4);
    }
    struct buf job = buf_new(LABEL_JOB_MAX);
    struct job_render out;
    size_t missing = 0;
    size_t added = 0;
    print("escpos", &r, &job, &out);
    assert_false(holds_immediate(buf_slice(&job)));
    compare(&r, &out.pages[0], &missing, &added);
    assert_int_equal(missing, 0);
    assert_in_range(added, 1, r.stride * r.height / 8);
    job_render_free(&out);
    buf_deinit(&job);
    raster_free(&r);
}

static void raster__white_does_not_travel(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(languages); i++) {
        struct raster r;
        assert_int_equal(raster_new(800, 1198, &r), ERR_OK);
        fill(&r, 300, 500, 200, 100);
        struct buf job = buf_new(LABEL_JOB_MAX);
        struct job_render out;
        print(languages[i], &r, &job, &out);
        assert_true(job.len < r.stride * r.height / 10);
        job_render_free(&out);
        buf_deinit(&job);
        raster_free(&r);
    }
}

/* A barcode drawn as dots, as it comes off a carrier's PDF. */
static void raster__its_barcode_is_decoded_off_every_paper(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(languages); i++) {
        struct zpl_picture p = {.width = 560, .height = 300};
        static uint8_t dots[560 * 300];
        memset(dots, 255, sizeof dots);
        p.dots = dots;
        assert_true(
            zpl_draw_code128(&p, (struct zpl_box){40, 60, 0, 150}, 2, SLICE("15501234567891")) > 0);
        struct raster r;
        assert_int_equal(raster_new(p.width, p.height, &r), ERR_OK);
        for (uint32_t n = 0; n < p.width * p.height; n++) {
            if (dots[n] == 0) set_black(&r, n % p.width, n / p.width);
        }
        struct buf job = buf_new(LABEL_JOB_MAX);
        struct buf read = buf_new(4096);
        struct job_render out;
        print(languages[i], &r, &job, &out);
        decode_picture(&out.pages[0], &read);
        assert_true(decode_has(&read, "15501234567891"));
        job_render_free(&out);
        buf_deinit(&read);
        buf_deinit(&job);
        raster_free(&r);
    }
}

static void raster__noise_beyond_the_job_says_so(void **state)
{
    (void)state;
    struct raster r;
    uint32_t seed = 3;
    assert_int_equal(raster_new(2400, 3600, &r), ERR_OK);
    for (size_t i = 0; i < r.stride * r.height; i++) {
        r.bits[i] = (uint8_t)draw(&seed);
    }
    for (size_t i = 0; i < COUNT(languages); i++) {
        struct buf job = buf_new(LABEL_JOB_MAX);
        pen_by_language(languages[i])->label(&r, 203, &job);
        assert_true(job.overflow);
        buf_deinit(&job);
    }
    raster_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(raster__prints_its_dots_in_every_language),
        cmocka_unit_test(raster__no_picture_makes_a_receipt_printer_act_at_once),
        cmocka_unit_test(raster__white_does_not_travel),
        cmocka_unit_test(raster__its_barcode_is_decoded_off_every_paper),
        cmocka_unit_test(raster__noise_beyond_the_job_says_so),
    };
    return cmocka_run_group_tests_name("printer_raster", tests, NULL, NULL);
}
