#include "drivers/scale/scale.h"

#include <assert.h>
#include <string.h>

#include "firmware/base/mem.h"
#include "firmware/base/text.h"

#define POLL_MS_DEFAULT 300
/* Without a reading for so long the scale is silent. */
#define SILENT_MS 2000
/* What is read of a scale in one window; ten readings a second are 250 bytes. */
#define WINDOW_MS    1000
#define WINDOW_BYTES 2048
#define IDENTITY_CAP 96
#define DIGITS_MAX   8

struct scale {
    struct scale_options options;
    bool present;
    hal_port_t port;
    char identity[IDENTITY_CAP];
    struct scale_parser parser;
    struct scale_reading last;
    bool has_last;
    bool twice; /* the last two readings were stable and equal */
    mono_t read_at;
    mono_t ask_at;
    bool asking;
    bool said_silent;
    mono_t window_at;
    size_t window_bytes;
    bool floods;
};

err_t scale_new(const struct scale_options *options, struct scale **out)
{
    assert(options != NULL && options->dialect != NULL);
    struct scale *s = mem_alloc(sizeof *s);
    if (s == NULL) return ERR_NOMEM;
    s->options = *options;
    if (s->options.poll_ms == 0) s->options.poll_ms = POLL_MS_DEFAULT;
    *out = s;
    return ERR_OK;
}

void scale_free(struct scale *s)
{
    mem_free(s);
}

static void tell_changed(const struct scale *s)
{
    if (s->options.changed != NULL) s->options.changed(s->options.ctx);
}

/* ------------------------------------------------------------------------------- the reading -- */

static bool is_fresh(const struct scale *s, mono_t now)
{
    return s->has_last && !mono_reached(now, mono_plus(s->read_at, SILENT_MS));
}

struct scale_weight scale_now(const struct scale *s, mono_t now)
{
    struct scale_weight w = {.state = SCALE_ABSENT, .floods = s->floods};
    if (!s->present) return w;
    w.state = SCALE_SILENT;
    if (!is_fresh(s, now)) return w;
    w.state = s->last.state;
    if (w.state == SCALE_STABLE && !s->twice) w.state = SCALE_MOVING;
    w.net = s->last.net;
    if (w.state == SCALE_STABLE || w.state == SCALE_MOVING) w.mg = s->last.mg;
    return w;
}

const char *scale_identity(const struct scale *s)
{
    return s->present ? s->identity : "";
}

const char *scale_trouble(const struct scale *s, mono_t now)
{
    static const char *const words[SCALE_STATE_COUNT] = {
        [SCALE_ABSENT] = "",           [SCALE_SILENT] = "does not answer",
        [SCALE_MOVING] = "",           [SCALE_STABLE] = "",
        [SCALE_OVER] = "overloaded",   [SCALE_UNDER] = "below zero",
        [SCALE_FAULT] = "scale fault",
    };
    struct scale_weight w = scale_now(s, now);
    if (words[w.state][0] == '\0' && w.floods) return "sends without pause";
    return words[w.state];
}

static void take(struct scale *s, const struct scale_reading *r, mono_t now)
{
    bool fresh = is_fresh(s, now);
    bool same = fresh && s->last.state == r->state && s->last.mg == r->mg && s->last.net == r->net;
    bool twice = same && r->state == SCALE_STABLE;
    bool changed = !same || twice != s->twice;
    s->last = *r;
    s->has_last = true;
    s->said_silent = false;
    s->twice = twice;
    s->read_at = now;
    if (changed) tell_changed(s);
}

/* How many of these bytes are read: the rest of the window's share. */
static size_t share(struct scale *s, size_t len, mono_t now)
{
    if (mono_reached(now, mono_plus(s->window_at, WINDOW_MS))) {
        if (s->window_bytes <= WINDOW_BYTES) s->floods = false;
        s->window_at = now;
        s->window_bytes = 0;
    }
    size_t left = s->window_bytes < WINDOW_BYTES ? WINDOW_BYTES - s->window_bytes : 0;
    s->window_bytes += len;
    if (len <= left) return len;
    if (!s->floods) {
        s->floods = true;
        tell_changed(s);
    }
    return left;
}

