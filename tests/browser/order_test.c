/* Whole orders on the station as it is installed, seen through its pages and judged by what the
 * pages show, what Clarus and the shop hold, and what is on the paper. Pictures of the steps are
 * kept in build/<variant>/screens. Skips with one line where there is no Chromium. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/real_station.h"
#include "tests/support/webdriver.h"

#define PATIENCE_MS 30000

#define MUG_RED  "5012345000015"
#define TEA_CASE "15012345000036"
#define JAM      "5012345000046"
#define SOAP     "5012345000060"
#define TOWEL    "5012345000114"
#define ENTER    "\xEE\x80\x87"

static struct real_station *station;
static struct webdriver *browser;

/* ------------------------------------------------------------------------------------- helps -- */

static void until(const char *expression)
{
    if (webdriver_until(browser, expression, PATIENCE_MS)) return;
    real_station_tell(station);
    fail_msg("never true: %s; the page says: %.2000s", expression,
             webdriver_value(browser, "document.body.className + ' ' + document.body.innerText"));
}

static void is(const char *expression, const char *expected)
{
    assert_string_equal(webdriver_value(browser, expression), expected);
}

static void shows(const char *words)
{
    char expression[300];
    (void)snprintf(expression, sizeof expression, "document.body.innerText.includes(\"%s\")",
                   words);
    until(expression);
}

static void face(const char *name)
{
    char expression[100];
    (void)snprintf(expression, sizeof expression, "document.body.classList.contains('face-%s')",
                   name);
    until(expression);
}

static void picture(const char *name)
{
    char below[80];
    (void)snprintf(below, sizeof below, "screens/order-%s.png", name);
    webdriver_screenshot(browser, real_station_beside(station, below));
}

/* The face that a scan leads to, with words of it. */
static void scan(const char *code, const char *name, const char *words)
{
    real_station_scan(station, code);
    face(name);
    shows(words);
}

static void press(const char *command)
{
    char css[80];
    (void)snprintf(css, sizeof css, "[data-command='%s']", command);
    webdriver_click(browser, css);
}

static void packed(const char *sum)
{
    char expression[120];
    (void)snprintf(expression, sizeof expression,
                   "document.querySelector('.total b').textContent === '%s'", sum);
    until(expression);
}

/* SAVED stays for less than a second: the page notes every face that it showed. */
static const char note_faces[] =
    "(() => { window.faces = []; new MutationObserver(() => window.faces.push("
    "document.body.className + ' ' + document.body.innerText)).observe(document.body,"
    "{attributes: true, attributeFilter: ['class']}); })()";

static void open_bench(void)
{
    webdriver_size(browser, 1024, 600);
    webdriver_go(browser, real_station_url(station, "/"));
    face("idle");
    (void)webdriver_value(browser, note_faces);
}

static void open_lead(void)
{
    webdriver_size(browser, 1280, 900);
    webdriver_go(browser, real_station_url(station, "/lead"));
    until("document.querySelector('#devices h2') !== null");
}

static void saved(const char *reference)
{
    char expression[160];
    (void)snprintf(expression, sizeof expression,
                   "faces.some((f) => f.startsWith('face-saved') && f.includes('SAVED') && "
                   "f.includes('%s'))",
                   reference);
    until(expression);
    face("idle");
    shows(reference);
}

static void no_errors(void)
{
    assert_string_equal(webdriver_errors(browser), "");
}

static void plug(void)
{
    real_station_plug(station);
    until("!/not connected|[Ww]ork list/.test(document.querySelector('#banners').innerText)");
}

static int set_up(void **state)
{
    (void)state;
    station = real_station_open();
    webdriver_window(browser, 0);
    open_bench();
    plug();
    until("Number(document.querySelector('.card .num').textContent) >= 10");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    webdriver_window(browser, 0);
    webdriver_go(browser, "about:blank");
    real_station_close(station);
    station = NULL;
    return 0;
}

/* One label, sent once, told to the shop once with the number that is on the paper. */
static void delivered_once(const char *reference, size_t units, const char *paper)
{
    struct real_order o = real_station_order(station, reference);
    assert_int_equal(o.labels, 1);
    assert_int_equal(o.voided, 0);
    assert_int_equal(o.dispatched, units);
    assert_string_equal(o.status, "COMPLETED");
    assert_int_equal(o.shop_shipments, 1);
    assert_int_equal(o.shop_shipped, units);
    assert_string_equal(o.shop_tracking, o.tracking);
    assert_string_equal(paper, o.tracking);
    assert_int_equal(o.violations, 0);
}

