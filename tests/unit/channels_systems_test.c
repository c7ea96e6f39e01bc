/* Every system that comes with the station, by its definition and a small stand-in: the same things
 * must hold for all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/channels_bed.h"

#define HOUR         INT64_C(3600000)
#define REQUESTS_MAX 40

static const struct mini_dialect *const dialects[] = {
    &mini_commercetools, &mini_orocommerce,    &mini_vendure, &mini_tryton, &mini_medusa,
    &mini_woocommerce,   &mini_adobe_commerce, &mini_shopify, &mini_webhook};
#define DIALECTS (sizeof dialects / sizeof dialects[0])

static struct channels_bed *bed(const struct mini_dialect *d)
{
    struct channels_bed *b = cbed_new_mini(d);
    cbed_mini_order(b, 3, 1);
    return b;
}

static void save_all(struct channels_bed *b)
{
    cbed_pack(b, 1, "TRK 0001", 0, 3);
    cbed_pack(b, 1, "TRK 0001", 1, 1);
    cbed_save(b);
}

static void expect_clean(struct channels_bed *b)
{
    if (b->mini->violation[0] != '\0') fail_msg("%s", b->mini->violation);
}

/* Which case of a table is at work, for messages. */
static void say(const char *what, const struct mini_dialect *d, unsigned at)
{
    print_message("%s: %s %u\n", d->definition, what, at);
}

static void expect_done(struct channels_bed *b, const char *what, unsigned at)
{
    if (cbed_state(b) != MESSAGE_DONE || b->mini->violation[0] != '\0') {
        say(what, b->mini->dialect, at);
        (void)cbed_exception(b, "");
    }
    expect_clean(b);
    assert_int_equal(cbed_state(b), MESSAGE_DONE);
}

static void expect_all_once(struct channels_bed *b, const char *what, unsigned at)
{
    const struct mini_shop *s = b->mini;
    expect_done(b, what, at);
    if (s->record_count != 1) say(what, s->dialect, at);
    assert_int_equal(s->record_count, 1);
    assert_string_equal(s->records[0].tracking, "TRK0001");
    if (s->dialect->no_quantities) return;
    assert_int_equal(mini_shipped(s, 0), 3);
    assert_int_equal(mini_shipped(s, 1), 1);
}

/* ------------------------------------------------------------------------------------ the good way
 */

static void every_system__learns_a_whole_order_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < DIALECTS; i++) {
        struct channels_bed *b = bed(dialects[i]);
        save_all(b);
        cbed_pass(b, HOUR);
        expect_all_once(b, "whole order", 0);
        unsigned writes = b->mini->writes;
        cbed_restart(b);
        cbed_pass(b, HOUR);
        assert_int_equal(b->mini->writes, writes);
        cbed_free(b);
    }
}

static const char *const complete_words[] = {"Shipped", "shipped", "complete"};

static bool is_complete(const struct mini_shop *s)
{
    for (size_t i = 0; i < sizeof complete_words / sizeof complete_words[0]; i++) {
        if (strcmp(s->status, complete_words[i]) == 0) return true;
    }
    return false;
}

static void every_system__learns_a_part_then_the_rest(void **state)
{
    (void)state;
    for (size_t i = 0; i < DIALECTS; i++) {
        struct channels_bed *b = bed(dialects[i]);
        cbed_pack(b, 1, "TRK0001", 0, 2);
        cbed_save(b);
        cbed_pass(b, HOUR);
        expect_done(b, "part", 0);
        assert_int_equal(b->mini->record_count, dialects[i]->remainder ? 2 : 1);
        if (is_complete(b->mini)) fail_msg("%s: complete too early", dialects[i]->definition);
        cbed_pack(b, 2, "TRK0002", 0, 1);
        cbed_pack(b, 2, "TRK0002", 1, 1);
        cbed_save(b);
        cbed_pass(b, HOUR);
        expect_done(b, "rest", 0);
        assert_int_equal(b->mini->record_count, 2);
        if (!is_complete(b->mini)) fail_msg("%s: %s", dialects[i]->definition, b->mini->status);
        cbed_free(b);
    }
}

