#include "firmware/config/fields.h"

#define COUNT(table)     (sizeof(table) / sizeof((table)[0]))
#define IN(type, member) .at = offsetof(type, member), .cap = sizeof(((type *)0)->member)
#define LIST_IN(type, member)                                                                      \
    .at = offsetof(type, member), .cap = sizeof(((type *)0)->member[0]),                           \
    .list_max = COUNT(((type *)0)->member)
#define OBJECTS_IN(type, member, counter)                                                          \
    .kind = FIELD_OBJECTS, .at = offsetof(type, member), .list_max = COUNT(((type *)0)->member),   \
    .count_at = offsetof(type, counter)

#define CLARUS(member) IN(struct config_clarus, member)
static const struct field clarus_fields[] = {
    {"base_url", FIELD_TEXT, .required = true, CLARUS(base_url), .min = 1, .rule = rule_url},
    {"path_prefix", FIELD_TEXT, CLARUS(path_prefix), .text = "/api", .rule = rule_prefix},
    {"tenant", FIELD_TEXT, .required = true, CLARUS(tenant), .min = 1},
    {"client_id_secret", FIELD_TEXT, .required = true, .hidden = true, CLARUS(client_id_secret),
     .min = 1, .rule = rule_name},
    {"client_secret_secret", FIELD_TEXT, .required = true, .hidden = true,
     CLARUS(client_secret_secret), .min = 1, .rule = rule_name},
    {"user_email", FIELD_TEXT, CLARUS(user_email)},
    {"scope", FIELD_TEXT, CLARUS(scope)},
    {"ca", FIELD_TEXT, CLARUS(ca), .rule = rule_name},
    {"warehouse_code", FIELD_TEXT, CLARUS(warehouse_code)},
    {"poll_s", FIELD_NUMBER, CLARUS(poll_s), .min = 15, .max = 600, .number = 20},
    {"timeout_ms", FIELD_NUMBER, CLARUS(timeout_ms), .min = 1000, .max = 120000, .number = 20000},
    {"submit_timeout_ms", FIELD_NUMBER, CLARUS(submit_timeout_ms), .min = 1000, .max = 300000,
     .number = 60000},
    {"settle_ms", FIELD_NUMBER, CLARUS(settle_ms), .min = 0, .max = 600000, .number = 10000},
    {"settle_reads", FIELD_NUMBER, CLARUS(settle_reads), .min = 1, .max = 10, .number = 3},
    {"label_wait_s", FIELD_NUMBER, CLARUS(label_wait_s), .min = 5, .max = 3600, .number = 60},
    {"pace_per_minute", FIELD_NUMBER, CLARUS(pace_per_minute), .min = 0, .max = 100000},
    {"ready_status", FIELD_WORDS, LIST_IN(struct config_clarus, ready_status), .min = 1,
     .text = "PICK ALLOCATED PART_ALLOCATED"},
    {"cancelled_status", FIELD_WORDS, LIST_IN(struct config_clarus, cancelled_status), .min = 1,
     .text = "CANCELLED"},
    {"done_status", FIELD_WORDS, LIST_IN(struct config_clarus, done_status), .min = 1,
     .text = "COMPLETED"},
    {"part_allocated_may_go", FIELD_BOOL, CLARUS(part_allocated_may_go), .number = 1},
};
static const struct shape clarus_shape = {"clarus", clarus_fields, COUNT(clarus_fields), 0};

