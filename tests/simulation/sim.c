#include "tests/simulation/sim.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/mem.h"
#include "firmware/station/parts.h"
#include "tests/simulation/marks.h"
#include "tests/simulation/net.h"

#define BOOTS_MAX      60
#define START_MS       INT64_C(1773216000000) /* 2026-03-11T08:00:00Z */
#define AGAIN_WITHIN   300                    /* disk operations */
#define CONFIGS        24
#define SCAN_WINDOW_MS 400 /* longer than the window in which a repeat is one read */

/* Nothing of these may stand in a log: secrets, and what the customer is called. */
static const char *const SILENT[] = {"secret-1", "shop-token", "console-token", "Quillfeather",
                                     "Mossgate", "ZZ9 9ZZ",    "q@example.com", "+441999"};

/* ------------------------------------------------------------------------------- telling -- */

void sim_say(struct sim *s, const char *format, ...)
{
    if (!s->o.narrate) return;
    va_list args;
    printf("[%9.1f s] ", (double)hal_now(s->hal).ms / 1000.0);
    va_start(args, format);
    (void)vprintf(format, args);
    va_end(args);
    putchar('\n');
}

/* With damage at rest: no wrong label, nothing in the log, and never a boot loop. */
static bool stays_promised(const char *promise)
{
    return strcmp(promise, "S8") == 0 || strcmp(promise, "S10") == 0 || strcmp(promise, "ROT") == 0;
}

void sim_fail(struct sim *s, const char *promise, const char *format, ...)
{
    if (s->failure[0] || (s->rotten && !stays_promised(promise))) return;
    int n = snprintf(s->failure, sizeof s->failure, "%s: ", promise);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(s->failure + n, sizeof s->failure - (size_t)n, format, args);
    va_end(args);
    sim_say(s, "BROKEN %s", s->failure);
}

static void mix(struct sim *s, struct slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        s->hash = (s->hash ^ bytes.ptr[i]) * UINT64_C(1099511628211);
}

static void on_log(void *ctx, mono_t now, struct slice line)
{
    struct sim *s = ctx;
    (void)now;
    mix(s, line);
    s->marks |= marks_of_line(slice_sub(line, slice_find_byte(line, ' ') + 1, line.len));
    if (s->o.narrate) sim_say(s, "        log  %.*s", SLICE_ARGS(line));
    for (size_t i = 0; i < sizeof SILENT / sizeof *SILENT; i++)
        if (slice_find(line, slice_text(SILENT[i])) < line.len)
            sim_fail(s, "S8", "the log holds \"%s\"", SILENT[i]);
}

/* -------------------------------------------------------------- what the packer was shown -- */

static struct sim_order *order_of(struct sim *s, const char *reference)
{
    for (size_t i = 0; i < s->order_count; i++)
        if (strcmp(s->orders[i].reference, reference) == 0) return &s->orders[i];
    return NULL;
}

static void look(struct sim *s)
{
    if (!s->station || !s->station->bench) return;
    bench_view(s->station->bench, &s->view);
    const struct bench_view *v = &s->view;
    s->marks |= marks_of_word(v->headline.key) | marks_of_word(v->notice.key);
    struct sim_saved *saved = &s->saved;
    if (!v->last_reference[0]) return;
    if (saved->at == v->last_saved_at && strcmp(saved->reference, v->last_reference) == 0) return;
    *saved = (struct sim_saved){.at = v->last_saved_at, .parcels = v->last_parcels};
    memcpy(saved->reference, v->last_reference, sizeof saved->reference);
    struct sim_order *o = order_of(s, saved->reference);
    if (o) o->saves++;
    sim_say(s, "SAVED    %s, %zu parcels", saved->reference, saved->parcels);
}

/* Signals are given while a round is acknowledged: what is shown then counts as told. */
static void on_signal(void *ctx, mono_t now, enum hal_light light, enum hal_tone tone)
{
    (void)now;
    (void)light;
    (void)tone;
    look(ctx);
}

/* -------------------------------------------------------------------------------- printer -- */

static void paper_came(struct sim *s, struct slice zpl)
{
    assert(s->paper_count < SIM_PAPER_MAX);
    char tracking[64] = "";
    struct slice rest = slice_sub(zpl, slice_find(zpl, SLICE("^BC")), zpl.len);
    size_t data = slice_find(rest, SLICE("^FD"));
    rest = slice_sub(rest, data + 3, rest.len);
    slice_copy_cut(slice_sub(rest, 0, slice_find_byte(rest, '^')), tracking, sizeof tracking);
    sim_say(s, "paper    %s", tracking);
    struct sim_paper *p = sim_paper_of(s, tracking);
    if (!p) {
        p = &s->paper[s->paper_count++];
        *p = (struct sim_paper){.copies = 0};
        memcpy(p->tracking, tracking, sizeof p->tracking);
    }
    p->copies++;
}

