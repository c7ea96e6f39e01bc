#include "firmware/mapping/tracking.h"

#include <string.h>

#include "firmware/base/text.h"

#define LENGTH_MIN 6
#define LENGTH_MAX 40

static const char wrong_check[] = "its check digit is wrong";
static const char wrong_form[] = "it has not the form of this carrier's numbers";

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_upper(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}

/* # digit, @ capital letter, ? either, others themselves. */
static bool fits(struct slice s, const char *form)
{
    size_t len = strlen(form);
    if (s.len != len) return false;
    for (size_t i = 0; i < len; i++) {
        bool ok = form[i] == '#'   ? is_digit(s.ptr[i])
                  : form[i] == '@' ? is_upper(s.ptr[i])
                  : form[i] == '?' ? is_digit(s.ptr[i]) || is_upper(s.ptr[i])
                                   : s.ptr[i] == (uint8_t)form[i];
        if (!ok) return false;
    }
    return true;
}

static unsigned digit(struct slice s, size_t at)
{
    return at < s.len ? (unsigned)(s.ptr[at] - '0') : 0;
}

/* --------------------------------------------------------------------------------- check digits --
 */

/* The digit before the country: weights 8 6 4 2 3 5 9 7, modulo 11. */
static bool s10_checks(struct slice s)
{
    static const unsigned weights[8] = {8, 6, 4, 2, 3, 5, 9, 7};
    unsigned sum = 0;
    for (size_t i = 0; i < 8; i++) {
        sum += weights[i] * digit(s, 2 + i);
    }
    unsigned r = sum % 11;
    unsigned check = r == 0 ? 5 : r == 1 ? 0 : 11 - r;
    return digit(s, 10) == check;
}

/* Modulo 10 with the last digit as check; every second digit counts `often` times. */
static bool mod10_checks(struct slice s, unsigned often)
{
    unsigned sum = 0;
    for (size_t i = 1; i < s.len; i++) {
        sum += digit(s, s.len - 1 - i) * (i % 2 == 1 ? often : 1);
    }
    return (10 - sum % 10) % 10 == digit(s, s.len - 1);
}

/* Letters count as digits: A is 2, B is 3 and on, modulo 10. The second, fourth and on count twice.
 */
static bool ups_checks(struct slice s)
{
    unsigned sum = 0;
    for (size_t i = 2; i + 1 < s.len; i++) {
        unsigned n = is_digit(s.ptr[i]) ? digit(s, i) : (unsigned)(s.ptr[i] - 'A' + 2) % 10;
        sum += i % 2 == 1 ? 2 * n : n;
    }
    return is_digit(s.ptr[s.len - 1]) && (10 - sum % 10) % 10 == digit(s, s.len - 1);
}

/* Weights 3 1 7 from the left, modulo 11, then modulo 10. */
static bool fedex12_checks(struct slice s)
{
    static const unsigned weights[3] = {3, 1, 7};
    unsigned sum = 0;
    for (size_t i = 0; i < 11; i++) {
        sum += weights[i % 3] * digit(s, i);
    }
    return sum % 11 % 10 == digit(s, 11);
}

/* The number without its last digit, modulo 7. */
static bool dhl_checks(struct slice s)
{
    unsigned rest = 0;
    for (size_t i = 0; i + 1 < s.len; i++) {
        rest = (rest * 10 + digit(s, i)) % 7;
    }
    return rest == digit(s, s.len - 1);
}

static unsigned value36(uint8_t c)
{
    return is_digit(c) ? (unsigned)(c - '0') : (unsigned)(c - 'A' + 10);
}

/* ISO 7064 modulo 37,36; the last character checks. */
static bool iso7064_checks(struct slice s)
{
    unsigned rest = 36;
    for (size_t i = 0; i + 1 < s.len; i++) {
        rest = (rest + value36(s.ptr[i])) % 36;
        if (rest == 0) rest = 36;
        rest = rest * 2 % 37;
    }
    return (rest + value36(s.ptr[s.len - 1])) % 36 == 1;
}

/* --------------------------------------------------------------------------------------- shapes --
 */

static const char *s10_fault(struct slice s)
{
    if (!fits(s, "@@#########@@")) return wrong_form;
    return s10_checks(s) ? NULL : wrong_check;
}

static const char *royalmail_fault(struct slice s)
{
    if (!fits(s, "@@#########GB")) return wrong_form;
    return s10_checks(s) ? NULL : wrong_check;
}

static const char *ups_fault(struct slice s)
{
    if (!fits(s, "1Z????????????????")) return wrong_form;
    return ups_checks(s) ? NULL : wrong_check;
}

static const char *fedex_fault(struct slice s)
{
    if (!text_is_digits(s)) return wrong_form;
    if (s.len == 12) return fedex12_checks(s) ? NULL : wrong_check;
    if (s.len == 34) return fedex12_checks(slice_sub(s, 22, 34)) ? NULL : wrong_check;
    if (s.len == 15) return mod10_checks(s, 3) ? NULL : wrong_check;
    if (s.len == 22 && slice_starts(s, "96"))
        return mod10_checks(slice_sub(s, 7, 22), 3) ? NULL : wrong_check;
    return wrong_form;
}

