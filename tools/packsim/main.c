/* packsim - the whole station in simulated worlds. See docs/reliability.md.
 *
 *   packsim --seed N [--narrate] [--minimise]   one seed
 *   packsim --seeds A..B [--jobs N] [--minutes N] [--until-broken]  many; totals
 *   packsim --plan FILE [--narrate]             the faults of a plan
 *   ... --calm                                  no faults, to measure what a world itself costs
 *
 * Ends with 1 when a promise was broken, 2 when it was called wrongly. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "firmware/base/text.h"
#include "tests/simulation/marks.h"
#include "tests/simulation/swarm.h"

#define JOBS_MAX      16
#define SHOWN_MAX     12
#define TWICE_EVERY   20 /* seeds run a second time, to compare their hashes */
#define PLAN_TEXT_MAX (1u << 20)

struct totals {
    uint64_t seeds, orders, saves, set_aside, cuts, boots, faults_named, rounds, requests;
    uint64_t operations, violations, compared, differing;
    int64_t virtual_ms;
    uint64_t faults[FAULT_CLASSES];
    uint64_t marks[MARKS_MAX]; /* seeds that reached each */
    uint64_t now;              /* the seed under way */
};

static void add(struct totals *t, const struct swarm_result *r, const struct fault_plan *p)
{
    t->seeds++;
    t->orders += r->orders;
    t->saves += r->saves;
    t->set_aside += r->set_aside;
    t->cuts += r->cuts;
    t->boots += r->boots;
    t->faults_named += r->faults_named;
    t->rounds += r->rounds;
    t->requests += r->requests;
    t->operations += r->operations;
    t->virtual_ms += r->virtual_ms;
    t->violations += r->failure[0] != 0;
    for (int i = 0; i < FAULT_CLASSES; i++)
        t->faults[i] += p->counts[i];
    for (size_t i = 0; i < mark_count(); i++)
        t->marks[i] += r->marks >> i & 1;
}

static void merge(struct totals *to, const struct totals *t)
{
    to->seeds += t->seeds;
    to->orders += t->orders;
    to->saves += t->saves;
    to->set_aside += t->set_aside;
    to->cuts += t->cuts;
    to->boots += t->boots;
    to->faults_named += t->faults_named;
    to->rounds += t->rounds;
    to->requests += t->requests;
    to->operations += t->operations;
    to->violations += t->violations;
    to->compared += t->compared;
    to->differing += t->differing;
    to->virtual_ms += t->virtual_ms;
    for (int i = 0; i < FAULT_CLASSES; i++)
        to->faults[i] += t->faults[i];
    for (size_t i = 0; i < mark_count(); i++)
        to->marks[i] += t->marks[i];
}

