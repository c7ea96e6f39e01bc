#include "tests/simulation/check.h"

#include <stdio.h>
#include <string.h>

#include "tests/simulation/net.h"
#include "tests/simulation/packer.h"

#define ROWS         64
#define RACE_MS      120000 /* a cancellation this young may have crossed a request under way */
#define REQUESTS_MAX 240    /* a minute of virtual time, over a whole run */
#define ORDER_ASKS   100    /* and for each order, however fast they are packed */
#define OPERATIONS_MAX                                                                             \
    3000                   /* disk operations an order may cost, waiting and recovering included   \
                            */
#define OPERATIONS_IDLE 60 /* a minute of virtual time */
#define BURST_MIN       6  /* a start may ask for as much as these minutes */

static const char OPEN_EXCEPTIONS[] =
    "SELECT count(*) FROM exception WHERE open = 1 AND (object = 'order ' || ?1 OR consignment_id "
    "IN (SELECT id FROM consignment WHERE reference = ?1) OR dispatch_id IN (SELECT d.id FROM "
    "dispatch d JOIN consignment c ON c.id = d.consignment_id WHERE c.reference = ?1) OR "
    "message_id IN (SELECT m.id FROM message m JOIN consignment c ON c.id = m.consignment_id WHERE "
    "c.reference = ?1))";

static bool exception_stands(struct sim *s, const struct sim_order *o)
{
    return sim_number(s, OPEN_EXCEPTIONS, o->reference) > 0;
}

static bool is_cancelled(const struct sim_order *o)
{
    return o->clarus_cancelled || o->shop_cancelled;
}

static struct peer_order_view view_of(struct sim *s, const struct sim_order *o)
{
    struct peer_order_view v = {.status = ""};
    if (peers_order_view(s->peers, o->reference, &v) != ERR_OK)
        sim_fail(s, "S7", "order %s is nowhere", o->reference);
    return v;
}

/* ---- S1: the packer was shown SAVED => Clarus and every channel learn it, or an exception stands
 */
void check_s1_nothing_lost(struct sim *s)
{
    for (size_t i = 0; i < s->order_count; i++) {
        const struct sim_order *o = &s->orders[i];
        if (o->saves == 0 || o->by_hand || exception_stands(s, o)) continue;
        struct peer_order_view v = view_of(s, o);
        bool whole = o->saves >= packer_saves(o);
        uint32_t least = whole ? o->units : 1;
        if (v.dispatched < least)
            sim_fail(s, "S1", "order %s was shown SAVED %u times, Clarus has %u of %u units",
                     o->reference, o->saves, v.dispatched, least);
        if (v.shop_shipped < least)
            sim_fail(s, "S1", "order %s was shown SAVED %u times, the shop has %u of %u units",
                     o->reference, o->saves, v.shop_shipped, least);
    }
}

/* ---- S2: at most one Clarus dispatch, one channel record per key, one live label per parcel ----
 */

static void one_record_per_parcel(struct sim *s, const struct sim_order *o)
{
    struct peer_shop_shipment rows[ROWS];
    size_t n = peers_shop_shipments(s->peers, o->reference, rows, ROWS);
    for (size_t i = 0; i < n && i < ROWS; i++)
        for (size_t k = 0; k < i; k++)
            if (rows[i].shipment_id != rows[k].shipment_id &&
                strcmp(rows[i].tracking, rows[k].tracking) == 0)
                sim_fail(s, "S2", "order %s: two shop records carry %s", o->reference,
                         rows[i].tracking);
}

void check_s2_nothing_twice(struct sim *s)
{
    const char *words;
    for (size_t i = 0; (words = peers_violation(s->peers, i)); i++)
        if (!strstr(words, "cancelled order")) sim_fail(s, "S2", "the peers saw: %s", words);
    for (size_t i = s->check_from; i < s->check_to; i++)
        one_record_per_parcel(s, &s->orders[i]);
}

/* ---- S3: Clarus before the storefront ---- */

static uint32_t dispatched_until(struct sim *s, const struct sim_order *o, const char *sku,
                                 int64_t at)
{
    struct peer_dispatch rows[ROWS];
    uint32_t sum = 0;
    size_t n = peers_dispatches(s->peers, o->reference, rows, ROWS);
    for (size_t i = 0; i < n && i < ROWS; i++)
        if (rows[i].at_ms <= at && strcmp(rows[i].sku, sku) == 0) sum += rows[i].quantity;
    return sum;
}

