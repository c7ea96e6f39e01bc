#include "tools/virtual/plain_printer.h"

#include <stdlib.h>
#include <string.h>

#define JOBS_MAX   4096
#define TAKEN_MAX  (4u << 20)
#define ANSWER_MAX 4096
#define MARK_LEN   11 /* GS ( H 06 00 30 30 and four bytes */

struct language {
    const char *name;
    struct slice query;
    struct slice clear; /* what may stand before a job and means nothing here */
    struct slice end;   /* of a job; empty: a form feed or a cut */
    struct slice ready;
    struct slice paper_out;
};

#define BYTES(literal)                                                                             \
    {                                                                                              \
        (const uint8_t *)(literal), sizeof(literal) - 1                                            \
    }
static const struct language languages[] = {
    {"epl", BYTES("\n^ee\r\n"), BYTES("\nN\n"), BYTES("\nP1\n"), BYTES("00\r\n"), BYTES("07\r\n")},
    {"tspl", BYTES("\x1B!?"), BYTES("\x1B!."), BYTES("\r\nPRINT 1,1\r\n"), BYTES("\x00"),
     BYTES("\x04")},
    {"escpos",
     BYTES("\x10\x04\x01\x10\x04\x02\x10\x04\x03\x10\x04\x04"),
     BYTES("\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08\x1B@"),
     {NULL, 0},
     BYTES("\x12\x12\x12\x12"),
     BYTES("\x1A\x32\x12\x72")},
};

struct plain_printer {
    const struct language *language;
    struct plain_printer_state state;
    struct buf taken;
    struct buf answer;
    struct buf jobs[JOBS_MAX];
    size_t count;
};

struct plain_printer *plain_printer_new(const char *language)
{
    const struct language *l = NULL;
    for (size_t i = 0; i < sizeof languages / sizeof languages[0]; i++) {
        if (strcmp(languages[i].name, language) == 0) l = &languages[i];
    }
    struct plain_printer *p = l ? calloc(1, sizeof *p) : NULL;
    if (!p) return NULL;
    p->language = l;
    p->taken = buf_new(TAKEN_MAX);
    p->answer = buf_new(ANSWER_MAX);
    return p;
}

void plain_printer_free(struct plain_printer *p)
{
    if (!p) return;
    for (size_t i = 0; i < p->count; i++) {
        buf_deinit(&p->jobs[i]);
    }
    buf_deinit(&p->taken);
    buf_deinit(&p->answer);
    free(p);
}

/* ---------------------------------------------------------------------------- what is taken -- */

static void drop(struct plain_printer *p, size_t from, size_t len)
{
    memmove(p->taken.ptr + from, p->taken.ptr + from + len, p->taken.len - from - len);
    p->taken.len -= len;
}

/* What begins a connection is no part of a job. */
static void drop_clearing(struct plain_printer *p)
{
    struct slice clear = p->language->clear;
    struct slice taken = buf_slice(&p->taken);
    if (taken.len >= clear.len && slice_eq(slice_sub(taken, 0, clear.len), clear))
        drop(p, 0, clear.len);
}

static void say(struct plain_printer *p, struct slice bytes)
{
    if (!p->state.silent) buf_put(&p->answer, bytes);
}

static void on_query(struct plain_printer *p, size_t at)
{
    drop(p, at, p->language->query.len);
    if (at == p->language->clear.len || strcmp(p->language->name, "epl") != 0) drop_clearing(p);
    say(p, p->state.paper_out ? p->language->paper_out : p->language->ready);
}

static void on_mark(struct plain_printer *p, size_t at)
{
    uint8_t back[7] = {0x37, 0x22};
    memcpy(back + 2, p->taken.ptr + at + 7, 4);
    drop(p, at, MARK_LEN);
    if (p->state.gives_marks) say(p, slice_of(back, sizeof back));
}

static void on_job(struct plain_printer *p, size_t end)
{
    struct slice job = slice_sub(buf_slice(&p->taken), 0, end);
    if (p->count < JOBS_MAX) {
        p->jobs[p->count] = buf_new(TAKEN_MAX);
        buf_put(&p->jobs[p->count++], job);
    }
    drop(p, 0, end);
}

