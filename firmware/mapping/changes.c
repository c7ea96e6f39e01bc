#include "firmware/mapping/changes.h"

#include <stdio.h>
#include <string.h>

#include "firmware/base/text.h"

/* ------------------------------------------------------------------------------------ checking --
 */

static bool is_text(const char *text)
{
    struct slice s = slice_text(text);
    if (!text_is_utf8(s)) return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < 0x20 || s.ptr[i] == 0x7F) return false;
    }
    return true;
}

static const char *value_fault(const struct map_entry *e)
{
    enum config_state_action action;
    int64_t factor = 0;
    switch (e->kind) {
    case MAP_METHOD:
        if (strlen(e->value) >= ID_CAP) return "a carrier code has at most 39 bytes";
        return e->value[0] != '\0' ? NULL : "a value is missing";
    case MAP_SKU:
        return e->value[0] != '\0' ? NULL : "a value is missing";
    case MAP_UNIT:
        if (e->value2[0] != '\0' && strcmp(e->value2, "tested") != 0)
            return "a unit is \"tested\", or nothing is said";
        return text_int(slice_text(e->value), 1, MAP_FACTOR_MAX, &factor) == ERR_OK
                   ? NULL
                   : "a factor is a whole number from 1 to 1000000";
    case MAP_STATE:
        return map_action_of(slice_text(e->value), &action)
                   ? NULL
                   : "a state means pack, hold, stop or sent";
    case MAP_KINDS:
        break;
    }
    return "there is no such kind";
}

const char *maps_fault(const struct config_site *site, const struct map_entry *e)
{
    bool every = e->kind == MAP_SKU || e->kind == MAP_UNIT;
    if (e->key[0] == '\0') return "the key is missing";
    if (!is_text(e->key) || !is_text(e->value) || !is_text(e->value2) || !is_text(e->scope))
        return "control characters are not allowed";
    if (e->channel[0] == '\0' && !every) return "a channel is missing";
    if (e->channel[0] != '\0' && config_channel_by_name(site, e->channel) == NULL)
        return "there is no such channel";
    if (e->scope[0] != '\0' && e->kind != MAP_UNIT) return "only a unit belongs to a product";
    return e->removed ? NULL : value_fault(e);
}

/* ------------------------------------------------------------------------------------ the file --
 */

static const char *file_sku(const struct config_site *site, const struct map_entry *e)
{
    for (size_t i = 0; i < site->sku_rule_count; i++) {
        const struct config_sku_rule *r = &site->sku_rules[i];
        if (strcmp(r->shop, e->key) == 0 && strcmp(r->channel, e->channel) == 0) return r->clarus;
    }
    return "";
}

static void file_method(const struct config_site *site, const struct map_entry *e, char *out,
                        size_t cap)
{
    for (size_t i = 0; i < site->ship_method_count; i++) {
        const struct config_ship_method *s = &site->ship_methods[i];
        if (strcmp(s->title, e->key) != 0 || strcmp(s->channel, e->channel) != 0) continue;
        (void)snprintf(out, cap, "%s%s%s", s->carrier_code, s->service_code[0] ? " " : "",
                       s->service_code);
        return;
    }
}

static void file_unit(const struct config_site *site, const struct map_entry *e, char *out,
                      size_t cap)
{
    for (size_t i = 0; i < site->unit_count; i++) {
        const struct config_unit *u = &site->units[i];
        bool same = strcmp(u->unit, e->key) == 0 && strcmp(u->sku, e->scope) == 0 &&
                    strcmp(u->channel, e->channel) == 0;
        if (!same) continue;
        (void)snprintf(out, cap, "%u%s", u->factor, u->tested ? " tested" : "");
        return;
    }
}

static const char *file_state(const struct config_site *site, const struct map_entry *e)
{
    for (size_t i = 0; i < site->shop_state_count; i++) {
        const struct config_shop_state *s = &site->shop_states[i];
        if (strcmp(s->status, e->key) == 0 && strcmp(s->channel, e->channel) == 0)
            return map_action_name(s->action);
    }
    return "";
}

void maps_file_says(const struct config_site *site, const struct map_entry *e,
                    char out[SKU_CAP + ID_CAP])
{
    const size_t cap = SKU_CAP + ID_CAP;
    out[0] = '\0';
    if (e->kind == MAP_SKU) (void)snprintf(out, cap, "%s", file_sku(site, e));
    if (e->kind == MAP_STATE) (void)snprintf(out, cap, "%s", file_state(site, e));
    if (e->kind == MAP_METHOD) file_method(site, e, out, cap);
    if (e->kind == MAP_UNIT) file_unit(site, e, out, cap);
}

