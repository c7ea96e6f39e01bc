/* Messages of class state: the newest is told, what it overtakes is not; events are all told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/outbox_bed.h"

static int set_up(void **state)
{
    struct bed *b = bed_new();
    *state = b;
    return b == NULL;
}

static int tear_down(void **state)
{
    bed_free(*state);
    return 0;
}

static void put(struct bed *b, const char *says)
{
    assert_int_equal(outbox_state(b->ob, "shop", "sku 451", slice_text(says)), ERR_OK);
}

static void put_and_commit(struct bed *b, const char *says)
{
    put(b, says);
    assert_int_equal(store_commit(b->st), ERR_OK);
}

static void state__newest_overtakes_what_waits(void **state)
{
    struct bed *b = *state;
    put_and_commit(b, "1");
    put_and_commit(b, "2");
    put_and_commit(b, "3");
    assert_int_equal(bed_int(b, "SELECT count(*) FROM message"), 1);
    assert_int_equal(bed_figures(b, "shop").waiting, 1);
    bed_tick(b);
    assert_int_equal(b->count, 1);
    assert_string_equal(bed_last(b)->progress, "3");
    bed_end(b, bed_last(b)->id, ATTEMPT_DONE);
    assert_int_equal(bed_figures(b, "shop").waiting, 0);
    assert_int_equal(bed_figures(b, "shop").done, 1);
}

static void state__what_is_under_way_ends_before_the_next_one(void **state)
{
    struct bed *b = *state;
    put_and_commit(b, "1");
    bed_tick(b);
    put_and_commit(b, "2");
    put_and_commit(b, "3");
    bed_tick(b);
    assert_int_equal(b->count, 1);
    assert_string_equal(bed_last(b)->progress, "1");
    bed_end(b, bed_last(b)->id, ATTEMPT_DONE);
    bed_tick(b);
    assert_int_equal(b->count, 2);
    assert_string_equal(bed_last(b)->progress, "3");
}

static void state__overtaking_does_not_shorten_the_wait(void **state)
{
    struct bed *b = *state;
    const struct attempt_result busy = {.outcome = ATTEMPT_RETRY, .wait_ms = 60000};
    put_and_commit(b, "1");
    bed_tick(b);
    bed_end_with(b, bed_last(b)->id, &busy);
    for (int i = 0; i < 5; i++) {
        put_and_commit(b, "newer");
        bed_pass(b, 10000);
    }
    assert_int_equal(b->count, 1);
    bed_pass(b, 20000);
    assert_int_equal(b->count, 2);
    assert_string_equal(bed_last(b)->progress, "newer");
    assert_int_equal(bed_last(b)->attempts, 1);
}

static void state__a_parked_one_is_tried_again_with_the_newest(void **state)
{
    struct bed *b = *state;
    put_and_commit(b, "1");
    bed_tick(b);
    bed_end(b, bed_last(b)->id, ATTEMPT_PARK);
    struct exception_row x = bed_exception(b, "delivery.parked");
    assert_string_equal(x.object, "destination shop");
    put_and_commit(b, "2");
    assert_int_equal(bed_exception(b, "delivery.parked").id, 0);
    bed_tick(b);
    assert_string_equal(bed_last(b)->progress, "2");
}

static void state__events_are_never_overtaken(void **state)
{
    struct bed *b = *state;
    b->automatic = true;
    b->answer = ATTEMPT_DONE;
    bed_save(b, "O1", "shop");
    bed_save(b, "O1", "shop");
    assert_int_equal(outbox_state(b->ob, "shop", "O1", SLICE("level")), ERR_OK);
    assert_int_equal(outbox_state(b->ob, "shop", "O1", SLICE("level")), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
    bed_pass(b, 60000);
    assert_int_equal(bed_figures(b, CLARUS).done, 2);
    assert_int_equal(bed_figures(b, "shop").done, 3);
}

static void state__power_cut_keeps_the_one_before_or_the_newest(void **state)
{
    struct bed *b = *state;
    put_and_commit(b, "1");
    put(b, "2"); /* not committed */
    bed_crash(b, true);
    bed_tick(b);
    assert_string_equal(bed_last(b)->progress, "1");
    bed_crash(b, true); /* under way: whether it arrived is not known */
    put_and_commit(b, "2");
    bed_crash(b, true);
    bed_tick(b);
    assert_int_equal(b->count, 2);
    assert_string_equal(bed_last(b)->progress, "2");
    assert_true(bed_last(b)->look_first);
}

static void state__is_refused_where_it_makes_no_sense(void **state)
{
    struct bed *b = *state;
    assert_int_equal(outbox_state(b->ob, CLARUS, "x", SLICE_NONE), ERR_INVALID);
    assert_int_equal(outbox_state(b->ob, "shop", "", SLICE_NONE), ERR_INVALID);
    assert_int_equal(outbox_state(b->ob, "nobody", "x", SLICE_NONE), ERR_NOTFOUND);
    assert_int_equal(bed_int(b, "SELECT count(*) FROM message"), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(state__newest_overtakes_what_waits),
        CASE(state__what_is_under_way_ends_before_the_next_one),
        CASE(state__overtaking_does_not_shorten_the_wait),
        CASE(state__a_parked_one_is_tried_again_with_the_newest),
        CASE(state__events_are_never_overtaken),
        CASE(state__power_cut_keeps_the_one_before_or_the_newest),
        CASE(state__is_refused_where_it_makes_no_sense),
    };
    return cmocka_run_group_tests_name("outbox_state", tests, NULL, NULL);
}
