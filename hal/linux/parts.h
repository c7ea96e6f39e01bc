/* parts.h - the parts behind struct hal. Each is opened by hal_linux_open, owns its descriptors,
 * and frees in its *_begin_wait what it lent to the last round's events. */
#ifndef PACKD_HAL_LINUX_PARTS_H
#define PACKD_HAL_LINUX_PARTS_H

#include "hal/hal.h"
#include "hal/linux/hal_linux.h"
#include "hal/linux/reactor.h"

struct ports;   /* ports.c and port_*.c: serial, pty, usblp, TCP, hidraw, evdev, hot-plug */
struct http;    /* http.c: curl multi */
struct console; /* console.c: libmicrohttpd in external epoll mode */
struct jobs;    /* jobs.c: bounded child processes */
struct files;   /* files.c: documents, secrets, store paths */

struct hal {
    struct reactor *reactor;
    struct ports *ports;
    struct http *http;
    struct console *console;
    struct jobs *jobs;
    struct files *files;
    mono_t now;
    mono_t kick_at; /* the watchdog hears of us again then */
    wall_t wall;
    char boot_id[40];
    bool to_journal;
    int signal_fd;
    int lines_fd; /* -1: no lines are open */
    size_t lines_count;
    struct watch *signal_watch;
};

MUST_CHECK err_t ports_open(struct reactor *r, struct ports **out);
void ports_begin_wait(struct ports *p);
void ports_close(struct ports *p);

/* `files` serves CA documents and client identities. */
MUST_CHECK err_t http_open(struct reactor *r, struct files *files, struct http **out);
void http_begin_wait(struct http *c);
void http_close(struct http *c);

MUST_CHECK err_t console_open(struct reactor *r, struct files *files, struct console **out);
void console_begin_wait(struct console *c);
void console_close(struct console *c);

MUST_CHECK err_t jobs_open(struct reactor *r, const struct hal_linux_options *options,
                           struct jobs **out);
void jobs_begin_wait(struct jobs *j);
/* "landlock=7 network_apart=1 ..." for the log at start-up; valid as long as j. */
const char *jobs_capabilities(const struct jobs *j);
void jobs_close(struct jobs *j);

/* lines.c: GPIO */
void lines_close(struct hal *h);

MUST_CHECK err_t files_open(const struct hal_linux_options *options, struct files **out);
void files_close(struct files *f);
MUST_CHECK err_t files_secret(struct files *f, const char *name, struct buf *out);
MUST_CHECK err_t files_document(struct files *f, const char *name, struct buf *out);

#endif
