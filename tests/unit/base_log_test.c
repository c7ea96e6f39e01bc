/* Log lines as they reach the HAL. hal_log is replaced here, so this test does not link the HAL's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/log.h"
#include "hal/hal.h"

static char last[LOG_LINE_MAX + 1];
static int lines;

void hal_log(struct hal *h, struct slice line)
{
    (void)h;
    assert_true(line.len <= LOG_LINE_MAX);
    memcpy(last, line.ptr, line.len);
    last[line.len] = '\0';
    lines++;
}

static int anything;
static const char *volatile no_text = NULL;

static struct log make_log(enum log_level threshold)
{
    return (struct log){.hal = (struct hal *)(void *)&anything, .threshold = threshold};
}

static void log__writes_event_and_values(void **state)
{
    (void)state;
    struct log log = make_log(LOG_INFO);
    log_event(&log, LOG_INFO, "outbox.deliver", "seq=%lld peer=%s", 41LL, "clarus");
    assert_string_equal(last, "info outbox.deliver seq=41 peer=clarus");
    log_event(&log, LOG_ERROR, "x.y", "a=%d b=%u c=%zu d=%ld e=%llu f=%x g=%.*s h=%c", -1, 2u,
              (size_t)3, -4L, 5ULL, 255u, 2, "abc", 'z');
    assert_string_equal(last, "error x.y a=-1 b=2 c=3 d=-4 e=5 f=ff g=ab h=z");
    log_event(&log, LOG_WARN, "bare", "%s", "");
    assert_string_equal(last, "warn bare ");
}

static void log__quotes_and_shows_hostile_values(void **state)
{
    (void)state;
    struct log log = make_log(LOG_DEBUG);
    log_event(&log, LOG_WARN, "scan", "code=%s next=%d", "a b\"c\nseq=1", 7);
    assert_string_equal(last, "warn scan code=\"a b\\\"c<LF>seq=1\" next=7");
    log_event(&log, LOG_WARN, "scan", "code=%s why=%s", "", no_text);
    assert_string_equal(last, "warn scan code=\"\" why=(none)");
    log_event(&log, LOG_WARN, "scan", "v=%s:%d", "h ost", 80);
    assert_string_equal(last, "warn scan v=\"h ost:80\"");
}

static void log__cuts_long_lines(void **state)
{
    (void)state;
    struct log log = make_log(LOG_DEBUG);
    char big[2000];
    memset(big, 'a', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    log_event(&log, LOG_WARN, "e", "a=%s b=%s", big, big);
    assert_int_equal(strlen(last), LOG_LINE_MAX);
    assert_string_equal(last + LOG_LINE_MAX - 3, "...");
}

static void log__drops_below_the_threshold(void **state)
{
    (void)state;
    struct log log = make_log(LOG_WARN);
    lines = 0;
    log_event(&log, LOG_INFO, "e", "a=%d", 1);
    log_event(NULL, LOG_ERROR, "e", "a=%d", 1);
    assert_int_equal(lines, 0);
    log_event(&log, LOG_WARN, "e", "a=%d", 1);
    assert_int_equal(lines, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log__writes_event_and_values),
        cmocka_unit_test(log__quotes_and_shows_hostile_values),
        cmocka_unit_test(log__cuts_long_lines),
        cmocka_unit_test(log__drops_below_the_threshold),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
