/* check_rules.c - what the site's tables say to one order of the shop. */
#include "firmware/channels/check.h"

#include <string.h>

#include "firmware/base/mem.h"
#include "firmware/base/text.h"
#include "firmware/channels/kits.h"
#include "firmware/mapping/seen.h"

#define DAY_MS INT64_C(86400000)

/* One check of the tables under way. */
struct judging {
    struct run *r;
    const char *channel;
    struct verdict *v;
    err_t e; /* of the store */
};

/* A rule found something: the order is held, or it is recorded and goes on. */
static void found(struct judging *j, const char *rule, const char *owner, const char *text,
                  const char *next_step)
{
    struct channels *ch = j->r->ch;
    if (maps_observes(&ch->o.config->site, rule)) {
        if (j->v->rule[0] == '\0') {
            *j->v = check_verdict(VERDICT_HOLD, rule, owner, text, next_step);
            j->v->kind = VERDICT_GO;
        }
        if (j->e == ERR_OK)
            j->e = story_add(ch->o.store, effects_wall(ch->o.fx), j->r->consignment_id,
                             "storefront", "rule.observed", "", text);
        return;
    }
    if (j->v->kind == VERDICT_GO) *j->v = check_verdict(VERDICT_HOLD, rule, owner, text, next_step);
}

static void collect(struct judging *j, enum seen_kind kind, const char *word, const char *code)
{
    struct channels *ch = j->r->ch;
    const struct seen_word w = {.kind = kind,
                                .channel = j->channel,
                                .word = word,
                                .code = code,
                                .consignment_id = j->r->consignment_id};
    if (j->e == ERR_OK) j->e = seen_note(ch->o.store, effects_wall(ch->o.fx), &w);
}

/* -------------------------------------------------------------------------------- ship method --
 */

/* What Clarus does not say cannot differ. */
static bool differs(const char *promised, const char *on_order)
{
    return promised[0] != '\0' && on_order[0] != '\0' && strcmp(promised, on_order) != 0;
}

static void say_unmapped(struct judging *j, const char *title)
{
    char text[SAY_CAP];
    struct buf b = buf_over(text, sizeof text - 1);
    buf_text(&b, "Ship method \"");
    text_visible(&b, slice_text(title), 96);
    buf_text(&b, "\" is not mapped to a carrier and service.");
    found(j, "ship_method.unmapped", "integration", buf_cstr(&b),
          "Add the exact title to ship_methods of this channel.");
}

static void say_differs(struct judging *j, const struct ship_method *s, const struct promised *p)
{
    char text[SAY_CAP];
    struct buf b = buf_over(text, sizeof text - 1);
    buf_text(&b, "Promised ");
    text_visible(&b, slice_text(s->carrier_code), 24);
    buf_byte(&b, ' ');
    text_visible(&b, slice_text(s->service_code), 24);
    buf_text(&b, "; Clarus has ");
    text_visible(&b, slice_text(p->carrier_code), 24);
    buf_byte(&b, ' ');
    text_visible(&b, slice_text(p->service_code), 24);
    buf_byte(&b, '.');
    found(j, "ship_method.differs", "lead", buf_cstr(&b),
          "Correct carrier and service of the order in Clarus.");
}

/* A channel without any entry is not judged; its titles are collected all the same. */
static void by_method(struct judging *j, const struct promised *p)
{
    const struct maps *maps = &j->r->ch->maps;
    const struct remote *m = j->r->remote;
    struct ship_method method, wrong = {.carrier_code = ""};
    bool any = maps_has_methods(maps, j->channel), right = false;
    for (size_t i = 0; i < m->method_count; i++) {
        err_t e = maps_method(maps, j->channel, m->methods[i], &method);
        if (e == ERR_NOTFOUND) collect(j, SEEN_METHOD, m->methods[i], "");
        if (e == ERR_NOTFOUND && any) say_unmapped(j, m->methods[i]);
        if (e == ERR_NOTFOUND) return;
        if (e) {
            j->e = e;
            return;
        }
        if (differs(method.carrier_code, p->carrier_code) ||
            differs(method.service_code, p->service_code))
            wrong = method;
        else
            right = true;
    }
    if (m->method_cut && any)
        say_unmapped(j, "(longer than 79 characters)");
    else if (wrong.carrier_code[0] != '\0' && !right)
        say_differs(j, &wrong, p);
}

/* ---------------------------------------------------------------------------------------- SKUs --
 */

