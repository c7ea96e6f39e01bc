#include "tools/virtual/zpl_printer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PRINT_MS_DEFAULT   300
#define BUFFER_MAX_DEFAULT (1u << 20)
#define LABELS_MAX         4096
#define WAITING_MAX        64
#define COPIES_MAX         50
#define ANSWER_CAP         1024

struct format {
    uint8_t *bytes; /* owned */
    size_t len;
    uint32_t copies;
};

struct zpl_printer {
    struct zpl_printer_options options;
    struct zpl_printer_faults faults;

    uint8_t *partial; /* the format being received; owned, options.buffer_max bytes */
    size_t partial_len;
    bool in_format;
    uint8_t command[3]; /* the last bytes since a '^' or '~', that byte included */
    size_t command_len;

    struct format waiting[WAITING_MAX];
    size_t waiting_count;
    size_t waiting_bytes;
    uint32_t copy;  /* of waiting[0], how many came out */
    mono_t done_at; /* of the label under way; MONO_NEVER: none */

    struct format *labels; /* owned; bytes of copy 1 are owned, later copies share them */
    mono_t *label_at;
    size_t label_count;

    uint8_t answer[ANSWER_CAP];
    size_t answer_len;
    size_t strangers;
};

struct zpl_printer *zpl_printer_new(const struct zpl_printer_options *options)
{
    struct zpl_printer *p = calloc(1, sizeof *p);
    if (p == NULL) return NULL;
    if (options != NULL) p->options = *options;
    if (p->options.print_ms == 0) p->options.print_ms = PRINT_MS_DEFAULT;
    if (p->options.buffer_max == 0) p->options.buffer_max = BUFFER_MAX_DEFAULT;
    p->done_at = MONO_NEVER;
    p->partial = malloc(p->options.buffer_max);
    p->labels = calloc(LABELS_MAX, sizeof *p->labels);
    p->label_at = calloc(LABELS_MAX, sizeof *p->label_at);
    if (p->partial == NULL || p->labels == NULL || p->label_at == NULL) {
        zpl_printer_free(p);
        return NULL;
    }
    return p;
}

static void drop_waiting(struct zpl_printer *p)
{
    for (size_t i = 0; i < p->waiting_count; i++) {
        if (i > 0 || p->copy == 0) free(p->waiting[i].bytes);
    }
    p->waiting_count = 0;
    p->waiting_bytes = 0;
    p->copy = 0;
    p->done_at = MONO_NEVER;
}

void zpl_printer_free(struct zpl_printer *p)
{
    if (p == NULL) return;
    drop_waiting(p);
    for (size_t i = 0; i < p->label_count; i++) {
        if (p->labels[i].copies == 1) free(p->labels[i].bytes);
    }
    free(p->labels);
    free(p->label_at);
    free(p->partial);
    free(p);
}

/* --------------------------------------------------------------------------------- answers -- */

static void say(struct zpl_printer *p, const char *text)
{
    size_t len = strlen(text);
    if (p->faults.silent) return;
    if (p->faults.half_reply) len /= 2;
    size_t noise = p->faults.noise ? 3 : 0;
    if (p->answer_len + noise + len > ANSWER_CAP) return;
    memcpy(p->answer + p->answer_len, "\x02\xFF,", noise);
    memcpy(p->answer + p->answer_len + noise, text, len);
    p->answer_len += noise + len;
}

static void say_host_status(struct zpl_printer *p)
{
    char text[200];
    bool printing = p->done_at.ms != MONO_NEVER.ms;
    size_t queued = p->waiting_count - (printing ? 1 : 0);
    unsigned left = printing ? p->waiting[0].copies - p->copy : 0;
    bool full = p->waiting_bytes + p->partial_len >= p->options.buffer_max;
    snprintf(text, sizeof text,
             "\x02"
             "030,%d,%d,1218,%03u,%d,0,%d,000,0,0,%d\x03\r\n"
             "\x02"
             "001,0,%d,%d,0,2,6,0,%08u,1,000\x03\r\n"
             "\x02"
             "1234,0\x03\r\n",
             p->faults.paper_out, p->faults.paused, (unsigned)queued, full, p->in_format,
             p->faults.head_hot, p->faults.head_open, p->faults.ribbon_out, left);
    say(p, text);
}

