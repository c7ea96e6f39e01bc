/* A storefront that waits for the carrier's list: held visibly, let go by evidence and tracking, an
 * exception when the evidence is overdue. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/outbox_bed.h"

#define NOON INT64_C(1773057600000) /* 2026-03-09T12:00:00Z */
#define HOUR INT64_C(3600000)

static int set_up(void **state)
{
    struct bed *b = bed_new();
    *state = b;
    b->shop.gate = GATE_AT_MANIFEST;
    b->automatic = true;
    b->answer = ATTEMPT_DONE;
    hal_sim_set_wall(b->hal, NOON, true);
    bed_crash(b, false);
    return 0;
}

static int tear_down(void **state)
{
    bed_free(*state);
    return 0;
}

static void run_sql(struct bed *b, const char *sql)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    assert_int_equal(store_prepare(b->st, sql, &q), ERR_OK);
    assert_int_equal(store_run(b->st, q), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
}

static void set_carrier(struct bed *b)
{
    run_sql(b, "UPDATE manifest SET carrier = 'DPD'");
    run_sql(b, "UPDATE dispatch SET carrier = 'DPD UK'");
}

/* A later start knows this rule. */
static void restart_with(struct bed *b, bool by_itself, int cut_off_min)
{
    const struct manifest_rule rule = {
        .carrier = "DPD", .closes_by_itself = by_itself, .cut_off_min = cut_off_min};
    bed_crash(b, false);
    assert_int_equal(outbox_manifest_rule(b->ob, &rule), ERR_OK);
}

static void close_list(struct bed *b)
{
    assert_int_equal(outbox_manifest_close(b->ob, "DPD", "Lea"), ERR_OK);
    assert_int_equal(store_commit(b->st), ERR_OK);
}

static void gate__holds_the_storefront_until_the_lead_closes_the_list(void **state)
{
    struct bed *b = *state;
    struct outbox_row row;
    struct outbox_manifest list[4];
    bed_save(b, "O1", "shop");
    set_carrier(b);
    bed_pass(b, 5 * HOUR);
    assert_int_equal(b->count, 1);
    assert_int_equal(outbox_rows(b->ob, "shop", true, &row, 1), 1);
    assert_string_equal(row.waits_for, "the manifest of DPD UK");
    assert_int_equal(outbox_manifests(b->ob, list, 4), 1);
    assert_string_equal(list[0].carrier, "DPD");
    assert_int_equal(list[0].waiting, 1);
    close_list(b);
    bed_pass(b, 1000);
    assert_int_equal(b->count, 2);
    assert_string_equal(bed_last(b)->destination, "shop");
    assert_int_equal(bed_figures(b, "shop").done, 1);
    assert_int_equal(outbox_manifests(b->ob, list, 4), 0);
    assert_int_equal(outbox_manifest_close(b->ob, "DPD", "Lea"), ERR_NOTFOUND);
}

static void gate__the_close_does_not_cover_what_is_saved_after_it(void **state)
{
    struct bed *b = *state;
    bed_save(b, "O1", "shop");
    set_carrier(b);
    bed_pass(b, 1000);
    close_list(b);
    bed_save(b, "O2", "shop");
    set_carrier(b);
    bed_pass(b, 5 * HOUR);
    assert_int_equal(bed_figures(b, "shop").done, 1);
    assert_int_equal(bed_figures(b, "shop").waiting, 1);
}

static void gate__clarus_comes_first_though_the_list_is_closed(void **state)
{
    struct bed *b = *state;
    struct outbox_row row;
    b->answer = ATTEMPT_RETRY;
    bed_save(b, "O1", "shop");
    set_carrier(b);
    close_list(b);
    bed_pass(b, HOUR);
    assert_int_equal(bed_figures(b, "shop").done, 0);
    assert_int_equal(outbox_rows(b->ob, "shop", true, &row, 1), 1);
    assert_string_equal(row.waits_for, "the step before it");
    b->answer = ATTEMPT_DONE;
    bed_pass(b, HOUR);
    assert_int_equal(bed_figures(b, "shop").done, 1);
}

