#include "firmware/config/fields.h"

#define COUNT(table)     (sizeof(table) / sizeof((table)[0]))
#define IN(type, member) .at = offsetof(type, member), .cap = sizeof(((type *)0)->member)

#define PORT(member) IN(struct hal_port_spec, member)
static const struct field port_fields[] = {
    {"transport", FIELD_CHOICE, .required = true, PORT(transport),
     .words = "serial pty usblp tcp hidraw evdev"},
    {"path", FIELD_TEXT, PORT(path)},
    {"usb_vendor", FIELD_HEX, PORT(usb_vendor)},
    {"usb_product", FIELD_HEX, PORT(usb_product)},
    {"usb_serial", FIELD_TEXT, PORT(usb_serial)},
    {"usb_port_path", FIELD_TEXT, PORT(usb_port_path)},
    {"baud", FIELD_NUMBER, PORT(baud), .min = 300, .max = 921600, .number = 9600},
    {"data_bits", FIELD_EITHER, PORT(data_bits), .min = 7, .max = 8, .number = 8},
    {"stop_bits", FIELD_EITHER, PORT(stop_bits), .min = 1, .max = 2, .number = 1},
    {"parity", FIELD_CHOICE, PORT(parity), .text = "none", .words = "none even odd"},
    {"flow", FIELD_CHOICE, PORT(flow), .text = "none", .words = "none rtscts xonxoff"},
    {"host", FIELD_TEXT, PORT(host)},
    {"tcp_port", FIELD_NUMBER, PORT(tcp_port), .min = 1, .max = 65535, .number = 9100},
};
static const struct shape port_shape = {"port", port_fields, COUNT(port_fields), 0};

#define FRAMING(member) IN(struct scanner_framing, member)
static const struct field framing_fields[] = {
    {"prefix", FIELD_TEXT, FRAMING(prefix), .rule = rule_any},
    {"suffix", FIELD_TEXT, FRAMING(suffix), .rule = rule_any},
    {"terminated", FIELD_BOOL, FRAMING(terminated), .number = 1},
    {"gap_ms", FIELD_NUMBER, FRAMING(gap_ms), .min = 10, .max = 2000, .number = 100},
    {"repeat_ms", FIELD_NUMBER, FRAMING(repeat_ms), .min = 1, .max = 5000, .number = 300},
    {"settle_ms", FIELD_NUMBER, FRAMING(settle_ms), .min = 1, .max = 5000, .number = 200},
    {"aim", FIELD_BOOL, FRAMING(aim)},
    {"gs", FIELD_TEXT, FRAMING(gs)},
};
static const struct shape framing_shape = {"framing", framing_fields, COUNT(framing_fields), 0};

static const struct field scanner_fields[] = {
    {"port", FIELD_OBJECT, .required = true, IN(struct config_scanner, port), .shape = &port_shape},
    {"framing", FIELD_OBJECT, IN(struct config_scanner, framing), .shape = &framing_shape},
    {"layout", FIELD_WORD, IN(struct config_scanner, layout), .text = "us", .words = "us gb de fr"},
    {"feedback", FIELD_WORD, IN(struct config_scanner, feedback), .text = "none",
     .words = "none honeywell zebra datalogic"},
};
static const struct shape scanner_shape = {"scanner", scanner_fields, COUNT(scanner_fields),
                                           sizeof(struct config_scanner)};

#define STATION(member) IN(struct config_station, member)
#define LANGUAGES       "zpl epl tspl escpos"
static const struct field printer_fields[] = {
    {"port", FIELD_OBJECT, .required = true, STATION(label_printer), .shape = &port_shape},
    {"language", FIELD_WORD, STATION(printer_language), .text = "zpl", .words = LANGUAGES},
    {"dpi", FIELD_EITHER, STATION(printer_dpi), .min = 203, .max = 300, .number = 203},
    {"answers", FIELD_BOOL, STATION(printer_answers), .number = 1},
    {"test_label", FIELD_BOOL, STATION(test_label)},
};
static const struct shape printer_shape = {"label_printer", printer_fields, COUNT(printer_fields),
                                           0};

