/* The fact and its messages, in one transaction. */
#include <string.h>

#include "firmware/outbox/outbox_parts.h"

static err_t insert_dispatch(struct outbox *ob, const struct dispatch_spec *spec, int64_t *out_id)
{
    static const char SQL[] =
        "INSERT INTO dispatch (key, consignment_id, shipment_id, state, packer, boot_id, at_mono, "
        "at, at_trusted, carrier, service) "
        "VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    AUTO_STMT sqlite3_stmt *q = NULL;
    wall_t at = effects_wall(ob->fx);
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_text(q, 1, spec->key);
    store_bind_int(q, 2, spec->consignment_id);
    store_bind_int(q, 3, spec->shipment_id);
    store_bind_text(q, 4, spec->packer != NULL ? spec->packer : "");
    store_bind_text(q, 5, ob->boot);
    store_bind_int(q, 6, effects_now(ob->fx).ms);
    store_bind_int(q, 7, at.ms);
    store_bind_int(q, 8, at.trusted);
    store_bind_text(q, 9, spec->carrier != NULL ? spec->carrier : "");
    store_bind_text(q, 10, spec->service != NULL ? spec->service : "");
    e = store_run(ob->st, q);
    if (e == ERR_OK) *out_id = store_last_id(ob->st);
    return e;
}

static err_t insert_items(struct outbox *ob, const struct dispatch_spec *spec, int64_t dispatch_id)
{
    static const char SQL[] =
        "INSERT INTO dispatch_item (dispatch_id, parcel_id, line_id, sku, quantity) "
        "SELECT ?1, p.id, i.line_id, l.sku, i.quantity FROM parcel p "
        "JOIN parcel_item i ON i.parcel_id = p.id JOIN line l ON l.id = i.line_id "
        "WHERE p.shipment_id = ?2";
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_int(q, 1, dispatch_id);
    store_bind_int(q, 2, spec->shipment_id);
    return store_run(ob->st, q);
}

err_t message_count_stored(struct outbox *ob, const char *destination)
{
    static const char SQL[] = "UPDATE counter SET waiting = waiting + 1 WHERE destination = ?1";
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_text(q, 1, destination);
    return store_run(ob->st, q);
}

static err_t insert_message(struct outbox *ob, const struct dispatch_spec *spec,
                            int64_t dispatch_id, const struct destination *to)
{
    static const char SQL[] =
        "INSERT INTO message (dispatch_id, consignment_id, destination, step, lane, state, "
        "stored_at, early) VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7)";
    const char *lane = to->spec.step == 0 ? spec->clarus_lane : spec->shop_lane;
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_int(q, 1, dispatch_id);
    store_bind_int(q, 2, spec->consignment_id);
    store_bind_text(q, 3, to->spec.name);
    store_bind_int(q, 4, to->spec.step);
    store_bind_text(q, 5, lane);
    store_bind_int(q, 6, effects_wall(ob->fx).ms);
    store_bind_int(q, 7, to->spec.gate == GATE_AT_LABEL);
    e = store_run(ob->st, q);
    if (e == ERR_OK) e = message_count_stored(ob, to->spec.name);
    return e ? e : message_release(ob, to->spec.name, lane);
}

static bool is_named(const char *channel)
{
    return channel != NULL && channel[0] != '\0' && strcmp(channel, "none") != 0;
}

static bool lane_is_sound(const char *lane)
{
    return lane != NULL && lane[0] != '\0' && strlen(lane) < REFERENCE_CAP;
}

static err_t key_is_new(struct outbox *ob, const char *key)
{
    static const char SQL[] = "SELECT 1 FROM dispatch WHERE key = ?1";
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_text(q, 1, key);
    e = store_step(ob->st, q, &row);
    if (e) return e;
    return row ? ERR_EXISTS : ERR_OK;
}

/* Everything that can be refused is refused before the first write. */
static err_t check_spec(struct outbox *ob, const struct dispatch_spec *spec,
                        const struct destination *clarus, const struct destination *shop)
{
    if (clarus == NULL || (is_named(spec->channel) && shop == NULL)) return ERR_NOTFOUND;
    size_t key_len = spec->key != NULL ? strlen(spec->key) : 0;
    if (key_len == 0 || key_len >= KEY_CAP) return ERR_INVALID;
    if (!lane_is_sound(spec->clarus_lane)) return ERR_INVALID;
    if (shop != NULL && !lane_is_sound(spec->shop_lane)) return ERR_INVALID;
    if (store_intake_full(ob->st)) return ERR_NOSPACE;
    return key_is_new(ob, spec->key);
}

static err_t shipment_has_items(struct outbox *ob, int64_t shipment_id)
{
    static const char SQL[] = "SELECT 1 FROM parcel p JOIN parcel_item i ON i.parcel_id = p.id "
                              "WHERE p.shipment_id = ?1 LIMIT 1";
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(ob->st, SQL, &q);
    if (e) return e;
    store_bind_int(q, 1, shipment_id);
    e = store_step(ob->st, q, &row);
    if (e) return e;
    return row ? ERR_OK : ERR_INVALID;
}

/* Destinations that hear of everything: an inventory system, before the shop. */
static err_t insert_every(struct outbox *ob, const struct dispatch_spec *spec, int64_t id,
                          const struct destination *shop)
{
    err_t e = ERR_OK;
    for (size_t i = 0; i < ob->destination_count && e == ERR_OK; i++) {
        struct destination *d = &ob->destinations[i];
        if (d->spec.every && d != shop) e = insert_message(ob, spec, id, d);
    }
    return e;
}

err_t outbox_save(struct outbox *ob, const struct dispatch_spec *spec, int64_t *out_dispatch_id)
{
    int64_t id = 0;
    struct destination *clarus = outbox_find(ob, CLARUS);
    struct destination *shop = is_named(spec->channel) ? outbox_find(ob, spec->channel) : NULL;
    err_t e = check_spec(ob, spec, clarus, shop);
    if (e == ERR_OK) e = shipment_has_items(ob, spec->shipment_id);
    if (e == ERR_OK) e = store_begin(ob->st);
    if (e) return e;
    e = insert_dispatch(ob, spec, &id);
    if (e == ERR_OK) e = insert_items(ob, spec, id);
    if (e == ERR_OK) e = insert_message(ob, spec, id, clarus);
    if (e == ERR_OK && shop != NULL && shop->spec.gate == GATE_AT_MANIFEST) {
        e = gate_hold(ob, id, spec->consignment_id);
    }
    if (e == ERR_OK && shop != NULL) e = insert_every(ob, spec, id, shop);
    if (e == ERR_OK && shop != NULL && shop != clarus) e = insert_message(ob, spec, id, shop);
    if (e) return e;
    *out_dispatch_id = id;
    log_event(ob->log, LOG_INFO, "outbox.save", "dispatch=%lld key=%s", (long long)id, spec->key);
    return ERR_OK;
}
