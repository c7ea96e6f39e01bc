/* A carrier's document becomes one stored job per parcel, or a refusal in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/labels/raster.h"
#include "hal/sim/hal_sim.h"
#include "tests/support/label_bed.h"
#include "tools/virtual/zpl_render.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define PDF      SLICE("%PDF-1.4 the fake rasteriser does not read this")

/* What the two tools of the simulated machine answer. */
struct tools {
    uint32_t widths[8]; /* of the rasteriser's pages; 0 ends */
    uint32_t heights[8];
    bool blank;
    const char *words; /* on its standard error */
    int code;
    bool over_limit;
    bool no_rasteriser;
    size_t cut; /* bytes missing at the end of its output */
    bool no_reader;
    int reader_code;
    const char *codes[8]; /* what is read off page n; NULL: nothing */
    size_t pages_read;
    const char *resolution;
};

static struct hal *the_hal;
static struct tools tools;
static struct label_bed bed;

static void raster_pages(struct buf *out)
{
    for (size_t i = 0; i < COUNT(tools.widths) && tools.widths[i] != 0; i++) {
        struct raster page;
        assert_int_equal(raster_new(tools.widths[i], tools.heights[i], &page), ERR_OK);
        if (!tools.blank) page.bits[i] = 0xA5; /* tells the pages apart */
        raster_to_pgm(&page, out);
        raster_free(&page);
    }
    out->len -= tools.cut;
}

static void on_job(void *ctx, const struct hal_job_spec *spec, struct hal_sim_job_reply *reply)
{
    (void)ctx;
    reply->ended = true;
    reply->delay_ms = 20;
    if (spec->tool == HAL_TOOL_PDF_RASTER) {
        tools.resolution = spec->args[1];
        reply->start = tools.no_rasteriser ? ERR_NOTFOUND : ERR_OK;
        reply->code = tools.code;
        reply->over_limit = tools.over_limit;
        raster_pages(&reply->output);
        buf_text(&reply->errors, tools.words);
        return;
    }
    reply->start = tools.no_reader ? ERR_NOTFOUND : ERR_OK;
    reply->code = tools.reader_code;
    assert_true(slice_starts(spec->input, "P5\n"));
    const char *code = tools.codes[tools.pages_read++];
    if (code == NULL) return;
    buf_text(&reply->output, "noise\nCODE-128\t");
    for (const char *c = code; *c != '\0'; c++) {
        buf_printf(&reply->output, "%02x", (unsigned)*c);
    }
    buf_text(&reply->output, "\nQR-Code\tzz\n");
}

static int setup(void **state)
{
    (void)state;
    const struct hal_sim_options options = {.seed = 1, .store_path = "unused"};
    if (hal_sim_open(&options, &the_hal) != ERR_OK) return -1;
    tools = (struct tools){.widths = {799}, .heights = {1199}};
    hal_sim_on_job(the_hal, on_job, NULL);
    label_bed_open(&bed, the_hal);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    label_bed_close(&bed);
    hal_sim_close(the_hal);
    return 0;
}

static void two_pages(void)
{
    for (size_t i = 0; i < 2; i++) {
        tools.widths[i] = 799;
        tools.heights[i] = 1199;
    }
}

static void assert_refused(const char *rule, const char *text)
{
    assert_int_equal(bed.last.error, ERR_REFUSED);
    assert_string_equal(bed.last.rule, rule);
    if (strstr(bed.last.text, text) == NULL) fail_msg("said: %s", bed.last.text);
    assert_true(strlen(bed.last.next_step) > 10);
    assert_int_equal(label_bed_count(&bed, "SELECT count(*) FROM label"), 0);
}

/* The page whose mark a parcel's job shows. */
static size_t page_of(int64_t parcel_id, bool *out_checked)
{
    struct buf job = buf_new(LABEL_JOB_MAX);
    struct zpl_picture p;
    assert_int_equal(label_bed_job(&bed, parcel_id, &job, out_checked), ERR_OK);
    assert_int_equal(zpl_render(buf_slice(&job), &p), ERR_OK);
    size_t page = 0;
    while (p.dots[page * 8] != 0) {
        page++;
    }
    assert_int_equal(p.width, 799);
    assert_int_equal(p.height, 1199);
    zpl_picture_free(&p);
    buf_deinit(&job);
    return page;
}

static const char *const one_number[] = {"15501234567890"};
static const char *const two_numbers[] = {"15501234567890", "15501234567891"};

