/* The disk fails under the whole station: each operation of an order once, full, read-only,
 * damaged. The packer is told "not confirmed", the repeat is recognised, nothing is sent twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "hal/sim/disk.h"
#include "tests/support/forked.h"
#include "tests/support/packer.h"

#define ORDER   "WEB-10427"
#define TOTE    "TOTE-01"
#define MUG_RED "5012345000015"

/* ------------------------------------------------------------------------ one operation fails --
 */

/* What is to fail; set before the disk is armed. */
static enum disk_fault next_fault;
static uint64_t next_at;                  /* the nth operation that this kind of fault can hit */
static enum disk_fault fail_from_then_on; /* DISK_FINE: once */
static uint64_t seen;

static bool concerns(enum disk_fault fault, enum disk_op op)
{
    if (op == DISK_READ) return false;
    if (fault == DISK_FORGET) return op == DISK_SYNC;
    return fault != DISK_FULL || op == DISK_WRITE || op == DISK_CREATE;
}

static enum disk_fault fail_one(void *ctx, enum disk_op op, uint64_t n)
{
    (void)ctx;
    (void)n;
    if (!concerns(next_fault, op) || ++seen < next_at) return DISK_FINE;
    return seen == next_at ? next_fault : fail_from_then_on;
}

static void arm(struct disk *d, enum disk_fault fault, uint64_t at, enum disk_fault from_then_on)
{
    next_fault = fault;
    next_at = at;
    fail_from_then_on = from_then_on;
    seen = 0;
    disk_on_operation(d, fail_one, NULL);
}

static struct sim_world *world_on(struct disk *d)
{
    struct sim_world_options o = {.disk = d, .supervised = true};
    return world_new(&o);
}

static struct disk *disk_make(void)
{
    struct disk *d = NULL;
    struct disk_options o = {.seed = 5};
    assert_int_equal(disk_new(&o, &d), ERR_OK);
    return d;
}

static void tell(struct sim_world *w, const char *wrong)
{
    print_error("%s; screen %s (%s), restarts %u, %s: %s\n%.*s", wrong, w->view.headline.key,
                w->view.detail.arg[0], w->restarts, w->fault.object, w->fault.reason,
                SLICE_ARGS(buf_slice(&w->log)));
}

static void story(void **state)
{
    (void)state;
    struct disk *d = disk_make();
    struct sim_world *w = world_on(d);
    arm(d, next_fault, next_at, DISK_FINE);
    bool saved = packer_sends(w, TOTE, ORDER);
    const char *wrong = judge_done(w, ORDER);
    if (!saved && !wrong) wrong = "never saved";
    if (wrong) tell(w, wrong);
    assert_null(wrong);
    assert_int_equal(world_number(w, "SELECT count(*) FROM dispatch"), 1);
    world_check(w);
    world_free(w);
    disk_free(d);
}

static uint64_t operations_of_the_story(enum disk_fault fault)
{
    struct disk *d = disk_make();
    struct sim_world *w = world_on(d);
    arm(d, fault, UINT64_MAX, DISK_FINE);
    assert_true(packer_sends(w, TOTE, ORDER));
    assert_null(judge_done(w, ORDER));
    world_free(w);
    disk_free(d);
    assert_true(seen > 5);
    return seen;
}

static unsigned loop(const char *what, enum disk_fault fault)
{
    struct forked all = {0};
    char name[64];
    uint64_t count = operations_of_the_story(fault);
    uint64_t step = fault == DISK_FULL ? 5 : 1; /* nearly all of its writes do not grow a file */
    for (uint64_t i = 1; i <= count; i += step) {
        next_at = i;
        next_fault = fault;
        (void)snprintf(name, sizeof name, "%s %u", what, (unsigned)i);
        forked_start(&all, name, story);
    }
    return forked_end(&all);
}

static void disk__that_fails_one_operation_of_an_order_loses_and_repeats_nothing(void **state)
{
    (void)state;
    assert_int_equal(loop("error", DISK_ERROR), 0);
}

static void disk__whose_sync_forgets_during_an_order_loses_and_repeats_nothing(void **state)
{
    (void)state;
    assert_int_equal(loop("forget", DISK_FORGET), 0);
}

static void disk__that_is_full_for_one_operation_of_an_order_loses_and_repeats_nothing(void **state)
{
    (void)state;
    assert_int_equal(loop("full", DISK_FULL), 0);
}

