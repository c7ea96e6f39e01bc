#include "tools/packpeers/shop.h"

#include <stdio.h>
#include <string.h>

#include "firmware/base/clock.h"
#include "firmware/base/text.h"

#define WINDOW_MS INT64_C(30000)

void shop_refuse(struct exchange *x, int status, const char *message)
{
    struct json_writer w = reply_json(x->reply, status);
    json_open_array(&w, NULL);
    json_open_object(&w, NULL);
    json_put_int(&w, "status", status);
    json_put_text(&w, "message", message);
    json_close_object(&w);
    json_close_array(&w);
}

void shop_refuse_v3(struct exchange *x, int status, const char *title)
{
    struct json_writer w = reply_json(x->reply, status);
    json_open_object(&w, NULL);
    json_put_int(&w, "status", status);
    json_put_text(&w, "title", title);
    json_put_text(&w, "type", "about:blank");
    json_open_object(&w, "errors");
    json_close_object(&w);
    json_close_object(&w);
}

static const struct {
    int id;
    const char *name;
} statuses[] = {
    {0, "Incomplete"},
    {1, "Pending"},
    {2, "Shipped"},
    {3, "Partially Shipped"},
    {4, "Refunded"},
    {5, "Cancelled"},
    {6, "Declined"},
    {7, "Awaiting Payment"},
    {8, "Awaiting Pickup"},
    {9, "Awaiting Shipment"},
    {10, "Completed"},
    {11, "Awaiting Fulfillment"},
    {12, "Manual Verification Required"},
    {13, "Disputed"},
    {14, "Partially Refunded"},
};
#define STATUS_COUNT (sizeof statuses / sizeof *statuses)

const char *shop_status_name(int status_id)
{
    for (size_t i = 0; i < STATUS_COUNT; i++)
        if (statuses[i].id == status_id) return statuses[i].name;
    return NULL;
}

/* ------------------------------------------------------------------------------- rendering -- */

/* Civil date of a day number since 1970-01-01 (Howard Hinnant's algorithm). */
static void civil_of(int64_t days, int *year, int *month, int *day)
{
    int64_t z = days + 719468;
    int64_t era = z / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(yoe + era * 400 + (*month <= 2));
}

void shop_put_date(struct json_writer *w, const char *name, int64_t ms)
{
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char text[64];
    int year, month, day;
    if (ms <= 0) {
        json_put_text(w, name, "");
        return;
    }
    int64_t seconds = ms / 1000;
    civil_of(seconds / 86400, &year, &month, &day);
    (void)snprintf(text, sizeof text, "%s, %02d %s %d %02d:%02d:%02d +0000",
                   days[seconds / 86400 % 7], day, months[month - 1], year,
                   (int)(seconds / 3600 % 24), (int)(seconds / 60 % 60), (int)(seconds % 60));
    json_put_text(w, name, text);
}

static void put_plain(struct json_writer *w, const char *name, const char *text)
{
    json_put_text(w, name, text ? text : "");
}

void shop_put_address(struct json_writer *w, const struct address *a, const char *company)
{
    struct slice name = slice_text(a->name);
    size_t cut = slice_find_byte(name, ' ');
    json_put_slice(w, "first_name", slice_sub(name, 0, cut));
    json_put_slice(w, "last_name", slice_sub(name, cut + 1, name.len));
    put_plain(w, "company", company);
    put_plain(w, "street_1", a->line1);
    put_plain(w, "street_2", a->line2);
    put_plain(w, "city", a->town);
    put_plain(w, "state", a->county);
    put_plain(w, "zip", a->postcode);
    put_plain(w, "country", text_same(a->country, "GB") ? "United Kingdom" : a->country);
    put_plain(w, "country_iso2", a->country);
    put_plain(w, "phone", a->phone);
    put_plain(w, "email", a->email);
}

void shop_totals(const struct peers *p, uint32_t number, uint32_t *out_ordered,
                 uint32_t *out_shipped)
{
    const struct shop_line *l;
    *out_ordered = 0;
    *out_shipped = 0;
    for (uint32_t i = 0; (l = world_nth(p, T_SHOP_LINE, i)); i++) {
        if (l->row.gone || l->order != number) continue;
        *out_ordered += l->quantity;
        *out_shipped += l->shipped;
    }
}

