/* From the last scan of an order to its label at the printer: packd, the stand-ins and the printer
 * as processes, on pseudo-terminals and loopback. The time holds what the carrier's stand-in takes
 * to sell, and up to one look of the packer at the printer. */
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "tests/bench/figures.h"
#include "tests/support/driven_packer.h"

#define ORDERS     15
#define LOOK_NS    1000000
#define PATIENCE_S INT64_C(240)

static unsigned copies(const struct driven_packer *p)
{
    unsigned n = 0;
    for (size_t i = 0; i < p->paper_count; i++)
        n += p->papers[i].copies;
    return n;
}

static void measure(struct driven_packer *p, struct series *ms)
{
    const struct timespec look = {.tv_nsec = LOOK_NS};
    int64_t until = driven_now_ms() + PATIENCE_S * 1000;
    unsigned seen = 0;
    while (!driven_packer_is_done(p) && driven_now_ms() < until) {
        int64_t scanned = p->scanned_ms;
        driven_packer_step(p);
        unsigned now = copies(p);
        if (now > seen) series_add(ms, (double)(driven_now_ms() - scanned));
        seen = now;
        (void)nanosleep(&look, NULL);
    }
}

int main(void)
{
    static struct driven_packer packer;
    struct series ms = {NULL, 0, 0};
    struct real_station *s = real_station_open_settled();
    real_station_labels_as(s, "zpl");
    real_station_plug(s);
    real_station_sees_devices(s);
    driven_packer_open(&packer, s);
    driven_packer_place(&packer, ORDERS);
    real_station_sees_orders(s);
    measure(&packer, &ms);
    section_print("paper, the carrier sends ZPL");
    row_print(&(struct row){.what = "last scan to the label's last byte: median",
                            .unit = "ms",
                            .floor = NAN,
                            .packd = series_median(&ms),
                            .at_most = 500,
                            .at_least = NAN});
    row_print(&(struct row){.what = "  slowest of the run",
                            .unit = "ms",
                            .floor = NAN,
                            .packd = series_at(&ms, 100),
                            .at_most = NAN,
                            .at_least = NAN});
    note_print("buying at a stand-in that answers at once included; a printer on a pty");
    series_free(&ms);
    driven_packer_close(&packer);
    real_station_close(s);
    return 0;
}
