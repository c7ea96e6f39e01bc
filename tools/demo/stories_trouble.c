/* stories_trouble.c - what goes wrong outside the packer's hands. */
#include <string.h>

#include "tools/demo/demo.h"

#define MUG_RED     "5012345000015"
#define CHECK_OLD_S 31 /* a state read longer ago is read again before saving */

/* One red mug, packed; its label is in the packer's hand. */
static void pack_one(struct demo *d, const char *tote, const char *reference)
{
    scan(d, tote);
    scan(d, "BOX-S");
    scan(d, MUG_RED);
    (void)bench_shows(d, "label", NULL);
    (void)label_take(d, reference, 1);
}

/* The bench gave up waiting: a hold tag came out, the order is taken up again. */
static void take_up_again(struct demo *d, const char *reference)
{
    (void)paper_take(d);
    (void)check(d, strcmp(d->paper, reference) == 0, "that is a hold tag for %s", reference);
    command(d, "CONFIRM");
    int64_t end = demo_now_ms() + INT64_C(1000) * DELIVERY_S;
    do {
        scan(d, reference);
        if (bench_is(d, "stop")) command(d, "CONFIRM");
    } while (!d->failed && !bench_is(d, "label") && demo_now_ms() < end);
}

void story_lost_reply(struct demo *d)
{
    int64_t lost = fault_set(d, "{\"peer\":\"clarus\",\"kind\":\"lose_reply\",\"method\":\"POST\","
                                "\"match\":\"/submit\",\"times\":1}");
    tell(d, "network", "will lose the answer to the next purchase of a label");
    scan(d, "TOTE-23");
    scan(d, "BOX-S");
    scan(d, MUG_RED);
    if (bench_is(d, "stop")) take_up_again(d, "WEB-20003");
    (void)bench_shows(d, "label", NULL);
    (void)label_take(d, "WEB-20003", 1);
    (void)check(d, fault_hits(d, lost) == 1, "the answer to one submit was lost");
    scan_back(d);
    (void)bench_saved(d, "WEB-20003");
    order_complete(d, "WEB-20003", 1);
}

void story_cancelled_in_shop(struct demo *d)
{
    pack_one(d, "TOTE-24", "WEB-20004");
    order_cancel(d, "shop_cancel", "WEB-20004");
    tell(d, "packer", "is called away for half a minute, the label in hand");
    int64_t back = demo_now_ms() + INT64_C(1000) * CHECK_OLD_S;
    while (!d->failed && demo_now_ms() < back && demo_all_run(d))
        demo_breathe();
    scan_back(d);
    (void)bench_shows(d, "stop", NULL);
    (void)order_reaches(d, "WEB-20004", "/labels_voided", 1, DELIVERY_S);
    (void)order_has(d, "WEB-20004", "/labels_live", 0);
    (void)order_has(d, "WEB-20004", "/dispatched", 0);
    (void)order_has(d, "WEB-20004", "/shop_shipped", 0);
    command(d, "CONFIRM");
    (void)bench_shows(d, "idle", NULL);
}

static void nothing_was_sent(struct demo *d, const char *reference)
{
    (void)order_has(d, reference, "/dispatched", 0);
    (void)order_has(d, reference, "/shop_shipped", 0);
}

/* The network is gone for the station started anew, too. */
static bool knocks_in_vain(struct demo *d, int64_t cut)
{
    int64_t before = fault_hits(d, cut);
    int64_t end = demo_now_ms() + INT64_C(1000) * PATIENCE_S;
    int64_t now = before;
    while (!d->failed && now == before && demo_now_ms() < end && demo_all_run(d)) {
        now = fault_hits(d, cut);
        if (now == before) demo_breathe();
    }
    return check(d, now > before, "the station asks Clarus after its restart and hears nothing");
}

void story_power_cut(struct demo *d)
{
    pack_one(d, "TOTE-25", "WEB-20005");
    int64_t cut = network_cut(d);
    scan_back(d);
    if (!bench_saved(d, "WEB-20005")) return;
    station_kill(d);
    if (!station_start(d)) return;
    scanner_plug(d);
    (void)bench_shows(d, "idle", NULL);
    (void)knocks_in_vain(d, cut);
    nothing_was_sent(d, "WEB-20005");
    faults_clear(d);
    tell(d, "network", "is back");
    order_complete(d, "WEB-20005", 1);
}

void story_cancelled_after_saving(struct demo *d)
{
    pack_one(d, "TOTE-26", "WEB-20006");
    (void)network_cut(d);
    scan_back(d);
    (void)bench_saved(d, "WEB-20006");
    order_cancel(d, "clarus_cancel", "WEB-20006");
    order_cancel(d, "shop_cancel", "WEB-20006");
    faults_clear(d);
    tell(d, "network", "is back");
    int64_t id = pull_awaited(d, "WEB-20006");
    nothing_was_sent(d, "WEB-20006");
    pull_ended(d, id, "WEB-20006");
    nothing_was_sent(d, "WEB-20006");
}

void story_refused(struct demo *d)
{
    (void)fault_set(d, "{\"peer\":\"clarus\",\"kind\":\"refuse\",\"method\":\"PATCH\","
                       "\"match\":\"/tasks/\",\"times\":-1,\"words\":\"load is closed\"}");
    tell(d, "clarus", "will refuse every dispatch: load is closed");
    pack_one(d, "TOTE-27", "WEB-20007");
    scan_back(d);
    (void)bench_saved(d, "WEB-20007");
    int64_t id = pull_awaited(d, "WEB-20007");
    nothing_was_sent(d, "WEB-20007");
    pull_ended(d, id, "WEB-20007");
    nothing_was_sent(d, "WEB-20007");
}
