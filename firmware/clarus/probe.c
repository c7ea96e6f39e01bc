#include "firmware/clarus/inner.h"

#include <string.h>

#define PROBE_META       "clarus.probe"
#define PROBE_AGE_MS     (INT64_C(24) * 3600 * 1000)
#define SIGNON_AGE_MS    3600000 /* packaging and carriers change during the day */
#define SIGNON_EMPTY_MS  30000   /* no packaging yet: reads may lag behind */
#define PROBE_BUSY_TRIES 4

static const struct {
    const char *name, *root, *type, *fields;
    const char *filter; /* "": none is needed */
} probes[PROVEN_COUNT] = {
    [PROVEN_NOTES] = {"notes", "goods_outs", "GoodsOutsFilterType",
                      "id packing_notes delivery_notes", ""},
    [PROVEN_SERVICE] = {"service", "goods_outs", "GoodsOutsFilterType",
                        "id carrier_service { id code name }", ""},
    [PROVEN_STRATEGY] = {"strategy", "goods_outs", "GoodsOutsFilterType", "id dispatch_strategy",
                         ""},
    [PROVEN_ADDRESS] = {"address", "goods_outs", "GoodsOutsFilterType",
                        "id address { address_1 address_2 address_3 address_4 postcode "
                        "country_code }",
                        ""},
    [PROVEN_ADDRESS_NAME] = {"address_name", "goods_outs", "GoodsOutsFilterType",
                             "id address { name }", ""},
    [PROVEN_CONFIGURATION] = {"configuration", "goods_out_lines", "GoodsOutLineFilterType",
                              "id stock_configuration ordered_configurations_quantity", ""},
    [PROVEN_LINE_REFERENCE] = {"line_reference", "goods_out_lines", "GoodsOutLineFilterType",
                               "id external_system_reference1", ""},
    [PROVEN_BARCODES] = {"barcodes", "products", "ProductsFilterType",
                         "id case_barcode inner_barcode outer_barcode", ""},
    [PROVEN_UNITS] = {"units", "products", "ProductsFilterType",
                      "id units_per_inner units_per_outer", ""},
    [PROVEN_TASK_ORDER] = {"task_order", "tasks", "TaskFilterType", "id goods_out { id reference }",
                           ""},
    [PROVEN_TASK_LINE] = {"task_line", "tasks", "TaskFilterType", "id goods_out_line { id }", ""},
    [PROVEN_TASK_LIST] = {"task_list", "tasks", "TaskFilterType",
                          "id goods_out_pick_list { id reference }", ""},
    [PROVEN_TASK_UNIT] = {"task_unit", "tasks", "TaskFilterType",
                          "id storage_unit_from { id reference }", ""},
    [PROVEN_TASK_OWNER] = {"task_owner", "tasks", "TaskFilterType", "id user { id name }", ""},
    [PROVEN_SHIPMENT_REFERENCE] = {"shipment_reference", "shipments", "ShipmentFilterType",
                                   "id external_system_reference1", ""},
    [PROVEN_LIST_REFERENCE] = {"list_reference", "goods_out_pick_lists",
                               "GoodsOutPickListsFilterType", "id reference",
                               "{\"reference\":{\"eq\":\"-\"}}"},
};

bool proven(const struct clarus *c, enum proven what)
{
    return (c->proven & (1u << what)) != 0;
}

/* "<wall ms> <bits> <tenant>" */
void probe_load(struct clarus *c)
{
    char text[160];
    int64_t bits = 0;
    c->proven = 0;
    if (store_meta_get(c->store, PROBE_META, text, sizeof text)) return;
    struct slice s = slice_text(text);
    size_t one = slice_find_byte(s, ' ');
    struct slice rest = slice_sub(s, one + 1, s.len);
    size_t two = slice_find_byte(rest, ' ');
    if (!slice_is(slice_sub(rest, two + 1, rest.len), c->config->site.clarus.tenant)) return;
    if (text_int(slice_sub(rest, 0, two), 0, UINT32_MAX, &bits) == ERR_OK)
        c->proven = (uint32_t)bits;
}

bool probe_due(struct clarus *c)
{
    char text[160];
    int64_t at = 0;
    if (store_meta_get(c->store, PROBE_META, text, sizeof text)) return true;
    struct slice s = slice_text(text);
    struct slice tenant = slice_text(c->config->site.clarus.tenant);
    if (s.len < tenant.len || !slice_eq(slice_sub(s, s.len - tenant.len, s.len), tenant))
        return true;
    if (text_int(slice_sub(s, 0, slice_find_byte(s, ' ')), 0, INT64_MAX, &at)) return true;
    int64_t now = effects_wall(c->fx).ms;
    return now < at || now - at > PROBE_AGE_MS;
}

struct probe {
    unsigned next;
    uint32_t found;
};

enum {
    PROBE_ASK
};

