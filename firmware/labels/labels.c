#include "firmware/labels/labels.h"

#include <assert.h>
#include <string.h>

#include "firmware/base/mem.h"
#include "firmware/base/text.h"
#include "firmware/labels/label_refusal.h"
#include "firmware/labels/label_rows.h"
#include "firmware/labels/pen.h"
#include "firmware/labels/raster.h"
#include "firmware/labels/zpl_check.h"

/* Documents in work at once; the bench has one label pending and may have set one aside. */
#define WORKS_MAX 4

#define RASTER_TIME_MS   15000
#define RASTER_MEMORY_MB 256
/* Room for pages of a wrong size, so that they are refused by their size. */
#define RASTER_OUTPUT_SPARE (16u << 20)
#define READER_TIME_MS      5000
#define READER_MEMORY_MB    128
#define READER_OUTPUT_MAX   16384

/* One page more than parcels there can be, so that a surplus page is seen. */
static_assert(PARCELS_MAX == 32, "the page limit of the rasteriser is PARCELS_MAX + 1");
static const char *const raster_args_203[] = {"-r", "203", "-gray", "-l", "33", "-", NULL};
static const char *const raster_args_300[] = {"-r", "300", "-gray", "-l", "33", "-", NULL};
static const char *const reader_args[] = {NULL};

struct work {
    int64_t shipment_id; /* 0: free */
    struct match_parcels parcels;
    struct raster pages[PARCELS_MAX];
    size_t page_count;
    size_t reading; /* the page at the barcode reader */
    match_mask masks[PARCELS_MAX];
    size_t owners[PARCELS_MAX]; /* page -> parcel */
    bool unread;                /* some page could not be read for want of a reader */
};

struct labels {
    struct labels_options options;
    struct work works[WORKS_MAX];
};

enum format {
    FORMAT_PDF,
    FORMAT_PNG,
    FORMAT_ZPL,
    FORMAT_OTHER,
};

err_t labels_new(const struct labels_options *options, struct labels **out)
{
    assert(options->store != NULL && options->fx != NULL);
    assert(options->config != NULL && options->done != NULL);
    struct labels *l = mem_alloc(sizeof *l);
    if (l == NULL) return ERR_NOMEM;
    l->options = *options;
    *out = l;
    return ERR_OK;
}

static void work_free(struct work *w)
{
    for (size_t i = 0; i < PARCELS_MAX; i++) {
        raster_free(&w->pages[i]);
    }
    *w = (struct work){.shipment_id = 0};
}

void labels_free(struct labels *l)
{
    if (l == NULL) return;
    effects_cancel_owner(l->options.fx, l);
    for (size_t i = 0; i < WORKS_MAX; i++) {
        work_free(&l->works[i]);
    }
    mem_free(l);
}

/* ----------------------------------------------------------------------------- how it ends -- */

/* Ends a work: with `e`, or with what a refusal left in *r. */
static void finish(struct labels *l, struct work *w, err_t e, struct labels_result *r)
{
    r->shipment_id = w->shipment_id;
    r->error = e;
    if (e == ERR_OK) {
        log_event(l->options.log, LOG_INFO, "label.ready", "shipment=%lld pages=%zu checked=%d",
                  (long long)r->shipment_id, w->page_count, r->checked);
    } else {
        log_event(l->options.log, LOG_WARN, "label.not_ready", "shipment=%lld error=%s rule=%s",
                  (long long)r->shipment_id, err_name(e), r->rule);
    }
    if (e != ERR_OK && r->text[0] == '\0') {
        err_ignore(slice_copy(slice_text(err_text(e)), r->text, sizeof r->text));
    }
    if (e == ERR_REFUSED) label_document_drop(l->options.store, r->shipment_id);
    work_free(w);
    l->options.done(l->options.ctx, r);
}

/* ---------------------------------------------------------------------------- the last step -- */

static const struct pen *pen_of(const struct labels *l)
{
    const struct pen *pen = pen_by_language(l->options.config->station.printer_language);
    return pen != NULL ? pen : &pen_zpl;
}