static void every_system__learns_each_parcel(void **state)
{
    (void)state;
    for (size_t i = 0; i < DIALECTS; i++) {
        struct channels_bed *b = bed(dialects[i]);
        cbed_pack(b, 1, "TRK0001", 0, 2);
        cbed_pack(b, 2, "TRK0002", 0, 1);
        cbed_pack(b, 2, "TRK0002", 1, 1);
        cbed_save(b);
        cbed_pass(b, HOUR);
        expect_done(b, "parcels", 0);
        assert_int_equal(b->mini->record_count, dialects[i]->one_record ? 1 : 2);
        if (!dialects[i]->no_quantities) assert_int_equal(mini_shipped(b->mini, 0), 3);
        if (!is_complete(b->mini)) fail_msg("%s: %s", dialects[i]->definition, b->mini->status);
        cbed_free(b);
    }
}

/* ------------------------------------------------------------------------------------ what breaks
 */

static unsigned requests_needed(const struct mini_dialect *d)
{
    struct channels_bed *b = bed(d);
    save_all(b);
    cbed_pass(b, HOUR);
    unsigned count = b->requests;
    cbed_free(b);
    assert_true(count > 0 && count < REQUESTS_MAX);
    return count;
}

static void every_system__learns_it_once_whatever_breaks_at_any_request(void **state)
{
    (void)state;
    for (size_t i = 0; i < DIALECTS; i++) {
        unsigned count = requests_needed(dialects[i]);
        for (unsigned at = 1; at <= count; at++) {
            for (int how = 0; how < BREAK_COUNT; how++) {
                if (how == BREAK_401 && !dialects[i]->has_login) continue;
                struct channels_bed *b = bed(dialects[i]);
                b->break_at = at;
                b->break_how = (enum cbed_break)how;
                save_all(b);
                cbed_pass(b, 6 * HOUR);
                expect_all_once(b, "break", (unsigned)how * 100 + at);
                cbed_free(b);
            }
        }
    }
}

static void every_system__learns_two_parcels_once_whatever_breaks(void **state)
{
    static const enum cbed_break hows[] = {BREAK_LOST_BEFORE, BREAK_LOST_AFTER, BREAK_500_AFTER};
    (void)state;
    for (size_t i = 0; i < DIALECTS; i++) {
        for (unsigned at = 1; at <= requests_needed(dialects[i]) + 2; at++) {
            for (size_t how = 0; how < 3; how++) {
                struct channels_bed *b = bed(dialects[i]);
                b->break_at = at;
                b->break_how = hows[how];
                cbed_pack(b, 1, "TRK0001", 0, 2);
                cbed_pack(b, 2, "TRK0002", 0, 1);
                cbed_pack(b, 2, "TRK0002", 1, 1);
                cbed_save(b);
                cbed_pass(b, 6 * HOUR);
                expect_done(b, "two parcels", (unsigned)how * 100 + at);
                assert_int_equal(b->mini->record_count, dialects[i]->one_record ? 1 : 2);
                if (!dialects[i]->no_quantities) assert_int_equal(mini_shipped(b->mini, 0), 3);
                cbed_free(b);
            }
        }
    }
}

/* Restarts when the n-th request is under way. */
static bool restart_now(struct channels_bed *b, const char *method, const char *path,
                        struct hal_sim_reply *reply)
{
    (void)method;
    (void)path;
    (void)reply;
    if (b->requests == b->break_at) b->test = b;
    return false;
}

static void every_system__goes_on_after_a_restart_at_any_request(void **state)
{
    (void)state;
    for (size_t i = 0; i < DIALECTS; i++) {
        unsigned count = requests_needed(dialects[i]);
        for (unsigned at = 1; at <= count; at++) {
            struct channels_bed *b = bed(dialects[i]);
            b->break_at = at;
            b->break_how = BREAK_LOST_AFTER;
            b->intercept = restart_now;
            save_all(b);
            for (int n = 0; n < 2000 && b->test == NULL; n++) {
                cbed_pass(b, 10);
            }
            assert_non_null(b->test);
            cbed_restart(b);
            cbed_pass(b, 6 * HOUR);
            expect_all_once(b, "restart", at);
            cbed_free(b);
        }
    }
}

