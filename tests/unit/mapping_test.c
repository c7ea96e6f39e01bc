#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/mapping/address.h"
#include "firmware/mapping/route.h"
#include "firmware/mapping/sku.h"
#include "firmware/mapping/tracking.h"

#define SITE(more)                                                                                 \
    "{\"name\":\"L\",\"clarus\":{\"base_url\":\"https://c.test\",\"tenant\":\"t\","                \
    "\"client_id_secret\":\"a\",\"client_secret_secret\":\"b\"},\"channels\":["                    \
    "{\"name\":\"shop\",\"definition\":\"bigcommerce\",\"base_url\":\"https://s.test/x\","         \
    "\"secret\":\"s\"},{\"name\":\"b2b\",\"definition\":\"bigcommerce\","                          \
    "\"base_url\":\"https://s.test/y\",\"secret\":\"s\"}]," more "}"

struct desk {
    struct config_site site;
    struct config_faults faults;
    struct maps maps;
};

static int setup(void **state)
{
    *state = calloc(1, sizeof(struct desk));
    return *state == NULL;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

static void load(struct desk *d, const char *text)
{
    d->faults.count = 0;
    err_t e = config_parse_site(slice_text(text), "site.json", &d->site, &d->faults);
    if (e) fail_msg("%s: %s", d->faults.items[0].path, d->faults.items[0].reason);
    d->maps = (struct maps){.site = &d->site};
}

static void refused(struct desk *d, const char *text, const char *path)
{
    d->faults.count = 0;
    assert_int_equal(config_parse_site(slice_text(text), "site.json", &d->site, &d->faults),
                     ERR_INVALID);
    assert_string_equal(d->faults.items[0].path, path);
}

/* ---------------------------------------------------------------------------------------- SKUs --
 */

static void becomes(struct desk *d, const char *sku, const char *code)
{
    struct sku_mapped m;
    assert_int_equal(sku_to_clarus(&d->maps, "shop", slice_text(sku), &m), ERR_OK);
    assert_string_equal(m.code, code);
}

static void comes_from(struct desk *d, const char *code, const char *sku)
{
    struct sku_mapped m;
    assert_int_equal(sku_to_shop(&d->maps, "shop", slice_text(code), &m), ERR_OK);
    assert_string_equal(m.code, sku);
}

static void sku__is_the_same_text_without_a_rule(void **state)
{
    struct desk *d = *state;
    load(d, SITE("\"sku_rules\":[]"));
    becomes(d, "00451", "00451");
    becomes(d, " a/b \xc3\xa9", " a/b \xc3\xa9");
    comes_from(d, "00451", "00451");
}

static void sku__takes_the_first_rule_that_fits(void **state)
{
    struct desk *d = *state;
    load(d, SITE("\"sku_rules\":[{\"channel\":\"b2b\",\"shop\":\"A\",\"clarus\":\"N\"},"
                 "{\"shop\":\"A\",\"clarus\":\"X\"},{\"channel\":\"shop\",\"shop\":\"A\","
                 "\"clarus\":\"Y\"},{\"clarus_form\":{\"prefix\":\"Q-\"}}]"));
    becomes(d, "A", "X");
    becomes(d, "a", "Q-a");
    comes_from(d, "X", "A");
    comes_from(d, "Q-a", "a");
}

static void sku__strips_and_pads_leading_zeros_of_digits_only(void **state)
{
    struct desk *d = *state;
    load(d, SITE("\"sku_rules\":[{\"shop_form\":{\"zeros\":\"pad\",\"width\":5},"
                 "\"clarus_form\":{\"zeros\":\"strip\"}}]"));
    becomes(d, "00451", "451");
    becomes(d, "000", "0");
    becomes(d, "0A1", "0A1");
    comes_from(d, "451", "00451");
    comes_from(d, "1234567", "1234567");
}

static void sku__pads_towards_clarus(void **state)
{
    struct desk *d = *state;
    load(d, SITE("\"sku_rules\":[{\"shop_form\":{\"zeros\":\"strip\"},\"clarus_form\":"
                 "{\"zeros\":\"pad\",\"width\":8}}]"));
    becomes(d, "451", "00000451");
    becomes(d, "123456789", "123456789");
    comes_from(d, "00000451", "451");
}

static void sku__changes_case_characters_prefix_and_suffix_both_ways(void **state)
{
    struct desk *d = *state;
    load(d,
         SITE("\"sku_rules\":[{\"shop_form\":{\"prefix\":\"w:\",\"suffix\":\"-eu\",\"letters\":"
              "\"lower\",\"characters\":\"/ \xc3\xa9#&+\"},\"clarus_form\":{\"letters\":\"upper\","
              "\"characters\":\"-_~.,*\"}}]"));
    becomes(d, "w:tee/blk m\xc3\xa9#&+-eu", "TEE-BLK_M~.,*");
    comes_from(d, "TEE-BLK_M~.,*", "w:tee/blk m\xc3\xa9#&+-eu");
    becomes(d, "w:-eu", "w:-eu");
    becomes(d, "tee-eu", "tee-eu");
}

static void sku__does_not_say_where_a_code_came_from_when_rules_lose_it(void **state)
{
    struct desk *d = *state;
    struct sku_mapped m;
    load(d, SITE("\"sku_rules\":[{\"clarus_form\":{\"letters\":\"upper\"}}]"));
    becomes(d, "Tee", "TEE");
    comes_from(d, "TEE", "TEE");
    assert_int_equal(sku_to_shop(&d->maps, "shop", SLICE("tee"), &m), ERR_AMBIGUOUS);
}

static void sku__reports_blanks_it_dropped(void **state)
{
    struct desk *d = *state;
    struct sku_mapped m;
    load(d, SITE("\"sku_rules\":[{\"trim\":true}]"));
    assert_int_equal(sku_to_clarus(&d->maps, "shop", SLICE("SHIRT "), &m), ERR_OK);
    assert_string_equal(m.code, "SHIRT");
    assert_true(m.trimmed);
    assert_int_equal(sku_to_clarus(&d->maps, "shop", SLICE("SHIRT"), &m), ERR_OK);
    assert_false(m.trimmed);
}

static void sku__refuses_what_is_too_long_and_never_cuts(void **state)
{
    struct desk *d = *state;
    struct sku_mapped m;
    char longest[80];
    load(d, SITE("\"sku_rules\":[{\"shop_form\":{\"length_max\":8},\"clarus_form\":{\"prefix\":"
                 "\"AB\",\"length_max\":9}}]"));
    becomes(d, "1234567", "AB1234567");
    assert_int_equal(sku_to_clarus(&d->maps, "shop", SLICE("12345678"), &m), ERR_NOSPACE);
    assert_int_equal(sku_to_clarus(&d->maps, "shop", SLICE("123456789"), &m), ERR_NOSPACE);
    load(d, SITE("\"sku_rules\":[]"));
    memset(longest, 'x', sizeof longest);
    assert_int_equal(sku_to_clarus(&d->maps, "shop", slice_of(longest, 63), &m), ERR_OK);
    assert_int_equal(sku_to_clarus(&d->maps, "shop", slice_of(longest, 64), &m), ERR_NOSPACE);
}

static void sku__refuses_what_is_no_code(void **state)
{
    struct desk *d = *state;
    struct sku_mapped m;
    load(d, SITE("\"sku_rules\":[]"));
    assert_int_equal(sku_to_clarus(&d->maps, "shop", SLICE_NONE, &m), ERR_INVALID);
    assert_int_equal(sku_to_clarus(&d->maps, "shop", SLICE("A\nB"), &m), ERR_INVALID);
    assert_int_equal(sku_to_clarus(&d->maps, "shop", SLICE("A\0B"), &m), ERR_INVALID);
    assert_int_equal(sku_to_clarus(&d->maps, "shop", SLICE("\xff"), &m), ERR_INVALID);
}

static void sku__rules_that_say_nothing_or_too_much_are_refused(void **state)
{
    struct desk *d = *state;
    refused(d, SITE("\"sku_rules\":[{}]"), "sku_rules[0].shop");
    refused(d, SITE("\"sku_rules\":[{\"shop\":\"A\"}]"), "sku_rules[0].clarus");
    refused(d, SITE("\"sku_rules\":[{\"shop\":\"A\",\"clarus\":\"B\",\"trim\":true}]"),
            "sku_rules[0].clarus");
    refused(d,
            SITE("\"sku_rules\":[{\"shop_form\":{\"characters\":\"ab\"},\"clarus_form\":"
                 "{\"characters\":\"c\"}}]"),
            "sku_rules[0].shop_form");
    refused(d, SITE("\"sku_rules\":[{\"clarus_form\":{\"zeros\":\"pad\"}}]"),
            "sku_rules[0].clarus_form");
    refused(d, SITE("\"sku_rules\":[{\"channel\":\"none\",\"trim\":true}]"),
            "sku_rules[0].channel");
}

/* -------------------------------------------------------------------------------------- tables --
 */

static void units__prefer_the_product_and_say_whether_they_are_tested(void **state)
{
    struct desk *d = *state;
    struct unit_map u;
    load(d, SITE("\"units\":[{\"unit\":\"case\",\"factor\":6},{\"sku\":\"MUG\",\"unit\":\"case\","
                 "\"factor\":12,\"tested\":true,\"tested_on\":\"2026-03-31\"},"
                 "{\"channel\":\"b2b\",\"unit\":\"pallet\",\"factor\":480,\"tested\":true}]"));
    assert_int_equal(maps_unit(&d->maps, "shop", "MUG", "case", &u), ERR_OK);
    assert_int_equal(u.factor, 12);
    assert_true(u.tested);
    assert_int_equal(maps_unit(&d->maps, "shop", "HAT", "case", &u), ERR_OK);
    assert_int_equal(u.factor, 6);
    assert_false(u.tested);
    assert_int_equal(maps_unit(&d->maps, "shop", "HAT", "pallet", &u), ERR_NOTFOUND);
    assert_int_equal(maps_unit(&d->maps, "b2b", "HAT", "pallet", &u), ERR_OK);
    assert_int_equal(maps_unit(&d->maps, "shop", "HAT", "CASE", &u), ERR_NOTFOUND);
}

static void methods__are_exact_and_never_default(void **state)
{
    struct desk *d = *state;
    struct ship_method m;
    load(d, SITE("\"ship_methods\":[{\"channel\":\"shop\",\"title\":\"Next day\",\"carrier_code\":"
                 "\"DPD\",\"service_code\":\"ND\"}]"));
    assert_int_equal(maps_method(&d->maps, "shop", "Next day", &m), ERR_OK);
    assert_string_equal(m.carrier_code, "DPD");
    assert_string_equal(m.service_code, "ND");
    assert_int_equal(maps_method(&d->maps, "shop", "Next Day", &m), ERR_NOTFOUND);
    assert_int_equal(maps_method(&d->maps, "shop", "Next day ", &m), ERR_NOTFOUND);
    assert_int_equal(maps_method(&d->maps, "b2b", "Next day", &m), ERR_NOTFOUND);
    assert_true(maps_has_methods(&d->maps, "shop"));
    assert_false(maps_has_methods(&d->maps, "b2b"));
}

static void states__are_looked_up_by_channel(void **state)
{
    struct desk *d = *state;
    enum config_state_action a;
    load(d, SITE("\"shop_states\":[{\"channel\":\"shop\",\"status\":\"8\",\"action\":\"pack\"},"
                 "{\"channel\":\"shop\",\"status\":\"14\",\"action\":\"stop\"}]"));
    assert_int_equal(maps_state(&d->maps, "shop", "14", &a), ERR_OK);
    assert_int_equal(a, CONFIG_STATE_STOP);
    assert_int_equal(maps_state(&d->maps, "b2b", "14", &a), ERR_NOTFOUND);
    assert_int_equal(maps_state(&d->maps, "shop", "1", &a), ERR_NOTFOUND);
}

static void rules__hold_unless_they_are_said_to_observe(void **state)
{
    struct desk *d = *state;
    load(d, SITE("\"rules\":[{\"rule\":\"unit.untested\",\"mode\":\"observe\"},"
                 "{\"rule\":\"sku.collision\",\"mode\":\"hold\"}]"));
    assert_true(maps_observes(&d->site, "unit.untested"));
    assert_false(maps_observes(&d->site, "sku.collision"));
    assert_false(maps_observes(&d->site, "order.cancelled"));
    refused(d, SITE("\"rules\":[{\"rule\":\"order.cancelled\",\"mode\":\"observe\"}]"),
            "rules[0].rule");
}

/* ------------------------------------------------------------------------------------ tracking --
 */

static const char *fault_of(const char *shape, const char *number)
{
    const char *fault = "no such shape";
    assert_int_equal(tracking_shape(slice_text(shape), slice_text(number), &fault), ERR_OK);
    return fault;
}

static void tracking__accepts_real_numbers_and_finds_each_wrong_digit(void **state)
{
    static const struct {
        const char *shape, *number;
        size_t at; /* a digit the check covers */
    } good[] = {
        {"s10", "RB123456785GB", 4},
        {"royalmail", "RB123456785GB", 10},
        {"ups", "1Z5R89390357567127", 12},
        {"fedex", "986578788855", 0},
        {"fedex", "041441760228964", 14},
        {"fedex", "9611020987654312345672", 21},
        {"fedex", "1001921334250001000300779017972697", 33},
        {"dhl", "3318810025", 9},
        {"usps", "9400110200881106302143", 21},
        {"usps", "420921559400110200881106302143", 29},
        {"dpd", "09980525414724T", 3},
    };
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        char number[64];
        (void)snprintf(number, sizeof number, "%s", good[i].number);
        const char *fault = fault_of(good[i].shape, number);
        if (fault) fail_msg("%s %s: %s", good[i].shape, number, fault);
        number[good[i].at] = (char)(number[good[i].at] == '9' ? '0' : number[good[i].at] + 1);
        if (!fault_of(good[i].shape, number)) fail_msg("%s is taken", number);
    }
}

