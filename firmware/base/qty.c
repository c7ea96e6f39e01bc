#include "firmware/base/qty.h"

#include <assert.h>
#include <stdio.h>

#include "firmware/base/text.h"

#define FRACTION_DIGITS 3

/* Thousandths of ".fff000": digits past the third must be zero. */
static err_t fraction_milli(struct slice digits, int64_t *out)
{
    int64_t milli = 0;
    int64_t place = 100;
    for (size_t i = 0; i < digits.len; i++) {
        int64_t d = digits.ptr[i] - '0';
        if (i >= FRACTION_DIGITS && d != 0) return ERR_PROTO;
        milli += d * place;
        place /= 10;
    }
    *out = milli;
    return ERR_OK;
}

err_t qty_parse(struct slice text, qty_t *out)
{
    size_t point = slice_find_byte(text, '.');
    int64_t units = 0;
    err_t e = text_int(slice_sub(text, 0, point), 0, QTY_MAX_MILLI / 1000, &units);
    if (e) return e;
    int64_t milli = 0;
    if (point < text.len) {
        struct slice fraction = slice_sub(text, point + 1, text.len);
        if (!text_is_digits(fraction)) return ERR_PROTO;
        e = fraction_milli(fraction, &milli);
        if (e) return e;
    }
    milli += units * 1000;
    if (milli > QTY_MAX_MILLI) return ERR_PROTO;
    *out = (qty_t){milli};
    return ERR_OK;
}

const char *qty_text(qty_t q, char *out)
{
    assert(q.milli >= 0 && q.milli <= QTY_MAX_MILLI);
    int n = snprintf(out, QTY_TEXT_CAP, "%lld.%03lld", (long long)(q.milli / 1000),
                     (long long)(q.milli % 1000));
    assert(n > 4 && n < QTY_TEXT_CAP);
    while (out[n - 1] == '0') {
        n--;
    }
    if (out[n - 1] == '.') n--;
    out[n] = '\0';
    return out;
}

bool qty_is_whole(qty_t q)
{
    return q.milli % 1000 == 0;
}