static void put_link(struct json_writer *w, const struct shop_order *o, const char *name)
{
    char text[96];
    json_open_object(w, name);
    (void)snprintf(text, sizeof text, "/orders/%u/%s", (unsigned)o->number, name);
    json_put_text(w, "url", text);
    json_put_text(w, "resource", text);
    json_close_object(w);
}

static uint32_t address_count(const struct peers *p, uint32_t number)
{
    const struct shop_address *a;
    uint32_t n = 0;
    for (uint32_t i = 0; (a = world_nth(p, T_SHOP_ADDRESS, i)); i++)
        n += a->order == number;
    return n;
}

static void put_order(const struct peers *p, struct json_writer *w, const struct shop_order *o)
{
    uint32_t ordered, shipped;
    shop_totals(p, o->number, &ordered, &shipped);
    json_open_object(w, NULL);
    json_put_int(w, "id", o->number);
    json_put_int(w, "customer_id", 11);
    shop_put_date(w, "date_created", o->created_ms);
    shop_put_date(w, "date_modified", o->modified_ms);
    shop_put_date(w, "date_shipped", o->shipped_ms);
    json_put_int(w, "status_id", o->status_id);
    json_put_text(w, "status", shop_status_name(o->status_id));
    json_put_int(w, "items_total", ordered);
    json_put_int(w, "items_shipped", shipped);
    json_put_text(w, "payment_status", o->status_id == 7 ? "" : "captured");
    json_put_text(w, "currency_code", "GBP");
    json_put_bool(w, "is_deleted", o->archived);
    json_put_bool(w, "order_is_digital", false);
    put_plain(w, "staff_notes", o->staff_notes);
    put_plain(w, "customer_message", o->customer_message);
    put_text_or_null(w, "external_order_id", o->external_id);
    json_put_int(w, "shipping_address_count", address_count(p, o->number));
    json_put_int(w, "channel_id", 1);
    json_open_object(w, "billing_address");
    shop_put_address(w, &o->billing, o->company);
    json_close_object(w);
    put_link(w, o, "products");
    put_link(w, o, "shipping_addresses");
    json_close_object(w);
}

static void put_line(struct json_writer *w, const struct shop_line *l)
{
    json_open_object(w, NULL);
    json_put_int(w, "id", l->row.id);
    json_put_int(w, "order_id", l->order);
    json_put_int(w, "product_id", l->product_id);
    json_put_int(w, "variant_id", l->product_id + 1000);
    json_put_int(w, "order_address_id", l->address_id);
    json_put_text(w, "name", l->name);
    json_put_text(w, "sku", l->sku);
    json_put_text(w, "type", "physical");
    json_put_int(w, "quantity", l->quantity);
    json_put_int(w, "quantity_shipped", l->shipped);
    json_put_int(w, "quantity_refunded", 0);
    json_put_bool(w, "is_refunded", false);
    json_put_null(w, "parent_order_product_id");
    json_put_bool(w, "is_bundled_product", false);
    bool wrapped = l->wrapping_message && l->wrapping_message[0];
    json_put_int(w, "wrapping_id", wrapped ? 1 : 0);
    json_put_text(w, "wrapping_name", wrapped ? "Gift wrap" : "");
    put_plain(w, "wrapping_message", l->wrapping_message);
    json_open_array(w, "product_options");
    json_close_array(w);
    json_close_object(w);
}

/* ------------------------------------------------------------------------------------ calls -- */

struct shop_order *shop_order_here(struct exchange *x)
{
    struct shop_order *o = shop_order_by_number(x->p, x->id);
    if (o && !o->row.gone) return o;
    shop_refuse(x, 404, "The requested resource was not found.");
    return NULL;
}

static uint32_t query_number(const struct exchange *x, const char *name, uint32_t otherwise)
{
    char text[16];
    int64_t n;
    if (!query_value(slice_text(x->request->query), name, text, sizeof text)) return otherwise;
    if (text_int(slice_text(text), 1, 100000, &n)) return otherwise;
    return (uint32_t)n;
}

struct shop_page shop_page_of(const struct exchange *x)
{
    uint32_t limit = query_number(x, "limit", 50);
    uint32_t page = query_number(x, "page", 1);
    if (limit > 250) limit = 250;
    return (struct shop_page){(page - 1) * limit, limit};
}

