/* world.c - the processes of the demonstration and their files. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "firmware/base/text.h"
#include "tools/demo/demo.h"

#define LOOK_MS  15
#define START_S  20
#define END_S    10
#define FILE_MAX (1u << 20)
#define ARGS_MAX 12

int64_t demo_now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void demo_breathe(void)
{
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    (void)nanosleep(&pause, NULL);
}

/* ------------------------------------------------------------------------------------- files -- */

static const char *below(const struct demo *d, const char *name, char out[DEMO_PATH])
{
    (void)snprintf(out, DEMO_PATH, "%s/%s", d->room, name);
    return out;
}

static bool file_write(const char *path, struct slice bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write(fd, bytes.ptr, bytes.len) == (ssize_t)bytes.len;
    if (fd >= 0 && close(fd) != 0) good = false;
    if (!good) (void)fprintf(stderr, "demo: cannot write %s: %s\n", path, strerror(errno));
    return good;
}

static bool file_read(const char *path, struct buf *out)
{
    uint8_t bytes[4096];
    size_t n;
    FILE *f = fopen(path, "rbe");
    if (!f) return false;
    while ((n = fread(bytes, 1, sizeof bytes, f)) > 0)
        buf_put(out, slice_of(bytes, n));
    (void)fclose(f);
    return !out->overflow;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static bool room_make(const struct demo *d)
{
    static const char *const folders[] = {"", "config", "secrets", "state", "labels"};
    char path[DEMO_PATH];
    (void)nftw(d->room, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (mkdir(below(d, folders[i], path), 0700) != 0) {
            (void)fprintf(stderr, "demo: cannot make %s: %s\n", path, strerror(errno));
            return false;
        }
    return true;
}

static bool secrets_write(struct demo *d)
{
    static const char *const secrets[][2] = {{"secrets/clarus-client-id", "bench-1"},
                                             {"secrets/clarus-client-secret", "secret-1"},
                                             {"secrets/shop-token", "shop-token"}};
    char path[DEMO_PATH];
    uint8_t chance[16];
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        if (!file_write(below(d, secrets[i][0], path), slice_text(secrets[i][1]))) return false;
    if (getrandom(chance, sizeof chance, 0) != (ssize_t)sizeof chance) return false;
    struct buf token = buf_over(d->token, sizeof d->token - 1);
    text_hex(&token, slice_of(chance, sizeof chance));
    d->token[token.len] = 0;
    return file_write(below(d, "secrets/console-token", path), buf_slice(&token));
}

/* ------------------------------------------------------------------------------------ config -- */

static void put_replaced(struct buf *out, struct slice text, const char *from, const char *to)
{
    size_t at = slice_find(text, slice_text(from));
    buf_put(out, slice_sub(text, 0, at));
    if (at == text.len) return;
    buf_text(out, to);
    buf_put(out, slice_sub(text, at + strlen(from), text.len));
}

/* The embedded site with the addresses of this run. */
static bool site_write(const struct demo *d)
{
    char path[DEMO_PATH];
    struct buf site = buf_new(FILE_MAX);
    struct buf half = buf_new(FILE_MAX);
    struct buf whole = buf_new(FILE_MAX);
    bool good = file_read("firmware/config/defaults/site.json", &site);
    put_replaced(&half, buf_slice(&site), "http://127.0.0.1:8481", d->clarus);
    put_replaced(&whole, buf_slice(&half), "http://127.0.0.1:8482/stores/demo", d->shop);
    if (good) good = file_write(below(d, "config/site.json", path), buf_slice(&whole));
    buf_deinit(&site);
    buf_deinit(&half);
    buf_deinit(&whole);
    return good;
}

static bool station_write(const struct demo *d)
{
    char path[DEMO_PATH];
    char text[1024];
    int len = snprintf(text, sizeof text,
                       "{\"id\":\"D1\",\"bench_name\":\"Demonstration\",\"demonstration\":true,"
                       "\"console\":{\"port\":0},"
                       "\"scanners\":[{\"port\":{\"transport\":\"pty\",\"path\":\"%s/scanner\"}}],"
                       "\"label_printer\":{\"port\":{\"transport\":\"pty\","
                       "\"path\":\"%s/label-printer\"}}}\n",
                       d->room, d->room);
    return file_write(below(d, "config/station.json", path), slice_of(text, (size_t)len));
}

/* --------------------------------------------------------------------------------- processes -- */

static void child_run(const char *log, char **args)
{
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0) _exit(127);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)execv(args[0], args);
    perror(args[0]);
    _exit(127);
}

/* `args[0]` is the program's name within d->programs. */
static pid_t start(const struct demo *d, const char *log, const char *const *args)
{
    char path[DEMO_PATH];
    char program[DEMO_PATH];
    char *argv[ARGS_MAX] = {program};
    (void)snprintf(program, sizeof program, "%s/%s", d->programs, args[0]);
    for (size_t i = 1; args[i] && i + 1 < ARGS_MAX; i++)
        argv[i] = (char *)(uintptr_t)args[i];
    pid_t pid = fork();
    if (pid == 0) child_run(below(d, log, path), argv);
    return pid > 0 ? pid : 0;
}

