/* main.c - packvirtual: a printer behind the link of a pseudo terminal. Each label that comes out
 * becomes label-0001.png, with what was sent beside it as label-0001.zpl, .epl, .tspl or .escpos.
 *
 * A link is opened once: after its far end has gone, the next one is awaited. So a link left behind
 * by a program that was killed never leads into a terminal that is somebody else's by now. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "tools/virtual/job_render.h"
#include "tools/virtual/plain_printer.h"
#include "tools/virtual/zpl_printer.h"
#include "tools/virtual/zpl_render.h"

#define LOOK_MS    50 /* how often the link is looked at */
#define PATH_ROOM  512
#define PNG_MAX    (8u << 20)
#define ANSWER_CAP 512
#define DPI        203
#define WIDTH      832 /* dots of a head of 104 mm; a receipt printer's paper is narrower */

static const char help[] =
    "packvirtual - a printer behind a pseudo terminal\n"
    "\n"
    "  --port PATH   the link that packd makes for its printer (build/run/label-printer)\n"
    "  --out DIR     where labels go: label-0001.png, label-0001.zpl, ... (build/run/labels)\n"
    "  --language L  zpl (as it is), epl, tspl or escpos; 203 dpi\n"
    "  --help        this text\n"
    "\n"
    "Waits for the link, opens it again when it is made anew, and runs until SIGTERM.\n"
    "Exit: 0, or 1 when commands came that no label holds: somebody's text became a command.\n";

struct desk {
    const char *port;
    const char *out;
    struct zpl_printer *printer;
    struct plain_printer *plain; /* NULL: the printer speaks ZPL */
    int fd;                      /* -1: nobody there */
    struct stat link;            /* as it was when opened; st_ino 0: never */
    size_t written;              /* labels on disk */
    size_t strangers;            /* commands that no job of ours holds */
};

static volatile sig_atomic_t stop_asked;

static void on_signal(int number)
{
    (void)number;
    stop_asked = 1;
}

