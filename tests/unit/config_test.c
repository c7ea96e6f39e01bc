/* site.json and station.json: what is taken, what is refused and with which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/mem.h"
#include "firmware/config/fields.h"
#include "hal/sim/hal_sim.h"

static struct config_faults faults;
static struct config_site site;
static struct config_station station;

static int set_up(void **state)
{
    (void)state;
    faults = (struct config_faults){.count = 0};
    return 0;
}

static void assert_message(size_t nth, const char *expected)
{
    char text[800];
    struct buf b = buf_over(text, sizeof text - 1);
    assert_true(nth < faults.count);
    config_fault_text(&faults.items[nth], &b);
    text[b.len] = '\0';
    assert_string_equal(text, expected);
}

/* ---------------------------------------------------------------------------------- what is taken
 */

#define CLARUS                                                                                     \
    "\"clarus\":{\"base_url\":\"https://clarus-api.com\",\"tenant\":\"acme\","                     \
    "\"client_id_secret\":\"id\",\"client_secret_secret\":\"key\"}"
#define SHOP                                                                                       \
    "{\"name\":\"shop\",\"definition\":\"bigcommerce\",\"base_url\":\"https://api.test/s/a\","     \
    "\"secret\":\"token\"}"

static void config__fills_in_the_defaults_of_a_site(void **state)
{
    (void)state;
    const char *text = "{\"name\":\"Leeds\"," CLARUS ",\"channels\":[" SHOP "]}";
    assert_int_equal(config_parse_site(slice_text(text), "site.json", &site, &faults), ERR_OK);
    assert_string_equal(site.name, "Leeds");
    assert_int_equal(site.benches, 1);
    assert_string_equal(site.clarus.path_prefix, "/api");
    assert_string_equal(site.clarus.client_secret_secret, "key");
    assert_int_equal(site.clarus.poll_s, 20);
    assert_int_equal(site.clarus.settle_reads, 3);
    assert_string_equal(site.clarus.ready_status[0], "PICK");
    assert_string_equal(site.clarus.ready_status[2], "PART_ALLOCATED");
    assert_string_equal(site.clarus.ready_status[3], "");
    assert_true(site.clarus.part_allocated_may_go);
    assert_int_equal(site.channel_count, 1);
    assert_int_equal(site.channels[0].pace_per_minute, 150);
    assert_true(site.channels[0].enabled);
    assert_false(site.channels[0].set_status);
    assert_int_equal(site.label.height_mm, 150);
    assert_int_equal(site.alerts.attempts, 8);
    assert_string_equal(site.command_prefix, "^P:");
    assert_string_equal(config_channel_by_name(&site, "shop")->secret, "token");
    assert_null(config_channel_by_name(&site, "other"));
}

static void config__reads_every_list_of_a_site(void **state)
{
    (void)state;
    const char *text =
        "{\"$schema\":\"site.schema.json\",\"name\":\"L\"," CLARUS ",\"channels\":[" SHOP "],"
        "\"channel_rules\":[{\"account_code\":\"A\",\"prefix\":\"BC-\",\"channel\":\"shop\"},"
        "{\"channel\":\"none\"}],\"sku_rules\":[{\"shop\":\"s\",\"clarus\":\"c\"}],"
        "\"ship_methods\":[{\"channel\":\"shop\",\"title\":\"Next day\",\"carrier_code\":\"DPD\"}],"
        "\"carriers\":[{\"carrier_code\":\"DPD\",\"match\":\"contains\","
        "\"link\":\"https://t.test/{tracking}\"},{\"carrier_code\":\"RM\"}]}";
    assert_int_equal(config_parse_site(slice_text(text), "site.json", &site, &faults), ERR_OK);
    assert_int_equal(site.channel_rule_count, 2);
    assert_string_equal(site.channel_rules[0].prefix, "BC-");
    assert_string_equal(site.channel_rules[1].channel, "none");
    assert_int_equal(site.sku_rule_count, 1);
    assert_string_equal(site.ship_methods[0].title, "Next day");
    assert_int_equal(config_carrier_by_code(&site, "DPD")->match, CARRIER_MATCH_CONTAINS);
    assert_int_equal(config_carrier_by_code(&site, "RM")->match, CARRIER_MATCH_EQUAL);
    assert_null(config_carrier_by_code(&site, "UPS"));
}

