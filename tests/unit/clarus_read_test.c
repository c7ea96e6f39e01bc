/* Sign-on, work list, finding and state checks of the Clarus client. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/clarus_bed.h"

static const struct clarus_bed_options documented_only = {
    .peers = {.inferred_off = PEER_INFER_ALL}};

static void signon__reads_packaging_and_the_work_list(void **state)
{
    (void)state;
    struct clarus_bed *b = clarus_bed_new(NULL);
    int64_t id = clarus_bed_order(b, "WEB-1");
    struct consignment c;
    assert_int_equal(catalogue_consignment(b->st, id, &c), ERR_OK);
    assert_string_equal(c.clarus_status, "PICK");
    assert_int_equal(c.state, CONSIGNMENT_READY);
    struct packaging box;
    assert_int_equal(catalogue_packaging(b->st, SLICE("BOX-L"), &box), ERR_OK);
    assert_int_equal(box.length_mm, 600);
    assert_int_equal(catalogue_packaging(b->st, SLICE("BOX-M"), &box), ERR_OK);
    assert_int_equal(box.length_mm, 400);
    struct line lines[4];
    size_t n = 0;
    assert_int_equal(catalogue_lines(b->st, id, lines, 4, &n), ERR_OK);
    assert_int_equal(n, 2);
    assert_string_equal(lines[0].sku, "A");
    assert_int_equal(lines[0].ordered.milli, 2000);
    assert_true(lines[0].product_id != 0);
    int64_t found = 0;
    assert_int_equal(catalogue_find(b->st, SLICE("T-1"), &found), ERR_OK);
    assert_int_equal(found, id);
    struct clarus_figures f;
    clarus_figures(b->clarus, &f);
    assert_true(f.reachable && f.signed_on);
    assert_int_equal(f.orders, 2);
    clarus_bed_sound(b);
    clarus_bed_free(b);
}

static void signon__works_with_documented_fields_only(void **state)
{
    (void)state;
    struct clarus_bed *b = clarus_bed_new(&documented_only);
    int64_t id = clarus_bed_order(b, "WEB-1");
    assert_int_equal(clarus_bed_int(b, "SELECT count(*) FROM consignment WHERE state = 1"), 2);
    struct product_hit hit;
    assert_int_equal(catalogue_product(b->st, SLICE("5012345000015"), &hit), ERR_OK);
    assert_int_equal(catalogue_product(b->st, SLICE("15012345000012"), &hit), ERR_NOTFOUND);
    assert_int_equal(clarus_bed_check(b, id, CHECK_OPEN)->kind, VERDICT_GO);
    clarus_bed_sound(b);
    clarus_bed_free(b);
}

static bool product_heard(struct clarus_bed *b)
{
    return b->product_count > 0;
}

static void product__learns_the_level_of_a_code_by_asking(void **state)
{
    (void)state;
    struct clarus_bed *b = clarus_bed_new(&documented_only);
    int64_t id = clarus_bed_order(b, "WEB-1");
    clarus_product(b->clarus, 1, SLICE("15012345000012"));
    clarus_bed_until(b, product_heard, "product");
    assert_int_equal(b->product_error, ERR_OK);
    struct product_hit hit;
    assert_int_equal(catalogue_product(b->st, SLICE("15012345000012"), &hit), ERR_OK);
    assert_string_equal(hit.level, "case");
    assert_int_equal(hit.factor.milli, 6000);
    clarus_bed_sql(b, "UPDATE product SET seen_at = 0");
    assert_int_equal(clarus_bed_check(b, id, CHECK_OPEN)->kind, VERDICT_GO);
    assert_int_equal(catalogue_product(b->st, SLICE("15012345000012"), &hit), ERR_OK);
    b->product_count = 0;
    clarus_product(b->clarus, 2, SLICE("4006381333931"));
    clarus_bed_until(b, product_heard, "product");
    assert_int_equal(b->product_error, ERR_NOTFOUND);
    clarus_bed_free(b);
}

static void token__expired_is_renewed_once_and_repeated(void **state)
{
    (void)state;
    struct clarus_bed *b = clarus_bed_new(NULL);
    int64_t id = clarus_bed_order(b, "WEB-1");
    size_t before = peers_request_count(b->peers, PEER_CLARUS, NULL, "/oauth/token");
    uint32_t fault = clarus_bed_fault(b, PEER_FAULT_EXPIRE_TOKEN, NULL, "goods_outs");
    assert_int_equal(clarus_bed_check(b, id, CHECK_OPEN)->kind, VERDICT_GO);
    assert_int_equal(peers_fault_hits(b->peers, fault), 1);
    assert_int_equal(peers_request_count(b->peers, PEER_CLARUS, NULL, "/oauth/token"), before + 1);
    clarus_bed_free(b);
}

static void token__is_renewed_before_it_ends(void **state)
{
    (void)state;
    struct clarus_bed *b =
        clarus_bed_new(&(struct clarus_bed_options){.peers = {.token_life_s = 100}});
    clarus_bed_order(b, "WEB-1");
    clarus_bed_pass(b, 300000);
    assert_true(peers_request_count(b->peers, PEER_CLARUS, NULL, "/oauth/token") >= 4);
    struct clarus_figures f;
    clarus_figures(b->clarus, &f);
    assert_true(f.signed_on);
    clarus_bed_sound(b);
    clarus_bed_free(b);
}

static void token__refused_pauses_and_is_told(void **state)
{
    (void)state;
    struct clarus_bed *b = clarus_bed_new(NULL);
    int64_t id = clarus_bed_order(b, "WEB-1");
    hal_sim_set_secret(b->hal, "clarus-secret", "wrong");
    clarus_bed_fault(b, PEER_FAULT_EXPIRE_TOKEN, NULL, "goods_outs");
    assert_int_equal(clarus_bed_check(b, id, CHECK_OPEN)->kind, VERDICT_UNKNOWN);
    struct clarus_figures f;
    clarus_figures(b->clarus, &f);
    assert_string_equal(f.trouble, "credentials refused");
    assert_int_equal(clarus_bed_int(b, "SELECT count(*) FROM exception WHERE open = 1 AND rule = "
                                       "'clarus.credentials_refused'"),
                     1);
    size_t asked = peers_request_count(b->peers, PEER_CLARUS, NULL, "/oauth/token");
    clarus_bed_pass(b, 30000);
    assert_true(peers_request_count(b->peers, PEER_CLARUS, NULL, "/oauth/token") <= asked + 1);
    hal_sim_set_secret(b->hal, "clarus-secret", "secret-1");
    clarus_bed_pass(b, 120000);
    assert_int_equal(clarus_bed_check(b, id, CHECK_OPEN)->kind, VERDICT_GO);
    clarus_figures(b->clarus, &f);
    assert_string_equal(f.trouble, "");
    clarus_bed_free(b);
}

static void worklist__reads_several_pages(void **state)
{
    (void)state;
    struct clarus_bed *b = clarus_bed_new(&(struct clarus_bed_options){.peers = {.page_max = 3}});
    for (unsigned i = 10; i < 40; i++) {
        char reference[16];
        snprintf(reference, sizeof reference, "WEB-%u", i);
        const struct peer_order_spec o = {
            .reference = reference, .lines = {{.sku = "A", .quantity = 1}}, .line_count = 1};
        assert_int_equal(peers_order_place(b->peers, clarus_bed_now(b), &o), ERR_OK);
    }
    clarus_bed_order(b, "WEB-39");
    assert_int_equal(clarus_bed_int(b, "SELECT count(*) FROM consignment WHERE state = 1"), 32);
    assert_int_equal(clarus_bed_int(b, "SELECT count(*) FROM line"), 33);
    clarus_bed_sound(b);
    clarus_bed_free(b);
}

static void worklist__half_read_takes_nothing_away(void **state)
{
    (void)state;
    struct clarus_bed *b = clarus_bed_new(NULL);
    clarus_bed_order(b, "WEB-1");
    static const enum peer_fault_kind kinds[] = {PEER_FAULT_HTML,    PEER_FAULT_TRUNCATE,
                                                 PEER_FAULT_GARBAGE, PEER_FAULT_ERROR_BEFORE,
                                                 PEER_FAULT_DROP,    PEER_FAULT_RATE_LIMIT};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        clarus_bed_fault(b, kinds[i], "POST", "goods_outs {");
        clarus_bed_pass(b, 21000);
        assert_int_equal(clarus_bed_int(b, "SELECT count(*) FROM consignment WHERE state = 1"), 2);
    }
    clarus_bed_free(b);
}

static void worklist__vanished_and_cancelled_orders_stop(void **state)
{
    (void)state;
    struct clarus_bed *b = clarus_bed_new(NULL);
    clarus_bed_order(b, "WEB-1");
    clarus_bed_change(b, PEER_CLARUS_VANISH, "WEB-1", NULL);
    clarus_bed_change(b, PEER_CLARUS_CANCEL, "WEB-2", NULL);
    clarus_bed_pass(b, 50000);
    char text[64];
    clarus_bed_texts(b, "SELECT state || hold_rule FROM consignment WHERE reference = 'WEB-1'",
                     text, sizeof text);
    assert_string_equal(text, "12order.withdrawn");
    clarus_bed_texts(b, "SELECT state || hold_rule FROM consignment WHERE reference = 'WEB-2'",
                     text, sizeof text);
    assert_string_equal(text, "12order.cancelled");
    clarus_bed_free(b);
}

static void worklist__an_order_released_and_picked_again_comes_back(void **state)
{
    (void)state;
    struct clarus_bed *b = clarus_bed_new(NULL);
    clarus_bed_order(b, "WEB-1");
    clarus_bed_change(b, PEER_CLARUS_STATUS, "WEB-1", "PENDING");
    clarus_bed_pass(b, 50000);
    assert_int_equal(clarus_bed_int(b, "SELECT state FROM consignment WHERE reference = 'WEB-1'"),
                     12);
    clarus_bed_change(b, PEER_CLARUS_STATUS, "WEB-1", "PICK");
    clarus_bed_pass(b, 50000);
    assert_int_equal(clarus_bed_int(b, "SELECT state FROM consignment WHERE reference = 'WEB-1'"),
                     1);
    clarus_bed_free(b);
}

static bool was_found(struct clarus_bed *b)
{
    return b->found_count > 0;
}

static void find(struct clarus_bed *b, const char *code, err_t expected)
{
    b->found_count = 0;
    clarus_find(b->clarus, 1, slice_text(code));
    clarus_bed_until(b, was_found, "find");
    assert_int_equal(b->found_error, expected);
    assert_int_equal(b->found_id != 0, expected == ERR_OK);
}

static void find__knows_orders_totes_and_pick_lists(void **state)
{
    (void)state;
    struct clarus_bed *b = clarus_bed_new(NULL);
    clarus_bed_order(b, "WEB-1");
    clarus_bed_sql(b, "DELETE FROM carrying");
    const struct peer_order_spec o = {.reference = "WEB-77",
                                      .tote = "T-77",
                                      .lines = {{.sku = "B", .quantity = 1}},
                                      .line_count = 1};
    assert_int_equal(peers_order_place(b->peers, clarus_bed_now(b), &o), ERR_OK);
    find(b, "T-77", ERR_OK);
    find(b, "WEB-77", ERR_OK);
    find(b, "PL-77", ERR_OK);
    find(b, "NOBODY", ERR_NOTFOUND);
    assert_int_equal(clarus_bed_int(b, "SELECT count(*) FROM line l JOIN consignment c ON c.id = "
                                       "l.consignment_id WHERE c.reference = 'WEB-77'"),
                     1);
    b->offline = true;
    find(b, "WEB-78", ERR_GONE);
    clarus_bed_free(b);
}

static void find__a_tote_by_its_tasks_without_links(void **state)
{
    (void)state;
    struct clarus_bed *b = clarus_bed_new(&documented_only);
    int64_t id = clarus_bed_order(b, "WEB-1");
    find(b, "T-1", ERR_OK);
    assert_int_equal(b->found_id, id);
    clarus_bed_free(b);
}

/* ------------------------------------------------------------------------------------- checks --
 */

