#include "firmware/clarus/shipment.h"

#include <string.h>

#define OFFLINE_TRIES 2
#define VOID_AGAIN_MS 5000

/* --------------------------------------------------------------------------------------- rows --
 */

static err_t load_shipment(struct clarus *c, struct ship *s)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(c->store,
                            "SELECT s.consignment_id, s.state, s.key, s.clarus_id, s.intent, "
                            "s.document, k.clarus_id, k.carrier_id, k.service_id FROM shipment s "
                            "JOIN consignment k ON k.id = s.consignment_id WHERE s.id = ?",
                            &q);
    if (e) return e;
    store_bind_int(q, 1, s->id);
    e = store_step(c->store, q, &row);
    if (e) return e;
    if (!row) return ERR_NOTFOUND;
    s->consignment_id = store_int(q, 0);
    s->state = (enum shipment_state)store_int(q, 1);
    store_text(q, 2, s->key, sizeof s->key);
    store_text(q, 3, s->clarus_id, sizeof s->clarus_id);
    store_text(q, 4, s->intent, sizeof s->intent);
    store_text(q, 5, s->document, sizeof s->document);
    store_text(q, 6, s->order_id, sizeof s->order_id);
    store_text(q, 7, s->carrier_id, sizeof s->carrier_id);
    store_text(q, 8, s->service_id, sizeof s->service_id);
    return ERR_OK;
}

static err_t load_parcels(struct clarus *c, struct ship *s)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = true;
    err_t e = store_prepare(c->store,
                            "SELECT id, clarus_id, packaging, weight_g, tracking FROM parcel WHERE "
                            "shipment_id = ? AND state <> 5 ORDER BY number, id",
                            &q);
    if (e) return e;
    store_bind_int(q, 1, s->id);
    s->parcel_count = 0;
    while (s->parcel_count < PARCELS_MAX) {
        e = store_step(c->store, q, &row);
        if (e) return e;
        if (!row) break;
        struct ship_parcel *p = &s->parcels[s->parcel_count++];
        *p = (struct ship_parcel){.id = store_int(q, 0), .weight_g = store_int(q, 3)};
        store_text(q, 1, p->clarus_id, sizeof p->clarus_id);
        store_text(q, 2, p->packaging, sizeof p->packaging);
        store_text(q, 4, p->tracking, sizeof p->tracking);
    }
    return ERR_OK;
}

void ship_set(struct clarus_flow *f, enum shipment_state state, const char *intent)
{
    struct ship *s = f->data;
    AUTO_RELAX struct store_relaxed relaxed = store_relax_if(f->c->store, intent[0] == '\0');
    clarus_note(f->c, "shipment",
                sql_run(f->c, "UPDATE shipment SET state = ?, intent = ? WHERE id = ?", "iti",
                        (int64_t)state, intent, s->id));
    log_event(f->c->log, LOG_INFO, "clarus.shipment", "key=%s state=%d intent=%s", s->key,
              (int)state, intent);
    s->state = state;
    words_copy(s->intent, sizeof s->intent, slice_text(intent));
}

/* -------------------------------------------------------------------------------------- words --
 */

void ship_say(struct clarus_flow *f, enum label_step step, const char *text)
{
    struct clarus *c = f->c;
    if (c->on.label) c->on.label(c->on.ctx, f->subject, step, text, SLICE_NONE);
}

void ship_finish(struct clarus_flow *f, enum label_step step, const char *text,
                 struct slice document)
{
    struct clarus *c = f->c;
    int64_t id = f->subject;
    char words[SAY_CAP];
    words_copy(words, sizeof words, slice_text(text));
    flow_finish(f);
    if (c->on.label) c->on.label(c->on.ctx, id, step, words, document);
}

void ship_alarm(struct clarus_flow *f, const char *rule, const char *text, const char *next_step)
{
    const struct ship *s = f->data;
    char object[OBJECT_CAP];
    struct buf b = buf_over(object, sizeof object);
    buf_printf(&b, "shipment %s", s->key);
    clarus_alarm(f->c, s->consignment_id,
                 &(struct alarm){rule, "clarus", "lead", buf_cstr(&b), text, next_step});
}

