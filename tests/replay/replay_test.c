/* Everything a device was heard to say, through its driver, in any chunking.
 *
 *   replay_test                 every log under tests/replay
 *   replay_test --print FILE    what the driver makes of one log, for writing its events */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/printer/printer.h"
#include "drivers/scale/scale.h"
#include "drivers/scanner/scanner.h"
#include "firmware/base/text.h"
#include "tests/replay/replay_log.h"

#define LOGS_LEAST 10 /* of each driver */
#define CHUNKINGS  60
#define START_MS   100000
#define EVENT_CAP  400

/* ---------------------------------------------------------------------------- what is heard -- */

struct hearing {
    const struct printer_dialect *printer;
    const struct scale_dialect *scale;
    struct printer_parser printer_parser;
    struct scale_parser scale_parser;
    struct scanner scanner;
    bool scans;
    mono_t now;
    struct buf events;
};

static void say_status(struct hearing *h, const struct printer_status *st)
{
    static const char *const names[] = {"paper-out", "ribbon-out", "head-open",    "paused",
                                        "hot",       "cold",       "buffer-full",  "half-format",
                                        "busy",      "take-label", "fault",        "settings-lost",
                                        "silent",    "paper-low",  "cutter",       "jam",
                                        "media-out", "wrong-dpi",  "other-length", "strange"};
    if (st->says == PRINTER_SAYS_MARK) buf_printf(&h->events, "mark %u\n", st->mark);
    if (st->says == PRINTER_SAYS_MODEL) buf_printf(&h->events, "model %u dpi\n", st->dpi);
    if (st->says != PRINTER_SAYS_STATUS) return;
    buf_text(&h->events, "status");
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if ((st->flags >> i & 1u) != 0) buf_printf(&h->events, " %s", names[i]);
    }
    if (st->flags == 0) buf_text(&h->events, " ready");
    if (st->waiting > 0) buf_printf(&h->events, " waiting=%u", st->waiting);
    if (st->label_dots > 0) buf_printf(&h->events, " length=%u", st->label_dots);
    buf_byte(&h->events, '\n');
}

static void say_weight(struct hearing *h, const struct scale_reading *r)
{
    static const char *const names[SCALE_STATE_COUNT] = {[SCALE_MOVING] = "moving",
                                                         [SCALE_STABLE] = "stable",
                                                         [SCALE_OVER] = "over",
                                                         [SCALE_UNDER] = "under",
                                                         [SCALE_FAULT] = "fault"};
    buf_text(&h->events, names[r->state] != NULL ? names[r->state] : "?");
    if (r->mg != 0 || r->state == SCALE_STABLE)
        buf_printf(&h->events, " %lld mg", (long long)r->mg);
    buf_text(&h->events, r->net ? " net\n" : "\n");
}

static void on_scan(void *ctx, const struct scan *scan)
{
    static const char *const faults[] = {[SCAN_OK] = "",
                                         [SCAN_TOO_LONG] = " too-long",
                                         [SCAN_CONTROL] = " control",
                                         [SCAN_PARITY] = " parity",
                                         [SCAN_BROKEN] = " broken"};
    struct hearing *h = ctx;
    buf_text(&h->events, "scan ");
    if (scan->aim[0] != '\0') buf_printf(&h->events, "%s ", scan->aim);
    if (scan->fault != SCAN_TOO_LONG) text_visible(&h->events, scan->text, EVENT_CAP);
    if (scan->addon.len > 0) buf_text(&h->events, " + ");
    text_visible(&h->events, scan->addon, EVENT_CAP);
    buf_text(&h->events, faults[scan->fault]);
    buf_text(&h->events, scan->by_gap ? " by-gap\n" : "\n");
}

