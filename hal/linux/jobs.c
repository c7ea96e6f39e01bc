/* jobs.c - bounded child processes. The input is a sealed memory file, so feeding it never blocks;
 * the output is read as it comes. A job ends when its process ended; the rest of its group is
 * killed. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware/base/mem.h"
#include "hal/linux/parts.h"
#include "hal/linux/sandbox.h"

#define ERRORS_MAX    4096
#define ARGS_MAX      32
#define ROUND_READ    (256u << 10) /* bytes of one pipe in one turn */
#define EXEC_FAILED   127
#define MEMORY_MB_MIN 16

enum {
    OUT,
    ERR,
    PIPES
};

struct pipe_end {
    struct job *job;
    int fd; /* -1: closed */
    struct watch *watch;
    struct buf bytes;
};

struct job {
    struct jobs *owner;
    uint32_t id; /* 0: free */
    pid_t pid;
    int pid_fd;
    struct watch *pid_watch;
    struct pipe_end pipes[PIPES];
    mono_t deadline;
    bool killed; /* by us, for a limit */
    bool done;   /* told; freed at the next wait */
};

struct jobs {
    struct reactor *reactor;
    uint32_t last_id;
    struct sandbox sandbox;
    char capabilities[96];
    char tools[2][PATH_MAX]; /* by enum hal_tool; "" when not installed */
    struct job slots[HAL_JOBS_MAX];
};

/* --------------------------------------------------------------------------------- programs -- */

static bool runs(const char *path)
{
    return access(path, X_OK) == 0;
}

static bool find_in_path(const char *name, char *out)
{
    static const char *const dirs[] = {"/usr/local/bin", "/usr/bin", "/bin"};
    for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
        (void)snprintf(out, PATH_MAX, "%s/%s", dirs[i], name);
        if (runs(out)) return true;
    }
    out[0] = 0;
    return false;
}

static bool find_beside_us(const char *name, char *out)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0) return false;
    self[n] = 0;
    char *slash = strrchr(self, '/');
    if (!slash) return false;
    *slash = 0;
    return (size_t)snprintf(out, PATH_MAX, "%s/%s", self, name) < PATH_MAX && runs(out);
}

static void find_tools(struct jobs *j, const struct hal_linux_options *o)
{
    (void)find_in_path("pdftoppm", j->tools[HAL_TOOL_PDF_RASTER]);
    char *reader = j->tools[HAL_TOOL_BARCODE_READ];
    if (o->barcode_tool) {
        if (!runs(o->barcode_tool) || slice_copy(slice_text(o->barcode_tool), reader, PATH_MAX))
            reader[0] = 0;
        return;
    }
    if (!find_beside_us("packd-barcodes", reader)) (void)find_in_path("packd-barcodes", reader);
}

/* ------------------------------------------------------------------------------------ the end --
 */

static void schedule(struct jobs *j);

static void close_pipe(struct pipe_end *p)
{
    if (p->fd < 0) return;
    reactor_unwatch(p->job->owner->reactor, p->watch);
    p->watch = NULL;
    (void)close(p->fd);
    p->fd = -1;
}

/* Stops every process of the job; its output so far stays until the slot is freed. */
static int stop(struct job *job)
{
    int status = 0;
    if (job->pid > 0) {
        (void)kill(-job->pid, SIGKILL);
        (void)kill(job->pid, SIGKILL);
        while (waitpid(job->pid, &status, 0) < 0 && errno == EINTR)
            continue;
        job->pid = 0;
    }
    reactor_unwatch(job->owner->reactor, job->pid_watch);
    job->pid_watch = NULL;
    if (job->pid_fd >= 0) (void)close(job->pid_fd);
    job->pid_fd = -1;
    return status;
}

static void release(struct job *job)
{
    (void)stop(job);
    for (size_t i = 0; i < PIPES; i++) {
        close_pipe(&job->pipes[i]);
        buf_deinit(&job->pipes[i].bytes);
    }
    job->id = 0;
}