struct sim_paper *sim_paper_of(struct sim *s, const char *tracking)
{
    for (size_t i = 0; i < s->paper_count; i++)
        if (strcmp(s->paper[i].tracking, tracking) == 0) return &s->paper[i];
    return NULL;
}

static size_t on_write(void *ctx, const char *role, struct slice bytes)
{
    struct sim *s = ctx;
    if (strcmp(role, "label-printer") != 0) return bytes.len;
    return zpl_printer_accept(s->printer, bytes, hal_now(s->hal));
}

static void printer_works(struct sim *s)
{
    uint8_t answer[512];
    zpl_printer_tick(s->printer, hal_now(s->hal));
    size_t len = zpl_printer_answer(s->printer, answer, sizeof answer);
    if (len) hal_sim_port_sends(s->hal, "label-printer", slice_of(answer, len), 5);
    while (s->labels_seen < zpl_printer_label_count(s->printer))
        paper_came(s, zpl_printer_label(s->printer, s->labels_seen++).zpl);
}

/* ---------------------------------------------------------------------------- life and time -- */

static enum disk_fault on_disk(void *ctx, enum disk_op op, uint64_t n)
{
    struct sim *s = ctx;
    if (op == DISK_READ) return DISK_FINE;
    if (n == s->o.cut_at || n == s->cut_again_at) return DISK_CUT;
    if (s->o.cuts && s->o.cuts(s->o.cuts_ctx, n)) return DISK_CUT;
    if (fault_happens(s->faults, FAULT_POWER, 0, NULL)) return DISK_CUT;
    if (fault_happens(s->faults, FAULT_DISK_ERROR, op, NULL)) return DISK_ERROR;
    if (op == DISK_SYNC && fault_happens(s->faults, FAULT_DISK_FORGET, 0, NULL)) return DISK_FORGET;
    return DISK_FINE;
}

static void pass(struct sim *s, int64_t ms)
{
    struct hal_event events[HAL_EVENTS_MAX];
    size_t count = 0;
    mono_t until = mono_plus(hal_now(s->hal), ms);
    while (!mono_reached(hal_now(s->hal), until))
        if (hal_wait(s->hal, until, events, HAL_EVENTS_MAX, &count)) return;
}

static void power_off(struct sim *s)
{
    bool cut = disk_is_dead(s->disk);
    station_free(s->station);
    s->station = NULL;
    hal_sim_power_cut(s->hal, cut);
    disk_revive(s->disk);
    net_forget(s);
}

/* From every surviving disk: ready, or a named fault. */
static bool boot_once(struct sim *s)
{
    struct station_fault fault;
    s->boots++;
    err_t e = station_new(s->hal, s->config, "sim", &s->station, &fault);
    if (!e && !disk_is_dead(s->disk)) return true;
    if (!e) {
        power_off(s);
    } else {
        s->station = NULL;
        bool dead = disk_is_dead(s->disk);
        if (!dead && !fault.reason[0])
            sim_fail(s, "S10", "the station does not start and says no reason: %s", err_name(e));
        if (!dead) s->faults_named++;
        sim_say(s, "FAULT    %s: %s", fault.object, fault.reason);
        hal_sim_power_cut(s->hal, dead);
        disk_revive(s->disk);
        net_forget(s);
    }
    return false;
}

static void boot(struct sim *s)
{
    for (unsigned i = 0; i < BOOTS_MAX; i++) {
        if (boot_once(s)) {
            look(s);
            return;
        }
        pass(s, 1000);
    }
    sim_fail(s, "S10", "the station did not start in %d tries", BOOTS_MAX);
}

/* Somewhere in the start, or soon after it. */
static void power_may_go_again(struct sim *s)
{
    uint64_t r = 0;
    s->cut_again_at = 0;
    if (fault_happens(s->faults, FAULT_POWER_AGAIN, 0, &r))
        s->cut_again_at = disk_operations(s->disk) + 1 + r % AGAIN_WITHIN;
}

static void power_comes_back(struct sim *s)
{
    s->cuts++;
    sim_say(s, "POWER    gone");
    power_off(s);
    pass(s, 1000 + (int64_t)(fault_mix(s->o.seed, s->cuts) % 20000));
    sim_say(s, "POWER    back");
    power_may_go_again(s);
    boot(s);
}

