#include "firmware/config/config.h"

#include <stdio.h>
#include <string.h>

#include "firmware/base/mem.h"
#include "firmware/config/fields.h"

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

const struct config_product *config_product_by_sku(const struct config_site *site, const char *sku)
{
    for (size_t i = 0; i < site->product_count; i++) {
        if (strcmp(site->products[i].sku, sku) == 0) return &site->products[i];
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
