#include "drivers/printer/printer.h"

#include <assert.h>
#include <string.h>

#include "firmware/base/mem.h"

#define STATUS_TIMEOUT_MS_DEFAULT 2000
#define JOB_EXPIRY_MS_DEFAULT     60000
/* Between two looks at a printer that works on a label. */
#define POLL_MS 400
/* Two clean answers this far apart mean that the label is done. */
#define CLEAN_APART_MS 500
/* Between two looks at an idle printer: with and without something wrong. */
#define IDLE_FAULT_POLL_MS 2000
#define IDLE_POLL_MS       15000
/* No byte taken for so long in the middle of a job: it is given up, as unknown. */
#define STALL_MS 30000
/* A label sent and not clean by then is unknown. */
#define AFTER_LIMIT_MS 60000
#define SILENT_MAX     3 /* unanswered looks in a row after sending, before it is unknown */
#define HALF_TRIES_MAX 3 /* attempts to remove a half format before a job */
#define LATE_MAX       8 /* answers that may still come for looks that timed out */
#define COMMAND_CAP    64
#define MARK_CAP       32
#define STRANGE_MAX    64 /* bytes, or answers, that nobody asked for between two looks */
#define IDENTITY_CAP   96

enum phase {
    PHASE_ABSENT,
    PHASE_IDLE,
    PHASE_BEFORE,  /* a job waits for a clean status; nothing of it was sent */
    PHASE_SENDING, /* its bytes go out as the port takes them */
    PHASE_AFTER,   /* all bytes taken; the printer is watched */
    PHASE_COUNT,
};

#define TO(phase) (1u << (phase))
static const unsigned phase_next[PHASE_COUNT] = {
    [PHASE_ABSENT] = TO(PHASE_IDLE),
    [PHASE_IDLE] = TO(PHASE_BEFORE) | TO(PHASE_ABSENT),
    [PHASE_BEFORE] = TO(PHASE_SENDING) | TO(PHASE_IDLE) | TO(PHASE_ABSENT),
    [PHASE_SENDING] = TO(PHASE_AFTER) | TO(PHASE_IDLE) | TO(PHASE_ABSENT),
    [PHASE_AFTER] = TO(PHASE_IDLE) | TO(PHASE_ABSENT),
};

struct printer {
    struct printer_options options;
    enum phase phase;
    hal_port_t port;
    char identity[IDENTITY_CAP];
    uint32_t flags;
    struct printer_parser parser;

    uint8_t command[COMMAND_CAP]; /* queries and clearing; always before the job's bytes */
    size_t command_len;
    size_t command_sent;

    bool awaiting;  /* a look was asked for and not answered */
    bool ask_again; /* that look began before the job did: it does not speak for it */
    mono_t asked_at;
    mono_t next_ask;
    uint32_t silent;  /* looks in a row without an answer */
    uint32_t late;    /* answers that may still come; see LATE_MAX */
    uint32_t unread;  /* bytes since something was understood */
    uint32_t extra;   /* answers to no look since the last one */
    uint32_t lasting; /* flags that no status takes back: wrong resolution, another language */
    uint32_t mark;    /* the last one sent */
    bool can_mark;    /* this printer says marks back */
    bool marked;      /* it did for the job under way */

    uint32_t job;
    struct buf bytes; /* owned; of the job under way */
    size_t sent;
    mono_t job_at;
    mono_t progress_at;
    mono_t after_at;
    mono_t clean_at;
    uint32_t clean;
    uint32_t half_tries;
};

static void move(struct printer *p, enum phase next)
{
    assert((phase_next[p->phase] & TO(next)) != 0);
    p->phase = next;
}

