#include "firmware/channels/remote.h"

#include <string.h>

#include "firmware/base/text.h"
#include "firmware/channels/rules.h"

#define DIGEST_TEXT_MAX (256u << 10)
/* As long as an answer may be: what is too long to keep is held by the catalogue, never lost here.
 */
#define NOTE_ROOM    (REPLY_MAX + 1)
#define QUANTITY_MAX INT64_C(1000000000)

void remote_init(struct remote *m)
{
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
    return l->ordered > gone ? l->ordered - gone : 0;
}

bool remote_complete(const struct remote *m)
{
    for (size_t i = 0; i < m->line_count; i++) {
        if (m->lines[i].physical && remote_line_left(&m->lines[i]) > 0) return false;
    }
    return m->line_count > 0;
}

struct remote_line *remote_line_by_id(struct remote *m, const char *id)
{
    for (size_t i = 0; i < m->line_count; i++) {
        if (strcmp(m->lines[i].id, id) == 0) return &m->lines[i];
    }
    return NULL;
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

static json_node find(json_node row, json_node described, const char *member)
{
    char pointer[JSON_PATH_CAP];
    json_node at = json_member(described, member);
    if (at == NULL || slice_copy(json_text(at), pointer, sizeof pointer) != ERR_OK) return NULL;
    return json_at(row, pointer);
}

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

static err_t take_order(struct remote *m, json_node definition, json_node root,
                        const struct values *v)
{
    json_node described = json_member(definition, "order");
    err_t e = json_id(find(root, described, "status"), m->status, sizeof m->status);
    if (e) return ERR_PROTO;
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
        if (!rules_hold(json_member(g, "if"), root, v)) continue;
        for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
            if (slice_is(json_text(json_member(g, "state")), states[i].word)) {
                m->state = states[i].state;
            }
        }
        err_ignore(slice_copy(json_text(json_member(g, "rule")), m->rule, sizeof m->rule));
        break;
    }
    put_note(&m->customer_note, find(root, described, "customer_note"));
    put_note(&m->staff_note, find(root, described, "staff_note"));
    return ERR_OK;
}

static err_t take_line(struct remote *m, json_node definition, json_node row,
                       const struct values *v)
{
    json_node described = json_member(definition, "lines");
    if (m->line_count == REMOTE_LINES_MAX) return ERR_NOSPACE;
    struct remote_line *l = &m->lines[m->line_count];
    *l = (struct remote_line){.recorded = 0};
    err_t e = json_id(find(row, described, "id"), l->id, sizeof l->id);
    if (e) return ERR_PROTO;
    e = json_int(find(row, described, "ordered"), 0, QUANTITY_MAX, &l->ordered);
    if (e) return ERR_PROTO;
    e = json_int(find(row, described, "shipped"), 0, QUANTITY_MAX, &l->shipped);
    if (e) return ERR_PROTO;
    e = json_string(find(row, described, "sku"), l->sku, sizeof l->sku);
    if (e && e != ERR_NOTFOUND) l->sku[0] = '\0'; /* longer than any of ours: never equal */
    e = json_id(find(row, described, "address"), l->address, sizeof l->address);
    if (e && e != ERR_NOTFOUND) return ERR_PROTO;
    l->physical = rules_hold(json_member(described, "ship_if"), row, v);
    put_note(&m->gift_message, find(row, described, "gift_message"));
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

static err_t take_address(struct remote *m, json_node definition, json_node row)
{
    json_node described = json_member(definition, "addresses");
    take_method(m, find(row, described, "method"));
    for (json_node p = json_first(json_member(described, "digest")); p != NULL; p = json_next(p)) {
        char pointer[JSON_PATH_CAP];
        if (slice_copy(json_text(p), pointer, sizeof pointer) != ERR_OK) return ERR_PROTO;
        put_digest(&m->address_text, json_text(json_at(row, pointer)));
    }
    buf_byte(&m->address_text, '\n');
    return ERR_OK;
}

static err_t take_items(struct remote *m, json_node described, json_node row,
                        struct remote_record *r)
{
    json_node items = find(row, described, "items");
    if (json_kind(items) != JSON_ARRAY) return ERR_PROTO;
    r->first_item = m->item_count;
    for (json_node n = json_first(items); n != NULL; n = json_next(n)) {
        if (m->item_count == REMOTE_ITEMS_MAX) return ERR_NOSPACE;
        struct remote_item *i = &m->items[m->item_count];
        err_t e = json_id(find(n, described, "item_line"), i->line_id, sizeof i->line_id);
        if (e) return ERR_PROTO;
        e = json_int(find(n, described, "item_quantity"), 0, QUANTITY_MAX, &i->quantity);
        if (e) return ERR_PROTO;
        struct remote_line *l = remote_line_by_id(m, i->line_id);
        if (l != NULL) l->recorded += i->quantity;
        m->item_count++;
    }
    r->item_count = m->item_count - r->first_item;
    return ERR_OK;
}

static err_t take_record(struct remote *m, json_node definition, json_node row, const char *key)
{
    json_node described = json_member(definition, "records");
    if (m->record_count == REMOTE_RECORDS_MAX) return ERR_NOSPACE;
    struct remote_record *r = &m->records[m->record_count];
    *r = (struct remote_record){.number = 0};
    err_t e = json_id(find(row, described, "id"), r->id, sizeof r->id);
    if (e) return ERR_PROTO;
    r->number = remote_key_number(json_text(find(row, described, "key")), key);
    e = json_string(find(row, described, "tracking"), r->tracking, sizeof r->tracking);
    if (e && e != ERR_NOTFOUND) r->tracking[0] = '\0'; /* longer than any of ours: never equal */
    e = take_items(m, described, row, r);
    if (e) return e;
    m->record_count++;
    return ERR_OK;
}

static err_t take_row(struct remote *m, const struct remote_form *f, json_node row)
{
    struct slice gives = json_text(json_member(f->read, "gives"));
    if (json_kind(row) != JSON_OBJECT) return ERR_PROTO;
    if (!rules_hold(json_member(f->read, "must_match"), row, f->v)) return ERR_REFUSED;
    if (slice_is(gives, "order")) return take_order(m, f->definition, row, f->v);
    if (slice_is(gives, "lines")) return take_line(m, f->definition, row, f->v);
    if (slice_is(gives, "addresses")) return take_address(m, f->definition, row);
    return take_record(m, f->definition, row, f->key);
}

err_t remote_take(struct remote *m, const struct remote_form *form, json_node root,
                  size_t *out_rows)
{
    *out_rows = 0;
    json_node list = root;
    if (json_member(form->read, "list") != NULL) list = find(root, form->read, "list");
    if (slice_is(json_text(json_member(form->read, "gives")), "order")) {
        return take_row(m, form, list);
    }
    if (json_kind(list) != JSON_ARRAY) return ERR_PROTO;
    for (json_node row = json_first(list); row != NULL; row = json_next(row)) {
        err_t e = take_row(m, form, row);
        if (e) return e;
        ++*out_rows;
    }
    return ERR_OK;
}
