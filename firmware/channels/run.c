#include "firmware/channels/run.h"

#include <assert.h>
#include <string.h>

#include "firmware/base/mem.h"
#include "firmware/base/text.h"
#include "firmware/channels/mapped.h"
#include "firmware/channels/template.h"

#define URL_ROOM  2048
#define BODY_MAX  (128u << 10)
#define TOKEN_MAX 512

/* ------------------------------------------------------------------------------------- life --
 */

struct run *run_new(struct channels *ch, struct channel *channel, const char *use)
{
    for (size_t i = 0; i < RUNS_MAX; i++) {
        struct run *r = &ch->runs[i];
        if (r->channel != NULL) continue;
        *r = (struct run){.ch = ch, .channel = channel, .use = use};
        r->remote = mem_alloc(sizeof *r->remote);
        if (r->remote == NULL) {
            r->channel = NULL;
            return NULL;
        }
        remote_init(r->remote);
        value_set_bool(&r->v, VALUE_CONFIG_CLAIM, channel->config->claim);
        value_set_bool(&r->v, VALUE_CONFIG_SET_STATUS, channel->config->set_status);
        return r;
    }
    return NULL;
}

void run_free(struct run *r)
{
    if (r->channel == NULL) return;
    if (r->remote != NULL) remote_deinit(r->remote);
    mem_free(r->remote);
    mem_free(r->plan);
    *r = (struct run){.channel = NULL};
}

bool run_order_number_fits(const struct run *r)
{
    struct slice number = slice_text(r->v.text[VALUE_ORDER_NUMBER]);
    struct slice form = json_text(json_member(r->channel->definition.root, "order_number"));
    if (number.len == 0) return false;
    return slice_is(form, "digits") ? number.len <= 15 && text_is_digits(number)
                                    : text_is_print(number);
}

/* ---------------------------------------------------------------------------------- requests --
 */

struct outgoing {
    struct hal_header headers[HAL_HTTP_HEADERS_MAX];
    size_t count;
    char names[HAL_HTTP_HEADERS_MAX][48];
    char values[HAL_HTTP_HEADERS_MAX][128];
    char token[TOKEN_MAX];
};

static err_t add_header(struct outgoing *o, struct slice name, struct slice value)
{
    if (o->count == HAL_HTTP_HEADERS_MAX) return ERR_NOSPACE;
    size_t i = o->count;
    err_t e = slice_copy(name, o->names[i], sizeof o->names[i]);
    if (e == ERR_OK) e = slice_copy(value, o->values[i], sizeof o->values[i]);
    if (e) return e;
    o->headers[i] = (struct hal_header){.name = o->names[i], .value = o->values[i]};
    o->count++;
    return ERR_OK;
}

static err_t add_headers(struct outgoing *o, json_node map)
{
    err_t e = ERR_OK;
    for (json_node n = json_first(map); n != NULL && e == ERR_OK; n = json_next(n)) {
        e = add_header(o, json_name(n), json_text(n));
    }
    return e;
}

/* The secret goes straight from the HAL into the header. ERR_DENIED: there is none to use. */
static err_t add_auth(struct run *r, struct outgoing *o)
{
    struct buf secret = buf_over(o->token, sizeof o->token - 1);
    err_t e = hal_secret_read(effects_hal(r->ch->o.fx), r->channel->config->secret, &secret);
    if (e || secret.overflow || secret.len == 0 || !text_is_print(buf_slice(&secret))) {
        return ERR_DENIED;
    }
    o->token[secret.len] = '\0';
    json_node auth = json_member(r->channel->definition.root, "auth");
    e = slice_copy(json_text(json_member(auth, "header")), o->names[o->count], sizeof o->names[0]);
    if (e) return e;
    o->headers[o->count] = (struct hal_header){.name = o->names[o->count], .value = o->token};
    o->count++;
    return ERR_OK;
}

static enum hal_method method_of(struct slice word)
{
    if (slice_is(word, "POST")) return HAL_POST;
    if (slice_is(word, "PUT")) return HAL_PUT;
    if (slice_is(word, "PATCH")) return HAL_PATCH;
    if (slice_is(word, "DELETE")) return HAL_DELETE;
    return HAL_GET;
}

static void answered(void *ctx, uint32_t tag, const struct hal_http_result *result);

