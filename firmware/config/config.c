#include "firmware/config/config.h"

#include <stdio.h>
#include <string.h>

#include "firmware/base/mem.h"
#include "firmware/config/fields.h"

extern const unsigned char asset_site_json[];
extern const size_t asset_site_json_len;
extern const unsigned char asset_station_json[];
extern const size_t asset_station_json_len;

#define DOCUMENT_MAX 262144 /* every list full is about 100 KB */

/* ------------------------------------------------------------------------------------- faults --
 */

/* Beyond the room the last place is written again: the first faults are the ones to mend first. */
struct config_fault *config_fault_add(struct config_faults *faults, const char *file,
                                      const char *path, unsigned line)
{
    size_t at = faults->count < CONFIG_FAULTS_MAX ? faults->count : CONFIG_FAULTS_MAX - 1;
    struct config_fault *f = &faults->items[at];
    faults->count++;
    *f = (struct config_fault){.line = line};
    (void)snprintf(f->file, sizeof f->file, "%s", file);
    (void)snprintf(f->path, sizeof f->path, "%s", path);
    return f;
}

void config_fault_text(const struct config_fault *f, struct buf *out)
{
    buf_text(out, f->file);
    if (f->line > 0) buf_printf(out, " line %u", f->line);
    if (f->path[0] != '\0') buf_printf(out, ", %s", f->path);
    buf_printf(out, ": %s", f->reason);
    if (f->value[0] != '\0') buf_printf(out, " (found %s)", f->value);
    if (f->next_step[0] != '\0') buf_printf(out, "; %s", f->next_step);
}

/* ------------------------------------------------------------------------------------- parsing --
 */

err_t config_parse_site(struct slice text, const char *file, struct config_site *out,
                        struct config_faults *faults)
{
    size_t before = faults->count;
    AUTO_MEM struct config_site *site = mem_alloc(sizeof *site);
    if (!site) return ERR_NOMEM;
    err_t e = config_fields_read(text, file, &site_shape, site, faults);
    if (e && e != ERR_INVALID) return e;
    if (e == ERR_OK) config_site_finish(site, text, file, faults);
    if (faults->count > before) return ERR_INVALID;
    *out = *site;
    return ERR_OK;
}

err_t config_parse_station(struct slice text, const char *file, struct config_station *out,
                           struct config_faults *faults)
{
    size_t before = faults->count;
    AUTO_MEM struct config_station *station = mem_alloc(sizeof *station);
    if (!station) return ERR_NOMEM;
    err_t e = config_fields_read(text, file, &station_shape, station, faults);
    if (e && e != ERR_INVALID) return e;
    if (e == ERR_OK) config_station_finish(station, text, file, faults);
    if (faults->count > before) return ERR_INVALID;
    *out = *station;
    return ERR_OK;
}

/* ------------------------------------------------------------------------------------- reading --
 */

static void fault_document(struct config_faults *faults, const char *file, err_t e)
{
    struct config_fault *f = config_fault_add(faults, file, "", 0);
    (void)snprintf(f->reason, sizeof f->reason, "cannot be read: %s", err_text(e));
    (void)snprintf(f->next_step, sizeof f->next_step, "see docs/configuration.md for an example");
}

/* The text of a document, or of what stands in for it, appended to `out`. */
static err_t read_document(struct hal *h, const char *name, struct slice stand_in, struct buf *out)
{
    err_t e = hal_document_read(h, name, out);
    if (e != ERR_NOTFOUND || stand_in.len == 0) return e;
    buf_clear(out);
    buf_put(out, stand_in);
    return out->overflow ? ERR_NOMEM : ERR_OK;
}

static err_t read_site(struct hal *h, struct slice stand_in, struct config_site *out,
                       struct config_faults *faults)
{
    struct buf text = buf_new(DOCUMENT_MAX);
    const char *file = hal_document_path(h, "site.json");
    err_t e = read_document(h, "site.json", stand_in, &text);
    if (e)
        fault_document(faults, file, e);
    else
        e = config_parse_site(buf_slice(&text), file, out, faults);
    buf_deinit(&text);
    return e;
}

static err_t read_station(struct hal *h, struct slice stand_in, struct config_station *out,
                          struct config_faults *faults)
{
    struct buf text = buf_new(DOCUMENT_MAX);
    const char *file = hal_document_path(h, "station.json");
    err_t e = read_document(h, "station.json", stand_in, &text);
    if (e)
        fault_document(faults, file, e);
    else
        e = config_parse_station(buf_slice(&text), file, out, faults);
    buf_deinit(&text);
    return e;
}

err_t config_read(struct hal *h, bool embedded_defaults, struct config *out,
                  struct config_faults *faults)
{
    *faults = (struct config_faults){.count = 0};
    struct slice site = SLICE_NONE;
    struct slice station = SLICE_NONE;
    if (embedded_defaults) {
        site = slice_of(asset_site_json, asset_site_json_len);
        station = slice_of(asset_station_json, asset_station_json_len);
    }
    AUTO_MEM struct config *both = mem_alloc(sizeof *both);
    if (!both) return ERR_NOMEM;
    err_t site_error = read_site(h, site, &both->site, faults);
    err_t station_error = read_station(h, station, &both->station, faults);
    if (site_error == ERR_NOMEM || station_error == ERR_NOMEM) return ERR_NOMEM;
    if (site_error || station_error) return ERR_INVALID;
    *out = *both;
    return ERR_OK;
}

/* ------------------------------------------------------------------------------------ look-ups --
 */

const struct config_channel *config_channel_by_name(const struct config_site *site,
                                                    const char *name)
{
    for (size_t i = 0; i < site->channel_count; i++) {
        if (strcmp(site->channels[i].name, name) == 0) return &site->channels[i];
    }
    return NULL;
}

const struct config_carrier *config_carrier_by_code(const struct config_site *site,
                                                    const char *code)
{
    for (size_t i = 0; i < site->carrier_count; i++) {
        if (strcmp(site->carriers[i].carrier_code, code) == 0) return &site->carriers[i];
    }
    return NULL;
}
