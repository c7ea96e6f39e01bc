/* push.h - one attempt to report a dispatch: deciding (push.c), writing step by step
 * (push_write.c), and the ways it ends (push_end.c). */
#ifndef PACKD_CHANNELS_PUSH_H
#define PACKD_CHANNELS_PUSH_H

#include "firmware/channels/run.h"

/* Each of these ends the attempt and frees the run. */
void push_end(struct run *r, const struct attempt_result *result);
void push_end_plain(struct run *r, enum attempt_outcome outcome, int64_t wait_ms, const char *text);
void push_end_parked(struct run *r, const char *rule, const char *owner, const char *text,
                     const char *next_step);
void push_end_by_answer(struct run *r, const struct answer *a); /* not the one hoped for */
void push_end_done(struct run *r);
void push_not_fillable(struct run *r);
void push_not_sent(struct run *r, err_t why);

/* False: it could not be stored and the attempt has ended. */
bool push_save_progress(struct run *r);
void push_load_progress(struct run *r, struct slice text);
/* Something was written in this attempt: the next one must find it before it writes more, even
 * when the shop shows its records late. */
bool push_has_written(const struct run *r);

/* Sets the values of one planned record and stands before its first step. ERR_NOSPACE. */
MUST_CHECK err_t push_record_values(struct run *r, size_t record);
/* Moves to the next turn of a step of this record whose conditions hold. False: none is left. */
bool push_find_turn(struct run *r);
/* After an unclear outcome: the step at hand may still show its effect. Steps behind it and steps
 * that may be repeated need not wait. */
bool push_is_awaited(struct run *r);
/* Sends the steps of the dispatch behind `after` (NULL: all), then the records. */
void push_prepare(struct run *r, json_node after);
/* Sends the finishing steps behind `after`, then ends. */
void push_finish(struct run *r, json_node after);
void push_step_done(struct run *r, struct answer *a);
void push_unsent(struct run *r, err_t why);

#endif
