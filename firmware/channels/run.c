#include "firmware/channels/run_inner.h"

#include <assert.h>
#include <string.h>

#include "firmware/base/mem.h"
#include "firmware/base/text.h"
#include "firmware/channels/mapped.h"
#include "firmware/channels/take.h"

/* ------------------------------------------------------------------------------------- life --
 */

struct run *run_new(struct channels *ch, struct channel *channel, const char *use)
{
    for (size_t i = 0; i < RUNS_MAX; i++) {
        struct run *r = &ch->runs[i];
        if (r->channel != NULL) continue;
        *r = (struct run){.ch = ch, .channel = channel, .use = use};
        r->remote = mem_resize(NULL, sizeof *r->remote); /* large; its rows need no clearing */
        if (r->remote == NULL) {
            r->channel = NULL;
            return NULL;
        }
        remote_init(r->remote);
        options_set(channel->definition.root, channel->config, &r->v);
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

static bool is_key_text(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!alnum && c != '-' && c != '_' && c != '.') return false;
    }
    return true;
}

bool run_order_number_fits(const struct run *r)
{
    struct slice number = slice_text(r->v.text[VALUE_ORDER_NUMBER]);
    struct slice form = json_text(json_member(r->channel->definition.root, "order_number"));
    if (number.len == 0) return false;
    if (slice_is(form, "digits")) return number.len <= 15 && text_is_digits(number);
    return slice_is(form, "word") ? is_key_text(number) : text_is_print(number);
}

/* ----------------------------------------------------------------------------------- answers --
 */

static void judge(struct run *r, json_node own, const struct hal_http_result *result,
                  struct answer *a)
{
    json_node root = r->channel->definition.root;
    err_t e = result->body.len == 0 ? ERR_OK : json_parse(result->body, &a->doc, NULL);
    a->root = a->doc == NULL ? NULL : json_root(a->doc);
    struct rule_result judged = rules_judge(root, own, result->status, a->root, &r->v);
    a->end = judged.end;
    a->times = judged.times;
    err_ignore(slice_copy(judged.rule, a->rule, sizeof a->rule)); /* empty when too long */
    bool good = result->status / 100 == 2;
    if (e && good) a->end = RULE_LOOK; /* a page instead of the answer */
    a->wait_ms = rules_wait(root, result, a->root, effects_wall(r->ch->o.fx).ms);
    const struct row row = {.node = a->root};
    if (a->end == RULE_OK) return;
    struct buf b = buf_over(a->words, sizeof a->words - 1);
    text_visible(&b, json_text(pointer_member(&row, root, "message")), sizeof a->words / 2);
}

