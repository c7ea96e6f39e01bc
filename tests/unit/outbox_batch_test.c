/* Several messages in one request, and several marked in one go: order, outcomes and crashes are
 * those of single ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
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

static void configure(struct bed *b, uint8_t batch_max, bool always, uint8_t ahead)
{
    b->clarus.batch_max = batch_max;
    b->clarus.batch_always = always;
    b->clarus.ahead = ahead;
    b->clarus.concurrency = 1;
    bed_crash(b, false);
}

static void save(struct bed *b, int orders)
{
    char order[24];
    for (int i = 0; i < orders; i++) {
        (void)snprintf(order, sizeof order, "O%03d", i);
        bed_save(b, order, "none");
    }
}

static void end_all(struct bed *b, size_t from, enum attempt_outcome outcome)
{
    size_t count = b->count;
    for (size_t i = from; i < count; i++)
        bed_end(b, b->attempts[i].id, outcome);
}

static void batch__takes_as_many_as_one_request_may(void **state)
{
    struct bed *b = *state;
    configure(b, 5, true, 0);
    save(b, 12);
    bed_tick(b);
    assert_int_equal(b->requests, 1);
    assert_int_equal(b->count, 5);
    bed_pass(b, 10000);
    assert_int_equal(b->requests, 1); /* one request at a time, and it has not ended */
    end_all(b, 0, ATTEMPT_DONE);
    bed_pass(b, 1000);
    assert_int_equal(b->requests, 2);
    end_all(b, 5, ATTEMPT_DONE);
    bed_pass(b, 1000);
    end_all(b, 10, ATTEMPT_DONE);
    assert_int_equal(b->requests, 3);
    assert_int_equal(bed_figures(b, CLARUS).done, 12);
}

static void batch__ends_message_by_message(void **state)
{
    struct bed *b = *state;
    configure(b, 4, true, 0);
    save(b, 4);
    bed_tick(b);
    bed_end(b, b->attempts[0].id, ATTEMPT_DONE);
    bed_end(b, b->attempts[1].id, ATTEMPT_UNKNOWN);
    bed_end(b, b->attempts[2].id, ATTEMPT_PARK);
    bed_end(b, b->attempts[3].id, ATTEMPT_DONE);
    assert_int_equal(bed_figures(b, CLARUS).done, 2);
    assert_int_equal(bed_figures(b, CLARUS).parked, 1);
    bed_pass(b, 60000);
    assert_int_equal(b->count, 5);
    assert_int_equal(bed_last(b)->id, b->attempts[1].id);
    assert_true(bed_last(b)->look_first);
}

static void batch__holds_one_message_of_an_order(void **state)
{
    struct bed *b = *state;
    configure(b, 8, true, 0);
    bed_save(b, "SAME", "none");
    bed_save(b, "SAME", "none");
    bed_save(b, "OTHER", "none");
    bed_tick(b);
    assert_int_equal(b->count, 2);
    end_all(b, 0, ATTEMPT_DONE);
    bed_tick(b);
    assert_int_equal(b->count, 3);
    assert_int_equal(bed_last(b)->dispatch_id, 2);
}

static void batch__is_switched_on_by_a_server_that_keeps_asking_to_wait(void **state)
{
    struct bed *b = *state;
    const struct attempt_result busy = {.outcome = ATTEMPT_RETRY, .wait_ms = 1000};
    configure(b, 8, false, 0);
    save(b, 40);
    for (int i = 0; i < 3; i++) {
        bed_pass(b, 5000);
        assert_int_equal(b->requests, b->count); /* one by one */
        bed_end_with(b, bed_last(b)->id, &busy);
    }
    unsigned before = b->requests;
    size_t from = b->count;
    bed_pass(b, 5000);
    assert_int_equal(b->requests, before + 1);
    assert_true(b->count - from > 1);
    b->automatic = true;
    b->answer = ATTEMPT_DONE;
    end_all(b, from, ATTEMPT_DONE);
    bed_pass(b, 600000);
    bed_save(b, "LATER", "none");
    bed_save(b, "LATER2", "none");
    before = b->requests;
    bed_pass(b, 600000);
    assert_int_equal(b->requests, before + 2); /* off again */
    assert_int_equal(bed_figures(b, CLARUS).waiting, 0);
}

