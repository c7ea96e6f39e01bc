#include "firmware/channels/channels.h"

#include <string.h>

#include "firmware/base/mem.h"
#include "firmware/base/text.h"
#include "firmware/channels/run.h"

#define CONCURRENCY 2 /* orders reported at once to one shop; its rate is shared by all benches */
#define INVENTORY   1 /* step after Clarus */
#define STOREFRONT  2 /* step after Clarus and the inventory system */

/* A document "bigcommerce.json" beside the configuration stands in for the compiled-in one. Too
 * long a document is kept too long, so that loading refuses it by name. */
static err_t read_definition(struct channels *ch, const char *name, struct buf *out)
{
    char file[40];
    struct buf b = buf_over(file, sizeof file - 1);
    buf_printf(&b, "%s.json", name);
    err_t e = hal_document_read(effects_hal(ch->o.fx), buf_cstr(&b), out);
    if (e == ERR_NOTFOUND) {
        buf_clear(out);
        buf_put(out, definition_builtin(name));
        return ERR_OK;
    }
    return e == ERR_NOSPACE ? ERR_OK : e;
}

static err_t option_fault(const struct config_channel *config, struct slice name,
                          const char *reason, struct definition_fault *fault)
{
    struct buf b = buf_over(fault->path, sizeof fault->path - 1);
    *fault = (struct definition_fault){.name = ""};
    memcpy(fault->name, config->definition, sizeof fault->name);
    buf_text(&b, "$.options.");
    text_visible(&b, name, 40);
    b = buf_over(fault->reason, sizeof fault->reason - 1);
    buf_printf(&b, "%s: channel \"%s\", options", reason, config->name);
    return ERR_INVALID;
}

/* Every option the definition requires is set, and none is set that it does not know. */
static err_t check_options(const struct channel *c, struct definition_fault *fault)
{
    json_node options = json_member(c->definition.root, "options");
    for (json_node n = json_first(options); n != NULL; n = json_next(n)) {
        bool required = json_bool(json_member(n, "required"), false);
        if (required && channel_option(c->config, json_name(n)).len == 0) {
            return option_fault(c->config, json_name(n), "required and not set", fault);
        }
    }
    for (size_t i = 0; i < CONFIG_OPTIONS_MAX; i++) {
        char name[VALUE_NAME_CAP];
        struct slice text = slice_text(c->config->options[i]);
        struct slice key = slice_sub(text, 0, slice_find_byte(text, '='));
        bool known = slice_copy(key, name, sizeof name) == ERR_OK && json_member(options, name);
        if (text.len > 0 && !known) return option_fault(c->config, key, "unknown option", fault);
    }
    return ERR_OK;
}

static err_t load_channel(struct channels *ch, const struct config_channel *config,
                          struct definition_fault *fault)
{
    struct channel *c = &ch->channels[ch->channel_count];
    struct buf text = buf_new(DEFINITION_MAX + 1);
    *c = (struct channel){.ch = ch, .config = config};
    err_t e = read_definition(ch, config->definition, &text);
    if (e == ERR_OK) {
        e = definition_load(config->definition, buf_slice(&text), &c->definition, fault);
    }
    buf_deinit(&text);
    if (e) return e;
    ch->channel_count++; /* its definition is freed with the others */
    return check_options(c, fault);
}

err_t channels_new(const struct channels_options *options, struct channels **out,
                   struct definition_fault *fault)
{
    struct channels *ch = mem_alloc(sizeof *ch);
    if (ch == NULL) return ERR_NOMEM;
    ch->o = *options;
    ch->maps = (struct maps){.site = &options->config->site, .store = options->store};
    const struct config_site *site = &options->config->site;
    for (size_t i = 0; i < site->channel_count; i++) {
        if (!site->channels[i].enabled) continue;
        err_t e = load_channel(ch, &site->channels[i], fault);
        if (e) {
            channels_free(ch);
            return e;
        }
    }
    *out = ch;
    return ERR_OK;
}

void channels_free(struct channels *ch)
{
    if (ch == NULL) return;
    effects_cancel_owner(ch->o.fx, ch);
    for (size_t i = 0; i < RUNS_MAX; i++) {
        run_free(&ch->runs[i]);
    }
    for (size_t i = 0; i < ch->channel_count; i++) {
        definition_deinit(&ch->channels[i].definition);
        login_forget(&ch->channels[i].login);
    }
    mem_free(ch);
}

static uint8_t step_of(const struct channel *c)
{
    struct slice role = json_text(json_member(c->definition.root, "role"));
    return slice_is(role, "inventory") ? INVENTORY : STOREFRONT;
}

