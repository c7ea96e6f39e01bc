#include "firmware/base/clock.h"

#include <assert.h>
#include <stdio.h>

#include "firmware/base/text.h"

#define DAY_MS INT64_C(86400000)

mono_t mono_plus(mono_t t, int64_t ms)
{
    if (ms > 0 && t.ms > INT64_MAX - ms) return MONO_NEVER;
    if (ms < 0 && t.ms < INT64_MIN - ms) return (mono_t){INT64_MIN};
    return (mono_t){t.ms + ms};
}

bool mono_reached(mono_t now, mono_t deadline)
{
    return now.ms >= deadline.ms;
}

mono_t mono_earlier(mono_t a, mono_t b)
{
    return a.ms <= b.ms ? a : b;
}

struct date {
    int64_t year;
    int64_t month; /* 1..12 */
    int64_t day;   /* 1..31 */
};

/* Days since 1970-01-01 of a proleptic Gregorian date, counting years from March so that the leap
 * day is the last of its year. */
static int64_t days_of(struct date d)
{
    int64_t y = d.month <= 2 ? d.year - 1 : d.year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t month = (d.month + 9) % 12;
    int64_t day_of_year = (153 * month + 2) / 5 + d.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static struct date date_of(int64_t days)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t month = (5 * doy + 2) / 153;
    struct date d = {.day = doy - (153 * month + 2) / 5 + 1};
    d.month = month < 10 ? month + 3 : month - 9;
    d.year = yoe + era * 400 + (d.month <= 2 ? 1 : 0);
    return d;
}

#define YEAR_MIN 1
#define YEAR_MAX 9999

const char *clock_iso(int64_t wall_ms, char *out)
{
    int64_t first = days_of((struct date){YEAR_MIN, 1, 1}) * DAY_MS;
    int64_t last = days_of((struct date){YEAR_MAX + 1, 1, 1}) * DAY_MS - 1;
    wall_ms = wall_ms < first ? first : wall_ms > last ? last : wall_ms;
    int64_t days = wall_ms >= 0 ? wall_ms / DAY_MS : -((DAY_MS - 1 - wall_ms) / DAY_MS);
    struct date d = date_of(days);
    int64_t rest = wall_ms - days * DAY_MS;
    assert(rest >= 0 && rest < DAY_MS);
    int n = snprintf(out, CLOCK_ISO_CAP, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", (int)d.year,
                     (int)d.month, (int)d.day, (int)(rest / 3600000), (int)(rest / 60000 % 60),
                     (int)(rest / 1000 % 60), (int)(rest % 1000));
    assert(n > 0 && n < CLOCK_ISO_CAP);
    return out;
}

/* Reading proceeds through the text; the first wrong byte clears `ok` and it stays so. */
struct reader {
    struct slice rest;
    bool ok;
};

static int64_t take_number(struct reader *r, size_t digits, int64_t min, int64_t max)
{
    int64_t n = min;
    struct slice part = slice_sub(r->rest, 0, digits);
    bool good = part.len == digits && text_is_digits(part) && !text_int(part, min, max, &n);
    r->ok = r->ok && good;
    r->rest = slice_sub(r->rest, digits, r->rest.len);
    return n;
}

static bool take_byte_if(struct reader *r, const char *any_of)
{
    struct slice set = slice_text(any_of);
    if (r->rest.len == 0 || slice_find_byte(set, r->rest.ptr[0]) == set.len) return false;
    r->rest = slice_sub(r->rest, 1, r->rest.len);
    return true;
}

static void take_byte(struct reader *r, const char *any_of)
{
    if (!take_byte_if(r, any_of)) r->ok = false;
}

static bool date_exists(struct date d)
{
    struct date back = date_of(days_of(d));
    return back.year == d.year && back.month == d.month && back.day == d.day;
}

/* Fraction after the point, cut to milliseconds. */
static int64_t take_fraction(struct reader *r)
{
    int64_t ms = 0;
    int64_t place = 100;
    size_t digits = 0;
    while (digits < r->rest.len && r->rest.ptr[digits] >= '0' && r->rest.ptr[digits] <= '9') {
        ms += (r->rest.ptr[digits] - '0') * place;
        place /= 10;
        digits++;
    }
    if (digits == 0 || digits > 9) r->ok = false;
    r->rest = slice_sub(r->rest, digits, r->rest.len);
    return ms;
}