static void order_get(struct exchange *x)
{
    const struct shop_order *o = shop_order_here(x);
    if (!o) return;
    struct json_writer w = reply_json(x->reply, 200);
    put_order(x->p, &w, o);
}

static bool order_wanted(const struct exchange *x, const struct shop_order *o)
{
    char text[64];
    int64_t since;
    struct slice query = slice_text(x->request->query);
    if (o->row.gone) return false;
    if (query_value(query, "external_order_id", text, sizeof text) &&
        !text_same(text, o->external_id))
        return false;
    if (query_value(query, "status_id", text, sizeof text) &&
        query_number(x, "status_id", 0) != (uint32_t)o->status_id)
        return false;
    if (!query_value(query, "min_date_modified", text, sizeof text)) return true;
    if (clock_parse(slice_text(text), &since) && clock_parse_http(slice_text(text), &since))
        return true;
    return o->modified_ms >= since;
}

static const struct shop_order *next_by_date(const struct exchange *x,
                                             const struct shop_order *after)
{
    const struct shop_order *best = NULL;
    const struct shop_order *o;
    for (uint32_t i = 0; (o = world_nth(x->p, T_SHOP_ORDER, i)); i++) {
        if (!order_wanted(x, o)) continue;
        bool later = !after || o->modified_ms > after->modified_ms ||
                     (o->modified_ms == after->modified_ms && o->row.id > after->row.id);
        bool earlier = !best || o->modified_ms < best->modified_ms;
        if (later && earlier) best = o;
    }
    return best;
}

/* Always by date of change: the stand-in knows no other order. */
static void orders_list(struct exchange *x)
{
    struct shop_page page = shop_page_of(x);
    uint32_t n = 0;
    struct json_writer w = reply_json(x->reply, 200);
    json_open_array(&w, NULL);
    const struct shop_order *o = next_by_date(x, NULL);
    for (; o && n < page.skip + page.limit; n++, o = next_by_date(x, o))
        if (n >= page.skip) put_order(x->p, &w, o);
    json_close_array(&w);
    if (n > page.skip) return;
    x->reply->header_count = 0;
    reply_status(x->reply, 204);
}

static void lines_list(struct exchange *x)
{
    if (!shop_order_here(x)) return;
    struct shop_page page = shop_page_of(x);
    uint32_t n = 0;
    const struct shop_line *l;
    struct json_writer w = reply_json(x->reply, 200);
    json_open_array(&w, NULL);
    for (uint32_t i = 0; (l = world_nth(x->p, T_SHOP_LINE, i)); i++) {
        if (l->row.gone || l->order != x->id) continue;
        if (n >= page.skip && n < page.skip + page.limit) put_line(&w, l);
        n++;
    }
    json_close_array(&w);
}

static void addresses_list(struct exchange *x)
{
    if (!shop_order_here(x)) return;
    const struct shop_address *a;
    struct json_writer w = reply_json(x->reply, 200);
    json_open_array(&w, NULL);
    for (uint32_t i = 0; (a = world_nth(x->p, T_SHOP_ADDRESS, i)); i++) {
        if (a->order != x->id) continue;
        json_open_object(&w, NULL);
        json_put_int(&w, "id", a->row.id);
        json_put_int(&w, "order_id", a->order);
        shop_put_address(&w, &a->address, a->company);
        json_put_text(&w, "shipping_method", a->method);
        json_close_object(&w);
    }
    json_close_array(&w);
}

static void order_change(struct exchange *x)
{
    struct shop_order *o = shop_order_here(x);
    if (!o) return;
    int64_t status;
    if (json_int(json_member(x->body, "status_id"), 0, 1000, &status) ||
        !shop_status_name((int)status)) {
        shop_refuse(x, 400, "The field 'status_id' is invalid.");
        return;
    }
    if (status == 2 && o->status_id == 5)
        world_violation(x->p, "shop order %u: a cancelled order was set to Shipped",
                        (unsigned)o->number);
    o->status_id = (int)status;
    shop_touch(x->p, o);
    struct json_writer w = reply_json(x->reply, 200);
    put_order(x->p, &w, o);
}