err_t printer_new(const struct printer_options *options, struct printer **out)
{
    assert(options != NULL && options->dialect != NULL && options->result != NULL);
    struct printer *p = mem_alloc(sizeof *p);
    if (p == NULL) return ERR_NOMEM;
    p->options = *options;
    if (p->options.status_timeout_ms == 0) p->options.status_timeout_ms = STATUS_TIMEOUT_MS_DEFAULT;
    if (p->options.job_expiry_ms == 0) p->options.job_expiry_ms = JOB_EXPIRY_MS_DEFAULT;
    if (options->dialect->status_query.len == 0) p->options.answers = false;
    p->bytes = buf_new(LABEL_JOB_MAX + MARK_CAP);
    *out = p;
    return ERR_OK;
}

void printer_free(struct printer *p)
{
    if (p == NULL) return;
    buf_deinit(&p->bytes);
    mem_free(p);
}

/* ----------------------------------------------------------------------------- small parts -- */

static void tell_changed(const struct printer *p)
{
    if (p->options.changed != NULL) p->options.changed(p->options.ctx);
}

static void set_flags(struct printer *p, uint32_t flags)
{
    if (p->flags == flags) return;
    p->flags = flags;
    tell_changed(p);
}

static void want_send(const struct printer *p)
{
    if (p->options.wants_send != NULL) p->options.wants_send(p->options.ctx);
}

static bool has_command(const struct printer *p)
{
    return p->command_sent < p->command_len;
}

static void command(struct printer *p, struct slice bytes)
{
    if (!has_command(p)) {
        p->command_len = 0;
        p->command_sent = 0;
    }
    if (bytes.len == 0 || p->command_len + bytes.len > COMMAND_CAP) return;
    memcpy(p->command + p->command_len, bytes.ptr, bytes.len);
    p->command_len += bytes.len;
    want_send(p);
}

/* What came since the last look says whether this is the printer it should be. */
static void judge_language(struct printer *p)
{
    bool strange = p->unread > STRANGE_MAX || p->extra > STRANGE_MAX;
    p->unread = 0;
    p->extra = 0;
    p->lasting &= ~(uint32_t)PRINTER_STRANGE;
    if (strange) p->lasting |= PRINTER_STRANGE;
}

static void ask(struct printer *p, mono_t now)
{
    judge_language(p);
    if (p->parser.stage == 0) p->parser.len = 0;
    p->awaiting = true;
    p->ask_again = false;
    p->asked_at = now;
    command(p, p->options.dialect->status_query);
}

static void ask_later(struct printer *p, mono_t now, int64_t ms)
{
    p->next_ask = p->options.answers ? mono_plus(now, ms) : MONO_NEVER;
}

static int64_t idle_poll_ms(const struct printer *p)
{
    return (p->flags & PRINTER_STOPPED) != 0 ? IDLE_FAULT_POLL_MS : IDLE_POLL_MS;
}

static bool has_job(const struct printer *p)
{
    return p->phase == PHASE_BEFORE || p->phase == PHASE_SENDING || p->phase == PHASE_AFTER;
}

static void finish(struct printer *p, enum print_outcome outcome, const char *text, mono_t now)
{
    assert(has_job(p));
    assert(outcome != PRINT_REFUSED || p->sent == 0);
    struct print_result r = {.job = p->job, .outcome = outcome, .flags = p->flags};
    r.evidence = p->options.answers && (p->flags & PRINTER_SILENT) == 0 && outcome != PRINT_UNKNOWN;
    r.marked = p->marked && outcome == PRINT_PRINTED;
    struct buf room = buf_over(r.text, sizeof r.text - 1);
    buf_text(&room, text);
    r.text[room.len] = '\0';
    move(p, PHASE_IDLE);
    buf_clear(&p->bytes);
    p->sent = 0;
    ask_later(p, now, idle_poll_ms(p));
    p->options.result(p->options.ctx, &r);
}

static void finish_with_flags(struct printer *p, enum print_outcome outcome, mono_t now)
{
    char text[SAY_CAP];
    printer_flags_text(p->flags, text, sizeof text);
    finish(p, outcome, text[0] != '\0' ? text : "printer did not finish in time", now);
}

