#include "tests/support/real_station.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/json.h"
#include "tests/support/loopback.h"

#define PATIENCE_MS   30000
#define TAIL_BYTES    4000
#define CONSOLE_TOKEN "0123456789abcdef0123456789abcdef"
#define PATH_ROOM     512

extern const unsigned char asset_site_json[];
extern const unsigned char asset_station_json[];

struct real_station {
    char folder[64];
    char build[PATH_ROOM]; /* where the programs lie */
    char text[PATH_ROOM];  /* handed out last */
    char control[64];      /* address of the control port */
    char clarus[64];
    char shop[96];
    struct real_shop other; /* in place of packpeers' own when it has a definition */
    uint16_t port;
    pid_t peers;
    pid_t printer;
    pid_t packd;
    FILE *labels; /* what the printer says */
    int scanner;  /* -1: not plugged in */
    bool settles_soon;
    const char *language; /* of the label printer */
};

static void must(bool ok, const char *what)
{
    if (!ok) fail_msg("%s: %s", what, strerror(errno));
}

static const char *path_of(const struct real_station *s, const char *below, char out[PATH_ROOM])
{
    int n = snprintf(out, PATH_ROOM, "%s/%s", s->folder, below);
    must(n > 0 && n < PATH_ROOM, below);
    return out;
}

const char *real_station_beside(struct real_station *s, const char *below)
{
    int n = snprintf(s->text, sizeof s->text, "%s/%s", s->build, below);
    must(n > 0 && n < PATH_ROOM, below);
    return s->text;
}

/* The programs lie two folders above the tests. */
static void find_programs(struct real_station *s)
{
    ssize_t n = readlink("/proc/self/exe", s->build, sizeof s->build - 1);
    must(n > 0, "/proc/self/exe");
    s->build[n] = '\0';
    for (int i = 0; i < 3; i++) {
        char *slash = strrchr(s->build, '/');
        assert_non_null(slash);
        *slash = '\0';
    }
}

/* --------------------------------------------------------------------------------- processes -- */

static void wait_readable(int fd, const char *what)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (poll(&p, 1, PATIENCE_MS) != 1) fail_msg("%s did not come within %d ms", what, PATIENCE_MS);
}

static _Noreturn void become(char *const argv[], int out, const char *log)
{
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    bool good = fd >= 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
                dup2(out >= 0 ? out : fd, STDOUT_FILENO) >= 0 && dup2(fd, STDERR_FILENO) >= 0;
    if (good) (void)execv(argv[0], argv);
    _exit(127);
}

/* Standard output goes into `*out_lines` when given, else with standard error into `log`. */
static pid_t start(const struct real_station *s, const char *log, char *const argv[],
                   FILE **out_lines)
{
    char path[PATH_ROOM];
    int ends[2] = {-1, -1};
    (void)path_of(s, log, path);
    if (out_lines) must(pipe2(ends, O_CLOEXEC) == 0, "pipe2");
    pid_t pid = fork();
    must(pid >= 0, "fork");
    if (pid == 0) become(argv, ends[1], path);
    if (!out_lines) return pid;
    (void)close(ends[1]);
    *out_lines = fdopen(ends[0], "r");
    must(*out_lines != NULL, "fdopen");
    (void)setvbuf(*out_lines, NULL, _IONBF, 0); /* what poll sees is what is left to read */
    return pid;
}

