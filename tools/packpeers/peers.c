#include <stdlib.h>
#include <string.h>

#include "tools/packpeers/clarus.h"
#include "tools/packpeers/control.h"
#include "tools/packpeers/fault.h"
#include "tools/packpeers/index.h"
#include "tools/packpeers/shop.h"

#define GRAPHQL_NOTE_MAX 1200

static void or_text(struct peers *p, const char **text, const char *otherwise)
{
    *text = world_text(p, *text ? *text : otherwise);
}

static void or_number(uint32_t *number, uint32_t otherwise)
{
    if (*number == 0) *number = otherwise;
}

struct peers *peers_new(const struct peers_options *options)
{
    struct peers *p = calloc(1, sizeof *p);
    if (!p) abort();
    if (options) p->options = *options;
    struct peers_options *o = &p->options;
    world_init(p);
    if (o->start_ms == 0) o->start_ms = INT64_C(1773216000000);
    or_text(p, &o->clarus_base, "http://clarus.test");
    or_text(p, &o->tenant, "acme");
    or_text(p, &o->shop_hash, "demo");
    or_text(p, &o->shop_token, "shop-token");
    or_number(&o->token_life_s, 7200);
    or_number(&o->file_life_ms, 60000);
    or_number(&o->page_max, 100);
    or_number(&o->shop_quota, 150);
    p->now_ms = o->start_ms;
    p->window_ms = o->start_ms;
    seed_reference_data(p);
    return p;
}

void peers_free(struct peers *p)
{
    if (!p) return;
    index_deinit(p);
    world_deinit(p);
    free(p);
}

void peers_set_clarus_base(struct peers *p, const char *base)
{
    p->options.clarus_base = world_text(p, base);
}

void peers_set_label(struct peers *p, enum peer_label_kind kind)
{
    p->options.label = kind;
}

/* ---------------------------------------------------------------------------------- notes -- */

static const char *seen_before(const struct peers *p, const char *text)
{
    size_t low = p->note_count > 64 ? p->note_count - 64 : 0;
    for (size_t i = p->note_count; i > low; i--)
        if (strcmp(p->notes[i - 1].root, text) == 0) return p->notes[i - 1].root;
    return NULL;
}

static const char *graphql_text(struct peers *p, const struct exchange *x)
{
    json_node query = json_member(x->body, "query");
    if (!query || strcmp(x->request->path, "/graphql") != 0) return "";
    char text[GRAPHQL_NOTE_MAX];
    struct slice cut = slice_sub(json_text(query), 0, sizeof text - 1);
    if (slice_copy(cut, text, sizeof text)) return "";
    const char *known = seen_before(p, text);
    return known ? known : world_text(p, text);
}

static void note_request(struct peers *p, enum peer which, const struct exchange *x)
{
    if (which == PEER_CONTROL) return;
    p->notes = world_grow(p->notes, p->note_count, &p->note_cap, sizeof *p->notes);
    struct request_note note = {
        .peer = which,
        .method = world_text(p, x->request->method),
        .path = world_text(p, x->request->path),
        .root = graphql_text(p, x),
        .status = x->reply->outcome == PEER_ANSWER ? x->reply->status : 0,
        .user_id = x->user,
        .key = p->current_key ? p->current_key : "",
    };
    p->notes[p->note_count++] = note;
}

size_t peers_request_count(const struct peers *p, enum peer which, const char *method,
                           const char *match)
{
    size_t count = 0;
    for (size_t i = 0; i < p->note_count; i++) {
        const struct request_note *n = &p->notes[i];
        bool text = !match || strstr(n->path, match) || strstr(n->root, match);
        if (n->peer == which && (!method || text_same(n->method, method)) && text) count++;
    }
    return count;
}

/* --------------------------------------------------------------------------------- handle -- */

static void start_exchange(struct peers *p, int64_t now_ms, struct peer_reply *reply)
{
    if (now_ms > p->now_ms) p->now_ms = now_ms;
    int64_t then = p->now_ms - (int64_t)p->options.read_lag_ms;
    if (p->past_count > 0 && p->past[p->past_count - 1].at_ms <= then) p->past_count = 0;
    p->caller = 0;
    p->current_key = NULL;
    clarus_let_time_pass(p);
    reply->outcome = PEER_ANSWER;
    reply->reset = false;
    reply->status = 0;
    reply->delay_ms = 0;
    reply->header_count = 0;
    buf_clear(&reply->body);
}

static void act(struct exchange *x, enum peer which)
{
    if (which == PEER_CLARUS)
        clarus_handle(x);
    else if (which == PEER_SHOP)
        shop_handle(x);
    else
        control_handle(x);
    /* A reply that did not fit is a reply that was lost. */
    if (x->reply->body.overflow) x->reply->outcome = PEER_DROP_AFTER;
}

void peers_handle_with(struct peers *p, enum peer which, int64_t now_ms,
                       const struct peer_request *request, const struct peer_fault *fault,
                       struct peer_reply *reply)
{
    struct exchange x = {.p = p, .request = request, .reply = reply};
    start_exchange(p, now_ms, reply);
    if (!fault || !fault_before(&x, which, fault)) {
        act(&x, which);
        if (fault) fault_after(&x, fault);
    }
    note_request(p, which, &x);
    json_free(x.doc);
}

void peers_handle(struct peers *p, enum peer which, int64_t now_ms,
                  const struct peer_request *request, struct peer_reply *reply)
{
    const struct peer_fault *due = which == PEER_CONTROL ? NULL : fault_due(p, which, request);
    struct peer_fault copy;
    if (due) copy = *due; /* the list may grow meanwhile */
    peers_handle_with(p, which, now_ms, request, due ? &copy : NULL, reply);
}