static void config__reads_a_station(void **state)
{
    (void)state;
    const char *text =
        "{\"id\":\"B7\",\"scanners\":[{\"port\":{\"transport\":\"serial\",\"usb_vendor\":\"0C2e\","
        "\"baud\":115200,\"parity\":\"even\",\"data_bits\":7},\"framing\":{\"suffix\":\"\\u0003\"}}"
        ","
        "{\"port\":{\"transport\":\"serial\"}}],"
        "\"label_printer\":{\"port\":{\"transport\":\"tcp\",\"host\":\"10.0.0.9\"},\"dpi\":300}}";
    assert_int_equal(config_parse_station(slice_text(text), "station.json", &station, &faults),
                     ERR_OK);
    assert_string_equal(station.bench_name, "B7");
    assert_string_equal(station.role, "bench");
    assert_int_equal(station.scanner_count, 2);
    assert_string_equal(station.scanners[0].port.role, "scanner");
    assert_string_equal(station.scanners[1].port.role, "scanner-2");
    assert_int_equal(station.scanners[0].port.usb_vendor, 0x0c2e);
    assert_int_equal(station.scanners[0].port.baud, 115200);
    assert_int_equal(station.scanners[0].port.parity, HAL_PARITY_EVEN);
    assert_int_equal(station.scanners[0].port.data_bits, 7);
    assert_int_equal(station.scanners[0].port.stop_bits, 1);
    assert_string_equal(station.scanners[0].framing.suffix, "\x03");
    assert_true(station.scanners[1].framing.terminated);
    assert_int_equal(station.scanners[1].framing.repeat_ms, 300);
    assert_int_equal(station.scanners[1].port.transport, HAL_TRANSPORT_SERIAL);
    assert_true(station.has_label_printer);
    assert_string_equal(station.label_printer.role, "label-printer");
    assert_string_equal(station.label_printer.host, "10.0.0.9");
    assert_int_equal(station.label_printer.tcp_port, 9100);
    assert_int_equal(station.printer_dpi, 300);
    assert_string_equal(station.console_bind, "127.0.0.1");
    assert_int_equal(station.console_port, 8480);
    assert_false(station.demonstration);
}

static void config__takes_a_station_without_devices(void **state)
{
    (void)state;
    assert_int_equal(
        config_parse_station(SLICE("{\"id\":\"B1\"}"), "station.json", &station, &faults), ERR_OK);
    assert_int_equal(station.scanner_count, 0);
    assert_false(station.has_label_printer);
}

/* -------------------------------------------------------------------------------- what is refused
 */

struct refusal {
    const char *text;
    const char *message; /* the first fault */
};

/* A site of which only the Clarus object's rest differs, on lines of its own. */
#define SITE_CLARUS(rest)                                                                          \
    "{\n \"name\": \"L\",\n \"clarus\": {\n  \"base_url\": \"https://clarus-api.com\",\n"          \
    "  \"tenant\": \"acme\",\n  \"client_id_secret\": \"id\",\n"                                   \
    "  \"client_secret_secret\": \"key\"" rest "\n }\n}"
#define SITE_URL(url)                                                                              \
    "{\"name\":\"L\",\n\"clarus\":{\"base_url\":\"" url                                            \
    "\",\"tenant\":\"a\",\"client_id_secret\":\"i\",\"client_secret_secret\":\"k\"}}"
#define SITE_MORE(rest) "{\"name\":\"L\",\n" CLARUS ",\n" rest "}"