/* False when it did not end by itself with 0. */
static bool end(pid_t *pid, int number)
{
    int status = 0;
    if (*pid <= 0) return true;
    (void)kill(*pid, number);
    (void)waitpid(*pid, &status, 0);
    *pid = 0;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void read_line(FILE *lines, char *out, int cap, const char *what)
{
    wait_readable(fileno(lines), what);
    if (!fgets(out, cap, lines)) fail_msg("%s ended", what);
}

/* ---------------------------------------------------------------------------------- documents --
 */

static void write_file(const struct real_station *s, const char *below, struct slice text)
{
    char path[PATH_ROOM];
    int fd = open(path_of(s, below, path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    must(fd >= 0, path);
    must(write(fd, text.ptr, text.len) == (ssize_t)text.len, path);
    must(close(fd) == 0, path);
}

struct change {
    const char *from, *to;
};

/* Writes an embedded document with each `from` in it exchanged. */
static void write_document(const struct real_station *s, const char *below,
                           const unsigned char *document, const struct change *changes,
                           size_t count)
{
    struct slice rest = slice_text((const char *)document);
    struct buf out = buf_new(65536);
    for (size_t i = 0; i < count; i++) {
        size_t at = slice_find(rest, slice_text(changes[i].from));
        if (at >= rest.len) fail_msg("%s holds no %s", below, changes[i].from);
        buf_put(&out, slice_sub(rest, 0, at));
        buf_text(&out, changes[i].to);
        rest = slice_sub(rest, at + strlen(changes[i].from), rest.len);
    }
    buf_put(&out, rest);
    assert_false(out.overflow);
    write_file(s, below, buf_slice(&out));
    buf_deinit(&out);
}

static uint16_t free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(fd >= 0 && bind(fd, (struct sockaddr *)&a, len) == 0, "bind");
    must(getsockname(fd, (struct sockaddr *)&a, &len) == 0, "getsockname");
    (void)close(fd);
    return ntohs(a.sin_port);
}

/* A virtual scanner makes no noise when it is plugged in. */
static const char *with_framing(const struct real_station *s, char out[PATH_ROOM])
{
    char path[PATH_ROOM];
    int n = snprintf(out, PATH_ROOM, "%s\" }, \"framing\": { \"settle_ms\": 1 }",
                     path_of(s, "scanner", path));
    must(n > 0 && n < PATH_ROOM, path);
    return out;
}

static const char *with_language(const struct real_station *s, char out[PATH_ROOM])
{
    char path[PATH_ROOM];
    int n = snprintf(out, PATH_ROOM, "%s\" }, \"language\": \"%s\"",
                     path_of(s, "label-printer", path), s->language);
    must(n > 0 && n < PATH_ROOM, path);
    return out;
}

static void write_settings(struct real_station *s)
{
    const char *poll = s->settles_soon
                           ? "\"timeout_ms\": 2000, \"settle_ms\": 500, \"settle_reads\": 1, "
                             "\"label_wait_s\": 5, \"poll_s\": 15"
                           : "\"poll_s\": 15";
    char channel[800];
    const struct real_shop *o = &s->other;
    bool own = o->definition[0] == '\0';
    int n = snprintf(channel, sizeof channel, "\"definition\": \"%s\", \"base_url\": \"%s\"%s%s",
                     own ? "bigcommerce" : o->definition, own ? s->shop : o->base_url,
                     o->options[0] ? ", \"options\": " : "", o->options);
    assert_in_range(n, 1, sizeof channel - 1);
    const struct change site[] = {{"http://127.0.0.1:8481", s->clarus},
                                  {"\"poll_s\": 15", poll},
                                  {"\"definition\": \"bigcommerce\",\n      \"base_url\": "
                                   "\"http://127.0.0.1:8482/stores/demo\"",
                                   channel}};
    write_document(s, "config/site.json", asset_site_json, site, 3);
    write_file(s, "secrets/clarus-client-id", SLICE("bench-1"));
    write_file(s, "secrets/clarus-client-secret", SLICE("secret-1"));
    write_file(s, "secrets/shop-token", own ? SLICE("shop-token") : slice_text(o->secret));
    write_file(s, "secrets/console-token", SLICE(CONSOLE_TOKEN));
}

static void configure(struct real_station *s)
{
    char head[64], scanner[PATH_ROOM], printer[PATH_ROOM];
    (void)snprintf(head, sizeof head, "\"id\": \"B1\", \"console\": {\"port\": %u}",
                   (unsigned)s->port);
    const struct change station[] = {{"\"id\": \"B1\"", head},
                                     {"build/run/scanner\" }", with_framing(s, scanner)},
                                     {"build/run/label-printer\" }", with_language(s, printer)}};
    write_document(s, "config/station.json", asset_station_json, station, 3);
    write_settings(s);
}

static void configure_on(struct real_station *s, const struct real_devices *devices)
{
    char document[2048];
    int n = snprintf(document, sizeof document,
                     "{\"id\": \"B1\", \"bench_name\": \"Bench 1\", \"demonstration\": true,"
                     "\"console\": {\"port\": %u}, \"scanners\": [{\"port\": %s, \"framing\": "
                     "{\"settle_ms\": 1}}],"
                     "\"label_printer\": {\"port\": %s}}",
                     (unsigned)s->port, devices->scanner, devices->printer);
    assert_in_range(n, 1, sizeof document - 1);
    write_file(s, "config/station.json", slice_text(document));
    write_settings(s);
}

/* ------------------------------------------------------------------------------- life and end --
 */

static void start_peers(struct real_station *s)
{
    char program[PATH_ROOM], line[1024];
    FILE *lines = NULL;
    AUTO_JSON struct json_doc *doc = NULL;
    (void)snprintf(program, sizeof program, "%s", real_station_beside(s, "packpeers"));
    char *argv[] = {program, "--demo", NULL};
    s->peers = start(s, "peers.log", argv, &lines);
    read_line(lines, line, sizeof line, "the address of packpeers");
    (void)fclose(lines);
    assert_int_equal(json_parse(slice_text(line), &doc, NULL), ERR_OK);
    json_node root = json_root(doc);
    assert_int_equal(json_string(json_member(root, "control"), s->control, sizeof s->control), 0);
    assert_int_equal(json_string(json_member(root, "clarus"), s->clarus, sizeof s->clarus), 0);
    assert_int_equal(json_string(json_member(root, "shop"), s->shop, sizeof s->shop), 0);
}

static void start_printer(struct real_station *s)
{
    char program[PATH_ROOM], port[PATH_ROOM], out[PATH_ROOM];
    (void)snprintf(program, sizeof program, "%s", real_station_beside(s, "packvirtual"));
    (void)path_of(s, "label-printer", port);
    (void)path_of(s, "labels", out);
    char language[16];
    (void)snprintf(language, sizeof language, "%s", s->language);
    char *argv[] = {program, "--port", port, "--out", out, "--language", language, NULL};
    s->printer = start(s, "printer.log", argv, &s->labels);
}

/* packd tells its supervisor when it takes scans; here the supervisor is the test. It listens no
 * longer than that: packd would wait for a reader of its signs of life. */
static int listen_for_readiness(const struct real_station *s, char path[PATH_ROOM])
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    assert_int_equal(
        slice_copy(slice_text(path_of(s, "notify", path)), a.sun_path, sizeof a.sun_path), ERR_OK);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    must(fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0, path);
    must(setenv("NOTIFY_SOCKET", path, 1) == 0, "setenv");
    return fd;
}

static void await_readiness(const struct real_station *s, int fd, const char *path)
{
    char said[256] = "";
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (strcmp(said, "READY=1") != 0) {
        if (poll(&p, 1, PATIENCE_MS) != 1) {
            real_station_tell(s);
            fail_msg("packd did not become ready within %d ms", PATIENCE_MS);
        }
        ssize_t n = recv(fd, said, sizeof said - 1, 0);
        must(n >= 0, "recv");
        said[n] = '\0';
    }
    (void)close(fd);
    (void)unlink(path);
}

static void start_packd(struct real_station *s)
{
    char program[PATH_ROOM], config[PATH_ROOM], secrets[PATH_ROOM], state[PATH_ROOM];
    (void)snprintf(program, sizeof program, "%s", real_station_beside(s, "packd"));
    (void)path_of(s, "config", config);
    (void)path_of(s, "secrets", secrets);
    (void)path_of(s, "state", state);
    char *argv[] = {program, "--defaults", "--config", config, "--credentials",
                    secrets, "--state",    state,      NULL};
    s->packd = start(s, "packd.log", argv, NULL);
}

void real_station_start(struct real_station *s)
{
    char notify[PATH_ROOM];
    int ready = listen_for_readiness(s, notify);
    start_packd(s);
    await_readiness(s, ready, notify);
}

void real_station_launch(struct real_station *s)
{
    (void)unsetenv("NOTIFY_SOCKET");
    start_packd(s);
}

bool real_station_runs(struct real_station *s)
{
    int status = 0;
    if (s->packd <= 0 || waitpid(s->packd, &status, WNOHANG) == 0) return s->packd > 0;
    s->packd = 0;
    return false;
}

static struct real_station *make(void)
{
    static const char *const folders[] = {"config", "secrets", "state", "labels"};
    char path[PATH_ROOM];
    struct real_station *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->scanner = -1;
    s->language = "zpl";
    (void)snprintf(s->folder, sizeof s->folder, "/tmp/packd-story-XXXXXX");
    must(mkdtemp(s->folder) != NULL, "mkdtemp");
    find_programs(s);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        must(mkdir(path_of(s, folders[i], path), 0700) == 0, path);
    s->port = free_port();
    start_peers(s);
    return s;
}

static struct real_station *open_on_links(bool settles_soon)
{
    struct real_station *s = make();
    s->settles_soon = settles_soon;
    configure(s);
    start_printer(s);
    real_station_start(s);
    return s;
}

struct real_station *real_station_open(void)
{
    return open_on_links(false);
}

struct real_station *real_station_open_settled(void)
{
    return open_on_links(true);
}

struct real_station *real_station_open_shop(real_shop_fn *shop, void *ctx)
{
    struct real_station *s = make();
    shop(ctx, s->shop, &s->other);
    configure(s);
    start_printer(s);
    real_station_start(s);
    return s;
}

struct real_station *real_station_open_speaking(const char *language)
{
    struct real_station *s = make();
    s->language = language;
    configure(s);
    start_printer(s);
    real_station_start(s);
    return s;
}

struct real_station *real_station_open_on(const struct real_devices *devices)
{
    struct real_station *s = make();
    configure_on(s, devices);
    real_station_start(s);
    return s;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

void real_station_close(struct real_station *s)
{
    if (!s) return;
    if (s->scanner >= 0) (void)close(s->scanner);
    bool orderly = end(&s->packd, SIGTERM);
    if (!orderly) real_station_tell(s);
    orderly = end(&s->printer, SIGTERM) && orderly;
    orderly = end(&s->peers, SIGTERM) && orderly;
    if (s->labels) (void)fclose(s->labels);
    (void)nftw(s->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(s);
    if (!orderly) fail_msg("a process of the station did not end with 0");
}

void real_station_tell(const struct real_station *s)
{
    char path[PATH_ROOM], tail[TAIL_BYTES + 1];
    FILE *f = fopen(path_of(s, "packd.log", path), "re");
    if (!f) return;
    if (fseek(f, -TAIL_BYTES, SEEK_END) != 0) rewind(f);
    tail[fread(tail, 1, TAIL_BYTES, f)] = '\0';
    (void)fclose(f);
    (void)fprintf(stderr, "...%s\n", tail);
}

void real_station_kill(struct real_station *s)
{
    static const char *const links[] = {"scanner", "label-printer"};
    char path[PATH_ROOM];
    (void)end(&s->packd, SIGKILL);
    if (s->scanner >= 0) (void)close(s->scanner);
    s->scanner = -1;
    /* A link left behind may soon lead into a terminal of somebody else. */
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        (void)unlink(path_of(s, links[i], path));
}

const char *real_station_url(struct real_station *s, const char *path)
{
    (void)snprintf(s->text, sizeof s->text, "http://127.0.0.1:%u%s", (unsigned)s->port, path);
    return s->text;
}

/* ------------------------------------------------------------------------------------ devices --
 */

void real_station_plug(struct real_station *s)
{
    char path[PATH_ROOM];
    s->scanner = open(path_of(s, "scanner", path), O_RDWR | O_NOCTTY | O_CLOEXEC);
    must(s->scanner >= 0, path);
}

void real_station_scan(struct real_station *s, const char *code)
{
    char frame[256];
    int n = snprintf(frame, sizeof frame, "%s\r", code);
    assert_in_range(n, 2, sizeof frame - 1);
    must(write(s->scanner, frame, (size_t)n) == n, "scanner");
}

bool real_station_try_scan(struct real_station *s, const char *code)
{
    char path[PATH_ROOM], frame[256];
    int n = snprintf(frame, sizeof frame, "%s\r", code);
    assert_in_range(n, 2, sizeof frame - 1);
    if (s->scanner < 0)
        s->scanner = open(path_of(s, "scanner", path), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    return s->scanner >= 0 && write(s->scanner, frame, (size_t)n) == n;
}

bool real_station_printed(struct real_station *s, char out[64])
{
    char line[PATH_ROOM + 32], zpl[65536];
    struct pollfd p = {.fd = fileno(s->labels), .events = POLLIN};
    if (poll(&p, 1, 0) != 1) return false;
    read_line(s->labels, line, sizeof line, "a label");
    char *end_of_name = strstr(line, ".png");
    assert_true(strncmp(line, "label: ", 7) == 0 && end_of_name);
    memcpy(end_of_name, ".zpl", 5);
    FILE *f = fopen(line + 7, "rbe");
    must(f != NULL, line + 7);
    struct slice rest = slice_of(zpl, fread(zpl, 1, sizeof zpl, f));
    (void)fclose(f);
    rest = slice_sub(rest, slice_find(rest, SLICE("^BC")), rest.len);
    rest = slice_sub(rest, slice_find(rest, SLICE("^FD")) + 3, rest.len);
    slice_copy_cut(slice_sub(rest, 0, slice_find_byte(rest, '^')), out, 64);
    return true;
}

/* What a decoder reads on the next paper; "" on one without a barcode. */
static void read_paper(struct real_station *s, char said[256])
{
    char line[PATH_ROOM + 32], command[PATH_ROOM + 96];
    said[0] = '\0';
    read_line(s->labels, line, sizeof line, "a label");
    line[strcspn(line, "\n")] = '\0';
    assert_int_equal(strncmp(line, "label: ", 7), 0);
    (void)snprintf(command, sizeof command, "zbarimg --quiet --nodbus --raw '%s'", line + 7);
    FILE *reader = popen(command, "re");
    must(reader != NULL, "zbarimg");
    (void)!fgets(said, 256, reader);
    (void)pclose(reader);
    said[strcspn(said, "\n")] = '\0';
}

/* Gift notes and slips come out before the label. */
void real_station_paper(struct real_station *s, char out[64])
{
    char said[256] = "";
    while (said[0] == '\0')
        read_paper(s, said);
    assert_int_equal(slice_copy(slice_text(said), out, 64), ERR_OK);
    assert_true(out[0] != '\0');
}

/* ---------------------------------------------------------------------------------- stand-ins --
 */

/* NULL body: GET. The answer is owned by the caller. */
static struct json_doc *ask_at(const char *url, const char *body)
{
    long status = 0;
    struct json_doc *doc = loopback_json(url, NULL, body, &status);
    if (status != 200 || !doc) fail_msg("%s: %ld", url, status);
    return doc;
}

struct json_doc *real_station_ask(struct real_station *s, const char *path, const char *body)
{
    char url[256];
    (void)snprintf(url, sizeof url, "%s%s", s->control, path);
    return ask_at(url, body);
}

struct json_doc *real_station_look(struct real_station *s, const char *path)
{
    long status = 0;
    struct json_doc *doc = loopback_json(real_station_url(s, path), CONSOLE_TOKEN, NULL, &status);
    if (status == 200) return doc;
    json_free(doc);
    return NULL;
}

void real_station_fault(struct real_station *s, const char *json)
{
    json_free(real_station_ask(s, "/faults", json));
}

void real_station_labels_as(struct real_station *s, const char *kind)
{
    char body[96];
    (void)snprintf(body, sizeof body, "{\"kind\": \"%s\"}", kind);
    json_free(real_station_ask(s, "/label", body));
}

static void tell_answer(json_node answer)
{
    struct buf text = buf_new(65536);
    json_render(answer, &text);
    (void)fprintf(stderr, "%.*s\n", (int)text.len, (const char *)text.ptr);
    buf_deinit(&text);
}

#define LOOK_AGAIN_MS 50 /* so that looking takes nothing from what is looked at */

/* Asks the station again and again until its answer is as wanted. */
static bool answers(struct real_station *s, const char *path,
                    bool (*wanted)(json_node answer, const void *ctx), const void *ctx)
{
    struct timespec now, end;
    bool good = false;
    must(clock_gettime(CLOCK_MONOTONIC, &end) == 0, "clock");
    now = end;
    for (end.tv_sec += PATIENCE_MS / 1000; !good && now.tv_sec < end.tv_sec;) {
        struct json_doc *doc = ask_at(real_station_url(s, path), NULL);
        good = wanted(json_root(doc), ctx);
        must(clock_gettime(CLOCK_MONOTONIC, &now) == 0, "clock");
        if (!good && now.tv_sec >= end.tv_sec) tell_answer(json_root(doc));
        json_free(doc);
        if (!good) (void)poll(NULL, 0, LOOK_AGAIN_MS);
    }
    if (!good) real_station_tell(s);
    return good;
}

struct wanted_view {
    const char *face, *headline;
};

static bool view_is(json_node view, const void *ctx)
{
    const struct wanted_view *w = ctx;
    struct slice headline = json_text(json_at(view, "/headline/key"));
    return slice_eq(json_text(json_at(view, "/face")), slice_text(w->face)) &&
           (!w->headline || slice_eq(headline, slice_text(w->headline)));
}

void real_station_shows(struct real_station *s, const char *face, const char *headline)
{
    struct wanted_view w = {face, headline};
    if (!answers(s, "/api/bench", view_is, &w))
        fail_msg("the bench does not show %s %s", face, headline ? headline : "");
}

static bool all_present(json_node answer, const void *ctx)
{
    (void)ctx;
    bool all = true;
    for (json_node d = json_first(json_member(answer, "devices")); d; d = json_next(d))
        all = json_bool(json_member(d, "present"), false) && all;
    return all;
}

void real_station_sees_devices(struct real_station *s)
{
    if (!answers(s, "/api/devices", all_present, NULL)) fail_msg("a device is missing");
}

static size_t number(json_node n, const char *name)
{
    int64_t out = 0;
    assert_int_equal(json_int(json_member(n, name), 0, INT32_MAX, &out), ERR_OK);
    return (size_t)out;
}

static void text(json_node n, const char *pointer, char *out, size_t cap)
{
    if (json_string(json_at(n, pointer), out, cap) != ERR_OK) out[0] = '\0';
}

/* The rows of the shop are its items; those of one shipment follow each other. */
static size_t count_shipments(json_node items)
{
    size_t count = 0, last = 0;
    for (json_node n = json_first(items); n; n = json_next(n)) {
        size_t id = number(n, "shipment_id");
        if (id != last) count++;
        last = id;
    }
    return count;
}

struct real_order real_station_order(struct real_station *s, const char *reference)
{
    char path[96];
    struct real_order o = {0};
    (void)snprintf(path, sizeof path, "/orders/%s", reference);
    AUTO_JSON struct json_doc *doc = real_station_ask(s, path, NULL);
    AUTO_JSON struct json_doc *wrong = real_station_ask(s, "/violations", NULL);
    json_node root = json_root(doc);
    o.labels = json_count(json_member(root, "labels"));
    o.voided = number(root, "labels_voided");
    o.ordered = number(root, "ordered");
    o.dispatched = number(root, "dispatched");
    o.shop_shipped = number(root, "shop_shipped");
    o.shop_shipments = count_shipments(json_member(root, "shop_shipments"));
    text(root, "/status", o.status, sizeof o.status);
    text(root, "/labels/0/tracking", o.tracking, sizeof o.tracking);
    text(root, "/shop_shipments/0/tracking", o.shop_tracking, sizeof o.shop_tracking);
    o.violations = json_count(json_member(json_root(wrong), "violations"));
    return o;
}

static bool has_orders(json_node view, const void *ctx)
{
    (void)ctx;
    int64_t ready = 0;
    return json_int(json_at(view, "/strip/orders_ready"), 0, INT32_MAX, &ready) == ERR_OK &&
           ready > 0;
}

void real_station_sees_orders(struct real_station *s)
{
    if (!answers(s, "/api/bench", has_orders, NULL)) fail_msg("the work list was not read");
}
