#include "firmware/clarus/shipment.h"

#include <string.h>

void ship_list_shipments(struct clarus_flow *f)
{
    struct ship *s = f->data;
    char fields[FIELDS_CAP];
    s->found = s->extra_bought = s->note_there = false;
    s->extra[0] = s->stranger[0] = '\0';
    s->strangers = 0;
    list_filter_eq(f, "goods_out_id", s->order_id);
    shipment_fields(f->c, fields);
    list_start(f, "shipments", "ShipmentFilterType", fields);
}

static bool note_is_there(struct clarus_flow *f, struct slice sent)
{
    const struct ship *s = f->data;
    char note[NOTE_CAP];
    if (!sql_text(f->c, "SELECT delivery_note FROM consignment WHERE id = ?", note, sizeof note,
                  "i", s->consignment_id))
        return false;
    return note[0] && slice_find(sent, slice_text(note)) < sent.len;
}

/* Known to this bench under another shipment row. */
static bool known_here(struct clarus_flow *f, const char *clarus_id)
{
    return sql_int(f->c, "SELECT COUNT(*) FROM shipment WHERE clarus_id = ?", 0, "t", clarus_id) >
           0;
}

void ship_shipment_row(struct clarus_flow *f, json_node node)
{
    struct ship *s = f->data;
    struct shipment_seen seen;
    if (!shipment_parse(node, &seen)) return;
    bool keyed = strcmp(seen.reference, s->key) == 0 || strcmp(seen.external, s->key) == 0;
    bool ours = s->clarus_id[0] ? strcmp(seen.id, s->clarus_id) == 0 : keyed;
    if (ours && (!s->found || s->clarus_id[0])) {
        s->found = true;
        s->note_there = note_is_there(f, seen.delivery_note);
        s->ours = seen;
        s->ours.delivery_note = SLICE_NONE;
    } else if (keyed && !text_void_word(seen.status)) {
        memcpy(s->extra, seen.id, ID_CAP);
        s->extra_bought = seen.label[0] != '\0';
    } else if (!text_void_word(seen.status) && !seen.label[0] && !known_here(f, seen.id)) {
        memcpy(s->stranger, seen.id, ID_CAP);
        s->strangers++;
    }
}

void ship_list_packages(struct clarus_flow *f)
{
    struct ship *s = f->data;
    s->package[0] = '\0';
    s->packages_tracked = 0;
    for (size_t i = 0; i < s->parcel_count; i++)
        s->parcels[i].seen = false;
    list_filter_eq(f, "shipment_id", s->clarus_id);
    list_start(f, "packages", "PackageFilterType", "id tracking_number shipment { id }");
}

static void tracking_take(struct clarus_flow *f, struct ship_parcel *p, json_node node)
{
    struct ship *s = f->data;
    json_node at = json_member(node, "tracking_number");
    if (json_kind(at) != JSON_STRING || !json_text(at).len) return;
    s->packages_tracked++;
    char tracking[TRACKING_CAP];
    if (!p) return;
    if (json_string(at, tracking, sizeof tracking) || !text_is_print(json_text(at))) {
        ship_alarm(f, "clarus.tracking_unusable",
                   "The tracking number is too long or not printable",
                   "The lead looks at the shipment in Clarus");
        return;
    }
    if (strcmp(tracking, p->tracking) == 0) return;
    AUTO_RELAX struct store_relaxed relaxed = store_relax(f->c->store);
    memcpy(p->tracking, tracking, sizeof tracking);
    clarus_note(
        f->c, "tracking",
        sql_run(f->c, "UPDATE parcel SET tracking = ? WHERE id = ?", "ti", tracking, p->id));
}

void ship_package_row(struct clarus_flow *f, json_node node)
{
    struct ship *s = f->data;
    char id[ID_CAP], shipment[ID_CAP];
    if (!node_id(node, "/id", id, sizeof id)) return;
    if (node_id(node, "/shipment/id", shipment, sizeof shipment) &&
        strcmp(shipment, s->clarus_id) != 0)
        return;
    struct ship_parcel *p = NULL;
    for (size_t i = 0; i < s->parcel_count && !p; i++)
        if (strcmp(s->parcels[i].clarus_id, id) == 0) p = &s->parcels[i];
    if (p)
        p->seen = true;
    else
        memcpy(s->package, id, sizeof id);
    tracking_take(f, p, node);
}

bool ship_all_tracked(const struct ship *s)
{
    for (size_t i = 0; i < s->parcel_count; i++)
        if (!s->parcels[i].seen || !s->parcels[i].tracking[0]) return false;
    return s->parcel_count > 0;
}

/* ---------------------------------------------------------------------------------- read back --
 */

void ship_read_begin(struct clarus_flow *f)
{
    if (!ship_diverted(f)) ship_list_shipments(f);
}