/* ------------------------------------------------------------------------------ the saving scan --
 */

static void disk__that_fails_the_saving_scan_says_not_confirmed_and_the_repeat_saves(void **state)
{
    (void)state;
    struct disk *d = disk_make();
    struct sim_world *w = world_on(d);
    world_scan(w, TOTE);
    world_scan(w, "BOX-S");
    world_scan(w, MUG_RED);
    assert_int_equal(w->view.face, FACE_LABEL);
    world_run(w, 5000);
    arm(d, DISK_FORGET, 1, DISK_FINE);
    world_scan_label(w);
    assert_string_equal(w->view.headline.key, "bench.not_confirmed");
    world_command(w, "CONFIRM");
    world_scan_label(w);
    assert_string_equal(w->view.headline.key, "bench.saved");
    assert_string_equal(w->view.headline.arg[0], ORDER);
    assert_int_equal(world_number(w, "SELECT count(*) FROM dispatch"), 1);
    assert_null(judge_done(w, ORDER));
    assert_int_equal(zpl_printer_label_count(w->printer), 1);
    world_check(w);
    world_free(w);
    disk_free(d);
}

/* ---------------------------------------------------------------------------- full, worn, damaged
 * --
 */

static void
disk__without_room_refuses_dispatches_in_plain_words_and_goes_on_delivering(void **state)
{
    (void)state;
    struct disk *d = disk_make();
    struct sim_world *w = world_on(d);
    w->offline = false;
    world_scan(w, TOTE);
    world_scan(w, "BOX-S");
    world_scan(w, MUG_RED);
    assert_int_equal(w->view.face, FACE_LABEL);
    hal_sim_set_free(w->hal, 1 << 20);
    world_run(w, 60000);
    world_scan_label(w);
    assert_string_equal(w->view.headline.key, "bench.storage_full");
    assert_int_equal(world_number(w, "SELECT count(*) FROM dispatch"), 0);
    world_command(w, "CONFIRM");
    hal_sim_set_free(w->hal, UINT64_C(1) << 33);
    world_run(w, 60000);
    assert_true(packer_sends(w, ORDER, TOTE));
    assert_null(judge(w, ORDER));
    world_check(w);
    world_free(w);
    disk_free(d);
}

static void disk__that_takes_no_write_at_all_ends_in_a_named_fault_and_recovers(void **state)
{
    (void)state;
    struct disk *d = disk_make();
    struct sim_world *w = world_on(d);
    arm(d, DISK_ERROR, 1, DISK_ERROR);
    for (int i = 0; i < 8; i++) {
        world_command(w, "CONFIRM");
        world_scan(w, TOTE);
        assert_false(w->view.face == FACE_PACKING);
    }
    assert_true(w->restarts > 0);
    assert_true(w->fault.object[0] && w->fault.reason[0] && w->fault.next_step[0]);
    disk_on_operation(d, NULL, NULL);
    world_run(w, 60000);
    assert_true(packer_sends(w, TOTE, ORDER));
    assert_null(judge_done(w, ORDER));
    world_check(w);
    world_free(w);
    disk_free(d);
}

static void assert_set_aside(struct sim_world *w)
{
    assert_int_equal(world_number(w, "SELECT count(*) FROM exception WHERE open = 1 AND rule = "
                                     "'store.set_aside' AND owner <> '' AND next_step <> ''"),
                     1);
    assert_true(world_logged(w, "store.corrupt"));
    assert_int_equal(w->restarts, 0);
}

static void store__damaged_while_off_is_set_aside_and_the_station_is_ready(void **state)
{
    (void)state;
    struct disk *d = disk_make();
    struct sim_world *w = world_on(d);
    station_free(w->station);
    w->station = NULL;
    char log[128];
    (void)snprintf(log, sizeof log, "%s-wal", w->path);
    disk_rot(d, w->path, 4000, 3);
    disk_rot(d, log, 100000, 3);
    w->supervised = false;
    hal_sim_power_cut(w->hal, true);
    world_begin(w);
    world_run(w, 30000);
    assert_set_aside(w);
    assert_true(packer_sends(w, TOTE, ORDER));
    assert_null(judge(w, ORDER));
    world_check(w);
    world_free(w);
    disk_free(d);
}

static enum disk_fault cut_at_nth(void *ctx, enum disk_op op, uint64_t n)
{
    const uint64_t *at = ctx;
    return op != DISK_READ && n == *at ? DISK_CUT : DISK_FINE;
}

