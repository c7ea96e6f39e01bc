#include "tests/simulation/net.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/mem.h"

#define LATENCY_MS   40
#define SETTLE_SLACK 10 /* an effect appears this part of the settling time before it is over */
#define START_MS     INT64_C(1773216000000)

int64_t net_now(const struct sim *s)
{
    return START_MS + hal_now(s->hal).ms;
}

/* ------------------------------------------------------------------------------- late effects --
 */

static void drop_late(struct sim_late *l)
{
    mem_free(l->headers);
    mem_free(l->body);
    *l = (struct sim_late){.used = false};
}

static void keep_headers(struct sim_late *l, const struct peer_request *r)
{
    size_t room = 1;
    for (size_t i = 0; i < r->header_count; i++)
        room += strlen(r->headers[i].name) + strlen(r->headers[i].value) + 2;
    l->headers = mem_alloc(room);
    assert(l->headers);
    char *at = (char *)l->headers;
    for (size_t i = 0; i < r->header_count; i++) {
        size_t name = strlen(r->headers[i].name) + 1, value = strlen(r->headers[i].value) + 1;
        memcpy(at, r->headers[i].name, name);
        memcpy(at + name, r->headers[i].value, value);
        l->list[i] = (struct peer_header){at, at + name};
        at += name + value;
    }
    l->header_count = r->header_count;
}

static bool keep_late(struct sim *s, enum peer which, const struct peer_request *r, int64_t after)
{
    for (size_t i = 0; i < SIM_LATE_MAX; i++) {
        struct sim_late *l = &s->late[i];
        if (l->used) continue;
        *l = (struct sim_late){.used = true, .which = which, .body_len = r->body.len};
        l->at = mono_plus(hal_now(s->hal), after);
        slice_copy_cut(slice_text(r->method), l->method, sizeof l->method);
        slice_copy_cut(slice_text(r->path), l->path, sizeof l->path);
        slice_copy_cut(slice_text(r->query), l->query, sizeof l->query);
        keep_headers(l, r);
        l->body = mem_alloc(r->body.len + 1);
        assert(l->body);
        if (r->body.len) memcpy(l->body, r->body.ptr, r->body.len);
        return true;
    }
    return false;
}

static void land(struct sim *s, struct sim_late *l)
{
    struct peer_request r = {.method = l->method,
                             .path = l->path,
                             .query = l->query,
                             .headers = l->list,
                             .header_count = l->header_count,
                             .body = slice_of(l->body, l->body_len)};
    struct peer_reply answer;
    peer_reply_init(&answer);
    peers_handle(s->peers, l->which, net_now(s), &r, &answer);
    sim_say(s, "        net  late effect of %s %s: %d", l->method, l->path, answer.status);
    peer_reply_deinit(&answer);
    drop_late(l);
}

void net_land_late(struct sim *s)
{
    for (size_t i = 0; i < SIM_LATE_MAX; i++)
        if (s->late[i].used && mono_reached(hal_now(s->hal), s->late[i].at)) land(s, &s->late[i]);
}

void net_forget(struct sim *s)
{
    net_land_late(s);
}

void net_free(struct sim *s)
{
    for (size_t i = 0; i < SIM_LATE_MAX; i++)
        if (s->late[i].used) drop_late(&s->late[i]);
}

/* ----------------------------------------------------------------------------------- faults -- */

static const struct {
    enum fault_class class;
    enum peer_fault_kind kind;
} KINDS[] = {
    {FAULT_LOSE_REPLY, PEER_FAULT_LOSE_REPLY},
    {FAULT_DROP, PEER_FAULT_DROP},
    {FAULT_SLOW, PEER_FAULT_DELAY},
    {FAULT_BUSY, PEER_FAULT_RATE_LIMIT},
    {FAULT_ERROR_BEFORE, PEER_FAULT_ERROR_BEFORE},
    {FAULT_ERROR_AFTER, PEER_FAULT_ERROR_AFTER},
    {FAULT_EXPIRE, PEER_FAULT_EXPIRE_TOKEN},
    {FAULT_HTML, PEER_FAULT_HTML},
    {FAULT_TRUNCATE, PEER_FAULT_TRUNCATE},
    {FAULT_GARBAGE, PEER_FAULT_GARBAGE},
    {FAULT_DOCUMENT_LATE, PEER_FAULT_DOCUMENT_LATE},
};

/* What goes wrong with this request: at most one thing. */
static bool choose(struct sim *s, uint64_t key, struct peer_fault *out)
{
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
        uint64_t r = 0;
        if (!fault_happens(s->faults, KINDS[i].class, key, &r)) continue;
        *out = (struct peer_fault){.kind = KINDS[i].kind, .wait_ms = (int64_t)(r % 9000) + 100};
        if (KINDS[i].kind == PEER_FAULT_DOCUMENT_LATE) out->wait_ms *= 8;
        sim_say(s, "        net  %s", fault_name(KINDS[i].class));
        return true;
    }
    return false;
}

