#include "firmware/channels/preview.h"

#include <string.h>

#include "firmware/base/mem.h"
#include "firmware/channels/template.h"

#define BODY_ROOM   (256u << 10)
#define FIRST_GUESS 9001 /* what stands in for values that answers give */

static void put_text(struct buf *out, json_node owner, const char *name)
{
    buf_put(out, json_text(json_member(owner, name)));
}

/* ------------------------------------------------------------------------------------- values --
 */

static void guess_takes(json_node owner, struct values *v, int *next, struct buf *out)
{
    json_node takes = json_member(owner, "take");
    for (json_node n = json_first(takes); n != NULL; n = json_next(n)) {
        char number[16];
        struct value_room room;
        struct buf b = buf_over(number, sizeof number);
        if (value_find(v, &v->place, json_name(n), &room).len > 0) continue;
        buf_printf(&b, "%d", (*next)++);
        err_ignore(value_set_named(v, json_name(n), buf_slice(&b))); /* room was checked */
        buf_text(out, "  ");
        buf_put(out, json_name(n));
        buf_printf(out, ": from an answer, here %s\n", buf_cstr(&b));
    }
}

static void guess(json_node root, struct values *v, struct buf *out)
{
    int next = FIRST_GUESS;
    for (json_node r = json_first(json_member(root, "reads")); r != NULL; r = json_next(r)) {
        json_node gives = json_member(r, "gives");
        for (json_node g = json_first(gives); g != NULL; g = json_next(g)) {
            guess_takes(g, v, &next, out);
        }
    }
    guess_takes(json_member(root, "records"), v, &next, out);
    for (json_node s = json_first(json_member(root, "steps")); s != NULL; s = json_next(s)) {
        guess_takes(s, v, &next, out);
    }
}

static void set(struct values *v, enum value_id id, const char *text)
{
    err_ignore(value_set(v, id, slice_text(text))); /* too long: empty, and the request says so */
}

static void set_values(const struct preview *p, const struct value_parcel *parcel, struct values *v)
{
    static const struct {
        enum value_id id;
        const char *text;
    } fixed[] = {
        {VALUE_DISPATCH_KEY, "KEY"},
        {VALUE_RECORD_KEY, "KEY-1"},
        {VALUE_RECORD_ADDRESS, "9000"},
        {VALUE_ORDER_COMPLETE, "true"},
        {VALUE_DISPATCH_SERVICE, "SERVICE"},
        {VALUE_DISPATCH_AT, "2026-01-01T00:00:00.000Z"},
        {VALUE_PAGE_NUMBER, "1"},
        {VALUE_PAGE_OFFSET, "0"},
        {VALUE_NOW, "1767225600"},
    };
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        set(v, fixed[i].id, fixed[i].text);
    }
    set(v, VALUE_ORDER_NUMBER, p->order);
    set(v, VALUE_ORDER_REFERENCE, p->order);
    set(v, VALUE_PARCEL_TRACKING, p->tracking);
    set(v, VALUE_PARCEL_CARRIER, p->carrier);
    set(v, VALUE_DISPATCH_CARRIER, p->carrier);
    v->lines = v->parts = p->lines;
    v->line_count = v->part_count = p->line_count;
    v->parcels = parcel;
    v->parcel_count = 1;
}

/* ------------------------------------------------------------------------------------- requests --
 */

static void put_headers(json_node map, const struct values *v, struct buf *out)
{
    for (json_node n = json_first(map); n != NULL; n = json_next(n)) {
        buf_text(out, "  ");
        buf_put(out, json_name(n));
        buf_text(out, ": ");
        if (template_plain(json_text(n), v, out) == ERR_INVALID) buf_text(out, "(empty)");
        buf_byte(out, '\n');
    }
}

static void put_body(json_node request, const struct values *v, struct buf *out)
{
    enum value_id culprit = VALUE_COUNT;
    json_node tree = json_member(request, "json");
    json_node form = json_member(request, "form");
    struct buf body = buf_new(BODY_ROOM);
    err_t e = ERR_OK;
    if (tree != NULL) e = template_body(tree, v, &body, &culprit);
    if (form != NULL) e = template_form(form, v, &body);
    if (e == ERR_OK && body.len > 0) {
        buf_text(out, "  ");
        buf_put(out, buf_slice(&body));
        buf_byte(out, '\n');
    } else if (e) {
        buf_printf(out, "  (the body cannot be made: %s)\n",
                   culprit == VALUE_COUNT ? "a value is missing" : value_name(culprit));
    }
    buf_deinit(&body);
}

