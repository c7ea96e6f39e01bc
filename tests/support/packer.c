#include "tests/support/packer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define STEPS_MAX  90
#define OPENS_MAX  8
#define DRAIN_MS   (INT64_C(150) * 60000) /* an order that is not there yet is told after an hour */
#define SETTLED_MS 120000

/* ------------------------------------------------------------------------------- the packer -- */

static const char *code_of(const char *sku)
{
    static const char *const codes[][2] = {
        {"MUG-RED", "5012345000015"},    {"TEA-EARL", "15012345000036"},
        {"JAM-RASP", "5012345000046"},   {"LAMP-OAK", "5012345000077"},
        {"THROW-WOOL", "5012345000084"}, {"00420", "5012345000114"},
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(codes[i][0], sku) == 0) return codes[i][1];
    return "?";
}

static void pack_next(struct sim_world *w)
{
    for (size_t i = 0; i < w->view.parcel_count; i++) {
        const struct view_parcel *p = &w->view.parcels[i];
        if (p->state != VIEW_PARCEL_OPEN || p->packaging[0]) continue;
        world_scan(w, "BOX-S");
        return;
    }
    for (size_t i = 0; i < w->view.line_count; i++) {
        if (w->view.lines[i].done) continue;
        world_scan(w, code_of(w->view.lines[i].sku));
        return;
    }
    world_command(w, "CLOSE-PARCEL");
}

static void answer_stop(struct sim_world *w)
{
    bool in_use = strcmp(w->view.headline.key, "bench.in_use") == 0;
    bool order_stop = w->view.face == FACE_STOP || in_use;
    if (in_use)
        world_command(w, "TAKE-OVER");
    else
        world_command(w, "CONFIRM");
    if (order_stop) world_run(w, 30000);
}

static bool is_tracking_of(const struct sim_world *w, const char *paper)
{
    for (size_t i = 0; i < w->view.parcel_count; i++)
        if (w->view.parcels[i].tracking[0] && strcmp(w->view.parcels[i].tracking, paper) == 0)
            return true;
    return false;
}

/* The label in hand, if one came out for this order. */
static void stick_label(struct sim_world *w)
{
    char paper[64];
    size_t count = zpl_printer_label_count(w->printer);
    (void)world_label(w, count ? count - 1 : 0, paper);
    if (count && is_tracking_of(w, paper))
        world_scan(w, paper);
    else
        world_command(w, "REPRINT");
}

bool packer_sends(struct sim_world *w, const char *tote, const char *reference)
{
    int opens = 0;
    int64_t before = world_number(w, "SELECT count(*) FROM dispatch");
    for (int i = 0; i < STEPS_MAX && opens <= OPENS_MAX; i++) {
        switch (w->view.face) {
        case FACE_IDLE:
        case FACE_SAVED:
            if (world_number(w, "SELECT count(*) FROM dispatch") > before) return true;
            if (opens) world_run(w, 30000);
            world_scan(w, opens++ % 2 == 0 ? tote : reference);
            break;
        case FACE_ATTENTION:
            world_command(w, "CONFIRM");
            break;
        case FACE_REFUSED:
        case FACE_STOP:
            answer_stop(w);
            break;
        case FACE_PACKING:
            pack_next(w);
            break;
        case FACE_LABEL:
            stick_label(w);
            break;
        case FACE_WAITING:
            world_run(w, 5000);
            break;
        }
    }
    return world_number(w, "SELECT count(*) FROM dispatch") > before;
}

/* -------------------------------------------------------------------------------- the judge -- */

#define FIND_FAULT(...)                                                                            \
    do {                                                                                           \
        (void)snprintf(verdict, sizeof verdict, __VA_ARGS__);                                      \
        return verdict;                                                                            \
    } while (0)

static char verdict[512];