#define CHANNEL(member) IN(struct config_channel, member)
static const struct field channel_fields[] = {
    {"name", FIELD_TEXT, .required = true, CHANNEL(name), .min = 1, .rule = rule_channel},
    {"definition", FIELD_TEXT, .required = true, CHANNEL(definition), .min = 1, .rule = rule_name},
    {"base_url", FIELD_TEXT, .required = true, CHANNEL(base_url), .min = 1, .rule = rule_url},
    {"ca", FIELD_TEXT, CHANNEL(ca), .rule = rule_name},
    {"secret", FIELD_TEXT, .required = true, .hidden = true, CHANNEL(secret), .min = 1,
     .rule = rule_name},
    {"options", FIELD_WORDS, LIST_IN(struct config_channel, options), .min = 3, .text = "",
     .rule = rule_option},
    {"timeout_ms", FIELD_NUMBER, CHANNEL(timeout_ms), .min = 1000, .max = 120000, .number = 20000},
    {"pace_per_minute", FIELD_NUMBER, CHANNEL(pace_per_minute), .min = 0, .max = 100000,
     .number = 150},
    {"settle_ms", FIELD_NUMBER, CHANNEL(settle_ms), .min = 0, .max = 600000, .number = 5000},
    {"settle_reads", FIELD_NUMBER, CHANNEL(settle_reads), .min = 1, .max = 10, .number = 2},
    {"gate", FIELD_CHOICE, CHANNEL(gate), .text = "at_dispatch",
     .words = "at_dispatch at_manifest at_label"},
    {"service_min", FIELD_NUMBER, CHANNEL(service_min), .min = 0, .max = 10080},
    {"enabled", FIELD_BOOL, CHANNEL(enabled), .number = 1},
    {"set_status", FIELD_BOOL, CHANNEL(set_status)},
    {"claim", FIELD_BOOL, CHANNEL(claim)},
    {"check_state", FIELD_BOOL, CHANNEL(check_state), .number = 1},
    {"watch_per_minute", FIELD_NUMBER, CHANNEL(watch_per_minute), .min = 0, .max = 600,
     .number = 6},
    {"reports", FIELD_CHOICE, CHANNEL(reports), .text = "unset", .words = "unset station clarus"},
    {"clarus_integration", FIELD_TEXT, CHANNEL(clarus_integration)},
};
static const struct shape channel_shape = {"channel", channel_fields, COUNT(channel_fields),
                                           sizeof(struct config_channel)};

#define RULE(member) IN(struct config_channel_rule, member)
static const struct field channel_rule_fields[] = {
    {"account_code", FIELD_TEXT, RULE(account_code)},
    {"prefix", FIELD_TEXT, RULE(prefix)},
    {"channel", FIELD_TEXT, .required = true, RULE(channel), .min = 1},
};
static const struct shape channel_rule_shape = {"channel_rule", channel_rule_fields,
                                                COUNT(channel_rule_fields),
                                                sizeof(struct config_channel_rule)};

#define FORM(member) IN(struct config_sku_form, member)
static const struct field sku_form_fields[] = {
    {"prefix", FIELD_TEXT, FORM(prefix)},
    {"suffix", FIELD_TEXT, FORM(suffix)},
    {"letters", FIELD_CHOICE, FORM(letters), .text = "keep", .words = "keep upper lower"},
    {"zeros", FIELD_CHOICE, FORM(zeros), .text = "keep", .words = "keep strip pad"},
    {"width", FIELD_NUMBER, FORM(width), .min = 0, .max = 63},
    {"length_max", FIELD_NUMBER, FORM(length_max), .min = 0, .max = 63},
    {"characters", FIELD_TEXT, FORM(characters)},
};
static const struct shape sku_form_shape = {"sku_form", sku_form_fields, COUNT(sku_form_fields), 0};

#define SKU(member) IN(struct config_sku_rule, member)
static const struct field sku_rule_fields[] = {
    {"channel", FIELD_TEXT, SKU(channel)},
    {"shop", FIELD_TEXT, SKU(shop)},
    {"clarus", FIELD_TEXT, SKU(clarus)},
    {"trim", FIELD_BOOL, SKU(trim)},
    {"shop_form", FIELD_OBJECT, SKU(shop_form), .shape = &sku_form_shape},
    {"clarus_form", FIELD_OBJECT, SKU(clarus_form), .shape = &sku_form_shape},
};
static const struct shape sku_rule_shape = {"sku_rule", sku_rule_fields, COUNT(sku_rule_fields),
                                            sizeof(struct config_sku_rule)};