static const struct refusal site_refusals[] = {
    {SITE_CLARUS(",\n  \"poll\": 20"),
     "site.json line 8, clarus.poll: unknown key; did you mean \"poll_s\"?"},
    {SITE_CLARUS(",\n  \"Tenant\": \"a\""),
     "site.json line 8, clarus.Tenant: unknown key; did you mean \"tenant\"?"},
    {SITE_MORE("\"alerts\":{\"zzzzzzzzzz\":1}"),
     "site.json line 3, alerts.zzzzzzzzzz: unknown key; known keys: attempts, age_min, url, "
     "secret, ca, timeout_ms"},
    {SITE_CLARUS(",\n  \"poll_s\": 5"), "site.json line 8, clarus.poll_s: must be a whole number, "
                                        "15 to 600 (found 5)"},
    {SITE_CLARUS(",\n  \"poll_s\": 601"), "site.json line 8, clarus.poll_s: must be a whole "
                                          "number, 15 to 600 (found 601)"},
    {SITE_CLARUS(",\n  \"poll_s\": 20.5"), "site.json line 8, clarus.poll_s: must be a whole "
                                           "number, 15 to 600 (found 20.5)"},
    {SITE_CLARUS(",\n  \"poll_s\": \"20\""), "site.json line 8, clarus.poll_s: must be a whole "
                                             "number, 15 to 600 (found \"20\")"},
    {SITE_CLARUS(",\n  \"poll_s\": null"), "site.json line 8, clarus.poll_s: must be a whole "
                                           "number, 15 to 600 (found null)"},
    {SITE_CLARUS(",\n  \"part_allocated_may_go\": 1"),
     "site.json line 8, clarus.part_allocated_may_go: must be true or false (found 1)"},
    {SITE_CLARUS(",\n  \"warehouse_code\": 7"),
     "site.json line 8, clarus.warehouse_code: must be a text in quotes (found 7)"},
    {SITE_CLARUS(",\n  \"warehouse_code\": \"a\\u0007b\""),
     "site.json line 8, clarus.warehouse_code: must have no control character (found "
     "\"a\\u0007b\")"},
    {SITE_CLARUS(",\n  \"path_prefix\": \"0123456789abcdef\""),
     "site.json line 8, clarus.path_prefix: must be at most 15 bytes (found "
     "\"0123456789abcdef\")"},
    {SITE_CLARUS(",\n  \"path_prefix\": \"api\""),
     "site.json line 8, clarus.path_prefix: must begin with a slash (found \"api\")"},
    {SITE_CLARUS(",\n  \"ready_status\": []"),
     "site.json line 8, clarus.ready_status: must be a list of 1 to 8 (found [])"},
    {SITE_CLARUS(",\n  \"ready_status\": [\"PICK\",\n\"\"]"),
     "site.json line 9, clarus.ready_status[1]: must not be empty (found \"\")"},
    {SITE_CLARUS(",\n  \"tenant\": \"b\""),
     "site.json line 5, clarus.tenant: is not valid JSON: the same name twice in one object"},
    {"{\"name\":\"L\"}", "site.json line 1, clarus: is missing; add \"clarus\""},
    {"{\n\"clarus\":\n{\"base_url\":\"https://c.test\",\"client_id_secret\":\"i\","
     "\"client_secret_secret\":\"k\"},\"name\":\"L\"}",
     "site.json line 2, clarus.tenant: is missing; add \"tenant\""},
    {"[]", "site.json line 1: must be an object in braces (found [])"},
    {SITE_MORE("\"label\":[]"), "site.json line 3, label: must be an object in braces (found [])"},
    {SITE_MORE("\"channels\":{}"),
     "site.json line 3, channels: must be a list of 0 to 4 (found {})"},
    {SITE_MORE("\"channels\":[" SHOP ",\n7]"),
     "site.json line 4, channels[1]: must be an object in braces (found 7)"},
    {SITE_MORE("\"channels\":[" SHOP ",\n" SHOP "]"),
     "site.json line 4, channels[1].name: occurs twice in this list (found \"shop\")"},
    {SITE_MORE("\"channel_rules\":[{\"channel\":\"none\"},\n{\"channel\":\"shpo\"}]"),
     "site.json line 4, channel_rules[1].channel: is the name of no channel here (found "
     "\"shpo\"); add it to \"channels\" or use the name of one, or \"none\""},
    {SITE_MORE("\"carriers\":[{\"carrier_code\":\"D\",\"match\":\"like\"}]"),
     "site.json line 3, carriers[0].match: must be one of: equal contains prefix (found "
     "\"like\")"},
    {SITE_MORE("\"carriers\":[{\"carrier_code\":\"D\",\"link\":\"https://t.test/\"}]"),
     "site.json line 3, carriers[0].link: must hold {tracking} (found \"https://t.test/\")"},
    {SITE_MORE("\"badge_prefix\":\"^P:B\""),
     "site.json line 3, badge_prefix: must differ from command_prefix, and neither may begin with "
     "the other (found \"^P:B\")"},
    {SITE_URL("http://clarus-api.com"), "site.json line 2, clarus.base_url: must be https; plain "
                                        "http is for loopback only (found "
                                        "\"http://clarus-api.com\")"},
    {SITE_URL("http://127.0.0.1.evil.test"),
     "site.json line 2, clarus.base_url: must be https; plain http is for loopback only (found "
     "\"http://127.0.0.1.evil.test\")"},
    {SITE_URL("ftp://c.test"),
     "site.json line 2, clarus.base_url: must begin with https:// (found \"ftp://c.test\")"},
    {SITE_URL("https://c.test/"), "site.json line 2, clarus.base_url: must not end with a slash "
                                  "(found \"https://c.test/\")"},
    {SITE_URL("https://c.test:99999"),
     "site.json line 2, clarus.base_url: has a port that is no number from 1 to 65535 (found "
     "\"https://c.test:99999\")"},
    {SITE_URL("https://user:password@c.test"), "site.json line 2, clarus.base_url: must have no "
                                               "user name, query, blank or fragment"},
    {"{\"name\":\"L\",\n\"clarus\":{\"base_url\":\"https://c.test\",\"tenant\":\"a\","
     "\"client_id_secret\":\"i\",\"client_secret_secret\":\"hunter2 is my secret\"}}",
     "site.json line 2, clarus.client_secret_secret: is a name: letters, digits and - _ . only; "
     "name the secret here; its contents go to the credentials directory"},
};

