#include "firmware/codes/reading.h"

#include <assert.h>
#include <string.h>

#include "firmware/base/text.h"
#include "firmware/codes/aim.h"
#include "firmware/codes/gtin.h"
#include "firmware/codes/link.h"
#include "firmware/limits.h"

#define SSCC_SCANNED 20 /* "00" and the number, from scanners without identifiers */

static_assert(READING_GTIN_CAP == GTIN_CAP, "one size of GTIN");

static void refuse(struct reading *out, enum code_fault fault)
{
    out->kind = READING_REFUSED;
    out->fault = fault;
}

/* --------------------------------------------------------------------------------- element strings
 * -- */

static void copy(const struct gs1 *g, gs1_id id, char *out, size_t cap)
{
    slice_copy_cut(gs1_find(g, id), out, cap);
}

static int64_t number_of(struct slice digits)
{
    int64_t n = 0;
    for (size_t i = 0; i < digits.len; i++)
        n = n * 10 + (digits.ptr[i] - '0');
    return n;
}

static struct reading_weight weight_of(const struct gs1 *g)
{
    for (size_t i = 0; i < g->count; i++) {
        gs1_id id = g->element[i].id;
        if (id < GS1_NET_WEIGHT || id > GS1_NET_WEIGHT + 5) continue;
        return (struct reading_weight){.value = (int32_t)number_of(gs1_value(g, i)),
                                       .decimals = (uint8_t)(id - GS1_NET_WEIGHT)};
    }
    return (struct reading_weight){.value = -1};
}

static void fill(const struct gs1 *g, struct reading *out)
{
    out->kind = READING_ELEMENTS;
    copy(g, GS1_GTIN, out->gtin, sizeof out->gtin);
    copy(g, GS1_SSCC, out->sscc, sizeof out->sscc);
    copy(g, GS1_CONTENT, out->content, sizeof out->content);
    copy(g, GS1_LOT, out->lot, sizeof out->lot);
    copy(g, GS1_SERIAL, out->serial, sizeof out->serial);
    copy(g, GS1_EXPIRY, out->expiry, sizeof out->expiry);
    if (!out->expiry[0]) copy(g, GS1_EXPIRY_TIME, out->expiry, sizeof out->expiry);
    copy(g, GS1_BEST_BEFORE, out->best_before, sizeof out->best_before);
    copy(g, GS1_PRODUCED, out->produced, sizeof out->produced);
    out->count = number_of(gs1_find(g, out->content[0] ? GS1_COUNT : GS1_COUNT_OF));
    out->weight = weight_of(g);
    gs1_id_text(g->missing, out->waits_for);
}

static void settle(const struct gs1 *g, bool valid, struct reading *out)
{
    if (valid) {
        fill(g, out);
        return;
    }
    refuse(out, g->fault);
    gs1_id_text(g->fault_id, out->ai);
}

/* ------------------------------------------------------------------------------------ plain text
 * -- */

static bool looks_bracketed(struct slice text)
{
    gs1_id id = 0;
    if (text.len < 5 || text.ptr[0] != '(') return false;
    return gs1_ai_of(slice_sub(text, 1, slice_find_byte(text, ')')), &id) != NULL;
}

static bool looks_like_sscc(struct slice text)
{
    return text.len == SSCC_SCANNED && text.ptr[0] == '0' && text.ptr[1] == '0' &&
           text_is_digits(text) && gtin_check_digit_fits(text) && number_of(text) != 0;
}

/* A number that is none stays a text: it may be a reference. */
static void fold(bool identified, struct slice text, struct reading *out)
{
    enum code_fault fault = !identified && text.len == 8 ? gtin_from_eight(text, out->gtin)
                                                         : gtin_fold(text, out->gtin);
    out->either = fault == CODE_EITHER;
}

static void take_plain(bool identified, struct slice text, struct gs1 *g, struct reading *out)
{
    bool separated = !identified && slice_find_byte(text, GS1_SEPARATOR) < text.len;
    if (link_is_address(text)) {
        bool valid = link_read(g, text);
        if (!valid && g->fault == CODE_LINK_NO_KEY) return;
        settle(g, valid, out);
    } else if (separated) {
        settle(g, gs1_read(g, text), out);
    } else if (looks_bracketed(text)) {
        settle(g, gs1_read_brackets(g, text), out);
    } else if (!identified && looks_like_sscc(text)) {
        slice_copy_cut(slice_sub(text, 2, text.len), out->sscc, sizeof out->sscc);
    } else {
        fold(identified, text, out);
    }
}