static void clear_buffer(struct printer *p)
{
    command(p, p->options.dialect->clear_half);
    command(p, p->options.dialect->clear_all);
}

/* ------------------------------------------------------------------------- what it answers -- */

static void start_sending(struct printer *p, mono_t now)
{
    if (p->options.wanted != NULL && !p->options.wanted(p->options.ctx, p->job)) {
        finish(p, PRINT_REFUSED, "no longer wanted", now);
        return;
    }
    move(p, PHASE_SENDING);
    p->progress_at = now;
    p->next_ask = MONO_NEVER;
    want_send(p);
}

static void judge_before(struct printer *p, const struct printer_status *st, mono_t now)
{
    bool half = (st->flags & PRINTER_HALF_FORMAT) != 0;
    bool busy = (st->flags & (PRINTER_BUSY | PRINTER_TAKE_LABEL)) != 0;
    bool hopeless = half && p->half_tries == HALF_TRIES_MAX;
    if (((st->flags | p->lasting) & PRINTER_STOPPED) != 0 || hopeless) {
        finish_with_flags(p, PRINT_REFUSED, now);
    } else if (half) {
        p->half_tries++;
        command(p, p->options.dialect->clear_half);
        ask_later(p, now, POLL_MS);
    } else if (busy) {
        ask_later(p, now, POLL_MS);
    } else {
        start_sending(p, now);
    }
}

/* Answers that may belong to looks from before the job do not count. */
static uint32_t clean_needed(const struct printer *p)
{
    return 2 + p->late;
}

static void judge_after(struct printer *p, const struct printer_status *st, mono_t now)
{
    uint32_t unfinished = PRINTER_STOPPED | PRINTER_HALF_FORMAT | PRINTER_BUSY;
    ask_later(p, now, POLL_MS);
    if ((st->flags & unfinished) != 0) {
        p->clean = 0;
        return;
    }
    if (p->clean == 0) p->clean_at = now;
    p->clean++;
    if (p->can_mark) return;
    if (p->clean >= clean_needed(p) && mono_reached(now, mono_plus(p->clean_at, CLEAN_APART_MS))) {
        p->late = 0;
        finish(p, PRINT_PRINTED, "", now);
    }
}

static uint32_t length_flag(const struct printer *p, uint32_t dots)
{
    uint32_t wanted = p->options.label_dots;
    if (wanted == 0 || dots == 0) return 0;
    uint32_t off = dots > wanted ? dots - wanted : wanted - dots;
    return off > p->options.tolerance_dots ? PRINTER_OTHER_LENGTH : 0;
}

static void on_status(struct printer *p, const struct printer_status *st, mono_t now)
{
    bool asked = p->awaiting;
    bool again = p->ask_again;
    p->awaiting = false;
    p->silent = 0;
    set_flags(p, st->flags | p->lasting | length_flag(p, st->label_dots));
    if (!asked) {
        if (p->late == 0) p->extra++;
        if (p->late > 0) p->late--;
    } else if (again) {
        ask(p, now);
    } else if (p->phase == PHASE_BEFORE) {
        judge_before(p, st, now);
    } else if (p->phase == PHASE_AFTER) {
        judge_after(p, st, now);
    } else {
        ask_later(p, now, idle_poll_ms(p));
    }
}

static void on_model(struct printer *p, const struct printer_status *st)
{
    p->lasting &= ~(uint32_t)PRINTER_WRONG_DPI;
    if (p->options.dpi != 0 && st->dpi != 0 && st->dpi != p->options.dpi)
        p->lasting |= PRINTER_WRONG_DPI;
    set_flags(p, (p->flags & ~(uint32_t)PRINTER_WRONG_DPI) | p->lasting);
}

