/* certs.h - throw-away certificate authorities and certificates for TLS tests. */
#ifndef PACKD_TESTS_CERTS_H
#define PACKD_TESTS_CERTS_H

struct authority;

/* A new CA; its certificate is written to `path`. Aborts the test program on failure. */
struct authority *authority_new(const char *name, const char *path);
void authority_free(struct authority *a);

struct cert_spec {
    const char *subject_alt_name; /* "IP:127.0.0.1" or "DNS:shop.example" */
    long valid_from_s;            /* relative to now */
    long valid_to_s;
};
/* Writes a certificate signed by `a`, and its key. Both paths may be the same file. */
void authority_issue(struct authority *a, const struct cert_spec *spec, const char *cert_path,
                     const char *key_path);

#endif
