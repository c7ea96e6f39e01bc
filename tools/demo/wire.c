/* wire.c - short HTTP exchanges on loopback, and values out of their answers. */
#include <curl/curl.h>
#include <stdio.h>

#include "tools/demo/demo.h"

#define ANSWER_MAX (8u << 20)
#define TIMEOUT_MS 10000L

static CURL *line; /* kept, so that one connection serves all looks */

static size_t on_bytes(char *bytes, size_t size, size_t count, void *ctx)
{
    buf_put(ctx, slice_of(bytes, size * count));
    return ((struct buf *)ctx)->overflow ? 0 : size * count;
}

/* The status, 0 without an answer. */
static long exchange(const char *method, const char *base, const char *path,
                     struct curl_slist *headers, const char *body, struct buf *out)
{
    char url[DEMO_URL + DEMO_PATH];
    long status = 0;
    (void)snprintf(url, sizeof url, "%s%s", base, path);
    if (!line) line = curl_easy_init();
    if (!line) return 0;
    curl_easy_reset(line);
    curl_easy_setopt(line, CURLOPT_URL, url);
    curl_easy_setopt(line, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(line, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(line, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
    curl_easy_setopt(line, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(line, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(line, CURLOPT_WRITEDATA, out);
    if (body) curl_easy_setopt(line, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(line, CURLOPT_CUSTOMREQUEST, method);
    if (curl_easy_perform(line) == CURLE_OK)
        curl_easy_getinfo(line, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

struct json_doc *wire_call(struct demo *d, const char *base, const char *path, const char *body)
{
    char token[96];
    struct json_doc *doc = NULL;
    struct buf answer = buf_new(ANSWER_MAX);
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    (void)snprintf(token, sizeof token, "X-Packd-Token: %s", d->token);
    if (base == d->console) headers = curl_slist_append(headers, token);
    long status = exchange(body ? "POST" : "GET", base, path, headers, body, &answer);
    curl_slist_free_all(headers);
    bool read = status / 100 == 2 && json_parse(buf_slice(&answer), &doc, NULL) == ERR_OK;
    buf_deinit(&answer);
    return read ? doc : NULL;
}

bool wire_delete(const char *base, const char *path)
{
    struct buf answer = buf_new(ANSWER_MAX);
    long status = exchange("DELETE", base, path, NULL, NULL, &answer);
    buf_deinit(&answer);
    return status == 200;
}

void wire_end(void)
{
    curl_easy_cleanup(line);
    line = NULL;
}

const char *doc_text(const struct json_doc *doc, const char *pointer, char out[DEMO_TEXT])
{
    out[0] = 0;
    if (doc) slice_copy_cut(json_text(json_at(json_root(doc), pointer)), out, DEMO_TEXT);
    return out;
}

int64_t doc_int(const struct json_doc *doc, const char *pointer)
{
    int64_t n = -1;
    if (!doc || json_int(json_at(json_root(doc), pointer), INT64_MIN / 2, INT64_MAX / 2, &n))
        return -1;
    return n;
}

bool doc_is(const struct json_doc *doc, const char *pointer, const char *text)
{
    return doc && slice_is(json_text(json_at(json_root(doc), pointer)), text);
}
