/* console_maps.c - the tables leads edit: what they changed, what the file says, words no table
 * knows yet, and their acts. */
#include <string.h>

#include "firmware/base/mem.h"
#include "firmware/base/text.h"
#include "firmware/console/console_parts.h"
#include "firmware/mapping/changes.h"
#include "firmware/mapping/seen.h"

#define ROWS_MAX  100
#define WORDS_MAX 200

static struct maps maps_of(const struct ask *a)
{
    return (struct maps){.site = &a->c->o.config->site, .store = a->c->o.store};
}

/* --------------------------------------------------------------------------------------- reads --
 */

static void put_entry(struct json_writer *w, const struct map_entry *e)
{
    json_open_object(w, NULL);
    json_put_text(w, "kind", map_kind_name(e->kind));
    json_put_text(w, "channel", e->channel);
    if (e->scope[0]) json_put_text(w, "scope", e->scope);
    json_put_text(w, "key", e->key);
    json_put_text(w, "value", e->value);
    if (e->value2[0]) json_put_text(w, "value2", e->value2);
    if (e->removed) json_put_bool(w, "removed", true);
    if (e->version == 0) {
        json_close_object(w);
        return;
    }
    if (e->file[0]) json_put_text(w, "file", e->file);
    json_put_int(w, "version", e->version);
    json_put_text(w, "who", e->who);
    json_put_int(w, "at", e->at);
    json_close_object(w);
}

static bool read_skip(struct ask *a, size_t *out)
{
    char text[16];
    int64_t skip = 0;
    err_t e = console_query(a, "skip", text, sizeof text);
    if (e == ERR_OK && text[0]) e = text_int(slice_text(text), 0, INT32_MAX, &skip);
    if (e) console_fail_err(a, ERR_INVALID, SLICE("skip"));
    *out = (size_t)skip;
    return e == ERR_OK;
}

void console_get_maps(struct ask *a)
{
    struct maps maps = maps_of(a);
    AUTO_MEM struct map_entry *rows = mem_alloc((ROWS_MAX + 1) * sizeof *rows);
    size_t skip = 0;
    if (!rows) {
        console_fail_err(a, ERR_NOMEM, SLICE_NONE);
        return;
    }
    if (!read_skip(a, &skip)) return;
    size_t count = maps_changes(&maps, skip, rows, ROWS_MAX + 1);
    struct json_writer w = console_begin(a->c);
    json_put_int(&w, "version", maps_version(maps.store));
    json_put_bool(&w, "more", count > ROWS_MAX);
    json_open_array(&w, "entries");
    for (size_t i = 0; i < count && i < ROWS_MAX; i++)
        put_entry(&w, &rows[i]);
    json_close_array(&w);
    json_close_object(&w);
    console_send_json(a);
}

static void put_file_entry(struct json_writer *w, enum map_kind kind, const char *const parts[5])
{
    struct map_entry e = {.kind = kind};
    slice_copy_cut(slice_text(parts[0]), e.channel, sizeof e.channel);
    slice_copy_cut(slice_text(parts[1]), e.scope, sizeof e.scope);
    slice_copy_cut(slice_text(parts[2]), e.key, sizeof e.key);
    slice_copy_cut(slice_text(parts[3]), e.value, sizeof e.value);
    slice_copy_cut(slice_text(parts[4]), e.value2, sizeof e.value2);
    put_entry(w, &e);
}

static void put_units(struct json_writer *w, const struct config_site *site)
{
    char factor[16];
    for (size_t i = 0; i < site->unit_count; i++) {
        const struct config_unit *u = &site->units[i];
        struct buf b = buf_over(factor, sizeof factor - 1);
        buf_printf(&b, "%u", u->factor);
        put_file_entry(w, MAP_UNIT,
                       (const char *const[]){u->channel, u->sku, u->unit, buf_cstr(&b),
                                             u->tested ? "tested" : ""});
    }
}

