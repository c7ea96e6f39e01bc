/* main.c - packdemo: plays every story, then says which of them came out as they should. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/demo/demo.h"

#define STORIES_MAX 32

static const char help[] =
    "packdemo - the whole station without a person, judged by the other side\n"
    "\n"
    "  --programs DIR   where packd, packpeers and packvirtual are (build/dev)\n"
    "  --room DIR       for all files of this run, emptied first (build/demo)\n"
    "  --help           this text\n"
    "\n"
    "Run it from the top folder. Exit: 0 all as it should be, 1 not, 2 wrong usage.\n";

/* For the signal handler only. */
static struct demo *running;

static void on_signal(int number)
{
    const pid_t pids[] = {running->station, running->printer, running->peers};
    for (size_t i = 0; i < sizeof pids / sizeof *pids; i++)
        if (pids[i] > 0) (void)kill(pids[i], SIGKILL);
    _exit(128 + number);
}

static void catch_signals(struct demo *d)
{
    const struct sigaction action = {.sa_handler = on_signal};
    running = d;
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGHUP, &action, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

/* ------------------------------------------------------------------------------------- bench -- */

/* Whatever a failed story left behind is put aside, so that the next one starts at a free bench. */
static void clear_bench(struct demo *d)
{
    faults_clear(d);
    for (int i = 0; i < 4 && bench_look(d) && !bench_is(d, "idle") && !bench_is(d, "saved"); i++)
        command(d, bench_is(d, "packing") || bench_is(d, "label") ? "PARK" : "CONFIRM");
}

struct result {
    const char *title;
    unsigned checks;
    bool good;
};

static bool check_running(struct demo *d)
{
    return demo_all_run(d) || check(d, false, "not played: a program has ended");
}

static struct result play(struct demo *d, const struct story *s, unsigned number)
{
    unsigned before = d->checks;
    d->failed = false;
    (void)printf("\n  %u. %s\n", number, s->title);
    if (demo_all_run(d)) clear_bench(d);
    if (check_running(d)) s->play(d);
    return (struct result){s->title, d->checks - before, !d->failed};
}

/* ------------------------------------------------------------------------------------ closing --
 */

static bool in_file(const char *path, const char *text)
{
    char line[4096];
    bool found = false;
    FILE *f = fopen(path, "re");
    if (!f) return false;
    while (!found && fgets(line, sizeof line, f))
        found = strstr(line, text) != NULL;
    (void)fclose(f);
    return found;
}

static void check_log(struct demo *d)
{
    static const char *const silent[] = {"secret-1",    "shop-token", "Priya",
                                         "Acre Street", "HD3 3DX",    "Alex Morgan"};
    char path[DEMO_PATH];
    (void)snprintf(path, sizeof path, "%s/packd.log", d->room);
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++)
        if (in_file(path, silent[i]))
            (void)check(d, false, "the station's log does not hold \"%s\"", silent[i]);
    (void)check(d, !in_file(path, d->token), "the station's log holds no secret and no address");
}

/* After all stories: what must hold for the day as a whole. */
static void play_closing(struct demo *d)
{
    struct json_doc *ledger = wire_call(d, d->control, "/ledger", NULL);
    char first[DEMO_TEXT];
    if (!check(d, ledger != NULL, "the stand-ins hand out their ledger")) return;
    json_node root = json_root(ledger);
    (void)doc_text(ledger, "/violations/0", first);
    (void)check(d, json_count(json_member(root, "violations")) == 0,
                "the stand-ins saw nothing that must never happen%s%s", first[0] ? ": " : "",
                first);
    size_t bought = json_count(json_member(root, "labels"));
    (void)check(d, bought == d->carrier_labels, "%zu labels bought, %u came out of the printer",
                bought, d->carrier_labels);
    json_free(ledger);
    demo_end(d);
    check_log(d);
}

static const struct story closing = {"the day as a whole", play_closing};

/* -------------------------------------------------------------------------------------- table --
 */

static bool print_table(const struct demo *d, const struct result *results, size_t count)
{
    bool good = true;
    unsigned checks = 0;
    (void)printf("\n  %-46s %7s\n", "story", "checks");
    for (size_t i = 0; i < count; i++) {
        (void)printf("  %-46s %7u  %s\n", results[i].title, results[i].checks,
                     results[i].good ? "ok" : "FAILED");
        good = good && results[i].good;
        checks += results[i].checks;
    }
    int64_t ms = demo_now_ms() - d->started_ms;
    (void)printf("  %-46s %7u  %s, %lld s\n", "all", checks, good ? "ok" : "FAILED",
                 (long long)(ms / 1000));
    if (!good)
        (void)printf("\n  logs: %s/packd.log %s/peers.log %s/printer.log; labels: %s/labels/\n",
                     d->room, d->room, d->room, d->room);
    return good;
}

static bool run(struct demo *d)
{
    struct result results[STORIES_MAX];
    size_t count = 0;
    (void)printf("\n  0. the station starts\n");
    bool open = demo_open(d);
    results[count++] = (struct result){"the station starts", d->checks, open};
    for (unsigned i = 0; open && i < story_count && i + 2 < STORIES_MAX; i++)
        results[count++] = play(d, &stories[i], i + 1);
    if (open) results[count++] = play(d, &closing, story_count + 1);
    demo_close(d);
    return print_table(d, results, count);
}

int main(int argc, char **argv)
{
    struct demo d = {.programs = "build/dev", .room = "build/demo", .scanner = -1, .scan_at = -1};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            (void)fputs(help, stdout);
            return 0;
        }
        bool value = i + 1 < argc;
        if (value && strcmp(argv[i], "--programs") == 0) {
            d.programs = argv[++i];
        } else if (value && strcmp(argv[i], "--room") == 0) {
            d.room = argv[++i];
        } else {
            (void)fprintf(stderr, "packdemo: unknown argument '%s'; see packdemo --help\n",
                          argv[i]);
            return 2;
        }
    }
    d.started_ms = demo_now_ms();
    catch_signals(&d);
    return run(&d) ? 0 : 1;
}