#define UNIT(member) IN(struct config_unit, member)
static const struct field unit_fields[] = {
    {"channel", FIELD_TEXT, UNIT(channel)},
    {"sku", FIELD_TEXT, UNIT(sku)},
    {"unit", FIELD_TEXT, .required = true, UNIT(unit), .min = 1},
    {"factor", FIELD_NUMBER, .required = true, UNIT(factor), .min = 1, .max = 1000000, .number = 1},
    {"tested", FIELD_BOOL, UNIT(tested)},
    {"tested_on", FIELD_TEXT, UNIT(tested_on), .rule = rule_date},
};
static const struct shape unit_shape = {"unit", unit_fields, COUNT(unit_fields),
                                        sizeof(struct config_unit)};

#define STATE(member) IN(struct config_shop_state, member)
static const struct field shop_state_fields[] = {
    {"channel", FIELD_TEXT, .required = true, STATE(channel), .min = 1},
    {"status", FIELD_TEXT, .required = true, STATE(status), .min = 1},
    {"action", FIELD_CHOICE, .required = true, STATE(action), .words = "pack hold stop sent"},
};
static const struct shape shop_state_shape = {
    "shop_state", shop_state_fields, COUNT(shop_state_fields), sizeof(struct config_shop_state)};

#define NOTE(member) IN(struct config_note_rule, member)
static const struct field note_fields[] = {
    {"channel", FIELD_TEXT, NOTE(channel)},
    {"from", FIELD_CHOICE, .required = true, NOTE(from), .words = "customer staff gift"},
    {"to", FIELD_CHOICE, .required = true, NOTE(to),
     .words = "none customer packing delivery gift"},
};
static const struct shape note_shape = {"note", note_fields, COUNT(note_fields),
                                        sizeof(struct config_note_rule)};

#define ORDER_FIELD(member) IN(struct config_order_field, member)
static const struct field order_field_fields[] = {
    {"channel", FIELD_TEXT, .required = true, ORDER_FIELD(channel), .min = 1},
    {"name", FIELD_TEXT, .required = true, ORDER_FIELD(name), .min = 1},
    {"at", FIELD_TEXT, .required = true, ORDER_FIELD(at), .min = 2, .rule = rule_pointer},
    {"required", FIELD_BOOL, ORDER_FIELD(required)},
    {"to", FIELD_CHOICE, ORDER_FIELD(to), .text = "none",
     .words = "none customer packing delivery gift"},
};
static const struct shape order_field_shape = {"order_field", order_field_fields,
                                               COUNT(order_field_fields),
                                               sizeof(struct config_order_field)};

#define MODE(member) IN(struct config_rule_mode, member)
static const struct field rule_mode_fields[] = {
    {"rule", FIELD_WORD, .required = true, MODE(rule),
     .words = "address.incomplete field.missing order.customs_data order.dangerous_goods "
              "ship_method.differs ship_method.unmapped sku.collision sku.not_in_shop sku.unknown "
              "tracking.format unit.mismatch "
              "unit.unmapped unit.untested"},
    {"mode", FIELD_CHOICE, .required = true, MODE(mode), .words = "hold observe"},
};
static const struct shape rule_mode_shape = {"rule_mode", rule_mode_fields, COUNT(rule_mode_fields),
                                             sizeof(struct config_rule_mode)};

static const struct field address_fields[] = {
    {"required", FIELD_WORDS, LIST_IN(struct config_address, required), .min = 1,
     .text = "address_1 postcode country_code", .rule = rule_part},
    {"postcodes", FIELD_BOOL, IN(struct config_address, postcodes), .number = 1},
};
static const struct shape address_shape = {"address", address_fields, COUNT(address_fields), 0};

#define METHOD(member) IN(struct config_ship_method, member)
static const struct field ship_method_fields[] = {
    {"channel", FIELD_TEXT, .required = true, METHOD(channel), .min = 1},
    {"title", FIELD_TEXT, .required = true, METHOD(title), .min = 1},
    {"carrier_code", FIELD_TEXT, .required = true, METHOD(carrier_code), .min = 1},
    {"service_code", FIELD_TEXT, METHOD(service_code)},
};
static const struct shape ship_method_shape = {"ship_method", ship_method_fields,
                                               COUNT(ship_method_fields),
                                               sizeof(struct config_ship_method)};

