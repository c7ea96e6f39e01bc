#include "tools/packpeers/fault.h"

#include <stdio.h>
#include <string.h>

#include "tools/packpeers/clarus.h"
#include "tools/packpeers/shop.h"

static const char *const fault_names[PEER_FAULT_KINDS] = {
    [PEER_FAULT_LOSE_REPLY] = "lose_reply",
    [PEER_FAULT_DROP] = "drop",
    [PEER_FAULT_RESET] = "reset",
    [PEER_FAULT_DELAY] = "delay",
    [PEER_FAULT_RATE_LIMIT] = "rate_limit",
    [PEER_FAULT_ERROR_BEFORE] = "error_before",
    [PEER_FAULT_ERROR_AFTER] = "error_after",
    [PEER_FAULT_EXPIRE_TOKEN] = "expire_token",
    [PEER_FAULT_REFUSE] = "refuse",
    [PEER_FAULT_HTML] = "html",
    [PEER_FAULT_TRUNCATE] = "truncate",
    [PEER_FAULT_GARBAGE] = "garbage",
    [PEER_FAULT_DOCUMENT_LATE] = "document_late",
};

err_t peer_fault_kind_of(struct slice name, enum peer_fault_kind *out)
{
    for (int i = 0; i < PEER_FAULT_KINDS; i++) {
        if (!slice_is(name, fault_names[i])) continue;
        *out = (enum peer_fault_kind)i;
        return ERR_OK;
    }
    return ERR_NOTFOUND;
}

uint32_t peers_fault_add(struct peers *p, const struct peer_fault *fault)
{
    p->faults = world_grow(p->faults, p->fault_count, &p->fault_cap, sizeof *p->faults);
    struct fault_rule *r = &p->faults[p->fault_count++];
    *r = (struct fault_rule){.fault = *fault, .id = ++p->fault_last};
    r->fault.method = world_text(p, fault->method);
    r->fault.match = world_text(p, fault->match);
    r->fault.words = world_text(p, fault->words);
    if (r->fault.times == 0) r->fault.times = 1;
    return r->id;
}

uint32_t peers_fault_hits(const struct peers *p, uint32_t fault_id)
{
    for (size_t i = 0; i < p->fault_count; i++)
        if (p->faults[i].id == fault_id) return p->faults[i].hits;
    return 0;
}

void peers_fault_clear(struct peers *p)
{
    for (size_t i = 0; i < p->fault_count; i++)
        p->faults[i].fault.times = 0;
}

bool fault_matches(const char *method, const char *match, const struct peer_request *r)
{
    if (method && strcmp(method, r->method) != 0) return false;
    if (!match || !match[0] || strstr(r->path, match)) return true;
    if (strcmp(r->path, "/graphql") != 0) return false;
    return slice_find(r->body, slice_text(match)) < r->body.len;
}

const struct peer_fault *fault_due(struct peers *p, enum peer which, const struct peer_request *r)
{
    for (size_t i = 0; i < p->fault_count; i++) {
        struct fault_rule *rule = &p->faults[i];
        const struct peer_fault *f = &rule->fault;
        if (f->peer != which || rule->hits >= f->times) continue;
        if (!fault_matches(f->method, f->match, r)) continue;
        if (rule->seen++ < f->skip) continue;
        rule->hits++;
        return f;
    }
    return NULL;
}

static void say_busy(struct exchange *x, enum peer which, const struct peer_fault *f)
{
    char text[24];
    int64_t wait = f->wait_ms > 0 ? f->wait_ms : 1000;
    if (which == PEER_SHOP)
        shop_refuse(x, 429, "Too many requests");
    else
        clarus_refuse(x, 429, "too_many_requests", "Slow down");
    (void)snprintf(text, sizeof text, "%lld", (long long)((wait + 999) / 1000));
    reply_header(x->reply, which == PEER_SHOP ? "X-Retry-After" : "Retry-After", text);
    (void)snprintf(text, sizeof text, "%lld", (long long)wait);
    if (which == PEER_SHOP) reply_header(x->reply, "X-Rate-Limit-Time-Reset-Ms", text);
}

static void say_error(struct exchange *x, int status)
{
    char page[160];
    (void)snprintf(page, sizeof page,
                   "<html><head><title>%d</title></head><body><h1>%d</h1>upstream</body></html>\n",
                   status, status);
    x->reply->header_count = 0;
    reply_text(x->reply, status, "text/html", page);
}

static void say_no(struct exchange *x, enum peer which, const struct peer_fault *f)
{
    const char *words = f->words ? f->words : "Carrier: postcode does not match the service";
    if (which == PEER_SHOP)
        shop_refuse(x, f->status ? f->status : 400, words);
    else
        clarus_refuse(x, f->status ? f->status : 422, "carrier_refused", words);
}

bool fault_before(struct exchange *x, enum peer which, const struct peer_fault *f)
{
    switch (f->kind) {
    case PEER_FAULT_DROP:
    case PEER_FAULT_RESET:
        x->reply->outcome = PEER_DROP_BEFORE;
        x->reply->reset = f->kind == PEER_FAULT_RESET;
        return true;
    case PEER_FAULT_RATE_LIMIT:
        say_busy(x, which, f);
        return true;
    case PEER_FAULT_ERROR_BEFORE:
        say_error(x, f->status ? f->status : 503);
        return true;
    case PEER_FAULT_REFUSE:
        say_no(x, which, f);
        return true;
    case PEER_FAULT_HTML:
        say_error(x, f->status ? f->status : 200);
        return true;
    case PEER_FAULT_EXPIRE_TOKEN:
        if (which == PEER_CLARUS) clarus_expire(x);
        return false;
    case PEER_FAULT_DOCUMENT_LATE:
        x->p->document_late_ms = f->wait_ms;
        return false;
    case PEER_FAULT_LOSE_REPLY:
    case PEER_FAULT_DELAY:
    case PEER_FAULT_ERROR_AFTER:
    case PEER_FAULT_TRUNCATE:
    case PEER_FAULT_GARBAGE:
    case PEER_FAULT_KINDS:
        break;
    }
    return false;
}

void fault_after(struct exchange *x, const struct peer_fault *f)
{
    struct buf *body = &x->reply->body;
    switch (f->kind) {
    case PEER_FAULT_LOSE_REPLY:
        x->reply->outcome = PEER_DROP_AFTER;
        break;
    case PEER_FAULT_DELAY:
        x->reply->delay_ms = f->wait_ms;
        break;
    case PEER_FAULT_ERROR_AFTER:
        say_error(x, f->status ? f->status : 502);
        break;
    case PEER_FAULT_TRUNCATE:
        body->len /= 2;
        break;
    case PEER_FAULT_GARBAGE:
        buf_clear(body);
        buf_put(body, SLICE("\xff\xfe{\"data\":\x01]"));
        break;
    case PEER_FAULT_DROP:
    case PEER_FAULT_RESET:
    case PEER_FAULT_RATE_LIMIT:
    case PEER_FAULT_ERROR_BEFORE:
    case PEER_FAULT_EXPIRE_TOKEN:
    case PEER_FAULT_REFUSE:
    case PEER_FAULT_HTML:
    case PEER_FAULT_DOCUMENT_LATE:
    case PEER_FAULT_KINDS:
        break;
    }
}