static void batch__cut_by_power_is_looked_for(void **state)
{
    struct bed *b = *state;
    configure(b, 4, true, 0);
    save(b, 6);
    bed_tick(b);
    bed_crash(b, true);
    b->automatic = true;
    b->answer = ATTEMPT_DONE;
    size_t from = b->count;
    bed_pass(b, 60000);
    unsigned looked = 0;
    for (size_t i = from; i < b->count; i++)
        looked += b->attempts[i].look_first;
    assert_int_equal(looked, 4);
    assert_int_equal(bed_figures(b, CLARUS).done, 6);
}

static void ahead__marks_many_and_tries_no_more_than_its_width(void **state)
{
    struct bed *b = *state;
    configure(b, 0, false, 8);
    save(b, 20);
    bed_tick(b);
    assert_int_equal(b->count, 1);
    assert_int_equal(bed_int(b, "SELECT count(*) FROM message WHERE state = 2"), 8);
    bed_end(b, bed_last(b)->id, ATTEMPT_DONE);
    bed_tick(b);
    assert_int_equal(b->count, 2);
    b->automatic = true;
    b->answer = ATTEMPT_DONE;
    bed_end(b, bed_last(b)->id, ATTEMPT_DONE);
    bed_pass(b, 60000);
    assert_int_equal(b->count, 20);
    assert_int_equal(bed_figures(b, CLARUS).done, 20);
}

static void ahead__looks_for_no_more_than_it_marked(void **state)
{
    struct bed *b = *state;
    configure(b, 0, false, 8);
    save(b, 20);
    bed_tick(b);
    bed_crash(b, true);
    b->automatic = true;
    b->answer = ATTEMPT_DONE;
    size_t from = b->count;
    bed_pass(b, 60000);
    unsigned looked = 0;
    for (size_t i = from; i < b->count; i++)
        looked += b->attempts[i].look_first;
    assert_int_equal(looked, 8);
    assert_int_equal(bed_figures(b, CLARUS).done, 20);
}

static void ahead__what_is_pulled_before_its_turn_is_never_sent(void **state)
{
    struct bed *b = *state;
    configure(b, 0, false, 8);
    save(b, 3);
    bed_tick(b);
    assert_int_equal(outbox_pull(b->ob, 3, "order.cancelled", "Cancelled."), ERR_OK);
    bed_end(b, bed_last(b)->id, ATTEMPT_DONE);
    b->automatic = true;
    b->answer = ATTEMPT_DONE;
    bed_pass(b, 60000);
    assert_int_equal(b->count, 2);
    assert_int_equal(bed_figures(b, CLARUS).frozen, 1);
    assert_int_equal(bed_figures(b, CLARUS).done, 2);
}

static void ahead__keeps_what_it_marked_while_the_destination_is_down(void **state)
{
    struct bed *b = *state;
    configure(b, 0, false, 8);
    save(b, 10);
    b->automatic = true;
    b->answer = ATTEMPT_DOWN;
    bed_pass(b, 60000);
    size_t probes = b->count;
    assert_true(probes > 1 && probes < 20);
    b->answer = ATTEMPT_DONE;
    bed_pass(b, 600000);
    assert_int_equal(bed_figures(b, CLARUS).done, 10);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(batch__takes_as_many_as_one_request_may),
        CASE(batch__ends_message_by_message),
        CASE(batch__holds_one_message_of_an_order),
        CASE(batch__is_switched_on_by_a_server_that_keeps_asking_to_wait),
        CASE(batch__cut_by_power_is_looked_for),
        CASE(ahead__marks_many_and_tries_no_more_than_its_width),
        CASE(ahead__looks_for_no_more_than_it_marked),
        CASE(ahead__what_is_pulled_before_its_turn_is_never_sent),
        CASE(ahead__keeps_what_it_marked_while_the_destination_is_down),
    };
    return cmocka_run_group_tests_name("outbox batch", tests, NULL, NULL);
}
