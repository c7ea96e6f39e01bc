#include <string.h>

#include "firmware/catalogue/catalogue.h"

#define GTIN_DIGITS 14

/* Digits without the blanks and hyphens people print between them. 0: something else is in it, or
 * too many. */
static size_t digits_of(struct slice code, char digits[GTIN_DIGITS])
{
    size_t n = 0;
    for (size_t i = 0; i < code.len; i++) {
        uint8_t c = code.ptr[i];
        if (c == ' ' || c == '-') continue;
        if (c < '0' || c > '9' || n == GTIN_DIGITS) return 0;
        digits[n++] = (char)c;
    }
    return n;
}

/* From the right, weights 1, 3, 1, 3 with the check digit first: the sum is a multiple of 10. */
static bool check_digit_fits(const char *digits, size_t n)
{
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned digit = (unsigned)(digits[n - 1 - i] - '0');
        sum += i % 2 == 0 ? digit : 3 * digit;
    }
    return sum % 10 == 0;
}

static bool all_zeros(const char *digits, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (digits[i] != '0') return false;
    }
    return true;
}

err_t catalogue_gtin(struct slice code, char out[15])
{
    char digits[GTIN_DIGITS];
    size_t n = digits_of(code, digits);
    if (n != 8 && n != 12 && n != 13 && n != 14) return ERR_INVALID;
    if (all_zeros(digits, n) || !check_digit_fits(digits, n)) return ERR_INVALID;
    memset(out, '0', GTIN_DIGITS);
    memcpy(out + GTIN_DIGITS - n, digits, n);
    out[GTIN_DIGITS] = '\0';
    return ERR_OK;
}
