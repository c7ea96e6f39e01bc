/* Every call of the firmware to the outside fails in turn, once and for good, while one order goes
 * from the tote to the report; then the world heals, and every promise must hold.
 *
 * Each story is told once without a failure to count the calls of each kind, then once for every
 * EVERY-th of them (make torture: for each). STORY, SITE, NTH and GOOD=1 choose one telling,
 * NARRATE=1 prints what happens. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/simulation/check.h"
#include "tests/simulation/packer.h"
#include "tests/torture/torture.h"

#define WORKERS   2
#define BROKEN_MS (INT64_C(10) * 60000) /* how long a failure for good lasts */
#define HEAL_MS   (INT64_C(60) * 60000)
#define SHARE     211 /* in `make test` one telling of so many; prime */
#define LOST_MAX  20  /* crashes until a site is given up */

struct story {
    const char *name;
    void (*play)(struct sim *s, struct packer *p);
    bool pdf; /* labels that need jobs, and the jobs alone fail */
};

struct telling {
    const struct story *story;
    enum torture_site site;
    uint64_t nth; /* 0: nothing fails */
    bool for_good;
};

/* Shared with the processes that tell. */
struct tally {
    uint64_t told, struck, broken;
    uint64_t at; /* the telling under way, for the one who finds its end */
};

/* ------------------------------------------------------------------------------------ stories --
 */

static const struct sim_line MUG[] = {{"MUG-RED", "5012345000015", 1}};

static void pack_online(struct sim *s, struct packer *p)
{
    (void)packer_pack(s, p, &s->orders[0], BROKEN_MS);
    sim_run(s, 60000);
}

static void pack_until_label(struct sim *s, struct packer *p)
{
    struct sim_order *o = &s->orders[0];
    mono_t until = mono_plus(hal_now(s->hal), BROKEN_MS);
    while (o->state == ORDER_TODO && !s->failure[0] && !mono_reached(hal_now(s->hal), until) &&
           !(s->view.face == FACE_LABEL && strcmp(s->view.headline.key, "bench.printing") != 0))
        packer_step(s, p, o);
}

/* The label is there when the network goes; the saving scan is; and the machine starts again. */
static void pack_offline(struct sim *s, struct packer *p)
{
    pack_until_label(s, p);
    s->offline[PEER_CLARUS] = s->offline[PEER_SHOP] = true;
    (void)packer_pack(s, p, &s->orders[0], 60000);
    sim_run(s, 120000);
    sim_restart(s);
    s->offline[PEER_CLARUS] = s->offline[PEER_SHOP] = false;
    sim_run(s, 120000);
}

static void ask(struct sim *s, const char *path, const char *query)
{
    struct hal_sim_request q = {.path = path, .query = query, .token = "console-token-for-tests"};
    (void)hal_sim_console_request(s->hal, &q, 0);
    sim_run(s, 10);
}

static void read_pages(struct sim *s, struct packer *p)
{
    static const char *const paths[] = {
        "/",           "/lead",           "/pack.js",    "/messages.json",  "/events/bench",
        "/api/status", "/api/bench",      "/api/outbox", "/api/exceptions", "/api/devices",
        "/api/scans",  "/api/demo/codes", "/metrics",    "/healthz",        "/api/nothing"};
    pack_until_label(s, p);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        ask(s, paths[i], NULL);
    (void)packer_pack(s, p, &s->orders[0], BROKEN_MS);
    ask(s, "/api/order", "reference=WEB-20001");
    sim_run(s, 60000);
}

static const struct story ONLINE = {"online", pack_online, false};
static const struct story OFFLINE = {"offline", pack_offline, false};
static const struct story PAGES = {"pages", read_pages, false};
static const struct story PICTURES = {"pictures", pack_online, true};

/* -------------------------------------------------------------------------------- one telling --
 */

static void heal_and_check(struct sim *s, struct packer *p)
{
    struct sim_order *o = &s->orders[0];
    torture_heal();
    s->offline[PEER_CLARUS] = s->offline[PEER_SHOP] = false;
    sim_say(s, "HEALED");
    o->tries = 0;
    if (o->state == ORDER_SET_ASIDE) o->state = ORDER_TODO;
    (void)packer_pack(s, p, o, HEAL_MS);
    for (int64_t passed = 0; passed < HEAL_MS && !sim_is_drained(s) && !s->failure[0];
         passed += 5000)
        sim_run(s, 5000);
    sim_run(s, 60000);
    check_healed(s);
}

/* A disk that fills does so behind a store that was made whole: without its reserve the station
 * starts, and says that nothing can be saved. */
static bool fills_disk(const struct telling *t)
{
    return t->site == TORTURE_DISK_FULL && t->for_good;
}

/* True when every promise held and everything taken was given back. */
static bool tell(const struct telling *t)
{
    struct packer p = {.acts = 0};
    struct sim_options o = {.seed = 1, .narrate = getenv("NARRATE") != NULL};
    int64_t blocks = torture_blocks();
    struct sim *s = sim_new(&o);
    sim_place_order(s, sim_add_order(s, MUG, 1, WAY_WHOLE, true));
    if (t->story->pdf) torture_labels_as_pdf(s);
    torture_begin(t->site, t->nth, t->for_good);
    sim_start(s);
    if (fills_disk(t)) torture_begin(t->site, t->nth, t->for_good);
    t->story->play(s, &p);
    heal_and_check(s, &p);
    bool held = !s->failure[0];
    if (!held) print_error("%s\n", s->failure);
    sim_free(s);
    if (torture_blocks() == blocks) return held;
    print_error("S9: %lld blocks were not given back\n", (long long)(torture_blocks() - blocks));
    return false;
}

