/* A carrier's document on the real HAL, through poppler and the barcode reader, onto paper: the
 * picture of the printed label is read back by an independent decoder (zbarimg). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "hal/linux/hal_linux.h"
#include "firmware/labels/paper.h"
#include "tests/support/label_bed.h"
#include "tools/packpeers/label.h"
#include "tools/virtual/zpl_printer.h"
#include "tools/virtual/zpl_render.h"

#define DOCUMENT_MAX (4u << 20)

struct desk {
    struct label_bed bed;
    struct hal *hal;
    struct buf document;
    char dir[64];
};

static const char *const numbers[] = {"15501234567890", "15501234567891", "15501234567892"};

/* packd-barcodes lies two directories above the tests. */
static void reader_path(char *out, size_t cap)
{
    ssize_t n = readlink("/proc/self/exe", out, cap - 32);
    assert_true(n > 0);
    out[n] = '\0';
    for (int i = 0; i < 3; i++) {
        char *slash = strrchr(out, '/');
        assert_non_null(slash);
        *slash = '\0';
    }
    size_t len = strlen(out);
    (void)snprintf(out + len, cap - len, "/packd-barcodes");
}

static int set_up(void **state)
{
    char reader[512];
    struct desk *d = calloc(1, sizeof *d);
    (void)snprintf(d->dir, sizeof d->dir, "/tmp/packd-paper-XXXXXX");
    assert_non_null(mkdtemp(d->dir));
    reader_path(reader, sizeof reader);
    const struct hal_linux_options options = {.config_dir = d->dir,
                                              .credentials_dir = d->dir,
                                              .state_dir = d->dir,
                                              .barcode_tool = reader};
    assert_int_equal(hal_linux_open(&options, &d->hal), ERR_OK);
    label_bed_open(&d->bed, d->hal);
    d->document = buf_new(DOCUMENT_MAX);
    *state = d;
    return 0;
}

static int tear_down(void **state)
{
    struct desk *d = *state;
    buf_deinit(&d->document);
    label_bed_close(&d->bed);
    hal_linux_close(d->hal);
    int rc = rmdir(d->dir);
    free(d);
    return rc;
}

static struct label_page page_with(const char *number, uint32_t n, uint32_t of)
{
    static const struct address leeds = {.name = "^XZ~JA \"Zo\xc3\xab\"",
                                         .line1 = "12 Mill Lane",
                                         .town = "Leeds",
                                         .postcode = "LS1 4AP",
                                         .country = "GB"};
    return (struct label_page){.carrier = "DPD",
                               .service = "DPD Next Day",
                               .ship_to = &leeds,
                               .order = "WEB-10427",
                               .tracking = number,
                               .barcode = number,
                               .number = n,
                               .of = of,
                               .weight = 7810};
}

/* Reads the picture of `zpl` with zbarimg. */
static void assert_reads(const struct desk *d, struct slice zpl, const char *number)
{
    char path[96];
    char line[256];
    char said[256] = "";
    struct zpl_picture p;
    struct buf png = buf_new(DOCUMENT_MAX);
    assert_int_equal(zpl_render(zpl, &p), ERR_OK);
    assert_int_equal(zpl_picture_png(&p, &png), ERR_OK);
    (void)snprintf(path, sizeof path, "%s/label.png", d->dir);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(png.ptr, 1, png.len, f), png.len);
    assert_int_equal(fclose(f), 0);
    (void)snprintf(line, sizeof line, "zbarimg --quiet --nodbus --raw %s", path);
    FILE *reader = popen(line, "r");
    assert_non_null(reader);
    size_t n = fread(said, 1, sizeof said - 1, reader);
    assert_int_equal(pclose(reader), 0);
    said[n] = '\0';
    said[strcspn(said, "\n")] = '\0';
    assert_string_equal(said, number);
    assert_int_equal(unlink(path), 0);
    buf_deinit(&png);
    zpl_picture_free(&p);
}

/* Prints a parcel's job on a printer and reads what came out. */
static void assert_prints(struct desk *d, int64_t parcel_id, const char *number, bool want_checked)
{
    bool checked = false;
    struct buf job = buf_new(LABEL_JOB_MAX);
    struct zpl_printer *printer = zpl_printer_new(NULL);
    assert_int_equal(label_bed_job(&d->bed, parcel_id, &job, &checked), ERR_OK);
    assert_int_equal(checked, want_checked);
    assert_int_equal(zpl_printer_accept(printer, buf_slice(&job), (mono_t){0}), job.len);
    zpl_printer_tick(printer, (mono_t){60000});
    assert_int_equal(zpl_printer_label_count(printer), 1);
    assert_int_equal(zpl_printer_strangers(printer), 0);
    assert_reads(d, zpl_printer_label(printer, 0).zpl, number);
    print_message("label of %s: %zu bytes\n", number, job.len);
    zpl_printer_free(printer);
    buf_deinit(&job);
}

static void assert_refused(struct desk *d, const char *rule)
{
    int64_t s = label_bed_shipment(&d->bed, numbers, 1);
    label_bed_accept(&d->bed, s, buf_slice(&d->document));
    assert_int_equal(d->bed.last.error, ERR_REFUSED);
    if (strcmp(d->bed.last.rule, rule) != 0) {
        fail_msg("%s: %s", d->bed.last.rule, d->bed.last.text);
    }
}

