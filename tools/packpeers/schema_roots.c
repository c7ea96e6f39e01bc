#include "tools/packpeers/schema.h"

#define AT(type, member) offsetof(struct type, member)
#define COUNT(a)         (sizeof(a) / sizeof *(a))

#define S(name, type, member)                                                                      \
    {                                                                                              \
        name, INPUT_STRING, GQL_TEXT, AT(type, member), T_NONE, 0, 0                               \
    }
#define I(name, type, member)                                                                      \
    {                                                                                              \
        name, INPUT_ID, GQL_ID, AT(type, member), T_NONE, 0, 0                                     \
    }
#define B(name, type, member)                                                                      \
    {                                                                                              \
        name, INPUT_BOOL, GQL_BOOL, AT(type, member), T_NONE, 0, 0                                 \
    }
#define D(name, type, member)                                                                      \
    {                                                                                              \
        name, INPUT_TIME, GQL_TIME, AT(type, member), T_NONE, 0, 0                                 \
    }
#define N(name, type, member)                                                                      \
    {                                                                                              \
        name, INPUT_INTEGER, GQL_INT, AT(type, member), T_NONE, 0, 0                               \
    }
#define Q(name, type, member)                                                                      \
    {                                                                                              \
        name, INPUT_DECIMAL, GQL_NUMBER, AT(type, member), T_NONE, 0, 0                            \
    }
#define E(name, type, member)                                                                      \
    {                                                                                              \
        name, INPUT_ENUM, GQL_TEXT, AT(type, member), T_NONE, 0, 0                                 \
    }
#define VIA(name, input, kind, type, id, table, other, member)                                     \
    {                                                                                              \
        name, input, kind, AT(other, member), table, AT(type, id), 0                               \
    }

/* clang-format off */
static const struct gql_filter site_filters[] = {S("code", place, code), S("name", place, name)};
static const struct gql_filter account_filters[] = {
    S("code", place, code), S("name", place, name), I("warehouse_id", place, warehouse_id),
    B("is_short_pickable", place, short_pickable)};
static const struct gql_filter warehouse_filters[] = {
    S("code", place, code), S("name", place, name), I("site_id", place, site_id)};
static const struct gql_filter location_filters[] = {
    S("code", place, code),
    VIA("warehouse_code", INPUT_STRING, GQL_TEXT, place, warehouse_id, T_WAREHOUSE, place, code)};
static const struct gql_filter carrier_filters[] = {
    S("code", carrier, code), S("name", carrier, name), B("active", carrier, active),
    S("carrier_type", carrier, carrier_type),
    B("carrier_externally_registered", carrier, externally_registered),
    S("external_system_reference1", carrier, external), D("created_at", carrier, created_ms)};
static const struct gql_filter service_filters[] = {
    S("code", service, code), S("name", service, name), B("active", service, active),
    I("carrier_id", service, carrier_id), I("external_preset_id", service, preset_id),
    VIA("carrier_code", INPUT_STRING, GQL_TEXT, service, carrier_id, T_CARRIER, carrier, code)};
static const struct gql_filter unit_type_filters[] = {
    S("code", unit_type, code), S("name", unit_type, name), S("unit_name", unit_type, unit_name),
    B("is_pickable", unit_type, pickable), B("has_check_digit", unit_type, check_digit),
    B("leaves_warehouse", unit_type, leaves)};
static const struct gql_filter reason_filters[] = {
    S("code", reason, code), S("name", reason, name), E("reason_type", reason, reason_type),
    B("active", reason, active), B("generic", reason, generic), I("account_id", reason, account_id)};
static const struct gql_filter subdomain_user_filters[] = {
    VIA("user_email", INPUT_STRING, GQL_TEXT, subdomain_user, user_id, T_USER, user, email),
    VIA("user_name", INPUT_STRING, GQL_TEXT, subdomain_user, user_id, T_USER, user, name)};
static const struct gql_filter integration_filters[] = {
    S("name", integration, name), S("integration_provider", integration, provider),
    S("integration_type", integration, type), B("enabled", integration, enabled),
    S("status", integration, status)};
