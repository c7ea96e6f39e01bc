/* demo.h - the station's whole job played without a person, on the real programs.
 *
 * packdemo starts the stand-ins, the virtual printer and packd, plays the packer through the
 * scanner's pseudo terminal, and judges by what the stand-ins accepted and by what an independent
 * decoder reads from the printed labels. The station's own pages serve only to see when it is ready
 * for the next scan.
 *
 * Every wait has a condition and a deadline. After the first failed check of a story its remaining
 * acts do nothing, so that a story never waits for what cannot come. */
#ifndef PACKD_TOOLS_DEMO_DEMO_H
#define PACKD_TOOLS_DEMO_DEMO_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "firmware/base/json.h"

#define DEMO_URL   128
#define DEMO_PATH  256
#define DEMO_CODE  64
#define DEMO_TEXT  160
#define PATIENCE_S 30  /* the answer to one act */
#define DELIVERY_S 120 /* what was saved to arrive, retries included */

struct demo {
    const char *programs; /* the folder they were built into */
    const char *room;     /* all files of this run lie below it */

    pid_t peers; /* 0: not running */
    pid_t printer;
    pid_t station;
    char control[DEMO_URL];
    char clarus[DEMO_URL];
    char shop[DEMO_URL];
    char console[DEMO_URL];
    char token[64];
    int scanner;              /* -1: not plugged in */
    struct stat scanner_link; /* as it was when last opened */

    struct json_doc *view;   /* the bench, as last seen; owned */
    struct json_doc *order;  /* the stand-ins' ledger of one order, as last read; owned */
    struct json_doc *words;  /* message keys to sentences; owned */
    int64_t scan_at;         /* the newest scan the bench has noted */
    int64_t scanned_ms;      /* when we scanned last, monotonic */
    unsigned papers;         /* taken from the printer so far */
    unsigned carrier_labels; /* of these, with a tracking number bought for an order */
    char paper[DEMO_CODE];   /* code on the paper taken last */

    int64_t started_ms;
    bool failed; /* the story under way */
    unsigned checks;
};

/* ------------------------------------------------------------------------- world.c: processes --
 */

/* Fresh files, the stand-ins with the demonstration shop, the printer, the station. */
bool demo_open(struct demo *d);
/* Asks every process to end; checks that each does so in order. */
void demo_end(struct demo *d);
/* Ends what still runs and frees everything; safe to call at any time and twice. */
void demo_close(struct demo *d);
/* SIGKILL, as a power cut: nothing is told, nothing is flushed. */
void station_kill(struct demo *d);
bool station_start(struct demo *d);
/* False, with a line, when one of the programs has ended by itself. */
bool demo_all_run(struct demo *d);
int64_t demo_now_ms(void);
/* The pause between two looks at a condition. */
void demo_breathe(void);

/* -------------------------------------------------------------------------- wire.c: HTTP, JSON --
 */

/* GET when `body` is NULL, POST otherwise; the station's token goes along. NULL: no JSON answer
 * with a 2xx status. Free with json_free. */
struct json_doc *wire_call(struct demo *d, const char *base, const char *path, const char *body);
bool wire_delete(const char *base, const char *path);
/* By JSON pointer; "" and -1 when absent. The text is cut to fit. */
const char *doc_text(const struct json_doc *doc, const char *pointer, char out[DEMO_TEXT]);
int64_t doc_int(const struct json_doc *doc, const char *pointer);
bool doc_is(const struct json_doc *doc, const char *pointer, const char *text);
void wire_end(void);

/* ----------------------------------------------------------------------- stage.c: transcript -- */

/* One line: the clock, who, what. */
void tell(struct demo *d, const char *who, const char *format, ...) PRINTF_LIKE(3, 4);
/* Counts a check and prints it; a false one fails the story. Returns `good`. */
bool check(struct demo *d, bool good, const char *format, ...) PRINTF_LIKE(3, 4);

/* ------------------------------------------------------------------- bench.c: packer at work -- */

bool bench_look(struct demo *d);
/* Waits until the bench shows this; a check. `headline` NULL: any. */
bool bench_shows(struct demo *d, const char *face, const char *headline);
bool bench_is(const struct demo *d, const char *face);
/* Scans and waits until the bench has answered and is ready for the next scan. */
void scan(struct demo *d, const char *code);
void command(struct demo *d, const char *name);
void scanner_plug(struct demo *d);
void scanner_unplug(struct demo *d);
/* Waits for the next paper and reads its code into d->paper; a check. */
bool paper_take(struct demo *d);
/* Takes a paper and checks it to be parcel `nth` (1: first bought) of the order. */
bool label_take(struct demo *d, const char *reference, unsigned nth);
/* Scans the paper taken last. */
void scan_back(struct demo *d);
/* Waits until the scan made last has saved the order; a check. */
bool bench_saved(struct demo *d, const char *reference);

/* -------------------------------------------------------------------- ledger.c: the other side --
 */

void order_place(struct demo *d, const char *reference, const char *tote, const char *sku);
/* `kind`: clarus_cancel or shop_cancel. */
void order_cancel(struct demo *d, const char *kind, const char *reference);
/* Returns the id of the fault. */
int64_t fault_set(struct demo *d, const char *body);
int64_t fault_hits(struct demo *d, int64_t id);
void faults_clear(struct demo *d);
/* Nobody can be reached from now on. Returns the fault that counts what Clarus does not get. */
int64_t network_cut(struct demo *d);
/* Reads the order of both stand-ins into d->order. */
bool order_read(struct demo *d, const char *reference);
/* Waits until the order's member has this value; a check. */
bool order_reaches(struct demo *d, const char *reference, const char *member, int64_t value,
                   int patience_s);
bool order_has(struct demo *d, const char *reference, const char *member, int64_t value);
bool order_is(struct demo *d, const char *reference, const char *member, const char *text);
/* Dispatched and reported once and whole, with `labels` live labels; checks. */
void order_complete(struct demo *d, const char *reference, unsigned labels);
/* Waits for the open find-and-pull of the order at the station; 0 when none comes; a check. */
int64_t pull_awaited(struct demo *d, const char *reference);
/* A lead ends it: goods are back. */
void pull_ended(struct demo *d, int64_t id, const char *reference);

/* ------------------------------------------------------------------------------------ stories --
 */

struct story {
    const char *title;
    void (*play)(struct demo *d);
};
extern const struct story stories[];
extern const unsigned story_count;
/* Orders the stories need beside those of the demonstration shop. */
void stories_place(struct demo *d);

void story_simple(struct demo *d);
void story_cases_and_notes(struct demo *d);
void story_two_parcels(struct demo *d);
void story_wrong_item(struct demo *d);
void story_wrong_label(struct demo *d);
void story_lost_reply(struct demo *d);
void story_cancelled_in_shop(struct demo *d);
void story_power_cut(struct demo *d);
void story_cancelled_after_saving(struct demo *d);
void story_refused(struct demo *d);

#endif