bool ship_diverted(struct clarus_flow *f)
{
    const struct ship *s = f->data;
    if (s->goal != GOAL_VOID) return false;
    flow_go(f, SHIP_LOAD);
    return true;
}

bool ship_looked(struct clarus_flow *f, unsigned step)
{
    struct ship *s = f->data;
    const struct config_clarus *k = &f->c->config->site.clarus;
    mono_t now = effects_now(f->c->fx);
    if (s->looks++ == 0) s->looks_from = mono_reached(now, s->deadline) ? now : s->deadline;
    int64_t gap = k->settle_ms / (k->settle_reads > 1 ? k->settle_reads - 1 : 1);
    bool enough =
        s->looks >= k->settle_reads && mono_reached(now, mono_plus(s->looks_from, k->settle_ms));
    if (enough) {
        s->looks = 0;
        return true;
    }
    flow_wait(f, gap > 0 ? gap : 1, step);
    return false;
}

void ship_path(struct clarus_flow *f, const char *collection, const char *id, const char *act,
               char *out, size_t cap)
{
    struct buf b = buf_over(out, cap);
    (void)f;
    buf_printf(&b, "/%s/", collection);
    text_percent(&b, slice_text(id));
    buf_text(&b, act);
    if (!buf_cstr(&b)[0]) out[0] = '\0';
}

bool ship_not_done(struct clarus_flow *f, const struct answer *a, enum shipment_state back)
{
    struct ship *s = f->data;
    if (a->kind == ANSWER_BUSY) {
        ship_set(f, back, "");
        flow_again(f, a);
        return true;
    }
    if (a->kind != ANSWER_OFFLINE && a->kind != ANSWER_REAUTH) return false;
    ship_set(f, back, "");
    if (f->tries < OFFLINE_TRIES && a->kind == ANSWER_OFFLINE) {
        flow_again(f, a);
    } else if (s->goal == GOAL_VOID) {
        flow_wait(f, clarus_backoff(f->c, 3), SHIP_LOAD);
    } else {
        ship_finish(f, LABEL_STEP_OFFLINE,
                    a->kind == ANSWER_REAUTH ? "Clarus refuses this bench's credentials"
                                             : "Clarus cannot be reached",
                    SLICE_NONE);
    }
    return true;
}

/* ----------------------------------------------------------------------------------- deciding --
 */

/* Bought before: the document is kept, or fetched again. */
static void announce(struct clarus_flow *f)
{
    struct clarus *c = f->c;
    struct buf document = buf_new(LABEL_DOCUMENT_MAX);
    int64_t id = f->subject;
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(c->store, "SELECT bytes FROM label_document WHERE shipment_id = ?", &q);
    if (!e) {
        store_bind_int(q, 1, id);
        e = store_step(c->store, q, &row);
    }
    if (!e && row) buf_put(&document, store_blob(q, 0));
    store_reset_local(&q);
    clarus_note(c, "label_document", e);
    if (e || !row || document.overflow) {
        flow_go(f, SHIP_TRACK);
    } else {
        flow_finish(f);
        if (c->on.label) {
            c->on.label(c->on.ctx, id, LABEL_STEP_BOUGHT, "", SLICE_NONE);
            c->on.label(c->on.ctx, id, LABEL_STEP_DOCUMENT, "", buf_slice(&document));
        }
    }
    buf_deinit(&document);
}

static bool parcel_missing(const struct ship *s)
{
    for (size_t i = 0; i < s->parcel_count; i++)
        if (!s->parcels[i].clarus_id[0]) return true;
    return false;
}

static void decide_make(struct clarus_flow *f)
{
    struct ship *s = f->data;
    if (strcmp(s->intent, "create") == 0) {
        flow_go(f, SHIP_LOOK);
    } else if (!s->clarus_id[0]) {
        flow_go(f, SHIP_CREATE);
    } else if (strcmp(s->intent, "package") == 0) {
        flow_go(f, SHIP_PACKAGE_LOOK);
    } else if (s->state == SHIPMENT_BUYING) {
        flow_go(f, SHIP_TRACK);
    } else if (parcel_missing(s)) {
        flow_go(f, SHIP_PACKAGE);
    } else if (s->goal == GOAL_MAKE) {
        if (s->state == SHIPMENT_MAKING) ship_set(f, SHIPMENT_MADE, "");
        ship_finish(f, LABEL_STEP_MADE, "", SLICE_NONE);
    } else if (!s->parcel_count) {
        ship_finish(f, LABEL_STEP_CHANGED, "No parcel is bound to the shipment", SLICE_NONE);
    } else {
        flow_go(f, SHIP_READ);
    }
}

