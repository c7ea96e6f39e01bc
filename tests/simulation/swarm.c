#include "tests/simulation/swarm.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/mem.h"
#include "firmware/base/text.h"
#include "firmware/station/parts.h"
#include "tests/simulation/check.h"
#include "tests/simulation/lead.h"
#include "tests/simulation/marks.h"
#include "tests/simulation/packer.h"

#define ORDERS_MIN   8
#define ORDERS_MAX   64
#define AHEAD_MAX    8
#define CHECK_BEHIND 6 /* orders looked at again while the world is still broken */

#define OUTAGE_MS (UINT64_C(4) * 3600000)
#define CHAOS_MS  (INT64_C(10) * 60000) /* for one order, before the packer takes the next */
#define HEAL_MS   (INT64_C(90) * 60000)

static const struct sim_line GOODS[] = {{"MUG-RED", "5012345000015", 1},
                                        {"JAM-RASP", "5012345000046", 1},
                                        {"LAMP-OAK", "5012345000077", 1}};

static void add_orders(struct sim *s)
{
    uint64_t seed = s->o.seed;
    size_t count = ORDERS_MIN + (size_t)(fault_mix(seed, 1) % (ORDERS_MAX - ORDERS_MIN + 1));
    for (size_t i = 0; i < count; i++) {
        uint64_t r = fault_mix(seed, 100 + i);
        struct sim_line lines[3];
        size_t n = 1 + (size_t)(r % 2);
        for (size_t k = 0; k < n; k++) {
            lines[k] = GOODS[(r + k) % 3];
            lines[k].quantity = 1 + (uint32_t)((r >> (8 + k * 4)) % 3);
        }
        unsigned way = (unsigned)((r >> 32) % 8);
        if (way == 1) lines[0].quantity = 1; /* less than a task of Clarus waits for the lead */
        (void)sim_add_order(s, lines, n,
                            way == 0   ? WAY_PARCELS
                            : way == 1 ? WAY_PART
                                       : WAY_WHOLE,
                            (r >> 40) % 4 == 0);
    }
}

/* Orders come while others are packed, a few ahead of the bench. */
static void place_orders(struct sim *s, size_t packed)
{
    size_t ahead = packed + 1 + (size_t)(fault_mix(s->o.seed, 2) % AHEAD_MAX);
    for (size_t i = 0; i < s->order_count && i < ahead; i++)
        sim_place_order(s, &s->orders[i]);
}

static void breaks_world(struct sim *s, const struct sim_order *o)
{
    uint64_t key = fault_key(o->reference), r = 0;
    if (fault_happens(s->faults, FAULT_OUTAGE, key, &r)) {
        mono_t until = mono_plus(hal_now(s->hal), (int64_t)(r % OUTAGE_MS));
        if (r >> 40 & 1) s->offline_until[PEER_CLARUS] = until;
        if (r >> 41 & 1 || !(r >> 40 & 1)) s->offline_until[PEER_SHOP] = until;
        sim_say(s, "NETWORK  %s gone until %.1f s", r >> 40 & 1 ? "Clarus" : "the shop",
                (double)until.ms / 1000.0);
    }
    if (fault_happens(s->faults, FAULT_DENIED, key, &r)) {
        s->denied_until = mono_plus(hal_now(s->hal), (int64_t)(r % 1200000));
        sim_say(s, "DENIED   until %.1f s", (double)s->denied_until.ms / 1000.0);
    }
    disk_set_room(s->disk, 0);
    if (fault_happens(s->faults, FAULT_DISK_FULL, key, &r)) {
        uint64_t left = disk_room_left(s->disk);
        disk_set_room(s->disk, UINT64_MAX - left + r % 65536);
        sim_say(s, "DISK     full");
    }
    if (fault_happens(s->faults, FAULT_ROT, key, &r)) {
        s->rotten = true;
        disk_rot(s->disk, SIM_STORE, 1u << (r % 8), r);
        sim_say(s, "DISK     %u bits flip", 1u << (r % 8));
        if (r >> 8 & 1) sim_restart(s);
    }
}

