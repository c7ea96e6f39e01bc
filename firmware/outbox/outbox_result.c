/* What an attempt's outcome means for its message and its destination. */
#include <string.h>

#include "firmware/outbox/outbox_parts.h"

int64_t outbox_jitter(struct outbox *ob, int64_t ceiling_ms)
{
    uint64_t r = 0;
    hal_random(effects_hal(ob->fx), &r, sizeof r);
    return 1 + (int64_t)(r % (uint64_t)(ceiling_ms > 0 ? ceiling_ms : 1));
}

int64_t outbox_ceiling(int64_t first_ms, int64_t max_ms, unsigned tries)
{
    int64_t ceiling = first_ms;
    for (unsigned i = 1; i < tries && ceiling < max_ms; i++) {
        ceiling *= 2;
    }
    return ceiling < max_ms ? ceiling : max_ms;
}

/* ---------------------------------------------------------------------------- the destination --
 */

static void destination_object(const struct destination *d, char *out, size_t cap)
{
    struct buf b = buf_over(out, cap);
    buf_printf(&b, "destination %s", d->spec.name);
    (void)buf_cstr(&b);
}

static void clear_destination(struct outbox *ob, const struct destination *d, const char *rule)
{
    char object[OBJECT_CAP];
    destination_object(d, object, sizeof object);
    err_t e = exception_clear(ob->st, effects_wall(ob->fx), rule, object);
    if (e) log_event(ob->log, LOG_ERROR, "outbox.clear", "rule=%s error=%s", rule, err_name(e));
}

static void complain_destination(struct outbox *ob, const struct destination *d,
                                 struct exception_spec spec)
{
    char object[OBJECT_CAP];
    destination_object(d, object, sizeof object);
    spec.object = object;
    spec.origin = d->spec.step == 0 ? "clarus" : "storefront";
    err_t e = exception_raise(ob->st, effects_wall(ob->fx), &spec, NULL);
    if (e)
        log_event(ob->log, LOG_ERROR, "outbox.raise", "rule=%s error=%s", spec.rule, err_name(e));
}

void outbox_resume(struct outbox *ob, struct destination *d)
{
    if (d->down) clear_destination(ob, d, "destination.down");
    if (d->paused) clear_destination(ob, d, "destination.credentials");
    d->down = d->paused = d->probing = false;
    d->probes = 0;
    d->down_since = MONO_NEVER;
    d->wake = effects_now(ob->fx);
}

void outbox_reachable(struct outbox *ob, const char *destination)
{
    struct destination *d = outbox_find(ob, destination);
    if (d != NULL && (d->down || d->paused)) outbox_resume(ob, d);
}

/* Opens the breaker, or keeps it open after a failed probe. Ends of attempts that were under way
 * when it opened say nothing new. */
static void keep_out(struct outbox *ob, struct destination *d)
{
    mono_t now = effects_now(ob->fx);
    bool first = !d->down && !d->paused;
    if (!first && !d->probing) return;
    if (first) d->down_since = now;
    d->probing = false;
    d->probes++;
    int64_t ceiling = outbox_ceiling(OUTBOX_BACKOFF_FIRST_MS, OUTBOX_BACKOFF_MAX_MS, d->probes);
    d->probe_at = mono_plus(now, outbox_jitter(ob, ceiling));
}

static void note_down(struct outbox *ob, struct destination *d)
{
    keep_out(ob, d);
    d->down = true;
    bool often = d->probes >= d->spec.alert_attempts;
    if (!often && effects_now(ob->fx).ms - d->down_since.ms < d->spec.alert_age_ms) return;
    complain_destination(
        ob, d,
        (struct exception_spec){
            .rule = "destination.down",
            .owner = "integration",
            .text = "The destination cannot be reached; its messages wait.",
            .next_step = "Check the network and the other system; nothing is lost.",
        });
}

static void note_credentials(struct outbox *ob, struct destination *d)
{
    keep_out(ob, d);
    if (d->paused) return;
    d->paused = true;
    complain_destination(ob, d,
                         (struct exception_spec){
                             .rule = "destination.credentials",
                             .owner = "integration",
                             .text = "The destination refuses our credentials; its messages wait.",
                             .next_step = "Renew the secret on this station, then press Retry.",
                         });
}

