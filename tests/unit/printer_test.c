/* One label printer on a simulated ZPL printer: what becomes of a job, whatever happens to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/printer/printer.h"
#include "tools/virtual/zpl_printer.h"

#define COUNT(a)  (sizeof(a) / sizeof(a)[0])
#define LABEL     SLICE("^XA^FO10,10^FDPARCEL 1^FS^PQ1,0,1,N^XZ")
#define LABEL_2   SLICE("^XA^FO10,10^FDPARCEL 2^FS^PQ1,0,1,N^XZ")
#define CHUNK_CAP 64

struct world {
    struct printer *printer;
    struct zpl_printer *device;
    mono_t now;
    bool plugged;
    bool wants_send;
    bool keeps_answers; /* answers stay on the way until this is over */
    size_t answer_chunk;
    size_t written;
    size_t results;
    struct print_result last;
    size_t changes;
};

static struct world *the_world;

/* The port between them. */
err_t hal_port_write(struct hal *h, hal_port_t port, struct slice bytes, size_t *out_accepted)
{
    (void)h;
    (void)port;
    struct world *w = the_world;
    if (!w->plugged) return ERR_GONE;
    *out_accepted = zpl_printer_accept(w->device, bytes, w->now);
    w->written += *out_accepted;
    return ERR_OK;
}

static void on_result(void *ctx, const struct print_result *r)
{
    struct world *w = ctx;
    w->results++;
    w->last = *r;
}

static void on_changed(void *ctx)
{
    ((struct world *)ctx)->changes++;
}

static void on_wants_send(void *ctx)
{
    ((struct world *)ctx)->wants_send = true;
}

static void pump(struct world *w)
{
    for (int i = 0; i < 10000 && w->wants_send; i++) {
        size_t before = w->written;
        w->wants_send = false;
        printer_pump(w->printer, NULL, w->now);
        if (w->plugged && w->written > before) printer_writable(w->printer, w->now);
    }
}

static void deliver_answers(struct world *w)
{
    uint8_t bytes[CHUNK_CAP];
    while (!w->keeps_answers) {
        size_t n = zpl_printer_answer(w->device, bytes, w->answer_chunk);
        if (n == 0) return;
        if (w->plugged) printer_data(w->printer, slice_of(bytes, n), w->now);
        pump(w);
    }
}

/* Everything that happens until `ms` from now. */
static void run(struct world *w, int64_t ms)
{
    mono_t end = mono_plus(w->now, ms);
    for (;;) {
        pump(w);
        deliver_answers(w);
        mono_t next = mono_earlier(printer_deadline(w->printer), zpl_printer_deadline(w->device));
        if (next.ms > end.ms) break;
        if (next.ms > w->now.ms) w->now = next;
        zpl_printer_tick(w->device, w->now);
        printer_tick(w->printer, w->now);
        printer_writable(w->printer, w->now);
    }
    w->now = end;
}

static void plug(struct world *w)
{
    w->plugged = true;
    printer_arrived(w->printer, (hal_port_t){1}, "usb 0a5f:0080", w->now);
    run(w, 0);
}

static void unplug(struct world *w)
{
    w->plugged = false;
    printer_gone(w->printer, w->now);
}

static void open_world(struct world *w, bool answers, const struct zpl_printer_options *device)
{
    *w = (struct world){.now = {1000}, .answer_chunk = CHUNK_CAP};
    the_world = w;
    w->device = zpl_printer_new(device);
    struct printer_options options = {.dialect = &printer_zpl,
                                      .answers = answers,
                                      .result = on_result,
                                      .changed = on_changed,
                                      .wants_send = on_wants_send,
                                      .ctx = w};
    assert_int_equal(printer_new(&options, &w->printer), ERR_OK);
}

static void close_world(struct world *w)
{
    printer_free(w->printer);
    zpl_printer_free(w->device);
    the_world = NULL;
}

static void print(struct world *w, uint32_t job, struct slice bytes)
{
    assert_int_equal(printer_print(w->printer, job, bytes, w->now), ERR_OK);
}

static void assert_result(const struct world *w, uint32_t job, enum print_outcome outcome)
{
    assert_int_equal(w->results, 1);
    assert_int_equal(w->last.job, job);
    assert_int_equal(w->last.outcome, outcome);
}

