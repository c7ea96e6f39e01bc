/* host.c - starts the virtual machine and is its hands: what the guest asks for on its console is
 * done to its USB bus. Everything else the guest says goes to standard output.
 *
 *   @qmp {...}        one command of QEMU's monitor
 *   @serial open      the USB serial device is plugged in
 *   @serial close     it is pulled out
 *   @serial send HEX  bytes from the device
 *   @serial read N    N bytes to the device, answered as hex
 *
 * Each is answered with one line: "@ok", "@ok HEX" or "@no". Ends with 0 when the guest said that
 * its tests passed. Usage: devices_host KERNEL INITRD */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_S   300 /* for the guest's whole life */
#define ANSWER_MS    15000
#define LINE_ROOM    4096
#define DEVICE_BYTES 1024

struct machine {
    char folder[64];
    pid_t qemu;
    int to, from; /* the guest's console */
    int monitor;
    int serial; /* -1: not plugged in */
    bool passed;
};

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "devices_host: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void path_in(const struct machine *m, const char *name, char out[108])
{
    (void)snprintf(out, 108, "%s/%s", m->folder, name);
}

static _Noreturn void become_qemu(const struct machine *m, const char *kernel, const char *initrd)
{
    char monitor[160], serial[160], name[108];
    path_in(m, "monitor", name);
    (void)snprintf(monitor, sizeof monitor, "unix:%s,server=on,wait=off", name);
    path_in(m, "serial", name);
    (void)snprintf(serial, sizeof serial, "socket,id=us,path=%s,server=on,wait=off", name);
    const char *const argv[] = {"qemu-system-aarch64",
                                "-M",
                                "virt",
                                "-cpu",
                                "cortex-a53",
                                "-m",
                                "512",
                                "-accel",
                                "tcg",
                                "-nographic",
                                "-nodefaults",
                                "-serial",
                                "stdio",
                                "-no-reboot",
                                "-qmp",
                                monitor,
                                "-device",
                                "qemu-xhci,id=x",
                                "-chardev",
                                serial,
                                "-device",
                                "usb-serial,chardev=us,bus=x.0",
                                "-kernel",
                                kernel,
                                "-initrd",
                                initrd,
                                "-append",
                                "console=ttyAMA0 quiet oops=panic panic=-1",
                                NULL};
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)execvp(argv[0], (char *const *)argv);
    die(argv[0]);
}

static void start(struct machine *m, const char *kernel, const char *initrd)
{
    int in[2], out[2];
    if (pipe(in) || pipe(out)) die("pipe");
    m->qemu = fork();
    if (m->qemu < 0) die("fork");
    if (m->qemu == 0) {
        if (dup2(in[0], 0) < 0 || dup2(out[1], 1) < 0) _exit(127);
        (void)close(in[1]);
        (void)close(out[0]);
        become_qemu(m, kernel, initrd);
    }
    (void)close(in[0]);
    (void)close(out[1]);
    m->to = in[1];
    m->from = out[0];
}

static int connect_to(const struct machine *m, const char *name)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    path_in(m, name, a.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a)) {
        if (fd >= 0) (void)close(fd);
        return -1;
    }
    return fd;
}

/* One line; false at the end of the stream or when none comes in time. */
static bool read_line(int fd, int wait_ms, char out[LINE_ROOM])
{
    size_t n = 0;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (n + 1 < LINE_ROOM && poll(&p, 1, wait_ms) == 1 && read(fd, out + n, 1) == 1) {
        if (out[n] == '\n') break;
        if (out[n] != '\r') n++;
    }
    out[n] = '\0';
    return n > 0 || (p.revents & (POLLHUP | POLLERR)) == 0;
}

/* The monitor answers each command with "return" or "error"; events come in between. */
static bool monitor_ask(struct machine *m, const char *command)
{
    char line[LINE_ROOM];
    if (dprintf(m->monitor, "%s\n", command) < 0) return false;
    while (read_line(m->monitor, ANSWER_MS, line) && line[0]) {
        if (strstr(line, "\"return\"")) return true;
        if (strstr(line, "\"error\"")) {
            printf("monitor: %s\n", line);
            return false;
        }
    }
    return false;
}