/* True when the station holds nothing that anybody will ask for: what was packed is delivered, and
 * nothing was begun. */
static bool holds_nothing(struct sim *s, size_t packed)
{
    if (!s->station || s->view.face != FACE_IDLE || !sim_is_drained(s)) return false;
    if (sim_number(s, "SELECT count(*) FROM exception WHERE open = 1", NULL) != 0) return false;
    for (size_t i = 0; i <= packed; i++) {
        const struct sim_order *o = &s->orders[i];
        if (o->state != ORDER_SAVED || o->clarus_cancelled || o->shop_cancelled) return false;
    }
    return true;
}

static void makes_board_anew(struct sim *s, size_t packed)
{
    if (!fault_happens(s->faults, FAULT_REFLASH, fault_key(s->orders[packed].reference), NULL))
        return;
    for (unsigned i = 0; i < 20 && !holds_nothing(s, packed) && !s->failure[0]; i++)
        sim_run(s, 3000);
    if (holds_nothing(s, packed)) sim_reflash(s);
}

static void chaos(struct sim *s, struct packer *p)
{
    for (size_t i = 0; i < s->order_count && !s->failure[0]; i++) {
        place_orders(s, i);
        breaks_world(s, &s->orders[i]);
        (void)packer_pack(s, p, &s->orders[i], CHAOS_MS);
        lead_acts(s, &s->orders[i]);
        s->check_from = i > CHECK_BEHIND ? i - CHECK_BEHIND : 0;
        s->check_to = i + 1;
        check_always(s);
        makes_board_anew(s, i);
    }
}

static void heal(struct sim *s, struct packer *p)
{
    sim_say(s, "HEALED");
    if (s->faults) s->faults->quiet = true;
    disk_set_room(s->disk, 0);
    s->offline_until[PEER_CLARUS] = s->offline_until[PEER_SHOP] = hal_now(s->hal);
    s->denied_until = hal_now(s->hal);
    struct zpl_printer_faults *f = zpl_printer_faults(s->printer);
    *f = (struct zpl_printer_faults){.paper_out = false};
    hal_sim_port_arrives(s->hal, "label-printer", "simulated printer", 0);
    for (size_t i = 0; i < s->order_count; i++) {
        s->orders[i].tries = 0;
        bool cancelled = s->orders[i].clarus_cancelled || s->orders[i].shop_cancelled;
        if (s->orders[i].state == ORDER_SET_ASIDE && !cancelled) s->orders[i].state = ORDER_TODO;
        (void)packer_pack(s, p, &s->orders[i], HEAL_MS);
    }
    for (int64_t passed = 0; passed < HEAL_MS && !sim_is_drained(s) && !s->failure[0];
         passed += 5000)
        sim_run(s, 5000);
    sim_run(s, 60000);
    check_healed(s);
}

static void mark_exceptions(struct sim *s)
{
    static const char SQL[] = "SELECT DISTINCT rule FROM exception";
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    if (!s->station || store_prepare(s->station->store, SQL, &q)) return;
    while (store_step(s->station->store, q, &row) == ERR_OK && row) {
        char rule[RULE_CAP];
        store_text(q, 0, rule, sizeof rule);
        s->marks |= marks_of_word(rule);
    }
}

static void sum_up(struct sim *s, struct swarm_result *out)
{
    mark_exceptions(s);
    *out = (struct swarm_result){.seed = s->o.seed,
                                 .cuts = s->cuts,
                                 .boots = s->boots,
                                 .faults_named = s->faults_named,
                                 .operations = disk_operations(s->disk),
                                 .rounds = s->rounds,
                                 .requests = s->requests,
                                 .marks = s->marks,
                                 .hash = s->hash,
                                 .virtual_ms = hal_now(s->hal).ms};
    memcpy(out->failure, s->failure, sizeof out->failure);
    for (size_t i = 0; i < s->order_count; i++) {
        out->orders += s->orders[i].state == ORDER_SAVED;
        out->set_aside += s->orders[i].state == ORDER_SET_ASIDE;
        out->saves += s->orders[i].saves;
    }
}

