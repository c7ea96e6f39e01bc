/* console_view.c - the packer's picture and the strip above it as JSON. */
#include "firmware/console/console_parts.h"

static const char *face_name(enum bench_face face)
{
    static const char *const names[] = {
        [FACE_IDLE] = "idle",       [FACE_PACKING] = "packing", [FACE_ATTENTION] = "attention",
        [FACE_REFUSED] = "refused", [FACE_STOP] = "stop",       [FACE_WAITING] = "waiting",
        [FACE_LABEL] = "label",     [FACE_SAVED] = "saved",
    };
    return names[face];
}

static const char *tone_name(enum hal_tone tone)
{
    static const char *const names[] = {
        [HAL_TONE_NONE] = "none",           [HAL_TONE_ACCEPT] = "accept",
        [HAL_TONE_LINE_DONE] = "line_done", [HAL_TONE_ORDER_DONE] = "order_done",
        [HAL_TONE_REFUSE] = "refuse",       [HAL_TONE_ALARM] = "alarm",
        [HAL_TONE_ATTENTION] = "attention", [HAL_TONE_TROUBLE] = "trouble",
    };
    return names[tone];
}

static const char *parcel_name(int state)
{
    static const char *const names[] = {
        [VIEW_PARCEL_OPEN] = "open",         [VIEW_PARCEL_CLOSED] = "closed",
        [VIEW_PARCEL_LABELLED] = "labelled", [VIEW_PARCEL_PRINTED] = "printed",
        [VIEW_PARCEL_CHECKED] = "checked",
    };
    return names[state];
}

void console_put_say(struct json_writer *w, const char *name, const struct say *s)
{
    json_open_object(w, name);
    json_put_text(w, "key", s->key);
    json_open_array(w, "args");
    size_t count = SAY_ARGS;
    while (count > 0 && s->arg[count - 1][0] == 0)
        count--;
    for (size_t i = 0; i < count; i++)
        json_put_text(w, NULL, s->arg[i]);
    json_close_array(w);
    json_close_object(w);
}

static void put_siblings(struct json_writer *w, const struct bench_view *v)
{
    json_open_array(w, "siblings");
    for (size_t i = 0; i < v->sibling_count && i < VIEW_SIBLINGS_MAX; i++) {
        json_open_object(w, NULL);
        json_put_text(w, "reference", v->siblings[i].reference);
        json_put_text(w, "state", v->siblings[i].state);
        json_close_object(w);
    }
    json_close_array(w);
    json_put_int(w, "sibling_count", (int64_t)v->sibling_count);
}

static void put_order(struct json_writer *w, const struct bench_view *v)
{
    json_open_object(w, "order");
    json_put_text(w, "reference", v->reference);
    json_put_text(w, "shop_order", v->shop_order);
    json_put_text(w, "channel", v->channel);
    json_put_text(w, "carrier", v->carrier);
    json_put_text(w, "service", v->service);
    json_put_text(w, "promised_service", v->promised_service);
    json_put_text(w, "service_bought", v->service_bought);
    bool lost = v->has_delivery_note && !v->delivery_note_sent && v->service_bought[0] != 0;
    json_put_text(w, "delivery_note",
                  !v->has_delivery_note   ? "none"
                  : v->delivery_note_sent ? "sent"
                  : lost                  ? "not_sent"
                                          : "waiting");
    json_put_int(w, "due", v->dispatch_due);
    json_put_int(w, "first_at", v->first_at);
    json_put_int(w, "cut_off", v->cut_off);
    json_put_text(w, "recipient", v->recipient);
    json_put_text(w, "recipient_source", v->recipient_source);
    put_siblings(w, v);
    json_close_object(w);
}

