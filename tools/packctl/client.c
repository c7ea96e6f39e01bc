#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/text.h"
#include "tools/packctl/packctl.h"

#define ANSWER_MAX (4u << 20)
#define TOKEN_CAP  200
#define TIMEOUT_MS 15000L

static size_t on_bytes(char *bytes, size_t size, size_t count, void *ctx)
{
    buf_put(ctx, slice_of(bytes, size * count));
    return ((struct buf *)ctx)->overflow ? 0 : size * count;
}

static void perform(const struct ctl *ctl, CURL *curl, const char *path, struct answer *out)
{
    char url[1024];
    char detail[CURL_ERROR_SIZE] = "";
    int n = snprintf(url, sizeof url, "%s%s", ctl->url, path);
    out->body = buf_new(ANSWER_MAX);
    if (n < 0 || (size_t)n >= sizeof url) {
        (void)snprintf(out->why, sizeof out->why, "the address is too long");
        return;
    }
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &out->body);
    if (ctl->ca) curl_easy_setopt(curl, CURLOPT_CAINFO, ctl->ca);
    CURLcode rc = curl_easy_perform(curl);
    if (rc == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &out->status);
    else
        (void)snprintf(out->why, sizeof out->why, "%s",
                       detail[0] ? detail : curl_easy_strerror(rc));
}

/* ------------------------------------------------------------------------------------- token -- */

static bool token_from_file(const char *name, char *out, size_t cap)
{
    FILE *f = fopen(name, "re");
    if (!f) {
        perror(name);
        return false;
    }
    size_t len = fread(out, 1, cap - 1, f);
    (void)fclose(f);
    struct slice text = slice_trim(slice_of(out, len));
    char token[TOKEN_CAP];
    if (!text_is_print(text) || slice_copy(text, token, sizeof token) != ERR_OK) return false;
    memcpy(out, token, text.len + 1);
    return true;
}

/* The station gives its page, and with it the token, to whoever is on its own machine. */
static bool token_from_page(const struct ctl *ctl, char *out, size_t cap)
{
    static const char mark[] = "name=\"packd-token\" content=\"";
    struct answer page = {0};
    CURL *curl = curl_easy_init();
    if (!curl) return false;
    perform(ctl, curl, "/lead", &page);
    curl_easy_cleanup(curl);
    struct slice text = buf_slice(&page.body);
    size_t at = slice_find(text, slice_text(mark));
    text = slice_sub(text, at + strlen(mark), text.len);
    bool found = page.status == 200 && at < page.body.len &&
                 slice_copy(slice_sub(text, 0, slice_find_byte(text, '"')), out, cap) == ERR_OK;
    answer_free(&page);
    return found;
}

static struct curl_slist *add_header(struct curl_slist *list, const char *name, const char *value)
{
    char line[TOKEN_CAP + 64];
    (void)snprintf(line, sizeof line, "%s: %s", name, value);
    struct curl_slist *longer = curl_slist_append(list, line);
    return longer ? longer : list;
}

/* ---------------------------------------------------------------------------------- exchange -- */

void client_call(const struct ctl *ctl, const char *path, const char *body, struct answer *out)
{
    char token[TOKEN_CAP] = "";
    struct curl_slist *headers = add_header(NULL, "Accept", "application/json");
    bool have = ctl->token_file ? token_from_file(ctl->token_file, token, sizeof token)
                                : body && token_from_page(ctl, token, sizeof token);
    if (have) headers = add_header(headers, "X-Packd-Token", token);
    *out = (struct answer){0};
    CURL *curl = curl_easy_init();
    if (!curl) {
        (void)snprintf(out->why, sizeof out->why, "out of memory");
        curl_slist_free_all(headers);
        return;
    }
    if (body) {
        headers = add_header(headers, "Content-Type", "application/json");
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    }
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    perform(ctl, curl, path, out);
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    if (json_parse(buf_slice(&out->body), &out->doc, NULL) != ERR_OK) out->doc = NULL;
}

void answer_free(struct answer *a)
{
    json_free(a->doc);
    buf_deinit(&a->body);
}

static void complain(const char *label, struct slice text)
{
    uint8_t room[900];
    struct buf shown = buf_over(room, sizeof room - 1);
    text_visible(&shown, text, 200);
    if (text.len) (void)fprintf(stderr, "%s%s\n", label, buf_cstr(&shown));
}

int answer_check(const struct answer *a)
{
    if (a->status == 0) {
        (void)fprintf(stderr, "packctl: the station cannot be reached: %s\n", a->why);
        return EXIT_UNREACHABLE;
    }
    if (a->status == 200 && a->doc) return EXIT_DONE;
    if (!a->doc) {
        (void)fprintf(stderr, "packctl: HTTP %ld, and no JSON: is this a station?\n", a->status);
        return EXIT_UNREACHABLE;
    }
    json_node root = json_root(a->doc);
    complain("packctl: ", json_text(json_member(root, "error")));
    complain("  value: ", json_text(json_member(root, "value")));
    complain("  rule:  ", json_text(json_member(root, "rule")));
    complain("  next:  ", json_text(json_member(root, "next_step")));
    return EXIT_REFUSED;
}

void path_add_escaped(struct buf *path, const char *text)
{
    text_percent(path, slice_text(text));
}
