#include "tests/support/mini_shop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void mini_init(struct mini_shop *s, const struct mini_dialect *d)
{
    *s = (struct mini_shop){.dialect = d, .version = 7, .number = "501"};
}

void mini_line(struct mini_shop *s, const char *sku, int ordered)
{
    snprintf(s->skus[s->line_count], sizeof s->skus[0], "%s", sku);
    s->ordered[s->line_count++] = ordered;
}

void mini_violate(struct mini_shop *s, const char *what, const char *value)
{
    if (s->violation[0] != '\0') return;
    snprintf(s->violation, sizeof s->violation, "%s: %s: %.120s", s->dialect->definition, what,
             value);
}

const char *mini_header(const struct mini_request *q, const char *name)
{
    for (size_t i = 0; i < q->http->header_count; i++) {
        if (strcasecmp(q->http->headers[i].name, name) == 0) return q->http->headers[i].value;
    }
    return "";
}

bool mini_text_at(json_node n, const char *pointer, char *out, size_t cap)
{
    return json_id(json_at(n, pointer), out, cap) == ERR_OK;
}

int mini_int_at(json_node n, const char *pointer)
{
    int64_t number = -1;
    json_node at = json_at(n, pointer);
    if (json_kind(at) != JSON_NUMBER || json_int(at, 0, 1000000, &number) != ERR_OK) return -1;
    return (int)number;
}

struct mini_record *mini_record_add(struct mini_shop *s)
{
    if (s->record_count == MINI_RECORDS_MAX) abort();
    struct mini_record *r = &s->records[s->record_count++];
    *r = (struct mini_record){.stage = 0};
    return r;
}

struct mini_record *mini_record_by_key(struct mini_shop *s, const char *key)
{
    for (size_t i = 0; i < s->record_count; i++) {
        if (strcmp(s->records[i].key, key) == 0) return &s->records[i];
    }
    return NULL;
}

size_t mini_line_of(const struct mini_shop *s, const char *id, const char *prefix)
{
    size_t len = strlen(prefix);
    if (strncmp(id, prefix, len) != 0) return MINI_LINES_MAX;
    for (size_t i = 0; i < s->line_count; i++) {
        char own[24];
        snprintf(own, sizeof own, "%zu", i + 1);
        if (strcmp(id + len, own) == 0) return i;
    }
    return MINI_LINES_MAX;
}

int mini_shipped(const struct mini_shop *s, size_t line)
{
    int units = 0;
    for (size_t i = 0; i < s->record_count; i++) {
        units += s->records[i].units[line];
    }
    return units;
}

static void split_url(const struct hal_http_request *request, struct mini_request *q)
{
    const char *host = strstr(request->url, "://") + 3;
    const char *path = strchr(host, '/');
    snprintf(q->path, sizeof q->path, "%s", path == NULL ? "" : path);
    char *mark = strchr(q->path, '?');
    if (mark != NULL) *mark = '\0';
    mark = strchr(request->url, '?');
    snprintf(q->query, sizeof q->query, "%s", mark == NULL ? "" : mark + 1);
}

void mini_serve(struct mini_shop *s, const struct hal_http_request *request,
                struct hal_sim_reply *reply)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    struct json_doc *doc = NULL;
    struct mini_request q = {.method = methods[request->method],
                             .url = request->url,
                             .raw = request->body,
                             .http = request};
    struct mini_reply r = {.status = 404, .headers = &reply->headers, .body = &reply->body};
    split_url(request, &q);
    if (request->body.len > 0 && json_parse(request->body, &doc, NULL) == ERR_OK) {
        q.body = json_root(doc);
    }
    s->dialect->serve(s, &q, &r);
    reply->outcome = HAL_HTTP_ANSWERED;
    reply->status = r.status;
    json_free(doc);
}
