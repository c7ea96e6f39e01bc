/* station.h - the whole pack station on one HAL: wait for what is ready, step, commit, acknowledge,
 * send.
 *
 * A failed commit means no acknowledgement and no sending: memory is thrown away, the store
 * reopened and state rebuilt from it; the packer reads "not confirmed, scan again". */
#ifndef PACKD_STATION_H
#define PACKD_STATION_H

#include "firmware/config/config.h"
#include "firmware/store/store.h"
#include "hal/hal.h"

struct station;

enum station_next {
    STATION_GO_ON,
    STATION_RELOAD, /* configuration changed: free this station and make another */
    STATION_STOP,
};

/* Why a station could not be made or cannot go on, in words for a person. */
struct station_fault {
    char object[128];
    char reason[192];
    char next_step[160];
};

/* Opens the store (setting a damaged one aside), restores the session, opens the devices and the
 * console, and signs on. `config` is borrowed for the station's life. */
MUST_CHECK err_t station_new(struct hal *hal, const struct config *config, const char *version,
                             struct station **out, struct station_fault *fault);
void station_free(struct station *st); /* NULL is fine */

/* One round. An error is a named fault: the supervisor starts the station anew. */
MUST_CHECK err_t station_round(struct station *st, enum station_next *out_next,
                               struct station_fault *fault);

#endif
