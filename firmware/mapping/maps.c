#include "firmware/mapping/maps.h"

#include <string.h>

#include "firmware/base/text.h"

static const char *const kind_names[MAP_KINDS] = {
    [MAP_SKU] = "sku", [MAP_UNIT] = "unit", [MAP_METHOD] = "method", [MAP_STATE] = "state"};

static const char *const action_names[] = {[CONFIG_STATE_PACK] = "pack",
                                           [CONFIG_STATE_HOLD] = "hold",
                                           [CONFIG_STATE_STOP] = "stop",
                                           [CONFIG_STATE_SENT] = "sent"};

const char *map_kind_name(enum map_kind kind)
{
    return kind_names[kind];
}

bool map_kind_of(struct slice name, enum map_kind *out)
{
    for (int i = 0; i < MAP_KINDS; i++) {
        if (!slice_is(name, kind_names[i])) continue;
        *out = (enum map_kind)i;
        return true;
    }
    return false;
}

bool map_action_of(struct slice word, enum config_state_action *out)
{
    for (size_t i = 0; i < sizeof action_names / sizeof action_names[0]; i++) {
        if (!slice_is(word, action_names[i])) continue;
        *out = (enum config_state_action)i;
        return true;
    }
    return false;
}

const char *map_action_name(enum config_state_action action)
{
    return action_names[action];
}

/* ------------------------------------------------------------------------------------- changes --
 */

#define COLUMNS "channel, scope, key, value, value2, removed, file, version, who, at"

static void entry_from_row(sqlite3_stmt *q, enum map_kind kind, struct map_entry *out)
{
    *out = (struct map_entry){.kind = kind,
                              .removed = store_int(q, 5) != 0,
                              .version = store_int(q, 7),
                              .at = store_int(q, 9)};
    store_text(q, 0, out->channel, sizeof out->channel);
    store_text(q, 1, out->scope, sizeof out->scope);
    store_text(q, 2, out->key, sizeof out->key);
    store_text(q, 3, out->value, sizeof out->value);
    store_text(q, 4, out->value2, sizeof out->value2);
    store_text(q, 6, out->file, sizeof out->file);
    store_text(q, 8, out->who, sizeof out->who);
}

err_t maps_changed(const struct maps *m, const struct map_entry *what, struct map_entry *out)
{
    if (m->store == NULL) return ERR_NOTFOUND;
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(m->store,
                            "SELECT " COLUMNS " FROM map_entry WHERE kind = ?1 AND channel IN "
                            "(?2, '') AND scope = ?3 AND key = ?4 ORDER BY channel DESC LIMIT 1",
                            &q);
    if (e) return e;
    store_bind_text(q, 1, kind_names[what->kind]);
    store_bind_text(q, 2, what->channel);
    store_bind_text(q, 3, what->scope);
    store_bind_text(q, 4, what->key);
    bool row = false;
    e = store_step(m->store, q, &row);
    if (e) return e;
    if (!row) return ERR_NOTFOUND;
    entry_from_row(q, what->kind, out);
    return ERR_OK;
}

/* Texts longer than any of ours are in no map. */
static bool named(struct map_entry *e, const char *channel, const char *scope, const char *key)
{
    return slice_copy(slice_text(channel), e->channel, sizeof e->channel) == ERR_OK &&
           slice_copy(slice_text(scope), e->scope, sizeof e->scope) == ERR_OK &&
           slice_copy(slice_text(key), e->key, sizeof e->key) == ERR_OK;
}

static bool is_for(const char *entry_channel, const char *channel)
{
    return entry_channel[0] == '\0' || strcmp(entry_channel, channel) == 0;
}

/* --------------------------------------------------------------------------------- ship methods --
 */

err_t maps_method(const struct maps *m, const char *channel, const char *title,
                  struct ship_method *out)
{
    struct map_entry found, what = {.kind = MAP_METHOD};
    if (!named(&what, channel, "", title)) return ERR_NOTFOUND;
    err_t e = maps_changed(m, &what, &found);
    if (e == ERR_OK) {
        if (found.removed) return ERR_NOTFOUND;
        *out = (struct ship_method){.carrier_code = ""};
        slice_copy_cut(slice_text(found.value), out->carrier_code, sizeof out->carrier_code);
        memcpy(out->service_code, found.value2, sizeof out->service_code);
        return ERR_OK;
    }
    if (e != ERR_NOTFOUND) return e;
    for (size_t i = 0; i < m->site->ship_method_count; i++) {
        const struct config_ship_method *s = &m->site->ship_methods[i];
        if (strcmp(s->channel, channel) != 0 || strcmp(s->title, title) != 0) continue;
        memcpy(out->carrier_code, s->carrier_code, sizeof out->carrier_code);
        memcpy(out->service_code, s->service_code, sizeof out->service_code);
        return ERR_OK;
    }
    return ERR_NOTFOUND;
}