static void put_line(struct json_writer *w, const struct view_line *l)
{
    json_open_object(w, NULL);
    json_put_text(w, "sku", l->sku);
    json_put_text(w, "description", l->description);
    json_put_qty(w, "to_pack", l->to_pack);
    json_put_qty(w, "packed", l->packed);
    json_put_qty(w, "ordered", l->ordered);
    json_put_qty(w, "short", l->shorted);
    json_put_text(w, "unit", l->unit);
    json_put_qty(w, "units", l->units);
    json_put_qty(w, "unit_factor", l->unit_factor);
    json_put_text(w, "pick_level", l->pick_level);
    json_put_qty(w, "pick_factor", l->pick_factor);
    json_put_qty(w, "missing", l->missing);
    json_put_bool(w, "done", l->done);
    json_put_bool(w, "current", l->current);
    json_put_bool(w, "pulse", l->pulse);
    json_close_object(w);
}

/* When not all fit, the line in hand and those still to pack come first. */
static void put_lines(struct json_writer *w, const struct bench_view *v, size_t max)
{
    bool all = v->line_count <= max;
    size_t put = 0;
    json_open_array(w, "lines");
    for (size_t i = 0; i < v->line_count && put < max; i++) {
        const struct view_line *l = &v->lines[i];
        if (!all && l->done && !l->current) continue;
        put_line(w, l);
        put++;
    }
    json_close_array(w);
    json_put_int(w, "lines_left_out", all ? 0 : (int64_t)(v->line_count - put));
}

static void put_parcels(struct json_writer *w, const struct bench_view *v)
{
    json_open_array(w, "parcels");
    for (size_t i = 0; i < v->parcel_count; i++) {
        const struct view_parcel *p = &v->parcels[i];
        json_open_object(w, NULL);
        json_put_int(w, "number", p->number);
        json_put_text(w, "packaging", p->packaging);
        json_put_qty(w, "units", p->units);
        json_put_text(w, "tracking", p->tracking);
        json_put_text(w, "state", parcel_name((int)p->state));
        json_put_bool(w, "current", p->current);
        json_close_object(w);
    }
    json_close_array(w);
}

static void put_scans(struct json_writer *w, const struct bench_view *v)
{
    json_open_array(w, "scans");
    for (size_t i = 0; i < v->scan_count; i++) {
        json_open_object(w, NULL);
        json_put_int(w, "at", v->scans[i].at);
        json_put_text(w, "text", v->scans[i].text);
        json_put_text(w, "outcome", v->scans[i].outcome);
        json_close_object(w);
    }
    json_close_array(w);
}

static void put_commands(struct json_writer *w, const struct bench_view *v)
{
    json_open_array(w, "commands");
    for (size_t i = 0; i < v->command_count; i++) {
        json_open_object(w, NULL);
        json_put_text(w, "name", v->commands[i].name);
        json_put_bool(w, "button", v->commands[i].button);
        json_close_object(w);
    }
    json_close_array(w);
    json_put_bool(w, "help", v->help);
}

static void put_last(struct json_writer *w, const struct bench_view *v)
{
    json_open_object(w, "last");
    json_put_text(w, "reference", v->last_reference);
    json_put_int(w, "saved_at", v->last_saved_at);
    json_put_int(w, "parcels", (int64_t)v->last_parcels);
    json_put_text(w, "service", v->last_service);
    json_close_object(w);
}

void console_put_view(struct console_pages *c, struct json_writer *w, size_t lines_max)
{
    struct bench_view *v = &c->view;
    c->o.from.bench(c->o.from.ctx, v);
    json_put_text(w, "face", face_name(v->face));
    json_put_bool(w, "blocking", v->blocking);
    console_put_say(w, "headline", &v->headline);
    console_put_say(w, "detail", &v->detail);
    console_put_say(w, "next_step", &v->next_step);
    console_put_say(w, "notice", &v->notice);
    json_put_text(w, "scanned", v->scanned);
    json_put_text(w, "note", v->note);
    json_put_text(w, "packer", v->packer);
    json_put_text(w, "tone", tone_name(v->tone));
    json_put_int(w, "tone_serial", v->tone_serial);
    put_order(w, v);
    put_lines(w, v, lines_max);
    json_put_qty(w, "units_total", v->units_total);
    json_put_qty(w, "units_packed", v->units_packed);
    put_parcels(w, v);
    put_scans(w, v);
    put_commands(w, v);
    json_put_text(w, "list", v->list);
    json_put_int(w, "list_left", (int64_t)v->list_left);
    json_put_int(w, "holds_waiting", (int64_t)v->holds_waiting);
    json_put_int(w, "holds_ready", (int64_t)v->holds_ready);
    put_last(w, v);
    json_open_object(w, "strip");
    console_put_strip(c, w);
    json_close_object(w);
}

