#include "firmware/mapping/reports.h"

#include <stdio.h>
#include <string.h>

#include "firmware/base/text.h"

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static struct slice bare(const char *text, char *room, size_t cap)
{
    struct buf b = buf_over(room, cap);
    for (; *text != '\0'; text++) {
        if (is_alnum(*text)) buf_byte(&b, (uint8_t)*text);
    }
    return buf_slice(&b);
}

bool reports_same_shop(const struct config_channel *channel, const char *name, const char *provider)
{
    char a[NAME_CAP], b[NAME_CAP];
    if (channel->clarus_integration[0] != '\0')
        return strcmp(channel->clarus_integration, name) == 0;
    struct slice system = bare(channel->definition, a, sizeof a);
    return system.len > 0 && text_compare_nocase(system, bare(provider, b, sizeof b)) == 0;
}

static const char *key_of(const char *channel, char out[48])
{
    (void)snprintf(out, 48, "integration.%s", channel);
    return out;
}

bool reports_known(struct store *st, const char *channel)
{
    char key[48], value[8] = "";
    return store_meta_get(st, key_of(channel, key), value, sizeof value) == ERR_OK &&
           strcmp(value, "on") == 0;
}

err_t reports_note(struct store *st, const char *channel, bool on)
{
    char key[48];
    err_t e = store_begin(st);
    return e ? e : store_meta_set(st, key_of(channel, key), on ? "on" : "off");
}

bool reports_station(struct store *st, const struct config_channel *channel)
{
    if (channel->reports != CONFIG_REPORTS_UNSET) return channel->reports == CONFIG_REPORTS_STATION;
    return !reports_known(st, channel->name);
}
