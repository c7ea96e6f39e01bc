#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/peers_call.h"

static struct caller fresh(const struct peers_options *o)
{
    struct caller c;
    caller_init(&c, peers_new(o));
    peers_seed_demo(c.p, c.now_ms);
    caller_sign_on(&c, "bench-1");
    return c;
}

static uint32_t order_id(struct caller *c, const char *reference)
{
    struct peer_order_view v;
    assert_int_equal(peers_order_view(c->p, reference, &v), ERR_OK);
    return v.goods_out_id;
}

/* Makes a shipment with this many medium boxes; returns its id. */
static uint32_t shipment_with(struct caller *c, const char *order, const char *key, int boxes)
{
    char body[512];
    (void)snprintf(body, sizeof body,
                   "{\"data\":{\"type\":\"shipments\",\"attributes\":{\"goods_out_id\":%u,"
                   "\"carrier_id\":3,\"carrier_service_id\":21,\"reference\":\"%s\"}}}",
                   (unsigned)order_id(c, order), key);
    assert_int_equal(clarus_call(c, "POST", "/api/shipments", body), 200);
    uint32_t id = (uint32_t)reply_number(c, "/data/id");
    for (int i = 0; i < boxes; i++) {
        (void)snprintf(body, sizeof body,
                       "{\"data\":{\"type\":\"packages\",\"attributes\":{\"shipment_id\":%u,"
                       "\"storage_unit_type_id\":15,\"dimensions\":{\"unit_of_measure\":"
                       "\"centimetre\",\"length\":40,\"width\":30,\"height\":25,\"weight\":7.81,"
                       "\"weight_unit_of_measure\":\"kilogram\"}}}}",
                       (unsigned)id);
        assert_int_equal(clarus_call(c, "POST", "/api/packages", body), 200);
    }
    return id;
}

static int act_on(struct caller *c, const char *method, const char *kind, uint32_t id,
                  const char *act)
{
    char path[96];
    (void)snprintf(path, sizeof path, "/api/%s/%u%s", kind, (unsigned)id, act);
    return clarus_call(c, method, path, NULL);
}

/* Ids of the open DISP tasks of an order, lowest first. */
static size_t open_tasks(struct caller *c, const char *order, uint32_t *out, size_t cap)
{
    char query[320];
    (void)snprintf(query, sizeof query,
                   "{tasks{all(filter:{goods_out_id:{eq:\"%u\"},task_type_code:{eq:\"DISP\"},"
                   "status:{in:[\"AVAILABLE\",\"ALLOCATED\"]}}){edges{node{id}}}}}",
                   (unsigned)order_id(c, order));
    json_node edges = json_at(graphql_call(c, query), "/tasks/all/edges");
    size_t n = 0;
    for (json_node e = json_first(edges); e && n < cap; e = json_next(e)) {
        int64_t id;
        assert_int_equal(json_int(json_at(e, "/node/id"), 1, UINT32_MAX, &id), ERR_OK);
        out[n++] = (uint32_t)id;
    }
    return n;
}

static int complete(struct caller *c, uint32_t task)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/api/tasks/%u", (unsigned)task);
    return clarus_call(c, "PATCH", path,
                       "{\"data\":{\"type\":\"tasks\",\"attributes\":{\"status\":\"completed\"}}}");
}

/* ---------------------------------------------------------------------------------- access -- */

static void access__wants_token_and_tenant(void **state)
{
    (void)state;
    struct caller c = fresh(NULL);
    const struct peer_header only_token[] = {{"Authorization", c.token}};
    struct peer_request r = {"POST", "/graphql", NULL, NULL, 0, SLICE("{}")};
    peers_handle(c.p, PEER_CLARUS, c.now_ms, &r, &c.reply);
    assert_int_equal(c.reply.status, 401);
    r.headers = only_token;
    r.header_count = 1;
    peers_handle(c.p, PEER_CLARUS, c.now_ms, &r, &c.reply);
    assert_int_equal(c.reply.status, 403);
    caller_deinit(&c);
}

