/* The pages in a real browser, fed by the console on real HTTP. Pictures of every face are kept in
 * build/screens. Skips with one line where there is no Chromium. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/support/page_world.h"
#include "tests/support/pictures.h"
#include "tests/support/webdriver.h"

#define PATIENCE_MS 15000
#define SCREENS     "build/screens/"

static struct page_world *world;
static struct webdriver *browser;
static size_t heard; /* of page_world_heard, so far */

static int group_up(void **state)
{
    (void)state;
    world = page_world_open();
    browser = webdriver_open();
    return 0;
}

static int group_down(void **state)
{
    (void)state;
    webdriver_close(browser);
    page_world_close(world);
    return 0;
}

static const struct face {
    const char *name;
    const char *words[3]; /* each must be on the screen */
} faces[] = {
    {"idle", {"Scan a tote", "WEB-10426", "23"}},
    {"packing", {"Cotton tee, black, M", "1 case = 12", "Box medium"}},
    {"attention", {"Happy 40th, Anna!", "WEB-10427", "Maya"}},
    {"refused", {"5012345678917", "Scanned", "Expected"}},
    {"stop", {"STOP", "WEB-10427", "Confirm"}},
    {"waiting", {"Next working day by 12:00", "DPD Next Day", "Box 2"}},
    {"label", {"Next working day by 12:00", "DPD Next Day by 12:00", "567891"}},
    {"saved", {"SAVED", "WEB-10427", "2 parcels"}},
    {"attention", {"NEXT-PARCEL", "Take everything out of the open box", "PARK"}},
};

static struct bench_view picture(size_t face)
{
    struct bench_view (*const make[])(void) = {
        picture_idle,   NULL, picture_gift,  picture_wrong_item, picture_cancelled,
        picture_buying, NULL, picture_saved, picture_help};
    if (make[face]) return make[face]();
    return face == 1 ? picture_order(FACE_PACKING) : picture_boxes(FACE_LABEL);
}

/* ------------------------------------------------------------------------------------- helps -- */

static void until(const char *expression)
{
    if (webdriver_until(browser, expression, PATIENCE_MS)) return;
    fail_msg("never true: %s; the page says: %.800s", expression,
             webdriver_value(browser, "document.body.innerText"));
}

static void is(const char *expression, const char *expected)
{
    assert_string_equal(webdriver_value(browser, expression), expected);
}

static void no_errors(void)
{
    assert_string_equal(webdriver_errors(browser), "");
}

static void show(const struct bench_view *v, const char *face)
{
    char expression[100];
    page_world_show(world, v);
    (void)snprintf(expression, sizeof expression, "document.body.classList.contains('face-%s')",
                   face);
    until(expression);
}

static void open_bench(const struct bench_view *v)
{
    page_world_show(world, v);
    webdriver_size(browser, 1024, 600);
    webdriver_go(browser, page_world_url(world, "/"));
    until("document.querySelector('#stage').children.length > 0");
}

/* What of the text on the screen is smaller than a fortieth of the height, reaches beyond the
 * screen, or is overlapped by the edge of its area; and whether the biggest is a tenth. */
static const char measure[] =
    "(() => { const bad = [], high = innerHeight; let most = 0;"
    "const area = document.querySelector('#stage').getBoundingClientRect();"
    "for (const e of document.querySelectorAll('body *')) {"
    " if (e.closest('.demo, .defs, .lost')) continue;"
    " const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());"
    " const r = e.getBoundingClientRect(); if (!own || !r.width) continue;"
    " const size = parseFloat(getComputedStyle(e).fontSize); most = Math.max(most, size);"
    " if (size < high / 40 - 0.01) bad.push('small: ' + e.textContent);"
    " if (r.right > innerWidth + 1 || r.bottom > high + 1 || r.left < -1 || r.top < -1)"
    "  bad.push('outside: ' + e.textContent);"
    " if (e.closest('#stage') && (r.top < area.top - 1 || r.bottom > area.bottom + 1))"
    "  bad.push('cut off: ' + e.textContent); }"
    "if (most < high / 10) bad.push('nothing is big: ' + most);"
    "if (document.documentElement.scrollHeight > high) bad.push('scrolls');"
    "return bad.join('; '); })()";

