/* What one message costs however many wait. Leaves the stores it filled for process_bench. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "firmware/outbox/outbox_parts.h"
#include "hal/sim/hal_sim.h"
#include "tests/bench/figures.h"
#include "tests/bench/waiting.h"

#define SIZES_MAX 3
#define SMALL     1000 /* filled up again before each round */
#define ROUNDS    60
#define TICKS     4 /* per round; each begins and ends OUTBOX_TICK_MAX messages */

struct subject {
    int messages;
    struct waiting w;
    size_t attempts;
    struct series us; /* processor time per message */
};

static void on_attempt(void *ctx, const struct outbox_message *m)
{
    struct subject *s = ctx;
    struct attempt_result done = {.outcome = ATTEMPT_DONE};
    s->attempts++;
    outbox_result(s->w.ob, m->id, &done);
}

static void add_destination(struct subject *s, const char *name, uint8_t step)
{
    struct destination_spec d = {
        .step = step, .concurrency = 8, .connector = {.attempt = on_attempt, .ctx = s}};
    (void)snprintf(d.name, sizeof d.name, "%s", name);
    must(outbox_destination(s->w.ob, &d) == ERR_OK, "no destination");
}

static void open_subject(struct subject *s, const char *base, int messages)
{
    char path[256];
    s->messages = messages;
    (void)snprintf(path, sizeof path, "%s/waiting-%d", base, messages);
    must(mkdir(path, 0755) == 0, "no folder");
    (void)snprintf(path, sizeof path, "%s/waiting-%d/packd.db", base, messages);
    struct hal_sim_options options = {.seed = 3, .store_path = path};
    struct hal *hal = NULL;
    must(hal_sim_open(&options, &hal) == ERR_OK, "no world");
    waiting_open(&s->w, hal);
    add_destination(s, CLARUS, 0);
    add_destination(s, "shop", 2);
    waiting_fill(&s->w, messages, false);
    must(outbox_start(s->w.ob) == ERR_OK && store_commit(s->w.st) == ERR_OK, "not started");
}

static void deliver(struct subject *s)
{
    size_t before = s->attempts;
    if (s->messages == SMALL) {
        waiting_fill(&s->w, TICKS * OUTBOX_TICK_MAX, false);
        outbox_wake(s->w.ob, CLARUS);
    }
    int64_t from = cpu_ns();
    for (int i = 0; i < TICKS; i++) {
        outbox_tick(s->w.ob);
        must(store_commit(s->w.st) == ERR_OK, "not committed");
    }
    if (s->attempts > before)
        series_add(&s->us, (double)(cpu_ns() - from) / 1e3 / (double)(s->attempts - before));
}

static void print(const struct subject *s, const struct subject *first)
{
    char what[64];
    (void)snprintf(what, sizeof what, "deliver one message, %d waiting", s->messages);
    row_print(&(struct row){.what = what,
                            .unit = "us",
                            .floor = series_median(&first->us),
                            .packd = series_median(&s->us),
                            .at_most = s == first ? NAN : 1.15,
                            .at_least = NAN,
                            .of_ratio = true});
}

int main(int argc, char **argv)
{
    static const int sizes[SIZES_MAX] = {SMALL, 100000, 1000000};
    static struct subject subjects[SIZES_MAX];
    must(argc > 2, "usage: waiting_bench FOLDER FULL");
    size_t n = strcmp(argv[2], "1") == 0 ? SIZES_MAX : SIZES_MAX - 1;
    for (size_t i = 0; i < n; i++)
        open_subject(&subjects[i], argv[1], sizes[i]);
    for (int round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < n; i++)
            deliver(&subjects[i]);
    section_print("the outbox, processor time with its commit");
    for (size_t i = 0; i < n; i++)
        print(&subjects[i], &subjects[0]);
    for (size_t i = 0; i < n; i++) {
        struct hal *hal = subjects[i].w.hal;
        waiting_close(&subjects[i].w);
        hal_sim_close(hal);
        series_free(&subjects[i].us);
    }
    return 0;
}
