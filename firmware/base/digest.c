#include "firmware/base/digest.h"

#include <mbedtls/md.h>
#include <mbedtls/sha256.h>
#include <mbedtls/version.h>

#include "firmware/base/text.h"

/* 2.28 names the function that can fail _ret; 3.x gave it the plain name. */
static int sha256(const uint8_t *data, size_t len, uint8_t *out)
{
#if MBEDTLS_VERSION_MAJOR >= 3
    return mbedtls_sha256(data, len, out, 0);
#else
    return mbedtls_sha256_ret(data, len, out, 0);
#endif
}

static const uint8_t NOTHING[1] = {0};

static const uint8_t *bytes_of(struct slice s)
{
    return s.ptr != NULL ? s.ptr : NOTHING;
}

err_t digest_sha256(struct slice data, uint8_t out[DIGEST_SHA256_LEN])
{
    return sha256(bytes_of(data), data.len, out) == 0 ? ERR_OK : ERR_NOMEM;
}

err_t digest_hmac_sha256(struct slice key, struct slice data, uint8_t out[DIGEST_SHA256_LEN])
{
    const mbedtls_md_info_t *md = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
    if (md == NULL) return ERR_UNSUPPORTED;
    int rc = mbedtls_md_hmac(md, bytes_of(key), key.len, bytes_of(data), data.len, out);
    return rc == 0 ? ERR_OK : ERR_NOMEM;
}

err_t digest_hex(struct slice data, char out[DIGEST_HEX_CAP])
{
    uint8_t raw[DIGEST_SHA256_LEN];
    out[0] = '\0';
    err_t e = digest_sha256(data, raw);
    if (e) return e;
    struct buf b = buf_over(out, DIGEST_HEX_CAP);
    text_hex(&b, slice_of(raw, sizeof raw));
    (void)buf_cstr(&b); /* fits: the capacity is two characters a byte and the terminator */
    return ERR_OK;
}