static void printer__says_printed_after_two_clean_answers(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, true, NULL);
    plug(&w);
    print(&w, 7, LABEL);
    run(&w, 400);
    assert_int_equal(zpl_printer_label_count(w.device), 1);
    assert_int_equal(w.results, 0);
    run(&w, 2000);
    assert_result(&w, 7, PRINT_PRINTED);
    assert_true(w.last.evidence);
    assert_true(slice_eq(zpl_printer_label(w.device, 0).zpl, LABEL));
    assert_int_equal(zpl_printer_strangers(w.device), 0);
    close_world(&w);
}

static void printer__sends_as_the_port_takes(void **state)
{
    (void)state;
    struct world w;
    struct zpl_printer_options slow = {.accept_max = 1};
    open_world(&w, true, &slow);
    w.answer_chunk = 1;
    plug(&w);
    print(&w, 1, LABEL);
    run(&w, 3000);
    assert_result(&w, 1, PRINT_PRINTED);
    assert_true(slice_eq(zpl_printer_label(w.device, 0).zpl, LABEL));
    close_world(&w);
}

static void set_paper_out(struct zpl_printer_faults *f)
{
    f->paper_out = true;
}
static void set_head_open(struct zpl_printer_faults *f)
{
    f->head_open = true;
}
static void set_ribbon_out(struct zpl_printer_faults *f)
{
    f->ribbon_out = true;
}
static void set_paused(struct zpl_printer_faults *f)
{
    f->paused = true;
}
static void set_hot(struct zpl_printer_faults *f)
{
    f->head_hot = true;
}
static void set_silent(struct zpl_printer_faults *f)
{
    f->silent = true;
}
static void set_half_reply(struct zpl_printer_faults *f)
{
    f->half_reply = true;
}

static const struct {
    void (*set)(struct zpl_printer_faults *f);
    uint32_t flag;
    const char *text;
} faults[] = {
    {set_paper_out, PRINTER_PAPER_OUT, "paper out"},
    {set_head_open, PRINTER_HEAD_OPEN, "head open"},
    {set_ribbon_out, PRINTER_RIBBON_OUT, "ribbon out"},
    {set_paused, PRINTER_PAUSED, "paused"},
    {set_hot, PRINTER_HOT, "head too hot"},
    {set_silent, PRINTER_SILENT, "does not answer"},
    {set_half_reply, PRINTER_SILENT, "does not answer"},
};

static void printer__refuses_and_sends_nothing_while_something_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(faults); i++) {
        struct world w;
        open_world(&w, true, NULL);
        faults[i].set(zpl_printer_faults(w.device));
        plug(&w);
        print(&w, 1, LABEL);
        run(&w, 10000);
        assert_result(&w, 1, PRINT_REFUSED);
        assert_int_equal(w.last.flags, faults[i].flag);
        assert_string_equal(w.last.text, faults[i].text);
        *zpl_printer_faults(w.device) = (struct zpl_printer_faults){0};
        run(&w, 20000);
        assert_int_equal(zpl_printer_label_count(w.device), 0);
        assert_int_equal(printer_flags(w.printer), 0);
        close_world(&w);
    }
}

static void printer__waits_for_paper_and_never_sends_again(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, true, NULL);
    plug(&w);
    print(&w, 1, LABEL);
    run(&w, 10);
    zpl_printer_faults(w.device)->paper_out = true;
    run(&w, 20000);
    assert_int_equal(w.results, 0);
    assert_true((printer_flags(w.printer) & PRINTER_PAPER_OUT) != 0);
    zpl_printer_faults(w.device)->paper_out = false;
    run(&w, 3000);
    assert_result(&w, 1, PRINT_PRINTED);
    assert_int_equal(zpl_printer_label_count(w.device), 1);
    close_world(&w);
}

static void printer__does_not_know_when_a_fault_stays(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, true, NULL);
    plug(&w);
    print(&w, 1, LABEL);
    run(&w, 10);
    zpl_printer_faults(w.device)->head_open = true;
    run(&w, 70000);
    assert_result(&w, 1, PRINT_UNKNOWN);
    assert_string_equal(w.last.text, "head open");
    assert_false(w.last.evidence);
    close_world(&w);
}

static void printer__does_not_know_when_answers_stop(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, true, NULL);
    plug(&w);
    print(&w, 1, LABEL);
    run(&w, 10);
    zpl_printer_faults(w.device)->silent = true;
    run(&w, 10000);
    assert_result(&w, 1, PRINT_UNKNOWN);
    assert_int_equal(zpl_printer_label_count(w.device), 1);
    close_world(&w);
}

