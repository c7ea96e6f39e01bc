#include "firmware/clarus/inner.h"

#include <string.h>

static void add(struct buf *b, bool has, const char *fields)
{
    if (!has) return;
    buf_byte(b, ' ');
    buf_text(b, fields);
}

bool extra_fields(const struct clarus *c, char out[FIELDS_CAP])
{
    struct buf b = buf_over(out, FIELDS_CAP - 1);
    buf_text(&b, "id");
    add(&b, proven(c, PROVEN_NOTES), "packing_notes delivery_notes");
    add(&b, proven(c, PROVEN_SERVICE), "carrier_service { id code name }");
    add(&b, proven(c, PROVEN_STRATEGY), "dispatch_strategy");
    if (proven(c, PROVEN_ADDRESS)) {
        add(&b, true, "address { address_1 address_2 address_3 address_4 postcode country_code");
        add(&b, proven(c, PROVEN_ADDRESS_NAME), "name");
        add(&b, true, "}");
    }
    out[b.len] = '\0';
    return b.len > 2;
}

/* Note text as a C string; "" when null. */
static const char *note_text(json_node node, const char *name, struct buf *room)
{
    buf_clear(room);
    struct slice text = json_text(json_member(node, name));
    buf_put(room, slice_sub(text, 0, (size_t)NOTE_STORE_MAX + 1));
    const char *out = buf_cstr(room);
    return out ? out : "";
}

void extra_record(struct clarus *c, json_node node, const char *clarus_id)
{
    char service_id[ID_CAP], service[ID_CAP], name[NAME_CAP];
    struct buf packing = buf_new((size_t)NOTE_STORE_MAX + 8);
    struct buf delivery = buf_new((size_t)NOTE_STORE_MAX + 8);
    struct buf address = buf_new(16384);
    struct consignment_reading r = {.clarus_id = clarus_id};
    if (proven(c, PROVEN_NOTES)) {
        r.packing_note = note_text(node, "packing_notes", &packing);
        r.delivery_note = note_text(node, "delivery_notes", &delivery);
        r.notes_source = CLARUS;
    }
    if (proven(c, PROVEN_SERVICE)) {
        r.service_id = node_id(node, "/carrier_service/id", service_id, sizeof service_id);
        r.service_code = node_text(node, "/carrier_service/code", service, sizeof service);
        r.service_name = node_text(node, "/carrier_service/name", name, sizeof name);
        if (!r.service_id) r.service_id = "";
        if (!r.service_name) r.service_name = "";
    }
    if (proven(c, PROVEN_ADDRESS)) {
        json_node at = json_member(node, "address");
        if (json_kind(at) == JSON_OBJECT) json_render(at, &address);
        r.recipient = buf_cstr(&address);
        r.recipient_source = CLARUS;
    }
    int64_t id = 0;
    clarus_note(c, "extras", catalogue_put_consignment(c->store, effects_wall(c->fx), &r, &id));
    buf_deinit(&packing);
    buf_deinit(&delivery);
    buf_deinit(&address);
}
