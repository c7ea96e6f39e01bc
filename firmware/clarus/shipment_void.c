#include "firmware/clarus/shipment.h"

#include <string.h>

static void voided(struct clarus_flow *f, err_t error, const char *text)
{
    struct clarus *c = f->c;
    const struct ship *s = f->data;
    int64_t id = f->subject;
    char words[SAY_CAP];
    words_copy(words, sizeof words, slice_text(text));
    log_event(c->log, LOG_INFO, "clarus.void", "key=%s result=%s", s->key, err_name(error));
    flow_finish(f);
    if (c->on.voided) c->on.voided(c->on.ctx, id, error, words);
}

/* The package ids go with it: a parcel bound to a new shipment gets a new package. */
static void void_done(struct clarus_flow *f, const char *how)
{
    struct ship *s = f->data;
    ship_set(f, SHIPMENT_VOID, "");
    clarus_note(
        f->c, "packages",
        sql_run(f->c, "UPDATE parcel SET clarus_id = '' WHERE shipment_id = ?", "i", s->id));
    clarus_story(f->c, s->consignment_id, "clarus.voided", how);
    voided(f, ERR_OK, how);
}

static void void_failed(struct clarus_flow *f, const char *words)
{
    struct ship *s = f->data;
    ship_set(f, SHIPMENT_VOID_FAILED, "");
    clarus_note(f->c, "refusal",
                sql_run(f->c, "UPDATE shipment SET refusal = ? WHERE id = ?", "ti", words, s->id));
    clarus_story(f->c, s->consignment_id, "clarus.void_refused", words);
    ship_alarm(f, "clarus.void_refused", words[0] ? words : "The label cannot be voided",
               "Destroy the label by hand; it stays live");
    voided(f, ERR_REFUSED, words);
}

static bool was_submitted(const struct ship *s)
{
    return s->state == SHIPMENT_BUYING || s->state == SHIPMENT_BOUGHT ||
           s->state == SHIPMENT_VOID_FAILED || s->state == SHIPMENT_DISPATCHED;
}

void ship_void_decide(struct clarus_flow *f)
{
    struct ship *s = f->data;
    if (s->state == SHIPMENT_VOID) {
        voided(f, ERR_OK, "");
    } else if (strcmp(s->intent, "create") == 0) {
        flow_go(f, SHIP_LOOK);
    } else if (!s->clarus_id[0]) {
        void_done(f, "nothing was made");
    } else if (strcmp(s->intent, "delete") == 0) {
        flow_go(f, SHIP_DELETE);
    } else if (strncmp(s->intent, "cancel", 6) == 0 || strncmp(s->intent, "submit", 6) == 0 ||
               strcmp(s->intent, "refused2") == 0) {
        flow_go(f, SHIP_VOID_READ);
    } else {
        bool cancel = was_submitted(s) || strcmp(s->intent, "void") == 0;
        flow_go(f, cancel ? SHIP_CANCEL : SHIP_DELETE);
    }
}

void ship_void_read_begin(struct clarus_flow *f)
{
    ship_list_shipments(f);
}

static bool submit_open(const struct ship *s)
{
    return strncmp(s->intent, "submit", 6) == 0 || strcmp(s->intent, "refused2") == 0;
}

void ship_void_read_end(struct clarus_flow *f, const struct answer *a)
{
    struct ship *s = f->data;
    if (a->kind != ANSWER_OK) {
        flow_again(f, a);
    } else if (s->found && text_void_word(s->ours.status)) {
        void_done(f, "cancelled");
    } else if (!s->found) {
        if (ship_looked(f, SHIP_VOID_READ)) void_done(f, "not in Clarus any more");
    } else if (submit_open(s)) {
        if (s->ours.label[0]) {
            ship_set(f, SHIPMENT_BUYING, "");
            flow_go(f, SHIP_CANCEL);
        } else {
            flow_go(f, SHIP_VOID_PACKAGES);
        }
    } else if (ship_looked(f, SHIP_VOID_READ)) {
        flow_go(f, SHIP_CANCEL);
    }
}

