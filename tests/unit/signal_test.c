/* Lamps and buzzer: what each light and tone looks like in time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/signal/signal.h"

#define AT(ms) ((mono_t){ms})

static uint32_t count_beeps(enum hal_tone tone, int64_t until)
{
    struct signal s;
    uint32_t beeps = 0;
    bool was_on = false;
    signal_init(&s);
    signal_show(&s, HAL_LIGHT_OFF, tone, AT(0));
    for (int64_t ms = 0; ms < until; ms++) {
        bool on = (signal_levels(&s, AT(ms)) & SIGNAL_BUZZER) != 0;
        if (on && !was_on) beeps++;
        was_on = on;
    }
    return beeps;
}

static void signal__tones_differ_in_number(void **state)
{
    (void)state;
    assert_int_equal(count_beeps(HAL_TONE_NONE, 5000), 0);
    assert_int_equal(count_beeps(HAL_TONE_ACCEPT, 5000), 1);
    assert_int_equal(count_beeps(HAL_TONE_LINE_DONE, 5000), 2);
    assert_int_equal(count_beeps(HAL_TONE_ORDER_DONE, 5000), 3);
    assert_int_equal(count_beeps(HAL_TONE_REFUSE, 5000), 2);
    assert_int_equal(count_beeps(HAL_TONE_ATTENTION, 5000), 2);
    assert_int_equal(count_beeps(HAL_TONE_TROUBLE, 5000), 1);
    assert_int_equal(count_beeps(HAL_TONE_ALARM, 5000), 5);
}

static void signal__feedback_is_there_at_once(void **state)
{
    (void)state;
    struct signal s;
    signal_init(&s);
    signal_show(&s, HAL_LIGHT_RED, HAL_TONE_REFUSE, AT(1000));
    assert_int_equal(signal_levels(&s, AT(1000)), SIGNAL_RED | SIGNAL_BUZZER);
    assert_int_equal(signal_levels(&s, AT(900000)), SIGNAL_RED);
    assert_int_equal(signal_deadline(&s, AT(900000)).ms, MONO_NEVER.ms);
}

static void signal__an_alarm_sounds_until_it_is_ended(void **state)
{
    (void)state;
    struct signal s;
    signal_init(&s);
    signal_show(&s, HAL_LIGHT_RED_FLASH, HAL_TONE_ALARM, AT(0));
    assert_int_equal(signal_levels(&s, AT(3600000)), SIGNAL_RED | SIGNAL_BUZZER);
    assert_int_equal(signal_levels(&s, AT(3600300)), SIGNAL_BUZZER);
    assert_int_equal(signal_deadline(&s, AT(3600300)).ms, 3600500);
    signal_show(&s, HAL_LIGHT_RED_FLASH, HAL_TONE_ALARM, AT(3600400));
    assert_int_equal(signal_levels(&s, AT(3600400)) & SIGNAL_BUZZER, SIGNAL_BUZZER);
    assert_int_equal(signal_levels(&s, AT(3600600)) & SIGNAL_BUZZER, 0);
    signal_show(&s, HAL_LIGHT_OFF, HAL_TONE_NONE, AT(3601100));
    assert_int_equal(signal_levels(&s, AT(3601100)), 0);
    assert_int_equal(signal_deadline(&s, AT(3601100)).ms, MONO_NEVER.ms);
}

static void signal__silence_leaves_a_short_tone_to_its_end(void **state)
{
    (void)state;
    struct signal s;
    signal_init(&s);
    signal_show(&s, HAL_LIGHT_GREEN_BLINK, HAL_TONE_ACCEPT, AT(0));
    signal_show(&s, HAL_LIGHT_GREEN, HAL_TONE_NONE, AT(20));
    assert_int_equal(signal_levels(&s, AT(30)), SIGNAL_GREEN | SIGNAL_BUZZER);
    assert_int_equal(signal_levels(&s, AT(70)), SIGNAL_GREEN);
}

static void signal__a_second_unit_blinks_again(void **state)
{
    (void)state;
    struct signal s;
    signal_init(&s);
    signal_show(&s, HAL_LIGHT_GREEN_BLINK, HAL_TONE_ACCEPT, AT(0));
    assert_int_equal(signal_levels(&s, AT(500)), 0);
    signal_show(&s, HAL_LIGHT_GREEN_BLINK, HAL_TONE_ACCEPT, AT(600));
    assert_int_equal(signal_levels(&s, AT(600)), SIGNAL_GREEN | SIGNAL_BUZZER);
}

/* Whoever wakes at each deadline sees every change. */
static void signal__deadlines_name_every_change(void **state)
{
    (void)state;
    for (int tone = HAL_TONE_NONE; tone <= HAL_TONE_TROUBLE; tone++) {
        struct signal s;
        signal_init(&s);
        signal_show(&s, HAL_LIGHT_RED_FLASH, (enum hal_tone)tone, AT(0));
        mono_t next = AT(0);
        uint32_t levels = 0;
        for (int64_t ms = 0; ms < 3000; ms++) {
            if (ms == next.ms) {
                levels = signal_levels(&s, AT(ms));
                next = signal_deadline(&s, AT(ms));
                assert_true(next.ms > ms);
            }
            assert_int_equal(signal_levels(&s, AT(ms)), levels);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signal__tones_differ_in_number),
        cmocka_unit_test(signal__feedback_is_there_at_once),
        cmocka_unit_test(signal__an_alarm_sounds_until_it_is_ended),
        cmocka_unit_test(signal__silence_leaves_a_short_tone_to_its_end),
        cmocka_unit_test(signal__a_second_unit_blinks_again),
        cmocka_unit_test(signal__deadlines_name_every_change),
    };
    return cmocka_run_group_tests_name("signal", tests, NULL, NULL);
}
