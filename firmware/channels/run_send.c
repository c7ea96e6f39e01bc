#include "firmware/channels/run_inner.h"

#include <string.h>

#include "firmware/base/mem.h"

/* ---------------------------------------------------------------------------------- requests --
 */

static struct freshness freshness_of(const struct channels *ch)
{
    return (struct freshness){.wall_ms = effects_wall(ch->o.fx).ms, .hal = effects_hal(ch->o.fx)};
}

static err_t make_request(struct run *r, struct outgoing *o)
{
    json_node root = r->channel->definition.root;
    const struct config_channel *c = r->channel->config;
    err_t e = outgoing_make(o, root, json_member(r->current, "request"), c->base_url, &r->v);
    if (e) return e;
    if (r->link[0] != '\0') memcpy(o->url, r->link, sizeof o->url);
    r->login_serial = r->channel->login.serial;
    return auth_add(o, root, c->secret, &r->channel->login, &r->v, freshness_of(r->ch));
}

static err_t send_now(struct run *r)
{
    struct outgoing *o = mem_alloc(sizeof *o);
    if (o == NULL) return ERR_NOMEM;
    outgoing_init(o);
    value_set_int(&r->v, VALUE_NOW, effects_wall(r->ch->o.fx).ms / 1000);
    err_t e = make_request(r, o);
    const struct sending how = {.config = r->channel->config,
                                .write = r->write,
                                .done = run_exchange_done,
                                .ctx = r->ch,
                                .tag = (uint32_t)(r - r->ch->runs)};
    if (e == ERR_OK) e = outgoing_send(o, r->ch->o.fx, r->channel->definition.root, &how);
    outgoing_deinit(o);
    mem_free(o);
    return e;
}

/* Tags from RUNS_MAX on are logins. */
static err_t login_start(struct run *r)
{
    struct channel *c = r->channel;
    if (c->login.under_way) return ERR_OK;
    struct outgoing *o = mem_alloc(sizeof *o);
    if (o == NULL) return ERR_NOMEM;
    outgoing_init(o);
    value_set_int(&r->v, VALUE_NOW, effects_wall(r->ch->o.fx).ms / 1000);
    err_t e = login_make(o, c->definition.root, c->config, &r->v, freshness_of(r->ch));
    const struct sending how = {.config = c->config,
                                .write = false,
                                .done = run_exchange_done,
                                .ctx = r->ch,
                                .tag = RUNS_MAX + (uint32_t)(c - r->ch->channels)};
    if (e == ERR_OK) e = outgoing_send(o, r->ch->o.fx, c->definition.root, &how);
    outgoing_deinit(o);
    mem_free(o);
    c->login.under_way = e == ERR_OK;
    return e;
}

err_t run_send(struct run *r, json_node owner, bool write)
{
    struct channel *c = r->channel;
    r->current = owner;
    r->write = write;
    if (!auth_is_login(c->definition.root) || login_holds(&c->login, effects_now(r->ch->o.fx))) {
        return send_now(r);
    }
    err_t e = login_start(r);
    r->waits_login = e == ERR_OK;
    return e;
}

/* -------------------------------------------------------------------------------------- login --
 */

static bool is_busy(int status)
{
    return status == 408 || status == 429 || status / 100 == 5;
}

/* The first run that waits lends its values to judge by. */
static void login_judge(struct channel *c, struct run *r, const struct hal_http_result *result,
                        struct answer *a)
{
    struct channels *ch = c->ch;
    json_node root = c->definition.root;
    json_node auth = json_member(root, "auth");
    bool write = r->write;
    r->write = false;
    run_answer_make(r, auth, result, a);
    r->write = write;
    if (a->end == RULE_OK) {
        err_t e = login_take(&c->login, root, c->config, &r->v,
                             (struct login_answer){result, a->root}, effects_hal(ch->o.fx));
        if (e) a->end = RULE_REAUTH;
    } else if (a->root == NULL && a->status / 100 == 2) {
        a->end = RULE_RETRY; /* a page instead of the answer */
    } else if (a->status != 0 && !is_busy(a->status)) {
        a->end = RULE_REAUTH;
    }
}

void run_login_done(struct channel *c, const struct hal_http_result *result)
{
    struct channels *ch = c->ch;
    struct answer a = {.end = RULE_RETRY};
    bool judged = false;
    c->login.under_way = false;
    for (size_t i = 0; i < RUNS_MAX; i++) {
        struct run *r = &ch->runs[i];
        if (r->channel != c || !r->waits_login) continue;
        if (!judged) login_judge(c, r, result, &a);
        judged = true;
        r->waits_login = false;
        log_event(ch->o.log, LOG_DEBUG, "channel.login", "channel=%s http=%d end=%d",
                  c->config->name, a.status, (int)a.end);
        struct answer own = a;
        own.doc = NULL;
        own.root = NULL;
        if (a.end == RULE_OK) {
            run_unsent(r, send_now(r));
        } else if (r->write) {
            r->step_done(r, &own);
        } else {
            r->read_done(r, &own);
        }
    }
    json_free(a.doc);
}
