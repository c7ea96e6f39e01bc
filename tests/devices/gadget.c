#include "tests/devices/gadget.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#define ROOT        "/sys/kernel/config/usb_gadget/g1"
#define CONTROLLER  "dummy_udc.0"
#define PATIENCE_MS 10000

#define GADGET_SET_PRINTER_STATUS _IOWR('g', 0x22, unsigned char)

static void must(bool ok, const char *what)
{
    if (!ok) fail_msg("%s: %s", what, strerror(errno));
}

static void put(const char *name, const void *bytes, size_t len)
{
    char path[160];
    (void)snprintf(path, sizeof path, ROOT "/%s", name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    must(fd >= 0, path);
    must(write(fd, bytes, len) == (ssize_t)len, path);
    (void)close(fd);
}

static void put_text(const char *name, const char *text)
{
    put(name, text, strlen(text));
}

static void put_number(const char *name, unsigned value)
{
    char text[16];
    (void)snprintf(text, sizeof text, "0x%04x", value);
    put_text(name, text);
}

static void make_folder(const char *name)
{
    char path[160];
    (void)snprintf(path, sizeof path, ROOT "%s%s", name[0] ? "/" : "", name);
    must(mkdir(path, 0755) == 0 || errno == EEXIST, path);
}

static void add_function(const char *name)
{
    char from[160], to[160];
    (void)snprintf(from, sizeof from, ROOT "/functions/%s", name);
    (void)snprintf(to, sizeof to, ROOT "/configs/c.1/%s", name);
    must(symlink(from, to) == 0, to);
}

static void add_functions(const struct gadget *g)
{
    if (g->printer) {
        make_folder("functions/printer.0");
        put_text("functions/printer.0/pnp_string", g->pnp);
        add_function("printer.0");
    }
    if (g->serial_port) {
        make_folder("functions/acm.0");
        add_function("acm.0");
    }
    if (!g->report_map) return;
    char length[8];
    (void)snprintf(length, sizeof length, "%u", (unsigned)g->report_len);
    make_folder("functions/hid.0");
    put_text("functions/hid.0/protocol", "0");
    put_text("functions/hid.0/subclass", "0");
    put_text("functions/hid.0/report_length", length);
    put("functions/hid.0/report_desc", g->report_map, g->report_map_len);
    add_function("hid.0");
}

void gadget_plug(const struct gadget *g)
{
    gadget_remove();
    make_folder("");
    make_folder("strings/0x409");
    make_folder("configs/c.1");
    put_number("idVendor", g->vendor);
    put_number("idProduct", g->product);
    put_text("strings/0x409/serialnumber", g->serial);
    put_text("strings/0x409/manufacturer", "Bench");
    put_text("strings/0x409/product", "Device");
    add_functions(g);
    gadget_replug();
}

void gadget_replug(void)
{
    put_text("UDC", CONTROLLER);
}

void gadget_unplug(void)
{
    put_text("UDC", "\n");
}

void gadget_remove(void)
{
    static const char *const links[] = {"configs/c.1/printer.0", "configs/c.1/acm.0",
                                        "configs/c.1/hid.0"};
    static const char *const folders[] = {"configs/c.1",     "functions/printer.0",
                                          "functions/acm.0", "functions/hid.0",
                                          "strings/0x409",   "."};
    char path[160];
    if (access(ROOT, F_OK) != 0) return;
    int fd = open(ROOT "/UDC", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)!write(fd, "\n", 1);
        (void)close(fd);
    }
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        (void)snprintf(path, sizeof path, ROOT "/%s", links[i]);
        (void)unlink(path);
    }
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        (void)snprintf(path, sizeof path, ROOT "%s%s", folders[i][0] == '.' ? "" : "/",
                       folders[i][0] == '.' ? "" : folders[i]);
        (void)rmdir(path);
    }
}

static void make_raw(int fd)
{
    struct termios t;
    if (tcgetattr(fd, &t) != 0) return;
    cfmakeraw(&t);
    must(tcsetattr(fd, TCSANOW, &t) == 0, "tcsetattr");
}

int gadget_open(const char *node, int flags)
{
    int watch = inotify_init1(IN_CLOEXEC);
    must(watch >= 0 && inotify_add_watch(watch, "/dev", IN_CREATE | IN_ATTRIB) >= 0, "inotify");
    struct pollfd news = {.fd = watch, .events = POLLIN};
    for (;;) {
        uint8_t told[4096];
        int fd = open(node, flags | O_NOCTTY | O_CLOEXEC);
        if (fd >= 0) {
            (void)close(watch);
            make_raw(fd);
            return fd;
        }
        if (poll(&news, 1, PATIENCE_MS) != 1) fail_msg("%s: %s", node, strerror(errno));
        (void)!read(watch, told, sizeof told);
    }
}

void gadget_printer_status(int fd, uint8_t bits)
{
    unsigned char status = bits;
    must(ioctl(fd, GADGET_SET_PRINTER_STATUS, (unsigned long)status) >= 0, "printer status");
}

bool host_do(const char *request, char *hex, size_t cap)
{
    static FILE *console;
    char line[4096];
    if (!console) console = fopen("/dev/ttyAMA0", "re");
    must(console != NULL, "/dev/ttyAMA0");
    printf("%s\n", request);
    (void)fflush(stdout);
    must(fgets(line, sizeof line, console) != NULL, "the host's answer");
    line[strcspn(line, "\r\n")] = '\0';
    if (hex) (void)snprintf(hex, cap, "%s", line[3] ? line + 4 : "");
    return strncmp(line, "@ok", 3) == 0;
}
