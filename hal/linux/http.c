#include "hal/linux/http_exchange.h"

#include <sys/epoll.h>

#include "firmware/base/mem.h"

/* Exchanges under way, and those whose event is still in the station's hands. */
#define SLOTS (HAL_HTTP_MAX + HAL_EVENTS_MAX)

struct http {
    struct reactor *reactor; /* borrowed */
    struct files *files;     /* borrowed */
    CURLM *multi;
    mono_t curl_at; /* when curl wants to be called */
    uint32_t last_id;
    uint64_t ended;
    int base_threads;
    struct exchange slots[SLOTS];
};

/* One descriptor curl wants watched. */
struct curl_watch {
    struct http *http;
    struct watch *watch;
    curl_socket_t fd;
};

static void http_progress(struct http *c, curl_socket_t fd, int flags);

static struct exchange *find_state(struct http *c, enum exchange_state state)
{
    for (size_t i = 0; i < SLOTS; i++) {
        if (c->slots[i].state == state) return &c->slots[i];
    }
    return NULL;
}

static struct exchange *find_id(struct http *c, hal_http_t id)
{
    for (size_t i = 0; i < SLOTS; i++) {
        if (c->slots[i].state != EXCHANGE_FREE && c->slots[i].id.n == id.n) return &c->slots[i];
    }
    return NULL;
}

static size_t count_under_way(const struct http *c)
{
    size_t n = 0;
    for (size_t i = 0; i < SLOTS; i++) {
        enum exchange_state s = c->slots[i].state;
        if (s == EXCHANGE_RUNNING || s == EXCHANGE_DONE) n++;
    }
    return n;
}

/* ----------------------------------------------------------------------------------- events -- */

static struct exchange *oldest_done(struct http *c)
{
    struct exchange *oldest = NULL;
    for (size_t i = 0; i < SLOTS; i++) {
        struct exchange *x = &c->slots[i];
        if (x->state == EXCHANGE_DONE && (!oldest || x->ended < oldest->ended)) oldest = x;
    }
    return oldest;
}

static void emit_done(struct http *c)
{
    struct exchange *x = oldest_done(c);
    while (x && reactor_has_room(c->reactor)) {
        struct hal_event event = {.kind = HAL_EV_HTTP_DONE, .http = x->result};
        x->state = EXCHANGE_LENT;
        reactor_emit(c->reactor, &event);
        x = oldest_done(c);
    }
}

static void on_timer_due(void *ctx);

/* Ended exchanges that found no room, or ended outside hal_wait, make the timer due at once. */
static void arm_timer(struct http *c)
{
    bool waiting = find_state(c, EXCHANGE_DONE) != NULL;
    mono_t at = waiting ? reactor_clock() : c->curl_at;
    reactor_timer_set(c->reactor, REACTOR_TIMER_HTTP, at, on_timer_due, c);
}

static void end_exchange(struct http *c, struct exchange *x)
{
    c->ended++;
    x->ended = c->ended;
}

static void collect_ended(struct http *c)
{
    int left = 0;
    CURLMsg *message = curl_multi_info_read(c->multi, &left);
    while (message) {
        CURLcode code = message->data.result;
        CURL *easy = message->easy_handle;
        struct exchange *x = NULL;
        if (message->msg == CURLMSG_DONE &&
            curl_easy_getinfo(easy, CURLINFO_PRIVATE, &x) == CURLE_OK && x) {
            (void)curl_multi_remove_handle(c->multi, easy); /* only fails for a handle not in it */
            exchange_finish(x, code);
            end_exchange(c, x);
        }
        message = curl_multi_info_read(c->multi, &left);
    }
}

static void http_progress(struct http *c, curl_socket_t fd, int flags)
{
    int running = 0;
    /* Failures of single transfers arrive as messages; a broken multi leaves them to time out. */
    (void)curl_multi_socket_action(c->multi, fd, flags, &running);
    collect_ended(c);
    emit_done(c);
    arm_timer(c);
}

static void on_timer_due(void *ctx)
{
    struct http *c = ctx;
    if (mono_reached(reactor_clock(), c->curl_at)) {
        c->curl_at = MONO_NEVER;
        http_progress(c, CURL_SOCKET_TIMEOUT, 0);
        return;
    }
    emit_done(c);
    arm_timer(c);
}

/* -------------------------------------------------------------------------- curl's requests -- */

static int on_curl_timer(CURLM *multi, long delay_ms, void *ctx)
{
    struct http *c = ctx;
    (void)multi;
    c->curl_at = delay_ms < 0 ? MONO_NEVER : mono_plus(reactor_clock(), delay_ms);
    arm_timer(c);
    return 0;
}

