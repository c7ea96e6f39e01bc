/* How requests prove who sends them: secrets, signatures, OAuth 1.0a, signed assertions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ecdsa.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/rsa.h>

#include "firmware/base/digest.h"
#include "firmware/base/sign.h"
#include "firmware/base/text.h"
#include "firmware/channels/auth_inner.h"
#include "hal/sim/hal_sim.h"

struct keys {
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context drbg;
    mbedtls_pk_context rsa, ec;
    char rsa_pem[4000], ec_pem[600];
    struct hal *hal;
};

static void fill(void *ctx, void *out, size_t len)
{
    hal_random(ctx, out, len);
}

static int setup(void **state)
{
    struct keys *k = calloc(1, sizeof *k);
    const struct hal_sim_options options = {.seed = 3, .store_path = "/tmp/none.db"};
    mbedtls_entropy_init(&k->entropy);
    mbedtls_ctr_drbg_init(&k->drbg);
    mbedtls_pk_init(&k->rsa);
    mbedtls_pk_init(&k->ec);
    bool made =
        mbedtls_ctr_drbg_seed(&k->drbg, mbedtls_entropy_func, &k->entropy, NULL, 0) == 0 &&
        mbedtls_pk_setup(&k->rsa, mbedtls_pk_info_from_type(MBEDTLS_PK_RSA)) == 0 &&
        mbedtls_rsa_gen_key(mbedtls_pk_rsa(k->rsa), mbedtls_ctr_drbg_random, &k->drbg, 2048,
                            65537) == 0 &&
        mbedtls_pk_setup(&k->ec, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)) == 0 &&
        mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(k->ec), mbedtls_ctr_drbg_random,
                            &k->drbg) == 0 &&
        mbedtls_pk_write_key_pem(&k->rsa, (unsigned char *)k->rsa_pem, sizeof k->rsa_pem) == 0 &&
        mbedtls_pk_write_key_pem(&k->ec, (unsigned char *)k->ec_pem, sizeof k->ec_pem) == 0;
    *state = k;
    return made && hal_sim_open(&options, &k->hal) == ERR_OK ? 0 : -1;
}

static int teardown(void **state)
{
    struct keys *k = *state;
    hal_sim_close(k->hal);
    mbedtls_pk_free(&k->rsa);
    mbedtls_pk_free(&k->ec);
    mbedtls_ctr_drbg_free(&k->drbg);
    mbedtls_entropy_free(&k->entropy);
    free(k);
    return 0;
}

static struct slice signed_by(struct keys *k, enum sign_kind kind, const char *pem, err_t expected)
{
    static uint8_t raw[SIGN_MAX];
    struct buf out = buf_over(raw, sizeof raw);
    const struct sign_source source = {fill, k->hal};
    err_t e = sign_data(kind, slice_text(pem), SLICE("a message"), source, &out);
    assert_int_equal(e, expected);
    return buf_slice(&out);
}

static void signature__of_each_kind_is_accepted_by_its_public_key(void **state)
{
    struct keys *k = *state;
    uint8_t hash[DIGEST_SHA256_LEN];
    assert_int_equal(digest_sha256(SLICE("a message"), hash), ERR_OK);
    struct slice s = signed_by(k, SIGN_RS256, k->rsa_pem, ERR_OK);
    assert_int_equal(s.len, 256);
    assert_int_equal(mbedtls_pk_verify(&k->rsa, MBEDTLS_MD_SHA256, hash, sizeof hash, s.ptr, s.len),
                     0);
    const mbedtls_pk_rsassa_pss_options pss = {.mgf1_hash_id = MBEDTLS_MD_SHA256,
                                               .expected_salt_len = 32};
    s = signed_by(k, SIGN_PS256, k->rsa_pem, ERR_OK);
    assert_int_equal(mbedtls_pk_verify_ext(MBEDTLS_PK_RSASSA_PSS, &pss, &k->rsa, MBEDTLS_MD_SHA256,
                                           hash, sizeof hash, s.ptr, s.len),
                     0);
    s = signed_by(k, SIGN_ES256, k->ec_pem, ERR_OK);
    assert_int_equal(s.len, 64);
    mbedtls_mpi r, t;
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&t);
    assert_int_equal(mbedtls_mpi_read_binary(&r, s.ptr, 32), 0);
    assert_int_equal(mbedtls_mpi_read_binary(&t, s.ptr + 32, 32), 0);
    mbedtls_ecp_keypair *ec = mbedtls_pk_ec(k->ec);
    mbedtls_ecp_group group;
    mbedtls_ecp_group_init(&group);
    assert_int_equal(mbedtls_ecp_group_load(&group, MBEDTLS_ECP_DP_SECP256R1), 0);
    assert_int_equal(mbedtls_ecdsa_verify(&group, hash, sizeof hash, &ec->Q, &r, &t), 0);
    mbedtls_ecp_group_free(&group);
    mbedtls_mpi_free(&r);
    mbedtls_mpi_free(&t);
}

static void signature__needs_a_key_of_its_kind(void **state)
{
    struct keys *k = *state;
    char cut[200];
    snprintf(cut, sizeof cut, "%.150s", k->rsa_pem);
    (void)signed_by(k, SIGN_ES256, k->rsa_pem, ERR_INVALID);
    (void)signed_by(k, SIGN_RS256, k->ec_pem, ERR_INVALID);
    (void)signed_by(k, SIGN_RS256, cut, ERR_INVALID);
    (void)signed_by(k, SIGN_RS256, "", ERR_INVALID);
    (void)signed_by(k, SIGN_PS256, "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n",
                    ERR_INVALID);
}

static void secret__has_one_line_or_named_parts_and_a_key(void **state)
{
    (void)state;
    static struct secret s;
    const char *text =
        "client_id: a b\nclient_secret:  c:d \n-----BEGIN X-----\nz\n-----END X-----";
    memcpy(s.text, text, strlen(text));
    s.len = strlen(text);
    assert_true(slice_is(secret_find(&s, SLICE("secret.client_id")), "a b"));
    assert_true(slice_is(secret_find(&s, SLICE("secret.client_secret")), "c:d"));
    assert_true(slice_starts(secret_find(&s, SLICE("secret.private_key")), "-----BEGIN X"));
    assert_int_equal(secret_find(&s, SLICE("secret.other")).len, 0);
    assert_int_equal(secret_find(&s, SLICE("secret")).len, 0); /* several lines are no token */
    secret_wipe(&s);
    memcpy(s.text, "tok en", 6);
    s.len = 6;
    assert_true(slice_is(secret_find(&s, SLICE("secret")), "tok en"));
    memcpy(s.text, "tok\ren", 6);
    assert_int_equal(secret_find(&s, SLICE("secret")).len, 0);
}

