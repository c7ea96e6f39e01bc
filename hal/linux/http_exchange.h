/* http_exchange.h - one HTTP exchange over curl: how it is set up, and what its end means.
 * Private to http.c and http_*.c.
 *
 * A write is sent from a read callback whose rewind fails, or on a connection of its own when it
 * has no body, so curl can never repeat it by itself. */
#ifndef PACKD_HAL_LINUX_HTTP_EXCHANGE_H
#define PACKD_HAL_LINUX_HTTP_EXCHANGE_H

#include <curl/curl.h>

#include "hal/linux/parts.h"

/* Headers of one reply; larger blocks end the exchange. Shops send 1 to 4 KiB. */
#define HTTP_REPLY_HEADERS_MAX 32768
/* Name look-ups that may hang at the same time; more are refused as NOT_SENT. One stack each. */
#define HTTP_RESOLVERS_MAX 8

enum exchange_state {
    EXCHANGE_FREE,
    EXCHANGE_RUNNING, /* curl has it */
    EXCHANGE_DONE,    /* ended, the event is not out yet */
    EXCHANGE_LENT,    /* the event is out, its slices are in use until the next hal_wait */
};

/* Why we, not curl, ended the transfer. */
enum exchange_stop {
    STOP_NONE,
    STOP_REPLY_MAX,
    STOP_HEADERS_MAX,
    STOP_MEMORY,
    STOP_RESOLVERS,
};

struct exchange {
    enum exchange_state state;
    enum exchange_stop stop;
    hal_http_t id;
    uint64_t ended; /* order of ending */
    CURL *easy;     /* owned, kept for the next exchange in this slot */
    struct curl_slist *headers;
    uint8_t *body; /* owned copy */
    size_t body_len;
    size_t body_given; /* bytes handed to curl */
    bool write;
    size_t reply_max;
    bool headers_complete; /* the empty line after the reply's headers was seen */
    int base_threads;      /* threads of the process before any name look-up */
    struct buf reply_headers;
    struct buf reply_body;
    char detail[CURL_ERROR_SIZE];
    struct hal_http_result result;
};

/* ERR_INVALID: not http or https, plain http to anything but loopback, a user name in the URL, a
 * header with a line end, a time-out or count out of range. */
MUST_CHECK err_t exchange_check(const struct hal_http_request *request);
/* Prepares x->easy for `request`. On failure x->detail says why; exchange_release cleans up. */
MUST_CHECK err_t exchange_prepare(struct exchange *x, const struct hal_http_request *request,
                                  struct files *files);
/* Fills x->result from how curl ended, and x->state becomes EXCHANGE_DONE. */
void exchange_finish(struct exchange *x, CURLcode code);
/* Ends an exchange that never started: NOT_SENT with x->detail or `why`. */
void exchange_refuse(struct exchange *x, const char *why);
/* Frees what one exchange held; the slot and its curl handle stay. */
void exchange_release(struct exchange *x);

/* What a curl result means for the request. `left` is how many of its bytes curl gave to a socket.
 */
enum hal_http_outcome exchange_outcome(CURLcode code, uint64_t left);

/* Threads of this process; 0 when that cannot be read. */
int http_thread_count(void);

#endif
