/* Scales that speak in frames of bits: Toledo continuous output, and USB HID scales. */
#include "drivers/scale/scale.h"

#include "firmware/base/text.h"

#define STX 0x02
#define CR  0x0D

/* ----------------------------------------------------------------------- Toledo continuous -- */

/* STX, three status bytes, six digits of weight, six of tare, CR, perhaps a check sum. Status
 * bytes have bit 5 set and bit 7 clear, digits are ASCII with blanks in front. */
#define FRAME_LEN    15 /* between STX and CR */
#define WEIGHT_AT    3
#define WEIGHT_LEN   6
#define STATUS_FIXED 0x20

#define B_NET      0x01
#define B_NEGATIVE 0x02
#define B_RANGE    0x04
#define B_MOTION   0x08
#define B_KG       0x10
#define B_NO_ZERO  0x40
#define C_EXPAND   0x10

static const char *unit_of(uint8_t b, uint8_t c)
{
    switch (c & 7) {
    case 0:
        return (b & B_KG) != 0 ? "kg" : "lb";
    case 1:
        return "g";
    case 3:
        return "oz";
    default:
        return "";
    }
}

/* The digits with their point where status byte A says: 0 hundreds, 1 tens, 2 ones, 3.. decimals.
 */
static struct slice with_point(const uint8_t *frame, char out[16])
{
    struct buf b = buf_over(out, 16);
    unsigned point = frame[0] & 7u;
    unsigned decimals = point > 2 ? point - 2 : 0;
    for (unsigned i = 0; i < WEIGHT_LEN; i++) {
        uint8_t c = frame[WEIGHT_AT + i];
        if (decimals > 0 && i == WEIGHT_LEN - decimals) buf_byte(&b, '.');
        buf_byte(&b, c == ' ' ? '0' : c);
    }
    for (unsigned i = point; i < 2; i++) {
        buf_byte(&b, '0');
    }
    return buf_slice(&b);
}

static bool is_frame(const uint8_t *f)
{
    for (size_t i = 0; i < WEIGHT_AT; i++) {
        if ((f[i] & 0xA0) != STATUS_FIXED) return false;
    }
    bool digits = false;
    for (size_t i = WEIGHT_AT; i < FRAME_LEN; i++) {
        bool digit = f[i] >= '0' && f[i] <= '9';
        if (!digit && f[i] != ' ') return false;
        if (i < WEIGHT_AT + WEIGHT_LEN && digit) digits = true;
    }
    return digits;
}

static bool read_toledo(const uint8_t *f, struct scale_reading *out)
{
    char digits[16];
    int64_t mg = 0;
    if (!is_frame(f)) return false;
    *out = (struct scale_reading){.state = SCALE_FAULT, .net = (f[1] & B_NET) != 0};
    if ((f[1] & B_NO_ZERO) != 0 || (f[2] & C_EXPAND) != 0) return true;
    err_t e = scale_decimal(with_point(f, digits), slice_text(unit_of(f[1], f[2])), &mg);
    if (e) return e == ERR_INVALID;
    bool negative = (f[1] & B_NEGATIVE) != 0;
    if ((f[1] & B_RANGE) != 0) {
        out->state = negative ? SCALE_UNDER : SCALE_OVER;
        return true;
    }
    out->state = (f[1] & B_MOTION) != 0 ? SCALE_MOVING : SCALE_STABLE;
    if (negative && mg != 0 && !out->net) out->state = SCALE_UNDER;
    out->mg = negative ? -mg : mg;
    return true;
}

/* A check sum may have any value, also that of STX: a frame counts only when it is whole. */
static bool toledo_push(struct scale_parser *p, uint8_t byte, struct scale_reading *out)
{
    if (byte == STX) {
        p->len = 1;
        p->spoilt = false;
        return false;
    }
    if (p->len == 0) return false;
    size_t count = p->len - 1; /* kept since STX */
    if (byte != CR && count < FRAME_LEN) {
        p->bytes[count] = byte;
        p->len++;
        return false;
    }
    p->len = 0;
    return byte == CR && count == FRAME_LEN && read_toledo(p->bytes, out);
}

const struct scale_dialect scale_toledo = {.name = "toledo", .push = toledo_push};

/* ---------------------------------------------------------------------------------- USB HID -- */

/* id, status, unit, exponent (signed, power of ten), weight (two bytes, low first). */
#define REPORT_LEN 6

enum {
    HID_FAULT = 1,
    HID_ZERO = 2,
    HID_MOVING = 3,
    HID_STABLE = 4,
    HID_UNDER = 5,
    HID_OVER = 6,
};

static int64_t unit_ng(uint8_t unit)
{
    switch (unit) {
    case 0x02:
        return 1000000000; /* g */
    case 0x03:
        return 1000000000000; /* kg */
    case 0x0B:
        return 28349523125; /* oz */
    case 0x0C:
        return 453592370000; /* lb */
    default:
        return 0;
    }
}

static bool hid_weight(const uint8_t *b, int64_t *out_mg)
{
    int exponent = b[3] < 0x80 ? b[3] : (int)b[3] - 0x100;
    int64_t n = (b[4] | b[5] << 8) * (unit_ng(b[2]) / 1000); /* micrograms */
    if (exponent < -8 || exponent > 2) return false;
    for (; exponent > 0; exponent--) {
        n *= 10;
    }
    for (; exponent < 0; exponent++) {
        n /= 10;
    }
    *out_mg = (n + 500) / 1000;
    return true;
}

static bool hid_push(struct scale_parser *p, uint8_t byte, struct scale_reading *out)
{
    static const enum scale_state states[] = {SCALE_FAULT,  SCALE_FAULT, SCALE_STABLE, SCALE_MOVING,
                                              SCALE_STABLE, SCALE_UNDER, SCALE_OVER};
    if (p->len >= REPORT_LEN) return false;
    p->bytes[p->len++] = byte;
    if (p->len < REPORT_LEN) return false;
    uint8_t status = p->bytes[1];
    *out = (struct scale_reading){.state = status <= HID_OVER ? states[status] : SCALE_FAULT};
    bool weighs = out->state == SCALE_STABLE || out->state == SCALE_MOVING;
    if (!weighs) return true;
    bool known = unit_ng(p->bytes[2]) > 0 && hid_weight(p->bytes, &out->mg);
    if (!known) *out = (struct scale_reading){.state = SCALE_FAULT};
    return true;
}

const struct scale_dialect scale_hid = {.name = "hid", .reports = true, .push = hid_push};