static void probe_save(struct clarus_flow *f)
{
    struct clarus *c = f->c;
    const struct probe *p = f->data;
    char room[160];
    struct buf text = buf_over(room, sizeof room - 1);
    buf_printf(&text, "%lld %lu %s", (long long)effects_wall(c->fx).ms, (unsigned long)p->found,
               c->config->site.clarus.tenant);
    err_t e = store_begin(c->store);
    if (!e) e = store_meta_set(c->store, PROBE_META, buf_cstr(&text));
    clarus_note(c, "probe", e);
    c->proven = p->found;
    log_event(c->log, LOG_INFO, "clarus.probed", "tenant=%s found=0x%lx of=%d",
              c->config->site.clarus.tenant, (unsigned long)p->found, PROVEN_COUNT);
    flow_finish(f);
    signon_start(c);
}

static void probe_begin(struct clarus_flow *f)
{
    struct probe *p = f->data;
    if (p->next == PROVEN_COUNT) {
        probe_save(f);
        return;
    }
    char query[512];
    struct buf text = buf_over(query, sizeof query);
    bool filtered = probes[p->next].filter[0] != '\0';
    buf_printf(&text, "query(%s%s%s$n: Int) { %s { all(%sfirst: $n) { edges { node { %s } } } } }",
               filtered ? "$f: " : "", filtered ? probes[p->next].type : "", filtered ? ", " : "",
               probes[p->next].root, filtered ? "filter: $f, " : "", probes[p->next].fields);
    struct json_writer w = json_write(call_body(f));
    json_open_object(&w, NULL);
    json_put_slice(&w, "query", buf_slice(&text));
    json_open_object(&w, "variables");
    json_put_int(&w, "n", 1);
    if (filtered) json_put_raw(&w, "f", slice_text(probes[p->next].filter));
    json_close_object(&w);
    json_close_object(&w);
    call_graphql(f);
}

static bool probe_answered(const struct answer *a, const char *root)
{
    return json_kind(json_at(json_member(json_member(a->root, "data"), root), "/all/edges")) ==
           JSON_ARRAY;
}

/* An `errors` answer tells that the field is absent; silence tells nothing. */
static void probe_end(struct clarus_flow *f, const struct answer *a)
{
    struct probe *p = f->data;
    bool errors = json_count(json_member(a->root, "errors")) > 0;
    bool told = (a->kind == ANSWER_OK || a->kind == ANSWER_REFUSED) && a->root != NULL;
    if (!told || (!errors && !probe_answered(a, probes[p->next].root))) {
        if (f->tries < PROBE_BUSY_TRIES || a->kind == ANSWER_BUSY || a->kind == ANSWER_OFFLINE ||
            a->kind == ANSWER_REAUTH) {
            flow_again(f, a);
            return;
        }
        errors = true;
    }
    if (!errors) p->found |= 1u << p->next;
    p->next++;
    f->tries = 0;
    flow_go(f, PROBE_ASK);
}

static const struct flow_step probe_steps[] = {
    [PROBE_ASK] = {"ask", probe_begin, NULL, probe_end},
};
const struct flow_kind probe_kind = {"probe", probe_steps, sizeof(struct probe), NULL, true};

/* ------------------------------------------------------------------------------------ sign-on --
 */

enum {
    SIGNON_PACKAGING,
    SIGNON_CARRIERS,
    SIGNON_USER,
    SIGNON_WAREHOUSE,
    SIGNON_INTEGRATIONS,
    SIGNON_DONE
};

static void packaging_begin(struct clarus_flow *f)
{
    buf_text(list_filter(f), "{\"leaves_warehouse\":{\"eq\":true}}");
    list_start(f, "storage_unit_types", "StorageUnitTypeFilterType",
               "id code name dimensions { length width height weight unit_of_measure }");
}