static void access__token_expires(void **state)
{
    (void)state;
    struct caller c = fresh(&(struct peers_options){.token_life_s = 60});
    assert_non_null(graphql_call(&c, "{sites{all{edges{node{id}}}}}"));
    c.now_ms += 60000;
    assert_null(graphql_call(&c, "{sites{all{edges{node{id}}}}}"));
    assert_int_equal(c.reply.status, 401);
    assert_string_equal(reply_string(&c, "/error"), "The access token expired");
    caller_deinit(&c);
}

static void access__wrong_secret_is_refused(void **state)
{
    (void)state;
    struct caller c = fresh(NULL);
    struct peer_request r = {
        "POST", "/oauth/token",
        NULL,   NULL,
        0,      SLICE("grant_type=client_credentials&client_id=bench-1&client_secret=no")};
    peers_handle(c.p, PEER_CLARUS, c.now_ms, &r, &c.reply);
    assert_int_equal(c.reply.status, 401);
    caller_deinit(&c);
}

/* --------------------------------------------------------------------------------- queries -- */

static void graphql__answers_several_roots_with_aliases(void **state)
{
    (void)state;
    struct caller c = fresh(NULL);
    json_node d = graphql_call(
        &c,
        "query Two { a: goods_outs { all(filter:{reference:{eq:\"WEB-10428\"}}) { edges { "
        "cursor node { id ref: reference goods_out_status { code } carrier_service { code } } } "
        "} } b: products { all(filter:{case_barcode:{eq:\"15012345000034\"}}) { edges { node { "
        "code units_per_case } } } } }");
    assert_non_null(d);
    assert_string_equal(reply_string(&c, "/data/a/all/edges/0/node/ref"), "WEB-10428");
    assert_string_equal(reply_string(&c, "/data/a/all/edges/0/node/goods_out_status/code"), "PICK");
    assert_string_equal(reply_string(&c, "/data/a/all/edges/0/node/carrier_service/code"),
                        "NEXTDAY");
    assert_string_equal(reply_string(&c, "/data/a/all/edges/0/cursor"), "MQ");
    caller_deinit(&c);
}

static void graphql__takes_variables_and_checks_their_types(void **state)
{
    (void)state;
    struct caller c = fresh(NULL);
    static const char right[] =
        "{\"query\":\"query($f: GoodsOutsFilterType, $n: Int){goods_outs{all(filter:$f,first:$n)"
        "{pageInfo{hasNextPage endCursor} edges{node{reference}}}}}\","
        "\"variables\":{\"f\":{\"reference\":{\"ilike\":\"web-1043\"}},\"n\":3}}";
    assert_int_equal(clarus_call(&c, "POST", "/graphql", right), 200);
    assert_int_equal(json_count(json_at(json_root(c.doc), "/data/goods_outs/all/edges")), 3);
    assert_true(
        json_bool(json_at(json_root(c.doc), "/data/goods_outs/all/pageInfo/hasNextPage"), false));
    assert_string_equal(reply_string(&c, "/data/goods_outs/all/pageInfo/endCursor"), "Mw");
    static const char wrong[] =
        "{\"query\":\"query($f: TaskFilterType){goods_outs{all(filter:$f){edges{node{id}}}}}\","
        "\"variables\":{\"f\":{}}}";
    assert_int_equal(clarus_call(&c, "POST", "/graphql", wrong), 200);
    assert_non_null(json_at(json_root(c.doc), "/errors/0/message"));
    caller_deinit(&c);
}

static void graphql__pages_join_without_gap(void **state)
{
    (void)state;
    struct caller c = fresh(NULL);
    char query[200];
    char after[16] = "";
    int seen = 0;
    bool more = true;
    while (more && seen < 100) {
        (void)snprintf(query, sizeof query,
                       "{goods_outs{all(first:4,after:\"%s\"){pageInfo{hasNextPage endCursor} "
                       "edges{node{id}}}}}",
                       after);
        json_node all = json_at(graphql_call(&c, query), "/goods_outs/all");
        seen += (int)json_count(json_member(all, "edges"));
        more = json_bool(json_at(all, "/pageInfo/hasNextPage"), false);
        assert_int_equal(json_string(json_at(all, "/pageInfo/endCursor"), after, sizeof after),
                         ERR_OK);
    }
    assert_int_equal(seen, 13);
    caller_deinit(&c);
}

