#include "firmware/clarus/inner.h"
#include "firmware/base/mem.h"

err_t clarus_new(const struct clarus_options *options, struct clarus **out)
{
    struct clarus *c = mem_alloc(sizeof *c);
    if (!c) return ERR_NOMEM;
    c->store = options->store;
    c->fx = options->fx;
    c->outbox = options->outbox;
    c->log = options->log;
    c->config = options->config;
    c->on = options->on;
    c->poll_at = MONO_NEVER;
    c->signon_at = c->void_at = MONO_NEVER;
    *out = c;
    return ERR_OK;
}

void clarus_free(struct clarus *c)
{
    if (!c) return;
    effects_cancel_owner(c->fx, c);
    for (size_t i = 0; i < FLOWS_MAX; i++) {
        c->flows[i].call.state = CALL_IDLE; /* cancelled above */
        flow_finish(&c->flows[i]);
    }
    volatile char *token = c->session.token;
    for (size_t i = 0; i < sizeof c->session.token; i++)
        token[i] = 0;
    mem_free(c);
}

err_t clarus_start(struct clarus *c)
{
    char text[24];
    int64_t read = 0;
    if (store_meta_get(c->store, "clarus.worklist", text, sizeof text) == ERR_OK &&
        text_int(slice_text(text), 0, INT64_MAX, &read) == ERR_OK)
        c->catalogue_read = read;
    probe_load(c);
    worklist_count(c);
    c->started = true;
    c->offline_since = effects_wall(c->fx).ms;
    signon_start(c);
    shipment_resume(c);
    release_resume(c);
    flows_run(c);
    return ERR_OK;
}

void clarus_tick(struct clarus *c)
{
    mono_t now = effects_now(c->fx);
    if (!c->started) return;
    if (mono_reached(now, c->signon_at)) {
        c->signon_at = MONO_NEVER;
        signon_start(c);
    }
    if (mono_reached(now, c->poll_at)) worklist_start(c);
    shipment_void_tick(c);
    flows_tick(c);
}

mono_t clarus_deadline(const struct clarus *c)
{
    if (!c->started) return MONO_NEVER;
    mono_t at = mono_earlier(flows_deadline(c), c->void_at);
    return mono_earlier(at, mono_earlier(c->poll_at, c->signon_at));
}

void clarus_figures(const struct clarus *c, struct clarus_figures *out)
{
    *out = (struct clarus_figures){
        .reachable = c->reachable,
        .signed_on = c->signed_on && !c->session.refused,
        .offline_since = c->reachable ? 0 : c->offline_since,
        .catalogue_read = c->catalogue_read,
        .orders = c->orders,
    };
    const char *trouble = "";
    if (c->list_broken) trouble = "the work list cannot be read";
    if (c->session.refused) trouble = "credentials refused";
    words_copy(out->trouble, sizeof out->trouble, slice_text(trouble));
}
