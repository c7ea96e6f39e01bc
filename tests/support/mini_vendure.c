#include <stdio.h>
#include <string.h>

#include "tests/support/mini_shop.h"

/* Stages of a fulfilment: 0 Pending, 1 Shipped. */

static const char *state_of(const struct mini_shop *s)
{
    bool some = false;
    bool all = s->record_count > 0;
    if (s->state == MINI_CANCELLED) return "Cancelled";
    if (s->state == MINI_HOLD) return "ArrangingPayment";
    for (size_t i = 0; i < s->record_count; i++) {
        if (s->records[i].stage > 0) some = true;
        if (s->records[i].stage == 0) all = false;
    }
    for (size_t i = 0; i < s->line_count; i++) {
        if (mini_shipped(s, i) < s->ordered[i]) all = false;
    }
    if (all) return "Shipped";
    return some ? "PartiallyShipped" : "PaymentSettled";
}

static void put_fulfilment(const struct mini_shop *s, size_t i, struct buf *b)
{
    const struct mini_record *r = &s->records[i];
    const char *comma = "";
    buf_printf(b,
               "{\"id\":\"%zu\",\"state\":\"%s\",\"method\":\"%s\",\"trackingCode\":\"%s\","
               "\"lines\":[",
               i + 1, r->stage > 0 ? "Shipped" : "Pending", r->carrier, r->tracking);
    for (size_t k = 0; k < s->line_count; k++) {
        if (r->units[k] == 0) continue;
        buf_printf(b, "%s{\"orderLineId\":\"%zu\",\"quantity\":%d}", comma, k + 1, r->units[k]);
        comma = ",";
    }
    buf_text(b, "]}");
}

static void put_orders(const struct mini_shop *s, struct buf *b)
{
    buf_text(b, "{\"data\":{\"orders\":{\"items\":[");
    if (!s->unknown) {
        buf_printf(b, "{\"id\":\"3\",\"code\":\"%s\",\"state\":\"%s\",\"lines\":[", s->number,
                   state_of(s));
        for (size_t i = 0; i < s->line_count; i++) {
            buf_printf(b, "%s{\"id\":\"%zu\",\"quantity\":%d,\"productVariant\":{\"sku\":\"%s\"}}",
                       i > 0 ? "," : "", i + 1, s->ordered[i], s->skus[i]);
        }
        buf_text(b, "],\"fulfillments\":[");
        for (size_t i = 0; i < s->record_count; i++) {
            if (i > 0) buf_text(b, ",");
            put_fulfilment(s, i, b);
        }
        buf_text(b, "]}");
    }
    buf_text(b, "]}}}");
}

static bool take_lines(const struct mini_shop *s, json_node list, int units[MINI_LINES_MAX])
{
    for (json_node n = json_first(list); n != NULL; n = json_next(n)) {
        char id[16] = "";
        (void)mini_text_at(n, "/orderLineId", id, sizeof id);
        size_t line = mini_line_of(s, id, "");
        if (line == MINI_LINES_MAX || json_kind(json_member(n, "orderLineId")) != JSON_STRING) {
            return false;
        }
        units[line] += mini_int_at(n, "/quantity");
        if (mini_shipped(s, line) + units[line] > s->ordered[line]) return false;
    }
    return json_count(list) > 0;
}

static void create(struct mini_shop *s, const struct mini_request *q, struct mini_reply *r)
{
    int units[MINI_LINES_MAX] = {0};
    bool fits = take_lines(s, json_at(q->body, "/variables/i/lines"), units);
    if (!fits || s->state == MINI_CANCELLED) {
        buf_text(r->body, "{\"data\":{\"addFulfillmentToOrder\":{\"__typename\":"
                          "\"ItemsAlreadyFulfilledError\",\"errorCode\":"
                          "\"ITEMS_ALREADY_FULFILLED_ERROR\",\"message\":\"already\"}}}");
        return;
    }
    struct mini_record *f = mini_record_add(s);
    memcpy(f->units, units, sizeof units);
    json_node arguments = json_at(q->body, "/variables/i/handler/arguments");
    (void)mini_text_at(arguments, "/0/value", f->carrier, sizeof f->carrier);
    (void)mini_text_at(arguments, "/1/value", f->tracking, sizeof f->tracking);
    s->writes++;
    buf_printf(
        r->body,
        "{\"data\":{\"addFulfillmentToOrder\":{\"__typename\":\"Fulfillment\",\"id\":\"%zu\","
        "\"state\":\"Pending\",\"method\":\"%s\",\"trackingCode\":\"%s\"}}}",
        s->record_count, f->carrier, f->tracking);
}

