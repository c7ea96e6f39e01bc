#include "firmware/clarus/shipment.h"

#include <string.h>

#define LATE_POLL_MS 15000

void ship_submit_begin(struct clarus_flow *f)
{
    struct ship *s = f->data;
    if (ship_diverted(f)) return;
    char path[ID_CAP * 3 + 32];
    bool again = strncmp(s->intent, "submit", 6) == 0;
    ship_set(f, SHIPMENT_BUYING, again ? "submit2" : "submit");
    s->since = effects_now(f->c->fx);
    s->polls = 0;
    clarus_story(f->c, s->consignment_id, "clarus.submit", again ? "again, after no answer" : "");
    ship_path(f, "shipments", s->clarus_id, "/submit", path, sizeof path);
    call_write(f, HAL_POST, path, false);
}

static void submit_refused(struct clarus_flow *f, const struct answer *a)
{
    struct ship *s = f->data;
    const char *words = a->words[0] ? a->words : "Refused without words";
    if (strcmp(s->intent, "submit2") == 0) {
        /* The first one may have been accepted after all: read on before believing it. */
        clarus_note(f->c, "refusal",
                    sql_run(f->c,
                            "UPDATE shipment SET refusal = ?, intent = 'refused2' WHERE id = ?",
                            "ti", words, s->id));
        memcpy(s->intent, "refused2", sizeof "refused2");
        flow_go(f, SHIP_TRACK);
        return;
    }
    clarus_note(f->c, "refusal",
                sql_run(f->c, "UPDATE shipment SET refusal = ? WHERE id = ?", "ti", words, s->id));
    ship_set(f, SHIPMENT_REFUSED, "");
    clarus_story(f->c, s->consignment_id, "clarus.submit_refused", words);
    log_event(f->c->log, LOG_WARN, "clarus.submit_refused", "key=%s http=%d", s->key, a->status);
    if (!ship_diverted(f)) ship_finish(f, LABEL_STEP_REFUSED, words, SLICE_NONE);
}

void ship_submit_end(struct clarus_flow *f, const struct answer *a)
{
    struct ship *s = f->data;
    bool again = strcmp(s->intent, "submit2") == 0;
    if (a->kind == ANSWER_OK) {
        ship_set(f, SHIPMENT_BUYING, "");
        flow_go(f, SHIP_TRACK);
    } else if (a->kind == ANSWER_UNKNOWN) {
        log_event(f->c->log, LOG_WARN, "clarus.unknown", "call=submit key=%s again=%d", s->key,
                  again);
        flow_go(f, SHIP_TRACK);
    } else if (again &&
               (a->kind == ANSWER_OFFLINE || a->kind == ANSWER_REAUTH || a->kind == ANSWER_BUSY)) {
        ship_set(f, SHIPMENT_BUYING, "submit"); /* this one did nothing; the first is as unknown */
        flow_go(f, SHIP_TRACK);
    } else if (a->kind == ANSWER_ABSENT) {
        ship_set(f, SHIPMENT_MADE, "");
        ship_finish(f, LABEL_STEP_CHANGED, "The shipment is gone in Clarus", SLICE_NONE);
    } else if (!ship_not_done(f, a, SHIPMENT_MADE)) {
        submit_refused(f, a);
    }
}

/* ----------------------------------------------------------------------------------- tracking --
 */

static bool is_late(struct clarus_flow *f)
{
    const struct ship *s = f->data;
    int64_t limit = (int64_t)f->c->config->site.clarus.label_wait_s * 1000;
    return mono_reached(effects_now(f->c->fx), mono_plus(s->since, limit));
}

static void tell_late(struct clarus_flow *f, const char *text)
{
    struct ship *s = f->data;
    if (s->late_told || !is_late(f)) return;
    s->late_told = true;
    log_event(f->c->log, LOG_WARN, "clarus.label_late", "key=%s intent=%s", s->key, s->intent);
    clarus_story(f->c, s->consignment_id, "clarus.label_late", text);
    ship_alarm(f, "clarus.label_pending", text, "Look at the shipment in Clarus; print it there");
    ship_say(f, LABEL_STEP_LATE, text);
}

static void poll_again(struct clarus_flow *f, unsigned step, const char *text)
{
    static const int64_t waits[] = {500, 1000, 2000, 5000};
    struct ship *s = f->data;
    tell_late(f, text);
    unsigned n = s->polls < 3 ? s->polls : 3;
    if (s->polls < 1000) s->polls++;
    flow_wait(f, s->late_told ? LATE_POLL_MS : waits[n], step);
}

