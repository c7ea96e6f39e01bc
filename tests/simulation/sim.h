/* sim.h - one station in a simulated world: disk, network, printer, scanner, peers, and a packer
 * whose acts the caller plays or leaves to packer.h.
 *
 * The world keeps what can be seen from outside: what the peers accepted (their ledger), paper that
 * came out, what the packer was shown, and a hash of the log. A power cut and the return of power
 * are part of letting time pass: nobody has to ask for them. */
#ifndef PACKD_TESTS_SIM_H
#define PACKD_TESTS_SIM_H

#include "firmware/bench/view.h"
#include "firmware/station.h"
#include "hal/sim/hal_sim.h"
#include "tests/simulation/fault.h"
#include "tools/packpeers/peer.h"
#include "tools/virtual/zpl_printer.h"

#define SIM_ORDERS_MAX  128
#define SIM_PAPER_MAX   1024
#define SIM_LINES_MAX   4
#define SIM_LATE_MAX    16
#define SIM_INTENTS_MAX 1024
#define SIM_STORE       "packd.db"

/* What a simulated customer wants, and how it will be packed. */
struct sim_line {
    const char *sku;
    const char *barcode;
    uint32_t quantity;
};

enum sim_way {
    WAY_WHOLE,   /* one parcel */
    WAY_PARCELS, /* a parcel is closed after the first unit */
    WAY_PART,    /* the first unit goes today, the rest with a second dispatch */
};

struct sim_order {
    char reference[24];
    char tote[24];
    struct sim_line lines[SIM_LINES_MAX];
    size_t line_count;
    uint32_t units;
    enum sim_way way;
    bool note;
    bool placed; /* the peers have it */

    /* What the packer knows. */
    enum {
        ORDER_TODO,
        ORDER_SAVED,     /* shown SAVED, everything */
        ORDER_SET_ASIDE, /* shown STOP, or given up after many tries */
    } state;
    unsigned saves; /* SAVED shown for it */
    unsigned tries;
    unsigned shown_cancelled; /* faces that told of a stop */
    bool by_hand;             /* a lead decided about it: a person answers for it */
    int64_t recalled_at;      /* the station agreed; 0: never */
    /* What the world did to it. */
    bool clarus_cancelled, shop_cancelled;
    int64_t clarus_cancelled_at, shop_cancelled_at;
};

/* SAVED as the packer saw it. */
struct sim_saved {
    char reference[REFERENCE_CAP];
    int64_t at; /* wall ms as shown */
    size_t parcels;
};

/* A label, or a tag of our own. */
struct sim_paper {
    char tracking[64]; /* "" for a tag */
    uint32_t copies;
    uint32_t asked; /* REPRINT scans and printer power losses while it was awaited */
    bool stuck;     /* its scan-back was accepted or tried */
    unsigned after; /* times SAVED was shown for its order before that */
};

struct sim_late {
    bool used;
    mono_t at;
    enum peer which;
    char method[8];
    char path[512];
    char query[512];
    uint8_t *headers; /* one block, owned: name NUL value NUL ... */
    struct peer_header list[HAL_HTTP_HEADERS_MAX];
    size_t header_count;
    uint8_t *body;
    size_t body_len;
};

struct sim_options {
    uint64_t seed;
    bool narrate;
    uint64_t cut_at; /* disk operation at which power goes, once; 0: none */
    /* Asked at every disk operation whether power goes; NULL: nobody asks. */
    bool (*cuts)(void *ctx, uint64_t operation);
    void *cuts_ctx;
    struct fault_plan *faults; /* borrowed; NULL: none */
};

struct sim {
    struct sim_options o;
    struct disk *disk;
    struct hal *hal;
    const struct config *config;
    struct station *station; /* NULL while the power is off or the station stands */
    struct peers *peers;
    struct zpl_printer *printer;
    struct fault_plan *faults;
    bool offline[2];         /* by enum peer: Clarus, shop */
    mono_t offline_until[2]; /* an outage that ends by itself */
    mono_t denied_until;     /* every token is refused */
    uint64_t cut_again_at;   /* disk operation; 0: none */

    struct bench_view view;
    struct sim_order orders[SIM_ORDERS_MAX];
    size_t order_count;
    size_t check_from, check_to; /* the orders check_always looks at */
    struct sim_saved saved;      /* the last one */
    struct sim_paper paper[SIM_PAPER_MAX];
    size_t paper_count;
    size_t labels_seen;
    struct sim_late late[SIM_LATE_MAX];
    struct {
        uint64_t what, bytes; /* which record was asked for, and how */
    } intents[SIM_INTENTS_MAX];
    size_t intent_count; /* the oldest give way */

    bool rotten;     /* bits at rest were damaged: what it promises then is less */
    int last_status; /* of the last reply of the station's own interface; 0: none yet */
    uint64_t marks;  /* reached, by marks.h */
    uint64_t hash;   /* of every log line and answer of a peer */
    uint64_t rounds;
    uint64_t boots;
    uint64_t cuts;
    uint64_t faults_named; /* station starts that ended with a named fault */
    uint64_t requests;
    uint64_t rounds_same_time, rounds_same_time_max;
    mono_t last_time;
    char failure[400]; /* the first promise broken; "" */
};

struct sim *sim_new(const struct sim_options *options);
void sim_free(struct sim *s);
/* An order somebody will place. Borrowed until sim_free. */
struct sim_order *sim_add_order(struct sim *s, const struct sim_line *lines, size_t count,
                                enum sim_way way, bool note);
/* From now on Clarus and the shop have it. */
void sim_place_order(struct sim *s, struct sim_order *o);
/* Boots the station and lets it read its work. */
void sim_start(struct sim *s);

void sim_run(struct sim *s, int64_t ms);
void sim_restart(struct sim *s); /* the process dies, the machine stays; it is started again */
void sim_scan(struct sim *s, const char *text);
void sim_command(struct sim *s, const char *name);
void sim_cancel(struct sim *s, struct sim_order *o, bool clarus, bool shop);
/* The board gets a fresh disk: its store is gone. */
void sim_reflash(struct sim *s);
/* Paper that carries this tracking number; NULL: none came out. */
struct sim_paper *sim_paper_of(struct sim *s, const char *tracking);
/* One number of the surviving store; -1 when it cannot be read. `sql` must be static text. */
int64_t sim_number(struct sim *s, const char *sql, const char *text);
/* Messages not delivered, without those that stand behind a parked or frozen one of their order. */
int64_t sim_waiting(struct sim *s);
bool sim_is_drained(struct sim *s);
/* Records a broken promise; the first one counts. */
void sim_fail(struct sim *s, const char *promise, const char *format, ...) PRINTF_LIKE(3, 4);
void sim_say(struct sim *s, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