static void tracking__knows_shapes_without_check_digits(void **state)
{
    (void)state;
    assert_null(fault_of("dpd", "15501234567890"));
    assert_null(fault_of("dpd", "000400015501234567890123276C"));
    assert_non_null(fault_of("dpd", "1550123456789"));
    assert_null(fault_of("yodel", "JD0002220012345678"));
    assert_null(fault_of("yodel", "JJD0002220012345678"));
    assert_null(fault_of("dhl", "JJD0146000000"));
    assert_null(fault_of("gls8", "ZXC12345"));
    assert_non_null(fault_of("royalmail", "RB123456785US"));
    assert_null(fault_of("HX@@-####?", "HXAB-1234Z"));
    assert_non_null(fault_of("HX@@-####?", "HXA1-1234Z"));
    assert_non_null(fault_of("HX@@-####?", "HXAB-1234ZZ"));
}

static void tracking__checks_the_character_of_iso_7064(void **state)
{
    (void)state;
    size_t right = 0;
    for (const char *c = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"; *c != '\0'; c++) {
        char number[16];
        (void)snprintf(number, sizeof number, "09980525414724%c", *c);
        if (!fault_of("dpd", number)) right++;
    }
    assert_int_equal(right, 1);
    assert_null(fault_of("dpd", "09980525414724T"));
}

