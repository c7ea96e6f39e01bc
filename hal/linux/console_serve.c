#include "hal/linux/console_request.h"

#include <netinet/in.h>
#include <string.h>

#include "firmware/base/mem.h"
#include "firmware/base/text.h"

/* ------------------------------------------------------------------------------ one request -- */

static struct console_request *request_new(struct console *c, const char *uri)
{
    struct slice text = slice_text(uri);
    struct console_request *r = mem_alloc(sizeof *r);
    char *copy = mem_alloc(text.len + 1);
    if (!r || !copy) {
        mem_free(r);
        mem_free(copy);
        return NULL;
    }
    memcpy(copy, uri, text.len);
    *r = (struct console_request){.console = c, .uri = copy, .next = c->requests};
    r->body = buf_new(HAL_CONSOLE_BODY_MAX);
    c->requests = r;
    return r;
}

void request_free(struct console_request *r)
{
    struct console_request **link = &r->console->requests;
    while (*link && *link != r)
        link = &(*link)->next;
    if (*link) *link = r->next;
    reactor_unwatch(r->console->reactor, r->hangup);
    if (r->response) MHD_destroy_response(r->response);
    buf_deinit(&r->body);
    buf_deinit(&r->queue);
    mem_free(r->uri);
    mem_free(r);
}

/* ---------------------------------------------------------------------- telling the station -- */

static struct slice header(const struct console_request *r, const char *name)
{
    return slice_text(MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name));
}

static bool peer_is_loopback(const struct console_request *r)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (!info || !info->client_addr) return false;
    if (info->client_addr->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, info->client_addr, sizeof v4);
        return (ntohl(v4.sin_addr.s_addr) >> 24) == 127;
    }
    if (info->client_addr->sa_family != AF_INET6) return false;
    struct sockaddr_in6 v6;
    memcpy(&v6, info->client_addr, sizeof v6);
    return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

static void emit_request(struct console_request *r)
{
    struct slice uri = slice_text(r->uri);
    size_t mark = slice_find_byte(uri, '?');
    struct hal_event event = {
        .kind = HAL_EV_CONSOLE_REQUEST,
        .console = {.id = r->id,
                    .method = r->method,
                    .path = slice_sub(uri, 0, mark),
                    .query = slice_sub(uri, mark < uri.len ? mark + 1 : mark, uri.len),
                    .body = buf_slice(&r->body),
                    .host = header(r, "Host"),
                    .origin = header(r, "Origin"),
                    .cookie = header(r, "Cookie"),
                    .content_type = header(r, "Content-Type"),
                    .authorization = header(r, "Authorization"),
                    .fetch_site = header(r, "Sec-Fetch-Site"),
                    .token = header(r, "X-Packd-Token"),
                    .loopback = peer_is_loopback(r)},
    };
    r->state = REQUEST_ASKED;
    reactor_emit(r->console->reactor, &event);
}

static void emit_closed(struct console_request *r)
{
    struct hal_event event = {.kind = HAL_EV_CONSOLE_CLOSED, .console = {.id = r->id}};
    reactor_emit(r->console->reactor, &event);
    request_free(r);
}

/* The oldest request is the one with the smallest id. */
static struct console_request *next_to_tell(const struct console *c)
{
    struct console_request *oldest = NULL;
    for (struct console_request *r = c->requests; r; r = r->next) {
        bool waits = r->state == REQUEST_COMPLETE || r->state == REQUEST_CLOSED;
        if (waits && (!oldest || r->id.n < oldest->id.n)) oldest = r;
    }
    return oldest;
}

void console_emit(struct console *c)
{
    struct console_request *r = next_to_tell(c);
    while (r && reactor_has_room(c->reactor)) {
        if (r->state == REQUEST_CLOSED)
            emit_closed(r);
        else
            emit_request(r);
        r = next_to_tell(c);
    }
}

/* ---------------------------------------------------------------- libmicrohttpd's callbacks -- */

