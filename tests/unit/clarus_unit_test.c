/* A logistic unit, as Clarus knows it: whether it has left, and what an order takes from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/clarus_bed.h"

#define PALLET "106141412345678908"

static const struct clarus_bed_options documented_only = {
    .peers = {.inferred_off = PEER_INFER_ALL}};

static bool heard(struct clarus_bed *b)
{
    return b->unit_count > 0;
}

static void ask(struct clarus_bed *b, int64_t order, const char *code, err_t expected)
{
    b->unit_count = 0;
    clarus_unit(b->clarus, 1, order, slice_text(code));
    clarus_bed_until(b, heard, "unit");
    assert_int_equal(b->unit_error, expected);
}

static int64_t quantity_of(const struct clarus_bed *b, int64_t product)
{
    for (size_t i = 0; i < b->unit.count && i < UNIT_ITEMS_MAX; i++)
        if (b->unit.items[i].product_id == product) return b->unit.items[i].quantity.milli;
    return 0;
}

/* An order that was picked onto a pallet, read as the bench reads it when it opens. */
static int64_t order_on(struct clarus_bed *b, const char *reference, const char *unit)
{
    const struct peer_order_spec o = {
        .reference = reference,
        .tote = unit,
        .lines = {{.sku = "A", .quantity = 6}, {.sku = "B", .quantity = 2}},
        .line_count = 2};
    assert_int_equal(peers_order_place(b->peers, clarus_bed_now(b), &o), ERR_OK);
    int64_t id = clarus_bed_order(b, reference);
    assert_int_equal(clarus_bed_check(b, id, CHECK_OPEN)->kind, VERDICT_GO);
    return id;
}

static void tell(const struct clarus_bed_options *options, const char *reference)
{
    struct clarus_bed *b = clarus_bed_new(options);
    int64_t order = order_on(b, "WEB-77", reference);
    int64_t other = clarus_bed_order(b, "WEB-1");
    ask(b, order, PALLET, ERR_OK);
    assert_false(b->unit.dispatched || b->unit.of_others);
    assert_int_equal(b->unit.count, 2);
    assert_int_equal(quantity_of(b, clarus_bed_int(b, "SELECT id FROM product WHERE code = 'A'")),
                     6000);
    assert_int_equal(quantity_of(b, clarus_bed_int(b, "SELECT id FROM product WHERE code = 'B'")),
                     2000);
    ask(b, other, PALLET, ERR_OK);
    assert_true(b->unit.of_others);
    assert_int_equal(b->unit.count, 0);
    clarus_bed_free(b);
}

static void unit__holds_what_the_orders_tasks_take_from_it(void **state)
{
    (void)state;
    tell(NULL, PALLET);
    tell(NULL, "00" PALLET);
    tell(&documented_only, PALLET);
}

static void unit__unknown_is_told_from_no_answer(void **state)
{
    (void)state;
    struct clarus_bed *b = clarus_bed_new(NULL);
    int64_t order = clarus_bed_order(b, "WEB-1");
    ask(b, order, PALLET, ERR_NOTFOUND);
    b->offline = true;
    ask(b, order, PALLET, ERR_GONE);
    clarus_bed_free(b);
}

static bool settled(struct clarus_bed *b)
{
    return clarus_bed_int(b, "SELECT count(*) FROM message WHERE state IN (0, 1, 2)") == 0;
}

static void unit__has_left_when_it_was_dispatched(void **state)
{
    (void)state;
    struct clarus_bed *b = clarus_bed_new(NULL);
    int64_t order = order_on(b, "WEB-77", PALLET);
    int64_t shipment = clarus_bed_shipment(b, order, 1);
    clarus_bed_buy(b, shipment);
    clarus_bed_save(b, order, shipment);
    clarus_bed_until(b, settled, "dispatch settled");
    ask(b, order, PALLET, ERR_OK);
    assert_true(b->unit.dispatched);
    ask(b, clarus_bed_order(b, "WEB-1"), PALLET, ERR_OK);
    assert_true(b->unit.dispatched);
    clarus_bed_free(b);
}

static void unit__is_asked_about_until_an_answer_can_be_read(void **state)
{
    (void)state;
    static const enum peer_fault_kind kinds[] = {PEER_FAULT_DROP, PEER_FAULT_HTML,
                                                 PEER_FAULT_TRUNCATE, PEER_FAULT_GARBAGE,
                                                 PEER_FAULT_RATE_LIMIT};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct clarus_bed *b = clarus_bed_new(NULL);
        int64_t order = order_on(b, "WEB-77", PALLET);
        clarus_bed_fault(b, kinds[i], "POST", "storage_units {");
        b->unit_count = 0;
        clarus_unit(b->clarus, 1, order, SLICE(PALLET));
        clarus_bed_until(b, heard, "unit");
        assert_true(b->unit_error == ERR_OK || b->unit_error == ERR_GONE);
        if (b->unit_error == ERR_OK) assert_int_equal(b->unit.count, 2);
        clarus_bed_free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unit__holds_what_the_orders_tasks_take_from_it),
        cmocka_unit_test(unit__unknown_is_told_from_no_answer),
        cmocka_unit_test(unit__has_left_when_it_was_dispatched),
        cmocka_unit_test(unit__is_asked_about_until_an_answer_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
