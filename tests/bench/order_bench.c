/* Whole orders on virtual time with a real file: what the packer waits for, and what the disk is
 * asked to do. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/station/parts.h"
#include "tests/bench/figures.h"
#include "tests/support/quota_vfs.h"
#include "tests/support/sim_world.h"

#define ORDERS       120
#define WARM_UP      20
#define BATCH        20 /* orders on the work list at a time */
#define PAUSE_MS     15000
#define MUG_RED      "5012345000015"
#define JAM          "5012345000046"
#define FIRST_NUMBER 20000
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* What one round did until it told the packer. */
struct told {
    bool told;
    bool saved;
    int64_t wall;
    int64_t cpu;
    uint64_t syncs;
    uint64_t bytes;
};

struct run {
    struct sim_world *w;
    struct quota_vfs *disk;
    struct floor_file *floor_file;
    struct told last;
    struct series floor_us, saved_us, saved_cpu_us, saved_syncs, saved_bytes;
    struct series feedback_cpu_us;
    struct series order_cpu_us;
    uint64_t syncs, bytes;
    int orders;
};

static void on_signal(void *ctx, mono_t now, enum hal_light light, enum hal_tone tone)
{
    struct run *r = ctx;
    (void)now;
    (void)light;
    if (r->last.told) return;
    r->last.told = true;
    r->last.saved = tone == HAL_TONE_ORDER_DONE;
    r->last.wall = wall_ns();
    r->last.cpu = cpu_ns();
}

/* One round, timed up to the moment the packer is told. */
static void timed_round(struct run *r)
{
    enum station_next next;
    struct station_fault fault;
    uint64_t syncs = r->disk->syncs;
    uint64_t bytes = r->disk->bytes_written;
    r->last = (struct told){.told = false};
    int64_t cpu = cpu_ns();
    int64_t wall = wall_ns();
    must(station_round(r->w->station, &next, &fault) == ERR_OK, "the station stopped");
    r->last.wall -= wall;
    r->last.cpu -= cpu;
    r->last.syncs = r->disk->syncs - syncs;
    r->last.bytes = r->disk->bytes_written - bytes;
}

static void take_saved(struct run *r)
{
    series_add(&r->saved_us, (double)r->last.wall / 1e3);
    series_add(&r->saved_cpu_us, (double)r->last.cpu / 1e3);
    series_add(&r->saved_syncs, (double)r->last.syncs);
    series_add(&r->saved_bytes, (double)r->last.bytes);
}

static void scan(struct run *r, const char *text)
{
    char frame[80];
    int len = snprintf(frame, sizeof frame, "%s\r", text);
    world_run(r->w, 600);
    hal_sim_port_sends(r->w->hal, "scanner", slice_of(frame, (size_t)len), 0);
    timed_round(r);
    if (r->last.told) series_add(&r->feedback_cpu_us, (double)r->last.cpu / 1e3);
}

static bool is_settled(const struct run *r)
{
    enum bench_face face = r->w->view.face;
    return face != FACE_WAITING && strcmp(r->w->view.headline.key, "bench.printing") != 0;
}

static void settle(struct run *r)
{
    world_run(r->w, 20);
    for (int i = 0; i < 100 && !is_settled(r); i++)
        world_run(r->w, 100);
}

static void place(struct run *r, int from)
{
    for (int i = from; i < from + BATCH; i++) {
        char reference[32];
        char tote[32];
        (void)snprintf(reference, sizeof reference, "WEB-%d", FIRST_NUMBER + i);
        (void)snprintf(tote, sizeof tote, "TOTE-%d", FIRST_NUMBER + i);
        struct peer_order_spec o = {
            .reference = reference,
            .tote = tote,
            .lines = {{.sku = "MUG-RED", .quantity = 2}, {.sku = "JAM-RASP", .quantity = 1}},
            .line_count = 2};
        must(peers_order_place(r->w->peers, hal_wall(r->w->hal).ms, &o) == ERR_OK, "no order");
    }
    world_run(r->w, 60000); /* the work list is read */
}

static void scan_label_back(struct run *r)
{
    char tracking[64];
    size_t count = zpl_printer_label_count(r->w->printer);
    int64_t floor = floor_append_ns(r->floor_file);
    must(count > 0, "no label was printed");
    scan(r, world_label(r->w, count - 1, tracking));
    for (int i = 0; i < 50 && !r->last.saved; i++)
        timed_round(r);
    must(r->last.saved, "the order was not saved");
    series_add(&r->floor_us, (double)floor / 1e3);
    take_saved(r);
}

static void pack(struct run *r, int i)
{
    static const char *const scans[] = {"BOX-S", MUG_RED, MUG_RED, JAM};
    char tote[32];
    (void)snprintf(tote, sizeof tote, "TOTE-%d", FIRST_NUMBER + i);
    int64_t cpu = cpu_ns();
    scan(r, tote);
    settle(r);
    for (size_t s = 0; s < COUNT(scans); s++)
        scan(r, scans[s]);
    settle(r);
    must(r->w->view.face == FACE_LABEL, r->w->view.headline.key);
    scan_label_back(r);
    world_run(r->w, PAUSE_MS);
    series_add(&r->order_cpu_us, (double)(cpu_ns() - cpu) / 1e3);
}

