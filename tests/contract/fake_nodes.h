/* fake_nodes.h - device nodes that exist only in this test program: open, ioctl, realpath and
 * tcsetattr of the C library are taken over for the whole program, libserialport included. One fake
 * at a time. */
#ifndef PACKD_TESTS_FAKE_NODES_H
#define PACKD_TESTS_FAKE_NODES_H

#undef _FORTIFY_SOURCE /* its inline open and ioctl could not be taken over */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "tests/contract/parts_fixture.h"

struct fake_node {
    const char *path;                    /* NULL: no fake */
    int (*open)(void);                   /* a new descriptor, or -1 with errno */
    int (*ioctl)(unsigned long, void *); /* INT_MIN: let the kernel answer */
    bool keeps_no_flow;                  /* tcsetattr says yes and forgets CRTSCTS */
};

static struct fake_node fake;

int open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list args;
        va_start(args, flags);
        mode = va_arg(args, mode_t);
        va_end(args);
    }
    if (fake.path && strcmp(path, fake.path) == 0) return fake.open();
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

/* What libserialport was compiled to call. */
int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags)
{
    return open(path, flags);
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list args;
    va_start(args, request);
    void *arg = va_arg(args, void *);
    va_end(args);
    int answer = fake.ioctl ? fake.ioctl(request, arg) : INT_MIN;
    return answer == INT_MIN ? (int)syscall(SYS_ioctl, fd, request, arg) : answer;
}

char *realpath(const char *restrict path, char *restrict room)
{
    if (fake.path && strcmp(path, fake.path) == 0) return memcpy(room, path, strlen(path) + 1);
    char *(*next)(const char *, char *);
    *(void **)&next = dlsym(RTLD_NEXT, "realpath");
    return next(path, room);
}

int tcsetattr(int fd, int when, const struct termios *wanted)
{
    int (*next)(int, int, const struct termios *);
    *(void **)&next = dlsym(RTLD_NEXT, "tcsetattr");
    struct termios t = *wanted;
    if (fake.keeps_no_flow) t.c_cflag &= ~(tcflag_t)CRTSCTS;
    return next(fd, when, &t);
}

#endif