static void say_collision(struct judging *j, const struct remote_line *l, const char *other)
{
    char text[SAY_CAP];
    struct buf b = buf_over(text, sizeof text - 1);
    buf_text(&b, "The shop's SKU ");
    text_visible(&b, slice_text(l->sku), 40);
    buf_text(&b, " becomes the same code as ");
    text_visible(&b, slice_text(other), 40);
    buf_byte(&b, '.');
    found(j, "sku.collision", "product-data", buf_cstr(&b),
          "Give one of them an exact pair in sku_rules, or another SKU.");
}

/* Two SKUs that become one code: within the order, or this one and another one sold lately. */
static void by_line(struct judging *j, const struct remote_line *l)
{
    struct channels *ch = j->r->ch;
    char other[SEEN_WORD_CAP];
    const struct seen_word w = {
        .kind = SEEN_SKU, .channel = j->channel, .word = l->sku, .code = l->code};
    int64_t days = ch->o.config->site.retention_days;
    if (!l->physical || l->code[0] == '\0') return;
    collect(j, SEEN_SKU, l->sku, l->code);
    if (j->e) return;
    err_t e = seen_other_sku(ch->o.store, &w, effects_wall(ch->o.fx).ms - days * DAY_MS, other);
    if (e == ERR_OK)
        say_collision(j, l, other);
    else if (e != ERR_NOTFOUND)
        j->e = e;
}

/* Without rules every SKU stands for itself: nothing can collide. */
static void by_skus(struct judging *j)
{
    const struct config_site *site = &j->r->ch->o.config->site;
    const struct remote *m = j->r->remote;
    bool rules = false;
    for (size_t i = 0; i < site->sku_rule_count; i++) {
        const char *channel = site->sku_rules[i].channel;
        rules = rules || channel[0] == '\0' || strcmp(channel, j->channel) == 0;
    }
    for (size_t i = 0; rules && i < m->line_count && j->e == ERR_OK; i++)
        by_line(j, &m->lines[i]);
}

static bool is_in_shop(const struct remote *m, const struct line *l)
{
    for (size_t i = 0; i < m->line_count; i++) {
        const struct remote_line *r = &m->lines[i];
        if (r->physical && (strcmp(r->code, l->sku) == 0 || strcmp(r->id, l->shop_line) == 0))
            return true;
    }
    return false;
}

static void say_not_in_shop(struct judging *j, const struct line *l)
{
    char text[SAY_CAP];
    struct buf b = buf_over(text, sizeof text - 1);
    buf_text(&b, "SKU ");
    text_visible(&b, slice_text(l->sku), 60);
    buf_text(&b, ": the shop order has no line of it.");
    found(j, "sku.not_in_shop", "product-data", buf_cstr(&b),
          "Pair it with the shop's SKU in sku_rules, or correct the order.");
}

/* What would be packed and could not be reported. */
static void by_our_lines(struct judging *j)
{
    AUTO_MEM struct line *lines = mem_alloc(LINES_MAX * sizeof *lines);
    size_t count = 0;
    if (j->r->remote->line_count == 0) return;
    j->e = lines == NULL
               ? ERR_NOMEM
               : catalogue_lines(j->r->ch->o.store, j->r->consignment_id, lines, LINES_MAX, &count);
    for (size_t i = 0; i < count && i < LINES_MAX && j->e == ERR_OK; i++) {
        const struct line *l = &lines[i];
        bool done = l->ordered.milli <= l->dispatched.milli + l->shorted.milli + l->cancelled.milli;
        bool known = is_in_shop(j->r->remote, l) ||
                     kits_hold(&j->r->ch->o.config->site, j->r->remote, l->sku);
        if (!done && !known) say_not_in_shop(j, l);
    }
}

/* -------------------------------------------------------------------------------------- fields --
 */

static void by_fields(struct judging *j)
{
    const struct order_fields *f = &j->r->remote->fields;
    char text[SAY_CAP];
    struct buf b = buf_over(text, sizeof text - 1);
    for (size_t i = 0; i < f->unnamed_count; i++)
        collect(j, SEEN_FIELD, f->unnamed[i], "");
    if (!f->missing) return;
    buf_text(&b, "The shop order lacks \"");
    text_visible(&b, slice_text(f->missing_name), 60);
    buf_text(&b, "\", which this shop's orders must have.");
    found(j, "field.missing", "e-commerce", buf_cstr(&b), "Add it to the order in the shop.");
}

err_t check_rules(struct run *r, const struct promised *p, struct verdict *v)
{
    struct judging j = {.r = r, .channel = r->channel->config->name, .v = v};
    by_method(&j, p);
    by_skus(&j);
    if (j.e == ERR_OK) by_our_lines(&j);
    by_fields(&j);
    return j.e;
}
