/* main.c - reads the configuration, builds the station, runs the loop. */
#include <stdio.h>
#include <string.h>

#include "firmware/base/mem.h"
#include "firmware/station.h"
#include "hal/linux/hal_linux.h"

#ifndef PACKD_VERSION
#define PACKD_VERSION "0.1.0"
#endif

struct arguments {
    struct hal_linux_options hal;
    bool check;
    bool embedded_defaults;
    bool version;
    bool help;
};

static const char usage[] =
    "packd - the pack station\n"
    "\n"
    "  --config DIR       site.json, station.json (default /etc/packd)\n"
    "  --credentials DIR  secrets, one file each, mode 0600 (default $CREDENTIALS_DIRECTORY, else "
    "DIR/secrets)\n"
    "  --state DIR        where the store lives (default /var/lib/packd)\n"
    "  --barcodes PATH    the packd-barcodes program (default beside this one)\n"
    "  --defaults         use the embedded settings where a file is absent\n"
    "  --check            say what is wrong with the configuration, and end\n"
    "  --journal          log with priorities for the journal\n"
    "  --version\n";

static bool take_value(const char *name, int argc, char **argv, int *i, const char **out)
{
    if (strcmp(argv[*i], name) != 0 || *i + 1 >= argc) return false;
    *out = argv[++*i];
    return true;
}

static bool take_flag(const char *name, const char *arg, bool *out)
{
    if (strcmp(arg, name) != 0) return false;
    *out = true;
    return true;
}

static bool parse_arguments(int argc, char **argv, struct arguments *a)
{
    for (int i = 1; i < argc; i++) {
        if (take_value("--config", argc, argv, &i, &a->hal.config_dir)) continue;
        if (take_value("--credentials", argc, argv, &i, &a->hal.credentials_dir)) continue;
        if (take_value("--state", argc, argv, &i, &a->hal.state_dir)) continue;
        if (take_value("--barcodes", argc, argv, &i, &a->hal.barcode_tool)) continue;
        if (take_flag("--defaults", argv[i], &a->embedded_defaults)) continue;
        if (take_flag("--check", argv[i], &a->check)) continue;
        if (take_flag("--journal", argv[i], &a->hal.log_to_journal)) continue;
        if (take_flag("--version", argv[i], &a->version)) continue;
        if (take_flag("--help", argv[i], &a->help)) continue;
        (void)fprintf(stderr, "packd: unknown argument '%s'; see packd --help\n", argv[i]);
        return false;
    }
    return true;
}

static void print_faults(const struct config_faults *faults)
{
    size_t shown = faults->count < CONFIG_FAULTS_MAX ? faults->count : CONFIG_FAULTS_MAX;
    for (size_t i = 0; i < shown; i++) {
        char room[1024];
        struct buf text = buf_over(room, sizeof room);
        config_fault_text(&faults->items[i], &text);
        (void)fprintf(stderr, "%s\n", buf_cstr(&text));
    }
    if (faults->count > shown) (void)fprintf(stderr, "and %zu more\n", faults->count - shown);
}

static err_t read_config(struct hal *hal, const struct arguments *a, struct config *config)
{
    struct config_faults faults;
    memset(&faults, 0, sizeof faults);
    err_t e = config_read(hal, a->embedded_defaults, config, &faults);
    if (!e) e = config_check(hal, config, &faults);
    print_faults(&faults);
    return e;
}

static void print_station_fault(const struct station_fault *f)
{
    (void)fprintf(stderr, "packd: %s: %s%s%s\n", f->object[0] ? f->object : "station", f->reason,
                  f->next_step[0] ? "; " : "", f->next_step);
}

/* Runs one station until it ends. */
static err_t run_station(struct hal *hal, const struct config *config, enum station_next *next)
{
    struct station *station = NULL;
    struct station_fault fault;
    *next = STATION_GO_ON;
    err_t e = station_new(hal, config, PACKD_VERSION, &station, &fault);
    if (!e)
        (void)fprintf(stderr, "packd: station %s, console on http%s://%s:%u/\n", config->station.id,
                      config->station.console_certificate[0] ? "s" : "",
                      config->station.console_bind, hal_console_port(hal));
    while (!e && *next == STATION_GO_ON)
        e = station_round(station, next, &fault);
    if (e) print_station_fault(&fault);
    station_free(station);
    return e;
}

static int run(struct hal *hal, const struct arguments *a)
{
    struct config *config = mem_alloc(sizeof *config);
    if (!config) return 1;
    err_t e = read_config(hal, a, config);
    if (a->check && !e) (void)puts("packd: the configuration is good");
    enum station_next next = STATION_RELOAD;
    while (!e && !a->check && next == STATION_RELOAD) {
        e = run_station(hal, config, &next);
        /* A configuration that no longer reads keeps the one in force. */
        struct config *fresh = !e && next == STATION_RELOAD ? mem_alloc(sizeof *fresh) : NULL;
        if (fresh && read_config(hal, a, fresh) == ERR_OK) *config = *fresh;
        mem_free(fresh);
    }
    mem_free(config);
    return e ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct arguments a = {.hal = {.config_dir = "/etc/packd", .state_dir = "/var/lib/packd"}};
    if (!parse_arguments(argc, argv, &a)) return 2;
    if (a.help || a.version) {
        (void)fputs(a.help ? usage : "packd " PACKD_VERSION "\n", stdout);
        return 0;
    }
    struct hal *hal = NULL;
    err_t e = hal_linux_open(&a.hal, &hal);
    if (e) {
        (void)fprintf(stderr, "packd: cannot open the system: %s\n", err_text(e));
        return 1;
    }
    int code = run(hal, &a);
    hal_linux_close(hal);
    return code;
}