static void hear(struct hearing *h, struct slice bytes)
{
    if (h->scans) scanner_push(&h->scanner, bytes, h->now, on_scan, h);
    if (h->scale && h->scale->reports) h->scale_parser = (struct scale_parser){.len = 0};
    for (size_t i = 0; h->scale && i < bytes.len; i++) {
        struct scale_reading r = {.state = SCALE_FAULT};
        if (h->scale->push(&h->scale_parser, bytes.ptr[i], &r)) say_weight(h, &r);
    }
    while (h->printer && bytes.len > 0) {
        struct printer_status st = {.flags = 0};
        if (printer_dialect_read(h->printer, &h->printer_parser, &bytes, &st)) say_status(h, &st);
    }
}

/* Time passes; a scanner may end a scan by silence. */
static void pass(struct hearing *h, int64_t ms)
{
    mono_t end = mono_plus(h->now, ms);
    while (h->scans && mono_reached(end, scanner_deadline(&h->scanner))) {
        h->now = scanner_deadline(&h->scanner);
        scanner_tick(&h->scanner, h->now, on_scan, h);
    }
    h->now = end;
}

static void plug(struct hearing *h, bool in)
{
    h->printer_parser = (struct printer_parser){.len = 0};
    h->scale_parser = (struct scale_parser){.len = 0};
    if (h->scans && in) scanner_arrived(&h->scanner, h->now);
    if (h->scans && !in) scanner_gone(&h->scanner);
    buf_text(&h->events, in ? "arrived\n" : "gone\n");
}

/* "name=value name=value"; a text may hold \xHH. */
static bool set_option(struct scanner_framing *f, struct slice name, struct slice value)
{
    int64_t n = 0;
    if (slice_is(name, "prefix")) return slice_copy(value, f->prefix, sizeof f->prefix) == ERR_OK;
    if (slice_is(name, "suffix")) return slice_copy(value, f->suffix, sizeof f->suffix) == ERR_OK;
    if (slice_is(name, "gs")) return slice_copy(value, f->gs, sizeof f->gs) == ERR_OK;
    if (slice_is(name, "suffix_etx")) {
        memcpy(f->suffix, "\x03", 2);
        return true;
    }
    if (text_int(value, 0, 10000, &n)) return false;
    if (slice_is(name, "terminated")) f->terminated = n != 0;
    if (slice_is(name, "aim")) f->aim = n != 0;
    if (slice_is(name, "gap_ms")) f->gap_ms = (uint16_t)n;
    if (slice_is(name, "repeat_ms")) f->repeat_ms = (uint16_t)n;
    return true;
}

static bool open_scanner(struct hearing *h, struct slice options)
{
    struct scanner_framing f = {.terminated = true, .settle_ms = 1};
    while (options.len > 0) {
        size_t blank = slice_find_byte(options, ' ');
        struct slice one = slice_sub(options, 0, blank);
        size_t sign = slice_find_byte(one, '=');
        if (!set_option(&f, slice_sub(one, 0, sign), slice_sub(one, sign + 1, one.len)))
            return false;
        options = slice_sub(options, blank + 1, options.len);
    }
    h->scans = true;
    scanner_init(&h->scanner, &f);
    scanner_arrived(&h->scanner, mono_plus(h->now, -1000));
    return true;
}

static bool open_hearing(struct hearing *h, const struct replay_log *log)
{
    *h = (struct hearing){.now = {START_MS}};
    h->events = buf_new(REPLAY_TEXT_MAX);
    h->printer = printer_dialect_by_name(log->driver);
    h->scale = scale_dialect_by_name(log->driver);
    if (h->printer || h->scale) return true;
    return strcmp(log->driver, "scanner") == 0 && open_scanner(h, slice_text(log->option));
}

/* -------------------------------------------------------------------------------- chunkings -- */

