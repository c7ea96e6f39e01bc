#include <stdio.h>
#include <string.h>

#include "firmware/base/text.h"
#include "tests/support/mini_shop.h"

/* One customer shipment after another: records[0] is made by the sale; what is not shipped by one
 * goes to the next. Stages: 0 waiting, 1 assigned, 2 picked, 3 packed, 4 done. Moves are numbered
 * 10 * shipment + line, both from 1. Packages are kept in `status` as ",TRACKING@shipment". */

static const char *const stages[] = {"waiting", "assigned", "picked", "packed", "done"};

static void open_first(struct mini_shop *s)
{
    if (s->record_count > 0) return;
    struct mini_record *r = mini_record_add(s);
    for (size_t i = 0; i < s->line_count; i++) {
        r->units[i] = s->ordered[i];
    }
}

static void put_sale(const struct mini_shop *s, struct buf *b)
{
    static const char *const states[] = {"processing", "confirmed", "cancelled"};
    if (s->unknown) return;
    buf_printf(b, "{\"id\":2,\"number\":\"2\",\"reference\":\"%s\",\"state\":\"%s\"}", s->number,
               states[s->state]);
}

static void put_moves(const struct mini_shop *s, struct buf *b)
{
    const char *comma = "";
    for (size_t i = 0; i < s->record_count; i++) {
        for (size_t k = 0; k < s->line_count; k++) {
            const struct mini_record *r = &s->records[i];
            if (r->units[k] == 0 && r->stage != 2) continue;
            buf_printf(b,
                       "%s{\"id\":%zu,\"quantity\":%d.0,\"state\":\"%s\",\"shipment\":"
                       "\"stock.shipment.out,%zu\",\"product.\":{\"code\":\"%s\",\"id\":1},"
                       "\"origin.\":{\"sale\":2,\"id\":1}}",
                       comma, 10 * (i + 1) + k + 1, r->units[k], r->stage == 4 ? "done" : "draft",
                       i + 1, s->skus[k]);
            comma = ",";
        }
    }
}

static void put_shipments(const struct mini_shop *s, bool open_only, struct buf *b)
{
    const char *comma = "";
    for (size_t i = 0; i < s->record_count; i++) {
        const struct mini_record *r = &s->records[i];
        if (open_only && (r->stage > 1 || r->key[0] != '\0')) continue;
        buf_printf(b, "%s{\"id\":%zu,\"number\":\"%zu\",\"reference\":", comma, i + 1, i + 1);
        if (r->key[0] == '\0') buf_text(b, "null");
        if (r->key[0] != '\0') buf_printf(b, "\"%s\"", r->key);
        buf_printf(b, ",\"state\":\"%s\"}", stages[r->stage]);
        comma = ",";
    }
}

static void put_packages(const struct mini_shop *s, struct buf *b)
{
    const char *comma = "";
    for (size_t i = 0; i < s->record_count; i++) {
        char all[64];
        snprintf(all, sizeof all, "%s", s->records[i].tracking);
        for (char *rest = all; *rest != '\0';) {
            size_t len = strcspn(rest, " ");
            buf_printf(b,
                       "%s{\"id\":1,\"shipping_reference\":\"%.*s\",\"shipment\":"
                       "\"stock.shipment.out,%zu\"}",
                       comma, (int)len, rest, i + 1);
            comma = ",";
            rest += len + (rest[len] == ' ');
        }
    }
}

static struct mini_record *shipment_of(struct mini_shop *s, const struct mini_request *q)
{
    int id = mini_int_at(q->body, "/params/0/0");
    if (id < 1 || (size_t)id > s->record_count) {
        mini_violate(s, "shipment", "");
        return &s->records[0];
    }
    return &s->records[id - 1];
}

static void write_move(struct mini_shop *s, const struct mini_request *q)
{
    int id = mini_int_at(q->body, "/params/0/0");
    int quantity = mini_int_at(q->body, "/params/1/quantity");
    size_t shipment = (size_t)id / 10 - 1;
    size_t line = (size_t)id % 10 - 1;
    if (id < 11 || shipment >= s->record_count || line >= s->line_count || quantity < 0) {
        mini_violate(s, "move", "");
        return;
    }
    s->records[shipment].units[line] = quantity;
    s->writes++;
}

static void create_package(struct mini_shop *s, const struct mini_request *q)
{
    char shipment[40] = "";
    char tracking[40] = "";
    int64_t id = 0;
    (void)mini_text_at(q->body, "/params/0/0/shipment", shipment, sizeof shipment);
    (void)mini_text_at(q->body, "/params/0/0/shipping_reference", tracking, sizeof tracking);
    struct slice number = slice_sub(slice_text(shipment), strlen("stock.shipment.out,"), 40);
    if (text_int(number, 1, (int64_t)s->record_count, &id) != ERR_OK ||
        mini_int_at(q->body, "/params/0/0/type") != 1 ||
        mini_int_at(q->body, "/params/0/0/moves/0/1/0") < 11) {
        mini_violate(s, "package", shipment);
        return;
    }
    struct mini_record *r = &s->records[id - 1];
    if (strstr(r->tracking, tracking) != NULL) mini_violate(s, "package twice", tracking);
    size_t len = strlen(r->tracking);
    snprintf(r->tracking + len, sizeof r->tracking - len, "%s%s", len > 0 ? " " : "", tracking);
    s->writes++;
}

