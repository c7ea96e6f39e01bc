/* secret.h - a channel's credentials, read when they are used and wiped afterwards.
 *
 * A secret is one line (a token), or several "name: value" lines, followed where a kind of
 * authentication needs it by a private key in PEM. */
#ifndef PACKD_CHANNELS_SECRET_H
#define PACKD_CHANNELS_SECRET_H

#include "firmware/base/slice.h"
#include "hal/hal.h"

#define SECRET_ROOM 8192

struct secret {
    char text[SECRET_ROOM];
    size_t len;
};

/* ERR_DENIED: there is none, or it is not usable. */
MUST_CHECK err_t secret_read(struct hal *hal, const char *name, struct secret *out);
void secret_wipe(struct secret *s);
/* "secret": the one line; "secret.part": the value of "part: value"; "secret.private_key": the PEM
 * part. Empty when there is none, or it is not printable. Borrowed from s. */
struct slice secret_find(const struct secret *s, struct slice name);

#endif