/* --------------------------------------------------------------------------- a whole order -- */

static void acknowledge_notes(void)
{
    scan("TOTE-02", "attention", "Wrap the jars in two layers");
    picture("02-note");
    press("CONFIRM");
    shows("Happy birthday, Nan!");
    picture("03-gift");
    press("CONFIRM");
    face("packing");
    picture("04-opened");
}

static void pack_with_a_wrong_item(void)
{
    scan("BOX-M", "packing", "BOX-M");
    scan(TEA_CASE, "packing", "Raspberry jam");
    packed("12 of 27");
    picture("05-packing");
    scan(MUG_RED, "refused", MUG_RED);
    picture("06-refused");
    press("CONFIRM");
    face("packing");
    packed("12 of 27");
    scan(JAM, "packing", "Earl Grey, 80 bags");
    packed("13 of 27");
    scan(TEA_CASE, "packing", "1 line done");
    packed("25 of 27");
    scan(JAM, "packing", "Raspberry jam");
    packed("26 of 27");
    scan(TOWEL, "refused", TOWEL);
    press("CONFIRM");
    face("packing");
    scan(JAM, "attention", "Is the gift card in the box?");
    press("CONFIRM");
    shows("Scan the label on the box");
    shows("Next day before 6pm");
}

static void scan_back(char paper[64])
{
    picture("07-label");
    real_station_paper(station, paper);
    scan("15501111111111", "stop", "Wrong label");
    picture("08-wrong-label");
    press("CONFIRM");
    face("label");
    real_station_scan(station, paper);
    face("saved");
    picture("09-saved");
    saved("WEB-10428");
    shows("Nothing waiting to be sent");
    picture("10-idle");
}

static void find(const char *by)
{
    (void)webdriver_value(browser, "document.querySelector('#find input').value = ''");
    webdriver_type(browser, "#find input", by);
    webdriver_type(browser, "#find input", ENTER);
    until("!document.querySelector('#story').hidden && "
          "document.querySelector('#story h2').innerText.includes('WEB-10428')");
}

static void the_lead_finds_it(const char *paper)
{
    open_lead();
    shows("Nothing is wrong");
    find("WEB-10428");
    webdriver_click(browser, "#story h2 .act");
    until("document.querySelector('#story').hidden");
    find(paper);
    is("document.querySelectorAll('#story ol.column').length", "1");
    is("document.querySelectorAll('#story [data-act=recall]').length", "0");
    is("[...document.querySelectorAll('#story ol.column b')].filter((b) => "
       "/^[a-z_]+([.][a-z_]+)*$/.test(b.textContent)).map((b) => b.textContent).join()",
       "");
    picture("11-lead");
    webdriver_size(browser, 1280, 2400);
    picture("12-lead-whole");
}

static void order__goes_from_the_tote_to_the_shop_and_the_lead_finds_it(void **state)
{
    (void)state;
    char paper[64];
    picture("01-idle");
    acknowledge_notes();
    pack_with_a_wrong_item();
    scan_back(paper);
    delivered_once("WEB-10428", 27, paper);
    the_lead_finds_it(paper);
    no_errors();
}

/* ------------------------------------------------------------------------ one truth everywhere --
 */

static void the_station_dies_and_comes_back(void)
{
    real_station_kill(station);
    until("!document.querySelector('#lost').hidden");
    picture("22-lost");
    real_station_start(station);
    until("document.querySelector('#lost').hidden");
    face("packing");
    packed("3 of 4");
    plug();
    picture("23-back");
}

static void order__shows_the_same_truth_on_every_screen_and_after_a_crash(void **state)
{
    (void)state;
    char paper[64];
    scan("TOTE-10", "packing", "WEB-10436");
    scan(TOWEL, "packing", "1 of 4");
    scan(SOAP, "packing", "2 of 4");
    webdriver_go(browser, real_station_url(station, "/"));
    face("packing");
    packed("2 of 4");
    (void)webdriver_value(browser, note_faces);
    webdriver_window(browser, 1);
    webdriver_size(browser, 1024, 600);
    webdriver_go(browser, real_station_url(station, "/"));
    packed("2 of 4");
    real_station_scan(station, TOWEL);
    packed("3 of 4");
    picture("21-second-window");
    webdriver_window(browser, 0);
    packed("3 of 4");
    the_station_dies_and_comes_back();
    scan(SOAP, "attention", "Which box?");
    is("document.querySelectorAll('[data-command=CONFIRM]').length", "0");
    picture("24-which-box");
    scan("BOX-S", "label", "Scan the label on the box");
    real_station_paper(station, paper);
    real_station_scan(station, paper);
    saved("WEB-10436");
    shows("Nothing waiting to be sent");
    delivered_once("WEB-10436", 4, paper);
    webdriver_window(browser, 1);
    face("idle");
    shows("WEB-10436");
    webdriver_go(browser, "about:blank");
    (void)webdriver_errors(browser); /* the browser complains of the refused connections */
}