static const struct field carrier_fields[] = {
    {"carrier_code", FIELD_TEXT, .required = true, IN(struct config_carrier, carrier_code),
     .min = 1},
    {"match", FIELD_CHOICE, IN(struct config_carrier, match), .text = "equal",
     .words = "equal contains prefix"},
    {"shop_carrier", FIELD_TEXT, IN(struct config_carrier, shop_carrier)},
    {"manifest", FIELD_CHOICE, IN(struct config_carrier, manifest), .text = "lead",
     .words = "lead carrier"},
    {"cut_off", FIELD_TEXT, IN(struct config_carrier, cut_off), .rule = rule_time},
    {"dangerous_goods", FIELD_BOOL, IN(struct config_carrier, dangerous_goods)},
    {"label_ahead", FIELD_BOOL, IN(struct config_carrier, label_ahead)},
    {"link", FIELD_TEXT, IN(struct config_carrier, link), .rule = rule_link},
    {"tracking", FIELD_WORDS, LIST_IN(struct config_carrier, tracking), .min = 1, .text = "",
     .rule = rule_shape},
    {"needs", FIELD_WORDS, LIST_IN(struct config_carrier, needs), .min = 1, .text = "",
     .rule = rule_part},
};
static const struct shape carrier_shape = {"carrier", carrier_fields, COUNT(carrier_fields),
                                           sizeof(struct config_carrier)};

#define LABEL(member) IN(struct config_label, member)
static const struct field label_fields[] = {
    {"width_mm", FIELD_NUMBER, LABEL(width_mm), .min = 20, .max = 300, .number = 100},
    {"height_mm", FIELD_NUMBER, LABEL(height_mm), .min = 20, .max = 400, .number = 150},
    {"tolerance_mm", FIELD_NUMBER, LABEL(tolerance_mm), .min = 0, .max = 20, .number = 3},
};
static const struct shape label_shape = {"label", label_fields, COUNT(label_fields), 0};

static const struct field alerts_fields[] = {
    {"attempts", FIELD_NUMBER, IN(struct config_alerts, attempts), .min = 1, .max = 1000,
     .number = 8},
    {"age_min", FIELD_NUMBER, IN(struct config_alerts, age_min), .min = 1, .max = 10080,
     .number = 30},
    {"url", FIELD_TEXT, IN(struct config_alerts, url), .rule = rule_url_or_none},
    {"secret", FIELD_TEXT, .hidden = true, IN(struct config_alerts, secret), .rule = rule_name},
    {"ca", FIELD_TEXT, IN(struct config_alerts, ca), .rule = rule_name},
    {"timeout_ms", FIELD_NUMBER, IN(struct config_alerts, timeout_ms), .min = 1000, .max = 120000,
     .number = 20000},
};
static const struct shape alerts_shape = {"alerts", alerts_fields, COUNT(alerts_fields), 0};

#define PRODUCT(member) IN(struct config_product, member)
static const struct field product_fields[] = {
    {"sku", FIELD_TEXT, .required = true, PRODUCT(sku), .min = 1},
    {"lot", FIELD_BOOL, PRODUCT(lot)},
    {"serial", FIELD_BOOL, PRODUCT(serial)},
    {"expiry", FIELD_BOOL, PRODUCT(expiry)},
    {"min_life_days", FIELD_NUMBER, PRODUCT(min_life_days), .min = 0, .max = 3650},
    {"weight_g", FIELD_NUMBER, PRODUCT(weight_g), .min = 0, .max = 1000000},
    {"dangerous", FIELD_TEXT, PRODUCT(dangerous)},
    {"hs_code", FIELD_TEXT, PRODUCT(hs_code)},
    {"origin", FIELD_TEXT, PRODUCT(origin)},
};
static const struct shape product_shape = {"product", product_fields, COUNT(product_fields),
                                           sizeof(struct config_product)};

#define KIT(member) IN(struct config_kit, member)
static const struct field kit_fields[] = {
    {"sku", FIELD_TEXT, .required = true, KIT(sku), .min = 1},
    {"part", FIELD_TEXT, .required = true, KIT(part), .min = 1},
    {"quantity", FIELD_NUMBER, KIT(quantity), .min = 1, .max = 1000, .number = 1},
};
static const struct shape kit_shape = {"kit", kit_fields, COUNT(kit_fields),
                                       sizeof(struct config_kit)};

