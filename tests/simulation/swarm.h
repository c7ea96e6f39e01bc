/* swarm.h - one seed: some orders, a random swarm of faults while they are packed, then healing,
 * and the checker. */
#ifndef PACKD_TESTS_SWARM_H
#define PACKD_TESTS_SWARM_H

#include "tests/simulation/sim.h"

struct swarm_result {
    uint64_t seed;
    uint64_t orders; /* shown SAVED whole */
    uint64_t saves;
    uint64_t set_aside;
    uint64_t cuts, boots, faults_named;
    uint64_t operations;
    uint64_t rounds;
    uint64_t requests;
    uint64_t marks;
    uint64_t hash;
    int64_t virtual_ms;
    char failure[400]; /* "": every promise held */
};

/* `plan` gives the faults and, in its seed, the workload; afterwards it tells what fired. */
void swarm_run(struct fault_plan *plan, bool narrate, struct swarm_result *out);

/* A plan as text: "seed N", then one "fault class key n" a line; '#' begins a comment.
 * ERR_PROTO: *out_line is the line that is wrong. */
MUST_CHECK err_t swarm_plan_read(struct slice text, struct fault_plan *out, unsigned *out_line);
void swarm_plan_write(const struct fault_plan *plan, struct buf *out);
/* Leaves out what the same broken promise does not need. `plan` is by list. */
void swarm_minimise(struct fault_plan *plan, const char *failure);

#endif
