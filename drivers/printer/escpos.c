/* The ESC/POS dialect: DLE EOT 1 to 4 are answered at once by one byte each, in this order; bits 4
 * and 1 are set, 7 and 0 are not. The process id of GS ( H comes back as 37 22 d1 d2 d3 d4 00 once
 * everything before it is printed. What the printer reports unasked (four bytes, the first with bit
 * 4 alone) is skipped. */
#include "drivers/printer/printer.h"

#define ANSWERS      4
#define BLOCK_HEADER 0x37
#define BLOCK_MARK   0x22
#define BLOCK_MAX    32
#define UNASKED_LEN  4
#define DIGIT_FIRST  0x30 /* of a mark; 64 values from here are printable */

/* The parser's stage: what the bytes kept belong to. */
enum {
    IN_ANSWERS,
    IN_BLOCK,
    IN_UNASKED,
};

static bool is_answer(uint8_t byte)
{
    return (byte & 0x93) == 0x12;
}

static bool is_unasked(uint8_t byte)
{
    return (byte & 0x93) == 0x10;
}

static void read_status(const uint8_t *b, struct printer_status *out)
{
    static const struct {
        uint8_t byte;
        uint8_t bits;
        uint32_t flag;
    } table[] = {
        {1, 0x04, PRINTER_HEAD_OPEN}, {1, 0x20, PRINTER_PAPER_OUT}, {2, 0x04, PRINTER_JAM},
        {2, 0x08, PRINTER_CUTTER},    {2, 0x20, PRINTER_FAULT},     {2, 0x40, PRINTER_HOT},
        {3, 0x60, PRINTER_PAPER_OUT}, {3, 0x0C, PRINTER_PAPER_LOW},
    };
    *out = (struct printer_status){.says = PRINTER_SAYS_STATUS};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if ((b[table[i].byte] & table[i].bits) != 0) out->flags |= table[i].flag;
    }
    bool cause = (out->flags & ~(uint32_t)PRINTER_PAPER_LOW) != 0;
    bool offline = (b[0] & 0x28) != 0;
    if ((b[1] & 0x40) != 0 && !cause) out->flags |= PRINTER_FAULT;
    if (offline && !cause) out->flags |= PRINTER_PAUSED;
}

static bool read_mark(const struct printer_parser *p, struct printer_status *out)
{
    uint32_t mark = 0;
    if (p->len != 6 || p->bytes[1] != BLOCK_MARK) return false;
    for (size_t i = 2; i < 6; i++) {
        if (p->bytes[i] < DIGIT_FIRST || p->bytes[i] >= DIGIT_FIRST + 64) return false;
        mark = mark << 6 | (uint32_t)(p->bytes[i] - DIGIT_FIRST);
    }
    *out = (struct printer_status){.says = PRINTER_SAYS_MARK, .mark = mark};
    return true;
}

static void start(struct printer_parser *p, uint32_t stage, uint8_t byte)
{
    p->stage = stage;
    p->bytes[0] = byte;
    p->len = 1;
}

static bool push_block(struct printer_parser *p, uint8_t byte, struct printer_status *out)
{
    bool ended = byte == 0;
    bool mark = ended && read_mark(p, out);
    if (!ended && p->len < BLOCK_MAX) {
        p->bytes[p->len++] = byte;
        return false;
    }
    p->len = 0;
    p->stage = IN_ANSWERS;
    return mark;
}

/* A first byte decides; one that fits nowhere is noise, and so is what was kept before it. */
static bool push_answer(struct printer_parser *p, uint8_t byte, struct printer_status *out)
{
    if (byte == BLOCK_HEADER) {
        start(p, IN_BLOCK, byte);
    } else if (is_unasked(byte)) {
        start(p, IN_UNASKED, byte);
    } else if (!is_answer(byte)) {
        p->len = 0;
    } else {
        p->bytes[p->len++] = byte;
    }
    if (p->stage != IN_ANSWERS || p->len < ANSWERS) return false;
    read_status(p->bytes, out);
    p->len = 0;
    return true;
}

static bool escpos_push(struct printer_parser *p, uint8_t byte, struct printer_status *out)
{
    if (p->stage == IN_BLOCK) return push_block(p, byte, out);
    if (p->stage == IN_UNASKED && (byte & 0x90) == 0) {
        if (++p->len < UNASKED_LEN) return false;
        p->len = 0;
        p->stage = IN_ANSWERS;
        return false;
    }
    if (p->stage == IN_UNASKED) {
        p->len = 0;
        p->stage = IN_ANSWERS;
    }
    return push_answer(p, byte, out);
}

static void escpos_mark(uint32_t number, struct buf *out)
{
    buf_put(out, SLICE("\x1D(H\x06\x00\x30\x30"));
    for (int shift = 18; shift >= 0; shift -= 6) {
        buf_byte(out, (uint8_t)(DIGIT_FIRST + (number >> shift & 63u)));
    }
}

const struct printer_dialect printer_escpos = {
    .name = "escpos",
    .status_query = {(const uint8_t *)"\x10\x04\x01\x10\x04\x02\x10\x04\x03\x10\x04\x04", 12},
    .clear_all = {(const uint8_t *)"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08\x1B@", 12},
    .push = escpos_push,
    .mark = escpos_mark,
};
