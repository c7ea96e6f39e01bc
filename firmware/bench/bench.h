/* bench.h - the packer's session: what a scan means, what is in which parcel, which label belongs
 * on it, and the act of dispatch.
 *
 * A state machine: events in, store writes and orders to the station out. It knows the catalogue
 * and the outbox; it does not know Clarus, shops or printers. All it must remember is in the store,
 * so that bench_restore brings back the same picture after any end. One order and one open parcel
 * at a time.
 *
 * A refusal changes no count. What is refused blocks until acknowledged by a scan, except a surplus
 * unit, which the next right scan clears. */
#ifndef PACKD_BENCH_BENCH_H
#define PACKD_BENCH_BENCH_H

#include "drivers/printer/printer.h"
#include "drivers/scale/scale.h"
#include "drivers/scanner/scanner.h"
#include "firmware/base/effects.h"
#include "firmware/bench/view.h"
#include "firmware/catalogue/catalogue.h"
#include "firmware/catalogue/unit.h"
#include "firmware/catalogue/verdict.h"
#include "firmware/config/config.h"
#include "firmware/labels/paper.h"
#include "firmware/outbox/outbox.h"

struct bench;

enum bench_check {
    BENCH_CHECK_OPEN,
    BENCH_CHECK_LABEL, /* before the label is bought, and before a later label is printed */
    BENCH_CHECK_SAVE,  /* before the last scan-back counts */
};

/* What the bench asks of the station. Each order with a ticket is answered once by the call named;
 * an answer to an old ticket is ignored. None may call back into the bench before it returns. */
struct bench_orders {
    void *ctx;
    void (*find)(void *ctx, uint32_t ticket, struct slice code);    /* bench_found */
    void (*product)(void *ctx, uint32_t ticket, struct slice code); /* bench_product_known */
    void (*unit)(void *ctx, uint32_t ticket, int64_t consignment_id,
                 struct slice sscc); /* bench_unit_known */
    void (*check)(void *ctx, uint32_t ticket, int64_t consignment_id,
                  enum bench_check why); /* bench_checked */
    void (*claim)(void *ctx, uint32_t ticket, int64_t consignment_id,
                  bool take_over); /* bench_claimed */
    void (*release)(void *ctx, int64_t consignment_id);
    void (*prepare)(void *ctx,
                    int64_t shipment_id); /* make it at Clarus ahead of need, free of charge */
    void (*buy)(void *ctx, int64_t shipment_id);    /* bench_label, bench_label_ready */
    void (*cancel)(void *ctx, int64_t shipment_id); /* void; bench_voided */
    /* Sends the stored label of a parcel; bench_printed. ERR_GONE: no printer. ERR_BUSY: prints
     * another. */
    err_t (*print)(void *ctx, int64_t parcel_id);
    /* Takes a saved dispatch back; the order can be opened again. ERR_BUSY: it may have been told
     * already, find-and-pull is open instead. */
    err_t (*recall)(void *ctx, int64_t dispatch_id, const char *who);
    /* Another packer signed on than was before. May be NULL. */
    void (*signed_on)(void *ctx);
    /* What is on the scale; false: there is none. */
    bool (*weigh)(void *ctx, struct scale_weight *out);
    /* A paper of our own; bench_paper_printed. ERR_GONE, ERR_BUSY: later. ERR_INVALID: it does not
     * fit the paper there is. */
    err_t (*paper)(void *ctx, int64_t paper_id, enum paper_kind kind,
                   const struct paper_fields *fields);
};

struct bench_options {
    struct store *store;
    struct effects *fx;
    struct outbox *outbox;
    const struct log *log;
    const struct config *config;
    struct bench_orders orders;
};

MUST_CHECK err_t bench_new(const struct bench_options *options, struct bench **out);
void bench_free(struct bench *b); /* NULL is fine */
/* Reads the session from the store and takes it up where it stood. */
MUST_CHECK err_t bench_restore(struct bench *b);

void bench_scan(struct bench *b, const char *source, const struct scan *scan);
/* A command without its prefix ("CONFIRM"), from a touch button. */
void bench_command(struct bench *b, struct slice command);

void bench_found(struct bench *b, uint32_t ticket, err_t error, int64_t consignment_id);
void bench_product_known(struct bench *b, uint32_t ticket, err_t error);
void bench_unit_known(struct bench *b, uint32_t ticket, err_t error, const struct unit_reading *u);
void bench_checked(struct bench *b, uint32_t ticket, const struct verdict *v);
void bench_claimed(struct bench *b, uint32_t ticket, err_t error, const char *text);

enum bench_label_news {
    BENCH_LABEL_BOUGHT,  /* tracking numbers are stored; the label is on its way */
    BENCH_LABEL_READY,   /* every parcel's label is stored, ready to print */
    BENCH_LABEL_REFUSED, /* nothing bought; `text` has the carrier's words */
    BENCH_LABEL_UNFIT,   /* bought, but the document cannot be printed; `text` says why */
    BENCH_LABEL_CHANGED, /* what Clarus holds differs from what was packed or promised */
    BENCH_LABEL_LATE,    /* no answer for long: the lead is told */
    BENCH_LABEL_OFFLINE, /* nothing bought: Clarus cannot be reached */
};
void bench_label(struct bench *b, int64_t shipment_id, enum bench_label_news news,
                 const char *text);
void bench_voided(struct bench *b, int64_t shipment_id, err_t error, const char *text);
void bench_printed(struct bench *b, int64_t parcel_id, enum print_outcome outcome,
                   const char *text);
void bench_paper_printed(struct bench *b, int64_t paper_id, enum print_outcome outcome);
/* The scale came, went, moved or stands still. */
void bench_scale(struct bench *b);
/* Clarus was reached: boxes with a hold tag are asked about, then their labels bought. */
void bench_online(struct bench *b);
/* The printer came back, or its trouble went away: print what was refused. */
void bench_printer_ready(struct bench *b);

/* What was last decided did not become a fact: says so on the screen, writes nothing. */
void bench_not_confirmed(struct bench *b);

void bench_tick(struct bench *b);
mono_t bench_deadline(const struct bench *b);
void bench_view(struct bench *b, struct bench_view *out);

#endif