static void same_time(struct sim *s)
{
    mono_t now = hal_now(s->hal);
    s->rounds_same_time = now.ms == s->last_time.ms ? s->rounds_same_time + 1 : 0;
    s->last_time = now;
    if (s->rounds_same_time > s->rounds_same_time_max)
        s->rounds_same_time_max = s->rounds_same_time;
    if (s->rounds_same_time > 2000) sim_fail(s, "S9", "2000 rounds without time passing");
}

static void round_once(struct sim *s)
{
    enum station_next next;
    struct station_fault fault;
    err_t e = station_round(s->station, &next, &fault);
    s->rounds++;
    same_time(s);
    if (disk_is_dead(s->disk)) {
        power_comes_back(s);
        return;
    }
    printer_works(s);
    net_land_late(s);
    if (e) {
        sim_say(s, "STOPPED  %s: %s", fault.object, fault.reason);
        s->faults_named++;
        disk_kill(s->disk);
        power_off(s);
        pass(s, 1000);
        boot(s);
    }
}

void sim_run(struct sim *s, int64_t ms)
{
    mono_t until = mono_plus(hal_now(s->hal), ms);
    while (!mono_reached(hal_now(s->hal), until) && !s->failure[0] && s->station) {
        hal_sim_wait_until(s->hal, until);
        round_once(s);
    }
    hal_sim_wait_until(s->hal, MONO_NEVER);
    look(s);
}

/* ------------------------------------------------------------------------------------ acts -- */

static void send_scan(struct sim *s, const char *frame, size_t len)
{
    uint64_t where = 0;
    uint64_t key = fault_key("scanner");
    if (fault_happens(s->faults, FAULT_SCAN_LOST, key, NULL)) return;
    if (fault_happens(s->faults, FAULT_SCAN_NOISE, key, NULL))
        hal_sim_port_sends(s->hal, "scanner", SLICE("\x80\x01\x7f\r"), 0);
    if (fault_happens(s->faults, FAULT_SCAN_SPLIT, key, &where)) {
        size_t cut = (size_t)(where % len);
        hal_sim_port_sends(s->hal, "scanner", slice_of(frame, cut), 0);
        hal_sim_port_sends(s->hal, "scanner", slice_of(frame + cut, len - cut), 15);
    } else {
        hal_sim_port_sends(s->hal, "scanner", slice_of(frame, len), 0);
    }
    if (fault_happens(s->faults, FAULT_SCAN_TWICE, key, NULL))
        hal_sim_port_sends(s->hal, "scanner", slice_of(frame, len), 30);
}

void sim_restart(struct sim *s)
{
    sim_say(s, "KILLED");
    disk_kill(s->disk);
    power_off(s);
    pass(s, 500);
    boot(s);
}

static void take_away(struct sim *s, const char *name)
{
    err_t e = disk_rename(s->disk, name, "taken-away");
    assert(!e || e == ERR_NOTFOUND);
    (void)e;
}

void sim_reflash(struct sim *s)
{
    sim_say(s, "REFLASHED");
    disk_kill(s->disk);
    power_off(s);
    take_away(s, SIM_STORE);
    take_away(s, SIM_STORE "-wal");
    for (size_t i = 0; i < s->paper_count; i++) /* the numbers of our tags begin anew */
        if (strncmp(s->paper[i].tracking, "TAG-", 4) == 0) s->paper[i].tracking[0] = '\0';
    pass(s, 500);
    boot(s);
}

void sim_scan(struct sim *s, const char *text)
{
    char frame[256];
    int len = snprintf(frame, sizeof frame, "%s\r", text);
    sim_run(s, SCAN_WINDOW_MS);
    if (!s->station) return;
    if (fault_happens(s->faults, FAULT_KILL, 0, NULL)) sim_restart(s);
    send_scan(s, frame, (size_t)len);
    sim_run(s, 60);
    sim_say(s, "scan     %-22s -> %s(%s, %s) %s", text, s->view.headline.key,
            s->view.headline.arg[0], s->view.headline.arg[1], s->view.notice.key);
}

void sim_command(struct sim *s, const char *name)
{
    char text[64];
    (void)snprintf(text, sizeof text, "^P:%s", name);
    sim_scan(s, text);
}

