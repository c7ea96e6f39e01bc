#include "firmware/clarus/shipment.h"

#include <string.h>

/* The id of a new record: data.id, else id. */
static const char *new_id(const struct answer *a, char out[ID_CAP])
{
    const char *id = node_id(a->root, "/data/id", out, ID_CAP);
    return id ? id : node_id(a->root, "/id", out, ID_CAP);
}

static void refused(struct clarus_flow *f, const struct answer *a, const char *event)
{
    struct ship *s = f->data;
    const char *words = a->words[0] ? a->words : "Clarus refused without words";
    ship_set(f, SHIPMENT_REFUSED, "");
    clarus_note(f->c, "refusal",
                sql_run(f->c, "UPDATE shipment SET refusal = ? WHERE id = ?", "ti", words, s->id));
    clarus_story(f->c, s->consignment_id, event, words);
    ship_finish(f, LABEL_STEP_REFUSED, words, SLICE_NONE);
}

/* ------------------------------------------------------------------------------------- create --
 */

void ship_create_begin(struct clarus_flow *f)
{
    struct ship *s = f->data;
    if (ship_diverted(f)) return;
    struct json_writer w = json_write(call_body(f));
    json_open_object(&w, NULL);
    json_open_object(&w, "data");
    json_put_text(&w, "type", "shipments");
    json_open_object(&w, "attributes");
    put_id(&w, "goods_out_id", s->order_id);
    if (s->carrier_id[0] && s->service_id[0]) { /* both or neither */
        put_id(&w, "carrier_id", s->carrier_id);
        put_id(&w, "carrier_service_id", s->service_id);
    }
    json_put_text(&w, "reference", s->key);
    json_put_text(&w, "external_system_reference1", s->key);
    json_close_object(&w);
    json_close_object(&w);
    json_close_object(&w);
    ship_set(f, SHIPMENT_MAKING, "create");
    call_write(f, HAL_POST, "/shipments", true);
}

static void created(struct clarus_flow *f, const char *id, const char *how)
{
    struct ship *s = f->data;
    {
        AUTO_RELAX struct store_relaxed relaxed = store_relax(f->c->store); /* found by its key */
        clarus_note(
            f->c, "created",
            sql_run(f->c,
                    "UPDATE shipment SET clarus_id = ?, intent = '', made_at = ? WHERE id = ?",
                    "tii", id, effects_wall(f->c->fx).ms, s->id));
    }
    clarus_story(f->c, s->consignment_id, how, id);
    log_event(f->c->log, LOG_INFO, how, "key=%s shipment=%s", s->key, id);
    flow_go(f, SHIP_LOAD);
}

void ship_create_end(struct clarus_flow *f, const struct answer *a)
{
    char id[ID_CAP];
    if (a->kind == ANSWER_OK && new_id(a, id)) {
        created(f, id, "clarus.shipment_made");
    } else if (a->kind == ANSWER_OK || a->kind == ANSWER_UNKNOWN) {
        log_event(f->c->log, LOG_WARN, "clarus.unknown", "call=create_shipment key=%s",
                  ((struct ship *)f->data)->key);
#ifdef PLANT_SKIP_LOOK
        ship_set(f, SHIPMENT_NEW, "");
        flow_go(f, SHIP_LOAD);
        return;
#endif
        flow_go(f, SHIP_LOOK);
    } else if (!ship_not_done(f, a, SHIPMENT_NEW)) {
        refused(f, a, "clarus.shipment_refused");
    }
}

void ship_look_begin(struct clarus_flow *f)
{
    ship_list_shipments(f);
}

static void look_absent(struct clarus_flow *f)
{
    struct ship *s = f->data;
    if (s->strangers > 1) {
        ship_alarm(f, "clarus.shipment_ambiguous",
                   "Several shipments may be the one that was asked for",
                   "The lead deletes the surplus ones in Clarus");
        ship_finish(f, LABEL_STEP_CHANGED, "Several shipments may be ours", SLICE_NONE);
    } else if (!ship_looked(f, SHIP_LOOK)) {
        return;
    } else if (s->strangers == 1) {
        flow_go(f, SHIP_ADOPT);
    } else {
        ship_set(f, SHIPMENT_NEW, "");
        flow_go(f, SHIP_LOAD);
    }
}

void ship_look_end(struct clarus_flow *f, const struct answer *a)
{
    struct ship *s = f->data;
    if (a->kind != ANSWER_OK)
        flow_again(f, a);
    else if (s->found)
        created(f, s->ours.id, "clarus.shipment_found");
    else
        look_absent(f);
}

/* References are made by a template of the carrier: the one that is nobody's is ours. */
void ship_adopt_begin(struct clarus_flow *f)
{
    struct ship *s = f->data;
    char path[ID_CAP * 3 + 32];
    struct json_writer w = json_write(call_body(f));
    json_open_object(&w, NULL);
    json_open_object(&w, "data");
    json_put_text(&w, "type", "shipments");
    json_open_object(&w, "attributes");
    json_put_text(&w, "external_system_reference1", s->key);
    json_close_object(&w);
    json_close_object(&w);
    json_close_object(&w);
    ship_path(f, "shipments", s->stranger, "", path, sizeof path);
    call_write(f, HAL_PATCH, path, true);
}

