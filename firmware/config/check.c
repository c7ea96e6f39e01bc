#include <stdio.h>
#include <string.h>

#include "firmware/config/fields.h"

/* Who is asked for what a name stands for, and where faults go. */
struct check {
    struct hal *hal;
    const char *file;
    struct config_faults *faults;
};

static void wipe(struct buf *b)
{
    volatile uint8_t *at = b->ptr;
    for (size_t i = 0; i < b->cap; i++)
        at[i] = 0;
    buf_deinit(b);
}

static struct config_fault *fault_name(const struct check *c, const char *path, const char *what,
                                       const char *name, err_t e)
{
    struct config_fault *f = config_fault_add(c->faults, c->file, path, 0);
    (void)snprintf(f->reason, sizeof f->reason, "the %s \"%s\" cannot be used: %s", what, name,
                   e == ERR_OK ? "it is empty" : err_text(e));
    return f;
}

static void check_secret(const struct check *c, const char *path, const char *name)
{
    if (name[0] == '\0') return;
    struct buf value = buf_new(HAL_SECRET_MAX);
    err_t e = hal_secret_read(c->hal, name, &value);
    bool usable = e == ERR_OK && value.len > 0;
    wipe(&value);
    if (usable) return;
    struct config_fault *f = fault_name(c, path, "secret", name, e);
    (void)snprintf(f->next_step, sizeof f->next_step,
                   "put a file of that name, mode 0600, into the credentials directory");
}

static void check_document(const struct check *c, const char *path, const char *name)
{
    if (name[0] == '\0') return;
    struct buf text = buf_new(HAL_DOCUMENT_MAX);
    err_t e = hal_document_read(c->hal, name, &text);
    bool usable = e == ERR_OK && text.len > 0;
    buf_deinit(&text);
    if (usable) return;
    struct config_fault *f = fault_name(c, path, "CA document", name, e);
    (void)snprintf(f->next_step, sizeof f->next_step,
                   "put a PEM file of that name beside site.json");
}

static void check_channel(const struct check *c, const struct config_channel *channel, size_t nth)
{
    char path[JSON_PATH_CAP];
    if (!channel->enabled) return;
    (void)snprintf(path, sizeof path, "channels[%zu].secret", nth);
    check_secret(c, path, channel->secret);
    (void)snprintf(path, sizeof path, "channels[%zu].ca", nth);
    check_document(c, path, channel->ca);
}

/* Plain http is taken for loopback alone, so that http says that nothing leaves. */
static void check_stays_here(const struct check *c, const char *path, const char *url)
{
    if (url[0] == '\0' || slice_starts(slice_text(url), "http://")) return;
    struct config_fault *f = config_fault_add(c->faults, c->file, path, 0);
    (void)snprintf(f->reason, sizeof f->reason, "training mode must not reach beyond this machine");
    (void)snprintf(f->next_step, sizeof f->next_step,
                   "name the stand-in on loopback, for example http://127.0.0.1:8481");
}

static void check_training(const struct check *c, const struct config_site *site)
{
    char path[JSON_PATH_CAP];
    check_stays_here(c, "clarus.base_url", site->clarus.base_url);
    check_stays_here(c, "alerts.url", site->alerts.url);
    for (size_t i = 0; i < site->channel_count; i++) {
        (void)snprintf(path, sizeof path, "channels[%zu].base_url", i);
        check_stays_here(c, path, site->channels[i].base_url);
    }
}

err_t config_check(struct hal *h, const struct config *c, struct config_faults *faults)
{
    size_t before = faults->count;
    struct check site = {h, hal_document_path(h, "site.json"), faults};
    check_secret(&site, "clarus.client_id_secret", c->site.clarus.client_id_secret);
    check_secret(&site, "clarus.client_secret_secret", c->site.clarus.client_secret_secret);
    check_document(&site, "clarus.ca", c->site.clarus.ca);
    for (size_t i = 0; i < c->site.channel_count; i++)
        check_channel(&site, &c->site.channels[i], i);
    if (c->station.training) check_training(&site, &c->site);
    struct check station = {h, hal_document_path(h, "station.json"), faults};
    check_secret(&station, "console.certificate", c->station.console_certificate);
    return faults->count == before ? ERR_OK : ERR_INVALID;
}
