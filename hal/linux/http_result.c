#include "hal/linux/http_exchange.h"

#include <stdio.h>

#include "firmware/base/mem.h"

enum rule {
    RULE_UNKNOWN,  /* also for every code not listed: assume it had its effect */
    RULE_ANSWERED, /* a complete reply */
    RULE_BY_BYTES, /* NOT_SENT when no byte of the request was given to a socket */
};

/* SEND_ERROR stays unknown even with no byte counted: TLS may have flushed a part before failing.
 */
static const uint8_t rules[CURL_LAST] = {
    [CURLE_OK] = RULE_ANSWERED,
    [CURLE_UNSUPPORTED_PROTOCOL] = RULE_BY_BYTES,
    [CURLE_FAILED_INIT] = RULE_BY_BYTES,
    [CURLE_URL_MALFORMAT] = RULE_BY_BYTES,
    [CURLE_NOT_BUILT_IN] = RULE_BY_BYTES,
    [CURLE_COULDNT_RESOLVE_PROXY] = RULE_BY_BYTES,
    [CURLE_COULDNT_RESOLVE_HOST] = RULE_BY_BYTES,
    [CURLE_COULDNT_CONNECT] = RULE_BY_BYTES,
    [CURLE_OUT_OF_MEMORY] = RULE_BY_BYTES,
    [CURLE_OPERATION_TIMEDOUT] = RULE_BY_BYTES,
    [CURLE_SSL_CONNECT_ERROR] = RULE_BY_BYTES,
    [CURLE_ABORTED_BY_CALLBACK] = RULE_BY_BYTES,
    [CURLE_BAD_FUNCTION_ARGUMENT] = RULE_BY_BYTES,
    [CURLE_INTERFACE_FAILED] = RULE_BY_BYTES,
    [CURLE_UNKNOWN_OPTION] = RULE_BY_BYTES,
    [CURLE_SETOPT_OPTION_SYNTAX] = RULE_BY_BYTES,
    [CURLE_SSL_ENGINE_NOTFOUND] = RULE_BY_BYTES,
    [CURLE_SSL_ENGINE_SETFAILED] = RULE_BY_BYTES,
    [CURLE_RECV_ERROR] = RULE_BY_BYTES,
    [CURLE_SSL_CERTPROBLEM] = RULE_BY_BYTES,
    [CURLE_SSL_CIPHER] = RULE_BY_BYTES,
    [CURLE_PEER_FAILED_VERIFICATION] = RULE_BY_BYTES,
    [CURLE_SSL_ENGINE_INITFAILED] = RULE_BY_BYTES,
    [CURLE_SSL_CACERT_BADFILE] = RULE_BY_BYTES,
    [CURLE_SSL_CRL_BADFILE] = RULE_BY_BYTES,
    [CURLE_SSL_ISSUER_ERROR] = RULE_BY_BYTES,
    [CURLE_NO_CONNECTION_AVAILABLE] = RULE_BY_BYTES,
    [CURLE_SSL_PINNEDPUBKEYNOTMATCH] = RULE_BY_BYTES,
    [CURLE_SSL_INVALIDCERTSTATUS] = RULE_BY_BYTES,
    [CURLE_RECURSIVE_API_CALL] = RULE_BY_BYTES,
    [CURLE_PROXY] = RULE_BY_BYTES,
    [CURLE_SSL_CLIENTCERT] = RULE_BY_BYTES,
};

static const char *const stop_text[] = {
    [STOP_NONE] = "",
    [STOP_REPLY_MAX] = "the reply is larger than this request allows",
    [STOP_HEADERS_MAX] = "the header block of the reply is too large",
    [STOP_MEMORY] = "out of memory for the reply",
    [STOP_RESOLVERS] = "name look-ups hang; no further one is started",
};

enum hal_http_outcome exchange_outcome(CURLcode code, uint64_t left)
{
    enum rule rule = (unsigned)code < CURL_LAST ? (enum rule)rules[code] : RULE_UNKNOWN;
    if (rule == RULE_ANSWERED) return HAL_HTTP_ANSWERED;
    if (rule == RULE_BY_BYTES && left == 0) return HAL_HTTP_NOT_SENT;
    return HAL_HTTP_UNKNOWN;
}

static uint64_t bytes_left(const struct exchange *x)
{
    long request = 0;
    curl_off_t upload = 0;
    (void)curl_easy_getinfo(x->easy, CURLINFO_REQUEST_SIZE, &request); /* 0 stays on failure */
    (void)curl_easy_getinfo(x->easy, CURLINFO_SIZE_UPLOAD_T, &upload);
    return (uint64_t)request + (uint64_t)upload + x->body_given;
}

static void explain(struct exchange *x, const char *text)
{
    (void)snprintf(x->detail, sizeof x->detail, "%s", text);
}

static void set_result(struct exchange *x, enum hal_http_outcome outcome, long status)
{
    bool answered = outcome == HAL_HTTP_ANSWERED;
    x->result = (struct hal_http_result){.id = x->id, .outcome = outcome, .detail = x->detail};
    if (answered) {
        x->result.status = (int)status;
        x->result.headers = buf_slice(&x->reply_headers);
        x->result.body = buf_slice(&x->reply_body);
        x->result.truncated = x->stop == STOP_REPLY_MAX;
    }
    x->state = EXCHANGE_DONE;
}

/* curl calls it a success when the connection closes amid the headers or after an interim reply. */
static bool reply_is_complete(const struct exchange *x, long status)
{
    return x->headers_complete && status >= 200 && status <= 599;
}

void exchange_finish(struct exchange *x, CURLcode code)
{
    long status = 0;
    (void)curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status); /* 0 stays on failure */
    enum hal_http_outcome outcome = exchange_outcome(code, bytes_left(x));
    if (x->stop == STOP_REPLY_MAX && !x->write) outcome = HAL_HTTP_ANSWERED;
    if (outcome == HAL_HTTP_ANSWERED && !reply_is_complete(x, status)) {
        explain(x, "the connection closed before a complete reply");
        outcome = HAL_HTTP_UNKNOWN;
    }
    if (x->stop != STOP_NONE)
        explain(x, stop_text[x->stop]);
    else if (x->detail[0] == '\0')
        explain(x, curl_easy_strerror(code));
    set_result(x, outcome, status);
}

void exchange_refuse(struct exchange *x, const char *why)
{
    if (x->detail[0] == '\0') explain(x, why);
    set_result(x, HAL_HTTP_NOT_SENT, 0);
}

void exchange_release(struct exchange *x)
{
    if (x->easy) curl_easy_reset(x->easy);
    curl_slist_free_all(x->headers);
    mem_free(x->body);
    buf_deinit(&x->reply_headers);
    buf_deinit(&x->reply_body);
    *x = (struct exchange){.easy = x->easy};
}