static err_t store_page(struct labels *l, const struct work *w, size_t page, bool checked,
                        struct labels_result *r)
{
    struct buf job = buf_new(LABEL_JOB_MAX);
    err_t e = ERR_OK;
    pen_of(l)->label(&w->pages[page], l->options.config->station.printer_dpi, &job);
    if (job.overflow) {
        e = label_refuse(r, "label.too_complex",
                         "the label's picture is too large for a printer job");
    } else {
        struct label_row row = {.parcel_id = w->parcels.at[w->owners[page]].id,
                                .page = page + 1,
                                .checked = checked,
                                .bytes = buf_slice(&job)};
        e = label_row_store(l->options.store, &row);
    }
    buf_deinit(&job);
    return e;
}

static err_t refuse_match(enum match_verdict verdict, size_t page, struct labels_result *r)
{
    if (verdict == MATCH_FOREIGN) {
        struct buf b = label_refusal(r, "label.foreign");
        buf_printf(&b, "page %zu carries no barcode with a tracking number of this shipment",
                   page + 1);
    } else if (verdict == MATCH_AMBIGUOUS) {
        struct buf b = label_refusal(r, "label.ambiguous");
        buf_printf(&b, "page %zu carries the tracking numbers of several parcels", page + 1);
    } else {
        struct buf b = label_refusal(r, "label.twice");
        buf_printf(&b, "page %zu carries the same tracking number as a page before", page + 1);
    }
    return ERR_REFUSED;
}

static err_t conclude(struct labels *l, struct work *w, struct labels_result *r)
{
    size_t page = 0;
    enum match_verdict verdict = MATCH_OK;
    if (w->unread) {
        for (size_t i = 0; i < w->page_count; i++) {
            w->owners[i] = i;
        }
    } else {
        verdict = match_assign(&w->parcels, w->masks, w->owners, &page);
    }
    if (verdict != MATCH_OK) return refuse_match(verdict, page, r);
    for (size_t i = 0; i < w->page_count; i++) {
        err_t e = store_page(l, w, i, !w->unread, r);
        if (e) return e;
    }
    r->checked = !w->unread;
    return ERR_OK;
}

/* ------------------------------------------------------------------------ reading the pages -- */

static void on_codes(void *ctx, uint32_t tag, const struct hal_job_result *result);

/* Hands the next page to the barcode reader; *out_ended when there is none left. */
static err_t read_next_page(struct labels *l, struct work *w, bool *out_ended)
{
    *out_ended = w->reading == w->page_count;
    if (*out_ended) return ERR_OK;
    const struct raster *page = &w->pages[w->reading];
    struct buf pgm = buf_new((size_t)page->width * page->height + 64);
    raster_to_pgm(page, &pgm);
    struct hal_job_spec spec = {.tool = HAL_TOOL_BARCODE_READ,
                                .args = reader_args,
                                .input = buf_slice(&pgm),
                                .output_max = READER_OUTPUT_MAX,
                                .time_limit_ms = READER_TIME_MS,
                                .memory_max_mb = READER_MEMORY_MB};
    err_t e = pgm.overflow
                  ? ERR_NOMEM
                  : effects_job(l->options.fx, &spec, on_codes, l, (uint32_t)(w - l->works));
    buf_deinit(&pgm);
    return e == ERR_NOSPACE ? ERR_BUSY : e;
}

static void go_on(struct labels *l, struct work *w)
{
    bool ended = w->unread;
    struct labels_result r = {.error = ERR_OK};
    err_t e = ended ? ERR_OK : read_next_page(l, w, &ended);
    if (e == ERR_OK && !ended) return;
    if (e == ERR_OK) e = conclude(l, w, &r);
    finish(l, w, e, &r);
}