static void labels__a_pdf_becomes_a_checked_job(void **state)
{
    (void)state;
    bool checked = false;
    int64_t s = label_bed_shipment(&bed, one_number, 1);
    tools.codes[0] = "%000SW1A1AA15501234567890101826";
    label_bed_accept(&bed, s, PDF);
    assert_int_equal(bed.last.error, ERR_OK);
    assert_true(bed.last.checked);
    assert_int_equal(page_of(s * 100 + 1, &checked), 0);
    assert_true(checked);
    assert_string_equal(tools.resolution, "203");
    assert_int_equal(
        label_bed_count(&bed, "SELECT count(*) FROM label_document WHERE format = 'pdf'"), 1);
}

static void labels__the_resolution_is_the_printers(void **state)
{
    (void)state;
    int64_t s = label_bed_shipment(&bed, one_number, 1);
    bed.config.station.printer_dpi = 300;
    tools.widths[0] = 1181;
    tools.heights[0] = 1772;
    tools.codes[0] = one_number[0];
    label_bed_accept(&bed, s, PDF);
    assert_int_equal(bed.last.error, ERR_OK);
    assert_string_equal(tools.resolution, "300");
}

static void labels__the_job_speaks_the_printers_language(void **state)
{
    (void)state;
    struct buf job = buf_new(LABEL_JOB_MAX);
    int64_t s = label_bed_shipment(&bed, one_number, 1);
    err_ignore(slice_copy(SLICE("tspl"), bed.config.station.printer_language, 8));
    tools.codes[0] = one_number[0];
    label_bed_accept(&bed, s, PDF);
    assert_int_equal(bed.last.error, ERR_OK);
    assert_int_equal(label_bed_job(&bed, s * 100 + 1, &job, NULL), ERR_OK);
    assert_true(slice_starts(buf_slice(&job), "SIZE 100."));
    buf_deinit(&job);
}

static void labels__zpl_for_a_printer_of_another_language_is_refused(void **state)
{
    (void)state;
    int64_t s = label_bed_shipment(&bed, one_number, 1);
    err_ignore(slice_copy(SLICE("epl"), bed.config.station.printer_language, 8));
    label_bed_accept(&bed, s, SLICE("^XA^FO1,1^FDX^FS^XZ"));
    assert_int_equal(bed.last.error, ERR_REFUSED);
    assert_string_equal(bed.last.rule, "label.language");
    assert_string_equal(bed.last.text, "the label is ZPL, the label printer speaks epl");
}

static void labels__a_page_goes_to_the_parcel_on_its_barcode(void **state)
{
    (void)state;
    bool checked = false;
    int64_t s = label_bed_shipment(&bed, two_numbers, 2);
    two_pages();
    tools.codes[0] = two_numbers[1];
    tools.codes[1] = two_numbers[0];
    label_bed_accept(&bed, s, PDF);
    assert_int_equal(bed.last.error, ERR_OK);
    assert_int_equal(page_of(s * 100 + 1, &checked), 1);
    assert_int_equal(page_of(s * 100 + 2, &checked), 0);
    assert_true(checked);
}

static void labels__without_a_reader_the_order_of_pages_decides(void **state)
{
    (void)state;
    bool checked = true;
    int64_t s = label_bed_shipment(&bed, two_numbers, 2);
    two_pages();
    tools.no_reader = true;
    label_bed_accept(&bed, s, PDF);
    assert_int_equal(bed.last.error, ERR_OK);
    assert_false(bed.last.checked);
    assert_int_equal(page_of(s * 100 + 1, &checked), 0);
    assert_int_equal(page_of(s * 100 + 2, &checked), 1);
    assert_false(checked);
}

static void labels__a_reader_that_fails_checks_nothing(void **state)
{
    (void)state;
    int64_t s = label_bed_shipment(&bed, one_number, 1);
    tools.reader_code = 2;
    tools.codes[0] = one_number[0];
    label_bed_accept(&bed, s, PDF);
    assert_int_equal(bed.last.error, ERR_OK);
    assert_false(bed.last.checked);
}

static void labels__a_page_of_somebody_else_is_refused(void **state)
{
    (void)state;
    int64_t s = label_bed_shipment(&bed, two_numbers, 2);
    two_pages();
    tools.codes[0] = two_numbers[0];
    tools.codes[1] = "15509999999999";
    label_bed_accept(&bed, s, PDF);
    assert_refused("label.foreign", "page 2");
    tools.pages_read = 0;
    tools.codes[1] = NULL;
    label_bed_accept(&bed, s, PDF);
    assert_refused("label.foreign", "page 2");
    tools.pages_read = 0;
    tools.codes[1] = two_numbers[0];
    label_bed_accept(&bed, s, PDF);
    assert_refused("label.twice", "page 2");
}

