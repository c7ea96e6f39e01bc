/* paper.h - our own papers, in the printer's own text and barcode commands.
 *
 * A paper is a kind and its fields; the bytes are for one printer language and one size of paper.
 * Order text is data only: whatever it holds, it cannot become a printer command in any language.
 * A long `text` and many rows go on to further pages; title, reference, line and rows that need
 * more lines than they have end in "...". Pure: no store, no clock. */
#ifndef PACKD_LABELS_PAPER_H
#define PACKD_LABELS_PAPER_H

#include "firmware/base/slice.h"
#include "firmware/limits.h"

#define PAPER_PAGES_MAX                                                                            \
    40                     /* of one job: 200 lines on small labels, or a note of 64 KiB on large  \
                            */
#define PAPER_CODE_MAX 48  /* characters of a barcode; GS1-128 allows no more */
#define PAPER_ROWS_MAX 256 /* more than LINES_MAX */

enum paper_kind {
    PAPER_TEST_LABEL,    /* size, resolution and edges of the paper, a barcode to scan back */
    PAPER_HOLD_TAG,      /* lies on goods set aside: title, reference, why, code */
    PAPER_PARCEL_TAG,    /* tells the boxes of one order apart: title "2 of 3", reference, code */
    PAPER_GIFT_NOTE,     /* the giver's words, no prices, no barcode */
    PAPER_PACKING_SLIP,  /* what is in the box: rows of count, text and code as text */
    PAPER_COMMAND_SHEET, /* rows of caption and barcode, for the bench's wall */
    PAPER_PRODUCT_SHEET, /* the same for goods that carry no barcode themselves */
    PAPER_KIND_COUNT,
};

struct paper_row {
    const char *count; /* "3"; slips only; may be NULL */
    const char *text;  /* name or caption; UTF-8 */
    const char *code;  /* slips: printed as text, may be NULL; sheets: the barcode's contents */
};

/* All borrowed for the call; NULL is "". A kind ignores what it has no place for. */
struct paper_fields {
    const char *title;     /* largest; "HOLD", "For Anna" */
    const char *reference; /* order reference */
    const char *line;      /* one more line or two: why it is held, when it was packed */
    const char *text;      /* of any length up to NOTE_STORE_MAX; LF begins a new line */
    const char *code;      /* barcode at the end; "" for none */
    const struct paper_row *rows;
    size_t row_count;
};

struct paper_stock {
    const char *language; /* a printer language: "zpl", "epl", "tspl", "escpos" */
    uint16_t dpi;         /* 203 or 300; ESC/POS printers with 180 count as 203 */
    uint16_t width_mm;
    uint16_t height_mm; /* 0: a roll without labels; the paper is as long as its contents */
};

/* Appends one job of one or more pages to `out`.
 * ERR_INVALID  the stock is too small or of no known language, or a code has a character outside
 *              paper_code_is_safe or does not fit the width, or a sheet's row has none
 * ERR_NOSPACE  more than PAPER_PAGES_MAX pages, PAPER_ROWS_MAX rows, or `out` is full */
MUST_CHECK err_t paper_job(enum paper_kind kind, const struct paper_fields *fields,
                           const struct paper_stock *stock, struct buf *out);

/* Letters, digits, space and . , - / ( ) : + ^ $ % # * = _ : what every printer language can carry
 * in a Code 128. 1..PAPER_CODE_MAX characters. */
bool paper_code_is_safe(struct slice code);

/* Characters of `text` that this language cannot print; each is printed as '?'. A note with any
 * should be said to the packer, who has it in full on the screen. */
size_t paper_unprintable(const char *language, const char *text);

#endif