static bool read_failed(struct clarus_flow *f, const struct answer *a)
{
    struct ship *s = f->data;
    if (a->kind == ANSWER_OK) return false;
    if (a->kind == ANSWER_BUSY || a->kind == ANSWER_FAULTY || f->tries < 2 ||
        s->goal == GOAL_VOID) {
        flow_again(f, a);
        return true;
    }
    ship_finish(f, LABEL_STEP_OFFLINE, "Clarus cannot be reached", SLICE_NONE);
    return true;
}

static void read_service(struct clarus_flow *f)
{
    struct ship *s = f->data;
    bool carrier =
        s->carrier_id[0] && s->ours.carrier_id[0] && strcmp(s->carrier_id, s->ours.carrier_id) != 0;
    bool service =
        s->service_id[0] && s->ours.service_id[0] && strcmp(s->service_id, s->ours.service_id) != 0;
    {
        AUTO_RELAX struct store_relaxed relaxed = store_relax(f->c->store);
        clarus_note(f->c, "service",
                    sql_run(f->c,
                            "UPDATE shipment SET service_bought = ?, note_sent = ? WHERE id = ?",
                            "tii", s->ours.service_name, (int64_t)s->note_there, s->id));
    }
    if (!carrier && !service) {
        s->looks = 0;
        flow_go(f, SHIP_READ_PACKAGES);
        return;
    }
    char text[SAY_CAP];
    struct buf b = buf_over(text, sizeof text);
    buf_printf(&b, "Clarus has another %s on the shipment: %s", carrier ? "carrier" : "service",
               s->ours.service_name);
    ship_alarm(f, "clarus.service_differs", buf_cstr(&b), "Correct carrier and service in Clarus");
    ship_finish(f, LABEL_STEP_CHANGED, buf_cstr(&b), SLICE_NONE);
}

void ship_read_end(struct clarus_flow *f, const struct answer *a)
{
    struct ship *s = f->data;
    if (read_failed(f, a)) return;
    if (s->extra[0]) {
        if (s->extra_bought) {
            ship_alarm(f, "clarus.two_shipments", "Two shipments carry one key and one is bought",
                       "The lead cancels the wrong one in Clarus");
            ship_finish(f, LABEL_STEP_CHANGED, "Two shipments carry one key", SLICE_NONE);
            return;
        }
        flow_go(f, SHIP_DELETE_EXTRA);
    } else if (!s->found) {
        if (ship_looked(f, SHIP_READ))
            ship_finish(f, LABEL_STEP_CHANGED, "The shipment is gone in Clarus", SLICE_NONE);
    } else if (text_void_word(s->ours.status)) {
        ship_finish(f, LABEL_STEP_CHANGED, "The shipment was cancelled in Clarus", SLICE_NONE);
    } else if (s->ours.label[0]) {
        ship_set(f, SHIPMENT_BUYING, "");
        flow_go(f, SHIP_TRACK);
    } else {
        read_service(f);
    }
}

static bool all_seen(const struct ship *s)
{
    for (size_t i = 0; i < s->parcel_count; i++)
        if (!s->parcels[i].seen) return false;
    return true;
}

void ship_read_packages_end(struct clarus_flow *f, const struct answer *a)
{
    struct ship *s = f->data;
    if (read_failed(f, a)) return;
    if (s->packages_tracked) {
        ship_set(f, SHIPMENT_BUYING, "");
        flow_go(f, SHIP_TRACK);
    } else if (s->package[0]) {
        flow_go(f, SHIP_DELETE_PACKAGE);
    } else if (!all_seen(s)) {
        if (ship_looked(f, SHIP_READ_PACKAGES))
            ship_finish(f, LABEL_STEP_CHANGED, "A package of the shipment is gone in Clarus",
                        SLICE_NONE);
    } else {
        flow_go(f, SHIP_SUBMIT);
    }
}

void ship_delete_extra_begin(struct clarus_flow *f)
{
    const struct ship *s = f->data;
    char path[ID_CAP * 3 + 32];
    ship_path(f, "shipments", s->extra, "", path, sizeof path);
    call_write(f, HAL_DELETE, path, false);
}

void ship_delete_package_begin(struct clarus_flow *f)
{
    const struct ship *s = f->data;
    char path[ID_CAP * 3 + 32];
    ship_path(f, "packages", s->package, "", path, sizeof path);
    call_write(f, HAL_DELETE, path, false);
}

/* A surplus that cannot be deleted must not be bought. */
void ship_delete_end(struct clarus_flow *f, const struct answer *a)
{
    if (a->kind == ANSWER_OK || a->kind == ANSWER_ABSENT) {
        flow_wait(f, 200, SHIP_READ);
    } else if (a->kind == ANSWER_REFUSED || a->kind == ANSWER_DENIED || a->kind == ANSWER_FAULTY) {
        ship_alarm(f, "clarus.surplus", "A surplus shipment or package cannot be deleted",
                   "The lead deletes it in Clarus");
        ship_finish(f, LABEL_STEP_CHANGED, "A surplus package cannot be deleted", SLICE_NONE);
    } else if (f->tries < 4) {
        flow_again(f, a);
    } else {
        ship_finish(f, LABEL_STEP_OFFLINE, "Clarus cannot be reached", SLICE_NONE);
    }
}
