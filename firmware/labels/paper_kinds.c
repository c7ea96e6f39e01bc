#include "firmware/labels/paper_kinds.h"

static const struct paper_block test_label[] = {
    {BLOCK_RULE, .height10 = 5, .gap10 = 30},
    {BLOCK_TEXT, PAPER_TITLE, .height10 = 100, .lines_max = 1, .gap10 = 20, .shrinks = true},
    {BLOCK_STOCK, .height10 = 40, .lines_max = 1, .gap10 = 10},
    {BLOCK_TEXT, PAPER_LINE, .height10 = 40, .lines_max = 3, .gap10 = 30},
    {BLOCK_CODE, PAPER_CODE, .code10 = 150, .gap10 = 20},
    {BLOCK_RULE, .height10 = 5},
};
static const struct paper_block tag[] = {
    {BLOCK_TEXT, PAPER_TITLE, .height10 = 200, .lines_max = 1, .gap10 = 40, .shrinks = true},
    {BLOCK_TEXT, PAPER_REFERENCE, .height10 = 80, .lines_max = 2, .gap10 = 20, .shrinks = true},
    {BLOCK_TEXT, PAPER_LINE, .height10 = 40, .lines_max = 4, .gap10 = 30},
    {BLOCK_RULE, .height10 = 5, .gap10 = 30},
    {BLOCK_CODE, PAPER_CODE, .code10 = 200},
};
static const struct paper_block gift_note[] = {
    {BLOCK_TEXT, PAPER_TITLE, .height10 = 80, .lines_max = 2, .gap10 = 40, .shrinks = true},
    {BLOCK_TEXT, PAPER_TEXT, .height10 = 48, .gap10 = 30},
    {BLOCK_TEXT, PAPER_LINE, .height10 = 36, .lines_max = 2},
};
static const struct paper_block packing_slip[] = {
    {BLOCK_TEXT, PAPER_TITLE, .height10 = 70, .lines_max = 1, .gap10 = 10, .shrinks = true},
    {BLOCK_TEXT, PAPER_REFERENCE, .height10 = 50, .lines_max = 2, .gap10 = 10, .shrinks = true},
    {BLOCK_TEXT, PAPER_LINE, .height10 = 32, .lines_max = 4, .gap10 = 15},
    {BLOCK_RULE, .height10 = 4, .gap10 = 20},
    {BLOCK_ROWS, .height10 = 36, .lines_max = 2, .gap10 = 15},
    {BLOCK_RULE, .height10 = 4, .gap10 = 20},
    {BLOCK_TEXT, PAPER_TEXT, .height10 = 32, .gap10 = 40},
    {BLOCK_CODE, PAPER_CODE, .code10 = 120},
};
static const struct paper_block sheet[] = {
    {BLOCK_TEXT, PAPER_TITLE, .height10 = 70, .lines_max = 1, .gap10 = 30, .shrinks = true},
    {BLOCK_TEXT, PAPER_LINE, .height10 = 32, .lines_max = 3, .gap10 = 20},
    {BLOCK_CODES, .height10 = 45, .code10 = 120, .lines_max = 2, .gap10 = 90},
};

#define BLOCKS(list)                                                                               \
    {                                                                                              \
        list, sizeof(list) / sizeof((list)[0])                                                     \
    }
const struct paper_template paper_templates[PAPER_KIND_COUNT] = {
    [PAPER_TEST_LABEL] = BLOCKS(test_label),
    [PAPER_HOLD_TAG] = BLOCKS(tag),
    [PAPER_PARCEL_TAG] = BLOCKS(tag),
    [PAPER_GIFT_NOTE] = BLOCKS(gift_note),
    [PAPER_PACKING_SLIP] = BLOCKS(packing_slip),
    [PAPER_COMMAND_SHEET] = BLOCKS(sheet),
    [PAPER_PRODUCT_SHEET] = BLOCKS(sheet),
};