static void ship(struct mini_shop *s, const struct mini_request *q, struct mini_reply *r)
{
    char id[16] = "";
    (void)mini_text_at(q->body, "/variables/id", id, sizeof id);
    size_t i = 0;
    for (; i < s->record_count; i++) {
        char own[24];
        snprintf(own, sizeof own, "%zu", i + 1);
        if (strcmp(own, id) == 0) break;
    }
    if (i == s->record_count) {
        mini_violate(s, "fulfilment", id);
        return;
    }
    if (s->records[i].stage > 0) {
        buf_text(r->body, "{\"data\":{\"transitionFulfillmentToState\":{\"__typename\":"
                          "\"FulfillmentStateTransitionError\",\"errorCode\":"
                          "\"FULFILLMENT_STATE_TRANSITION_ERROR\",\"fromState\":\"Shipped\","
                          "\"toState\":\"Shipped\"}}}");
        return;
    }
    s->records[i].stage = 1;
    s->writes++;
    snprintf(s->status, sizeof s->status, "%s", state_of(s));
    buf_printf(r->body,
               "{\"data\":{\"transitionFulfillmentToState\":{\"__typename\":\"Fulfillment\","
               "\"id\":\"%s\",\"state\":\"Shipped\"}}}",
               id);
}

static void login(struct mini_shop *s, const struct mini_request *q, struct mini_reply *r)
{
    char user[16] = "";
    char password[16] = "";
    (void)mini_text_at(q->body, "/variables/u", user, sizeof user);
    (void)mini_text_at(q->body, "/variables/p", password, sizeof password);
    if (strcmp(user, "packer") != 0 || strcmp(password, "pa\"ss") != 0) {
        buf_text(r->body, "{\"data\":{\"login\":{\"__typename\":\"InvalidCredentialsError\","
                          "\"errorCode\":\"INVALID_CREDENTIALS_ERROR\"}}}");
        return;
    }
    s->logins++;
    s->refuse_token = false;
    buf_printf(r->headers, "vendure-auth-token: session-%u\r\n", s->logins);
    buf_text(r->body, "{\"data\":{\"login\":{\"__typename\":\"CurrentUser\",\"id\":\"1\"}}}");
}

static void serve(struct mini_shop *s, const struct mini_request *q, struct mini_reply *r)
{
    char query[800] = "";
    char bearer[48];
    if (strcmp(q->path, "/admin-api") != 0 || strcmp(q->method, "POST") != 0) return;
    (void)mini_text_at(q->body, "/query", query, sizeof query);
    snprintf(bearer, sizeof bearer, "Bearer session-%u", s->logins);
    r->status = 200;
    if (strstr(query, "{login(") != NULL) {
        login(s, q, r);
    } else if (strcmp(mini_header(q, "Authorization"), bearer) != 0 || s->refuse_token) {
        buf_text(r->body, "{\"errors\":[{\"message\":\"You are not currently authorized\","
                          "\"extensions\":{\"code\":\"FORBIDDEN\"}}],\"data\":null}");
    } else if (strstr(query, "{orders(") != NULL) {
        put_orders(s, r->body);
    } else if (strstr(query, "{addFulfillmentToOrder(") != NULL) {
        create(s, q, r);
    } else if (strstr(query, "{transitionFulfillmentToState(") != NULL) {
        ship(s, q, r);
    } else {
        mini_violate(s, "query", query);
    }
}

const struct mini_dialect mini_vendure = {
    .definition = "vendure",
    .base_url = "https://shop.test",
    .secret = "username: packer\npassword: pa\"ss",
    .has_login = true,
    .serve = serve,
};
