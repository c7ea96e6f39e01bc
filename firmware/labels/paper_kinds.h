/* paper_kinds.h - each kind of paper as a list of blocks from the top down; for paper.c only.
 * Measures are tenths of a millimetre. */
#ifndef PACKD_LABELS_PAPER_KINDS_H
#define PACKD_LABELS_PAPER_KINDS_H

#include "firmware/labels/paper.h"

enum paper_block_kind {
    BLOCK_TEXT,  /* one field, broken into lines */
    BLOCK_CODE,  /* one field as Code 128 with its text below */
    BLOCK_ROWS,  /* the rows as count, text and code in letters */
    BLOCK_CODES, /* the rows as caption and Code 128 */
    BLOCK_RULE,  /* a line across */
    BLOCK_STOCK, /* language, size and resolution of the paper itself */
};

enum paper_field {
    PAPER_TITLE,
    PAPER_REFERENCE,
    PAPER_LINE,
    PAPER_TEXT,
    PAPER_CODE,
};

struct paper_block {
    enum paper_block_kind kind;
    enum paper_field field;
    uint16_t height10; /* of a letter, or of a line across */
    uint16_t code10;   /* of a barcode */
    uint16_t gap10;    /* below */
    uint8_t lines_max; /* 0: as many as it takes */
    bool shrinks;      /* smaller letters rather than a second line */
};

struct paper_template {
    const struct paper_block *blocks;
    size_t count;
};

extern const struct paper_template paper_templates[PAPER_KIND_COUNT];

#endif
