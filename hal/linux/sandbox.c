#include "hal/linux/sandbox.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY      65534
#define CHILD_FILES 32
#define LANDLOCK_READ                                                                              \
    (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_EXECUTE)
/* Every right of the first version; later versions' rights are asked for where they are known. */
#define LANDLOCK_ALL_1 ((1ull << 13) - 1)

#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

/* Programs, their libraries, fonts, and what glibc and fontconfig read. */
static const char *const readable[] = {
    "/usr",
    "/lib",
    "/lib64",
    "/lib32",
    "/bin",
    "/etc/ld.so.cache",
    "/etc/fonts",
    "/var/cache/fontconfig",
    "/etc/alternatives",
    "/dev/null",
    "/dev/urandom",
    NULL,
};

static int landlock_abi(void)
{
    long v = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);
    return v > 0 ? (int)v : 0;
}

static uint64_t landlock_rights(int abi)
{
    uint64_t rights = LANDLOCK_ALL_1;
    if (abi >= 2) rights |= LANDLOCK_ACCESS_FS_REFER;
    if (abi >= 3) rights |= LANDLOCK_ACCESS_FS_TRUNCATE;
    return rights;
}

static void allow(int ruleset, int fd, uint64_t rights)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = fd};
    (void)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0u);
}

/* A path that is a file takes no right about directories. */
static void allow_path(int ruleset, const char *path)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0) return;
    allow(ruleset, fd, LANDLOCK_READ);
    allow(ruleset, fd, LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE);
    (void)close(fd);
}

static bool close_files(int abi, int tool_fd)
{
    uint64_t handled = landlock_rights(abi);
    long ruleset = syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0u);
    if (ruleset < 0) return false;
    for (const char *const *path = readable; *path; path++)
        allow_path((int)ruleset, *path);
    if (tool_fd >= 0)
        allow((int)ruleset, tool_fd, LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE);
    bool ok = syscall(SYS_landlock_restrict_self, ruleset, 0u) == 0;
    (void)close((int)ruleset);
    return ok;
}

static bool cap_resource(int resource, rlim_t value)
{
    struct rlimit r = {value, value};
    return setrlimit((__rlimit_resource_t)resource, &r) == 0;
}

/* The system calls themselves: the library's functions would look for other threads to change. */
static bool become_nobody(void)
{
    return syscall(SYS_setgroups, 0, NULL) == 0 &&
           syscall(SYS_setresgid, NOBODY, NOBODY, NOBODY) == 0 &&
           syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY) == 0;
}

static bool leave_network(const struct sandbox *s)
{
    int flags = CLONE_NEWNET | CLONE_NEWIPC;
    return unshare(s->network_by_user ? flags | CLONE_NEWUSER : flags) == 0;
}

bool sandbox_enter(const struct sandbox *s, const struct sandbox_limits *limits, int tool_fd)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
    if (s->network_apart && !leave_network(s)) return false;
    if (s->drops_user && !become_nobody()) return false;
    if (s->landlock_abi > 0 && !close_files(s->landlock_abi, tool_fd)) return false;
    return cap_resource(RLIMIT_AS, (rlim_t)limits->memory_mb << 20) &&
           cap_resource(RLIMIT_CPU, limits->cpu_s) && cap_resource(RLIMIT_FSIZE, 0) &&
           cap_resource(RLIMIT_NOFILE, CHILD_FILES) && cap_resource(RLIMIT_CORE, 0) &&
           cap_resource(RLIMIT_NPROC, 0);
}

static bool works(const struct sandbox *s)
{
    const struct sandbox_limits wide = {1024, 5};
    pid_t child = fork();
    if (child < 0) return false;
    if (child == 0) _exit(sandbox_enter(s, &wide, -1) ? 0 : 1);
    int status = 0;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void sandbox_probe(struct sandbox *out)
{
    struct sandbox s = {0};
    s.drops_user = geteuid() == 0;
    if (!works(&s)) s.drops_user = false;
    s.landlock_abi = landlock_abi();
    if (!works(&s)) s.landlock_abi = 0;
    s.network_apart = true;
    if (!works(&s)) {
        s.network_by_user = true;
        if (!works(&s)) s.network_apart = s.network_by_user = false;
    }
    *out = s;
}