static void note_destination(struct outbox *ob, struct destination *d,
                             const struct attempt_result *r)
{
    if (r->outcome == ATTEMPT_DOWN) {
        note_down(ob, d);
    } else if (r->outcome == ATTEMPT_REAUTH) {
        note_credentials(ob, d);
    } else if (d->down || d->paused) {
        outbox_resume(ob, d);
    }
    if (r->wait_ms > 0 && r->outcome == ATTEMPT_RETRY) {
        int64_t wait =
            r->wait_ms < OUTBOX_SERVER_WAIT_MAX_MS ? r->wait_ms : OUTBOX_SERVER_WAIT_MAX_MS;
        d->hold = mono_plus(effects_now(ob->fx), wait);
        batch_note_throttled(ob, d);
    }
    const char *said = r->text[0] != '\0' ? r->text : r->outcome == ATTEMPT_DONE ? "delivered" : "";
    if (said[0] != '\0') memcpy(d->last_result, said, strlen(said) + 1);
}

/* -------------------------------------------------------------------------------- the message --
 */

static const char *or_else(const char *text, const char *otherwise)
{
    return text[0] != '\0' ? text : otherwise;
}

err_t outbox_complain(struct outbox *ob, const struct message *m, const struct attempt_result *r,
                      const char *rule)
{
    char object[OBJECT_CAP];
    if (m->dispatch_id == 0) {
        struct buf b = buf_over(object, sizeof object);
        buf_printf(&b, "destination %s", m->destination);
        (void)buf_cstr(&b);
    } else {
        outbox_object(m->reference, m->dispatch_key, object);
    }
    const struct exception_spec spec = {
        .rule = or_else(r->rule, rule),
        .origin = m->step == 0 ? "clarus" : "storefront",
        .owner = or_else(r->owner, "lead"),
        .object = object,
        .text = or_else(r->text, "A message could not be delivered."),
        .next_step = or_else(r->next_step, "Look at the order over there, then retry or resolve."),
        .consignment_id = m->consignment_id,
        .message_id = m->id,
        .dispatch_id = m->dispatch_id,
    };
    return exception_raise(ob->st, effects_wall(ob->fx), &spec, NULL);
}

static err_t alert_when_late(struct outbox *ob, const struct destination *d,
                             const struct message *m, const struct attempt_result *r,
                             unsigned attempts)
{
    int64_t age = effects_wall(ob->fx).ms - m->stored_at;
    if (attempts < d->spec.alert_attempts && age < d->spec.alert_age_ms) return ERR_OK;
    return outbox_complain(ob, m, r,
                           r->outcome == ATTEMPT_NOT_YET ? "delivery.not_there" : "delivery.late");
}

/* Nothing, or nothing yet, was done: again later, with growing waits. */
static err_t again(struct outbox *ob, const struct destination *d, struct message *m,
                   const struct attempt_result *r)
{
    bool slow = r->outcome == ATTEMPT_NOT_YET;
    unsigned attempts = m->attempts + 1;
    int64_t ceiling =
        slow ? outbox_ceiling(OUTBOX_NOT_YET_FIRST_MS, OUTBOX_NOT_YET_MAX_MS, attempts)
             : outbox_ceiling(OUTBOX_BACKOFF_FIRST_MS, OUTBOX_BACKOFF_MAX_MS, attempts);
    if (r->outcome == ATTEMPT_REREAD) ceiling = OUTBOX_BACKOFF_FIRST_MS;
    int64_t wait = r->wait_ms < OUTBOX_SERVER_WAIT_MAX_MS ? r->wait_ms : OUTBOX_SERVER_WAIT_MAX_MS;
    struct plan plan = {.look_first = m->look_first, .attempts = attempts, .looks = m->looks};
    plan.delay_ms = outbox_jitter(ob, ceiling);
    if (slow && plan.delay_ms < OUTBOX_NOT_YET_FIRST_MS / 2) {
        plan.delay_ms = OUTBOX_NOT_YET_FIRST_MS / 2;
    }
    if (plan.delay_ms < wait) plan.delay_ms = wait;
    err_t e = message_plan(ob, m, &plan);
    if (e == ERR_OK) e = message_move(ob, m, MESSAGE_WAITING);
    return e ? e : alert_when_late(ob, d, m, r, attempts);
}

/* Looks are at least this far apart, so that `settle_reads` of them span `settle_ms` by the
 * monotonic clock. */
