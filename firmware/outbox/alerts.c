#include "firmware/outbox/alerts.h"

#include <stdio.h>
#include <string.h>

#include "firmware/base/digest.h"
#include "firmware/base/json.h"
#include "firmware/base/mem.h"
#include "firmware/base/text.h"
#include "firmware/outbox/exceptions.h"

#define STEP        3             /* after every storefront */
#define PACE        4             /* messages a minute at most */
#define BODY_MAX    (64u << 10)   /* twenty exceptions of under a kilobyte, and the figures */
#define REPLY_LEN   4096          /* nobody reads it */
#define TOLD        "alerts_told" /* highest exception that was told */
#define SIGNED_CAP  (7 + DIGEST_HEX_CAP) /* "sha256=" and the digest */
#define HEADERS_MAX 3

struct alerts {
    struct alerts_options o;
    struct buf body;
    int64_t message_id; /* under way; 0: none */
    int64_t upto;       /* highest exception it tells */
    int64_t asked;      /* highest exception a message was made for */
    mono_t at;
};

/* ------------------------------------------------------------------------------- what is new -- */

static err_t one_int(struct alerts *a, const char *sql, int64_t above, int64_t *out)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    *out = 0;
    err_t e = store_prepare(a->o.store, sql, &q);
    if (e) return e;
    if (sqlite3_bind_parameter_count(q) > 0) store_bind_int(q, 1, above);
    e = store_step(a->o.store, q, &row);
    if (e == ERR_OK && row) *out = store_int(q, 0);
    return e;
}

static int64_t told(struct alerts *a)
{
    char text[24];
    int64_t id = 0;
    if (store_meta_get(a->o.store, TOLD, text, sizeof text)) return 0;
    err_ignore(text_int(slice_text(text), 0, INT64_MAX, &id)); /* 0: told again, never kept back */
    return id;
}

static err_t look(struct alerts *a)
{
    static const char NEWEST[] = "SELECT max(id) FROM exception";
    static const char OPEN[] =
        "SELECT id FROM exception WHERE id > ?1 AND open = 1 ORDER BY id LIMIT 1";
    int64_t newest = 0, open = 0, upto = told(a);
    err_t e = one_int(a, NEWEST, 0, &newest);
    if (e || newest <= a->asked || newest <= upto) return e;
    e = one_int(a, OPEN, a->asked > upto ? a->asked : upto, &open);
    if (e) return e;
    a->asked = newest;
    if (open == 0) return ERR_OK;
    log_event(a->o.log, LOG_WARN, "outbox.alert", "exception=%lld", (long long)open);
    return outbox_state(a->o.outbox, ALERTS, ALERTS, SLICE_NONE);
}

void alerts_tick(struct alerts *a)
{
    if (a == NULL || !mono_reached(effects_now(a->o.fx), a->at)) return;
    a->at = mono_plus(effects_now(a->o.fx), ALERTS_EVERY_MS);
    err_t e = look(a);
    if (e) log_event(a->o.log, LOG_ERROR, "outbox.alerts", "error=%s", err_name(e));
}

mono_t alerts_deadline(const struct alerts *a)
{
    return a != NULL ? a->at : MONO_NEVER;
}

/* ------------------------------------------------------------------------------- the message -- */

static void put_exception(struct json_writer *w, sqlite3_stmt *q)
{
    static const char *const NAMES[] = {"rule", "origin", "owner", "object", "text", "next_step"};
    char text[SAY_CAP];
    json_open_object(w, NULL);
    json_put_int(w, "id", store_int(q, 0));
    for (int i = 0; i < 6; i++) {
        store_text(q, i + 1, text, sizeof text);
        json_put_text(w, NAMES[i], text);
    }
    json_put_int(w, "first_seen", store_int(q, 7));
    json_put_int(w, "times", store_int(q, 8));
    json_close_object(w);
}