/* -------------------------------------------------------------------------------- find and pull --
 */

static void pack_one_mug(void)
{
    char paper[64];
    scan("TOTE-01", "packing", "WEB-10427");
    scan("BOX-S", "packing", "Box small");
    scan(MUG_RED, "label", "Scan the label on the box");
    real_station_paper(station, paper);
    real_station_scan(station, paper);
    saved("WEB-10427");
}

static void order__refused_by_clarus_is_found_and_pulled_by_the_lead(void **state)
{
    (void)state;
    real_station_fault(station, "{\"peer\":\"clarus\",\"kind\":\"refuse\",\"method\":\"PATCH\","
                                "\"match\":\"/tasks/\",\"times\":-1,\"words\":\"load is closed\"}");
    pack_one_mug();
    shows("1 for the lead");
    picture("31-refused");
    open_lead();
    until("document.querySelectorAll('.case').length === 1");
    is("document.querySelector('.case').classList.contains('worst')", "true");
    until("document.querySelector('#outbox').innerText.includes('Waits for a person')");
    shows("WEB-10427: Clarus refused the dispatch: load is closed");
    webdriver_click(browser, ".case.worst summary");
    picture("32-find-and-pull");
    webdriver_type(browser, "#name", "Ada");
    webdriver_type(browser, ".case.worst [aria-label=Note]", "back on shelf 4");
    webdriver_click(browser, ".case.worst [data-act=pulled]");
    shows("Nothing is wrong");
    webdriver_type(browser, "#find input", "WEB-10427" ENTER);
    until("document.querySelector('#story').innerText.includes('back on shelf 4')");
    until("document.querySelector('#story').innerText.includes('Label cancelled with the carrier') "
          "|| document.querySelector('#find button').click()");
    webdriver_size(browser, 1280, 2400);
    picture("33-pulled");
    struct real_order o = real_station_order(station, "WEB-10427");
    assert_int_equal(o.labels, 1);
    assert_int_equal(o.voided, 1);
    assert_int_equal(o.dispatched, 0);
    assert_int_equal(o.shop_shipments, 0);
    assert_int_equal(o.violations, 0);
    no_errors();
}

/* ---------------------------------------------------------------------------- without a scanner --
 */

static void click_code(const char *code)
{
    char expression[160];
    (void)snprintf(expression, sizeof expression,
                   "(window.chip = [...document.querySelectorAll('.chip')].find((c) => "
                   "c.textContent.startsWith('%s')))",
                   code);
    until(expression);
    (void)webdriver_value(browser, "window.chip.click()");
}

static void order__is_packed_from_the_page_in_demonstration_mode(void **state)
{
    (void)state;
    char paper[64];
    webdriver_click(browser, ".demo .tab");
    until("document.querySelectorAll('.chip').length > 5");
    picture("41-demonstration");
    webdriver_type(browser, ".demo input", "TOTE-01" ENTER);
    face("packing");
    click_code("BOX-S");
    shows("Box small");
    picture("42-demonstration");
    click_code("0" MUG_RED);
    shows("Scan the label on the box");
    real_station_paper(station, paper);
    picture("43-demonstration");
    click_code(paper);
    saved("WEB-10427");
    shows("Nothing waiting to be sent");
    delivered_once("WEB-10427", 1, paper);
    no_errors();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(order__goes_from_the_tote_to_the_shop_and_the_lead_finds_it,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            order__shows_the_same_truth_on_every_screen_and_after_a_crash, set_up, tear_down),
        cmocka_unit_test_setup_teardown(order__refused_by_clarus_is_found_and_pulled_by_the_lead,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(order__is_packed_from_the_page_in_demonstration_mode,
                                        set_up, tear_down),
    };
    if (!webdriver_available()) {
        (void)printf("skipped: no chromium and chromedriver here\n");
        (void)printf("[  SKIPPED ] %zu test(s)\n", sizeof tests / sizeof tests[0]);
        return 0;
    }
    browser = webdriver_open();
    int code = cmocka_run_group_tests(tests, NULL, NULL);
    webdriver_close(browser);
    return code;
}