static void every_login__is_renewed_once_then_everything_waits(void **state)
{
    (void)state;
    for (size_t i = 0; i < DIALECTS; i++) {
        if (!dialects[i]->has_login) continue;
        struct channels_bed *b = bed(dialects[i]);
        b->break_at = 2;
        b->break_how = BREAK_401;
        save_all(b);
        cbed_pass(b, HOUR);
        expect_all_once(b, "renewed", 0);
        assert_int_equal(b->mini->logins, 2);
        cbed_free(b);
    }
}

static void every_system__waits_while_its_secret_is_wrong(void **state)
{
    static const char *const secrets[] = {"client_id: other\nclient_secret: no", "wrong", "a\nb"};
    (void)state;
    for (size_t i = 0; i < DIALECTS; i++) {
        for (size_t k = 0; k < sizeof secrets / sizeof secrets[0]; k++) {
            struct channels_bed *b = bed(dialects[i]);
            hal_sim_set_secret(b->hal, "shop-token", secrets[k]);
            save_all(b);
            cbed_pass(b, HOUR);
            assert_int_equal(cbed_state(b), MESSAGE_WAITING);
            assert_int_equal(b->mini->writes, 0);
            assert_int_not_equal(cbed_exception(b, "destination.credentials").id, 0);
            hal_sim_set_secret(b->hal, "shop-token", dialects[i]->secret);
            cbed_restart(b);
            cbed_pass(b, 6 * HOUR);
            expect_all_once(b, "secret", (unsigned)k);
            cbed_free(b);
        }
    }
}

/* --------------------------------------------------------------------------------- what must stop
 */

static void every_shop__stops_what_was_cancelled_before(void **state)
{
    (void)state;
    for (size_t i = 0; i < DIALECTS; i++) {
        if (dialects[i]->blind) continue;
        struct channels_bed *b = bed(dialects[i]);
        b->mini->state = MINI_CANCELLED;
        save_all(b);
        cbed_pass(b, HOUR);
        expect_clean(b);
        assert_int_equal(b->mini->writes, 0);
        assert_int_equal(cbed_state(b), MESSAGE_FROZEN);
        cbed_free(b);
    }
}

static void every_shop__parks_what_is_on_hold(void **state)
{
    (void)state;
    for (size_t i = 0; i < DIALECTS; i++) {
        if (dialects[i]->blind) continue;
        struct channels_bed *b = bed(dialects[i]);
        b->mini->state = MINI_HOLD;
        save_all(b);
        cbed_pass(b, HOUR);
        assert_int_equal(b->mini->writes, 0);
        assert_int_equal(cbed_state(b), MESSAGE_PARKED);
        const char *rule = dialects[i]->hold_rule;
        assert_int_not_equal(cbed_exception(b, rule == NULL ? "order.unpaid" : rule).id, 0);
        cbed_free(b);
    }
}

static void every_shop__waits_for_an_order_that_is_not_there_yet(void **state)
{
    (void)state;
    for (size_t i = 0; i < DIALECTS; i++) {
        if (dialects[i]->blind) continue;
        struct channels_bed *b = bed(dialects[i]);
        b->mini->unknown = true;
        save_all(b);
        cbed_pass(b, HOUR / 2);
        assert_int_equal(cbed_state(b), MESSAGE_WAITING);
        b->mini->unknown = false;
        cbed_pass(b, 2 * HOUR);
        expect_all_once(b, "not yet", 0);
        cbed_free(b);
    }
}

static void every_shop_with_quantities__refuses_an_over_shipment(void **state)
{
    (void)state;
    for (size_t i = 0; i < DIALECTS; i++) {
        if (dialects[i]->blind || dialects[i]->no_quantities) continue;
        struct channels_bed *b = bed(dialects[i]);
        struct mini_record *r = mini_record_add(b->mini);
        *r = (struct mini_record){
            .key = "by-hand", .tracking = "SOMEBODY", .units = {2, 0}, .stage = 9, .foreign = true};
        save_all(b);
        cbed_pass(b, HOUR);
        assert_int_equal(b->mini->writes, 0);
        assert_int_equal(cbed_state(b), MESSAGE_PARKED);
        assert_int_not_equal(cbed_exception(b, "channel.over_shipment").id, 0);
        cbed_free(b);
    }
}

