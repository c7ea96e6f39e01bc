/* Power is cut at every disk operation of a story; the packer goes on, and the promises hold.
 *
 * The story is told once. At each operation the teller forks: the child loses its power there and
 * tells the rest, so that what came before costs nothing. Two tellers share the operations.
 * CUT=n tells one of them alone, NARRATE=1 prints what happens. */
#include <setjmp.h>
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

#define WORKERS 2

/* What a fork copies is kept small. The sanitizer gives the name. */
// NOLINTNEXTLINE(readability-identifier-naming)
const char *__asan_default_options(void);
// NOLINTNEXTLINE(readability-identifier-naming)
const char *__asan_default_options(void)
{
    return "quarantine_size_mb=1:thread_local_quarantine_size_kb=16";
}

#define HEAL_MS (INT64_C(60) * 60000)

struct story {
    const char *name;
    enum sim_way way;
    struct sim_line lines[2];
    size_t line_count;
    bool with_birth; /* the making of the store and the first reading of the work, too */
    void (*play)(struct sim *s, struct packer *p);
};

struct tally {
    unsigned cuts, broken;
};

struct telling {
    const struct story *story;
    uint64_t cut_at; /* 0: never */
    /* Forking at every operation whose number leaves `turn` when divided by WORKERS. */
    bool forks;
    unsigned turn;
    uint64_t made;  /* operations until the story begins */
    uint64_t child; /* the operation at which this process lost its power; 0: none */
    struct tally tally;
};

static void heal_and_check(struct sim *s, struct packer *p)
{
    s->offline[PEER_CLARUS] = s->offline[PEER_SHOP] = false;
    for (size_t i = 0; i < s->order_count; i++)
        (void)packer_pack(s, p, &s->orders[i], HEAL_MS);
    for (int64_t passed = 0; passed < HEAL_MS && !sim_is_drained(s); passed += 5000)
        sim_run(s, 5000);
    sim_run(s, 20000);
    check_healed(s);
}

static bool cut_in_child(void *ctx, uint64_t operation)
{
    struct telling *t = ctx;
    bool begun = t->made > 0 || t->story->with_birth;
    if (t->child || !t->forks || !begun || operation % WORKERS != t->turn) return false;
    int status = 0;
    (void)fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        t->child = operation;
        return true;
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    t->tally.cuts++;
    t->tally.broken += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    return false;
}

/* Tells the story once; returns how many disk operations it took. */
static uint64_t tell(struct telling *t, bool *out_held)
{
    struct packer p = {.acts = 0};
    struct sim_options o = {.seed = 1,
                            .cut_at = t->cut_at,
                            .cuts = cut_in_child,
                            .cuts_ctx = t,
                            .narrate = getenv("NARRATE") != NULL};
    struct sim *s = sim_new(&o);
    sim_place_order(s,
                    sim_add_order(s, t->story->lines, t->story->line_count, t->story->way, false));
    sim_start(s);
    t->made = disk_operations(s->disk);
    t->story->play(s, &p);
    heal_and_check(s, &p);
    uint64_t operations = disk_operations(s->disk);
    uint64_t cut = t->child ? t->child : t->cut_at;
    struct disk_figures figures;
    disk_figures(s->disk, &figures);
    *out_held = !s->failure[0] && figures.cuts == (cut != 0 && cut <= operations);
    if (!*out_held)
        print_error("%s, CUT=%llu: %s\n", t->story->name, (unsigned long long)cut, s->failure);
    if (t->child) {
        (void)fflush(NULL);
        _exit(*out_held ? 0 : 1);
    }
    sim_free(s);
    return operations;
}

static void tell_share(const struct story *story, unsigned turn, struct tally *out)
{
    struct telling t = {.story = story, .forks = true, .turn = turn};
    bool held = false;
    (void)tell(&t, &held);
    *out = t.tally;
    out->broken += !held;
}

/* Processes, because the sanitizers make threads of a world dear. */
static struct tally share(const struct story *story)
{
    struct tally *tallies = mmap(NULL, WORKERS * sizeof *tallies, PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pids[WORKERS];
    struct tally sum = {0, 0};
    assert_true(tallies != MAP_FAILED);
    (void)fflush(NULL);
    for (unsigned i = 0; i < WORKERS; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] != 0) continue;
        tell_share(story, i, &tallies[i]);
        (void)fflush(NULL);
        _exit(0);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        int status = 0;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        sum.cuts += tallies[i].cuts;
        sum.broken += tallies[i].broken;
    }
    (void)munmap(tallies, WORKERS * sizeof *tallies);
    return sum;
}

