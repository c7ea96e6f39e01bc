/* parts.h - inside the station: its rooms and devices, and the news between them. */
#ifndef PACKD_STATION_PARTS_H
#define PACKD_STATION_PARTS_H

#include "drivers/printer/printer.h"
#include "drivers/scale/scale.h"
#include "drivers/scanner/feedback.h"
#include "drivers/scanner/reader.h"
#include "drivers/signal/signal.h"
#include "firmware/base/effects.h"
#include "firmware/bench/bench.h"
#include "firmware/channels/channels.h"
#include "firmware/clarus/clarus.h"
#include "firmware/console/console.h"
#include "firmware/labels/labels.h"
#include "firmware/labels/paper.h"
#include "firmware/outbox/alerts.h"
#include "firmware/outbox/outbox.h"
#include "firmware/station.h"

#define CHECKS_MAX 16
#define GATES_MAX  8
#define NEWS_MAX   128 /* rooms may all answer in one round; each answer is one piece of news */
#define TEST_JOB   0xFFFFFFFFu /* the print job of a test label */
#define TAG_JOB    0x80000000u /* print jobs of our own paper, with its id; others are parcel ids */

/* A state check asked of Clarus and the storefront together: the stricter answer counts. */
struct joint_check {
    uint32_t ticket; /* the bench's; 0: free */
    int64_t consignment_id;
    bool opening;
    bool clarus_answered;
    bool shop_answered;
    struct verdict clarus;
    struct verdict shop;
    mono_t deadline;
};

/* A dispatch that waited: its storefront is asked before Clarus is told. */
struct gate {
    int64_t message_id; /* 0: free */
    struct outbox_message message;
    uint8_t progress[4096];
};

/* News for the bench, told after the step that made it, so that no room is entered twice at once.
 */
enum news_kind {
    NEWS_FOUND,
    NEWS_PRODUCT,
    NEWS_UNIT,
    NEWS_CHECKED,
    NEWS_CLAIMED,
    NEWS_LABEL,
    NEWS_VOIDED,
    NEWS_PRINTED,
    NEWS_PRINTER_READY,
    NEWS_PAPER,
    NEWS_ONLINE,
    NEWS_SCALE,
};
struct news {
    enum news_kind kind;
    uint32_t ticket;
    int64_t id; /* consignment, shipment or parcel */
    err_t error;
    enum bench_label_news label;
    enum print_outcome print;
    struct verdict verdict;
    struct unit_reading unit;
    char text[SAY_CAP];
};

struct station_scanner {
    hal_port_t port;
    bool present;
    char identity[96];
    int64_t since;
    struct reader reader;
    const struct feedback *feedback;
    const char *verdict; /* on its way to the scanner */
};

/* What a bench can do without; see gear.c. */
struct station_gear {
    hal_port_t documents_port;
    struct printer *documents; /* NULL: none */
    char documents_trouble[SAY_CAP];
    int64_t documents_since;
    hal_port_t scale_port;
    struct scale *scale; /* NULL: none */
    enum scale_state scale_state;
    int64_t scale_since;
    struct signal signal;
    uint32_t line_bits[SIGNAL_LINES]; /* which signal_line each open line is */
    size_t line_count;
    uint32_t lines_on;
};

struct station {
    struct hal *hal;
    const struct config *config;
    const char *version;
    struct log log;

    /* Rebuilt from the store after a failed commit. */
    struct store *store;
    struct effects *fx;
    struct outbox *outbox;
    struct clarus *clarus;
    struct channels *channels;
    struct alerts *alerts; /* NULL: no address for them */
    struct labels *labels;
    struct bench *bench;
    struct console_pages *console;
    struct joint_check checks[CHECKS_MAX];
    struct gate gates[GATES_MAX];
    struct news news[NEWS_MAX];
    size_t news_first, news_count;
    int64_t routed_to; /* orders up to this one had their turn at the channel rules */

    /* Devices outlive a rebuild. */
    struct station_scanner scanners[CONFIG_SCANNERS_MAX];
    hal_port_t printer_port;
    struct printer *printer;
    char printer_trouble[SAY_CAP];
    int64_t printer_since;
    int64_t remade_shipment; /* its labels are made again for the printer there is now; 0: none */
    struct station_gear gear;

