/* console.h - the packer's screen, the lead's pages and the local API, served by the station
 * itself.
 *
 * The packer's page is a picture of struct bench_view; it follows by server-sent events
 * (/events/bench): each event is the whole view as JSON, so that a reload or a second screen shows
 * the same truth. Everything on a page is also in the API; packctl uses the same.
 *
 * Access: the packer's page and reading need nothing on loopback. Acts need POST, a Host that is
 * ours, an Origin that is ours or none, Content-Type application/json and the token that the page
 * was given (X-Packd-Token); packctl reads it from the state directory through the HAL's secret
 * "console-token". */
#ifndef PACKD_CONSOLE_CONSOLE_H
#define PACKD_CONSOLE_CONSOLE_H

#include "firmware/base/effects.h"
#include "firmware/bench/view.h"
#include "firmware/config/config.h"
#include "firmware/outbox/exceptions.h"
#include "firmware/outbox/outbox.h"

struct console_device {
    char role[HAL_NAME_CAP];
    char kind[16];     /* scanner, printer, documents, scale */
    char identity[96]; /* "" when absent */
    bool present;
    char trouble[SAY_CAP]; /* "paper out"; "" when nothing is wrong */
    int64_t since;         /* wall ms of the last change */
};

/* What the station knows besides the bench and the outbox. */
struct console_station {
    char station[16];
    char bench_name[NAME_CAP];
    char language[8];
    bool training;
    bool demonstration;
    bool clarus_reachable;
    int64_t offline_since;     /* wall ms; 0: not offline */
    int64_t catalogue_read_at; /* wall ms; 0: never */
    uint32_t orders_ready;
    char clarus_trouble[SAY_CAP];
    bool intake_full;
    bool intake_warning;
    bool clock_trusted;
    int64_t started_at;
    struct console_device devices[8];
    size_t device_count;
    char version[24];
};

/* The station, seen from the console. All calls happen inside a step; answers are immediate. */
struct console_sources {
    void *ctx;
    void (*bench)(void *ctx, struct bench_view *out);
    void (*station)(void *ctx, struct console_station *out);
    /* A scan typed on the page (demonstration) or a command button of a touch screen ("CONFIRM"
     * arrives as the command scan). ERR_DENIED: typing scans is off. */
    err_t (*scan)(void *ctx, struct slice text);
    err_t (*command)(void *ctx, struct slice command);
    /* RECALL of a saved dispatch by its key. */
    err_t (*recall)(void *ctx, struct slice dispatch_key, const char *who, const char *reason);
    /* A find-and-pull ended as PULLED: the goods are back. NULL: nobody wants to know. */
    err_t (*pulled)(void *ctx, int64_t exception_id);
};

struct console_options {
    struct store *store;
    struct effects *fx;
    struct outbox *outbox;
    const struct log *log;
    const struct config *config;
    struct console_sources from;
};

struct console_pages;
MUST_CHECK err_t console_pages_new(const struct console_options *options,
                                   struct console_pages **out);
void console_pages_free(struct console_pages *c);

/* Steps one HAL_EV_CONSOLE_REQUEST; every request is answered exactly once. */
void console_request(struct console_pages *c, const struct hal_console_request *r);
void console_closed(struct console_pages *c, hal_request_t id);
/* Acknowledgement phase: sends the view to the open streams when it changed since the last time,
 * and a heartbeat comment now and then. */
void console_publish(struct console_pages *c, bool view_changed);
mono_t console_deadline(const struct console_pages *c);

#endif