static void put_request(const struct preview *p, json_node request, const struct values *v,
                        struct buf *out)
{
    buf_text(out, "  ");
    put_text(out, request, "method");
    buf_byte(out, ' ');
    if (template_url(request, p->config->base_url, v, out) != ERR_OK) {
        buf_text(out, " (the address cannot be made: a value is missing)");
    }
    buf_byte(out, '\n');
    put_headers(json_member(p->root, "headers"), v, out);
    put_headers(json_member(request, "headers"), v, out);
    json_node header = json_member(json_member(p->root, "auth"), "header");
    buf_text(out, "  ");
    buf_put(out, header == NULL ? SLICE("Authorization") : json_text(header));
    buf_text(out, ": ****\n");
    put_body(request, v, out);
}

static void put_conditions(json_node owner, struct buf *out)
{
    json_node when = json_member(owner, "when");
    if (json_count(when) == 0) return;
    buf_text(out, "  when ");
    json_render(when, out);
    buf_byte(out, '\n');
}

/* As the definition has it: what stands for secrets stays a name. */
static void put_login(const struct preview *p, const struct values *v, struct buf *out)
{
    json_node request = json_member(json_member(p->root, "auth"), "request");
    json_node url = json_member(request, "url");
    if (request == NULL) return;
    buf_text(out, "\nlogin\n  ");
    put_text(out, request, "method");
    buf_byte(out, ' ');
    err_t e = url != NULL ? template_plain(json_text(url), v, out)
                          : template_url(request, p->config->base_url, v, out);
    buf_text(out, e ? " (a value is missing)\n  " : "\n  ");
    json_node body = json_member(request, "json");
    json_render(body != NULL ? body : json_member(request, "form"), out);
    buf_byte(out, '\n');
}

static void put_reads(const struct preview *p, struct values *v, struct buf *out)
{
    for (json_node r = json_first(json_member(p->root, "reads")); r != NULL; r = json_next(r)) {
        int64_t size = 0;
        err_ignore(json_int(json_member(json_member(r, "pages"), "size"), 1, PAGE_SIZE_MAX, &size));
        value_set_int(v, VALUE_PAGE_SIZE, size);
        buf_text(out, "\nread ");
        put_text(out, r, "id");
        buf_byte(out, '\n');
        put_conditions(r, out);
        put_request(p, json_member(r, "request"), v, out);
    }
}

static void put_steps(const struct preview *p, struct values *v, struct buf *out)
{
    for (json_node s = json_first(json_member(p->root, "steps")); s != NULL; s = json_next(s)) {
        struct slice each = json_text(json_member(s, "each"));
        v->place = (struct value_place){.line = NULL};
        if (slice_is(each, "parcels")) v->place.parcel = v->parcels;
        if (each.len > 0 && !slice_is(each, "parcels")) v->place.line = v->lines;
        buf_text(out, "\nstep ");
        put_text(out, s, "id");
        if (slice_is(json_text(json_member(s, "per")), "dispatch")) {
            buf_text(out, ", before the records\n");
        } else if (slice_is(json_text(json_member(s, "per")), "finish")) {
            buf_text(out, ", at the end\n");
        } else {
            buf_text(out, ", for each ");
            buf_put(out, each.len > 0 ? each : SLICE("record"));
            buf_byte(out, '\n');
        }
        put_conditions(s, out);
        put_request(p, json_member(s, "request"), v, out);
    }
}

err_t preview_put(const struct preview *p, struct buf *out)
{
    struct values *v = mem_alloc(sizeof *v);
    if (v == NULL) return ERR_NOMEM;
    struct value_parcel parcel = {.weight_g = 0};
    err_ignore(slice_copy(slice_text(p->tracking), parcel.tracking, sizeof parcel.tracking));
    set_values(p, &parcel, v);
    options_set(p->root, p->config, v);
    guess(p->root, v, out);
    put_login(p, v, out);
    put_reads(p, v, out);
    put_steps(p, v, out);
    mem_free(v);
    return out->overflow ? ERR_NOSPACE : ERR_OK;
}