/* Contrast of text and what lies behind it, by WCAG: 4.5, or 3 for large text. */
static const char contrast[] =
    "(() => { const lum = (c) => { const v = c.map((x) => { x /= 255;"
    " return x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4; });"
    " return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };"
    "const rgba = (s) => { const m = s.match(/[0-9.]+/g).map(Number);"
    " return m.length < 4 ? [...m, 1] : m; };"
    "const behind = (e) => { for (; e; e = e.parentElement) {"
    " const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] > 0.5) return c; }"
    " return [255, 255, 255, 1]; };"
    "const bad = []; for (const e of document.querySelectorAll('body *')) {"
    " if (e.closest('.demo, .defs, .lost') || !e.getBoundingClientRect().width) continue;"
    " if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;"
    " const s = getComputedStyle(e), a = lum(rgba(s.color)), b = lum(behind(e));"
    " const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);"
    " if (ratio < (parseFloat(s.fontSize) >= 24 ? 3 : 4.5))"
    "  bad.push(ratio.toFixed(2) + ' ' + e.textContent); }"
    "return bad.join('; '); })()";

/* --------------------------------------------------------------------------------- the faces -- */

static void shows_words(const struct face *f)
{
    for (size_t i = 0; i < 3; i++) {
        char expression[200];
        (void)snprintf(expression, sizeof expression, "document.body.innerText.includes(\"%s\")",
                       f->words[i]);
        if (strcmp(webdriver_value(browser, expression), "true") != 0)
            fail_msg("face %s lacks '%s': %s", f->name, f->words[i],
                     webdriver_value(browser, "document.body.innerText"));
    }
}

static void fits(const struct face *f, int width, int height)
{
    char path[80];
    webdriver_size(browser, width, height);
    until("document.fonts.status === 'loaded'");
    (void)snprintf(path, sizeof path, SCREENS "%s%td-%dx%d.png", f->name, f - faces, width, height);
    webdriver_screenshot(browser, path);
    const char *faults = webdriver_value(browser, measure);
    if (faults[0]) fail_msg("face %s at %dx%d: %s", f->name, width, height, faults);
}

static void pages__every_face_shows_its_words_large_and_whole(void **state)
{
    (void)state;
    struct bench_view first = picture_idle();
    open_bench(&first);
    for (size_t i = 0; i < sizeof faces / sizeof faces[0]; i++) {
        struct bench_view v = picture(i);
        show(&v, faces[i].name);
        shows_words(&faces[i]);
        fits(&faces[i], 1920, 1080);
        fits(&faces[i], 1024, 600);
        const char *pale = webdriver_value(browser, contrast);
        if (pale[0]) fail_msg("face %s is pale: %s", faces[i].name, pale);
    }
    no_errors();
}

static void pages__a_long_order_folds_and_never_scrolls(void **state)
{
    (void)state;
    struct bench_view v = picture_order(FACE_PACKING);
    v.line_count = VIEW_LINES_MAX;
    for (size_t i = 0; i < v.line_count; i++) {
        char sku[32];
        (void)snprintf(sku, sizeof sku, "SKU-%03zu", i);
        v.lines[i] =
            picture_line(sku, "An article whose description is long enough to need two whole lines",
                         i < 50 ? 2 : 0, 2);
        v.lines[i].current = i == 50;
    }
    open_bench(&v);
    until("document.body.innerText.includes('50 lines done')");
    is("document.body.innerText.includes('and 144 more lines')", "true");
    is(measure, "");
    webdriver_screenshot(browser, SCREENS "packing-long-1024x600.png");
    no_errors();
}