/* What was not shipped becomes the next shipment. */
static void finish(struct mini_shop *s, struct mini_record *r)
{
    int left[MINI_LINES_MAX] = {0};
    int total = 0;
    r->stage = 4;
    for (size_t i = 0; i < s->line_count; i++) {
        left[i] = s->ordered[i] - mini_shipped(s, i);
        total += left[i];
    }
    snprintf(s->status, sizeof s->status, "%s", total == 0 ? "complete" : "partial");
    if (total > 0) memcpy(mini_record_add(s)->units, left, sizeof left);
}

static void transition(struct mini_shop *s, const char *what, const struct mini_request *q,
                       struct buf *b)
{
    struct mini_record *r = shipment_of(s, q);
    const char *answer = "null";
    if (strcmp(what, "assign_try") == 0) {
        if (r->stage == 0) r->stage = 1;
        answer = "true";
    } else if (strcmp(what, "pick") == 0) {
        if (r->stage == 1) r->stage = 2;
    } else if (strcmp(what, "pack") == 0) {
        if (r->stage == 2) r->stage = 3;
    } else if (strcmp(what, "done") == 0) {
        if (r->stage == 3) finish(s, r); /* from any other stage nothing happens, without a word */
    } else if (strcmp(what, "write") == 0) {
        (void)mini_text_at(q->body, "/params/1/reference", r->key, sizeof r->key);
    } else {
        mini_violate(s, "method", what);
    }
    s->writes++;
    buf_text(b, answer);
}

static void call(struct mini_shop *s, const char *method, const struct mini_request *q,
                 struct buf *b)
{
    static const char shipment[] = "model.stock.shipment.out.";
    bool open_only = json_count(json_at(q->body, "/params/0")) == 3;
    buf_text(b, "{\"id\":1,\"result\":");
    bool list = strstr(method, "search_read") != NULL;
    if (list) buf_text(b, "[");
    if (strcmp(method, "model.sale.sale.search_read") == 0) {
        put_sale(s, b);
    } else if (strcmp(method, "model.stock.move.search_read") == 0) {
        put_moves(s, b);
    } else if (strcmp(method, "model.stock.package.search_read") == 0) {
        put_packages(s, b);
    } else if (strcmp(method, "model.stock.shipment.out.search_read") == 0) {
        put_shipments(s, open_only, b);
    } else if (strcmp(method, "model.stock.move.write") == 0) {
        write_move(s, q);
        buf_text(b, "null");
    } else if (strcmp(method, "model.stock.package.create") == 0) {
        create_package(s, q);
        buf_text(b, "[7]");
    } else if (strncmp(method, shipment, sizeof shipment - 1) == 0) {
        transition(s, method + sizeof shipment - 1, q, b);
    } else {
        mini_violate(s, "method", method);
    }
    buf_text(b, list ? "]}" : "}");
}

static void login(struct mini_shop *s, const struct mini_request *q, struct mini_reply *r)
{
    char user[16] = "";
    char password[16] = "";
    (void)mini_text_at(q->body, "/params/0", user, sizeof user);
    (void)mini_text_at(q->body, "/params/1/password", password, sizeof password);
    if (strcmp(user, "packer") != 0 || strcmp(password, "secret") != 0) {
        r->status = 401;
        buf_text(r->body, "<!doctype html><title>401 Unauthorized</title>");
        return;
    }
    s->logins++;
    s->refuse_token = false;
    buf_printf(r->body, "{\"id\":1,\"result\":[3,\"s%u\"]}", s->logins);
}

static void serve(struct mini_shop *s, const struct mini_request *q, struct mini_reply *r)
{
    char method[80] = "";
    char session[40];
    char value[80] = "";
    struct buf b = buf_over(value, sizeof value - 1);
    open_first(s);
    if (s->records[0].foreign && s->records[0].stage > 4) finish(s, &s->records[0]);
    if (strcmp(q->path, "/db/") != 0 || strcmp(q->method, "POST") != 0) return;
    (void)mini_text_at(q->body, "/method", method, sizeof method);
    snprintf(session, sizeof session, "packer:3:s%u", s->logins);
    buf_text(&b, "Session ");
    text_base64(&b, slice_text(session));
    r->status = 200;
    if (strcmp(method, "common.db.login") == 0) {
        login(s, q, r);
    } else if (strcmp(mini_header(q, "Authorization"), buf_cstr(&b)) != 0 || s->refuse_token) {
        r->status = 401;
    } else {
        call(s, method, q, r->body);
    }
}

const struct mini_dialect mini_tryton = {
    .definition = "tryton",
    .base_url = "https://shop.test/db",
    .secret = "username: packer\npassword: secret",
    .options = {"package_type=1"},
    .one_record = true,
    .has_login = true,
    .hold_rule = "order.hold",
    .remainder = true,
    .serve = serve,
};
