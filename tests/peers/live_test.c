/* The station as it is installed against shops that others wrote or contracts that others check:
 * whole orders from the tote to the shop, judged by what the shop holds. Each shop is a program in
 * Node.js; see package.json. Skips with one line where they are not installed. */
#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/json.h"
#include "tests/support/real_station.h"

#define MUG_RED    "5012345000015"
#define LAMP       "5012345000077"
#define THROW      "5012345000084"
#define START_MS   90000
#define PATIENCE_S 60
#define LOOK_MS    100

struct peer {
    pid_t pid;
    char control[96];
    char partial[24], complete[24];
};

static struct real_station *station;
static struct peer peer;

/* ----------------------------------------------------------------------------------- the shop --
 */

static _Noreturn void become_shop(const char *script, const char *own, int out)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (chdir("tests/peers") == 0 && dup2(out, STDOUT_FILENO) >= 0)
        (void)execlp("node", "node", script, own, (char *)NULL);
    _exit(127);
}

static void text_of(json_node root, const char *name, char *out, size_t cap)
{
    assert_int_equal(json_string(json_member(root, name), out, cap), ERR_OK);
}

static void read_shop(const char *line, struct real_shop *out)
{
    AUTO_JSON struct json_doc *doc = NULL;
    assert_int_equal(json_parse(slice_text(line), &doc, NULL), ERR_OK);
    json_node root = json_root(doc);
    struct buf options = buf_over(out->options, sizeof out->options - 1);
    text_of(root, "definition", out->definition, sizeof out->definition);
    text_of(root, "base_url", out->base_url, sizeof out->base_url);
    text_of(root, "secret", out->secret, sizeof out->secret);
    text_of(root, "control", peer.control, sizeof peer.control);
    text_of(root, "partial", peer.partial, sizeof peer.partial);
    text_of(root, "complete", peer.complete, sizeof peer.complete);
    if (json_first(json_member(root, "options")))
        json_render(json_member(root, "options"), &options);
    out->options[options.len] = '\0';
}

static void start_shop(void *ctx, const char *own, struct real_shop *out)
{
    char line[2048] = "";
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    peer.pid = fork();
    assert_true(peer.pid >= 0);
    if (peer.pid == 0) become_shop(ctx, own, ends[1]);
    (void)close(ends[1]);
    FILE *lines = fdopen(ends[0], "r");
    struct pollfd p = {.fd = ends[0], .events = POLLIN};
    if (poll(&p, 1, START_MS) != 1 || !fgets(line, sizeof line, lines))
        fail_msg("%s did not start", (const char *)ctx);
    (void)fclose(lines);
    read_shop(line, out);
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *ctx)
{
    buf_put(ctx, slice_of(bytes, size * count));
    return size * count;
}

static struct json_doc *ask_shop(const char *path, const char *body)
{
    char url[160];
    struct json_doc *doc = NULL;
    struct buf answer = buf_new(65536);
    CURL *curl = curl_easy_init();
    (void)snprintf(url, sizeof url, "%s/%s", peer.control, path);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    if (body) curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    CURLcode rc = curl_easy_perform(curl);
    curl_easy_cleanup(curl);
    if (rc != CURLE_OK) fail_msg("%s: %s", url, curl_easy_strerror(rc));
    assert_int_equal(json_parse(buf_slice(&answer), &doc, NULL), ERR_OK);
    buf_deinit(&answer);
    return doc;
}

static void tell_shop(const char *path, const char *body)
{
    json_free(ask_shop(path, body));
}

struct held {
    int64_t records, units;
    char state[24], tracking[64];
};

static struct held shop_holds(const char *number)
{
    struct held h = {0};
    AUTO_JSON struct json_doc *doc = ask_shop(number, NULL);
    json_node root = json_root(doc);
    assert_int_equal(json_int(json_member(root, "records"), 0, 100, &h.records), ERR_OK);
    assert_int_equal(json_int(json_member(root, "units"), -1, 100, &h.units), ERR_OK);
    text_of(root, "state", h.state, sizeof h.state);
    text_of(root, "tracking", h.tracking, sizeof h.tracking);
    return h;
}

static struct held await_records(const char *number, int64_t records, const char *state)
{
    struct held h = shop_holds(number);
    time_t end = time(NULL) + PATIENCE_S;
    while ((h.records != records || strcmp(h.state, state) != 0) && time(NULL) < end) {
        (void)poll(NULL, 0, LOOK_MS);
        h = shop_holds(number);
    }
    if (h.records != records || strcmp(h.state, state) != 0) real_station_tell(station);
    assert_int_equal(h.records, records);
    assert_string_equal(h.state, state);
    return h;
}

/* ----------------------------------------------------------------------------------- the bench --
 */

static int close_all(void **state)
{
    (void)state;
    real_station_close(station);
    if (peer.pid > 0) (void)kill(peer.pid, SIGTERM);
    if (peer.pid > 0) (void)waitpid(peer.pid, NULL, 0);
    memset(&peer, 0, sizeof peer);
    return 0;
}