struct change_case {
    enum peer_change_kind kind;
    const char *text;
    const char *sku;
    uint32_t number;
    enum check_purpose purpose;
    enum verdict_kind verdict;
    const char *rule;
};

static const struct change_case change_cases[] = {
    {PEER_CLARUS_CANCEL, NULL, NULL, 0, CHECK_SAVE, VERDICT_STOP, "order.cancelled"},
    {PEER_CLARUS_VANISH, NULL, NULL, 0, CHECK_LABEL, VERDICT_STOP, "order.withdrawn"},
    {PEER_CLARUS_RELEASE, NULL, NULL, 0, CHECK_LABEL, VERDICT_STOP, "order.released"},
    {PEER_CLARUS_STATUS, "COMPLETED", NULL, 0, CHECK_LABEL, VERDICT_SENT, "order.dispatched"},
    {PEER_CLARUS_STATUS, "PART", NULL, 0, CHECK_LABEL, VERDICT_HOLD, "order.part"},
    {PEER_CLARUS_QUANTITY, NULL, "A", 5, CHECK_LABEL, VERDICT_CHANGED, "order.changed"},
    {PEER_CLARUS_QUANTITY, NULL, "B", 0, CHECK_LABEL, VERDICT_CHANGED, "order.changed"},
    {PEER_CLARUS_NOTE, "Wrap thrice", NULL, 0, CHECK_LABEL, VERDICT_CHANGED, "order.changed"},
    {PEER_CLARUS_ADDRESS, "9 Elsewhere", NULL, 0, CHECK_SAVE, VERDICT_CHANGED, "order.changed"},
    {PEER_CLARUS_CLAIM, NULL, NULL, 13, CHECK_LABEL, VERDICT_IN_USE, "order.in_use"},
};