static err_t put_exceptions(struct alerts *a, struct json_writer *w, size_t *out_count)
{
    static const char SQL[] =
        "SELECT id, rule, origin, owner, object, text, next_step, first_seen, times FROM exception "
        "WHERE id > ?1 AND open = 1 ORDER BY id LIMIT ?2";
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = true;
    err_t e = store_prepare(a->o.store, SQL, &q);
    if (e) return e;
    store_bind_int(q, 1, told(a));
    store_bind_int(q, 2, ALERTS_AT_ONCE);
    json_open_array(w, "exceptions");
    for (*out_count = 0; (e = store_step(a->o.store, q, &row)) == ERR_OK && row; (*out_count)++) {
        a->upto = store_int(q, 0);
        put_exception(w, q);
    }
    json_close_array(w);
    return e;
}

static void put_destinations(struct alerts *a, struct json_writer *w)
{
    struct outbox_figures f[DESTINATIONS_MAX];
    size_t count = outbox_figures(a->o.outbox, f, DESTINATIONS_MAX);
    int64_t now = effects_wall(a->o.fx).ms;
    json_open_array(w, "destinations");
    for (size_t i = 0; i < count; i++) {
        int64_t age = f[i].oldest_wall_ms != 0 ? (now - f[i].oldest_wall_ms) / 1000 : 0;
        json_open_object(w, NULL);
        json_put_text(w, "name", f[i].name);
        json_put_int(w, "waiting", (int64_t)f[i].waiting);
        json_put_int(w, "parked", (int64_t)f[i].parked);
        json_put_int(w, "frozen", (int64_t)f[i].frozen);
        json_put_int(w, "oldest_s", age > 0 ? age : 0);
        json_put_bool(w, "down", f[i].down);
        json_put_bool(w, "paused", f[i].paused);
        json_close_object(w);
    }
    json_close_array(w);
}

static err_t write_body(struct alerts *a, const char *number, size_t *out_count)
{
    struct json_writer w = json_write(&a->body);
    buf_clear(&a->body);
    a->upto = 0;
    json_open_object(&w, NULL);
    json_put_text(&w, "id", number);
    json_put_text(&w, "site", a->o.site);
    json_put_text(&w, "station", a->o.station);
    json_put_int(&w, "sent_at", effects_wall(a->o.fx).ms);
    err_t e = put_exceptions(a, &w, out_count);
    put_destinations(a, &w);
    json_close_object(&w);
    return e == ERR_OK && a->body.overflow ? ERR_NOSPACE : e;
}

static err_t sign(struct alerts *a, char out[SIGNED_CAP])
{
    uint8_t mac[DIGEST_SHA256_LEN];
    uint8_t room[HAL_SECRET_MAX];
    struct buf key = buf_over(room, sizeof room);
    err_t e = hal_secret_read(effects_hal(a->o.fx), a->o.secret, &key);
    if (e == ERR_OK) e = digest_hmac_sha256(buf_slice(&key), buf_slice(&a->body), mac);
    memset(room, 0, sizeof room);
    __asm__ volatile("" : : "r"(room) : "memory"); /* the wipe is not optimised away */
    if (e) return e;
    int n = snprintf(out, SIGNED_CAP, "sha256=");
    for (size_t i = 0; i < sizeof mac; i++) {
        n += snprintf(out + n, SIGNED_CAP - (size_t)n, "%02x", mac[i]);
    }
    return ERR_OK;
}

/* ------------------------------------------------------------------------------- its delivery --
 */

static void end(struct alerts *a, const struct attempt_result *r)
{
    int64_t id = a->message_id;
    a->message_id = 0;
    outbox_result(a->o.outbox, id, r);
}

static void end_plain(struct alerts *a, enum attempt_outcome outcome, const char *text)
{
    struct attempt_result r = {.outcome = outcome, .owner = "integration"};
    slice_copy_cut(slice_text(text), r.text, sizeof r.text);
    slice_copy_cut(SLICE("See why the address for alerts does not take them."), r.next_step,
                   sizeof r.next_step);
    end(a, &r);
}

static void remember(struct alerts *a)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%lld", (long long)a->upto);
    err_t e = store_meta_set(a->o.store, TOLD, text);
    if (e) log_event(a->o.log, LOG_ERROR, "outbox.alerts", "error=%s", err_name(e));
    a->asked = a->upto; /* what did not fit goes next */
    a->at = effects_now(a->o.fx);
}

static int64_t wait_of(const struct hal_http_result *result)
{
    int64_t seconds = 0;
    struct slice said = hal_http_header(result, "Retry-After");
    return text_int(said, 0, OUTBOX_SERVER_WAIT_MAX_MS / 1000, &seconds) ? 0 : seconds * 1000;
}