static mono_t now_mono(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (mono_t){(int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000};
}

/* -------------------------------------------------------------------------------------- port -- */

static bool same_link(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
           a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static void make_raw(int fd)
{
    struct termios t;
    if (tcgetattr(fd, &t) != 0) return;
    cfmakeraw(&t);
    (void)tcsetattr(fd, TCSANOW, &t);
}

static void port_close(struct desk *d)
{
    if (d->fd >= 0) (void)close(d->fd);
    d->fd = -1;
    if (d->plain) plain_printer_power_cycle(d->plain);
    zpl_printer_power_cycle(d->printer);
}

/* Follows the link to where it leads now. */
static void port_follow(struct desk *d)
{
    struct stat link;
    if (lstat(d->port, &link) != 0) return;
    if (same_link(&link, &d->link)) return;
    if (d->fd >= 0) port_close(d);
    int fd = open(d->port, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return;
    d->fd = fd;
    d->link = link;
    make_raw(fd);
}

static size_t accept_bytes(struct desk *d, struct slice bytes)
{
    if (!d->plain) return zpl_printer_accept(d->printer, bytes, now_mono());
    plain_printer_accept(d->plain, bytes);
    return bytes.len;
}

static void port_read(struct desk *d)
{
    uint8_t bytes[16384];
    ssize_t n = read(d->fd, bytes, sizeof bytes);
    if (n > 0) {
        size_t taken = accept_bytes(d, slice_of(bytes, (size_t)n));
        if (taken < (size_t)n)
            (void)fprintf(stderr, "packvirtual: %zu bytes did not fit into the printer\n",
                          (size_t)n - taken);
        return;
    }
    if (n == 0 || (errno != EAGAIN && errno != EINTR)) port_close(d);
}

static void port_answer(struct desk *d)
{
    uint8_t answer[ANSWER_CAP];
    size_t len = d->plain ? plain_printer_answer(d->plain, answer, sizeof answer)
                          : zpl_printer_answer(d->printer, answer, sizeof answer);
    if (len == 0 || d->fd < 0) return;
    if (write(d->fd, answer, len) != (ssize_t)len)
        (void)fprintf(stderr, "packvirtual: an answer of %zu bytes was not taken\n", len);
}

/* ------------------------------------------------------------------------------------ labels -- */

/* Whole or not there: written beside, then renamed. */
static bool write_file(const struct desk *d, const char *name, struct slice bytes)
{
    char path[PATH_ROOM];
    char part[PATH_ROOM];
    (void)snprintf(path, sizeof path, "%s/%s", d->out, name);
    (void)snprintf(part, sizeof part, "%s/.%s.part", d->out, name);
    FILE *f = fopen(part, "wb");
    bool good = f && fwrite(bytes.ptr, 1, bytes.len, f) == bytes.len;
    if (f && fclose(f) != 0) good = false;
    if (good && rename(part, path) == 0) return true;
    (void)fprintf(stderr, "packvirtual: cannot write %s: %s\n", path, strerror(errno));
    return false;
}

static bool write_picture(const struct desk *d, const char *name, struct slice zpl)
{
    struct zpl_picture picture = {0};
    struct buf png = buf_new(PNG_MAX);
    err_t e = zpl_render(zpl, &picture);
    if (!e) e = zpl_picture_png(&picture, &png);
    bool good = !e && !png.overflow && write_file(d, name, buf_slice(&png));
    if (e) (void)fprintf(stderr, "packvirtual: %s cannot be drawn: %s\n", name, err_text(e));
    buf_deinit(&png);
    zpl_picture_free(&picture);
    return good;
}

static bool write_page(const struct desk *d, const char *name, const struct zpl_picture *page)
{
    struct buf png = buf_new(PNG_MAX);
    err_t e = zpl_picture_png(page, &png);
    bool good = !e && !png.overflow && write_file(d, name, buf_slice(&png));
    buf_deinit(&png);
    return good;
}

/* The pages of a job of another language: label-0001.png, label-0001-2.png, ... */
static void write_pages(struct desk *d, size_t number, struct slice job)
{
    char name[64];
    struct job_render r;
    err_t e = job_render(plain_printer_language(d->plain), DPI, WIDTH, job, &r);
    d->strangers += r.strangers;
    for (size_t i = 0; !e && i < r.page_count; i++) {
        if (i == 0)
            (void)snprintf(name, sizeof name, "label-%04zu.png", number);
        else
            (void)snprintf(name, sizeof name, "label-%04zu-%zu.png", number, i + 1);
        if (!write_page(d, name, &r.pages[i])) continue;
        (void)printf("label: %s/%s\n", d->out, name);
        (void)fflush(stdout);
    }
    if (e) (void)fprintf(stderr, "packvirtual: job %zu cannot be drawn\n", number);
    job_render_free(&r);
}

static void write_jobs(struct desk *d)
{
    for (; d->written < plain_printer_job_count(d->plain); d->written++) {
        char name[64];
        struct slice job = plain_printer_job(d->plain, d->written);
        (void)snprintf(name, sizeof name, "label-%04zu.%s", d->written + 1,
                       plain_printer_language(d->plain));
        (void)write_file(d, name, job);
        write_pages(d, d->written + 1, job);
    }
}

static void write_labels(struct desk *d)
{
    if (d->plain) {
        write_jobs(d);
        return;
    }
    for (; d->written < zpl_printer_label_count(d->printer); d->written++) {
        char name[32];
        struct slice zpl = zpl_printer_label(d->printer, d->written).zpl;
        (void)snprintf(name, sizeof name, "label-%04zu.zpl", d->written + 1);
        (void)write_file(d, name, zpl);
        (void)snprintf(name, sizeof name, "label-%04zu.png", d->written + 1);
        if (!write_picture(d, name, zpl)) continue;
        (void)printf("label: %s/%s\n", d->out, name);
        (void)fflush(stdout);
    }
}

/* -------------------------------------------------------------------------------------- life -- */

static int wait_ms(const struct desk *d)
{
    int64_t due = zpl_printer_deadline(d->printer).ms;
    int64_t left = due == MONO_NEVER.ms ? LOOK_MS : due - now_mono().ms;
    return left < 0 ? 0 : left > LOOK_MS ? LOOK_MS : (int)left;
}

static void work(struct desk *d)
{
    port_follow(d);
    struct pollfd p = {.fd = d->fd, .events = POLLIN};
    if (poll(&p, 1, wait_ms(d)) > 0) port_read(d);
    zpl_printer_tick(d->printer, now_mono());
    port_answer(d);
    write_labels(d);
}

static void catch_signals(void)
{
    const struct sigaction action = {.sa_handler = on_signal};
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"port", required_argument, NULL, 'p'},
                                            {"out", required_argument, NULL, 'o'},
                                            {"language", required_argument, NULL, 'l'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    struct desk d = {.port = "build/run/label-printer", .out = "build/run/labels", .fd = -1};
    const char *language = "zpl";
    int code;
    while ((code = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (code == 'p') d.port = optarg;
        if (code == 'o') d.out = optarg;
        if (code == 'l') language = optarg;
        if (code == 'h') (void)fputs(help, stdout);
        if (code == 'h') return 0;
        if (code == '?') return 2;
    }
    if (mkdir(d.out, 0755) != 0 && errno != EEXIST) {
        (void)fprintf(stderr, "packvirtual: cannot make %s: %s\n", d.out, strerror(errno));
        return 1;
    }
    d.printer = zpl_printer_new(NULL);
    d.plain = plain_printer_new(language);
    if (!d.printer) return 1;
    if (!d.plain && strcmp(language, "zpl") != 0) {
        (void)fprintf(stderr, "packvirtual: no such language: %s\n", language);
        return 2;
    }
    catch_signals();
    while (!stop_asked)
        work(&d);
    port_close(&d);
    size_t strangers = zpl_printer_strangers(d.printer) + d.strangers;
    if (strangers)
        (void)fprintf(stderr, "packvirtual: %zu commands came that no label holds\n", strangers);
    plain_printer_free(d.plain);
    zpl_printer_free(d.printer);
    return strangers ? 1 : 0;
}