static const struct refusal station_refusals[] = {
    {"{}", "station.json line 1, id: is missing; add \"id\""},
    {"{\"id\":\"bench-1\"}",
     "station.json line 1, id: may hold letters and digits only (found \"bench-1\")"},
    {"{\"id\":\"B12345678\"}",
     "station.json line 1, id: must be at most 8 bytes (found \"B12345678\")"},
    {"{\"id\":\"B1\",\n\"role\":\"site\"}",
     "station.json line 2, role: must be one of: bench (found \"site\")"},
    {"{\"id\":\"B1\",\"scanners\":[\n{\"port\":{\n\"transport\":\"usb\"}}]}",
     "station.json line 3, scanners[0].port.transport: must be one of: serial pty usblp tcp "
     "hidraw evdev (found \"usb\")"},
    {"{\"id\":\"B1\",\"scanners\":[\n{\"framing\":{}}]}",
     "station.json line 2, scanners[0].port: is missing; add \"port\""},
    {"{\"id\":\"B1\",\"scanners\":[{\"port\":\n{\"transport\":\"usblp\"}}]}",
     "station.json line 2, scanners[0].port.transport: a scanner cannot be reached this way"},
    {"{\"id\":\"B1\",\"scanners\":[{\"port\":{\"transport\":\"serial\",\n\"usb_vendor\":3118}}]}",
     "station.json line 2, scanners[0].port.usb_vendor: must be four hexadecimal digits in quotes, "
     "as lsusb shows (found 3118)"},
    {"{\"id\":\"B1\",\"label_printer\":{\"port\":{\"transport\":\"tcp\"}}}",
     "station.json line 1, label_printer.port.host: is needed for this transport"},
    {"{\"id\":\"B1\",\"label_printer\":{\"language\":\"epl\",\"port\":{\"transport\":\"serial\","
     "\"flow\":\"xonxoff\"}}}",
     "station.json line 1, label_printer.port.flow: cannot carry the graphics of this printer "
     "language (found \"xonxoff\"); use rtscts, on the printer too"},
    {"{\"id\":\"B1\",\"label_printer\":{\"port\":{\"transport\":\"hidraw\"}}}",
     "station.json line 1, label_printer.port.transport: a printer cannot be reached this way"},
    {"{\"id\":\"B1\",\"document_printer\":{\"port\":{\"transport\":\"usblp\"},\"height_mm\":20}}",
     "station.json line 1, document_printer.height_mm: must be 0 for a roll, or at least 40"},
    {"{\"id\":\"B1\",\"scale\":{\"protocol\":\"hid\",\"port\":{\"transport\":\"serial\"}}}",
     "station.json line 1, scale.protocol: does not belong to this transport (found \"hid\"); "
     "\"hid\" goes with hidraw and with nothing else"},
    {"{\"id\":\"B1\",\"scale\":{\"protocol\":\"cas\",\"port\":{\"transport\":\"usblp\"}}}",
     "station.json line 1, scale.port.transport: a scale cannot be reached this way"},
    {"{\"id\":\"B1\",\"signal\":{}}",
     "station.json line 1, signal: names no line: give green, amber, red or buzzer"},
    {"{\"id\":\"B1\",\"signal\":{\"red\":4,\"green\":4}}",
     "station.json line 1, signal: one line cannot be two lamps"},
    {"{\"id\":\"B1\",\"label_printer\":{\"port\":{\"transport\":\"usblp\"},\"dpi\":250}}",
     "station.json line 1, label_printer.dpi: must be a whole number, 203 or 300 (found 250)"},
    {"{\"id\":\"B1\",\"label_printer\":{\"port\":{\"transport\":\"evdev\"}}}",
     "station.json line 1, label_printer.port.transport: a printer cannot be reached this way"},
    {"{\"id\":\"B1\",\"scanners\":[{\"port\":{\"transport\":\"evdev\"}}]}",
     "station.json line 1, scanners[0].port.usb_vendor: is needed for this transport; say which "
     "device is the scanner: usb_vendor, usb_serial, usb_port_path or path"},
    {"{\"id\":\"B1\",\"console\":{\n\"bind\":\"0.0.0.0\"}}",
     "station.json line 2, console.bind: beyond loopback the console needs a certificate (found "
     "\"0.0.0.0\"); set console.certificate, or bind to 127.0.0.1"},
};