static void graphql__one_unknown_name_fails_the_whole_query(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{goods_outs{all{edges{node{id colour}}}} sites{all{edges{node{id}}}}}",
        "{goods_outs{all(filter:{colour:{eq:\"x\"}}){edges{node{id}}}}}",
        "{goods_outs{all(filter:{reference:{starts:\"x\"}}){edges{node{id}}}}}",
        "{goods_outs{all(filter:{reference:{eq:7}}){edges{node{id}}}}}",
        "{gods_outs{all{edges{node{id}}}}}",
        "{goods_outs{one{edges{node{id}}}}}",
        "{goods_outs{all{edges{node}}}}",
        "{goods_outs{all{edges{node{id{code}}}}}}",
    };
    struct caller c = fresh(NULL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_null(graphql_call(&c, bad[i]));
        assert_int_equal(c.reply.status, 200);
        assert_int_equal(json_count(json_at(json_root(c.doc), "/errors")), 1);
    }
    caller_deinit(&c);
}

static void graphql__inferred_fields_can_be_switched_off(void **state)
{
    (void)state;
    static const char *const inferred[] = {
        "{goods_outs{all{edges{node{packing_notes}}}}}",
        "{goods_outs{all{edges{node{address{postcode}}}}}}",
        "{tasks{all{edges{node{goods_out{id}}}}}}",
        "{products{all{edges{node{case_barcode}}}}}",
        "{goods_outs{all(filter:{id:{eq:\"40201\"}}){edges{node{id}}}}}",
    };
    struct caller on = fresh(NULL);
    struct caller off = fresh(&(struct peers_options){.inferred_off = PEER_INFER_ALL});
    for (size_t i = 0; i < sizeof inferred / sizeof *inferred; i++) {
        assert_non_null(graphql_call(&on, inferred[i]));
        assert_null(graphql_call(&off, inferred[i]));
    }
    assert_non_null(graphql_call(&off, "{goods_outs{all{edges{node{id reference}}}}}"));
    caller_deinit(&on);
    caller_deinit(&off);
}

static void graphql__broken_text_gets_errors_not_a_crash(void **state)
{
    (void)state;
    static const char whole[] =
        "query Q($f: GoodsOutsFilterType!, $n: [Int!]) { x: goods_outs { all(filter: {reference: "
        "{in: [\"a\\\"b\", \"c\"], eq: ENUM}, account_id: {gt: -1.5e3}}, first: 10) { edges { node "
        "{ id # note\n } } } } ... @skip }";
    struct caller c = fresh(NULL);
    char text[sizeof whole];
    for (size_t cut = 0; cut < sizeof whole; cut++) {
        memcpy(text, whole, cut);
        text[cut] = 0;
        assert_null(graphql_call(&c, text));
    }
    for (size_t i = 0; i + 1 < sizeof whole; i++) {
        for (int byte = 0; byte < 256; byte += 7) {
            memcpy(text, whole, sizeof whole);
            text[i] = (char)byte;
            (void)graphql_call(&c, text);
        }
    }
    char deep[400];
    memset(deep, '{', sizeof deep - 1);
    deep[sizeof deep - 1] = 0;
    assert_null(graphql_call(&c, deep));
    caller_deinit(&c);
}

static void graphql__reads_lag_behind_writes(void **state)
{
    (void)state;
    struct caller c = fresh(&(struct peers_options){.read_lag_ms = 5000});
    static const char query[] = "{shipments{all{edges{node{id reference status}}}}}";
    c.now_ms += 10000;
    uint32_t id = shipment_with(&c, "WEB-10427", "PS-1", 1);
    assert_non_null(graphql_call(&c, query));
    assert_int_equal(json_count(json_at(json_root(c.doc), "/data/shipments/all/edges")), 0);
    c.now_ms += 5001;
    assert_non_null(graphql_call(&c, query));
    assert_string_equal(reply_string(&c, "/data/shipments/all/edges/0/node/status"), "pending");
    assert_int_equal(act_on(&c, "POST", "shipments", id, "/submit"), 200);
    assert_non_null(graphql_call(&c, query));
    assert_string_equal(reply_string(&c, "/data/shipments/all/edges/0/node/status"), "pending");
    c.now_ms += 5001;
    assert_non_null(graphql_call(&c, query));
    assert_string_equal(reply_string(&c, "/data/shipments/all/edges/0/node/status"), "submitted");
    caller_deinit(&c);
}

