#include "tools/packpeers/control.h"

#include <string.h>

#include "firmware/base/text.h"

static void refuse(struct exchange *x, int status, const char *words)
{
    struct json_writer w = reply_json(x->reply, status);
    json_open_object(&w, NULL);
    json_put_text(&w, "error", words);
    json_close_object(&w);
}

static void answer(struct exchange *x, err_t e)
{
    if (e) {
        int status = e == ERR_NOTFOUND ? 404 : e == ERR_EXISTS || e == ERR_REFUSED ? 409 : 422;
        refuse(x, status, err_text(e));
        return;
    }
    struct json_writer w = reply_json(x->reply, 200);
    json_open_object(&w, NULL);
    json_put_bool(&w, "ok", true);
    json_close_object(&w);
}

static const char *text_of(struct exchange *x, json_node n, const char *name)
{
    return member_text(x->p, n, name);
}

static uint32_t number_of(json_node n, const char *name)
{
    int64_t out;
    return json_int(json_member(n, name), 0, UINT32_MAX, &out) ? 0 : (uint32_t)out;
}

/* ---------------------------------------------------------------------------------- orders -- */

static struct peer_address_spec address_of(struct exchange *x, json_node n)
{
    return (struct peer_address_spec){
        .name = text_of(x, n, "name"),
        .company = text_of(x, n, "company"),
        .street1 = text_of(x, n, "street1"),
        .street2 = text_of(x, n, "street2"),
        .town = text_of(x, n, "town"),
        .county = text_of(x, n, "county"),
        .postcode = text_of(x, n, "postcode"),
        .country = text_of(x, n, "country"),
        .email = text_of(x, n, "email"),
        .phone = text_of(x, n, "phone"),
    };
}

static struct peer_line_spec line_of(struct exchange *x, json_node n)
{
    return (struct peer_line_spec){
        .sku = text_of(x, n, "sku"),
        .quantity = number_of(n, "quantity"),
        .configuration = text_of(x, n, "configuration"),
        .configurations = number_of(n, "configurations"),
        .not_allocated = number_of(n, "not_allocated"),
        .address = number_of(n, "address"),
    };
}

static void order_place(struct exchange *x)
{
    json_node b = x->body;
    struct peer_order_spec spec = {
        .reference = text_of(x, b, "reference"),
        .clarus_only = json_bool(json_member(b, "clarus_only"), false),
        .shop_only = json_bool(json_member(b, "shop_only"), false),
        .status = text_of(x, b, "status"),
        .shop_status = (int)number_of(b, "shop_status"),
        .method = text_of(x, b, "method"),
        .packing_notes = text_of(x, b, "packing_notes"),
        .delivery_notes = text_of(x, b, "delivery_notes"),
        .order_notes = text_of(x, b, "order_notes"),
        .gift_message = text_of(x, b, "gift_message"),
        .customer_message = text_of(x, b, "customer_message"),
        .staff_notes = text_of(x, b, "staff_notes"),
        .tote = text_of(x, b, "tote"),
        .pick_list = text_of(x, b, "pick_list"),
    };
    json_node addresses = json_member(b, "addresses");
    json_node lines = json_member(b, "lines");
    if (json_count(addresses) > PEER_ORDER_ADDRESSES_MAX ||
        json_count(lines) > PEER_ORDER_LINES_MAX) {
        answer(x, ERR_INVALID);
        return;
    }
    for (json_node n = json_first(addresses); n; n = json_next(n))
        spec.addresses[spec.address_count++] = address_of(x, n);
    for (json_node n = json_first(lines); n; n = json_next(n))
        spec.lines[spec.line_count++] = line_of(x, n);
    answer(x, peers_order_place(x->p, x->p->now_ms, &spec));
}

static void order_change(struct exchange *x)
{
    struct peer_change change = {.reference = text_of(x, x->body, "reference"),
                                 .sku = text_of(x, x->body, "sku"),
                                 .text = text_of(x, x->body, "text"),
                                 .number = number_of(x->body, "number")};
    if (peer_change_kind_of(json_text(json_member(x->body, "kind")), &change.kind)) {
        refuse(x, 422, "kind is not a known change");
        return;
    }
    answer(x, peers_order_change(x->p, x->p->now_ms, &change));
}

static void product_add(struct exchange *x)
{
    json_node b = x->body;
    struct peer_product_spec spec = {
        .sku = text_of(x, b, "sku"),
        .name = text_of(x, b, "name"),
        .barcode = text_of(x, b, "barcode"),
        .case_barcode = text_of(x, b, "case_barcode"),
        .inner_barcode = text_of(x, b, "inner_barcode"),
        .outer_barcode = text_of(x, b, "outer_barcode"),
        .units_per_case = number_of(b, "units_per_case"),
        .units_per_inner = number_of(b, "units_per_inner"),
        .units_per_outer = number_of(b, "units_per_outer"),
        .weight_g = number_of(b, "weight_g"),
    };
    answer(x, peers_product_add(x->p, &spec));
}

/* ---------------------------------------------------------------------------------- faults -- */