err_t channels_register(struct channels *ch)
{
    static const enum outbox_gate gates[] = {[CONFIG_GATE_AT_DISPATCH] = GATE_AT_DISPATCH,
                                             [CONFIG_GATE_AT_MANIFEST] = GATE_AT_MANIFEST,
                                             [CONFIG_GATE_AT_LABEL] = GATE_AT_LABEL};
    const struct config_site *site = &ch->o.config->site;
    uint32_t benches = site->benches > 0 ? site->benches : 1;
    for (size_t i = 0; i < ch->channel_count; i++) {
        struct channel *c = &ch->channels[i];
        if (c->config->reports == CONFIG_REPORTS_CLARUS) continue;
        uint32_t share = c->config->pace_per_minute / benches;
        struct destination_spec spec = {
            .step = step_of(c),
            .every = step_of(c) == INVENTORY,
            .concurrency = CONCURRENCY,
            .pace_per_minute = c->config->pace_per_minute > 0 && share == 0 ? 1 : share,
            .benches = benches,
            .service_ms = (int64_t)c->config->service_min * 60000,
            .gate = gates[c->config->gate],
            .early_ms = (int64_t)site->max_state_age_s * 1000,
            .timeout_ms = c->config->timeout_ms,
            .settle_ms = c->config->settle_ms,
            .settle_reads =
                (uint8_t)(c->config->settle_reads < 255 ? c->config->settle_reads : 255),
            .alert_attempts = site->alerts.attempts,
            .alert_age_ms = (int64_t)site->alerts.age_min * 60000,
            .connector = {.attempt = push_attempt, .ctx = c},
        };
        memcpy(spec.name, c->config->name, sizeof spec.name);
        err_t e = outbox_destination(ch->o.outbox, &spec);
        if (e) return e;
    }
    return ERR_OK;
}

/* -------------------------------------------------------------------------------------- checks --
 */

static struct channel *channel_by_name(struct channels *ch, const char *name)
{
    for (size_t i = 0; i < ch->channel_count; i++) {
        if (strcmp(ch->channels[i].config->name, name) == 0) return &ch->channels[i];
    }
    return NULL;
}

static bool needs_no_check(struct channels *ch, const struct consignment *c,
                           const struct channel *channel)
{
    if (channel != NULL) {
        return !channel->config->check_state || !run_has_reads(&channel->definition, "check");
    }
    const struct config_site *site = &ch->o.config->site;
    if (strcmp(c->channel, "none") == 0 || site->channel_count == 0) return true;
    for (size_t i = 0; i < site->channel_count; i++) {
        if (strcmp(site->channels[i].name, c->channel) == 0) return true; /* switched off */
    }
    return false;
}

static void check_loaded(struct channels *ch, uint32_t ticket, const struct consignment *c,
                         bool ahead)
{
    struct channel *channel = channel_by_name(ch, c->channel);
    struct verdict v = {.kind = VERDICT_GO, .origin = "storefront"};
    if (needs_no_check(ch, c, channel)) {
        ch->o.checked(ch->o.ctx, ticket, &v);
    } else if (channel == NULL) {
        v = (struct verdict){.kind = VERDICT_HOLD,
                             .rule = "channel.unknown",
                             .origin = "station",
                             .owner = "integration",
                             .text = "No shop is configured for this order.",
                             .next_step = "Add a channel rule for its account or reference."};
        ch->o.checked(ch->o.ctx, ticket, &v);
    } else {
        check_start(ch, channel, ticket, c, ahead);
    }
}

static void check(struct channels *ch, uint32_t ticket, int64_t consignment_id, bool ahead)
{
    struct consignment *c = mem_alloc(sizeof *c);
    err_t e = c == NULL ? ERR_NOMEM : catalogue_consignment(ch->o.store, consignment_id, c);
    if (e == ERR_OK) {
        check_loaded(ch, ticket, c, ahead);
    } else {
        struct verdict v = {.kind = VERDICT_UNKNOWN,
                            .rule = "channel.store",
                            .origin = "station",
                            .owner = "integration"};
        log_event(ch->o.log, LOG_ERROR, "channel.check", "error=%s", err_name(e));
        ch->o.checked(ch->o.ctx, ticket, &v);
    }
    mem_free(c);
}

void channels_check(struct channels *ch, uint32_t ticket, int64_t consignment_id)
{
    check(ch, ticket, consignment_id, false);
}

void channels_watch(struct channels *ch, uint32_t ticket, int64_t consignment_id)
{
    check(ch, ticket, consignment_id, true);
}