static uint32_t draw(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Chunking 0 is the one recorded, 1 single bytes, 2 all at once, the others are random. */
static size_t chunk(uint32_t chunking, size_t recorded, size_t left, uint32_t *seed)
{
    if (chunking == 0) return recorded;
    if (chunking == 1) return 1;
    if (chunking == 2) return left;
    size_t n = 1 + draw(seed) % (chunking % 7 * 5 + 3);
    return n < left ? n : left;
}

/* Bytes that came without a pause belong together, however they were read. */
static size_t joined_end(const struct replay_log *log, size_t step)
{
    while (step + 1 < log->step_count && log->steps[step + 1].kind == REPLAY_BYTES) {
        step++;
    }
    return step;
}

static void hear_bytes(struct hearing *h, const struct replay_log *log, size_t *step,
                       uint32_t chunking, uint32_t *seed)
{
    bool whole = h->scale && h->scale->reports;
    if (whole) chunking = 0;
    size_t last = chunking == 0 ? *step : joined_end(log, *step);
    size_t at = log->steps[*step].from;
    size_t end = log->steps[last].to;
    while (at < end) {
        size_t n = chunk(chunking, end - at, end - at, seed);
        hear(h, slice_of(log->bytes + at, n));
        at += n;
    }
    *step = last;
}

static bool replay(const struct replay_log *log, uint32_t chunking, struct hearing *h)
{
    uint32_t seed = chunking * 7919 + 1;
    if (!open_hearing(h, log)) return false;
    for (size_t i = 0; i < log->step_count; i++) {
        if (log->steps[i].kind == REPLAY_BYTES) hear_bytes(h, log, &i, chunking, &seed);
        if (log->steps[i].kind == REPLAY_WAIT) pass(h, log->steps[i].ms);
        if (log->steps[i].kind == REPLAY_GONE) plug(h, false);
        if (log->steps[i].kind == REPLAY_ARRIVED) plug(h, true);
    }
    return true;
}

/* ------------------------------------------------------------------------------------- tests -- */

static struct replay_log the_log;
static struct hearing the_hearing;

static void check_log(const char *path, const char *driver)
{
    struct hearing *h = &the_hearing;
    if (!replay_log_read(path, &the_log)) fail_msg("%s: not a log", path);
    if (!the_log.has_source) fail_msg("%s: says not where it comes from", path);
    if (strcmp(the_log.driver, driver) != 0) fail_msg("%s: of another driver", path);
    for (uint32_t chunking = 0; chunking < CHUNKINGS; chunking++) {
        if (!replay(&the_log, chunking, h)) fail_msg("%s: cannot be replayed", path);
        if (strcmp(buf_cstr(&h->events), the_log.events) != 0)
            fail_msg("%s, chunking %u:\n%s--- instead of\n%s", path, chunking, buf_cstr(&h->events),
                     the_log.events);
        buf_deinit(&h->events);
    }
}

static int is_log(const struct dirent *d)
{
    size_t len = strlen(d->d_name);
    return len > 4 && strcmp(d->d_name + len - 4, ".log") == 0;
}

static void check_driver(void **state)
{
    const char *driver = *state;
    char dir[64];
    char path[384];
    struct dirent **names = NULL;
    (void)snprintf(dir, sizeof dir, "tests/replay/%s", driver);
    int count = scandir(dir, &names, is_log, alphasort);
    assert_true(count >= LOGS_LEAST);
    for (int i = 0; i < count; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, names[i]->d_name);
        check_log(path, driver);
        free(names[i]);
    }
    free(names);
}

static int print_log(const char *path)
{
    if (!replay_log_read(path, &the_log) || !replay(&the_log, 0, &the_hearing)) return 1;
    (void)fputs(buf_cstr(&the_hearing.events), stdout);
    buf_deinit(&the_hearing.events);
    return 0;
}

#define DRIVER(name)                                                                               \
    {                                                                                              \
        "replay__" name, check_driver, NULL, NULL, (void *)(uintptr_t)(name)                       \
    }

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        DRIVER("scanner"), DRIVER("zpl"),    DRIVER("epl"), DRIVER("tspl"), DRIVER("escpos"),
        DRIVER("sics"),    DRIVER("toledo"), DRIVER("cas"), DRIVER("nci"),  DRIVER("hid"),
    };
    if (argc == 3 && strcmp(argv[1], "--print") == 0) return print_log(argv[2]);
    return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