/* The mark sent after connecting, or that of the job under way. Others are of jobs given up. */
static void on_mark(struct printer *p, const struct printer_status *st, mono_t now)
{
    if (st->mark != p->mark) return;
    p->can_mark = true;
    p->marked = has_job(p) && p->sent == p->bytes.len;
    if (p->marked && p->phase == PHASE_AFTER) finish(p, PRINT_PRINTED, "", now);
}

static void on_said(struct printer *p, const struct printer_status *st, mono_t now)
{
    p->unread = 0;
    switch (st->says) {
    case PRINTER_SAYS_STATUS:
        on_status(p, st, now);
        break;
    case PRINTER_SAYS_MODEL:
        on_model(p, st);
        break;
    case PRINTER_SAYS_MARK:
        on_mark(p, st, now);
        break;
    }
}

static void on_silence(struct printer *p, mono_t now)
{
    bool again = p->ask_again;
    p->awaiting = false;
    p->silent++;
    if (p->late < LATE_MAX) p->late++;
    set_flags(p, PRINTER_SILENT);
    if (again) {
        ask(p, now);
    } else if (p->phase == PHASE_BEFORE) {
        finish_with_flags(p, PRINT_REFUSED, now);
    } else if (p->phase == PHASE_AFTER && p->silent >= SILENT_MAX) {
        finish_with_flags(p, PRINT_UNKNOWN, now);
    } else {
        ask_later(p, now, p->phase == PHASE_AFTER ? 0 : IDLE_FAULT_POLL_MS);
    }
}

/* -------------------------------------------------------------------------------- the jobs -- */

static uint32_t next_mark(struct printer *p)
{
    p->mark = p->mark < PRINTER_MARK_MAX ? p->mark + 1 : 1;
    return p->mark;
}

err_t printer_print(struct printer *p, uint32_t job, struct slice bytes, mono_t now)
{
    if (p->phase == PHASE_ABSENT) return ERR_GONE;
    if (has_job(p)) return ERR_BUSY;
    if (bytes.len == 0 || bytes.len > LABEL_JOB_MAX) return ERR_INVALID;
    buf_clear(&p->bytes);
    buf_put(&p->bytes, bytes);
    if (p->can_mark) p->options.dialect->mark(next_mark(p), &p->bytes);
    if (p->bytes.overflow) return ERR_NOMEM;
    p->job = job;
    p->job_at = now;
    p->sent = 0;
    p->clean = 0;
    p->silent = 0;
    p->half_tries = 0;
    p->marked = false;
    move(p, PHASE_BEFORE);
    if (!p->options.answers) {
        start_sending(p, now);
        return ERR_OK;
    }
    p->next_ask = MONO_NEVER;
    if (p->awaiting) {
        p->ask_again = true;
    } else {
        ask(p, now);
    }
    return ERR_OK;
}

void printer_withdraw(struct printer *p, uint32_t job, mono_t now)
{
    if (!has_job(p) || p->job != job || p->sent > 0) return;
    finish(p, PRINT_REFUSED, "withdrawn before printing", now);
}

void printer_abandon(struct printer *p, mono_t now)
{
    printer_withdraw(p, p->job, now);
}

bool printer_is_present(const struct printer *p)
{
    return p->phase != PHASE_ABSENT;
}

bool printer_is_busy(const struct printer *p)
{
    return has_job(p);
}

uint32_t printer_flags(const struct printer *p)
{
    return p->flags;
}

const char *printer_identity(const struct printer *p)
{
    return p->phase != PHASE_ABSENT ? p->identity : "";
}

/* ------------------------------------------------------------------------------ the device -- */

static void greet(struct printer *p)
{
    uint8_t bytes[MARK_CAP];
    struct buf mark = buf_over(bytes, sizeof bytes);
    p->lasting = 0;
    p->unread = 0;
    p->extra = 0;
    p->can_mark = false;
    p->parser = (struct printer_parser){.len = 0};
    if (!p->options.answers) return;
    command(p, p->options.dialect->hello);
    if (p->options.dialect->mark == NULL) return;
    p->options.dialect->mark(next_mark(p), &mark);
    command(p, buf_slice(&mark));
}