static void gate__needs_tracking_as_well(void **state)
{
    struct bed *b = *state;
    struct outbox_row row;
    bed_save(b, "O1", "shop");
    set_carrier(b);
    run_sql(b, "UPDATE parcel SET tracking = ''");
    close_list(b);
    bed_pass(b, HOUR);
    assert_int_equal(bed_figures(b, "shop").done, 0);
    assert_int_equal(outbox_rows(b->ob, "shop", true, &row, 1), 1);
    assert_string_equal(row.waits_for, "tracking numbers and the manifest of DPD UK");
    run_sql(b, "UPDATE parcel SET tracking = 'T1'");
    bed_pass(b, INT64_C(2) * OUTBOX_GATES_EVERY_MS);
    assert_int_equal(bed_figures(b, "shop").done, 1);
}

static void gate__opens_at_the_cut_off_of_a_carrier_that_closes_by_itself(void **state)
{
    struct bed *b = *state;
    restart_with(b, true, 18 * 60 + 30);
    bed_save(b, "O1", "shop");
    set_carrier(b);
    bed_pass(b, 6 * HOUR + INT64_C(29) * 60000);
    assert_int_equal(bed_figures(b, "shop").done, 0);
    bed_pass(b, INT64_C(3) * 60000);
    assert_int_equal(bed_figures(b, "shop").done, 1);
    assert_int_equal(bed_exception(b, "manifest.not_closed").id, 0);
    bed_save(b, "O2", "shop");
    set_carrier(b);
    bed_pass(b, 23 * HOUR);
    assert_int_equal(bed_figures(b, "shop").done, 1);
    bed_pass(b, 2 * HOUR);
    assert_int_equal(bed_figures(b, "shop").done, 2);
}

static void gate__an_untrusted_clock_opens_nothing(void **state)
{
    struct bed *b = *state;
    restart_with(b, true, 13 * 60);
    hal_sim_set_wall(b->hal, NOON - INT64_C(400) * 24 * HOUR, false);
    bed_save(b, "O1", "shop");
    set_carrier(b);
    bed_pass(b, 30 * HOUR);
    assert_int_equal(bed_figures(b, "shop").done, 0);
    hal_sim_set_wall(b->hal, NOON, true);
    bed_pass(b, 2 * HOUR);
    assert_int_equal(bed_figures(b, "shop").done, 0);
    close_list(b);
    bed_pass(b, 1000);
    assert_int_equal(bed_figures(b, "shop").done, 1);
}

static void gate__an_overdue_list_is_an_exception_until_it_is_closed(void **state)
{
    struct bed *b = *state;
    restart_with(b, false, 13 * 60);
    for (int i = 0; i < 2 * OUTBOX_GATES_BATCH; i++) {
        char order[8];
        (void)snprintf(order, sizeof order, "O%d", i);
        bed_save(b, order, "shop");
    }
    set_carrier(b);
    bed_pass(b, HOUR - 60000);
    assert_int_equal(bed_exception(b, "manifest.not_closed").id, 0);
    bed_pass(b, INT64_C(3) * 60000);
    struct exception_row x = bed_exception(b, "manifest.not_closed");
    assert_string_equal(x.object, "carrier DPD");
    assert_string_equal(x.owner, "lead");
    bed_pass(b, HOUR);
    assert_int_equal(bed_exception(b, "manifest.not_closed").times, 1);
    close_list(b);
    bed_pass(b, 10000);
    assert_int_equal(bed_figures(b, "shop").done, 2 * OUTBOX_GATES_BATCH);
    assert_int_equal(bed_exception(b, "manifest.not_closed").id, 0);
}

static void gate__a_close_is_kept_across_a_crash(void **state)
{
    struct bed *b = *state;
    bed_save(b, "O1", "shop");
    set_carrier(b);
    close_list(b);
    bed_crash(b, true);
    bed_pass(b, 1000);
    assert_int_equal(bed_figures(b, "shop").done, 1);
}

