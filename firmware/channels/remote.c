#include "firmware/channels/remote.h"

#include <string.h>

#include "firmware/base/text.h"
#include "firmware/channels/take.h"

#define DIGEST_TEXT_MAX (256u << 10)
/* As long as an answer may be: what is too long to keep is held by the catalogue, never lost here.
 */
#define NOTE_ROOM    (REPLY_MAX + 1)
#define QUANTITY_MAX INT64_C(1000000000)

void remote_init(struct remote *m)
{
    m->state = REMOTE_UNKNOWN;
    m->rule[0] = '\0';
    m->status[0] = '\0';
    m->line_count = m->record_count = m->item_count = m->method_count = m->parcel_count = 0;
    m->method_cut = m->silent = false;
    m->order = NULL;
    m->line_text = buf_new(DIGEST_TEXT_MAX);
    m->address_text = buf_new(DIGEST_TEXT_MAX);
    m->customer_note = buf_new(NOTE_ROOM);
    m->staff_note = buf_new(NOTE_ROOM);
    m->gift_message = buf_new(NOTE_ROOM);
    order_fields_init(&m->fields);
}

void remote_deinit(struct remote *m)
{
    buf_deinit(&m->line_text);
    buf_deinit(&m->address_text);
    buf_deinit(&m->customer_note);
    buf_deinit(&m->staff_note);
    buf_deinit(&m->gift_message);
    order_fields_deinit(&m->fields);
}

int64_t remote_line_left(const struct remote_line *l)
{
    int64_t gone = l->shipped > l->recorded ? l->shipped : l->recorded;
    if (l->has_given) return l->given;
    return l->ordered > gone ? l->ordered - gone : 0;
}

bool remote_complete(const struct remote *m)
{
    if (m->silent) return m->state == REMOTE_SHIPPED;
    for (size_t i = 0; i < m->line_count; i++) {
        if (m->lines[i].physical && remote_line_left(&m->lines[i]) > 0) return false;
    }
    return m->line_count > 0;
}

struct remote_line *remote_line_by_id(struct remote *m, const char *id)
{
    for (size_t i = 0; i < m->line_count; i++) {
        const struct remote_line *l = &m->lines[i];
        if (strcmp(l->id, id) == 0 || strcmp(l->record_line, id) == 0) return &m->lines[i];
    }
    return NULL;
}

void remote_sum(struct remote *m)
{
    for (size_t i = 0; i < m->item_count; i++) {
        struct remote_line *l = remote_line_by_id(m, m->items[i].line_id);
        if (l != NULL) l->recorded += m->items[i].quantity;
    }
}

static bool in_word(struct slice text, size_t at)
{
    if (at >= text.len) return false;
    uint8_t c = text.ptr[at];
    bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    return alnum || c == '-' || c == '_';
}

int remote_key_number(struct slice text, const char *key)
{
    struct slice wanted = slice_text(key);
    if (wanted.len == 0) return 0;
    for (size_t from = 0; from < text.len;) {
        size_t at = from + slice_find(slice_sub(text, from, text.len), wanted);
        if (at >= text.len) return 0;
        size_t dash = at + wanted.len;
        size_t end = dash + 1;
        while (end < text.len && text.ptr[end] >= '0' && text.ptr[end] <= '9') {
            end++;
        }
        int64_t n = 0;
        bool whole = (at == 0 || !in_word(text, at - 1)) && !in_word(text, end) &&
                     dash < text.len && text.ptr[dash] == '-';
        if (whole && text_int(slice_sub(text, dash + 1, end), 1, REMOTE_NUMBER_MAX, &n) == ERR_OK) {
            return (int)n;
        }
        from = at + 1;
    }
    return 0;
}

/* ------------------------------------------------------------------------------------- reading --
 */

static void put_digest(struct buf *b, struct slice value)
{
    buf_printf(b, "%zu:", value.len);
    buf_put(b, value);
}

static void put_note(struct buf *b, json_node n)
{
    struct slice text = slice_trim(json_text(n));
    if (text.len == 0 || (b->len > 0 && slice_find(buf_slice(b), text) < b->len)) return;
    if (b->len > 0) buf_byte(b, '\n');
    buf_put(b, text);
}

