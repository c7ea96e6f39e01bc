/* Draining a backlog over real sockets, everything stored, against curl alone that stores nothing.
 */
#include <curl/curl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "firmware/outbox/outbox_parts.h"
#include "hal/linux/hal_linux.h"
#include "tests/bench/figures.h"
#include "tests/bench/waiting.h"
#include "tests/support/http_peer.h"

#define CONCURRENCY 8
#define TURNS       5
#define BODY                                                                                       \
    "{\"event\":\"dispatched\",\"key\":\"B1-00000000-1000000\",\"order\":\"WAIT-1000000\","        \
    "\"parcels\":[{\"tracking\":\"15501234500025L\",\"lines\":[{\"sku\":\"MUG-RED\","              \
    "\"quantity\":2},{\"sku\":\"JAM-RASP\",\"quantity\":1}]}]}"

static bool answer(void *ctx, struct peer_conn *c, const struct peer_request *r)
{
    const long *delay_ms = ctx;
    (void)r;
    if (*delay_ms) {
        struct timespec t = {0, *delay_ms * 1000000};
        (void)nanosleep(&t, NULL);
    }
    peer_reply(c, 200, "{}");
    return true;
}

/* -------------------------------------------------------------------------- curl by itself -- */

static size_t swallow(char *bytes, size_t size, size_t n, void *ctx)
{
    (void)bytes;
    (void)ctx;
    return size * n;
}