static err_t send_with(struct run *r, json_node request, struct outgoing *o, struct buf *body)
{
    json_node root = r->channel->definition.root;
    char url[URL_ROOM];
    struct buf address = buf_over(url, sizeof url - 1);
    err_t e = template_url(request, r->channel->config->base_url, &r->v, &address);
    json_node tree = json_member(request, "json");
    enum value_id culprit = VALUE_COUNT;
    if (e == ERR_OK && tree != NULL) e = template_body(tree, &r->v, body, &culprit);
    if (e == ERR_OK) e = add_auth(r, o);
    if (e == ERR_OK) e = add_headers(o, json_member(root, "headers"));
    if (e == ERR_OK) e = add_headers(o, json_member(request, "headers"));
    if (e == ERR_OK && tree != NULL) {
        e = add_header(o, SLICE("Content-Type"), SLICE("application/json"));
    }
    int64_t reply_max = 0;
    if (e == ERR_OK) e = json_int(json_member(root, "reply_max"), 1, REPLY_MAX, &reply_max);
    if (e) return e;
    const struct config_channel *c = r->channel->config;
    const struct hal_http_request q = {
        .method = method_of(json_text(json_member(request, "method"))),
        .url = buf_cstr(&address),
        .headers = o->headers,
        .header_count = o->count,
        .body = buf_slice(body),
        .has_body = tree != NULL,
        .write = r->write,
        .timeout_ms = c->timeout_ms > 0 ? c->timeout_ms : 20000,
        .reply_max = (size_t)reply_max,
        .ca = c->ca[0] != '\0' ? c->ca : NULL,
    };
    return effects_http(r->ch->o.fx, &q, answered, r->ch, (uint32_t)(r - r->ch->runs), NULL);
}

static err_t send_request(struct run *r, json_node owner, bool write)
{
    struct outgoing o = {.count = 0};
    struct buf body = buf_new(BODY_MAX);
    r->current = owner;
    r->write = write;
    err_t e = send_with(r, json_member(owner, "request"), &o, &body);
    buf_deinit(&body);
    memset(o.token, 0, sizeof o.token);
    __asm__ volatile("" : : "r"(o.token) : "memory"); /* the wipe is not optimised away */
    return e;
}

/* ----------------------------------------------------------------------------------- answers --
 */

static void judge(struct run *r, const struct hal_http_result *result, struct answer *a)
{
    json_node root = r->channel->definition.root;
    err_t e = result->body.len == 0 ? ERR_OK : json_parse(result->body, &a->doc, NULL);
    a->root = a->doc == NULL ? NULL : json_root(a->doc);
    struct rule_result judged = rules_judge(root, r->current, result->status, a->root, &r->v);
    a->end = judged.end;
    err_ignore(slice_copy(judged.rule, a->rule, sizeof a->rule)); /* empty when too long */
    bool good = result->status / 100 == 2;
    if (e && good) a->end = RULE_LOOK; /* a page instead of the answer */
    a->wait_ms = rules_wait(root, result, effects_wall(r->ch->o.fx).ms);
    char pointer[JSON_PATH_CAP];
    struct slice message = json_text(json_member(root, "message"));
    if (!good && slice_copy(message, pointer, sizeof pointer) == ERR_OK) {
        struct buf b = buf_over(a->words, sizeof a->words - 1);
        text_visible(&b, json_text(json_at(a->root, pointer)), sizeof a->words / 2);
    }
}

static void answer_make(struct run *r, const struct hal_http_result *result, struct answer *a)
{
    *a = (struct answer){.end = RULE_RETRY, .status = result->status};
    if (result->outcome == HAL_HTTP_NOT_SENT) {
        a->down = true;
        return;
    }
    if (result->outcome == HAL_HTTP_UNKNOWN) {
        a->end = r->write ? RULE_LOOK : RULE_RETRY;
        return;
    }
    if (result->truncated) {
        a->end = RULE_PARK;
        err_ignore(slice_copy(SLICE("channel.reply_too_large"), a->rule, sizeof a->rule));
        return;
    }
    judge(r, result, a);
    if (a->end == RULE_LOOK && !r->write) a->end = RULE_RETRY;
}

/* --------------------------------------------------------------------------------------- reads --
 */

static bool is_for_use(json_node read, const char *use)
{
    json_node list = json_member(read, "for");
    for (json_node n = json_first(list); n != NULL; n = json_next(n)) {
        if (slice_is(json_text(n), use)) return true;
    }
    return false;
}

static json_node next_read(struct run *r, json_node after)
{
    json_node n = after != NULL ? json_next(after)
                                : json_first(json_member(r->channel->definition.root, "reads"));
    while (n != NULL && !is_for_use(n, r->use)) {
        n = json_next(n);
    }
    return n;
}

static int64_t page_member(json_node read, const char *name)
{
    int64_t n = 0;
    err_t e = json_int(json_member(json_member(read, "pages"), name), 1, PAGE_SIZE_MAX, &n);
    return e ? 0 : n;
}

static void read_failed(struct run *r, enum rule_end end, const char *rule)
{
    struct answer a = {.end = end};
    err_ignore(slice_copy(slice_text(rule), a.rule, sizeof a.rule)); /* our own words fit */
    r->read_done(r, &a);
}