/* A reader that is absent or fails says nothing about the label: the order of pages decides. */
static void on_codes(void *ctx, uint32_t tag, const struct hal_job_result *result)
{
    struct labels *l = ctx;
    struct work *w = &l->works[tag];
    size_t codes = 0;
    assert(tag < WORKS_MAX && w->shipment_id != 0);
    if (!result->ended || result->over_limit || result->code != 0) {
        log_event(l->options.log, LOG_WARN, "label.not_read", "shipment=%lld page=%zu code=%d",
                  (long long)w->shipment_id, w->reading + 1, result->code);
        w->unread = true;
    } else {
        w->masks[w->reading++] =
            match_lines(&l->options.config->site, &w->parcels, result->output, &codes);
    }
    go_on(l, w);
}

/* ----------------------------------------------------------------------- pages of a document -- */

static uint32_t dots_of(const struct labels *l, uint32_t mm)
{
    return mm * l->options.config->station.printer_dpi * 10u / 254u;
}

static uint32_t mm_of(const struct labels *l, uint32_t dots)
{
    uint32_t dpi = l->options.config->station.printer_dpi;
    return (dots * 254u + dpi * 5u) / (dpi * 10u);
}

static bool is_near(uint32_t dots, uint32_t want, uint32_t tolerance)
{
    return dots <= want + tolerance + 1 && dots + tolerance + 1 >= want;
}

static err_t check_page(const struct labels *l, const struct raster *page, size_t index,
                        struct labels_result *r)
{
    const struct config_label *size = &l->options.config->site.label;
    uint32_t tolerance = dots_of(l, size->tolerance_mm);
    if (!is_near(page->width, dots_of(l, size->width_mm), tolerance) ||
        !is_near(page->height, dots_of(l, size->height_mm), tolerance)) {
        struct buf b = label_refusal(r, "label.wrong_size");
        buf_printf(&b, "page %zu is %u x %u mm, labels here are %u x %u mm", index + 1,
                   mm_of(l, page->width), mm_of(l, page->height), size->width_mm, size->height_mm);
        return ERR_REFUSED;
    }
    if (raster_is_blank(page)) {
        struct buf b = label_refusal(r, "label.blank");
        buf_printf(&b, "page %zu is empty", index + 1);
        return ERR_REFUSED;
    }
    return ERR_OK;
}

static err_t check_pages(const struct labels *l, const struct work *w, size_t found,
                         struct labels_result *r)
{
    if (found != w->parcels.count) {
        struct buf b = label_refusal(r, "label.pages");
        buf_printf(&b, "%zu %s for %zu %s", found, found == 1 ? "page" : "pages", w->parcels.count,
                   w->parcels.count == 1 ? "parcel" : "parcels");
        return ERR_REFUSED;
    }
    for (size_t i = 0; i < w->page_count; i++) {
        err_t e = check_page(l, &w->pages[i], i, r);
        if (e) return e;
    }
    return ERR_OK;
}

static err_t take_pages(struct labels *l, struct work *w, struct slice output,
                        struct labels_result *r)
{
    size_t found = 0;
    while (output.len > 0) {
        struct raster page = {0};
        err_t e = raster_from_pnm(&output, &page);
        if (e == ERR_NOMEM) return e;
        if (e) return label_refuse(r, "label.damaged", "the rasteriser's picture is not whole");
        if (found < PARCELS_MAX) {
            w->pages[found] = page;
            w->page_count = found + 1;
        } else {
            raster_free(&page);
        }
        found++;
    }
    if (found == 0) return label_refuse(r, "label.damaged", "the document has no page");
    return check_pages(l, w, found, r);
}

static err_t judge_raster(struct labels *l, struct work *w, const struct hal_job_result *result,
                          struct labels_result *r)
{
    if (result->over_limit) {
        return label_refuse(r, "label.limits", "the document takes too long or too much to draw");
    }
    if (result->ended && result->code == JOB_NOT_INSTALLED) {
        return label_refuse(r, "label.no_rasteriser", "PDF labels cannot be drawn on this station");
    }
    if (result->errors.len > 0) {
        struct buf b = label_refusal(r, "label.words");
        buf_text(&b, "the rasteriser said: ");
        text_visible(&b, slice_trim(result->errors), 100);
        return ERR_REFUSED;
    }
    if (!result->ended || result->code != 0) {
        return label_refuse(r, "label.damaged", "the document cannot be drawn");
    }
    return take_pages(l, w, result->output, r);
}