/* Bytes of the command of a receipt printer at the front of `s`, its data included; 0: not whole.
 */
static size_t command_length(struct slice s)
{
    static const struct {
        uint8_t first, second, args;
    } known[] = {{0x1B, 'J', 1}, {0x1B, '3', 1}, {0x1B, '$', 2}, {0x1B, 't', 1},
                 {0x1D, 'a', 1}, {0x1D, '!', 1}, {0x1D, 'L', 2}, {0x1D, 'h', 1},
                 {0x1D, 'w', 1}, {0x1D, 'P', 2}, {0x1D, 'H', 1}, {0x1D, 'V', 2}};
    size_t len = 1;
    if (s.len < 4) return 0;
    if (s.ptr[0] == 0x1D && s.ptr[1] == 'k') len = 4u + s.ptr[3];
    if (s.ptr[0] == 0x1D && s.ptr[1] == 'v' && s.len >= 8)
        len = 8 + (s.ptr[4] + s.ptr[5] * 256u) * (s.ptr[6] + s.ptr[7] * 256u);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (s.ptr[0] == known[i].first && s.ptr[1] == known[i].second) len = 2u + known[i].args;
    }
    return len <= s.len ? len : 0;
}

/* A form feed or a cut that is a command, not a byte of a picture. */
static size_t receipt_end(struct slice taken)
{
    for (size_t at = 0; at < taken.len;) {
        struct slice rest = slice_sub(taken, at, taken.len);
        size_t len = command_length(rest);
        if (rest.ptr[0] == '\f') return at + 1;
        if (len == 0) return 0;
        if (rest.ptr[0] == 0x1D && rest.ptr[1] == 'V') return at + len;
        at += len;
    }
    return 0;
}

/* Behind the first end of a job; 0: none is whole. */
static size_t job_end(const struct plain_printer *p)
{
    struct slice taken = buf_slice(&p->taken);
    struct slice end = p->language->end;
    if (end.len == 0) return receipt_end(taken);
    size_t at = slice_find(taken, end);
    return at < taken.len ? at + end.len : 0;
}

/* The first thing in what was taken; false: nothing more is whole. */
static bool work(struct plain_printer *p)
{
    struct slice taken = buf_slice(&p->taken);
    size_t end = job_end(p);
    size_t query = slice_find(taken, p->language->query);
    size_t mark = slice_find(taken, SLICE("\x1D(H\x06\x00\x30\x30"));
    if (mark + MARK_LEN > taken.len) mark = taken.len;
    if (query == taken.len && mark == taken.len && end == 0) return false;
    if (end > 0 && end <= query && end <= mark) {
        on_job(p, end);
    } else if (mark < query) {
        on_mark(p, mark);
    } else {
        on_query(p, query);
    }
    return true;
}

void plain_printer_accept(struct plain_printer *p, struct slice bytes)
{
    buf_put(&p->taken, bytes);
    while (work(p)) {
    }
}

size_t plain_printer_answer(struct plain_printer *p, uint8_t *out, size_t cap)
{
    size_t n = p->answer.len < cap ? p->answer.len : cap;
    if (n == 0) return 0;
    memcpy(out, p->answer.ptr, n);
    memmove(p->answer.ptr, p->answer.ptr + n, p->answer.len - n);
    p->answer.len -= n;
    return n;
}

void plain_printer_power_cycle(struct plain_printer *p)
{
    buf_clear(&p->taken);
    buf_clear(&p->answer);
}

/* --------------------------------------------------------------------------------- read, set -- */

struct plain_printer_state *plain_printer_state(struct plain_printer *p)
{
    return &p->state;
}

const char *plain_printer_language(const struct plain_printer *p)
{
    return p->language->name;
}

size_t plain_printer_job_count(const struct plain_printer *p)
{
    return p->count;
}

struct slice plain_printer_job(const struct plain_printer *p, size_t index)
{
    return buf_slice(&p->jobs[index]);
}
