#include "tests/support/certs.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct authority {
    EVP_PKEY *key;
    X509 *cert;
    long serial;
};

static void must(bool ok, const char *what)
{
    if (ok) return;
    (void)fprintf(stderr, "certificates: %s failed\n", what);
    abort();
}

static void extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    must(ext != NULL, value);
    must(X509_add_ext(cert, ext, -1) == 1, "X509_add_ext");
    X509_EXTENSION_free(ext);
}

static X509 *blank(const char *name, long serial, EVP_PKEY *key)
{
    X509 *cert = X509_new();
    must(cert != NULL, "X509_new");
    must(X509_set_version(cert, X509_VERSION_3) == 1, "version");
    must(ASN1_INTEGER_set(X509_get_serialNumber(cert), serial) == 1, "serial");
    must(X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
                                    (const unsigned char *)name, -1, -1, 0) == 1,
         "name");
    must(X509_set_pubkey(cert, key) == 1, "key");
    return cert;
}

static void write_cert(const char *path, const char *mode, X509 *cert)
{
    FILE *f = fopen(path, mode);
    must(f != NULL, path);
    must(PEM_write_X509(f, cert) == 1, "PEM_write_X509");
    must(fclose(f) == 0, "fclose");
}

static void write_key(const char *path, EVP_PKEY *key)
{
    FILE *f = fopen(path, "w");
    must(f != NULL, path);
    must(fchmod(fileno(f), 0600) == 0, "fchmod");
    must(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1, "PEM_write_PrivateKey");
    must(fclose(f) == 0, "fclose");
}

struct authority *authority_new(const char *name, const char *path)
{
    struct authority *a = calloc(1, sizeof *a);
    must(a != NULL, "calloc");
    a->key = EVP_EC_gen("P-256");
    must(a->key != NULL, "EVP_EC_gen");
    a->cert = blank(name, 1, a->key);
    must(X509_set_issuer_name(a->cert, X509_get_subject_name(a->cert)) == 1, "issuer");
    (void)X509_gmtime_adj(X509_getm_notBefore(a->cert), -86400L * 30);
    (void)X509_gmtime_adj(X509_getm_notAfter(a->cert), 86400);
    extend(a->cert, a->cert, NID_basic_constraints, "critical,CA:TRUE");
    extend(a->cert, a->cert, NID_key_usage, "critical,keyCertSign");
    must(X509_sign(a->cert, a->key, EVP_sha256()) > 0, "X509_sign");
    write_cert(path, "w", a->cert);
    return a;
}

void authority_free(struct authority *a)
{
    if (!a) return;
    EVP_PKEY_free(a->key);
    X509_free(a->cert);
    free(a);
}

void authority_issue(struct authority *a, const struct cert_spec *spec, const char *cert_path,
                     const char *key_path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    must(key != NULL, "EVP_EC_gen");
    a->serial++;
    X509 *cert = blank("packd test", a->serial + 1, key);
    must(X509_set_issuer_name(cert, X509_get_subject_name(a->cert)) == 1, "issuer");
    (void)X509_gmtime_adj(X509_getm_notBefore(cert), spec->valid_from_s);
    (void)X509_gmtime_adj(X509_getm_notAfter(cert), spec->valid_to_s);
    extend(cert, a->cert, NID_subject_alt_name, spec->subject_alt_name);
    must(X509_sign(cert, a->key, EVP_sha256()) > 0, "X509_sign");
    write_key(key_path, key);
    write_cert(cert_path, strcmp(cert_path, key_path) == 0 ? "a" : "w", cert);
    X509_free(cert);
    EVP_PKEY_free(key);
}
