/* packd-barcodes - one grey picture (PGM, "P5", 8 bits) on standard input; on standard output one
 * line "SYMBOLOGY<TAB>data in hexadecimal" per barcode found, in the decoder's order. Ends with 0
 * also when there is none, 1 when the picture is not what it should be (a line on standard error
 * says how), 2 when memory or the output fails. Made to run without any rights. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zbar.h>

#include "firmware/base/mem.h"
#include "firmware/base/slice.h"
#include "firmware/base/text.h"

#define SIDE_MAX   8192 /* 6 inches at 600 dpi is 3600 */
#define PIXELS_MAX (32u << 20)
#define HEADER_MAX 512 /* with comments */
#define INPUT_MAX  (PIXELS_MAX + HEADER_MAX)
#define DATA_MAX   4096 /* bytes of one barcode */
#define CODES_MAX  256

enum {
    ENDED_OK,
    ENDED_BAD_PICTURE,
    ENDED_FAILED
};

struct picture {
    unsigned width;
    unsigned height;
    struct slice pixels; /* borrowed from the input */
};

/* ------------------------------------------------------------------------------------ picture --
 */

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next word of the header; comments are skipped. Empty at the end. */
static struct slice next_word(struct slice input, size_t *at)
{
    while (*at < input.len && (is_space(input.ptr[*at]) || input.ptr[*at] == '#')) {
        bool comment = input.ptr[(*at)++] == '#';
        while (comment && *at < input.len && input.ptr[*at] != '\n')
            (*at)++;
    }
    size_t from = *at;
    while (*at < input.len && !is_space(input.ptr[*at]) && *at < HEADER_MAX)
        (*at)++;
    return slice_sub(input, from, *at);
}

static const char *read_picture(struct slice input, struct picture *out)
{
    size_t at = 0;
    int64_t width = 0;
    int64_t height = 0;
    if (!slice_is(next_word(input, &at), "P5")) return "picture is not PGM (P5)";
    if (text_int(next_word(input, &at), 1, SIDE_MAX, &width)) return "width is not 1..8192";
    if (text_int(next_word(input, &at), 1, SIDE_MAX, &height)) return "height is not 1..8192";
    if (!slice_is(next_word(input, &at), "255")) return "depth is not 255";
    if (width * height > PIXELS_MAX) return "more than 32 million pixels";
    at++; /* exactly one blank ends the header */
    size_t size = (size_t)(width * height);
    if (at > input.len || input.len - at != size) return "pixels missing or left over";
    *out = (struct picture){(unsigned)width, (unsigned)height, slice_sub(input, at, input.len)};
    return NULL;
}

static int read_input(struct buf *in)
{
    uint8_t chunk[65536];
    for (;;) {
        ssize_t n = read(STDIN_FILENO, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return ENDED_FAILED;
        if (n == 0) return ENDED_OK;
        buf_put(in, slice_of(chunk, (size_t)n));
        if (in->overflow) return ENDED_BAD_PICTURE;
    }
}

/* ------------------------------------------------------------------------------------ decoding --
 */

static void put_symbol(const zbar_symbol_t *symbol)
{
    static char storage[64 + 2 * DATA_MAX];
    struct slice data = slice_of(zbar_symbol_get_data(symbol), zbar_symbol_get_data_length(symbol));
    if (data.len == 0 || data.len > DATA_MAX) return;
    struct buf line = buf_over(storage, sizeof storage);
    buf_text(&line, zbar_get_symbol_name(zbar_symbol_get_type(symbol)));
    buf_byte(&line, '\t');
    text_hex(&line, data);
    buf_byte(&line, '\n');
    if (!line.overflow) (void)fwrite(line.ptr, 1, line.len, stdout); /* checked once, at the end */
}

static int decode(zbar_image_scanner_t *scanner, zbar_image_t *image, const struct picture *p)
{
    zbar_image_scanner_request_dbus(scanner, 0);
    (void)zbar_image_scanner_set_config(scanner, ZBAR_NONE, ZBAR_CFG_ENABLE, 1);
    (void)zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_BINARY, 1);
    zbar_image_set_format(image, zbar_fourcc('Y', '8', '0', '0'));
    zbar_image_set_size(image, p->width, p->height);
    zbar_image_set_data(image, p->pixels.ptr, p->pixels.len, NULL);
    if (zbar_scan_image(scanner, image) < 0) return ENDED_FAILED;
    const zbar_symbol_t *symbol = zbar_image_first_symbol(image);
    for (int n = 0; symbol && n < CODES_MAX; n++, symbol = zbar_symbol_next(symbol))
        put_symbol(symbol);
    return fflush(stdout) == 0 && !ferror(stdout) ? ENDED_OK : ENDED_FAILED;
}

static int decode_picture(const struct picture *p)
{
    zbar_image_scanner_t *scanner = zbar_image_scanner_create();
    zbar_image_t *image = zbar_image_create();
    int code = scanner && image ? decode(scanner, image, p) : ENDED_FAILED;
    if (image) zbar_image_destroy(image);
    if (scanner) zbar_image_scanner_destroy(scanner);
    return code;
}

int main(void)
{
    struct buf in = buf_new(INPUT_MAX);
    struct picture p;
    int code = read_input(&in);
    const char *wrong = code == ENDED_BAD_PICTURE ? "picture too large" : NULL;
    if (code == ENDED_OK) wrong = read_picture(buf_slice(&in), &p);
    if (wrong) {
        (void)fprintf(stderr, "packd-barcodes: %s\n", wrong);
        code = ENDED_BAD_PICTURE;
    }
    if (code == ENDED_OK) code = decode_picture(&p);
    buf_deinit(&in);
    return code;
}