size_t zpl_printer_answer(struct zpl_printer *p, uint8_t *out, size_t cap)
{
    size_t n = p->answer_len < cap ? p->answer_len : cap;
    if (n == 0) return 0;
    memcpy(out, p->answer, n);
    memmove(p->answer, p->answer + n, p->answer_len - n);
    p->answer_len -= n;
    return n;
}

/* -------------------------------------------------------------------------------- printing -- */

static bool is_stopped(const struct zpl_printer *p)
{
    return p->faults.paper_out || p->faults.ribbon_out || p->faults.head_open || p->faults.paused ||
           p->faults.head_hot;
}

static void label_out(struct zpl_printer *p, mono_t at)
{
    struct format *f = &p->waiting[0];
    assert(p->label_count < LABELS_MAX);
    p->copy++;
    p->labels[p->label_count] = (struct format){f->bytes, f->len, p->copy};
    p->label_at[p->label_count++] = at;
    if (p->copy < f->copies) return;
    p->waiting_bytes -= f->len;
    p->waiting_count--;
    p->copy = 0;
    memmove(&p->waiting[0], &p->waiting[1], p->waiting_count * sizeof p->waiting[0]);
}

/* A label under way during a fault starts again when the fault is over. */
void zpl_printer_tick(struct zpl_printer *p, mono_t now)
{
    if (is_stopped(p)) {
        p->done_at = MONO_NEVER;
        return;
    }
    while (p->waiting_count > 0 && p->label_count < LABELS_MAX) {
        if (p->done_at.ms == MONO_NEVER.ms) p->done_at = mono_plus(now, p->options.print_ms);
        if (!mono_reached(now, p->done_at)) return;
        label_out(p, p->done_at);
        p->done_at = p->waiting_count > 0 ? mono_plus(p->done_at, p->options.print_ms) : MONO_NEVER;
    }
}

mono_t zpl_printer_deadline(const struct zpl_printer *p)
{
    return is_stopped(p) ? MONO_NEVER : p->done_at;
}

/* ------------------------------------------------------------------------------- receiving -- */

static uint32_t copies_of(const uint8_t *zpl, size_t len)
{
    uint32_t copies = 1;
    for (size_t i = 0; i + 3 < len; i++) {
        if (memcmp(zpl + i, "^PQ", 3) != 0) continue;
        copies = 0;
        for (size_t k = i + 3; k < len && zpl[k] >= '0' && zpl[k] <= '9'; k++) {
            copies = copies * 10 + (uint32_t)(zpl[k] - '0');
            if (copies > COPIES_MAX) copies = COPIES_MAX;
        }
    }
    return copies > 0 ? copies : 1;
}

static void format_complete(struct zpl_printer *p)
{
    uint8_t *bytes = malloc(p->partial_len);
    if (bytes == NULL || p->waiting_count == WAITING_MAX) {
        free(bytes);
        return;
    }
    memcpy(bytes, p->partial, p->partial_len);
    p->waiting[p->waiting_count++] =
        (struct format){bytes, p->partial_len, copies_of(bytes, p->partial_len)};
    p->waiting_bytes += p->partial_len;
}

static void format_end(struct zpl_printer *p)
{
    if (p->in_format) format_complete(p);
    p->in_format = false;
    p->partial_len = 0;
}

static void format_begin(struct zpl_printer *p)
{
    p->in_format = true;
    memcpy(p->partial, "^XA", 3);
    p->partial_len = 3;
}

