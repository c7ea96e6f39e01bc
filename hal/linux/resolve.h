/* resolve.h - one host name looked up beside the loop, because the system's resolver blocks. */
#ifndef PACKD_HAL_LINUX_RESOLVE_H
#define PACKD_HAL_LINUX_RESOLVE_H

#include <sys/socket.h>

#include "firmware/base/slice.h"

struct resolve;

struct resolve_address {
    struct sockaddr_storage addr;
    socklen_t len; /* 0: no such name */
};

/* ERR_INVALID: `host` is a name, not an address, and needs resolve_start. */
MUST_CHECK err_t resolve_literal(const char *host, uint16_t port, struct resolve_address *out);
/* *out_fd becomes readable when the answer is there; it belongs to the caller. ERR_NOMEM, ERR_IO.
 */
MUST_CHECK err_t resolve_start(const char *host, uint16_t port, struct resolve **out, int *out_fd);
/* The answer of a finished look-up. */
void resolve_answer(const struct resolve *r, struct resolve_address *out);
/* Ends the caller's part, also of an unfinished look-up; never waits. NULL is fine. */
void resolve_free(struct resolve *r);

#endif