static void pages__trouble_shows_only_when_there_is_some(void **state)
{
    (void)state;
    struct bench_view v = picture_idle();
    struct console_station good = {.station = "PB7",
                                   .bench_name = "Bench 7",
                                   .demonstration = true,
                                   .clarus_reachable = true,
                                   .catalogue_read_at = picture_now(),
                                   .orders_ready = 23,
                                   .clock_trusted = true,
                                   .started_at = picture_now() - 3600000};
    struct console_station bad = good;
    bad.offline_since = picture_now() - 900000;
    bad.catalogue_read_at = picture_now() - 960000;
    bad.device_count = 2;
    PUT(bad.devices[0].kind, "scanner");
    PUT(bad.devices[0].role, "scanner");
    bad.devices[0].present = true;
    PUT(bad.devices[1].kind, "printer");
    PUT(bad.devices[1].role, "label-printer");
    bad.devices[1].present = true;
    PUT(bad.devices[1].trouble, "paper out");
    page_world_station(world, &good);
    open_bench(&v);
    until("document.querySelectorAll('.banner').length === 0");
    page_world_station(world, &bad);
    until("document.body.innerText.includes('Label printer: paper out')");
    is("document.body.innerText.includes('Offline since')", "true");
    is("document.body.innerText.includes('Work list is 16 min old')", "true");
    is("document.body.innerText.includes('Scanner')", "false");
    is(measure, "");
    webdriver_screenshot(browser, SCREENS "trouble-1024x600.png");
    page_world_station(world, &good);
    until("document.querySelectorAll('.banner').length === 0");
    no_errors();
}

static void pages__training_is_marked_on_every_page(void **state)
{
    (void)state;
    struct bench_view v = picture_order(FACE_PACKING);
    struct console_station real = {.station = "PB7",
                                   .bench_name = "Bench 7",
                                   .demonstration = true,
                                   .clarus_reachable = true,
                                   .catalogue_read_at = picture_now(),
                                   .orders_ready = 23,
                                   .clock_trusted = true,
                                   .started_at = picture_now() - 3600000};
    struct console_station training = real;
    training.training = true;
    page_world_station(world, &training);
    open_bench(&v);
    until("document.querySelector('#training') !== null");
    is("document.querySelector('#training').innerText.startsWith('TRAINING')", "true");
    is("getComputedStyle(document.querySelector('#training')).position", "fixed");
    webdriver_screenshot(browser, SCREENS "training-1024x600.png");
    webdriver_go(browser, page_world_url(world, "/lead"));
    until("document.querySelector('#training') !== null");
    page_world_station(world, &real);
    open_bench(&v);
    is("document.querySelector('#training')", "null");
    no_errors();
}

static void pages__the_count_that_moved_pulses_once(void **state)
{
    (void)state;
    struct bench_view v = picture_order(FACE_PACKING);
    open_bench(&v);
    until("document.querySelector('.count b').textContent === '3'");
    is("document.querySelectorAll('.pulse').length", "0");
    v.lines[0].packed = QTY_UNITS(4);
    v.lines[0].pulse = true;
    page_world_show(world, &v);
    until("document.querySelector('.count b').textContent === '4'");
    is("document.querySelectorAll('.pulse').length", "1");
    v.tone_serial++;
    PUT(v.packer, "Omar");
    page_world_show(world, &v);
    until("document.body.innerText.includes('Omar')");
    is("document.querySelectorAll('.pulse').length", "0");
}

static void pages__each_signal_sounds_once_and_the_alarm_until_it_ends(void **state)
{
    (void)state;
    struct bench_view v = picture_idle();
    v.tone = HAL_TONE_REFUSE;
    v.tone_serial = 40;
    open_bench(&v);
    is("tones.played.join()", ""); /* what sounded before the page was opened is over */
    v.tone = HAL_TONE_ACCEPT;
    v.tone_serial = 41;
    page_world_show(world, &v);
    until("tones.played.join() === 'accept'");
    PUT(v.packer, "Omar");
    page_world_show(world, &v);
    until("document.body.innerText.includes('Omar')");
    is("tones.played.join()", "accept");
    v.tone = HAL_TONE_ALARM;
    v.tone_serial = 42;
    page_world_show(world, &v);
    until("tones.played.join() === 'accept,alarm'");
    webdriver_go(browser, page_world_url(world, "/"));
    until("tones.played.join() === 'alarm'"); /* still unacknowledged after a reload */
    no_errors();
}

