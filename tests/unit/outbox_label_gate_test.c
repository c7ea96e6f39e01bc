/* A storefront that need not wait for Clarus: told when the labels are bought and scanned back, as
 * long as the state check stands; never what was pulled or recalled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/outbox_bed.h"

#define EARLY_MS 600000

static int set_up(void **state)
{
    struct bed *b = bed_new();
    *state = b;
    b->shop.gate = GATE_AT_LABEL;
    b->shop.early_ms = EARLY_MS;
    bed_crash(b, false);
    return 0;
}

static int tear_down(void **state)
{
    bed_free(*state);
    return 0;
}

static int64_t sent_to(struct bed *b, const char *destination)
{
    for (size_t i = 0; i < b->count; i++) {
        if (strcmp(b->attempts[i].destination, destination) == 0) return b->attempts[i].id;
    }
    return 0;
}

static void at_label__the_shop_does_not_wait_for_clarus(void **state)
{
    struct bed *b = *state;
    bed_save(b, "O1", "shop");
    bed_tick(b);
    assert_true(sent_to(b, CLARUS) && sent_to(b, "shop"));
    bed_end(b, sent_to(b, "shop"), ATTEMPT_DONE);
    assert_int_equal(bed_int(b, "SELECT settled_at FROM dispatch"), 0);
    bed_end(b, sent_to(b, CLARUS), ATTEMPT_DONE);
    assert_int_equal(bed_int(b, "SELECT state FROM dispatch"), DISPATCH_DISPATCHED);
    assert_true(bed_int(b, "SELECT settled_at FROM dispatch") > 0);
}

static void at_label__a_check_grown_old_makes_it_wait_for_clarus(void **state)
{
    struct bed *b = *state;
    const struct attempt_result busy = {.outcome = ATTEMPT_RETRY, .wait_ms = EARLY_MS + 1000};
    bed_save(b, "O1", "shop");
    bed_tick(b);
    bed_end_with(b, sent_to(b, "shop"), &busy);
    b->count = 0;
    bed_pass(b, EARLY_MS + 400000);
    assert_int_equal(sent_to(b, "shop"), 0);
    assert_int_equal(
        bed_int(b, "SELECT state FROM message WHERE destination = 'shop' AND dispatch_id = 1"),
        MESSAGE_HELD);
    bed_end(b, bed_int(b, "SELECT id FROM message WHERE destination = 'clarus'"), ATTEMPT_DONE);
    bed_pass(b, 5000);
    assert_int_not_equal(sent_to(b, "shop"), 0);
}

static void at_label__what_is_pulled_first_is_never_told(void **state)
{
    struct bed *b = *state;
    int64_t id = bed_save(b, "O1", "shop");
    assert_int_equal(outbox_pull(b->ob, id, "order.cancelled", "Cancelled."), ERR_OK);
    bed_pass(b, 60000);
    assert_int_equal(sent_to(b, "shop"), 0);
    assert_int_equal(bed_exception(b, "pull.shop_told").id, 0);
}

static void at_label__what_is_recalled_first_is_never_told(void **state)
{
    struct bed *b = *state;
    int64_t id = bed_save(b, "O1", "shop");
    assert_int_equal(outbox_recall(b->ob, id, "P1", "wrong box"), ERR_OK);
    bed_pass(b, 60000);
    assert_int_equal(b->count, 0);
}

static void at_label__a_refusal_after_the_shop_was_told_goes_to_e_commerce(void **state)
{
    struct bed *b = *state;
    int64_t id = bed_save(b, "O1", "shop");
    bed_tick(b);
    bed_end(b, sent_to(b, "shop"), ATTEMPT_DONE);
    bed_end(b, sent_to(b, CLARUS), ATTEMPT_REFUSED);
    struct exception_row told = bed_exception(b, "pull.shop_told");
    assert_string_equal(told.owner, "e-commerce");
    assert_int_equal(outbox_recall(b->ob, id, "P1", "late"), ERR_BUSY);
    assert_int_equal(outbox_pull_end(b->ob, id, PULL_END_PULLED, "Lea", "back"), ERR_OK);
    assert_int_equal(bed_exception(b, "pull.shop_told").id, told.id);
    assert_int_equal(exception_do(b->ob, told.id, EXCEPTION_RESOLVE, "Ann", "customer knows"),
                     ERR_OK);
    assert_int_equal(bed_exception(b, "pull.shop_told").id, 0);
}

static void at_label__orders_stay_in_order_and_crashes_look_first(void **state)
{
    struct bed *b = *state;
    bed_save(b, "O1", "shop");
    bed_save(b, "O1", "shop");
    bed_tick(b);
    assert_int_equal(b->count, 2); /* one for each destination */
    int64_t first = sent_to(b, "shop");
    bed_crash(b, true);
    b->count = 0;
    bed_tick(b);
    assert_int_equal(sent_to(b, "shop"), first);
    for (size_t i = 0; i < b->count; i++)
        assert_true(b->attempts[i].look_first);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(at_label__the_shop_does_not_wait_for_clarus),
        CASE(at_label__a_check_grown_old_makes_it_wait_for_clarus),
        CASE(at_label__what_is_pulled_first_is_never_told),
        CASE(at_label__what_is_recalled_first_is_never_told),
        CASE(at_label__a_refusal_after_the_shop_was_told_goes_to_e_commerce),
        CASE(at_label__orders_stay_in_order_and_crashes_look_first),
    };
    return cmocka_run_group_tests_name("outbox label gate", tests, NULL, NULL);
}