/* --------------------------------------------------------------------------------------- store --
 */

static void says(const struct map_entry *e, char out[SKU_CAP + ID_CAP])
{
    out[0] = '\0';
    if (e->removed) return;
    (void)snprintf(out, SKU_CAP + ID_CAP, "%s%s%s", e->value, e->value2[0] ? " " : "", e->value2);
}

static void bind_key(sqlite3_stmt *q, const struct map_entry *e)
{
    store_bind_text(q, 1, map_kind_name(e->kind));
    store_bind_text(q, 2, e->channel);
    store_bind_text(q, 3, e->scope);
    store_bind_text(q, 4, e->key);
}

static err_t put_entry(const struct maps *m, const struct map_entry *e)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t err = store_prepare(
        m->store,
        "INSERT OR REPLACE INTO map_entry (kind, channel, scope, key, value, value2, removed, "
        "file, version, who, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        &q);
    if (err) return err;
    bind_key(q, e);
    store_bind_text(q, 5, e->removed ? "" : e->value);
    store_bind_text(q, 6, e->removed ? "" : e->value2);
    store_bind_int(q, 7, e->removed);
    store_bind_text(q, 8, e->file);
    store_bind_int(q, 9, e->version);
    store_bind_text(q, 10, e->who);
    store_bind_int(q, 11, e->at);
    return store_run(m->store, q);
}

static err_t delete_entry(const struct maps *m, const struct map_entry *e)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t err = store_prepare(m->store,
                              "DELETE FROM map_entry WHERE kind = ?1 AND channel = ?2 AND "
                              "scope = ?3 AND key = ?4",
                              &q);
    if (err) return err;
    bind_key(q, e);
    return store_run(m->store, q);
}

static const char *const act_names[] = {
    [MAPS_SET] = "set", [MAPS_REMOVE] = "remove", [MAPS_DROP] = "drop", [MAPS_IMPORT] = "import"};

struct change {
    const struct map_entry *entry;
    const char *before, *after;
    enum maps_act act;
};

