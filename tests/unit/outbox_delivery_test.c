/* Order, release, retry, unknown outcomes, breaker, credentials, restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/outbox_bed.h"

static int set_up(void **state)
{
    *state = bed_new();
    return 0;
}

static int tear_down(void **state)
{
    bed_free(*state);
    return 0;
}

static void outbox__stores_the_fact_with_its_messages(void **state)
{
    struct bed *b = *state;
    int64_t id = bed_save(b, "O1", "shop");
    assert_int_equal(bed_int(b, "SELECT COUNT(*) FROM message"), 2);
    assert_int_equal(bed_int(b, "SELECT quantity FROM dispatch_item"), 2000);
    assert_int_equal(bed_int(b, "SELECT state FROM dispatch"), DISPATCH_SAVED);
    assert_int_equal(bed_int(b, "SELECT id FROM dispatch"), id);
    assert_int_equal(bed_figures(b, CLARUS).waiting, 1);
    assert_int_equal(bed_figures(b, "shop").waiting, 1);
    assert_true(bed_figures(b, "shop").oldest_wall_ms > 0);
}

static void outbox__clarus_releases_the_storefront_by_its_success(void **state)
{
    struct bed *b = *state;
    bed_save(b, "O1", "shop");
    bed_pass(b, 3600000);
    assert_int_equal(b->count, 1);
    assert_string_equal(bed_last(b)->destination, CLARUS);
    assert_false(bed_last(b)->look_first);
    bed_end(b, bed_last(b)->id, ATTEMPT_DONE);
    assert_int_equal(bed_int(b, "SELECT state FROM dispatch"), DISPATCH_DISPATCHED);
    assert_int_equal(bed_int(b, "SELECT settled_at FROM dispatch"), 0);
    bed_tick(b);
    assert_int_equal(b->count, 2);
    assert_string_equal(bed_last(b)->destination, "shop");
    bed_end(b, bed_last(b)->id, ATTEMPT_DONE);
    assert_true(bed_int(b, "SELECT settled_at FROM dispatch") > 0);
    assert_int_equal(bed_figures(b, "shop").waiting, 0);
    assert_int_equal(bed_figures(b, "shop").done, 1);
    assert_int_equal(bed_figures(b, "shop").oldest_wall_ms, 0);
    bed_pass(b, 3600000);
    assert_int_equal(b->count, 2);
}

static void outbox__one_message_per_lane_at_a_time_and_in_order(void **state)
{
    struct bed *b = *state;
    int64_t first = bed_save(b, "O1", "shop");
    int64_t second = bed_save(b, "O1", "shop");
    bed_save(b, "O2", "none");
    bed_tick(b);
    assert_int_equal(b->count, 2);
    assert_int_equal(b->attempts[0].dispatch_id, first);
    bed_end(b, b->attempts[0].id, ATTEMPT_RETRY);
    bed_pass(b, 1000);
    assert_int_equal(bed_last(b)->dispatch_id, first);
    bed_end(b, bed_last(b)->id, ATTEMPT_DONE);
    bed_tick(b);
    assert_int_equal(b->count, 5);
    bool saw_second = false;
    for (size_t i = 3; i < 5; i++) {
        if (strcmp(b->attempts[i].destination, CLARUS) == 0) {
            saw_second = b->attempts[i].dispatch_id == second;
        }
    }
    assert_true(saw_second);
}

static void outbox__a_parked_message_stops_its_lane_alone(void **state)
{
    struct bed *b = *state;
    bed_save(b, "O1", "none");
    int64_t behind = bed_save(b, "O1", "none");
    bed_save(b, "O2", "none");
    bed_tick(b);
    const struct attempt_result park = {.outcome = ATTEMPT_PARK,
                                        .rule = "clarus.tasks_partial",
                                        .owner = "lead",
                                        .text = "Less than a whole task was packed.",
                                        .next_step = "Complete the task in Clarus."};
    int64_t parked = b->attempts[0].id;
    bed_end_with(b, parked, &park);
    bed_end(b, b->attempts[1].id, ATTEMPT_DONE);
    bed_pass(b, 7200000);
    assert_int_equal(b->count, 2);
    assert_int_equal(bed_figures(b, CLARUS).parked, 1);
    struct exception_row x = bed_exception(b, "clarus.tasks_partial");
    assert_string_equal(x.owner, "lead");
    assert_string_equal(x.origin, "clarus");
    assert_string_equal(x.next_step, "Complete the task in Clarus.");
    assert_int_equal(strncmp(x.object, "order O1 #", 10), 0);
    assert_int_equal(x.message_id, parked);
    assert_int_equal(exception_do(b->ob, x.id, EXCEPTION_RETRY, "Lea", ""), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
    bed_tick(b);
    assert_int_equal(bed_last(b)->id, parked);
    bed_end(b, parked, ATTEMPT_DONE);
    bed_tick(b);
    assert_int_equal(bed_last(b)->dispatch_id, behind);
    assert_int_equal(exception_do(b->ob, x.id, EXCEPTION_RETRY, "Lea", ""), ERR_NOTFOUND);
}

static void outbox__backs_off_with_jitter_between_a_second_and_five_minutes(void **state)
{
    struct bed *b = *state;
    bed_save(b, "O1", "none");
    bed_tick(b);
    int64_t longest = 0;
    for (int i = 0; i < 40; i++) {
        size_t before = b->count;
        int64_t last = hal_now(b->hal).ms;
        bed_end(b, bed_last(b)->id, ATTEMPT_RETRY);
        for (int k = 0; b->count == before && k < 400; k++) {
            bed_pass(b, 1000);
        }
        assert_int_equal(b->count, before + 1);
        int64_t gap = bed_last(b)->at.ms - last;
        int64_t ceiling = i < 9 ? INT64_C(1000) << i : 300000;
        assert_true(gap >= 1 && gap <= (ceiling < 300000 ? ceiling : 300000));
        longest = gap > longest ? gap : longest;
    }
    assert_true(longest > 150000);
    assert_int_equal(bed_last(b)->attempts, 40);
    assert_true(bed_exception(b, "delivery.late").id != 0);
    bed_end(b, bed_last(b)->id, ATTEMPT_DONE);
    assert_true(bed_exception(b, "delivery.late").id == 0);
}

static void outbox__obeys_a_servers_wait_up_to_a_limit(void **state)
{
    struct bed *b = *state;
    bed_save(b, "O1", "none");
    bed_save(b, "O2", "none");
    bed_tick(b);
    struct attempt_result busy = {.outcome = ATTEMPT_RETRY, .wait_ms = 60000};
    bed_end_with(b, b->attempts[0].id, &busy);
    bed_end_with(b, b->attempts[1].id, &busy);
    bed_save(b, "O3", "none");
    bed_pass(b, 59999);
    assert_int_equal(b->count, 2);
    bed_pass(b, 1);
    assert_int_equal(b->count, 5);
    busy.wait_ms = INT64_MAX;
    bed_end_with(b, b->attempts[2].id, &busy);
    bed_pass(b, OUTBOX_SERVER_WAIT_MAX_MS - 1);
    assert_int_equal(b->count, 5);
    bed_pass(b, 1);
    assert_int_equal(b->count, 6);
}

static void outbox__an_unknown_outcome_looks_before_it_sends(void **state)
{
    struct bed *b = *state;
    bed_save(b, "O1", "none");
    bed_tick(b);
    mono_t sent = bed_last(b)->at;
    bed_end(b, bed_last(b)->id, ATTEMPT_UNKNOWN);
    for (unsigned look = 0; look < 3; look++) {
        bed_pass(b, 20000);
        assert_int_equal(b->count, 2 + look);
        assert_true(bed_last(b)->look_first);
        bed_end(b, bed_last(b)->id, ATTEMPT_ABSENT);
    }
    bed_tick(b);
    assert_int_equal(b->count, 5);
    assert_false(bed_last(b)->look_first);
    assert_true(bed_last(b)->at.ms - sent.ms >= 10000);
    assert_string_equal(b->attempts[0].key, bed_last(b)->key);
}

static void outbox__looks_span_the_settling_time(void **state)
{
    struct bed *b = *state;
    bed_save(b, "O1", "none");
    bed_tick(b);
    int64_t sent = bed_last(b)->at.ms;
    bed_end(b, bed_last(b)->id, ATTEMPT_UNKNOWN);
    b->automatic = true;
    b->answer = ATTEMPT_ABSENT;
    while (b->count < 5) {
        bed_pass(b, 50);
    }
    assert_false(b->attempts[4].look_first);
    assert_true(b->attempts[4].at.ms - sent >= 10000);
    for (size_t i = 1; i < 4; i++) {
        assert_true(b->attempts[i].look_first);
        assert_true(b->attempts[i].at.ms - sent >= (int64_t)i * 3334);
    }
}

static void outbox__a_failed_look_stays_a_look(void **state)
{
    struct bed *b = *state;
    bed_save(b, "O1", "none");
    bed_tick(b);
    static const enum attempt_outcome ENDS[] = {ATTEMPT_UNKNOWN, ATTEMPT_RETRY, ATTEMPT_DOWN,
                                                ATTEMPT_REREAD, ATTEMPT_NOT_YET};
    for (size_t i = 0; i < sizeof ENDS / sizeof ENDS[0]; i++) {
        size_t before = b->count;
        bed_end(b, bed_last(b)->id, ENDS[i]);
        bed_pass(b, 120000);
        assert_int_equal(b->count, before + 1);
        assert_true(bed_last(b)->look_first);
    }
}

static void outbox__a_crash_in_flight_looks_and_others_do_not(void **state)
{
    struct bed *b = *state;
    b->clarus.concurrency = 1;
    bed_crash(b, false);
    bed_save(b, "O1", "none");
    bed_save(b, "O2", "none");
    bed_tick(b);
    assert_int_equal(b->count, 1);
    int64_t flew = bed_last(b)->id;
    for (int boot = 0; boot < 2; boot++) {
        b->count = 0;
        b->clarus.concurrency = 4;
        bed_crash(b, boot == 1);
        bed_tick(b);
        assert_int_equal(b->count, 2);
        for (size_t i = 0; i < 2; i++) {
            if (boot == 0) assert_int_equal(b->attempts[i].look_first, b->attempts[i].id == flew);
            if (boot == 1) assert_true(b->attempts[i].look_first);
        }
    }
}

static void outbox__an_attempt_that_was_not_committed_never_was(void **state)
{
    struct bed *b = *state;
    bed_save(b, "O1", "none");
    outbox_tick(b->ob);
    assert_int_equal(b->count, 1);
    store_rollback(b->st);
    bed_crash(b, false);
    bed_tick(b);
    assert_int_equal(b->count, 2);
    assert_false(bed_last(b)->look_first);
}

static void outbox__plans_of_an_earlier_boot_do_not_hold_it_up(void **state)
{
    struct bed *b = *state;
    for (int i = 0; i < 6; i++) {
        char order[8] = {'O', (char)('1' + i), '\0'};
        bed_save(b, order, "none");
    }
    b->automatic = true;
    b->answer = ATTEMPT_NOT_YET;
    bed_pass(b, INT64_C(6) * 3600000);
    AUTO_STMT sqlite3_stmt *q = NULL;
    assert_int_equal(
        store_prepare(b->st, "UPDATE message SET due_mono = due_mono + 86400000 * id", &q), ERR_OK);
    assert_int_equal(store_run(b->st, q), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
    q = NULL;
    b->answer = ATTEMPT_DONE;
    bed_crash(b, true);
    bed_pass(b, 1000);
    assert_int_equal(bed_figures(b, CLARUS).waiting, 0);
    assert_int_equal(bed_figures(b, CLARUS).done, 6);
}

static void outbox__looks_are_counted_afresh_after_a_reboot(void **state)
{
    struct bed *b = *state;
    bed_save(b, "O1", "none");
    bed_tick(b);
    bed_end(b, bed_last(b)->id, ATTEMPT_UNKNOWN);
    for (int i = 0; i < 2; i++) {
        bed_pass(b, 20000);
        bed_end(b, bed_last(b)->id, ATTEMPT_ABSENT);
    }
    bed_crash(b, true);
    for (int i = 0; i < 3; i++) {
        bed_pass(b, 20000);
        assert_true(bed_last(b)->look_first);
        bed_end(b, bed_last(b)->id, ATTEMPT_ABSENT);
    }
    bed_pass(b, 20000);
    assert_false(bed_last(b)->look_first);
}

static void outbox__a_destination_that_is_down_gets_one_probe(void **state)
{
    struct bed *b = *state;
    for (int i = 0; i < 8; i++) {
        char order[8] = {'O', (char)('1' + i), '\0'};
        bed_save(b, order, "none");
    }
    bed_tick(b);
    assert_int_equal(b->count, 4);
    for (size_t i = 0; i < 4; i++) {
        bed_end(b, b->attempts[i].id, ATTEMPT_DOWN);
    }
    assert_true(bed_figures(b, CLARUS).down);
    bed_tick(b);
    assert_int_equal(b->count, 4);
    bed_pass(b, 1000);
    assert_int_equal(b->count, 5);
    bed_pass(b, 3600000);
    assert_int_equal(b->count, 5);
    assert_int_equal(bed_last(b)->attempts, 0);
    bed_end(b, bed_last(b)->id, ATTEMPT_DOWN);
    bed_pass(b, 2000);
    assert_int_equal(b->count, 6);
    assert_true(bed_exception(b, "destination.down").id != 0);
    bed_end(b, bed_last(b)->id, ATTEMPT_DONE);
    assert_false(bed_figures(b, CLARUS).down);
    assert_true(bed_exception(b, "destination.down").id == 0);
    bed_tick(b);
    assert_int_equal(b->count, 10);
}

static void outbox__being_reached_by_another_closes_the_breaker(void **state)
{
    struct bed *b = *state;
    bed_save(b, "O1", "none");
    bed_tick(b);
    bed_end(b, bed_last(b)->id, ATTEMPT_DOWN);
    outbox_reachable(b->ob, CLARUS);
    outbox_reachable(b->ob, "nobody");
    bed_tick(b);
    assert_int_equal(b->count, 2);
}

static void outbox__refused_credentials_pause_and_burn_no_attempts(void **state)
{
    struct bed *b = *state;
    bed_save(b, "O1", "none");
    bed_save(b, "O2", "none");
    bed_tick(b);
    bed_end(b, b->attempts[0].id, ATTEMPT_REAUTH);
    bed_end(b, b->attempts[1].id, ATTEMPT_REAUTH);
    assert_true(bed_figures(b, CLARUS).paused);
    struct exception_row x = bed_exception(b, "destination.credentials");
    assert_int_equal(x.times, 1);
    assert_int_equal(bed_int(b, "SELECT MAX(attempts) FROM message"), 0);
    b->automatic = true;
    b->answer = ATTEMPT_REAUTH;
    bed_pass(b, 3600000);
    assert_true(b->count < 60);
    assert_int_equal(bed_int(b, "SELECT MAX(attempts) FROM message"), 0);
    b->answer = ATTEMPT_DONE;
    assert_int_equal(exception_do(b->ob, x.id, EXCEPTION_RETRY, "Ina", ""), ERR_OK);
    bed_tick(b);
    assert_int_equal(bed_figures(b, CLARUS).done, 2);
    assert_true(bed_exception(b, "destination.credentials").id == 0);
    assert_false(bed_figures(b, CLARUS).paused);
}

static void outbox__not_there_yet_waits_slowly_and_alarms(void **state)
{
    struct bed *b = *state;
    b->automatic = true;
    b->answer = ATTEMPT_NOT_YET;
    bed_save(b, "O1", "none");
    bed_pass(b, 25000);
    assert_int_equal(b->count, 1);
    bed_pass(b, INT64_C(12) * 3600000);
    assert_true(b->count > 10 && b->count < 80);
    assert_true(bed_exception(b, "delivery.not_there").id != 0);
}

static void outbox__keeps_its_pace(void **state)
{
    struct bed *b = *state;
    b->clarus.pace_per_minute = 60;
    bed_crash(b, false);
    b->automatic = true;
    b->answer = ATTEMPT_DONE;
    for (int i = 0; i < 40; i++) {
        char order[8] = {'O', (char)('0' + i / 10), (char)('0' + i % 10), '\0'};
        bed_save(b, order, "none");
    }
    bed_pass(b, 10000);
    assert_true(b->count >= 10 && b->count <= 15);
    bed_pass(b, 60000);
    assert_int_equal(b->count, 40);
}

static void outbox__remembers_progress_across_a_crash(void **state)
{
    struct bed *b = *state;
    bed_save(b, "O1", "none");
    bed_tick(b);
    assert_string_equal(bed_last(b)->progress, "");
    assert_int_equal(outbox_progress(b->ob, bed_last(b)->id, SLICE("{\"parcel\":1}")), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
    bed_crash(b, true);
    bed_tick(b);
    assert_string_equal(bed_last(b)->progress, "{\"parcel\":1}");
    uint8_t big[OUTBOX_PROGRESS_MAX + 1];
    memset(big, ' ', sizeof big);
    assert_int_equal(outbox_progress(b->ob, 1, slice_of(big, sizeof big)), ERR_NOSPACE);
    assert_int_equal(outbox_progress(b->ob, 99, SLICE("{}")), ERR_NOTFOUND);
}

static void outbox__a_connector_may_end_within_its_start(void **state)
{
    struct bed *b = *state;
    b->automatic = true;
    b->answer = ATTEMPT_DONE;
    bed_save(b, "O1", "shop");
    bed_pass(b, 10);
    assert_int_equal(b->count, 2);
    assert_int_equal(bed_figures(b, "shop").done, 1);
    outbox_result(b->ob, bed_last(b)->id, &(struct attempt_result){.outcome = ATTEMPT_RETRY});
    assert_int_equal(bed_figures(b, "shop").done, 1);
    bed_pass(b, 3600000);
    assert_int_equal(b->count, 2);
}

static void outbox__refuses_what_it_cannot_store(void **state)
{
    struct bed *b = *state;
    int64_t id = 77;
    struct dispatch_spec spec = {
        .key = "PB7-k3x9q2f1-1", .channel = "etsy", .clarus_lane = "O1", .shop_lane = "O1"};
    bed_prepare(b, "O1", &spec.consignment_id, &spec.shipment_id);
    assert_int_equal(outbox_save(b->ob, &spec, &id), ERR_NOTFOUND);
    spec.channel = "shop";
    spec.shop_lane = "";
    assert_int_equal(outbox_save(b->ob, &spec, &id), ERR_INVALID);
    spec.shop_lane = "O1";
    spec.shipment_id = 999;
    assert_int_equal(outbox_save(b->ob, &spec, &id), ERR_INVALID);
    spec.shipment_id = 1;
    assert_int_equal(id, 77);
    assert_int_equal(outbox_save(b->ob, &spec, &id), ERR_OK);
    assert_int_equal(outbox_save(b->ob, &spec, &id), ERR_EXISTS);
    assert_int_equal(store_commit(b->st), ERR_OK);
    assert_int_equal(bed_int(b, "SELECT COUNT(*) FROM dispatch"), 1);
    spec.key = "PB7-k3x9q2f1-2";
    store_disk_free(b->st, 1000);
    assert_int_equal(outbox_save(b->ob, &spec, &id), ERR_NOSPACE);
    assert_int_equal(bed_int(b, "SELECT COUNT(*) FROM dispatch"), 1);
    bed_pass(b, 1000);
    bed_end(b, bed_last(b)->id, ATTEMPT_DONE);
    assert_int_equal(bed_figures(b, CLARUS).done, 1);
}

static void outbox__keeps_a_backlog_whose_destination_is_not_configured(void **state)
{
    struct bed *b = *state;
    b->automatic = true;
    b->answer = ATTEMPT_DONE;
    bed_save(b, "O1", "shop");
    b->without_shop = true;
    bed_crash(b, false);
    bed_pass(b, 3600000);
    assert_int_equal(bed_figures(b, "shop").waiting, 1);
    assert_string_equal(bed_figures(b, "shop").last_result, "not configured");
    assert_true(bed_exception(b, "destination.not_configured").id != 0);
    b->without_shop = false;
    bed_crash(b, false);
    assert_true(bed_exception(b, "destination.not_configured").id == 0);
    bed_pass(b, 10);
    assert_int_equal(bed_figures(b, "shop").done, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(outbox__stores_the_fact_with_its_messages),
        TEST(outbox__clarus_releases_the_storefront_by_its_success),
        TEST(outbox__one_message_per_lane_at_a_time_and_in_order),
        TEST(outbox__a_parked_message_stops_its_lane_alone),
        TEST(outbox__backs_off_with_jitter_between_a_second_and_five_minutes),
        TEST(outbox__obeys_a_servers_wait_up_to_a_limit),
        TEST(outbox__an_unknown_outcome_looks_before_it_sends),
        TEST(outbox__looks_span_the_settling_time),
        TEST(outbox__a_failed_look_stays_a_look),
        TEST(outbox__a_crash_in_flight_looks_and_others_do_not),
        TEST(outbox__an_attempt_that_was_not_committed_never_was),
        TEST(outbox__plans_of_an_earlier_boot_do_not_hold_it_up),
        TEST(outbox__looks_are_counted_afresh_after_a_reboot),
        TEST(outbox__a_destination_that_is_down_gets_one_probe),
        TEST(outbox__being_reached_by_another_closes_the_breaker),
        TEST(outbox__refused_credentials_pause_and_burn_no_attempts),
        TEST(outbox__not_there_yet_waits_slowly_and_alarms),
        TEST(outbox__keeps_its_pace),
        TEST(outbox__remembers_progress_across_a_crash),
        TEST(outbox__a_connector_may_end_within_its_start),
        TEST(outbox__refuses_what_it_cannot_store),
        TEST(outbox__keeps_a_backlog_whose_destination_is_not_configured),
    };
    return cmocka_run_group_tests_name("outbox delivery", tests, NULL, NULL);
}