/* Reads what is there. False: more than allowed came. */
static bool read_pipe(struct pipe_end *p, bool keep_all)
{
    uint8_t chunk[16384];
    for (size_t all = 0; p->fd >= 0 && all < ROUND_READ;) {
        ssize_t n = read(p->fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) break;
        if (n <= 0) {
            close_pipe(p);
            break;
        }
        all += (size_t)n;
        size_t room = p->bytes.max - p->bytes.len;
        size_t take = (size_t)n < room ? (size_t)n : room;
        buf_put(&p->bytes, slice_of(chunk, take));
        if ((take < (size_t)n || p->bytes.overflow) && keep_all) return false;
    }
    return true;
}

static void kill_for_limit(struct job *job)
{
    job->killed = true;
    (void)kill(-job->pid, SIGKILL);
    (void)kill(job->pid, SIGKILL);
    close_pipe(&job->pipes[OUT]);
}

/* Signals that only a limit of ours brings about. */
static bool limit_signal(int status)
{
    if (!WIFSIGNALED(status)) return false;
    int sig = WTERMSIG(status);
    return sig == SIGXCPU || sig == SIGXFSZ || sig == SIGKILL;
}

static void finish(struct job *job)
{
    struct reactor *r = job->owner->reactor;
    siginfo_t ended = {0};
    bool exited = waitid(P_PIDFD, (id_t)job->pid_fd, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
                  ended.si_pid == job->pid;
    if (!exited || !reactor_has_room(r)) return;
    (void)kill(-job->pid, SIGKILL); /* whatever it left behind; the id is ours until reaped */
    for (size_t i = 0; i < PIPES; i++) {
        size_t before = SIZE_MAX;
        struct pipe_end *p = &job->pipes[i];
        while (p->fd >= 0 && p->bytes.len != before && !job->killed) {
            before = p->bytes.len;
            if (!read_pipe(p, i == OUT)) job->killed = true;
        }
        close_pipe(p);
    }
    int status = stop(job);
    struct hal_job_result result = {.id = {job->id},
                                    .ended = WIFEXITED(status) && !job->killed,
                                    .over_limit = job->killed || limit_signal(status),
                                    .output = buf_slice(&job->pipes[OUT].bytes),
                                    .errors = buf_slice(&job->pipes[ERR].bytes)};
    result.code = result.ended ? WEXITSTATUS(status) : 0;
    job->done = true;
    reactor_emit(r, &(struct hal_event){.kind = HAL_EV_JOB_DONE, .job = result});
    schedule(job->owner);
}

static void on_pipe(void *ctx, uint32_t events)
{
    (void)events;
    struct pipe_end *p = ctx;
    struct job *job = p->job;
    bool is_out = p == &job->pipes[OUT];
    if (!read_pipe(p, is_out)) kill_for_limit(job);
}

static void on_exit_ready(void *ctx, uint32_t events)
{
    (void)events;
    finish(ctx);
}

static void on_timer(void *ctx)
{
    struct jobs *j = ctx;
    mono_t now = reactor_clock();
    for (size_t i = 0; i < HAL_JOBS_MAX; i++) {
        struct job *job = &j->slots[i];
        if (job->id && !job->done && !job->killed && mono_reached(now, job->deadline))
            kill_for_limit(job);
    }
    schedule(j);
}

static void schedule(struct jobs *j)
{
    mono_t at = MONO_NEVER;
    for (size_t i = 0; i < HAL_JOBS_MAX; i++) {
        const struct job *job = &j->slots[i];
        if (job->id && !job->done && !job->killed) at = mono_earlier(at, job->deadline);
    }
    reactor_timer_set(j->reactor, REACTOR_TIMER_JOBS, at, on_timer, j);
}

/* ---------------------------------------------------------------------------------- the child --
 */

struct start {
    const struct sandbox *sandbox;
    struct sandbox_limits limits;
    char *argv[ARGS_MAX + 2];
    int tool_fd;
    int std[3]; /* input, output, errors */
    pid_t parent;
};

/* After fork: only async-signal-safe calls, nothing is freed. */
static _Noreturn void run_child(const struct start *s)
{
    static char *const no_environment[] = {NULL};
    sigset_t none;
    struct sigaction defaults = {.sa_handler = SIG_DFL};
    for (int sig = 1; sig < NSIG; sig++)
        (void)sigaction(sig, &defaults, NULL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (setpgid(0, 0) != 0 || chdir("/") != 0) _exit(EXEC_FAILED);
    for (int i = 0; i < 3; i++)
        if (dup2(s->std[i], i) != i) _exit(EXEC_FAILED);
    int tool = dup3(s->tool_fd, 3, O_CLOEXEC);
    if (tool != 3 || close_range(4, UINT_MAX, 0) != 0) _exit(EXEC_FAILED);
    (void)umask(077);
    if (!sandbox_enter(s->sandbox, &s->limits, tool)) _exit(EXEC_FAILED);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != s->parent) _exit(EXEC_FAILED);
    (void)execveat(tool, "", s->argv, no_environment, AT_EMPTY_PATH);
    _exit(EXEC_FAILED);
}

static void close_fd(int *fd)
{
    if (*fd >= 0) (void)close(*fd);
    *fd = -1;
}

/* A descriptor above the three that the child replaces. */
static int high(int fd)
{
    if (fd < 0 || fd > 3) return fd;
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, 4);
    (void)close(fd);
    return moved;
}