static int64_t time_of_intent(const struct clarus_flow *f)
{
    const struct config_clarus *k = &f->c->config->site.clarus;
    const struct ship *s = f->data;
    return slice_starts(slice_text(s->intent), "submit") ? k->submit_timeout_ms : k->timeout_ms;
}

static void load_begin(struct clarus_flow *f)
{
    struct ship *s = f->data;
    err_t e = load_shipment(f->c, s);
    if (!e) e = load_parcels(f->c, s);
    if (e) {
        clarus_note(f->c, "shipment load", e);
        flow_finish(f);
        return;
    }
    s->looks = 0;
    if (s->intent[0]) /* sent in an earlier life; it may arrive until its time is over */
        s->deadline = mono_plus(effects_now(f->c->fx), time_of_intent(f));
    if (s->goal == GOAL_VOID) {
        ship_void_decide(f);
        return;
    }
    switch (s->state) {
    case SHIPMENT_NEW:
    case SHIPMENT_MAKING:
    case SHIPMENT_MADE:
    case SHIPMENT_BUYING:
    case SHIPMENT_REFUSED:
        decide_make(f);
        break;
    case SHIPMENT_BOUGHT:
        if (s->goal == GOAL_BUY)
            announce(f);
        else
            flow_finish(f);
        break;
    case SHIPMENT_VOIDING:
    case SHIPMENT_VOID:
    case SHIPMENT_VOID_FAILED:
    case SHIPMENT_DISPATCHED:
        flow_finish(f);
        break;
    }
}

static const struct flow_step steps[] = {
    [SHIP_LOAD] = {"load", load_begin, NULL, NULL},
    [SHIP_CREATE] = {"create", ship_create_begin, NULL, ship_create_end},
    [SHIP_LOOK] = {"look", ship_look_begin, ship_shipment_row, ship_look_end},
    [SHIP_ADOPT] = {"adopt", ship_adopt_begin, NULL, ship_adopt_end},
    [SHIP_PACKAGE] = {"package", ship_package_begin, NULL, ship_package_end},
    [SHIP_PACKAGE_LOOK] = {"package_look", ship_list_packages, ship_package_row,
                           ship_package_look_end},
    [SHIP_READ] = {"read", ship_read_begin, ship_shipment_row, ship_read_end},
    [SHIP_READ_PACKAGES] = {"read_packages", ship_list_packages, ship_package_row,
                            ship_read_packages_end},
    [SHIP_DELETE_EXTRA] = {"delete_extra", ship_delete_extra_begin, NULL, ship_delete_end},
    [SHIP_DELETE_PACKAGE] = {"delete_package", ship_delete_package_begin, NULL, ship_delete_end},
    [SHIP_SUBMIT] = {"submit", ship_submit_begin, NULL, ship_submit_end},
    [SHIP_TRACK] = {"track", ship_track_begin, ship_package_row, ship_track_end},
    [SHIP_TRACK_LABEL] = {"track_label", ship_track_label_begin, ship_shipment_row,
                          ship_track_label_end},
    [SHIP_DOCUMENT] = {"document", ship_document_begin, ship_document_row, ship_document_end},
    [SHIP_DOWNLOAD] = {"download", ship_download_begin, NULL, ship_download_end},
    [SHIP_FILE] = {"file", ship_file_begin, NULL, ship_file_end},
    [SHIP_VOID_READ] = {"void_read", ship_void_read_begin, ship_shipment_row, ship_void_read_end},
    [SHIP_VOID_PACKAGES] = {"void_packages", ship_void_packages_begin, ship_package_row,
                            ship_void_packages_end},
    [SHIP_CANCEL] = {"cancel", ship_cancel_begin, NULL, ship_cancel_end},
    [SHIP_DELETE] = {"delete", ship_delete_begin, NULL, ship_remove_end},
};
const struct flow_kind shipment_kind = {"shipment", steps, sizeof(struct ship), NULL, false};