/* Everything but the label whose printing has begun. */
static void cancel_waiting(struct zpl_printer *p)
{
    size_t keep = p->done_at.ms != MONO_NEVER.ms ? 1 : 0;
    for (size_t i = keep; i < p->waiting_count; i++) {
        p->waiting_bytes -= p->waiting[i].len;
        if (i > 0 || p->copy == 0) free(p->waiting[i].bytes);
    }
    p->waiting_count = p->waiting_count < keep ? p->waiting_count : keep;
    if (keep == 0) p->copy = 0;
    p->in_format = false;
    p->partial_len = 0;
}

static void tilde_command(struct zpl_printer *p, const char *name)
{
    if (strcmp(name, "HS") == 0) {
        say_host_status(p);
    } else if (strcmp(name, "HI") == 0) {
        say(p, "\x02VIRTUAL-ZPL,V1.0,8,8192KB\x03\r\n");
    } else if (strcmp(name, "JA") == 0) {
        cancel_waiting(p);
    } else if (strcmp(name, "JX") == 0) {
        p->in_format = false;
        p->partial_len = 0;
    } else if (strcmp(name, "PS") == 0) {
        p->faults.paused = false;
    } else if (strcmp(name, "PP") == 0) {
        p->faults.paused = true;
    } else {
        p->strangers++;
    }
}

static void caret_command(struct zpl_printer *p, const char *name)
{
    static const char *const lasting[] = {"CC", "CT", "CD", "JU", "KP", "ND", "NS", "DF",
                                          "ID", "TO", "HH", "HV", "MU", "SX", "JZ", "FN"};
    for (size_t i = 0; i < sizeof lasting / sizeof lasting[0]; i++) {
        if (strcmp(name, lasting[i]) == 0) p->strangers++;
    }
    if (strcmp(name, "XA") == 0) format_begin(p);
    if (strcmp(name, "XZ") == 0) format_end(p);
}

static void keep_byte(struct zpl_printer *p, uint8_t c)
{
    if (p->in_format && p->partial_len < p->options.buffer_max) p->partial[p->partial_len++] = c;
}

static void take_byte(struct zpl_printer *p, uint8_t c)
{
    if (c == '^' || c == '~') p->command_len = 0;
    bool tilde = c == '~' || (p->command_len > 0 && p->command[0] == '~');
    if (!tilde) keep_byte(p, c);
    if (c != '^' && c != '~' && p->command_len == 0) return;
    p->command[p->command_len++] = c;
    if (p->command_len < sizeof p->command) return;
    char name[3] = {(char)p->command[1], (char)p->command[2], '\0'};
    p->command_len = 0;
    if (tilde) {
        tilde_command(p, name);
    } else {
        caret_command(p, name);
    }
}

size_t zpl_printer_accept(struct zpl_printer *p, struct slice bytes, mono_t now)
{
    size_t n = 0;
    zpl_printer_tick(p, now);
    while (n < bytes.len && !p->faults.takes_nothing) {
        if (p->options.accept_max > 0 && n == p->options.accept_max) break;
        if (p->waiting_bytes + p->partial_len >= p->options.buffer_max) break;
        take_byte(p, bytes.ptr[n++]);
    }
    zpl_printer_tick(p, now);
    return n;
}

/* ------------------------------------------------------------------------------- from outside --
 */

struct zpl_printer_faults *zpl_printer_faults(struct zpl_printer *p)
{
    return &p->faults;
}

void zpl_printer_power_cycle(struct zpl_printer *p)
{
    drop_waiting(p);
    p->in_format = false;
    p->partial_len = 0;
    p->command_len = 0;
    p->answer_len = 0;
    p->faults.paused = false;
}

size_t zpl_printer_label_count(const struct zpl_printer *p)
{
    return p->label_count;
}

struct zpl_printer_label zpl_printer_label(const struct zpl_printer *p, size_t index)
{
    assert(index < p->label_count);
    const struct format *f = &p->labels[index];
    return (struct zpl_printer_label){slice_of(f->bytes, f->len), f->copies, p->label_at[index]};
}

size_t zpl_printer_waiting(const struct zpl_printer *p)
{
    return p->waiting_count;
}

size_t zpl_printer_strangers(const struct zpl_printer *p)
{
    return p->strangers;
}
