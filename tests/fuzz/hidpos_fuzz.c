/* A HID-POS scanner: one byte says how long its report descriptor is, which follows; then its
 * reports of 64 bytes. */
#include <string.h>

#include "drivers/scanner/hidpos.h"
#include "tests/fuzz/fuzz.h"

#define REPORT 64

static void run(const struct hidpos_layout *layout, struct slice reports)
{
    static struct hidpos h;
    int64_t now = 1000;
    hidpos_init(&h, layout);
    while (reports.len > 0) {
        struct slice report = slice_sub(reports, 0, REPORT);
        (void)hidpos_tick(&h, (mono_t){now});
        enum hidpos_news news = hidpos_report(&h, report, (mono_t){now});
        held(news <= HIDPOS_BROKEN);
        held(h.len <= SCAN_MAX);
        held(memchr(h.aim, '\0', sizeof h.aim) != NULL);
        now += report.ptr[0] & 1 ? 10 : 700;
        reports = slice_sub(reports, REPORT, reports.len);
    }
    (void)hidpos_tick(&h, (mono_t){now + HIDPOS_STALE_MS});
    held(hidpos_deadline(&h).ms == MONO_NEVER.ms);
}

int fuzz_input(const uint8_t *data, size_t size)
{
    struct hidpos_layout layout = {.report_id = 0};
    if (size == 0) return 0;
    struct slice rest = slice_of(data + 1, size - 1);
    if (hidpos_layout_read(slice_sub(rest, 0, data[0]), &layout) != ERR_OK) return 0;
    held(layout.data_bytes > 0);
    run(&layout, slice_sub(rest, data[0], rest.len));
    return 0;
}