/* ------------------------------------------------------------------------------- shipments -- */

static void shipment__submit_buys_one_label_per_package(void **state)
{
    (void)state;
    struct caller c = fresh(NULL);
    struct peer_label labels[4];
    uint32_t id = shipment_with(&c, "WEB-10429", "PS-1", 2);
    assert_int_equal(act_on(&c, "POST", "shipments", id, "/submit"), 200);
    assert_int_equal(peers_labels(c.p, "WEB-10429", labels, 4), 2);
    assert_string_not_equal(labels[0].tracking, labels[1].tracking);
    assert_string_equal(labels[0].shipment_key, "PS-1");
    assert_int_equal(strlen(labels[0].tracking), 15);
    assert_int_equal(act_on(&c, "POST", "shipments", id, "/submit"), 422);
    assert_int_equal(act_on(&c, "DELETE", "shipments", id, ""), 422);
    assert_int_equal(act_on(&c, "POST", "shipments", id, "/cancel"), 200);
    assert_int_equal(peers_labels(c.p, "WEB-10429", labels, 4), 2);
    assert_true(labels[0].voided && labels[1].voided);
    assert_int_equal(act_on(&c, "POST", "shipments", id, "/cancel"), 422);
    assert_null(peers_violation(c.p, 0));
    caller_deinit(&c);
}

static void shipment__what_the_contract_refuses_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{\"data\":{\"type\":\"shipment\",\"attributes\":{\"goods_out_id\":40201}}}",
        "{\"data\":{\"type\":\"shipments\",\"attributes\":{}}}",
        "{\"data\":{\"type\":\"shipments\"}}",
        "{\"data\":{\"type\":\"shipments\",\"attributes\":{\"goods_out_id\":1}}}",
        "{\"data\":{\"type\":\"shipments\",\"attributes\":{\"goods_out_id\":40201,\"carrier_id\":3}"
        "}}",
        "{\"data\":{\"type\":\"shipments\",\"attributes\":{\"goods_out_id\":40201,\"carrier_id\":4,"
        "\"carrier_service_id\":21}}}",
        "{\"data\":{\"type\":\"shipments\",\"attributes\":{\"goods_out_id\":40206}}}",
        "{\"data\":{\"type\":\"shipments\",\"attributes\":{\"goods_out_id\":40201},"
        "\"relationships\":"
        "{\"address\":{\"data\":{\"attributes\":{\"postcode\":\"LS1 4AP LS1 4AP\"}}}}}}",
    };
    struct caller c = fresh(NULL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(clarus_call(&c, "POST", "/api/shipments", bad[i]), 422);
        assert_non_null(json_at(json_root(c.doc), "/errors/0/details"));
    }
    assert_int_equal(clarus_call(&c, "POST", "/api/shipments", "{\"data\":"), 400);
    assert_int_equal(act_on(&c, "POST", "shipments", 999, "/submit"), 404);
    uint32_t empty = shipment_with(&c, "WEB-10427", "PS-1", 0);
    assert_int_equal(act_on(&c, "POST", "shipments", empty, "/submit"), 422);
    assert_int_equal(act_on(&c, "DELETE", "shipments", empty, ""), 204);
    assert_int_equal(act_on(&c, "DELETE", "shipments", empty, ""), 404);
    caller_deinit(&c);
}

static void package__what_the_contract_refuses_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        ",\"storage_unit_type_id\":12",
        ",\"storage_unit_type_id\":15,\"dimensions\":{\"length\":1}",
        ",\"storage_unit_type_id\":15,\"dimensions\":{\"unit_of_measure\":\"cm\"}",
        ",\"storage_unit_type_id\":15,\"dimensions\":{\"unit_of_measure\":\"metre\",\"length\":-1}",
        (",\"storage_unit_type_id\":15,\"dimensions\":{\"unit_of_measure\":\"metre\","
         "\"weight_unit_of_measure\":\"kg\"}"),
    };
    struct caller c = fresh(NULL);
    char body[400];
    uint32_t id = shipment_with(&c, "WEB-10427", "PS-1", 1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        (void)snprintf(body, sizeof body,
                       "{\"data\":{\"type\":\"packages\",\"attributes\":{\"shipment_id\":%u%s}}}",
                       (unsigned)id, bad[i]);
        assert_int_equal(clarus_call(&c, "POST", "/api/packages", body), 422);
    }
    struct peer_order_view v;
    assert_int_equal(act_on(&c, "POST", "shipments", id, "/submit"), 200);
    assert_int_equal(peers_order_view(c.p, "WEB-10427", &v), ERR_OK);
    assert_int_equal(v.labels_live, 1);
    caller_deinit(&c);
}