static unsigned saves_before(struct sim *s, const char *tracking)
{
    const struct sim_paper *p = sim_paper_of(s, tracking);
    return p ? p->after : 0;
}

/* What was saved first is told first. */
static void told_as_saved(struct sim *s, const struct sim_order *o,
                          const struct peer_shop_shipment *rows, size_t n)
{
    for (size_t i = 0; i < n && i < ROWS; i++)
        for (size_t k = 0; k < n && k < ROWS; k++)
            if (rows[i].at_ms < rows[k].at_ms &&
                saves_before(s, rows[i].tracking) > saves_before(s, rows[k].tracking))
                sim_fail(s, "S3", "order %s: %s was saved after %s and told before it",
                         o->reference, rows[i].tracking, rows[k].tracking);
}

void check_s3_order_within_an_order(struct sim *s)
{
    struct peer_shop_shipment rows[ROWS];
    for (size_t i = s->check_from; i < s->check_to; i++) {
        const struct sim_order *o = &s->orders[i];
        if (o->by_hand) continue; /* a message a person settled releases the next */
        size_t n = peers_shop_shipments(s->peers, o->reference, rows, ROWS);
        told_as_saved(s, o, rows, n);
        for (size_t r = 0; r < n && r < ROWS; r++) {
            uint32_t told = 0;
            for (size_t k = 0; k < n && k < ROWS; k++)
                if (rows[k].at_ms <= rows[r].at_ms && strcmp(rows[k].sku, rows[r].sku) == 0)
                    told += rows[k].quantity;
            if (told > dispatched_until(s, o, rows[r].sku, rows[r].at_ms))
                sim_fail(s, "S3", "order %s: the shop was told of %u %s before Clarus",
                         o->reference, told, rows[r].sku);
        }
    }
}

/* ---- S4: bytes on paper = tracking bought = tracking reported ---- */

static const struct peer_label *label_of(const struct peer_label *labels, size_t n,
                                         const char *tracking)
{
    for (size_t i = 0; i < n && i < ROWS; i++)
        if (strcmp(labels[i].tracking, tracking) == 0) return &labels[i];
    return NULL;
}

void check_s4_label_truth(struct sim *s)
{
    struct peer_label labels[ROWS];
    struct peer_shop_shipment rows[ROWS];
    for (size_t i = s->check_from; i < s->check_to; i++) {
        const struct sim_order *o = &s->orders[i];
        size_t n = peers_labels(s->peers, o->reference, labels, ROWS);
        size_t m = peers_shop_shipments(s->peers, o->reference, rows, ROWS);
        for (size_t r = 0; r < m && r < ROWS; r++) {
            const struct peer_label *l = label_of(labels, n, rows[r].tracking);
            const struct sim_paper *p = sim_paper_of(s, rows[r].tracking);
            if (!l)
                sim_fail(s, "S4", "order %s: the shop was told %s, which was not bought for it",
                         o->reference, rows[r].tracking);
            else if (l->voided && !o->by_hand) /* a person may void after the shop was told */
                sim_fail(s, "S4", "order %s: the shop was told %s, which is void", o->reference,
                         rows[r].tracking);
            if (!p || !p->copies || !p->stuck)
                sim_fail(s, "S4", "order %s: %s was reported and never stuck on a box",
                         o->reference, rows[r].tracking);
        }
    }
}

/* ---- S5: nothing ships that was cancelled and known to be ---- */
void check_s5_no_phantom(struct sim *s)
{
    struct peer_shop_shipment rows[ROWS];
    for (size_t i = s->check_from; i < s->check_to; i++) {
        const struct sim_order *o = &s->orders[i];
        if (!is_cancelled(o)) continue;
        int64_t at = o->shop_cancelled ? o->shop_cancelled_at : o->clarus_cancelled_at;
        size_t n = peers_shop_shipments(s->peers, o->reference, rows, ROWS);
        for (size_t k = 0; k < n && k < ROWS; k++)
            if (rows[k].at_ms > at + RACE_MS)
                sim_fail(s, "S5", "order %s: the shop was told %lld s after its cancellation",
                         o->reference, (long long)(rows[k].at_ms - at) / 1000);
    }
}

/* A cancellation the storefront alone knew of is learned from it at the latest when it is told:
 * then find-and-pull stands. */