static void labels__a_page_with_two_numbers_is_refused(void **state)
{
    (void)state;
    int64_t s = label_bed_shipment(&bed, two_numbers, 2);
    two_pages();
    tools.codes[0] = "15501234567890/15501234567891";
    tools.codes[1] = two_numbers[1];
    label_bed_accept(&bed, s, PDF);
    assert_refused("label.ambiguous", "page 1");
}

static void labels__parcels_may_share_one_number(void **state)
{
    (void)state;
    static const char *const same[] = {"CONS123", "CONS123"};
    int64_t s = label_bed_shipment(&bed, same, 2);
    two_pages();
    tools.codes[0] = tools.codes[1] = "CONS123";
    label_bed_accept(&bed, s, PDF);
    assert_int_equal(bed.last.error, ERR_OK);
    assert_int_equal(page_of(s * 100 + 2, NULL), 1);
}

static void labels__any_word_of_the_rasteriser_refuses(void **state)
{
    (void)state;
    int64_t s = label_bed_shipment(&bed, one_number, 1);
    tools.words = "Config Error: No display font for 'Helvetica'\n";
    label_bed_accept(&bed, s, PDF);
    assert_refused("label.words", "No display font");
}

static void labels__a_rasteriser_in_trouble_is_named(void **state)
{
    (void)state;
    int64_t s = label_bed_shipment(&bed, one_number, 1);
    tools.over_limit = true;
    label_bed_accept(&bed, s, PDF);
    assert_refused("label.limits", "too long or too much");
    tools.over_limit = false;
    tools.code = 1;
    label_bed_accept(&bed, s, PDF);
    assert_refused("label.damaged", "cannot be drawn");
    tools.code = 0;
    tools.cut = 1;
    label_bed_accept(&bed, s, PDF);
    assert_refused("label.damaged", "not whole");
    tools.cut = 0;
    tools.widths[0] = 0;
    label_bed_accept(&bed, s, PDF);
    assert_refused("label.damaged", "no page");
    tools.no_rasteriser = true;
    label_bed_accept(&bed, s, PDF);
    assert_refused("label.no_rasteriser", "cannot be drawn on this station");
}

static void labels__the_number_of_pages_is_the_number_of_parcels(void **state)
{
    (void)state;
    int64_t one = label_bed_shipment(&bed, one_number, 1);
    two_pages();
    label_bed_accept(&bed, one, PDF);
    assert_refused("label.pages", "2 pages for 1 parcel");
    int64_t two = label_bed_shipment(&bed, two_numbers, 2);
    tools.widths[1] = 0;
    label_bed_accept(&bed, two, PDF);
    assert_refused("label.pages", "1 page for 2 parcels");
}

static void labels__a_wrong_size_is_refused_and_never_scaled(void **state)
{
    (void)state;
    static const struct {
        uint32_t width, height;
        const char *text; /* NULL: passes */
    } sizes[] = {
        {799, 1199, NULL},
        {812, 1218, NULL}, /* 4 x 6 inch */
        {775, 1199, NULL},
        {773, 1199, "page 1 is 97 x 150 mm, labels here are 100 x 150 mm"},
        {799, 1226, "100 x 153 mm"},
        {1653, 2339, "207 x 293 mm"},
        {1199, 799, "150 x 100 mm"},
        {400, 600, "50 x 75 mm"},
    };
    tools.no_reader = true;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        int64_t s = label_bed_shipment(&bed, one_number, 1);
        tools.widths[0] = sizes[i].width;
        tools.heights[0] = sizes[i].height;
        label_bed_accept(&bed, s, PDF);
        if (sizes[i].text == NULL) {
            assert_int_equal(bed.last.error, ERR_OK);
        } else {
            assert_int_equal(bed.last.error, ERR_REFUSED);
            assert_string_equal(bed.last.rule, "label.wrong_size");
            if (strstr(bed.last.text, sizes[i].text) == NULL) fail_msg("%s", bed.last.text);
        }
    }
}

static void labels__an_empty_page_is_refused(void **state)
{
    (void)state;
    int64_t s = label_bed_shipment(&bed, one_number, 1);
    tools.blank = true;
    label_bed_accept(&bed, s, PDF);
    assert_refused("label.blank", "page 1");
}