static void check__judges_what_changed_since_the_order_was_opened(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof change_cases / sizeof *change_cases; i++) {
        const struct change_case *t = &change_cases[i];
        struct clarus_bed *b = clarus_bed_new(NULL);
        int64_t id = clarus_bed_order(b, "WEB-1");
        assert_int_equal(clarus_bed_check(b, id, CHECK_OPEN)->kind, VERDICT_GO);
        assert_int_equal(clarus_bed_check(b, id, CHECK_LABEL)->kind, VERDICT_GO);
        clarus_bed_sql(b, "UPDATE consignment SET state = 3 WHERE reference = 'WEB-1'");
        const struct peer_change change = {.kind = t->kind,
                                           .reference = "WEB-1",
                                           .text = t->text,
                                           .sku = t->sku,
                                           .number = t->number};
        assert_int_equal(peers_order_change(b->peers, clarus_bed_now(b), &change), ERR_OK);
        const struct verdict *v = clarus_bed_check(b, id, t->purpose);
        if (v->kind != t->verdict || strcmp(v->rule, t->rule) != 0)
            fail_msg("case %zu: verdict %d %s", i, (int)v->kind, v->rule);
        clarus_bed_sound(b);
        clarus_bed_free(b);
    }
}

static void check__a_status_nobody_configured_never_goes_on(void **state)
{
    (void)state;
    struct clarus_bed *b = clarus_bed_new(NULL);
    int64_t id = clarus_bed_order(b, "WEB-1");
    memcpy(b->config.site.clarus.ready_status[0], "PACK", 5);
    assert_string_equal(clarus_bed_check(b, id, CHECK_OPEN)->rule, "order.status_unknown");
    assert_int_equal(b->verdict.kind, VERDICT_HOLD);
    clarus_bed_free(b);
}