static void fault_add(struct exchange *x)
{
    json_node b = x->body;
    int64_t times = 1;
    int64_t wait = 0;
    struct slice peer = json_text(json_member(b, "peer"));
    struct peer_fault fault = {.peer = slice_is(peer, "shop") ? PEER_SHOP : PEER_CLARUS,
                               .method = text_of(x, b, "method"),
                               .match = text_of(x, b, "match"),
                               .skip = number_of(b, "skip"),
                               .status = (int)number_of(b, "status"),
                               .words = text_of(x, b, "words")};
    bool known_peer = slice_is(peer, "shop") || slice_is(peer, "clarus");
    bool known_kind = !peer_fault_kind_of(json_text(json_member(b, "kind")), &fault.kind);
    bool times_bad =
        member_given(b, "times") && json_int(json_member(b, "times"), -1, INT32_MAX, &times);
    bool wait_bad =
        member_given(b, "wait_ms") && json_int(json_member(b, "wait_ms"), 0, INT32_MAX, &wait);
    if (!known_peer || !known_kind || times_bad || wait_bad) {
        refuse(x, 422, "peer, kind, times or wait_ms is not valid");
        return;
    }
    fault.times = times < 0 ? UINT32_MAX : (uint32_t)times;
    fault.wait_ms = wait;
    struct json_writer w = reply_json(x->reply, 200);
    json_open_object(&w, NULL);
    json_put_bool(&w, "ok", true);
    json_put_int(&w, "id", peers_fault_add(x->p, &fault));
    json_close_object(&w);
}

static void fault_hits(struct exchange *x)
{
    struct json_writer w = reply_json(x->reply, 200);
    json_open_object(&w, NULL);
    json_put_int(&w, "hits", peers_fault_hits(x->p, x->id));
    json_close_object(&w);
}

static void fault_clear(struct exchange *x)
{
    peers_fault_clear(x->p);
    answer(x, ERR_OK);
}

static void label_set(struct exchange *x)
{
    static const char *const kinds[PEER_LABEL_KINDS] = {
        "pdf_100x150", "pdf_4x6",   "png",        "zpl", "not_pdf",
        "html",        "truncated", "extra_page", "a4",  "wrong_code",
    };
    struct slice kind = json_text(json_member(x->body, "kind"));
    for (int i = 0; i < PEER_LABEL_KINDS; i++) {
        if (!slice_is(kind, kinds[i])) continue;
        peers_set_label(x->p, (enum peer_label_kind)i);
        answer(x, ERR_OK);
        return;
    }
    refuse(x, 422, "kind is not a known label");
}

/* ---------------------------------------------------------------------------------- ledger -- */

static void ledger_get(struct exchange *x)
{
    reply_status(x->reply, 200);
    reply_header(x->reply, "Content-Type", "application/json; charset=utf-8");
    peers_ledger_json(x->p, &x->reply->body);
}

static void violations_get(struct exchange *x)
{
    struct json_writer w = reply_json(x->reply, 200);
    json_open_object(&w, NULL);
    json_open_array(&w, "violations");
    const char *words;
    for (size_t i = 0; (words = peers_violation(x->p, i)); i++)
        json_put_text(&w, NULL, words);
    json_close_array(&w);
    json_close_object(&w);
}

static void order_get(struct exchange *x, const char *encoded)
{
    char reference[80];
    struct peer_order_view v;
    struct buf b = buf_over(reference, sizeof reference - 1);
    bool bad = text_unpercent(&b, slice_text(encoded), false) || b.overflow;
    if (!bad) reference[b.len] = 0;
    if (bad || peers_order_view(x->p, reference, &v)) {
        refuse(x, 404, "no such order");
        return;
    }
    struct json_writer w = reply_json(x->reply, 200);
    json_open_object(&w, NULL);
    ledger_put_order(x->p, &w, reference);
    json_close_object(&w);
}

static void demo_seed(struct exchange *x)
{
    peers_seed_demo(x->p, x->p->now_ms);
    answer(x, ERR_OK);
}

static const struct {
    const char *method;
    const char *path;
    bool body;
    void (*act)(struct exchange *x);
} routes[] = {
    {"GET", "/ledger", false, ledger_get},    {"GET", "/violations", false, violations_get},
    {"POST", "/orders", true, order_place},   {"POST", "/changes", true, order_change},
    {"POST", "/products", true, product_add}, {"POST", "/faults", true, fault_add},
    {"GET", "/faults/:", false, fault_hits},  {"DELETE", "/faults", false, fault_clear},
    {"POST", "/label", true, label_set},      {"POST", "/demo", false, demo_seed},
};

void control_handle(struct exchange *x)
{
    uint32_t ids[2];
    const char *path = x->request->path;
    const char *method = x->request->method;
    if (strcmp(method, "GET") == 0 && slice_starts(slice_text(path), "/orders/")) {
        order_get(x, path + strlen("/orders/"));
        return;
    }
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (strcmp(routes[i].method, method) != 0 || !path_fits(routes[i].path, path, ids))
            continue;
        x->id = ids[0];
        if (routes[i].body) {
            struct json_fault fault = {0};
            if (json_parse(x->request->body, &x->doc, &fault)) {
                refuse(x, 400, "the body is not JSON");
                return;
            }
            x->body = json_root(x->doc);
        }
        routes[i].act(x);
        return;
    }
    refuse(x, 404, "no such address; see packpeers --help");
}
