/* Graphics in ZPL, compressed as ^GF knows it: a row is hexadecimal digits; a letter before a digit
 * repeats it (G..Y 1 to 19 times, g..z 20 to 400 in twenties, added up); ',' fills the rest of the
 * row white, '!' black; ':' is the row above again. */
#include <string.h>

#include "firmware/labels/raster.h"

#define REPEAT_MAX 419 /* "zY" */

static const char hex_digits[] = "0123456789ABCDEF";

static uint8_t digit_at(const uint8_t *row, size_t i)
{
    return i % 2 == 0 ? row[i / 2] >> 4 : row[i / 2] & 15;
}

static void put_run(struct buf *out, uint8_t digit, size_t count)
{
    while (count > 0) {
        size_t n = count < REPEAT_MAX ? count : REPEAT_MAX;
        if (n >= 20) buf_byte(out, (uint8_t)('g' + n / 20 - 1));
        if (n % 20 > 1 || (n > 20 && n % 20 == 1)) buf_byte(out, (uint8_t)('G' + n % 20 - 1));
        buf_byte(out, (uint8_t)hex_digits[digit]);
        count -= n;
    }
}

static void put_row(struct buf *out, const uint8_t *row, size_t stride)
{
    size_t digits = stride * 2;
    for (size_t i = 0; i < digits;) {
        uint8_t digit = digit_at(row, i);
        size_t end = i + 1;
        while (end < digits && digit_at(row, end) == digit) {
            end++;
        }
        if (end == digits && digit == 0x0) {
            buf_byte(out, ',');
        } else if (end == digits && digit == 0xF) {
            buf_byte(out, '!');
        } else {
            put_run(out, digit, end - i);
        }
        i = end;
    }
}

void raster_to_gfa(const struct raster *r, struct buf *out)
{
    size_t total = r->stride * r->height;
    buf_printf(out, "^GFA,%zu,%zu,%zu,", total, total, r->stride);
    for (uint32_t y = 0; y < r->height; y++) {
        const uint8_t *row = r->bits + y * r->stride;
        if (y > 0 && memcmp(row, row - r->stride, r->stride) == 0) {
            buf_byte(out, ':');
        } else {
            put_row(out, row, r->stride);
        }
    }
}

void raster_to_zpl(const struct raster *r, struct buf *out)
{
    buf_printf(out, "^XA^CI28^LH0,0^PON^PMN^LRN^FWN^PW%u^LL%u^FO0,0", r->width, r->height);
    raster_to_gfa(r, out);
    buf_text(out, "^FS^PQ1,0,1,N^XZ");
}
