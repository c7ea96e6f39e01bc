#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/text.h"
#include "firmware/config/fields.h"

/* Where faults of one file go. */
struct finding {
    struct slice text;
    const char *file;
    struct config_faults *faults;
};

static struct config_fault *found(const struct finding *to, const char *path, const char *value,
                                  const char *reason)
{
    assert(value != NULL);
    struct config_fault *f =
        config_fault_add(to->faults, to->file, path, config_line(to->text, path));
    struct buf shown = buf_over(f->value, sizeof f->value - 1);
    if (value[0] != '\0') {
        buf_byte(&shown, '"');
        text_visible(&shown, slice_text(value), 40);
        buf_byte(&shown, '"');
    }
    f->value[shown.len] = '\0';
    (void)snprintf(f->reason, sizeof f->reason, "%s", reason);
    return f;
}

static const char *member_path(char *out, const char *list, size_t nth, const char *member)
{
    (void)snprintf(out, JSON_PATH_CAP, "%s[%zu].%s", list, nth, member);
    return out;
}

/* Texts at the same place in each element of a list. */
struct column {
    const void *first;
    size_t count;
    size_t stride;
    const char *list;
    const char *member;
};

static const char *cell(const struct column *c, size_t nth)
{
    return (const char *)c->first + nth * c->stride;
}

static void refuse_repeats(const struct finding *to, const struct column *c)
{
    char path[JSON_PATH_CAP];
    for (size_t i = 1; i < c->count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(cell(c, i), cell(c, j)) != 0) continue;
            (void)found(to, member_path(path, c->list, i, c->member), cell(c, i),
                        "occurs twice in this list");
            break;
        }
    }
}

static void require_channels(const struct finding *to, const struct column *c,
                             const struct config_site *site, bool none_is_fine)
{
    char path[JSON_PATH_CAP];
    for (size_t i = 0; i < c->count; i++) {
        if (none_is_fine && strcmp(cell(c, i), "none") == 0) continue;
        if (cell(c, i)[0] == '\0') continue; /* every channel, where a list allows it */
        if (config_channel_by_name(site, cell(c, i))) continue;
        struct config_fault *f = found(to, member_path(path, c->list, i, c->member), cell(c, i),
                                       "is the name of no channel here");
        (void)snprintf(f->next_step, sizeof f->next_step,
                       "add it to \"channels\" or use the name of one%s",
                       none_is_fine ? ", or \"none\"" : "");
    }
}

static void check_prefixes(const struct finding *to, const struct config_site *site)
{
    struct slice command = slice_text(site->command_prefix);
    struct slice badge = slice_text(site->badge_prefix);
    if (!slice_starts(command, site->badge_prefix) && !slice_starts(badge, site->command_prefix))
        return;
    (void)found(to, "badge_prefix", site->badge_prefix,
                "must differ from command_prefix, and neither may begin with the other");
}

/* ---------------------------------------------------------------------------------------- maps --
 */

static size_t letters_of(const char *text)
{
    size_t count = 0;
    for (const char *p = text; *p != '\0'; p++) {
        if (((unsigned char)*p & 0xC0) != 0x80) count++;
    }
    return count;
}

static bool form_is_set(const struct config_sku_form *f)
{
    return f->prefix[0] != '\0' || f->suffix[0] != '\0' || f->letters != CONFIG_CASE_KEEP ||
           f->zeros != CONFIG_ZEROS_KEEP || f->width > 0 || f->length_max > 0 ||
           f->characters[0] != '\0';
}

/* What is wrong with the rule and where; NULL when nothing is. */
static const char *sku_rule_fault(const struct config_sku_rule *r, const char **out_member)
{
    bool pair = r->shop[0] != '\0' || r->clarus[0] != '\0';
    bool forms = r->trim || form_is_set(&r->shop_form) || form_is_set(&r->clarus_form);
    *out_member = r->shop[0] == '\0' ? "shop" : "clarus";
    if (pair && (r->shop[0] == '\0' || r->clarus[0] == '\0')) return "a pair needs both codes";
    if (pair && forms) return "is either a pair of codes or a pair of forms, not both";
    if (!pair && !forms) return "the rule says nothing: give shop and clarus, or a form";
    *out_member = "shop_form";
    if (letters_of(r->shop_form.characters) != letters_of(r->clarus_form.characters))
        return "characters of both forms must be equally many: the nth stands for the nth";
    if ((r->shop_form.zeros == CONFIG_ZEROS_PAD) != (r->shop_form.width > 0))
        return "zeros \"pad\" and width belong together";
    *out_member = "clarus_form";
    if ((r->clarus_form.zeros == CONFIG_ZEROS_PAD) != (r->clarus_form.width > 0))
        return "zeros \"pad\" and width belong together";
    return NULL;
}