int64_t outbox_look_gap(const struct destination *d)
{
    int64_t gap = ((int64_t)d->spec.settle_ms + d->spec.settle_reads - 1) / d->spec.settle_reads;
    return gap > OUTBOX_BACKOFF_FIRST_MS ? gap : OUTBOX_BACKOFF_FIRST_MS;
}

static err_t unknown(struct outbox *ob, const struct destination *d, struct message *m,
                     const struct attempt_result *r)
{
    unsigned attempts = m->attempts + 1;
    int64_t ceiling = outbox_ceiling(OUTBOX_BACKOFF_FIRST_MS, OUTBOX_BACKOFF_MAX_MS, attempts);
    const struct plan plan = {.look_first = true,
                              .attempts = attempts,
                              .delay_ms = outbox_look_gap(d) + outbox_jitter(ob, ceiling)};
    err_t e = message_plan(ob, m, &plan);
    if (e == ERR_OK) e = message_move(ob, m, MESSAGE_WAITING);
    return e ? e : alert_when_late(ob, d, m, r, attempts);
}

/* A look found nothing. Enough of them, far enough apart, prove that it may be sent again. What an
 * earlier life sent may go on until its time is over, and settles after that as everything does:
 * looks before that prove nothing. */
static err_t absent(struct outbox *ob, const struct destination *d, struct message *m)
{
    mono_t over = mono_plus(ob->started_at, d->spec.timeout_ms + outbox_look_gap(d));
#ifdef PLANT_LOOK_TOO_EARLY
    over = ob->started_at;
#endif
    int64_t early_ms = over.ms - effects_now(ob->fx).ms;
    unsigned looks = early_ms <= 0 ? m->looks + 1 : 0;
    bool proven = looks >= d->spec.settle_reads;
    int64_t gap = early_ms > outbox_look_gap(d) ? early_ms : outbox_look_gap(d);
    const struct plan plan = {.look_first = !proven,
                              .attempts = m->attempts,
                              .looks = proven ? 0 : looks,
                              .delay_ms = proven ? 0 : gap};
    err_t e = message_plan(ob, m, &plan);
    return e ? e : message_move(ob, m, MESSAGE_WAITING);
}

/* The destination, not the message, is at fault: nothing is counted against it. */
static err_t put_back(struct outbox *ob, struct message *m)
{
    const struct plan plan = {
        .look_first = m->look_first, .attempts = m->attempts, .looks = m->looks};
    err_t e = message_plan(ob, m, &plan);
    return e ? e : message_move(ob, m, MESSAGE_WAITING);
}

static err_t park(struct outbox *ob, struct message *m, const struct attempt_result *r)
{
    err_t e = message_move(ob, m, MESSAGE_PARKED);
    return e ? e : outbox_complain(ob, m, r, "delivery.parked");
}

/* Refused or cancelled over there, though it is packed: the parcel must be found. A dispatch that a
 * person already declared gone is not pulled again. */
static err_t pull(struct outbox *ob, struct message *m, const struct attempt_result *r)
{
    if (m->dispatch_state == DISPATCH_GONE) return park(ob, m, r);
    bool refused = r->outcome == ATTEMPT_REFUSED;
    err_t e = message_move(ob, m, MESSAGE_FROZEN);
    if (e) return e;
    e = outbox_pull(ob, m->dispatch_id,
                    or_else(r->rule, refused ? "clarus.dispatch_refused" : "order.cancelled"),
                    or_else(r->text, refused ? "Clarus refused the dispatch of a packed parcel."
                                             : "The order was cancelled after it was packed."));
    if (e || !refused) return e;
    return dispatch_set_state(ob, m->dispatch_id, DISPATCH_REFUSED, false);
}

/* Find-and-pull opened while the attempt was under way. */
static err_t freeze(struct outbox *ob, struct message *m, enum attempt_outcome outcome)
{
    struct plan plan = {.look_first = m->look_first, .attempts = m->attempts + 1};
    if (outcome == ATTEMPT_UNKNOWN) plan.look_first = true;
    err_t e = message_plan(ob, m, &plan);
    return e ? e : message_move(ob, m, MESSAGE_FROZEN);
}

