#include "hal/linux/http_exchange.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "firmware/base/mem.h"

#define TIMEOUT_MS_MAX 600000

static const char *const method_names[] = {
    [HAL_GET] = "GET",     [HAL_POST] = "POST",     [HAL_PUT] = "PUT",
    [HAL_PATCH] = "PATCH", [HAL_DELETE] = "DELETE",
};

/* -------------------------------------------------------------------------- what is allowed -- */

static void url_free_local(CURLU **u)
{
    curl_url_cleanup(*u);
}

static void text_free_local(char **text)
{
    curl_free(*text);
}

#define AUTO_URL  __attribute__((cleanup(url_free_local)))
#define AUTO_TEXT __attribute__((cleanup(text_free_local)))

/* Only what cannot leave the machine: the name curl itself maps to loopback, and literals. */
static bool host_is_loopback(const char *host)
{
    struct in_addr v4;
    if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0) return true;
    return inet_pton(AF_INET, host, &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127;
}

static bool host_is_literal(const char *host)
{
    struct in_addr v4;
    return host[0] == '[' || host_is_loopback(host) || inet_pton(AF_INET, host, &v4) == 1;
}

/* Host of an allowed URL, freed with curl_free; ERR_INVALID otherwise. */
static err_t url_host(const char *url, char **out_host)
{
    AUTO_URL CURLU *u = curl_url();
    AUTO_TEXT char *scheme = NULL;
    AUTO_TEXT char *host = NULL;
    if (!u) return ERR_NOMEM;
    if (curl_url_set(u, CURLUPART_URL, url, CURLU_DISALLOW_USER) != CURLUE_OK) return ERR_INVALID;
    if (curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK) return ERR_INVALID;
    if (curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK) return ERR_INVALID;
    bool plain = strcmp(scheme, "http") == 0;
    if (!plain && strcmp(scheme, "https") != 0) return ERR_INVALID;
    if (plain && !host_is_loopback(host)) return ERR_INVALID;
    *out_host = host;
    host = NULL;
    return ERR_OK;
}

static bool header_is_clean(const struct hal_header *h)
{
    if (!h->name || !h->value || h->name[0] == '\0') return false;
    return strpbrk(h->name, "\r\n:; \t") == NULL && strpbrk(h->value, "\r\n") == NULL;
}

err_t exchange_check(const struct hal_http_request *request)
{
    AUTO_TEXT char *host = NULL;
    if (!request->url || (unsigned)request->method > HAL_DELETE) return ERR_INVALID;
    if (request->timeout_ms < 1 || request->timeout_ms > TIMEOUT_MS_MAX) return ERR_INVALID;
    if (request->header_count > HAL_HTTP_HEADERS_MAX) return ERR_INVALID;
    for (size_t i = 0; i < request->header_count; i++) {
        if (!header_is_clean(&request->headers[i])) return ERR_INVALID;
    }
    return url_host(request->url, &host);
}

/* --------------------------------------------------------------------------- curl callbacks -- */

static size_t on_read(char *room, size_t size, size_t count, void *ctx)
{
    struct exchange *x = ctx;
    size_t n = size * count;
    size_t left = x->body_len - x->body_given;
    if (n > left) n = left;
    if (n > 0) memcpy(room, x->body + x->body_given, n);
    x->body_given += n;
    return n;
}

