/* packd as a process: how fast it starts, what it weighs, with nothing and with much waiting. */
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/figures.h"

#define STARTS     15
#define SETTLE_MS  1500 /* for figures of memory: past the first tries to reach anybody */
#define PATIENCE   30000
#define SUBJECTS   3
#define PATH_SPACE 512

struct subject {
    const char *name;
    char program[PATH_SPACE];
    char state[PATH_SPACE];
    bool is_floor;
    bool absent;
    struct series start_ms;
    double resident_mb;
    double dirty_mb;
};

struct lab {
    const char *base;
    int notify;
    struct sockaddr_un address;
    struct subject subjects[SUBJECTS];
};

/* -------------------------------------------------------------------------------- processes -- */

static void listen_for_ready(struct lab *lab)
{
    lab->notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    lab->address.sun_family = AF_UNIX;
    (void)snprintf(lab->address.sun_path, sizeof lab->address.sun_path, "%s/notify", lab->base);
    (void)unlink(lab->address.sun_path);
    must(lab->notify >= 0 &&
             bind(lab->notify, (struct sockaddr *)&lab->address, sizeof lab->address) == 0,
         "no socket to be notified on");
    char *full = realpath(lab->address.sun_path, NULL);
    must(full && setenv("NOTIFY_SOCKET", full, 1) == 0, "no environment");
    free(full);
}

static void wait_until_ready(const struct lab *lab)
{
    char text[256];
    ssize_t n = 0;
    do {
        struct pollfd p = {.fd = lab->notify, .events = POLLIN};
        must(poll(&p, 1, PATIENCE) == 1, "the program did not become ready");
        n = recv(lab->notify, text, sizeof text - 1, 0);
        must(n > 0, "nothing received");
        text[n] = 0;
    } while (!strstr(text, "READY=1"));
}

static void become(const struct lab *lab, const struct subject *s)
{
    char config[PATH_SPACE];
    int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
    (void)dup2(quiet, STDERR_FILENO);
    (void)snprintf(config, sizeof config, "%s/config", lab->base);
    if (s->is_floor)
        (void)execl(s->program, s->program, s->state, (char *)NULL);
    else
        (void)execl(s->program, s->program, "--config", config, "--state", s->state, (char *)NULL);
    _exit(127);
}

static pid_t start(const struct lab *lab, const struct subject *s, double *out_ms)
{
    int64_t from = wall_ns();
    pid_t pid = fork();
    must(pid >= 0, "cannot fork");
    if (pid == 0) become(lab, s);
    wait_until_ready(lab);
    *out_ms = (double)(wall_ns() - from) / 1e6;
    return pid;
}

/* Takes what a program tells its supervisor, for it waits when nobody reads. */
static void listen_for(const struct lab *lab, int ms)
{
    char text[256];
    struct pollfd p = {.fd = lab->notify, .events = POLLIN};
    int64_t until = wall_ns() + (int64_t)ms * 1000000;
    for (int64_t left = ms; left > 0; left = (until - wall_ns()) / 1000000)
        if (poll(&p, 1, (int)left) == 1) (void)recv(lab->notify, text, sizeof text, 0);
}

static void end(const struct lab *lab, pid_t pid)
{
    int status = 0;
    (void)kill(pid, SIGTERM);
    while (waitpid(pid, &status, WNOHANG) == 0)
        listen_for(lab, 2);
}

/* ----------------------------------------------------------------------------------- memory -- */

static double kilobytes(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    return at ? strtod(at + strlen(name), NULL) : NAN;
}

static void weigh(struct subject *s, pid_t pid)
{
    char path[64];
    char text[4096];
    (void)snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    FILE *f = fopen(path, "re");
    must(f != NULL, "no smaps");
    size_t n = fread(text, 1, sizeof text - 1, f);
    (void)fclose(f);
    text[n] = 0;
    s->resident_mb = kilobytes(text, "\nRss:") / 1024;
    s->dirty_mb = kilobytes(text, "Private_Dirty:") / 1024;
}

/* ------------------------------------------------------------------------------- the figures -- */