    struct station_scanner *scanning; /* whose data is being stepped */
    const char *scan_source;          /* of the scan being stepped */
    int64_t started_at;
    mono_t age_at;    /* when personal data is looked through next */
    mono_t idle_at;   /* when the store may do its idle work */
    mono_t commit_at; /* when readings that wait for an urgent write are committed alone */
    mono_t watch_at;  /* when the storefront is asked about the next order ahead of the bench */
    int64_t watched;  /* the order it is asked about now; 0: none */
    int64_t watch_pace;
    mono_t disk_at;    /* when the free space is looked at again */
    unsigned rebuilds; /* until rebuilds_until */
    mono_t rebuilds_until;
    bool stopping, reloading;
};

/* rooms.c */
err_t rooms_open(struct station *st, struct station_fault *fault);
void rooms_close(struct station *st);
/* A store in which damage was found is set aside; otherwise it is opened again. */
err_t rooms_rebuild(struct station *st, struct station_fault *fault);
/* Tells the store how much room its disk has, and when to ask again (disk_at). */
void rooms_watch_disk(struct station *st);

/* news.c */
struct news *news_add(struct station *st, enum news_kind kind); /* room is always there: asserted */
void news_deliver(struct station *st);

/* checks.c: state checks and the storefront gate before Clarus */
void checks_start(struct station *st, uint32_t ticket, int64_t consignment_id,
                  enum bench_check why);
void checks_clarus_answer(struct station *st, uint32_t ticket, const struct verdict *v);
void checks_shop_answer(struct station *st, uint32_t ticket, const struct verdict *v);
void checks_tick(struct station *st);
mono_t checks_deadline(const struct station *st);
void checks_route_orders(
    struct station *st); /* channel and shop order of orders that have none yet */
struct connector checks_gate(struct station *st);

/* tables.c: what the site's tables say. *v stays GO when nothing holds. */
void tables_check(struct station *st, int64_t consignment_id, struct verdict *v);
/* True when a tracking number of the shipment holds it; *text says why. */
bool tables_hold_tracking(struct station *st, int64_t shipment_id, char text[SAY_CAP]);
/* Raises an exception for each lead's change that a new site.json has come to differ from. */
err_t tables_compare_file(struct station *st);

/* watch.c: the storefront is asked ahead of the bench. */
#define CHECKS_WATCH_TICKET 0x40000000u
void watch_tick(struct station *st);
void watch_refreshed(struct station *st); /* the work list was read */
void watch_answer(struct station *st, const struct verdict *v);

/* links.c: what the rooms tell one another */
struct bench_orders links_for_bench(struct station *st);
struct clarus_callbacks links_for_clarus(struct station *st);
void links_late_cancel(struct station *st, int64_t consignment_id, const char *text);
void links_label_done(void *ctx, const struct labels_result *r);

/* sources.c: withdraws a saved dispatch and makes its order packable again; errors of outbox_recall
 */
err_t sources_recall(struct station *st, int64_t dispatch_id, const char *who, const char *reason);

/* scanners.c */
err_t scanners_open(struct station *st);
void scanners_close(struct station *st);
void scanners_event(struct station *st, const struct hal_event *e);
void scanners_tick(struct station *st);
mono_t scanners_deadline(const struct station *st);

/* devices.c */
err_t devices_open(struct station *st);
void devices_close(struct station *st);
bool devices_event(struct station *st, const struct hal_event *e); /* false: not a device's */
void devices_tick(struct station *st);
mono_t devices_deadline(const struct station *st);
err_t devices_print(struct station *st, uint32_t job, struct slice bytes);
void devices_print_result(void *ctx, const struct print_result *r);
/* Our own paper, with its id; slips, notes and sheets go to the document printer where there is
 * one. A code that no barcode can carry is left out; it stands in letters elsewhere. */
err_t devices_print_paper(struct station *st, uint32_t paper_id, enum paper_kind kind,
                          const struct paper_fields *fields);

/* A test label, where the configuration wants one. */
void devices_test_label(struct station *st);

/* gear.c */
err_t gear_open(struct station *st);
void gear_close(struct station *st);
bool gear_event(struct station *st, const struct hal_event *e); /* false: not one of these */
void gear_tick(struct station *st);
mono_t gear_deadline(const struct station *st);
/* Shows the round's signal on the lamps, right before it is acknowledged. */
void gear_signal(struct station *st);
/* False: this bench has no scale. */
bool gear_weight(const struct station *st, struct scale_weight *out);

/* sources.c: what the console may see and do */
struct console_sources sources_for_console(struct station *st);

#endif
