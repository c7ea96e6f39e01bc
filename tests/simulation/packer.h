/* packer.h - an impatient but honest packer: reads the screen, does what it asks for, and repeats
 * what was not confirmed. What lies in the box is what the screen has counted. */
#ifndef PACKD_TESTS_PACKER_H
#define PACKD_TESTS_PACKER_H

#include "tests/simulation/sim.h"

struct packer {
    mono_t since;   /* what she looks at now has been the same since then */
    char seen[256]; /* headline she looked at last */
    unsigned acts;
    uint32_t parcels_asked; /* NEXT-PARCEL scans for the order on the bench */
};

/* Packs one order until SAVED is shown, or until it is set aside, at most `ms` of virtual time.
 * True when it is no longer ORDER_TODO. */
bool packer_pack(struct sim *s, struct packer *p, struct sim_order *o, int64_t ms);
/* One act. */
void packer_step(struct sim *s, struct packer *p, struct sim_order *o);
/* How many times SAVED must be shown for it. */
unsigned packer_saves(const struct sim_order *o);

#endif
