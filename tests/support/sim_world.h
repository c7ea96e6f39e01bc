/* sim_world.h - the whole station on virtual time, with stand-ins for Clarus and the shop and a ZPL
 * printer. The test plays the packer and breaks things; it judges by what the peers accepted, what
 * came out of the printer, and what the packer was shown. */
#ifndef PACKD_TESTS_SIM_WORLD_H
#define PACKD_TESTS_SIM_WORLD_H

#include "firmware/bench/view.h"
#include "firmware/station.h"
#include "hal/sim/hal_sim.h"
#include "tools/packpeers/peer.h"
#include "tools/virtual/zpl_printer.h"

struct sim_world;

/* Sees a request before the peers do and may change what the station gets. True: answered here, the
 * peers never hear of it. */
typedef bool sim_world_hook(struct sim_world *w, enum peer which,
                            const struct hal_http_request *request, struct hal_sim_reply *reply);

/* Stands behind the ports instead of the ZPL printer: takes what fits of `bytes`. */
typedef size_t sim_world_port(struct sim_world *w, const char *role, struct slice bytes);

struct sim_world {
    char folder[64];
    char path[96];
    struct hal *hal;
    struct config *config;
    struct station *station;
    struct peers *peers;
    struct zpl_printer *printer;
    bool offline; /* nobody can be reached */
    bool shop_offline;
    bool clarus_offline;
    bool narrate;           /* print each scan and face, for reading a failure */
    struct bench_view view; /* as of the last world_run */
    struct buf log;         /* everything the station logged */
    unsigned rounds;
    unsigned still; /* rounds since time last passed */
    sim_world_hook *hook;
    sim_world_port *port;
    void *ctx;
    bool supervised;            /* a station that ends or does not start is started again */
    unsigned restarts;          /* by the supervisor */
    struct station_fault fault; /* of the last end or failed start */
};

struct sim_world_options {
    const struct peers_options *peers; /* NULL: ZPL labels, else defaults */
    const char *site;                  /* NULL: the embedded site.json */
    const char *station;               /* NULL: the embedded station.json */
    const struct peer_fault *fault;    /* there from the first request on; NULL: none */
    const char *base;                  /* the store's folder is made in; NULL: memory */
    const char *store_vfs;             /* NULL: SQLite's own */
    struct disk *disk;                 /* NULL: a real one; else borrowed */
    bool supervised;
    int64_t wall_ms; /* 0: a spring morning */
    bool wall_untrusted;
    sim_world_hook *hook;
    sim_world_port *port; /* NULL: the ZPL printer alone */
    hal_sim_job_fn *job;  /* NULL: no program is installed */
    void *ctx;            /* of hook and port (in world->ctx), and of job */
};

/* For a hook: what the peers say to this request, to be changed before the station gets it. */
void world_ask_peers(struct sim_world *w, enum peer which, const struct hal_http_request *request,
                     struct hal_sim_reply *reply);

/* Aborts the test when the world cannot be made. Demonstration orders are placed; the station has
 * signed on and read its work list. */
struct sim_world *world_new(const struct sim_world_options *options);
void world_free(struct sim_world *w);

/* Lets virtual time pass. While a supervised station cannot start, `view` is empty. */
void world_run(struct sim_world *w, int64_t ms);
/* A scan at the bench, then time until the station has answered it (at most 3 s). */
void world_scan(struct sim_world *w, const char *text);
void world_command(struct sim_world *w, const char *command);
/* Bytes from the scanner as they are, then time for the answer. */
void world_scan_bytes(struct sim_world *w, struct slice bytes);
/* Scans the label that came out last. */
void world_scan_label(struct sim_world *w);
/* The tracking number on the nth label that came out (0: first); "" when there is none. */
const char *world_label(struct sim_world *w, size_t index, char out[64]);

/* A station on this world again, after the test freed the one before. */
void world_begin(struct sim_world *w);
/* Power goes and comes back: memory is lost, the store stays. */
void world_power_cut(struct sim_world *w);
/* As the orderly end and start of the program. */
void world_restart(struct sim_world *w);

/* Runs until everything undelivered is delivered or parked, at most `ms`. */
void world_drain(struct sim_world *w, int64_t ms);
int64_t world_number(struct sim_world *w, const char *sql);
bool world_logged(const struct sim_world *w, const char *text);
/* No violation at the peers, no stranger at the printer, no secret or address in the log. */
void world_check(struct sim_world *w);

#endif
