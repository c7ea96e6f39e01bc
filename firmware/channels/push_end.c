#include "firmware/channels/push.h"

#include <string.h>

#include "firmware/base/text.h"

/* --------------------------------------------------------------------------------------- ending --
 */

void push_end(struct run *r, const struct attempt_result *result)
{
    struct outbox *ob = r->ch->o.outbox;
    int64_t message_id = r->message_id;
    run_free(r);
    outbox_result(ob, message_id, result);
}

void push_end_plain(struct run *r, enum attempt_outcome outcome, int64_t wait_ms, const char *text)
{
    struct attempt_result result;
    plan_park(&result, "", "", text, "");
    result.outcome = outcome;
    result.wait_ms = wait_ms;
    push_end(r, &result);
}

void push_end_parked(struct run *r, const char *rule, const char *owner, const char *text,
                     const char *next_step)
{
    struct attempt_result result;
    plan_park(&result, rule, owner, text, next_step);
    push_end(r, &result);
}

bool push_save_progress(struct run *r)
{
    char text[128];
    struct buf b = buf_over(text, sizeof text);
    struct json_writer w = json_write(&b);
    json_open_object(&w, NULL);
    json_put_bool(&w, "claimed", r->progress.claimed);
    json_put_int(&w, "rereads", r->progress.rereads);
    json_put_int(&w, "writing", r->progress.writing);
    json_put_int(&w, "step", r->progress.step);
    json_close_object(&w);
    if (outbox_progress(r->ch->o.outbox, r->message_id, buf_slice(&b)) == ERR_OK) return true;
    push_end_plain(r, ATTEMPT_RETRY, 0, "The progress could not be stored.");
    return false;
}

void push_load_progress(struct run *r, struct slice text)
{
    AUTO_JSON struct json_doc *doc = NULL;
    if (text.len == 0 || json_parse(text, &doc, NULL) != ERR_OK) return;
    json_node root = json_root(doc);
    int64_t writing = 0, rereads = 0, step = 0;
    /* Each stays 0 when it is not there. */
    err_ignore(json_int(json_member(root, "writing"), 0, REMOTE_NUMBER_MAX, &writing));
    err_ignore(json_int(json_member(root, "rereads"), 0, REREADS_MAX, &rereads));
    err_ignore(json_int(json_member(root, "step"), 0, STEPS_MAX, &step));
    r->progress = (struct progress){
        .claimed = json_bool(json_member(root, "claimed"), false),
        .rereads = (int)rereads,
        .writing = (int)writing,
        .step = (int)step,
    };
    r->before = r->progress;
}

/* The order is not there (yet). At first that is normal; later a person must look. */
static void end_missing(struct run *r, const struct answer *a)
{
    int64_t first_s = 0;
    err_ignore(json_int(json_member(r->channel->definition.root, "not_yet_s"), 0, 604800,
                        &first_s)); /* validated when loaded */
    int64_t age_ms = effects_wall(r->ch->o.fx).ms - r->saved_at;
    if (age_ms < first_s * 1000) {
        push_end_plain(r, ATTEMPT_NOT_YET, a->wait_ms, "The shop does not know this order (yet).");
        return;
    }
    push_end_parked(r, "channel.order_unknown", "e-commerce", "The shop does not know this order.",
                    "Check the order number and the channel rules; then retry or resolve.");
}

void push_not_fillable(struct run *r)
{
    push_end_parked(r, "channel.template", "integration",
                    "A value the shop needs is missing or has the wrong form.",
                    "Check the shop order's addresses and the definition, then retry.");
}

static void end_refused(struct run *r, const struct answer *a)
{
    char text[SAY_CAP];
    struct buf b = buf_over(text, sizeof text);
    bool late = strcmp(a->rule, "channel.template") == 0;
    if (late) {
        push_not_fillable(r);
        return;
    }
    if (a->status == 0) buf_text(&b, "The shop's answer cannot be used");
    if (a->status != 0) buf_printf(&b, "The shop answered %d", a->status);
    if (a->words[0] != '\0') buf_printf(&b, ": %s", a->words);
    push_end_parked(r, a->rule[0] != '\0' ? a->rule : "channel.refused", "integration",
                    buf_cstr(&b),
                    "Read the shop's words, correct the cause, then retry or resolve.");
}

static void end_reread(struct run *r, const struct answer *a)
{
    if (r->progress.rereads >= a->times) {
        end_refused(r, a);
        return;
    }
    r->progress.rereads++;
    if (!push_save_progress(r)) return;
    push_end_plain(r, ATTEMPT_REREAD, 0, "The shop refused; the order is read again.");
}

bool push_has_written(const struct run *r)
{
    return r->read_back || r->written;
}

/* The attempt ends by an answer that is not the one hoped for. */
void push_end_by_answer(struct run *r, const struct answer *a)
{
    if (push_has_written(r) && a->end != RULE_PARK && a->end != RULE_CANCELLED) {
        push_end_plain(r, ATTEMPT_UNKNOWN, a->wait_ms,
                       "Written in part; what is there is read first.");
        return;
    }
    if (a->down) {
        push_end_plain(r, ATTEMPT_DOWN, 0, "The shop cannot be reached.");
        return;
    }
    switch (a->end) {
    case RULE_REREAD:
        end_reread(r, a);
        return;
    case RULE_REAUTH:
        push_end_plain(r, ATTEMPT_REAUTH, 0,
                       "The shop refuses the access token, or there is none.");
        return;
    case RULE_CANCELLED:
        push_end_plain(r, ATTEMPT_CANCELLED, 0, "The order was cancelled in the shop.");
        return;
    case RULE_NOT_YET:
        end_missing(r, a);
        return;
    case RULE_LOOK:
        push_end_plain(r, ATTEMPT_UNKNOWN, a->wait_ms, "The shop's answer is missing or unclear.");
        return;
    case RULE_PARK:
        end_refused(r, a);
        return;
    case RULE_OK:
    case RULE_DONE:
    case RULE_RETRY:
    default:
        push_end_plain(r, ATTEMPT_RETRY, a->wait_ms,
                       a->status ? "The shop asked to try again later."
                                 : "The shop was not reached.");
        return;
    }
}

void push_end_done(struct run *r)
{
    bool complete = slice_is(slice_text(r->v.text[VALUE_ORDER_COMPLETE]), "true");
    const char *text = complete ? "Recorded in the shop; nothing is left to ship there."
                                : "Recorded in the shop as a part of the order.";
    AUTO_RELAX struct store_relaxed relaxed = store_relax(r->ch->o.store); /* as the result is */
    err_t e = story_add(r->ch->o.store, effects_wall(r->ch->o.fx), r->consignment_id, "storefront",
                        complete ? "channel.reported" : "channel.reported_part", "", r->key);
    if (e) {
        log_event(r->ch->o.log, LOG_WARN, "channel.story", "error=%s", err_name(e));
    }
    push_end_plain(r, ATTEMPT_DONE, 0, text);
}