static void tracking__of_a_carrier_takes_any_of_its_shapes_without_blanks(void **state)
{
    struct desk *d = *state;
    load(d,
         SITE("\"carriers\":[{\"carrier_code\":\"RM\",\"tracking\":[\"royalmail\","
              "\"HX####\"],\"link\":\"https://t.test/{tracking}?x\"},{\"carrier_code\":\"ANY\"}]"));
    const struct config_carrier *rm = &d->site.carriers[0];
    assert_null(tracking_fault(rm, SLICE("RB 123 456 785 GB")));
    assert_null(tracking_fault(rm, SLICE("HX1234")));
    assert_string_equal(tracking_fault(rm, SLICE("RB123456786GB")), "its check digit is wrong");
    assert_non_null(tracking_fault(rm, SLICE("HX123")));
    const struct config_carrier *any = &d->site.carriers[1];
    assert_null(tracking_fault(any, SLICE("abc-123")));
    assert_non_null(tracking_fault(any, SLICE("12345")));
    assert_non_null(tracking_fault(any, SLICE("0000000")));
    assert_non_null(tracking_fault(any, SLICE("1234567\x1d")));
    assert_non_null(tracking_fault(NULL, SLICE("")));
    char room[100];
    struct buf link = buf_over(room, sizeof room - 1);
    assert_int_equal(tracking_link(rm, SLICE("RB 12/3"), &link), ERR_OK);
    assert_string_equal(buf_cstr(&link), "https://t.test/RB12%2F3?x");
    refused(d, SITE("\"carriers\":[{\"carrier_code\":\"RM\",\"tracking\":[\"upss\"]}]"),
            "carriers[0].tracking[0]");
}

