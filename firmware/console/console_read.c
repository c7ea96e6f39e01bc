/* console_read.c - the lists of the lead's page: status, outbox, exceptions, devices, scans. */
#include <string.h>

#include "firmware/console/console_parts.h"

#define SCANS_MAX 50

static void put_destination(struct json_writer *w, const struct outbox_figures *f)
{
    json_open_object(w, NULL);
    json_put_text(w, "name", f->name);
    json_put_int(w, "waiting", (int64_t)f->waiting);
    json_put_int(w, "parked", (int64_t)f->parked);
    json_put_int(w, "frozen", (int64_t)f->frozen);
    json_put_int(w, "done", (int64_t)f->done);
    json_put_int(w, "oldest", f->oldest_wall_ms);
    json_put_bool(w, "down", f->down);
    json_put_bool(w, "paused", f->paused);
    json_put_int(w, "next_try_ms", f->next_try_ms);
    json_put_text(w, "last_result", f->last_result);
    json_close_object(w);
}

static void put_destinations(struct console_pages *c, struct json_writer *w)
{
    json_open_array(w, "destinations");
    for (size_t i = 0; i < c->figure_count; i++)
        put_destination(w, &c->figures[i]);
    json_close_array(w);
}

/* When the last exception was closed, or the start when there never was one. */
static int64_t clear_since(struct console_pages *c)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    int64_t closed = 0;
    c->o.from.station(c->o.from.ctx, &c->station);
    if (c->o.store &&
        store_prepare(c->o.store, "SELECT ifnull(max(closed_at), 0) FROM exception WHERE open = 0",
                      &q) == ERR_OK &&
        store_step(c->o.store, q, &row) == ERR_OK && row)
        closed = store_int(q, 0);
    return closed > c->station.started_at ? closed : c->station.started_at;
}

void console_get_status(struct ask *a)
{
    struct console_pages *c = a->c;
    struct json_writer w = console_begin(c);
    console_put_strip(c, &w);
    json_put_int(&w, "started_at", c->station.started_at);
    json_put_text(&w, "version", c->station.version);
    json_put_int(&w, "screens", (int64_t)c->stream_count);
    put_destinations(c, &w);
    json_close_object(&w);
    console_send_json(a);
}

/* ------------------------------------------------------------------------------------ outbox -- */

const char *console_message_state(enum message_state state)
{
    static const char *const names[] = {
        [MESSAGE_HELD] = "held",           [MESSAGE_WAITING] = "waiting",
        [MESSAGE_FLYING] = "flying",       [MESSAGE_PARKED] = "parked",
        [MESSAGE_FROZEN] = "frozen",       [MESSAGE_DONE] = "done",
        [MESSAGE_WITHDRAWN] = "withdrawn",
    };
    return (size_t)state < sizeof names / sizeof names[0] ? names[state] : "unknown";
}

void console_put_message(struct json_writer *w, const struct outbox_row *row)
{
    json_open_object(w, NULL);
    json_put_int(w, "id", row->id);
    json_put_text(w, "reference", row->reference);
    json_put_text(w, "destination", row->destination);
    json_put_text(w, "state", console_message_state(row->state));
    json_put_int(w, "attempts", row->attempts);
    json_put_int(w, "stored_at", row->stored_at);
    json_put_text(w, "last_result", row->last_result);
    json_put_text(w, "waits_for", row->waits_for);
    json_put_text(w, "key", row->dispatch_key);
    json_put_int(w, "dispatch_id", row->dispatch_id);
    json_close_object(w);
}

static void put_manifests(struct console_pages *c, struct json_writer *w)
{
    struct outbox_manifest list[MANIFEST_RULES_MAX];
    size_t count = outbox_manifests(c->o.outbox, list, MANIFEST_RULES_MAX);
    json_open_array(w, "manifests");
    for (size_t i = 0; i < count; i++) {
        json_open_object(w, NULL);
        json_put_text(w, "carrier", list[i].carrier);
        json_put_int(w, "waiting", (int64_t)list[i].waiting);
        json_put_int(w, "oldest", list[i].oldest_wall_ms);
        json_close_object(w);
    }
    json_close_array(w);
}

static bool is_destination(const struct console_pages *c, const char *name)
{
    for (size_t i = 0; i < c->figure_count; i++)
        if (strcmp(c->figures[i].name, name) == 0) return true;
    return false;
}

void console_get_outbox(struct ask *a)
{
    struct console_pages *c = a->c;
    char name[DESTINATION_CAP];
    console_read_figures(c);
    err_t e = console_query(a, "destination", name, sizeof name);
    if (e || (name[0] != 0 && !is_destination(c, name))) {
        console_fail(a, &(struct console_error){404, "there is no such destination", a->r->query,
                                                "destination_must_be_configured",
                                                "ask /api/outbox for the names"});
        return;
    }
    size_t count = outbox_rows(c->o.outbox, name[0] ? name : NULL, true, c->rows, CONSOLE_ROWS_MAX);
    struct json_writer w = console_begin(c);
    put_destinations(c, &w);
    put_manifests(c, &w);
    json_open_array(&w, "messages");
    for (size_t i = 0; i < count; i++)
        console_put_message(&w, &c->rows[i]);
    json_close_array(&w);
    json_close_object(&w);
    console_send_json(a);
}

/* -------------------------------------------------------------------------------- exceptions -- */

struct exception_about {
    char reference[REFERENCE_CAP];
    bool find_and_pull;
};

