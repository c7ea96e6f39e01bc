#include "hal/sim/world.h"

#include <assert.h>
#include <string.h>

static void role_copy(char out[HAL_NAME_CAP], const char *role)
{
    err_t e = slice_copy(slice_text(role), out, HAL_NAME_CAP);
    assert(!e);
    (void)e;
}

struct sim_port *sim_port_by_role(struct hal *h, const char *role)
{
    for (size_t i = 0; i < SIM_PORTS_MAX; i++)
        if (h->ports[i].spec.role[0] && strcmp(h->ports[i].spec.role, role) == 0)
            return &h->ports[i];
    return NULL;
}

struct sim_port *sim_port_by_id(struct hal *h, hal_port_t id)
{
    for (size_t i = 0; i < SIM_PORTS_MAX; i++)
        if (h->ports[i].open && h->ports[i].id.n == id.n) return &h->ports[i];
    return NULL;
}

/* The device may be plugged in before anyone opens the role. */
static struct sim_port *port_entry(struct hal *h, const char *role)
{
    struct sim_port *known = sim_port_by_role(h, role);
    if (known) return known;
    for (size_t i = 0; i < SIM_PORTS_MAX; i++) {
        if (h->ports[i].spec.role[0]) continue;
        role_copy(h->ports[i].spec.role, role);
        return &h->ports[i];
    }
    return NULL;
}

err_t hal_port_open(struct hal *h, const struct hal_port_spec *spec, hal_port_t *out)
{
    if (!spec->role[0]) return ERR_INVALID;
    struct sim_port *p = port_entry(h, spec->role);
    if (!p) return ERR_NOSPACE;
    if (p->open) return ERR_EXISTS;
    p->spec = *spec;
    p->open = true;
    p->id = (hal_port_t){h->next_id++};
    *out = p->id;
    if (p->present) {
        p->present = false; /* announced anew by the happening below */
        hal_sim_port_arrives(h, spec->role, "simulated device", 0);
    }
    return ERR_OK;
}

void hal_port_close(struct hal *h, hal_port_t port)
{
    struct sim_port *p = sim_port_by_id(h, port);
    if (p) p->open = false;
}

err_t hal_port_write(struct hal *h, hal_port_t port, struct slice bytes, size_t *out_accepted)
{
    const struct sim_port *p = sim_port_by_id(h, port);
    if (!p || !p->present) return ERR_GONE;
    if (sim_is_dead(h)) {
        *out_accepted = bytes.len;
        return ERR_OK;
    }
    *out_accepted = h->write ? h->write(h->write_ctx, p->spec.role, bytes) : bytes.len;
    assert(*out_accepted <= bytes.len);
    return ERR_OK;
}

void hal_port_flush(struct hal *h, hal_port_t port)
{
    (void)h; /* nothing is buffered between the world and the station */
    (void)port;
}

err_t hal_port_status(struct hal *h, hal_port_t port, struct hal_port_status *out)
{
    const struct sim_port *p = sim_port_by_id(h, port);
    if (!p || !p->present) return ERR_GONE;
    *out = p->status;
    return ERR_OK;
}

err_t hal_port_descriptor(struct hal *h, hal_port_t port, struct buf *out)
{
    const struct sim_port *p = sim_port_by_id(h, port);
    if (!p || !p->present) return ERR_GONE;
    if (p->descriptor_len == 0) return ERR_NOTFOUND;
    buf_put(out, slice_of(p->descriptor, p->descriptor_len));
    return out->overflow ? ERR_NOSPACE : ERR_OK;
}

void hal_sim_set_port_descriptor(struct hal *h, const char *role, struct slice descriptor)
{
    struct sim_port *p = port_entry(h, role);
    assert(p && descriptor.len <= sizeof p->descriptor);
    memcpy(p->descriptor, descriptor.ptr, descriptor.len);
    p->descriptor_len = descriptor.len;
}

void hal_sim_set_port_status(struct hal *h, const char *role, const struct hal_port_status *status)
{
    struct sim_port *p = port_entry(h, role);
    assert(p);
    p->status = *status;
}

void hal_sim_on_write(struct hal *h, hal_sim_write_fn *fn, void *ctx)
{
    h->write = fn;
    h->write_ctx = ctx;
}

static struct happening *port_schedule(struct hal *h, const char *role, enum hal_event_kind kind,
                                       struct slice bytes, int64_t delay_ms)
{
    uint8_t *block = bytes.len ? sim_copy(bytes) : NULL;
    struct hal_event e = {.kind = kind, .port = {.data = slice_of(block, bytes.len)}};
    struct happening *x = sim_schedule(h, delay_ms, &e, block);
    role_copy(x->role, role);
    x->outlives = true;
    return x;
}

void hal_sim_port_arrives(struct hal *h, const char *role, const char *identity, int64_t delay_ms)
{
    struct sim_port *p = port_entry(h, role);
    assert(p);
    (void)p;
    struct happening *x = port_schedule(h, role, HAL_EV_PORT_ARRIVED, SLICE_NONE, delay_ms);
    err_t e = slice_copy(slice_text(identity), x->identity, sizeof x->identity);
    assert(!e);
    (void)e;
}

void hal_sim_port_leaves(struct hal *h, const char *role, int64_t delay_ms)
{
    (void)port_schedule(h, role, HAL_EV_PORT_GONE, SLICE_NONE, delay_ms);
}

void hal_sim_port_sends(struct hal *h, const char *role, struct slice bytes, int64_t delay_ms)
{
    (void)port_schedule(h, role, HAL_EV_PORT_DATA, bytes, delay_ms);
}

void hal_sim_port_takes_again(struct hal *h, const char *role, int64_t delay_ms)
{
    (void)port_schedule(h, role, HAL_EV_PORT_WRITABLE, SLICE_NONE, delay_ms);
}