static int on_seek(void *ctx, curl_off_t offset, int origin)
{
    struct exchange *x = ctx;
    if (x->write || origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_FAIL;
    if ((uint64_t)offset > x->body_len) return CURL_SEEKFUNC_FAIL;
    x->body_given = (size_t)offset;
    return CURL_SEEKFUNC_OK;
}

/* A short count makes curl end the transfer with CURLE_WRITE_ERROR. */
static size_t on_header(char *bytes, size_t size, size_t count, void *ctx)
{
    struct exchange *x = ctx;
    struct slice line = slice_of(bytes, size * count);
    if (slice_starts(line, "HTTP/")) {
        buf_clear(&x->reply_headers);
        x->headers_complete = false;
        return line.len;
    }
    if (slice_trim(line).len == 0) x->headers_complete = true;
    if (x->headers_complete) return line.len; /* trailers of a chunked body are dropped */
    buf_put(&x->reply_headers, line);
    if (!x->reply_headers.overflow) return line.len;
    x->stop = STOP_HEADERS_MAX;
    return 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
    struct exchange *x = ctx;
    struct slice all = slice_of(bytes, size * count);
    size_t room = x->reply_max - x->reply_body.len;
    buf_put(&x->reply_body, slice_sub(all, 0, room));
    if (x->reply_body.overflow)
        x->stop = STOP_MEMORY;
    else if (all.len > room)
        x->stop = STOP_REPLY_MAX;
    return x->stop == STOP_NONE ? all.len : 0;
}

int http_thread_count(void)
{
    struct stat st;
    if (stat("/proc/self/task", &st) != 0 || st.st_nlink < 2) return 0;
    return (int)st.st_nlink - 2;
}

/* curl gives each look-up a thread and, when we stop waiting, leaves it to the resolver's own pace.
 * packd starts no threads but look-ups, so the growth since opening is how many are alive. */
static int on_resolve(void *state, void *reserved, void *ctx)
{
    struct exchange *x = ctx;
    (void)state;
    (void)reserved;
    if (http_thread_count() - x->base_threads < HTTP_RESOLVERS_MAX) return 0;
    x->stop = STOP_RESOLVERS;
    return 1;
}

/* ---------------------------------------------------------------------------- setting it up -- */

static const struct {
    CURLoption option;
    long value;
} fixed_options[] = {
    {CURLOPT_NOSIGNAL, 1},
    {CURLOPT_QUICK_EXIT, 1}, /* never join a hanging resolver thread */
    {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
    {CURLOPT_FOLLOWLOCATION, 0},
    {CURLOPT_DISALLOW_USERNAME_IN_URL, 1},
    {CURLOPT_NETRC, CURL_NETRC_IGNORED},
    {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
    {CURLOPT_SSL_VERIFYPEER, 1},
    {CURLOPT_SSL_VERIFYHOST, 2},
    {CURLOPT_TCP_KEEPALIVE, 1},
};

static CURLcode set_fixed(struct exchange *x)
{
    CURLcode rc = CURLE_OK;
    for (size_t i = 0; i < sizeof fixed_options / sizeof fixed_options[0] && rc == CURLE_OK; i++)
        rc = curl_easy_setopt(x->easy, fixed_options[i].option, fixed_options[i].value);
    if (rc == CURLE_OK) rc = curl_easy_setopt(x->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    if (rc == CURLE_OK) rc = curl_easy_setopt(x->easy, CURLOPT_PROXY, "");
    if (rc == CURLE_OK) rc = curl_easy_setopt(x->easy, CURLOPT_CAPATH, NULL);
    if (rc == CURLE_OK) rc = curl_easy_setopt(x->easy, CURLOPT_USERAGENT, "packd");
    return rc;
}

static CURLcode set_callbacks(struct exchange *x)
{
    CURLcode rc = curl_easy_setopt(x->easy, CURLOPT_PRIVATE, x);
    if (rc == CURLE_OK) rc = curl_easy_setopt(x->easy, CURLOPT_ERRORBUFFER, x->detail);
    if (rc == CURLE_OK) rc = curl_easy_setopt(x->easy, CURLOPT_HEADERFUNCTION, on_header);
    if (rc == CURLE_OK) rc = curl_easy_setopt(x->easy, CURLOPT_HEADERDATA, x);
    if (rc == CURLE_OK) rc = curl_easy_setopt(x->easy, CURLOPT_WRITEFUNCTION, on_body);
    if (rc == CURLE_OK) rc = curl_easy_setopt(x->easy, CURLOPT_WRITEDATA, x);
    return rc;
}

static CURLcode set_target(struct exchange *x, const struct hal_http_request *request)
{
    AUTO_TEXT char *host = NULL;
    if (url_host(request->url, &host) != ERR_OK) return CURLE_URL_MALFORMAT;
    CURLcode rc = curl_easy_setopt(x->easy, CURLOPT_URL, request->url);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(x->easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    if (rc != CURLE_OK || host_is_literal(host)) return rc;
    rc = curl_easy_setopt(x->easy, CURLOPT_RESOLVER_START_FUNCTION, on_resolve);
    if (rc == CURLE_OK) rc = curl_easy_setopt(x->easy, CURLOPT_RESOLVER_START_DATA, x);
    return rc;
}

static CURLcode set_body(struct exchange *x, const struct hal_http_request *request)
{
    CURLcode rc = CURLE_OK;
    bool has_body = request->has_body || request->body.len > 0;
    if (has_body) {
        rc = curl_easy_setopt(x->easy, CURLOPT_POST, 1L);
        if (rc == CURLE_OK)
            rc = curl_easy_setopt(x->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->body_len);
        if (rc == CURLE_OK) rc = curl_easy_setopt(x->easy, CURLOPT_READFUNCTION, on_read);
        if (rc == CURLE_OK) rc = curl_easy_setopt(x->easy, CURLOPT_READDATA, x);
        if (rc == CURLE_OK) rc = curl_easy_setopt(x->easy, CURLOPT_SEEKFUNCTION, on_seek);
        if (rc == CURLE_OK) rc = curl_easy_setopt(x->easy, CURLOPT_SEEKDATA, x);
    }
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(x->easy, CURLOPT_CUSTOMREQUEST, method_names[request->method]);
    /* Without a body there is nothing to rewind, so only a fresh connection stops the repeat. */
    if (rc == CURLE_OK && x->write && x->body_len == 0)
        rc = curl_easy_setopt(x->easy, CURLOPT_FRESH_CONNECT, 1L);
    return rc;
}

static err_t add_header(struct exchange *x, const char *line)
{
    struct curl_slist *longer = curl_slist_append(x->headers, line);
    if (!longer) return ERR_NOMEM;
    x->headers = longer;
    return ERR_OK;
}

/* curl's own spelling: "Name:" removes a header it would add, "Name;" sends an empty one. */
static err_t add_caller_header(struct exchange *x, const struct hal_header *h, struct buf *line)
{
    buf_clear(line);
    if (h->value[0] == '\0')
        buf_printf(line, "%s;", h->name);
    else
        buf_printf(line, "%s: %s", h->name, h->value);
    const char *text = buf_cstr(line);
    return line->overflow ? ERR_NOMEM : add_header(x, text);
}

static err_t set_headers(struct exchange *x, const struct hal_http_request *request)
{
    struct buf line = buf_new(HTTP_REPLY_HEADERS_MAX);
    bool typed = false;
    err_t e = add_header(x, "Expect:");
    for (size_t i = 0; i < request->header_count && e == ERR_OK; i++) {
        const struct hal_header *h = &request->headers[i];
        typed = typed || slice_is_nocase(slice_text(h->name), "Content-Type");
        e = add_caller_header(x, h, &line);
    }
    buf_deinit(&line);
    if (e == ERR_OK && !typed) e = add_header(x, "Content-Type:");
    if (e) return e;
    CURLcode rc = curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->headers);
    return rc == CURLE_OK ? ERR_OK : ERR_NOMEM;
}

static err_t set_ca(struct exchange *x, struct files *files, const char *name)
{
    struct buf pem = buf_new(HAL_DOCUMENT_MAX);
    err_t e = files_document(files, name, &pem);
    struct curl_blob blob = {.data = pem.ptr, .len = pem.len, .flags = CURL_BLOB_COPY};
    if (e == ERR_OK && pem.len == 0) e = ERR_INVALID;
    if (e == ERR_OK && curl_easy_setopt(x->easy, CURLOPT_CAINFO_BLOB, &blob) != CURLE_OK)
        e = ERR_NOMEM;
    buf_deinit(&pem);
    if (e) (void)snprintf(x->detail, sizeof x->detail, "CA document %s: %s", name, err_text(e));
    return e;
}

static err_t set_identity(struct exchange *x, struct files *files, const char *name)
{
    struct buf pem = buf_new(HAL_SECRET_MAX);
    err_t e = files_secret(files, name, &pem);
    struct curl_blob blob = {.data = pem.ptr, .len = pem.len, .flags = CURL_BLOB_COPY};
    if (e == ERR_OK && pem.len == 0) e = ERR_INVALID;
    if (e == ERR_OK && curl_easy_setopt(x->easy, CURLOPT_SSLCERT_BLOB, &blob) != CURLE_OK)
        e = ERR_NOMEM;
    if (e == ERR_OK && curl_easy_setopt(x->easy, CURLOPT_SSLKEY_BLOB, &blob) != CURLE_OK)
        e = ERR_NOMEM;
    if (pem.ptr) explicit_bzero(pem.ptr, pem.cap);
    buf_deinit(&pem);
    if (e) (void)snprintf(x->detail, sizeof x->detail, "identity %s: %s", name, err_text(e));
    return e;
}

static err_t copy_body(struct exchange *x, struct slice body)
{
    if (body.len == 0) return ERR_OK;
    x->body = mem_alloc(body.len);
    if (!x->body) return ERR_NOMEM;
    memcpy(x->body, body.ptr, body.len);
    x->body_len = body.len;
    return ERR_OK;
}

err_t exchange_prepare(struct exchange *x, const struct hal_http_request *request,
                       struct files *files)
{
    if (!x->easy) x->easy = curl_easy_init();
    if (!x->easy) return ERR_NOMEM;
    x->write = request->write;
    x->reply_max = request->reply_max;
    x->reply_headers = buf_new(HTTP_REPLY_HEADERS_MAX);
    x->reply_body = buf_new(request->reply_max);
    err_t e = copy_body(x, request->body);
    if (e) return e;
    CURLcode rc = set_fixed(x);
    if (rc == CURLE_OK) rc = set_callbacks(x);
    if (rc == CURLE_OK) rc = set_target(x, request);
    if (rc == CURLE_OK) rc = set_body(x, request);
    if (rc != CURLE_OK) return ERR_NOMEM;
    e = set_headers(x, request);
    if (e == ERR_OK && request->ca) e = set_ca(x, files, request->ca);
    if (e == ERR_OK && request->client_identity)
        e = set_identity(x, files, request->client_identity);
    return e;
}