static const struct gql_filter entity_filters[] = {
    E("entity_type", entity, entity_type), S("code", entity, code),
    S("description", entity, description), I("integration_id", entity, integration_id),
    VIA("integration_name", INPUT_STRING, GQL_TEXT, entity, integration_id, T_INTEGRATION, integration, name),
    S("external_system_reference1", entity, external), D("created_at", entity, created_ms)};
static const struct gql_filter rate_mapping_filters[] = {
    I("mapping_group_id", rate_mapping, group_id), I("carrier_id", rate_mapping, carrier_id),
    I("carrier_service_id", rate_mapping, service_id),
    I("integration_shipping_rate_id", rate_mapping, entity_id),
    VIA("integration_shipping_rate_code", INPUT_STRING, GQL_TEXT, rate_mapping, entity_id, T_ENTITY, entity, code),
    D("created_at", rate_mapping, created_ms)};
static const struct gql_filter product_filters[] = {
    S("code", product, code), S("barcode", product, barcode), S("case_barcode", product, case_barcode),
    S("inner_barcode", product, inner_barcode), S("outer_barcode", product, outer_barcode),
    S("all_codes", product, code), S("description", product, description),
    I("account_id", product, account_id), S("product_type", product, product_type),
    {"id", INPUT_ID, GQL_ID, AT(product, row.id), T_NONE, 0, PEER_INFER_FILTERS}};
static const struct gql_filter storage_unit_filters[] = {
    S("reference", storage_unit, reference), B("active", storage_unit, active),
    B("dispatched", storage_unit, dispatched), I("warehouse_id", storage_unit, warehouse_id),
    VIA("storage_unit_type_code", INPUT_STRING, GQL_TEXT, storage_unit, type_id, T_UNIT_TYPE, unit_type, code)};
static const struct gql_filter goods_out_filters[] = {
    S("reference", goods_out, reference), S("goods_out_status_code", goods_out, status.code),
    I("account_id", goods_out, account_id), I("warehouse_id", goods_out, warehouse_id),
    I("carrier_id", goods_out, carrier_id), D("expected_date_of_dispatch", goods_out, expected_ms),
    {"id", INPUT_ID, GQL_ID, AT(goods_out, row.id), T_NONE, 0, PEER_INFER_FILTERS},
    {"updated_at", INPUT_TIME, GQL_TIME, AT(goods_out, updated_ms), T_NONE, 0, PEER_INFER_FILTERS},
    {"external_system_reference1", INPUT_STRING, GQL_TEXT, AT(goods_out, external1), T_NONE, 0, PEER_INFER_EXTERNAL}};
static const struct gql_filter line_filters[] = {
    I("goods_out_id", line, goods_out_id), I("product_id", line, product_id),
    I("account_id", line, account_id), I("warehouse_id", line, warehouse_id),
    VIA("goods_out_status_code", INPUT_ENUM, GQL_TEXT, line, goods_out_id, T_GOODS_OUT, goods_out, status.code),
    I("carrier_id", line, carrier_id), Q("order_quantity", line, ordered),
    Q("pick_quantity", line, picked), D("created_at", line, created_ms)};
static const struct gql_filter pick_list_filters[] = {
    N("pick_tasks_count", pick_list, pick_tasks), N("completed_pick_tasks_count", pick_list, picks_done),
    N("dispatch_tasks_count", pick_list, dispatch_tasks),
    N("completed_dispatch_tasks_count", pick_list, dispatches_done),
    {"reference", INPUT_STRING, GQL_TEXT, AT(pick_list, reference), T_NONE, 0, PEER_INFER_FILTERS},
    {"goods_out_status_code", INPUT_STRING, GQL_TEXT, AT(pick_list, status.code), T_NONE, 0, PEER_INFER_FILTERS},
    {"account_id", INPUT_ID, GQL_ID, AT(pick_list, account_id), T_NONE, 0, PEER_INFER_FILTERS},
    {"warehouse_id", INPUT_ID, GQL_ID, AT(pick_list, warehouse_id), T_NONE, 0, PEER_INFER_FILTERS}};