static void pages__hostile_order_text_is_inert(void **state)
{
    (void)state;
    static const char hostile[] = "</p><script>window.harmed=1</script><img src=x "
                                  "onerror=window.harmed=1>\"'`&lt;{0}\xF0\x9F\x8E\x82^XA~";
    struct bench_view v = picture_gift();
    v.headline = picture_say("bench.wrong_item", hostile, hostile);
    v.detail = picture_say("<script>window.harmed=1</script>", hostile, "");
    PUT(v.reference, "<b>WEB</b>'\"");
    PUT(v.packer, "<i>Maya</i>");
    PUT(v.lines[0].description, "<svg onload=window.harmed=1>");
    memset(v.note, 'x', sizeof v.note - 1);
    memcpy(v.note, hostile, sizeof hostile - 1);
    open_bench(&v);
    until("document.querySelector('.note') !== null");
    is("document.querySelector('.note').textContent.startsWith('</p><script>')", "true");
    is("document.querySelectorAll('#stage script, #stage img, #stage i, #strip b b').length", "0");
    is("document.querySelector('.order b').textContent", "<b>WEB</b>'\"");
    v.face = FACE_PACKING;
    show(&v, "packing");
    v.face = FACE_REFUSED;
    memset(v.scanned, 'W', sizeof v.scanned - 1);
    show(&v, "refused");
    is(measure, "");
    is("window.harmed", "undefined");
    no_errors();
}

static void pages__an_unknown_message_shows_its_key_and_arguments(void **state)
{
    (void)state;
    struct bench_view v = picture_idle();
    v.headline = picture_say("bench.not_in_any_file", "one", "two");
    open_bench(&v);
    is("document.querySelector('.big').textContent", "bench.not_in_any_file one two");
}

static void pages__touch_buttons_send_their_command(void **state)
{
    (void)state;
    struct bench_view v = picture_order(FACE_PACKING);
    open_bench(&v);
    webdriver_click(browser, "[data-command='NEXT-PARCEL']");
    assert_string_equal(page_world_heard(world, heard++), "command NEXT-PARCEL");
    v = picture_wrong_item();
    show(&v, "refused");
    webdriver_click(browser, "[data-command='CONFIRM']");
    assert_string_equal(page_world_heard(world, heard++), "command CONFIRM");
    webdriver_click(browser, ".demo .tab");
    webdriver_type(browser, ".demo input", "TOTE-1\xEE\x80\x87"); /* Enter */
    assert_string_equal(page_world_heard(world, heard++), "scan TOTE-1");
    no_errors();
}

static void pages__a_lost_station_is_said_and_found_again(void **state)
{
    (void)state;
    struct bench_view v = picture_order(FACE_PACKING);
    open_bench(&v);
    is("document.querySelector('#lost').hidden", "true");
    page_world_stop(world);
    until("!document.querySelector('#lost').hidden");
    is("document.querySelector('#lost').innerText.includes('Connection to the station lost')",
       "true");
    webdriver_screenshot(browser, SCREENS "lost-1024x600.png");
    v.lines[0].packed = QTY_UNITS(5);
    page_world_show(world, &v);
    page_world_token(world, "another token after the start");
    page_world_start(world);
    until("document.querySelector('#lost').hidden");
    until("document.querySelector('.count b').textContent === '5'");
    webdriver_click(browser, "[data-command='UNDO']"); /* with a token that was renewed */
    assert_string_equal(page_world_heard(world, heard++), "command UNDO");
    (void)webdriver_errors(browser); /* the browser complains of the refused connections */
}

/* ----------------------------------------------------------------------------- lead's page -- */

static void open_lead(void)
{
    webdriver_size(browser, 1280, 900);
    webdriver_go(browser, page_world_url(world, "/lead"));
    until("document.querySelector('#devices h2') !== null");
}

static void raise_troubles(void *ctx, struct store *st, struct outbox *ob, wall_t now)
{
    const struct exception_spec printer = {.rule = "device.printer",
                                           .origin = "device",
                                           .owner = "packer",
                                           .object = "printer <b>1</b>",
                                           .text = "The label printer is out of paper.",
                                           .next_step = "Put in a new roll."};
    (void)ctx;
    assert_int_equal(exception_raise(st, now, &printer, NULL), ERR_OK);
    int64_t dispatch = page_world_save(st, ob, "WEB-10421");
    assert_int_equal(outbox_pull(ob, dispatch, "shop.cancelled",
                                 "Order WEB-10421 was cancelled in the shop after it was saved."),
                     ERR_OK);
}

