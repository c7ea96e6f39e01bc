/* console_acts.c - what a person decides: a lead's acts on an exception, a command, a recall, and a
 * typed scan in demonstration mode. */
#include <string.h>

#include "firmware/base/text.h"
#include "firmware/console/console_parts.h"

#define COMMAND_CAP 32

static void send_done(struct ask *a)
{
    struct json_writer w = console_begin(a->c);
    json_put_bool(&w, "ok", true);
    json_close_object(&w);
    console_send_json(a);
}

/* Reads the body; answers itself when it is no JSON object. */
static bool read_body(struct ask *a, struct json_doc **out)
{
    struct json_fault fault = {0};
    err_t e = json_parse(a->r->body, out, &fault);
    if (e == ERR_OK && json_kind(json_root(*out)) == JSON_OBJECT) return true;
    console_fail(a,
                 &(struct console_error){e == ERR_NOMEM ? 503 : 400, "the body is no JSON object",
                                         slice_text(fault.reason), "body_must_be_an_object",
                                         "correct the body and send it again"});
    return false;
}

/* A text member; answers itself when it is missing or too long. */
static bool read_text(struct ask *a, const struct json_doc *doc, const char *name, char *out,
                      size_t cap)
{
    err_t e = json_string(json_member(json_root(doc), name), out, cap);
    if (e == ERR_OK && slice_trim(slice_text(out)).len > 0) return true;
    console_fail(a, &(struct console_error){
                        400, e == ERR_NOSPACE ? "this value is too long" : "a value is missing",
                        slice_text(name), "value_must_be_given", "fill it in and send it again"});
    return false;
}

/* ---------------------------------------------------------------------------- lead's choices -- */

static const struct act {
    const char *name;
    enum exception_act act;
    bool needs_note;
} acts[] = {
    {"retry", EXCEPTION_RETRY, false},
    {"resolve", EXCEPTION_RESOLVE, true},
    {"pulled", EXCEPTION_PULLED, false},
    {"gone", EXCEPTION_GONE, false},
};

/* "41/retry" */
static const struct act *read_act(struct slice tail, int64_t *out_id)
{
    size_t slash = slice_find_byte(tail, '/');
    if (text_int(slice_sub(tail, 0, slash), 1, INT64_MAX, out_id) != ERR_OK) return NULL;
    struct slice name = slice_sub(tail, slash < tail.len ? slash + 1 : slash, tail.len);
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
        if (slice_is(name, acts[i].name)) return &acts[i];
    return NULL;
}

void console_post_exception(struct ask *a)
{
    AUTO_JSON struct json_doc *body = NULL;
    char who[NAME_CAP], note[CONSOLE_WHY_CAP] = "";
    int64_t id = 0;
    const struct act *act = read_act(a->tail, &id);
    if (!act) {
        console_fail(a, &(struct console_error){404, "there is no such act", a->r->path,
                                                "act_must_exist",
                                                "use retry, resolve, pulled or gone"});
        return;
    }
    if (!read_body(a, &body) || !read_text(a, body, "who", who, sizeof who)) return;
    if (act->needs_note && !read_text(a, body, "note", note, sizeof note)) return;
    err_t e = json_string(json_member(json_root(body), "note"), note, sizeof note);
    if (e == ERR_OK || e == ERR_NOTFOUND) e = exception_do(a->c->o.outbox, id, act->act, who, note);
    if (!e && act->act == EXCEPTION_PULLED && a->c->o.from.pulled)
        e = a->c->o.from.pulled(a->c->o.from.ctx, id);
    log_event(a->c->o.log, LOG_INFO, "console.exception", "id=%lld act=%s result=%s", (long long)id,
              act->name, err_name(e));
    if (e) {
        console_fail_err(a, e, a->tail);
        return;
    }
    effects_screen(a->c->o.fx);
    send_done(a);
}

/* ------------------------------------------------------------------------------------- bench -- */