/* ------------------------------------------------------------------------------------- orders --
 */

static bool ship_start(struct clarus *c, int64_t shipment_id, enum ship_goal goal)
{
    struct clarus_flow *f = flow_find(c, &shipment_kind, shipment_id);
    bool running = f != NULL;
    if (!f) f = flow_start(c, &shipment_kind, shipment_id, 0);
    if (!f) return false;
    struct ship *s = f->data;
    s->id = shipment_id;
    if (goal > s->goal) s->goal = goal;
    bool waiting = f->call.state == CALL_IDLE && f->due.ms != MONO_NEVER.ms;
    if (running && goal == GOAL_VOID && waiting) flow_go(f, SHIP_LOAD);
    flows_run(c);
    return true;
}

void clarus_prepare(struct clarus *c, int64_t shipment_id)
{
    if (!ship_start(c, shipment_id, GOAL_MAKE) && c->on.label)
        c->on.label(c->on.ctx, shipment_id, LABEL_STEP_OFFLINE, "busy", SLICE_NONE);
}

void clarus_buy(struct clarus *c, int64_t shipment_id)
{
    if (!ship_start(c, shipment_id, GOAL_BUY) && c->on.label)
        c->on.label(c->on.ctx, shipment_id, LABEL_STEP_OFFLINE, "busy", SLICE_NONE);
}

void clarus_void(struct clarus *c, int64_t shipment_id)
{
    if (ship_start(c, shipment_id, GOAL_VOID)) return;
    clarus_note(c, "void later",
                sql_run(c,
                        "UPDATE shipment SET state = 6, intent = 'void' WHERE id = ? AND state = 4",
                        "i", shipment_id));
    c->void_at = mono_plus(effects_now(c->fx), VOID_AGAIN_MS);
    if (c->on.voided) c->on.voided(c->on.ctx, shipment_id, ERR_GONE, "busy");
}

#define RESUME_MAX (FLOWS_MAX / 2)

struct resumed {
    int64_t id;
    enum ship_goal goal;
};

/* Under way at the last end. One without a box any more was to be voided, however far that came. */
static size_t resumable(struct clarus *c, struct resumed out[RESUME_MAX])
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = true;
    size_t n = 0;
    err_t e = store_prepare(c->store,
                            "SELECT id, state, unwanted FROM (SELECT s.id, s.state, NOT EXISTS "
                            "(SELECT 1 FROM parcel p WHERE p.shipment_id = s.id AND p.state <> 5) "
                            "AS unwanted FROM shipment s WHERE s.state IN (1, 2, 3, 6)) WHERE "
                            "unwanted OR state <> 2 ORDER BY state DESC, id",
                            &q);
    while (!e && n < RESUME_MAX) {
        e = store_step(c->store, q, &row);
        if (e || !row) break;
        int64_t state = store_int(q, 1);
        bool voided = state == SHIPMENT_VOIDING || store_int(q, 2) != 0;
        out[n++] = (struct resumed){.id = store_int(q, 0),
                                    .goal = voided                     ? GOAL_VOID
                                            : state == SHIPMENT_BUYING ? GOAL_BUY
                                                                       : GOAL_MAKE};
    }
    clarus_note(c, "resumable", e);
    return n;
}

void shipment_resume(struct clarus *c)
{
    struct resumed found[RESUME_MAX];
    size_t n = resumable(c, found);
    for (size_t i = 0; i < n; i++)
        (void)ship_start(c, found[i].id, found[i].goal);
}

/* Voids there was no room for. */
void shipment_void_tick(struct clarus *c)
{
    struct resumed found[RESUME_MAX];
    mono_t now = effects_now(c->fx);
    if (!mono_reached(now, c->void_at)) return;
    c->void_at = MONO_NEVER;
    size_t n = resumable(c, found);
    for (size_t i = 0; i < n; i++) {
        if (found[i].goal != GOAL_VOID || ship_start(c, found[i].id, GOAL_VOID)) continue;
        c->void_at = mono_plus(now, VOID_AGAIN_MS);
    }
}
