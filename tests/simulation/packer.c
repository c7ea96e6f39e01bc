#include "tests/simulation/packer.h"

#include <stdio.h>
#include <string.h>

#define TRIES_MAX   30
#define PATIENCE_MS 8000  /* for paper, before a reprint is asked for */
#define PRINT_MS    60000 /* for a printer, before it is looked after by hand */
#define REST_MS     15000 /* before an order that was put aside is tried again */

unsigned packer_saves(const struct sim_order *o)
{
    return o->way == WAY_PART && o->units > 1 ? 2 : 1;
}

static bool says(const struct sim *s, const char *key)
{
    return strcmp(s->view.headline.key, key) == 0;
}

static int64_t waited(const struct sim *s, const struct packer *p)
{
    return hal_now(s->hal).ms - p->since.ms;
}

static void watch(const struct sim *s, struct packer *p)
{
    char now[sizeof p->seen];
    (void)snprintf(now, sizeof now, "%d%s%s", (int)s->view.face, s->view.headline.key,
                   s->view.headline.arg[0]);
    if (strcmp(now, p->seen) == 0) return;
    memcpy(p->seen, now, sizeof now);
    p->since = hal_now(s->hal);
}

/* ----------------------------------------------------------------------------------- printing --
 */

static void breaks_printer(struct sim *s, uint64_t key)
{
    struct zpl_printer_faults *f = zpl_printer_faults(s->printer);
    if (fault_happens(s->faults, FAULT_PAPER_OUT, key, NULL)) {
        f->paper_out = true;
        sim_say(s, "PRINTER  out of paper");
    }
    if (fault_happens(s->faults, FAULT_PRINTER_SILENT, key, NULL)) {
        f->silent = true;
        sim_say(s, "PRINTER  silent");
    }
    if (fault_happens(s->faults, FAULT_PRINTER_POWER, key, NULL)) {
        sim_say(s, "PRINTER  off and on");
        zpl_printer_power_cycle(s->printer);
    }
    if (fault_happens(s->faults, FAULT_PRINTER_GONE, key, NULL)) {
        sim_say(s, "PRINTER  unplugged for a while");
        hal_sim_port_leaves(s->hal, "label-printer", 0);
        hal_sim_port_arrives(s->hal, "label-printer", "simulated printer", 6000);
    }
}

static void looks_after_printer(struct sim *s)
{
    struct zpl_printer_faults *f = zpl_printer_faults(s->printer);
    f->paper_out = f->silent = f->head_open = f->paused = false;
}

static const char *tracking_awaited(const struct sim *s)
{
    for (size_t i = 0; i < s->view.parcel_count; i++)
        if (s->view.parcels[i].current) return s->view.parcels[i].tracking;
    return "";
}

static void ask_for_paper(struct sim *s)
{
    const char *tracking = tracking_awaited(s);
    struct sim_paper *paper = sim_paper_of(s, tracking);
    if (!paper && tracking[0]) {
        paper = &s->paper[s->paper_count++];
        *paper = (struct sim_paper){.copies = 0};
        slice_copy_cut(slice_text(tracking), paper->tracking, sizeof paper->tracking);
    }
    if (paper) paper->asked++;
    sim_command(s, "REPRINT");
}

static void printing(struct sim *s, struct packer *p)
{
    sim_run(s, 300);
    if (waited(s, p) > 10000) looks_after_printer(s);
    if (waited(s, p) < PRINT_MS) return;
    ask_for_paper(s);
    p->since = hal_now(s->hal);
}

static void sticks_label(struct sim *s, struct packer *p, const struct sim_order *o)
{
    uint64_t key = fault_key(o->reference);
    char tracking[64];
    slice_copy_cut(slice_text(tracking_awaited(s)), tracking, sizeof tracking);
    struct sim_paper *paper = sim_paper_of(s, tracking);
    if (paper && paper->copies > 0) {
        if (fault_happens(s->faults, FAULT_VOID, key, NULL)) {
            sim_command(s, "VOID");
            return;
        }
        if (fault_happens(s->faults, FAULT_REPRINT, key, NULL)) {
            ask_for_paper(s);
            return;
        }
        if (!paper->stuck) paper->after = o->saves;
        paper->stuck = true;
        sim_scan(s, tracking);
        return;
    }
    sim_run(s, 500);
    if (waited(s, p) > 20000) looks_after_printer(s);
    if (waited(s, p) < PATIENCE_MS) return;
    ask_for_paper(s);
    p->since = hal_now(s->hal);
}

/* ------------------------------------------------------------------------------------ packing --
 */

static const char *barcode_of(const struct sim_order *o, const char *sku)
{
    for (size_t i = 0; i < o->line_count; i++)
        if (strcmp(o->lines[i].sku, sku) == 0) return o->lines[i].barcode;
    return "";
}

static const struct view_parcel *open_parcel(const struct sim *s)
{
    for (size_t i = 0; i < s->view.parcel_count; i++)
        if (s->view.parcels[i].state == VIEW_PARCEL_OPEN) return &s->view.parcels[i];
    return NULL;
}

static bool closes_parcel(struct sim *s, struct packer *p, const struct sim_order *o)
{
    const struct bench_view *v = &s->view;
    if (v->units_packed.milli == 0 || v->units_packed.milli >= v->units_total.milli) return false;
    if (v->parcel_count != 1) return false;
    if (o->way == WAY_PARCELS) {
        sim_command(s, "NEXT-PARCEL");
        p->parcels_asked++;
        return true;
    }
    if (o->way == WAY_PART && o->saves == 0) {
        sim_command(s, "CLOSE-PARCEL");
        return true;
    }
    return false;
}