void console_get_maps_file(struct ask *a)
{
    const struct config_site *site = &a->c->o.config->site;
    struct json_writer w = console_begin(a->c);
    json_open_array(&w, "entries");
    for (size_t i = 0; i < site->sku_rule_count; i++) {
        const struct config_sku_rule *r = &site->sku_rules[i];
        if (!r->shop[0]) continue;
        put_file_entry(&w, MAP_SKU, (const char *const[]){r->channel, "", r->shop, r->clarus, ""});
    }
    put_units(&w, site);
    for (size_t i = 0; i < site->ship_method_count; i++) {
        const struct config_ship_method *s = &site->ship_methods[i];
        put_file_entry(
            &w, MAP_METHOD,
            (const char *const[]){s->channel, "", s->title, s->carrier_code, s->service_code});
    }
    for (size_t i = 0; i < site->shop_state_count; i++) {
        const struct config_shop_state *s = &site->shop_states[i];
        put_file_entry(
            &w, MAP_STATE,
            (const char *const[]){s->channel, "", s->status, map_action_name(s->action), ""});
    }
    json_close_array(&w);
    json_close_object(&w);
    console_send_json(a);
}

/* SKUs are kept to find collisions; they are not unknown words. */
void console_get_words(struct ask *a)
{
    struct seen_row *rows = mem_alloc(WORDS_MAX * sizeof *rows);
    struct json_writer w = console_begin(a->c);
    json_open_array(&w, "words");
    for (int kind = 0; rows && kind < SEEN_SKU; kind++) {
        size_t count = seen_rows(a->c->o.store, (enum seen_kind)kind, rows, WORDS_MAX);
        for (size_t i = 0; i < count; i++) {
            json_open_object(&w, NULL);
            json_put_text(&w, "kind", rows[i].kind);
            json_put_text(&w, "channel", rows[i].channel);
            json_put_text(&w, "word", rows[i].word);
            json_put_int(&w, "first_seen", rows[i].first_seen);
            json_put_int(&w, "last_seen", rows[i].last_seen);
            json_put_int(&w, "orders", rows[i].times);
            json_close_object(&w);
        }
    }
    json_close_array(&w);
    json_close_object(&w);
    mem_free(rows);
    console_send_json(a);
}

/* ---------------------------------------------------------------------------------------- acts --
 */

static bool refuse(struct ask *a, const char *error, const char *value)
{
    console_fail(a, &(struct console_error){400, error, slice_text(value), "entry_must_be_allowed",
                                            "correct the entry and send it again"});
    return false;
}

/* Missing members are empty; maps_fault says what must not be. */
static bool read_entry(struct ask *a, json_node n, struct map_entry *out)
{
    const struct {
        const char *name;
        char *to;
        size_t cap;
    } texts[] = {{"channel", out->channel, sizeof out->channel},
                 {"scope", out->scope, sizeof out->scope},
                 {"key", out->key, sizeof out->key},
                 {"value", out->value, sizeof out->value},
                 {"value2", out->value2, sizeof out->value2}};
    *out = (struct map_entry){.removed = json_bool(json_member(n, "removed"), false)};
    if (!map_kind_of(json_text(json_member(n, "kind")), &out->kind))
        return refuse(a, "kind must be sku, unit, method or state", "kind");
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        err_t e = json_string(json_member(n, texts[i].name), texts[i].to, texts[i].cap);
        if (e && e != ERR_NOTFOUND)
            return refuse(a, "this value is too long, or no text", texts[i].name);
    }
    err_t e = json_int(json_member(n, "at"), 0, INT64_MAX / 2, &out->at);
    if (e) out->at = 0;
    return true;
}

static bool read_who(struct ask *a, json_node root, char who[NAME_CAP])
{
    err_t e = json_string(json_member(root, "who"), who, NAME_CAP);
    if (e == ERR_OK && slice_trim(slice_text(who)).len > 0) return true;
    return refuse(a, "say who it is", "who");
}

static bool read_object(struct ask *a, struct json_doc **out)
{
    err_t e = json_parse(a->r->body, out, NULL);
    if (e == ERR_OK && json_kind(json_root(*out)) == JSON_OBJECT) return true;
    return refuse(a, "the body is no JSON object", "");
}

/* What was unknown because of this entry is known now. */
static err_t forget_word(const struct maps *m, const struct map_entry *e)
{
    static const enum seen_kind kinds[] = {[MAP_SKU] = SEEN_SKU,
                                           [MAP_UNIT] = SEEN_UNIT,
                                           [MAP_METHOD] = SEEN_METHOD,
                                           [MAP_STATE] = SEEN_STATE};
    return seen_forget(m->store, kinds[e->kind], e->channel, e->key);
}

