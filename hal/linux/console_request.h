/* console_request.h - one request at the console, from its first byte to the end of its reply.
 * Private to console.c and console_*.c.
 *
 * libmicrohttpd runs inside hal_wait only. A complete request is suspended and told to the station;
 * the reply resumes it. An open stream is suspended whenever its queue is empty, because a reader
 * that returns 0 without that spins. */
#ifndef PACKD_HAL_LINUX_CONSOLE_REQUEST_H
#define PACKD_HAL_LINUX_CONSOLE_REQUEST_H

#include <microhttpd.h>

#include "hal/linux/parts.h"

/* A kiosk page, the lead's pages, packctl and a supervisor, each with a browser's six connections.
 */
#define CONSOLE_CONNECTIONS_MAX 64
/* Seconds without a byte before a connection that is not suspended is closed. */
#define CONSOLE_IDLE_S 30u
/* Headers and buffers of one connection; larger header blocks get 431. */
#define CONSOLE_CONNECTION_MEMORY 32768u
#define CONSOLE_URI_MAX           4096
/* Bytes of a too large body that are read and dropped so that the 413 can be read. */
#define CONSOLE_DRAIN_MAX ((size_t)16 * HAL_CONSOLE_BODY_MAX)

enum request_state {
    REQUEST_READING,  /* headers or body are coming in */
    REQUEST_COMPLETE, /* suspended, not yet told to the station */
    REQUEST_ASKED,    /* suspended, the station owes a reply */
    REQUEST_ANSWERED, /* resumed, the reply is to be queued */
    REQUEST_STREAM,   /* an open event stream */
    REQUEST_CLOSED,   /* a stream whose reader went; CONSOLE_CLOSED not yet told */
};

struct console_request {
    struct console_request *next;
    struct console *console; /* borrowed */
    enum request_state state;
    hal_request_t id;
    enum hal_method method;
    struct MHD_Connection *connection; /* borrowed; NULL once libmicrohttpd is done with it */
    char *uri;                         /* owned; as sent, with the query */
    struct buf body;
    size_t body_seen;
    bool begun;
    bool refused; /* the reply was queued while reading */
    int status;
    struct MHD_Response *response; /* owned until queued */
    struct buf queue;              /* stream: bytes waiting from `queue_at` on */
    size_t queue_at;
    bool suspended;
    bool ended;           /* stream: nothing more will be sent */
    bool silent;          /* stream: the station knows already */
    struct watch *hangup; /* stream: sees the reader go while suspended */
};

struct console {
    struct reactor *reactor; /* borrowed */
    struct files *files;     /* borrowed */
    struct MHD_Daemon *daemon;
    struct watch *watch;
    uint16_t port;
    uint32_t last_id;
    struct console_request *requests; /* owned list */
};

void request_free(struct console_request *r);
void request_resume(struct console_request *r);
/* Bytes of a stream, a part or none (and then suspended); the end once it has ended. */
ssize_t stream_read(void *ctx, uint64_t at, char *room, size_t cap);
/* Turns a suspended request into a stream. ERR_NOMEM: it is still a request. */
MUST_CHECK err_t stream_begin(struct console_request *r);
MUST_CHECK err_t stream_send(struct console_request *r, struct slice bytes);

/* Lets libmicrohttpd run in the next turn: it has no wake-up of its own without threads. */
void console_wake(struct console *c);
/* Makes the listening daemon. ERR_INVALID: the address or certificate is no such thing. ERR_DENIED:
 * not loopback and no certificate, or the port needs privileges. ERR_BUSY: the port is taken. */
MUST_CHECK err_t console_listen(struct console *c, const struct hal_console_spec *spec);
/* libmicrohttpd's callbacks, in console_serve.c. */
enum MHD_Result console_on_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                   const char *method, const char *version, const char *upload,
                                   size_t *upload_len, void **state);
void *console_on_uri(void *ctx, const char *uri, struct MHD_Connection *connection);
void console_on_completed(void *ctx, struct MHD_Connection *connection, void **state,
                          enum MHD_RequestTerminationCode why);
/* Tells the station what is complete or closed, as far as there is room. */
void console_emit(struct console *c);

#endif
