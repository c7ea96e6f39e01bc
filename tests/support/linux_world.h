/* linux_world.h - hal/linux opened on a throw-away directory, and its events one at a time. */
#ifndef PACKD_TESTS_LINUX_WORLD_H
#define PACKD_TESTS_LINUX_WORLD_H

#include "hal/linux/hal_linux.h"

struct linux_world {
    struct hal *hal;
    char dir[64]; /* holds config/, secrets/ (0700) and state/ */
    struct hal_event events[HAL_EVENTS_MAX];
    size_t count;
    size_t at;
};

/* A test that waits longer than this for an event has failed. */
#define WORLD_PATIENCE_MS 20000

/* Aborts the test program when the world cannot be made. */
void linux_world_open(struct linux_world *w);
void linux_world_close(struct linux_world *w); /* removes the directory */
/* "<dir>/<below>" into out; returns out. */
const char *linux_world_path(const struct linux_world *w, const char *below, char *out, size_t cap);
void linux_world_write(const struct linux_world *w, const char *below, const char *text, int mode);
/* The next event, or NULL when none comes within `patience_ms`. Its slices are valid until this is
 * called again. */
const struct hal_event *linux_world_next(struct linux_world *w, int64_t patience_ms);
/* True when nothing is queued and nothing comes up to the given moment. */
bool linux_world_quiet(struct linux_world *w, int64_t patience_ms);

#endif