/* RFC 5849 section 3.4.1.1 says what the base string is; it is written out here. */
static void oauth1__signs_method_address_and_every_parameter(void **state)
{
    struct keys *k = *state;
    static struct outgoing o;
    static struct secret s;
    char text[1024];
    struct buf out = buf_over(text, sizeof text);
    const char *parts = "consumer_key: ck\nconsumer_secret: cs&\ntoken: tk\ntoken_secret: ts";
    memcpy(s.text, parts, strlen(parts));
    s.len = strlen(parts);
    outgoing_init(&o);
    o.method = HAL_GET;
    snprintf(o.url, sizeof o.url, "https://x.test/rest/a%%20b?b=2&a=1&a%%5B0%%5D=3");
    const struct freshness fresh = {.wall_ms = 1773216000000, .hal = k->hal};
    assert_int_equal(oauth1_value(&o, &s, SLICE("1234_SB1"), fresh, &out), ERR_OK);
    const char *value = buf_cstr(&out);
    const char *nonce = strstr(value, "oauth_nonce=\"") + 13;
    char base[600];
    snprintf(
        base, sizeof base,
        "GET&https%%3A%%2F%%2Fx.test%%2Frest%%2Fa%%2520b&a%%3D1%%26a%%255B0%%255D%%3D3%%26b%%3D2%%"
        "26"
        "oauth_consumer_key%%3Dck%%26oauth_nonce%%3D%.32s%%26oauth_signature_method%%3DHMAC-SHA256"
        "%%26oauth_timestamp%%3D1773216000%%26oauth_token%%3Dtk%%26oauth_version%%3D1.0",
        nonce);
    uint8_t mac[DIGEST_SHA256_LEN];
    assert_int_equal(digest_hmac_sha256(SLICE("cs%26&ts"), slice_text(base), mac), ERR_OK);
    char expected[200];
    struct buf e = buf_over(expected, sizeof expected);
    struct buf b64 = buf_over(base, sizeof base);
    text_base64(&b64, slice_of(mac, sizeof mac));
    buf_text(&e, "oauth_signature=\"");
    text_percent(&e, buf_slice(&b64));
    buf_text(&e, "\"");
    assert_non_null(strstr(value, buf_cstr(&e)));
    assert_non_null(strstr(value, "OAuth realm=\"1234_SB1\", "));
    outgoing_deinit(&o);
}

static void assertion__holds_its_claims_and_is_signed(void **state)
{
    struct keys *k = *state;
    static struct secret s;
    static struct values v;
    struct json_doc *doc = NULL;
    char text[2048];
    struct buf out = buf_over(text, sizeof text);
    size_t len = strlen(k->ec_pem);
    memcpy(s.text, k->ec_pem, len);
    s.len = len;
    value_set_int(&v, VALUE_NOW, 1773216000);
    assert_int_equal(value_set_named(&v, SLICE("secret.client_id"), SLICE("cid")), ERR_OK);
    assert_int_equal(
        json_parse(SLICE("{\"alg\":\"ES256\",\"headers\":{\"kid\":\"c1\"},\"claims\":{\"iss\":"
                         "{\"$in\":\"secret.client_id\"},\"iat\":{\"$now\":0},\"exp\":{\"$now\":"
                         "3000}}}"),
                   &doc, NULL),
        ERR_OK);
    const struct freshness fresh = {.wall_ms = 1773216000000, .hal = k->hal};
    assert_int_equal(jwt_value(json_root(doc), &s, &v, fresh, &out), ERR_OK);
    char expected[400];
    struct buf e = buf_over(expected, sizeof expected);
    text_base64url(&e, SLICE("{\"typ\":\"JWT\",\"alg\":\"ES256\",\"kid\":\"c1\"}"));
    buf_byte(&e, '.');
    text_base64url(&e, SLICE("{\"iss\":\"cid\",\"iat\":1773216000,\"exp\":1773219000}"));
    buf_byte(&e, '.');
    assert_true(slice_starts(buf_slice(&out), buf_cstr(&e)));
    assert_int_equal(out.len, e.len + 86); /* 64 bytes */
    json_free(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signature__of_each_kind_is_accepted_by_its_public_key),
        cmocka_unit_test(signature__needs_a_key_of_its_kind),
        cmocka_unit_test(secret__has_one_line_or_named_parts_and_a_key),
        cmocka_unit_test(oauth1__signs_method_address_and_every_parameter),
        cmocka_unit_test(assertion__holds_its_claims_and_is_signed),
    };
    return cmocka_run_group_tests_name("channels auth", tests, setup, teardown);
}