void check_s5_late_is_pulled(struct sim *s)
{
    struct peer_dispatch done[ROWS];
    for (size_t i = 0; i < s->order_count; i++) {
        const struct sim_order *o = &s->orders[i];
        if (!is_cancelled(o) || o->by_hand || exception_stands(s, o)) continue;
        int64_t at = o->shop_cancelled ? o->shop_cancelled_at : o->clarus_cancelled_at;
        size_t n = peers_dispatches(s->peers, o->reference, done, ROWS);
        for (size_t k = 0; k < n && k < ROWS; k++)
            if (done[k].at_ms > at + RACE_MS)
                sim_fail(s, "S5", "order %s: dispatched %lld s after its cancellation",
                         o->reference, (long long)(done[k].at_ms - at) / 1000);
    }
}

static bool is_own_tag(const struct sim_paper *p)
{
    return !p->tracking[0] || strncmp(p->tracking, "WEB-", 4) == 0 ||
           strncmp(p->tracking, "TAG-", 4) == 0;
}

/* What was recalled before Clarus had it is not told to the shop. */
static void recalled_is_not_told(struct sim *s, const struct sim_order *o)
{
    struct peer_shop_shipment rows[ROWS];
    size_t n = peers_shop_shipments(s->peers, o->reference, rows, ROWS);
    for (size_t k = 0; o->recalled_at && k < n && k < ROWS; k++)
        if (rows[k].at_ms > o->recalled_at + RACE_MS)
            sim_fail(s, "S5", "order %s: the shop was told %lld s after its recall", o->reference,
                     (long long)(rows[k].at_ms - o->recalled_at) / 1000);
}

void check_s5_recalled(struct sim *s)
{
    for (size_t i = s->check_from; i < s->check_to; i++)
        if (s->orders[i].way == WAY_WHOLE && s->orders[i].saves == 1)
            recalled_is_not_told(s, &s->orders[i]);
}

/* ---- damage at rest: whatever else is lost, no label that was not bought comes out ---- */
void check_rot_no_wrong_label(struct sim *s)
{
    struct peer_label labels[ROWS];
    for (size_t i = 0; i < s->paper_count; i++) {
        const struct sim_paper *p = &s->paper[i];
        bool bought = !p->copies || is_own_tag(p);
        for (size_t k = 0; !bought && k < s->order_count; k++)
            bought = label_of(labels, peers_labels(s->peers, s->orders[k].reference, labels, ROWS),
                              p->tracking) != NULL;
        if (!bought) sim_fail(s, "ROT", "%s came out and was never bought", p->tracking);
    }
    if (zpl_printer_strangers(s->printer))
        sim_fail(s, "ROT", "the printer was given commands no label holds");
}

/* ---- S6: no second label unless a person asked ---- */
void check_s6_paper_once(struct sim *s)
{
    for (size_t i = 0; i < s->paper_count; i++) {
        const struct sim_paper *p = &s->paper[i];
        if (is_own_tag(p)) continue;
        if (p->copies > 1 + p->asked)
            sim_fail(s, "S6", "%s came out %u times, asked again %u times", p->tracking, p->copies,
                     p->asked);
    }
    if (zpl_printer_strangers(s->printer))
        sim_fail(s, "S6", "the printer was given commands no label holds");
}

/* ---- S7: ordered = dispatched + outstanding; complete only at zero outstanding ---- */
void check_s7_counts_add_up(struct sim *s)
{
    for (size_t i = s->check_from; i < s->check_to; i++) {
        const struct sim_order *o = &s->orders[i];
        struct peer_order_view v = view_of(s, o);
        if (v.dispatched > o->units || v.shop_shipped > o->units)
            sim_fail(s, "S7", "order %s of %u units: dispatched %u, told the shop %u", o->reference,
                     o->units, v.dispatched, v.shop_shipped);
        if (strcmp(v.status, "COMPLETED") == 0 && v.dispatched != v.ordered)
            sim_fail(s, "S7", "order %s is complete with %u of %u", o->reference, v.dispatched,
                     v.ordered);
        if (v.shop_status == 2 && v.shop_shipped != v.shop_ordered)
            sim_fail(s, "S7", "shop order of %s is shipped with %u of %u", o->reference,
                     v.shop_shipped, v.shop_ordered);
    }
}

