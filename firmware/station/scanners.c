/* scanners.c - the scanners: opened by role, read on whatever port they have, told the verdict. */
#include "firmware/station/parts.h"

#include <string.h>

#define DESCRIPTOR_CAP 4096

static const struct config_scanner *config_of(const struct station *st,
                                              const struct station_scanner *s)
{
    return &st->config->station.scanners[s - st->scanners];
}

static enum hal_port_kind kind_of(enum hal_transport transport)
{
    if (transport == HAL_TRANSPORT_HIDRAW) return HAL_PORT_REPORTS;
    return transport == HAL_TRANSPORT_EVDEV ? HAL_PORT_KEYS : HAL_PORT_BYTES;
}

static err_t scanner_open(struct station *st, struct station_scanner *s)
{
    const struct config_scanner *c = config_of(st, s);
    const struct wedge_layout *layout = wedge_layout_by_name(c->layout);
    s->feedback = feedback_by_name(c->feedback);
    if (!layout || !s->feedback) return ERR_INVALID;
    reader_init(&s->reader, kind_of(c->port.transport), &c->framing, layout);
    return hal_port_open(st->hal, &c->port, &s->port);
}

err_t scanners_open(struct station *st)
{
    err_t e = ERR_OK;
    for (size_t i = 0; i < st->config->station.scanner_count && !e; i++)
        e = scanner_open(st, &st->scanners[i]);
    return e;
}

void scanners_close(struct station *st)
{
    for (size_t i = 0; i < st->config->station.scanner_count; i++)
        if (st->scanners[i].port.n) hal_port_close(st->hal, st->scanners[i].port);
}

/* -------------------------------------------------------------------------------- feedback -- */

static void send_verdict(void *ctx, struct hal *hal)
{
    const struct station_scanner *s = ctx;
    size_t taken = 0;
    err_ignore(hal_port_write(hal, s->port, slice_text(s->verdict), &taken)); /* only a courtesy */
}

static const char *verdict_of(const struct feedback *f, const struct effects *fx)
{
    enum hal_light light = HAL_LIGHT_OFF;
    enum hal_tone tone = HAL_TONE_NONE;
    if (!effects_signal_of(fx, &light, &tone)) return "";
    if (tone == HAL_TONE_REFUSE || tone == HAL_TONE_ALARM) return f->refused;
    bool accepted =
        tone == HAL_TONE_ACCEPT || tone == HAL_TONE_LINE_DONE || tone == HAL_TONE_ORDER_DONE;
    return accepted ? f->accepted : "";
}

static void on_scan(void *ctx, const struct scan *scan)
{
    struct station *st = ctx;
    struct station_scanner *s = st->scanning;
    st->scan_source = config_of(st, s)->port.role;
    bench_scan(st->bench, st->scan_source, scan);
    s->verdict = verdict_of(s->feedback, st->fx);
    if (s->verdict[0] && s->reader.kind == HAL_PORT_BYTES) effects_send(st->fx, send_verdict, s);
}

/* ---------------------------------------------------------------------------------- events -- */

/* Only a serial line makes noise when it is plugged in. */
static mono_t noise_from(const struct station_scanner *s, const struct hal_port_spec *port,
                         mono_t now)
{
    bool noisy = port->transport == HAL_TRANSPORT_SERIAL;
    return mono_plus(now, noisy ? 0 : -(int64_t)s->reader.frames.framing.settle_ms);
}

static void scanner_arrives(struct station *st, struct station_scanner *s)
{
    uint8_t room[DESCRIPTOR_CAP];
    struct buf descriptor = buf_over((char *)room, sizeof room);
    const struct hal_port_spec *port = &config_of(st, s)->port;
    if (s->reader.kind == HAL_PORT_REPORTS)
        err_ignore(hal_port_descriptor(st->hal, s->port, &descriptor)); /* empty: refused below */
    reader_arrived(&s->reader, buf_slice(&descriptor), noise_from(s, port, hal_now(st->hal)));
    if (s->reader.refused) log_event(&st->log, LOG_WARN, "scanner.no_codes", "role=%s", port->role);
}

static void scanner_event(struct station *st, struct station_scanner *s, const struct hal_event *e)
{
    const char *role = config_of(st, s)->port.role;
    st->scanning = s;
    if (e->kind == HAL_EV_PORT_DATA) {
        reader_push(&s->reader, e->port.data, hal_now(st->hal), on_scan, st);
        return;
    }
    if (e->kind == HAL_EV_PORT_WRITABLE) return;
    s->present = e->kind == HAL_EV_PORT_ARRIVED;
    s->since = hal_wall(st->hal).ms;
    if (s->present)
        scanner_arrives(st, s);
    else
        reader_gone(&s->reader);
    slice_copy_cut(slice_text(s->present ? e->port.identity : ""), s->identity, sizeof s->identity);
    log_event(&st->log, LOG_INFO, s->present ? "scanner.arrived" : "scanner.gone", "role=%s", role);
    effects_screen(st->fx);
}

void scanners_event(struct station *st, const struct hal_event *e)
{
    for (size_t i = 0; i < st->config->station.scanner_count; i++)
        if (e->port.port.n == st->scanners[i].port.n) scanner_event(st, &st->scanners[i], e);
}

void scanners_tick(struct station *st)
{
    for (size_t i = 0; i < st->config->station.scanner_count; i++) {
        st->scanning = &st->scanners[i];
        reader_tick(&st->scanners[i].reader, hal_now(st->hal), on_scan, st);
    }
}

mono_t scanners_deadline(const struct station *st)
{
    mono_t first = MONO_NEVER;
    for (size_t i = 0; i < st->config->station.scanner_count; i++)
        first = mono_earlier(first, reader_deadline(&st->scanners[i].reader));
    return first;
}
