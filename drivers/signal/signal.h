/* signal.h - stack light and buzzer: what a light and a tone look like in time.
 *
 * Pure: time in, levels out. The patterns are const tables; the HAL's lines are set by whoever owns
 * them. A light stays until the next one, a tone ends by itself, except the alarm. */
#ifndef PACKD_DRIVERS_SIGNAL_H
#define PACKD_DRIVERS_SIGNAL_H

#include "hal/hal.h"

enum signal_line {
    SIGNAL_GREEN = 1u << 0,
    SIGNAL_AMBER = 1u << 1,
    SIGNAL_RED = 1u << 2,
    SIGNAL_BUZZER = 1u << 3,
};
#define SIGNAL_LINES 4

struct signal {
    enum hal_light light;
    enum hal_tone tone;
    mono_t light_at;
    mono_t tone_at;
};

void signal_init(struct signal *s);
/* HAL_TONE_NONE ends an alarm and leaves a short tone to its end. */
void signal_show(struct signal *s, enum hal_light light, enum hal_tone tone, mono_t now);
/* The signal_line bits that are on. */
uint32_t signal_levels(const struct signal *s, mono_t now);
/* When the levels change next by themselves; MONO_NEVER: not at all. */
mono_t signal_deadline(const struct signal *s, mono_t now);

#endif