void swarm_run(struct fault_plan *plan, bool narrate, struct swarm_result *out)
{
    struct packer p = {.acts = 0};
    struct sim_options o = {.seed = plan->seed, .narrate = narrate, .faults = plan};
    struct sim *s = sim_new(&o);
    add_orders(s);
    place_orders(s, 0);
    sim_start(s);
    chaos(s, &p);
    heal(s, &p);
    sum_up(s, out);
    sim_free(s);
}

/* -------------------------------------------------------------------------------------- plans --
 */

/* The next word of a line; empty at its end. */
static struct slice word(struct slice *line)
{
    *line = slice_trim(*line);
    size_t end = slice_find_byte(*line, ' ');
    struct slice w = slice_sub(*line, 0, end);
    *line = slice_sub(*line, end, line->len);
    return w;
}

static bool number(struct slice text, int64_t *out)
{
    return text_int(text, INT64_MIN, INT64_MAX, out) == ERR_OK;
}

static bool read_line(struct slice line, struct fault_plan *out)
{
    int64_t a = 0, b = 0;
    struct slice first = word(&line);
    if (first.len == 0 || first.ptr[0] == '#') return true;
    if (slice_is(first, "seed")) {
        if (!number(word(&line), &a)) return false;
        out->seed = (uint64_t)a;
        return true;
    }
    enum fault_class class;
    if (!slice_is(first, "fault") || fault_class_of(word(&line), &class)) return false;
    if (!number(word(&line), &a) || !number(word(&line), &b)) return false;
    if (out->list_count == FAULT_FIRED_MAX) return false;
    out->list[out->list_count++] = (struct fault_fired){class, (uint64_t)a, (uint32_t)b};
    return true;
}

err_t swarm_plan_read(struct slice text, struct fault_plan *out, unsigned *out_line)
{
    fault_plan_none(out);
    for (*out_line = 1; text.len > 0; ++*out_line) {
        size_t end = slice_find_byte(text, '\n');
        if (!read_line(slice_sub(text, 0, end), out)) return ERR_PROTO;
        text = slice_sub(text, end + 1, text.len);
    }
    return ERR_OK;
}

void swarm_plan_write(const struct fault_plan *plan, struct buf *out)
{
    buf_printf(out, "seed %lld\n", (long long)plan->seed);
    for (size_t i = 0; i < plan->fired_count; i++)
        buf_printf(out, "fault %s %lld %u\n", fault_name(plan->fired[i].class),
                   (long long)plan->fired[i].key, plan->fired[i].n);
}

static void start_again(struct fault_plan *p)
{
    p->quiet = false;
    p->fired_count = 0;
    memset(p->seen, 0, sizeof p->seen);
    memset(p->counts, 0, sizeof p->counts);
}

/* The promise is what stands before the colon. */
static bool same_promise(const char *a, const char *b)
{
    size_t len = strcspn(a, ":");
    return a[0] && strncmp(a, b, len + 1) == 0;
}

static bool still_breaks(struct fault_plan *p, const char *failure)
{
    struct swarm_result r;
    start_again(p);
    swarm_run(p, false, &r);
    return same_promise(failure, r.failure);
}

void swarm_minimise(struct fault_plan *plan, const char *failure)
{
    struct fault_plan *less = mem_alloc(sizeof *less);
    assert(less);
    for (size_t chunk = plan->list_count / 2 + 1; chunk > 0; chunk /= 2) {
        size_t at = 0;
        while (at < plan->list_count) {
            size_t n = at + chunk < plan->list_count ? chunk : plan->list_count - at;
            memcpy(less, plan, sizeof *less);
            memmove(&less->list[at], &less->list[at + n],
                    (plan->list_count - at - n) * sizeof *less->list);
            less->list_count -= n;
            if (still_breaks(less, failure))
                memcpy(plan, less, sizeof *plan);
            else
                at += chunk;
        }
    }
    mem_free(less);
}
