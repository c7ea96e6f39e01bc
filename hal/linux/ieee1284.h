/* ieee1284.h - what a USB printer says it is. */
#ifndef PACKD_HAL_LINUX_IEEE1284_H
#define PACKD_HAL_LINUX_IEEE1284_H

#include "hal/hal.h"

struct ieee1284 {
    char maker[32];    /* MFG or MANUFACTURER; "" when absent */
    char model[48];    /* MDL or MODEL */
    char commands[64]; /* CMD or COMMAND SET; a hint only */
    char serial[48];   /* SN or SERN */
};

/* Reads "KEY:value;" pairs up to the last complete one. The two length bytes in front may be
 * big-endian, little-endian, wrong or absent. Values that do not fit or are not printable stay "".
 */
void ieee1284_parse(struct slice id, struct ieee1284 *out);

#endif
