#include "tests/support/webdriver.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware/base/json.h"
#include "firmware/base/text.h"

#define ANSWER_MAX (8u << 20)
#define ELEMENT    "element-6066-11e4-a52e-4f735466cecf"

extern char **environ;

struct webdriver {
    pid_t driver;
    unsigned port;
    char session[64];
    char profile[32];
    CURL *curl;
    struct buf answer;
    struct json_doc *doc; /* of the last answer */
    struct buf text;      /* what was handed out last */
};

/* The driver's process group, to be ended also when the program gives up. */
static pid_t running;

static void fail(const char *what, const char *detail)
{
    if (running > 0) (void)kill(-running, SIGKILL);
    (void)fprintf(stderr, "webdriver: %s: %s\n", what, detail);
    abort();
}

static bool is_installed(const char *program)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/usr/bin/%s", program);
    return access(path, X_OK) == 0;
}

bool webdriver_available(void)
{
    return is_installed("chromium") && is_installed("chromedriver");
}

/* ------------------------------------------------------------------------------------- calls -- */

static size_t on_bytes(char *bytes, size_t size, size_t count, void *ctx)
{
    buf_put(ctx, slice_of(bytes, size * count));
    return ((struct buf *)ctx)->overflow ? 0 : size * count;
}

static long perform(struct webdriver *w, const char *method, const char *path, const char *body)
{
    char url[256];
    long status = 0;
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u%s", w->port, path);
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    buf_clear(&w->answer);
    curl_easy_reset(w->curl);
    curl_easy_setopt(w->curl, CURLOPT_URL, url);
    curl_easy_setopt(w->curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(w->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(w->curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(w->curl, CURLOPT_TIMEOUT, 60L);
    if (body) curl_easy_setopt(w->curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(w->curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(w->curl, CURLOPT_WRITEDATA, &w->answer);
    CURLcode rc = curl_easy_perform(w->curl);
    curl_easy_getinfo(w->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    if (rc != CURLE_OK) fail(path, curl_easy_strerror(rc));
    return status;
}

/* "value" of the answer; valid until the next call. */
static json_node call(struct webdriver *w, const char *method, const char *path, const char *body)
{
    struct json_fault fault = {0};
    long status = perform(w, method, path, body);
    json_free(w->doc);
    w->doc = NULL;
    if (json_parse(buf_slice(&w->answer), &w->doc, &fault) != ERR_OK) fail(path, fault.reason);
    if (status != 200) fail(path, buf_cstr(&w->answer));
    return json_member(json_root(w->doc), "value");
}

static json_node in_session(struct webdriver *w, const char *method, const char *path,
                            const char *body)
{
    char full[320];
    (void)snprintf(full, sizeof full, "/session/%s%s", w->session, path);
    return call(w, method, full, body);
}

/* One member as a JSON object, in growable room that the caller frees. */
static struct buf body_of(const char *name, const char *value)
{
    struct buf b = buf_new(ANSWER_MAX);
    struct json_writer j = json_write(&b);
    json_open_object(&j, NULL);
    json_put_text(&j, name, value);
    json_close_object(&j);
    return b;
}

static const char *keep(struct webdriver *w, json_node value)
{
    buf_clear(&w->text);
    if (json_kind(value) == JSON_STRING)
        buf_put(&w->text, json_text(value));
    else
        json_render(value, &w->text);
    return buf_cstr(&w->text);
}

/* -------------------------------------------------------------------------------- life, end -- */

static unsigned read_port(int fd)
{
    static const char mark[] = "started successfully on port ";
    char line[2048];
    size_t have = 0;
    while (have < sizeof line - 1) {
        ssize_t n = read(fd, line + have, sizeof line - 1 - have);
        if (n <= 0) break;
        have += (size_t)n;
        line[have] = 0;
        const char *at = strstr(line, mark);
        const char *end = at ? strchr(at, '.') : NULL;
        int64_t port = 0;
        if (end && text_int(slice_of(at + strlen(mark), (size_t)(end - at) - strlen(mark)), 1,
                            65535, &port) == ERR_OK)
            return (unsigned)port;
    }
    fail("chromedriver", "told no port");
    return 0;
}

static void start_driver(struct webdriver *w)
{
    int out[2];
    char *argv[] = {"chromedriver", "--port=0", NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    if (pipe2(out, O_CLOEXEC) != 0) fail("chromedriver", "no pipe");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    if (posix_spawnp(&w->driver, argv[0], &actions, &attributes, argv, environ) != 0)
        fail("chromedriver", "does not start");
    running = w->driver;
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    (void)close(out[1]);
    w->port = read_port(out[0]);
    (void)close(out[0]);
}

static void start_session(struct webdriver *w)
{
    static const char *const args[] = {"--headless=new",
                                       "--no-sandbox",
                                       "--disable-gpu",
                                       "--disable-dev-shm-usage",
                                       "--disable-quic",
                                       "--no-first-run",
                                       "--disable-background-networking",
                                       "--disable-component-update",
                                       "--disable-sync",
                                       "--hide-scrollbars",
                                       "--autoplay-policy=no-user-gesture-required"};
    char profile[64];
    struct buf b = buf_new(4096);
    struct json_writer j = json_write(&b);
    json_open_object(&j, NULL);
    json_open_object(&j, "capabilities");
    json_open_object(&j, "alwaysMatch");
    json_put_raw(&j, "goog:loggingPrefs", SLICE("{\"browser\":\"ALL\"}"));
    json_put_raw(&j, "timeouts", SLICE("{\"script\":60000}"));
    json_open_object(&j, "goog:chromeOptions");
    json_put_text(&j, "binary", "/usr/bin/chromium");
    json_open_array(&j, "args");
    for (size_t i = 0; i < sizeof args / sizeof args[0]; i++)
        json_put_text(&j, NULL, args[i]);
    (void)snprintf(profile, sizeof profile, "--user-data-dir=%s", w->profile);
    json_put_text(&j, NULL, profile);
    json_close_array(&j);
    json_close_object(&j);
    json_close_object(&j);
    json_close_object(&j);
    json_close_object(&j);
    json_node value = call(w, "POST", "/session", buf_cstr(&b));
    buf_deinit(&b);
    if (json_string(json_member(value, "sessionId"), w->session, sizeof w->session) != ERR_OK)
        fail("session", "has no id");
}

struct webdriver *webdriver_open(void)
{
    struct webdriver *w = calloc(1, sizeof *w);
    if (!w) fail("memory", "out of it");
    memcpy(w->profile, "/tmp/packd-browser-XXXXXX", 26);
    if (!mkdtemp(w->profile)) fail(w->profile, "cannot be made");
    w->curl = curl_easy_init();
    w->answer = buf_new(ANSWER_MAX);
    w->text = buf_new(ANSWER_MAX);
    start_driver(w);
    start_session(w);
    return w;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    (void)remove(path);
    return 0;
}

void webdriver_close(struct webdriver *w)
{
    if (!w) return;
    (void)in_session(w, "DELETE", "", NULL);
    (void)kill(w->driver, SIGTERM);
    (void)waitpid(w->driver, NULL, 0);
    running = 0;
    (void)nftw(w->profile, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    json_free(w->doc);
    buf_deinit(&w->answer);
    buf_deinit(&w->text);
    curl_easy_cleanup(w->curl);
    free(w);
}

/* -------------------------------------------------------------------------------------- acts -- */

static void handle_of(struct webdriver *w, size_t n, char *out, size_t cap)
{
    json_node list = in_session(w, "GET", "/window/handles", NULL);
    if (json_count(list) <= n) {
        (void)in_session(w, "POST", "/window/new", "{\"type\":\"window\"}");
        list = in_session(w, "GET", "/window/handles", NULL);
    }
    json_node handle = json_first(list);
    for (size_t i = 0; i < n && handle; i++)
        handle = json_next(handle);
    if (json_string(handle, out, cap) != ERR_OK) fail("window", "has no handle");
}

void webdriver_window(struct webdriver *w, size_t n)
{
    char handle[100];
    handle_of(w, n, handle, sizeof handle);
    struct buf b = body_of("handle", handle);
    (void)in_session(w, "POST", "/window", buf_cstr(&b));
    buf_deinit(&b);
}

void webdriver_size(struct webdriver *w, int width, int height)
{
    char body[256];
    (void)snprintf(body, sizeof body,
                   "{\"cmd\":\"Emulation.setDeviceMetricsOverride\",\"params\":{\"width\":%d,"
                   "\"height\":%d,\"deviceScaleFactor\":1,\"mobile\":false}}",
                   width, height);
    (void)in_session(w, "POST", "/goog/cdp/execute", body);
}

void webdriver_go(struct webdriver *w, const char *url)
{
    struct buf b = body_of("url", url);
    (void)in_session(w, "POST", "/url", buf_cstr(&b));
    buf_deinit(&b);
}

static json_node execute(struct webdriver *w, const char *kind, const char *script)
{
    struct buf b = buf_new(ANSWER_MAX);
    struct json_writer j = json_write(&b);
    json_open_object(&j, NULL);
    json_put_text(&j, "script", script);
    json_put_raw(&j, "args", SLICE("[]"));
    json_close_object(&j);
    json_node value = in_session(w, "POST", kind, buf_cstr(&b));
    buf_deinit(&b);
    return value;
}

const char *webdriver_value(struct webdriver *w, const char *expression)
{
    struct buf script = buf_new(ANSWER_MAX);
    buf_printf(&script, "return String(%s);", expression);
    json_node value = execute(w, "/execute/sync", buf_cstr(&script));
    buf_deinit(&script);
    return keep(w, value);
}

bool webdriver_until(struct webdriver *w, const char *expression, int patience_ms)
{
    struct buf script = buf_new(ANSWER_MAX);
    buf_printf(&script,
               "const done = arguments[0], begun = performance.now();"
               "(function look() { let ok = false; try { ok = Boolean(%s); } catch (e) { ok = "
               "false; }"
               "if (ok || performance.now() - begun > %d) done(ok); else setTimeout(look, 15); "
               "})();",
               expression, patience_ms);
    bool ok = json_bool(execute(w, "/execute/async", buf_cstr(&script)), false);
    buf_deinit(&script);
    return ok;
}

static void element(struct webdriver *w, const char *css, char *out, size_t cap)
{
    struct buf b = buf_new(4096);
    struct json_writer j = json_write(&b);
    json_open_object(&j, NULL);
    json_put_text(&j, "using", "css selector");
    json_put_text(&j, "value", css);
    json_close_object(&j);
    json_node value = in_session(w, "POST", "/element", buf_cstr(&b));
    buf_deinit(&b);
    if (json_string(json_member(value, ELEMENT), out, cap) != ERR_OK) fail(css, "no such element");
}

static void act(struct webdriver *w, const char *css, const char *what, const char *body)
{
    char id[100], path[160];
    element(w, css, id, sizeof id);
    (void)snprintf(path, sizeof path, "/element/%s/%s", id, what);
    (void)in_session(w, "POST", path, body);
}

void webdriver_click(struct webdriver *w, const char *css)
{
    act(w, css, "click", "{}");
}

void webdriver_type(struct webdriver *w, const char *css, const char *text)
{
    struct buf b = body_of("text", text);
    act(w, css, "value", buf_cstr(&b));
    buf_deinit(&b);
}

static void make_folders(const char *path)
{
    char folder[256];
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        (void)snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
        (void)mkdir(folder, 0755);
    }
}

static int base64_value(uint8_t b)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = b ? strchr(alphabet, b) : NULL;
    return at ? (int)(at - alphabet) : -1;
}

void webdriver_screenshot(struct webdriver *w, const char *path)
{
    struct slice text = json_text(in_session(w, "GET", "/screenshot", NULL));
    make_folders(path);
    FILE *f = fopen(path, "wb");
    if (!f) fail(path, "cannot be written");
    uint32_t bits = 0;
    unsigned have = 0;
    for (size_t i = 0; i < text.len && base64_value(text.ptr[i]) >= 0; i++) {
        bits = bits << 6 | (uint32_t)base64_value(text.ptr[i]);
        have += 6;
        if (have < 8) continue;
        have -= 8;
        (void)fputc((int)(bits >> have & 0xFF), f);
    }
    if (fclose(f) != 0) fail(path, "cannot be written");
}

const char *webdriver_errors(struct webdriver *w)
{
    json_node log = in_session(w, "POST", "/se/log", "{\"type\":\"browser\"}");
    buf_clear(&w->text);
    for (json_node n = json_first(log); n; n = json_next(n)) {
        if (!slice_is(json_text(json_member(n, "level")), "SEVERE")) continue;
        buf_put(&w->text, json_text(json_member(n, "message")));
        buf_byte(&w->text, '\n');
    }
    return buf_cstr(&w->text);
}
