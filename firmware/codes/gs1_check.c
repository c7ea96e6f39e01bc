#include "firmware/codes/gs1_check.h"

#include <string.h>

#include "firmware/codes/gtin.h"

#define PREFIX_DIGITS 4 /* the shortest company prefix */
#define IBAN_MIN      11
#define LATITUDE_MAX  1800000000
#define LONGITUDE_MAX 3600000000

typedef enum code_fault check_fn(struct slice v);

static enum code_fault unless(bool right, enum code_fault fault)
{
    return right ? CODE_OK : fault;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* For parts that hold digits alone. At most 10 of them fit. */
static uint64_t number_of(struct slice digits)
{
    uint64_t n = 0;
    for (size_t i = 0; i < digits.len; i++)
        n = n * 10 + (uint64_t)(digits.ptr[i] - '0');
    return n;
}

static bool all_zeros(struct slice v)
{
    for (size_t i = 0; i < v.len; i++)
        if (v.ptr[i] != '0') return false;
    return true;
}

/* ------------------------------------------------------------------------- keys and characters --
 */

static enum code_fault check_mod10(struct slice v)
{
    return unless(gtin_check_digit_fits(v), CODE_CHECK_DIGIT);
}

static bool begins_with_prefix(struct slice v, size_t from)
{
    if (v.len < from + PREFIX_DIGITS) return false;
    for (size_t i = from; i < from + PREFIX_DIGITS; i++)
        if (!is_digit(v.ptr[i])) return false;
    return true;
}

static enum code_fault check_prefix1(struct slice v)
{
    return unless(begins_with_prefix(v, 0), CODE_PREFIX);
}

static enum code_fault check_prefix2(struct slice v)
{
    return unless(begins_with_prefix(v, 1), CODE_PREFIX);
}

static size_t index_in(const char *set, uint8_t c)
{
    const char *at = c ? strchr(set, c) : NULL;
    return at ? (size_t)(at - set) : SIZE_MAX;
}

bool gs1_alpha_fits(struct slice value)
{
    static const char set_82[] = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_"
                                 "abcdefghijklmnopqrstuvwxyz";
    static const char set_32[] = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    static const uint16_t primes[] = {2,  3,  5,  7,  11, 13, 17, 19, 23, 29, 31, 37,
                                      41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83};
    const size_t weights = sizeof primes / sizeof *primes;
    if (value.len < 2 || value.len - 2 > weights) return false;
    size_t body = value.len - 2;
    size_t sum = 0;
    for (size_t i = 0; i < body; i++) {
        size_t at = index_in(set_82, value.ptr[i]);
        if (at == SIZE_MAX) return false;
        sum += at * primes[body - 1 - i];
    }
    sum %= 1021;
    const uint8_t pair[] = {(uint8_t)set_32[sum / 32], (uint8_t)set_32[sum % 32]};
    return memcmp(value.ptr + body, pair, sizeof pair) == 0;
}

static enum code_fault check_alpha(struct slice v)
{
    return unless(gs1_alpha_fits(v), CODE_CHECK_CHARACTERS);
}

static enum code_fault check_percent(struct slice v)
{
    for (size_t i = 0; i < v.len; i++) {
        if (v.ptr[i] != '%') continue;
        if (v.len - i < 3 || hex_digit(v.ptr[i + 1]) < 0 || hex_digit(v.ptr[i + 2]) < 0)
            return CODE_PERCENT;
        i += 2;
    }
    return CODE_OK;
}

static enum code_fault check_nonzero(struct slice v)
{
    return unless(!all_zeros(v), CODE_ZEROS);
}

static enum code_fault check_zero(struct slice v)
{
    return unless(all_zeros(v), CODE_ZERO);
}

static enum code_fault check_nolead(struct slice v)
{
    return unless(v.ptr[0] != '0', CODE_ZERO);
}

static enum code_fault check_nondigit(struct slice v)
{
    for (size_t i = 0; i < v.len; i++)
        if (!is_digit(v.ptr[i])) return CODE_OK;
    return CODE_CHOICE;
}

static enum code_fault check_hyphen(struct slice v)
{
    for (size_t i = 0; i < v.len; i++)
        if (v.ptr[i] != '-') return CODE_CHOICE;
    return CODE_OK;
}

/* ------------------------------------------------------------------------------ dates and times --
 */

static unsigned days_in(unsigned year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

/* The century of a two-digit year matters for 29 February alone, and 00 is read as 2000. */
static bool is_day(struct slice date, size_t year_digits, bool day_may_be_0)
{
    uint64_t n = number_of(date);
    unsigned day = (unsigned)(n % 100);
    unsigned month = (unsigned)(n / 100 % 100);
    unsigned year = (unsigned)(n / 10000) + (year_digits == 2 ? 2000u : 0u);
    if (month < 1 || month > 12) return false;
    return (day >= 1 || day_may_be_0) && day <= days_in(year, month);
}

bool gs1_is_date(struct slice yymmdd)
{
    return yymmdd.len == 6 && is_day(yymmdd, 2, false);
}

static enum code_fault check_date(struct slice v)
{
    return unless(is_day(v, 2, false), CODE_DATE);
}

static enum code_fault check_month(struct slice v)
{
    return unless(is_day(v, 2, true), CODE_DATE);
}

static enum code_fault check_longdate(struct slice v)
{
    return unless(is_day(v, 4, false), CODE_DATE);
}

static enum code_fault check_hour(struct slice v)
{
    return unless(number_of(v) < 24, CODE_TIME);
}

static enum code_fault check_sixty(struct slice v)
{
    return unless(number_of(v) < 60, CODE_TIME);
}

static enum code_fault check_time(struct slice v)
{
    uint64_t n = number_of(v);
    return unless(n / 100 < 24 && n % 100 < 60, CODE_TIME);
}

/* ------------------------------------------------------------------------------------ the lists --
 */

static bool in_bits(const uint8_t *bits, size_t n)
{
    return ((unsigned)bits[n / 8] >> (n % 8) & 1u) != 0;
}

static bool is_country(struct slice v)
{
    return v.len == 3 && in_bits(gs1_country, (size_t)number_of(v));
}

static enum code_fault check_country(struct slice v)
{
    return unless(is_country(v), CODE_COUNTRY);
}

static enum code_fault check_country999(struct slice v)
{
    return unless(slice_is(v, "999") || is_country(v), CODE_COUNTRY);
}

static bool is_country2(const uint8_t *c)
{
    if (c[0] < 'A' || c[0] > 'Z' || c[1] < 'A' || c[1] > 'Z') return false;
    return in_bits(gs1_country2, (size_t)(c[0] - 'A') * 26 + (size_t)(c[1] - 'A'));
}

static enum code_fault check_country2(struct slice v)
{
    return unless(v.len == 2 && is_country2(v.ptr), CODE_COUNTRY);
}

static enum code_fault check_currency(struct slice v)
{
    return unless(v.len == 3 && in_bits(gs1_currency, (size_t)number_of(v)), CODE_CURRENCY);
}

static enum code_fault check_package(struct slice v)
{
    for (size_t i = 0; i < gs1_package_count; i++)
        if (slice_is(v, gs1_package[i])) return CODE_OK;
    return CODE_CHOICE;
}

static enum code_fault check_media(struct slice v)
{
    uint64_t n = number_of(v);
    return unless((n >= 1 && n <= 10) || n >= 80, CODE_CHOICE);
}

static enum code_fault one_of(struct slice v, const char *choices)
{
    return unless(v.len == 1 && index_in(choices, v.ptr[0]) != SIZE_MAX, CODE_CHOICE);
}

static enum code_fault check_sex(struct slice v)
{
    return one_of(v, "0129");
}

static enum code_fault check_flag(struct slice v)
{
    return one_of(v, "01");
}

static enum code_fault check_winding(struct slice v)
{
    return one_of(v, "019");
}

static enum code_fault check_importer(struct slice v)
{
    return unless((gs1_sets[v.ptr[0]] & GS1_SET_B) != 0, CODE_CHARACTER);
}

/* -------------------------------------------------------------------------------------- the rest
 * -- */

static int iban_value(uint8_t c)
{
    if (is_digit(c)) return c - '0';
    return c >= 'A' && c <= 'Z' ? c - 'A' + 10 : -1;
}

/* The country, two check digits, the account; the first four moved to the end are 1 modulo 97. */
static enum code_fault check_iban(struct slice v)
{
    unsigned rest = 0;
    if (v.len < IBAN_MIN || !is_country2(v.ptr)) return CODE_IBAN;
    for (size_t i = 0; i < v.len; i++) {
        int value = iban_value(v.ptr[(i + 4) % v.len]);
        if (value < 0) return CODE_IBAN;
        rest = (rest * (value < 10 ? 10u : 100u) + (unsigned)value) % 97;
    }
    return unless(rest == 1, CODE_IBAN);
}

static enum code_fault check_piece(struct slice v)
{
    uint64_t piece = number_of(slice_sub(v, 0, v.len / 2));
    uint64_t total = number_of(slice_sub(v, v.len / 2, v.len));
    return unless(piece > 0 && piece <= total, CODE_PIECE);
}

/* "1/3": neither begins with a zero, so the longer number is the greater one. */
static enum code_fault check_turn(struct slice v)
{
    size_t slash = slice_find_byte(v, '/');
    struct slice turn = slice_sub(v, 0, slash);
    struct slice of = slice_sub(v, slash + 1, v.len);
    if (turn.len == 0 || of.len == 0 || turn.ptr[0] == '0' || of.ptr[0] == '0') return CODE_PIECE;
    for (size_t i = 0; i < v.len; i++)
        if (i != slash && !is_digit(v.ptr[i])) return CODE_PIECE;
    if (turn.len != of.len) return unless(turn.len < of.len, CODE_PIECE);
    return unless(memcmp(turn.ptr, of.ptr, turn.len) <= 0, CODE_PIECE);
}

static enum code_fault check_latitude(struct slice v)
{
    return unless(number_of(v) <= LATITUDE_MAX, CODE_POSITION);
}

static enum code_fault check_longitude(struct slice v)
{
    return unless(number_of(v) <= LONGITUDE_MAX, CODE_POSITION);
}

static check_fn *const checks[] = {
    [GS1_CHECK_MOD10] = check_mod10,       [GS1_CHECK_ALPHA] = check_alpha,
    [GS1_CHECK_PREFIX1] = check_prefix1,   [GS1_CHECK_PREFIX2] = check_prefix2,
    [GS1_CHECK_DATE] = check_date,         [GS1_CHECK_MONTH] = check_month,
    [GS1_CHECK_LONGDATE] = check_longdate, [GS1_CHECK_TIME] = check_time,
    [GS1_CHECK_HOUR] = check_hour,         [GS1_CHECK_SIXTY] = check_sixty,
    [GS1_CHECK_COUNTRY] = check_country,   [GS1_CHECK_COUNTRY999] = check_country999,
    [GS1_CHECK_COUNTRY2] = check_country2, [GS1_CHECK_CURRENCY] = check_currency,
    [GS1_CHECK_SEX] = check_sex,           [GS1_CHECK_IBAN] = check_iban,
    [GS1_CHECK_PERCENT] = check_percent,   [GS1_CHECK_FLAG] = check_flag,
    [GS1_CHECK_NONZERO] = check_nonzero,   [GS1_CHECK_ZERO] = check_zero,
    [GS1_CHECK_NOLEAD] = check_nolead,     [GS1_CHECK_NONDIGIT] = check_nondigit,
    [GS1_CHECK_WINDING] = check_winding,   [GS1_CHECK_PIECE] = check_piece,
    [GS1_CHECK_TURN] = check_turn,         [GS1_CHECK_IMPORTER] = check_importer,
    [GS1_CHECK_PACKAGE] = check_package,   [GS1_CHECK_MEDIA] = check_media,
    [GS1_CHECK_LATITUDE] = check_latitude, [GS1_CHECK_LONGITUDE] = check_longitude,
    [GS1_CHECK_HYPHEN] = check_hyphen,     [GS1_CHECK_COUPON] = gs1_check_coupon,
    [GS1_CHECK_OFFER] = gs1_check_offer,
};

static enum code_fault check_part(const struct gs1_part *part, struct slice v)
{
    for (size_t i = 0; i < v.len; i++)
        if ((gs1_sets[v.ptr[i]] & part->set) == 0) return CODE_CHARACTER;
    for (size_t i = 0; i < GS1_PART_CHECKS && part->check[i]; i++) {
        enum code_fault fault = checks[part->check[i]](v);
        if (fault) return fault;
    }
    return CODE_OK;
}

enum code_fault gs1_check_value(const struct gs1_ai *ai, struct slice value)
{
    if (value.len == 0) return CODE_VALUE_EMPTY;
    if (value.len > ai->max) return CODE_VALUE_LONG;
    for (size_t i = 0; i < ai->parts; i++) {
        const struct gs1_part *part = &gs1_parts[ai->part + i];
        if (value.len == 0 && part->optional) return CODE_OK;
        if (value.len < part->min) return CODE_VALUE_SHORT;
        size_t len = value.len < part->max ? value.len : part->max;
        enum code_fault fault = check_part(part, slice_sub(value, 0, len));
        if (fault) return fault;
        value = slice_sub(value, len, value.len);
    }
    return CODE_OK;
}