#define PACKING(member) IN(struct config_packing, member)
static const struct field packing_fields[] = {
    {"gift_note", FIELD_BOOL, PACKING(gift_note), .number = 1},
    {"packing_slip", FIELD_BOOL, PACKING(packing_slip)},
    {"parcel_tags", FIELD_BOOL, PACKING(parcel_tags), .number = 1},
    {"weigh", FIELD_BOOL, PACKING(weigh)},
    {"weight_percent", FIELD_NUMBER, PACKING(weight_percent), .min = 0, .max = 100, .number = 5},
    {"weight_g", FIELD_NUMBER, PACKING(weight_g), .min = 0, .max = 10000, .number = 30},
};
static const struct shape packing_shape = {"packing", packing_fields, COUNT(packing_fields), 0};

#define SITE(member)                  IN(struct config_site, member)
#define SITE_OBJECTS(member, counter) OBJECTS_IN(struct config_site, member, counter)
static const struct field site_fields[] = {
    {.key = "$schema", .kind = FIELD_IGNORED},
    {"name", FIELD_TEXT, .required = true, SITE(name), .min = 1},
    {"benches", FIELD_NUMBER, SITE(benches), .min = 1, .max = 64, .number = 1},
    {"utc_offset_min", FIELD_NUMBER, SITE(utc_offset_min), .min = -720, .max = 840},
    {"summer_time", FIELD_CHOICE, SITE(summer_time), .text = "none", .words = "none eu"},
    {"clarus", FIELD_OBJECT, .required = true, SITE(clarus), .shape = &clarus_shape},
    {"channels", SITE_OBJECTS(channels, channel_count), .shape = &channel_shape},
    {"channel_rules", SITE_OBJECTS(channel_rules, channel_rule_count),
     .shape = &channel_rule_shape},
    {"sku_rules", SITE_OBJECTS(sku_rules, sku_rule_count), .shape = &sku_rule_shape},
    {"ship_methods", SITE_OBJECTS(ship_methods, ship_method_count), .shape = &ship_method_shape},
    {"units", SITE_OBJECTS(units, unit_count), .shape = &unit_shape},
    {"shop_states", SITE_OBJECTS(shop_states, shop_state_count), .shape = &shop_state_shape},
    {"notes", SITE_OBJECTS(notes, note_count), .shape = &note_shape},
    {"order_fields", SITE_OBJECTS(order_fields, order_field_count), .shape = &order_field_shape},
    {"rules", SITE_OBJECTS(rules, rule_count), .shape = &rule_mode_shape},
    {"address", FIELD_OBJECT, SITE(address), .shape = &address_shape},
    {"carriers", SITE_OBJECTS(carriers, carrier_count), .shape = &carrier_shape},
    {"label", FIELD_OBJECT, SITE(label), .shape = &label_shape},
    {"alerts", FIELD_OBJECT, SITE(alerts), .shape = &alerts_shape},
    {"packing", FIELD_OBJECT, SITE(packing), .shape = &packing_shape},
    {"products", SITE_OBJECTS(products, product_count), .shape = &product_shape},
    {"kits", SITE_OBJECTS(kits, kit_count), .shape = &kit_shape},
    {"country", FIELD_TEXT, SITE(country)},
    {"max_state_age_s", FIELD_NUMBER, SITE(max_state_age_s), .min = 0, .max = 86400, .number = 900},
    {"retention_days", FIELD_NUMBER, SITE(retention_days), .min = 1, .max = 3650, .number = 30},
    {"trace_days", FIELD_NUMBER, SITE(trace_days), .min = 1, .max = 3650, .number = 730},
    {"command_prefix", FIELD_TEXT, SITE(command_prefix), .min = 2, .text = "^P:"},
    {"badge_prefix", FIELD_TEXT, SITE(badge_prefix), .min = 2, .text = "^B:"},
};
const struct shape site_shape = {"site", site_fields, COUNT(site_fields), 0};