static void shipment__second_live_label_under_one_key_is_a_violation(void **state)
{
    (void)state;
    struct caller c = fresh(NULL);
    uint32_t one = shipment_with(&c, "WEB-10427", "PS-1", 1);
    uint32_t two = shipment_with(&c, "WEB-10427", "PS-1", 1);
    assert_int_equal(act_on(&c, "POST", "shipments", one, "/submit"), 200);
    assert_null(peers_violation(c.p, 0));
    assert_int_equal(act_on(&c, "POST", "shipments", two, "/submit"), 200);
    assert_non_null(peers_violation(c.p, 0));
    caller_deinit(&c);
}

/* ----------------------------------------------------------------------------------- tasks -- */

static void task__belongs_to_the_user_who_entered(void **state)
{
    (void)state;
    struct caller c = fresh(NULL);
    uint32_t task = 0;
    assert_int_equal(open_tasks(&c, "WEB-10427", &task, 1), 1);
    assert_int_equal(act_on(&c, "POST", "tasks", task, "/enter"), 204);
    assert_int_equal(act_on(&c, "POST", "tasks", task, "/enter"), 204);
    caller_sign_on(&c, "bench-2");
    assert_int_equal(act_on(&c, "POST", "tasks", task, "/enter"), 422);
    assert_int_equal(act_on(&c, "POST", "tasks", task, "/exit"), 422);
    assert_int_equal(complete(&c, task), 422);
    assert_int_equal(act_on(&c, "PATCH", "tasks", task, "/unallocate"), 204);
    assert_int_equal(act_on(&c, "POST", "tasks", task, "/enter"), 204);
    assert_int_equal(complete(&c, task), 200);
    assert_string_equal(reply_string(&c, "/data/attributes/status"), "COMPLETED");
    assert_int_equal(complete(&c, task), 422);
    assert_int_equal(act_on(&c, "POST", "tasks", task, "/enter"), 422);
    caller_deinit(&c);
}

static void task__order_is_complete_only_with_the_last_one(void **state)
{
    (void)state;
    struct caller c = fresh(NULL);
    uint32_t tasks[4] = {0};
    struct peer_order_view v;
    assert_int_equal(open_tasks(&c, "WEB-10429", tasks, 4), 2);
    assert_int_equal(complete(&c, tasks[0]), 200);
    assert_int_equal(peers_order_view(c.p, "WEB-10429", &v), ERR_OK);
    assert_string_equal(v.status, "PICK");
    assert_int_equal(v.dispatched, 1);
    assert_int_equal(complete(&c, tasks[1]), 200);
    assert_int_equal(peers_order_view(c.p, "WEB-10429", &v), ERR_OK);
    assert_string_equal(v.status, "COMPLETED");
    assert_int_equal(v.dispatched, 3);
    caller_deinit(&c);
}

static void task__part_allocated_order_stays_partial(void **state)
{
    (void)state;
    struct caller c = fresh(NULL);
    uint32_t tasks[4] = {0};
    struct peer_order_view v;
    size_t n = open_tasks(&c, "WEB-10431", tasks, 4);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(complete(&c, tasks[i]), 200);
    assert_int_equal(peers_order_view(c.p, "WEB-10431", &v), ERR_OK);
    assert_string_equal(v.status, "PART_ALLOCATED");
    struct peer_change rest = {.kind = PEER_CLARUS_PICK_REST, .reference = "WEB-10431"};
    assert_int_equal(peers_order_change(c.p, c.now_ms, &rest), ERR_OK);
    assert_int_equal(open_tasks(&c, "WEB-10431", tasks, 4), 1);
    assert_int_equal(complete(&c, tasks[0]), 200);
    assert_int_equal(peers_order_view(c.p, "WEB-10431", &v), ERR_OK);
    assert_string_equal(v.status, "COMPLETED");
    caller_deinit(&c);
}

