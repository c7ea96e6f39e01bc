/* lead.h - the lead of the shift: looks at what stands open now and then, and decides about it by
 * the station's own interface; sometimes a saved dispatch is recalled. */
#ifndef PACKD_TESTS_LEAD_H
#define PACKD_TESTS_LEAD_H

#include "tests/simulation/sim.h"

/* Between two orders. `o` was packed last. */
void lead_acts(struct sim *s, struct sim_order *o);

#endif