static void config__names_what_is_wrong_with_a_site(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof site_refusals / sizeof site_refusals[0]; i++) {
        faults.count = 0;
        struct slice text = slice_text(site_refusals[i].text);
        assert_int_equal(config_parse_site(text, "site.json", &site, &faults), ERR_INVALID);
        assert_message(0, site_refusals[i].message);
    }
}

static void config__names_what_is_wrong_with_a_station(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof station_refusals / sizeof station_refusals[0]; i++) {
        faults.count = 0;
        struct slice text = slice_text(station_refusals[i].text);
        assert_int_equal(config_parse_station(text, "station.json", &station, &faults),
                         ERR_INVALID);
        assert_message(0, station_refusals[i].message);
    }
}

static void config__names_the_line_of_broken_json(void **state)
{
    (void)state;
    assert_int_equal(
        config_parse_site(SLICE("{\n\"name\": \"L\",\n}"), "site.json", &site, &faults),
        ERR_INVALID);
    assert_int_equal(faults.count, 1);
    assert_int_equal(faults.items[0].line, 3);
    assert_non_null(strstr(faults.items[0].reason, "is not valid JSON"));
}

static void config__finds_all_faults_not_only_the_first(void **state)
{
    (void)state;
    const char *text = "{\"name\":7,\"benches\":0,\n\"nmae\":\"x\",\"clarus\":{\"poll_s\":1}}";
    assert_int_equal(config_parse_site(slice_text(text), "site.json", &site, &faults), ERR_INVALID);
    assert_int_equal(faults.count, 8);
    assert_message(0, "site.json line 2, nmae: unknown key; did you mean \"name\"?");
    assert_message(7, "site.json line 2, clarus.poll_s: must be a whole number, 15 to 600 (found "
                      "1)");
}

static void config__counts_faults_beyond_its_room(void **state)
{
    (void)state;
    char text[2048] = "{";
    for (int i = 0; i < 3 * CONFIG_FAULTS_MAX; i++) {
        char member[24];
        (void)snprintf(member, sizeof member, "\"qqqqqqq%d\":1,", i);
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s", member);
    }
    (void)snprintf(text + strlen(text), sizeof text - strlen(text), "\"id\":\"B1\"}");
    assert_int_equal(config_parse_station(slice_text(text), "s", &station, &faults), ERR_INVALID);
    assert_int_equal(faults.count, 3 * CONFIG_FAULTS_MAX);
}

/* A text with one byte changed is refused or taken, never a crash or a hang. */
static void config__survives_any_changed_byte(void **state)
{
    (void)state;
    static const char original[] = SITE_MORE("\"channels\":[" SHOP "],\"carriers\":["
                                             "{\"carrier_code\":\"D\",\"match\":\"prefix\"}]");
    static const char changes[] = "\0\n\"\\{}[],:x9\xff";
    char text[sizeof original];
    for (size_t at = 0; at < sizeof original - 1; at++) {
        for (size_t c = 0; c < sizeof changes - 1; c++) {
            memcpy(text, original, sizeof text);
            text[at] = changes[c];
            faults.count = 0;
            err_t e =
                config_parse_site(slice_of(text, sizeof text - 1), "site.json", &site, &faults);
            assert_true(e == ERR_OK || e == ERR_INVALID);
            assert_int_equal(e == ERR_OK, faults.count == 0);
        }
    }
}

/* ---------------------------------------------------------------------------- documents, secrets
 */

static struct hal *open_hal(void)
{
    struct hal *h = NULL;
    struct hal_sim_options options = {.seed = 1};
    assert_int_equal(hal_sim_open(&options, &h), ERR_OK);
    return h;
}