static void on_raster(void *ctx, uint32_t tag, const struct hal_job_result *result)
{
    struct labels *l = ctx;
    struct work *w = &l->works[tag];
    struct labels_result r = {.error = ERR_OK};
    assert(tag < WORKS_MAX && w->shipment_id != 0);
    err_t e = judge_raster(l, w, result, &r);
    if (e) {
        finish(l, w, e, &r);
    } else {
        go_on(l, w);
    }
}

/* -------------------------------------------------------------------------- three documents -- */

static err_t start_pdf(struct labels *l, struct work *w, struct slice document)
{
    const struct config_label *size = &l->options.config->site.label;
    size_t page = (size_t)dots_of(l, size->width_mm) * dots_of(l, size->height_mm);
    bool fine = l->options.config->station.printer_dpi == 300;
    struct hal_job_spec spec = {.tool = HAL_TOOL_PDF_RASTER,
                                .args = fine ? raster_args_300 : raster_args_203,
                                .input = document,
                                .output_max = RASTER_OUTPUT_SPARE + 2 * page * w->parcels.count,
                                .time_limit_ms = RASTER_TIME_MS,
                                .memory_max_mb = RASTER_MEMORY_MB};
    err_t e = effects_job(l->options.fx, &spec, on_raster, l, (uint32_t)(w - l->works));
    return e == ERR_NOSPACE ? ERR_BUSY : e;
}

static err_t start_png(struct labels *l, struct work *w, struct slice document,
                       struct labels_result *r)
{
    err_t e = raster_from_png(document, &w->pages[0]);
    if (e == ERR_NOMEM) return e;
    if (e == ERR_INVALID)
        return label_refuse(r, "label.wrong_size", "the picture is far too large");
    if (e) return label_refuse(r, "label.damaged", "the picture is not a whole PNG");
    w->page_count = 1;
    return check_pages(l, w, 1, r);
}

static match_mask numbers_in(const struct work *w, struct slice format)
{
    match_mask mask = 0;
    for (size_t i = 0; i < w->parcels.count; i++) {
        struct slice number = slice_text(w->parcels.at[i].tracking);
        if (slice_find(format, number) < format.len) mask |= 1u << i;
    }
    return mask;
}

static err_t store_format(struct labels *l, const struct match_parcel *parcel, size_t page,
                          struct slice format)
{
    struct buf job = buf_new(LABEL_DOCUMENT_MAX + 1024);
    zpl_format_to_job(format, &job);
    struct label_row row = {.parcel_id = parcel->id, .page = page + 1, .bytes = buf_slice(&job)};
    err_t e = job.overflow ? ERR_NOMEM : label_row_store(l->options.store, &row);
    buf_deinit(&job);
    return e;
}

/* Where every label shows the number of one parcel, that decides; else the order of labels. */
static err_t take_zpl(struct labels *l, struct work *w, struct slice document,
                      struct labels_result *r)
{
    struct zpl_formats formats;
    char text[SAY_CAP];
    size_t page = 0;
    err_t e = zpl_check(document, &formats, text);
    if (e) return label_refuse(r, "label.zpl", text);
    if (formats.count != w->parcels.count) return check_pages(l, w, formats.count, r);
    for (size_t i = 0; i < formats.count; i++) {
        if (formats.at[i].len + 64 > LABEL_JOB_MAX) {
            return label_refuse(r, "label.too_complex", "the label is too large for a printer job");
        }
        w->masks[i] = numbers_in(w, formats.at[i]);
    }
    enum match_verdict verdict = match_assign(&w->parcels, w->masks, w->owners, &page);
    if (verdict == MATCH_TWICE) return refuse_match(verdict, page, r);
    for (size_t i = 0; i < formats.count; i++) {
        size_t owner = verdict == MATCH_OK ? w->owners[i] : i;
        e = store_format(l, &w->parcels.at[owner], i, formats.at[i]);
        if (e) return e;
    }
    w->page_count = formats.count;
    return ERR_OK;
}

