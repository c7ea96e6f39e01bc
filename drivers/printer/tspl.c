/* The TSPL dialect: ESC ! ? is answered at any time by one byte of bits. Every byte is a possible
 * answer, so one that nobody asked for is counted by printer.c, not believed. */
#include "drivers/printer/printer.h"

static const uint32_t bits[8] = {
    PRINTER_HEAD_OPEN, PRINTER_JAM,  PRINTER_PAPER_OUT, PRINTER_RIBBON_OUT,
    PRINTER_PAUSED,    PRINTER_BUSY, PRINTER_HEAD_OPEN, PRINTER_FAULT,
};

static bool tspl_push(struct printer_parser *p, uint8_t byte, struct printer_status *out)
{
    (void)p;
    *out = (struct printer_status){.says = PRINTER_SAYS_STATUS};
    for (unsigned i = 0; i < 8; i++) {
        if (((unsigned)byte >> i & 1u) != 0) out->flags |= bits[i];
    }
    return true;
}

const struct printer_dialect printer_tspl = {
    .name = "tspl",
    .status_query = {(const uint8_t *)"\x1B!?", 3},
    .clear_all = {(const uint8_t *)"\x1B!.", 3},
    .push = tspl_push,
};