void ship_track_begin(struct clarus_flow *f)
{
    struct ship *s = f->data;
    if (ship_diverted(f)) return;
    if (!s->since.ms) s->since = effects_now(f->c->fx);
    ship_list_packages(f);
}

void ship_track_end(struct clarus_flow *f, const struct answer *a)
{
    if (a->kind == ANSWER_OK)
        flow_go(f, SHIP_TRACK_LABEL);
    else
        poll_again(f, SHIP_TRACK, "Clarus does not answer about the label");
}

void ship_track_label_begin(struct clarus_flow *f)
{
    if (!ship_diverted(f)) ship_list_shipments(f);
}

/* Neither tracking nor label after all the waiting: once more, the same shipment. */
static void submit_unseen(struct clarus_flow *f)
{
    struct ship *s = f->data;
    bool again = strcmp(s->intent, "submit") == 0;
    bool gone = strcmp(s->intent, "refused2") == 0;
    s->looks++;
    unsigned reads = f->c->config->site.clarus.settle_reads;
    if (again && is_late(f) && s->looks >= reads) {
        s->looks = 0;
        flow_go(f, SHIP_SUBMIT);
        return;
    }
    if (gone && s->looks >= reads) {
        char words[SAY_CAP];
        sql_text(f->c, "SELECT refusal FROM shipment WHERE id = ?", words, sizeof words, "i",
                 s->id);
        ship_set(f, SHIPMENT_REFUSED, "");
        clarus_story(f->c, s->consignment_id, "clarus.submit_refused", words);
        ship_alarm(f, "clarus.submit_unclear", "A label was refused after an unanswered submit",
                   "The lead checks in Clarus that none was bought");
        ship_finish(f, LABEL_STEP_REFUSED, words, SLICE_NONE);
        return;
    }
    if (again)
        flow_wait(f, 5000, SHIP_TRACK); /* late is told when the second one is silent too */
    else
        poll_again(f, SHIP_TRACK, "Clarus does not tell whether the label was bought");
}

static void tracked(struct clarus_flow *f)
{
    struct ship *s = f->data;
    if (s->bought_told) return;
    s->bought_told = true;
    clarus_story(f->c, s->consignment_id, "clarus.bought", s->parcels[0].tracking);
    char note[8];
    sql_text(f->c, "SELECT substr(delivery_note, 1, 1) FROM consignment WHERE id = ?", note,
             sizeof note, "i", s->consignment_id);
    if (note[0] && !s->note_there)
        clarus_story(f->c, s->consignment_id, "clarus.note_not_sent",
                     "The delivery note did not reach the carrier");
    log_event(f->c->log, LOG_INFO, "clarus.bought", "key=%s parcels=%zu", s->key, s->parcel_count);
    ship_say(f, LABEL_STEP_BOUGHT, "");
}

static void label_known(struct clarus_flow *f)
{
    struct ship *s = f->data;
    AUTO_RELAX struct store_relaxed relaxed = store_relax(f->c->store);
    memcpy(s->document, s->ours.label, sizeof s->document);
    clarus_note(f->c, "label",
                sql_run(f->c,
                        "UPDATE shipment SET document = ?, service_bought = ?, note_sent = ? "
                        "WHERE id = ?",
                        "ttii", s->ours.label, s->ours.service_name, (int64_t)s->note_there,
                        s->id));
}

void ship_track_label_end(struct clarus_flow *f, const struct answer *a)
{
    struct ship *s = f->data;
    if (a->kind != ANSWER_OK) {
        poll_again(f, SHIP_TRACK, "Clarus does not answer about the label");
        return;
    }
    bool happened = s->packages_tracked > 0 || (s->found && s->ours.label[0]);
    if (happened && s->intent[0]) ship_set(f, s->state, "");
    if (!happened && s->intent[0]) {
        submit_unseen(f);
        return;
    }
    if (s->found && s->ours.label[0]) label_known(f);
    if (!ship_all_tracked(s)) {
        poll_again(f, SHIP_TRACK, "Not every parcel has a tracking number yet");
        return;
    }
    tracked(f);
    if (s->goal == GOAL_VOID)
        flow_go(f, SHIP_LOAD);
    else if (s->document[0])
        flow_go(f, SHIP_DOCUMENT);
    else
        poll_again(f, SHIP_TRACK, "The label's file is not named yet");
}

