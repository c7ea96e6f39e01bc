#include "firmware/channels/mapped.h"

#include <string.h>

#include "firmware/base/mem.h"
#include "firmware/mapping/sku.h"

#define LEDGER_MAX                                                                                 \
    ((size_t)4 * LINES_MAX) /* lines of one shop order, over all its consignments                  \
                             */

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

/* Takes off the ledger what of a line's rest nobody will send; the rest of the rest. */
static int64_t not_closed(const struct remote_line *l, struct ledger_line *ledger, size_t count)
{
    int64_t left = remote_line_left(l) * 1000;
    for (int named = 1; named >= 0; named--) {
        for (size_t i = 0; i < count && left > 0; i++) {
            bool by_id = ledger[i].shop_line[0] != '\0' && strcmp(ledger[i].shop_line, l->id) == 0;
            bool by_code = l->code[0] != '\0' && strcmp(ledger[i].sku, l->code) == 0;
            if (named ? !by_id : !by_code) continue;
            int64_t part = ledger[i].closed.milli < left ? ledger[i].closed.milli : left;
            ledger[i].closed.milli -= part;
            left -= part;
        }
    }
    return left;
}

err_t mapped_complete(struct store *st, const char *channel, const char *shop_order,
                      struct remote *remote, bool *out)
{
    AUTO_MEM struct ledger_line *ledger = mem_alloc(LEDGER_MAX * sizeof *ledger);
    size_t count = 0;
    if (ledger == NULL) return ERR_NOMEM;
    err_t e = catalogue_order_ledger(st, channel, shop_order, ledger, LEDGER_MAX, &count);
    if (e) return e;
    bool complete = count <= LEDGER_MAX && (count > 0 || !remote->silent);
    for (size_t i = 0; i < count && complete; i++) {
        if (ledger[i].outstanding.milli > 0) complete = false;
    }
    for (size_t i = 0; i < remote->line_count && complete && !remote->silent; i++) {
        const struct remote_line *l = &remote->lines[i];
        if (l->physical && not_closed(l, ledger, count) > 0) complete = false;
    }
    *out = complete && (remote->silent || remote->line_count > 0);
    return ERR_OK;
}
