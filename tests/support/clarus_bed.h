/* clarus_bed.h - the Clarus client on a real store, virtual time and the stand-in for Clarus, with
 * a loop of its own: commit, then send. Callbacks are written down. */
#ifndef PACKD_TESTS_CLARUS_BED_H
#define PACKD_TESTS_CLARUS_BED_H

#include "firmware/clarus/clarus.h"
#include "firmware/outbox/exceptions.h"
#include "hal/sim/hal_sim.h"
#include "tools/packpeers/peer.h"

struct clarus_bed {
    char dir[48];
    char path[80];
    struct hal *hal;
    struct effects *fx;
    struct store *st;
    struct outbox *ob;
    struct clarus *clarus;
    struct peers *peers;
    struct log log;
    struct config config;
    bool offline;         /* nothing can be sent */
    bool verbose;         /* log lines to standard error */
    unsigned with_secret; /* requests to a file address that carried credentials */
    unsigned without_tenant;
    /* answers whose request holds this text are replaced, so many times */
    const char *spoil_match;
    const char *spoil_body;
    int spoil_status;
    unsigned spoil_times;
    /* one answer in so many is cut or has a byte changed; 0: none */
    unsigned mutate_one_in;
    uint64_t dice;
    /* the last callbacks */
    unsigned found_count, checked_count, claimed_count, voided_count, product_count;
    unsigned refreshed_count, late_cancel_count;
    err_t found_error, claimed_error, voided_error, product_error;
    int64_t found_id, late_cancel_id;
    unsigned unit_count;
    err_t unit_error;
    struct unit_reading unit;
    struct verdict verdict;
    char claimed_text[SAY_CAP], voided_text[SAY_CAP], label_text[SAY_CAP];
    unsigned steps[LABEL_STEP_OFFLINE + 1]; /* label steps heard, by kind */
    enum label_step last_step;
    struct buf document;
};

struct clarus_bed_options {
    struct peers_options peers;
    bool without_user;
};

/* Opened and started; orders are placed by the caller before clarus_bed_settle. */
struct clarus_bed *clarus_bed_new(const struct clarus_bed_options *options);
void clarus_bed_free(struct clarus_bed *b);
/* Power is cut: everything in memory is gone, the store and the peers stay. */
void clarus_bed_crash(struct clarus_bed *b);
void clarus_bed_pass(struct clarus_bed *b, int64_t ms);
/* One round: what is due is stepped, committed, sent. False when `until` is reached. */
bool clarus_bed_round(struct clarus_bed *b, mono_t until);
/* Passes time until the condition holds; fails the test after ten minutes. */
typedef bool clarus_bed_condition(struct clarus_bed *b);
void clarus_bed_until(struct clarus_bed *b, clarus_bed_condition *met, const char *what);

int64_t clarus_bed_int(struct clarus_bed *b, const char *sql);
void clarus_bed_sql(struct clarus_bed *b, const char *sql);
void clarus_bed_texts(struct clarus_bed *b, const char *sql, char *out, size_t cap);
int64_t clarus_bed_now(struct clarus_bed *b);

/* Products A (case of 6), B; order WEB-1 with 2 A and 1 B in tote T-1, and WEB-2 with 6 A. */
void clarus_bed_goods(struct clarus_bed *b);
/* Reads the work list until this order is known; its consignment. */
int64_t clarus_bed_order(struct clarus_bed *b, const char *reference);
const struct verdict *clarus_bed_check(struct clarus_bed *b, int64_t consignment_id,
                                       enum check_purpose purpose);
/* A shipment row with `parcels` parcels holding everything picked in the first (line by line). */
int64_t clarus_bed_shipment(struct clarus_bed *b, int64_t consignment_id, unsigned parcels);
/* Buys to the end: the document is here. */
void clarus_bed_buy(struct clarus_bed *b, int64_t shipment_id);
/* A dispatch of that shipment is saved. */
int64_t clarus_bed_save(struct clarus_bed *b, int64_t consignment_id, int64_t shipment_id);
uint32_t clarus_bed_fault(struct clarus_bed *b, enum peer_fault_kind kind, const char *method,
                          const char *match);
void clarus_bed_change(struct clarus_bed *b, enum peer_change_kind kind, const char *reference,
                       const char *text);
/* Fails the test when the stand-in saw anything that must never happen. */
void clarus_bed_sound(struct clarus_bed *b);

#endif
