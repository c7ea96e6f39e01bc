#include "firmware/mapping/sku.h"

#include <string.h>

#include "firmware/base/text.h"

static bool is_code(struct slice s)
{
    if (s.len == 0 || !text_is_utf8(s)) return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < 0x20 || s.ptr[i] == 0x7F) return false;
    }
    return true;
}

static bool ends_with(struct slice s, const char *suffix)
{
    size_t len = strlen(suffix);
    return s.len >= len && slice_is(slice_sub(s, s.len - len, s.len), suffix);
}

/* -------------------------------------------------------------------------------------- forms --
 */

/* What is between prefix and suffix. False: the code is not of this form. */
static bool take_core(const struct config_sku_form *f, struct slice code, struct slice *out)
{
    if (!slice_starts(code, f->prefix)) return false;
    struct slice rest = slice_sub(code, strlen(f->prefix), code.len);
    if (!ends_with(rest, f->suffix)) return false;
    *out = slice_sub(rest, 0, rest.len - strlen(f->suffix));
    return out->len > 0;
}

/* The nth character of `to`; the character itself when it is not in `from`. */
static struct slice swapped(struct slice one, const char *from, const char *to)
{
    struct slice f = slice_text(from), t = slice_text(to);
    while (f.len > 0 && t.len > 0) {
        size_t f_step = text_utf8_step(f), t_step = text_utf8_step(t);
        if (f_step == 0 || t_step == 0) break;
        if (slice_eq(one, slice_sub(f, 0, f_step))) return slice_sub(t, 0, t_step);
        f = slice_sub(f, f_step, f.len);
        t = slice_sub(t, t_step, t.len);
    }
    return one;
}

static void put_letters(struct buf *b, struct slice s, const struct config_sku_form *f)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        if (f->letters == CONFIG_CASE_UPPER && c >= 'a' && c <= 'z') c = (uint8_t)(c - 'a' + 'A');
        if (f->letters == CONFIG_CASE_LOWER && c >= 'A' && c <= 'Z') c = (uint8_t)(c - 'A' + 'a');
        buf_byte(b, c);
    }
}

static void put_core(struct buf *b, struct slice core, const struct config_sku_form *from,
                     const struct config_sku_form *to)
{
    for (size_t at = 0; at < core.len;) {
        struct slice rest = slice_sub(core, at, core.len);
        size_t step = text_utf8_step(rest);
        if (step == 0) return;
        put_letters(b, swapped(slice_sub(rest, 0, step), from->characters, to->characters), to);
        at += step;
    }
}

static void put_zeros(struct buf *b, struct slice core, const struct config_sku_form *f)
{
    if (f->zeros == CONFIG_ZEROS_KEEP || !text_is_digits(core)) {
        buf_put(b, core);
        return;
    }
    while (core.len > 1 && core.ptr[0] == '0') {
        core = slice_sub(core, 1, core.len);
    }
    for (size_t i = core.len; f->zeros == CONFIG_ZEROS_PAD && i < f->width; i++) {
        buf_byte(b, '0');
    }
    buf_put(b, core);
}

/* ERR_NOTFOUND: not of the form `from`. ERR_NOSPACE: too long in the other. */
static err_t change_form(const struct config_sku_form *from, const struct config_sku_form *to,
                         struct slice code, char out[SKU_CAP])
{
    char middle[2 * SKU_CAP], whole[SKU_CAP];
    struct buf core_room = buf_over(middle, sizeof middle);
    struct buf b = buf_over(whole, sizeof whole);
    struct slice core = SLICE_NONE;
    if (!take_core(from, code, &core)) return ERR_NOTFOUND;
    if (from->length_max > 0 && code.len > from->length_max) return ERR_NOSPACE;
    put_core(&core_room, core, from, to);
    buf_text(&b, to->prefix);
    put_zeros(&b, buf_slice(&core_room), to);
    buf_text(&b, to->suffix);
    if (core_room.overflow || b.overflow) return ERR_NOSPACE;
    if (to->length_max > 0 && b.len > to->length_max) return ERR_NOSPACE;
    return slice_copy(buf_slice(&b), out, SKU_CAP);
}

/* -------------------------------------------------------------------------------------- rules --
 */

struct direction {
    const struct maps *m;
    const char *channel;
    bool to_clarus;
};

