/* request.h - one HTTP exchange made from a definition's request and sent to the configured host.
 * Nothing else is ever reached: paths stay below the base address, redirects are not followed. */
#ifndef PACKD_CHANNELS_REQUEST_H
#define PACKD_CHANNELS_REQUEST_H

#include "firmware/base/effects.h"
#include "firmware/channels/definition.h"
#include "firmware/channels/values.h"

#define URL_ROOM     2048
#define HEADER_ROOM  4096
#define SECRET_VALUE 4600 /* "Bearer " and a signed token with claims */
#define BODY_MAX     (256u << 10)

/* A request being made. Wipe it when it was sent. */
struct outgoing {
    enum hal_method method;
    char url[URL_ROOM];
    struct hal_header headers[HAL_HTTP_HEADERS_MAX];
    size_t header_count;
    char room[HEADER_ROOM];
    size_t room_used;
    char secret[SECRET_VALUE]; /* value of the header that authenticates */
    struct buf body;           /* owned */
    bool has_body;
};

void outgoing_init(struct outgoing *o);
void outgoing_deinit(struct outgoing *o); /* wipes */

/* Adds a header; both texts are copied. ERR_NOSPACE. */
MUST_CHECK err_t outgoing_header(struct outgoing *o, struct slice name, struct slice value);
/* Fills method, address, headers and body. ERR_INVALID: a template cannot be filled. ERR_NOSPACE.
 */
MUST_CHECK err_t outgoing_make(struct outgoing *o, json_node definition, json_node request,
                               const char *base_url, const struct values *v);

/* How it is sent. */
struct sending {
    const struct config_channel *config;
    bool write;
    exchange_done_fn *done;
    void *ctx;
    uint32_t tag;
};
/* ERR_NOSPACE, ERR_NOMEM: not sent. */
MUST_CHECK err_t outgoing_send(struct outgoing *o, struct effects *fx, json_node definition,
                               const struct sending *how);

#endif