static void take_reply(struct sim *s, const struct peer_reply *from, struct hal_sim_reply *to)
{
    to->delay_ms = LATENCY_MS + from->delay_ms;
    if (from->outcome != PEER_ANSWER) {
        to->outcome = HAL_HTTP_UNKNOWN;
        return;
    }
    to->outcome = HAL_HTTP_ANSWERED;
    to->status = from->status;
    s->hash = (s->hash ^ (uint64_t)from->status ^ from->body.len << 10) * UINT64_C(1099511628211);
    for (size_t i = 0; i < from->header_count; i++)
        buf_printf(&to->headers, "%s: %s\r\n", from->headers[i].name, from->headers[i].value);
    buf_put(&to->body, buf_slice(&from->body));
}

static uint64_t hash_of(uint64_t hash, struct slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        hash = (hash ^ bytes.ptr[i]) * UINT64_C(1099511628211);
    return hash;
}

static void answer_request(struct sim *s, enum peer which, const struct hal_http_request *q,
                           const struct peer_request *r, struct hal_sim_reply *reply)
{
    struct peer_fault f;
    struct peer_reply answer;
    uint64_t key = fault_mix(fault_key(r->path), fault_key(r->method));
    const struct config_site *site = &s->config->site;
    int64_t settle = which == PEER_SHOP ? site->channels[0].settle_ms : site->clarus.settle_ms;
    if (q->write && fault_happens(s->faults, FAULT_LATE_EFFECT, key, NULL) &&
        keep_late(s, which, r, q->timeout_ms + settle - settle / SETTLE_SLACK)) {
        reply->outcome = HAL_HTTP_UNKNOWN;
        reply->delay_ms = q->timeout_ms;
        return;
    }
    peer_reply_init(&answer);
    if (choose(s, key, &f))
        peers_handle_with(s->peers, which, net_now(s), r, &f, &answer);
    else
        peers_handle(s->peers, which, net_now(s), r, &answer);
    take_reply(s, &answer, reply);
    peer_reply_deinit(&answer);
}

/* Every request for one shop record says the same, byte for byte. */
static void same_bytes(struct sim *s, const struct hal_http_request *q)
{
    struct slice url = slice_text(q->url);
    size_t at = slice_find(q->body, SLICE("\"tracking_number\":\""));
    if (q->method != HAL_POST || at == q->body.len ||
        slice_find(url, SLICE("/shipments")) == url.len)
        return;
    struct slice tracking = slice_sub(q->body, at + 19, q->body.len);
    tracking = slice_sub(tracking, 0, slice_find_byte(tracking, '"'));
    uint64_t what = hash_of(hash_of(UINT64_C(1), url), tracking);
    uint64_t bytes = hash_of(UINT64_C(2), q->body);
    for (size_t i = 0; i < s->intent_count && i < SIM_INTENTS_MAX; i++) {
        if (s->intents[i].what != what) continue;
        if (s->intents[i].bytes != bytes)
            sim_fail(s, "S2", "the record of %.*s was asked for again in other words",
                     SLICE_ARGS(tracking));
        return;
    }
    s->intents[s->intent_count % SIM_INTENTS_MAX].what = what;
    s->intents[s->intent_count++ % SIM_INTENTS_MAX].bytes = bytes;
}

void net_request(void *ctx, mono_t now, const struct hal_http_request *q,
                 struct hal_sim_reply *reply)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    struct sim *s = ctx;
    struct slice url = slice_text(q->url);
    enum peer which = slice_starts(url, NET_SHOP) ? PEER_SHOP : PEER_CLARUS;
    (void)now;
    assert(which == PEER_SHOP || slice_starts(url, NET_CLARUS));
    net_land_late(s);
    s->requests++;
    if (which == PEER_SHOP) same_bytes(s, q);
    if (!mono_reached(hal_now(s->hal), s->denied_until) && !strstr(q->url, "/oauth/")) {
        reply->outcome = HAL_HTTP_ANSWERED;
        reply->status = 401;
        reply->delay_ms = LATENCY_MS;
        return;
    }
    if (s->offline[which] || !mono_reached(hal_now(s->hal), s->offline_until[which])) return;
    char target[2048];
    slice_copy_cut(slice_sub(url, strlen(NET_CLARUS), url.len), target, sizeof target);
    char *query = strchr(target, '?');
    if (query) *query++ = 0;
    struct peer_header headers[HAL_HTTP_HEADERS_MAX];
    for (size_t i = 0; i < q->header_count; i++)
        headers[i] = (struct peer_header){q->headers[i].name, q->headers[i].value};
    struct peer_request request = {.method = methods[q->method],
                                   .path = target,
                                   .query = query,
                                   .headers = headers,
                                   .header_count = q->header_count,
                                   .body = q->body};
    sim_say(s, "        net  %s %s", request.method, q->url);
    answer_request(s, which, q, &request, reply);
}
