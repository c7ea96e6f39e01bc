#include "firmware/clarus/inner.h"

#include <string.h>

#define TOKEN_LIFE_S     3600 /* when the answer does not say */
#define TOKEN_LIFE_S_MAX 86400
#define REFUSED_WAIT_MS  60000

static void wipe(void *p, size_t len)
{
    volatile uint8_t *at = p;
    for (size_t i = 0; i < len; i++)
        at[i] = 0;
}

static void session_wake(struct clarus *c, bool usable)
{
    for (size_t i = 0; i < FLOWS_MAX; i++) {
        struct clarus_flow *f = &c->flows[i];
        if (!f->kind || f->call.state != CALL_TOKEN) continue;
        if (usable) {
            f->call.state = CALL_QUIET; /* sent by the next run of the flows */
            f->call.not_before = effects_now(c->fx);
        } else {
            f->call.state = CALL_FAILED;
            f->call.failure = c->session.refused ? ANSWER_REAUTH : ANSWER_OFFLINE;
        }
    }
}

static void session_failed(struct clarus *c, bool refused, int64_t wait_ms)
{
    struct session *s = &c->session;
    s->refused = refused;
    if (refused) {
        wait_ms = REFUSED_WAIT_MS;
        clarus_alarm(c, 0,
                     &(struct alarm){"clarus.credentials_refused", "clarus", "integration",
                                     "clarus sign-on", "Clarus refuses this bench's credentials",
                                     "Check the client id, the secret and the user in Clarus"});
    } else if (!wait_ms) {
        wait_ms = clarus_backoff(c, s->failures);
    }
    s->failures++;
    s->retry_at = mono_plus(effects_now(c->fx), wait_ms);
    log_event(c->log, LOG_WARN, "clarus.token_failed", "refused=%d retry_ms=%lld", refused,
              (long long)wait_ms);
    bool usable = s->serial && !mono_reached(effects_now(c->fx), s->ends_at);
    session_wake(c, usable);
}

static bool session_take(struct clarus *c, struct slice body)
{
    struct session *s = &c->session;
    AUTO_JSON struct json_doc *doc = NULL;
    if (json_parse(body, &doc, NULL)) return false;
    json_node root = json_root(doc);
    int64_t life = TOKEN_LIFE_S;
    if (json_int(json_member(root, "expires_in"), 1, INT64_MAX, &life)) life = TOKEN_LIFE_S;
    if (life > TOKEN_LIFE_S_MAX) life = TOKEN_LIFE_S_MAX;
    struct slice token = json_text(json_member(root, "access_token"));
    if (!token.len || token.len >= sizeof s->token || !text_is_print(token)) return false;
    if (slice_copy(token, s->token, sizeof s->token)) return false;
    if (++s->given == 0) s->given = 1;
    s->serial = s->given;
    s->ends_at = mono_plus(effects_now(c->fx), life * 1000);
    s->renew_at = mono_plus(effects_now(c->fx), life * 800);
    return true;
}

static void session_done(void *ctx, uint32_t tag, const struct hal_http_result *r)
{
    struct clarus *c = ctx;
    struct session *s = &c->session;
    (void)tag;
    s->asking = false;
    clarus_heard(c, r->outcome == HAL_HTTP_ANSWERED && r->status < 500);
    if (r->outcome == HAL_HTTP_ANSWERED && r->status >= 200 && r->status < 300 &&
        session_take(c, r->body)) {
        s->refused = false;
        s->failures = 0;
        s->retry_at = (mono_t){0};
        c->signed_on = true;
        clarus_note(c, "exception_clear",
                    exception_clear(c->store, effects_wall(c->fx), "clarus.credentials_refused",
                                    "clarus sign-on"));
        log_event(c->log, LOG_INFO, "clarus.token", "tenant=%s", c->config->site.clarus.tenant);
        session_wake(c, true);
    } else {
        bool refused = r->outcome == HAL_HTTP_ANSWERED &&
                       (r->status == 400 || r->status == 401 || r->status == 403);
        int64_t wait = 0;
        if (r->status == 429 &&
            text_int(hal_http_header(r, "Retry-After"), 0, 300, &wait) == ERR_OK)
            wait *= 1000;
        session_failed(c, refused, wait);
    }
    flows_run(c);
}

static err_t session_form(struct clarus *c, struct buf *form)
{
    const struct config_clarus *k = &c->config->site.clarus;
    char room[HAL_SECRET_MAX / 4];
    struct buf secret = buf_over(room, sizeof room);
    buf_text(form, "grant_type=client_credentials&client_id=");
    err_t e = hal_secret_read(effects_hal(c->fx), k->client_id_secret, &secret);
    if (!e) {
        text_percent(form, slice_trim(buf_slice(&secret)));
        buf_clear(&secret);
        buf_text(form, "&client_secret=");
        e = hal_secret_read(effects_hal(c->fx), k->client_secret_secret, &secret);
    }
    if (!e) text_percent(form, slice_trim(buf_slice(&secret)));
    wipe(room, sizeof room);
    if (e) return e;
    if (k->scope[0]) {
        buf_text(form, "&scope=");
        text_percent(form, slice_text(k->scope));
    }
    return form->overflow ? ERR_NOSPACE : ERR_OK;
}

static err_t session_send(struct clarus *c, struct slice form)
{
    const struct config_clarus *k = &c->config->site.clarus;
    char url[URL_CAP + 16];
    struct buf at = buf_over(url, sizeof url - 1);
    size_t base = strlen(k->base_url);
    while (base && k->base_url[base - 1] == '/')
        base--;
    buf_put(&at, slice_of(k->base_url, base));
    buf_text(&at, "/oauth/token");
    url[at.len] = '\0';
    struct hal_header headers[] = {{"Content-Type", "application/x-www-form-urlencoded"},
                                   {"Accept", "application/json"},
                                   {"X-Clarus-Subdomain", k->tenant}};
    struct hal_http_request request = {
        .method = HAL_POST,
        .url = url,
        .headers = headers,
        .header_count = 3,
        .body = form,
        .has_body = true,
        .timeout_ms = k->timeout_ms,
        .reply_max = 65536,
        .ca = k->ca[0] ? k->ca : NULL,
    };
    return effects_http(c->fx, &request, session_done, c, 0, NULL);
}

static void session_ask(struct clarus *c)
{
    struct session *s = &c->session;
    char room[HAL_SECRET_MAX];
    struct buf form = buf_over(room, sizeof room);
    if (s->asking || !mono_reached(effects_now(c->fx), s->retry_at)) return;
    err_t e = session_form(c, &form);
    if (e == ERR_OK) e = session_send(c, buf_slice(&form));
    wipe(room, sizeof room);
    if (e == ERR_OK) {
        s->asking = true;
        return;
    }
    log_event(c->log, LOG_ERROR, "clarus.token_request", "error=%s", err_name(e));
    session_failed(c, e == ERR_NOTFOUND || e == ERR_DENIED, 0);
}

bool session_ready(struct clarus *c)
{
    struct session *s = &c->session;
    mono_t now = effects_now(c->fx);
    bool usable = s->serial && !mono_reached(now, s->ends_at);
    if (!usable || mono_reached(now, s->renew_at)) session_ask(c);
    return usable;
}

void session_drop(struct clarus *c, uint32_t token_serial)
{
    struct session *s = &c->session;
    if (s->serial != token_serial) return;
    s->serial = 0;
    wipe(s->token, sizeof s->token);
}