static void statuses_list(struct exchange *x)
{
    struct json_writer w = reply_json(x->reply, 200);
    json_open_array(&w, NULL);
    for (size_t i = 0; i < STATUS_COUNT; i++) {
        json_open_object(&w, NULL);
        json_put_int(&w, "id", statuses[i].id);
        json_put_text(&w, "name", statuses[i].name);
        json_put_text(&w, "system_label", statuses[i].name);
        json_put_text(&w, "custom_label", statuses[i].name);
        json_close_object(&w);
    }
    json_close_array(&w);
}

/* --------------------------------------------------------------------------------- routing -- */

static const struct {
    const char *method;
    const char *path;
    bool body;
    void (*act)(struct exchange *x);
} routes[] = {
    {"GET", "/v2/orders", false, orders_list},
    {"GET", "/v2/orders/:", false, order_get},
    {"PUT", "/v2/orders/:", true, order_change},
    {"GET", "/v2/orders/:/products", false, lines_list},
    {"GET", "/v2/orders/:/shipping_addresses", false, addresses_list},
    {"GET", "/v2/orders/:/shipments", false, shop_shipments_list},
    {"POST", "/v2/orders/:/shipments", true, shop_shipments_create},
    {"GET", "/v2/orders/:/shipments/:", false, shop_shipments_get},
    {"PUT", "/v2/orders/:/shipments/:", true, shop_shipments_change},
    {"GET", "/v2/order_statuses", false, statuses_list},
    {"GET", "/v3/orders/:/metafields", false, shop_metafields_list},
    {"POST", "/v3/orders/:/metafields", true, shop_metafields_create},
};

static void put_rate_headers(struct exchange *x)
{
    struct peers *p = x->p;
    char text[24];
    uint32_t left =
        p->window_used < p->options.shop_quota ? p->options.shop_quota - p->window_used : 0;
    (void)snprintf(text, sizeof text, "%u", (unsigned)left);
    reply_header(x->reply, "X-Rate-Limit-Requests-Left", text);
    (void)snprintf(text, sizeof text, "%u", (unsigned)p->options.shop_quota);
    reply_header(x->reply, "X-Rate-Limit-Requests-Quota", text);
    (void)snprintf(text, sizeof text, "%lld", (long long)WINDOW_MS);
    reply_header(x->reply, "X-Rate-Limit-Time-Window-Ms", text);
    (void)snprintf(text, sizeof text, "%lld", (long long)(p->window_ms + WINDOW_MS - p->now_ms));
    reply_header(x->reply, "X-Rate-Limit-Time-Reset-Ms", text);
}

static bool within_quota(struct peers *p)
{
    if (p->now_ms >= p->window_ms + WINDOW_MS) {
        p->window_ms = p->now_ms;
        p->window_used = 0;
    }
    return p->window_used++ < p->options.shop_quota;
}

static void route(struct exchange *x, const char *path)
{
    uint32_t ids[2];
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (strcmp(routes[i].method, x->request->method) != 0) continue;
        if (!path_fits(routes[i].path, path, ids)) continue;
        x->id = ids[0];
        x->id2 = ids[1];
        if (routes[i].body && json_parse(x->request->body, &x->doc, NULL)) {
            shop_refuse(x, 400, "The request body is not valid JSON.");
            return;
        }
        x->body = x->doc ? json_root(x->doc) : NULL;
        routes[i].act(x);
        return;
    }
    shop_refuse(x, 404, "The requested resource was not found.");
}

void shop_handle(struct exchange *x)
{
    char prefix[80];
    const char *path = x->request->path;
    int n = snprintf(prefix, sizeof prefix, "/stores/%s/", x->p->options.shop_hash);
    const char *token = request_header(x->request, "x-auth-token");
    if (!within_quota(x->p)) {
        shop_refuse(x, 429, "Too many requests");
    } else if (n < 0 || strncmp(path, prefix, (size_t)n) != 0) {
        shop_refuse(x, 404, "The requested resource was not found.");
    } else if (!token || !text_same(token, x->p->options.shop_token)) {
        shop_refuse_v3(x, 401, "X-Auth-Token header is required");
    } else {
        if (!request_header(x->request, "accept"))
            world_remark(x->p, "shop: request without Accept: application/json");
        route(x, path + n - 1);
    }
    put_rate_headers(x);
}