/* Power goes at one operation after the damaged file was moved away; true: the run was over before.
 */
static bool cut_after_set_aside(uint64_t nth)
{
    struct disk *d = disk_make();
    struct sim_world *w = world_on(d);
    station_free(w->station);
    w->station = NULL;
    char log[128];
    (void)snprintf(log, sizeof log, "%s-wal", w->path);
    disk_rot(d, w->path, 4000, 3);
    disk_rot(d, log, 100000, 3);
    hal_sim_power_cut(w->hal, true);
    uint64_t at = disk_operations(d) + nth;
    disk_on_operation(d, cut_at_nth, &at);
    world_begin(w);
    world_run(w, 5000);
    bool over = !disk_is_dead(d);
    disk_on_operation(d, NULL, NULL);
    if (!over) {
        station_free(w->station);
        w->station = NULL;
        disk_revive(d);
        hal_sim_power_cut(w->hal, true);
        world_begin(w);
        world_run(w, 5000);
    }
    assert_int_equal(world_number(w, "SELECT count(*) FROM exception WHERE rule = "
                                     "'store.set_aside' AND open = 1"),
                     1);
    world_free(w);
    disk_free(d);
    return over;
}

/* Counts reads, and fails the one with this number. */
struct nth_read {
    uint64_t seen, at;
};

static enum disk_fault fail_nth_read(void *ctx, enum disk_op op, uint64_t n)
{
    struct nth_read *r = ctx;
    (void)n;
    return op == DISK_READ && ++r->seen == r->at ? DISK_ERROR : DISK_FINE;
}

static void store__that_could_not_be_read_once_is_not_set_aside(void **state)
{
    (void)state;
    struct disk *d = disk_make();
    struct sim_world *w = world_on(d);
    struct nth_read r = {.seen = 0, .at = 0};
    do {
        station_free(w->station);
        w->station = NULL;
        hal_sim_power_cut(w->hal, false);
        r = (struct nth_read){.at = r.at + 1};
        disk_on_operation(d, fail_nth_read, &r);
        world_begin(w);
        world_run(w, 5000);
    } while (r.seen >= r.at);
    assert_true(r.at > 50);
    assert_true(w->restarts > 20);
    assert_false(world_logged(w, "store.corrupt"));
    world_check(w);
    world_free(w);
    disk_free(d);
}

static void store__set_aside_is_told_wherever_power_goes(void **state)
{
    (void)state;
    bool over = false;
    for (uint64_t nth = 1; nth <= 2000 && !over; nth += nth < 30 ? 1 : 7) {
        over = cut_after_set_aside(nth);
    }
    assert_true(over);
}

static void store__damaged_at_work_is_set_aside_and_the_station_is_ready(void **state)
{
    (void)state;
    struct disk *d = disk_make();
    struct sim_world *w = world_on(d);
    w->supervised = false;
    (void)world_number(w, "UPDATE meta SET value = '-9' WHERE name = 'key_counter' RETURNING 1");
    world_scan(w, TOTE);
    world_scan(w, "BOX-S");
    world_run(w, 30000);
    assert_set_aside(w);
    assert_true(packer_sends(w, TOTE, ORDER));
    assert_null(judge(w, ORDER));
    world_check(w);
    world_free(w);
    disk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(disk__that_fails_the_saving_scan_says_not_confirmed_and_the_repeat_saves),
        cmocka_unit_test(
            disk__without_room_refuses_dispatches_in_plain_words_and_goes_on_delivering),
        cmocka_unit_test(disk__that_takes_no_write_at_all_ends_in_a_named_fault_and_recovers),
        cmocka_unit_test(store__damaged_while_off_is_set_aside_and_the_station_is_ready),
        cmocka_unit_test(store__that_could_not_be_read_once_is_not_set_aside),
        cmocka_unit_test(store__set_aside_is_told_wherever_power_goes),
        cmocka_unit_test(store__damaged_at_work_is_set_aside_and_the_station_is_ready),
        cmocka_unit_test(disk__that_fails_one_operation_of_an_order_loses_and_repeats_nothing),
        cmocka_unit_test(disk__whose_sync_forgets_during_an_order_loses_and_repeats_nothing),
        cmocka_unit_test(
            disk__that_is_full_for_one_operation_of_an_order_loses_and_repeats_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