/* One whole reply of those kept back. */
static bool deliver_one_answer(struct world *w)
{
    uint8_t byte = 0;
    int ends = 0;
    while (ends < 3) {
        if (zpl_printer_answer(w->device, &byte, 1) == 0) return false;
        printer_data(w->printer, slice_of(&byte, 1), w->now);
        if (byte == 0x03) ends++;
    }
    pump(w);
    return true;
}

static void printer__does_not_take_late_answers_for_new_ones(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, true, NULL);
    plug(&w);
    w.keeps_answers = true;
    run(&w, 30000); /* several looks at an idle printer time out; their answers are on the way */
    print(&w, 1, LABEL);
    for (int i = 0; i < 5 && !zpl_printer_waiting(w.device); i++) {
        assert_true(deliver_one_answer(&w));
    }
    assert_int_equal(zpl_printer_waiting(w.device), 1);
    zpl_printer_faults(w.device)->paper_out = true;
    for (int i = 0; i < 12; i++) {
        run(&w, 400);
        (void)deliver_one_answer(&w);
    }
    assert_int_equal(w.results, 0);
    zpl_printer_faults(w.device)->paper_out = false;
    w.keeps_answers = false;
    run(&w, 10000);
    assert_result(&w, 1, PRINT_PRINTED);
    close_world(&w);
}

static void printer__is_as_quick_as_ever_after_a_silence(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, true, NULL);
    plug(&w);
    zpl_printer_faults(w.device)->silent = true;
    run(&w, 60000);
    assert_int_equal(printer_flags(w.printer), PRINTER_SILENT);
    zpl_printer_faults(w.device)->silent = false;
    run(&w, 25000);
    print(&w, 1, LABEL);
    run(&w, 1700);
    assert_result(&w, 1, PRINT_PRINTED);
    close_world(&w);
}

static void printer__unplugged_before_the_first_byte_is_refused(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, true, NULL);
    plug(&w);
    print(&w, 1, LABEL);
    unplug(&w);
    assert_result(&w, 1, PRINT_REFUSED);
    assert_int_equal(printer_print(w.printer, 2, LABEL, w.now), ERR_GONE);
    assert_string_equal(printer_identity(w.printer), "");
    close_world(&w);
}

static void printer__unplugged_in_the_middle_is_unknown_and_the_rest_is_cleared(void **state)
{
    (void)state;
    struct world w;
    struct zpl_printer_options slow = {.accept_max = 9};
    open_world(&w, true, &slow);
    plug(&w);
    print(&w, 1, LABEL);
    pump(&w);
    deliver_answers(&w);
    zpl_printer_faults(w.device)->takes_nothing = true;
    run(&w, 100);
    unplug(&w);
    if (w.last.outcome == PRINT_REFUSED) fail_msg("a byte had left");
    assert_result(&w, 1, PRINT_UNKNOWN);
    zpl_printer_faults(w.device)->takes_nothing = false;
    w.results = 0;
    plug(&w);
    print(&w, 2, LABEL_2);
    run(&w, 5000);
    assert_result(&w, 2, PRINT_PRINTED);
    size_t last = zpl_printer_label_count(w.device) - 1;
    assert_true(slice_eq(zpl_printer_label(w.device, last).zpl, LABEL_2));
    close_world(&w);
}

static void printer__half_a_label_in_the_buffer_never_joins_the_next(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, true, NULL);
    plug(&w);
    assert_int_equal(zpl_printer_accept(w.device, SLICE("^XA^FO1,1^FDHALF"), w.now), 16);
    print(&w, 1, LABEL);
    run(&w, 5000);
    assert_result(&w, 1, PRINT_PRINTED);
    assert_int_equal(zpl_printer_label_count(w.device), 1);
    assert_true(slice_eq(zpl_printer_label(w.device, 0).zpl, LABEL));
    close_world(&w);
}

static void printer__drops_what_waited_when_it_returns(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, true, NULL);
    zpl_printer_faults(w.device)->paper_out = true;
    zpl_printer_accept(w.device, SLICE("^XA^FDYESTERDAY^FS^XZ^XA^FDHALF"), w.now);
    plug(&w);
    zpl_printer_faults(w.device)->paper_out = false;
    run(&w, 20000);
    assert_int_equal(zpl_printer_label_count(w.device), 0);
    assert_int_equal(printer_flags(w.printer), 0);
    close_world(&w);
}

