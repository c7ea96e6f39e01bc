/* hal_sim.h - the HAL on virtual time, with the world played by the caller.
 *
 * Nothing happens by itself: a test or the simulator registers handlers for HTTP, jobs and ports,
 * and schedules arrivals, bytes and console requests. hal_wait jumps the clock to the next thing
 * that happens. The world outlives the station: hal_sim_power_cut forgets ports, exchanges, jobs
 * and streams, as a crash does, and leaves documents, secrets, handlers and the clock.
 * With a simulated disk that has lost power the world is dead: nothing the station still does
 * reaches ports, peers, screen or log. */
#ifndef PACKD_HAL_SIM_H
#define PACKD_HAL_SIM_H

#include "hal/hal.h"
#include "hal/sim/disk.h"

struct hal_sim_options {
    uint64_t seed;          /* of hal_random */
    const char *store_path; /* for SQLite, e.g. a file in a fresh directory; copied */
    const char *store_vfs;  /* NULL: the default one; copied */
    int64_t wall_ms;        /* civil time at the start; 0: 2026-03-11T08:00:00Z */
    struct disk *disk; /* NULL: store_path is a real file; else borrowed, and store_vfs its VFS */
};

MUST_CHECK err_t hal_sim_open(const struct hal_sim_options *options, struct hal **out);
void hal_sim_close(struct hal *h); /* NULL is fine */
void hal_sim_power_cut(struct hal *h, bool new_boot);

/* Time. */
void hal_sim_set_wall(struct hal *h, int64_t wall_ms, bool trusted);
/* No hal_wait goes past this moment while it lies ahead; the station sees an early return without
 * events, as after an interrupted wait. MONO_NEVER: no such moment. */
void hal_sim_wait_until(struct hal *h, mono_t until);
/* True when nothing is scheduled before the given moment. */
bool hal_sim_is_quiet(const struct hal *h, mono_t until);

/* HTTP: the handler decides at submission what will become of the exchange. */
struct hal_sim_reply {
    enum hal_http_outcome outcome;
    int status;
    struct buf headers; /* "Name: value\r\n" lines; growable, made and freed by the HAL */
    struct buf body;
    int64_t delay_ms;
};
typedef void hal_sim_http_fn(void *ctx, mono_t now, const struct hal_http_request *request,
                             struct hal_sim_reply *reply);
/* Without a handler every exchange ends as NOT_SENT. */
void hal_sim_on_http(struct hal *h, hal_sim_http_fn *fn, void *ctx);
size_t hal_sim_http_under_way(const struct hal *h);

/* Jobs. */
struct hal_sim_job_reply {
    err_t start; /* ERR_NOTFOUND: not installed */
    bool ended;
    int code;
    bool over_limit;
    struct buf output;
    struct buf errors;
    int64_t delay_ms;
};
typedef void hal_sim_job_fn(void *ctx, const struct hal_job_spec *spec,
                            struct hal_sim_job_reply *reply);
void hal_sim_on_job(struct hal *h, hal_sim_job_fn *fn, void *ctx);

/* Ports, by role. */
typedef size_t hal_sim_write_fn(void *ctx, const char *role,
                                struct slice bytes); /* returns bytes taken */
void hal_sim_on_write(struct hal *h, hal_sim_write_fn *fn, void *ctx);
/* Each acts after delay_ms; nothing happens when the role is not open then. */
void hal_sim_port_arrives(struct hal *h, const char *role, const char *identity, int64_t delay_ms);
void hal_sim_port_leaves(struct hal *h, const char *role, int64_t delay_ms);
void hal_sim_port_sends(struct hal *h, const char *role, struct slice bytes, int64_t delay_ms);
void hal_sim_port_takes_again(struct hal *h, const char *role, int64_t delay_ms); /* WRITABLE */
/* What the device of a HAL_PORT_REPORTS role shows as its report descriptor; up to 512 bytes. */
void hal_sim_set_port_descriptor(struct hal *h, const char *role, struct slice descriptor);
void hal_sim_set_port_status(struct hal *h, const char *role, const struct hal_port_status *status);

/* Documents, secrets, disk. Texts are copied. */
void hal_sim_set_document(struct hal *h, const char *name, const char *text); /* NULL removes */
void hal_sim_set_secret(struct hal *h, const char *name, const char *text);
void hal_sim_set_free(struct hal *h, uint64_t bytes);

/* Console: a request that arrives after delay_ms; every reply and stream byte goes to the observer.
 */
struct hal_sim_request {
    enum hal_method method;
    const char *path;
    const char *query;
    const char *body;
    const char *host; /* NULL: "127.0.0.1:8480" */
    const char *origin;
    const char *content_type;
    const char *token;
};
hal_request_t hal_sim_console_request(struct hal *h, const struct hal_sim_request *request,
                                      int64_t delay_ms);
void hal_sim_console_leaves(struct hal *h, hal_request_t id, int64_t delay_ms);

/* What went out, as it happens. Any member may be NULL. */
struct hal_sim_observer {
    void *ctx;
    void (*signal)(void *ctx, mono_t now, enum hal_light light, enum hal_tone tone);
    void (*log)(void *ctx, mono_t now, struct slice line);
    void (*reply)(void *ctx, mono_t now, hal_request_t id, int status, struct slice body);
    void (*stream)(void *ctx, mono_t now, hal_request_t id, struct slice bytes);
    void (*ready)(void *ctx, mono_t now);
};
void hal_sim_observe(struct hal *h, const struct hal_sim_observer *observer);

/* Orderly end, reload, power failing: HAL_EV_STOP, HAL_EV_RELOAD, HAL_EV_POWER_FAILING. */
void hal_sim_event(struct hal *h, enum hal_event_kind kind, int64_t delay_ms);

/* The output lines that are on. */
uint32_t hal_sim_lines(const struct hal *h);

#endif