static void config__reads_documents_or_the_embedded_defaults(void **state)
{
    (void)state;
    struct hal *h = open_hal();
    struct config *c = mem_alloc(sizeof *c);
    assert_non_null(c);
    assert_int_equal(config_read(h, false, c, &faults), ERR_INVALID);
    assert_int_equal(faults.count, 2);
    assert_non_null(strstr(faults.items[0].reason, "cannot be read: no such thing"));
    assert_int_equal(config_read(h, true, c, &faults), ERR_OK);
    assert_string_equal(c->station.id, "B1");
    assert_true(c->station.demonstration);
    hal_sim_set_document(h, "station.json", "{\"id\":\"B9\"}");
    assert_int_equal(config_read(h, true, c, &faults), ERR_OK);
    assert_string_equal(c->station.id, "B9");
    hal_sim_set_document(h, "station.json", "{\"ID\":\"B9\"}");
    assert_int_equal(config_read(h, true, c, &faults), ERR_INVALID);
    mem_free(c);
    hal_sim_close(h);
}

static void config__names_every_secret_and_ca_it_cannot_use(void **state)
{
    (void)state;
    struct hal *h = open_hal();
    struct config *c = mem_alloc(sizeof *c);
    assert_non_null(c);
    assert_int_equal(config_read(h, true, c, &faults), ERR_OK);
    (void)snprintf(c->site.clarus.ca, sizeof c->site.clarus.ca, "ca.pem");
    hal_sim_set_secret(h, "clarus-client-id", "x");
    assert_int_equal(config_check(h, c, &faults), ERR_INVALID);
    assert_int_equal(faults.count, 3);
    assert_string_equal(faults.items[0].path, "clarus.client_secret_secret");
    assert_string_equal(faults.items[0].reason,
                        "the secret \"clarus-client-secret\" cannot be used: no such thing");
    assert_string_equal(faults.items[0].next_step,
                        "put a file of that name, mode 0600, into the credentials directory");
    assert_string_equal(faults.items[1].path, "clarus.ca");
    assert_string_equal(faults.items[2].path, "channels[0].secret");
    hal_sim_set_secret(h, "clarus-client-secret", "y");
    hal_sim_set_secret(h, "shop-token", "z");
    hal_sim_set_document(h, "ca.pem", "pem");
    faults.count = 0;
    assert_int_equal(config_check(h, c, &faults), ERR_OK);
    assert_int_equal(faults.count, 0);
    c->station.training = true;
    assert_int_equal(config_check(h, c, &faults), ERR_OK); /* the stand-ins are on loopback */
    (void)snprintf(c->site.clarus.base_url, URL_CAP, "https://clarus-api.com");
    assert_int_equal(config_check(h, c, &faults), ERR_INVALID);
    assert_string_equal(faults.items[0].path, "clarus.base_url");
    mem_free(c);
    hal_sim_close(h);
}

/* ------------------------------------------------------------------------- schemas and the manual
 */

static char *read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) fail_msg("%s cannot be read; tests run in the repository's root", path);
    char *text = calloc(1, 262144);
    assert_non_null(text);
    assert_true(fread(text, 1, 262143, f) > 0);
    fclose(f);
    return text;
}

static bool has_text(json_node list, const char *text)
{
    for (json_node e = json_first(list); e; e = json_next(e)) {
        if (slice_is(json_text(e), text)) return true;
    }
    return false;
}

static void assert_int_member(json_node n, const char *name, int64_t expected)
{
    int64_t value = 0;
    assert_int_equal(json_int(json_member(n, name), INT32_MIN, INT32_MAX, &value), ERR_OK);
    assert_int_equal(value, expected);
}

static void assert_refers(json_node n, const struct shape *shape)
{
    char expected[64];
    (void)snprintf(expected, sizeof expected, "#/$defs/%s", shape->name);
    assert_true(slice_is(json_text(json_member(n, "$ref")), expected));
}

static void assert_words(json_node list, const char *words)
{
    char joined[512] = "";
    for (json_node e = json_first(list); e; e = json_next(e)) {
        size_t len = strlen(joined);
        (void)snprintf(joined + len, sizeof joined - len, "%s%.*s", len > 0 ? " " : "",
                       SLICE_ARGS(json_text(e)));
    }
    assert_string_equal(joined, words);
}

static void assert_text_field(const struct field *f, json_node n)
{
    assert_true(slice_is(json_text(json_member(n, "type")), "string"));
    assert_int_member(n, "maxLength", (int64_t)f->cap - 1);
    if (f->min > 0) assert_int_member(n, "minLength", f->min);
    if (f->text && f->kind == FIELD_TEXT)
        assert_true(slice_is(json_text(json_member(n, "default")), f->text));
}