static void judge_state(struct remote *m, json_node described, const struct row *row,
                        const struct values *v)
{
    static const struct {
        const char *word;
        enum remote_state state;
    } states[] = {{"open", REMOTE_OPEN},
                  {"shipped", REMOTE_SHIPPED},
                  {"hold", REMOTE_HOLD},
                  {"cancelled", REMOTE_CANCELLED}};
    m->state = REMOTE_UNKNOWN;
    err_ignore(slice_copy(SLICE("order.state_unknown"), m->rule, sizeof m->rule)); /* fits */
    for (json_node g = json_first(json_member(described, "guard")); g != NULL; g = json_next(g)) {
        if (!rules_hold_row(json_member(g, "if"), row, v)) continue;
        for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
            if (slice_is(json_text(json_member(g, "state")), states[i].word)) {
                m->state = states[i].state;
            }
        }
        err_ignore(slice_copy(json_text(json_member(g, "rule")), m->rule, sizeof m->rule));
        break;
    }
}

static err_t take_order(struct remote *m, const struct remote_form *f, const struct row *row)
{
    json_node described = json_member(f->definition, "order");
    m->order = row->node;
    err_t e = json_id(pointer_member(row, described, "status"), m->status, sizeof m->status);
    if (e) return ERR_PROTO;
    judge_state(m, described, row, f->v);
    put_note(&m->customer_note, pointer_member(row, described, "customer_note"));
    put_note(&m->staff_note, pointer_member(row, described, "staff_note"));
    return ERR_OK;
}

/* Whole units of a number, a decimal text or a float. */
static err_t take_units(json_node n, bool must_be_whole, int64_t *out)
{
    qty_t q;
    if (json_qty(n, &q) != ERR_OK || q.milli / 1000 > QUANTITY_MAX) return ERR_PROTO;
    if (must_be_whole && !qty_is_whole(q)) return ERR_UNSUPPORTED;
    *out = q.milli / 1000;
    return ERR_OK;
}

static err_t take_quantities(struct remote_line *l, json_node described, const struct row *row,
                             const struct values *v)
{
    err_t e = take_units(pointer_member(row, described, "ordered"), l->physical, &l->ordered);
    bool counts = json_member(described, "shipped") != NULL &&
                  rules_hold_row(json_member(described, "shipped_if"), row, v);
    if (e == ERR_OK && counts) {
        e = take_units(pointer_member(row, described, "shipped"), l->physical, &l->shipped);
    }
    l->has_given = json_member(described, "left") != NULL;
    if (e == ERR_OK && l->has_given) {
        e = take_units(pointer_member(row, described, "left"), l->physical, &l->given);
    }
    return e;
}

/* Of an optional id: absent is "". */
static err_t take_id(const struct row *row, json_node described, const char *member,
                     char out[REMOTE_ID_CAP])
{
    err_t e = json_id(pointer_member(row, described, member), out, REMOTE_ID_CAP);
    return e == ERR_NOTFOUND ? ERR_OK : e;
}

static err_t take_line(struct remote *m, const struct remote_form *f, const struct row *row)
{
    json_node described = json_member(f->definition, "lines");
    if (m->line_count == REMOTE_LINES_MAX) return ERR_NOSPACE;
    struct remote_line *l = &m->lines[m->line_count];
    *l = (struct remote_line){.recorded = 0};
    err_t e = json_id(pointer_member(row, described, "id"), l->id, sizeof l->id);
    if (e == ERR_OK) e = take_id(row, described, "record_line", l->record_line);
    if (e == ERR_OK) e = take_id(row, described, "address", l->address);
    if (e) return ERR_PROTO;
    l->physical = rules_hold_row(json_member(described, "ship_if"), row, f->v);
    e = take_quantities(l, described, row, f->v);
    if (e) return e;
    e = json_string(pointer_member(row, described, "sku"), l->sku, sizeof l->sku);
    if (e && e != ERR_NOTFOUND) l->sku[0] = '\0'; /* longer than any of ours: never equal */
    put_note(&m->gift_message, pointer_member(row, described, "gift_message"));
    put_digest(&m->line_text, slice_text(l->id));
    put_digest(&m->line_text, slice_text(l->sku));
    buf_printf(&m->line_text, "%lld\n", (long long)l->ordered);
    m->line_count++;
    return ERR_OK;
}

