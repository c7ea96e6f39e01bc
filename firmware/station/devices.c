/* devices.c - the label printer, and what all devices have in common: they come and go at any
 * moment, and are shown, never fatal. */
#include "firmware/station/parts.h"

#include <stdio.h>
#include <string.h>

#include "firmware/labels/pen.h"

static const struct config_station *settings(const struct station *st)
{
    return &st->config->station;
}

/* What a printer measures includes the gap between two labels. */
#define LENGTH_TOLERANCE_MM 10

/* ---------------------------------------------------------------------------------- printer -- */

static bool printer_is_stopped(const struct station *st)
{
    return !printer_is_present(st->printer) || (printer_flags(st->printer) & PRINTER_STOPPED);
}

static void tell_bench(struct station *st, const struct print_result *r)
{
    struct news *n = news_add(st, r->job & TAG_JOB ? NEWS_PAPER : NEWS_PRINTED);
    n->id = r->job & ~TAG_JOB;
    n->print = r->outcome;
    slice_copy_cut(slice_text(r->text), n->text, sizeof n->text);
}

void devices_print_result(void *ctx, const struct print_result *r)
{
    struct station *st = ctx;
    if (r->job != TEST_JOB) tell_bench(st, r);
        /* One that stands says so when it goes on; asking again at once would only be refused
         * again. */
#ifndef PLANT_PRINTER_HAMMER
    if (printer_is_stopped(st)) return;
#endif
    (void)news_add(st, NEWS_PRINTER_READY);
}

static void on_printer_changed(void *ctx)
{
    struct station *st = ctx;
    printer_flags_text(printer_flags(st->printer), st->printer_trouble, sizeof st->printer_trouble);
    st->printer_since = hal_wall(st->hal).ms;
    if (!st->fx) return;
    effects_screen(st->fx);
    if (!printer_is_stopped(st) && !printer_is_busy(st->printer))
        (void)news_add(st, NEWS_PRINTER_READY);
}

static void pump(void *ctx, struct hal *hal)
{
    struct station *st = ctx;
    printer_pump(st->printer, hal, hal_now(hal));
}

static void on_wants_send(void *ctx)
{
    struct station *st = ctx;
    if (st->fx) effects_send(st->fx, pump, st);
}

/* A label whose parcel was voided meanwhile is not begun. */
static bool is_wanted(void *ctx, uint32_t job)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    struct station *st = ctx;
    bool row = false;
    if ((job & TAG_JOB) || !st->store) return true;
    err_t e = store_prepare(st->store, "SELECT state FROM parcel WHERE id = ?1", &q);
    if (e) return true;
    store_bind_int(q, 1, job);
    e = store_step(st->store, q, &row);
    return e || (row && store_int(q, 0) != PARCEL_VOID);
}

/* ERR_INVALID: the job is of another language than the printer's. */
err_t devices_print(struct station *st, uint32_t job, struct slice bytes)
{
    if (!st->printer || !printer_is_present(st->printer)) return ERR_GONE;
    const struct pen *pen = pen_by_language(settings(st)->printer_language);
    if (!pen || !slice_starts(bytes, pen->opening)) return ERR_INVALID;
    return printer_print(st->printer, job, bytes, effects_now(st->fx));
}

static bool is_document(const struct station *st, enum paper_kind kind)
{
    bool tag = kind == PAPER_HOLD_TAG || kind == PAPER_PARCEL_TAG || kind == PAPER_TEST_LABEL;
    return st->gear.documents && !tag;
}

static struct paper_stock stock_of(const struct station *st, enum paper_kind kind)
{
    const struct config_station *c = settings(st);
    const struct config_label *label = &st->config->site.label;
    const struct config_document_printer *d = &c->document_printer;
    if (is_document(st, kind))
        return (struct paper_stock){d->language, d->dpi, d->width_mm, d->height_mm};
    return (struct paper_stock){c->printer_language, c->printer_dpi, label->width_mm,
                                label->height_mm};
}

static err_t paper_bytes(const struct station *st, enum paper_kind kind,
                         const struct paper_fields *fields, struct buf *out)
{
    struct paper_stock stock = stock_of(st, kind);
    struct paper_fields plain = *fields;
    char title[SAY_CAP + 16], words[SAY_CAP * 2];
    if (settings(st)->training) {
        (void)snprintf(title, sizeof title, "TRAINING %.*s", SAY_CAP,
                       fields->title ? fields->title : "");
        (void)snprintf(words, sizeof words, "TRAINING %.*s", SAY_CAP,
                       fields->text ? fields->text : "");
        plain.title = title;
        if (kind == PAPER_GIFT_NOTE) plain.text = words;
    }
    err_t e = paper_job(kind, &plain, &stock, out);
    if (e != ERR_INVALID) return e;
    plain.code = "";
    return paper_job(kind, &plain, &stock, out);
}