static void assert_list_field(const struct field *f, json_node n)
{
    assert_true(slice_is(json_text(json_member(n, "type")), "array"));
    assert_int_member(n, "maxItems", (int64_t)f->list_max);
    if (f->kind == FIELD_OBJECTS) {
        assert_refers(json_member(n, "items"), f->shape);
        return;
    }
    assert_int_member(n, "minItems", 1);
    assert_text_field(f, json_member(n, "items"));
    assert_words(json_member(n, "default"), f->text);
}

static void assert_word_field(const struct field *f, json_node n)
{
    assert_words(json_member(n, "enum"), f->words);
    if (f->text) assert_true(slice_is(json_text(json_member(n, "default")), f->text));
}

static void assert_number_field(const struct field *f, json_node n)
{
    assert_int_member(n, "default", f->number);
    if (f->kind == FIELD_EITHER) {
        int64_t low = 0;
        assert_int_equal(json_count(json_member(n, "enum")), 2);
        assert_int_equal(json_int(json_at(n, "/enum/0"), f->min, f->min, &low), ERR_OK);
        assert_int_equal(json_int(json_at(n, "/enum/1"), f->max, f->max, &low), ERR_OK);
        return;
    }
    assert_true(slice_is(json_text(json_member(n, "type")), "integer"));
    assert_int_member(n, "minimum", f->min);
    assert_int_member(n, "maximum", f->max);
}

static void assert_plain_field(const struct field *f, json_node n)
{
    if (f->kind == FIELD_OBJECT) assert_refers(n, f->shape);
    if (f->kind != FIELD_BOOL) return;
    assert_true(slice_is(json_text(json_member(n, "type")), "boolean"));
    assert_int_equal(json_kind(json_member(n, "default")), JSON_BOOL);
    assert_int_equal(json_bool(json_member(n, "default"), false), f->number != 0);
}

static void assert_field(const struct field *f, json_node n)
{
    typedef void assert_fn(const struct field *, json_node);
    static assert_fn *const by_kind[] = {
        [FIELD_TEXT] = assert_text_field,     [FIELD_WORD] = assert_word_field,
        [FIELD_WORDS] = assert_list_field,    [FIELD_CHOICE] = assert_word_field,
        [FIELD_NUMBER] = assert_number_field, [FIELD_EITHER] = assert_number_field,
        [FIELD_HEX] = assert_plain_field,     [FIELD_BOOL] = assert_plain_field,
        [FIELD_OBJECT] = assert_plain_field,  [FIELD_OBJECTS] = assert_list_field,
        [FIELD_IGNORED] = assert_plain_field,
    };
    if (!n) fail_msg("the schema lacks \"%s\"", f->key);
    assert_true(json_text(json_member(n, "description")).len > 0);
    by_kind[f->kind](f, n);
}

static void assert_object(const struct shape *shape, json_node n)
{
    size_t required = 0;
    if (!n) fail_msg("the schema lacks the object \"%s\"", shape->name);
    assert_false(json_bool(json_member(n, "additionalProperties"), true));
    assert_int_equal(json_count(json_member(n, "properties")), shape->count);
    for (size_t i = 0; i < shape->count; i++) {
        const struct field *f = &shape->fields[i];
        assert_field(f, json_member(json_member(n, "properties"), f->key));
        assert_int_equal(has_text(json_member(n, "required"), f->key), f->required);
        if (f->required) required++;
    }
    assert_int_equal(json_count(json_member(n, "required")), required);
}

#define SHAPES_MAX 32
/* The shapes below `root`, root first. */
static size_t collect(const struct shape *root, const struct shape *out[SHAPES_MAX])
{
    size_t count = 1;
    out[0] = root;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < out[i]->count; k++) {
            const struct shape *below = out[i]->fields[k].shape;
            bool known = below == NULL;
            for (size_t j = 0; j < count; j++)
                known = known || out[j] == below;
            if (known) continue;
            assert_true(count < SHAPES_MAX);
            out[count++] = below;
        }
    }
    return count;
}

static void assert_schema(const struct shape *root, const char *path)
{
    const struct shape *shapes[SHAPES_MAX];
    char *text = read_file(path);
    struct json_doc *doc = NULL;
    assert_int_equal(json_parse(slice_text(text), &doc, NULL), ERR_OK);
    size_t count = collect(root, shapes);
    json_node defs = json_member(json_root(doc), "$defs");
    assert_object(root, json_root(doc));
    assert_int_equal(json_count(defs), count - 1);
    for (size_t i = 1; i < count; i++)
        assert_object(shapes[i], json_member(defs, shapes[i]->name));
    json_free(doc);
    free(text);
}

