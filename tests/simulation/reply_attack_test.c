/* At every request of a story one reply breaks its contract, or the order is changed by somebody
 * else just then. The order ends once everywhere, or visibly with somebody who owns it, or was
 * never begun. FAULT="duplicate 17" runs one of the stories alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/forked.h"
#include "tests/support/packer.h"

#define ORDER     "WEB-10427"
#define TOTE      "TOTE-01"
#define HUGE_BODY (5u << 20)
#define DEPTH     20000

/* ---------------------------------------------------------------------------------- replies -- */

static void say(struct hal_sim_reply *r, struct slice body)
{
    buf_clear(&r->body);
    buf_put(&r->body, body);
}

static void say_nothing(struct hal_sim_reply *r)
{
    buf_clear(&r->body);
}

static void say_null(struct hal_sim_reply *r)
{
    say(r, SLICE("null"));
}

static void say_array(struct hal_sim_reply *r)
{
    say(r, SLICE("[]"));
}

static void say_object(struct hal_sim_reply *r)
{
    say(r, SLICE("{}"));
}

static void say_error_with_data(struct hal_sim_reply *r)
{
    say(r, SLICE("{\"errors\":[{\"message\":\"nope\"}],\"data\":{\"id\":[],\"type\":7}}"));
}

static void say_deep(struct hal_sim_reply *r)
{
    buf_clear(&r->body);
    for (int i = 0; i < DEPTH; i++)
        buf_put(&r->body, SLICE("["));
}

static void say_huge(struct hal_sim_reply *r)
{
    for (size_t i = 0; i < HUGE_BODY / 64; i++)
        buf_put(&r->body,
                SLICE("                                                                "));
}

static void say_twice(struct hal_sim_reply *r)
{
    static char copy[1 << 20];
    size_t len = r->body.len < sizeof copy ? r->body.len : sizeof copy;
    if (len) memcpy(copy, r->body.ptr, len);
    buf_put(&r->body, slice_of(copy, len));
}

/* Every `from` becomes `to`. */
static void replace(struct hal_sim_reply *r, const char *from, const char *to)
{
    struct buf out = buf_new(16u << 20);
    struct slice rest = buf_slice(&r->body);
    for (;;) {
        size_t at = slice_find(rest, slice_text(from));
        buf_put(&out, slice_sub(rest, 0, at));
        if (at >= rest.len) break;
        buf_text(&out, to);
        rest = slice_sub(rest, at + strlen(from), rest.len);
    }
    say(r, buf_slice(&out));
    buf_deinit(&out);
}

static void say_keys_twice(struct hal_sim_reply *r)
{
    replace(r, "{", "{\"id\":-1,\"status\":\"COMPLETED\",\"data\":null,\"status_id\":5,");
}

static void say_unknown_words(struct hal_sim_reply *r)
{
    replace(r, "\"PICK\"", "\"ZORK\"");
    replace(r, "\"DISP\"", "\"ZORK\"");
    replace(r, "\"AVAILABLE\"", "\"ZORK\"");
    replace(r, "\"ALLOCATED\"", "\"ZORK\"");
    replace(r, "\"SHIPMENT\"", "\"ZORK\"");
    replace(r, "\"status_id\":11", "\"status_id\":77");
}

static void say_nul(struct hal_sim_reply *r)
{
    replace(r, "\":\"", "\":\"\\u0000");
}

static void say_negative(struct hal_sim_reply *r)
{
    replace(r, "\":1", "\":-999999999999999999999");
}

static void say_fraction(struct hal_sim_reply *r)
{
    replace(r, "\":1", "\":1e-7");
}

static void say_moved(struct hal_sim_reply *r)
{
    r->status = 302;
    buf_text(&r->headers, "Location: http://elsewhere.example/\r\n");
    buf_clear(&r->body);
}

static void say_teapot(struct hal_sim_reply *r)
{
    r->status = 418;
}

static void say_late_wait(struct hal_sim_reply *r)
{
    r->status = 429;
    buf_text(&r->headers, "Retry-After: 99999999999999999999\r\n");
}

static const struct {
    const char *name;
    void (*say)(struct hal_sim_reply *r);
} lies[] = {
    {"nothing", say_nothing},
    {"null", say_null},
    {"array", say_array},
    {"object", say_object},
    {"errors", say_error_with_data},
    {"deep", say_deep},
    {"huge", say_huge},
    {"twice", say_twice},
    {"duplicate", say_keys_twice},
    {"unknown_words", say_unknown_words},
    {"nul", say_nul},
    {"negative", say_negative},
    {"fraction", say_fraction},
    {"moved", say_moved},
    {"teapot", say_teapot},
    {"forever", say_late_wait},
};

/* ---------------------------------------------------------------------------------- changes -- */

static const struct {
    const char *name;
    struct peer_change change;
} changes[] = {
    {"clarus_cancel", {.kind = PEER_CLARUS_CANCEL}},
    {"clarus_vanish", {.kind = PEER_CLARUS_VANISH}},
    {"clarus_release", {.kind = PEER_CLARUS_RELEASE}},
    {"clarus_status", {.kind = PEER_CLARUS_STATUS, .text = "ON_HOLD"}},
    {"clarus_quantity", {.kind = PEER_CLARUS_QUANTITY, .sku = "MUG-RED", .number = 2}},
    {"clarus_note", {.kind = PEER_CLARUS_NOTE, .text = "Wrap it twice"}},
    {"clarus_address", {.kind = PEER_CLARUS_ADDRESS, .text = "9 Other Row"}},
    {"clarus_claim", {.kind = PEER_CLARUS_CLAIM}},
    {"clarus_unclaim", {.kind = PEER_CLARUS_UNCLAIM}},
    {"shop_cancel", {.kind = PEER_SHOP_CANCEL}},
    {"shop_vanish", {.kind = PEER_SHOP_VANISH}},
    {"shop_archive", {.kind = PEER_SHOP_ARCHIVE}},
    {"shop_hold", {.kind = PEER_SHOP_HOLD}},
    {"shop_quantity", {.kind = PEER_SHOP_QUANTITY, .sku = "MUG-RED", .number = 3}},
    {"shop_address", {.kind = PEER_SHOP_ADDRESS, .text = "9 Other Row"}},
    {"shop_elsewhere", {.kind = PEER_SHOP_SHIPPED_ELSEWHERE, .text = "OTHER123456"}},
};

