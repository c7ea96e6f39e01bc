/* Slices, buffers, text, quantities, clock, digests, errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clock.h"
#include "firmware/base/digest.h"
#include "firmware/base/mem.h"
#include "firmware/base/qty.h"
#include "firmware/base/text.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static void err__names_every_value(void **state)
{
    (void)state;
    for (int e = 0; e < ERR_COUNT; e++) {
        assert_true(strlen(err_text((err_t)e)) > 1);
        assert_int_equal(strncmp(err_name((err_t)e), "ERR_", 4), 0);
    }
    assert_non_null(err_text((err_t)999));
    assert_string_equal(err_name((err_t)999), "ERR_?");
}

static void mem__gives_zeroed_blocks_and_keeps_contents(void **state)
{
    (void)state;
    uint8_t *p = mem_alloc(64);
    for (int i = 0; i < 64; i++) {
        assert_int_equal(p[i], 0);
    }
    p[63] = 7;
    p = mem_resize(p, 4096);
    assert_int_equal(p[63], 7);
    mem_free(p);
    mem_free(NULL);
    AUTO_MEM void *freed_by_itself = mem_alloc(0);
    assert_non_null(freed_by_itself);
}

static void slice__finds_cuts_and_compares(void **state)
{
    (void)state;
    struct slice s = SLICE(" \tabcabd\r\n");
    assert_true(slice_is(slice_trim(s), "abcabd"));
    assert_int_equal(slice_find(s, SLICE("abd")), 5);
    assert_int_equal(slice_find(s, SLICE("zz")), s.len);
    assert_int_equal(slice_find(s, SLICE("abd\r\nx")), s.len);
    assert_int_equal(slice_find(s, SLICE_NONE), 0);
    assert_int_equal(slice_find(SLICE_NONE, s), 0);
    assert_int_equal(slice_find_byte(SLICE_NONE, 'a'), 0);
    assert_int_equal(slice_sub(s, 5, 2).len, 0);
    assert_int_equal(slice_sub(s, 8, 200).len, 2);
    assert_true(slice_is_nocase(SLICE("Retry-AFTER"), "retry-after"));
    assert_false(slice_is_nocase(SLICE("Retry"), "retry-after"));
    assert_true(slice_starts(SLICE("abc"), ""));
    assert_false(slice_starts(SLICE("ab"), "abc"));
    assert_true(slice_eq(SLICE_NONE, slice_text(NULL)));
    assert_int_equal(slice_trim(SLICE("  ")).len, 0);
}

static void slice__copies_only_what_fits_and_is_text(void **state)
{
    (void)state;
    char out[4] = "xyz";
    assert_int_equal(slice_copy(SLICE("abc"), out, sizeof out), ERR_OK);
    assert_string_equal(out, "abc");
    assert_int_equal(slice_copy(SLICE("abcd"), out, sizeof out), ERR_NOSPACE);
    assert_string_equal(out, "");
    assert_int_equal(slice_copy(SLICE("a\0b"), out, sizeof out), ERR_INVALID);
    assert_int_equal(slice_copy(SLICE_NONE, out, 1), ERR_OK);
}

static void buf__remembers_overflow(void **state)
{
    (void)state;
    char room[5];
    struct buf b = buf_over(room, sizeof room);
    buf_text(&b, "abcd");
    assert_string_equal(buf_cstr(&b), "abcd");
    buf_text(&b, "efg");
    assert_true(b.overflow);
    assert_int_equal(b.len, 5);
    buf_byte(&b, 'x');
    assert_string_equal(buf_cstr(&b), "");
    buf_clear(&b);
    buf_text(&b, "12345");
    assert_false(b.overflow);
    assert_string_equal(buf_cstr(&b), "");
    assert_true(b.overflow);
}

static void buf__grows_up_to_its_maximum(void **state)
{
    (void)state;
    struct buf b = buf_new(1000);
    assert_string_equal(buf_cstr(&b), "");
    for (int i = 0; i < 100; i++) {
        buf_printf(&b, "%010d", i);
    }
    assert_false(b.overflow);
    assert_int_equal(b.len, 1000);
    assert_int_equal(strlen(buf_cstr(&b)), 1000);
    buf_byte(&b, '!');
    assert_true(b.overflow);
    assert_int_equal(b.len, 1000);
    buf_deinit(&b);
    buf_printf(&b, "%0*d", 700, 5);
    assert_int_equal(b.len, 700);
    buf_deinit(&b);
    buf_deinit(NULL);
}

static void text__reads_integers_within_their_range(void **state)
{
    (void)state;
    int64_t n = 77;
    assert_int_equal(text_int(SLICE("9223372036854775807"), 0, INT64_MAX, &n), ERR_OK);
    assert_true(n == INT64_MAX);
    assert_int_equal(text_int(SLICE("-9223372036854775808"), INT64_MIN, 0, &n), ERR_OK);
    assert_true(n == INT64_MIN);
    n = 77;
    static const char *const BAD[] = {"",
                                      "-",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1.0",
                                      "0x1",
                                      "1e3",
                                      "-1",
                                      "101",
                                      "--1",
                                      "9223372036854775808",
                                      "99999999999999999999"};
    for (size_t i = 0; i < COUNT(BAD); i++) {
        assert_int_equal(text_int(slice_text(BAD[i]), 0, 100, &n), ERR_PROTO);
    }
    assert_int_equal(text_int(SLICE("9223372036854775808"), INT64_MIN, INT64_MAX, &n), ERR_PROTO);
    assert_int_equal(n, 77);
}

static void text__knows_utf8(void **state)
{
    (void)state;
    assert_true(text_is_utf8(SLICE("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80")));
    static const char *const BAD[] = {
        "\xC0\x80",         "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\x80",
        "\xF8\x88\x80\x80", "\xE0\x80\x80", "\xF0\x80\x80\x80", "a\xC3"};
    for (size_t i = 0; i < COUNT(BAD); i++) {
        assert_false(text_is_utf8(slice_text(BAD[i])));
    }
    assert_int_equal(text_prefix(SLICE("a\xC3\xA4\xE2\x82\xAC!"), 2), 3);
    assert_int_equal(text_prefix(SLICE("a\xC3\xA4"), 9), 3);
    assert_int_equal(text_prefix(SLICE("\xC3\xA4"), 0), 0);
    assert_true(text_is_print(SLICE("A~ ")));
    assert_false(text_is_print(SLICE("A\n")));
}

static void check_encoding(void (*encode)(struct buf *, struct slice), struct slice in,
                           const char *expected)
{
    char room[128];
    struct buf b = buf_over(room, sizeof room);
    encode(&b, in);
    assert_string_equal(buf_cstr(&b), expected);
}

static void text__encodes(void **state)
{
    (void)state;
    check_encoding(text_percent, SLICE("a b/~\xC3\xA4"), "a%20b%2F~%C3%A4");
    check_encoding(text_html, SLICE("<a href='x'>&\""), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;");
    check_encoding(text_hex, SLICE("\x00\xff\x1a"), "00ff1a");
    check_encoding(text_base64, SLICE("f"), "Zg==");
    check_encoding(text_base64, SLICE("fo"), "Zm8=");
    check_encoding(text_base64, SLICE("foo"), "Zm9v");
    check_encoding(text_base64, SLICE("\xff\xff\xfe"), "///+");
    check_encoding(text_base64url,
                   SLICE("\xff\xff\xfe"
                         "f"),
                   "___-Zg");
    check_encoding(text_base64, SLICE_NONE, "");
}

static void text__decodes_percent(void **state)
{
    (void)state;
    char room[32];
    struct buf b = buf_over(room, sizeof room);
    assert_int_equal(text_unpercent(&b, SLICE("a%20b+c%2f"), true), ERR_OK);
    assert_string_equal(buf_cstr(&b), "a b c/");
    assert_int_equal(text_unpercent(&b, SLICE("%2"), true), ERR_PROTO);
    assert_int_equal(text_unpercent(&b, SLICE("%"), true), ERR_PROTO);
    assert_int_equal(text_unpercent(&b, SLICE("%zz"), true), ERR_PROTO);
    buf_clear(&b);
    assert_int_equal(text_unpercent(&b, SLICE("a+b"), false), ERR_OK);
    assert_string_equal(buf_cstr(&b), "a+b");
}

static void text__shows_control_bytes(void **state)
{
    (void)state;
    char room[64];
    struct buf b = buf_over(room, sizeof room);
    text_visible(&b,
                 SLICE("]d2\x1d"
                       "01\r\x7f\xe9zz"),
                 9);
    assert_string_equal(buf_cstr(&b), "]d2<GS>01<CR>\\x7f\\xe9...");
    assert_true(text_compare_nocase(SLICE("ABC"), SLICE("abd")) < 0);
    assert_int_equal(text_compare_nocase(SLICE("AbC"), SLICE("aBc")), 0);
    assert_true(text_compare_nocase(SLICE("ab"), SLICE("a")) > 0);
}

static void qty__is_exact(void **state)
{
    (void)state;
    char text[QTY_TEXT_CAP];
    qty_t q = QTY_ZERO;
    assert_int_equal(qty_parse(SLICE("10.0"), &q), ERR_OK);
    assert_true(q.milli == 10000 && qty_is_whole(q));
    assert_string_equal(qty_text(q, text), "10");
    assert_int_equal(qty_parse(SLICE("0.5000"), &q), ERR_OK);
    assert_false(qty_is_whole(q));
    assert_string_equal(qty_text(q, text), "0.5");
    assert_int_equal(qty_parse(SLICE("1000000000"), &q), ERR_OK);
    assert_string_equal(qty_text(q, text), "1000000000");
    assert_string_equal(qty_text(QTY_ZERO, text), "0");
    static const char *const BAD[] = {
        "", "-1", "1.", ".5", "1e3", "1,5", "0.1234", "1.0.0", "1000000000.001", " 1"};
    for (size_t i = 0; i < COUNT(BAD); i++) {
        assert_int_equal(qty_parse(slice_text(BAD[i]), &q), ERR_PROTO);
    }
}

static void clock__writes_and_reads_iso(void **state)
{
    (void)state;
    char text[CLOCK_ISO_CAP];
    int64_t ms = 0;
    assert_int_equal(clock_parse(SLICE("2026-03-11T15:58:12.040Z"), &ms), ERR_OK);
    assert_true(ms == INT64_C(1773244692040));
    assert_string_equal(clock_iso(ms, text), "2026-03-11T15:58:12.040Z");
    assert_string_equal(clock_iso(0, text), "1970-01-01T00:00:00.000Z");
    assert_string_equal(clock_iso(-1, text), "1969-12-31T23:59:59.999Z");
    assert_string_equal(clock_iso(INT64_MAX, text), "9999-12-31T23:59:59.999Z");
    assert_string_equal(clock_iso(INT64_MIN, text), "0001-01-01T00:00:00.000Z");
    for (int64_t day = -800000; day < 800000; day += 997) {
        int64_t back = 0;
        clock_iso(day * 86400000, text);
        if (strncmp(text, "0001", 4) == 0) continue;
        assert_int_equal(clock_parse(slice_text(text), &back), ERR_OK);
        assert_true(back == day * 86400000);
    }
}

static void clock__reads_the_forms_servers_send(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } GOOD[] = {
        {"2026-03-10T08:00:00Z", INT64_C(1773129600000)},
        {"2026-03-10T10:00:00+02:00", INT64_C(1773129600000)},
        {"2026-03-10T02:30:00-0530", INT64_C(1773129600000)},
        {"2026-03-10T10:00:00+02", INT64_C(1773129600000)},
        {"2023-11-09T10:06:36.593+00:00", INT64_C(1699524396593)},
        {"2023-11-09T10:06:36.593123456Z", INT64_C(1699524396593)},
        {"2026-03-11", INT64_C(1773187200000)},
        {"2024-02-29", INT64_C(1709164800000)},
    };
    for (size_t i = 0; i < COUNT(GOOD); i++) {
        int64_t ms = 0;
        assert_int_equal(clock_parse(slice_text(GOOD[i].text), &ms), ERR_OK);
        assert_true(ms == GOOD[i].ms);
    }
    static const char *const BAD[] = {"",
                                      "2026",
                                      "2026-13-01",
                                      "2023-02-29",
                                      "2026-03-11T",
                                      "2026-03-11T10:00:00",
                                      "2026-03-11T10:00Z",
                                      "2026-03-11T24:00:00Z",
                                      "2026-03-11T10:00:00.Z",
                                      "2026-03-11T10:00:00Zx",
                                      "2026-03-11T10:00:00+2",
                                      "0000-01-01",
                                      "11.03.2026"};
    for (size_t i = 0; i < COUNT(BAD); i++) {
        int64_t ms = 0;
        assert_int_equal(clock_parse(slice_text(BAD[i]), &ms), ERR_PROTO);
    }
}

static void clock__reads_http_dates(void **state)
{
    (void)state;
    int64_t ms = 0;
    assert_int_equal(clock_parse_http(SLICE("Sun, 06 Nov 1994 08:49:37 GMT"), &ms), ERR_OK);
    assert_true(ms == INT64_C(784111777000));
    assert_int_equal(clock_parse_http(SLICE("Sun, 06 Nov 1994 08:49:37 CET"), &ms), ERR_PROTO);
    assert_int_equal(clock_parse_http(SLICE("06 Nov 1994 08:49:37 GMT"), &ms), ERR_PROTO);
    assert_int_equal(clock_parse_http(SLICE("120"), &ms), ERR_PROTO);
    assert_int_equal(clock_parse_http(SLICE("Sun, 31 Feb 1994 08:49:37 GMT"), &ms), ERR_PROTO);
}

static void clock__saturates(void **state)
{
    (void)state;
    assert_true(mono_plus(MONO_NEVER, 5).ms == INT64_MAX);
    assert_true(mono_plus((mono_t){-10}, INT64_MIN).ms == INT64_MIN);
    assert_true(mono_plus((mono_t){10}, 5).ms == 15);
    assert_true(mono_reached((mono_t){10}, (mono_t){10}));
    assert_false(mono_reached((mono_t){9}, (mono_t){10}));
    assert_true(mono_earlier(MONO_NEVER, (mono_t){3}).ms == 3);
}

static void digest__agrees_with_published_vectors(void **state)
{
    (void)state;
    char hex[DIGEST_HEX_CAP];
    assert_int_equal(digest_hex(SLICE("abc"), hex), ERR_OK);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(digest_hex(SLICE_NONE, hex), ERR_OK);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    uint8_t mac[DIGEST_SHA256_LEN];
    assert_int_equal(digest_hmac_sha256(SLICE("Jefe"), SLICE("what do ya want for nothing?"), mac),
                     ERR_OK);
    struct buf b = buf_over(hex, sizeof hex);
    text_hex(&b, slice_of(mac, sizeof mac));
    assert_string_equal(buf_cstr(&b),
                        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(err__names_every_value),
        cmocka_unit_test(mem__gives_zeroed_blocks_and_keeps_contents),
        cmocka_unit_test(slice__finds_cuts_and_compares),
        cmocka_unit_test(slice__copies_only_what_fits_and_is_text),
        cmocka_unit_test(buf__remembers_overflow),
        cmocka_unit_test(buf__grows_up_to_its_maximum),
        cmocka_unit_test(text__reads_integers_within_their_range),
        cmocka_unit_test(text__knows_utf8),
        cmocka_unit_test(text__encodes),
        cmocka_unit_test(text__decodes_percent),
        cmocka_unit_test(text__shows_control_bytes),
        cmocka_unit_test(qty__is_exact),
        cmocka_unit_test(clock__writes_and_reads_iso),
        cmocka_unit_test(clock__reads_the_forms_servers_send),
        cmocka_unit_test(clock__reads_http_dates),
        cmocka_unit_test(clock__saturates),
        cmocka_unit_test(digest__agrees_with_published_vectors),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
