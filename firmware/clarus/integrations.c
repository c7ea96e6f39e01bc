/* integrations.c - Clarus may tell a shop by an integration of its own. While it is switched on,
 * our channel for that shop says nothing until the configuration names who reports. */
#include "firmware/clarus/inner.h"

#include <stdio.h>
#include <string.h>

#include "firmware/mapping/reports.h"
#include "firmware/outbox/exceptions.h"

void integrations_begin(struct clarus_flow *f)
{
    memset(f->c->integration_on, 0, sizeof f->c->integration_on);
    buf_text(list_filter(f), "{\"enabled\":{\"eq\":true}}");
    list_start(f, "integrations", "IntegrationFilterType", "id name integration_provider enabled");
}

void integrations_row(struct clarus_flow *f, json_node node)
{
    const struct config_site *site = &f->c->config->site;
    char name[NAME_CAP], provider[NAME_CAP];
    node_text(node, "/name", name, sizeof name);
    node_text(node, "/integration_provider", provider, sizeof provider);
    if (!json_bool(json_at(node, "/enabled"), true)) return;
    for (size_t i = 0; i < site->channel_count; i++)
        if (reports_same_shop(&site->channels[i], name, provider)) f->c->integration_on[i] = true;
}

static void tell(struct clarus *c, const struct config_channel *channel, bool on)
{
    char object[OBJECT_CAP];
    (void)snprintf(object, sizeof object, "channel %s", channel->name);
    if (on && channel->enabled && channel->reports == CONFIG_REPORTS_UNSET) {
        clarus_alarm(c, 0,
                     &(struct alarm){"channel.who_reports", "clarus", "integration", object,
                                     "Clarus has an integration of its own with this shop; nothing "
                                     "is reported from here.",
                                     "Set reports of the channel to station or clarus, then "
                                     "reload."});
        return;
    }
    err_t e = exception_clear(c->store, effects_wall(c->fx), "channel.who_reports", object);
    clarus_note(c, "who reports", e == ERR_NOTFOUND ? ERR_OK : e);
}

void integrations_done(struct clarus *c)
{
    const struct config_site *site = &c->config->site;
    for (size_t i = 0; i < site->channel_count; i++) {
        bool on = c->integration_on[i];
        if (on != reports_known(c->store, site->channels[i].name))
            clarus_note(c, "integration", reports_note(c->store, site->channels[i].name, on));
        tell(c, &site->channels[i], on);
    }
}
