/* tracking.h - tracking numbers in the shapes of the carriers offered, with valid check characters.
 */
#ifndef PACKPEERS_TRACKING_H
#define PACKPEERS_TRACKING_H

#include "tools/packpeers/world.h"

/* ISO 7064 MOD 37,36 check character over digits and capital letters; 0 for anything else. */
char tracking_mod37(struct slice text);
/* Check digit of an UPU S10 number over its eight digits. */
char tracking_s10(struct slice digits);
/* GS1 modulo 10 check digit (EAN-13, ITF-14) over the digits before it. */
char tracking_gs1(struct slice digits);

/* The serial-th number of this carrier; no two serials give the same. */
const char *tracking_make(struct peers *p, const char *carrier, uint32_t serial);

#endif