static void check_sku_rules(const struct finding *to, const struct config_site *site)
{
    char path[JSON_PATH_CAP];
    for (size_t i = 0; i < site->sku_rule_count; i++) {
        const struct config_sku_rule *r = &site->sku_rules[i];
        const char *member = "shop";
        const char *reason = sku_rule_fault(r, &member);
        for (size_t j = 0; j < i && reason == NULL && r->shop[0] != '\0'; j++) {
            const struct config_sku_rule *before = &site->sku_rules[j];
            member = "shop";
            if (strcmp(r->channel, before->channel) == 0 && strcmp(r->shop, before->shop) == 0)
                reason = "occurs twice in this list";
        }
        if (reason != NULL)
            (void)found(to, member_path(path, "sku_rules", i, member), r->shop, reason);
    }
}

/* Two entries for the same thing: the second would never be used. */
static void check_map_repeats(const struct finding *to, const struct config_site *site)
{
    char path[JSON_PATH_CAP];
    static const char reason[] = "occurs twice in this list";
    for (size_t i = 0; i < site->unit_count; i++) {
        const struct config_unit *u = &site->units[i];
        for (size_t j = 0; j < i; j++) {
            const struct config_unit *b = &site->units[j];
            if (strcmp(u->unit, b->unit) == 0 && strcmp(u->sku, b->sku) == 0 &&
                strcmp(u->channel, b->channel) == 0)
                (void)found(to, member_path(path, "units", i, "unit"), u->unit, reason);
        }
    }
    for (size_t i = 0; i < site->shop_state_count; i++) {
        const struct config_shop_state *s = &site->shop_states[i];
        for (size_t j = 0; j < i; j++) {
            const struct config_shop_state *b = &site->shop_states[j];
            if (strcmp(s->status, b->status) == 0 && strcmp(s->channel, b->channel) == 0)
                (void)found(to, member_path(path, "shop_states", i, "status"), s->status, reason);
        }
    }
}

#define COLUMN(list, counter, member)                                                              \
    {                                                                                              \
        site->list[0].member, site->counter, sizeof site->list[0], #list, #member                  \
    }

void config_site_finish(struct config_site *site, struct slice text, const char *file,
                        struct config_faults *faults)
{
    struct finding to = {text, file, faults};
    const struct column unique[] = {
        COLUMN(channels, channel_count, name),
        COLUMN(carriers, carrier_count, carrier_code),
        COLUMN(rules, rule_count, rule),
    };
    const struct column named[] = {
        COLUMN(ship_methods, ship_method_count, channel),
        COLUMN(sku_rules, sku_rule_count, channel),
        COLUMN(units, unit_count, channel),
        COLUMN(notes, note_count, channel),
        COLUMN(shop_states, shop_state_count, channel),
        COLUMN(order_fields, order_field_count, channel),
    };
    const struct column rules = COLUMN(channel_rules, channel_rule_count, channel);
    for (size_t i = 0; i < sizeof unique / sizeof unique[0]; i++)
        refuse_repeats(&to, &unique[i]);
    require_channels(&to, &rules, site, true);
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
        require_channels(&to, &named[i], site, false);
    check_sku_rules(&to, site);
    check_map_repeats(&to, site);
    check_prefixes(&to, site);
}

/* ------------------------------------------------------------------------------------- station --
 */

enum device {
    DEVICE_SCANNER,
    DEVICE_PRINTER,
    DEVICE_SCALE,
};

struct port_rule {
    const char *needs; /* member that must be given; NULL: none */
    unsigned devices;  /* bits of those that can be reached this way */
    bool named;        /* a scanner must say which device: any keyboard would do otherwise */
};

#define ANY (1u << DEVICE_SCANNER | 1u << DEVICE_PRINTER | 1u << DEVICE_SCALE)
static const struct port_rule port_rules[] = {
    [HAL_TRANSPORT_SERIAL] = {NULL, ANY, false},
    [HAL_TRANSPORT_PTY] = {"path", ANY, false},
    [HAL_TRANSPORT_USBLP] = {NULL, 1u << DEVICE_PRINTER, false},
    [HAL_TRANSPORT_TCP] = {"host", ANY, false},
    [HAL_TRANSPORT_HIDRAW] = {NULL, 1u << DEVICE_SCANNER | 1u << DEVICE_SCALE, true},
    [HAL_TRANSPORT_EVDEV] = {NULL, 1u << DEVICE_SCANNER, true},
};

static bool names_a_device(const struct hal_port_spec *port)
{
    return port->path[0] || port->usb_vendor || port->usb_serial[0] || port->usb_port_path[0];
}

static void check_port(const struct finding *to, const struct hal_port_spec *port, const char *at,
                       enum device device)
{
    static const char *const not_this_way[] = {
        [DEVICE_SCANNER] = "a scanner cannot be reached this way",
        [DEVICE_PRINTER] = "a printer cannot be reached this way",
        [DEVICE_SCALE] = "a scale cannot be reached this way",
    };
    char path[JSON_PATH_CAP];
    const struct port_rule *rule = &port_rules[port->transport];
    const char *given = port->transport == HAL_TRANSPORT_TCP ? port->host : port->path;
    if ((rule->devices & 1u << device) == 0) {
        (void)snprintf(path, sizeof path, "%s.transport", at);
        (void)found(to, path, "", not_this_way[device]);
    }
    if (rule->needs && given[0] == '\0') {
        (void)snprintf(path, sizeof path, "%s.%s", at, rule->needs);
        (void)found(to, path, "", "is needed for this transport");
    }
    if (device == DEVICE_SCANNER && rule->named && !names_a_device(port)) {
        (void)snprintf(path, sizeof path, "%s.usb_vendor", at);
        struct config_fault *f = found(to, path, "", "is needed for this transport");
        (void)snprintf(f->next_step, sizeof f->next_step,
                       "say which device is the scanner: usb_vendor, usb_serial, usb_port_path or "
                       "path");
    }
}