static err_t by_rule(const struct direction *d, const struct config_sku_rule *r, struct slice code,
                     struct sku_mapped *out)
{
    const char *mine = d->to_clarus ? r->shop : r->clarus;
    const char *other = d->to_clarus ? r->clarus : r->shop;
    if (mine[0] != '\0') {
        if (!slice_is(code, mine)) return ERR_NOTFOUND;
        memcpy(out->code, other, SKU_CAP);
        return ERR_OK;
    }
    struct slice bare = r->trim ? slice_trim(code) : code;
    out->trimmed = bare.len != code.len;
    return d->to_clarus ? change_form(&r->shop_form, &r->clarus_form, bare, out->code)
                        : change_form(&r->clarus_form, &r->shop_form, bare, out->code);
}

static err_t by_rules(const struct direction *d, struct slice code, bool pairs_off,
                      struct sku_mapped *out)
{
    const struct config_site *site = d->m->site;
    for (size_t i = 0; i < site->sku_rule_count; i++) {
        const struct config_sku_rule *r = &site->sku_rules[i];
        if (r->channel[0] != '\0' && strcmp(r->channel, d->channel) != 0) continue;
        if (pairs_off && r->shop[0] != '\0') continue;
        *out = (struct sku_mapped){.rule = (int)i};
        err_t e = by_rule(d, r, code, out);
        if (e != ERR_NOTFOUND) return e;
    }
    *out = (struct sku_mapped){.rule = SKU_RULE_NONE};
    return slice_copy(code, out->code, sizeof out->code);
}

err_t sku_to_clarus(const struct maps *m, const char *channel, struct slice shop_sku,
                    struct sku_mapped *out)
{
    const struct direction d = {m, channel, true};
    struct map_entry found, what = {.kind = MAP_SKU};
    if (!is_code(shop_sku)) return ERR_INVALID;
    if (shop_sku.len >= SKU_CAP) return ERR_NOSPACE;
    slice_copy_cut(slice_text(channel), what.channel, sizeof what.channel);
    slice_copy_cut(shop_sku, what.key, sizeof what.key);
    err_t e = maps_changed(m, &what, &found);
    if (e != ERR_OK && e != ERR_NOTFOUND) return e;
    if (e == ERR_NOTFOUND || found.removed) return by_rules(&d, shop_sku, e == ERR_OK, out);
    *out = (struct sku_mapped){.rule = SKU_RULE_LEAD};
    memcpy(out->code, found.value, sizeof out->code);
    return ERR_OK;
}

/* The shop's SKU a lead paired with this code. ERR_AMBIGUOUS: several. */
static err_t lead_pair(const struct maps *m, const char *channel, struct slice code,
                       struct sku_mapped *out)
{
    if (m->store == NULL) return ERR_NOTFOUND;
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(m->store,
                            "SELECT DISTINCT key FROM map_entry WHERE kind = 'sku' AND value = ?1 "
                            "AND channel IN (?2, '') AND removed = 0 LIMIT 2",
                            &q);
    if (e) return e;
    store_bind_slice(q, 1, code);
    store_bind_text(q, 2, channel);
    bool row = false;
    e = store_step(m->store, q, &row);
    if (e) return e;
    if (!row) return ERR_NOTFOUND;
    *out = (struct sku_mapped){.rule = SKU_RULE_LEAD};
    store_text(q, 0, out->code, sizeof out->code);
    e = store_step(m->store, q, &row);
    if (e) return e;
    return row ? ERR_AMBIGUOUS : ERR_OK;
}

err_t sku_to_shop(const struct maps *m, const char *channel, struct slice code,
                  struct sku_mapped *out)
{
    const struct direction d = {m, channel, false};
    struct sku_mapped there, back;
    if (!is_code(code)) return ERR_INVALID;
    if (code.len >= SKU_CAP) return ERR_NOSPACE;
    err_t e = lead_pair(m, channel, code, &there);
    if (e == ERR_NOTFOUND) e = by_rules(&d, code, false, &there);
    if (e) return e;
    e = sku_to_clarus(m, channel, slice_text(there.code), &back);
    if (e) return e == ERR_INVALID || e == ERR_NOSPACE ? ERR_AMBIGUOUS : e;
    if (!slice_is(code, back.code)) return ERR_AMBIGUOUS;
    *out = there;
    return ERR_OK;
}