static int64_t take_time(struct reader *r)
{
    int64_t hour = take_number(r, 2, 0, 23);
    take_byte(r, ":");
    int64_t minute = take_number(r, 2, 0, 59);
    take_byte(r, ":");
    int64_t second = take_number(r, 2, 0, 60);
    int64_t ms = take_byte_if(r, ".,") ? take_fraction(r) : 0;
    return ((hour * 60 + minute) * 60 + second) * 1000 + ms;
}

/* Milliseconds to subtract to reach UTC. */
static int64_t take_zone(struct reader *r)
{
    if (take_byte_if(r, "Zz")) return 0;
    bool west = r->rest.len > 0 && r->rest.ptr[0] == '-';
    take_byte(r, "+-");
    int64_t hour = take_number(r, 2, 0, 23);
    int64_t minute = 0;
    if (take_byte_if(r, ":") || r->rest.len > 0) minute = take_number(r, 2, 0, 59);
    int64_t ms = (hour * 60 + minute) * 60000;
    return west ? -ms : ms;
}

err_t clock_parse(struct slice text, int64_t *out_wall_ms)
{
    struct reader r = {text, true};
    struct date d = {.year = take_number(&r, 4, YEAR_MIN, YEAR_MAX)};
    take_byte(&r, "-");
    d.month = take_number(&r, 2, 1, 12);
    take_byte(&r, "-");
    d.day = take_number(&r, 2, 1, 31);
    int64_t ms = 0;
    if (r.rest.len > 0) {
        take_byte(&r, "Tt ");
        ms = take_time(&r);
        ms -= take_zone(&r);
    }
    if (!r.ok || r.rest.len > 0 || !date_exists(d)) return ERR_PROTO;
    *out_wall_ms = days_of(d) * DAY_MS + ms;
    return ERR_OK;
}

static const char MONTHS[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static int64_t take_month(struct reader *r)
{
    struct slice name = slice_sub(r->rest, 0, 3);
    r->rest = slice_sub(r->rest, 3, r->rest.len);
    for (size_t i = 0; i < 12; i++) {
        if (slice_is(name, MONTHS[i])) return (int64_t)i + 1;
    }
    r->ok = false;
    return 1;
}

err_t clock_parse_http(struct slice text, int64_t *out_wall_ms)
{
    size_t comma = slice_find_byte(text, ',');
    if (comma != 3) return ERR_PROTO;
    struct reader r = {slice_sub(text, comma + 1, text.len), true};
    take_byte(&r, " ");
    struct date d = {.day = take_number(&r, 2, 1, 31)};
    take_byte(&r, " ");
    d.month = take_month(&r);
    take_byte(&r, " ");
    d.year = take_number(&r, 4, YEAR_MIN, YEAR_MAX);
    take_byte(&r, " ");
    int64_t ms = take_time(&r);
    if (!r.ok || !slice_is(r.rest, " GMT") || !date_exists(d)) return ERR_PROTO;
    *out_wall_ms = days_of(d) * DAY_MS + ms;
    return ERR_OK;
}

/* ------------------------------------------------------------------------------ daily moments --
 */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a >= 0 ? a / b : -((b - 1 - a) / b);
}

/* 01:00 UTC of the last Sunday of a month with 31 days; 1970-01-01 was a Thursday. */
static int64_t last_sunday(int64_t year, int64_t month)
{
    int64_t last = days_of((struct date){year, month, 31});
    int64_t weekday = (last % 7 + 7 + 4) % 7; /* 0: Sunday */
    return (last - weekday) * DAY_MS + 3600000;
}

static int64_t local_offset_ms(int64_t wall_ms, const struct clock_zone *zone)
{
    int64_t offset = (int64_t)zone->utc_offset_min * 60000;
    if (!zone->summer_time_eu) return offset;
    int64_t year = date_of(floor_div(wall_ms, DAY_MS)).year;
    bool summer = wall_ms >= last_sunday(year, 3) && wall_ms < last_sunday(year, 10);
    return summer ? offset + 3600000 : offset;
}

int64_t clock_last_at(int64_t wall_ms, const struct clock_zone *zone, int32_t minute_of_day)
{
    int64_t local = wall_ms + local_offset_ms(wall_ms, zone);
    int64_t at = floor_div(local, DAY_MS) * DAY_MS + (int64_t)minute_of_day * 60000;
    if (at > local) at -= DAY_MS;
    int64_t guess = at - local_offset_ms(wall_ms, zone);
    int64_t exact = at - local_offset_ms(guess, zone); /* the clocks may have changed since */
    return exact <= wall_ms ? exact : guess;
}