static void read_page(struct run *r, json_node read, uint32_t page)
{
    r->page = page;
    value_set_int(&r->v, VALUE_PAGE_NUMBER, page);
    value_set_int(&r->v, VALUE_PAGE_SIZE, page_member(read, "size"));
    err_t e = send_request(r, read, false);
    if (e == ERR_DENIED) {
        read_failed(r, RULE_REAUTH, "channel.secret_missing");
    } else if (e == ERR_INVALID) {
        read_failed(r, RULE_PARK, "channel.template");
    } else if (e) {
        read_failed(r, RULE_RETRY, "channel.busy");
    }
}

void run_read(struct run *r)
{
    remote_deinit(r->remote);
    memset(r->remote, 0, sizeof *r->remote);
    remote_init(r->remote);
    read_page(r, next_read(r, NULL), 1);
}

static void read_next(struct run *r, size_t rows)
{
    json_node read = r->current;
    int64_t size = page_member(read, "size");
    if (size > 0 && rows >= (size_t)size) {
        if (r->page >= page_member(read, "max")) {
            read_failed(r, RULE_PARK, "channel.too_many_pages");
            return;
        }
        read_page(r, read, r->page + 1);
        return;
    }
    json_node next = next_read(r, read);
    if (next != NULL) {
        read_page(r, next, 1);
        return;
    }
    err_t e = mapped_lines(&r->ch->maps, r->channel->config->name, r->remote);
    if (e == ERR_OK) e = mapped_state(&r->ch->maps, r->channel->config->name, r->remote);
    if (e) {
        read_failed(r, RULE_RETRY, "channel.store");
        return;
    }
    err_ignore(value_set(&r->v, VALUE_ORDER_STATUS, slice_text(r->remote->status))); /* fits */
    value_set_bool(&r->v, VALUE_ORDER_COMPLETE, remote_complete(r->remote));
    r->read_done(r, NULL);
}

static void read_answered(struct run *r, struct answer *a)
{
    if (a->end != RULE_OK) {
        r->read_done(r, a);
        return;
    }
    size_t rows = 0;
    err_t e = ERR_OK;
    const struct remote_form form = {
        .definition = r->channel->definition.root, .read = r->current, .v = &r->v, .key = r->key};
    if (a->root != NULL) {
        e = remote_take(r->remote, &form, a->root, &rows);
        if (slice_is(json_text(json_member(r->current, "gives")), "order")) {
            order_fields_take(&r->remote->fields, r->ch->maps.site, r->channel->config->name,
                              form.definition, a->root);
        }
    } else if (json_member(r->current, "pages") == NULL) {
        e = ERR_PROTO;
    }
    if (e == ERR_OK) {
        read_next(r, rows);
        return;
    }
    read_failed(r, RULE_PARK,
                e == ERR_REFUSED   ? "channel.wrong_order"
                : e == ERR_NOSPACE ? "channel.too_many_lines"
                                   : "channel.reply_unexpected");
}

/* -------------------------------------------------------------------------------------- steps --
 */

err_t run_step(struct run *r, json_node step)
{
    return send_request(r, step, true);
}

static void take_results(struct run *r, const struct answer *a)
{
    json_node takes = json_member(r->current, "take");
    for (json_node n = json_first(takes); n != NULL; n = json_next(n)) {
        char pointer[JSON_PATH_CAP];
        char text[VALUE_CAP];
        enum value_id id = value_id_of(json_name(n));
        if (id == VALUE_COUNT || slice_copy(json_text(n), pointer, sizeof pointer)) continue;
        if (json_id(json_at(a->root, pointer), text, sizeof text) != ERR_OK) continue;
        err_ignore(value_set(&r->v, id, slice_text(text))); /* same room */
    }
}

static void note_budget(struct run *r, const struct hal_http_result *result)
{
    int64_t left = 0, reset_ms = 0;
    if (result->outcome != HAL_HTTP_ANSWERED) return;
    if (!rules_budget(r->channel->definition.root, result, effects_wall(r->ch->o.fx).ms, &left,
                      &reset_ms))
        return;
    outbox_budget(r->ch->o.outbox, r->channel->config->name, left, reset_ms);
}

static void answered(void *ctx, uint32_t tag, const struct hal_http_result *result)
{
    struct channels *ch = ctx;
    assert(tag < RUNS_MAX);
    struct run *r = &ch->runs[tag];
    if (r->channel == NULL) return;
    struct answer a;
    note_budget(r, result);
    answer_make(r, result, &a);
    struct json_doc *doc = a.doc;
    log_event(ch->o.log, LOG_DEBUG, "channel.answer", "channel=%s use=%s http=%d end=%d",
              r->channel->config->name, r->use, a.status, (int)a.end);
    if (r->write) {
        if (a.end == RULE_OK) take_results(r, &a);
        r->step_done(r, &a);
    } else {
        read_answered(r, &a);
    }
    json_free(doc);
}
