#include "tests/devices/paper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/lp.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/devices/gadget.h"
#include "tools/virtual/zpl_printer.h"

#define PATIENCE_MS 30000
#define TURN_MS     20
#define READY       (LP_PSELECD | LP_PERRORP)

struct paper {
    pid_t pid;
    int orders; /* 'o' out, 'i' in */
    FILE *labels;
};

static mono_t clock_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (mono_t){(int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000};
}

static void obey(struct zpl_printer *z, int device, int orders)
{
    char order = 0;
    if (read(orders, &order, 1) != 1) _exit(0);
    zpl_printer_faults(z)->paper_out = order == 'o';
    gadget_printer_status(device, order == 'o' ? READY | LP_POUTPA : READY);
}

static void take_bytes(struct zpl_printer *z, int device)
{
    uint8_t bytes[8192];
    ssize_t n = read(device, bytes, sizeof bytes);
    if (n > 0) (void)zpl_printer_accept(z, slice_of(bytes, (size_t)n), clock_now());
}

static void give_answer(struct zpl_printer *z, int device)
{
    uint8_t bytes[512];
    size_t n = zpl_printer_answer(z, bytes, sizeof bytes);
    if (n > 0) (void)!write(device, bytes, n);
}

/* The text of the first barcode of a label. */
static void tell_label(struct slice zpl, int out)
{
    size_t at = slice_find(zpl, SLICE("^BC"));
    struct slice rest = slice_sub(zpl, at, zpl.len);
    at = slice_find(rest, SLICE("^FD"));
    rest = slice_sub(rest, at + 3, rest.len);
    size_t end = slice_find(rest, SLICE("^FS"));
    (void)dprintf(out, "%.*s\n", (int)end, (const char *)rest.ptr);
}

static _Noreturn void be_printer(int device, int orders, int out)
{
    struct zpl_printer *z = zpl_printer_new(NULL);
    struct pollfd p[2] = {{.fd = device, .events = POLLIN}, {.fd = orders, .events = POLLIN}};
    size_t told = 0;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        (void)poll(p, 2, TURN_MS);
        if (p[1].revents) obey(z, device, orders);
        if (p[0].revents & POLLIN) take_bytes(z, device);
        zpl_printer_tick(z, clock_now());
        give_answer(z, device);
        for (; told < zpl_printer_label_count(z); told++)
            tell_label(zpl_printer_label(z, told).zpl, out);
    }
}

struct paper *paper_open(void)
{
    struct paper *p = calloc(1, sizeof *p);
    int orders[2], labels[2];
    int device = gadget_open("/dev/g_printer0", O_RDWR);
    assert_non_null(p);
    gadget_printer_status(device, READY);
    assert_int_equal(pipe2(orders, O_CLOEXEC), 0);
    assert_int_equal(pipe2(labels, O_CLOEXEC), 0);
    p->pid = fork();
    assert_true(p->pid >= 0);
    if (p->pid == 0) be_printer(device, orders[0], labels[1]);
    (void)close(device);
    (void)close(orders[0]);
    (void)close(labels[1]);
    p->orders = orders[1];
    p->labels = fdopen(labels[0], "r");
    assert_non_null(p->labels);
    return p;
}

void paper_close(struct paper *p)
{
    if (!p) return;
    (void)kill(p->pid, SIGKILL);
    (void)waitpid(p->pid, NULL, 0);
    (void)close(p->orders);
    (void)fclose(p->labels);
    free(p);
}

void paper_out(struct paper *p, bool out)
{
    assert_int_equal(write(p->orders, out ? "o" : "i", 1), 1);
}

bool paper_none(struct paper *p)
{
    struct pollfd f = {.fd = fileno(p->labels), .events = POLLIN};
    return poll(&f, 1, 0) == 0;
}

void paper_take(struct paper *p, char out[64])
{
    struct pollfd f = {.fd = fileno(p->labels), .events = POLLIN};
    if (poll(&f, 1, PATIENCE_MS) != 1) fail_msg("no label came out");
    assert_non_null(fgets(out, 64, p->labels));
    out[strcspn(out, "\n")] = '\0';
}