static bool ended(struct demo *d, pid_t *pid, const char *name)
{
    int status = 0;
    if (*pid == 0 || waitpid(*pid, &status, WNOHANG) != *pid) return false;
    *pid = 0;
    (void)check(d, false, "%s runs (it ended by itself, code %d signal %d)", name,
                WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    return true;
}

bool demo_all_run(struct demo *d)
{
    bool gone = ended(d, &d->peers, "packpeers");
    gone = ended(d, &d->printer, "packvirtual") || gone;
    gone = ended(d, &d->station, "packd") || gone;
    return !gone && d->peers && d->printer && d->station;
}

/* True when it was running and ends by itself, without complaint, when asked to. */
static bool end_one(pid_t *pid, const char *name)
{
    int status = 0;
    if (*pid <= 0) return false;
    (void)kill(*pid, SIGTERM);
    int64_t last = demo_now_ms() + INT64_C(1000) * END_S;
    while (waitpid(*pid, &status, WNOHANG) == 0) {
        if (demo_now_ms() > last) {
            (void)fprintf(stderr, "demo: %s does not end; killed\n", name);
            (void)kill(*pid, SIGKILL);
            (void)waitpid(*pid, &status, 0);
            break;
        }
        demo_breathe();
    }
    *pid = 0;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* What a program says of itself when it is ready: the text after `mark` up to `end`. */
struct notice {
    const char *log;
    size_t from; /* byte of the log to begin at */
    const char *mark;
    char end;
    pid_t *pid; /* whose log it is */
};

static bool log_says(const struct demo *d, const struct notice *n, char out[DEMO_URL])
{
    char path[DEMO_PATH];
    struct buf text = buf_new(FILE_MAX);
    bool found = false;
    if (file_read(below(d, n->log, path), &text)) {
        struct slice rest = slice_sub(buf_slice(&text), n->from, text.len);
        size_t at = slice_find(rest, slice_text(n->mark));
        struct slice value = slice_sub(rest, at + strlen(n->mark), rest.len);
        size_t len = slice_find_byte(value, (uint8_t)n->end);
        found = at < rest.len && len < value.len &&
                slice_copy(slice_sub(value, 0, len), out, DEMO_URL) == ERR_OK;
    }
    buf_deinit(&text);
    return found;
}

static bool log_awaited(struct demo *d, const struct notice *n, char out[DEMO_URL])
{
    int64_t last = demo_now_ms() + INT64_C(1000) * START_S;
    while (!log_says(d, n, out)) {
        if (ended(d, n->pid, n->log) || *n->pid == 0) return false;
        if (demo_now_ms() > last)
            return check(d, false, "%s/%s says %s within %d s", d->room, n->log, n->mark, START_S);
        demo_breathe();
    }
    return true;
}

/* -------------------------------------------------------------------------------------- life -- */

static bool peers_start(struct demo *d)
{
    static const char *const args[] = {"packpeers", "--demo", NULL};
    d->peers = start(d, "peers.log", args);
    struct notice n = {.log = "peers.log", .mark = "\"clarus\":\"", .end = '"', .pid = &d->peers};
    if (!log_awaited(d, &n, d->clarus)) return false;
    n.mark = "\"shop\":\"";
    if (!log_awaited(d, &n, d->shop)) return false;
    n.mark = "\"control\":\"";
    return log_awaited(d, &n, d->control);
}

static void printer_start(struct demo *d)
{
    char port[DEMO_PATH];
    char out[DEMO_PATH];
    const char *const args[] = {
        "packvirtual",           "--port", below(d, "label-printer", port), "--out",
        below(d, "labels", out), NULL};
    d->printer = start(d, "printer.log", args);
}

bool station_start(struct demo *d)
{
    char config[DEMO_PATH], secrets[DEMO_PATH], state[DEMO_PATH], log[DEMO_PATH];
    struct stat st;
    size_t from = stat(below(d, "packd.log", log), &st) == 0 ? (size_t)st.st_size : 0;
    const char *const args[] = {"packd",
                                "--config",
                                below(d, "config", config),
                                "--credentials",
                                below(d, "secrets", secrets),
                                "--state",
                                below(d, "state", state),
                                NULL};
    d->station = start(d, "packd.log", args);
    const struct notice n = {"packd.log", from, "console on ", '\n', &d->station};
    if (!log_awaited(d, &n, d->console)) return false;
    size_t len = strlen(d->console);
    if (len && d->console[len - 1] == '/') d->console[len - 1] = 0;
    tell(d, "station", "packd started, process %d, %s", (int)d->station, d->console);
    return true;
}

void station_kill(struct demo *d)
{
    int status = 0;
    if (d->station <= 0) return;
    tell(d, "power", "SIGKILL to packd, process %d", (int)d->station);
    (void)kill(d->station, SIGKILL);
    (void)waitpid(d->station, &status, 0);
    d->station = 0;
    scanner_unplug(d);
}

bool demo_open(struct demo *d)
{
    (void)umask(077);
    if (!room_make(d) || !secrets_write(d) || !peers_start(d)) return false;
    tell(d, "world", "Clarus at %s, shop at %s", d->clarus, d->shop);
    stories_place(d);
    if (!site_write(d) || !station_write(d)) return false;
    printer_start(d);
    if (!station_start(d)) return false;
    d->words = wire_call(d, d->console, "/messages.json", NULL);
    scanner_plug(d);
    return !d->failed;
}

void demo_end(struct demo *d)
{
    scanner_unplug(d);
    bool station = end_one(&d->station, "packd");
    bool printer = end_one(&d->printer, "packvirtual");
    bool peers = end_one(&d->peers, "packpeers");
    (void)check(d, station, "packd ends in order when asked to");
    (void)check(d, printer, "packvirtual ends in order and saw no command that is not a label's");
    (void)check(d, peers, "packpeers ends in order");
}

void demo_close(struct demo *d)
{
    scanner_unplug(d);
    (void)end_one(&d->station, "packd");
    (void)end_one(&d->printer, "packvirtual");
    (void)end_one(&d->peers, "packpeers");
    json_free(d->view);
    json_free(d->order);
    json_free(d->words);
    d->view = d->order = d->words = NULL;
    wire_end();
}