void sim_cancel(struct sim *s, struct sim_order *o, bool clarus, bool shop)
{
    int64_t at = net_now(s);
    struct peer_change c = {.kind = PEER_CLARUS_CANCEL, .reference = o->reference};
    if (clarus && !o->clarus_cancelled && peers_order_change(s->peers, at, &c) == ERR_OK) {
        o->clarus_cancelled = true;
        o->clarus_cancelled_at = at;
        sim_say(s, "CANCEL   %s in Clarus", o->reference);
    }
    c.kind = PEER_SHOP_CANCEL;
    if (shop && !o->shop_cancelled && peers_order_change(s->peers, at, &c) == ERR_OK) {
        o->shop_cancelled = true;
        o->shop_cancelled_at = at;
        sim_say(s, "CANCEL   %s in the shop", o->reference);
    }
}

int64_t sim_number(struct sim *s, const char *sql, const char *text)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    if (!s->station || !s->station->store) return -1;
    if (store_prepare(s->station->store, sql, &q) != ERR_OK) return -1;
    if (text) store_bind_text(q, 1, text);
    if (store_step(s->station->store, q, &row) != ERR_OK || !row) return -1;
    return store_int(q, 0);
}

int64_t sim_waiting(struct sim *s)
{
    return sim_number(s,
                      "SELECT count(*) FROM message m WHERE m.state IN (0, 1, 2) AND NOT EXISTS "
                      "(SELECT 1 FROM message p WHERE p.consignment_id = m.consignment_id AND "
                      "p.state IN (3, 4))",
                      NULL);
}

bool sim_is_drained(struct sim *s)
{
    return sim_waiting(s) == 0;
}

/* -------------------------------------------------------------------------- making a world -- */

struct goods {
    const char *sku, *name, *barcode;
};
static const struct goods GOODS[] = {{"MUG-RED", "Stoneware mug, red", "5012345000015"},
                                     {"JAM-RASP", "Raspberry jam, 340 g", "5012345000046"},
                                     {"LAMP-OAK", "Oak table lamp", "5012345000077"},
                                     {"THROW-WOOL", "Wool throw, grey", "5012345000084"}};

static void add_goods(struct sim *s)
{
    for (size_t i = 0; i < sizeof GOODS / sizeof *GOODS; i++) {
        struct peer_product_spec spec = {.sku = GOODS[i].sku,
                                         .name = GOODS[i].name,
                                         .barcode = GOODS[i].barcode,
                                         .weight_g = 400};
        err_t e = peers_product_add(s->peers, &spec);
        assert(!e);
        (void)e;
    }
}

struct sim_order *sim_add_order(struct sim *s, const struct sim_line *lines, size_t count,
                                enum sim_way way, bool note)
{
    assert(s->order_count < SIM_ORDERS_MAX && count <= SIM_LINES_MAX);
    struct sim_order *o = &s->orders[s->order_count];
    *o = (struct sim_order){.line_count = count, .way = way, .note = note};
    (void)snprintf(o->reference, sizeof o->reference, "WEB-%u", (unsigned)(20001 + s->order_count));
    (void)snprintf(o->tote, sizeof o->tote, "TOTE-%u", (unsigned)(501 + s->order_count));
    for (size_t i = 0; i < count; i++) {
        o->lines[i] = lines[i];
        o->units += lines[i].quantity;
    }
    s->order_count++;
    return o;
}

void sim_place_order(struct sim *s, struct sim_order *o)
{
    if (o->placed) return;
    struct peer_order_spec spec = {.reference = o->reference,
                                   .tote = o->tote,
                                   .packing_notes = o->note ? "Wrap it well" : NULL,
                                   .address_count = 1,
                                   .line_count = o->line_count};
    spec.addresses[0] = (struct peer_address_spec){.name = "Ada Quillfeather",
                                                   .street1 = "1 Mossgate Row",
                                                   .town = "Leeds",
                                                   .postcode = "ZZ9 9ZZ",
                                                   .email = "q@example.com",
                                                   .phone = "+441999000000"};
    for (size_t i = 0; i < o->line_count; i++)
        spec.lines[i] =
            (struct peer_line_spec){.sku = o->lines[i].sku, .quantity = o->lines[i].quantity};
    err_t e = peers_order_place(s->peers, net_now(s), &spec);
    assert(!e);
    (void)e;
    o->placed = true;
}

static void set_secrets(struct hal *hal)
{
    hal_sim_set_secret(hal, "clarus-client-id", "bench-1");
    hal_sim_set_secret(hal, "clarus-client-secret", "secret-1");
    hal_sim_set_secret(hal, "shop-token", "shop-token");
    hal_sim_set_secret(hal, "console-token", "console-token-for-tests");
}