static void check__open_verdicts(void **state)
{
    (void)state;
    struct clarus_bed *b = clarus_bed_new(NULL);
    int64_t id = clarus_bed_order(b, "WEB-1");
    assert_int_equal(clarus_bed_check(b, id, CHECK_OPEN)->kind, VERDICT_GO);
    struct consignment c;
    assert_int_equal(catalogue_consignment(b->st, id, &c), ERR_OK);
    assert_string_equal(c.packing_note, "Wrap twice");
    assert_string_equal(c.delivery_note, "Leave in the porch");
    assert_string_equal(c.notes_source, "clarus");
    assert_true(c.service_name[0] != '\0' && c.digest[0] != '\0' && c.checked_at > 0);
    clarus_bed_change(b, PEER_CLARUS_STATUS, "WEB-1", "PENDING");
    assert_int_equal(clarus_bed_check(b, id, CHECK_OPEN)->kind, VERDICT_NOT_READY);
    const struct peer_order_spec o = {.reference = "WEB-90",
                                      .method = "Click & Collect Locker",
                                      .lines = {{.sku = "B", .quantity = 1}},
                                      .line_count = 1};
    assert_int_equal(peers_order_place(b->peers, clarus_bed_now(b), &o), ERR_OK);
    find(b, "WEB-90", ERR_OK);
    assert_string_equal(clarus_bed_check(b, b->found_id, CHECK_OPEN)->rule, "ship_method.unmapped");
    clarus_bed_free(b);
}

