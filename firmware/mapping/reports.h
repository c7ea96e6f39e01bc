/* reports.h - who tells a shop of a dispatch: this station, or an integration Clarus has with the
 * shop itself. What Clarus last said of its own is kept in the store. */
#ifndef PACKD_MAPPING_REPORTS_H
#define PACKD_MAPPING_REPORTS_H

#include "firmware/config/config.h"
#include "firmware/store/store.h"

/* The integration is with the shop of this channel: by its configured name, else by the name of the
 * system, letters and digits compared without case. */
bool reports_same_shop(const struct config_channel *channel, const char *name,
                       const char *provider);
/* An integration of Clarus with the channel's shop was switched on when last heard of. */
bool reports_known(struct store *st, const char *channel);
MUST_CHECK err_t reports_note(struct store *st, const char *channel, bool on);
/* False: nobody said who reports, and Clarus may: the channel stays silent. */
bool reports_station(struct store *st, const struct config_channel *channel);

#endif
