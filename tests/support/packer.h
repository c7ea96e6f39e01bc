/* packer.h - a packer with common sense in a simulated world, and a judge of what came of it.
 *
 * The packer does what the screen says: reads notes, takes over what another attempt left, packs
 * what is outstanding into one box, scans the label that came out, asks for another print when
 * there is none, waits when told to wait, and opens an order again after it was put aside. */
#ifndef PACKD_TESTS_PACKER_H
#define PACKD_TESTS_PACKER_H

#include "tests/support/sim_world.h"

/* Packs and sends one order; true when it was saved. False: given up after many tries. */
bool packer_sends(struct sim_world *w, const char *tote, const char *reference);

/* Lets everything settle, then checks what must hold whatever went wrong: no violation at the
 * peers, at most one live label, nothing sent twice, and nothing lost: the order is at its end
 * everywhere with one tracking number, or an exception with an owner and a next step is open. NULL:
 * it holds; else what does not. */
const char *judge(struct sim_world *w, const char *reference);
/* For an order whose quantities were changed meanwhile: a part of it may be what there was to send.
 */
const char *judge_part(struct sim_world *w, const char *reference);
/* The stricter judge: the order is at its end everywhere and no exception is open. */
const char *judge_done(struct sim_world *w, const char *reference);

#endif
