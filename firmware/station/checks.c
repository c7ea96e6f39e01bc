/* checks.c - may this order go on? Clarus and the storefront are asked together; either can stop
 * it. */
#include "firmware/station/parts.h"

#include <string.h>

#define SHOP_TICKET_GATE                                                                           \
    0x80000000u /* tickets of the gate before Clarus; others are the bench's                       \
                 */
#define GATE_AGE_MS PRINT_RECHECK_MS
#define ROUTE_BATCH 64

/* ---------------------------------------------------------------------------- joint checks -- */

static void answer(struct station *st, struct joint_check *c)
{
    const struct verdict *clarus = &c->clarus, *shop = &c->shop;
    struct news *n = news_add(st, NEWS_CHECKED);
    n->ticket = c->ticket;
    /* A storefront without an answer never lifts a stop and never makes one: it is asked again
     * before the dispatch is reported. Clarus without an answer is unknown, unless the storefront
     * stops it. */
    if (shop->kind > clarus->kind && shop->kind != VERDICT_UNKNOWN)
        n->verdict = *shop;
    else
        n->verdict = *clarus;
    if (c->opening && n->verdict.kind == VERDICT_GO)
        tables_check(st, c->consignment_id, &n->verdict);
    c->ticket = 0;
}

static void answer_if_complete(struct station *st, struct joint_check *c)
{
    bool stopped = c->clarus_answered && c->clarus.kind > VERDICT_UNKNOWN;
    if (stopped || (c->clarus_answered && c->shop_answered)) answer(st, c);
}

static struct joint_check *check_by_ticket(struct station *st, uint32_t ticket)
{
    for (size_t i = 0; i < CHECKS_MAX; i++)
        if (st->checks[i].ticket == ticket && ticket != 0) return &st->checks[i];
    return NULL;
}

static struct joint_check *check_free(struct station *st)
{
    struct joint_check *oldest = &st->checks[0];
    for (size_t i = 0; i < CHECKS_MAX; i++) {
        if (st->checks[i].ticket == 0) return &st->checks[i];
        if (st->checks[i].ticket < oldest->ticket) oldest = &st->checks[i];
    }
    return oldest; /* nobody waits for an answer that old */
}

static err_t route(struct station *st, const struct consignment *c)
{
    char channel[24], shop_order[ID_CAP];
    err_t e = channels_route(&st->config->site, c->account_code, c->reference, channel, shop_order);
    if (e) return e;
    struct consignment_reading r = {
        .clarus_id = c->clarus_id, .channel = channel, .shop_order = shop_order};
    int64_t id;
    return catalogue_put_consignment(st->store, effects_wall(st->fx), &r, &id);
}

static err_t route_if_needed(struct station *st, int64_t consignment_id)
{
    struct consignment c;
    err_t e = catalogue_consignment(st->store, consignment_id, &c);
    if (e || c.channel[0]) return e;
    return route(st, &c);
}

/* In turn, so that orders no rule matches do not keep the others from theirs. */
static size_t unrouted(struct station *st, int64_t ids[ROUTE_BATCH])
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    size_t count = 0;
    if (store_prepare(
            st->store,
            "SELECT id FROM consignment INDEXED BY consignment_unrouted WHERE channel = '' "
            "AND id > ?1 ORDER BY id LIMIT ?2",
            &q))
        return 0;
    store_bind_int(q, 1, st->routed_to);
    store_bind_int(q, 2, ROUTE_BATCH);
    for (bool row = true; count < ROUTE_BATCH && store_step(st->store, q, &row) == ERR_OK && row;)
        ids[count++] = store_int(q, 0);
    st->routed_to = count == ROUTE_BATCH ? ids[count - 1] : 0;
    return count;
}

void checks_route_orders(struct station *st)
{
    int64_t ids[ROUTE_BATCH];
    size_t count = unrouted(st, ids);
    for (size_t i = 0; i < count; i++) {
        err_t e = route_if_needed(st, ids[i]);
        if (e && e != ERR_NOTFOUND) return;
    }
}

static void verdict_no_channel(struct verdict *v)
{
    *v = (struct verdict){.kind = VERDICT_HOLD,
                          .rule = "order.no_channel",
                          .origin = "station",
                          .owner = "integration",
                          .text = "no rule says which shop this order belongs to",
                          .next_step = "add a channel rule for its account or reference"};
}