static bool monitor_do(struct machine *m, const char *command)
{
    char greeting[LINE_ROOM];
    if (m->monitor < 0) {
        m->monitor = connect_to(m, "monitor");
        bool greeted = m->monitor >= 0 && read_line(m->monitor, ANSWER_MS, greeting) &&
                       monitor_ask(m, "{\"execute\":\"qmp_capabilities\"}");
        if (!greeted) return false;
    }
    return monitor_ask(m, command);
}

static bool serial_send(struct machine *m, const char *hex)
{
    char pair[3] = "";
    for (; hex[0] && hex[1]; hex += 2) {
        pair[0] = hex[0];
        pair[1] = hex[1];
        unsigned char b = (unsigned char)strtoul(pair, NULL, 16);
        if (write(m->serial, &b, 1) != 1) return false;
    }
    return true;
}

static bool serial_read(struct machine *m, const char *count, char *out)
{
    size_t wanted = strtoul(count, NULL, 10);
    struct pollfd p = {.fd = m->serial, .events = POLLIN};
    if (wanted == 0 || wanted > DEVICE_BYTES) return false;
    for (size_t i = 0; i < wanted; i++) {
        unsigned char b = 0;
        if (poll(&p, 1, ANSWER_MS) != 1 || read(m->serial, &b, 1) != 1) return false;
        (void)snprintf(out + 2 * i, 3, "%02x", b);
    }
    return true;
}

static bool serial_do(struct machine *m, const char *what, char *out)
{
    if (strcmp(what, "open") == 0) {
        m->serial = connect_to(m, "serial");
        return m->serial >= 0;
    }
    if (m->serial < 0) return false;
    if (strcmp(what, "close") == 0) {
        (void)close(m->serial);
        m->serial = -1;
        return true;
    }
    if (strncmp(what, "send ", 5) == 0) return serial_send(m, what + 5);
    return strncmp(what, "read ", 5) == 0 && serial_read(m, what + 5, out);
}

static void serve(struct machine *m, const char *line)
{
    char hex[2 * DEVICE_BYTES + 1] = "";
    bool done = false;
    if (strncmp(line, "@qmp ", 5) == 0) done = monitor_do(m, line + 5);
    if (strncmp(line, "@serial ", 8) == 0) done = serial_do(m, line + 8, hex);
    (void)dprintf(m->to, "%s%s%s\n", done ? "@ok" : "@no", hex[0] ? " " : "", hex);
}

static void follow(struct machine *m)
{
    char line[LINE_ROOM];
    time_t last = time(NULL) + PATIENCE_S;
    while (time(NULL) < last && read_line(m->from, 60000, line)) {
        if (line[0] == '@') {
            serve(m, line);
            continue;
        }
        if (line[0]) printf("%s\n", line);
        (void)fflush(stdout);
        if (strcmp(line, "guest: ended with 0") == 0) m->passed = true;
    }
}

static void remove_folder(const struct machine *m)
{
    char name[108];
    path_in(m, "monitor", name);
    (void)unlink(name);
    path_in(m, "serial", name);
    (void)unlink(name);
    (void)rmdir(m->folder);
}

int main(int argc, char **argv)
{
    struct machine m = {.folder = "/tmp/packd-devices-XXXXXX", .monitor = -1, .serial = -1};
    if (argc != 3) {
        fprintf(stderr, "usage: devices_host KERNEL INITRD\n");
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    if (!mkdtemp(m.folder)) die("mkdtemp");
    start(&m, argv[1], argv[2]);
    follow(&m);
    (void)kill(m.qemu, SIGKILL);
    (void)waitpid(m.qemu, NULL, 0);
    remove_folder(&m);
    return m.passed ? 0 : 1;
}