static double seconds(clockid_t clock)
{
    struct timespec t;
    (void)clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* -------------------------------------------------------------------------------- many seeds -- */

static void begin(struct fault_plan *plan, uint64_t seed, bool calm)
{
    fault_plan_swarm(plan, seed);
    if (calm) memset(plan->strength, 0, sizeof plan->strength);
}

static void one_of_many(uint64_t seed, bool calm, struct totals *t)
{
    static struct fault_plan plan;
    struct swarm_result r, again;
    t->now = seed;
    begin(&plan, seed, calm);
    swarm_run(&plan, false, &r);
    add(t, &r, &plan);
    if (r.failure[0] && t->violations <= SHOWN_MAX)
        printf("seed %llu: %s\n", (unsigned long long)seed, r.failure);
    if (seed % TWICE_EVERY) return;
    begin(&plan, seed, calm);
    swarm_run(&plan, false, &again);
    t->compared++;
    if (again.hash == r.hash) return;
    t->differing++;
    printf("seed %llu: two runs differ\n", (unsigned long long)seed);
}

struct range {
    uint64_t from, to;
    unsigned jobs;
    int64_t minutes; /* begin no further seed after that long; 0: no limit */
    bool calm;
    bool until_broken; /* a job ends with the first violation it finds */
};

static void work(const struct range *range, unsigned job, struct totals *t)
{
    double end = seconds(CLOCK_MONOTONIC) + (double)range->minutes * 60;
    for (uint64_t seed = range->from + job; seed <= range->to; seed += range->jobs) {
        if (range->minutes && seconds(CLOCK_MONOTONIC) > end) return;
        one_of_many(seed, range->calm, t);
        if (range->until_broken && t->violations) return;
    }
}

/* How many were not reached though the run was long enough. */
static unsigned tell_marks(const struct totals *t)
{
    unsigned missed = 0;
    for (size_t i = 0; i < mark_count(); i++) {
        const struct mark *m = mark_at(i);
        bool miss = t->marks[i] == 0 && t->seeds >= m->seeds;
        printf("  mark %-24s %-32s %8llu seeds%s\n", m->name, m->part ? m->part : "",
               (unsigned long long)t->marks[i], miss ? "  NOT REACHED" : "");
        missed += miss;
    }
    return missed;
}

static void tell_totals(const struct totals *t, double cpu)
{
    printf("seeds %llu, orders %llu, dispatches %llu, set aside %llu, virtual days %.1f\n",
           (unsigned long long)t->seeds, (unsigned long long)t->orders,
           (unsigned long long)t->saves, (unsigned long long)t->set_aside,
           (double)t->virtual_ms / 86400000.0);
    printf("power cuts %llu, boots %llu, named faults %llu, disk operations %llu, requests %llu, "
           "rounds %llu\n",
           (unsigned long long)t->cuts, (unsigned long long)t->boots,
           (unsigned long long)t->faults_named, (unsigned long long)t->operations,
           (unsigned long long)t->requests, (unsigned long long)t->rounds);
    for (int i = 0; i < FAULT_CLASSES; i++)
        printf("  %-22s %10llu\n", fault_name((enum fault_class)i),
               (unsigned long long)t->faults[i]);
    printf("runs compared %llu, differing %llu\n", (unsigned long long)t->compared,
           (unsigned long long)t->differing);
    printf("violations %llu\n", (unsigned long long)t->violations);
    printf("orders per second of one core %.0f\n", cpu > 0 ? (double)t->orders / cpu : 0.0);
}

static bool worker_ended(pid_t pid, const struct totals *t)
{
    int status = 0;
    if (waitpid(pid, &status, 0) != pid) return false;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
    printf("seed %llu: S10: the program ended by signal %d\n", (unsigned long long)t->now,
           WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    return false;
}

static int many(const struct range *range)
{
    unsigned jobs = range->jobs;
    struct totals sum = {.seeds = 0};
    struct totals *parts =
        mmap(NULL, jobs * sizeof *parts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    double *cpu =
        mmap(NULL, jobs * sizeof *cpu, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pids[JOBS_MAX];
    double spent = 0;
    if (parts == MAP_FAILED || cpu == MAP_FAILED) return 2;
    (void)fflush(NULL);
    for (unsigned i = 0; i < jobs; i++) {
        pids[i] = fork();
        if (pids[i] < 0) return 2;
        if (pids[i] != 0) continue;
        work(range, i, &parts[i]);
        cpu[i] = seconds(CLOCK_PROCESS_CPUTIME_ID);
        (void)fflush(NULL);
        _exit(0);
    }
    for (unsigned i = 0; i < jobs; i++) {
        if (!worker_ended(pids[i], &parts[i])) sum.violations++;
        merge(&sum, &parts[i]);
        spent += cpu[i];
    }
    tell_totals(&sum, spent);
    unsigned missed = range->calm ? 0 : tell_marks(&sum);
    if (missed) printf("marks not reached %u\n", missed);
    return sum.violations || sum.differing || missed ? 1 : 0;
}

/* ---------------------------------------------------------------------------- one seed or plan --
 */

static void tell_plan(const struct fault_plan *plan)
{
    struct buf text = buf_new(PLAN_TEXT_MAX);
    swarm_plan_write(plan, &text);
    (void)fwrite(text.ptr, 1, text.len, stdout);
    buf_deinit(&text);
}

static void minimise(struct fault_plan *plan, const char *failure)
{
    memcpy(plan->list, plan->fired, sizeof plan->list);
    plan->list_count = plan->fired_count;
    plan->by_list = true;
    swarm_minimise(plan, failure);
    memcpy(plan->fired, plan->list, sizeof plan->fired);
    plan->fired_count = plan->list_count;
    printf("# %s\n", failure);
    tell_plan(plan);
}

static int one(struct fault_plan *plan, bool narrate, bool smaller)
{
    struct swarm_result r;
    if (narrate)
        for (int i = 0; i < FAULT_CLASSES; i++)
            if (plan->strength[i])
                printf("fault %-22s %u of 65536\n", fault_name((enum fault_class)i),
                       plan->strength[i]);
    swarm_run(plan, narrate, &r);
    printf("seed %llu: %llu orders, %llu dispatches, %llu cuts, %zu faults, hash %016llx: %s\n",
           (unsigned long long)plan->seed, (unsigned long long)r.orders,
           (unsigned long long)r.saves, (unsigned long long)r.cuts, plan->fired_count,
           (unsigned long long)r.hash, r.failure[0] ? r.failure : "every promise held");
    if (r.failure[0] && smaller) minimise(plan, r.failure);
    return r.failure[0] ? 1 : 0;
}

static int from_file(const char *path, bool narrate)
{
    static struct fault_plan plan;
    static char text[PLAN_TEXT_MAX];
    unsigned line = 0;
    FILE *f = fopen(path, "r");
    if (!f) {
        (void)fprintf(stderr, "packsim: %s cannot be read\n", path);
        return 2;
    }
    size_t len = fread(text, 1, sizeof text, f);
    (void)fclose(f);
    if (swarm_plan_read(slice_of(text, len), &plan, &line)) {
        (void)fprintf(stderr, "packsim: %s, line %u is no plan\n", path, line);
        return 2;
    }
    return one(&plan, narrate, false);
}

/* ------------------------------------------------------------------------------------ arguments --
 */

struct arguments {
    const char *seed, *seeds, *plan;
    bool narrate, minimise, until_broken, calm;
    int64_t jobs, minutes;
};

static bool read_flag(const char *name, struct arguments *a)
{
    const struct {
        const char *name;
        bool *on;
    } flags[] = {{"--narrate", &a->narrate},
                 {"--minimise", &a->minimise},
                 {"--until-broken", &a->until_broken},
                 {"--calm", &a->calm}};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (strcmp(name, flags[i].name) != 0) continue;
        *flags[i].on = true;
        return true;
    }
    return false;
}

static bool read_value(const char *name, const char *value, struct arguments *a)
{
    const struct {
        const char *name;
        const char **text;
    } texts[] = {{"--seed", &a->seed}, {"--seeds", &a->seeds}, {"--plan", &a->plan}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (strcmp(name, texts[i].name) != 0) continue;
        *texts[i].text = value;
        return true;
    }
    if (strcmp(name, "--minutes") == 0)
        return text_int(slice_text(value), 1, 100000, &a->minutes) == ERR_OK;
    if (strcmp(name, "--jobs") == 0)
        return text_int(slice_text(value), 1, JOBS_MAX, &a->jobs) == ERR_OK;
    return false;
}

static bool read_arguments(int argc, char **argv, struct arguments *a)
{
    for (int i = 1; i < argc; i++) {
        if (read_flag(argv[i], a)) continue;
        if (i + 1 == argc || !read_value(argv[i], argv[i + 1], a)) return false;
        i++;
    }
    return a->seed || a->seeds || a->plan;
}

static bool read_range(const char *text, int64_t *from, int64_t *to)
{
    struct slice t = slice_text(text);
    size_t dots = slice_find(t, SLICE(".."));
    if (dots == t.len) return false;
    return text_int(slice_sub(t, 0, dots), 0, INT64_MAX, from) == ERR_OK &&
           text_int(slice_sub(t, dots + 2, t.len), *from, INT64_MAX - JOBS_MAX, to) == ERR_OK;
}

static int usage(void)
{
    (void)fprintf(stderr, "usage: packsim --seed N [--narrate] [--minimise]\n"
                          "       packsim --seeds A..B [--jobs N] [--minutes N] [--until-broken]\n"
                          "       packsim --plan FILE [--narrate]\n");
    return 2;
}

/* One thread, and nobody asks how much memory is used. */
static void lighten_sqlite(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int main(int argc, char **argv)
{
    static struct fault_plan plan;
    lighten_sqlite();
    struct arguments a = {.jobs = sysconf(_SC_NPROCESSORS_ONLN)};
    int64_t from = 0, to = 0;
    if (!read_arguments(argc, argv, &a)) return usage();
    if (a.jobs > JOBS_MAX) a.jobs = JOBS_MAX;
    if (a.plan) return from_file(a.plan, a.narrate);
    if (a.seeds) {
        if (!read_range(a.seeds, &from, &to)) return usage();
        struct range range = {(uint64_t)from, (uint64_t)to, (unsigned)a.jobs,
                              a.minutes,      a.calm,       a.until_broken};
        return many(&range);
    }
    if (text_int(slice_text(a.seed), 0, INT64_MAX, &from)) return usage();
    begin(&plan, (uint64_t)from, a.calm);
    return one(&plan, a.narrate, a.minimise);
}
