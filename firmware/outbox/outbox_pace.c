/* How fast a destination may be tried: its width, its pace, the server's own budget. */
#include "firmware/outbox/outbox_parts.h"

static mono_t later(mono_t a, mono_t b)
{
    return a.ms > b.ms ? a : b;
}

mono_t pace_next(const struct destination *d)
{
    bool limited = d->down || d->paused;
    if (d->flying >= (limited ? 1u : d->spec.concurrency)) return MONO_NEVER;
    mono_t at = limited ? d->probe_at : (mono_t){INT64_MIN};
    at = later(at, d->hold);
    if (d->spec.pace_per_minute > 0) at = later(at, d->pace_at);
    if (d->budgeted && d->budget < OUTBOX_ATTEMPT_REQUESTS) at = later(at, d->budget_ends);
    return at;
}

/* Attempts may come in a small burst as long as the minute's share holds. */
static void keep_pace(struct outbox *ob, struct destination *d)
{
    if (d->spec.pace_per_minute == 0) return;
    int64_t gap = 60000 / d->spec.pace_per_minute;
    int64_t floor = effects_now(ob->fx).ms - gap * (d->spec.concurrency - 1);
    if (d->pace_at.ms < floor) d->pace_at.ms = floor;
    d->pace_at = mono_plus(d->pace_at, gap > 0 ? gap : 1);
}

/* A count that began anew says nothing until the next answer. */
void pace_take(struct outbox *ob, struct destination *d)
{
    keep_pace(ob, d);
    if (d->budgeted && mono_reached(effects_now(ob->fx), d->budget_ends)) d->budgeted = false;
    if (d->budgeted) d->budget -= OUTBOX_ATTEMPT_REQUESTS;
}

void outbox_budget(struct outbox *ob, const char *destination, int64_t requests_left,
                   int64_t reset_ms)
{
    struct destination *d = outbox_find(ob, destination);
    if (d == NULL || requests_left < 0 || reset_ms < 0) return;
    if (reset_ms > OUTBOX_SERVER_WAIT_MAX_MS) reset_ms = OUTBOX_SERVER_WAIT_MAX_MS;
    int64_t share = requests_left / (d->spec.benches > 0 ? d->spec.benches : 1);
    d->budgeted = true;
    d->budget = share - (int64_t)d->flying * OUTBOX_ATTEMPT_REQUESTS;
    d->budget_ends = mono_plus(effects_now(ob->fx), reset_ms);
    d->wake = effects_now(ob->fx);
}

bool batch_is_on(const struct outbox *ob, const struct destination *d)
{
    bool can = d->spec.batch_max > 1 && d->spec.connector.attempt_many != NULL;
    return can && (d->spec.batch_always || !mono_reached(effects_now(ob->fx), d->batch_until));
}

/* Once alone says little; again and again within a minute says that single requests are too many.
 */
void batch_note_throttled(struct outbox *ob, struct destination *d)
{
    mono_t now = effects_now(ob->fx);
    if (d->spec.batch_max <= 1 || d->spec.batch_always) return;
    if (mono_reached(now, mono_plus(d->throttled_at, OUTBOX_THROTTLED_MS))) d->throttled = 0;
    if (d->throttled == 0) d->throttled_at = now;
    if (++d->throttled < OUTBOX_THROTTLED) return;
    if (!batch_is_on(ob, d))
        log_event(ob->log, LOG_INFO, "outbox.batching", "peer=%s", d->spec.name);
    d->batch_until = mono_plus(now, OUTBOX_BATCH_MS);
}
