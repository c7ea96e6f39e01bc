/* auth_inner.h - shared by auth.c, oauth1.c and jwt.c. */
#ifndef PACKD_CHANNELS_AUTH_INNER_H
#define PACKD_CHANNELS_AUTH_INNER_H

#include "firmware/channels/auth.h"

/* Appends "OAuth realm=..., oauth_signature=..." for a made request. */
MUST_CHECK err_t oauth1_value(const struct outgoing *o, const struct secret *secret,
                              struct slice realm, struct freshness fresh, struct buf *out);
/* Appends a signed JWT from {"alg","headers","claims"}; values and secret parts come from v. */
MUST_CHECK err_t jwt_value(json_node jwt, const struct secret *secret, const struct values *v,
                           struct freshness fresh, struct buf *out);

#endif
