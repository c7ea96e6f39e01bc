/* gear.c - the devices a bench can do without: a document printer, a scale, lamps and a buzzer. */
#include "firmware/station/parts.h"

#include <string.h>

static const struct config_station *settings(const struct station *st)
{
    return &st->config->station;
}

static void show(struct station *st)
{
    if (st->fx) effects_screen(st->fx);
}

/* -------------------------------------------------------------------------- document printer -- */

static void on_documents_changed(void *ctx)
{
    struct station *st = ctx;
    struct station_gear *g = &st->gear;
    printer_flags_text(printer_flags(g->documents), g->documents_trouble,
                       sizeof g->documents_trouble);
    g->documents_since = hal_wall(st->hal).ms;
    show(st);
}

static void documents_pump(void *ctx, struct hal *hal)
{
    struct station *st = ctx;
    printer_pump(st->gear.documents, hal, hal_now(hal));
}

static void on_documents_send(void *ctx)
{
    struct station *st = ctx;
    if (st->fx) effects_send(st->fx, documents_pump, st);
}

static err_t documents_open(struct station *st)
{
    const struct config_document_printer *c = &settings(st)->document_printer;
    if (!settings(st)->has_document_printer) return ERR_OK;
    struct printer_options o = {.dialect = printer_dialect_by_name(c->language),
                                .answers = c->answers,
                                .dpi = c->dpi,
                                .result = devices_print_result,
                                .changed = on_documents_changed,
                                .wants_send = on_documents_send,
                                .ctx = st};
    if (!o.dialect) return ERR_INVALID;
    err_t e = printer_new(&o, &st->gear.documents);
    return e ? e : hal_port_open(st->hal, &c->port, &st->gear.documents_port);
}

static void documents_event(struct station *st, const struct hal_event *e)
{
    struct station_gear *g = &st->gear;
    const char *role = settings(st)->document_printer.port.role;
    mono_t now = hal_now(st->hal);
    if (e->kind == HAL_EV_PORT_ARRIVED) {
        log_event(&st->log, LOG_INFO, "printer.arrived", "role=%s", role);
        printer_arrived(g->documents, g->documents_port, e->port.identity, now);
    } else if (e->kind == HAL_EV_PORT_GONE) {
        log_event(&st->log, LOG_WARN, "printer.gone", "role=%s", role);
        printer_gone(g->documents, now);
    } else if (e->kind == HAL_EV_PORT_DATA) {
        printer_data(g->documents, e->port.data, now);
    } else {
        printer_writable(g->documents, now);
    }
}

/* ------------------------------------------------------------------------------------- scale -- */

/* The weight itself changes ten times a second while it moves: the screen is not asked for that. */
static void on_scale_changed(void *ctx)
{
    struct station *st = ctx;
    enum scale_state state = scale_now(st->gear.scale, hal_now(st->hal)).state;
    if (state == st->gear.scale_state) return;
    st->gear.scale_state = state;
    st->gear.scale_since = hal_wall(st->hal).ms;
    show(st);
    if (st->fx) (void)news_add(st, NEWS_SCALE);
}

static void scale_send(void *ctx, struct hal *hal)
{
    struct station *st = ctx;
    scale_pump(st->gear.scale, hal, hal_now(hal));
}

static void on_scale_send(void *ctx)
{
    struct station *st = ctx;
    if (st->fx) effects_send(st->fx, scale_send, st);
}

static err_t scale_open(struct station *st)
{
    const struct config_scale *c = &settings(st)->scale;
    if (!settings(st)->has_scale) return ERR_OK;
    struct scale_options o = {.dialect = scale_dialect_by_name(c->protocol),
                              .poll_ms = c->poll_ms,
                              .changed = on_scale_changed,
                              .wants_send = on_scale_send,
                              .ctx = st};
    if (!o.dialect) return ERR_INVALID;
    err_t e = scale_new(&o, &st->gear.scale);
    return e ? e : hal_port_open(st->hal, &c->port, &st->gear.scale_port);
}

