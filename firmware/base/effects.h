/* effects.h - what the events of one round decided to do outside, carried out only after the
 * commit: first the acknowledgements (signal, screen, console replies), then the sends (HTTP, port
 * writes, jobs). A failed commit drops them all, and cancels what was under way; who waits for a
 * console reply is told that it was not done.
 *
 * Also routes the end of each exchange and job back to whoever started it. A callback runs inside a
 * step: it may write to the store and add effects, never block. */
#ifndef PACKD_BASE_EFFECTS_H
#define PACKD_BASE_EFFECTS_H

#include "hal/hal.h"
#include "firmware/base/log.h"
#include "firmware/limits.h"

struct effects;

MUST_CHECK err_t effects_new(struct hal *hal, const struct log *log, struct effects **out);
void effects_free(struct effects *fx); /* NULL is fine; cancels everything under way */

/* The state of the world for steps: time frozen for the round. */
mono_t effects_now(const struct effects *fx);
wall_t effects_wall(const struct effects *fx);
struct hal *effects_hal(const struct effects *fx);

/* True while one more event may be stepped. */
bool effects_has_room(const struct effects *fx);

/* Acknowledgements. The last signal of a round wins over weaker ones (alarm > refuse > rest). */
void effects_signal(struct effects *fx, enum hal_light light, enum hal_tone tone);
/* The signal this round will give; false: none. */
bool effects_signal_of(const struct effects *fx, enum hal_light *out_light,
                       enum hal_tone *out_tone);
void effects_screen(struct effects *fx); /* the packer's picture changed */
bool effects_screen_changed(const struct effects *fx);
/* Body is copied. ERR_NOMEM, ERR_NOSPACE. */
MUST_CHECK err_t effects_reply(struct effects *fx, hal_request_t id, int status,
                               const char *content_type, struct slice body);
/* The same with further headers. */
struct effects_answer {
    int status;
    const char *content_type;       /* static text */
    const struct hal_header *extra; /* static */
    size_t extra_count;
    struct slice body; /* copied */
};
MUST_CHECK err_t effects_answer(struct effects *fx, hal_request_t id,
                                const struct effects_answer *answer);

typedef void exchange_done_fn(void *ctx, uint32_t tag, const struct hal_http_result *result);

/* Queues an exchange; everything in *request is copied. `done` is called exactly once unless the
 * exchange is cancelled or dropped. *out_ticket (may be NULL) cancels it.
 * ERR_NOSPACE: too many under way; ERR_NOMEM. */
MUST_CHECK err_t effects_http(struct effects *fx, const struct hal_http_request *request,
                              exchange_done_fn *done, void *ctx, uint32_t tag,
                              uint32_t *out_ticket);
void effects_http_cancel(struct effects *fx, uint32_t ticket);
/* Cancels every exchange and job of this ctx. */
void effects_cancel_owner(struct effects *fx, const void *ctx);

typedef void job_done_fn(void *ctx, uint32_t tag, const struct hal_job_result *result);
/* As effects_http. `args` must be static text. More than HAL_JOBS_MAX wait their turn. A program
 * that is not installed ends as `ended` with code JOB_NOT_INSTALLED. */
#define JOB_NOT_INSTALLED 127
MUST_CHECK err_t effects_job(struct effects *fx, const struct hal_job_spec *spec, job_done_fn *done,
                             void *ctx, uint32_t tag);

/* Runs `send(ctx)` in the send phase, once per round however often it is asked for: a printer that
 * has bytes to write. */
typedef void effects_send_fn(void *ctx, struct hal *hal);
void effects_send(struct effects *fx, effects_send_fn *send, void *ctx);

/* For the loop only. */
/* Ends of exchanges and jobs that could not even be started, found in the last effects_perform;
 * deliver them before stepping the next events. */
bool effects_has_failed(const struct effects *fx);
void effects_deliver_failed(struct effects *fx);
void effects_route(struct effects *fx, const struct hal_event *event); /* HTTP_DONE and JOB_DONE */
void effects_acknowledge(
    struct effects *fx);                  /* replies and signal; screen is the console's to send */
void effects_perform(struct effects *fx); /* exchanges, sends, jobs */
void effects_drop(struct effects *fx);    /* after a failed commit; waiting replies become 503 */

#endif