static void name(const struct telling *t)
{
    print_error("STORY=%s SITE=%s NTH=%llu%s\n", t->story->name, torture_site_name(t->site),
                (unsigned long long)t->nth, t->for_good ? " GOOD=1" : "");
}

/* --------------------------------------------------------------------------------- all tellings --
 */

static void work(struct telling t, uint64_t from, uint64_t to, uint64_t step, struct tally *tally)
{
    for (t.nth = from; t.nth <= to; t.nth += step) {
        tally->at = t.nth;
        bool held = tell(&t);
        tally->told++;
        tally->struck += torture_failed() > 0;
        tally->broken += !held;
        if (!held) name(&t);
    }
    tally->at = to + 1;
}

static void tell_in_child(struct telling t, uint64_t from, uint64_t to, uint64_t step,
                          struct tally *tally)
{
    /* The test library would go on with the next test in the child. */
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS};
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
        (void)signal(fatal[i], SIG_DFL);
    work(t, from, to, step, tally);
    (void)fflush(NULL);
    _exit(0);
}

/* A telling that ends its process is counted, and those after it are told by another one. */
static void watch(struct telling t, uint64_t to, uint64_t step, struct tally *tally, pid_t pid)
{
    for (unsigned lost = 0; lost < LOST_MAX; lost++) {
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
        t.nth = tally->at;
        print_error("the process ended by %s %d\n", WIFSIGNALED(status) ? "signal" : "code",
                    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        name(&t);
        tally->broken++;
        (void)fflush(NULL);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) tell_in_child(t, tally->at + step, to, step, tally);
    }
    fail_msg("%u processes ended", LOST_MAX);
}

static struct tally share(const struct telling *t, uint64_t count, uint64_t every)
{
    struct tally *tallies = mmap(NULL, WORKERS * sizeof *tallies, PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pids[WORKERS];
    struct tally sum = {0, 0, 0, 0};
    assert_true(tallies != MAP_FAILED);
    (void)fflush(NULL);
    for (unsigned i = 0; i < WORKERS; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0) tell_in_child(*t, 1 + i * every, count, every * WORKERS, &tallies[i]);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        watch(*t, count, every * WORKERS, &tallies[i], pids[i]);
        sum.told += tallies[i].told;
        sum.struck += tallies[i].struck;
        sum.broken += tallies[i].broken;
    }
    (void)munmap(tallies, WORKERS * sizeof *tallies);
    return sum;
}

static uint64_t from_environment(const char *what, uint64_t otherwise)
{
    const char *text = getenv(what);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

static bool is_asked(const char *what, const char *is)
{
    const char *wanted = getenv(what);
    return !wanted || strcmp(wanted, is) == 0;
}

static unsigned tell_site(struct telling t, uint64_t count)
{
    uint64_t every = from_environment("EVERY", SHARE);
    /* Where there are few calls, each of them. */
    if (count < every * 2 && count < UINT64_C(2) * SHARE)
        every = count < SHARE / 4 ? 1 : every / 8 + 1;
    struct tally sum = share(&t, count, every);
    print_message("%-8s %-12s %-8s %6llu calls, %6llu tellings, %6llu struck, %llu broken\n",
                  t.story->name, torture_site_name(t.site), t.for_good ? "for good" : "once",
                  (unsigned long long)count, (unsigned long long)sum.told,
                  (unsigned long long)sum.struck, (unsigned long long)sum.broken);
    return (unsigned)sum.broken;
}

static void tell_one(struct telling t)
{
    t.nth = from_environment("NTH", 0);
    t.for_good = getenv("GOOD") != NULL;
    bool held = tell(&t);
    print_message("%llu calls failed\n", (unsigned long long)torture_failed());
    assert_true(held);
}

static void play(const struct story *story)
{
    struct telling t = {.story = story};
    uint64_t counts[TORTURE_SITES];
    unsigned broken = 0;
    if (!is_asked("STORY", story->name)) return;
    assert_true(tell(&t));
    for (int i = 0; i < TORTURE_SITES; i++)
        counts[i] = torture_count((enum torture_site)i);
    for (int i = 0; i < TORTURE_SITES; i++) {
        t.site = (enum torture_site)i;
        bool job = t.site == TORTURE_JOB || t.site == TORTURE_JOB_END;
        if (!is_asked("SITE", torture_site_name(t.site)) || story->pdf != job) continue;
        assert_true(counts[i] > 0);
        if (getenv("NTH")) {
            tell_one(t);
            continue;
        }
        t.for_good = false;
        broken += tell_site(t, counts[i]);
        t.for_good = true;
        broken += tell_site(t, counts[i]);
    }
    assert_int_equal(broken, 0);
}

static void any_call_fails__while_an_order_is_packed(void **state)
{
    (void)state;
    play(&ONLINE);
}

static void any_call_fails__while_offline_and_at_the_next_start(void **state)
{
    (void)state;
    play(&OFFLINE);
}

static void any_call_fails__while_pages_are_read(void **state)
{
    (void)state;
    play(&PAGES);
}

static void any_job_fails__while_labels_are_pictures(void **state)
{
    (void)state;
    play(&PICTURES);
}

/* What is kept for the life of the process is not missed at the end of a telling. */
static int warm_up(void **state)
{
    struct sim_options o = {.seed = 1};
    (void)state;
    struct sim *s = sim_new(&o);
    sim_start(s);
    bool good = !s->failure[0];
    sim_free(s);
    return good ? 0 : -1;
}

int main(void)
{
    torture_setup();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_call_fails__while_an_order_is_packed),
        cmocka_unit_test(any_call_fails__while_offline_and_at_the_next_start),
        cmocka_unit_test(any_call_fails__while_pages_are_read),
        cmocka_unit_test(any_job_fails__while_labels_are_pictures),
    };
    return cmocka_run_group_tests(tests, warm_up, NULL);
}