static void gate__a_changed_configuration_keeps_what_waits(void **state)
{
    struct bed *b = *state;
    bed_save(b, "O1", "shop");
    set_carrier(b);
    b->shop.gate = GATE_AT_DISPATCH;
    bed_crash(b, false);
    bed_pass(b, HOUR);
    assert_int_equal(bed_figures(b, "shop").done, 0);
    bed_save(b, "O2", "shop");
    bed_pass(b, 1000);
    assert_int_equal(bed_figures(b, "shop").done, 1);
    close_list(b);
    bed_pass(b, 1000);
    assert_int_equal(bed_figures(b, "shop").done, 2);
}

static void gate__a_recalled_dispatch_is_never_told(void **state)
{
    struct bed *b = *state;
    b->automatic = false;
    int64_t id = bed_save(b, "O1", "shop");
    set_carrier(b);
    assert_int_equal(outbox_recall(b->ob, id, "Lea", "wrong box"), ERR_OK);
    close_list(b);
    bed_pass(b, HOUR);
    assert_int_equal(b->count, 0);
}

static int64_t iso(const char *text)
{
    int64_t ms = 0;
    assert_int_equal(clock_parse(slice_text(text), &ms), ERR_OK);
    return ms;
}

static void clock__knows_the_last_cut_off_in_summer_and_winter(void **state)
{
    (void)state;
    static const struct {
        const char *now;
        int32_t offset;
        bool summer;
        const char *expected; /* of 18:30 */
    } cases[] = {
        {"2026-01-10T18:30:00Z", 0, true, "2026-01-10T18:30:00Z"},
        {"2026-01-10T18:29:59Z", 0, true, "2026-01-09T18:30:00Z"},
        {"2026-07-10T17:30:00Z", 0, true, "2026-07-10T17:30:00Z"},
        {"2026-07-10T17:29:59Z", 0, true, "2026-07-09T17:30:00Z"},
        {"2026-07-10T17:29:59Z", 0, false, "2026-07-09T18:30:00Z"},
        {"2026-03-29T02:00:00Z", 0, true, "2026-03-28T18:30:00Z"},
        {"2026-03-29T18:00:00Z", 0, true, "2026-03-29T17:30:00Z"},
        {"2026-10-25T12:00:00Z", 0, true, "2026-10-24T17:30:00Z"},
        {"2026-10-25T18:30:00Z", 0, true, "2026-10-25T18:30:00Z"},
        {"2026-07-10T16:30:00Z", 60, true, "2026-07-10T16:30:00Z"},
        {"2026-01-10T23:30:00Z", -300, false, "2026-01-10T23:30:00Z"},
        {"1969-12-31T12:00:00Z", 0, false, "1969-12-30T18:30:00Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct clock_zone zone = {cases[i].offset, cases[i].summer};
        assert_int_equal(clock_last_at(iso(cases[i].now), &zone, 18 * 60 + 30),
                         iso(cases[i].expected));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(gate__holds_the_storefront_until_the_lead_closes_the_list),
        TEST(gate__the_close_does_not_cover_what_is_saved_after_it),
        TEST(gate__clarus_comes_first_though_the_list_is_closed),
        TEST(gate__needs_tracking_as_well),
        TEST(gate__opens_at_the_cut_off_of_a_carrier_that_closes_by_itself),
        TEST(gate__an_untrusted_clock_opens_nothing),
        TEST(gate__an_overdue_list_is_an_exception_until_it_is_closed),
        TEST(gate__a_close_is_kept_across_a_crash),
        TEST(gate__a_changed_configuration_keeps_what_waits),
        TEST(gate__a_recalled_dispatch_is_never_told),
        cmocka_unit_test(clock__knows_the_last_cut_off_in_summer_and_winter),
    };
    return cmocka_run_group_tests_name("outbox gate", tests, NULL, NULL);
}