/* "JD" or "JJD" pieces have no check digit. */
static const char *dhl_fault(struct slice s)
{
    size_t letters = 0;
    while (letters < s.len && is_upper(s.ptr[letters])) {
        letters++;
    }
    size_t digits = s.len - letters;
    if (letters > 1 && letters <= 4 && s.ptr[0] == 'J')
        return digits >= 9 && digits <= 20 && text_is_digits(slice_sub(s, letters, s.len))
                   ? NULL
                   : wrong_form;
    if (!text_is_digits(s) || (s.len != 10 && s.len != 11)) return wrong_form;
    return dhl_checks(s) ? NULL : wrong_check;
}

/* 14 digits; with their check character; or the routing barcode around them. */
static const char *dpd_fault(struct slice s)
{
    if (fits(s, "##############")) return NULL;
    if (fits(s, "##############?")) return iso7064_checks(s) ? NULL : wrong_check;
    return fits(s, "????????##############??????") ? NULL : wrong_form;
}

static const char *yodel_fault(struct slice s)
{
    return fits(s, "JD################") || fits(s, "JJD################") ? NULL : wrong_form;
}

/* 20 or 22 digits, also behind 420 and the ZIP code. */
static const char *usps_fault(struct slice s)
{
    if (fits(s, "@@#########US")) return s10_checks(s) ? NULL : wrong_check;
    if (!text_is_digits(s)) return wrong_form;
    if (slice_starts(s, "420") && (s.len == 30 || s.len == 28)) s = slice_sub(s, 8, s.len);
    if (slice_starts(s, "420") && (s.len == 34 || s.len == 32)) s = slice_sub(s, 12, s.len);
    if (s.len != 20 && s.len != 22) return wrong_form;
    return mod10_checks(s, 3) ? NULL : wrong_check;
}

static const char *gls8_fault(struct slice s)
{
    return fits(s, "????????") ? NULL : wrong_form;
}

static const struct {
    const char *name;
    const char *(*fault)(struct slice number);
} shapes[] = {
    {"s10", s10_fault},     {"royalmail", royalmail_fault},
    {"ups", ups_fault},     {"fedex", fedex_fault},
    {"dhl", dhl_fault},     {"dpd", dpd_fault},
    {"yodel", yodel_fault}, {"usps", usps_fault},
    {"gls8", gls8_fault},
};

static const char *plausible_fault(struct slice s)
{
    bool same = true;
    for (size_t i = 1; i < s.len; i++) {
        if (s.ptr[i] != s.ptr[0]) same = false;
    }
    if (s.len < LENGTH_MIN || s.len > LENGTH_MAX) return "it is not 6 to 40 characters long";
    if (!text_is_print(s)) return "it holds characters that cannot be printed";
    return same ? "all its characters are the same" : NULL;
}

err_t tracking_shape(struct slice shape, struct slice number, const char **out_fault)
{
    char form[TRACKING_CAP];
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        if (!slice_is(shape, shapes[i].name)) continue;
        *out_fault = shapes[i].fault(number);
        return ERR_OK;
    }
    bool own = slice_find_byte(shape, '#') < shape.len || slice_find_byte(shape, '?') < shape.len;
    if (!own || slice_copy(shape, form, sizeof form) != ERR_OK) return ERR_NOTFOUND;
    *out_fault = fits(number, form) ? NULL : wrong_form;
    return ERR_OK;
}

/* Printed numbers come in groups. */
static bool without_blanks(struct slice s, struct buf *out)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] != ' ') buf_byte(out, s.ptr[i]);
    }
    return !out->overflow;
}

const char *tracking_fault(const struct config_carrier *carrier, struct slice number)
{
    uint8_t room[TRACKING_CAP];
    struct buf bare = buf_over(room, sizeof room);
    const char *fault = NULL;
    if (!without_blanks(number, &bare)) return "it is too long";
    struct slice s = buf_slice(&bare);
    const char *general = plausible_fault(s);
    if (general != NULL || carrier == NULL) return general;
    for (size_t i = 0; i < CONFIG_FORMATS_MAX && carrier->tracking[i][0] != '\0'; i++) {
        const char *one = NULL;
        if (tracking_shape(slice_text(carrier->tracking[i]), s, &one) != ERR_OK) continue;
        if (one == NULL) return NULL;
        if (fault == NULL || one == wrong_check) fault = one;
    }
    return fault;
}

err_t tracking_link(const struct config_carrier *carrier, struct slice number, struct buf *out)
{
    struct slice form = slice_text(carrier == NULL ? "" : carrier->link);
    struct slice mark = SLICE("{tracking}");
    uint8_t room[TRACKING_CAP];
    struct buf bare = buf_over(room, sizeof room);
    size_t at = slice_find(form, mark);
    if (form.len == 0 || at == form.len) return ERR_OK;
    if (!without_blanks(number, &bare)) return ERR_NOSPACE;
    buf_put(out, slice_sub(form, 0, at));
    text_percent(out, buf_slice(&bare));
    buf_put(out, slice_sub(form, at + mark.len, form.len));
    return out->overflow ? ERR_NOSPACE : ERR_OK;
}
