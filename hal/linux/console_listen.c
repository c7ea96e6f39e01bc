#include "hal/linux/console_request.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* Percent-encoding is the station's to read. */
static size_t leave_as_sent(void *ctx, struct MHD_Connection *connection, char *text)
{
    (void)ctx;
    (void)connection;
    return strlen(text);
}

static err_t parse_address(const struct hal_console_spec *spec, union address *out)
{
    *out = (union address){0};
    const char *text = spec->bind[0] != '\0' ? spec->bind : "127.0.0.1";
    if (inet_pton(AF_INET, text, &out->v4.sin_addr) == 1) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons(spec->port);
        return ERR_OK;
    }
    if (inet_pton(AF_INET6, text, &out->v6.sin6_addr) != 1) return ERR_INVALID;
    out->v6.sin6_family = AF_INET6;
    out->v6.sin6_port = htons(spec->port);
    return ERR_OK;
}

static bool is_loopback(const union address *a)
{
    if (a->any.sa_family == AF_INET) return (ntohl(a->v4.sin_addr.s_addr) >> 24) == 127;
    return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
}

static err_t start_error(int foreign, bool tls)
{
    if (foreign == EADDRINUSE) return ERR_BUSY;
    if (foreign == EACCES) return ERR_DENIED;
    if (foreign == EADDRNOTAVAIL || tls) return ERR_INVALID;
    return ERR_IO;
}

static err_t start_daemon(struct console *c, union address *address, const char *pem)
{
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)pem},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)pem},
        {MHD_OPTION_END, 0, NULL},
    };
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
    if (pem)
        flags |= MHD_USE_TLS;
    else
        tls[0] = tls[2];
    if (address->any.sa_family == AF_INET6) flags |= MHD_USE_IPv6;
    errno = 0;
    c->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, console_on_request, c, MHD_OPTION_SOCK_ADDR, &address->any,
        MHD_OPTION_URI_LOG_CALLBACK, console_on_uri, c, MHD_OPTION_NOTIFY_COMPLETED,
        console_on_completed, c, MHD_OPTION_UNESCAPE_CALLBACK, leave_as_sent, NULL,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONSOLE_CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, CONSOLE_IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONSOLE_CONNECTION_MEMORY, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_ARRAY,
        tls, MHD_OPTION_END);
    return c->daemon ? ERR_OK : start_error(errno, pem != NULL);
}

static err_t start_with_certificate(struct console *c, union address *address, const char *secret)
{
    struct buf pem = buf_new(HAL_SECRET_MAX);
    err_t e = files_secret(c->files, secret, &pem);
    const char *text = buf_cstr(&pem);
    if (e == ERR_OK && pem.overflow) e = ERR_NOSPACE;
    if (e == ERR_OK) e = start_daemon(c, address, text);
    if (pem.ptr) explicit_bzero(pem.ptr, pem.cap);
    buf_deinit(&pem);
    return e;
}

err_t console_listen(struct console *c, const struct hal_console_spec *spec)
{
    union address address;
    bool with_tls = spec->certificate && spec->certificate[0] != '\0';
    err_t e = parse_address(spec, &address);
    if (e) return e;
    if (!with_tls && !is_loopback(&address)) return ERR_DENIED;
    e = with_tls ? start_with_certificate(c, &address, spec->certificate)
                 : start_daemon(c, &address, NULL);
    if (e) return e;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(c->daemon, MHD_DAEMON_INFO_BIND_PORT);
    c->port = info ? info->port : 0;
    return ERR_OK;
}