static void labels__what_is_no_label_is_named(void **state)
{
    (void)state;
    int64_t s = label_bed_shipment(&bed, one_number, 1);
    label_bed_accept(&bed, s, SLICE("<!DOCTYPE html><title>Error</title>"));
    assert_refused("label.not_pdf", "web page: <!DOCTYPE html>");
    label_bed_accept(&bed, s, SLICE("\x00\x01{\"error\"}"));
    assert_refused("label.not_pdf", "<NUL><SOH>");
    label_bed_accept(&bed, s, SLICE("\x89PNG\r\n\x1A\nrest"));
    assert_refused("label.damaged", "not a whole PNG");
    label_bed_accept(&bed, s, SLICE("^XA^FDX^FS~JA^XZ"));
    assert_refused("label.zpl", "immediate command");
    label_bed_accept(&bed, s, SLICE_NONE);
    assert_refused("label.empty", "empty");
    static uint8_t large[LABEL_DOCUMENT_MAX + 1] = "%PDF-";
    label_bed_accept(&bed, s, slice_of(large, sizeof large));
    assert_refused("label.too_large", "4194305 bytes");
}

static void labels__zpl_goes_to_the_parcel_it_names(void **state)
{
    (void)state;
    struct buf job = buf_new(LABEL_JOB_MAX);
    int64_t s = label_bed_shipment(&bed, two_numbers, 2);
    label_bed_accept(&bed, s,
                     SLICE("^XA^FO1,1^FD15501234567891^FS^XZ\n^XA^FO1,1^FD15501234567890^FS^XZ\n"));
    assert_int_equal(bed.last.error, ERR_OK);
    assert_false(bed.last.checked);
    assert_int_equal(labels_job(bed.st, s * 100 + 1, &job), ERR_OK);
    assert_string_equal(buf_cstr(&job), "^XA^CI28^LH0,0^PON^PMN^LRN^FWN^PQ1,0,1,N"
                                        "^FO1,1^FD15501234567890^FS^XZ");
    buf_clear(&job);
    label_bed_accept(&bed, s, SLICE("^XA^FDA^FS^XZ^XA^FDB^FS^XZ"));
    assert_int_equal(labels_job(bed.st, s * 100 + 2, &job), ERR_OK);
    assert_true(slice_find(buf_slice(&job), SLICE("^FDB^FS")) < job.len);
    buf_deinit(&job);
    int64_t one = label_bed_shipment(&bed, one_number, 1);
    label_bed_accept(&bed, one, SLICE("^XA^FDA^FS^XZ^XA^FDB^FS^XZ"));
    assert_string_equal(bed.last.rule, "label.pages");
}

static void labels__a_second_call_under_way_is_busy(void **state)
{
    (void)state;
    int64_t s = label_bed_shipment(&bed, one_number, 1);
    tools.codes[0] = one_number[0];
    assert_int_equal(labels_accept(bed.labels, s, PDF), ERR_OK);
    assert_int_equal(labels_accept(bed.labels, s, PDF), ERR_BUSY);
    label_bed_run(&bed, 1);
    assert_int_equal(bed.last.error, ERR_OK);
}

static void labels__a_shipment_without_numbers_is_not_taken(void **state)
{
    (void)state;
    static const char *const none[] = {"15501234567890", ""};
    int64_t s = label_bed_shipment(&bed, none, 2);
    assert_int_equal(labels_accept(bed.labels, s, PDF), ERR_INVALID);
    assert_int_equal(labels_accept(bed.labels, 999, PDF), ERR_NOTFOUND);
    s = label_bed_shipment(&bed, none, 0);
    assert_int_equal(labels_accept(bed.labels, s, PDF), ERR_NOTFOUND);
    assert_int_equal(label_bed_count(&bed, "SELECT count(*) FROM label_document"), 0);
}

static void labels__resume_from_the_stored_document(void **state)
{
    (void)state;
    int64_t s = label_bed_shipment(&bed, one_number, 1);
    tools.codes[0] = one_number[0];
    assert_int_equal(labels_resume(bed.labels, s), ERR_NOTFOUND);
    assert_int_equal(labels_accept(bed.labels, s, PDF), ERR_OK);
    assert_int_equal(store_commit(bed.st), ERR_OK);
    label_bed_restart(&bed);
    assert_int_equal(labels_resume(bed.labels, s), ERR_OK);
    label_bed_run(&bed, 1);
    assert_int_equal(bed.last.error, ERR_OK);
    assert_int_equal(page_of(s * 100 + 1, NULL), 0);
}