void console_get_bench(struct ask *a)
{
    struct json_writer w = console_begin(a->c);
    console_put_view(a->c, &w, VIEW_LINES_MAX);
    json_close_object(&w);
    console_send_json(a);
}

/* ------------------------------------------------------------------------------------- strip -- */

void console_read_figures(struct console_pages *c)
{
    c->figure_count = c->o.outbox ? outbox_figures(c->o.outbox, c->figures, DESTINATIONS_MAX) : 0;
}

uint64_t console_waiting(const struct console_pages *c, int64_t *out_oldest)
{
    uint64_t waiting = 0;
    *out_oldest = 0;
    for (size_t i = 0; i < c->figure_count; i++) {
        const struct outbox_figures *f = &c->figures[i];
        waiting += f->waiting;
        if (f->oldest_wall_ms != 0 && (*out_oldest == 0 || f->oldest_wall_ms < *out_oldest))
            *out_oldest = f->oldest_wall_ms;
    }
    return waiting;
}

static uint64_t parked(const struct console_pages *c)
{
    uint64_t n = 0;
    for (size_t i = 0; i < c->figure_count; i++)
        n += c->figures[i].parked + c->figures[i].frozen;
    return n;
}

static int64_t open_exceptions(struct console_pages *c)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    if (!c->o.store ||
        store_prepare(c->o.store, "SELECT count(*) FROM exception WHERE open = 1", &q))
        return 0;
    return store_step(c->o.store, q, &row) == ERR_OK && row ? store_int(q, 0) : 0;
}

static void put_troubled_devices(const struct console_pages *c, struct json_writer *w)
{
    json_open_array(w, "devices");
    for (size_t i = 0; i < c->station.device_count; i++) {
        const struct console_device *d = &c->station.devices[i];
        if (d->present && d->trouble[0] == 0) continue;
        json_open_object(w, NULL);
        json_put_text(w, "role", d->role);
        json_put_text(w, "kind", d->kind);
        json_put_bool(w, "present", d->present);
        json_put_text(w, "trouble", d->trouble);
        json_put_int(w, "since", d->since);
        json_close_object(w);
    }
    json_close_array(w);
}

void console_put_strip(struct console_pages *c, struct json_writer *w)
{
    struct console_station *s = &c->station;
    int64_t oldest = 0;
    c->o.from.station(c->o.from.ctx, s);
    console_read_figures(c);
    json_put_text(w, "station", s->station);
    json_put_text(w, "bench", s->bench_name);
    json_put_text(w, "language", s->language);
    json_put_bool(w, "training", s->training);
    json_put_bool(w, "demonstration", s->demonstration);
    json_put_bool(w, "clarus_reachable", s->clarus_reachable);
    json_put_text(w, "clarus_trouble", s->clarus_trouble);
    json_put_int(w, "offline_since", s->offline_since);
    json_put_int(w, "catalogue_read_at", s->catalogue_read_at);
    json_put_int(w, "orders_ready", s->orders_ready);
    json_put_bool(w, "intake_full", s->intake_full);
    json_put_bool(w, "intake_warning", s->intake_warning);
    json_put_bool(w, "clock_trusted", s->clock_trusted);
    json_put_int(w, "waiting", (int64_t)console_waiting(c, &oldest));
    json_put_int(w, "oldest", oldest);
    json_put_int(w, "parked", (int64_t)parked(c));
    json_put_int(w, "exceptions", open_exceptions(c));
    put_troubled_devices(c, w);
}
