/* clock.h - two kinds of time that the compiler keeps apart.
 * mono_t runs evenly and restarts with the machine; every deadline uses it.
 * wall_t is the civil time; it may be wrong until `trusted`, and may step. */
#ifndef PACKD_BASE_CLOCK_H
#define PACKD_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "firmware/base/slice.h"

typedef struct {
    int64_t ms;
} mono_t;

typedef struct {
    int64_t ms;   /* since 1970-01-01T00:00:00Z */
    bool trusted; /* set from a time source since boot, and not before the build */
} wall_t;

#define MONO_NEVER ((mono_t){INT64_MAX})

mono_t mono_plus(mono_t t, int64_t ms); /* saturates */
bool mono_reached(mono_t now, mono_t deadline);
mono_t mono_earlier(mono_t a, mono_t b);

#define CLOCK_ISO_CAP 32
/* "2026-03-11T15:58:12.040Z" into out[CLOCK_ISO_CAP]; returns out. */
const char *clock_iso(int64_t wall_ms, char *out);
/* Reads a date-time with zone (Z or an offset), with or without a fraction, or a bare date
 * (midnight UTC). ERR_PROTO otherwise. Source: the four forms Clarus is known to answer with. */
MUST_CHECK err_t clock_parse(struct slice text, int64_t *out_wall_ms);
/* HTTP date (RFC 9110 IMF-fixdate). ERR_PROTO otherwise. */
MUST_CHECK err_t clock_parse_http(struct slice text, int64_t *out_wall_ms);

/* The civil time of a place, as far as a daily moment needs it. */
struct clock_zone {
    int32_t utc_offset_min; /* in winter */
    bool summer_time_eu;    /* an hour more from the last Sunday of March to that of October */
};
/* The latest moment not after `wall_ms` at which clocks there showed this minute of the day
 * (0..1439). */
int64_t clock_last_at(int64_t wall_ms, const struct clock_zone *zone, int32_t minute_of_day);

#endif
