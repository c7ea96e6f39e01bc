#include "firmware/codes/gtin.h"

#include <string.h>

#define GTIN_DIGITS 14
#define UPCA_DIGITS 12

static bool all_digits(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9') return false;
    return s.len > 0;
}

/* From the right, weights 1, 3, 1, 3 with the check digit first. */
static unsigned weighted_sum(struct slice digits)
{
    unsigned sum = 0, weight = 1;
    for (size_t i = digits.len; i > 0; i--) {
        sum += weight * (unsigned)(digits.ptr[i - 1] - '0');
        weight = 4 - weight;
    }
    return sum;
}

bool gtin_check_digit_fits(struct slice digits)
{
    return all_digits(digits) && weighted_sum(digits) % 10 == 0;
}

static bool all_zeros(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] != '0') return false;
    return true;
}

enum code_fault gtin_fold(struct slice digits, char out[GTIN_CAP])
{
    if (!all_digits(digits)) return digits.len ? CODE_NOT_DIGITS : CODE_DIGITS;
    if (digits.len != 8 && (digits.len < UPCA_DIGITS || digits.len > GTIN_DIGITS))
        return CODE_DIGITS;
    if (weighted_sum(digits) % 10 != 0) return CODE_CHECK_DIGIT;
    if (all_zeros(digits)) return CODE_ZEROS;
    memset(out, '0', GTIN_DIGITS - digits.len);
    memcpy(out + GTIN_DIGITS - digits.len, digits.ptr, digits.len);
    out[GTIN_DIGITS] = '\0';
    return CODE_OK;
}

enum code_fault gtin_fold_written(struct slice text, char out[GTIN_CAP])
{
    uint8_t digits[GTIN_DIGITS];
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c == ' ' || c == '-') continue;
        if (n == GTIN_DIGITS) return CODE_DIGITS;
        digits[n++] = c;
    }
    return gtin_fold(slice_of(digits, n), out);
}

/* ----------------------------------------------------------------------------------------- UPC-E
 * -- */

/* Where each of the six digits stands in UPC-A, from its second place on; by the last of them. */
static void expand(const uint8_t *six, uint8_t upca[UPCA_DIGITS])
{
    static const struct {
        uint8_t from_left; /* digits that come first */
        uint8_t gap;       /* zeros behind them */
    } forms[] = {{2, 4}, {2, 4}, {2, 4}, {3, 5}, {4, 5}, {5, 4}, {5, 4}, {5, 4}, {5, 4}, {5, 4}};
    uint8_t last = (uint8_t)(six[5] - '0');
    size_t left = forms[last].from_left, n = 1;
    memcpy(upca + n, six, left);
    n += left;
    if (last <= 2) upca[n++] = six[5];
    memset(upca + n, '0', forms[last].gap);
    n += forms[last].gap;
    memcpy(upca + n, six + left, 5 - left);
    n += 5 - left;
    if (last >= 5) upca[n++] = six[5];
}

static uint8_t check_digit_for(uint8_t upca[UPCA_DIGITS])
{
    upca[UPCA_DIGITS - 1] = '0';
    return (uint8_t)('0' + (10 - weighted_sum(slice_of(upca, UPCA_DIGITS)) % 10) % 10);
}

enum code_fault gtin_from_upce(struct slice digits, char out[GTIN_CAP])
{
    uint8_t upca[UPCA_DIGITS] = {'0'};
    if (!all_digits(digits)) return digits.len ? CODE_NOT_DIGITS : CODE_DIGITS;
    if (digits.len != 6 && digits.len != 8) return CODE_DIGITS;
    bool bare = digits.len == 6;
    if (!bare && digits.ptr[0] > '1') return CODE_CHOICE;
    if (!bare) upca[0] = digits.ptr[0];
    expand(bare ? digits.ptr : digits.ptr + 1, upca);
    uint8_t check = check_digit_for(upca);
    if (!bare && digits.ptr[7] != check) return CODE_CHECK_DIGIT;
    upca[UPCA_DIGITS - 1] = check;
    return gtin_fold(slice_of(upca, UPCA_DIGITS), out);
}

enum code_fault gtin_from_eight(struct slice digits, char out[GTIN_CAP])
{
    char expanded[GTIN_CAP];
    if (digits.len != 8) return CODE_DIGITS;
    bool upce = gtin_from_upce(digits, expanded) == CODE_OK;
    if (upce && gtin_check_digit_fits(digits)) return CODE_EITHER;
    if (!upce) return gtin_fold(digits, out);
    memcpy(out, expanded, GTIN_CAP);
    return CODE_OK;
}

void gtin_printed(const char *gtin, char out[GTIN_CAP])
{
    static const uint8_t dropped[] = {6, 2, 1};
    size_t zeros = strspn(gtin, "0"), from = 0;
    for (size_t i = 0; i < sizeof dropped && from == 0; i++)
        if (zeros >= dropped[i]) from = dropped[i];
    slice_copy_cut(slice_text(gtin + from), out, GTIN_CAP);
}

int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}