/* ---------------------------------------------------------------------------------- stories -- */

#define LIES    (sizeof lies / sizeof *lies)
#define CHANGES (sizeof changes / sizeof *changes)

/* What the story does; set before the fork. */
static uint32_t attack_at;
static size_t attack_with;
static uint32_t requests;

static bool lie_once(struct sim_world *w, enum peer which, const struct hal_http_request *q,
                     struct hal_sim_reply *reply)
{
    world_ask_peers(w, which, q, reply);
    if (requests++ == attack_at) lies[attack_with].say(reply);
    return true;
}

/* Between the reading of the shop's order and the write that follows nobody can see a change. */
static bool is_past_the_guard(struct sim_world *w, enum peer which, const char *url)
{
    static const char guard[] = "/orders/10427";
    size_t len = strlen(url);
    if (which != PEER_SHOP || !world_number(w, "SELECT count(*) FROM dispatch")) return false;
    return len < sizeof guard || strcmp(url + len - (sizeof guard - 1), guard) != 0;
}

static bool change_once(struct sim_world *w, enum peer which, const struct hal_http_request *q,
                        struct hal_sim_reply *reply)
{
    (void)reply;
    if (requests++ != attack_at) return false;
    if (is_past_the_guard(w, which, q->url)) return false;
    struct peer_change c = changes[attack_with].change;
    c.reference = ORDER;
    err_ignore(peers_order_change(w->peers, hal_wall(w->hal).ms, &c)); /* too late is too late */
    return false;
}

static void tell(struct sim_world *w, bool saved, const char *wrong)
{
    print_error("saved=%d, %s; screen %s (%s)\n%.*s", saved, wrong, w->view.headline.key,
                w->view.detail.arg[0], SLICE_ARGS(buf_slice(&w->log)));
}

/* Never begun: nothing bought, nothing sent, and the packer was told why. */
static bool never_begun(struct sim_world *w)
{
    struct peer_order_view v;
    assert_int_equal(peers_order_view(w->peers, ORDER, &v), ERR_OK);
    return v.labels_live == 0 && v.dispatched == 0;
}

static void run(sim_world_hook *hook, bool changed)
{
    struct sim_world_options o = {.hook = hook};
    requests = 0;
    struct sim_world *w = world_new(&o);
    bool saved = packer_sends(w, TOTE, ORDER);
    const char *wrong = changed ? judge_part(w, ORDER) : judge(w, ORDER);
    if (wrong && changed && !saved && never_begun(w)) wrong = NULL;
    if (wrong) tell(w, saved, wrong);
    assert_null(wrong);
    world_check(w);
    world_free(w);
}

static void story_of_a_lie(void **state)
{
    (void)state;
    run(lie_once, false);
}

static void story_of_a_change(void **state)
{
    (void)state;
    run(change_once, true);
}

/* Every pair of moment and attack is one of so many; STRIDE=1 runs them all. */
static bool chosen(void)
{
    const char *text = getenv("STRIDE");
    unsigned stride = text ? (unsigned)strtoul(text, NULL, 10) : 4;
    bool one = getenv("FAULT") != NULL;
    return one || stride < 2 || (attack_at + attack_with) % stride == 0;
}

static uint32_t requests_of_the_story(void)
{
    attack_at = UINT32_MAX;
    requests = 0;
    struct sim_world_options o = {.hook = lie_once};
    struct sim_world *w = world_new(&o);
    assert_true(packer_sends(w, TOTE, ORDER));
    world_drain(w, 60000);
    uint32_t count = requests;
    world_free(w);
    return count;
}

static void replies__that_break_their_contract_once_never_break_the_order(void **state)
{
    (void)state;
    struct forked all = {0};
    char name[80];
    uint32_t count = requests_of_the_story();
    for (attack_at = 0; attack_at < count; attack_at++) {
        for (attack_with = 0; attack_with < LIES; attack_with++) {
            if (!chosen()) continue;
            (void)snprintf(name, sizeof name, "%s %u", lies[attack_with].name, (unsigned)attack_at);
            forked_start(&all, name, story_of_a_lie);
        }
    }
    assert_int_equal(forked_end(&all), 0);
}

static void order__changed_by_others_at_any_moment_ends_once_or_visibly(void **state)
{
    (void)state;
    struct forked all = {0};
    char name[80];
    uint32_t count = requests_of_the_story();
    for (attack_at = 0; attack_at < count; attack_at++) {
        for (attack_with = 0; attack_with < CHANGES; attack_with++) {
            if (!chosen()) continue;
            (void)snprintf(name, sizeof name, "%s %u", changes[attack_with].name,
                           (unsigned)attack_at);
            forked_start(&all, name, story_of_a_change);
        }
    }
    assert_int_equal(forked_end(&all), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies__that_break_their_contract_once_never_break_the_order),
        cmocka_unit_test(order__changed_by_others_at_any_moment_ends_once_or_visibly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