void checks_start(struct station *st, uint32_t ticket, int64_t consignment_id, enum bench_check why)
{
    static const enum check_purpose purposes[] = {[BENCH_CHECK_OPEN] = CHECK_OPEN,
                                                  [BENCH_CHECK_LABEL] = CHECK_LABEL,
                                                  [BENCH_CHECK_SAVE] = CHECK_SAVE};
    struct joint_check *c = check_free(st);
    *c = (struct joint_check){
        .ticket = ticket, .consignment_id = consignment_id, .opening = why == BENCH_CHECK_OPEN};
    c->clarus.kind = c->shop.kind = VERDICT_UNKNOWN;
    c->deadline = mono_plus(effects_now(st->fx), CHECK_WAIT_MS);
    err_t e = route_if_needed(st, consignment_id);
    if (e == ERR_NOTFOUND) {
        verdict_no_channel(&c->shop);
        answer(st, c);
        return;
    }
    clarus_check(st->clarus, ticket, consignment_id, purposes[why]);
    channels_check(st->channels, ticket, consignment_id);
}

void checks_clarus_answer(struct station *st, uint32_t ticket, const struct verdict *v)
{
    struct joint_check *c = check_by_ticket(st, ticket);
    if (!c) return;
    c->clarus = *v;
    c->clarus_answered = true;
    answer_if_complete(st, c);
}

void checks_tick(struct station *st)
{
    mono_t now = effects_now(st->fx);
    for (size_t i = 0; i < CHECKS_MAX; i++)
        if (st->checks[i].ticket && mono_reached(now, st->checks[i].deadline))
            answer(st, &st->checks[i]);
}

mono_t checks_deadline(const struct station *st)
{
    mono_t first = MONO_NEVER;
    for (size_t i = 0; i < CHECKS_MAX; i++)
        if (st->checks[i].ticket) first = mono_earlier(first, st->checks[i].deadline);
    return first;
}

/* ------------------------------------------------------------------- the gate before Clarus -- */

static void pass_on(struct station *st, const struct outbox_message *m)
{
    struct connector clarus;
    clarus_connector(st->clarus, &clarus);
    clarus.attempt(clarus.ctx, m);
}

/* True when the order's last check is older than a check before printing may be. */
static bool has_waited(struct station *st, const struct outbox_message *m)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    if (store_prepare(st->store, "SELECT at, boot_id FROM dispatch WHERE id = ?1", &q)) return true;
    store_bind_int(q, 1, m->dispatch_id);
    if (store_step(st->store, q, &row) || !row) return true;
    char boot[40];
    store_text(q, 1, boot, sizeof boot);
    int64_t age = effects_wall(st->fx).ms - store_int(q, 0);
    return !slice_is(slice_text(boot), hal_boot_id(st->hal)) || age > GATE_AGE_MS || age < 0;
}

static struct gate *gate_free(struct station *st)
{
    for (size_t i = 0; i < GATES_MAX; i++)
        if (st->gates[i].message_id == 0) return &st->gates[i];
    return NULL;
}

static void gate_attempt(void *ctx, const struct outbox_message *m)
{
    struct station *st = ctx;
    struct gate *g = gate_free(st);
    if (!g || m->progress.len > sizeof g->progress || !has_waited(st, m)) {
        pass_on(st, m);
        return;
    }
    g->message_id = m->id;
    g->message = *m;
    if (m->progress.len) memcpy(g->progress, m->progress.ptr, m->progress.len);
    g->message.progress = slice_of(g->progress, m->progress.len);
    channels_check(st->channels, SHOP_TICKET_GATE | (uint32_t)(g - st->gates), m->consignment_id);
}

static void gate_answer(struct station *st, size_t index, const struct verdict *v)
{
    if (index >= GATES_MAX || st->gates[index].message_id == 0) return;
    struct gate *g = &st->gates[index];
    int64_t id = g->message_id;
    g->message_id = 0;
    if (v->kind != VERDICT_STOP) {
        pass_on(st, &g->message);
        return;
    }
    struct attempt_result r = {.outcome = ATTEMPT_CANCELLED};
    slice_copy_cut(slice_text(v->rule), r.rule, sizeof r.rule);
    slice_copy_cut(slice_text("lead"), r.owner, sizeof r.owner);
    slice_copy_cut(slice_text(v->text), r.text, sizeof r.text);
    slice_copy_cut(slice_text("find the parcel and pull it"), r.next_step, sizeof r.next_step);
    outbox_result(st->outbox, id, &r);
}

struct connector checks_gate(struct station *st)
{
    return (struct connector){.attempt = gate_attempt, .ctx = st};
}

void checks_shop_answer(struct station *st, uint32_t ticket, const struct verdict *v)
{
    if (ticket & SHOP_TICKET_GATE) {
        gate_answer(st, ticket & ~SHOP_TICKET_GATE, v);
        return;
    }
    if (ticket == CHECKS_WATCH_TICKET) {
        watch_answer(st, v);
        return;
    }
    struct joint_check *c = check_by_ticket(st, ticket);
    if (!c) return;
    c->shop = *v;
    c->shop_answered = true;
    answer_if_complete(st, c);
}
