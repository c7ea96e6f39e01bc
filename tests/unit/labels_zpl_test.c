/* ZPL from carriers: only what a label holds passes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/labels/labels.h"
#include "firmware/labels/zpl_check.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* ------------------------------------------------------------------------- from the carrier -- */

static void zpl__a_plain_label_passes(void **state)
{
    (void)state;
    struct zpl_formats f;
    char text[SAY_CAP];
    static const char doc[] = "\n^XA\n^CI28^PW812^LL1218^LH0,0\n^FO40,60^A0N,60,60^FH^FDM_C3_BCller"
                              "^FS^FX note\n^FO1,1^GB700,3,3^FS^FO80,760^BY3^BCN,250,Y,N,N,A"
                              "^FDJD0002^FS^FO0,0^GFA,4,4,2,FF,:^FS^PQ1,0,1,Y^XZ\r\n"
                              "^xa^fo1,1^a0n,20,20^fdPARCEL 2^fs^xz";
    assert_int_equal(zpl_check(slice_text(doc), &f, text), ERR_OK);
    assert_int_equal(f.count, 2);
    assert_true(slice_is(f.at[1], "^fo1,1^a0n,20,20^fdPARCEL 2^fs"));
    struct buf job = buf_new(4096);
    zpl_format_to_job(f.at[1], &job);
    assert_string_equal(buf_cstr(&job), "^XA^CI28^LH0,0^PON^PMN^LRN^FWN^PQ1,0,1,N"
                                        "^fo1,1^a0n,20,20^fdPARCEL 2^fs^XZ");
    buf_deinit(&job);
}

static const char *const refused[] = {
    "",
    "   ",
    "HELLO",
    "^FO1,1^FDX^FS",
    "^XA^FDX^FS",
    "^FDX^FS^XZ",
    "^XA^XA^FDX^FS^XZ",
    "^XA^FDX^FS^XZ^XZ",
    "^XA^FDX^FS^XZ^FDY^FS",
    "junk^XA^FDX^FS^XZ",
    "^XA^FDX^FS^XZ junk",
    "^XA^FDX~JA^FS^XZ",
    "^XA~DGR:X.GRF,1,1,FF^FDX^FS^XZ",
    "^XA^CC+^FDX^FS^XZ",
    "^XA^cc+^FDX^FS^XZ",
    "^XA^CT+^FDX^FS^XZ",
    "^XA^CD;^FDX^FS^XZ",
    "^XA^JUF^FDX^FS^XZ",
    "^XA^KP1234^FDX^FS^XZ",
    "^XA^ND2,P^FDX^FS^XZ",
    "^XA^NS1^FDX^FS^XZ",
    "^XA^DFR:A.ZPL^FS^XZ",
    "^XA^XFR:A.ZPL^FS^XZ",
    "^XA^IDR:*.*^FS^XZ",
    "^XA^TOR:A,E:A^FS^XZ",
    "^XA^HH^XZ",
    "^XA^HV1,20,A,B,L^FS^XZ",
    "^XA^SXO,A,Y,Y^FDX^FS^XZ",
    "^XA^MUM^FDX^FS^XZ",
    "^XA^FN1^FDX^FS^XZ",
    "^XA^MMC^FDX^FS^XZ",
    "^XA^FDX^FS^PQ2^XZ",
    "^XA^FDX^FS^PQ0^XZ",
    "^XA^FDX^FS^PQ1,0,3^XZ",
    "^XA^FDX^FS^PQ^XZ",
    "^XA^FDX^FS^PQ 1x^XZ",
    "^XA^GFB,4,4,2,....^FS^XZ",
    "^XA^FDX\n! U1 setvar \"ip.addr\" \"1\"\r\n^FS^XZ",
    "! U1 do\n^XA^FDX^FS^XZ",
    "^XA^FDX\x1B^FS^XZ",
    "^XA^FDX\x02^FS^XZ",
    "^XA^FDX^FS^XZ\x03",
    "^XA^^FDX^FS^XZ",
    "^XA^",
    "^",
};

static void zpl__anything_but_a_label_is_refused_in_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct zpl_formats f;
        char text[SAY_CAP] = "";
        err_t e = zpl_check(slice_text(refused[i]), &f, text);
        if (e != ERR_REFUSED) fail_msg("passed: %s", refused[i]);
        assert_true(strlen(text) > 10);
    }
}

static void zpl__a_nul_byte_is_refused(void **state)
{
    (void)state;
    struct zpl_formats f;
    char text[SAY_CAP];
    assert_int_equal(zpl_check(SLICE("^XA^FDX\0Y^FS^XZ"), &f, text), ERR_REFUSED);
}

static void zpl__more_labels_than_parcels_can_be_are_counted_not_kept(void **state)
{
    (void)state;
    struct zpl_formats f;
    char text[SAY_CAP];
    struct buf doc = buf_new(1u << 20);
    for (int i = 0; i < 1000; i++) {
        buf_text(&doc, "^XA^FDX^FS^XZ");
    }
    assert_int_equal(zpl_check(buf_slice(&doc), &f, text), ERR_OK);
    assert_int_equal(f.count, 1000);
    buf_deinit(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zpl__a_plain_label_passes),
        cmocka_unit_test(zpl__anything_but_a_label_is_refused_in_words),
        cmocka_unit_test(zpl__a_nul_byte_is_refused),
        cmocka_unit_test(zpl__more_labels_than_parcels_can_be_are_counted_not_kept),
    };
    return cmocka_run_group_tests_name("labels_zpl", tests, NULL, NULL);
}
