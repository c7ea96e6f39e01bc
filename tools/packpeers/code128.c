#include "firmware/base/text.h"
#include "tools/packpeers/label.h"

enum {
    CODE_C = 99,
    CODE_B = 100,
    START_B = 104,
    START_C = 105,
    STOP = 106,
};

static const char *const patterns[STOP + 1] = {
    "212222", "222122", "222221", "121223", "121322", "131222", "122213", "122312",  "132212",
    "221213", "221312", "231212", "112232", "122132", "122231", "113222", "123122",  "123221",
    "223211", "221132", "221231", "213212", "223112", "312131", "311222", "321122",  "321221",
    "312212", "322112", "322211", "212123", "212321", "232121", "111323", "131123",  "131321",
    "112313", "132113", "132311", "211313", "231113", "231311", "112133", "112331",  "132131",
    "113123", "113321", "133121", "313121", "211331", "231131", "213113", "213311",  "213131",
    "311123", "311321", "331121", "312113", "312311", "332111", "314111", "221411",  "431111",
    "111224", "111422", "121124", "121421", "141122", "141221", "112214", "112412",  "122114",
    "122411", "142112", "142211", "241211", "221114", "413111", "241112", "134111",  "111242",
    "121142", "121241", "114212", "124112", "124211", "411212", "421112", "421211",  "212141",
    "214121", "412121", "111143", "111341", "131141", "114113", "114311", "411113",  "411311",
    "113141", "114131", "311141", "411131", "211412", "211214", "211232", "2331112",
};

static size_t digit_run(struct slice text, size_t at)
{
    size_t n = 0;
    while (at + n < text.len && text.ptr[at + n] >= '0' && text.ptr[at + n] <= '9')
        n++;
    return n;
}

/* Symbol values: set C for runs of four digits and more, set B for the rest. */
static size_t choose_symbols(struct slice text, uint8_t *symbols)
{
    size_t n = 0;
    size_t at = 0;
    bool c = digit_run(text, 0) >= 4;
    symbols[n++] = c ? START_C : START_B;
    while (at < text.len) {
        size_t run = digit_run(text, at);
        if (c && run >= 2) {
            symbols[n++] = (uint8_t)((text.ptr[at] - '0') * 10 + text.ptr[at + 1] - '0');
            at += 2;
        } else if (c) {
            symbols[n++] = CODE_B;
            c = false;
        } else if (run >= 4 && run % 2 == 0) {
            symbols[n++] = CODE_C;
            c = true;
        } else {
            symbols[n++] = (uint8_t)(text.ptr[at++] - ' ');
        }
    }
    return n;
}

err_t code128_make(struct slice text, struct code128 *out)
{
    uint8_t symbols[128];
    if (text.len == 0 || text.len > 48 || !text_is_print(text)) return ERR_INVALID;
    size_t n = choose_symbols(text, symbols);
    unsigned sum = symbols[0];
    for (size_t i = 1; i < n; i++)
        sum += (unsigned)i * symbols[i];
    symbols[n++] = (uint8_t)(sum % 103);
    symbols[n++] = STOP;
    struct code128 code = {.count = 0};
    for (size_t i = 0; i < n; i++)
        for (const char *w = patterns[symbols[i]]; *w && code.count < CODE128_WIDTHS_MAX; w++) {
            code.widths[code.count++] = (uint8_t)(*w - '0');
            code.modules += (unsigned)(*w - '0');
        }
    *out = code;
    return ERR_OK;
}
