/* digest.h - hashes and signatures by mbedTLS. Only digest.c knows mbedTLS (2.28 and 3.x differ).
 */
#ifndef PACKD_BASE_DIGEST_H
#define PACKD_BASE_DIGEST_H

#include "firmware/base/slice.h"

#define DIGEST_SHA256_LEN 32
#define DIGEST_HEX_CAP    65

MUST_CHECK err_t digest_sha256(struct slice data, uint8_t out[DIGEST_SHA256_LEN]);
MUST_CHECK err_t digest_hmac_sha256(struct slice key, struct slice data,
                                    uint8_t out[DIGEST_SHA256_LEN]);
/* Lower-case hexadecimal SHA-256 into out. */
MUST_CHECK err_t digest_hex(struct slice data, char out[DIGEST_HEX_CAP]);

#endif