static void measure(struct lab *lab)
{
    for (int i = 0; i <= STARTS; i++) {
        for (size_t k = 0; k < SUBJECTS; k++) {
            struct subject *s = &lab->subjects[k];
            double ms = 0;
            if (s->absent) continue;
            pid_t pid = start(lab, s, &ms);
            if (i > 0) series_add(&s->start_ms, ms); /* the first makes the files */
            if (i == STARTS) {
                listen_for(lab, SETTLE_MS);
                weigh(s, pid);
            }
            end(lab, pid);
        }
    }
}

static void print_start(const struct lab *lab, const char *many)
{
    const struct subject *floor = &lab->subjects[0];
    const struct subject *empty = &lab->subjects[1];
    const struct subject *full = &lab->subjects[2];
    char what[64];
    section_print("packd as a process");
    row_print(&(struct row){.what = "process start to scanning: median",
                            .unit = "ms",
                            .floor = series_median(&floor->start_ms),
                            .packd = series_median(&empty->start_ms),
                            .at_most = 50,
                            .at_least = NAN});
    if (full->absent) return;
    (void)snprintf(what, sizeof what, "  with %s waiting, against nothing waiting", many);
    double base = series_median(&empty->start_ms);
    row_print(&(struct row){.what = what,
                            .unit = "ms",
                            .floor = base,
                            .packd = series_median(&full->start_ms),
                            .at_most = 1.5 * base + 200,
                            .at_least = NAN,
                            .aim = "<= 1.5x + 200 ms"});
}

static void print_memory(const struct lab *lab, const char *many)
{
    const struct subject *floor = &lab->subjects[0];
    const struct subject *empty = &lab->subjects[1];
    const struct subject *full = &lab->subjects[2];
    char what[64];
    row_print(&(struct row){.what = "resident memory",
                            .unit = "MB",
                            .floor = floor->resident_mb,
                            .packd = empty->resident_mb,
                            .at_most = floor->resident_mb + 4,
                            .at_least = NAN,
                            .aim = "<= floor + 4 MB"});
    row_print(&(struct row){.what = "private dirty memory",
                            .unit = "MB",
                            .floor = floor->dirty_mb,
                            .packd = empty->dirty_mb,
                            .at_most = 6,
                            .at_least = NAN});
    if (full->absent) return;
    (void)snprintf(what, sizeof what, "resident, %s waiting, against nothing", many);
    row_print(&(struct row){.what = what,
                            .unit = "MB",
                            .floor = empty->resident_mb,
                            .packd = full->resident_mb,
                            .at_most = 1.1,
                            .at_least = NAN,
                            .of_ratio = true});
}

static void print_size(const char *build)
{
    char path[PATH_SPACE];
    struct stat st;
    (void)snprintf(path, sizeof path, "%s/packd.stripped", build);
    must(stat(path, &st) == 0, "no stripped packd");
    row_print(&(struct row){.what = "packd, stripped",
                            .unit = "MB",
                            .floor = NAN,
                            .packd = (double)st.st_size / 1048576,
                            .at_most = 1.5,
                            .at_least = NAN});
}

int main(int argc, char **argv)
{
    static struct lab lab;
    must(argc > 3, "usage: process_bench FOLDER BUILD MANY");
    lab.base = argv[1];
    const char *many = argv[3];
    static const char *const names[SUBJECTS] = {"floor", "empty", "waiting"};
    for (size_t k = 0; k < SUBJECTS; k++) {
        struct subject *s = &lab.subjects[k];
        s->name = names[k];
        s->is_floor = k == 0;
        (void)snprintf(s->program, sizeof s->program, "%s/%s", argv[2],
                       k == 0 ? "tests/bench/idle_floor" : "packd.stripped");
        (void)snprintf(s->state, sizeof s->state, "%s/%s%s", lab.base,
                       k == 2 ? "waiting-" : s->name, k == 2 ? many : "");
        if (k == 1) (void)mkdir(s->state, 0755);
    }
    (void)snprintf(lab.subjects[0].state, PATH_SPACE, "%s/floor.db", lab.base);
    lab.subjects[2].absent = access(lab.subjects[2].state, F_OK) != 0;
    listen_for_ready(&lab);
    measure(&lab);
    print_start(&lab, many);
    print_memory(&lab, many);
    print_size(argv[2]);
    return 0;
}
