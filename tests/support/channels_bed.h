/* channels_bed.h - the channel pipeline on a real store, outbox and virtual time, with the stand-in
 * shop behind the HAL's HTTP. Clarus accepts every dispatch at once. */
#ifndef PACKD_TESTS_CHANNELS_BED_H
#define PACKD_TESTS_CHANNELS_BED_H

#include "firmware/channels/channels.h"
#include "firmware/outbox/exceptions.h"
#include "hal/sim/hal_sim.h"
#include "tests/support/mini_shop.h"
#include "tools/packpeers/peer.h"

#define BED_NOTES_MAX 64

struct channels_bed;

/* Sees each request before the shop does. Returning true: `reply` is the answer, the shop never
 * hears of it. */
typedef bool cbed_intercept(struct channels_bed *b, const char *method, const char *path,
                            struct hal_sim_reply *reply);

/* What becomes of one exchange with a stand-in of mini_shop.h. */
enum cbed_break {
    BREAK_NOT_SENT,
    BREAK_LOST_BEFORE, /* no answer, no effect */
    BREAK_LOST_AFTER,  /* no answer, and it had its effect */
    BREAK_500_BEFORE,
    BREAK_500_AFTER,
    BREAK_429,
    BREAK_HTML, /* a page, and it had its effect */
    BREAK_CUT,  /* half an answer, and it had its effect */
    BREAK_401,  /* the token at hand is refused until the next login */
    BREAK_COUNT,
};

struct channels_bed {
    char folder[48];
    char path[80];
    struct hal *hal;
    struct effects *fx;
    struct store *st;
    struct outbox *ob;
    struct channels *ch;
    struct peers *peers;
    struct config config;
    struct peers_options options;
    struct verdict verdict; /* of the last check */
    unsigned verdicts;
    cbed_intercept *intercept;
    const struct hal_http_request *request; /* while intercept looks at it; small stand-ins only */
    struct mini_shop *stock;                /* an inventory system at stock.test; NULL: none */
    struct mini_shop *mini;                 /* NULL: the BigCommerce stand-in of tools/packpeers */
    unsigned break_at;                      /* the exchange that breaks, from 1; 0: none */
    enum cbed_break break_how;              /* how */
    const char *wait_header;                /* "Retry-After: 7" with BREAK_429; NULL: none */
    void *test;                             /* for intercept */
    unsigned requests;
    unsigned posts;
    char last_authorization[64]; /* X-Auth-Token of the last request */
    int64_t consignment;
    int64_t shipment;
};

struct channels_bed *cbed_new(void);
/* With a small stand-in; cbed_mini_order places its order 501 here and there, with so many MUG and
 * HAT (0: no such line). */
struct channels_bed *cbed_new_mini(const struct mini_dialect *d);
/* The same with an inventory system beside it, as the channel "stock". */
struct channels_bed *cbed_new_two(const struct mini_dialect *d, const struct mini_dialect *stock);
void cbed_mini_order(struct channels_bed *b, int mugs, int hats);
/* An order in our catalogue alone, of one line; the test plays the shop by `intercept`. */
void cbed_own_order(struct channels_bed *b, const char *number, const char *sku, int units);
void cbed_free(struct channels_bed *b);
/* The process ends without a word and starts again on what was committed. */
void cbed_restart(struct channels_bed *b);

/* Places the order in the shop and Clarus stand-ins, and in our catalogue as picked. */
void cbed_order(struct channels_bed *b, const struct peer_order_spec *spec);
/* Puts so much of line `index` (0-based) into parcel `number` of the shipment being packed. */
void cbed_pack(struct channels_bed *b, int number, const char *tracking, int index, int quantity);
/* Saves what was packed; the next cbed_pack begins another shipment. */
void cbed_save(struct channels_bed *b);
/* Lets virtual time pass, stepping as the loop does. */
void cbed_pass(struct channels_bed *b, int64_t ms);
/* Starts a check and waits for its verdict. */
const struct verdict *cbed_check(struct channels_bed *b);
void cbed_change(struct channels_bed *b, enum peer_change_kind kind, const char *text,
                 uint32_t number);
void cbed_fault(struct channels_bed *b, const struct peer_fault *fault);

/* State of the shop's message stored last. */
enum message_state cbed_state(struct channels_bed *b);
/* The open exception of this rule; id 0 when there is none. */
struct exception_row cbed_exception(struct channels_bed *b, const char *rule);
struct consignment cbed_consignment(struct channels_bed *b);
/* Shipment items in the shop; fails the test when the shop saw anything forbidden. */
size_t cbed_shipments(struct channels_bed *b, struct peer_shop_shipment *out, size_t cap);
struct peer_order_view cbed_view(struct channels_bed *b);

#endif