static struct config *read_config(struct hal *hal)
{
    struct config_faults faults;
    struct config *config = mem_alloc(sizeof *config);
    memset(&faults, 0, sizeof faults);
    assert(config);
    err_t e = config_read(hal, true, config, &faults);
    assert(!e);
    (void)e;
    return config;
}

static uint32_t one_of(uint64_t *dice, uint32_t a, uint32_t b, uint32_t c)
{
    const uint32_t all[] = {a, b, c};
    *dice = fault_mix(*dice, 17);
    return all[*dice % 3];
}

/* Limits and times a site may set, down to the smallest allowed. */
static void squeeze(struct config *config, uint64_t dice)
{
    struct config_clarus *k = &config->site.clarus;
    struct config_channel *c = &config->site.channels[0];
    k->poll_s = one_of(&dice, 15, 40, 180);
    k->timeout_ms = one_of(&dice, 2000, 8000, 60000);
    k->submit_timeout_ms = one_of(&dice, 3000, 20000, 120000);
    k->settle_ms = one_of(&dice, 500, 4000, 30000);
    k->settle_reads = one_of(&dice, 1, 2, 6);
    k->label_wait_s = one_of(&dice, 5, 20, 300);
    k->pace_per_minute = one_of(&dice, 0, 60, 400);
    c->timeout_ms = one_of(&dice, 2000, 8000, 60000);
    c->settle_ms = one_of(&dice, 500, 2000, 30000);
    c->settle_reads = one_of(&dice, 1, 2, 5);
    c->pace_per_minute = one_of(&dice, 60, 150, 0);
    config->site.benches = one_of(&dice, 1, 1, 3);
    config->site.max_state_age_s = one_of(&dice, 0, 60, 3600);
    config->site.alerts.attempts = one_of(&dice, 1, 4, 100);
    config->site.alerts.age_min = one_of(&dice, 1, 10, 600);
}

/* Each read once for the process. The first is that of the demonstration. */
static const struct config *the_config(struct hal *hal, uint64_t seed, bool shrinks)
{
    static struct config *configs[CONFIGS];
    size_t i = shrinks && fault_mix(seed, 3) % 2 ? (size_t)(fault_mix(seed, 4) % CONFIGS) : 0;
    if (configs[i]) return configs[i];
    configs[i] = read_config(hal);
    if (i > 0) squeeze(configs[i], i);
    return configs[i];
}

struct sim *sim_new(const struct sim_options *options)
{
    struct sim *s = mem_alloc(sizeof *s);
    assert(s);
    s->o = *options;
    s->faults = options->faults;
    struct disk_options dopt = {.seed = options->seed};
    err_t e = disk_new(&dopt, &s->disk);
    struct hal_sim_options ho = {
        .seed = options->seed + 11, .store_path = SIM_STORE, .disk = s->disk, .wall_ms = START_MS};
    if (!e) e = hal_sim_open(&ho, &s->hal);
    struct peers_options po = {
        .seed = options->seed + 7, .clarus_base = NET_CLARUS, .label = PEER_LABEL_ZPL};
    s->peers = peers_new(&po);
    s->printer = zpl_printer_new(NULL);
    assert(!e && s->printer);
    set_secrets(s->hal);
    s->config = the_config(s->hal, options->seed, options->faults != NULL);
    add_goods(s);
    return s;
}

static void on_reply(void *ctx, mono_t now, hal_request_t id, int status, struct slice body)
{
    struct sim *s = ctx;
    (void)now;
    (void)id;
    (void)body;
    s->last_status = status;
}

void sim_start(struct sim *s)
{
    struct hal_sim_observer observer = {
        .ctx = s, .log = on_log, .signal = on_signal, .reply = on_reply};
    hal_sim_observe(s->hal, &observer);
    hal_sim_on_http(s->hal, net_request, s);
    hal_sim_on_write(s->hal, on_write, s);
    hal_sim_port_arrives(s->hal, "scanner", "simulated scanner", 0);
    hal_sim_port_arrives(s->hal, "label-printer", "simulated printer", 0);
    disk_on_operation(s->disk, on_disk, s);
    boot(s);
    sim_run(s, 5000);
}

void sim_free(struct sim *s)
{
    if (!s) return;
    disk_on_operation(s->disk, NULL, NULL);
    station_free(s->station);
    net_free(s);
    zpl_printer_free(s->printer);
    peers_free(s->peers);
    hal_sim_close(s->hal);
    disk_free(s->disk);
    mem_free(s);
}