void ship_adopt_end(struct clarus_flow *f, const struct answer *a)
{
    struct ship *s = f->data;
    char external[REFERENCE_CAP];
    node_text(a->root, "/data/attributes/external_system_reference1", external, sizeof external);
    if (a->kind == ANSWER_OK && (!external[0] || strcmp(external, s->key) == 0)) {
        char id[ID_CAP];
        memcpy(id, s->stranger, sizeof id);
        created(f, id, "clarus.shipment_found");
    } else if (a->kind == ANSWER_REFUSED || a->kind == ANSWER_DENIED || a->kind == ANSWER_OK) {
        ship_alarm(f, "clarus.shipment_ambiguous",
                   "A shipment without our key cannot be taken over",
                   "The lead deletes it in Clarus");
        ship_finish(f, LABEL_STEP_CHANGED, "A shipment cannot be taken over", SLICE_NONE);
    } else {
        flow_wait(f, clarus_backoff(f->c, 1), SHIP_LOOK);
    }
}

/* ----------------------------------------------------------------------------------- packages --
 */

static struct ship_parcel *next_parcel(struct ship *s)
{
    for (size_t i = 0; i < s->parcel_count; i++)
        if (!s->parcels[i].clarus_id[0]) return &s->parcels[i];
    return NULL;
}

static void put_tenths(struct json_writer *w, const char *name, int64_t mm)
{
    if (mm > 0) json_put_qty(w, name, (qty_t){mm * 100}); /* centimetres */
}

static void package_body(struct clarus_flow *f, const struct ship_parcel *p,
                         const struct packaging *box)
{
    const struct ship *s = f->data;
    struct json_writer w = json_write(call_body(f));
    json_open_object(&w, NULL);
    json_open_object(&w, "data");
    json_put_text(&w, "type", "packages");
    json_open_object(&w, "attributes");
    put_id(&w, "shipment_id", s->clarus_id);
    put_id(&w, "storage_unit_type_id", box->clarus_id);
    json_open_object(&w, "dimensions");
    json_put_text(&w, "unit_of_measure", "centimetre");
    put_tenths(&w, "length", box->length_mm);
    put_tenths(&w, "width", box->width_mm);
    put_tenths(&w, "height", box->height_mm);
    if (p->weight_g > 0) {
        json_put_qty(&w, "weight", (qty_t){p->weight_g});
        json_put_text(&w, "weight_unit_of_measure", "kilogram");
    }
    json_close_object(&w);
    json_close_object(&w);
    json_close_object(&w);
    json_close_object(&w);
}

void ship_package_begin(struct clarus_flow *f)
{
    struct ship *s = f->data;
    if (ship_diverted(f)) return;
    struct ship_parcel *p = next_parcel(s);
    struct packaging box;
    if (!p) {
        flow_go(f, SHIP_LOAD);
        return;
    }
    if (catalogue_packaging(f->c->store, slice_text(p->packaging), &box)) {
        f->c->signon_at = effects_now(f->c->fx); /* it may be new: read the list again */
        ship_finish(f, LABEL_STEP_REFUSED, "The packaging of a parcel is not known to Clarus",
                    SLICE_NONE);
        return;
    }
    package_body(f, p, &box);
    ship_set(f, s->state == SHIPMENT_REFUSED ? SHIPMENT_REFUSED : SHIPMENT_MAKING, "package");
    call_write(f, HAL_POST, "/packages", true);
}

static void package_bound(struct clarus_flow *f, const char *id)
{
    struct ship *s = f->data;
    struct ship_parcel *p = next_parcel(s);
    if (p) {
        AUTO_RELAX struct store_relaxed relaxed = store_relax(f->c->store); /* looked for again */
        clarus_note(f->c, "package",
                    sql_run(f->c, "UPDATE parcel SET clarus_id = ? WHERE id = ?", "ti", id, p->id));
    }
    ship_set(f, s->state, "");
    flow_go(f, SHIP_LOAD);
}

void ship_package_end(struct clarus_flow *f, const struct answer *a)
{
    struct ship *s = f->data;
    char id[ID_CAP];
    if (a->kind == ANSWER_OK && new_id(a, id)) {
        package_bound(f, id);
    } else if (a->kind == ANSWER_OK || a->kind == ANSWER_UNKNOWN) {
        log_event(f->c->log, LOG_WARN, "clarus.unknown", "call=create_package key=%s", s->key);
        flow_go(f, SHIP_PACKAGE_LOOK);
    } else if (a->kind == ANSWER_ABSENT) {
        ship_set(f, s->state, "");
        ship_finish(f, LABEL_STEP_CHANGED, "The shipment is gone in Clarus", SLICE_NONE);
    } else if (!ship_not_done(f, a, s->state)) {
        refused(f, a, "clarus.package_refused");
    }
}

void ship_package_look_end(struct clarus_flow *f, const struct answer *a)
{
    struct ship *s = f->data;
    if (a->kind != ANSWER_OK) {
        flow_again(f, a);
    } else if (s->package[0]) {
        char id[ID_CAP];
        memcpy(id, s->package, sizeof id);
        package_bound(f, id);
    } else if (ship_looked(f, SHIP_PACKAGE_LOOK)) {
        ship_set(f, s->state, "");
        flow_go(f, SHIP_LOAD);
    }
}
