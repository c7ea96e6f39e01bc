#include "tools/packpeers/schema.h"

#include <string.h>

#define AT(type, member) offsetof(struct type, member)
#define COUNT(a)         (sizeof(a) / sizeof *(a))

#define NOTES   PEER_INFER_NOTES
#define SERVICE PEER_INFER_SERVICE
#define CONFIG  PEER_INFER_CONFIGURATION
#define CODES   PEER_INFER_BARCODES
#define UNITS   PEER_INFER_UNITS
#define LINKS   PEER_INFER_TASK_LINKS
#define OWNER   PEER_INFER_TASK_OWNER
#define EXT     PEER_INFER_EXTERNAL
#define FILTERS PEER_INFER_FILTERS
#define REST    PEER_INFER_REST

/* clang-format off */
static const struct gql_field address_fields[] = {
    {"name", GQL_TEXT, 0, AT(address, name), REST},
    {"address_1", GQL_TEXT, 0, AT(address, line1), 0},
    {"address_2", GQL_TEXT, 0, AT(address, line2), 0},
    {"address_3", GQL_TEXT, 0, AT(address, town), 0},
    {"address_4", GQL_TEXT, 0, AT(address, county), 0},
    {"address_5", GQL_TEXT, 0, AT(address, line5), REST},
    {"postcode", GQL_TEXT, 0, AT(address, postcode), 0},
    {"country_code", GQL_TEXT, 0, AT(address, country), 0},
    {"email_address", GQL_TEXT, 0, AT(address, email), REST},
    {"phone_number", GQL_TEXT, 0, AT(address, phone), REST},
};
static const struct gql_field sizes_fields[] = {
    {"length", GQL_NUMBER, 0, AT(sizes, length), 0},
    {"width", GQL_NUMBER, 0, AT(sizes, width), 0},
    {"height", GQL_NUMBER, 0, AT(sizes, height), 0},
    {"weight", GQL_NUMBER, 0, AT(sizes, weight), 0},
    {"unit_of_measure", GQL_TEXT, 0, AT(sizes, unit), 0},
    {"weight_unit_of_measure", GQL_TEXT, 0, AT(sizes, weight_unit), REST},
};
static const struct gql_field status_fields[] = {
    {"id", GQL_ID, 0, AT(status, id), 0},
    {"code", GQL_TEXT, 0, AT(status, code), 0},
    {"name", GQL_TEXT, 0, AT(status, name), 0},
};
static const struct gql_field place_fields[] = {
    {"id", GQL_ID, 0, AT(place, row.id), 0},
    {"code", GQL_TEXT, 0, AT(place, code), 0},
    {"name", GQL_TEXT, 0, AT(place, name), 0},
};
static const struct gql_field account_fields[] = {
    {"id", GQL_ID, 0, AT(place, row.id), 0},
    {"code", GQL_TEXT, 0, AT(place, code), 0},
    {"name", GQL_TEXT, 0, AT(place, name), 0},
    {"is_short_pickable", GQL_BOOL, 0, AT(place, short_pickable), 0},
    {"external_system_reference1", GQL_TEXT, 0, AT(place, external), 0},
    {"vat_number", GQL_TEXT, 0, AT(place, vat_number), 0},
};
static const struct gql_field warehouse_fields[] = {
    {"id", GQL_ID, 0, AT(place, row.id), 0},
    {"code", GQL_TEXT, 0, AT(place, code), 0},
    {"name", GQL_TEXT, 0, AT(place, name), 0},
    {"address", GQL_EMBED, GQL_ADDRESS, AT(place, address), 0},
};
static const struct gql_field carrier_fields[] = {
    {"id", GQL_ID, 0, AT(carrier, row.id), 0},
    {"code", GQL_TEXT, 0, AT(carrier, code), 0},
    {"name", GQL_TEXT, 0, AT(carrier, name), 0},
    {"description", GQL_TEXT, 0, AT(carrier, description), 0},
    {"active", GQL_BOOL, 0, AT(carrier, active), 0},
    {"carrier_type", GQL_TEXT, 0, AT(carrier, carrier_type), 0},
    {"carrier_externally_registered", GQL_BOOL, 0, AT(carrier, externally_registered), 0},
    {"shipment_reference_template", GQL_TEXT, 0, AT(carrier, template), REST},
};
static const struct gql_field service_fields[] = {
    {"id", GQL_ID, 0, AT(service, row.id), 0},
    {"code", GQL_TEXT, 0, AT(service, code), 0},
    {"name", GQL_TEXT, 0, AT(service, name), 0},
    {"active", GQL_BOOL, 0, AT(service, active), 0},
    {"is_default", GQL_BOOL, 0, AT(service, is_default), 0},
    {"carrier", GQL_REF, T_CARRIER, AT(service, carrier_id), 0},
};
static const struct gql_field unit_type_fields[] = {
    {"id", GQL_ID, 0, AT(unit_type, row.id), 0},
    {"code", GQL_TEXT, 0, AT(unit_type, code), 0},
    {"name", GQL_TEXT, 0, AT(unit_type, name), 0},
    {"unit_name", GQL_TEXT, 0, AT(unit_type, unit_name), 0},
    {"is_pickable", GQL_BOOL, 0, AT(unit_type, pickable), 0},
    {"has_check_digit", GQL_BOOL, 0, AT(unit_type, check_digit), 0},
    {"dimensions", GQL_EMBED, GQL_SIZES, AT(unit_type, sizes), 0},
    {"leaves_warehouse", GQL_BOOL, 0, AT(unit_type, leaves), REST},
};
static const struct gql_field reason_fields[] = {
    {"id", GQL_ID, 0, AT(reason, row.id), 0},
    {"code", GQL_TEXT, 0, AT(reason, code), 0},
    {"name", GQL_TEXT, 0, AT(reason, name), 0},
    {"description", GQL_TEXT, 0, AT(reason, description), 0},
    {"reason_type", GQL_TEXT, 0, AT(reason, reason_type), 0},
    {"active", GQL_BOOL, 0, AT(reason, active), 0},
    {"generic", GQL_BOOL, 0, AT(reason, generic), 0},
};
static const struct gql_field user_fields[] = {
    {"id", GQL_ID, 0, AT(user, row.id), 0},
    {"name", GQL_TEXT, 0, AT(user, name), 0},
    {"email", GQL_TEXT, 0, AT(user, email), 0},
};
static const struct gql_field subdomain_user_fields[] = {
    {"id", GQL_ID, 0, AT(subdomain_user, row.id), 0},
    {"user", GQL_REF, T_USER, AT(subdomain_user, user_id), 0},
};
static const struct gql_field integration_fields[] = {
    {"id", GQL_ID, 0, AT(integration, row.id), 0},
    {"name", GQL_TEXT, 0, AT(integration, name), 0},
    {"integration_provider", GQL_TEXT, 0, AT(integration, provider), 0},
    {"integration_type", GQL_TEXT, 0, AT(integration, type), 0},
    {"status", GQL_TEXT, 0, AT(integration, status), 0},
    {"enabled", GQL_BOOL, 0, AT(integration, enabled), 0},
    {"created_at", GQL_TIME, 0, AT(integration, created_ms), 0},
};
static const struct gql_field entity_fields[] = {
    {"id", GQL_ID, 0, AT(entity, row.id), 0},
    {"code", GQL_TEXT, 0, AT(entity, code), 0},
    {"description", GQL_TEXT, 0, AT(entity, description), 0},
    {"entity_type", GQL_TEXT, 0, AT(entity, entity_type), 0},
    {"external_system_reference1", GQL_TEXT, 0, AT(entity, external), 0},
    {"integration", GQL_REF, T_INTEGRATION, AT(entity, integration_id), 0},
};
static const struct gql_field rate_mapping_fields[] = {
    {"id", GQL_ID, 0, AT(rate_mapping, row.id), 0},
    {"carrier", GQL_REF, T_CARRIER, AT(rate_mapping, carrier_id), 0},
    {"carrier_service", GQL_REF, T_SERVICE, AT(rate_mapping, service_id), 0},
    {"integration_shipping_rate", GQL_REF, T_ENTITY, AT(rate_mapping, entity_id), 0},
    {"mapping_group_id", GQL_ID, 0, AT(rate_mapping, group_id), 0},
};
static const struct gql_field product_fields[] = {
    {"id", GQL_ID, 0, AT(product, row.id), 0},
    {"code", GQL_TEXT, 0, AT(product, code), 0},
    {"barcode", GQL_TEXT, 0, AT(product, barcode), 0},
    {"description", GQL_TEXT, 0, AT(product, description), 0},
    {"long_description", GQL_TEXT, 0, AT(product, long_description), 0},
    {"product_type", GQL_TEXT, 0, AT(product, product_type), 0},
    {"units_per_case", GQL_NUMBER, 0, AT(product, per_case), 0},
    {"commodity_code", GQL_TEXT, 0, AT(product, commodity), 0},
    {"country_of_manufacture", GQL_TEXT, 0, AT(product, country), 0},
    {"units_per_inner", GQL_NUMBER, 0, AT(product, per_inner), UNITS},
    {"units_per_outer", GQL_NUMBER, 0, AT(product, per_outer), UNITS},
    {"case_barcode", GQL_TEXT, 0, AT(product, case_barcode), CODES},
    {"inner_barcode", GQL_TEXT, 0, AT(product, inner_barcode), CODES},
    {"outer_barcode", GQL_TEXT, 0, AT(product, outer_barcode), CODES},
    {"serial_number_tracking_setting", GQL_TEXT, 0, AT(product, serial), REST},
};
static const struct gql_field storage_unit_fields[] = {
    {"id", GQL_ID, 0, AT(storage_unit, row.id), 0},
    {"reference", GQL_TEXT, 0, AT(storage_unit, reference), 0},
    {"active", GQL_BOOL, 0, AT(storage_unit, active), 0},
    {"dispatched", GQL_BOOL, 0, AT(storage_unit, dispatched), 0},
    {"dispatched_at", GQL_TIME, 0, AT(storage_unit, dispatched_ms), 0},
    {"created_at", GQL_TIME, 0, AT(storage_unit, created_ms), 0},
    {"storage_unit_type", GQL_REF, T_UNIT_TYPE, AT(storage_unit, type_id), 0},
    {"warehouse", GQL_REF, T_WAREHOUSE, AT(storage_unit, warehouse_id), 0},
};
static const struct gql_field goods_out_fields[] = {
    {"id", GQL_ID, 0, AT(goods_out, row.id), 0},
    {"reference", GQL_TEXT, 0, AT(goods_out, reference), 0},
    {"priority", GQL_INT, 0, AT(goods_out, priority), 0},
    {"expected_date_of_dispatch", GQL_TIME, 0, AT(goods_out, expected_ms), 0},
    {"goods_out_status", GQL_EMBED, GQL_STATUS, AT(goods_out, status), 0},
    {"account", GQL_REF, T_ACCOUNT, AT(goods_out, account_id), 0},
    {"warehouse", GQL_REF, T_WAREHOUSE, AT(goods_out, warehouse_id), 0},
    {"carrier", GQL_REF, T_CARRIER, AT(goods_out, carrier_id), 0},
    {"goods_out_type", GQL_TEXT, 0, AT(goods_out, type), REST},
    {"carrier_service", GQL_REF, T_SERVICE, AT(goods_out, service_id), SERVICE},
    {"dispatch_strategy", GQL_TEXT, 0, AT(goods_out, dispatch_strategy), SERVICE},
    {"pack_strategy", GQL_TEXT, 0, AT(goods_out, pack_strategy), SERVICE},
    {"pick_type", GQL_TEXT, 0, AT(goods_out, pick_type), REST},
    {"order_notes", GQL_TEXT, 0, AT(goods_out, order_notes), NOTES},
    {"pick_notes", GQL_TEXT, 0, AT(goods_out, pick_notes), NOTES},
    {"packing_notes", GQL_TEXT, 0, AT(goods_out, packing_notes), NOTES},
    {"delivery_notes", GQL_TEXT, 0, AT(goods_out, delivery_notes), NOTES},
    {"actual_date_of_dispatch", GQL_TIME, 0, AT(goods_out, actual_ms), REST},
    {"fulfilment_status", GQL_TEXT, 0, AT(goods_out, fulfilment), REST},
    {"external_system_reference1", GQL_TEXT, 0, AT(goods_out, external1), EXT},
    {"external_system_reference2", GQL_TEXT, 0, AT(goods_out, external2), EXT},
    {"external_system_reference3", GQL_TEXT, 0, AT(goods_out, external3), EXT},
    {"address", GQL_EMBED, GQL_ADDRESS, AT(goods_out, address), PEER_INFER_ADDRESS},
    {"created_at", GQL_TIME, 0, AT(goods_out, created_ms), REST},
    {"updated_at", GQL_TIME, 0, AT(goods_out, updated_ms), REST},
};
static const struct gql_field line_fields[] = {
    {"id", GQL_ID, 0, AT(line, row.id), 0},
    {"order_quantity", GQL_NUMBER, 0, AT(line, ordered), 0},
    {"allocated_quantity", GQL_NUMBER, 0, AT(line, allocated), 0},
    {"pick_quantity", GQL_NUMBER, 0, AT(line, picked), 0},
    {"dispatch_quantity", GQL_NUMBER, 0, AT(line, dispatched), 0},
    {"short_status", GQL_TEXT, 0, AT(line, short_status), 0},
    {"product", GQL_REF, T_PRODUCT, AT(line, product_id), 0},
    {"goods_out", GQL_REF, T_GOODS_OUT, AT(line, goods_out_id), 0},
    {"carrier", GQL_REF, T_CARRIER, AT(line, carrier_id), 0},
    {"stock_configuration", GQL_TEXT, 0, AT(line, configuration), CONFIG},
    {"ordered_configurations_quantity", GQL_NUMBER, 0, AT(line, configurations), CONFIG},
    {"alt_line_number", GQL_TEXT, 0, AT(line, number), REST},
    {"external_system_reference1", GQL_TEXT, 0, AT(line, external1), EXT},
};
static const struct gql_field pick_list_fields[] = {
    {"id", GQL_ID, 0, AT(pick_list, row.id), 0},
    {"reference", GQL_TEXT, 0, AT(pick_list, reference), 0},
    {"pick_reference", GQL_TEXT, 0, AT(pick_list, pick_reference), 0},
    {"pick_type", GQL_TEXT, 0, AT(pick_list, pick_type), 0},
    {"load_reference", GQL_TEXT, 0, AT(pick_list, load_reference), 0},
    {"goods_out_status", GQL_EMBED, GQL_STATUS, AT(pick_list, status), 0},
    {"account", GQL_REF, T_ACCOUNT, AT(pick_list, account_id), 0},
    {"warehouse", GQL_REF, T_WAREHOUSE, AT(pick_list, warehouse_id), 0},
    {"pick_tasks_count", GQL_INT, 0, AT(pick_list, pick_tasks), REST},
    {"completed_pick_tasks_count", GQL_INT, 0, AT(pick_list, picks_done), REST},
    {"dispatch_tasks_count", GQL_INT, 0, AT(pick_list, dispatch_tasks), REST},
    {"completed_dispatch_tasks_count", GQL_INT, 0, AT(pick_list, dispatches_done), REST},
};
static const struct gql_field task_fields[] = {
    {"id", GQL_ID, 0, AT(task, row.id), 0},
    {"status", GQL_TEXT, 0, AT(task, status), 0},
    {"subtype", GQL_TEXT, 0, AT(task, subtype), 0},
    {"start_quantity", GQL_NUMBER, 0, AT(task, start), 0},
    {"confirmed_quantity", GQL_NUMBER, 0, AT(task, confirmed), 0},
    {"created_at", GQL_TIME, 0, AT(task, created_ms), 0},
    {"account", GQL_REF, T_ACCOUNT, AT(task, account_id), 0},
    {"warehouse", GQL_REF, T_WAREHOUSE, AT(task, warehouse_id), 0},
    {"product", GQL_REF, T_PRODUCT, AT(task, product_id), 0},
    {"task_type", GQL_EMBED, GQL_STATUS, AT(task, type), 0},
    {"location_from", GQL_REF, T_LOCATION, AT(task, location_from_id), 0},
    {"location_to", GQL_REF, T_LOCATION, AT(task, location_to_id), 0},
    {"priority", GQL_INT, 0, AT(task, priority), REST},
    {"assigned_at", GQL_TIME, 0, AT(task, assigned_ms), OWNER},
    {"completed_at", GQL_TIME, 0, AT(task, completed_ms), OWNER},
    {"last_accessed_at", GQL_TIME, 0, AT(task, accessed_ms), OWNER},
    {"user", GQL_REF, T_USER, AT(task, user_id), OWNER},
    {"goods_out", GQL_REF, T_GOODS_OUT, AT(task, goods_out_id), LINKS},
    {"goods_out_line", GQL_REF, T_LINE, AT(task, line_id), LINKS},
    {"goods_out_pick_list", GQL_REF, T_PICK_LIST, AT(task, pick_list_id), LINKS},
    {"storage_unit_from", GQL_REF, T_STORAGE_UNIT, AT(task, unit_from_id), LINKS},
    {"storage_unit_to", GQL_REF, T_STORAGE_UNIT, AT(task, unit_to_id), LINKS},
};
static const struct gql_field shipment_fields[] = {
    {"id", GQL_ID, 0, AT(shipment, row.id), 0},
    {"reference", GQL_TEXT, 0, AT(shipment, reference), 0},
    {"name", GQL_TEXT, 0, AT(shipment, name), 0},
    {"status", GQL_TEXT, 0, AT(shipment, status), 0},
    {"delivery_notes", GQL_TEXT, 0, AT(shipment, delivery_notes), 0},
    {"collection_datetime", GQL_TIME, 0, AT(shipment, collection_ms), 0},
    {"label_filename", GQL_TEXT, 0, AT(shipment, label_filename), 0},
    {"packages_count", GQL_INT, 0, AT(shipment, packages_count), 0},
    {"carrier", GQL_REF, T_CARRIER, AT(shipment, carrier_id), 0},
    {"carrier_service", GQL_REF, T_SERVICE, AT(shipment, service_id), 0},
    {"warehouse", GQL_REF, T_WAREHOUSE, AT(shipment, warehouse_id), 0},
    {"goods_out", GQL_REF, T_GOODS_OUT, AT(shipment, goods_out_id), REST},
    {"tracking_number", GQL_TEXT, 0, AT(shipment, tracking), REST},
    {"external_system_reference1", GQL_TEXT, 0, AT(shipment, external1), EXT},
    {"created_at", GQL_TIME, 0, AT(shipment, created_ms), REST},
};
static const struct gql_field package_fields[] = {
    {"id", GQL_ID, 0, AT(package, row.id), 0},
    {"tracking_number", GQL_TEXT, 0, AT(package, tracking), 0},
    {"shipment", GQL_REF, T_SHIPMENT, AT(package, shipment_id), 0},
    {"storage_unit_type", GQL_REF, T_UNIT_TYPE, AT(package, unit_type_id), 0},
    {"reference", GQL_TEXT, 0, AT(package, reference), REST},
    {"storage_unit", GQL_REF, T_STORAGE_UNIT, AT(package, storage_unit_id), REST},
    {"dimensions", GQL_EMBED, GQL_SIZES, AT(package, sizes), REST},
};
static const struct gql_field document_fields[] = {
    {"id", GQL_ID, 0, AT(document, row.id), 0},
    {"file_name", GQL_TEXT, 0, AT(document, file_name), 0},
    {"file_type", GQL_TEXT, 0, AT(document, file_type), 0},
    {"category", GQL_TEXT, 0, AT(document, category), 0},
    {"status", GQL_TEXT, 0, AT(document, status), 0},
    {"created_at", GQL_TIME, 0, AT(document, created_ms), 0},
    {"updated_at", GQL_TIME, 0, AT(document, updated_ms), 0},
};

