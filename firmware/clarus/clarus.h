/* clarus.h - the WMS, spoken to exactly as published: token, work list, state checks, claim,
 * shipments and packages, one submit, labels, dispatch.
 *
 * Every call below starts something and returns at once; its answer comes once through the
 * callbacks, unless the station is rebuilt in between. Before each write the intent is stored
 * (committed before it is sent); after an unknown outcome the client asks before repeating (facts:
 * clarus-api section 4.2). The catalogue is written here; decisions about the packer are not made
 * here. */
#ifndef PACKD_CLARUS_CLARUS_H
#define PACKD_CLARUS_CLARUS_H

#include "firmware/base/effects.h"
#include "firmware/catalogue/catalogue.h"
#include "firmware/catalogue/unit.h"
#include "firmware/catalogue/verdict.h"
#include "firmware/config/config.h"
#include "firmware/outbox/outbox.h"

struct clarus;

enum label_step {
    LABEL_STEP_MADE,     /* shipment and packages exist, nothing bought */
    LABEL_STEP_BOUGHT,   /* submitted: tracking numbers of all parcels are stored */
    LABEL_STEP_DOCUMENT, /* the document is here: `document` */
    LABEL_STEP_REFUSED,  /* the carrier or Clarus refused; nothing bought; `text` has the words */
    LABEL_STEP_LATE,     /* still unknown after label_wait_s: set aside, the lead is told */
    LABEL_STEP_CHANGED, /* read-back differs (packages, carrier, service): stop, `text` says what */
    LABEL_STEP_OFFLINE, /* Clarus cannot be reached; nothing was bought */
};

struct clarus_callbacks {
    void *ctx;
    /* A reference was looked up. consignment_id 0: not found; error tells why (ERR_NOTFOUND,
     * ERR_AMBIGUOUS, ERR_GONE for offline). Lines and products are in the catalogue now. */
    void (*found)(void *ctx, uint32_t ticket, err_t error, int64_t consignment_id);
    /* A state check ended. `fresh` is false when there was no answer (VERDICT_UNKNOWN). The verdict
     * covers status, lines and digest, tasks, strangers' shipments, claim. */
    void (*checked)(void *ctx, uint32_t ticket, const struct verdict *v);
    /* Claim of every DISP task. ERR_REFUSED: in use elsewhere (`text` says by whom if known).
     * ERR_GONE: offline. ERR_UNSUPPORTED: there are no tasks to claim; the station's own lock
     * stands. */
    void (*claimed)(void *ctx, uint32_t ticket, err_t error, const char *text);
    /* Progress of a shipment; `document` only with LABEL_STEP_DOCUMENT, borrowed for the call. */
    void (*label)(void *ctx, int64_t shipment_id, enum label_step step, const char *text,
                  struct slice document);
    /* Void ended. ERR_OK, ERR_REFUSED (carrier's words in text: the label stays live), ERR_GONE
     * offline (tried again by itself, called again when settled). */
    void (*voided)(void *ctx, int64_t shipment_id, err_t error, const char *text);
    /* An unknown product code was asked for at Clarus; the catalogue has it now, or ERR_NOTFOUND.
     */
    void (*product)(void *ctx, uint32_t ticket, err_t error);
    /* A logistic unit was asked about. ERR_NOTFOUND: Clarus does not know it. ERR_GONE: offline. */
    void (*unit)(void *ctx, uint32_t ticket, err_t error, const struct unit_reading *u);
    /* The work list was read to its end, or reaching Clarus changed. */
    void (*refreshed)(void *ctx);
    /* An order of the work list was dispatched from here and is found cancelled now. */
    void (*late_cancel)(void *ctx, int64_t consignment_id, const char *text);
};

struct clarus_options {
    struct store *store;
    struct effects *fx;
    struct outbox *outbox;
    const struct log *log;
    const struct config *config;
    struct clarus_callbacks on;
};
MUST_CHECK err_t clarus_new(const struct clarus_options *options, struct clarus **out);
void clarus_free(struct clarus *c);
/* Signs on, resumes shipments left in SHIPMENT_MAKING, BUYING, VOIDING (by looking first), polls.
 */
MUST_CHECK err_t clarus_start(struct clarus *c);
void clarus_tick(struct clarus *c);
mono_t clarus_deadline(const struct clarus *c);

/* Looks a scanned code up at Clarus: order reference, tote (storage unit), pick list. */
void clarus_find(struct clarus *c, uint32_t ticket, struct slice code);
void clarus_product(struct clarus *c, uint32_t ticket, struct slice code);
/* `sscc` has 18 digits; what the order's dispatch tasks take from the unit. */
void clarus_unit(struct clarus *c, uint32_t ticket, int64_t consignment_id, struct slice sscc);

enum check_purpose {
    CHECK_OPEN,  /* also reads notes, address, carrier, products; the digest is not compared */
    CHECK_LABEL, /* digest compared with the one stored on the consignment */
    CHECK_SAVE,
};
void clarus_check(struct clarus *c, uint32_t ticket, int64_t consignment_id,
                  enum check_purpose purpose);
/* Enters every DISP task; on refusal exits those entered. `take_over`: unallocate first. */
void clarus_claim(struct clarus *c, uint32_t ticket, int64_t consignment_id, bool take_over);
/* Exits the tasks. Best effort, repeated until it is answered. No callback. */
void clarus_release(struct clarus *c, int64_t consignment_id);

/* Creates the Clarus shipment of this row and a package per parcel bound to it, ahead of need.
 * Idempotent; packages of parcels added later follow at the next call. */
void clarus_prepare(struct clarus *c, int64_t shipment_id);
/* Prepare if needed, read back, submit once, tracking, document. Idempotent: resumes where it
 * stands. */
void clarus_buy(struct clarus *c, int64_t shipment_id);
/* Cancels (submitted) or deletes (not submitted). */
void clarus_void(struct clarus *c, int64_t shipment_id);

/* Connector for the outbox: completes the DISP tasks of the dispatch whose whole quantity is in it,
 * reads the outcome back. */
void clarus_connector(struct clarus *c, struct connector *out);

struct clarus_figures {
    bool reachable;
    bool signed_on;
    int64_t offline_since;  /* wall ms; 0 when reachable */
    int64_t catalogue_read; /* wall ms of the last complete work list; 0: never */
    uint32_t orders;        /* packable now */
    char trouble[SAY_CAP];  /* "credentials refused"; "" when none */
};
void clarus_figures(const struct clarus *c, struct clarus_figures *out);

#endif
