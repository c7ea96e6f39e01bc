/* What a scan says: with and without symbology identifiers and prefixes. */
#include <string.h>

#include "firmware/base/text.h"
#include "firmware/codes/aim.h"
#include "firmware/codes/gtin.h"
#include "firmware/codes/reading.h"
#include "tests/fuzz/fuzz.h"

static const struct reading_rules rules = {.command_prefix = "^P:", .badge_prefix = "^B:"};

static void check_number(const char *number, size_t digits)
{
    struct slice text = slice_text(number);
    if (text.len == 0) return;
    held(text.len == digits && text_is_digits(text));
    held(gtin_check_digit_fits(text));
}

static void check(const struct reading *r, struct slice text)
{
    held(r->kind <= READING_REFUSED);
    held((r->kind == READING_REFUSED) == (r->fault != CODE_OK));
    check_number(r->gtin, 14);
    check_number(r->content, 14);
    check_number(r->sscc, 18);
    held(!(r->either && r->gtin[0]));
    held(r->count >= 0 && r->count < 100000000);
    held(r->weight.value < 1000000 && r->weight.decimals <= 5);
    held(strlen(r->lot) <= 20 && strlen(r->serial) <= 20);
    held(r->rest.len <= text.len);
    if (r->kind == READING_REFUSED) held(!r->gtin[0] && !r->sscc[0] && !r->lot[0]);
}

static void check_dates(const struct reading *r)
{
    struct code_date date;
    const char *const dates[] = {r->expiry, r->best_before, r->produced};
    for (size_t i = 0; i < 3; i++)
        if (dates[i][0]) held(code_date_of(dates[i], 2026, &date));
}

int fuzz_input(const uint8_t *data, size_t size)
{
    struct slice text = slice_of(data, size);
    struct reading r, again;
    char aim[4] = "", printed[GTIN_CAP], folded[GTIN_CAP];
    slice_copy_cut(aim_split(&text), aim, sizeof aim);
    reading_of(&rules, aim, text, &r);
    reading_of(&rules, aim, text, &again);
    held(r.kind == again.kind && r.fault == again.fault && strcmp(r.gtin, again.gtin) == 0);
    check(&r, text);
    check_dates(&r);
    if (!r.gtin[0]) return 0;
    gtin_printed(r.gtin, printed);
    held(gtin_fold(slice_text(printed), folded) == CODE_OK && strcmp(folded, r.gtin) == 0);
    return 0;
}