static void labels__a_damaged_job_is_never_handed_out(void **state)
{
    (void)state;
    struct buf job = buf_new(LABEL_JOB_MAX);
    sqlite3_stmt *q = NULL;
    int64_t s = label_bed_shipment(&bed, one_number, 1);
    assert_int_equal(labels_job(bed.st, s * 100 + 1, &job), ERR_NOTFOUND);
    tools.codes[0] = one_number[0];
    label_bed_accept(&bed, s, PDF);
    assert_int_equal(store_begin(bed.st), ERR_OK);
    assert_int_equal(
        store_prepare(bed.st, "UPDATE label SET bytes = CAST(bytes || 'X' AS BLOB)", &q), ERR_OK);
    assert_int_equal(store_run(bed.st, q), ERR_OK);
    assert_int_equal(labels_job(bed.st, s * 100 + 1, &job), ERR_CORRUPT);
    assert_int_equal(job.len, 0);
    buf_deinit(&job);
}

static void scan__is_compared_by_the_carriers_rule(void **state)
{
    (void)state;
    static const struct {
        const char *scan;
        const char *tracking;
        unsigned char match;
        bool same;
    } cases[] = {
        {"1Z999AA10123456784", "1Z999AA10123456784", CARRIER_MATCH_EQUAL, true},
        {"1Z 999 AA1 01 2345 6784", "1Z999AA10123456784", CARRIER_MATCH_EQUAL, true},
        {"1Z999AA10123456784X", "1Z999AA10123456784", CARRIER_MATCH_EQUAL, false},
        {"1z999aa10123456784", "1Z999AA10123456784", CARRIER_MATCH_EQUAL, false},
        {"%000SW1A1AA15501234567890101826", "15501234567890", CARRIER_MATCH_CONTAINS, true},
        {"%000SW1A1AA15501234567891101826", "15501234567890", CARRIER_MATCH_CONTAINS, false},
        {"1550123456789", "15501234567890", CARRIER_MATCH_CONTAINS, false},
        {"JD0002-001", "JD0002", CARRIER_MATCH_PREFIX, true},
        {"XJD0002", "JD0002", CARRIER_MATCH_PREFIX, false},
        {"ANYTHING", "", CARRIER_MATCH_CONTAINS, false},
        {"", "", CARRIER_MATCH_EQUAL, false},
        {"", "X", CARRIER_MATCH_CONTAINS, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        bed.config.site.carriers[0].match = cases[i].match;
        bool same = labels_scan_matches(&bed.config.site, BED_CARRIER, slice_text(cases[i].scan),
                                        cases[i].tracking);
        if (same != cases[i].same) fail_msg("case %zu", i);
    }
    bed.config.site.carriers[0].match = CARRIER_MATCH_CONTAINS;
    assert_false(labels_scan_matches(&bed.config.site, "OTHER", SLICE("XJD1"), "JD1"));
    assert_true(labels_scan_matches(&bed.config.site, "OTHER", SLICE("JD1"), "JD1"));
}

#define ON_BED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BED(labels__a_pdf_becomes_a_checked_job),
        ON_BED(labels__the_resolution_is_the_printers),
        ON_BED(labels__the_job_speaks_the_printers_language),
        ON_BED(labels__zpl_for_a_printer_of_another_language_is_refused),
        ON_BED(labels__a_page_goes_to_the_parcel_on_its_barcode),
        ON_BED(labels__without_a_reader_the_order_of_pages_decides),
        ON_BED(labels__a_reader_that_fails_checks_nothing),
        ON_BED(labels__a_page_of_somebody_else_is_refused),
        ON_BED(labels__a_page_with_two_numbers_is_refused),
        ON_BED(labels__parcels_may_share_one_number),
        ON_BED(labels__any_word_of_the_rasteriser_refuses),
        ON_BED(labels__a_rasteriser_in_trouble_is_named),
        ON_BED(labels__the_number_of_pages_is_the_number_of_parcels),
        ON_BED(labels__a_wrong_size_is_refused_and_never_scaled),
        ON_BED(labels__an_empty_page_is_refused),
        ON_BED(labels__what_is_no_label_is_named),
        ON_BED(labels__zpl_goes_to_the_parcel_it_names),
        ON_BED(labels__a_second_call_under_way_is_busy),
        ON_BED(labels__a_shipment_without_numbers_is_not_taken),
        ON_BED(labels__resume_from_the_stored_document),
        ON_BED(labels__a_damaged_job_is_never_handed_out),
        ON_BED(scan__is_compared_by_the_carriers_rule),
    };
    return cmocka_run_group_tests_name("labels", tests, NULL, NULL);
}