static CURL *make_handle(const char *url, struct curl_slist *headers)
{
    CURL *c = curl_easy_init();
    must(c != NULL, "no curl handle");
    (void)curl_easy_setopt(c, CURLOPT_URL, url);
    (void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(c, CURLOPT_POSTFIELDS, BODY);
    (void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, swallow);
    return c;
}

/* Puts every handle that ended back to work; returns how many ended. */
static int turn_over(CURLM *multi, int *left)
{
    int ended = 0;
    int queued = 0;
    for (CURLMsg *m; (m = curl_multi_info_read(multi, &queued)) != NULL;) {
        CURL *c = m->easy_handle;
        must(m->data.result == CURLE_OK, "curl failed");
        ended++;
        (void)curl_multi_remove_handle(multi, c);
        if (*left > 0) {
            (*left)--;
            (void)curl_multi_add_handle(multi, c);
        }
    }
    return ended;
}

static double curl_alone(const char *url, int messages)
{
    CURL *handles[CONCURRENCY];
    CURLM *multi = curl_multi_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    int left = messages - CONCURRENCY;
    int done = 0;
    for (int i = 0; i < CONCURRENCY; i++)
        handles[i] = make_handle(url, headers);
    int64_t from = wall_ns();
    for (int i = 0; i < CONCURRENCY; i++)
        (void)curl_multi_add_handle(multi, handles[i]);
    while (done < messages) {
        int running = 0;
        must(curl_multi_perform(multi, &running) == CURLM_OK, "curl failed");
        done += turn_over(multi, &left);
        if (done < messages) (void)curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
    double rate = messages / ((double)(wall_ns() - from) / 1e9);
    for (int i = 0; i < CONCURRENCY; i++)
        curl_easy_cleanup(handles[i]);
    (void)curl_multi_cleanup(multi);
    curl_slist_free_all(headers);
    return rate;
}

/* ------------------------------------------------------------------------------ the station -- */

struct drain {
    struct waiting w;
    const char *url;
    int done;
};

static void on_done(void *ctx, uint32_t tag, const struct hal_http_result *result)
{
    struct drain *d = ctx;
    bool ok = result->outcome == HAL_HTTP_ANSWERED && result->status == 200;
    struct attempt_result r = {.outcome = ok ? ATTEMPT_DONE : ATTEMPT_RETRY};
    d->done += ok;
    outbox_result(d->w.ob, tag, &r);
}

static void on_attempt(void *ctx, const struct outbox_message *m)
{
    struct drain *d = ctx;
    struct hal_header header = {"Content-Type", "application/json"};
    struct hal_http_request q = {.method = HAL_POST,
                                 .url = d->url,
                                 .headers = &header,
                                 .header_count = 1,
                                 .body = SLICE(BODY),
                                 .has_body = true,
                                 .write = true,
                                 .timeout_ms = 20000,
                                 .reply_max = 4096};
    err_t e = effects_http(d->w.fx, &q, on_done, d, (uint32_t)m->id, NULL);
    must(e == ERR_OK, "no exchange");
}

/* The round of the station, with the outbox as its only room. */
static void one_round(struct drain *d)
{
    struct hal_event events[HAL_EVENTS_MAX];
    size_t count = 0;
    mono_t until = mono_earlier(outbox_deadline(d->w.ob), mono_plus(hal_now(d->w.hal), 1000));
    must(hal_wait(d->w.hal, until, events, HAL_EVENTS_MAX, &count) == ERR_OK, "cannot wait");
    for (size_t i = 0; i < count; i++)
        if (events[i].kind == HAL_EV_HTTP_DONE) effects_route(d->w.fx, &events[i]);
    effects_deliver_failed(d->w.fx);
    outbox_tick(d->w.ob);
    must(store_commit(d->w.st) == ERR_OK, "not committed");
    effects_acknowledge(d->w.fx);
    effects_perform(d->w.fx);
}

static double through_packd(struct drain *d, int messages)
{
    waiting_fill(&d->w, messages, true);
    outbox_wake(d->w.ob, CLARUS);
    d->done = 0;
    int64_t from = wall_ns();
    while (d->done < messages)
        one_round(d);
    return messages / ((double)(wall_ns() - from) / 1e9);
}

static void open_drain(struct drain *d, struct hal *hal, const char *url)
{
    struct destination_spec spec = {.name = CLARUS,
                                    .concurrency = CONCURRENCY,
                                    .ahead = OUTBOX_AHEAD_MAX,
                                    .connector = {.attempt = on_attempt, .ctx = d}};
    *d = (struct drain){.url = url};
    waiting_open(&d->w, hal);
    must(outbox_destination(d->w.ob, &spec) == ERR_OK, "no destination");
    must(outbox_start(d->w.ob) == ERR_OK && store_commit(d->w.st) == ERR_OK, "not started");
}

/* ---------------------------------------------------------------------------------- by turns -- */

static void measure(struct drain *d, long *delay_ms, long ms, int messages, double at_least)
{
    struct series floor = {NULL, 0, 0};
    struct series packd = {NULL, 0, 0};
    struct series ratio = {NULL, 0, 0};
    char what[64];
    *delay_ms = ms;
    (void)curl_alone(d->url, messages / 4);
    for (int i = 0; i < TURNS; i++) {
        double f = curl_alone(d->url, messages);
        double p = through_packd(d, messages);
        series_add(&floor, f);
        series_add(&packd, p);
        series_add(&ratio, p / f);
    }
    (void)snprintf(what, sizeof what, "drain, server answers after %ld ms", ms);
    row_print(&(struct row){.what = what,
                            .unit = "/s",
                            .floor = series_median(&floor),
                            .packd = series_median(&packd),
                            .at_most = NAN,
                            .at_least = at_least,
                            .of_ratio = true});
    series_free(&floor);
    series_free(&packd);
    series_free(&ratio);
}

int main(int argc, char **argv)
{
    static long delay_ms;
    char url[64];
    struct hal *hal = NULL;
    struct drain d;
    must(argc > 1, "usage: drain_bench FOLDER");
    struct hal_linux_options options = {
        .config_dir = argv[1], .credentials_dir = argv[1], .state_dir = argv[1]};
    must(hal_linux_open(&options, &hal) == ERR_OK, "no HAL");
    struct peer *server = peer_start(answer, &delay_ms, NULL);
    open_drain(&d, hal, peer_url(server, "/hook", url, sizeof url));
    section_print("draining a backlog, one POST a message");
    measure(&d, &delay_ms, 10, 1000, 0.95);
    measure(&d, &delay_ms, 0, 2000, 0.4);
    note_print("8 at a time; the floor is curl alone, nothing stored");
    waiting_close(&d.w);
    hal_linux_close(hal);
    peer_stop(server);
    return 0;
}