/* ----------------------------------------------------------------------------------- document --
 */

void ship_document_begin(struct clarus_flow *f)
{
    struct ship *s = f->data;
    if (ship_diverted(f)) return;
    s->document_id[0] = s->document_at[0] = '\0';
    s->document_failed = false;
    list_filter_eq(f, "file_name", s->document);
    list_start(f, "documents", "DocumentFilterType", "id file_name status created_at");
}

void ship_document_row(struct clarus_flow *f, json_node node)
{
    struct ship *s = f->data;
    char id[ID_CAP], name[CODE_CAP], status[24], at[sizeof s->document_at];
    if (!node_id(node, "/id", id, sizeof id)) return;
    node_text(node, "/file_name", name, sizeof name);
    node_text(node, "/status", status, sizeof status);
    node_text(node, "/created_at", at, sizeof at);
    if (strcmp(name, s->document) != 0) return;
    struct slice word = slice_text(status);
    if (slice_is_nocase(word, "failed")) s->document_failed = true;
    if (!slice_is_nocase(word, "available") && !slice_is_nocase(word, "completed")) return;
    int newer = strcmp(at, s->document_at);
    if (s->document_id[0] &&
        (newer < 0 || (newer == 0 && id_number(id) < id_number(s->document_id))))
        return;
    memcpy(s->document_id, id, sizeof id);
    memcpy(s->document_at, at, sizeof at);
}

void ship_document_end(struct clarus_flow *f, const struct answer *a)
{
    const struct ship *s = f->data;
    if (a->kind != ANSWER_OK)
        poll_again(f, SHIP_DOCUMENT, "Clarus does not answer about the label");
    else if (s->document_id[0])
        flow_go(f, SHIP_DOWNLOAD);
    else
        poll_again(f, SHIP_DOCUMENT,
                   s->document_failed ? "Clarus failed to make the label's file"
                                      : "The label's file is not ready yet");
}

void ship_download_begin(struct clarus_flow *f)
{
    const struct ship *s = f->data;
    if (ship_diverted(f)) return;
    char path[ID_CAP * 3 + 32];
    ship_path(f, "documents", s->document_id, "/download", path, sizeof path);
    call_get(f, path);
}

void ship_download_end(struct clarus_flow *f, const struct answer *a)
{
    struct ship *s = f->data;
    struct slice url = json_text(json_member(a->root, "url"));
    if (!url.len) url = json_text(json_at(a->root, "/data/url"));
    if (a->kind == ANSWER_OK && url.len &&
        slice_copy(url, s->file_url, sizeof s->file_url) == ERR_OK) {
        flow_go(f, SHIP_FILE);
    } else if (a->kind == ANSWER_DENIED) {
        ship_alarm(f, "clarus.label_denied", "Clarus does not let this user download the label",
                   "Give the bench's Clarus user the right to download documents");
        poll_again(f, SHIP_DOCUMENT, "Clarus does not let this user download the label");
    } else {
        poll_again(f, SHIP_DOCUMENT, "The label cannot be downloaded");
    }
}

void ship_file_begin(struct clarus_flow *f)
{
    const struct ship *s = f->data;
    if (!ship_diverted(f)) call_file(f, slice_text(s->file_url));
}

static void label_clear(struct clarus_flow *f)
{
    const struct ship *s = f->data;
    char object[OBJECT_CAP];
    struct buf b = buf_over(object, sizeof object);
    buf_printf(&b, "shipment %s", s->key);
    wall_t at = effects_wall(f->c->fx);
    clarus_note(f->c, "clear",
                exception_clear(f->c->store, at, "clarus.label_pending", buf_cstr(&b)));
    clarus_note(f->c, "clear",
                exception_clear(f->c->store, at, "clarus.label_denied", buf_cstr(&b)));
}

void ship_file_end(struct clarus_flow *f, const struct answer *a)
{
    struct ship *s = f->data;
    if (ship_diverted(f)) return;
    if (a->kind != ANSWER_OK || !a->body.len) {
        poll_again(f, SHIP_DOCUMENT, "The label's file cannot be fetched");
        return;
    }
    ship_set(f, SHIPMENT_BOUGHT, "");
    label_clear(f);
    clarus_story(f->c, s->consignment_id, "clarus.label", s->document);
    log_event(f->c->log, LOG_INFO, "clarus.label", "key=%s bytes=%zu", s->key, a->body.len);
    ship_finish(f, LABEL_STEP_DOCUMENT, "", a->body);
}