static err_t input_file(struct slice input, int *out_fd)
{
    int fd = high(memfd_create("job-input", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (fd < 0) return ERR_IO;
    size_t at = 0;
    while (at < input.len) {
        ssize_t n = write(fd, input.ptr + at, input.len - at);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        at += (size_t)n;
    }
    bool ok = at == input.len && lseek(fd, 0, SEEK_SET) == 0 &&
              fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK) == 0;
    if (!ok) close_fd(&fd);
    *out_fd = fd;
    return ok ? ERR_OK : ERR_NOMEM;
}

static err_t make_pipe(struct pipe_end *p, int *out_write_end)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return ERR_IO;
    p->fd = high(ends[0]);
    *out_write_end = high(ends[1]);
    if (p->fd < 0 || *out_write_end < 0) return ERR_IO;
    return fcntl(p->fd, F_SETFL, O_NONBLOCK) == 0 ? ERR_OK : ERR_IO;
}

static err_t watch_all(struct job *job)
{
    struct reactor *r = job->owner->reactor;
    job->pid_fd = pidfd_open(job->pid, 0);
    if (job->pid_fd < 0) return ERR_IO;
    err_t e = reactor_watch(r, job->pid_fd, EPOLLIN, on_exit_ready, job, &job->pid_watch);
    for (size_t i = 0; i < PIPES && !e; i++) {
        struct pipe_end *p = &job->pipes[i];
        e = reactor_watch(r, p->fd, EPOLLIN, on_pipe, p, &p->watch);
    }
    return e;
}

static err_t spawn(struct job *job, struct start *s, struct slice input)
{
    err_t e = input_file(input, &s->std[0]);
    if (!e) e = make_pipe(&job->pipes[OUT], &s->std[1]);
    if (!e) e = make_pipe(&job->pipes[ERR], &s->std[2]);
    if (e) return e;
    s->parent = getpid();
    job->pid = fork();
    if (job->pid == 0) run_child(s);
    if (job->pid < 0) {
        job->pid = 0;
        return ERR_NOMEM;
    }
    (void)setpgid(job->pid, job->pid); /* whichever of us two comes first */
    return watch_all(job);
}

/* ----------------------------------------------------------------------------- the part itself --
 */