/* Micrometres in one unit, so that thousandths of it come out in whole numbers. */
static int64_t unit_um(const char *unit)
{
    static const struct {
        const char *name;
        int64_t um;
    } units[] = {{"millimetre", 1000}, {"mm", 1000},     {"centimetre", 10000}, {"cm", 10000},
                 {"metre", 1000000},   {"m", 1000000},   {"inch", 25400},       {"in", 25400},
                 {"foot", 304800},     {"feet", 304800}, {"ft", 304800}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (slice_is_nocase(slice_text(unit), units[i].name)) return units[i].um;
    return 0;
}

static int64_t size_mm(json_node node, const char *pointer, int64_t um)
{
    qty_t q = node_qty(node, pointer);
    if (!um || q.milli > INT64_C(1000000000)) return 0;
    return (q.milli * um + 500000) / 1000000;
}

static void packaging_row(struct clarus_flow *f, json_node node)
{
    struct packaging p = {0};
    char unit[24];
    if (!node_id(node, "/id", p.clarus_id, sizeof p.clarus_id) ||
        !node_text(node, "/code", p.code, sizeof p.code))
        return;
    node_text(node, "/name", p.name, sizeof p.name);
    node_text(node, "/dimensions/unit_of_measure", unit, sizeof unit);
    int64_t um = unit_um(unit);
    p.length_mm = size_mm(node, "/dimensions/length", um);
    p.width_mm = size_mm(node, "/dimensions/width", um);
    p.height_mm = size_mm(node, "/dimensions/height", um);
    p.weight_g = node_qty(node, "/dimensions/weight").milli;
    clarus_note(f->c, "put_packaging", catalogue_put_packaging(f->c->store, &p));
}

static void carriers_begin(struct clarus_flow *f)
{
    f->c->carrier_count = 0;
    buf_text(list_filter(f), "{\"active\":{\"eq\":true}}");
    list_start(f, "carriers", "CarrierFilterType", "id code name");
}

static void carriers_row(struct clarus_flow *f, json_node node)
{
    struct clarus *c = f->c;
    if (c->carrier_count == CARRIERS_MAX) return;
    struct carrier_known *k = &c->carriers[c->carrier_count];
    if (!node_id(node, "/id", k->id, sizeof k->id)) return;
    node_text(node, "/code", k->code, sizeof k->code);
    node_text(node, "/name", k->name, sizeof k->name);
    c->carrier_count++;
}

static void user_begin(struct clarus_flow *f)
{
    const char *email = f->c->config->site.clarus.user_email;
    if (!email[0]) {
        flow_go(f, SIGNON_WAREHOUSE);
        return;
    }
    list_filter_eq(f, "user_email", email);
    list_start(f, "subdomain_users", "SubdomainUserFilterType", "id user { id email }");
}

static void user_row(struct clarus_flow *f, json_node node)
{
    char email[128];
    node_text(node, "/user/email", email, sizeof email);
    if (slice_is_nocase(slice_text(email), f->c->config->site.clarus.user_email))
        node_id(node, "/user/id", f->c->user_id, sizeof f->c->user_id);
}

static void warehouse_begin(struct clarus_flow *f)
{
    const char *code = f->c->config->site.clarus.warehouse_code;
    if (!code[0]) {
        flow_go(f, SIGNON_INTEGRATIONS);
        return;
    }
    list_filter_eq(f, "code", code);
    list_start(f, "warehouses", "WarehouseFilterType", "id code");
}

static void warehouse_row(struct clarus_flow *f, json_node node)
{
    char code[ID_CAP];
    node_text(node, "/code", code, sizeof code);
    if (slice_is(slice_text(code), f->c->config->site.clarus.warehouse_code))
        node_id(node, "/id", f->c->warehouse_id, sizeof f->c->warehouse_id);
}

static void signon_end(struct clarus_flow *f, const struct answer *a)
{
    struct clarus *c = f->c;
    if (a->kind == ANSWER_OK) {
        flow_go(f, f->step + 1u);
    } else if (a->kind == ANSWER_FAULTY || a->kind == ANSWER_DENIED) {
        log_event(c->log, LOG_WARN, "clarus.signon_part", "step=%s", f->kind->steps[f->step].name);
        flow_go(f, f->step + 1u);
    } else {
        flow_again(f, a);
    }
}

static void signon_integrations(struct clarus_flow *f)
{
    if (f->c->config->site.channel_count == 0)
        flow_go(f, SIGNON_DONE);
    else
        integrations_begin(f);
}

static void signon_integrations_end(struct clarus_flow *f, const struct answer *a)
{
    if (a->kind == ANSWER_OK) integrations_done(f->c);
    signon_end(f, a);
}

static void signon_done(struct clarus_flow *f)
{
    struct clarus *c = f->c;
    flow_finish(f);
    bool boxes = sql_int(c, "SELECT count(*) FROM packaging", 0, "") > 0;
    c->signon_at = mono_plus(effects_now(c->fx), boxes ? SIGNON_AGE_MS : SIGNON_EMPTY_MS);
    log_event(c->log, LOG_INFO, "clarus.signed_on", "carriers=%zu user=%s", c->carrier_count,
              c->user_id);
    c->poll_at = effects_now(c->fx);
    if (c->config->site.clarus.warehouse_code[0] && !c->warehouse_id[0])
        clarus_alarm(c, 0,
                     &(struct alarm){"clarus.warehouse_unknown", "clarus", "integration",
                                     "clarus sign-on", "Clarus does not know the warehouse code",
                                     "Correct clarus.warehouse_code in site.json"});
}

static const struct flow_step signon_steps[] = {
    [SIGNON_PACKAGING] = {"packaging", packaging_begin, packaging_row, signon_end},
    [SIGNON_CARRIERS] = {"carriers", carriers_begin, carriers_row, signon_end},
    [SIGNON_USER] = {"user", user_begin, user_row, signon_end},
    [SIGNON_WAREHOUSE] = {"warehouse", warehouse_begin, warehouse_row, signon_end},
    [SIGNON_INTEGRATIONS] = {"integrations", signon_integrations, integrations_row,
                             signon_integrations_end},
    [SIGNON_DONE] = {"done", signon_done, NULL, NULL},
};
const struct flow_kind signon_kind = {"signon", signon_steps, 0, NULL, true};

void signon_start(struct clarus *c)
{
    if (flow_find(c, &probe_kind, 0) || flow_find(c, &signon_kind, 0)) return;
    const struct flow_kind *kind = probe_due(c) ? &probe_kind : &signon_kind;
    if (!flow_start(c, kind, 0, 0)) c->signon_at = mono_plus(effects_now(c->fx), 1000);
}