static bool is_command(const char *text)
{
    for (const char *p = text; *p; p++)
        if (!((*p >= 'A' && *p <= 'Z') || *p == '-')) return false;
    return true;
}

void console_post_command(struct ask *a)
{
    AUTO_JSON struct json_doc *body = NULL;
    char command[COMMAND_CAP];
    if (!read_body(a, &body) || !read_text(a, body, "command", command, sizeof command)) return;
    err_t e = is_command(command) ? a->c->o.from.command(a->c->o.from.ctx, slice_text(command))
                                  : ERR_INVALID;
    if (e)
        console_fail_err(a, e, slice_text(command));
    else
        send_done(a);
}

void console_post_scan(struct ask *a)
{
    AUTO_JSON struct json_doc *body = NULL;
    if (!read_body(a, &body)) return;
    struct slice text = json_text(json_member(json_root(body), "text"));
    err_t e = ERR_INVALID;
    if (text.len > 0 && text.len <= SCAN_MAX) e = a->c->o.from.scan(a->c->o.from.ctx, text);
    if (e)
        console_fail_err(a, e, text);
    else
        send_done(a);
}

void console_post_recall(struct ask *a)
{
    AUTO_JSON struct json_doc *body = NULL;
    char key[KEY_CAP], who[NAME_CAP], reason[CONSOLE_WHY_CAP];
    if (!read_body(a, &body) || !read_text(a, body, "key", key, sizeof key)) return;
    if (!read_text(a, body, "who", who, sizeof who)) return;
    if (!read_text(a, body, "reason", reason, sizeof reason)) return;
    err_t e = a->c->o.from.recall(a->c->o.from.ctx, slice_text(key), who, reason);
    log_event(a->c->o.log, LOG_INFO, "console.recall", "key=%s result=%s", key, err_name(e));
    if (e) {
        console_fail_err(a, e, slice_text(key));
        return;
    }
    effects_screen(a->c->o.fx);
    send_done(a);
}

void console_post_manifest(struct ask *a)
{
    AUTO_JSON struct json_doc *body = NULL;
    char carrier[ID_CAP], who[NAME_CAP];
    if (!read_body(a, &body) || !read_text(a, body, "carrier", carrier, sizeof carrier)) return;
    if (!read_text(a, body, "who", who, sizeof who)) return;
    err_t e = outbox_manifest_close(a->c->o.outbox, carrier, who);
    if (e)
        console_fail_err(a, e, slice_text(carrier));
    else
        send_done(a);
}

static const struct act *act_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
        if (strcmp(acts[i].name, name) == 0) return &acts[i];
    return NULL;
}

static void send_bulk(struct ask *a, const struct exception_bulk *bulk)
{
    struct json_writer w = console_begin(a->c);
    json_put_int(&w, "done", (int64_t)bulk->done);
    json_put_int(&w, "skipped", (int64_t)bulk->skipped);
    json_put_bool(&w, "more", bulk->more);
    json_close_object(&w);
    console_send_json(a);
}

void console_post_rule(struct ask *a)
{
    AUTO_JSON struct json_doc *body = NULL;
    char rule[RULE_CAP], name[16], who[NAME_CAP], note[CONSOLE_WHY_CAP] = "";
    struct exception_bulk bulk = {0};
    if (!read_body(a, &body) || !read_text(a, body, "rule", rule, sizeof rule)) return;
    if (!read_text(a, body, "act", name, sizeof name)) return;
    if (!read_text(a, body, "who", who, sizeof who)) return;
    const struct act *act = act_by_name(name);
    if (act && act->needs_note && !read_text(a, body, "note", note, sizeof note)) return;
    err_t e =
        act ? exception_do_rule(a->c->o.outbox, rule, act->act, who, note, &bulk) : ERR_UNSUPPORTED;
    if (e) {
        console_fail_err(a, e, slice_text(rule));
        return;
    }
    effects_screen(a->c->o.fx);
    send_bulk(a, &bulk);
}