static void act(struct ask *a, enum maps_act what)
{
    AUTO_JSON struct json_doc *body = NULL;
    struct maps maps = maps_of(a);
    struct map_entry entry;
    char who[NAME_CAP];
    if (!read_object(a, &body) || !read_entry(a, json_root(body), &entry)) return;
    if (!read_who(a, json_root(body), who)) return;
    entry.removed = what == MAPS_REMOVE;
    const char *fault = what == MAPS_DROP ? NULL : maps_fault(maps.site, &entry);
    if (fault) {
        (void)refuse(a, fault, entry.key);
        return;
    }
    err_t e = maps_change(&maps, effects_wall(a->c->o.fx), what, &entry, who);
    if (e == ERR_OK && what == MAPS_SET) e = forget_word(&maps, &entry);
    log_event(a->c->o.log, LOG_INFO, "console.maps", "act=%d kind=%s result=%s", (int)what,
              map_kind_name(entry.kind), err_name(e));
    if (e) {
        console_fail_err(a, e, slice_text(entry.key));
        return;
    }
    struct json_writer w = console_begin(a->c);
    json_put_bool(&w, "ok", true);
    json_put_int(&w, "version", maps_version(maps.store));
    json_close_object(&w);
    console_send_json(a);
}

void console_post_maps_set(struct ask *a)
{
    act(a, MAPS_SET);
}

void console_post_maps_remove(struct ask *a)
{
    act(a, MAPS_REMOVE);
}

void console_post_maps_drop(struct ask *a)
{
    act(a, MAPS_DROP);
}

struct import {
    char who[NAME_CAP];
    bool replace;
    size_t counts[MAPS_KEPT + 1];
    json_node kept[MAPS_BATCH_MAX];
};

/* All entries are looked at before the first is taken. */
static bool import_is_sound(struct ask *a, const struct maps *m, json_node list)
{
    struct map_entry entry;
    if (json_kind(list) != JSON_ARRAY || json_count(list) > MAPS_BATCH_MAX)
        return refuse(a, "entries must be a list of up to 100", "entries");
    for (json_node n = json_first(list); n; n = json_next(n)) {
        if (!read_entry(a, n, &entry)) return false;
        const char *fault = maps_fault(m->site, &entry);
        if (fault) return refuse(a, fault, entry.key);
    }
    return true;
}

static err_t import_all(struct ask *a, const struct maps *m, json_node list, struct import *im)
{
    struct map_entry entry;
    for (json_node n = json_first(list); n; n = json_next(n)) {
        enum maps_taken taken = MAPS_SAME;
        if (!read_entry(a, n, &entry)) return ERR_INVALID;
        err_t e = maps_take(m, effects_wall(a->c->o.fx), &entry, im->who, im->replace, &taken);
        if (e) return e;
        if (taken == MAPS_KEPT) im->kept[im->counts[MAPS_KEPT]] = n;
        im->counts[taken]++;
    }
    return ERR_OK;
}

void console_post_maps_import(struct ask *a)
{
    AUTO_JSON struct json_doc *body = NULL;
    struct maps maps = maps_of(a);
    struct import im = {.replace = false};
    if (!read_object(a, &body) || !read_who(a, json_root(body), im.who)) return;
    json_node list = json_member(json_root(body), "entries");
    im.replace = json_bool(json_member(json_root(body), "replace"), false);
    if (!import_is_sound(a, &maps, list)) return;
    err_t e = import_all(a, &maps, list, &im);
    log_event(a->c->o.log, LOG_INFO, "console.maps_import", "entries=%zu result=%s",
              json_count(list), err_name(e));
    if (e) {
        console_fail_err(a, e, SLICE("entries"));
        return;
    }
    struct json_writer w = console_begin(a->c);
    json_put_int(&w, "version", maps_version(maps.store));
    json_put_int(&w, "added", (int64_t)im.counts[MAPS_ADDED]);
    json_put_int(&w, "same", (int64_t)im.counts[MAPS_SAME]);
    json_put_int(&w, "replaced", (int64_t)im.counts[MAPS_REPLACED]);
    json_open_array(&w, "kept");
    for (size_t i = 0; i < im.counts[MAPS_KEPT]; i++) {
        json_open_object(&w, NULL);
        json_put_slice(&w, "kind", json_text(json_member(im.kept[i], "kind")));
        json_put_slice(&w, "channel", json_text(json_member(im.kept[i], "channel")));
        json_put_slice(&w, "key", json_text(json_member(im.kept[i], "key")));
        json_close_object(&w);
    }
    json_close_array(&w);
    json_close_object(&w);
    console_send_json(a);
}