static const struct gql_filter task_filters[] = {
    S("status", task, status), S("subtype", task, subtype), S("task_type_code", task, type.code),
    I("account_id", task, account_id), I("warehouse_id", task, warehouse_id),
    I("product_id", task, product_id), I("location_from_id", task, location_from_id),
    I("location_to_id", task, location_to_id), I("user_id", task, user_id),
    I("goods_out_id", task, goods_out_id), I("storage_unit_from_id", task, unit_from_id),
    D("assigned_at", task, assigned_ms), D("completed_at", task, completed_ms),
    D("created_at", task, created_ms), N("priority", task, priority)};
static const struct gql_filter shipment_filters[] = {
    S("reference", shipment, reference), S("status", shipment, status),
    I("carrier_id", shipment, carrier_id), I("warehouse_id", shipment, warehouse_id),
    I("goods_out_id", shipment, goods_out_id),
    {"external_system_reference1", INPUT_STRING, GQL_TEXT, AT(shipment, external1), T_NONE, 0, PEER_INFER_EXTERNAL}};
static const struct gql_filter package_filters[] = {
    I("shipment_id", package, shipment_id), I("storage_unit_id", package, storage_unit_id),
    VIA("shipment_reference", INPUT_STRING, GQL_TEXT, package, shipment_id, T_SHIPMENT, shipment, reference),
    VIA("storage_unit_type_code", INPUT_STRING, GQL_TEXT, package, unit_type_id, T_UNIT_TYPE, unit_type, code),
    S("tracking_number", package, tracking)};
static const struct gql_filter document_filters[] = {
    S("file_name", document, file_name), S("category", document, category),
    S("status", document, status), S("file_type", document, file_type)};

#define ROOT(name, type, table, filters) {name, type, table, filters, COUNT(filters)}
static const struct gql_root roots[] = {
    ROOT("sites", "SiteFilterType", T_SITE, site_filters),
    ROOT("accounts", "AccountFilterType", T_ACCOUNT, account_filters),
    ROOT("warehouses", "WarehouseFilterType", T_WAREHOUSE, warehouse_filters),
    ROOT("locations", "LocationsFilterType", T_LOCATION, location_filters),
    ROOT("carriers", "CarrierFilterType", T_CARRIER, carrier_filters),
    ROOT("carrier_services", "CarrierServiceFilterType", T_SERVICE, service_filters),
    ROOT("storage_unit_types", "StorageUnitTypeFilterType", T_UNIT_TYPE, unit_type_filters),
    ROOT("reason_codes", "ReasonCodeFilterType", T_REASON, reason_filters),
    ROOT("subdomain_users", "SubdomainUserFilterType", T_SUBDOMAIN_USER, subdomain_user_filters),
    ROOT("integrations", "IntegrationFilterType", T_INTEGRATION, integration_filters),
    ROOT("external_entities", "ExternalEntityFilterType", T_ENTITY, entity_filters),
    ROOT("integration_shipping_rate_mappings", "IntegrationShippingRateMappingFilterType",
         T_RATE_MAPPING, rate_mapping_filters),
    ROOT("products", "ProductsFilterType", T_PRODUCT, product_filters),
    ROOT("storage_units", "StorageUnitFilterType", T_STORAGE_UNIT, storage_unit_filters),
    ROOT("goods_outs", "GoodsOutsFilterType", T_GOODS_OUT, goods_out_filters),
    ROOT("goods_out_lines", "GoodsOutLineFilterType", T_LINE, line_filters),
    ROOT("goods_out_pick_lists", "GoodsOutPickListsFilterType", T_PICK_LIST, pick_list_filters),
    ROOT("tasks", "TaskFilterType", T_TASK, task_filters),
    ROOT("shipments", "ShipmentFilterType", T_SHIPMENT, shipment_filters),
    ROOT("packages", "PackageFilterType", T_PACKAGE, package_filters),
    ROOT("documents", "DocumentFilterType", T_DOCUMENT, document_filters),
};
/* clang-format on */

const struct gql_root *schema_root(struct slice name)
{
    for (size_t i = 0; i < COUNT(roots); i++)
        if (slice_is(name, roots[i].name)) return &roots[i];
    return NULL;
}

const struct gql_filter *schema_filter(const struct gql_root *root, struct slice name,
                                       uint32_t inferred_off)
{
    for (size_t i = 0; i < root->filter_count; i++)
        if (slice_is(name, root->filters[i].name))
            return root->filters[i].infer & inferred_off ? NULL : &root->filters[i];
    return NULL;
}
