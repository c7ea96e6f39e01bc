/* outbox_bed.h - an outbox on a real store and virtual time, with two destinations whose attempts
 * are written down and answered by the test. */
#ifndef PACKD_TESTS_OUTBOX_BED_H
#define PACKD_TESTS_OUTBOX_BED_H

#include "firmware/base/effects.h"
#include "firmware/outbox/alerts.h"
#include "firmware/outbox/exceptions.h"
#include "firmware/outbox/outbox.h"
#include "hal/sim/hal_sim.h"

#define BED_ATTEMPTS_MAX 4096

struct bed_attempt {
    int64_t id;
    int64_t dispatch_id;
    char destination[DESTINATION_CAP];
    char key[KEY_CAP];
    bool look_first;
    unsigned attempts;
    char progress[64];
    unsigned request; /* those of one request have the same */
    mono_t at;
};

struct bed {
    char dir[48];
    char path[80];
    struct hal *hal;
    struct effects *fx;
    struct store *st;
    struct outbox *ob;
    struct log log;
    uint32_t pages_max;
    const char *vfs;                /* NULL: the default one */
    struct destination_spec clarus; /* as configured at the next bed_start */
    struct destination_spec shop;
    bool without_shop;
    const char *alerts_url; /* NULL: none */
    struct alerts *alerts;
    bool automatic; /* answer every attempt at once with `answer` */
    enum attempt_outcome answer;
    struct bed_attempt attempts[BED_ATTEMPTS_MAX];
    size_t count;
    unsigned requests;
};

struct bed *bed_new(void);    /* opened and started */
void bed_free(struct bed *b); /* removes its files */
/* The process ends without a word and starts again; `new_boot`: so did the machine. */
void bed_crash(struct bed *b, bool new_boot);

/* One order with one line of 2 in one parcel, saved and committed. */
int64_t bed_save(struct bed *b, const char *order, const char *channel);
/* The same without outbox_save: ids for a dispatch_spec. */
void bed_prepare(struct bed *b, const char *order, int64_t *out_consignment, int64_t *out_shipment);

void bed_tick(struct bed *b);             /* tick and commit */
void bed_pass(struct bed *b, int64_t ms); /* let time pass, ticking when due */
/* Ends the attempt of this message and commits. */
void bed_end(struct bed *b, int64_t message_id, enum attempt_outcome outcome);
void bed_end_with(struct bed *b, int64_t message_id, const struct attempt_result *r);
/* The last attempt written down; fails the test when there is none. */
const struct bed_attempt *bed_last(const struct bed *b);

int64_t bed_int(struct bed *b, const char *sql); /* first column of the first row; sql literal */
struct outbox_figures bed_figures(struct bed *b, const char *destination);
/* The open exception of this rule; id 0 when there is none. */
struct exception_row bed_exception(struct bed *b, const char *rule);

#endif