static bool method_of(const char *text, enum hal_method *out)
{
    static const struct {
        const char *text;
        enum hal_method method;
    } methods[] = {{"GET", HAL_GET}, {"HEAD", HAL_GET},    {"POST", HAL_POST},
                   {"PUT", HAL_PUT}, {"PATCH", HAL_PATCH}, {"DELETE", HAL_DELETE}};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (strcmp(methods[i].text, text) == 0) {
            *out = methods[i].method;
            return true;
        }
    }
    return false;
}

static enum MHD_Result refuse(struct console_request *r, unsigned status)
{
    static const char text[] = "refused\n";
    struct MHD_Response *response = MHD_create_response_from_buffer(
        sizeof text - 1, (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
    if (!response) return MHD_NO;
    enum MHD_Result rc = MHD_add_response_header(response, "Connection", "close");
    if (rc == MHD_YES) rc = MHD_queue_response(r->connection, status, response);
    MHD_destroy_response(response);
    r->refused = true;
    return rc;
}

static enum MHD_Result begin(struct console_request *r, const char *method)
{
    int64_t declared = 0;
    struct slice length = header(r, "Content-Length");
    r->begun = true;
    if (!method_of(method, &r->method)) return refuse(r, MHD_HTTP_METHOD_NOT_ALLOWED);
    if (strlen(r->uri) > CONSOLE_URI_MAX) return refuse(r, MHD_HTTP_URI_TOO_LONG);
    if (length.len > 0 && text_int(length, 0, HAL_CONSOLE_BODY_MAX, &declared) != ERR_OK)
        return refuse(r, MHD_HTTP_CONTENT_TOO_LARGE);
    return MHD_YES;
}

static enum MHD_Result take_body(struct console_request *r, const char *upload, size_t *len)
{
    r->body_seen += *len;
    if (r->body_seen > CONSOLE_DRAIN_MAX) return MHD_NO;
    if (r->body_seen <= HAL_CONSOLE_BODY_MAX) buf_put(&r->body, slice_of(upload, *len));
    *len = 0;
    return MHD_YES;
}

static enum MHD_Result ask_station(struct console_request *r)
{
    if (r->body_seen > HAL_CONSOLE_BODY_MAX) return refuse(r, MHD_HTTP_CONTENT_TOO_LARGE);
    if (r->body.overflow) return refuse(r, MHD_HTTP_SERVICE_UNAVAILABLE);
    r->console->last_id++;
    r->id = (hal_request_t){r->console->last_id};
    r->state = REQUEST_COMPLETE;
    r->suspended = true;
    MHD_suspend_connection(r->connection);
    return MHD_YES;
}

static enum MHD_Result queue_reply(struct console_request *r)
{
    if (!r->response) return MHD_NO;
    enum MHD_Result rc = MHD_queue_response(r->connection, (unsigned)r->status, r->response);
    MHD_destroy_response(r->response);
    r->response = NULL;
    return rc;
}

void *console_on_uri(void *ctx, const char *uri, struct MHD_Connection *connection)
{
    struct console_request *r = request_new(ctx, uri);
    if (r) r->connection = connection;
    return r;
}

/* NOLINTNEXTLINE(readability-function-size): the parameters are libmicrohttpd's */
enum MHD_Result console_on_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                   const char *method, const char *version, const char *upload,
                                   size_t *upload_len, void **state)
{
    struct console_request *r = *state;
    (void)ctx;
    (void)connection;
    (void)url;
    (void)version;
    if (!r) return MHD_NO;
    if (r->refused) {
        *upload_len = 0;
        return MHD_YES;
    }
    if (!r->begun) return begin(r, method);
    if (*upload_len > 0) return take_body(r, upload, upload_len);
    if (r->state == REQUEST_READING) return ask_station(r);
    return queue_reply(r);
}

void console_on_completed(void *ctx, struct MHD_Connection *connection, void **state,
                          enum MHD_RequestTerminationCode why)
{
    struct console_request *r = *state;
    (void)ctx;
    (void)connection;
    (void)why;
    *state = NULL;
    if (!r) return;
    if (r->state != REQUEST_STREAM || r->silent) {
        request_free(r);
        return;
    }
    r->state = REQUEST_CLOSED;
    r->connection = NULL;
    r->suspended = false;
    reactor_unwatch(r->console->reactor, r->hangup);
    r->hangup = NULL;
}