static struct exception_about about(struct console_pages *c, const struct exception_row *row)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool found = false;
    struct exception_about about = {0};
    if (store_prepare(c->o.store,
                      "SELECT (SELECT reference FROM consignment WHERE id = ?1),"
                      " (SELECT state FROM dispatch WHERE id = ?2)",
                      &q) != ERR_OK)
        return about;
    store_bind_int(q, 1, row->consignment_id);
    store_bind_int(q, 2, row->dispatch_id);
    if (store_step(c->o.store, q, &found) != ERR_OK || !found) return about;
    store_text(q, 0, about.reference, sizeof about.reference);
    int64_t state = sqlite3_column_type(q, 1) == SQLITE_NULL ? -1 : store_int(q, 1);
    about.find_and_pull = state == DISPATCH_PULL || state == DISPATCH_REFUSED;
    return about;
}

static void put_acts(struct json_writer *w, const struct exception_row *row, bool find_and_pull)
{
    json_open_array(w, "acts");
    if (row->open && find_and_pull) {
        json_put_text(w, NULL, "pulled");
        json_put_text(w, NULL, "gone");
    } else if (row->open) {
        if (row->message_id != 0) json_put_text(w, NULL, "retry");
        json_put_text(w, NULL, "resolve");
    }
    json_close_array(w);
}

void console_put_exception(struct console_pages *c, struct json_writer *w,
                           const struct exception_row *row)
{
    struct exception_about on = about(c, row);
    json_open_object(w, NULL);
    json_put_int(w, "id", row->id);
    json_put_text(w, "rule", row->rule);
    json_put_text(w, "origin", row->origin);
    json_put_text(w, "owner", row->owner);
    json_put_text(w, "object", row->object);
    json_put_text(w, "text", row->text);
    json_put_text(w, "next_step", row->next_step);
    json_put_text(w, "reference", on.reference);
    json_put_int(w, "first_seen", row->first_seen);
    json_put_int(w, "last_seen", row->last_seen);
    json_put_int(w, "times", row->times);
    json_put_bool(w, "open", row->open);
    json_put_bool(w, "find_and_pull", on.find_and_pull);
    json_put_text(w, "closed_by", row->closed_by);
    json_put_text(w, "closed_how", row->closed_how);
    put_acts(w, row, on.find_and_pull);
    json_close_object(w);
}

/* Worst first: a parcel that must not go, then what holds a message back, then what holds an order,
 * then the rest. Within one rank the oldest first, as they come. */
static int rank(struct console_pages *c, const struct exception_row *row)
{
    if (about(c, row).find_and_pull) return 0;
    if (row->message_id != 0) return 1;
    return row->consignment_id != 0 ? 2 : 3;
}

void console_get_exceptions(struct ask *a)
{
    struct console_pages *c = a->c;
    uint8_t ranks[CONSOLE_EXCEPTIONS_MAX];
    size_t count = exception_rows(c->o.store, c->exceptions, CONSOLE_EXCEPTIONS_MAX);
    for (size_t i = 0; i < count; i++)
        ranks[i] = (uint8_t)rank(c, &c->exceptions[i]);
    struct json_writer w = console_begin(c);
    json_put_int(&w, "clear_since", clear_since(c));
    json_open_array(&w, "exceptions");
    for (uint8_t wanted = 0; wanted <= 3; wanted++)
        for (size_t i = 0; i < count; i++)
            if (ranks[i] == wanted) console_put_exception(c, &w, &c->exceptions[i]);
    json_close_array(&w);
    json_close_object(&w);
    console_send_json(a);
}

/* --------------------------------------------------------------------------- devices, scans -- */

void console_get_devices(struct ask *a)
{
    struct console_pages *c = a->c;
    struct json_writer w = console_begin(c);
    c->o.from.station(c->o.from.ctx, &c->station);
    json_open_array(&w, "devices");
    for (size_t i = 0; i < c->station.device_count; i++) {
        const struct console_device *d = &c->station.devices[i];
        json_open_object(&w, NULL);
        json_put_text(&w, "role", d->role);
        json_put_text(&w, "kind", d->kind);
        json_put_text(&w, "identity", d->identity);
        json_put_bool(&w, "present", d->present);
        json_put_text(&w, "trouble", d->trouble);
        json_put_int(&w, "since", d->since);
        json_close_object(&w);
    }
    json_close_array(&w);
    json_close_object(&w);
    console_send_json(a);
}

static void put_scan(struct json_writer *w, sqlite3_stmt *q)
{
    char text[CODE_CAP * 4], source[HAL_NAME_CAP], outcome[RULE_CAP];
    store_text(q, 1, source, sizeof source);
    store_text(q, 2, text, sizeof text);
    store_text(q, 3, outcome, sizeof outcome);
    json_open_object(w, NULL);
    json_put_int(w, "at", store_int(q, 0));
    json_put_text(w, "source", source);
    json_put_text(w, "text", text);
    json_put_text(w, "outcome", outcome);
    json_close_object(w);
}

void console_get_scans(struct ask *a)
{
    struct store *st = a->c->o.store;
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(
        st, "SELECT at, source, text, outcome FROM scan ORDER BY id DESC LIMIT ?1", &q);
    if (e) {
        console_fail_err(a, e, SLICE_NONE);
        return;
    }
    store_bind_int(q, 1, SCANS_MAX);
    struct json_writer w = console_begin(a->c);
    json_open_array(&w, "scans");
    while ((e = store_step(st, q, &row)) == ERR_OK && row)
        put_scan(&w, q);
    json_close_array(&w);
    json_close_object(&w);
    if (e)
        console_fail_err(a, e, SLICE_NONE);
    else
        console_send_json(a);
}
