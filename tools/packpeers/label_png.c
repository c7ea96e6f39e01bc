#include <string.h>

#include "tools/packpeers/label.h"

/* 4 x 6 inches at 203 dpi, one bit a dot, stored without compression. */
#define PNG_WIDTH  812u
#define PNG_HEIGHT 1218u
#define ROW_BYTES  ((PNG_WIDTH + 7) / 8)

struct checks {
    uint32_t crc;
    uint32_t adler_a;
    uint32_t adler_b;
};

static uint32_t crc_byte(uint32_t crc, uint8_t byte)
{
    crc ^= byte;
    for (int i = 0; i < 8; i++)
        crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
    return crc;
}

static void put_checked(struct buf *out, struct checks *c, uint8_t byte)
{
    buf_byte(out, byte);
    c->crc = crc_byte(c->crc, byte);
}

static void put_u32(struct buf *out, struct checks *c, uint32_t n)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        put_checked(out, c, (uint8_t)(n >> shift));
}

static void chunk_open(struct buf *out, struct checks *c, const char *type, uint32_t len)
{
    struct checks unused = {0};
    put_u32(out, &unused, len);
    c->crc = UINT32_MAX;
    for (int i = 0; i < 4; i++)
        put_checked(out, c, (uint8_t)type[i]);
}

static void chunk_close(struct buf *out, struct checks *c)
{
    uint32_t crc = ~c->crc;
    put_u32(out, c, crc);
}

/* One row of dots, white set; rows within the barcode's band carry the bars. */
static void draw_row(uint8_t row[ROW_BYTES], uint32_t y, const struct code128 *code)
{
    memset(row, 0xff, ROW_BYTES);
    bool frame = y == 8 || y == PNG_HEIGHT - 9;
    if (frame) memset(row, 0, ROW_BYTES);
    if (y < 760 || y >= 1060) return;
    uint32_t dots = 4;
    while (dots > 1 && (code->modules + 20) * dots > PNG_WIDTH)
        dots--;
    uint32_t x = (PNG_WIDTH - code->modules * dots) / 2;
    for (size_t i = 0; i < code->count; i++)
        for (uint32_t n = code->widths[i] * dots; n > 0; n--, x++)
            if (i % 2 == 0) row[x / 8] &= (uint8_t) ~(0x80u >> x % 8);
}

static void put_data(struct buf *out, struct checks *c, uint8_t byte)
{
    put_checked(out, c, byte);
    c->adler_a = (c->adler_a + byte) % 65521;
    c->adler_b = (c->adler_b + c->adler_a) % 65521;
}

/* Each row is one stored block. */
static void put_rows(struct buf *out, const struct code128 *code)
{
    const uint16_t len = ROW_BYTES + 1;
    struct checks c = {0, 1, 0};
    chunk_open(out, &c, "IDAT", 2 + PNG_HEIGHT * (5u + len) + 4);
    put_checked(out, &c, 0x78);
    put_checked(out, &c, 0x01);
    for (uint32_t y = 0; y < PNG_HEIGHT; y++) {
        uint8_t row[ROW_BYTES];
        draw_row(row, y, code);
        put_checked(out, &c, y == PNG_HEIGHT - 1);
        put_checked(out, &c, (uint8_t)len);
        put_checked(out, &c, (uint8_t)(len >> 8));
        put_checked(out, &c, (uint8_t)~len);
        put_checked(out, &c, (uint8_t)((uint16_t)~len >> 8));
        put_data(out, &c, 0);
        for (uint32_t i = 0; i < ROW_BYTES; i++)
            put_data(out, &c, row[i]);
    }
    put_u32(out, &c, c.adler_b << 16 | c.adler_a);
    chunk_close(out, &c);
}

void label_png(struct buf *out, const struct label_page *page)
{
    static const uint8_t head[8] = {0x89, 'P', 'N', 'G', 0x0d, 0x0a, 0x1a, 0x0a};
    struct code128 code;
    if (code128_make(slice_text(page->barcode), &code)) return;
    struct checks c;
    buf_put(out, slice_of(head, sizeof head));
    chunk_open(out, &c, "IHDR", 13);
    put_u32(out, &c, PNG_WIDTH);
    put_u32(out, &c, PNG_HEIGHT);
    put_checked(out, &c, 1); /* one bit, grey */
    for (int i = 0; i < 4; i++)
        put_checked(out, &c, 0);
    chunk_close(out, &c);
    chunk_open(out, &c, "pHYs", 9);
    put_u32(out, &c, 7992);
    put_u32(out, &c, 7992);
    put_checked(out, &c, 1);
    chunk_close(out, &c);
    put_rows(out, &code);
    chunk_open(out, &c, "IEND", 0);
    chunk_close(out, &c);
}