#define DOCUMENT(member) IN(struct config_document_printer, member)
static const struct field document_fields[] = {
    {"port", FIELD_OBJECT, .required = true, DOCUMENT(port), .shape = &port_shape},
    {"language", FIELD_WORD, DOCUMENT(language), .text = "escpos", .words = LANGUAGES},
    {"dpi", FIELD_EITHER, DOCUMENT(dpi), .min = 203, .max = 300, .number = 203},
    {"width_mm", FIELD_NUMBER, DOCUMENT(width_mm), .min = 40, .max = 300, .number = 80},
    {"height_mm", FIELD_NUMBER, DOCUMENT(height_mm), .min = 0, .max = 600, .number = 0},
    {"answers", FIELD_BOOL, DOCUMENT(answers), .number = 1},
};
static const struct shape document_shape = {"document_printer", document_fields,
                                            COUNT(document_fields), 0};

#define SCALE(member) IN(struct config_scale, member)
static const struct field scale_fields[] = {
    {"port", FIELD_OBJECT, .required = true, SCALE(port), .shape = &port_shape},
    {"protocol", FIELD_WORD, .required = true, SCALE(protocol), .words = "sics toledo cas nci hid"},
    {"poll_ms", FIELD_NUMBER, SCALE(poll_ms), .min = 100, .max = 5000, .number = 300},
};
static const struct shape scale_shape = {"scale", scale_fields, COUNT(scale_fields), 0};

#define SIGNAL(member) IN(struct config_signal, member)
#define LINE(key, member)                                                                          \
    {                                                                                              \
        key, FIELD_NUMBER, SIGNAL(member), .min = 0, .max = CONFIG_NO_LINE,                        \
                                           .number = CONFIG_NO_LINE                                \
    }
static const struct field signal_fields[] = {
    {"chip", FIELD_TEXT, SIGNAL(chip), .min = 1, .text = "/dev/gpiochip0"},
    LINE("green", green),
    LINE("amber", amber),
    LINE("red", red),
    LINE("buzzer", buzzer),
    {"active_low", FIELD_BOOL, SIGNAL(active_low)},
};
static const struct shape signal_shape = {"signal", signal_fields, COUNT(signal_fields), 0};

static const struct field console_fields[] = {
    {"bind", FIELD_TEXT, STATION(console_bind), .min = 1, .text = "127.0.0.1"},
    {"port", FIELD_NUMBER, STATION(console_port), .min = 0, .max = 65535, .number = 8480},
    {"certificate", FIELD_TEXT, .hidden = true, STATION(console_certificate), .rule = rule_name},
};
static const struct shape console_shape = {"console", console_fields, COUNT(console_fields), 0};

static const struct field station_fields[] = {
    {.key = "$schema", .kind = FIELD_IGNORED},
    {"id", FIELD_TEXT, .required = true, STATION(id), .min = 1, .rule = rule_id},
    {"bench_name", FIELD_TEXT, STATION(bench_name)},
    {"role", FIELD_WORD, STATION(role), .text = "bench", .words = "bench"},
    {"scanners", FIELD_OBJECTS, .at = offsetof(struct config_station, scanners),
     .list_max = CONFIG_SCANNERS_MAX, .count_at = offsetof(struct config_station, scanner_count),
     .shape = &scanner_shape},
    {"label_printer", FIELD_OBJECT, .optional = true,
     .count_at = offsetof(struct config_station, has_label_printer), .shape = &printer_shape},
    {"document_printer", FIELD_OBJECT, .optional = true, STATION(document_printer),
     .count_at = offsetof(struct config_station, has_document_printer), .shape = &document_shape},
    {"scale", FIELD_OBJECT, .optional = true, STATION(scale),
     .count_at = offsetof(struct config_station, has_scale), .shape = &scale_shape},
    {"signal", FIELD_OBJECT, .optional = true, STATION(signal),
     .count_at = offsetof(struct config_station, has_signal), .shape = &signal_shape},
    {"console", FIELD_OBJECT, .shape = &console_shape},
    {"training", FIELD_BOOL, STATION(training)},
    {"demonstration", FIELD_BOOL, STATION(demonstration)},
    {"language", FIELD_WORD, STATION(language), .text = "en", .words = "en"},
};
const struct shape station_shape = {"station", station_fields, COUNT(station_fields), 0};
