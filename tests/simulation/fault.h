/* fault.h - what goes wrong in a simulated world, and when.
 *
 * A fault is a function of (seed, class, key, n): the class of fault, the thing it would hit, and
 * how often that thing was tried. An unrelated change of the program leaves the others where they
 * were. Each seed enables a random subset of classes, each at a random strength. A plan instead
 * names the few that happen. Every fault that fired is remembered, so that a run can be written
 * down as a plan. */
#ifndef PACKD_TESTS_FAULT_H
#define PACKD_TESTS_FAULT_H

#include "firmware/base/slice.h"

enum fault_class {
    FAULT_LOSE_REPLY,
    FAULT_DROP,
    FAULT_LATE_EFFECT, /* the reply is lost, and the effect comes as late as it may */
    FAULT_SLOW,        /* the answer comes after seconds */
    FAULT_BUSY,        /* 429 with a wait */
    FAULT_ERROR_BEFORE,
    FAULT_ERROR_AFTER,
    FAULT_EXPIRE,
    FAULT_HTML,
    FAULT_TRUNCATE,
    FAULT_GARBAGE,
    FAULT_DOCUMENT_LATE,
    FAULT_OUTAGE,      /* minutes to hours without one peer or both */
    FAULT_POWER,       /* a cut at a disk operation */
    FAULT_POWER_AGAIN, /* and another soon after the start that follows */
    FAULT_DISK_ERROR,
    FAULT_DISK_FORGET,
    FAULT_DISK_FULL,
    FAULT_KILL, /* the process dies, the machine stays */
    FAULT_PAPER_OUT,
    FAULT_PRINTER_POWER, /* its buffer is lost */
    FAULT_PRINTER_GONE,
    FAULT_PRINTER_SILENT,
    FAULT_SCAN_TWICE,
    FAULT_SCAN_SPLIT,
    FAULT_SCAN_NOISE,
    FAULT_SCAN_LOST,
    FAULT_WRONG_ITEM,
    FAULT_REPRINT,
    FAULT_VOID,
    FAULT_PARK,
    FAULT_AWAY, /* the packer walks away for minutes */
    FAULT_CANCEL_CLARUS,
    FAULT_CANCEL_SHOP,
    FAULT_CLOCK,     /* the wall clock steps */
    FAULT_DENIED,    /* minutes in which every token is refused */
    FAULT_REFLASH,   /* the board is made anew when all it held was delivered */
    FAULT_IMPATIENT, /* she scans while she is asked to wait */
    FAULT_LEAD,      /* a lead decides about an exception */
    FAULT_RECALL,
    FAULT_ROT, /* bits of the store's file flip; in worlds of its own */
    FAULT_CLASSES,
};

#define FAULT_FIRED_MAX 4096
#define FAULT_KEYS_MAX  4096

struct fault_fired {
    enum fault_class class;
    uint64_t key;
    uint32_t n;
};

struct fault_plan {
    uint64_t seed;
    bool by_list;                     /* only what `list` says; else by seed */
    bool quiet;                       /* healing: nothing goes wrong any more */
    uint16_t strength[FAULT_CLASSES]; /* of 65536 */
    struct fault_fired list[FAULT_FIRED_MAX];
    size_t list_count;
    struct fault_fired fired[FAULT_FIRED_MAX];
    size_t fired_count;
    uint64_t counts[FAULT_CLASSES];
    struct {
        uint64_t key;
        uint32_t n;
    } seen[FAULT_KEYS_MAX]; /* open addressing by class and key; the oldest give way when full */
};

const char *fault_name(enum fault_class class);
/* ERR_NOTFOUND. */
MUST_CHECK err_t fault_class_of(struct slice name, enum fault_class *out);

/* A swarm of faults for this seed. */
void fault_plan_swarm(struct fault_plan *p, uint64_t seed);
/* No fault at all; add to `list` what shall happen. */
void fault_plan_none(struct fault_plan *p);
/* Whether it happens now; asking counts as one try of this key. *out (may be NULL) is a number that
 * belongs to the fault, for how long or how much. */
bool fault_happens(struct fault_plan *p, enum fault_class class, uint64_t key, uint64_t *out);
uint64_t fault_key(const char *text);
uint64_t fault_mix(uint64_t a, uint64_t b);

#endif
