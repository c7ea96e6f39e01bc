/* run_inner.h - shared by run.c (reads and answers) and run_send.c (requests and logins). */
#ifndef PACKD_CHANNELS_RUN_INNER_H
#define PACKD_CHANNELS_RUN_INNER_H

#include "firmware/channels/run.h"

/* Tags from RUNS_MAX on are logins of the channel of that index. */
void run_exchange_done(void *ctx, uint32_t tag, const struct hal_http_result *result);

/* Sends the request of a read or step; after a login where one is needed. Errors as run_step. */
MUST_CHECK err_t run_send(struct run *r, json_node owner, bool write);
void run_login_done(struct channel *c, const struct hal_http_result *result);

/* `own`: the read, step or auth that was answered. The caller frees a->doc. */
void run_answer_make(struct run *r, json_node own, const struct hal_http_result *result,
                     struct answer *a);
/* The request under way could not be sent after all. ERR_OK: it was. */
void run_unsent(struct run *r, err_t e);

#endif