/* ------------------------------------------------------------------------------------- address --
 */

static const char *address_fault_of(struct desk *d, const char *json)
{
    static struct address_fault fault;
    struct json_doc *doc = NULL;
    const struct config_carrier *carrier = d->site.carrier_count ? &d->site.carriers[0] : NULL;
    assert_int_equal(json_parse(slice_text(json), &doc, NULL), ERR_OK);
    err_t e = address_check(&d->site.address, carrier, json_root(doc), &fault);
    json_free(doc);
    return e ? fault.member : "";
}

static void address__names_the_member_that_is_wrong(void **state)
{
    struct desk *d = *state;
    load(d, SITE("\"carriers\":[{\"carrier_code\":\"DPD\",\"needs\":[\"phone_number\"]}]"));
#define ADDRESS(postcode, country, more)                                                           \
    "{\"address_1\":\"1 High St\",\"postcode\":\"" postcode "\",\"country_code\":\"" country       \
    "\"" more "}"
#define PHONE ",\"phone_number\":\"0113\""
    assert_string_equal(address_fault_of(d, ADDRESS("LS1 4AP", "GB", PHONE)), "");
    assert_string_equal(address_fault_of(d, ADDRESS("LS1 4AP", "GB", "")), "phone_number");
    assert_string_equal(address_fault_of(d, ADDRESS("  ", "GB", PHONE)), "postcode");
    assert_string_equal(address_fault_of(d, ADDRESS("LS1 4A", "GB", PHONE)), "postcode");
    assert_string_equal(address_fault_of(d, ADDRESS("12345-6789", "US", PHONE)), "");
    assert_string_equal(address_fault_of(d, ADDRESS("1234", "US", PHONE)), "postcode");
    assert_string_equal(address_fault_of(d, ADDRESS("D02 X285", "IE", PHONE)), "");
    assert_string_equal(address_fault_of(d, ADDRESS("12345678901", "IE", PHONE)), "postcode");
    assert_string_equal(address_fault_of(d, ADDRESS("LS1 4AP", "GBR", PHONE)), "country_code");
    assert_string_equal(
        address_fault_of(d, ADDRESS("LS1 4AP", "GB", PHONE ",\"email_address\":\"a b@c.d\"")),
        "email_address");
    assert_string_equal(address_fault_of(d, "null"), "address");
}