/* --------------------------------------------------------------------------------- retail symbols
 * -- */

static enum code_fault take_ean13(struct slice text, char gtin[GTIN_CAP])
{
    if (text.len == 13 || text.len == 12) return gtin_fold(text, gtin);
    return gtin_from_upce(text, gtin);
}

static struct slice without_add_on(struct slice text)
{
    return text.len == 15 || text.len == 18 ? slice_sub(text, 0, 13) : text;
}

static enum code_fault exactly(size_t len, struct slice text, char gtin[GTIN_CAP])
{
    return text.len == len ? gtin_fold(text, gtin) : CODE_DIGITS;
}

static void take_by_symbology(enum aim_data data, struct slice text, struct gs1 *g,
                              struct reading *out)
{
    enum code_fault fault = CODE_OK;
    switch (data) {
    case AIM_GS1:
        settle(g, gs1_read(g, text), out);
        return;
    case AIM_NONE:
    case AIM_PLAIN:
    case AIM_NOT_CODE:
        take_plain(data != AIM_NONE, text, g, out);
        return;
    case AIM_EAN13:
        fault = take_ean13(text, out->gtin);
        break;
    case AIM_EAN13_MORE:
        fault = take_ean13(without_add_on(text), out->gtin);
        break;
    case AIM_EAN8:
        fault = exactly(8, text, out->gtin);
        break;
    case AIM_ITF:
        fault = exactly(14, text, out->gtin);
        break;
    case AIM_ADD_ON:
        fault = CODE_ADD_ON;
        break;
    case AIM_UNKNOWN:
        fault = CODE_SYMBOLOGY;
        break;
    }
    if (fault) refuse(out, fault);
}

/* ------------------------------------------------------------------------------------ the reading
 * -- */

static bool has_prefix(struct slice text, const char *prefix, struct slice *rest)
{
    if (!prefix || !prefix[0] || !slice_starts(text, prefix)) return false;
    *rest = slice_sub(text, strlen(prefix), text.len);
    return true;
}

static enum code_fault judge_bytes(struct slice text)
{
    if (text.len == 0) return CODE_EMPTY;
    if (text.len > SCAN_MAX) return CODE_TOO_LONG;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if ((c < 0x20 && c != GS1_SEPARATOR) || c == 0x7F) return CODE_CONTROL;
    }
    return text_is_utf8(text) ? CODE_OK : CODE_NOT_UTF8;
}

void reading_take(const struct reading_rules *rules, const char *aim, struct slice text,
                  struct gs1 *elements, struct reading *out)
{
    *out = (struct reading){.kind = READING_TEXT, .weight.value = -1};
    enum code_fault fault = judge_bytes(text);
    if (fault)
        refuse(out, fault);
    else if (has_prefix(text, rules->command_prefix, &out->rest))
        out->kind = READING_COMMAND;
    else if (has_prefix(text, rules->badge_prefix, &out->rest))
        out->kind = READING_BADGE;
    else
        take_by_symbology(aim_of(aim).data, text, elements, out);
}

void reading_of(const struct reading_rules *rules, const char *aim, struct slice text,
                struct reading *out)
{
    struct gs1 elements;
    gs1_begin(&elements);
    reading_take(rules, aim, text, &elements, out);
}

/* ------------------------------------------------------------------------------------------ dates
 * -- */

static int century_of(int yy, int year_now)
{
    int apart = yy - year_now % 100;
    int century = year_now / 100;
    if (apart >= 51) return century - 1;
    return apart <= -50 ? century + 1 : century;
}

static int days_in(int year, int month)
{
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

bool code_date_of(const char *yymmdd, int year_now, struct code_date *out)
{
    struct slice text = slice_text(yymmdd);
    if (text.len != 6 || !text_is_digits(text)) return false;
    int n = (int)number_of(text);
    int year = century_of(n / 10000, year_now) * 100 + n / 10000;
    int month = n / 100 % 100, day = n % 100;
    if (month < 1 || month > 12 || day > days_in(year, month)) return false;
    if (day == 0) day = days_in(year, month);
    *out = (struct code_date){(int16_t)year, (int8_t)month, (int8_t)day};
    return true;
}

int code_date_compare(struct code_date a, struct code_date b)
{
    if (a.year != b.year) return a.year < b.year ? -1 : 1;
    if (a.month != b.month) return a.month < b.month ? -1 : 1;
    return (a.day > b.day) - (a.day < b.day);
}