static void printer__waits_until_the_label_before_is_out(void **state)
{
    (void)state;
    struct world w;
    struct zpl_printer_options slow = {.print_ms = 5000};
    open_world(&w, true, &slow);
    plug(&w);
    zpl_printer_accept(w.device, LABEL_2, w.now);
    print(&w, 1, LABEL);
    run(&w, 4900);
    assert_int_equal(zpl_printer_waiting(w.device), 1);
    run(&w, 20000);
    assert_result(&w, 1, PRINT_PRINTED);
    assert_int_equal(zpl_printer_label_count(w.device), 2);
    close_world(&w);
}

static void printer__refuses_a_job_that_could_not_begin_in_time(void **state)
{
    (void)state;
    struct world w;
    struct zpl_printer_options slow = {.print_ms = 500000};
    open_world(&w, true, &slow);
    plug(&w);
    zpl_printer_accept(w.device, LABEL_2, w.now);
    print(&w, 1, LABEL);
    run(&w, 59000);
    assert_int_equal(w.results, 0);
    run(&w, 2000);
    assert_result(&w, 1, PRINT_REFUSED);
    assert_int_equal(zpl_printer_waiting(w.device), 1);
    close_world(&w);
}

static void printer__gives_up_a_port_that_takes_no_more_and_clears_it(void **state)
{
    (void)state;
    struct world w;
    struct zpl_printer_options small = {.accept_max = 9};
    open_world(&w, true, &small);
    plug(&w);
    print(&w, 1, LABEL);
    pump(&w);
    deliver_answers(&w);
    zpl_printer_faults(w.device)->takes_nothing = true;
    run(&w, 40000);
    assert_result(&w, 1, PRINT_UNKNOWN);
    size_t out = zpl_printer_label_count(w.device);
    zpl_printer_faults(w.device)->takes_nothing = false;
    w.results = 0;
    run(&w, 5000);
    print(&w, 2, LABEL_2);
    run(&w, 5000);
    assert_result(&w, 2, PRINT_PRINTED);
    assert_int_equal(zpl_printer_label_count(w.device), out + 1);
    assert_true(slice_eq(zpl_printer_label(w.device, out).zpl, LABEL_2));
    close_world(&w);
}

static void printer__power_cycle_prints_no_label_twice(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, true, NULL);
    plug(&w);
    print(&w, 1, LABEL);
    run(&w, 100);
    zpl_printer_power_cycle(w.device);
    unplug(&w);
    assert_result(&w, 1, PRINT_UNKNOWN);
    plug(&w);
    run(&w, 20000);
    assert_int_equal(zpl_printer_label_count(w.device), 0);
    close_world(&w);
}

static void printer__withdraws_only_what_was_not_begun(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, true, NULL);
    plug(&w);
    print(&w, 1, LABEL);
    printer_withdraw(w.printer, 9, w.now);
    assert_int_equal(w.results, 0);
    printer_withdraw(w.printer, 1, w.now);
    assert_result(&w, 1, PRINT_REFUSED);
    run(&w, 3000);
    assert_int_equal(zpl_printer_label_count(w.device), 0);
    w.results = 0;
    print(&w, 2, LABEL);
    run(&w, 10);
    printer_withdraw(w.printer, 2, w.now);
    run(&w, 3000);
    assert_result(&w, 2, PRINT_PRINTED);
    close_world(&w);
}

static void printer__never_prints_what_was_not_committed(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, true, NULL);
    plug(&w);
    run(&w, 1000);
    printer_abandon(w.printer, w.now);
    assert_int_equal(w.results, 0);
    print(&w, 1, LABEL);
    w.wants_send = false;
    printer_abandon(w.printer, w.now);
    assert_result(&w, 1, PRINT_REFUSED);
    run(&w, 60000);
    assert_int_equal(zpl_printer_label_count(w.device), 0);
    w.results = 0;
    print(&w, 2, LABEL);
    run(&w, 10);
    printer_abandon(w.printer, w.now);
    run(&w, 3000);
    assert_result(&w, 2, PRINT_PRINTED);
    close_world(&w);
}

static void printer__one_way_says_printed_without_evidence(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, false, NULL);
    plug(&w);
    print(&w, 1, LABEL);
    run(&w, 400);
    assert_result(&w, 1, PRINT_PRINTED);
    assert_false(w.last.evidence);
    assert_int_equal(zpl_printer_label_count(w.device), 1);
    assert_int_equal(printer_deadline(w.printer).ms, MONO_NEVER.ms);
    close_world(&w);
}

