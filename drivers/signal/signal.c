#include "drivers/signal/signal.h"

#include <assert.h>

#define STEPS_MAX 6

/* On for the first step, off for the second, and so on; 0 ends it. A pattern without steps is on
 * all the time. */
struct pattern {
    uint32_t lines;
    uint16_t steps_ms[STEPS_MAX];
    bool repeats;
};

static const struct pattern lights[] = {
    [HAL_LIGHT_OFF] = {0},
    [HAL_LIGHT_GREEN] = {SIGNAL_GREEN, {0}, false},
    [HAL_LIGHT_GREEN_BLINK] = {SIGNAL_GREEN, {400}, false},
    [HAL_LIGHT_AMBER] = {SIGNAL_AMBER, {0}, false},
    [HAL_LIGHT_RED] = {SIGNAL_RED, {0}, false},
    [HAL_LIGHT_RED_FLASH] = {SIGNAL_RED, {250, 250}, true},
};

/* A buzzer has one pitch: what differs is length and number. */
static const struct pattern tones[] = {
    [HAL_TONE_NONE] = {0},
    [HAL_TONE_ACCEPT] = {SIGNAL_BUZZER, {60}, false},
    [HAL_TONE_LINE_DONE] = {SIGNAL_BUZZER, {60, 60, 60}, false},
    [HAL_TONE_ORDER_DONE] = {SIGNAL_BUZZER, {60, 60, 60, 60, 200}, false},
    [HAL_TONE_REFUSE] = {SIGNAL_BUZZER, {400, 150, 400}, false},
    [HAL_TONE_ALARM] = {SIGNAL_BUZZER, {500, 500}, true},
    [HAL_TONE_ATTENTION] = {SIGNAL_BUZZER, {150, 100, 150}, false},
    [HAL_TONE_TROUBLE] = {SIGNAL_BUZZER, {800}, false},
};

struct place {
    bool on;
    int64_t left_ms; /* until it changes; 0: never */
};

static int64_t length_of(const struct pattern *p)
{
    int64_t sum = 0;
    for (size_t i = 0; i < STEPS_MAX; i++) {
        sum += p->steps_ms[i];
    }
    return sum;
}

static struct place place_in(const struct pattern *p, mono_t from, mono_t now)
{
    int64_t length = length_of(p);
    int64_t at = now.ms - from.ms;
    if (length == 0) return (struct place){p->lines != 0, 0};
    if (p->repeats) at %= length;
    for (size_t i = 0; i < STEPS_MAX && p->steps_ms[i] > 0; i++) {
        if (at < p->steps_ms[i]) return (struct place){i % 2 == 0, p->steps_ms[i] - at};
        at -= p->steps_ms[i];
    }
    return (struct place){false, 0};
}

void signal_init(struct signal *s)
{
    *s = (struct signal){.light = HAL_LIGHT_OFF, .tone = HAL_TONE_NONE};
}

void signal_show(struct signal *s, enum hal_light light, enum hal_tone tone, mono_t now)
{
    assert((size_t)light < sizeof lights / sizeof lights[0]);
    assert((size_t)tone < sizeof tones / sizeof tones[0]);
    if (light != s->light || light == HAL_LIGHT_GREEN_BLINK) s->light_at = now;
    s->light = light;
    if (tone == HAL_TONE_NONE && s->tone != HAL_TONE_ALARM) return;
    if (tone == HAL_TONE_ALARM && s->tone == HAL_TONE_ALARM) return;
    s->tone = tone;
    s->tone_at = now;
}

uint32_t signal_levels(const struct signal *s, mono_t now)
{
    const struct pattern *light = &lights[s->light];
    const struct pattern *tone = &tones[s->tone];
    uint32_t on = place_in(light, s->light_at, now).on ? light->lines : 0;
    return place_in(tone, s->tone_at, now).on ? on | tone->lines : on;
}

mono_t signal_deadline(const struct signal *s, mono_t now)
{
    int64_t light = place_in(&lights[s->light], s->light_at, now).left_ms;
    int64_t tone = place_in(&tones[s->tone], s->tone_at, now).left_ms;
    mono_t first = light > 0 ? mono_plus(now, light) : MONO_NEVER;
    return tone > 0 ? mono_earlier(first, mono_plus(now, tone)) : first;
}