/* A refusal moves no count. */
static void scans_wrong_item(struct sim *s)
{
    int64_t before = s->view.units_packed.milli;
    uint64_t boots = s->boots;
    sim_scan(s, "5012345000084");
    if (boots == s->boots && s->view.face == FACE_REFUSED && s->view.units_packed.milli != before)
        sim_fail(s, "S7", "a refused scan changed the count from %lld to %lld",
                 (long long)before / 1000, (long long)s->view.units_packed.milli / 1000);
}

static void packs(struct sim *s, struct packer *p, const struct sim_order *o)
{
    uint64_t key = fault_key(o->reference);
    const struct view_parcel *open = open_parcel(s);
    if (open && !open->packaging[0]) {
        sim_scan(s, "BOX-M");
        return;
    }
    if (fault_happens(s->faults, FAULT_PARK, key, NULL)) {
        sim_command(s, "PARK");
        return;
    }
    if (fault_happens(s->faults, FAULT_WRONG_ITEM, key, NULL)) {
        scans_wrong_item(s);
        return;
    }
    if (closes_parcel(s, p, o)) return;
    for (size_t i = 0; i < s->view.line_count; i++) {
        const struct view_line *l = &s->view.lines[i];
        if (l->packed.milli >= l->to_pack.milli) continue;
        sim_scan(s, barcode_of(o, l->sku));
        return;
    }
    sim_command(s, "CONFIRM");
}

static void acknowledges(struct sim *s, struct sim_order *o)
{
    bool stop = says(s, "bench.stop");
    if (says(s, "bench.unknown_code")) sim_run(s, 2000);
    sim_command(s, "CONFIRM");
    if (stop && (o->clarus_cancelled || o->shop_cancelled)) {
        o->shown_cancelled++;
        if (s->view.face == FACE_IDLE) o->state = ORDER_SET_ASIDE;
    }
}

static void takes_tote(struct sim *s, struct packer *p, struct sim_order *o)
{
    if (o->saves >= packer_saves(o)) {
        o->state = ORDER_SAVED;
        return;
    }
    if (o->tries >= TRIES_MAX) {
        o->state = ORDER_SET_ASIDE;
        return;
    }
    if (o->tries > 0) sim_run(s, REST_MS);
    p->parcels_asked = 0;
    sim_scan(s, o->tries++ % 2 ? o->reference : o->tote);
}

static void world_turns(struct sim *s, struct packer *p, struct sim_order *o)
{
    uint64_t key = fault_key(o->reference), r = 0;
    if (p->acts % 4 == 0) {
        if (fault_happens(s->faults, FAULT_CANCEL_CLARUS, key, NULL)) sim_cancel(s, o, true, true);
        if (fault_happens(s->faults, FAULT_CANCEL_SHOP, key, NULL)) sim_cancel(s, o, false, true);
        breaks_printer(s, key);
    }
    if (p->acts % 8 == 0 && fault_happens(s->faults, FAULT_AWAY, key, &r))
        sim_run(s, 60000 + (int64_t)(r % 1200000));
    if (p->acts % 8 == 4 && fault_happens(s->faults, FAULT_CLOCK, key, &r)) {
        int64_t step = (int64_t)(r % 7200000) - 3600000;
        sim_say(s, "CLOCK    steps %lld ms", (long long)step);
        bool forgot = (r >> 32) % 4 == 0; /* a board without a battery begins in 1970 */
        hal_sim_set_wall(s->hal, forgot ? step + 3600000 : hal_wall(s->hal).ms + step,
                         !forgot && (r & 1));
    }
}

/* Whatever she meant to take, the order on the screen is the one on the bench. */
static struct sim_order *on_bench(struct sim *s, struct sim_order *meant)
{
    for (size_t i = 0; i < s->order_count; i++)
        if (strcmp(s->orders[i].reference, s->view.reference) == 0) return &s->orders[i];
    return meant;
}

/* Scans that answer nothing must change nothing. */
static void waits(struct sim *s, const struct sim_order *o)
{
    uint64_t r = 0;
    if (!fault_happens(s->faults, FAULT_IMPATIENT, fault_key(o->reference), &r))
        sim_run(s, 250);
    else if (r % 3 == 0)
        sim_command(s, "CONFIRM");
    else
        sim_scan(s, r % 3 == 1 ? o->lines[0].barcode : o->tote);
}

void packer_step(struct sim *s, struct packer *p, struct sim_order *o)
{
    o = on_bench(s, o);
    watch(s, p);
    p->acts++;
    world_turns(s, p, o);
    if (!s->station) return;
    switch (s->view.face) {
    case FACE_IDLE:
        takes_tote(s, p, o);
        return;
    case FACE_PACKING:
        packs(s, p, o);
        return;
    case FACE_ATTENTION:
        if (says(s, "bench.confirm_part")) o->way = WAY_PART; /* asked, and confirmed */
        if (says(s, "bench.which_box"))
            sim_scan(s, "BOX-M");
        else
            sim_command(s, "CONFIRM");
        return;
    case FACE_REFUSED:
    case FACE_STOP:
        acknowledges(s, o);
        return;
    case FACE_WAITING:
        waits(s, o);
        return;
    case FACE_LABEL:
        if (says(s, "bench.printing"))
            printing(s, p);
        else
            sticks_label(s, p, o);
        return;
    case FACE_SAVED:
        sim_run(s, 300);
        return;
    }
}

bool packer_pack(struct sim *s, struct packer *p, struct sim_order *o, int64_t ms)
{
    mono_t until = mono_plus(hal_now(s->hal), ms);
    while (o->state == ORDER_TODO && !s->failure[0]) {
        if (mono_reached(hal_now(s->hal), until)) return false;
        packer_step(s, p, o);
        if (s->view.face == FACE_SAVED && o->saves >= packer_saves(o)) o->state = ORDER_SAVED;
    }
    return true;
}