void scale_data(struct scale *s, struct slice bytes, mono_t now)
{
    if (!s->present) return;
    size_t len = share(s, bytes.len, now);
    if (s->options.dialect->reports) s->parser = (struct scale_parser){.len = 0};
    if (len < bytes.len) s->parser.spoilt = true;
    for (size_t i = 0; i < len; i++) {
        struct scale_reading r = {.state = SCALE_FAULT};
        if (s->options.dialect->push(&s->parser, bytes.ptr[i], &r)) take(s, &r, now);
    }
}

/* -------------------------------------------------------------------------------- the device -- */

void scale_arrived(struct scale *s, hal_port_t port, const char *identity, mono_t now)
{
    s->present = true;
    s->port = port;
    slice_copy_cut(slice_text(identity), s->identity, sizeof s->identity);
    s->parser = (struct scale_parser){.len = 0};
    s->has_last = false;
    s->twice = false;
    s->said_silent = false;
    s->floods = false;
    s->asking = false;
    s->window_at = now;
    s->window_bytes = 0;
    s->read_at = now;
    s->ask_at = s->options.dialect->query.len > 0 ? now : MONO_NEVER;
    tell_changed(s);
}

void scale_gone(struct scale *s)
{
    if (!s->present) return;
    s->present = false;
    s->has_last = false;
    s->twice = false;
    tell_changed(s);
}

static mono_t silent_at(const struct scale *s)
{
    return s->said_silent ? MONO_NEVER : mono_plus(s->read_at, SILENT_MS);
}

void scale_tick(struct scale *s, mono_t now)
{
    if (!s->present) return;
    if (mono_reached(now, silent_at(s))) {
        s->said_silent = true;
        s->twice = false;
        tell_changed(s);
    }
    if (!mono_reached(now, s->ask_at)) return;
    s->ask_at = mono_plus(now, s->options.poll_ms);
    s->asking = true;
    if (s->options.wants_send != NULL) s->options.wants_send(s->options.ctx);
}

mono_t scale_deadline(const struct scale *s)
{
    return s->present ? mono_earlier(s->ask_at, silent_at(s)) : MONO_NEVER;
}

void scale_pump(struct scale *s, struct hal *hal, mono_t now)
{
    struct slice query = s->options.dialect->query;
    size_t took = 0;
    (void)now;
    if (!s->present || !s->asking) return;
    s->asking = false;
    /* What is not taken is asked again; what is gone says so itself. */
    err_ignore(hal_port_write(hal, s->port, query, &took));
}

/* --------------------------------------------------------------------------------- numbers -- */

static bool read_digits(struct slice s, int64_t *out, unsigned *out_decimals)
{
    int64_t n = 0;
    size_t digits = 0;
    bool point = false;
    unsigned decimals = 0;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9' || ++digits > DIGITS_MAX) return false;
        n = n * 10 + (c - '0');
        if (point) decimals++;
    }
    *out = n;
    *out_decimals = decimals;
    return digits > 0;
}

/* Micrograms in one. */
static int64_t unit_ug(struct slice unit)
{
    static const struct {
        const char *name;
        int64_t ug;
    } units[] = {{"kg", 1000000000}, {"g", 1000000}, {"lb", 453592370}, {"oz", 28349523}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (slice_is_nocase(unit, units[i].name)) return units[i].ug;
    }
    return 0;
}

err_t scale_decimal(struct slice number, struct slice unit, int64_t *out_mg)
{
    int64_t n = 0;
    unsigned decimals = 0;
    number = slice_trim(number);
    bool negative = number.len > 0 && number.ptr[0] == '-';
    if (negative || (number.len > 0 && number.ptr[0] == '+'))
        number = slice_trim(slice_sub(number, 1, number.len));
    if (!read_digits(number, &n, &decimals)) return ERR_PROTO;
    int64_t ug = unit_ug(slice_trim(unit));
    if (ug == 0) return ERR_INVALID;
    n *= ug;
    for (unsigned i = 0; i < decimals; i++) {
        n /= 10;
    }
    n = (n + 500) / 1000;
    *out_mg = negative ? -n : n;
    return ERR_OK;
}

const struct scale_dialect *scale_dialect_by_name(const char *name)
{
    static const struct scale_dialect *const dialects[] = {&scale_sics, &scale_toledo, &scale_cas,
                                                           &scale_nci, &scale_hid};
    for (size_t i = 0; i < sizeof dialects / sizeof dialects[0]; i++) {
        if (strcmp(dialects[i]->name, name) == 0) return dialects[i];
    }
    return NULL;
}