static void play(const struct story *story)
{
    struct telling t = {.story = story};
    const char *only = getenv("CUT");
    bool held = false;
    if (only) t.cut_at = strtoull(only, NULL, 10);
    uint64_t operations = tell(&t, &held);
    assert_true(held);
    if (only) return;
    struct tally sum = share(story);
    print_message("%s: %u cuts, %u broken\n", story->name, sum.cuts, sum.broken);
    assert_int_equal(sum.cuts, operations - (story->with_birth ? 0 : t.made));
    assert_int_equal(sum.broken, 0);
}

/* ------------------------------------------------------------------------------------ stories --
 */

static void pack_all(struct sim *s, struct packer *p)
{
    (void)packer_pack(s, p, &s->orders[0], HEAL_MS);
}

static void pack_until_label(struct sim *s, struct packer *p)
{
    struct sim_order *o = &s->orders[0];
    while (o->state == ORDER_TODO && !s->failure[0] &&
           !(s->view.face == FACE_LABEL && strcmp(s->view.headline.key, "bench.printing") != 0))
        packer_step(s, p, o);
}

static void save_offline(struct sim *s, struct packer *p)
{
    pack_until_label(s, p);
    s->offline[PEER_CLARUS] = s->offline[PEER_SHOP] = true;
    (void)packer_pack(s, p, &s->orders[0], 120000);
    sim_run(s, INT64_C(20) * 60000);
}

static void reprint_and_void(struct sim *s, struct packer *p)
{
    pack_until_label(s, p);
    if (s->paper_count) s->paper[s->paper_count - 1].asked++;
    sim_command(s, "REPRINT");
    sim_run(s, 5000);
    sim_command(s, "VOID");
    (void)packer_pack(s, p, &s->orders[0], HEAL_MS);
}

static void cancel_late(struct sim *s, struct packer *p)
{
    pack_until_label(s, p);
    s->offline[PEER_CLARUS] = s->offline[PEER_SHOP] = true;
    (void)packer_pack(s, p, &s->orders[0], 120000);
    sim_cancel(s, &s->orders[0], true, true);
    sim_run(s, 60000);
}

#define MUG                                                                                        \
    {                                                                                              \
        "MUG-RED", "5012345000015", 1                                                              \
    }
#define LAMP                                                                                       \
    {                                                                                              \
        "LAMP-OAK", "5012345000077", 1                                                             \
    }
#define JAMS                                                                                       \
    {                                                                                              \
        "JAM-RASP", "5012345000046", 2                                                             \
    }

static const struct story SIMPLE = {"simple", WAY_WHOLE, {MUG}, 1, true, pack_all};
static const struct story PARTS = {
    "partial, two parcels", WAY_PART, {LAMP, JAMS}, 2, false, pack_all};
static const struct story PARCELS = {
    "two parcels at once", WAY_PARCELS, {LAMP, JAMS}, 2, false, pack_all};
static const struct story OFFLINE = {
    "offline, then online", WAY_WHOLE, {MUG}, 1, false, save_offline};
static const struct story REPRINT = {"reprint and void", WAY_WHOLE, {MUG}, 1, false,
                                     reprint_and_void};
static const struct story LATE = {"cancelled late", WAY_WHOLE, {MUG}, 1, false, cancel_late};

static void power_cut_anywhere__in_a_simple_order(void **state)
{
    (void)state;
    play(&SIMPLE);
}

static void power_cut_anywhere__in_a_part_and_the_rest(void **state)
{
    (void)state;
    play(&PARTS);
}

static void power_cut_anywhere__in_two_parcels(void **state)
{
    (void)state;
    play(&PARCELS);
}

static void power_cut_anywhere__while_offline_and_after(void **state)
{
    (void)state;
    play(&OFFLINE);
}

static void power_cut_anywhere__in_reprint_and_void(void **state)
{
    (void)state;
    play(&REPRINT);
}

static void power_cut_anywhere__around_a_late_cancellation(void **state)
{
    (void)state;
    play(&LATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(power_cut_anywhere__in_a_simple_order),
        cmocka_unit_test(power_cut_anywhere__in_a_part_and_the_rest),
        cmocka_unit_test(power_cut_anywhere__in_two_parcels),
        cmocka_unit_test(power_cut_anywhere__while_offline_and_after),
        cmocka_unit_test(power_cut_anywhere__in_reprint_and_void),
        cmocka_unit_test(power_cut_anywhere__around_a_late_cancellation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
