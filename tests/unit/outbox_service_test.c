/* How long deliveries took, and the exception when one waits longer than agreed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/outbox_bed.h"

#define MINUTE INT64_C(60000)

static int set_up(void **state)
{
    struct bed *b = bed_new();
    *state = b;
    b->shop.service_ms = 15 * MINUTE;
    b->automatic = true;
    b->answer = ATTEMPT_DONE;
    hal_sim_set_wall(b->hal, INT64_C(1773057600000), true);
    bed_crash(b, false);
    return 0;
}

static int tear_down(void **state)
{
    bed_free(*state);
    return 0;
}

static void service__is_broken_by_a_message_that_waits_too_long(void **state)
{
    struct bed *b = *state;
    b->answer = ATTEMPT_RETRY;
    bed_save(b, "O1", "shop");
    bed_pass(b, 14 * MINUTE);
    assert_int_equal(bed_exception(b, "delivery.service_level").id, 0);
    assert_false(bed_figures(b, "shop").late);
    bed_pass(b, 3 * MINUTE);
    struct exception_row x = bed_exception(b, "delivery.service_level");
    assert_string_equal(x.owner, "integration");
    assert_string_equal(x.object, "destination shop");
    assert_true(bed_figures(b, "shop").late);
    bed_pass(b, 10 * MINUTE);
    assert_int_equal(bed_exception(b, "delivery.service_level").times, 1);
    b->answer = ATTEMPT_DONE;
    bed_pass(b, 10 * MINUTE);
    assert_int_equal(bed_exception(b, "delivery.service_level").id, 0);
    assert_false(bed_figures(b, "shop").late);
}

static void service__a_restart_clears_what_is_over(void **state)
{
    struct bed *b = *state;
    b->answer = ATTEMPT_RETRY;
    bed_save(b, "O1", "shop");
    bed_pass(b, 20 * MINUTE);
    assert_int_not_equal(bed_exception(b, "delivery.service_level").id, 0);
    b->shop.service_ms = 600 * MINUTE;
    bed_crash(b, false);
    bed_pass(b, MINUTE);
    assert_int_equal(bed_exception(b, "delivery.service_level").id, 0);
}

/* The list's close starts the clock; what waits for it is not late. */
static void service__counts_from_the_opened_gate(void **state)
{
    struct bed *b = *state;
    b->shop.gate = GATE_AT_MANIFEST;
    bed_crash(b, false);
    bed_save(b, "O1", "shop");
    bed_pass(b, 60 * MINUTE);
    assert_int_equal(bed_exception(b, "delivery.service_level").id, 0);
    b->answer = ATTEMPT_RETRY;
    assert_int_equal(outbox_manifest_close(b->ob, "unknown", "Lea"), ERR_OK);
    bed_pass(b, 14 * MINUTE);
    assert_int_equal(bed_exception(b, "delivery.service_level").id, 0);
    bed_pass(b, 3 * MINUTE);
    assert_int_not_equal(bed_exception(b, "delivery.service_level").id, 0);
}

static void service__time_to_the_shop_is_counted(void **state)
{
    struct bed *b = *state;
    bed_save(b, "O1", "shop");
    bed_pass(b, 500);
    struct outbox_figures f = bed_figures(b, "shop");
    assert_int_equal(f.taken[0], 1);
    b->automatic = false;
    bed_save(b, "O2", "shop");
    bed_tick(b);
    hal_sim_set_wall(b->hal, 5, false); /* a clock that steps does not matter within one boot */
    bed_pass(b, 4000);
    bed_end(b, bed_last(b)->id, ATTEMPT_DONE);
    bed_pass(b, 1);
    bed_end(b, bed_last(b)->id, ATTEMPT_DONE);
    f = bed_figures(b, "shop");
    assert_int_equal(f.taken[0], 1);
    assert_int_equal(f.taken[2], 1);
    assert_int_equal(f.taken_s, 4);
}

static void set_due(struct bed *b, int64_t wall_ms)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    assert_int_equal(store_prepare(b->st, "UPDATE consignment SET dispatch_due = ?1", &q), ERR_OK);
    store_bind_int(q, 1, wall_ms);
    assert_int_equal(store_run(b->st, q), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
}

static void pull__escalates_once_when_collection_is_due(void **state)
{
    struct bed *b = *state;
    b->automatic = false;
    int64_t id = bed_save(b, "O1", "shop");
    bed_save(b, "O2", "shop");
    set_due(b, hal_wall(b->hal).ms + 30 * MINUTE);
    assert_int_equal(outbox_pull(b->ob, id, "order.cancelled", "t"), ERR_OK);
    bed_pass(b, 29 * MINUTE);
    assert_int_equal(bed_exception(b, "pull.collection").id, 0);
    bed_pass(b, 3 * MINUTE);
    struct exception_row x = bed_exception(b, "pull.collection");
    assert_int_equal(x.dispatch_id, id);
    assert_string_equal(x.owner, "lead");
    bed_pass(b, 30 * MINUTE);
    assert_int_equal(bed_exception(b, "pull.collection").times, 1);
    assert_int_equal(bed_int(b, "SELECT COUNT(*) FROM exception WHERE rule = 'pull.collection'"),
                     1);
    bed_crash(b, false);
    bed_pass(b, 5 * MINUTE);
    assert_int_equal(bed_exception(b, "pull.collection").times, 1);
    assert_int_equal(outbox_pull_end(b->ob, id, PULL_END_PULLED, "Lea", ""), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
    assert_int_equal(bed_exception(b, "pull.collection").id, 0);
    bed_pass(b, 5 * MINUTE);
    assert_int_equal(bed_exception(b, "pull.collection").id, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(service__is_broken_by_a_message_that_waits_too_long),
        TEST(service__a_restart_clears_what_is_over),
        TEST(service__counts_from_the_opened_gate),
        TEST(pull__escalates_once_when_collection_is_due),
        TEST(service__time_to_the_shop_is_counted),
    };
    return cmocka_run_group_tests_name("outbox service", tests, NULL, NULL);
}