static void check__silence_is_unknown_not_a_verdict(void **state)
{
    (void)state;
    struct clarus_bed *b = clarus_bed_new(NULL);
    int64_t id = clarus_bed_order(b, "WEB-1");
    assert_int_equal(clarus_bed_check(b, id, CHECK_OPEN)->kind, VERDICT_GO);
    const struct peer_fault slow = {.peer = PEER_CLARUS,
                                    .kind = PEER_FAULT_DELAY,
                                    .match = "goods_outs",
                                    .times = UINT32_MAX,
                                    .wait_ms = 9000};
    peers_fault_add(b->peers, &slow);
    mono_t from = hal_now(b->hal);
    assert_int_equal(clarus_bed_check(b, id, CHECK_LABEL)->kind, VERDICT_UNKNOWN);
    assert_true(hal_now(b->hal).ms - from.ms <= CHECK_WAIT_MS + 10);
    peers_fault_clear(b->peers);
    static const enum peer_fault_kind kinds[] = {PEER_FAULT_HTML, PEER_FAULT_TRUNCATE,
                                                 PEER_FAULT_GARBAGE, PEER_FAULT_ERROR_BEFORE,
                                                 PEER_FAULT_DROP};
    static const char *const roots[] = {"goods_outs {", "goods_out_lines", "tasks", "shipments"};
    for (size_t i = 0; i < 5; i++)
        for (size_t r = 0; r < 4; r++) {
            clarus_bed_fault(b, kinds[i], "POST", roots[r]);
            assert_int_equal(clarus_bed_check(b, id, CHECK_LABEL)->kind, VERDICT_GO);
        }
    b->offline = true;
    assert_int_equal(clarus_bed_check(b, id, CHECK_LABEL)->kind, VERDICT_UNKNOWN);
    clarus_bed_free(b);
}

static bool is_claimed(struct clarus_bed *b)
{
    return b->claimed_count > 0;
}