static void on_ready(void *ctx, uint32_t events)
{
    const struct curl_watch *w = ctx;
    int flags = 0;
    if (events & (EPOLLIN | EPOLLHUP | EPOLLRDHUP)) flags |= CURL_CSELECT_IN;
    if (events & EPOLLOUT) flags |= CURL_CSELECT_OUT;
    if (events & EPOLLERR) flags |= CURL_CSELECT_ERR;
    http_progress(w->http, w->fd, flags);
}

static uint32_t wanted_events(int what)
{
    uint32_t events = 0;
    if (what & CURL_POLL_IN) events |= EPOLLIN;
    if (what & CURL_POLL_OUT) events |= EPOLLOUT;
    return events;
}

static int watch_new(struct http *c, curl_socket_t fd, uint32_t events)
{
    struct curl_watch *w = mem_alloc(sizeof *w);
    if (!w) return -1;
    *w = (struct curl_watch){.http = c, .fd = fd};
    if (reactor_watch(c->reactor, fd, events, on_ready, w, &w->watch) != ERR_OK) {
        mem_free(w);
        return -1;
    }
    (void)curl_multi_assign(c->multi, fd, w); /* only fails for a socket curl does not know */
    return 0;
}

static void watch_free(struct http *c, curl_socket_t fd, struct curl_watch *w)
{
    reactor_unwatch(c->reactor, w->watch);
    (void)curl_multi_assign(c->multi, fd, NULL);
    mem_free(w);
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *per_socket)
{
    struct http *c = ctx;
    struct curl_watch *w = per_socket;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (w) watch_free(c, fd, w);
        return 0;
    }
    if (!w) return watch_new(c, fd, wanted_events(what));
    return reactor_rearm(c->reactor, w->watch, wanted_events(what)) == ERR_OK ? 0 : -1;
}

/* --------------------------------------------------------------------------------- the part -- */

static bool set_up_multi(struct http *c)
{
    c->multi = curl_multi_init();
    return c->multi &&
           curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket) == CURLM_OK &&
           curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c) == CURLM_OK &&
           curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer) == CURLM_OK &&
           curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c) == CURLM_OK &&
           curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)HAL_HTTP_MAX) == CURLM_OK;
}

err_t http_open(struct reactor *r, struct files *files, struct http **out)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return ERR_IO;
    struct http *c = mem_alloc(sizeof *c);
    if (!c) {
        curl_global_cleanup();
        return ERR_NOMEM;
    }
    *c = (struct http){.reactor = r, .files = files, .curl_at = MONO_NEVER};
    c->base_threads = http_thread_count();
    if (!set_up_multi(c)) {
        http_close(c);
        return ERR_NOMEM;
    }
    *out = c;
    return ERR_OK;
}

void http_begin_wait(struct http *c)
{
    struct exchange *x = find_state(c, EXCHANGE_LENT);
    while (x) {
        exchange_release(x);
        x = find_state(c, EXCHANGE_LENT);
    }
}

static void drop(struct http *c, struct exchange *x)
{
    if (x->state == EXCHANGE_RUNNING) (void)curl_multi_remove_handle(c->multi, x->easy);
    exchange_release(x);
}

void http_close(struct http *c)
{
    if (!c) return;
    for (size_t i = 0; i < SLOTS; i++) {
        if (c->slots[i].state != EXCHANGE_FREE) drop(c, &c->slots[i]);
        curl_easy_cleanup(c->slots[i].easy);
    }
    if (c->multi) (void)curl_multi_cleanup(c->multi); /* every handle was removed above */
    reactor_timer_set(c->reactor, REACTOR_TIMER_HTTP, MONO_NEVER, on_timer_due, c);
    mem_free(c);
    curl_global_cleanup();
}

/* ---------------------------------------------------------------------------------- the HAL -- */

static void start(struct http *c, struct exchange *x, const struct hal_http_request *request)
{
    err_t e = exchange_prepare(x, request, c->files);
    if (e == ERR_OK) {
        x->state = EXCHANGE_RUNNING;
        if (curl_multi_add_handle(c->multi, x->easy) == CURLM_OK) return;
        e = ERR_NOMEM;
    }
    exchange_refuse(x, err_text(e));
    end_exchange(c, x);
    arm_timer(c);
}

err_t hal_http_submit(struct hal *h, const struct hal_http_request *request, hal_http_t *out)
{
    struct http *c = h->http;
    err_t e = exchange_check(request);
    if (e) return e;
    if (count_under_way(c) >= HAL_HTTP_MAX) return ERR_NOSPACE;
    struct exchange *x = find_state(c, EXCHANGE_FREE);
    if (!x) return ERR_NOSPACE;
    c->last_id++;
    x->id = (hal_http_t){c->last_id};
    x->base_threads = c->base_threads;
    *out = x->id;
    start(c, x, request);
    return ERR_OK;
}

void hal_http_cancel(struct hal *h, hal_http_t id)
{
    struct exchange *x = find_id(h->http, id);
    if (x && x->state != EXCHANGE_LENT) drop(h->http, x);
}