void run_answer_make(struct run *r, json_node own, const struct hal_http_result *result,
                     struct answer *a)
{
    *a = (struct answer){.end = RULE_RETRY, .status = result->status, .times = 1};
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
    judge(r, own, result, a);
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

bool run_has_reads(const struct definition *d, const char *use)
{
    json_node n = json_first(json_member(d->root, "reads"));
    while (n != NULL && !is_for_use(n, use)) {
        n = json_next(n);
    }
    return n != NULL;
}

static json_node next_read(struct run *r, json_node after)
{
    json_node n = after != NULL ? json_next(after)
                                : json_first(json_member(r->channel->definition.root, "reads"));
    while (n != NULL &&
           (!is_for_use(n, r->use) || !rules_hold(json_member(n, "when"), NULL, &r->v))) {
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
    struct answer a = {.end = end, .times = 1};
    err_ignore(slice_copy(slice_text(rule), a.rule, sizeof a.rule)); /* our own words fit */
    r->read_done(r, &a);
}

static void read_unsent(struct run *r, err_t e)
{
    if (e == ERR_DENIED) {
        read_failed(r, RULE_REAUTH, "channel.secret_missing");
    } else if (e == ERR_INVALID) {
        read_failed(r, RULE_PARK, "channel.template");
    } else if (e) {
        read_failed(r, RULE_RETRY, "channel.busy");
    }
}

static void read_page(struct run *r, json_node read, uint32_t page)
{
    int64_t size = page_member(read, "size");
    r->page = page;
    value_set_int(&r->v, VALUE_PAGE_NUMBER, page);
    value_set_int(&r->v, VALUE_PAGE_SIZE, size);
    value_set_int(&r->v, VALUE_PAGE_OFFSET, ((int64_t)page - 1) * size);
    if (page == 1) {
        r->link[0] = '\0';
        r->v.text[VALUE_PAGE_CURSOR][0] = '\0';
    }
    read_unsent(r, run_send(r, read, false));
}

/* Lines that say neither what was shipped nor what is left: the ledger knows, and the order's state
 * when it is shipped. */
static bool lines_are_silent(json_node root)
{
    json_node lines = json_member(root, "lines");
    return json_member(lines, "shipped") == NULL && json_member(lines, "left") == NULL &&
           json_member(json_member(root, "records"), "items") == NULL;
}

static void reads_done(struct run *r)
{
    struct remote *m = r->remote;
    err_t e = mapped_lines(&r->ch->maps, r->channel->config->name, m);
    if (e == ERR_OK) e = mapped_state(&r->ch->maps, r->channel->config->name, m);
    if (e) {
        read_failed(r, RULE_RETRY, "channel.store");
        return;
    }
    remote_sum(m);
    m->silent = lines_are_silent(r->channel->definition.root);
    bool complete = remote_complete(m);
    if (r->consignment_id != 0 &&
        mapped_complete(r->ch->o.store, r->channel->config->name, r->v.text[VALUE_ORDER_NUMBER], m,
                        &complete) != ERR_OK) {
        read_failed(r, RULE_RETRY, "channel.store");
        return;
    }
    err_ignore(value_set(&r->v, VALUE_ORDER_STATUS, slice_text(m->status))); /* fits */
    value_set_bool(&r->v, VALUE_ORDER_COMPLETE, complete);
    r->read_done(r, NULL);
}

void run_read(struct run *r)
{
    remote_deinit(r->remote);
    remote_init(r->remote);
    json_node first = next_read(r, NULL);
    if (first != NULL) {
        read_page(r, first, 1);
        return;
    }
    r->remote->state = REMOTE_OPEN;
    reads_done(r);
}

/* The address in Link: <...>; rel="next". False: there is none. */
static bool next_link(struct run *r, const struct hal_http_result *result)
{
    struct slice text = hal_http_header(result, "Link");
    r->link[0] = '\0';
    while (text.len > 0) {
        size_t open = slice_find_byte(text, '<');
        size_t close = slice_find_byte(text, '>');
        size_t end = close + slice_find_byte(slice_sub(text, close, text.len), ',');
        struct slice parameters = slice_sub(text, close, end);
        bool next = slice_find(parameters, SLICE("rel=\"next\"")) < parameters.len ||
                    slice_find(parameters, SLICE("rel=next")) < parameters.len;
        if (open < close && close < text.len && next) {
            return slice_copy(slice_sub(text, open + 1, close), r->link, sizeof r->link) == ERR_OK;
        }
        text = slice_sub(text, end + 1, text.len);
    }
    return false;
}

/* True when there is a page after this one, and where it is was noted. */
static bool has_next_page(struct run *r, const struct hal_http_result *result, json_node root,
                          size_t rows)
{
    json_node pages = json_member(r->current, "pages");
    struct slice kind = json_text(json_member(pages, "kind"));
    const struct row row = {.node = root};
    if (pages == NULL) return false;
    if (slice_is(kind, "link")) return next_link(r, result);
    if (!slice_is(kind, "cursor")) return rows >= (size_t)page_member(r->current, "size");
    json_node more = json_member(pages, "more");
    if (more != NULL && !json_bool(pointer_find(&row, more), false)) return false;
    char cursor[VALUE_CAP];
    take_text(json_member(pages, "next"), &row, NULL, &r->v, cursor);
    bool same = strcmp(cursor, r->v.text[VALUE_PAGE_CURSOR]) == 0;
    err_ignore(value_set(&r->v, VALUE_PAGE_CURSOR, slice_text(cursor))); /* same room */
    return cursor[0] != '\0' && !same;
}

static bool is_below_base(const char *url, const char *base)
{
    size_t len = strlen(base);
    while (len > 0 && base[len - 1] == '/') {
        len--;
    }
    bool ends = strlen(url) > len && (url[len] == '/' || url[len] == '?');
    return strncmp(url, base, len) == 0 && ends;
}

static void read_next(struct run *r, bool another_page)
{
    json_node read = r->current;
    if (another_page && r->page >= page_member(read, "max")) {
        read_failed(r, RULE_PARK, "channel.too_many_pages");
        return;
    }
    if (another_page && r->link[0] != '\0' &&
        !is_below_base(r->link, r->channel->config->base_url)) {
        read_failed(r, RULE_PARK, "channel.foreign_link");
        return;
    }
    if (another_page) {
        read_page(r, read, r->page + 1);
        return;
    }
    json_node next = next_read(r, read);
    if (next != NULL) {
        read_page(r, next, 1);
    } else {
        reads_done(r);
    }
}

static void take_failed(struct run *r, err_t e)
{
    if (e == ERR_NOTFOUND) {
        read_failed(r, RULE_NOT_YET, "channel.order_unknown");
        return;
    }
    read_failed(r, RULE_PARK,
                e == ERR_REFUSED       ? "channel.wrong_order"
                : e == ERR_AMBIGUOUS   ? "channel.order_ambiguous"
                : e == ERR_UNSUPPORTED ? "channel.fraction"
                : e == ERR_NOSPACE     ? "channel.too_many_lines"
                                       : "channel.reply_unexpected");
}

static void read_answered(struct run *r, const struct hal_http_result *result, struct answer *a)
{
    if (a->end == RULE_DONE) { /* there is nothing, and that is an answer */
        read_next(r, false);
        return;
    }
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
        if (json_member(json_member(r->current, "gives"), "order") != NULL) {
            r->remote->fields.watch = r->ahead;
            order_fields_take(&r->remote->fields, r->ch->maps.site, r->channel->config->name,
                              form.definition, r->remote->order);
        }
    } else if (json_member(r->current, "pages") == NULL) {
        e = ERR_PROTO;
    }
    if (e) {
        take_failed(r, e);
        return;
    }
    read_next(r, has_next_page(r, result, a->root, rows));
}

/* -------------------------------------------------------------------------------------- steps --
 */

err_t run_step(struct run *r, json_node step)
{
    r->link[0] = '\0';
    return run_send(r, step, true);
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

void run_unsent(struct run *r, err_t e)
{
    if (e == ERR_OK) return;
    if (r->write) {
        r->step_unsent(r, e);
    } else {
        read_unsent(r, e);
    }
}

static void run_answered(struct run *r, const struct hal_http_result *result)
{
    struct answer a;
    struct channel *c = r->channel;
    note_budget(r, result);
    run_answer_make(r, r->current, result, &a);
    struct json_doc *doc = a.doc;
    log_event(r->ch->o.log, LOG_DEBUG, "channel.answer", "channel=%s use=%s http=%d end=%d",
              c->config->name, r->use, a.status, (int)a.end);
    if (a.end == RULE_REAUTH && auth_is_login(c->definition.root) && !r->renewed) {
        /* Refused before it was looked at: the same request once more with a new login. */
        if (c->login.serial == r->login_serial) login_forget(&c->login);
        r->renewed = true;
        run_unsent(r, run_send(r, r->current, r->write));
    } else if (r->write) {
        const struct row row = {.node = a.root};
        if (a.end == RULE_OK) take_all(json_member(r->current, "take"), &row, result, &r->v);
        r->step_done(r, &a);
    } else {
        read_answered(r, result, &a);
    }
    json_free(doc);
}

void run_exchange_done(void *ctx, uint32_t tag, const struct hal_http_result *result)
{
    struct channels *ch = ctx;
    assert(tag < RUNS_MAX + CONFIG_CHANNELS_MAX);
    if (tag >= RUNS_MAX) {
        run_login_done(&ch->channels[tag - RUNS_MAX], result);
    } else if (ch->runs[tag].channel != NULL) {
        run_answered(&ch->runs[tag], result);
    }
}