static const char *whatever_happens(struct sim_world *w, const struct peer_order_view *v,
                                    const char *reference)
{
    struct peer_shop_shipment shown[8];
    const char *violation = peers_violation(w->peers, 0);
    if (violation) FIND_FAULT("violation: %s", violation);
    if (zpl_printer_strangers(w->printer)) FIND_FAULT("a stranger at the printer");
    if (v->labels_live > 1) FIND_FAULT("%u live labels", v->labels_live);
    if (v->dispatched > v->ordered) FIND_FAULT("dispatched %u of %u", v->dispatched, v->ordered);
    if (v->shop_shipped > v->shop_ordered)
        FIND_FAULT("shop has %u of %u", v->shop_shipped, v->shop_ordered);
    if (!v->in_clarus) return NULL; /* and what Clarus knew with it */
    if (v->dispatched && !v->labels_live) FIND_FAULT("dispatched without a label");
    size_t count = peers_shop_shipments(w->peers, reference, shown, 8);
    if (count && !v->dispatched) FIND_FAULT("the shop knows what Clarus does not");
    return NULL;
}

static const char *done_everywhere(struct sim_world *w, const struct peer_order_view *v,
                                   const char *reference, bool part)
{
    struct peer_label bought[8];
    struct peer_shop_shipment shown[8];
    char paper[64];
    if (v->in_clarus && v->labels_live != 1) FIND_FAULT("%u live labels", v->labels_live);
    if (part && v->in_clarus && (!v->dispatched || v->shop_shipped != v->dispatched))
        FIND_FAULT("dispatched %u, shop has %u", v->dispatched, v->shop_shipped);
    if (!part && v->dispatched != v->ordered)
        FIND_FAULT("dispatched %u of %u", v->dispatched, v->ordered);
    if (!part && v->shop_shipped != v->shop_ordered)
        FIND_FAULT("shop has %u of %u", v->shop_shipped, v->shop_ordered);
    size_t labels = peers_labels(w->peers, reference, bought, 8);
    size_t live = 0;
    while (live < labels && bought[live].voided)
        live++;
    if (live == labels) FIND_FAULT("no live label");
    size_t count = zpl_printer_label_count(w->printer);
    (void)world_label(w, count ? count - 1 : 0, paper);
    if (strcmp(paper, bought[live].tracking) != 0) FIND_FAULT("the paper has another tracking");
    size_t records = peers_shop_shipments(w->peers, reference, shown, 8);
    for (size_t i = 0; i < records; i++)
        if (strcmp(shown[i].tracking, paper) != 0) FIND_FAULT("the shop has another tracking");
    int64_t open = world_number(w, "SELECT count(*) FROM message WHERE state <> 5");
    if (open) FIND_FAULT("%lld messages not delivered", (long long)open);
    return NULL;
}

static void settle(struct sim_world *w)
{
    world_drain(w, DRAIN_MS);
    world_run(w, SETTLED_MS);
}

static bool exception_stands(struct sim_world *w)
{
    return world_number(w, "SELECT count(*) FROM exception WHERE open = 1 AND owner <> '' AND "
                           "next_step <> '' AND object <> '' AND text <> ''") > 0;
}

static const char *judge_either(struct sim_world *w, const char *reference, bool part)
{
    struct peer_order_view v;
    settle(w);
    assert_int_equal(peers_order_view(w->peers, reference, &v), ERR_OK);
    const char *wrong = whatever_happens(w, &v, reference);
    if (wrong || exception_stands(w)) return wrong;
    return done_everywhere(w, &v, reference, part);
}

const char *judge(struct sim_world *w, const char *reference)
{
    return judge_either(w, reference, false);
}

const char *judge_part(struct sim_world *w, const char *reference)
{
    return judge_either(w, reference, true);
}

const char *judge_done(struct sim_world *w, const char *reference)
{
    struct peer_order_view v;
    settle(w);
    assert_int_equal(peers_order_view(w->peers, reference, &v), ERR_OK);
    const char *wrong = whatever_happens(w, &v, reference);
    if (!wrong) wrong = done_everywhere(w, &v, reference, false);
    if (wrong) return wrong;
    int64_t open = world_number(w, "SELECT count(*) FROM exception WHERE open = 1");
    if (open) FIND_FAULT("%lld exceptions left open", (long long)open);
    return NULL;
}