static err_t claim(struct clarus_bed *b, int64_t id, bool take_over)
{
    b->claimed_count = 0;
    clarus_claim(b->clarus, 1, id, take_over);
    clarus_bed_until(b, is_claimed, "claim");
    return b->claimed_error;
}

static void claim__takes_every_task_or_none(void **state)
{
    (void)state;
    struct clarus_bed *b = clarus_bed_new(NULL);
    int64_t id = clarus_bed_order(b, "WEB-1");
    clarus_bed_check(b, id, CHECK_OPEN);
    assert_int_equal(claim(b, id, false), ERR_OK);
    assert_int_equal(clarus_bed_int(b, "SELECT claimed FROM consignment WHERE reference = 'WEB-1'"),
                     1);
    assert_int_equal(clarus_bed_check(b, id, CHECK_LABEL)->kind, VERDICT_GO);
    clarus_release(b->clarus, id);
    clarus_bed_pass(b, 2000);
    assert_int_equal(clarus_bed_int(b, "SELECT claimed FROM consignment WHERE reference = 'WEB-1'"),
                     0);
    const struct peer_change taken = {
        .kind = PEER_CLARUS_CLAIM, .reference = "WEB-1", .number = 13};
    assert_int_equal(peers_order_change(b->peers, clarus_bed_now(b), &taken), ERR_OK);
    assert_int_equal(claim(b, id, false), ERR_REFUSED);
    assert_non_null(strstr(b->claimed_text, "Bench 2"));
    assert_int_equal(claim(b, id, true), ERR_OK);
    clarus_bed_fault(b, PEER_FAULT_LOSE_REPLY, "POST", "/enter");
    assert_int_equal(claim(b, id, false), ERR_OK);
    b->offline = true;
    assert_int_equal(claim(b, id, false), ERR_GONE);
    clarus_bed_sound(b);
    clarus_bed_free(b);
}

static void claim__gives_back_what_it_took_when_refused_half_way(void **state)
{
    (void)state;
    struct clarus_bed *b = clarus_bed_new(NULL);
    int64_t id = clarus_bed_order(b, "WEB-1");
    clarus_bed_check(b, id, CHECK_OPEN);
    const struct peer_fault second = {.peer = PEER_CLARUS,
                                      .kind = PEER_FAULT_REFUSE,
                                      .method = "POST",
                                      .match = "/enter",
                                      .skip = 1,
                                      .words = "In use"};
    peers_fault_add(b->peers, &second);
    assert_int_equal(claim(b, id, false), ERR_REFUSED);
    assert_int_equal(peers_request_count(b->peers, PEER_CLARUS, "POST", "/exit"), 1);
    clarus_bed_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signon__reads_packaging_and_the_work_list),
        cmocka_unit_test(signon__works_with_documented_fields_only),
        cmocka_unit_test(product__learns_the_level_of_a_code_by_asking),
        cmocka_unit_test(token__expired_is_renewed_once_and_repeated),
        cmocka_unit_test(token__is_renewed_before_it_ends),
        cmocka_unit_test(token__refused_pauses_and_is_told),
        cmocka_unit_test(worklist__reads_several_pages),
        cmocka_unit_test(worklist__half_read_takes_nothing_away),
        cmocka_unit_test(worklist__vanished_and_cancelled_orders_stop),
        cmocka_unit_test(worklist__an_order_released_and_picked_again_comes_back),
        cmocka_unit_test(find__knows_orders_totes_and_pick_lists),
        cmocka_unit_test(find__a_tote_by_its_tasks_without_links),
        cmocka_unit_test(check__judges_what_changed_since_the_order_was_opened),
        cmocka_unit_test(check__a_status_nobody_configured_never_goes_on),
        cmocka_unit_test(check__open_verdicts),
        cmocka_unit_test(check__silence_is_unknown_not_a_verdict),
        cmocka_unit_test(claim__takes_every_task_or_none),
        cmocka_unit_test(claim__gives_back_what_it_took_when_refused_half_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