static err_t put_history(const struct maps *m, const struct change *c)
{
    const struct map_entry *e = c->entry;
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t err =
        store_prepare(m->store,
                      "INSERT INTO map_change (kind, channel, scope, key, before, after, how, "
                      "version, who, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                      &q);
    if (err) return err;
    bind_key(q, e);
    store_bind_text(q, 5, c->before);
    store_bind_text(q, 6, c->after);
    store_bind_text(q, 7, act_names[c->act]);
    store_bind_int(q, 8, e->version);
    store_bind_text(q, 9, e->who);
    store_bind_int(q, 10, e->at);
    return store_run(m->store, q);
}

static err_t find_exact(const struct maps *m, const struct map_entry *what, struct map_entry *out)
{
    err_t e = maps_changed(m, what, out);
    if (e == ERR_OK && strcmp(out->channel, what->channel) != 0) return ERR_NOTFOUND;
    return e;
}

int64_t maps_version(struct store *st)
{
    char text[24] = "";
    int64_t version = 0;
    if (store_meta_get(st, "maps.version", text, sizeof text) != ERR_OK) return 0;
    return text_int(slice_text(text), 0, INT64_MAX, &version) == ERR_OK ? version : 0;
}

static err_t next_version(const struct maps *m, int64_t *out)
{
    char text[24];
    *out = maps_version(m->store) + 1;
    (void)snprintf(text, sizeof text, "%lld", (long long)*out);
    return store_meta_set(m->store, "maps.version", text);
}

static bool same_value(const struct map_entry *a, const struct map_entry *b)
{
    return a->removed == b->removed && strcmp(a->value, b->value) == 0 &&
           strcmp(a->value2, b->value2) == 0;
}

err_t maps_change(const struct maps *m, wall_t at, enum maps_act act, const struct map_entry *e,
                  const char *who)
{
    struct map_entry old = {.removed = false}, now = *e;
    char before[SKU_CAP + ID_CAP] = "", after[SKU_CAP + ID_CAP] = "";
    if (act != MAPS_IMPORT) now.removed = act == MAPS_REMOVE;
    if (now.removed) now.value[0] = now.value2[0] = '\0';
    if (who[0] == '\0') return ERR_INVALID;
    if (act != MAPS_DROP && maps_fault(m->site, &now) != NULL) return ERR_INVALID;
    err_t err = store_begin(m->store);
    if (err) return err;
    err_t there = find_exact(m, e, &old);
    if (there != ERR_OK && (there != ERR_NOTFOUND || act == MAPS_DROP)) return there;
    if (there == ERR_OK && act != MAPS_DROP && same_value(&old, &now)) return ERR_OK;
    maps_file_says(m->site, &now, now.file);
    if (there == ERR_OK)
        says(&old, before);
    else
        memcpy(before, now.file, sizeof before);
    if (act == MAPS_DROP)
        memcpy(after, now.file, sizeof after);
    else
        says(&now, after);
    slice_copy_cut(slice_text(who), now.who, sizeof now.who);
    if (act != MAPS_IMPORT || now.at == 0) now.at = at.ms;
    err = next_version(m, &now.version);
    if (err == ERR_OK) err = act == MAPS_DROP ? delete_entry(m, &now) : put_entry(m, &now);
    if (err) return err;
    return put_history(
        m, &(struct change){.entry = &now, .before = before, .after = after, .act = act});
}

err_t maps_take(const struct maps *m, wall_t at, const struct map_entry *e, const char *who,
                bool replace, enum maps_taken *out)
{
    struct map_entry old;
    if (maps_fault(m->site, e) != NULL) return ERR_INVALID;
    err_t there = find_exact(m, e, &old);
    if (there != ERR_OK && there != ERR_NOTFOUND) return there;
    *out = there == ERR_NOTFOUND ? MAPS_ADDED : same_value(&old, e) ? MAPS_SAME : MAPS_REPLACED;
    if (*out == MAPS_REPLACED && old.at > e->at && !replace) *out = MAPS_KEPT;
    if (*out == MAPS_SAME || *out == MAPS_KEPT) return ERR_OK;
    return maps_change(m, at, MAPS_IMPORT, e, who);
}

size_t maps_changes(const struct maps *m, size_t skip, struct map_entry *out, size_t cap)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    size_t n = 0;
    if (store_prepare(
            m->store,
            "SELECT kind, channel, scope, key, value, value2, removed, file, version, "
            "who, at FROM map_entry ORDER BY kind, channel, scope, key LIMIT ?1 OFFSET ?2",
            &q))
        return 0;
    store_bind_int(q, 1, (int64_t)cap);
    store_bind_int(q, 2, (int64_t)skip);
    while (n < cap && store_step(m->store, q, &row) == ERR_OK && row) {
        struct map_entry *e = &out[n];
        *e = (struct map_entry){
            .removed = store_int(q, 6) != 0, .version = store_int(q, 8), .at = store_int(q, 10)};
        if (!map_kind_of(store_blob(q, 0), &e->kind)) continue;
        store_text(q, 1, e->channel, sizeof e->channel);
        store_text(q, 2, e->scope, sizeof e->scope);
        store_text(q, 3, e->key, sizeof e->key);
        store_text(q, 4, e->value, sizeof e->value);
        store_text(q, 5, e->value2, sizeof e->value2);
        store_text(q, 7, e->file, sizeof e->file);
        store_text(q, 9, e->who, sizeof e->who);
        n++;
    }
    return n;
}

/* The file was told of: it is not told of again until it says something else. */
static err_t note_file(const struct maps *m, const struct map_entry *e, const char *file)
{
    err_t err = store_begin(m->store);
    if (err) return err;
    AUTO_STMT sqlite3_stmt *q = NULL;
    err = store_prepare(m->store,
                        "UPDATE map_entry SET file = ?5 WHERE kind = ?1 AND channel = ?2 AND "
                        "scope = ?3 AND key = ?4",
                        &q);
    if (err) return err;
    bind_key(q, e);
    store_bind_text(q, 5, file);
    return store_run(m->store, q);
}

err_t maps_next_conflict(const struct maps *m, size_t *skip, struct map_entry *out,
                         char file_says[SKU_CAP + ID_CAP])
{
    char ours[SKU_CAP + ID_CAP];
    while (maps_changes(m, *skip, out, 1) == 1) {
        ++*skip;
        maps_file_says(m->site, out, file_says);
        if (strcmp(file_says, out->file) == 0) continue;
        err_t e = note_file(m, out, file_says);
        if (e) return e;
        says(out, ours);
        if (strcmp(file_says, ours) != 0) return ERR_OK;
    }
    return ERR_NOTFOUND;
}