static void printer__takes_one_job_at_a_time_and_no_empty_one(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, true, NULL);
    assert_int_equal(printer_print(w.printer, 1, LABEL, w.now), ERR_GONE);
    plug(&w);
    assert_int_equal(printer_print(w.printer, 1, SLICE_NONE, w.now), ERR_INVALID);
    print(&w, 1, LABEL);
    assert_int_equal(printer_print(w.printer, 2, LABEL, w.now), ERR_BUSY);
    assert_true(printer_is_busy(w.printer));
    run(&w, 3000);
    assert_false(printer_is_busy(w.printer));
    close_world(&w);
}

static void printer__tells_of_paper_running_out_while_idle(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, true, NULL);
    plug(&w);
    size_t before = w.changes;
    zpl_printer_faults(w.device)->paper_out = true;
    run(&w, 16000);
    assert_int_equal(printer_flags(w.printer), PRINTER_PAPER_OUT);
    assert_true(w.changes > before);
    zpl_printer_faults(w.device)->paper_out = false;
    run(&w, 2500);
    assert_int_equal(printer_flags(w.printer), 0);
    close_world(&w);
}

/* ------------------------------------------------------------------------ the status parser -- */

#define STATUS_CLEAN                                                                               \
    "\x02"                                                                                         \
    "030,0,0,1218,000,0,0,0,000,0,0,0\x03\r\n\x02"                                                 \
    "001,0,0,0,0,2,6,0,00000000,1,000\x03\r\n\x02"                                                 \
    "1234,0\x03\r\n"
/* Two real replies. */
#define STATUS_PAPER                                                                               \
    "\x02"                                                                                         \
    "030,1,1,1225,000,0,0,0,000,0,0,0\x03\r\n\x02"                                                 \
    "001,0,0,1,1,2,6,0,00000000,1,000\x03\r\n\x02"                                                 \
    "1234,0\x03\r\n"
#define STATUS_HEAD                                                                                \
    "\x02"                                                                                         \
    "014,0,1,1225,009,0,0,0,000,1,0,0\x03\r\n\x02"                                                 \
    "001,0,1,0,1,4,6,0,00000000,1,000\x03\r\n\x02"                                                 \
    "1234,0\x03\r\n"
#define STATUS_MORE_FIELDS                                                                         \
    "\x02"                                                                                         \
    "030,0,0,1218,000,0,0,1,000,0,0,0,7,8\x03\r\n\x02"                                             \
    "001,0,0,0,0,2,6,0,00000002,1,000,5,6,7\x03\r\n\x02"                                           \
    "1234,0\x03\r\n"

struct reply {
    struct slice bytes;
    int complete;
    uint32_t flags;
    uint32_t waiting;
};

#define REPLY(text, complete, flags, waiting)                                                      \
    {                                                                                              \
        {(const uint8_t *)(text), sizeof(text) - 1}, complete, flags, waiting                      \
    }
static const struct reply replies[] = {
    REPLY(STATUS_CLEAN, 1, 0, 0),
    REPLY(STATUS_PAPER, 1, PRINTER_PAPER_OUT | PRINTER_PAUSED | PRINTER_RIBBON_OUT, 0),
    REPLY(STATUS_HEAD, 1, PRINTER_PAUSED | PRINTER_HEAD_OPEN | PRINTER_SETTINGS_LOST | PRINTER_BUSY,
          9),
    REPLY(STATUS_MORE_FIELDS, 1, PRINTER_HALF_FORMAT | PRINTER_BUSY, 2),
    REPLY("\xFF\x00,,\x02\x02" STATUS_PAPER, 1,
          PRINTER_PAPER_OUT | PRINTER_PAUSED | PRINTER_RIBBON_OUT, 0),
    REPLY("\x02"
          "030,0,0,12" STATUS_CLEAN,
          1, 0, 0),
    REPLY("\x02"
          "030,1,0,1218,000,0,0,0,000,0,0,0\x03\r\n" STATUS_CLEAN,
          1, 0, 0),
    REPLY("\x02"
          "001,0,0,0,0,2,6,0,00000000,1,000\x03\r\n\x02"
          "1234,0\x03\r\n",
          0, 0, 0),
    REPLY("\x02"
          "030,0,0,1218,000,0,0,0,000,0,0\x03\r\n\x02"
          "001,0,0,0,0,2,6,0,00000000,1,000\x03\r\n",
          0, 0, 0),
    REPLY("\x02"
          "030,x,0,1218,000,0,0,0,000,0,0,0\x03\r\n\x02"
          "001,0,0,0,0,2,6,0,00000000,1,000\x03\r\n",
          0, 0, 0),
    REPLY("030,0,0,1218,000,0,0,0,000,0,0,0\r\n001,0,0,0,0,2,6,0,00000000,1,000\r\n", 0, 0, 0),
};

