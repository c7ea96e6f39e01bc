/* torture.h - one call of the firmware to what lies outside it fails: the n-th of its kind, once or
 * from then on.
 *
 * Counted and failed is what the firmware does between the start and the end of station_new,
 * station_round and station_free; what the simulated world does meanwhile (inside the HAL, the disk
 * and the stand-ins) always works. The program is linked with every call of the HAL and some of
 * SQLite and mbedTLS led through torture_calls.c, and its allocator is torture.c. One thread. */
#ifndef PACKD_TESTS_TORTURE_H
#define PACKD_TESTS_TORTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/simulation/sim.h"

enum torture_site {
    TORTURE_MEMORY,      /* every allocation: ours, cJSON's and libpng's, SQLite's, mbedTLS's */
    TORTURE_DISK,        /* every call SQLite makes to its VFS */
    TORTURE_DISK_FULL,   /* writes alone: no room */
    TORTURE_SQL,         /* prepare, step, exec, open, checkpoint */
    TORTURE_HTTP,        /* a submission is refused */
    TORTURE_HTTP_LOST,   /* a request leaves and neither arrives nor is answered */
    TORTURE_HTTP_EFFECT, /* its reply is lost */
    TORTURE_PORT,        /* the device goes while it is written to */
    TORTURE_PORT_STALL,  /* it takes nothing for a while */
    TORTURE_JOB,         /* a job cannot be started */
    TORTURE_JOB_END,     /* a job ends without a result */
    TORTURE_HAL, /* opening of ports and console, documents, secrets, free space, streams, waiting
                  */
    TORTURE_SITES,
};

const char *torture_site_name(enum torture_site site);

/* Before the first use of SQLite. */
void torture_setup(void);
/* Counts from 0; fails call `nth` (0: none) of this site, and with `for_good` all after it. */
void torture_begin(enum torture_site site, uint64_t nth, bool for_good);
/* Nothing fails any more. */
void torture_heal(void);
bool torture_is_healed(void);
/* Calls failed so far. */
uint64_t torture_failed(void);
uint64_t torture_count(enum torture_site site);
/* Starts of the station that ended with a fault since the first failed call. */
unsigned torture_starts_failed(void);
/* Blocks taken from the allocator and from SQLite's and not given back. */
int64_t torture_blocks(void);

/* Labels come as PDF from now on, and jobs draw and read them. Before sim_start. */
void torture_labels_as_pdf(struct sim *s);
/* What a reader sees on a paper of pictures. */
struct slice torture_read_paper(struct slice zpl);

/* For torture_calls.c: true when this call fails. Counts only inside the firmware. */
bool torture_strikes(enum torture_site site);
/* The firmware is entered (true) or left (false); returns what was before, for torture_back. */
bool torture_enter(bool inside);
void torture_back(bool before);
void torture_start_failed(void);

#endif