/* The document's pages are in the opposite order of the parcels. */
static void print_three(struct desk *d, struct pdf_size size)
{
    struct label_page pages[3];
    int64_t s = label_bed_shipment(&d->bed, numbers, 3);
    for (uint32_t i = 0; i < 3; i++) {
        pages[i] = page_with(numbers[2 - i], 3 - i, 3);
    }
    buf_clear(&d->document);
    label_pdf(&d->document, pages, 3, size, false);
    label_bed_accept(&d->bed, s, buf_slice(&d->document));
    if (d->bed.last.error) fail_msg("%s: %s", d->bed.last.rule, d->bed.last.text);
    assert_true(d->bed.last.checked);
    for (int64_t i = 0; i < 3; i++) {
        assert_prints(d, s * 100 + 1 + i, numbers[i], true);
    }
}

static void label__each_page_prints_for_the_parcel_on_its_barcode(void **state)
{
    struct desk *d = *state;
    print_three(d, PDF_100X150);
    print_three(d, PDF_4X6);
    d->bed.config.station.printer_dpi = 300;
    print_three(d, PDF_100X150);
}

static void label__of_a_stranger_never_becomes_a_job(void **state)
{
    struct desk *d = *state;
    struct label_page page = page_with(numbers[0], 1, 1);
    page.barcode = "JD0002220099999999";
    label_pdf(&d->document, &page, 1, PDF_100X150, false);
    assert_refused(d, "label.foreign");
}

static void label__of_a_wrong_kind_is_refused_by_its_rule(void **state)
{
    struct desk *d = *state;
    struct label_page page = page_with(numbers[0], 1, 1);
    label_pdf(&d->document, &page, 1, PDF_A4, false);
    assert_refused(d, "label.wrong_size");
    buf_clear(&d->document);
    label_pdf(&d->document, &page, 1, PDF_100X150, true);
    assert_refused(d, "label.pages");
    buf_clear(&d->document);
    label_pdf(&d->document, &page, 1, PDF_100X150, false);
    d->document.len /= 2;
    assert_refused(d, "label.words");
    buf_clear(&d->document);
    label_pdf(&d->document, &page, 1, (struct pdf_size){4300, 4300}, false);
    assert_refused(d, "label.limits");
    buf_clear(&d->document);
    label_pdf(&d->document, &page, 1, (struct pdf_size){14400, 14400}, false);
    assert_refused(d, "label.words");
    buf_clear(&d->document);
    buf_text(&d->document, "%PDF-1.4\n<html>not a PDF</html>");
    assert_refused(d, "label.words");
}

static void label__png_is_read_and_printed(void **state)
{
    struct desk *d = *state;
    struct label_page page = page_with(numbers[0], 1, 1);
    int64_t s = label_bed_shipment(&d->bed, numbers, 1);
    label_png(&d->document, &page);
    label_bed_accept(&d->bed, s, buf_slice(&d->document));
    if (d->bed.last.error) fail_msg("%s: %s", d->bed.last.rule, d->bed.last.text);
    assert_prints(d, s * 100 + 1, numbers[0], true);
}

static void label__zpl_is_checked_and_printed(void **state)
{
    struct desk *d = *state;
    struct label_page pages[2] = {page_with(numbers[1], 2, 2), page_with(numbers[0], 1, 2)};
    int64_t s = label_bed_shipment(&d->bed, numbers, 2);
    label_zpl(&d->document, pages, 2);
    label_bed_accept(&d->bed, s, buf_slice(&d->document));
    if (d->bed.last.error) fail_msg("%s: %s", d->bed.last.rule, d->bed.last.text);
    assert_prints(d, s * 100 + 1, numbers[0], false);
    assert_prints(d, s * 100 + 2, numbers[1], false);
}

static void tag__is_read_back(void **state)
{
    struct desk *d = *state;
    struct buf zpl = buf_new(LABEL_JOB_MAX);
    const struct paper_stock stock = {"zpl", 203, 100, 150};
    const struct paper_fields tag = {.title = "HOLD",
                                     .reference = "WEB-10427 ^XZ~JA",
                                     .code = "PB7-k3x9q2f1-123",
                                     .line = "label not known yet"};
    assert_int_equal(paper_job(PAPER_HOLD_TAG, &tag, &stock, &zpl), ERR_OK);
    assert_reads(d, buf_slice(&zpl), tag.code);
    buf_deinit(&zpl);
}

#define ON_DESK(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_DESK(label__each_page_prints_for_the_parcel_on_its_barcode),
        ON_DESK(label__of_a_stranger_never_becomes_a_job),
        ON_DESK(label__of_a_wrong_kind_is_refused_by_its_rule),
        ON_DESK(label__png_is_read_and_printed),
        ON_DESK(label__zpl_is_checked_and_printed),
        ON_DESK(tag__is_read_back),
    };
    return cmocka_run_group_tests_name("label_print", tests, NULL, NULL);
}