static void zpl_status__is_read_in_any_chunking(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(replies); i++) {
        for (size_t step = 1; step <= 200; step += 3) {
            struct printer_parser parser = {.len = 0};
            struct printer_status st = {0};
            int complete = 0;
            for (size_t at = 0; at < replies[i].bytes.len; at += step) {
                struct slice part = slice_sub(replies[i].bytes, at, at + step);
                while (printer_dialect_read(&printer_zpl, &parser, &part, &st))
                    complete++;
            }
            assert_int_equal(complete, replies[i].complete);
            assert_int_equal(st.flags, replies[i].flags);
            assert_int_equal(st.waiting, replies[i].waiting);
        }
    }
}

static void zpl_status__finds_its_way_after_any_noise(void **state)
{
    (void)state;
    struct printer_parser parser = {.len = 0};
    uint32_t seed = 11;
    for (int round = 0; round < 500; round++) {
        uint8_t noise[700];
        for (size_t i = 0; i < sizeof noise; i++) {
            seed = seed * 1664525u + 1013904223u;
            static const uint8_t likely[] = {0x02, 0x03, ',', '0', '1', '\r', '\n', 0xFF};
            noise[i] = likely[(seed >> 16) % sizeof likely];
        }
        struct printer_status st = {.flags = ~0u};
        struct slice rest = slice_of(noise, seed % sizeof noise);
        struct slice clean = SLICE(STATUS_CLEAN);
        while (printer_dialect_read(&printer_zpl, &parser, &rest, &st)) {
        }
        assert_true(printer_dialect_read(&printer_zpl, &parser, &clean, &st));
        assert_int_equal(st.flags, 0);
        assert_true(parser.len <= sizeof parser.bytes);
    }
}

static void printer_flags__are_words_for_people(void **state)
{
    (void)state;
    char text[SAY_CAP];
    printer_flags_text(0, text, sizeof text);
    assert_string_equal(text, "");
    printer_flags_text(PRINTER_BUSY, text, sizeof text);
    assert_string_equal(text, "");
    printer_flags_text(PRINTER_PAPER_OUT | PRINTER_HEAD_OPEN, text, sizeof text);
    assert_string_equal(text, "paper out, head open");
    printer_flags_text(~0u, text, 8);
    assert_string_equal(text, "paper o");
    printer_flags_text(~0u, text, sizeof text);
    assert_true(strlen(text) < SAY_CAP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(printer__says_printed_after_two_clean_answers),
        cmocka_unit_test(printer__sends_as_the_port_takes),
        cmocka_unit_test(printer__refuses_and_sends_nothing_while_something_is_wrong),
        cmocka_unit_test(printer__waits_for_paper_and_never_sends_again),
        cmocka_unit_test(printer__does_not_know_when_a_fault_stays),
        cmocka_unit_test(printer__does_not_know_when_answers_stop),
        cmocka_unit_test(printer__does_not_take_late_answers_for_new_ones),
        cmocka_unit_test(printer__is_as_quick_as_ever_after_a_silence),
        cmocka_unit_test(printer__unplugged_before_the_first_byte_is_refused),
        cmocka_unit_test(printer__unplugged_in_the_middle_is_unknown_and_the_rest_is_cleared),
        cmocka_unit_test(printer__half_a_label_in_the_buffer_never_joins_the_next),
        cmocka_unit_test(printer__drops_what_waited_when_it_returns),
        cmocka_unit_test(printer__waits_until_the_label_before_is_out),
        cmocka_unit_test(printer__refuses_a_job_that_could_not_begin_in_time),
        cmocka_unit_test(printer__gives_up_a_port_that_takes_no_more_and_clears_it),
        cmocka_unit_test(printer__power_cycle_prints_no_label_twice),
        cmocka_unit_test(printer__withdraws_only_what_was_not_begun),
        cmocka_unit_test(printer__never_prints_what_was_not_committed),
        cmocka_unit_test(printer__one_way_says_printed_without_evidence),
        cmocka_unit_test(printer__takes_one_job_at_a_time_and_no_empty_one),
        cmocka_unit_test(printer__tells_of_paper_running_out_while_idle),
        cmocka_unit_test(zpl_status__is_read_in_any_chunking),
        cmocka_unit_test(zpl_status__finds_its_way_after_any_noise),
        cmocka_unit_test(printer_flags__are_words_for_people),
    };
    return cmocka_run_group_tests_name("printer", tests, NULL, NULL);
}