/* ---------------------------------------------------------------------------------- orders -- */

static void order__cancelled_or_vanished_reads_as_documented(void **state)
{
    (void)state;
    struct caller c = fresh(NULL);
    uint32_t task = 0;
    assert_int_equal(open_tasks(&c, "WEB-10427", &task, 1), 1);
    struct peer_change cancel = {.kind = PEER_CLARUS_CANCEL, .reference = "WEB-10427"};
    assert_int_equal(peers_order_change(c.p, c.now_ms, &cancel), ERR_OK);
    assert_int_equal(complete(&c, task), 404);
    assert_non_null(graphql_call(&c, "{goods_outs{all(filter:{reference:{eq:\"WEB-10427\"}}){edges{"
                                     "node{goods_out_status{code}}}}}}"));
    assert_string_equal(reply_string(&c, "/data/goods_outs/all/edges/0/node/goods_out_status/code"),
                        "CANCELLED");
    struct peer_change vanish = {.kind = PEER_CLARUS_VANISH, .reference = "WEB-10428"};
    assert_int_equal(peers_order_change(c.p, c.now_ms, &vanish), ERR_OK);
    assert_non_null(graphql_call(&c, "{goods_outs{all(filter:{reference:{eq:\"WEB-10428\"}}){edges{"
                                     "node{id}}}}}"));
    assert_int_equal(json_count(json_at(json_root(c.doc), "/data/goods_outs/all/edges")), 0);
    caller_deinit(&c);
}

static void order__change_wants_the_four_header_members(void **state)
{
    (void)state;
    struct caller c = fresh(NULL);
    assert_int_equal(clarus_call(&c, "PATCH", "/api/goods_outs/40201",
                                 "{\"data\":{\"type\":\"goods_outs\",\"attributes\":{"
                                 "\"packing_notes\":\"x\"}}}"),
                     422);
    assert_int_equal(
        clarus_call(&c, "PATCH", "/api/goods_outs/40201",
                    "{\"data\":{\"type\":\"goods_outs\",\"attributes\":{"
                    "\"goods_out_type\":\"sales_order\",\"account_id\":4,\"reference\":"
                    "\"WEB-10427\",\"expected_date_of_dispatch\":"
                    "\"2026-03-11T16:30:00Z\",\"packing_notes\":\"x\"}}}"),
        200);
    assert_string_equal(reply_string(&c, "/data/attributes/packing_notes"), "x");
    caller_deinit(&c);
}

static void order__is_found_under_its_new_reference(void **state)
{
    (void)state;
    struct caller c = fresh(NULL);
    static const char query[] =
        "{new: goods_outs{all(filter:{reference:{eq:\"NEW-1\"}}){edges{node{id}}}} old: "
        "goods_outs{all(filter:{reference:{eq:\"WEB-10427\"}}){edges{node{id}}}}}";
    assert_non_null(graphql_call(&c, query));
    assert_string_equal(reply_string(&c, "/data/old/all/edges/0/node/id"), "40201");
    assert_int_equal(
        clarus_call(&c, "PATCH", "/api/goods_outs/40201",
                    "{\"data\":{\"type\":\"goods_outs\",\"attributes\":{"
                    "\"goods_out_type\":\"sales_order\",\"account_id\":4,\"reference\":"
                    "\"NEW-1\",\"expected_date_of_dispatch\":"
                    "\"2026-03-11T16:30:00Z\"}}}"),
        200);
    assert_non_null(graphql_call(&c, query));
    assert_string_equal(reply_string(&c, "/data/new/all/edges/0/node/id"), "40201");
    assert_int_equal(json_count(json_at(json_root(c.doc), "/data/old/all/edges")), 0);
    caller_deinit(&c);
}

/* ------------------------------------------------------------------------------- documents -- */