err_t jobs_open(struct reactor *r, const struct hal_linux_options *options, struct jobs **out)
{
    struct jobs *j = mem_alloc(sizeof *j);
    if (!j) return ERR_NOMEM;
    j->reactor = r;
    find_tools(j, options);
    sandbox_probe(&j->sandbox);
    (void)snprintf(j->capabilities, sizeof j->capabilities,
                   "landlock=%d network_apart=%d user_dropped=%d pdf=%d barcodes=%d",
                   j->sandbox.landlock_abi, (int)j->sandbox.network_apart,
                   (int)j->sandbox.drops_user, (int)(j->tools[HAL_TOOL_PDF_RASTER][0] != 0),
                   (int)(j->tools[HAL_TOOL_BARCODE_READ][0] != 0));
    *out = j;
    return ERR_OK;
}

const char *jobs_capabilities(const struct jobs *j)
{
    return j->capabilities;
}

void jobs_begin_wait(struct jobs *j)
{
    for (size_t i = 0; i < HAL_JOBS_MAX; i++)
        if (j->slots[i].id && j->slots[i].done) release(&j->slots[i]);
}

void jobs_close(struct jobs *j)
{
    if (!j) return;
    for (size_t i = 0; i < HAL_JOBS_MAX; i++)
        if (j->slots[i].id) release(&j->slots[i]);
    reactor_timer_set(j->reactor, REACTOR_TIMER_JOBS, MONO_NEVER, on_timer, j);
    mem_free(j);
}

static void init_job(struct job *job, struct jobs *j, const struct hal_job_spec *spec)
{
    *job = (struct job){.owner = j, .pid_fd = -1};
    for (size_t i = 0; i < PIPES; i++)
        job->pipes[i] = (struct pipe_end){.job = job, .fd = -1};
    job->pipes[OUT].bytes = buf_new(spec->output_max);
    job->pipes[ERR].bytes = buf_new(ERRORS_MAX);
    job->deadline = mono_plus(reactor_clock(), spec->time_limit_ms);
}

/* The strings are borrowed: the child has its own copy of our memory. */
static err_t fill_args(struct start *s, const char *tool, const char *const *args)
{
    size_t n = 0;
    s->argv[n++] = (char *)(uintptr_t)tool;
    for (; args && *args; args++) {
        if (n > ARGS_MAX) return ERR_INVALID;
        s->argv[n++] = (char *)(uintptr_t)*args;
    }
    s->argv[n] = NULL;
    return ERR_OK;
}

static struct job *free_job(struct jobs *j)
{
    for (size_t i = 0; i < HAL_JOBS_MAX; i++)
        if (!j->slots[i].id) return &j->slots[i];
    return NULL;
}

err_t hal_job_start(struct hal *h, const struct hal_job_spec *spec, hal_job_t *out)
{
    struct jobs *j = h->jobs;
    assert(spec->tool <= HAL_TOOL_BARCODE_READ);
    const char *tool = j->tools[spec->tool];
    struct job *job = free_job(j);
    if (!tool[0]) return ERR_NOTFOUND;
    if (!job) return ERR_NOSPACE;
    struct start s = {.sandbox = &j->sandbox, .std = {-1, -1, -1}};
    s.limits.memory_mb = spec->memory_max_mb < MEMORY_MB_MIN ? MEMORY_MB_MIN : spec->memory_max_mb;
    s.limits.cpu_s = spec->time_limit_ms / 1000 + 1;
    err_t e = fill_args(&s, tool, spec->args);
    if (e) return e;
    s.tool_fd = high(open(tool, O_RDONLY | O_CLOEXEC));
    if (s.tool_fd < 0) return ERR_NOTFOUND;
    init_job(job, j, spec);
    e = spawn(job, &s, spec->input);
    close_fd(&s.tool_fd);
    for (size_t i = 0; i < 3; i++)
        close_fd(&s.std[i]);
    if (e) {
        release(job);
        return e;
    }
    job->id = ++j->last_id;
    *out = (hal_job_t){job->id};
    schedule(j);
    return ERR_OK;
}

void hal_job_cancel(struct hal *h, hal_job_t id)
{
    struct jobs *j = h->jobs;
    for (size_t i = 0; i < HAL_JOBS_MAX; i++)
        if (id.n && j->slots[i].id == id.n && !j->slots[i].done) release(&j->slots[i]);
    schedule(j);
}