static void take_method(struct remote *m, json_node title)
{
    char text[NAME_CAP];
    err_t e = json_string(title, text, sizeof text);
    if (e == ERR_NOTFOUND || (e == ERR_OK && text[0] == '\0')) return;
    for (size_t i = 0; i < m->method_count && e == ERR_OK; i++) {
        if (strcmp(m->methods[i], text) == 0) return;
    }
    if (e || m->method_count == REMOTE_METHODS_MAX) {
        m->method_cut = true;
        return;
    }
    memcpy(m->methods[m->method_count++], text, sizeof text);
}

static err_t take_address(struct remote *m, const struct remote_form *f, const struct row *row)
{
    json_node described = json_member(f->definition, "addresses");
    take_method(m, pointer_member(row, described, "method"));
    for (json_node p = json_first(json_member(described, "digest")); p != NULL; p = json_next(p)) {
        put_digest(&m->address_text, json_text(pointer_find(row, p)));
    }
    buf_byte(&m->address_text, '\n');
    return ERR_OK;
}

/* --------------------------------------------------------------------------------------- records
 * --
 */

static err_t take_items(struct remote *m, json_node described, const struct row *row,
                        struct remote_record *r)
{
    json_node items = pointer_member(row, described, "items");
    r->first_item = m->item_count;
    if (json_member(described, "items") == NULL) return ERR_OK;
    if (json_kind(items) != JSON_ARRAY) return ERR_PROTO;
    for (json_node n = json_first(items); n != NULL; n = json_next(n)) {
        const struct row inner = {.node = n, .outer = row->node};
        if (m->item_count == REMOTE_ITEMS_MAX) return ERR_NOSPACE;
        struct remote_item *i = &m->items[m->item_count];
        err_t e =
            json_id(pointer_member(&inner, described, "item_line"), i->line_id, sizeof i->line_id);
        if (e) return ERR_PROTO;
        e = take_units(pointer_member(&inner, described, "item_quantity"), true, &i->quantity);
        if (e) return e;
        m->item_count++;
    }
    r->item_count = m->item_count - r->first_item;
    return ERR_OK;
}

static void take_taken(struct remote_record *r, json_node described, const struct row *row,
                       const struct values *v)
{
    size_t i = 0;
    json_node takes = json_member(described, "take");
    for (json_node n = json_first(takes); n != NULL && i < REMOTE_TAKES_MAX; n = json_next(n)) {
        char text[VALUE_CAP];
        take_text(n, row, NULL, v, text);
        err_ignore(slice_copy(slice_text(text), r->taken[i], sizeof r->taken[i])); /* "" then */
        i++;
    }
}

static err_t take_record(struct remote *m, const struct remote_form *f, const struct row *row)
{
    json_node described = json_member(f->definition, "records");
    if (!rules_hold_row(json_member(described, "counts_if"), row, f->v)) return ERR_OK;
    if (m->record_count == REMOTE_RECORDS_MAX) return ERR_NOSPACE;
    struct remote_record *r = &m->records[m->record_count];
    *r = (struct remote_record){.number = 0};
    err_t e = json_id(pointer_member(row, described, "id"), r->id, sizeof r->id);
    if (e) return ERR_PROTO;
    r->number = remote_key_number(json_text(pointer_member(row, described, "key")), f->key);
    e = json_string(pointer_member(row, described, "tracking"), r->tracking, sizeof r->tracking);
    if (e && e != ERR_NOTFOUND) r->tracking[0] = '\0'; /* longer than any of ours: never equal */
    r->unfinished = !rules_hold_row(json_member(described, "finished_if"), row, f->v);
    take_taken(r, described, row, f->v);
    e = take_items(m, described, row, r);
    if (e) return e;
    m->record_count++;
    return ERR_OK;
}

