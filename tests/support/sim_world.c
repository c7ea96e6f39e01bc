#include "tests/support/sim_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/mem.h"
#include "firmware/station/parts.h"

#define CLARUS_URL "http://127.0.0.1:8481"
#define SHOP_URL   "http://127.0.0.1:8482"
#define LATENCY_MS 40
#define LOG_MAX    (8u << 20)
#define RESTART_MS 1000
#define SPIN_MAX   2000 /* rounds without time passing: the station spins */

/* -------------------------------------------------------------------------------- the network --
 */

static const char *method_name(enum hal_method m)
{
    static const char *const names[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    return names[m];
}

static bool unreachable(const struct sim_world *w, enum peer which)
{
    return w->offline || (which == PEER_SHOP ? w->shop_offline : w->clarus_offline);
}

static void take_reply(const struct peer_reply *from, struct hal_sim_reply *to)
{
    to->delay_ms = LATENCY_MS + from->delay_ms;
    if (from->outcome != PEER_ANSWER) {
        to->outcome = HAL_HTTP_UNKNOWN;
        return;
    }
    to->outcome = HAL_HTTP_ANSWERED;
    to->status = from->status;
    for (size_t i = 0; i < from->header_count; i++)
        buf_printf(&to->headers, "%s: %s\r\n", from->headers[i].name, from->headers[i].value);
    buf_put(&to->body, buf_slice(&from->body));
}

void world_ask_peers(struct sim_world *w, enum peer which, const struct hal_http_request *q,
                     struct hal_sim_reply *reply)
{
    struct slice url = slice_text(q->url);
    char target[2048];
    slice_copy_cut(slice_sub(url, strlen(CLARUS_URL), url.len), target, sizeof target);
    char *query = strchr(target, '?');
    if (query) *query++ = 0;
    struct peer_header headers[HAL_HTTP_HEADERS_MAX];
    for (size_t i = 0; i < q->header_count; i++)
        headers[i] = (struct peer_header){q->headers[i].name, q->headers[i].value};
    struct peer_request request = {.method = method_name(q->method),
                                   .path = target,
                                   .query = query,
                                   .headers = headers,
                                   .header_count = q->header_count,
                                   .body = q->body};
    struct peer_reply answer;
    peer_reply_init(&answer);
    peers_handle(w->peers, which, hal_wall(w->hal).ms, &request, &answer);
    take_reply(&answer, reply);
    peer_reply_deinit(&answer);
}

static void on_http(void *ctx, mono_t now, const struct hal_http_request *q,
                    struct hal_sim_reply *reply)
{
    struct sim_world *w = ctx;
    (void)now;
    struct slice url = slice_text(q->url);
    enum peer which = slice_starts(url, SHOP_URL) ? PEER_SHOP : PEER_CLARUS;
    assert_true(which == PEER_SHOP || slice_starts(url, CLARUS_URL));
    if (unreachable(w, which)) return;
    if (w->hook && w->hook(w, which, q, reply)) return;
    world_ask_peers(w, which, q, reply);
}

/* -------------------------------------------------------------------------------- the devices --
 */

static size_t on_write(void *ctx, const char *role, struct slice bytes)
{
    struct sim_world *w = ctx;
    if (w->port) return w->port(w, role, bytes);
    assert_string_equal(role, "label-printer");
    return zpl_printer_accept(w->printer, bytes, hal_now(w->hal));
}

static void printer_works(struct sim_world *w)
{
    uint8_t answer[512];
    zpl_printer_tick(w->printer, hal_now(w->hal));
    size_t len = zpl_printer_answer(w->printer, answer, sizeof answer);
    if (len) hal_sim_port_sends(w->hal, "label-printer", slice_of(answer, len), 5);
}

static void on_log(void *ctx, mono_t now, struct slice line)
{
    struct sim_world *w = ctx;
    buf_printf(&w->log, "[%8lld] %.*s\n", (long long)now.ms, SLICE_ARGS(line));
}

/* ------------------------------------------------------------------------------- life and time --
 */

static void start_station(struct sim_world *w)
{
    struct station_fault fault;
    hal_sim_on_http(w->hal, on_http, w);
    hal_sim_on_write(w->hal, on_write, w);
    struct hal_sim_observer observer = {.ctx = w, .log = on_log};
    hal_sim_observe(w->hal, &observer);
    err_t e = station_new(w->hal, w->config, "test", &w->station, &fault);
    if (!e) return;
    if (!w->supervised) fail_msg("the station does not start: %s: %s", fault.object, fault.reason);
    w->station = NULL;
    w->fault = fault;
}

/* As systemd: after a while the program is started again. */
static void supervise(struct sim_world *w)
{
    struct hal_event events[HAL_EVENTS_MAX];
    size_t count;
    station_free(w->station);
    w->station = NULL;
    w->restarts++;
    hal_sim_power_cut(w->hal, false);
    mono_t until = mono_plus(hal_now(w->hal), RESTART_MS);
    while (!mono_reached(hal_now(w->hal), until))
        assert_int_equal(hal_wait(w->hal, until, events, HAL_EVENTS_MAX, &count), ERR_OK);
    start_station(w);
}

static void read_config(struct sim_world *w, const char *site, const char *station)
{
    struct config_faults faults;
    memset(&faults, 0, sizeof faults);
    w->config = mem_alloc(sizeof *w->config);
    assert_non_null(w->config);
    if (site) hal_sim_set_document(w->hal, "site.json", site);
    if (station) hal_sim_set_document(w->hal, "station.json", station);
    hal_sim_set_secret(w->hal, "clarus-client-id", "bench-1");
    hal_sim_set_secret(w->hal, "clarus-client-secret", "secret-1");
    hal_sim_set_secret(w->hal, "shop-token", "shop-token");
    hal_sim_set_secret(w->hal, "console-token", "console-token-for-tests");
    err_t e = config_read(w->hal, true, w->config, &faults);
    char room[1024];
    struct buf text = buf_over(room, sizeof room);
    if (e) {
        config_fault_text(&faults.items[0], &text);
        fail_msg("configuration: %s", buf_cstr(&text));
    }
}

/* Virtual time needs no durable disk: memory where there is one. */
static void make_folder(struct sim_world *w, const char *base)
{
    bool memory = access("/dev/shm", W_OK) == 0;
    if (!base) base = memory ? "/dev/shm" : "/tmp";
    (void)snprintf(w->folder, sizeof w->folder, "%s/station-XXXXXX", base);
    assert_non_null(mkdtemp(w->folder));
    (void)snprintf(w->path, sizeof w->path, "%s/packd.db", w->folder);
}

static void open_hal(struct sim_world *w, const struct sim_world_options *o)
{
    struct hal_sim_options ho = {.seed = 11,
                                 .store_path = w->path,
                                 .store_vfs = o->store_vfs,
                                 .disk = o->disk,
                                 .wall_ms = o->wall_ms};
    assert_int_equal(hal_sim_open(&ho, &w->hal), ERR_OK);
    if (o->wall_untrusted) hal_sim_set_wall(w->hal, hal_wall(w->hal).ms, false);
    if (o->job) hal_sim_on_job(w->hal, o->job, o->ctx);
}

static void make_peers(struct sim_world *w, const struct sim_world_options *o)
{
    struct peers_options po = {.seed = 7, .label = PEER_LABEL_ZPL};
    if (o->peers) po = *o->peers;
    po.clarus_base = CLARUS_URL;
    w->peers = peers_new(&po);
    peers_seed_demo(w->peers, hal_wall(w->hal).ms);
    if (o->fault) (void)peers_fault_add(w->peers, o->fault);
}

struct sim_world *world_new(const struct sim_world_options *options)
{
    static const struct sim_world_options usual;
    const struct sim_world_options *o = options ? options : &usual;
    struct sim_world *w = mem_alloc(sizeof *w);
    assert_non_null(w);
    w->log = buf_new(LOG_MAX);
    w->narrate = getenv("NARRATE") != NULL;
    w->hook = o->hook;
    w->port = o->port;
    w->ctx = o->ctx;
    w->supervised = o->supervised;
    make_folder(w, o->base);
    open_hal(w, o);
    make_peers(w, o);
    w->printer = zpl_printer_new(NULL);
    assert_non_null(w->printer);
    read_config(w, o->site, o->station);
    hal_sim_port_arrives(w->hal, "scanner", "simulated scanner", 0);
    hal_sim_port_arrives(w->hal, "label-printer", "simulated printer", 0);
    start_station(w);
    world_run(w, 20000);
    return w;
}

void world_free(struct sim_world *w)
{
    station_free(w->station);
    zpl_printer_free(w->printer);
    peers_free(w->peers);
    mem_free(w->config);
    hal_sim_close(w->hal);
    buf_deinit(&w->log);
    char command[96];
    (void)snprintf(command, sizeof command, "rm -r %s", w->folder);
    assert_int_equal(system(command), 0);
    mem_free(w);
}

static void round_once(struct sim_world *w)
{
    enum station_next next;
    struct station_fault fault;
    mono_t before = hal_now(w->hal);
    if (!w->station) {
        supervise(w);
        return;
    }
    err_t e = station_round(w->station, &next, &fault);
    if (e && !w->supervised) fail_msg("the station stopped: %s: %s", fault.object, fault.reason);
    if (e) {
        w->fault = fault;
        supervise(w);
        return;
    }
    w->rounds++;
    w->still = hal_now(w->hal).ms == before.ms ? w->still + 1 : 0;
    if (w->still > SPIN_MAX) {
        size_t from = w->log.len > 2000 ? w->log.len - 2000 : 0;
        fail_msg("the station spins\n%.*s",
                 SLICE_ARGS(slice_sub(buf_slice(&w->log), from, w->log.len)));
    }
    printer_works(w);
}

void world_run(struct sim_world *w, int64_t ms)
{
    mono_t until = mono_plus(hal_now(w->hal), ms);
    hal_sim_event(w->hal, HAL_EV_CONSOLE_CLOSED,
                  ms); /* of a reader nobody knows: ends the last wait in time */
    while (!mono_reached(hal_now(w->hal), until))
        round_once(w);
    if (w->station)
        bench_view(w->station->bench, &w->view);
    else
        memset(&w->view, 0, sizeof w->view);
}

static void narrate(const struct sim_world *w, const char *what)
{
    if (!w->narrate) return;
    static const char *const faces[] = {"idle", "packing", "attention", "refused",
                                        "stop", "waiting", "label",     "saved"};
    printf("[%8lld] %-24s -> %-9s %s(%s, %s) | %s(%s) | %s(%s)\n", (long long)hal_now(w->hal).ms,
           what, faces[w->view.face], w->view.headline.key, w->view.headline.arg[0],
           w->view.headline.arg[1], w->view.detail.key, w->view.detail.arg[0], w->view.notice.key,
           w->view.notice.arg[0]);
}

static bool is_settled(const struct sim_world *w)
{
    return w->view.face != FACE_WAITING && w->view.headline.key[0] &&
           strcmp(w->view.headline.key, "bench.printing") != 0;
}

void world_scan_bytes(struct sim_world *w, struct slice bytes)
{
    world_run(w, 400); /* longer than the window in which a repeat is one read */
    hal_sim_port_sends(w->hal, "scanner", bytes, 0);
    world_run(w, 20);
    for (int i = 0; i < 120 && !is_settled(w); i++)
        world_run(w, 100);
}

void world_scan(struct sim_world *w, const char *text)
{
    char frame[SCAN_MAX + 2];
    int len = snprintf(frame, sizeof frame, "%s\r", text);
    world_scan_bytes(w, slice_of(frame, (size_t)len));
    narrate(w, text);
}

void world_command(struct sim_world *w, const char *command)
{
    char text[64];
    (void)snprintf(text, sizeof text, "^P:%s", command);
    world_scan(w, text);
}

/* The stand-in's ZPL labels carry the tracking number as the data of their Code 128. */
const char *world_label(struct sim_world *w, size_t index, char out[64])
{
    out[0] = 0;
    if (index >= zpl_printer_label_count(w->printer)) return out;
    struct slice zpl = zpl_printer_label(w->printer, index).zpl;
    size_t at = slice_find(zpl, SLICE("^BC"));
    struct slice rest = slice_sub(zpl, at, zpl.len);
    size_t data = slice_find(rest, SLICE("^FD"));
    rest = slice_sub(rest, data + 3, rest.len);
    slice_copy_cut(slice_sub(rest, 0, slice_find_byte(rest, '^')), out, 64);
    return out;
}

void world_scan_label(struct sim_world *w)
{
    char tracking[64];
    size_t count = zpl_printer_label_count(w->printer);
    assert_true(count > 0);
    world_scan(w, world_label(w, count - 1, tracking));
}

void world_begin(struct sim_world *w)
{
    start_station(w);
}

void world_power_cut(struct sim_world *w)
{
    station_free(w->station);
    hal_sim_power_cut(w->hal, true);
    start_station(w);
    world_run(w, 2000);
}

void world_restart(struct sim_world *w)
{
    station_free(w->station);
    hal_sim_power_cut(w->hal, false);
    start_station(w);
    world_run(w, 2000);
}

int64_t world_number(struct sim_world *w, const char *sql)
{
    sqlite3_stmt *q = NULL;
    bool row = false;
    struct store *store = w->station ? w->station->store : NULL;
    assert_non_null(store);
    assert_int_equal(store_prepare(store, sql, &q), ERR_OK);
    assert_int_equal(store_step(store, q, &row), ERR_OK);
    int64_t n = row ? store_int(q, 0) : 0;
    store_reset_local(&q);
    return n;
}

void world_drain(struct sim_world *w, int64_t ms)
{
    for (int64_t passed = 0; passed < ms; passed += 1000) {
        if (world_number(w, "SELECT count(*) FROM message WHERE state IN (0, 1, 2)") == 0) return;
        world_run(w, 1000);
    }
}

bool world_logged(const struct sim_world *w, const char *text)
{
    return slice_find(buf_slice(&w->log), slice_text(text)) < w->log.len;
}

void world_check(struct sim_world *w)
{
    static const char *const silent[] = {"secret-1",    "shop-token", "Priya",
                                         "Acre Street", "HD3 3DX",    "Llewellyn"};
    const char *violation = peers_violation(w->peers, 0);
    if (violation) fail_msg("the peers saw: %s", violation);
    assert_int_equal(zpl_printer_strangers(w->printer), 0);
    assert_false(w->log.overflow);
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++)
        if (world_logged(w, silent[i])) fail_msg("the log holds \"%s\"", silent[i]);
}
