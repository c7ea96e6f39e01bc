#include "tests/support/driven_packer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define HAND_MS     60   /* between two scans */
#define SAME_MS     400  /* between two scans of the same code: sooner is one read */
#define PATIENCE_MS 900  /* for paper, before it is asked for again */
#define PRINTS_MS   8000 /* for a printer at work */
#define REST_MS     4000 /* before an order that was put aside is taken again */

int64_t driven_now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void driven_packer_open(struct driven_packer *p, struct real_station *station)
{
    memset(p, 0, sizeof *p);
    p->station = station;
    json_free(real_station_ask(station, "/label", "{\"kind\":\"zpl\"}"));
}

void driven_packer_close(struct driven_packer *p)
{
    json_free(p->view);
    p->view = NULL;
}

void driven_packer_place(struct driven_packer *p, size_t count)
{
    for (; count > 0; count--) {
        char body[320];
        assert_true(p->order_count < DRIVEN_ORDERS_MAX);
        struct driven_order *o = &p->orders[p->order_count++];
        unsigned n = (unsigned)(30000 + p->order_count);
        (void)snprintf(o->reference, sizeof o->reference, "WEB-%u", n);
        (void)snprintf(o->tote, sizeof o->tote, "TOTE-%u", n);
        (void)snprintf(body, sizeof body,
                       "{\"reference\":\"%s\",\"tote\":\"%s\",\"lines\":[{\"sku\":\"MUG-RED\","
                       "\"quantity\":1}%s]}",
                       o->reference, o->tote,
                       n % 3 ? "" : ",{\"sku\":\"JAM-RASP\",\"quantity\":1}");
        json_free(real_station_ask(p->station, "/orders", body));
    }
}

/* ----------------------------------------------------------------------------------- looking -- */

static json_node at(const struct driven_packer *p, const char *pointer)
{
    return p->view ? json_at(json_root(p->view), pointer) : NULL;
}

static bool is(const struct driven_packer *p, const char *pointer, const char *text)
{
    return slice_is(json_text(at(p, pointer)), text);
}

static void text(const struct driven_packer *p, const char *pointer, char *out, size_t cap)
{
    slice_copy_cut(json_text(at(p, pointer)), out, cap);
}

static bool is_finished(const struct driven_order *o)
{
    return o->saved > 0 || o->already_sent;
}

bool driven_packer_is_done(const struct driven_packer *p)
{
    for (size_t i = p->finished; i < p->order_count; i++)
        if (!is_finished(&p->orders[i])) return false;
    return true;
}

static struct driven_order *order_of(struct driven_packer *p, const char *reference)
{
    for (size_t i = 0; i < p->order_count; i++)
        if (strcmp(p->orders[i].reference, reference) == 0) return &p->orders[i];
    return NULL;
}

/* SAVED stays on the screen as the last order saved, with its time. */
static void note_saved(struct driven_packer *p)
{
    char reference[24];
    int64_t saved_at = 0;
    text(p, "/last/reference", reference, sizeof reference);
    struct driven_order *o = order_of(p, reference);
    if (!o || json_int(at(p, "/last/saved_at"), 1, INT64_MAX, &saved_at) != ERR_OK) return;
    if (o->saved > 0 && o->saved_at == saved_at) return;
    o->saved++;
    o->saved_at = saved_at;
}

static void look(struct driven_packer *p)
{
    char now[sizeof p->seen], face[24], headline[48], reference[24];
    json_free(p->view);
    p->view = real_station_look(p->station, "/api/bench");
    note_saved(p);
    text(p, "/face", face, sizeof face);
    text(p, "/headline/key", headline, sizeof headline);
    text(p, "/order/reference", reference, sizeof reference);
    (void)snprintf(now, sizeof now, "%s %s %s", face, headline, reference);
    if (strcmp(now, p->seen) == 0) return;
    memcpy(p->seen, now, sizeof now);
    p->since_ms = driven_now_ms();
}

