#include "tests/replay/replay_log.h"

#include <stdio.h>
#include <string.h>

#include "firmware/base/text.h"

struct reader {
    struct replay_log *log;
    const char *path;
    unsigned line;
    unsigned headers; /* bits of those seen */
    bool in_bytes;
    bool in_events;
    struct buf events;
};

static bool wrong(const struct reader *r, const char *what)
{
    (void)fprintf(stderr, "%s line %u: %s\n", r->path, r->line, what);
    return false;
}

static int hex(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

/* One byte from the front of *s; false: a broken escape. */
static bool take(struct slice *s, uint8_t *out)
{
    uint8_t c = s->ptr[0];
    size_t used = 1;
    if (c == '\\') {
        uint8_t kind = s->len > 1 ? s->ptr[1] : 0;
        int high = s->len > 3 ? hex(s->ptr[2]) : -1;
        int low = s->len > 3 ? hex(s->ptr[3]) : -1;
        used = kind == 'x' ? 4 : 2;
        if (kind == 'x' && (high < 0 || low < 0)) return false;
        if (kind == 'x') c = (uint8_t)(high * 16 + low);
        if (kind == 'r') c = '\r';
        if (kind == 'n') c = '\n';
        if (kind != 'x' && kind != 'r' && kind != 'n' && kind != '\\') return false;
    }
    *out = c;
    *s = slice_sub(*s, used, s->len);
    return true;
}

static bool add_step(struct reader *r, struct replay_step step)
{
    if (r->log->step_count == REPLAY_STEPS_MAX) return wrong(r, "too many lines");
    r->log->steps[r->log->step_count++] = step;
    return true;
}

static bool read_bytes(struct reader *r, struct slice text)
{
    struct replay_step step = {.kind = REPLAY_BYTES, .from = r->log->len};
    while (text.len > 0) {
        if (r->log->len == REPLAY_TEXT_MAX) return wrong(r, "too many bytes");
        if (!take(&text, &r->log->bytes[r->log->len++])) return wrong(r, "a broken escape");
    }
    step.to = r->log->len;
    return add_step(r, step);
}

static bool read_step(struct reader *r, struct slice line)
{
    int64_t ms = 0;
    if (slice_starts(line, "< ")) return read_bytes(r, slice_sub(line, 2, line.len));
    if (slice_is(line, "gone")) return add_step(r, (struct replay_step){.kind = REPLAY_GONE});
    if (slice_is(line, "arrived")) return add_step(r, (struct replay_step){.kind = REPLAY_ARRIVED});
    if (!slice_starts(line, "wait ")) return wrong(r, "neither bytes nor an event of the port");
    if (text_int(slice_sub(line, 5, line.len), 1, 100000, &ms)) return wrong(r, "not a time");
    return add_step(r, (struct replay_step){.kind = REPLAY_WAIT, .ms = ms});
}

static bool read_header(struct reader *r, struct slice line)
{
    static const char *const keys[] = {"device", "firmware", "source", "date",
                                       "driver", "option",   "note"};
    size_t colon = slice_find_byte(line, ':');
    struct slice key = slice_sub(line, 0, colon);
    struct slice value = slice_trim(slice_sub(line, colon + 1, line.len));
    for (unsigned i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (!slice_is(key, keys[i])) continue;
        if (value.len > 0) r->headers |= 1u << i;
        if (i == 4) slice_copy_cut(value, r->log->driver, sizeof r->log->driver);
        if (i == 5) slice_copy_cut(value, r->log->option, sizeof r->log->option);
        return true;
    }
    return wrong(r, "an unknown header");
}

static bool read_line(struct reader *r, struct slice line)
{
    r->line++;
    if (slice_is(line, "--- bytes")) {
        r->in_bytes = true;
        return true;
    }
    if (slice_is(line, "--- events")) {
        r->in_events = true;
        return true;
    }
    if (r->in_events) {
        buf_put(&r->events, line);
        buf_byte(&r->events, '\n');
        return true;
    }
    if (line.len == 0) return true;
    return r->in_bytes ? read_step(r, line) : read_header(r, line);
}

bool replay_log_read(const char *path, struct replay_log *out)
{
    static char text[REPLAY_TEXT_MAX * 2];
    *out = (struct replay_log){.len = 0};
    struct reader r = {.log = out, .path = path};
    r.events = buf_over(out->events, sizeof out->events - 1);
    FILE *f = fopen(path, "rb");
    if (!f) return wrong(&r, "cannot be read");
    size_t n = fread(text, 1, sizeof text, f);
    (void)fclose(f);
    for (struct slice rest = slice_of(text, n); rest.len > 0;) {
        size_t end = slice_find_byte(rest, '\n');
        if (!read_line(&r, slice_sub(rest, 0, end))) return false;
        rest = slice_sub(rest, end + 1, rest.len);
    }
    out->events[r.events.len] = '\0';
    out->has_source = (r.headers & 0x1F) == 0x1F;
    if (!r.in_events) return wrong(&r, "no events");
    return true;
}
