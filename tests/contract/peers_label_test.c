#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/packpeers/label.h"
#include "tools/packpeers/tracking.h"

/* Independent judges: poppler rasterises as the station does, zbar decodes. */

struct desk {
    char dir[64];
};

static int set_up(void **state)
{
    struct desk *d = calloc(1, sizeof *d);
    if (!d) return -1;
    (void)snprintf(d->dir, sizeof d->dir, "/tmp/peers_label_XXXXXX");
    if (!mkdtemp(d->dir)) return -1;
    *state = d;
    return 0;
}

static int run(const struct desk *d, const char *command, char *out, size_t cap)
{
    char line[400];
    (void)snprintf(line, sizeof line, "cd %s && %s", d->dir, command);
    FILE *pipe = popen(line, "r");
    assert_non_null(pipe);
    size_t n = fread(out, 1, cap - 1, pipe);
    out[n] = 0;
    return pclose(pipe);
}

static int tear_down(void **state)
{
    struct desk *d = *state;
    char out[8];
    int rc = run(d, "rm -f * && rmdir \"$PWD\"", out, sizeof out);
    free(d);
    return rc;
}

static void save(const struct desk *d, const char *name, struct buf *b)
{
    char path[128];
    assert_false(b->overflow);
    (void)snprintf(path, sizeof path, "%s/%s", d->dir, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(b->ptr, 1, b->len, f), b->len);
    assert_int_equal(fclose(f), 0);
    buf_deinit(b);
}

static const struct address leeds = {.name = "^XA~JA \"<script>\" \xf0\x9f\x93\xa6 (Zo\xc3\xab)",
                                     .line1 = "12 Mill Lane \\ ) ( >",
                                     .town = "Leeds",
                                     .county = "West Yorkshire",
                                     .postcode = "LS1 4AP",
                                     .country = "GB"};

static struct label_page page_with(const char *tracking, uint32_t number, uint32_t of)
{
    return (struct label_page){
        .carrier = "DPD",
        .service = "DPD Next Day",
        .ship_to = &leeds,
        .order = "WEB-10427",
        .tracking = tracking,
        .barcode = tracking,
        .note = "Leave with the neighbour at number 9 if out, please ring twice; "
                "the bell is broken, so knock on the blue side gate instead.",
        .number = number,
        .of = of,
        .weight = 7810};
}

static void decodes_to(const struct desk *d, const char *picture, const char *tracking)
{
    char command[160];
    char out[256];
    (void)snprintf(command, sizeof command,
                   "zbarimg --quiet --raw -S*.enable=0 -Scode128.enable=1 %s 2>/dev/null", picture);
    assert_int_equal(run(d, command, out, sizeof out), 0);
    out[strcspn(out, "\n")] = 0;
    assert_string_equal(out, tracking);
}

static void label__pdf_rasterises_silently_and_decodes(void **state)
{
    const struct desk *d = *state;
    struct peers *p = peers_new(NULL);
    static const char *const carriers[] = {"DPD", "ROYALMAIL", "YODEL"};
    struct label_page pages[3];
    char out[512];
    for (uint32_t i = 0; i < 3; i++)
        pages[i] = page_with(tracking_make(p, carriers[i], 17 + i), i + 1, 3);
    for (int size = 0; size < 2; size++) {
        struct buf pdf = buf_new((size_t)1024 * 1024);
        label_pdf(&pdf, pages, 3, size ? PDF_4X6 : PDF_100X150, false);
        save(d, "l.pdf", &pdf);
        assert_int_equal(run(d, "pdftoppm -r 203 -gray l.pdf l 2>&1", out, sizeof out), 0);
        assert_string_equal(out, "");
        assert_int_equal(run(d, "ls l-*.pgm | wc -l", out, sizeof out), 0);
        assert_string_equal(out, "3\n");
        for (int i = 0; i < 3; i++) {
            char name[32];
            (void)snprintf(name, sizeof name, "l-%d.pgm", i + 1);
            decodes_to(d, name, pages[i].tracking);
        }
    }
    peers_free(p);
}

static void label__pdf_says_what_a_person_reads(void **state)
{
    const struct desk *d = *state;
    struct label_page page = page_with("RB123456785GB", 2, 3);
    char out[2048];
    struct buf pdf = buf_new((size_t)1024 * 1024);
    label_pdf(&pdf, &page, 1, PDF_100X150, false);
    save(d, "t.pdf", &pdf);
    assert_int_equal(run(d, "pdftotext -layout t.pdf - 2>&1", out, sizeof out), 0);
    static const char *const words[] = {"DPD Next Day", "LS1 4AP",   "Parcel 2 of 3",
                                        "WEB-10427",    "7.81 kg",   "RB123456785GB",
                                        "neighbour",    "Zo\xc3\xab"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        assert_non_null(strstr(out, words[i]));
    assert_int_equal(run(d, "pdfinfo t.pdf 2>&1", out, sizeof out), 0);
    assert_non_null(strstr(out, "283.46 x 425.2 pts"));
}

static void label__png_decodes(void **state)
{
    const struct desk *d = *state;
    struct label_page page = page_with("JD0002220000000017", 1, 1);
    struct buf png = buf_new((size_t)1024 * 1024);
    char out[256];
    label_png(&png, &page);
    save(d, "l.png", &png);
    decodes_to(d, "l.png", "JD0002220000000017");
    assert_int_equal(
        run(d, "pngtopnm l.png 2>/dev/null | head -c 12 | tr '\\n' ' '", out, sizeof out), 0);
    if (out[0]) assert_non_null(strstr(out, "812 1218"));
}

static void label__bad_ones_are_bad_as_named(void **state)
{
    const struct desk *d = *state;
    struct label_page page = page_with("RB123456785GB", 1, 1);
    char out[2048];
    struct buf pdf = buf_new((size_t)1024 * 1024);
    label_pdf(&pdf, &page, 1, PDF_A4, true);
    save(d, "b.pdf", &pdf);
    assert_int_equal(run(d, "pdfinfo b.pdf 2>&1", out, sizeof out), 0);
    assert_non_null(strstr(out, "Pages:           2"));
    assert_non_null(strstr(out, "595 x 842"));
}

static void tracking__check_characters_are_right(void **state)
{
    (void)state;
    assert_int_equal(tracking_s10(SLICE("12345678")), '5');
    assert_int_equal(tracking_gs1(SLICE("400638133393")), '1');
    /* ISO 7064 MOD 37,36, worked example of the GRid standard: A1-2425GABC1234002-M. */
    assert_int_equal(tracking_mod37(SLICE("A12425GABC1234002")), 'M');
    assert_int_equal(tracking_mod37(SLICE("a")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(label__pdf_rasterises_silently_and_decodes),
        cmocka_unit_test(label__pdf_says_what_a_person_reads),
        cmocka_unit_test(label__png_decodes),
        cmocka_unit_test(label__bad_ones_are_bad_as_named),
        cmocka_unit_test(tracking__check_characters_are_right),
    };
    return cmocka_run_group_tests_name("peers_label", tests, set_up, tear_down);
}