static void route__takes_the_first_rule_and_holds_without_one(void **state)
{
    struct desk *d = *state;
    char channel[24], order[ID_CAP];
    load(d, SITE("\"channel_rules\":[{\"account_code\":\"ACME\",\"prefix\":\"W-\",\"channel\":"
                 "\"b2b\"},{\"prefix\":\"W-\",\"channel\":\"shop\"},{\"prefix\":\"INT\","
                 "\"channel\":\"none\"}]"));
    assert_int_equal(channels_route(&d->site, "ACME", "W-7", channel, order), ERR_OK);
    assert_string_equal(channel, "b2b");
    assert_string_equal(order, "7");
    assert_int_equal(channels_route(&d->site, "X", "W-7", channel, order), ERR_OK);
    assert_string_equal(channel, "shop");
    assert_int_equal(channels_route(&d->site, "X", "INT", channel, order), ERR_OK);
    assert_string_equal(channel, "none");
    assert_int_equal(channels_route(&d->site, "X", "W-", channel, order), ERR_NOTFOUND);
    assert_int_equal(channels_route(&d->site, "X", "Y-1", channel, order), ERR_NOTFOUND);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sku__is_the_same_text_without_a_rule),
        TEST(sku__takes_the_first_rule_that_fits),
        TEST(sku__strips_and_pads_leading_zeros_of_digits_only),
        TEST(sku__pads_towards_clarus),
        TEST(sku__changes_case_characters_prefix_and_suffix_both_ways),
        TEST(sku__does_not_say_where_a_code_came_from_when_rules_lose_it),
        TEST(sku__reports_blanks_it_dropped),
        TEST(sku__refuses_what_is_too_long_and_never_cuts),
        TEST(sku__refuses_what_is_no_code),
        TEST(sku__rules_that_say_nothing_or_too_much_are_refused),
        TEST(units__prefer_the_product_and_say_whether_they_are_tested),
        TEST(methods__are_exact_and_never_default),
        TEST(states__are_looked_up_by_channel),
        TEST(rules__hold_unless_they_are_said_to_observe),
        TEST(tracking__accepts_real_numbers_and_finds_each_wrong_digit),
        TEST(tracking__knows_shapes_without_check_digits),
        TEST(tracking__checks_the_character_of_iso_7064),
        TEST(tracking__of_a_carrier_takes_any_of_its_shapes_without_blanks),
        TEST(address__names_the_member_that_is_wrong),
        TEST(route__takes_the_first_rule_and_holds_without_one),
    };
    return cmocka_run_group_tests_name("mapping", tests, NULL, NULL);
}
