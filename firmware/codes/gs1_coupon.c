/* North American coupons: digits in fields whose lengths stand before them. */
#include "firmware/codes/gs1_check.h"

/* What is left to read. `bad` stays set. */
struct coupon {
    struct slice rest;
    bool bad;
};

static struct slice take(struct coupon *c, size_t len)
{
    struct slice field = slice_sub(c->rest, 0, len);
    if (field.len < len) c->bad = true;
    c->rest = slice_sub(c->rest, len, c->rest.len);
    return field;
}

/* A digit of [low, high]; low - 1 and `bad` when there is none. */
static int digit(struct coupon *c, int low, int high)
{
    struct slice one = take(c, 1);
    int n = one.len ? one.ptr[0] - '0' : -1;
    if (n < low || n > high) c->bad = true;
    return c->bad ? low - 1 : n;
}

static bool next_is(const struct coupon *c, uint8_t field)
{
    return !c->bad && c->rest.len > 0 && c->rest.ptr[0] == field;
}

/* A field of low..high digits more than `least`, counted by the digit before it. */
static void counted(struct coupon *c, int low, int high, size_t least)
{
    int n = digit(c, low, high);
    if (!c->bad) (void)take(c, (size_t)n + least);
}

static void requirement(struct coupon *c)
{
    counted(c, 1, 5, 0);
    int code = digit(c, 0, 9);
    if (code > 4 && code != 9) c->bad = true;
    (void)take(c, 3); /* the family */
}

/* The further item's company prefix; 9 stands for the one before. */
static void other_prefix(struct coupon *c)
{
    int n = digit(c, 0, 9);
    if (n > 6 && n != 9) c->bad = true;
    if (!c->bad && n != 9) (void)take(c, (size_t)n + 6);
}

static void second_item(struct coupon *c)
{
    if (!next_is(c, '1')) return;
    (void)take(c, 1);
    (void)digit(c, 0, 3); /* how the items combine */
    requirement(c);
    other_prefix(c);
}

static void third_item(struct coupon *c)
{
    if (!next_is(c, '2')) return;
    (void)take(c, 1);
    requirement(c);
    other_prefix(c);
}

static struct slice date(struct coupon *c, uint8_t field)
{
    if (!next_is(c, field)) return SLICE_NONE;
    (void)take(c, 1);
    struct slice day = take(c, 6);
    if (!gs1_is_date(day)) c->bad = true;
    return day;
}

static void dates(struct coupon *c)
{
    struct slice ends = date(c, '3');
    struct slice begins = date(c, '4');
    if (c->bad || ends.len == 0) return;
    for (size_t i = 0; i < begins.len; i++) {
        if (begins.ptr[i] == ends.ptr[i]) continue;
        if (begins.ptr[i] > ends.ptr[i]) c->bad = true;
        return;
    }
}

static void extras(struct coupon *c)
{
    if (next_is(c, '5')) {
        (void)take(c, 1);
        counted(c, 0, 9, 6); /* serial number */
    }
    if (next_is(c, '6')) {
        (void)take(c, 1);
        counted(c, 1, 7, 6); /* the retailer */
    }
    if (!next_is(c, '9')) return;
    (void)take(c, 1);
    int value = digit(c, 0, 6);
    if (value == 3 || value == 4) c->bad = true;
    (void)digit(c, 0, 2); /* which item it is taken off */
    (void)digit(c, 0, 9); /* store coupon */
    (void)digit(c, 0, 1); /* may be doubled */
}

static bool all_digits(struct slice v)
{
    for (size_t i = 0; i < v.len; i++)
        if (v.ptr[i] < '0' || v.ptr[i] > '9') return false;
    return true;
}

static enum code_fault verdict(const struct coupon *c)
{
    return c->bad || c->rest.len > 0 ? CODE_COUPON : CODE_OK;
}

enum code_fault gs1_check_coupon(struct slice value)
{
    struct coupon c = {.rest = value};
    if (!all_digits(value)) return CODE_NOT_DIGITS;
    counted(&c, 0, 6, 6); /* company prefix */
    (void)take(&c, 6);    /* offer */
    counted(&c, 1, 5, 0); /* what is saved */
    requirement(&c);
    second_item(&c);
    third_item(&c);
    dates(&c);
    extras(&c);
    return verdict(&c);
}

enum code_fault gs1_check_offer(struct slice value)
{
    struct coupon c = {.rest = value};
    if (!all_digits(value)) return CODE_NOT_DIGITS;
    (void)digit(&c, 0, 1); /* form */
    counted(&c, 0, 6, 6);  /* who pays */
    (void)take(&c, 6);     /* offer */
    counted(&c, 0, 9, 6);  /* serial number */
    return verdict(&c);
}