static struct driven_paper *paper_of(struct driven_packer *p, const char *tracking)
{
    for (size_t i = 0; i < p->paper_count; i++)
        if (strcmp(p->papers[i].tracking, tracking) == 0) return &p->papers[i];
    assert_true(p->paper_count < DRIVEN_PAPERS_MAX);
    struct driven_paper *paper = &p->papers[p->paper_count++];
    *paper = (struct driven_paper){.copies = 0};
    (void)snprintf(paper->tracking, sizeof paper->tracking, "%s", tracking);
    return paper;
}

static void take_papers(struct driven_packer *p)
{
    char tracking[64];
    while (real_station_printed(p->station, tracking))
        paper_of(p, tracking)->copies++;
}

/* ------------------------------------------------------------------------------------ acting -- */

static void scan(struct driven_packer *p, const char *code)
{
    int64_t now = driven_now_ms();
    int64_t gap = strcmp(code, p->scanned) == 0 ? SAME_MS : HAND_MS;
    if (now < p->scanned_ms + gap || !real_station_try_scan(p->station, code)) return;
    (void)snprintf(p->scanned, sizeof p->scanned, "%s", code);
    p->scanned_ms = now;
    p->scans++;
}

static void takes_tote(struct driven_packer *p)
{
    int64_t now = driven_now_ms();
    while (p->finished < p->order_count && is_finished(&p->orders[p->finished]))
        p->finished++;
    for (size_t i = p->finished; i < p->order_count; i++) {
        struct driven_order *o = &p->orders[i];
        if (is_finished(o) || now < o->rest_until_ms) continue;
        o->tries++;
        o->rest_until_ms = now + (int64_t)o->tries * REST_MS; /* others have their turn */
        scan(p, o->reference);
        return;
    }
}

static void packs(struct driven_packer *p)
{
    for (json_node n = json_first(at(p, "/parcels")); n; n = json_next(n)) {
        if (!slice_is(json_text(json_member(n, "state")), "open")) continue;
        if (json_text(json_member(n, "packaging")).len > 0) continue;
        scan(p, "BOX-M");
        return;
    }
    for (json_node n = json_first(at(p, "/lines")); n; n = json_next(n)) {
        if (json_bool(json_member(n, "done"), false)) continue;
        bool mug = slice_is(json_text(json_member(n, "sku")), "MUG-RED");
        scan(p, mug ? "5012345000015" : "5012345000046");
        return;
    }
    scan(p, "^P:CONFIRM");
}

static void awaited(const struct driven_packer *p, char out[64])
{
    out[0] = '\0';
    for (json_node n = json_first(at(p, "/parcels")); n; n = json_next(n))
        if (json_bool(json_member(n, "current"), false))
            slice_copy_cut(json_text(json_member(n, "tracking")), out, 64);
}

static void sticks_label(struct driven_packer *p)
{
    char tracking[64];
    awaited(p, tracking);
    if (!tracking[0]) return;
    struct driven_paper *paper = paper_of(p, tracking);
    bool prints = is(p, "/headline/key", "bench.printing");
    if (paper->copies > 0 && !prints) {
        scan(p, tracking);
        return;
    }
    if (driven_now_ms() < p->since_ms + (prints ? PRINTS_MS : PATIENCE_MS)) return;
    p->since_ms = driven_now_ms();
    paper->asked++;
    scan(p, "^P:REPRINT");
}

static void acknowledges(struct driven_packer *p)
{
    char reference[24];
    text(p, "/headline/args/0", reference, sizeof reference);
    struct driven_order *o = order_of(p, reference);
    if (o && is(p, "/headline/key", "bench.already_sent")) o->already_sent = true;
    scan(p, "^P:CONFIRM");
}

void driven_packer_step(struct driven_packer *p)
{
    look(p);
    take_papers(p);
    if (!p->view) return;
    if (is(p, "/face", "idle"))
        takes_tote(p);
    else if (is(p, "/face", "packing"))
        packs(p);
    else if (is(p, "/face", "label"))
        sticks_label(p);
    else if (is(p, "/headline/key", "bench.which_box"))
        scan(p, "BOX-M");
    else if (is(p, "/face", "attention") || is(p, "/face", "refused") || is(p, "/face", "stop"))
        acknowledges(p);
}