static void document__is_late_presigned_and_refuses_credentials(void **state)
{
    (void)state;
    struct caller c =
        fresh(&(struct peers_options){.document_delay_ms = 3000, .file_life_ms = 60000});
    uint32_t id = shipment_with(&c, "WEB-10427", "PS-1", 1);
    assert_int_equal(act_on(&c, "POST", "shipments", id, "/submit"), 200);
    static const char query[] =
        "{documents{all(filter:{file_name:{eq:\"label-PS-1.pdf\"}}){edges{node{id status}}}}}";
    assert_non_null(graphql_call(&c, query));
    assert_string_equal(reply_string(&c, "/data/documents/all/edges/0/node/status"), "queued");
    assert_int_equal(act_on(&c, "GET", "documents", 5501, "/download"), 404);
    c.now_ms += 3000;
    assert_non_null(graphql_call(&c, query));
    assert_string_equal(reply_string(&c, "/data/documents/all/edges/0/node/status"), "available");
    assert_int_equal(act_on(&c, "GET", "documents", 5501, "/download"), 200);
    char path[64];
    const char *url = strstr(reply_string(&c, "/url"), "/files/");
    assert_non_null(url);
    (void)snprintf(path, sizeof path, "%.*s", (int)strcspn(url, "?"), url);
    assert_int_equal(clarus_call(&c, "GET", path, NULL), 400);
    struct peer_request bare = {"GET", path, NULL, NULL, 0, SLICE_NONE};
    peers_handle(c.p, PEER_CLARUS, c.now_ms, &bare, &c.reply);
    assert_int_equal(c.reply.status, 200);
    assert_true(slice_starts(buf_slice(&c.reply.body), "%PDF-"));
    peers_handle(c.p, PEER_CLARUS, c.now_ms + 60000, &bare, &c.reply);
    assert_int_equal(c.reply.status, 403);
    caller_sign_on(&c, "bench-2");
    assert_int_equal(act_on(&c, "GET", "documents", 5501, "/download"), 403);
    caller_deinit(&c);
}

static void peers__same_seed_same_bytes(void **state)
{
    (void)state;
    struct buf dumps[2];
    for (int i = 0; i < 2; i++) {
        struct caller c = fresh(&(struct peers_options){.seed = 7});
        uint32_t id = shipment_with(&c, "WEB-10427", "PS-1", 1);
        assert_int_equal(act_on(&c, "POST", "shipments", id, "/submit"), 200);
        dumps[i] = buf_new(PEER_REPLY_BODY_MAX);
        peers_ledger_json(c.p, &dumps[i]);
        caller_deinit(&c);
    }
    assert_false(dumps[0].overflow);
    assert_true(slice_eq(buf_slice(&dumps[0]), buf_slice(&dumps[1])));
    buf_deinit(&dumps[0]);
    buf_deinit(&dumps[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(access__wants_token_and_tenant),
        cmocka_unit_test(access__token_expires),
        cmocka_unit_test(access__wrong_secret_is_refused),
        cmocka_unit_test(graphql__answers_several_roots_with_aliases),
        cmocka_unit_test(graphql__takes_variables_and_checks_their_types),
        cmocka_unit_test(graphql__pages_join_without_gap),
        cmocka_unit_test(graphql__one_unknown_name_fails_the_whole_query),
        cmocka_unit_test(graphql__inferred_fields_can_be_switched_off),
        cmocka_unit_test(graphql__broken_text_gets_errors_not_a_crash),
        cmocka_unit_test(graphql__reads_lag_behind_writes),
        cmocka_unit_test(shipment__submit_buys_one_label_per_package),
        cmocka_unit_test(shipment__what_the_contract_refuses_is_refused),
        cmocka_unit_test(package__what_the_contract_refuses_is_refused),
        cmocka_unit_test(shipment__second_live_label_under_one_key_is_a_violation),
        cmocka_unit_test(task__belongs_to_the_user_who_entered),
        cmocka_unit_test(task__order_is_complete_only_with_the_last_one),
        cmocka_unit_test(task__part_allocated_order_stays_partial),
        cmocka_unit_test(order__cancelled_or_vanished_reads_as_documented),
        cmocka_unit_test(order__change_wants_the_four_header_members),
        cmocka_unit_test(order__is_found_under_its_new_reference),
        cmocka_unit_test(document__is_late_presigned_and_refuses_credentials),
        cmocka_unit_test(peers__same_seed_same_bytes),
    };
    return cmocka_run_group_tests_name("peers_clarus", tests, NULL, NULL);
}