static err_t print_document(struct station *st, uint32_t job, struct slice bytes)
{
    if (!printer_is_present(st->gear.documents)) return ERR_GONE;
    return printer_print(st->gear.documents, job, bytes, effects_now(st->fx));
}

err_t devices_print_paper(struct station *st, uint32_t paper_id, enum paper_kind kind,
                          const struct paper_fields *fields)
{
    struct buf job = buf_new(LABEL_JOB_MAX);
    uint32_t id = TAG_JOB | paper_id;
    err_t e = paper_bytes(st, kind, fields, &job);
    if (!e)
        e = is_document(st, kind) ? print_document(st, id, buf_slice(&job))
                                  : devices_print(st, id, buf_slice(&job));
    buf_deinit(&job);
    return e;
}

void devices_test_label(struct station *st)
{
    char code[32];
    struct buf b = buf_over(code, sizeof code - 1);
    buf_printf(&b, "TEST-%s", settings(st)->id);
    struct paper_fields f = {.title = settings(st)->bench_name, .code = buf_cstr(&b)};
    f.line = "Each edge must be there, and a scanner must read the code.";
    if (!settings(st)->test_label) return;
    err_t e = devices_print_paper(st, TEST_JOB & ~TAG_JOB, PAPER_TEST_LABEL, &f);
    if (e) log_event(&st->log, LOG_WARN, "test_label.not_printed", "error=%s", err_name(e));
}

static err_t printer_open(struct station *st)
{
    if (!settings(st)->has_label_printer) return ERR_OK;
    const struct hal_port_spec *spec = &settings(st)->label_printer;
    uint32_t dot_mm10 = settings(st)->printer_dpi;
    const struct config_label *label = &st->config->site.label;
    struct printer_options o = {.dialect = printer_dialect_by_name(settings(st)->printer_language),
                                .answers = settings(st)->printer_answers,
                                .dpi = settings(st)->printer_dpi,
                                .label_dots = label->height_mm * 10u * dot_mm10 / 254u,
                                .tolerance_dots = LENGTH_TOLERANCE_MM * 10u * dot_mm10 / 254u,
                                .wanted = is_wanted,
                                .result = devices_print_result,
                                .changed = on_printer_changed,
                                .wants_send = on_wants_send,
                                .ctx = st};
    if (!o.dialect) return ERR_INVALID;
    err_t e = printer_new(&o, &st->printer);
    return e ? e : hal_port_open(st->hal, spec, &st->printer_port);
}

err_t devices_open(struct station *st)
{
    err_t e = scanners_open(st);
    if (!e) e = printer_open(st);
    return e ? e : gear_open(st);
}

void devices_close(struct station *st)
{
    scanners_close(st);
    if (st->printer_port.n) hal_port_close(st->hal, st->printer_port);
    printer_free(st->printer);
    st->printer = NULL;
    gear_close(st);
}

static void printer_event(struct station *st, const struct hal_event *e)
{
    mono_t now = hal_now(st->hal);
    if (e->kind == HAL_EV_PORT_ARRIVED) {
        log_event(&st->log, LOG_INFO, "printer.arrived", "role=%s",
                  settings(st)->label_printer.role);
        printer_arrived(st->printer, st->printer_port, e->port.identity, now);
    } else if (e->kind == HAL_EV_PORT_GONE) {
        log_event(&st->log, LOG_WARN, "printer.gone", "role=%s", settings(st)->label_printer.role);
        printer_gone(st->printer, now);
    } else if (e->kind == HAL_EV_PORT_DATA) {
        printer_data(st->printer, e->port.data, now);
    } else {
        printer_writable(st->printer, now);
    }
}

static bool is_port_event(const struct hal_event *e)
{
    return e->kind == HAL_EV_PORT_ARRIVED || e->kind == HAL_EV_PORT_DATA ||
           e->kind == HAL_EV_PORT_WRITABLE || e->kind == HAL_EV_PORT_GONE;
}

bool devices_event(struct station *st, const struct hal_event *e)
{
    if (!is_port_event(e)) return false;
    if (st->printer && e->port.port.n == st->printer_port.n) {
        printer_event(st, e);
        return true;
    }
    if (gear_event(st, e)) return true;
    scanners_event(st, e);
    return true;
}

void devices_tick(struct station *st)
{
    mono_t now = hal_now(st->hal);
    scanners_tick(st);
    if (st->printer) printer_tick(st->printer, now);
    gear_tick(st);
}

mono_t devices_deadline(const struct station *st)
{
    mono_t first = st->printer ? printer_deadline(st->printer) : MONO_NEVER;
    first = mono_earlier(first, gear_deadline(st));
    return mono_earlier(first, scanners_deadline(st));
}
