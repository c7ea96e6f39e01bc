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

void config_site_finish(struct config_site *site, struct slice text, const char *file,
                        struct config_faults *faults)
{
    struct finding to = {text, file, faults};
    struct column names = {site->channels[0].name, site->channel_count, sizeof site->channels[0],
                           "channels", "name"};
    struct column carriers = {site->carriers[0].carrier_code, site->carrier_count,
                              sizeof site->carriers[0], "carriers", "carrier_code"};
    struct column skus = {site->sku_rules[0].shop, site->sku_rule_count, sizeof site->sku_rules[0],
                          "sku_rules", "shop"};
    struct column rules = {site->channel_rules[0].channel, site->channel_rule_count,
                           sizeof site->channel_rules[0], "channel_rules", "channel"};
    struct column methods = {site->ship_methods[0].channel, site->ship_method_count,
                             sizeof site->ship_methods[0], "ship_methods", "channel"};
    refuse_repeats(&to, &names);
    refuse_repeats(&to, &carriers);
    refuse_repeats(&to, &skus);
    require_channels(&to, &rules, site, true);
    require_channels(&to, &methods, site, false);
    check_prefixes(&to, site);
}

/* ------------------------------------------------------------------------------------- station --
 */

struct port_rule {
    const char *needs; /* member that must be given; NULL: none */
    bool scans;
};

static const struct port_rule port_rules[] = {
    [HAL_TRANSPORT_SERIAL] = {NULL, true},
    [HAL_TRANSPORT_PTY] = {"path", true},
    [HAL_TRANSPORT_USBLP] = {NULL, false},
    [HAL_TRANSPORT_TCP] = {"host", true},
};

static void check_port(const struct finding *to, const struct hal_port_spec *port, const char *at,
                       bool prints)
{
    char path[JSON_PATH_CAP];
    const struct port_rule *rule = &port_rules[port->transport];
    const char *given = port->transport == HAL_TRANSPORT_TCP ? port->host : port->path;
    if (!prints && !rule->scans) {
        (void)snprintf(path, sizeof path, "%s.transport", at);
        (void)found(to, path, "", "a scanner cannot be reached this way");
    }
    if (rule->needs && given[0] == '\0') {
        (void)snprintf(path, sizeof path, "%s.%s", at, rule->needs);
        (void)found(to, path, "", "is needed for this transport");
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
    check_port(to, port, member_path(path, "scanners", nth, "port"), false);
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
    if (station->has_label_printer) {
        (void)snprintf(station->label_printer.role, sizeof station->label_printer.role,
                       "label-printer");
        check_port(&to, &station->label_printer, "label_printer.port", true);
    }
    check_console(&to, station);
}