void printer_arrived(struct printer *p, hal_port_t port, const char *identity, mono_t now)
{
    if (p->phase != PHASE_ABSENT) printer_gone(p, now);
    move(p, PHASE_IDLE);
    p->port = port;
    struct buf room = buf_over(p->identity, sizeof p->identity - 1);
    buf_text(&room, identity);
    p->identity[room.len] = '\0';
    p->flags = 0;
    p->late = 0;
    clear_buffer(p);
    greet(p);
    p->next_ask = MONO_NEVER;
    if (p->options.answers) ask(p, now);
    tell_changed(p);
}

void printer_gone(struct printer *p, mono_t now)
{
    if (p->phase == PHASE_ABSENT) return;
    p->flags = 0;
    p->awaiting = false;
    p->command_len = 0;
    p->command_sent = 0;
#ifdef PLANT_STALE_JOB
    p->sent = 0;
#endif
    if (has_job(p) && p->sent == 0) {
        finish(p, PRINT_REFUSED, "printer unplugged before printing", now);
    } else if (has_job(p)) {
        finish(p, PRINT_UNKNOWN, "printer unplugged while printing", now);
    }
    move(p, PHASE_ABSENT);
    tell_changed(p);
}

void printer_data(struct printer *p, struct slice bytes, mono_t now)
{
    if (p->phase == PHASE_ABSENT || !p->options.answers) return;
    while (bytes.len > 0) {
        struct printer_status st = {0};
        size_t before = bytes.len;
        bool said = printer_dialect_read(p->options.dialect, &p->parser, &bytes, &st);
        p->unread += (uint32_t)(before - bytes.len);
        if (said) on_said(p, &st, now);
    }
}

bool printer_dialect_read(const struct printer_dialect *d, struct printer_parser *p,
                          struct slice *rest, struct printer_status *out)
{
    while (rest->len > 0) {
        uint8_t byte = rest->ptr[0];
        *rest = slice_sub(*rest, 1, rest->len);
        if (d->push(p, byte, out)) return true;
    }
    return false;
}

void printer_writable(struct printer *p, mono_t now)
{
    (void)now;
    if (has_command(p) || p->phase == PHASE_SENDING) want_send(p);
}

/* --------------------------------------------------------------------------------- in time -- */

/* When a job under way is given up; MONO_NEVER without one. */
static mono_t job_limit(const struct printer *p)
{
    if (!has_job(p)) return MONO_NEVER;
    if (p->phase == PHASE_AFTER && !p->options.answers) return p->after_at;
    if (p->phase == PHASE_AFTER) return mono_plus(p->after_at, AFTER_LIMIT_MS);
    if (p->sent > 0) return mono_plus(p->progress_at, STALL_MS);
    return mono_plus(p->job_at, p->options.job_expiry_ms);
}

static void on_job_limit(struct printer *p, mono_t now)
{
    if (p->phase == PHASE_AFTER && !p->options.answers) {
        finish(p, PRINT_PRINTED, "", now);
    } else if (p->phase == PHASE_AFTER) {
        finish_with_flags(p, PRINT_UNKNOWN, now);
    } else if (p->sent > 0) {
        finish(p, PRINT_UNKNOWN, "printer stopped taking the label", now);
        clear_buffer(p);
    } else {
        finish(p, PRINT_REFUSED, "printer was not ready in time", now);
    }
}

static mono_t look_deadline(const struct printer *p)
{
    return p->awaiting ? mono_plus(p->asked_at, p->options.status_timeout_ms) : p->next_ask;
}