static void config__schemas_agree_with_the_parser_on_every_key(void **state)
{
    (void)state;
    assert_schema(&site_shape, "docs/site.schema.json");
    assert_schema(&station_shape, "docs/station.schema.json");
}

static void default_text(const struct field *f, char *out, size_t cap)
{
    out[0] = '\0';
    if (f->required)
        (void)snprintf(out, cap, "| **required** |");
    else if (f->kind == FIELD_NUMBER || f->kind == FIELD_EITHER)
        (void)snprintf(out, cap, "| `%lld` |", (long long)f->number);
    else if (f->kind == FIELD_BOOL)
        (void)snprintf(out, cap, "| `%s` |", f->number != 0 ? "true" : "false");
    else if (f->kind == FIELD_TEXT)
        (void)snprintf(out, cap, "| `\"%s\"` |", f->text ? f->text : "");
}

static void assert_row(const char *section, const struct field *f)
{
    char begin[64];
    char range[48] = "";
    char otherwise[64];
    (void)snprintf(begin, sizeof begin, "\n| `%s` | ", f->key);
    const char *row = strstr(section, begin);
    const char *next_section = strstr(section + 1, "\n### ");
    if (!row || (next_section && row > next_section)) {
        fail_msg("the manual lacks %s", f->key);
        return;
    }
    char line[512];
    (void)snprintf(line, sizeof line, "%.*s", (int)strcspn(row + 1, "\n"), row + 1);
    if (f->kind == FIELD_NUMBER)
        (void)snprintf(range, sizeof range, "%lld to %lld", (long long)f->min, (long long)f->max);
    default_text(f, otherwise, sizeof otherwise);
    if (!strstr(line, range) || !strstr(line, otherwise))
        fail_msg("the manual says otherwise of %s: %s", f->key, line);
}

static void config__manual_names_every_key_with_range_and_default(void **state)
{
    (void)state;
    char *manual = read_file("docs/configuration.md");
    const struct shape *shapes[2 * SHAPES_MAX];
    size_t count = collect(&site_shape, shapes);
    count += collect(&station_shape, shapes + count);
    for (size_t i = 0; i < count; i++) {
        char heading[64];
        (void)snprintf(heading, sizeof heading, "\n### %s\n", shapes[i]->name);
        const char *section = strstr(manual, heading);
        if (!section) fail_msg("the manual lacks %s", shapes[i]->name);
        for (size_t k = 0; section && k < shapes[i]->count; k++)
            assert_row(section, &shapes[i]->fields[k]);
    }
    free(manual);
}

/* A shape that cannot be read into its member would write beside it. */
static void config__every_field_lies_within_its_object(void **state)
{
    (void)state;
    const struct shape *shapes[2 * SHAPES_MAX];
    size_t count = collect(&site_shape, shapes);
    count += collect(&station_shape, shapes + count);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < shapes[i]->count; k++) {
            const struct field *f = &shapes[i]->fields[k];
            size_t lists = f->kind == FIELD_WORDS ? f->list_max : 1;
            if (shapes[i]->size > 0) assert_true(f->at + f->cap * lists <= shapes[i]->size);
            if (f->kind == FIELD_OBJECTS) assert_true(f->shape->size > 0 && f->list_max > 0);
            if (f->kind == FIELD_NUMBER) assert_true(f->min <= f->number && f->number <= f->max);
        }
    }
}

int main(void)
{
#define ONE(test) cmocka_unit_test_setup(test, set_up)
    const struct CMUnitTest tests[] = {
        ONE(config__fills_in_the_defaults_of_a_site),
        ONE(config__reads_every_list_of_a_site),
        ONE(config__reads_a_station),
        ONE(config__takes_a_station_without_devices),
        ONE(config__names_what_is_wrong_with_a_site),
        ONE(config__names_what_is_wrong_with_a_station),
        ONE(config__names_the_line_of_broken_json),
        ONE(config__finds_all_faults_not_only_the_first),
        ONE(config__counts_faults_beyond_its_room),
        ONE(config__survives_any_changed_byte),
        ONE(config__reads_documents_or_the_embedded_defaults),
        ONE(config__names_every_secret_and_ca_it_cannot_use),
        ONE(config__schemas_agree_with_the_parser_on_every_key),
        ONE(config__manual_names_every_key_with_range_and_default),
        ONE(config__every_field_lies_within_its_object),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