static err_t take_parcel(struct remote *m, const struct remote_form *f, const struct row *row)
{
    json_node described = json_member(f->definition, "parcels");
    if (m->parcel_count == REMOTE_PARCELS_MAX) return ERR_NOSPACE;
    char *to = m->parcels[m->parcel_count];
    err_t e = json_string(pointer_member(row, described, "tracking"), to, TRACKING_CAP);
    if (e == ERR_OK) m->parcel_count++;
    return ERR_OK; /* without a number, or with a longer one than any of ours: not one of ours */
}

/* -------------------------------------------------------------------------------------- selecting
 * --
 */

typedef err_t take_fn(struct remote *m, const struct remote_form *f, const struct row *row);

struct gift {
    const char *name;
    take_fn *take;     /* NULL: only its takes count */
    bool one;          /* exactly one row */
    bool may_be_none;  /* absent means an empty list */
    bool may_be_alone; /* an object means a list of one */
};

struct selecting {
    const struct gift *gift;
    json_node select;
    size_t seen, taken;
};

static err_t take_row(struct remote *m, const struct remote_form *f, struct selecting *s,
                      const struct row *row)
{
    s->seen++;
    if (json_kind(row->node) != JSON_OBJECT) return ERR_PROTO;
    if (!rules_hold_row(json_member(s->select, "where"), row, f->v)) return ERR_OK;
    if (!rules_hold_row(json_member(s->select, "must_match"), row, f->v)) return ERR_REFUSED;
    if (s->gift->one && s->taken > 0) return ERR_AMBIGUOUS;
    s->taken++;
    take_all(json_member(s->select, "take"), row, NULL, f->v);
    return s->gift->take == NULL ? ERR_OK : s->gift->take(m, f, row);
}

static err_t take_list(struct remote *m, const struct remote_form *f, struct selecting *s,
                       json_node list, json_node outer)
{
    enum json_kind kind = json_kind(list);
    bool none = kind == JSON_ABSENT || kind == JSON_NULL;
    if (none && (s->gift->may_be_none || s->gift->one)) return ERR_OK;
    if ((s->gift->one || s->gift->may_be_alone) && kind == JSON_OBJECT) {
        const struct row row = {.node = list, .outer = outer};
        return take_row(m, f, s, &row);
    }
    bool expected = !s->gift->one || json_member(s->select, "at") != NULL;
    if (kind != JSON_ARRAY || !expected) return ERR_PROTO;
    for (json_node n = json_first(list); n != NULL; n = json_next(n)) {
        const struct row row = {.node = n, .outer = outer};
        err_t e = take_row(m, f, s, &row);
        if (e) return e;
    }
    return ERR_OK;
}

static err_t take_gift(struct remote *m, const struct remote_form *f, struct selecting *s,
                       json_node root)
{
    const struct row whole = {.node = root};
    json_node within = json_member(s->select, "within");
    json_node list =
        json_member(s->select, "at") == NULL ? root : pointer_member(&whole, s->select, "at");
    if (within == NULL) return take_list(m, f, s, list, root);
    for (json_node n = json_first(list); n != NULL; n = json_next(n)) {
        const struct row outer = {.node = n};
        err_t e = take_list(m, f, s, pointer_find(&outer, within), n);
        if (e) return e;
    }
    return ERR_OK;
}

err_t remote_take(struct remote *m, const struct remote_form *form, json_node root,
                  size_t *out_rows)
{
    static const struct gift gifts[] = {
        {"found", NULL, .one = true},
        {"order", take_order, .one = true},
        {"lines", take_line, .one = false},
        {"addresses", take_address, .may_be_none = true, .may_be_alone = true},
        {"records", take_record, .may_be_none = true, .may_be_alone = true},
        {"parcels", take_parcel, .may_be_none = true},
    };
    *out_rows = 0;
    json_node gives = json_member(form->read, "gives");
    for (size_t i = 0; i < sizeof gifts / sizeof gifts[0]; i++) {
        struct selecting s = {.gift = &gifts[i], .select = json_member(gives, gifts[i].name)};
        if (s.select == NULL) continue;
        err_t e = take_gift(m, form, &s, root);
        if (e) return e;
        if (s.gift->one && s.taken == 0) return ERR_NOTFOUND;
        if (s.seen > *out_rows) *out_rows = s.seen;
    }
    return ERR_OK;
}
