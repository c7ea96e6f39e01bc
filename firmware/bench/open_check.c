/* open_check.c - what the goods themselves need is looked at when the order opens, not when its
 * label is bought: dangerous goods, and customs data of parcels to another country. */
#include "firmware/bench/session.h"

#include <stdio.h>
#include <string.h>

#include "firmware/mapping/maps.h"

static bool hold(struct bench *b, const char *rule, const char *owner, const char *text,
                 const char *next_step)
{
    if (maps_observes(&b->config->site, rule)) {
        bench_story(b, "rule.observed", text);
        return false;
    }
    struct verdict v = {.kind = VERDICT_HOLD};
    slice_copy_cut(slice_text(rule), v.rule, sizeof v.rule);
    slice_copy_cut(SLICE("station"), v.origin, sizeof v.origin);
    slice_copy_cut(slice_text(owner), v.owner, sizeof v.owner);
    slice_copy_cut(slice_text(text), v.text, sizeof v.text);
    slice_copy_cut(slice_text(next_step), v.next_step, sizeof v.next_step);
    session_hold(b, &v);
    return true;
}

static bool dangerous_held(struct bench *b, const struct config_product *p)
{
    char text[SAY_CAP * 2];
    const struct config_carrier *c = config_carrier_by_code(&b->config->site, b->carrier_code);
    if (!p->dangerous[0] || (c && c->dangerous_goods)) return false;
    (void)snprintf(text, sizeof text, "%s is dangerous goods (%s), which %s does not take here",
                   p->sku, p->dangerous, b->carrier_code[0] ? b->carrier_code : "the carrier");
    return hold(b, "order.dangerous_goods", "lead", text,
                "give it to a carrier that takes them, in Clarus");
}

static bool customs_held(struct bench *b, const char *sku, const struct config_product *p)
{
    char text[SAY_CAP * 2];
    const char *home = b->config->site.country;
    bool abroad = home[0] && b->about.country[0] && strcmp(home, b->about.country) != 0;
    const char *lacks = !p || !p->hs_code[0] ? "commodity code" : !p->origin[0] ? "origin" : NULL;
    if (!abroad || !lacks) return false;
    (void)snprintf(text, sizeof text, "goes to %s, and %s has no %s", b->about.country, sku, lacks);
    return hold(b, "order.customs_data", "product-data", text,
                "add hs_code and origin to the product table");
}

/* Named for the packer to acknowledge. */
static void note_danger(struct bench *b, const struct config_product *p)
{
    size_t used = strlen(b->about.danger);
    struct buf text = buf_over(b->about.danger, sizeof b->about.danger - 1);
    text.len = used;
    if (strstr(b->about.danger, p->dangerous)) return;
    if (used) buf_text(&text, ", ");
    buf_text(&text, p->dangerous);
    if (text.overflow) text.len = used;
    b->about.danger[text.len] = 0;
}

void open_find_danger(struct bench *b)
{
    b->about.danger[0] = 0;
    for (size_t i = 0; i < b->line_count; i++) {
        const struct config_product *p =
            config_product_by_sku(&b->config->site, b->lines[i].line.sku);
        if (p && p->dangerous[0] && b->lines[i].to_pack.milli > 0) note_danger(b, p);
    }
}

bool open_is_held(struct bench *b)
{
    for (size_t i = 0; i < b->line_count; i++) {
        const char *sku = b->lines[i].line.sku;
        const struct config_product *p = config_product_by_sku(&b->config->site, sku);
        if (b->lines[i].to_pack.milli == 0) continue;
        if (p && dangerous_held(b, p)) return true;
        if (customs_held(b, sku, p)) return true;
    }
    open_find_danger(b);
    return false;
}
