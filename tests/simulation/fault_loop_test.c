/* One fault at every request of a story, for every kind of fault: whatever a peer does to one
 * exchange, the order ends once everywhere, or visibly with somebody who owns it. Each story runs
 * in a process of its own. FAULT="clarus 17 lose_reply" runs one of them alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/forked.h"
#include "tests/support/packer.h"

#define ORDER   "WEB-10427"
#define TOTE    "TOTE-01"
#define WAIT_MS 8000

struct fault_case {
    const char *name;
    struct peer_fault fault;
    bool may_park; /* a refusal in so many words is for a person */
};

static const struct fault_case kinds[] = {
    {.name = "lose_reply", .fault = {.kind = PEER_FAULT_LOSE_REPLY}},
    {.name = "drop", .fault = {.kind = PEER_FAULT_DROP}},
    {.name = "delay", .fault = {.kind = PEER_FAULT_DELAY, .wait_ms = WAIT_MS}},
    {.name = "rate_limit", .fault = {.kind = PEER_FAULT_RATE_LIMIT, .wait_ms = WAIT_MS}},
    {.name = "error_before", .fault = {.kind = PEER_FAULT_ERROR_BEFORE}},
    {.name = "error_after", .fault = {.kind = PEER_FAULT_ERROR_AFTER}},
    {.name = "expire_token", .fault = {.kind = PEER_FAULT_EXPIRE_TOKEN}},
    {.name = "refuse", .fault = {.kind = PEER_FAULT_REFUSE}, .may_park = true},
    {.name = "html", .fault = {.kind = PEER_FAULT_HTML}},
    {.name = "truncate", .fault = {.kind = PEER_FAULT_TRUNCATE}},
    {.name = "garbage", .fault = {.kind = PEER_FAULT_GARBAGE}},
};
#define KINDS (sizeof kinds / sizeof *kinds)

/* What a child runs; set before the fork. */
static struct peer_fault next_fault;
static bool next_may_park;

static void story(void **state)
{
    (void)state;
    struct sim_world_options o = {.fault = &next_fault};
    struct sim_world *w = world_new(&o);
    bool saved = packer_sends(w, TOTE, ORDER);
    const char *wrong = next_may_park ? judge(w, ORDER) : judge_done(w, ORDER);
    if (wrong)
        print_error("saved=%d, %s; screen %s (%s)\n%.*s", saved, wrong, w->view.headline.key,
                    w->view.detail.arg[0], SLICE_ARGS(buf_slice(&w->log)));
    assert_null(wrong);
    world_check(w);
    world_free(w);
}

static unsigned loop(enum peer peer, uint32_t requests)
{
    struct forked all = {0};
    char name[80];
    for (uint32_t i = 0; i < requests; i++) {
        for (size_t k = 0; k < KINDS; k++) {
            next_fault = kinds[k].fault;
            next_fault.peer = peer;
            next_fault.skip = i;
            next_may_park = kinds[k].may_park;
            (void)snprintf(name, sizeof name, "%s %u %s", peer == PEER_SHOP ? "shop" : "clarus",
                           (unsigned)i, kinds[k].name);
            forked_start(&all, name, story);
        }
    }
    return forked_end(&all);
}

/* How many requests the story takes when nothing goes wrong. */
static uint32_t requests_of(enum peer peer)
{
    struct sim_world *w = world_new(NULL);
    assert_true(packer_sends(w, TOTE, ORDER));
    world_drain(w, 60000);
    uint32_t count = (uint32_t)peers_request_count(w->peers, peer, NULL, NULL);
    assert_null(judge_done(w, ORDER));
    world_check(w);
    world_free(w);
    assert_true(count > 5);
    return count;
}

static void story__survives_one_fault_at_every_request_to_clarus(void **state)
{
    (void)state;
    assert_int_equal(loop(PEER_CLARUS, requests_of(PEER_CLARUS)), 0);
}

static void story__survives_one_fault_at_every_request_to_the_shop(void **state)
{
    (void)state;
    assert_int_equal(loop(PEER_SHOP, requests_of(PEER_SHOP)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(story__survives_one_fault_at_every_request_to_clarus),
        cmocka_unit_test(story__survives_one_fault_at_every_request_to_the_shop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