static void scale_event(struct station *st, const struct hal_event *e)
{
    struct station_gear *g = &st->gear;
    mono_t now = hal_now(st->hal);
    if (e->kind == HAL_EV_PORT_ARRIVED) {
        log_event(&st->log, LOG_INFO, "scale.arrived", "protocol=%s", settings(st)->scale.protocol);
        scale_arrived(g->scale, g->scale_port, e->port.identity, now);
    } else if (e->kind == HAL_EV_PORT_GONE) {
        log_event(&st->log, LOG_WARN, "scale.gone", "protocol=%s", settings(st)->scale.protocol);
        scale_gone(g->scale);
    } else if (e->kind == HAL_EV_PORT_DATA) {
        scale_data(g->scale, e->port.data, now);
    }
}

bool gear_weight(const struct station *st, struct scale_weight *out)
{
    if (!st->gear.scale) return false;
    *out = scale_now(st->gear.scale, hal_now(st->hal));
    return true;
}

/* ------------------------------------------------------------------------- lamps and buzzer -- */

/* Lines are numbered in the order of signal_line; those that are not there are left out. */
static void lines_open(struct station *st)
{
    const struct config_signal *c = &settings(st)->signal;
    const uint16_t offsets[SIGNAL_LINES] = {c->green, c->amber, c->red, c->buzzer};
    struct hal_lines_spec spec = {.active_low = c->active_low};
    struct station_gear *g = &st->gear;
    signal_init(&g->signal);
    if (!settings(st)->has_signal) return;
    memcpy(spec.chip, c->chip, sizeof spec.chip);
    for (size_t i = 0; i < SIGNAL_LINES; i++) {
        if (offsets[i] == CONFIG_NO_LINE) continue;
        g->line_bits[spec.count] = 1u << i;
        spec.offsets[spec.count++] = offsets[i];
    }
    err_t e = hal_lines_open(st->hal, &spec);
    g->line_count = e ? 0 : spec.count;
    if (e) log_event(&st->log, LOG_WARN, "signal.not_opened", "error=%s", err_name(e));
}

static void lines_set(struct station *st)
{
    struct station_gear *g = &st->gear;
    uint32_t levels = signal_levels(&g->signal, hal_now(st->hal));
    uint32_t on = 0;
    for (size_t i = 0; i < g->line_count; i++) {
        if ((levels & g->line_bits[i]) != 0) on |= 1u << i;
    }
    if (g->line_count == 0 || on == g->lines_on) return;
    g->lines_on = on;
    hal_lines_set(st->hal, on);
}

void gear_signal(struct station *st)
{
    enum hal_light light = HAL_LIGHT_OFF;
    enum hal_tone tone = HAL_TONE_NONE;
    if (effects_signal_of(st->fx, &light, &tone))
        signal_show(&st->gear.signal, light, tone, hal_now(st->hal));
    lines_set(st);
}

/* ----------------------------------------------------------------------------- all together -- */

err_t gear_open(struct station *st)
{
    err_t e = documents_open(st);
    if (!e) e = scale_open(st);
    if (!e) lines_open(st);
    return e;
}

void gear_close(struct station *st)
{
    struct station_gear *g = &st->gear;
    if (g->documents_port.n) hal_port_close(st->hal, g->documents_port);
    if (g->scale_port.n) hal_port_close(st->hal, g->scale_port);
    if (g->line_count > 0) hal_lines_set(st->hal, 0);
    printer_free(g->documents);
    scale_free(g->scale);
    *g = (struct station_gear){.documents = NULL};
}

bool gear_event(struct station *st, const struct hal_event *e)
{
    struct station_gear *g = &st->gear;
    if (g->documents && e->port.port.n == g->documents_port.n) {
        documents_event(st, e);
    } else if (g->scale && e->port.port.n == g->scale_port.n) {
        scale_event(st, e);
    } else {
        return false;
    }
    return true;
}

void gear_tick(struct station *st)
{
    mono_t now = hal_now(st->hal);
    if (st->gear.documents) printer_tick(st->gear.documents, now);
    if (st->gear.scale) scale_tick(st->gear.scale, now);
}

mono_t gear_deadline(const struct station *st)
{
    const struct station_gear *g = &st->gear;
    mono_t first = g->documents ? printer_deadline(g->documents) : MONO_NEVER;
    if (g->scale) first = mono_earlier(first, scale_deadline(g->scale));
    if (g->line_count > 0)
        first = mono_earlier(first, signal_deadline(&g->signal, hal_now(st->hal)));
    return first;
}