/* ---- S9 ---- */
void check_s9_bounded(struct sim *s)
{
    int64_t minutes = hal_now(s->hal).ms / 60000 + 1;
    uint64_t asked = (uint64_t)(minutes + BURST_MIN) * REQUESTS_MAX + s->order_count * ORDER_ASKS;
    if (s->requests > asked)
        sim_fail(s, "S9", "%llu requests in %lld minutes", (unsigned long long)s->requests,
                 (long long)minutes);
    uint64_t most = OPERATIONS_MAX * (s->order_count + s->boots + s->faults_named) +
                    OPERATIONS_IDLE * (uint64_t)minutes;
    if (disk_operations(s->disk) > most)
        sim_fail(s, "S9", "%llu disk operations for %zu orders and %llu starts",
                 (unsigned long long)disk_operations(s->disk), s->order_count,
                 (unsigned long long)s->boots);
}

/* ---- S10: the station runs; every start ended ready or with a named fault (sim.c watches) ---- */
void check_s10_crash_only(struct sim *s)
{
    if (!s->station) sim_fail(s, "S10", "the station does not run");
}

/* ---- L1-L3 ---- */
void check_l1_drains(struct sim *s)
{
    if (!sim_is_drained(s))
        sim_fail(s, "L1", "%lld messages still wait", (long long)sim_waiting(s));
}

void check_l2_new_order_can_be_packed(struct sim *s)
{
    for (size_t i = 0; i < s->order_count; i++) {
        const struct sim_order *o = &s->orders[i];
        if (is_cancelled(o) || o->by_hand || o->state == ORDER_SAVED) continue;
        if (o->state == ORDER_SET_ASIDE && exception_stands(s, o)) continue;
        sim_fail(s, "L2", "order %s could not be packed: the screen says %s (%s), %s (%s)",
                 o->reference, s->view.headline.key, s->view.headline.arg[0], s->view.detail.key,
                 s->view.detail.arg[0]);
    }
}

static size_t live_labels(struct sim *s, const struct sim_order *o)
{
    struct peer_label labels[ROWS];
    size_t live = 0, n = peers_labels(s->peers, o->reference, labels, ROWS);
    for (size_t i = 0; i < n && i < ROWS; i++)
        live += !labels[i].voided;
    return live;
}

void check_l3_all_agree(struct sim *s)
{
    for (size_t i = 0; i < s->order_count; i++) {
        const struct sim_order *o = &s->orders[i];
        if (o->by_hand || exception_stands(s, o)) continue;
        struct peer_order_view v = view_of(s, o);
        if (is_cancelled(o) && o->saves == 0 && live_labels(s, o) > 0)
            sim_fail(s, "L3", "order %s is cancelled and has a live label", o->reference);
        if (o->state != ORDER_SAVED || is_cancelled(o)) continue;
        if (strcmp(v.status, "COMPLETED") != 0 || v.shop_shipped != v.shop_ordered)
            sim_fail(s, "L3", "order %s: Clarus says %s, the shop has %u of %u", o->reference,
                     v.status, v.shop_shipped, v.shop_ordered);
        struct peer_shop_shipment rows[ROWS];
        size_t records = 0, n = peers_shop_shipments(s->peers, o->reference, rows, ROWS);
        for (size_t k = 0; k < n && k < ROWS; k++) {
            bool known = false;
            for (size_t j = 0; j < k; j++)
                known = known || rows[j].shipment_id == rows[k].shipment_id;
            records += !known;
        }
        if (live_labels(s, o) != records)
            sim_fail(s, "L3", "order %s: %zu live labels, %zu shop records", o->reference,
                     live_labels(s, o), records);
    }
}

void check_always(struct sim *s)
{
    check_s2_nothing_twice(s);
    check_s3_order_within_an_order(s);
    check_s4_label_truth(s);
    check_s5_no_phantom(s);
    check_s5_recalled(s);
    check_s6_paper_once(s);
    check_s7_counts_add_up(s);
    check_s9_bounded(s);
}

void check_healed(struct sim *s)
{
    s->check_from = 0;
    s->check_to = s->order_count;
    check_always(s);
    if (s->rotten) check_rot_no_wrong_label(s);
    check_s10_crash_only(s);
    check_l1_drains(s);
    check_s5_late_is_pulled(s);
    check_s1_nothing_lost(s);
    check_l2_new_order_can_be_packed(s);
    check_l3_all_agree(s);
}
