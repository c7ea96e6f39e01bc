#include "firmware/base/sign.h"

#include <string.h>

#include <mbedtls/ecdsa.h>
#include <mbedtls/pk.h>
#include <mbedtls/rsa.h>
#include <mbedtls/version.h>

#include "firmware/base/digest.h"

#define RSA_BITS_MIN 2048
#define COORDINATE   32
#define DER_MAX      (2 * COORDINATE + 16)

static void wipe(void *room, size_t len)
{
    memset(room, 0, len);
    __asm__ volatile("" : : "r"(room) : "memory"); /* the wipe is not optimised away */
}

static int random_bytes(void *ctx, unsigned char *out, size_t len)
{
    const struct sign_source *source = ctx;
    source->random(source->ctx, out, len);
    return 0;
}

/* ------------------------------------------------------------------------------ two generations --
 * 3.x wants randomness to parse a key, fixed the padding call's result and dropped `mode`. */

static int parse_key(mbedtls_pk_context *pk, const uint8_t *pem, size_t len,
                     struct sign_source *source)
{
#if MBEDTLS_VERSION_MAJOR >= 3
    return mbedtls_pk_parse_key(pk, pem, len, NULL, 0, random_bytes, source);
#else
    (void)source;
    return mbedtls_pk_parse_key(pk, pem, len, NULL, 0);
#endif
}

static int sign_rsa(mbedtls_rsa_context *rsa, bool pss, const uint8_t *hash,
                    struct sign_source *source, uint8_t *out)
{
#if MBEDTLS_VERSION_MAJOR >= 3
    int rc = mbedtls_rsa_set_padding(rsa, pss ? MBEDTLS_RSA_PKCS_V21 : MBEDTLS_RSA_PKCS_V15,
                                     MBEDTLS_MD_SHA256);
    if (rc != 0) return rc;
    return mbedtls_rsa_pkcs1_sign(rsa, random_bytes, source, MBEDTLS_MD_SHA256, DIGEST_SHA256_LEN,
                                  hash, out);
#else
    mbedtls_rsa_set_padding(rsa, pss ? MBEDTLS_RSA_PKCS_V21 : MBEDTLS_RSA_PKCS_V15,
                            MBEDTLS_MD_SHA256);
    return mbedtls_rsa_pkcs1_sign(rsa, random_bytes, source, MBEDTLS_RSA_PRIVATE, MBEDTLS_MD_SHA256,
                                  DIGEST_SHA256_LEN, hash, out);
#endif
}

static int sign_pk(mbedtls_pk_context *pk, const uint8_t *hash, struct sign_source *source,
                   uint8_t *out, size_t *out_len)
{
#if MBEDTLS_VERSION_MAJOR >= 3
    return mbedtls_pk_sign(pk, MBEDTLS_MD_SHA256, hash, DIGEST_SHA256_LEN, out, SIGN_MAX, out_len,
                           random_bytes, source);
#else
    return mbedtls_pk_sign(pk, MBEDTLS_MD_SHA256, hash, DIGEST_SHA256_LEN, out, out_len,
                           random_bytes, source);
#endif
}

/* ------------------------------------------------------------------------------------------ ecdsa
 * --
 */

/* One INTEGER of a DER signature as 32 bytes, and moves behind it. */
static bool take_integer(struct slice *der, uint8_t out[COORDINATE])
{
    if (der->len < 2 || der->ptr[0] != 0x02 || der->ptr[1] > der->len - 2) return false;
    struct slice number = slice_sub(*der, 2, 2 + (size_t)der->ptr[1]);
    *der = slice_sub(*der, 2 + number.len, der->len);
    while (number.len > COORDINATE && number.ptr[0] == 0) {
        number = slice_sub(number, 1, number.len);
    }
    if (number.ptr == NULL || number.len > COORDINATE) return false;
    memset(out, 0, COORDINATE);
    memcpy(out + COORDINATE - number.len, number.ptr, number.len);
    return true;
}

static err_t put_raw(struct slice der, struct buf *out)
{
    uint8_t raw[2 * COORDINATE];
    if (der.len < 2 || der.len > DER_MAX || der.ptr[0] != 0x30) return ERR_INVALID;
    struct slice rest = slice_sub(der, 2, der.len);
    if (!take_integer(&rest, raw) || !take_integer(&rest, raw + COORDINATE)) return ERR_INVALID;
    buf_put(out, slice_of(raw, sizeof raw));
    return out->overflow ? ERR_NOSPACE : ERR_OK;
}

/* ----------------------------------------------------------------------------------------- signing
 * --
 */

static bool key_fits(mbedtls_pk_context *pk, enum sign_kind kind)
{
    size_t bits = mbedtls_pk_get_bitlen(pk);
    if (kind == SIGN_ES256) return mbedtls_pk_can_do(pk, MBEDTLS_PK_ECDSA) && bits == 256;
    return mbedtls_pk_get_type(pk) == MBEDTLS_PK_RSA && bits >= RSA_BITS_MIN &&
           bits <= (size_t)SIGN_MAX * 8;
}

static err_t sign_with(mbedtls_pk_context *pk, enum sign_kind kind, const uint8_t *hash,
                       struct sign_source *source, struct buf *out)
{
    uint8_t raw[SIGN_MAX];
    size_t len = 0;
    if (!key_fits(pk, kind)) return ERR_INVALID;
    if (kind == SIGN_ES256) {
        if (sign_pk(pk, hash, source, raw, &len) != 0) return ERR_INVALID;
        return put_raw(slice_of(raw, len), out);
    }
    if (sign_rsa(mbedtls_pk_rsa(*pk), kind == SIGN_PS256, hash, source, raw) != 0) {
        return ERR_INVALID;
    }
    buf_put(out, slice_of(raw, (mbedtls_pk_get_bitlen(pk) + 7) / 8));
    return out->overflow ? ERR_NOSPACE : ERR_OK;
}

err_t sign_data(enum sign_kind kind, struct slice pem, struct slice data, struct sign_source source,
                struct buf *out)
{
    uint8_t text[PEM_MAX + 1];
    uint8_t hash[DIGEST_SHA256_LEN];
    if (pem.len == 0 || pem.len > PEM_MAX) return ERR_INVALID;
    err_t e = digest_sha256(data, hash);
    if (e) return e;
    memcpy(text, pem.ptr, pem.len);
    text[pem.len] = '\0';
    mbedtls_pk_context pk;
    mbedtls_pk_init(&pk);
    e = parse_key(&pk, text, pem.len + 1, &source) == 0 ? sign_with(&pk, kind, hash, &source, out)
                                                        : ERR_INVALID;
    mbedtls_pk_free(&pk);
    wipe(text, sizeof text);
    return e;
}
