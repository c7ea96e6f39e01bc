/* world.h - inside hal/sim: the queue of what will happen, and the parts that fill it. */
#ifndef PACKD_HAL_SIM_WORLD_H
#define PACKD_HAL_SIM_WORLD_H

#include "hal/sim/hal_sim.h"

#define SIM_PORTS_MAX      16
#define SIM_TEXTS_MAX      32
#define SIM_STREAMS_MAX    HAL_CONSOLE_STREAMS_MAX
#define SIM_HAPPENINGS_MAX 4096

struct happening {
    mono_t at;
    uint64_t order; /* ties are broken by the order of scheduling */
    uint32_t epoch; /* happenings of an earlier life of the station are dropped, unless outlives */
    bool outlives;
    char role[HAL_NAME_CAP]; /* port happenings */
    char identity[96];
    struct hal_event event;
    uint8_t *block; /* owns the bytes the event points to */
};

struct sim_port {
    bool open;
    bool present;
    hal_port_t id;
    struct hal_port_spec spec;
    struct hal_port_status status;
    uint8_t descriptor[512];
    size_t descriptor_len;
};

struct sim_text {
    char name[64];
    char *text; /* owned; NULL: free entry */
    bool secret;
};

struct hal {
    mono_t now;
    mono_t wait_until; /* no wait goes past it */
    int64_t wall_offset;
    bool wall_trusted;
    uint64_t random;
    uint32_t epoch;
    uint32_t boots;
    char boot_id[40];
    char store_path[256];
    char aside[320]; /* the store set aside last; "": not known yet */
    char store_vfs[64];
    uint64_t free_bytes;
    struct disk *disk; /* borrowed; NULL: real files */
    uint64_t next_order;
    uint32_t next_id;
    struct happening *queue[SIM_HAPPENINGS_MAX]; /* a binary heap by (at, order) */
    size_t queued;
    struct happening *lent[HAL_EVENTS_MAX]; /* delivered by the last hal_wait */
    size_t lent_count;
    struct sim_port ports[SIM_PORTS_MAX];
    struct sim_text texts[SIM_TEXTS_MAX];
    hal_request_t streams[SIM_STREAMS_MAX];
    size_t http_under_way;
    uint32_t lines_on;
    size_t jobs_under_way;
    hal_sim_http_fn *http;
    void *http_ctx;
    hal_sim_job_fn *job;
    void *job_ctx;
    hal_sim_write_fn *write;
    void *write_ctx;
    struct hal_sim_observer observer;
};

/* Takes ownership of a block made by mem_alloc (may be NULL). Programmer error to exceed the queue.
 */
struct happening *sim_schedule(struct hal *h, int64_t delay_ms, const struct hal_event *event,
                               uint8_t *block);
/* Removes what is scheduled for this exchange, job or request. True when something was. */
bool sim_unschedule(struct hal *h, enum hal_event_kind kind, uint32_t id);
/* The next due happening, or NULL. */
struct happening *sim_next_due(struct hal *h, mono_t until);
void sim_free_happening(struct happening *x);
/* A copy of bytes in a block of its own, with a terminator. */
uint8_t *sim_copy(struct slice bytes);
/* Power is gone: nothing the station does reaches anyone. */
bool sim_is_dead(const struct hal *h);
struct sim_port *sim_port_by_role(struct hal *h, const char *role);
struct sim_port *sim_port_by_id(struct hal *h, hal_port_t id);

#endif