static void answered(struct alerts *a, const struct hal_http_result *result)
{
    struct attempt_result r = {.outcome = ATTEMPT_RETRY, .owner = "integration"};
    if (result->status >= 200 && result->status < 300) {
        remember(a);
        end_plain(a, ATTEMPT_DONE, "");
    } else if (result->status == 401 || result->status == 403) {
        end_plain(a, ATTEMPT_REAUTH, "The address for alerts refuses our signature.");
    } else {
        r.wait_ms = wait_of(result);
        (void)snprintf(r.text, sizeof r.text, "The address for alerts answers %d.", result->status);
        slice_copy_cut(SLICE("See why the address for alerts does not take them."), r.next_step,
                       sizeof r.next_step);
        end(a, &r);
    }
}

/* What may have arrived is sent again: its number is the same. */
static void exchange_done(void *ctx, uint32_t tag, const struct hal_http_result *result)
{
    struct alerts *a = ctx;
    (void)tag;
    if (a->message_id == 0) return;
    if (result->outcome == HAL_HTTP_ANSWERED)
        answered(a, result);
    else if (result->outcome == HAL_HTTP_NOT_SENT)
        end_plain(a, ATTEMPT_DOWN, "The address for alerts cannot be reached.");
    else
        end_plain(a, ATTEMPT_RETRY, "The address for alerts did not answer.");
}

static err_t post(struct alerts *a, const char *number)
{
    char signature[SIGNED_CAP] = "";
    struct hal_header headers[HEADERS_MAX] = {{"Content-Type", "application/json"},
                                              {"X-Packd-Alert", number}};
    size_t count = 2;
    if (a->o.secret[0] != '\0') {
        err_t e = sign(a, signature);
        if (e) return e;
        headers[count++] = (struct hal_header){"X-Packd-Signature", signature};
    }
    const struct hal_http_request request = {.method = HAL_POST,
                                             .url = a->o.url,
                                             .headers = headers,
                                             .header_count = count,
                                             .body = buf_slice(&a->body),
                                             .has_body = true,
                                             .write = true,
                                             .timeout_ms = a->o.timeout_ms,
                                             .reply_max = REPLY_LEN,
                                             .ca = a->o.ca[0] != '\0' ? a->o.ca : NULL};
    return effects_http(a->o.fx, &request, exchange_done, a, 0, NULL);
}

static void attempt(void *ctx, const struct outbox_message *m)
{
    struct alerts *a = ctx;
    char number[KEY_CAP];
    size_t count = 0;
    a->message_id = m->id;
    (void)snprintf(number, sizeof number, "%s-%lld", store_epoch(a->o.store), (long long)m->id);
    err_t e = write_body(a, number, &count);
    if (e == ERR_OK && count == 0) {
        end_plain(a, ATTEMPT_DONE, "nothing is open any more");
        return;
    }
    if (e == ERR_OK) e = post(a, number);
    if (e == ERR_NOTFOUND || e == ERR_DENIED)
        end_plain(a, ATTEMPT_REAUTH, "The secret for alerts cannot be read.");
    else if (e)
        end_plain(a, ATTEMPT_RETRY, err_text(e));
}

err_t alerts_new(const struct alerts_options *options, struct alerts **out)
{
    struct alerts *a = mem_alloc(sizeof *a);
    if (a == NULL) return ERR_NOMEM;
    *a = (struct alerts){.o = *options, .body = buf_new(BODY_MAX)};
    a->at = effects_now(a->o.fx);
    const struct destination_spec spec = {.name = ALERTS,
                                          .step = STEP,
                                          .concurrency = 1,
                                          .pace_per_minute = PACE,
                                          .connector = {.attempt = attempt, .ctx = a}};
    err_t e = outbox_destination(a->o.outbox, &spec);
    if (e) {
        alerts_free(a);
        return e;
    }
    *out = a;
    return ERR_OK;
}

void alerts_free(struct alerts *a)
{
    if (a == NULL) return;
    effects_cancel_owner(a->o.fx, a);
    buf_deinit(&a->body);
    mem_free(a);
}
