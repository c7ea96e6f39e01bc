/* bench_bed.h - a bench on hal/sim with a small catalogue; the test plays Clarus, shop and printer.
 */
#ifndef PACKD_TESTS_BENCH_BED_H
#define PACKD_TESTS_BENCH_BED_H

#include "firmware/bench/bench.h"
#include "hal/sim/hal_sim.h"

#define MUG        "5012345678900"  /* each */
#define MUG_CASE   "15012345678907" /* 12 of them */
#define TEE        "TEE-BLK-M"
#define STRANGER   "4006381333931" /* in the catalogue, on no order here */
#define TRACKING_1 "15501234567890"
#define TRACKING_2 "15501234567891"

/* What the bench asked for, last of each kind; counts tell whether it asked at all. */
struct bed_asked {
    unsigned finds, products, checks, claims, releases, prepares, buys, cancels, prints, tags;
    uint32_t find_ticket, product_ticket, check_ticket, claim_ticket;
    enum bench_check check_why;
    bool take_over;
    int64_t shipment, printed_parcel, recalled;
    char product_code[CODE_CAP]; /* of the last product order */
    unsigned units;
    uint32_t unit_ticket;
    char unit_code[CODE_CAP];
    unsigned recalls, papers;
    int64_t paper;
    enum paper_kind paper_kind;
    size_t paper_rows;
    char paper_code[CODE_CAP], paper_title[SAY_CAP], paper_text[SAY_CAP];
};

struct bench_bed {
    char folder[64];
    char path[96];
    struct hal *hal;
    struct effects *fx;
    struct store *store;
    struct outbox *outbox;
    struct config config;
    struct bench *bench;
    struct bench_view view;
    struct bed_asked asked;
    struct scale_weight scale; /* as it is until the next bed_scale */
    err_t print_answer, recall_answer, paper_answer;
    unsigned alarms; /* alarm tones that sounded */
    unsigned attempts;
    int64_t order;  /* WEB-1: 14 mugs (1 case + 2) and 1 tee */
    int64_t second; /* WEB-2: 2 mugs with a packing note and a gift message */
};

void bed_open(struct bench_bed *bed);
void bed_close(struct bench_bed *bed);
/* As after a power cut: memory goes, the store stays. */
void bed_restart(struct bench_bed *bed);

/* Each commits, acknowledges, sends, and refreshes bed->view. A scan may begin with a symbology
 * identifier. */
void bed_scan(struct bench_bed *bed, const char *text);
void bed_command(struct bench_bed *bed, const char *command);
void bed_verdict(struct bench_bed *bed, enum verdict_kind kind, const char *rule);
void bed_claimed(struct bench_bed *bed, err_t error);
void bed_wait(struct bench_bed *bed, int64_t ms);
void bed_settle(struct bench_bed *bed);

/* Longer ways. */
void bed_open_order(struct bench_bed *bed, const char *reference); /* scan, go, claimed */
void bed_buy(struct bench_bed *bed);   /* go; tracking numbers and labels arrive */
void bed_print(struct bench_bed *bed); /* the label in the printer came out */

void bed_scale(struct bench_bed *bed, enum scale_state state, int64_t g);
void bed_paper(struct bench_bed *bed); /* the paper in the printer came out */

/* Changes the store behind the bench; sql must be a literal. Committed with the next event. */
void bed_sql(struct bench_bed *bed, const char *sql);
/* One number from the store. */
int64_t bed_number(struct bench_bed *bed, const char *sql);

#endif
