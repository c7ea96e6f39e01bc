/* take.h - values taken from answers, by the "take" maps of a definition.
 * A source is a pointer; {"header":NAME} (with "last_part": what stands after the last slash, as in
 * Location); or {"each":POINTER,"where":CONDITIONS,"at":POINTER}: of the first row that fits. */
#ifndef PACKD_CHANNELS_TAKE_H
#define PACKD_CHANNELS_TAKE_H

#include "firmware/channels/rules.h"

/* The text of one source; "" when there is none or it does not fit. `reply` may be NULL. */
void take_text(json_node source, const struct row *row, const struct hal_http_result *reply,
               const struct values *v, char out[VALUE_CAP]);
/* Sets every value of the map; what the answer does not have becomes empty. */
void take_all(json_node takes, const struct row *row, const struct hal_http_result *reply,
              struct values *v);

#endif