void ship_void_packages_begin(struct clarus_flow *f)
{
    ship_list_packages(f);
}

/* An unanswered submit may still have its effect: waited for before the shipment is deleted. */
void ship_void_packages_end(struct clarus_flow *f, const struct answer *a)
{
    struct ship *s = f->data;
    int64_t limit = (int64_t)f->c->config->site.clarus.label_wait_s * 1000;
    mono_t now = effects_now(f->c->fx);
    if (!s->since.ms) s->since = now;
    if (a->kind != ANSWER_OK) {
        flow_again(f, a);
    } else if (s->packages_tracked) {
        ship_set(f, SHIPMENT_BUYING, "");
        flow_go(f, SHIP_CANCEL);
    } else if (mono_reached(now, mono_plus(s->since, limit))) {
        flow_go(f, SHIP_DELETE);
    } else {
        flow_wait(f, 5000, SHIP_VOID_READ);
    }
}

void ship_cancel_begin(struct clarus_flow *f)
{
    struct ship *s = f->data;
    char path[ID_CAP * 3 + 32];
    bool again = strncmp(s->intent, "cancel", 6) == 0;
    ship_set(f, SHIPMENT_VOIDING, again ? "cancel2" : "cancel");
    ship_path(f, "shipments", s->clarus_id, "/cancel", path, sizeof path);
    call_write(f, HAL_POST, path, false);
}

static void void_later(struct clarus_flow *f, const struct answer *a)
{
    struct ship *s = f->data;
    struct clarus *c = f->c;
    flow_again(f, a);
    if (s->offline_told || a->kind == ANSWER_BUSY) return;
    s->offline_told = true;
    if (c->on.voided) c->on.voided(c->on.ctx, s->id, ERR_GONE, "Clarus cannot be reached");
}

void ship_cancel_end(struct clarus_flow *f, const struct answer *a)
{
    struct ship *s = f->data;
    bool again = strcmp(s->intent, "cancel2") == 0;
    switch (a->kind) {
    case ANSWER_OK:
        void_done(f, "cancelled");
        break;
    case ANSWER_ABSENT:
        void_done(f, "not in Clarus any more");
        break;
    case ANSWER_REFUSED:
    case ANSWER_DENIED:
    case ANSWER_FAULTY:
        if (again) {
            ship_alarm(f, "clarus.void_confirm",
                       "A cancellation without an answer was refused later",
                       "See in Clarus that the label is void");
            void_done(f, "cancelled, to be confirmed by eye");
        } else {
            void_failed(f, a->words);
        }
        break;
    case ANSWER_UNKNOWN:
        s->looks = 0;
        flow_go(f, SHIP_VOID_READ);
        break;
    case ANSWER_OFFLINE:
    case ANSWER_BUSY:
    case ANSWER_REAUTH:
        ship_set(f, SHIPMENT_VOIDING, again ? "cancel" : "void"); /* this one did nothing */
        void_later(f, a);
        break;
    }
}

void ship_delete_begin(struct clarus_flow *f)
{
    struct ship *s = f->data;
    char path[ID_CAP * 3 + 32];
    ship_set(f, SHIPMENT_VOIDING, "delete");
    ship_path(f, "shipments", s->clarus_id, "", path, sizeof path);
    call_write(f, HAL_DELETE, path, false);
}

void ship_remove_end(struct clarus_flow *f, const struct answer *a)
{
    switch (a->kind) {
    case ANSWER_OK:
    case ANSWER_ABSENT:
        void_done(f, "deleted, nothing was bought");
        break;
    case ANSWER_REFUSED:
    case ANSWER_DENIED:
    case ANSWER_FAULTY:
        ship_set(f, SHIPMENT_BUYING, ""); /* it was submitted after all */
        flow_go(f, SHIP_CANCEL);
        break;
    case ANSWER_UNKNOWN:
    case ANSWER_OFFLINE:
    case ANSWER_BUSY:
    case ANSWER_REAUTH:
        void_later(f, a);
        break;
    }
}