static void every_shop__parks_a_line_it_does_not_have(void **state)
{
    (void)state;
    for (size_t i = 0; i < DIALECTS; i++) {
        if (dialects[i]->blind) continue;
        struct channels_bed *b = bed(dialects[i]);
        snprintf(b->mini->skus[1], sizeof b->mini->skus[1], "SCARF");
        save_all(b);
        cbed_pass(b, HOUR);
        assert_int_equal(b->mini->writes, 0);
        assert_int_equal(cbed_state(b), MESSAGE_PARKED);
        struct exception_row x = cbed_exception(b, "channel.line_unknown");
        assert_string_equal(x.owner, "product-data");
        cbed_free(b);
    }
}

static void every_shop__parks_another_order_than_it_asked_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < DIALECTS; i++) {
        if (dialects[i]->blind || dialects[i]->searches) continue;
        struct channels_bed *b = bed(dialects[i]);
        snprintf(b->mini->number, sizeof b->mini->number, "502");
        save_all(b);
        cbed_pass(b, HOUR);
        assert_int_equal(b->mini->writes, 0);
        assert_int_equal(cbed_state(b), MESSAGE_PARKED);
        struct exception_row x = cbed_exception(b, "channel.wrong_order");
        assert_string_equal(x.owner, "integration");
        cbed_free(b);
    }
}

/* ------------------------------------------------------------------------------ inventory systems
 */

static void inventory_system__learns_it_before_the_shop(void **state)
{
    (void)state;
    struct channels_bed *b = cbed_new_two(&mini_commercetools, &mini_tryton);
    cbed_mini_order(b, 3, 1);
    b->stock->state = MINI_HOLD;
    save_all(b);
    cbed_pass(b, HOUR);
    assert_int_equal(b->mini->writes, 0);
    assert_int_equal(cbed_state(b), MESSAGE_HELD);
    struct exception_row x = cbed_exception(b, "order.hold");
    assert_int_not_equal(x.id, 0);
    b->stock->state = MINI_OPEN;
    assert_int_equal(exception_do(b->ob, x.id, EXCEPTION_RETRY, "lead", ""), ERR_OK);
    cbed_pass(b, HOUR);
    expect_all_once(b, "after stock", 0);
    assert_string_equal(b->stock->status, "complete");
    assert_string_equal(b->stock->violation, "");
    cbed_free(b);
}

/* Somebody shipped a part by hand over there: too little is left. */
static void inventory_system__notices_a_part_shipped_by_hand(void **state)
{
    (void)state;
    struct channels_bed *b = cbed_new_two(&mini_commercetools, &mini_tryton);
    cbed_mini_order(b, 3, 1);
    struct mini_record *r = mini_record_add(b->stock);
    *r = (struct mini_record){.key = "by-hand", .units = {1, 0}, .stage = 9, .foreign = true};
    save_all(b);
    cbed_pass(b, HOUR);
    assert_int_equal(b->stock->writes, 0);
    assert_int_equal(b->mini->writes, 0);
    assert_int_not_equal(cbed_exception(b, "channel.over_shipment").id, 0);
    cbed_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_system__learns_a_whole_order_once),
        cmocka_unit_test(every_system__learns_a_part_then_the_rest),
        cmocka_unit_test(every_system__learns_each_parcel),
        cmocka_unit_test(every_system__learns_it_once_whatever_breaks_at_any_request),
        cmocka_unit_test(every_system__learns_two_parcels_once_whatever_breaks),
        cmocka_unit_test(every_system__goes_on_after_a_restart_at_any_request),
        cmocka_unit_test(every_login__is_renewed_once_then_everything_waits),
        cmocka_unit_test(every_system__waits_while_its_secret_is_wrong),
        cmocka_unit_test(every_shop__stops_what_was_cancelled_before),
        cmocka_unit_test(every_shop__parks_what_is_on_hold),
        cmocka_unit_test(every_shop__waits_for_an_order_that_is_not_there_yet),
        cmocka_unit_test(every_shop_with_quantities__refuses_an_over_shipment),
        cmocka_unit_test(every_shop__parks_a_line_it_does_not_have),
        cmocka_unit_test(every_shop__parks_another_order_than_it_asked_for),
        cmocka_unit_test(inventory_system__learns_it_before_the_shop),
        cmocka_unit_test(inventory_system__notices_a_part_shipped_by_hand),
    };
    return cmocka_run_group_tests_name("channels systems", tests, NULL, NULL);
}
