/* port_usblp.c - a printer of the USB printer class. poll never reports an unplugged one: ENODEV
 * from any call and the hot-plug news do. close kills transfers under way, so it waits for them. */
#include <errno.h>
#include <fcntl.h>
#include <linux/lp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "hal/linux/ieee1284.h"
#include "hal/linux/port.h"

#define DEVICE_ID_MAX 1024
#define GET_DEVICE_ID _IOC(_IOC_READ, 'P', 1, DEVICE_ID_MAX)

static const char *const prefixes[] = {"lp", NULL};

static void usblp_drop(struct port *p, bool orderly)
{
    port_unwatch(p);
    if (p->fd >= 0 && orderly)
        port_linger(p, p->fd, EPOLLOUT);
    else if (p->fd >= 0)
        (void)close(p->fd);
    p->fd = -1;
    p->node[0] = 0;
}

static void describe(struct port *p, const struct usb_identity *usb)
{
    uint8_t id[DEVICE_ID_MAX] = {0};
    struct ieee1284 said;
    port_describe(p, usb);
    if (ioctl(p->fd, GET_DEVICE_ID, id) < 0) return;
    size_t len = sizeof id;
    while (len > 0 && id[len - 1] == 0)
        len--;
    ieee1284_parse(slice_of(id, len), &said);
    size_t at = strlen(p->identity);
    if (said.model[0])
        (void)snprintf(p->identity + at, sizeof p->identity - at, " %s %s", said.maker, said.model);
}

static err_t open_node(struct port *p)
{
    p->fd = open(p->node, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    return p->fd < 0 ? port_open_error(errno) : ERR_OK;
}

static const struct port_class node_class = {"/sys/class/usbmisc", prefixes, open_node};

static err_t usblp_open(struct port *p)
{
    struct usb_identity usb = {0};
    err_t e = port_find(p, &node_class, &usb);
    if (e) return e;
    describe(p, &usb);
    e = port_watch(p, EPOLLIN);
    if (e)
        usblp_drop(p, false);
    else
        port_arrived(p);
    return e;
}

static void usblp_ready(struct port *p, uint32_t events)
{
    if (events & EPOLLOUT) port_take_writable(p);
    if (p->state != PORT_HERE || !(events & (EPOLLIN | EPOLLERR | EPOLLHUP))) return;
    if (p->lent || !port_can_take(p, 1)) return;
    ssize_t n = read(p->fd, p->rx, sizeof p->rx);
    if (n > 0) port_data(p, (size_t)n);
    if (n >= 0 || errno == EAGAIN || errno == EINTR) return; /* 0: an empty transfer */
    if (errno == EINVAL)
        port_arm(p, p->armed & ~(uint32_t)EPOLLIN); /* a one-way interface */
    else
        port_lost(p);
}

static err_t usblp_write(struct port *p, struct slice bytes, size_t *out_accepted)
{
    err_t e = port_stream_write(p, bytes, out_accepted);
    if (!e && *out_accepted > 0) port_arm(p, p->armed | EPOLLOUT);
    return e;
}

static void usblp_flush(struct port *p)
{
    for (int i = 0; i < 64; i++)
        if (read(p->fd, p->rx + p->rx_used, sizeof p->rx - p->rx_used) <= 0) return;
}

static err_t usblp_status(struct port *p, struct hal_port_status *out)
{
    int bits = 0; /* the kernel stores a whole int */
    if (ioctl(p->fd, LPGETSTATUS, &bits) != 0) {
        if (errno != ENODEV) return ERR_OK;
        port_lost(p);
        return ERR_GONE;
    }
    *out = (struct hal_port_status){.known = true,
                                    .paper_out = (bits & LP_POUTPA) != 0,
                                    .selected = (bits & LP_PSELECD) != 0,
                                    .error = (bits & LP_PERRORP) == 0};
    return ERR_OK;
}

const struct port_ops port_usblp_ops = {
    .open = usblp_open,
    .drop = usblp_drop,
    .ready = usblp_ready,
    .write = usblp_write,
    .flush = usblp_flush,
    .status = usblp_status,
    .subsystem = "usbmisc",
    .retry_ms = PORT_DEVICE_MS,
};
