#include "firmware/mapping/order_check.h"

#include <string.h>

#include "firmware/base/mem.h"
#include "firmware/base/text.h"
#include "firmware/mapping/address.h"
#include "firmware/mapping/seen.h"

struct looking {
    const struct maps *m;
    wall_t at;
    int64_t consignment_id;
    char channel[24];
    char carrier_code[ID_CAP];
    struct order_finding *out;
    size_t cap, count;
};

/* Room for one more; NULL when there is none. */
static struct order_finding *add(struct looking *l, const char *rule, const char *owner,
                                 const char *next_step)
{
    if (l->count == l->cap) return NULL;
    struct order_finding *f = &l->out[l->count++];
    *f = (struct order_finding){.rule = ""};
    slice_copy_cut(slice_text(rule), f->rule, sizeof f->rule);
    slice_copy_cut(slice_text(owner), f->owner, sizeof f->owner);
    slice_copy_cut(slice_text(next_step), f->next_step, sizeof f->next_step);
    return f;
}

/* ---------------------------------------------------------------------------------------- lines --
 */

static void add_for_line(struct looking *l, const struct line *line, const char *rule,
                         const char *what)
{
    struct order_finding *f =
        add(l, rule, "product-data",
            strcmp(rule, "sku.unknown") == 0
                ? "Add the product in Clarus, or correct the line; then open the order again."
                : "Add the unit with its counted factor to units; then open the order again.");
    if (f == NULL) return;
    struct buf b = buf_over(f->text, sizeof f->text - 1);
    buf_text(&b, "SKU ");
    text_visible(&b, slice_text(line->sku), 40);
    if (strcmp(line->unit, "unit") != 0) buf_printf(&b, ", unit \"%s\"", line->unit);
    buf_printf(&b, ": %s.", what);
    f->text[b.len] = '\0';
}

static err_t check_unit(struct looking *l, const struct line *line)
{
    struct unit_map unit;
    err_t e = maps_unit(l->m, l->channel, line->sku, line->unit, &unit);
    if (e == ERR_NOTFOUND) {
        if (line->unit_factor.milli > 0) return ERR_OK;
        add_for_line(l, line, "unit.unmapped", "neither a barcode nor a table says what it holds");
        const struct seen_word w = {.kind = SEEN_UNIT,
                                    .channel = l->channel,
                                    .word = line->unit,
                                    .code = "",
                                    .consignment_id = l->consignment_id};
        return seen_note(l->m->store, l->at, &w);
    }
    if (e) return e;
    int64_t milli = (int64_t)unit.factor * 1000;
    bool by_barcode = line->unit_factor.milli > 0 && line->unit_factor.milli != milli;
    bool by_order =
        line->units.milli > 0 && line->units.milli * (int64_t)unit.factor != line->ordered.milli;
    if (by_barcode || by_order)
        add_for_line(l, line, "unit.mismatch",
                     "table, barcode and order disagree on what it holds");
    else if (!unit.tested)
        add_for_line(l, line, "unit.untested", "nobody counted one yet");
    return ERR_OK;
}

static bool is_done(const struct line *line)
{
    return line->ordered.milli <=
           line->dispatched.milli + line->shorted.milli + line->cancelled.milli;
}

static err_t check_lines(struct looking *l, const struct line *lines, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (is_done(&lines[i])) continue;
        if (lines[i].product_id == 0)
            add_for_line(l, &lines[i], "sku.unknown", "Clarus gives no product for it");
        if (strcmp(lines[i].unit, "unit") == 0) continue;
        err_t e = check_unit(l, &lines[i]);
        if (e) return e;
    }
    return ERR_OK;
}

/* -------------------------------------------------------------------------------------- address --
 */

static void check_recipient(struct looking *l, struct slice recipient)
{
    AUTO_JSON struct json_doc *doc = NULL;
    struct address_fault fault;
    const struct config_site *site = l->m->site;
    if (recipient.len == 0 || json_parse(recipient, &doc, NULL) != ERR_OK) return;
    const struct config_carrier *carrier = config_carrier_by_code(site, l->carrier_code);
    if (address_check(&site->address, carrier, json_root(doc), &fault) == ERR_OK) return;
    struct order_finding *f =
        add(l, "address.incomplete", "lead",
            "Have the address completed in Clarus; then open the order again.");
    if (f == NULL) return;
    struct buf b = buf_over(f->text, sizeof f->text - 1);
    buf_printf(&b, "The delivery address: %s %s.", fault.member, fault.reason);
    f->text[b.len] = '\0';
}

/* Reads channel and carrier, and looks at the address. */
static err_t check_head(struct looking *l)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(
        l->m->store, "SELECT channel, carrier_code, recipient FROM consignment WHERE id = ?1", &q);
    if (e) return e;
    store_bind_int(q, 1, l->consignment_id);
    bool row = false;
    e = store_step(l->m->store, q, &row);
    if (e) return e;
    if (!row) return ERR_NOTFOUND;
    store_text(q, 0, l->channel, sizeof l->channel);
    store_text(q, 1, l->carrier_code, sizeof l->carrier_code);
    check_recipient(l, store_blob(q, 2));
    return ERR_OK;
}

err_t order_check(const struct maps *m, wall_t at, int64_t consignment_id,
                  struct order_finding *out, size_t cap, size_t *out_count)
{
    struct looking l = {.m = m, .at = at, .consignment_id = consignment_id, .out = out, .cap = cap};
    AUTO_MEM struct line *lines = mem_alloc(LINES_MAX * sizeof *lines);
    size_t count = 0;
    if (lines == NULL) return ERR_NOMEM;
    err_t e = check_head(&l);
    if (e == ERR_OK) e = catalogue_lines(m->store, consignment_id, lines, LINES_MAX, &count);
    if (e == ERR_OK) e = check_lines(&l, lines, count < LINES_MAX ? count : LINES_MAX);
    *out_count = l.count;
    return e;
}
