/* sign.h - signatures with a private key, for signed assertions (RFC 7518). */
#ifndef PACKD_BASE_SIGN_H
#define PACKD_BASE_SIGN_H

#include "firmware/base/slice.h"

enum sign_kind {
    SIGN_RS256, /* RSASSA-PKCS1-v1_5 with SHA-256 */
    SIGN_PS256, /* RSASSA-PSS with SHA-256, MGF1 SHA-256, salt of 32 bytes */
    SIGN_ES256, /* ECDSA P-256 with SHA-256, r and s of 32 bytes each */
};

#define SIGN_MAX 512 /* RSA of 4096 bits */
#define PEM_MAX  4096

/* Fills random bytes; gives what the caller's source gives. */
typedef void sign_random_fn(void *ctx, void *out, size_t len);

struct sign_source {
    sign_random_fn *random;
    void *ctx;
};

/* Signs `data` with the first private key of a PEM text (PKCS#1, PKCS#8 or SEC1, not encrypted) and
 * appends the raw signature.
 * ERR_INVALID: no usable key, or not one for this kind (RSA needs 2048 to 4096 bits). ERR_NOMEM,
 * ERR_NOSPACE. */
MUST_CHECK err_t sign_data(enum sign_kind kind, struct slice pem, struct slice data,
                           struct sign_source source, struct buf *out);

#endif
