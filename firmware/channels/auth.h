/* auth.h - how a request proves who sends it: a fixed header, a login that gives a token,
 * OAuth 1.0a, or a signature over the body. Secrets are read when they are used and wiped. */
#ifndef PACKD_CHANNELS_AUTH_H
#define PACKD_CHANNELS_AUTH_H

#include "firmware/channels/request.h"
#include "firmware/channels/secret.h"

/* What a login gave, kept until it expires or is refused. */
struct login {
    char value[SECRET_VALUE]; /* of the header, whole; "": none */
    uint32_t serial;          /* counts logins; tells an old token from a new one */
    mono_t expires;
    bool under_way;
};

bool auth_is_login(json_node definition);
bool login_holds(const struct login *l, mono_t now);
void login_forget(struct login *l);

/* What makes a signature fresh. */
struct freshness {
    int64_t wall_ms;
    struct hal *hal;
};

/* Adds what proves the sender to a made request. ERR_DENIED: no usable secret, or no login held.
 * ERR_INVALID, ERR_NOSPACE: the definition does not fit the secret. */
MUST_CHECK err_t auth_add(struct outgoing *o, json_node definition, const char *secret,
                          const struct login *login, const struct values *v,
                          struct freshness fresh);
/* Makes the login request. Errors as auth_add. */
MUST_CHECK err_t login_make(struct outgoing *o, json_node definition,
                            const struct config_channel *config, const struct values *v,
                            struct freshness fresh);
struct login_answer {
    const struct hal_http_result *reply;
    json_node root;
};
/* Keeps what the answer gives. ERR_PROTO: it gives nothing usable. */
MUST_CHECK err_t login_take(struct login *l, json_node definition,
                            const struct config_channel *config, const struct values *v,
                            struct login_answer answer, struct hal *hal);

#endif