static enum format format_of(struct slice document)
{
    struct slice head = slice_sub(document, 0, 1024);
    if (slice_find(head, SLICE("%PDF-")) < head.len) return FORMAT_PDF;
    if (slice_starts(head, "\x89PNG\r\n\x1A\n")) return FORMAT_PNG;
    if (slice_is_nocase(slice_sub(slice_trim(head), 0, 3), "^XA")) return FORMAT_ZPL;
    return FORMAT_OTHER;
}

static err_t refuse_other(struct slice document, struct labels_result *r)
{
    struct buf b = label_refusal(r, "label.not_pdf");
    struct slice head = slice_trim(document);
    buf_text(&b, slice_starts(head, "<") ? "the label is a web page: "
                                         : "the label is not PDF, PNG or ZPL: ");
    text_visible(&b, head, 24);
    return ERR_REFUSED;
}

static void start(struct labels *l, struct work *w, struct slice document)
{
    struct labels_result r = {.error = ERR_OK};
    enum format format = format_of(document);
    err_t e = ERR_OK;
    if (document.len == 0) {
        e = label_refuse(&r, "label.empty", "the label document is empty");
    } else if (document.len > LABEL_DOCUMENT_MAX) {
        struct buf b = label_refusal(&r, "label.too_large");
        buf_printf(&b, "the label document has %zu bytes", document.len);
        e = ERR_REFUSED;
    } else if (format == FORMAT_PDF) {
        e = start_pdf(l, w, document);
        if (e == ERR_OK) return;
    } else if (format == FORMAT_PNG) {
        e = start_png(l, w, document, &r);
        if (e == ERR_OK) {
            go_on(l, w);
            return;
        }
    } else if (format == FORMAT_ZPL && pen_of(l) != &pen_zpl) {
        struct buf b = label_refusal(&r, "label.language");
        buf_printf(&b, "the label is ZPL, the label printer speaks %s", pen_of(l)->language);
        e = ERR_REFUSED;
    } else if (format == FORMAT_ZPL) {
        e = take_zpl(l, w, document, &r);
    } else {
        e = refuse_other(document, &r);
    }
    finish(l, w, e, &r);
}

/* ------------------------------------------------------------------------------ from outside -- */

static err_t work_open(struct labels *l, int64_t shipment_id, struct work **out)
{
    struct work *w = NULL;
    assert(shipment_id > 0);
    for (size_t i = 0; i < WORKS_MAX; i++) {
        if (l->works[i].shipment_id == shipment_id) return ERR_BUSY;
        if (l->works[i].shipment_id == 0 && w == NULL) w = &l->works[i];
    }
    if (w == NULL) return ERR_BUSY;
    err_t e = label_parcels(l->options.store, shipment_id, &w->parcels);
    if (e) return e;
    w->shipment_id = shipment_id;
    *out = w;
    return ERR_OK;
}

static const char *format_name(struct slice document)
{
    static const char *const names[] = {
        [FORMAT_PDF] = "pdf", [FORMAT_PNG] = "png", [FORMAT_ZPL] = "zpl", [FORMAT_OTHER] = "other"};
    return names[format_of(document)];
}

err_t labels_accept(struct labels *l, int64_t shipment_id, struct slice document)
{
    struct work *w = NULL;
    err_t e = work_open(l, shipment_id, &w);
    if (e) return e;
    if (document.len > 0 && document.len <= LABEL_DOCUMENT_MAX) {
        e = label_document_store(l->options.store, shipment_id, format_name(document), document);
    }
    if (e) {
        work_free(w);
        return e;
    }
    start(l, w, document);
    return ERR_OK;
}

err_t labels_resume(struct labels *l, int64_t shipment_id)
{
    struct buf document = buf_new(LABEL_DOCUMENT_MAX);
    struct work *w = NULL;
    err_t e = label_document_load(l->options.store, shipment_id, &document);
    if (e == ERR_OK) e = work_open(l, shipment_id, &w);
    if (e == ERR_OK) start(l, w, buf_slice(&document));
    buf_deinit(&document);
    return e;
}
