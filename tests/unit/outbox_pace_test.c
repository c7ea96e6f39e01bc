/* How fast a destination is tried: the server's own budget, divided by the benches of the site. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/support/outbox_bed.h"

static int set_up(void **state)
{
    struct bed *b = bed_new();
    *state = b;
    b->clarus.concurrency = 8;
    b->clarus.benches = 2;
    b->automatic = true;
    b->answer = ATTEMPT_DONE;
    bed_crash(b, false);
    return 0;
}

static int tear_down(void **state)
{
    bed_free(*state);
    return 0;
}

static void save_many(struct bed *b, int count)
{
    for (int i = 0; i < count; i++) {
        char order[16];
        (void)snprintf(order, sizeof order, "O%d", i);
        bed_save(b, order, "none");
    }
}

static void outbox__a_bench_spends_its_share_of_the_servers_budget(void **state)
{
    struct bed *b = *state;
    save_many(b, 30);
    outbox_budget(b->ob, CLARUS, 5 * 2 * OUTBOX_ATTEMPT_REQUESTS + 1, 30000);
    bed_pass(b, 29000);
    assert_int_equal(b->count, 5);
    bed_pass(b, 2000);
    assert_int_equal(b->count, 30);
}

static void outbox__an_empty_budget_waits_for_its_reset(void **state)
{
    struct bed *b = *state;
    outbox_budget(b->ob, CLARUS, 0, 20000);
    save_many(b, 1);
    bed_pass(b, 19000);
    assert_int_equal(b->count, 0);
    bed_pass(b, 2000);
    assert_int_equal(b->count, 1);
}

/* However small the server's budget is, one reset after the other lets attempts through. */
static void outbox__a_budget_smaller_than_an_attempt_does_not_stop_for_ever(void **state)
{
    struct bed *b = *state;
    save_many(b, 40);
    for (int i = 0; i < 40 && b->count < 40; i++) {
        outbox_budget(b->ob, CLARUS, 1, 1000);
        bed_pass(b, 1100);
    }
    assert_int_equal(b->count, 40);
}

static void outbox__attempts_under_way_are_taken_off_the_budget(void **state)
{
    struct bed *b = *state;
    b->automatic = false;
    save_many(b, 30);
    outbox_budget(b->ob, CLARUS, INT64_C(6) * 2 * OUTBOX_ATTEMPT_REQUESTS, 30000);
    bed_pass(b, 1000);
    assert_int_equal(b->count, 6);
    outbox_budget(b->ob, CLARUS, INT64_C(6) * 2 * OUTBOX_ATTEMPT_REQUESTS, 30000);
    bed_pass(b, 1000);
    assert_int_equal(b->count, 6);
    outbox_budget(b->ob, CLARUS, INT64_C(8) * 2 * OUTBOX_ATTEMPT_REQUESTS, 30000);
    bed_pass(b, 1000);
    assert_int_equal(b->count, 8);
}

static void outbox__a_budget_of_nonsense_changes_nothing(void **state)
{
    struct bed *b = *state;
    save_many(b, 1);
    outbox_budget(b->ob, "nobody", 0, 1000);
    outbox_budget(b->ob, CLARUS, -1, 1000);
    outbox_budget(b->ob, CLARUS, 0, -1);
    bed_pass(b, 1);
    assert_int_equal(b->count, 1);
    outbox_budget(b->ob, CLARUS, 0, INT64_MAX);
    bed_save(b, "LATER", "none");
    bed_pass(b, OUTBOX_SERVER_WAIT_MAX_MS + 1000);
    assert_int_equal(b->count, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(outbox__a_bench_spends_its_share_of_the_servers_budget),
        TEST(outbox__an_empty_budget_waits_for_its_reset),
        TEST(outbox__a_budget_smaller_than_an_attempt_does_not_stop_for_ever),
        TEST(outbox__attempts_under_way_are_taken_off_the_budget),
        TEST(outbox__a_budget_of_nonsense_changes_nothing),
    };
    return cmocka_run_group_tests_name("outbox pace", tests, NULL, NULL);
}