static void lead__says_when_nothing_is_wrong(void **state)
{
    (void)state;
    open_lead();
    is("document.querySelector('#wrong').innerText.includes('Nothing is wrong')", "true");
    no_errors();
}

static void lead__lists_the_worst_first_and_settles_it(void **state)
{
    (void)state;
    page_world_do(world, raise_troubles, NULL);
    until("!document.querySelector('#news').hidden"); /* announced, not pushed under the eye */
    is("document.querySelectorAll('.case').length", "0");
    webdriver_click(browser, "#news");
    until("document.querySelectorAll('.case').length === 2");
    is("document.querySelector('.case').classList.contains('worst')", "true");
    webdriver_click(browser, ".case.worst summary");
    is("document.querySelectorAll('.case.worst .choice').length", "2");
    webdriver_screenshot(browser, SCREENS "lead-1280x900.png");
    webdriver_click(browser, ".case.worst [data-act=pulled]");
    until("document.querySelector('.case.worst .fault') !== null"); /* who? */
    webdriver_type(browser, "#name", "Ada");
    webdriver_type(browser, ".case.worst .choice input", "found in staging");
    webdriver_click(browser, ".case.worst [data-act=pulled]");
    until("document.querySelectorAll('.case').length === 1");
    webdriver_click(browser, ".case summary");
    webdriver_type(browser, ".case .choice input", "new roll is in");
    webdriver_click(browser, ".case [data-act=resolve]");
    until("document.querySelector('#wrong').innerText.includes('Nothing is wrong')");
    no_errors();
}

static void save_order(void *ctx, struct store *st, struct outbox *ob, wall_t now)
{
    (void)now;
    (void)page_world_save(st, ob, ctx);
}

static void lead__finds_an_order_and_tells_its_story(void **state)
{
    (void)state;
    page_world_do(world, save_order, (void *)(uintptr_t) "WEB-10500");
    open_lead();
    webdriver_type(browser, "#find input", "T-WEB-10500\xEE\x80\x87");
    until("!document.querySelector('#story').hidden");
    until("document.querySelectorAll('.column li').length === 3");
    is("document.querySelector('.column li.far .what').innerText.includes('Clarus')", "true");
    is("document.body.innerText.includes('Secret')", "false");
    webdriver_screenshot(browser, SCREENS "lead-order-1280x900.png");
    webdriver_type(browser, ".choice input", "wrong mug");
    webdriver_type(browser, "#name", "Ada");
    webdriver_click(browser, "[data-act=recall]");
    until("document.querySelector('.choice input').value === ''"); /* drawn anew */
    webdriver_click(browser, "#outbox table .plain");
    until("document.querySelector('.rows').innerText.includes('WEB-10500')");
    no_errors();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages__every_face_shows_its_words_large_and_whole),
        cmocka_unit_test(pages__a_long_order_folds_and_never_scrolls),
        cmocka_unit_test(pages__trouble_shows_only_when_there_is_some),
        cmocka_unit_test(pages__training_is_marked_on_every_page),
        cmocka_unit_test(pages__the_count_that_moved_pulses_once),
        cmocka_unit_test(pages__each_signal_sounds_once_and_the_alarm_until_it_ends),
        cmocka_unit_test(pages__hostile_order_text_is_inert),
        cmocka_unit_test(pages__an_unknown_message_shows_its_key_and_arguments),
        cmocka_unit_test(pages__touch_buttons_send_their_command),
        cmocka_unit_test(pages__a_lost_station_is_said_and_found_again),
        cmocka_unit_test(lead__says_when_nothing_is_wrong),
        cmocka_unit_test(lead__lists_the_worst_first_and_settles_it),
        cmocka_unit_test(lead__finds_an_order_and_tells_its_story),
    };
    if (!webdriver_available()) {
        (void)printf("skipped: no chromium and chromedriver here\n");
        (void)printf("[  SKIPPED ] %zu test(s)\n", sizeof tests / sizeof tests[0]);
        return 0;
    }
    return cmocka_run_group_tests(tests, group_up, group_down);
}
