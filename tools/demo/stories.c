/* stories.c - a packer's ordinary day: the orders that go as they should, and the packer's slips.
 */
#include <string.h>

#include "tools/demo/demo.h"

#define MUG_RED  "5012345000015"
#define TEA_CASE "15012345000036"
#define JAM      "5012345000046"
#define LAMP     "5012345000077"
#define THROW    "5012345000084"

const struct story stories[] = {
    {"a simple order", story_simple},
    {"cases, eaches, a note and a gift message", story_cases_and_notes},
    {"two parcels: a part now, the rest later", story_two_parcels},
    {"a wrong item", story_wrong_item},
    {"a wrong label scanned back", story_wrong_label},
    {"the carrier's answer is lost", story_lost_reply},
    {"cancelled in the storefront after printing", story_cancelled_in_shop},
    {"power cut just after SAVED, offline", story_power_cut},
    {"cancelled after saving: find and pull", story_cancelled_after_saving},
    {"a dispatch that Clarus refuses", story_refused},
};
const unsigned story_count = sizeof stories / sizeof *stories;

void stories_place(struct demo *d)
{
    static const char *const orders[][2] = {
        {"WEB-20001", "TOTE-21"}, {"WEB-20002", "TOTE-22"}, {"WEB-20003", "TOTE-23"},
        {"WEB-20004", "TOTE-24"}, {"WEB-20005", "TOTE-25"}, {"WEB-20006", "TOTE-26"},
        {"WEB-20007", "TOTE-27"},
    };
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
        order_place(d, orders[i][0], orders[i][1], "MUG-RED");
}

void story_simple(struct demo *d)
{
    scan(d, "TOTE-01");
    (void)bench_shows(d, "packing", NULL);
    scan(d, "BOX-S");
    scan(d, MUG_RED);
    (void)bench_shows(d, "label", NULL);
    (void)label_take(d, "WEB-10427", 1);
    scan_back(d);
    (void)bench_saved(d, "WEB-10427");
    order_complete(d, "WEB-10427", 1);
}

void story_cases_and_notes(struct demo *d)
{
    scan(d, "TOTE-02");
    (void)bench_shows(d, "attention", "bench.note_packing");
    (void)check(d, doc_is(d->view, "/note", "Wrap the jars in two layers. No invoice in the box."),
                "the packing note is on the screen");
    command(d, "CONFIRM");
    (void)bench_shows(d, "attention", "bench.note_gift");
    (void)check(d, doc_is(d->view, "/note", "Happy birthday, Nan! Lots of love from all of us."),
                "the gift message is on the screen");
    command(d, "CONFIRM");
    scan(d, "BOX-M");
    scan(d, TEA_CASE);
    (void)check(d, doc_int(d->view, "/units_packed") == 12, "one scan of a case counts twelve");
    scan(d, TEA_CASE);
    for (int i = 0; i < 3; i++)
        scan(d, JAM);
    (void)bench_shows(d, "attention", "bench.card_in_box");
    command(d, "CONFIRM");
    (void)bench_shows(d, "label", NULL);
    (void)label_take(d, "WEB-10428", 1);
    scan_back(d);
    (void)bench_saved(d, "WEB-10428");
    order_complete(d, "WEB-10428", 1);
}

static void two_parcels_first_part(struct demo *d)
{
    scan(d, "TOTE-03");
    scan(d, "BOX-L");
    scan(d, LAMP);
    command(d, "CLOSE-PARCEL");
    (void)bench_shows(d, "label", NULL);
    (void)label_take(d, "WEB-10429", 1);
    scan_back(d);
    (void)bench_shows(d, "attention", "bench.confirm_part");
    command(d, "CONFIRM");
    (void)bench_saved(d, "WEB-10429");
    (void)order_reaches(d, "WEB-10429", "/shop_shipped", 1, DELIVERY_S);
    (void)order_has(d, "WEB-10429", "/shop_status", 3);
    (void)order_has(d, "WEB-10429", "/dispatched", 1);
}

void story_two_parcels(struct demo *d)
{
    two_parcels_first_part(d);
    tell(d, "packer", "comes back for the rest");
    scan(d, "TOTE-03");
    scan(d, "BOX-L");
    scan(d, THROW);
    command(d, "NEXT-PARCEL");
    scan(d, "BOX-M");
    scan(d, THROW);
    (void)label_take(d, "WEB-10429", 2);
    (void)order_has(d, "WEB-10429", "/shop_status", 3);
    scan_back(d);
    (void)label_take(d, "WEB-10429", 3);
    scan_back(d);
    (void)bench_saved(d, "WEB-10429");
    order_complete(d, "WEB-10429", 3);
}

void story_wrong_item(struct demo *d)
{
    scan(d, "TOTE-21");
    scan(d, "BOX-S");
    scan(d, JAM);
    (void)bench_shows(d, "refused", "bench.wrong_item");
    scan(d, MUG_RED);
    (void)check(d, doc_int(d->view, "/units_packed") == 0,
                "nothing counts before the wrong item is acknowledged");
    command(d, "CONFIRM");
    scan(d, MUG_RED);
    (void)label_take(d, "WEB-20001", 1);
    scan_back(d);
    (void)bench_saved(d, "WEB-20001");
    order_complete(d, "WEB-20001", 1);
}

void story_wrong_label(struct demo *d)
{
    char other[DEMO_CODE];
    memcpy(other, d->paper, sizeof other); /* of the order before this one */
    scan(d, "TOTE-22");
    scan(d, "BOX-S");
    scan(d, MUG_RED);
    (void)label_take(d, "WEB-20002", 1);
    scan(d, other);
    (void)bench_shows(d, "stop", "bench.wrong_label");
    scan_back(d);
    (void)bench_shows(d, "stop", "bench.wrong_label");
    (void)order_has(d, "WEB-20002", "/dispatched", 0);
    command(d, "CONFIRM");
    scan_back(d);
    (void)bench_saved(d, "WEB-20002");
    order_complete(d, "WEB-20002", 1);
}