void printer_tick(struct printer *p, mono_t now)
{
    if (p->phase == PHASE_ABSENT) return;
    if (mono_reached(now, job_limit(p))) on_job_limit(p, now);
    if (!mono_reached(now, look_deadline(p))) return;
    if (p->awaiting) {
        on_silence(p, now);
    } else {
        /* Idle, and nothing more came after the last answer: no late one is on its way. */
        if (p->phase == PHASE_IDLE && p->silent == 0) p->late = 0;
        p->next_ask = MONO_NEVER;
        ask(p, now);
    }
}

mono_t printer_deadline(const struct printer *p)
{
    if (p->phase == PHASE_ABSENT) return MONO_NEVER;
    return mono_earlier(job_limit(p), look_deadline(p));
}

/* ------------------------------------------------------------------------------- to the port -- */

static bool pump_command(struct printer *p, struct hal *hal, mono_t now)
{
    size_t took = 0;
    struct slice rest =
        slice_sub(slice_of(p->command, p->command_len), p->command_sent, p->command_len);
    if (rest.len == 0) return true;
    err_t e = hal_port_write(hal, p->port, rest, &took);
    if (e) return false;
    p->command_sent += took;
    if (p->awaiting) p->asked_at = now;
    return !has_command(p);
}

void printer_pump(struct printer *p, struct hal *hal, mono_t now)
{
    size_t took = 0;
    if (p->phase == PHASE_ABSENT || !pump_command(p, hal, now)) return;
    if (p->phase != PHASE_SENDING) return;
    err_t e =
        hal_port_write(hal, p->port, slice_sub(buf_slice(&p->bytes), p->sent, p->bytes.len), &took);
    if (e || took == 0) return;
    p->sent += took;
    p->progress_at = now;
    assert(p->sent <= p->bytes.len);
    if (p->sent < p->bytes.len) return;
    move(p, PHASE_AFTER);
    p->after_at = now;
    ask_later(p, now, POLL_MS);
}

/* -------------------------------------------------------------------------------- in words -- */

static const struct {
    uint32_t flag;
    const char *text;
} words[] = {
    {PRINTER_PAPER_OUT, "paper out"},
    {PRINTER_RIBBON_OUT, "ribbon out"},
    {PRINTER_HEAD_OPEN, "head open"},
    {PRINTER_PAUSED, "paused"},
    {PRINTER_HOT, "head too hot"},
    {PRINTER_COLD, "head too cold"},
    {PRINTER_BUFFER_FULL, "buffer full"},
    {PRINTER_HALF_FORMAT, "half a label in its buffer"},
    {PRINTER_TAKE_LABEL, "take the label"},
    {PRINTER_FAULT, "printer fault"},
    {PRINTER_SETTINGS_LOST, "settings lost"},
    {PRINTER_SILENT, "does not answer"},
    {PRINTER_PAPER_LOW, "paper nearly out"},
    {PRINTER_CUTTER, "cutter stuck"},
    {PRINTER_JAM, "paper jam"},
    {PRINTER_MEDIA_OUT, "paper or ribbon out"},
    {PRINTER_WRONG_DPI, "wrong resolution: labels are made for another one"},
    {PRINTER_OTHER_LENGTH, "its labels have another length"},
    {PRINTER_STRANGE, "answers in another language"},
};

void printer_flags_text(uint32_t flags, char *out, size_t cap)
{
    assert(cap > 0);
    struct buf b = buf_over(out, cap - 1);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if ((flags & words[i].flag) == 0) continue;
        if (b.len > 0) buf_text(&b, ", ");
        buf_text(&b, words[i].text);
    }
    out[b.len] = '\0';
}

const struct printer_dialect *printer_dialect_by_name(const char *name)
{
    static const struct printer_dialect *const dialects[] = {&printer_zpl, &printer_epl,
                                                             &printer_tspl, &printer_escpos};
    for (size_t i = 0; i < sizeof dialects / sizeof dialects[0]; i++) {
        if (strcmp(dialects[i]->name, name) == 0) return dialects[i];
    }
    return NULL;
}
