#include "tests/support/loopback.h"

#include <curl/curl.h>
#include <stdio.h>

#define ANSWER_MAX (8u << 20)
#define TIMEOUT_MS 10000L

static size_t on_bytes(char *bytes, size_t size, size_t count, void *ctx)
{
    buf_put(ctx, slice_of(bytes, size * count));
    return size * count;
}

/* Kept, so that connections serve many calls. */
static CURL *line_for(const char *url)
{
    static CURL *line;
    if (!line) line = curl_easy_init();
    curl_easy_reset(line);
    curl_easy_setopt(line, CURLOPT_URL, url);
    curl_easy_setopt(line, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(line, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(line, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
    curl_easy_setopt(line, CURLOPT_WRITEFUNCTION, on_bytes);
    return line;
}

struct json_doc *loopback_json(const char *url, const char *token, const char *body,
                               long *out_status)
{
    char header[128];
    struct json_doc *doc = NULL;
    struct buf answer = buf_new(ANSWER_MAX);
    struct curl_slist *headers = NULL;
    CURL *line = line_for(url);
    (void)snprintf(header, sizeof header, "X-Packd-Token: %s", token ? token : "");
    if (token) headers = curl_slist_append(headers, header);
    curl_easy_setopt(line, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(line, CURLOPT_WRITEDATA, &answer);
    if (body) curl_easy_setopt(line, CURLOPT_POSTFIELDS, body);
    *out_status = 0;
    if (curl_easy_perform(line) == CURLE_OK)
        curl_easy_getinfo(line, CURLINFO_RESPONSE_CODE, out_status);
    curl_slist_free_all(headers);
    if (json_parse(buf_slice(&answer), &doc, NULL) != ERR_OK) doc = NULL;
    buf_deinit(&answer);
    return doc;
}