static int open_on(const char *script)
{
    if (access("tests/peers/node_modules", F_OK) != 0) return 0;
    station = real_station_open_shop(start_shop, (void *)script);
    real_station_plug(station);
    real_station_sees_devices(station);
    real_station_sees_orders(station);
    return 0;
}

static int with_bigcommerce(void **state)
{
    (void)state;
    return open_on("bigcommerce.mjs");
}

static int with_commercetools(void **state)
{
    (void)state;
    return open_on("commercetools.mjs");
}

static int with_orocommerce(void **state)
{
    (void)state;
    return open_on("orocommerce.mjs");
}

static void scan(const char *code, const char *face)
{
    real_station_scan(station, code);
    real_station_shows(station, face, NULL);
}

/* The next label that comes out, tags of our own boxes apart, stuck on and scanned back. */
static void stick(const char *headline, char paper[64])
{
    do
        real_station_paper(station, paper);
    while (strncmp(paper, "TAG-", 4) == 0);
    real_station_shows(station, "label", headline);
    real_station_scan(station, paper);
}

static void pack_one(char paper[64])
{
    scan("TOTE-01", "packing");
    scan("BOX-S", "packing");
    real_station_scan(station, MUG_RED);
    stick("bench.scan_label_one", paper);
    real_station_shows(station, "saved", NULL);
}

/* ---------------------------------------------------------------------------------- the orders --
 */

static void order__complete_is_reported_once(void **state)
{
    (void)state;
    char paper[64];
    if (!station) skip();
    pack_one(paper);
    struct held h = await_records("10427", 1, peer.complete);
    assert_string_equal(h.tracking, paper);
    assert_in_range(h.units + 1, 0, 2);
}

static void order__in_parts_and_parcels_is_partial_and_then_complete(void **state)
{
    (void)state;
    char first[64], second[64], third[64];
    if (!station) skip();
    scan("TOTE-03", "packing");
    scan("BOX-L", "packing");
    scan(LAMP, "packing");
    real_station_scan(station, "^P:CLOSE-PARCEL");
    stick("bench.scan_label_one", first);
    real_station_shows(station, "attention", "bench.confirm_part");
    scan("^P:CONFIRM", "saved");
    (void)await_records("10429", 1, peer.partial);
    scan("TOTE-03", "packing");
    scan("BOX-L", "packing");
    scan(THROW, "packing");
    scan("^P:NEXT-PARCEL", "packing");
    scan("BOX-M", "packing");
    real_station_scan(station, THROW);
    stick("bench.scan_label", second);
    stick("bench.scan_label", third);
    real_station_shows(station, "saved", NULL);
    (void)await_records("10429", 3, peer.complete);
}

static void order__whose_answer_was_lost_is_reported_once(void **state)
{
    (void)state;
    char paper[64];
    if (!station) skip();
    tell_shop("faults", "{\"lose\": 1}");
    pack_one(paper);
    struct held h = await_records("10427", 1, peer.complete);
    assert_string_equal(h.tracking, paper);
    AUTO_JSON struct json_doc *faults = ask_shop("faults", NULL);
    int64_t lost = 0;
    assert_int_equal(json_int(json_member(json_root(faults), "lost"), 0, 9, &lost), ERR_OK);
    assert_int_equal(lost, 1);
}

static void order__refused_for_a_while_is_reported_once(void **state)
{
    (void)state;
    char paper[64];
    if (!station) skip();
    tell_shop("faults", "{\"refuse\": 2}");
    pack_one(paper);
    struct held h = await_records("10427", 1, peer.complete);
    assert_string_equal(h.tracking, paper);
}

static void order__cancelled_over_there_stops_at_the_bench(void **state)
{
    (void)state;
    if (!station) skip();
    tell_shop("10427", "{\"cancel\": true}");
    scan("TOTE-01", "stop");
    assert_int_equal(shop_holds("10427").records, 0);
}

#define TEST(name, shop) cmocka_unit_test_setup_teardown(name, shop, close_all)
#define MATRIX(shop)                                                                               \
    TEST(order__complete_is_reported_once, shop),                                                  \
        TEST(order__in_parts_and_parcels_is_partial_and_then_complete, shop),                      \
        TEST(order__whose_answer_was_lost_is_reported_once, shop),                                 \
        TEST(order__refused_for_a_while_is_reported_once, shop),                                   \
        TEST(order__cancelled_over_there_stops_at_the_bench, shop)

int main(void)
{
    const struct CMUnitTest tests[] = {MATRIX(with_bigcommerce), MATRIX(with_commercetools),
                                       MATRIX(with_orocommerce)};
    if (access("tests/peers/node_modules", F_OK) != 0)
        printf("skipped: tests/peers: the packages of other makers are not installed\n");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