bool maps_has_methods(const struct maps *m, const char *channel)
{
    for (size_t i = 0; i < m->site->ship_method_count; i++) {
        if (strcmp(m->site->ship_methods[i].channel, channel) == 0) return true;
    }
    if (m->store == NULL) return false;
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    if (store_prepare(m->store,
                      "SELECT 1 FROM map_entry WHERE kind = 'method' AND channel IN (?1, '') AND "
                      "removed = 0 LIMIT 1",
                      &q))
        return false;
    store_bind_text(q, 1, channel);
    return store_step(m->store, q, &row) == ERR_OK && row;
}

/* --------------------------------------------------------------------------------------- units --
 */

static err_t unit_of_lead(const struct maps *m, const char *channel, const char *code,
                          const char *unit, struct unit_map *out)
{
    struct map_entry found, what = {.kind = MAP_UNIT};
    int64_t factor = 0;
    if (!named(&what, channel, code, unit)) return ERR_NOTFOUND;
    err_t e = maps_changed(m, &what, &found);
    if (e == ERR_NOTFOUND && code[0] != '\0') {
        what.scope[0] = '\0';
        e = maps_changed(m, &what, &found);
    }
    if (e) return e;
    if (found.removed) return ERR_REFUSED;
    if (text_int(slice_text(found.value), 1, MAP_FACTOR_MAX, &factor) != ERR_OK) return ERR_CORRUPT;
    *out = (struct unit_map){.factor = (uint32_t)factor,
                             .tested = strcmp(found.value2, "tested") == 0};
    return ERR_OK;
}

err_t maps_unit(const struct maps *m, const char *channel, const char *code, const char *unit,
                struct unit_map *out)
{
    err_t e = unit_of_lead(m, channel, code, unit, out);
    if (e == ERR_REFUSED) return ERR_NOTFOUND;
    if (e != ERR_NOTFOUND) return e;
    const struct config_unit *best = NULL;
    for (size_t i = 0; i < m->site->unit_count; i++) {
        const struct config_unit *u = &m->site->units[i];
        bool fits = is_for(u->channel, channel) && strcmp(u->unit, unit) == 0 &&
                    (u->sku[0] == '\0' || strcmp(u->sku, code) == 0);
        if (!fits) continue;
        bool closer = best == NULL || (best->sku[0] == '\0' && u->sku[0] != '\0');
        if (closer) best = u;
    }
    if (best == NULL) return ERR_NOTFOUND;
    *out = (struct unit_map){.factor = best->factor, .tested = best->tested};
    return ERR_OK;
}

/* -------------------------------------------------------------------------------------- states --
 */

err_t maps_state(const struct maps *m, const char *channel, const char *status,
                 enum config_state_action *out)
{
    struct map_entry found, what = {.kind = MAP_STATE};
    if (!named(&what, channel, "", status)) return ERR_NOTFOUND;
    err_t e = maps_changed(m, &what, &found);
    if (e == ERR_OK && found.removed) return ERR_NOTFOUND;
    if (e == ERR_OK) return map_action_of(slice_text(found.value), out) ? ERR_OK : ERR_CORRUPT;
    if (e != ERR_NOTFOUND) return e;
    for (size_t i = 0; i < m->site->shop_state_count; i++) {
        const struct config_shop_state *s = &m->site->shop_states[i];
        if (strcmp(s->channel, channel) != 0 || strcmp(s->status, status) != 0) continue;
        *out = s->action;
        return ERR_OK;
    }
    return ERR_NOTFOUND;
}

bool maps_observes(const struct config_site *site, const char *rule)
{
    for (size_t i = 0; i < site->rule_count; i++) {
        if (strcmp(site->rules[i].rule, rule) == 0)
            return site->rules[i].mode == CONFIG_MODE_OBSERVE;
    }
    return false;
}
