#include "firmware/channels/mapped.h"

#include <string.h>

#include "firmware/mapping/sku.h"

static err_t map_line(const struct maps *m, const char *channel, struct remote_line *l)
{
    struct sku_mapped mapped;
    err_t e = sku_to_clarus(m, channel, slice_text(l->sku), &mapped);
    if (e == ERR_INVALID || e == ERR_NOSPACE) {
        l->code[0] = '\0';
        return ERR_OK;
    }
    if (e == ERR_OK) memcpy(l->code, mapped.code, sizeof l->code);
    return e;
}

err_t mapped_lines(const struct maps *m, const char *channel, struct remote *remote)
{
    for (size_t i = 0; i < remote->line_count; i++) {
        struct remote_line *l = &remote->lines[i];
        err_t e = map_line(m, channel, l);
        if (e) return e;
        l->collides = false;
        for (size_t j = 0; j < i && l->code[0] != '\0'; j++) {
            struct remote_line *before = &remote->lines[j];
            if (strcmp(before->code, l->code) != 0 || strcmp(before->sku, l->sku) == 0) continue;
            l->collides = before->collides = true;
        }
    }
    return ERR_OK;
}

err_t mapped_state(const struct maps *m, const char *channel, struct remote *remote)
{
    static const struct {
        enum remote_state state;
        const char *rule;
    } meaning[] = {[CONFIG_STATE_PACK] = {REMOTE_OPEN, ""},
                   [CONFIG_STATE_HOLD] = {REMOTE_HOLD, "order.state_held"},
                   [CONFIG_STATE_STOP] = {REMOTE_CANCELLED, "order.cancelled"},
                   [CONFIG_STATE_SENT] = {REMOTE_SHIPPED, "order.state_sent"}};
    enum config_state_action action;
    err_t e = maps_state(m, channel, remote->status, &action);
    if (e) return e == ERR_NOTFOUND ? ERR_OK : e;
    remote->state = meaning[action].state;
    return slice_copy(slice_text(meaning[action].rule), remote->rule, sizeof remote->rule);
}
