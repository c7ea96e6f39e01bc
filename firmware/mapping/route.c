#include "firmware/mapping/route.h"

#include <string.h>

err_t channels_route(const struct config_site *site, const char *account_code,
                     const char *reference, char channel[24], char shop_order[ID_CAP])
{
    for (size_t i = 0; i < site->channel_rule_count; i++) {
        const struct config_channel_rule *rule = &site->channel_rules[i];
        bool account = rule->account_code[0] == '\0' ||
                       strcmp(rule->account_code, account_code == NULL ? "" : account_code) == 0;
        size_t prefix = strlen(rule->prefix);
        if (!account || strncmp(reference, rule->prefix, prefix) != 0) continue;
        const char *number = reference + prefix;
        bool none = strcmp(rule->channel, "none") == 0;
        if (!none && (number[0] == '\0' || strlen(number) >= ID_CAP)) continue;
        memcpy(channel, rule->channel, sizeof rule->channel);
        if (none && strlen(number) >= ID_CAP) number = "";
        memcpy(shop_order, number, strlen(number) + 1);
        return ERR_OK;
    }
    return ERR_NOTFOUND;
}