static void forget_warm_up(struct run *r)
{
    struct series *const all[] = {&r->floor_us,    &r->saved_us,    &r->saved_cpu_us,
                                  &r->saved_syncs, &r->saved_bytes, &r->feedback_cpu_us,
                                  &r->order_cpu_us};
    for (size_t i = 0; i < COUNT(all); i++)
        all[i]->n = 0;
    r->syncs = r->disk->syncs;
    r->bytes = r->disk->bytes_written;
}

static void run_orders(struct run *r, const char *base, const struct peers_options *peers,
                       int orders)
{
    struct sim_world_options options = {.base = base, .store_vfs = "quota", .peers = peers};
    r->disk = quota_vfs_reset();
    r->w = world_new(&options);
    r->floor_file = floor_open(base);
    struct hal_sim_observer observer = {.ctx = r, .signal = on_signal};
    hal_sim_observe(r->w->hal, &observer);
    for (int i = 0; i < WARM_UP + orders; i++) {
        if (i == WARM_UP) forget_warm_up(r);
        if (i % BATCH == 0) place(r, i);
        pack(r, i);
    }
    world_drain(r->w, 120000);
    r->orders = orders;
    r->syncs = r->disk->syncs - r->syncs;
    r->bytes = r->disk->bytes_written - r->bytes;
    must(world_number(r->w, "SELECT count(*) FROM dispatch") == WARM_UP + orders, "not all saved");
    must(world_number(r->w, "SELECT count(*) FROM exception WHERE open = 1 AND dispatch_id > 0") ==
             0,
         "an exception stands");
    floor_close(r->floor_file);
}

static void end(struct run *r)
{
    world_free(r->w);
    forget_warm_up(r);
}

static void print_saving(const struct run *r)
{
    section_print("the saving scan, whole station");
    row_print(&(struct row){.what = "label scan to SAVED, disk included: median",
                            .unit = "us",
                            .floor = series_median(&r->floor_us),
                            .packd = series_median(&r->saved_us),
                            .at_most = 1.6,
                            .at_least = NAN,
                            .of_ratio = true});
    row_print(&(struct row){.what = "  99th percentile",
                            .unit = "us",
                            .floor = series_at(&r->floor_us, 99),
                            .packd = series_at(&r->saved_us, 99),
                            .at_most = 2.5,
                            .at_least = NAN,
                            .of_ratio = true});
    row_print(&(struct row){.what = "  its processor time: median",
                            .unit = "us",
                            .floor = NAN,
                            .packd = series_median(&r->saved_cpu_us),
                            .at_most = NAN,
                            .at_least = NAN});
    row_print(&(struct row){.what = "scan to feedback, disk apart: median",
                            .unit = "us",
                            .floor = NAN,
                            .packd = series_median(&r->feedback_cpu_us),
                            .at_most = NAN,
                            .at_least = NAN});
    row_print(&(struct row){.what = "  99th percentile",
                            .unit = "us",
                            .floor = NAN,
                            .packd = series_at(&r->feedback_cpu_us, 99),
                            .at_most = 2000,
                            .at_least = NAN});
}

static void print_disk(const struct run *r, const char *kind)
{
    section_print(kind);
    row_print(&(struct row){.what = "syncs of the saving scan",
                            .unit = "",
                            .floor = 1,
                            .packd = series_sum(&r->saved_syncs) / r->orders,
                            .at_most = 1,
                            .at_least = NAN,
                            .of_ratio = true});
    row_print(&(struct row){.what = "bytes of the saving scan",
                            .unit = "KB",
                            .floor = NAN,
                            .packd = series_sum(&r->saved_bytes) / r->orders / 1024,
                            .at_most = NAN,
                            .at_least = NAN});
    row_print(&(struct row){.what = "syncs of a whole order, checkpoints included",
                            .unit = "",
                            .floor = NAN,
                            .packd = (double)r->syncs / r->orders,
                            .at_most = 6,
                            .at_least = NAN});
    row_print(&(struct row){.what = "bytes of a whole order, checkpoints included",
                            .unit = "KB",
                            .floor = NAN,
                            .packd = (double)r->bytes / r->orders / 1024,
                            .at_most = 64,
                            .at_least = NAN});
}

static void print_order(const struct run *r)
{
    char text[128];
    note_print("an order: 2 lines, 3 units, 7 scans, 1 parcel, work list read every 15 s");
    (void)snprintf(text, sizeof text, "%.0f orders a second of one core, the stand-ins included",
                   1e6 / series_median(&r->order_cpu_us));
    note_print(text);
}

int main(int argc, char **argv)
{
    struct run r = {.w = NULL};
    must(argc > 1, "usage: order_bench FOLDER");
    run_orders(&r, argv[1], NULL, ORDERS);
    print_saving(&r);
    print_disk(&r, "the disk, carrier sends ZPL");
    print_order(&r);
    end(&r);
    return 0;
}
