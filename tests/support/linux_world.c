#include "tests/support/linux_world.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void must(bool ok, const char *what)
{
    if (ok) return;
    perror(what);
    abort();
}

const char *linux_world_path(const struct linux_world *w, const char *below, char *out, size_t cap)
{
    int n = snprintf(out, cap, "%s/%s", w->dir, below);
    must(n > 0 && (size_t)n < cap, "path too long");
    return out;
}

void linux_world_open(struct linux_world *w)
{
    char config[96];
    char secrets[96];
    char state[96];
    *w = (struct linux_world){.dir = "/tmp/packd-test-XXXXXX"};
    must(mkdtemp(w->dir) != NULL, "mkdtemp");
    must(mkdir(linux_world_path(w, "config", config, sizeof config), 0755) == 0, "mkdir");
    must(mkdir(linux_world_path(w, "secrets", secrets, sizeof secrets), 0700) == 0, "mkdir");
    must(mkdir(linux_world_path(w, "state", state, sizeof state), 0755) == 0, "mkdir");
    struct hal_linux_options options = {
        .config_dir = config, .credentials_dir = secrets, .state_dir = state};
    must(hal_linux_open(&options, &w->hal) == ERR_OK, "hal_linux_open");
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

void linux_world_close(struct linux_world *w)
{
    hal_linux_close(w->hal);
    must(nftw(w->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0, "nftw");
}

void linux_world_write(const struct linux_world *w, const char *below, const char *text, int mode)
{
    char path[128];
    (void)linux_world_path(w, below, path, sizeof path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    must(fd >= 0, path);
    must(write(fd, text, strlen(text)) == (ssize_t)strlen(text), "write");
    must(fchmod(fd, (mode_t)mode) == 0, "fchmod");
    must(close(fd) == 0, "close");
}

const struct hal_event *linux_world_next(struct linux_world *w, int64_t patience_ms)
{
    if (w->at == w->count) {
        mono_t deadline = mono_plus(hal_now(w->hal), patience_ms);
        w->at = 0;
        w->count = 0;
        must(hal_wait(w->hal, deadline, w->events, HAL_EVENTS_MAX, &w->count) == ERR_OK,
             "hal_wait");
    }
    return w->at < w->count ? &w->events[w->at++] : NULL;
}

bool linux_world_quiet(struct linux_world *w, int64_t patience_ms)
{
    return linux_world_next(w, patience_ms) == NULL;
}