static err_t settle(struct outbox *ob, const struct destination *d, struct message *m,
                    const struct attempt_result *r)
{
    if (r->outcome == ATTEMPT_DONE) return message_finish(ob, m);
    if (dispatch_is_pulled(m->dispatch_state)) return freeze(ob, m, r->outcome);
    switch (r->outcome) {
    case ATTEMPT_RETRY:
    case ATTEMPT_REREAD:
    case ATTEMPT_NOT_YET:
        return again(ob, d, m, r);
    case ATTEMPT_UNKNOWN:
#ifdef PLANT_UNKNOWN_AS_FAILED
        return again(ob, d, m, r);
#endif
        return unknown(ob, d, m, r);
    case ATTEMPT_ABSENT:
        return absent(ob, d, m);
    case ATTEMPT_DOWN:
    case ATTEMPT_REAUTH:
        return put_back(ob, m);
    case ATTEMPT_CANCELLED:
    case ATTEMPT_REFUSED:
        return pull(ob, m, r);
    case ATTEMPT_PARK:
    case ATTEMPT_DONE:
    default:
        return park(ob, m, r);
    }
}

static const char *const OUTCOMES[] = {
    [ATTEMPT_DONE] = "done",       [ATTEMPT_RETRY] = "retry",     [ATTEMPT_REREAD] = "reread",
    [ATTEMPT_REAUTH] = "reauth",   [ATTEMPT_PARK] = "park",       [ATTEMPT_CANCELLED] = "cancelled",
    [ATTEMPT_REFUSED] = "refused", [ATTEMPT_UNKNOWN] = "unknown", [ATTEMPT_ABSENT] = "absent",
    [ATTEMPT_NOT_YET] = "not_yet", [ATTEMPT_DOWN] = "down",
};

/* Others of its request have not ended. */
static bool has_company(const struct outbox *ob, const struct destination *d, unsigned batch)
{
    for (size_t i = 0; i < OUTBOX_FLIGHTS_MAX && batch != 0; i++) {
        const struct flight *f = &ob->flights[i];
        if (f->message_id != 0 && f->to == d && f->batch == batch) return true;
    }
    return false;
}

static struct destination *end_flight(struct outbox *ob, int64_t message_id)
{
    for (size_t i = 0; i < OUTBOX_FLIGHTS_MAX; i++) {
        const struct flight *f = &ob->flights[i];
        if (f->message_id != message_id || !f->started) continue;
        struct destination *d = f->to;
        ob->flights[i].message_id = 0;
        if (!has_company(ob, d, f->batch)) d->flying--;
        return d;
    }
    return NULL;
}

static bool is_stop(enum attempt_outcome outcome)
{
    return outcome == ATTEMPT_PARK || outcome == ATTEMPT_CANCELLED || outcome == ATTEMPT_REFUSED;
}

void outbox_result(struct outbox *ob, int64_t message_id, const struct attempt_result *result)
{
    struct message m;
    struct destination *d = message_id != 0 ? end_flight(ob, message_id) : NULL;
    if (d == NULL) {
        log_event(ob->log, LOG_WARN, "outbox.stray", "seq=%lld", (long long)message_id);
        return;
    }
    d->wake = effects_now(ob->fx);
    note_destination(ob, d, result);
    /* A result that is forgotten is found out again: on disk the message is still under way, and
     * the next start looks first. What stops a parcel was shown. */
    AUTO_RELAX struct store_relaxed relaxed = store_relax_if(ob->st, !is_stop(result->outcome));
    err_t e = message_load(ob, message_id, &m);
    if (e == ERR_OK && m.state != MESSAGE_FLYING) e = ERR_INVALID;
    m.said = or_else(result->text, OUTCOMES[result->outcome]);
    if (e == ERR_OK) e = settle(ob, d, &m, result);
    if (e == ERR_OK && result->outcome == ATTEMPT_DONE) service_note(d, &m);
    log_event(ob->log, e ? LOG_ERROR : LOG_INFO, "outbox.deliver",
              "seq=%lld peer=%s outcome=%s rule=%s stored=%s", (long long)message_id, d->spec.name,
              OUTCOMES[result->outcome], result->rule[0] != '\0' ? result->rule : "-", err_name(e));
}

err_t outbox_progress(struct outbox *ob, int64_t message_id, struct slice progress)
{
    static const char SQL[] = "UPDATE message SET progress = ?2 WHERE id = ?1";
    if (progress.len > OUTBOX_PROGRESS_MAX) return ERR_NOSPACE;
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_int(q, 1, message_id);
    store_bind_slice(q, 2, progress);
    e = store_run(ob->st, q);
    if (e) return e;
    return store_changes(ob->st) == 1 ? ERR_OK : ERR_NOTFOUND;
}
