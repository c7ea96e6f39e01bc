#include "hal/linux/resolve.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>

#include "firmware/base/mem.h"

struct resolve {
    atomic_int owners; /* the caller and the thread; the last one frees */
    int done_fd;       /* written by the thread */
    char host[128];
    char service[8];
    struct resolve_address answer;
};

static void look_up(const char *host, const char *service, int flags, struct resolve_address *out)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    out->len = 0;
    if (getaddrinfo(host, service, &hints, &found) != 0 || !found) return;
    const struct addrinfo *best =
        found; /* label printers answer on IPv4 even where a name has both */
    for (const struct addrinfo *a = found; a && best->ai_family != AF_INET; a = a->ai_next)
        if (a->ai_family == AF_INET) best = a;
    if (best->ai_addrlen <= sizeof out->addr) {
        memcpy(&out->addr, best->ai_addr, best->ai_addrlen);
        out->len = best->ai_addrlen;
    }
    freeaddrinfo(found);
}

err_t resolve_literal(const char *host, uint16_t port, struct resolve_address *out)
{
    char service[8];
    (void)snprintf(service, sizeof service, "%u", (unsigned)port);
    look_up(host, service, AI_NUMERICHOST, out);
    return out->len > 0 ? ERR_OK : ERR_INVALID;
}

void resolve_free(struct resolve *r)
{
    if (r && atomic_fetch_sub(&r->owners, 1) == 1) mem_free(r);
}

static void *run(void *arg)
{
    struct resolve *r = arg;
    look_up(r->host, r->service, 0, &r->answer);
    atomic_thread_fence(memory_order_release);
    (void)close(r->done_fd);
    resolve_free(r);
    return NULL;
}

/* The thread takes no signals: the loop's signalfd must get them. */
static bool spawn(struct resolve *r)
{
    sigset_t all;
    sigset_t old;
    pthread_t t;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    bool ok = pthread_create(&t, NULL, run, r) == 0;
    if (ok) (void)pthread_detach(t);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return ok;
}

err_t resolve_start(const char *host, uint16_t port, struct resolve **out, int *out_fd)
{
    int ends[2];
    struct resolve *r = mem_alloc(sizeof *r);
    if (!r) return ERR_NOMEM;
    bool fits = slice_copy(slice_text(host), r->host, sizeof r->host) == ERR_OK;
    if (!fits || pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        mem_free(r);
        return ERR_IO;
    }
    (void)snprintf(r->service, sizeof r->service, "%u", (unsigned)port);
    r->done_fd = ends[1];
    atomic_init(&r->owners, 2);
    if (!spawn(r)) {
        (void)close(ends[0]);
        (void)close(ends[1]);
        mem_free(r);
        return ERR_IO;
    }
    *out = r;
    *out_fd = ends[0];
    return ERR_OK;
}

void resolve_answer(const struct resolve *r, struct resolve_address *out)
{
    atomic_thread_fence(memory_order_acquire);
    *out = r->answer;
}