static void finish_scanner(const struct finding *to, struct config_station *station, size_t nth)
{
    char path[JSON_PATH_CAP];
    struct hal_port_spec *port = &station->scanners[nth].port;
    if (nth == 0)
        (void)snprintf(port->role, sizeof port->role, "scanner");
    else
        (void)snprintf(port->role, sizeof port->role, "scanner-%zu", nth + 1);
    check_port(to, port, member_path(path, "scanners", nth, "port"), DEVICE_SCANNER);
}

/* Only ZPL sends its graphics as letters: elsewhere XON and XOFF would occur in them. */
static void check_flow(const struct finding *to, const struct hal_port_spec *port, const char *at,
                       const char *language)
{
    char path[JSON_PATH_CAP];
    if (port->transport != HAL_TRANSPORT_SERIAL || port->flow != HAL_FLOW_XONXOFF) return;
    if (strcmp(language, "zpl") == 0) return;
    (void)snprintf(path, sizeof path, "%s.flow", at);
    struct config_fault *f =
        found(to, path, "xonxoff", "cannot carry the graphics of this printer language");
    (void)snprintf(f->next_step, sizeof f->next_step, "use rtscts, on the printer too");
}

static void finish_printers(const struct finding *to, struct config_station *station)
{
    struct config_document_printer *document = &station->document_printer;
    struct hal_port_spec *label = &station->label_printer;
    if (station->has_label_printer) {
        (void)snprintf(label->role, sizeof label->role, "label-printer");
        check_port(to, label, "label_printer.port", DEVICE_PRINTER);
        check_flow(to, label, "label_printer.port", station->printer_language);
    }
    if (!station->has_document_printer) return;
    (void)snprintf(document->port.role, sizeof document->port.role, "document-printer");
    check_port(to, &document->port, "document_printer.port", DEVICE_PRINTER);
    check_flow(to, &document->port, "document_printer.port", document->language);
    if (document->height_mm > 0 && document->height_mm < 40)
        (void)found(to, "document_printer.height_mm", "", "must be 0 for a roll, or at least 40");
}

static void finish_scale(const struct finding *to, struct config_station *station)
{
    struct config_scale *scale = &station->scale;
    if (!station->has_scale) return;
    (void)snprintf(scale->port.role, sizeof scale->port.role, "scale");
    check_port(to, &scale->port, "scale.port", DEVICE_SCALE);
    bool reports = scale->port.transport == HAL_TRANSPORT_HIDRAW;
    if (reports == (strcmp(scale->protocol, "hid") == 0)) return;
    struct config_fault *f =
        found(to, "scale.protocol", scale->protocol, "does not belong to this transport");
    (void)snprintf(f->next_step, sizeof f->next_step,
                   "\"hid\" goes with hidraw and with nothing else");
}

static void finish_signal(const struct finding *to, const struct config_station *station)
{
    const struct config_signal *s = &station->signal;
    const uint16_t lines[] = {s->green, s->amber, s->red, s->buzzer};
    size_t used = 0;
    bool twice = false;
    if (!station->has_signal) return;
    for (size_t i = 0; i < 4; i++) {
        if (lines[i] == CONFIG_NO_LINE) continue;
        used++;
        for (size_t j = 0; j < i; j++)
            if (lines[i] == lines[j]) twice = true;
    }
    if (used == 0) (void)found(to, "signal", "", "names no line: give green, amber, red or buzzer");
    if (twice) (void)found(to, "signal", "", "one line cannot be two lamps");
}

static void check_console(const struct finding *to, const struct config_station *station)
{
    struct slice bind = slice_text(station->console_bind);
    bool loopback = slice_starts(bind, "127.") || slice_is(bind, "::1");
    if (loopback || station->console_certificate[0] != '\0') return;
    struct config_fault *f = found(to, "console.bind", station->console_bind,
                                   "beyond loopback the console needs a certificate");
    (void)snprintf(f->next_step, sizeof f->next_step,
                   "set console.certificate, or bind to 127.0.0.1");
}

void config_station_finish(struct config_station *station, struct slice text, const char *file,
                           struct config_faults *faults)
{
    struct finding to = {text, file, faults};
    if (station->bench_name[0] == '\0')
        (void)snprintf(station->bench_name, sizeof station->bench_name, "%s", station->id);
    for (size_t i = 0; i < station->scanner_count; i++)
        finish_scanner(&to, station, i);
    finish_printers(&to, station);
    finish_scale(&to, station);
    finish_signal(&to, station);
    check_console(&to, station);
}
