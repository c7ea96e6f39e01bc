/* documents.c - both documents from where the HAL keeps them. */
#include <stdio.h>

#include "firmware/base/mem.h"
#include "firmware/config/fields.h"

extern const unsigned char asset_site_json[];
extern const size_t asset_site_json_len;
extern const unsigned char asset_station_json[];
extern const size_t asset_station_json_len;

#define DOCUMENT_MAX 524288 /* every list full is about 300 KB */

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