static const struct gql_type types[GQL_TYPES] = {
    [T_SITE] = {"Site", place_fields, COUNT(place_fields)},
    [T_ACCOUNT] = {"Account", account_fields, COUNT(account_fields)},
    [T_WAREHOUSE] = {"Warehouse", warehouse_fields, COUNT(warehouse_fields)},
    [T_LOCATION] = {"Location", place_fields, COUNT(place_fields)},
    [T_CARRIER] = {"Carrier", carrier_fields, COUNT(carrier_fields)},
    [T_SERVICE] = {"CarrierService", service_fields, COUNT(service_fields)},
    [T_UNIT_TYPE] = {"StorageUnitType", unit_type_fields, COUNT(unit_type_fields)},
    [T_REASON] = {"ReasonCode", reason_fields, COUNT(reason_fields)},
    [T_USER] = {"User", user_fields, COUNT(user_fields)},
    [T_SUBDOMAIN_USER] = {"SubdomainUser", subdomain_user_fields, COUNT(subdomain_user_fields)},
    [T_INTEGRATION] = {"Integration", integration_fields, COUNT(integration_fields)},
    [T_ENTITY] = {"ExternalEntity", entity_fields, COUNT(entity_fields)},
    [T_RATE_MAPPING] = {"IntegrationShippingRateMapping", rate_mapping_fields, COUNT(rate_mapping_fields)},
    [T_PRODUCT] = {"Product", product_fields, COUNT(product_fields)},
    [T_STORAGE_UNIT] = {"StorageUnit", storage_unit_fields, COUNT(storage_unit_fields)},
    [T_GOODS_OUT] = {"GoodsOut", goods_out_fields, COUNT(goods_out_fields)},
    [T_LINE] = {"GoodsOutLine", line_fields, COUNT(line_fields)},
    [T_PICK_LIST] = {"GoodsOutPickList", pick_list_fields, COUNT(pick_list_fields)},
    [T_TASK] = {"Task", task_fields, COUNT(task_fields)},
    [T_SHIPMENT] = {"Shipment", shipment_fields, COUNT(shipment_fields)},
    [T_PACKAGE] = {"Package", package_fields, COUNT(package_fields)},
    [T_DOCUMENT] = {"Document", document_fields, COUNT(document_fields)},
    [GQL_ADDRESS] = {"Address", address_fields, COUNT(address_fields)},
    [GQL_SIZES] = {"Dimensions", sizes_fields, COUNT(sizes_fields)},
    [GQL_STATUS] = {"Status", status_fields, COUNT(status_fields)},
};
/* clang-format on */

const struct gql_type *schema_type(int type)
{
    return &types[type];
}

const struct gql_field *schema_field(int type, struct slice name, uint32_t inferred_off)
{
    const struct gql_type *t = &types[type];
    for (size_t i = 0; i < t->field_count; i++)
        if (slice_is(name, t->fields[i].name))
            return t->fields[i].infer & inferred_off ? NULL : &t->fields[i];
    return NULL;
}

const void *schema_follow(const struct peers *p, const struct gql_field *f, const void *object)
{
    const unsigned char *at = (const unsigned char *)object + f->offset;
    if (f->kind == GQL_EMBED) return at;
    uint32_t id = 0;
    memcpy(&id, at, sizeof id);
    return id ? world_get(p, (enum table)f->type, id) : NULL;
}
